//! Raw IPv4 sockets for VRRP (protocol 112): one that hears what is wanted, one that samples the rest,
//! one that sends.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::filter::{Filter, VirtualRouters};
use crate::packet::{
    PacketRing, Packets, RING_PACKETS, Sent, discard, send_all, socket_address, stamp_arrival,
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
    interface: Interface,
    destination: Ipv4Addr,
}

impl Socket {
    /// Opens a receiver bound to the interface for packets to `destination`: a group, which is joined,
    /// or an address of this host for unicast. `receive_buffer` is in bytes or [`DEFAULT_BUFFER`].
    pub fn open(
        interface: Interface,
        destination: Ipv4Addr,
        receive_buffer: u32,
    ) -> Result<Self, Error> {
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

    /// Takes what waits, [`RING_PACKETS`] at most: whole IPv4 packets, reassembled. An iterator that is
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
    interface: Interface,
    destination: Ipv4Addr,
}

impl Stray {
    /// Opens the complement of a [`Socket`]; it passes nothing until [`Stray::set_known`].
    pub fn open(interface: Interface, destination: Ipv4Addr) -> Result<Self, Error> {
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

/// Sends complete IPv4 packets out of one interface; hears nothing.
#[derive(Debug)]
pub struct Sender {
    fd: OwnedFd,
    interface: Interface,
}

impl Sender {
    /// Opens a sender bound to the interface; its multicasts are not looped back to this host.
    pub fn open(interface: Interface) -> Result<Self, Error> {
        let fd =
            open_sender(interface).map_err(|errno| errno.at("open VRRP sender on", interface))?;
        Ok(Self { fd, interface })
    }

    /// Sends packets, each with its own IPv4 header, to the destinations their headers name, in order,
    /// until one fails. The kernel fills in the header's checksum and length, and an identification of 0.
    pub fn send(&self, packets: &[&[u8]]) -> Sent {
        let (packets, errno) = send_all(self.fd.as_fd(), packets, Some(header_destination));
        Sent {
            packets,
            failure: errno.map(|errno| errno.at("send VRRP on", self.interface)),
        }
    }
}

fn header_destination(packet: &[u8]) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
    Some(Ipv4Addr::from(octets))
}

fn receive<'ring>(
    socket: BorrowedFd<'_>,
    interface: Interface,
    ring: &'ring mut PacketRing,
    limit: usize,
) -> Result<Packets<'ring>, Error> {
    ring.fill(socket, limit)
        .map_err(|errno| errno.at("receive VRRP on", interface))
}

fn open_receiver(
    interface: Interface,
    destination: Ipv4Addr,
    buffer: u32,
) -> Result<OwnedFd, Errno> {
    open_receiver_of(PROTOCOL, interface, destination, buffer)
}

pub(crate) fn open_receiver_of(
    protocol: i32,
    interface: Interface,
    destination: Ipv4Addr,
    buffer: u32,
) -> Result<OwnedFd, Errno> {
    let fd = socket(libc::AF_INET, libc::SOCK_RAW, protocol)?;
    // The socket hears every interface until it is bound: nothing may pass before that.
    Filter::nothing().attach(fd.as_fd())?;
    bind_to_device(&fd, interface)?;
    set_option(fd.as_fd(), libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, &0_i32)?;
    set_option(fd.as_fd(), libc::IPPROTO_IP, libc::IP_FREEBIND, &1_i32)?;
    bind(fd.as_fd(), &socket_address(destination))?;
    if buffer != DEFAULT_BUFFER {
        set_receive_buffer(fd.as_fd(), buffer)?;
    }
    stamp_arrival(fd.as_fd())?;
    discard(fd.as_fd());
    if destination.is_multicast() {
        let request = multicast_request(interface, destination)?;
        set_option(
            fd.as_fd(),
            libc::IPPROTO_IP,
            libc::IP_ADD_MEMBERSHIP,
            &request,
        )?;
    }
    Ok(fd)
}

fn open_sender(interface: Interface) -> Result<OwnedFd, Errno> {
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

fn bind_to_device(fd: &OwnedFd, interface: Interface) -> Result<(), Errno> {
    set_option_bytes(
        fd.as_fd(),
        libc::SOL_SOCKET,
        libc::SO_BINDTODEVICE,
        interface.name.with_zero(),
    )
}

fn multicast_request(interface: Interface, group: Ipv4Addr) -> Result<libc::ip_mreqn, Errno> {
    Ok(libc::ip_mreqn {
        imr_multiaddr: socket_address(group).sin_addr,
        imr_address: socket_address(Ipv4Addr::UNSPECIFIED).sin_addr,
        imr_ifindex: i32::try_from(interface.index).map_err(|_| Errno(libc::ENODEV))?,
    })
}
