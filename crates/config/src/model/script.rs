//! Commands, the users they run as, and tracked check scripts.

use std::path::PathBuf;

use crate::source::ScriptState;
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// What a script keyword runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A program and its arguments; no shell unless the first word is one.
    Argv(Vec<String>),
    /// `script "</path"`: succeeds while the file can be opened for reading.
    FileReadable(PathBuf),
}

impl Command {
    /// The program's path or name; `None` for a file test or an empty command.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        match self {
            Self::Argv(argv) => argv.first().map(String::as_str),
            Self::FileReadable(_) => None,
        }
    }
}

/// The user and group a script runs as, by name or number, not looked up.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// User name or number.
    pub user: String,
    /// Group name or number; `None` for the user's own.
    pub group: Option<String>,
}

/// A command with the identity it runs under.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Script {
    /// What runs.
    pub command: Command,
    /// Who runs it; `None` for `script_user`.
    pub identity: Option<Identity>,
    /// The command in the text.
    #[serde(skip)]
    pub span: Span,
}

/// How much a tracked object changes the priority; 0 means that its failure is a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Weight {
    /// Added while up if positive, while down if negative; -253 to 253.
    pub value: i16,
    /// Up and down are swapped.
    pub reverse: bool,
}

/// Where a script's values stand; `None` where a default holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptGiven {
    /// `interval`.
    pub interval: Option<Span>,
    /// `timeout`.
    pub timeout: Option<Span>,
    /// `weight`: its number.
    pub weight: Option<Span>,
    /// `rise`.
    pub rise: Option<Span>,
    /// `fall`.
    pub fall: Option<Span>,
}

/// A `vrrp_script` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VrrpScript {
    /// The name instances track it by.
    pub name: Spanned<String>,
    /// What runs, and as whom.
    pub script: Script,
    /// Time between the starts of two runs.
    pub interval: Micros,
    /// A run that takes longer has failed; as long as the interval where unset.
    pub timeout: Micros,
    /// Its weight where the tracking line gives none.
    pub weight: Weight,
    /// Successes in a row that make it up, at least 1.
    pub rise: u32,
    /// Failures in a row that make it down, at least 1.
    pub fall: u32,
    /// It is taken as failed until it has succeeded `rise` times.
    pub init_fail: bool,
    /// Whether it can be run on this host; keepalived takes one that can't out of every priority.
    #[serde(skip)]
    pub state: ScriptState,
    /// Which values were given, and where.
    #[serde(skip)]
    pub given: ScriptGiven,
}
