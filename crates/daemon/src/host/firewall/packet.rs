//! What a rule's conditions say about one packet: yes, no, or that it cannot be told.

use std::net::IpAddr;

use serde_json::Value;

use super::ruleset::Ruleset;

/// IP protocol number of VRRP.
pub(super) const VRRP: u8 = 112;
/// IP protocol number of the authentication header.
pub(super) const AUTHENTICATION_HEADER: u8 = 51;

/// IP protocol number of UDP.
pub(super) const UDP: u8 = 17;

/// A condition's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown,
}

impl Answer {
    fn from_bool(answer: bool) -> Self {
        if answer { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    fn any(answers: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::No;
        for answer in answers {
            match answer {
                Self::Yes => return Self::Yes,
                Self::Unknown => all = Self::Unknown,
                Self::No => {}
            }
        }
        all
    }
}

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    In,
    Out,
}

/// An advertisement, or a message of the peer channel, as the packet filter sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) direction: Direction,
    pub(super) interface: &'a str,
    /// `None` where any sender must get through.
    pub(super) source: Option<IpAddr>,
    pub(super) destination: IpAddr,
    /// [`VRRP`], [`AUTHENTICATION_HEADER`] or [`UDP`].
    pub(super) protocol: u8,
    /// Of both ends, with UDP.
    pub(super) port: Option<u16>,
}

/// What the left side of a condition is for the packet.
enum Known {
    Word(&'static str),
    Name(String),
    Number(u64),
    Protocol(u8),
    Address(IpAddr),
    /// Nothing: the packet has no such part, so the rule does not apply whatever is compared.
    Absent,
    Unknown,
}

impl Packet<'_> {
    /// Whether a table of that family sees the packet.
    pub(super) fn is_of(&self, family: &str) -> bool {
        match family {
            "inet" => true,
            "ip" => self.destination.is_ipv4(),
            "ip6" => self.destination.is_ipv6(),
            _ => false,
        }
    }

    /// The answer of a `match` statement; `table` is where its named sets are.
    pub(super) fn answers(&self, body: &Value, ruleset: &Ruleset, table: (&str, &str)) -> Answer {
        let (Some(left), Some(right)) = (body.get("left"), body.get("right")) else {
            return Answer::Unknown;
        };
        let known = self.known(left, ruleset.untracks);
        let equal = || is_in(&known, right, ruleset, table);
        match (&known, body.get("op").and_then(Value::as_str)) {
            (Known::Absent, _) => Answer::No,
            (_, None | Some("==" | "in")) => equal(),
            (_, Some("!=")) => equal().not(),
            (Known::Number(number), Some(operator)) => match (operator, right.as_u64()) {
                ("<", Some(limit)) => Answer::from_bool(*number < limit),
                (">", Some(limit)) => Answer::from_bool(*number > limit),
                ("<=", Some(limit)) => Answer::from_bool(*number <= limit),
                (">=", Some(limit)) => Answer::from_bool(*number >= limit),
                _ => Answer::Unknown,
            },
            _ => Answer::Unknown,
        }
    }

    /// Whether the packet's value for `key` is `element`, for verdict maps.
    pub(super) fn matches_key(
        &self,
        key: &Value,
        element: &Value,
        ruleset: &Ruleset,
        table: (&str, &str),
    ) -> Answer {
        match self.known(key, ruleset.untracks) {
            Known::Absent => Answer::No,
            known => is_in(&known, element, ruleset, table),
        }
    }

    fn known(&self, left: &Value, untracks: bool) -> Known {
        let part = |kind: &str, field: &str| left.get(kind)?.get(field)?.as_str();
        if let Some(key) = part("meta", "key") {
            return self.meta(key);
        }
        if let Some(field) = part("payload", "field") {
            return self.payload(part("payload", "protocol").unwrap_or_default(), field);
        }
        if let Some(key) = part("ct", "key") {
            if key == "status" && self.destination.is_multicast() {
                return Known::Word("not translated");
            }
            // Nobody answers an advertisement to a group, so the connection stays new.
            let is_new = key == "state" && !untracks && self.destination.is_multicast();
            return if is_new {
                Known::Word("new")
            } else {
                Known::Unknown
            };
        }
        if let Some(fib) = left.get("fib") {
            return self.fib(fib);
        }
        Known::Unknown
    }

