//! Several nodes' configurations compared.

mod common;

use std::collections::BTreeSet;

use standfast_config::Code;
use standfast_config::nodes::{Comparison, Event, Node, compare};

/// Both texts as the nodes a and b.
fn pair(a: &str, b: &str) -> Comparison {
    let (a, b) = (common::read(a), common::read(b));
    compare(&[
        Node {
            name: "a",
            loaded: &a,
        },
        Node {
            name: "b",
            loaded: &b,
        },
    ])
}

/// An instance with these lines beside the basic ones.
fn node(priority: u8, lines: &str) -> String {
    format!(
        "vrrp_script chk {{\nscript \"/bin/true\"\n}}\nvrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 51\npriority {priority}\nadvert_int 1\nvirtual_ipaddress {{\n192.0.2.100/24\n}}\n{lines}\n}}\n"
    )
}

fn codes(found: &Comparison) -> BTreeSet<Code> {
    found.diagnostics.iter().map(|found| found.code).collect()
}

#[test]
fn a_pair_that_fits_draws_nothing() {
    let found = pair(
        &node(110, "track_script {\nchk\n}"),
        &node(100, "track_script {\nchk\n}"),
    );
    assert_eq!(codes(&found), BTreeSet::new());
}

/// Both texts of each row fit together.
#[track_caller]
fn assert_fit(rows: &[(&str, String, String)]) {
    for (name, a, b) in rows {
        let found = pair(a, b);
        assert_eq!(
            codes(&found),
            BTreeSet::new(),
            "{name}: {:?}",
            found.diagnostics
        );
    }
}

#[test]
fn nodes_may_differ_in_names_and_roles() {
    let weighed = "track_script {\nchk weight -60\n}";
    let master = |text: String| text.replace("BACKUP", "MASTER");
    let named =
        |id: &str, priority| format!("global_defs {{\nrouter_id {id}\n}}\n{}", node(priority, ""));
    let tracked = node(110, "track_script {\nchk\n}");
    let hardly = node(100, "track_script {\nchk weight -10\n}");
    let fixed = |priority| node(priority, "nopreempt");
    let high = || node(110, "");
    let low = || node(100, "");
    assert_fit(&[
        ("states", master(high()), low()),
        ("states, the other way round", low(), master(high())),
        ("interface", high().replace("eth0", "eth1"), low()),
        ("name", high().replace("VI_1", "web"), low()),
        ("router_id", named("a", 110), named("b", 100)),
        ("nopreempt on the higher", fixed(110), low()),
        ("nopreempt on both", fixed(110), fixed(100)),
        (
            "a weight that is enough",
            node(150, weighed),
            node(100, weighed),
        ),
        ("a check on one node", tracked, low()),
        ("a small weight of the backup", node(150, ""), hardly),
    ]);
}

#[test]
fn nodes_may_say_the_same_in_other_words() {
    let second = |priority: u8| {
        let other = node(priority, "")
            .replace("VI_1", "VI_2")
            .replace("_id 51", "_id 52");
        other
            .replace("192.0.2", "198.51.100")
            .replace("chk", "chk2")
    };
    let addresses = |priority, list: &str| node(priority, "").replace("192.0.2.100/24", list);
    let password = |priority, text: &str| {
        let lines = format!("authentication {{\nauth_type PASS\nauth_pass {text}\n}}");
        node(priority, &lines)
    };
    let global = "global_defs {\nvrrp_version 3\n}\n".to_owned();
    assert_fit(&[
        (
            "a group by its name",
            node(110, "mcast_dst_ip 224.0.0.18"),
            node(100, ""),
        ),
        (
            "the version",
            global + &node(110, ""),
            node(100, "version 3"),
        ),
        (
            "the order of instances, each node master of one",
            node(110, "") + &second(100),
            second(110) + &node(100, ""),
        ),
        (
            "the order of addresses",
            addresses(110, "192.0.2.101/24\n192.0.2.100/24"),
            addresses(100, "192.0.2.100/24\n192.0.2.101/24"),
        ),
        (
            "a password's end that nobody reads",
            password(110, "12345678a"),
            password(100, "12345678b"),
        ),
    ]);
}

#[test]
fn unicast_nodes_may_have_more_peers_or_no_source() {
    let unicast = |priority, lines: &str, peers: &str| {
        node(priority, &format!("{lines}\nunicast_peer {{\n{peers}\n}}"))
    };
    assert_fit(&[
        (
            "a third node",
            unicast(110, "unicast_src_ip 192.0.2.2", "192.0.2.3\n192.0.2.4"),
            unicast(100, "unicast_src_ip 192.0.2.3", "192.0.2.4\n192.0.2.2"),
        ),
        (
            "no source",
            unicast(110, "", "192.0.2.3"),
            unicast(100, "", "192.0.2.2"),
        ),
    ]);
}

