//! Routes and rules, as ip(8) shows them afterwards.

use std::net::IpAddr;

use standfast_linux::netlink::{
    Commands, CongestionControl, Encapsulation, Insert, Mark, MetricKind, NextHop, Prefix, Realms,
    Route, RouteMetric, RoutingEntry, RoutingMonitor, RoutingRequest, RoutingTables, Rule,
    RuleAction, TunnelHeader,
};
use standfast_linux::{Interface, InterfaceName};

use crate::world::{Cable, PATIENCE, SILENCE, ip, isolated, readable};

fn prefix(text: &str) -> Prefix {
    let (address, length) = text.split_once('/').unwrap();
    Prefix {
        address: address.parse().unwrap(),
        length: length.parse().unwrap(),
    }
}

fn eth0() -> Option<InterfaceName> {
    Some(InterfaceName::new("eth0").unwrap())
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn plain(destination: &str) -> Route {
    Route {
        kind: 1,
        destination: prefix(destination),
        source: None,
        gateway: None,
        device: eth0(),
        preferred_source: None,
        table: 254,
        protocol: 18,
        scope: 0,
        tos: 0,
        metric: None,
        on_link: false,
        metrics: Vec::new(),
        congestion_control: None,
        realms: None,
        preference: None,
        expires_s: None,
        ttl_propagate: None,
        encapsulation: None,
        insert: Insert::Prepend,
        next_hops: Vec::new(),
    }
}

fn hop(gateway: &str, weight: u16) -> NextHop {
    NextHop {
        gateway: address(gateway),
        device: eth0(),
        weight,
        on_link: false,
        realms: None,
        encapsulation: None,
    }
}

fn rich() -> Route {
    let metric = |kind, value| RouteMetric {
        kind,
        value,
        locked: false,
    };
    Route {
        gateway: address("10.0.0.2"),
        preferred_source: address("10.0.0.1"),
        table: 1000,
        metric: Some(50),
        tos: 0x10,
        realms: Some(Realms { from: 3, to: 4 }),
        metrics: vec![
            metric(MetricKind::Mtu, 1400),
            RouteMetric {
                kind: MetricKind::AdvertisedMss,
                value: 1300,
                locked: true,
            },
            metric(MetricKind::Features, 1),
            metric(MetricKind::RoundTripTime, 800),
            metric(MetricKind::FastOpenNoCookie, 1),
        ],
        congestion_control: Some(CongestionControl {
            name: "reno".into(),
            locked: false,
        }),
        ..plain("10.2.3.4/16")
    }
}

fn multipath(destination: &str, hops: [NextHop; 2]) -> Route {
    Route {
        device: None,
        next_hops: hops.into(),
        ..plain(destination)
    }
}

fn tunnel() -> Route {
    Route {
        encapsulation: Some(Encapsulation::Ip(TunnelHeader {
            id: Some(5),
            destination: Some([192, 0, 2, 9].into()),
            source: None,
            traffic_class: None,
            hop_limit: Some(9),
            flags: None,
        })),
        ..plain("10.4.0.0/16")
    }
}

fn rule(preference: u32) -> Rule {
    Rule {
        ipv6: false,
        inverted: false,
        from: Some(prefix("10.1.0.0/16")),
        to: None,
        action: RuleAction::Table(1000),
        preference,
        tos: 0,
        mark: None,
        input: None,
        output: None,
        realms: None,
        suppress_prefix_length: None,
        suppress_group: None,
        tunnel_id: None,
        users: None,
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        protocol: 18,
    }
}

fn rich_rule() -> Rule {
    Rule {
        inverted: true,
        to: Some(prefix("10.2.0.0/16")),
        tos: 0x10,
        mark: Some(Mark {
            value: 5,
            mask: 0xff,
        }),
        input: eth0(),
        suppress_prefix_length: Some(8),
        suppress_group: Some(3),
        users: Some(5..=10),
        ip_protocol: Some(6),
        source_ports: Some(80..=90),
        destination_ports: Some(100..=200),
        realms: Some(Realms { from: 1, to: 2 }),
        ..rule(101)
    }
}

fn entries() -> Vec<RoutingEntry> {
    let routes = [
        plain("10.1.0.0/16"),
        rich(),
        multipath("10.3.0.0/16", [hop("10.0.0.2", 3), hop("10.0.0.3", 256)]),
        tunnel(),
        Route {
            kind: 6,
            device: None,
            ..plain("10.5.0.0/16")
        },
        Route {
            gateway: address("2001:db8::9"),
            preference: Some(1),
            expires_s: Some(3000),
            metric: Some(77),
            ..plain("2001:db8:1::/48")
        },
        multipath(
            "2001:db8:2::/48",
            [hop("2001:db8::9", 1), hop("2001:db8::8", 2)],
        ),
        Route {
            kind: 7,
            device: None,
            ..plain("2001:db8:3::/48")
        },
    ];
    let rules = [
        rule(100),
        rich_rule(),
        Rule {
            ipv6: true,
            from: Some(prefix("2001:db8::/32")),
            action: RuleAction::Goto(200),
            ..rule(102)
        },
        Rule {
            action: RuleAction::Unreachable,
            tunnel_id: Some(77),
            ..rule(103)
        },
    ];
    let routes = routes
        .into_iter()
        .map(|route| RoutingEntry::Route(Box::new(route)));
    let rules = rules
        .into_iter()
        .map(|rule| RoutingEntry::Rule(Box::new(rule)));
    routes.chain(rules).collect()
}

fn resolve(name: InterfaceName) -> Option<u32> {
    Interface::by_name(name)
        .ok()
        .map(|interface| interface.index)
}

fn additions() -> Vec<RoutingRequest> {
    let all = entries();
    let requests = all.iter().map(|entry| entry.addition(&resolve).unwrap());
    requests.collect()
}

fn removals() -> Vec<RoutingRequest> {
    let all = entries();
    let requests = all.iter().map(|entry| entry.removal(&resolve).unwrap());
    requests.collect()
}

fn apply(requests: &[RoutingRequest]) -> Vec<Option<i32>> {
    let mut results = Vec::new();
    let mut commands = Commands::open().unwrap();
    commands.apply_routing(requests, &mut results);
    let errors = results
        .into_iter()
        .map(|result| result.err().map(|error| error.errno.0));
    errors.collect()
}

fn world() -> Cable {
    let cable = Cable::new();
    ip("address add 2001:db8::1/64 dev eth0 nodad");
    cable
}

#[test]
fn every_kind_is_added_shown_held_and_removed() {
    isolated(|| {
        let _cable = world();
        assert_eq!(apply(&additions()), vec![None; 12]);
        let routes = ip("-d -4 route show table all") + &ip("-d -6 route show table all");
        for line in [
            "unicast 10.1.0.0/16 dev eth0 table main proto keepalived scope global",
            "unicast 10.2.0.0/16 tos 0x10 via 10.0.0.2 dev eth0 table 1000 proto keepalived scope \
             global src 10.0.0.1 metric 50 mtu 1400 rtt 100ms advmss lock 1300 features ecn",
            "congctl reno fastopen_no_cookie 1 realms 3/4",
            "nexthop via 10.0.0.3 dev eth0 weight 256",
            "encap ip id 5 src 0.0.0.0 dst 192.0.2.9 ttl 9 tos 0 dev eth0",
            "blackhole 10.5.0.0/16",
            "2001:db8:1::/48 via 2001:db8::9 dev eth0 table main proto keepalived scope global \
             metric 77 expires",
            "nexthop via 2001:db8::8 dev eth0 weight 2",
            "unreachable 2001:db8:3::/48",
        ] {
            let found = line.split(' ').all(|word| routes.contains(word));
            assert!(found, "{line}\n{routes}");
        }
        let rules = ip("-d -4 rule") + &ip("-d -6 rule");
        for line in [
            "100:\tfrom 10.1.0.0/16 lookup 1000",
            "101:\tnot from 10.1.0.0/16 to 10.2.0.0/16 tos",
            "fwmark 0x5/0xff iif eth0 uidrange 5-10 ipproto tcp sport 80-90 dport 100-200 lookup 1000 \
             suppress_prefixlength 8 suppress_ifgroup 3 realms 1/2",
            "102:\tfrom 2001:db8::/32 goto 200",
            "103:\tfrom 10.1.0.0/16 tun_id 77 unreachable",
        ] {
            assert!(rules.contains(line), "{line}\n{rules}");
        }
        let tables = RoutingTables::read().unwrap();
        for entry in entries() {
            assert!(tables.holds(&entry, &resolve), "{entry}");
        }
        assert!(apply(&additions()).iter().all(Option::is_some), "twice");
        assert_eq!(apply(&removals()), vec![None; 12]);
        let left = ip("-4 route show table all") + &ip("-6 route show table all");
        assert!(
            !left.contains("proto keepalived") && !left.contains("proto 18"),
            "{left}"
        );
        let tables = RoutingTables::read().unwrap();
        for entry in entries() {
            assert!(!tables.holds(&entry, &resolve), "{entry}");
        }
    });
}

#[test]
fn one_entry_is_not_taken_for_another() {
    isolated(|| {
        let _cable = world();
        assert_eq!(apply(&additions()), vec![None; 12]);
        ip("route del 10.1.0.0/16");
        ip("route add 10.1.0.0/16 dev eth0 proto static");
        let tables = RoutingTables::read().unwrap();
        let missing: Vec<String> = entries()
            .iter()
            .filter(|entry| !tables.holds(entry, &resolve))
            .map(ToString::to_string)
            .collect();
        assert_eq!(missing, ["10.1.0.0/16 dev eth0"]);
    });
}

#[test]
fn the_monitor_tells_of_removals_of_ours_only() {
    isolated(|| {
        let _cable = world();
        let mut monitor = RoutingMonitor::open().unwrap();
        assert_eq!(apply(&additions()), vec![None; 12]);
        ip("route add 10.7.0.0/16 dev eth0 proto static");
        ip("route del 10.7.0.0/16");
        assert!(!readable(&monitor, SILENCE));
        ip("route del 10.1.0.0/16");
        assert!(readable(&monitor, PATIENCE));
        assert!(monitor.drain().unwrap());
        assert!(!monitor.drain().unwrap());
        ip("rule del preference 100");
        assert!(readable(&monitor, PATIENCE));
    });
}

#[test]
fn different_entries_print_differently() {
    let mut texts: Vec<String> = entries().iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 12);
}
