//! The supervisor: starts the worker, passes on what it is told, and acts when the worker dies.

use std::collections::BTreeMap;
use std::os::fd::AsFd;

use standfast_config::Config;
use standfast_core::journal::Level;
use standfast_core::{Instant, Micros};
use standfast_linux::clock::{monotonic, realtime};
use standfast_linux::notify::{Notifier, State, watchdog_interval};
use standfast_linux::pidfile::{NotAcquired, PidFile};
use standfast_linux::poller::{Interest, Poller, ReadyList, Timer, Wait};
use standfast_linux::process::{Exit, Process};
use standfast_linux::signals::{Signal, Signals};
use standfast_linux::supervise::{Channel, Fork, LONGEST_MESSAGE, Received, die_with_parent, fork};
use standfast_linux::{Error, daemonize, memory, namespace, procfs, supervise};

use crate::dump::{self, Dump, Scope};
use crate::exit_code;
use crate::host_record::HostRecord;
use crate::last_will;
use crate::log::Sink;
use crate::message::{Command, Report, Will, decode, encode};
use crate::options::{Options, Personality};
use crate::reading::Facts;
use crate::run_files::RunFiles;
use crate::stage::{self, Outcome, Stage, StageScript};
use crate::worker::{self, Birth, log_lines};
use crate::{clerk, lower, reading, record, running};

mod suspicion;
mod unable;

use suspicion::{Suspicion, Verdict};
use unable::{Unable, require_capabilities};

const SIGNALS: u64 = 0;
const WORKER: u64 = 1;
const REPORTS: u64 = 2;
const TIMER: u64 = 3;
const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;
/// A worker that ran this long is restarted at once.
const STEADY: Micros = Micros::from_secs(60);
/// Longest pause between two restarts.
const LONGEST_BACKOFF: Micros = Micros::from_secs(60);
/// Beyond the time that leaving may take, a worker that does not end in `child_wait_time` is killed; in no less than this, since
/// its end takes some time on a busy host.
const LEAST_STOP_GRACE: Micros = Micros::from_secs(1);

fn now() -> Instant {
    Instant(monotonic().0)
}

/// Runs the daemon until it is stopped; the process's exit code.
pub fn run(options: &Options) -> u8 {
    let mut sink = Sink::new(options.log, log_name(options));
    match prepare(options, &mut sink) {
        Ok(supervisor) => supervisor.supervise(sink),
        Err(Unable { code, text }) => {
            sink.error(&text);
            if !options.log.console {
                eprintln!("{}: {text}", options.personality.name());
            }
            code
        }
    }
}

fn log_name(options: &Options) -> &'static str {
    match options.personality {
        Personality::Keepalived => "Keepalived",
        Personality::Standfast => "standfast",
    }
}

fn prepare(options: &Options, sink: &mut Sink) -> Result<Supervisor, Unable> {
    sink.info(&format!(
        "Starting Standfast v{} as {}",
        env!("CARGO_PKG_VERSION"),
        options.personality.name()
    ));
    if let Some(name) = &options.namespace {
        namespace::enter_network_namespace(name).map_err(|error| Unable::fatal(&error))?;
    }
    let (config, options, copy, facts) = read_config(options, sink)?;
    require_capabilities()?;
    let instance = instance_name(&config);
    sink.rename(&options.log_identity(log_name(&options), instance));
    let files = options.run_files(instance, config.root.use_pid_dir);
    let mut pid_file = acquire(&options, instance, &files)?;
    if !options.foreground {
        daemonize::daemonize().map_err(|error| Unable::fatal(&error))?;
        pid_file
            .take_over()
            .map_err(|error| Unable::fatal(&error))?;
    }
    if let Some(Err(text)) = copy.map(|copy| copy.save(std::process::id(), 0)) {
        sink.log(Level::Warning, &text);
    }
    take_name(&options, &config);
    let signals = Signals::block().map_err(|error| Unable::fatal(&error))?;
    Supervisor::new(options, (config, facts), files, pid_file, signals)
        .map_err(|error| Unable::fatal(&error))
}

