//! Who else is on the wire.

use standfast_api::status::*;

use super::situations::*;

#[test]
fn a_one_way_link_names_the_other_master() {
    let mut one = master();
    one.speakers = vec![speaker()];
    let phrases = [
        "two masters: 192.0.2.12 (MAC 02:00:00:00:00:0c) advertises too, with priority 90",
        "does not hear this node (a one-way link",
        "tcpdump -ni eth0 ip proto 112 and src 192.0.2.11",
    ];
    first(&status(one), "one-way-link", &phrases);
}

#[test]
fn the_last_word_of_a_loser_is_no_conflict() {
    let mut one = master();
    one.since_us = ago(1);
    one.speakers = vec![speaker()];
    one.nodes.push(there(State::Backup, 90));
    well(&status(one), &[]);
}

#[test]
fn a_master_whose_advertisements_do_not_come_is_filtered() {
    let mut one = master();
    one.nodes.push(there(State::Master, 90));
    let phrases = [
        "nginx-2 (192.0.2.12) is master too",
        "the peer channel hears it, but its advertisements do not come: none has ever come",
        "protocol 112 pass to 224.0.0.18",
    ];
    first(&status(one.clone()), "vrrp-filtered", &phrases);
    one.speakers = vec![Speaker {
        heard_us: ago(60),
        ..speaker()
    }];
    first(
        &status(one),
        "vrrp-filtered",
        &["the last one came 1 min ago"],
    );
}

#[test]
fn a_finding_about_this_host_comes_first() {
    let mut one = master();
    one.alone = true;
    let mut all = status(one);
    all.host = vec![HostFinding {
        kind: "vrrp-filtered".into(),
        instances: vec!["VI_1".into()],
        text: "the firewall of this host drops protocol 112".into(),
        fix: Some("nft insert rule …".into()),
    }];
    first(&all, "vrrp-filtered", &["firewall of this host"]);
    assert_eq!(explained(&all).problems.len(), 1);
    all.host[0].instances = vec!["VI_2".into()];
    first(&all, "never-heard", &[]);
}

#[test]
fn never_heard_is_a_problem_of_its_own() {
    let mut one = master();
    one.alone = true;
    let phrases = [
        "never heard any peer",
        "VRID 51 on eth0",
        "virtual_router_id 51",
    ];
    first(&status(one.clone()), "never-heard", &phrases);
    assert!(explained(&status(one.clone())).headline.contains("alone"));
    one.unicast = true;
    one.destinations = vec![ip(12)];
    first(
        &status(one),
        "never-heard",
        &["no advertisement came from 192.0.2.12"],
    );
}

#[test]
fn packets_that_are_refused_name_the_difference() {
    for (refusal, kind, phrase) in [
        (
            "authentication",
            "wrong-password",
            "auth_pass of VI_1 equal",
        ),
        ("authentication-type", "wrong-authentication", "auth_type"),
        ("hmac-wrong", "wrong-key", "auth_hmac"),
        ("hmac-stale", "clocks-differ", "NTP"),
        (
            "version",
            "wrong-version",
            "VRRP version 3, and this node version 2",
        ),
        (
            "interval",
            "interval-mismatch",
            "every 2 s, this node expects 1 s",
        ),
        ("stranger", "unknown-peer", "unicast_peer"),
        ("ttl", "wrong-ttl", "min_ttl"),
        ("checksum", "refused", "text of it"),
    ] {
        let mut one = master();
        let other = refused(refusal, "text of it");
        one.speakers = vec![Speaker {
            version: Some(if refusal == "version" { 3 } else { 2 }),
            interval_us: Some(2 * SECOND),
            ..other
        }];
        let all = status(one);
        first(
            &all,
            kind,
            &[
                phrase,
                "two masters: ",
                "192.0.2.12 (MAC 02:00:00:00:00:0c)",
            ],
        );
    }
}

#[test]
fn a_foreign_group_is_known_by_its_addresses() {
    let mut one = master();
    one.speakers = vec![Speaker {
        other_addresses: vec![ip(77), ip(78)],
        ..refused("authentication", "wrong password")
    }];
    let phrases = [
        "VRID 51 on eth0 is also used by another group",
        "192.0.2.77 and 192.0.2.78",
        "another virtual_router_id",
    ];
    first(&status(one), "foreign-group", &phrases);
    let mut one = backup();
    one.speakers = vec![Speaker {
        other_addresses: vec![ip(77)],
        ..speaker()
    }];
    first(
        &status(one),
        "foreign-group",
        &["nobody holds 192.0.2.200 because of it"],
    );
}

