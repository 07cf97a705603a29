//! Kernel settings under which virtual addresses do not work, or are lost.

use std::net::IpAddr;

use standfast_config::{Code, Config, Diagnostic, IpNetwork, Span, VirtualAddress, VrrpInstance};
use standfast_linux::InterfaceName;
use standfast_linux::sysctl::Sysctl;

use crate::environment::HostEnvironment;

/// What the kernel says of one interface; the higher of its own value and that of `all`, as the kernel takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Settings {
    arp_ignore: i64,
    promote_secondaries: i64,
    disable_ipv6: i64,
    /// Of `all` alone: it counts for the virtual MAC's interface too.
    rp_filter: i64,
}

/// `arp_ignore`: no answer for addresses of scope host (ip-sysctl).
const IGNORE_HOST_SCOPE: i64 = 3;
/// `arp_ignore`: no answer at all.
const IGNORE_ALL: i64 = 8;
/// `rp_filter`: packets that would not be answered the way they came are dropped.
const STRICT: i64 = 1;

pub(super) fn findings(config: &Config, environment: &HostEnvironment) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for instance in &config.instances {
        let Some((name, span)) = super::interface(instance) else {
            continue;
        };
        let Some(settings) = read(name) else { continue };
        let own = environment.own_addresses().and_then(|all| all.of(name));
        for one in judge(instance, (name, span), settings, own.unwrap_or_default()) {
            // Many instances share an interface.
            if found.iter().all(|known| known.message != one.message) {
                found.push(one);
            }
        }
    }
    found
}

fn read(interface: &str) -> Option<Settings> {
    let (own, all) = (
        InterfaceName::new(interface).ok()?,
        InterfaceName::new("all").ok()?,
    );
    let number = |sysctl: Sysctl| sysctl.read().unwrap_or(0);
    let higher = |key| number(Sysctl::Ipv4(own, key)).max(number(Sysctl::Ipv4(all, key)));
    Some(Settings {
        arp_ignore: higher("arp_ignore"),
        promote_secondaries: higher("promote_secondaries"),
        disable_ipv6: number(Sysctl::Ipv6(own, "disable_ipv6")),
        rp_filter: number(Sysctl::Ipv4(all, "rp_filter")),
    })
}

fn judge(
    instance: &VrrpInstance,
    (interface, span): (&str, Span),
    settings: Settings,
    own: &[IpNetwork],
) -> Vec<Diagnostic> {
    let here = |vip: &&VirtualAddress| vip.device.as_deref().is_none_or(|name| name == interface);
    let vips = || {
        let all = instance
            .addresses
            .iter()
            .chain(&instance.excluded_addresses);
        all.filter(here)
    };
    let v4 = || vips().filter(|vip| vip.network.address.is_ipv4());
    let mut found = Vec::new();
    let silent = v4().find(|vip| match settings.arp_ignore {
        IGNORE_ALL => true,
        IGNORE_HOST_SCOPE => vip.scope == standfast_config::Scope::HOST,
        _ => false,
    });
    if let Some(vip) = silent {
        let value = settings.arp_ignore;
        let text = format!(
            "arp_ignore is {value} on {interface}: this host does not answer ARP requests for {}",
            vip.network.address
        );
        let help = format!(
            "sysctl net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.{interface}.arp_ignore=0, and the same in /etc/sysctl.d/"
        );
        found.push(Diagnostic::warning(Code::ArpNotAnswered, vip.span, text).help(help));
    }
    if let Some(vip) = vips().find(|vip| vip.network.address.is_ipv6())
        && settings.disable_ipv6 != 0
    {
        let text = format!(
            "IPv6 is disabled on {interface}: the kernel refuses {}",
            vip.network.address
        );
        let help = format!(
            "sysctl net.ipv6.conf.{interface}.disable_ipv6=0, and the same in /etc/sysctl.d/"
        );
        found.push(Diagnostic::warning(Code::Ipv6Disabled, vip.span, text).help(help));
    }
    if instance.vmac.is_some() && settings.rp_filter == STRICT {
        let text = "rp_filter is 1 for all interfaces: packets to the virtual MAC address are dropped on its interface".to_owned();
        let help = "sysctl net.ipv4.conf.all.rp_filter=0, and the same in /etc/sysctl.d/: the daemon resets it when it starts, and something may set it again";
        found.push(Diagnostic::note(Code::StrictReversePath, span, text).help(help));
    }
    let in_own_subnet = v4().find(|vip| own.iter().any(|own| same_subnet(*own, vip.network)));
    if let Some(vip) = in_own_subnet
        && instance.vmac.is_none()
        && instance.ipvlan.is_none()
        && settings.promote_secondaries == 0
        && !instance.promote_secondaries
    {
        let text = format!(
            "promote_secondaries is 0 on {interface}: when its first address goes, {} goes with it, or the host's own address with {0}",
            vip.network.address
        );
        let help = format!(
            "sysctl net.ipv4.conf.{interface}.promote_secondaries=1, or `promote_secondaries` in the instance"
        );
        found.push(Diagnostic::note(Code::SecondariesNotPromoted, vip.span, text).help(help));
    }
    found
}

