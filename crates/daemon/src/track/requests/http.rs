//! One HTTP/1.1 request and its answer, as bytes: no sockets, no clock.
//!
//! The language of the protocol is ureq-proto's; here is what counts as a good answer, and how much is read of one.

use standfast_config::HttpProbe;
use standfast_core::input::CheckOutcome;
use standfast_core::probe::ProbeFailure;
use ureq_proto::BodyMode;
use ureq_proto::client::state::{RecvBody, RecvResponse};
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};
use ureq_proto::http::Request;

/// Bytes of an answer's head that are read: what the usual servers send at most, twice.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes of a body that are read; what comes after them is of no interest to a check.
const BODY_BYTES: usize = 64 * 1024;
/// A request is a few lines; its URL and host are lines of a configuration file, at most 1 KiB each.
const REQUEST_BYTES: usize = 4 * 1024;
/// Characters of a bad answer's body that are shown.
const SHOWN_CHARACTERS: usize = 100;

/// A request that was made, and what has come back.
pub(super) struct Exchange {
    state: State,
    /// Bytes that have come and mean nothing yet.
    input: Vec<u8>,
    status: u16,
    body: Vec<u8>,
}

enum State {
    Head(Box<Call<RecvResponse>>),
    Body(Box<Call<RecvBody>>),
    /// Between two states, or at the end.
    Over,
}

/// How far an answer has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There must be more.
    More,
    /// It is whole, or as much as is read of one.
    Done(Verdict),
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: CheckOutcome,
    /// What the body of a bad one says.
    pub(super) text: String,
    /// The connection may be used again.
    pub(super) reusable: bool,
}

impl Verdict {
    pub(super) fn failed(why: ProbeFailure) -> Self {
        Verdict {
            outcome: CheckOutcome::Failed(why),
            text: String::new(),
            reusable: false,
        }
    }
}

/// The bytes of a request, and the exchange that reads the answer; `None` if the probe makes no request.
pub(super) fn begin(probe: &HttpProbe) -> Option<(Vec<u8>, Exchange)> {
    let uri = format!("http://{}{}", probe.address, probe.target);
    let request = Request::get(uri)
        .header("host", probe.host.as_str())
        .header("user-agent", "standfast")
        .header("accept", "*/*")
        .body(())
        .ok()?;
    let mut call = Call::new(request).ok()?.proceed();
    let mut bytes = vec![0; REQUEST_BYTES];
    let length = call.write(&mut bytes).ok()?;
    bytes.truncate(length);
    match call.proceed().ok()?? {
        SendRequestResult::RecvResponse(call) => {
            let exchange = Exchange {
                state: State::Head(Box::new(call)),
                input: Vec::new(),
                status: 0,
                body: Vec::new(),
            };
            Some((bytes, exchange))
        }
        // A GET has no body to send.
        SendRequestResult::Await100(_) | SendRequestResult::SendBody(_) => None,
    }
}

