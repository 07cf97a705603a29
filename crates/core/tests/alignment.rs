//! Advertisements that are due within a slice go out together: early, never late, and nothing else is early.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{ETH0, OUR_MAC, host_address};
use standfast_core::input::{Link, Origin, RouterId};
use standfast_core::spec::{RouterSpec, Rules, Spec};
use standfast_core::wire::vrrp::{Priority, Vrid};
use standfast_core::{Input, Instant, Micros, Node, Output};

const SECOND: u64 = 1_000_000;

/// When each router advertised, and how often the node was woken.
fn advertisements(routers: Vec<RouterSpec>, until: Instant) -> (Vec<Vec<u64>>, usize) {
    let mut node = Node::new();
    let mut sent = vec![Vec::new(); routers.len()];
    let start = Instant(0);
    node.handle_input(
        start,
        Input::Link(Link {
            index: ETH0,
            name: "eth0".into(),
            up: true,
            mac: OUR_MAC,
        }),
    );
    let own = host_address([192, 0, 2, 1].into(), Origin::Foreign);
    node.handle_input(start, Input::AddressAdded(own));
    let spec = Spec {
        routers,
        ..Spec::default()
    };
    node.handle_input(start, Input::Spec(Box::new(spec)));
    let mut wakeups = 0;
    while let Some((now, _)) = node.next_wakeup().filter(|(due, _)| *due <= until) {
        node.handle_input(now, Input::Wakeup);
        wakeups += 1;
        while let Some(output) = node.poll_output() {
            if let Output::Advertise { router, .. } = output {
                let RouterId(number) = router;
                sent[number as usize].push(now.0);
            }
        }
    }
    (sent, wakeups)
}

fn router(vrid: u8, priority: u8, interval: Micros, rules: Rules) -> RouterSpec {
    RouterSpec {
        advert_interval: interval,
        rules,
        ..RouterSpec::plain(Vrid::new(vrid).unwrap(), Priority(priority))
    }
}

fn gaps(sent: &[u64]) -> Vec<u64> {
    sent.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn what_is_due_within_a_slice_goes_out_together_and_never_late() {
    let one = Micros(SECOND);
    // Their down timers differ by 3,906.25 us a step of priority.
    let priorities = [100, 99, 98, 90];
    let routers = (1..).zip(priorities);
    let routers = routers.map(|(vrid, priority)| router(vrid, priority, one, Rules::OVERLAP));
    let (sent, _) = advertisements(routers.collect(), Instant(60 * SECOND));
    let first: Vec<u64> = sent.iter().map(|sent| sent[0]).collect();
    assert_eq!(first, [3_609_375, 3_613_281, 3_617_187, 3_648_437]);
    for sent in &sent {
        assert!(
            gaps(sent)
                .iter()
                .all(|gap| (990_000..=SECOND).contains(gap))
        );
        assert!(gaps(sent)[1..].iter().all(|gap| *gap == SECOND));
    }
    assert_eq!(sent[0][1..], sent[1][1..]);
    assert_eq!(sent[0][1..], sent[2][1..]);
    assert_eq!(sent[3][1] - sent[0][1], 39_062, "too far to be early");
}

#[test]
fn one_that_keeps_to_the_protocol_is_on_time() {
    let one = Micros(SECOND);
    let routers = vec![
        router(1, 100, one, Rules::OVERLAP),
        router(2, 99, one, Rules::PROTOCOL),
    ];
    let (sent, _) = advertisements(routers, Instant(20 * SECOND));
    assert!(gaps(&sent[1]).iter().all(|gap| *gap == SECOND));
    assert_eq!(sent[1][5] - sent[0][5], 3_906);
}

#[test]
fn short_intervals_have_short_slices() {
    let interval = Micros::from_millis(100);
    let all = (1..=200).map(|vrid| router(vrid, 250 - vrid, interval, Rules::OVERLAP));
    // Version 2 skews are parts of a second: they lie far apart.
    let (sent, wakeups) = advertisements(all.collect(), Instant(20 * SECOND));
    for sent in &sent {
        assert!(
            gaps(sent)
                .iter()
                .all(|gap| (98_000..=100_000).contains(gap))
        );
    }
    let advertisements: usize = sent.iter().map(Vec::len).sum();
    assert!(
        wakeups * 3 < advertisements,
        "{wakeups} wake-ups for {advertisements}"
    );
}
