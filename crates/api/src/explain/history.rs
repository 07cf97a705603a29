//! What happened last.

use super::case::Case;
use crate::event::{Level, Record, SubjectKind};

/// Lines that are told.
const MOST: usize = 10;

pub(super) fn lines(case: &Case<'_>, records: &[Record]) -> Vec<String> {
    let about = records.iter().filter(|it| concerns(case, it));
    let mut lines: Vec<String> = about
        .rev()
        .take(MOST)
        .map(|it| format!("{}: {}", case.ago(it.at_us), told(it)))
        .collect();
    lines.reverse();
    lines
}

/// A change of state with its cause, of which the log says less.
fn told(record: &Record) -> String {
    match &record.cause {
        Some(cause) if record.kind == "entering" => {
            let head = record.text.split(':').next().unwrap_or_default();
            format!("{}: {}", head.trim_end_matches(" (init)"), cause.text)
        }
        Some(_) | None => record.text.clone(),
    }
}

fn concerns(case: &Case<'_>, record: &Record) -> bool {
    let instance = case.instance;
    let name = &record.subject.name;
    let tracks = || instance.priority.parts.iter().any(|it| it.name == *name);
    let about = match record.subject.kind {
        SubjectKind::Node => true,
        SubjectKind::Instance => *name == instance.name,
        SubjectKind::Group => Some(name) == instance.group.as_ref(),
        SubjectKind::Check | SubjectKind::Tracked => tracks(),
    };
    about && record.level >= Level::Info
}
