//! `journal` and `journal_size`.

use std::path::PathBuf;

use crate::diagnostic::{Code, Diagnostic};
use crate::model::JournalPlace;
use crate::parse::{Entry, Parsed};
use crate::registry::Value;

impl Parsed<'_> {
    /// False where the keyword is not about the journal.
    pub(super) fn apply_journal(&mut self, entry: &Entry) -> bool {
        match (entry.keyword.name, &entry.value) {
            ("journal_size", Value::Integer(number)) => {
                if let Ok(size) = u16::try_from(*number) {
                    self.global.defs.journal.size_mib = size;
                }
            }
            ("journal", _) => self.apply_journal_place(entry),
            _ => return false,
        }
        true
    }

    fn apply_journal_place(&mut self, entry: &Entry) {
        let Some(word) = entry.first() else { return };
        self.global.defs.journal.place = match word.value.as_str() {
            "off" => JournalPlace::Off,
            path if path.starts_with('/') => JournalPlace::At(word.map(PathBuf::from)),
            other => {
                let text =
                    format!("`{other}` is neither `off` nor a path from the root; it is ignored");
                let diagnostic = Diagnostic::error(Code::InvalidValue, word.span, text);
                self.reader.sink.push(diagnostic);
                return;
            }
        };
    }
}
