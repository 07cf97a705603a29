//! The peer channel: what this node tells other Standfast nodes, and what it believes of them
//! (docs/peer-channel.md).
//!
//! - [`domain`]: which of our routers speak where, with which key.
//! - [`hello`]: who is there, and what do they say of their routers.
//! - [`handover`]: a serving router looks for a successor; a Backup is asked to be one.
//! - [`detect`]: signs of life, and what their absence means.
//!
//! A peer is believed no more than its advertisements would be: it can say that it is ready, and whoever is Active can
//! resign. A message counts as fresh when it echoes the time of one of ours: then nothing that was recorded can be it.

mod detect;
mod domain;
mod handover;
mod hello;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::RangeInclusive;

use standfast_wire::peer::{Entry, Header, Hint, Key, Kind, MAX_LENGTH, NodeNumber};
use standfast_wire::peer::{MAX_ENTRIES, Message};
use standfast_wire::vrrp::Vrid;

use crate::input::{Datagram, InterfaceIndex, Output, PeerPacket, RouterId};
use crate::limit::{Bucket, Digest};
use crate::node::Node;
use crate::router::Router;
use crate::time::{Instant, Micros};

use detect::Liveness;
use domain::Domain;
pub(crate) use domain::Speech;
use handover::Offer;
use hello::Discovery;

/// What a peer says is believed for this long after it was heard last.
const PATIENCE: Micros = Micros::from_millis(3_500);
/// A message that was longer on its way than this asks for nothing.
const FRESH: Micros = Micros::from_millis(100);
/// Peers that are remembered in one domain; a LAN has a handful.
const MAX_SPEAKERS: usize = 32;
/// Lines about nodes that come and go, of all domains: so many at once, then one a second.
const FINDINGS: Bucket = Bucket::new(256, Micros::from_secs(1));
/// Offers and groups follow each other at most so often in one input; more would be a circle.
const ROUNDS: usize = 8;
/// Answers to whoever asks who we are, in one domain: ten at once, then ten a second.
const REPLIES: Bucket = Bucket::new(10, Micros::from_millis(100));
/// News of our own routers: twenty at once, then twenty a second.
const UPDATES: Bucket = Bucket::new(20, Micros::from_millis(50));

/// Where and as whom we speak: interface, our address, and the key by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DomainId {
    /// The interface; [`InterfaceIndex::ANY`]: none in particular.
    pub interface: InterfaceIndex,
    /// Our address.
    pub source: IpAddr,
    /// The key.
    pub hint: Hint,
}

/// Another node, as we hear it in one of our domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpeakerKey {
    /// Where.
    pub domain: DomainId,
    /// Its address.
    pub address: IpAddr,
    /// Its number.
    pub node: NodeNumber,
}

impl SpeakerKey {
    /// Every key of a domain; its fields are compared in their order.
    fn of_domain(domain: DomainId) -> RangeInclusive<Self> {
        let least = SpeakerKey {
            domain,
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            node: NodeNumber(0),
        };
        let greatest = SpeakerKey {
            domain,
            address: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
            node: NodeNumber(u64::MAX),
        };
        least..=greatest
    }
}

/// What is known of another node.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// How it calls itself.
    pub name: String,
    /// Since when it is known.
    pub since: Instant,
    /// When it was heard last.
    pub heard: Instant,
    /// Of the last message that answered one of ours; none until then: it may be a recording.
    pub round_trip: Option<Micros>,
    /// What it says of its virtual routers.
    pub routers: BTreeMap<Vrid, Entry>,
    /// When it named each of them last.
    named: BTreeMap<Vrid, Instant>,
    /// Its clock in its last message.
    last: u64,
    /// The same in its last request and in its last answer.
    last_request: u64,
    last_answer: u64,
    /// It was reported as found.
    introduced: bool,
    liveness: Liveness,
}

