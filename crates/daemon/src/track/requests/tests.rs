//! Requests against small servers of this process.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use standfast_config::{Span, Spanned, StatusCodes};
use standfast_core::Input;

use super::super::Watchers;
use super::*;
use crate::log::Logger;
use crate::options::LogTarget;

const CHECK: CheckId = CheckId(7);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Whoever asks, and hears the answers.
struct Client {
    watchers: Watchers,
    asker: Asker,
}

impl Client {
    fn new(request: Request, timeout: Micros) -> Self {
        let logger = Logger::start(LogTarget::SILENT, "test").unwrap();
        let mut watchers = Watchers::new(logger, Waker::new().unwrap());
        let target = RequestTarget { request, timeout };
        let asker = watchers.apply_requests(BTreeMap::from([(CHECK, target)]));
        Client { watchers, asker }
    }

    fn http(listener: &TcpListener, timeout: Micros) -> Self {
        Self::new(Request::Http(probe(listener)), timeout)
    }

    #[track_caller]
    fn outcome(&self) -> CheckOutcome {
        self.asker.ask(CHECK);
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            match self.watchers.next_result() {
                Some(Input::CheckDone { check, outcome, .. }) => {
                    assert_eq!(check, CHECK);
                    return outcome;
                }
                Some(other) => panic!("{other:?}"),
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("no result");
    }
}

fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn probe(listener: &TcpListener) -> HttpProbe {
    HttpProbe {
        url: Spanned::new(String::new(), Span::default()),
        address: listener.local_addr().unwrap(),
        target: "/".into(),
        host: "localhost".into(),
        status: StatusCodes::default(),
        contains: Some("ok".into()),
    }
}

/// Answers so many requests of one connection, then ends.
fn serve(stream: &mut TcpStream, requests: usize) {
    let mut buffer = [0; 4096];
    for _ in 0..requests {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            let length = stream.read(&mut buffer).unwrap();
            if length == 0 {
                return;
            }
            text.extend_from_slice(&buffer[..length]);
        }
        stream.write_all(ANSWER).unwrap();
    }
}

const PATIENT: Micros = Micros::from_secs(20);
const IMPATIENT: Micros = Micros::from_millis(200);

#[test]
fn a_port_is_open_or_refused() {
    let listener = listen();
    let address = listener.local_addr().unwrap();
    let client = Client::new(Request::Tcp(address), PATIENT);
    assert_eq!(client.outcome(), CheckOutcome::Passed);
    drop(listener);
    let refused = ProbeFailure::NotConnected(Errno::ECONNREFUSED);
    assert_eq!(client.outcome(), CheckOutcome::Failed(refused));
}

#[test]
fn a_connection_is_used_again() {
    let listener = listen();
    let client = Client::http(&listener, PATIENT);
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        serve(&mut stream, 3);
    });
    for _ in 0..3 {
        assert_eq!(client.outcome(), CheckOutcome::Passed);
    }
    server.join().unwrap();
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    let listener = listen();
    let client = Client::http(&listener, PATIENT);
    let server = thread::spawn(move || {
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            serve(&mut stream, 1);
        }
    });
    for _ in 0..3 {
        assert_eq!(client.outcome(), CheckOutcome::Passed);
    }
    server.join().unwrap();
}

#[test]
fn a_server_that_is_gone_is_refused_in_spite_of_a_kept_connection() {
    let listener = listen();
    let client = Client::http(&listener, PATIENT);
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        serve(&mut stream, 1);
    });
    assert_eq!(client.outcome(), CheckOutcome::Passed);
    server.join().unwrap();
    let refused = ProbeFailure::NotConnected(Errno::ECONNREFUSED);
    assert_eq!(client.outcome(), CheckOutcome::Failed(refused));
}

#[test]
fn silence_and_drops_of_an_answer_are_a_time_out() {
    let listener = listen();
    let client = Client::http(&listener, IMPATIENT);
    let server = thread::spawn(move || {
        let (silent, _) = listener.accept().unwrap();
        let (mut slow, _) = listener.accept().unwrap();
        for byte in ANSWER.iter().take(30) {
            if slow.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        drop(silent);
    });
    assert_eq!(client.outcome(), CheckOutcome::TimedOut);
    assert_eq!(client.outcome(), CheckOutcome::TimedOut);
    server.join().unwrap();
}

#[test]
fn one_that_hangs_up_is_no_answer() {
    let listener = listen();
    let client = Client::http(&listener, PATIENT);
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).unwrap() > 0);
    });
    let closed = CheckOutcome::Failed(ProbeFailure::Closed);
    assert_eq!(client.outcome(), closed);
    server.join().unwrap();
}

#[test]
fn one_that_hangs_does_not_hold_up_another() {
    let (hanging, well) = (listen(), listen());
    let target = |listener: &TcpListener| RequestTarget {
        request: Request::Http(probe(listener)),
        timeout: PATIENT,
    };
    let mut client = Client::http(&well, PATIENT);
    let other = CheckId(8);
    let targets = BTreeMap::from([(CHECK, target(&well)), (other, target(&hanging))]);
    client.asker = client.watchers.apply_requests(targets);
    client.asker.ask(other);
    let server = thread::spawn(move || {
        let (mut stream, _) = well.accept().unwrap();
        serve(&mut stream, 1);
    });
    assert_eq!(client.outcome(), CheckOutcome::Passed);
    server.join().unwrap();
}

#[test]
fn nobody_answers_for_a_check_that_is_gone() {
    let listener = listen();
    let mut client = Client::http(&listener, IMPATIENT);
    client.asker.ask(CHECK);
    let (_stream, _) = listener.accept().unwrap();
    client.asker = client.watchers.apply_requests(BTreeMap::new());
    client.asker.ask(CHECK);
    thread::sleep(Duration::from_millis(500));
    assert!(client.watchers.next_result().is_none());
}
