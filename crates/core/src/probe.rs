//! Why a built-in check found its service wanting (docs/checks.md).

use core::fmt;

use crate::input::Errno;

/// What a `vrrp_check` found. What it expected stands in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeFailure {
    /// No process of that name runs.
    NotRunning,
    /// There is no connection.
    NotConnected(Errno),
    /// The connection broke before the answer was whole.
    Broken(Errno),
    /// The other side closed before the answer was whole.
    Closed,
    /// The answer is no HTTP, or its head is longer than what is read of it.
    NotHttp,
    /// The answer has another status than those that are wanted.
    Status(u16),
    /// The text that is wanted does not stand in what is read of the answer.
    TextMissing,
}

impl fmt::Display for ProbeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProbeFailure::NotRunning => f.write_str("no such process runs"),
            ProbeFailure::NotConnected(Errno::ECONNREFUSED) => {
                f.write_str("connection refused: nobody listens there")
            }
            ProbeFailure::NotConnected(errno) => write!(f, "no connection: {errno}"),
            ProbeFailure::Broken(errno) => write!(f, "the connection broke: {errno}"),
            ProbeFailure::Closed => f.write_str("closed before the answer was whole"),
            ProbeFailure::NotHttp => f.write_str("the answer is no HTTP"),
            ProbeFailure::Status(status) => write!(f, "HTTP status {status}"),
            ProbeFailure::TextMissing => f.write_str("the answer lacks the text"),
        }
    }
}
