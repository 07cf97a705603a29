//! `check --host` and `check --listen` on hosts whose firewall, daemons and network are known.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::time::Duration;

use standfast_lab::{
    CONFIGURATION, Daemon, ExitState, Forgery, Host, HostOptions, Injector, Lab, LabOptions,
    MacAddress, Moment, Output, Process, Start,
};
use support::{agent, replaced, short_configuration, standfast};

const SECOND: Duration = Duration::from_secs(1);
const STANDFAST: &str = "/run/lab/bin/standfast";
/// Short, so that two down intervals are.
const INTERVAL: Duration = Duration::from_millis(200);

/// Everything is dropped but what nearly every ruleset lets through.
const DROPPING: &str = "table inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n  \
    ct state established,related accept\n  iifname \"lo\" accept\n  tcp dport 22 accept\n  icmp type echo-request accept\n }\n}\n";
/// The same with the one rule that is missing.
const RULE: (&str, &str) = (
    "tcp dport 22 accept\n",
    "tcp dport 22 accept\n  ip protocol vrrp accept\n",
);

/// Standfast under its own name, beside the installed keepalived.
fn standfast_as_itself() -> Daemon {
    match standfast() {
        Daemon::Standfast { binary, .. } => Daemon::Standfast {
            binary,
            start: Start::AsItself,
        },
        Daemon::Keepalived => Daemon::Keepalived,
    }
}

/// A host 192.168.1.`number` with both daemons and this configuration.
fn host_of(lab: &Lab, number: u8, configuration: &str) -> Host {
    let name = format!("node-{number}");
    let mut options = HostOptions::new(&name, [192, 168, 1, number].into());
    options.programs = standfast_as_itself().programs();
    let host = lab.host(&options).unwrap();
    host.write_file(CONFIGURATION, configuration, 0o644)
        .unwrap();
    host
}

fn lab_with(configuration: &str) -> (Lab, Host) {
    let lab = Lab::new(LabOptions::with_agent(agent())).unwrap();
    let host = host_of(&lab, 11, configuration);
    (lab, host)
}

fn check(host: &Host, options: &[&str]) -> Output {
    let mut argv = vec![STANDFAST, "check", "--host"];
    argv.extend(options);
    host.run_within(SECOND * 20, &argv).unwrap()
}

