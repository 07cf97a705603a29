//! Evidence: who was heard for this virtual router, who answered for its addresses, and how often it changed its state.
//! Nothing is decided from it; it is what an operator is told when two nodes disagree.
//!
//! Everything is bounded and updated in place: in the steady state a packet allocates nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::MacAddress;
use standfast_wire::vrrp::Priority;

use super::{Router, State};
use crate::input::{Errno, Packet};
use crate::journal::{Cause, DropCause};
use crate::time::{Instant, Micros};

/// Senders that a router remembers, and answerers for its addresses; a LAN has a handful.
pub const MAX_WITNESSES: usize = 16;
/// Addresses of a packet that are remembered; more would say no more.
pub const MAX_HEARD_ADDRESSES: usize = 32;
/// Where the addresses of an advertisement begin (RFC 9568 §5.1).
const ADDRESSES_AT: usize = 8;

/// Somebody who was heard sending for this virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its address.
    pub address: IpAddr,
    /// Its last priority; none while no packet of it could be read.
    pub priority: Option<Priority>,
    /// Its protocol version.
    pub version: Option<u8>,
    /// Its interval.
    pub interval: Option<Micros>,
    /// When it was heard first.
    pub first: Instant,
    /// When it was heard last.
    pub last: Instant,
    /// How many packets were taken.
    pub taken: u64,
    /// How many were not.
    pub dropped: u64,
    /// Why the last one was not taken; none: it was.
    pub refused: Option<DropCause>,
    /// The addresses of its last packet that was compared, where they are not ours; at most [`MAX_HEARD_ADDRESSES`].
    pub other_addresses: Vec<IpAddr>,
}

/// Somebody who answers for one of our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The address.
    pub address: IpAddr,
    /// Whose hardware address.
    pub mac: MacAddress,
    /// When it was seen first.
    pub first: Instant,
    /// When it was seen last.
    pub last: Instant,
    /// How often.
    pub times: u64,
}

/// What a router has seen since it was configured.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness {
    senders: Vec<Sender>,
    holders: Vec<Holder>,
    transitions: BTreeMap<(State, &'static str), u64>,
    cause: Option<Cause>,
    pause: Option<(Instant, Micros)>,
    deletion: Option<Deletion>,
    refusal: Option<Refusal>,
    /// A node of the peer channel has this router too; kept when that node is forgotten.
    peer: bool,
}

/// Something else on this host has deleted addresses of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The last one.
    pub address: IpAddr,
    /// When.
    pub last: Instant,
    /// How many so far.
    pub times: u64,
}

/// The kernel has refused to add or to remove an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub address: IpAddr,
    /// To add it, or to remove it.
    pub adding: bool,
    /// Why.
    pub error: Errno,
    /// When.
    pub last: Instant,
}

/// The fields of a message that may be anything, as far as they are there.
#[derive(Clone, Copy)]
pub(crate) struct Glimpse<'a> {
    message: &'a [u8],
    wide: bool,
}

