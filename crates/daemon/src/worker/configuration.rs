//! The configuration: applied at the start, replaced by a reload.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use standfast_config::{Config, Diagnostic, FileSource, LoadOptions, Loaded, Severity, load};
use standfast_core::Input;
use standfast_core::journal::Level;
use standfast_linux::clock::monotonic;
use standfast_linux::sysctl;

use super::{Worker, now};
use crate::environment::HostEnvironment;
use crate::lower::{self, Notifies, Plan};
use crate::message::Report;
use crate::options::Options;
use crate::runner::{Job, Programs};

/// What the thread of a reload found.
pub(super) struct Reloaded {
    loaded: Loaded,
    plan: Plan,
}

impl Worker {
    pub(super) fn apply(&mut self, config: &Config, plan: Plan) {
        for complaint in &plan.complaints {
            self.logger.log(Level::Error, complaint.clone());
        }
        self.effects.pacing.configure(config);
        self.effects.log_unknown_vrids = config.global.log_unknown_vrids;
        self.promote_secondaries(config);
        let Plan {
            spec,
            checks,
            mut notifies,
            ..
        } = plan;
        self.keep_farewells(&mut notifies);
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
        let (paths, options) = (self.options.config.clone(), load_options(&self.options));
        let (done, waker) = (self.reloads.0.clone(), self.results.clone());
        let spawned = thread::Builder::new().name("reload".into()).spawn(move || {
            let loaded = load(&paths, &FileSource, &HostEnvironment::default(), &options);
            let plan = lower::plan(&loaded.config);
            // The loop may have ended meanwhile.
            let _ = done.send(Box::new(Reloaded { loaded, plan }));
            waker.wake();
        });
        if let Err(error) = spawned {
            self.logger
                .log(Level::Error, format!("cannot reload: {error}"));
            self.reloading = false;
        }
    }

    pub(super) fn finish_reload(&mut self, reloaded: Reloaded) {
        let Reloaded { loaded, plan } = reloaded;
        self.reloading = false;
        for (level, text) in log_lines(&loaded) {
            self.logger.log(level, text);
        }
        let refused = self.options.strict_config && loaded.has_errors();
        if let Some(refusal) = loaded.keepalived_refusal() {
            let text = format!(
                "the new configuration cannot be used, the old one stays in force: {}",
                refusal.diagnostic.message
            );
            self.logger.log(Level::Error, text);
        } else if !plan.refusals.is_empty() {
            let why = plan.refusals.join("; ");
            let text =
                format!("the new configuration cannot be used, the old one stays in force: {why}");
            self.logger.log(Level::Error, text);
        } else if refused {
            let text = "the new configuration has errors, the old one stays in force";
            self.logger.log(Level::Error, text.into());
        } else {
            if loaded.has_errors() {
                let text = "the new configuration has errors: as in keepalived those lines are \
                            ignored and the rest is in force (--strict-config keeps the old one)";
                self.logger.log(Level::Warning, text.into());
            }
            self.config = Arc::new(loaded.config);
            let config = Arc::clone(&self.config);
            self.apply(&config, plan);
            self.logger.log(Level::Info, "Reload complete".into());
        }
        self.report(&Report::Ready);
        if std::mem::take(&mut self.reload_again) {
            self.logger
                .log(Level::Info, "Processing queued reload".into());
            self.reload();
        }
    }
}

pub(crate) fn load_options(options: &Options) -> LoadOptions {
    LoadOptions {
        config_id: options.config_id.clone(),
        random_seed: monotonic().0,
        ..LoadOptions::default()
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
    use standfast_config::{MemorySource, NoEnvironment};

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
