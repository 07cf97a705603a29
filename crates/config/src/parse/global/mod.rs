//! `global_defs`.

use std::net::IpAddr;

mod files;
mod journal;
mod lvs;
mod mail;

use super::draft::GarpDraft;
use super::{Entry, Parsed, number};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ExtraGarp, Family, Identity, ProcessSettings, RxBuffers, Version};
use crate::registry::Value;
use crate::span::Spanned;
use crate::units::Micros;
use crate::words::Word;

/// Realtime priorities of SCHED_RR (sched(7)).
const REALTIME: std::ops::RangeInclusive<i64> = 1..=99;

impl Parsed<'_> {
    pub(super) fn apply_global(&mut self, entry: Entry) {
        let name = entry.keyword.name;
        if let Some(setting) = name.strip_prefix("vrrp_garp_").filter(|name| is_garp(name)) {
            self.check_garp(&entry);
            apply_garp(&mut self.global.garp, setting, &entry.value);
            return;
        }
        if self.apply_global_channel(&entry) || self.apply_control(&entry) {
            return;
        }
        let taken = match entry.value {
            // It was reported.
            Value::Invalid => true,
            Value::Bool(on) => self.apply_global_truth(name, on),
            Value::Flag => self.apply_global_flag(name),
            _ => self.apply_global_number(&entry) || self.apply_process(&entry),
        };
        let taken = taken
            || self.apply_global_words(&entry)
            || self.apply_mail(&entry)
            || self.apply_firewall(&entry)
            || self.apply_lvs(&entry)
            || self.apply_fifo(&entry)
            || self.apply_files(&entry)
            || self.apply_journal(&entry)
            || self.apply_observers(&entry)
            || self.apply_buffers(&entry);
        if !taken {
            self.accept(entry);
        }
    }

    pub(super) fn apply_global_lines(&mut self, entry: &Entry, lines: Vec<Vec<Word>>) {
        match entry.keyword.name {
            "notification_email" => self.apply_recipients(&lines),
            _ => self.accept_lines(entry, lines),
        }
    }

    /// A repeat of 0 is forced to 1, with a word about it.
    pub(super) fn check_garp(&mut self, entry: &Entry) {
        let name = entry.keyword.name;
        let counts = name.ends_with("master_repeat") || name.ends_with("refresh_repeat");
        if counts && entry.value == Value::Integer(0) {
            let text = format!("`{name}` must be greater than 0; 1 is taken");
            self.complain(Code::OutOfRange, entry.value_span(), text);
        }
    }

    fn apply_global_flag(&mut self, name: &str) -> bool {
        let global = &mut self.global.defs;
        let switch = match name {
            "enable_script_security" => &mut global.script_security,
            "vrrp_check_unicast_src" => &mut global.check_unicast_src,
            "vrrp_owner_ignore_adverts" => &mut global.owner_ignore_adverts,
            "log_unknown_vrids" => &mut global.log_unknown_vrids,
            "process_names" => &mut global.process_names,
            "dynamic_interfaces" => &mut global.dynamic_interfaces,
            "disable_local_igmp" => &mut global.disable_local_igmp,
            "vrrp_no_swap" => &mut global.vrrp_process.no_swap,
            "checker_no_swap" => &mut global.checker_process.no_swap,
            "bfd_no_swap" => &mut global.bfd_process.no_swap,
            "max_auto_priority" => {
                global.max_auto_priority = 99;
                return true;
            }
            _ => return false,
        };
        *switch = true;
        true
    }

    fn apply_global_truth(&mut self, name: &str, on: bool) -> bool {
        let global = &mut self.global.defs;
        let switch = match name {
            "vrrp_lower_prio_no_advert" => &mut global.lower_prio_no_advert,
            "vrrp_higher_prio_send_advert" => &mut global.higher_prio_send_advert,
            "vrrp_skip_check_adv_addr" => &mut global.skip_check_adv_addr,
            "start_probe" => &mut global.start_probe,
            "vrrp_strict" => &mut global.strict,
            "v3_checksum_as_v2" => &mut global.v3_checksum_as_v2,
            "vrrp_notify_priority_changes" => &mut global.notify_priority_changes,
            "vrrp_min_garp" => &mut self.global.min_garp,
            "use_symlink_paths" => &mut global.use_symlink_paths,
            "set_supplementary_groups" => &mut global.supplementary_groups,
            "smtp_alert" => {
                self.global.smtp_alert = Some(on);
                return true;
            }
            "smtp_alert_vrrp" => {
                self.global.smtp_alert_vrrp = Some(on);
                return true;
            }
            "smtp_alert_checker" => {
                self.global.smtp_alert_checker = Some(on);
                return true;
            }
            _ => return false,
        };
        *switch = on;
        true
    }

    fn apply_global_number(&mut self, entry: &Entry) -> bool {
        let global = &mut self.global.defs;
        match (entry.keyword.name, &entry.value) {
            ("vrrp_version", Value::Integer(number)) => {
                global.version = if *number == 3 {
                    Version::V3
                } else {
                    Version::V2
                };
            }
            ("vrrp_down_timer_adverts", Value::Integer(number)) => {
                global.down_timer_adverts = u8::try_from(*number).unwrap_or(3);
            }
            ("vrrp_garp_interval", Value::Decimal(time)) => global.garp.interval = *time,
            ("vrrp_gna_interval", Value::Decimal(time)) => global.garp.na_interval = *time,
            ("vrrp_startup_delay", Value::Decimal(time)) => global.startup_delay = *time,
            ("vrrp_delay_after_boot", Value::Decimal(time)) => global.delay_after_boot = *time,
            ("startup_script_timeout", Value::Integer(number)) => {
                global.startup_script_timeout = number::seconds(*number);
            }
            ("shutdown_script_timeout", Value::Integer(number)) => {
                global.shutdown_script_timeout = number::seconds(*number);
            }
            ("max_auto_priority", Value::Integer(number)) => {
                global.max_auto_priority = i8::try_from(*number).unwrap_or(0);
            }
            ("min_auto_priority_delay", Value::Integer(number)) => {
                global.min_auto_priority_delay = number::micros(*number);
            }
            ("random_seed", Value::Integer(seed)) => {
                let seed = u32::try_from(*seed).unwrap_or(0);
                global.random_seed = Some(seed);
                self.reader.reseed(u64::from(seed));
            }
            ("vrrp_rx_bufs_multiplier", Value::Integer(number)) => {
                global.rx_buffers_multiplier = u32::try_from(*number).unwrap_or(3);
            }
            _ => return false,
        }
        true
    }

    /// `vrrp_`, `checker_` and `bfd_` settings of a process.
    fn apply_process(&mut self, entry: &Entry) -> bool {
        let Some((process, setting)) = entry.keyword.name.split_once('_') else {
            return false;
        };
        let span = entry.value_span();
        if let ("rt_priority", Value::Integer(number)) = (setting, &entry.value)
            && !REALTIME.contains(number)
        {
            let text = "realtime priorities are from 1 to 99; the nearest is taken";
            self.complain(Code::OutOfRange, span, text);
        }
        let cpus = if setting == "cpu_affinity" {
            self.processors(&entry.arguments)
        } else {
            vec![]
        };
        let Some(settings) = self.process(process) else {
            return false;
        };
        match (setting, &entry.value) {
            ("priority", Value::Integer(number)) => {
                settings.nice = i8::try_from(*number)
                    .ok()
                    .map(|nice| Spanned::new(nice, span));
            }
            ("rt_priority", Value::Integer(number)) => {
                let clamped = (*number).clamp(*REALTIME.start(), *REALTIME.end());
                settings.realtime = u8::try_from(clamped)
                    .ok()
                    .map(|level| Spanned::new(level, span));
            }
            ("rlimit_rttime" | "rlimit_rtime", Value::Integer(number)) => {
                settings.realtime_limit = Some(Spanned::new(number::micros(*number), span));
            }
            ("cpu_affinity", Value::Words) => settings.cpu_affinity = cpus,
            _ => return false,
        }
        true
    }

    fn process(&mut self, name: &str) -> Option<&mut ProcessSettings> {
        match name {
            "vrrp" => Some(&mut self.global.defs.vrrp_process),
            "checker" => Some(&mut self.global.defs.checker_process),
            "bfd" => Some(&mut self.global.defs.bfd_process),
            _ => None,
        }
    }

    fn processors(&mut self, words: &[Word]) -> Vec<u32> {
        /// Most processors the kernel's own masks hold (CPU_SETSIZE).
        const MAX_PROCESSOR: i64 = 1023;
        let numbers = words
            .iter()
            .filter_map(|word| self.integer("cpu_affinity", word, 0, MAX_PROCESSOR));
        numbers
            .filter_map(|number| u32::try_from(number).ok())
            .collect()
    }

    fn apply_global_words(&mut self, entry: &Entry) -> bool {
        match entry.keyword.name {
            "router_id" => self.global.defs.router_id = entry.first(),
            "default_interface" => self.apply_default_interface(entry),
            "dynamic_interfaces" => self.apply_dynamic_interfaces(entry),
            "process_name" => self.global.defs.process_name = self.process_name(entry),
            "vrrp_process_name" => {
                self.global.defs.vrrp_process_name = self.process_name(entry);
            }
            "checker_process_name" | "lvs_process_name" => {
                self.global.defs.checker_process_name = self.process_name(entry);
            }
            "bfd_process_name" => self.global.defs.bfd_process_name = self.process_name(entry),
            "include_check" => self.apply_include_check(entry),
            "vmac_prefix" => self.global.vmac_prefix = entry.first().map(|word| word.value),
            "vmac_addr_prefix" => {
                self.global.vmac_address_prefix = entry.first().map(|word| word.value);
            }
            "vrrp_garp_extra_if" | "vrrp_vmac_garp_intvl" => {
                if let Some(extra) = self.extra_garp(entry, 1) {
                    self.global.defs.extra_garp = Some(extra);
                }
            }
            "script_user" => {
                if let Some(identity) = self.identity(&entry.arguments) {
                    let span = entry.value_span();
                    self.global.defs.script_user = Some(Spanned::new(identity, span));
                }
            }
            "vrrp_rx_bufs_policy" => return self.apply_rx_buffers(entry),
            "vrrp_mcast_group4" => self.apply_group_address(entry, Family::V4),
            "vrrp_mcast_group6" => self.apply_group_address(entry, Family::V6),
            "startup_script" => {
                self.global.defs.startup_script = self.notify_command(&entry.arguments);
            }
            "shutdown_script" => {
                self.global.defs.shutdown_script = self.notify_command(&entry.arguments);
            }
            _ => return false,
        }
        true
    }

    /// keepalived takes any name, and finds out later that no such interface can be.
    fn apply_default_interface(&mut self, entry: &Entry) {
        let name = entry.first();
        let fits = |name: &Spanned<String>| name.value.len() <= super::value::MAX_INTERFACE_NAME;
        if !name.as_ref().is_some_and(fits) {
            let text = "this name is too long for an interface; it is ignored";
            let diagnostic = Diagnostic::error(Code::NameTooLong, entry.value_span(), text);
            self.reader.sink.push(diagnostic);
            return;
        }
        self.global.defs.default_interface = name;
    }

    /// `[allow_if_changes]`.
    fn apply_dynamic_interfaces(&mut self, entry: &Entry) {
        self.global.defs.dynamic_interfaces = true;
        match entry.arguments.first() {
            Some(word) if word.text == "allow_if_changes" => {
                self.global.defs.interfaces_may_change = true;
            }
            Some(word) => {
                let text = format!("`{}` is no option here; it is ignored", word.text);
                self.complain(Code::InvalidChoice, word.span, text);
            }
            None => {}
        }
    }

    /// `[all] SECONDS`, at least `min` of them.
    pub(super) fn extra_garp(&mut self, entry: &Entry, min: i64) -> Option<ExtraGarp> {
        /// Longest time between two announcements in seconds: a day.
        const MAX_EXTRA_GARP_S: i64 = 86_400;
        let name = entry.keyword.name;
        let (mut all, mut seconds) = (false, None);
        for word in &entry.arguments {
            if word.text == "all" {
                all = true;
            } else {
                seconds = Some(self.integer(name, word, min, MAX_EXTRA_GARP_S)?);
            }
        }
        let Some(seconds) = seconds else {
            let text = format!("`{name}` lacks its seconds; it is ignored");
            self.complain(Code::InvalidValue, entry.value_span(), text);
            return None;
        };
        let interval = number::seconds(seconds);
        Some(ExtraGarp { interval, all })
    }

    fn apply_rx_buffers(&mut self, entry: &Entry) -> bool {
        let Some(word) = entry.arguments.first() else {
            return false;
        };
        self.global.defs.rx_buffers = match word.text.to_ascii_uppercase().as_str() {
            "MTU" => RxBuffers::Mtu,
            "ADVERT" => RxBuffers::Advert,
            _ => match self.integer("vrrp_rx_bufs_policy", word, 0, i64::from(u32::MAX)) {
                Some(bytes) => RxBuffers::Bytes(u64::try_from(bytes).unwrap_or(0)),
                None => return true,
            },
        };
        true
    }

    fn apply_group_address(&mut self, entry: &Entry, family: Family) {
        let Value::Address(address) = entry.value else {
            return;
        };
        if !address.is_multicast() || Family::of(address) != family {
            let text = format!("{address} is no multicast group of that family; it is ignored");
            self.complain(Code::InvalidAddress, entry.value_span(), text);
            return;
        }
        match address {
            IpAddr::V4(address) => self.global.defs.multicast.v4 = address,
            IpAddr::V6(address) => self.global.defs.multicast.v6 = address,
        }
    }

    /// A user and optionally a group; reported if the host does not know them.
    pub(super) fn identity(&mut self, words: &[Word]) -> Option<Identity> {
        self.check_identity(words.first()?, words.get(1));
        self.unchecked_identity(words)
    }

    /// A user and optionally a group, whoever they are.
    #[allow(clippy::unused_self, reason = "beside `identity`")]
    pub(super) fn unchecked_identity(&self, words: &[Word]) -> Option<Identity> {
        let user = words.first()?;
        let group = words.get(1);
        // "USER :GROUP" is accepted as well.
        let plain = |word: &Word| word.text.strip_prefix(':').unwrap_or(&word.text).to_owned();
        Some(Identity {
            user: user.text.clone(),
            group: group.map(plain),
        })
    }

    fn check_identity(&mut self, user: &Word, group: Option<&Word>) {
        use crate::source::Existence::Missing;
        let number =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if !number(&user.text) && self.environment.user(&user.text) == Missing {
            let text = format!("there is no user `{}` on this host", user.text);
            self.complain(Code::UserUnknown, user.span, text);
        }
        let Some(group) = group else { return };
        let name = group.text.strip_prefix(':').unwrap_or(&group.text);
        if !number(name) && self.environment.group(name) == Missing {
            let text = format!("there is no group `{name}` on this host");
            self.complain(Code::UserUnknown, group.span, text);
        }
    }
}

/// Whether the rest of `vrrp_garp_…` or `garp_…` is one of the settings that instances share.
pub(super) fn is_garp(setting: &str) -> bool {
    matches!(
        setting,
        "master_delay"
            | "master_repeat"
            | "master_refresh"
            | "master_refresh_repeat"
            | "lower_prio_delay"
            | "lower_prio_repeat"
    )
}

pub(super) fn apply_garp(garp: &mut GarpDraft, setting: &str, value: &Value) {
    let Value::Integer(value) = *value else {
        return;
    };
    let time: Micros = number::seconds(value);
    let count = u32::try_from(value).unwrap_or(0);
    match setting {
        "master_delay" => garp.master_delay = Some(time),
        "master_repeat" => garp.master_repeat = Some(count.max(1)),
        "master_refresh" => garp.master_refresh = Some(time),
        "master_refresh_repeat" => garp.master_refresh_repeat = Some(count.max(1)),
        "lower_prio_delay" => garp.lower_prio_delay = Some(time),
        "lower_prio_repeat" => garp.lower_prio_repeat = Some(count),
        _ => {}
    }
}
