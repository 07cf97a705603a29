//! The promised numbers, each the median of at least nine runs, less what the machine itself adds.
//!
//! One test, so that its phases do not disturb each other; within a phase several pairs run side by side. It prints a
//! table with what keepalived does beside it where that can be compared.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::fmt;
use std::thread;
use std::time::Duration;

use standfast_lab::{Daemon, Moment, Pair, Signal, VIP};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, advertisements, down_interval, first_advertisement, median,
    pair_with, replaced, short_configuration, standfast, start, telling, tutorial_pair, worker_pid,
};

const INTERVAL: Duration = Duration::from_secs(1);
/// Where the protocol's own time does not matter.
const SHORT: Duration = Duration::from_millis(200);
/// Pairs side by side, and what each of them repeats: nine runs together.
const PAIRS: usize = 3;
const ROUNDS: usize = 3;

const STOP: Duration = Duration::from_millis(5);
const FAIL_BACK: Duration = Duration::from_millis(20);
const CABLE_LATENESS: Duration = Duration::from_millis(5);
const ANSWERS: Duration = Duration::from_millis(2);
const STARTS: Duration = Duration::from_millis(20);
/// Pages of the program count here too, which the kernel may take back at any time: the command line, its views and TLS lie in the
/// same file.
const MEMORY_KIB: u64 = 16 * 1024;
/// What the two processes have written: this the kernel cannot take back.
const OWN_MEMORY_KIB: u64 = 4 * 1024;

#[test]
fn promised_numbers_are_kept() {
    let [ours, theirs] = moves();
    let (normal, owner) = starts();
    let memory = memory_kib();
    let cable_limit = down_interval(INTERVAL, SECOND_PRIORITY) + CABLE_LATENESS;
    let start_limit = down_interval(SHORT, FIRST_PRIORITY) + STARTS;
    let rows = [
        Row::times("client gap on stop", STOP, &ours.stop, Some(&theirs.stop)),
        Row::times("client gap on fail-back", FAIL_BACK, &ours.back, None),
        Row::times(
            "cable pulled",
            cable_limit,
            &ours.cable,
            Some(&theirs.cable),
        ),
        Row::times(
            "answered after decision",
            ANSWERS,
            &ours.answered,
            Some(&theirs.answered),
        ),
        Row::times("start to advertisement", start_limit, &normal, None),
        Row::times("start of an owner", STARTS, &owner, None),
        Row::memory("PSS of all processes", memory.pss, MEMORY_KIB),
        Row::memory("largest RSS", memory.rss, MEMORY_KIB),
        Row::memory("anonymous memory", memory.own, OWN_MEMORY_KIB),
    ];
    println!(
        "{:<26}{:>14}{:>14}{:>14}{:>8}{:>6}",
        "promise", "at most", "measured", "keepalived", "ratio", "runs"
    );
    rows.iter().for_each(|row| println!("{row}"));
    let broken: Vec<&str> = rows
        .iter()
        .filter(|row| !row.kept())
        .map(|row| row.name)
        .collect();
    assert!(broken.is_empty(), "broken: {broken:?}");
    assert!(
        rows.iter()
            .all(|row| row.runs >= 9 || row.unit == Unit::Kibibytes)
    );
}

/// What moves of the address looked like.
#[derive(Default)]
struct Moves {
    stop: Vec<Duration>,
    back: Vec<Duration>,
    cable: Vec<Duration>,
    /// From the new Active's first advertisement to its first announcement or answer.
    answered: Vec<Duration>,
}

/// The tutorial's pair of Standfast nodes, and of keepalived ones beside it.
fn moves() -> [Moves; 2] {
    [standfast(), Daemon::Keepalived].map(|daemon| {
        let mut all = Moves::default();
        thread::scope(|scope| {
            let running: Vec<_> = (0..PAIRS)
                .map(|_| scope.spawn(|| move_often(&daemon)))
                .collect();
            for pair in running {
                let moves = pair.join().unwrap();
                all.stop.extend(moves.stop);
                all.back.extend(moves.back);
                all.cable.extend(moves.cable);
                all.answered.extend(moves.answered);
            }
        });
        all
    })
}

