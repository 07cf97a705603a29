//! Raw IPv4 and IPv6 sockets for VRRP (protocol 112): one that hears what is wanted, one that samples the rest,
//! one that sends. Each belongs to one interface, or for unicast to none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

pub use crate::filter::Form;
use crate::filter::{Filter, VirtualRouters};
use crate::packet::{
    Destination, PacketRing, Packets, RING_PACKETS, Sent, SocketAddress, discard, send_all,
    socket_address, stamp_arrival,
};
use crate::sys::{bind, drops, set_option, set_option_bytes, set_receive_buffer, socket};
use crate::{Errno, Error, Interface};

/// The protocol number that IANA gave to VRRP.
const PROTOCOL: i32 = 112;
/// Strays a [`Stray`] socket hands out at most for one drain: drained five times a second, fifty of
/// them a second reach the process however many arrive.
pub const STRAYS_PER_DRAIN: usize = 10;
/// Bytes asked for the queue of strays; the kernel doubles it, and a small packet takes 768 of them or more.
const STRAY_BUFFER: u32 = 4096;

/// A receive buffer that the kernel sizes by its own default.
pub const DEFAULT_BUFFER: u32 = 0;

/// Hears the advertisements of wanted virtual routers on one interface; nothing until
/// [`Socket::set_wanted`] says which.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    interface: Option<Interface>,
    destination: IpAddr,
}

impl Socket {
    /// Opens a receiver bound to the interface, or without one to none, for packets to `destination`: a group,
    /// which is joined, or an address of this host for unicast. `receive_buffer` is in bytes or [`DEFAULT_BUFFER`].
    pub fn open(
        interface: impl Into<Option<Interface>>,
        destination: impl Into<IpAddr>,
        receive_buffer: u32,
    ) -> Result<Self, Error> {
        let (interface, destination) = (interface.into(), destination.into());
        let fd = open_receiver(interface, destination, receive_buffer)
            .map_err(|errno| errno.at("open VRRP socket on", interface))?;
        Ok(Self {
            fd,
            interface,
            destination,
        })
    }

    /// Replaces the set of virtual router ids (VRIDs) that pass, at once for all.
    pub fn set_wanted(&mut self, ids: &[u8]) -> Result<(), Error> {
        Filter::vrrp(self.destination, VirtualRouters::Only(ids))
            .attach(self.fd.as_fd())
            .map_err(|errno| errno.at("filter VRRP on", self.interface))
    }

    /// Passes advertisements of these virtual routers that have the form, at once for all.
    pub fn set_wanted_form(&mut self, ids: &[u8], form: Form<'_>) -> Result<(), Error> {
        Filter::well_formed(self.destination, ids, form)
            .attach(self.fd.as_fd())
            .map_err(|errno| errno.at("filter VRRP on", self.interface))
    }

    /// Changes the receive buffer, in bytes; what waits in it stays.
    pub fn set_receive_buffer(&self, bytes: u32) -> Result<(), Error> {
        set_receive_buffer(self.fd.as_fd(), bytes)
            .map(drop)
            .map_err(|errno| errno.at("size the VRRP buffer on", self.interface))
    }

    /// Takes what waits, [`RING_PACKETS`] at most, reassembled: whole IPv4 packets, or what follows the header of IPv6
    /// ones, which is told beside. An iterator that is
    /// that long means that more may wait.
    pub fn receive<'ring>(&self, ring: &'ring mut PacketRing) -> Result<Packets<'ring>, Error> {
        receive(self.fd.as_fd(), self.interface, ring, RING_PACKETS)
    }

    /// Packets that found the receive buffer full: not only wanted ones, since newer kernels look at the
    /// room before they look at the filter. The counter wraps at 2^32.
    pub fn dropped(&self) -> Result<u32, Error> {
        drops(self.fd.as_fd()).map_err(|errno| errno.at("read VRRP drops of", self.interface))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Samples the VRRP packets that no instance wants, so that "unknown VRID" can be explained. Not to be
/// polled, only drained on a slow timer: then a flood of them wakes nobody.
#[derive(Debug)]
pub struct Stray {
    fd: OwnedFd,
    interface: Option<Interface>,
    destination: IpAddr,
}

impl Stray {
    /// Opens the complement of a [`Socket`]; it passes nothing until [`Stray::set_known`].
    pub fn open(
        interface: impl Into<Option<Interface>>,
        destination: impl Into<IpAddr>,
    ) -> Result<Self, Error> {
        let (interface, destination) = (interface.into(), destination.into());
        let fd = open_receiver(interface, destination, STRAY_BUFFER)
            .map_err(|errno| errno.at("open stray VRRP socket on", interface))?;
        Ok(Self {
            fd,
            interface,
            destination,
        })
    }

    /// Passes every virtual router id but these, and packets too short to have one.
    pub fn set_known(&mut self, ids: &[u8]) -> Result<(), Error> {
        Filter::vrrp(self.destination, VirtualRouters::AllBut(ids))
            .attach(self.fd.as_fd())
            .map_err(|errno| errno.at("filter stray VRRP on", self.interface))
    }

    /// Passes what [`Socket::set_wanted_form`] keeps from a socket, but for well-formed packets of known virtual routers
    /// and all of those that are known and not wanted here.
    pub fn set_known_form(
        &mut self,
        known: &[u8],
        wanted: &[u8],
        form: Form<'_>,
    ) -> Result<(), Error> {
        Filter::strays(self.destination, known, wanted, form)
            .attach(self.fd.as_fd())
            .map_err(|errno| errno.at("filter stray VRRP on", self.interface))
    }

    /// Takes a sample of the strays since the last drain, [`STRAYS_PER_DRAIN`] at most: the oldest ones.
    pub fn drain<'ring>(&self, ring: &'ring mut PacketRing) -> Result<Packets<'ring>, Error> {
        receive(self.fd.as_fd(), self.interface, ring, STRAYS_PER_DRAIN)
    }

    /// Packets that were not sampled because the queue was full. Those drained are a lower bound of the
    /// strays that came; with this number they are an upper one, since newer kernels count packets of known
    /// virtual routers too while the queue is full. The counter wraps at 2^32.
    pub fn dropped(&self) -> Result<u32, Error> {
        drops(self.fd.as_fd()).map_err(|errno| errno.at("read stray VRRP drops of", self.interface))
    }
}

