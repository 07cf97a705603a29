//! The configuration: applied at the start, replaced by a reload.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use standfast_api::record::Daemon;
use standfast_config::{Config, Diagnostic, Loaded, ReloadFile, Severity, Spanned};
use standfast_core::check::Check;
use standfast_core::input::NotifyEvent;
use standfast_core::journal::Level;
use standfast_core::router::State;
use standfast_core::spec::Spec;
use standfast_core::{Input, Instant};
use standfast_linux::sysctl;

use super::{DUMP_MODE, Worker, now};
use crate::clerk;
use crate::lower::{self, Notifies, Plan, Program};
use crate::message::Report;
use crate::reading::{self, Copy, Facts};
use crate::routing;
use crate::runner::{CheckProgram, Job, Programs};
use crate::socket_options::SocketOptions;
use crate::track::Occasion;

/// How the log begins to say that a configuration cannot come into force; why stands after it.
pub(super) const UNUSABLE: &str =
    "the new configuration cannot be used, the old one stays in force: ";

/// What the thread of a reload found.
pub(super) struct Reloaded {
    loaded: Loaded,
    plan: Plan,
    /// `reload_check_config` did not find fault with it.
    valid: bool,
    /// Says outside that a reload is in progress.
    marker: Option<PathBuf>,
    /// Files that could not be written.
    complaints: Vec<String>,
}

fn check_program(check: &Check, program: Program) -> CheckProgram {
    CheckProgram {
        program,
        timeout: check.spec.timeout,
        decided_after: match check.spec.repair {
            // A failure may be set aside any number of times.
            Some(_) => u32::MAX,
            None => check.spec.rise.max(check.spec.fall),
        },
    }
}

impl Worker {
    pub(super) fn apply(&mut self, config: &Config, plan: Plan, occasion: Occasion) {
        for complaint in &plan.complaints {
            self.logger.log(Level::Error, complaint.clone());
        }
        self.timetable.configure(&config.global.reload);
        self.chronicle.settle(self.journal_place.settings(config));
        self.effects.pacing.configure(config);
        self.effects.log_unknown_vrids = config.global.log_unknown_vrids;
        self.promote_secondaries(config);
        self.size_buffers(config);
        self.ports.options = SocketOptions::of(config, &plan.spec);
        let Plan {
            spec,
            checks,
            requests,
            repairs,
            mut notifies,
            groups,
            fifos,
            targets,
            mut entries,
            virtual_interfaces,
            mail,
            shutdown,
            ..
        } = plan;
        self.report(&Report::ShutdownScript(shutdown));
        self.prepare_host(config, &spec.routers, virtual_interfaces);
        // Whoever leaves still needs what the new configuration does not know.
        self.effects.entries.append(&mut entries);
        self.keep_farewells(&mut notifies);
        self.runner.submit(Job::Fifos(fifos));
        self.runner.submit(Job::Mail(mail));
        // Programs are known before anything asks to run them; sockets before anything is sent.
        self.runner.submit(Job::Programs(Programs {
            notifies: notifies.clone(),
            groups: groups.clone(),
            ..Programs::default()
        }));
        let now = now();
        self.specify(now, spec);
        let running = self.node.checks().filter_map(|check| {
            let program = checks.get(&check.spec.name)?.clone();
            Some((check.id, check_program(check, program)))
        });
        let repairing = self.node.checks().filter_map(|check| {
            let program = repairs.get(&check.spec.name)?.clone();
            let timeout = check.spec.repair.as_ref()?.timeout;
            Some((check.id, (program, timeout)))
        });
        let asking = self.node.checks().filter_map(|check| {
            let target = requests.get(&check.spec.name)?.clone();
            Some((check.id, target))
        });
        self.effects.asker = self.watchers.apply_requests(asking.collect());
        self.runner.submit(Job::Programs(Programs {
            checks: running.collect(),
            repairs: repairing.collect(),
            notifies,
            groups,
        }));
        self.watchers.apply(occasion, targets);
        self.effects
            .carry_out(now, &mut self.node, &self.ports, &self.runner);
        self.effects
            .finish_work(&mut self.node, &self.ports, &self.runner);
        routing::retain(&mut self.effects.entries, &self.node);
        self.configure_firewall();
        self.effects.holdings_changed = true;
    }

