//! Unicast peers that run keepalived up to 1.3.6: their version 3 checksums for IPv4 are made as if the packet went to the
//! multicast group (keepalived.conf(5): `old_unicast_checksum`).

use core::net::IpAddr;

use standfast_wire::vrrp::{Advertisement, AdvertisementError, Version};

use super::{Effects, Router};
use crate::input::Packet;
use crate::journal::Event;
use crate::spec::OldChecksum;

impl Router {
    /// The destination that the checksum of an advertisement to `to` covers. keepalived speaks one way with all peers once
    /// it has heard one of them; here each peer is spoken to as it speaks.
    pub(crate) fn checksum_destination(&self, to: IpAddr) -> IpAddr {
        let old = match self.spec.old_checksum {
            OldChecksum::Always => true,
            OldChecksum::Detect => self.old_checksum_peers.contains(&to),
            OldChecksum::Never => false,
        };
        if old && self.knows_old_checksum(to) {
            self.spec.group
        } else {
            to
        }
    }

    /// Parses a packet with its own destination, and if that fails and may be, with the old one.
    pub(super) fn parse<'p>(
        &self,
        packet: &Packet<'p>,
    ) -> Result<Advertisement<'p>, AdvertisementError> {
        let parsed = Advertisement::parse(packet.message, packet.source, packet.destination);
        let accepted = self.spec.old_checksum != OldChecksum::Never;
        match parsed {
            Err(AdvertisementError::Checksum)
                if accepted && self.knows_old_checksum(packet.source) =>
            {
                Advertisement::parse(packet.message, packet.source, self.spec.group)
            }
            other => other,
        }
    }

    /// A peer's advertisement was taken: this is how it speaks.
    pub(super) fn note_checksum(&mut self, packet: &Packet<'_>, fx: &mut Effects<'_>) {
        let peer = packet.source;
        let known = self.spec.unicast.as_ref();
        let configured = known.is_some_and(|unicast| unicast.peer(peer).is_some());
        let detects = self.spec.old_checksum == OldChecksum::Detect;
        if !detects || !configured || !self.knows_old_checksum(peer) {
            return;
        }
        let old = Advertisement::parse(packet.message, peer, packet.destination).is_err();
        let changed = if old {
            self.old_checksum_peers.insert(peer)
        } else {
            self.old_checksum_peers.remove(&peer)
        };
        if changed {
            self.report(Event::PeerChecksum { peer, old }, fx);
        }
    }

    fn knows_old_checksum(&self, peer: IpAddr) -> bool {
        // Whoever signs is younger than that.
        self.spec.hmac.is_none()
            && self.spec.unicast.is_some()
            && self.spec.version == Version::V3
            && peer.is_ipv4()
    }
}
