//! Lines whose words are options with values: routes and rules, in the words of ip(8).

use super::{EXIT_CONFIG, Parsed, number};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Family, IpNetwork, NameList, Named, Realms};
use crate::source::Existence;
use crate::span::Spanned;
use crate::words::Word;

/// Takes the words of a line one after another.
pub(super) struct Cursor<'w> {
    words: std::slice::Iter<'w, Word>,
    /// What the line is, for messages: `route` or `rule`.
    pub(super) noun: &'static str,
    /// It is held as long as the daemon runs.
    pub(super) is_static: bool,
}

impl<'w> Cursor<'w> {
    pub(super) fn new(words: &'w [Word], noun: &'static str, is_static: bool) -> Self {
        Self {
            words: words.iter(),
            noun,
            is_static,
        }
    }

    pub(super) fn next(&mut self) -> Option<&'w Word> {
        self.words.next()
    }

    pub(super) fn peek(&self) -> Option<&'w Word> {
        self.words.as_slice().first()
    }

    /// Takes the next word if it is this one.
    pub(super) fn take(&mut self, text: &str) -> Option<&'w Word> {
        self.peek().filter(|word| word.text == text)?;
        self.next()
    }

    /// Takes `inet` or `inet6`.
    pub(super) fn take_family(&mut self) -> Option<(Family, &'w Word)> {
        let v4 = self.take("inet").map(|word| (Family::V4, word));
        v4.or_else(|| self.take("inet6").map(|word| (Family::V6, word)))
    }
}

/// Helpers of both: each reports what is wrong and then gives `None`, which drops the whole line.
impl Parsed<'_> {
    /// The word after an option; keepalived exits where it lacks.
    pub(super) fn value<'w>(&mut self, cursor: &mut Cursor<'w>, option: &Word) -> Option<&'w Word> {
        let value = cursor.next();
        if value.is_none() {
            let text = format!("`{}` lacks its value", option.text);
            let diagnostic = Diagnostic::error(Code::MissingParameter, option.span, text)
                .help("keepalived stops here and does not start")
                .class(KeepalivedClass::MissingParameter);
            self.reader.sink.stop_test(EXIT_CONFIG);
            self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
        }
        value
    }

    /// Says that the word makes the line unusable.
    pub(super) fn unusable<T>(
        &mut self,
        code: Code,
        cursor: &Cursor<'_>,
        word: &Word,
        why: &str,
    ) -> Option<T> {
        let shown: String = word.text.chars().take(40).collect();
        let text = format!("`{shown}` {why}; the {} is skipped", cursor.noun);
        self.complain(code, word.span, text);
        None
    }

    /// A whole number from 0 to `max`.
    pub(super) fn count(
        &mut self,
        cursor: &mut Cursor<'_>,
        option: &Word,
        max: u32,
    ) -> Option<u32> {
        let word = self.value(cursor, option)?;
        let parsed = number::integer(&word.text);
        if let Some(number) = parsed
            && number.trailing
            && !self.trailing_text(&option.text, word)
        {
            return None;
        }
        let value = parsed.and_then(|number| u32::try_from(number.value).ok());
        let value = value.filter(|value| *value <= max);
        if value.is_none() {
            let code = if parsed.is_some() {
                Code::OutOfRange
            } else {
                Code::InvalidNumber
            };
            let why = format!("is no number from 0 to {max}");
            return self.unusable(code, cursor, word, &why);
        }
        value
    }

    /// As [`Self::count`], for 8 bits.
    pub(super) fn small(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<u8> {
        let number = self.count(cursor, option, 255)?;
        u8::try_from(number).ok()
    }

    /// A number or name of that list.
    pub(super) fn named(
        &mut self,
        cursor: &mut Cursor<'_>,
        option: &Word,
        list: NameList,
    ) -> Option<Named> {
        let word = self.value(cursor, option)?;
        self.name_in(cursor, word, &word.text, list)
    }

    fn name_in(
        &mut self,
        cursor: &Cursor<'_>,
        word: &Word,
        text: &str,
        list: NameList,
    ) -> Option<Named> {
        let named = Named::parse(list, text);
        let unknown = named.as_ref().is_none_or(|named| {
            named.number.is_none()
                && self.environment.network_name(list, text) == Existence::Missing
        });
        if unknown {
            let why = format!("is no {}", list.noun());
            return self.unusable(Code::UnknownName, cursor, word, &why);
        }
        named
    }

    /// `[FROM/]TO`.
    pub(super) fn realms(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<Realms> {
        let word = self.value(cursor, option)?;
        let (from, to) = match word.text.split_once('/') {
            Some((from, to)) => (Some(from), to),
            None => (None, word.text.as_str()),
        };
        let from = match from {
            Some(from) => Some(self.name_in(cursor, word, from, NameList::Realms)?),
            None => None,
        };
        let to = self.name_in(cursor, word, to, NameList::Realms)?;
        Some(Realms { from, to })
    }

    /// An address with or without prefix length; `all`, `any` and `default` are `None` within.
    #[allow(
        clippy::option_option,
        reason = "reported, or everything, or a network"
    )]
    pub(super) fn prefix(
        &mut self,
        cursor: &Cursor<'_>,
        word: &Word,
        what: &str,
    ) -> Option<Option<IpNetwork>> {
        if matches!(word.text.as_str(), "default" | "any" | "all") {
            return Some(None);
        }
        if self.looks_like_address(word) {
            return self.network(word).map(|(network, _)| Some(network));
        }
        let why = format!("is no {what}");
        self.unusable(Code::InvalidAddress, cursor, word, &why)
    }

    fn looks_like_address(&self, word: &Word) -> bool {
        let address = word.text.split('/').next().unwrap_or_default();
        address.parse::<std::net::IpAddr>().is_ok()
    }

    /// An address without prefix length.
    pub(super) fn bare_address(
        &mut self,
        cursor: &Cursor<'_>,
        word: &Word,
    ) -> Option<std::net::IpAddr> {
        let address = word.text.parse().ok();
        if address.is_none() {
            return self.unusable(Code::InvalidAddress, cursor, word, "is no IP address");
        }
        address
    }

    /// The family so far, or that of the next address; both must be the same.
    pub(super) fn same_family(
        &mut self,
        cursor: &Cursor<'_>,
        family: &mut Option<Family>,
        found: Family,
        word: &Word,
    ) -> Option<()> {
        if *family.get_or_insert(found) == found {
            return Some(());
        }
        let why = "is of another family than what stands before it";
        self.unusable(Code::MixedFamilies, cursor, word, why)
    }

    /// The name of an interface; whether there is one is found out when all is read.
    pub(super) fn device(
        &mut self,
        cursor: &mut Cursor<'_>,
        option: &Word,
    ) -> Option<Spanned<String>> {
        self.value(cursor, option).map(Word::spanned)
    }

    /// keepalived 2.2.7 loses the word after a leading family.
    pub(super) fn leading_family(&mut self, cursor: &mut Cursor<'_>) -> Option<Family> {
        let (family, word) = cursor.take_family()?;
        let text = format!(
            "keepalived 2.2.7 passes over the word after `{}`, newer releases don't",
            word.text
        );
        let diagnostic = Diagnostic::note(Code::NewerKeyword, word.span, text)
            .help("leave it out: the addresses tell the family");
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
        Some(family)
    }
}
