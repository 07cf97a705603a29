//! Watches one core: what it may do with what it was told.
//!
//! The oracle is written from the rules, not from the core: it keeps its own, much smaller record of
//! what each router has heard, and says to the microsecond when a Backup may take over.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use standfast_core::input::{Output, RouterId};
use standfast_core::journal::{Cause, Event, JOURNAL_LENGTH, Subject};
use standfast_core::router::{Router, State};
use standfast_core::spec::{Leave, RouterSpec};
use standfast_core::steering::Instruction;
use standfast_core::wire::ipv4;
use standfast_core::wire::peer::{self, Message};
use standfast_core::wire::vrrp::{Advertisement, Interval, Priority, Version};
use standfast_core::{Instant, Micros, Node};

use crate::frame::{Frame, Kind};
use crate::host::Host;
use crate::violation::{Flood, Violation};

/// Answers and resignations that may come on top of one advertisement per interval, each second.
const EXTRA_ADVERTISEMENTS: u32 = 18;
/// Announcements (each of any number of rounds) of a router per second.
const ANNOUNCEMENTS: u32 = 16;
/// Entries of a router per second.
const ENTRIES: u32 = 60;
/// What one change of state adds to these.
const PER_TRANSITION: u32 = 10;
/// A core tries again a second after a refusal.
const RETRY: Micros = Micros(1_100_000);
/// Looking at the whole journal is only done at each so manieth input.
const JOURNAL_EVERY: u64 = 64;

/// What the last accepted advertisement means for a Backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// Not known exactly: a pause, a reload or a changed priority lies between.
    Inexact,
    /// Takes over a down interval after this.
    Heard(Instant),
    /// Takes over a skew time after this.
    Resigned(Instant),
}

#[derive(Debug)]
struct Watch {
    name: String,
    state: State,
    effective: Priority,
    base: Base,
    interval: Micros,
    lower_since: Option<Instant>,
    /// Whom a Backup follows: not known, nobody, or somebody.
    followed: Option<Option<Followed>>,
    /// The one that was followed fell below us: takes over a skew time after this at the latest.
    fell: Option<Instant>,
    /// Who has asked us to take over, when that was said, and when we heard it.
    asked: Option<(IpAddr, Instant, Instant)>,
    /// When each node was last heard on the peer channel, and when it said that: a recording is no sign of life.
    signs: BTreeMap<IpAddr, (Instant, Instant)>,
    last_advertisement: Option<Instant>,
    /// A switchover was asked for, and it has not been Active since.
    yields: bool,
    resigned: u32,
    window: Window,
}

/// The router that a Backup follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Followed {
    source: IpAddr,
    better: bool,
    heard: Instant,
}

#[derive(Debug, Default)]
struct Window {
    since: Instant,
    advertisements: u32,
    announcements: u32,
    entries: u32,
    transitions: u32,
}

/// What one host's core has been told, and has done.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    routers: BTreeMap<RouterId, Watch>,
    adopted: bool,
    /// Virtual routers that somebody else has advertised since the start.
    heard: BTreeSet<u8>,
    stopped: bool,
    inputs: u64,
}

/// What is known before an input.
pub(crate) struct Before {
    bad: bool,
    wakeup: Option<Instant>,
    woken: bool,
    outranked: Option<Micros>,
}

/// An advertisement as the oracle reads it.
struct Read {
    source: IpAddr,
    vrid: u8,
    priority: Priority,
    interval: Micros,
}

impl Before {
    /// The input is something that happened, not only time.
    pub(crate) fn is_no_wakeup(&mut self) {
        self.woken = false;
    }
}

impl Oracle {
    /// A core starts; `adopted`: addresses that its predecessor still answers for.
    pub(crate) fn started(&mut self, adopted: bool) {
        *self = Oracle {
            adopted,
            ..Oracle::default()
        };
    }

    /// The host did not run, or the specification changes: no timer is known exactly.
    pub(crate) fn blurred(&mut self) {
        for watch in self.routers.values_mut() {
            watch.base = Base::Inexact;
            watch.last_advertisement = None;
        }
    }

