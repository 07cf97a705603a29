//! The judgement of `check --host` on the configuration in force, by subject.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use standfast_api::status::Status;
use standfast_config::{Code, Config, Diagnostic, Loaded, Severity};
use standfast_daemon::{HostEnvironment, host, is_root};

use super::clock::Clock;
use super::remedy::Remedy;
use super::{Area, Finding, Level};
use crate::output::count;

/// A file's time and the daemon's clock are read one after the other.
const SAME_MOMENT: Duration = Duration::from_secs(2);

/// A subject of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Interfaces,
    Firewall,
    Kernel,
    Programs,
    Clock,
    Priority,
}

/// The subject of which more is known than the configuration's judges say.
const CLOCK: &str = "clock";

/// Every subject with its name, and what it is like where nothing is found.
const SUBJECTS: [(Subject, &str, &str); 6] = [
    (
        Subject::Interfaces,
        "interfaces",
        "up, with an address to send from; no link bounces",
    ),
    (
        Subject::Firewall,
        "firewall",
        "lets VRRP (IP protocol 112, or 51 with AH) and the peer channel pass",
    ),
    (
        Subject::Kernel,
        "kernel settings",
        "arp_ignore, arp_filter, rp_filter, promote_secondaries, disable_ipv6, ip_nonlocal_bind do no harm",
    ),
    (
        Subject::Programs,
        "other programs",
        "no other VRRP daemon runs, no network manager deletes addresses",
    ),
    (Subject::Clock, CLOCK, "is kept right, or nothing needs it"),
    (
        Subject::Priority,
        "priority",
        "is enough for the configured intervals",
    ),
];

/// What a finding is about; none: about the text of the configuration.
fn subject(code: Code) -> Option<Subject> {
    Some(match code {
        Code::InterfaceNotReady | Code::BridgeWaits | Code::LinkBounces => Subject::Interfaces,
        Code::FirewallDrops | Code::PeerChannelBlocked => Subject::Firewall,
        Code::ArpNotAnswered
        | Code::ArpFiltered
        | Code::ArpTwice
        | Code::StrictReversePath
        | Code::SecondariesNotPromoted
        | Code::Ipv6Disabled
        | Code::BoundToAddress => Subject::Kernel,
        Code::SecondDaemon | Code::NetworkdRemoves | Code::NetworkManagerRemoves => {
            Subject::Programs
        }
        Code::ClockNotKept => Subject::Clock,
        Code::OrdinaryPriority => Subject::Priority,
        _ => return None,
    })
}

/// Whether a subject of this host has it.
#[cfg(test)]
pub(super) fn is_about_host(code: Code) -> bool {
    subject(code).is_some()
}

fn finding(found: &Diagnostic) -> Finding {
    let level = match found.severity {
        Severity::Error | Severity::Warning => Level::Bad,
        Severity::Note => Level::Warn,
    };
    Finding {
        level,
        code: Some(found.code.as_str()),
        text: found.message.clone(),
        remedy: found
            .help
            .as_deref()
            .map(Remedy::of_help)
            .unwrap_or_default(),
    }
}

/// One area for each subject.
pub(super) fn areas(
    loaded: &Loaded,
    environment: &HostEnvironment,
    status: Option<&Status>,
) -> Vec<Area> {
    if let Some(finding) = unjudged(&loaded.config) {
        return vec![Area::new("host", "", vec![finding])];
    }
    let found = host::findings(&loaded.config, environment);
    let mut areas = areas_of(&found, is_root(), status);
    let clock = Clock::look(&loaded.config, status);
    for area in areas.iter_mut().filter(|area| area.name == CLOCK) {
        let mut findings = std::mem::take(&mut area.findings);
        findings.extend(clock.finding());
        *area = Area::new(CLOCK, clock.text(), findings);
    }
    areas
}

