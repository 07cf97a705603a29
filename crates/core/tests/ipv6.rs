//! Virtual routers of IPv6, of both families side by side, and unicast without an interface.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::{IpAddr, Ipv6Addr};

use common::{Action, Bench, ETH0, host_address, link, router};
use standfast_core::Input;
use standfast_core::input::{InterfaceIndex, Origin, Packet};
use standfast_core::journal::Event;
use standfast_core::router::State;
use standfast_core::spec::{Family, RouterSpec, Strangers, Unicast, UnicastPeer, VirtualAddress};
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::{AdvertisementRepr, Priority, Version};

const OTHER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 9]);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// Version 3 for IPv6 with a link-local and a global address.
fn router_v6(priority: u8) -> RouterSpec {
    RouterSpec {
        name: "VI_6".into(),
        version: Version::V3,
        group: ip("ff02::12"),
        addresses: vec![
            VirtualAddress::plain(ip("fe80::100"), 128),
            VirtualAddress::plain(ip("2001:db8::100"), 64),
        ],
        authentication: standfast_core::wire::vrrp::Authentication::None,
        ..router(priority)
    }
}

fn active(own: &str, spec: RouterSpec) -> Bench {
    let mut bench = Bench::new(own);
    bench.configure(vec![spec]);
    bench.run_until(5_000_000);
    assert_eq!(bench.state(), State::Active);
    bench
}

#[test]
fn advertisements_come_from_the_lowest_link_local_address_that_is_not_virtual() {
    let mut bench = Bench::new("2001:db8::1");
    for address in ["fe80::2:2", "fe80::100", "fe80::1:1"] {
        let address = host_address(ip(address), Origin::Foreign);
        bench.give(Input::AddressAdded(address));
    }
    bench.configure(vec![router_v6(100)]);
    assert_eq!(bench.router().source(), Some(ip("fe80::1:1")));
}

