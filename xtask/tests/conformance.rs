//! docs/conformance.md has every row once, and what it cites is there.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::workspace_root;

/// Documents by the first letters of their rows, with the number of their requirements.
const ROWS: [(&str, usize); 3] = [("VR9", 99), ("VR2", 42), ("VR1", 12)];
/// Tests whose names say which rows they are about.
const ROW_TESTS: &str = "core/tests/conformance.rs";
const LONGEST_LINE: usize = 160;

fn document() -> String {
    fs::read_to_string(workspace_root().join("docs/conformance.md")).expect("it is there")
}

/// Where a cited file lies.
fn path(root: &Path, cited: &str) -> PathBuf {
    match cited.starts_with("lab/") {
        true => root.join(cited),
        false => root.join("crates").join(cited),
    }
}

/// Why a citation is wrong; nothing if it is right.
fn wrong(root: &Path, citation: &str) -> Option<String> {
    let by_row = citation.len() == "vr9_01".len() && citation.starts_with("vr");
    let (file, name) = match citation.split_once("::") {
        Some((file, name)) => (file, format!("fn {name}")),
        None if by_row => (ROW_TESTS, citation.to_owned()),
        None => (citation, String::new()),
    };
    let Ok(text) = fs::read_to_string(path(root, file)) else {
        return Some(format!("{citation}: no such file"));
    };
    let is_there = |line: &str| line.contains("fn ") && line.contains(&name);
    (!text.lines().any(is_there)).then(|| format!("{citation}: not in {file}"))
}

/// The cells of a table's line.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.strip_prefix("| ").and_then(|l| l.strip_suffix(" |"));
    inner.map_or_else(Vec::new, |inner| inner.split(" | ").collect())
}

#[test]
fn every_requirement_stands_there_once() {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for line in document().lines() {
        let rows = cells(line).first().copied().unwrap_or_default();
        for row in rows.split(", ").filter(|row| row.starts_with("VR")) {
            *times.entry(row.to_owned()).or_default() += 1;
        }
    }
    for (document, count) in ROWS {
        for number in 1..=count {
            let row = format!("{document}-{number:02}");
            assert_eq!(times.remove(&row), Some(1), "{row}");
        }
    }
    assert!(times.is_empty(), "unknown rows: {times:?}");
}

#[test]
fn every_cited_file_and_function_is_there() {
    let root = workspace_root();
    let mut citations = 0;
    let mut complaints = Vec::new();
    for line in document().lines().filter(|line| line.starts_with("| VR")) {
        let cells = cells(line);
        let [_, _, code, test] = &cells[..] else {
            continue;
        };
        for cell in [code, test] {
            citations += 1;
            complaints.extend(wrong(&root, cell.trim_matches('`')));
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(citations > 200, "{citations}");
}

#[test]
fn a_citation_of_nothing_is_noticed() {
    let root = workspace_root();
    assert_eq!(wrong(&root, "core/src/timing.rs::skew"), None);
    assert_eq!(wrong(&root, "vr9_03"), None);
    assert!(wrong(&root, "core/src/timing.rs::hurry").is_some());
    assert!(wrong(&root, "core/src/nothing.rs::skew").is_some());
    assert!(wrong(&root, "vr9_00").is_some());
}

#[test]
fn lines_are_short_enough_to_read() {
    let text = document();
    let long: Vec<&str> = text
        .lines()
        .filter(|line| line.chars().count() > LONGEST_LINE)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
