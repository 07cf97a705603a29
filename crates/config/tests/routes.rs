//! Routes and rules in the words of ip(8); what is refused was compared with `keepalived -t` of 2.2.7.

mod common;

use common::read;
use standfast_config::{
    Code, Encapsulation, Family, Insert, Loaded, Metric, Named, Route, RouteKind, RouteTime,
    RouterPreference, Rule, RuleAction,
};

fn route(line: &str) -> Option<Route> {
    let loaded = read(format!("static_routes {{\n{line}\n}}\n"));
    loaded.config.static_routes.into_iter().next()
}

fn rule(line: &str) -> Option<Rule> {
    let loaded = read(format!("static_rules {{\n{line}\n}}\n"));
    loaded.config.static_rules.into_iter().next()
}

/// The words of the line that findings of keepalived's point at.
fn blamed(block: &str, line: &str) -> Vec<(Code, String)> {
    let loaded = read(format!("{block} {{\n{line}\n}}\n"));
    let findings = loaded.diagnostics.iter();
    findings
        .filter(|one| one.keepalived_class.is_some())
        .map(|one| (one.code, text(&loaded, one.primary)))
        .collect()
}

fn text(loaded: &Loaded, span: standfast_config::Span) -> String {
    String::from_utf8_lossy(loaded.sources.text(span)).into_owned()
}

fn number(named: Option<Named>) -> Option<u32> {
    named.and_then(|named| named.number)
}

#[test]
fn a_route_has_defaults_for_all_that_it_leaves_out() {
    let one = route("10.9.0.0/16 via 10.0.0.1 dev eth0").unwrap();
    assert_eq!((one.family, one.kind), (Family::V4, RouteKind::Unicast));
    assert_eq!((one.destination.prefix, one.tracked), (16, true));
    assert_eq!(one.gateway, Some("10.0.0.1".parse().unwrap()));
    assert_eq!(one.protocol.number, Some(18));
    assert_eq!((one.table, one.scope, one.metric), (None, None, None));
    assert_eq!(one.insert, Insert::Prepend);
}

#[test]
fn default_takes_the_family_of_its_gateway() {
    let one = route("default via fe80::1 dev eth0").unwrap();
    assert_eq!(one.family, Family::V6);
    assert_eq!(one.destination.address.to_string(), "::");
    assert_eq!(one.destination.prefix, 0);
    let one = route("default dev eth0").unwrap();
    assert_eq!(one.destination.address.to_string(), "0.0.0.0");
}

#[test]
fn every_option_is_kept() {
    let one = route(
        "unreachable 10.9.0.0/16 dev eth0 src 10.0.0.9 table vpn protocol static no_track scope link \
         tos 0x10 metric 7 onlink mtu lock 1400 hoplimit 9 rtt 1.5s rttvar 20ms rto_min 5 realms 3/4 \
         quickack 1 congctl lock reno features ecn ttl-propagate disabled encap mpls 16/20 append",
    )
    .unwrap();
    assert_eq!(one.kind, RouteKind::Unreachable);
    assert_eq!(one.table.clone().unwrap().text, "vpn");
    assert_eq!(number(one.table), None);
    assert_eq!((number(one.scope), number(one.tos)), (Some(253), Some(16)));
    assert_eq!((one.protocol.number, one.tracked), (Some(4), false));
    let metrics = one.metrics;
    let mtu = Metric {
        value: 1400,
        locked: true,
    };
    assert_eq!((metrics.mtu, metrics.hop_limit), (Some(mtu), Some(9)));
    let time = |metric: Option<Metric<RouteTime>>| metric.map(|metric| metric.value);
    assert_eq!(
        time(metrics.round_trip_time),
        Some(RouteTime::Milliseconds(1500))
    );
    assert_eq!(
        time(metrics.round_trip_variance),
        Some(RouteTime::Milliseconds(20))
    );
    assert_eq!(
        time(metrics.min_retransmission_timeout),
        Some(RouteTime::Raw(5))
    );
    assert!(metrics.explicit_congestion_notification);
    assert!(metrics.congestion_control.unwrap().locked);
    let realms = one.realms.unwrap();
    assert_eq!((number(realms.from), realms.to.number), (Some(3), Some(4)));
    assert_eq!(one.encapsulation, Some(Encapsulation::Mpls(vec![16, 20])));
    assert_eq!(
        (one.ttl_propagate, one.insert),
        (Some(false), Insert::Append)
    );
}

