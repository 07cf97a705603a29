//! Checks that are slower than what they protect.

use super::{Lints, name};
use crate::diagnostic::Code;
use crate::model::{Probe, ScriptGiven, Version, VrrpCheck, VrrpInstance, VrrpScript};
use crate::units::Micros;

/// A tenth of a second in microseconds: nearer is not what people want to read.
const TENTH: u64 = 100_000;

impl Lints<'_> {
    /// A dead node is noticed within the down interval; a failed service should not take much longer.
    pub(super) fn timing(&mut self, instance: &VrrpInstance) {
        let down = down_interval(instance);
        let scripts = instance.track_scripts.iter().filter_map(|tracked| {
            let script = self.scripts.get(tracked.name.value.as_str())?;
            Some(Pace::of_script(script))
        });
        let checks = instance.track_checks.iter().filter_map(|tracked| {
            let mut checks = self.config.checks.iter();
            let check = checks.find(|check| check.name.value == tracked.name.value)?;
            Pace::of_check(check)
        });
        for pace in scripts.chain(checks).collect::<Vec<_>>() {
            let Some(span) = pace.given.interval.or(pace.given.fall) else {
                continue;
            };
            let to_fail = Micros(pace.interval.get().saturating_mul(u64::from(pace.fall)));
            if to_fail > down {
                let text = format!(
                    "`{}` takes up to {to_fail} to notice a failure (fall {} × interval {}); a dead node is noticed after about {} by the peers of `{}`",
                    pace.name,
                    pace.fall,
                    pace.interval,
                    Micros(down.get() / TENTH * TENTH),
                    name(instance)
                );
                self.note(
                    Code::SlowCheck,
                    span,
                    text,
                    "a shorter `interval` or a smaller `fall` moves the address sooner",
                );
            }
        }
    }

    pub(super) fn check_timing(&mut self, check: &VrrpCheck) {
        if let Some(pace) = Pace::of_check(check) {
            self.timeout_over_interval(&pace);
        }
    }

    pub(super) fn script_timing(&mut self, script: &VrrpScript) {
        self.timeout_over_interval(&Pace::of_script(script));
    }

    fn timeout_over_interval(&mut self, pace: &Pace<'_>) {
        let Some(span) = pace.given.timeout else {
            return;
        };
        if pace.timeout > pace.interval {
            let text = format!(
                "`{}` may run for {} and is started every {}: while one run hangs the next ones are skipped",
                pace.name, pace.timeout, pace.interval
            );
            self.warn(
                Code::TimeoutOverInterval,
                span,
                text,
                "make `timeout` at most as long as `interval`",
            );
        }
    }
}

/// How often something is looked at, and how long one look may take.
struct Pace<'c> {
    name: &'c str,
    interval: Micros,
    timeout: Micros,
    fall: u32,
    given: ScriptGiven,
}

impl<'c> Pace<'c> {
    fn of_script(script: &'c VrrpScript) -> Self {
        Pace {
            name: &script.name.value,
            interval: script.interval,
            timeout: script.timeout,
            fall: script.fall,
            given: script.given,
        }
    }

    /// The end of a process is noticed at once, whatever the interval.
    fn of_check(check: &'c VrrpCheck) -> Option<Self> {
        let asked = !matches!(check.probe, Probe::Process(_));
        asked.then_some(Pace {
            name: &check.name.value,
            interval: check.interval,
            timeout: check.timeout,
            fall: check.fall,
            given: check.given,
        })
    }
}

/// The time after which a Backup takes over from a silent Active (RFC 9568 §6.1).
fn down_interval(instance: &VrrpInstance) -> Micros {
    let interval = instance.advert_int.get();
    let behind = 256 - u64::from(instance.priority.get());
    let skew = match instance.version {
        Version::V2 => behind * 1_000_000 / 256,
        Version::V3 => behind * interval / 256,
    };
    Micros(interval * u64::from(instance.down_timer_adverts) + skew)
}
