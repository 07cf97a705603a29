//! What operators ask for, and the answers.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Command {
    /// Another node becomes master, without a gap where it can be; answered when it is, or when it cannot be.
    Switchover {
        /// What is moved.
        target: Target,
        /// To which node, by its name or address; none: to the best one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// This node gives up everything and takes nothing back until [`Command::Resume`]; it stays the last resort.
    Drain {
        /// For so many seconds; none: until it is told to resume.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_s: Option<u64>,
        /// Not even as the last resort.
        #[serde(default)]
        hard: bool,
    },
    /// Ends a drain, and what a switchover has left of reserve towards the successor.
    Resume,
    /// A check is not run and keeps its last result.
    Pause {
        /// Its name.
        check: String,
        /// For so many seconds; none: until [`Command::Unpause`], a reload that changes it, or a restart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_s: Option<u64>,
    },
    /// Ends a pause.
    Unpause {
        /// The check's name.
        check: String,
    },
    /// Reads the configuration again.
    Reload {
        /// Only says what it would do.
        #[serde(default)]
        plan: bool,
    },
}

impl Command {
    /// Its word, as operators type it.
    pub fn word(&self) -> &'static str {
        match self {
            Command::Switchover { .. } => "switchover",
            Command::Drain { .. } => "drain",
            Command::Resume => "resume",
            Command::Pause { .. } => "pause",
            Command::Unpause { .. } => "unpause",
            Command::Reload { .. } => "reload",
        }
    }
}

/// What a switchover moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Everything that this node is master of.
    All,
    /// One instance (with its sync group), or a sync group, by its name.
    Named(String),
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Answer {
    /// It is done.
    Done {
        /// In a sentence.
        text: String,
        /// Instances that moved, or did not.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        moves: Vec<Move>,
        /// What a reload changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Plan>,
    },
    /// It is not done, and nothing was changed by it.
    Refused {
        /// Why, and what can be done about it.
        text: String,
        /// For each instance, where there are several.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<String>,
    },
}

/// How one instance moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Move {
    /// Which.
    pub instance: String,
    /// To whom; none: nobody has taken it, and this node serves on.
    pub to: Option<IpAddr>,
    /// That node's name, where it speaks the peer channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From the request until the successor was heard.
    pub took_us: u64,
    /// From when this node stopped answering for the first address until the successor announced it, by the packet's time
    /// stamp; negative: so long both answered. None where no announcement was heard.
    pub gap_us: Option<i64>,
    /// Why nobody was asked to take it; none where somebody was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unasked: Option<String>,
}

/// What a reload changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// What differs, one line each; with what it had and will have.
    pub changes: Vec<Change>,
    /// What happens at once, in order, as sentences: addresses that are added or removed, states that change.
    pub effects: Vec<String>,
    /// An instance that serves stops serving, or an address of one is removed.
    pub interrupts: bool,
    /// Problems of the new configuration, as `check` prints them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Why the new configuration looks like a slip, each with its place: errors that the one in force does not have, instances
    /// that vanish or lose every address though their blocks are there. `standfast reload` asks for `--force` where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Of what: `instance VI_1`, `check chk_nginx`.
    pub subject: String,
    /// `added`, `removed`, or the keyword.
    pub what: String,
    /// Before, if it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After, if it will be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
