//! A thousand reloads with random differences: after them the kernel holds what the last file says, and nobody whose
//! instance did not change has noticed.
//!
//! `STANDFAST_SEED` and `STANDFAST_RELOADS` choose another run; both are printed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

#[path = "../support/mod.rs"]
mod support;

mod kernel;
mod model;

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::Holdings;
use model::{Change, Model, Random, VRIDS};
use standfast_lab::{CONFIGURATION, Host, Lab, Moment, Process, Signal};
use support::{single_host, standfast, worker_pid};

const SEED: u64 = 1;
const RELOADS: u64 = 1000;
/// The kernel is looked at after so many reloads.
const LOOK_EVERY: u64 = 10;
/// A file that cannot be used comes this often.
const BAD_EVERY: u64 = 17;
/// Memory is compared with what it was after so many reloads.
const WARM: u64 = 100;
/// What the allocator may keep more at the end than then.
const MAX_GROWTH_KIB: u64 = 1024 + JOURNAL_KIB;
/// The journal holds its last 2,048 records in memory, and they come only by and by.
const JOURNAL_KIB: u64 = 1024;
const PATIENCE: Duration = Duration::from_secs(20);
/// Much more than an instance needs to become master, or to leave.
const SETTLED: Duration = Duration::from_millis(100);

struct Running {
    host: Host,
    process: Process,
    reloads: u64,
    /// How much of the log has been judged, as the text of its last marker.
    judged: String,
    _lab: Lab,
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

fn marker(reload: u64) -> String {
    format!("reload_number_{reload}")
}

/// What makes a line of the log with the number in it: a keyword that nobody knows.
fn marked(text: &str, reload: u64) -> String {
    format!("{text}{}\n", marker(reload))
}

impl Running {
    fn new(model: &Model) -> Self {
        let daemon = standfast();
        let (lab, host) = single_host(&daemon);
        for command in [
            "link add eth1 type veth peer name peer1",
            "link set eth1 addrgenmode none",
            "link set eth1 up",
            "link set peer1 up",
            // The kernel takes all routes of an interface that has lost its last address.
            "address add 10.202.0.1/24 dev eth1",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            host.run(&[&["ip"][..], &words].concat()).unwrap();
        }
        host.write_file("/run/notify.sh", "#!/bin/sh\nexit 0\n", 0o755)
            .unwrap();
        for file in ["/run/track-0", "/run/track-1"] {
            host.write_file(file, "0\n", 0o644).unwrap();
        }
        // The first link-local address is what IPv6 instances send from.
        until(&host, "a link-local address", || {
            let argv = [
                "ip",
                "-6",
                "-o",
                "address",
                "show",
                "dev",
                "eth0",
                "-tentative",
            ];
            let shown = host.run(&argv).unwrap();
            shown.output.contains("fe80")
        });
        host.write_file(CONFIGURATION, &model.configuration(), 0o644)
            .unwrap();
        let process = daemon.start(&host, CONFIGURATION).unwrap();
        process.wait_for_log("Entering ", PATIENCE).unwrap();
        Running {
            host,
            process,
            reloads: 0,
            judged: String::new(),
            _lab: lab,
        }
    }

    /// Reloads the text and waits until it is in force, or refused.
    fn reload(&mut self, text: &str) {
        self.reloads += 1;
        let marker = marker(self.reloads);
        self.host
            .write_file(CONFIGURATION, &marked(text, self.reloads), 0o644)
            .unwrap();
        self.process.signal(Signal::SIGHUP).unwrap();
        until(
            &self.host,
            &format!("the end of reload {}", self.reloads),
            || {
                let log = self.process.log();
                let after = log.rsplit_once(&marker).map(|(_, after)| after);
                after.is_some_and(|after| {
                    after.contains("Reload complete")
                        || after.contains("the old one stays in force")
                })
            },
        );
    }

    /// The log from the last time's reload to the last one.
    fn news(&mut self) -> String {
        let (log, last) = (self.process.log(), marker(self.reloads));
        let (log, _) = log.rsplit_once(&last).unwrap();
        let news = match self.judged.as_str() {
            "" => log,
            marker => log.rsplit_once(marker).unwrap().1,
        };
        self.judged = last;
        news.to_owned()
    }

