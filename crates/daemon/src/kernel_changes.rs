//! Addresses that the node wants, in the kernel's terms.

use std::net::IpAddr;

use standfast_core::Node;
use standfast_core::input::{Change, InterfaceIndex};
use standfast_core::spec::VirtualAddress;
use standfast_linux::InterfaceName;
use standfast_linux::netlink::{Action, AddressChange, AddressFlags, HostAddress, Lifetime, Scope};

use crate::ports::interface;

/// The request for one address; nothing where its interface is gone.
pub(crate) fn address_change(
    node: &Node,
    change: Change,
    index: InterfaceIndex,
    address: &VirtualAddress,
) -> Option<AddressChange> {
    let action = match change {
        Change::Add => Action::Add,
        Change::Remove => Action::Remove,
    };
    let interface = interface(node, index)?;
    let mut wanted = AddressChange::new(action, interface, address.address, address.prefix);
    wanted.scope = Scope(address.scope);
    match &mut wanted.host {
        HostAddress::V4 {
            broadcast,
            label,
            peer,
            ..
        } => {
            *broadcast = v4(address.broadcast);
            *label = address
                .label
                .as_ref()
                .and_then(|label| InterfaceName::from_bytes(label.as_bytes()));
            if let Some((IpAddr::V4(other), _)) = address.peer {
                *peer = Some(other);
            }
        }
        HostAddress::V6 { peer, .. } => {
            if let Some((IpAddr::V6(other), _)) = address.peer {
                *peer = Some(other);
            }
            if let Some(seconds) = address.options.preferred_lifetime_s {
                wanted.preferred = Lifetime::Seconds(seconds);
            }
        }
    }
    wanted.flags = flags(address);
    Some(wanted)
}

/// Duplicate address detection would cost a second and fail against the old holder: IPv6 addresses are added without.
fn flags(address: &VirtualAddress) -> AddressFlags {
    let options = &address.options;
    let ipv6 = address.address.is_ipv6();
    let all = [
        (ipv6 && !options.duplicate_detection, AddressFlags::NO_DAD),
        (ipv6 && options.home, AddressFlags::HOME),
        (
            ipv6 && options.manage_temporary,
            AddressFlags::MANAGE_TEMPORARY,
        ),
        (options.no_prefix_route, AddressFlags::NO_PREFIX_ROUTE),
        (options.auto_join, AddressFlags::AUTO_JOIN),
    ];
    all.into_iter()
        .filter(|(set, _)| *set)
        .fold(AddressFlags::default(), |flags, (_, flag)| flags.with(flag))
}

fn v4(address: Option<IpAddr>) -> Option<std::net::Ipv4Addr> {
    match address {
        Some(IpAddr::V4(address)) => Some(address),
        _ => None,
    }
}
