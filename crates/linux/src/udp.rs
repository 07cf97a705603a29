//! UDP between hosts of one link: a socket for one interface and family, or without an interface for one address of this
//! host. What its filter does not know never leaves the kernel.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::filter::Filter;
use crate::packet::{
    Ipv4Path, Ipv6Path, Packet, PacketRing, Packets, RING_PACKETS, SocketAddress,
    ipv6_socket_address,
};
use crate::sys::{bind, check_size, drops, set_option, set_receive_buffer, socket, socket_length};
use crate::vrrp::{bind_to_device, join};
use crate::{Errno, Error, Interface};

/// Bytes asked for the receive buffer, which the kernel doubles: some hundred messages.
const RECEIVE_BUFFER: u32 = 128 * 1024;
/// ICMP errors taken from one socket at once; more wait for the next call.
pub const ERRORS_PER_CALL: usize = 32;
/// Another process has the port.
pub const PORT_TAKEN: Errno = Errno(libc::EADDRINUSE);
/// Sending failed for what passes by itself: an interface that is down or gone, a full queue.
pub const PASSING: [Errno; 4] = [
    Errno(libc::ENETDOWN),
    Errno(libc::ENODEV),
    Errno(libc::ENOBUFS),
    Errno(libc::EAGAIN),
];
/// Internetwork control (RFC 4594), as the advertisements have it.
const TRAFFIC_CLASS: i32 = 0xc0;
/// A datagram that crossed no router still has it.
const TTL: i32 = 255;
/// Room for the ancillary data of one message, in 64-bit words: an ICMP error takes six of them or eight.
const CONTROL_WORDS: usize = 16;
/// Messages of ancillary data that are looked at.
const MAX_CONTROL_MESSAGES: usize = 4;
/// A failure that a socket reports may be an older datagram's, and the present one was not sent or received then.
const TRIES: usize = 3;

/// Where a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Bound to it; to nothing without one.
    pub interface: Option<Interface>,
    /// Our address that is listened at, also one that may come later; an unspecified one stands for all of its family.
    pub local: IpAddr,
    /// Port of both ends.
    pub port: u16,
}

/// Which datagrams pass; all must come from the socket's own port number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// How they begin.
    pub magic: [u8; 4],
    /// The byte after that.
    pub version: u8,
    /// Bytes of the longest one.
    pub longest: u16,
    /// Only with a time to live (hop limit) of 255: from this link.
    pub from_link: bool,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// An address of this host.
    pub source: IpAddr,
    /// A host, or a group.
    pub destination: IpAddr,
    /// The data.
    pub bytes: &'a [u8],
}

/// Sends and hears datagrams.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    place: Place,
    groups: BTreeSet<IpAddr>,
}

