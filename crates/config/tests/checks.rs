//! Built-in checks: what is taken, and what is said of what is not.

#![allow(clippy::panic, reason = "helpers of tests fail the test")]

mod common;

use common::read;
use standfast_config::{
    Code, Command, HttpProbe, Loaded, Micros, Probe, ProcessProbe, Severity, VrrpCheck,
};

const VIP: &str = "virtual_ipaddress {\n10.0.0.9/24\n}\n";

/// Codes of what is wrong; notes and lints are left out.
fn codes(loaded: &Loaded) -> Vec<Code> {
    let wrong = loaded.diagnostics.iter();
    let wrong =
        wrong.filter(|one| one.severity > Severity::Note && one.code < Code::SampleLeftover);
    wrong.map(|one| one.code).collect()
}

/// A check of those lines that an instance tracks with that line.
fn tracked(lines: &str, track: &str) -> Loaded {
    read(format!(
        "global_defs {{\nenable_script_security\nscript_user root\n}}\n\
         vrrp_check web {{\n{lines}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\npriority 100\n\
         track_check {{\n{track}\n}}\n{VIP}}}\n"
    ))
}

#[track_caller]
fn check(lines: &str) -> VrrpCheck {
    let loaded = tracked(lines, "web");
    assert_eq!(codes(&loaded), [], "{:?}", loaded.diagnostics);
    loaded.config.checks[0].clone()
}

