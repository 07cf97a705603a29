//! The commands that ask a running daemon, against one that answers what it is told to.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use standfast_api::status::Status;

/// Folders of this process so far.
static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// Answers a request line's beginning with a status and a text; what nothing fits to is 404.
type Answers = &'static [(&'static str, &'static str, &'static str)];

const HEALTHY: &str = include_str!("snapshots/status-healthy.json");
const SPLIT: &str = include_str!("snapshots/status-split.json");
const DONE: &str = r#"{"answer":"done","text":"resumed"}"#;
const REFUSED: &str = r#"{"answer":"refused","text":"no other node can take it"}"#;

/// A daemon of a few lines; it ends with its folder.
struct Daemon {
    folder: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    fn new(answers: Answers) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = format!("standfast-steering-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir(&folder).unwrap();
        let listener = UnixListener::bind(folder.join("control.sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, end) = (asked.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let (stream, _) = listener.accept().unwrap();
                // A client that only looks whether somebody listens asks nothing.
                if let Some(asked) = answer(stream, answers) {
                    log.lock().unwrap().push(asked);
                }
            }
        });
        Self {
            folder,
            asked,
            stop,
            thread: Some(thread),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("control.sock")
    }

    fn standfast(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_standfast"))
            .args(arguments)
            .arg("--socket")
            .arg(self.socket())
            .output()
            .unwrap()
    }