/// Reads and judges the configuration; a `net_namespace` in it is entered, and the file is judged
/// again by what exists there.
fn read_config(
    options: &Options,
    sink: &mut Sink,
) -> Result<(Config, Options, Option<reading::Copy>, Facts), Unable> {
    let mut options = options.clone();
    let mut loaded = reading::read(&options);
    let wanted = loaded.config.root.net_namespace.as_ref();
    if let (Some(name), None) = (wanted.map(|name| name.value.clone()), &options.namespace) {
        namespace::enter_network_namespace(&name).map_err(|error| Unable::fatal(&error))?;
        options.namespace = Some(name);
        loaded = reading::read(&options);
    }
    for (_, file) in loaded.sources.files() {
        sink.info(&format!("Opening file '{}'.", file.path().display()));
    }
    for (level, text) in log_lines(&loaded) {
        sink.log(level, &text);
    }
    if let Some(refusal) = loaded.keepalived_refusal() {
        return Err(Unable {
            code: refusal.exit_code,
            text: format!("cannot start: {}", refusal.diagnostic.message),
        });
    }
    if loaded.sources.files().next().is_none() {
        let paths: Vec<String> = options
            .config
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(Unable {
            code: exit_code::NO_CONFIG,
            text: format!("cannot start: no configuration in {}", paths.join(", ")),
        });
    }
    if loaded.config.instances.is_empty() {
        sink.log(
            Level::Warning,
            "nothing to run: the configuration has no usable vrrp_instance",
        );
    }
    if options.strict_config && loaded.has_errors() {
        return Err(Unable {
            code: exit_code::CONFIG,
            text: "cannot start: the configuration has errors and --strict-config is given".into(),
        });
    }
    let (copy, facts) = (reading::Copy::of(&loaded), Facts::of(&loaded));
    Ok((loaded.config, options, copy, facts))
}

fn instance_name(config: &Config) -> Option<&str> {
    let name = config.root.instance.as_ref();
    name.map(|name| name.value.as_str())
}

fn acquire(options: &Options, instance: Option<&str>, files: &RunFiles) -> Result<PidFile, Unable> {
    let file = lock(files)?;
    // keepalived 2.2 does not lock its file: ask for the process.
    if let Some(pid) = file.previous().filter(|pid| running::is_keepalived(*pid)) {
        return Err(Unable {
            code: exit_code::FATAL,
            text: format!(
                "daemon is already running: process {pid} of {} is keepalived",
                files.supervisor.display()
            ),
        });
    }
    // Whoever gives a pid file or a name of its own means to run several.
    let alone = options.pid_file.is_none() && instance.is_none();
    if alone && let Some((pid, path)) = running::rival(&files.supervisor) {
        return Err(Unable {
            code: exit_code::FATAL,
            text: format!(
                "another daemon is already running here (process {pid} of {path}): both would take \
                 the addresses from each other; stop it first, or give this one a pid file of its \
                 own"
            ),
        });
    }
    Ok(file)
}

fn lock(files: &RunFiles) -> Result<PidFile, Unable> {
    running::acquire(&files.supervisor).map_err(|error| {
        let text = match &error {
            NotAcquired::Held { .. } => format!(
                "daemon is already running ({}: {error})",
                files.supervisor.display()
            ),
            NotAcquired::Failed(_) => format!(
                "{error}: give it a pid file (-p) where it may write, or RuntimeDirectory= in the systemd unit"
            ),
        };
        Unable {
            code: exit_code::FATAL,
            text,
        }
    })
}

/// killall(1) and scripts know us by our name, however we were started.
fn take_name(options: &Options, config: &Config) {
    let own = options.personality.name();
    let given = config.global.process_name.as_ref();
    rename(given.map_or(own, |name| &name.value));
}

/// `vrrp_process_name`, or with `process_names` what the process does.
fn take_worker_name(options: &Options, config: &Config) {
    let usual = format!("{}_vrrp", options.personality.name());
    let given = config.global.vrrp_process_name.as_ref();
    match given {
        Some(name) => rename(&name.value),
        None if config.global.process_names => rename(&usual),
        None => {}
    }
}

fn rename(wanted: &str) {
    let current = std::fs::read_to_string("/proc/self/comm").unwrap_or_default();
    if current.trim() != wanted {
        // Only people would notice.
        let _ = supervise::set_process_name(wanted);
    }
}

struct Supervisor {
    options: Options,
    config: Config,
    facts: Facts,
    started: standfast_linux::clock::Micros,
    files: RunFiles,
    _pid_file: PidFile,
    signals: Signals,
    poller: Poller,
    timer: Timer,
    notifier: Option<Notifier>,
    watchdog: Watchdog,
    worker: Option<Worker>,
    wills: BTreeMap<u32, Will>,
    suspicion: Suspicion,
    stop_level: u32,
    stop_deadline: Option<Instant>,
    restart_at: Option<Instant>,
    backoff: Micros,
    adopt: bool,
    /// Which of its copies of the configuration comes next; a worker goes on from there.
    readings: u64,
    /// `shutdown_script` of the present configuration.
    shutdown: Option<StageScript>,
}

