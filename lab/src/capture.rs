//! The ARP and VRRP frames that a host sees, and the messages of the peer channel.

use std::sync::Mutex;
use std::time::Duration;

use crate::channel::lock;
use crate::error::LabError;
use crate::frame::{Frame, MacAddress, from_hex};
use crate::host::Host;
use crate::instrument::Instrument;
use crate::moment::Moment;
use crate::peer_message::PeerMessage;

/// Most frames that are kept; later ones are only counted.
const MAX_FRAMES: usize = 500_000;

/// Most messages of the peer channel that are kept.
const MAX_MESSAGES: usize = 50_000;

/// How long the instrument may take to start.
const START_LIMIT: Duration = Duration::from_secs(5);

/// Watches the interfaces of a host, in what it receives and in what it sends.
pub struct Capture {
    instrument: Mutex<Instrument<Frames>>,
}

#[derive(Default)]
struct Frames {
    ready: bool,
    kept: Vec<Frame>,
    messages: Vec<PeerMessage>,
}

impl Capture {
    /// Starts watching.
    ///
    /// # Errors
    /// If the instrument does not start.
    pub fn start(host: &Host) -> Result<Self, LabError> {
        Self::of_senders(host, &[])
    }

    /// Starts watching what these MAC addresses send, and nobody else: a flood from elsewhere costs nothing then.
    ///
    /// # Errors
    /// If the instrument does not start.
    pub fn of_senders(host: &Host, senders: &[MacAddress]) -> Result<Self, LabError> {
        let mut command = host.entry().instrument(host.outer_pid(), "capture");
        command.args(senders.iter().map(ToString::to_string));
        let mut instrument = Instrument::start(command, Frames::take_in)?;
        instrument.wait_for("the capture's start", START_LIMIT, |frames: &Frames| {
            frames.ready.then_some(())
        })?;
        Ok(Self {
            instrument: Mutex::new(instrument),
        })
    }

    /// The frames seen from `from` on that `wanted` picks, in the order of arrival.
    #[must_use]
    pub fn frames(&self, from: Moment, wanted: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        lock(&self.instrument).look(|frames| {
            frames
                .kept
                .iter()
                .filter(|frame| frame.time >= from && wanted(frame))
                .copied()
                .collect()
        })
    }

    /// The messages of the peer channel seen from `from` on that `wanted` picks, in the order of arrival.
    #[must_use]
    pub fn messages(
        &self,
        from: Moment,
        wanted: impl Fn(&PeerMessage) -> bool,
    ) -> Vec<PeerMessage> {
        lock(&self.instrument).look(|frames| {
            let messages = frames.messages.iter();
            let wanted = messages.filter(|message| message.time >= from && wanted(message));
            wanted.cloned().collect()
        })
    }

    /// Waits for the first frame from `from` on that `wanted` picks.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] if there is none within `limit` from now.
    pub fn first(
        &self,
        awaited: &str,
        from: Moment,
        limit: Duration,
        wanted: impl Fn(&Frame) -> bool,
    ) -> Result<Frame, LabError> {
        let mut seen = 0;
        lock(&self.instrument).wait_for(awaited, limit, |frames: &Frames| {
            let fresh = frames.kept.get(seen..).unwrap_or_default();
            seen = frames.kept.len();
            fresh
                .iter()
                .find(|frame| frame.time >= from && wanted(frame))
                .copied()
        })
    }
}

impl Frames {
    fn take_in(&mut self, line: &str) {
        if line == "ready" {
            self.ready = true;
            return;
        }
        let Some((time, bytes)) = line.split_once(' ') else {
            return;
        };
        let Some((time, bytes)) = time.parse().ok().zip(from_hex(bytes)) else {
            return;
        };
        let time = Moment::from_nanoseconds(time);
        if let Some(frame) = Frame::parse(time, &bytes) {
            if self.kept.len() < MAX_FRAMES {
                self.kept.push(frame);
            }
        } else if let (Some(message), true) = (
            PeerMessage::parse(time, bytes),
            self.messages.len() < MAX_MESSAGES,
        ) {
            self.messages.push(message);
        }
    }
}
