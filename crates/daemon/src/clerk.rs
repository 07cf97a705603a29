//! Files are written by a thread of its own: a disk that hangs does not hold up the VRRP loop.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use standfast_core::journal::Level;
use standfast_linux::files::make_directories;
use standfast_linux::poller::Waker;
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
    /// Remove it, so that it does not come back after a power cut.
    Forget(PathBuf),
}

/// A job, and who waits for its end.
struct Task {
    job: Job,
    told: Option<(SyncSender<io::Result<()>>, Waker)>,
}

/// The handle of the VRRP loop.
#[derive(Clone)]
pub(crate) struct Clerk {
    jobs: SyncSender<Task>,
    logger: Logger,
}

impl Clerk {
    /// Starts the thread; it ends with the last handle.
    pub(crate) fn start(logger: Logger) -> Result<Self, Error> {
        let (jobs, queue) = sync_channel::<Task>(QUEUE);
        let reports = logger.clone();
        thread::Builder::new()
            .name("clerk".into())
            .stack_size(128 * 1024)
            .spawn(move || queue.into_iter().for_each(|task| task.finish(&reports)))
            .map_err(|error| Error {
                operation: "start",
                object: Object::Named("clerk thread"),
                errno: error.into(),
            })?;
        Ok(Clerk { jobs, logger })
    }

    /// Never blocks.
    pub(crate) fn submit(&self, job: Job) {
        self.push(Task { job, told: None });
    }

    /// Never blocks. How it went comes later, and wakes; nobody sends it where too many files wait.
    pub(crate) fn submit_told(&self, job: Job, waker: Waker) -> Receiver<io::Result<()>> {
        let (done, ended) = sync_channel(1);
        let told = Some((done, waker));
        self.push(Task { job, told });
        ended
    }

    fn push(&self, task: Task) {
        if let Err(TrySendError::Full(task)) = self.jobs.try_send(task) {
            let text = format!(
                "too many files wait to be written, giving up: {:?}",
                task.job
            );
            self.logger
                .log(Level::Error, text.chars().take(256).collect());
        }
    }
}

impl Task {
    fn finish(self, logger: &Logger) {
        let done = carry_out(&self.job, logger);
        if let Some((told, waker)) = self.told {
            // Whoever has gone does not care.
            let _ = told.try_send(done);
            waker.wake();
        }
    }
}

fn carry_out(job: &Job, logger: &Logger) -> io::Result<()> {
    let (done, said) = match job {
        Job::Write {
            path,
            text,
            mode,
            what,
        } => {
            let done = replace(path, text, *mode);
            if done.is_ok() {
                logger.log(Level::Info, format!("wrote {} to {}", what, path.display()));
            }
            (done, format!("write {what} to {}", path.display()))
        }
        Job::Keep {
            path,
            text,
            mode,
            what,
        } => (
            keep(path, text, *mode),
            format!("write {what} to {}", path.display()),
        ),
        Job::Remove(path) => (remove(path), format!("remove {}", path.display())),
        Job::Forget(path) => (forget(path), format!("remove {}", path.display())),
    };
    if let Err(error) = &done {
        logger.log(Level::Error, format!("cannot {said}: {error}"));
    }
    done
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn forget(path: &Path) -> io::Result<()> {
    remove(path)?;
    match File::open(folder(path)) {
        // Then there is no file in it either.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        folder => folder?.sync_all(),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn keep(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let folder = folder(path);
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

    #[test]
    fn who_waits_hears_how_it_went() {
        let name = format!("standfast-clerk-told-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let clerk = Clerk::start(Logger::start(crate::options::LogTarget::SILENT, "test").unwrap())
            .unwrap();
        let waker = Waker::new().unwrap();
        let told = |job| {
            let ended = clerk.submit_told(job, waker.clone());
            let limit = std::time::Duration::from_secs(30);
            ended.recv_timeout(limit).unwrap().map_err(|it| it.kind())
        };
        let (path, folder) = (directory.join("kept"), directory.join("folder"));
        let keep = |path: &Path| Job::Keep {
            path: path.to_path_buf(),
            text: "x".into(),
            mode: 0o640,
            what: "it",
        };
        let kept = told(keep(&path));
        let text = fs::read_to_string(&path);
        fs::create_dir(&folder).unwrap();
        let refused = (told(keep(&folder)), told(Job::Forget(folder)));
        let forgotten = (told(Job::Forget(path.clone())), told(Job::Forget(path)));
        let left = fs::read_dir(&directory).map(Iterator::count);
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!((kept, &*text.unwrap()), (Ok(()), "x"));
        assert!(refused.0.is_err() && refused.1.is_err(), "{refused:?}");
        assert_eq!(forgotten, (Ok(()), Ok(())));
        // The folder; nothing half written.
        assert_eq!(left.unwrap(), 1);
        assert!(waker.drain());
    }
}
