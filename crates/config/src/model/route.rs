//! Routes in the words of ip-route(8).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::IpNetwork;
use super::instance::Family;
use super::named::Named;
use crate::span::{Span, Spanned};

/// What becomes of packets to a destination (rtnetlink(7), rtm_type).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// They go to the gateway or onto the link.
    #[default]
    Unicast,
    /// They are for this host.
    Local,
    /// They go onto the link as broadcasts.
    Broadcast,
    /// They are for this host, one of several with the address.
    Anycast,
    /// They go to a group.
    Multicast,
    /// They are dropped, and the sender is told that the host is unreachable.
    Unreachable,
    /// They are dropped, and the sender is told that it is forbidden.
    Prohibit,
    /// They are dropped in silence.
    Blackhole,
    /// The lookup goes on as if this table had no route.
    Throw,
    /// Address translation, long gone from the kernel.
    Nat,
    /// Left to an external resolver.
    ExternalResolve,
}

impl RouteKind {
    /// The kind of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "unicast" => Self::Unicast,
            "local" => Self::Local,
            "broadcast" | "brd" => Self::Broadcast,
            "anycast" => Self::Anycast,
            "multicast" => Self::Multicast,
            "unreachable" => Self::Unreachable,
            "prohibit" => Self::Prohibit,
            "blackhole" => Self::Blackhole,
            "throw" => Self::Throw,
            "nat" => Self::Nat,
            "xresolve" => Self::ExternalResolve,
            _ => return None,
        })
    }

    /// The kernel's number (linux/rtnetlink.h, RTN_*).
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Unicast => 1,
            Self::Local => 2,
            Self::Broadcast => 3,
            Self::Anycast => 4,
            Self::Multicast => 5,
            Self::Blackhole => 6,
            Self::Unreachable => 7,
            Self::Prohibit => 8,
            Self::Throw => 9,
            Self::Nat => 10,
            Self::ExternalResolve => 11,
        }
    }
}

/// How a route is entered beside others to the same destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Insert {
    /// Before others of the same metric (no flag, or `prepend`).
    #[default]
    Prepend,
    /// `add`: only if there is none (NLM_F_EXCL).
    Exclusive,
    /// `append`: after others of the same metric (NLM_F_APPEND).
    Append,
}

/// A metric that TCP may adapt unless it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Metric<T> {
    /// The value.
    pub value: T,
    /// `lock`: the value holds whatever is learned.
    pub locked: bool,
}

/// A time of a route's metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteTime {
    /// Milliseconds, from a number with a unit.
    Milliseconds(u32),
    /// The kernel's own unit of that metric, from a bare number.
    Raw(u32),
}

/// The values that a route carries for connections that use it (ip-route(8)).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RouteMetrics {
    /// `mtu`, in bytes; locked, no path MTU discovery is tried.
    pub mtu: Option<Metric<u32>>,
    /// `hoplimit`.
    pub hop_limit: Option<u8>,
    /// `advmss`, in bytes.
    pub advertised_mss: Option<Metric<u32>>,
    /// `rtt`; the kernel's unit is 1/8 ms.
    pub round_trip_time: Option<Metric<RouteTime>>,
    /// `rttvar`; the kernel's unit is 1/4 ms.
    pub round_trip_variance: Option<Metric<RouteTime>>,
    /// `rto_min`; the kernel's unit is 1 ms.
    pub min_retransmission_timeout: Option<Metric<RouteTime>>,
    /// `reordering`, in packets.
    pub reordering: Option<Metric<u32>>,
    /// `window`, in bytes.
    pub window: Option<u32>,
    /// `cwnd`, in segments.
    pub congestion_window: Option<Metric<u32>>,
    /// `initcwnd`, in segments.
    pub initial_congestion_window: Option<u32>,
    /// `initrwnd`, in segments.
    pub initial_receive_window: Option<u32>,
    /// `ssthresh`, in segments.
    pub slow_start_threshold: Option<Metric<u32>>,
    /// `quickack`.
    pub quick_ack: Option<bool>,
    /// `congctl`.
    pub congestion_control: Option<Metric<String>>,
    /// `features ecn`.
    pub explicit_congestion_notification: bool,
    /// `fastopen_no_cookie`.
    pub fast_open_no_cookie: Option<bool>,
}

/// `realms [FROM/]TO`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Realms {
    /// The source realm.
    pub from: Option<Named>,
    /// The destination realm.
    pub to: Named,
}

