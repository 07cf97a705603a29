//! The lab keeps its own promises: hosts are separate, nothing is left behind, instruments measure.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use standfast_lab::{
    AGENT_SUBCOMMAND, HostOptions, Lab, LabError, LabOptions, Moment, Probe, WebServer, example,
};

fn options() -> LabOptions {
    LabOptions::with_agent(PathBuf::from(env!("CARGO_BIN_EXE_lab-agent")))
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 1, last)
}

/// The best of three: other tests run at the same time.
#[test]
fn three_hosts_start_within_half_a_second() {
    let took: Vec<Duration> = (0..3)
        .map(|_| {
            let begin = Instant::now();
            let lab = Lab::new(options()).unwrap();
            let host = |n: u8| {
                lab.host(&HostOptions::new(&format!("h{n}"), address(n)))
                    .unwrap()
            };
            let hosts: Vec<_> = (1..4).map(host).collect();
            let took = begin.elapsed();
            assert_eq!(hosts[2].run(&["hostname"]).unwrap().output, "h3\n");
            took
        })
        .collect();
    println!("{took:?}");
    assert!(
        took.iter().any(|took| *took < Duration::from_millis(500)),
        "{took:?}"
    );
}

#[test]
fn hosts_share_a_wire_and_nothing_else() {
    let lab = Lab::new(options()).unwrap();
    let one = lab.host(&HostOptions::new("one", address(1))).unwrap();
    let two = lab.host(&HostOptions::new("two", address(2))).unwrap();
    let sleeper = one.spawn(&["sleep", "60"], &[]).unwrap();
    for directory in ["/etc", "/etc/keepalived", "/run", "/opt", "/tmp"] {
        // A name that nobody else on this machine has given to anything.
        let path = format!("{directory}/lab-test-{}", std::process::id());
        let path = path.as_str();
        one.write_file(path, "mine", 0o600).unwrap();
        assert_eq!(one.read_file(path).unwrap(), "mine");
        assert!(two.read_file(path).is_err(), "{path} is not private");
        assert!(std::fs::metadata(path).is_err(), "{path} is on the machine");
    }
    assert!(
        !two.run_within(Duration::from_secs(5), &["killall", "sleep"])
            .unwrap()
            .succeeded()
    );
    assert!(sleeper.ended().is_none());
    one.run(&["killall", "sleep"]).unwrap();
    sleeper.wait(Duration::from_secs(1)).unwrap();
    let probe = Probe::icmp(
        &one,
        address(2),
        lab.control_address(),
        Duration::from_millis(5),
    )
    .unwrap();
    probe
        .first_answer_by(
            two.mac(),
            Moment::from_nanoseconds(0),
            Duration::from_secs(2),
        )
        .unwrap();
    assert_eq!(one.neighbour_mac(address(2)).unwrap(), Some(two.mac()));
}

#[test]
fn a_pulled_cable_takes_the_carrier() {
    let lab = Lab::new(options()).unwrap();
    let host = lab.host(&HostOptions::new("one", address(1))).unwrap();
    let carrier = || {
        host.run(&["ip", "link", "show", "dev", "eth0"])
            .unwrap()
            .output
            .contains("NO-CARRIER")
    };
    assert!(!carrier());
    host.cable_pull().unwrap();
    assert!(carrier());
    host.cable_plug().unwrap();
    assert!(!carrier());
    let up = || {
        host.run(&["ip", "link", "show", "dev", "eth0"])
            .unwrap()
            .output
            .contains(",UP")
    };
    host.link_down("eth0").unwrap();
    assert!(!up());
    host.link_up("eth0").unwrap();
    assert!(up());
}

#[test]
fn the_probe_measures_a_gap_and_names_who_answers() {
    let lab = Lab::new(options()).unwrap();
    let host = lab.host(&HostOptions::new("one", address(1))).unwrap();
    let client = lab.host(&HostOptions::new("client", address(9))).unwrap();
    let probe = Probe::icmp(
        &client,
        address(1),
        lab.control_address(),
        Duration::from_millis(1),
    )
    .unwrap();
    let first = probe
        .first_answer_after(Moment::from_nanoseconds(0), Duration::from_secs(2))
        .unwrap();
    assert_eq!(first.mac, host.mac());
    let from = Moment::now();
    host.pause().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    host.resume().unwrap();
    probe
        .first_answer_after(Moment::now(), Duration::from_secs(2))
        .unwrap();
    let net = probe.net_gap(from, Moment::now()).unwrap();
    assert!(
        net > Duration::from_millis(150) && net < Duration::from_millis(400),
        "net gap {net:?}"
    );
}

