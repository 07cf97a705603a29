//! Who may have a socket's name. To look whether somebody listens there and to take the name is not one step, so two processes
//! that start in the same moment could both find it free; a lock on a file beside it goes to one of them.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::{NotListening, beside};
use crate::{Errno, lock_file};

/// Nobody else opens the file: whoever can open it can lock it.
const MODE: u32 = 0o600;
/// What the file is called after the socket's name.
const SUFFIX: &str = ".lock";
/// Tries to lock a file that another process removes at the same time.
const ATTEMPTS: usize = 10;

/// The right to a name for as long as this lives; the kernel takes it back from a process that dies, however it does.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Does not wait. Blocks for the file system only.
    pub(super) fn take(socket: &Path) -> Result<Self, NotListening> {
        let path = beside(socket, SUFFIX);
        let failed = |errno: Errno| NotListening::Failed(errno.at("lock", path.as_path()));
        for _ in 0..ATTEMPTS {
            let file = lock_file::open(&path, MODE).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(NotListening::InUse),
                Err(TryLockError::Error(error)) => return Err(failed(error.into())),
            }
            let lock = Lock {
                file,
                path: path.clone(),
            };
            // The former holder may have removed the file between our open and our lock: then the name leads to another one.
            if lock.is_at_its_path() {
                return Ok(lock);
            }
        }
        Err(failed(Errno(libc::EBUSY)))
    }

    fn is_at_its_path(&self) -> bool {
        lock_file::is_at(&self.file, &self.path)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // As long as it is locked, nobody else removes it; whoever has opened it looks again.
        if self.is_at_its_path() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
