//! One virtual router: the state machine of RFC 9568 §6.4 (and RFC 3768 §6.4), with keepalived's
//! FAULT and our Leaving.
//!
//! ```text
//!                    ┌────────────┐  a fault   ┌───────┐
//!                    │ Initialize ├───────────▶│ Fault │◀─────────────┐
//!                    └─────┬──────┘            └───┬───┘              │
//!          every check has │ reported   last fault │ gone             │
//!                          ▼                       ▼                  │ a fault
//!                    ┌────────────┐  down timer  ┌────────┐           │ (priority 0 first)
//!        ┌──────────▶│   Backup   ├─────────────▶│ Active ├───────────┘
//!        │           └────────────┘  (owner: at  └─┬────┬─┘
//!        │                            once)        │    │ stop, removed
//!        └─────────────────────────────────────────┘    ▼
//!             a better advertisement              ┌─────────┐ successor or bound
//!                                                 │ Leaving ├──────────────────▶ done
//!                                                 └─────────┘
//! ```
//!
//! - [`old_checksum`]: unicast peers of long ago.
//! - [`receive`]: is a packet an advertisement that may count? Nothing is touched before that.
//! - [`fsm`]: what an accepted advertisement, a timer, a fault does in each state.
//! - [`authenticate`]: who sent it, and is it new; and our own signatures.
//! - [`leave`]: make before break.
//! - [`hand_over`]: the same with a successor that is asked.
//! - [`addresses`]: which addresses the kernel should hold, and which it does.
//! - [`steer`]: what operators ask for.
//! - [`sync`]: what is left to a sync group.
//! - [`fixtures`]: the same for routes and rules.
//! - [`witness`]: who was heard and seen, for people.
//! - [`announce`]: gratuitous ARP: bursts, refresh, and who is heard last after a conflict.

mod addresses;
mod announce;
mod authenticate;
mod fixtures;
mod fsm;
mod hand_over;
mod leave;
mod old_checksum;
mod receive;
mod start_probe;
mod steer;
mod sync;
mod track;
mod witness;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use standfast_wire::peer;
use standfast_wire::vrrp::Priority;

use crate::input::{Change, InterfaceIndex, NotifyEvent, OperationId, Output, RouterId};
use crate::interface::Interfaces;
use crate::journal::{Cause, DropCause, Entry, Event, Fault, Journal, Subject};
use crate::limit::{Bucket, Digest};
use crate::peer::Speech;
use crate::spec::{Fixture, RouterSpec, VirtualAddress};
use crate::steering::Hold;
use crate::time::{Instant, Micros};
use crate::timing;

pub(crate) use authenticate::Arrival;
pub(crate) use hand_over::Want;
pub use leave::{SCRIPT_BOUND, SUCCESSOR_TIME};
use steer::Reserve;
pub(crate) use steer::Steered;
pub(crate) use track::{LAST_RESORT, View};
pub(crate) use witness::Glimpse;
pub use witness::{Deletion, Holder, MAX_HEARD_ADDRESSES, MAX_WITNESSES, Refusal, Sender};

use addresses::Holding;
use announce::Announcer;
use authenticate::Numbers;
use fixtures::FixtureHolding;
pub(crate) use fixtures::is_gone;
use fsm::Step;
use leave::{After, Leaving};
use start_probe::StartProbe;
use sync::{Membership, Wish};
use witness::Witness;

/// Answers to worse advertisements and to priority 0: five at once, then ten a second. A peer that
/// has to hear us needs one; a flood shall not become ours.
const ANSWERS: Bucket = Bucket::new(5, Micros::from_millis(100));
/// Equal findings are reported at once and then this often.
pub(crate) const REPORT_PERIOD: Micros = Micros::from_secs(60);
/// Lines that people watch during an election come at most this often.
const ELECTION_REPORT_PERIOD: Micros = Micros::from_secs(1);
/// Lines that every packet of a stranger could cause: eight at once, then two a second.
const REPORTS: Bucket = Bucket::new(8, Micros::from_millis(500));
/// Addresses that others delete are put back three times a minute.
pub(crate) const RESTORES: Bucket = Bucket::new(3, Micros::from_secs(20));
/// What is deleted within this time is one deletion: `ip address flush` takes all of them.
pub(crate) const DELETION_WAVE: Micros = Micros::from_secs(1);

