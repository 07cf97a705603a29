//! What only the running daemon knows.

use std::time::Duration;

use jiff::tz::TimeZone;
use standfast_api::explain::Problem;
use standfast_api::status::{Instance, State, Status};
use standfast_config::Config;

use super::remedy::Remedy;
use super::{Area, Finding, Level};
use crate::client::ClientError;
use crate::moments::{Present, span};
use crate::output::{count, listed};
use crate::problems::Problems;

/// Timers later than this are too late whatever the intervals, as the daemon's own warning has it.
const LATE: Duration = Duration::from_millis(50);
/// Part of the shortest down interval that a timer may be late.
const PART_OF_DOWN_INTERVAL: u64 = 4;
/// Names that a line lists.
const NAMES_SHOWN: usize = 4;
/// Problems that do not keep a failover from working now.
const MILD: [&str; 9] = [
    "never-heard",
    "no-virtual-address",
    "weight-too-small",
    "same-priority",
    "interval-differs",
    "peer-differs",
    "address-list-differs",
    "host-paused",
    "check-unusable",
];
/// Problems that other areas tell.
const TOLD_ELSEWHERE: [&str; 1] = ["address-deleted"];
/// Problems that are the same as a finding about the host.
const SAME: [(&str, &str); 1] = [("interface-down", "SF0408")];

fn warning(text: impl Into<String>, help: &str) -> Finding {
    Finding {
        level: Level::Warn,
        code: None,
        text: text.into(),
        remedy: Remedy::of_help(help),
    }
}

/// Whether it runs, and takes part.
pub(super) fn area(seen: &Result<Status, ClientError>) -> Area {
    let status = match seen {
        Ok(status) => status,
        Err(error) => {
            let said = error.to_string();
            let first = said.lines().next().unwrap_or_default();
            let found = Finding {
                level: Level::Bad,
                code: None,
                text: format!("{first}; what it knows is missing below"),
                remedy: remedy(error),
            };
            return Area::new("daemon", "does not answer", vec![found]);
        }
    };
    let node = &status.node;
    let mut findings = Vec::new();
    if let Some(drain) = &node.drain {
        let text = format!(
            "this node is drained by {}: it takes {}",
            drain.who,
            match drain.hard {
                true => "nothing over at all (--hard), also where nobody else serves",
                false => "over only as the last resort",
            }
        );
        findings.push(warning(text, "standfast resume"));
    }
    let present = Present {
        now_us: node.now_us,
        zone: TimeZone::system(),
    };
    for check in &status.checks {
        if let Some(pause) = &check.paused {
            let text = format!(
                "check {}: {}",
                check.name,
                present.pause(&check.name, pause)
            );
            findings.push(warning(text, &format!("standfast unpause {}", check.name)));
        }
    }
    if node.stopping {
        findings.push(warning(
            "the daemon is about to end",
            "systemctl start standfast",
        ));
    }
    let text = format!("standfast {} runs as process {}", node.version, node.pid);
    Area::new("daemon", text, findings)
}

/// What lets the daemon be asked.
fn remedy(error: &ClientError) -> Remedy {
    Remedy::of_help(match error {
        ClientError::NotRunning(_) | ClientError::Stale(_) | ClientError::Ended => {
            "systemctl start standfast"
        }
        ClientError::Denied(..)
        | ClientError::Refused {
            status: 401 | 403, ..
        } => "sudo standfast doctor",
        ClientError::NoSocket(_) | ClientError::Several(_) => {
            "say which one is meant with --socket PATH"
        }
        ClientError::Connect(..)
        | ClientError::TimedOut(..)
        | ClientError::Broken(..)
        | ClientError::TooLong(_)
        | ClientError::NotUnderstood(..)
        | ClientError::Refused { .. } => "look at `systemctl status standfast` and its log",
    })
}