/// Starts it, and waits until it is master.
fn start_master(daemon: &Daemon, host: &Host) -> Process {
    let process = daemon.start(host, CONFIGURATION).unwrap();
    let end = Moment::now() + SECOND * 8;
    loop {
        let held: Vec<_> = host.addresses("eth0").unwrap();
        let held: Vec<_> = held.iter().filter(|held| held.0.is_ipv4()).collect();
        if held.len() > 1 {
            return process;
        }
        assert!(Moment::now() < end, "no master: {}", process.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_firewall_that_drops_advertisements_is_named_and_one_that_lets_them_in_is_not() {
    let (_lab, host) = lab_with(&short_configuration(INTERVAL, 99));
    let found = |rules: &str| {
        host.write_file("/run/rules.nft", rules, 0o644).unwrap();
        host.run(&["nft", "flush", "ruleset"]).unwrap();
        host.run(&["nft", "-f", "/run/rules.nft"]).unwrap();
        check(&host, &["--deny-warnings"])
    };
    let dropped = found(DROPPING);
    assert_eq!(dropped.status, ExitState::Code(1), "{}", dropped.error);
    let says = "warning[SF0400]: advertisements that come in on eth0 are dropped";
    assert!(dropped.error.contains(says), "{}", dropped.error);
    let says = "(table inet filter, chain input, by its policy)";
    assert!(dropped.error.contains(says), "{}", dropped.error);
    let let_in = found(&DROPPING.replace(RULE.0, RULE.1));
    assert_eq!(let_in.status, ExitState::Code(0), "{}", let_in.error);
    assert!(!let_in.error.contains("SF0400"), "{}", let_in.error);
}

#[test]
fn the_remedy_that_is_named_works() {
    let (_lab, host) = lab_with(&short_configuration(INTERVAL, 99));
    host.write_file("/run/rules.nft", DROPPING, 0o644).unwrap();
    host.run(&["nft", "-f", "/run/rules.nft"]).unwrap();
    let found = check(&host, &["--format", "json"]);
    let help = found.output.split("\"help\": \"nft ").nth(1).unwrap();
    let (command, _) = help.split_once(", and the same").unwrap();
    let command = format!("nft {}", command.replace("\\\"", "'\"'"));
    host.run(&["sh", "-c", &command]).unwrap();
    let found = check(&host, &["--format", "json"]);
    assert!(!found.output.contains("SF0400"), "{}", found.output);
}

#[test]
fn a_keepalived_that_runs_already_is_named_and_our_own_daemon_is_not() {
    let configuration = short_configuration(INTERVAL, 99);
    let (lab, host) = lab_with(&configuration);
    assert!(!check(&host, &[]).error.contains("SF0401"));
    let _ours = start_master(&standfast_as_itself(), &host);
    let quiet = check(&host, &[]);
    assert!(!quiet.error.contains("SF0401"), "{}", quiet.error);
    // What a master holds is not taken for the host's own address.
    assert!(!quiet.error.contains("SF0202"), "{}", quiet.error);
    let other = host_of(&lab, 12, &configuration.replace("51", "52"));
    let _theirs = start_master(&Daemon::Keepalived, &other);
    let found = check(&other, &[]);
    let says = "note[SF0401]: another VRRP daemon runs on this host: keepalived (process";
    assert!(found.error.contains(says), "{}", found.error);
    // keepalived does not look for others.
    let _both = Daemon::Keepalived.start(&host, CONFIGURATION).unwrap();
    let end = Moment::now() + SECOND * 5;
    while host.read_file("/run/keepalived.pid").is_err() && Moment::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let found = check(&host, &[]);
    let says = "warning[SF0401]: several VRRP daemons run on this host: keepalived (process";
    assert!(found.error.contains(says), "{}", found.error);
}

#[test]
fn a_foreign_group_is_heard_through_a_firewall_that_drops_it() {
    let configuration = short_configuration(INTERVAL, 99);
    let (lab, host) = lab_with(&configuration);
    let foreign = replaced(&configuration, ("192.168.1.200", "192.168.1.77"));
    let foreign = host_of(&lab, 13, &foreign);
    let neighbour = replaced(&configuration, ("router_id 51", "router_id 52"));
    let neighbour = host_of(&lab, 14, &neighbour);
    let _foreign = start_master(&Daemon::Keepalived, &foreign);
    let _neighbour = start_master(&Daemon::Keepalived, &neighbour);
    host.write_file("/run/rules.nft", DROPPING, 0o644).unwrap();
    host.run(&["nft", "-f", "/run/rules.nft"]).unwrap();
    let found = check(&host, &["--listen"]);
    let says = format!(
        "warning[SF0420]: VRID 51 is used by a foreign group: 192.168.1.13 ({}) advertises 192.168.1.77;",
        foreign.mac()
    );
    assert!(found.error.contains(&says), "{}", found.error);
    let says = "not heard here: 53, 54, 55";
    assert!(found.error.contains(says), "{}", found.error);
    assert!(found.error.contains("SF0400"), "{}", found.error);
    assert!(!found.error.contains("SF0425"), "{}", found.error);
}

#[test]
fn our_own_advertisements_are_no_strangers_and_silence_is_explained() {
    let (lab, host) = lab_with(&short_configuration(INTERVAL, 99));
    let peer = host_of(&lab, 12, &short_configuration(INTERVAL, 90));
    let alone = check(&host, &["--listen"]);
    let says = "note[SF0426]: nothing was heard of VRID 51 in 1.4 s, as it should be while no other node is master";
    assert!(alone.error.contains(says), "{}", alone.error);
    for daemon in [standfast_as_itself(), Daemon::Keepalived] {
        let running = start_master(&daemon, &host);
        let master = check(&host, &["--listen"]);
        let says = "as it should be, since this host is master";
        assert!(master.error.contains(says), "{daemon}: {}", master.error);
        // The other node hears it, and finds that both agree.
        let backup = check(&peer, &["--listen"]);
        assert!(
            !backup.error.contains("SF042"),
            "{daemon}: {}",
            backup.error
        );
        drop(running);
        host.run(&[
            "sh",
            "-c",
            "ip address del 192.168.1.200/24 dev eth0 || true; rm -f /run/*.pid",
        ])
        .unwrap();
    }
}

#[test]
fn two_masters_with_different_passwords_are_heard_and_no_password_is_shown() {
    let with = |password: &str| {
        let plain = short_configuration(INTERVAL, 99);
        let plain = replaced(&plain, ("    version 3\n", "    version 2\n"));
        let block = format!(
            "    advert_int 1\n    authentication {{\n auth_type PASS\n auth_pass {password}\n }}\n"
        );
        replaced(&plain, ("    advert_int 0.2\n", &block))
    };
    let (lab, host) = lab_with(&with("alpha"));
    let [one, other] = [(12, "alpha"), (13, "omega")]
        .map(|(number, password)| host_of(&lab, number, &with(password)));
    // A keepalived that hears a wrong password in every interval stays master and falls silent.
    let _one = start_master(&standfast_as_itself(), &one);
    let _other = start_master(&standfast_as_itself(), &other);
    let found = check(&host, &["--listen", "--deny-warnings"]);
    assert_eq!(found.status, ExitState::Code(1), "{}", found.error);
    let says = format!(
        "VRID 51 has two masters: 192.168.1.12 ({}), priority 99 and 192.168.1.13",
        one.mac()
    );
    assert!(found.error.contains(&says), "{}", found.error);
    let says = format!("192.168.1.13 ({}) has another password", other.mac());
    assert!(found.error.contains(&says), "{}", found.error);
    assert!(!found.error.contains("omega"), "{}", found.error);
}

#[test]
fn a_flood_of_nonsense_and_of_senders_costs_neither_time_nor_lines() {
    let (lab, host) = lab_with(&short_configuration(INTERVAL, 99));
    let attacker = host_of(&lab, 66, "");
    let forged = |last: u8, checksum_error: u16| {
        Forgery {
            source_mac: MacAddress([2, 0, 0, 0, 1, last]),
            source: [192, 168, 1, last].into(),
            ttl: 255,
            vrid: 51,
            priority: last,
            interval_s: 1,
            addresses: vec![[10, 0, 0, last].into()],
            password: Some(*b"s3cr3t\0\0"),
            checksum_error,
        }
        .to_frame()
    };
    let senders = (100..250).map(|last| forged(last, 0));
    let nonsense = (0..200).map(|length| {
        let mut frame = forged(100, 1);
        frame.truncate(14 + length % 50);
        frame
    });
    let frames: Vec<Vec<u8>> = senders.chain(nonsense).collect();
    let flood = Injector::start(&attacker, &frames, 20_000, SECOND * 4).unwrap();
    let begin = Moment::now();
    let found = check(&host, &["--listen"]);
    let took = Moment::now().since(begin);
    flood.finish().unwrap();
    assert!(took < SECOND * 3, "{took:?}");
    let lines = found.error.matches("SF042").count();
    assert_eq!(lines, 1, "{}", found.error);
    let says = "and 5 more advertise 10.0.0.";
    assert!(found.error.contains(says), "{}", found.error);
    assert!(!found.error.contains("s3cr3t"), "{}", found.error);
}

#[test]
fn without_the_right_to_listen_it_says_so() {
    let (_lab, host) = lab_with(&short_configuration(INTERVAL, 99));
    let argv = [
        "setpriv",
        "--bounding-set=-net_raw",
        "--inh-caps=-net_raw",
        STANDFAST,
        "check",
        "--listen",
    ];
    let found = host.run_within(SECOND * 5, &argv).unwrap();
    assert_eq!(found.status, ExitState::Code(1), "{}", found.error);
    let says =
        "error[SF0427]: cannot listen: open stray VRRP socket on eth0: Operation not permitted";
    assert!(found.error.contains(says), "{}", found.error);
}
