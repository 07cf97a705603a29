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
    by_name: BTreeMap<String, InterfaceIndex>,
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
        interface.up = link.up;
        interface.mac = link.mac;
        if interface.name != link.name {
            let before = core::mem::replace(&mut interface.name, link.name.clone());
            self.forget_name(&before, link.index);
            self.by_name.insert(link.name, link.index);
        }
    }

    /// Another interface may have the name already, or still.
    fn forget_name(&mut self, name: &str, index: InterfaceIndex) {
        if self.by_name.get(name) != Some(&index) {
            return;
        }
        self.by_name.remove(name);
        let mut others = self.by_index.iter();
        if let Some((other, _)) = others.find(|(it, other)| **it != index && other.name == name) {
            self.by_name.insert(String::from(name), *other);
        }
    }

    pub(crate) fn set_up(&mut self, index: InterfaceIndex, up: bool) {
        if let Some(interface) = self.by_index.get_mut(&index) {
            interface.up = up;
        }
    }

    pub(crate) fn remove(&mut self, index: InterfaceIndex) {
        if let Some(gone) = self.by_index.remove(&index) {
            self.forget_name(&gone.name, index);
        }
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
        let index = *self.by_name.get(name)?;
        Some((index, self.by_index.get(&index)?))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str) -> Link {
        Link {
            index: InterfaceIndex(index),
            name: String::from(name),
            up: true,
            mac: MacAddress([2, 0, 0, 0, 0, 1]),
        }
    }

    fn found(all: &Interfaces, name: &str) -> Option<u32> {
        all.named(name).map(|(index, _)| index.0)
    }

    #[test]
    fn a_name_is_found_where_it_is_now() {
        let mut all = Interfaces::default();
        all.update(link(2, "eth0"));
        all.update(link(3, "eth1"));
        all.update(link(2, "lan"));
        assert_eq!((found(&all, "eth0"), found(&all, "lan")), (None, Some(2)));
        // The new one is told of before the old one is gone.
        all.update(link(4, "eth1"));
        all.remove(InterfaceIndex(3));
        assert_eq!(found(&all, "eth1"), Some(4));
        all.update(link(5, "eth1"));
        all.remove(InterfaceIndex(5));
        assert_eq!(found(&all, "eth1"), Some(4));
        all.remove(InterfaceIndex(4));
        assert_eq!(found(&all, "eth1"), None);
    }
}
