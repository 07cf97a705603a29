//! The pid file: says who runs, and by its lock lets only one run.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::sys::check;
use crate::{Errno, Error, lock_file};

/// Everybody may read who runs.
const MODE: u32 = 0o644;
/// Tries to lock a file that another process removes at the same time.
const ATTEMPTS: usize = 10;
/// Bytes of a foreign pid file that are looked at.
const LONGEST_CONTENT: u64 = 32;

/// Why the pid file is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAcquired {
    /// Another process holds the lock.
    Held {
        /// What the file says, if that is a process id.
        pid: Option<u32>,
    },
    /// The file could not be made.
    Failed(Error),
}

impl fmt::Display for NotAcquired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { pid: Some(pid) } => write!(f, "process {pid} is already running"),
            Self::Held { pid: None } => f.write_str("another process is already running"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotAcquired {}

/// A pid file, locked for as long as this lives here or, after a fork, in a child that did not drop it.
/// The process that wrote it last removes it on drop.
#[derive(Debug)]
pub struct PidFile {
    file: File,
    path: PathBuf,
    owner: u32,
    previous: Option<u32>,
}

impl PidFile {
    /// Creates the file, and its directory when that is missing, locks it and writes this process's id.
    /// The lock is the only judge (an open file description lock, as keepalived's): the number of a
    /// process that is gone does no harm. Blocks for the file system only.
    pub fn acquire(path: &Path) -> Result<Self, NotAcquired> {
        for _ in 0..ATTEMPTS {
            let file = open(path).map_err(|errno| NotAcquired::Failed(errno.at("create", path)))?;
            match lock(&file) {
                Ok(()) => {}
                Err(Errno(libc::EAGAIN | libc::EACCES)) => {
                    return Err(NotAcquired::Held {
                        pid: read_pid(&file),
                    });
                }
                Err(errno) => return Err(NotAcquired::Failed(errno.at("lock", path))),
            }
            // The former holder may have removed the file between our open and our lock.
            if lock_file::is_at(&file, path) {
                let previous = read_pid(&file);
                let mut pid_file = Self {
                    file,
                    path: path.to_path_buf(),
                    owner: 0,
                    previous,
                };
                pid_file.take_over().map_err(NotAcquired::Failed)?;
                return Ok(pid_file);
            }
        }
        Err(NotAcquired::Failed(Errno(libc::EBUSY).at("lock", path)))
    }

    /// Writes the calling process's id, after a fork, and makes it the one that removes the file.
    pub fn take_over(&mut self) -> Result<(), Error> {
        let pid = std::process::id();
        let text = format!("{pid}\n");
        // In one write and never emptied first: whoever reads meanwhile finds a whole number.
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.file
            .write_all_at(text.as_bytes(), 0)
            .and_then(|()| self.file.set_len(length))
            .map_err(|error| Errno::from(error).at("write", self.path.as_path()))?;
        self.owner = pid;
        Ok(())
    }

    /// The process id that the file held before: left over, or of a keepalived that does not lock its
    /// file (2.2 does not) and may still run.
    pub fn previous(&self) -> Option<u32> {
        self.previous
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if self.owner == std::process::id() && lock_file::is_at(&self.file, &self.path) {
            // Nobody is left to tell; a file that stays does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn open(path: &Path) -> Result<File, Errno> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let file = lock_file::open(path, MODE)?;
    // Whatever the umask is.
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

fn lock(file: &File) -> Result<(), Errno> {
    let number = |value: i32| libc::c_short::try_from(value).unwrap_or(0);
    let whole_file = libc::flock {
        l_type: number(libc::F_WRLCK),
        l_whence: number(libc::SEEK_SET),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: the descriptor is open and the kernel only reads the lock.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const whole_file) })?;
    Ok(())
}

fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(LONGEST_CONTENT).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
