//! Files that are there to be locked: the name belongs to whoever holds the lock of the file that it leads to.

use std::fs::{File, Metadata, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::Errno;

/// The file, made with that mode where it is missing; a link that somebody has put there is not followed, a fifo does not
/// keep us, and a device or folder is `EINVAL`.
pub(crate) fn open(path: &Path, mode: u32) -> Result<File, Errno> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(mode)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(Errno(libc::EINVAL)),
    }
}

/// Whether the name still leads to this file: a former holder may remove it between another's open and lock.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let identity = |found: Metadata| (found.dev(), found.ino());
    let (Ok(opened), Ok(present)) = (file.metadata(), path.symlink_metadata()) else {
        return false;
    };
    identity(opened) == identity(present)
}
