//! Fast detection: whether it can do anything, and whether this host keeps pace with it.

use super::{Lints, name};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{FastDetect, VrrpInstance};
use crate::span::Span;
use crate::units::Micros;

/// A host that is busy, or a guest of one that is, is late by as much now and then.
const DEMANDING: Micros = Micros::from_millis(20);
/// The same without real-time priority.
const DEMANDING_UNSCHEDULED: Micros = Micros::from_millis(30);

impl Lints<'_> {
    /// What is set for all instances is judged once.
    pub(super) fn fast_detection(&mut self) {
        let global = &self.config.global.peer_channel;
        let Some(given) = global.fast_detect else {
            return;
        };
        let mut instances = self.config.instances.iter();
        let used = instances.any(|one| one.peer_channel.is_some());
        if !used && !self.config.instances.is_empty() {
            let text = "`fast_detect` has no effect: no instance takes part in the peer channel";
            let help = "remove it, or the `peer_channel off` or strict mode that takes them out";
            self.without_effect(given.span, text.to_owned(), help);
        } else {
            self.demanding(given.value, given.span);
        }
    }

    /// What is set in an instance.
    pub(super) fn fast_detection_of(&mut self, instance: &VrrpInstance) {
        let own = instance.given.fast_detect;
        let Some(channel) = &instance.peer_channel else {
            self.detection_without_channel(instance);
            return;
        };
        let Some(wanted) = channel.fast_detect else {
            return;
        };
        if let Some(span) = own {
            self.demanding(wanted, span);
        }
        let adverts = u64::from(instance.down_timer_adverts);
        let silence = Micros(instance.advert_int.get().saturating_mul(adverts));
        let place = own.or(self
            .config
            .global
            .peer_channel
            .fast_detect
            .map(|it| it.span));
        if let (true, Some(span)) = (wanted.patience() >= silence, place) {
            let text = format!(
                "`fast_detect` gains nothing for `{}`: {} of silence is no sooner than the {silence} after which advertisements are missed",
                name(instance),
                wanted.patience()
            );
            self.without_effect(span, text, "shorten it, or remove it");
        }
    }

    fn detection_without_channel(&mut self, instance: &VrrpInstance) {
        let Some(span) = instance.given.fast_detect else {
            return;
        };
        let why = match instance.strict {
            true => "strict mode has no peer channel",
            false => "`peer_channel` is off",
        };
        let text = format!("`fast_detect` of `{}` has no effect: {why}", name(instance));
        self.without_effect(span, text, "remove it");
    }

    fn demanding(&mut self, wanted: FastDetect, span: Span) {
        let scheduled = self.config.global.vrrp_process.realtime.is_some();
        let interval = wanted.interval;
        let (text, help) = if interval < DEMANDING {
            (
                format!(
                    "a busy host is late by {interval} now and then: nodes that doubt themselves detect nothing meanwhile"
                ),
                "50ms is soon enough for nearly all; on guests of a virtual host measure before you go below 20ms",
            )
        } else if interval < DEMANDING_UNSCHEDULED && !scheduled {
            (
                format!("other processes can hold up the daemon for {interval}"),
                "set `vrrp_rt_priority 50` and `vrrp_no_swap` in global_defs, or a longer time",
            )
        } else {
            return;
        };
        self.note(Code::FastDetectDemanding, span, text, help);
    }

    fn without_effect(&mut self, span: Span, text: String, help: &str) {
        self.say(Diagnostic::warning(Code::WithoutEffect, span, text).help(help));
    }
}