    /// The kernel holds what the model says, and who is not in `changed` has kept its state.
    fn judge(&mut self, model: &Model, changed: &BTreeSet<u64>) {
        let wanted = model.holdings();
        let end = Moment::now() + PATIENCE;
        loop {
            let held = Holdings::of(&self.host);
            if held == wanted {
                break;
            }
            if Moment::now() > end {
                panic!(
                    "the kernel is not as the file wants it:\n{}",
                    held.against(&wanted)
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // What was said before this is the last window's.
        self.reload(&model.configuration());
        for line in self.news().lines() {
            let entering = line.split_once(") Entering ").map(|(before, _)| before);
            let name = entering
                .and_then(|before| before.rsplit_once('('))
                .map(|(_, name)| name);
            if let Some(name) = name {
                assert!(
                    changed.contains(&Model::vrid(name)),
                    "{name} did not change: {line}"
                );
            }
            for bad in [
                "panicked",
                "was deleted by something else",
                "cannot add",
                "cannot remove",
            ] {
                assert!(!line.contains(bad), "{line}");
            }
        }
    }

    fn memory_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", worker_pid(&self.host));
        let text = self.host.read_file(&status).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let words = line.unwrap().split_whitespace().next();
        words.unwrap().parse().unwrap()
    }
}

#[track_caller]
fn until(host: &Host, what: &str, mut holds: impl FnMut() -> bool) {
    let end = Moment::now() + PATIENCE;
    while !holds() {
        assert!(
            Moment::now() < end,
            "{} waits in vain for {what}",
            host.name()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Random reloads; what was changed last stands in `last`.
fn run(running: &mut Running, model: &mut Model, random: &mut Random, last: &mut Vec<Change>) {
    let reloads = number("STANDFAST_RELOADS", RELOADS);
    let (mut changed, mut warm) = ((1..=VRIDS).collect::<BTreeSet<u64>>(), None);
    let worker = worker_pid(&running.host);
    for reload in 1..=reloads {
        if reload % BAD_EVERY == 0 {
            let mut other = model.clone();
            other.mutate(random);
            running.reload(&other.broken());
        }
        last.push(model.mutate(random));
        if let Some(Change { touched, .. }) = last.last() {
            changed.extend(touched.iter());
        }
        running.reload(&model.configuration());
        if reload % LOOK_EVERY == 0 {
            running.judge(model, &changed);
            changed.clear();
            last.clear();
        }
        if reload == WARM {
            warm = Some(running.memory_kib());
        }
    }
    std::thread::sleep(SETTLED);
    running.judge(model, &changed);
    assert_eq!(worker_pid(&running.host), worker, "the worker died");
    let end = running.memory_kib();
    println!("memory: {warm:?} KiB after {WARM} reloads, {end} KiB after {reloads}");
    let limit = warm.map_or(u64::MAX, |warm| warm + MAX_GROWTH_KIB);
    assert!(end <= limit, "{end} KiB is more than {limit} KiB");
}

#[test]
fn a_thousand_random_reloads_leave_what_the_last_file_says() {
    let seed = number("STANDFAST_SEED", SEED);
    println!("STANDFAST_SEED={seed}");
    let mut random = Random(seed);
    let mut model = Model::new(&mut random);
    let mut running = Running::new(&model);
    let mut last = Vec::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(&mut running, &mut model, &mut random, &mut last);
    }));
    if let Err(panic) = result {
        let log = running.process.log();
        let start = log.len().saturating_sub(30_000);
        eprintln!("{}", log.get(start..).unwrap_or(&log));
        eprintln!("{}", model.configuration());
        eprintln!(
            "seed {seed}, reload {}; since the last look:",
            running.reloads
        );
        last.iter().for_each(|change| eprintln!("{change:?}"));
        std::panic::resume_unwind(panic);
    }
    running.process.stop(PATIENCE).unwrap();
    let left = Holdings::of(&running.host);
    assert_eq!(
        left,
        Holdings::default(),
        "a stopped daemon leaves something"
    );
}
