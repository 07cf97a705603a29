//! Handing over: a serving router looks for a successor among the peers and asks it; a Backup is asked.
//!
//! ```text
//!   Active                          its best ready peer
//!     │  TAKE (all routers that go there)  │
//!     ├───────────────────────────────────▶│ Backup → Active: advertises, adds, announces
//!     │  advertisement, TAKEN              │
//!     │◀───────────────────────────────────┤
//!     │  (lets go at the announcement,     │
//!     │   or 50 ms later)                  │
//!     │  LEAVING                           │
//!     ├───────────────────────────────────▶│ announces again
//! ```
//!
//! What is lost is sent again twice; then the protocol's way is gone. A sync group is one unit: one successor for all of its
//! members, or none.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::peer::{Answer, Entry, Kind, Message, NodeNumber, State as Told};
use standfast_wire::vrrp::Priority;

use super::hello::printable;
use super::{DomainId, PATIENCE, PeerDrop, Speaker, SpeakerKey, To};
use crate::input::RouterId;
use crate::journal::Event;
use crate::node::Node;
use crate::router::{LAST_RESORT, Router, State, Want};
use crate::steering::{Choice, Obstacle};
use crate::time::{Instant, Micros};

/// A request without an answer is sent again after this, and once more.
const AGAIN: Micros = Micros::from_millis(10);
/// How often a request is sent.
const ATTEMPTS: u8 = 3;
/// A request without an answer is given up after this, or after four round trips.
const BOUND: Micros = Micros::from_millis(40);
/// But never later.
const LATEST: Micros = Micros::from_millis(200);
/// Members of a sync group that we are asked to take are asked within this time.
const GATHERING: Micros = Micros::from_millis(100);

/// Routers that go to one successor together, and its answer is awaited.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    routers: BTreeMap<RouterId, SpeakerKey>,
    needs_better: bool,
    /// It is an operator's.
    planned: bool,
    /// Where an operator wants them.
    choice: Option<Choice>,
    /// Who was asked, and did not take.
    tried: BTreeSet<NodeNumber>,
    node: NodeNumber,
    attempts: u8,
    again: Instant,
    until: Instant,
}

impl Offer {
    pub(super) fn due(&self) -> Instant {
        if self.attempts < ATTEMPTS {
            self.again.min(self.until)
        } else {
            self.until
        }
    }
}

/// What goes together, and why.
struct Unit {
    wants: Vec<(RouterId, Want)>,
}

impl Unit {
    fn ids(&self) -> impl Iterator<Item = RouterId> {
        self.wants.iter().map(|(id, _)| *id)
    }

    /// An operator's wish, which may name a node.
    fn is_planned(&self) -> bool {
        let moved = |(_, want): &(RouterId, Want)| matches!(want, Want::Move(_));
        self.wants.iter().any(moved)
    }

    fn needs_better(&self) -> bool {
        self.wants.iter().all(|(_, want)| want.needs_better())
    }
}

/// Which successors are welcome.
struct Sought<'a> {
    /// Only a better one than we are, which would take over by itself.
    better: bool,
    /// For a planned move: none that is drained, which would give it back.
    planned: bool,
    /// Only this one.
    choice: Option<&'a Choice>,
    /// None of these.
    but: &'a BTreeSet<NodeNumber>,
}

impl Choice {
    fn is(&self, key: &SpeakerKey, speaker: &Speaker) -> bool {
        match self {
            // As it came in from the network.
            Choice::Name(name) => speaker.name == printable(name),
            Choice::Address(address) => key.address == *address,
        }
    }
}

/// Whether a node could take that router now.
fn is_fit(now: Instant, router: &Router, speaker: &Speaker, told: &Entry) -> bool {
    speaker.is_confirmed()
        && now.since(speaker.heard) <= PATIENCE
        && told.ready
        && told.state == Told::Backup
        && told.version == router.spec().version.number()
        && Some(told.addresses) == router.speech().map(|speech| speech.addresses)
}

/// Whether that node gives up what it can. One that does not know how to say so shows it by its priority.
fn is_drained(told: &Entry) -> bool {
    told.drained || (told.priority <= LAST_RESORT && told.base > LAST_RESORT)
}

