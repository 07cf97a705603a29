//! Built-in checks of the local service.

use std::net::SocketAddr;

use super::script::{Script, ScriptGiven, Weight};
use super::service::StatusCodes;
use crate::span::Spanned;
use crate::units::Micros;

/// A `vrrp_check` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VrrpCheck {
    /// The name instances track it by; no script has it.
    pub name: Spanned<String>,
    /// What is looked at.
    pub probe: Probe,
    /// Time between two requests.
    pub interval: Micros,
    /// A request that takes longer has failed; as long as the interval where unset.
    pub timeout: Micros,
    /// Its weight where the tracking line gives none.
    pub weight: Weight,
    /// Successes in a row that make it up, at least 1.
    pub rise: u32,
    /// Failures in a row that make it down, at least 1.
    pub fall: u32,
    /// It is taken as failed until it has succeeded `rise` times.
    pub init_fail: bool,
    /// What is tried before a failure counts.
    pub repair: Option<Repair>,
    /// Which values were given, and where.
    #[serde(skip)]
    pub given: ScriptGiven,
}

/// What a check looks at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// `process`: whether one runs.
    Process(ProcessProbe),
    /// `tcp`: whether that address takes a connection.
    Tcp(SocketAddr),
    /// `http`: what is answered to a request.
    Http(HttpProbe),
}

/// Which processes are meant.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProcessProbe {
    /// The name that the kernel keeps of it (at most 15 bytes), or the command line's first word.
    pub program: String,
    /// The parameters that the command line has, all of them; `None` where any will do.
    pub parameters: Option<Vec<String>>,
}

impl ProcessProbe {
    /// Bytes of a process's name that the kernel keeps.
    const NAME_BYTES: usize = 15;

    /// Whether the program is compared with the command line's first word, and not with the kernel's name: where that
    /// could never be the same.
    #[must_use]
    pub fn full_command(&self) -> bool {
        self.program.contains('/') || self.program.len() > Self::NAME_BYTES
    }
}

/// A request by HTTP/1.1 and what must be true of the answer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HttpProbe {
    /// The URL as it was written.
    pub url: Spanned<String>,
    /// Where the connection goes.
    pub address: SocketAddr,
    /// The path, with the query if there is one; begins with `/`.
    pub target: String,
    /// The `Host` header: `host`, or the URL's own address.
    pub host: String,
    /// `status`.
    pub status: StatusCodes,
    /// `contains`.
    pub contains: Option<String>,
}

/// `repair`: a command that may put the service right.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Repair {
    /// What runs, and as whom.
    pub script: Script,
    /// How often, at least once.
    pub attempts: u32,
    /// From its end to the next look.
    pub wait: Micros,
    /// Its longest run.
    pub timeout: Micros,
}
