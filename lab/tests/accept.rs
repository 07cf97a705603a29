//! Accept mode: `no_accept`, `accept` and what `vrrp_strict` makes of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{
    CONFIGURATION, Daemon, Host, Lab, Moment, Node, Pair, Process, Signal, VIP, require_program,
};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, pair_with, replaced, short_configuration, single_host,
    standfast, telling, worker_pid,
};

const INTERVAL: Duration = Duration::from_millis(500);
/// For what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The client asks every millisecond; a fifth of a second without an answer is a refusal.
const LISTEN: Duration = Duration::from_millis(200);

/// The instance with one more line, or several.
fn configuration(priority: u8, lines: &str) -> String {
    replaced(
        &short_configuration(INTERVAL, priority),
        (
            "    interface eth0\n",
            &format!("    interface eth0\n{lines}"),
        ),
    )
}

#[track_caller]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Moment::now() + PATIENCE;
    while !condition() {
        assert!(Moment::now() < end, "waited in vain until {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

fn rules(host: &Host) -> String {
    host.run(&["nft", "list", "ruleset"]).unwrap().output
}

fn take_over(node: &mut Node) {
    node.start_daemon().unwrap();
    node.wait_until_holds(true, PATIENCE).unwrap();
}

fn answers(pair: &Pair, from: Moment) -> usize {
    pair.probe.answers(from, Moment::now()).unwrap().len()
}

/// The second node takes over from the first and gives back, and no packet ever finds the address accepting.
fn never_accepts(daemons: [Daemon; 2], lines: &str) {
    let configurations =
        [FIRST_PRIORITY, SECOND_PRIORITY].map(|priority| configuration(priority, lines));
    let mut pair = pair_with(daemons, configurations);
    telling(&mut pair, |pair| {
        let begin = Moment::now();
        take_over(&mut pair.first);
        pair.second.start_daemon().unwrap();
        std::thread::sleep(LISTEN);
        assert_eq!(
            pair.client.neighbour_mac(VIP).unwrap(),
            Some(pair.first.mac()),
            "ARP is answered"
        );
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        pair.second.wait_until_holds(true, PATIENCE).unwrap();
        process.wait(PATIENCE).unwrap();
        assert_eq!(rules(&pair.first.host), "");
        take_over(&mut pair.first);
        pair.second.wait_until_holds(false, PATIENCE).unwrap();
        std::thread::sleep(LISTEN);
        assert_eq!(answers(pair, begin), 0, "a packet was accepted");
    });
}

#[test]
fn an_address_without_accept_is_found_and_never_answers() {
    never_accepts([standfast(), standfast()], "    no_accept\n");
}

#[test]
fn strict_mode_accepts_nothing() {
    never_accepts([standfast(), Daemon::Keepalived], "    strict_mode on\n");
}

#[test]
fn accept_is_the_default_and_wins_over_strict_mode() {
    for lines in ["", "    strict_mode on\n    accept\n"] {
        let configurations =
            [FIRST_PRIORITY, SECOND_PRIORITY].map(|priority| configuration(priority, lines));
        let mut pair = pair_with([standfast(), standfast()], configurations);
        telling(&mut pair, |pair| {
            take_over(&mut pair.first);
            let from = Moment::now();
            pair.probe.first_answer_after(from, PATIENCE).unwrap();
            assert_eq!(rules(&pair.first.host), "");
        });
    }
}

#[test]
fn a_reload_closes_and_opens_an_address_in_place() {
    let plain = configuration(FIRST_PRIORITY, "");
    let closed = configuration(FIRST_PRIORITY, "    no_accept\n");
    let second = configuration(SECOND_PRIORITY, "");
    let mut pair = pair_with([standfast(), standfast()], [plain.clone(), second]);
    telling(&mut pair, |pair| {
        take_over(&mut pair.first);
        pair.probe
            .first_answer_after(Moment::now(), PATIENCE)
            .unwrap();
        reload(&pair.first, &closed);
        wait_until("the address refuses", || {
            let from = Moment::now();
            std::thread::sleep(LISTEN);
            answers(pair, from) == 0
        });
        assert!(rules(&pair.first.host).contains("192.168.1.200"));
        reload(&pair.first, &plain);
        pair.probe
            .first_answer_after(Moment::now(), PATIENCE)
            .unwrap();
        wait_until("the rules are gone", || rules(&pair.first.host).is_empty());
        assert!(pair.first.host.holds(VIP).unwrap());
    });
}

fn reload(node: &Node, configuration: &str) {
    let fresh = "/etc/keepalived/new.conf";
    node.host.write_file(fresh, configuration, 0o644).unwrap();
    node.host.run(&["mv", fresh, CONFIGURATION]).unwrap();
    node.process().unwrap().signal(Signal::SIGHUP).unwrap();
}

/// One host whose daemon holds the address.
fn master(daemon: &Daemon, text: &str) -> (Lab, Host, Process) {
    require_program("nft", "nftables").unwrap();
    let (lab, host) = single_host(daemon);
    host.write_file(CONFIGURATION, text, 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    wait_until("the address is there", || has_vip(&host));
    (lab, host, process)
}

fn has_vip(host: &Host) -> bool {
    let all = host.run(&["ip", "-o", "address", "show"]).unwrap().output;
    all.contains(" 192.168.1.200/")
}

#[test]
fn rules_that_somebody_flushes_come_back_with_the_next_takeover() {
    let (_lab, host, process) = master(
        &standfast(),
        &configuration(FIRST_PRIORITY, "    no_accept\n"),
    );
    host.run(&["nft", "flush", "ruleset"]).unwrap();
    host.link_down("eth0").unwrap();
    wait_until("the address is gone", || !has_vip(&host));
    host.link_up("eth0").unwrap();
    wait_until("the address is back", || has_vip(&host));
    assert!(rules(&host).contains("192.168.1.200"), "{}", rules(&host));
    process.stop(PATIENCE).unwrap();
    assert_eq!(rules(&host), "");
}

#[test]
fn rules_of_a_killed_daemon_go_with_the_next_one() {
    let (_lab, host, _process) = master(
        &standfast(),
        &configuration(FIRST_PRIORITY, "    no_accept\n"),
    );
    let supervisor = host.read_file("/run/keepalived.pid").unwrap();
    let pids = format!("kill -9 {} {}", supervisor.trim(), worker_pid(&host));
    host.run(&["sh", "-c", &pids]).unwrap();
    assert!(rules(&host).contains("192.168.1.200"));
    host.write_file(CONFIGURATION, &configuration(FIRST_PRIORITY, ""), 0o644)
        .unwrap();
    let second = standfast().start(&host, CONFIGURATION).unwrap();
    second
        .wait_for_log("Entering MASTER STATE", PATIENCE)
        .unwrap();
    assert_eq!(rules(&host), "");
}

/// What the two daemons make of one file, as nft(8) shows it.
#[track_caller]
fn same_rules(globals: &str, lines: &str, addresses: &str) {
    let text = replaced(
        &configuration(FIRST_PRIORITY, lines),
        (
            "    virtual_ipaddress {\n",
            &format!("{addresses}    virtual_ipaddress {{\n"),
        ),
    );
    let text = format!("global_defs {{\n{globals}}}\n{text}");
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| {
        let (_lab, host, process) = master(&daemon, &text);
        wait_until("the drop rule is there", || {
            !lines.contains("no_accept") || rules(&host).contains("192.168.1.200")
        });
        let found = rules(&host);
        process.stop(PATIENCE).unwrap();
        without_counts(&found)
    });
    assert!(!ours.is_empty());
    assert_eq!(ours, theirs, "{text}");
}

/// Packets that happened to be counted differ.
fn without_counts(rules: &str) -> String {
    let mut words = Vec::new();
    let mut count = false;
    for word in rules.split_inclusive([' ', '\n']) {
        if !std::mem::replace(&mut count, matches!(word.trim(), "packets" | "bytes")) {
            words.push(word);
        }
    }
    words.concat()
}

#[test]
fn the_rules_are_keepalived_s() {
    same_rules("", "    no_accept\n", "");
}

#[test]
fn the_rules_for_both_families_are_keepalived_s() {
    let excluded = "    virtual_ipaddress_excluded {\n        192.168.1.201/24\n        \
                    2001:db8::200/64\n    }\n";
    same_rules("", "    no_accept\n", excluded);
}

#[test]
fn the_rules_for_link_local_addresses_are_keepalived_s() {
    let excluded = "    virtual_ipaddress_excluded {\n        fe80::200/64\n        \
                    2001:db8::200/64\n    }\n";
    same_rules("", "    no_accept\n", excluded);
}

#[test]
fn the_rules_for_a_virtual_mac_are_keepalived_s() {
    same_rules("", "    use_vmac\n    no_accept\n", "");
}

#[test]
fn the_rules_for_a_virtual_mac_that_accepts_are_keepalived_s() {
    same_rules("", "    use_vmac\n", "");
}

#[test]
fn table_priority_and_counters_are_taken_from_the_configuration() {
    let globals = "    nftables mine\n    nftables_priority 7\n    nftables_counters\n";
    same_rules(globals, "    use_vmac\n    no_accept\n", "");
}

#[test]
fn without_local_igmp_reports_no_rule_is_needed_for_them() {
    let globals = "    disable_local_igmp\n";
    same_rules(globals, "    use_vmac\n    no_accept\n", "");
}
