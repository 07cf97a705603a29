//! What was found, as text, JSON or SARIF.

mod outlook;
mod sarif;

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use standfast_config::nodes::Comparison;
use standfast_config::{Diagnostic, Severity, SourceMap, Span, printable, render};

use super::{Checked, Format};

/// Prints everything in that format.
pub(super) fn print(
    format: Format,
    checked: &[Checked],
    compared: Option<&Comparison>,
    on_host: bool,
) {
    match format {
        Format::Text => {
            let colour = wants_colour();
            for one in checked {
                print_text(&one.loaded.diagnostics, &one.loaded.sources, colour);
                say(&printable(&summary(one, on_host)));
            }
            if let Some(compared) = compared {
                print_text(&compared.diagnostics, &compared.sources, colour);
                compared
                    .outlook
                    .iter()
                    .flat_map(outlook::lines)
                    .for_each(|line| say(&printable(&line)));
            }
        }
        Format::Json => say(&pretty(&json_report(checked, compared))),
        Format::Sarif => say(&pretty(&sarif::report(&all_findings(checked, compared)))),
    }
}

/// Colours only on a terminal whose user does not object (no-color.org).
fn wants_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Something could not be written to standard output.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether a report did not reach its reader in full; a reader that went away wanted no more.
pub(super) fn output_was_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// A line on standard output.
fn say(line: &str) {
    let mut output = std::io::stdout();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        eprintln!("standfast: cannot write the report: {error}");
    }
}

/// JSON in which nothing can move a terminal's cursor: serde_json leaves the controls above ASCII as they are.
fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                // These stand in strings only, and are below U+10000.
                safe.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => safe.push(letter),
        }
    }
    safe
}

/// Every finding with the files it is about.
fn all_findings<'c>(
    checked: &'c [Checked],
    compared: Option<&'c Comparison>,
) -> Vec<(&'c Diagnostic, &'c SourceMap)> {
    let single = checked
        .iter()
        .map(|one| (&one.loaded.diagnostics, &one.loaded.sources));
    let between = compared
        .iter()
        .map(|compared| (&compared.diagnostics, &compared.sources));
    single
        .chain(between)
        .flat_map(|(all, sources)| all.iter().map(move |found| (found, sources)))
        .collect()
}

pub(super) fn print_text(diagnostics: &[Diagnostic], sources: &SourceMap, colour: bool) {
    for diagnostic in diagnostics {
        let text = render(diagnostic, sources, colour);
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

fn summary(one: &Checked, on_host: bool) -> String {
    let (errors, warnings) = (one.count(Severity::Error), one.count(Severity::Warning));
    let plural = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let instances = match one.loaded.config.instances.len() {
        0 => "nothing to run: no VRRP instance".to_owned(),
        count => plural(count, "VRRP instance"),
    };
    let found = match (errors, warnings) {
        (0, 0) => "ok".to_owned(),
        (errors, warnings) => {
            format!(
                "{}, {}",
                plural(errors, "error"),
                plural(warnings, "warning")
            )
        }
    };
    let file = one.file.display().to_string();
    let mut line = if file.ends_with(&one.node) {
        format!("{file}: {found}")
    } else {
        format!("{file} as {}: {found}", one.node)
    };
    if one.loaded.keepalived_refusal().is_some() {
        line.push_str("; keepalived would refuse to start");
    }
    line.push_str(&format!(" ({instances})"));
    if !on_host {
        line.push_str("; interfaces, scripts and users not looked at (--host)");
    }
    line
}

fn json_report(checked: &[Checked], compared: Option<&Comparison>) -> Value {
    let diagnostics: Vec<Value> = all_findings(checked, compared)
        .into_iter()
        .map(|(found, sources)| json_diagnostic(found, sources))
        .collect();
    let files: Vec<Value> = checked.iter().map(json_file).collect();
    let mut report = json!({ "diagnostics": diagnostics, "files": files });
    if let (Some(compared), Some(object)) = (compared, report.as_object_mut()) {
        let outlook: Vec<Value> = compared.outlook.iter().map(outlook::json).collect();
        object.insert("outlook".to_owned(), outlook.into());
    }
    report
}

fn json_file(one: &Checked) -> Value {
    json!({
        "file": one.file.to_string_lossy(),
        "node": one.node,
        "errors": one.count(Severity::Error),
        "warnings": one.count(Severity::Warning),
        "notes": one.count(Severity::Note),
        "instances": one.loaded.config.instances.len(),
        "keepalived_test_exit": one.loaded.keepalived_test_exit(),
        "keepalived_starts": one.loaded.keepalived_refusal().is_none(),
    })
}

fn json_diagnostic(found: &Diagnostic, sources: &SourceMap) -> Value {
    let mut object = place(found.primary, sources);
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("code", found.code.as_str().into());
    put("severity", severity(found.severity).into());
    put("message", found.message.as_str().into());
    let labels: Vec<Value> = found
        .labels
        .iter()
        .map(|(span, text)| {
            let mut label = place(*span, sources);
            label.insert("message".to_owned(), text.as_str().into());
            Value::Object(label)
        })
        .collect();
    put("labels", labels.into());
    put("help", found.help.as_deref().into());
    if let Some(text) = &found.expanded {
        put("expanded", text.as_ref().into());
    }
    if let Some(fix) = &found.fix {
        let edit = |edit: &standfast_config::Edit| {
            let mut object = place(edit.span, sources);
            object.insert("text".to_owned(), edit.text.as_str().into());
            Value::Object(object)
        };
        let edits: Vec<Value> = fix.edits.iter().map(edit).collect();
        put("fix", json!({ "title": fix.title, "edits": edits }));
    }
    Value::Object(object)
}

/// `file`, `line`, `column`, `end_line`, `end_column`: from 1, in characters, the end past the last one.
fn place(span: Span, sources: &SourceMap) -> serde_json::Map<String, Value> {
    let end = span.at_end();
    let mut object = serde_json::Map::new();
    let (Some(start), Some(end)) = (sources.locate(span), sources.locate(end)) else {
        return object;
    };
    object.insert("file".to_owned(), path_text(start.path).into());
    object.insert("line".to_owned(), start.line.into());
    object.insert("column".to_owned(), start.column.into());
    object.insert("end_line".to_owned(), end.line.into());
    object.insert("end_column".to_owned(), end.column.into());
    object
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