    /// An operator asked for something: from then on a router may leave a lower one alone.
    pub(crate) fn ordered(&mut self, what: &Instruction) {
        for (id, watch) in &mut self.routers {
            match what {
                Instruction::Switchover { routers, .. } => {
                    watch.yields = watch.yields || routers.contains(id);
                }
                // How long a lower one has been heard is not known afterwards; that it is preempted in the end is seen
                // when everything is at rest.
                Instruction::Resume
                | Instruction::Drain(_)
                | Instruction::Pause { .. }
                | Instruction::Unpause { .. } => {}
            }
        }
    }

    pub(crate) fn told_to_stop(&mut self) {
        self.stopped = true;
    }

    /// An input is about to be handled; `None` for a wake-up.
    pub(crate) fn before(&mut self, now: Instant, node: &Node, frame: Option<&Frame>) -> Before {
        let wakeup = node.next_wakeup().map(|(due, _)| due);
        let mut outranked = None;
        if let Some(told) = frame.and_then(told) {
            for watch in self.routers.values_mut() {
                let sign = watch.signs.entry(told.source).or_insert((now, told.sent));
                if told.sent > sign.1 {
                    *sign = (now, told.sent);
                }
            }
            for router in node.routers() {
                if let Some(watch) = self.routers.get_mut(&router.id())
                    && told.take.contains(&router.spec().vrid.get())
                {
                    watch.asked = Some((told.source, told.sent, now));
                }
            }
        }
        if let Some(read) = frame.filter(|frame| !frame.bad).and_then(read) {
            for router in node.routers() {
                if router.spec().vrid.get() != read.vrid || router.interface().is_none() {
                    continue;
                }
                if read.priority >= router.effective_priority() {
                    outranked = Some(read.interval);
                }
                if read.priority != Priority::RESIGN && router.state() != State::Fault {
                    self.heard.insert(read.vrid);
                }
                if let Some(watch) = self.routers.get_mut(&router.id()) {
                    let late = wakeup.is_some_and(|due| due < now);
                    watch.hear(now, router.spec(), &read, late);
                }
            }
        }
        Before {
            bad: frame.is_some_and(|frame| frame.bad),
            wakeup,
            woken: frame.is_none(),
            outranked,
        }
    }

    /// The input was handled with these outputs.
    pub(crate) fn after(
        &mut self,
        now: Instant,
        before: &Before,
        outputs: &[Output],
        host: &Host,
        settled: bool,
    ) -> Result<(), Violation> {
        let Some(node) = &host.node else {
            return Ok(());
        };
        self.inputs += 1;
        let wakeup = node.next_wakeup().map(|(due, _)| due);
        if let Some(due) = wakeup.filter(|due| before.woken && *due <= now) {
            return Err(Violation::BusyLoop(due));
        }
        let silent = |output: &Output| matches!(output, Output::Event(_));
        let on_time = before.wakeup.is_none_or(|due| due >= now);
        if before.bad && on_time && (wakeup != before.wakeup || !outputs.iter().all(silent)) {
            return Err(Violation::BadPacketCounted);
        }
        for router in node.routers() {
            self.check_router(now, before, outputs, router)?;
        }
        check_groups(node)?;
        if self.inputs.is_multiple_of(JOURNAL_EVERY) {
            let length = node.journal().entries().count();
            if length > JOURNAL_LENGTH {
                return Err(Violation::JournalGrew(length));
            }
        }
        if settled {
            self.check_kernel(now, host, node)?;
        }
        Ok(())
    }

