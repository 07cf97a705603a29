//! docs/events.md lists every word that programs can meet, and no other.

use standfast_api::record::{CAUSES, KINDS, OWN_KINDS};

#[test]
fn the_document_lists_every_word_with_its_meaning() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md");
    let text = std::fs::read_to_string(path).unwrap();
    let listed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let known: Vec<String> = [OWN_KINDS, KINDS, CAUSES]
        .iter()
        .flat_map(|words| words.iter())
        .map(|(word, meaning)| format!("| `{word}` | {meaning} |"))
        .collect();
    assert_eq!(listed, known);
}

#[test]
fn words_are_kebab_case_and_unique() {
    for words in [[OWN_KINDS, KINDS].concat(), CAUSES.to_vec()] {
        let mut seen = std::collections::BTreeSet::new();
        for (word, meaning) in words {
            let kebab = |letter: char| letter.is_ascii_lowercase() || letter == '-';
            assert!(word.chars().all(kebab), "{word}");
            assert!(!meaning.is_empty() && !meaning.contains('|'), "{meaning}");
            assert!(seen.insert(word), "{word} twice");
        }
    }
}