#[test]
fn signatures_that_the_other_node_does_not_believe_are_found() {
    let signing = |priority: u8, key: &str, rest: &str| {
        let key = format!("key {key}{:x<32}", "");
        node(
            priority,
            &format!("version 3\nauth_hmac {{\n{key}\n{rest}\n}}"),
        )
    };
    let plain = node(110, "version 3");
    let one = signing(100, "1 a", "active_key 1");
    let differs = BTreeSet::from([Code::AuthenticationDiffers]);
    for (other, found) in [
        (signing(110, "1 a", "active_key 1"), BTreeSet::new()),
        (signing(110, "1 b", "active_key 1"), differs.clone()),
        (signing(110, "2 a", "active_key 2"), differs.clone()),
        (plain.clone(), differs),
    ] {
        assert_eq!(codes(&pair(&one, &other)), found, "{other}");
    }
    let silent = signing(100, "1 a", "active_key 1\nmode receive-only");
    assert_eq!(codes(&pair(&silent, &plain)), BTreeSet::new());
}

#[test]
fn each_disagreement_has_its_code() {
    let plain = node(100, "");
    let cases: &[(&str, String, Code)] = &[
        (
            "vrid",
            node(110, "").replace("_id 51", "_id 52"),
            Code::VridDiffers,
        ),
        ("version", node(110, "version 3"), Code::VersionDiffers),
        (
            "interval",
            node(110, "").replace("_int 1", "_int 2"),
            Code::IntervalDiffers,
        ),
        (
            "authentication",
            node(110, "authentication {\nauth_type PASS\nauth_pass x\n}"),
            Code::AuthenticationDiffers,
        ),
        (
            "addresses",
            node(110, "virtual_ipaddress {\n192.0.2.101/24\n}"),
            Code::AddressesDiffer,
        ),
        (
            "prefix",
            node(110, "").replace("100/24", "100/25"),
            Code::PrefixDiffers,
        ),
        (
            "transport",
            node(110, "unicast_peer {\n192.0.2.9\n}"),
            Code::TransportDiffers,
        ),
        (
            "group",
            node(110, "mcast_dst_ip 224.0.0.99"),
            Code::TransportDiffers,
        ),
        ("priority", node(100, ""), Code::SamePriority),
        (
            "state",
            node(90, "").replace("BACKUP", "MASTER"),
            Code::StateAgainstPriority,
        ),
        ("nopreempt", node(90, "nopreempt"), Code::NopreemptOnLower),
        (
            "missing",
            node(110, "")
                .replace("192.0.2", "198.51.100")
                .replace("_id 51", "_id 7")
                .replace("VI_1", "X")
                + &node(110, ""),
            Code::OnlyOneNode,
        ),
    ];
    for (name, other, code) in cases {
        let found = pair(&plain, other);
        assert_eq!(
            codes(&found),
            BTreeSet::from([*code]),
            "{name}: {:?}",
            found.diagnostics
        );
        let place = found.sources.locate(found.diagnostics[0].primary);
        assert!(place.is_some(), "{name}");
    }
}

#[test]
fn the_same_name_twice_is_only_noted() {
    let with = |priority| format!("global_defs {{\nrouter_id x\n}}\n{}", node(priority, ""));
    assert_eq!(
        codes(&pair(&with(100), &with(110))),
        BTreeSet::from([Code::SameRouterId])
    );
}

#[test]
fn unicast_nodes_must_list_each_other() {
    let lines =
        |own: &str, peer: &str| format!("unicast_src_ip {own}\nunicast_peer {{\n{peer}\n}}");
    let a = node(110, &lines("192.0.2.2", "192.0.2.3"));
    assert_eq!(
        codes(&pair(&a, &node(100, &lines("192.0.2.3", "192.0.2.2")))),
        BTreeSet::new()
    );
    let found = pair(&a, &node(100, &lines("192.0.2.4", "192.0.2.2")));
    assert_eq!(codes(&found), BTreeSet::from([Code::PeerMissing]));
}

#[test]
fn version_3_adopts_an_interval_and_is_only_warned_about() {
    let a = node(110, "version 3");
    let found = pair(&a, &node(100, "version 3").replace("_int 1", "_int 2"));
    assert_eq!(found.diagnostics[0].code, Code::IntervalDiffers);
    assert_eq!(
        found.diagnostics[0].severity,
        standfast_config::Severity::Warning
    );
}

/// Who is master in each scenario of the only router.
fn masters(found: &Comparison) -> Vec<(String, Option<String>)> {
    let outlook = &found.outlook[0];
    let text = |event: &Event| match event {
        Event::AllWell => "well".to_owned(),
        Event::CheckFails { node, check } => format!("{check}@{node}"),
        Event::NodeLost { node } => format!("-{node}"),
    };
    outlook
        .scenarios
        .iter()
        .map(|scenario| (text(&scenario.event), scenario.master.clone()))
        .collect()
}

fn expected(rows: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    let master = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    rows.iter()
        .map(|(event, name)| ((*event).to_owned(), master(name)))
        .collect()
}

