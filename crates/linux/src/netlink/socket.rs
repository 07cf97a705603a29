//! A netlink socket that talks with the kernel only.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::message::{self, Buffer, Message};
use crate::Errno;
use crate::sys::{bind, check, check_size, set_option, socket, socket_length};

/// Room for one datagram: the kernel fills dumps up to 32 KiB.
const DATAGRAM_BYTES: usize = 32 * 1024;
/// A dump ends after so many, whatever comes between: each holds some hundred addresses.
const DATAGRAMS_PER_DUMP: usize = 16 * 1024;
/// The kernel answers a dump at once; this is for one that does not.
const DUMP_TIMEOUT_MS: i32 = 2_000;

const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_DUMP_INTR: u16 = 0x010;
const NLM_F_DUMP: u16 = 0x300;

#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    buffer: Box<[u8]>,
    sequence: u32,
}

/// What one read found.
pub(super) enum Datagram<'a> {
    /// Messages of the kernel.
    Messages(&'a [u8]),
    /// Something to skip: from another process.
    Foreign,
    /// Nothing waits.
    None,
    /// Messages were lost (ENOBUFS), or one did not fit.
    Lost,
}

impl Socket {
    /// Opens a route socket subscribed to these multicast groups (`RTNLGRP_*`).
    pub(super) fn open(groups: &[u32]) -> Result<Self, Errno> {
        Self::open_family(libc::NETLINK_ROUTE, groups)
    }

    /// Opens a socket of another netlink family (`NETLINK_*`).
    pub(super) fn open_family(family: libc::c_int, groups: &[u32]) -> Result<Self, Errno> {
        let fd = socket(libc::AF_NETLINK, libc::SOCK_RAW, family)?;
        // Both are refinements that old kernels lack: checked dump requests; errors without an echo.
        let _ = set_option(
            fd.as_fd(),
            libc::SOL_NETLINK,
            libc::NETLINK_GET_STRICT_CHK,
            &1_i32,
        );
        let _ = set_option(fd.as_fd(), libc::SOL_NETLINK, libc::NETLINK_CAP_ACK, &1_i32);
        bind(fd.as_fd(), &kernel_address())?;
        for group in groups {
            set_option(
                fd.as_fd(),
                libc::SOL_NETLINK,
                libc::NETLINK_ADD_MEMBERSHIP,
                group,
            )?;
        }
        Ok(Self {
            fd,
            buffer: vec![0; DATAGRAM_BYTES].into_boxed_slice(),
            sequence: 0,
        })
    }

    /// A number that no recent request had.
    pub(super) fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Sends messages to the kernel, which carries them out before this returns.
    pub(super) fn send(&self, messages: &[u8]) -> Result<(), Errno> {
        let kernel = kernel_address();
        let (pointer, length) = (messages.as_ptr().cast(), messages.len());
        let address = std::ptr::from_ref(&kernel).cast();
        let address_length = socket_length::<libc::sockaddr_nl>();
        loop {
            // SAFETY: the pointers and lengths describe `messages` and `kernel`, which are only read.
            let result = check_size(unsafe {
                libc::sendto(
                    self.fd.as_raw_fd(),
                    pointer,
                    length,
                    0,
                    address,
                    address_length,
                )
            });
            match result {
                Ok(sent) if sent == length => return Ok(()),
                Ok(_) => return Err(Errno(libc::EMSGSIZE)),
                Err(Errno(libc::EINTR)) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Takes one datagram without blocking.
    pub(super) fn receive(&mut self) -> Result<Datagram<'_>, Errno> {
        let mut sender = MaybeUninit::<libc::sockaddr_nl>::zeroed();
        let mut sender_length = socket_length::<libc::sockaddr_nl>();
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        // SAFETY: the pointers and lengths describe the buffer and the sender's address.
        let result = check_size(unsafe {
            libc::recvfrom(
                self.fd.as_raw_fd(),
                self.buffer.as_mut_ptr().cast(),
                self.buffer.len(),
                flags,
                sender.as_mut_ptr().cast(),
                &raw mut sender_length,
            )
        });
        let length = match result {
            Ok(length) => length,
            Err(Errno(libc::EAGAIN)) => return Ok(Datagram::None),
            Err(Errno(libc::EINTR)) => return Ok(Datagram::Foreign),
            Err(Errno(libc::ENOBUFS)) => return Ok(Datagram::Lost),
            Err(errno) => return Err(errno),
        };
        // SAFETY: the structure is plain numbers, zeroed at first.
        if unsafe { sender.assume_init() }.nl_pid != 0 {
            return Ok(Datagram::Foreign);
        }
        Ok(self
            .buffer
            .get(..length)
            .map_or(Datagram::Lost, Datagram::Messages))
    }

    /// Asks for everything of a kind and hands each message over; false when changes disturbed the dump and it has
    /// to be begun again. Blocks while the kernel answers, some seconds at worst.
    pub(super) fn dump(
        &mut self,
        kind: u16,
        request: &[u8],
        each: &mut dyn FnMut(Message<'_>),
    ) -> Result<bool, Errno> {
        let sequence = self.next_sequence();
        let mut buffer = Buffer::default();
        buffer.message(kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, |message| {
            message.push(request);
        });
        self.send(buffer.bytes())?;
        let mut consistent = true;
        for _ in 0..DATAGRAMS_PER_DUMP {
            if !self.wait(DUMP_TIMEOUT_MS)? {
                return Err(Errno(libc::ETIMEDOUT));
            }
            let bytes = match self.receive()? {
                Datagram::Messages(bytes) => bytes,
                Datagram::Foreign | Datagram::None => continue,
                Datagram::Lost => {
                    consistent = false;
                    continue;
                }
            };
            for message in message::messages(bytes) {
                consistent &= message.flags & NLM_F_DUMP_INTR == 0 || message.sequence != sequence;
                if message.sequence == sequence
                    && matches!(message.kind, message::DONE | message::ERROR)
                {
                    return match message::error_number(message.payload) {
                        0 => Ok(consistent),
                        libc::EINTR | libc::EAGAIN => Ok(false),
                        errno => Err(Errno(errno)),
                    };
                }
                each(message);
            }
        }
        Err(Errno(libc::ETIMEDOUT))
    }

    /// Blocks until something can be read, at most so many milliseconds; false when nothing came.
    pub(super) fn wait(&self, millis: i32) -> Result<bool, Errno> {
        let mut poll = libc::pollfd {
            fd: self.fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the pointer is to one pollfd.
        match check(unsafe { libc::poll(&raw mut poll, 1, millis) }) {
            Ok(count) => Ok(count > 0),
            Err(Errno(libc::EINTR)) => Ok(true),
            Err(errno) => Err(errno),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Port 0 is the kernel; to bind to it asks for any port.
fn kernel_address() -> libc::sockaddr_nl {
    // SAFETY: the structure is plain numbers.
    let mut address: libc::sockaddr_nl = unsafe { MaybeUninit::zeroed().assume_init() };
    address.nl_family = libc::sa_family_t::try_from(libc::AF_NETLINK).unwrap_or(0);
    address
}
