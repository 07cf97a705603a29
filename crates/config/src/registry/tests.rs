//! Tests of the registry.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_keyword_stands_once_in_its_block() {
    for block in Block::ALL {
        let names: BTreeSet<_> = block
            .keywords()
            .iter()
            .map(|keyword| keyword.name)
            .collect();
        assert_eq!(names.len(), block.keywords().len(), "{block:?}");
    }
}

#[test]
fn every_keyword_has_one_sentence() {
    for (block, keyword) in Block::ALL
        .iter()
        .flat_map(|b| b.keywords().iter().map(move |k| (b, k)))
    {
        assert!(keyword.doc.ends_with('.'), "{block:?} {}", keyword.name);
        assert!(keyword.doc.len() > 8, "{block:?} {}", keyword.name);
    }
}

#[test]
fn every_block_says_what_it_is_for() {
    for block in Block::ALL {
        let doc = block.doc();
        assert!(doc.ends_with('.') && doc.len() > 60, "{block:?}: {doc}");
    }
}

#[test]
fn every_block_but_the_root_is_opened_by_a_keyword() {
    let opened: BTreeSet<_> = Block::ALL
        .iter()
        .flat_map(|block| block.keywords())
        .filter_map(|keyword| match keyword.syntax {
            Syntax::Block(block) | Syntax::Named(block) => Some(block),
            _ => None,
        })
        .collect();
    for block in Block::ALL.iter().filter(|block| **block != Block::Root) {
        assert!(opened.contains(block), "{block:?}");
    }
}

#[test]
fn the_counts_match_the_manual() {
    assert!(
        Block::Global.keywords().len() >= 140,
        "{}",
        Block::Global.keywords().len()
    );
    assert!(Block::VrrpInstance.keywords().len() >= 68);
}
