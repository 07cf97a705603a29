//! The lossless tree: every byte of a file, in blocks and statements, for formatters and editors.
//!
//! It knows braces, quotes and comments, not keywords, includes or definitions; what the text *means* is [`crate::load`]'s
//! business. Parsing never fails, takes linear time, and printing gives the input back byte for byte.

use std::ops::Range;

use crate::reader::is_blank;

/// Blocks within blocks that the tree shows; braces beyond that are plain tokens.
pub const MAX_TREE_DEPTH: usize = 64;

/// Bytes of a file that are taken apart; what follows is one word, so that noise does not fill the memory.
pub const MAX_TREE_BYTES: usize = 16 * 1024 * 1024;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A word, or part of one up to a quote.
    Word,
    /// `"…"`, to the end of the line where the second quote is missing.
    Quoted,
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// `#` or `!` and what follows on the line.
    Comment,
    /// Spaces, tabs and the like.
    Blank,
    /// LF, or CR and LF; a CR alone is a blank, as it is to the reader.
    Newline,
}

/// A piece of text; the tokens of a file cover it without gap or overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the file.
    pub range: Range<usize>,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A token outside any statement: blanks, newlines, comments, stray braces.
    Trivia(Token),
    /// Words on one line that open no block.
    Statement(Statement),
    /// Words with the block they open.
    Block(Block),
}

/// Words on one line, with the blanks between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The tokens; the first is a word.
    pub tokens: Vec<Token>,
}

/// A statement and what stands in the braces after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The words before the brace.
    pub header: Statement,
    /// What stands between header and brace: blanks, newlines, comments.
    pub before_open: Vec<Token>,
    /// The `{`.
    pub open: Token,
    /// The content.
    pub children: Vec<Node>,
    /// The `}`; `None` where the text ends first.
    pub close: Option<Token>,
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The nodes outside any block.
    pub nodes: Vec<Node>,
}

impl Tree {
    /// The tree of that text, whatever it is.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let mut builder = Builder::default();
        let mut at = 0;
        let (parsed, rest) = text.split_at_checked(MAX_TREE_BYTES).unwrap_or((text, b""));
        while let Some(token) = next_token(parsed, at) {
            at = token.range.end;
            builder.take(token);
        }
        if !rest.is_empty() {
            builder.take(Token {
                kind: TokenKind::Word,
                range: at..text.len(),
            });
        }
        Self {
            nodes: builder.finish(),
        }
    }

    /// The text again, from the tokens and the bytes they were made of.
    #[must_use]
    pub fn print(&self, text: &[u8]) -> Vec<u8> {
        let mut printed = Vec::with_capacity(text.len());
        let mut emit = |token: &Token| {
            printed.extend_from_slice(text.get(token.range.clone()).unwrap_or_default());
        };
        self.nodes.iter().for_each(|node| visit(node, &mut emit));
        printed
    }

    /// Every token in the order of the text.
    pub fn for_each_token(&self, mut action: impl FnMut(&Token)) {
        self.nodes.iter().for_each(|node| visit(node, &mut action));
    }
}

impl Statement {
    /// The words without quotes and blanks, lossily decoded.
    pub fn words<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = String> + 'a {
        self.tokens.iter().filter_map(move |token| {
            let bytes = text.get(token.range.clone())?;
            match token.kind {
                TokenKind::Word => Some(String::from_utf8_lossy(bytes).into_owned()),
                TokenKind::Quoted => {
                    let inner = bytes.strip_prefix(b"\"").unwrap_or(bytes);
                    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
                    Some(String::from_utf8_lossy(inner).into_owned())
                }
                TokenKind::Open
                | TokenKind::Close
                | TokenKind::Comment
                | TokenKind::Blank
                | TokenKind::Newline => None,
            }
        })
    }
}

