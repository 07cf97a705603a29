//! Numbers of routing that may be written as names.

/// Which list a name stands in; all but the last are iproute2's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NameList {
    /// Routing tables (`rt_tables`), 32 bits.
    Tables,
    /// Who installed a route (`rt_protos`), 8 bits.
    Protocols,
    /// How far a destination is (`rt_scopes`), 8 bits.
    Scopes,
    /// Routing realms (`rt_realms`), 8 bits.
    Realms,
    /// Type of service (`rt_dsfield`), 8 bits.
    DsFields,
    /// Groups of interfaces (`group`), 31 bits.
    Groups,
    /// IP protocols (protocols(5)), 8 bits.
    IpProtocols,
}

impl NameList {
    /// The greatest number of that list.
    #[must_use]
    pub fn max(self) -> u32 {
        match self {
            Self::Tables => u32::MAX,
            Self::Groups => 0x7fff_ffff,
            Self::Protocols | Self::Scopes | Self::Realms | Self::DsFields | Self::IpProtocols => {
                255
            }
        }
    }

    /// The list's name in messages.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Tables => "routing table",
            Self::Protocols => "routing protocol",
            Self::Scopes => "scope",
            Self::Realms => "realm",
            Self::DsFields => "type of service",
            Self::Groups => "interface group",
            Self::IpProtocols => "IP protocol",
        }
    }

    /// Names that hold without any file (rtnetlink(7), ip-route(8), ip-link(8)).
    fn well_known(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Tables => &[
                ("unspec", 0),
                ("default", 253),
                ("main", 254),
                ("local", 255),
            ],
            Self::Protocols => PROTOCOLS,
            Self::Scopes => &[
                ("global", 0),
                ("site", 200),
                ("link", 253),
                ("host", 254),
                ("nowhere", 255),
            ],
            Self::Realms => &[("cosmos", 0)],
            Self::DsFields => &[("default", 0)],
            Self::Groups => &[("default", 0)],
            Self::IpProtocols => IP_PROTOCOLS,
        }
    }
}

const PROTOCOLS: &[(&str, u32)] = &[
    ("unspec", 0),
    ("redirect", 1),
    ("kernel", 2),
    ("boot", 3),
    ("static", 4),
    ("gated", 8),
    ("ra", 9),
    ("mrt", 10),
    ("zebra", 11),
    ("bird", 12),
    ("dnrouted", 13),
    ("xorp", 14),
    ("ntk", 15),
    ("dhcp", 16),
    ("keepalived", 18),
    ("babel", 42),
    ("openr", 99),
    ("bgp", 186),
    ("isis", 187),
    ("ospf", 188),
    ("rip", 189),
    ("eigrp", 192),
];

const IP_PROTOCOLS: &[(&str, u32)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("vrrp", 112),
    ("sctp", 132),
    ("udplite", 136),
];

/// A number that was written as itself or as a name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Named {
    /// As written.
    pub text: String,
    /// The number; `None` for a name that only the host's own files can tell.
    pub number: Option<u32>,
}

impl Named {
    /// What the word stands for in that list; `None` for a number that does not fit.
    pub(crate) fn parse(list: NameList, text: &str) -> Option<Self> {
        let known = list.well_known().iter().find(|(name, _)| *name == text);
        let number = match known {
            Some((_, number)) => Some(*number),
            None if text.starts_with(|first: char| first.is_ascii_digit()) => {
                let number = c_number(text).and_then(|number| u32::try_from(number).ok());
                Some(number.filter(|number| *number <= list.max())?)
            }
            None if text.starts_with(char::is_alphabetic) => None,
            None => return None,
        };
        Some(Self {
            text: text.to_owned(),
            number,
        })
    }

    /// That number of the list, written by its name.
    pub(crate) fn known(name: &str, number: u32) -> Self {
        Self {
            text: name.to_owned(),
            number: Some(number),
        }
    }
}

/// A number without sign in C notation: decimal, `0x` or `0`.
pub(crate) fn c_number(text: &str) -> Option<u64> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    if let Some(digits) = hexadecimal {
        return parse_digits(digits, 16);
    }
    match text.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => parse_digits(digits, 8),
        _ => parse_digits(text, 10),
    }
}

/// Digits alone: Rust's own parser would take a sign as well.
fn parse_digits(text: &str, radix: u32) -> Option<u64> {
    let plain = !text.is_empty() && text.chars().all(|letter| letter.is_digit(radix));
    plain
        .then(|| u64::from_str_radix(text, radix).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_told_apart() {
        let number = |list, text| Named::parse(list, text).map(|named| named.number);
        assert_eq!(number(NameList::Tables, "main"), Some(Some(254)));
        assert_eq!(number(NameList::Tables, "0x10"), Some(Some(16)));
        assert_eq!(number(NameList::Tables, "vpn"), Some(None));
        assert_eq!(number(NameList::Tables, "5x"), None);
        assert_eq!(number(NameList::Protocols, "256"), None);
        assert_eq!(number(NameList::Scopes, "link"), Some(Some(253)));
        assert_eq!(c_number("+5"), None);
        assert_eq!(c_number("017"), Some(15));
    }
}