impl Socket {
    /// Opens it. A port that somebody else has is EADDRINUSE; with the sockets `beside` it, which are the caller's own,
    /// it may be shared: the more particular one hears a datagram.
    pub fn open(place: Place, accepted: &Accepted, beside: &[&Socket]) -> Result<Self, Error> {
        let fd = open(place, accepted, beside)
            .map_err(|errno| errno.at("open UDP socket on", place.interface))?;
        Ok(Socket {
            fd,
            place,
            groups: BTreeSet::new(),
        })
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Replaces the filter; no datagram meets neither or both.
    pub fn set_accepted(&self, accepted: &Accepted) -> Result<(), Error> {
        filter(self.place, accepted)
            .attach(self.fd.as_fd())
            .map_err(|errno| errno.at("filter UDP on", self.place.interface))
    }

    /// Hears one more group.
    pub fn join(&mut self, group: IpAddr) -> Result<(), Error> {
        if !self.groups.contains(&group) {
            join(&self.fd, self.place.interface, group)
                .map_err(|errno| errno.at("join a group on", self.place.interface))?;
            self.groups.insert(group);
        }
        Ok(())
    }

    /// The groups that it hears.
    pub fn groups(&self) -> &BTreeSet<IpAddr> {
        &self.groups
    }

    /// Takes what waits, [`RING_PACKETS`] at most: the data of datagrams. An iterator that is that long means that more
    /// may wait. [`path`] tells where one came from.
    pub fn receive<'ring>(&self, ring: &'ring mut PacketRing) -> Result<Packets<'ring>, Error> {
        let mut result = ring.receive(self.fd.as_fd(), RING_PACKETS);
        for _ in 1..TRIES {
            if result.is_ok() {
                break;
            }
            result = ring.receive(self.fd.as_fd(), RING_PACKETS);
        }
        let count = result.map_err(|errno| errno.at("receive UDP on", self.place.interface))?;
        Ok(ring.packets(count))
    }

    /// Hosts that have answered with ICMP errors of their own, or of whose port somebody says that it is closed;
    /// [`ERRORS_PER_CALL`] at most. A host that cannot be reached is none of them.
    pub fn refusals(&self) -> Vec<IpAddr> {
        let mut refusals = Vec::new();
        for _ in 0..ERRORS_PER_CALL {
            match take_error(self.fd.as_fd()) {
                Ok(Some(host)) => refusals.push(host),
                Ok(None) => {}
                Err(_) => break,
            }
        }
        refusals
    }

    /// Sends one datagram. EINVAL or, in newer kernels and for IPv4, ENETUNREACH: the source is not ours.
    pub fn send(&self, datagram: Datagram<'_>) -> Result<(), Error> {
        let mut result = send(self.fd.as_fd(), self.place, datagram);
        for _ in 1..TRIES {
            if result.is_ok() {
                break;
            }
            result = send(self.fd.as_fd(), self.place, datagram);
        }
        result.map_err(|errno| errno.at("send UDP on", self.place.interface))
    }

    /// Datagrams that found the receive buffer full. The counter wraps at 2^32.
    pub fn dropped(&self) -> Result<u32, Error> {
        drops(self.fd.as_fd()).map_err(|errno| errno.at("read UDP drops of", self.place.interface))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Sender and time to live (hop limit) of a datagram.
pub fn path(packet: &Packet<'_>) -> Option<(IpAddr, u8)> {
    match (packet.ipv4, packet.ipv6) {
        (Some(Ipv4Path { source, ttl, .. }), _) => Some((IpAddr::V4(source), ttl)),
        (
            None,
            Some(Ipv6Path {
                source, hop_limit, ..
            }),
        ) => Some((IpAddr::V6(source), hop_limit)),
        (None, None) => None,
    }
}

fn open(place: Place, accepted: &Accepted, beside: &[&Socket]) -> Result<OwnedFd, Errno> {
    let domain = match place.local {
        IpAddr::V4(_) => libc::AF_INET,
        IpAddr::V6(_) => libc::AF_INET6,
    };
    let fd = socket(domain, libc::SOCK_DGRAM, libc::IPPROTO_UDP)?;
    filter(place, accepted).attach(fd.as_fd())?;
    bind_to_device(&fd, place.interface)?;
    match place.local {
        IpAddr::V4(_) => set_ipv4_options(&fd)?,
        IpAddr::V6(_) => set_ipv6_options(&fd)?,
    }
    set_receive_buffer(fd.as_fd(), RECEIVE_BUFFER)?;
    bind_beside(&fd, place, beside)?;
    free_bind(&fd, place.local, false)?;
    Ok(fd)
}

/// The port is shared with our own sockets and with nobody else: the kernel looks at the option while it binds.
fn bind_beside(fd: &OwnedFd, place: Place, beside: &[&Socket]) -> Result<(), Errno> {
    let share = |shared: i32| {
        let all = beside.iter().map(|other| other.fd.as_fd());
        let mut all = all.chain((!beside.is_empty()).then_some(fd.as_fd()));
        all.try_for_each(|one| set_option(one, libc::SOL_SOCKET, libc::SO_REUSEADDR, &shared))
    };
    share(1)?;
    let bound = match address(place.local, place) {
        SocketAddress::V4(address) => bind(fd.as_fd(), &address),
        SocketAddress::V6(address) => bind(fd.as_fd(), &address),
    };
    share(0)?;
    bound
}

fn set_ipv4_options(fd: &OwnedFd) -> Result<(), Errno> {
    for (option, value) in [
        (libc::IP_FREEBIND, 1),
        (libc::IP_MULTICAST_ALL, 0),
        (libc::IP_MULTICAST_LOOP, 0),
        (libc::IP_MULTICAST_TTL, TTL),
        (libc::IP_TTL, TTL),
        (libc::IP_TOS, TRAFFIC_CLASS),
        // Messages are small; nobody's ICMP shall make them smaller.
        (libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE),
        (libc::IP_PKTINFO, 1),
        (libc::IP_RECVTTL, 1),
        (libc::IP_RECVERR, 1),
    ] {
        set_option(fd.as_fd(), libc::IPPROTO_IP, option, &value)?;
    }
    Ok(())
}

fn set_ipv6_options(fd: &OwnedFd) -> Result<(), Errno> {
    for (option, value) in [
        (libc::IPV6_V6ONLY, 1),
        (libc::IPV6_FREEBIND, 1),
        (libc::IPV6_MULTICAST_ALL, 0),
        (libc::IPV6_MULTICAST_LOOP, 0),
        (libc::IPV6_MULTICAST_HOPS, TTL),
        (libc::IPV6_UNICAST_HOPS, TTL),
        (libc::IPV6_TCLASS, TRAFFIC_CLASS),
        (libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE),
        (libc::IPV6_RECVPKTINFO, 1),
        (libc::IPV6_RECVHOPLIMIT, 1),
        (libc::IPV6_RECVERR, 1),
    ] {
        set_option(fd.as_fd(), libc::IPPROTO_IPV6, option, &value)?;
    }
    Ok(())
}

/// Binding goes ahead of the address; sending from one that is not ours shall fail.
fn free_bind(fd: &OwnedFd, local: IpAddr, allowed: bool) -> Result<(), Errno> {
    let (level, option) = match local {
        IpAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_FREEBIND),
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_FREEBIND),
    };
    set_option(fd.as_fd(), level, option, &i32::from(allowed))
}

