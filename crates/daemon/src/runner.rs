//! Runs checks and notification scripts on a thread of its own and reports how they ended.

mod readers;
mod steady;
mod tellers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use standfast_core::input::{CheckId, CheckOutcome, Errno, NotifyEvent, RouterId};
use standfast_core::journal::Level;
use standfast_core::{Input, Instant, Micros};
use standfast_linux::clock::monotonic;
use standfast_linux::files;
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait, Waker};
use standfast_linux::process::{Child, Command, Exit, Output};
use standfast_linux::user::Identity;
use standfast_linux::{Error, Object};
use standfast_wire::vrrp::Priority;

use crate::environment::own_identity;
use crate::fifo::{FifoPlan, Fifos, Kind, Subject};
use crate::log::Logger;
use crate::lower::{Notifies, Program};
use crate::mail::{MailPlan, Post};
use steady::Steady;

/// From the polite signal to the other one.
const KILL_AFTER: Micros = Micros::from_secs(2);
/// The scripts of a router's next event wait this long for those of the one before.
const ORDER_PATIENCE: Micros = Micros::from_secs(5);
/// A group has no priority: keepalived says 0.
const GROUP_PRIORITY: Priority = Priority(0);
/// Characters of a script's output that reach the journal.
const JOURNAL_OUTPUT: usize = 256;
/// Events of one router that may wait for its scripts; older ones are overtaken by newer.
const QUEUED_EVENTS: usize = 16;
/// Ended scripts whose pipes are kept open for what they have started; the oldest are closed.
const LEFT_BEHIND: usize = 64;
/// Only the output of children that run longer than this is polled: those that end before are read when they have
/// ended, which saves a wake-up each. What they write meanwhile waits in the pipe, or they wait.
const OUTPUT_PATIENCE: Micros = Micros::from_millis(20);
/// A stop waits so long for its mail to be sent.
const LAST_MAIL: Micros = Micros::from_secs(2);
const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;
const WAKER_TOKEN: u64 = 0;

/// What is to be run.
pub(crate) enum Job {
    /// A check, by its number.
    Check(CheckId),
    /// The repair command of a check.
    Repair(CheckId),
    /// The scripts of a router for an event.
    Notify {
        router: RouterId,
        name: String,
        event: NotifyEvent,
        priority: Priority,
        wait: bool,
    },
    /// The scripts of a sync group for an event.
    NotifyGroup { group: String, event: NotifyEvent },
    /// A router is what it was; for FIFOs alone.
    State {
        name: String,
        event: NotifyEvent,
        priority: Priority,
    },
    /// What there is to run from now on.
    Programs(Programs),
    /// Who is written to from now on.
    Mail(Option<MailPlan>),
    /// The FIFOs from now on.
    Fifos(Vec<FifoPlan>),
    /// Answer when no notification script runs or waits any more.
    Finish(SyncSender<()>),
}

/// What each check, each router and each sync group runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Programs {
    pub(crate) checks: BTreeMap<CheckId, CheckProgram>,
    pub(crate) repairs: BTreeMap<CheckId, (Program, Micros)>,
    pub(crate) notifies: BTreeMap<String, Notifies>,
    pub(crate) groups: BTreeMap<String, Notifies>,
}

/// What a check runs.
#[derive(Clone, Debug)]
pub(crate) struct CheckProgram {
    pub(crate) program: Program,
    /// Its longest run.
    pub(crate) timeout: Micros,
    /// After so many equal results in a row one more of them decides nothing.
    pub(crate) decided_after: u32,
}

/// The handle of the VRRP loop.
pub(crate) struct Runner {
    jobs: Sender<Job>,
    waker: Waker,
    results: Receiver<Input<'static>>,
    post: Post,
}

