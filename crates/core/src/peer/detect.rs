//! Signs of life: a peer that is watched says so every few milliseconds, and what it means when it does not.
//!
//! ```text
//!           20 signs in time         N are missing            no answer
//!   idle ─────────────────▶ armed ────────────▶ suspicious ────────────▶ its routers are taken over
//!     ▲                       │ we were late      │ it is there
//!     └── a while later ◀─────┴───────────────────┘
//! ```
//!
//! Blocked UDP is no dead peer: before anything is taken over it is asked once more, on the channel and by ARP or neighbour
//! discovery. Who was itself late doubts itself first.

use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::peer::{Header, Kind, State as Told};

use super::{SpeakerKey, To};
use crate::input::{InterfaceIndex, Output, RouterId};
use crate::journal::{Event, Subject};
use crate::node::Node;
use crate::router::{Router, State};
use crate::spec::FastDetect;
use crate::time::{Instant, Micros};

/// Signs in time before their absence means anything.
const GOOD: u32 = 20;
/// A suspect has this long to answer.
const ANSWER_TIME: Micros = Micros::from_millis(20);
/// Each better Backup that is left gets this much time to take over first.
const RANK_TIME: Micros = Micros::from_millis(20);
/// After a false alarm a peer is not watched for this long; twice as long after each further one, up to the second.
const BACK_OFF: (Micros, Micros) = (Micros::from_secs(10), Micros::from_secs(600));
/// Who comes back after this was away, and our takeover was right.
const REAL_OUTAGE: Micros = Micros::from_secs(1);
/// Nobody is given more signs of life than this.
const LEAST_INTERVAL: Micros = Micros::from_millis(10);

/// How alive a peer is, both ways.
#[derive(Clone, Debug, Default)]
pub(super) struct Liveness {
    /// It wants a sign this often, and the next is due then.
    wanted: Option<(Micros, Instant)>,
    good: u32,
    last: Option<Instant>,
    /// We watch it: its next sign must be there by then.
    deadline: Option<Instant>,
    /// No answer until then means that it is dead.
    claim: Option<Instant>,
    not_before: Instant,
    back_off: Micros,
    /// We have taken over from it because of its silence.
    claimed: bool,
}

impl Liveness {
    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        let wanted = self.wanted.map(|(_, due)| due);
        [wanted, self.claim.or(self.deadline)]
            .into_iter()
            .flatten()
            .min()
    }

    /// A message came.
    pub(super) fn sign(&mut self, now: Instant, header: &Header<'_>, watch: Option<FastDetect>) {
        self.wanted = (header.watch_ms > 0).then(|| {
            let interval = Micros::from_millis(u64::from(header.watch_ms)).max(LEAST_INTERVAL);
            let due = self
                .wanted
                .map_or(now + interval, |(_, due)| due.min(now + interval));
            (interval, due)
        });
        let last = self.last.replace(now);
        self.claim = None;
        let outage = last.is_some_and(|last| now.since(last) >= REAL_OUTAGE);
        let Some(watch) = watch else {
            self.deadline = None;
            self.good = 0;
            return;
        };
        match core::mem::take(&mut self.claimed) {
            true if outage => self.back_off = Micros::ZERO,
            true => self.doubt(now),
            false => {}
        }
        let in_time = last.is_some_and(|last| now.since(last).times(2) <= watch.interval.times(3));
        self.good = if in_time || header.late {
            self.good.saturating_add(1)
        } else {
            0
        };
        let armed = self.good >= GOOD && now >= self.not_before;
        let patience = watch.interval.times(u64::from(watch.misses));
        self.deadline = armed.then_some(now + patience);
    }

    /// It was alive after all.
    fn doubt(&mut self, now: Instant) {
        self.back_off = self.back_off.times(2).clamp(BACK_OFF.0, BACK_OFF.1);
        self.not_before = now + self.back_off;
        self.good = 0;
        self.deadline = None;
        self.claim = None;
    }
}

