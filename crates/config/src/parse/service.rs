//! What keepalived complains about in virtual servers, as far as its verdict depends on it.

use super::{Entry, Parsed};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::registry::Block;
use crate::span::Span;
use crate::words::Word;

/// What was seen of the virtual server and checker that are being read.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceState {
    scheduler: bool,
    method: bool,
    protocol: bool,
    by_mark: bool,
    servers: usize,
    misc_path: bool,
    url_path: bool,
}

impl ServiceState {
    pub(super) fn enter(&mut self, block: Block, _span: Span, words: &[Word]) {
        match block {
            Block::VirtualServer => {
                let by_mark = words.first().is_some_and(|word| word.text == "fwmark");
                *self = Self {
                    by_mark,
                    ..Self::default()
                };
            }
            _ => self.servers += 1,
        }
    }
}

impl Parsed<'_> {
    pub(super) fn apply_service(&mut self, block: Block, entry: &Entry) {
        let state = &mut self.service;
        match (block, entry.keyword.name) {
            (Block::VirtualServer, "lb_algo" | "lvs_sched") => state.scheduler = true,
            (Block::VirtualServer, "lb_kind" | "lvs_method") => {
                self.service.method = self.check_method(entry);
            }
            (Block::VirtualServer, "protocol") => {
                state.protocol = true;
                self.check_protocol(entry);
            }
            (Block::MiscCheck, "misc_path") => {
                state.misc_path = true;
                drop(self.check_command(&entry.arguments));
            }
            (_, "quorum_up" | "quorum_down" | "notify_up" | "notify_down") => {
                drop(self.notify_command(&entry.arguments));
            }
            (Block::Url, "path") => state.url_path = true,
            _ => {}
        }
    }

    fn check_method(&mut self, entry: &Entry) -> bool {
        let Some(word) = entry.arguments.first() else {
            return false;
        };
        let known = matches!(word.text.as_str(), "NAT" | "DR" | "TUN");
        if !known {
            let text = format!("`{}` is no forwarding method; NAT is taken", word.text);
            let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
                .help("the methods are NAT, DR and TUN, in capitals");
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
        }
        known
    }

    fn check_protocol(&mut self, entry: &Entry) {
        let Some(word) = entry.arguments.first() else {
            return;
        };
        if !matches!(
            word.text.to_ascii_uppercase().as_str(),
            "TCP" | "UDP" | "SCTP"
        ) {
            let text = format!("`{}` is no protocol of a virtual server", word.text);
            self.complain(Code::InvalidChoice, word.span, text);
        }
    }

    pub(super) fn leave_virtual_server(&mut self, span: Span) {
        let state = self.service.clone();
        if state.servers == 0 {
            let text = "this virtual server has no real server; it is ignored";
            self.complain(Code::ServiceIncomplete, span, text);
            return;
        }
        if !state.scheduler {
            self.default_taken(span, "no scheduler is given; `wlc` is taken");
        }
        if !state.method {
            self.default_taken(span, "no forwarding method is given; `NAT` is taken");
        }
        if !state.protocol && !state.by_mark {
            self.default_taken(span, "no protocol is given; `UDP` is taken");
        }
    }

    fn default_taken(&mut self, span: Span, text: &str) {
        let diagnostic = Diagnostic::warning(Code::ServiceIncomplete, span, text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::Warning));
    }

    pub(super) fn leave_checker(&mut self, block: Block, span: Span) {
        let state = &mut self.service;
        let missing = match block {
            Block::MiscCheck => (!std::mem::take(&mut state.misc_path)).then_some("misc_path"),
            _ => (!std::mem::take(&mut state.url_path)).then_some("path"),
        };
        if let Some(keyword) = missing {
            let text = format!("`{}` has no `{keyword}`; it is ignored", block.name());
            self.complain(Code::ServiceIncomplete, span, text);
        }
    }
}
