//! Entries of the core's journal, and what the daemon has to say of itself, as records.
//!
//! The words of `kind` are a promise to programs: docs/events.md lists each, and a test compares that list with this file.

mod cause;
mod kind;

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use standfast_core::journal::{self, Entry, Event};
use standfast_core::router;
use standfast_core::spec::Tracked;

use crate::event::{Level, Record, Subject, SubjectKind};
use crate::status::State;

pub use cause::{CAUSES, cause};
pub use kind::KINDS;

/// The record of an entry; its number and its time (both 0) are set by whoever keeps it.
pub fn record(entry: &Entry) -> Record {
    let (state, why) = match &entry.event {
        Event::Entering { state, cause: why } => (Some(state_of(*state)), Some(cause(why))),
        _ => (None, None),
    };
    let (output, took_us) = match &entry.event {
        Event::CheckResult { output, took, .. } => (printed(output), took.map(|took| took.0)),
        Event::RepairDone { output, .. } => (printed(output), None),
        Event::Moved { took, .. } => (None, Some(took.0)),
        _ => (None, None),
    };
    let who = match &entry.event {
        Event::SwitchoverAsked { who }
        | Event::DrainBegan { who, .. }
        | Event::Resumed { who }
        | Event::CheckPaused { who, .. } => Some(who.clone()),
        Event::CheckResumed { who } => who.clone(),
        _ => None,
    };
    Record {
        seq: 0,
        at_us: 0,
        subject: subject(&entry.subject),
        level: entry.event.level().into(),
        kind: kind::kind(&entry.event).to_owned(),
        text: entry.to_string(),
        state,
        cause: why,
        output,
        took_us,
        peer: peer(&entry.event),
        who,
    }
}

/// The node that has the addresses after this, if that is another one; or that has asked for them, or given them up.
fn peer(event: &Event) -> Option<IpAddr> {
    match event {
        Event::Entering { cause, .. } => match cause {
            journal::Cause::Outranked { by, .. } | journal::Cause::Superseded { by } => Some(*by),
            journal::Cause::HandedTo(other) | journal::Cause::HandedOver(other) => Some(*other),
            journal::Cause::PeerSilent(other) => Some(*other),
            _ => None,
        },
        Event::Following { now: other, .. }
        | Event::HeardHigher { from: other, .. }
        | Event::SuccessorHeard { from: other, .. } => Some(*other),
        _ => None,
    }
}

fn printed(output: &str) -> Option<String> {
    let text = output.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn subject(subject: &journal::Subject) -> Subject {
    let (kind, name) = match subject {
        journal::Subject::Node => (SubjectKind::Node, ""),
        journal::Subject::Router(name) => (SubjectKind::Instance, name.as_str()),
        journal::Subject::Check(name) | journal::Subject::Probe(name) => {
            (SubjectKind::Check, name.as_str())
        }
        journal::Subject::Group(name) => (SubjectKind::Group, name.as_str()),
        journal::Subject::Tracked(
            Tracked::Check(name)
            | Tracked::Interface(name)
            | Tracked::File(name)
            | Tracked::Process(name)
            | Tracked::Bfd(name),
        ) => (SubjectKind::Tracked, name.as_str()),
    };
    let name = name.to_owned();
    Subject { kind, name }
}

/// A state in the words of operators.
pub fn state_of(state: router::State) -> State {
    match state {
        router::State::Initialize => State::Initialize,
        router::State::Backup => State::Backup,
        router::State::Active => State::Master,
        router::State::Fault => State::Fault,
        router::State::Leaving => State::Leaving,
    }
}

impl From<journal::Level> for Level {
    fn from(level: journal::Level) -> Self {
        match level {
            journal::Level::Detail => Level::Detail,
            journal::Level::Info => Level::Info,
            journal::Level::Warning => Level::Warning,
            journal::Level::Error => Level::Error,
        }
    }
}

/// Every word that the kind of a record of the daemon itself can be, with its meaning.
pub const OWN_KINDS: &[(&str, &str)] = &[
    ("started", "a run of the daemon begins; with its version"),
    ("stopped", "a run of the daemon has ended in good order"),
    (
        "ended-badly",
        "the run before this one was killed or crashed, or its host did",
    ),
    (
        "entries-lost",
        "entries came faster than the journal could take them",
    ),
    ("journal-cut", "the journal's end was torn and is cut off"),
    (
        "journal-damaged",
        "lines of the journal are damaged and are passed over",
    ),
    ("journal-memory-only", "the journal cannot be written"),
    ("journal-on-disk", "the journal can be written again"),
    (
        "reload-asked",
        "an operator has the configuration read again; with `who`",
    ),
    (
        "reload-refused",
        "a new configuration cannot be used, and the old one stays in force",
    ),
    (
        "reload-findings",
        "the configuration that a reload has put into force has errors or warnings",
    ),
    (
        "order-refused",
        "what an operator asks for is refused, and nothing was done; with `who`",
    ),
];

/// What the daemon has to say of itself, beside the core's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// A run begins: its version, and the process of its loop.
    Started {
        /// Version of Standfast.
        version: String,
        /// The process of the VRRP loop.
        pid: u32,
    },
    /// A run has ended in good order.
    Stopped,
    /// The run before this one was killed, has crashed, or its host did.
    EndedBadly,
    /// So many entries came faster than they could be taken.
    EntriesLost(u64),
    /// So many bytes at the end of the journal were torn or damaged, and are cut off.
    TailCut(u64),
    /// So many lines in the middle of the journal are damaged, and are passed over.
    LinesDamaged(u64),
    /// The journal is in memory only, and why.
    MemoryOnly(String),
    /// An operator has the configuration read again.
    ReloadAsked {
        /// Who.
        who: String,
    },
    /// A new configuration cannot be used, and the old one stays in force, in a sentence.
    ReloadRefused(String),
    /// What a reload has put into force is not in order.
    ReloadFindings {
        /// Lines with errors.
        errors: u64,
        /// Lines with warnings.
        warnings: u64,
    },
    /// What an operator asks for is refused; nothing was done.
    OrderRefused {
        /// Who asks.
        who: String,
        /// The command, as `drain`.
        what: &'static str,
        /// Why it is refused, in a sentence.
        why: String,
    },
    /// The journal is on disk again; so many records that were made meanwhile are not.
    OnDiskAgain(u64),
}