    /// The node gets what it is to be, and its sockets with it.
    fn specify(&mut self, now: Instant, mut spec: Spec) {
        self.say_what_waits();
        spec.node.number = self.node_number;
        self.node.handle_input(now, Input::Spec(Box::new(spec)));
        self.synchronize_ports();
    }

    /// `fifo_write_vrrp_states_on_reload`: what did not change is told as well.
    fn tell_states(&self, config: &Config) {
        if !config.global.fifos.states_on_reload {
            return;
        }
        for router in self.node.routers() {
            let event = match router.state() {
                State::Active => NotifyEvent::Master,
                State::Backup => NotifyEvent::Backup,
                State::Fault => NotifyEvent::Fault,
                State::Initialize | State::Leaving => continue,
            };
            self.runner.submit(Job::State {
                name: router.spec().name.clone(),
                event,
                priority: router.effective_priority(),
            });
        }
    }

    /// Whoever is removed is told so by its own scripts, which the new configuration does not know.
    fn keep_farewells(&mut self, notifies: &mut BTreeMap<String, Notifies>) {
        let before = std::mem::take(&mut self.notifies);
        let present: BTreeSet<&str> = self
            .node
            .routers()
            .map(|router| router.spec().name.as_str())
            .collect();
        for (name, scripts) in before {
            if present.contains(name.as_str()) {
                notifies.entry(name).or_insert(scripts);
            }
        }
        self.notifies.clone_from(notifies);
    }

    /// `vrrp_netlink_cmd_rcv_bufs` and `vrrp_netlink_monitor_rcv_bufs`.
    fn size_buffers(&mut self, config: &Config) {
        let wanted = config.global.netlink_buffers;
        let monitor = wanted
            .vrrp_monitor
            .bytes
            .map(|bytes| self.monitor.set_receive_buffer(bytes));
        let commands = wanted
            .vrrp_command
            .bytes
            .map(|bytes| self.effects.size_command_buffer(bytes));
        for result in [monitor, commands].into_iter().flatten() {
            if let Err(error) = result {
                self.logger.log(Level::Warning, error.to_string());
            }
        }
    }

