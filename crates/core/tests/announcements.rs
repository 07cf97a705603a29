//! Periodic announcements: on the own interface, on others, and after a reload.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Action, Bench, OUR_MAC, router, vip};
use standfast_core::input::{InterfaceIndex, Link};
use standfast_core::spec::{Garp, RouterSpec, Rules, VirtualAddress};
use standfast_core::{Input, Micros};

const SECOND: u64 = 1_000_000;

/// An address of its own and one on eth1; one announcement at once and nothing but what is asked for.
fn spec(refresh: u64, extra: u64) -> RouterSpec {
    let elsewhere = VirtualAddress {
        interface: Some("eth1".into()),
        ..VirtualAddress::plain(IpAddr::from([198, 51, 100, 1]), 24)
    };
    RouterSpec {
        addresses: vec![VirtualAddress::plain(vip(), 24), elsewhere],
        garp: Garp {
            repeat: 1,
            delay: Micros::ZERO,
            refresh: Micros::from_secs(refresh),
            extra: Micros::from_secs(extra),
            ..Garp::default()
        },
        rules: Rules::PROTOCOL,
        ..router(200)
    }
}

fn start(spec: RouterSpec) -> Bench {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Link(Link {
        index: InterfaceIndex(9),
        name: "eth1".into(),
        up: true,
        mac: OUR_MAC,
    }));
    bench.configure(vec![spec]);
    bench
}

/// Second and number of addresses of each announcement.
fn announced(bench: &Bench, from: u64) -> Vec<(u64, usize)> {
    let since = bench.log.iter().filter(|(at, _)| *at >= from);
    since
        .filter_map(|(at, action)| match action {
            Action::Announce { addresses, .. } => Some((at / SECOND, *addresses)),
            _ => None,
        })
        .collect()
}

#[test]
fn addresses_on_other_interfaces_have_a_period_of_their_own() {
    let mut bench = start(spec(0, 10));
    bench.run_until(25 * SECOND);
    assert_eq!(announced(&bench, 0), [(3, 2), (13, 1), (23, 1)]);
}

#[test]
fn a_reload_starts_changes_and_ends_periodic_announcements() {
    let mut bench = start(spec(0, 0));
    bench.run_until(10 * SECOND);
    bench.configure(vec![spec(3, 0)]);
    bench.run_until(20 * SECOND);
    assert_eq!(announced(&bench, 10 * SECOND), [(13, 2), (16, 2), (19, 2)]);
    bench.configure(vec![spec(0, 5)]);
    bench.run_until(31 * SECOND);
    assert_eq!(announced(&bench, 20 * SECOND), [(25, 1), (30, 1)]);
    bench.configure(vec![spec(0, 0)]);
    bench.run_until(60 * SECOND);
    assert_eq!(announced(&bench, 31 * SECOND), []);
}
