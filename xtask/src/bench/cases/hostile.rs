//! Packets from strangers and mistakes of neighbours, and contested elections.

use std::thread;
use std::time::Duration;

use standfast_lab::{FrameKind, Injector, Moment};

use super::failover::down_interval;
use super::{milliseconds, per};
use crate::bench::case::{
    Case, Entrants, Line, Outcome, Setting, Trouble, Variant, alike, alike_and_mixed,
};
use crate::bench::configuration::{File, PRIORITIES, both};
use crate::bench::forge::Packet;
use crate::bench::result::{Comparison, Metric, Sample, Unit};
use crate::bench::stage::{NODES, Stage, VIP};
use crate::bench::subject::Subject;
use crate::bench::usage::Processes;

const INTERVAL: Duration = Duration::from_secs(1);
const SETTLED: Duration = Duration::from_secs(6);

const MISSED: &str = "advertisements missed";
const GAP: &str = "client gap";
const PER_PACKET: &str = "CPU per packet of sender, kernel and both nodes";
const NODES_PART: &str = "of which the nodes' processes and the kernel's threads";
const OVER: &str = "the same over the flood without a daemon";
const LINES: &str = "log lines a second";

/// No gap at all, as far as a probe every half millisecond can tell.
const NONE_MS: f64 = 1.0;

/// Rate and length of the floods.
const FLOOD: u32 = 20_000;
const FLOOD_TIME: Duration = Duration::from_secs(3);

/// The cases of this file.
pub const CASES: [Case; 5] = [
    Case {
        name: "bad-slow",
        sentence: "two invalid packets a second for 8 s, six kinds in turn, each alone",
        metrics: &[
            Metric::at_most(MISSED, Unit::Count, 0.0),
            Metric::at_most(GAP, Unit::Milliseconds, NONE_MS),
        ],
        lines: alike,
        run: bad_slow,
        runs: 2,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "bad-flood",
        sentence: "20,000 invalid packets a second of six kinds for 3 s",
        metrics: &[
            Metric::at_most(MISSED, Unit::Count, 0.0),
            Metric::at_most(GAP, Unit::Milliseconds, NONE_MS),
            Metric::plain(PER_PACKET, Unit::Microseconds),
            Metric::plain(NODES_PART, Unit::Microseconds),
            Metric::at_most(OVER, Unit::Microseconds, 2.0),
            Metric::at_most(LINES, Unit::Count, 6.0),
            Metric::plain("log bytes per packet", Unit::Bytes),
        ],
        lines: with_floor,
        run: bad_flood,
        runs: 5,
        only_by_name: false,
        comparison: Some(Comparison::Beyond {
            of: PER_PACKET,
            to: OVER,
        }),
    },
    Case {
        name: "lower-priority-flood",
        sentence: "20,000 valid advertisements of priority 1 a second for 3 s: what the active node answers",
        metrics: &[
            Metric::at_most("gratuitous ARPs a second", Unit::Count, 20.0),
            Metric::plain("advertisements a second", Unit::Count),
            Metric::at_most(GAP, Unit::Milliseconds, 3.0),
        ],
        lines: alike,
        run: lower_flood,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "unicast-stranger",
        sentence: "unicast peers, and two packets a second of priority 250 and TTL 61 from an address that is none of them",
        metrics: &[Metric::at_most(GAP, Unit::Milliseconds, 3.0)],
        lines: alike,
        run: stranger,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "contest",
        sentence: "both nodes serve because they do not hear each other; then they do: the client's longest silence",
        metrics: &[
            Metric::at_most(GAP, Unit::Milliseconds, 60.0),
            Metric::plain("until one node is left", Unit::Milliseconds),
        ],
        lines: alike_and_mixed,
        run: contest,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
];

fn with_floor(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    lines.push(Line::floor("no daemon", Variant::Plain));
    lines
}

/// Advertisements that should have been between two that were.
fn missed(stage: &Stage, from: Moment, to: Moment) -> f64 {
    let frames = stage.advertisements(&stage.first, from, to);
    let times = frames.iter().map(|frame| frame.time);
    let ends: Vec<Moment> = std::iter::once(from).chain(times).chain([to]).collect();
    let gaps = ends
        .windows(2)
        .filter_map(|pair| Some(pair.last()?.since(*pair.first()?)));
    // An interval and a half is one that was late, not one that was missed.
    let missing = gaps.map(|gap| (gap.as_secs_f64() / INTERVAL.as_secs_f64() + 0.5).floor() - 1.0);
    missing.map(|count| count.max(0.0)).sum()
}

fn bad_slow(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::usual(priority).one());
    let mut stage = Stage::new(setting, line, files, &[])?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    let (mut lost, mut gap) = (0.0, Duration::ZERO);
    let kinds = Packet::invalid();
    let kinds = kinds
        .iter()
        .take(if setting.quick { 2 } else { kinds.len() });
    for frame in kinds {
        let begin = Moment::now();
        let attack = Injector::start(&stage.client, std::slice::from_ref(frame), 2, INTERVAL * 8)?;
        attack.finish()?;
        let end = Moment::now();
        lost += missed(&stage, begin, end);
        // A contest's last announcements come up to 6 s later.
        thread::sleep(SETTLED);
        gap = gap.max(probe.net_gap(begin, Moment::now())?);
    }
    Ok(Outcome::of(vec![
        Sample::new(MISSED, lost),
        Sample::new(GAP, milliseconds(gap)),
    ]))
}

