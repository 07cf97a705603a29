//! What a client sees of an address: who answers, and for how long nobody does.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Duration;

use crate::channel::lock;
use crate::error::LabError;
use crate::frame::MacAddress;
use crate::host::Host;
use crate::instrument::Instrument;
use crate::moment::Moment;

/// Most answers that are kept per address: ten minutes of a probe every millisecond. Later ones are not recorded.
const MAX_ANSWERS: usize = 600_000;

/// How long after a moment its answers may arrive here on a loaded machine.
const REPORT_LIMIT: Duration = Duration::from_secs(5);

/// Longest silence of the control address that can still be subtracted; beyond it the machine did not run the probe.
const MAX_NOISE: Duration = Duration::from_millis(500);

/// An answer to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When the client's kernel got it.
    pub time: Moment,
    /// Which MAC address sent it (zero for the HTTP probe).
    pub mac: MacAddress,
}

/// Probes an address, and beside it a control address that no failover touches, from a client host.
pub struct Probe {
    instrument: Mutex<Instrument<Answers>>,
    address: IpAddr,
}

#[derive(Default)]
struct Answers {
    probed: Vec<Answer>,
    control: Vec<Answer>,
    complete_until: Option<Moment>,
}

impl Probe {
    /// Sends an ICMP echo request to both addresses every `period`.
    ///
    /// # Errors
    /// If the instrument does not start.
    pub fn icmp(
        client: &Host,
        address: impl Into<IpAddr>,
        control: impl Into<IpAddr>,
        period: Duration,
    ) -> Result<Self, LabError> {
        let (address, control) = (address.into(), control.into());
        let mut command = client.entry().instrument(client.outer_pid(), "probe");
        command
            .arg(period.as_micros().to_string())
            .arg(address.to_string())
            .arg(control.to_string());
        Self::start(command, address)
    }

    /// Fetches `http://ADDRESS:PORT/` every `period`, giving up on each attempt after `patience`. It has no control address.
    ///
    /// # Errors
    /// If the instrument does not start.
    pub fn http(
        client: &Host,
        address: Ipv4Addr,
        port: u16,
        period: Duration,
        patience: Duration,
    ) -> Result<Self, LabError> {
        let mut command = client.entry().instrument(client.outer_pid(), "http-probe");
        command
            .arg(period.as_millis().to_string())
            .arg(patience.as_millis().to_string());
        command.arg(address.to_string()).arg(port.to_string());
        Self::start(command, address.into())
    }

    fn start(command: std::process::Command, address: IpAddr) -> Result<Self, LabError> {
        let mut instrument = Instrument::start(command, Answers::take_in)?;
        instrument.wait_for("the probe's start", REPORT_LIMIT, |answers: &Answers| {
            answers.complete_until
        })?;
        Ok(Self {
            instrument: Mutex::new(instrument),
            address,
        })
    }

    /// Longest time without an answer that began before `to` and ended after `from`. A silence that lasts counts up to `to`.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] if the instrument hangs.
    pub fn gap(&self, from: Moment, to: Moment) -> Result<Duration, LabError> {
        self.complete(to)?;
        Ok(lock(&self.instrument).look(|answers| longest_gap(&answers.probed, from, to)))
    }

    /// The same for the control address: what the machine's own unrest makes of a gap.
    ///
    /// # Errors
    /// As [`Probe::gap`].
    pub fn control_gap(&self, from: Moment, to: Moment) -> Result<Duration, LabError> {
        self.complete(to)?;
        Ok(lock(&self.instrument).look(|answers| longest_gap(&answers.control, from, to)))
    }

    /// The gap less the control's gap.
    ///
    /// # Errors
    /// As [`Probe::gap`], and [`LabError::TooNoisy`] if the control shows that nothing was measured.
    pub fn net_gap(&self, from: Moment, to: Moment) -> Result<Duration, LabError> {
        let noise = self.control_gap(from, to)?;
        if noise > MAX_NOISE {
            return Err(LabError::TooNoisy { noise });
        }
        Ok(self.gap(from, to)?.saturating_sub(noise))
    }

    /// All answers of the address from `from` to `to`.
    ///
    /// # Errors
    /// As [`Probe::gap`].
    pub fn answers(&self, from: Moment, to: Moment) -> Result<Vec<Answer>, LabError> {
        self.complete(to)?;
        Ok(lock(&self.instrument).look(|answers| {
            answers
                .probed
                .iter()
                .copied()
                .filter(|answer| from <= answer.time && answer.time <= to)
                .collect()
        }))
    }

    /// Waits for the first answer after `from`.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] if there is none within `limit` from now.
    pub fn first_answer_after(&self, from: Moment, limit: Duration) -> Result<Answer, LabError> {
        let awaited = format!("an answer from {}", self.address);
        self.first_answer(&awaited, limit, |answer| answer.time > from)
    }

