//! New text in place of a file's: whole or not at all, and for the file that was read only.
//!
//! Root may do this in a directory that somebody else can write to. So the directory is opened once and everything
//! happens in it, whatever its path leads to later; owner and mode are those of the open file; and a file that is no
//! longer the one that was read is left as it is.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// Bits of a mode that are kept.
const MODE_BITS: u32 = 0o7777;

/// Why a file was not replaced; it is as it was.
#[derive(Debug)]
pub(crate) enum NotReplaced {
    /// It can't be read again.
    Read(io::Error),
    /// It is no regular file.
    NotPlain,
    /// It has so many names, of which only one would get the new text.
    HardLinks(u64),
    /// It holds something else than was read.
    Changed,
    /// The new text can't be put beside it, under that name.
    Temporary(PathBuf, io::Error),
    /// The new file can't take its name.
    Rename(io::Error),
}

impl fmt::Display for NotReplaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(formatter, "can't be read: {error}"),
            Self::NotPlain => formatter.write_str("is no plain file; name a file, or pipe it in"),
            Self::HardLinks(count) => write!(
                formatter,
                "has {count} names (hard links), of which only one would get the new text; use \
                 standard input and output"
            ),
            Self::Changed => {
                formatter.write_str("is left as it is: somebody has changed it meanwhile")
            }
            Self::Temporary(path, error) => write!(
                formatter,
                "is left as it is: can't write {}: {error}; the directory must be writable, and \
                 the file your own",
                path.display()
            ),
            Self::Rename(error) => {
                write!(formatter, "is left as it is: can't be replaced: {error}")
            }
        }
    }
}

/// Puts the text in the file's place in one step, with its owner and mode, if it still holds what was read. A symbolic
/// link stays one.
pub(crate) fn replace(path: &Path, read: &[u8], text: &[u8]) -> Result<(), NotReplaced> {
    let path = fs::canonicalize(path).map_err(NotReplaced::Read)?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(NotReplaced::NotPlain);
    };
    let directory = Directory::open(parent).map_err(NotReplaced::Read)?;
    let like = unchanged(&directory.entry(name.as_ref()), read)?;
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(format!(".standfast-{}", std::process::id()));
    let temporary = Temporary {
        path: directory.entry(beside.as_ref()),
    };
    temporary
        .write(text, &like)
        .map_err(|error| NotReplaced::Temporary(path.with_file_name(&beside), error))?;
    fs::rename(&temporary.path, directory.entry(name.as_ref())).map_err(NotReplaced::Rename)?;
    // The file is whole under either text; this only makes sure which.
    let _ = directory.handle.sync_all();
    Ok(())
}

/// A directory that stays the same one when its path is made to lead elsewhere.
struct Directory {
    handle: File,
}

impl Directory {
    fn open(path: &Path) -> io::Result<Self> {
        let handle = File::open(path)?;
        Ok(Self { handle })
    }

    /// The path of a name in it, by way of the open directory.
    fn entry(&self, name: &Path) -> PathBuf {
        Path::new("/proc/self/fd")
            .join(self.handle.as_raw_fd().to_string())
            .join(name)
    }
}

/// What the file is like, if it is a plain one of one name that holds those bytes.
fn unchanged(path: &Path, bytes: &[u8]) -> Result<Metadata, NotReplaced> {
    // Looked at without a link and before it is opened: a FIFO would wait for a writer.
    let named = fs::symlink_metadata(path).map_err(NotReplaced::Read)?;
    if !named.is_file() {
        return Err(NotReplaced::NotPlain);
    }
    let mut file = File::open(path).map_err(NotReplaced::Read)?;
    let like = file.metadata().map_err(NotReplaced::Read)?;
    if (like.dev(), like.ino()) != (named.dev(), named.ino()) {
        return Err(NotReplaced::Changed);
    }
    if like.nlink() > 1 {
        return Err(NotReplaced::HardLinks(like.nlink()));
    }
    let limit = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut held = Vec::with_capacity(bytes.len());
    let mut first = (&mut file).take(limit.saturating_add(1));
    first.read_to_end(&mut held).map_err(NotReplaced::Read)?;
    if held == bytes {
        Ok(like)
    } else {
        Err(NotReplaced::Changed)
    }
}

/// A file that is gone when the replacement is done or has failed.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(&self, text: &[u8], like: &Metadata) -> io::Result<()> {
        // Not readable to others before it is theirs to read.
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)?;
        file.write_all(text)?;
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (like.uid(), like.gid()) {
            fchown(&file, Some(like.uid()), Some(like.gid()))?;
        }
        file.set_permissions(permissions(like))?;
        file.sync_all()
    }
}

fn permissions(like: &Metadata) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(like.mode() & MODE_BITS)
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the replacement there is nothing of that name.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A directory that is removed with everything in it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let name = format!("standfast-replace-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn text_and_nothing_else_changes_also_through_a_link() {
        let scratch = Scratch::new("text");
        let file = scratch.file("a.conf", "old", 0o640);
        let link = scratch.0.join("link.conf");
        symlink("a.conf", &link).unwrap();
        replace(&link, b"old", b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & MODE_BITS, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(scratch.names(), ["a.conf", "link.conf"]);
    }

    #[test]
    fn what_is_no_longer_what_was_read_stays() {
        let scratch = Scratch::new("changed");
        let file = scratch.file("a.conf", "older", 0o644);
        for read in ["old", "older still", "elder"] {
            let result = replace(&file, read.as_bytes(), b"new");
            assert!(matches!(result, Err(NotReplaced::Changed)), "{result:?}");
        }
        fs::hard_link(&file, scratch.0.join("b.conf")).unwrap();
        let result = replace(&file, b"older", b"new");
        assert!(
            matches!(result, Err(NotReplaced::HardLinks(2))),
            "{result:?}"
        );
        let result = replace(&scratch.0, b"", b"new");
        assert!(matches!(result, Err(NotReplaced::NotPlain)), "{result:?}");
        assert_eq!(fs::read(&file).unwrap(), b"older");
        assert_eq!(scratch.names(), ["a.conf", "b.conf"]);
    }

    #[test]
    fn a_directory_whose_path_is_turned_elsewhere_stays_the_same() {
        let scratch = Scratch::new("turned");
        let (here, there) = (scratch.0.join("here"), scratch.0.join("there"));
        fs::create_dir(&here).unwrap();
        fs::create_dir(&there).unwrap();
        fs::write(here.join("a.conf"), "mine").unwrap();
        fs::write(there.join("a.conf"), "not mine").unwrap();
        let directory = Directory::open(&here).unwrap();
        fs::rename(&here, scratch.0.join("moved")).unwrap();
        symlink(&there, &here).unwrap();
        let found = fs::read(directory.entry("a.conf".as_ref())).unwrap();
        assert_eq!(found, b"mine");
    }
}
