//! What is left out, for whom, and in whose turn files are read.

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use standfast_api::record::record;
use standfast_api::status::{Check, Instance, PriorityPart};
use standfast_core::Micros;
use standfast_core::input::CheckOutcome;
use standfast_core::journal::{Entry, Event, Subject};
use standfast_linux::poller::Waker;

use super::super::rehearsal::{Rehearsal, Role, virtual_time};
use super::super::stream::{self, Interest, Pulse};
use super::*;
use crate::chronicle::Settings;
use crate::log::Logger;
use crate::options::LogTarget;

const SECRET: &str = "password=hunter2";

fn entry(subject: Subject, event: Event) -> Entry {
    let at = standfast_core::Instant(standfast_linux::clock::monotonic().0);
    Entry { at, subject, event }
}

fn result(outcome: CheckOutcome) -> Event {
    Event::CheckResult {
        outcome,
        output: format!("{SECRET}\n"),
        took: Some(Micros(1500)),
    }
}

fn repair() -> Event {
    Event::RepairDone {
        outcome: CheckOutcome::Exited(1),
        output: SECRET.into(),
    }
}

#[test]
fn what_a_check_printed_is_left_out_wherever_it_stands() {
    let (check, probe) = (
        Subject::Check("chk".into()),
        Subject::Probe(", printed: x".into()),
    );
    for (subject, event) in [
        (check.clone(), result(CheckOutcome::Passed)),
        (check.clone(), result(CheckOutcome::Exited(1))),
        (check.clone(), result(CheckOutcome::TimedOut)),
        (probe.clone(), result(CheckOutcome::Exited(1))),
        (probe, repair()),
        // An entry that nobody makes, in words that nobody knows.
        (check, repair()),
    ] {
        let before = record(&entry(subject, event));
        let mut after = before.clone();
        assert!(before.text.contains(SECRET), "{}", before.text);
        withhold(&mut after);
        let json = serde_json::to_string(&after).unwrap();
        assert!(!json.contains("hunter2"), "{json}");
        assert_eq!(after.output.as_deref(), Some(WITHHELD));
        assert!(after.text.ends_with(WITHHELD), "{}", after.text);
    }
    let failed = entry(
        Subject::Check("chk".into()),
        result(CheckOutcome::Exited(1)),
    );
    let mut failed = record(&failed);
    withhold(&mut failed);
    let kept = "VRRP_Script(chk) failed (exited with status 1), printed: ";
    assert_eq!(failed.text, format!("{kept}{WITHHELD}"));
    let silent = Event::CheckIs { up: false };
    let silent = record(&entry(Subject::Check("chk".into()), silent));
    let mut after = silent.clone();
    withhold(&mut after);
    assert_eq!(after, silent);
}

/// An instance whose check fails, with the problem that this is, as the control interface's answers have it.
fn ailing() -> Status {
    let mut status = Status::default();
    let mut instance = Instance {
        name: "VI_1".into(),
        ..Instance::default()
    };
    instance.priority.parts.push(PriorityPart {
        kind: "check".into(),
        name: "chk".into(),
        adds: -5,
        adds_up: Some(0),
        adds_down: Some(-5),
        up: Some(false),
        unusable: false,
    });
    status.instances.push(instance);
    status.checks.push(Check {
        name: "chk".into(),
        kind: "script".into(),
        state: "down".into(),
        result: Some("exit status 1".into()),
        passed: Some(false),
        output: Some(SECRET.into()),
        ..Check::default()
    });
    add_problems(&mut status);
    let told = serde_json::to_string(&status.instances[0].problems).unwrap();
    assert!(told.contains(SECRET), "{told}");
    status
}

#[test]
fn whoever_is_nobody_gets_a_sentence_in_place_of_what_checks_printed() {
    let rehearsal = Rehearsal::new(ailing()).unwrap();
    let trouble = format!("http_tls /etc/{SECRET}.key: damaged");
    rehearsal.shared.tell_troubles(vec![trouble]);
    let failed = entry(
        Subject::Check("chk".into()),
        result(CheckOutcome::Exited(1)),
    );
    rehearsal.journal.tell(failed);
    while rehearsal.journal.holds().entries < 2 {
        std::thread::sleep(Duration::from_millis(2));
    }
    let runtime = virtual_time();
    let ask = |path: &str, header: &str, role: &Role| {
        let sent = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
        let got = runtime.block_on(rehearsal.answer(sent.as_bytes(), role));
        let got = String::from_utf8(got).unwrap();
        assert!(got.starts_with("HTTP/1.1 200"), "{path}: {got}");
        got
    };
    let token = Role::Network(Some("abc".into()));
    for path in [
        "/v1/status",
        "/v1/events",
        "/v1/explain/VI_1",
        "/v1/stream?only=status",
        "/v1/stream?only=journal&after=0",
    ] {
        // By turns, so that what is kept for one is not given to the other.
        for _ in 0..2 {
            let nobody = ask(path, "", &Role::Network(None));
            assert!(!nobody.contains("hunter2"), "{path}: {nobody}");
            assert!(nobody.contains(WITHHELD), "{path}: {nobody}");
            for (header, role) in [
                ("", &Role::User),
                ("", &Role::Root),
                ("Authorization: Bearer abc\r\n", &token),
            ] {
                let known = ask(path, header, role);
                assert!(known.contains(SECRET), "{path}: {known}");
                assert!(!known.contains(WITHHELD), "{path}: {known}");
            }
        }
    }
    let metrics = ask("/metrics", "", &Role::Network(None));
    assert!(!metrics.contains("hunter2"), "{metrics}");
}

