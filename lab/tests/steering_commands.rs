//! Commands that ask and steer a running daemon, on a real pair: healthy, degraded, split and recovering.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::thread;
use std::time::Duration;

use serde_json::Value;
use standfast_lab::{CONFIGURATION, Daemon, ExitState, Host, Moment, Node, Pair, VIP};
use support::{pair_with, replaced, single_host, standfast, telling};

/// Nothing that is awaited takes longer, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(40);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// The program under test, in each host.
const STANDFAST: &str = "/run/lab/bin/standfast";
/// The check of both nodes passes while this file is there.
const WELL: &str = "/run/well";
/// Priorities of both nodes.
const PRIORITIES: [u8; 2] = [100, 90];

/// What a command has said, and its exit code.
#[derive(Debug)]
struct Said {
    code: ExitState,
    text: String,
}

impl Said {
    /// It ended with that code, and among its lines are these, in this order; `*` stands for anything.
    #[track_caller]
    fn says(&self, code: i32, lines: &[&str]) -> &Self {
        assert_eq!(self.code, ExitState::Code(code), "{}", self.text);
        assert!(self.has(lines), "{lines:#?} in\n{}", self.text);
        self
    }

    fn has(&self, lines: &[&str]) -> bool {
        let mut said = self.text.lines();
        let mut wanted = lines.iter();
        wanted.all(|wanted| said.any(|line| is_like(line, wanted)))
    }
}

/// Whether a line is as the pattern says, in which `*` stands for anything.
fn is_like(line: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return line == pattern;
    };
    let Some(line) = line.strip_prefix(start) else {
        return false;
    };
    let mut ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    ends.any(|at| line.get(at..).is_some_and(|line| is_like(line, rest)))
}

/// Runs `standfast` with these words on a host.
fn run(host: &Host, words: &str) -> Said {
    let argv: Vec<&str> = [STANDFAST].into_iter().chain(words.split(' ')).collect();
    let output = host.run_within(LIMIT, &argv).unwrap();
    println!(
        "{}$ standfast {words}\n{}{}",
        host.name(),
        output.output,
        output.error
    );
    Said {
        code: output.status,
        text: output.output + &output.error,
    }
}

/// Asks until it says so.
#[track_caller]
fn until(host: &Host, words: &str, code: i32, lines: &[&str]) -> Said {
    let end = Moment::now() + LIMIT;
    loop {
        let said = run(host, words);
        if said.code == ExitState::Code(code) && said.has(lines) {
            return said;
        }
        assert!(Moment::now() < end, "not {lines:#?}, but\n{}", said.text);
        thread::sleep(PAUSE);
    }
}

fn configuration(priority: u8) -> String {
    format!(
        "global_defs {{\n    script_user root\n    enable_script_security\n}}\nvrrp_script chk_web {{\n    script \"/usr/bin/test \
         -e {WELL}\"\n    interval 1\n    fall 1\n    rise 1\n    weight -20\n}}\nvrrp_instance VI_1 {{\n    state \
         BACKUP\n    interface eth0\n    virtual_router_id 51\n    priority {priority}\n    advert_int 1\n    \
         virtual_ipaddress {{\n        {VIP}/24\n    }}\n    track_script {{\n        chk_web\n    }}\n}}\n"
    )
}

/// A pair of which the first node serves, and whose services are well.
fn with_pair(second: Daemon, body: impl FnOnce(&mut Pair)) {
    let mut pair = pair_with([standfast(), second], PRIORITIES.map(configuration));
    for node in [&pair.first, &pair.second] {
        set_well(node, true);
    }
    telling(&mut pair, |pair| {
        pair.start_daemons(LIMIT).unwrap();
        body(pair);
    });
}

/// The same of two Standfast nodes that know each other.
fn with_acquainted_pair(body: impl FnOnce(&mut Pair)) {
    with_pair(standfast(), |pair| {
        for node in [&pair.first, &pair.second] {
            let peer = ["  peers      *answers in *", "  *answers in *"];
            let end = Moment::now() + LIMIT;
            while !peer
                .iter()
                .any(|line| run(&node.host, "status").has(&[line]))
            {
                assert!(Moment::now() < end, "they do not know each other");
                thread::sleep(PAUSE);
            }
        }
        body(pair);
    });
}

