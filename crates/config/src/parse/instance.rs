//! `vrrp_instance`, its sub-blocks, and `vrrp_sync_group`.

use std::net::IpAddr;

use super::draft::{InstanceDraft, Tracking};
use super::global::{apply_garp, is_garp};
use super::{Entry, Parsed};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    AuthenticationKind, Handover, InitialState, Notify, Password, UnicastPeer, Version,
};
use crate::registry::Value;
use crate::span::{Span, Spanned};
use crate::units::{Priority, Vrid};
use crate::words::Word;

/// Bytes of a password that count.
const PASSWORD_BYTES: usize = 8;

impl Parsed<'_> {
    pub(super) fn enter_instance(&mut self, name: Spanned<String>) {
        self.reader.instance.clone_from(&name.value);
        let first = self.instance_names.get(&name.value).copied();
        if let Some(first) = first {
            let text = format!(
                "there is a vrrp_instance `{}` already; this one is ignored",
                name.value
            );
            let diagnostic = Diagnostic::error(Code::DuplicateName, name.span, text)
                .label(first, "the first one")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        } else {
            self.instance_names.insert(name.value.clone(), name.span);
        }
        let draft = InstanceDraft {
            name: Some(name),
            ignored: first.is_some(),
            ..InstanceDraft::default()
        };
        self.instances.push(draft);
    }

    /// Remembers where the keyword, or its value, was given.
    pub(super) fn note_given(&mut self, name: &str, span: Span) {
        let Some(draft) = self.instances.last_mut() else {
            return;
        };
        let given = &mut draft.given;
        let place = match name {
            "priority" => &mut given.priority,
            "advert_int" => &mut given.advert_int,
            "version" => &mut given.version,
            "preempt_delay" => &mut given.preempt_delay,
            "authentication" => &mut given.authentication,
            "auth_pass" => &mut given.auth_pass,
            "accept" => &mut given.accept,
            "no_accept" => &mut given.no_accept,
            "strict_mode" => &mut given.strict_mode,
            "use_vmac" => &mut given.use_vmac,
            "virtual_ipaddress" => &mut given.virtual_ipaddress,
            "unicast_peer" => &mut given.unicast_peer,
            "mcast_src_ip" => &mut given.mcast_src_ip,
            "unicast_src_ip" => &mut given.unicast_src_ip,
            "handover" => &mut given.handover,
            "peer_channel" => &mut given.peer_channel,
            "down_timer_adverts" => &mut given.down_timer_adverts,
            "dont_track_primary" => &mut given.dont_track_primary,
            _ => return,
        };
        *place = Some(span);
    }

    pub(super) fn apply_instance(&mut self, entry: Entry) {
        let name = entry.keyword.name;
        match entry.value {
            Value::Words | Value::Flag => self.note_given(name, entry.span),
            Value::Invalid if name != "priority" => {}
            _ => self.note_given(name, entry.value_span()),
        }
        if name == "notify_deleted" {
            self.with_instance(|draft| draft.tells_deletion = true);
        }
        if name == "notify_deleted" && entry.arguments.is_empty() {
            // Nothing to run.
        } else if is_notify(name) {
            let script = self.notify_command(&entry.arguments);
            let mut notify = self
                .instances
                .last_mut()
                .map(|draft| std::mem::take(&mut draft.notify));
            if let Some(notify) = notify.as_mut() {
                self.set_notify(notify, &entry, script);
            }
            if let (Some(draft), Some(notify)) = (self.instances.last_mut(), notify) {
                draft.notify = notify;
            }
        } else if let Some(setting) = name.strip_prefix("garp_").filter(|name| is_garp(name)) {
            self.check_garp(&entry);
            self.with_instance(|draft| apply_garp(&mut draft.garp, setting, &entry.value));
        } else if !(self.apply_identity(&entry)
            || self.apply_instance_channel(&entry)
            || self.apply_instance_switch(&entry)
            || self.apply_instance_address(&entry)
            || self.apply_instance_number(&entry))
        {
            self.accept(entry);
        }
    }

    /// What makes the instance: state, interface, numbers, version.
    fn apply_identity(&mut self, entry: &Entry) -> bool {
        let span = entry.value_span();
        match (entry.keyword.name, &entry.value) {
            ("state", Value::Word(word)) => self.apply_state(word.clone(), entry),
            ("handover", Value::Word(word)) => {
                let handover = Handover::from_keyword(word);
                self.with_instance(|draft| draft.handover = handover);
            }
            ("interface", Value::Word(name)) => {
                let value = Some(Spanned::new(name.clone(), span));
                self.with_instance(|draft| draft.interface = value);
            }
            ("virtual_router_id", Value::Integer(number)) => {
                let vrid = u8::try_from(*number).ok().and_then(Vrid::new);
                self.with_instance(|draft| draft.vrid = vrid.map(|vrid| Spanned::new(vrid, span)));
            }
            ("priority", Value::Integer(number)) => {
                let priority = u8::try_from(*number).ok().and_then(Priority::new);
                let priority = priority.unwrap_or(Priority::DEFAULT);
                self.with_instance(|draft| draft.priority = Some(Spanned::new(priority, span)));
            }
            ("priority", _) => {
                // Out of range counts as given, with the default's value.
                let priority = Spanned::new(Priority::DEFAULT, span);
                self.with_instance(|draft| draft.priority = Some(priority));
            }
            ("advert_int", Value::Decimal(time)) => {
                self.with_instance(|draft| draft.advert_int = Some(Spanned::new(*time, span)));
            }
            ("version", Value::Integer(number)) => {
                let version = if *number == 3 {
                    Version::V3
                } else {
                    Version::V2
                };
                self.with_instance(|draft| draft.version = Some(Spanned::new(version, span)));
            }
            ("preempt_delay", Value::Decimal(time)) => {
                self.with_instance(|draft| draft.preempt_delay = Some(Spanned::new(*time, span)));
            }
            _ => return entry.value == Value::Invalid,
        }
        true
    }

    fn apply_state(&mut self, word: String, entry: &Entry) {
        let span = entry.value_span();
        let state = match word.as_str() {
            "MASTER" => InitialState::Master,
            "BACKUP" => InitialState::Backup,
            _ => {
                let shown: String = word.chars().take(40).collect();
                let text = format!("`{shown}` is no state; BACKUP is taken");
                let help = match word.to_ascii_uppercase().as_str() {
                    "MASTER" => "write MASTER, in capitals".to_owned(),
                    _ => "the states are MASTER and BACKUP".to_owned(),
                };
                let diagnostic = Diagnostic::error(Code::InvalidChoice, span, text).help(help);
                self.reader
                    .sink
                    .push(diagnostic.class(KeepalivedClass::General));
                InitialState::Backup
            }
        };
        let Some(draft) = self.instances.last_mut() else {
            return;
        };
        // MASTER stays once it was given.
        let stays = draft
            .state
            .is_some_and(|given| given.value == InitialState::Master);
        if stays && state == InitialState::Backup {
            let first = draft.state.map(|given| given.span);
            let text = "`state MASTER` was given before, and stays";
            let mut diagnostic = Diagnostic::warning(Code::AlreadySpecified, span, text)
                .class(KeepalivedClass::General);
            if let Some(first) = first {
                diagnostic = diagnostic.label(first, "given here");
            }
            self.reader.sink.push(diagnostic);
        } else {
            draft.state = Some(Spanned::new(state, span));
        }
    }

    fn with_instance(&mut self, change: impl FnOnce(&mut InstanceDraft)) {
        if let Some(draft) = self.instances.last_mut() {
            change(draft);
        }
    }

    /// Flags and truth values.
    fn apply_instance_switch(&mut self, entry: &Entry) -> bool {
        let Some(draft) = self.instances.last_mut() else {
            return false;
        };
        let on = match entry.value {
            Value::Bool(on) => on,
            Value::Flag => true,
            _ => return false,
        };
        match entry.keyword.name {
            "nopreempt" => draft.nopreempt = Some(entry.span),
            "preempt" => draft.nopreempt = None,
            "native_ipv6" => draft.native_ipv6 = Some(entry.span),
            "accept" => draft.accept = Some(true),
            "no_accept" => draft.accept = Some(false),
            "dont_track_primary" => draft.dont_track_primary = true,
            "track_src_ip" => draft.track_source_address = true,
            "unicast_fault_no_peer" => draft.unicast_fault_no_peer = true,
            "no_virtual_ipaddress" => draft.no_virtual_ipaddress = true,
            "vmac_xmit_base" => draft.vmac_xmit_base = Some(entry.span),
            "use_vmac_addr" => draft.vmac_addresses = true,
            "linkbeat_use_polling" => draft.linkbeat_use_polling = true,
            "promote_secondaries" => draft.promote_secondaries = true,
            "check_unicast_src" => {
                draft.check_unicast_src = Some(Spanned::new(on, entry.span));
            }
            "skip_check_adv_addr" => draft.skip_check_adv_addr = Some(on),
            "strict_mode" => draft.strict = Some(on),
            "lower_prio_no_advert" => draft.lower_prio_no_advert = Some(on),
            "higher_prio_send_advert" => draft.higher_prio_send_advert = Some(on),
            "start_probe" => draft.start_probe = Some(on),
            "owner_ignore_adverts" => draft.owner_ignore_adverts = Some(on),
            "v3_checksum_as_v2" => draft.v3_checksum_as_v2 = Some(on),
            "notify_priority_changes" => draft.notify_priority_changes = Some(on),
            "smtp_alert" => draft.smtp_alert = Some(on),
            "timer_expired_backup" | "thread_timer_expired" => {
                draft.timer_expired_backup = Some(254);
            }
            _ => return false,
        }
        true
    }

    fn apply_instance_address(&mut self, entry: &Entry) -> bool {
        let (Value::Address(address), Some(draft)) = (&entry.value, self.instances.last_mut())
        else {
            return self.apply_interfaces(entry);
        };
        let address = Spanned::new(*address, entry.value_span());
        match entry.keyword.name {
            "mcast_src_ip" => draft.mcast_src_ip = Some(address),
            "unicast_src_ip" => draft.unicast_src_ip = Some(address),
            "mcast_dst_ip" if address.value.is_multicast() => draft.mcast_dst_ip = Some(address),
            "mcast_dst_ip" => {
                let text = format!("{} is no multicast group; it is ignored", address.value);
                self.complain(Code::InvalidAddress, address.span, text);
            }
            _ => return false,
        }
        true
    }

    /// Interfaces of its own, and other interfaces.
    fn apply_interfaces(&mut self, entry: &Entry) -> bool {
        let first = entry.first();
        match entry.keyword.name {
            "use_vmac" => self.use_vmac(entry),
            "use_ipvlan" => self.use_ipvlan(entry),
            "old_unicast_checksum" => self.old_checksum(entry),
            "vrf" => self.with_instance(|draft| draft.vrf = first),
            "lvs_sync_daemon_interface" => {
                let given = self
                    .instances
                    .last()
                    .and_then(|draft| draft.sync_daemon_interface.as_ref());
                if let Some(given) = given {
                    let text = "only the first `lvs_sync_daemon_interface` counts";
                    let found = Diagnostic::warning(Code::AlreadySpecified, entry.span, text)
                        .label(given.span, "given here")
                        .class(KeepalivedClass::General);
                    self.reader.sink.push(found);
                    return true;
                }
                self.with_instance(|draft| draft.sync_daemon_interface = first);
            }
            "garp_extra_if" | "vmac_garp_intvl" => {
                if let Some(extra) = self.extra_garp(entry, 0) {
                    self.with_instance(|draft| draft.extra_garp = Some(extra));
                }
            }
            _ => return false,
        }
        true
    }

    fn apply_instance_number(&mut self, entry: &Entry) -> bool {
        let (Value::Integer(number), Some(draft)) = (&entry.value, self.instances.last_mut())
        else {
            return false;
        };
        let small = u8::try_from(*number).ok();
        match entry.keyword.name {
            "down_timer_adverts" => draft.down_timer_adverts = small,
            "unicast_ttl" => {
                draft.unicast_ttl = small.map(|ttl| Spanned::new(ttl, entry.value_span()));
            }
            "debug" => draft.debug = small.unwrap_or(0),
            "timer_expired_backup" | "thread_timer_expired" => draft.timer_expired_backup = small,
            "kernel_rx_buf_size" => draft.receive_buffer = u64::try_from(*number).ok(),
            _ => return false,
        }
        true
    }

    pub(super) fn apply_authentication(&mut self, entry: &Entry) {
        let Some(word) = entry.arguments.first() else {
            return;
        };
        match entry.keyword.name {
            "auth_type" => {
                let kind = match word.text.as_str() {
                    "AH" => Some(AuthenticationKind::Ah),
                    "PASS" => Some(AuthenticationKind::Pass),
                    _ => None,
                };
                if kind.is_none() {
                    let text =
                        format!("`{}` is no type of authentication; none is used", word.text);
                    let help = "the types are PASS and AH";
                    let diagnostic =
                        Diagnostic::error(Code::InvalidChoice, word.span, text).help(help);
                    self.reader
                        .sink
                        .push(diagnostic.class(KeepalivedClass::General));
                }
                let kind = kind.map(|kind| Spanned::new(kind, entry.span));
                self.with_instance(|draft| draft.auth_kind = kind);
            }
            _ => {
                if word.text.len() > PASSWORD_BYTES {
                    let text = "this password is cut to its first 8 bytes";
                    let diagnostic = Diagnostic::warning(Code::PasswordTruncated, word.span, text)
                        .help("VRRP version 2 has room for 8 bytes; nodes with equal first 8 bytes agree");
                    self.reader
                        .sink
                        .push(diagnostic.class(KeepalivedClass::General));
                }
                self.note_given("auth_pass", word.span);
                let password = Spanned::new(Password::new(word.text.as_bytes()), word.span);
                self.with_instance(|draft| draft.auth_password = Some(password));
            }
        }
    }

    pub(super) fn apply_instance_lines(&mut self, entry: &Entry, lines: &[Vec<Word>]) {
        let name = entry.keyword.name;
        self.note_given(name, entry.span);
        match name {
            "virtual_ipaddress" | "virtual_ipaddress_excluded" => {
                for words in lines {
                    let Some(vip) = self.virtual_address(words) else {
                        continue;
                    };
                    let Some(draft) = self.instances.last_mut() else {
                        return;
                    };
                    let list = if name == "virtual_ipaddress" {
                        &mut draft.addresses
                    } else {
                        &mut draft.excluded
                    };
                    list.push(vip);
                }
            }
            "unicast_peer" => {
                let peers: Vec<_> = lines
                    .iter()
                    .filter_map(|words| self.unicast_peer(words))
                    .collect();
                self.with_instance(|draft| {
                    draft.unicast_peers.get_or_insert_default().extend(peers);
                });
            }
            "virtual_routes" => {
                let routes: Vec<_> = lines
                    .iter()
                    .filter_map(|words| self.route(words, false))
                    .collect();
                self.with_instance(|draft| draft.routes.extend(routes));
            }
            "virtual_rules" => {
                let rules: Vec<_> = lines
                    .iter()
                    .filter_map(|words| self.rule(words, false))
                    .collect();
                self.with_instance(|draft| draft.rules.extend(rules));
            }
            _ => {
                let tracking = self.instances.last_mut().map(|draft| &mut draft.tracking);
                let mut tracking = tracking.map(std::mem::take).unwrap_or_default();
                self.track_lines(name, lines, &mut tracking);
                self.with_instance(|draft| draft.tracking = tracking);
            }
        }
    }

    /// `ADDRESS [min_ttl NUMBER] [max_ttl NUMBER]`.
    fn unicast_peer(&mut self, words: &[Word]) -> Option<UnicastPeer> {
        let first = words.first()?;
        let address: IpAddr = self.address(first)?;
        let address = Spanned::new(address, first.span);
        let mut peer = UnicastPeer {
            address,
            min_ttl: 0,
            max_ttl: u8::MAX,
        };
        let mut rest = words.iter().skip(1);
        while let Some(word) = rest.next() {
            let name = word.text.as_str();
            let limit = match name {
                "min_ttl" | "max_ttl" => rest.next(),
                _ => None,
            };
            let Some(limit) = limit else {
                let text =
                    format!("`{name}` is no option of a peer, or lacks its value; it is ignored");
                self.complain(Code::InvalidValue, word.span, text);
                continue;
            };
            let value = self
                .integer(name, limit, 0, 255)
                .and_then(|number| u8::try_from(number).ok());
            match value {
                Some(value) if name == "min_ttl" => peer.min_ttl = value,
                Some(value) => peer.max_ttl = value,
                None => {}
            }
        }
        Some(peer)
    }

    fn set_notify(&mut self, notify: &mut Notify, entry: &Entry, script: Option<crate::Script>) {
        let slot = match entry.keyword.name {
            "notify_master" => &mut notify.master,
            "notify_backup" => &mut notify.backup,
            "notify_fault" => &mut notify.fault,
            "notify_stop" => &mut notify.stop,
            "notify_deleted" => &mut notify.deleted,
            "notify" => &mut notify.any,
            "notify_master_rx_lower_pri" => &mut notify.master_rx_lower_pri,
            _ => return,
        };
        if let Some(first) = slot {
            let text = format!("only the first `{}` counts", entry.keyword.name);
            let diagnostic = Diagnostic::error(Code::AlreadySpecified, entry.span, text)
                .label(first.span, "given here")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        } else {
            *slot = script.map(Box::new);
        }
    }
}

