//! IPVS as a whole, and the packet filter.

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Chains, Firewall, FlushOnStop, Ipsets, SyncDaemon};
use crate::parse::{Entry, Parsed};
use crate::registry::Value;
use crate::span::Spanned;
use crate::words::Word;

/// Longest IPVS timeout in seconds: 31 days.
const MAX_TIMEOUT_S: i64 = 2_678_400;
/// Longest message of the sync daemon: what fits into a UDP packet.
const MAX_SYNC_LENGTH: i64 = 65_507;

impl Parsed<'_> {
    /// False where the keyword is not about IPVS.
    pub(super) fn apply_lvs(&mut self, entry: &Entry) -> bool {
        let lvs = &mut self.global.defs.lvs;
        match (entry.keyword.name, &entry.value) {
            ("lvs_flush", _) => lvs.flush = true,
            ("rs_init_notifies", _) => lvs.initial_notifies = true,
            ("checker_log_all_failures", Value::Bool(on)) => lvs.log_all_failures = *on,
            ("snmp_vs_stats_update_interval", Value::Decimal(time)) => {
                self.global.service_statistics_age = Some(*time);
            }
            ("snmp_rs_stats_update_interval", Value::Decimal(time)) => {
                self.global.server_statistics_age = Some(*time);
            }
            ("lvs_timeouts", _) => self.apply_timeouts(entry),
            ("lvs_flush_on_stop" | "lvs_flush_onstop", _) => self.apply_flush_on_stop(entry),
            ("lvs_sync_daemon", _) => self.apply_sync_daemon(entry),
            _ => return false,
        }
        true
    }

    fn apply_flush_on_stop(&mut self, entry: &Entry) {
        self.global.defs.lvs.flush_on_stop = match entry.arguments.first() {
            None => FlushOnStop::Everything,
            Some(word) if word.text == "VS" => FlushOnStop::Services,
            Some(word) => {
                let text = format!(
                    "`{}` is nothing that can be flushed; it is ignored",
                    word.text
                );
                let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
                    .help("write VS, or nothing for the whole table")
                    .class(KeepalivedClass::General);
                self.reader.sink.push(diagnostic);
                return;
            }
        };
    }

    /// `tcp SECONDS`, `tcpfin SECONDS` and `udp SECONDS` in any order.
    fn apply_timeouts(&mut self, entry: &Entry) {
        let mut words = entry.arguments.iter();
        if entry.arguments.len() < 2 {
            let text = "`lvs_timeouts` needs at least one kind with its seconds";
            self.complain(Code::InvalidValue, entry.value_span(), text);
            return;
        }
        while let Some(word) = words.next() {
            if !matches!(word.text.as_str(), "tcp" | "tcpfin" | "udp") {
                let text = format!(
                    "`{}` is no kind of timeout: tcp, tcpfin and udp are",
                    word.text
                );
                self.complain(Code::InvalidChoice, word.span, text);
                continue;
            }
            let Some(value) = words.next() else {
                let text = format!("`{}` lacks its seconds", word.text);
                self.complain(Code::InvalidValue, word.span, text);
                return;
            };
            let seconds = self.integer("lvs_timeouts", value, 0, MAX_TIMEOUT_S);
            let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
            let timeouts = &mut self.global.defs.lvs.timeouts;
            let place = match word.text.as_str() {
                "tcp" => &mut timeouts.tcp_s,
                "tcpfin" => &mut timeouts.tcp_fin_s,
                _ => &mut timeouts.udp_s,
            };
            *place = seconds.or(*place);
        }
    }

    /// `INTERFACE [INSTANCE] [id NUMBER] [maxlen BYTES] [port NUMBER] [ttl NUMBER] [group ADDRESS]`.
    fn apply_sync_daemon(&mut self, entry: &Entry) {
        let Some(interface) = entry.first() else {
            return;
        };
        if let Some(first) = &self.global.defs.lvs.sync_daemon {
            let diagnostic = Diagnostic::error(
                Code::AlreadySpecified,
                entry.span,
                "only the first `lvs_sync_daemon` counts",
            )
            .label(first.interface.span, "given here")
            .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return;
        }
        let mut daemon = SyncDaemon {
            interface,
            instance: None,
            id: None,
            max_length: None,
            port: None,
            ttl: None,
            group: None,
        };
        let mut words = entry.arguments.iter().skip(1).peekable();
        if words.peek().is_some_and(|word| !is_sync_option(&word.text)) {
            daemon.instance = words.next().map(Word::spanned);
        }
        while let Some(word) = words.next() {
            if is_sync_option(&word.text) {
                let value = words.next();
                self.sync_option(&mut daemon, word, value);
            } else {
                self.bare_sync_id(&mut daemon, word);
            }
        }
        self.global.defs.lvs.sync_daemon = Some(daemon);
    }

    /// The number alone, as older releases had it.
    fn bare_sync_id(&mut self, daemon: &mut SyncDaemon, word: &Word) {
        let id = crate::parse::number::integer(&word.text);
        let id = id.and_then(|number| u8::try_from(number.value).ok());
        if id.is_none() || daemon.id.is_some() {
            let text = format!("`{}` is no option of `lvs_sync_daemon`", word.text);
            self.complain(Code::InvalidValue, word.span, text);
            return;
        }
        daemon.id = id;
        let diagnostic = Diagnostic::warning(
            Code::Deprecated,
            word.span,
            "a bare number is the old way to give the id",
        )
        .help(format!("write `id {}`", word.text));
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
    }

    fn sync_option(&mut self, daemon: &mut SyncDaemon, option: &Word, value: Option<&Word>) {
        let name = option.text.as_str();
        let Some(value) = value else {
            let text = format!("`{name}` lacks its value; it is ignored");
            self.complain(Code::InvalidValue, option.span, text);
            return;
        };
        let mut number = |low, high| self.integer(name, value, low, high);
        match name {
            "id" => daemon.id = number(0, 255).and_then(|id| u8::try_from(id).ok()),
            "maxlen" => {
                let length = number(1, MAX_SYNC_LENGTH);
                daemon.max_length = length.and_then(|length| u16::try_from(length).ok());
            }
            "port" => {
                let port = number(1, i64::from(u16::MAX));
                daemon.port = port.and_then(|port| u16::try_from(port).ok());
            }
            "ttl" => daemon.ttl = number(1, 255).and_then(|ttl| u8::try_from(ttl).ok()),
            _ => {
                let group = self.address(value);
                if group.is_some_and(|group| !group.is_multicast()) {
                    let text = format!("{} is no multicast group; it is ignored", value.text);
                    self.complain(Code::InvalidAddress, value.span, text);
                } else {
                    daemon.group = group.or(daemon.group);
                }
            }
        }
    }

    /// False where the keyword is not about the packet filter.
    pub(super) fn apply_firewall(&mut self, entry: &Entry) -> bool {
        let firewall = &mut self.global.defs.firewall;
        let named = |default: &str| {
            let default = || Spanned::new(default.to_owned(), entry.span);
            Some(entry.first().unwrap_or_else(default))
        };
        match (entry.keyword.name, &entry.value) {
            ("nftables", _) => firewall.nftables = named(Firewall::NFTABLES_TABLE),
            ("nftables_ifindex", _) => firewall.nftables_ifindex = true,
            ("nftables_counters", _) => firewall.nftables_counters = true,
            ("nftables_priority", Value::Integer(number)) => {
                firewall.nftables_priority = i32::try_from(*number).unwrap_or(-1);
            }
            ("nftables_ipvs", _) => firewall.ipvs_table = named(Firewall::NFTABLES_IPVS_TABLE),
            ("nftables_ipvs_priority", Value::Integer(number)) => {
                firewall.ipvs_priority = i32::try_from(*number).unwrap_or(-1);
            }
            ("nftables_ipvs_start_fwmark", Value::Integer(number)) => {
                firewall.ipvs_first_mark = u32::try_from(*number).unwrap_or(1000);
            }
            ("vrrp_iptables", _) => {
                let mut words = entry.arguments.iter().map(|word| word.text.clone());
                let chains = words.next().map_or_else(Chains::default, |input| Chains {
                    input,
                    output: words.next(),
                });
                firewall.iptables = Some(Spanned::new(chains, entry.span));
            }
            ("vrrp_ipsets", _) => {
                let names: Vec<String> = entry
                    .arguments
                    .iter()
                    .map(|word| word.text.clone())
                    .collect();
                firewall.ipsets = (!names.is_empty()).then(|| Ipsets::named(&names));
            }
            _ => return false,
        }
        true
    }
}

fn is_sync_option(word: &str) -> bool {
    matches!(word, "id" | "maxlen" | "port" | "ttl" | "group")
}
