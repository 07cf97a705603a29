//! Many addresses are asked for in parts, so that the first ones are announced before the last are there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Bench;
use standfast_core::Input;
use standfast_core::input::Change;
use standfast_core::spec::{RouterSpec, VirtualAddress};

fn with_addresses(count: u8) -> RouterSpec {
    let all = (1..=count).map(|last| VirtualAddress::plain([198, 51, 100, last].into(), 32));
    RouterSpec {
        addresses: Vec::new(),
        excluded: all.collect(),
        ..common::router(100)
    }
}

#[test]
fn they_come_in_parts_and_each_part_is_announced() {
    let mut bench = Bench::start(with_addresses(150));
    bench.run_until(4_000_000);
    let added: Vec<(Change, usize)> = bench.requests.iter().map(|it| (it.0, it.1)).collect();
    let add = Change::Add;
    assert_eq!(added, [(add, 64), (add, 86)]);
    let announced: Vec<usize> = bench.announced.iter().map(Vec::len).collect();
    assert_eq!(announced, [64, 86]);
    assert_eq!(bench.kernel.len(), 150);

    bench.requests.clear();
    bench.give(Input::Stop);
    bench.give(Input::Stop);
    let removed: Vec<(Change, usize)> = bench.requests.iter().map(|it| (it.0, it.1)).collect();
    assert_eq!(removed, [(Change::Remove, 150)], "what goes, goes at once");
    assert!(bench.kernel.is_empty());
}
