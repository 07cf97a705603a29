//! Signals as readable messages instead of interruptions.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use libc::c_int;

use crate::sys::{check, check_size, own};
use crate::{Errno, Error};

/// The signals the daemon understands, named for what keepalived's users mean by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// SIGTERM: stop.
    Terminate,
    /// SIGINT: stop.
    Interrupt,
    /// SIGHUP: reload.
    Reload,
    /// SIGUSR1: write the data dump.
    Data,
    /// SIGUSR2: write the statistics.
    Stats,
    /// SIGRTMIN+2: write the JSON dump.
    Json,
    /// SIGRTMAX-1: write the statistics and zero them.
    StatsClear,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Terminate,
        Self::Interrupt,
        Self::Reload,
        Self::Data,
        Self::Stats,
        Self::Json,
        Self::StatsClear,
    ];

    /// The kernel's number.
    pub fn number(self) -> i32 {
        match self {
            Self::Terminate => libc::SIGTERM,
            Self::Interrupt => libc::SIGINT,
            Self::Reload => libc::SIGHUP,
            Self::Data => libc::SIGUSR1,
            Self::Stats => libc::SIGUSR2,
            Self::Json => libc::SIGRTMIN() + 2,
            Self::StatsClear => libc::SIGRTMAX() - 1,
        }
    }

    fn from_number(number: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|signal| signal.number().cast_unsigned() == number)
    }
}

/// The number that keepalived's `--signum=NAME` prints; none for a name it does not know.
pub fn signum(name: &str) -> Option<i32> {
    match name {
        "STOP" => Some(Signal::Terminate.number()),
        "RELOAD" => Some(Signal::Reload.number()),
        "DATA" => Some(Signal::Data.number()),
        "STATS" => Some(Signal::Stats.number()),
        "STATS_CLEAR" => Some(Signal::StatsClear.number()),
        "JSON" => Some(Signal::Json.number()),
        "TDUMP" => Some(libc::SIGRTMAX()),
        _ => None,
    }
}

/// A signal that came, and who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Which.
    pub signal: Signal,
    /// The sender's process id; 0 when the kernel sent it.
    pub sender: u32,
    /// The sender's user id.
    pub user: u32,
}

/// A signalfd for all of [`Signal`].
#[derive(Debug)]
pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Blocks the signals for this thread and those it starts later, so that they arrive here only;
    /// to be called before the first thread starts. SIGPIPE is ignored by Rust's runtime already.
    ///
    /// SIGCHLD is not among them, and ignored as is its default: the ends of children are read from their
    /// descriptors, and need wake nobody else.
    pub fn block() -> Result<Self, Error> {
        // Whoever started us may have had it ignored for good, and then nobody would learn of a child's end.
        // SAFETY: the default action has no handler that could be unsound.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
        let set = Self::set();
        // SAFETY: the set is initialised; a null pointer asks for no old one.
        let result =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        if result != 0 {
            return Err(Errno(result).at("block", "signals"));
        }
        // SAFETY: the set is initialised; the call returns a descriptor of our own.
        let fd = unsafe {
            own(libc::signalfd(
                -1,
                &raw const set,
                libc::SFD_NONBLOCK | libc::SFD_CLOEXEC,
            ))
        };
        Ok(Self {
            fd: fd.map_err(|errno| errno.at("open", "signalfd"))?,
        })
    }

    /// The next signal that waits. A normal signal sent many times before it is read counts once.
    pub fn read(&self) -> Result<Option<Received>, Error> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let length = size_of::<libc::signalfd_siginfo>();
        loop {
            // SAFETY: pointer and length describe `info`.
            let result = check_size(unsafe {
                libc::read(self.fd.as_raw_fd(), info.as_mut_ptr().cast(), length)
            });
            match result {
                Ok(_) => {}
                Err(Errno(libc::EAGAIN)) => return Ok(None),
                Err(Errno(libc::EINTR)) => continue,
                Err(errno) => return Err(errno.at("read", "signalfd")),
            }
            // SAFETY: the structure is plain numbers, zeroed at first, and the kernel wrote it whole.
            let info = unsafe { info.assume_init() };
            if let Some(signal) = Signal::from_number(info.ssi_signo) {
                return Ok(Some(Received {
                    signal,
                    sender: info.ssi_pid,
                    user: info.ssi_uid,
                }));
            }
        }
    }

    fn set() -> libc::sigset_t {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset initialises the set that sigaddset then changes.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in Signal::ALL {
                libc::sigaddset(set.as_mut_ptr(), signal.number());
            }
            // keepalived's thread dump (TDUMP): there is nothing to dump, and nobody shall end of it.
            libc::sigaddset(set.as_mut_ptr(), libc::SIGRTMAX());
            set.assume_init()
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Blocks every signal of the calling thread and returns what was blocked before.
pub(crate) fn block_all() -> Result<libc::sigset_t, Errno> {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset initialises the set that pthread_sigmask reads; that one initialises the other.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        match libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) {
            0 => Ok(before.assume_init()),
            errno => Err(Errno(errno)),
        }
    }
}

/// Undoes [`block_all`].
pub(crate) fn restore(before: &libc::sigset_t) {
    // SAFETY: the set is initialised; a null pointer asks for no old one.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}

/// Unblocks every signal. Async-signal-safe, for use before exec.
pub(crate) fn unblock_all() -> Result<(), Errno> {
    let mut empty = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set that sigprocmask then reads.
    check(unsafe {
        libc::sigemptyset(empty.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, empty.as_ptr(), std::ptr::null_mut())
    })?;
    Ok(())
}

/// Sends a signal by number to a process; ESRCH when it is gone.
pub fn send(process: u32, number: i32) -> Result<(), Error> {
    let error = |errno: Errno| errno.at("signal", crate::Object::Process(process));
    // 0 and negative ids address whole groups.
    let pid = c_int::try_from(process)
        .ok()
        .filter(|pid| *pid > 0)
        .ok_or(Errno(libc::ESRCH))
        .map_err(error)?;
    // SAFETY: kill(2) takes plain numbers.
    check(unsafe { libc::kill(pid, number) }).map_err(error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signum_gives_keepalived_numbers() {
        let names = [
            "STOP",
            "RELOAD",
            "DATA",
            "STATS",
            "STATS_CLEAR",
            "JSON",
            "TDUMP",
        ];
        let numbers = names.map(|name| signum(name).unwrap());
        assert_eq!(numbers, [15, 1, 10, 12, 63, 36, 64]);
        assert_eq!(signum("NONSENSE"), None);
    }

    #[test]
    fn blocked_signals_are_read_with_their_sender() {
        std::thread::spawn(|| {
            let signals = Signals::block().unwrap();
            for signal in Signal::ALL {
                // SAFETY: the signal is blocked in this thread and goes to this thread only.
                unsafe { libc::pthread_kill(libc::pthread_self(), signal.number()) };
                let received = signals.read().unwrap().unwrap();
                assert_eq!(
                    (received.signal, received.sender),
                    (signal, std::process::id())
                );
            }
            assert_eq!(signals.read().unwrap(), None);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn nobody_is_signalled_by_a_group_id() {
        assert_eq!(
            send(0, libc::SIGTERM).unwrap_err().errno,
            Errno(libc::ESRCH)
        );
        assert_eq!(
            send(u32::MAX, libc::SIGTERM).unwrap_err().errno,
            Errno(libc::ESRCH)
        );
    }
}
