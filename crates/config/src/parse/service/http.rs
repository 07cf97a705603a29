//! `HTTP_GET`, `SSL_GET` and their pages.

use std::ops::RangeInclusive;

use super::super::{Entry, Parsed, number};
use super::draft::HttpDraft;
use super::{KindDraft, hex};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{HttpProtocol, RegexOption, RegexStack, STATUS_CODES};
use crate::registry::{Block, Value};
use crate::span::{Span, Spanned};
use crate::words::Word;

impl HttpDraft {
    /// Takes the keyword in if it is one of these.
    pub(super) fn apply(&mut self, entry: &Entry) -> bool {
        match (entry.keyword.name, &entry.value) {
            ("virtualhost", _) => self.virtualhost = entry.first(),
            ("http_protocol", Value::Word(version)) => {
                self.protocol = match version.as_str() {
                    "1.1" => HttpProtocol::V1_1,
                    "1.0" => HttpProtocol::V1_0,
                    _ => HttpProtocol::V1_0Close,
                };
            }
            ("enable_sni", _) => self.enable_sni = true,
            ("sni_name", _) => self.sni_name = entry.first(),
            ("fast_recovery", _) => self.fast_recovery = true,
            ("tls_compliant", _) => self.tls_compliant = true,
            (_, Value::Invalid) => {}
            _ => return false,
        }
        true
    }
}

/// `CODE` or `CODE-CODE`, none where it is neither.
pub(in crate::parse) fn status_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let code = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let code = text.parse().ok().filter(|_| digits);
        code.filter(|code| STATUS_CODES.contains(code))
    };
    let range = code(first)?..=code(last)?;
    (!range.is_empty()).then_some(range)
}

/// The finding about a word that is none.
pub(in crate::parse) fn no_status_code(word: &Word) -> Diagnostic {
    let text = format!("`{}` is no status code; it is ignored", word.text);
    let help = format!(
        "codes are numbers from {} to {}, or two of them with `-` between",
        STATUS_CODES.start(),
        STATUS_CODES.end()
    );
    Diagnostic::error(Code::InvalidValue, word.span, text).help(help)
}

impl Parsed<'_> {
    pub(super) fn apply_url(&mut self, entry: Entry) {
        match entry.keyword.name {
            "digest" => return self.digest(&entry),
            "status_code" => return self.status_codes(&entry.arguments),
            "regex_options" => return self.regex_options(&entry.arguments),
            "regex_stack" => return self.regex_stack(&entry.arguments),
            "regex_min_offset" | "regex_max_offset" => return self.regex_offset(&entry),
            _ => {}
        }
        let Some(url) = &mut self.service.url else {
            return;
        };
        match entry.keyword.name {
            "path" => url.path = entry.first().filter(|path| !path.value.is_empty()),
            "virtualhost" => url.virtualhost = entry.first(),
            "regex" => url.pattern = joined(&entry.arguments),
            "regex_no_match" => url.no_match = true,
            "tls_compliant" => url.tls_compliant = true,
            _ => self.accept(entry),
        }
    }

    fn digest(&mut self, entry: &Entry) {
        let Some(word) = entry.first() else { return };
        let Some(digest) = hex::digest(&word.value) else {
            let text = "a digest is 32 hexadecimal digits; this is ignored";
            let diagnostic = Diagnostic::error(Code::InvalidValue, word.span, text)
                .help("`genhash` and `md5sum` print one")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return;
        };
        let Some(url) = &mut self.service.url else {
            return;
        };
        if url.digest.is_some() {
            let text = "the page has a digest already; only the first counts";
            self.complain(Code::AlreadySpecified, word.span, text);
            return;
        }
        url.digest = Some(Spanned::new(digest, word.span));
    }

    /// `CODE` or `CODE-CODE`, several times.
    fn status_codes(&mut self, words: &[Word]) {
        for word in words {
            let Some(range) = status_range(&word.text) else {
                let found = no_status_code(word).class(KeepalivedClass::General);
                self.reader.sink.push(found);
                continue;
            };
            if let Some(url) = &mut self.service.url {
                url.status.push(range);
            }
        }
    }

    fn regex_options(&mut self, words: &[Word]) {
        for word in words {
            let Some(option) = RegexOption::from_word(&word.text) else {
                let text = format!("`{}` is no option of a pattern; it is ignored", word.text);
                let options = RegexOption::ALL.iter().map(|option| option.as_str());
                let alike = crate::registry::nearest_of(options, &word.text);
                let mut diagnostic = Diagnostic::warning(Code::InvalidChoice, word.span, text);
                if let Some(alike) = alike {
                    diagnostic = diagnostic.help(format!("did you mean `{alike}`?"));
                }
                self.reader.sink.push(diagnostic);
                continue;
            };
            if let Some(url) = &mut self.service.url {
                url.options.push(option);
            }
        }
    }

    fn regex_offset(&mut self, entry: &Entry) {
        let Some(word) = entry.arguments.first() else {
            return;
        };
        match (bytes(word), &mut self.service.url) {
            (None, _) => {
                let text = format!("`{}` counts bytes; this is ignored", entry.keyword.name);
                let diagnostic = Diagnostic::warning(Code::InvalidNumber, word.span, text);
                self.reader.sink.push(diagnostic);
            }
            (Some(offset), Some(url)) if entry.keyword.name == "regex_min_offset" => {
                url.min_offset = offset;
            }
            (Some(offset), Some(url)) => url.max_offset = Some(offset),
            (Some(_), None) => {}
        }
    }

    /// `START MAX`.
    fn regex_stack(&mut self, words: &[Word]) {
        let numbers: Vec<Option<u64>> = words.iter().map(bytes).collect();
        match (numbers.as_slice(), &mut self.service.url) {
            ([Some(start), Some(max)], Some(url)) if start <= max => {
                let (start, max) = (*start, *max);
                url.stack = Some(RegexStack { start, max });
            }
            _ => {
                if let (Some(first), Some(last)) = (words.first(), words.last()) {
                    let text = "`regex_stack` takes two sizes in bytes, at the start and at most";
                    let span = first.span.to(last.span);
                    let diagnostic = Diagnostic::warning(Code::InvalidValue, span, text);
                    self.reader.sink.push(diagnostic);
                }
            }
        }
    }

    /// Gives the page to its checker, unless it has no path.
    pub(super) fn leave_url(&mut self, end: Span) {
        let Some(url) = self.service.url.take() else {
            return;
        };
        if url.path.is_none() {
            self.incomplete(Block::Url, "a `path`", url.span, end);
            return;
        }
        if let Some(draft) = &mut self.service.checker
            && let KindDraft::Http(http) = &mut draft.kind
        {
            http.urls.push(url);
        }
    }
}

fn bytes(word: &Word) -> Option<u64> {
    let number = number::integer(&word.text).filter(|number| !number.trailing)?;
    u64::try_from(number.value).ok()
}

/// The words as one, with single blanks between.
fn joined(words: &[Word]) -> Option<Spanned<String>> {
    let (first, last) = (words.first()?, words.last()?);
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    Some(Spanned::new(texts.join(" "), first.span.to(last.span)))
}
