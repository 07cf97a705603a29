//! Named pipes (fifo(7)) that are written to and never wait for a reader.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::sys::check;
use crate::{Errno, Error};

/// A FIFO that is open for writing. Its first reader gets what was written before it came, as far as the pipe's buffer
/// reached (64 KiB).
#[derive(Debug)]
pub struct Fifo {
    path: PathBuf,
    file: File,
    created: bool,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is in the pipe.
    Whole,
    /// Nobody reads and the pipe is full: nothing of it is.
    NoRoom,
}

impl Fifo {
    /// Opens the FIFO at `path`, which is made with that owner and those permissions if nothing is there. Something else
    /// than a FIFO is EEXIST, one that is neither ours nor that owner's EPERM: a stranger would read it. Never waits for a reader.
    pub fn open(path: &Path, owner: (u32, u32), mode: u32) -> Result<Self, Error> {
        let error = |errno: Errno| errno.at("open FIFO", path);
        let created = make(path).map_err(error)?;
        let opened = open(path).map_err(error);
        let result = opened.and_then(|file| {
            let found = file.metadata().map_err(|e| error(e.into()))?;
            // SAFETY: the call has no arguments.
            let ourselves = unsafe { libc::geteuid() };
            let trusted = [0, ourselves, owner.0].contains(&found.uid());
            if !found.file_type().is_fifo() {
                return Err(error(Errno(libc::EEXIST)));
            }
            if !trusted {
                return Err(error(Errno(libc::EPERM)));
            }
            if created {
                fchown(&file, Some(owner.0), Some(owner.1)).map_err(|e| error(e.into()))?;
                let permissions = PermissionsExt::from_mode(mode & 0o777);
                file.set_permissions(permissions)
                    .map_err(|e| error(e.into()))?;
            }
            Ok(file)
        });
        if result.is_err() && created {
            // Half made is worse than none.
            let _ = std::fs::remove_file(path);
        }
        result.map(|file| Fifo {
            path: path.to_owned(),
            file,
            created,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line of at most 4,096 bytes (`PIPE_BUF`) whole or not at all, without waiting.
    pub fn write(&mut self, line: &[u8]) -> Result<Written, Error> {
        match self.file.write(line) {
            Ok(_) => Ok(Written::Whole),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(Written::NoRoom),
            Err(error) => Err(Errno::from(error).at("write to FIFO", self.path.as_path())),
        }
    }

    /// Closes it, so that its reader comes to the end of what was written, and removes it if it was made here.
    pub fn close(self) {
        if self.created {
            // Whoever removed it before us wanted the same.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// True if it was made, false if something is there already.
fn make(path: &Path) -> Result<bool, Errno> {
    let text = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno(libc::EINVAL))?;
    // SAFETY: `text` is a C string.
    match check(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }) {
        Ok(_) => Ok(true),
        Err(Errno(libc::EEXIST)) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// For reading as well: opening for writing alone would ask for a reader, and writing without one would be an error.
fn open(path: &Path) -> Result<File, Errno> {
    // What is opened for writing may act on it: a device is not touched.
    if !std::fs::symlink_metadata(path)?.file_type().is_fifo() {
        return Err(Errno(libc::EEXIST));
    }
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW);
    Ok(options.open(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn place(name: &str) -> PathBuf {
        let name = format!("standfast-{name}-{}", std::process::id());
        std::env::temp_dir().join(name)
    }

    fn own_ids() -> (u32, u32) {
        // SAFETY: the calls have no arguments.
        unsafe { (libc::geteuid(), libc::getegid()) }
    }

    #[test]
    fn what_nobody_reads_waits_for_the_first_reader_and_then_is_not_written() {
        let path = place("events");
        let mut fifo = Fifo::open(&path, own_ids(), 0o640).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let mut written = 0;
        while fifo.write(b"INSTANCE \"VI_1\" MASTER 100\n").unwrap() == Written::Whole {
            written += 1;
            assert!(written < 10_000, "the pipe has no end");
        }
        let mut reader = File::open(&path).unwrap();
        fifo.close();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().count(), written);
        assert!(
            text.lines()
                .all(|line| line == "INSTANCE \"VI_1\" MASTER 100")
        );
        assert!(!path.exists());
    }

    #[test]
    fn what_was_there_before_stays_and_what_is_no_fifo_is_refused() {
        let path = place("plain");
        std::fs::write(&path, "text").unwrap();
        let refused = Fifo::open(&path, own_ids(), 0o600).unwrap_err();
        assert_eq!(refused.errno, Errno(libc::EEXIST));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
        std::fs::remove_file(&path).unwrap();
        assert!(make(&path).unwrap());
        Fifo::open(&path, own_ids(), 0o600).unwrap().close();
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
    }
}
