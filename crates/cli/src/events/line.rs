//! An event as a line.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use standfast_api::event::{Level, Record, SubjectKind};
use standfast_api::status::State;

use crate::output::{Page, Piece, Tone, piece, plain};

/// Columns of the subject's name; longer ones push the rest to the right.
const SUBJECT: usize = 14;

/// Time, subject, sentence with cause, and who asked for it.
pub(super) fn line(record: &Record, zone: &TimeZone, colour: bool) -> String {
    let name = subject(record);
    let gap = SUBJECT.saturating_sub(name.chars().count()).max(1);
    let mut pieces = vec![
        piece(Tone::Faint, time(record.at_us, zone)),
        plain("  "),
        piece(Tone::Strong, name),
        plain(" ".repeat(gap)),
        piece(tone(record), sentence(record)),
    ];
    pieces.extend(who(record));
    let mut page = Page::new(colour);
    page.line(&pieces);
    page.into_text()
}

/// Its name, with the kind of thing where an instance could have the same name.
pub(crate) fn subject(record: &Record) -> &str {
    match record.subject.kind {
        SubjectKind::Node => "node",
        SubjectKind::Instance | SubjectKind::Check | SubjectKind::Group | SubjectKind::Tracked => {
            &record.subject.name
        }
    }
}

fn time(at_us: u64, zone: &TimeZone) -> String {
    let stamp = i64::try_from(at_us).ok();
    let stamp = stamp.and_then(|us| Timestamp::from_microsecond(us).ok());
    match stamp {
        Some(stamp) => {
            let local = stamp.to_zoned_datetime(zone.clone());
            local.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
        }
        None => format!("{at_us} µs"),
    }
}

/// What happened, and why, without the name that stands before it.
pub(crate) fn sentence(record: &Record) -> String {
    let name = &record.subject.name;
    let prefixes = [format!("({name}) "), format!("VRRP_Group({name}) ")];
    let text = record.text.as_str();
    let text = prefixes
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let Some(cause) = &record.cause else {
        return text.to_owned();
    };
    // The log says less of the cause, or the same.
    let head = text.split([':', '(']).next().unwrap_or(text).trim_end();
    format!("{head}: {}", cause.text)
}

pub(crate) fn tone(record: &Record) -> Tone {
    match (record.level, record.state) {
        (_, Some(State::Master)) => Tone::Good,
        (_, Some(State::Fault)) | (Level::Error, _) => Tone::Bad,
        (Level::Warning, _) => Tone::Warning,
        (Level::Detail, None) => Tone::Faint,
        (Level::Detail | Level::Info, _) => Tone::Plain,
    }
}

/// Who asked for it, unless the sentence says so.
fn who(record: &Record) -> Option<Piece> {
    let who = record
        .who
        .as_ref()
        .filter(|who| !record.text.contains(*who))?;
    Some(piece(Tone::Faint, format!(" (by {who})")))
}
