//! What the kernel says about interfaces and their addresses.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::MacAddress;

use crate::input::{HostAddress, InterfaceIndex, Link};
use crate::spec::Family;

/// Addresses remembered per interface; a host has a few, an attack on us none.
const MAX_ADDRESSES: usize = 16_384;

/// One interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// `IFF_UP` and `IFF_RUNNING`.
    pub up: bool,
    /// Hardware address.
    pub mac: MacAddress,
    addresses: Vec<HostAddress>,
}

/// All interfaces of the host.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    by_index: BTreeMap<InterfaceIndex, Interface>,
}

impl Interfaces {
    pub(crate) fn update(&mut self, link: Link) {
        let interface = self
            .by_index
            .entry(link.index)
            .or_insert_with(|| Interface {
                name: String::new(),
                up: false,
                mac: link.mac,
                addresses: Vec::new(),
            });
        interface.name = link.name;
        interface.up = link.up;
        interface.mac = link.mac;
    }

    pub(crate) fn set_up(&mut self, index: InterfaceIndex, up: bool) {
        if let Some(interface) = self.by_index.get_mut(&index) {
            interface.up = up;
        }
    }

    pub(crate) fn remove(&mut self, index: InterfaceIndex) {
        self.by_index.remove(&index);
    }

    pub(crate) fn add_address(&mut self, added: HostAddress) {
        let Some(interface) = self.by_index.get_mut(&added.interface) else {
            return;
        };
        let same = |known: &&mut HostAddress| {
            known.address == added.address && known.prefix == added.prefix
        };
        if let Some(known) = interface.addresses.iter_mut().find(same) {
            known.secondary = added.secondary;
        } else if interface.addresses.len() < MAX_ADDRESSES {
            interface.addresses.push(added);
        }
    }

    pub(crate) fn remove_address(&mut self, removed: HostAddress) {
        if let Some(interface) = self.by_index.get_mut(&removed.interface) {
            interface
                .addresses
                .retain(|known| known.address != removed.address || known.prefix != removed.prefix);
        }
    }

    /// The interface of that name.
    pub fn named(&self, name: &str) -> Option<(InterfaceIndex, &Interface)> {
        let mut all = self.by_index.iter();
        all.find(|(_, interface)| interface.name == name)
            .map(|(index, interface)| (*index, interface))
    }

    /// All interfaces.
    pub fn iter(&self) -> impl Iterator<Item = (InterfaceIndex, &Interface)> {
        self.by_index
            .iter()
            .map(|(index, interface)| (*index, interface))
    }

    /// Whether one of the host's own interfaces has this hardware address.
    pub fn is_own_mac(&self, mac: MacAddress) -> bool {
        self.by_index.values().any(|interface| interface.mac == mac)
    }

    /// The interface of that number.
    pub fn get(&self, index: InterfaceIndex) -> Option<&Interface> {
        self.by_index.get(&index)
    }
}

impl Interface {
    /// The address of a family to send from that is not virtual: for IPv4 the first primary one, for IPv6 the lowest
    /// link-local one (RFC 9568 §5.1.2.1).
    pub fn source(&self, family: Family, is_virtual: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
        let own =
            |held: &&HostAddress| Family::of(held.address) == family && !is_virtual(held.address);
        let usable = || self.addresses.iter().filter(own);
        match family {
            Family::V4 => usable()
                .find(|held| !held.secondary)
                .or_else(|| usable().next())
                .map(|held| held.address),
            Family::V6 => usable()
                .map(|held| held.address)
                .filter(|address| is_link_local(*address))
                .min(),
        }
    }

    /// All addresses, in the kernel's order.
    pub fn addresses(&self) -> &[HostAddress] {
        &self.addresses
    }

    /// The record of an address, if the interface has it.
    pub fn address(&self, address: IpAddr) -> Option<&HostAddress> {
        self.addresses.iter().find(|held| held.address == address)
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
