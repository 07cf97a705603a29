//! Who is there: discovery, the regular HELLO, and news of our own routers.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use standfast_wire::peer::{Answer, Entry, Header, Kind, Message, State};
use standfast_wire::vrrp::{Interval, Vrid};

use super::{DomainId, PATIENCE, PeerDrop, REPLIES, Speaker, SpeakerKey, To};
use crate::input::{InterfaceIndex, RouterId};
use crate::journal::{Difference, Event, Subject};
use crate::node::Node;
use crate::router::Router;
use crate::time::{Instant, Micros};

/// Known peers hear of all our routers this often.
const HELLO_PERIOD: Micros = Micros::from_secs(1);
/// Where nobody answers we ask at these intervals, from the first to the last.
const DISCOVERY: (Micros, Micros) = (Micros::from_secs(1), Micros::from_secs(64));
/// A host that has told us to be quiet is left alone for this long.
const UNREACHABLE: Micros = Micros::from_secs(600);
/// News that have to wait wait this long.
const NEWS_DELAY: Micros = Micros::from_millis(50);

/// When to ask next who is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Discovery {
    next: Instant,
    interval: Micros,
}

/// What others are told of a router.
fn entry_of(now: Instant, router: &Router, answer: Answer) -> Entry {
    let spec = router.spec();
    Entry {
        vrid: spec.vrid,
        version: spec.version.number(),
        state: router.told_state(),
        ready: router.is_ready(now),
        preempts: router.preempts_at_once(),
        drained: router.hold().is_some(),
        answer,
        priority: router.effective_priority(),
        base: spec.priority,
        interval: centiseconds(spec.wire_interval()),
        addresses: router.speech().map_or(0, |speech| speech.addresses),
        term: router.term(),
        since_s: u32::try_from(now.since(router.since()).0 / 1_000_000).unwrap_or(u32::MAX),
    }
}

fn centiseconds(interval: Interval) -> u16 {
    match interval {
        Interval::Seconds(seconds) => u16::from(seconds) * 100,
        Interval::Centiseconds(centiseconds) => centiseconds,
    }
}

/// Names come from the network and go to terminals: nothing that moves the cursor or turns the direction of writing.
pub(super) fn printable(name: &str) -> String {
    let plain = |it: &char| it.is_alphanumeric() || it.is_ascii_graphic();
    name.chars().filter(plain).collect()
}

