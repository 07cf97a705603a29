//! One logical line: its bytes after comments and definitions, and where each of them was written.

use std::ops::Range;
use std::rc::Rc;

use super::Bindings;
use crate::span::{FileId, Span};

/// Where the bytes of a line come from.
#[derive(Clone, Debug)]
enum Origin {
    /// They stand in the file one after another.
    Direct { file: FileId, start: usize },
    /// Each has its own place.
    Mapped(Vec<Span>),
}

/// A logical line on its way from the file to the parser.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    text: Vec<u8>,
    origin: Origin,
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
    /// A line as it stands in a file at that offset.
    pub(super) fn direct(text: Vec<u8>, file: FileId, start: usize) -> Self {
        let origin = Origin::Direct { file, start };
        Self {
            text,
            origin,
            depth: 0,
            bindings: None,
            uncommented: false,
            expanded: false,
        }
    }

    /// A line whose bytes all stand for the same piece of text.
    pub(super) fn standing_for(text: Vec<u8>, span: Span) -> Self {
        let origin = Origin::Mapped(vec![span; text.len()]);
        Self {
            text,
            origin,
            depth: 0,
            bindings: None,
            uncommented: true,
            expanded: true,
        }
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where those bytes were written; at the end of the line an empty span.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        match &self.origin {
            Origin::Direct { file, start } => {
                Span::new(*file, start + range.start, start + range.end)
            }
            Origin::Mapped(spans) => {
                let covered = spans.get(range).unwrap_or_default();
                match (covered.first(), covered.last(), spans.last()) {
                    (Some(first), Some(last), _) => first.to(*last),
                    (_, _, Some(last)) => Span::new(last.file, last.end, last.end),
                    (_, _, None) => Span::default(),
                }
            }
        }
    }

    /// Where the whole line was written.
    pub(crate) fn whole(&self) -> Span {
        self.span(0..self.text.len())
    }

    /// How it reads, where that is not how it was written at one place: definitions and sequences were expanded.
    pub(crate) fn expanded(&self) -> Option<&str> {
        let text = self.expanded.then_some(self.text.as_slice())?;
        std::str::from_utf8(text).ok()
    }

    /// The bytes of that range as a line of their own.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or_default().to_vec();
        let origin = match &self.origin {
            Origin::Direct { file, start } => Origin::Direct {
                file: *file,
                start: start + range.start,
            },
            Origin::Mapped(spans) => Origin::Mapped(spans.get(range).unwrap_or_default().to_vec()),
        };
        Self {
            text,
            origin,
            bindings: self.bindings.clone(),
            ..*self
        }
    }

    /// Without blanks at either end.
    pub(super) fn trimmed(self) -> Self {
        let start = self.text.iter().take_while(|byte| is_blank(**byte)).count();
        let end = self.text.len()
            - self
                .text
                .iter()
                .rev()
                .take_while(|byte| is_blank(**byte))
                .count();
        if start == 0 && end == self.text.len() {
            self
        } else {
            self.slice(start..end.max(start))
        }
    }

    /// Puts other bytes in place of a range; they stand for `span`.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &[u8], span: Span) {
        let mut spans = match &self.origin {
            Origin::Mapped(spans) => spans.clone(),
            Origin::Direct { file, start } => (*start..*start + self.text.len())
                .map(|at| Span::new(*file, at, at + 1))
                .collect(),
        };
        spans.splice(range.clone(), vec![span; with.len()]);
        self.text.splice(range, with.iter().copied());
        self.origin = Origin::Mapped(spans);
    }

    /// Puts the bytes of another line, with their places, in front.
    pub(super) fn prefixed(mut self, prefix: &Self) -> Self {
        let mut spans: Vec<Span> = (0..prefix.text.len())
            .map(|at| prefix.span(at..at + 1))
            .collect();
        spans.extend((0..self.text.len()).map(|at| self.span(at..at + 1)));
        let mut text = prefix.text.clone();
        text.append(&mut self.text);
        Self {
            text,
            origin: Origin::Mapped(spans),
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
        Self::direct(text.to_vec(), file, 0)
    }
}
