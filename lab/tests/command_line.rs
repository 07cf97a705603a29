//! Under keepalived's name: the same exit codes, the same verdict on a file, the same files and signals.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, ExitState, Host, Moment, Signal};
use support::{short_configuration, single_host, standfast};

const SECOND: Duration = Duration::from_secs(1);
/// A daemon that runs so long has started.
const STARTED: Duration = Duration::from_millis(700);
/// keepalived's exit code for a missing permission.
const NO_PERMISSION: i32 = 4;
const KEEPALIVED: &str = "/usr/sbin/keepalived";

const GOOD: &str = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n priority 99\n advert_int 1\n \
                    authentication {\n auth_type PASS\n auth_pass 1111\n }\n virtual_ipaddress {\n \
                    192.168.1.200/24\n }\n}\n";

/// What is wrong, what becomes what in the good file.
const CHANGES: [(&str, &str, &str); 16] = [
    ("nothing", "advert_int 1\n", "advert_int 1\n"),
    (
        "unknown keyword",
        "advert_int 1\n",
        "advert_int 1\n advert_itn 1\n",
    ),
    ("missing brace", " }\n}\n", " }\n"),
    ("extra brace", " }\n}\n", " }\n}\n}\n"),
    ("bad number", "priority 99", "priority ninety"),
    ("number out of range", "priority 99", "priority 300"),
    ("missing value", "virtual_router_id 51", "virtual_router_id"),
    ("no virtual_router_id", " virtual_router_id 51\n", ""),
    ("no interface", " interface eth0\n", ""),
    ("unknown interface", "eth0", "eth7"),
    ("loopback", "eth0", "lo"),
    ("NUL byte", "advert_int 1\n", "advert_int 1\n # \\000 \n"),
    (
        "GB2312 comment",
        "advert_int 1\n",
        "advert_int 1\n # \\326\\320\\316\\304\n",
    ),
    ("invalid UTF-8 in a name", "VI_1", "VI_\\377"),
    ("password of nine characters", "1111", "123456789"),
    (
        "no addresses",
        " virtual_ipaddress {\n 192.168.1.200/24\n }\n",
        "",
    ),
];

/// Files by printf(1), so that any byte can stand in them; and what cannot be said as a change.
fn cases() -> Vec<(&'static str, String)> {
    let printf = |text: &str| format!("printf '{}' > /run/k.conf", text.replace('\n', "\\n"));
    let twice = GOOD.to_owned() + &GOOD.replace("VI_1", "VI_2").replace(".200", ".201");
    let changed = CHANGES.iter().map(|(name, from, to)| {
        assert!(GOOD.contains(from), "the good file no longer says {from}");
        (*name, printf(&GOOD.replacen(from, to, 1)))
    });
    changed
        .chain([
            ("two instances with one VRID", printf(&twice)),
            ("empty file", ": > /run/k.conf".to_owned()),
            ("missing file", "rm -f /run/k.conf".to_owned()),
            (
                "a directory",
                "rm -f /run/k.conf; mkdir /run/k.conf".to_owned(),
            ),
            (
                "an executable file",
                format!("rmdir /run/k.conf; {}; chmod 755 /run/k.conf", printf(GOOD)),
            ),
        ])
        .collect()
}

/// How it ended, or `None` if it had to be ended.
fn verdict(host: &Host) -> Option<ExitState> {
    let argv = [KEEPALIVED, "-n", "-l", "-G", "-f", "/run/k.conf"];
    let process = host.spawn(&argv, &[]).unwrap();
    let ended = process.wait(STARTED).ok();
    // Names are enough: this host has no other process of that name.
    let _ = host.run(&["killall", "-q", "-9", "keepalived"]);
    let _ = process.wait(SECOND);
    // A file that names a process which is just ending makes keepalived 2.2.7 exit with status 0.
    host.run(&["sh", "-c", "sleep 0.1; rm -f /run/*.pid"])
        .unwrap();
    ended
}

