//! The lines of a text, each with what the formatter may do to it.

use std::ops::Range;

use crate::reader::{Condition, MAX_LINE_BYTES, is_blank, is_definition, is_include, is_sequence};
use crate::tree::{MAX_TREE_DEPTH, Token, TokenKind, Tree};

/// Spaces of one block.
pub(super) const INDENT: usize = 4;
/// Bytes that the layout can add to a line: indentation, a blank before a brace, two before a comment, a brace moved up.
const MOST_ADDED: usize = INDENT * MAX_TREE_DEPTH + 8;
/// A longer line is not touched, lest it pass [`MAX_LINE_BYTES`].
const LONGEST_TOUCHED: usize = MAX_LINE_BYTES - MOST_ADDED;
/// UTF-8's; it spoils the first word of a file.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What may be done to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is left out where it follows another of its kind.
    Empty,
    /// Nothing.
    Fixed,
    /// Nothing but to cut the blanks at its end: a definition goes on here.
    Continuation,
    /// It is indented as a whole; its words stay as they are.
    Whole,
    /// As `Whole`, and blanks between words before the first `$` become one.
    Squeezed,
    /// It is broken at braces, and blanks between words become one.
    Broken,
}

/// A line of the text without its newline.
#[derive(Debug)]
pub(super) struct SourceLine<'a> {
    pub(super) kind: Kind,
    /// All of it.
    pub(super) bytes: &'a [u8],
    /// Its tokens up to the comment; their places count from the start of the line.
    pub(super) tokens: Vec<Token>,
    /// Without comment, and without blanks at its ends.
    pub(super) code: &'a [u8],
    pub(super) comment: &'a [u8],
    pub(super) condition: Option<Condition<'a>>,
    /// Its braces: true opens.
    pub(super) braces: Vec<bool>,
}

/// The lines of the text.
pub(super) fn lines(text: &[u8]) -> Vec<SourceLine<'_>> {
    let mut tokens = Vec::new();
    Tree::parse(text).for_each_token(|token| tokens.push(token.clone()));
    let mut continues = false;
    let mut lines = Vec::new();
    let mut start = 0;
    let rows = tokens.split_inclusive(|token| token.kind == TokenKind::Newline);
    for row in rows {
        let end = row.last().map_or(start, |token| token.range.end);
        let (row, content) = match row.split_last() {
            Some((newline, row)) if newline.kind == TokenKind::Newline => {
                (row, text.get(start..newline.range.start))
            }
            // At the end of the file a CR alone ends the line too.
            _ => (row, text.get(start..end).map(without_return)),
        };
        let line = source_line(content.unwrap_or_default(), row, start, &mut continues);
        lines.push(line);
        start = end;
    }
    lines
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn source_line<'a>(
    bytes: &'a [u8],
    row: &[Token],
    start: usize,
    continues: &mut bool,
) -> SourceLine<'a> {
    let mut line = SourceLine {
        kind: Kind::Fixed,
        bytes,
        tokens: Vec::new(),
        code: b"",
        comment: b"",
        condition: None,
        braces: Vec::new(),
    };
    // As the reader does: it knows nothing of what follows a NUL.
    let read = bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
    let is_empty = read.iter().all(|byte| is_blank(*byte));
    if is_empty || read.len() > MAX_LINE_BYTES {
        *continues = false;
        if bytes.len() == read.len() && is_empty {
            line.kind = Kind::Empty;
        }
        return line;
    }
    let in_line = |token: &Token| Token {
        kind: token.kind,
        range: token.range.start - start..(token.range.end - start).min(bytes.len()),
    };
    let mut tokens = row.iter().map(in_line);
    let code = |token: &Token| token.kind != TokenKind::Comment && token.range.start < read.len();
    line.tokens = tokens.by_ref().take_while(code).collect();
    let code_end = line.tokens.last().map_or(0, |token| token.range.end);
    let (code, comment) = bytes.split_at_checked(code_end).unwrap_or((bytes, b""));
    let code = code.get(..read.len()).unwrap_or(code);
    line.code = trim(code);
    line.comment = trim_end(comment);
    line.kind = if *continues {
        *continues = line.code.ends_with(b"\\");
        Kind::Continuation
    } else {
        let kind = line.classify(continues);
        let untouched = bytes.len() > LONGEST_TOUCHED
            || bytes.len() > read.len()
            || trim(bytes).starts_with(BYTE_ORDER_MARK);
        if untouched { Kind::Fixed } else { kind }
    };
    line
}

