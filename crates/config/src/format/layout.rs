//! Writes lines in the one layout.

use super::line::{BYTE_ORDER_MARK, INDENT, Kind, SourceLine, trim_end, trim_start};
use crate::tree::{MAX_TREE_DEPTH, Token, TokenKind};

/// A line to be written.
struct Row {
    depth: usize,
    text: Vec<u8>,
    comment: Vec<u8>,
    /// It is a statement that a `{` may follow.
    is_header: bool,
}

/// The lines, which begin at those depths, in the one layout.
pub(super) fn write(lines: &[SourceLine<'_>], depths: &[usize]) -> Vec<u8> {
    let mut page = Page::default();
    for (line, depth) in lines.iter().zip(depths) {
        page.take(line, *depth);
    }
    page.print()
}

#[derive(Default)]
struct Page {
    rows: Vec<Row>,
}

impl Page {
    fn take(&mut self, line: &SourceLine<'_>, depth: usize) {
        match line.kind {
            Kind::Empty => {
                if self.rows.last().is_none_or(|row| !row.is_empty()) {
                    self.push(0, Vec::new());
                }
            }
            Kind::Fixed => {
                let mut text = line.bytes.to_vec();
                // One CR goes with the newline, and this one is not it.
                text.extend(line.bytes.ends_with(b"\r").then_some(b'\r'));
                self.push(0, text);
            }
            Kind::Continuation => self.push(0, trim_end(line.bytes).to_vec()),
            Kind::Whole => self.whole(line, depth, line.code.to_vec()),
            Kind::Squeezed => self.whole(line, depth, line.squeezed(&line.tokens)),
            Kind::Broken => self.broken(line, depth),
        }
    }

    fn push(&mut self, depth: usize, text: Vec<u8>) {
        self.rows.push(Row {
            depth,
            text,
            comment: Vec::new(),
            is_header: false,
        });
    }

    fn whole(&mut self, line: &SourceLine<'_>, depth: usize, text: Vec<u8>) {
        let condition = line.condition.map_or(0, |condition| condition.length);
        let rest = line.code.get(condition..).unwrap_or_default();
        let closes = trim_start(rest).starts_with(b"}") && line.braces.first() == Some(&false);
        self.push(depth.saturating_sub(usize::from(closes)), text);
        self.comment(line);
    }

    /// The comment goes behind what was written last.
    fn comment(&mut self, line: &SourceLine<'_>) {
        if let Some(row) = self.rows.last_mut() {
            row.comment = line.comment.to_vec();
        }
    }

    fn broken(&mut self, line: &SourceLine<'_>, mut depth: usize) {
        let brace = |token: &Token| matches!(token.kind, TokenKind::Open | TokenKind::Close);
        if line.code.is_empty() {
            self.push(depth, Vec::new());
        }
        for part in line.tokens.split_inclusive(brace) {
            let (words, brace) = match part.split_last() {
                Some((last, words)) if brace(last) => (words, Some(last.kind)),
                _ => (part, None),
            };
            let text = line.squeezed(words);
            if !text.is_empty() {
                self.push(depth, text);
                self.rows
                    .last_mut()
                    .into_iter()
                    .for_each(|row| row.is_header = true);
            }
            match brace {
                Some(TokenKind::Open) => {
                    self.open(depth);
                    depth += 1;
                }
                Some(TokenKind::Close) => {
                    depth = depth.saturating_sub(1);
                    self.push(depth, b"}".to_vec());
                }
                _ => {}
            }
        }
        self.comment(line);
    }

    /// Puts a `{` behind its keyword, if nothing but empty lines stands between.
    fn open(&mut self, depth: usize) {
        let last = self.rows.iter().rposition(|row| !row.is_empty());
        let header = last.and_then(|last| self.rows.get_mut(last));
        match (header, last) {
            (Some(header), Some(last)) if header.is_header && header.comment.is_empty() => {
                header.text.extend_from_slice(b" {");
                header.is_header = false;
                self.rows.truncate(last + 1);
            }
            _ => self.push(depth, b"{".to_vec()),
        }
    }

    fn print(mut self) -> Vec<u8> {
        while self.rows.last().is_some_and(Row::is_empty) {
            self.rows.pop();
        }
        let rows = match self.rows.as_slice() {
            // A byte order mark is one only where the file begins.
            [empty, next, ..] if empty.is_empty() && is_marked(next) => &self.rows,
            [empty, rest @ ..] if empty.is_empty() => rest,
            rows => rows,
        };
        let mut text = Vec::new();
        for row in rows {
            row.print(&mut text);
        }
        text
    }
}

fn is_marked(row: &Row) -> bool {
    row.text.starts_with(BYTE_ORDER_MARK)
}

impl Row {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.comment.is_empty()
    }

    fn print(&self, to: &mut Vec<u8>) {
        if !self.is_empty() {
            let indent = INDENT * self.depth.min(MAX_TREE_DEPTH);
            to.resize(to.len() + indent, b' ');
        }
        to.extend_from_slice(&self.text);
        if !self.text.is_empty() && !self.comment.is_empty() {
            to.extend_from_slice(b"  ");
        }
        to.extend_from_slice(&self.comment);
        to.push(b'\n');
    }
}
