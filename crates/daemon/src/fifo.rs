//! Notify FIFOs (keepalived.conf(5): `notify_fifo`, `vrrp_notify_fifo`): every event is one line for whoever listens.
//!
//! ```text
//!   INSTANCE "VI_1" MASTER 100
//!   GROUP "G1" MASTER 0
//! ```
//!
//! A FIFO that nobody reads holds what its pipe takes; the events after that are counted and lost.

use std::path::PathBuf;

use standfast_core::input::NotifyEvent;
use standfast_core::journal::Level;
use standfast_linux::fifo::{Fifo, Written};
use standfast_wire::vrrp::Priority;

use crate::log::Logger;
use crate::lower::Program;

/// Whom an event is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A virtual router.
    #[default]
    Instance,
    /// A sync group; it has no priority.
    Group,
}

impl Subject {
    /// The word of FIFO lines and of generic notify scripts.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Subject::Instance => "INSTANCE",
            Subject::Group => "GROUP",
        }
    }
}

/// Which of the FIFOs of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `notify_fifo`
    All,
    /// `vrrp_notify_fifo`
    Vrrp,
}

impl Kind {
    /// What keepalived calls its reader in the log.
    pub(crate) const fn reader(self) -> &'static str {
        match self {
            Kind::All => "notify fifo script",
            Kind::Vrrp => "vrrp notify fifo script",
        }
    }
}

/// A FIFO that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FifoPlan {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
    /// User and group.
    pub(crate) owner: (u32, u32),
    /// Permission bits.
    pub(crate) mode: u32,
    /// The program that reads it, with the path as its last word.
    pub(crate) reader: Option<Program>,
}

impl FifoPlan {
    fn same_pipe(&self, other: &FifoPlan) -> bool {
        (&self.path, self.owner, self.mode) == (&other.path, other.owner, other.mode)
    }
}

struct Open {
    plan: FifoPlan,
    fifo: Fifo,
    /// Events that found no room since the last one that did.
    lost: u64,
}

/// The FIFOs that are open.
pub(crate) struct Fifos {
    open: Vec<Open>,
    logger: Logger,
}

impl Fifos {
    pub(crate) fn new(logger: Logger) -> Self {
        Fifos {
            open: Vec::new(),
            logger,
        }
    }

    /// Opens what is new, keeps what stays, closes and removes what is not wanted any more.
    pub(crate) fn configure(&mut self, plans: Vec<FifoPlan>) {
        let mut before = std::mem::take(&mut self.open);
        let mut fresh = Vec::new();
        for plan in plans {
            let kept = before.iter().position(|open| open.plan.same_pipe(&plan));
            match kept.map(|position| before.swap_remove(position)) {
                Some(open) => self.open.push(Open { plan, ..open }),
                None => fresh.push(plan),
            }
        }
        // One with another owner has the same path: its predecessor goes first, or would take the new one's name away.
        before.into_iter().for_each(|open| open.fifo.close());
        fresh.into_iter().for_each(|plan| self.open_new(plan));
    }

    fn open_new(&mut self, plan: FifoPlan) {
        match Fifo::open(&plan.path, plan.owner, plan.mode) {
            Ok(fifo) => self.open.push(Open {
                plan,
                fifo,
                lost: 0,
            }),
            Err(error) => {
                let text = format!("Unable to open notify fifo: {error}; its events are lost");
                self.logger.log(Level::Error, text);
            }
        }
    }

    /// The FIFOs that have a reader to be started.
    pub(crate) fn readers(&self) -> impl Iterator<Item = (Kind, &Program)> {
        let plans = self.open.iter().map(|open| &open.plan);
        plans.filter_map(|plan| Some((plan.kind, plan.reader.as_ref()?)))
    }

    /// Tells every FIFO, without waiting for any.
    pub(crate) fn tell(
        &mut self,
        subject: Subject,
        name: &str,
        event: NotifyEvent,
        priority: Priority,
    ) {
        let line = line(subject, name, event, priority);
        for open in &mut self.open {
            open.tell(&line, &self.logger);
        }
    }

