//! Neighbour discovery on one interface: hears who else claims watched addresses, sends prepared frames.

use std::net::Ipv6Addr;
use std::os::fd::{AsFd, BorrowedFd};

use crate::arp::Watching;
use crate::filter::{Filter, MAX_WATCHED};
use crate::packet::{PacketRing, Packets, Sent};
use crate::{Error, Interface, arp};

/// EtherType of IPv6 (linux/if_ether.h).
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// A packet socket for Neighbour Advertisements as they are on the wire, Ethernet header included.
#[derive(Debug)]
pub struct Socket {
    frames: arp::Socket,
    interface: Interface,
}

impl Socket {
    /// Opens the socket; nothing passes until [`Socket::watch`]. Frames this host sends are not heard.
    pub fn open(interface: Interface) -> Result<Self, Error> {
        let frames = arp::Socket::open_for(interface, ETHERTYPE_IPV6)
            .map_err(|errno| errno.at("open neighbour discovery socket on", interface))?;
        Ok(Self { frames, interface })
    }

    /// Replaces the set of target addresses that pass, at once for all; past 200 of them every unsolicited
    /// advertisement passes ([`Watching::Gratuitous`]).
    pub fn watch(&mut self, addresses: &[Ipv6Addr]) -> Result<Watching, Error> {
        Filter::neighbour_advertisements(addresses)
            .attach(self.frames.as_fd())
            .map_err(|errno| errno.at("filter neighbour discovery on", self.interface))?;
        Ok(if addresses.len() > MAX_WATCHED {
            Watching::Gratuitous
        } else {
            Watching::Senders
        })
    }

    /// Takes what waits, [`RING_PACKETS`](crate::packet::RING_PACKETS) frames at most. ENETDOWN is told once when the
    /// interface goes down.
    pub fn receive<'ring>(&self, ring: &'ring mut PacketRing) -> Result<Packets<'ring>, Error> {
        self.frames.receive(ring).map_err(|error| Error {
            operation: "receive neighbour discovery on",
            ..error
        })
    }

    /// Sends whole Ethernet frames in order, until one fails.
    pub fn send(&self, frames: &[&[u8]]) -> Sent {
        let Sent { packets, failure } = self.frames.send(frames);
        Sent {
            packets,
            failure: failure.map(|error| Error {
                operation: "send neighbour discovery on",
                ..error
            }),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.frames.as_fd()
    }
}
