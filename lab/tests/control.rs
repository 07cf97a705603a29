//! The control interface of a real daemon: what is found where, who may do what, and clients that mean it ill.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use standfast_lab::{CONFIGURATION, Daemon, Host, Lab, Moment, Process, Signal, require_program};
use support::{
    next_worker, pair_with, send, short_configuration, single_host, standfast, start, telling,
    worker_pid,
};

const LONG: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
const INTERVAL: Duration = Duration::from_millis(200);
const SOCKET: &str = "/run/standfast/control.sock";
/// nobody(8) on every distribution.
const NOBODY: &str = "--reuid=65534";

/// The instance, and these lines in `global_defs`.
fn configuration(global: &str) -> String {
    format!(
        "global_defs {{\n{global}\n}}\n{}",
        short_configuration(INTERVAL, 100)
    )
}

/// A host whose daemon is master.
fn master(daemon: &Daemon, global: &str) -> (Lab, Host, Process) {
    require_program("curl", "curl").unwrap();
    let (lab, host) = single_host(daemon);
    host.write_file(CONFIGURATION, &configuration(global), 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    process
        .wait_for_log("(VI_1) Entering MASTER STATE", LONG)
        .unwrap();
    (lab, host, process)
}

/// What curl printed: headers, body, and the status at its end; `0` where nobody answers.
fn curl(host: &Host, words: &[&str]) -> (u16, String) {
    curl_as(host, &[], words)
}

fn curl_as(host: &Host, before: &[&str], words: &[&str]) -> (u16, String) {
    let mut argv = before.to_vec();
    argv.extend([
        "curl",
        "--silent",
        "--max-time",
        "20",
        "--write-out",
        "\n%{http_code}",
    ]);
    argv.extend(words);
    let output = host.run_within(LONG, &argv).unwrap().output;
    let (body, code) = output.rsplit_once('\n').unwrap_or(("", "0"));
    (code.trim().parse().unwrap_or(0), body.to_owned())
}

fn socket(host: &Host, path: &str) -> (u16, String) {
    let url = format!("http://localhost{path}");
    curl(host, &["--unix-socket", SOCKET, &url])
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Moment::now() + LONG;
    while !condition() {
        assert!(Moment::now() < end, "{what} did not come about");
        thread::sleep(PAUSE);
    }
}

/// A connection from outside the host's namespaces, to bytes of our own.
fn connect(host: &Host) -> UnixStream {
    let path = format!("/proc/{}/root{SOCKET}", host.outer_pid());
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// What comes back for these bytes until the connection is closed.
fn exchange(host: &Host, sent: &[u8]) -> String {
    let mut stream = connect(host);
    // It may be closed before everything is written.
    let _ = stream.write_all(sent);
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    String::from_utf8_lossy(&received).into_owned()
}

#[test]
fn each_path_answers_on_the_socket() {
    let (_lab, host, _process) = master(&standfast(), "");
    let (code, body) = socket(&host, "/v1/status");
    let status: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(code, 200);
    assert_eq!(status["node"]["as_keepalived"], true);
    assert_eq!(status["instances"][0]["name"], "VI_1");
    assert_eq!(status["instances"][0]["state"], "master");
    let (code, body) = socket(&host, "/v1/events?subject=VI_1");
    let page: Value = serde_json::from_str(&body).unwrap();
    let mut entered = page["records"].as_array().unwrap().iter();
    let last = entered.rfind(|record| !record["state"].is_null());
    assert_eq!((code, &last.unwrap()["state"]), (200, &"master".into()));
    let (code, body) = socket(&host, "/metrics");
    assert_eq!((code, body.contains("keepalived_up 1")), (200, true));
    assert!(body.trim_end().ends_with("# EOF"), "{body}");
    let (code, body) = socket(&host, "/v1/openapi.json");
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &document["openapi"]), (200, &"3.1.0".into()));
    let (code, _) = socket(&host, "/v1/explain/VI_9");
    assert_eq!(code, 404);
    let listed = host.run(&["stat", "-c", "%a %U %G %F", SOCKET]).unwrap();
    assert_eq!(listed.output.trim(), "660 root root socket");
}

