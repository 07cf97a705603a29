//! What the processes of a host, and the machine, have used.

use std::fs;
use std::path::Path;
use std::time::Duration;

use standfast_lab::Host;

/// Ticks of proc_pid_stat(5) and proc_stat(5) are a hundredth of a second on Linux, whatever the kernel's own.
const TICK: Duration = Duration::from_millis(10);

/// Programs that belong to the measuring, not to what is measured; so does the first process of a host.
const INSTRUMENTS: [&str; 3] = ["lab-agent", "nginx", "ip"];

/// The processes of a host that are measured, as the machine sees them.
#[derive(Clone, Debug, Default)]
pub struct Processes(Vec<u32>);

impl Processes {
    /// Those that run now.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        let parent = format!("/proc/{}/ns/pid_for_children", host.outer_pid());
        let Ok(namespace) = fs::read_link(parent) else {
            return Self::default();
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
        let inside = pids.filter(|pid: &u32| {
            let link = fs::read_link(format!("/proc/{pid}/ns/pid"));
            link.is_ok_and(|link| link == namespace) && !is_instrument(*pid)
        });
        Self(inside.collect())
    }

    /// The kernel's threads that handle packets when nobody else's time is left for it.
    #[must_use]
    pub fn packet_threads() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
        let named = pids.filter(|pid: &u32| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name.starts_with("ksoftirqd/"))
        });
        Self(named.collect())
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// CPU time of all their threads that live, to the nanosecond.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        let threads = self.0.iter().flat_map(|pid| {
            let folder = fs::read_dir(format!("/proc/{pid}/task"));
            folder.into_iter().flatten().flatten()
        });
        let times = threads.filter_map(|thread| schedstat(&thread.path().join("schedstat")));
        Duration::from_nanos(times.sum())
    }

    /// CPU time of them and of their children that have ended, to a hundredth of a second.
    #[must_use]
    pub fn cpu_with_children(&self) -> Duration {
        let times = self.0.iter().map(|pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let behind_name = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
            // Fields 14 to 17: user, system, and the same of children that were waited for.
            let ticks = behind_name.split(' ').skip(11).take(4);
            ticks
                .filter_map(|field| field.parse::<u32>().ok())
                .sum::<u32>()
        });
        TICK * times.sum::<u32>()
    }

    /// Proportional set size of all of them in KiB: a page that several processes of the machine share counts for each of them in part.
    #[must_use]
    pub fn pss_kib(&self) -> u64 {
        self.sum_of("Pss:")
    }

    /// The part of it that comes from no file: it does not depend on who else runs the same program.
    #[must_use]
    pub fn anonymous_kib(&self) -> u64 {
        self.sum_of("Pss_Anon:")
    }

    fn sum_of(&self, name: &str) -> u64 {
        let sizes = self.0.iter().filter_map(|pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
        sizes.sum()
    }
}

fn is_instrument(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().last())
    };
    field("NSpid:") == Some("1") || field("Name:").is_some_and(|name| INSTRUMENTS.contains(&name))
}

fn schedstat(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.split(' ').next()?.parse().ok()
}

/// How many processors the machine has.
#[must_use]
pub fn processors() -> u32 {
    std::thread::available_parallelism()
        .ok()
        .and_then(|count| u32::try_from(count.get()).ok())
        .unwrap_or(1)
}
