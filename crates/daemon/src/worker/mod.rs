//! The worker: one thread that never blocks but in its poller, and a node that it feeds.

mod answers;
mod configuration;
mod control;
mod drain;
mod flood;
mod interfaces;
mod kernel;
mod packets;
mod peers;
mod pid_place;
mod plan;
mod steering;
mod supervision;

pub(crate) use packets::read_packet;

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use standfast_config::Config;
use standfast_core::journal::Level;
use standfast_core::router::SCRIPT_BOUND;
use standfast_core::{Input, Instant, Micros, Node};
use standfast_linux::clock::monotonic;
use standfast_linux::netlink::{Monitor, RoutingMonitor};
use standfast_linux::packet::PacketRing;
use standfast_linux::poller::{Interest, Poller, ReadyList, Timer, Wait, Waker};
use standfast_linux::random;
use standfast_linux::scheduling::{self, RealTimePriority, Residency};
use standfast_linux::signals::Signals;
use standfast_linux::supervise::Channel;
use standfast_linux::{Error, memory};
use standfast_wire::peer::NodeNumber;

use crate::chronicle::{Chronicle, Place};
use crate::clerk::Clerk;
use crate::control::Control;
use crate::effects::Effects;
use crate::lateness::Lateness;
use crate::log::Logger;
use crate::lower::{self, Notifies};
use crate::message::{Report, Will};
use crate::options::Options;
use crate::own_links::OwnLinks;
use crate::ports::{PortToken, Ports};
use crate::reading::Facts;
use crate::record::Record;
use crate::routing::Watch;
use crate::runner::Runner;
use crate::timetable::Timetable;
use crate::track::{Occasion, Watchers};

use configuration::Reloaded;
pub(crate) use configuration::log_lines;
use control::Reloaders;
use flood::Flood;
use kernel::clock_offset;
use pid_place::PidPlace;
use steering::Steering;
pub(crate) use supervision::DUMP_MODE;

const SIGNALS: u64 = 0;
const TIMER: u64 = 1;
const NETLINK: u64 = 2;
const RESULTS: u64 = 3;
const SUPERVISOR: u64 = 4;
const ROUTING: u64 = 5;
/// Packets that nobody wants are looked at this often.
const STRAY_PERIOD: Micros = Micros::from_secs(1);
/// So long after a start, a reload or a takeover what it took of memory is given back.
const TIDY_DELAY: Micros = Micros::from_secs(5);
/// The clocks are compared this often.
const CLOCK_PERIOD: Micros = Micros::from_secs(1);

/// Everything that the worker is born with.
pub(crate) struct Birth {
    pub(crate) options: Options,
    pub(crate) config: Config,
    pub(crate) facts: Facts,
    /// When the daemon was started.
    pub(crate) started: standfast_linux::clock::Micros,
    pub(crate) record_path: PathBuf,
    pub(crate) host_path: PathBuf,
    pub(crate) pid_file: PathBuf,
    /// Of the control interface, unless it is configured.
    pub(crate) control_path: PathBuf,
    /// What tells this daemon from others of the network namespace.
    pub(crate) distinction: Option<String>,
    pub(crate) supervisor: Channel,
    pub(crate) signals: Signals,
    /// How often the daemon has read its configuration.
    pub(crate) readings: u64,
    /// A predecessor died and its supervisor still answers for its addresses.
    pub(crate) adopt: bool,
}

