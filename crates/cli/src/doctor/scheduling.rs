//! What keeps the daemon from a processor when a timer is due: the control group's quota, a limit of real-time processes, the
//! kernel's share for all of them. And what its control group has left of processes and memory.

use std::fs;
use std::path::{Path, PathBuf};

use standfast_api::status::Status;
use standfast_config::Config;

use super::remedy::Remedy;
use super::{Area, Finding, Level};
use crate::moments::span;

/// Where control groups of version 2 are mounted; with version 1 beside it, below.
const GROUPS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// Settings of the scheduler.
const KERNEL: &str = "/proc/sys/kernel";
/// Groups above one another that are looked at.
const DEPTH: usize = 16;
/// Hundredths of a limit from which on it is near.
const NEAR: u64 = 90;
/// SCHED_FIFO and SCHED_RR (sched(7)).
const REAL_TIME: [u64; 2] = [1, 2];
/// Where `policy` stands in /proc/PID/stat, counted from what follows the name (proc(5): field 41, the name is field 2).
const POLICY: usize = 38;
/// A real-time limit below this is reached by work, one above by an endless loop alone.
const SHORT_US: u64 = 1_000_000;
/// The kernel's own share of real-time processes, in microseconds a second.
const USUAL_SHARE: &str = "950000";

/// What a control group allows; what is not said is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    /// Below the mount.
    path: String,
    /// Microseconds of a processor in each period, and the period.
    quota: Option<(u64, u64)>,
    /// How often it was stopped for that, and for how many microseconds in all.
    throttled: (u64, u64),
    /// Processes and threads, and how many there may be.
    tasks: Option<(u64, u64)>,
    /// Bytes, and how many there may be.
    memory: Option<(u64, u64)>,
}

/// What is known of the process and its kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    pid: u32,
    /// It runs before all ordinary processes; none: not known.
    real_time: Option<bool>,
    /// `RLIMIT_RTTIME` in microseconds; none: none, or not known.
    real_time_limit_us: Option<u64>,
    /// `sched_rt_runtime_us`, -1 for all.
    share_us: Option<i64>,
    /// From the process's own group upwards.
    groups: Vec<Group>,
}

/// Whether the process of the VRRP loop gets its processor in time.
pub(super) fn area(status: &Status, config: &Config) -> Area {
    let seen = read(status.node.pid);
    let wants = config.global.vrrp_process.realtime.is_some();
    Area::new("scheduling", text(&seen), judge(&seen, wants))
}

fn text(seen: &Seen) -> String {
    let policy = match seen.real_time {
        Some(true) => "real-time priority",
        Some(false) => "ordinary priority",
        None => return "is not told: not looked at".to_owned(),
    };
    let quotas = seen.groups.iter().filter_map(|group| group.quota);
    // The least share of a processor.
    let least = quotas.min_by_key(|(quota, period)| quota.saturating_mul(1_000) / (*period).max(1));
    match least {
        Some((quota, period)) => format!(
            "{policy}; its control group may use {} of a processor in {}, which was enough so far",
            span(quota),
            span(period)
        ),
        None => format!("{policy}; no limit of its control group or of RLIMIT_RTTIME stops it"),
    }
}

fn judge(seen: &Seen, wants_real_time: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let real_time = seen.real_time == Some(true);
    if let Some(limit) = seen.real_time_limit_us.filter(|_| real_time) {
        found.push(finding(
            if limit < SHORT_US { Level::Bad } else { Level::Warn },
            format!(
                "the daemon has real-time priority, and the kernel kills it when it computes for {} without a pause (RLIMIT_RTTIME)",
                span(limit)
            ),
            &format!(
                "prlimit --pid {} --rttime=unlimited:unlimited, and LimitRTTIME=infinity in the unit's [Service]",
                seen.pid
            ),
        ));
    }
    if wants_real_time && seen.share_us == Some(0) {
        found.push(finding(
            Level::Bad,
            "sched_rt_runtime_us is 0: no process gets real-time priority, as `vrrp_rt_priority` wants it".to_owned(),
            &format!("sysctl kernel.sched_rt_runtime_us={USUAL_SHARE}, and the same in /etc/sysctl.d/"),
        ));
    }
    for group in &seen.groups {
        // The quota is one of ordinary processes.
        if !real_time && group.quota.is_some() && group.throttled.0 > 0 {
            found.push(throttled(group));
        }
        found.extend(used_up(group));
    }
    found
}