impl Runner {
    /// Starts the thread; `done` is woken when a result waits.
    pub(crate) fn start(logger: Logger, done: Waker) -> Result<Self, Error> {
        let (jobs, queue) = channel();
        let (report, results) = channel();
        let waker = Waker::new()?;
        let poller = Poller::new()?;
        poller.add(waker.as_fd(), WAKER_TOKEN, Interest::Read)?;
        let fifo_logger = logger.clone();
        let post = Post::start(logger.clone())?;
        let worker = Worker {
            queue,
            report,
            done,
            waker: waker.clone(),
            poller,
            logger,
            programs: Programs::default(),
            running: BTreeMap::new(),
            next_token: 1,
            waiting: BTreeMap::new(),
            groups: BTreeMap::new(),
            bid_farewell: BTreeSet::new(),
            held: Vec::new(),
            left_behind: BTreeMap::new(),
            finishing: None,
            fifos: Fifos::new(fifo_logger),
            mail: None,
            post: post.clone(),
            steady: Steady::default(),
        };
        thread::Builder::new()
            .name("runner".into())
            .stack_size(256 * 1024)
            .spawn(move || worker.run())
            .map_err(|error| Error {
                operation: "start",
                object: Object::Named("runner thread"),
                errno: error.into(),
            })?;
        Ok(Runner {
            jobs,
            waker,
            results,
            post,
        })
    }

    /// Never blocks.
    pub(crate) fn submit(&self, job: Job) {
        // The thread lives as long as this handle.
        let _ = self.jobs.send(job);
        self.waker.wake();
    }

    /// Waits until the notification scripts have ended, at most `bound`.
    pub(crate) fn finish(&self, bound: Micros) {
        let (done, finished) = sync_channel(1);
        self.submit(Job::Finish(done));
        // Whatever still runs then gets SIGTERM when this process ends.
        let _ = finished.recv_timeout(Duration::from_micros(bound.0));
        self.post.finish(LAST_MAIL);
    }

    pub(crate) fn next_result(&self) -> Option<Input<'static>> {
        self.results.try_recv().ok()
    }
}

/// Whose events are told by scripts, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Teller {
    Router(RouterId),
    /// A sync group, by the number that it has here.
    Group(u32),
}

/// Who wants to know how a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Check(CheckId),
    /// The repair command of a check.
    Repair(CheckId),
    /// The scripts of a router or group for its event of that number.
    Notify(Teller, u64),
    /// The program that reads a FIFO.
    Reader(Kind),
}

struct Running {
    purpose: Purpose,
    child: Child,
    /// The next signal, and when.
    deadline: Option<(Instant, i32)>,
    output_open: bool,
    /// Its output is not polled before this; none when it is.
    unwatched_until: Option<Instant>,
    reported: bool,
}

/// Scripts of one router or group, in the order of its events.
#[derive(Default)]
struct Line {
    queue: VecDeque<Event>,
    running: usize,
    /// Counts the events; scripts of one that was overtaken end for nobody.
    event: u64,
    /// Name in the configuration.
    name: String,
    since: Instant,
    wait: bool,
    /// The daemon stops, and these are the scripts for it.
    farewell: bool,
}

struct Event {
    event: NotifyEvent,
    name: String,
    priority: Priority,
    wait: bool,
}

struct Worker {
    queue: Receiver<Job>,
    report: Sender<Input<'static>>,
    done: Waker,
    waker: Waker,
    poller: Poller,
    logger: Logger,
    programs: Programs,
    running: BTreeMap<u64, Running>,
    next_token: u64,
    waiting: BTreeMap<Teller, Line>,
    /// Numbers of sync groups.
    groups: BTreeMap<String, u32>,
    /// Sync groups whose last scripts have ended.
    bid_farewell: BTreeSet<u32>,
    /// Routers whose own scripts have ended and whose group's have not.
    held: Vec<(RouterId, u32)>,
    /// Ended scripts whose pipe somebody still writes into.
    left_behind: BTreeMap<u64, Running>,
    finishing: Option<SyncSender<()>>,
    fifos: Fifos,
    mail: Option<Arc<MailPlan>>,
    post: Post,
    steady: Steady,
}

