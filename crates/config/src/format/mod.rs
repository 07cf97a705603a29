//! The formatter: one layout for keepalived.conf, without a change to what it means.
//!
//! Lines are taken from the lossless [`tree`](crate::tree), as keepalived's language is one of lines: [`line`] says what may be
//! done to each, [`braces`] how deep it stands, [`layout`] writes it, and [`meaning`] compares what the reader makes of the
//! text before and after.
//!
//! What may hold more than it shows stays as it is written, but for its indentation: definitions, sequences, includes,
//! lines with a condition, and everything from a `$` on.

mod braces;
mod layout;
mod line;
mod meaning;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::tree::MAX_TREE_BYTES;

/// Largest text that is formatted, in bytes: as much as the tree takes apart.
pub const MAX_FORMAT_BYTES: usize = MAX_TREE_BYTES;

/// Why a text can't be formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// It is longer than [`MAX_FORMAT_BYTES`].
    TooLarge,
    /// The `}` in this line (from 1) closes nothing.
    ExtraClose {
        /// Its line.
        line: usize,
    },
    /// The `{` in this line (from 1) is never closed.
    Unclosed {
        /// Its line.
        line: usize,
    },
    /// The result would not be read as the text is, which is a defect of the formatter.
    WouldChange,
}

impl fmt::Display for FormatError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(
                formatter,
                "it is larger than {MAX_FORMAT_BYTES} bytes; split it with `include`"
            ),
            Self::ExtraClose { line } => write!(
                formatter,
                "the `}}` in line {line} closes nothing; remove it, or add the `{{` it belongs to"
            ),
            Self::Unclosed { line } => write!(
                formatter,
                "the `{{` in line {line} is never closed; add its `}}`"
            ),
            Self::WouldChange => formatter.write_str(
                "its layout can't be changed without changing what it means; please report this file",
            ),
        }
    }
}

impl std::error::Error for FormatError {}

/// The text in the one layout: four spaces a block, one statement a line, `{` after its keyword, `}` on its own line,
/// single blanks between words, at most one empty line in a row.
///
/// What the reader makes of it stays the same under every configuration id, and formatting twice is formatting once.
///
/// # Errors
///
/// For braces that don't match, and for more than [`MAX_FORMAT_BYTES`].
pub fn format(text: &[u8]) -> Result<Vec<u8>, FormatError> {
    if text.len() > MAX_FORMAT_BYTES {
        return Err(FormatError::TooLarge);
    }
    let lines = line::lines(text);
    let readings = braces::readings(&lines);
    let depths = braces::depths(&lines, &readings)?;
    let formatted = layout::write(&lines, &depths);
    if meaning::is_same(text, &formatted, &readings) {
        Ok(formatted)
    } else {
        Err(FormatError::WouldChange)
    }
}
