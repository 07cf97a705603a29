//! Every way to speak VRRP, with every daemon that speaks it: who is elected, who takes over, who comes back.
//!
//! Each pair of daemons runs all its kinds of virtual routers at once, one VRID each, in a few labs; what a client sees of
//! each address decides. The table at the end has one line for each cell.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

#[path = "../support/mod.rs"]
mod support;

mod cell;
mod frr;
mod network;
mod table;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cell::{Cell, Peers, all_cells};
use network::Network;

/// Labs at a time: they wait for most of the time, and each has a handful of processes.
const AT_A_TIME: usize = 4;

/// Cells that run in one lab, with VRIDs from 1.
fn groups(cells: &[Cell]) -> Vec<Vec<Cell>> {
    let mut groups: Vec<Vec<Cell>> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.unsupported().is_none()) {
        let same = |group: &&mut Vec<Cell>| {
            let first = &group[0];
            first.peers == cell.peers
                && (first.version == cell.version || cell.peers.frr().is_some())
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(cell.clone()),
            None => groups.push(vec![cell.clone()]),
        }
    }
    for group in &mut groups {
        for (vrid, cell) in (1..).zip(group) {
            cell.vrid = vrid;
        }
    }
    groups
}

fn run_all(groups: &[Vec<Cell>]) -> Vec<Cell> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let cells = Network::new(group.clone()).run();
                    done.lock().unwrap().extend(cells);
                }
            });
        }
    });
    done.into_inner().unwrap()
}

#[test]
fn every_kind_of_virtual_router_fails_over_and_back_with_every_daemon() {
    let root = nix::unistd::geteuid().is_root();
    let mut cells = all_cells();
    if !root {
        eprintln!("without FRR: it changes to its own user, which needs root");
        cells.retain(|cell| cell.peers.frr().is_none());
    }
    let done = run_all(&groups(&cells));
    for cell in &mut cells {
        if let Some(ran) = done.iter().find(|ran| ran.is(cell)) {
            *cell = ran.clone();
        }
    }
    print!("{}", table::table(&cells));
    let ran = |cell: &&Cell| cell.unsupported().is_none();
    let failed: Vec<String> = cells
        .iter()
        .filter(ran)
        .filter(|cell| !cell.is_good())
        .map(Cell::name)
        .collect();
    assert!(failed.is_empty(), "failed:\n{}", failed.join("\n"));
    let covered = |peers| cells.iter().filter(ran).any(|cell| cell.peers == peers);
    let expected = Peers::ALL
        .iter()
        .filter(|peers| root || peers.frr().is_none());
    assert!(
        expected.copied().all(covered),
        "a pair of daemons has no cell"
    );
}
