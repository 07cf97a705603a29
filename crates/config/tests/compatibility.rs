//! docs/compatibility.md says of every keyword what becomes of it, and says it as the registry does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use standfast_config::registry::{Acts, Block};

/// What the document says of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Acts,
    Not,
}

/// A keyword by its block's name.
type Place = (String, String);

const LONGEST_LINE: usize = 160;
/// The heading of the keywords of blocks that are a later release's.
const LATER: &str = "## Not yet: a later release";

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    fs::read_to_string(path).expect("the document is there")
}

/// The words between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The block that a heading names; none for sections that are not about keywords.
fn block_of(heading: &str) -> Option<String> {
    match heading {
        "### Root" => Some(String::new()),
        _ => heading
            .strip_prefix("### `")
            .and_then(|rest| rest.split('`').next())
            .map(str::to_owned),
    }
}

fn verdict(cell: &str) -> Option<Verdict> {
    match cell {
        "same" | "better" | "ours" => Some(Verdict::Acts),
        "not" => Some(Verdict::Not),
        _ => None,
    }
}

/// Every keyword of the document; one that stands twice is a failure.
fn said(text: &str) -> BTreeMap<Place, Verdict> {
    let mut said = BTreeMap::new();
    let mut add = |block: &str, keyword: String, verdict| {
        let place = (block.to_owned(), keyword);
        let before = said.insert(place.clone(), verdict);
        assert_eq!(before, None, "{place:?} stands twice");
    };
    let (mut block, mut later) = (None, false);
    for line in text.lines() {
        if line.starts_with('#') {
            block = block_of(line);
            later = line == LATER;
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match (&block, &cells[..]) {
            (Some(block), ["", keywords, word, ..]) => {
                if let Some(verdict) = verdict(word) {
                    for keyword in quoted(keywords) {
                        add(block, keyword, verdict);
                    }
                }
            }
            (None, ["", blocks, keywords, ""]) if later => {
                for block in quoted(blocks) {
                    for keyword in quoted(keywords) {
                        add(&block, keyword, Verdict::Not);
                    }
                }
            }
            _ => {}
        }
    }
    said
}

fn known() -> BTreeMap<Place, Verdict> {
    let mut known = BTreeMap::new();
    for block in Block::ALL {
        for keyword in block.keywords() {
            let verdict = match keyword.acts {
                Acts::Yes => Verdict::Acts,
                Acts::NotYet => Verdict::Not,
                // Without effect because there is nothing to do: the document says which of both that is.
                Acts::Needless(_) => continue,
            };
            known.insert((block.name().to_owned(), keyword.name.to_owned()), verdict);
        }
    }
    known
}

#[test]
fn every_keyword_stands_under_its_block_with_what_the_registry_says() {
    let (said, known) = (said(&document()), known());
    let missing: Vec<_> = known.keys().filter(|at| !said.contains_key(*at)).collect();
    let registry: Vec<Place> = Block::ALL
        .iter()
        .flat_map(|block| {
            let names = block.keywords().iter();
            names.map(move |keyword| (block.name().to_owned(), keyword.name.to_owned()))
        })
        .collect();
    let unknown: Vec<_> = said.keys().filter(|at| !registry.contains(at)).collect();
    assert!(missing.is_empty(), "not in the document: {missing:?}");
    assert!(unknown.is_empty(), "not in the registry: {unknown:?}");
    let wrong: Vec<_> = known
        .iter()
        .filter(|(at, verdict)| said.get(*at) != Some(*verdict))
        .collect();
    assert!(wrong.is_empty(), "the registry says otherwise: {wrong:?}");
}

#[test]
fn what_differs_from_the_registry_is_noticed() {
    let text = "### `garp_group`\n| `interface` `nonsense` | not | why |\n";
    let said = said(text);
    let at = |keyword: &str| ("garp_group".to_owned(), keyword.to_owned());
    assert_eq!(said.get(&at("interface")), Some(&Verdict::Not));
    assert_eq!(known().get(&at("interface")), Some(&Verdict::Acts));
    assert!(!known().contains_key(&at("nonsense")));
}

#[test]
fn lines_are_short_enough_to_read() {
    let text = document();
    let long: Vec<&str> = text
        .lines()
        .filter(|line| line.chars().count() > LONGEST_LINE)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
