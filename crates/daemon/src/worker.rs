//! The worker: one thread that never blocks but in its poller, and a node that it feeds.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use standfast_config::{Config, FileSource, LoadOptions, Loaded, load};
use standfast_core::input::{HostAddress, InterfaceIndex, Link, Origin, Packet};
use standfast_core::journal::Level;
use standfast_core::{Input, Instant, Micros, Node};
use standfast_linux::clock::{boottime, monotonic};
use standfast_linux::netlink::{AddressFlags, AddressProtocol, Event, Monitor};
use standfast_linux::packet::{PacketRing, RING_PACKETS};
use standfast_linux::pidfile::PidFile;
use standfast_linux::poller::{Interest, Poller, ReadyList, Timer, Wait, Waker};
use standfast_linux::scheduling::{self, RealTimePriority, Residency};
use standfast_linux::signals::{Signal, Signals};
use standfast_linux::supervise::{Channel, Received};
use standfast_linux::{Error, sysctl};
use standfast_wire::MacAddress;
use standfast_wire::arp::Arp;
use standfast_wire::ipv4;

use crate::dump;
use crate::effects::Effects;
use crate::environment::HostEnvironment;
use crate::log::Logger;
use crate::lower::{self, Plan};
use crate::message::{Command, Report, Will, decode, encode};
use crate::options::Options;
use crate::ports::{PortToken, Ports};
use crate::record::Record;
use crate::runner::{Job, Programs, Runner};

const SIGNALS: u64 = 0;
const TIMER: u64 = 1;
const NETLINK: u64 = 2;
const RESULTS: u64 = 3;
const SUPERVISOR: u64 = 4;
/// Packets taken from one socket before the timers get their turn: a full default receive buffer.
const PACKETS_PER_TURN: usize = 16 * RING_PACKETS;
/// Packets that nobody wants are looked at this often.
const STRAY_PERIOD: Micros = Micros::from_secs(1);
/// The clocks are compared this often.
const CLOCK_PERIOD: Micros = Micros::from_secs(1);
/// Bytes of a message from the supervisor.
const MESSAGE_BYTES: usize = 4096;
/// A step of the boot clock below this is no sleep.
const CLOCK_STEP: Micros = Micros::from_millis(500);
/// The heartbeat is at least this patient, whatever the advertisement interval.
const LEAST_PATIENCE: Micros = Micros::from_millis(500);

/// Everything that the worker is born with.
pub(crate) struct Birth {
    pub(crate) options: Options,
    pub(crate) config: Config,
    pub(crate) record_path: PathBuf,
    pub(crate) pid_file: PathBuf,
    pub(crate) supervisor: Channel,
    pub(crate) signals: Signals,
    /// A predecessor died and its supervisor still answers for its addresses.
    pub(crate) adopt: bool,
}

struct Worker {
    options: Options,
    config: Arc<Config>,
    node: Node,
    poller: Poller,
    timer: Timer,
    signals: Signals,
    monitor: Monitor,
    supervisor: Channel,
    supervisor_gone: bool,
    ports: Ports,
    effects: Effects,
    runner: Runner,
    results: Waker,
    reloads: (Sender<Box<Loaded>>, Receiver<Box<Loaded>>),
    reloading: bool,
    logger: Logger,
    ring: PacketRing,
    adopt: bool,
    stop_level: u32,
    terms: u32,
    next_stray: Instant,
    next_clock: Instant,
    next_heartbeat: Instant,
    clock_offset: i128,
    wills: BTreeMap<u32, Will>,
    _pid_file: Option<PidFile>,
}

