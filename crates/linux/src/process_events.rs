//! Births of processes as the kernel tells them: the process connector (linux/cn_proc.h). Only the
//! first network and process namespaces of a host have it, and it needs CAP_NET_ADMIN.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::filter::Filter;
use crate::sys::{bind, check, check_size, set_receive_buffer, socket};
use crate::{Errno, Error};

/// `CN_IDX_PROC` and `CN_VAL_PROC` of linux/connector.h: group and message kind.
const PROCESS_CONNECTOR: u32 = 1;
/// `PROC_CN_MCAST_LISTEN`
const LISTEN: u32 = 1;
const FORK: u32 = 0x1;
const EXEC: u32 = 0x2;
const RENAME: u32 = 0x200;
/// A host that starts thousands of processes a second must not lose one while we are busy.
const BUFFER_BYTES: u32 = 1024 * 1024;
/// The kernel answers within its own call; a namespace without the connector never does.
const ANSWER_MS: i32 = 50;
/// Room for one message.
const MESSAGE_BYTES: usize = 256;
/// Where in a message the event is, and where its process ids are.
const WHAT: usize = 36;
const IDS: usize = 52;

/// What happened to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessEvent {
    /// It was forked.
    Forked {
        /// By whom.
        parent: u32,
        /// Its id.
        child: u32,
    },
    /// It executes another program.
    Executed(u32),
    /// It has another name.
    Renamed(u32),
    /// Events were lost.
    Lost,
}

/// A subscription to births, executions and new names of processes; never blocks.
#[derive(Debug)]
pub struct ProcessEvents {
    socket: OwnedFd,
}

impl ProcessEvents {
    /// Subscribes. Fails where the kernel has no connector (ECONNREFUSED: another network namespace;
    /// ETIMEDOUT: another process or user namespace) or privilege is missing (EPERM). Waits a tenth of
    /// a second at most.
    pub fn open() -> Result<Self, Error> {
        Self::subscribe().map_err(|errno| errno.at("subscribe to", "process events"))
    }

    fn subscribe() -> Result<Self, Errno> {
        let socket = socket(libc::AF_NETLINK, libc::SOCK_DGRAM, libc::NETLINK_CONNECTOR)?;
        Filter::process_events().attach(socket.as_fd())?;
        bind(socket.as_fd(), &address(PROCESS_CONNECTOR))?;
        set_receive_buffer(socket.as_fd(), BUFFER_BYTES)?;
        let events = Self { socket };
        // Kernels before 6.6 know no choice of events and do not answer a request that makes one.
        for request in [&[LISTEN, FORK | EXEC | RENAME][..], &[LISTEN]] {
            events.send(request)?;
            if events.is_answered()? {
                return Ok(events);
            }
        }
        Err(Errno(libc::ETIMEDOUT))
    }

    fn send(&self, words: &[u32]) -> Result<(), Errno> {
        let payload: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        let total = 36_u32.saturating_add(u32::from(length));
        let kind = u16::try_from(libc::NLMSG_DONE).unwrap_or(0);
        let mut message = Vec::with_capacity(MESSAGE_BYTES);
        // A netlink header, then struct cn_msg: id, sequence, acknowledgement, length, flags.
        message.extend(total.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend([0; 10]);
        message.extend(PROCESS_CONNECTOR.to_ne_bytes());
        message.extend(PROCESS_CONNECTOR.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(length.to_ne_bytes());
        message.extend([0; 2]);
        message.extend(payload);
        let kernel = address(0);
        // SAFETY: the pointers and lengths describe `message` and `kernel`, which are only read.
        check_size(unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                message.as_ptr().cast(),
                message.len(),
                0,
                std::ptr::from_ref(&kernel).cast(),
                crate::sys::socket_length::<libc::sockaddr_nl>(),
            )
        })?;
        Ok(())
    }