#[test]
fn lists_of_addresses_are_compared() {
    let mut one = backup();
    one.speakers = vec![Speaker {
        other_addresses: vec![ip(200), ip(201)],
        ..speaker()
    }];
    first(
        &status(one),
        "address-list-differs",
        &["it has 192.0.2.201 and this node has not"],
    );
}

#[test]
fn our_addresses_under_another_vrid_are_a_mistyped_vrid() {
    let mut one = master();
    one.alone = true;
    let mut all = status(one);
    all.strangers = vec![Stranger {
        vrid: 52,
        interface: "eth0".into(),
        address: ip(12),
        mac: Some(MAC.into()),
        priority: Some(90),
        addresses: vec![ip(200)],
        first_us: ago(300),
        heard_us: ago(1),
        times: 300,
    }];
    let phrases = [
        "192.0.2.12 (MAC 02:00:00:00:00:0c) advertises 192.0.2.200 with VRID 52, and VI_1 has VRID 51",
    ];
    first(&all, "wrong-vrid", &phrases);
    assert_eq!(explained(&all).problems.len(), 1);
    // Another group's addresses are its own affair.
    all.strangers[0].addresses = vec![ip(77)];
    first(&all, "never-heard", &[]);
}

#[test]
fn whoever_else_answers_for_an_address_is_named_by_its_hardware_address() {
    let mut one = master();
    one.holders = vec![Holder {
        address: ip(200),
        mac: MAC.into(),
        first_us: ago(20),
        seen_us: ago(1),
        times: 20,
    }];
    let phrases =
        ["the host with MAC 02:00:00:00:00:0c answers for 192.0.2.200 too (seen 20 times"];
    first(&status(one.clone()), "other-holder", &phrases);
    one.speakers = vec![Speaker {
        heard_us: ago(60),
        ..speaker()
    }];
    let phrases = [
        "192.0.2.12 (MAC 02:00:00:00:00:0c) answers for 192.0.2.200 too",
        "protocol 112",
    ];
    first(&status(one), "vrrp-filtered", &phrases);
}

/// The mistyped VRID was corrected: nothing more is heard of it, and the peer channel knows the node as BACKUP.
#[test]
fn another_vrid_that_was_put_right_is_forgotten() {
    let stranger = |seconds| Stranger {
        vrid: 52,
        interface: "eth0".into(),
        address: ip(12),
        mac: Some(MAC.into()),
        priority: Some(90),
        addresses: vec![ip(200)],
        first_us: ago(300),
        heard_us: ago(seconds),
        times: 300,
    };
    let mut all = status(master());
    all.strangers = vec![stranger(9)];
    first(&all, "wrong-vrid", &["two masters"]);
    all.strangers = vec![stranger(11)];
    well(&all, &[]);
    all.strangers = vec![stranger(2)];
    // The channel goes on while the node is in another router, and says what it was in this one.
    all.instances[0].nodes.push(there(State::Backup, 90));
    first(&all, "wrong-vrid", &["two masters"]);
    all.instances[0].nodes[1].since_us = ago(1);
    well(&all, &[]);
}

/// Its last packets were sent by a master, and it has said since then that it is none.
#[test]
fn whoever_has_given_way_is_no_second_master() {
    let mut one = master();
    one.speakers = vec![Speaker {
        heard_us: ago(2),
        ..speaker()
    }];
    one.nodes.push(there(State::Backup, 90));
    well(&status(one.clone()), &[]);
    one.nodes[1].heard_us = ago(3);
    first(&status(one.clone()), "one-way-link", &["two masters"]);
    one.nodes[1].heard_us = NOW;
    one.speakers = vec![Speaker {
        heard_us: ago(8),
        ..refused("authentication", "wrong password")
    }];
    well(&status(one), &[]);
}

fn held(last: u8, seconds: u64) -> Holder {
    Holder {
        address: ip(last),
        mac: MAC.into(),
        first_us: ago(20),
        seen_us: ago(seconds),
        times: 20,
    }
}

/// The peer channel names whoever answers, before its silence has lasted, and each disputed address is told.
#[test]
fn a_holder_that_says_it_is_master_is_the_second_one() {
    let mut one = master();
    one.holders = vec![held(200, 1), held(201, 2)];
    one.nodes.push(NodeOfInstance {
        since_us: ago(2),
        ..there(State::Master, 90)
    });
    let phrases = [
        "two masters: nginx-2 (192.0.2.12) is master too",
        "answers for 192.0.2.200 and 192.0.2.201",
    ];
    first(&status(one.clone()), "vrrp-filtered", &phrases);
    // It has let go since.
    one.nodes[1].state = State::Backup;
    well(&status(one.clone()), &[]);
    // A node that was BACKUP all the time did not answer.
    one.nodes[1].since_us = ago(100);
    first(
        &status(one),
        "other-holder",
        &["192.0.2.200 and 192.0.2.201"],
    );
}
