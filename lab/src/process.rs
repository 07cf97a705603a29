//! Programs that run in a host.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::channel::Channel;
use crate::error::LabError;
use crate::moment::Moment;
use crate::protocol::{ExitState, RequestBody};

/// How long output that was printed before a program's end may take to arrive.
const LATE_OUTPUT_LIMIT: Duration = Duration::from_millis(200);

/// What a command printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: ExitState,
    /// Its standard output.
    pub output: String,
    /// Its standard error output.
    pub error: String,
}

impl Output {
    /// Whether it ended with status 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status == ExitState::Code(0)
    }
}

/// A program that runs in a host. Dropping it kills it; its host's end does as well.
pub struct Process {
    channel: Arc<Channel>,
    pid: i32,
    name: String,
}

impl Process {
    pub(crate) fn new(channel: Arc<Channel>, pid: i32, name: &str) -> Self {
        Self {
            channel,
            pid,
            name: name.to_owned(),
        }
    }

    /// Its process id inside its host.
    #[must_use]
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// All it has printed so far, both streams in the order of arrival (the last MiB).
    #[must_use]
    pub fn log(&self) -> String {
        self.channel.record(self.pid).log
    }

    /// How it ended and when the lab heard of it; `None` while it runs.
    #[must_use]
    pub fn ended(&self) -> Option<(ExitState, Moment)> {
        self.channel.record(self.pid).ended
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// If it is gone or the agent is.
    pub fn signal(&self, signal: Signal) -> Result<(), LabError> {
        let body = RequestBody::Signal {
            pid: Some(self.pid),
            signal: signal as i32,
        };
        self.channel
            .ask(&format!("send {signal} to {}", self.name), body)
            .map(drop)
    }

    /// Waits for its end, and a moment for the rest of its output.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] if it still runs after `limit`.
    pub fn wait(&self, limit: Duration) -> Result<ExitState, LabError> {
        let awaited = format!("the end of {}", self.name);
        let ended = self
            .channel
            .watch(self.pid, &awaited, limit, |record| record.ended)?;
        // A program that it left behind may keep the streams open: then what is there must do.
        let both_closed =
            |record: &crate::channel::ProcessRecord| (record.closed_streams >= 2).then_some(());
        let _ = self
            .channel
            .watch(self.pid, "its last output", LATE_OUTPUT_LIMIT, both_closed);
        Ok(ended.0)
    }

    /// Waits until it has printed `text`.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] if it has not within `limit`.
    pub fn wait_for_log(&self, text: &str, limit: Duration) -> Result<(), LabError> {
        let awaited = format!("\"{text}\" in the log of {}", self.name);
        self.channel.watch(self.pid, &awaited, limit, |record| {
            record.log.contains(text).then_some(())
        })
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] if it still runs after `limit`.
    pub fn stop(&self, limit: Duration) -> Result<ExitState, LabError> {
        self.signal(Signal::SIGTERM)?;
        self.wait(limit)
    }

    /// Waits for its end and for the rest of its output.
    pub(crate) fn into_output(self, limit: Duration) -> Result<Output, LabError> {
        let status = self.wait(limit)?;
        let record = self.channel.record(self.pid);
        Ok(Output {
            status,
            output: record.output,
            error: record.error,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            // It may have ended just now, and the host may be gone: both are what is wanted.
            let _ = self.signal(Signal::SIGKILL);
        }
    }
}
