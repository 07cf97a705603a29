//! Addresses as keepalived prints them: `192.0.2.1/24 brd 192.0.2.255 dev eth0 scope global label eth0:1 set`.

use std::fmt::Write as _;
use std::net::IpAddr;

use standfast_core::router::Router;
use standfast_core::spec::VirtualAddress;

/// Advertised and excluded addresses of a router.
pub(super) struct Lists {
    pub(super) advertised: Vec<String>,
    pub(super) excluded: Vec<String>,
}

pub(super) fn lists(router: &Router) -> Lists {
    let default = &router.spec().interface;
    let mut advertised: Vec<String> = router
        .addresses()
        .map(|(address, held)| text(address, default, held))
        .collect();
    let count = router.spec().addresses.len().min(advertised.len());
    let excluded = advertised.split_off(count);
    Lists {
        advertised,
        excluded,
    }
}

fn text(address: &VirtualAddress, default: &str, held: bool) -> String {
    let mut text = network(address.address, address.prefix);
    let mut add = |word: &str, value: &dyn std::fmt::Display| {
        // Writing into a String cannot fail.
        let _ = write!(text, " {word} {value}");
    };
    if let Some((peer, prefix)) = address.peer {
        add("peer", &network(peer, prefix));
    }
    if let Some(broadcast) = address.broadcast {
        add("brd", &broadcast);
    }
    add("dev", &address.interface.as_deref().unwrap_or(default));
    add("scope", &scope(address.scope));
    if let Some(label) = &address.label {
        add("label", label);
    }
    if address.no_track {
        text.push_str(" no_track");
    }
    if held {
        text.push_str(" set");
    }
    text
}

/// A host's prefix is not printed.
fn network(address: IpAddr, prefix: u8) -> String {
    let whole = if address.is_ipv4() { 32 } else { 128 };
    if prefix == whole {
        address.to_string()
    } else {
        format!("{address}/{prefix}")
    }
}

/// Names of rtnetlink(7)'s scopes.
fn scope(number: u8) -> String {
    match number {
        0 => "global".into(),
        200 => "site".into(),
        253 => "link".into(),
        254 => "host".into(),
        255 => "nowhere".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_look_as_keepalived_prints_them() {
        let plain = VirtualAddress::plain("192.0.2.1".parse().unwrap(), 24);
        assert_eq!(
            text(&plain, "eth0", true),
            "192.0.2.1/24 dev eth0 scope global set"
        );
        let full = VirtualAddress {
            interface: Some("eth1".into()),
            broadcast: Some("192.0.2.255".parse().unwrap()),
            scope: 253,
            label: Some("eth1:1".into()),
            prefix: 32,
            ..plain
        };
        let expected = "192.0.2.1 brd 192.0.2.255 dev eth1 scope link label eth1:1";
        assert_eq!(text(&full, "eth0", false), expected);
    }
}