    fn check_router(
        &mut self,
        now: Instant,
        before: &Before,
        outputs: &[Output],
        router: &Router,
    ) -> Result<(), Violation> {
        let watch = self
            .routers
            .entry(router.id())
            .or_insert_with(|| Watch::new(router));
        let previous = watch.state;
        for output in outputs {
            watch.count(now, output, router)?;
        }
        if self.stopped && router.state() == State::Active {
            return Err(Violation::ActiveAfterStop);
        }
        watch.window.check(router.spec())?;
        watch.state = router.state();
        if watch.effective != router.effective_priority() {
            watch.effective = router.effective_priority();
            watch.base = Base::Inexact;
        }
        if previous != watch.state {
            watch.changed(now, before.outranked, router.spec());
            if previous == State::Leaving {
                // What its successor has advertised counts already.
                watch.base = Base::Inexact;
            }
        }
        watch.check_lateness(now, router.spec())
    }

    /// Only while no result is on its way: an address is where the core thinks it is.
    fn check_kernel(&self, now: Instant, host: &Host, node: &Node) -> Result<(), Violation> {
        let refused = host
            .refused_removal_at
            .is_some_and(|at| now.since(at) <= RETRY);
        let mut serving = BTreeSet::new();
        for router in node.routers() {
            for (address, believed) in router.addresses() {
                let address = address.address;
                let wrong = believed != host.kernel.contains_key(&address);
                let leaver = |other: &Router| other.is_serving() && other.id() != router.id();
                if node.routers().any(|other| {
                    leaver(other) && other.addresses().any(|(held, _)| held.address == address)
                }) {
                    continue;
                }
                // After a refusal it may only take too much for held, and tries again.
                if wrong && router.state() != State::Leaving && !(refused && believed) {
                    return Err(Violation::KernelDiffers { address, believed });
                }
                if router.is_serving() {
                    serving.insert(address);
                }
            }
        }
        let idle = host.kernel.keys().find(|held| !serving.contains(*held));
        let adopted = |address: IpAddr| {
            let heard = |router: &Router| self.heard.contains(&router.spec().vrid.get());
            self.adopted && owner_of(node, address).is_some_and(|router| !heard(router))
        };
        match idle {
            Some(address) if !refused && !adopted(*address) => Err(Violation::HeldWhile {
                address: *address,
                state: state_of(node, *address),
            }),
            _ => Ok(()),
        }
    }
}

/// All members of a group are Active or none is, whatever just happened to one of them.
fn check_groups(node: &Node) -> Result<(), Violation> {
    let mut active: BTreeMap<&str, bool> = BTreeMap::new();
    for router in node.routers().filter(|router| !router.is_leaving()) {
        if let Some(group) = &router.spec().sync_group {
            let is_active = router.state() == State::Active;
            if *active.entry(group).or_insert(is_active) != is_active {
                return Err(Violation::GroupTorn);
            }
        }
    }
    Ok(())
}

fn owner_of(node: &Node, address: IpAddr) -> Option<&Router> {
    let has = |router: &&Router| router.addresses().any(|(held, _)| held.address == address);
    node.routers().find(has)
}

fn state_of(node: &Node, address: IpAddr) -> State {
    owner_of(node, address).map_or(State::Initialize, Router::state)
}

impl Watch {
    fn new(router: &Router) -> Self {
        Watch {
            name: router.spec().name.clone(),
            state: State::Initialize,
            effective: router.effective_priority(),
            base: Base::Inexact,
            interval: router.spec().advert_interval,
            lower_since: None,
            followed: Some(None),
            fell: None,
            asked: None,
            signs: BTreeMap::new(),
            last_advertisement: None,
            yields: false,
            resigned: 0,
            window: Window::default(),
        }
    }

