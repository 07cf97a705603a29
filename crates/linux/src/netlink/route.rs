//! Routes in the kernel's numbers (rtnetlink(7), linux/rtnetlink.h), printed in the words of ip-route(8).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::commands::{AF_INET, AF_INET6, NLM_F_CREATE, NLM_F_EXCL};
use super::message::Buffer;
use super::routing::MissingInterface;
use crate::InterfaceName;

pub(super) const RTM_NEWROUTE: u16 = 24;
pub(super) const RTM_DELROUTE: u16 = 25;
const NLM_F_APPEND: u16 = 0x800;
pub(super) const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
pub(super) const RTA_OIF: u16 = 4;
pub(super) const RTA_GATEWAY: u16 = 5;
pub(super) const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_METRICS: u16 = 8;
const RTA_MULTIPATH: u16 = 9;
const RTA_FLOW: u16 = 11;
pub(super) const RTA_TABLE: u16 = 15;
const RTA_PREF: u16 = 20;
const RTA_ENCAP_TYPE: u16 = 21;
const RTA_ENCAP: u16 = 22;
const RTA_EXPIRES: u16 = 23;
const RTA_TTL_PROPAGATE: u16 = 26;
const RTAX_LOCK: u16 = 1;
const RTAX_CC_ALGO: u16 = 16;
const RTNH_F_ONLINK: u8 = 4;
const RT_SCOPE_NOWHERE: u8 = 255;
/// What stands in the header's eight bits for a table that does not fit there.
const RT_TABLE_COMPAT: u8 = 252;
/// Metric that the kernel gives to IPv6 routes without one (IP6_RT_PRIO_USER).
const IPV6_DEFAULT_METRIC: u32 = 1024;
/// Kinds of lightweight tunnels and their attributes (linux/lwtunnel.h).
const LWTUNNEL_ENCAP_MPLS: u16 = 1;
const LWTUNNEL_ENCAP_IP: u16 = 2;
const LWTUNNEL_ENCAP_ILA: u16 = 3;
const LWTUNNEL_ENCAP_IP6: u16 = 4;
const LWTUNNEL_IP_ID: u16 = 1;
const LWTUNNEL_IP_DST: u16 = 2;
const LWTUNNEL_IP_SRC: u16 = 3;
const LWTUNNEL_IP_TTL: u16 = 4;
const LWTUNNEL_IP_TOS: u16 = 5;
const LWTUNNEL_IP_FLAGS: u16 = 6;
const MPLS_IPTUNNEL_DST: u16 = 1;
const ILA_ATTR_LOCATOR: u16 = 1;
/// Bottom of the label stack (RFC 3032).
const MPLS_BOTTOM: u32 = 1 << 8;
const MPLS_LABEL_SHIFT: u32 = 12;

/// A network: the bits of an address that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Its address; bits past the length are ignored.
    pub address: IpAddr,
    /// Length in bits.
    pub length: u8,
}

impl Prefix {
    /// The address with the bits past the length cleared, as the kernel tells it back.
    pub(super) fn network(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX
                    .checked_shl(32_u32.saturating_sub(self.length.into()))
                    .unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & mask).into()
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX
                    .checked_shl(128_u32.saturating_sub(self.length.into()))
                    .unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        }
    }

    pub(super) fn family(self) -> u8 {
        match self.address {
            IpAddr::V4(_) => AF_INET,
            IpAddr::V6(_) => AF_INET6,
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.length, self.address) {
            (0, _) => f.write_str("default"),
            (length, address) => write!(f, "{address}/{length}"),
        }
    }
}

/// Source and destination realm, each of 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realms {
    /// The source realm; 0 for none.
    pub from: u16,
    /// The destination realm.
    pub to: u16,
}

impl Realms {
    pub(super) fn number(self) -> u32 {
        u32::from(self.from) << 16 | u32::from(self.to)
    }
}

impl fmt::Display for Realms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.from, self.to)
    }
}

/// How a route is entered beside others to the same destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// Before others of the same metric.
    Prepend,
    /// Only if there is none.
    Exclusive,
    /// After others of the same metric.
    Append,
}

