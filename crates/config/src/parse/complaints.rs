//! What is wrong with the words themselves: unknown, missing, in the wrong place.

use super::{EXIT_CONFIG, Parsed, Placed, SHOWN_CHARACTERS};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::reader::Line;
use crate::registry::{Acts, Block, Keyword, Release, Syntax, certain, nearest};
use crate::secret;
use crate::span::Span;
use crate::words::Word;

impl Parsed<'_> {
    /// keepalived minds only one list that is empty.
    pub(super) fn empty_list(&mut self, keyword: &Keyword, end: Span) {
        if keyword.name == "notification_email" {
            let text = "this `notification_email` names nobody: no mail is sent to anyone";
            let found = Diagnostic::warning(Code::EmptyList, end, text)
                .help("put an address on a line of its own, or remove the block")
                .class(KeepalivedClass::General);
            self.reader.sink.push(found);
        }
    }

    pub(super) fn unexpected_brace(&mut self, line: &Line) {
        let span = line.whole();
        let opener = self.last_unknown.take();
        let text = "this `{` opens no block; its `}` will close the block around it";
        let mut diagnostic = Diagnostic::warning(Code::UnexpectedBrace, span, text)
            .class(KeepalivedClass::UnexpectedBegin);
        if let Some((place, word)) = &opener {
            diagnostic = diagnostic.label(*place, format!("`{word}` is no block here"));
        }
        self.stray_brace
            .get_or_insert((span, opener.map_or_else(String::new, |(_, word)| word)));
        self.reader.sink.push(diagnostic);
    }

    pub(super) fn missing_brace(
        &mut self,
        keyword: &str,
        line: &Line,
        class: Option<KeepalivedClass>,
    ) {
        let text = format!(
            "a `{{` is missing after `{keyword}`; what follows is read as if it were there"
        );
        let mut diagnostic = Diagnostic::error(Code::MissingOpenBrace, line.whole(), text)
            .help(format!("end the line of `{keyword}` with ` {{`"));
        self.braceless = self.braceless.or(self.header);
        if let Some(header) = self.header {
            diagnostic = diagnostic.label(header, "a block begins here");
        }
        diagnostic.keepalived_class = class;
        self.reader.sink.push(diagnostic);
    }

    pub(super) fn closes_nothing(&mut self, line: &Line) {
        if self.reader.sink.is_full() && self.reader.sink.has(Code::ExtraCloseBrace) {
            self.reader.sink.drop_one(KeepalivedClass::UnknownKeyword);
            return;
        }
        let text = "this `}` closes nothing";
        let mut diagnostic = Diagnostic::error(Code::ExtraCloseBrace, line.whole(), text)
            .class(KeepalivedClass::UnknownKeyword);
        if let Some(place) = self.braceless {
            diagnostic = diagnostic.label(place, "it belongs to this block, whose `{` is missing");
        }
        if let Some((place, word)) = &self.stray_brace {
            let why = format!("the block after `{word}` took the `}}` of the block around it");
            diagnostic = diagnostic.label(*place, why);
        }
        self.reader.sink.push_unless_there(diagnostic);
    }

    /// A line of a list that begins with a keyword of the block around it.
    pub(super) fn suspect_unclosed_list(&mut self, word: &Word, opener: Span) {
        let belongs = self
            .open_blocks
            .iter()
            .any(|(block, _)| block.keyword(&word.text).is_some());
        if belongs && self.unclosed.is_none() {
            self.unclosed = Some((opener, word.span));
        }
    }

    /// A keyword of a block around this one: this one's `}` is probably missing.
    fn suspect_unclosed(&mut self, word: &Word) {
        let Some(((_, opener), around)) = self.open_blocks.split_last() else {
            return;
        };
        let belongs = Block::Root.keyword(&word.text).is_some()
            || around
                .iter()
                .any(|(block, _)| block.keyword(&word.text).is_some());
        if belongs && self.unclosed.is_none() {
            self.unclosed = Some((*opener, word.span));
        }
    }

    pub(super) fn unknown(&mut self, block: Block, word: Word) {
        let blanks_only = word.text.chars().all(|letter| {
            letter.is_ascii()
                || letter.is_whitespace()
                || letter.is_control()
                || ('\u{200b}'..='\u{200d}').contains(&letter)
                || letter == '\u{feff}'
        });
        self.look_alikes(std::slice::from_ref(&word), blanks_only);
        self.suspect_unclosed(&word);
        if self.reader.sink.is_full() {
            self.reader.sink.drop_one(KeepalivedClass::UnknownKeyword);
            return;
        }
        let shown: String = word.text.chars().take(SHOWN_CHARACTERS).collect();
        let shown = secret::masked(shown);
        let place = match block {
            Block::Root => "outside any block".to_owned(),
            _ => format!("in `{}`", block.name()),
        };
        let mut diagnostic = if is_malformed_definition(&word.text) {
            let text = format!("`{shown}` is no definition; the line is ignored");
            Diagnostic::warning(Code::MalformedDefinition, word.span, text)
        } else {
            let text = format!("`{shown}` is no keyword {place}; it is ignored");
            Diagnostic::warning(Code::UnknownKeyword, word.span, text)
        };
        diagnostic = diagnostic.class(KeepalivedClass::UnknownKeyword);
        diagnostic.help = unknown_help(block, &word.text);
        if let Some((title, replacement)) = certain_fix(block, &word.text) {
            diagnostic = diagnostic.fix(title, word.span, replacement);
        }
        if let (Block::Root, Some((place, opener))) = (block, &self.stray_brace) {
            let why = format!("the block after `{opener}` ended the block around it early");
            diagnostic = diagnostic.label(*place, why);
        }
        self.reader.sink.push(diagnostic);
        self.last_unknown = Some((word.span, shown));
    }

    /// Says what holds for the keyword itself; false within a block whose lack of effect was said.
    pub(super) fn remark(
        &mut self,
        block: Block,
        keyword: &'static Keyword,
        span: Span,
        report: bool,
    ) -> bool {
        let name = keyword.name;
        self.last_unknown = None;
        if keyword.since > Release::IMITATED {
            self.reader.sink.count(KeepalivedClass::UnknownKeyword);
            let text = format!("`{name}` needs keepalived {} or newer", keyword.since);
            self.once(name, Diagnostic::note(Code::NewerKeyword, span, text));
        }
        if let Some(instead) = keyword.deprecated {
            let text = format!("`{name}` is obsolete");
            let help = match instead.strip_prefix("nothing: ") {
                Some(why) => format!("remove the line: {why}"),
                None => format!("use {instead} instead"),
            };
            let mut diagnostic = Diagnostic::warning(Code::Deprecated, span, text).help(help);
            // keepalived is silent about these.
            let silent = matches!(name, "native_ipv6" | "host")
                || (name == "linkbeat_use_polling" && block == Block::Root);
            if !silent {
                diagnostic = diagnostic.class(KeepalivedClass::Deprecated);
            }
            self.reader.sink.push(diagnostic);
        }
        let is_said = |own: &[Placed]| own.iter().any(|(known, _)| std::ptr::eq(*known, keyword));
        if keyword.ours && !block.is_own() && !is_said(&self.own_keywords) {
            self.own_keywords.push((keyword, span));
        }
        if keyword.acts != Acts::NotYet || !report {
            return report;
        }
        if !self.not_acted_on.iter().any(|(known, _)| *known == name) {
            self.not_acted_on.push((name, span));
        }
        false
    }

    /// One finding for all keywords that have no effect in this version.
    pub(super) fn say_what_is_not_acted_on(&mut self) {
        let Some(((_, first), others)) = self.not_acted_on.split_first() else {
            return;
        };
        let names: Vec<String> = self
            .not_acted_on
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let verb = if others.is_empty() { "is" } else { "are" };
        let names = names.join(", ");
        let text = format!("{names} {verb} accepted, but not acted on yet by this version");
        let mut diagnostic = Diagnostic::warning(Code::NotActedOn, *first, text);
        for (name, span) in others {
            diagnostic = diagnostic.label(*span, format!("`{name}`"));
        }
        self.reader.sink.push(diagnostic);
    }

    /// One finding for all keywords that keepalived does not know.
    pub(super) fn say_what_is_our_own(&mut self) {
        let own = std::mem::take(&mut self.own_keywords);
        let Some(((_, first), others)) = own.split_first() else {
            return;
        };
        let mut names: Vec<String> = Vec::new();
        for (keyword, _) in &own {
            let name = format!("`{}`", keyword.name);
            // The same keyword may stand in global_defs and in instances.
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let text = format!("keepalived does not know {}", names.join(", "));
        let has_braces = |(keyword, _): &Placed| {
            matches!(
                keyword.syntax,
                Syntax::Lines | Syntax::Block(_) | Syntax::Named(_)
            )
        };
        let help = if own.iter().any(has_braces) {
            "fine where Standfast alone reads the file; keepalived takes the `}` of a block that it does not know for the \
             end of the block around it: what stands after it in an instance is lost there, also `virtual_ipaddress`"
        } else {
            "fine where Standfast alone reads the file; keepalived calls it unknown and goes on without it"
        };
        let mut found = Diagnostic::note(Code::OwnKeyword, *first, text).help(help);
        for (keyword, span) in others {
            found = found.label(*span, format!("`{}`", keyword.name));
        }
        self.reader.sink.push(found);
    }

    /// Reports it for the first such keyword only.
    fn once(&mut self, name: &'static str, diagnostic: Diagnostic) {
        if self.reported.insert((diagnostic.code, name)) {
            self.reader.sink.push(diagnostic);
        }
    }

    pub(super) fn check_encoding(&mut self, words: &[Word]) {
        self.look_alikes(words, false);
        for word in words.iter().filter(|word| word.lossy) {
            let text = "this value is not UTF-8; what can't be decoded is replaced";
            self.reader
                .sink
                .push(Diagnostic::warning(Code::NotUtf8, word.span, text));
        }
    }

    /// keepalived exits where a keyword lacks its value.
    pub(super) fn lacks_parameter(
        &mut self,
        keyword: &'static Keyword,
        name: Span,
        words: &[Word],
    ) -> bool {
        let needs_one = match keyword.syntax {
            Syntax::Flag
            | Syntax::Bool
            | Syntax::OptionalInteger { .. }
            | Syntax::OptionalWord
            | Syntax::OptionalWords
            | Syntax::OptionalCommand
            | Syntax::Lines
            | Syntax::Block(_) => false,
            Syntax::Integer { .. }
            | Syntax::Decimal { .. }
            | Syntax::Word
            | Syntax::Words
            | Syntax::Choice(_)
            | Syntax::Address
            | Syntax::Interface
            | Syntax::Command
            | Syntax::Named(_) => words.is_empty(),
        };
        if needs_one && is_silent_without_value(keyword.name) {
            let text = format!("`{}` lacks its value; it is ignored", keyword.name);
            let diagnostic = Diagnostic::warning(Code::MissingParameter, name, text);
            self.reader.sink.push(diagnostic);
        } else if needs_one && keyword.lenient {
            let text = format!("`{}` lacks its value; it is ignored", keyword.name);
            self.complain(Code::MissingParameter, name, text);
            if let Syntax::Named(inner) = keyword.syntax {
                self.skip_block(inner);
            }
        } else if needs_one {
            let text = format!("`{}` lacks its value", keyword.name);
            let diagnostic = Diagnostic::error(Code::MissingParameter, name, text)
                .help("keepalived stops here and does not start")
                .class(KeepalivedClass::MissingParameter);
            self.reader.sink.stop_test(EXIT_CONFIG);
            self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
        }
        needs_one
    }
}