/// Runs until everything has left; the worker's exit code.
pub(crate) fn run(birth: Birth) -> u8 {
    let identity = match birth.options.personality {
        crate::Personality::Keepalived => "Keepalived_vrrp",
        crate::Personality::Standfast => "standfast_vrrp",
    };
    let Ok(logger) = Logger::start(birth.options.log, identity) else {
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

fn now() -> Instant {
    Instant(monotonic().0)
}

impl Worker {
    fn new(birth: Birth, logger: Logger) -> Result<Self, Error> {
        let poller = Poller::new()?;
        let (timer, results) = (Timer::new()?, Waker::new()?);
        let monitor = Monitor::open(None)?;
        poller.add(birth.signals.as_fd(), SIGNALS, Interest::Read)?;
        poller.add(timer.as_fd(), TIMER, Interest::Read)?;
        poller.add(monitor.as_fd(), NETLINK, Interest::Read)?;
        poller.add(results.as_fd(), RESULTS, Interest::Read)?;
        poller.add(birth.supervisor.as_fd(), SUPERVISOR, Interest::Read)?;
        let mut effects = Effects::new(Record::open(&birth.record_path), logger.clone())?;
        effects.keep_addresses = birth.options.keep_addresses;
        let runner = Runner::start(logger.clone(), results.clone())?;
        let pid_file = match PidFile::acquire(&birth.pid_file) {
            Ok(file) => Some(file),
            Err(error) => {
                logger.log(
                    Level::Warning,
                    format!("{}: {error}", birth.pid_file.display()),
                );
                None
            }
        };
        Ok(Worker {
            options: birth.options,
            config: Arc::new(birth.config),
            node: Node::new(),
            poller,
            timer,
            signals: birth.signals,
            monitor,
            supervisor: birth.supervisor,
            supervisor_gone: false,
            ports: Ports::default(),
            effects,
            runner,
            results,
            reloads: channel(),
            reloading: false,
            logger,
            ring: PacketRing::new(),
            adopt: birth.adopt,
            stop_level: 0,
            terms: 0,
            next_stray: now(),
            next_clock: now(),
            next_heartbeat: now(),
            clock_offset: clock_offset(),
            wills: BTreeMap::new(),
            _pid_file: pid_file,
        })
    }

    fn start(&mut self) {
        self.schedule();
        self.observe_everything();
        let config = Arc::clone(&self.config);
        self.apply(&config);
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
            self.settle();
            if self.effects.stopped {
                return crate::exit_code::OK;
            }
            if let Err(error) = self.poller.wait(&mut ready, Wait::Forever) {
                self.logger.log(Level::Error, error.to_string());
                return crate::exit_code::FATAL;
            }
            // Packets and events that wait come before timers: after a pause they tell what happened.
            let tokens: Vec<u64> = ready.iter().map(|ready| ready.token).collect();
            for token in &tokens {
                self.attend(*token);
            }
            self.timer.drain();
            self.wake();
        }
    }

    fn attend(&mut self, token: u64) {
        match token {
            SIGNALS => self.read_signals(),
            TIMER => {}
            NETLINK => self.read_netlink(),
            RESULTS => self.read_results(),
            SUPERVISOR => self.read_supervisor(),
            token => match self.ports.token(token) {
                Some(PortToken::Vrrp(key)) => self.read_vrrp(key),
                Some(PortToken::Arp(index)) => self.read_arp(index),
                None => {}
            },
        }
    }

    /// Timers of the node and of the loop.
    fn wake(&mut self) {
        let now = now();
        if now >= self.next_clock {
            self.next_clock = now + CLOCK_PERIOD;
            self.compare_clocks(now);
        }
        if self.node.next_wakeup().is_some_and(|(due, _)| due <= now) {
            self.give(Input::Wakeup);
        }
        self.effects.send_paced(now, &self.node, &self.ports);
        if now >= self.next_stray {
            self.next_stray = now + STRAY_PERIOD;
            self.read_strays();
        }
        if now >= self.next_heartbeat {
            self.heartbeat(now);
        }
    }

    /// After every turn: tell the supervisor what changed, set the timer.
    fn settle(&mut self) {
        if std::mem::take(&mut self.effects.holdings_changed) {
            self.effects.write_record(&self.node);
            self.report_wills();
        }
        let loop_timers = [self.next_stray, self.next_clock, self.next_heartbeat];
        let strays = self.ports.vrrp.is_empty();
        let due = loop_timers
            .into_iter()
            .skip(usize::from(strays))
            .chain(self.effects.next_paced())
            .chain(self.node.next_wakeup().map(|(due, _)| due))
            .min();
        if let Some(due) = due
            && let Err(error) = self.timer.set(standfast_linux::clock::Micros(due.0))
        {
            self.logger.log(Level::Error, error.to_string());
        }
    }

    fn give(&mut self, input: Input<'_>) {
        let now = now();
        self.node.handle_input(now, input);
        self.effects
            .carry_out(now, &mut self.node, &self.ports, &self.runner);
    }

    // Packets

    fn read_vrrp(&mut self, key: crate::ports::PortKey) {
        let Some(port) = self.ports.vrrp.get(&key) else {
            return;
        };
        let mut taken = 0;
        while taken < PACKETS_PER_TURN {
            let Ok(packets) = port.socket.receive(&mut self.ring) else {
                return;
            };
            let count = packets.len();
            for packet in packets {
                feed_packet(&mut self.node, key.0, packet.bytes);
                self.effects
                    .carry_out(now(), &mut self.node, &self.ports, &self.runner);
            }
            taken += count;
            if count < RING_PACKETS {
                return;
            }
        }
    }

    fn read_strays(&mut self) {
        let keys: Vec<_> = self.ports.vrrp.keys().copied().collect();
        for key in keys {
            let Some(port) = self.ports.vrrp.get(&key) else {
                continue;
            };
            if let Ok(packets) = port.stray.drain(&mut self.ring) {
                for packet in packets {
                    feed_packet(&mut self.node, key.0, packet.bytes);
                }
            }
            self.effects
                .carry_out(now(), &mut self.node, &self.ports, &self.runner);
        }
    }

    fn read_arp(&mut self, index: InterfaceIndex) {
        let Some(port) = self.ports.arp.get(&index) else {
            return;
        };
        let mut taken = 0;
        while taken < PACKETS_PER_TURN {
            // The interface may just have gone down; its link event says so.
            let Ok(packets) = port.socket.receive(&mut self.ring) else {
                return;
            };
            let count = packets.len();
            for packet in packets {
                let Ok(arp) = Arp::parse(packet.bytes) else {
                    continue;
                };
                let input = Input::Arp {
                    interface: index,
                    sender: arp.sender,
                    mac: arp.sender_mac,
                };
                self.node.handle_input(now(), input);
            }
            self.effects
                .carry_out(now(), &mut self.node, &self.ports, &self.runner);
            taken += count;
            if count < RING_PACKETS {
                return;
            }
        }
    }

    // The kernel

    fn observe_everything(&mut self) {
        let mut events = Vec::new();
        match self.monitor.dump(&mut events) {
            Ok(()) => self.observe(&events),
            Err(error) => self.logger.log(Level::Error, error.to_string()),
        }
    }

    fn read_netlink(&mut self) {
        let mut events = Vec::new();
        loop {
            match self.monitor.next_events(&mut events) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.logger.log(Level::Error, error.to_string());
                    break;
                }
            }
        }
        if events.contains(&Event::Overrun) {
            self.logger.log(
                Level::Warning,
                "Netlink: events were lost, reading all again".into(),
            );
            events.clear();
            if let Err(error) = self.monitor.dump(&mut events) {
                self.logger.log(Level::Error, error.to_string());
            }
        }
        self.observe(&events);
        self.synchronize_ports();
    }

    fn observe(&mut self, events: &[Event]) {
        for event in events {
            if let Some(input) = self.input_of(event) {
                self.give(input);
            }
        }
    }

    fn input_of(&mut self, event: &Event) -> Option<Input<'static>> {
        match event {
            Event::Link(link) => {
                let up = link.up && link.running;
                self.report_link(InterfaceIndex(link.index), link.name.as_str(), up);
                Some(Input::Link(Link {
                    index: InterfaceIndex(link.index),
                    name: link.name.as_str().to_owned(),
                    up,
                    mac: MacAddress(link.mac.unwrap_or_default()),
                }))
            }
            Event::LinkRemoved { index, .. } => Some(Input::LinkRemoved(InterfaceIndex(*index))),
            Event::Address(event) => {
                let interface = InterfaceIndex(event.index);
                let address = HostAddress {
                    interface,
                    address: event.address,
                    prefix: event.prefix,
                    secondary: event.flags.contains(AddressFlags::SECONDARY),
                    origin: self.origin(interface, event.address, event.prefix, event.protocol),
                };
                Some(if event.added {
                    Input::AddressAdded(address)
                } else {
                    Input::AddressRemoved(address)
                })
            }
            Event::Overrun => None,
        }
    }

    /// keepalived's phrase for a link that changes.
    fn report_link(&self, index: InterfaceIndex, name: &str, up: bool) {
        let known = self.node.interfaces().get(index);
        if known.is_some_and(|known| known.up != up) {
            let state = if up { "up" } else { "down" };
            self.logger
                .log(Level::Info, format!("Netlink reports {name} {state}"));
        }
    }

    fn origin(
        &self,
        interface: InterfaceIndex,
        address: IpAddr,
        prefix: u8,
        protocol: Option<AddressProtocol>,
    ) -> Origin {
        let name = self
            .node
            .interfaces()
            .get(interface)
            .map(|known| known.name.clone());
        let recorded = name.is_some_and(|name| self.effects.is_recorded(&name, address, prefix));
        if !recorded && protocol != Some(AddressProtocol::KEEPALIVED) {
            Origin::Foreign
        } else if self.adopt {
            Origin::Serving
        } else {
            Origin::Stale
        }
    }

    fn synchronize_ports(&mut self) {
        for failure in self.ports.synchronize(&self.node, &self.poller) {
            self.logger.log(Level::Error, failure);
        }
    }

    fn compare_clocks(&mut self, _now: Instant) {
        let offset = clock_offset();
        let step = u64::try_from((offset - self.clock_offset).unsigned_abs()).unwrap_or(u64::MAX);
        self.clock_offset = offset;
        if Micros(step) > CLOCK_STEP {
            self.give(Input::ClockStep(Micros(step)));
        }
    }

    // The configuration

    fn apply(&mut self, config: &Config) {
        let plan = lower::plan(config);
        for complaint in &plan.complaints {
            self.logger.log(Level::Error, complaint.clone());
        }
        self.effects.garp_interval = garp_interval(config);
        self.effects.log_unknown_vrids = config.global.log_unknown_vrids;
        self.promote_secondaries(config);
        let Plan {
            spec,
            checks,
            notifies,
            ..
        } = plan;
        // Programs are known before anything asks to run them; sockets before anything is sent.
        self.runner.submit(Job::Programs(Programs {
            notifies: notifies.clone(),
            ..Programs::default()
        }));
        let now = now();
        self.node.handle_input(now, Input::Spec(Box::new(spec)));
        self.synchronize_ports();
        let running = self.node.checks().filter_map(|check| {
            let program = checks.get(&check.spec.name)?.clone();
            Some((check.id, (program, check.spec.timeout)))
        });
        self.runner.submit(Job::Programs(Programs {
            checks: running.collect(),
            notifies,
        }));
        self.effects
            .carry_out(now, &mut self.node, &self.ports, &self.runner);
        self.effects.holdings_changed = true;
    }

    fn promote_secondaries(&self, config: &Config) {
        for instance in &config.instances {
            let name = instance.interface.as_ref().map(|name| name.value.as_str());
            if let (true, Some(name)) = (instance.promote_secondaries, name)
                && let Ok(name) = standfast_linux::InterfaceName::new(name)
                && let Err(error) = sysctl::Sysctl::promote_secondaries(name).write(1)
            {
                self.logger.log(Level::Warning, error.to_string());
            }
        }
    }

    /// Reads the configuration on a thread of its own; the loop goes on meanwhile.
    fn reload(&mut self) {
        if self.stop_level > 0 {
            return;
        }
        if std::mem::replace(&mut self.reloading, true) {
            self.logger
                .log(Level::Info, "a reload is under way already".into());
            return;
        }
        self.logger.log(Level::Info, "Reloading".into());
        self.report(&Report::Reloading);
        let (paths, options) = (self.options.config.clone(), load_options(&self.options));
        let (done, waker) = (self.reloads.0.clone(), self.results.clone());
        let spawned = thread::Builder::new().name("reload".into()).spawn(move || {
            let loaded = load(&paths, &FileSource, &HostEnvironment, &options);
            // The loop may have ended meanwhile.
            let _ = done.send(Box::new(loaded));
            waker.wake();
        });
        if let Err(error) = spawned {
            self.logger
                .log(Level::Error, format!("cannot reload: {error}"));
            self.reloading = false;
        }
    }

    fn finish_reload(&mut self, loaded: Loaded) {
        self.reloading = false;
        for diagnostic in &loaded.diagnostics {
            let (level, text) = log_line(&loaded, diagnostic);
            self.logger.log(level, text);
        }
        let refused = self.options.strict_config && loaded.has_errors();
        if let Some(refusal) = loaded.keepalived_refusal() {
            let text = format!(
                "the new configuration cannot be used, the old one stays in force: {}",
                refusal.diagnostic.message
            );
            self.logger.log(Level::Error, text);
        } else if refused {
            let text = "the new configuration has errors, the old one stays in force";
            self.logger.log(Level::Error, text.into());
        } else {
            self.config = Arc::new(loaded.config);
            let config = Arc::clone(&self.config);
            self.apply(&config);
            self.logger.log(Level::Info, "Reload complete".into());
        }
        self.report(&Report::Ready);
    }

    // Others

    fn read_results(&mut self) {
        self.results.drain();
        while let Some(input) = self.runner.next_result() {
            self.give(input);
        }
        while let Ok(loaded) = self.reloads.1.try_recv() {
            self.finish_reload(*loaded);
        }
    }

    fn read_signals(&mut self) {
        while let Ok(Some(received)) = self.signals.read() {
            match received.signal {
                Signal::Terminate | Signal::Interrupt => {
                    self.terms += 1;
                    self.stop(self.terms);
                }
                Signal::Reload => self.reload(),
                Signal::Data => self.command(&Command::DumpData),
                Signal::Stats => self.command(&Command::DumpStatistics { clear: false }),
                Signal::StatsClear => {
                    self.command(&Command::DumpStatistics { clear: true });
                }
                Signal::Json => self.logger.log(
                    Level::Warning,
                    "the JSON dump is not written by this version".into(),
                ),
                Signal::Child => {}
            }
        }
    }

    fn read_supervisor(&mut self) {
        let mut buffer = [0; MESSAGE_BYTES];
        loop {
            match self.supervisor.receive(&mut buffer) {
                Ok(Received::Message(length)) => {
                    let command = buffer.get(..length).and_then(decode::<Command>);
                    if let Some(command) = command {
                        self.command(&command);
                    }
                }
                Ok(Received::Nothing) | Err(_) => return,
                Ok(Received::Closed) => return self.lose_supervisor(),
            }
        }
    }

    /// Nobody would resign for us any more: leave in good order.
    fn lose_supervisor(&mut self) {
        if !std::mem::replace(&mut self.supervisor_gone, true) {
            let fd = self.supervisor.as_fd();
            // Only to keep a closed descriptor from waking us for ever.
            let _ = self.poller.remove(fd);
            self.logger
                .log(Level::Error, "the supervisor is gone, stopping".into());
            self.stop(1);
        }
    }

    fn command(&mut self, command: &Command) {
        let result = match command {
            Command::Stop { level } => {
                self.stop(*level);
                Ok(())
            }
            Command::Reload => {
                self.reload();
                Ok(())
            }
            Command::DumpData => dump::write_data(&self.node, &self.config, now()),
            Command::DumpStatistics { clear } => dump::write_statistics(&mut self.node, *clear),
        };
        if let Err(error) = result {
            self.logger
                .log(Level::Error, format!("cannot write the dump: {error}"));
        }
    }

    /// The first request leaves make before break, a second one at once.
    fn stop(&mut self, level: u32) {
        while self.stop_level < level.min(2) {
            self.stop_level += 1;
            if self.stop_level == 1 {
                self.logger.log(Level::Info, "Stopping".into());
            }
            self.give(Input::Stop);
        }
    }

    fn report(&self, report: &Report) {
        // A supervisor that does not listen is noticed by the closed channel.
        let _ = self.supervisor.send(&encode(report));
    }

    fn report_wills(&mut self) {
        let mut wills = BTreeMap::new();
        for estate in self.node.estates() {
            if let Some(will) = Will::new(&estate, self.node.interfaces()) {
                wills.insert(will.router, will);
            }
        }
        let gone: Vec<u32> = self
            .wills
            .keys()
            .filter(|router| !wills.contains_key(router))
            .copied()
            .collect();
        for router in gone {
            self.report(&Report::NoWill { router });
        }
        for (router, will) in &wills {
            if self
                .wills
                .get(router)
                .is_none_or(|known| !same_will(known, will))
            {
                self.report(&Report::Will(will.clone()));
            }
        }
        self.wills = wills;
    }

    /// Half a down interval is the supervisor's patience; four heartbeats fit into it.
    fn heartbeat(&mut self, now: Instant) {
        let shortest = self
            .node
            .routers()
            .filter(|router| router.is_serving())
            .map(|router| Micros(router.down_interval().0 / 2))
            .min();
        let patience = shortest.map(|half| half.max(LEAST_PATIENCE));
        self.report(&Report::Heartbeat {
            patience_ms: patience.map_or(0, |patience| patience.0 / 1_000),
        });
        let period = patience.map_or(CLOCK_PERIOD, |patience| Micros(patience.0 / 4));
        self.next_heartbeat = now + period.min(CLOCK_PERIOD);
    }
}

