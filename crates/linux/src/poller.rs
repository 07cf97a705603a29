//! The event loop: epoll, an absolute timer and a wake-up for other threads.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use libc::c_int;

use crate::clock::{Micros, to_timespec};
use crate::sys::{check, check_size, own};
use crate::{Errno, Error};

/// Events taken from the kernel at once; more wait for the next call.
const EVENTS_PER_WAIT: usize = 64;

/// What a descriptor is watched for; errors and hang-ups are always told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Something can be read.
    Read,
    /// Something can be written.
    Write,
    /// Either.
    ReadWrite,
}

impl Interest {
    fn bits(self) -> u32 {
        let bits = match self {
            Self::Read => libc::EPOLLIN,
            Self::Write => libc::EPOLLOUT,
            Self::ReadWrite => libc::EPOLLIN | libc::EPOLLOUT,
        };
        bits.cast_unsigned()
    }
}

/// A descriptor that has something to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The token it was added with.
    pub token: u64,
    /// A read would not block.
    pub readable: bool,
    /// A write would not block.
    pub writable: bool,
    /// The other end is gone or an error waits.
    pub closed: bool,
}

impl Ready {
    fn new(event: libc::epoll_event) -> Self {
        let is = |bits: c_int| event.events & bits.cast_unsigned() != 0;
        Self {
            token: event.u64,
            readable: is(libc::EPOLLIN),
            writable: is(libc::EPOLLOUT),
            closed: is(libc::EPOLLHUP | libc::EPOLLERR | libc::EPOLLRDHUP),
        }
    }
}

/// Room for the answers of [`Poller::wait`], made once.
pub struct ReadyList {
    events: Box<[libc::epoll_event]>,
    length: usize,
}

impl ReadyList {
    /// Room for one call's events.
    pub fn new() -> Self {
        let none = libc::epoll_event { events: 0, u64: 0 };
        Self {
            events: vec![none; EVENTS_PER_WAIT].into_boxed_slice(),
            length: 0,
        }
    }

    /// What the last [`Poller::wait`] found.
    pub fn iter(&self) -> impl Iterator<Item = Ready> {
        self.events
            .iter()
            .take(self.length)
            .map(|event| Ready::new(*event))
    }
}

impl Default for ReadyList {
    fn default() -> Self {
        Self::new()
    }
}

/// How long to wait for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// Until something happens; put a [`Timer`] among the descriptors.
    Forever,
    /// At most so long, rounded up to whole milliseconds.
    AtMost(Micros),
}

impl Wait {
    fn millis(self) -> c_int {
        match self {
            Self::No => 0,
            Self::Forever => -1,
            Self::AtMost(time) => c_int::try_from(time.0.div_ceil(1_000)).unwrap_or(c_int::MAX),
        }
    }
}

/// A level-triggered epoll instance.
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    /// Makes an epoll instance.
    pub fn new() -> Result<Self, Error> {
        // SAFETY: the call returns a descriptor of our own.
        let epoll = unsafe { own(libc::epoll_create1(libc::EPOLL_CLOEXEC)) };
        Ok(Self {
            epoll: epoll.map_err(|errno| errno.at("create", "epoll instance"))?,
        })
    }

    /// Watches a descriptor; EEXIST when it is watched already.
    pub fn add(&self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> Result<(), Error> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, interest.bits())
            .map_err(|e| e.at("add", "descriptor to epoll"))
    }

    /// Changes token and interest of a watched descriptor.
    pub fn modify(&self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> Result<(), Error> {
        self.control(libc::EPOLL_CTL_MOD, fd, token, interest.bits())
            .map_err(|e| e.at("modify", "descriptor in epoll"))
    }

    /// Stops watching a descriptor; closing it does the same unless it was duplicated.
    pub fn remove(&self, fd: BorrowedFd<'_>) -> Result<(), Error> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
            .map_err(|e| e.at("remove", "descriptor from epoll"))
    }

    /// Blocks as long as asked; a signal handler ends the wait early with an empty list.
    pub fn wait(&self, ready: &mut ReadyList, wait: Wait) -> Result<(), Error> {
        ready.length = 0;
        let capacity = c_int::try_from(ready.events.len()).unwrap_or(0);
        let events = ready.events.as_mut_ptr();
        // SAFETY: pointer and capacity describe the list's buffer.
        let result = check(unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), events, capacity, wait.millis())
        });
        match result {
            Ok(count) => ready.length = usize::try_from(count).unwrap_or(0),
            Err(Errno(libc::EINTR)) => {}
            Err(errno) => return Err(errno.at("wait on", "epoll instance")),
        }
        Ok(())
    }

    fn control(
        &self,
        operation: c_int,
        fd: BorrowedFd<'_>,
        token: u64,
        bits: u32,
    ) -> Result<(), Errno> {
        let mut event = libc::epoll_event {
            events: bits,
            u64: token,
        };
        // SAFETY: both descriptors are open for the call and the kernel only reads the event.
        check(unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                operation,
                fd.as_raw_fd(),
                &raw mut event,
            )
        })?;
        Ok(())
    }
}

/// A timer on [`crate::clock::monotonic`] that becomes readable when its time has come.
#[derive(Debug)]
pub struct Timer {
    timer: OwnedFd,
}

