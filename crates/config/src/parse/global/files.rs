//! FIFOs, files, SNMP, D-Bus, buffers.

use std::path::PathBuf;

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Fifo, ReceiveBuffer, ReloadFile};
use crate::parse::{Entry, Parsed};
use crate::registry::Value;
use crate::span::Spanned;
use crate::umask::parse_umask;
use crate::words::Word;

impl Parsed<'_> {
    /// False where the keyword is not about FIFOs.
    pub(super) fn apply_fifo(&mut self, entry: &Entry) -> bool {
        let name = entry.keyword.name;
        if name == "fifo_write_vrrp_states_on_reload" {
            self.global.defs.fifos.states_on_reload = true;
            return true;
        }
        let Some(prefix) = name
            .strip_suffix("notify_fifo")
            .or_else(|| name.strip_suffix("notify_fifo_script"))
        else {
            return false;
        };
        let is_script = name.ends_with("_script");
        let fifo = self.fifo(prefix);
        let first = if is_script {
            fifo.script.as_ref().map(|script| script.span)
        } else {
            fifo.path.as_ref().map(|path| path.span)
        };
        if let Some(first) = first {
            let text = format!("only the first `{name}` counts");
            let diagnostic = Diagnostic::error(Code::AlreadySpecified, entry.span, text)
                .label(first, "given here")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        } else if is_script {
            let script = self.fifo_command(&entry.arguments);
            self.fifo(prefix).script = script;
        } else {
            let owner = self.unchecked_identity(entry.arguments.get(1..).unwrap_or_default());
            let fifo = self.fifo(prefix);
            fifo.path = entry.first().map(|path| path.map(PathBuf::from));
            fifo.owner = owner;
        }
        true
    }

    fn fifo(&mut self, prefix: &str) -> &mut Fifo {
        let fifos = &mut self.global.defs.fifos;
        match prefix {
            "vrrp_" => &mut fifos.vrrp,
            "lvs_" => &mut fifos.lvs,
            _ => &mut fifos.all,
        }
    }

    /// False where the keyword is not about files or reloads.
    pub(super) fn apply_files(&mut self, entry: &Entry) -> bool {
        let (files, reload) = (&mut self.global.defs.files, &mut self.global.defs.reload);
        let path = entry.first().map(|path| path.map(PathBuf::from));
        let plain = path.clone().map(|path| path.value);
        match (entry.keyword.name, &entry.value) {
            ("state_dump_file", _) => files.state_dump = plain.unwrap_or_default(),
            ("stats_dump_file", _) => files.statistics_dump = plain.unwrap_or_default(),
            ("json_dump_file", _) => files.json_dump = plain.unwrap_or_default(),
            ("json_version", Value::Integer(number)) => {
                files.json_version = u8::try_from(*number).unwrap_or(1);
            }
            ("data_use_instance", _) => files.dumps_name_instance = true,
            ("config_save_dir", _) => files.configuration_copies = path,
            ("tmp_config_directory", _) => files.working_copy = path,
            ("iproute_usr_dir", _) => files.iproute_distribution = path,
            ("iproute_etc_dir", _) => files.iproute_local = path,
            ("umask", _) => self.apply_umask(entry),
            ("reload_check_config", _) => (reload.check, reload.check_log) = (true, path),
            ("reload_time_file", _) => reload.time_file = path,
            ("reload_repeat", _) => reload.repeat = true,
            ("reload_file", _) => {
                reload.file = Some(plain.map_or(ReloadFile::Default, ReloadFile::Path));
            }
            _ => return false,
        }
        true
    }

    /// A number in C notation, or names of permissions with `|` between.
    fn apply_umask(&mut self, entry: &Entry) {
        let Some(first) = entry.arguments.first() else {
            return;
        };
        let is_number = first
            .text
            .starts_with(|letter: char| letter.is_ascii_digit());
        let umask = if is_number {
            if let Some(extra) = entry.arguments.get(1) {
                let text = "a umask is one number; the rest is ignored";
                self.complain(Code::IgnoredWords, extra.span, text);
            }
            parse_umask(&first.text)
        } else {
            let words: Vec<&str> = entry.arguments.iter().map(|word| &*word.text).collect();
            parse_umask(&words.concat())
        };
        match umask {
            Some(umask) => self.global.defs.files.umask = umask,
            None => {
                let text = format!("`{}` is no umask; it is ignored", first.text);
                let diagnostic = Diagnostic::error(Code::InvalidValue, first.span, text)
                    .help("write a number such as 0177, or permissions such as `IXUSR | IRGRP`")
                    .class(KeepalivedClass::General);
                self.reader.sink.push(diagnostic);
            }
        }
    }

    /// False where the keyword is not about SNMP or D-Bus.
    pub(super) fn apply_observers(&mut self, entry: &Entry) -> bool {
        let (snmp, dbus) = (&mut self.global.defs.snmp, &mut self.global.defs.dbus);
        let text = entry.first().map(|word| word.value).unwrap_or_default();
        match entry.keyword.name {
            "snmp_socket" => snmp.socket = text,
            "enable_traps" => snmp.traps = true,
            "enable_snmp_vrrp" | "enable_snmp_keepalived" => snmp.vrrp = true,
            "enable_snmp_checker" => snmp.checker = true,
            "enable_snmp_rfc" => (snmp.rfc_v2, snmp.rfc_v3) = (true, true),
            "enable_snmp_rfcv2" => snmp.rfc_v2 = true,
            "enable_snmp_rfcv3" => snmp.rfc_v3 = true,
            "enable_dbus" => dbus.enabled = true,
            "dbus_service_name" => dbus.service_name = text,
            "dbus_no_interface_name" => dbus.no_interface_name = text,
            _ => return false,
        }
        true
    }

    /// `*_rcv_bufs` and `*_rcv_bufs_force`.
    pub(super) fn apply_buffers(&mut self, entry: &Entry) -> bool {
        let name = entry.keyword.name;
        let socket = name.strip_suffix("_force").unwrap_or(name);
        let Some(buffer) = self.buffer(socket) else {
            return false;
        };
        match entry.value {
            Value::Bool(on) => buffer.force = on,
            Value::Integer(bytes) => {
                // 0 leaves the system's default.
                buffer.bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes > 0);
            }
            _ => return false,
        }
        true
    }

    fn buffer(&mut self, socket: &str) -> Option<&mut ReceiveBuffer> {
        let buffers = &mut self.global.defs.netlink_buffers;
        Some(match socket {
            "vrrp_netlink_cmd_rcv_bufs" => &mut buffers.vrrp_command,
            "vrrp_netlink_monitor_rcv_bufs" => &mut buffers.vrrp_monitor,
            "lvs_netlink_cmd_rcv_bufs" => &mut buffers.lvs_command,
            "lvs_netlink_monitor_rcv_bufs" => &mut buffers.lvs_monitor,
            "process_monitor_rcv_bufs" => &mut buffers.process_monitor,
            _ => return None,
        })
    }

    /// `include_check`: the first word without a sign begins anew, no word at all means everything.
    pub(super) fn apply_include_check(&mut self, entry: &Entry) {
        let mut checks = self.reader.include_checks();
        if entry.arguments.is_empty() {
            checks = crate::IncludeChecks::ALL;
        }
        let mut begun = false;
        for word in &entry.arguments {
            let (sign, name) = match word.text.split_at_checked(1) {
                Some((sign @ ("+" | "-"), name)) => (sign, name),
                _ => ("", word.text.as_str()),
            };
            if sign.is_empty() && !begun {
                checks = crate::IncludeChecks::default();
            }
            if sign != "-" && begun {
                let text = "keepalived 2.2.7 takes one of these without `-`, newer releases all";
                let diagnostic = Diagnostic::note(Code::NewerKeyword, word.span, text);
                self.reader
                    .sink
                    .push(diagnostic.class(KeepalivedClass::General));
            }
            begun |= sign != "-";
            let on = sign != "-";
            match name {
                "read" | "readable" => checks.readable = on,
                "match" => checks.exists = on,
                "wildcard_match" => checks.wildcard = on,
                "brace_match" => checks.braces = on,
                _ => self.unknown_include_check(word),
            }
        }
        self.reader.set_include_checks(checks);
    }

    fn unknown_include_check(&mut self, word: &Word) {
        let text = format!("`{}` is nothing that includes are checked for", word.text);
        let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
            .help("one of: read, match, wildcard_match, brace_match; with `+` or `-` in front")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }

    /// A process's name, cut to what the kernel keeps.
    pub(super) fn process_name(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        /// Longest process name in bytes (prctl(2), PR_SET_NAME).
        const MAX_PROCESS_NAME: usize = 15;
        let mut name = entry.first()?;
        if name.value.len() > MAX_PROCESS_NAME {
            let text = format!("process names have at most {MAX_PROCESS_NAME} bytes; it is cut");
            self.complain(Code::NameTooLong, name.span, text);
            let end = (0..=MAX_PROCESS_NAME)
                .rev()
                .find(|end| name.value.is_char_boundary(*end));
            name.value.truncate(end.unwrap_or(0));
        }
        Some(name)
    }
}