/// Why this host can't be judged by the configuration.
fn unjudged(config: &Config) -> Option<Finding> {
    let (text, help) = match host::other_namespace(config) {
        Some(namespace) => {
            let name = &namespace.value;
            (
                format!(
                    "the daemon runs in the network namespace `{name}`: from here it is not looked at"
                ),
                format!("ip netns exec {name} standfast doctor"),
            )
        }
        None if config.instances.is_empty() => (
            "there is no instance that this host could be judged by".to_owned(),
            "name the file of the configuration with `--file FILE`; `standfast check FILE` says what is wrong with it".to_owned(),
        ),
        None => return None,
    };
    Some(Finding {
        level: Level::Warn,
        code: None,
        text,
        remedy: Remedy::of_help(&help),
    })
}

/// See [`areas`]; apart from what is asked of the host.
pub(super) fn areas_of(found: &[Diagnostic], is_root: bool, status: Option<&Status>) -> Vec<Area> {
    let all = SUBJECTS.iter().map(|(subject, name, text)| {
        let of_it = found
            .iter()
            .filter(|one| self::subject(one.code) == Some(*subject));
        let mut findings: Vec<Finding> = of_it.map(finding).collect();
        if *subject == Subject::Firewall && !is_root {
            findings.push(Finding {
                level: Level::Warn,
                code: None,
                text: "the rules of the firewall can be read by root only: not looked at"
                    .to_owned(),
                remedy: Remedy::of_help("sudo standfast doctor"),
            });
        }
        if *subject == Subject::Programs {
            findings.extend(status.into_iter().flat_map(super::daemon::deleted));
        }
        Area::new(name, *text, findings)
    });
    all.collect()
}

/// The first of the worst findings, with its line.
fn first(loaded: &Loaded) -> Option<String> {
    let of = |severity| {
        let mut all = loaded.diagnostics.iter();
        all.find(|found| found.severity == severity)
    };
    let found = of(Severity::Error).or_else(|| of(Severity::Warning))?;
    Some(format!("{} [{}]", found.message, found.code.as_str()))
}

/// The text of the configuration, and whether it is the one in force.
pub(super) fn configuration(files: &[PathBuf], loaded: &Loaded, status: Option<&Status>) -> Area {
    let shown = files
        .first()
        .map(|file| file.display().to_string())
        .unwrap_or_default();
    // What matches a pattern is no file of that name.
    let missing = files
        .iter()
        .find(|file| !file.exists() && loaded.has_errors());
    let mut findings = Vec::new();
    let of = |severity| {
        let all = loaded.diagnostics.iter();
        all.filter(|found| found.severity == severity).count()
    };
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    if let Some(file) = missing {
        findings.push(Finding {
            level: Level::Bad,
            code: None,
            text: format!("{} does not exist", file.display()),
            remedy: Remedy::advice("name the file of the configuration: `--file FILE`"),
        });
    } else if errors + warnings > 0 {
        let first = first(loaded).map_or_else(String::new, |said| format!(": {said}"));
        findings.push(Finding {
            level: if errors > 0 { Level::Bad } else { Level::Warn },
            code: None,
            text: match (errors, warnings) {
                (errors, 0) => format!("{shown} has {}{first}", count(errors, "error")),
                (0, warnings) => format!("{shown} has {}{first}", count(warnings, "warning")),
                (errors, warnings) => format!(
                    "{shown} has {} and {}{first}",
                    count(errors, "error"),
                    count(warnings, "warning")
                ),
            },
            remedy: Remedy::advice(&format!("`standfast check {shown}` names them")),
        });
    }
    let in_force =
        status.map(|status| UNIX_EPOCH + Duration::from_micros(status.node.configured_us));
    let changed = files.iter().find(|file| {
        let modified = fs::metadata(file).and_then(|data| data.modified()).ok();
        modified > in_force.map(|moment| moment + SAME_MOMENT)
    });
    if let Some(file) = changed.filter(|_| status.is_some()) {
        findings.push(Finding {
            level: Level::Warn,
            code: None,
            text: format!(
                "{} was changed after the daemon has read it",
                file.display()
            ),
            remedy: Remedy::of_help(
                "standfast reload, or `standfast reload --plan` to see what would change",
            ),
        });
    }
    let instances = count(loaded.config.instances.len(), "instance");
    Area::new("configuration", format!("{shown}: {instances}"), findings)
}
