//! Packets in batches: a receive ring that sockets share, and sending many in one call.

use std::iter::{Take, Zip};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::slice;

use crate::clock::{Micros, from_timespec, monotonic, realtime};
use crate::sys::{check, set_option, socket_length};
use crate::{Errno, Error};

/// Packets taken from a socket at once; more wait for the next call.
pub const RING_PACKETS: usize = 32;
/// Room for one packet in bytes: more than an Ethernet frame; what is longer is cut and marked.
pub const PACKET_BYTES: usize = 2048;
/// Packets handed to the kernel at once.
const SEND_BATCH: usize = 64;
/// Room for the ancillary data of one packet, in 64-bit words: a time stamp takes four, what IPv6 sockets tell of the
/// header eight.
const CONTROL_WORDS: usize = 16;
/// Messages of ancillary data that are looked at: three are asked for.
const MAX_CONTROL_MESSAGES: usize = 8;

/// Room for received packets, made once and lent to any socket of the same thread.
pub struct PacketRing {
    storage: Box<[[u8; PACKET_BYTES]]>,
    received: [Slot; RING_PACKETS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    length: usize,
    truncated: bool,
    at: Micros,
    ipv6: Option<Ipv6Path>,
    ipv4: Option<Ipv4Path>,
}

/// What a socket that gives no IPv4 header tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4Path {
    /// Sender.
    pub source: Ipv4Addr,
    /// Group or host it was sent to.
    pub destination: Ipv4Addr,
    /// Time to live as received.
    pub ttl: u8,
}

/// What a raw IPv6 socket tells of the header, which is not among the bytes that it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv6Path {
    /// Sender.
    pub source: Ipv6Addr,
    /// Group or host it was sent to.
    pub destination: Ipv6Addr,
    /// Hop limit as received.
    pub hop_limit: u8,
}

/// A packet in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// From the first byte of the header that the socket's type begins with.
    pub bytes: &'a [u8],
    /// Its end did not fit into [`PACKET_BYTES`].
    pub truncated: bool,
    /// When the kernel had it, on [`monotonic`]: earlier than now if the process was paused.
    pub received: Micros,
    /// The header of a packet from a raw or UDP IPv6 socket; none from other sockets.
    pub ipv6: Option<Ipv6Path>,
    /// The header of a packet from an IPv4 UDP socket; none from other sockets.
    pub ipv4: Option<Ipv4Path>,
}

/// The packets that one call took, oldest first.
#[derive(Debug)]
pub struct Packets<'a>(Take<Zip<slice::Iter<'a, [u8; PACKET_BYTES]>, slice::Iter<'a, Slot>>>);

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let (bytes, slot) = self.0.next()?;
        let bytes = bytes.get(..slot.length)?;
        Some(Packet {
            bytes,
            truncated: slot.truncated,
            received: slot.at,
            ipv6: slot.ipv6,
            ipv4: slot.ipv4,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Packets<'_> {}

impl Default for PacketRing {
    fn default() -> Self {
        Self::new()
    }
}

impl PacketRing {
    /// Takes 64 KiB, of which only what packets touch becomes resident.
    pub fn new() -> Self {
        let storage = vec![[0; PACKET_BYTES]; RING_PACKETS].into_boxed_slice();
        Self {
            storage,
            received: [Slot::default(); RING_PACKETS],
        }
    }

    /// Fills the ring with what waits on a socket, `limit` packets at most.
    pub(crate) fn fill(
        &mut self,
        socket: BorrowedFd<'_>,
        limit: usize,
    ) -> Result<Packets<'_>, Errno> {
        let count = self.receive(socket, limit.min(RING_PACKETS))?;
        Ok(self.packets(count))
    }

    /// The first so many packets of the ring.
    pub(crate) fn packets(&self, count: usize) -> Packets<'_> {
        Packets(self.storage.iter().zip(&self.received).take(count))
    }

    /// As [`PacketRing::fill`]; how many.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>, limit: usize) -> Result<usize, Errno> {
        let mut control = [[0_u64; CONTROL_WORDS]; RING_PACKETS];
        let mut vectors = [libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        }; RING_PACKETS];
        for (vector, bytes) in vectors.iter_mut().zip(&mut self.storage) {
            *vector = libc::iovec {
                iov_base: bytes.as_mut_ptr().cast(),
                iov_len: bytes.len(),
            };
        }
        let mut headers = empty_headers::<RING_PACKETS>();
        let mut names = [ipv6_socket_address(Ipv6Addr::UNSPECIFIED, 0); RING_PACKETS];
        let buffers = vectors.iter_mut().zip(&mut control).zip(&mut names);
        for (header, ((vector, control), name)) in headers.iter_mut().zip(buffers) {
            header.msg_hdr.msg_name = std::ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = socket_length::<libc::sockaddr_in6>();
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of_val(control);
        }
        let (fd, limit) = (socket.as_raw_fd(), u32::try_from(limit).unwrap_or(0));
        let (flags, no_timeout) = (libc::MSG_DONTWAIT, std::ptr::null_mut());
        // SAFETY: there are at least `limit` headers, each points to a vector, a name and a control buffer that
        // live until the end of this function, and each vector to a packet of the ring.
        let result =
            check(unsafe { libc::recvmmsg(fd, headers.as_mut_ptr(), limit, flags, no_timeout) });
        let count = match result {
            Ok(count) => usize::try_from(count).unwrap_or(0),
            Err(Errno(libc::EAGAIN | libc::EINTR)) => 0,
            Err(errno) => return Err(errno),
        };
        let clocks = (monotonic(), realtime());
        let received = headers.iter().zip(&names);
        for (slot, (header, name)) in self.received.iter_mut().zip(received).take(count) {
            slot.length = usize::try_from(header.msg_len)
                .unwrap_or(0)
                .min(PACKET_BYTES);
            slot.truncated = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            let told = told(&header.msg_hdr);
            slot.at = arrival(told.stamp, clocks);
            slot.ipv6 = ipv6_path(name, &told);
            slot.ipv4 = ipv4_path(name, &told);
        }
        Ok(count)
    }
}

