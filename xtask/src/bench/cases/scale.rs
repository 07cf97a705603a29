//! Many virtual routers, many addresses.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use standfast_lab::{Frame, FrameKind, Moment, Signal};

use super::failover::down_interval;
use super::{milliseconds, per};
use crate::bench::case::{
    Case, Entrants, Line, Outcome, Setting, Trouble, Variant, alike, alike_and_mixed,
};
use crate::bench::configuration::{File, PER_NETWORK, PRIORITIES, both};
use crate::bench::result::{Comparison, Metric, Sample, Unit};
use crate::bench::stage::{NODES, Stage, VIP};
use crate::bench::subject::Subject;

/// What a virtual router is known by outside: its VRID, and the switch that it speaks on.
type Spoken = BTreeMap<(u8, u8), Vec<Moment>>;

const CPU: &str = "CPU per advertisement";
const LONGEST: &str = "longest gap of any";

/// How long steady advertising is measured.
const STEADY: Duration = Duration::from_secs(10);

/// Until announcements at the start are over: keepalived repeats them after 5 s.
const SETTLED: Duration = Duration::from_secs(6);

const FAST: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);

/// Virtual routers on one network.
const ROUTERS: u8 = 255;

/// The cases of this file.
pub const CASES: [Case; 4] = [
    Case {
        name: "scale-255",
        sentence: "255 instances at 100 ms (version 3): CPU of the daemon's processes for each advertisement, and the longest gap",
        metrics: &[
            Metric::at_most(CPU, Unit::Microseconds, 18.0),
            Metric::at_most(LONGEST, Unit::Milliseconds, 105.0),
            Metric::plain("CPU of a backup", Unit::Microseconds),
        ],
        lines: with_floors,
        run: steady_255,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "scale-1000",
        sentence: "1,000 instances at 1 s on four networks: cost, last start, and a takeover of all at once",
        metrics: &[
            Metric::at_most(CPU, Unit::Microseconds, 16.0),
            Metric::at_most(
                "last start beyond the protocol's time",
                Unit::Milliseconds,
                40.0,
            ),
            Metric::at_most(
                "takeover: advertisement late at most",
                Unit::Milliseconds,
                12.0,
            ),
            Metric::plain("takeover: advertisement late, median", Unit::Milliseconds),
            Metric::at_most(
                "takeover: last address announced after its decision",
                Unit::Milliseconds,
                40.0,
            ),
            Metric::plain("longest gap of any", Unit::Milliseconds),
        ],
        lines: alike,
        run: thousand,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
    Case {
        name: "addresses-1000",
        sentence: "one instance with 1,000 addresses takes over: from its first advertisement until addresses are announced and answer",
        metrics: &[
            Metric::at_most("first address announced", Unit::Milliseconds, 2.0),
            Metric::plain("last address announced", Unit::Milliseconds),
            Metric::at_most(
                "last address announced, of keepalived's",
                Unit::Ratio,
                0.667,
            ),
            Metric::plain("last address of the file answers", Unit::Milliseconds),
        ],
        lines: with_address_floor,
        run: addresses,
        runs: 3,
        only_by_name: false,
        comparison: Some(Comparison::OfKeepalived {
            of: "last address announced",
            to: "last address announced, of keepalived's",
        }),
    },
    Case {
        name: "reload-255",
        sentence: "255 instances at 100 ms, one address replaced, SIGHUP: the longest gap of any, and how many the backup took",
        metrics: &[
            Metric::at_most(LONGEST, Unit::Milliseconds, 105.0),
            Metric::at_most("lost to the backup", Unit::Count, 0.0),
        ],
        lines: reload_lines,
        run: reload,
        runs: 3,
        only_by_name: false,
        comparison: None,
    },
];

fn with_floors(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    lines.push(Line::floor("floor, one by one", Variant::OneByOne));
    lines.push(Line::floor("floor, ten a call", Variant::Batched));
    lines
}

/// keepalived 2.2.7 rejects a changed address list by itself: nobody can keep it from taking over.
fn reload_lines(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike_and_mixed(subjects);
    for line in &mut lines {
        line.judged = line.judged && !line.label.contains("beside keepalived 2.2");
    }
    lines
}

fn with_address_floor(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    lines.push(Line::floor("floor, ip -batch", Variant::OneByOne));
    lines
}

fn steady_255(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::version_3(priority, "0.1").many(1, ROUTERS));
    let mut stage = Stage::new(setting, line, files, &[])?;
    let length = setting.length(STEADY);
    if matches!(line.entrants, Entrants::Floor) {
        return floor(&stage, line, length);
    }
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    drop(probe);
    let (first, second) = (stage.first.processes(), stage.second.processes());
    let (from, cpu, backup_cpu) = (Moment::now(), first.cpu(), second.cpu());
    thread::sleep(length);
    let (to, cpu) = (Moment::now(), first.cpu().saturating_sub(cpu));
    let backup_cpu = second.cpu().saturating_sub(backup_cpu);
    let frames = stage.advertisements(&stage.first, from, to);
    let samples = vec![
        Sample::new(CPU, per(cpu, frames.len())),
        Sample::new("CPU of a backup", per(backup_cpu, frames.len())),
        Sample::new(LONGEST, milliseconds(longest_gap(&frames, from, to))),
    ];
    Ok(Outcome::of(samples))
}

