//! The clock that signed advertisements need, and the priority that short intervals need.

use standfast_config::{AntiReplay, Code, Config, Diagnostic, Hmac, Micros, Span};
use standfast_linux::clock;

/// Below this interval a few tenths of a second of silence make others take over.
const SHORT: Micros = Micros::from_millis(100);

pub(super) fn findings(config: &Config) -> Vec<Diagnostic> {
    let kept = clock::is_kept_right().unwrap_or(true);
    let mut found: Vec<Diagnostic> = clock_finding(config, kept).into_iter().collect();
    found.extend(priority_finding(config));
    found
}

fn clock_finding(config: &Config, kept_right: bool) -> Option<Diagnostic> {
    let mut instances = config.instances.iter();
    let by_time = |hmac: &Hmac| hmac.anti_replay == AntiReplay::Time;
    let signed = instances.find(|one| one.hmac.as_ref().is_some_and(by_time))?;
    let span = signed.name.span;
    let text = format!(
        "nobody keeps this host's clock right: when it has drifted by more than `time_window`, the signed advertisements of `{}` are refused",
        signed.name.value
    );
    let help = "timedatectl set-ntp true, or start chrony or ntpd";
    (!kept_right).then(|| Diagnostic::warning(Code::ClockNotKept, span, text).help(help))
}

fn priority_finding(config: &Config) -> Option<Diagnostic> {
    let instances = config.instances.iter();
    let shortest = instances.min_by_key(|one| one.advert_int)?;
    if shortest.advert_int >= SHORT || config.global.vrrp_process.realtime.is_some() {
        return None;
    }
    let text = format!(
        "`{}` advertises every {} ms, and the daemon has no real-time priority: on a busy host others take over without need",
        shortest.name.value,
        shortest.advert_int.0 / 1_000
    );
    let help = "`vrrp_rt_priority 50` and `vrrp_no_swap` in global_defs";
    let span: Span = shortest.name.span;
    Some(Diagnostic::note(Code::OrdinaryPriority, span, text).help(help))
}

#[cfg(test)]
mod tests {
    use super::super::tests::instance;
    use super::*;

    const VIP: &str = "version 3\nvirtual_ipaddress {\n192.0.2.100/24\n}\n";

    #[test]
    fn a_clock_matters_to_signed_advertisements_alone() {
        let signed = |more: &str| {
            let key = "key 1 0123456789abcdef0123456789abcdef\nactive_key 1\n";
            instance(&format!("{VIP}auth_hmac {{\n{key}{more}}}\n"))
        };
        let by_number = signed("anti_replay monotonic\n");
        let signed = signed("");
        assert!(signed.instances[0].hmac.is_some() && by_number.instances[0].hmac.is_some());
        assert!(clock_finding(&by_number, false).is_none());
        assert!(clock_finding(&signed, false).is_some());
        assert!(clock_finding(&signed, true).is_none());
        assert!(clock_finding(&instance(VIP), false).is_none());
    }

    #[test]
    fn short_intervals_want_a_real_time_priority() {
        let config = |lines: &str| instance(&format!("{VIP}{lines}"));
        assert!(priority_finding(&config("advert_int 0.05\n")).is_some());
        assert!(priority_finding(&config("advert_int 0.1\n")).is_none());
        let mut prepared = config("advert_int 0.05\n");
        prepared.global.vrrp_process.realtime =
            Some(standfast_config::Spanned::new(50, Span::default()));
        assert!(priority_finding(&prepared).is_none());
    }
}
