//! `interface_up_down_delays`: a delay must end before peers miss the advertisements.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::{InterfaceDelay, VrrpInstance};
use crate::parse::Parsed;
use crate::units::Micros;

/// What is left of the limit is short of it by this part of the interval, the skew time of the highest priority.
const SKEW_PARTS: u64 = 256;

impl Parsed<'_> {
    /// The delays, cut where an instance runs on the interface whose peers would not wait so long.
    ///
    /// keepalived says so at its start, and not under `-t`.
    pub(super) fn resolve_delays(&mut self, instances: &[VrrpInstance]) -> Vec<InterfaceDelay> {
        let mut delays = std::mem::take(&mut self.statics.delays);
        for delay in &mut delays {
            for instance in instances {
                let interface = instance.interface.as_ref();
                if interface.is_some_and(|interface| interface.value == delay.name.value) {
                    self.cut_delay(delay, instance);
                }
            }
        }
        delays
    }

    fn cut_delay(&mut self, delay: &mut InterfaceDelay, instance: &VrrpInstance) {
        let interval = instance.advert_int.get();
        let adverts = u64::from(instance.down_timer_adverts).saturating_sub(1);
        let limit = interval.saturating_mul(adverts);
        let longest = delay.down.max(delay.up);
        if longest == Micros::ZERO || longest.get() < limit {
            return;
        }
        let left = Micros(limit.saturating_sub(interval / SKEW_PARTS));
        let left = if adverts == 0 { Micros::ZERO } else { left };
        for time in [&mut delay.down, &mut delay.up] {
            if time.get() >= limit {
                *time = left;
            }
        }
        let text = format!(
            "a delay of {longest} is too long for `{}`: peers take over after {}; it is cut to {left}",
            instance.name.value,
            Micros(interval.saturating_mul(adverts + 1)),
        );
        let help = if adverts == 0 {
            "with `down_timer_adverts 1` there can be no delay".to_owned()
        } else {
            format!(
                "stay below {} ({adverts} times `advert_int`), or raise `down_timer_adverts`",
                Micros(limit)
            )
        };
        let place = instance.given.advert_int.unwrap_or(instance.name.span);
        let diagnostic = Diagnostic::warning(Code::OutOfRange, delay.name.span, text)
            .label(place, "the instance whose advertisements are waited for")
            .help(help);
        self.reader.sink.push(diagnostic);
    }
}
