//! Sends forged frames from a host.

use std::time::Duration;

use crate::error::LabError;
use crate::frame::to_hex;
use crate::host::Host;
use crate::instrument::Instrument;

/// How much longer than asked for a run may take before it counts as hung.
const GRACE: Duration = Duration::from_secs(5);

/// A flood that is being sent. Dropping it ends it.
pub struct Injector {
    instrument: Instrument<Option<u64>>,
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
        let instrument = Instrument::start(command, |sent, line| *sent = line.parse().ok())?;
        Ok(Self {
            instrument,
            duration,
        })
    }

    /// Waits for the end and says how many frames were sent.
    ///
    /// # Errors
    /// If a limit was exceeded or the instrument failed.
    pub fn finish(mut self) -> Result<u64, LabError> {
        self.instrument
            .wait_for("the flood's end", self.duration + GRACE, |sent| *sent)
    }
}