/// What to do and the word to put, where that is beyond doubt: the only keyword one or two slips away.
fn certain_fix(block: Block, word: &str) -> Option<(String, String)> {
    let meant = match word {
        "nb_get_retry" if block.keyword("retry").is_some() => "retry",
        "lvs_id" if block.keyword("router_id").is_some() => "router_id",
        _ => certain(block, word)?,
    };
    Some((format!("write `{meant}`"), meant.to_owned()))
}

/// Whether keepalived says nothing where the keyword has no value.
fn is_silent_without_value(name: &str) -> bool {
    name == "status_code" || name.starts_with("regex")
}

/// Whether the word was meant to be `$NAME=value`.
fn is_malformed_definition(word: &str) -> bool {
    word.starts_with('$') && word.contains('=')
}

/// What was probably meant by an unknown word.
fn unknown_help(block: Block, word: &str) -> Option<String> {
    let old = match word {
        "nat_mask" => Some("it is long obsolete: remove the line"),
        "nb_get_retry" => Some("the keyword is `retry` now"),
        "lvs_id" => Some("the keyword is `router_id` now"),
        "//" | "/*" | "*/" => Some("comments begin with `#` or `!`"),
        _ if word.starts_with("//") => Some("comments begin with `#` or `!`"),
        _ if is_malformed_definition(word) => {
            Some("names have letters, digits and `_`, and begin with no digit")
        }
        _ => None,
    };
    if let Some(old) = old {
        return Some(old.to_owned());
    }
    if let Some(meant) = nearest(block, word) {
        return Some(format!("did you mean `{meant}`?"));
    }
    let elsewhere = Block::ALL
        .iter()
        .find(|other| other.keyword(word).is_some())?;
    Some(match elsewhere {
        Block::Root => format!("`{word}` belongs outside any block"),
        _ => format!("`{word}` belongs in `{}`", elsewhere.name()),
    })
}
