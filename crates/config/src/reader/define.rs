//! `$NAME=value` definitions, and the references to them.

use std::ops::Range;
use std::rc::Rc;

use super::{Frame, Line, MAX_EXPANSION_DEPTH, MAX_LINE_BYTES, Marks, Reader, is_blank};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::registry::{Block, Syntax};
use crate::span::Span;

/// Definitions that are kept; more are reported and dropped.
const MAX_DEFINITIONS: usize = 100_000;
/// Lines of one definition.
const MAX_DEFINITION_LINES: usize = 100_000;
/// The range of `${_RANDOM}` without bounds.
const RANDOM_MAX: u64 = 32_767;

/// The lines a name stands for: one, or several.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    lines: Rc<Vec<Line>>,
}

/// A reference found in a line.
struct Reference {
    /// From `$` to the end of the name or brace.
    range: Range<usize>,
    name: Vec<u8>,
    /// What follows the name in braces, as in `${_ENV HOME}`.
    argument: Vec<u8>,
}

impl Reader<'_> {
    /// Takes the line in as a definition, if it is one.
    pub(super) fn take_definition(&mut self, line: &Line) -> bool {
        let Some((name, value_start)) = definition_start(line.text()) else {
            return false;
        };
        let name = name.to_vec();
        if line.text().get(1..=name.len()) != Some(name.as_slice())
            || line.text().get(name.len() + 1) != Some(&b'=')
        {
            // 2.2.7 knows no blanks around the name.
            let text =
                "keepalived 2.2 takes no blank before the `=`: it does not know this definition";
            let found = Diagnostic::warning(Code::MalformedDefinition, line.whole(), text)
                .help("write `$NAME=value`; releases that know the blank know this as well");
            self.sink.push(found.class(KeepalivedClass::UnknownKeyword));
        }
        let mut value = line.slice(value_start..line.text().len()).trimmed();
        let mut lines = Vec::new();
        while value.text().last() == Some(&b'\\') {
            let length = value.text().len();
            let part = value.slice(0..length - 1).trimmed();
            if lines.len() < MAX_DEFINITION_LINES && (!part.text().is_empty() || !lines.is_empty())
            {
                lines.push(part);
            }
            match self.next_definition_line() {
                Some(next) => value = next,
                None => value = value.slice(0..0),
            }
        }
        lines.push(value);
        if self.definitions.len() < MAX_DEFINITIONS || self.definitions.contains_key(&name) {
            self.definitions.insert(
                name,
                Definition {
                    lines: Rc::new(lines),
                },
            );
        } else if !self.sink.is_full() {
            let text = "there are too many definitions; this one is ignored";
            self.sink
                .push(Diagnostic::error(Code::ExpansionLimit, line.whole(), text));
        }
        true
    }

    /// The next line of a multi-line definition, without comment and blanks.
    fn next_definition_line(&mut self) -> Option<Line> {
        self.next_raw()?
            .map(|line| self.without_comment(line).trimmed())
    }

    /// The line with its references replaced; `None` where nothing of it is left for now.
    ///
    /// `regions` are the ends of the replaced pieces around the current position: their number is the depth.
    pub(super) fn expand(&mut self, mut line: Line) -> Option<Line> {
        if !line.may_have(Marks::REFERENCE) {
            return Some(line);
        }
        let mut from = 0;
        let mut regions: Vec<usize> = Vec::new();
        while let Some(reference) = find_reference(line.text(), from) {
            let start = reference.range.start;
            regions.retain(|end| *end > start);
            let span = line.span(reference.range.clone());
            let Some(lines) = self.value_of(&line, &reference) else {
                self.undefined(&line, &reference, span);
                from = start + 1;
                continue;
            };
            let too_deep = line.depth + regions.len() >= MAX_EXPANSION_DEPTH;
            if too_deep || !self.spend_expansion(span) {
                self.endless(&reference, span);
                return None;
            }
            let [single] = lines.as_slice() else {
                return self.expand_multiline(&line, &reference, &lines, span);
            };
            let value = single.text();
            for end in &mut regions {
                *end = (*end + value.len()).saturating_sub(reference.range.len());
            }
            regions.push(start + value.len());
            line.replace(reference.range.clone(), value, span);
            line.expanded = true;
            if line.text().len() > MAX_LINE_BYTES {
                self.too_long(span);
                return None;
            }
            from = start;
        }
        Some(line)
    }

    /// Puts the lines of a definition next in turn; text before the reference goes in front of the first.
    fn expand_multiline(
        &mut self,
        line: &Line,
        reference: &Reference,
        lines: &Rc<Vec<Line>>,
        span: Span,
    ) -> Option<Line> {
        let rest = line.slice(reference.range.end..line.text().len()).trimmed();
        if !rest.text().is_empty() {
            let text = "text after a definition of several lines is ignored";
            let diagnostic = Diagnostic::error(Code::MultilineNotLast, rest.whole(), text);
            self.sink.push(diagnostic.class(KeepalivedClass::General));
        }
        let prefix = line.slice(0..reference.range.start);
        let depth = line.depth + 1;
        let adopt = |index: usize, part: &Line| {
            let mut part = Line::standing_for(part.text().to_vec(), part.whole().or(span));
            if index == 0 && !prefix.text().is_empty() {
                part = part.prefixed(&prefix);
            }
            part.depth = depth;
            part.bindings.clone_from(&line.bindings);
            part
        };
        let lines = lines
            .iter()
            .enumerate()
            .map(|(index, part)| adopt(index, part))
            .collect();
        self.frames.push(Frame::Lines(lines));
        None
    }

    /// What the reference stands for; `None` where it is not defined.
    fn value_of(&mut self, line: &Line, reference: &Reference) -> Option<Rc<Vec<Line>>> {
        let one = |text: Vec<u8>| Some(Rc::new(vec![Line::standing_for(text, Span::default())]));
        if let Some(value) = line
            .bindings
            .as_ref()
            .and_then(|all| all.get(&reference.name))
        {
            return one(value.clone());
        }
        if let Some(definition) = self.definitions.get(&reference.name) {
            return Some(Rc::clone(&definition.lines));
        }
        let argument = String::from_utf8_lossy(&reference.argument).into_owned();
        match reference.name.as_slice() {
            b"_HASH" => one(b"#".to_vec()),
            b"_BANG" => one(b"!".to_vec()),
            b"_INSTANCE" => one(self.instance.clone().into_bytes()),
            b"_PWD" => one(self.directory().to_string_lossy().into_owned().into_bytes()),
            b"_ENV" => one(self.environment.variable(argument.trim())?.into_bytes()),
            b"_RANDOM" => one(self.random(&argument).to_string().into_bytes()),
            _ => None,
        }
    }

    /// A name without a definition stays as it is written, which is what commands for a shell mean.
    fn undefined(&mut self, line: &Line, reference: &Reference, span: Span) {
        let keyword = line.text().split(|byte| is_blank(*byte)).next();
        let keyword = std::str::from_utf8(keyword.unwrap_or_default()).unwrap_or_default();
        let is_command = |block: &Block| {
            let syntax = block.keyword(keyword).map(|keyword| keyword.syntax);
            matches!(syntax, Some(Syntax::Command | Syntax::OptionalCommand))
        };
        if self.sink.is_full() || Block::ALL.iter().any(is_command) {
            return;
        }
        let name = String::from_utf8_lossy(&reference.name);
        let (text, help) = if name == "_ENV" {
            let variable = String::from_utf8_lossy(&reference.argument);
            let text = format!("there is no environment variable `{}`", variable.trim());
            (
                text,
                "the daemon has the variables that its unit or init script gives it",
            )
        } else {
            let text = format!("`${name}` is not defined up to here and stays as it is written");
            (
                text,
                "a definition `$NAME=value` must stand above the lines that use it",
            )
        };
        let found = Diagnostic::note(Code::Undefined, span, text).help(help);
        self.sink.push(found);
    }

    /// The next pseudo-random number between the two numbers in `bounds`, 0 and 32767 where they are missing.
    fn random(&mut self, bounds: &str) -> u64 {
        let mut numbers = bounds
            .split_whitespace()
            .filter_map(|word| word.parse::<u64>().ok());
        let low = numbers.next().unwrap_or(0);
        let high = numbers.next().unwrap_or(RANDOM_MAX).max(low);
        // SplitMix64: any seed gives a good sequence.
        self.random_state = self.random_state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random_state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (high - low)
            .checked_add(1)
            .map_or(mixed, |width| low + mixed % width)
    }

    fn endless(&mut self, reference: &Reference, span: Span) {
        if self.sink.is_full() {
            return;
        }
        let name = String::from_utf8_lossy(&reference.name);
        let text = format!("`${name}` expands without end; this line is ignored");
        let diagnostic = Diagnostic::error(Code::ExpansionLimit, span, text)
            .help("a definition must not lead back to itself (keepalived hangs on such a file)");
        self.sink.push(diagnostic.class(KeepalivedClass::General));
    }

    fn too_long(&mut self, span: Span) {
        let text = format!("this expands to more than {MAX_LINE_BYTES} bytes; the line is ignored");
        let diagnostic = Diagnostic::error(Code::ExpansionLimit, span, text);
        self.sink.push(diagnostic.class(KeepalivedClass::General));
    }
}