impl<'a> Glimpse<'a> {
    pub(crate) fn of(packet: &Packet<'a>) -> Self {
        Glimpse {
            message: packet.message,
            wide: packet.source.is_ipv6(),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.message.get(at).copied()
    }

    fn version(&self) -> Option<u8> {
        self.byte(0).map(|first| first >> 4)
    }

    pub(crate) fn priority(&self) -> Option<Priority> {
        self.byte(2).map(Priority)
    }

    fn interval(&self) -> Option<Micros> {
        let (fifth, sixth) = (self.byte(4)?, self.byte(5)?);
        match self.version()? {
            2 => Some(Micros::from_secs(u64::from(sixth))),
            3 => {
                let centiseconds = u16::from_be_bytes([fifth & 0x0f, sixth]);
                Some(Micros::from_millis(u64::from(centiseconds) * 10))
            }
            _ => None,
        }
    }

    /// As many addresses as the message says that it has, and has.
    pub(crate) fn addresses(self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let count = usize::from(self.byte(3).unwrap_or(0)).min(MAX_HEARD_ADDRESSES);
        let length = if self.wide { 16 } else { 4 };
        let bytes = self.message.get(ADDRESSES_AT..).unwrap_or_default();
        bytes.chunks_exact(length).take(count).filter_map(|octets| {
            match <[u8; 4]>::try_from(octets) {
                Ok(octets) => Some(IpAddr::from(octets)),
                Err(_) => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
            }
        })
    }
}

/// Whether what such a packet says of itself can be read, although it is not taken.
const fn is_readable(cause: DropCause) -> bool {
    !matches!(
        cause,
        DropCause::Type | DropCause::Length | DropCause::Checksum
    )
}

impl Witness {
    /// The record of a sender: its own, or that of whoever has to give way.
    fn sender(&mut self, now: Instant, address: IpAddr) -> Option<&mut Sender> {
        let known = self.senders.iter().position(|it| it.address == address);
        let position = match known {
            Some(position) => position,
            None => self.room_for_sender(now, address),
        };
        self.senders.get_mut(position)
    }

    /// Whoever has never said anything that counted gives way first: forged senders do not push out a real one.
    fn room_for_sender(&mut self, now: Instant, address: IpAddr) -> usize {
        let fresh = Sender {
            address,
            priority: None,
            version: None,
            interval: None,
            first: now,
            last: now,
            taken: 0,
            dropped: 0,
            refused: None,
            other_addresses: Vec::new(),
        };
        if self.senders.len() < MAX_WITNESSES {
            self.senders.push(fresh);
            return self.senders.len() - 1;
        }
        let oldest = self.senders.iter().enumerate();
        let oldest = oldest.min_by_key(|(_, it)| (it.taken > 0, it.last));
        let position = oldest.map_or(0, |(position, _)| position);
        if let Some(place) = self.senders.get_mut(position) {
            let mut other_addresses = core::mem::take(&mut place.other_addresses);
            other_addresses.clear();
            *place = Sender {
                other_addresses,
                ..fresh
            };
        }
        position
    }

    fn note_holder(&mut self, now: Instant, address: IpAddr, mac: MacAddress) {
        let same = |it: &&mut Holder| it.address == address && it.mac == mac;
        if let Some(known) = self.holders.iter_mut().find(same) {
            known.last = now;
            known.times = known.times.saturating_add(1);
            return;
        }
        let holder = Holder {
            address,
            mac,
            first: now,
            last: now,
            times: 1,
        };
        if self.holders.len() < MAX_WITNESSES {
            self.holders.push(holder);
        } else if let Some(oldest) = self.holders.iter_mut().min_by_key(|it| it.last) {
            *oldest = holder;
        }
    }

    pub(super) fn note_transition(&mut self, state: State, cause: &Cause) {
        let count = self.transitions.entry((state, cause.word())).or_default();
        *count = count.saturating_add(1);
        self.cause = Some(cause.clone());
    }
}

impl Router {
    /// Everybody who was heard sending for this virtual router where it hears, at most [`MAX_WITNESSES`].
    pub fn senders(&self) -> &[Sender] {
        &self.witness.senders
    }

    /// Everybody else who was seen answering for its addresses, at most [`MAX_WITNESSES`].
    pub fn holders(&self) -> &[Holder] {
        &self.witness.holders
    }

    /// How often it has entered a state, by state and [`Cause::word`].
    pub fn transitions(&self) -> impl Iterator<Item = (State, &'static str, u64)> {
        let all = self.witness.transitions.iter();
        all.map(|((state, cause), count)| (*state, *cause, *count))
    }

    /// Why it entered its state; none before it was started.
    pub fn cause(&self) -> Option<&Cause> {
        self.witness.cause.as_ref()
    }

