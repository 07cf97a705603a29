//! A line of the journal on disk: `CRC32 JSON\n`, eight hexadecimal digits over the JSON of a [`Record`].
//!
//! What is read may be torn or damaged anywhere: [`Lines`] never fails, and loses only lines that were hit.

use std::io::Write as _;

use crate::event::Record;

/// Digits of the checksum.
const DIGITS: usize = 8;
/// What stands between the checksum and a record's number.
const OPENING: &[u8] = b" {\"seq\":";

/// Appends a record's line to a buffer.
pub fn encode(record: &Record, buffer: &mut Vec<u8>) {
    // A record holds texts and numbers only, which serde_json always writes.
    let Ok(json) = serde_json::to_vec(record) else {
        return;
    };
    let checksum = crc32fast::hash(&json);
    // A vector takes everything.
    let _ = write!(buffer, "{checksum:08x} ");
    buffer.extend_from_slice(&json);
    buffer.push(b'\n');
}

/// The number of a record, without reading the rest of it.
pub fn number(json: &[u8]) -> Option<u64> {
    let rest = json.strip_prefix(OPENING.get(1..)?)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}

/// A record from its JSON; `None` where it is none.
pub fn record(json: &[u8]) -> Option<Record> {
    serde_json::from_slice(json).ok()
}

/// What stands at one place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The JSON of a record; `None`: a damaged or torn line.
    pub json: Option<&'a [u8]>,
    /// Where the line ends, its line feed included.
    pub end: usize,
}

/// Goes through the lines of a file.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    /// Where the next line begins.
    at: usize,
}

impl<'a> Lines<'a> {
    /// Lines of a whole file.
    pub fn new(bytes: &'a [u8]) -> Self {
        Lines { bytes, at: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let feed = rest.iter().position(|byte| *byte == b'\n');
        let line = rest.get(..feed.unwrap_or(rest.len()))?;
        let json = checked(line);
        // A line feed that was damaged has joined two lines: the second begins inside.
        let joined = match json {
            Some(_) => None,
            None => second(line),
        };
        let (json, length) = match joined {
            Some(start) => (line.get(..start - 1).and_then(checked), start),
            None => (json, line.len() + usize::from(feed.is_some())),
        };
        self.at += length;
        let end = self.at;
        Some(Line { json, end })
    }
}

/// The JSON of a line whose checksum is right.
fn checked(line: &[u8]) -> Option<&[u8]> {
    let (digits, rest) = line.split_at_checked(DIGITS)?;
    let json = rest.strip_prefix(b" ")?;
    let digits = std::str::from_utf8(digits).ok()?;
    let lower = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    let claimed = u32::from_str_radix(digits, 16).ok()?;
    (digits.bytes().all(lower) && claimed == crc32fast::hash(json)).then_some(json)
}

/// Where another line begins inside of one, after at least one byte.
fn second(line: &[u8]) -> Option<usize> {
    // Inside of a record's texts quotes have a backslash before them, so this can only be a beginning.
    let mut openings = line.windows(OPENING.len()).enumerate();
    let opening = openings.find(|(at, window)| *at > DIGITS && *window == OPENING);
    opening.map(|(at, _)| at - DIGITS)
}

#[cfg(test)]
mod tests;
