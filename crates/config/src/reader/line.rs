//! One logical line: its bytes after comments and definitions, and where each of them was written.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::Bindings;
use crate::span::{FileId, Span};

/// Where the bytes of a line come from.
#[derive(Clone, Debug)]
enum Origin {
    /// They stand in the file one after another.
    Direct {
        file: FileId,
        bytes: Arc<Vec<u8>>,
        range: Range<usize>,
    },
    /// Each has its own place.
    Mapped { text: Vec<u8>, spans: Vec<Span> },
}

/// What a line may hold, so that most of the steps pass most lines by without another look at their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    /// `#`, `!` or `"`.
    pub(super) const COMMENT: Self = Self(1);
    /// `$`.
    pub(super) const REFERENCE: Self = Self(2);
    /// `{` or `}`.
    pub(super) const BRACE: Self = Self(4);
    /// A NUL byte.
    pub(super) const NUL: Self = Self(8);
    /// Anything but blanks.
    pub(super) const TEXT: Self = Self(16);
    /// Nobody looked.
    const ALL: Self = Self(31);
    const END: u8 = 128;

    /// The marks of each byte.
    const TABLE: [u8; 256] = {
        let mut table = [Self::TEXT.0; 256];
        let blanks = [b' ', b'\t', 0x0b, 0x0c, b'\r'];
        let mut at = 0;
        while at < blanks.len() {
            table[blanks[at] as usize] = 0;
            at += 1;
        }
        table[b'#' as usize] |= Self::COMMENT.0;
        table[b'!' as usize] |= Self::COMMENT.0;
        table[b'"' as usize] |= Self::COMMENT.0;
        table[b'$' as usize] |= Self::REFERENCE.0;
        table[b'{' as usize] |= Self::BRACE.0;
        table[b'}' as usize] |= Self::BRACE.0;
        table[0] |= Self::NUL.0;
        table[b'\n' as usize] = Self::END;
        table
    };

    /// Length and marks of the line that the bytes begin with.
    pub(super) fn of_line(bytes: &[u8]) -> (usize, Self) {
        let mut marks = 0;
        for (at, byte) in bytes.iter().enumerate() {
            // There is an entry for every byte.
            let mark = Self::TABLE[usize::from(*byte)];
            if mark == Self::END {
                return (at, Self(marks));
            }
            marks |= mark;
        }
        (bytes.len(), Self(marks))
    }

    /// Whether there is text, and nothing that a step before the parser looks for.
    pub(super) fn is_plain(self) -> bool {
        self == Self::TEXT
    }

    /// Whether there are text and braces, and nothing else that a step before the parser looks for.
    pub(super) fn is_words_and_braces(self) -> bool {
        self.0 == Self::TEXT.0 | Self::BRACE.0
    }

    /// Whether any of the other's are among them.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A logical line on its way from the file to the parser.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    origin: Origin,
    marks: Marks,
    /// How many expansions of definitions and sequences led to it.
    pub(super) depth: usize,
    /// Sequence variables that hold within it.
    pub(super) bindings: Option<Rc<Bindings>>,
    /// Its comment is off already, so a `#` in it is text.
    pub(super) uncommented: bool,
    /// Something in it stands for something else in the file.
    pub(super) expanded: bool,
}

impl Line {
    /// A line as it stands in a file; `bytes` are the whole file's.
    pub(super) fn direct(
        file: FileId,
        bytes: Arc<Vec<u8>>,
        range: Range<usize>,
        marks: Marks,
    ) -> Self {
        Self {
            origin: Origin::Direct { file, bytes, range },
            marks,
            depth: 0,
            bindings: None,
            uncommented: false,
            expanded: false,
        }
    }

    /// A line whose bytes all stand for the same piece of text.
    pub(super) fn standing_for(text: Vec<u8>, span: Span) -> Self {
        let spans = vec![span; text.len()];
        Self {
            origin: Origin::Mapped { text, spans },
            marks: Marks::ALL,
            depth: 0,
            bindings: None,
            uncommented: true,
            expanded: true,
        }
    }

