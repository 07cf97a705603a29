//! The requirement rows of docs/conformance.md that apply to one virtual router over IPv4
//! multicast, each by its name: VR9 is RFC 9568, VR2 RFC 3768, VR1 RFC 2338.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Action, Bench, ETH0, host_address, router, vip};
use standfast_core::input::{HostAddress, InterfaceIndex, Link, Origin};
use standfast_core::journal::{DropCause, Event};
use standfast_core::router::State;
use standfast_core::spec::{RouterSpec, Rules, Track, Tracked, VirtualAddress, Wanted, Weight};
use standfast_core::wire::ipv4;
use standfast_core::wire::vrrp::{
    Advertisement, AdvertisementRepr, Authentication, ChecksumForm, Interval, Priority, Version,
    Vrid,
};
use standfast_core::{Input, Micros};

const PEER: &str = "192.0.2.2";
const SECOND: u64 = 1_000_000;

fn version_3(priority: u8) -> RouterSpec {
    RouterSpec {
        version: Version::V3,
        authentication: Authentication::None,
        ..router(priority)
    }
}

fn active(spec: RouterSpec) -> Bench {
    let mut bench = Bench::start(spec);
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench.log.clear();
    bench
}

/// What a router of that specification sends: the whole packet.
fn packet(spec: RouterSpec, priority: u8) -> Vec<u8> {
    let mut bench = Bench::start(spec);
    let id = bench.router().id();
    let mut buffer = [0; 2048];
    let length = bench
        .node
        .encode(id, Priority(priority), router(100).group, &mut buffer);
    buffer[..length.unwrap()].to_vec()
}

/// A message like ours, changed byte by byte, with a right checksum again or not.
fn changed(spec: &RouterSpec, repair: bool, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let addresses: Vec<IpAddr> = spec.addresses.iter().map(|held| held.address).collect();
    let repr = AdvertisementRepr {
        vrid: spec.vrid,
        priority: Priority(200),
        interval: spec.wire_interval(),
        authentication: spec.authentication,
        checksum: ChecksumForm::Plain,
        addresses: &addresses,
    };
    let mut buffer = [0; 2048];
    let length = repr
        .emit(PEER.parse().unwrap(), spec.group, &mut buffer)
        .unwrap();
    let mut message = buffer[..length].to_vec();
    change(&mut message);
    if repair {
        message[6..8].fill(0);
        let sum = standfast_core::wire::internet_checksum(&message);
        message[6..8].copy_from_slice(&sum.to_be_bytes());
    }
    message
}

/// Feeds a Backup that waits: the packet is dropped for that cause and the timer stays.
fn refused(spec: &RouterSpec, message: &[u8], ttl: u8) -> DropCause {
    let mut bench = Bench::start(spec.clone());
    bench.run_until(SECOND);
    let before = bench.node.next_wakeup();
    bench.packet(message, PEER.parse().unwrap(), spec.group, ttl);
    assert_eq!(bench.node.next_wakeup(), before, "a timer was touched");
    let dropped = &bench.router().counters().dropped;
    assert_eq!(dropped.values().sum::<u64>(), 1, "{dropped:?}");
    *dropped.keys().next().unwrap()
}

#[test]
fn vr9_01_vr2_01_the_source_is_the_primary_address() {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::AddressAdded(HostAddress {
        secondary: true,
        ..host_address("192.0.2.9".parse().unwrap(), Origin::Foreign)
    }));
    bench.configure(vec![router(100)]);
    assert_eq!(bench.router().source(), Some("192.0.2.1".parse().unwrap()));
    bench.run_until(4 * SECOND);
    bench.give(Input::AddressAdded(HostAddress {
        secondary: true,
        ..host_address(vip(), Origin::Stale)
    }));
    assert_eq!(bench.router().source(), Some("192.0.2.1".parse().unwrap()));
}

