//! Requests of built-in checks: TCP connections and HTTP. One thread waits for all of them; none of them waits for another.

mod http;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;

use standfast_config::HttpProbe;
use standfast_core::input::{CheckId, CheckOutcome, Errno};
use standfast_core::probe::ProbeFailure;
use standfast_core::{Instant, Micros};
use standfast_linux::poller::{Interest, Waker};
use standfast_linux::tcp::begin_connect;

use super::{Desk, Occasion, Reporter, Watcher};
use http::{Exchange, Progress, Verdict};

/// Bytes taken from a connection at once.
const READ_BYTES: usize = 16 * 1024;

/// What a check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestTarget {
    pub(crate) request: Request,
    /// Time for the whole of it.
    pub(crate) timeout: Micros,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Whether a connection stands.
    Tcp(SocketAddr),
    /// What is answered to a request.
    Http(HttpProbe),
}

impl Request {
    fn address(&self) -> SocketAddr {
        match self {
            Request::Tcp(address) => *address,
            Request::Http(probe) => probe.address,
        }
    }
}

/// What the thread is told.
pub(super) enum Order {
    /// Other targets.
    Targets(BTreeMap<CheckId, RequestTarget>),
    /// Ask now.
    Ask(CheckId),
}

/// Whoever has requests made; the answers come with the results of all that look.
#[derive(Clone, Default)]
pub(crate) struct Asker(Option<(Sender<(Occasion, Order)>, Waker)>);

impl Asker {
    pub(super) fn new(orders: Sender<(Occasion, Order)>, waker: Waker) -> Self {
        Asker(Some((orders, waker)))
    }

    /// Never blocks.
    pub(crate) fn ask(&self, check: CheckId) {
        if let Some((orders, waker)) = &self.0 {
            // The thread lives as long as this handle.
            let _ = orders.send((Occasion::Later, Order::Ask(check)));
            waker.wake();
        }
    }
}

pub(super) struct Requests {
    targets: BTreeMap<CheckId, RequestTarget>,
    running: BTreeMap<CheckId, Running>,
    /// Connections that stand and are not in use.
    kept: BTreeMap<CheckId, TcpStream>,
    reporter: Reporter,
}

/// A request in progress.
struct Running {
    stream: TcpStream,
    stage: Stage,
    deadline: Instant,
    /// The connection has served before: it may have been closed meanwhile, which says nothing of the service.
    is_old: bool,
}

enum Stage {
    Connecting,
    /// What is left to be sent, and who will read the answer.
    Sending(Vec<u8>, Box<Exchange>),
    Receiving(Box<Exchange>),
}

/// What comes next for a request.
enum Next {
    Wait(Running),
    Done(Verdict, Option<TcpStream>),
    /// The kept connection is of no use.
    Anew,
}

impl Requests {
    pub(super) fn new(reporter: Reporter) -> Self {
        Requests {
            targets: BTreeMap::new(),
            running: BTreeMap::new(),
            kept: BTreeMap::new(),
            reporter,
        }
    }

    fn ask(&mut self, desk: &Desk<Order>, check: CheckId) {
        let Some(target) = self.targets.get(&check) else {
            return;
        };
        if self.running.contains_key(&check) {
            return;
        }
        let deadline = super::now() + target.timeout;
        match (self.kept.remove(&check), &target.request) {
            (Some(stream), Request::Http(probe)) => {
                let next = send(stream, probe, deadline, true);
                self.follow(desk, check, next, deadline);
            }
            (Some(_) | None, _) => self.connect(desk, check, deadline),
        }
    }

    fn connect(&mut self, desk: &Desk<Order>, check: CheckId, deadline: Instant) {
        let Some(target) = self.targets.get(&check) else {
            return;
        };
        let next = match begin_connect(target.request.address()) {
            Ok(stream) => Next::Wait(Running {
                stream,
                stage: Stage::Connecting,
                deadline,
                is_old: false,
            }),
            Err(error) => refused(Errno(error.errno.0)),
        };
        self.follow(desk, check, next, deadline);
    }

    fn follow(&mut self, desk: &Desk<Order>, check: CheckId, next: Next, deadline: Instant) {
        match next {
            Next::Anew => self.connect(desk, check, deadline),
            Next::Wait(running) => {
                let interest = match running.stage {
                    Stage::Connecting | Stage::Sending(..) => Interest::Write,
                    Stage::Receiving(_) => Interest::Read,
                };
                let (fd, token) = (running.stream.as_fd(), token(check));
                let watched = desk.poller.modify(fd, token, interest);
                match watched.or_else(|_| desk.poller.add(fd, token, interest)) {
                    Ok(()) => drop(self.running.insert(check, running)),
                    Err(error) => {
                        let errno = Errno(error.errno.0);
                        let outcome = CheckOutcome::NotStarted(errno);
                        self.reporter.check_done(check, outcome, String::new());
                    }
                }
            }
            Next::Done(verdict, kept) => {
                if let Some(stream) = kept.filter(|_| verdict.reusable) {
                    // What is closed while nobody asks is found out when somebody does.
                    let _ = desk.poller.remove(stream.as_fd());
                    self.kept.insert(check, stream);
                }
                self.reporter
                    .check_done(check, verdict.outcome, verdict.text);
            }
        }
    }
}

