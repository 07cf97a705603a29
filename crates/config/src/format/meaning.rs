//! Whether two texts are read as the same lines of the same words.

use crate::diagnostic::Code;
use crate::load::LoadOptions;
use crate::reader::{Line, Reader};
use crate::source::{MemorySource, NoEnvironment};
use crate::words;

/// The name the texts go by.
const PATH: &str = "/keepalived.conf";

/// Whether the reader makes the same of both under each of those configuration ids. Files that they include are not
/// looked at: both name the same ones, at the same places.
pub(super) fn is_same(before: &[u8], after: &[u8], ids: &[&[u8]]) -> bool {
    before == after
        || ids
            .iter()
            .all(|id| is_same_under(before, after, &String::from_utf8_lossy(id)))
}

fn is_same_under(before: &[u8], after: &[u8], id: &str) -> bool {
    let options = LoadOptions {
        config_id: Some(id.to_owned()),
        ..LoadOptions::default()
    };
    let (before, after) = (
        MemorySource::with(PATH, before),
        MemorySource::with(PATH, after),
    );
    let mut before = Reader::new(&before, &NoEnvironment, &options);
    let mut after = Reader::new(&after, &NoEnvironment, &options);
    before.add_root(PATH.as_ref());
    after.add_root(PATH.as_ref());
    loop {
        match (before.next_line(), after.next_line()) {
            (Some(before), Some(after)) if words_of(&before) == words_of(&after) => {}
            (None, None) => return findings(before) == findings(after),
            _ => return false,
        }
    }
}

/// The words by both rules, each with whether it was in quotes.
fn words_of(line: &Line) -> Vec<(String, bool)> {
    let all = words::plain(line).into_iter().chain(words::command(line));
    all.map(|word| (word.text, word.quoted)).collect()
}

fn findings(reader: Reader<'_>) -> Vec<Code> {
    let (findings, _) = reader.sink.finish();
    findings.into_iter().map(|finding| finding.code).collect()
}