/// Only the identification of the resignation packet differs from one look to the next.
fn same_will(known: &Will, new: &Will) -> bool {
    known.same_but_packet(new)
}

fn feed_packet(node: &mut Node, interface: InterfaceIndex, bytes: &[u8]) {
    let Ok(packet) = ipv4::Packet::parse(bytes) else {
        return;
    };
    let input = Input::Packet(Packet {
        interface,
        source: IpAddr::V4(packet.source),
        destination: IpAddr::V4(packet.destination),
        ttl: packet.ttl,
        message: packet.payload,
    });
    node.handle_input(now(), input);
}

/// Boot time less monotonic time: grows when the host sleeps.
fn clock_offset() -> i128 {
    i128::from(boottime().0) - i128::from(monotonic().0)
}

/// The shortest pacing that any instance asks for.
fn garp_interval(config: &Config) -> Micros {
    let all = config
        .instances
        .iter()
        .map(|instance| instance.garp.interval.get());
    Micros(all.max().unwrap_or(0))
}

pub(crate) fn load_options(options: &Options) -> LoadOptions {
    LoadOptions {
        config_id: options.config_id.clone(),
        random_seed: monotonic().0,
        ..LoadOptions::default()
    }
}

/// One line of the log for a diagnostic.
pub(crate) fn log_line(
    loaded: &Loaded,
    diagnostic: &standfast_config::Diagnostic,
) -> (Level, String) {
    let level = match diagnostic.severity {
        standfast_config::Severity::Error => Level::Error,
        standfast_config::Severity::Warning => Level::Warning,
        standfast_config::Severity::Note => Level::Info,
    };
    let place = match loaded.sources.locate(diagnostic.primary) {
        Some(place) => format!("{}:{}:{}: ", place.path.display(), place.line, place.column),
        None => String::new(),
    };
    let help = match &diagnostic.help {
        Some(help) => format!(" ({help})"),
        None => String::new(),
    };
    (level, format!("{place}{}{help}", diagnostic.message))
}