#[test]
fn vr9_02_vr9_07_vr9_68_vr2_03_vr2_36_packets_go_to_the_group_by_protocol_112() {
    let bytes = packet(version_3(100), 100);
    let parsed = ipv4::Packet::parse(&bytes).unwrap();
    assert_eq!(parsed.destination.to_string(), "224.0.0.18");
    assert_eq!((parsed.protocol, parsed.ttl), (112, 255));
    assert_eq!(parsed.source.to_string(), "192.0.2.1");
}

#[test]
fn vr9_03_vr9_34_vr2_02_a_ttl_other_than_255_is_discarded() {
    for spec in [router(100), version_3(100)] {
        for ttl in [0, 1, 64, 254] {
            let cause = refused(&spec, &changed(&spec, false, |_| {}), ttl);
            assert_eq!(cause, DropCause::Ttl);
        }
    }
}

#[test]
fn vr9_08_vr9_36_vr2_04_vr2_29_the_version_must_be_ours() {
    assert_eq!(packet(version_3(100), 100)[20] >> 4, 3);
    assert_eq!(packet(router(100), 100)[20] >> 4, 2);
    for version in [0, 1, 4, 15] {
        for spec in [router(100), version_3(100)] {
            let message = changed(&spec, true, |m| m[0] = (version << 4) | 1);
            assert_eq!(refused(&spec, &message, 255), DropCause::Version);
        }
    }
    let from_v3 = changed(&version_3(100), false, |_| {});
    assert_eq!(refused(&router(100), &from_v3, 255), DropCause::Version);
}

#[test]
fn vr9_09_vr9_37_vr2_05_an_unknown_type_is_discarded() {
    for spec in [router(100), version_3(100)] {
        for kind in [0, 2, 15] {
            let message = changed(&spec, true, |m| m[0] = (m[0] & 0xf0) | kind);
            assert_eq!(refused(&spec, &message, 255), DropCause::Type);
        }
    }
}

#[test]
fn vr9_12_vr9_62_vr2_09_vr2_28_an_active_router_that_stops_sends_priority_0() {
    let mut bench = active(router(100));
    bench.give(Input::Stop);
    assert_eq!(bench.adverts(), [(10 * SECOND, 0)]);
}

#[test]
fn vr9_13_an_advertisement_without_addresses_is_ignored() {
    let spec = version_3(100);
    let message = changed(&spec, true, |m| {
        m[3] = 0;
        m.truncate(8);
    });
    assert_eq!(refused(&spec, &message, 255), DropCause::Length);
}

#[test]
fn vr9_14_reserved_bits_are_sent_as_0_and_ignored() {
    assert_eq!(packet(version_3(100), 100)[24] >> 4, 0);
    let spec = version_3(100);
    let mut bench = Bench::start(spec.clone());
    let message = changed(&spec, true, |m| m[4] |= 0xf0);
    bench.packet(&message, PEER.parse().unwrap(), spec.group, 255);
    assert_eq!(bench.router().counters().received, 1);
    assert_eq!(bench.router().active_interval(), Micros::from_secs(1));
}

#[test]
fn vr9_15_vr9_43_vr9_53_a_foreign_interval_is_learned_but_never_0() {
    let spec = version_3(100);
    let message = changed(&spec, true, |m| m[4..6].fill(0));
    assert_eq!(refused(&spec, &message, 255), DropCause::Interval);
    let mut bench = Bench::start(spec.clone());
    let slow = RouterSpec {
        advert_interval: Micros(40_950_000),
        ..spec
    };
    bench.hear_as(&slow, 200, PEER);
    assert_eq!(bench.router().active_interval(), Micros(40_950_000));
}