impl Node {
    /// Sends the signs that are due, and looks at those that are missing.
    pub(super) fn wake_liveness(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let keys: Vec<SpeakerKey> = self
            .peers
            .speakers
            .iter()
            .filter(|(_, it)| due(it.liveness.next_wakeup()))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            self.give_sign(now, key);
            self.look_for_sign(now, key);
        }
    }

    fn give_sign(&mut self, now: Instant, key: SpeakerKey) {
        let Some(speaker) = self.peers.speakers.get_mut(&key) else {
            return;
        };
        let Some((interval, due)) = speaker.liveness.wanted.filter(|(_, due)| *due <= now) else {
            return;
        };
        // What should have been sent meanwhile is not made up for.
        let next = due + interval;
        let next = if next > now { next } else { now + interval };
        speaker.liveness.wanted = Some((interval, next));
        if speaker.is_confirmed() {
            self.peers.late = now.since(due).times(2) > interval;
            self.say(now, key.domain, To::Speaker(key), Kind::Alive, false, &[]);
            self.peers.late = false;
        }
    }

    fn look_for_sign(&mut self, now: Instant, key: SpeakerKey) {
        let watch = self.peers.domains.get(&key.domain).and_then(|it| it.watch);
        let rank = self.rank(key);
        let Some(speaker) = self.peers.speakers.get_mut(&key) else {
            return;
        };
        let Some(watch) = watch else {
            speaker.liveness.deadline = None;
            speaker.liveness.claim = None;
            return;
        };
        let liveness = &mut speaker.liveness;
        let Some(due) = liveness
            .claim
            .or(liveness.deadline)
            .filter(|due| *due <= now)
        else {
            return;
        };
        let patience = watch.interval.times(u64::from(watch.misses));
        // Who was late may have missed what is waiting for it.
        if now.since(due).times(2) > watch.interval {
            liveness.claim = None;
            liveness.deadline = Some(now + patience);
            return;
        }
        let silence = now.since(speaker.heard);
        if liveness.claim.take().is_some() {
            liveness.deadline = None;
            liveness.good = 0;
            self.claim_from(now, key, silence);
        } else if let Some(rank) = rank {
            liveness.claim = Some(now + ANSWER_TIME.plus(RANK_TIME.times(rank)));
            self.say(now, key.domain, To::Speaker(key), Kind::Hello, true, &[]);
            self.outputs.push_back(Output::Probe {
                interface: key.domain.interface,
                address: key.address,
            });
        } else {
            // Nothing of ours depends on it.
            liveness.deadline = Some(now + patience);
        }
    }

    /// Our routers that follow a peer and could take over from it.
    fn followers(&self, key: SpeakerKey) -> impl Iterator<Item = &Router> {
        let domain = self.peers.domains.get(&key.domain);
        let ids = domain
            .into_iter()
            .flat_map(|domain| domain.routers.values());
        ids.filter_map(|id| self.routers.get(id))
            .filter(move |router| {
                let detects = router
                    .spec()
                    .channel
                    .and_then(|it| it.fast_detect)
                    .is_some();
                let follows = router
                    .followed()
                    .is_some_and(|it| it.address == key.address);
                detects && follows && router.state() == State::Backup
            })
    }

    /// How many other Backups come before us; `None` if we follow that peer with nothing.
    fn rank(&self, key: SpeakerKey) -> Option<u64> {
        let router = self.followers(key).next()?;
        let (vrid, ours) = (router.spec().vrid, router.effective_priority());
        let others = self.peers.speakers.iter().filter(|(other, it)| {
            other.domain == key.domain
                && other.node != key.node
                && it.is_confirmed()
                && it.routers.get(&vrid).is_some_and(|told| {
                    let better = (told.priority, other.address) > (ours, key.domain.source);
                    told.ready && told.state == Told::Backup && better
                })
        });
        u64::try_from(others.count()).ok()
    }

    fn claim_from(&mut self, now: Instant, key: SpeakerKey, silence: Micros) {
        let routers: Vec<RouterId> = self
            .followers(key)
            .filter(|router| router.is_ready(now) && !self.is_stopping())
            .map(Router::id)
            .collect();
        if routers.is_empty() {
            return;
        }
        if let Some(speaker) = self.peers.speakers.get_mut(&key) {
            speaker.liveness.claimed = true;
        }
        let address = key.address;
        self.event(now, Subject::Node, Event::PeerSilent { address, silence });
        for id in routers {
            self.with_router(now, id, |router, fx| router.peer_fell_silent(address, fx));
        }
    }

    /// A host has answered by ARP or neighbour discovery, or has advertised: it is there.
    pub(crate) fn host_seen(&mut self, now: Instant, interface: InterfaceIndex, address: IpAddr) {
        let mut mute = false;
        for (key, speaker) in &mut self.peers.speakers {
            let suspected = speaker.liveness.claim.is_some();
            if suspected && key.domain.interface == interface && key.address == address {
                speaker.liveness.doubt(now);
                mute = true;
            }
        }
        if mute {
            self.event(now, Subject::Node, Event::PeerMute(address));
        }
    }
}
