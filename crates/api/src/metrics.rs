//! A [`Status`] in OpenMetrics text, for Prometheus and everything that reads its format.
//!
//! - [`render`] is all there is to call: a status in, the body of an answer to `GET /metrics` out.
//! - `keepalived`: the names and labels of the exporter that is widely used with keepalived, so that its dashboards and
//!   alerts go on working.
//! - `node`, `instances`, `checks`: ours, `standfast_…`. All times and durations are seconds.
//!
//! How many series there are is bounded: names of instances and checks come from the configuration, reasons and causes
//! are words of ours, peers are the bounded table of the peer channel. Nothing that a packet can make up freely becomes a
//! label; strangers are counted by interface and virtual router identifier.

mod checks;
mod families;
mod instances;
mod keepalived;
mod node;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::status::Status;
use families::Families;

/// Media type of what [`render`] returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the daemon knows of itself beyond the [`Status`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// Requests that were answered, by the path's pattern (`/v1/explain/`, never with a name that a client made up).
    pub requests: BTreeMap<&'static str, u64>,
    /// Requests and connections that were refused, by reason: `forbidden`, `too-many`, `too-large`, `slow` and so on.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Clients that follow the stream at the moment.
    pub followers: u64,
    /// The journal on disk.
    pub journal: Journal,
}

/// The journal on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Entries that it holds.
    pub entries: u64,
    /// Bytes that it occupies.
    pub bytes: u64,
    /// Entries that never reached it, or did not survive: a full disk, a power cut.
    pub lost: u64,
}

/// About how long the text is without instances and with each of them: room that is made beforehand, no bound.
const BYTES: usize = 16_384;
/// See [`BYTES`].
const BYTES_OF_INSTANCE: usize = 4_096;

/// The status as OpenMetrics text, with its `# EOF` line.
#[must_use]
pub fn render(status: &Status, extra: &Extra) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Picture {
        status: Arc::new(status.clone()),
        extra: extra.clone(),
    }));
    let expected = BYTES + status.instances.len() * BYTES_OF_INSTANCE;
    let mut text = String::with_capacity(expected);
    match encode(&mut text, &registry) {
        Ok(()) => text,
        // A String takes everything that is written to it.
        Err(fmt::Error) => "# EOF\n".to_owned(),
    }
}

/// What is rendered; a collector has to own it.
#[derive(Debug)]
struct Picture {
    status: Arc<Status>,
    extra: Extra,
}

impl Collector for Picture {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut families = Families::new(encoder);
        keepalived::write(&mut families, &self.status)?;
        node::write(&mut families, &self.status, &self.extra)?;
        instances::write(&mut families, &self.status)?;
        checks::write(&mut families, &self.status)
    }
}