/// Addresses that something on this host deletes.
pub(super) fn deleted(status: &Status) -> Vec<Finding> {
    let all = problems(status, &Problems::new(None)).into_iter();
    let deleted = all.filter(|(_, problem)| TOLD_ELSEWHERE.contains(&problem.kind.as_str()));
    deleted
        .map(|(instance, problem)| finding(instance, &problem))
        .collect()
}

fn problems<'s>(status: &'s Status, told: &Problems<'_>) -> Vec<(&'s Instance, Problem)> {
    let all = status.instances.iter().flat_map(|instance| {
        let problems = told.of(status, instance).into_iter();
        problems.map(move |problem| (instance, problem))
    });
    all.collect()
}

fn finding(instance: &Instance, problem: &Problem) -> Finding {
    let level = match MILD.contains(&problem.kind.as_str()) {
        true => Level::Warn,
        false => Level::Bad,
    };
    Finding {
        level,
        code: None,
        text: format!("{}: {}", instance.name, problem.text),
        remedy: problem
            .fix
            .as_deref()
            .map(Remedy::of_help)
            .unwrap_or_default(),
    }
}

/// What is heard of the others, and what is wrong with instances. `codes`: of what was found already.
pub(super) fn network(status: &Status, told: &Problems<'_>, codes: &[&str]) -> Area {
    let all = problems(status, told).into_iter();
    let here = all.filter(|(_, problem)| {
        let kind = problem.kind.as_str();
        let is_told = SAME
            .iter()
            .any(|(same, code)| *same == kind && codes.contains(code));
        !is_told && !TOLD_ELSEWHERE.contains(&kind)
    });
    let mut findings: Vec<Finding> = Vec::new();
    for (instance, problem) in here {
        let one = finding(instance, &problem);
        findings.push(one);
    }
    Area::new("network", heard(status), findings)
}

/// Since when and where others were heard: multicast that a switch does not forward is heard nowhere.
fn heard(status: &Status) -> String {
    let multicast = |one: &&Instance| !one.unicast;
    let links: Vec<&str> = status
        .interfaces
        .iter()
        .map(|link| link.name.as_str())
        .filter(|name| {
            let mut on_it = status.instances.iter().filter(multicast);
            let spoken = on_it.any(|one| one.interface == *name && !one.speakers.is_empty());
            spoken || status.strangers.iter().any(|one| one.interface == *name)
        })
        .collect();
    let masters = status
        .instances
        .iter()
        .filter(|one| one.state == State::Master);
    let part = format!(
        "{} of {} here",
        masters.count(),
        count(status.instances.len(), "instance")
    );
    let peers = count(status.peers.len(), "other Standfast node");
    match links.is_empty() {
        true => format!("master of {part}; {peers}; no advertisement of others was heard so far"),
        false => format!(
            "master of {part}; {peers}; advertisements of others are heard on {}",
            listed(links, NAMES_SHOWN)
        ),
    }
}

fn time(duration: Duration) -> String {
    span(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// Whether its timers come in time.
pub(super) fn timers(status: &Status, config: &Config) -> Area {
    let worst = Duration::from_micros(status.timing.worst_us);
    let shortest = status
        .instances
        .iter()
        .map(|one| one.down_interval_us)
        .min();
    let part = shortest.map(|down| Duration::from_micros(down / PART_OF_DOWN_INTERVAL));
    let limit = part.map_or(LATE, |part| part.min(LATE));
    let text = format!("timers were {} late at most since the start", time(worst));
    let mut findings = Vec::new();
    if worst > limit {
        let help = match config.global.vrrp_process.realtime {
            None => {
                "`vrrp_rt_priority 50` and `vrrp_no_swap` in global_defs let the daemon run first"
            }
            Some(_) => {
                "although it has real-time priority: look for a virtual machine that is paused, or a processor that others occupy"
            }
        };
        let said = format!(
            "{text}: more than {}, and other nodes take over without need",
            time(limit)
        );
        findings.push(warning(said, help));
    }
    Area::new("timers", text, findings)
}
