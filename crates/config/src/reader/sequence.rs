//! `~SEQ` and `~LST`: a line that stands for several, one per value.

use super::{Bindings, Frame, Line, Reader, is_blank};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};

/// Where values come from.
#[derive(Clone, Debug)]
enum Values {
    /// Numbers from `next` to `last` by `step`.
    Range {
        name: Vec<u8>,
        next: i64,
        last: i64,
        step: i64,
        hexadecimal: bool,
    },
    /// One tuple of values after another.
    List {
        names: Vec<Vec<u8>>,
        tuples: std::vec::IntoIter<Vec<Vec<u8>>>,
    },
}

/// A sequence with the values it has still to go through.
#[derive(Debug)]
pub(super) struct Sequence {
    values: Values,
    text: Line,
}

impl Sequence {
    /// The line for the next value.
    pub(super) fn next_line(&mut self) -> Option<Line> {
        let mut bindings: Bindings = self.text.bindings.as_deref().cloned().unwrap_or_default();
        match &mut self.values {
            Values::Range {
                name,
                next,
                last,
                step,
                hexadecimal,
            } => {
                let current = *next;
                if (*step > 0 && current > *last) || (*step < 0 && current < *last) {
                    return None;
                }
                match current.checked_add(*step) {
                    Some(following) => *next = following,
                    None => *last = if *step > 0 { i64::MIN } else { i64::MAX },
                }
                let text = if *hexadecimal {
                    format!("{current:x}")
                } else {
                    current.to_string()
                };
                bindings.insert(name.clone(), text.into_bytes());
            }
            Values::List { names, tuples } => {
                let mut tuple = tuples.next()?.into_iter();
                for name in names.iter() {
                    bindings.insert(name.clone(), tuple.next().unwrap_or_default());
                }
            }
        }
        let mut line = self.text.clone();
        line.bindings = Reader::bind(bindings);
        Some(line)
    }
}

/// Whether the line is a `~SEQ` or `~LST`, well formed or not.
pub(crate) fn is_sequence(line: &[u8]) -> bool {
    [b"~SEQx(".as_slice(), b"~SEQ(", b"~LST("]
        .iter()
        .any(|start| line.starts_with(start))
}

impl Reader<'_> {
    /// Puts the lines of a sequence next in turn, if the line is one.
    pub(super) fn take_sequence(&mut self, line: &Line) -> bool {
        let text = line.text();
        let (is_list, hexadecimal, head) = match text {
            _ if text.starts_with(b"~SEQx(") => (false, true, 6),
            _ if text.starts_with(b"~SEQ(") => (false, false, 5),
            _ if text.starts_with(b"~LST(") => (true, false, 5),
            _ => return false,
        };
        let close = text.iter().position(|byte| *byte == b')');
        let parameters = close.and_then(|close| self.expand(line.slice(head..close)));
        let values = parameters.and_then(|parameters| {
            let parameters = parameters.text().to_vec();
            if is_list {
                list(&parameters)
            } else {
                range(&parameters, hexadecimal)
            }
        });
        match (close, values) {
            (Some(close), Some(values)) => {
                let mut text = line.slice(close + 1..line.text().len()).trimmed();
                text.depth += 1;
                self.frames.push(Frame::Sequence(Sequence { values, text }));
            }
            _ => self.malformed_sequence(line, is_list),
        }
        true
    }

    fn malformed_sequence(&mut self, line: &Line, is_list: bool) {
        let (text, help) = if is_list {
            (
                "this `~LST` is malformed; the line is ignored",
                "~LST(var, value, value ...) text",
            )
        } else {
            (
                "this `~SEQ` is malformed; the line is ignored",
                "~SEQ(var, start, step, end) text",
            )
        };
        let diagnostic = Diagnostic::error(Code::MalformedSequence, line.whole(), text)
            .help(format!("the form is `{help}`"));
        self.sink.push(diagnostic.class(KeepalivedClass::General));
    }
}

/// The values of `var, [start, [step,]] end`.
fn range(parameters: &[u8], hexadecimal: bool) -> Option<Values> {
    let words: Vec<&[u8]> = parameters.split(|byte| *byte == b',').map(trim).collect();
    let (name, numbers) = words.split_first()?;
    let numbers = numbers
        .iter()
        .map(|word| number(word))
        .collect::<Option<Vec<i64>>>()?;
    let toward = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (next, step, last) = match numbers.as_slice() {
        [last] if *last < 0 => (-1, -1, *last),
        [last] => (1, 1, *last),
        [start, last] => (*start, toward(*start, *last), *last),
        [start, step, last] => (*start, *step, *last),
        _ => return None,
    };
    (step != 0 && !name.is_empty()).then(|| Values::Range {
        name: name.to_vec(),
        next,
        last,
        step,
        hexadecimal,
    })
}

/// A number in C notation: decimal, `0x` or `0`.
fn number(word: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(word).ok()?;
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text), |digits| (-1, digits));
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let value = if let Some(hexadecimal) = digits.strip_prefix("0x") {
        i64::from_str_radix(hexadecimal, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    value.ok()?.checked_mul(sign)
}

/// The values of `var, a, b` or `{v, w}, {a, b}, {c, d}`.
fn list(parameters: &[u8]) -> Option<Values> {
    let mut items = items(parameters)?.into_iter();
    let names = items.next()?;
    let tuples: Vec<Vec<Vec<u8>>> = items.collect();
    let fits = tuples.iter().all(|tuple| tuple.len() <= names.len());
    (fits && names.iter().all(|name| !name.is_empty())).then(|| Values::List {
        names,
        tuples: tuples.into_iter(),
    })
}

/// The comma-separated items, each with the comma-separated words in its braces or its one word.
fn items(text: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut items = Vec::new();
    let mut rest = trim(text);
    while !rest.is_empty() {
        let words = |bytes: &[u8]| {
            bytes
                .split(|b| *b == b',')
                .map(|word| trim(word).to_vec())
                .collect()
        };
        let after = if let Some(inner) = rest.strip_prefix(b"{") {
            let close = inner.iter().position(|byte| *byte == b'}')?;
            items.push(words(inner.get(..close)?));
            trim(inner.get(close + 1..)?)
        } else {
            let end = rest
                .iter()
                .position(|byte| *byte == b',')
                .unwrap_or(rest.len());
            items.push(vec![trim(rest.get(..end)?).to_vec()]);
            rest.get(end..)?
        };
        rest = match after.split_first() {
            None => return Some(items),
            Some((b',', more)) => trim(more),
            Some(_) => return None,
        };
    }
    Some(items)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.split_first().filter(|(byte, _)| is_blank(**byte)) {
        text = rest.1;
    }
    while let Some(rest) = text.split_last().filter(|(byte, _)| is_blank(**byte)) {
        text = rest.1;
    }
    text
}
