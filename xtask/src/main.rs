//! Chores of the repository: `cargo xtask test`, `tidy`, `docs`, `hosts`, `mutants`, `corpus` and `bench`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use xtask::{bench, corpus, docs, everything, mutants, tidy, workspace_root};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    // Benchmarks start this program again, inside their virtual hosts.
    if let Some(code) = standfast_lab::agent_main(&arguments) {
        return code;
    }
    let task = arguments.get(1).cloned();
    match task.as_deref() {
        Some("tidy") => {
            let complaints = tidy::check(&workspace_root());
            for complaint in &complaints {
                println!("{complaint}");
            }
            ExitCode::from(u8::from(!complaints.is_empty()))
        }
        Some("docs") => make_documents(std::env::args().nth(2).as_deref()),
        Some("test") => everything::run(&workspace_root()),
        Some("hosts") => {
            everything::hosts(&workspace_root(), arguments.get(2..).unwrap_or_default())
        }
        Some("mutants") => mutants::run(&workspace_root(), std::env::args().nth(2).as_deref()),
        Some("bench") => bench::run(&workspace_root(), arguments.get(2..).unwrap_or_default()),
        Some("corpus") => compare_corpus(std::env::args_os().nth(2)),
        _ => {
            eprintln!(
                "usage: cargo xtask test | tidy | docs [--check] | hosts [program of tests ...] | mutants [part of a name] | corpus DIR | bench [--list]"
            );
            ExitCode::from(2)
        }
    }
}

fn make_documents(option: Option<&str>) -> ExitCode {
    let root = workspace_root();
    let result = match option {
        None => docs::write(&root).map(|written| ("written", written)),
        Some("--check") => {
            docs::check(&root, docs::Profile::Debug).map(|stale| ("stale: cargo xtask docs", stale))
        }
        Some(_) => {
            eprintln!("usage: cargo xtask docs [--check]");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok((what, paths)) => {
            for path in &paths {
                println!("{path}: {what}");
            }
            ExitCode::from(u8::from(option.is_some() && !paths.is_empty()))
        }
        Err(error) => {
            eprintln!("docs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare_corpus(directory: Option<OsString>) -> ExitCode {
    let Some(directory) = directory.map(PathBuf::from) else {
        eprintln!("usage: cargo xtask corpus DIR (a directory with verdicts.csv)");
        return ExitCode::from(2);
    };
    match corpus::compare(&directory) {
        Ok(agreement) => {
            for line in &agreement.disagreements {
                println!("{line}");
            }
            println!("{}", agreement.summary());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", directory.join("verdicts.csv").display());
            ExitCode::FAILURE
        }
    }
}
