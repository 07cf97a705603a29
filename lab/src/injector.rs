//! Sends forged frames from a host.

use std::time::Duration;

use crate::error::LabError;
use crate::frame::to_hex;
use crate::host::Host;
use crate::instrument::Instrument;

/// How much longer than asked for a run may take before it counts as hung.
const GRACE: Duration = Duration::from_secs(5);

/// What a flood came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How many frames were sent.
    pub frames: u64,
    /// CPU time of the sender. With virtual cables the kernel delivers in the sender's time: it holds what filters and sockets of the
    /// receivers cost.
    pub cpu: Duration,
}

impl Sent {
    fn parse(line: &str) -> Option<Self> {
        let (frames, cpu) = line.split_once(' ')?;
        Some(Self {
            frames: frames.parse().ok()?,
            cpu: Duration::from_nanos(cpu.parse().ok()?),
        })
    }
}

/// A flood that is being sent. Dropping it ends it.
pub struct Injector {
    instrument: Instrument<Option<Sent>>,
    duration: Duration,
}

impl Injector {
    /// Sends `frames` in turn on a host's `eth0`, `rate` of them a second (up to 100,000), for `duration` (up to two minutes).
    ///
    /// # Errors
    /// If the instrument does not start.
    pub fn start(
        host: &Host,
        frames: &[Vec<u8>],
        rate: u32,
        duration: Duration,
    ) -> Result<Self, LabError> {
        let mut command = host.entry().instrument(host.outer_pid(), "inject");
        command.args(["eth0", &rate.to_string(), &duration.as_millis().to_string()]);
        command.args(frames.iter().map(|frame| to_hex(frame)));
        let instrument = Instrument::start(command, |sent, line| *sent = Sent::parse(line))?;
        Ok(Self {
            instrument,
            duration,
        })
    }

    /// Waits for the end and says how many frames were sent.
    ///
    /// # Errors
    /// If a limit was exceeded or the instrument failed.
    pub fn finish(self) -> Result<u64, LabError> {
        self.finish_with_cost().map(|sent| sent.frames)
    }

    /// The same, with the CPU time that sending took.
    ///
    /// # Errors
    /// As [`Injector::finish`].
    pub fn finish_with_cost(mut self) -> Result<Sent, LabError> {
        self.instrument
            .wait_for("the flood's end", self.duration + GRACE, |sent| *sent)
    }
}