struct Worker {
    options: Options,
    config: Arc<Config>,
    /// Of the configuration in force.
    facts: Facts,
    /// When the daemon was started, by the wall clock.
    started: standfast_linux::clock::Micros,
    node: Node,
    /// What people call it.
    node_name: String,
    /// What this node is called on the peer channel, until it is started again.
    node_number: NodeNumber,
    poller: Poller,
    timer: Timer,
    signals: Signals,
    monitor: Monitor,
    routing: RoutingMonitor,
    watch: Watch,
    supervisor: Channel,
    supervisor_gone: bool,
    ports: Ports,
    effects: Effects,
    own_links: OwnLinks,
    /// Routers when the host was last rid of what they no longer use.
    router_count: usize,
    runner: Runner,
    watchers: Watchers,
    clerk: Clerk,
    chronicle: Chronicle,
    /// Where the journal is kept, unless the configuration says otherwise.
    journal_place: Place,
    timetable: Timetable,
    /// Without it nobody can ask, and everything else goes on.
    control: Option<Control>,
    control_path: PathBuf,
    reloaders: Reloaders,
    steering: Steering,
    plans: plan::Plans,
    results: Waker,
    reloads: (Sender<Box<Reloaded>>, Receiver<Box<Reloaded>>),
    /// Scripts of all routers that are there, also of those that leave.
    notifies: BTreeMap<String, Notifies>,
    /// `reload_file` without a path.
    reload_marker: PathBuf,
    reloading: bool,
    /// Of this worker, the start included.
    readings: u64,
    reload_again: bool,
    logger: Logger,
    ring: PacketRing,
    adopt: bool,
    stop_level: u32,
    terms: u32,
    next_stray: Instant,
    next_clock: Instant,
    next_heartbeat: Instant,
    next_tidy: Option<Instant>,
    clock_offset: i128,
    lateness: Lateness,
    flood: Flood,
    /// What the supervisor was told; none where it may know only a part.
    wills: BTreeMap<u32, Option<Will>>,
    /// The supervisor does not know all of them yet.
    wills_pending: bool,
    pid_file: PidPlace,
}

/// Runs until everything has left; the worker's exit code.
pub(crate) fn run(birth: Birth) -> u8 {
    let identity = match birth.options.personality {
        crate::Personality::Keepalived => "Keepalived_vrrp",
        crate::Personality::Standfast => "standfast_vrrp",
    };
    let name = birth.config.root.instance.as_ref();
    let name = name.map(|name| name.value.as_str());
    let identity = birth.options.log_identity(identity, name);
    let Ok(logger) = Logger::start(birth.options.log, &identity) else {
        return crate::exit_code::FATAL;
    };
    match Worker::new(birth, logger.clone()) {
        Ok(mut worker) => {
            worker.start();
            let code = worker.work();
            logger.flush();
            code
        }
        Err(error) => {
            logger.log(Level::Error, error.to_string());
            logger.flush();
            crate::exit_code::FATAL
        }
    }
}

/// Without a number there is no peer channel.
fn draw_number(logger: &Logger) -> NodeNumber {
    match random::number() {
        Ok(number) => NodeNumber(number.max(1)),
        Err(error) => {
            let text = format!("{error}: there is no peer channel until the next start");
            logger.log(Level::Warning, text);
            NodeNumber(0)
        }
    }
}

/// Without it nobody can ask, and everything else goes on.
fn start_control(logger: &Logger, results: &Waker, chronicle: &Chronicle) -> Option<Control> {
    let control = Control::start(logger.clone(), results.clone(), chronicle.clone());
    let complain = |error: &Error| logger.log(Level::Error, error.to_string());
    control.inspect_err(complain).ok()
}

fn now() -> Instant {
    Instant(monotonic().0)
}

/// Descriptors that the loop waits for from the beginning.
struct Ears {
    poller: Poller,
    timer: Timer,
    results: Waker,
    monitor: Monitor,
    routing: RoutingMonitor,
}

impl Ears {
    fn open(birth: &Birth) -> Result<Self, Error> {
        let poller = Poller::new()?;
        let (timer, results) = (Timer::new()?, Waker::new()?);
        let monitor = Monitor::open(None)?;
        let routing = RoutingMonitor::open()?;
        for (descriptor, token) in [
            (routing.as_fd(), ROUTING),
            (birth.signals.as_fd(), SIGNALS),
            (timer.as_fd(), TIMER),
            (monitor.as_fd(), NETLINK),
            (results.as_fd(), RESULTS),
            (birth.supervisor.as_fd(), SUPERVISOR),
        ] {
            poller.add(descriptor, token, Interest::Read)?;
        }
        Ok(Ears {
            poller,
            timer,
            results,
            monitor,
            routing,
        })
    }
}

