//! Two nodes that do not understand each other, or do not hear each other.

use standfast_lab::Daemon;

use crate::scene::{
    FIRST, SECOND, Text, address, becomes, follows, names, started, vip, with_pair,
};
use crate::support::{pair_with, standfast};

/// The second node does not hear the first, and the first hears it: the first knows why there are two masters. The other way
/// round the peer channel tells the second one.
#[test]
fn one_way_link() {
    with_pair(standfast(), [FIRST, SECOND], |pair| {
        becomes(&pair.first.host, "master");
        follows(&pair.second.host, 0);
        pair.second.host.set_hears_multicast(false).unwrap();
        let mac = pair.second.mac().to_string();
        let phrases = [
            "two masters",
            &address(1),
            &mac,
            "priority 90",
            "one-way link",
        ];
        names(&pair.first.host, "one-way-link", &phrases);
        let phrases = [&address(0), "advertisements do not come", "protocol 112"];
        names(&pair.second.host, "vrrp-filtered", &phrases);
    });
}

/// keepalived is master because its packets do not come in here.
#[test]
fn firewall_drops_vrrp() {
    with_pair(Daemon::Keepalived, [SECOND, FIRST], |pair| {
        let host = &pair.first.host;
        host.run(&["nft", "add table inet filter"]).unwrap();
        let chain = "add chain inet filter input { type filter hook input priority 0; }";
        host.run(&["nft", chain]).unwrap();
        let rule = "add rule inet filter input ip protocol 112 drop";
        host.run(&["nft", rule]).unwrap();
        let phrases = [
            "this host's firewall",
            "table inet filter, chain input",
            "nft insert rule",
        ];
        names(host, "vrrp-filtered", &phrases);
        becomes(host, "master");
    });
}

#[test]
fn wrong_password() {
    let with = |password: &str| {
        format!(
            "    authentication {{\n        auth_type PASS\n        auth_pass {password}\n    }}"
        )
    };
    let (ours, theirs) = (with("1111"), with("2222"));
    let first = Text {
        lines: &ours,
        ..FIRST
    };
    let second = Text {
        lines: &theirs,
        ..SECOND
    };
    // keepalived's own advertisements seldom come, for each of ours starts its timer anew.
    for (other, masters) in [(Daemon::Keepalived, ""), (standfast(), "two masters")] {
        with_pair(other, [first, second], |pair| {
            let mac = pair.second.mac().to_string();
            let phrases = [masters, &address(1), &mac, "another password", "auth_pass"];
            names(&pair.first.host, "wrong-password", &phrases);
        });
    }
}

#[test]
fn wrong_vrid() {
    let second = Text { vrid: 52, ..SECOND };
    with_pair(Daemon::Keepalived, [FIRST, second], |pair| {
        let mac = pair.second.mac().to_string();
        let phrases = [
            "two masters",
            &address(1),
            &mac,
            &vip(),
            "VRID 52",
            "VRID 51",
        ];
        names(&pair.first.host, "wrong-vrid", &phrases);
    });
}

#[test]
fn same_priority() {
    let second = Text {
        priority: 99,
        ..SECOND
    };
    with_pair(standfast(), [FIRST, second], |pair| {
        let phrases = ["same priority 99", &address(1)];
        names(&pair.first.host, "same-priority", &phrases);
    });
}

/// Another group uses our VRID, and wins.
#[test]
fn foreign_master() {
    let second = Text {
        priority: 200,
        address: "192.168.1.77",
        ..SECOND
    };
    with_pair(Daemon::Keepalived, [FIRST, second], |pair| {
        let phrases = [
            "VRID 51",
            "another group",
            &address(1),
            "192.168.1.77",
            "nobody holds",
        ];
        names(&pair.first.host, "foreign-group", &phrases);
    });
}

/// The other node is not there at all.
#[test]
fn never_heard() {
    let daemons = [standfast(), standfast()];
    let mut pair = pair_with(daemons, [FIRST, SECOND].map(Text::file));
    // Before they start: what was heard once was heard.
    pair.second.host.set_port_blocked(true).unwrap();
    started(&mut pair, |pair| {
        let told = names(
            &pair.second.host,
            "never-heard",
            &["VRID 51 on eth0", &vip()],
        );
        assert!(
            told["headline"].as_str().unwrap().contains("alone"),
            "{told:#}"
        );
    });
}