#[test]
fn without_a_link_local_address_it_is_in_fault_and_then_listens_first() {
    let mut bench = Bench::new("2001:db8::1");
    bench.configure(vec![router_v6(100)]);
    assert_eq!(bench.state(), State::Fault);
    bench.run_until(1_000_000);
    bench.give(Input::AddressAdded(host_address(
        ip("fe80::1"),
        Origin::Foreign,
    )));
    assert_eq!(bench.state(), State::Backup);
    bench.run_until(4_600_000);
    assert_eq!(bench.state(), State::Backup);
    bench.run_until(4_700_000);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn the_whole_packet_has_an_ipv6_header_and_a_checksum_over_its_pseudo_header() {
    // The form is IPv4's choice alone.
    let spec = RouterSpec {
        checksum: standfast_core::wire::vrrp::ChecksumForm::Plain,
        ..router_v6(100)
    };
    let mut bench = active("fe80::1", spec);
    let id = bench.router().id();
    let mut buffer = [0; 256];
    let group = ip("ff02::12");
    let length = bench
        .node
        .encode(id, Priority(100), group, &mut buffer)
        .unwrap();
    assert_eq!(length, 40 + 8 + 32);
    assert_eq!(buffer[..8], [0x6c, 0, 0, 0, 0, 40, 112, 255]);
    let message = &buffer[40..length];
    let parse = standfast_core::wire::vrrp::Advertisement::parse;
    assert!(parse(message, ip("fe80::1"), group).is_ok());
    assert!(parse(message, ip("fe80::2"), group).is_err());
    assert!(
        bench
            .node
            .encode(id, Priority(100), ip("224.0.0.18"), &mut buffer)
            .is_none()
    );
}

#[test]
fn a_burst_of_the_successors_neighbour_advertisements_releases_once() {
    let mut bench = active("fe80::1", router_v6(100));
    bench.give(Input::Stop);
    assert_eq!(bench.state(), State::Leaving);
    bench.hear(90, "fe80::2");
    for _ in 0..5 {
        for target in ["fe80::100", "2001:db8::100"] {
            bench.node.handle_input(
                bench.now,
                Input::NeighbourAdvertisement {
                    interface: ETH0,
                    target: v6(target),
                    mac: OTHER_MAC,
                },
            );
        }
    }
    bench.give(Input::Wakeup);
    assert!(bench.kernel.is_empty(), "{:?}", bench.kernel);
    let released = |entry: &&standfast_core::journal::Entry| entry.event == Event::Released;
    assert_eq!(bench.events.iter().filter(released).count(), 1);
}

#[test]
fn another_holders_advertisement_is_answered_where_the_address_is() {
    let mut bench = active("fe80::1", router_v6(100));
    let claim = |interface| Input::NeighbourAdvertisement {
        interface,
        target: v6("2001:db8::100"),
        mac: OTHER_MAC,
    };
    let announcements = |bench: &Bench| {
        let all = bench.actions_since(bench.now.0);
        let announce = |action: &&Action| matches!(action, Action::Announce { .. });
        all.iter().filter(announce).count()
    };
    bench.run_until(20_500_000);
    bench.give(claim(InterfaceIndex(7)));
    assert_eq!(announcements(&bench), 0);
    bench.give(claim(ETH0));
    assert_eq!(announcements(&bench), 1);
}

#[test]
fn both_families_may_have_the_same_vrid() {
    let mut bench = Bench::new("192.0.2.1");
    let own = host_address(ip("fe80::1"), Origin::Foreign);
    bench.give(Input::AddressAdded(own));
    bench.configure(vec![router(100), router_v6(100)]);
    bench.run_until(2_000_000);
    // Only the IPv4 router hears of a better one.
    bench.hear_as(&router(200), 200, "192.0.2.2");
    bench.run_until(5_000_000);
    let states: Vec<_> = bench
        .node
        .routers()
        .map(|router| (router.spec().family(), router.state()))
        .collect();
    assert_eq!(
        states,
        [(Family::V4, State::Backup), (Family::V6, State::Active)]
    );
}

fn without_interface(source: &str, peer: &str) -> RouterSpec {
    let (source, peer) = (ip(source), ip(peer));
    let vip = if source.is_ipv4() {
        "192.0.2.100"
    } else {
        "2001:db8::100"
    };
    RouterSpec {
        interface: String::new(),
        version: Version::V3,
        group: if source.is_ipv4() {
            ip("224.0.0.18")
        } else {
            ip("ff02::12")
        },
        source: Some(source),
        addresses: vec![VirtualAddress {
            interface: Some("eth0".into()),
            ..VirtualAddress::plain(ip(vip), 24)
        }],
        unicast: Some(Unicast {
            peers: vec![UnicastPeer {
                address: peer,
                min_ttl: 0,
                max_ttl: 255,
            }],
            ttl: 64,
            strangers: Strangers::UntilPeerHeard,
        }),
        authentication: standfast_core::wire::vrrp::Authentication::None,
        ..router(100)
    }
}

#[test]
fn without_an_interface_no_link_matters_and_packets_of_any_count() {
    for (source, peer) in [
        ("198.51.100.1", "203.0.113.2"),
        ("2001:db8:1::1", "2001:db8:2::2"),
    ] {
        let spec = without_interface(source, peer);
        let mut bench = active("192.0.2.1", spec.clone());
        assert_eq!(bench.router().interface(), Some(InterfaceIndex::ANY));
        assert_eq!(bench.kernel.len(), 1);
        bench.give(link(false));
        assert_eq!(bench.state(), State::Active);
        let mut message = [0; 64];
        let addresses = [spec.addresses[0].address];
        let repr = AdvertisementRepr {
            vrid: spec.vrid,
            priority: Priority(200),
            interval: spec.wire_interval(),
            authentication: spec.authentication,
            checksum: spec.checksum,
            addresses: &addresses,
        };
        let length = repr.emit(ip(peer), ip(source), &mut message).unwrap();
        bench.give(Input::Packet(Packet {
            interface: InterfaceIndex::ANY,
            source: ip(peer),
            destination: ip(source),
            ttl: 3,
            message: &message[..length],
        }));
        assert_eq!(bench.state(), State::Backup);
        assert!(bench.kernel.is_empty());
    }
}

#[test]
fn routers_without_an_interface_are_told_apart_by_their_source() {
    let one = without_interface("198.51.100.1", "203.0.113.2");
    let other = without_interface("198.51.100.2", "203.0.113.2");
    assert_ne!(one.key(), other.key());
    assert_eq!(
        one.key(),
        RouterSpec {
            priority: Priority(3),
            ..one
        }
        .key()
    );
}

#[test]
fn the_estate_of_an_ipv6_router_resigns_and_names_its_addresses() {
    let mut bench = active("fe80::1", router_v6(100));
    let estates = bench.node.estates();
    let [estate] = estates.as_slice() else {
        panic!("{estates:?}");
    };
    assert_eq!(estate.addresses.len(), 2);
    let [packet] = estate.resignations.as_slice() else {
        panic!("{:?}", estate.resignations);
    };
    assert_eq!((packet[0] >> 4, packet[40 + 2]), (6, 0));
}