impl Worker {
    fn new(birth: Birth, logger: Logger) -> Result<Self, Error> {
        let ears = Ears::open(&birth)?;
        let results = ears.results;
        let reload_marker = birth.record_path.with_extension("reload");
        let place = Place::of(&birth.options, birth.distinction.clone());
        let chronicle = Chronicle::start(place.settings(&birth.config), logger.clone())?;
        let mut effects = Effects::new(
            Record::open(&birth.record_path),
            birth.distinction.as_deref(),
            logger.clone(),
            chronicle.clone(),
        )?;
        effects.keep_addresses = birth.options.keep_addresses;
        let own_links = OwnLinks::open(&birth.host_path, logger.clone())?;
        let runner = Runner::start(logger.clone(), results.clone())?;
        let control = start_control(&logger, &results, &chronicle);
        let pid_file = PidPlace::take(birth.pid_file.clone(), &logger);
        Ok(Worker {
            options: birth.options,
            config: Arc::new(birth.config),
            facts: birth.facts,
            started: birth.started,
            node: Node::new(),
            node_name: String::new(),
            node_number: draw_number(&logger),
            poller: ears.poller,
            timer: ears.timer,
            signals: birth.signals,
            monitor: ears.monitor,
            routing: ears.routing,
            watch: Watch::default(),
            supervisor: birth.supervisor,
            supervisor_gone: false,
            ports: Ports::default(),
            effects,
            own_links,
            router_count: 0,
            runner,
            watchers: Watchers::new(logger.clone(), results.clone()),
            clerk: Clerk::start(logger.clone())?,
            chronicle,
            journal_place: place,
            timetable: Timetable::start(logger.clone(), results.clone())?,
            control,
            control_path: birth.control_path,
            reloaders: Reloaders::default(),
            steering: Steering::default(),
            plans: plan::Plans::default(),
            reload_marker,
            results,
            reloads: channel(),
            notifies: BTreeMap::new(),
            reloading: false,
            readings: birth.readings,
            reload_again: false,
            logger,
            ring: PacketRing::new(),
            adopt: birth.adopt,
            stop_level: 0,
            terms: 0,
            next_stray: now(),
            next_clock: now(),
            next_heartbeat: now(),
            next_tidy: None,
            clock_offset: clock_offset(),
            lateness: Lateness::default(),
            flood: Flood::default(),
            wills: BTreeMap::new(),
            wills_pending: false,
            pid_file,
        })
    }

    fn start(&mut self) {
        self.schedule();
        self.observe_everything();
        self.resume_drain();
        if !self.adopt {
            self.effects.remove_recorded_fixtures();
        }
        self.read_wall_clock();
        let config = Arc::clone(&self.config);
        let plan = lower::plan_beside(&config, &self.own_links.names());
        let occasion = match self.adopt {
            true => Occasion::Later,
            false => Occasion::Start,
        };
        self.apply(&config, plan, occasion);
        self.effects.remove_forgotten(&self.node);
        self.forget_marker();
        self.configure_control();
        self.logger.log(Level::Info, "Startup complete".into());
        self.report(&Report::Ready);
    }

    /// What `vrrp_priority`, `vrrp_rt_priority` and the like ask for; failures are reported.
    fn schedule(&mut self) {
        let wanted = &self.config.global.vrrp_process;
        let complain = |result: Result<(), Error>| {
            if let Err(error) = result {
                self.logger.log(Level::Warning, error.to_string());
            }
        };
        complain(scheduling::set_timer_slack(1));
        if let Some(nice) = &wanted.nice {
            complain(scheduling::set_nice(i32::from(nice.value)));
        }
        if let Some(priority) = &wanted.realtime {
            let priority = RealTimePriority::clamped(u32::from(priority.value));
            complain(scheduling::set_round_robin(priority));
        }
        if wanted.no_swap {
            complain(scheduling::lock_memory(Residency::Touched));
        }
        let processors: Vec<usize> = wanted
            .cpu_affinity
            .iter()
            .filter_map(|processor| usize::try_from(*processor).ok())
            .collect();
        if !processors.is_empty() {
            complain(scheduling::set_affinity(&processors));
        }
    }

    fn work(&mut self) -> u8 {
        let mut ready = ReadyList::new();
        loop {
            let due = self.settle();
            if self.effects.stopped {
                // From here on nothing is served, and there is no heartbeat: the supervisor must not take that for a
                // worker that hangs.
                self.report(&Report::Heartbeat { patience_ms: 0 });
                self.effects.send_rest(&self.ports);
                self.leave_host();
                self.finish_control();
                self.finish_scripts();
                self.chronicle.close();
                return crate::exit_code::OK;
            }
            let wait = match self.effects.has_work() {
                true => Wait::No,
                false => self.rest(due),
            };
            if let Err(error) = self.poller.wait(&mut ready, wait) {
                self.logger.log(Level::Error, error.to_string());
                return crate::exit_code::FATAL;
            }
            let began = now();
            // Packets and events that wait come before timers: after a pause they tell what happened.
            for ready in ready.iter() {
                self.attend(ready.token);
            }
            self.timer.drain();
            self.wake();
            if self.effects.has_work() {
                self.effects
                    .work(now(), &mut self.node, &self.ports, &self.runner);
            }
            self.settle_orders();
            // Whoever only wants to know something comes last.
            self.answer_requests();
            self.lateness.note_turn(began, now());
        }
    }

