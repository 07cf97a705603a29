//! Where events are kept (Standfast's own keywords `journal`, `journal_size`).

use std::path::PathBuf;

use crate::span::Spanned;

/// Size of the journal where nothing is said, in MiB.
const DEFAULT_SIZE_MIB: u16 = 4;

/// The journal on disk.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Journal {
    /// `journal`.
    pub place: JournalPlace,
    /// `journal_size`: of all its files together, in MiB.
    pub size_mib: u16,
}

impl Default for Journal {
    fn default() -> Self {
        Journal {
            place: JournalPlace::default(),
            size_mib: DEFAULT_SIZE_MIB,
        }
    }
}

/// Where the journal is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalPlace {
    /// Below `/var/lib/standfast`.
    #[default]
    Usual,
    /// Nowhere but in memory: `journal off`.
    Off,
    /// In this folder.
    At(Spanned<PathBuf>),
}
