//! Checks of the node: when they run, and what is made of what comes back.

use alloc::string::String;
use alloc::vec::Vec;

use super::Node;
use crate::check::{Check, CheckState, Finished, Start, Then};
use crate::input::{CheckId, CheckOutcome, Output};
use crate::journal::{Event, Subject};
use crate::spec::{CheckKind, CheckSpec, Tracked};
use crate::time::Instant;

/// Whom the journal's entries about a check are about.
pub(crate) fn subject(spec: &CheckSpec) -> Subject {
    match spec.kind {
        CheckKind::Script => Subject::Check(spec.name.clone()),
        CheckKind::Request | CheckKind::Process => Subject::Probe(spec.name.clone()),
    }
}

impl Node {
    /// Starts what is due.
    pub(super) fn wake_checks(&mut self, now: Instant) {
        let due: Vec<CheckId> = self
            .checks
            .values()
            .filter(|check| check.next_run().is_some_and(|due| due <= now))
            .map(|check| check.id)
            .collect();
        for id in due {
            let Some(check) = self.checks.get_mut(&id) else {
                continue;
            };
            match check.start(now) {
                Start::NotDue => {}
                Start::Run => self.outputs.push_back(Output::RunCheck(id)),
                Start::StillRunning => {
                    let subject = subject(&check.spec);
                    self.event(now, subject, Event::CheckOverran);
                }
                Start::Known(outcome) => self.check_done(now, id, outcome, String::new()),
            }
        }
    }

    /// Somebody has looked at a tracked object, or at the processes of a check.
    pub(super) fn observed(&mut self, now: Instant, object: &Tracked, seen: i32) {
        if let Tracked::Check(name) = object {
            return self.processes_told(now, name, seen);
        }
        if let Some((subject, event)) = self.trackers.observe(now, object, seen) {
            self.event(now, subject, event);
            self.evaluate(now);
        }
    }

    fn processes_told(&mut self, now: Instant, name: &str, seen: i32) {
        let is_it = |check: &&mut Check| {
            check.spec.name == name
                && check.spec.kind == CheckKind::Process
                && check.state != CheckState::Unusable
        };
        if let Some(check) = self.checks.values_mut().find(is_it) {
            let (id, outcome) = (check.id, check.tell(seen));
            self.check_done(now, id, outcome, String::new());
        }
    }

    pub(super) fn check_done(
        &mut self,
        now: Instant,
        id: CheckId,
        outcome: CheckOutcome,
        mut output: String,
    ) {
        let Some(check) = self.checks.get_mut(&id) else {
            return;
        };
        let Finished {
            took,
            news,
            changed,
            then,
        } = check.finish(now, outcome);
        let (subject, up) = (subject(&check.spec), check.state == CheckState::Up);
        let (attempt, attempts) = check.attempt();
        check.note_output(if news {
            output.clone()
        } else {
            core::mem::take(&mut output)
        });
        if news {
            let event = Event::CheckResult {
                outcome,
                output,
                took,
            };
            self.event(now, subject.clone(), event);
        }
        match then {
            Then::Nothing => {}
            Then::Repair => {
                let event = Event::Repairing { attempt, attempts };
                self.event(now, subject.clone(), event);
                self.outputs.push_back(Output::Repair(id));
            }
            Then::Repaired => self.event(now, subject.clone(), Event::Repaired),
        }
        if changed {
            self.event(now, subject, Event::CheckIs { up });
            self.evaluate(now);
        }
    }

    pub(super) fn repair_done(
        &mut self,
        now: Instant,
        id: CheckId,
        outcome: CheckOutcome,
        output: String,
    ) {
        if let Some(check) = self.checks.get_mut(&id)
            && check.repair_done(now, outcome)
        {
            let subject = subject(&check.spec);
            self.event(now, subject, Event::RepairDone { outcome, output });
        }
    }
}
