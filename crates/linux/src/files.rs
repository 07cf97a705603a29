//! Looks at files without waiting for them.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Permissions of directories that are made.
const DIRECTORY_MODE: u32 = 0o755;

/// Whether this process may read the file. One that somebody has replaced by a FIFO, which would block
/// whoever opens it, counts as readable.
pub fn is_readable(path: &Path) -> bool {
    open(path).is_ok()
}

/// Whether this process may make files in the directory, which is made if it is missing. Blocks for the file system.
pub fn is_writable_directory(path: &Path) -> bool {
    if make_directories(path).is_err() {
        return false;
    }
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else {
        return false;
    };
    let mode = libc::W_OK | libc::X_OK;
    // SAFETY: `path` is a C string; the other arguments are plain numbers.
    unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) == 0 }
}

/// Makes a directory and those above it that are missing. Whatever the umask was when we were started, others do not write
/// there. Blocks for the file system.
pub fn make_directories(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(DIRECTORY_MODE).create(path)
}

/// Opens a regular file to append to it; a symbolic link is not followed, and anything else than a file is `InvalidInput`.
/// Blocks for the file system only.
pub fn append_regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .append(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
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

/// The first bytes of a regular file, following symbolic links; `InvalidInput` for anything else than a file. Blocks for the
/// file system only, never for a FIFO or device.
pub fn read_beginning(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a small file anew, making it if it is not there. Blocks for the file system only, never for a FIFO or device.
/// `PermissionDenied` for a symbolic link of somebody else than root and ourselves, who could have us overwrite any file.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut follow = 0;
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            // SAFETY: the call has no arguments.
            let ourselves = unsafe { libc::geteuid() };
            if ![0, ourselves].contains(&found.uid()) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
        }
        // What takes its place meanwhile is not followed.
        _ => follow = libc::O_NOFOLLOW,
    }
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | follow);
    options.open(path)?.write_all(text.as_bytes())
}

/// Whether the kernel tells of changes in this directory (inotify(7)): not where another host or a program serves the files, and
/// not of what the kernel makes up itself.
pub fn tells_changes(directory: &Path) -> bool {
    /// NFS, SMB (three of them), FUSE, 9P, proc, sysfs; see statfs(2).
    const SILENT: [u64; 8] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x9fa0,
        0x6265_6572,
    ];
    let Ok(path) = CString::new(directory.as_os_str().as_bytes()) else {
        return false;
    };
    let mut found = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: `path` is a C string and the call fills `found`, or leaves it zeroed.
    if unsafe { libc::statfs(path.as_ptr(), found.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the structure is plain numbers, zeroed at first.
    let kind = unsafe { found.assume_init() }.f_type;
    // The type differs between architectures; the numbers are 32 bits.
    let kind = u64::try_from(i128::from(kind) & 0xffff_ffff).unwrap_or(0);
    !SILENT.contains(&kind)
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
    fn a_link_of_ours_is_followed_and_a_strangers_is_not() {
        let name = format!("standfast-link-{}", std::process::id());
        let victim = std::env::temp_dir().join(name);
        let link = victim.with_extension("link");
        std::fs::write(&victim, "mine").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let followed = write(&link, "1\n");
        let given = std::os::unix::fs::lchown(&link, Some(65_534), None);
        let refused = write(&link, "2\n").map_err(|error| error.kind());
        let text = std::fs::read_to_string(&victim);
        std::fs::remove_file(&link).unwrap();
        std::fs::remove_file(&victim).unwrap();
        assert!(followed.is_ok());
        // Only root can give a link away.
        if given.is_ok() {
            assert_eq!(refused, Err(io::ErrorKind::PermissionDenied));
            assert_eq!(text.unwrap(), "1\n");
        }
    }

    #[test]
    fn nothing_is_appended_to_a_link_or_a_device() {
        let name = format!("standfast-append-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let link = file.with_extension("link");
        std::fs::write(&file, "1").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mut own = append_regular(&file).unwrap();
        own.write_all(b"2").unwrap();
        let followed = append_regular(&link).map_err(|error| error.raw_os_error());
        let text = std::fs::read_to_string(&file);
        std::fs::remove_file(&link).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(followed.err(), Some(Some(libc::ELOOP)));
        assert_eq!(text.unwrap(), "12");
        let device = append_regular(Path::new("/dev/null")).map_err(|error| error.kind());
        assert_eq!(device.err(), Some(io::ErrorKind::InvalidInput));
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