    /// Whether nobody else was heard or seen since it was configured.
    pub fn has_met_nobody(&self) -> bool {
        let witness = &self.witness;
        witness.senders.is_empty() && witness.holders.is_empty() && !witness.peer
    }

    /// Whether a node of the peer channel was met that has this router too.
    pub fn has_met_peer(&self) -> bool {
        self.witness.peer
    }

    pub(crate) fn witness_peer(&mut self) {
        self.witness.peer = true;
    }

    /// When it was noticed last that this host had not run for a while, and for how long.
    pub fn last_pause(&self) -> Option<(Instant, Micros)> {
        self.witness.pause
    }

    /// What others on this host have deleted while it served.
    pub fn last_deletion(&self) -> Option<Deletion> {
        self.witness.deletion
    }

    /// What the kernel has refused last.
    pub fn last_refusal(&self) -> Option<Refusal> {
        self.witness.refusal
    }

    pub(super) fn witness_pause(&mut self, now: Instant, length: Micros) {
        self.witness.pause = Some((now, length));
    }

    pub(super) fn witness_deletion(&mut self, now: Instant, address: IpAddr) {
        let times = self.witness.deletion.map_or(0, |it| it.times);
        self.witness.deletion = Some(Deletion {
            address,
            last: now,
            times: times.saturating_add(1),
        });
    }

    pub(super) fn witness_refusal(
        &mut self,
        last: Instant,
        adding: bool,
        address: IpAddr,
        error: Errno,
    ) {
        self.witness.refusal = Some(Refusal {
            address,
            adding,
            error,
            last,
        });
    }

    /// `differs`: its addresses are not ours; none: they were not compared.
    pub(super) fn witness_taken(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        differs: Option<bool>,
    ) {
        let seen = Glimpse::of(packet);
        let Some(sender) = self.witness.sender(now, packet.source) else {
            return;
        };
        sender.note(now, seen);
        sender.taken = sender.taken.saturating_add(1);
        sender.refused = None;
        match differs {
            Some(true) => sender.note_addresses(seen),
            Some(false) => sender.other_addresses.clear(),
            None => {}
        }
    }

    pub(super) fn witness_dropped(&mut self, now: Instant, packet: &Packet<'_>, cause: DropCause) {
        // Our own packets come back through loops: they are nobody else's.
        if cause == DropCause::OwnAddress || Some(packet.source) == self.source {
            return;
        }
        let seen = Glimpse::of(packet);
        let differs = is_readable(cause) && self.glimpse_differs(seen);
        let Some(sender) = self.witness.sender(now, packet.source) else {
            return;
        };
        sender.last = now;
        if is_readable(cause) {
            sender.note(now, seen);
        }
        sender.dropped = sender.dropped.saturating_add(1);
        sender.refused = Some(cause);
        match differs {
            true => sender.note_addresses(seen),
            false => sender.other_addresses.clear(),
        }
    }

    /// Whether a packet has other addresses than we have, in any order.
    fn glimpse_differs(&self, seen: Glimpse<'_>) -> bool {
        let ours = self.advertised();
        let count = seen.addresses().count();
        count != ours.len().min(MAX_HEARD_ADDRESSES)
            || !seen.addresses().all(|theirs| ours.contains(&theirs))
    }

    pub(super) fn witness_holder(&mut self, now: Instant, address: IpAddr, mac: MacAddress) {
        self.witness.note_holder(now, address, mac);
    }
}

impl Sender {
    fn note(&mut self, now: Instant, seen: Glimpse<'_>) {
        self.last = now;
        self.version = seen.version();
        self.interval = seen.interval();
        // A resignation is no priority.
        if let Some(priority) = seen.priority().filter(|it| *it != Priority::RESIGN) {
            self.priority = Some(priority);
        }
    }

    fn note_addresses(&mut self, seen: Glimpse<'_>) {
        self.other_addresses.clear();
        self.other_addresses.extend(seen.addresses());
    }
}
