//! Virtual addresses that are written oddly, or collide.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{Lints, name};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Family, VirtualAddress, VrrpInstance};
use crate::span::Span;
use crate::units::Priority;

/// Addresses of one instance from which on a second thought pays (keepalived.conf(5) speaks of 20).
const MANY_ADDRESSES: usize = 20;

impl Lints<'_> {
    /// An address in two instances: both hold it, or take it from each other.
    pub(super) fn shared_addresses(&mut self) {
        let mut seen: BTreeMap<(IpAddr, Option<&str>), (usize, Span)> = BTreeMap::new();
        for (index, instance) in self.config.instances.iter().enumerate() {
            for vip in held(instance) {
                let key = (vip.network.address, device(instance, vip));
                match seen.get(&key) {
                    Some((other, first)) if *other != index => {
                        let text = format!(
                            "{} is in `{}` as well: each instance adds and removes it as it likes",
                            vip.network.address,
                            self.config.instances.get(*other).map_or("", name)
                        );
                        let found =
                            Diagnostic::warning(Code::AddressInTwoInstances, vip.span, text)
                                .label(*first, "here first")
                                .help("an address belongs to one virtual router");
                        self.say(found);
                    }
                    _ => {
                        seen.entry(key).or_insert((index, vip.span));
                    }
                }
            }
        }
    }

    pub(super) fn addresses(&mut self, instance: &VrrpInstance) {
        self.prefixes(instance);
        self.first_address(instance);
        let own = [instance.source_address.map(|source| source.value)];
        for vip in held(instance) {
            self.network_or_broadcast(vip);
            self.label(instance, vip);
            if own.contains(&Some(vip.network.address)) && instance.priority != Priority::OWNER {
                self.own_address(instance, vip, "the source address of its advertisements");
            }
            self.on_host(instance, vip);
        }
        if let Some(vip) = instance.addresses.get(MANY_ADDRESSES) {
            let text = format!(
                "`{}` advertises {} addresses: every advertisement carries them all",
                name(instance),
                instance.addresses.len()
            );
            let help =
                "put those beyond the first into `virtual_ipaddress_excluded`, on all nodes alike";
            self.note(Code::ManyAddresses, vip.span, text, help);
        }
    }

    /// One note for all addresses of the instance that have none.
    fn prefixes(&mut self, instance: &VrrpInstance) {
        // A link-local address needs no network.
        let local = |vip: &VirtualAddress| matches!(vip.network.address, IpAddr::V6(address) if address.is_unicast_link_local());
        let mut bare =
            held(instance).filter(|vip| !vip.prefix_given && vip.peer.is_none() && !local(vip));
        let Some(first) = bare.next() else { return };
        let others: Vec<Span> = bare.map(|vip| vip.span).collect();
        let bits = first.network.prefix;
        let text = match others.len() {
            0 => format!(
                "{} has no prefix length and becomes a /{bits}",
                first.network.address
            ),
            more => format!(
                "{} and {more} more have no prefix length and become single addresses (/{bits})",
                first.network.address
            ),
        };
        let usual = if first.network.address.is_ipv4() {
            24
        } else {
            64
        };
        let mut found = Diagnostic::note(Code::PrefixMissing, first.span, text).help(format!(
            "that works where the host has another address in the network; write the prefix length of the network (`/{usual}`) if it has not",
        ));
        for span in others {
            found = found.label(span, "here too");
        }
        self.say(found);
    }

    /// RFC 9568 §5.2.9: the first IPv6 address is the link-local one.
    fn first_address(&mut self, instance: &VrrpInstance) {
        // Strict mode has complained already.
        let Some(first) = instance.addresses.first().filter(|_| !instance.strict) else {
            return;
        };
        let IpAddr::V6(address) = first.network.address else {
            return;
        };
        if !address.is_unicast_link_local() {
            let text = format!(
                "the first IPv6 address of `{}` is not link-local",
                name(instance)
            );
            let help = "hosts reach a default router by its link-local address: put one (fe80::/10) first (RFC 9568 §5.2.9)";
            self.warn(Code::FirstNotLinkLocal, first.span, text, help);
        }
    }

    fn network_or_broadcast(&mut self, vip: &VirtualAddress) {
        let (IpAddr::V4(address), prefix) = (vip.network.address, vip.network.prefix) else {
            return;
        };
        let host = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
        if prefix > 30 || prefix == 0 {
            return;
        }
        let what = match address.to_bits() & host {
            0 => "the address of its network",
            all if all == host => "the broadcast address of its network",
            _ => return,
        };
        let text = format!("{address}/{prefix} is {what}, which no host may have");
        self.warn(
            Code::NotAHostAddress,
            vip.span,
            text,
            "check the address and its prefix length",
        );
    }

    fn label(&mut self, instance: &VrrpInstance, vip: &VirtualAddress) {
        // On a virtual MAC the address is on another interface than the file names.
        if vip.use_vmac || instance.vmac.is_some() || instance.ipvlan.is_some() {
            return;
        }
        let (Some(label), Some(device)) = (&vip.label, device(instance, vip)) else {
            return;
        };
        let fits = label
            .strip_prefix(device)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        if !fits {
            let text = format!(
                "the label `{label}` does not begin with the interface's name, `{device}:`"
            );
            let help = "ifconfig and scripts that look for the alias will not find it, and the kernel refuses some such labels";
            self.warn(Code::LabelMismatch, vip.span, text, help);
        }
    }

    fn own_address(&mut self, instance: &VrrpInstance, vip: &VirtualAddress, what: &str) {
        let text = format!(
            "{} is also {what}: when `{}` gives it up the host loses its own address",
            vip.network.address,
            name(instance)
        );
        let help = "a virtual address is one that no host has; only the owner of an address (priority 255) may have it";
        self.warn(Code::OwnAddress, vip.span, text, help);
    }

    /// What the interface's addresses say about it; nothing where nobody looked.
    fn on_host(&mut self, instance: &VrrpInstance, vip: &VirtualAddress) {
        let Some(known) = device(instance, vip).and_then(|name| self.environment.addresses(name))
        else {
            return;
        };
        let address = vip.network.address;
        let held = known.iter().find(|own| own.address == address);
        if held.is_some_and(|own| own.prefix != vip.network.prefix)
            && instance.priority != Priority::OWNER
        {
            self.own_address(instance, vip, "the interface's own address");
        }
        let family = |own: &&crate::IpNetwork| Family::of(own.address) == Family::of(address);
        let mut others = known
            .iter()
            .filter(family)
            .filter(|own| own.address != address)
            .peekable();
        let link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        if others.peek().is_some() && !link_local && !others.any(|own| contains(own, address)) {
            let text = format!(
                "{address} is in none of the networks that the interface has an address in"
            );
            let help = "clients reach it only if they have a route to it over this interface";
            self.note(Code::OutsideNetwork, vip.span, text, help);
        }
    }
}

/// Everything the instance adds while it is master.
fn held(instance: &VrrpInstance) -> impl Iterator<Item = &VirtualAddress> {
    instance
        .addresses
        .iter()
        .chain(&instance.excluded_addresses)
}

/// The interface that gets the address.
fn device<'i>(instance: &'i VrrpInstance, vip: &'i VirtualAddress) -> Option<&'i str> {
    let own = instance.interface.as_ref().map(|name| name.value.as_str());
    vip.device.as_deref().or(own)
}

/// Whether the address is in that network.
pub(super) fn contains(network: &crate::IpNetwork, address: IpAddr) -> bool {
    let same = |one: u128, other: u128, width: u32| {
        let host_bits = width.saturating_sub(u32::from(network.prefix));
        one.checked_shr(host_bits).unwrap_or(0) == other.checked_shr(host_bits).unwrap_or(0)
    };
    match (network.address, address) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let bits = |address: Ipv4Addr| u128::from(address.to_bits());
            same(bits(one), bits(other), 32)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
        _ => false,
    }
}