/// A value that connections over a route use (`RTAX_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricKind {
    /// Bytes of the largest packet.
    Mtu,
    /// Bytes of the receive window.
    Window,
    /// Round trip time in 1/8 ms.
    RoundTripTime,
    /// Its variance in 1/4 ms.
    RoundTripVariance,
    /// Slow start threshold in segments.
    SlowStartThreshold,
    /// Largest congestion window in segments.
    CongestionWindow,
    /// The MSS that is advertised, in bytes.
    AdvertisedMss,
    /// Packets that may come out of order.
    Reordering,
    /// Hop limit.
    HopLimit,
    /// First congestion window in segments.
    InitialCongestionWindow,
    /// Features, a bit each: 1 is ECN.
    Features,
    /// Least time before a retransmission, in milliseconds.
    MinRetransmissionTimeout,
    /// First receive window in segments.
    InitialReceiveWindow,
    /// Acknowledge at once.
    QuickAck,
    /// TCP fast open without a cookie.
    FastOpenNoCookie,
}

impl MetricKind {
    fn number(self) -> u16 {
        match self {
            Self::Mtu => 2,
            Self::Window => 3,
            Self::RoundTripTime => 4,
            Self::RoundTripVariance => 5,
            Self::SlowStartThreshold => 6,
            Self::CongestionWindow => 7,
            Self::AdvertisedMss => 8,
            Self::Reordering => 9,
            Self::HopLimit => 10,
            Self::InitialCongestionWindow => 11,
            Self::Features => 12,
            Self::MinRetransmissionTimeout => 13,
            Self::InitialReceiveWindow => 14,
            Self::QuickAck => 15,
            Self::FastOpenNoCookie => 17,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Mtu => "mtu",
            Self::Window => "window",
            Self::RoundTripTime => "rtt",
            Self::RoundTripVariance => "rttvar",
            Self::SlowStartThreshold => "ssthresh",
            Self::CongestionWindow => "cwnd",
            Self::AdvertisedMss => "advmss",
            Self::Reordering => "reordering",
            Self::HopLimit => "hoplimit",
            Self::InitialCongestionWindow => "initcwnd",
            Self::Features => "features",
            Self::MinRetransmissionTimeout => "rto_min",
            Self::InitialReceiveWindow => "initrwnd",
            Self::QuickAck => "quickack",
            Self::FastOpenNoCookie => "fastopen_no_cookie",
        }
    }
}

/// One value for connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteMetric {
    /// Which.
    pub kind: MetricKind,
    /// How much, in its own unit.
    pub value: u32,
    /// It holds whatever is learned.
    pub locked: bool,
}

/// The congestion control of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CongestionControl {
    /// The algorithm's name.
    pub name: String,
    /// It holds whatever an application asks for.
    pub locked: bool,
}

/// A header that is put around packets (ip-route(8), ENCAP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encapsulation {
    /// MPLS labels of 20 bits, outermost first.
    Mpls(Vec<u32>),
    /// An IPv4 tunnel.
    Ip(TunnelHeader<Ipv4Addr>),
    /// An IPv6 tunnel.
    Ip6(TunnelHeader<Ipv6Addr>),
    /// Identifier-locator addressing: the locator.
    Ila(u64),
}

/// Fields of a tunnel's header; `None` leaves them to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelHeader<A> {
    /// The tunnel's key.
    pub id: Option<u64>,
    /// Destination.
    pub destination: Option<A>,
    /// Source.
    pub source: Option<A>,
    /// Type of service, or traffic class.
    pub traffic_class: Option<u8>,
    /// TTL, or hop limit.
    pub hop_limit: Option<u8>,
    /// Tunnel flags.
    pub flags: Option<u16>,
}

/// One of several next hops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextHop {
    /// The next router.
    pub gateway: Option<IpAddr>,
    /// The interface.
    pub device: Option<InterfaceName>,
    /// Its share of the traffic, 1 to 256.
    pub weight: u16,
    /// The gateway is taken as reachable on the link.
    pub on_link: bool,
    /// Realms.
    pub realms: Option<Realms>,
    /// A header around the packets.
    pub encapsulation: Option<Encapsulation>,
}