impl Watcher<Order> for Requests {
    fn apply(&mut self, desk: &Desk<Order>, _: Occasion, order: Order) {
        let targets = match order {
            Order::Ask(check) => return self.ask(desk, check),
            Order::Targets(targets) => targets,
        };
        // A check with another definition has another number.
        self.kept.retain(|check, _| targets.contains_key(check));
        self.running.retain(|check, _| targets.contains_key(check));
        self.targets = targets;
    }

    fn attend(&mut self, desk: &Desk<Order>, token: u64) {
        let Ok(number) = u32::try_from(token.saturating_sub(FIRST_TOKEN)) else {
            return;
        };
        let check = CheckId(number);
        let Some(target) = self.targets.get(&check) else {
            return;
        };
        if let Some(running) = self.running.remove(&check) {
            let deadline = running.deadline;
            let next = proceed(running, &target.request);
            self.follow(desk, check, next, deadline);
        }
    }

    fn settle(&mut self, _: &Desk<Order>, now: Instant) {
        let overdue = |running: &Running| running.deadline <= now;
        let late: Vec<CheckId> = self
            .running
            .iter()
            .filter(|(_, running)| overdue(running))
            .map(|(check, _)| *check)
            .collect();
        for check in late {
            self.running.remove(&check);
            self.reporter
                .check_done(check, CheckOutcome::TimedOut, String::new());
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.running.values().map(|running| running.deadline).min()
    }
}

/// 0 is the waker's.
const FIRST_TOKEN: u64 = 1;

fn token(check: CheckId) -> u64 {
    FIRST_TOKEN + u64::from(check.0)
}

fn refused(errno: Errno) -> Next {
    Next::Done(Verdict::failed(ProbeFailure::NotConnected(errno)), None)
}

/// The connection has something to say.
fn proceed(running: Running, request: &Request) -> Next {
    let Running {
        stream,
        stage,
        deadline,
        is_old,
    } = running;
    match (stage, request) {
        (Stage::Connecting, request) => connected(stream, request, deadline),
        (Stage::Sending(bytes, exchange), Request::Http(probe)) => {
            write(stream, probe, (bytes, exchange), deadline, is_old)
        }
        (Stage::Receiving(exchange), Request::Http(probe)) => {
            receive(stream, probe, exchange, deadline, is_old)
        }
        // A check whose number stays asks the same as before.
        (Stage::Sending(..) | Stage::Receiving(_), Request::Tcp(_)) => Next::Anew,
    }
}

fn connected(stream: TcpStream, request: &Request, deadline: Instant) -> Next {
    match stream.take_error() {
        Ok(Some(error)) | Err(error) => return refused(errno(&error)),
        Ok(None) => {}
    }
    // A local port that nobody listens on may by chance be connected to itself.
    let ends = (stream.local_addr(), stream.peer_addr());
    if matches!(&ends, (Ok(local), Ok(peer)) if local == peer) {
        return refused(Errno::ECONNREFUSED);
    }
    match request {
        Request::Tcp(_) => {
            let verdict = Verdict {
                outcome: CheckOutcome::Passed,
                text: String::new(),
                reusable: false,
            };
            Next::Done(verdict, None)
        }
        Request::Http(probe) => send(stream, probe, deadline, false),
    }
}

fn send(stream: TcpStream, probe: &HttpProbe, deadline: Instant, is_old: bool) -> Next {
    match http::begin(probe) {
        Some((bytes, exchange)) => {
            write(stream, probe, (bytes, Box::new(exchange)), deadline, is_old)
        }
        None => Next::Done(Verdict::failed(ProbeFailure::NotHttp), None),
    }
}

fn write(
    mut stream: TcpStream,
    probe: &HttpProbe,
    (mut bytes, exchange): (Vec<u8>, Box<Exchange>),
    deadline: Instant,
    is_old: bool,
) -> Next {
    match stream.write(&bytes) {
        Ok(length) => drop(bytes.drain(..length.min(bytes.len()))),
        Err(error) if is_soon(&error) => {}
        Err(_) if is_old => return Next::Anew,
        Err(error) => {
            let why = ProbeFailure::Broken(errno(&error));
            return Next::Done(Verdict::failed(why), None);
        }
    }
    if bytes.is_empty() {
        return receive(stream, probe, exchange, deadline, is_old);
    }
    Next::Wait(Running {
        stream,
        stage: Stage::Sending(bytes, exchange),
        deadline,
        is_old,
    })
}

fn receive(
    mut stream: TcpStream,
    probe: &HttpProbe,
    mut exchange: Box<Exchange>,
    deadline: Instant,
    is_old: bool,
) -> Next {
    let mut buffer = [0; READ_BYTES];
    loop {
        let untouched = exchange.is_untouched();
        match stream.read(&mut buffer) {
            Ok(0) if is_old && untouched => return Next::Anew,
            Ok(0) => return Next::Done(exchange.closed(probe), None),
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                if let Progress::Done(verdict) = exchange.feed(probe, bytes) {
                    return Next::Done(verdict, Some(stream));
                }
            }
            Err(error) if is_soon(&error) => break,
            Err(_) if is_old && untouched => return Next::Anew,
            Err(error) => {
                let why = ProbeFailure::Broken(errno(&error));
                return Next::Done(Verdict::failed(why), None);
            }
        }
    }
    Next::Wait(Running {
        stream,
        stage: Stage::Receiving(exchange),
        deadline,
        is_old,
    })
}

fn is_soon(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn errno(error: &std::io::Error) -> Errno {
    Errno(error.raw_os_error().unwrap_or(Errno::EIO.0))
}

#[cfg(test)]
mod tests;
