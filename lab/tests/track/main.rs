//! What is tracked moves the priority, or makes a fault, on a real kernel: files, processes, links.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod checks;
mod files;
mod links;
mod processes;
#[path = "../support/mod.rs"]
mod support;

use std::net::Ipv4Addr;
use std::time::Duration;

use standfast_lab::{
    CONFIGURATION, Capture, Daemon, Host, HostOptions, Lab, LabOptions, Moment, Process, Program,
    VIP,
};

/// Nothing here takes so long on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at the host.
const PERIOD: Duration = Duration::from_millis(20);
const BASE: u8 = 100;

/// A host with a daemon, and another one that hears it.
struct Scene {
    host: Host,
    process: Process,
    capture: Capture,
    _watcher: Host,
    _lab: Lab,
}

/// A host without a daemon, to be prepared.
struct Stage {
    host: Host,
    watcher: Host,
    lab: Lab,
}

impl Stage {
    fn new(daemon: &Daemon) -> Self {
        Self::beside(daemon, &[])
    }

    /// The host is shown these programs as well.
    fn beside(daemon: &Daemon, programs: &[Program]) -> Self {
        let lab = Lab::new(LabOptions::with_agent(support::agent())).unwrap();
        let mut options = HostOptions::new("one", [192, 168, 1, 11].into());
        options.programs = daemon.programs();
        options.programs.extend_from_slice(programs);
        let host = lab.host(&options).unwrap();
        let watcher = HostOptions::new("watcher", [192, 168, 1, 50].into());
        let watcher = lab.host(&watcher).unwrap();
        Stage { host, watcher, lab }
    }

    fn start(self, daemon: &Daemon, configuration: &str) -> Scene {
        let Stage { host, watcher, lab } = self;
        let capture = Capture::start(&watcher).unwrap();
        host.write_file(CONFIGURATION, configuration, 0o644)
            .unwrap();
        let process = daemon.start(&host, CONFIGURATION).unwrap();
        Scene {
            host,
            process,
            capture,
            _watcher: watcher,
            _lab: lab,
        }
    }
}

impl Scene {
    fn start(daemon: &Daemon, configuration: &str) -> Self {
        Stage::new(daemon).start(daemon, configuration)
    }

    /// Waits until an advertisement with that priority is heard.
    #[track_caller]
    fn advertises(&self, priority: u8, from: Moment) {
        let awaited = format!("an advertisement with priority {priority}");
        let mac = self.host.mac();
        let found = self.capture.first(&awaited, from, PATIENCE, |frame| {
            support::advertises(frame, mac, priority)
        });
        if let Err(error) = found {
            panic!("{error}\n{}", self.process.log());
        }
    }

    /// Does something and waits for that priority.
    #[track_caller]
    fn after(&self, act: impl FnOnce(&Host), priority: u8) {
        let from = Moment::now();
        act(&self.host);
        self.advertises(priority, from);
    }

    /// Waits until the host has the address, or has it no longer.
    #[track_caller]
    fn holds(&self, address: Ipv4Addr, wanted: bool) {
        let held = || self.host.holds(address).unwrap() == wanted;
        self.wait(&format!("{address} held: {wanted}"), held);
    }

    #[track_caller]
    fn wait(&self, what: &str, mut done: impl FnMut() -> bool) {
        let end = Moment::now() + PATIENCE;
        while !done() {
            assert!(
                Moment::now() < end,
                "{what}: not in time\n{}",
                self.process.log()
            );
            std::thread::sleep(PERIOD);
        }
    }

    #[track_caller]
    fn says(&self, text: &str) {
        self.wait(text, || self.process.log().contains(text));
    }

    /// How often the log says so.
    fn said(&self, text: &str) -> usize {
        self.process.log().matches(text).count()
    }
}

/// Blocks, then an instance on eth0 that tracks, with advertisements five times a second.
fn tracking(blocks: &str, lines: &str) -> String {
    instance(blocks, "VI_1", 51, VIP, lines)
}

fn instance(blocks: &str, name: &str, vrid: u8, vip: Ipv4Addr, lines: &str) -> String {
    format!(
        "{blocks}\nvrrp_instance {name} {{\n    version 3\n    interface eth0\n    \
         virtual_router_id {vrid}\n    priority {BASE}\n    advert_int 0.2\n{lines}\n    \
         virtual_ipaddress {{\n        {vip}/24\n    }}\n}}\n"
    )
}
