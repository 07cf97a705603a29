//! What `contrib/` and the documents say of metrics is what [`render`] writes.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p standfast-api --test contrib` writes the table of docs/metrics.md again.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use standfast_api::metrics::render;

use support::openmetrics::{Family, parse};

const PREFIXES: [&str; 2] = ["standfast_", "keepalived_"];
/// What stands before and after the table in docs/metrics.md.
const BEFORE: &str = "<!-- begin: written by a test -->\n";
const AFTER: &str = "<!-- end -->";

fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(relative)
}

fn read(relative: &str) -> String {
    fs::read_to_string(path(relative)).unwrap()
}

fn families() -> BTreeMap<String, Family> {
    parse(&render(&support::status(), &support::extra())).unwrap()
}

/// Names of metrics in a text: words with one of the prefixes.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
        .collect()
}

fn written() -> BTreeSet<String> {
    let families = families();
    let samples = families.values().flat_map(|family| &family.samples);
    samples.map(|sample| sample.name.clone()).collect()
}

#[track_caller]
fn all_are_written(what: &str, text: &str) {
    let written = written();
    let asked = names(text);
    assert!(asked.len() > 15, "{what} asks for {asked:?} only");
    for name in asked {
        assert!(
            written.contains(name),
            "{what} asks for {name}, which nobody writes"
        );
    }
}

#[test]
fn alerts_ask_for_metrics_that_are_there() {
    all_are_written("the rules", &read("contrib/prometheus/standfast.rules.yml"));
}

#[test]
fn the_tests_of_the_alerts_use_metrics_that_are_there() {
    let text = read("contrib/prometheus/standfast.rules.test.yml");
    all_are_written("the test of the rules", &text);
}

#[test]
fn every_alert_has_a_test() {
    let rules = read("contrib/prometheus/standfast.rules.yml");
    let tests = read("contrib/prometheus/standfast.rules.test.yml");
    let alerts = |text: &str, key: &str| {
        let lines = text.lines();
        let named = lines.filter_map(|line| line.split_once(key));
        named
            .map(|(_, name)| name.trim().to_owned())
            .collect::<BTreeSet<_>>()
    };
    let (have, tested) = (alerts(&rules, "- alert: "), alerts(&tests, "alertname: "));
    assert!(have.len() >= 12, "{have:?}");
    assert_eq!(have, tested);
}

/// Everything that is asked for under the key, at any depth.
fn strings_of<'a>(value: &'a serde_json::Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == key => found.push(text),
                    _ => strings_of(member, key, found),
                }
            }
        }
        serde_json::Value::Array(members) => {
            members
                .iter()
                .for_each(|member| strings_of(member, key, found));
        }
        _ => {}
    }
}

#[test]
fn the_dashboard_asks_for_metrics_and_labels_that_are_there() {
    let text = read("contrib/grafana/standfast.json");
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut asked = Vec::new();
    for key in ["expr", "query"] {
        strings_of(&dashboard, key, &mut asked);
    }
    all_are_written("the dashboard", &asked.join(" "));
    let mut legends = Vec::new();
    for key in ["legendFormat", "titleFormat"] {
        strings_of(&dashboard, key, &mut legends);
    }
    let families = families();
    let samples = families.values().flat_map(|family| &family.samples);
    let mut labels: BTreeSet<&str> = samples
        .flat_map(|sample| sample.labels.keys().map(String::as_str))
        .collect();
    // Prometheus adds them.
    labels.extend(["job", "instance"]);
    for legend in legends {
        for part in legend.split("{{").skip(1) {
            let (label, _) = part.split_once("}}").unwrap();
            assert!(labels.contains(label), "{legend}: no metric has {label}");
        }
    }
}

/// A row for each family: its name as it is asked for, its labels, what it says.
fn table() -> String {
    let mut table = String::from("| name | type | labels | what it says |\n|---|---|---|---|\n");
    for (name, family) in &families() {
        let suffix = match family.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let samples = family.samples.iter();
        let labels: BTreeSet<&str> = samples
            .flat_map(|sample| sample.labels.keys().map(String::as_str))
            .filter(|label| *label != "le")
            .collect();
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, help, labels) = (&family.kind, &family.help, labels.join(", "));
        writeln!(table, "| `{name}{suffix}` | {kind} | {labels} | {help} |").unwrap();
    }
    table
}

#[test]
fn the_document_lists_all_of_them() {
    let text = read("docs/metrics.md");
    let (before, rest) = text.split_once(BEFORE).unwrap();
    let (listed, after) = rest.split_once(AFTER).unwrap();
    let table = table();
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let text = format!("{before}{BEFORE}{table}{AFTER}{after}");
        fs::write(path("docs/metrics.md"), text).unwrap();
        return;
    }
    assert_eq!(
        table, listed,
        "docs/metrics.md is stale: UPDATE_SNAPSHOTS=1 writes it"
    );
    let written = written();
    let families = families();
    for name in names(before).union(&names(after)) {
        let known = written.contains(*name) || families.contains_key(*name) || name.ends_with('_');
        assert!(
            known,
            "docs/metrics.md speaks of {name}, which nobody writes"
        );
    }
}
