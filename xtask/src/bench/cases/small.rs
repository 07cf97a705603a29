//! Scripts, memory, start, the check of a configuration, and patience under load.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use standfast_lab::Moment;

use super::failover::down_interval;
use super::{milliseconds, per};
use crate::bench::case::{Case, Entrants, Line, Outcome, Setting, Trouble, Variant, alike};
use crate::bench::check;
use crate::bench::configuration::{File, PER_NETWORK, PRIORITIES, both};
use crate::bench::result::{Comparison, Metric, Sample, Unit};
use crate::bench::stage::{Stage, VIP};
use crate::bench::subject::{Maker, Subject};

const INTERVAL: Duration = Duration::from_secs(1);
const SETTLED: Duration = Duration::from_secs(6);

const PER_SCRIPT: &str = "CPU per script";
const OF_FLOOR: &str = "CPU as a multiple of the floor's";
const WORST: &str = "worst advertisement gap";

/// The cases of this file.
pub const CASES: [Case; 5] = [
    Case {
        name: "scripts-200",
        sentence: "200 scripts a second (/usr/bin/true), their own CPU time included, beside a program that only spawns them",
        metrics: &[
            Metric::plain(PER_SCRIPT, Unit::Microseconds),
            Metric::at_most(OF_FLOOR, Unit::Ratio, 1.15),
            Metric::at_most(WORST, Unit::Milliseconds, 1005.0),
            Metric::plain("scripts a second", Unit::Count),
        ],
        lines: script_lines,
        run: scripts,
        runs: 3,
        only_by_name: false,
        comparison: Some(Comparison::Multiple {
            of: PER_SCRIPT,
            to: OF_FLOOR,
        }),
    },
    Case {
        name: "memory",
        sentence: "proportional set size of all processes of the daemon that serves; the other node's, on the same machine, shares its program",
        metrics: &[
            Metric::at_most("1 instance", Unit::Mebibytes, 3.0),
            Metric::at_most("1,000 instances", Unit::Mebibytes, 4.0),
            Metric::plain("anonymous, 1 instance", Unit::Mebibytes),
            Metric::plain("anonymous, 1,000 instances", Unit::Mebibytes),
            Metric::plain("processes", Unit::Count),
        ],
        lines: alike,
        run: memory,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "check",
        sentence: "standfast check and keepalived -t of 10,000 lines: CPU of the whole process",
        metrics: &[Metric::at_most("CPU", Unit::Milliseconds, 4.0)],
        lines: alike,
        run: check_configuration,
        runs: 15,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "start",
        sentence: "a lone node starts: until it serves the client first; also with start_probe in our file",
        metrics: &[
            Metric::plain("first service", Unit::Milliseconds),
            Metric::at_most("first service with start_probe", Unit::Milliseconds, 1800.0),
        ],
        lines: start_lines,
        run: start,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "false-takeovers",
        sentence: "version 3 at 10 ms for 10 minutes, every processor busy twice over: how often the backup takes over",
        metrics: &[Metric::at_most("false takeovers", Unit::Count, 0.0)],
        lines: patience_lines,
        run: patience,
        runs: 1,
        only_by_name: true,
        comparison: None,
    },
];

fn script_lines(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    let loaded = |subject| Line::alike(subject).with(Variant::Loaded, "under load");
    lines.extend(subjects.iter().map(loaded));
    lines.push(Line::floor("floor, a bare spawn", Variant::Plain));
    lines
}

/// Scripts, and how often each of them runs.
const SCRIPTS: u32 = 200;
const PROGRAM: &str = "/usr/bin/true";

fn scripts(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let [better, _] = PRIORITIES;
    let file = |priority| {
        let mut file = File::usual(priority);
        if priority == better {
            let blocks = (0..SCRIPTS).map(|number| {
                format!("vrrp_script s{number} {{\n    script \"{PROGRAM}\"\n    interval 1\n}}\n")
            });
            file.blocks = blocks.collect();
            let names: String = (0..SCRIPTS)
                .map(|number| format!("        s{number}\n"))
                .collect();
            file.instance = format!("    track_script {{\n{names}    }}\n");
        }
        file.one()
    };
    let mut stage = Stage::new(setting, line, both(file), &[])?;
    let length = setting.length(INTERVAL * 12);
    if matches!(line.entrants, Entrants::Floor) {
        let (rate, time) = (SCRIPTS.to_string(), length.as_millis().to_string());
        let (count, cpu) = stage.part(&["floor-spawn", &rate, &time, PROGRAM], length * 2)?;
        let cpu = per(
            Duration::from_nanos(cpu),
            usize::try_from(count).unwrap_or(usize::MAX),
        );
        return Ok(Outcome::of(vec![Sample::new(PER_SCRIPT, cpu)]));
    }
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    drop(probe);
    let loaded = line.variant == Variant::Loaded;
    let load = if loaded { stage.load()? } else { Vec::new() };
    let processes = stage.first.processes();
    let (from, cpu, born) = (
        Moment::now(),
        processes.cpu_with_children(),
        stage.first.next_pid()?,
    );
    thread::sleep(length);
    let (to, cpu) = (
        Moment::now(),
        processes.cpu_with_children().saturating_sub(cpu),
    );
    let born = stage.first.next_pid()?.abs_diff(born);
    drop(load);
    // Threads have numbers too: there were never more scripts than were asked for.
    let wanted = f64::from(SCRIPTS) * to.since(from).as_secs_f64();
    let count = f64::from(born).min(wanted);
    let times = stage.advertisements(&stage.first, from - INTERVAL * 2, to);
    let gaps = times
        .windows(2)
        .filter_map(|pair| Some(pair.last()?.time.since(pair.first()?.time)));
    let mut samples = vec![
        Sample::new(WORST, milliseconds(gaps.max().unwrap_or_default())),
        Sample::new("scripts a second", count / to.since(from).as_secs_f64()),
    ];
    if !loaded {
        samples.push(Sample::new(
            PER_SCRIPT,
            cpu.as_secs_f64() * 1e6 / count.max(1.0),
        ));
    }
    Ok(Outcome::of(samples))
}

