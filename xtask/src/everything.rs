//! `cargo xtask test`: every check of the project, in the order in which they fail fastest.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::docs::{self, Profile};
use crate::{bench, mutants, tidy};

/// One call of cargo.
struct Step {
    title: &'static str,
    arguments: &'static [&'static str],
}

/// After this step the program can describe its command line.
const BUILD: &str = "build";

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
        title: "tests on virtual hosts",
        arguments: &[
            "test",
            "--profile=checked",
            "--package",
            "standfast-lab",
            "--no-fail-fast",
            "--",
            "--test-threads=4",
            "--show-output",
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
    let missing = missing_packages();
    if !missing.is_empty() {
        eprintln!("the tests need: apt-get install {}", missing.join(" "));
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

fn missing_packages() -> Vec<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    let missing = PROGRAMS.iter().filter(|(program, _)| !is_there(program));
    missing.map(|(_, package)| *package).collect()
}

fn cargo(root: &Path, arguments: &[&str]) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = bench::target(root);
    let status = Command::new(cargo)
        .args(arguments)
        .current_dir(root)
        // The tests of virtual hosts run what is shipped.
        .env("STANDFAST_BINARY", target.join("release/standfast"))
        // One for the workspace and for `fuzz`, which is none of its members.
        .env("CARGO_TARGET_DIR", target)
        .status();
    status.is_ok_and(|status| status.success())
}

fn failed(step: &str) -> ExitCode {
    eprintln!("=== failed: {step}");
    ExitCode::FAILURE
}