impl Speaker {
    fn new(now: Instant) -> Self {
        Speaker {
            name: String::new(),
            since: now,
            heard: now,
            round_trip: None,
            routers: BTreeMap::new(),
            named: BTreeMap::new(),
            last: 0,
            last_request: 0,
            last_answer: 0,
            introduced: false,
            liveness: Liveness::default(),
        }
    }

    /// It says this of one of its routers.
    fn names(&mut self, now: Instant, entry: Entry) {
        self.routers.insert(entry.vrid, entry);
        self.named.insert(entry.vrid, now);
    }

    /// It has that router no more.
    fn drops(&mut self, vrid: Vrid) {
        self.routers.remove(&vrid);
        self.named.remove(&vrid);
    }

    /// Its regular HELLO names every router: one that it names no more is gone, however that came about.
    fn forget_unnamed(&mut self, now: Instant) {
        self.named.retain(|_, at| now.since(*at) <= PATIENCE);
        let named = &self.named;
        self.routers.retain(|vrid, _| named.contains_key(vrid));
    }

    /// Whether it is there: it has answered us.
    pub fn is_confirmed(&self) -> bool {
        self.round_trip.is_some()
    }
}

/// Why a message of the channel was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerDrop {
    /// No whole message of our version.
    Malformed,
    /// Our own.
    Own,
    /// No router of ours speaks there.
    Place,
    /// It was routed.
    Ttl,
    /// From none of the configured unicast peers.
    Stranger,
    /// Made with another key.
    Key,
    /// The HMAC is wrong.
    Mac,
    /// For another node, or for an earlier run of ours.
    Misdirected,
    /// Too many nodes.
    Crowd,
    /// A request or an answer that is too old, or a repetition.
    Stale,
}

/// Everything about peers that a node remembers.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    domains: BTreeMap<DomainId, Domain>,
    /// The domains are to be found anew.
    stale: bool,
    speakers: BTreeMap<SpeakerKey, Speaker>,
    discovery: BTreeMap<(DomainId, IpAddr), Discovery>,
    offers: Vec<Offer>,
    /// Routers of sync groups that we are asked to take, until when, and by whom.
    asked: BTreeMap<RouterId, (Instant, SpeakerKey)>,
    /// The sign of life that is being sent should have been sent earlier.
    late: bool,
    /// Our clock in our last message.
    sent: u64,
    tick: Option<Instant>,
    /// Routers whose news wait, and until when.
    news: BTreeSet<RouterId>,
    news_at: Option<Instant>,
    replies: BTreeMap<DomainId, Bucket>,
    updates: Bucket,
    findings: Bucket,
    drops: BTreeMap<PeerDrop, u64>,
    differences: BTreeMap<(RouterId, crate::journal::Difference), Digest>,
}

impl Default for Peers {
    fn default() -> Self {
        Peers {
            domains: BTreeMap::new(),
            stale: true,
            speakers: BTreeMap::new(),
            discovery: BTreeMap::new(),
            offers: Vec::new(),
            asked: BTreeMap::new(),
            late: false,
            sent: 0,
            tick: None,
            news: BTreeSet::new(),
            news_at: None,
            replies: BTreeMap::new(),
            updates: UPDATES,
            findings: FINDINGS,
            drops: BTreeMap::new(),
            differences: BTreeMap::new(),
        }
    }
}

impl Peers {
    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        let offers = self.offers.iter().map(Offer::due);
        let watched = self.speakers.values();
        let watched = watched.filter_map(|speaker| speaker.liveness.next_wakeup());
        let others = [self.tick, self.news_at].into_iter().flatten();
        offers.chain(watched).chain(others).min()
    }

    /// Routers or interfaces have changed.
    pub(crate) fn look_again(&mut self) {
        self.stale = true;
    }
}

/// Whom a message is for.
#[derive(Clone, Copy)]
enum To {
    /// Whoever listens there: a group, or a host that is not known yet.
    Anybody(IpAddr),
    Speaker(SpeakerKey),
}