#[test]
fn whoever_may_look_may_not_change() {
    let lines = "control_mode 0666\nhttp_listen 127.0.0.1:9650 [::1]:9650 192.168.1.11:9650";
    let (_lab, host, process) = master(&standfast(), lines);
    let nobody = ["setpriv", NOBODY, "--clear-groups"];
    let reload = r#"{"do":"reload"}"#;
    let status = ["--unix-socket", SOCKET, "http://localhost/v1/status"];
    let command = [
        "--unix-socket",
        SOCKET,
        "--data",
        reload,
        "http://localhost/v1/command",
    ];
    assert_eq!(curl_as(&host, &nobody, &status).0, 200);
    let (code, body) = curl_as(&host, &nobody, &command);
    assert_eq!((code, body.contains("65534")), (403, true), "{body}");
    for (url, expected) in [
        ("http://127.0.0.1:9650/v1/status", 200),
        ("http://[::1]:9650/v1/status", 200),
        ("http://localhost:9650/metrics", 200),
        ("http://192.168.1.11:9650/v1/status", 200),
    ] {
        assert_eq!(curl(&host, &[url]).0, expected, "{url}");
    }
    let tcp = "http://127.0.0.1:9650/v1/command";
    assert_eq!(curl(&host, &["--data", reload, tcp]).0, 403);
    // Also where it is no loopback address: a web page of another site could have its name lead there.
    for url in [
        "http://127.0.0.1:9650/v1/status",
        "http://192.168.1.11:9650/v1/status",
    ] {
        let other = ["--header", "Host: evil.example", url];
        assert_eq!(curl(&host, &other).0, 403, "{url}");
    }
    assert!(!process.log().contains("Reloading"), "{}", process.log());
    let (code, body) = curl(&host, &command);
    assert_eq!((code, body.contains("in force")), (200, true), "{body}");
    let log = process.log();
    assert!(log.contains("root (uid 0, pid"), "{log}");
}