    pub(super) fn promote_secondaries(&self, config: &Config) {
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

    /// Reads the configuration, and looks at users and scripts, on a thread of its own: a directory
    /// service or a file system that hangs does not hold up the loop.
    pub(super) fn reload(&mut self) {
        if self.stop_level > 0 {
            return;
        }
        if std::mem::replace(&mut self.reloading, true) {
            // The file may have been read before its last change.
            if !std::mem::replace(&mut self.reload_again, true) {
                let text = "Reload already in progress, request queued";
                self.logger.log(Level::Info, text.into());
            }
            return;
        }
        self.logger.log(Level::Info, "Reloading".into());
        self.report(&Report::Reloading);
        let options = self.options.clone();
        let number = self.readings;
        self.readings += 1;
        let files = self.reload_files();
        let own_links = self.own_links.names();
        let (done, waker) = (self.reloads.0.clone(), self.results.clone());
        let spawned = thread::Builder::new().name("reload".into()).spawn(move || {
            let marked = files.mark();
            let loaded = reading::read(&options);
            let copied = Copy::of(&loaded);
            let copied = copied.map_or(Ok(()), |copy| copy.save(parent_id(), number));
            let valid = files.is_valid(&loaded);
            let logged = files.write_check_log(&loaded, valid);
            let plan = lower::plan_beside(&loaded.config, &own_links);
            let complaints = [marked, copied, logged].into_iter().filter_map(Result::err);
            // The loop may have ended meanwhile.
            let _ = done.send(Box::new(Reloaded {
                complaints: complaints.collect(),
                valid,
                marker: files.marker,
                loaded,
                plan,
            }));
            waker.wake();
        });
        if let Err(error) = spawned {
            self.logger
                .log(Level::Error, format!("cannot reload: {error}"));
            self.reloading = false;
            self.reloaders
                .answer(&Err(format!("cannot reload: {error}")));
        }
    }

    /// A marker that says that a reload is in progress, although none is: a worker died with it, or ends with it.
    pub(super) fn forget_marker(&self) {
        if let Some(marker) = self.reload_files().marker {
            // Most often there is none.
            let _ = std::fs::remove_file(marker);
        }
    }

    /// What the configuration in force says about the files of a reload.
    fn reload_files(&self) -> ReloadFiles {
        let reload = &self.config.global.reload;
        let check_log = reload.check_log.as_ref().map(|log| log.value.clone());
        ReloadFiles {
            marker: match &reload.file {
                None => None,
                Some(ReloadFile::Default) => Some(self.reload_marker.clone()),
                Some(ReloadFile::Path(path)) => Some(path.clone()),
            },
            check: reload.check,
            check_log,
            mode: DUMP_MODE & !self.config.global.files.umask,
        }
    }

    /// What a process is born with a reload cannot change.
    fn warn_of_what_stays(&self, new: &Config) {
        let (old, new) = (&self.config.root, &new.root);
        let name = |given: &Option<Spanned<String>>| given.as_ref().map(|name| name.value.clone());
        for (keyword, stays) in [
            (
                "net_namespace",
                name(&old.net_namespace) == name(&new.net_namespace),
            ),
            ("instance", name(&old.instance) == name(&new.instance)),
            ("use_pid_dir", old.use_pid_dir == new.use_pid_dir),
        ] {
            if !stays {
                let text = format!("Cannot change {keyword} at a reload - please restart");
                self.logger.log(Level::Warning, text);
            }
        }
    }

    /// Why the new configuration cannot come into force.
    fn objection(&self, loaded: &Loaded, plan: &Plan, valid: bool) -> Option<String> {
        if !valid {
            let log = self.config.global.reload.check_log.as_ref();
            let log = log.map_or(Path::new("/dev/null"), |log| &log.value);
            let log = log.display();
            return Some(format!(
                "New config failed validation, see {log} for details; the old one stays in force"
            ));
        }
        let unusable = |why: &str| format!("{UNUSABLE}{why}");
        if let Some(refusal) = loaded.keepalived_refusal() {
            return Some(unusable(&refusal.diagnostic.message));
        }
        if !plan.refusals.is_empty() {
            return Some(unusable(&plan.refusals.join("; ")));
        }
        let refused = self.options.strict_config && loaded.has_errors();
        let text = "the new configuration has errors, the old one stays in force";
        refused.then(|| text.to_owned())
    }

    pub(super) fn finish_reload(&mut self, reloaded: Reloaded) {
        let Reloaded {
            loaded,
            plan,
            valid,
            marker,
            complaints,
        } = reloaded;
        self.reloading = false;
        for text in complaints {
            self.logger.log(Level::Warning, text);
        }
        if valid {
            for (level, text) in log_lines(&loaded) {
                self.logger.log(level, text);
            }
        }
        let result = match self.objection(&loaded, &plan, valid) {
            Some(text) => {
                self.refuse_reload(text.clone());
                Err(text)
            }
            None => {
                if loaded.has_errors() {
                    let text = "the new configuration has errors: as in keepalived those lines are \
                                ignored and the rest is in force (--strict-config keeps the old one)";
                    self.logger.log(Level::Warning, text.into());
                }
                self.warn_of_what_stays(&loaded.config);
                self.facts = Facts::of(&loaded);
                self.config = Arc::new(loaded.config);
                let config = Arc::clone(&self.config);
                self.apply(&config, plan, Occasion::Later);
                self.configure_control();
                self.tell_findings();
                self.tell_states(&config);
                self.logger.log(Level::Info, "Reload complete".into());
                Ok(self.reload_summary())
            }
        };
        if let Some(marker) = marker {
            self.clerk.submit(clerk::Job::Remove(marker));
        }
        self.report(&Report::Ready);
        self.reloaders.answer(&result);
        if std::mem::take(&mut self.reload_again) {
            self.logger
                .log(Level::Info, "Processing queued reload".into());
            self.reload();
        }
    }

    /// What is wrong with the file that has just come into force.
    fn tell_findings(&self) {
        let errors = u64::try_from(self.facts.errors.len()).unwrap_or(u64::MAX);
        let warnings = self.facts.findings.saturating_sub(errors);
        if self.facts.findings > 0 {
            self.chronicle
                .say(&Daemon::ReloadFindings { errors, warnings });
        }
    }

    fn refuse_reload(&self, text: String) {
        self.logger.log(Level::Error, text.clone());
        self.chronicle.say(&Daemon::ReloadRefused(text));
    }
}

/// Files of one reload.
struct ReloadFiles {
    marker: Option<PathBuf>,
    check: bool,
    check_log: Option<PathBuf>,
    /// Permission bits of the log.
    mode: u32,
}

/// Permissions of the marker, whatever the umask: others look at it.
const MARKER_MODE: u32 = 0o644;

impl ReloadFiles {
    fn mark(&self) -> Result<(), String> {
        let Some(path) = &self.marker else {
            return Ok(());
        };
        clerk::replace(path, "", MARKER_MODE)
            .map_err(|error| format!("reload_file {}: {error}", path.display()))
    }

