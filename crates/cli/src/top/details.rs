//! Everything that is known of the selected row, as lines.

use standfast_api::event::Record;
use standfast_api::explain::explain;
use standfast_api::status::{Check, Instance};

use super::layout;
use super::rows::{self, Node, sparks};
use super::state::{Pane, State};
use crate::events::subject;
use crate::moments::{Present, span};
use crate::output::{Piece, Tone, piece, plain};
use crate::status::priority;

/// Columns of what stands before a text.
const LABEL: usize = 10;
/// Columns of the sparks.
const SPARK_COLUMNS: usize = 32;

/// The title, and lines of one or more pieces.
pub(super) struct Details {
    /// What it is about.
    pub(super) title: String,
    /// Not wrapped.
    pub(super) lines: Vec<Vec<Piece>>,
}

impl Details {
    fn new(title: &str) -> Self {
        Details {
            title: title.to_owned(),
            lines: Vec::new(),
        }
    }

    fn heading(&mut self, text: &str) {
        self.lines.push(Vec::new());
        self.lines.push(vec![piece(Tone::Strong, text)]);
    }

    fn sentence(&mut self, tone: Tone, text: &str) {
        self.lines.push(vec![plain("  "), piece(tone, text)]);
    }

    fn entry(&mut self, label: &str, text: impl AsRef<str>) {
        self.pieces(label, vec![plain(text)]);
    }

    fn pieces(&mut self, label: &str, pieces: Vec<Piece>) {
        let mut line = vec![piece(Tone::Faint, format!("{label:LABEL$}"))];
        line.extend(pieces);
        self.lines.push(line);
    }
}

/// Of what is selected; none where nothing is.
pub(super) fn details(state: &State) -> Option<Details> {
    let row = state.selected(state.pane)?;
    let status = state.status.as_deref();
    let present = &state.present;
    match state.pane {
        Pane::Instances => Some(instance(state, status?.instances.get(row)?)),
        Pane::Nodes => Some(node(rows::nodes(status?).get(row)?, present)),
        Pane::Checks => Some(check(status?.checks.get(row)?, present)),
        Pane::Events => Some(event(state.event(row)?, present)),
    }
}

/// The last line that details can begin with in a terminal of that size.
pub(super) fn last_line(state: &State, size: (u16, u16)) -> usize {
    let (_, columns, rows) = layout::overlay(size);
    let lines = details(state).map_or(0, |details| wrapped(&details.lines, columns).len());
    lines.saturating_sub(rows)
}

fn instance(state: &State, instance: &Instance) -> Details {
    let mut details = Details::new(&instance.name);
    details.pieces("priority", priority(&instance.priority));
    if let Some(next) = &instance.next {
        let when = state.present.ahead(next.at_us);
        details.entry("next", format!("{when}: {}", next.text));
    }
    let Some(status) = state.status.as_deref() else {
        return details;
    };
    let records: Vec<Record> = state.records.iter().cloned().collect();
    let Some(explained) = explain(status, &instance.name, &records) else {
        return details;
    };
    details.lines.insert(0, vec![plain(&explained.headline)]);
    details.lines.insert(1, Vec::new());
    if !explained.problems.is_empty() {
        details.heading("What is wrong");
    }
    for problem in &explained.problems {
        details.sentence(Tone::Bad, &problem.text);
        if let Some(fix) = &problem.fix {
            details.sentence(Tone::Plain, &format!("→ {fix}"));
        }
    }
    let parts = [
        ("Why", &explained.why),
        ("What would change it", &explained.next),
        ("What happened last", &explained.history),
    ];
    for (title, sentences) in parts {
        if !sentences.is_empty() {
            details.heading(title);
        }
        for sentence in sentences {
            details.sentence(Tone::Plain, sentence);
        }
    }
    details
}

