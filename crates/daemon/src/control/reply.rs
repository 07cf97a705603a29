//! Answers: a body, and what stands above it.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc;

use super::patience::Answering;

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";
/// The media type of server-sent events.
const EVENTS: &str = "text/event-stream";

/// What browsers may do with the page: nothing from elsewhere, and nobody frames it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// No page of another site has it loaded as a part of itself.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The body of an answer.
pub(super) struct Content {
    inner: Inner,
    /// The connection is busy until the body has gone.
    answering: Option<Answering>,
}

enum Inner {
    Whole(Option<Bytes>),
    Stream(mpsc::Receiver<Bytes>),
}

impl Content {
    /// Events as they come; it ends with their sender.
    pub(super) fn stream(events: mpsc::Receiver<Bytes>) -> Self {
        Content {
            inner: Inner::Stream(events),
            answering: None,
        }
    }

    /// The connection is busy as long as this is there.
    pub(super) fn busy(mut self, answering: Answering) -> Self {
        self.answering = Some(answering);
        self
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Content {
            inner: Inner::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            answering: None,
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let bytes = match &mut self.inner {
            Inner::Whole(bytes) => Poll::Ready(bytes.take()),
            Inner::Stream(events) => events.poll_recv(context),
        };
        bytes.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.inner, Inner::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Inner::Stream(_) => SizeHint::default(),
        }
    }
}

/// An answer.
pub(super) type Reply = Response<Content>;

/// An answer of that type that nobody keeps.
pub(super) fn reply(status: StatusCode, kind: &'static str, content: Content) -> Reply {
    let mut reply = Response::new(content);
    *reply.status_mut() = status;
    set(&mut reply, header::CONTENT_TYPE, kind);
    set(&mut reply, header::CACHE_CONTROL, "no-store");
    set(&mut reply, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut reply, header::REFERRER_POLICY, "no-referrer");
    set(&mut reply, header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    set(&mut reply, RESOURCE_POLICY, "same-origin");
    reply
}

/// Events without end. A proxy before the node (nginx knows this header) passes each on at once.
pub(super) fn stream(events: Content) -> Reply {
    let mut reply = reply(StatusCode::OK, EVENTS, events);
    set(&mut reply, BUFFERING, "no");
    reply
}

/// A value as JSON, with a line's end for terminals.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Reply {
    reply(status, JSON, to_json(value).into())
}

/// A value as JSON, with a line's end.
pub(super) fn to_json<T: Serialize>(value: &T) -> Bytes {
    let mut text = Vec::new();
    write_json(&mut text, value);
    text.push(b'\n');
    Bytes::from(text)
}

/// Appends a value as JSON on one line; false, and nothing, where it has none.
pub(super) fn write_json<T: Serialize>(text: &mut Vec<u8>, value: &T) -> bool {
    match serde_json::to_string(value) {
        Ok(json) => {
            inert(&json, text);
            true
        }
        Err(_) => false,
    }
}

/// What checks print and others are called is shown by curl in terminals: serde_json escapes the controls of ASCII, but leaves
/// DEL, those above ASCII and what turns the direction of text.
fn inert(json: &str, text: &mut Vec<u8>) {
    const ODD: fn(char) -> bool = |letter| matches!(letter, '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut rest = json;
    while let Some((at, odd)) = rest.char_indices().find(|(_, letter)| ODD(*letter)) {
        let (before, after) = rest.split_at(at);
        text.extend_from_slice(before.as_bytes());
        // It stands in a string, and is below U+10000.
        text.extend_from_slice(format!("\\u{:04x}", u32::from(odd)).as_bytes());
        rest = after.strip_prefix(odd).unwrap_or_default();
    }
    text.extend_from_slice(rest.as_bytes());
}

/// Puts a header above an answer.
pub(super) fn set(reply: &mut Reply, name: HeaderName, value: &'static str) {
    reply
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}

#[derive(Serialize)]
struct Problem<'a> {
    error: &'a str,
    help: &'a str,
}

/// Why there is no answer, and what to do about it.
pub(super) fn problem(status: StatusCode, error: &str, help: &str) -> Reply {
    json(status, &Problem { error, help })
}

/// It could be answered later.
pub(super) fn unavailable(error: &str, help: &str) -> Reply {
    let mut reply = problem(StatusCode::SERVICE_UNAVAILABLE, error, help);
    set(&mut reply, header::RETRY_AFTER, "1");
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_moves_no_cursor_and_means_the_same() {
        let odd = "\u{1b}[2J \u{9b}2J \u{7f} \u{202e}evil\u{2069} \"q\\ Zürich ✓";
        let bytes = to_json(&[odd]);
        let text = std::str::from_utf8(&bytes).unwrap();
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.contains(char::is_control), "{text}");
        assert!(!line.contains(['\u{202e}', '\u{2069}']), "{text}");
        assert!(line.contains("Zürich ✓"), "{text}");
        let read: Vec<String> = serde_json::from_str(line).unwrap();
        assert_eq!(read, [odd]);
    }
}