fn set_well(node: &Node, well: bool) {
    if well {
        node.host.write_file(WELL, "", 0o644).unwrap();
    } else {
        node.host.run(&["rm", WELL]).unwrap();
    }
}

#[test]
fn a_healthy_pair_is_shown_moved_and_moved_back() {
    with_acquainted_pair(|pair| {
        let (first, second) = (&pair.first.host, &pair.second.host);
        until(
            first,
            "status --color=never",
            0,
            &[
                "nginx-1: standfast * (as keepalived), up *, 1 instance: 1 MASTER",
                "VI_1: MASTER for * (since *)",
                "  router     VRID 51 VRRPv2 on eth0 from 192.168.1.11",
                "  because    *",
                "  priority   100 = base; chk_web is well",
                "  addresses  192.168.1.200/24 on eth0: held",
                "  nodes      nginx-1  MASTER  100  192.168.1.11  for *, this node",
                "             nginx-2  BACKUP  90   192.168.1.12  for *, heard *",
                "  next       in *",
                "  checks     chk_web  script  UP  *",
                "  peers      nginx-2 (192.168.1.12) on eth0, heard *",
            ],
        );
        until(
            second,
            "status VI_1",
            0,
            &[
                "VI_1: BACKUP for * (since *)",
                "  addresses  192.168.1.200/24 on eth0: not held, as it should be",
                "  master     nginx-1 (192.168.1.11), priority 100, heard *",
            ],
        );
        let said = run(first, "explain VI_1");
        said.says(0, &["VI_1 *MASTER*", "Why", "What would change it"]);
        let json: Value = serde_json::from_str(&run(second, "explain VI_1 --json").text).unwrap();
        assert_eq!(json["state"], "backup");
        run(first, "explain VI_11").says(1, &["standfast: *did you mean `VI_1`?*"]);
        let json: Value = serde_json::from_str(&run(first, "status --json").text).unwrap();
        assert_eq!(json["instances"][0]["state"], "master");
        assert_eq!(json["instances"][0]["addresses"][0]["held"], true);

        run(second, "switchover --all").says(1, &["standfast: this node is master of nothing*"]);
        run(first, "switchover VI_1").says(0, &["VI_1: nginx-2 (192.168.1.12) has it after *;*"]);
        until(
            first,
            "status",
            0,
            &[
                "VI_1: BACKUP for *",
                "  yields     leaves 192.168.1.12 master *",
            ],
        );
        until(second, "status", 0, &["VI_1: MASTER for *"]);
        assert_eq!(
            pair.client.neighbour_mac(VIP).unwrap(),
            Some(pair.second.mac())
        );
        run(first, "resume").says(0, &["resumed*"]);
        until(first, "status", 0, &["VI_1: MASTER for *"]);
        run(first, "reload --plan").says(0, &["nothing would change"]);
    });
}

#[test]
fn a_node_whose_check_fails_says_so_and_a_paused_check_keeps_its_result() {
    with_acquainted_pair(|pair| {
        let (first, second) = (&pair.first.host, &pair.second.host);
        run(first, "pause chk_web --for 1h").says(0, &["chk_web is paused*"]);
        set_well(&pair.first, false);
        thread::sleep(Duration::from_secs(3));
        run(first, "status").says(
            0,
            &[
                "VI_1: MASTER for *",
                "  checks     chk_web  script  UP  paused, goes on in 59m*",
            ],
        );
        run(first, "unpause chk_web").says(0, &["chk_web runs again"]);
        until(
            first,
            "status",
            1,
            &[
                "VI_1: BACKUP for *",
                "  priority   80 = 100 base − 20 chk_web",
                "  master     nginx-2 (192.168.1.12), priority 90, *",
                "  PROBLEM    check chk_web fails *",
                "  checks     chk_web  script  DOWN  exit status 1*",
            ],
        );
        run(first, "explain VI_1").says(
            0,
            &["VI_1 *BACKUP*", "What is wrong", "  *chk_web*", "    → *"],
        );
        // It is no problem of the other one, which serves.
        until(
            second,
            "status",
            0,
            &["VI_1: MASTER for *", "  *nginx-1  BACKUP  80 of 100  *"],
        );
        run(first, "switchover VI_1").says(
            1,
            &["standfast: VI_1: is BACKUP here, the master is nginx-2 *"],
        );
        run(first, "pause no_such").says(
            1,
            &["standfast: there is no check no_such; there are: chk_web"],
        );
        set_well(&pair.first, true);
        until(
            first,
            "status",
            0,
            &["VI_1: MASTER for *", "  priority   100 = base; *"],
        );
    });
}

