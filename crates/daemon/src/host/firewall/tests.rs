//! Rules that real nft printed, and what becomes of advertisements under them.

use std::net::IpAddr;

use serde_json::{Value, json};
use standfast_config::{Code, Config, Diagnostic};

use super::packet::{AUTHENTICATION_HEADER, Direction, Packet, VRRP};
use super::ruleset::Ruleset;
use super::walk::{Place, surely_dropped};
use super::{iptables, judge};
use crate::host::tests::instance;

const DENY: &str = include_str!("fixtures/deny.json");
const ALLOW: &str = include_str!("fixtures/allow.json");
const FIREWALLD: &str = include_str!("fixtures/firewalld.json");
const MISCELLANEOUS: &str = include_str!("fixtures/misc.json");
const IPTABLES: &str = include_str!("fixtures/iptables.json");
const IPTABLES_TEXT: &str = include_str!("fixtures/iptables.txt");

const VIP: &str = "virtual_ipaddress {\n192.0.2.100/24\n}\n";

fn ruleset(text: &str) -> Ruleset {
    Ruleset::parse(text.as_bytes()).unwrap()
}

/// What is said of advertisements.
fn findings(lines: &str, rules: &str) -> Vec<Diagnostic> {
    judge_adverts(&instance(lines), &ruleset(rules))
}

fn judge_adverts(config: &Config, rules: &Ruleset) -> Vec<Diagnostic> {
    let mut found = judge(config, rules);
    found.retain(|one| one.code == Code::FirewallDrops);
    found
}

/// What is said of the peer channel.
fn on_channel(lines: &str, rules: &Ruleset) -> Vec<Diagnostic> {
    let mut found = judge(&instance(lines), rules);
    found.retain(|one| one.code == Code::PeerChannelBlocked);
    found
}

fn incoming() -> Packet<'static> {
    Packet {
        direction: Direction::In,
        interface: "eth0",
        source: None,
        destination: IpAddr::from([224, 0, 0, 18]),
        protocol: VRRP,
        port: None,
    }
}

/// One base chain at the input hook, with these rules and this policy.
fn chain(policy: &str, rules: &[Value]) -> Ruleset {
    let base = json!({ "chain": { "family": "inet", "table": "t", "name": "input", "type": "filter", "hook": "input", "prio": 0, "policy": policy } });
    let rule = |expr: &Value| json!({ "rule": { "family": "inet", "table": "t", "chain": "input", "handle": 7, "expr": expr } });
    let mut all = vec![base];
    all.extend(rules.iter().map(rule));
    ruleset(&json!({ "nftables": all }).to_string())
}

fn dropped(packet: &Packet<'_>, rules: &Ruleset) -> Option<Place> {
    surely_dropped(packet, rules, |_| false)
}

fn condition(op: &str, left: Value, right: Value) -> Value {
    json!({ "match": { "op": op, "left": left, "right": right } })
}

#[test]
fn a_policy_that_drops_is_named_with_table_chain_and_remedy() {
    let found = findings(VIP, DENY);
    assert_eq!(found.len(), 1, "only what comes in is dropped");
    let found = found.first().unwrap();
    assert_eq!(found.code, Code::FirewallDrops);
    let says = "(table inet filter, chain input, by its policy)";
    assert!(found.message.contains(says), "{}", found.message);
    let help = found.help.as_deref().unwrap();
    let says = "nft insert rule inet filter input iifname \"eth0\" ip protocol 112 accept";
    assert!(help.contains(says), "{help}");
}

