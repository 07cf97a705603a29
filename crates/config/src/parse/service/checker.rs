//! Checkers of real servers.

use super::super::{Entry, Parsed, number};
use super::draft::{MiscDraft, UdpDraft};
use super::{CheckerDraft, KindDraft, hex};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{DnsType, Family, FileWeight, FirewallMark, Port, Reply};
use crate::registry::{Block, Value};
use crate::span::{Span, Spanned};
use crate::words::Word;

/// Longest label of a DNS name in bytes (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;
/// Longest DNS name as text (RFC 1035 §2.3.4, less the root's byte and the first length).
const MAX_DNS_NAME: usize = 253;

impl Parsed<'_> {
    pub(super) fn apply_checker(&mut self, entry: Entry) {
        let name = entry.keyword.name;
        if name == "bindto" || name == "connect_ip" {
            return self.checker_address(&entry);
        }
        let Some(draft) = &mut self.service.checker else {
            return;
        };
        if draft.apply_common(&entry) {
            return;
        }
        match &mut draft.kind {
            KindDraft::Http(http) => {
                if !http.apply(&entry) {
                    self.accept(entry);
                }
            }
            KindDraft::Smtp(helo) if name == "helo_name" => *helo = entry.first(),
            KindDraft::Dns(..) => self.apply_dns(&entry),
            KindDraft::Misc(_) => self.apply_misc(&entry),
            KindDraft::Udp(_) => self.apply_udp(&entry),
            KindDraft::File(..) => self.apply_file(&entry),
            KindDraft::Bfd(_) => self.apply_bfd_check(&entry),
            KindDraft::Tcp | KindDraft::Ping | KindDraft::Smtp(_) => self.accept(entry),
        }
    }

    /// `connect_ip` and `bindto`, which must be of one family.
    fn checker_address(&mut self, entry: &Entry) {
        let Value::Address(address) = entry.value else {
            return;
        };
        let server = self.service.servers.last();
        let server = server.and_then(|server| server.real_servers.last());
        let own = server.map(|server| server.address.value.address);
        let Some(draft) = &mut self.service.checker else {
            return;
        };
        let bind = entry.keyword.name == "bindto";
        let other = if bind {
            draft.connect_ip.or(own)
        } else {
            draft.bindto.map(|bindto| bindto.value)
        };
        if other.is_some_and(|other| Family::of(other) != Family::of(address)) {
            let text = "`connect_ip` and `bindto` must be of one family; this is ignored";
            self.complain(Code::InvalidAddress, entry.value_span(), text);
        } else if bind {
            draft.bindto = Some(Spanned::new(address, entry.value_span()));
        } else {
            draft.connect_ip = Some(address);
        }
    }

    fn kind(&mut self) -> Option<&mut KindDraft> {
        self.service.checker.as_mut().map(|draft| &mut draft.kind)
    }

    fn apply_dns(&mut self, entry: &Entry) {
        let Some(word) = entry.arguments.first() else {
            return;
        };
        if entry.keyword.name == "name" {
            let value = self.dns_name(word);
            if let (Some(value), Some(KindDraft::Dns(_, name))) = (value, self.kind()) {
                *name = Some(value).filter(|name| !name.value.is_empty());
            }
            return;
        }
        let Some(value) = DnsType::from_word(&word.text.to_ascii_uppercase()) else {
            let types: Vec<&str> = DnsType::ALL.iter().map(|record| record.as_str()).collect();
            let text = format!("`{}` is no type that can be asked for", word.text);
            let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
                .help(format!("one of: {}", types.join(", ")))
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return;
        };
        if let Some(KindDraft::Dns(record, _)) = self.kind() {
            *record = value;
        }
    }

    /// The name without the dot at its end; empty for the root, `None`, reported, for what is no name.
    fn dns_name(&mut self, word: &Word) -> Option<Spanned<String>> {
        let name = word.text.strip_suffix('.').unwrap_or(&word.text);
        let labels = || name.split('.').filter(|_| !name.is_empty());
        if labels().any(str::is_empty) {
            let text = "this name has an empty part between dots; it is ignored";
            self.complain(Code::InvalidValue, word.span, text);
            return None;
        }
        if name.len() > MAX_DNS_NAME || labels().any(|part| part.len() > MAX_LABEL) {
            let text = format!(
                "names have at most {MAX_DNS_NAME} bytes, and {MAX_LABEL} between two dots; it is ignored"
            );
            let diagnostic = Diagnostic::warning(Code::NameTooLong, word.span, text);
            self.reader.sink.push(diagnostic);
            return None;
        }
        let first = labels().next().unwrap_or_default();
        if first.len() == 1 && word.text.contains('.') {
            let text = "keepalived 2.2.7 takes this name for a wrong one, and asks for the root";
            let diagnostic = Diagnostic::warning(Code::InvalidValue, word.span, text)
                .help("a first part of more than one letter works everywhere")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        }
        Some(Spanned::new(name.to_owned(), word.span))
    }

    fn apply_misc(&mut self, entry: &Entry) {
        match entry.keyword.name {
            "misc_path" => {
                let script = self.check_command(&entry.arguments);
                if let Some(KindDraft::Misc(misc)) = self.kind() {
                    misc.script = script;
                }
            }
            "user" => {
                let arguments = &entry.arguments;
                let broken = self
                    .unknown_identity(arguments.first(), arguments.get(1))
                    .is_some();
                let identity = self.identity(arguments);
                if let Some(draft) = &mut self.service.checker {
                    draft.broken |= broken;
                    if let KindDraft::Misc(misc) = &mut draft.kind {
                        misc.identity = identity;
                    }
                }
            }
            name => {
                if let Some(KindDraft::Misc(misc)) = self.kind() {
                    misc.apply(name, &entry.value);
                }
            }
        }
    }

    fn apply_udp(&mut self, entry: &Entry) {
        let wildcards = entry.keyword.name == "require_reply";
        match (entry.keyword.name, entry.arguments.as_slice()) {
            ("require_reply", []) => {
                if let Some(KindDraft::Udp(udp)) = self.kind() {
                    udp.reply = Reply::Any;
                }
            }
            ("payload" | "require_reply", [first, .., last]) => {
                let span = first.span.to(last.span);
                self.hex(entry, wildcards, span);
            }
            ("payload" | "require_reply", [only]) => self.hex(entry, wildcards, only.span),
            (name, _) => {
                let length = entry
                    .unsigned()
                    .and_then(|number| u16::try_from(number).ok());
                if let (Some(length), Some(KindDraft::Udp(udp))) = (length, self.kind()) {
                    udp.apply(name, length);
                }
            }
        }
    }

    fn hex(&mut self, entry: &Entry, wildcards: bool, span: Span) {
        let words: Vec<&str> = entry
            .arguments
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        let Some(bytes) = hex::pattern(&words.join(" "), wildcards) else {
            let text = format!(
                "`{}` takes hexadecimal digits; this is ignored",
                entry.keyword.name
            );
            let help = if wildcards {
                "such as `0a 1X XX`, where `X` stands for any digit"
            } else {
                "such as `0a 0b`, without `0x`"
            };
            let diagnostic = Diagnostic::error(Code::InvalidValue, span, text).help(help);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
            return;
        };
        if let Some(KindDraft::Udp(udp)) = self.kind() {
            if wildcards {
                udp.reply = Reply::Pattern(bytes);
            } else {
                udp.payload = Some(bytes.iter().map(|byte| byte.value).collect());
            }
        }
    }

    fn apply_file(&mut self, entry: &Entry) {
        if entry.keyword.name == "track_file" {
            let Some(name) = entry.first() else { return };
            if !self
                .objects
                .contains(&(Block::TrackFile, name.value.clone()))
            {
                let text = format!("there is no `track_file` block `{}` up to here", name.value);
                self.complain(Code::TrackedUnknown, name.span, text);
            } else if let Some(KindDraft::File(file, _)) = self.kind() {
                *file = Some(name);
            }
            return;
        }
        let Some(word) = entry.arguments.first() else {
            return;
        };
        let limit = i64::from(i32::MAX);
        let Some(value) = self.integer("weight", word, -limit, limit) else {
            return;
        };
        let reverse = match entry.arguments.get(1) {
            Some(word) if word.text == "reverse" => true,
            Some(word) if word.text != "noreverse" => {
                let text = "only `reverse` or `noreverse` stands after a weight";
                self.complain(Code::InvalidValue, word.span, text);
                false
            }
            _ => false,
        };
        if let (Ok(value), Some(KindDraft::File(_, weight))) = (i32::try_from(value), self.kind()) {
            *weight = Some(FileWeight { value, reverse });
        }
    }

    fn apply_bfd_check(&mut self, entry: &Entry) {
        let given = match self.kind() {
            Some(KindDraft::Bfd(name)) => name.clone(),
            _ => return,
        };
        let name = self.only_word(entry);
        let known = |parsed: &Self, name: &str| {
            let key = (Block::BfdInstance, name.to_owned());
            parsed.objects.contains(&key)
        };
        match (name, given) {
            (Some(name), Some(given)) => {
                let text = format!("`{}` is checked already; this is ignored", given.value);
                self.complain(Code::AlreadySpecified, name.span, text);
            }
            (Some(name), None) if known(self, &name.value) => {
                if let Some(KindDraft::Bfd(field)) = self.kind() {
                    *field = Some(name);
                }
            }
            (Some(name), None) => {
                let text = format!("there is no `bfd_instance` `{}` up to here", name.value);
                self.complain(Code::TrackedUnknown, name.span, text);
                self.break_checker();
            }
            (None, None) => self.break_checker(),
            (None, Some(_)) => {}
        }
    }

    fn break_checker(&mut self) {
        if let Some(draft) = &mut self.service.checker {
            draft.broken = true;
        }
    }

    /// Gives the checker to its real server, unless it lacks something.
    pub(super) fn leave_checker(&mut self, block: Block, end: Span) {
        let Some(draft) = self.service.checker.take() else {
            return;
        };
        if draft.broken {
            return;
        }
        let lacks = match &draft.kind {
            KindDraft::Http(http) if http.urls.is_empty() => Some("a usable `url`"),
            KindDraft::Misc(MiscDraft { script: None, .. }) => Some("a `misc_path`"),
            KindDraft::File(None, _) => Some("a usable `track_file`"),
            KindDraft::Bfd(None) => Some("a `name`"),
            _ => None,
        };
        if let Some(lacks) = lacks {
            self.incomplete(block, lacks, draft.span, end);
            return;
        }
        if let KindDraft::Udp(udp) = &draft.kind
            && udp.min_reply_length > udp.max_reply_length
        {
            let text = format!(
                "no reply has at least {} and at most {} bytes; the check will always fail",
                udp.min_reply_length, udp.max_reply_length
            );
            let diagnostic = Diagnostic::error(Code::InvalidValue, end, text)
                .label(draft.span, "this checker")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        }
        if let Some(server) = self.real_server() {
            server.checkers.push(draft);
        }
    }

    /// A block that keepalived leaves out at its end.
    pub(super) fn incomplete(&mut self, block: Block, lacks: &str, opener: Span, end: Span) {
        let text = format!("this `{}` lacks {lacks}; it is ignored", block.name());
        let diagnostic = Diagnostic::error(Code::CheckerIncomplete, end, text)
            .label(opener, "it begins here")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }
}