    fn meta(&self, key: &str) -> Known {
        let inward = self.direction == Direction::In;
        let v4 = self.destination.is_ipv4();
        match key {
            "iifname" | "iif" if inward => Known::Name(self.interface.to_owned()),
            "oifname" | "oif" if !inward => Known::Name(self.interface.to_owned()),
            "iifname" | "iif" | "oifname" | "oif" => Known::Absent,
            "l4proto" => Known::Protocol(self.protocol),
            "nfproto" => Known::Word(if v4 { "ipv4" } else { "ipv6" }),
            "protocol" => Known::Word(if v4 { "ip" } else { "ip6" }),
            "pkttype" if inward && self.destination.is_multicast() => Known::Word("multicast"),
            "pkttype" if inward => Known::Word("host"),
            _ => Known::Unknown,
        }
    }

    fn payload(&self, protocol: &str, field: &str) -> Known {
        let v4 = self.destination.is_ipv4();
        match (protocol, field) {
            ("ip", _) if !v4 => Known::Absent,
            ("ip6", _) if v4 => Known::Absent,
            ("ip", "protocol") | ("ip6", "nexthdr") => Known::Protocol(self.protocol),
            ("ip" | "ip6", "daddr") => Known::Address(self.destination),
            ("ip" | "ip6", "saddr") => self.source.map_or(Known::Unknown, Known::Address),
            ("ip", "ttl") | ("ip6", "hoplimit") if self.destination.is_multicast() => {
                Known::Number(255)
            }
            ("udp" | "th", "sport" | "dport") if self.port.is_some() => self
                .port
                .map_or(Known::Absent, |port| Known::Number(port.into())),
            ("udp", _) if self.port.is_some() => Known::Unknown,
            (
                "tcp" | "udp" | "udplite" | "sctp" | "dccp" | "icmp" | "icmpv6" | "igmp" | "esp"
                | "comp",
                _,
            ) => Known::Absent,
            ("ah", _) if self.protocol != AUTHENTICATION_HEADER => Known::Absent,
            _ => Known::Unknown,
        }
    }

    /// `fib daddr type`.
    fn fib(&self, fib: &Value) -> Known {
        let asks_type = fib.get("result").and_then(Value::as_str) == Some("type");
        let flags = fib.get("flags").and_then(Value::as_array);
        let of_destination =
            flags.is_some_and(|flags| flags.iter().any(|flag| flag.as_str() == Some("daddr")));
        if !asks_type || !of_destination {
            return Known::Unknown;
        }
        match self.direction {
            _ if self.destination.is_multicast() => Known::Word("multicast"),
            Direction::In => Known::Word("local"),
            Direction::Out => Known::Unknown,
        }
    }
}

fn is_in(known: &Known, right: &Value, ruleset: &Ruleset, table: (&str, &str)) -> Answer {
    if matches!(known, Known::Unknown | Known::Absent) {
        return Answer::Unknown;
    }
    let any_of = |all: &[Value]| {
        Answer::any(
            all.iter()
                .map(|element| is_in(known, element, ruleset, table)),
        )
    };
    match right {
        Value::Array(all) => any_of(all),
        // What none of the other elements is.
        Value::String(text) if text == "*" => Answer::Unknown,
        Value::String(text) => match text.strip_prefix('@') {
            Some(name) => {
                let key = (table.0.to_owned(), table.1.to_owned(), name.to_owned());
                // A set's own elements name no further sets.
                let elements = ruleset.sets.get(&key);
                elements.map_or(Answer::Unknown, |all| {
                    Answer::any(all.iter().map(|element| match element {
                        Value::String(text) if text.starts_with('@') => Answer::Unknown,
                        element => is_in(known, element, ruleset, table),
                    }))
                })
            }
            None => is_text(known, text),
        },
        Value::Number(number) => is_number(known, number.as_u64()),
        Value::Object(object) => {
            if let Some(Value::Array(all)) = object.get("set") {
                any_of(all)
            } else if let Some(value) = object.get("elem").and_then(|elem| elem.get("val")) {
                is_in(known, value, ruleset, table)
            } else if let Some(Value::Array(ends)) = object.get("range") {
                is_between(known, ends)
            } else if let Some(prefix) = object.get("prefix") {
                is_under(known, prefix)
            } else {
                Answer::Unknown
            }
        }
        Value::Null | Value::Bool(_) => Answer::Unknown,
    }
}

