//! Routing rules in the kernel's numbers (linux/fib_rules.h), printed in the words of ip-rule(8).

use std::fmt;
use std::ops::RangeInclusive;

use super::commands::{AF_INET, AF_INET6};
use super::message::Buffer;
use super::route::{Prefix, Realms};
use crate::InterfaceName;

pub(super) const RTM_NEWRULE: u16 = 32;
pub(super) const RTM_DELRULE: u16 = 33;
pub(super) const FRA_DST: u16 = 1;
pub(super) const FRA_SRC: u16 = 2;
pub(super) const FRA_IIFNAME: u16 = 3;
pub(super) const FRA_GOTO: u16 = 4;
pub(super) const FRA_PRIORITY: u16 = 6;
pub(super) const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
const FRA_TUN_ID: u16 = 12;
const FRA_SUPPRESS_IFGROUP: u16 = 13;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
pub(super) const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
pub(super) const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
const FRA_UID_RANGE: u16 = 20;
const FRA_PROTOCOL: u16 = 21;
const FRA_IP_PROTO: u16 = 22;
const FRA_SPORT_RANGE: u16 = 23;
const FRA_DPORT_RANGE: u16 = 24;
const FIB_RULE_INVERT: u32 = 2;

/// What a rule does with the packets it selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleAction {
    /// Looks into that table.
    Table(u32),
    /// On with the rule of that preference.
    Goto(u32),
    /// On with the next rule.
    Nop,
    /// Drops in silence.
    Blackhole,
    /// Drops, and tells that it is forbidden.
    Prohibit,
    /// Drops, and tells that the host is unreachable.
    Unreachable,
    /// Looks into the table of the packet's VRF.
    MasterDevice,
}

impl RuleAction {
    /// The kernel's number (`FR_ACT_*`).
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Table(_) | Self::MasterDevice => 1,
            Self::Goto(_) => 2,
            Self::Nop => 3,
            Self::Blackhole => 6,
            Self::Unreachable => 7,
            Self::Prohibit => 8,
        }
    }

    pub(super) fn table(self) -> u32 {
        match self {
            Self::Table(table) => table,
            Self::Goto(_)
            | Self::Nop
            | Self::Blackhole
            | Self::Prohibit
            | Self::Unreachable
            | Self::MasterDevice => 0,
        }
    }
}

impl fmt::Display for RuleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => write!(f, "lookup {table}"),
            Self::Goto(target) => write!(f, "goto {target}"),
            Self::Nop => f.write_str("nop"),
            Self::Blackhole => f.write_str("blackhole"),
            Self::Prohibit => f.write_str("prohibit"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::MasterDevice => f.write_str("l3mdev"),
        }
    }
}

/// A firewall mark and the bits of it that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The mark.
    pub value: u32,
    /// The bits.
    pub mask: u32,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// IPv6, or IPv4.
    pub ipv6: bool,
    /// For all packets that it does not select.
    pub inverted: bool,
    /// Only packets from there.
    pub from: Option<Prefix>,
    /// Only packets to there.
    pub to: Option<Prefix>,
    /// What it does.
    pub action: RuleAction,
    /// The lower the earlier.
    pub preference: u32,
    /// Type of service; 0 for any.
    pub tos: u8,
    /// Firewall mark.
    pub mark: Option<Mark>,
    /// Where the packet came in.
    pub input: Option<InterfaceName>,
    /// What the sending socket is bound to.
    pub output: Option<InterfaceName>,
    /// Realms to set.
    pub realms: Option<Realms>,
    /// Routes with prefixes of that length or less don't count.
    pub suppress_prefix_length: Option<u32>,
    /// Routes through interfaces of that group don't count.
    pub suppress_group: Option<u32>,
    /// The tunnel's key.
    pub tunnel_id: Option<u64>,
    /// Users of the sending process.
    pub users: Option<RangeInclusive<u32>>,
    /// IP protocol.
    pub ip_protocol: Option<u8>,
    /// Source ports.
    pub source_ports: Option<RangeInclusive<u16>>,
    /// Destination ports.
    pub destination_ports: Option<RangeInclusive<u16>>,
    /// Who owns it (`RTPROT_*`).
    pub protocol: u8,
}

impl Rule {
    pub(super) fn family(&self) -> u8 {
        if self.ipv6 { AF_INET6 } else { AF_INET }
    }

    /// Payload of RTM_NEWRULE and RTM_DELRULE alike.
    pub(super) fn payload(&self) -> Buffer {
        let mut message = Buffer::default();
        let length = |prefix: Option<Prefix>| prefix.map_or(0, |prefix| prefix.length);
        let table = u8::try_from(self.action.table()).unwrap_or(0);
        message.push(&[self.family(), length(self.to), length(self.from), self.tos]);
        message.push(&[table, 0, 0, self.action.number()]);
        let flags = if self.inverted { FIB_RULE_INVERT } else { 0 };
        message.push(&flags.to_ne_bytes());
        self.encode_selectors(&mut message);
        self.encode_action(&mut message);
        message
    }

