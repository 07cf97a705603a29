//! CPU time of `standfast check` on generated files, beside that of `keepalived -t`.
//!
//! User and system time of whole processes, start and end included; medians of runs that alternate between the programs.

use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

use super::subject;

/// Lines of the files, and runs on each; keepalived gets the first only, as it is not done with a million in 20 s.
const SIZES: [(usize, usize); 3] = [(10_000, 15), (100_000, 5), (1_000_000, 3)];

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// Lines of a file, with the median CPU time of `standfast check` on it.
    pub standfast: Vec<(usize, Duration)>,
    /// The same of `keepalived -t` on the smallest file; `None` where it is not installed.
    pub keepalived: Option<Duration>,
}

impl Report {
    /// Our CPU time as a share of keepalived's, on the smallest file.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (_, ours) = self.standfast.first()?;
        Some(ours.as_secs_f64() / self.keepalived?.as_secs_f64())
    }

    /// Time of a line in the largest file as a multiple of that in the second largest: 1 is linear.
    #[must_use]
    pub fn growth(&self) -> Option<f64> {
        let mut sizes = self.standfast.iter().rev();
        let (large, small) = (sizes.next()?, sizes.next()?);
        Some(per_line(large) / per_line(small))
    }
}

/// Nanoseconds a line.
fn per_line((lines, time): &(usize, Duration)) -> f64 {
    let lines = u32::try_from(*lines).unwrap_or(u32::MAX);
    time.as_secs_f64() * 1e9 / f64::from(lines)
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for size in &self.standfast {
            let (lines, milliseconds) = (size.0, size.1.as_secs_f64() * 1e3);
            let each = per_line(size);
            writeln!(
                formatter,
                "standfast check, {lines} lines: {milliseconds:.2} ms, {each:.0} ns a line"
            )?;
        }
        match (self.keepalived, self.ratio()) {
            (Some(time), Some(ratio)) => writeln!(
                formatter,
                "keepalived -t, {} lines: {:.2} ms; ratio {ratio:.2}",
                SIZES[0].0,
                time.as_secs_f64() * 1e3
            )?,
            _ => writeln!(formatter, "keepalived is not installed: no comparison")?,
        }
        let growth = self.growth().unwrap_or_default();
        write!(
            formatter,
            "a line of the largest file takes {growth:.2} times that of the one before it"
        )
    }
}

/// Builds the program and measures it.
///
/// # Errors
///
/// When building, writing the files or starting a program fails.
pub fn config(root: &Path) -> io::Result<Report> {
    let program = subject::build(root)?;
    let keepalived = PathBuf::from("/usr/sbin/keepalived");
    let directory = Directory::new()?;
    let mut report = Report {
        standfast: Vec::new(),
        keepalived: None,
    };
    for (lines, runs) in SIZES {
        let file = directory.0.join(format!("{lines}.conf"));
        fs::write(&file, configuration(lines))?;
        let compare = lines == SIZES[0].0 && keepalived.is_file();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(cpu_time(
                Command::new(&program)
                    .args(["check", "--no-host"])
                    .arg(&file),
            )?);
            if compare {
                theirs.push(cpu_time(
                    Command::new(&keepalived).arg("-t").arg("-f").arg(&file),
                )?);
            }
        }
        report
            .standfast
            .extend(median(ours).map(|time| (lines, time)));
        report.keepalived = report.keepalived.or(median(theirs));
    }
    Ok(report)
}

/// User and system time of one run, whatever it exits with. No other child may end meanwhile.
///
/// # Errors
/// When it can't be started.
pub fn cpu_time(command: &mut Command) -> io::Result<Duration> {
    let before = children_time()?;
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status()?;
    Ok(children_time()?.saturating_sub(before))
}

fn children_time() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = |time: nix::sys::time::TimeVal| {
        let whole = time.tv_sec().saturating_mul(1_000_000);
        u64::try_from(whole.saturating_add(time.tv_usec())).unwrap_or_default()
    };
    let sum = microseconds(usage.user_time()) + microseconds(usage.system_time());
    Ok(Duration::from_micros(sum))
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

/// At least that many lines: instances with comments, a script for every twenty of them, and virtual servers.
#[must_use]
pub fn configuration(lines: usize) -> String {
    let mut text = String::from(
        "# generated\nglobal_defs {\n    router_id bench\n    dynamic_interfaces\n    enable_script_security\n    script_user root\n}\n",
    );
    let mut count = text.lines().count();
    for number in 0usize.. {
        if count >= lines {
            break;
        }
        let start = text.len();
        group(&mut text, number);
        count += text.get(start..).unwrap_or_default().lines().count();
    }
    text
}

/// An instance and what belongs to it.
fn group(text: &mut String, number: usize) {
    let [high, middle, low] = [number / 65_536 % 256, number / 256 % 256, number % 256];
    let script = number / 20;
    // Writing to a string can't fail.
    if number.is_multiple_of(20) {
        let _ = write!(
            text,
            "\nvrrp_script check_{script} {{\n    script \"/bin/true {script}\"\n    interval 2\n    weight -20\n}}\n"
        );
    }
    let (interface, vrid) = (number / 250, number % 250 + 1);
    let _ = write!(
        text,
        "\n! service {number}\nvrrp_instance VI_{number} {{\n    state BACKUP\n    interface eth{interface}\n    \
         virtual_router_id {vrid}  # one per network\n    priority 100\n    advert_int 1\n    authentication {{\n        \
         auth_type PASS\n        auth_pass 1111\n    }}\n    virtual_ipaddress {{\n        10.{high}.{middle}.{low}/24\n    }}\n    \
         track_script {{\n        check_{script}\n    }}\n}}\n"
    );
    if number.is_multiple_of(4) {
        let _ = write!(
            text,
            "\nvirtual_server 10.{high}.{middle}.{low} 80 {{\n    delay_loop 6\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n\n    \
             real_server 192.168.1.{low} 80 {{\n        weight 1\n        TCP_CHECK {{\n            connect_timeout 3\n        }}\n    }}\n}}\n"
        );
    }
}

/// A directory that goes away in the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> io::Result<Self> {
        let name = format!("standfast-bench-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