#[test]
fn vr9_16_vr9_39_vr2_12_vr2_31_checksums_are_verified() {
    for spec in [router(100), version_3(100)] {
        let message = changed(&spec, false, |m| m[7] ^= 1);
        assert_eq!(refused(&spec, &message, 255), DropCause::Checksum);
    }
    for form in [ChecksumForm::Plain, ChecksumForm::PseudoHeader] {
        let spec = RouterSpec {
            checksum: form,
            ..version_3(100)
        };
        let bytes = packet(spec.clone(), 100);
        let parsed = ipv4::Packet::parse(&bytes).unwrap();
        let message =
            Advertisement::parse(parsed.payload, parsed.source.into(), spec.group).unwrap();
        assert_eq!(message.checksum, form);
        let mut bench = Bench::start(version_3(100));
        bench.hear_as(&spec, 200, PEER);
        assert_eq!(bench.router().counters().received, 1, "{form:?}");
    }
}

#[test]
fn vr9_18_vr9_19_vr2_10_addresses_in_their_order_and_excluded_ones_not_at_all() {
    let plain = |address: &str| VirtualAddress::plain(address.parse().unwrap(), 32);
    let spec = RouterSpec {
        addresses: vec![
            plain("192.0.2.103"),
            plain("192.0.2.101"),
            plain("192.0.2.102"),
        ],
        excluded: vec![plain("192.0.2.150")],
        ..router(100)
    };
    let bytes = packet(spec, 100);
    let parsed = ipv4::Packet::parse(&bytes).unwrap();
    let group = IpAddr::from(parsed.destination);
    let message = Advertisement::parse(parsed.payload, parsed.source.into(), group).unwrap();
    let addresses: Vec<String> = message.addresses().map(|a| a.to_string()).collect();
    assert_eq!(addresses, ["192.0.2.103", "192.0.2.101", "192.0.2.102"]);
}

#[test]
fn vr9_22_vr2_06_a_vrid_is_from_1_to_255() {
    assert_eq!(Vrid::new(0), None);
    assert_eq!(Vrid::new(255).map(Vrid::get), Some(255));
}

#[test]
fn vr9_23_vr9_11_vr2_08_weights_never_make_an_owner_or_a_resignation() {
    for (base, weight, up, effective) in [
        (200, 100, true, 254),
        (20, -100, false, 1),
        (255, -100, false, 255),
    ] {
        let mut bench = Bench::new("192.0.2.1");
        bench.give(Input::Link(Link {
            index: InterfaceIndex(3),
            name: "eth1".into(),
            up,
            mac: standfast_core::wire::MacAddress::default(),
        }));
        let tracks = vec![Track {
            object: Tracked::Interface("eth1".into()),
            weight: Weight {
                value: weight,
                reverse: false,
            },
        }];
        bench.configure(vec![RouterSpec {
            tracks,
            ..router(base)
        }]);
        assert_eq!(bench.router().effective_priority(), Priority(effective));
    }
}

#[test]
fn vr9_25_vr2_11_the_interval_of_the_wire_is_the_configured_one() {
    assert_eq!(version_3(100).wire_interval(), Interval::Centiseconds(100));
    assert_eq!(router(100).wire_interval(), Interval::Seconds(1));
}

#[test]
fn vr9_28_vr2_16_preemption_is_the_default_and_an_owner_always_preempts() {
    let mut bench = Bench::start(router(100));
    for half_second in 1..8 {
        bench.run_until(half_second * 500_000);
        bench.hear(50, PEER);
    }
    bench.run_until(4 * SECOND);
    assert_eq!(bench.state(), State::Active);
    let owner = Bench::start(RouterSpec {
        preempt: false,
        ..router(255)
    });
    assert_eq!(owner.state(), State::Active);
}

#[test]
fn vr9_31_vr2_19_an_owner_is_active_at_once() {
    let bench = Bench::start(router(255));
    let first: Vec<_> = bench.log.iter().map(|(at, action)| (*at, action)).collect();
    assert!(first.contains(&(0, &Action::Advert(255))));
    assert_eq!(bench.state(), State::Active);
    let reluctant = Bench::start(RouterSpec {
        wanted: Wanted::Backup,
        ..router(255)
    });
    assert_eq!(
        reluctant.state(),
        State::Backup,
        "as keepalived with state BACKUP"
    );
}