/// The ancillary data of one packet.
#[derive(Default)]
struct Told {
    stamp: Option<libc::timespec>,
    destination: Option<Ipv6Addr>,
    hop_limit: Option<u8>,
    ipv4_destination: Option<Ipv4Addr>,
    ttl: Option<u8>,
}

/// Reads what the kernel has put into a header's control buffer.
fn told(header: &libc::msghdr) -> Told {
    let mut told = Told::default();
    // SAFETY: the kernel has filled the header's control buffer, which is still alive.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    for _ in 0..MAX_CONTROL_MESSAGES {
        // SAFETY: null, or a message inside that buffer.
        let Some(message) = (unsafe { next.as_ref() }) else {
            break;
        };
        // SAFETY: the message's data lies inside the buffer; it is read only as what its type says.
        unsafe {
            let data = libc::CMSG_DATA(message);
            match (message.cmsg_level, message.cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    told.stamp = Some(data.cast::<libc::timespec>().read_unaligned());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    told.destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr));
                }
                (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                    let limit = data.cast::<libc::c_int>().read_unaligned();
                    told.hop_limit = u8::try_from(limit).ok();
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    let address = info.ipi_addr.s_addr.to_ne_bytes();
                    told.ipv4_destination = Some(Ipv4Addr::from(address));
                }
                (libc::IPPROTO_IP, libc::IP_TTL) => {
                    let ttl = data.cast::<libc::c_int>().read_unaligned();
                    told.ttl = u8::try_from(ttl).ok();
                }
                _ => {}
            }
            next = libc::CMSG_NXTHDR(header, message);
        }
    }
    told
}

/// Carries the kernel's time stamp, which is on the settable clock, over to the monotonic one.
fn arrival(stamp: Option<libc::timespec>, (monotonic, realtime): (Micros, Micros)) -> Micros {
    let Some(stamp) = stamp else {
        return monotonic;
    };
    monotonic.saturating_sub(realtime.saturating_sub(from_timespec(&stamp)))
}

fn ipv6_path(name: &libc::sockaddr_in6, told: &Told) -> Option<Ipv6Path> {
    if i32::from(name.sin6_family) != libc::AF_INET6 {
        return None;
    }
    Some(Ipv6Path {
        source: Ipv6Addr::from(name.sin6_addr.s6_addr),
        destination: told.destination?,
        hop_limit: told.hop_limit?,
    })
}

/// The name is in the form of IPv4, whose address lies where IPv6 has its flow label.
fn ipv4_path(name: &libc::sockaddr_in6, told: &Told) -> Option<Ipv4Path> {
    if i32::from(name.sin6_family) != libc::AF_INET {
        return None;
    }
    Some(Ipv4Path {
        source: Ipv4Addr::from(name.sin6_flowinfo.to_ne_bytes()),
        destination: told.ipv4_destination?,
        ttl: told.ttl?,
    })
}

fn empty_headers<const N: usize>() -> [libc::mmsghdr; N] {
    // SAFETY: the structure is numbers and pointers; zero and null are valid and mean "absent".
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Asks the kernel to stamp packets with the time of their arrival.
pub(crate) fn stamp_arrival(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &1_i32)
}

