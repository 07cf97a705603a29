//! Real configurations against keepalived's own verdict on them.
//!
//! The directory with the files and their `verdicts.csv` is named by `STANDFAST_CORPUS`; it is not part of the
//! repository, as most of the files carry no licence.

#![allow(clippy::expect_used, reason = "helpers of a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use standfast_config::{
    Environment, Existence, FileSource, InterfaceState, LoadOptions, Loaded, ScriptState, load,
};

/// What the host looked like on which keepalived gave its verdicts: every script and user that is named exists.
struct VerdictHost;

impl Environment for VerdictHost {
    fn interface(&self, name: &str) -> InterfaceState {
        match name {
            "lo" => InterfaceState::Loopback,
            _ => InterfaceState::Unknown,
        }
    }

    fn script(&self, _command: &str) -> ScriptState {
        ScriptState::Runnable
    }

    fn user(&self, _name: &str) -> Existence {
        Existence::Present
    }

    fn group(&self, _name: &str) -> Existence {
        Existence::Present
    }
}

/// Longest time one file may take.
const TIME_LIMIT: Duration = Duration::from_secs(1);
/// Least share of files, in percent, on which keepalived and we agree whether it can run at all.
const MIN_SAME_START: usize = 99;
/// Least share of files, in percent, on which `keepalived -t` and we agree whether it is clean.
const MIN_SAME_CLEAN: usize = 99;

struct Case {
    name: String,
    exit: u8,
    messages: String,
}

/// The name, exit code and messages of 2.2.7 in each row; fields may be quoted.
fn verdicts(directory: &Path) -> Vec<Case> {
    let table = fs::read_to_string(directory.join("verdicts.csv")).expect("verdicts.csv");
    let rows = table.lines().skip(1).map(fields);
    rows.filter_map(|row| {
        let exit = row.get(3)?.parse().ok()?;
        Some(Case {
            name: row.first()?.clone(),
            exit,
            messages: row.get(5)?.clone(),
        })
    })
    .collect()
}

fn fields(row: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in row.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("one field").push(letter),
        }
    }
    fields
}

fn read(path: PathBuf) -> Loaded {
    let start = Instant::now();
    let loaded = load(
        std::slice::from_ref(&path),
        &FileSource,
        &VerdictHost,
        &LoadOptions::default(),
    );
    assert!(
        start.elapsed() < TIME_LIMIT,
        "{} took {:?}",
        path.display(),
        start.elapsed()
    );
    loaded
}

/// keepalived got as far as judging the file: it did not stop in the middle, and did not crash.
fn can_run(exit: u8) -> bool {
    matches!(exit, 0 | 5 | 6)
}

#[test]
fn verdicts_agree_with_keepalived() {
    let Some(directory) = std::env::var_os("STANDFAST_CORPUS").map(PathBuf::from) else {
        println!("skipped: STANDFAST_CORPUS does not name a directory");
        return;
    };
    let cases = verdicts(&directory);
    let (mut same_start, mut same_clean, mut same_exit) = (0, 0, 0);
    for case in &cases {
        let loaded = read(directory.join(&case.name));
        let exit = loaded.keepalived_test_exit();
        same_start += usize::from(can_run(exit) == can_run(case.exit));
        same_clean += usize::from((exit == 0) == (case.exit == 0));
        same_exit += usize::from(exit == case.exit);
        if exit != case.exit {
            println!(
                "{}: keepalived {}, we {exit}: {}",
                case.name, case.exit, case.messages
            );
            for one in loaded
                .diagnostics
                .iter()
                .filter(|one| one.keepalived_class.is_some())
            {
                let line = loaded
                    .sources
                    .locate(one.primary)
                    .map_or(0, |place| place.line);
                println!("    {line}: {} {}", one.code.as_str(), one.message);
            }
        }
    }
    let percent = |count: usize| count * 100 / cases.len();
    println!(
        "of {} files: same verdict on starting {same_start} ({} %), clean or not {same_clean} ({} %), same exit code {same_exit} ({} %)",
        cases.len(),
        percent(same_start),
        percent(same_clean),
        percent(same_exit)
    );
    assert!(percent(same_start) >= MIN_SAME_START);
    assert!(percent(same_clean) >= MIN_SAME_CLEAN);
}
