//! Load balancing: what its blocks say, and what keepalived complains about while it reads them.

mod address;
mod bfd;
mod checker;
mod draft;
mod forwarding;
mod hex;
mod http;
mod persistence;
mod server;

use super::{Entry, Parsed};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Script, Ssl};
use crate::registry::{Block, Value};
use crate::source::Existence;
use crate::span::{Span, Spanned};
use crate::words::Word;

pub(crate) use draft::{
    CheckDraft, CheckerDraft, HttpDraft, KindDraft, RealServerDraft, ServiceDraft, SorryDraft,
    UrlDraft, VirtualServerDraft,
};
pub(super) use http::{no_status_code, status_range};
pub(crate) use persistence::DEFAULT_TIMEOUT_S as DEFAULT_PERSISTENCE_S;

impl Parsed<'_> {
    /// Begins a block of load balancing; false, reported, where keepalived passes over it.
    pub(super) fn enter_service(&mut self, block: Block, span: Span, words: &[Word]) -> bool {
        match block {
            Block::VirtualServer => return self.enter_virtual_server(span, words),
            Block::RealServer => return self.enter_real_server(span, words),
            Block::BfdInstance => return self.enter_bfd(span, words),
            Block::Ssl => self.enter_ssl(span),
            Block::Url => {
                self.service.url = Some(UrlDraft {
                    span,
                    ..UrlDraft::default()
                });
            }
            _ => {
                if let Some(checker) = CheckerDraft::new(block, span) {
                    self.service.checker = Some(checker);
                }
            }
        }
        true
    }

    /// Ends it at its brace.
    pub(super) fn leave_service(&mut self, block: Block, end: Span) {
        match block {
            Block::VirtualServer => self.leave_virtual_server(end),
            Block::RealServer => self.leave_real_server(end),
            Block::BfdInstance => self.leave_bfd(end),
            Block::Url => self.leave_url(end),
            Block::TcpCheck
            | Block::HttpGet
            | Block::SslGet
            | Block::SmtpCheck
            | Block::DnsCheck
            | Block::MiscCheck
            | Block::UdpCheck
            | Block::PingCheck
            | Block::FileCheck
            | Block::BfdCheck => self.leave_checker(block, end),
            _ => {}
        }
    }

    /// Takes in a keyword of such a block.
    pub(super) fn apply_service(&mut self, block: Block, entry: Entry) {
        match block {
            Block::VirtualServer => self.apply_virtual_server(entry),
            Block::RealServer => self.apply_real_server(entry),
            Block::BfdInstance => self.apply_bfd(entry),
            Block::Ssl => self.apply_ssl(entry),
            Block::Url => self.apply_url(entry),
            _ => self.apply_checker(entry),
        }
    }

    fn enter_ssl(&mut self, span: Span) {
        if let Some(other) = &self.service.ssl {
            let text = "there are two `SSL` blocks; the last counts";
            let diagnostic = Diagnostic::error(Code::AlreadySpecified, span, text)
                .label(other.span, "this one has no effect")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        }
        self.service.ssl = Some(Ssl {
            password: None,
            ca: None,
            certificate: None,
            key: None,
            span,
        });
    }

    fn apply_ssl(&mut self, entry: Entry) {
        let value = entry.first();
        let Some(ssl) = &mut self.service.ssl else {
            return;
        };
        let field = match entry.keyword.name {
            "password" => &mut ssl.password,
            "ca" => &mut ssl.ca,
            "certificate" => &mut ssl.certificate,
            "key" => &mut ssl.key,
            _ => return self.accept(entry),
        };
        let taken = field.is_some();
        *field = value;
        if taken {
            let text = format!(
                "`{}` was given before; the last one counts",
                entry.keyword.name
            );
            self.complain(Code::AlreadySpecified, entry.span, text);
        }
    }

    /// A notification, of which only the first counts.
    fn first_script(&mut self, entry: &Entry, taken: bool) -> Option<Script> {
        let script = self.service_command(&entry.arguments);
        if taken {
            let text = format!("only the first `{}` counts", entry.keyword.name);
            self.complain(Code::AlreadySpecified, entry.span, text);
            return None;
        }
        script
    }

    /// keepalived drops a notification that nobody can run, or that runs nothing, without a word.
    fn service_command(&mut self, words: &[Word]) -> Option<Script> {
        let first = words.first()?;
        if first.text.trim().is_empty() {
            let diagnostic = Diagnostic::warning(
                Code::ScriptWithoutCommand,
                first.span,
                "this command is empty; nothing runs",
            );
            self.reader.sink.push(diagnostic);
            return None;
        }
        if let Some(stranger) = self.unknown_identity(words.get(1), words.get(2)) {
            let text = format!(
                "there is no `{}` on this host; the script is not run",
                stranger.text
            );
            let diagnostic = Diagnostic::warning(Code::UserUnknown, stranger.span, text);
            self.reader.sink.push(diagnostic);
            return None;
        }
        self.notify_command(words)
    }

    /// The user or the group if this host has none of that name.
    fn unknown_identity<'w>(
        &self,
        user: Option<&'w Word>,
        group: Option<&'w Word>,
    ) -> Option<&'w Word> {
        let named = |word: &&Word| word.text.parse::<u32>().is_err();
        let user = user
            .filter(named)
            .filter(|word| self.environment.user(&word.text) == Existence::Missing);
        user.or_else(|| {
            group.filter(named).filter(|word| {
                let name = word.text.strip_prefix(':').unwrap_or(&word.text);
                self.environment.group(name) == Existence::Missing
            })
        })
    }

    /// One word, which nothing may follow.
    fn only_word(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        if let Some(extra) = entry.arguments.get(1) {
            let text = format!("`{}` takes one word; it is ignored", entry.keyword.name);
            self.complain(Code::InvalidValue, extra.span, text);
            return None;
        }
        entry.first()
    }
}

impl Entry {
    /// A number that was taken, as unsigned.
    fn unsigned(&self) -> Option<u32> {
        match self.value {
            Value::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        }
    }

    /// The same with its place.
    fn spanned_unsigned(&self) -> Option<Spanned<u32>> {
        self.unsigned()
            .map(|number| Spanned::new(number, self.value_span()))
    }

    /// A truth value that was taken.
    fn truth(&self) -> Option<bool> {
        match self.value {
            Value::Bool(on) => Some(on),
            _ => None,
        }
    }
}

impl CheckDraft {
    /// Takes the keyword in if it is one that checkers inherit.
    fn apply(&mut self, entry: &Entry) -> bool {
        let name = entry.keyword.name;
        if !matches!(
            name,
            "delay_loop" | "connect_timeout" | "retry" | "delay_before_retry" | "warmup"
        ) {
            return false;
        }
        match (name, &entry.value) {
            ("delay_loop", Value::Decimal(time)) => {
                self.delay_loop = Some(Spanned::new(*time, entry.value_span()));
            }
            ("connect_timeout", Value::Decimal(time)) => self.connect_timeout = Some(*time),
            ("delay_before_retry", Value::Decimal(time)) => self.delay_before_retry = Some(*time),
            ("warmup", Value::Decimal(time)) => self.warmup = Some(*time),
            ("retry", Value::Integer(_)) => self.retry = entry.spanned_unsigned(),
            // Reported, and not used.
            _ => {}
        }
        true
    }
}