#[test]
fn a_check_without_weight_moves_the_address_and_a_small_weight_does_not() {
    let track = |weight: &str| format!("track_script {{\nchk {weight}\n}}");
    let found = pair(&node(150, &track("")), &node(100, &track("")));
    assert_eq!(
        masters(&found),
        expected(&[
            ("well", "a"),
            ("chk@a", "b"),
            ("chk@b", "a"),
            ("-a", "b"),
            ("-b", "a")
        ])
    );
    let found = pair(
        &node(150, &track("weight -10")),
        &node(100, &track("weight -10")),
    );
    assert_eq!(
        masters(&found),
        expected(&[
            ("well", "a"),
            ("chk@a", "a"),
            ("chk@b", "a"),
            ("-a", "b"),
            ("-b", "a")
        ])
    );
    assert_eq!(codes(&found), BTreeSet::from([Code::WeightMovesNothing]));
}

#[test]
fn a_positive_weight_counts_on_both_sides() {
    let track = "track_script {\nchk weight 2\n}";
    assert_eq!(
        masters(&pair(&node(101, track), &node(100, track)))[1]
            .1
            .as_deref(),
        Some("b")
    );
    // Only one side tracks: 101 + 2 against 100 falls to 101 against 100.
    assert_eq!(
        masters(&pair(&node(101, track), &node(100, "")))[1]
            .1
            .as_deref(),
        Some("a")
    );
}

#[test]
fn a_process_that_runs_adds_its_weight() {
    let process = "vrrp_track_process web {\nprocess nginx\nweight 20\n}\n";
    let tracked = node(100, "track_process {\nweb\n}");
    let found = pair(&format!("{process}{tracked}"), &node(110, ""));
    assert_eq!(
        masters(&found),
        expected(&[("well", "a"), ("web@a", "b"), ("-a", "b"), ("-b", "a"),])
    );
}

#[test]
fn under_nopreempt_a_weight_moves_nothing_and_a_fault_does() {
    let lines = |weight: &str| format!("nopreempt\ntrack_script {{\nchk {weight}\n}}");
    let weighed = pair(
        &node(110, &lines("weight -50")),
        &node(100, &lines("weight -50")),
    );
    assert_eq!(masters(&weighed)[1].1.as_deref(), Some("a"));
    let fault = pair(&node(110, &lines("")), &node(100, &lines("")));
    assert_eq!(masters(&fault)[1].1.as_deref(), Some("b"));
}

#[test]
fn equals_are_decided_by_their_addresses_where_these_are_known() {
    assert_eq!(masters(&pair(&node(100, ""), &node(100, "")))[0].1, None);
    let source = |ip: &str| node(100, &format!("mcast_src_ip {ip}"));
    assert_eq!(
        masters(&pair(&source("192.0.2.3"), &source("192.0.2.20")))[0]
            .1
            .as_deref(),
        Some("b")
    );
}

#[test]
fn three_nodes_fall_back_in_order() {
    let all: Vec<_> = [120, 110, 100]
        .iter()
        .map(|priority| common::read(node(*priority, "")))
        .collect();
    let names = ["a", "b", "c"];
    let nodes: Vec<_> = names
        .iter()
        .zip(&all)
        .map(|(name, loaded)| Node { name, loaded })
        .collect();
    assert_eq!(
        masters(&compare(&nodes)),
        expected(&[("well", "a"), ("-a", "b"), ("-b", "a"), ("-c", "a")])
    );
}

#[test]
fn hundreds_of_instances_are_paired_in_no_time() {
    let many = |priority: u8| -> String {
        let one = |at: u32| {
            node(priority, "")
                .replace("chk", &format!("chk{at}"))
                .replace("VI_1", &format!("VI_{at}"))
                .replace("192.0.2.100", &format!("10.{}.{}.1", at / 250, at % 250))
                .replace("_id 51", &format!("_id {}", at % 250 + 1))
                .replace("eth0", &format!("eth{}", at / 250))
        };
        (0..500).map(one).collect()
    };
    let (a, b) = (many(110), many(100));
    let start = std::time::Instant::now();
    let found = pair(&a, &b);
    assert_eq!(found.diagnostics, vec![]);
    assert!(
        start.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_fault_of_one_member_moves_its_whole_sync_group() {
    let text = |priority: u8| {
        let second = node(priority, "")
            .replace("chk", "unused")
            .replace("VI_1", "VI_2")
            .replace("_id 51", "_id 52")
            .replace("192.0.2.100", "192.0.2.101");
        node(priority, "track_script {\nchk\n}")
            + &second
            + "vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\n}\n"
    };
    let found = pair(&text(110), &text(100));
    let second = found
        .outlook
        .iter()
        .find(|outlook| outlook.name == "VI_2")
        .unwrap();
    let fails = second
        .scenarios
        .iter()
        .find(|scenario| matches!(&scenario.event, Event::CheckFails { node, .. } if node == "a"));
    assert_eq!(fails.unwrap().master.as_deref(), Some("b"));
}