fn is_text(known: &Known, text: &str) -> Answer {
    match known {
        Known::Word("not translated") if !matches!(text, "dnat" | "snat") => Answer::Unknown,
        Known::Word(word) => Answer::from_bool(*word == text),
        Known::Name(name) => Answer::from_bool(match text.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == text,
        }),
        Known::Protocol(protocol) => Answer::from_bool(match text {
            "vrrp" | "carp" => *protocol == VRRP,
            "ah" => *protocol == AUTHENTICATION_HEADER,
            "udp" => *protocol == UDP,
            other => other.parse() == Ok(*protocol),
        }),
        Known::Address(address) => match text.parse::<IpAddr>() {
            Ok(other) => Answer::from_bool(*address == other),
            Err(_) => Answer::Unknown,
        },
        Known::Number(_) | Known::Absent | Known::Unknown => Answer::Unknown,
    }
}

fn is_number(known: &Known, number: Option<u64>) -> Answer {
    match (known, number) {
        (Known::Number(own), Some(number)) => Answer::from_bool(*own == number),
        (Known::Protocol(own), Some(number)) => Answer::from_bool(u64::from(*own) == number),
        _ => Answer::Unknown,
    }
}

fn is_between(known: &Known, ends: &[Value]) -> Answer {
    let [low, high] = ends else {
        return Answer::Unknown;
    };
    let numbers = low.as_u64().zip(high.as_u64());
    match (known, numbers) {
        (Known::Number(own), Some((low, high))) => Answer::from_bool((low..=high).contains(own)),
        (Known::Protocol(own), Some((low, high))) => {
            Answer::from_bool((low..=high).contains(&u64::from(*own)))
        }
        (Known::Address(own), None) => {
            let address = |end: &Value| end.as_str()?.parse::<IpAddr>().ok();
            match (address(low), address(high)) {
                (Some(low), Some(high)) if low.is_ipv4() == own.is_ipv4() => {
                    Answer::from_bool((low..=high).contains(own))
                }
                _ => Answer::Unknown,
            }
        }
        _ => Answer::Unknown,
    }
}

fn is_under(known: &Known, prefix: &Value) -> Answer {
    let network = prefix.get("addr").and_then(Value::as_str);
    let network = network.and_then(|text| text.parse::<IpAddr>().ok());
    let length = prefix.get("len").and_then(Value::as_u64);
    let length = length.and_then(|length| u32::try_from(length).ok());
    let (Known::Address(own), Some(network), Some(length)) = (known, network, length) else {
        return Answer::Unknown;
    };
    let same = |one: u128, other: u128, width: u32| {
        let host_bits = width.saturating_sub(length);
        one.checked_shr(host_bits).unwrap_or(0) == other.checked_shr(host_bits).unwrap_or(0)
    };
    match (own, network) {
        (IpAddr::V4(own), IpAddr::V4(network)) => {
            let bits = |address: std::net::Ipv4Addr| u128::from(address.to_bits());
            Answer::from_bool(same(bits(*own), bits(network), 32))
        }
        (IpAddr::V6(own), IpAddr::V6(network)) => {
            Answer::from_bool(same(own.to_bits(), network.to_bits(), 128))
        }
        _ => Answer::No,
    }
}