fn throttled(group: &Group) -> Finding {
    let (times, for_us) = group.throttled;
    let text = format!(
        "the control group {} has used up its share of the processors (cpu.max, CPUQuota) {times} times and was stopped for {} in all: timers \
         come late, and other nodes take over without need",
        group.path,
        span(for_us)
    );
    match unit(&group.path) {
        Some(unit) => finding(
            Level::Warn,
            text,
            &format!(
                "systemctl set-property {unit} CPUQuota=, which lasts; or `vrrp_rt_priority`, which no quota stops"
            ),
        ),
        None => finding(
            Level::Warn,
            text,
            "give the group (or the container) a larger share, or none; or `vrrp_rt_priority`, which no quota stops",
        ),
    }
}

fn used_up(group: &Group) -> Vec<Finding> {
    let near = |used: Option<(u64, u64)>| {
        used.filter(|(used, most)| used.saturating_mul(100) >= most.saturating_mul(NEAR))
    };
    let raise = |setting: &str, word: &str| match unit(&group.path) {
        Some(unit) => format!("systemctl set-property {unit} {setting}=infinity, which lasts"),
        None => format!("raise {word} of the group, or of the container"),
    };
    let mut found = Vec::new();
    if let Some((used, most)) = near(group.tasks) {
        let text = format!(
            "the control group {} has {used} of {most} tasks (pids.max, TasksMax): soon no script can be started",
            group.path
        );
        found.push(finding(Level::Bad, text, &raise("TasksMax", "pids.max")));
    }
    if let Some((used, most)) = near(group.memory) {
        let text = format!(
            "the control group {} uses {} of {} MiB (memory.max, MemoryMax): the kernel may kill the daemon",
            group.path,
            used >> 20,
            most >> 20
        );
        found.push(finding(
            Level::Warn,
            text,
            &raise("MemoryMax", "memory.max"),
        ));
    }
    found
}

fn finding(level: Level, text: String, help: &str) -> Finding {
    Finding {
        level,
        code: None,
        text,
        remedy: Remedy::of_help(help),
    }
}

/// The unit whose group that is.
fn unit(path: &str) -> Option<&str> {
    let last = path.rsplit('/').next()?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@:\\".contains(&byte);
    let is_unit = last.ends_with(".service") || last.ends_with(".slice");
    (is_unit && last.bytes().all(is_word)).then_some(last)
}

fn read(pid: u32) -> Seen {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let path = text("cgroup");
    let path = path.lines().find_map(|line| line.strip_prefix("0::"));
    let roots = GROUPS.iter().map(Path::new);
    let root = roots
        .into_iter()
        .find(|root| root.join("cgroup.controllers").exists());
    let groups = path.zip(root).map(|(path, root)| groups(root, path));
    Seen {
        pid,
        real_time: policy(&text("stat")).map(|policy| REAL_TIME.contains(&policy)),
        real_time_limit_us: super::process::limit(&text("limits"), "Max realtime timeout"),
        share_us: number(&Path::new(KERNEL).join("sched_rt_runtime_us")),
        groups: groups.unwrap_or_default(),
    }
}

/// The scheduling policy in /proc/PID/stat.
pub(super) fn policy(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(POLICY)?.parse().ok()
}

fn number<T: std::str::FromStr>(file: &Path) -> Option<T> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// A process's group and those above it.
fn groups(root: &Path, path: &str) -> Vec<Group> {
    // A path out of the reader's own namespace begins with `/..`: it is not to be seen from here.
    if path.split('/').any(|part| part == "..") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut path = path.trim_end_matches('/');
    while let Some((above, _)) = path.rsplit_once('/')
        && found.len() < DEPTH
    {
        found.push(group(root, path));
        path = above;
    }
    // A container's own root has limits too.
    found.push(group(root, "/"));
    found
}