impl Node {
    /// The other nodes that are known, also those that have not answered yet.
    pub fn peers(&self) -> impl Iterator<Item = (&SpeakerKey, &Speaker)> {
        self.peers.speakers.iter()
    }

    /// The other nodes that are known where that router speaks, and what each says of it.
    pub fn peers_of<'n>(
        &'n self,
        router: &Router,
    ) -> impl Iterator<Item = (&'n SpeakerKey, &'n Speaker, &'n Entry)> + use<'n> {
        let vrid = router.spec().vrid;
        let domain = self.domain_of_router(router.id());
        let speakers = domain.map(|it| self.peers.speakers.range(SpeakerKey::of_domain(it)));
        let speakers = speakers.into_iter().flatten();
        speakers.filter_map(move |(key, it)| Some((key, it, it.routers.get(&vrid)?)))
    }

    /// The router of ours that a peer means by that VRID.
    pub fn router_of_peer(&self, peer: &SpeakerKey, vrid: Vrid) -> Option<&Router> {
        let id = self.router_of(peer.domain, vrid)?;
        self.routers.get(&id)
    }

    /// Messages of the channel that were not taken, by cause.
    pub fn peer_drops(&self) -> &BTreeMap<PeerDrop, u64> {
        &self.peers.drops
    }

    /// Whose answers to our probes have to reach us besides those for virtual addresses.
    pub fn watched_speakers(&self) -> impl Iterator<Item = (InterfaceIndex, IpAddr)> {
        let watches = |id: &DomainId| {
            let domain = self.peers.domains.get(id);
            domain.is_some_and(|domain| domain.watch.is_some())
        };
        let speakers = self.peers.speakers.iter();
        speakers
            .filter(move |(key, it)| it.is_confirmed() && watches(&key.domain))
            .map(|(key, _)| (key.domain.interface, key.address))
    }

    /// A message of the peer channel arrived.
    pub(crate) fn peer_received(&mut self, now: Instant, packet: &PeerPacket<'_>) {
        if let Err(cause) = self.take_message(now, packet) {
            let count = self.peers.drops.entry(cause).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn take_message(&mut self, now: Instant, packet: &PeerPacket<'_>) -> Result<(), PeerDrop> {
        let message = Message::parse(packet.message).map_err(|_| PeerDrop::Malformed)?;
        let header = message.header;
        if header.sender == self.identity.number {
            return Err(PeerDrop::Own);
        }
        let domain = self.domain_of(now, packet, &message)?;
        let to_us = header.destination.map(|to| to == self.identity.number);
        if to_us == Some(false) {
            return Err(PeerDrop::Misdirected);
        }
        let key = SpeakerKey {
            domain,
            address: packet.source,
            node: header.sender,
        };
        self.make_room(&key)?;
        let round_trip = to_us.and_then(|_| self.round_trip(now, &header));
        self.note_speaker(now, key, &header, round_trip);
        match header.kind {
            Kind::Hello => self.hello(now, key, &message),
            Kind::Alive => Ok(()),
            Kind::Leaving => self.peer_leaves(now, key, &message, round_trip),
            Kind::Take => self.asked_to_take(now, key, &message, round_trip),
            Kind::Taken => self.taken(now, key, &message, round_trip),
        }
    }

    /// How long our message and its answer were on their way, if it is one, and not an old one.
    fn round_trip(&self, now: Instant, header: &Header<'_>) -> Option<Micros> {
        if header.echo == 0 || header.echo > self.peers.sent {
            return None;
        }
        let away = now.0.saturating_sub(header.echo);
        let held = u64::from(header.held_us);
        // Nobody has held an answer for longer than the question is old; clocks run a little differently.
        let possible = held <= away.saturating_add(FRESH.0);
        let time = Micros(away.saturating_sub(held));
        (possible && time <= FRESH).then_some(time)
    }

    /// There is a bound to the nodes that we remember; one that has not answered gives way.
    fn make_room(&mut self, key: &SpeakerKey) -> Result<(), PeerDrop> {
        let speakers = &mut self.peers.speakers;
        let there = speakers.range(SpeakerKey::of_domain(key.domain));
        if speakers.contains_key(key) || there.clone().count() < MAX_SPEAKERS {
            return Ok(());
        }
        let unknown = there.filter(|(_, it)| !it.is_confirmed());
        let oldest = unknown.min_by_key(|(_, it)| it.heard).map(|(key, _)| *key);
        speakers.remove(&oldest.ok_or(PeerDrop::Crowd)?);
        Ok(())
    }

    /// Sends a message about those routers, in as many parts as it takes.
    fn say(
        &mut self,
        now: Instant,
        domain: DomainId,
        to: To,
        kind: Kind,
        answer: bool,
        entries: &[Entry],
    ) {
        let Some(known) = self.peers.domains.get(&domain) else {
            return;
        };
        let key: Key = known.key.clone();
        let watch = known.watch.map_or(0, |watch| watch.interval.0 / 1_000);
        let (destination, address, echo, heard) = match to {
            To::Anybody(address) => (None, address, 0, now),
            To::Speaker(speaker) => match self.peers.speakers.get(&speaker) {
                Some(it) => (Some(speaker.node), speaker.address, it.last, it.heard),
                None => return,
            },
        };
        let none: &[Entry] = &[];
        let parts = entries.chunks(MAX_ENTRIES);
        for part in parts.chain(entries.is_empty().then_some(none)) {
            self.peers.sent = now.0.max(self.peers.sent.saturating_add(1));
            let header = Header {
                kind,
                answer,
                late: self.peers.late,
                hint: key.hint(),
                sender: self.identity.number,
                destination,
                sent: self.peers.sent,
                echo,
                held_us: u32::try_from(now.since(heard).0).unwrap_or(u32::MAX),
                watch_ms: u16::try_from(watch).unwrap_or(u16::MAX),
                name: match kind {
                    Kind::Hello => &self.identity.name,
                    Kind::Leaving | Kind::Take | Kind::Taken | Kind::Alive => "",
                },
            };
            let mut buffer = [0; MAX_LENGTH];
            if let Ok(message) = header.emit(part, domain.source, &key, &mut buffer) {
                self.outputs.push_back(Output::Peer(Datagram {
                    interface: domain.interface,
                    source: domain.source,
                    destination: address,
                    message: message.to_vec(),
                }));
            }
        }
    }

    /// After every input: who wants to hand over is answered, and peers hear what has changed.
    pub(crate) fn settle_peers(&mut self, now: Instant) {
        if core::mem::take(&mut self.peers.stale) {
            self.tell_farewells(now);
            self.find_domains(now);
        }
        // What a group does may be another offer, and the end of an offer another change of a group.
        for _ in 0..ROUNDS {
            self.settle_offers(now);
            self.settle_groups(now);
            if self.notices.offers.is_empty() {
                break;
            }
        }
        self.tell_news(now);
    }

    /// What is due by now.
    pub(crate) fn wake_peers(&mut self, now: Instant) {
        self.wake_offers(now);
        self.wake_liveness(now);
        if self.peers.tick.is_some_and(|due| due <= now) {
            self.find_domains(now);
            self.say_hello(now);
        }
        if self.peers.news_at.is_some_and(|due| due <= now) {
            self.peers.news_at = None;
            let waiting = core::mem::take(&mut self.peers.news);
            self.notices.changed.extend(waiting);
        }
    }

    /// The domain that a router speaks in.
    fn domain_of_router(&self, id: RouterId) -> Option<DomainId> {
        let router = self.routers.get(&id)?;
        let (interface, source) = router.channel_place()?;
        let domain = DomainId {
            interface,
            source,
            hint: router.speech()?.hint(),
        };
        let known = self.peers.domains.get(&domain)?;
        known
            .routers
            .contains_key(&router.spec().vrid)
            .then_some(domain)
    }
}
