//! Changes of the text that mend what was found, and their application.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::span::{FileId, SourceMap, Span};

/// Other text in place of a piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what; a line that becomes blank is removed.
    pub text: String,
}

/// A change that certainly mends a finding, and changes nothing else that the configuration means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an instruction: ``write `priority` ``.
    pub title: String,
    /// The replacements; they belong together.
    pub edits: Vec<Edit>,
}

/// A file with its fixes applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The file's path as it was opened.
    pub path: PathBuf,
    /// Its bytes as they were read.
    pub read: Vec<u8>,
    /// Its new bytes.
    pub bytes: Vec<u8>,
    /// Number of fixes in it.
    pub count: usize,
}

/// Every file that the fixes of these findings change. Of fixes that overlap the first is applied; another round finds
/// the rest.
#[must_use]
pub fn apply_fixes(diagnostics: &[Diagnostic], sources: &SourceMap) -> Vec<Fixed> {
    let mut accepted: Vec<Edit> = Vec::new();
    let mut per_file: Vec<(FileId, usize)> = Vec::new();
    let known = first_readings(sources);
    for fix in diagnostics.iter().filter_map(|found| found.fix.as_ref()) {
        let edits = fix.edits.iter().map(|edit| in_first_reading(edit, &known));
        let edits: Vec<Edit> = edits.collect();
        let free = |edit: &Edit| accepted.iter().all(|other| !overlap(edit, other));
        let Some(first) = edits.first().filter(|_| edits.iter().all(free)).cloned() else {
            continue;
        };
        accepted.extend(edits);
        match per_file
            .iter_mut()
            .find(|(file, _)| *file == first.span.file)
        {
            Some((_, count)) => *count += 1,
            None => per_file.push((first.span.file, 1)),
        }
    }
    // From the end, so that earlier places stay where they are.
    accepted.sort_by_key(|edit| std::cmp::Reverse(edit.span.start()));
    let fixed = per_file.into_iter().filter_map(|(id, count)| {
        let file = sources.file(id)?;
        let mut bytes = file.bytes().to_vec();
        for edit in accepted.iter().filter(|edit| edit.span.file == id) {
            replace(&mut bytes, edit);
        }
        Some(Fixed {
            path: file.path().to_path_buf(),
            read: file.bytes().to_vec(),
            bytes,
            count,
        })
    });
    fixed.collect()
}

/// A file that is included twice was read twice: the first number of each.
fn first_readings(sources: &SourceMap) -> BTreeMap<FileId, FileId> {
    let mut first: BTreeMap<(&Path, &[u8]), FileId> = BTreeMap::new();
    let of_each = sources.files().map(|(id, file)| {
        let same = *first.entry((file.path(), file.bytes())).or_insert(id);
        (id, same)
    });
    of_each.collect()
}

fn in_first_reading(edit: &Edit, first: &BTreeMap<FileId, FileId>) -> Edit {
    let file = first.get(&edit.span.file).copied();
    let span = Span::new(
        file.unwrap_or(edit.span.file),
        edit.span.start(),
        edit.span.end(),
    );
    Edit {
        span,
        text: edit.text.clone(),
    }
}

fn overlap(one: &Edit, other: &Edit) -> bool {
    let (a, b) = (one.span, other.span);
    a.file == b.file && a.start() <= b.end() && b.start() <= a.end()
}

fn replace(bytes: &mut Vec<u8>, edit: &Edit) {
    let (start, end) = (edit.span.start(), edit.span.end());
    if start > end || end > bytes.len() {
        return;
    }
    bytes.splice(start..end, edit.text.bytes());
    if edit.text.is_empty() {
        remove_if_blank(bytes, start);
    }
}

/// Removes the line that holds `at`, with its newline, if nothing is left on it.
fn remove_if_blank(bytes: &mut Vec<u8>, at: usize) {
    let before = bytes.get(..at).unwrap_or_default();
    let after = bytes.get(at..).unwrap_or_default();
    let start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let end = after
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |past| at + past + 1);
    let line = bytes.get(start..end).unwrap_or_default();
    if line.iter().all(u8::is_ascii_whitespace) {
        bytes.drain(start..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    /// The text after those replacements, each a fix of its own.
    fn fixed(text: &str, edits: &[(usize, usize, &str)]) -> (String, usize) {
        let mut sources = SourceMap::default();
        let id = sources.add("a.conf".into(), text.as_bytes().to_vec());
        let found: Vec<_> = edits
            .iter()
            .map(|(start, end, new)| {
                let span = Span::new(id, *start, *end);
                Diagnostic::warning(Code::UnknownKeyword, span, "x").fix("y", span, *new)
            })
            .collect();
        let fixed = apply_fixes(&found, &sources).remove(0);
        (String::from_utf8(fixed.bytes).unwrap(), fixed.count)
    }

    #[test]
    fn replacements_do_not_disturb_each_other() {
        assert_eq!(
            fixed(
                "prioity 1\nwieght 2\n",
                &[(0, 7, "priority"), (10, 16, "weight")]
            ),
            ("priority 1\nweight 2\n".to_owned(), 2)
        );
    }

    #[test]
    fn a_line_that_becomes_blank_goes() {
        assert_eq!(fixed("a\n  b c\nd\n", &[(4, 7, "")]).0, "a\nd\n");
        assert_eq!(fixed("a # b\nd\n", &[(0, 1, "")]).0, " # b\nd\n");
    }

    #[test]
    fn of_two_that_overlap_the_first_counts() {
        assert_eq!(
            fixed("abcdef", &[(0, 3, "x"), (2, 5, "y")]),
            ("xdef".to_owned(), 1)
        );
    }

    #[test]
    fn a_file_that_was_read_twice_is_changed_once() {
        let mut sources = SourceMap::default();
        let found: Vec<_> = (0..2)
            .map(|_| {
                let id = sources.add("a.conf".into(), b"prioity 1\n".to_vec());
                let span = Span::new(id, 0, 7);
                Diagnostic::warning(Code::UnknownKeyword, span, "x").fix("y", span, "priority")
            })
            .collect();
        let fixed = apply_fixes(&found, &sources);
        let texts: Vec<_> = fixed.iter().map(|file| file.bytes.as_slice()).collect();
        assert_eq!(texts, [b"priority 1\n"]);
    }
}
