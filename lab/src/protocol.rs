//! What the lab and the agent in a host say to each other: one JSON value a line, requests on the agent's standard
//! input, messages on its standard output.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The hidden subcommand that turns a program into an agent.
pub const AGENT_SUBCOMMAND: &str = "__lab-agent";

/// Where a host finds the programs it was given.
pub const PROGRAM_FOLDER: &str = "/run/lab/bin";

/// How a host wants its agent to prepare it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// Host name (UTS namespace).
    pub name: String,
    /// Whether the folders that programs write to become the host's own.
    pub private_folders: bool,
    /// Programs to show in [`PROGRAM_FOLDER`].
    pub programs: Vec<Program>,
}

/// A program of the machine, shown to a host under other names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The file on the machine.
    pub source: String,
    /// Its name in [`PROGRAM_FOLDER`].
    pub name: String,
    /// Names in /usr/sbin that become symbolic links to it, in this host only.
    pub system_names: Vec<String>,
}

/// A request and the number that its reply carries.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub number: u64,
    pub body: RequestBody,
}

/// What an agent can be asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum RequestBody {
    Spawn(SpawnRequest),
    /// Sends a signal to one process, or to every process of the host.
    Signal {
        pid: Option<i32>,
        signal: i32,
    },
    Write {
        path: String,
        text: String,
        mode: u32,
    },
    Read {
        path: String,
    },
}

/// A program to start.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SpawnRequest {
    pub argv: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub standard_input: Option<String>,
}

/// What an agent says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// The host is prepared.
    Ready,
    /// The host could not be prepared.
    Unready { doing: String, said: String },
    /// Answer to a request.
    Reply { number: u64, body: ReplyBody },
    /// A process printed something.
    Printed {
        pid: i32,
        stream: Stream,
        text: String,
    },
    /// A process, and all that inherited the stream from it, closed it.
    Closed { pid: i32, stream: Stream },
    /// A process ended.
    Exited { pid: i32, state: ExitState },
}

/// How a request ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ReplyBody {
    Done,
    Spawned { pid: i32 },
    Text { text: String },
    Failed { said: String },
}

/// Where a process printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitState {
    /// It returned this status.
    Code(i32),
    /// It was killed by the signal with this number.
    Signal(i32),
}

impl fmt::Display for ExitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "status {code}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}
