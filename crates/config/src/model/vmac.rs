//! Interfaces of an instance's own.

use super::address::IpNetwork;

/// A link-layer address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct MacAddress(pub [u8; 6]);

/// `use_vmac`: a virtual MAC address on an interface of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Vmac {
    /// The interface's name; `None` for `vmac_prefix` and VRID.
    pub name: Option<String>,
    /// Its address; `None` for the router's own (RFC 9568 §7.3).
    pub mac: Option<MacAddress>,
    /// `group`: the group the interface is put into (ip-link(8)).
    pub group: Option<u32>,
    /// `netlink_notify_msg`: others hear of the interface's change of address.
    pub netlink_notify: bool,
    /// `vmac_xmit_base`: advertisements leave from the parent interface.
    pub transmit_base: bool,
}

/// How ipvlan interfaces of one parent reach each other (ip-link(8)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IpvlanMode {
    /// Directly.
    #[default]
    Bridge,
    /// Not at all.
    Private,
    /// By way of the switch.
    Vepa,
}

/// `use_ipvlan`: an ipvlan interface of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ipvlan {
    /// The interface's name; `None` for `vmac_prefix` and VRID.
    pub name: Option<String>,
    /// The address that advertisements leave from; IPv6 falls back to the link-local one.
    pub address: Option<IpNetwork>,
    /// How it reaches its siblings.
    pub mode: IpvlanMode,
    /// `group`: the group the interface is put into (ip-link(8)).
    pub group: Option<u32>,
}
