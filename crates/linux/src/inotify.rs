//! Changes of directories as the kernel tells them (inotify(7)).

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libc::c_int;

use crate::sys::{check, check_size, own};
use crate::{Errno, Error};

/// Room for the events of one read; each has at most 16 bytes and a name of 256.
const BUFFER_BYTES: usize = 16 * 1024;
/// Bytes of an event before its name.
const HEADER_BYTES: usize = 16;
/// A file in the directory has been written and closed, has come or has gone; or the directory has.
/// Not every write: whoever writes a file anew has truncated it first.
const CHANGES: u32 = libc::IN_CLOSE_WRITE
    | libc::IN_CREATE
    | libc::IN_DELETE
    | libc::IN_MOVED_FROM
    | libc::IN_MOVED_TO
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_ONLYDIR;

/// A watched directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(c_int);

/// What happened in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryEvent {
    /// Something of that name has changed, come or gone.
    Changed(WatchId, OsString),
    /// The directory is gone or is another one now; it is not watched any more.
    Gone(WatchId),
    /// Events were lost.
    Lost,
}

/// An inotify instance.
#[derive(Debug)]
pub struct Inotify {
    descriptor: OwnedFd,
}

impl Inotify {
    /// Makes one; EMFILE past `fs.inotify.max_user_instances`.
    pub fn new() -> Result<Self, Error> {
        // SAFETY: the call takes plain numbers and returns a descriptor of our own.
        let descriptor = unsafe { own(libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC)) };
        let descriptor = descriptor.map_err(|errno| errno.at("create", "inotify instance"))?;
        Ok(Self { descriptor })
    }

    /// Watches a directory, following symbolic links; the same one twice has one id. Waits for the file
    /// system only.
    pub fn watch(&self, directory: &Path) -> Result<WatchId, Error> {
        let error = |errno: Errno| errno.at("watch", directory);
        let path = CString::new(directory.as_os_str().as_bytes())
            .map_err(|_| error(Errno(libc::EINVAL)))?;
        // SAFETY: the descriptor is open and `path` is a C string.
        let watch = check(unsafe {
            libc::inotify_add_watch(self.descriptor.as_raw_fd(), path.as_ptr(), CHANGES)
        });
        watch.map(WatchId).map_err(error)
    }

    /// Watches a directory no longer; one that is gone is no error.
    pub fn forget(&self, watch: WatchId) {
        // EINVAL says that the kernel has forgotten it already.
        // SAFETY: the descriptor is open; the call takes plain numbers.
        unsafe { libc::inotify_rm_watch(self.descriptor.as_raw_fd(), watch.0) };
    }

    /// Takes a bufferful of what waits, without blocking; false when nothing does.
    pub fn read(&self, events: &mut Vec<DirectoryEvent>) -> Result<bool, Error> {
        let mut buffer = [0_u8; BUFFER_BYTES];
        // SAFETY: pointer and length describe the buffer.
        let result = check_size(unsafe {
            libc::read(
                self.descriptor.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
            )
        });
        match result {
            Ok(length) => {
                decode(buffer.get(..length).unwrap_or_default(), events);
                Ok(true)
            }
            Err(Errno(libc::EAGAIN | libc::EINTR)) => Ok(false),
            Err(errno) => Err(errno.at("read", "inotify instance")),
        }
    }
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

fn decode(mut bytes: &[u8], events: &mut Vec<DirectoryEvent>) {
    while let Some((header, rest)) = bytes.split_at_checked(HEADER_BYTES) {
        let number = |at: usize| {
            let four = header.get(at..).and_then(|rest| rest.first_chunk::<4>());
            four.map_or(0, |four| u32::from_ne_bytes(*four))
        };
        let (watch, mask, length) = (WatchId(number(0).cast_signed()), number(4), number(12));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((name, rest)) = rest.split_at_checked(length) else {
            return;
        };
        bytes = rest;
        if mask & libc::IN_Q_OVERFLOW != 0 {
            events.push(DirectoryEvent::Lost);
        } else if mask
            & (libc::IN_DELETE_SELF | libc::IN_MOVE_SELF | libc::IN_IGNORED | libc::IN_UNMOUNT)
            != 0
        {
            events.push(DirectoryEvent::Gone(watch));
        } else {
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            let name = OsStr::from_bytes(name).to_owned();
            events.push(DirectoryEvent::Changed(watch, name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(inotify: &Inotify) -> Vec<String> {
        let mut events = Vec::new();
        while inotify.read(&mut events).unwrap() {}
        let text = |event: &DirectoryEvent| match event {
            DirectoryEvent::Changed(_, name) => name.to_string_lossy().into_owned(),
            DirectoryEvent::Gone(_) => "(gone)".to_owned(),
            DirectoryEvent::Lost => "(lost)".to_owned(),
        };
        events.iter().map(text).collect()
    }

    #[test]
    fn files_that_are_written_come_and_go_are_told_and_so_is_the_end_of_the_directory() {
        let name = format!("standfast-inotify-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let inotify = Inotify::new().unwrap();
        let watch = inotify.watch(&folder).unwrap();
        assert_eq!(inotify.watch(&folder), Ok(watch));
        assert_eq!(names(&inotify), [""; 0]);
        fs::write(folder.join("one"), "1").unwrap();
        assert_eq!(names(&inotify), ["one", "one"]);
        fs::rename(folder.join("one"), folder.join("two")).unwrap();
        assert_eq!(names(&inotify), ["one", "two"]);
        fs::remove_file(folder.join("two")).unwrap();
        assert_eq!(names(&inotify), ["two"]);
        fs::remove_dir(&folder).unwrap();
        assert_eq!(names(&inotify), ["(gone)", "(gone)"]);
        assert_eq!(
            inotify.watch(&folder).unwrap_err().errno,
            Errno(libc::ENOENT)
        );
    }
}
