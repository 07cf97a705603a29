//! The journal's files, as whoever reads finds them.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use standfast_api::event::{Page, Query, Record};
use standfast_api::line::{self, Lines};
use standfast_linux::files::read_regular;

/// Files that are kept, the one that is written included.
pub(super) const SEGMENTS: u64 = 4;
/// A file larger than this is none of ours: `journal_size` allows a quarter of it.
const LARGEST_SEGMENT: u64 = 256 * 1024 * 1024;
/// Records are numbered so far at most: a name or a record beyond is not ours, and after it no number would be left.
pub(super) const LARGEST_NUMBER: u64 = u64::MAX >> 1;
/// Digits of a file's name: those of the largest number.
const DIGITS: usize = 20;
/// What a file's name ends with.
const SUFFIX: &str = ".journal";

/// One of the files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    /// The number of its first record.
    pub(super) first: u64,
    pub(super) path: PathBuf,
}

/// The name of the file that begins with a record.
pub(super) fn name(first: u64) -> String {
    format!("{first:0DIGITS$}{SUFFIX}")
}

/// The files of a folder, oldest first.
pub(super) fn list(directory: &Path) -> io::Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file = entry.file_name();
        let digits = file.to_str().and_then(|name| name.strip_suffix(SUFFIX));
        let digits = digits.filter(|digits| digits.len() == DIGITS);
        let first = digits.and_then(|digits| digits.parse().ok());
        if let Some(first) = first.filter(|first| *first <= LARGEST_NUMBER) {
            let path = entry.path();
            found.push(Segment { first, path });
        }
    }
    found.sort_unstable();
    Ok(found)
}

impl Segment {
    /// Its bytes; none where it has just been removed for being the oldest.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        match read_regular(&self.path, LARGEST_SEGMENT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            result => result,
        }
    }
}

/// What a query means, in the files of a folder; records with the number `before` and later are left out, because whoever
/// asks has them. Blocks for the disk.
pub(super) fn page(directory: &Path, query: &Query, before: u64) -> io::Result<Page> {
    debug_assert_ne!(
        std::thread::current().name(),
        Some(crate::control::THREAD),
        "whoever asks there would wait for the disk with everybody else"
    );
    let segments = list(directory)?;
    let oldest = segments.first().map_or(before, |segment| segment.first);
    let mut page = match query.is_newest() {
        true => newest(&segments, query, before)?,
        false => following(&segments, query, before)?,
    };
    page.oldest = oldest;
    Ok(page)
}

fn following(segments: &[Segment], query: &Query, before: u64) -> io::Result<Page> {
    let mut page = Page::default();
    let after = query.after.unwrap_or(0);
    let ends = segments.iter().skip(1).map(|next| next.first);
    let ends = ends.chain([u64::MAX]);
    let wanted = segments.iter().zip(ends);
    let wanted = wanted.filter(|(segment, end)| *end > after && segment.first < before);
    for (segment, _) in wanted {
        for record in records(&segment.read()?, after, before) {
            if !query.matches(&record) {
                continue;
            }
            if page.records.len() >= query.limit {
                page.more = true;
                return Ok(page);
            }
            page.records.push(record);
        }
    }
    Ok(page)
}

fn newest(segments: &[Segment], query: &Query, before: u64) -> io::Result<Page> {
    let mut kept: VecDeque<Record> = VecDeque::new();
    for segment in segments.iter().rev() {
        let bytes = segment.read()?;
        let found: Vec<Record> = records(&bytes, 0, before)
            .filter(|record| query.matches(record))
            .collect();
        let room = query.limit.saturating_sub(kept.len());
        found
            .into_iter()
            .rev()
            .take(room)
            .for_each(|record| kept.push_front(record));
        if kept.len() >= query.limit {
            break;
        }
    }
    Ok(Page {
        records: kept.into(),
        ..Page::default()
    })
}

/// Whole records after a number and before another.
fn records(bytes: &[u8], after: u64, before: u64) -> impl Iterator<Item = Record> {
    let whole = Lines::new(bytes).filter_map(|line| line.json);
    let meant = whole.filter(move |json| {
        line::number(json).is_some_and(|number| number > after && number < before)
    });
    meant.filter_map(line::record)
}
