//! How each finding reads: what the wrong example of each page draws, as text, beside what it drew before.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p standfast-config --test snapshots` writes the files again; read the difference.

mod common;
#[path = "common/examples.rs"]
mod examples;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs, io};

use standfast_config::{Code, render};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// The text of each file by its name.
fn expected() -> BTreeMap<String, String> {
    let with_example = |code: &&Code| code.page().is_some_and(|page| !page.wrong().is_empty());
    let codes = Code::ALL.iter().filter(with_example);
    codes
        .map(|code| (format!("{}.txt", code.as_str()), findings(*code)))
        .collect()
}

/// Everything with that code that the wrong example of its page draws.
fn findings(code: Code) -> String {
    let mut text = String::new();
    let wrong = code.page().map(|page| page.wrong()).unwrap_or_default();
    for findings in examples::findings(&wrong) {
        let found = findings.diagnostics.iter();
        for diagnostic in found.filter(|found| found.code == code) {
            text.push_str(&render(diagnostic, &findings.sources, false));
            text.push_str("\n\n");
        }
    }
    format!("{}\n", text.trim_end())
}

/// What was drawn before; nothing where there is no directory yet.
fn kept() -> io::Result<BTreeMap<String, String>> {
    let entries = fs::read_dir(directory()).into_iter().flatten();
    let text = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        Ok((name, fs::read_to_string(entry.path())?))
    };
    entries.map(text).collect()
}

#[test]
fn findings_read_as_they_did() {
    let (expected, kept) = (expected(), kept().unwrap());
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(directory()).unwrap();
        for (name, text) in &expected {
            fs::write(directory().join(name), text).unwrap();
        }
        for orphan in kept.keys().filter(|name| !expected.contains_key(*name)) {
            fs::remove_file(directory().join(orphan)).unwrap();
        }
        return;
    }
    for (name, text) in &expected {
        let before = kept.get(name).map_or("(no such file)", String::as_str);
        assert_eq!(
            before, text,
            "{name} is missing or stale (UPDATE_SNAPSHOTS=1 writes it)"
        );
    }
    for name in kept.keys() {
        assert!(expected.contains_key(name), "{name} belongs to no page");
    }
}
