//! Where nothing is wrong, nothing is said to be.

use std::time::Duration;

use standfast_lab::Daemon;

use crate::scene::{FIRST, SECOND, becomes, follows, is_well, with_pair};
use crate::support::standfast;

/// Longer than a conflict at the start is remembered as one.
const WHILE: Duration = Duration::from_secs(5);

#[test]
fn a_pair_of_standfast_nodes() {
    with_pair(standfast(), [FIRST, SECOND], |pair| {
        becomes(&pair.first.host, "master");
        follows(&pair.second.host, 0);
        is_well(&pair.first.host, "master", WHILE);
        is_well(&pair.second.host, "backup", WHILE);
    });
}

/// The address came back from the other one, which said its last word.
#[test]
fn a_pair_after_a_failover_and_back() {
    with_pair(standfast(), [FIRST, SECOND], |pair| {
        becomes(&pair.first.host, "master");
        follows(&pair.second.host, 0);
        pair.first.host.cable_pull().unwrap();
        becomes(&pair.second.host, "master");
        pair.first.host.cable_plug().unwrap();
        becomes(&pair.first.host, "master");
        follows(&pair.second.host, 0);
        is_well(&pair.first.host, "master", WHILE);
        is_well(&pair.second.host, "backup", WHILE);
    });
}

#[test]
fn a_backup_of_keepalived() {
    with_pair(Daemon::Keepalived, [SECOND, FIRST], |pair| {
        follows(&pair.first.host, 1);
        is_well(&pair.first.host, "backup", WHILE);
    });
}
