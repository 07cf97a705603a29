//! Lines of `virtual_ipaddress` and `virtual_ipaddress_excluded`.

use std::net::{IpAddr, Ipv4Addr};

use super::{Parsed, number};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Broadcast, IpNetwork, Scope, StaticAddress, VirtualAddress};
use crate::words::Word;

/// Longest address label in bytes (IFNAMSIZ - 1).
const MAX_LABEL: usize = 15;

impl Parsed<'_> {
    /// A line of `virtual_ipaddress`; `None`, reported, where the address is none.
    pub(super) fn virtual_address(&mut self, words: &[Word]) -> Option<VirtualAddress> {
        let address = self.address_line(words, false)?;
        Some(address.address)
    }

    /// A line of `static_ipaddress`, which may name a track_group.
    pub(super) fn static_address(&mut self, words: &[Word]) -> Option<StaticAddress> {
        self.address_line(words, true)
    }

    /// `ADDRESS[/LENGTH]` with its options.
    fn address_line(&mut self, words: &[Word], is_static: bool) -> Option<StaticAddress> {
        let (first, last) = (words.first()?, words.last()?);
        let (network, prefix_given) = self.network(first)?;
        let link_local = match network.address {
            IpAddr::V4(_) => false,
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        let mut vip = VirtualAddress {
            network,
            prefix_given,
            device: None,
            broadcast: None,
            scope: if link_local {
                Scope::LINK
            } else {
                Scope::GLOBAL
            },
            label: None,
            peer: None,
            home: false,
            duplicate_detection: false,
            manage_temporary: false,
            no_prefix_route: false,
            auto_join: false,
            no_track: false,
            use_vmac: false,
            vmac_name: None,
            preferred_lifetime_s: None,
            span: first.span.to(last.span),
        };
        let mut track_group = None;
        let mut at = 1;
        while let Some(option) = words.get(at) {
            let value = words.get(at + 1);
            if let (true, "track_group", Some(name)) = (is_static, option.text.as_str(), value) {
                track_group = Some(name.spanned());
                at += 2;
                continue;
            }
            at += 1 + self.address_option(&mut vip, option, value)?;
        }
        let address = vip;
        Some(StaticAddress {
            address,
            track_group,
        })
    }

    /// An address with or without prefix length; reported, and `None`, where it is none.
    pub(super) fn network(&mut self, word: &Word) -> Option<(IpNetwork, bool)> {
        let shown: String = word.text.chars().take(64).collect();
        let (address, length) = match word.text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (word.text.as_str(), None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            let text = format!("`{shown}` is no IP address; it is skipped");
            let mut diagnostic = Diagnostic::error(Code::InvalidAddress, word.span, text);
            diagnostic.help = super::value::reference_help(&word.text);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
            return None;
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let Some(length) = length else {
            return Some((
                IpNetwork {
                    address,
                    prefix: most,
                },
                false,
            ));
        };
        let parsed = number::integer(length);
        if parsed.is_some_and(|number| number.trailing)
            && !self.trailing_text("prefix length", word)
        {
            return Some((
                IpNetwork {
                    address,
                    prefix: most,
                },
                true,
            ));
        }
        let prefix = parsed.and_then(|number| u8::try_from(number.value).ok());
        let Some(prefix) = prefix.filter(|prefix| *prefix <= most) else {
            let text = format!("`{length}` is no prefix length of {address}; /{most} is used");
            self.complain(Code::InvalidAddress, word.span, text);
            return Some((
                IpNetwork {
                    address,
                    prefix: most,
                },
                true,
            ));
        };
        Some((IpNetwork { address, prefix }, true))
    }

    /// Takes one option in, and says how many words after it that took; `None` drops the whole address.
    fn address_option(
        &mut self,
        vip: &mut VirtualAddress,
        option: &Word,
        value: Option<&Word>,
    ) -> Option<usize> {
        let flag = match option.text.as_str() {
            "home" => &mut vip.home,
            "-nodad" => &mut vip.duplicate_detection,
            "mngtmpaddr" => &mut vip.manage_temporary,
            "noprefixroute" => &mut vip.no_prefix_route,
            "autojoin" => &mut vip.auto_join,
            "no_track" => &mut vip.no_track,
            "use_vmac" => {
                vip.use_vmac = true;
                let name = value.filter(|word| !is_option(&word.text));
                return Some(self.vmac_name(vip, name));
            }
            "dev" | "brd" | "broadcast" | "scope" | "label" | "peer" | "preferred_lft" => {
                let Some(value) = value else {
                    let text = format!("`{}` lacks its value; the address is skipped", option.text);
                    self.complain(Code::InvalidAddressOption, option.span, text);
                    return None;
                };
                return self.address_value(vip, &option.text, value);
            }
            other => {
                let text = format!("`{other}` is no option of an address; it is ignored");
                let mut diagnostic =
                    Diagnostic::error(Code::InvalidAddressOption, option.span, text);
                if other == "netmask" || is_netmask(other) {
                    diagnostic = diagnostic
                        .help("a netmask is written as a prefix length behind the address: `/24`");
                } else if other.parse::<IpAddr>().is_ok() {
                    diagnostic = diagnostic.help("put each address on a line of its own");
                }
                self.reader
                    .sink
                    .push(diagnostic.class(KeepalivedClass::General));
                return Some(0);
            }
        };
        *flag = true;
        Some(0)
    }

    /// The name after `use_vmac`, for which anything is taken that is no option; says how many words it takes.
    fn vmac_name(&mut self, vip: &mut VirtualAddress, name: Option<&Word>) -> usize {
        let Some(name) = name else { return 0 };
        let text = "a name after `use_vmac` needs a keepalived newer than 2.2.7";
        let diagnostic = Diagnostic::note(Code::NewerKeyword, name.span, text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
        vip.vmac_name = self.own_interface_name(name);
        1
    }

    fn address_value(
        &mut self,
        vip: &mut VirtualAddress,
        option: &str,
        value: &Word,
    ) -> Option<usize> {
        match option {
            "dev" => {
                if !self.interface_name_fits(value) {
                    return None;
                }
                vip.device = Some(value.text.clone());
            }
            "brd" | "broadcast" => vip.broadcast = Some(self.broadcast(vip, value)?),
            "scope" => {
                if let Some(scope) = self.scope(value) {
                    vip.scope = scope;
                }
            }
            "label" if value.text.len() > MAX_LABEL => {
                let text = format!("labels have at most {MAX_LABEL} bytes; the address is skipped");
                self.complain(Code::NameTooLong, value.span, text);
                return None;
            }
            "label" if vip.network.address.is_ipv6() => {
                let text = "IPv6 addresses have no label; it is ignored";
                self.complain(Code::InvalidAddressOption, value.span, text);
            }
            "label" => vip.label = Some(value.text.clone()),
            "peer" => vip.peer = self.peer(vip, value),
            "preferred_lft" => vip.preferred_lifetime_s = self.lifetime(value),
            _ => {}
        }
        Some(1)
    }

    fn broadcast(&mut self, vip: &VirtualAddress, value: &Word) -> Option<Broadcast> {
        let broadcast = match value.text.as_str() {
            "+" => Some(Broadcast::AllOnes),
            "-" => Some(Broadcast::AllZeros),
            text => text.parse().ok().map(Broadcast::Address),
        };
        if broadcast.is_none() || vip.network.address.is_ipv6() {
            let text = format!(
                "`{}` is no broadcast address here; the address is skipped",
                value.text
            );
            self.complain(Code::InvalidAddressOption, value.span, text);
            return None;
        }
        broadcast
    }

    fn scope(&mut self, value: &Word) -> Option<Scope> {
        let scope = match value.text.as_str() {
            "global" => Some(Scope::GLOBAL),
            "site" => Some(Scope::SITE),
            "link" => Some(Scope::LINK),
            "host" => Some(Scope::HOST),
            "nowhere" => Some(Scope::NOWHERE),
            text => text.parse().ok().map(Scope),
        };
        if scope.is_none() {
            let text = format!("`{}` is no scope; it is ignored", value.text);
            self.complain(Code::InvalidAddressOption, value.span, text);
        }
        scope
    }

    fn peer(&mut self, vip: &VirtualAddress, value: &Word) -> Option<IpNetwork> {
        let (network, _) = self.network(value)?;
        if network.address.is_ipv4() != vip.network.address.is_ipv4() {
            let text = "a peer must be of the address's family; it is ignored";
            self.complain(Code::InvalidAddressOption, value.span, text);
            return None;
        }
        Some(network)
    }

    fn lifetime(&mut self, value: &Word) -> Option<u32> {
        if value.text == "forever" {
            return Some(u32::MAX);
        }
        let seconds = self.integer("preferred_lft", value, 0, i64::from(u32::MAX) - 1)?;
        u32::try_from(seconds).ok()
    }
}

/// Whether the word is written as 255.255.255.0 is.
fn is_netmask(word: &str) -> bool {
    let bits = word.parse().map_or(0, |mask: Ipv4Addr| mask.to_bits());
    bits != 0 && bits.leading_ones() + bits.trailing_zeros() == u32::BITS
}

fn is_option(word: &str) -> bool {
    matches!(
        word,
        "home" | "-nodad" | "mngtmpaddr" | "noprefixroute" | "autojoin" | "no_track" | "use_vmac"
    ) || matches!(
        word,
        "dev" | "brd" | "broadcast" | "scope" | "label" | "peer" | "preferred_lft" | "track_group"
    )
}
