//! Clients of the control interface beside many virtual routers.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use standfast_lab::{Frame, Moment};

use super::milliseconds;
use crate::bench::case::{Case, Line, Outcome, Setting, Trouble, Variant};
use crate::bench::configuration::{File, both};
use crate::bench::result::{Comparison, Metric, Sample, Unit};
use crate::bench::stage::{Stage, VIP};
use crate::bench::subject::Subject;

const LATE: &str = "advertisement late, 99 of 100";
const BEYOND: &str = "beyond 1.2 times as late as without clients";
const LATEST: &str = "advertisement late at most";
const MEMORY: &str = "memory of its own";
const ANSWERS: &str = "answers a second";

/// Instances, their interval, and how long they are watched.
const ROUTERS: u8 = 255;
const INTERVAL: Duration = Duration::from_millis(100);
const WATCHED: Duration = Duration::from_secs(15);
const SETTLED: Duration = Duration::from_secs(6);

/// The clients, and where they ask.
const SOCKET: &str = "/run/standfast/control.sock";
const RATE: u32 = 1_000;
const FOLLOWERS: u32 = 50;
/// So many of the requests in a hundred must be answered for the run to count.
const ANSWERED_PERCENT: u64 = 95;

/// The cases of this file.
pub const CASES: [Case; 1] = [Case {
    name: "questions",
    sentence: "255 instances at 100 ms (version 3) beside 1,000 requests a second and 50 followers of the stream, and without: how much \
               later than an interval after the one before it an advertisement is",
    metrics: &[
        Metric::plain(LATE, Unit::Milliseconds),
        Metric::at_most(BEYOND, Unit::Milliseconds, 1.0),
        Metric::plain(LATEST, Unit::Milliseconds),
        Metric::plain(ANSWERS, Unit::Count),
        Metric::at_most(MEMORY, Unit::Mebibytes, 64.0),
    ],
    lines,
    run,
    runs: 5,
    only_by_name: false,
    comparison: Some(Comparison::BeyondPercent {
        of: LATE,
        to: BEYOND,
        percent: 120,
    }),
}];

fn lines(subjects: &[Subject]) -> Vec<Line> {
    let ours = subjects.iter().filter(|subject| subject.is_ours());
    let pair = |subject| {
        [
            Line::alike(subject).with(Variant::Loaded, "asked"),
            Line::alike(subject)
                .with(Variant::Plain, "not asked")
                .for_comparison(),
        ]
    };
    ours.flat_map(pair).collect()
}

fn run(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::version_3(priority, "0.1").many(1, ROUTERS));
    let mut stage = Stage::new(setting, line, files, &[])?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    drop(probe);
    let length = setting.length(WATCHED);
    let from = Moment::now();
    let mut samples = Vec::new();
    if line.variant == Variant::Loaded {
        let answers = ask(&stage, length)?;
        samples.push(Sample::new(ANSWERS, answers));
    } else {
        thread::sleep(length);
    }
    let to = Moment::now();
    let memory = u32::try_from(stage.first.processes().anonymous_kib()).unwrap_or(u32::MAX);
    samples.push(Sample::new(MEMORY, f64::from(memory) / 1024.0));
    let late = lateness(&stage.advertisements(&stage.first, from, to));
    let (Some(most), Some(usual)) = (late.last(), late.get(late.len() * 99 / 100)) else {
        return Err(Trouble::Unclear("nothing was advertised"));
    };
    samples.push(Sample::new(LATE, milliseconds(*usual)));
    samples.push(Sample::new(LATEST, milliseconds(*most)));
    Ok(Outcome::of(samples))
}

/// Answers a second.
fn ask(stage: &Stage, length: Duration) -> Result<f64, Trouble> {
    let (rate, followers) = (RATE.to_string(), FOLLOWERS.to_string());
    let duration = length.as_millis().to_string();
    let (answers, events) =
        stage.part(&["ask", SOCKET, &rate, &followers, &duration], length * 2)?;
    let asked = u64::from(RATE) * length.as_secs();
    if answers * 100 < asked * ANSWERED_PERCENT {
        return Err(Trouble::Unclear("too few requests were answered"));
    }
    if events < u64::from(FOLLOWERS) {
        return Err(Trouble::Unclear("not every follower was told anything"));
    }
    let answers = u32::try_from(answers).unwrap_or(u32::MAX);
    Ok(f64::from(answers) / length.as_secs_f64())
}

/// How much later than an interval after the one before it each advertisement is, in order; earlier is not late.
fn lateness(frames: &[Frame]) -> Vec<Duration> {
    let mut before: BTreeMap<u8, Moment> = BTreeMap::new();
    let mut late = Vec::new();
    for frame in frames {
        let Some(sent) = frame.advertisement() else {
            continue;
        };
        if let Some(last) = before.insert(sent.vrid, frame.time) {
            late.push(frame.time.since(last + INTERVAL));
        }
    }
    late.sort_unstable();
    late
}