/// An advertisement is early by at most this, ...
pub(crate) const LONGEST_SLICE: Micros = Micros::from_millis(10);
/// ... and by at most this part of its interval.
const SLICES: u64 = 50;
/// Below this interval two of them are no pause but a busy host.
const SHORT_INTERVAL: Micros = Micros::from_millis(100);
/// Advertisements that a Backup misses before it takes over (RFC 9568 §6.1), whatever this node is told to wait for.
const PROTOCOL_ADVERTS: u8 = 3;

/// State of a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Not started: checks have not reported yet.
    Initialize,
    /// Listens.
    Backup,
    /// Holds the addresses and advertises.
    Active,
    /// Cannot take part.
    Fault,
    /// Has resigned, and goes on answering until a successor is there.
    Leaving,
}

impl State {
    /// The word that keepalived's users know.
    pub const fn keepalived_name(self) -> &'static str {
        match self {
            State::Initialize => "INIT",
            State::Backup => "BACKUP",
            State::Active | State::Leaving => "MASTER",
            State::Fault => "FAULT",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Initialize => "Initialize",
            State::Backup => "Backup",
            State::Active => "Active",
            State::Fault => "Fault",
            State::Leaving => "Leaving",
        })
    }
}

/// Why a router wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Backup: the Active router is silent (`Active_Down_Timer`).
    Down,
    /// Active: the next advertisement (`Adver_Timer`).
    Advertise,
    /// Backup after the start: the next probe, or its result (`start_probe`).
    StartProbe,
    /// Backup: from now on a lower router is preempted.
    PreemptDelay,
    /// Active after a pause: nobody else was heard.
    Listen,
    /// The second burst of announcements.
    SecondBurst,
    /// The periodic announcement.
    Refresh,
    /// The periodic announcement on other interfaces.
    ExtraRefresh,
    /// The next announcement after a conflict.
    Reannounce,
    /// The repetition after a lower-priority advertisement.
    LowerPriority,
    /// Leaving: the successor has had time to announce itself.
    Release,
    /// Leaving: nobody took over in time.
    LeaveBound,
    /// Leaving: priority 0 once more.
    ResignAgain,
    /// Leaving: the scripts take too long.
    ScriptBound,
    /// Kernel addresses that could not be set are tried again.
    Reconcile,
}

/// Counters of a router since it was configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Advertisements taken.
    pub received: u64,
    /// Advertisements sent.
    pub sent: u64,
    /// Times it became Active.
    pub became_active: u64,
    /// Times it stopped being Active.
    pub released: u64,
    /// Times a successor took over what it was letting go of.
    pub handovers: u64,
    /// Priority 0 received.
    pub resigns_received: u64,
    /// Priority 0 sent.
    pub resigns_sent: u64,
    /// Advertisements with another address list (taken all the same).
    pub address_lists: u64,
    /// Packets not taken, by cause.
    pub dropped: BTreeMap<DropCause, u64>,
}

/// The router whose advertisements we follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Its address.
    pub address: IpAddr,
    /// Its last priority.
    pub priority: Priority,
    /// When it was heard last.
    pub heard: Instant,
    /// Its last advertisement was at least as good as ours would have been.
    pub outranked_us: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PreemptDelay {
    Idle,
    Running,
    Elapsed,
}

