//! Where the daemon's control socket lies.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{ClientError, Place};

/// Folders of daemons: of all that may write there, and of a service without root that has the other as its own. Within
/// them each network namespace has one.
const FOLDERS: [&str; 2] = ["/run/standfast", "/run/keepalived"];
/// Where a daemon of a service or a user of its own has its files (systemd.exec(5), pam_systemd(8)).
const OWN_FOLDERS: [&str; 2] = ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"];
/// How a control socket is called: `control.sock`, or with the daemon's instance `control_one.sock`.
const PREFIX: &str = "control";
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

fn folders(namespace: Option<&str>) -> Vec<PathBuf> {
    let usual = FOLDERS.map(PathBuf::from);
    if let Some(namespace) = namespace {
        return usual.map(|folder| folder.join(namespace)).into();
    }
    let own = OWN_FOLDERS.into_iter().filter_map(std::env::var_os);
    let own: Vec<PathBuf> = own
        .flat_map(|value| std::env::split_paths(&value).collect::<Vec<_>>())
        .filter(|path| path.is_absolute())
        .collect();
    let usual = usual.into_iter().flat_map(|folder| {
        let inner = below(&folder);
        std::iter::once(folder).chain(inner)
    });
    usual.chain(own).collect()
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

fn candidates(folders: &[PathBuf]) -> Result<Vec<PathBuf>, ClientError> {
    let mut sockets = Vec::new();
    for folder in folders {
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
            name.starts_with(PREFIX)
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
fn choose(sockets: Vec<PathBuf>, folders: &[PathBuf]) -> Result<PathBuf, ClientError> {
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
            let looked = folders
                .iter()
                .filter(|path| path.starts_with("/run/standfast"));
            let looked = looked
                .take(1)
                .map(|path| path.join(format!("{PREFIX}{SUFFIX}")));
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

        fn folders(&self) -> Vec<PathBuf> {
            let inner = below(&self.0);
            std::iter::once(self.0.clone()).chain(inner).collect()
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
        let other = scratch.0.join("control_two.sock");
        let second = UnixListener::bind(&other).unwrap();
        let Err(ClientError::Several(several)) = scratch.found() else {
            panic!("one of two was chosen");
        };
        assert_eq!(several, [blue, other.clone()]);
        // What a killed daemon has left is passed over while another one runs.
        drop(listener);
        assert_eq!(scratch.found().unwrap(), other);
        drop(second);
        assert!(matches!(scratch.found(), Err(ClientError::Stale(_))));
    }

    #[test]
    fn a_namespace_has_folders_of_its_own() {
        let folders = folders(Some("blue"));
        let expected = ["/run/standfast/blue", "/run/keepalived/blue"].map(PathBuf::from);
        assert_eq!(folders, expected);
    }
}