struct Worker {
    process: Process,
    channel: Channel,
    started: Instant,
}

/// systemd restarts a service from which it does not hear in time.
struct Watchdog {
    period: Micros,
    /// None where systemd does not ask.
    next: Option<Instant>,
}

impl Watchdog {
    /// Twice as often as asked for.
    fn from_environment() -> Self {
        let interval = watchdog_interval();
        Watchdog {
            period: Micros(interval.map_or(0, |interval| interval.0 / 2)),
            next: interval.map(|_| now()),
        }
    }

    fn feed(&mut self, now: Instant, notifier: Option<&Notifier>) {
        if self.next.is_some_and(|next| next <= now) {
            self.next = Some(now + self.period);
            if let Some(notifier) = notifier {
                // systemd notices a service that does not speak.
                let _ = notifier.send(&[State::Watchdog]);
            }
        }
    }
}

/// What a turn of the loop came to.
enum Turn {
    Go,
    End(u8),
}

impl Supervisor {
    fn new(
        options: Options,
        (config, facts): (Config, Facts),
        files: RunFiles,
        pid_file: PidFile,
        signals: Signals,
    ) -> Result<Self, Error> {
        let poller = Poller::new()?;
        let timer = Timer::new()?;
        poller.add(signals.as_fd(), SIGNALS, Interest::Read)?;
        poller.add(timer.as_fd(), TIMER, Interest::Read)?;
        Ok(Supervisor {
            options,
            config,
            facts,
            started: realtime(),
            files,
            _pid_file: pid_file,
            signals,
            poller,
            timer,
            // Without systemd there is nobody to tell.
            notifier: Notifier::from_environment().ok().flatten(),
            watchdog: Watchdog::from_environment(),
            worker: None,
            wills: BTreeMap::new(),
            suspicion: Suspicion::default(),
            stop_level: 0,
            stop_deadline: None,
            restart_at: None,
            backoff: Micros::ZERO,
            adopt: false,
            readings: 1,
            shutdown: None,
        })
    }

    fn supervise(mut self, mut sink: Sink) -> u8 {
        let mut complaints = Vec::new();
        let startup = lower::stage(&self.config, Stage::Startup, &mut complaints);
        complaints.iter().for_each(|text| sink.error(text));
        let code = match self.run_stage(Stage::Startup, startup, &mut sink) {
            Outcome::Interrupted => exit_code::OK,
            Outcome::Done => self.run_workers(&mut sink),
        };
        if !self.options.keep_addresses {
            // Nothing is left of a worker that stopped, everything of one that died.
            HostRecord::open(&self.files.host).undo_all();
        }
        let shutdown = self.shutdown.take();
        self.run_stage(Stage::Shutdown, shutdown, &mut sink);
        sink.info(&format!("Stopped Standfast v{}", env!("CARGO_PKG_VERSION")));
        code
    }

    fn run_workers(&mut self, sink: &mut Sink) -> u8 {
        match self.start_worker(sink) {
            Ok(()) => self.watch(sink),
            Err(error) => {
                sink.error(&error.to_string());
                exit_code::FATAL
            }
        }
    }

    fn run_stage(&mut self, stage: Stage, script: Option<StageScript>, sink: &mut Sink) -> Outcome {
        let Some(script) = script else {
            return Outcome::Done;
        };
        let (watchdog, notifier) = (&mut self.watchdog, self.notifier.as_ref());
        let mut alive = || watchdog.feed(now(), notifier);
        stage::run(stage, &script, &self.signals, sink, &mut alive)
    }

    fn watch(&mut self, sink: &mut Sink) -> u8 {
        let mut ready = ReadyList::new();
        loop {
            if let Err(error) = self
                .arm()
                .and_then(|()| self.poller.wait(&mut ready, Wait::Forever))
            {
                sink.error(&error.to_string());
                return exit_code::FATAL;
            }
            self.timer.drain();
            match self.turn(sink) {
                Ok(Turn::Go) => {}
                Ok(Turn::End(code)) => return code,
                Err(error) => {
                    sink.error(&error.to_string());
                    return exit_code::FATAL;
                }
            }
        }
    }