fn tested(host: &Host) -> ExitState {
    let argv = [KEEPALIVED, "-t", "-f", "/run/k.conf"];
    host.run_within(SECOND * 5, &argv).unwrap().status
}

type Verdict = (&'static str, Option<ExitState>, ExitState);

fn verdicts(daemon: &Daemon) -> Vec<Verdict> {
    let (_lab, host) = single_host(daemon);
    let judge = |(name, script): (&'static str, String)| {
        host.run(&["sh", "-c", &script]).unwrap();
        (name, verdict(&host), tested(&host))
    };
    cases().into_iter().map(judge).collect()
}

#[test]
fn files_are_judged_as_keepalived_judges_them() {
    let (ours, theirs) = thread::scope(|scope| {
        let theirs = scope.spawn(|| verdicts(&Daemon::Keepalived));
        (verdicts(&standfast()), theirs.join().unwrap())
    });
    let different: Vec<(&Verdict, &Verdict)> = ours
        .iter()
        .zip(&theirs)
        .filter(|(ours, theirs)| ours != theirs)
        .collect();
    assert!(
        different.is_empty(),
        "ours and keepalived's: {different:#?}"
    );
}

fn ready_host() -> (standfast_lab::Lab, Host) {
    let (lab, host) = single_host(&standfast());
    let configuration = short_configuration(Duration::from_millis(200), 99);
    host.write_file(CONFIGURATION, &configuration, 0o644)
        .unwrap();
    (lab, host)
}

#[test]
fn signal_numbers_and_the_version_are_printed() {
    let (_lab, ours) = ready_host();
    let (_other, theirs) = single_host(&Daemon::Keepalived);
    for name in ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"] {
        let argument = format!("--signum={name}");
        let [ours, theirs] = [&ours, &theirs].map(|host| {
            host.run_within(SECOND * 5, &[KEEPALIVED, &argument])
                .unwrap()
        });
        assert_eq!(
            (ours.status, ours.output),
            (theirs.status, theirs.output),
            "{name}"
        );
    }
    let version = ours.run(&[KEEPALIVED, "-v"]).unwrap();
    assert!((version.output + &version.error).contains("Standfast"));
    let unknown = ours
        .run_within(SECOND * 5, &[KEEPALIVED, "--nonsense"])
        .unwrap();
    assert_eq!(unknown.status, ExitState::Code(1));
}

#[test]
fn without_capabilities_it_says_which_and_how_to_grant_them() {
    let (_lab, host) = ready_host();
    let argv = [
        "setpriv",
        "--bounding-set=-net_admin",
        "--inh-caps=-net_admin",
        KEEPALIVED,
        "-n",
        "-l",
        "-G",
    ];
    let output = host.run_within(SECOND * 5, &argv).unwrap();
    assert_eq!(output.status, ExitState::Code(NO_PERMISSION));
    let said = output.output + &output.error;
    assert!(said.contains("CAP_NET_ADMIN"), "{said}");
    assert!(said.contains("AmbientCapabilities"), "{said}");
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        KEEPALIVED,
        "-n",
        "-l",
        "-G",
    ];
    let output = host.run_within(SECOND * 5, &nobody).unwrap();
    assert_eq!(output.status, ExitState::Code(NO_PERMISSION));
}