/// A virtual router.
#[derive(Clone, Debug)]
pub struct Router {
    id: RouterId,
    spec: RouterSpec,
    /// The addresses of advertisements, in the order of the configuration.
    advertised: Vec<IpAddr>,
    state: State,
    since: Instant,
    effective: Priority,
    /// Base and weights, where they come to more or less than a priority can be.
    clamped: Option<i32>,
    source: Option<IpAddr>,
    /// The interface has no address to send from; `source` is the last one.
    sourceless: bool,
    /// Where it hears advertisements.
    interface: Option<InterfaceIndex>,
    /// The configured interface: the same, or the one below.
    base: Option<InterfaceIndex>,
    /// Interval of the Active router that we follow; our own while Active.
    active_interval: Micros,
    followed: Option<Followed>,
    /// The down timer runs because the Active router resigned.
    resigned: bool,
    preempt_delay: PreemptDelay,
    membership: Membership,
    not_before: Instant,
    start_probe: StartProbe,
    last_sent: Instant,
    last_probe: Option<Instant>,
    listening: bool,
    faults: BTreeSet<Fault>,
    waiting: bool,
    /// Unicast: a configured peer was heard.
    peer_heard: bool,
    /// Configured peers whose checksums are the old ones.
    old_checksum_peers: BTreeSet<IpAddr>,
    /// What was on the interface before us has been looked at.
    claimed: bool,
    /// It has taken part: a check that is pending no longer holds it back.
    started: bool,
    /// Not leftovers, although they are there when we start: another router has not left yet.
    served: Vec<IpAddr>,
    holdings: Vec<Holding>,
    holdings_version: u32,
    fixtures: Vec<FixtureHolding>,
    announcer: Announcer,
    leaving: Option<Leaving>,
    finished: bool,
    timers: BTreeMap<Timer, Instant>,
    answers: Bucket,
    restores: Bucket,
    /// When the addresses that were deleted last began to be.
    deletion_wave: Option<Instant>,
    reports: Bucket,
    digests: Digests,
    counters: Counters,
    identification: u16,
    numbers: Numbers,
    /// Why it would hand over; taken by the node before the input ends.
    wants: Option<Want>,
    /// Who has handed over to us, and until when its advertisements may still be on their way.
    crossing: Option<(IpAddr, Instant)>,
    /// Scripts know already what it is about to become.
    told_role: bool,
    /// What peers were told last.
    told: Option<peer::State>,
    term: u32,
    /// Other routers that were heard, with their last priority above 0, and when that was.
    rivals: BTreeMap<IpAddr, (Priority, Instant)>,
    speech: Option<Speech>,
    /// A drain holds it down.
    hold: Option<Hold>,
    /// Whom it leaves alone although it is lower.
    reserve: Reserve,
    /// How far a move is that an operator has asked for.
    steered: Option<Steered>,
    /// It goes the protocol's way if the successor that is asked does not take.
    resigns_if_refused: bool,
    witness: Witness,
}

#[derive(Clone, Debug, Default)]
struct Digests {
    dropped: BTreeMap<DropCause, Digest>,
    lower: Digest,
    resigned: Digest,
    discarding: Digest,
    address_list: Digest,
    address_failed: BTreeMap<IpAddr, Digest>,
    fixture_failed: BTreeMap<Fixture, Digest>,
    other_holder: Digest,
    two_owners: Digest,
    lower_notify: Digest,
    stranger: Digest,
}

/// A kernel operation whose result is awaited.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) owner: Owner,
    pub(crate) change: Change,
    pub(crate) addresses: Vec<VirtualAddress>,
    pub(crate) fixtures: Vec<Fixture>,
}

/// Who asked for a kernel operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    /// A router.
    Router(RouterId),
    /// The static entries.
    Statics,
}

/// Where a router puts what it decides.
pub(crate) struct Effects<'a> {
    pub(crate) now: Instant,
    pub(crate) outputs: &'a mut VecDeque<Output>,
    pub(crate) journal: &'a mut Journal,
    pub(crate) interfaces: &'a Interfaces,
    pub(crate) operations: &'a mut BTreeMap<OperationId, Pending>,
    pub(crate) next_operation: &'a mut u64,
    /// Sync groups whose members changed.
    pub(crate) regroup: &'a mut Vec<String>,
    pub(crate) notices: &'a mut Notices,
}

/// What routers tell the node for the peer channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    /// Who would hand over.
    pub(crate) offers: BTreeSet<RouterId>,
    /// Who has changed in a way that peers should know.
    pub(crate) changed: BTreeSet<RouterId>,
}

impl Effects<'_> {
    pub(crate) fn event(&mut self, subject: Subject, event: Event) {
        let entry = Entry {
            at: self.now,
            subject,
            event,
        };
        self.journal.push(entry.clone());
        self.outputs.push_back(Output::Event(entry));
    }

    /// Asks the kernel for a change; `owner` hears of its end.
    pub(crate) fn request(
        &mut self,
        owner: Owner,
        change: Change,
        addresses: Vec<(InterfaceIndex, VirtualAddress)>,
        fixtures: Vec<Fixture>,
    ) {
        if addresses.is_empty() && fixtures.is_empty() {
            return;
        }
        *self.next_operation += 1;
        let operation = OperationId(*self.next_operation);
        let pending = Pending {
            owner,
            change,
            addresses: addresses
                .iter()
                .map(|(_, address)| address.clone())
                .collect(),
            fixtures: fixtures.clone(),
        };
        self.operations.insert(operation, pending);
        self.outputs.push_back(Output::Kernel {
            operation,
            change,
            addresses,
            fixtures,
        });
    }
}

