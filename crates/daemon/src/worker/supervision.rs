//! Signals and the supervisor: what they want, and what the supervisor must know.

use std::collections::BTreeMap;
use std::os::fd::AsFd;

use standfast_core::journal::Level;
use standfast_core::{Input, Instant, Micros};
use standfast_linux::signals::Signal;
use standfast_linux::supervise::Received;

use super::{CLOCK_PERIOD, Worker, now};
use crate::clerk::Job;
use crate::dump::{self, Dump, Picture, Scope};
use crate::message::{Command, Report, Will, decode, encode};
use crate::routing;

/// Bytes of a message from the supervisor.
const MESSAGE_BYTES: usize = 4096;
/// Permissions of dumps before the configured umask.
pub(crate) const DUMP_MODE: u32 = 0o666;
/// The heartbeat is at least this patient, whatever the advertisement interval.
const LEAST_PATIENCE: Micros = Micros::from_millis(500);

impl Worker {
    pub(super) fn read_results(&mut self) {
        self.results.drain();
        self.take_results();
        while let Some(input) = self.watchers.next_result() {
            self.give(input);
        }
        while let Ok(reloaded) = self.reloads.1.try_recv() {
            self.finish_reload(*reloaded);
        }
        if self.timetable.is_due() {
            self.reload();
        }
    }

    pub(super) fn take_results(&mut self) {
        while let Some(input) = self.runner.next_result() {
            self.give(input);
        }
    }

    pub(super) fn read_signals(&mut self) {
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
                Signal::Json => self.command(&Command::DumpJson),
            }
        }
    }

    pub(super) fn read_supervisor(&mut self) {
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
    pub(super) fn lose_supervisor(&mut self) {
        if !std::mem::replace(&mut self.supervisor_gone, true) {
            let fd = self.supervisor.as_fd();
            // Only to keep a closed descriptor from waking us for ever.
            let _ = self.poller.remove(fd);
            self.logger
                .log(Level::Error, "the supervisor is gone, stopping".into());
            self.stop(1);
        }
    }

    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::Stop { level } => self.stop(*level),
            Command::Reload => self.reload(),
            Command::DumpData => {
                let text = dump::data(&self.picture(), &self.lateness);
                self.file(Dump::Data, "data", text);
            }
            Command::DumpStatistics { clear } => {
                let text = dump::statistics(&self.node);
                self.file(Dump::Statistics, "statistics", text);
                if *clear {
                    self.node.clear_counters();
                }
            }
            Command::DumpJson => match dump::json(&self.picture()) {
                Some(text) => self.file(Dump::Json, "JSON", text),
                None => {
                    let text = "no JSON is written: there are no instances";
                    self.logger.log(Level::Info, text.into());
                }
            },
        }
    }

    fn picture(&self) -> Picture<'_> {
        Picture::new(&self.node, &self.config, now())
    }

    fn file(&self, dump: Dump, what: &'static str, text: String) {
        let instance = self.config.root.instance.as_ref();
        let scope = Scope {
            namespace: self.options.namespace.as_deref(),
            instance: instance.map(|name| name.value.as_str()),
        };
        self.clerk.submit(Job::Write {
            path: dump::path(dump, &self.config, scope),
            text,
            mode: DUMP_MODE & !self.config.global.files.umask,
            what,
        });
    }

    /// The first request leaves make before break, a second one at once.
    pub(super) fn stop(&mut self, level: u32) {
        while self.stop_level < level.min(2) {
            self.stop_level += 1;
            if self.stop_level == 1 {
                self.logger.log(Level::Info, "Stopping".into());
            }
            self.give(Input::Stop);
        }
    }

    /// False if the supervisor's queue is full or it is gone, which its closed channel tells.
    pub(super) fn report(&self, report: &Report) -> bool {
        self.supervisor.send(&encode(report)).is_ok()
    }

    /// Tells the supervisor what has changed of our last wills; what its queue does not take now is
    /// told with the next heartbeat.
    pub(super) fn report_wills(&mut self) {
        let mut wills = BTreeMap::new();
        for estate in self.node.estates() {
            let fixtures = estate.fixtures.iter();
            let removals = fixtures
                .filter_map(|it| routing::removal(&self.effects.entries, it, &self.node))
                .map(|removal| removal.to_bytes());
            let removals = removals.collect();
            if let Some(mut will) = Will::new(&estate, removals, self.node.interfaces()) {
                let router = self.node.router(estate.router);
                let name = router.map_or("", |router| &router.spec().name);
                if let Some(domain) = self.ports.options.routing_domain(name) {
                    will.bind_to(domain);
                }
                wills.insert(will.router, will);
            }
        }
        let known = std::mem::take(&mut self.wills);
        for (router, will) in known {
            let gone = !wills.contains_key(&router);
            if !gone || !self.report(&Report::NoWill { router }) {
                self.wills.insert(router, will);
            }
        }
        self.wills_pending = self.wills.len() > wills.len();
        for (router, will) in wills {
            let same = self
                .wills
                .get(&router)
                .and_then(Option::as_ref)
                .is_some_and(|known| known.same_but_packet(&will));
            if same {
                continue;
            }
            if will.reports().iter().all(|part| self.report(part)) {
                self.wills.insert(router, Some(will));
            } else {
                self.wills.insert(router, None);
                self.wills_pending = true;
            }
        }
    }

    /// Half a down interval is the supervisor's patience; four heartbeats fit into it. A Backup has
    /// the same: one that hangs would not take over, and there may be no time to say that it became
    /// Active.
    pub(super) fn heartbeat(&mut self, now: Instant) {
        if self.wills_pending {
            self.report_wills();
        }
        let shortest = self
            .node
            .routers()
            .map(|router| Micros(router.down_interval().0 / 2))
            .min();
        let shortest_down = shortest.map_or(Micros::ZERO, |half| half.times(2));
        let real_time = self.config.global.vrrp_process.realtime.is_some();
        let warning = self.lateness.warning(now, shortest_down, real_time);
        if let Some(text) = warning.filter(|_| shortest.is_some()) {
            self.logger.log(Level::Warning, text);
        }
        let patience = shortest.map(|half| half.max(LEAST_PATIENCE));
        self.report(&Report::Heartbeat {
            patience_ms: patience.map_or(0, |patience| patience.0 / 1_000),
        });
        let period = patience.map_or(CLOCK_PERIOD, |patience| Micros(patience.0 / 4));
        self.next_heartbeat = now + period.min(CLOCK_PERIOD);
    }
}
