//! Finds a keyword by its name without comparing it with all others.

use super::Keyword;

/// Places in an index: a power of two, more than twice as many as the largest block has keywords.
const PLACES: usize = 512;

/// The keywords of one block by a hash of their names; made at compile time.
#[derive(Debug)]
pub(super) struct Index {
    /// A keyword's number in the block's list plus one, at its hash or the next free place; 0 for none.
    places: [u16; PLACES],
}

impl Index {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "compilation fails before a number is too large"
    )]
    pub(super) const fn of(keywords: &[Keyword]) -> Self {
        assert!(keywords.len() < PLACES / 2, "more places are needed");
        let mut places = [0; PLACES];
        let mut number = 0;
        while number < keywords.len() {
            let mut at = hash(keywords[number].name.as_bytes());
            while places[at] != 0 {
                at = (at + 1) % PLACES;
            }
            number += 1;
            places[at] = number as u16;
        }
        Self { places }
    }

    /// The keyword of that name in the list that the index was made of.
    pub(super) fn find<'a>(&self, keywords: &'a [Keyword], name: &str) -> Option<&'a Keyword> {
        let start = hash(name.as_bytes());
        let (before, after) = self.places.split_at_checked(start)?;
        for number in after.iter().chain(before) {
            let keyword = keywords.get(usize::from(*number).checked_sub(1)?)?;
            if keyword.name == name {
                return Some(keyword);
            }
        }
        None
    }
}

/// FNV-1a, folded to a place.
const fn hash(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut at = 0;
    while at < name.len() {
        hash = (hash ^ name[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 16)) as usize % PLACES
}