fn advertised(spec: &RouterSpec) -> Vec<IpAddr> {
    spec.addresses.iter().map(|held| held.address).collect()
}

impl Router {
    /// `served`: addresses for which a router that leaves still answers.
    pub(crate) fn new(
        id: RouterId,
        spec: RouterSpec,
        now: Instant,
        not_before: Instant,
        served: Vec<IpAddr>,
    ) -> Self {
        Router {
            id,
            state: State::Initialize,
            since: now,
            effective: spec.priority,
            clamped: None,
            source: None,
            sourceless: true,
            interface: None,
            base: None,
            active_interval: spec.advert_interval,
            followed: None,
            resigned: false,
            preempt_delay: PreemptDelay::Idle,
            membership: Membership::default(),
            not_before,
            start_probe: StartProbe::default(),
            last_sent: now,
            last_probe: None,
            listening: false,
            faults: BTreeSet::new(),
            waiting: true,
            peer_heard: false,
            old_checksum_peers: BTreeSet::new(),
            claimed: false,
            started: false,
            served,
            holdings: spec.all_addresses().map(Holding::absent).collect(),
            holdings_version: 0,
            fixtures: spec.fixtures.iter().map(FixtureHolding::absent).collect(),
            announcer: Announcer::default(),
            leaving: None,
            finished: false,
            timers: BTreeMap::new(),
            answers: ANSWERS,
            restores: RESTORES,
            deletion_wave: None,
            reports: REPORTS,
            digests: Digests::default(),
            counters: Counters::default(),
            identification: 0,
            numbers: Numbers::default(),
            wants: None,
            crossing: None,
            told_role: false,
            told: None,
            term: 0,
            rivals: BTreeMap::new(),
            hold: None,
            reserve: Reserve::None,
            steered: None,
            resigns_if_refused: false,
            speech: Speech::of(&spec),
            witness: Witness::default(),
            advertised: advertised(&spec),
            spec,
        }
    }

    /// Number of this router.
    pub fn id(&self) -> RouterId {
        self.id
    }

    /// What it was asked to do.
    pub fn spec(&self) -> &RouterSpec {
        &self.spec
    }

    /// Where advertisements go: the group, or each peer.
    pub fn destinations(&self) -> impl Iterator<Item = IpAddr> {
        let group = self.spec.unicast.is_none().then_some(self.spec.group);
        let peers = self.spec.unicast.iter().flat_map(|unicast| &unicast.peers);
        group.into_iter().chain(peers.map(|peer| peer.address))
    }

    /// Where advertisements come to: the group, or our own address; `None` while there is none.
    pub fn listens_at(&self) -> Option<IpAddr> {
        match self.spec.unicast {
            None => Some(self.spec.group),
            Some(_) => self.source,
        }
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.state
    }

    /// When it entered its state.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Base priority and weights, within 1–254 (255 for an owner).
    pub fn effective_priority(&self) -> Priority {
        self.effective
    }

    /// The address it sends from.
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The kernel's number of the interface that it hears on.
    pub fn interface(&self) -> Option<InterfaceIndex> {
        self.interface
    }

    /// The kernel's number of the configured interface, which has the address that it sends from.
    pub fn base(&self) -> Option<InterfaceIndex> {
        self.base
    }

    /// The kernel's number of the interface that its advertisements leave from.
    pub fn sends_on(&self) -> Option<InterfaceIndex> {
        if self.spec.sends_on() == self.spec.hears_on() {
            self.interface
        } else {
            self.base
        }
    }

    /// Where it speaks with other nodes: the configured interface, or none in particular, and the address it speaks
    /// from. `None` while it cannot.
    pub fn channel_place(&self) -> Option<(InterfaceIndex, IpAddr)> {
        self.spec.channel?;
        let interface = match self.spec.has_interface() {
            true => self.base?,
            false => InterfaceIndex::ANY,
        };
        Some((interface, self.source?))
    }