    fn arm(&self) -> Result<(), Error> {
        let alive = self.worker.is_some();
        let suspicion = self.suspicion.due().filter(|_| alive);
        let due = [
            suspicion,
            self.watchdog.next,
            self.restart_at,
            self.stop_deadline,
        ];
        match due.into_iter().flatten().min() {
            Some(due) => self.timer.set(standfast_linux::clock::Micros(due.0)),
            None => self.timer.disarm(),
        }
    }

    fn turn(&mut self, sink: &mut Sink) -> Result<Turn, Error> {
        self.read_signals(sink);
        self.read_reports();
        if let Some(exit) = self.worker_exit()? {
            return self.worker_died(exit, sink);
        }
        let now = now();
        self.suspect(now, sink);
        if self.stop_deadline.is_some_and(|due| due <= now) {
            self.stop_deadline = None;
            sink.error("the worker does not end, killing it");
            self.kill_worker();
        }
        if self.restart_at.is_some_and(|due| due <= now) {
            self.restart_at = None;
            self.start_worker(sink)?;
        }
        self.watchdog.feed(now, self.notifier.as_ref());
        if self.worker.is_some() || self.restart_at.is_some() {
            return Ok(Turn::Go);
        }
        self.release_kept(sink);
        Ok(Turn::End(exit_code::OK))
    }

    /// A stop that came between two workers: what was kept for the next one is let go.
    fn release_kept(&mut self, sink: &mut Sink) {
        if !std::mem::take(&mut self.adopt) || self.options.keep_addresses {
            return;
        }
        match record::remove_recorded(&self.files.record) {
            Ok(count) => sink.info(&format!("released {count} addresses of the dead worker")),
            Err(error) => sink.error(&error.to_string()),
        }
    }

    /// A worker that is silent for too long has lost its grip on the addresses.
    fn suspect(&mut self, now: Instant, sink: &mut Sink) {
        let Some(worker) = &self.worker else {
            return;
        };
        let look = || procfs::main_thread(worker.process.pid());
        match self.suspicion.judge(now, look) {
            Verdict::Well => {}
            Verdict::Waits => sink.error(
                "the worker gets no processor and is silent: is this host too busy, or bound to processors that are? It is \
                 waited for, for a while (`standfast doctor` looks at what keeps it from running)",
            ),
            Verdict::Hangs(silent) => {
                let heard = self.suspicion.last_heard();
                // It may have spoken since we listened last.
                self.read_reports();
                if self.suspicion.last_heard() == heard {
                    sink.error(&format!("the worker is silent for {silent}, killing it"));
                    self.kill_worker();
                }
            }
        }
    }

    fn kill_worker(&self) {
        if let Some(worker) = &self.worker {
            // It may have ended in this moment.
            let _ = worker.process.signal(SIGKILL);
        }
    }

    fn start_worker(&mut self, sink: &mut Sink) -> Result<(), Error> {
        let (ours, theirs) = Channel::pair()?;
        let parent = std::process::id();
        match fork()? {
            Fork::Child => {
                drop(ours);
                let code = self.be_worker(theirs, parent);
                std::process::exit(i32::from(code));
            }
            Fork::Parent(process) => {
                drop(theirs);
                self.poller.add(process.as_fd(), WORKER, Interest::Read)?;
                self.poller.add(ours.as_fd(), REPORTS, Interest::Read)?;
                sink.info(&format!(
                    "Starting VRRP child process, pid={}",
                    process.pid()
                ));
                self.worker = Some(Worker {
                    process,
                    channel: ours,
                    started: now(),
                });
                self.suspicion = Suspicion::started(now());
                self.adopt = false;
                Ok(())
            }
        }
    }

    /// The other half of the fork.
    fn be_worker(&mut self, supervisor: Channel, parent: u32) -> u8 {
        let signals = match die_with_parent(SIGTERM, parent).and_then(|()| Signals::block()) {
            Ok(signals) => signals,
            Err(_) => return exit_code::FATAL,
        };
        take_worker_name(&self.options, &self.config);
        let instance = instance_name(&self.config);
        let distinction = RunFiles::distinction(&self.files.supervisor, instance);
        worker::run(Birth {
            options: self.options.clone(),
            config: std::mem::take(&mut self.config),
            facts: std::mem::take(&mut self.facts),
            started: self.started,
            record_path: self.files.record.clone(),
            host_path: self.files.host.clone(),
            pid_file: self.files.worker.clone(),
            control_path: self.files.control.clone(),
            distinction,
            supervisor,
            signals,
            readings: self.readings,
            adopt: self.adopt,
        })
    }

