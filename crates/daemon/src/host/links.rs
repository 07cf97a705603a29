//! Whether the instances could take part now: their interfaces are up and have an address to send from.

use std::net::IpAddr;

use standfast_config::{Code, Config, Diagnostic, Family, IpNetwork, VrrpInstance};

use super::addresses::LinkState;
use crate::environment::HostEnvironment;

pub(super) fn findings(config: &Config, environment: &HostEnvironment) -> Vec<Diagnostic> {
    let Some(host) = environment.own_addresses() else {
        return Vec::new();
    };
    let judged = config.instances.iter().filter_map(|instance| {
        let (name, span) = super::interface(instance)?;
        let (link, own) = (host.link(name)?, host.of(name).unwrap_or_default());
        let why = why_not_ready(instance, link, own)?;
        let text = format!(
            "{name} {why}: `{}` would be in FAULT now",
            instance.name.value
        );
        Some(Diagnostic::warning(Code::InterfaceNotReady, span, text).help(remedy(name, link)))
    });
    judged.collect()
}

fn why_not_ready(instance: &VrrpInstance, link: LinkState, own: &[IpNetwork]) -> Option<String> {
    if !instance.dont_track_primary {
        match link {
            LinkState { up: false, .. } => return Some("is down".to_owned()),
            LinkState { running: false, .. } => return Some("has no carrier".to_owned()),
            LinkState { .. } => {}
        }
    }
    if instance.source_address.is_none() && !own.iter().any(|own| is_source(instance, own)) {
        let kind = match instance.family {
            Family::V4 => "IPv4",
            Family::V6 => "link-local IPv6",
        };
        return Some(format!("has no {kind} address to send from"));
    }
    let multicast = instance.unicast.is_none() && !link.multicast;
    multicast.then(|| "does no multicast, and there is no unicast_peer".to_owned())
}

/// IPv6 advertisements come from link-local addresses (RFC 9568 §5.1.2.1).
fn is_source(instance: &VrrpInstance, own: &IpNetwork) -> bool {
    match own.address {
        IpAddr::V4(_) => instance.family == Family::V4,
        IpAddr::V6(address) => instance.family == Family::V6 && address.is_unicast_link_local(),
    }
}

fn remedy(name: &str, link: LinkState) -> String {
    match link {
        LinkState { up: false, .. } => format!("ip link set {name} up"),
        LinkState { running: false, .. } => {
            "look at the cable, the switch, or the other end".to_owned()
        }
        LinkState {
            multicast: false, ..
        } => format!("ip link set {name} multicast on, or list the peers"),
        LinkState { .. } => format!("ip address add ADDRESS/LENGTH dev {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::instance;
    use super::*;

    const WELL: LinkState = LinkState {
        up: true,
        running: true,
        multicast: true,
    };

    fn why(lines: &str, link: LinkState, own: &[IpNetwork]) -> Option<String> {
        let config = instance(&format!(
            "virtual_ipaddress {{\n192.0.2.100/24\n}}\n{lines}"
        ));
        why_not_ready(&config.instances[0], link, own)
    }

    #[test]
    fn an_interface_without_carrier_or_address_is_a_fault() {
        let own = [IpNetwork {
            address: [192, 0, 2, 1].into(),
            prefix: 24,
        }];
        assert_eq!(why("", WELL, &own), None);
        assert_eq!(
            why("", LinkState { up: false, ..WELL }, &own).unwrap(),
            "is down"
        );
        assert_eq!(
            why(
                "",
                LinkState {
                    running: false,
                    ..WELL
                },
                &own
            )
            .unwrap(),
            "has no carrier"
        );
        assert_eq!(
            why(
                "dont_track_primary\n",
                LinkState {
                    running: false,
                    ..WELL
                },
                &own
            ),
            None
        );
        assert!(why("", WELL, &[]).unwrap().contains("no IPv4 address"));
        assert_eq!(why("mcast_src_ip 192.0.2.1\n", WELL, &[]), None);
        let network = |address: &str| IpNetwork {
            address: address.parse().unwrap(),
            prefix: 64,
        };
        let config = instance("virtual_ipaddress {\nfe80::100\n}\n");
        let why_v6 = |own: &[IpNetwork]| why_not_ready(&config.instances[0], WELL, own);
        assert_eq!(why_v6(&[network("fe80::1")]), None);
        let without = why_v6(&[network("fd00::1"), own[0]]).unwrap();
        assert!(without.contains("no link-local IPv6 address"), "{without}");
        assert!(
            why(
                "",
                LinkState {
                    multicast: false,
                    ..WELL
                },
                &own
            )
            .unwrap()
            .contains("multicast")
        );
    }
}