    /// False where `keepalived -t` would complain, also of what it would run with.
    fn is_valid(&self, loaded: &Loaded) -> bool {
        !self.check || loaded.keepalived_test_exit() == 0
    }

    /// What is wrong is written down; an empty file says that nothing is.
    fn write_check_log(&self, loaded: &Loaded, valid: bool) -> Result<(), String> {
        let (true, Some(path)) = (self.check, &self.check_log) else {
            return Ok(());
        };
        let mut text = String::new();
        for (_, line) in log_lines(loaded).filter(|_| !valid) {
            text.push_str(&line);
            text.push('\n');
        }
        clerk::replace(path, &text, self.mode)
            .map_err(|error| format!("reload_check_config {}: {error}", path.display()))
    }
}

/// What the log says about a configuration: one line for each error and warning. Notes are for those who ask
/// (`standfast check`).
pub(crate) fn log_lines(loaded: &Loaded) -> impl Iterator<Item = (Level, String)> {
    let all = loaded.diagnostics.iter();
    all.filter_map(|diagnostic| log_line(loaded, diagnostic))
}

fn log_line(loaded: &Loaded, diagnostic: &Diagnostic) -> Option<(Level, String)> {
    let (level, word) = match diagnostic.severity {
        Severity::Error => (Level::Error, "error"),
        Severity::Warning => (Level::Warning, "warning"),
        Severity::Note => return None,
    };
    let place = match loaded.sources.locate(diagnostic.primary) {
        Some(place) => format!("{}:{}:{}: ", place.path.display(), place.line, place.column),
        None => String::new(),
    };
    let help = match &diagnostic.help {
        Some(help) => format!(" ({help})"),
        None => String::new(),
    };
    let text = format!("{place}{word}: {}{help}", diagnostic.message);
    Some((level, text))
}

#[cfg(test)]
mod tests {
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};

    use super::*;

    #[test]
    fn the_log_has_errors_and_warnings_and_no_notes() {
        let text = "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n prioity 100\n \
                    virtual_ipaddress {\n 10.0.0.1\n }\n}\n";
        let source = MemorySource::with("/k.conf", text);
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        let notes = |found: &&Diagnostic| found.severity == Severity::Note;
        assert!(loaded.diagnostics.iter().filter(notes).count() > 0);
        let lines: Vec<_> = log_lines(&loaded).collect();
        let [(Level::Warning, line)] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        assert!(
            line.starts_with("/k.conf:4:2: warning: `prioity`"),
            "{line}"
        );
    }
}