impl Span {
    /// This span, or the other where this one is of no file's text.
    fn or(self, other: Self) -> Self {
        if self == Self::default() { other } else { self }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Length of the name that the text begins with; 0 for none.
fn name_length(text: &[u8]) -> usize {
    if text.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    text.iter().take_while(|byte| is_name(**byte)).count()
}

/// Whether the line defines a name.
pub(crate) fn is_definition(line: &[u8]) -> bool {
    definition_start(line).is_some()
}

/// Name, and where the value begins, of `$NAME = value`.
fn definition_start(text: &[u8]) -> Option<(&[u8], usize)> {
    let rest = text.strip_prefix(b"$")?;
    let blanks = |bytes: &[u8]| bytes.iter().take_while(|byte| is_blank(**byte)).count();
    let start = blanks(rest);
    let rest = rest.get(start..)?;
    let length = name_length(rest);
    if length == 0 {
        return None;
    }
    let (name, rest) = rest.split_at_checked(length)?;
    let gap = blanks(rest);
    (rest.get(gap) == Some(&b'=')).then_some((name, 1 + start + length + gap + 1))
}

/// The first reference at or after `from`: `${NAME}`, or `$NAME` before a blank, `,`, `)` or the end.
fn find_reference(text: &[u8], from: usize) -> Option<Reference> {
    let mut from = from;
    loop {
        let start = from + text.get(from..)?.iter().position(|byte| *byte == b'$')?;
        if let Some(reference) = reference_at(text, start) {
            return Some(reference);
        }
        from = start + 1;
    }
}

fn reference_at(text: &[u8], start: usize) -> Option<Reference> {
    let rest = text.get(start + 1..)?;
    if let Some(inner) = rest.strip_prefix(b"{") {
        let length = name_length(inner);
        let close = inner.iter().position(|byte| *byte == b'}')?;
        let argument = inner.get(length..close)?;
        let plain =
            length > 0 && (argument.is_empty() || argument.first().is_some_and(|b| is_blank(*b)));
        return plain.then(|| Reference {
            range: start..start + close + 3,
            name: inner.get(..length).unwrap_or_default().to_vec(),
            argument: argument.to_vec(),
        });
    }
    let length = name_length(rest);
    let ends = rest
        .get(length)
        .is_none_or(|byte| is_blank(*byte) || matches!(byte, b',' | b')'));
    (length > 0 && ends).then(|| Reference {
        range: start..start + 1 + length,
        name: rest.get(..length).unwrap_or_default().to_vec(),
        argument: Vec::new(),
    })
}
