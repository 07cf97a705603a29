//! `cargo xtask bench instructions`: how many instructions valgrind counts of what runs often. Unlike time that is nearly the same on every
//! machine and under any load, so that a check can enforce it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::options::Options;
use super::subject::target;

/// Subjects of the program `instructions`: name, how often each runs at least, and what it is.
const SUBJECTS: [(&str, u32, &str); 6] = [
    ("parse", 1_000, "an advertisement is read"),
    ("emit", 1_000, "an advertisement is written"),
    ("accept", 1_000, "a Backup accepts an advertisement"),
    ("wake-up-1000", 4, "1,000 Active routers advertise once"),
    (
        "reconcile-10000",
        2,
        "a reload replaces one of 10,000 addresses",
    ),
    (
        "configuration-10000",
        1,
        "a configuration of 10,000 lines is read",
    ),
];

/// Where the counts stand that are not to be exceeded.
const RECORD: &str = "benches/instructions.json";

/// By how much of a count it may be exceeded: compilers and processors differ a little.
const TOLERANCE_PERCENT: u64 = 10;

/// Counts; with `--check` compares, with `--accept` writes the record. False if one is exceeded.
///
/// # Errors
/// When the program can't be built, or valgrind is missing.
pub fn run(root: &Path, options: &Options) -> io::Result<bool> {
    let program = build(root)?;
    let recorded = read_record(root);
    let mut counts = BTreeMap::new();
    let mut kept = true;
    for (name, times, what) in SUBJECTS {
        let (once, twice) = (
            count(&program, name, times)?,
            count(&program, name, times * 2)?,
        );
        let each = twice.saturating_sub(once) / u64::from(times);
        counts.insert(name.to_owned(), each);
        let verdict = recorded
            .get(name)
            .map_or(Verdict::New, |limit| judge(each, *limit));
        kept &= verdict != Verdict::Exceeded;
        println!("{name:<22}{each:>12}  {what}{}", verdict.remark());
    }
    if options.accept {
        let mut text = serde_json::to_string_pretty(&counts)?;
        text.push('\n');
        let file = root.join(RECORD);
        fs::create_dir_all(file.parent().unwrap_or(root))?;
        fs::write(file, text)?;
        return Ok(true);
    }
    Ok(kept || !options.check)
}

/// How a count stands to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Kept,
    Exceeded,
    Better,
    New,
}

impl Verdict {
    const fn remark(self) -> &'static str {
        match self {
            Self::Kept => "",
            Self::Exceeded => "  MORE THAN RECORDED",
            Self::Better => "  (less than recorded: --accept)",
            Self::New => "  (not recorded)",
        }
    }
}

fn judge(count: u64, recorded: u64) -> Verdict {
    let percent = count.saturating_mul(100) / recorded.max(1);
    if percent > 100 + TOLERANCE_PERCENT {
        Verdict::Exceeded
    } else if percent < 100 - TOLERANCE_PERCENT {
        Verdict::Better
    } else {
        Verdict::Kept
    }
}

fn read_record(root: &Path) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(root.join(RECORD)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn build(root: &Path) -> io::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "xtask",
            "--bin",
            "instructions",
        ])
        .current_dir(root)
        .status()?;
    if !status.success() {
        return Err(io::Error::other("the release build failed"));
    }
    Ok(target(root).join("release/instructions"))
}

/// Instructions of a whole run, as cachegrind counts them.
fn count(program: &Path, subject: &str, times: u32) -> io::Result<u64> {
    let output = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(program)
        .args([subject, &times.to_string()])
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("valgrind: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(io::Error::other(format!("instructions {subject}: {said}")));
    }
    // "==123== I   refs:      1,234,567"
    let line = said.lines().find_map(|line| line.split_once("refs:"));
    let digits = line.map(|(_, number)| number.replace(',', ""));
    let number = digits.and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| io::Error::other("valgrind printed no count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_kept_and_more_than_that_is_not() {
        assert_eq!(judge(1_109, 1_000), Verdict::Kept);
        assert_eq!(judge(1_111, 1_000), Verdict::Exceeded);
        assert_eq!(judge(900, 1_000), Verdict::Kept);
        assert_eq!(judge(899, 1_000), Verdict::Better);
    }
}