/// Sends complete packets of one family out of one interface, or without one wherever routes lead; hears nothing.
#[derive(Debug)]
pub struct Sender {
    fd: OwnedFd,
    interface: Option<Interface>,
}

impl Sender {
    /// Opens a sender of IPv4 packets bound to the interface, if one is given; its multicasts are not looped back to
    /// this host.
    pub fn open(interface: impl Into<Option<Interface>>) -> Result<Self, Error> {
        Self::of(interface.into(), open_sender)
    }

    /// The same for IPv6 packets.
    pub fn open_ipv6(interface: impl Into<Option<Interface>>) -> Result<Self, Error> {
        Self::of(interface.into(), open_ipv6_sender)
    }

    /// A sender for packets of the family of `destination`.
    pub fn open_for(
        interface: impl Into<Option<Interface>>,
        destination: IpAddr,
    ) -> Result<Self, Error> {
        match destination {
            IpAddr::V4(_) => Self::open(interface),
            IpAddr::V6(_) => Self::open_ipv6(interface),
        }
    }

    fn of(
        interface: Option<Interface>,
        open: fn(Option<Interface>) -> Result<OwnedFd, Errno>,
    ) -> Result<Self, Error> {
        let fd = open(interface).map_err(|errno| errno.at("open VRRP sender on", interface))?;
        Ok(Self { fd, interface })
    }

    /// Sends packets, each with its own IP header, to the destinations their headers name, in order, until one fails.
    /// The kernel fills in an IPv4 header's checksum and length, and an identification of 0.
    pub fn send(&self, packets: &[&[u8]]) -> Sent {
        let destination = Destination {
            read: header_destination,
            scope: self.interface.map_or(0, |interface| interface.index),
        };
        let (packets, errno) = send_all(self.fd.as_fd(), packets, Some(destination));
        Sent {
            packets,
            failure: errno.map(|errno| errno.at("send VRRP on", self.interface)),
        }
    }
}

fn header_destination(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => {
            let octets: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets).into())
        }
        6 => {
            let octets: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

fn receive<'ring>(
    socket: BorrowedFd<'_>,
    interface: Option<Interface>,
    ring: &'ring mut PacketRing,
    limit: usize,
) -> Result<Packets<'ring>, Error> {
    ring.fill(socket, limit)
        .map_err(|errno| errno.at("receive VRRP on", interface))
}

fn open_receiver(
    interface: Option<Interface>,
    destination: IpAddr,
    buffer: u32,
) -> Result<OwnedFd, Errno> {
    open_receiver_of(PROTOCOL, interface, destination, buffer)
}

pub(crate) fn open_receiver_of(
    protocol: i32,
    interface: Option<Interface>,
    destination: IpAddr,
    buffer: u32,
) -> Result<OwnedFd, Errno> {
    let domain = match destination {
        IpAddr::V4(_) => libc::AF_INET,
        IpAddr::V6(_) => libc::AF_INET6,
    };
    let fd = socket(domain, libc::SOCK_RAW, protocol)?;
    // The socket hears every interface until it is bound: nothing may pass before that.
    Filter::nothing().attach(fd.as_fd())?;
    bind_to_device(&fd, interface)?;
    match destination {
        IpAddr::V4(_) => set_ipv4_options(&fd)?,
        IpAddr::V6(_) => set_ipv6_options(&fd)?,
    }
    let scope = interface.map_or(0, |interface| interface.index);
    match SocketAddress::new(destination, scope) {
        SocketAddress::V4(address) => bind(fd.as_fd(), &address)?,
        SocketAddress::V6(address) => bind(fd.as_fd(), &address)?,
    }
    if buffer != DEFAULT_BUFFER {
        set_receive_buffer(fd.as_fd(), buffer)?;
    }
    stamp_arrival(fd.as_fd())?;
    discard(fd.as_fd());
    if destination.is_multicast() {
        join(&fd, interface, destination)?;
    }
    Ok(fd)
}