impl Daemon {
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Daemon::Started { .. } => "started",
            Daemon::Stopped => "stopped",
            Daemon::EndedBadly => "ended-badly",
            Daemon::EntriesLost(_) => "entries-lost",
            Daemon::TailCut(_) => "journal-cut",
            Daemon::LinesDamaged(_) => "journal-damaged",
            Daemon::MemoryOnly(_) => "journal-memory-only",
            Daemon::OnDiskAgain(_) => "journal-on-disk",
            Daemon::ReloadAsked { .. } => "reload-asked",
            Daemon::ReloadRefused(_) => "reload-refused",
            Daemon::ReloadFindings { .. } => "reload-findings",
            Daemon::OrderRefused { .. } => "order-refused",
        }
    }

    /// How much it matters.
    pub fn level(&self) -> Level {
        match self {
            Daemon::Started { .. }
            | Daemon::Stopped
            | Daemon::OnDiskAgain(_)
            | Daemon::OrderRefused { .. }
            | Daemon::ReloadAsked { .. } => Level::Info,
            Daemon::ReloadRefused(_) => Level::Error,
            Daemon::EndedBadly
            | Daemon::ReloadFindings { .. }
            | Daemon::EntriesLost(_)
            | Daemon::TailCut(_)
            | Daemon::LinesDamaged(_)
            | Daemon::MemoryOnly(_) => Level::Warning,
        }
    }

    /// Its record; number and time (both 0) are set by whoever keeps it.
    pub fn record(&self) -> Record {
        let who = match self {
            Daemon::ReloadAsked { who } | Daemon::OrderRefused { who, .. } => Some(who.clone()),
            _ => None,
        };
        Record {
            seq: 0,
            at_us: 0,
            subject: Subject {
                kind: SubjectKind::Node,
                name: String::new(),
            },
            level: self.level(),
            kind: self.kind().to_owned(),
            text: self.to_string(),
            state: None,
            cause: None,
            output: None,
            took_us: None,
            peer: None,
            who,
        }
    }
}

/// Letters of a refusal that its entry repeats.
const MAX_REASON: usize = 512;

/// `1 error`, `2 errors`.
struct Counted(u64, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Daemon::Started { version, pid } => {
                write!(f, "Standfast {version} started (process {pid})")
            }
            Daemon::Stopped => f.write_str("Standfast stopped"),
            Daemon::EndedBadly => f.write_str(
                "the process before this one did not end in good order: it was killed, has crashed, or \
                 the host lost power",
            ),
            Daemon::EntriesLost(count) => write!(
                f,
                "{count} entries were lost: they came faster than the journal could take them"
            ),
            Daemon::TailCut(bytes) => write!(
                f,
                "the end of the journal was torn: its last {bytes} bytes are cut off"
            ),
            Daemon::LinesDamaged(lines) => write!(
                f,
                "{lines} lines of the journal are damaged and are passed over"
            ),
            Daemon::MemoryOnly(why) => {
                write!(f, "the journal is kept in memory only: {why}")
            }
            Daemon::ReloadAsked { who } => write!(f, "reload asked for by {who}"),
            Daemon::ReloadRefused(why) => f.write_str(why),
            Daemon::ReloadFindings { errors, warnings } => write!(
                f,
                "the configuration in force has {} and {}: see standfast check",
                Counted(*errors, "error"),
                Counted(*warnings, "warning"),
            ),
            Daemon::OrderRefused { who, what, why } => {
                write!(f, "{what} asked for by {who} is refused: ")?;
                let mut letters = why.chars();
                letters
                    .by_ref()
                    .take(MAX_REASON)
                    .try_for_each(|letter| f.write_char(letter))?;
                match letters.next() {
                    Some(_) => f.write_str("..."),
                    None => Ok(()),
                }
            }
            Daemon::OnDiskAgain(0) => f.write_str("the journal is written to disk again"),
            Daemon::OnDiskAgain(missing) => write!(
                f,
                "the journal is written to disk again; {missing} records before this one are in memory \
                 only"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
