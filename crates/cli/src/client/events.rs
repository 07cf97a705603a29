//! Server-sent events (WHATWG HTML, "Server-sent events"), as the daemon's stream sends them.

use std::path::PathBuf;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::Incoming;
use tokio::runtime::Runtime;

use super::{ClientError, within};

/// Silence after which the daemon is gone: it sends a sign of life every 15 s.
const LONGEST_SILENCE: Duration = Duration::from_secs(45);
/// Longest event: a whole status.
const LONGEST_EVENT: usize = 64 << 20;

/// One event of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerEvent {
    /// What it is: `journal`, `status`, `gap`.
    pub(crate) kind: String,
    /// Number of the entry, of `journal`.
    pub(crate) id: Option<u64>,
    /// Its JSON.
    pub(crate) data: String,
}

/// The events of a stream, one after the other; it waits for each. After an error it has ended.
pub(crate) struct Events {
    socket: PathBuf,
    runtime: Runtime,
    response: Response<Incoming>,
    lines: Lines,
    ended: bool,
}

impl Events {
    pub(super) fn new(socket: PathBuf, runtime: Runtime, response: Response<Incoming>) -> Self {
        Self {
            socket,
            runtime,
            response,
            lines: Lines::default(),
            ended: false,
        }
    }

    fn step(&mut self) -> Result<ServerEvent, ClientError> {
        loop {
            if let Some(event) = self.lines.event() {
                return Ok(event);
            }
            if self.lines.waiting() > LONGEST_EVENT {
                return Err(ClientError::TooLong(LONGEST_EVENT));
            }
            let body = self.response.body_mut();
            let socket = &self.socket;
            let frame = async {
                match body.frame().await {
                    Some(Ok(frame)) => Ok(frame),
                    Some(Err(error)) => Err(ClientError::Broken(socket.clone(), error)),
                    None => Err(ClientError::Ended),
                }
            };
            let frame = self
                .runtime
                .block_on(within(socket, LONGEST_SILENCE, frame))?;
            if let Some(bytes) = frame.data_ref() {
                self.lines.push(bytes);
            }
        }
    }
}

impl Iterator for Events {
    type Item = Result<ServerEvent, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let event = self.step();
        self.ended = event.is_err();
        Some(event)
    }
}

/// Bytes that become lines, and lines that become events.
#[derive(Default)]
pub(super) struct Lines {
    /// What has come and is no whole line.
    bytes: Vec<u8>,
    /// How much of that was looked through.
    seen: usize,
    /// The event whose end has not come.
    event: ServerEvent,
    /// Whole events.
    ready: std::collections::VecDeque<ServerEvent>,
}

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        while let Some(found) = self
            .bytes
            .get(self.seen..)
            .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
        {
            let rest = self.bytes.split_off(self.seen + found + 1);
            let line = std::mem::replace(&mut self.bytes, rest);
            self.seen = 0;
            self.line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        }
        self.seen = self.bytes.len();
    }

    pub(super) fn event(&mut self) -> Option<ServerEvent> {
        self.ready.pop_front()
    }

    /// Bytes that are kept for an event whose end has not come.
    fn waiting(&self) -> usize {
        self.bytes.len() + self.event.data.len()
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            // A comment's empty line ends nothing.
            if event != ServerEvent::default() {
                self.ready.push_back(event);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.kind),
            "id" => self.event.id = value.parse().ok(),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // Comments have an empty one; others are for later versions.
            _ => {}
        }
    }
}