fn bad_flood(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::usual(priority).one());
    let mut stage = Stage::new(setting, line, files, &[])?;
    let daemon = matches!(line.entrants, Entrants::Pair(..));
    if !daemon {
        stage
            .first
            .host
            .ip_batch(&format!("address add {VIP}/24 dev eth0\n"))?;
    }
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    let log = stage.first.log();
    let nodes = stage.first.processes().and(stage.second.processes());
    let processes = nodes.and(Processes::packet_threads());
    let quiet = processes.cpu();
    thread::sleep(FLOOD_TIME);
    let (begin, cpu) = (Moment::now(), processes.cpu());
    let quiet = cpu.saturating_sub(quiet);
    let attack = Injector::start(&stage.client, &Packet::invalid(), FLOOD, FLOOD_TIME)?;
    let flood = attack.finish_with_cost()?;
    let end = Moment::now();
    let cpu = processes.cpu().saturating_sub(cpu).saturating_sub(quiet);
    let sent = usize::try_from(flood.frames).unwrap_or(usize::MAX);
    let mut samples = vec![
        Sample::new(PER_PACKET, per(cpu + flood.cpu, sent)),
        Sample::new(NODES_PART, per(cpu, sent)),
    ];
    if daemon {
        let longer = stage.first.log();
        let new = longer.get(log.len()..).unwrap_or_default();
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        samples.push(Sample::new(MISSED, missed(&stage, begin, end)));
        samples.push(Sample::new(GAP, milliseconds(probe.net_gap(begin, end)?)));
        let seconds = end.since(begin).as_secs_f64();
        samples.push(Sample::new(LINES, count(new.lines().count()) / seconds));
        samples.push(Sample::new(
            "log bytes per packet",
            count(new.len()) / count(sent),
        ));
    }
    Ok(Outcome::of(samples))
}

fn lower_flood(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::usual(priority).one());
    let mut stage = Stage::new(setting, line, files, &[])?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    let packet = Packet {
        priority: 1,
        ..Packet::tempting()
    };
    let begin = Moment::now();
    Injector::start(&stage.client, &[packet.frame()], FLOOD, FLOOD_TIME)?.finish()?;
    let end = Moment::now();
    let sent = stage.sent_by(&stage.first, begin);
    let count = |wanted: fn(&FrameKind) -> bool| {
        let count = sent
            .iter()
            .filter(|frame| frame.time <= end && wanted(&frame.kind))
            .count();
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / end.since(begin).as_secs_f64()
    };
    let announced = count(|kind| matches!(kind, FrameKind::Garp { .. }));
    let advertised = count(|kind| matches!(kind, FrameKind::Vrrp(_)));
    Ok(Outcome::of(vec![
        Sample::new("gratuitous ARPs a second", announced),
        Sample::new("advertisements a second", advertised),
        Sample::new(GAP, milliseconds(probe.net_gap(begin, end)?)),
    ]))
}

fn stranger(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let [better, _] = PRIORITIES;
    let [first, second] = NODES;
    let file = |priority| {
        let (own, peer) = if priority == better {
            (first, second)
        } else {
            (second, first)
        };
        let mut file = File::usual(priority);
        file.instance =
            format!("    unicast_src_ip {own}\n    unicast_peer {{\n        {peer}\n    }}\n");
        file.one()
    };
    let mut stage = Stage::new(setting, line, both(file), &[])?;
    let probe = stage.probe(VIP)?;
    // Only then a peer has been heard for sure: the backup is silent while the other one serves.
    let begin = Moment::now();
    stage.second.start()?;
    probe.first_answer_by(stage.second.mac(), begin, SETTLED * 2)?;
    stage.first.start()?;
    probe.first_answer_by(stage.first.mac(), begin, SETTLED * 2)?;
    thread::sleep(SETTLED);
    let packet = Packet {
        to: (stage.first.mac(), first),
        ttl: 61,
        ..Packet::tempting()
    };
    let begin = Moment::now();
    Injector::start(&stage.client, &[packet.frame()], 2, INTERVAL * 6)?.finish()?;
    let end = Moment::now();
    let gap = probe.net_gap(begin, end)?;
    Ok(Outcome::of(vec![Sample::new(GAP, milliseconds(gap))]))
}

fn contest(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::usual(priority).one());
    let mut stage = Stage::new(setting, line, files, &[])?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    let isolate = |isolated| {
        let nodes = [&stage.first, &stage.second];
        nodes
            .into_iter()
            .try_for_each(|node| node.host.set_isolated(isolated))
    };
    isolate(true)?;
    let [_, priority] = PRIORITIES;
    // Until the second serves too, and its announcements are over.
    thread::sleep(down_interval(INTERVAL, priority) + SETTLED);
    Stage::at_any_phase(INTERVAL);
    let event = Moment::now();
    isolate(false)?;
    let watched = down_interval(INTERVAL, priority) * 2;
    thread::sleep(watched);
    let gap = probe.net_gap(event, event + watched)?;
    let last = stage.advertisements(&stage.second, event, Moment::now());
    let left = last
        .last()
        .map_or(Duration::ZERO, |frame| frame.time.since(event));
    let samples = vec![
        Sample::new(GAP, milliseconds(gap)),
        Sample::new("until one node is left", milliseconds(left)),
    ];
    stage.outcome(samples, &probe, event, event + watched)
}