    fn encode_selectors(&self, message: &mut Buffer) {
        if let Some(to) = self.to.filter(|to| to.length > 0) {
            message.address(FRA_DST, to.network());
        }
        if let Some(from) = self.from.filter(|from| from.length > 0) {
            message.address(FRA_SRC, from.network());
        }
        message.number(FRA_PRIORITY, self.preference);
        if let Some(mark) = self.mark {
            message.number(FRA_FWMARK, mark.value);
            message.number(FRA_FWMASK, mark.mask);
        }
        if let Some(name) = self.input {
            message.attribute(FRA_IIFNAME, name.with_zero());
        }
        if let Some(name) = self.output {
            message.attribute(FRA_OIFNAME, name.with_zero());
        }
        if let Some(id) = self.tunnel_id {
            message.attribute(FRA_TUN_ID, &id.to_be_bytes());
        }
        if let Some(users) = &self.users {
            let bytes = [users.start().to_ne_bytes(), users.end().to_ne_bytes()];
            message.attribute(FRA_UID_RANGE, bytes.as_flattened());
        }
        if let Some(protocol) = self.ip_protocol {
            message.attribute(FRA_IP_PROTO, &[protocol]);
        }
        let ports = [
            (FRA_SPORT_RANGE, &self.source_ports),
            (FRA_DPORT_RANGE, &self.destination_ports),
        ];
        for (kind, ports) in ports {
            if let Some(ports) = ports {
                let bytes = [ports.start().to_ne_bytes(), ports.end().to_ne_bytes()];
                message.attribute(kind, bytes.as_flattened());
            }
        }
    }

    fn encode_action(&self, message: &mut Buffer) {
        match self.action {
            RuleAction::Table(table) => message.number(FRA_TABLE, table),
            RuleAction::Goto(target) => message.number(FRA_GOTO, target),
            RuleAction::MasterDevice => message.attribute(FRA_L3MDEV, &[1]),
            RuleAction::Nop
            | RuleAction::Blackhole
            | RuleAction::Prohibit
            | RuleAction::Unreachable => {}
        }
        if let Some(realms) = self.realms {
            message.number(FRA_FLOW, realms.number());
        }
        if let Some(length) = self.suppress_prefix_length {
            message.number(FRA_SUPPRESS_PREFIXLEN, length);
        }
        if let Some(group) = self.suppress_group {
            message.number(FRA_SUPPRESS_IFGROUP, group);
        }
        message.attribute(FRA_PROTOCOL, &[self.protocol]);
    }
}

impl fmt::Display for Rule {
    /// Every field is there, so that different rules print differently.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn option(
            f: &mut fmt::Formatter<'_>,
            word: &str,
            value: Option<impl fmt::Display>,
        ) -> fmt::Result {
            value.map_or(Ok(()), |value| write!(f, " {word} {value}"))
        }
        let family = if self.ipv6 { "inet6" } else { "inet" };
        let not = if self.inverted { " not" } else { "" };
        write!(f, "{family} {}:{not}", self.preference)?;
        option(f, "from", self.from)?;
        option(f, "to", self.to)?;
        option(f, "tos", (self.tos != 0).then_some(self.tos))?;
        if let Some(mark) = self.mark {
            write!(f, " fwmark {:#x}/{:#x}", mark.value, mark.mask)?;
        }
        option(f, "iif", self.input)?;
        option(f, "oif", self.output)?;
        option(f, "tunnel-id", self.tunnel_id)?;
        let users = self.users.as_ref();
        option(
            f,
            "uidrange",
            users.map(|all| Range(all.start(), all.end())),
        )?;
        option(f, "ipproto", self.ip_protocol)?;
        let ports = self.source_ports.as_ref();
        option(f, "sport", ports.map(|all| Range(all.start(), all.end())))?;
        let ports = self.destination_ports.as_ref();
        option(f, "dport", ports.map(|all| Range(all.start(), all.end())))?;
        write!(f, " {}", self.action)?;
        option(f, "realms", self.realms)?;
        option(f, "suppress_prefixlength", self.suppress_prefix_length)?;
        option(f, "suppress_ifgroup", self.suppress_group)?;
        option(
            f,
            "protocol",
            (self.protocol != 18).then_some(self.protocol),
        )
    }
}

struct Range<'a, N>(&'a N, &'a N);

impl<N: fmt::Display> fmt::Display for Range<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}