fn filter(place: Place, accepted: &Accepted) -> Filter {
    let ttl_at = match place.local {
        IpAddr::V4(_) => 8,
        IpAddr::V6(_) => 7,
    };
    Filter::datagrams(
        place.port,
        (accepted.magic, accepted.version),
        accepted.longest.into(),
        accepted.from_link.then_some(ttl_at),
    )
}

/// An address with the place's port and scope.
fn address(of: IpAddr, place: Place) -> SocketAddress {
    let scope = place.interface.map_or(0, |interface| interface.index);
    match SocketAddress::new(of, scope) {
        SocketAddress::V4(mut address) => {
            address.sin_port = place.port.to_be();
            SocketAddress::V4(address)
        }
        SocketAddress::V6(mut address) => {
            address.sin6_port = place.port.to_be();
            SocketAddress::V6(address)
        }
    }
}

fn send(fd: BorrowedFd<'_>, place: Place, datagram: Datagram<'_>) -> Result<(), Errno> {
    let mut control = [0_u64; CONTROL_WORDS];
    let mut vector = libc::iovec {
        iov_base: datagram.bytes.as_ptr().cast_mut().cast(),
        iov_len: datagram.bytes.len(),
    };
    let mut to = address(datagram.destination, place);
    let mut header = empty_header();
    (header.msg_name, header.msg_namelen) = match &mut to {
        SocketAddress::V4(to) => (
            std::ptr::from_mut(to).cast(),
            socket_length::<libc::sockaddr_in>(),
        ),
        SocketAddress::V6(to) => (
            std::ptr::from_mut(to).cast(),
            socket_length::<libc::sockaddr_in6>(),
        ),
    };
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control);
    // SAFETY: the header's control buffer is aligned for a message and has room for the larger of the two.
    header.msg_controllen = unsafe {
        match datagram.source {
            IpAddr::V4(source) => put_control(
                &header,
                (libc::IPPROTO_IP, libc::IP_PKTINFO),
                ipv4_source(source),
            ),
            IpAddr::V6(source) => put_control(
                &header,
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO),
                ipv6_source(source, place),
            ),
        }
    };
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the header points to a name, a vector, data and a control buffer that outlive the call; the kernel only reads
    // the data.
    check_size(unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const header, flags) }).map(drop)
}

fn ipv4_source(source: Ipv4Addr) -> libc::in_pktinfo {
    let address = |address: Ipv4Addr| libc::in_addr {
        s_addr: u32::from_ne_bytes(address.octets()),
    };
    libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: address(source),
        ipi_addr: address(Ipv4Addr::UNSPECIFIED),
    }
}