#[test]
fn a_running_instance_is_judged_like_its_configuration() {
    use standfast_api::status::{Instance, Status};
    let running = |name: &str, authentication: &str| Instance {
        name: name.to_owned(),
        interface: "eth0".to_owned(),
        destinations: vec![IpAddr::from([224, 0, 0, 18])],
        authentication: authentication.to_owned(),
        source: Some(IpAddr::from([192, 0, 2, 1])),
        ..Instance::default()
    };
    let status = |instances| Status {
        instances,
        ..Status::default()
    };
    let both = status(vec![running("VI_1", "none"), running("VI_2", "pass")]);
    let found = super::running::judge(&both, &ruleset(DENY));
    assert_eq!(found.len(), 1, "one place drops what comes in: {found:?}");
    let found = found.first().unwrap();
    assert_eq!(found.kind, "vrrp-filtered");
    assert_eq!(found.instances, ["VI_1", "VI_2"]);
    assert!(
        found.text.contains("chain input, by its policy"),
        "{}",
        found.text
    );
    assert!(found.fix.as_deref().unwrap().contains("nft insert rule"));
    assert_eq!(super::running::judge(&both, &ruleset(ALLOW)), []);
    let sealed = status(vec![running("VI_1", "ah")]);
    assert_eq!(super::running::judge(&sealed, &ruleset(ALLOW)).len(), 1);
    let mut unicast = running("VI_1", "none");
    unicast.unicast = true;
    unicast.destinations = vec![IpAddr::from([192, 168, 1, 13])];
    let drop = chain("drop", &[]);
    let found = super::running::judge(&status(vec![unicast]), &drop);
    assert!(
        found.first().unwrap().text.contains("from 192.168.1.13"),
        "{found:?}"
    );
}

#[test]
fn a_rule_for_the_protocol_lets_it_through() {
    assert_eq!(findings(VIP, ALLOW), []);
    // It is for VRRP itself, not for VRRP inside an authentication header.
    let header = format!("{VIP}authentication {{\nauth_type AH\nauth_pass x\n}}\n");
    let found = findings(&header, ALLOW);
    assert!(
        found
            .first()
            .unwrap()
            .help
            .as_deref()
            .unwrap()
            .contains("51")
    );
}

#[test]
fn unicast_is_judged_by_its_peers() {
    let peers =
        |first: &str| format!("{VIP}unicast_src_ip 192.168.1.11\nunicast_peer {{\n{first}\n}}\n");
    // Whether a peer's packet belongs to a known connection depends on who was master before.
    assert_eq!(findings(&peers("192.168.1.13"), DENY), []);
    let drop = chain("drop", &[]);
    let found = judge_adverts(&instance(&peers("192.168.1.13")), &drop);
    assert!(found.first().unwrap().message.contains("from 192.168.1.13"));
    let saddr = json!({ "payload": { "protocol": "ip", "field": "saddr" } });
    let accept = [json!([condition("==", saddr, json!("192.168.1.13")), { "accept": null }])];
    assert_eq!(
        judge_adverts(&instance(&peers("192.168.1.13")), &chain("drop", &accept)),
        []
    );
    assert_eq!(
        judge_adverts(&instance(&peers("192.168.1.14")), &chain("drop", &accept)).len(),
        1
    );
}

#[test]
fn zones_of_firewalld_are_followed() {
    // An address translation may have let it through: nothing of that applies to a group.
    let found = findings(VIP, FIREWALLD);
    let found = found.first().unwrap();
    assert!(
        found.message.contains("chain filter_IN_public, rule"),
        "{}",
        found.message
    );
    let help = found.help.as_deref().unwrap();
    assert!(
        help.starts_with("firewall-cmd --permanent --add-protocol=vrrp"),
        "{help}"
    );
}

#[test]
fn iptables_conditions_are_read_from_its_own_text() {
    let mut rules = ruleset(IPTABLES);
    assert_eq!(
        dropped(&incoming(), &rules),
        None,
        "conntrack is hidden from nft"
    );
    iptables::complete(&mut rules, |family| {
        (family == "ip").then(|| IPTABLES_TEXT.to_owned())
    });
    let found = judge_adverts(&instance(VIP), &rules);
    let found = found.first().unwrap();
    assert!(
        found.message.contains("table ip filter, chain INPUT"),
        "{}",
        found.message
    );
    assert_eq!(
        found.help.as_deref(),
        Some("ufw allow in on eth0 to 224.0.0.18")
    );
    // A text that does not fit the rules is not believed.
    let mut rules = ruleset(IPTABLES);
    let short: Vec<&str> = IPTABLES_TEXT
        .lines()
        .filter(|line| !line.contains("INVALID"))
        .collect();
    iptables::complete(&mut rules, |_| Some(short.join("\n")));
    assert_eq!(dropped(&incoming(), &rules), None);
}

