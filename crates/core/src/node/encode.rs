//! The bytes of advertisements, and what would be left to do should this process die.

use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::vrrp::{AdvertisementRepr, Priority};
use standfast_wire::{ipv4, ipv6};

use super::{Node, PACKET_LENGTH};
use crate::authentication::WallClock;
use crate::estate::Estate;
use crate::input::RouterId;
use crate::router::Router;
use crate::spec::Leave;
use crate::time::{Instant, Micros};

impl Node {
    /// Writes the whole IP packet of an advertisement to one of [`Router::destinations`]; `None` if the router is gone or
    /// has no source, or if the buffer is small ([`PACKET_LENGTH`] never is).
    pub fn encode(
        &mut self,
        id: RouterId,
        priority: Priority,
        to: IpAddr,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let now = self.last_input.unwrap_or_default();
        let clock = self.clock;
        self.routers.touch(id, |router, _| {
            encode_packet(router, now, &clock, priority, to, buffer)
        })?
    }

    /// The VRRP message alone, signed if it is to be.
    pub fn encode_message(
        &mut self,
        id: RouterId,
        priority: Priority,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let now = self.last_input.unwrap_or_default();
        let clock = self.clock;
        self.routers.touch(id, |router, _| {
            let to = router.spec().group;
            let length = encode_message(router, priority, to, buffer)?;
            router.sign(now, &clock, buffer.get_mut(..length)?, to)?;
            Some(length)
        })?
    }

    /// What would be left to do should this process die now (see [`crate::estate`]).
    pub fn estates(&mut self) -> Vec<Estate> {
        let serving: Vec<RouterId> = self
            .routers
            .values()
            .filter(|router| router.has_estate())
            .map(Router::id)
            .collect();
        serving
            .into_iter()
            .filter_map(|id| self.estate(id))
            .collect()
    }

    fn estate(&mut self, id: RouterId) -> Option<Estate> {
        let destinations: Vec<IpAddr> = self.routers.get(&id)?.destinations().collect();
        let resignations = destinations
            .into_iter()
            .filter_map(|to| self.resignation(id, to))
            .collect();
        let router = self.routers.get(&id)?;
        let spec = router.spec();
        let bound = match spec.rules.leave {
            Leave::Overlap => router.leave_bound(),
            Leave::Exclusive | Leave::Immediate => Micros::ZERO,
        };
        Some(Estate {
            router: id,
            interface: router.interface()?,
            sends_on: router.sends_on()?,
            source: router.source()?,
            listens_at: router.listens_at()?,
            peers: spec
                .unicast
                .iter()
                .flat_map(|unicast| &unicast.peers)
                .map(|peer| peer.address)
                .collect(),
            vrid: spec.vrid,
            version: spec.version,
            interval: spec.wire_interval(),
            authentication: router.message_authentication(),
            header_key: spec.header_key.clone(),
            hmac: spec.hmac.clone(),
            sequence_floor: router.sequence_floor(),
            clock: self.clock,
            resignations,
            bound,
            succession: router.succession(),
            addresses: router.removable_addresses(&self.interfaces),
            fixtures: router.removable_fixtures().cloned().collect(),
        })
    }

    /// The whole packet of priority 0 to one destination.
    fn resignation(&mut self, id: RouterId, to: IpAddr) -> Option<Vec<u8>> {
        let mut packet = alloc::vec![0; PACKET_LENGTH];
        let length = self.encode(id, Priority::RESIGN, to, &mut packet)?;
        packet.truncate(length);
        // Thousands of estates may be kept.
        packet.shrink_to_fit();
        Some(packet)
    }
}

fn encode_packet(
    router: &mut Router,
    now: Instant,
    clock: &WallClock,
    priority: Priority,
    to: IpAddr,
    buffer: &mut [u8],
) -> Option<usize> {
    let identification = router.next_identification();
    let unicast = router.spec().unicast.as_ref();
    let ttl = unicast.map_or(ipv6::HOP_LIMIT_ON_LINK, |unicast| unicast.ttl);
    let header_length = match to {
        IpAddr::V4(_) => ipv4::HEADER_LENGTH,
        IpAddr::V6(_) => ipv6::HEADER_LENGTH,
    };
    let sealed = router.header_length();
    let start = header_length + sealed;
    let length = sealed + encode_message(router, priority, to, buffer.get_mut(start..)?)?;
    let whole = header_length + length;
    router.sign(now, clock, buffer.get_mut(start..whole)?, to)?;
    let payload = u16::try_from(length).ok()?;
    let header = match (router.source()?, to) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => ipv4::Header {
            identification,
            ttl,
            protocol: router.protocol(),
            source,
            destination,
        }
        .emit(payload, buffer),
        (IpAddr::V6(source), IpAddr::V6(destination)) => ipv6::Header {
            hop_limit: ttl,
            next_header: router.protocol(),
            source,
            destination,
        }
        .emit(payload, buffer),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    header.ok()?;
    router.seal(now, clock, buffer.get_mut(..whole)?)?;
    Some(whole)
}

fn encode_message(
    router: &Router,
    priority: Priority,
    to: IpAddr,
    buffer: &mut [u8],
) -> Option<usize> {
    let spec = router.spec();
    let repr = AdvertisementRepr {
        vrid: spec.vrid,
        priority,
        interval: spec.wire_interval(),
        authentication: router.message_authentication(),
        checksum: spec.checksum,
        addresses: router.advertised(),
    };
    let to = router.checksum_destination(to);
    let length = repr.emit(router.source()?, to, buffer).ok()?;
    Some(length + router.trailer_length())
}
