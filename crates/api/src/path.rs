//! Paths of the interface. What reads is GET; what changes is POST with a JSON body and needs root.

/// [`crate::status::Status`].
pub const STATUS: &str = "/v1/status";
/// [`crate::explain::Explanation`] of one instance: `/v1/explain/NAME`, percent-encoded.
pub const EXPLAIN: &str = "/v1/explain/";
/// [`crate::event::Page`] of the journal: `?since_us=`, `?after=SEQ`, `?limit=`, `?subject=`.
pub const EVENTS: &str = "/v1/events";
/// Server-sent events: `event: journal` with an [`crate::event::Record`] (`id:` is its number; `Last-Event-ID` goes on
/// there), `event: status` with a [`crate::status::Status`] when it has changed, at most four times a second.
pub const STREAM: &str = "/v1/stream";
/// [`crate::command::Answer`] to a [`crate::command::Command`].
pub const COMMAND: &str = "/v1/command";
/// The OpenAPI document.
pub const OPENAPI: &str = "/v1/openapi.json";
/// OpenMetrics.
pub const METRICS: &str = "/metrics";
/// The web page.
pub const PAGE: &str = "/";
