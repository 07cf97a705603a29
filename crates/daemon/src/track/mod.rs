//! Looks at what is tracked: numbers in files, how many processes run, ports and pages. One thread each, so that a
//! file system that hangs does not hide the end of a process, and none of them holds up the VRRP loop.

mod files;
mod matching;
mod number;
mod processes;
mod requests;

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

use standfast_core::input::{CheckId, CheckOutcome};
use standfast_core::journal::Level;
use standfast_core::spec::Tracked;
use standfast_core::{Input, Instant, Micros};
use standfast_linux::clock::monotonic;
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait, Waker};
use standfast_linux::{Error, Object, scheduling};

use crate::log::Logger;

pub(crate) use files::{FileTarget, InitialNumber};
pub(crate) use matching::Pattern;
pub(crate) use processes::ProcessTarget;
use requests::Order;
pub(crate) use requests::{Asker, Request, RequestTarget};

/// Whoever looks has no deeper calls than these.
const STACK_BYTES: usize = 256 * 1024;
const WAKER_TOKEN: u64 = 0;

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    pub(crate) files: Vec<FileTarget>,
    pub(crate) processes: Vec<ProcessTarget>,
}

/// Why targets are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The daemon starts.
    Start,
    /// A worker takes the place of a dead one, or the configuration was replaced.
    Later,
}

/// The handle of the VRRP loop.
pub(crate) struct Watchers {
    files: Option<Line<Vec<FileTarget>>>,
    processes: Option<Line<Vec<ProcessTarget>>>,
    requests: Option<Line<Order>>,
    report: Sender<Input<'static>>,
    results: Receiver<Input<'static>>,
    done: Waker,
    logger: Logger,
}

/// To a thread that looks.
struct Line<Targets> {
    targets: Sender<(Occasion, Targets)>,
    waker: Waker,
}

impl Watchers {
    /// Nobody looks yet; `done` is woken when a result waits.
    pub(crate) fn new(logger: Logger, done: Waker) -> Self {
        let (report, results) = channel();
        Watchers {
            files: None,
            processes: None,
            requests: None,
            report,
            results,
            done,
            logger,
        }
    }

    /// Replaces what is looked at; what is new is reported. Threads begin with the first targets.
    pub(crate) fn apply(&mut self, occasion: Occasion, targets: Targets) {
        let reporter = self.reporter();
        let other = reporter.clone();
        if self.files.is_none() && !targets.files.is_empty() {
            let started = start("files", move |desk| files::Files::new(desk, reporter));
            self.files = self.started(started);
        }
        if self.processes.is_none() && !targets.processes.is_empty() {
            let started = start("processes", move |desk| {
                processes::Processes::new(desk, other)
            });
            self.processes = self.started(started);
        }
        give(self.files.as_ref(), occasion, targets.files);
        give(self.processes.as_ref(), occasion, targets.processes);
    }

    /// Replaces what checks ask; they are asked by what is given back.
    pub(crate) fn apply_requests(&mut self, targets: BTreeMap<CheckId, RequestTarget>) -> Asker {
        if self.requests.is_none() && !targets.is_empty() {
            let reporter = self.reporter();
            let started = start("requests", move |_| requests::Requests::new(reporter));
            self.requests = self.started(started);
        }
        give(
            self.requests.as_ref(),
            Occasion::Later,
            Order::Targets(targets),
        );
        let line = self.requests.as_ref();
        line.map_or_else(Asker::default, |line| {
            Asker::new(line.targets.clone(), line.waker.clone())
        })
    }

    fn reporter(&self) -> Reporter {
        Reporter {
            report: self.report.clone(),
            done: self.done.clone(),
            logger: self.logger.clone(),
        }
    }

    fn started<T>(&self, started: Result<Line<T>, Error>) -> Option<Line<T>> {
        let complain = |error: &Error| self.logger.log(Level::Error, error.to_string());
        started.inspect_err(complain).ok()
    }