    fn read_signals(&mut self, sink: &mut Sink) {
        while let Ok(Some(received)) = self.signals.read() {
            match received.signal {
                Signal::Terminate | Signal::Interrupt => self.stop(sink),
                Signal::Reload => self.command(&Command::Reload),
                Signal::Data => {
                    self.dump_parent_data(sink);
                    self.command(&Command::DumpData);
                }
                Signal::Stats => self.command(&Command::DumpStatistics { clear: false }),
                Signal::StatsClear => self.command(&Command::DumpStatistics { clear: true }),
                Signal::Json => self.command(&Command::DumpJson),
            }
        }
    }

    fn dump_parent_data(&self, sink: &mut Sink) {
        let scope = Scope {
            namespace: self.options.namespace.as_deref(),
            instance: instance_name(&self.config),
        };
        let path = dump::path(Dump::ParentData, &self.config, scope);
        let mode = worker::DUMP_MODE & !self.config.global.files.umask;
        let written = clerk::replace(&path, dump::parent_data(&self.config), mode);
        if let Err(error) = written {
            sink.error(&format!("cannot write {}: {error}", path.display()));
        }
    }

    fn stop(&mut self, sink: &mut Sink) {
        self.stop_level += 1;
        if self.stop_level == 1 {
            sink.info("Stopping");
            self.tell_systemd(&[State::Stopping]);
            self.stop_deadline = Some(now() + longest_stop(&self.config));
        }
        self.restart_at = None;
        let level = self.stop_level;
        self.command(&Command::Stop { level });
    }

    fn command(&self, command: &Command) {
        if let Some(worker) = &self.worker {
            // A worker that is gone is noticed by its descriptor.
            let _ = worker.channel.send(&encode(command));
        }
    }

    fn read_reports(&mut self) {
        // Keys may be in it.
        let mut buffer = zeroize::Zeroizing::new(vec![0; LONGEST_MESSAGE]);
        while let Some(worker) = &self.worker {
            match worker.channel.receive(&mut buffer) {
                Ok(Received::Message(length)) => {
                    let report = buffer.get(..length).and_then(decode::<Report>);
                    if let Some(report) = report {
                        self.take_report(report);
                    }
                }
                Ok(Received::Nothing) => return,
                Ok(Received::Closed) | Err(_) => {
                    // Its process descriptor tells the rest.
                    let _ = self.poller.remove(worker.channel.as_fd());
                    return;
                }
            }
        }
    }

    fn take_report(&mut self, report: Report) {
        match report {
            Report::Ready => {
                self.tell_systemd(&[State::Ready]);
                memory::give_back();
            }
            Report::Reloading => self.tell_systemd(&[State::Reloading]),
            Report::Heartbeat { patience_ms } => {
                let patience = (patience_ms > 0).then_some(Micros::from_millis(patience_ms));
                self.suspicion.heard(now(), patience);
            }
            Report::Will(will) => {
                self.wills.insert(will.router, *will);
            }
            Report::WillAddresses { router, addresses } => {
                if let Some(will) = self.wills.get_mut(&router) {
                    will.addresses.extend(addresses);
                }
            }
            Report::WillPeers { router, peers } => {
                if let Some(will) = self.wills.get_mut(&router) {
                    will.peers.extend(peers);
                }
            }
            Report::WillRemovals { router, removals } => {
                if let Some(will) = self.wills.get_mut(&router) {
                    will.removals.extend(removals);
                }
            }
            Report::WillKeys { router, keys } => {
                if let Some(will) = self.wills.get_mut(&router) {
                    will.keys = keys;
                }
            }
            Report::WillPackets { router, packets } => {
                if let Some(will) = self.wills.get_mut(&router) {
                    will.resignations.extend(packets);
                }
            }
            Report::NoWill { router } => {
                self.wills.remove(&router);
            }
            Report::ShutdownScript(script) => self.shutdown = script,
            Report::Status(text) => self.tell_systemd(&[State::Status(&text)]),
        }
    }

