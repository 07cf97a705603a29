//! `startup_script` and `shutdown_script`: the supervisor runs them before its first worker and after its last one.

use std::ffi::OsString;
use std::os::fd::AsFd;

use serde::{Deserialize, Serialize};
use standfast_core::journal::Level;
use standfast_core::{Instant, Micros};
use standfast_linux::Error;
use standfast_linux::clock::monotonic;
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait};
use standfast_linux::process::{Child, Command, Exit};
use standfast_linux::signals::{Signal, Signals};
use standfast_linux::user::Identity;

use crate::log::Sink;
use crate::runner::switch_to;

const CHILD: u64 = 0;
const OUTPUT: u64 = 1;
const SIGNALS: u64 = 2;
const SIGTERM: i32 = 15;
/// From the polite signal to the other one.
const KILL_AFTER: Micros = Micros::from_secs(2);
/// While a script runs, systemd's watchdog is fed this often.
const TICK: Micros = Micros::from_millis(500);

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the first worker starts.
    Startup,
    /// After the last worker has ended.
    Shutdown,
}

impl Stage {
    /// keepalived's word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Stage::Startup => "startup",
            Stage::Shutdown => "shutdown",
        }
    }
}

/// What is run; travels from the worker, which knows the present configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StageScript {
    pub(crate) argv: Vec<OsString>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) timeout_us: u64,
}

/// How it went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The script has ended, or its time was over.
    Done,
    /// The daemon was told to stop meanwhile.
    Interrupted,
}

/// Runs the script to its end. A failure is logged and changes nothing, as in keepalived; SIGTERM ends a startup script.
pub(crate) fn run(
    stage: Stage,
    script: &StageScript,
    signals: &Signals,
    sink: &mut Sink,
    alive: &mut dyn FnMut(),
) -> Outcome {
    let name = stage.name();
    let program = script.argv.first().map(|word| word.to_string_lossy());
    let program = program.unwrap_or_default();
    sink.info(&format!("Running {name} script {program}"));
    let identity = Identity {
        uid: script.uid,
        gid: script.gid,
        groups: script.groups.clone(),
    };
    let command = Command {
        identity: switch_to(&identity),
        ..Command::new(script.argv.clone())
    };
    let ended = command
        .spawn()
        .and_then(|child| wait(stage, script, child, signals, alive));
    match ended {
        Ok(End::Exited(Exit::Code(0))) => sink.info(&format!("{name} script succeeded")),
        Ok(End::Exited(exit)) => {
            sink.log(Level::Warning, &format!("{name} script failed: {exit:?}"));
        }
        Ok(End::TimedOut) => sink.log(Level::Warning, &format!("{name} script timed out")),
        Ok(End::Interrupted) => {
            sink.info(&format!("{name} script ended by the request to stop"));
            return Outcome::Interrupted;
        }
        Err(error) => sink.error(&format!("{name} script: {error}")),
    }
    Outcome::Done
}

enum End {
    Exited(Exit),
    TimedOut,
    Interrupted,
}

/// A script whose time is over gets SIGTERM; one that does not care is killed when `child` is dropped.
fn wait(
    stage: Stage,
    script: &StageScript,
    mut child: Child,
    signals: &Signals,
    alive: &mut dyn FnMut(),
) -> Result<End, Error> {
    let poller = Poller::new()?;
    poller.add(child.process().as_fd(), CHILD, Interest::Read)?;
    // Nobody reads the signals of a shutdown: one that waits would wake us for ever.
    if stage == Stage::Startup {
        poller.add(signals.as_fd(), SIGNALS, Interest::Read)?;
    }
    if let Some(output) = child.output() {
        poller.add(output, OUTPUT, Interest::Read)?;
    }
    let mut deadline = now() + Micros(script.timeout_us);
    let mut given_up = None;
    let mut ready = ReadyList::new();
    loop {
        alive();
        let left = deadline.since(now()).min(TICK);
        let left = standfast_linux::clock::Micros(left.0);
        poller.wait(&mut ready, Wait::AtMost(left))?;
        // Its words are nobody's, but a full pipe would stop it.
        child.read_output()?;
        if let Some(exit) = child.process().exit()? {
            return Ok(given_up.unwrap_or(End::Exited(exit)));
        }
        let end = match now() >= deadline {
            true => Some(End::TimedOut),
            false if stage == Stage::Startup && asked_to_stop(signals) => Some(End::Interrupted),
            false => None,
        };
        match (end, given_up.take()) {
            (Some(_), Some(before)) => return Ok(before),
            (Some(end), None) => {
                child.kill_group(SIGTERM)?;
                deadline = now() + KILL_AFTER;
                given_up = Some(end);
            }
            (None, before) => given_up = before,
        }
    }
}

fn asked_to_stop(signals: &Signals) -> bool {
    let mut stop = false;
    while let Ok(Some(received)) = signals.read() {
        stop |= matches!(received.signal, Signal::Terminate | Signal::Interrupt);
    }
    stop
}

fn now() -> Instant {
    Instant(monotonic().0)
}
