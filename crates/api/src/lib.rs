//! What Standfast tells, and what it is told: one versioned interface for the command line, `curl`, monitoring and the web page.
//!
//! - [`status`]: everything that is to be seen at one moment, and [`observe`], which makes it from a node.
//! - [`event`]: what happened, as it stands in the journal on disk and in the stream; [`record`] makes it from the core's entries.
//! - [`line`]: how a record stands in the journal's files.
//! - [`command`]: what operators ask for, and the answers.
//! - [`explain`]: why an instance is what it is, in sentences.
//! - [`metrics`]: a status in OpenMetrics text, for Prometheus.
//! - [`path`]: where each of them is found over HTTP; [`openapi`], the whole as a document.
//!
//! No sockets, no clock, no files: whoever has a value of these types may be the daemon, a client or a test. Times are
//! microseconds since 1970 (`_us`), durations too unless their name has another unit. In version 1 members are added, never
//! renamed or removed; whoever reads must pass over what it does not know.

pub mod command;
pub mod event;
pub mod explain;
pub mod line;
pub mod metrics;
pub mod observe;
pub mod openapi;
pub mod path;
pub mod record;
pub mod status;

/// Version of the interface, as it stands in every path.
pub const VERSION: &str = "v1";