#[test]
fn vr9_32_vr9_27_vr2_15_vr2_20_everybody_else_waits_a_down_interval() {
    let mut bench = Bench::start(RouterSpec {
        wanted: Wanted::Master,
        ..router(100)
    });
    bench.run_until(3_609_374);
    assert_eq!(bench.state(), State::Backup);
    bench.run_until(3_609_375);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn vr9_33_virtual_routers_are_independent() {
    let mut bench = Bench::new("192.0.2.1");
    let other = RouterSpec {
        name: "VI_2".into(),
        vrid: Vrid::new(52).unwrap(),
        addresses: vec![VirtualAddress::plain("192.0.2.200".parse().unwrap(), 24)],
        ..router(100)
    };
    bench.configure(vec![router(100), other.clone()]);
    for second in 1..6 {
        bench.run_until(second * SECOND);
        bench.hear_as(&other, 200, PEER);
    }
    let states: Vec<State> = bench.node.routers().map(|router| router.state()).collect();
    assert_eq!(states, [State::Active, State::Backup]);
}

#[test]
fn vr9_38_vr2_30_an_incomplete_advertisement_is_discarded() {
    for spec in [router(100), version_3(100)] {
        let whole = changed(&spec, false, |_| {});
        for length in 0..whole.len() {
            if length < 8 {
                let mut bench = Bench::start(spec.clone());
                bench.packet(&whole[..length], PEER.parse().unwrap(), spec.group, 255);
                assert_eq!(bench.node.unknown_vrids(), 1);
            } else {
                assert_eq!(refused(&spec, &whole[..length], 255), DropCause::Length);
            }
        }
    }
}

#[test]
fn vr9_40_vr2_32_only_vrids_of_the_receiving_interface_count() {
    let mut bench = Bench::start(router(100));
    let stranger = RouterSpec {
        vrid: Vrid::new(52).unwrap(),
        ..router(100)
    };
    bench.hear_as(&stranger, 200, PEER);
    assert_eq!(bench.node.unknown_vrids(), 1);
    let message = changed(&router(100), false, |_| {});
    bench.give(Input::Packet(standfast_core::input::Packet {
        interface: InterfaceIndex(ETH0.0 + 1),
        source: PEER.parse().unwrap(),
        destination: router(100).group,
        ttl: 255,
        message: &message,
    }));
    assert_eq!(bench.node.unknown_vrids(), 2);
    assert_eq!(bench.router().counters().received, 0);
}

#[test]
fn vr9_41_vr2_32_an_owner_that_is_told_to_ignores_all_advertisements() {
    let spec = RouterSpec {
        owner_ignore_adverts: true,
        ..router(255)
    };
    let mut bench = Bench::start(spec);
    bench.log.clear();
    bench.hear(255, "192.0.2.200");
    assert_eq!(bench.state(), State::Active);
    assert!(bench.adverts().is_empty());
}

#[test]
fn vr9_42_bad_packets_are_counted_and_the_log_is_bounded() {
    let mut bench = Bench::start(router(100));
    let message = changed(&router(100), false, |m| m[7] ^= 1);
    let lines = bench.events.len();
    for _ in 0..1000 {
        bench.packet(&message, PEER.parse().unwrap(), router(100).group, 255);
    }
    assert_eq!(
        bench.router().counters().dropped[&DropCause::Checksum],
        1000
    );
    assert_eq!(bench.events.len() - lines, 1);
}

#[test]
fn vr9_44_vr2_13_vr2_34_another_address_list_is_reported_and_honoured() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    let other = RouterSpec {
        addresses: vec![VirtualAddress::plain("192.0.2.222".parse().unwrap(), 24)],
        ..router(100)
    };
    bench.hear_as(&other, 200, PEER);
    assert_eq!(bench.router().counters().address_lists, 1);
    assert!(matches!(
        bench.events.last().unwrap().event,
        Event::AddressListDiffers { .. } | Event::Following { .. }
    ));
    bench.run_until(4 * SECOND);
    assert_eq!(bench.state(), State::Backup, "the advertisement counts");
}