    pub(crate) fn next_result(&self) -> Option<Input<'static>> {
        self.results.try_recv().ok()
    }
}

fn give<T>(line: Option<&Line<T>>, occasion: Occasion, targets: T) {
    if let Some(line) = line {
        // The thread lives as long as this handle.
        let _ = line.targets.send((occasion, targets));
        line.waker.wake();
    }
}

/// The thread's end of a [`Line`], with its own poller.
struct Desk<Targets> {
    targets: Receiver<(Occasion, Targets)>,
    waker: Waker,
    poller: Poller,
}

/// Somebody who looks.
trait Watcher<Targets>: Sized {
    /// Other targets.
    fn apply(&mut self, desk: &Desk<Targets>, occasion: Occasion, targets: Targets);
    /// A descriptor has something to say.
    fn attend(&mut self, desk: &Desk<Targets>, token: u64);
    /// After every turn: what is due now.
    fn settle(&mut self, desk: &Desk<Targets>, now: Instant);
    /// When something is due next.
    fn next_due(&self) -> Option<Instant>;
}

/// Starts a thread with the scheduling of an ordinary one, whatever the loop's is.
fn start<T: Send + 'static, W: Watcher<T>>(
    name: &'static str,
    make: impl FnOnce(&Desk<T>) -> W + Send + 'static,
) -> Result<Line<T>, Error> {
    let (sender, receiver) = channel();
    let (waker, poller) = (Waker::new()?, Poller::new()?);
    poller.add(waker.as_fd(), WAKER_TOKEN, Interest::Read)?;
    let desk = Desk {
        targets: receiver,
        waker: waker.clone(),
        poller,
    };
    let work = move || {
        scheduling::reset_to_default();
        let watcher = make(&desk);
        run(&desk, watcher);
    };
    thread::Builder::new()
        .name(name.into())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map_err(|error| Error {
            operation: "start",
            object: Object::Named("thread that looks at what is tracked"),
            errno: error.into(),
        })?;
    Ok(Line {
        targets: sender,
        waker,
    })
}

fn run<T>(desk: &Desk<T>, mut watcher: impl Watcher<T>) {
    let mut ready = ReadyList::new();
    loop {
        let wait = watcher.next_due().map_or(Wait::Forever, |due| {
            Wait::AtMost(standfast_linux::clock::Micros(due.since(now()).0))
        });
        if desk.poller.wait(&mut ready, wait).is_err() {
            return;
        }
        for event in ready.iter() {
            if event.token != WAKER_TOKEN {
                watcher.attend(desk, event.token);
                continue;
            }
            desk.waker.drain();
            loop {
                match desk.targets.try_recv() {
                    Ok((occasion, targets)) => watcher.apply(desk, occasion, targets),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
        }
        watcher.settle(desk, now());
    }
}

/// To the VRRP loop.
#[derive(Clone)]
struct Reporter {
    report: Sender<Input<'static>>,
    done: Waker,
    logger: Logger,
}

impl Reporter {
    fn observed(&self, object: Tracked, seen: i32) {
        // The loop may be on its way out.
        let _ = self.report.send(Input::Observed { object, seen });
        self.done.wake();
    }

    fn check_done(&self, check: CheckId, outcome: CheckOutcome, output: String) {
        let _ = self.report.send(Input::CheckDone {
            check,
            outcome,
            output,
        });
        self.done.wake();
    }

    fn warn(&self, text: String) {
        self.logger.log(Level::Warning, text);
    }
}

fn now() -> Instant {
    Instant(monotonic().0)
}

/// The earlier of two times, one of which may not be.
fn earlier(one: Option<Instant>, other: Instant) -> Option<Instant> {
    Some(one.map_or(other, |one| one.min(other)))
}

/// What looks again whether something is there that was not, or where the kernel tells nothing.
const POLL_PERIOD: Micros = Micros::from_secs(1);