/// A route, with interfaces by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What becomes of the packets (`RTN_*`; 1 is unicast).
    pub kind: u8,
    /// Where to; its family is the route's.
    pub destination: Prefix,
    /// Only packets from there (IPv6).
    pub source: Option<Prefix>,
    /// The next router.
    pub gateway: Option<IpAddr>,
    /// The interface.
    pub device: Option<InterfaceName>,
    /// The preferred source address.
    pub preferred_source: Option<IpAddr>,
    /// The table; 254 is the main one.
    pub table: u32,
    /// Who owns it (`RTPROT_*`).
    pub protocol: u8,
    /// How far the destination is (`RT_SCOPE_*`).
    pub scope: u8,
    /// Type of service (IPv4).
    pub tos: u8,
    /// The lower the better.
    pub metric: Option<u32>,
    /// The gateway is taken as reachable on the link.
    pub on_link: bool,
    /// Values for connections, at most one of a kind.
    pub metrics: Vec<RouteMetric>,
    /// Congestion control of connections.
    pub congestion_control: Option<CongestionControl>,
    /// Realms.
    pub realms: Option<Realms>,
    /// Preference of a router (RFC 4191), IPv6 only.
    pub preference: Option<u8>,
    /// Seconds until the kernel removes it, IPv6 only.
    pub expires_s: Option<u32>,
    /// Whether the TTL goes on into an MPLS header.
    pub ttl_propagate: Option<bool>,
    /// A header around the packets.
    pub encapsulation: Option<Encapsulation>,
    /// How it is entered.
    pub insert: Insert,
    /// Several next hops, instead of gateway and interface.
    pub next_hops: Vec<NextHop>,
}

/// The kernel's index of an interface.
pub(super) type Resolve<'a> = &'a dyn Fn(InterfaceName) -> Option<u32>;

pub(super) fn index(resolve: Resolve<'_>, name: InterfaceName) -> Result<u32, MissingInterface> {
    resolve(name).ok_or(MissingInterface(name))
}

impl Route {
    /// Flags and payload of RTM_NEWROUTE.
    pub(super) fn addition(&self, resolve: Resolve<'_>) -> Result<(u16, Buffer), MissingInterface> {
        let flags = match self.insert {
            Insert::Prepend => 0,
            Insert::Exclusive => NLM_F_EXCL,
            Insert::Append => NLM_F_APPEND,
        };
        let mut message = self.header(self.scope);
        self.encode_key(&mut message, resolve)?;
        self.encode_properties(&mut message);
        if !self.next_hops.is_empty() {
            let mut hops = Buffer::default();
            for hop in &self.next_hops {
                hop.encode(&mut hops, resolve)?;
            }
            message.attribute(RTA_MULTIPATH, hops.bytes());
        }
        Ok((flags | NLM_F_CREATE, message))
    }

    /// Payload of RTM_DELROUTE: what makes it this route and no other. Its next hops are not compared.
    pub(super) fn removal(&self, resolve: Resolve<'_>) -> Result<Buffer, MissingInterface> {
        let mut message = self.header(RT_SCOPE_NOWHERE);
        self.encode_key(&mut message, resolve)?;
        Ok(message)
    }

    fn header(&self, scope: u8) -> Buffer {
        let mut message = Buffer::default();
        message.push(&[
            self.destination.family(),
            self.destination.length,
            self.source.map_or(0, |source| source.length),
            self.tos,
            u8::try_from(self.table).unwrap_or(RT_TABLE_COMPAT),
            self.protocol,
            scope,
            self.kind,
        ]);
        let flags = if self.on_link { RTNH_F_ONLINK } else { 0 };
        message.push(&u32::from(flags).to_ne_bytes());
        message
    }

    fn encode_key(
        &self,
        message: &mut Buffer,
        resolve: Resolve<'_>,
    ) -> Result<(), MissingInterface> {
        message.address(RTA_DST, self.destination.network());
        message.number(RTA_TABLE, self.table);
        if let Some(source) = self.source {
            message.address(RTA_SRC, source.network());
        }
        if let Some(gateway) = self.gateway {
            message.address(RTA_GATEWAY, gateway);
        }
        if let Some(device) = self.device {
            message.number(RTA_OIF, index(resolve, device)?);
        }
        if let Some(metric) = self.metric {
            message.number(RTA_PRIORITY, metric);
        }
        Ok(())
    }

