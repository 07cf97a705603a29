//! Is a packet an advertisement that may count? Counted and reported if not, and nothing else is
//! touched: no timer, no state.

use core::net::IpAddr;

use standfast_wire::trailer::Sequence;
use standfast_wire::vrrp::{
    Advertisement, AdvertisementError, Authentication, Interval, Priority, Version, peek,
};

use super::fsm::{Heard, Step};
use super::{Arrival, Effects, REPORT_PERIOD, Router, State};
use crate::input::Packet;
use crate::journal::{DropCause, Event};
use crate::spec::Strangers;
use crate::time::Micros;

const TTL: u8 = 255;

/// An advertisement that may count, and the numbers that it uses up.
struct Accepted<'p> {
    advertisement: Advertisement<'p>,
    header: Option<u32>,
    signed: Option<Sequence>,
}

impl Router {
    /// Takes a packet for our VRID and family from our interface.
    pub(crate) fn receive(
        &mut self,
        packet: &Packet<'_>,
        arrival: &Arrival<'_>,
        fx: &mut Effects<'_>,
    ) {
        if Some(packet.source) != self.source {
            // Also one that may not count: somebody is there.
            self.end_start_probe();
        }
        match self.accept_packet(packet, arrival) {
            Ok(Accepted {
                advertisement,
                header,
                signed,
            }) => {
                self.counters.received += 1;
                self.note_numbers(arrival.now, packet.source, header, signed);
                self.note_peer(packet.source, fx);
                self.note_checksum(packet, fx);
                self.note_rival(packet.source, advertisement.priority, fx.now);
                let differs = self.compare_addresses(&advertisement, packet.source, fx);
                self.witness_taken(fx.now, packet, differs);
                let heard = Heard {
                    source: packet.source,
                    priority: advertisement.priority,
                    interval: self.interval_of(&advertisement),
                };
                self.step(Step::Heard(heard), fx);
            }
            Err(cause) => {
                self.witness_dropped(fx.now, packet, cause);
                self.drop_packet(cause, packet.source, fx);
            }
        }
    }