    /// Waits for the first answer that `mac` gives after `from`.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] if there is none within `limit` from now.
    pub fn first_answer_by(
        &self,
        mac: MacAddress,
        from: Moment,
        limit: Duration,
    ) -> Result<Answer, LabError> {
        let awaited = format!("an answer from {} at {mac}", self.address);
        self.first_answer(&awaited, limit, |answer| {
            answer.time > from && answer.mac == mac
        })
    }

    fn first_answer(
        &self,
        awaited: &str,
        limit: Duration,
        wanted: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, LabError> {
        // Answers come in the order of time: what was looked at once need not be looked at again.
        let mut seen = 0;
        lock(&self.instrument).wait_for(awaited, limit, |answers: &Answers| {
            let found = answers
                .probed
                .get(seen..)
                .and_then(|fresh| fresh.iter().find(|answer| wanted(answer)));
            seen = answers.probed.len();
            found.copied()
        })
    }

    /// Who answered last before `moment`.
    ///
    /// # Errors
    /// [`LabError::NoAnswer`] if nobody ever did.
    pub fn last_answer_before(&self, moment: Moment) -> Result<Answer, LabError> {
        self.complete(moment)?;
        let last = |answers: &Answers| {
            answers
                .probed
                .iter()
                .rev()
                .find(|answer| answer.time < moment)
                .copied()
        };
        lock(&self.instrument).look(last).ok_or(LabError::NoAnswer {
            address: self.address,
        })
    }

    /// Waits until everything that arrived before `moment` is known.
    fn complete(&self, moment: Moment) -> Result<(), LabError> {
        let limit = moment.since(Moment::now()) + REPORT_LIMIT;
        lock(&self.instrument).wait_for("the probe's report", limit, |answers: &Answers| {
            answers
                .complete_until
                .is_some_and(|until| until >= moment)
                .then_some(())
        })
    }
}

impl Answers {
    fn take_in(&mut self, line: &str) {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("t"), Some(time), None, None) => self.complete_until = moment(time),
            (Some("a"), Some(index), Some(time), Some(mac)) => {
                let list = if index == "0" {
                    &mut self.probed
                } else {
                    &mut self.control
                };
                if let (Some(time), Ok(mac), true) =
                    (moment(time), mac.parse(), list.len() < MAX_ANSWERS)
                {
                    list.push(Answer { time, mac });
                }
            }
            _ => {}
        }
    }
}

fn moment(text: &str) -> Option<Moment> {
    text.parse().ok().map(Moment::from_nanoseconds)
}

fn longest_gap(answers: &[Answer], from: Moment, to: Moment) -> Duration {
    let before = answers
        .iter()
        .rev()
        .find(|answer| answer.time <= from)
        .map_or(from, |answer| answer.time);
    let mut last = before;
    let mut longest = Duration::ZERO;
    for answer in answers.iter().filter(|answer| answer.time > before) {
        longest = longest.max(answer.time.since(last));
        last = answer.time;
        if answer.time > to {
            return longest;
        }
    }
    longest.max(to.since(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(times_ms: &[u64]) -> Vec<Answer> {
        let answer = |ms: &u64| Answer {
            time: at(*ms),
            mac: MacAddress([0; 6]),
        };
        times_ms.iter().map(answer).collect()
    }

    fn at(ms: u64) -> Moment {
        Moment::from_nanoseconds(ms * 1_000_000)
    }

    #[test]
    fn a_gap_is_measured_between_answers_also_across_the_windows_ends() {
        let seen = answers(&[10, 11, 50, 51, 90]);
        let gap = |from, to| longest_gap(&seen, at(from), at(to)).as_millis();
        assert_eq!(gap(10, 60), 39);
        assert_eq!(
            gap(20, 30),
            39,
            "the silence began before and ended after the window"
        );
        assert_eq!(
            gap(50, 51),
            39,
            "the next answer after the window ends a gap that began in it"
        );
        assert_eq!(
            gap(90, 200),
            110,
            "a silence that lasts counts up to the window's end"
        );
        assert_eq!(gap(0, 9), 10, "before the first answer there was none");
    }

    #[test]
    fn lines_of_the_instrument_are_read() {
        let mut read = Answers::default();
        for line in [
            "a 0 1000 02:00:00:00:00:01",
            "a 1 2000 02:00:00:00:00:fe",
            "t 3000",
            "nonsense",
            "a 0 x y",
        ] {
            read.take_in(line);
        }
        assert_eq!(read.probed.len(), 1);
        assert_eq!(read.control.len(), 1);
        assert_eq!(read.complete_until, Some(Moment::from_nanoseconds(3000)));
    }
}