#[test]
fn each_condition_is_answered_for_an_advertisement() {
    // The chain `zone` accepts by one rule after the other: what is left of it decides.
    let expected = [
        (7, true),   // meta l4proto vrrp
        (8, true),   // ip daddr 224.0.0.0/8
        (9, true),   // pkttype multicast
        (11, true),  // pkttype { broadcast, multicast }
        (14, true),  // fib daddr type multicast
        (15, false), // iif lo
        (17, true),  // l4proto { ah, esp, vrrp }
        (19, false), // ip daddr 10.0.0.1-10.0.0.9
        (20, false), // ct state established,related
        (24, true),  // iifname eth*
        (26, false), // ip6 nexthdr vrrp
        (27, false), // ip6 saddr fe80::/10
        (28, true),  // meta protocol ip
    ];
    let all = ruleset(MISCELLANEOUS);
    let rules = all.chains.iter().find(|((_, _, name), _)| name == "zone");
    let rules = &rules.unwrap().1.rules;
    for (handle, accepts) in expected {
        let rule = rules.iter().find(|rule| rule.handle == handle).unwrap();
        let alone = chain("drop", &[Value::Array(rule.statements.clone())]);
        let lets_through = dropped(&incoming(), &alone).is_none();
        assert_eq!(
            lets_through, accepts,
            "handle {handle}: {:?}",
            rule.statements
        );
    }
    // Drops: `nfproto ipv4` applies, `ttl < 255` and `protocol != vrrp` do not, a group and a route cannot be told.
    for (handle, drops) in [
        (12, true),
        (13, false),
        (18, false),
        (25, false),
        (31, false),
    ] {
        let rule = rules.iter().find(|rule| rule.handle == handle).unwrap();
        let alone = chain("accept", &[Value::Array(rule.statements.clone())]);
        assert_eq!(
            dropped(&incoming(), &alone).is_some(),
            drops,
            "handle {handle}"
        );
    }
}

#[test]
fn what_cannot_be_told_is_not_reported() {
    let accept = json!({ "accept": null });
    let state = json!({ "ct": { "key": "state" } });
    let new = condition("in", state.clone(), json!(["new"]));
    let old = condition("in", state, json!(["established"]));
    let cases = [
        json!([{ "limit": { "rate": 5, "per": "second" } }, accept]),
        json!([
            condition("==", json!({ "meta": { "key": "mark" } }), json!(1)),
            accept
        ]),
        json!([{ "xt": { "type": "match", "name": "u32" } }, accept]),
        json!([{ "queue": null }]),
        json!([{ "something new": {} }]),
        json!([{ "jump": { "target": "nowhere" } }]),
        json!(["nonsense", 5]),
        json!([
            condition(
                "==",
                json!({ "meta": { "key": "iifname" } }),
                json!("@missing")
            ),
            accept
        ]),
        json!([new, accept]),
    ];
    for case in cases {
        assert_eq!(
            dropped(&incoming(), &chain("drop", std::slice::from_ref(&case))),
            None,
            "{case}"
        );
    }
    let drop = chain("drop", &[json!([old, accept])]);
    assert!(dropped(&incoming(), &drop).is_some());
    // Somebody keeps packets from being tracked: their state is not known any more.
    let mut untracked = drop;
    untracked.untracks = true;
    assert_eq!(dropped(&incoming(), &untracked), None);
}