fn group(root: &Path, path: &str) -> Group {
    let folder = root.join(path.trim_start_matches('/'));
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let quota = text("cpu.max");
    let quota = quota.trim().split_once(' ');
    let statistics = text("cpu.stat");
    let count = |name: &str| {
        let mut lines = statistics.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find(|(key, _)| *key == name);
        found
            .and_then(|(_, number)| number.trim().parse().ok())
            .unwrap_or(0)
    };
    let used =
        |used: &str, most: &str| Some((number(&folder.join(used))?, number(&folder.join(most))?));
    Group {
        path: path.to_owned(),
        quota: quota.and_then(|(quota, period)| Some((quota.parse().ok()?, period.parse().ok()?))),
        throttled: (count("nr_throttled"), count("throttled_usec")),
        tasks: used("pids.current", "pids.max"),
        memory: used("memory.current", "memory.max"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes with the test.
    struct Root(PathBuf);

    impl Root {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let folder = format!("standfast-groups-{name}-{}", std::process::id());
            let root = std::env::temp_dir().join(folder);
            for (file, text) in files {
                let file = root.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            Root(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const SERVICE: &str = "/system.slice/standfast.service";

    fn seen(groups: Vec<Group>) -> Seen {
        Seen {
            pid: 812,
            real_time: Some(false),
            groups,
            ..Seen::default()
        }
    }

    #[test]
    fn limits_of_a_group_and_of_those_above_it_are_read() {
        let files = [
            ("cpu.stat", "usage_usec 5\n"),
            ("system.slice/cpu.max", "max 100000\n"),
            ("system.slice/standfast.service/cpu.max", "20000 100000\n"),
            (
                "system.slice/standfast.service/cpu.stat",
                "usage_usec 5\nnr_periods 9\nnr_throttled 7\nthrottled_usec 350000\n",
            ),
            ("system.slice/standfast.service/pids.max", "max\n"),
            ("system.slice/standfast.service/pids.current", "9\n"),
            ("system.slice/standfast.service/memory.max", "1048576\n"),
            ("system.slice/standfast.service/memory.current", "1048000\n"),
        ];
        let root = Root::new("limits", &files);
        let found = groups(&root.0, SERVICE);
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, [SERVICE, "/system.slice", "/"]);
        assert_eq!(found[0].quota, Some((20_000, 100_000)));
        assert_eq!(found[0].throttled, (7, 350_000));
        assert_eq!((found[0].tasks, found[1].quota), (None, None));
        let judged = judge(&seen(found), false);
        assert_eq!(judged.len(), 2, "{judged:?}");
        assert!(
            judged[0]
                .text
                .contains("7 times and was stopped for 350 ms"),
            "{judged:?}"
        );
        let command = judged[0].remedy.command.as_deref();
        assert_eq!(
            command,
            Some("systemctl set-property standfast.service CPUQuota=")
        );
        assert!(judged[1].text.contains("may kill the daemon"), "{judged:?}");
        assert!(groups(&root.0, "/../other").is_empty());
    }

    #[test]
    fn a_quota_that_was_enough_is_told_and_one_that_does_not_count_is_not_judged() {
        let group = Group {
            path: SERVICE.to_owned(),
            quota: Some((20_000, 100_000)),
            ..Group::default()
        };
        let enough = seen(vec![group.clone()]);
        assert_eq!(judge(&enough, false), []);
        assert!(
            text(&enough).contains("20 ms of a processor in 100 ms"),
            "{}",
            text(&enough)
        );
        let stopped = Group {
            throttled: (7, 1),
            ..group
        };
        let real_time = Seen {
            real_time: Some(true),
            ..seen(vec![stopped])
        };
        assert_eq!(judge(&real_time, true), []);
    }

    #[test]
    fn limits_of_real_time_processes_are_named_where_one_is() {
        let limited = |real_time| Seen {
            real_time: Some(real_time),
            real_time_limit_us: Some(200_000),
            ..seen(Vec::new())
        };
        assert_eq!(judge(&limited(false), true), []);
        let found = judge(&limited(true), true);
        assert_eq!(found[0].level, Level::Bad);
        let command = found[0].remedy.command.as_deref();
        assert_eq!(
            command,
            Some("prlimit --pid 812 --rttime=unlimited:unlimited")
        );
        let none = Seen {
            share_us: Some(0),
            ..seen(Vec::new())
        };
        assert_eq!(judge(&none, false), []);
        assert!(judge(&none, true)[0].text.contains("sched_rt_runtime_us"));
    }

    #[test]
    fn a_unit_is_named_only_where_its_name_is_one() {
        assert_eq!(unit(SERVICE), Some("standfast.service"));
        assert_eq!(unit("/docker/abc"), None);
        assert_eq!(unit("/x;reboot.service"), None);
    }

    #[test]
    fn the_kernel_tells_of_this_process() {
        let seen = read(std::process::id());
        assert_eq!(seen.real_time, Some(false));
        assert!(seen.share_us.is_some());
    }
}
