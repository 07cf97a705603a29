//! Looks at files without waiting for them.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Whether this process may read the file. One that somebody has replaced by a FIFO, which would block
/// whoever opens it, counts as readable.
pub fn is_readable(path: &Path) -> bool {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path).is_ok()
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
        std::fs::remove_file(&path).unwrap();
        assert!(!is_readable(&path));
    }
}
