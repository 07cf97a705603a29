//! Failovers as a client sees them.

use std::thread;
use std::time::Duration;

use standfast_lab::{Moment, Signal};

use super::milliseconds;
use crate::bench::case::{Case, Line, Outcome, Setting, Trouble, Variant, alike, alike_and_mixed};
use crate::bench::configuration::{File, PRIORITIES, both};
use crate::bench::result::{Comparison, Metric, Sample, Unit};
use crate::bench::stage::{Stage, VIP};
use crate::bench::subject::Subject;

/// Nodes get to know each other before anything happens.
const SETTLED: Duration = Duration::from_secs(3);

/// How long a failover is watched: longer than the slowest takes.
const WATCHED: Duration = Duration::from_secs(6);

/// What the picture shows of a failover at least.
const DRAWN: Duration = Duration::from_secs(4);

/// One advertisement a second.
const INTERVAL: Duration = Duration::from_secs(1);

const GAP: &str = "client gap";
const ELSEWHERE: &str = "served elsewhere after";
const LATE: &str = "later than the protocol's timer";

/// The cases of this file.
pub const CASES: [Case; 7] = [
    Case {
        name: "stop",
        sentence: "the better node's daemon gets SIGTERM, one advertisement a second: the client's longest silence",
        metrics: &[Metric::at_most(GAP, Unit::Milliseconds, 3.0)],
        lines: alike,
        run: stop,
        runs: 5,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "stop-keepalived-successor",
        sentence: "the same with keepalived as the successor of ours",
        metrics: &[Metric::at_most(GAP, Unit::Milliseconds, 3.0)],
        lines: before_keepalived,
        run: stop,
        runs: 5,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "check-weight",
        sentence: "a script with a weight fails: from its last word to the other node's first answer",
        metrics: &[Metric::at_most(ELSEWHERE, Unit::Milliseconds, 10.0)],
        lines: check_lines,
        run: check_weight,
        runs: 5,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "process",
        sentence: "the process that vrrp_track_process (or vrrp_check) watches is killed: until the other node answers",
        metrics: &[Metric::at_most(ELSEWHERE, Unit::Milliseconds, 15.0)],
        lines: process_lines,
        run: process,
        runs: 5,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "uplink",
        sentence: "a tracked interface loses its carrier: until the other node answers",
        metrics: &[Metric::at_most(ELSEWHERE, Unit::Milliseconds, 15.0)],
        lines: alike,
        run: uplink,
        runs: 5,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "cable",
        sentence: "the better node's cable is pulled, one advertisement a second; also with fast_detect in our file",
        metrics: &[
            Metric::plain(ELSEWHERE, Unit::Milliseconds),
            Metric::at_most(LATE, Unit::Milliseconds, 0.3),
            Metric::at_most(
                "served elsewhere with fast_detect after",
                Unit::Milliseconds,
                200.0,
            ),
        ],
        lines: cable_lines,
        run: cable,
        runs: 5,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "cable-v3",
        sentence: "the same with version 3 and an advertisement every 10 ms",
        metrics: &[
            Metric::plain(ELSEWHERE, Unit::Milliseconds),
            Metric::plain(LATE, Unit::Milliseconds),
            Metric::at_most("served elsewhere, of keepalived's time", Unit::Ratio, 1.1),
        ],
        lines: alike,
        run: cable_v3,
        runs: 9,
        only_by_name: false,
        comparison: Some(Comparison::OfKeepalived {
            of: ELSEWHERE,
            to: "served elsewhere, of keepalived's time",
        }),
    },
];

fn before_keepalived(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike_and_mixed(subjects);
    lines.retain(|line| line.label.contains("beside") || !line.judged);
    lines.sort_by_key(|line| !line.judged);
    lines
}

/// With a keepalived peer the protocol's skew is the best that can be.
fn check_lines(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike_and_mixed(subjects);
    for line in &mut lines {
        line.judged = line.judged && !line.label.contains("beside");
    }
    lines
}

fn process_lines(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    if let Some(ours) = subjects.first() {
        lines.insert(1, Line::alike(ours).with(Variant::OwnKeyword, "vrrp_check"));
    }
    lines
}

fn cable_lines(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    if let Some(ours) = subjects.first() {
        lines.insert(
            1,
            Line::alike(ours).with(Variant::OwnKeyword, "fast_detect 50ms"),
        );
    }
    lines
}

fn stop(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::usual(priority).one());
    let mut stage = Stage::new(setting, line, files, &[])?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    Stage::at_any_phase(INTERVAL);
    let event = Moment::now();
    stage.first.signal(Signal::SIGTERM)?;
    thread::sleep(WATCHED);
    let gap = probe.net_gap(event, event + WATCHED)?;
    let samples = vec![Sample::new(GAP, milliseconds(gap))];
    stage.outcome(samples, &probe, event, event + WATCHED)
}

/// A script that fails as soon as a file is there, having written down when.
const CHECK: &str = "#!/bin/sh\n[ -e /tmp/fail ] || exit 0\n[ -e /tmp/failed ] || date +%s%N >/tmp/failed\nexit 1\n";

fn check_weight(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let file = |priority| {
        let mut file = File::usual(priority);
        file.blocks = "vrrp_script service {\n    script \"/opt/check\"\n    interval 1\n    fall 1\n    rise 1\n    weight -20\n}\n".to_owned();
        file.instance = "    track_script {\n        service\n    }\n".to_owned();
        file.one()
    };
    let mut stage = Stage::new(setting, line, both(file), &[])?;
    for node in [&stage.first, &stage.second] {
        node.host.write_file("/opt/check", CHECK, 0o755)?;
    }
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    Stage::at_any_phase(INTERVAL);
    let asked = Moment::now();
    stage.first.host.write_file("/tmp/fail", "", 0o644)?;
    let answer = probe.first_answer_by(stage.second.mac(), asked, WATCHED * 2)?;
    let failed = stage.first.host.read_file("/tmp/failed")?;
    let failed = failed
        .trim()
        .parse()
        .map_err(|_| Trouble::Unclear("the script wrote no time"))?;
    let failed = Moment::from_realtime(failed);
    let samples = vec![Sample::new(
        ELSEWHERE,
        milliseconds(answer.time.since(failed)),
    )];
    stage.outcome(
        samples,
        &probe,
        failed,
        (failed + DRAWN).max(answer.time + INTERVAL),
    )
}