fn move_often(daemon: &Daemon) -> Moves {
    let mut pair = tutorial_pair([daemon.clone(), daemon.clone()]);
    let mut moves = Moves::default();
    telling(&mut pair, |pair| {
        start(pair);
        for _ in 0..ROUNDS {
            stop_and_start(pair, &mut moves);
            pull_and_plug(pair, &mut moves);
        }
    });
    moves
}

fn stop_and_start(pair: &mut Pair, moves: &mut Moves) {
    let begin = Moment::now();
    let process = pair.first.process().unwrap();
    process.signal(Signal::SIGTERM).unwrap();
    let (first, second) = (pair.first.mac(), pair.second.mac());
    let served = pair
        .probe
        .first_answer_by(second, begin, INTERVAL * 6)
        .unwrap();
    let settled = served.time + Duration::from_millis(300);
    moves.stop.push(pair.probe.net_gap(begin, settled).unwrap());
    moves.answered.push(answered(pair, second, begin));
    pair.first.process().unwrap().wait(INTERVAL * 5).unwrap();

    let begin = Moment::now();
    pair.first.start_daemon().unwrap();
    back(pair, begin, first, moves);
}

fn back(pair: &Pair, begin: Moment, mac: standfast_lab::MacAddress, moves: &mut Moves) {
    let served = pair
        .probe
        .first_answer_by(mac, begin, INTERVAL * 8)
        .unwrap();
    let settled = served.time + Duration::from_millis(300);
    moves.back.push(pair.probe.net_gap(begin, settled).unwrap());
    moves.answered.push(answered(pair, mac, begin));
}

fn pull_and_plug(pair: &mut Pair, moves: &mut Moves) {
    let (first, second) = (pair.first.mac(), pair.second.mac());
    // Right after an advertisement, which is the longest that the other one can wait.
    let now = Moment::now();
    first_advertisement(pair, first, FIRST_PRIORITY, now, INTERVAL * 2);
    let begin = Moment::now();
    pair.first.host.cable_pull().unwrap();
    let served = pair
        .probe
        .first_answer_by(second, begin, INTERVAL * 6)
        .unwrap();
    let noise = pair.probe.control_gap(begin, served.time).unwrap();
    moves
        .cable
        .push(served.time.since(begin).saturating_sub(noise));
    moves.answered.push(answered(pair, second, begin));
    let begin = Moment::now();
    pair.first.host.cable_plug().unwrap();
    back(pair, begin, first, moves);
}

fn answered(pair: &Pair, mac: standfast_lab::MacAddress, begin: Moment) -> Duration {
    let adverts = advertisements(&pair.capture, mac, begin);
    let decided = adverts.first().unwrap().time;
    let announced = pair
        .capture
        .first("an announcement", decided, INTERVAL, |frame| {
            frame.announces(VIP) && frame.source_mac == mac
        });
    announced.unwrap().time.since(decided)
}

/// From the start of the program to its first advertisement, for a usual priority and for an owner.
fn starts() -> (Vec<Duration>, Vec<Duration>) {
    let usual = short_configuration(SHORT, FIRST_PRIORITY);
    let owner = replaced(
        &short_configuration(SHORT, 255),
        ("state BACKUP", "state MASTER"),
    );
    let start_often = |configuration: &str| {
        thread::scope(|scope| {
            let running: Vec<_> = (0..PAIRS)
                .map(|_| scope.spawn(|| start_and_kill(configuration)))
                .collect();
            running
                .into_iter()
                .flat_map(|pair| pair.join().unwrap())
                .collect()
        })
    };
    (start_often(&usual), start_often(&owner))
}