impl CheckerDraft {
    /// Takes the keyword in if it is one that several kinds have.
    fn apply_common(&mut self, entry: &Entry) -> bool {
        if self.checks.apply(entry) {
            return true;
        }
        let number = entry.unsigned();
        let port = || {
            let number = number.and_then(|number| u16::try_from(number).ok());
            number.and_then(Port::new)
        };
        match entry.keyword.name {
            "connect_port" => self.connect_port = port().or(self.connect_port),
            "bind_port" => self.bind_port = port().or(self.bind_port),
            "bind_if" => {
                if let Value::Word(_) = entry.value {
                    self.bind_if = entry.first();
                }
            }
            "fwmark" => self.mark = number.map_or(self.mark, FirewallMark),
            "alpha" => self.alpha = entry.truth().or(self.alpha),
            "log_all_failures" => self.log_all_failures = entry.truth().or(self.log_all_failures),
            "nb_get_retry" => {
                self.checks.retry = entry.spanned_unsigned().or(self.checks.retry);
            }
            _ => return false,
        }
        true
    }
}

impl MiscDraft {
    fn apply(&mut self, name: &str, value: &Value) {
        match (name, value) {
            ("misc_timeout", Value::Integer(seconds)) => {
                // keepalived takes 0 for none.
                self.timeout = Some(number::seconds(*seconds)).filter(|time| time.get() > 0);
            }
            ("misc_dynamic", _) => self.dynamic = true,
            _ => {}
        }
    }
}

impl UdpDraft {
    fn apply(&mut self, name: &str, length: u16) {
        match name {
            "min_reply_length" => self.min_reply_length = length,
            "max_reply_length" => self.max_reply_length = length,
            _ => {}
        }
    }
}