/// Calls the action for each token of the node. Recursion is bounded by [`MAX_TREE_DEPTH`].
fn visit(node: &Node, action: &mut impl FnMut(&Token)) {
    match node {
        Node::Trivia(token) => action(token),
        Node::Statement(statement) => statement.tokens.iter().for_each(action),
        Node::Block(block) => {
            block
                .header
                .tokens
                .iter()
                .chain(&block.before_open)
                .for_each(&mut *action);
            action(&block.open);
            block
                .children
                .iter()
                .for_each(|child| visit(child, &mut *action));
            block.close.iter().for_each(action);
        }
    }
}

/// A block whose end has not been seen.
struct Opened {
    header: Statement,
    before_open: Vec<Token>,
    open: Token,
    /// The nodes around it.
    outer: Vec<Node>,
}

/// Puts tokens together.
#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    statement: Vec<Token>,
    /// What followed the statement: it goes before a `{`, or stands for itself.
    pending: Vec<Token>,
    opened: Vec<Opened>,
}

impl Builder {
    fn take(&mut self, token: Token) {
        match token.kind {
            TokenKind::Word | TokenKind::Quoted => {
                if self
                    .pending
                    .iter()
                    .any(|token| token.kind == TokenKind::Newline)
                {
                    self.flush();
                }
                self.statement.append(&mut self.pending);
                self.statement.push(token);
            }
            TokenKind::Blank | TokenKind::Newline | TokenKind::Comment => {
                if self.statement.is_empty() {
                    self.nodes.push(Node::Trivia(token));
                } else {
                    self.pending.push(token);
                }
            }
            TokenKind::Open => self.open(token),
            TokenKind::Close => self.close(token),
        }
    }

    fn open(&mut self, open: Token) {
        if self.statement.is_empty() || self.opened.len() >= MAX_TREE_DEPTH {
            self.flush();
            self.nodes.push(Node::Trivia(open));
            return;
        }
        let header = Statement {
            tokens: std::mem::take(&mut self.statement),
        };
        let before_open = std::mem::take(&mut self.pending);
        let outer = std::mem::take(&mut self.nodes);
        self.opened.push(Opened {
            header,
            before_open,
            open,
            outer,
        });
    }

    fn close(&mut self, close: Token) {
        self.flush();
        if self.opened.is_empty() {
            self.nodes.push(Node::Trivia(close));
        } else {
            self.end_block(Some(close));
        }
    }

    fn end_block(&mut self, close: Option<Token>) {
        let Some(Opened {
            header,
            before_open,
            open,
            outer,
        }) = self.opened.pop()
        else {
            return;
        };
        let children = std::mem::replace(&mut self.nodes, outer);
        self.nodes.push(Node::Block(Block {
            header,
            before_open,
            open,
            children,
            close,
        }));
    }

    /// Ends the statement; what was pending after it stands for itself.
    fn flush(&mut self) {
        if !self.statement.is_empty() {
            let tokens = std::mem::take(&mut self.statement);
            self.nodes.push(Node::Statement(Statement { tokens }));
        }
        self.nodes.extend(self.pending.drain(..).map(Node::Trivia));
    }

    fn finish(mut self) -> Vec<Node> {
        self.flush();
        while !self.opened.is_empty() {
            self.end_block(None);
        }
        self.nodes
    }
}

/// The token that begins at that offset; `None` at the end.
fn next_token(text: &[u8], start: usize) -> Option<Token> {
    let rest = text.get(start..)?;
    let first = *rest.first()?;
    let (kind, length) = match first {
        b'\n' => (TokenKind::Newline, 1),
        b'\r' if rest.get(1) == Some(&b'\n') => (TokenKind::Newline, 2),
        b'{' => (TokenKind::Open, 1),
        b'}' => (TokenKind::Close, 1),
        b'#' | b'!' => (TokenKind::Comment, end_of_line(rest)),
        b'"' => (TokenKind::Quoted, quoted_length(rest)),
        _ if is_blank(first) => (TokenKind::Blank, blank_length(rest)),
        _ => (TokenKind::Word, word_length(rest)),
    };
    Some(Token {
        kind,
        range: start..start + length,
    })
}