    /// RFC 9568 §6.4.2 and the words of keepalived.conf(5), once more and independently.
    /// `late`: the host was paused, and packets that wait come before timers that are overdue.
    fn hear(&mut self, now: Instant, spec: &RouterSpec, read: &Read, late: bool) {
        if self.state != State::Backup {
            return;
        }
        if read.priority == Priority::RESIGN {
            return self.hear_resignation(now, spec, read);
        }
        let better = read.priority >= self.effective;
        if !better && self.yields {
            self.interval = read.interval;
            self.followed = None;
            self.base = Base::Inexact;
            return;
        }
        let delayed = !better && spec.preempt && spec.preempt_delay > Micros::ZERO && {
            let since = *self.lower_since.get_or_insert(now);
            let end = since + spec.preempt_delay;
            if end == now || (late && end < now) {
                // Which of both comes first is not ours to say.
                self.base = Base::Inexact;
                self.followed = None;
                return;
            }
            now < end
        };
        if better {
            self.lower_since = None;
        }
        let before = self.followed;
        let better_one = self.follows_another(now, spec, read.source);
        if better || better_one == Some(false) {
            self.follow(now, read, better);
        } else if better_one.is_none() {
            self.followed = None;
        }
        if better || delayed || !spec.preempt {
            self.base = Base::Heard(now);
            self.fell = None;
            self.interval = read.interval;
        } else if spec.rules.fast_resignation && spec.preempt_delay == Micros::ZERO {
            match before {
                Some(Some(followed)) if followed.better && followed.source == read.source => {
                    self.fell.get_or_insert(now);
                }
                Some(_) => {}
                None => self.base = Base::Inexact,
            }
        }
    }

    /// Rule: only the router that is followed resigns, and once.
    fn hear_resignation(&mut self, now: Instant, spec: &RouterSpec, read: &Read) {
        let hardened = spec.rules.conflict;
        if self.yields {
            // Whom it follows is not known here.
            self.base = Base::Inexact;
            return;
        }
        match self.follows_another(now, spec, read.source) {
            Some(true) if hardened => return,
            None if hardened => {
                self.base = Base::Inexact;
                return;
            }
            _ => {}
        }
        self.follow(now, read, false);
        // Whether this is a repetition is not known after a pause.
        if !hardened || matches!(self.base, Base::Heard(_)) {
            self.base = Base::Resigned(now);
            self.fell = None;
        }
    }

    fn follow(&mut self, now: Instant, read: &Read, better: bool) {
        self.followed = Some(Some(Followed {
            source: read.source,
            better,
            heard: now,
        }));
    }

    /// Whether a better router than we are was heard in time that is not `source`, if known.
    fn follows_another(&self, now: Instant, spec: &RouterSpec, source: IpAddr) -> Option<bool> {
        let followed = self.followed?;
        Some(followed.is_some_and(|followed| {
            followed.source != source
                && followed.better
                && now.since(followed.heard) < self.down_interval(spec)
        }))
    }

    fn changed(&mut self, now: Instant, outranked: Option<Micros>, spec: &RouterSpec) {
        self.lower_since = None;
        self.yields &= self.state != State::Active;
        self.resigned = if self.state == State::Leaving {
            self.resigned
        } else {
            0
        };
        self.base = Base::Heard(now);
        self.fell = None;
        self.followed = None;
        self.interval = outranked.unwrap_or(spec.advert_interval);
    }

    fn skew(&self, spec: &RouterSpec) -> Micros {
        let unit = match spec.version {
            Version::V2 => 1_000_000,
            Version::V3 => self.interval.0,
        };
        Micros(unit * (256 - u64::from(self.effective.0)) / 256)
    }

    fn down_interval(&self, spec: &RouterSpec) -> Micros {
        let adverts = u64::from(spec.down_timer_adverts);
        Micros(self.interval.0 * adverts).plus(self.skew(spec))
    }

    /// The moment at which a Backup takes over if it hears nothing more; from the RFC's formulas.
    fn due(&self, spec: &RouterSpec) -> Option<Instant> {
        let skew = self.skew(spec);
        let due = match self.base {
            Base::Inexact => return None,
            Base::Heard(at) => at + self.down_interval(spec),
            Base::Resigned(at) => at + skew,
        };
        Some(self.fell.map_or(due, |at| due.min(at + skew)))
    }

