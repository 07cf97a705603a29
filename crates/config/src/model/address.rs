//! Addresses that VRRP holds.

use std::net::{IpAddr, Ipv4Addr};

use crate::span::Span;

/// An address with its prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpNetwork {
    /// The address, host bits and all.
    pub address: IpAddr,
    /// Prefix length, at most 32 or 128.
    pub prefix: u8,
}

/// The broadcast address to set on an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Broadcast {
    /// `brd ADDRESS`.
    Address(Ipv4Addr),
    /// `brd +`: all host bits one.
    AllOnes,
    /// `brd -`: all host bits zero.
    AllZeros,
}

impl Broadcast {
    /// The address itself, for a VIP of that network.
    #[must_use]
    pub fn address(self, vip: Ipv4Addr, prefix: u8) -> Ipv4Addr {
        let host_mask = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
        match self {
            Self::Address(address) => address,
            Self::AllOnes => Ipv4Addr::from_bits(vip.to_bits() | host_mask),
            Self::AllZeros => Ipv4Addr::from_bits(vip.to_bits() & !host_mask),
        }
    }
}

/// An address scope, by the kernel's number (rtnetlink(7), rt_scopes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Scope(pub u8);

impl Scope {
    /// Valid everywhere.
    pub const GLOBAL: Self = Self(0);
    /// Valid within this site (IPv6, deprecated).
    pub const SITE: Self = Self(200);
    /// Valid on this link only.
    pub const LINK: Self = Self(253);
    /// Valid on this host only.
    pub const HOST: Self = Self(254);
    /// Destination does not exist.
    pub const NOWHERE: Self = Self(255);
}

/// One line of `virtual_ipaddress` or `virtual_ipaddress_excluded` (keepalived.conf(5)).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VirtualAddress {
    /// Address and prefix length; without one in the text /32 or /128.
    pub network: IpNetwork,
    /// Whether the prefix length was written.
    pub prefix_given: bool,
    /// `dev`: the interface that gets the address; `None` for the instance's own.
    pub device: Option<String>,
    /// `brd`: IPv4 only.
    pub broadcast: Option<Broadcast>,
    /// `scope`, or global, or link for IPv6 link-local addresses.
    pub scope: Scope,
    /// `label`: IPv4 only, at most 15 bytes.
    pub label: Option<String>,
    /// `peer`: the other end of a point-to-point address.
    pub peer: Option<IpNetwork>,
    /// `home`: IPv6 Mobile IP home address.
    pub home: bool,
    /// `-nodad`: the kernel does duplicate address detection; without it none is done.
    pub duplicate_detection: bool,
    /// `mngtmpaddr`.
    pub manage_temporary: bool,
    /// `noprefixroute`.
    pub no_prefix_route: bool,
    /// `autojoin`.
    pub auto_join: bool,
    /// `no_track`: that someone else deletes the address does not matter.
    pub no_track: bool,
    /// `use_vmac [NAME]`: a virtual MAC interface for this address alone.
    pub use_vmac: bool,
    /// The name after `use_vmac`; `None` for one that is made up.
    pub vmac_name: Option<String>,
    /// `preferred_lft` in seconds, `u32::MAX` for `forever`; unset, an IPv6 /128 gets 0 (deprecated), all else forever.
    pub preferred_lifetime_s: Option<u32>,
    /// Where the line stands.
    #[serde(skip)]
    pub span: Span,
}

impl VirtualAddress {
    /// The preferred lifetime the kernel is given, in seconds; `u32::MAX` is forever, 0 marks the address deprecated.
    #[must_use]
    pub fn effective_preferred_lifetime_s(&self) -> u32 {
        let host_v6 = self.network.address.is_ipv6() && self.network.prefix == 128;
        self.preferred_lifetime_s
            .unwrap_or(if host_v6 { 0 } else { u32::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_fills_the_host_part() {
        let vip = Ipv4Addr::new(10, 1, 2, 3);
        assert_eq!(
            Broadcast::AllOnes.address(vip, 24),
            Ipv4Addr::new(10, 1, 2, 255)
        );
        assert_eq!(
            Broadcast::AllZeros.address(vip, 16),
            Ipv4Addr::new(10, 1, 0, 0)
        );
        assert_eq!(Broadcast::AllOnes.address(vip, 32), vip);
        assert_eq!(Broadcast::AllOnes.address(vip, 0), Ipv4Addr::BROADCAST);
    }
}