impl Exchange {
    /// Whether nothing of the answer has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        matches!(self.state, State::Head(_)) && self.input.is_empty()
    }

    /// More bytes have come.
    pub(super) fn feed(&mut self, probe: &HttpProbe, bytes: &[u8]) -> Progress {
        self.input.extend_from_slice(bytes);
        loop {
            let step = match std::mem::replace(&mut self.state, State::Over) {
                State::Head(call) => self.read_head(*call),
                State::Body(call) => self.read_body(*call),
                State::Over => Step::Broken,
            };
            match step {
                Step::Again => {}
                Step::Wait => return Progress::More,
                Step::Broken => return Progress::Done(Verdict::failed(ProbeFailure::NotHttp)),
                Step::Whole { reusable } => return Progress::Done(self.judge(probe, reusable)),
            }
        }
    }

    /// The other side has closed: an answer may end so.
    pub(super) fn closed(&mut self, probe: &HttpProbe) -> Verdict {
        let whole = match &self.state {
            State::Head(_) | State::Over => false,
            State::Body(call) => {
                call.body_mode() == BodyMode::CloseDelimited || call.is_ended_chunked()
            }
        };
        match whole {
            true => self.judge(probe, false),
            false => Verdict::failed(ProbeFailure::Closed),
        }
    }

    fn read_head(&mut self, mut call: Call<RecvResponse>) -> Step {
        let (used, response) = match call.try_response(&self.input, false) {
            Ok(read) => read,
            Err(_) => return Step::Broken,
        };
        self.input.drain(..used);
        let Some(response) = response else {
            if used == 0 && self.input.len() > HEAD_BYTES {
                return Step::Broken;
            }
            self.state = State::Head(Box::new(call));
            // Heads of interim answers may come before the one that counts.
            return if used > 0 { Step::Again } else { Step::Wait };
        };
        self.status = response.status().as_u16();
        match call.proceed() {
            Some(RecvResponseResult::RecvBody(call)) => {
                self.state = State::Body(Box::new(call));
                Step::Again
            }
            Some(RecvResponseResult::Redirect(call)) => self.whole(call.must_close_connection()),
            Some(RecvResponseResult::Cleanup(call)) => self.whole(call.must_close_connection()),
            None => Step::Broken,
        }
    }

    fn read_body(&mut self, mut call: Call<RecvBody>) -> Step {
        let until_closed = call.body_mode() == BodyMode::CloseDelimited;
        let mut part = [0; 4096];
        loop {
            if call.can_proceed() && !until_closed {
                return match call.proceed() {
                    Some(RecvBodyResult::Redirect(call)) => {
                        self.whole(call.must_close_connection())
                    }
                    Some(RecvBodyResult::Cleanup(call)) => self.whole(call.must_close_connection()),
                    None => Step::Broken,
                };
            }
            let Ok((used, written)) = call.read(&self.input, &mut part) else {
                return Step::Broken;
            };
            self.input.drain(..used);
            self.body.extend(part.iter().take(written));
            if self.body.len() >= BODY_BYTES {
                self.body.truncate(BODY_BYTES);
                return Step::Whole { reusable: false };
            }
            if used == 0 && written == 0 {
                // What is left over is the beginning of a chunk's head.
                if self.input.len() > HEAD_BYTES {
                    return Step::Broken;
                }
                self.state = State::Body(Box::new(call));
                return Step::Wait;
            }
        }
    }

    /// Bytes after an answer belong to nothing that was asked for.
    fn whole(&self, must_close: bool) -> Step {
        Step::Whole {
            reusable: !must_close && self.input.is_empty(),
        }
    }

    fn judge(&self, probe: &HttpProbe, reusable: bool) -> Verdict {
        let wanted = probe.contains.as_deref().map(str::as_bytes);
        let is_there = |text: &[u8]| self.body.windows(text.len()).any(|part| part == text);
        let outcome = if !probe.status.contains(self.status) {
            CheckOutcome::Failed(ProbeFailure::Status(self.status))
        } else if wanted.is_some_and(|text| !text.is_empty() && !is_there(text)) {
            CheckOutcome::Failed(ProbeFailure::TextMissing)
        } else {
            CheckOutcome::Passed
        };
        let text = match outcome {
            CheckOutcome::Passed => String::new(),
            _ => String::from_utf8_lossy(&self.body)
                .chars()
                .take(SHOWN_CHARACTERS)
                .collect(),
        };
        Verdict {
            outcome,
            text,
            reusable,
        }
    }
}

/// What a look at the bytes came to.
enum Step {
    /// Look again.
    Again,
    /// There must be more bytes.
    Wait,
    /// This is no HTTP, or more than is read.
    Broken,
    /// The answer is whole.
    Whole { reusable: bool },
}

#[cfg(test)]
mod tests {
    use standfast_config::{Span, Spanned, StatusCodes};

    use super::*;

    fn probe(contains: Option<&str>) -> HttpProbe {
        HttpProbe {
            url: Spanned::new("http://127.0.0.1/healthz".into(), Span::default()),
            address: "127.0.0.1:8080".parse().unwrap(),
            target: "/healthz?deep".into(),
            host: "example.com".into(),
            status: StatusCodes(vec![200..=204]),
            contains: contains.map(str::to_owned),
        }
    }

    /// What comes of an answer, given at once and byte by byte, before the other side closes.
    fn ask(contains: Option<&str>, answer: &[u8]) -> Verdict {
        let probe = probe(contains);
        let run = |size: usize| {
            let (_, mut exchange) = begin(&probe).unwrap();
            for part in answer.chunks(size) {
                if let Progress::Done(verdict) = exchange.feed(&probe, part) {
                    return verdict;
                }
            }
            exchange.closed(&probe)
        };
        let (whole, bytes) = (run(answer.len().max(1)), run(1));
        assert_eq!(whole.outcome, bytes.outcome);
        whole
    }

    fn outcome(contains: Option<&str>, answer: &str) -> CheckOutcome {
        ask(contains, answer.as_bytes()).outcome
    }

    fn failed(why: ProbeFailure) -> CheckOutcome {
        CheckOutcome::Failed(why)
    }

