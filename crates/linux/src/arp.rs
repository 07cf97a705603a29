//! ARP on one interface: hears who else claims watched addresses, sends prepared frames.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::filter::{Filter, MAX_WATCHED};
use crate::packet::{PacketRing, Packets, RING_PACKETS, Sent, discard, send_all, stamp_arrival};
use crate::sys::{bind, drops, set_option, socket};
use crate::{Errno, Error, Interface};

/// EtherType of ARP (linux/if_ether.h).
const ETHERTYPE_ARP: u16 = 0x0806;

/// What the kernel's filter lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watching {
    /// Every ARP packet sent from a watched address.
    Senders,
    /// More than 200 addresses: gratuitous packets (sender and target the same) of any address.
    Gratuitous,
}

/// A packet socket for ARP frames as they are on the wire, Ethernet header included.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    interface: Interface,
}

impl Socket {
    /// Opens the socket; nothing passes until [`Socket::watch`]. Frames this host sends are not heard.
    pub fn open(interface: Interface) -> Result<Self, Error> {
        Self::open_for(interface, ETHERTYPE_ARP)
            .map_err(|errno| errno.at("open ARP socket on", interface))
    }

    /// The same for frames of another type.
    pub(crate) fn open_for(interface: Interface, ethertype: u16) -> Result<Self, Errno> {
        let fd = open(interface, ethertype)?;
        Ok(Self { fd, interface })
    }

    /// Replaces the set of IPv4 sender addresses that pass, at once for all.
    pub fn watch(&mut self, addresses: &[Ipv4Addr]) -> Result<Watching, Error> {
        Filter::arp(addresses)
            .attach(self.fd.as_fd())
            .map_err(|errno| errno.at("filter ARP on", self.interface))?;
        Ok(if addresses.len() > MAX_WATCHED {
            Watching::Gratuitous
        } else {
            Watching::Senders
        })
    }

    /// Takes what waits, [`RING_PACKETS`] frames at most. ENETDOWN is told once when the interface goes down.
    pub fn receive<'ring>(&self, ring: &'ring mut PacketRing) -> Result<Packets<'ring>, Error> {
        ring.fill(self.fd.as_fd(), RING_PACKETS)
            .map_err(|errno| errno.at("receive ARP on", self.interface))
    }

    /// Sends whole Ethernet frames, of any EtherType, in order, until one fails.
    pub fn send(&self, frames: &[&[u8]]) -> Sent {
        let (packets, errno) = send_all(self.fd.as_fd(), frames, None);
        Sent {
            packets,
            failure: errno.map(|errno| errno.at("send ARP on", self.interface)),
        }
    }

    /// Watched packets that the kernel lost because the receive buffer was full.
    pub fn dropped(&self) -> Result<u32, Error> {
        drops(self.fd.as_fd()).map_err(|errno| errno.at("read ARP drops of", self.interface))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn open(interface: Interface, ethertype: u16) -> Result<OwnedFd, Errno> {
    // Protocol 0 hears nothing, so that the filter is in place before the first frame.
    let fd = socket(libc::AF_PACKET, libc::SOCK_RAW, 0)?;
    Filter::nothing().attach(fd.as_fd())?;
    set_option(
        fd.as_fd(),
        libc::SOL_PACKET,
        libc::PACKET_IGNORE_OUTGOING,
        &1_i32,
    )?;
    stamp_arrival(fd.as_fd())?;
    bind(fd.as_fd(), &link_address(interface, ethertype)?)?;
    discard(fd.as_fd());
    Ok(fd)
}

fn link_address(interface: Interface, ethertype: u16) -> Result<libc::sockaddr_ll, Errno> {
    Ok(libc::sockaddr_ll {
        sll_family: libc::sa_family_t::try_from(libc::AF_PACKET).unwrap_or(0),
        sll_protocol: ethertype.to_be(),
        sll_ifindex: i32::try_from(interface.index).map_err(|_| Errno(libc::ENODEV))?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    })
}