    /// Whether any of the bytes that the marks stand for may be in it.
    pub(super) fn may_have(&self, marks: Marks) -> bool {
        self.marks.has(marks)
    }

    pub(crate) fn text(&self) -> &[u8] {
        match &self.origin {
            Origin::Direct { bytes, range, .. } => bytes.get(range.clone()).unwrap_or_default(),
            Origin::Mapped { text, .. } => text,
        }
    }

    /// Where those bytes were written; at the end of the line an empty span.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        match &self.origin {
            Origin::Direct {
                file, range: line, ..
            } => Span::new(*file, line.start + range.start, line.start + range.end),
            Origin::Mapped { spans, .. } => {
                let covered = spans.get(range).unwrap_or_default();
                match (covered.first(), covered.last(), spans.last()) {
                    (Some(first), Some(last), _) => first.to(*last),
                    (_, _, Some(last)) => last.at_end(),
                    (_, _, None) => Span::default(),
                }
            }
        }
    }

    /// Where the whole line was written.
    pub(crate) fn whole(&self) -> Span {
        self.span(0..self.text().len())
    }

    /// How it reads, where that is not how it was written at one place: definitions and sequences were expanded.
    pub(crate) fn expanded(&self) -> Option<&str> {
        let text = self.expanded.then(|| self.text())?;
        std::str::from_utf8(text).ok()
    }

    /// The bytes of that range as a line of their own.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        self.clone().cut(range)
    }

    /// Only the bytes of that range; none where it is not within the line.
    pub(super) fn cut(mut self, part: Range<usize>) -> Self {
        let within = part.start <= part.end && part.end <= self.text().len();
        let part = if within { part } else { 0..0 };
        match &mut self.origin {
            Origin::Direct { range, .. } => {
                *range = range.start + part.start..range.start + part.end;
            }
            Origin::Mapped { text, spans } => {
                text.truncate(part.end);
                spans.truncate(part.end);
                text.drain(..part.start);
                spans.drain(..part.start);
            }
        }
        self
    }

    /// Without blanks at either end.
    pub(super) fn trimmed(self) -> Self {
        let text = self.text();
        let length = text.len();
        let start = text.iter().position(|byte| !is_blank(*byte));
        let start = start.unwrap_or(length);
        let end = text.iter().rposition(|byte| !is_blank(*byte));
        let end = end.map_or(start, |last| last + 1);
        if start == 0 && end == length {
            self
        } else {
            self.cut(start..end)
        }
    }

    /// Each byte's place.
    fn places(&self) -> Vec<Span> {
        (0..self.text().len())
            .map(|at| self.span(at..at + 1))
            .collect()
    }

    /// Puts other bytes in place of a range; they stand for `span`.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &[u8], span: Span) {
        let (mut text, mut spans) = match &mut self.origin {
            Origin::Mapped { text, spans } => (std::mem::take(text), std::mem::take(spans)),
            Origin::Direct { .. } => (self.text().to_vec(), self.places()),
        };
        spans.splice(range.clone(), vec![span; with.len()]);
        text.splice(range, with.iter().copied());
        self.origin = Origin::Mapped { text, spans };
        self.marks = Marks::ALL;
    }

    /// Puts the bytes of another line, with their places, in front.
    pub(super) fn prefixed(self, prefix: &Self) -> Self {
        let mut spans = prefix.places();
        spans.append(&mut self.places());
        let text = [prefix.text(), self.text()].concat();
        Self {
            origin: Origin::Mapped { text, spans },
            marks: Marks::ALL,
            ..self
        }
    }
}

/// Whether keepalived splits words at this byte.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
impl Line {
    /// A line that begins its file.
    pub(crate) fn for_test(text: &[u8], file: FileId) -> Self {
        Self::direct(file, Arc::new(text.to_vec()), 0..text.len(), Marks::ALL)
    }
}
