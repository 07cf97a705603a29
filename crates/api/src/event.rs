//! What happened, as it stands in the journal on disk and in the stream.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status::State;

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Its number: one more than that of the entry before, also across restarts.
    pub seq: u64,
    /// When, in microseconds since 1970.
    pub at_us: u64,
    /// What it is about.
    pub subject: Subject,
    /// How much it matters.
    pub level: Level,
    /// What happened, as one word for programs: `entering`, `priority`, `check-result`, `switchover` and so on.
    pub kind: String,
    /// The same as a sentence, as in the log.
    pub text: String,
    /// The state that was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What a check or a repair printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// How long that took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
    /// The other node that it is about: who is followed now, who outranks this node, who took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// Who asked for it, of what an operator has asked for: `root (uid 0, pid 812, standfast)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Which kind of thing.
    pub kind: SubjectKind,
    /// Its name; empty for the node.
    pub name: String,
}

/// Which kind of thing an entry is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// The whole node.
    Node,
    /// A `vrrp_instance`.
    Instance,
    /// A `vrrp_script` or `vrrp_check`.
    Check,
    /// A `vrrp_sync_group`.
    Group,
    /// A tracked file, process or BFD session.
    Tracked,
}

/// How much an entry matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For whoever looks closely.
    Detail,
    /// What an operator wants to read.
    Info,
    /// Works, but somebody should look.
    Warning,
    /// Does not work.
    Error,
}

/// Why a state was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// One word for programs, and the label of transition counters: `started`, `silence`, `resigned`, `outranked`, `fault`,
    /// `handed-over`, `handed-to`, `switchover`, `drain` and so on.
    pub kind: String,
    /// The same as a sentence.
    pub text: String,
}

/// A part of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// Oldest first.
    pub records: Vec<Record>,
    /// The number of the oldest entry that is kept; what came before it is forgotten.
    pub oldest: u64,
    /// There is more after these: ask again with `after` the last one's number.
    pub more: bool,
}

/// Which part of the journal is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// After the entry with this number. A number that is yet to come (the journal of a lost disk had it) means: all of this run.
    pub after: Option<u64>,
    /// Not before this time, in microseconds since 1970.
    pub since_us: Option<u64>,
    /// At most so many: the oldest ones that are meant, or, with neither `after` nor `since_us`, the newest ones.
    pub limit: usize,
    /// About the instance, check, group or object of this name.
    pub subject: Option<String>,
    /// Which matter at least so much.
    pub level: Option<Level>,
}

impl Query {
    /// The newest entries, at most so many.
    pub fn newest(limit: usize) -> Self {
        Query {
            after: None,
            since_us: None,
            limit,
            subject: None,
            level: None,
        }
    }

    /// Those after a number, at most so many.
    pub fn after(number: u64, limit: usize) -> Self {
        Query {
            after: Some(number),
            ..Query::newest(limit)
        }
    }

    /// The newest ones are asked for, and not those after something.
    pub fn is_newest(&self) -> bool {
        self.after.is_none() && self.since_us.is_none()
    }

    /// Whether an entry is meant, whatever the limit.
    pub fn matches(&self, record: &Record) -> bool {
        let subject = self.subject.as_deref();
        self.after.is_none_or(|after| record.seq > after)
            && self.since_us.is_none_or(|since| record.at_us >= since)
            && self.level.is_none_or(|level| record.level >= level)
            && subject.is_none_or(|name| record.subject.name == name)
    }
}
