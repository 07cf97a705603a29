//! Child processes: started with a chosen identity, watched through a descriptor, their output kept in
//! bounds, never waited for.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use libc::{c_int, c_ulong};

use crate::launch::{Plan, launch};
use crate::sys::{check, own};
use crate::user::Identity;
use crate::{Errno, Error, Object};

/// Bytes of output kept from its beginning.
pub const OUTPUT_HEAD_BYTES: usize = 2048;
/// Bytes of output kept from its end.
pub const OUTPUT_TAIL_BYTES: usize = 2048;
/// Bytes read in one call, so that a child that never stops writing cannot hold its reader.
const OUTPUT_BYTES_PER_READ: usize = 64 * 1024;
/// How long dropping a [`Child`] waits for one that it had to kill.
const KILL_WAIT_MS: c_int = 100;
/// What to run, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; a program without a slash is looked up in PATH.
    pub argv: Vec<OsString>,
    /// Whose rights it gets; ours when none.
    pub identity: Option<Identity>,
    /// Variables added to a copy of our environment, from which IFS, LD_PRELOAD, LD_LIBRARY_PATH and
    /// what systemd tells its services are removed.
    pub environment: Vec<(OsString, OsString)>,
    /// Its file mode creation mask; ours when none.
    pub umask: Option<u32>,
}

impl Command {
    /// Runs these words with our own identity.
    pub fn new<Word: Into<OsString>>(argv: impl IntoIterator<Item = Word>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self {
            argv,
            identity: None,
            environment: Vec::new(),
            umask: None,
        }
    }

    /// Starts it: own process group, working directory "/", no input, output into a pipe that
    /// [`Child::read_output`] reads, default signals and scheduling, no open files of ours. A script without
    /// `#!` is run by /bin/sh. The child gets SIGTERM when the *thread* that called this ends.
    ///
    /// Blocks until the program has been loaded, five seconds at most (ETIMEDOUT); a program that cannot be is an
    /// error with exec's errno.
    pub fn spawn(&self) -> Result<Child, Error> {
        let program = self
            .argv
            .first()
            .ok_or_else(|| Errno(libc::EINVAL).at("run", "empty command"))?;
        let object = Path::new(program);
        let (output, writer) = io::pipe().map_err(|error| Errno::from(error).at("run", object))?;
        let start = || {
            set_nonblocking(&output)?;
            launch(Plan {
                argv: &self.argv,
                environment: &self.environment,
                identity: self.identity.as_ref(),
                umask: self.umask,
                output: writer.into(),
            })
        };
        let process = start().map_err(|errno| errno.at("run", object))?;
        Ok(Child {
            process,
            output: Some(output),
            ended: None,
            captured: Captured::default(),
        })
    }
}

/// Has the kernel signal this process when the thread that forked it ends; fails with ESRCH when the
/// parent is gone already. Async-signal-safe.
pub(crate) fn die_with_parent(signal: c_int, parent: u32) -> Result<(), Errno> {
    let signal = c_ulong::try_from(signal).map_err(|_| Errno(libc::EINVAL))?;
    // SAFETY: the option takes a signal number.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal) })?;
    // SAFETY: the call has no arguments.
    let present = unsafe { libc::getppid() };
    if u32::try_from(present) == Ok(parent) {
        Ok(())
    } else {
        Err(Errno(libc::ESRCH))
    }
}

/// Sets the file mode creation mask of the process and returns the old one.
pub fn set_umask(mask: u32) -> u32 {
    // SAFETY: the call takes a plain number and cannot fail.
    unsafe { libc::umask(mask & 0o777) }
}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// With this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A child process of ours by its descriptor, which becomes readable when the process ends. The kernel
/// keeps its id for it until this is dropped.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    descriptor: OwnedFd,
}

impl Process {
    pub(crate) fn new(pid: u32, descriptor: OwnedFd) -> Self {
        Self { pid, descriptor }
    }