    fn encode_properties(&self, message: &mut Buffer) {
        if let Some(address) = self.preferred_source {
            message.address(RTA_PREFSRC, address);
        }
        if let Some(realms) = self.realms {
            message.number(RTA_FLOW, realms.number());
        }
        if let Some(preference) = self.preference {
            message.attribute(RTA_PREF, &[preference]);
        }
        if let Some(seconds) = self.expires_s {
            message.number(RTA_EXPIRES, seconds);
        }
        if let Some(propagate) = self.ttl_propagate {
            message.attribute(RTA_TTL_PROPAGATE, &[u8::from(propagate)]);
        }
        if let Some(encapsulation) = &self.encapsulation {
            encapsulation.encode(message);
        }
        if !self.metrics.is_empty() || self.congestion_control.is_some() {
            message.nested(RTA_METRICS, |metrics| self.encode_metrics(metrics));
        }
    }

    fn encode_metrics(&self, metrics: &mut Buffer) {
        let mut locks = 0;
        for metric in &self.metrics {
            metrics.number(metric.kind.number(), metric.value);
            locks |= u32::from(metric.locked) << metric.kind.number();
        }
        if let Some(control) = &self.congestion_control {
            let mut name = control.name.clone().into_bytes();
            name.push(0);
            metrics.attribute(RTAX_CC_ALGO, &name);
            locks |= u32::from(control.locked) << RTAX_CC_ALGO;
        }
        if locks != 0 {
            metrics.number(RTAX_LOCK, locks);
        }
    }

    /// The metric that the kernel tells back.
    pub(super) fn effective_metric(&self) -> u32 {
        match (self.metric, self.destination.address) {
            (Some(metric), IpAddr::V4(_)) => metric,
            (Some(0) | None, IpAddr::V6(_)) => IPV6_DEFAULT_METRIC,
            (Some(metric), IpAddr::V6(_)) => metric,
            (None, IpAddr::V4(_)) => 0,
        }
    }
}

impl NextHop {
    /// A `struct rtnexthop` with its attributes.
    fn encode(&self, hops: &mut Buffer, resolve: Resolve<'_>) -> Result<(), MissingInterface> {
        let mut attributes = Buffer::default();
        if let Some(gateway) = self.gateway {
            attributes.address(RTA_GATEWAY, gateway);
        }
        if let Some(realms) = self.realms {
            attributes.number(RTA_FLOW, realms.number());
        }
        if let Some(encapsulation) = &self.encapsulation {
            encapsulation.encode(&mut attributes);
        }
        let index = self.device.map_or(Ok(0), |device| index(resolve, device))?;
        let length = u16::try_from(8 + attributes.bytes().len()).unwrap_or(u16::MAX);
        let flags = if self.on_link { RTNH_F_ONLINK } else { 0 };
        let others = u8::try_from(self.weight.saturating_sub(1)).unwrap_or(u8::MAX);
        hops.push(&length.to_ne_bytes());
        hops.push(&[flags, others]);
        hops.push(&index.to_ne_bytes());
        hops.push(attributes.bytes());
        Ok(())
    }
}

impl Encapsulation {
    fn encode(&self, message: &mut Buffer) {
        let (kind, header) = match self {
            Self::Mpls(labels) => (LWTUNNEL_ENCAP_MPLS, mpls(labels)),
            Self::Ip(header) => (LWTUNNEL_ENCAP_IP, header.encode()),
            Self::Ip6(header) => (LWTUNNEL_ENCAP_IP6, header.encode()),
            Self::Ila(locator) => {
                let mut header = Buffer::default();
                header.attribute(ILA_ATTR_LOCATOR, &locator.to_be_bytes());
                (LWTUNNEL_ENCAP_ILA, header)
            }
        };
        message.attribute(RTA_ENCAP, header.bytes());
        message.attribute(RTA_ENCAP_TYPE, &kind.to_ne_bytes());
    }
}

fn mpls(labels: &[u32]) -> Buffer {
    let mut stack = Vec::new();
    for (position, label) in labels.iter().enumerate() {
        let is_last = position + 1 == labels.len();
        let entry = label << MPLS_LABEL_SHIFT | if is_last { MPLS_BOTTOM } else { 0 };
        stack.extend(entry.to_be_bytes());
    }
    let mut header = Buffer::default();
    header.attribute(MPLS_IPTUNNEL_DST, &stack);
    header
}