/// A journal that has more than memory holds, in a folder that goes with the test.
struct Long {
    folder: PathBuf,
    journal: Chronicle,
}

/// Entries that memory certainly holds no more.
const MANY: u64 = 3000;

impl Long {
    fn new(name: &str) -> Self {
        let name = format!("standfast-view-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        let settings = Settings {
            directory: Some(folder.clone()),
            size: 4 << 20,
        };
        let logger = Logger::start(LogTarget::SILENT, "test").unwrap();
        let journal = Chronicle::start(settings, logger).unwrap();
        Long { folder, journal }
    }

    fn grow(&self) {
        let before = self.journal.holds().entries;
        for _ in 0..MANY {
            self.journal.tell(entry(Subject::Node, Event::SentResign));
        }
        while self.journal.holds().entries < before + MANY {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn sources(&self) -> Arc<Sources> {
        let (questions, _) = sync_channel(1);
        let way = Loop::new(questions, Waker::new().unwrap());
        Arc::new(Sources::new(way, self.journal.clone()))
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// On a thread with the name of the interface's, where no file of the journal may be read.
fn as_the_interface<T: Send>(body: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(super::super::THREAD.into());
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(body)
        };
        thread.spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

#[test]
fn a_follower_that_falls_behind_has_the_files_read_elsewhere_and_misses_nothing() {
    let long = Long::new("behind");
    long.grow();
    let sources = long.sources();
    let told = as_the_interface(async {
        let pulse = Pulse::default();
        let view = View::new(&sources, Sight::Whole, false);
        let interest = Interest {
            after: Some(MANY - 10),
            journal: true,
            status: false,
        };
        let mut events = stream::follow(&pulse, view, interest).unwrap();
        let mut text = String::new();
        while text.matches("id: ").count() < 5 {
            let event = events.recv().await.unwrap();
            text.push_str(std::str::from_utf8(&event).unwrap());
        }
        // It takes nothing while more comes than memory holds.
        long.grow();
        while !text.contains(&format!("id: {}\n", 2 * MANY)) {
            let event = events.recv().await.unwrap();
            text.push_str(std::str::from_utf8(&event).unwrap());
        }
        text
    });
    assert!(!told.contains("event: gap"));
    let numbers = told.lines().filter_map(|line| line.strip_prefix("id: "));
    let numbers: Vec<u64> = numbers.map(|number| number.parse().unwrap()).collect();
    assert!(numbers.iter().copied().eq(MANY - 9..=2 * MANY));
}

#[test]
fn recent_entries_need_no_turn_and_a_crowd_from_outside_leaves_the_host_its_own() {
    let long = Long::new("turns");
    long.grow();
    let sources = long.sources();
    as_the_interface(async {
        let busy = Arc::clone(&sources.readers).acquire_owned().await.unwrap();
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        let ask = |remote: bool| {
            let (view, done) = (View::new(&sources, Sight::Whole, remote), done.clone());
            tokio::spawn(async move {
                let page = view.page(Query::after(0, 5)).await;
                let _ = done.send((remote, page.is_some()));
            })
        };
        (0..8).for_each(|_| drop(ask(true)));
        // All of them wait before the host's own asker comes.
        tokio::task::yield_now().await;
        drop(ask(false));
        tokio::task::yield_now().await;
        let view = View::new(&sources, Sight::Whole, true);
        let recent = view.page(Query::newest(10)).await.unwrap();
        assert_eq!(recent.records.len(), 10);
        drop(busy);
        let mut turns = Vec::new();
        while turns.len() < 9 {
            let (remote, answered) = order.recv().await.unwrap();
            assert!(answered);
            turns.push(remote);
        }
        let own = turns.iter().position(|remote| !remote);
        assert!(own <= Some(1), "{turns:?}");
    });
}

#[test]
fn who_may_see_all_of_it() {
    use super::super::caller::{Caller, Gate};
    use standfast_linux::unix::Peer;
    let peer = Peer {
        pid: 1,
        uid: 65_534,
        gid: 65_534,
    };
    assert_eq!(Caller::Local(peer).sight(), Sight::Whole);
    let remote = |token: Option<&str>| {
        let gate = Gate {
            token: token.map(str::to_owned),
            ..Gate::default()
        };
        let at = ([127, 0, 0, 1], 9650).into();
        Caller::Remote { at, gate }.sight()
    };
    assert_eq!(remote(None), Sight::Guarded);
    assert_eq!(remote(Some("abc")), Sight::Whole);
}