fn memory(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let one = both(|priority| File::usual(priority).one());
    let many = both(|priority| File::usual(priority).many(4, PER_NETWORK));
    let one = resident(setting, line, one)?;
    let many = resident(setting, line, many)?;
    let mebibytes = |kib: u64| f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0;
    let processes = u32::try_from(one.processes).unwrap_or(u32::MAX);
    Ok(Outcome::of(vec![
        Sample::new("1 instance", mebibytes(one.pss)),
        Sample::new("1,000 instances", mebibytes(many.pss)),
        Sample::new("anonymous, 1 instance", mebibytes(one.anonymous)),
        Sample::new("anonymous, 1,000 instances", mebibytes(many.anonymous)),
        Sample::new("processes", f64::from(processes)),
    ]))
}

/// KiB of a daemon, and its number of processes.
struct Resident {
    pss: u64,
    anonymous: u64,
    processes: usize,
}

/// The first node's, once it serves.
fn resident(setting: &Setting, line: &Line, files: [String; 2]) -> Result<Resident, Trouble> {
    let mut stage = Stage::new(setting, line, files, &[])?;
    stage.add_networks(4)?;
    stage.first.start()?;
    thread::sleep(Duration::from_millis(300));
    stage.second.start()?;
    thread::sleep(down_interval(INTERVAL, PRIORITIES[0]) + SETTLED);
    let processes = stage.first.processes();
    Ok(Resident {
        pss: processes.pss_kib(),
        anonymous: processes.anonymous_kib(),
        processes: processes.count(),
    })
}

/// Lines of the file that is checked.
const LINES: usize = 10_000;

fn check_configuration(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let Entrants::Pair(subject, _) = &line.entrants else {
        return Err(Trouble::Unclear("nobody to check it"));
    };
    let file = setting.scratch.join("long.conf");
    fs::write(&file, check::configuration(LINES))?;
    let mut command = Command::new(&subject.binary);
    match subject.maker {
        Maker::Standfast => command.args(["check", "--no-host"]),
        Maker::Keepalived => command.args(["-t", "-f"]),
    };
    let cpu = check::cpu_time(command.arg(file))?;
    Ok(Outcome::of(vec![Sample::new("CPU", milliseconds(cpu))]))
}

fn start_lines(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    if let Some(ours) = subjects.first() {
        lines.insert(
            1,
            Line::alike(ours).with(Variant::OwnKeyword, "start_probe"),
        );
    }
    lines
}

fn start(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let early = line.variant == Variant::OwnKeyword;
    let file = |priority| {
        let mut file = File::usual(priority);
        if early {
            file.instance = "    start_probe\n".to_owned();
        }
        file.one()
    };
    let (keywords, metric): (&[&str], _) = if early {
        (&["start_probe"], "first service with start_probe")
    } else {
        (&[], "first service")
    };
    let mut stage = Stage::new(setting, line, both(file), keywords)?;
    let probe = stage.probe(VIP)?;
    let event = Moment::now();
    stage.first.start()?;
    let answer = probe.first_answer_by(stage.first.mac(), event, SETTLED * 2)?;
    let took = milliseconds(answer.time.since(event));
    Ok(Outcome::of(vec![Sample::new(metric, took)]))
}

/// With and without real-time priority; only the first is promised.
fn patience_lines(subjects: &[Subject]) -> Vec<Line> {
    let with = subjects
        .iter()
        .map(|subject| Line::alike(subject).with(Variant::RealTime, "vrrp_rt_priority 50"));
    let without = subjects
        .iter()
        .map(|subject| Line::alike(subject).for_comparison());
    with.chain(without).collect()
}

/// Advertisements of the backup that are further apart than this belong to different takeovers.
const EPISODE: Duration = Duration::from_millis(100);

fn patience(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let file = |priority| {
        let mut file = File::version_3(priority, "0.01");
        if line.variant == Variant::RealTime {
            file.globals = "    vrrp_rt_priority 50\n".to_owned();
        }
        file.one()
    };
    let mut stage = Stage::new(setting, line, both(file), &[])?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, INTERVAL)?;
    drop(probe);
    let _load = stage.load()?;
    let length = if setting.quick {
        INTERVAL * 20
    } else {
        Duration::from_mins(10)
    };
    let from = Moment::now();
    thread::sleep(length);
    let spoken = stage.advertisements(&stage.second, from, Moment::now());
    let begins = spoken.windows(2).filter(|pair| match pair {
        [earlier, later] => later.time.since(earlier.time) > EPISODE,
        _ => false,
    });
    let count = begins.count() + usize::from(!spoken.is_empty());
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Outcome::of(vec![Sample::new(
        "false takeovers",
        f64::from(count),
    )]))
}