    /// Takes charge of a child that has just been forked; one that cannot be watched is killed.
    pub(crate) fn adopt(pid: u32) -> Result<Self, Error> {
        // SAFETY: the call takes plain numbers.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        // SAFETY: the call has returned -1 or a descriptor of our own.
        let descriptor = unsafe { own(c_int::try_from(result).unwrap_or(-1)) };
        descriptor
            .map(|descriptor| Self { pid, descriptor })
            .map_err(|errno| {
                let id = libc::pid_t::try_from(pid).unwrap_or(0);
                if id > 0 {
                    // SAFETY: the calls take plain numbers; the id is our child's, which is not waited for yet.
                    unsafe {
                        libc::kill(id, libc::SIGKILL);
                        libc::waitpid(id, std::ptr::null_mut(), 0);
                    }
                }
                errno.at("watch", Object::Process(pid))
            })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended; none while it runs.
    pub fn exit(&self) -> Result<Option<Exit>, Error> {
        // The process stays a zombie so that nobody else gets its id while its group may be signalled.
        self.wait(libc::WNOWAIT)
            .map_err(|errno| errno.at("wait for", Object::Process(self.pid)))
    }

    /// Sends a signal to this process; ESRCH when it has been waited for elsewhere.
    pub fn signal(&self, number: c_int) -> Result<(), Error> {
        let (fd, info, flags) = (
            self.descriptor.as_raw_fd(),
            std::ptr::null::<libc::siginfo_t>(),
            0,
        );
        // SAFETY: the descriptor is open; a null pointer stands for what kill(2) would tell.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, number, info, flags) };
        check(c_int::try_from(result).unwrap_or(-1))
            .map_err(|errno| errno.at("signal", Object::Process(self.pid)))?;
        Ok(())
    }

    fn wait(&self, option: c_int) -> Result<Option<Exit>, Errno> {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let id =
            libc::id_t::try_from(self.descriptor.as_raw_fd()).map_err(|_| Errno(libc::EBADF))?;
        let options = libc::WEXITED | libc::WNOHANG | option;
        // SAFETY: the descriptor is open and the call fills `info`, or leaves it zeroed.
        check(unsafe { libc::waitid(libc::P_PIDFD, id, info.as_mut_ptr(), options) })?;
        // SAFETY: the structure is plain numbers, zeroed at first.
        let info = unsafe { info.assume_init() };
        // SAFETY: the fields are those of a child's end, or zero when there is none.
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        Ok(match (pid, info.si_code) {
            (0, _) => None,
            (_, libc::CLD_EXITED) => Some(Exit::Code(status)),
            (_, _) => Some(Exit::Signal(status)),
        })
    }
}

/// Somebody else's process by its descriptor, which becomes readable when it ends; no other process
/// can be taken for it, whatever becomes of its id.
#[derive(Debug)]
pub struct Watched {
    pid: u32,
    descriptor: OwnedFd,
}

impl Watched {
    /// Takes hold of a process; none when there is none of that id, or it is a thread. Other failures,
    /// such as too many open files, are errors.
    pub fn open(pid: u32) -> Result<Option<Self>, Error> {
        // SAFETY: the call takes plain numbers.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        // SAFETY: the call has returned -1 or a descriptor of our own.
        match unsafe { own(c_int::try_from(result).unwrap_or(-1)) } {
            Ok(descriptor) => Ok(Some(Self { pid, descriptor })),
            Err(Errno(libc::ESRCH | libc::EINVAL)) => Ok(None),
            Err(errno) => Err(errno.at("watch", Object::Process(pid))),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it has ended, also if its parent has not noticed yet.
    pub fn has_ended(&self) -> bool {
        let mut poll = libc::pollfd {
            fd: self.descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the pointer is to one pollfd.
        unsafe { libc::poll(&raw mut poll, 1, 0) > 0 }
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Frees the zombie, if it is one.
        let _ = self.wait(0);
    }
}

/// Whether more output can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Somebody still has the pipe open.
    Open,
    /// Everybody has closed it: there is nothing to poll any more.
    Closed,
}

/// A started [`Command`]. Dropping it while it runs kills its process group.
#[derive(Debug)]
pub struct Child {
    process: Process,
    output: Option<PipeReader>,
    /// The output after its end.
    ended: Option<PipeReader>,
    captured: Captured,
}

impl Child {
    /// The process itself: its id, its descriptor to poll, how it ended.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The pipe to poll; none when it has come to its end. It can outlive the child in a process that the child left behind.
    pub fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(AsFd::as_fd)
    }

    /// The pipe after its end, to be taken out of a poller: closing it is not enough while another child, just being
    /// started, has a copy.
    pub fn ended_output(&self) -> Option<BorrowedFd<'_>> {
        self.ended.as_ref().map(AsFd::as_fd)
    }