/// `pref`: preference of an IPv6 router (RFC 4191).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterPreference {
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// Another number.
    Other(u8),
}

/// `encap`: a header that is put around packets (ip-route(8), ENCAP).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encapsulation {
    /// MPLS labels, outermost first, each of 20 bits.
    Mpls(Vec<u32>),
    /// An IPv4 tunnel.
    Ip(TunnelHeader<Ipv4Addr>),
    /// An IPv6 tunnel.
    Ip6(TunnelHeader<Ipv6Addr>),
    /// Identifier-locator addressing: the locator.
    Ila(u64),
}

/// Fields of a tunnel's outer header; `None` leaves them to the kernel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TunnelHeader<A> {
    /// `id`: the tunnel's key.
    pub id: Option<u64>,
    /// `dst`.
    pub destination: Option<A>,
    /// `src`.
    pub source: Option<A>,
    /// `tos`, or `tc` for IPv6.
    pub traffic_class: Option<Named>,
    /// `ttl`, or `hoplimit` for IPv6.
    pub hop_limit: Option<u8>,
    /// `flags`: tunnel flags of the kernel.
    pub flags: Option<u16>,
}

impl<A> Default for TunnelHeader<A> {
    fn default() -> Self {
        Self {
            id: None,
            destination: None,
            source: None,
            traffic_class: None,
            hop_limit: None,
            flags: None,
        }
    }
}

/// One `nexthop` of a route with several.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NextHop {
    /// `via`.
    pub gateway: Option<IpAddr>,
    /// `dev`.
    pub device: Option<String>,
    /// `weight`, 1 to 256; its share of the traffic.
    pub weight: u16,
    /// `onlink`: the gateway is taken as reachable on the link.
    pub on_link: bool,
    /// `realms`.
    pub realms: Option<Realms>,
    /// `encap`.
    pub encapsulation: Option<Encapsulation>,
}

impl Default for NextHop {
    fn default() -> Self {
        Self {
            gateway: None,
            device: None,
            weight: 1,
            on_link: false,
            realms: None,
            encapsulation: None,
        }
    }
}

/// The number by which keepalived marks its routes and rules (linux/rtnetlink.h, RTPROT_KEEPALIVED).
pub const KEEPALIVED_PROTOCOL: u32 = 18;

/// One line of `static_routes` or `virtual_routes`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Route {
    /// IPv4 or IPv6.
    pub family: Family,
    /// What becomes of the packets.
    pub kind: RouteKind,
    /// Where to; `default` has length 0.
    pub destination: IpNetwork,
    /// `from`: only packets from there; IPv6 only.
    pub source: Option<IpNetwork>,
    /// `via`.
    pub gateway: Option<IpAddr>,
    /// `dev` or `oif`.
    pub device: Option<Spanned<String>>,
    /// `src`: the address that is preferred as source.
    pub preferred_source: Option<IpAddr>,
    /// `table`; unset, the main one, or the VRF's.
    pub table: Option<Named>,
    /// `vrf`: the route goes into that VRF's table.
    pub vrf: Option<Spanned<String>>,
    /// `protocol`: who it belongs to; 18 for what is tracked.
    pub protocol: Named,
    /// `scope`; unset, the kernel's rule of thumb holds: link without gateway, else global.
    pub scope: Option<Named>,
    /// `tos` or `dsfield`.
    pub tos: Option<Named>,
    /// `metric`; lower is preferred.
    pub metric: Option<u32>,
    /// `onlink`: the gateway is taken as reachable on the link.
    pub on_link: bool,
    /// Values for connections.
    pub metrics: RouteMetrics,
    /// `realms`.
    pub realms: Option<Realms>,
    /// `pref`: IPv6 only.
    pub preference: Option<RouterPreference>,
    /// `expires`, in seconds: IPv6 only.
    pub expires_s: Option<u32>,
    /// `ttl-propagate`.
    pub ttl_propagate: Option<bool>,
    /// `encap`.
    pub encapsulation: Option<Encapsulation>,
    /// How it is entered.
    pub insert: Insert,
    /// `nexthop`s; with these, gateway and device above are unset.
    pub next_hops: Vec<NextHop>,
    /// Someone else deleting it matters: false under `no_track`, and without an interface.
    pub tracked: bool,
    /// `track_group`: whose instances fail with a static route's interface.
    pub track_group: Option<Spanned<String>>,
    /// Where the line stands.
    #[serde(skip)]
    pub span: Span,
}