#[test]
fn preference_and_expiry_are_for_ipv6() {
    let one = route("2001:db8::/32 dev eth0 pref high expires 60").unwrap();
    assert_eq!(one.preference, Some(RouterPreference::High));
    assert_eq!(one.expires_s, Some(60));
    assert_eq!(route("10.9.0.0/16 dev eth0 pref high"), None);
}

#[test]
fn next_hops_share_the_traffic() {
    let line = "10.9.0.0/16 nexthop via 10.0.0.1 dev eth0 weight 3 onlink nexthop via 10.0.0.2";
    let one = route(line).unwrap();
    let weights: Vec<u16> = one.next_hops.iter().map(|hop| hop.weight).collect();
    assert_eq!(weights, [3, 1]);
    assert!(one.next_hops[0].on_link && !one.next_hops[1].on_link);
    // Without an interface of the route itself keepalived does not watch it.
    assert!(!one.tracked);
    let one = route("10.9.0.0/16 via 10.0.0.1 or 10.0.0.2 dev eth0").unwrap();
    assert_eq!((one.next_hops.len(), one.gateway), (2, None));
}

#[test]
fn tunnels_have_fields() {
    let one = route("10.9.0.0/16 dev eth0 encap ip6 id 7 dst 2001:db8::1 hoplimit 9 mtu 1400");
    let one = one.unwrap();
    let Some(Encapsulation::Ip6(header)) = one.encapsulation else {
        panic!("no tunnel")
    };
    assert_eq!((header.id, header.hop_limit), (Some(7), Some(9)));
    assert_eq!(header.destination, Some("2001:db8::1".parse().unwrap()));
    assert_eq!(one.metrics.mtu.map(|mtu| mtu.value), Some(1400));
}

#[test]
fn a_bad_route_is_left_out_and_the_word_is_named() {
    let cases = [
        ("10.9.0.0/16 dev eth0 mtu x", Code::InvalidNumber, "x"),
        ("10.9.0.0/16 dev eth0 hoplimit 300", Code::OutOfRange, "300"),
        (
            "10.9.0.0/16 via 10.0.0.300 dev eth0",
            Code::InvalidAddress,
            "10.0.0.300",
        ),
        (
            "10.9.0.0/16 via fe80::1 dev eth0",
            Code::MixedFamilies,
            "fe80::1",
        ),
        ("10.9.0.0/16 dev eth0 table 5x", Code::UnknownName, "5x"),
        (
            "10.9.0.0/16 dev eth0 features fast",
            Code::InvalidChoice,
            "fast",
        ),
        (
            "10.9.0.0/16 dev eth0 whatever",
            Code::InvalidAddress,
            "whatever",
        ),
        ("10.9.0.0/16 dev eth0 encap ip", Code::RouteIncomplete, "ip"),
        (
            "via 10.0.0.1 dev eth0",
            Code::RouteIncomplete,
            "via 10.0.0.1 dev eth0",
        ),
        (
            "10.9.0.0/16 dev eth0 rttvar 481s",
            Code::InvalidNumber,
            "481s",
        ),
        ("10.9.0.0/16 dev nope", Code::InterfaceUnknown, "nope"),
    ];
    for (line, code, word) in cases {
        assert_eq!(blamed("static_routes", line), [(code, word.to_owned())]);
        assert_eq!(route(line), None, "{line}");
    }
}

#[test]
fn an_option_without_its_value_stops_keepalived() {
    let loaded = read("static_routes {\n10.9.0.0/16 dev eth0 mtu lock\n}\n");
    assert_eq!(loaded.keepalived_test_exit(), 2);
    assert!(loaded.keepalived_refusal().is_some());
}