/// Only the group it is bound to, and an address that may come later.
fn set_ipv4_options(fd: &OwnedFd) -> Result<(), Errno> {
    set_option(fd.as_fd(), libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, &0_i32)?;
    set_option(fd.as_fd(), libc::IPPROTO_IP, libc::IP_FREEBIND, &1_i32)
}

/// The same, and what the header says is told beside every packet. The checksum is left to whoever counts wrong ones.
fn set_ipv6_options(fd: &OwnedFd) -> Result<(), Errno> {
    for (option, value) in [
        (libc::IPV6_MULTICAST_ALL, 0),
        (libc::IPV6_FREEBIND, 1),
        (libc::IPV6_RECVPKTINFO, 1),
        (libc::IPV6_RECVHOPLIMIT, 1),
    ] {
        set_option(fd.as_fd(), libc::IPPROTO_IPV6, option, &value)?;
    }
    Ok(())
}

pub(crate) fn join(fd: &OwnedFd, interface: Option<Interface>, group: IpAddr) -> Result<(), Errno> {
    match group {
        IpAddr::V4(group) => {
            let request = multicast_request(interface, group)?;
            let option = libc::IP_ADD_MEMBERSHIP;
            set_option(fd.as_fd(), libc::IPPROTO_IP, option, &request)
        }
        IpAddr::V6(group) => {
            let request = libc::ipv6_mreq {
                ipv6mr_multiaddr: libc::in6_addr {
                    s6_addr: group.octets(),
                },
                ipv6mr_interface: interface.map_or(0, |interface| interface.index),
            };
            let option = libc::IPV6_ADD_MEMBERSHIP;
            set_option(fd.as_fd(), libc::IPPROTO_IPV6, option, &request)
        }
    }
}

fn open_sender(interface: Option<Interface>) -> Result<OwnedFd, Errno> {
    // This protocol only sends: a socket of VRRP's own would collect every advertisement unread.
    let fd = socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_RAW)?;
    bind_to_device(&fd, interface)?;
    let request = multicast_request(interface, Ipv4Addr::UNSPECIFIED)?;
    set_option(
        fd.as_fd(),
        libc::IPPROTO_IP,
        libc::IP_MULTICAST_IF,
        &request,
    )?;
    set_option(
        fd.as_fd(),
        libc::IPPROTO_IP,
        libc::IP_MULTICAST_LOOP,
        &0_i32,
    )?;
    // Without it the kernel hides ENOBUFS.
    set_option(fd.as_fd(), libc::IPPROTO_IP, libc::IP_RECVERR, &1_i32)?;
    Ok(fd)
}

fn open_ipv6_sender(interface: Option<Interface>) -> Result<OwnedFd, Errno> {
    // As for IPv4; this protocol writes its own headers as well.
    let fd = socket(libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_RAW)?;
    bind_to_device(&fd, interface)?;
    let index = interface.map_or(0, |interface| interface.index);
    let index = i32::try_from(index).map_err(|_| Errno(libc::ENODEV))?;
    for (option, value) in [
        (libc::IPV6_MULTICAST_IF, index),
        (libc::IPV6_MULTICAST_LOOP, 0),
        (libc::IPV6_RECVERR, 1),
    ] {
        set_option(fd.as_fd(), libc::IPPROTO_IPV6, option, &value)?;
    }
    Ok(fd)
}

/// Without an interface there is nothing to bind to.
pub(crate) fn bind_to_device(fd: &OwnedFd, interface: Option<Interface>) -> Result<(), Errno> {
    let Some(interface) = interface else {
        return Ok(());
    };
    set_option_bytes(
        fd.as_fd(),
        libc::SOL_SOCKET,
        libc::SO_BINDTODEVICE,
        interface.name.with_zero(),
    )
}

fn multicast_request(
    interface: Option<Interface>,
    group: Ipv4Addr,
) -> Result<libc::ip_mreqn, Errno> {
    let index = interface.map_or(0, |interface| interface.index);
    Ok(libc::ip_mreqn {
        imr_multiaddr: socket_address(group).sin_addr,
        imr_address: socket_address(Ipv4Addr::UNSPECIFIED).sin_addr,
        imr_ifindex: i32::try_from(index).map_err(|_| Errno(libc::ENODEV))?,
    })
}
