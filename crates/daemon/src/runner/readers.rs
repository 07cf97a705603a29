//! Programs that read the notify FIFOs: started with them, anew with each reload, ended with the daemon.

use standfast_core::journal::Level;

use super::{KILL_AFTER, Purpose, SIGKILL, SIGTERM, Worker, now, tellers::command};
use crate::fifo::{FifoPlan, Kind};
use standfast_core::Micros;

/// Readers of a daemon that stops have this long to read what they were told last.
const LAST_WORDS: Micros = Micros::from_secs(1);

impl Worker {
    /// The FIFOs of a new configuration. Readers are started anew, as keepalived does: they may have read another
    /// configuration of their own.
    pub(super) fn configure_fifos(&mut self, plans: Vec<FifoPlan>) {
        for running in self.running.values_mut() {
            if let Purpose::Reader(_) = running.purpose {
                // It may have ended in this moment.
                let _ = running.child.kill_group(SIGTERM);
                running.deadline = Some((now() + KILL_AFTER, SIGKILL));
                running.reported = true;
            }
        }
        self.fifos.configure(plans);
        let readers: Vec<_> = self
            .fifos
            .readers()
            .filter_map(|(kind, program)| Some((kind, command(program, &[])?)))
            .collect();
        for (kind, command) in readers {
            if let Err(errno) = self.spawn(&command, Purpose::Reader(kind), None) {
                let text = format!("{} cannot be started: {errno}", kind.reader());
                self.logger.log(Level::Error, text);
            }
        }
    }

    /// The last event has been told: readers come to the end, and are ended if they do not care.
    pub(super) fn end_readers(&mut self) {
        self.fifos.close();
        for running in self.running.values_mut() {
            if matches!(running.purpose, Purpose::Reader(_)) && running.deadline.is_none() {
                running.deadline = Some((now() + LAST_WORDS, SIGTERM));
                running.reported = true;
            }
        }
    }

    pub(super) fn has_readers(&self) -> bool {
        let mut running = self.running.values();
        running.any(|running| matches!(running.purpose, Purpose::Reader(_)))
    }

    /// A reader that ends on its own is not started again before the next reload, as in keepalived.
    pub(super) fn reader_ended(&self, kind: Kind, asked: bool, outcome: &str, text: &str) {
        let level = if asked { Level::Detail } else { Level::Warning };
        let text = format!("{} terminated ({outcome}) {text}", kind.reader());
        self.logger.log(level, text);
    }
}