fn floor(stage: &Stage, line: &Line, length: Duration) -> Result<Outcome, Trouble> {
    let batch = if line.variant == Variant::Batched {
        "10"
    } else {
        "1"
    };
    let [source, _] = NODES.map(|address| address.to_string());
    let (routers, interval) = (ROUTERS.to_string(), FAST.as_millis().to_string());
    let milliseconds = length.as_millis().to_string();
    let part = [
        "floor-advertise",
        &source,
        &routers,
        &interval,
        batch,
        &milliseconds,
    ];
    let (count, cpu) = stage.part(&part, length * 2)?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let cpu = per(Duration::from_nanos(cpu), count);
    Ok(Outcome::of(vec![Sample::new(CPU, cpu)]))
}

/// When each virtual router of one network was heard.
fn by_router(frames: &[Frame]) -> Spoken {
    let mut spoken = Spoken::new();
    for frame in frames {
        if let Some(sent) = frame.advertisement() {
            // On several networks one VRID has several addresses of origin.
            let [.., network, _] = sent.source.octets();
            spoken
                .entry((network, sent.vrid))
                .or_default()
                .push(frame.time);
        }
    }
    spoken
}

/// The longest time that any router was silent, the ends of the time included.
fn longest_gap(frames: &[Frame], from: Moment, to: Moment) -> Duration {
    let gaps = by_router(frames).into_values().map(|times| {
        let ends = [&[from], times.as_slice(), &[to]].concat();
        let gaps = ends
            .windows(2)
            .filter_map(|pair| Some(pair.last()?.since(*pair.first()?)));
        gaps.max().unwrap_or_default()
    });
    gaps.max().unwrap_or_default()
}

/// Networks of the case with a thousand.
const NETWORKS: u8 = 4;

fn thousand(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::usual(priority).many(NETWORKS, PER_NETWORK));
    let mut stage = Stage::new(setting, line, files, &[])?;
    stage.add_networks(NETWORKS)?;
    let all = usize::from(NETWORKS) * usize::from(PER_NETWORK);
    let started = Moment::now();
    stage.first.start()?;
    thread::sleep(Duration::from_millis(300));
    stage.second.start()?;
    let down = PRIORITIES.map(|priority| down_interval(SECOND, priority));
    thread::sleep(down.into_iter().max().unwrap_or_default() + SETTLED);
    let spoken = by_router(&stage.advertisements(&stage.first, started, Moment::now()));
    if spoken.len() != all {
        return Err(Trouble::Unclear("not every instance became active"));
    }
    let last_start = spoken.values().filter_map(|times| times.first()).max();
    let beyond = last_start.map_or(Duration::ZERO, |last| last.since(started + down[0]));
    let processes = stage.first.processes();
    let (from, cpu) = (Moment::now(), processes.cpu());
    thread::sleep(setting.length(STEADY));
    let (to, cpu) = (Moment::now(), processes.cpu().saturating_sub(cpu));
    let frames = stage.advertisements(&stage.first, from, to);
    let mut samples = vec![
        Sample::new(CPU, per(cpu, frames.len())),
        Sample::new(
            "last start beyond the protocol's time",
            milliseconds(beyond),
        ),
        Sample::new(
            "longest gap of any",
            milliseconds(longest_gap(&frames, from, to)),
        ),
    ];
    if !stage.advertisements(&stage.second, from, to).is_empty() {
        return Err(Trouble::Unclear("the backup was active as well"));
    }
    samples.extend(takeover(&stage, down[1])?);
    Ok(Outcome::of(samples))
}

/// The first node's cables are pulled; how late the second one speaks and announces.
fn takeover(stage: &Stage, down: Duration) -> Result<Vec<Sample>, Trouble> {
    let event = Moment::now();
    stage.pull_all(NETWORKS)?;
    thread::sleep(down + SECOND * 4);
    let heard = by_router(&stage.advertisements(&stage.first, event - SECOND * 2, Moment::now()));
    let spoken = stage.advertisements(&stage.second, event, Moment::now());
    let announced = announcements(stage, event);
    let (mut late, mut announced_after) = (Vec::new(), Vec::new());
    for ((network, vrid), times) in by_router(&spoken) {
        let Some(decided) = times.first() else {
            continue;
        };
        // The second node's source is one higher than the first's.
        let last = heard.get(&(network, vrid)).and_then(|times| times.last());
        late.extend(last.map(|last| decided.since(*last + down)));
        let address = crate::bench::configuration::address_of(network.saturating_sub(1), vrid);
        announced_after.extend(
            announced
                .get(&address.octets())
                .map(|at| at.since(*decided)),
        );
    }
    late.sort_unstable();
    let (median, most) = (late.get(late.len() / 2), late.last());
    let (Some(median), Some(most), Some(last)) = (median, most, announced_after.iter().max())
    else {
        return Err(Trouble::Unclear("nobody took over"));
    };
    Ok(vec![
        Sample::new(
            "takeover: advertisement late, median",
            milliseconds(*median),
        ),
        Sample::new("takeover: advertisement late at most", milliseconds(*most)),
        Sample::new(
            "takeover: last address announced after its decision",
            milliseconds(*last),
        ),
    ])
}