    /// The interval of the router it follows; its own while Active.
    pub fn active_interval(&self) -> Micros {
        self.active_interval
    }

    /// The router whose advertisements it heard last.
    pub fn followed(&self) -> Option<Followed> {
        self.followed
    }

    /// What keeps it in FAULT.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter()
    }

    /// What it comes to with its weights, where that is more or less than a priority can be.
    pub fn clamped(&self) -> Option<i32> {
        self.clamped
    }

    /// From when on it takes over from a lower router: its preempt delay runs until then.
    pub fn preempts_from(&self) -> Option<Instant> {
        let running = self.preempt_delay == PreemptDelay::Running;
        let due = self.timers.get(&Timer::PreemptDelay).copied();
        due.filter(|_| running)
    }

    /// Until when it only listens, after this host has not run for a while.
    pub fn listens_until(&self) -> Option<Instant> {
        self.timers.get(&Timer::Listen).copied()
    }

    /// Whether something that it tracks has not reported yet.
    pub fn awaits_reports(&self) -> bool {
        self.waiting && !self.started
    }

    /// When the silence of the Active router is taken for its end.
    pub fn takes_over_at(&self) -> Option<Instant> {
        self.timers.get(&Timer::Down).copied()
    }

    /// Nobody takes over before this moment (`vrrp_startup_delay`).
    pub fn not_before(&self) -> Instant {
        self.not_before
    }

    /// Its counters.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn clear_counters(&mut self) {
        self.counters = Counters::default();
    }

    /// Whether it has left for good.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// When it wakes up next, and why.
    pub fn next_wakeup(&self) -> Option<(Instant, Timer)> {
        let earliest = self.timers.iter().min_by_key(|(_, due)| **due);
        earliest.map(|(timer, due)| (*due, *timer))
    }

    /// Silence after which it takes over.
    pub fn down_interval(&self) -> Micros {
        timing::down_interval(
            self.spec.version,
            self.effective,
            self.active_interval,
            self.spec.down_timer_adverts,
        )
    }

    /// Skew_Time.
    pub fn skew(&self) -> Micros {
        timing::skew(self.spec.version, self.effective, self.active_interval)
    }

    /// Whether it answers for its addresses.
    pub fn is_serving(&self) -> bool {
        matches!(self.state, State::Active | State::Leaving) && !self.finished
    }

    /// Whether it is on its way out, or gone.
    pub fn is_leaving(&self) -> bool {
        let leaves = self.state == State::Leaving && !self.is_handing_over();
        leaves || self.wants_to_leave()
    }

    /// Whether it lets go of its addresses, and whatever becomes of it then.
    pub(crate) fn is_going(&self) -> bool {
        self.state == State::Leaving
    }

    /// Whether it stays when it has handed over.
    fn is_handing_over(&self) -> bool {
        self.leaving.is_some() && self.after() == After::Stay
    }

    pub(crate) fn advertised(&self) -> &[IpAddr] {
        &self.advertised
    }

    /// Identification of the next IPv4 packet, counted up from 1.
    pub(crate) fn next_identification(&mut self) -> u16 {
        self.identification = self.identification.wrapping_add(1);
        self.identification
    }

    /// Fires every timer that is due, one after the other.
    pub(crate) fn fire_timers(&mut self, fx: &mut Effects<'_>) {
        // A timer that re-arms itself for now would fire again at once; the bound ends that.
        for _ in 0..32 {
            match self.next_wakeup() {
                Some((due, timer)) if due <= fx.now => {
                    self.timers.remove(&timer);
                    self.step(Step::Timer { timer, due }, fx);
                }
                _ => return,
            }
        }
    }

    /// Whether an advertisement is due by then.
    pub(crate) fn advertises_by(&self, then: Instant) -> bool {
        let due = self.timers.get(&Timer::Advertise);
        due.is_some_and(|due| *due <= then)
    }

    /// Others advertise now: so does this one if its turn comes within the slice. The next one is due an interval from
    /// now, so that whoever listens never waits longer.
    pub(crate) fn advertise_early(&mut self, fx: &mut Effects<'_>) {
        let slice = Micros(self.spec.advert_interval.0 / SLICES).min(LONGEST_SLICE);
        if self.spec.rules.align && self.advertises_by(fx.now + slice) {
            self.timers.remove(&Timer::Advertise);
            let (timer, due) = (Timer::Advertise, fx.now);
            self.step(Step::Timer { timer, due }, fx);
        }
    }

    /// This host may have been paused since `last_input`; it was to wake up at `due`.
    pub(crate) fn note_pause(&mut self, last_input: Instant, due: Instant, fx: &mut Effects<'_>) {
        let silence = fx.now.since(self.last_sent);
        if self.state == State::Active && self.is_stalled(silence) {
            self.witness_pause(fx.now, silence);
            return self.enter_backup(Cause::Stalled(silence), fx);
        }
        if !self.spec.rules.conflict {
            return;
        }
        let listen = fx.now + self.active_interval.plus(self.skew());
        match self.state {
            State::Active if !self.listening => {
                if self.may_be_succeeded(silence) {
                    self.witness_pause(fx.now, silence);
                    self.event(Event::Paused(silence), fx);
                    self.listening = true;
                    // Nothing is said until then, but what is due to the kernel is done.
                    self.timers.retain(|timer, _| *timer == Timer::Reconcile);
                    self.announcer.forget();
                    self.set_timer(Timer::Listen, listen);
                }
            }
            State::Backup => {
                let paused = fx.now.since(last_input) > self.active_interval.times(2)
                    && fx.now.since(due) > self.active_interval;
                let overdue = self
                    .timers
                    .get(&Timer::Down)
                    .is_some_and(|at| *at <= fx.now);
                if paused && overdue {
                    self.witness_pause(fx.now, fx.now.since(last_input));
                    self.event(Event::Paused(fx.now.since(last_input)), fx);
                    self.set_timer(Timer::Down, listen);
                }
            }
            State::Active | State::Initialize | State::Fault | State::Leaving => {}
        }
    }

    /// Whether such a silence of ours was a pause, after which we listen: two intervals. With short intervals that is
    /// ordinary lateness, and to listen would make the silence long enough for a Backup to take over: there it is the time
    /// in which a Backup that we outrank may have taken over.
    fn may_be_succeeded(&self, silence: Micros) -> bool {
        if self.spec.advert_interval >= SHORT_INTERVAL {
            return silence > self.spec.advert_interval.times(2);
        }
        let (version, interval) = (self.spec.version, self.spec.advert_interval);
        let adverts = self.spec.down_timer_adverts.clamp(2, PROTOCOL_ADVERTS);
        silence >= timing::down_interval(version, self.effective, interval, adverts)
    }

    /// Whether a Backup of the configured priority has taken over in such a silence
    /// (`timer_expired_backup`).
    fn is_stalled(&self, silence: Micros) -> bool {
        self.spec.stalled_backup.is_some_and(|peer| {
            let (version, interval) = (self.spec.version, self.spec.advert_interval);
            let adverts = self.spec.down_timer_adverts;
            silence > timing::down_interval(version, peer, interval, adverts)
        })
    }

    fn set_timer(&mut self, timer: Timer, at: Instant) {
        self.timers.insert(timer, at);
    }

    fn event(&self, event: Event, fx: &mut Effects<'_>) {
        fx.event(Subject::Router(self.spec.name.clone()), event);
    }

    /// What a packet changed; a flood of packets is no flood of lines.
    fn report(&mut self, event: Event, fx: &mut Effects<'_>) {
        if self.reports.take(fx.now).is_ok() {
            self.event(event, fx);
        }
    }

    fn notify(&self, event: NotifyEvent, wait: bool, fx: &mut Effects<'_>) {
        fx.outputs.push_back(Output::Notify {
            router: self.id,
            event,
            priority: self.effective,
            wait,
        });
    }

    fn advertise(&mut self, priority: Priority, fx: &mut Effects<'_>) {
        self.last_sent = fx.now;
        self.counters.sent += 1;
        fx.outputs.push_back(Output::Advertise {
            router: self.id,
            priority,
        });
        if priority == Priority::RESIGN {
            self.counters.resigns_sent += 1;
            self.event(Event::SentResign, fx);
        }
    }
}