impl Node {
    /// Finds successors for those who would hand over; who finds none goes the protocol's way. Nobody who wants to go is
    /// left behind.
    pub(super) fn settle_offers(&mut self, now: Instant) {
        let ids = core::mem::take(&mut self.notices.offers);
        if ids.is_empty() {
            return;
        }
        let mut asked = Vec::new();
        for unit in self.units(&ids) {
            let ids: Vec<RouterId> = unit.ids().collect();
            let better = unit.needs_better();
            let choice = self.steering.choice.clone();
            let planned = unit.is_planned();
            let choice = choice.filter(|_| planned);
            let sought = Sought {
                better,
                planned,
                choice: choice.as_ref(),
                but: &BTreeSet::new(),
            };
            match self.successor(now, &ids, &sought) {
                Some(routers) => self.offer(now, unit, routers, choice, &mut asked),
                None => self.go_alone(now, unit),
            }
        }
        self.ask(now, &asked);
    }

    /// Members of a sync group go together; if only priorities fell, those whose did not go as well.
    fn units(&mut self, ids: &BTreeSet<RouterId>) -> Vec<Unit> {
        let mut alone = Vec::new();
        let mut groups: BTreeMap<String, Unit> = BTreeMap::new();
        for id in ids {
            let taken = self.routers.touch(*id, |router, _| {
                (router.take_want(), router.spec().sync_group.clone())
            });
            match taken {
                Some((Some(want), None)) => alone.push(Unit {
                    wants: Vec::from([(*id, want)]),
                }),
                Some((Some(want), Some(group))) => {
                    let unit = groups
                        .entry(group)
                        .or_insert_with(|| Unit { wants: Vec::new() });
                    unit.wants.push((*id, want));
                }
                Some((None, _)) | None => {}
            }
        }
        for (group, unit) in &mut groups {
            if unit.needs_better() {
                let others = self.routers.values().filter(|router| {
                    router.spec().sync_group.as_ref() == Some(group)
                        && router.is_serving()
                        && unit.ids().all(|id| id != router.id())
                });
                let others: Vec<RouterId> = others.map(Router::id).collect();
                unit.wants
                    .extend(others.into_iter().map(|id| (id, Want::Fell)));
            }
        }
        alone.extend(groups.into_values());
        alone
    }

    /// The best ready peer for all of these routers together: one that is not drained, then the highest priority, then the
    /// highest address.
    fn successor(
        &self,
        now: Instant,
        ids: &[RouterId],
        sought: &Sought<'_>,
    ) -> Option<BTreeMap<RouterId, SpeakerKey>> {
        let first = self.domain_of_router(*ids.first()?)?;
        let nodes: BTreeSet<NodeNumber> = self
            .speakers_of(first)
            .into_iter()
            .map(|key| key.node)
            .filter(|node| !sought.but.contains(node))
            .collect();
        let candidates = nodes.into_iter().filter_map(|node| {
            let mut routers = BTreeMap::new();
            let mut ranks = Vec::new();
            for id in ids {
                let (key, told) = self.candidate(now, *id, node, sought)?;
                ranks.push((!told.drained, told.priority, key.address));
                routers.insert(*id, key);
            }
            Some((ranks.into_iter().min(), routers))
        });
        candidates
            .max_by(|(one, _), (other, _)| one.cmp(other))
            .map(|(_, routers)| routers)
    }

    /// Whether that node could take this router, and what it says of it.
    fn candidate(
        &self,
        now: Instant,
        id: RouterId,
        node: NodeNumber,
        sought: &Sought<'_>,
    ) -> Option<(SpeakerKey, Entry)> {
        let router = self.routers.get(&id)?;
        let domain = self.domain_of_router(id)?;
        let mut speakers = self.peers.speakers.iter();
        let of_node = |key: &SpeakerKey| key.domain == domain && key.node == node;
        let (key, speaker) = speakers.find(|(key, _)| of_node(key))?;
        let told = speaker.routers.get(&router.spec().vrid)?;
        let chosen = sought.choice.is_none_or(|choice| choice.is(key, speaker));
        let fit = chosen && is_fit(now, router, speaker, told);
        // A drained node hands nothing to another one.
        let above = told.priority > router.effective_priority();
        let fit = fit && (above || router.hold().is_none());
        let fit = fit && !(sought.planned && told.drained);
        let outranks = above && told.preempts;
        // Whoever does not speak the channel and is better would take it back.
        let rival = self.best_mute_rival(now, router);
        let lasts = rival.is_none_or(|(rival, _)| rival <= told.priority);
        (fit && lasts && (outranks || !sought.better)).then_some((*key, *told))
    }

