//! Addresses that others take away.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Bench, host_address, router};
use standfast_core::Input;
use standfast_core::input::Origin;
use standfast_core::router::State;
use standfast_core::spec::RouterSpec;

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
