//! Planned moves, as the client sees them.

use std::thread;
use std::time::Duration;

use standfast_lab::{Daemon, ExitState, Host, Moment, Pair, Signal, VIP};

use crate::network::{
    BY_CHANNEL, LIMIT, PRIORITIES, Text, taken_at_once, taken_by, with_pair, with_pair_of,
};
use crate::support::{LATENESS, SMOOTH, advertises, client_waits_at_most, skew, standfast};

const INTERVAL: Duration = Duration::from_secs(1);
/// The program under test, in each host.
const STANDFAST: &str = "/run/lab/bin/standfast";

/// What the operator is told, of a command that succeeds.
#[track_caller]
fn steer(host: &Host, words: &str) -> String {
    let argv: Vec<&str> = [STANDFAST].into_iter().chain(words.split(' ')).collect();
    let output = host.run_within(LIMIT, &argv).unwrap();
    println!("$ standfast {words}\n{}{}", output.output, output.error);
    assert_eq!(output.status, ExitState::Code(0), "{}", output.error);
    output.output
}

/// The second node serves for as long as a lower one would take to be preempted.
#[track_caller]
fn stays_with_the_second(pair: &Pair) {
    thread::sleep(INTERVAL * 5);
    assert_eq!(
        pair.client.neighbour_mac(VIP).unwrap(),
        Some(pair.second.mac())
    );
    assert!(pair.second.host.holds(VIP).unwrap());
    assert!(!pair.first.host.holds(VIP).unwrap());
}

#[test]
fn a_switchover_costs_the_client_nothing_and_stays() {
    with_pair(Text::default(), |pair| {
        let from = Moment::now();
        let said = steer(&pair.first.host, "switchover VI_1");
        assert!(said.contains("no gap"), "{said}");
        taken_at_once(pair, from, "switchover");
        client_waits_at_most(pair, from, Moment::now(), SMOOTH);
        // Nobody resigned: that was needless.
        let (first, second) = (pair.first.mac(), pair.second.mac());
        let all = pair.capture.frames(from, |frame| {
            advertises(frame, second, PRIORITIES[1]) || advertises(frame, first, 0)
        });
        assert_eq!(all[0].source_mac, second, "{all:?}");
        let resigned = pair.capture.frames(from, |it| advertises(it, first, 0));
        assert!(resigned.is_empty(), "{resigned:?}");
        stays_with_the_second(pair);
        // And back, as smoothly: the better node is asked, and keeps it.
        let from = Moment::now();
        steer(&pair.second.host, "switchover --all --to 192.168.1.11");
        let took = taken_by(pair, &pair.first, from);
        assert!(took <= BY_CHANNEL, "taken after {took:?}");
        client_waits_at_most(pair, from, Moment::now(), SMOOTH);
    });
}

#[test]
fn a_drain_costs_the_client_nothing_outlives_kill_9_and_serves_when_nobody_else_does() {
    with_pair(Text::default(), |pair| {
        let from = Moment::now();
        steer(&pair.first.host, "drain");
        taken_at_once(pair, from, "drain");
        client_waits_at_most(pair, from, Moment::now(), SMOOTH);
        let argv = ["killall", "-9", "keepalived"];
        pair.first.host.run(&argv).unwrap();
        thread::sleep(Duration::from_millis(500));
        pair.first.start_daemon().unwrap();
        stays_with_the_second(pair);
        // The last resort.
        let from = Moment::now();
        let process = pair.second.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        let took = taken_by(pair, &pair.first, from);
        println!("the drained node serves after {took:?}");
        client_waits_at_most(pair, from, Moment::now(), SMOOTH + LATENESS);
        process.wait(LIMIT).unwrap();
        // And gives up again.
        pair.second.start_daemon().unwrap();
        let from = Moment::now();
        taken_by(pair, &pair.second, from);
        client_waits_at_most(pair, from, Moment::now(), SMOOTH + LATENESS);
        steer(&pair.first.host, "resume");
        taken_by(pair, &pair.first, Moment::now());
    });
}

#[test]
fn a_keepalived_successor_takes_over_after_its_skew_and_the_client_notices_nothing() {
    for words in ["switchover VI_1", "drain", "drain --hard"] {
        with_pair_of(
            [standfast(), Daemon::Keepalived],
            Text::default(),
            |_| {},
            |pair| {
                let from = Moment::now();
                steer(&pair.first.host, words);
                let took = taken_by(pair, &pair.second, from);
                println!("{words}: keepalived serves after {took:?}");
                let skew = skew(INTERVAL, PRIORITIES[1]);
                assert!(took <= skew + Duration::from_secs(1), "{took:?}");
                client_waits_at_most(pair, from, Moment::now(), SMOOTH + LATENESS);
                stays_with_the_second(pair);
            },
        );
    }
}

#[test]
fn scripts_that_act_on_roles_never_overlap() {
    let text = Text {
        instance: "    notify_backup \"/bin/sh -c 'rm -f /run/primary'\"\n    notify_master \"/bin/sh -c 'touch \
                   /run/primary'\"",
        ..Text::default()
    };
    with_pair(text, |pair| {
        let from = Moment::now();
        let said = steer(&pair.first.host, "switchover VI_1");
        taken_by(pair, &pair.second, from);
        // It let go first, and says what that has cost.
        assert!(said.contains("gap"), "{said}");
        let primary = |host: &Host| host.run(&["/usr/bin/test", "-e", "/run/primary"]).is_ok();
        let end = Moment::now() + LIMIT;
        while !primary(&pair.second.host) {
            assert!(Moment::now() < end, "no notify_master");
            thread::sleep(Duration::from_millis(100));
        }
        assert!(!primary(&pair.first.host));
        stays_with_the_second(pair);
    });
}
