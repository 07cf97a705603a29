//! Where the daemon's control socket lies.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{ClientError, Place};

/// Folders of daemons; within them each network namespace has its own.
const FOLDERS: [&str; 2] = ["/run/standfast", "/run/keepalived"];
/// Where a keepalived without folders of its own has its files, and what they are called.
const PLAIN_FOLDER: &str = "/run";
/// Where a daemon of a service or a user of its own has its files (systemd.exec(5), pam_systemd(8)).
const OWN_FOLDERS: [&str; 2] = ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"];
/// How a control socket is called: `control.sock`, or with the daemon's instance `control_one.sock`.
const PREFIX: &str = "control";
/// How that of a keepalived in `/run` is called.
const PLAIN_PREFIX: &str = "keepalived-control";
/// See [`PREFIX`].
const SUFFIX: &str = ".sock";
/// Most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 4096;

/// The socket of the daemon that is meant.
pub(super) fn socket(place: &Place) -> Result<PathBuf, ClientError> {
    if let Some(socket) = &place.socket {
        return Ok(socket.clone());
    }
    let folders = folders(place.namespace.as_deref());
    choose(candidates(&folders)?, &folders)
}

/// A folder, and how control sockets are called in it.
type Folder = (PathBuf, &'static str);

fn folders(namespace: Option<&str>) -> Vec<Folder> {
    let usual = FOLDERS.map(PathBuf::from);
    if let Some(namespace) = namespace {
        return usual
            .into_iter()
            .map(|folder| (folder.join(namespace), PREFIX))
            .collect();
    }
    let own = OWN_FOLDERS.into_iter().filter_map(std::env::var_os);
    let own: Vec<PathBuf> = own
        .flat_map(|value| std::env::split_paths(&value).collect::<Vec<_>>())
        .filter(|path| path.is_absolute())
        .collect();
    let mut folders: Vec<Folder> = vec![(PathBuf::from(PLAIN_FOLDER), PLAIN_PREFIX)];
    for folder in usual {
        let inner = below(&folder).into_iter().map(|path| (path, PREFIX));
        folders.push((folder, PREFIX));
        folders.extend(inner);
    }
    for folder in own {
        folders.push((folder.clone(), PREFIX));
        folders.push((folder, PLAIN_PREFIX));
    }
    folders
}

/// The folders of a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let folders = entries.take(MOST_ENTRIES).flatten();
    let mut folders: Vec<_> = folders
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}

fn candidates(folders: &[Folder]) -> Result<Vec<PathBuf>, ClientError> {
    let mut sockets = Vec::new();
    for (folder, prefix) in folders {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(ClientError::connecting(folder, error));
            }
            Err(_) => continue,
        };
        let named = entries.take(MOST_ENTRIES).flatten().filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(prefix)
                && name.ends_with(SUFFIX)
                && entry.file_type().is_ok_and(|kind| kind.is_socket())
        });
        sockets.extend(named.map(|entry| entry.path()));
    }
    sockets.sort();
    sockets.dedup();
    Ok(sockets)
}

/// The only one that somebody listens on; else the best that can be said.
fn choose(sockets: Vec<PathBuf>, folders: &[Folder]) -> Result<PathBuf, ClientError> {
    let mut stale = None;
    let mut live = Vec::new();
    for socket in sockets {
        match UnixStream::connect(&socket) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => stale = Some(socket),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // Also one that lets nobody in is one that runs.
            Ok(_) | Err(_) => live.push(socket),
        }
    }
    match (live.pop(), stale) {
        (Some(only), _) if live.is_empty() => Ok(only),
        (Some(last), _) => {
            live.push(last);
            Err(ClientError::Several(live))
        }
        (None, Some(stale)) => Err(ClientError::Stale(stale)),
        (None, None) => {
            let usual = folders.iter().filter(|(path, _)| path.starts_with("/run/"));
            let looked = usual.map(|(path, prefix)| path.join(format!("{prefix}{SUFFIX}")));
            Err(ClientError::NotRunning(looked.collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A folder that is removed with what is in it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let name = format!("standfast-find-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn folders(&self) -> Vec<Folder> {
            vec![
                (self.0.clone(), PREFIX),
                (self.0.join("blue"), PREFIX),
                (self.0.clone(), PLAIN_PREFIX),
            ]
        }

        fn found(&self) -> Result<PathBuf, ClientError> {
            let folders = self.folders();
            choose(candidates(&folders).unwrap(), &folders)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_only_daemon_is_found_and_of_several_none() {
        let scratch = Scratch::new("only");
        fs::create_dir(scratch.0.join("blue")).unwrap();
        fs::write(scratch.0.join("control.sock"), "a file").unwrap();
        fs::write(scratch.0.join("standfast.pid"), "7").unwrap();
        assert!(matches!(scratch.found(), Err(ClientError::NotRunning(_))));
        let blue = scratch.0.join("blue/control_one.sock");
        let listener = UnixListener::bind(&blue).unwrap();
        assert_eq!(scratch.found().unwrap(), blue);
        let keepalived = scratch.0.join("keepalived-control.sock");
        let second = UnixListener::bind(&keepalived).unwrap();
        let Err(ClientError::Several(several)) = scratch.found() else {
            panic!("one of two was chosen");
        };
        assert_eq!(several, [blue.clone(), keepalived.clone()]);
        // What a killed daemon has left is passed over while another one runs.
        drop(listener);
        assert_eq!(scratch.found().unwrap(), keepalived);
        drop(second);
        assert!(matches!(scratch.found(), Err(ClientError::Stale(_))));
    }

    #[test]
    fn a_namespace_has_folders_of_its_own() {
        let folders = folders(Some("blue"));
        let paths: Vec<_> = folders.iter().map(|(path, _)| path.as_path()).collect();
        assert_eq!(
            paths,
            [
                Path::new("/run/standfast/blue"),
                Path::new("/run/keepalived/blue")
            ]
        );
    }
}
