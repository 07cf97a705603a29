//! Several interfaces in the subnet of a virtual address: which of them answers ARP requests for it.

use std::net::IpAddr;

use standfast_config::{Code, Config, Diagnostic, IpNetwork, VirtualAddress, VrrpInstance};
use standfast_linux::InterfaceName;
use standfast_linux::sysctl::Sysctl;

use super::addresses::OwnAddresses;
use crate::environment::HostEnvironment;

/// What the kernel does with ARP requests on one interface; the higher of its own value and that of `all`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Settings {
    arp_filter: i64,
    arp_ignore: i64,
}

pub(super) fn findings(config: &Config, environment: &HostEnvironment) -> Vec<Diagnostic> {
    let Some(host) = environment.own_addresses() else {
        return Vec::new();
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    for instance in &config.instances {
        let one = judge(instance, host, read);
        // Many instances share a subnet.
        found.extend(one.filter(|one| found.iter().all(|known| known.message != one.message)));
    }
    found
}

fn read(interface: &str) -> Settings {
    let Ok(own) = InterfaceName::new(interface) else {
        return Settings::default();
    };
    let all = InterfaceName::new("all").ok();
    let higher = |key| {
        let number = |name| Sysctl::Ipv4(name, key).read().unwrap_or(0);
        number(own).max(all.map_or(0, number))
    };
    Settings {
        arp_filter: higher("arp_filter"),
        arp_ignore: higher("arp_ignore"),
    }
}

fn judge(
    instance: &VrrpInstance,
    host: &OwnAddresses,
    settings: impl Fn(&str) -> Settings,
) -> Option<Diagnostic> {
    let (name, _) = super::interface(instance)?;
    // A virtual MAC has an interface of its own, and the daemon sets these for it.
    if instance.vmac.is_some() || instance.ipvlan.is_some() {
        return None;
    }
    let (vip, other) = instance.addresses.iter().find_map(|vip| {
        let other = neighbour(vip, name, host)?;
        Some((vip, other))
    })?;
    let address = vip.network.address;
    if settings(name).arp_filter != 0 {
        let text = format!(
            "arp_filter is {} on {name}, and {other} is in the same subnet: this host may not answer ARP requests for {address} on {name}",
            settings(name).arp_filter
        );
        let help = format!(
            "sysctl net.ipv4.conf.all.arp_filter=0 net.ipv4.conf.{name}.arp_filter=0, and the same in /etc/sysctl.d/"
        );
        return Some(Diagnostic::warning(Code::ArpFiltered, vip.span, text).help(help));
    }
    let Settings {
        arp_filter,
        arp_ignore,
    } = settings(other);
    let text = format!(
        "{other} is in the same subnet as {address} and answers ARP requests for it too: clients may take the other link"
    );
    let help = "sysctl net.ipv4.conf.all.arp_ignore=1, and the same in /etc/sysctl.d/";
    let answers = arp_filter == 0 && arp_ignore == 0;
    answers.then(|| Diagnostic::note(Code::ArpTwice, vip.span, text).help(help))
}

/// Another interface that is up and has an address in the subnet of the virtual one.
fn neighbour<'a>(vip: &VirtualAddress, name: &str, host: &'a OwnAddresses) -> Option<&'a str> {
    let on = vip.device.as_deref().unwrap_or(name);
    let near = |own: &IpNetwork| is_near(*own, vip.network.address);
    let mut all = host.all();
    let (other, _) = all.find(|(other, own)| {
        let up = host.link(other).is_some_and(|link| link.up && link.running);
        *other != on && *other != name && up && own.iter().any(near)
    })?;
    Some(other)
}

/// The address lies in the subnet, which is one of several hosts.
fn is_near(own: IpNetwork, address: IpAddr) -> bool {
    let (IpAddr::V4(one), IpAddr::V4(other)) = (own.address, address) else {
        return false;
    };
    let host_bits = 32_u32.saturating_sub(u32::from(own.prefix));
    let network = |address: std::net::Ipv4Addr| address.to_bits().checked_shr(host_bits);
    host_bits > 0 && !one.is_loopback() && network(one) == network(other)
}

#[cfg(test)]
mod tests {
    use super::super::addresses::LinkState;
    use super::super::tests::instance;
    use super::*;

    const UP: LinkState = LinkState {
        up: true,
        running: true,
        multicast: true,
    };
    const VIP: &str = "virtual_ipaddress {\n192.0.2.100/24\n}\n";

    fn host(second: [u8; 4], state: LinkState) -> OwnAddresses {
        let network = |address: [u8; 4], prefix| IpNetwork {
            address: address.into(),
            prefix,
        };
        OwnAddresses::of_links(&[
            ("lo", UP, vec![network([127, 0, 0, 1], 8)]),
            ("eth0", UP, vec![network([192, 0, 2, 1], 24)]),
            ("eth1", state, vec![network(second, 24)]),
        ])
    }

    fn code(lines: &str, host: &OwnAddresses, filter: i64, ignore: i64) -> Option<Code> {
        let config = instance(lines);
        let settings = Settings {
            arp_filter: filter,
            arp_ignore: ignore,
        };
        let found = judge(config.instances.first()?, host, |_| settings)?;
        Some(found.code)
    }

    #[test]
    fn two_interfaces_in_one_subnet_do_not_both_answer() {
        let two = host([192, 0, 2, 2], UP);
        assert_eq!(code(VIP, &two, 1, 0), Some(Code::ArpFiltered));
        assert_eq!(code(VIP, &two, 0, 0), Some(Code::ArpTwice));
        assert_eq!(code(VIP, &two, 0, 1), None);
        assert_eq!(code(&format!("{VIP}use_vmac\n"), &two, 1, 0), None);
    }

    #[test]
    fn another_subnet_or_a_link_that_is_down_does_no_harm() {
        assert_eq!(code(VIP, &host([198, 51, 100, 2], UP), 1, 0), None);
        let down = LinkState { up: false, ..UP };
        assert_eq!(code(VIP, &host([192, 0, 2, 2], down), 1, 0), None);
        let there = "virtual_ipaddress {\n192.0.2.100/24 dev eth1\n}\n";
        assert_eq!(code(there, &host([192, 0, 2, 2], UP), 0, 0), None);
    }
}
