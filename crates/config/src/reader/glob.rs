//! File name patterns: `*`, `?`, `[a-z]` and `{a,b}` (glob(7)).

use std::path::{Path, PathBuf};

use crate::source::Source;

/// Paths one pattern may stand for.
const MAX_MATCHES: usize = 4096;

/// The paths a pattern stands for, and what was odd about it.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// Existing paths, sorted within each brace alternative.
    pub(super) paths: Vec<PathBuf>,
    /// Alternatives without a match.
    pub(super) unmatched: Vec<PathBuf>,
    /// The pattern has `*`, `?` or `[`.
    pub(super) wildcard: bool,
}

/// Finds what exists of a pattern, relative to `directory`.
pub(super) fn find(source: &dyn Source, directory: &Path, pattern: &str) -> Matches {
    let mut matches = Matches {
        wildcard: has_wildcard(pattern),
        ..Matches::default()
    };
    for alternative in alternatives(pattern) {
        let path = directory.join(&alternative);
        let found = if has_wildcard(&alternative) {
            walk(source, directory, &alternative)
        } else if source.kind(&path).is_ok() {
            vec![path.clone()]
        } else {
            Vec::new()
        };
        if found.is_empty() {
            matches.unmatched.push(path);
        }
        let room = MAX_MATCHES.saturating_sub(matches.paths.len());
        matches.paths.extend(found.into_iter().take(room));
    }
    matches
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

/// The pattern with its first group of braces written out, again and again until none is left.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.to_owned()];
    while let Some(pattern) = waiting.pop() {
        match innermost_braces(&pattern) {
            Some((before, inside, after)) if done.len() + waiting.len() < MAX_MATCHES => {
                let written = |part: &str| format!("{before}{part}{after}");
                waiting.extend(inside.split(',').rev().map(written));
            }
            _ => done.push(pattern),
        }
    }
    done
}

fn innermost_braces(pattern: &str) -> Option<(&str, &str, &str)> {
    let (head, after) = pattern.split_once('}')?;
    let (before, inside) = head.rsplit_once('{')?;
    Some((before, inside, after))
}

/// Existing paths of a pattern without braces, sorted.
fn walk(source: &dyn Source, directory: &Path, pattern: &str) -> Vec<PathBuf> {
    let start = if pattern.starts_with('/') {
        PathBuf::from("/")
    } else {
        directory.to_owned()
    };
    let mut found = vec![start];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for base in found {
            if !has_wildcard(part) {
                next.push(base.join(part));
                continue;
            }
            let mut names: Vec<String> = source
                .list(&base)
                .unwrap_or_default()
                .into_iter()
                .map(|entry| entry.name)
                .filter(|name| !name.starts_with('.') || part.starts_with('.'))
                .filter(|name| matches(part, name))
                .collect();
            names.sort();
            next.extend(names.into_iter().map(|name| base.join(name)));
            next.truncate(MAX_MATCHES);
        }
        found = next;
    }
    found.retain(|path| source.kind(path).is_ok());
    found
}

/// Whether a name fits a pattern of one path component; linear in pattern times name.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match (pattern.get(p), name.get(n)) {
            (Some('*'), _) => {
                retry = Some((p + 1, n));
                p += 1;
                continue;
            }
            (Some('?'), Some(_)) => Some(p + 1),
            (Some('['), Some(&letter)) => class(&pattern, p, letter),
            (Some(expected), Some(letter)) if expected == letter => Some(p + 1),
            _ => None,
        };
        match (step, retry) {
            (Some(next), _) => (p, n) = (next, n + 1),
            (None, Some((after_star, from))) => {
                retry = Some((after_star, from + 1));
                (p, n) = (after_star, from + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.iter().skip(p).all(|letter| *letter == '*')
}

/// Where the pattern goes on after a `[...]` that holds the letter.
fn class(pattern: &[char], open: usize, letter: char) -> Option<usize> {
    let negated = matches!(pattern.get(open + 1), Some('!' | '^'));
    let first = open + 1 + usize::from(negated);
    let close = first + 1 + pattern.get(first + 1..)?.iter().position(|c| *c == ']')?;
    let mut inside = pattern.get(first..close)?;
    let mut holds = false;
    while let [low, rest @ ..] = inside {
        if let ['-', high, more @ ..] = rest {
            holds |= (*low..=*high).contains(&letter);
            inside = more;
        } else {
            holds |= *low == letter;
            inside = rest;
        }
    }
    (holds != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemorySource;

    #[test]
    fn components_match_as_the_shell_does() {
        assert!(matches("*.conf", "a.conf"));
        assert!(matches("a?[b-d]*", "axc"));
        assert!(matches("[!x]", "y"));
        assert!(!matches("*.conf", "a.cfg"));
        assert!(!matches("[!x]", "x"));
        assert!(!matches(&"*a".repeat(50), &"b".repeat(200)));
    }

    #[test]
    fn braces_are_written_out_also_within_each_other() {
        let mut written = alternatives("a{1,2{3,4}}");
        written.sort();
        written.dedup();
        assert_eq!(written, ["a1", "a23", "a24"]);
    }

    #[test]
    fn patterns_find_files_in_sorted_order() {
        let mut source = MemorySource::with("/etc/k/b.conf", "");
        source.add("/etc/k/a.conf", "");
        source.add("/etc/k/.hidden.conf", "");
        source.add("/etc/k/sub/c.conf", "");
        let names = |pattern: &str| {
            let found = find(&source, Path::new("/etc"), pattern);
            found
                .paths
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("k/*.conf"), ["/etc/k/a.conf", "/etc/k/b.conf"]);
        assert_eq!(names("k/*/c.conf"), ["/etc/k/sub/c.conf"]);
        assert_eq!(
            names("/etc/k/{b,a}.conf"),
            ["/etc/k/b.conf", "/etc/k/a.conf"]
        );
        assert!(names("nothing*").is_empty());
    }
}