#[test]
fn named_sets_are_looked_into_unless_they_change_by_themselves() {
    let verdict = |flags: Value, element: &str| {
        let left = json!({ "payload": { "protocol": "ip", "field": "daddr" } });
        let accept = json!([condition("==", left, json!("@groups")), { "accept": null }]);
        let set = json!({ "nftables": [{ "set": { "family": "inet", "table": "t", "name": "groups", "type": "ipv4_addr", "flags": flags, "elem": [element] } }] });
        let mut rules = chain("drop", &[accept]);
        rules.sets = ruleset(&set.to_string()).sets;
        dropped(&incoming(), &rules).is_some()
    };
    assert!(!verdict(json!([]), "224.0.0.18"));
    assert!(verdict(json!([]), "224.0.0.251"));
    assert!(!verdict(json!(["timeout"]), "224.0.0.251"));
    assert!(!verdict(json!("timeout"), "224.0.0.251"));
    let filled = json!({ "nftables": [
        { "set": { "family": "inet", "table": "t", "name": "seen", "elem": ["192.0.2.1"] } },
        { "rule": { "family": "inet", "table": "t", "chain": "input", "handle": 1, "expr": [
            { "set": { "op": "add", "elem": { "payload": { "protocol": "ip", "field": "saddr" } }, "set": "@seen" } }
        ] } },
    ] });
    assert!(ruleset(&filled.to_string()).sets.is_empty());
}

#[test]
fn chains_that_call_each_other_without_end_are_left() {
    let rules = ruleset(
        &json!({ "nftables": [
            { "chain": { "family": "inet", "table": "t", "name": "input", "type": "filter", "hook": "input", "prio": 0, "policy": "drop" } },
            { "chain": { "family": "inet", "table": "t", "name": "a" } },
            { "rule": { "family": "inet", "table": "t", "chain": "input", "handle": 1, "expr": [{ "jump": { "target": "a" } }] } },
            { "rule": { "family": "inet", "table": "t", "chain": "a", "handle": 2, "expr": [{ "jump": { "target": "a" } }] } },
            { "rule": { "family": "inet", "table": "t", "chain": "a", "handle": 3, "expr": [{ "jump": { "target": "a" } }] } },
        ] })
        .to_string(),
    );
    assert_eq!(dropped(&incoming(), &rules), None);
    assert!(Ruleset::parse(b"not json").is_none());
}

#[test]
fn the_daemons_own_tables_are_not_blamed() {
    let text = DENY.replace("\"table\": \"filter\"", "\"table\": \"keepalived\"");
    assert_eq!(findings(VIP, &text), []);
}

#[test]
fn an_authentication_header_is_another_protocol() {
    let header = Packet {
        protocol: AUTHENTICATION_HEADER,
        ..incoming()
    };
    let left = json!({ "meta": { "key": "l4proto" } });
    let accept = [json!([condition("==", left, json!("ah")), { "accept": null }])];
    let rules = chain("drop", &accept);
    assert_eq!(dropped(&header, &rules), None);
    assert!(dropped(&incoming(), &rules).is_some());
}

#[test]
fn the_peer_channel_is_judged_as_advertisements_are() {
    let help = |rules: &Ruleset| {
        let found = on_channel(VIP, rules);
        let found = found.first().unwrap();
        assert!(
            found.message.contains("come in on eth0"),
            "{}",
            found.message
        );
        found.help.clone().unwrap()
    };
    // VRRP may pass there, and nothing else.
    let text = help(&ruleset(ALLOW));
    let says = "nft insert rule inet filter input iifname \"eth0\" udp dport 9112 accept";
    assert!(text.contains(says), "{text}");
    let text = help(&ruleset(FIREWALLD));
    assert!(text.contains("--add-port=9112/udp"), "{text}");
    let dport = |port: u16| {
        let left = json!({ "payload": { "protocol": "udp", "field": "dport" } });
        json!([condition("==", left, json!(port)), { "accept": null }])
    };
    assert_eq!(on_channel(VIP, &chain("drop", &[dport(9112)])), []);
    assert_eq!(on_channel(VIP, &chain("drop", &[dport(9113)])).len(), 1);
    assert_eq!(on_channel(VIP, &chain("accept", &[])), []);
    let l4 = json!({ "meta": { "key": "l4proto" } });
    let udp = json!([condition("==", l4, json!("udp")), { "drop": null }]);
    assert_eq!(
        on_channel(VIP, &chain("accept", std::slice::from_ref(&udp))).len(),
        1
    );
    assert_eq!(judge_adverts(&instance(VIP), &chain("accept", &[udp])), []);
    let off = format!("{VIP}peer_channel off\n");
    assert_eq!(on_channel(&off, &chain("drop", &[])), []);
}
