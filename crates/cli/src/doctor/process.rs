//! What the kernel grants the daemon's process.

use std::fs;
use std::path::{Path, PathBuf};

use standfast_api::status::Status;
use standfast_config::Config;

use super::remedy::Remedy;
use super::{Area, Finding, Level, scheduling};

/// Descriptors in hundredths of the limit, from which on it is near.
const NEAR: u64 = 80;
/// SCHED_FIFO and SCHED_RR (sched(7)).
const REAL_TIME: [u64; 2] = [1, 2];

/// What /proc says of a process; what it does not say is not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Process {
    /// Open descriptors, and how many there may be.
    descriptors: Option<(u64, u64)>,
    /// Memory that is locked, in kibibytes.
    locked: Option<u64>,
    /// Scheduling policy.
    policy: Option<u64>,
}

/// Limits, memory and scheduling of the process of the VRRP loop.
pub(super) fn area(status: &Status, config: &Config) -> Area {
    let folder = PathBuf::from(format!("/proc/{}", status.node.pid));
    let process = read(&folder);
    let settings = &config.global.vrrp_process;
    let wants = (settings.realtime.is_some(), settings.no_swap);
    Area::new("limits", text(process), judge(process, wants))
}

fn read(folder: &Path) -> Process {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let open = fs::read_dir(folder.join("fd")).ok();
    let open = open.and_then(|entries| u64::try_from(entries.count()).ok());
    let (limits, status, stat) = (text("limits"), text("status"), text("stat"));
    Process {
        descriptors: open.zip(limit(&limits, "Max open files")),
        locked: value(&status, "VmLck:"),
        policy: scheduling::policy(&stat),
    }
}

/// The soft limit in a line of /proc/PID/limits; none: it is unlimited.
pub(super) fn limit(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The number in a line of /proc/PID/status.
fn value(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn text(process: Process) -> String {
    match process.descriptors {
        Some((open, most)) => format!("{open} of {most} descriptors are open"),
        None => "can be read by root only: not looked at".to_owned(),
    }
}

/// `wants`: real-time priority, and memory that stays.
fn judge(process: Process, wants: (bool, bool)) -> Vec<Finding> {
    let bad = |text: String, help: &str| Finding {
        level: Level::Bad,
        code: None,
        text,
        remedy: Remedy::of_help(help),
    };
    let mut found = Vec::new();
    if let Some((open, most)) = process.descriptors
        && open.saturating_mul(100) >= most.saturating_mul(NEAR)
    {
        let text = format!(
            "{open} of {most} descriptors (RLIMIT_NOFILE) are open: more cannot be opened soon"
        );
        found.push(bad(
            text,
            "LimitNOFILE=65536 in the unit's [Service], then restart the daemon",
        ));
    }
    if wants.0
        && process
            .policy
            .is_some_and(|policy| !REAL_TIME.contains(&policy))
    {
        let text =
            "vrrp_rt_priority is configured, but the daemon has no real-time priority".to_owned();
        found.push(bad(
            text,
            "the unit must not take CAP_SYS_NICE away nor set LimitRTPRIO=0; `journalctl -u standfast` has the kernel's answer",
        ));
    }
    if wants.1 && process.locked == Some(0) {
        let text = "vrrp_no_swap is configured, but the daemon's memory is not locked".to_owned();
        found.push(bad(
            text,
            "LimitMEMLOCK=infinity in the unit's [Service] (RLIMIT_MEMLOCK), then restart the daemon",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Process = Process {
        descriptors: Some((40, 1_024)),
        locked: Some(8_192),
        policy: Some(2),
    };

    #[test]
    fn what_is_configured_and_not_granted_is_named() {
        let texts = |process, wants| {
            let found: Vec<Finding> = judge(process, wants);
            found
                .into_iter()
                .map(|one| one.text)
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(texts(WELL, (true, true)), "");
        let poor = Process {
            descriptors: Some((1_000, 1_024)),
            locked: Some(0),
            policy: Some(0),
        };
        let said = texts(poor, (true, true));
        for word in ["RLIMIT_NOFILE", "vrrp_rt_priority", "vrrp_no_swap"] {
            assert!(said.contains(word), "{said}");
        }
        assert!(!texts(poor, (false, false)).contains("vrrp_"));
        assert_eq!(texts(Process::default(), (true, true)), "");
    }

    #[test]
    fn the_kernel_tells_all_of_it_of_this_process() {
        let process = read(Path::new("/proc/self"));
        assert!(
            process
                .descriptors
                .is_some_and(|(open, most)| open > 2 && most >= open)
        );
        assert!(process.locked.is_some());
        assert_eq!(process.policy, Some(0));
    }
}
