//! Load balancing: virtual servers, the real servers behind them, and what checks those.
//!
//! Every default and inheritance is applied: a real server has its virtual server's values where it gives none, a
//! checker those of its real server. What keepalived corrects by itself (ports, persistence, `ops`, `ha_suspend`) is
//! corrected. Plausibility is not judged: a quorum may exceed all weights, a hysteresis its quorum.

mod bfd;
mod checker;
mod server;

pub use bfd::{BfdInstance, MaxHops, Ssl};
pub(crate) use checker::STATUS_CODES;
pub use checker::{
    BfdCheck, CheckSchedule, Checker, Connection, DnsCheck, DnsType, FileCheck, FileWeight,
    HttpCheck, HttpProtocol, MiscCheck, PatternByte, PingCheck, Regex, RegexOption, RegexStack,
    Reply, SmtpCheck, StatusCodes, TcpCheck, UdpCheck, Url,
};
pub use server::{CheckDefaults, RealServer, ServerAddress, SorryServer, VirtualServer};

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU8, NonZeroU16};

use super::address::IpNetwork;
use super::instance::Family;
use crate::span::{Span, Spanned};

/// A port of TCP, UDP or SCTP, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Port(NonZeroU16);

impl Port {
    /// The port, or `None` for 0.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        NonZeroU16::new(number).map(Self)
    }

    /// The number on the wire.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A mark that the firewall sets on packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct FirewallMark(pub u32);

/// What a virtual server serves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceIdentity {
    /// `IP [PORT]`; without a port, all of them.
    Address(ServerAddress),
    /// `fwmark MARK`.
    Mark(FirewallMark),
    /// `group NAME`: a group in [`super::Config::virtual_server_groups`], which exists and has entries.
    Group(String),
}

/// A `virtual_server_group` with at least one entry; of several with one name, the first.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VirtualServerGroup {
    /// The name virtual servers use it by, unique.
    pub name: Spanned<String>,
    /// Its lines that can be used, in the order of the text.
    pub entries: Vec<GroupEntry>,
}

/// One line of a group.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct GroupEntry {
    /// What it adds to the group.
    pub target: GroupTarget,
    /// The line.
    #[serde(skip)]
    pub span: Span,
}

/// What a line of a group adds to it; a port of `None` is all ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupTarget {
    /// `IP [PORT]`.
    Address(ServerAddress),
    /// `IP-IP [PORT]` or `IP-END [PORT]`.
    Range {
        /// First address.
        first: IpAddr,
        /// Last address: of the same family, and not before the first.
        last: IpAddr,
        /// The port of all of them.
        port: Option<Port>,
    },
    /// `IP/LENGTH [PORT]`.
    Network {
        /// All its addresses; its host bits are zero.
        network: IpNetwork,
        /// The port of all of them.
        port: Option<Port>,
    },
    /// `fwmark MARK [inet|inet6]`.
    Mark {
        /// The mark.
        mark: FirewallMark,
        /// The family of the packets; IPv4 where the line gives none.
        family: Family,
    },
}

impl GroupTarget {
    /// The port of its addresses; `None` for a mark.
    #[must_use]
    pub fn port(self) -> Option<Option<Port>> {
        match self {
            Self::Address(address) => Some(address.port),
            Self::Range { port, .. } | Self::Network { port, .. } => Some(port),
            Self::Mark { .. } => None,
        }
    }
}

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[doc = $variant_doc])+ $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in keepalived.conf.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value of that word, which must be written exactly so.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How connections are given to real servers (ipvsadm(8), `--scheduler`).
    Scheduler {
        /// Round robin.
        RoundRobin = "rr",
        /// Weighted round robin.
        WeightedRoundRobin = "wrr",
        /// Least connections.
        LeastConnection = "lc",
        /// Weighted least connections: the default.
        WeightedLeastConnection = "wlc",
        /// Locality-based least connections.
        Locality = "lblc",
        /// Locality-based least connections with replication.
        LocalityReplication = "lblcr",
        /// Source hashing.
        SourceHash = "sh",
        /// Maglev hashing.
        MaglevHash = "mh",
        /// Destination hashing.
        DestinationHash = "dh",
        /// Weighted failover.
        Failover = "fo",
        /// Weighted overflow.
        Overflow = "ovf",
        /// Shortest expected delay.
        ShortestExpectedDelay = "sed",
        /// Never queue.
        NeverQueue = "nq",
        /// The better of two that are drawn.
        PowersOfTwo = "twos",
    }
}

words! {
    /// What virtual servers carry; the words are known in any case.
    ServiceProtocol {
        /// TCP.
        Tcp = "TCP",
        /// UDP: the default.
        Udp = "UDP",
        /// SCTP.
        Sctp = "SCTP",
    }
}

/// How packets get to a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarding {
    /// `NAT`: the default.
    Nat,
    /// `DR`: direct routing.
    DirectRouting,
    /// `TUN`: in a tunnel.
    Tunnel(Tunnel),
}

/// The tunnel of `TUN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tunnel {
    /// `type ipip`: the default.
    IpIp,
    /// `type gue port PORT [nocsum|csum|remcsum]`.
    Gue {
        /// The port at the real server.
        port: Port,
        /// The checksum of the outer header.
        checksum: TunnelChecksum,
    },
    /// `type gre [nocsum|csum]`; never [`TunnelChecksum::Remote`].
    Gre {
        /// The checksum of the outer header.
        checksum: TunnelChecksum,
    },
}

words! {
    /// Who makes the checksum of a tunnel's outer header.
    TunnelChecksum {
        /// Nobody: the default.
        None = "nocsum",
        /// The sender.
        Full = "csum",
        /// Remote checksum offload.
        Remote = "remcsum",
    }
}

/// Whether a client stays with its real server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Persistence {
    /// `persistence_timeout` in seconds, 1 to 2678400; without one the service is not persistent, and the rest does not matter.
    /// A service of all ports always has one.
    pub timeout_s: Option<Spanned<u32>>,
    /// `persistence_granularity`: the clients that count as one; a single address by default. Of the service's family.
    pub granularity: Granularity,
    /// `persistence_engine`, at most 15 bytes, such as `sip`.
    pub engine: Option<Spanned<String>>,
}

/// Which clients count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Those equal under the mask, which may be any bits.
    Mask(Ipv4Addr),
    /// Those with the same first bits, 1 to 128.
    Prefix(NonZeroU8),
}

impl Granularity {
    /// A single address.
    #[must_use]
    pub fn single(family: Family) -> Self {
        match family {
            Family::V4 => Self::Mask(Ipv4Addr::BROADCAST),
            Family::V6 => Self::Prefix(NonZeroU8::MIN.saturating_add(127)),
        }
    }
}

/// Flags of the kernel's service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ServiceFlags {
    /// `hashed`.
    pub hashed: bool,
    /// `ops`: each packet is scheduled by itself; never for TCP or SCTP.
    pub one_packet: bool,
    /// `flag-1`, `sh-fallback` or `mh-fallback`.
    pub scheduler_1: bool,
    /// `flag-2`, `sh-port` or `mh-port`.
    pub scheduler_2: bool,
    /// `flag-3`.
    pub scheduler_3: bool,
}