fn start_and_kill(configuration: &str) -> Vec<Duration> {
    let configurations = [configuration.to_owned(), configuration.to_owned()];
    let mut pair = pair_with([standfast(), standfast()], configurations);
    telling(&mut pair, |pair| {
        let once = |_| {
            let begin = Moment::now();
            pair.first.start_daemon().unwrap();
            let mac = pair.first.mac();
            let sent = pair
                .capture
                .first("an advertisement", begin, INTERVAL * 3, |frame| {
                    frame.source_mac == mac && frame.advertisement().is_some()
                });
            let sent = sent.unwrap().time;
            let noise = pair.probe.control_gap(begin, sent).unwrap();
            let process = pair.first.process().unwrap();
            process.signal(Signal::SIGTERM).unwrap();
            process.signal(Signal::SIGTERM).unwrap();
            process.wait(INTERVAL * 2).unwrap();
            sent.since(begin).saturating_sub(noise)
        };
        (0..ROUNDS).map(once).collect()
    })
}

/// Sum of PSS, and largest RSS so far, of supervisor and worker, in KiB; with the address held and nothing left to start.
/// In KiB.
struct Memory {
    /// Of both processes together, shared pages by their shares.
    pss: u64,
    /// The most that one of them ever had.
    rss: u64,
    /// Written pages of both together.
    own: u64,
}

fn memory_kib() -> Memory {
    let mut pair = tutorial_pair([standfast(), standfast()]);
    telling(&mut pair, |pair| {
        start(pair);
        let supervisor = pair.first.process().unwrap().pid();
        let pids = [supervisor, worker_pid(&pair.first.host)];
        let field = |file: &str, name: &str| {
            pids.iter()
                .map(|pid| {
                    let text = pair
                        .first
                        .host
                        .read_file(&format!("/proc/{pid}/{file}"))
                        .unwrap();
                    let line = text
                        .lines()
                        .find(|line| line.starts_with(name))
                        .unwrap()
                        .to_owned();
                    let kib = line.split_whitespace().nth(1).unwrap();
                    kib.parse::<u64>().unwrap()
                })
                .collect::<Vec<u64>>()
        };
        let pss = field("smaps_rollup", "Pss:").iter().sum();
        let rss = field("status", "VmHWM:").into_iter().max().unwrap();
        let own = field("smaps_rollup", "Pss_Anon:").iter().sum();
        Memory { pss, rss, own }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Microseconds,
    Kibibytes,
}

/// A line of the table.
struct Row {
    name: &'static str,
    unit: Unit,
    limit: u64,
    measured: u64,
    keepalived: Option<u64>,
    runs: usize,
}

impl Row {
    fn times(
        name: &'static str,
        limit: Duration,
        runs: &[Duration],
        keepalived: Option<&[Duration]>,
    ) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap();
        Self {
            name,
            unit: Unit::Microseconds,
            limit: micros(limit),
            measured: micros(median(runs)),
            keepalived: keepalived.map(|runs| micros(median(runs))),
            runs: runs.len(),
        }
    }

    fn memory(name: &'static str, kib: u64, limit: u64) -> Self {
        Self {
            name,
            unit: Unit::Kibibytes,
            limit,
            measured: kib,
            keepalived: None,
            runs: 1,
        }
    }

    fn kept(&self) -> bool {
        self.measured <= self.limit
    }

    fn show(&self, value: u64) -> String {
        match self.unit {
            Unit::Microseconds => format!("{}.{:03} ms", value / 1000, value % 1000),
            Unit::Kibibytes => format!("{value} KiB"),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keepalived = self.keepalived.map(|value| self.show(value));
        // Below the probe's own millisecond a ratio says nothing.
        let ratio = self
            .keepalived
            .map(|value| format!("{}", value / self.measured.max(1000)));
        write!(
            f,
            "{:<26}{:>14}{:>14}{:>14}{:>8}{:>6}",
            self.name,
            self.show(self.limit),
            self.show(self.measured),
            keepalived.unwrap_or_default(),
            ratio.unwrap_or_default(),
            self.runs
        )
    }
}