/// Until the other node answers, less the machine's own unrest.
fn served_elsewhere(
    stage: &Stage,
    probe: &standfast_lab::Probe,
    event: Moment,
) -> Result<Duration, Trouble> {
    let answer = probe.first_answer_by(stage.second.mac(), event, WATCHED)?;
    let noise = probe.control_gap(event, answer.time)?;
    Ok(answer.time.since(event).saturating_sub(noise))
}

fn process(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    if !line.is_ours() {
        return Err(Trouble::Unclear(
            "keepalived sees no process end in a network namespace (the kernel's process connector is silent there)",
        ));
    }
    let (block, track) = if line.variant == Variant::OwnKeyword {
        ("vrrp_check", "track_check")
    } else {
        ("vrrp_track_process", "track_process")
    };
    let file = |priority| {
        let mut file = File::usual(priority);
        file.blocks = format!("{block} service {{\n    process nginx\n    weight 0\n}}\n");
        file.instance = format!("    {track} {{\n        service\n    }}\n");
        file.one()
    };
    let mut stage = Stage::new(setting, line, both(file), &[block, track])?;
    let service = stage.first.start_service()?;
    let _other = stage.second.start_service()?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    Stage::at_any_phase(INTERVAL);
    let event = Moment::now();
    service.signal(Signal::SIGKILL)?;
    let took = served_elsewhere(&stage, &probe, event)?;
    let samples = vec![Sample::new(ELSEWHERE, milliseconds(took))];
    stage.outcome(samples, &probe, event, event + DRAWN.max(took + INTERVAL))
}

fn uplink(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let file = |priority| {
        let mut file = File::usual(priority);
        file.instance = "    track_interface {\n        up0\n    }\n".to_owned();
        file.one()
    };
    let mut stage = Stage::new(setting, line, both(file), &[])?;
    for node in [&stage.first, &stage.second] {
        node.host.ip_batch(
            "link add name up0 type veth peer name up1\nlink set up0 up\nlink set up1 up\n",
        )?;
    }
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    Stage::at_any_phase(INTERVAL);
    let event = Moment::now();
    stage.first.host.ip_batch("link set up1 down\n")?;
    let took = served_elsewhere(&stage, &probe, event)?;
    let samples = vec![Sample::new(ELSEWHERE, milliseconds(took))];
    stage.outcome(samples, &probe, event, event + DRAWN.max(took + INTERVAL))
}

fn cable(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let fast = line.variant == Variant::OwnKeyword;
    let file = |priority| {
        let mut file = File::usual(priority);
        if fast {
            file.instance = "    fast_detect 50ms\n".to_owned();
        }
        file.one()
    };
    let keywords: &[&str] = if fast { &["fast_detect"] } else { &[] };
    let mut stage = Stage::new(setting, line, both(file), keywords)?;
    let metrics = if fast {
        ["served elsewhere with fast_detect after", ""]
    } else {
        [ELSEWHERE, LATE]
    };
    // fast_detect is armed only after some good intervals.
    let settled = if fast { SETTLED * 2 } else { SETTLED };
    pull(&mut stage, metrics, (INTERVAL, settled))
}

fn cable_v3(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::version_3(priority, "0.01").one());
    let mut stage = Stage::new(setting, line, files, &[])?;
    pull(
        &mut stage,
        [ELSEWHERE, LATE],
        (Duration::from_millis(10), INTERVAL),
    )
}

/// Pulls the first node's cable; samples of how long it took, and of how late that was.
fn pull(
    stage: &mut Stage,
    [took_name, late_name]: [&'static str; 2],
    (interval, settled): (Duration, Duration),
) -> Result<Outcome, Trouble> {
    let probe = stage.probe(VIP)?;
    stage.start(&probe, settled)?;
    Stage::at_any_phase(interval);
    let event = Moment::now();
    stage.first.host.cable_pull()?;
    let took = served_elsewhere(stage, &probe, event)?;
    let mut samples = vec![Sample::new(took_name, milliseconds(took))];
    let late = lateness(stage, event, interval)?;
    if !late_name.is_empty() {
        samples.push(Sample::new(late_name, milliseconds(late)));
    }
    stage.outcome(samples, &probe, event, event + DRAWN.max(took + INTERVAL))
}

/// How much later than the other node's down interval (RFC 9568 section 6.1) it spoke after the first one's last word.
fn lateness(stage: &Stage, event: Moment, interval: Duration) -> Result<Duration, Trouble> {
    let unclear = Trouble::Unclear("no advertisement before or after");
    let heard = stage.advertisements(&stage.first, event - interval * 4, Moment::now());
    let spoken = stage.advertisements(&stage.second, event, Moment::now());
    let (Some(last), Some(next)) = (heard.last(), spoken.first()) else {
        return Err(unclear);
    };
    let [_, priority] = PRIORITIES;
    Ok(next
        .time
        .since(last.time + down_interval(interval, priority)))
}

/// Active_Down_Interval (RFC 9568 section 6.1).
#[must_use]
pub fn down_interval(interval: Duration, priority: u8) -> Duration {
    interval * 3 + interval * (256 - u32::from(priority)) / 256
}
