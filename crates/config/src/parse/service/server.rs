//! `virtual_server` and `real_server`.

use super::super::{Entry, Parsed};
use super::{RealServerDraft, SorryDraft, VirtualServerDraft};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Family, Forwarding, Scheduler, ServiceIdentity, ServiceProtocol};
use crate::registry::Value;
use crate::span::{Span, Spanned};
use crate::words::Word;

impl Parsed<'_> {
    pub(super) fn enter_virtual_server(&mut self, span: Span, words: &[Word]) -> bool {
        let Some(identity) = self.service_identity(words) else {
            return false;
        };
        let draft = VirtualServerDraft::new(identity, span);
        self.service.servers.push(draft);
        true
    }

    /// `IP [PORT]`, `fwmark MARK` or `group NAME`.
    fn service_identity(&mut self, words: &[Word]) -> Option<Spanned<ServiceIdentity>> {
        let first = words.first()?;
        let identity = match first.text.as_str() {
            "fwmark" => ServiceIdentity::Mark(self.mark(first, words.get(1))?),
            "group" => {
                let Some(name) = words.get(1) else {
                    self.lacks_word(first.span, "group");
                    return None;
                };
                ServiceIdentity::Group(name.text.clone())
            }
            _ => {
                let address = self.server_address(words)?;
                return Some(address.map(ServiceIdentity::Address));
            }
        };
        self.superfluous(words.get(2..).unwrap_or_default());
        let span = words
            .get(1)
            .map_or(first.span, |word| first.span.to(word.span));
        Some(Spanned::new(identity, span))
    }

    pub(super) fn apply_virtual_server(&mut self, entry: Entry) {
        match entry.keyword.name {
            "lb_kind" | "lvs_method" => {
                let method = self.forwarding(&entry.arguments);
                if let (Some(method), Some(draft)) = (method, self.service.servers.last_mut()) {
                    draft.forwarding = Some(method);
                }
            }
            "protocol" => self.protocol(&entry),
            "persistence_timeout" | "persistence_granularity" | "persistence_engine" => {
                self.apply_persistence(&entry);
            }
            "ip_family" => self.ip_family(&entry),
            "hashed" | "sh-port" | "sh-fallback" | "mh-port" | "mh-fallback" => {
                self.hash_flag(&entry);
            }
            "quorum_up" | "quorum_down" => self.quorum_script(&entry),
            "snmp_name" => {
                let name = self.only_word(&entry);
                if let (Some(name), Some(draft)) = (name, self.service.servers.last_mut()) {
                    draft.snmp_name = Some(name);
                }
            }
            "sorry_server" => {
                let address = self.server_address(&entry.arguments);
                if let (Some(address), Some(draft)) = (address, self.service.servers.last_mut()) {
                    draft.sorry = Some(SorryDraft {
                        address,
                        forwarding: None,
                        inhibit: false,
                    });
                }
            }
            "sorry_server_inhibit" | "sorry_server_lvs_method" => self.sorry_option(&entry),
            _ => self.apply_virtual_server_value(entry),
        }
    }

    /// Keywords whose value needs no further look.
    fn apply_virtual_server_value(&mut self, entry: Entry) {
        let Some(draft) = self.service.servers.last_mut() else {
            return;
        };
        if draft.checks.apply(&entry) {
            return;
        }
        let (span, number) = (entry.span, entry.spanned_unsigned());
        match (entry.keyword.name, &entry.value) {
            ("lb_algo" | "lvs_sched", Value::Word(word)) => {
                let scheduler = Scheduler::from_word(word);
                draft.scheduler =
                    scheduler.map(|scheduler| Spanned::new(scheduler, entry.value_span()));
            }
            ("ops", _) => draft.ops = Some(span),
            ("flag-1", _) => draft.flags.scheduler_1 = true,
            ("flag-2", _) => draft.flags.scheduler_2 = true,
            ("flag-3", _) => draft.flags.scheduler_3 = true,
            ("ha_suspend", _) => draft.ha_suspend = Some(span),
            ("virtualhost", Value::Word(_)) => draft.virtualhost = entry.first(),
            ("alpha", _) => draft.alpha = true,
            ("omega", _) => draft.omega = true,
            // keepalived sets it to 1 where the value is wrong.
            ("quorum", _) => draft.quorum = number,
            ("hysteresis", Value::Integer(_)) => draft.hysteresis = number,
            ("weight", Value::Integer(_)) => draft.weight = number,
            ("inhibit_on_failure", _) => draft.inhibit = true,
            ("smtp_alert", Value::Bool(on)) => draft.smtp_alert = Some(*on),
            (_, Value::Invalid) => {}
            _ => self.accept(entry),
        }
    }

    fn protocol(&mut self, entry: &Entry) {
        let Some(word) = entry.arguments.first() else {
            return;
        };
        let Some(protocol) = ServiceProtocol::from_word(&word.text.to_ascii_uppercase()) else {
            let text = format!("`{}` is no protocol of a virtual server", word.text);
            let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
                .help("the protocols are TCP, UDP and SCTP");
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
            return;
        };
        if let Some(draft) = self.service.servers.last_mut() {
            draft.protocol = Some(Spanned::new(protocol, word.span));
        }
    }

    fn ip_family(&mut self, entry: &Entry) {
        let family = match &entry.value {
            Value::Word(word) if word == "inet" => Family::V4,
            Value::Word(_) => Family::V6,
            _ => return,
        };
        let Some(draft) = self.service.servers.last_mut() else {
            return;
        };
        if *draft.family.get_or_insert(family) != family {
            let text = "the service is of the other family already; this is ignored";
            self.complain(Code::ServiceFamily, entry.value_span(), text);
        }
    }

    /// Flags of hashing schedulers, which stand after the scheduler.
    fn hash_flag(&mut self, entry: &Entry) {
        let name = entry.keyword.name;
        let Some(draft) = self.service.servers.last_mut() else {
            return;
        };
        let hashes = draft.scheduler.is_some_and(|scheduler| {
            matches!(
                scheduler.value,
                Scheduler::SourceHash | Scheduler::MaglevHash
            )
        });
        if !hashes {
            let text = format!("`{name}` needs a hashing scheduler; it is ignored");
            let diagnostic = Diagnostic::error(Code::ServiceAdjusted, entry.span, text)
                .help("put `lvs_sched sh` or `lvs_sched mh` before it")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return;
        }
        match name {
            "hashed" => draft.flags.hashed = true,
            "sh-fallback" | "mh-fallback" => draft.flags.scheduler_1 = true,
            _ => draft.flags.scheduler_2 = true,
        }
    }

    fn quorum_script(&mut self, entry: &Entry) {
        let up = entry.keyword.name == "quorum_up";
        let taken = self.service.servers.last().is_some_and(|draft| {
            let script = if up {
                &draft.quorum_up
            } else {
                &draft.quorum_down
            };
            script.is_some()
        });
        let script = self.first_script(entry, taken);
        if let (Some(script), Some(draft)) = (script, self.service.servers.last_mut()) {
            let field = if up {
                &mut draft.quorum_up
            } else {
                &mut draft.quorum_down
            };
            *field = Some(script);
        }
    }

    /// Keywords that stand after the `sorry_server`.
    fn sorry_option(&mut self, entry: &Entry) {
        let name = entry.keyword.name;
        let sorry = |parsed: &Self| {
            let draft = parsed.service.servers.last();
            draft.is_some_and(|draft| draft.sorry.is_some())
        };
        if !sorry(self) {
            let text = format!("`{name}` stands before or without `sorry_server`; it is ignored");
            self.complain(Code::ServiceAdjusted, entry.span, text);
            return;
        }
        let method = match name {
            "sorry_server_lvs_method" => self.forwarding(&entry.arguments),
            _ => None,
        };
        let draft = self.service.servers.last_mut();
        let Some(sorry) = draft.and_then(|draft| draft.sorry.as_mut()) else {
            return;
        };
        sorry.inhibit |= name == "sorry_server_inhibit";
        if let Some(method) = method {
            sorry.forwarding = Some(method.value);
        }
    }

    /// keepalived compares the sorry server's family at the end of the block.
    pub(super) fn leave_virtual_server(&mut self, end: Span) {
        let Some(draft) = self.service.servers.last_mut() else {
            return;
        };
        let (Some(sorry), Some(family)) = (&draft.sorry, draft.family) else {
            return;
        };
        let method = sorry
            .forwarding
            .or(draft.forwarding.map(|method| method.value));
        let address = sorry.address;
        if fits(family, Family::of(address.value.address), method) {
            return;
        }
        draft.sorry = None;
        let text = format!(
            "the sorry server {} is not of the service's family; it is skipped",
            address.value.address
        );
        self.other_family(end, address.span, text);
    }

    pub(super) fn enter_real_server(&mut self, span: Span, words: &[Word]) -> bool {
        let Some(address) = self.server_address(words) else {
            return false;
        };
        let Some(server) = self.service.servers.last_mut() else {
            return false;
        };
        let draft = RealServerDraft::new(address, span);
        server.real_servers.push(draft);
        true
    }

    pub(super) fn real_server(&mut self) -> Option<&mut RealServerDraft> {
        let server = self.service.servers.last_mut()?;
        server.real_servers.last_mut()
    }

    pub(super) fn apply_real_server(&mut self, entry: Entry) {
        match entry.keyword.name {
            "lvs_method" => {
                let method = self.forwarding(&entry.arguments);
                if let (Some(method), Some(draft)) = (method, self.real_server()) {
                    draft.forwarding = Some(method);
                }
            }
            "notify_up" => {
                let taken = self
                    .real_server()
                    .is_some_and(|draft| draft.notify_up.is_some());
                let script = self.first_script(&entry, taken);
                if let (Some(script), Some(draft)) = (script, self.real_server()) {
                    draft.notify_up = Some(script);
                }
            }
            "notify_down" => {
                let taken = self
                    .real_server()
                    .is_some_and(|draft| draft.notify_down.is_some());
                let script = self.first_script(&entry, taken);
                if let (Some(script), Some(draft)) = (script, self.real_server()) {
                    draft.notify_down = Some(script);
                }
            }
            "snmp_name" => {
                let name = self.only_word(&entry);
                if let (Some(name), Some(draft)) = (name, self.real_server()) {
                    draft.snmp_name = Some(name);
                }
            }
            _ => self.apply_real_server_value(entry),
        }
    }

    fn apply_real_server_value(&mut self, entry: Entry) {
        let Some(draft) = self.real_server() else {
            return;
        };
        if draft.checks.apply(&entry) {
            return;
        }
        match (entry.keyword.name, &entry.value, entry.unsigned()) {
            ("weight", _, Some(_)) => draft.weight = entry.spanned_unsigned(),
            ("uthreshold", _, Some(number)) => draft.upper_threshold = number,
            ("lthreshold", _, Some(number)) => draft.lower_threshold = number,
            ("inhibit_on_failure", ..) => draft.inhibit = true,
            ("alpha", ..) => draft.alpha = true,
            ("smtp_alert", Value::Bool(on), _) => draft.smtp_alert = Some(*on),
            ("virtualhost", Value::Word(_), _) => draft.virtualhost = entry.first(),
            (_, Value::Invalid, _) => {}
            _ => self.accept(entry),
        }
    }

    /// keepalived compares the family at the end of the block; the first real server decides one that is open.
    pub(super) fn leave_real_server(&mut self, end: Span) {
        let Some(server) = self.service.servers.last_mut() else {
            return;
        };
        let Some(draft) = server.real_servers.last() else {
            return;
        };
        let own = Family::of(draft.address.value.address);
        let family = *server.family.get_or_insert(own);
        let method = draft.forwarding.or(server.forwarding);
        if fits(family, own, method.map(|method| method.value)) {
            return;
        }
        let address = draft.address;
        server.real_servers.pop();
        let text = format!(
            "the real server {} is not of the service's family; it is skipped",
            address.value.address
        );
        self.other_family(end, address.span, text);
    }

    fn other_family(&mut self, end: Span, address: Span, text: String) {
        let diagnostic = Diagnostic::error(Code::ServiceFamily, end, text)
            .label(address, "this address")
            .help("only tunnels lead from one family to the other")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }
}

/// Whether a server may serve: tunnels take packets of any family.
fn fits(service: Family, server: Family, method: Option<Forwarding>) -> bool {
    service == server || matches!(method, Some(Forwarding::Tunnel(_)))
}