#[track_caller]
fn http(lines: &str) -> HttpProbe {
    match check(lines).probe {
        Probe::Http(probe) => probe,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn says(loaded: &Loaded, code: Code, text: &str) {
    let found = loaded.diagnostics.iter().find(|one| one.code == code);
    let found = found.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let all = format!(
        "{} {}",
        found.message,
        found.help.clone().unwrap_or_default()
    );
    assert!(all.contains(text), "{all}");
}

#[test]
fn a_probe_alone_is_a_check() {
    let check = check("process nginx");
    assert_eq!(
        (check.interval, check.timeout),
        (Micros::from_secs(1), Micros::from_secs(1))
    );
    assert_eq!((check.rise, check.fall, check.init_fail), (1, 1, false));
    assert_eq!((check.weight.value, check.repair), (0, None));
    let probe = ProcessProbe {
        program: "nginx".into(),
        parameters: None,
    };
    assert!(!probe.full_command());
    assert_eq!(check.probe, Probe::Process(probe));
}

#[test]
fn a_path_or_a_long_name_is_compared_with_the_command_line() {
    for program in ["/usr/sbin/nginx", "a-very-long-name"] {
        let Probe::Process(probe) = check(&format!("process {program} -x")).probe else {
            panic!("{program}");
        };
        assert!(probe.full_command(), "{program}");
        assert_eq!(probe.parameters, Some(vec!["-x".to_owned()]));
    }
}

#[test]
fn ports_of_both_families_are_taken() {
    for (text, address) in [("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:80", "[::1]:80")] {
        let Probe::Tcp(taken) = check(&format!("tcp {text}")).probe else {
            panic!("{text}");
        };
        assert_eq!(taken.to_string(), address);
    }
}

#[test]
fn an_http_request_needs_no_block() {
    let probe = http("http http://127.0.0.1/healthz\ninterval 0.2");
    assert_eq!(probe.address.to_string(), "127.0.0.1:80");
    assert_eq!(
        (probe.target.as_str(), probe.host.as_str()),
        ("/healthz", "127.0.0.1")
    );
    assert!(probe.status.contains(204) && !probe.status.contains(302));
    assert_eq!(probe.contains, None);
    assert_eq!(
        check("http http://127.0.0.1/").interval,
        Micros::from_secs(1)
    );
    assert_eq!(
        check("http http://127.0.0.1/\ninterval 0.2").interval,
        Micros::from_millis(200)
    );
}

#[test]
fn an_http_block_says_what_is_good() {
    let probe = http(
        "http http://[::1]:8080/x?y=z {\nstatus 200-204 401\ncontains \"all is well\"\nhost example.com\n}",
    );
    assert_eq!(probe.target, "/x?y=z");
    assert_eq!(probe.host, "example.com");
    assert!(probe.status.contains(401) && !probe.status.contains(205));
    assert_eq!(probe.contains.as_deref(), Some("all is well"));
}

#[test]
fn a_repair_has_defaults_and_may_say_otherwise() {
    let repair = check("process nginx\nrepair \"/bin/true -x\"")
        .repair
        .unwrap();
    assert_eq!(
        repair.script.command,
        Command::Argv(vec!["/bin/true".into(), "-x".into()])
    );
    assert_eq!((repair.attempts, repair.wait), (1, Micros::from_secs(2)));
    assert_eq!(repair.timeout, Micros::from_secs(10));
    let lines = "process nginx\nrepair /bin/true {\nattempts 3\nwait 0.5\ntimeout 30\nuser root\n}";
    let repair = check(lines).repair.unwrap();
    assert_eq!(
        (repair.attempts, repair.wait),
        (3, Micros::from_millis(500))
    );
    assert_eq!(repair.timeout, Micros::from_secs(30));
    assert_eq!(
        repair.script.identity.map(|one| one.user),
        Some("root".to_owned())
    );
}

#[test]
fn a_tracking_line_has_a_weight_of_its_own_or_that_of_the_check() {
    let loaded = tracked("process nginx\nweight -20", "web");
    assert_eq!(loaded.config.instances[0].track_checks[0].weight.value, -20);
    let loaded = tracked("process nginx\nweight -20", "web weight 30 reverse");
    let weight = loaded.config.instances[0].track_checks[0].weight;
    assert_eq!((weight.value, weight.reverse), (30, true));
    says(
        &tracked("process nginx\nweight 300", "web"),
        Code::OutOfRange,
        "300",
    );
    says(
        &tracked("process nginx", "web weight 300"),
        Code::OutOfRange,
        "300",
    );
}

#[test]
fn a_sync_group_tracks_checks_and_takes_weighted_ones_from_its_members() {
    let loaded = read(format!(
        "vrrp_check web {{\nprocess nginx\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n\
         track_check {{\nweb weight 10\n}}\n{VIP}}}\nvrrp_instance B {{\ninterface eth0\nvirtual_router_id 6\n\
         virtual_ipaddress {{\n10.0.0.8/24\n}}\n}}\n\
         vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\ntrack_check {{\nweb\n}}\n}}\n"
    ));
    assert_eq!(loaded.config.sync_groups[0].track_checks.len(), 1);
    assert_eq!(loaded.config.instances[0].track_checks, []);
    says(&loaded, Code::SyncGroupWeight, "web");
}

#[test]
fn a_name_that_nobody_has_is_asked_about() {
    let loaded = tracked("process nginx", "wbe");
    says(&loaded, Code::TrackedUnknown, "did you mean `web`?");
    assert_eq!(loaded.config.instances[0].track_checks, []);
}

#[test]
fn a_check_looks_at_one_thing() {
    let none = tracked("interval 2", "web");
    assert_eq!(codes(&none), [Code::ObjectIncomplete, Code::TrackedUnknown]);
    says(
        &none,
        Code::ObjectIncomplete,
        "`process`, a `tcp` or an `http` line",
    );
    let two = tracked("process nginx\ntcp 127.0.0.1:80", "web");
    assert_eq!(codes(&two), [Code::AlreadySpecified]);
    assert!(matches!(two.config.checks[0].probe, Probe::Process(_)));
    let block = tracked(
        "tcp 127.0.0.1:80\nhttp http://127.0.0.1/ {\nstatus 200\n}",
        "web",
    );
    assert_eq!(codes(&block), [Code::AlreadySpecified]);
}

#[test]
fn where_there_is_nowhere_to_connect_to_the_reason_is_said_once() {
    for (line, text) in [
        ("tcp 127.0.0.1", "has no port"),
        ("tcp ::1:80", "without brackets"),
        ("http http:///healthz", "names no host"),
        ("http https://127.0.0.1/ {\nstatus 200\n}", "do not have"),
        ("http http://www.example.com/", "the name into `host`"),
    ] {
        let loaded = tracked(line, "web");
        says(&loaded, Code::InvalidEndpoint, text);
        assert_eq!(
            codes(&loaded),
            [Code::InvalidEndpoint, Code::TrackedUnknown],
            "{line}"
        );
        assert_eq!(loaded.config.checks, [], "{line}");
    }
}

#[test]
fn intervals_and_time_outs_are_judged() {
    assert_eq!(
        codes(&tracked("process nginx\ninterval 0", "web")),
        [Code::OutOfRange]
    );
    let slow = tracked("tcp 127.0.0.1:80\ninterval 1\ntimeout 2", "web");
    says(&slow, Code::TimeoutOverInterval, "`web` may run for 2 s");
    let late = tracked("tcp 127.0.0.1:80\ninterval 5\nfall 3", "web");
    says(&late, Code::SlowCheck, "`web` takes up to 15 s");
    let event = tracked("process nginx\ninterval 5", "web");
    assert!(
        event
            .diagnostics
            .iter()
            .all(|one| one.code != Code::SlowCheck)
    );
}

#[test]
fn what_stands_wrongly_in_an_http_block_is_ignored() {
    let loaded = tracked(
        "http http://127.0.0.1/ {\nstatus 200 abc\nhost \"a b\"\n}",
        "web",
    );
    assert_eq!(codes(&loaded), [Code::InvalidValue, Code::InvalidValue]);
    let Probe::Http(probe) = &loaded.config.checks[0].probe else {
        panic!("{:?}", loaded.config.checks);
    };
    assert_eq!(probe.host, "127.0.0.1");
    assert!(probe.status.contains(200) && !probe.status.contains(201));
}

#[test]
fn a_name_belongs_to_a_check_or_to_a_script() {
    let loaded =
        read("vrrp_script web {\nscript /bin/true\n}\nvrrp_check web {\nprocess nginx\n}\n");
    says(
        &loaded,
        Code::DuplicateName,
        "is the name of a `vrrp_script`",
    );
    assert_eq!(loaded.config.checks, []);
    let loaded = read("vrrp_check a {\nprocess b\n}\nvrrp_check a {\nprocess c\n}\n");
    assert_eq!(codes(&loaded).first(), Some(&Code::DuplicateName));
    assert_eq!(loaded.config.checks.len(), 1);
}

#[test]
fn a_check_that_nobody_tracks_is_mentioned() {
    says(
        &read("vrrp_check a {\nprocess b\n}\n"),
        Code::ScriptUnused,
        "`track_check`",
    );
}

#[test]
fn what_keepalived_does_not_know_is_said_once_and_starts_all_the_same() {
    let loaded = tracked("process nginx\nrepair /bin/true {\nwait 1\n}", "web");
    let own = loaded
        .diagnostics
        .iter()
        .filter(|one| one.code == Code::OwnKeyword);
    let texts: Vec<&str> = own.map(|one| one.message.as_str()).collect();
    assert_eq!(
        texts,
        ["keepalived does not know `vrrp_check`, `track_check`"]
    );
    assert!(loaded.keepalived_refusal().is_none());
}

#[test]
fn an_own_keyword_that_stands_in_two_blocks_is_named_once() {
    let loaded = read(format!(
        "global_defs {{\nfast_detect 50ms\npeer_channel on\n}}\nvrrp_instance A {{\ninterface eth0\n\
         virtual_router_id 5\npriority 100\nfast_detect 20ms\n{VIP}}}\n"
    ));
    let own = loaded
        .diagnostics
        .iter()
        .find(|one| one.code == Code::OwnKeyword);
    assert_eq!(
        own.map(|one| one.message.as_str()),
        Some("keepalived does not know `fast_detect`, `peer_channel`")
    );
}