    /// The checks of RFC 9568 §7.1 and RFC 3768 §7.1, in the order in which keepalived counts them.
    fn accept_packet<'p>(
        &self,
        packet: &Packet<'p>,
        arrival: &Arrival<'_>,
    ) -> Result<Accepted<'p>, DropCause> {
        self.check_path(packet)?;
        let (version, _) = peek(packet.message).map_err(drop_cause)?;
        if version != self.spec.version.number() {
            return Err(DropCause::Version);
        }
        let (message, source, destination) = (packet.message, packet.source, packet.destination);
        let parsed = match self.spec.hmac {
            Some(_) => Advertisement::parse_signed(message, source, destination),
            None => self.parse(packet).map(|known| (known, None)),
        };
        let (advertisement, signed) = parsed.map_err(drop_cause)?;
        let signed = self.check_trailer(source, signed.as_ref(), arrival)?;
        self.check_authentication(&advertisement)?;
        let header = self.check_header(arrival)?;
        self.check_interval(&advertisement)?;
        if Some(packet.source) == self.source {
            return Err(DropCause::OwnAddress);
        }
        if self.spec.owner_ignore_adverts && self.effective == Priority::OWNER {
            return Err(DropCause::Owner);
        }
        Ok(Accepted {
            advertisement,
            header,
            signed,
        })
    }

    /// Multicast comes from this link only (TTL 255) and to our group; unicast to our address, from a peer within the
    /// limits that are configured for it.
    fn check_path(&self, packet: &Packet<'_>) -> Result<(), DropCause> {
        let Some(unicast) = &self.spec.unicast else {
            return match () {
                () if packet.ttl != TTL => Err(DropCause::Ttl),
                () if packet.destination != self.spec.group => Err(DropCause::Destination),
                () => Ok(()),
            };
        };
        if Some(packet.destination) != self.source {
            return Err(DropCause::Destination);
        }
        match unicast.peer(packet.source) {
            Some(peer) if (peer.min_ttl..=peer.max_ttl).contains(&packet.ttl) => Ok(()),
            Some(_) => Err(DropCause::Ttl),
            None => match unicast.strangers {
                Strangers::Believed => Ok(()),
                Strangers::UntilPeerHeard if !self.peer_heard => Ok(()),
                Strangers::UntilPeerHeard | Strangers::Ignored => Err(DropCause::Stranger),
            },
        }
    }

    /// A configured peer speaks: strangers are not believed from now on.
    fn note_peer(&mut self, from: IpAddr, fx: &mut Effects<'_>) {
        let Some(unicast) = &self.spec.unicast else {
            return;
        };
        if unicast.peer(from).is_some() {
            self.peer_heard = true;
        } else if let Some(times) = self.digests.stranger.note(fx.now, REPORT_PERIOD) {
            self.event(Event::StrangerBelieved { from, times }, fx);
        }
    }

    fn check_authentication(&self, advertisement: &Advertisement<'_>) -> Result<(), DropCause> {
        if advertisement.version == Version::V3 {
            return Ok(());
        }
        let ours = &self.message_authentication();
        let theirs = &advertisement.authentication;
        if ours.kind() != theirs.kind() || matches!(theirs, Authentication::Other(_)) {
            Err(DropCause::AuthenticationType)
        } else if ours.matches(theirs) {
            Ok(())
        } else {
            Err(DropCause::Authentication)
        }
    }

    /// Version 2 intervals must be equal; version 3 learns any but 0, with which a single forged
    /// packet would make us take over.
    fn check_interval(&self, advertisement: &Advertisement<'_>) -> Result<(), DropCause> {
        match advertisement.interval {
            Interval::Seconds(_) if advertisement.interval != self.spec.wire_interval() => {
                Err(DropCause::Interval)
            }
            Interval::Centiseconds(0) => Err(DropCause::Interval),
            Interval::Seconds(_) | Interval::Centiseconds(_) => Ok(()),
        }
    }

    fn interval_of(&self, advertisement: &Advertisement<'_>) -> Micros {
        match advertisement.interval {
            Interval::Seconds(seconds) => Micros::from_secs(u64::from(seconds)),
            Interval::Centiseconds(centiseconds) => {
                Micros::from_millis(u64::from(centiseconds) * 10)
            }
        }
    }

    /// A differing list is counted, reported and honoured, as current keepalived does. True if it differs, none if it
    /// was not compared.
    fn compare_addresses(
        &mut self,
        advertisement: &Advertisement<'_>,
        from: IpAddr,
        fx: &mut Effects<'_>,
    ) -> Option<bool> {
        let known = self
            .followed
            .is_some_and(|followed| followed.address == from);
        let listens = matches!(self.state, State::Backup | State::Active);
        if !listens || (self.spec.skip_check_adv_addr && known) {
            return None;
        }
        if self.same_list(advertisement) {
            return Some(false);
        }
        self.counters.address_lists += 1;
        if let Some(times) = self.digests.address_list.note(fx.now, REPORT_PERIOD) {
            self.event(Event::AddressListDiffers { from, times }, fx);
        }
        Some(true)
    }

    fn same_list(&self, advertisement: &Advertisement<'_>) -> bool {
        let ours = &self.spec.addresses;
        advertisement.addresses().count() == ours.len()
            && advertisement
                .addresses()
                .zip(ours)
                .all(|(theirs, held)| theirs == held.address)
            || self.same_set(advertisement)
    }

    /// The lists may stand in different orders.
    fn same_set(&self, advertisement: &Advertisement<'_>) -> bool {
        let ours = &self.spec.addresses;
        advertisement.addresses().count() == ours.len()
            && advertisement
                .addresses()
                .all(|theirs| ours.iter().any(|held| held.address == theirs))
    }

    fn drop_packet(&mut self, cause: DropCause, from: IpAddr, fx: &mut Effects<'_>) {
        *self.counters.dropped.entry(cause).or_default() += 1;
        // Bridges and bonds below a virtual MAC interface bring our own frames back: that is no news.
        if cause == DropCause::OwnAddress && self.spec.has_virtual_mac() {
            return;
        }
        let digest = self.digests.dropped.entry(cause).or_default();
        if let Some(times) = digest.note(fx.now, REPORT_PERIOD) {
            self.event(Event::Dropped { cause, from, times }, fx);
        }
    }
}

fn drop_cause(error: AdvertisementError) -> DropCause {
    match error {
        AdvertisementError::Truncated { .. }
        | AdvertisementError::Length { .. }
        | AdvertisementError::NoAddresses => DropCause::Length,
        AdvertisementError::Version(_) => DropCause::Version,
        AdvertisementError::Type(_) | AdvertisementError::ZeroVrid => DropCause::Type,
        AdvertisementError::Checksum => DropCause::Checksum,
    }
}