impl<A: Copy + Into<IpAddr>> TunnelHeader<A> {
    fn encode(&self) -> Buffer {
        let mut header = Buffer::default();
        if let Some(id) = self.id {
            header.attribute(LWTUNNEL_IP_ID, &id.to_be_bytes());
        }
        if let Some(destination) = self.destination {
            header.address(LWTUNNEL_IP_DST, destination.into());
        }
        if let Some(source) = self.source {
            header.address(LWTUNNEL_IP_SRC, source.into());
        }
        if let Some(class) = self.traffic_class {
            header.attribute(LWTUNNEL_IP_TOS, &[class]);
        }
        if let Some(limit) = self.hop_limit {
            header.attribute(LWTUNNEL_IP_TTL, &[limit]);
        }
        if let Some(flags) = self.flags {
            header.attribute(LWTUNNEL_IP_FLAGS, &flags.to_be_bytes());
        }
        header
    }
}

/// ` WORD VALUE`, or nothing.
fn option(f: &mut fmt::Formatter<'_>, word: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {word} {value}"))
}

impl fmt::Display for Route {
    /// Every field is there, so that different routes print differently.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = kind_word(self.kind) {
            write!(f, "{kind} ")?;
        }
        let family = if self.destination.length == 0 && self.destination.address.is_ipv6() {
            "inet6 "
        } else {
            ""
        };
        write!(f, "{family}{}", self.destination)?;
        option(f, "from", self.source)?;
        option(f, "via", self.gateway)?;
        option(f, "dev", self.device)?;
        let main = self.table == u32::from(libc::RT_TABLE_MAIN);
        option(f, "table", (!main).then_some(self.table))?;
        option(f, "metric", self.metric)?;
        option(f, "src", self.preferred_source)?;
        option(
            f,
            "protocol",
            (self.protocol != 18).then_some(self.protocol),
        )?;
        option(f, "scope", (self.scope != 0).then_some(self.scope))?;
        option(f, "tos", (self.tos != 0).then_some(self.tos))?;
        option(f, "realms", self.realms)?;
        option(f, "pref", self.preference)?;
        option(f, "expires", self.expires_s)?;
        option(f, "ttl-propagate", self.ttl_propagate)?;
        f.write_str(if self.on_link { " onlink" } else { "" })?;
        f.write_str(match self.insert {
            Insert::Prepend => "",
            Insert::Exclusive => " add",
            Insert::Append => " append",
        })?;
        for metric in &self.metrics {
            let lock = if metric.locked { " lock" } else { "" };
            write!(f, " {}{lock} {}", metric.kind.word(), metric.value)?;
        }
        if let Some(control) = &self.congestion_control {
            let lock = if control.locked { " lock" } else { "" };
            write!(f, " congctl{lock} {}", control.name)?;
        }
        encapsulation(f, self.encapsulation.as_ref())?;
        self.next_hops.iter().try_for_each(|hop| hop.fmt(f))
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(" nexthop")?;
        option(f, "via", self.gateway)?;
        option(f, "dev", self.device)?;
        option(f, "weight", Some(self.weight))?;
        option(f, "realms", self.realms)?;
        f.write_str(if self.on_link { " onlink" } else { "" })?;
        encapsulation(f, self.encapsulation.as_ref())
    }
}

fn encapsulation(f: &mut fmt::Formatter<'_>, header: Option<&Encapsulation>) -> fmt::Result {
    match header {
        None => Ok(()),
        Some(Encapsulation::Mpls(labels)) => write!(f, " encap mpls {labels:?}"),
        Some(Encapsulation::Ip(header)) => write!(f, " encap ip {header}"),
        Some(Encapsulation::Ip6(header)) => write!(f, " encap ip6 {header}"),
        Some(Encapsulation::Ila(locator)) => write!(f, " encap ila {locator:x}"),
    }
}

impl<A: fmt::Display> fmt::Display for TunnelHeader<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        option(f, "id", self.id)?;
        option(f, "src", self.source.as_ref())?;
        option(f, "dst", self.destination.as_ref())?;
        option(f, "tos", self.traffic_class)?;
        option(f, "ttl", self.hop_limit)?;
        option(f, "flags", self.flags)
    }
}

/// The word for a kind that is not unicast.
fn kind_word(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => return None,
        2 => "local",
        3 => "broadcast",
        4 => "anycast",
        5 => "multicast",
        6 => "blackhole",
        7 => "unreachable",
        8 => "prohibit",
        9 => "throw",
        10 => "nat",
        _ => "xresolve",
    })
}