    /// The exit code and everything that was said.
    fn said(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.standfast(arguments);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// What was asked to be done.
    fn ordered(&self) -> Vec<String> {
        let mut asked = self.asked();
        asked.retain(|one| one.starts_with("POST "));
        asked
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = UnixStream::connect(self.socket());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The request's first line and its body, which it was answered.
fn answer(stream: UnixStream, answers: Answers) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1");
    let asked = format!("{line} {}", String::from_utf8(body).ok()?);
    let fits = answers.iter().find(|(begin, ..)| asked.starts_with(begin));
    let (status, text) = fits.map_or(
        ("404 Not Found", "{\"error\":\"no such instance\"}"),
        |(_, status, text)| (*status, *text),
    );
    let reply = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    );
    let mut stream = reader.into_inner();
    // The test sees by what it said whether it got it.
    let _ = stream.write_all(reply.as_bytes());
    Some(asked.trim_end().to_owned())
}

#[test]
fn status_tells_by_its_exit_code_whether_all_is_well() {
    let well = Daemon::new(&[("GET /v1/status", "200 OK", HEALTHY)]);
    let (code, said) = well.said(&["status", "--color=never"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("VI_1: MASTER for 2h 14m"), "{said}");
    let (code, said) = well.said(&["status", "VI_3"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("no instance `VI_3`"), "{said}");
    let split = Daemon::new(&[("GET /v1/status", "200 OK", SPLIT)]);
    let (code, said) = split.said(&["status", "VI_1"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("PROBLEM"), "{said}");
}

#[test]
fn status_as_json_is_what_the_daemon_says() {
    let daemon = Daemon::new(&[("GET /v1/status", "200 OK", HEALTHY)]);
    let output = daemon.standfast(&["status", "--json"]);
    let said: Status = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said, serde_json::from_str(HEALTHY).unwrap());
}

#[test]
fn without_a_daemon_every_command_says_how_to_look_for_it() {
    let gone = PathBuf::from("/nonexistent/control.sock");
    let stopped = std::env::temp_dir().join(format!("standfast-stale-{}", std::process::id()));
    drop(UnixListener::bind(&stopped).unwrap());
    for command in [
        &["status"][..],
        &["switchover", "--all"],
        &["drain", "--for", "10m"],
        &["resume"],
        &["pause", "chk"],
        &["unpause", "chk"],
        &["reload"],
        &["explain", "--instance", "VI_1"],
    ] {
        for socket in [&gone, &stopped] {
            let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
                .args(command)
                .arg("--socket")
                .arg(socket)
                .output()
                .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(3), "{command:?}: {said}");
            assert!(
                said.contains("systemctl status standfast"),
                "{command:?}: {said}"
            );
        }
    }
    std::fs::remove_file(stopped).unwrap();
}

#[test]
fn commands_are_asked_as_they_are_typed() {
    let daemon = Daemon::new(&[("POST /v1/command", "200 OK", DONE)]);
    for (arguments, asked) in [
        (
            &["switchover", "--all"][..],
            r#"{"do":"switchover","target":"all"}"#,
        ),
        (
            &["switchover", "VI_1", "--to", "node-b"],
            r#"{"do":"switchover","target":{"named":"VI_1"},"to":"node-b"}"#,
        ),
        (&["drain"], r#"{"do":"drain","hard":false}"#),
        (
            &["drain", "--for", "2h30m", "--hard"],
            r#"{"do":"drain","for_s":9000,"hard":true}"#,
        ),
        (&["resume"], r#"{"do":"resume"}"#),
        (
            &["pause", "chk", "--for=90"],
            r#"{"do":"pause","check":"chk","for_s":90}"#,
        ),
        (&["unpause", "chk"], r#"{"do":"unpause","check":"chk"}"#),
        (&["reload", "--plan"], r#"{"do":"reload","plan":true}"#),
    ] {
        let (code, said) = daemon.said(arguments);
        assert_eq!(
            (code, said.as_str()),
            (Some(0), "resumed\n"),
            "{arguments:?}"
        );
        assert_eq!(daemon.ordered(), [format!("POST /v1/command {asked}")]);
    }
}

#[test]
fn what_the_status_knows_is_added_to_an_answer() {
    const RECOVERING: &str = include_str!("snapshots/status-recovering.json");
    let idle = Daemon::new(&[
        ("POST /v1/command", "200 OK", DONE),
        ("GET /v1/status", "200 OK", HEALTHY),
    ]);
    let (code, said) = idle.said(&["resume"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("nothing to resume"), "{said}");
    let (code, said) = idle.said(&["drain", "VI_1"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`standfast switchover VI_1`"), "{said}");
    assert_eq!(idle.ordered(), [r#"POST /v1/command {"do":"resume"}"#]);
    let drained = Daemon::new(&[
        (
            "POST /v1/command",
            "200 OK",
            r#"{"answer":"done","text":"drained"}"#,
        ),
        ("GET /v1/status", "200 OK", RECOVERING),
    ]);
    let (_, said) = drained.said(&["drain", "--for", "30m"]);
    assert!(said.starts_with("drained\nuntil "), "{said}");
    assert!(said.contains("or standfast resume"), "{said}");
    assert!(said.contains("that is replaced"), "{said}");
    let (_, said) = drained.said(&["drain", "--json"]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&said).unwrap()["text"],
        "drained"
    );
}

#[test]
fn a_refusal_goes_to_standard_error_with_exit_code_1() {
    let daemon = Daemon::new(&[("POST /v1/command", "409 Conflict", REFUSED)]);
    let output = daemon.standfast(&["switchover", "VI_1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert_eq!(output.stderr, b"standfast: no other node can take it\n");
    let output = daemon.standfast(&["drain", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["answer"], "refused");
    let daemon = Daemon::new(&[(
        "POST",
        "403 Forbidden",
        r#"{"error":"only root may change something","help":"use sudo"}"#,
    )]);
    let (code, said) = daemon.said(&["resume"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(
        said.contains("only root may change something\n  use sudo"),
        "{said}"
    );
}

#[test]
fn reload_says_what_it_will_do_before_it_does_it() {
    const PLAN: &str = include_str!("snapshots/answer-reload-plan.json");
    let daemon = Daemon::new(&[
        (
            r#"POST /v1/command {"do":"reload","plan":true}"#,
            "200 OK",
            PLAN,
        ),
        (
            "POST /v1/command",
            "200 OK",
            r#"{"answer":"done","text":"reloaded"}"#,
        ),
    ]);
    let (code, said) = daemon.said(&["reload", "--color=never"]);
    assert_eq!(code, Some(0), "{said}");
    let planned = include_str!("snapshots/answer-reload-plan.txt");
    assert_eq!(said, format!("{planned}reloaded\n"));
    assert_eq!(daemon.asked().len(), 2);
    let (code, said) = daemon.said(&["reload", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["text"], "reloaded");
    assert_eq!(said["plan"]["interrupts"], true);
}

#[test]
fn a_reload_that_looks_like_a_slip_needs_force() {
    const PLAN: &str = r#"{"answer":"done","text":"a reload would interrupt service","plan":{"changes":[],
        "effects":["removes 10.0.0.100/24 from eth0"],"interrupts":true,
        "doubts":["/etc/keepalived/keepalived.conf:9:15: instance VI_1 would lose all its addresses"]}}"#;
    const RELOAD: &str = r#"POST /v1/command {"do":"reload","plan":false}"#;
    let daemon = Daemon::new(&[
        (
            r#"POST /v1/command {"do":"reload","plan":true}"#,
            "200 OK",
            PLAN,
        ),
        ("POST /v1/command", "200 OK", DONE),
    ]);
    let output = daemon.standfast(&["reload"]);
    assert_eq!(output.status.code(), Some(1));
    let (said, why) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(said.contains("removes 10.0.0.100/24 from eth0"), "{said}");
    for word in ["not reloaded", "--force", "keepalived.conf:9:15: instance"] {
        assert!(why.contains(word), "{word}: {why}");
    }
    let output = daemon.standfast(&["reload", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["answer"], "refused");
    assert!(said["reasons"][0].as_str().unwrap().contains("VI_1"));
    let (code, said) = daemon.said(&["reload", "--plan"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("This looks like a slip"), "{said}");
    assert!(!daemon.asked().iter().any(|asked| asked == RELOAD));
    for arguments in [&["reload", "--force"][..], &["reload", "--force", "--json"]] {
        let (code, said) = daemon.said(arguments);
        assert_eq!(code, Some(0), "{said}");
        assert!(daemon.asked().iter().any(|asked| asked == RELOAD));
    }
}

#[test]
fn a_plan_that_is_refused_ends_a_reload() {
    let daemon = Daemon::new(&[("POST /v1/command", "409 Conflict", REFUSED)]);
    let (code, _) = daemon.said(&["reload"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        daemon.asked(),
        [r#"POST /v1/command {"do":"reload","plan":true}"#]
    );
}

#[test]
fn explain_asks_the_daemon_for_what_is_no_word_of_the_language() {
    let daemon = Daemon::new(&[
        (
            "GET /v1/explain/VI_1 ",
            "200 OK",
            r#"{"instance":"VI_1","state":"backup","headline":"VI_1 is BACKUP","why":[],"problems":[],"history":[],"next":[]}"#,
        ),
        ("GET /v1/status", "200 OK", HEALTHY),
    ]);
    let (code, said) = daemon.said(&["explain", "VI_1"]);
    assert_eq!((code, said.as_str()), (Some(0), "VI_1 is BACKUP\n"));
    let (code, said) = daemon.said(&["explain", "VI_1", "--json"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("\"state\": \"backup\""), "{said}");
    let (code, said) = daemon.said(&["explain", "VI_11"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("did you mean `VI_1`?"), "{said}");
    let (code, said) = daemon.said(&["explain", "chk_nginx"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is a check: `standfast status`"), "{said}");
    let (_, said) = daemon.said(&["explain"]);
    assert!(said.ends_with("\n  VI_1\n  VI_2\n"), "{said}");
    daemon.asked();
    let (code, said) = daemon.said(&["explain", "priority"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(daemon.asked().is_empty(), "a keyword needs no daemon");
    let (code, _) = daemon.said(&["explain", "priority", "--instance"]);
    assert_eq!(code, Some(1));
    assert!(
        daemon
            .asked()
            .iter()
            .any(|asked| asked.starts_with("GET /v1/explain/priority"))
    );
}

#[test]
fn events_of_nothing_that_is_known_are_a_mistake() {
    let daemon = Daemon::new(&[
        (
            "GET /v1/events",
            "200 OK",
            r#"{"records":[],"oldest":1,"more":false}"#,
        ),
        ("GET /v1/status", "200 OK", HEALTHY),
    ]);
    let (code, said) = daemon.said(&["events", "--instance", "VI_11"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("did you mean `VI_1`?"), "{said}");
    let (code, said) = daemon.said(&["events", "--instance", "VI_1"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    daemon.asked();
    let (code, said) = daemon.said(&["events", "--instance", "node"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(daemon.asked()[0].ends_with("&subject="));
}

#[test]
fn a_broken_file_does_not_hide_the_host_from_doctor() {
    let daemon = Daemon::new(&[("GET /v1/status", "200 OK", HEALTHY)]);
    let file = daemon.folder.join("broken.conf");
    std::fs::write(&file, "vrrp_instance A {\n    interface lo\n").unwrap();
    let (code, said) = daemon.said(&["doctor", "--file", file.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains("could be judged"), "{said}");
    for subject in ["configuration: ", "firewall: ", "kernel settings: "] {
        assert!(said.contains(subject), "{said}");
    }
}

#[test]
fn following_ends_with_its_reader() {
    let mut follower = Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args([
            "events",
            "--follow",
            "--socket",
            "/nonexistent/control.sock",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It waits for a daemon, until nobody reads what it would say.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(follower.try_wait().unwrap(), None);
    drop(follower.stdout.take());
    let end = Instant::now() + Duration::from_secs(20);
    let ended = loop {
        if let Some(ended) = follower.try_wait().unwrap() {
            break Some(ended);
        }
        if Instant::now() > end {
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let _ = follower.kill();
    let _ = follower.wait();
    assert_eq!(ended.and_then(|ended| ended.code()), Some(0));
}

#[test]
fn a_word_that_is_nothing_known_needs_a_daemon() {
    for (word, code) in [("VI_1", 3), ("prioity", 1)] {
        let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
            .args(["explain", word, "--socket", "/nonexistent/control.sock"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args(["status", "--socket", "/nonexistent/control.sock"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("--socket PATH"), "{said}");
}

#[test]
fn wrong_usage_is_refused_before_anybody_is_asked() {
    for arguments in [
        &["switchover"][..],
        &["switchover", "VI_1", "--all"],
        &["drain", "--for", "soon"],
        &["drain", "--for", "0"],
        &["pause"],
        &["status", "--socket", "/x", "--namespace", "blue"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    }
}

#[test]
fn shells_get_the_names_that_the_daemon_knows() {
    let daemon = Daemon::new(&[("GET /v1/status", "200 OK", HEALTHY)]);
    let names = |kind: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
            .args(["__names", kind])
            .env("RUNTIME_DIRECTORY", &daemon.folder)
            .env_remove("XDG_RUNTIME_DIR")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(names("instances"), "VI_1\nVI_2\n");
    assert_eq!(names("targets"), "VI_1\nVI_2\nWEB\n");
    assert_eq!(names("checks"), "chk_nginx\n");
    assert_eq!(names("nodes"), "node-b\n");
    assert_eq!(names("secrets"), "");
}