    /// Whether anybody could take these routers together.
    pub(crate) fn has_successor(&self, now: Instant, ids: &[RouterId]) -> bool {
        let sought = Sought {
            better: false,
            planned: true,
            choice: None,
            but: &BTreeSet::new(),
        };
        self.successor(now, ids, &sought).is_some()
    }

    /// Whether every other node of that router that is known is drained.
    pub(crate) fn knows_only_drained(&self, now: Instant, id: RouterId) -> bool {
        let Some(router) = self.routers.get(&id) else {
            return false;
        };
        let mut told = self.told_of(now, router).peekable();
        told.peek().is_some()
            && self.best_mute_rival(now, router).is_none()
            && told.all(|(_, _, entry)| is_drained(entry))
    }

    /// Why a drain asks nobody to take over that router: every other node of it that is known is drained.
    pub fn unasked(&self, now: Instant, id: RouterId) -> Option<Obstacle> {
        let drained = self.knows_only_drained(now, id);
        drained
            .then(|| self.successor_obstacle(now, id, None))
            .flatten()
    }

    /// What the nodes that are there say of that router.
    fn told_of<'n>(
        &'n self,
        now: Instant,
        router: &Router,
    ) -> impl Iterator<Item = (&'n SpeakerKey, &'n Speaker, &'n Entry)> + use<'n> {
        self.peers_of(router).filter(move |(_, speaker, _)| {
            speaker.is_confirmed() && now.since(speaker.heard) <= PATIENCE
        })
    }

    /// The best of the others that were heard and do not speak the channel.
    fn best_mute_rival(&self, now: Instant, router: &Router) -> Option<(Priority, IpAddr)> {
        let domain = self.domain_of_router(router.id());
        let speaks = |address| domain.is_some_and(|domain| self.is_speaker(domain, address));
        router.best_rival_but(now, speaks)
    }

    /// What stands in the way of a planned move of that router to the node that is chosen, or to the best one. Where nobody
    /// speaks the channel, nothing does: VRRP decides who takes over.
    pub(crate) fn successor_obstacle(
        &self,
        now: Instant,
        id: RouterId,
        choice: Option<&Choice>,
    ) -> Option<Obstacle> {
        let unknown = choice.map(|_| Obstacle::NoSuchNode);
        let Some(router) = self.routers.get(&id) else {
            return unknown;
        };
        let told: Vec<_> = self.told_of(now, router).collect();
        let wanted = told
            .iter()
            .filter(|(key, speaker, _)| choice.is_none_or(|choice| choice.is(key, speaker)));
        let best = wanted.max_by_key(|(key, speaker, told)| {
            let fit = is_fit(now, router, speaker, told);
            (fit, !told.drained, told.priority, key.address)
        });
        let Some((key, speaker, entry)) = best else {
            return unknown;
        };
        if entry.drained {
            return Some(Obstacle::Drained {
                address: key.address,
                name: speaker.name.clone(),
            });
        }
        if !is_fit(now, router, speaker, entry) {
            let addresses = router.speech().map(|speech| speech.addresses);
            return Some(Obstacle::NotReady {
                address: key.address,
                name: speaker.name.clone(),
                fault: entry.state == Told::Fault,
                differs: entry.version != router.spec().version.number()
                    || Some(entry.addresses) != addresses,
            });
        }
        let fell = entry.priority < entry.base && entry.priority < router.effective_priority();
        if fell && choice.is_none() {
            return Some(Obstacle::Degraded {
                address: key.address,
                name: speaker.name.clone(),
                priority: entry.priority,
                base: entry.base,
            });
        }
        let better = told.iter().filter(|(other, speaker, told)| {
            other.node != key.node && is_fit(now, router, speaker, told) && told.preempts
        });
        let better = better.map(|(other, _, told)| (told.priority, other.address));
        let rival = self.best_mute_rival(now, router);
        let (priority, by) = better.chain(rival).max()?;
        (priority > entry.priority).then_some(Obstacle::TakenBack {
            by,
            priority,
            from: key.address,
            theirs: entry.priority,
        })
    }

    fn is_speaker(&self, domain: DomainId, address: IpAddr) -> bool {
        let mut speakers = self.peers.speakers.iter();
        speakers.any(|(key, it)| {
            key.domain == domain && key.address == address && Speaker::is_confirmed(it)
        })
    }

    fn offer(
        &mut self,
        now: Instant,
        unit: Unit,
        routers: BTreeMap<RouterId, SpeakerKey>,
        choice: Option<Choice>,
        asked: &mut Vec<(RouterId, SpeakerKey)>,
    ) {
        let (needs_better, planned) = (unit.needs_better(), unit.is_planned());
        let mut offered = BTreeMap::new();
        for (id, want) in unit.wants {
            let Some(key) = routers.get(&id) else {
                continue;
            };
            let mut at_once = false;
            self.with_router(now, id, |router, fx| {
                at_once = router.offer(want, key.address, fx);
            });
            if at_once {
                offered.insert(id, *key);
            }
        }
        if let Some(key) = offered.values().next().copied() {
            asked.extend(offered.iter().map(|(id, key)| (*id, *key)));
            self.peers.offers.push(Offer {
                needs_better,
                planned,
                choice,
                tried: BTreeSet::from([key.node]),
                node: key.node,
                attempts: 1,
                again: now + AGAIN,
                until: now + self.bound(&offered),
                routers: offered,
            });
        }
    }

    fn bound(&self, routers: &BTreeMap<RouterId, SpeakerKey>) -> Micros {
        let trips = routers
            .values()
            .filter_map(|key| self.peers.speakers.get(key)?.round_trip);
        let slowest = trips.max().unwrap_or(Micros::ZERO);
        slowest.times(4).clamp(BOUND, LATEST)
    }

    fn go_alone(&mut self, now: Instant, unit: Unit) {
        for (id, want) in unit.wants {
            let domain = self.domain_of_router(id);
            let speakers: Vec<IpAddr> = domain.map_or_else(Vec::new, |domain| {
                let keys = self.speakers_of(domain).into_iter();
                keys.map(|key| key.address).collect()
            });
            self.with_router(now, id, |router, fx| {
                router.go_alone(want, |address| speakers.contains(&address), fx);
            });
        }
    }

    /// One message to each successor.
    fn ask(&mut self, now: Instant, asked: &[(RouterId, SpeakerKey)]) {
        let keys: BTreeSet<SpeakerKey> = asked.iter().map(|(_, key)| *key).collect();
        for key in keys {
            let ids = asked.iter().filter(|(_, it)| *it == key).map(|(id, _)| id);
            let entries = self.entries(now, ids, Answer::None);
            self.say(
                now,
                key.domain,
                To::Speaker(key),
                Kind::Take,
                true,
                &entries,
            );
        }
    }

    /// Sends again what was not answered, and gives up in the end.
    pub(super) fn wake_offers(&mut self, now: Instant) {
        self.prune_offers();
        let mut again = Vec::new();
        let mut failed = Vec::new();
        self.peers.offers.retain_mut(|offer| {
            if offer.until <= now {
                failed.push(offer.clone());
                return false;
            }
            if offer.attempts < ATTEMPTS && offer.again <= now {
                offer.attempts += 1;
                offer.again = now + AGAIN;
                again.extend(offer.routers.iter().map(|(id, key)| (*id, *key)));
            }
            true
        });
        self.ask(now, &again);
        for offer in failed {
            self.refused(now, offer, None);
        }
    }

    /// Forgets offers of routers that have heard their successor, or that were told otherwise.
    fn prune_offers(&mut self) {
        let routers = &self.routers;
        for offer in &mut self.peers.offers {
            let waits = |id: &RouterId| routers.get(id).is_some_and(Router::is_offered);
            offer.routers.retain(|id, _| waits(id));
        }
        self.peers.offers.retain(|offer| !offer.routers.is_empty());
    }

    /// The successor does not take: the next one is asked, or nobody.
    fn refused(&mut self, now: Instant, mut offer: Offer, why: Option<Answer>) {
        for (id, key) in &offer.routers {
            let by = key.address;
            self.with_router(now, *id, |router, fx| {
                router.report_peer(Event::HandoverRefused { by, why }, fx);
            });
        }
        let ids: Vec<RouterId> = offer.routers.keys().copied().collect();
        let next = match why {
            // Who does not answer has cost time enough.
            None => None,
            Some(_) => {
                let sought = Sought {
                    better: offer.needs_better,
                    planned: offer.planned,
                    choice: offer.choice.as_ref(),
                    but: &offer.tried,
                };
                self.successor(now, &ids, &sought)
            }
        };
        let Some(routers) = next else {
            for id in ids {
                self.with_router(now, id, Router::offer_failed);
            }
            return;
        };
        let Some(key) = routers.values().next().copied() else {
            return;
        };
        for (id, key) in &routers {
            let to = key.address;
            self.with_router(now, *id, |router, fx| router.offer_again(to, fx));
        }
        offer.tried.insert(key.node);
        offer.node = key.node;
        offer.attempts = 1;
        offer.again = now + AGAIN;
        offer.until = now + self.bound(&routers);
        let asked: Vec<_> = routers.iter().map(|(id, key)| (*id, *key)).collect();
        offer.routers = routers;
        self.peers.offers.push(offer);
        self.ask(now, &asked);
    }

    /// A successor answers.
    pub(super) fn taken(
        &mut self,
        now: Instant,
        key: SpeakerKey,
        message: &Message<'_>,
        round_trip: Option<Micros>,
    ) -> Result<(), PeerDrop> {
        let speaker = self.peers.speakers.get_mut(&key).ok_or(PeerDrop::Crowd)?;
        if round_trip.is_none() || message.header.sent <= speaker.last_answer {
            return Err(PeerDrop::Stale);
        }
        speaker.last_answer = message.header.sent;
        let mut refused: BTreeMap<RouterId, Answer> = BTreeMap::new();
        for entry in message.entries() {
            let Some(id) = self.router_of(key.domain, entry.vrid) else {
                continue;
            };
            let asked = |offer: &Offer| offer.routers.get(&id) == Some(&key);
            if !self.peers.offers.iter().any(asked) {
                continue;
            }
            if entry.answer == Answer::Taken {
                self.with_router(now, id, |router, fx| {
                    router.offer_accepted(key.address, entry.priority, fx);
                });
            } else {
                refused.insert(id, entry.answer);
            }
        }
        self.prune_offers();
        for (id, answer) in refused {
            let mut offers = self.peers.offers.iter();
            // One of a group may have been offered to the next already.
            let at = offers.position(|offer| offer.routers.get(&id) == Some(&key));
            if let Some(at) = at {
                let offer = self.peers.offers.swap_remove(at);
                self.refused(now, offer, Some(answer));
            }
        }
        Ok(())
    }

    /// The Active node asks us to take over.
    pub(super) fn asked_to_take(
        &mut self,
        now: Instant,
        key: SpeakerKey,
        message: &Message<'_>,
        round_trip: Option<Micros>,
    ) -> Result<(), PeerDrop> {
        let speaker = self.peers.speakers.get_mut(&key).ok_or(PeerDrop::Crowd)?;
        if round_trip.is_none() || message.header.sent <= speaker.last_request {
            return Err(PeerDrop::Stale);
        }
        speaker.last_request = message.header.sent;
        let known = speaker.routers.clone();
        self.peers.asked.retain(|_, (until, _)| *until > now);
        let mut answers: BTreeMap<RouterId, (SpeakerKey, Answer)> = BTreeMap::new();
        let mut groups = BTreeSet::new();
        for entry in message.entries() {
            let Some(id) = self.router_of(key.domain, entry.vrid) else {
                continue;
            };
            let newer = known
                .get(&entry.vrid)
                .is_none_or(|it| entry.term >= it.term);
            let answer = match self.may_take(now, id, key, &entry) {
                Ok(()) if !newer => Answer::Stale,
                Err(answer) => answer,
                Ok(()) => match self.routers.get(&id).and_then(Router::group).cloned() {
                    Some(group) => {
                        self.peers.asked.insert(id, (now + GATHERING, key));
                        groups.insert(group);
                        continue;
                    }
                    None => self.take(now, id, key.address),
                },
            };
            answers.insert(id, (key, answer));
        }
        for group in groups {
            self.take_group(now, &group, key, &mut answers);
        }
        self.settle_groups(now);
        self.answer(now, &answers);
        Ok(())
    }

    /// Whether we may take this router; one that we have taken already is no news.
    fn may_take(
        &self,
        now: Instant,
        id: RouterId,
        key: SpeakerKey,
        theirs: &Entry,
    ) -> Result<(), Answer> {
        let router = self.routers.get(&id).ok_or(Answer::NotReady)?;
        if router.state() == State::Active {
            return Err(Answer::Taken);
        }
        let differs = theirs.version != router.spec().version.number()
            || Some(theirs.addresses) != router.speech().map(|speech| speech.addresses);
        match () {
            () if self.is_stopping() => Err(Answer::NotReady),
            () if differs => Err(Answer::Differs),
            () => router.may_take(key.address, now),
        }
    }

    fn take(&mut self, now: Instant, id: RouterId, from: IpAddr) -> Answer {
        self.with_router(now, id, |router, fx| router.take_over(from, fx));
        let taken = self.routers.get(&id).map(Router::state) == Some(State::Active);
        if taken {
            Answer::Taken
        } else {
            Answer::NotReady
        }
    }

    /// Takes a sync group once it has been asked to take every member, by messages on as many interfaces as it has.
    fn take_group(
        &mut self,
        now: Instant,
        group: &str,
        key: SpeakerKey,
        answers: &mut BTreeMap<RouterId, (SpeakerKey, Answer)>,
    ) {
        let members: Vec<RouterId> = self
            .routers
            .values()
            .filter(|router| router.group().is_some_and(|name| name == group))
            .map(Router::id)
            .collect();
        let refused = members.iter().find_map(|id| answers.get(id)).copied();
        if let Some((_, why)) = refused.filter(|(_, why)| *why != Answer::Taken) {
            for id in members {
                if let Some((_, by)) = self.peers.asked.remove(&id) {
                    answers.insert(
                        id,
                        (
                            by,
                            if why == Answer::Taken {
                                why
                            } else {
                                Answer::Group
                            },
                        ),
                    );
                }
            }
            return;
        }
        let ready = members.iter().all(|id| {
            let active = self.routers.get(id).map(Router::state) == Some(State::Active);
            active || self.peers.asked.contains_key(id)
        });
        if !ready {
            return;
        }
        for id in &members {
            self.with_router(now, *id, |router, fx| {
                if router.state() == State::Backup {
                    router.take_over(key.address, fx);
                }
            });
        }
        self.settle_groups(now);
        for id in members {
            let Some((_, by)) = self.peers.asked.remove(&id) else {
                continue;
            };
            let active = self.routers.get(&id).map(Router::state) == Some(State::Active);
            answers.insert(id, (by, if active { Answer::Taken } else { Answer::Group }));
        }
    }

    fn answer(&mut self, now: Instant, answers: &BTreeMap<RouterId, (SpeakerKey, Answer)>) {
        let keys: BTreeSet<SpeakerKey> = answers.values().map(|(key, _)| *key).collect();
        for key in keys {
            let mut entries = Vec::new();
            for (id, (by, answer)) in answers.iter().filter(|(_, (by, _))| *by == key) {
                entries.extend(self.entries(now, [*id].iter(), *answer));
                let (from, why) = (by.address, *answer);
                if why != Answer::Taken {
                    self.with_router(now, *id, |router, fx| {
                        router.report_peer(Event::TakeRefused { from, why }, fx);
                    });
                }
            }
            self.say(
                now,
                key.domain,
                To::Speaker(key),
                Kind::Taken,
                false,
                &entries,
            );
        }
    }
}