impl Timer {
    /// Makes a disarmed timer.
    pub fn new() -> Result<Self, Error> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: the call returns a descriptor of our own.
        let timer = unsafe { own(libc::timerfd_create(libc::CLOCK_MONOTONIC, flags)) };
        Ok(Self {
            timer: timer.map_err(|errno| errno.at("create", "timer"))?,
        })
    }

    /// Fires once at this time, at once if it has passed; replaces an earlier time.
    pub fn set(&self, at: Micros) -> Result<(), Error> {
        // Time zero would disarm the timer.
        self.arm(to_timespec(at.max(Micros(1))))
    }

    /// Forgets the time.
    pub fn disarm(&self) -> Result<(), Error> {
        self.arm(to_timespec(Micros(0)))
    }

    /// Makes the timer unreadable again; true when it had fired.
    pub fn drain(&self) -> bool {
        drain_counter(self.timer.as_fd())
    }

    fn arm(&self, at: libc::timespec) -> Result<(), Error> {
        let once = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let setting = libc::itimerspec {
            it_interval: once,
            it_value: at,
        };
        let (fd, flags) = (self.timer.as_raw_fd(), libc::TFD_TIMER_ABSTIME);
        // SAFETY: the kernel only reads the setting; a null pointer asks for no old one.
        check(unsafe {
            libc::timerfd_settime(fd, flags, &raw const setting, std::ptr::null_mut())
        })
        .map_err(|errno| errno.at("set", "timer"))?;
        Ok(())
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

/// Makes another thread's [`Poller`] return; clones wake the same one.
#[derive(Debug, Clone)]
pub struct Waker {
    counter: Arc<OwnedFd>,
}

impl Waker {
    /// Makes a waker that its owner adds to its poller.
    pub fn new() -> Result<Self, Error> {
        // SAFETY: the call returns a descriptor of our own.
        let counter = unsafe { own(libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC)) };
        Ok(Self {
            counter: Arc::new(counter.map_err(|errno| errno.at("create", "waker"))?),
        })
    }

    /// Wakes the owner; many calls before it drains count as one.
    pub fn wake(&self) {
        let one = 1_u64.to_ne_bytes();
        // The only failure is a full counter, and then the owner is awake already.
        // SAFETY: pointer and length describe `one`.
        unsafe { libc::write(self.counter.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Makes the waker unreadable again; true when it had been woken.
    pub fn drain(&self) -> bool {
        drain_counter(self.counter.as_fd())
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.counter.as_fd()
    }
}

fn drain_counter(fd: BorrowedFd<'_>) -> bool {
    let mut count = [0_u8; 8];
    // SAFETY: pointer and length describe `count`.
    let read =
        check_size(unsafe { libc::read(fd.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) });
    read == Ok(count.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    fn tokens(poller: &Poller, wait: Wait) -> Vec<u64> {
        let mut ready = ReadyList::new();
        poller.wait(&mut ready, wait).unwrap();
        ready.iter().map(|event| event.token).collect()
    }

    #[test]
    fn timer_fires_not_before_its_time_and_once() {
        let (poller, timer) = (Poller::new().unwrap(), Timer::new().unwrap());
        poller.add(timer.as_fd(), 7, Interest::Read).unwrap();
        let at = monotonic().saturating_add(Micros(3_000));
        timer.set(at).unwrap();
        assert_eq!(tokens(&poller, Wait::No), []);
        assert_eq!(tokens(&poller, Wait::Forever), [7]);
        assert!(monotonic() >= at);
        assert!(timer.drain());
        assert!(!timer.drain());
        assert_eq!(tokens(&poller, Wait::No), []);
    }

    #[test]
    fn timer_in_the_past_fires_at_once_and_a_disarmed_one_never() {
        let (poller, timer) = (Poller::new().unwrap(), Timer::new().unwrap());
        poller.add(timer.as_fd(), 1, Interest::Read).unwrap();
        timer.set(Micros(0)).unwrap();
        assert_eq!(
            tokens(&poller, Wait::AtMost(Micros::from_millis(1_000))),
            [1]
        );
        timer
            .set(monotonic().saturating_add(Micros(1_000)))
            .unwrap();
        timer.disarm().unwrap();
        assert_eq!(tokens(&poller, Wait::AtMost(Micros::from_millis(5))), []);
    }

    #[test]
    fn waker_wakes_from_another_thread_and_coalesces() {
        let (poller, waker) = (Poller::new().unwrap(), Waker::new().unwrap());
        poller.add(waker.as_fd(), 9, Interest::Read).unwrap();
        let remote = waker.clone();
        let thread = std::thread::spawn(move || {
            remote.wake();
            remote.wake();
        });
        assert_eq!(tokens(&poller, Wait::Forever), [9]);
        thread.join().unwrap();
        assert!(waker.drain());
        assert!(!waker.drain());
    }

    #[test]
    fn a_descriptor_can_be_modified_and_removed() {
        let (poller, waker) = (Poller::new().unwrap(), Waker::new().unwrap());
        poller.add(waker.as_fd(), 1, Interest::Read).unwrap();
        let twice = poller.add(waker.as_fd(), 1, Interest::Read).unwrap_err();
        assert_eq!(twice.to_string(), "add descriptor to epoll: File exists");
        poller
            .modify(waker.as_fd(), 2, Interest::ReadWrite)
            .unwrap();
        assert_eq!(tokens(&poller, Wait::No), [2]);
        poller.remove(waker.as_fd()).unwrap();
        assert_eq!(tokens(&poller, Wait::No), []);
    }
}
