//! The peer channel: what this node tells other Standfast nodes, and what it believes of them
//! (docs/peer-channel.md).

use core::net::IpAddr;

use crate::input::{InterfaceIndex, PeerPacket};
use crate::node::Node;
use crate::time::Instant;

impl Node {
    /// A message of the peer channel arrived.
    pub(crate) fn peer_received(&mut self, _now: Instant, _packet: &PeerPacket<'_>) {}

    /// A host has no use for our messages.
    pub(crate) fn peer_unreachable(
        &mut self,
        _now: Instant,
        _place: InterfaceIndex,
        _host: IpAddr,
    ) {
    }
}
