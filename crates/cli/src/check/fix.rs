//! `check --fix`: certain changes, tried in memory first, then written to the files.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use standfast_config::{
    Code, Diagnostic, Entry, FileKind, FileSource, Fixed, Loaded, Source, apply_fixes, printable,
};

use crate::replace::replace;

/// Fixes that are tried one by one where all together do harm.
const MAX_SINGLE_TRIALS: usize = 64;
/// Findings that a fix must not bring: then it was not what was meant.
const HARM: &[Code] = &[
    Code::UnmatchedQuote,
    Code::UnexpectedBrace,
    Code::ExtraCloseBrace,
    Code::MissingOpenBrace,
    Code::MissingCloseBrace,
    Code::MissingParameter,
    Code::AlreadySpecified,
    Code::RepeatedKeyword,
];

/// Writes every file that a fix changes, and says what was done; false where that failed. `read_again` reads the same
/// configuration from another source.
pub(super) fn apply(loaded: &Loaded, read_again: impl Fn(&dyn Source) -> Loaded) -> bool {
    let harmless = |fixes: &[Diagnostic]| {
        let files = apply_fixes(fixes, &loaded.sources);
        !does_harm(loaded, &read_again(&Overlay::new(&files)))
    };
    let all = loaded
        .diagnostics
        .iter()
        .filter(|found| found.fix.is_some());
    let all: Vec<Diagnostic> = all.cloned().collect();
    let chosen = if harmless(&all) {
        all
    } else {
        one_by_one(all, harmless)
    };
    let mut done = true;
    for fixed in apply_fixes(&chosen, &loaded.sources) {
        let path = printable(&fixed.path.to_string_lossy());
        match replace(&fixed.path, &fixed.read, &fixed.bytes) {
            Ok(()) => say(&fixed, &chosen, loaded),
            Err(why) => {
                eprintln!("standfast: {path} {why}");
                done = false;
            }
        }
    }
    done
}

/// Those that do no harm, in the order of the text.
fn one_by_one(all: Vec<Diagnostic>, harmless: impl Fn(&[Diagnostic]) -> bool) -> Vec<Diagnostic> {
    let mut chosen: Vec<Diagnostic> = Vec::new();
    for fix in all.into_iter().take(MAX_SINGLE_TRIALS) {
        chosen.push(fix);
        if !harmless(&chosen) {
            chosen.pop();
        }
    }
    chosen
}

fn does_harm(before: &Loaded, after: &Loaded) -> bool {
    let count = |loaded: &Loaded, code: &Code| {
        let all = loaded.diagnostics.iter();
        all.filter(|found| found.code == *code).count()
    };
    HARM.iter()
        .any(|code| count(after, code) > count(before, code))
}

/// Each change with its place.
fn say(fixed: &Fixed, chosen: &[Diagnostic], loaded: &Loaded) {
    for found in chosen {
        let (Some(fix), Some(place)) = (&found.fix, loaded.sources.locate(found.primary)) else {
            continue;
        };
        if place.path == fixed.path {
            eprintln!(
                "{}:{}: fixed: {}",
                printable(&place.path.to_string_lossy()),
                place.line,
                fix.title
            );
        }
    }
}

/// The real files, with some of them as they would be.
struct Overlay<'f> {
    files: BTreeMap<PathBuf, &'f [u8]>,
}

impl<'f> Overlay<'f> {
    fn new(files: &'f [Fixed]) -> Self {
        let files = files
            .iter()
            .map(|file| (file.path.clone(), file.bytes.as_slice()));
        Self {
            files: files.collect(),
        }
    }
}

impl Source for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.files.get(path) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => FileSource.read(path),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        FileSource.kind(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        FileSource.list(directory)
    }
}
