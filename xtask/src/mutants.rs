//! Is the simulation worth anything? Plants one known defect after another in a copy of the core
//! and requires that the simulation's tests find each.

mod list;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

pub use list::{MUTANTS, Mutant};

/// What is copied: the three crates that the simulation is made of.
const CRATES: [&str; 3] = ["wire", "core", "sim"];
/// The simulation's tests, those first that find most in the shortest time.
const TESTS: [&str; 4] = ["scenarios", "steering", "peer_channel", "seeds"];
/// The copy is a workspace of its own, not optimised: the compiler would take longer than nearly every test.
const PROFILE: &str = "\n[profile.release]\nopt-level = 0\ncodegen-units = 16\nincremental = true\n\
                       debug = false\n";

/// Why the run as a whole gave up.
#[derive(Debug)]
pub enum Trouble {
    /// A file could not be copied, read or written.
    Io(PathBuf, io::Error),
    /// Cargo could not be started.
    Cargo(io::Error),
    /// The simulation fails on the core as it is.
    AlreadyBroken(String),
    /// The snippet of a mutant stands there not exactly once.
    Snippet {
        /// Which mutant.
        mutant: &'static str,
        /// How often.
        times: usize,
    },
    /// A mutant does not compile, which proves nothing.
    DoesNotCompile(&'static str, String),
}

/// How a mutant ended.
enum Fate {
    /// The tests that noticed it.
    Found(Vec<String>),
    Survived,
}

/// Runs all mutants, or those with `part` in their name; exits non-zero if one survives.
pub fn run(root: &Path, part: Option<&str>) -> ExitCode {
    match run_all(root, part) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(survivors) => {
            println!("{survivors} survived");
            ExitCode::FAILURE
        }
        Err(trouble) => {
            eprintln!("{trouble:?}");
            ExitCode::FAILURE
        }
    }
}

fn run_all(root: &Path, part: Option<&str>) -> Result<usize, Trouble> {
    let copy = root.join("target/mutants");
    prepare(root, &copy)?;
    for mutant in MUTANTS {
        snippet(&copy, mutant)?;
    }
    let begin = Instant::now();
    if let (_, Fate::Found(by)) = examine(&copy)? {
        return Err(Trouble::AlreadyBroken(by.join(", ")));
    }
    println!(
        "{:>6.1} s  the core as it is",
        begin.elapsed().as_secs_f32()
    );
    let wanted = |mutant: &&Mutant| part.is_none_or(|part| mutant.name.contains(part));
    let mut survivors = 0;
    for mutant in MUTANTS.iter().filter(wanted) {
        let begin = Instant::now();
        let fate = examine_one(&copy, mutant)?;
        let seconds = begin.elapsed().as_secs_f32();
        match fate {
            Fate::Found(by) => println!(
                "{seconds:>6.1} s  found     {:<58} by {}{}",
                mutant.name,
                by.first().map_or("", String::as_str),
                match by.len() {
                    0 | 1 => String::new(),
                    more => format!(" and {} more", more - 1),
                }
            ),
            Fate::Survived => {
                survivors += 1;
                println!("{seconds:>6.1} s  SURVIVED  {}", mutant.name);
            }
        }
    }
    Ok(survivors)
}

/// Makes a fresh copy; what was built before stays.
fn prepare(root: &Path, copy: &Path) -> Result<(), Trouble> {
    for name in CRATES {
        let (from, to) = (
            root.join("crates").join(name),
            copy.join("crates").join(name),
        );
        if to.exists() {
            fs::remove_dir_all(&to).map_err(|error| Trouble::Io(to.clone(), error))?;
        }
        copy_folder(&from, &to)?;
    }
    let manifest = root.join("Cargo.toml");
    let text = read(&manifest)?;
    let text = only_copied(&text) + PROFILE;
    write(&copy.join("Cargo.toml"), &text)?;
    let lock = read(&root.join("Cargo.lock"))?;
    write(&copy.join("Cargo.lock"), &lock)
}

/// The root manifest without what is not copied: other members, our profiles.
fn only_copied(manifest: &str) -> String {
    let end = manifest.find("[profile.").unwrap_or(manifest.len());
    let lines = manifest.get(..end).unwrap_or(manifest).lines();
    let kept = lines.filter(|line| {
        let other = line.starts_with("standfast-")
            && !CRATES
                .iter()
                .any(|name| line.contains(&format!("crates/{name}\"")));
        !other && !line.starts_with("default-members") && !line.starts_with("exclude")
    });
    kept.map(|line| match line.starts_with("members") {
        true => "members = [\"crates/*\"]\n".to_owned(),
        false => format!("{line}\n"),
    })
    .collect()
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Trouble> {
    let trouble = |error| Trouble::Io(from.to_path_buf(), error);
    fs::create_dir_all(to).map_err(trouble)?;
    for entry in fs::read_dir(from).map_err(trouble)? {
        let entry = entry.map_err(trouble)?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            write(&target, &read(&path)?)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Trouble> {
    fs::read_to_string(path).map_err(|error| Trouble::Io(path.to_path_buf(), error))
}

fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    fs::write(path, text).map_err(|error| Trouble::Io(path.to_path_buf(), error))
}

/// The file of a mutant and its text, if the snippet stands there exactly once.
fn snippet(copy: &Path, mutant: &Mutant) -> Result<(PathBuf, String), Trouble> {
    let path = copy.join("crates/core/src").join(mutant.file);
    let text = read(&path)?;
    match text.matches(mutant.from).count() {
        1 => Ok((path, text)),
        times => Err(Trouble::Snippet {
            mutant: mutant.name,
            times,
        }),
    }
}

fn examine_one(copy: &Path, mutant: &Mutant) -> Result<Fate, Trouble> {
    let (path, text) = snippet(copy, mutant)?;
    write(&path, &text.replace(mutant.from, mutant.to))?;
    let examined = examine(copy);
    write(&path, &text)?;
    match examined? {
        (output, Fate::Found(by)) if by.is_empty() => {
            Err(Trouble::DoesNotCompile(mutant.name, output))
        }
        (_, fate) => Ok(fate),
    }
}

/// Runs the simulation's tests until some fail, which is nearly always at once; a failure without a failed test is one of the
/// compiler's.
fn examine(copy: &Path) -> Result<(String, Fate), Trouble> {
    for tests in TESTS {
        let output = Command::new("cargo")
            .current_dir(copy)
            .env("CARGO_TARGET_DIR", copy.join("build"))
            .env("RUST_BACKTRACE", "0")
            .args(["test", "--release", "--quiet", "-p", "standfast-sim"])
            .args(["--test", tests])
            .output()
            .map_err(Trouble::Cargo)?;
        if output.status.success() {
            continue;
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("---- ")?.strip_suffix(" stdout ----"));
        let found = names.map(str::to_owned).collect();
        return Ok((text, Fate::Found(found)));
    }
    Ok((String::new(), Fate::Survived))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_stands_in_the_core_exactly_once() {
        let root = crate::workspace_root();
        for mutant in MUTANTS {
            let found = snippet(&root, mutant);
            assert!(found.is_ok(), "{:?}", found.err());
            assert_ne!(mutant.from, mutant.to);
        }
    }
}