    #[test]
    fn the_request_is_what_was_configured_and_the_connection_is_kept() {
        let (bytes, exchange) = begin(&probe(None)).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("GET /healthz?deep HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\r\nhost: example.com\r\n"), "{text}");
        assert!(!text.to_lowercase().contains("connection: close"), "{text}");
        assert_eq!(text.to_lowercase().matches("\r\nhost:").count(), 1);
        assert!(exchange.is_untouched());
    }

    #[test]
    fn an_ipv6_address_makes_a_request() {
        let probe = HttpProbe {
            address: "[::1]:80".parse().unwrap(),
            host: "[::1]".into(),
            ..probe(None)
        };
        let (bytes, _) = begin(&probe).unwrap();
        assert!(
            String::from_utf8(bytes)
                .unwrap()
                .contains("host: [::1]\r\n")
        );
    }

    #[test]
    fn answers_of_every_form_are_read_to_their_end() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nit ok",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nit \r\n2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        ] {
            let verdict = ask(Some("ok"), answer.as_bytes());
            assert_eq!(verdict.outcome, CheckOutcome::Passed, "{answer}");
            assert!(verdict.reusable, "{answer}");
        }
        let old = "HTTP/1.0 200 OK\r\n\r\nit is ok";
        let verdict = ask(Some("ok"), old.as_bytes());
        assert_eq!(
            (verdict.outcome, verdict.reusable),
            (CheckOutcome::Passed, false)
        );
        assert_eq!(
            outcome(None, "HTTP/1.1 204 No Content\r\n\r\n"),
            CheckOutcome::Passed
        );
    }

    #[test]
    fn a_connection_is_used_again_only_if_both_want_it() {
        for answer in [
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nmore than was asked for",
        ] {
            let verdict = ask(None, answer.as_bytes());
            assert_eq!(verdict.outcome, CheckOutcome::Passed, "{answer}");
            assert!(!verdict.reusable, "{answer}");
        }
    }

    #[test]
    fn status_and_text_decide() {
        let answer = |status: u16| {
            format!(
                "HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1/\r\ncontent-length: 4\r\n\r\ndown"
            )
        };
        for status in [301, 302, 404, 503, 205] {
            let verdict = ask(None, answer(status).as_bytes());
            assert_eq!(verdict.outcome, failed(ProbeFailure::Status(status)));
            assert_eq!(verdict.text, "down");
        }
        assert_eq!(
            outcome(Some("up"), &answer(200)),
            failed(ProbeFailure::TextMissing)
        );
        assert_eq!(outcome(Some("own"), &answer(200)), CheckOutcome::Passed);
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        for answer in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok",
        ] {
            assert_eq!(
                outcome(None, answer),
                failed(ProbeFailure::Closed),
                "{answer}"
            );
        }
    }

    #[test]
    fn what_is_no_http_is_said_to_be_none() {
        for answer in [
            "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 999999 X\r\n\r\n",
        ] {
            assert_eq!(
                outcome(None, answer),
                failed(ProbeFailure::NotHttp),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_head_without_end_is_given_up() {
        let line = "x-filler: 0123456789012345678901234567890123456789\r\n";
        let answer = format!("HTTP/1.1 200 OK\r\n{}", line.repeat(400));
        assert_eq!(outcome(None, &answer), failed(ProbeFailure::NotHttp));
    }

    #[test]
    fn of_a_huge_body_the_beginning_counts_and_the_rest_is_not_waited_for() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n";
        let answer = format!("{head}ok{}", "x".repeat(BODY_BYTES));
        let verdict = ask(Some("ok"), answer.as_bytes());
        assert_eq!(
            (verdict.outcome, verdict.reusable),
            (CheckOutcome::Passed, false)
        );
        let late = format!("{head}{}ok", "x".repeat(BODY_BYTES));
        assert_eq!(
            outcome(Some("ok"), &late),
            failed(ProbeFailure::TextMissing)
        );
    }

    #[test]
    fn random_bytes_never_do_harm() {
        let mut seed = 1_u64;
        let mut byte = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u8::try_from(seed >> 56).unwrap()
        };
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        for round in 0..2_000_usize {
            let kept = round % head.len();
            let mut answer = head.get(..kept).unwrap().to_vec();
            answer.extend((0..64).map(|_| byte()));
            let probe = probe(Some("ok"));
            let (_, mut exchange) = begin(&probe).unwrap();
            if exchange.feed(&probe, &answer) == Progress::More {
                exchange.closed(&probe);
            }
        }
    }
}
