//! Addresses that others take away.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Bench, host_address, router};
use standfast_core::Input;
use standfast_core::input::Origin;
use standfast_core::router::State;
use standfast_core::spec::{Channel, NodeIdentity, RouterSpec, Spec};
use standfast_core::wire::peer::NodeNumber;

const SECOND: u64 = 1_000_000;

/// Active for some seconds.
fn active_with(spec: RouterSpec) -> Bench {
    let mut bench = Bench::start(spec);
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench.log.clear();
    bench
}

#[test]
fn a_flush_of_many_addresses_is_one_deletion() {
    let plain =
        |last: u8| standfast_core::spec::VirtualAddress::plain(IpAddr::from([192, 0, 2, last]), 24);
    let mut bench = active_with(RouterSpec {
        addresses: (100..110).map(plain).collect(),
        ..router(100)
    });
    bench.kernel.clear();
    for last in 100..110 {
        let gone = host_address(IpAddr::from([192, 0, 2, last]), Origin::Foreign);
        bench.give(Input::AddressRemoved(gone));
    }
    assert_eq!(bench.state(), State::Active);
    assert_eq!(bench.kernel.len(), 10, "all of them are back");
}

#[test]
fn a_router_that_loses_its_own_address_resigns_all_the_same() {
    let mut bench = active_with(router(100));
    let own = host_address("192.0.2.1".parse().unwrap(), Origin::Foreign);
    bench.give(Input::AddressRemoved(own));
    assert_eq!(bench.state(), State::Fault);
    assert_eq!(bench.adverts(), [(10 * SECOND, 0)]);
}

/// An IPv6 address that duplicate address detection still looks at is told when that is over.
#[test]
fn a_node_whose_first_address_comes_late_speaks_the_peer_channel_from_then_on() {
    let mut bench = Bench::new("192.0.2.1");
    let own = host_address("192.0.2.1".parse().unwrap(), Origin::Foreign);
    bench.give(Input::AddressRemoved(own));
    bench.give(Input::Spec(Box::new(Spec {
        routers: vec![RouterSpec {
            channel: Some(Channel::default()),
            ..router(100)
        }],
        node: NodeIdentity {
            number: NodeNumber(7),
            name: "we".into(),
        },
        ..Spec::default()
    })));
    bench.run_until(2 * SECOND);
    assert!(bench.datagrams.is_empty());
    bench.give(Input::AddressAdded(own));
    bench.run_until(2 * SECOND + 1);
    let said = bench.datagrams.first().map(|(_, message)| message.source);
    assert_eq!(said, Some(own.address));
    // And from another one when that goes.
    let other = host_address("192.0.2.7".parse().unwrap(), Origin::Foreign);
    bench.give(Input::AddressAdded(other));
    bench.give(Input::AddressRemoved(own));
    bench.datagrams.clear();
    bench.run_until(4 * SECOND);
    let said = bench.datagrams.first().map(|(_, message)| message.source);
    assert_eq!(said, Some(other.address));
}
