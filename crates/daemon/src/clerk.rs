//! Files are written by a thread of its own: a disk that hangs does not hold up the VRRP loop.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use standfast_core::journal::Level;
use standfast_linux::files::make_directories;
use standfast_linux::{Error, Object};

use crate::log::Logger;

/// Jobs that may wait for a disk; more are refused, and that is logged.
const QUEUE: usize = 64;

/// What is to be done with a file.
#[derive(Debug)]
pub(crate) enum Job {
    /// Replace it by a text.
    Write {
        path: PathBuf,
        text: String,
        /// Permission bits.
        mode: u32,
        /// For the log.
        what: &'static str,
    },
    /// Replace it, in a folder that may not be there yet, so that it outlives a power cut.
    Keep {
        path: PathBuf,
        text: String,
        /// Permission bits.
        mode: u32,
        /// For the log.
        what: &'static str,
    },
    /// Remove it.
    Remove(PathBuf),
}

/// The handle of the VRRP loop.
#[derive(Clone)]
pub(crate) struct Clerk {
    jobs: SyncSender<Job>,
    logger: Logger,
}

impl Clerk {
    /// Starts the thread; it ends with the last handle.
    pub(crate) fn start(logger: Logger) -> Result<Self, Error> {
        let (jobs, queue) = sync_channel(QUEUE);
        let reports = logger.clone();
        thread::Builder::new()
            .name("clerk".into())
            .stack_size(128 * 1024)
            .spawn(move || queue.into_iter().for_each(|job| carry_out(&job, &reports)))
            .map_err(|error| Error {
                operation: "start",
                object: Object::Named("clerk thread"),
                errno: error.into(),
            })?;
        Ok(Clerk { jobs, logger })
    }

    /// Never blocks.
    pub(crate) fn submit(&self, job: Job) {
        if let Err(TrySendError::Full(job)) = self.jobs.try_send(job) {
            let text = format!("too many files wait to be written, giving up: {job:?}");
            self.logger
                .log(Level::Error, text.chars().take(256).collect());
        }
    }
}

fn carry_out(job: &Job, logger: &Logger) {
    match job {
        Job::Write {
            path,
            text,
            mode,
            what,
        } => match replace(path, text, *mode) {
            Ok(()) => logger.log(Level::Info, format!("wrote {} to {}", what, path.display())),
            Err(error) => {
                let text = format!("cannot write {what} to {}: {error}", path.display());
                logger.log(Level::Error, text);
            }
        },
        Job::Keep {
            path,
            text,
            mode,
            what,
        } => {
            if let Err(error) = keep(path, text, *mode) {
                let text = format!("cannot write {what} to {}: {error}", path.display());
                logger.log(Level::Error, text);
            }
        }
        Job::Remove(path) => match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let text = format!("cannot remove {}: {error}", path.display());
                logger.log(Level::Warning, text);
            }
            _ => {}
        },
    }
}

fn keep(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_directories(folder)?;
    // On the disk before it has its name: after a power cut the file is the one before or this one, never an empty one.
    put(path, text.as_bytes(), mode, File::sync_all)?;
    File::open(folder)?.sync_all()
}

/// The file is always whole, and a link that somebody put in its place is replaced and not followed.
pub(crate) fn replace(path: &Path, text: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
    put(path, text.as_ref(), mode, |_| Ok(()))
}

/// `ready` is done to the file before it gets its name.
fn put(
    path: &Path,
    text: &[u8],
    mode: u32,
    ready: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_os_string();
    fresh.push(format!(".new.{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let _ = fs::remove_file(&fresh);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    let written = file
        .set_permissions(PermissionsExt::from_mode(mode & 0o777))
        .and_then(|()| file.write_all(text))
        .and_then(|()| ready(&file))
        .and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let name = format!("standfast-clerk-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let (victim, link) = (directory.join("victim"), directory.join("link"));
        fs::write(&victim, "mine").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let replaced = replace(&link, "new", 0o644);
        let texts = (fs::read_to_string(&victim), fs::read_to_string(&link));
        let mode = fs::symlink_metadata(&link).map(|found| found.permissions().mode() & 0o777);
        let files = fs::read_dir(&directory).map(Iterator::count);
        fs::remove_dir_all(&directory).unwrap();
        assert!(replaced.is_ok());
        assert_eq!(
            (texts.0.unwrap(), texts.1.unwrap()),
            ("mine".into(), "new".into())
        );
        assert_eq!(mode.unwrap(), 0o644);
        assert_eq!(files.unwrap(), 2);
    }
}
