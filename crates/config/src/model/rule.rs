//! Routing rules in the words of ip-rule(8).

use std::ops::RangeInclusive;

use super::address::IpNetwork;
use super::instance::Family;
use super::named::Named;
use super::route::Realms;
use crate::span::{Span, Spanned};

/// What a rule does with the packets it selects (linux/fib_rules.h, FR_ACT_*).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// `table` or `lookup`.
    Table(Named),
    /// `goto`: on with the rule of that preference.
    Goto(u32),
    /// `nop`: on with the next rule.
    Nop,
    /// Dropped in silence.
    Blackhole,
    /// Dropped; the sender is told that it is forbidden.
    Prohibit,
    /// Dropped; the sender is told that the host is unreachable.
    Unreachable,
    /// `l3mdev`: the table of the VRF that the packet belongs to.
    MasterDevice,
}

/// `fwmark MARK[/MASK]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RuleMark {
    /// The mark.
    pub value: u32,
    /// The bits of it that count.
    pub mask: u32,
}

/// One line of `static_rules` or `virtual_rules`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rule {
    /// IPv4 or IPv6.
    pub family: Family,
    /// `not`: for all other packets.
    pub inverted: bool,
    /// `from`; `None` for all.
    pub from: Option<IpNetwork>,
    /// `to`; `None` for all.
    pub to: Option<IpNetwork>,
    /// What it does.
    pub action: RuleAction,
    /// `preference`, `order` or `priority`; without one, downwards from 16384 in the order of the text.
    pub preference: u32,
    /// `tos` or `dsfield`.
    pub tos: Option<Named>,
    /// `fwmark`.
    pub mark: Option<RuleMark>,
    /// `iif` or `dev`.
    pub input: Option<Spanned<String>>,
    /// `oif`.
    pub output: Option<Spanned<String>>,
    /// `realms`, with a table only.
    pub realms: Option<Realms>,
    /// `suppress_prefixlength`: routes with a prefix of that length or less don't count; with a table only.
    pub suppress_prefix_length: Option<u32>,
    /// `suppress_ifgroup`: routes through interfaces of that group don't count; with a table only.
    pub suppress_group: Option<Named>,
    /// `tunnel-id`.
    pub tunnel_id: Option<u64>,
    /// `uidrange`: user numbers of the sender.
    pub users: Option<RangeInclusive<u32>>,
    /// `ipproto`.
    pub ip_protocol: Option<Named>,
    /// `sport`.
    pub source_ports: Option<RangeInclusive<u16>>,
    /// `dport`.
    pub destination_ports: Option<RangeInclusive<u16>>,
    /// `protocol`: who it belongs to; 18 for what is tracked.
    pub protocol: u8,
    /// Someone else deleting it matters: false under `no_track`.
    pub tracked: bool,
    /// `track_group`: whose instances fail with a static rule's interfaces.
    pub track_group: Option<Spanned<String>>,
    /// Where the line stands.
    #[serde(skip)]
    pub span: Span,
}