    fn tell_systemd(&self, states: &[State<'_>]) {
        if let Some(notifier) = &self.notifier {
            // systemd notices a service that does not speak.
            let _ = notifier.send(states);
        }
    }

    fn worker_exit(&self) -> Result<Option<Exit>, Error> {
        match &self.worker {
            Some(worker) => worker.process.exit(),
            None => Ok(None),
        }
    }

    fn worker_died(&mut self, exit: Exit, sink: &mut Sink) -> Result<Turn, Error> {
        // Its last words count.
        self.read_reports();
        let started = self.worker.take().map_or(now(), |worker| worker.started);
        let wills = std::mem::take(&mut self.wills).into_values();
        let code = match exit {
            Exit::Code(code) => u8::try_from(code).unwrap_or(exit_code::FATAL),
            Exit::Signal(_) => exit_code::FATAL,
        };
        let graceful = exit == Exit::Code(0);
        if graceful {
            return Ok(Turn::End(exit_code::OK));
        }
        let permanent = matches!(exit, Exit::Code(1 | 2 | 4));
        let restart = self.options.respawn && self.stop_level == 0 && !permanent;
        sink.error(&format!(
            "VRRP child process died ({}), resigning for it",
            describe(exit)
        ));
        if self.options.keep_addresses && !restart {
            return Ok(Turn::End(code));
        }
        let (watchdog, notifier) = (&mut self.watchdog, self.notifier.as_ref());
        let mut alive = || watchdog.feed(now(), notifier);
        let outcome = last_will::execute(wills, &self.signals, restart, sink, &mut alive)?;
        if !restart || outcome.stop {
            return Ok(Turn::End(if outcome.stop { exit_code::OK } else { code }));
        }
        self.adopt = outcome.still_serving;
        self.reread_config(sink);
        self.schedule_restart(started, sink);
        Ok(Turn::Go)
    }

    /// The file may have been reloaded since; one that cannot be used is passed over.
    fn reread_config(&mut self, sink: &mut Sink) {
        let loaded = reading::read(&self.options);
        if loaded.keepalived_refusal().is_none() {
            self.facts = Facts::of(&loaded);
            self.config = loaded.config;
        } else {
            sink.error("the configuration cannot be used any more, keeping the one from the start");
        }
    }

    /// At once after a steady run; otherwise after 0, 1, 2, 4 … seconds.
    fn schedule_restart(&mut self, started: Instant, sink: &mut Sink) {
        let now = now();
        if now.since(started) > STEADY {
            self.backoff = Micros::ZERO;
        }
        self.restart_at = Some(now + self.backoff);
        if self.backoff > Micros::ZERO {
            sink.log(
                Level::Warning,
                &format!(
                    "Restart of VRRP process delayed {} to limit respawn rate",
                    self.backoff
                ),
            );
        }
        self.backoff = match self.backoff {
            Micros::ZERO => Micros::from_secs(1),
            backoff => backoff.times(2).min(LONGEST_BACKOFF),
        };
    }
}

/// The longest time that make before break may take, scripts included, and what a worker has to end after it.
fn longest_stop(config: &Config) -> Micros {
    let bounds = config.instances.iter().map(|instance| {
        let adverts = u64::from(instance.down_timer_adverts) + 1;
        Micros(instance.advert_int.get()).times(adverts)
    });
    let grace = Micros(config.root.child_wait_time.get()).max(LEAST_STOP_GRACE);
    let leave = bounds.max().unwrap_or_default();
    leave.plus(standfast_core::router::SCRIPT_BOUND).plus(grace)
}

fn describe(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(signal) => format!("signal {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};
    use standfast_core::router::SCRIPT_BOUND;

    use super::*;

    #[test]
    fn a_worker_has_child_wait_time_beyond_what_leaving_takes() {
        let longest = |text: &str| {
            let text = format!(
                "{text}\nvrrp_instance V {{\ninterface eth0\nvirtual_router_id 51\nadvert_int 2\n\
                 virtual_ipaddress {{\n192.0.2.1/24\n}}\n}}\n"
            );
            let source = MemorySource::with("/k.conf", text.as_str());
            let options = LoadOptions::default();
            let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
            longest_stop(&loaded.config)
        };
        let leave = Micros::from_secs(4 * 2).plus(SCRIPT_BOUND);
        assert_eq!(longest(""), leave.plus(Micros::from_secs(5)));
        let long = longest("child_wait_time 30");
        assert_eq!(long, leave.plus(Micros::from_secs(30)));
        assert_eq!(longest("child_wait_time 0"), leave.plus(LEAST_STOP_GRACE));
    }
}