impl<'a> SourceLine<'a> {
    /// What may be done to a line that is neither empty nor part of the definition before it. Finds its braces too.
    fn classify(&mut self, continues: &mut bool) -> Kind {
        self.condition = Condition::of(self.code);
        let taken = self.condition.map_or(0, |condition| condition.length);
        let rest = trim(self.code.get(taken..).unwrap_or_default());
        if is_definition(rest) {
            *continues = rest.ends_with(b"\\");
            return Kind::Whole;
        }
        if is_include(rest) {
            return Kind::Whole;
        }
        let code_start = self.bytes.len() - trim_start(self.bytes).len();
        let mut from = code_start + taken;
        let sequence = is_sequence(rest);
        if sequence {
            let close = self.code.iter().position(|byte| *byte == b')');
            from = close.map_or(self.bytes.len(), |close| code_start + close);
        }
        let tokens = self.tokens.iter().filter(|token| token.range.start >= from);
        self.braces = tokens
            .filter(|token| matches!(token.kind, TokenKind::Open | TokenKind::Close))
            .map(|token| token.kind == TokenKind::Open)
            .collect();
        // A quotation mark in the id goes away with it, and leaves its partner alone.
        let odd = |condition: Condition<'_>| condition.id.contains(&b'"');
        if sequence || rest.starts_with(b"~") || self.condition.is_some_and(odd) {
            Kind::Whole
        } else if self.condition.is_some() || !self.can_be_broken() {
            Kind::Squeezed
        } else {
            Kind::Broken
        }
    }

    /// Whether each part of the line means as a line of its own what it means here. Only at the start of a line are
    /// there definitions, conditions, sequences and includes; a reference may stand for anything.
    fn can_be_broken(&self) -> bool {
        let quote = |token: &Token| {
            let quoted = self.text(&token.range);
            token.kind == TokenKind::Quoted && (quoted.len() < 2 || !quoted.ends_with(b"\""))
        };
        let part_is_plain = |(number, part): (usize, &[Token])| {
            let start = part.iter().find(|token| token.kind != TokenKind::Blank);
            let end = part.iter().map(|token| token.range.end).next_back();
            let (Some(start), Some(end)) = (start, end) else {
                return true;
            };
            let text = self.text(&(start.range.start..end));
            // `include{` is no include, `include {` would be one.
            let is_plain = !text.starts_with(b"@") && !text.starts_with(b"~");
            !is_include(text) && (number == 0 || is_plain)
        };
        let brace = |token: &Token| matches!(token.kind, TokenKind::Open | TokenKind::Close);
        !self.code.contains(&b'$')
            && !self.tokens.iter().any(quote)
            && self.tokens.split(brace).enumerate().all(part_is_plain)
    }

    /// The bytes of a token.
    pub(super) fn text(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The tokens as text, with single blanks where blanks only separate words: not within quotes of either rule, not
    /// beside backslashes, not past a `$`.
    pub(super) fn squeezed(&self, tokens: &[Token]) -> Vec<u8> {
        let mut squeezed = Vec::new();
        let mut quote = None;
        let mut plain = true;
        for token in tokens {
            let text = self.text(&token.range);
            match token.kind {
                TokenKind::Blank if plain && quote.is_none() => squeezed.push(b' '),
                TokenKind::Open | TokenKind::Close => {
                    quote = None;
                    squeezed.extend_from_slice(text);
                }
                _ => {
                    plain &= !text.iter().any(|byte| matches!(byte, b'$' | b'\\'));
                    quote = text.iter().fold(quote, |quote, byte| after(quote, *byte));
                    squeezed.extend_from_slice(text);
                }
            }
        }
        trim(&squeezed).to_vec()
    }
}

/// The quote that is open after a byte, by the rule of commands.
fn after(quote: Option<u8>, byte: u8) -> Option<u8> {
    match quote {
        Some(open) if open == byte => None,
        None if matches!(byte, b'"' | b'\'') => Some(byte),
        _ => quote,
    }
}

fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

pub(super) fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte));
    text.get(start.unwrap_or(text.len())..).unwrap_or_default()
}

pub(super) fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_blank(*byte));
    text.get(..end.map_or(0, |end| end + 1)).unwrap_or_default()
}