    /// Readers come to the end of what was told.
    pub(crate) fn close(&mut self) {
        for open in self.open.drain(..) {
            open.fifo.close();
        }
    }
}

impl Open {
    fn tell(&mut self, line: &str, logger: &Logger) {
        let path = self.fifo.path().display().to_string();
        match self.fifo.write(line.as_bytes()) {
            Ok(Written::Whole) => {
                let lost = std::mem::take(&mut self.lost);
                if lost > 0 {
                    let text = format!("{path} is read again: {lost} events were lost");
                    logger.log(Level::Warning, text);
                }
            }
            Ok(Written::NoRoom) => self.lose(logger, &format!("{path} is full: nobody reads it")),
            Err(error) => self.lose(logger, &error.to_string()),
        }
    }

    fn lose(&mut self, logger: &Logger, why: &str) {
        self.lost += 1;
        if self.lost == 1 {
            let text = format!("{why}; events are lost from now on");
            logger.log(Level::Warning, text);
        }
    }
}

/// The word of a FIFO line for an event.
const fn word(event: NotifyEvent) -> &'static str {
    match event {
        NotifyEvent::Master => "MASTER",
        NotifyEvent::Backup => "BACKUP",
        NotifyEvent::Fault => "FAULT",
        NotifyEvent::Stop => "STOP",
        NotifyEvent::Deleted => "DELETED",
        NotifyEvent::MasterRxLowerPri => "MASTER_RX_LOWER_PRI",
        NotifyEvent::MasterPriority => "MASTER_PRIORITY",
        NotifyEvent::BackupPriority => "BACKUP_PRIORITY",
    }
}

fn line(subject: Subject, name: &str, event: NotifyEvent, priority: Priority) -> String {
    let priority = match subject {
        Subject::Instance => priority.0,
        Subject::Group => 0,
    };
    format!("{} \"{name}\" {} {priority}\n", subject.word(), word(event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifo_with_other_permissions_is_there_after_a_reload() {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        let name = format!("standfast-again-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut fifos =
            Fifos::new(Logger::start(crate::options::LogTarget::SILENT, "test").unwrap());
        let own = crate::environment::own_identity();
        let plan = |mode| FifoPlan {
            kind: Kind::Vrrp,
            path: path.clone(),
            owner: (own.uid, own.gid),
            mode,
            reader: None,
        };
        fifos.configure(vec![plan(0o600)]);
        fifos.configure(vec![plan(0o640)]);
        let found = std::fs::symlink_metadata(&path);
        fifos.close();
        let found = found.unwrap();
        assert!(found.file_type().is_fifo());
        assert_eq!(found.mode() & 0o777, 0o640);
        assert!(!path.exists());
    }

    #[test]
    fn lines_are_keepaliveds_byte_for_byte() {
        let instance = |event| line(Subject::Instance, "VI_1", event, Priority(100));
        for (event, expected) in [
            (NotifyEvent::Master, "INSTANCE \"VI_1\" MASTER 100\n"),
            (NotifyEvent::Backup, "INSTANCE \"VI_1\" BACKUP 100\n"),
            (NotifyEvent::Fault, "INSTANCE \"VI_1\" FAULT 100\n"),
            (NotifyEvent::Stop, "INSTANCE \"VI_1\" STOP 100\n"),
            (NotifyEvent::Deleted, "INSTANCE \"VI_1\" DELETED 100\n"),
            (
                NotifyEvent::MasterRxLowerPri,
                "INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI 100\n",
            ),
            (
                NotifyEvent::MasterPriority,
                "INSTANCE \"VI_1\" MASTER_PRIORITY 100\n",
            ),
            (
                NotifyEvent::BackupPriority,
                "INSTANCE \"VI_1\" BACKUP_PRIORITY 100\n",
            ),
        ] {
            assert_eq!(instance(event), expected);
        }
        let group = line(Subject::Group, "G 1", NotifyEvent::Master, Priority(100));
        assert_eq!(group, "GROUP \"G 1\" MASTER 0\n");
    }
}