/// When the second node announced each address first.
fn announcements(stage: &Stage, from: Moment) -> BTreeMap<[u8; 4], Moment> {
    let mut first = BTreeMap::new();
    for frame in stage.sent_by(&stage.second, from) {
        if let FrameKind::Garp { address, .. } = frame.kind {
            first.entry(address.octets()).or_insert(frame.time);
        }
    }
    first
}

/// Addresses of the case with many, in the order of the file: the first one is announced in packets, the others are not.
fn many_addresses() -> Vec<String> {
    let more = (0..999_u16).map(|number| {
        let [high, low] = number.to_be_bytes();
        format!("192.168.{}.{}/24", u16::from(high) + 10, low)
    });
    std::iter::once(format!("{VIP}/24")).chain(more).collect()
}

fn addresses(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let file = |priority| {
        let mut file = File::usual(priority);
        let excluded = many_addresses().split_off(1).join(" dev eth0\n        ");
        file.instance =
            format!("    virtual_ipaddress_excluded {{\n        {excluded} dev eth0\n    }}\n");
        file.one()
    };
    let mut stage = Stage::new(setting, line, both(file), &[])?;
    if matches!(line.entrants, Entrants::Floor) {
        let batch: String = many_addresses()
            .iter()
            .map(|address| format!("address add {address} dev eth0\n"))
            .collect();
        stage.first.host.write_file("/tmp/batch", &batch, 0o644)?;
        let (_, nanoseconds) = stage.part(&["floor-addresses", "/tmp/batch"], SECOND * 5)?;
        let took = milliseconds(Duration::from_nanos(nanoseconds));
        return Ok(Outcome::of(vec![Sample::new(
            "last address announced",
            took,
        )]));
    }
    stage
        .client
        .ip_batch("route add 192.168.0.0/16 dev eth0\n")?;
    let last = [192, 168, 13, 230].into();
    let (probe, last_probe) = (stage.probe(VIP)?, stage.probe(last)?);
    stage.start(&probe, SETTLED)?;
    let event = Moment::now();
    stage.first.host.cable_pull()?;
    probe.first_answer_by(stage.second.mac(), event, SECOND * 8)?;
    let answered = last_probe.first_answer_by(stage.second.mac(), event, SECOND * 8)?;
    thread::sleep(SECOND);
    let decided = stage.advertisements(&stage.second, event, Moment::now());
    let decided = decided
        .first()
        .ok_or(Trouble::Unclear("nobody took over"))?
        .time;
    let announced = announcements(&stage, event);
    if announced.len() != 1000 {
        return Err(Trouble::Unclear(
            "not every address was announced within a second",
        ));
    }
    let after = |moment: Option<&Moment>| {
        milliseconds(moment.map_or(Duration::ZERO, |at| at.since(decided)))
    };
    Ok(Outcome::of(vec![
        Sample::new("first address announced", after(announced.values().min())),
        Sample::new("last address announced", after(announced.values().max())),
        Sample::new(
            "last address of the file answers",
            after(Some(&answered.time)),
        ),
    ]))
}

/// How long a reload is watched.
const RELOADED: Duration = Duration::from_secs(5);

fn reload(setting: &Setting, line: &Line) -> Result<Outcome, Trouble> {
    let files = both(|priority| File::version_3(priority, "0.1").many(1, ROUTERS));
    let changed = files[0].replace("10.9.0.100/32", "10.8.0.100/32");
    let mut stage = Stage::new(setting, line, files, &[])?;
    let probe = stage.probe(VIP)?;
    stage.start(&probe, SETTLED)?;
    drop(probe);
    stage
        .first
        .host
        .write_file(crate::bench::stage::FILE, &changed, 0o644)?;
    let event = Moment::now();
    stage.first.signal(Signal::SIGHUP)?;
    thread::sleep(RELOADED);
    let end = Moment::now();
    let frames = stage.advertisements(&stage.first, event - FAST, end);
    let lost = by_router(&stage.advertisements(&stage.second, event, end)).len();
    let lost = u32::try_from(lost).unwrap_or(u32::MAX);
    Ok(Outcome::of(vec![
        Sample::new(
            LONGEST,
            milliseconds(longest_gap(&frames, event - FAST, end)),
        ),
        Sample::new("lost to the backup", f64::from(lost)),
    ]))
}