/// Whether one would be secondary to the other: prefix length and network are the same.
fn same_subnet(own: IpNetwork, vip: IpNetwork) -> bool {
    let (IpAddr::V4(one), IpAddr::V4(other)) = (own.address, vip.address) else {
        return false;
    };
    let host_bits = 32_u32.saturating_sub(u32::from(own.prefix));
    let network = |address: std::net::Ipv4Addr| address.to_bits().checked_shr(host_bits);
    own.prefix == vip.prefix && one != other && network(one) == network(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::instance;

    fn codes(text: &str, settings: Settings) -> Vec<Code> {
        let config = instance(text);
        let own = IpNetwork {
            address: [192, 0, 2, 1].into(),
            prefix: 24,
        };
        let instance = config.instances.first().unwrap();
        let found = judge(instance, ("eth0", Span::default()), settings, &[own]);
        found.iter().map(|found| found.code).collect()
    }

    /// What most distributions set.
    const USUAL: Settings = Settings {
        arp_ignore: 1,
        promote_secondaries: 1,
        disable_ipv6: 0,
        rp_filter: 2,
    };

    #[test]
    fn only_settings_that_do_harm_are_named() {
        let vip = "virtual_ipaddress {\n192.0.2.100/24\n}\n";
        assert_eq!(codes(vip, USUAL), []);
        let deaf = Settings {
            arp_ignore: 8,
            ..USUAL
        };
        assert_eq!(codes(vip, deaf), [Code::ArpNotAnswered]);
        let host = Settings {
            arp_ignore: 3,
            ..USUAL
        };
        assert_eq!(codes(vip, host), []);
        let scoped = "virtual_ipaddress {\n192.0.2.100/24 scope host\n}\n";
        assert_eq!(codes(scoped, host), [Code::ArpNotAnswered]);
        let bare = Settings {
            promote_secondaries: 0,
            ..USUAL
        };
        assert_eq!(codes(vip, bare), [Code::SecondariesNotPromoted]);
        let single = "virtual_ipaddress {\n192.0.2.100/32\n}\n";
        assert_eq!(codes(single, bare), []);
        let promoting = format!("{vip}promote_secondaries\n");
        assert_eq!(codes(&promoting, bare), []);
        let strict = Settings {
            rp_filter: 1,
            ..USUAL
        };
        assert_eq!(codes(vip, strict), []);
        let vmac = format!("{vip}use_vmac\n");
        assert_eq!(codes(&vmac, strict), [Code::StrictReversePath]);
        let no_v6 = Settings {
            disable_ipv6: 1,
            ..USUAL
        };
        let v6 = "virtual_ipaddress {\nfe80::100/64\n}\n";
        assert_eq!(codes(v6, no_v6), [Code::Ipv6Disabled]);
        assert_eq!(codes(v6, USUAL), []);
    }
}
