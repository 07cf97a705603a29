//! `cargo xtask test`: every check of the project, in the order in which they fail fastest.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::docs::{self, Profile};
use crate::{bench, lanes, mutants, tidy};

/// One call of cargo.
struct Step {
    title: &'static str,
    arguments: &'static [&'static str],
}

/// After this step the program can describe its command line.
const BUILD: &str = "build";

/// With this step go the programs of tests that run side by side.
const HOSTS: &str = "tests on virtual hosts";

/// The promised numbers are those of the program that is shipped; what tests it is built faster (profile `checked`).
const STEPS: [Step; 7] = [
    Step {
        title: "format",
        arguments: &["fmt", "--all", "--", "--check"],
    },
    Step {
        title: "lints",
        arguments: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    },
    Step {
        title: BUILD,
        arguments: &["build", "--release", "--package", "standfast"],
    },
    Step {
        title: "tests without hosts",
        arguments: &[
            "test",
            "--profile=checked",
            "--workspace",
            "--exclude",
            "standfast-lab",
            "--",
            "--show-output",
        ],
    },
    Step {
        title: "seeded fuzzing",
        arguments: &[
            "test",
            "--profile=checked",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--no-default-features",
        ],
    },
    Step {
        title: HOSTS,
        arguments: &[
            "test",
            "--profile=checked",
            "--package",
            "standfast-lab",
            "--doc",
        ],
    },
    Step {
        title: "demo",
        arguments: &["run", "--release", "--package", "standfast", "--", "demo"],
    },
];

/// Programs that the tests on virtual hosts need, and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 13] = [
    ("keepalived", "keepalived"),
    ("nginx", "nginx-light"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
    ("nft", "nftables"),
    ("killall", "psmisc"),
    ("pgrep", "procps"),
    ("tshark", "tshark"),
    ("valgrind", "valgrind"),
    // Not in PATH.
    ("/usr/lib/frr/vrrpd", "frr"),
    ("aiosmtpd", "python3-aiosmtpd"),
    ("chromium", "chromium"),
    // Fetches axe-core for the tests of the web page.
    ("npm", "npm"),
];

/// Runs everything; fails at the first step that does, having said which.
pub fn run(root: &Path) -> ExitCode {
    if !packages_are_there() {
        return ExitCode::from(2);
    }
    let start = Instant::now();
    let complaints = tidy::check(root);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        return failed("tidy");
    }
    let mut flaky = Vec::new();
    for step in STEPS {
        println!(
            "=== {} ({} s so far)",
            step.title,
            start.elapsed().as_secs()
        );
        if !cargo(root, step.arguments) {
            return failed(step.title);
        }
        if step.title == BUILD && !documents_are_fresh(root) {
            return failed("docs");
        }
        if step.title == HOSTS {
            match hosts_pass(root, &[]) {
                Some(named) => flaky = named,
                None => return failed(HOSTS),
            }
        }
    }
    println!(
        "=== planted defects ({} s so far)",
        start.elapsed().as_secs()
    );
    if mutants::run(root, None) != ExitCode::SUCCESS {
        return failed("planted defects");
    }
    println!(
        "=== instruction counts ({} s so far)",
        start.elapsed().as_secs()
    );
    if !bench::instructions_are_kept(root) {
        return failed("instruction counts");
    }
    for name in flaky {
        println!("=== flaky: {name} passed alone only");
    }
    println!("=== everything passed in {} s", start.elapsed().as_secs());
    ExitCode::SUCCESS
}

/// Whether the generated documents say what the program does; names those that do not.
fn documents_are_fresh(root: &Path) -> bool {
    match docs::check(root, Profile::Release) {
        Ok(stale) => {
            for path in &stale {
                println!("{path}: stale: cargo xtask docs");
            }
            stale.is_empty()
        }
        Err(error) => {
            eprintln!("docs: {error}");
            false
        }
    }
}

/// Says which are not.
fn packages_are_there() -> bool {
    let missing = missing_packages();
    if !missing.is_empty() {
        eprintln!("the tests need: apt-get install {}", missing.join(" "));
    }
    missing.is_empty()
}

fn missing_packages() -> Vec<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    let missing = PROGRAMS.iter().filter(|(program, _)| !is_there(program));
    missing.map(|(_, package)| *package).collect()
}

/// The tests on virtual hosts alone, against a release that is built first; of these programs, or of all.
pub fn hosts(root: &Path, only: &[String]) -> ExitCode {
    if !packages_are_there() {
        return ExitCode::from(2);
    }
    let build = STEPS.iter().find(|step| step.title == BUILD);
    let built = build.is_some_and(|step| cargo(root, step.arguments));
    match built && hosts_pass(root, only).is_some() {
        true => ExitCode::SUCCESS,
        false => failed(HOSTS),
    }
}

/// The names of those that passed alone only; nothing if some failed.
fn hosts_pass(root: &Path, only: &[String]) -> Option<Vec<String>> {
    match lanes::run(root, &program(), &variables(root), only) {
        Ok(ended) => {
            for name in &ended.flaky {
                println!("=== flaky, passed alone: {name}");
            }
            for name in &ended.failed {
                println!("=== failed: {name}");
            }
            ended.failed.is_empty().then_some(ended.flaky)
        }
        Err(error) => {
            eprintln!("{error}");
            None
        }
    }
}

fn cargo(root: &Path, arguments: &[&str]) -> bool {
    let status = Command::new(program())
        .args(arguments)
        .current_dir(root)
        .envs(variables(root))
        .status();
    status.is_ok_and(|status| status.success())
}

/// The cargo that runs us.
fn program() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// What cargo and the tests are told.
fn variables(root: &Path) -> [(&'static str, OsString); 2] {
    let target = bench::target(root);
    [
        // The tests of virtual hosts run what is shipped.
        ("STANDFAST_BINARY", target.join("release/standfast").into()),
        // One for the workspace and for `fuzz`, which is none of its members.
        ("CARGO_TARGET_DIR", target.into()),
    ]
}

fn failed(step: &str) -> ExitCode {
    eprintln!("=== failed: {step}");
    ExitCode::FAILURE
}
