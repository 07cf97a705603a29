//! docs/performance.md and its picture, from the results of the cases: no number in them is typed by hand.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::case::Case;
use super::cases;
use super::svg::{self, Row};
use super::timeline::Timeline;

/// What stands around the tables.
const TEMPLATE: &str = include_str!("performance.md");

/// What bounds the cases that miss their limit: paragraphs under headings that name the case.
const NOTES: &str = include_str!("notes.md");

/// Where document and picture go.
const DOCUMENT: &str = "docs/performance.md";
const PICTURE: &str = "docs/failover.svg";

/// Cases whose time lines are drawn, and what happens in them.
const DRAWN: [(&str, &str); 5] = [
    ("stop", "daemon stopped"),
    ("check-weight", "check fails, weight -20"),
    ("process", "tracked process killed"),
    ("uplink", "tracked uplink down"),
    ("cable", "cable pulled"),
];

/// Writes both from the results in a folder; cases that have none there are left out.
///
/// # Errors
/// When a file can't be read or written.
pub fn write(root: &Path, results: &Path) -> io::Result<()> {
    let found: Vec<(&Case, Value)> = cases::all()
        .into_iter()
        .filter_map(|case| Some((case, read(results, case)?)))
        .collect();
    let values: Vec<&Value> = found.iter().map(|(_, value)| value).collect();
    let details: String = found
        .iter()
        .map(|(case, value)| section(case, value))
        .collect();
    let machines = values.first().and_then(|value| text_of(value, "machine"));
    let text = TEMPLATE
        .replace("{summary}", &summary(&values))
        .replace("{machine}", machines.unwrap_or("unknown"))
        .replace("{details}", details.trim_end());
    fs::write(root.join(DOCUMENT), text)?;
    fs::write(root.join(PICTURE), svg::draw(&rows(&values)))
}

fn read(results: &Path, case: &Case) -> Option<Value> {
    let text = fs::read_to_string(results.join(format!("{}.json", case.name))).ok()?;
    serde_json::from_str(&text).ok()
}

fn text_of<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn list_of<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The metric with this name of a line.
fn metric_of<'a>(line: &'a Value, name: &str) -> Option<&'a Value> {
    list_of(line, "metrics").find(|metric| text_of(metric, "metric") == Some(name))
}

/// A table of everything that has a limit.
fn summary(results: &[&Value]) -> String {
    let mut text = String::from(
        "| case | at most | standfast | keepalived | ratio |\n|---|---|---|---|---|\n",
    );
    for case in results {
        let name = text_of(case, "case").unwrap_or_default();
        for line in list_of(case, "lines") {
            let judged = list_of(line, "metrics").filter(|metric| !metric["kept"].is_null());
            for metric in judged {
                let what = text_of(metric, "metric").unwrap_or_default();
                let theirs = list_of(case, "lines")
                    .filter(|line| {
                        text_of(line, "line").is_some_and(|it| it.starts_with("keepalived"))
                    })
                    .find_map(|line| metric_of(line, what));
                let _ = writeln!(text, "{}", summary_row(name, line, metric, theirs));
            }
        }
    }
    text
}

fn summary_row(case: &str, line: &Value, metric: &Value, theirs: Option<&Value>) -> String {
    let what = text_of(metric, "metric").unwrap_or_default();
    let limit = text_of(metric, "limit_shown").unwrap_or_default();
    let ours = text_of(metric, "shown_median").unwrap_or_default();
    let missed = if metric["kept"] == Value::Bool(false) {
        " **missed**"
    } else {
        ""
    };
    let label = text_of(line, "line").unwrap_or_default();
    let variant = label.strip_prefix("standfast").unwrap_or(label);
    let shown = theirs.and_then(|theirs| text_of(theirs, "shown_median"));
    let medians =
        theirs.and_then(|theirs| Some((theirs["median"].as_f64()?, metric["median"].as_f64()?)));
    let ratio = medians.filter(|(theirs, ours)| *theirs > 0.0 && *ours > 0.0);
    let ratio = ratio.map(|(theirs, ours)| format!("{:.2}", ours / theirs));
    format!(
        "| [{case}](#{case}): {what}{variant} | {limit} | {ours}{missed} | {} | {} |",
        shown.unwrap_or("–"),
        ratio.unwrap_or_default()
    )
}

/// All of one case.
fn section(case: &Case, result: &Value) -> String {
    let mut text = format!(
        "### {}\n\n{}. `cargo xtask bench {}`\n\n",
        case.name,
        capitalized(case.sentence),
        case.name
    );
    let measured: Vec<&str> = case
        .metrics
        .iter()
        .map(|metric| metric.name)
        .filter(|name| list_of(result, "lines").any(|line| metric_of(line, name).is_some()))
        .collect();
    let head = measured.join(" | ");
    let rule = "---|".repeat(measured.len());
    let _ = writeln!(text, "| | {head} |\n|---|{rule}");
    for line in list_of(result, "lines") {
        let cells = measured.iter().map(|name| {
            let shown = metric_of(line, name).and_then(|metric| text_of(metric, "shown"));
            shown.unwrap_or("–")
        });
        let cells = cells.collect::<Vec<_>>().join(" | ");
        let _ = writeln!(
            text,
            "| {} | {cells} |",
            text_of(line, "line").unwrap_or_default()
        );
    }
    let troubles = list_of(result, "lines").filter_map(|line| {
        let first = list_of(line, "trouble").next()?.as_str()?;
        Some(format!("- {}: {first}\n", text_of(line, "line")?))
    });
    let troubles: String = troubles.collect();
    if !troubles.is_empty() {
        let _ = write!(text, "\n{troubles}");
    }
    text.push('\n');
    if let Some(note) = note(case.name) {
        let _ = write!(text, "{note}\n\n");
    }
    text
}

/// What the notes say about a case.
fn note(case: &str) -> Option<&'static str> {
    let heading = format!("## {case}\n");
    let (_, behind) = NOTES.split_once(&heading)?;
    let text = behind.split("\n## ").next()?;
    Some(text.trim())
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// The rows of the picture.
fn rows(results: &[&Value]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, what) in DRAWN {
        let case = results
            .iter()
            .find(|value| text_of(value, "case") == Some(name));
        for line in case.into_iter().flat_map(|case| list_of(case, "lines")) {
            let label = text_of(line, "line").unwrap_or_default();
            let value = list_of(line, "metrics").next();
            let value = value.and_then(|metric| text_of(metric, "shown_median"));
            let timeline = line.get("timeline").filter(|timeline| timeline.is_array());
            if let (Some(value), Some(timeline)) = (value, timeline) {
                rows.push(Row {
                    label: format!("{what}: {label}"),
                    value: value.to_owned(),
                    timeline: Timeline::from_json(timeline),
                });
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_is_about_a_case() {
        let headings = NOTES.lines().filter_map(|line| line.strip_prefix("## "));
        for heading in headings {
            assert!(
                cases::all().iter().any(|case| case.name == heading),
                "{heading}"
            );
            assert!(
                note(heading).is_some_and(|text| !text.is_empty()),
                "{heading}"
            );
        }
    }
}