#[test]
fn vr9_45_vr9_49_vr9_55_vr9_61_vr2_21_vr2_26_the_address_is_held_by_the_active_router_alone() {
    let mut bench = Bench::start(router(100));
    bench.run_until(3_609_374);
    assert!(!bench.holds(vip()));
    bench.run_until(3_609_375);
    assert!(bench.holds(vip()));
    bench.hear(200, PEER);
    assert!(!bench.holds(vip()));
}

#[test]
fn vr9_50_vr2_22_a_backup_stops_without_a_word() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    bench.give(Input::Stop);
    assert!(bench.adverts().is_empty());
}

#[test]
fn vr9_51_vr9_76_vr2_23_vr2_39_advertisement_then_address_then_announcement() {
    let mut bench = Bench::start(router(100));
    bench.run_until(4 * SECOND);
    let order: Vec<&Action> = bench
        .log
        .iter()
        .map(|(_, action)| action)
        .filter(|action| {
            matches!(
                action,
                Action::Advert(_) | Action::Added(_) | Action::Announce { .. }
            )
        })
        .collect();
    assert!(matches!(
        order[..],
        [
            Action::Advert(100),
            Action::Added(1),
            Action::Announce { .. }
        ]
    ));
}

#[test]
fn vr9_52_vr9_26_vr2_14_vr2_24_priority_0_arms_the_skew() {
    for (spec, skew) in [(router(100), 609_375), (version_3(254), 7_812)] {
        let mut bench = Bench::start(spec);
        bench.run_until(SECOND);
        bench.hear(0, PEER);
        bench.run_until(SECOND + skew - 1);
        assert_eq!(bench.state(), State::Backup);
        bench.run_until(SECOND + skew);
        assert_eq!(bench.state(), State::Active);
    }
}

#[test]
fn vr9_54_vr2_25_a_lower_priority_is_discarded_while_preempting() {
    let mut bench = Bench::start(router(100));
    bench.run_until(3 * SECOND);
    let before = bench.node.next_wakeup();
    bench.hear(99, PEER);
    assert_eq!(bench.node.next_wakeup(), before);
    let mut patient = Bench::start(RouterSpec {
        preempt: false,
        ..router(100)
    });
    patient.run_until(3 * SECOND);
    patient.hear(99, PEER);
    patient.run_until(6 * SECOND);
    assert_eq!(patient.state(), State::Backup);
}

#[test]
fn vr9_63_the_advertisement_timer_repeats_exactly() {
    let mut bench = active(router(100));
    bench.run_until(20 * SECOND);
    let adverts = bench.adverts();
    assert_eq!(adverts.len(), 10);
    assert!(
        adverts
            .windows(2)
            .all(|pair| pair[1].0 - pair[0].0 == SECOND)
    );
}

#[test]
fn vr9_64_vr2_27_an_active_router_answers_priority_0_and_restarts_its_timer() {
    let mut bench = active(router(100));
    bench.run_until(10_200_000);
    bench.log.clear();
    bench.hear(0, PEER);
    bench.run_until(12 * SECOND);
    assert_eq!(bench.adverts(), [(10_200_000, 100), (11_200_000, 100)]);
}

#[test]
fn vr9_65_vr9_67_the_better_router_wins_and_then_the_greater_address() {
    for (priority, from, yields) in [
        (101, "192.0.2.0", true),
        (100, "192.0.2.2", true),
        (100, "192.0.2.0", false),
        (99, "192.0.2.2", false),
        (100, "200.0.0.1", true),
    ] {
        let spec = RouterSpec {
            preempt: false,
            ..router(100)
        };
        let mut bench = active(spec);
        bench.hear(priority, from);
        let state = if yields { State::Backup } else { State::Active };
        assert_eq!(bench.state(), state, "{priority} from {from}");
    }
}