    /// Scripts of the last notifications have their time, as they have while leaving.
    fn finish_scripts(&mut self) {
        self.runner.finish(SCRIPT_BOUND);
        if self.reloading {
            self.forget_marker();
        }
    }

    fn attend(&mut self, token: u64) {
        match token {
            SIGNALS => self.read_signals(),
            TIMER => {}
            NETLINK => self.read_netlink(),
            ROUTING => self.read_routing(),
            RESULTS => self.read_results(),
            SUPERVISOR => self.read_supervisor(),
            token => match self.ports.token(token) {
                Some(PortToken::Vrrp(key)) => self.read_vrrp(key),
                Some(PortToken::Sealed(key)) => self.read_sealed(key),
                Some(PortToken::Arp(index)) => self.read_arp(index),
                Some(PortToken::Ndp(index)) => self.read_ndp(index),
                Some(PortToken::Peer(key)) => self.read_peers(key),
                None => {}
            },
        }
    }

    /// Timers of the node and of the loop.
    fn wake(&mut self) {
        let now = now();
        if now >= self.next_clock {
            self.next_clock = now + CLOCK_PERIOD;
            self.compare_clocks();
            self.retry_peers();
            // Said at the start.
            let _ = self.pid_file.retry();
        }
        if let Some((due, _)) = self.node.next_wakeup().filter(|(due, _)| *due <= now) {
            self.lateness.note(due, now);
            // Results that were no reason to wake us: a check must have ended before it is started again.
            self.take_results();
            self.give(Input::Wakeup);
        }
        self.effects.send_paced(now, &self.node, &self.ports);
        self.look_at_routing(now);
        if self.own_links.is_retiring() {
            self.retire_links();
        }
        if now >= self.next_stray {
            self.next_stray = now + STRAY_PERIOD;
            self.read_strays();
        }
        if now >= self.next_heartbeat {
            self.heartbeat(now);
        }
        if self.next_tidy.is_some_and(|due| due <= now) {
            self.next_tidy = None;
            memory::give_back();
        }
    }

    /// How to wait for the next event; in a flood of packets not before some have come together.
    fn rest(&mut self, due: Option<Instant>) -> Wait {
        if let Some(rest) = self.flood.rest(now(), due) {
            std::thread::sleep(Duration::from_micros(rest.0));
        }
        Wait::Forever
    }

    /// After every turn: tell the supervisor what changed, set the timer. When that is due.
    fn settle(&mut self) -> Option<Instant> {
        self.watch_peers();
        // Not in the middle of a thousand addresses.
        let busy = self.effects.has_work() && !self.effects.stopped;
        if !busy && std::mem::take(&mut self.effects.holdings_changed) {
            self.effects.write_record(&self.node);
            self.retire_links();
            self.report_wills();
            self.next_tidy = Some(now() + TIDY_DELAY);
        }
        let loop_timers = [self.next_stray, self.next_clock, self.next_heartbeat];
        let strays = self.ports.vrrp.is_empty();
        let due = loop_timers
            .into_iter()
            .skip(usize::from(strays))
            .chain(self.next_tidy)
            .chain(self.effects.next_paced())
            .chain(self.watch.due())
            .chain(self.own_links.is_retiring().then(now))
            .chain(self.next_order())
            .chain(self.node.next_wakeup().map(|(due, _)| due))
            .min();
        if let Some(due) = due
            && let Err(error) = self.timer.set(standfast_linux::clock::Micros(due.0))
        {
            self.logger.log(Level::Error, error.to_string());
        }
        due
    }

    fn give(&mut self, input: Input<'_>) {
        let now = now();
        self.node.handle_input(now, input);
        self.effects
            .carry_out(now, &mut self.node, &self.ports, &self.runner);
    }
}
