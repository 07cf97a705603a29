//! Checks the words after a keyword against its syntax.

use std::net::IpAddr;

use super::{Parsed, number};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::registry::{Keyword, Syntax, Value};
use crate::span::Span;
use crate::units::Micros;
use crate::words::Word;

/// Longest interface name in bytes (IFNAMSIZ - 1).
pub(crate) const MAX_INTERFACE_NAME: usize = 15;

impl Parsed<'_> {
    /// The keyword's value; what does not fit is reported and `Invalid`.
    pub(super) fn check(&mut self, keyword: &'static Keyword, words: &[Word]) -> Value {
        self.check_extra_words(keyword, words);
        let Some(word) = words.first() else {
            return match keyword.syntax {
                Syntax::Bool => Value::Bool(true),
                Syntax::OptionalWords | Syntax::OptionalCommand => Value::Words,
                _ => Value::Flag,
            };
        };
        match keyword.syntax {
            Syntax::Flag => Value::Flag,
            Syntax::Bool => self.truth(keyword, word),
            Syntax::Integer { min, max } | Syntax::OptionalInteger { min, max } => self
                .integer(keyword.name, word, min, max)
                .map_or(Value::Invalid, Value::Integer),
            Syntax::Decimal { min, max, digits } => {
                let value = self.decimal(keyword.name, word, (min, max), digits);
                value.map_or(Value::Invalid, Value::Decimal)
            }
            Syntax::Word | Syntax::OptionalWord => Value::Word(word.text.clone()),
            Syntax::Choice(choices) => self.choice(keyword, word, choices),
            Syntax::Address => self.address(word).map_or(Value::Invalid, Value::Address),
            Syntax::Interface => self.interface_name(word),
            Syntax::Words
            | Syntax::OptionalWords
            | Syntax::Command
            | Syntax::OptionalCommand
            | Syntax::Lines
            | Syntax::Block(_)
            | Syntax::Named(_) => Value::Words,
        }
    }

    /// Words that keepalived passes over in silence.
    fn check_extra_words(&mut self, keyword: &'static Keyword, words: &[Word]) {
        let takes = match keyword.syntax {
            Syntax::Flag => 0,
            Syntax::Bool
            | Syntax::Integer { .. }
            | Syntax::OptionalInteger { .. }
            | Syntax::Decimal { .. }
            | Syntax::Word
            | Syntax::OptionalWord
            | Syntax::Choice(_)
            | Syntax::Address
            | Syntax::Interface => 1,
            _ => return,
        };
        let (Some(first), Some(last)) = (words.get(takes), words.last()) else {
            return;
        };
        let span = first.span.to(last.span);
        let name = keyword.name;
        let diagnostic =
            if takes == 0 && matches!(first.text.as_str(), "off" | "no" | "false" | "0") {
                let text = format!("`{name}` takes no value: it is on, whatever follows");
                let help = "remove the line to switch it off";
                Diagnostic::warning(Code::FlagWithValue, span, text).help(help)
            } else {
                let text = format!("words after `{name}` and its value are ignored");
                let help = "comments begin with `#` or `!`";
                Diagnostic::warning(Code::IgnoredWords, span, text).help(help)
            };
        self.reader.sink.push(diagnostic);
    }

    fn truth(&mut self, keyword: &'static Keyword, word: &Word) -> Value {
        match word.text.as_str() {
            "on" | "true" | "yes" => Value::Bool(true),
            "off" | "false" | "no" => Value::Bool(false),
            other => {
                let text = format!(
                    "`{}` is on or off, not `{other}`; it is ignored",
                    keyword.name
                );
                self.complain(Code::InvalidChoice, word.span, text);
                Value::Invalid
            }
        }
    }

    fn choice(
        &mut self,
        keyword: &Keyword,
        word: &Word,
        choices: &'static [&'static str],
    ) -> Value {
        if choices.contains(&word.text.as_str()) {
            return Value::Word(word.text.clone());
        }
        let text = format!("`{}` can't be `{}`; it is ignored", keyword.name, word.text);
        let help = format!("one of: {}", choices.join(", "));
        let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text).help(help);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
        Value::Invalid
    }

    /// A whole number within the range; anything else is reported.
    pub(super) fn integer(&mut self, name: &str, word: &Word, min: i64, max: i64) -> Option<i64> {
        let Some(number) = number::integer(&word.text) else {
            self.not_a_number(name, word);
            return None;
        };
        if number.trailing && !self.trailing_text(name, word) {
            return None;
        }
        if number.value < min || number.value > max {
            let text = format!(
                "`{name}` must be from {min} to {max}, not {}; it is ignored",
                word.text
            );
            self.complain_number(Code::OutOfRange, word.span, text);
            return None;
        }
        self.odd_number(name, word, number.value);
        Some(number.value)
    }

    /// A number that is written as nobody writes it: an octal number elsewhere, or a text.
    fn odd_number(&mut self, name: &str, word: &Word, value: i64) {
        let plain = word.text.trim_start_matches('-');
        let padded = plain.len() > 1 && plain.starts_with('0');
        if (padded || plain.starts_with('+') || word.quoted) && !word.text.contains(' ') {
            let text = format!("`{name}` is read as the decimal number {value}");
            let found = Diagnostic::note(Code::OddNumber, word.span, text);
            let found = found.fix(format!("write `{value}`"), word.span, value.to_string());
            self.reader.sink.push(found);
        }
    }

    /// A decimal number within the range, all in millionths; anything else is reported.
    pub(super) fn decimal(
        &mut self,
        name: &str,
        word: &Word,
        range: (u64, u64),
        digits: u8,
    ) -> Option<Micros> {
        let Some(number) = number::decimal(&word.text, digits) else {
            self.not_a_number(name, word);
            return None;
        };
        if number.trailing && !self.trailing_text(name, word) {
            return None;
        }
        let value = u64::try_from(number.value).ok();
        let Some(value) = value.filter(|value| (range.0..=range.1).contains(value)) else {
            let bound = |bound: u64| Micros(bound).to_string().trim_end_matches(" s").to_owned();
            let (low, high) = (bound(range.0), bound(range.1));
            let text = format!(
                "`{name}` must be from {low} to {high}, not {}; it is ignored",
                word.text
            );
            let mut diagnostic = Diagnostic::error(Code::OutOfRange, word.span, text);
            if number.value == 0 {
                diagnostic = diagnostic.help("without the line the default holds");
            }
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::InvalidNumber));
            return None;
        };
        if number.rounded {
            let text = format!(
                "`{name}` counts {digits} decimals; it becomes {}",
                Micros(value)
            );
            let diagnostic = Diagnostic::warning(Code::Rounded, word.span, text);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::InvalidNumber));
        }
        Some(Micros(value))
    }

    fn not_a_number(&mut self, name: &str, word: &Word) {
        let shown: String = word.text.chars().take(40).collect();
        let text = format!("`{name}` needs a number, not `{shown}`; it is ignored");
        self.complain_number(Code::InvalidNumber, word.span, text);
    }

    /// Text glued to a number: whether the number counts all the same.
    pub(super) fn trailing_text(&mut self, name: &str, word: &Word) -> bool {
        let shown: String = word.text.chars().take(40).collect();
        let text = |fate| format!("`{name}` has text after its number in `{shown}`; {fate}");
        let diagnostic = if self.strict_lexing {
            Diagnostic::error(Code::TrailingText, word.span, text("it is ignored"))
        } else {
            Diagnostic::warning(
                Code::TrailingText,
                word.span,
                text("only its number is used"),
            )
        };
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::InvalidNumber));
        !self.strict_lexing
    }

    /// An IP address; anything else is reported.
    pub(super) fn address(&mut self, word: &Word) -> Option<IpAddr> {
        // keepalived passes over a prefix length here.
        let (text, length) = match word.text.split_once('/') {
            Some((text, _)) => (text, true),
            None => (word.text.as_str(), false),
        };
        if let Ok(address) = text.parse() {
            if length {
                let text = "this address takes no prefix length; it is passed over";
                let diagnostic = Diagnostic::warning(Code::IgnoredWords, word.span, text);
                self.reader.sink.push(diagnostic);
            }
            return Some(address);
        }
        let shown: String = word.text.chars().take(64).collect();
        let text = format!("`{shown}` is no IP address; it is ignored");
        let mut diagnostic = Diagnostic::error(Code::InvalidAddress, word.span, text);
        diagnostic.help = reference_help(&word.text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
        None
    }

    fn interface_name(&mut self, word: &Word) -> Value {
        if self.interface_name_fits(word) {
            Value::Word(word.text.clone())
        } else {
            Value::Invalid
        }
    }

    /// Whether the kernel could have an interface of that name; if not, it is reported.
    pub(super) fn interface_name_fits(&mut self, word: &Word) -> bool {
        let fits = word.text.len() <= MAX_INTERFACE_NAME;
        if !fits {
            let text =
                format!("interface names have at most {MAX_INTERFACE_NAME} bytes; it is ignored");
            self.complain(Code::NameTooLong, word.span, text);
        }
        fits
    }

    /// An error of keepalived's general class.
    pub(crate) fn complain(&mut self, code: Code, span: Span, text: impl Into<String>) {
        let diagnostic = Diagnostic::error(code, span, text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
    }

    fn complain_number(&mut self, code: Code, span: Span, text: String) {
        let diagnostic = Diagnostic::error(code, span, text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::InvalidNumber));
    }

    /// A warning of keepalived's general class.
    pub(crate) fn warn(&mut self, code: Code, span: Span, text: impl Into<String>) {
        let diagnostic = Diagnostic::warning(code, span, text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
    }
}

/// A definition that was not expanded: without braces its name must end before a blank, `,`, `)` or the end of the line.
pub(super) fn reference_help(word: &str) -> Option<String> {
    let (_, after) = word.split_once('$')?;
    let name: String = after
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect();
    (!name.is_empty()).then(|| format!("write `${{{name}}}` to have the definition put in here"))
}
