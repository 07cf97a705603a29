//! Two halves of one program: fork, a message channel between them, names that ps(1) shows.

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::c_int;

use crate::process::{self, Process};
use crate::sys::{check, check_size};
use crate::{Errno, Error};

/// Bytes of the longest message on a [`Channel`].
pub const LONGEST_MESSAGE: usize = 64 * 1024;
/// Fields of /proc/self/stat after the program's name, up to where the arguments begin and end (proc(5)).
const ARGUMENTS_START_FIELD: usize = 45;

/// Which half of a fork this is.
#[derive(Debug)]
pub enum Fork {
    /// The one that called; it watches the other.
    Parent(Process),
    /// The new one.
    Child,
}

/// Forks the process. The child has copies of everything open; drop there what it must not have. EBUSY
/// unless the caller is the only thread, since a child would not have the others.
pub fn fork() -> Result<Fork, Error> {
    require_single_thread().map_err(|errno| errno.at("fork", "process"))?;
    // SAFETY: there is one thread, so the child's memory is in no half-changed state.
    let pid = check(unsafe { libc::fork() }).map_err(|errno| errno.at("fork", "process"))?;
    match u32::try_from(pid) {
        Ok(0) | Err(_) => Ok(Fork::Child),
        Ok(pid) => Ok(Fork::Parent(Process::adopt(pid)?)),
    }
}

/// To be called in the child with the parent's process id: the kernel sends this process the signal when
/// the parent dies. ESRCH when it is dead already.
pub fn die_with_parent(signal: i32, parent: u32) -> Result<(), Error> {
    process::die_with_parent(signal, parent)
        .map_err(|errno| errno.at("watch", crate::Object::Process(parent)))
}

/// Renames the process, for ps(1), top(1) and killall(1): 15 bytes of it as the command's name and as much
/// as fits over its command line, whose arguments vanish (also for [`std::env::args`]). EBUSY unless the
/// caller is the only thread.
pub fn set_process_name(name: &str) -> Result<(), Error> {
    let error = |errno: Errno| errno.at("set", "process name");
    require_single_thread().map_err(error)?;
    let text = CString::new(name).map_err(|_| error(Errno(libc::EINVAL)))?;
    // SAFETY: `text` is a C string; the kernel copies 15 bytes of it.
    check(unsafe { libc::prctl(libc::PR_SET_NAME, text.as_ptr()) }).map_err(error)?;
    let (start, end) = argument_area().map_err(error)?;
    let area = std::ptr::with_exposed_provenance_mut::<u8>(start);
    let length = end.saturating_sub(start);
    let shown = text.as_bytes().len().min(length.saturating_sub(1));
    // SAFETY: the kernel put the argument strings into this writable area of the stack for the program
    // to use; no other thread can read them now, and std reads them only to copy them.
    unsafe {
        area.write_bytes(0, length);
        area.copy_from_nonoverlapping(text.as_ptr().cast(), shown);
    }
    Ok(())
}

/// Start and end of the argument strings, as the kernel laid them out.
fn argument_area() -> Result<(usize, usize), Errno> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or(Errno(libc::EINVAL))?;
    let mut fields = fields.split_ascii_whitespace().skip(ARGUMENTS_START_FIELD);
    let mut number = || {
        fields
            .next()
            .and_then(|field| field.parse().ok())
            .filter(|number| *number > 0)
    };
    number().zip(number()).ok_or(Errno(libc::EINVAL))
}

fn require_single_thread() -> Result<(), Errno> {
    let threads = fs::read_dir("/proc/self/task")?.count();
    if threads == 1 {
        Ok(())
    } else {
        Err(Errno(libc::EBUSY))
    }
}

/// One end of a channel that keeps messages whole and in order, and passes nothing but bytes.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// What a read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A message of so many bytes.
    Message(usize),
    /// Nothing yet.
    Nothing,
    /// The other end is gone.
    Closed,
}

impl Channel {
    /// Makes both ends; after a fork each half drops one.
    pub fn pair() -> Result<(Self, Self), Error> {
        let mut ends: [c_int; 2] = [-1; 2];
        let kind = libc::SOCK_SEQPACKET | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: the pointer is to two descriptors that the call fills.
        check(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })
            .map_err(|errno| errno.at("create", "channel"))?;
        // SAFETY: the call has opened both and nothing else owns them.
        let [ours, theirs] = ends.map(|end| Self(unsafe { OwnedFd::from_raw_fd(end) }));
        Ok((ours, theirs))
    }

    /// Sends one message of 1 to [`LONGEST_MESSAGE`] bytes. EAGAIN when the queue is full, EPIPE when the
    /// other end is gone.
    pub fn send(&self, message: &[u8]) -> Result<(), Error> {
        let error = |errno: Errno| errno.at("send on", "channel");
        // An empty message would read as the end.
        if message.is_empty() || message.len() > LONGEST_MESSAGE {
            return Err(error(Errno(libc::EMSGSIZE)));
        }
        let (fd, pointer, flags) = (
            self.0.as_raw_fd(),
            message.as_ptr().cast(),
            libc::MSG_NOSIGNAL,
        );
        loop {
            // SAFETY: pointer and length describe the message.
            match check_size(unsafe { libc::send(fd, pointer, message.len(), flags) }) {
                Ok(_) => return Ok(()),
                Err(Errno(libc::EINTR)) => {}
                Err(errno) => return Err(error(errno)),
            }
        }
    }

    /// Takes one message; EMSGSIZE when it was longer than the buffer, and then it is lost.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<Received, Error> {
        let (fd, pointer, flags) = (
            self.0.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            libc::MSG_TRUNC,
        );
        loop {
            // SAFETY: pointer and length describe the buffer.
            return match check_size(unsafe { libc::recv(fd, pointer, buffer.len(), flags) }) {
                Ok(0) | Err(Errno(libc::ECONNRESET)) => Ok(Received::Closed),
                Ok(length) if length <= buffer.len() => Ok(Received::Message(length)),
                Ok(_) => Err(Errno(libc::EMSGSIZE).at("receive on", "channel")),
                Err(Errno(libc::EAGAIN)) => Ok(Received::Nothing),
                Err(Errno(libc::EINTR)) => continue,
                Err(errno) => Err(errno.at("receive on", "channel")),
            };
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