    /// Takes what the child has written so far, 64 KiB at most in one call, without blocking.
    pub fn read_output(&mut self) -> Result<Output, Error> {
        let mut buffer = [0; 4096];
        for _ in 0..OUTPUT_BYTES_PER_READ / buffer.len() {
            let Some(pipe) = &mut self.output else {
                return Ok(Output::Closed);
            };
            match pipe.read(&mut buffer) {
                Ok(0) => self.ended = self.output.take(),
                Ok(length) => self
                    .captured
                    .append(buffer.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Output::Open),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let object = Object::Process(self.process.pid);
                    return Err(Errno::from(error).at("read output of", object));
                }
            }
        }
        Ok(if self.output.is_some() {
            Output::Open
        } else {
            Output::Closed
        })
    }

    /// What it has written, as far as it was read.
    pub fn captured(&self) -> &Captured {
        &self.captured
    }

    /// Sends a signal to the child's whole process group, also after the child itself has ended. A group
    /// that is empty is no error.
    pub fn kill_group(&self, number: c_int) -> Result<(), Error> {
        let error = |errno: Errno| errno.at("signal group of", Object::Process(self.process.pid));
        let group = c_int::try_from(self.process.pid).map_err(|_| error(Errno(libc::ESRCH)))?;
        // SAFETY: kill(2) takes plain numbers. The id is still the child's: it has not been waited for.
        match check(unsafe { libc::kill(-group, number) }) {
            Ok(_) | Err(Errno(libc::ESRCH)) => Ok(()),
            Err(errno) => Err(error(errno)),
        }
    }
}

impl Drop for Child {
    /// Waits a tenth of a second at most for a child that had to be killed.
    fn drop(&mut self) {
        if matches!(self.process.exit(), Ok(None)) && self.kill_group(libc::SIGKILL).is_ok() {
            let fd = self.process.as_fd().as_raw_fd();
            let mut poll = libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: the pointer is to one pollfd.
            unsafe { libc::poll(&raw mut poll, 1, KILL_WAIT_MS) };
        }
    }
}

/// The beginning and the end of some output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captured {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    omitted: u64,
}

impl Captured {
    fn append(&mut self, bytes: &[u8]) {
        let room = OUTPUT_HEAD_BYTES
            .saturating_sub(self.head.len())
            .min(bytes.len());
        let (head, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(OUTPUT_TAIL_BYTES);
        self.tail.drain(..surplus);
        self.omitted = self
            .omitted
            .saturating_add(u64::try_from(surplus).unwrap_or(u64::MAX));
    }

    /// Bytes between beginning and end that were not kept.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// The output as text, saying where bytes are missing; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.omitted == 0 {
            return String::from_utf8_lossy(&[self.head.as_slice(), &tail].concat()).into_owned();
        }
        let (head, tail) = (
            String::from_utf8_lossy(&self.head),
            String::from_utf8_lossy(&tail),
        );
        format!("{head}\n[{} bytes omitted]\n{tail}", self.omitted)
    }
}

fn set_nonblocking(pipe: &PipeReader) -> Result<(), Errno> {
    let fd = pipe.as_raw_fd();
    // SAFETY: the descriptor is open; the commands take and return plain numbers.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_process_that_nobody_has_waited_for_is_seen() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let watched = Watched::open(child.id()).unwrap().unwrap();
        assert_eq!((watched.pid(), watched.has_ended()), (child.id(), false));
        child.kill().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !watched.has_ended() && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(watched.has_ended());
        child.wait().unwrap();
        assert!(Watched::open(child.id()).unwrap().is_none());
    }

    #[test]
    fn capture_keeps_both_ends() {
        let mut captured = Captured::default();
        captured.append(&[b'a'; 1000]);
        captured.append(&[b'b'; 3000]);
        assert_eq!((captured.omitted(), captured.text().len()), (0, 4000));
        captured.append(&[b'c'; 10_000]);
        captured.append(b"end");
        assert_eq!(captured.omitted(), 14_003 - 4096);
        let text = captured.text();
        assert!(
            text.starts_with("aaa")
                && text.ends_with("ccend")
                && text.contains("[9907 bytes omitted]")
        );
    }
}
