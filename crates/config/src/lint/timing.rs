//! Checks that are slower than what they protect.

use super::{Lints, name};
use crate::diagnostic::Code;
use crate::model::{Version, VrrpInstance, VrrpScript};
use crate::span::Span;
use crate::units::Micros;

/// A tenth of a second in microseconds: nearer is not what people want to read.
const TENTH: u64 = 100_000;

impl Lints<'_> {
    /// A dead node is noticed within the down interval; a failed service should not take much longer.
    pub(super) fn timing(&mut self, instance: &VrrpInstance) {
        let down = down_interval(instance);
        for tracked in &instance.track_scripts {
            let Some(script) = self.scripts.get(tracked.name.value.as_str()) else {
                continue;
            };
            let Some(span) = slow_place(script) else {
                continue;
            };
            let to_fail = Micros(script.interval.get().saturating_mul(u64::from(script.fall)));
            if to_fail > down {
                let text = format!(
                    "`{}` takes up to {to_fail} to notice a failure (fall {} × interval {}); a dead node is noticed after about {} by the peers of `{}`",
                    script.name.value,
                    script.fall,
                    script.interval,
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

    pub(super) fn script_timing(&mut self, script: &VrrpScript) {
        let Some(span) = script.given.timeout else {
            return;
        };
        if script.timeout > script.interval {
            let text = format!(
                "`{}` may run for {} and is started every {}: while one run hangs the next ones are skipped",
                script.name.value, script.timeout, script.interval
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

/// Where the script says how slow it is.
fn slow_place(script: &VrrpScript) -> Option<Span> {
    script.given.interval.or(script.given.fall)
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
