//! VRRP daemons that run on this host already.

use standfast_config::{Code, Config, Diagnostic, Span};

use crate::running::{Running, running_daemons};

/// Two daemons, or one that is not Standfast: both would take the addresses from each other.
pub(super) fn findings(config: &Config) -> Vec<Diagnostic> {
    let Some(first) = config.instances.first() else {
        return Vec::new();
    };
    judge(&running_daemons(), first.name.span)
}

/// Whether some VRRP daemon runs in this network namespace.
pub(crate) fn runs_here() -> bool {
    !running_daemons().is_empty()
}

fn judge(running: &[Running], place: Span) -> Vec<Diagnostic> {
    // Whatever runs beside Standfast is what goes.
    let other = running.iter().find(|one| !one.is_standfast);
    let stop = |one: &Running| {
        let (name, path) = (one.name, one.path);
        format!("systemctl disable --now {name} || kill $(cat {path})")
    };
    let names: Vec<String> = running
        .iter()
        .map(|one| format!("{} (process {}, {})", one.name, one.pid, one.path))
        .collect();
    match running {
        [] => Vec::new(),
        [one] if one.is_standfast => Vec::new(),
        [one] => {
            let text = format!("another VRRP daemon runs on this host: {}", names.join(""));
            let help = format!(
                "{}, before Standfast starts with this file, or both take the addresses from each other",
                stop(one)
            );
            vec![Diagnostic::note(Code::SecondDaemon, place, text).help(help)]
        }
        [_, _, ..] => {
            let text = format!(
                "several VRRP daemons run on this host: {}",
                names.join(", ")
            );
            let all_but_one = "stop and disable all but one".to_owned();
            let help = format!(
                "{}, or with the same file they take the addresses from each other",
                other.map_or(all_but_one, stop)
            );
            vec![Diagnostic::warning(Code::SecondDaemon, place, text).help(help)]
        }
    }
}

#[cfg(test)]
mod tests {
    use standfast_config::Severity;

    use super::*;

    fn daemon(pid: u32, is_standfast: bool) -> Running {
        Running {
            pid,
            path: "/run/x.pid",
            name: "keepalived",
            is_standfast,
        }
    }

    #[test]
    fn one_standfast_is_normal_a_keepalived_is_news_and_two_are_too_many() {
        let severity = |running: &[Running]| {
            let found = judge(running, Span::default());
            found.first().map(|found| found.severity)
        };
        assert_eq!(severity(&[]), None);
        assert_eq!(severity(&[daemon(1, true)]), None);
        assert_eq!(severity(&[daemon(1, false)]), Some(Severity::Note));
        let two = [daemon(1, true), daemon(2, false)];
        assert_eq!(severity(&two), Some(Severity::Warning));
    }
}
