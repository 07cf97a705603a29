//! Looks at files without waiting for them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Whether this process may read the file. One that somebody has replaced by a FIFO, which would block
/// whoever opens it, counts as readable.
pub fn is_readable(path: &Path) -> bool {
    open(path).is_ok()
}

/// The bytes of a regular file, following symbolic links; `InvalidInput` for anything else than a file, `FileTooLarge` for
/// one of more than `limit` bytes. Blocks for the file system only, never for a FIFO or device.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // A device may act on being opened: look first, and again at what was opened.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    let count = file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(count).unwrap_or(u64::MAX) > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_fifo_blocks_nobody() {
        let name = format!("standfast-fifo-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let text = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: `text` is a C string.
        assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
        assert!(is_readable(&path));
        let read = read_regular(&path, 10).map_err(|error| error.kind());
        assert_eq!(read, Err(io::ErrorKind::InvalidInput));
        std::fs::remove_file(&path).unwrap();
        assert!(!is_readable(&path));
    }

    #[test]
    fn only_small_regular_files_are_read() {
        let name = format!("standfast-small-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, "12345").unwrap();
        let read = |limit| read_regular(&path, limit).map_err(|error| error.kind());
        assert_eq!(read(5), Ok(b"12345".to_vec()));
        assert_eq!(read(4), Err(io::ErrorKind::FileTooLarge));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read(5), Err(io::ErrorKind::NotFound));
        let device = read_regular(Path::new("/dev/zero"), 5).map_err(|error| error.kind());
        assert_eq!(device, Err(io::ErrorKind::InvalidInput));
    }
}