impl Worker {
    fn run(mut self) {
        let mut ready = ReadyList::new();
        loop {
            let wait = self.next_deadline().map_or(Wait::Forever, |due| {
                let micros = due.since(now()).0;
                Wait::AtMost(standfast_linux::clock::Micros(micros))
            });
            if let Err(error) = self.poller.wait(&mut ready, wait) {
                self.logger.log(Level::Error, format!("runner: {error}"));
                return;
            }
            let tokens: Vec<u64> = ready.iter().map(|ready| ready.token).collect();
            for token in tokens {
                if token == WAKER_TOKEN {
                    self.waker.drain();
                    if !self.take_jobs() {
                        return;
                    }
                } else {
                    self.attend(token);
                }
            }
            self.enforce_deadlines();
            self.report_finish();
        }
    }

    fn report_finish(&mut self) {
        let idle = |line: &Line| line.running == 0 && line.queue.is_empty();
        if self.finishing.is_none() || !self.waiting.values().all(idle) {
            return;
        }
        self.end_readers();
        if !self.has_readers()
            && let Some(done) = self.finishing.take()
        {
            // The loop may have stopped waiting.
            let _ = done.send(());
        }
    }

    /// False when the VRRP loop is gone.
    fn take_jobs(&mut self) -> bool {
        loop {
            match self.queue.try_recv() {
                Ok(Job::Check(check)) => self.start_check(check),
                Ok(Job::Repair(check)) => self.start_repair(check),
                Ok(Job::Notify {
                    router,
                    name,
                    event,
                    priority,
                    wait,
                }) => {
                    self.tell(Subject::Instance, &name, event, priority);
                    self.enqueue(
                        Teller::Router(router),
                        Event {
                            event,
                            name,
                            priority,
                            wait,
                        },
                    );
                }
                Ok(Job::NotifyGroup { group, event }) => {
                    self.tell(Subject::Group, &group, event, GROUP_PRIORITY);
                    self.enqueue_group(group, event);
                }
                Ok(Job::State {
                    name,
                    event,
                    priority,
                }) => self.fifos.tell(Subject::Instance, &name, event, priority),
                Ok(Job::Mail(plan)) => self.configure_mail(plan),
                Ok(Job::Fifos(plans)) => self.configure_fifos(plans),
                Ok(Job::Programs(programs)) => {
                    self.programs = programs;
                    self.steady = Steady::default();
                }
                Ok(Job::Finish(done)) => self.finishing = Some(done),
                Err(std::sync::mpsc::TryRecvError::Empty) => return true,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Whoever listens hears of it at once; scripts may have to wait for their turn.
    fn tell(&mut self, subject: Subject, name: &str, event: NotifyEvent, priority: Priority) {
        self.fifos.tell(subject, name, event, priority);
        if let Some(plan) = &self.mail {
            self.post.tell(plan, subject, name, event);
        }
    }

    /// Who is removed by this configuration is told of as the one before says.
    fn configure_mail(&mut self, plan: Option<MailPlan>) {
        let before = self.mail.take();
        self.mail = plan.map(|mut plan| {
            if let Some(before) = &before {
                plan.keep_leaving(before);
            }
            Arc::new(plan)
        });
    }

    fn start_check(&mut self, check: CheckId) {
        if let Some(known) = self.programs.checks.get(&check).cloned() {
            self.start_timed(Purpose::Check(check), known.program, known.timeout);
        }
    }

    fn start_repair(&mut self, check: CheckId) {
        let purpose = Purpose::Repair(check);
        match self.programs.repairs.get(&check).cloned() {
            Some((program, timeout)) => self.start_timed(purpose, program, timeout),
            None => self.report_end(purpose, CheckOutcome::NotStarted(Errno::ENOENT), ""),
        }
    }

    fn start_timed(&mut self, purpose: Purpose, program: Program, timeout: Micros) {
        if self.running.values().any(|one| one.purpose == purpose) {
            // Its last run has been killed and does not end: one more would hang as well.
            return self.report_end(purpose, CheckOutcome::TimedOut, "");
        }
        match program {
            Program::FileReadable(path) => {
                let outcome = match files::is_readable(&path) {
                    true => CheckOutcome::Passed,
                    false => CheckOutcome::Exited(1),
                };
                self.report_end(purpose, outcome, "");
            }
            Program::Run { argv, identity } => {
                let command = Command {
                    identity: switch_to(&identity),
                    ..Command::new(argv)
                };
                let deadline = Some((now() + timeout, SIGTERM));
                if let Err(errno) = self.spawn(&command, purpose, deadline) {
                    self.report_end(purpose, CheckOutcome::NotStarted(errno), "");
                }
            }
        }
    }

    /// Tells core how a check or a repair ended.
    fn report_end(&mut self, purpose: Purpose, outcome: CheckOutcome, text: &str) {
        let output = text.chars().take(JOURNAL_OUTPUT).collect();
        match purpose {
            Purpose::Check(check) => self.check_done(check, outcome, output),
            Purpose::Repair(check) => self.send(Input::RepairDone {
                check,
                outcome,
                output,
            }),
            Purpose::Notify(..) | Purpose::Reader(_) => {}
        }
    }

    fn check_done(&mut self, check: CheckId, outcome: CheckOutcome, output: String) {
        let decided_after = self
            .programs
            .checks
            .get(&check)
            .map(|one| one.decided_after);
        let repeats = self.steady.repeats(check, outcome, decided_after);
        let done = Input::CheckDone {
            check,
            outcome,
            output,
        };
        match repeats {
            // The loop takes it along when something else wakes it, before it starts that check again.
            true => self.leave(done),
            false => self.send(done),
        }
    }

    /// The loop may be on its way out.
    fn leave(&self, input: Input<'static>) {
        let _ = self.report.send(input);
    }

    fn send(&mut self, input: Input<'static>) {
        self.leave(input);
        self.done.wake();
    }

    fn spawn(
        &mut self,
        command: &Command,
        purpose: Purpose,
        deadline: Option<(Instant, i32)>,
    ) -> Result<(), Errno> {
        let errno = |error: Error| Errno(error.errno.0);
        let child = command.spawn().map_err(errno)?;
        let token = self.next_token;
        self.next_token += 2;
        let fd = child.process().as_fd();
        self.poller.add(fd, token, Interest::Read).map_err(errno)?;
        self.running.insert(
            token,
            Running {
                purpose,
                child,
                deadline,
                output_open: true,
                unwatched_until: Some(now() + OUTPUT_PATIENCE),
                reported: false,
            },
        );
        Ok(())
    }

    fn attend(&mut self, token: u64) {
        // A child has an odd token, its output the even one after it.
        let child_token = if token % 2 == 1 { token } else { token - 1 };
        let Some(running) = self.running.get_mut(&child_token) else {
            return self.drain_left_behind(child_token);
        };
        if running.output_open {
            running.read_output(&self.poller);
        }
        if token != child_token {
            return;
        }
        match running.child.process().exit() {
            Ok(None) => {}
            Ok(Some(exit)) => self.finish(child_token, outcome(exit)),
            Err(error) => self.finish(child_token, CheckOutcome::NotStarted(Errno(error.errno.0))),
        }
    }

    fn finish(&mut self, token: u64, outcome: CheckOutcome) {
        let Some(mut running) = self.running.remove(&token) else {
            return;
        };
        // Closing it is not enough while the next child, just being started, has a copy: we would be woken all the time.
        let _ = self.poller.remove(running.child.process().as_fd());
        if running.output_open {
            running.read_output(&self.poller);
        }
        let text = running.child.captured().text();
        let purpose = running.purpose;
        let reported = running.reported;
        if running.output_open {
            self.leave_behind(token, running);
        }
        match purpose {
            Purpose::Check(_) | Purpose::Repair(_) if !reported => {
                self.report_end(purpose, outcome, &text);
            }
            Purpose::Check(_) | Purpose::Repair(_) => {}
            Purpose::Reader(kind) => {
                let text: String = text.chars().take(JOURNAL_OUTPUT).collect();
                let text = text.escape_debug().to_string();
                self.reader_ended(kind, reported, &format!("{outcome:?}"), &text);
            }
            Purpose::Notify(teller, event) => {
                tellers::report_failure(&self.logger, outcome, &text);
                self.notify_ended(teller, event);
            }
        }
    }

    /// A script has ended and something that it started still writes: a service that got a closed
    /// pipe would die of it. Its words are thrown away.
    fn leave_behind(&mut self, token: u64, mut running: Running) {
        running.watch_output(token, &self.poller);
        if self.left_behind.len() == LEFT_BEHIND {
            self.left_behind.pop_first();
        }
        self.left_behind.insert(token, running);
    }

    fn drain_left_behind(&mut self, token: u64) {
        let Some(running) = self.left_behind.get_mut(&token) else {
            return;
        };
        running.read_output(&self.poller);
        if !running.output_open {
            self.left_behind.remove(&token);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let children = self
            .running
            .values()
            .flat_map(|running| {
                [
                    running.deadline.map(|(due, _)| due),
                    running.unwatched_until,
                ]
            })
            .flatten();
        let lines = self
            .waiting
            .values()
            .filter(|line| !line.queue.is_empty())
            .map(|line| line.since + ORDER_PATIENCE);
        children.chain(lines).min()
    }

    fn enforce_deadlines(&mut self) {
        let now = now();
        let overdue: Vec<u64> = self
            .running
            .iter()
            .filter(|(_, running)| running.deadline.is_some_and(|(due, _)| due <= now))
            .map(|(token, _)| *token)
            .collect();
        for token in overdue {
            self.time_out(token, now);
        }
        self.watch_outputs(now);
        let waiting = self
            .waiting
            .iter()
            .filter(|(_, line)| !line.queue.is_empty());
        let tellers: Vec<Teller> = waiting.map(|(teller, _)| *teller).collect();
        for teller in tellers {
            self.advance(teller);
        }
    }

    fn watch_outputs(&mut self, now: Instant) {
        for (token, running) in &mut self.running {
            if running.unwatched_until.is_some_and(|until| until <= now) {
                running.watch_output(*token, &self.poller);
            }
        }
    }

    fn time_out(&mut self, token: u64, now: Instant) {
        let Some(running) = self.running.get_mut(&token) else {
            return;
        };
        let Some((_, signal)) = running.deadline else {
            return;
        };
        // The group may have ended in this moment.
        let _ = running.child.kill_group(signal);
        running.deadline = (signal == SIGTERM).then_some((now + KILL_AFTER, SIGKILL));
        let text = running.child.captured().text();
        let purpose = running.purpose;
        if !std::mem::replace(&mut running.reported, true) {
            self.report_end(purpose, CheckOutcome::TimedOut, &text);
        }
    }
}

impl Running {
    fn watch_output(&mut self, token: u64, poller: &Poller) {
        if self.unwatched_until.take().is_some()
            && let Some(output) = self.child.output()
            && poller.add(output, token + 1, Interest::Read).is_err()
        {
            // Nobody can be told of it: a child that goes on writing waits until its time is up.
            self.output_open = false;
        }
    }

    fn read_output(&mut self, poller: &Poller) {
        match self.child.read_output() {
            Ok(Output::Open) => {}
            Ok(Output::Closed) | Err(_) => {
                self.output_open = false;
                let polled = self.unwatched_until.take().is_none();
                let pipe = self.child.ended_output().or(self.child.output());
                if let (Some(fd), true) = (pipe, polled) {
                    // It is closed with the child in any case.
                    let _ = poller.remove(fd);
                }
            }
        }
    }
}

/// Nothing to switch where we are that user already: an unprivileged daemon could not, and in a user
/// namespace not even root may set its groups.
pub(crate) fn switch_to(identity: &Identity) -> Option<Identity> {
    (*identity != own_identity()).then(|| identity.clone())
}

fn outcome(exit: Exit) -> CheckOutcome {
    match exit {
        Exit::Code(0) => CheckOutcome::Passed,
        Exit::Code(code) => CheckOutcome::Exited(code),
        Exit::Signal(signal) => CheckOutcome::Signaled(signal),
    }
}

fn now() -> Instant {
    Instant(monotonic().0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::LogTarget;

    fn worker() -> (Worker, Receiver<Input<'static>>) {
        let (_, queue) = channel();
        let (report, results) = channel();
        let worker = Worker {
            queue,
            report,
            done: Waker::new().unwrap(),
            waker: Waker::new().unwrap(),
            poller: Poller::new().unwrap(),
            logger: Logger::start(LogTarget::SILENT, "test").unwrap(),
            programs: Programs::default(),
            fifos: Fifos::new(Logger::start(LogTarget::SILENT, "test").unwrap()),
            mail: None,
            post: Post::start(Logger::start(LogTarget::SILENT, "test").unwrap()).unwrap(),
            running: BTreeMap::new(),
            next_token: 1,
            left_behind: BTreeMap::new(),
            waiting: BTreeMap::new(),
            groups: BTreeMap::new(),
            bid_farewell: BTreeSet::new(),
            held: Vec::new(),
            finishing: None,
            steady: Steady::default(),
        };
        (worker, results)
    }

    #[test]
    fn the_end_of_an_overtaken_script_is_not_the_end_of_the_one_that_is_waited_for() {
        let (mut worker, results) = worker();
        let router = RouterId(1);
        let line = Line {
            running: 1,
            event: 2,
            wait: true,
            ..Line::default()
        };
        let teller = Teller::Router(router);
        worker.waiting.insert(teller, line);
        worker.notify_ended(teller, 1);
        assert!(results.try_recv().is_err());
        worker.notify_ended(teller, 2);
        assert!(matches!(results.try_recv(), Ok(Input::NotifyDone(done)) if done == router));
    }

    #[test]
    fn a_member_waits_for_the_last_script_of_its_group() {
        let (mut worker, results) = worker();
        let sleep = Program::Run {
            argv: vec!["/bin/sleep".into(), "5".into()],
            identity: own_identity(),
        };
        let group = Notifies {
            stop: Some(sleep),
            ..Notifies::default()
        };
        let member = Notifies {
            group: Some("G".into()),
            ..Notifies::default()
        };
        worker.programs.groups.insert("G".into(), group);
        worker.programs.notifies.insert("V".into(), member);
        let stop = Event {
            event: NotifyEvent::Stop,
            name: "V".into(),
            priority: Priority(100),
            wait: true,
        };
        worker.enqueue(Teller::Router(RouterId(1)), stop);
        worker.enqueue_group("G".into(), NotifyEvent::Stop);
        assert!(results.try_recv().is_err(), "the group's script runs");
        worker.notify_ended(Teller::Group(0), 1);
        let done = results.try_recv();
        assert!(matches!(done, Ok(Input::NotifyDone(RouterId(1)))));
    }

    #[test]
    fn a_check_that_does_not_end_is_not_started_again() {
        let (mut worker, results) = worker();
        let (check, identity) = (CheckId(1), own_identity());
        let argv = vec!["/bin/sleep".into(), "5".into()];
        let program = Program::Run { argv, identity };
        let timeout = Micros::from_secs(1);
        let decided_after = 1;
        let program = CheckProgram {
            program,
            timeout,
            decided_after,
        };
        worker.programs.checks.insert(check, program);
        worker.start_check(check);
        worker.start_check(check);
        assert_eq!(worker.running.len(), 1);
        let done = results.try_recv();
        let timed_out = CheckOutcome::TimedOut;
        assert!(matches!(done, Ok(Input::CheckDone { outcome, .. }) if outcome == timed_out));
    }
}