#[test]
fn a_command_that_takes_too_long_is_killed() {
    let lab = Lab::new(options()).unwrap();
    let host = lab.host(&HostOptions::new("one", address(1))).unwrap();
    let begin = Instant::now();
    let result = host.run_within(Duration::from_millis(100), &["sleep", "77"]);
    assert!(matches!(result, Err(LabError::TimedOut { .. })));
    assert!(begin.elapsed() < Duration::from_secs(2));
    let gone = || {
        !host
            .run_within(Duration::from_secs(1), &["pidof", "sleep"])
            .unwrap()
            .succeeded()
    };
    assert!(within(Duration::from_secs(1), gone));
}

#[test]
fn the_http_probe_sees_a_server_go_and_come() {
    let lab = Lab::new(options()).unwrap();
    let host = lab.host(&HostOptions::new("one", address(1))).unwrap();
    let client = lab.host(&HostOptions::new("client", address(9))).unwrap();
    let argv = [
        "/run/lab/bin/lab-agent",
        AGENT_SUBCOMMAND,
        "http-serve",
        "80",
        "200",
        "text",
    ];
    let server = host.spawn(&argv, &[]).unwrap();
    let (period, patience) = (Duration::from_millis(5), Duration::from_millis(50));
    let probe = Probe::http(&client, address(1), 80, period, patience).unwrap();
    probe
        .first_answer_after(Moment::from_nanoseconds(0), Duration::from_secs(2))
        .unwrap();
    let from = Moment::now();
    drop(server);
    std::thread::sleep(Duration::from_millis(200));
    let _server = host.spawn(&argv, &[]).unwrap();
    probe
        .first_answer_after(Moment::now(), Duration::from_secs(2))
        .unwrap();
    let gap = probe.gap(from, Moment::now()).unwrap();
    assert!(
        gap > Duration::from_millis(150) && gap < Duration::from_millis(600),
        "gap {gap:?}"
    );
}

#[test]
fn the_stand_in_behaves_as_nginx_does() {
    let agent = PathBuf::from(env!("CARGO_BIN_EXE_lab-agent"));
    let lab = Lab::new(options()).unwrap();
    let mut host = HostOptions::new("one", address(1));
    host.programs = WebServer::StandIn.programs(&agent);
    let host = lab.host(&host).unwrap();
    for (script, text) in example::SCRIPTS {
        host.write_file(&format!("/opt/{script}"), text, 0o755)
            .unwrap();
    }
    let passes = |script: &str| {
        host.run_within(Duration::from_secs(3), &[&format!("/opt/{script}")])
            .unwrap()
            .succeeded()
    };
    assert!(!passes(example::CHECK_PORT) && !passes(example::CHECK_HTTP));
    WebServer::StandIn.set_up(&host).unwrap();
    assert!(within(Duration::from_secs(2), || passes(
        example::CHECK_PORT
    ) && passes(
        example::CHECK_HTTP
    )));
    WebServer::StandIn.kill(&host).unwrap();
    assert!(!passes(example::CHECK_PORT) && !passes(example::CHECK_HTTP));
    assert!(passes(example::CHECK_PROCESS), "the check starts it again");
    assert!(passes(example::CHECK_HTTP));
    WebServer::StandIn.spoil(&host).unwrap();
    assert!(passes(example::CHECK_PROCESS), "what runs need not start");
    WebServer::StandIn.kill(&host).unwrap();
    assert!(!passes(example::CHECK_PROCESS));
}

/// A command line that only this test process can have started.
fn marker() -> String {
    format!("9{}.25", std::process::id())
}

/// Not a test by itself: what the next one starts and kills.
#[test]
#[ignore = "runs until it is killed"]
fn hold_a_lab_until_killed() {
    let marker = std::env::var("LAB_TEST_MARKER").unwrap();
    let lab = Lab::new(options()).unwrap();
    let host = lab.host(&HostOptions::new("one", address(1))).unwrap();
    let _sleeper = host.spawn(&["sleep", &marker], &[]).unwrap();
    host.run(&["true"]).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn everything_ends_when_the_lab_is_killed() {
    let marker = marker();
    let mut holder = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "hold_a_lab_until_killed"])
        .env("LAB_TEST_MARKER", &marker)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let started = within(Duration::from_secs(5), || is_running(&marker));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(started, "the holder's host never started its program");
    assert!(
        within(Duration::from_secs(2), || !is_running(&marker)),
        "the host outlived its lab"
    );
}

fn within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

fn is_running(marker: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| {
            line.split(|byte| *byte == 0)
                .eq([b"sleep", marker.as_bytes(), b""])
        })
    })
}