#[test]
fn a_split_pair_moves_nothing_and_says_why() {
    with_acquainted_pair(|pair| {
        let (first, second) = (&pair.first.host, &pair.second.host);
        second.cable_pull().unwrap();
        until(
            second,
            "status",
            1,
            &[
                "VI_1: FAULT for *",
                "  addresses  192.168.1.200/24 on eth0: not held, as it should be",
                "  PROBLEM    interface eth0 is down*",
            ],
        );
        run(second, "explain VI_1").says(0, &["VI_1 *FAULT*", "What is wrong", "  *eth0*"]);
        assert!(run(first, "status").has(&["VI_1: MASTER for *"]));
        run(first, "switchover VI_1").says(1, &["standfast: *VI_1*"]);
        run(first, "drain").says(1, &["drained, but nobody else has taken over VI_1*"]);
        let drained = [
            "  DRAIN      drained since * by root (uid 0, *",
            "VI_1: MASTER for *",
            "  priority   1: held down by a drain, *",
        ];
        let said = run(first, "status");
        assert!(said.has(&drained), "{}", said.text);
        // They have met, though not a single advertisement of the other one was ever heard.
        assert!(!said.text.contains("never heard"), "{}", said.text);
        assert!(first.holds(VIP).unwrap());
        run(first, "resume").says(0, &["resumed*"]);
        second.cable_plug().unwrap();
        until(
            second,
            "status",
            0,
            &[
                "VI_1: BACKUP for *",
                "  master     nginx-1 (192.168.1.11), priority 100, *",
            ],
        );
    });
}

#[test]
fn a_drained_node_comes_back_drained_and_takes_the_address_when_it_is_told_to() {
    with_acquainted_pair(|pair| {
        run(&pair.first.host, "drain --for 30m").says(
            0,
            &[
                "drained; everything has moved",
                "VI_1: nginx-2 (192.168.1.12) has it after *",
            ],
        );
        until(&pair.second.host, "status", 0, &["VI_1: MASTER for *"]);
        pair.first.process().unwrap().stop(LIMIT).unwrap();
        run(&pair.first.host, "status").says(3, &["standfast: no daemon runs here*"]);
        run(&pair.first.host, "resume").says(3, &["standfast: no daemon runs here*"]);
        pair.first.start_daemon().unwrap();
        until(
            &pair.first.host,
            "status",
            0,
            &[
                "  DRAIN      drained since * by root (uid 0, *",
                "VI_1: BACKUP for *",
            ],
        );
        // More than a down interval.
        thread::sleep(Duration::from_secs(5));
        run(&pair.first.host, "status").says(0, &["VI_1: BACKUP for *"]);
        run(&pair.first.host, "resume").says(0, &["resumed*"]);
        until(&pair.first.host, "status", 0, &["VI_1: MASTER for *"]);
    });
}

#[test]
fn a_drain_is_on_the_disk_when_it_is_answered_or_the_answer_says_that_it_is_not() {
    const FILE: &str = "/var/lib/standfast/drain.json";
    with_acquainted_pair(|pair| {
        let host = &pair.first.host;
        let is_there = || host.run(&["test", "-s", FILE]).is_ok();
        let says = |words: &str, sentence: &str| {
            let said = run(host, words);
            // It may stand on several lines.
            let text: Vec<&str> = said.text.split_whitespace().collect();
            assert!(text.join(" ").contains(sentence), "{}", said.text);
        };
        says("drain", "drained; everything has moved");
        assert!(is_there(), "answered before it was written");
        says("resume", "resumed: this node");
        assert!(!is_there(), "answered before it was removed");
        // Nothing can be written there.
        host.run(&["mkdir", FILE]).unwrap();
        let unkept = format!(
            "; it holds until the daemon ends and not longer: it cannot be written to {FILE}: "
        );
        says("drain", &unkept);
        until(
            host,
            "status",
            0,
            &["  DRAIN      drained since * by root (uid 0, *"],
        );
        says("resume", &format!("; but {FILE} cannot be removed ("));
    });
}

