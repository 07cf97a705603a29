//! The configuration as it was written, expanded and typed by the registry: for programs that read it as JSON.
//!
//! Nothing is defaulted, corrected or dropped here; what the daemon acts on is [`crate::Config`].

use crate::parse::Entry;
use crate::registry::{Keyword, Value};
use crate::units::Micros;
use crate::words::Word;

/// One keyword with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The registry's entry.
    pub keyword: &'static Keyword,
    /// What was written.
    pub value: Written,
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// The keyword alone.
    Flag,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal number, in millionths.
    Decimal(Micros),
    /// Words, separated by one blank.
    Text(String),
    /// The lines of a list.
    Lines(Vec<String>),
    /// The lines of a list that has a name.
    NamedLines {
        /// The words after the keyword.
        name: String,
        /// Its lines.
        lines: Vec<String>,
    },
    /// A block with the words of its header, if it has any.
    Block {
        /// The words after the keyword: a name, or an address and a port.
        name: Option<String>,
        /// What stands in it, in the order of the text.
        items: Vec<Item>,
    },
    /// It was reported and is not used.
    Invalid(String),
}

/// Takes in what the parser reads.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// The items of the blocks that are open, the root's first.
    open: Vec<Vec<Item>>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self {
            open: vec![Vec::new()],
        }
    }

    /// A block begins.
    pub(crate) fn enter(&mut self) {
        self.open.push(Vec::new());
    }

    /// The innermost block ends.
    pub(crate) fn leave(&mut self, keyword: &'static Keyword, header: &[Word]) {
        let items = self.open.pop().unwrap_or_default();
        let name = (!header.is_empty()).then(|| joined(header));
        self.add(keyword, Written::Block { name, items });
    }

    /// A keyword with a value.
    pub(crate) fn value(&mut self, entry: &Entry) {
        let text = || joined(&entry.arguments);
        let written = match &entry.value {
            Value::Flag => Written::Flag,
            Value::Bool(on) => Written::Bool(*on),
            Value::Integer(number) => Written::Integer(*number),
            Value::Decimal(number) => Written::Decimal(*number),
            Value::Word(word) => Written::Text(word.clone()),
            Value::Address(address) => Written::Text(address.to_string()),
            Value::Words | Value::Lines(_) => Written::Text(text()),
            Value::Invalid => Written::Invalid(text()),
        };
        self.add(entry.keyword, written);
    }

    /// A list.
    pub(crate) fn lines(&mut self, keyword: &'static Keyword, lines: &[Vec<Word>]) {
        let lines = lines.iter().map(|words| joined(words)).collect();
        self.add(keyword, Written::Lines(lines));
    }

    /// A list with a header of its own.
    pub(crate) fn named_lines(
        &mut self,
        keyword: &'static Keyword,
        header: &[Word],
        lines: &[Vec<Word>],
    ) {
        let lines = lines.iter().map(|words| joined(words)).collect();
        self.add(
            keyword,
            Written::NamedLines {
                name: joined(header),
                lines,
            },
        );
    }

    fn add(&mut self, keyword: &'static Keyword, value: Written) {
        if let Some(items) = self.open.last_mut() {
            items.push(Item { keyword, value });
        }
    }

    /// Everything, once all was read.
    pub(crate) fn finish(mut self) -> Vec<Item> {
        self.open
            .drain(..1.min(self.open.len()))
            .next()
            .unwrap_or_default()
    }
}

fn joined(words: &[Word]) -> String {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    texts.join(" ")
}