#[test]
fn a_tracked_route_keeps_its_protocol() {
    let line = "10.9.0.0/16 dev eth0 protocol static";
    assert_eq!(blamed("static_routes", line)[0].0, Code::NotTracked);
    assert_eq!(route(line).unwrap().protocol.number, Some(18));
}

#[test]
fn rules_select_and_act() {
    let one = rule(
        "not from 10.9.0.0/16 to 10.8.0.0/16 iif eth0 oif eth1 fwmark 0x10/0xff ipproto tcp sport 1-5 \
         uidrange 0-99 tunnel-id 7 table main preference 100 sup_pl 0 realms 5",
    )
    .unwrap();
    assert!(one.inverted && one.tracked);
    assert_eq!((one.preference, one.protocol), (100, 18));
    assert_eq!(
        one.action,
        RuleAction::Table(Named {
            text: "main".to_owned(),
            number: Some(254)
        })
    );
    let mark = one.mark.unwrap();
    assert_eq!((mark.value, mark.mask), (16, 255));
    assert_eq!((one.source_ports, one.users), (Some(1..=5), Some(0..=99)));
    assert_eq!(number(one.ip_protocol), Some(6));
    assert_eq!(
        rule("type blackhole preference 5").unwrap().action,
        RuleAction::Blackhole
    );
    assert_eq!(
        rule("goto 9 preference 5").unwrap().action,
        RuleAction::Goto(9)
    );
}

#[test]
fn rules_without_preference_count_down_by_family() {
    let lines = "from 10.0.0.0/8 table 5\nfrom 2001:db8::/32 table 5\nfrom 10.1.0.0/16 table 5";
    let loaded = read(format!("static_rules {{\n{lines}\n}}\n"));
    let rules = loaded.config.static_rules.iter();
    let preferences: Vec<u32> = rules.map(|rule| rule.preference).collect();
    assert_eq!(preferences, [16_384, 16_384, 16_383]);
    assert_eq!(loaded.keepalived_test_exit(), 5);
}

#[test]
fn a_bad_rule_is_left_out_and_the_word_is_named() {
    let cases = [
        (
            "from 10.9.0.0/16 preference 5",
            Code::RuleIncomplete,
            "from 10.9.0.0/16 preference 5",
        ),
        (
            "goto 5 preference 5",
            Code::RuleIncomplete,
            "goto 5 preference 5",
        ),
        ("table 5 nop preference 5", Code::AlreadySpecified, "nop"),
        (
            "blackhole realms 3 preference 5",
            Code::RuleIncomplete,
            "realms",
        ),
        ("table 0 preference 5", Code::OutOfRange, "table"),
        (
            "from 10.9.0.0/16 to ::/0 table 5 preference 5",
            Code::MixedFamilies,
            "::/0",
        ),
        ("table 5 fwmark x preference 5", Code::InvalidNumber, "x"),
        ("table 5 sport 5 preference 5", Code::InvalidValue, "5"),
        (
            "table 5 iif nope preference 5",
            Code::InterfaceUnknown,
            "nope",
        ),
    ];
    for (line, code, word) in cases {
        assert_eq!(blamed("static_rules", line), [(code, word.to_owned())]);
        assert_eq!(rule(line), None, "{line}");
    }
}

#[test]
fn instances_have_routes_and_rules_of_their_own() {
    let loaded = read(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {\n10.0.0.9\n}\nvirtual_routes {\n10.9.0.0/16 dev eth0\n10.8.0.0/16 dev eth0 track_group g\n}\nvirtual_rules {\ntable 5 preference 5\n}\n}\n",
    );
    let instance = &loaded.config.instances[0];
    // Groups are for static entries.
    assert_eq!((instance.routes.len(), instance.rules.len()), (1, 1));
    assert_eq!(loaded.keepalived_test_exit(), 5);
}

#[test]
fn dynamic_interfaces_may_come_later() {
    let loaded =
        read("global_defs {\ndynamic_interfaces\n}\nstatic_routes {\n10.9.0.0/16 dev nope\n}\n");
    assert_eq!(loaded.config.static_routes.len(), 1);
    assert_eq!(loaded.keepalived_test_exit(), 0);
}
