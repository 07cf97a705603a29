//! A starting node that is alone serves early (`start_probe`, opt-in).
//!
//! ```text
//!  entered Backup                          interval + skew
//!  |---------------|-------------------------|----|
//!                probe                     probe  serve
//! ```
//!
//! For a whole interval and the skew nothing of its VRID was heard, and nobody answered for its first address: there
//! is no reason to wait for two intervals more. Any packet and any answer ends it, and the down timer decides as
//! always. Probes find the holder whose advertisements do not reach us.

use core::net::IpAddr;

use standfast_wire::MacAddress;

use super::{Effects, Router, State, Timer};
use crate::input::Output;
use crate::journal::{Cause, Event};
use crate::time::{Instant, Micros};

/// An answer has so long to come.
const ANSWER_TIME: Micros = Micros::from_millis(100);
/// With short intervals: this part of the time.
const ANSWER_SHARE: u64 = 4;

/// How far the probing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum StartProbe {
    /// It does not probe, or no longer.
    #[default]
    Off,
    /// The first probe comes next.
    First { serve: Instant },
    /// The second one comes next.
    Second { serve: Instant },
    /// The answer to the second one is waited for.
    Answer,
}

impl Router {
    /// It has begun to listen. Over unicast peers may be behind a router, where nobody hears a probe; an owner of the
    /// addresses and whoever waits for the host (`vrrp_startup_delay`) have timers of their own.
    pub(super) fn begin_start_probe(&mut self, fx: &mut Effects<'_>) {
        let wanted =
            self.spec.rules.start_probe && self.spec.unicast.is_none() && self.hold.is_none();
        if !wanted || self.state != State::Backup || fx.now < self.not_before {
            return;
        }
        if self.probed_address(fx).is_some() {
            let time = self.spec.advert_interval.plus(self.skew());
            let serve = fx.now + time;
            self.start_probe = StartProbe::First { serve };
            self.set_timer(Timer::StartProbe, fx.now + Micros(time.0 / 2));
        }
    }

    /// Somebody is there.
    pub(crate) fn end_start_probe(&mut self) {
        self.start_probe = StartProbe::Off;
        self.timers.remove(&Timer::StartProbe);
    }

    /// Somebody else answers for one of the addresses.
    pub(super) fn start_probe_answered(
        &mut self,
        address: IpAddr,
        mac: MacAddress,
        fx: &mut Effects<'_>,
    ) {
        if self.start_probe != StartProbe::Off {
            self.end_start_probe();
            self.event(Event::StartProbeAnswered { address, mac }, fx);
        }
    }

    pub(super) fn start_probe_timer(&mut self, due: Instant, fx: &mut Effects<'_>) {
        let probe = core::mem::take(&mut self.start_probe);
        // Whoever was late may not have heard either.
        let late = fx.now.since(due) >= self.answer_time();
        if late || !self.spec.rules.start_probe {
            return;
        }
        match probe {
            StartProbe::Off => {}
            StartProbe::First { serve } => {
                self.ask_for_holder(fx);
                self.start_probe = StartProbe::Second { serve };
                self.set_timer(Timer::StartProbe, serve - self.answer_time());
            }
            StartProbe::Second { serve } => {
                self.ask_for_holder(fx);
                self.start_probe = StartProbe::Answer;
                self.set_timer(Timer::StartProbe, serve);
            }
            StartProbe::Answer => self.claim(Cause::Alone, fx),
        }
    }

    fn answer_time(&self) -> Micros {
        let time = self.spec.advert_interval.plus(self.skew());
        ANSWER_TIME.min(Micros(time.0 / ANSWER_SHARE))
    }

    fn ask_for_holder(&self, fx: &mut Effects<'_>) {
        if let Some((interface, address)) = self.probed_address(fx) {
            fx.outputs.push_back(Output::Probe { interface, address });
        }
    }
}