fn ipv6_source(source: Ipv6Addr, place: Place) -> libc::in6_pktinfo {
    libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr {
            s6_addr: source.octets(),
        },
        ipi6_ifindex: place.interface.map_or(0, |interface| interface.index),
    }
}

/// Writes the only message of a header's control buffer; its length there.
///
/// # Safety
/// The control buffer is aligned for `cmsghdr` and has room for the message.
unsafe fn put_control<T>(header: &libc::msghdr, (level, kind): (i32, i32), value: T) -> usize {
    let length = socket_length::<T>();
    // SAFETY: the caller says that the buffer has room for the message.
    unsafe {
        let Some(message) = libc::CMSG_FIRSTHDR(header).as_mut() else {
            return 0;
        };
        message.cmsg_level = level;
        message.cmsg_type = kind;
        message.cmsg_len = usize::try_from(libc::CMSG_LEN(length)).unwrap_or(0);
        libc::CMSG_DATA(message).cast::<T>().write_unaligned(value);
        usize::try_from(libc::CMSG_SPACE(length)).unwrap_or(0)
    }
}

fn empty_header() -> libc::msghdr {
    // SAFETY: the structure is numbers and pointers; zero and null are valid and mean "absent".
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// What the kernel says of an ICMP error (linux/errqueue.h), and who sent it.
#[repr(C)]
struct Reported {
    error: libc::sock_extended_err,
    offender: libc::sockaddr_in6,
}

/// Takes one message from the error queue: the host that has no use for our datagrams, if it is about that. Fails with
/// EAGAIN when none waits.
fn take_error(fd: BorrowedFd<'_>) -> Result<Option<IpAddr>, Errno> {
    let mut control = [0_u64; CONTROL_WORDS];
    let mut name = ipv6_socket_address(Ipv6Addr::UNSPECIFIED, 0);
    let mut header = empty_header();
    header.msg_name = (&raw mut name).cast();
    header.msg_namelen = socket_length::<libc::sockaddr_in6>();
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control);
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: the header points to a name and a control buffer that outlive the call; there is no room for data, which is
    // allowed and cut.
    check_size(unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) })?;
    let destination = host(&name);
    Ok(reported(&header)
        .filter(|reported| is_refusal(reported, destination))
        .and(destination))
}

fn is_refusal(reported: &Reported, destination: Option<IpAddr>) -> bool {
    let origins = [libc::SO_EE_ORIGIN_ICMP, libc::SO_EE_ORIGIN_ICMP6];
    let closed = i32::try_from(reported.error.ee_errno) == Ok(libc::ECONNREFUSED);
    origins.contains(&reported.error.ee_origin)
        && (closed || host(&reported.offender) == destination)
}

fn reported(header: &libc::msghdr) -> Option<Reported> {
    // SAFETY: the kernel has filled the header's control buffer, which is still alive.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    for _ in 0..MAX_CONTROL_MESSAGES {
        // SAFETY: null, or a message inside that buffer.
        let message = unsafe { next.as_ref() }?;
        let kind = (message.cmsg_level, message.cmsg_type);
        let kinds = [
            (libc::IPPROTO_IP, libc::IP_RECVERR),
            (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
        ];
        if kinds.contains(&kind) {
            let length = message.cmsg_len.saturating_sub(size_of::<libc::cmsghdr>());
            let mut reported = MaybeUninit::<Reported>::zeroed();
            // SAFETY: the message has so many bytes of data, of which no more are copied than there is room for; a structure
            // of numbers may hold any, and those that are not copied are zero.
            return Some(unsafe {
                reported.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(
                    libc::CMSG_DATA(message),
                    length.min(size_of::<Reported>()),
                );
                reported.assume_init()
            });
        }
        // SAFETY: as above.
        next = unsafe { libc::CMSG_NXTHDR(header, message) };
    }
    None
}

/// The address of a name of either family; IPv4's lies where IPv6 has its flow label.
fn host(name: &libc::sockaddr_in6) -> Option<IpAddr> {
    match i32::from(name.sin6_family) {
        libc::AF_INET => Some(Ipv4Addr::from(name.sin6_flowinfo.to_ne_bytes()).into()),
        libc::AF_INET6 => Some(Ipv6Addr::from(name.sin6_addr.s6_addr).into()),
        _ => None,
    }
}