    fn count(&mut self, now: Instant, output: &Output, router: &Router) -> Result<(), Violation> {
        if now.since(self.window.since) >= Micros::from_secs(1) {
            self.window = Window {
                since: now,
                ..Window::default()
            };
        }
        match output {
            Output::Advertise {
                router: id,
                priority,
            } if *id == router.id() => self.advertised(now, *priority, router),
            Output::Announce { router: id, .. } if *id == router.id() => {
                self.window.announcements += 1;
                Ok(())
            }
            Output::Event(entry) => {
                if entry.subject != Subject::Router(self.name.clone()) {
                    return Ok(());
                }
                self.window.entries += 1;
                match &entry.event {
                    Event::Entering { state, cause } => self.entered(now, *state, cause, router),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn entered(
        &mut self,
        now: Instant,
        state: State,
        cause: &Cause,
        router: &Router,
    ) -> Result<(), Violation> {
        self.window.transitions += 1;
        if state != State::Active || self.state != State::Backup {
            return Ok(());
        }
        match cause {
            Cause::HandedOver(from) => return self.may_take(now, *from),
            Cause::PeerSilent(peer) => return self.may_claim(now, *peer, router.spec()),
            _ => {}
        }
        // Waits for the rest of its group, longer than this oracle knows.
        if router.spec().sync_group.is_some() {
            return Ok(());
        }
        if *cause == Cause::Alone {
            return self.served_early(now, router.spec());
        }
        let agrees = match (self.base, cause) {
            (Base::Inexact, _) => true,
            (Base::Heard(_), cause) => {
                matches!(cause, Cause::Silence | Cause::Preempts { .. })
            }
            (Base::Resigned(_), cause) => *cause == Cause::Resigned,
        };
        match self.due(router.spec()) {
            _ if !agrees => Err(Violation::TookOverUncalled),
            Some(due) if due != now => Err(Violation::TookOverAt { due }),
            _ => Ok(()),
        }
    }

    /// Rule: only the node that is followed may ask, and what it asks is not older than 100 ms; members of a group may be asked
    /// one after the other.
    fn may_take(&self, now: Instant, from: IpAddr) -> Result<(), Violation> {
        let followed = match self.followed {
            Some(Some(followed)) => followed.source == from,
            Some(None) => false,
            None => true,
        };
        let asked = self.asked.is_some_and(|(source, sent, heard)| {
            let recent = now.since(heard) <= Micros::from_millis(100);
            source == from && recent && heard.since(sent) <= Micros::from_millis(100)
        });
        match followed && asked {
            true => Ok(()),
            false => Err(Violation::TookOverUncalled),
        }
    }

    /// Rule: so many signs of life are missing, and there was time to answer.
    fn may_claim(&self, now: Instant, peer: IpAddr, spec: &RouterSpec) -> Result<(), Violation> {
        let detects = spec.channel.and_then(|channel| channel.fast_detect);
        let silent = detects.is_some_and(|detect| {
            let missing = Micros(detect.interval.0 * u64::from(detect.misses));
            // An older message that comes later is no sign.
            let patience = missing.plus(Micros::from_millis(19));
            let last = self.signs.get(&peer);
            last.is_some_and(|(last, _)| now.since(*last) >= patience)
        });
        let followed = match self.followed {
            Some(Some(followed)) => followed.source == peer,
            Some(None) => false,
            None => true,
        };
        // A member of a group may have waited for the others since.
        match (silent && followed) || spec.sync_group.is_some() {
            true => Ok(()),
            false => Err(Violation::TookOverUncalled),
        }
    }

    /// `start_probe`: exactly one interval and the skew after the start, and only if nobody was heard.
    fn served_early(&self, now: Instant, spec: &RouterSpec) -> Result<(), Violation> {
        let due = match self.base {
            Base::Inexact => return Ok(()),
            Base::Heard(at) => at + spec.advert_interval + self.skew(spec),
            Base::Resigned(_) => return Err(Violation::TookOverUncalled),
        };
        let heard = matches!(self.followed, Some(Some(_)));
        match spec.rules.start_probe && !heard {
            false => Err(Violation::TookOverUncalled),
            true if due != now => Err(Violation::TookOverAt { due }),
            true => Ok(()),
        }
    }

    fn advertised(
        &mut self,
        now: Instant,
        priority: Priority,
        router: &Router,
    ) -> Result<(), Violation> {
        let (before, after) = (self.state, router.state());
        let exclusive = router.spec().rules.leave == Leave::Exclusive;
        let allowed = match (before, after) {
            (State::Active, _) | (_, State::Active) => true,
            // Until a successor that was asked is there, or has not answered.
            (State::Leaving, _) | (_, State::Leaving) => {
                let asks = router.spec().channel.is_some() && self.resigned == 0;
                priority == Priority::RESIGN || exclusive || asks
            }
            (State::Initialize | State::Backup | State::Fault, _) => false,
        };
        if !allowed {
            return Err(Violation::Transmitted {
                state: after,
                priority: priority.0,
            });
        }
        self.window.advertisements += 1;
        if priority == Priority::RESIGN {
            self.resigned += u32::from(after == State::Leaving);
            if self.resigned > 2 {
                return Err(Violation::ResignedTooOften);
            }
            return Ok(());
        }
        self.check_lateness(now, router.spec())?;
        self.last_advertisement = Some(now);
        Ok(())
    }

    /// An Active router is heard once per interval, whatever it hears itself.
    fn check_lateness(&mut self, now: Instant, spec: &RouterSpec) -> Result<(), Violation> {
        if self.state != State::Active {
            self.last_advertisement = None;
        }
        match self.last_advertisement {
            Some(last) if now.since(last) > spec.advert_interval => Err(
                Violation::AdvertisementLate(Micros(now.since(last).0 - spec.advert_interval.0)),
            ),
            _ => Ok(()),
        }
    }
}

impl Window {
    fn check(&self, spec: &RouterSpec) -> Result<(), Violation> {
        let more = self.transitions * PER_TRANSITION;
        let regular = 1_000_000 / spec.advert_interval.0.max(1);
        let regular = u32::try_from(regular).unwrap_or(u32::MAX).saturating_add(1);
        for (what, count, most) in [
            (
                Flood::Advertisements,
                self.advertisements,
                regular + EXTRA_ADVERTISEMENTS + more,
            ),
            (
                Flood::Announcements,
                self.announcements,
                ANNOUNCEMENTS + more,
            ),
            (Flood::Entries, self.entries, ENTRIES + more),
        ] {
            if count > most {
                return Err(Violation::TooMany { what, count });
            }
        }
        Ok(())
    }
}

/// A message of the peer channel as the oracle reads it.
struct ToldBy {
    source: IpAddr,
    sent: Instant,
    /// The virtual routers that somebody is asked to take.
    take: Vec<u8>,
}

fn told(frame: &Frame) -> Option<ToldBy> {
    let Kind::Peer { source, sent, .. } = frame.kind else {
        return None;
    };
    let message = Message::parse(&frame.bytes).ok()?;
    let take = match message.header.kind {
        peer::Kind::Take => message.entries().map(|entry| entry.vrid.get()).collect(),
        _ => Vec::new(),
    };
    Some(ToldBy {
        source: IpAddr::V4(source),
        sent,
        take,
    })
}

fn read(frame: &Frame) -> Option<Read> {
    if frame.kind != Kind::Vrrp {
        return None;
    }
    let packet = ipv4::Packet::parse(&frame.bytes).ok()?;
    let (source, destination) = (IpAddr::V4(packet.source), IpAddr::V4(packet.destination));
    let advertisement = Advertisement::parse(packet.payload, source, destination).ok()?;
    let interval = match advertisement.interval {
        Interval::Seconds(seconds) => Micros::from_secs(u64::from(seconds)),
        Interval::Centiseconds(centiseconds) => Micros::from_millis(u64::from(centiseconds) * 10),
    };
    Some(Read {
        vrid: advertisement.vrid.get(),
        source,
        priority: advertisement.priority,
        interval,
    })
}
