//! The frames that announce addresses and ask who else has them, for both families.

use std::net::{IpAddr, Ipv6Addr};

use standfast_core::Node;
use standfast_core::input::InterfaceIndex;
use standfast_core::spec::Family;
use standfast_linux::sysctl::Sysctl;
use standfast_wire::arp::{self, Arp};
use standfast_wire::ndp::{self, NeighbourAdvertisement};

use crate::ports::interface;

/// An Ethernet frame.
pub(crate) enum Frame {
    /// ARP, for IPv4.
    Arp([u8; arp::FRAME_LENGTH]),
    /// Neighbour discovery, for IPv6.
    Neighbour([u8; ndp::FRAME_LENGTH]),
}

impl Frame {
    pub(crate) fn family(&self) -> Family {
        match self {
            Frame::Arp(_) => Family::V4,
            Frame::Neighbour(_) => Family::V6,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Frame::Arp(frame) => frame,
            Frame::Neighbour(frame) => frame,
        }
    }
}

/// Builds the announcements of one interface.
pub(crate) struct Announcer<'a> {
    node: &'a Node,
    index: InterfaceIndex,
    /// The host forwards IPv6 there, looked at when it is first needed.
    forwards: Option<bool>,
}

impl<'a> Announcer<'a> {
    pub(crate) fn new(node: &'a Node, index: InterfaceIndex) -> Self {
        Announcer {
            node,
            index,
            forwards: None,
        }
    }

    /// Gratuitous ARP or an unsolicited Neighbour Advertisement; `None` if the interface is gone. As in keepalived only a
    /// host that forwards calls itself a router: neighbours would take a host's word for a default route back.
    pub(crate) fn announcement(&mut self, address: IpAddr) -> Option<Frame> {
        let mac = self.node.interfaces().get(self.index)?.mac;
        Some(match address {
            IpAddr::V4(address) => Frame::Arp(Arp::announcement(mac, address).emit()),
            IpAddr::V6(address) => {
                let (node, index) = (self.node, self.index);
                let router = *self.forwards.get_or_insert_with(|| forwards(node, index));
                let advertisement = NeighbourAdvertisement::announcement(mac, address, router);
                Frame::Neighbour(advertisement.emit())
            }
        })
    }
}

fn forwards(node: &Node, index: InterfaceIndex) -> bool {
    interface(node, index).is_some_and(|interface| {
        let setting = Sysctl::Ipv6(interface.name, "forwarding").read();
        setting.is_ok_and(|value| value != 0)
    })
}

/// Asks for an address; `None` if there is no interface or no address to ask from.
pub(crate) fn probe(node: &Node, index: InterfaceIndex, address: IpAddr) -> Option<Frame> {
    let mac = node.interfaces().get(index)?.mac;
    Some(match address {
        IpAddr::V4(address) => Frame::Arp(Arp::probe(mac, address).emit()),
        IpAddr::V6(address) => {
            let source = link_local(node, index)?;
            Frame::Neighbour(ndp::solicitation(mac, source, address))
        }
    })
}

/// The interface's own link-local address.
fn link_local(node: &Node, index: InterfaceIndex) -> Option<Ipv6Addr> {
    let is_virtual = |address| {
        let mut all = node.routers().flat_map(|router| router.addresses());
        all.any(|(held, _)| held.address == address)
    };
    let interface = node.interfaces().get(index)?;
    match interface.source(Family::V6, is_virtual)? {
        IpAddr::V6(address) => Some(address),
        IpAddr::V4(_) => None,
    }
}