/// Bytes before the end of the line.
fn end_of_line(text: &[u8]) -> usize {
    let end = text.iter().position(|byte| *byte == b'\n');
    match end {
        Some(end) if end > 0 && text.get(end - 1) == Some(&b'\r') => end - 1,
        Some(end) => end,
        None => text.len(),
    }
}

/// Blanks up to a word or the end of the line.
fn blank_length(text: &[u8]) -> usize {
    let length = text
        .iter()
        .position(|byte| !is_blank(*byte))
        .unwrap_or(text.len());
    let ends_line = text.get(length) == Some(&b'\n') && text.get(length - 1) == Some(&b'\r');
    length - usize::from(ends_line)
}

fn quoted_length(text: &[u8]) -> usize {
    let inner = text.get(1..).unwrap_or_default();
    match inner.iter().position(|byte| matches!(byte, b'"' | b'\n')) {
        Some(at) if inner.get(at) == Some(&b'"') => at + 2,
        Some(_) | None => end_of_line(text),
    }
}

fn word_length(text: &[u8]) -> usize {
    let mut at = 1;
    if matches!(text, [b'\\', b'#' | b'!', ..]) {
        at = 2;
    }
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if matches!(text.get(at + 1), Some(b'#' | b'!')) => at += 1,
            b'"' | b'#' | b'!' | b'{' | b'}' => break,
            _ if is_blank(byte) || byte == b'\n' => break,
            _ => {}
        }
        at += 1;
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        fn walk(nodes: &[Node], text: &[u8], to: &mut String) {
            for node in nodes {
                let words =
                    |statement: &Statement| statement.words(text).collect::<Vec<_>>().join(" ");
                match node {
                    Node::Trivia(token) if token.kind == TokenKind::Comment => to.push('#'),
                    Node::Trivia(token) if token.kind == TokenKind::Close => to.push('}'),
                    Node::Trivia(token) if token.kind == TokenKind::Open => to.push('{'),
                    Node::Trivia(_) => {}
                    Node::Statement(statement) => *to += &format!("<{}>", words(statement)),
                    Node::Block(block) => {
                        *to += &format!("[{}:", words(&block.header));
                        walk(&block.children, text, to);
                        to.push_str(if block.close.is_some() { "]" } else { "..." });
                    }
                }
            }
        }
        let tree = Tree::parse(text.as_bytes());
        assert_eq!(tree.print(text.as_bytes()), text.as_bytes());
        let mut to = String::new();
        walk(&tree.nodes, text.as_bytes(), &mut to);
        to
    }

    #[test]
    fn blocks_nest_whatever_the_layout() {
        assert_eq!(shape("a b {\n c 1\n d { e }\n}\n"), "[a b:<c 1>[d:<e>]]");
        assert_eq!(shape("a{b}c"), "[a:<b>]<c>");
        assert_eq!(shape("a # x\n{\n b\n}"), "[a:<b>]");
        assert_eq!(shape("a\nb\n"), "<a><b>");
    }

    #[test]
    fn quotes_and_comments_hide_braces() {
        assert_eq!(shape("s \"{ #\" x # }\n"), "<s { # x>#");
        assert_eq!(shape("s a\\#b"), "<s a\\#b>");
        assert_eq!(shape("s \"open {\nt"), "<s open {><t>");
    }

    #[test]
    fn broken_text_keeps_its_bytes() {
        assert_eq!(shape("} {"), "}{");
        assert_eq!(shape("a { b {"), "[a:[b:......");
        assert_eq!(shape("\r \0\u{feff}x\r\n"), "<\0\u{feff}x>");
    }

    #[test]
    fn depth_is_bounded() {
        let text = "a{".repeat(10_000);
        let tree = Tree::parse(text.as_bytes());
        assert_eq!(tree.print(text.as_bytes()), text.as_bytes());
    }
}