    /// Whether the kernel has answered; its refusal is an error.
    fn is_answered(&self) -> Result<bool, Errno> {
        let mut poll = libc::pollfd {
            fd: self.socket.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the pointer is to one pollfd.
        while check(unsafe { libc::poll(&raw mut poll, 1, ANSWER_MS) })? > 0 {
            let mut buffer = [0; MESSAGE_BYTES];
            let Some(length) = self.receive(&mut buffer)? else {
                continue;
            };
            let message = buffer.get(..length).unwrap_or_default();
            if number(message, WHAT) == Some(0) {
                return match number(message, IDS) {
                    Some(0) => Ok(true),
                    refused => Err(Errno(
                        refused
                            .and_then(|errno| i32::try_from(errno).ok())
                            .unwrap_or(libc::EIO),
                    )),
                };
            }
        }
        Ok(false)
    }

    /// The next event that waits; none when none does.
    pub fn next(&self) -> Result<Option<ProcessEvent>, Error> {
        let mut buffer = [0; MESSAGE_BYTES];
        loop {
            match self.receive(&mut buffer) {
                Ok(Some(length)) => {
                    let message = buffer.get(..length).unwrap_or_default();
                    if let Some(event) = decode(message) {
                        return Ok(Some(event));
                    }
                }
                Ok(None) => return Ok(None),
                Err(Errno(libc::ENOBUFS)) => return Ok(Some(ProcessEvent::Lost)),
                Err(errno) => return Err(errno.at("read", "process events")),
            }
        }
    }

    /// One message of the kernel; none when none waits.
    fn receive(&self, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
        loop {
            let mut sender = address(0);
            let mut sender_length = crate::sys::socket_length::<libc::sockaddr_nl>();
            // SAFETY: the pointers and lengths describe the buffer and the sender's address.
            let received = check_size(unsafe {
                libc::recvfrom(
                    self.socket.as_raw_fd(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    libc::MSG_DONTWAIT,
                    std::ptr::from_mut(&mut sender).cast(),
                    &raw mut sender_length,
                )
            });
            match received {
                // Whoever has the right to can send to the group as well.
                Ok(_) if sender.nl_pid != 0 => {}
                Ok(length) => return Ok(Some(length)),
                Err(Errno(libc::EINTR)) => {}
                Err(Errno(libc::EAGAIN)) => return Ok(None),
                Err(errno) => return Err(errno),
            }
        }
    }
}

impl AsFd for ProcessEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn decode(message: &[u8]) -> Option<ProcessEvent> {
    match number(message, WHAT)? {
        FORK => Some(ProcessEvent::Forked {
            parent: number(message, IDS + 4)?,
            child: number(message, IDS + 12)?,
        }),
        EXEC => Some(ProcessEvent::Executed(number(message, IDS + 4)?)),
        RENAME => Some(ProcessEvent::Renamed(number(message, IDS + 4)?)),
        _ => None,
    }
}

fn number(message: &[u8], at: usize) -> Option<u32> {
    let bytes = message.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_ne_bytes(*bytes))
}

fn address(groups: u32) -> libc::sockaddr_nl {
    // SAFETY: the structure is plain numbers.
    let mut address: libc::sockaddr_nl = unsafe { MaybeUninit::zeroed().assume_init() };
    address.nl_family = libc::sa_family_t::try_from(libc::AF_NETLINK).unwrap_or(0);
    address.nl_groups = groups;
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// Where the kernel has no connector for us there is nothing to see but that it says so.
    #[test]
    fn births_are_told_and_threads_are_not() {
        let events = match ProcessEvents::open() {
            Ok(events) => events,
            Err(error) => {
                let expected = [libc::ECONNREFUSED, libc::EPERM, libc::ETIMEDOUT];
                assert!(expected.contains(&error.errno.0), "{error}");
                return;
            }
        };
        let own = std::process::id();
        std::thread::spawn(|| ()).join().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        let mut seen = Vec::new();
        while Instant::now() < end && !seen.contains(&ProcessEvent::Executed(pid)) {
            match events.next().unwrap() {
                Some(event) => seen.push(event),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        let executed = seen.contains(&ProcessEvent::Executed(pid));
        assert!(executed, "{seen:?}");
        let forked = |event: &&ProcessEvent| matches!(event, ProcessEvent::Forked { child, .. } if *child == pid);
        assert_eq!(seen.iter().filter(forked).count(), 1, "{seen:?}");
        let thread = |event: &ProcessEvent| matches!(event, ProcessEvent::Forked { parent, child } if parent == child || *child == own);
        assert!(!seen.iter().any(thread), "{seen:?}");
    }
}