impl Node {
    /// An entry for each of those routers.
    pub(super) fn entries<'i>(
        &self,
        now: Instant,
        ids: impl Iterator<Item = &'i RouterId>,
        answer: Answer,
    ) -> Vec<Entry> {
        ids.filter_map(|id| self.routers.get(id))
            .map(|router| entry_of(now, router, answer))
            .collect()
    }

    /// Once a second: forget who is silent and what is named no more, tell who is known, ask who else is there.
    pub(super) fn say_hello(&mut self, now: Instant) {
        self.peers.tick = Some(now + HELLO_PERIOD);
        self.forget_silent(now);
        for speaker in self.peers.speakers.values_mut() {
            speaker.forget_unnamed(now);
        }
        let domains: Vec<DomainId> = self.peers.domains.keys().copied().collect();
        for domain in domains {
            let ids = self.peers.domains.get(&domain);
            let ids: Vec<RouterId> =
                ids.map_or_else(Vec::new, |it| it.routers.values().copied().collect());
            // Signs of life without their news need no second kind of message.
            let entries = self.entries(now, ids.iter(), Answer::None);
            for speaker in self.speakers_of(domain) {
                self.say(
                    now,
                    domain,
                    To::Speaker(speaker),
                    Kind::Hello,
                    false,
                    &entries,
                );
            }
            // Whoever has not answered may not be where it says: it hears no more from us than we did from it.
            for speaker in self.unconfirmed(domain) {
                self.say(now, domain, To::Speaker(speaker), Kind::Hello, true, &[]);
            }
            self.discover(now, domain, &entries);
        }
    }

    /// The nodes of a domain that have answered us.
    pub(super) fn speakers_of(&self, domain: DomainId) -> Vec<SpeakerKey> {
        self.speakers_who(domain, Speaker::is_confirmed)
    }

    fn unconfirmed(&self, domain: DomainId) -> Vec<SpeakerKey> {
        self.speakers_who(domain, |speaker| !speaker.is_confirmed())
    }

    fn speakers_who(&self, domain: DomainId, test: impl Fn(&Speaker) -> bool) -> Vec<SpeakerKey> {
        let speakers = self.peers.speakers.range(SpeakerKey::of_domain(domain));
        let those = speakers.filter(|(_, speaker)| test(speaker));
        those.map(|(key, _)| *key).collect()
    }

    fn discover(&mut self, now: Instant, domain: DomainId, entries: &[Entry]) {
        let Some(known) = self.peers.domains.get(&domain) else {
            return;
        };
        let destinations: Vec<_> = known.destinations.iter().copied().collect();
        for destination in destinations {
            let mut speakers = self.peers.speakers.range(SpeakerKey::of_domain(domain));
            let found = speakers.any(|(key, it)| key.address == destination && it.is_confirmed());
            let state = self.peers.discovery.entry((domain, destination));
            let state = state.or_insert(Discovery {
                next: now,
                interval: DISCOVERY.0,
            });
            if found || now < state.next {
                continue;
            }
            state.next = now + state.interval;
            state.interval = state.interval.times(2).min(DISCOVERY.1);
            self.say(
                now,
                domain,
                To::Anybody(destination),
                Kind::Hello,
                true,
                entries,
            );
        }
    }

    /// A host has no use for our messages.
    pub(crate) fn peer_unreachable(
        &mut self,
        now: Instant,
        interface: InterfaceIndex,
        host: core::net::IpAddr,
    ) {
        for ((domain, destination), discovery) in &mut self.peers.discovery {
            if domain.interface == interface && *destination == host {
                discovery.next = now + UNREACHABLE;
                discovery.interval = UNREACHABLE;
            }
        }
    }

    fn forget_silent(&mut self, now: Instant) {
        let silent: Vec<SpeakerKey> = self
            .peers
            .speakers
            .iter()
            .filter(|(_, it)| now.since(it.heard) > PATIENCE)
            .map(|(key, _)| *key)
            .collect();
        for key in silent {
            if let Some(speaker) = self.peers.speakers.remove(&key)
                && speaker.is_confirmed()
                && !speaker.routers.is_empty()
                && self.peers.findings.take(now).is_ok()
            {
                let (address, name) = (key.address, speaker.name);
                self.event(now, Subject::Node, Event::PeerLost { address, name });
            }
            // It may come back at any time, and should be found soon.
            let group = |(domain, _): &(DomainId, _)| *domain == key.domain;
            for (_, discovery) in self.peers.discovery.iter_mut().filter(|(it, _)| group(it)) {
                if discovery.interval < UNREACHABLE {
                    discovery.interval = DISCOVERY.0;
                    discovery.next = discovery.next.min(now + DISCOVERY.0);
                }
            }
        }
    }

    /// A message came from that node.
    pub(super) fn note_speaker(
        &mut self,
        now: Instant,
        key: SpeakerKey,
        header: &Header<'_>,
        round_trip: Option<Micros>,
    ) {
        let watch = self.peers.domains.get(&key.domain).and_then(|it| it.watch);
        let speakers = &mut self.peers.speakers;
        let speaker = speakers.entry(key).or_insert_with(|| Speaker::new(now));
        let confirmed = speaker.round_trip.is_none() && round_trip.is_some();
        speaker.round_trip = round_trip.or(speaker.round_trip);
        if header.sent > speaker.last {
            speaker.liveness.sign(now, header, watch);
            speaker.last = header.sent;
            speaker.heard = now;
            if !header.name.is_empty() {
                speaker.name = printable(header.name);
            }
        }
        // Only a HELLO says a name: who comes back with a sign of life is reported with the next one.
        let met = header.kind == Kind::Hello && speaker.is_confirmed() && !speaker.introduced;
        speaker.introduced |= met;
        let name = met.then(|| speaker.name.clone());
        if confirmed {
            // An earlier run of the same node is over.
            let same = |it: &SpeakerKey| {
                it.domain == key.domain && it.address == key.address && it.node != key.node
            };
            speakers.retain(|it, _| !same(it));
        }
        if let Some(name) = name
            && self.peers.findings.take(now).is_ok()
        {
            let address = key.address;
            self.event(now, Subject::Node, Event::PeerFound { address, name });
        }
    }

    /// It says who it is, and perhaps wants to know who we are.
    pub(super) fn hello(
        &mut self,
        now: Instant,
        key: SpeakerKey,
        message: &Message<'_>,
    ) -> Result<(), PeerDrop> {
        self.learn(now, key, message);
        let unknown = self
            .peers
            .speakers
            .get(&key)
            .is_some_and(|it| !it.is_confirmed());
        let replies = self.peers.replies.entry(key.domain).or_insert(REPLIES);
        if (message.header.answer || unknown) && replies.take(now).is_ok() {
            let ids = self.peers.domains.get(&key.domain);
            let ids: Vec<RouterId> =
                ids.map_or_else(Vec::new, |it| it.routers.values().copied().collect());
            let entries = self.entries(now, ids.iter(), Answer::None);
            self.say(
                now,
                key.domain,
                To::Speaker(key),
                Kind::Hello,
                unknown,
                &entries,
            );
        }
        Ok(())
    }

    /// Takes what a peer says of its routers, and compares it with ours.
    fn learn(&mut self, now: Instant, key: SpeakerKey, message: &Message<'_>) {
        let (Some(speaker), Some(domain)) = (
            self.peers.speakers.get_mut(&key),
            self.peers.domains.get(&key.domain),
        ) else {
            return;
        };
        if message.header.sent < speaker.last {
            return;
        }
        let shared = |entry: &Entry| domain.routers.contains_key(&entry.vrid);
        for entry in message.entries().filter(shared) {
            if entry.state == State::Gone {
                speaker.drops(entry.vrid);
            } else {
                speaker.names(now, entry);
            }
        }
        for entry in message.entries().filter(|it| it.state != State::Gone) {
            self.compare(now, key, &entry);
        }
    }

    fn compare(&mut self, now: Instant, key: SpeakerKey, theirs: &Entry) {
        let Some(router) = self.router_of(key.domain, theirs.vrid) else {
            return;
        };
        let Some((ours, met)) = self
            .routers
            .get(&router)
            .map(|it| (entry_of(now, it, Answer::None), it.has_met_peer()))
        else {
            return;
        };
        if !met {
            self.with_router(now, router, |router, _| router.witness_peer());
        }
        if matches!(theirs.state, State::Active | State::Leaving) {
            self.with_router(now, router, |router, _| router.end_start_probe());
        }
        // Version 3 learns the interval of whoever is Active.
        let interval = ours.version == 2 && ours.interval != theirs.interval;
        let differences = [
            (Difference::Version, ours.version != theirs.version),
            (Difference::Addresses, ours.addresses != theirs.addresses),
            (Difference::Interval, interval),
        ];
        for (what, differs) in differences {
            if differs {
                self.differs(now, router, key.address, what);
            }
        }
    }

    pub(super) fn router_of(&self, domain: DomainId, vrid: Vrid) -> Option<RouterId> {
        self.peers.domains.get(&domain)?.routers.get(&vrid).copied()
    }

    /// A peer has let go of routers: nobody but us answers for their addresses now.
    pub(super) fn peer_leaves(
        &mut self,
        now: Instant,
        key: SpeakerKey,
        message: &Message<'_>,
        round_trip: Option<Micros>,
    ) -> Result<(), PeerDrop> {
        if round_trip.is_none() {
            return Err(PeerDrop::Stale);
        }
        self.learn(now, key, message);
        for entry in message.entries() {
            if let Some(router) = self.router_of(key.domain, entry.vrid) {
                self.with_router(now, router, Router::predecessor_gone);
            }
        }
        Ok(())
    }

    /// Peers hear at once what has changed; of many changes in a short time, a little later.
    pub(super) fn tell_news(&mut self, now: Instant) {
        let changed = core::mem::take(&mut self.notices.changed);
        self.tell_changed(now, changed);
    }

    /// Who has left is told while we still know where it spoke.
    pub(super) fn tell_farewells(&mut self, now: Instant) {
        let routers = &self.routers;
        let left = |id: &RouterId| routers.get(id).is_some_and(Router::is_finished);
        let (left, others) = core::mem::take(&mut self.notices.changed)
            .into_iter()
            .partition(left);
        self.notices.changed = others;
        self.tell_changed(now, left);
    }

    fn tell_changed(&mut self, now: Instant, changed: BTreeSet<RouterId>) {
        if changed.is_empty() || self.peers.speakers.is_empty() {
            return;
        }
        let (mut gone, mut news) = (Vec::new(), Vec::new());
        for id in changed {
            let told = self.routers.touch(id, |router, _| {
                let state = router.told_state();
                (router.replace_told(state), state)
            });
            let serves = |state: State| matches!(state, State::Active | State::Leaving);
            match told {
                Some((Some(before), state)) if serves(before) && !serves(state) => gone.push(id),
                Some(_) => news.push(id),
                None => {}
            }
        }
        self.tell(now, Kind::Leaving, &gone);
        if news.is_empty() {
            return;
        }
        if self.peers.updates.take(now).is_ok() {
            self.tell(now, Kind::Hello, &news);
        } else {
            self.peers.news.extend(news);
            self.peers.news_at.get_or_insert(now + NEWS_DELAY);
        }
    }

    /// Tells every known peer of those routers.
    fn tell(&mut self, now: Instant, kind: Kind, ids: &[RouterId]) {
        let domains: Vec<DomainId> = self.peers.domains.keys().copied().collect();
        for domain in domains {
            let of_domain = |id: &&RouterId| self.speaks_in(**id, domain);
            let entries = self.entries(now, ids.iter().filter(of_domain), Answer::None);
            if entries.is_empty() {
                continue;
            }
            for speaker in self.speakers_of(domain) {
                self.say(now, domain, To::Speaker(speaker), kind, false, &entries);
            }
        }
    }

    fn speaks_in(&self, id: RouterId, domain: DomainId) -> bool {
        let vrid = self.routers.get(&id).map(|router| router.spec().vrid);
        vrid.and_then(|vrid| self.router_of(domain, vrid)) == Some(id)
    }
}