fn is_notify(name: &str) -> bool {
    name == "notify" || (name.starts_with("notify_") && name != "notify_priority_changes")
}

/// `vrrp_sync_group`.
impl Parsed<'_> {
    pub(super) fn apply_group(&mut self, entry: Entry) {
        let name = entry.keyword.name;
        if is_notify(name) {
            let script = self.notify_command(&entry.arguments);
            let mut notify = self
                .groups
                .last_mut()
                .map(|draft| std::mem::take(&mut draft.notify));
            if let Some(notify) = notify.as_mut() {
                self.set_notify(notify, &entry, script);
            }
            if let (Some(draft), Some(notify)) = (self.groups.last_mut(), notify) {
                draft.notify = notify;
            }
            return;
        }
        let Some(draft) = self.groups.last_mut() else {
            return;
        };
        match (name, &entry.value) {
            ("notify_priority_changes", Value::Bool(on)) => {
                draft.notify_priority_changes = Some(*on);
            }
            ("smtp_alert", Value::Bool(on)) => draft.smtp_alert = Some(*on),
            ("sync_group_tracking_weight", _) => draft.tracking_weight = true,
            // It never had an effect, or was reported.
            ("global_tracking", _) | (_, Value::Invalid) => {}
            _ => self.accept(entry),
        }
    }

    pub(super) fn apply_group_lines(&mut self, entry: &Entry, lines: &[Vec<Word>]) {
        let Some(draft) = self.groups.last_mut() else {
            return;
        };
        if entry.keyword.name == "group" {
            draft
                .members
                .extend(lines.iter().flatten().map(Word::spanned));
            return;
        }
        let mut tracking: Tracking = std::mem::take(&mut draft.tracking);
        self.track_lines(entry.keyword.name, lines, &mut tracking);
        if let Some(draft) = self.groups.last_mut() {
            draft.tracking = tracking;
        }
    }
}
