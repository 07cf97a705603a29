//! The tests on virtual hosts: they wait for timers most of the time, so several programs of tests run side by side.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use serde_json::Value;

/// Programs side by side, and threads of each.
const LANES: usize = 3;
const THREADS: usize = 2;
/// These take longest, and begin.
const LONG: [&str; 4] = ["failover", "peer_channel", "web", "matrix"];
/// These measure what takes milliseconds, and have the machine for themselves at the end.
const ALONE: [&str; 2] = ["promises", "hostile"];

/// A program of tests.
struct Program {
    name: String,
    path: PathBuf,
}

/// What a failed program leaves.
struct Failed {
    program: Program,
    /// Empty: it ended otherwise than by a failed test.
    tests: Vec<String>,
}

impl Failed {
    fn names(&self) -> Vec<String> {
        let Failed { program, tests } = self;
        if tests.is_empty() {
            return vec![format!("{} (ended without a failed test)", program.name)];
        }
        let whole = |test: &String| format!("{} {test}", program.name);
        tests.iter().map(whole).collect()
    }
}

/// How it ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Tests that failed.
    pub failed: Vec<String>,
    /// Tests that failed beside others, and passed alone.
    pub flaky: Vec<String>,
}

/// Builds the programs of tests, runs `only` these, or all, with these variables, and prints what they say when they end.
///
/// A test that fails beside others runs once more alone: such tests measure time, and on a busy machine they measure the
/// machine. One that fails then, too, has failed; one that does not is named as flaky. Those that have the machine for themselves
/// have one try.
///
/// # Errors
/// When something cannot be built or started.
pub fn run(
    root: &Path,
    cargo: &Path,
    variables: &[(&str, OsString)],
    only: &[String],
) -> io::Result<Ended> {
    let mut programs = build(root, cargo, variables)?;
    let known = |name: &String| programs.iter().any(|it| it.name == *name);
    if let Some(name) = only.iter().find(|name| !known(name)) {
        return Err(io::Error::other(format!("lab/tests has no {name}")));
    }
    programs.retain(|it| only.is_empty() || only.contains(&it.name));
    if programs.is_empty() {
        return Err(io::Error::other("cargo names no programs of tests"));
    }
    programs.sort_by_key(|it| {
        LONG.iter()
            .position(|long| *long == it.name)
            .unwrap_or(LONG.len())
    });
    let (alone, beside): (Vec<_>, Vec<_>) = programs
        .into_iter()
        .partition(|it| ALONE.contains(&it.name.as_str()));
    let runner = Runner {
        folder: root.join("lab"),
        variables,
        begin: Instant::now(),
    };
    let mut end = Ended::default();
    for one in runner.all(beside, LANES)? {
        match runner.passes_alone(&one)? {
            true => end.flaky.extend(one.names()),
            false => end.failed.extend(one.names()),
        }
    }
    for one in runner.all(alone, 1)? {
        end.failed.extend(one.names());
    }
    Ok(end)
}

fn build(root: &Path, cargo: &Path, variables: &[(&str, OsString)]) -> io::Result<Vec<Program>> {
    let output = Command::new(cargo)
        .current_dir(root)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .args(["test", "--profile=checked", "--package", "standfast-lab"])
        .args(["--no-run", "--message-format=json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(
            "the tests on virtual hosts cannot be built",
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(messages.filter_map(|message| program(&message)).collect())
}

/// The program that this message of cargo says it has built, if it is one of tests.
fn program(message: &Value) -> Option<Program> {
    let is_test = message.pointer("/profile/test") == Some(&Value::Bool(true));
    let path = message.get("executable")?.as_str().filter(|_| is_test)?;
    let name = message.pointer("/target/name")?.as_str()?;
    Some(Program {
        name: name.to_owned(),
        path: path.into(),
    })
}

struct Runner<'a> {
    folder: PathBuf,
    variables: &'a [(&'a str, OsString)],
    begin: Instant,
}

impl Runner<'_> {
    /// Runs them in their order, so many side by side; those that failed.
    fn all(&self, programs: Vec<Program>, lanes: usize) -> io::Result<Vec<Failed>> {
        let queue = Mutex::new(VecDeque::from(programs));
        let next = || {
            queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
        };
        let lane = || -> io::Result<Vec<Failed>> {
            let mut failed = Vec::new();
            while let Some(program) = next() {
                failed.extend(self.one(program)?);
            }
            Ok(failed)
        };
        thread::scope(|scope| {
            let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
            let mut failed = Vec::new();
            for lane in lanes {
                let ended = lane
                    .join()
                    .map_err(|_| io::Error::other("a lane panicked"))?;
                failed.extend(ended?);
            }
            Ok(failed)
        })
    }

    fn one(&self, program: Program) -> io::Result<Option<Failed>> {
        let begin = Instant::now();
        println!("=== {} begins", program.name);
        let threads = format!("--test-threads={THREADS}");
        let output = self
            .command(&program)
            .args([&threads, "--show-output"])
            .output()?;
        self.print(&program, begin, &output);
        if output.status.success() {
            return Ok(None);
        }
        let tests = failures(&String::from_utf8_lossy(&output.stdout));
        Ok(Some(Failed { program, tests }))
    }

    /// Whether those that failed pass alone.
    fn passes_alone(&self, failed: &Failed) -> io::Result<bool> {
        let Failed { program, tests } = failed;
        if tests.is_empty() {
            return Ok(false);
        }
        let begin = Instant::now();
        let mut command = self.command(program);
        command.args(["--exact", "--test-threads=1"]).args(tests);
        let output = command.output()?;
        self.print(program, begin, &output);
        let all = format!("test result: ok. {} passed;", tests.len());
        Ok(output.status.success() && String::from_utf8_lossy(&output.stdout).contains(&all))
    }

    fn command(&self, program: &Program) -> Command {
        let mut command = Command::new(&program.path);
        command
            .current_dir(&self.folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// In one piece, so that programs side by side do not mix.
    fn print(&self, program: &Program, begin: Instant, output: &Output) {
        println!(
            "=== {}: {} s, ended at {} s: {}\n{}{}",
            program.name,
            begin.elapsed().as_secs(),
            self.begin.elapsed().as_secs(),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
    }
}

/// The names below the last "failures:" of libtest.
fn failures(text: &str) -> Vec<String> {
    let Some((_, list)) = text.rsplit_once("\nfailures:\n") else {
        return Vec::new();
    };
    let names = list.lines().map_while(|line| line.strip_prefix("    "));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_found_in_what_libtest_says() {
        let text = "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\nfailures:\nx\n\nfailures:\n    a\n    b::c\n\ntest result: FAILED.\n";
        assert_eq!(failures(text), ["a", "b::c"]);
        assert!(failures("signal: 11").is_empty());
    }

    #[test]
    fn programs_of_tests_are_found_in_what_cargo_says() {
        let message = |test: bool| {
            serde_json::json!({
                "reason": "compiler-artifact", "target": {"name": "matrix"}, "profile": {"test": test}, "executable": "/t/m"
            })
        };
        let found = program(&message(true)).map(|it| (it.name, it.path));
        assert_eq!(found, Some(("matrix".to_owned(), "/t/m".into())));
        assert!(program(&message(false)).is_none());
    }
}
