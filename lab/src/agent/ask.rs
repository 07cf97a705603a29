//! Clients of a daemon's control socket: some that ask so many times a second, and followers of the stream. It runs as a program of
//! a host and ends with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::{AgentError, AgentResult, failed};
use crate::moment::Moment;

/// Connections that ask.
const ASKERS: u32 = 8;
/// Most followers.
const MAX_FOLLOWERS: u32 = 64;
/// Longest run.
const MAX_DURATION: Duration = Duration::from_mins(2);
/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Stack of a thread; what it calls is shallow.
const STACK: usize = 128 * 1024;
/// What is asked for in turn: mostly what is new, now and then everything.
const PATHS: [&str; 10] = [
    "/v1/status",
    "/v1/events?limit=20",
    "/metrics",
    "/v1/events?limit=20",
    "/v1/explain/VI_0_1",
    "/v1/events?limit=20",
    "/v1/events?limit=20",
    "/v1/events?limit=20",
    "/v1/events?limit=20",
    "/v1/events?limit=20",
];

/// `ask SOCKET REQUESTS_PER_SECOND FOLLOWERS DURATION_MS`. Prints `ANSWERS EVENTS`.
pub(super) fn run(arguments: &[String]) -> AgentResult {
    let [socket, rate, followers, duration] = arguments else {
        return Err(AgentError::Usage);
    };
    let rate: u32 = rate.parse().map_err(|_| AgentError::Usage)?;
    let followers: u32 = followers.parse().map_err(|_| AgentError::Usage)?;
    let duration: u64 = duration.parse().map_err(|_| AgentError::Usage)?;
    let duration = Duration::from_millis(duration);
    if rate < ASKERS || followers > MAX_FOLLOWERS || duration > MAX_DURATION {
        return Err(AgentError::Usage);
    }
    step_back()?;
    let (answers, events) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for _ in 0..followers {
        let (stream, events) = (connect(socket)?, Arc::clone(&events));
        start(move || follow(stream, &events))?;
    }
    let end = Moment::now() + duration;
    let pause = Duration::from_secs(1) * ASKERS / rate;
    let askers: Vec<_> = (0..ASKERS)
        .map(|first| {
            let (stream, answers) = (connect(socket)?, Arc::clone(&answers));
            start(move || ask(stream, first, pause, end, &answers))
        })
        .collect::<Result<_, _>>()?;
    for asker in askers {
        // One that is cut off has counted what it got.
        let _ = asker.join();
    }
    let (answers, events) = (
        answers.load(Ordering::Relaxed),
        events.load(Ordering::Relaxed),
    );
    println!("{answers} {events}");
    Ok(())
}

/// Whoever measures comes after what is measured.
fn step_back() -> AgentResult {
    let own = std::process::id().to_string();
    let mut command = Command::new("renice");
    command.args(["-n", "10", "-p", &own]).stdout(Stdio::null());
    let status = command.status().map_err(failed("start renice"))?;
    match status.success() {
        true => Ok(()),
        false => Err(AgentError::System {
            doing: "lower the priority",
            said: status.to_string(),
        }),
    }
}

fn connect(socket: &str) -> Result<UnixStream, AgentError> {
    let stream = UnixStream::connect(socket).map_err(failed("connect to the daemon"))?;
    let patience = stream.set_read_timeout(Some(PATIENCE));
    patience.map_err(failed("set a timeout"))?;
    Ok(stream)
}

fn start(body: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, AgentError> {
    let thread = thread::Builder::new().stack_size(STACK).spawn(body);
    thread.map_err(failed("start a thread"))
}

fn follow(mut stream: UnixStream, events: &AtomicU64) {
    let request = b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if stream.set_read_timeout(None).is_err() || stream.write_all(request).is_err() {
        return;
    }
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|count| count > 0)
    {
        if line.starts_with(b"event: ") {
            events.fetch_add(1, Ordering::Relaxed);
        }
        line.clear();
    }
}

/// Asks at each multiple of the pause; what is late comes at once.
fn ask(stream: UnixStream, first: u32, pause: Duration, end: Moment, answers: &AtomicU64) {
    let mut reader = BufReader::new(stream);
    let mut next = Moment::now() + pause * first / ASKERS;
    let begin = usize::try_from(first).unwrap_or(0);
    for path in PATHS.iter().cycle().skip(begin) {
        let now = Moment::now();
        if now >= end {
            return;
        }
        if next > now {
            thread::sleep(next.since(now));
        }
        next = next + pause;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let asked = reader.get_mut().write_all(request.as_bytes());
        match asked.ok().and_then(|()| answer(&mut reader)) {
            Some(200) => answers.fetch_add(1, Ordering::Relaxed),
            Some(_) => 0,
            None => return,
        };
    }
}

/// Reads an answer to its end; its status.
fn answer(reader: &mut BufReader<UnixStream>) -> Option<u16> {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if status.is_none() {
            status = line.split(' ').nth(1)?.parse().ok();
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    let body = std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink());
    body.ok().filter(|count| *count == length)?;
    status
}
