//! `track_file`

use standfast_lab::{Daemon, Host, Moment, Signal, VIP};

use super::{Scene, instance, tracking};
use crate::support::standfast;

const FOLDER: &str = "/run/numbers";
const FILE: &str = "/run/numbers/one";

fn block(options: &str) -> String {
    format!("track_file one {{\n    file {FILE}\n{options}\n}}\n")
}

const TRACKED: &str = "    track_file {\n        one\n    }";

fn write(text: &str) -> impl FnOnce(&Host) {
    let text = text.to_owned();
    move |host: &Host| host.write_file(FILE, &text, 0o644).unwrap()
}

/// Texts, and the priorities that both daemons advertise for them.
fn numbers(daemon: &Daemon) {
    let stage = super::Stage::new(daemon);
    stage.host.write_file(FILE, "5\n", 0o644).unwrap();
    let scene = stage.start(daemon, &tracking(&block("    weight 1"), TRACKED));
    scene.advertises(105, Moment::now());
    for (text, priority) in [
        ("20\n", 120),
        ("-50", 50),
        ("0x10\n", 116),
        ("not a number", 100),
        ("300", 254),
        ("12abc", 112),
        ("-99", 1),
        ("010", 108),
    ] {
        scene.after(write(text), priority);
    }
}

#[test]
fn numbers_are_added_to_the_priority() {
    numbers(&standfast());
}

#[test]
fn numbers_are_added_to_the_priority_by_keepalived_too() {
    numbers(&Daemon::Keepalived);
}

#[test]
fn a_weight_multiplies_and_reverse_turns_around() {
    let scene = Scene::start(
        &standfast(),
        &tracking(&block("    weight 3 reverse"), TRACKED),
    );
    scene.advertises(100, Moment::now());
    scene.after(write("10"), 70);
    scene.after(write("-5"), 115);
}

#[test]
fn a_file_may_be_replaced_go_and_come_and_its_folder_too() {
    let scene = Scene::start(&standfast(), &tracking(&block(""), TRACKED));
    scene.advertises(100, Moment::now());
    scene.after(write("10"), 110);
    let run =
        |command: &'static str| move |host: &Host| drop(host.run(&["sh", "-c", command]).unwrap());
    scene.after(
        run("echo 20 > /run/numbers/new; mv /run/numbers/new /run/numbers/one"),
        120,
    );
    scene.after(run("rm /run/numbers/one"), 100);
    scene.after(run("echo 30 > /run/numbers/one"), 130);
    scene.after(run("rm -r /run/numbers"), 100);
    scene.after(run("mkdir /run/numbers; echo 40 > /run/numbers/one"), 140);
    // A link, and then what it leads to.
    scene.after(
        run("mkdir /run/other; echo 50 > /run/other/real; ln -sf /run/other/real /run/numbers/one"),
        150,
    );
    scene.after(run("echo 60 > /run/other/real"), 160);
}

/// Weight 0: any number but 0 is a fault; with reverse 0 itself.
fn faults(daemon: &Daemon) {
    let other = std::net::Ipv4Addr::new(192, 168, 1, 201);
    let first = instance(
        &block("    weight 0"),
        "A",
        51,
        VIP,
        "    track_file {\n        one\n    }",
    );
    let second = instance(
        "",
        "B",
        52,
        other,
        "    track_file {\n        one weight 0 reverse\n    }",
    );
    let stage = super::Stage::new(daemon);
    stage.host.write_file(FILE, "0", 0o644).unwrap();
    let scene = stage.start(daemon, &(first + &second));
    scene.holds(VIP, true);
    assert!(!scene.host.holds(other).unwrap());
    write("1")(&scene.host);
    scene.holds(VIP, false);
    scene.holds(other, true);
    write("0")(&scene.host);
    scene.holds(other, false);
    scene.holds(VIP, true);
}

#[test]
fn without_a_weight_a_number_is_a_fault() {
    faults(&standfast());
}

#[test]
fn without_a_weight_a_number_is_a_fault_to_keepalived_too() {
    faults(&Daemon::Keepalived);
}

#[test]
fn a_product_below_all_priorities_is_a_fault() {
    let scene = Scene::start(&standfast(), &tracking(&block("    weight 2"), TRACKED));
    scene.holds(VIP, true);
    write("-127")(&scene.host);
    scene.holds(VIP, false);
    scene.says("entering FAULT state (tracked file one)");
    scene.after(write("-126"), 1);
    scene.says("Setting effective priority to 1: base and weights come to -152");
}

#[test]
fn an_initial_number_is_written_at_the_start_and_not_by_a_reload() {
    let stage = super::Stage::new(&standfast());
    stage.host.write_file(FILE, "1", 0o644).unwrap();
    let text = tracking(&block("    init_file 7 overwrite"), TRACKED);
    let scene = stage.start(&standfast(), &text);
    scene.advertises(107, Moment::now());
    assert_eq!(scene.host.read_file(FILE).unwrap(), "7\n");
    scene.after(write("8"), 108);
    scene.process.signal(Signal::SIGHUP).unwrap();
    scene.says("Reload complete");
    scene.advertises(108, Moment::now());
    assert_eq!(scene.host.read_file(FILE).unwrap(), "8");
}

#[test]
fn a_reload_takes_another_file_and_another_weight() {
    let stage = super::Stage::new(&standfast());
    stage.host.write_file(FILE, "10", 0o644).unwrap();
    stage
        .host
        .write_file("/run/numbers/two", "30", 0o644)
        .unwrap();
    let scene = stage.start(&standfast(), &tracking(&block(""), TRACKED));
    scene.advertises(110, Moment::now());
    let reload = |text: String| {
        move |host: &Host| {
            host.write_file("/etc/keepalived/new.conf", &text, 0o644)
                .unwrap();
            host.run(&[
                "mv",
                "/etc/keepalived/new.conf",
                standfast_lab::CONFIGURATION,
            ])
            .unwrap();
            scene_hang_up(host);
        }
    };
    let from = Moment::now();
    scene.after(reload(tracking(&block("    weight 2"), TRACKED)), 120);
    let other = block("    weight 2").replace(FILE, "/run/numbers/two");
    scene.after(reload(tracking(&other, TRACKED)), 160);
    let mac = scene.host.mac();
    let lower = scene.capture.frames(from, |frame| {
        let priority = frame.advertisement().map(|advert| advert.priority);
        frame.source_mac == mac && priority.is_some_and(|priority| priority < 110)
    });
    assert_eq!(lower.len(), 0, "a reload alone must not lower the priority");
    assert!(scene.host.run(&["test", "-d", FOLDER]).is_ok());
}

fn scene_hang_up(host: &Host) {
    host.run(&["sh", "-c", "kill -HUP $(cat /run/keepalived.pid)"])
        .unwrap();
}