#[test]
fn vr9_66_a_worse_router_is_answered_at_once() {
    let mut bench = active(version_3(100));
    bench.run_until(10_100_000);
    bench.log.clear();
    bench.hear(50, PEER);
    assert_eq!(bench.adverts(), [(10_100_000, 100)]);
    let mut silent = active(RouterSpec {
        lower_prio_no_advert: true,
        ..version_3(100)
    });
    silent.hear(50, PEER);
    assert!(silent.adverts().is_empty());
}

#[test]
fn vr9_75_vr9_83_addresses_that_a_reload_adds_are_announced() {
    let mut bench = active(router(100));
    let mut spec = router(100);
    spec.addresses
        .push(VirtualAddress::plain("192.0.2.101".parse().unwrap(), 24));
    bench.configure(vec![spec]);
    let announced = bench
        .log
        .iter()
        .any(|(_, action)| matches!(action, Action::Announce { addresses: 1, .. }));
    assert!(announced);
}

#[test]
fn vr9_90_two_owners_are_reported() {
    let mut bench = Bench::start(router(255));
    bench.hear(255, "192.0.2.0");
    let reported = bench
        .events
        .iter()
        .any(|e| matches!(e.event, Event::TwoOwners(_)));
    assert!(reported);
}

#[test]
fn vr9_98_a_router_that_was_late_says_so() {
    let mut bench = active(router(100));
    bench.pause_until(15 * SECOND);
    bench.give(Input::Wakeup);
    let reported = bench
        .events
        .iter()
        .any(|e| matches!(e.event, Event::Paused(_)));
    assert!(reported);
}

#[test]
fn vr2_17_vr2_33_vr1_06_vr1_09_another_authentication_type_is_discarded() {
    for kind in [0, 2, 3, 254] {
        let message = changed(&router(100), true, |m| m[4] = kind);
        let cause = refused(&router(100), &message, 255);
        assert_eq!(cause, DropCause::AuthenticationType, "type {kind}");
    }
}

#[test]
fn vr2_18_vr1_02_without_authentication_the_data_is_zero_and_ignored() {
    let spec = RouterSpec {
        authentication: Authentication::None,
        ..router(100)
    };
    let bytes = packet(spec.clone(), 100);
    assert_eq!(bytes[bytes.len() - 8..], [0; 8]);
    let message = changed(&spec, true, |m| {
        let end = m.len();
        m[end - 8..].fill(0xaa);
    });
    let mut bench = Bench::start(spec.clone());
    bench.packet(&message, PEER.parse().unwrap(), spec.group, 255);
    assert_eq!(bench.router().counters().received, 1);
}

#[test]
fn vr1_03_vr1_04_vr1_05_all_eight_bytes_of_the_password_count() {
    let bytes = packet(router(100), 100);
    assert_eq!(bytes[bytes.len() - 8..], *b"1111\0\0\0\0");
    for wrong in [
        *b"1112\0\0\0\0",
        *b"1111x\0\0\0",
        *b"11110000",
        *b"\0\0\0\0\0\0\0\0",
    ] {
        let message = changed(&router(100), true, |m| {
            let end = m.len();
            m[end - 8..].copy_from_slice(&wrong);
        });
        assert_eq!(
            refused(&router(100), &message, 255),
            DropCause::Authentication
        );
    }
}

#[test]
fn vr2_35_another_interval_is_discarded_in_version_2() {
    for seconds in [0, 2, 255] {
        let message = changed(&router(100), true, |m| m[5] = seconds);
        assert_eq!(refused(&router(100), &message, 255), DropCause::Interval);
    }
}

#[test]
fn strict_is_the_protocol_and_nothing_else() {
    let mut bench = active(RouterSpec {
        rules: Rules::PROTOCOL,
        lower_prio_no_advert: true,
        ..router(100)
    });
    bench.hear(150, PEER);
    assert!(bench.adverts().is_empty(), "no last word");
    assert_eq!(bench.state(), State::Backup);
    assert!(bench.probes.is_empty());
}