/// Throws away what a socket caught before its filter was in place, at most one full queue of
/// small packets.
pub(crate) fn discard(socket: BorrowedFd<'_>) {
    const BOUND: usize = 4096;
    for _ in 0..BOUND {
        let mut byte = 0_u8;
        // SAFETY: pointer and length describe `byte`.
        let result = unsafe {
            libc::recv(
                socket.as_raw_fd(),
                (&raw mut byte).cast(),
                1,
                libc::MSG_DONTWAIT,
            )
        };
        if result == -1 {
            return;
        }
    }
}

/// How far a burst came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// So many packets from the front of the burst went out.
    pub packets: usize,
    /// Why the next one did not: ENOBUFS and EAGAIN mean full queues, ENETDOWN an interface that is down.
    pub failure: Option<Error>,
}

/// How a socket knows where a packet goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Destination {
    /// Reads it out of the packet.
    pub(crate) read: fn(&[u8]) -> Option<IpAddr>,
    /// Index of the interface on which link-local addresses are meant; 0 for none.
    pub(crate) scope: u32,
}

/// Sends packets in order until one fails: to their `destination`, or without it they go where the socket is bound to.
pub(crate) fn send_all(
    socket: BorrowedFd<'_>,
    packets: &[&[u8]],
    destination: Option<Destination>,
) -> (usize, Option<Errno>) {
    let mut sent = 0;
    while let Some(rest) = packets.get(sent..).filter(|rest| !rest.is_empty()) {
        match send_batch(socket, rest, destination) {
            Ok(count) => sent += count,
            Err(Errno(libc::EINTR)) => {}
            Err(errno) => return (sent, Some(errno)),
        }
    }
    (sent, None)
}

/// Sends at least one packet of the batch or fails.
fn send_batch(
    socket: BorrowedFd<'_>,
    packets: &[&[u8]],
    destination: Option<Destination>,
) -> Result<usize, Errno> {
    let mut headers = empty_headers::<SEND_BATCH>();
    let mut vectors = [libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: 0,
    }; SEND_BATCH];
    let mut addresses = [SocketAddress::V4(socket_address(Ipv4Addr::UNSPECIFIED)); SEND_BATCH];
    let slots = headers.iter_mut().zip(&mut vectors).zip(&mut addresses);
    let mut count = 0;
    for (packet, ((header, vector), address)) in packets.iter().zip(slots) {
        if let Some(destination) = destination {
            let Some(to) = (destination.read)(packet) else {
                break;
            };
            *address = SocketAddress::new(to, destination.scope);
            (header.msg_hdr.msg_name, header.msg_hdr.msg_namelen) = match address {
                SocketAddress::V4(to) => (
                    std::ptr::from_mut(to).cast(),
                    socket_length::<libc::sockaddr_in>(),
                ),
                SocketAddress::V6(to) => (
                    std::ptr::from_mut(to).cast(),
                    socket_length::<libc::sockaddr_in6>(),
                ),
            };
        }
        *vector = libc::iovec {
            iov_base: packet.as_ptr().cast_mut().cast(),
            iov_len: packet.len(),
        };
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        count += 1;
    }
    if count == 0 {
        return Err(Errno(libc::EINVAL));
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: there are at least `count` headers, each points to a vector, an address or null, and a
    // packet that outlive the call; the kernel only reads the packets.
    let result = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags) };
    Ok(usize::try_from(check(result)?).unwrap_or(0))
}

/// An address of either family in the form that sockets take.
#[derive(Clone, Copy)]
pub(crate) enum SocketAddress {
    /// IPv4.
    V4(libc::sockaddr_in),
    /// IPv6.
    V6(libc::sockaddr_in6),
}

impl SocketAddress {
    /// `scope` is the index of the interface on which a link-local address is meant.
    pub(crate) fn new(address: IpAddr, scope: u32) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(socket_address(address)),
            IpAddr::V6(address) => Self::V6(ipv6_socket_address(address, scope)),
        }
    }
}

/// An IPv6 address in the form that sockets take; only link-local ones have a scope.
pub(crate) fn ipv6_socket_address(address: Ipv6Addr, scope: u32) -> libc::sockaddr_in6 {
    let scoped = address.is_unicast_link_local() || address.is_multicast();
    libc::sockaddr_in6 {
        sin6_family: libc::sa_family_t::try_from(libc::AF_INET6).unwrap_or(0),
        sin6_port: 0,
        sin6_flowinfo: 0,
        sin6_addr: libc::in6_addr {
            s6_addr: address.octets(),
        },
        sin6_scope_id: if scoped { scope } else { 0 },
    }
}

/// The address in the form that sockets take.
pub(crate) fn socket_address(address: Ipv4Addr) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::sa_family_t::try_from(libc::AF_INET).unwrap_or(0),
        sin_port: 0,
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(address.octets()),
        },
        sin_zero: [0; 8],
    }
}