#[test]
fn a_reload_moves_only_the_listeners_that_changed() {
    let (_lab, host, process) = master(&standfast(), "http_listen 127.0.0.1:9650");
    let inode = || host.run(&["stat", "-c", "%i", SOCKET]).unwrap().output;
    let (before, port) = (inode(), "http://127.0.0.1:9650/v1/status");
    assert_eq!(curl(&host, &[port]).0, 200);
    let reload = |lines: &str| {
        host.write_file(CONFIGURATION, &configuration(lines), 0o644)
            .unwrap();
        let words = ["--unix-socket", SOCKET, "--data", r#"{"do":"reload"}"#];
        let url = ["http://localhost/v1/command"];
        let (code, body) = curl(&host, &[words.as_slice(), &url].concat());
        assert_eq!(code, 200, "{body}");
    };
    reload("http_listen 127.0.0.1:9651\nhttp_token_file /run/token");
    process
        .wait_for_log("http_token_file /run/token", LONG)
        .unwrap();
    assert_eq!(curl(&host, &["http://127.0.0.1:9651/v1/status"]).0, 0);
    assert_eq!(inode(), before);
    let troubles = || {
        let status: Value = serde_json::from_str(&socket(&host, "/v1/status").1).unwrap();
        status["node"]["control_troubles"].to_string()
    };
    let said = troubles();
    assert!(said.contains("http_token_file /run/token"), "{said}");
    host.write_file("/run/token", "secret\n", 0o600).unwrap();
    let new = "http://127.0.0.1:9651/v1/status";
    wait_until("a listener", || curl(&host, &[new]).0 == 401);
    let token = ["--header", "Authorization: Bearer secret", new];
    assert_eq!(curl(&host, &token).0, 200);
    assert_eq!(troubles(), "null");
    assert_eq!(curl(&host, &[port]).0, 0);
    // Whoever follows with a token that does not open any more is cut off.
    let stream = ["curl", "--silent", "--no-buffer", "--max-time", "120"];
    let stream = [
        stream.as_slice(),
        &token[..2],
        &["http://127.0.0.1:9651/v1/stream"],
    ]
    .concat();
    let follower = host.spawn(&stream, &[]).unwrap();
    follower.wait_for_log("event: status", LONG).unwrap();
    host.write_file("/run/token", "another\n", 0o600).unwrap();
    reload("http_listen 127.0.0.1:9651\nhttp_token_file /run/token");
    follower.wait(LONG).unwrap();
    assert_eq!(curl(&host, &token).0, 401);
    // A token whose file is gone opens nothing any more.
    let another = ["--header", "Authorization: Bearer another", new];
    assert_eq!(curl(&host, &another).0, 200);
    host.run(&["rm", "/run/token"]).unwrap();
    reload("http_listen 127.0.0.1:9651\nhttp_token_file /run/token");
    wait_until("a closed listener", || curl(&host, &another).0 == 0);
    host.write_file("/run/token", "another\n", 0o600).unwrap();
    wait_until("a listener", || curl(&host, &another).0 == 200);
    assert_eq!(inode(), before);
    reload("control_mode 0600");
    let mode = || host.run(&["stat", "-c", "%a", SOCKET]).unwrap().output;
    wait_until("another mode", || mode().trim() == "600");
    assert_eq!(curl(&host, &[new]).0, 0);
    assert_eq!(socket(&host, "/v1/status").0, 200);
}

#[test]
fn tls_shows_the_certificate_that_is_configured() {
    require_program("openssl", "openssl").unwrap();
    let lines = "http_listen 127.0.0.1:9650\nhttp_tls /run/http.crt /run/http.key";
    let (_lab, host, process) = master(&standfast(), lines);
    process
        .wait_for_log("http_tls /run/http.crt", LONG)
        .unwrap();
    let make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=lb1 \
        -addext subjectAltName=IP:127.0.0.1 -keyout /run/http.key -out /run/http.crt";
    host.run(&["sh", "-c", make]).unwrap();
    let url = "https://127.0.0.1:9650/v1/status";
    let trusting = ["--cacert", "/run/http.crt", url];
    wait_until("a certificate", || curl(&host, &trusting).0 == 200);
    // In clear text nobody is answered.
    assert_eq!(curl(&host, &["http://127.0.0.1:9650/v1/status"]).0, 0);
    // A renewal that fails does not end what works.
    host.run(&["mv", "/run/http.key", "/run/http.key.away"])
        .unwrap();
    let reload = ["--unix-socket", SOCKET, "--data", r#"{"do":"reload"}"#];
    let reload = [reload.as_slice(), &["http://localhost/v1/command"]].concat();
    assert_eq!(curl(&host, &reload).0, 200);
    process
        .wait_for_log("the one before is shown", LONG)
        .unwrap();
    assert_eq!(curl(&host, &trusting).0, 200);
}

#[test]
fn a_new_worker_is_asked_at_the_same_place_and_the_end_leaves_nothing() {
    let (_lab, host, process) = master(&standfast(), "");
    let old = worker_pid(&host);
    send(&host, old, Signal::SIGKILL);
    next_worker(&host, old, LONG);
    wait_until("an answer", || socket(&host, "/v1/status").0 == 200);
    process.stop(LONG).unwrap();
    let left = host.run(&["ls", "/run/standfast"]).unwrap().output;
    assert!(!left.contains("sock"), "{left}");
}

#[test]
fn requests_that_are_too_large_are_refused() {
    let (_lab, host, _process) = master(&standfast(), "");
    let header = format!("X-Long: {}\r\n", "x".repeat(40_000));
    let sent = format!("GET /v1/status HTTP/1.1\r\nHost: x\r\n{header}\r\n");
    let got = exchange(&host, sent.as_bytes());
    assert!(got.is_empty() || got.starts_with("HTTP/1.1 431"), "{got}");
    let body = "x".repeat(100_000);
    let sent = format!(
        "POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let got = exchange(&host, sent.as_bytes());
    assert!(got.is_empty() || got.starts_with("HTTP/1.1 413"), "{got}");
    assert_eq!(socket(&host, "/v1/status").0, 200);
}

/// Connections that send one byte a second, and come again when they are cut off, until they are told to stop.
fn trickle(host: &Host, stop: &Arc<AtomicBool>, connections: usize) -> thread::JoinHandle<u32> {
    let path = format!("/proc/{}/root{SOCKET}", host.outer_pid());
    let stop = Arc::clone(stop);
    let request = b"GET /v1/status HTTP/1.1\r\nX-Slow: "
        .iter()
        .chain([&b'x'; 1_000]);
    let request: Vec<u8> = request.copied().collect();
    thread::spawn(move || {
        let mut open: Vec<(UnixStream, usize)> = Vec::new();
        let mut cut_off = 0;
        while !stop.load(Ordering::Relaxed) {
            while open.len() < connections {
                let Ok(stream) = UnixStream::connect(&path) else {
                    break;
                };
                stream.set_nonblocking(true).unwrap();
                open.push((stream, 0));
            }
            let before = open.len();
            open.retain_mut(|(stream, sent)| {
                let byte = request.get(*sent..=*sent).unwrap();
                *sent += 1;
                stream.write_all(byte).is_ok()
            });
            cut_off += u32::try_from(before - open.len()).unwrap();
            thread::sleep(Duration::from_secs(1));
        }
        cut_off
    })
}

#[test]
fn two_hundred_slow_clients_stop_neither_another_one_nor_the_advertisements() {
    let configurations = [100, 90].map(|priority| short_configuration(INTERVAL, priority));
    let mut pair = pair_with([standfast(), standfast()], configurations);
    telling(&mut pair, |pair| {
        start(pair);
        let host = &pair.first.host;
        let stop = Arc::new(AtomicBool::new(false));
        let slow = trickle(host, &stop, 200);
        let end = Moment::now() + Duration::from_secs(10);
        let mut answers = 0;
        while Moment::now() < end {
            let got = exchange(
                host,
                b"GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            );
            assert!(got.starts_with("HTTP/1.1 200"), "{got}");
            answers += 1;
            thread::sleep(PAUSE);
        }
        stop.store(true, Ordering::Relaxed);
        let cut_off = slow.join().unwrap();
        assert!(cut_off > 100, "{cut_off} were cut off");
        assert!(answers > 20, "{answers}");
        let log = pair.second.log();
        assert!(!log.contains("Entering MASTER STATE"), "{log}");
    });
}

/// The numbers of the entries that a follower is told, up to the first that says this.
fn follow(stream: UnixStream, until: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut id: Option<u64> = None;
    for line in BufReader::new(&stream).lines() {
        let line = line.unwrap();
        if let Some(number) = line.strip_prefix("id: ") {
            id = number.parse().ok();
        }
        if line.starts_with("data: ") {
            numbers.extend(id.take());
            if line.contains(until) {
                break;
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
    numbers
}

#[test]
fn fifty_followers_are_told_the_same() {
    let (_lab, host, _process) = master(&standfast(), "");
    let followers: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = connect(&host);
            stream
                .write_all(b"GET /v1/stream?only=journal&after=0 HTTP/1.1\r\nHost: x\r\n\r\n")
                .unwrap();
            thread::spawn(move || follow(stream, "\"kind\":\"resume\""))
        })
        .collect();
    for command in [r#"{"do":"drain"}"#, r#"{"do":"resume"}"#] {
        let url = "http://localhost/v1/command";
        let words = ["--unix-socket", SOCKET, "--data", command, url];
        let (code, body) = curl(&host, &words);
        assert_eq!(code, 200, "{body}");
    }
    let told: Vec<Vec<u64>> = followers
        .into_iter()
        .map(|follower| follower.join().unwrap())
        .collect();
    let first = told.first().unwrap();
    assert!(first.len() > 2, "{first:?}");
    assert!(first.windows(2).all(|two| two[0] < two[1]), "{first:?}");
    assert!(told.iter().all(|one| one == first), "{told:?}");
}

#[test]
fn followers_leave_room_for_others() {
    let (_lab, host, _process) = master(&standfast(), "");
    let open = |sent: &[u8]| {
        let mut stream = connect(&host);
        stream.write_all(sent).unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        (stream, line)
    };
    let request = b"GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut followers = Vec::new();
    let mut refused = 0;
    for _ in 0..70 {
        let (stream, line) = open(request);
        match line.contains("200") {
            true => followers.push(stream),
            false => refused += 1,
        }
    }
    assert!(followers.len() >= 50, "{}", followers.len());
    assert!(refused > 0);
    assert_eq!(socket(&host, "/v1/status").0, 200);
    drop(followers);
    wait_until("room again", || open(request).1.contains("200"));
}
