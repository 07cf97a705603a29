//! rtnetlink: what the kernel holds ([`Monitor`]) and changes to it ([`Commands`]); see rtnetlink(7).
//!
//! Routes ([`Route`]) and rules ([`Rule`]) know interfaces by name; a [`RoutingRequest`] is one of them with the
//! kernel's indexes, ready to be sent.
//!
//! Messages are encoded by hand: these few message types need less code here than a binding to all of
//! them. Interfaces of our own are made by [`Links`], nftables' rules are in [`nft`].

mod commands;
mod links;
mod message;
mod monitor;
pub mod nft;
mod route;
mod routing;
mod rule;
mod socket;

pub use commands::{Action, AddressChange, Change, Commands, HostAddress, Lifetime, MAX_BATCH};
pub use links::{IpvlanMode, LinkDescription, Links, NewLink, NewLinkKind};
pub use monitor::{AddressEvent, Event, LinkEvent, LinkKind, Monitor};
pub use route::{
    CongestionControl, Encapsulation, Insert, MetricKind, NextHop, Prefix, Realms, Route,
    RouteMetric, TunnelHeader,
};
pub use routing::{
    MissingInterface, RoutingEntry, RoutingMonitor, RoutingRequest, RoutingTables, vrf_table,
};
pub use rule::{Mark, Rule, RuleAction};

/// Address flags (`IFA_F_*` of linux/if_addr.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddressFlags(pub u32);

impl AddressFlags {
    /// IPv4: not the first address of its subnet. IPv6: a temporary address.
    pub const SECONDARY: Self = Self(0x01);
    /// IPv6: no duplicate address detection.
    pub const NO_DAD: Self = Self(0x02);
    /// IPv6: duplicate address detection found another holder.
    pub const DAD_FAILED: Self = Self(0x08);
    /// IPv6: a mobile node's home address.
    pub const HOME: Self = Self(0x10);
    /// IPv6: not chosen as a source of new connections.
    pub const DEPRECATED: Self = Self(0x20);
    /// IPv6: duplicate address detection still runs.
    pub const TENTATIVE: Self = Self(0x40);
    /// Without a lifetime.
    pub const PERMANENT: Self = Self(0x80);
    /// IPv6: a template for temporary addresses.
    pub const MANAGE_TEMPORARY: Self = Self(0x100);
    /// No route to its subnet.
    pub const NO_PREFIX_ROUTE: Self = Self(0x200);
    /// Joins the multicast group that it is.
    pub const AUTO_JOIN: Self = Self(0x400);

    /// Whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// How far an address is valid (`RT_SCOPE_*` of linux/rtnetlink.h; ip-address(8)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope(pub u8);

impl Scope {
    /// Everywhere.
    pub const GLOBAL: Self = Self(0);
    /// IPv6 site, deprecated.
    pub const SITE: Self = Self(200);
    /// This link.
    pub const LINK: Self = Self(253);
    /// This host.
    pub const HOST: Self = Self(254);
}

/// Who added an address (`IFA_PROTO`, since Linux 5.18; the numbers are those of routes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressProtocol(pub u8);

impl AddressProtocol {
    /// What keepalived marks its addresses with, and so do we: who looks for these finds both.
    pub const KEEPALIVED: Self = Self(18);
}