#[test]
fn a_reload_says_what_it_changes_before_it_does() {
    with_acquainted_pair(|pair| {
        let first = &pair.first.host;
        let text = replaced(
            &configuration(PRIORITIES[0]),
            ("priority 100", "priority 110"),
        );
        first.write_file(CONFIGURATION, &text, 0o644).unwrap();
        let change = ["1 change:", "  instance VI_1  priority  100 → 110"];
        run(first, "reload --plan").says(0, &change);
        run(first, "status").says(0, &["  priority   100 = base; *"]);
        run(first, "reload").says(0, &change);
        until(
            first,
            "status",
            0,
            &["VI_1: MASTER for *", "  priority   110 = base; *"],
        );
    });
}

#[test]
fn a_reload_that_looks_like_a_slip_is_refused_with_its_place_and_forced() {
    with_acquainted_pair(|pair| {
        let first = &pair.first.host;
        let good = configuration(PRIORITIES[0]);
        let write = |text: &str| first.write_file(CONFIGURATION, text, 0o644).unwrap();
        for (right, wrong, place) in [
            (
                "virtual_ipaddress {",
                "virtual_ipaddres {",
                "*keepalived.conf:12:15: instance VI_1, which serves now, would*",
            ),
            (
                "vrrp_instance VI_1",
                "vrrp_instanc VI_1",
                "*keepalived.conf:12:1: instance VI_1, which serves now, would*",
            ),
        ] {
            write(&replaced(&good, (right, wrong)));
            let refused = [
                "standfast: not reloaded, for this looks like a slip*",
                place,
            ];
            run(first, "reload").says(1, &refused);
            run(first, "reload --plan").says(1, &["This looks like a slip*", place]);
            run(first, "status").says(0, &["VI_1: MASTER for *"]);
        }
        run(first, "reload --force").says(0, &["Something that serves is interrupted."]);
        write(&good);
        run(first, "reload").says(0, &["  instance VI_1  added"]);
        until(first, "status", 0, &["VI_1: * for *"]);
    });
}

#[test]
fn a_keepalived_peer_takes_over_by_the_protocol() {
    with_pair(Daemon::Keepalived, |pair| {
        let first = &pair.first.host;
        until(
            first,
            "status VI_1",
            0,
            &["VI_1: MASTER for *", "  note       never heard any peer: *"],
        );
        let said = run(first, "switchover VI_1");
        said.says(0, &["VI_1: 192.168.1.12 has it after *"]);
        assert_eq!(
            pair.client.neighbour_mac(VIP).unwrap(),
            Some(pair.second.mac())
        );
        until(
            first,
            "status",
            0,
            &[
                "VI_1: BACKUP for *",
                "  master     192.168.1.12, priority 90, heard *",
            ],
        );
        run(first, "resume").says(0, &["resumed*"]);
        until(first, "status", 0, &["VI_1: MASTER for *"]);
    });
}

#[test]
fn whoever_may_not_ask_is_told_what_to_do() {
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    run(&host, "status").says(
        3,
        &["standfast: no daemon runs here*", "  is it running? *"],
    );
    host.write_file(CONFIGURATION, &configuration(100), 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    process.wait_for_log("Entering BACKUP", LIMIT).unwrap();
    let argv = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        STANDFAST,
        "status",
    ];
    let output = host.run_within(LIMIT, &argv).unwrap();
    assert_eq!(output.status, ExitState::Code(4), "{}", output.error);
    assert!(
        output.error.contains("permission denied"),
        "{}",
        output.error
    );
    process.stop(LIMIT).unwrap();
}