#[test]
fn a_daemon_in_the_background_has_pid_files_and_lets_no_second_one_run() {
    let (_lab, host) = ready_host();
    host.run(&[KEEPALIVED, "-D", "-G"]).unwrap();
    // A file is made before its number is written.
    let pid = |path: &str| {
        let end = Moment::now() + SECOND * 10;
        loop {
            let text = host.read_file(path).unwrap_or_default();
            if let Ok(pid) = text.trim().parse::<i32>() {
                return pid;
            }
            assert!(Moment::now() < end, "no process id in {path}: {text:?}");
            thread::sleep(Duration::from_millis(20));
        }
    };
    let supervisor = pid("/run/keepalived.pid");
    assert_ne!(supervisor, pid("/run/vrrp.pid"));
    let second = host
        .run_within(SECOND * 10, &[KEEPALIVED, "-n", "-l", "-G"])
        .unwrap();
    let said = second.output + &second.error;
    assert_eq!(second.status, ExitState::Code(1), "{said}");
    assert!(said.contains("already running"), "{said}");
    let mine = [
        KEEPALIVED,
        "-G",
        "-p",
        "/run/a.pid",
        "-r",
        "/run/b.pid",
        "-f",
        "/run/other.conf",
        "-P",
    ];
    let other = short_configuration(SECOND, 90)
        .replace("id 51", "id 52")
        .replace(".200", ".201");
    host.write_file("/run/other.conf", &other, 0o644).unwrap();
    host.run(&mine).unwrap();
    assert_ne!(pid("/run/a.pid"), supervisor);
    host.run(&["sh", "-c", "kill $(cat /run/a.pid)"]).unwrap();
    host.run(&["/etc/init.d/keepalived", "stop"]).unwrap();
    let end = Moment::now() + SECOND * 15;
    while host.read_file(&format!("/proc/{supervisor}/comm")).is_ok() {
        assert!(Moment::now() < end, "the init script did not stop it");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(host.read_file("/run/keepalived.pid").is_err());
}

#[test]
fn the_data_file_is_written_for_its_owner_alone_and_follows_no_link() {
    let (_lab, host) = ready_host();
    host.run(&["ln", "-s", "/run/victim", "/tmp/keepalived.data"])
        .unwrap();
    let process = standfast().start(&host, CONFIGURATION).unwrap();
    process.wait_for_log("Entering MASTER", SECOND * 4).unwrap();
    process.signal(Signal::SIGUSR1).unwrap();
    let end = Moment::now() + SECOND * 2;
    let text = loop {
        let text = host.read_file("/tmp/keepalived.data").unwrap_or_default();
        if text.contains("State = ") || Moment::now() > end {
            break text;
        }
        thread::sleep(Duration::from_millis(20));
    };
    for line in [
        " VRRP Instance = VI_1",
        "   State = MASTER",
        "   Interface = eth0",
    ] {
        assert!(
            text.lines().any(|known| known.starts_with(line)),
            "no {line:?} in\n{text}"
        );
    }
    assert!(
        host.read_file("/run/victim").is_err(),
        "the link was followed"
    );
    let mode = host
        .run(&["stat", "-c", "%a", "/tmp/keepalived.data"])
        .unwrap();
    assert_eq!(mode.output.trim(), "600");
}

#[test]
fn systemd_is_told_what_happens() {
    let (_lab, host) = ready_host();
    let name = format!("notify-{}", std::process::id());
    // A folder that hosts share with this process; /tmp is their own.
    let path = PathBuf::from("/var/tmp").join(name);
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(SECOND * 3)).unwrap();
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "500000"),
    ];
    let process = host
        .spawn(&[KEEPALIVED, "-n", "-l", "-G"], &environment)
        .unwrap();
    let awaits = |word: &str| {
        let end = Moment::now() + SECOND * 3;
        let mut buffer = [0; 4096];
        while Moment::now() < end {
            let length = socket.recv(&mut buffer).unwrap_or(0);
            let text = String::from_utf8_lossy(buffer.get(..length).unwrap()).into_owned();
            if text.lines().any(|line| line == word) {
                return;
            }
        }
        panic!("systemd was not told {word}");
    };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        awaits("READY=1");
        awaits("WATCHDOG=1");
        process.signal(Signal::SIGHUP).unwrap();
        awaits("RELOADING=1");
        awaits("READY=1");
        process.signal(Signal::SIGTERM).unwrap();
        awaits("STOPPING=1");
    }));
    std::fs::remove_file(&path).unwrap();
    result.unwrap();
    process.wait(SECOND * 3).unwrap();
}
