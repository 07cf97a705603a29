//! `use_vmac`, `use_ipvlan` and what else is rare in an instance.

use super::{Entry, Parsed};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Ipvlan, IpvlanMode, MacAddress, OldChecksum, Vmac};
use crate::source::InterfaceState;
use crate::words::Word;

/// Greatest number of an interface group.
const MAX_GROUP: i64 = 0x7fff_ffff;
/// What the addresses of virtual routers begin with, IPv4 and IPv6 (RFC 9568 §7.3).
const ROUTER_PREFIXES: [[u8; 5]; 2] = [[0, 0, 0x5e, 0, 1], [0, 0, 0x5e, 0, 2]];

/// What a word of `use_vmac` may turn out to be.
enum Mac {
    /// All of it, or all but the last byte.
    Given([u8; 6], bool),
    Malformed,
    /// No address at all.
    No,
}

impl Parsed<'_> {
    /// `[[name] INTERFACE] [MAC] [netlink_notify_msg] [group NUMBER]`.
    pub(super) fn use_vmac(&mut self, entry: &Entry) {
        let mut vmac = Vmac::default();
        let mut five_bytes = false;
        let mut words = entry.arguments.iter();
        while let Some(word) = words.next() {
            match (word.text.as_str(), mac(&word.text)) {
                (_, Mac::Given(bytes, short)) => {
                    if self.mac_is_usable(bytes, word) {
                        vmac.mac = Some(MacAddress(bytes));
                        five_bytes = short;
                    }
                }
                (_, Mac::Malformed) => {
                    let text = format!("`{}` is no link-layer address; it is ignored", word.text);
                    self.complain(Code::InvalidAddress, word.span, text);
                }
                ("name", Mac::No) => {
                    if let Some(name) = words.next() {
                        self.newer_word(word);
                        vmac.name = self.own_interface_name(name).or(vmac.name);
                    } else {
                        vmac.name = self.own_interface_name(word).or(vmac.name);
                    }
                }
                ("netlink_notify_msg", Mac::No) => {
                    self.newer_word(word);
                    vmac.netlink_notify = true;
                }
                ("group", Mac::No) => vmac.group = self.interface_group(word, words.next()),
                (_, Mac::No) if vmac.name.is_some() => self.second_name(word),
                (_, Mac::No) => vmac.name = self.own_interface_name(word),
            }
        }
        // Another interface that exists may be one that an earlier daemon made.
        let loopback = |name: &String| self.environment.interface(name) == InterfaceState::Loopback;
        if vmac.name.as_ref().is_some_and(loopback) {
            vmac.name = None;
            let text = "the loopback can't be a virtual MAC interface; the name is ignored";
            self.complain(Code::LoopbackInterface, entry.value_span(), text);
        }
        if let Some(draft) = self.instances.last_mut() {
            draft.vmac = Some(vmac);
            draft.vmac_of_five_bytes = five_bytes;
        }
    }

    fn mac_is_usable(&mut self, bytes: [u8; 6], word: &Word) -> bool {
        let why = if bytes.first().is_some_and(|byte| byte & 1 == 1) {
            "is a multicast address"
        } else if ROUTER_PREFIXES
            .iter()
            .any(|prefix| bytes.starts_with(prefix))
        {
            "belongs to virtual routers"
        } else {
            return true;
        };
        let text = format!("`{}` {why}; it is ignored", word.text);
        let diagnostic = Diagnostic::error(Code::InvalidAddress, word.span, text)
            .help("leave it out: the router's own address follows from its VRID")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
        false
    }

    /// `[[name] INTERFACE] [ADDRESS[/LENGTH]] [bridge|private|vepa] [group NUMBER]`.
    pub(super) fn use_ipvlan(&mut self, entry: &Entry) {
        let mut ipvlan = Ipvlan::default();
        let mut words = entry.arguments.iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            let address = text.split('/').next().unwrap_or_default();
            match text {
                "bridge" => ipvlan.mode = IpvlanMode::Bridge,
                "private" => ipvlan.mode = IpvlanMode::Private,
                "vepa" => ipvlan.mode = IpvlanMode::Vepa,
                "group" => ipvlan.group = self.interface_group(word, words.next()),
                "name" => {
                    self.newer_word(word);
                    if let Some(name) = words.next() {
                        ipvlan.name = self.own_interface_name(name).or(ipvlan.name);
                    }
                }
                _ if address.parse::<std::net::IpAddr>().is_ok() => {
                    ipvlan.address = self.network(word).map(|(network, _)| network);
                }
                _ if ipvlan.name.is_some() => self.second_name(word),
                _ => ipvlan.name = self.own_interface_name(word),
            }
        }
        if let Some(draft) = self.instances.last_mut() {
            draft.ipvlan = Some(crate::span::Spanned::new(ipvlan, entry.span));
        }
    }

    /// keepalived 2.2.7 takes the word for a name.
    fn newer_word(&mut self, word: &Word) {
        let text = format!("`{}` here needs a keepalived newer than 2.2.7", word.text);
        let diagnostic = Diagnostic::note(Code::NewerKeyword, word.span, text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
    }

    fn interface_group(&mut self, option: &Word, value: Option<&Word>) -> Option<u32> {
        self.newer_word(option);
        let Some(value) = value else {
            self.complain(Code::InvalidValue, option.span, "`group` lacks its number");
            return None;
        };
        let number = self.integer("group", value, 0, MAX_GROUP)?;
        u32::try_from(number).ok()
    }

    fn second_name(&mut self, word: &Word) {
        let text = format!("`{}` is a second interface name; it is ignored", word.text);
        self.complain(Code::AlreadySpecified, word.span, text);
    }

    /// The name of an interface that is to be made; reported if the kernel would not take it.
    pub(super) fn own_interface_name(&mut self, word: &Word) -> Option<String> {
        let name = word.text.as_str();
        let fits = (1..=super::value::MAX_INTERFACE_NAME).contains(&name.len())
            && !matches!(name, "." | "..")
            && !name.contains(['/', ':'])
            && !name.contains(char::is_whitespace);
        if !fits {
            let shown: String = name.chars().take(40).collect();
            let text = format!("`{shown}` can't be an interface's name; it is ignored");
            self.complain(Code::NameTooLong, word.span, text);
            return None;
        }
        Some(name.to_owned())
    }

    /// `[never]`.
    pub(super) fn old_checksum(&mut self, entry: &Entry) {
        let checksum = match entry.arguments.first() {
            None => OldChecksum::Always,
            Some(word) if word.text == "never" => OldChecksum::Never,
            Some(word) => {
                let text = format!("`{}` is no way of old checksums; it is ignored", word.text);
                let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
                    .help("write never, or nothing")
                    .class(KeepalivedClass::General);
                self.reader.sink.push(diagnostic);
                OldChecksum::Always
            }
        };
        if let Some(draft) = self.instances.last_mut() {
            draft.old_checksum = Some(crate::span::Spanned::new(checksum, entry.span));
        }
    }
}

/// Five or six bytes in hexadecimal with colons between.
fn mac(text: &str) -> Mac {
    if !text.contains(':') {
        return Mac::No;
    }
    let mut bytes = [0; 6];
    let mut count = 0;
    for group in text.split(':') {
        let byte = u8::from_str_radix(group, 16)
            .ok()
            .filter(|_| group.len() <= 2);
        let (Some(place), Some(byte)) = (bytes.get_mut(count), byte) else {
            return Mac::Malformed;
        };
        *place = byte;
        count += 1;
    }
    match count {
        5 => Mac::Given(bytes, true),
        6 => Mac::Given(bytes, false),
        _ => Mac::Malformed,
    }
}