fn node(node: &Node, present: &Present) -> Details {
    let mut details = Details::new(&node.name);
    match node.address {
        Some(address) => details.entry("address", address.to_string()),
        None => details.entry("address", "this node"),
    }
    details.entry(
        "speaks",
        match node.is_standfast {
            true => "VRRP and the peer channel",
            false => "VRRP (keepalived, a router, or Standfast without peer_channel)",
        },
    );
    if let Some(heard) = node.heard_us {
        details.entry("heard", present.ago(heard));
    }
    if let Some(round_trip) = node.round_trip_us {
        details.entry("answers", format!("after {}", span(round_trip)));
    }
    let masters = match node.masters.is_empty() {
        true => "of nothing".to_owned(),
        false => node.masters.join(", "),
    };
    details.entry("master", masters);
    details
}

fn check(check: &Check, present: &Present) -> Details {
    let mut details = Details::new(&check.name);
    details.pieces("state", vec![rows::check_state(check)]);
    details.entry("kind", &check.kind);
    if let Some(why) = &check.unusable {
        details.pieces("unusable", vec![piece(Tone::Bad, why)]);
    }
    if let Some(result) = &check.result {
        let when = check.ended_us.map(|at| present.ago(at));
        let when = when.unwrap_or_default();
        details.entry("result", format!("{result} {when}"));
    }
    if let Some(output) = &check.output {
        details.entry("printed", output);
    }
    if let Some(longest) = check.durations_us.iter().max() {
        let sparks = sparks(&check.durations_us, SPARK_COLUMNS);
        details.entry("took", format!("{sparks} at most {}", span(*longest)));
    }
    let rule = format!(
        "every {}, up after {} passed, down after {} failed",
        span(check.interval_us),
        check.rise,
        check.fall
    );
    details.entry("runs", rule);
    if let Some(next) = check.next_us {
        details.entry("next", present.ahead(next));
    }
    let counts = format!("{} passed, {} failed", check.passes, check.failures);
    details.entry("so far", counts);
    if let Some(pause) = &check.paused {
        let end = match pause.until_us {
            Some(until) => format!("until {}", present.clock(until)),
            None => "until `standfast unpause`".to_owned(),
        };
        let since = present.clock(pause.since_us);
        details.entry("paused", format!("since {since}, {end}"));
    }
    details
}

fn event(record: &Record, present: &Present) -> Details {
    let mut details = Details::new(&format!("event {}", record.seq));
    details.entry(
        "when",
        format!(
            "{}, {}",
            present.clock(record.at_us),
            present.ago(record.at_us)
        ),
    );
    details.entry("about", subject(record));
    details.pieces(
        "what",
        vec![piece(crate::events::tone(record), &record.text)],
    );
    if let Some(cause) = &record.cause {
        details.entry("because", &cause.text);
    }
    if let Some(output) = &record.output {
        details.entry("printed", output);
    }
    if let Some(took) = record.took_us {
        details.entry("took", span(took));
    }
    if let Some(who) = &record.who {
        details.entry("by", who);
    }
    details.entry("kind", &record.kind);
    details
}

/// Lines of at most so many columns; later ones begin below the first one's text.
pub(super) fn wrapped(lines: &[Vec<Piece>], columns: usize) -> Vec<Vec<Piece>> {
    lines
        .iter()
        .flat_map(|line| wrapped_line(line, columns.max(2 * LABEL)))
        .collect()
}

fn wrapped_line(line: &[Piece], columns: usize) -> Vec<Vec<Piece>> {
    let indent = match line.first() {
        Some(first) if line.len() > 1 => first.text().chars().count().min(LABEL),
        _ => 0,
    };
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    for part in line {
        for word in part.text().split_inclusive(' ') {
            let width = word.chars().count();
            if used + word.trim_end().chars().count() > columns && used > indent {
                lines.push(vec![plain(" ".repeat(indent))]);
                used = indent;
            }
            let room = columns.saturating_sub(used);
            let fits: String = word.chars().take(room).collect();
            used += width.min(room);
            if let Some(last) = lines.last_mut() {
                last.push(piece(part.tone(), fits));
            }
        }
    }
    lines
}
