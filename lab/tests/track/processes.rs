//! `vrrp_track_process`, in a network namespace: births are found by looking through /proc.

use std::time::Duration;

use standfast_lab::{Host, Moment, Process, Signal, VIP};

use super::{Stage, tracking};
use crate::support::standfast;

const PROGRAM: &str = "/run/tracked-one";
const TRACKED: &str = "    track_process {\n        one\n    }";

fn block(options: &str) -> String {
    format!("vrrp_track_process one {{\n    process tracked-one\n{options}\n}}\n")
}

/// A host with a program of that name.
fn stage() -> Stage {
    let stage = Stage::new(&standfast());
    stage.host.run(&["cp", "/bin/sleep", PROGRAM]).unwrap();
    stage
}

fn spawn(host: &Host, seconds: &str) -> Process {
    host.spawn(&[PROGRAM, seconds], &[]).unwrap()
}

fn kill(process: &Process) {
    process.signal(Signal::SIGKILL).unwrap();
}

#[test]
fn births_and_deaths_move_the_priority() {
    let scene = stage().start(&standfast(), &tracking(&block("    weight 20"), TRACKED));
    scene.advertises(100, Moment::now());
    let mut running = None;
    scene.after(|host| running = Some(spawn(host, "1000")), 120);
    scene.says("Quorum gained for tracked process one");
    scene.after(|_| kill(running.as_ref().unwrap()), 100);
    scene.says("Quorum lost for tracked process one");
    scene.after(|host| running = Some(spawn(host, "1000")), 120);
}

#[test]
fn a_process_that_runs_before_the_daemon_counts_and_its_end_is_a_fault() {
    let stage = stage();
    let running = spawn(&stage.host, "1000");
    let scene = stage.start(&standfast(), &tracking(&block(""), TRACKED));
    scene.holds(VIP, true);
    kill(&running);
    scene.holds(VIP, false);
    scene.says("entering FAULT state (tracked process one)");
    let _again = spawn(&scene.host, "1000");
    scene.holds(VIP, true);
}

#[test]
fn a_quorum_has_a_least_and_a_greatest_number() {
    let options = "    weight 20\n    quorum 2\n    quorum_max 2";
    let scene = stage().start(&standfast(), &tracking(&block(options), TRACKED));
    let _first = spawn(&scene.host, "1000");
    scene.advertises(100, Moment::now());
    let mut others = Vec::new();
    scene.after(|host| others.push(spawn(host, "1001")), 120);
    scene.after(|host| others.push(spawn(host, "1002")), 100);
    scene.after(|_| kill(others.last().unwrap()), 120);
    scene.after(|_| kill(others.first().unwrap()), 100);
}

#[test]
fn none_may_run_where_the_greatest_number_is_0() {
    let options = "    weight 20\n    quorum_max 0";
    let scene = stage().start(&standfast(), &tracking(&block(options), TRACKED));
    scene.advertises(120, Moment::now());
    let mut running = None;
    scene.after(|host| running = Some(spawn(host, "1000")), 100);
    scene.after(|_| kill(running.as_ref().unwrap()), 120);
}

#[test]
fn parameters_decide_which_processes_count() {
    let block = format!(
        "vrrp_track_process one {{\n    process {PROGRAM} 1000\n    weight 20\n}}\n\
         vrrp_track_process any {{\n    process {PROGRAM}\n    full_command\n    weight 3\n}}\n"
    );
    let tracked = "    track_process {\n        one\n        any\n    }";
    let scene = stage().start(&standfast(), &tracking(&block, tracked));
    scene.advertises(100, Moment::now());
    let mut running = Vec::new();
    scene.after(|host| running.push(spawn(host, "1001")), 103);
    scene.after(|host| running.push(spawn(host, "1000")), 123);
}

#[test]
fn a_service_that_is_restarted_within_its_delay_moves_nothing() {
    let stage = stage();
    let first = spawn(&stage.host, "1000");
    let options = "    weight 20\n    terminate_delay 6";
    let scene = stage.start(&standfast(), &tracking(&block(options), TRACKED));
    scene.advertises(120, Moment::now());
    let from = Moment::now();
    kill(&first);
    std::thread::sleep(Duration::from_millis(500));
    let second = spawn(&scene.host, "1000");
    std::thread::sleep(Duration::from_secs(8));
    let mac = scene.host.mac();
    let lower = scene.capture.frames(from, |frame| {
        let priority = frame.advertisement().map(|advert| advert.priority);
        frame.source_mac == mac && priority.is_some_and(|priority| priority < 120)
    });
    assert_eq!(lower.len(), 0, "{}", scene.process.log());
    scene.after(|_| kill(&second), 100);
}
