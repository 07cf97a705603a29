//! Planned moves of addresses of the IPv6 kind, as an operator asks for them and as the client sees them.

use std::time::Duration;

use standfast_lab::{ExitState, Moment};

use crate::lan::{Lan, PATIENCE, VIP6, VIP6_ON_LINK, instance_v6, until};
use crate::support::standfast;

/// The client's longest silence in a planned move, net of the machine's own: no skew fits into it.
const SMOOTH: Duration = Duration::from_millis(60);
/// The program under test, in each host.
const STANDFAST: &str = "/run/lab/bin/standfast";

/// Runs `standfast` with these words on a node; its exit code, and what it said, as one line.
fn ask(lan: &Lan, index: usize, words: &str) -> (ExitState, String) {
    let argv: Vec<&str> = [STANDFAST].into_iter().chain(words.split(' ')).collect();
    let host = &lan.nodes[index].host;
    let output = host.run_within(PATIENCE, &argv).unwrap();
    let text = output.output + &output.error;
    println!("{}$ standfast {words}\n{text}", host.name());
    // Long lines are broken for people.
    let words: Vec<&str> = text.split_whitespace().collect();
    (output.status, words.join(" "))
}

/// It did as it was told, and said this.
#[track_caller]
fn steer(lan: &Lan, index: usize, words: &str, says: &str) {
    let (code, text) = ask(lan, index, words);
    assert_eq!(code, ExitState::Code(0), "{text}");
    assert!(text.contains(says), "{text}");
}

/// It was refused, for that reason.
#[track_caller]
fn refused(lan: &Lan, index: usize, words: &str, says: &str) {
    let (code, text) = ask(lan, index, words);
    assert_eq!(code, ExitState::Code(1), "{text}");
    assert!(text.contains(says), "{text}");
}

/// Both addresses are with that node alone, and the client goes there.
#[track_caller]
fn with_node(lan: &Lan, index: usize) {
    lan.client_knows(VIP6, index);
    for address in [VIP6, VIP6_ON_LINK] {
        lan.holds(index, address, true);
        lan.holds(1 - index, address, false);
    }
}

/// The first node gives its addresses to the second: the move has a gap that is told, and the client waits for nothing.
#[track_caller]
fn moves(lan: &Lan, words: &str) {
    let from = Moment::now();
    steer(lan, 0, words, "node-2 (fe80::");
    let taken = lan.served_by(1, from);
    with_node(lan, 1);
    let gap = lan.probe.net_gap(from, taken + SMOOTH).unwrap();
    println!("{words}: the client waited {gap:?}");
    assert!(gap <= SMOOTH, "{words}: the client waited {gap:?}");
}

#[test]
fn a_switchover_a_drain_and_their_end_move_the_addresses() {
    let configurations = [instance_v6(100, ""), instance_v6(90, "")];
    let daemons = [standfast(), standfast()];
    Lan::new(daemons, [&configurations[0], &configurations[1]], VIP6).telling(|lan| {
        lan.start();
        with_node(lan, 0);
        for (index, follows) in [(0, "VI_6: MASTER"), (1, "master node-1 (fe80::")] {
            until("the nodes know each other", || {
                let (_, text) = ask(lan, index, "status");
                text.contains("answers in ") && text.contains(follows)
            });
        }
        moves(lan, "switchover VI_6");
        let (_, text) = ask(lan, 0, "status");
        assert!(text.contains("yields leaves fe80::"), "{text}");
        steer(lan, 0, "resume", "resumed");
        with_node(lan, 0);

        moves(lan, "drain");
        until("the other node knows that it is drained", || {
            let (_, text) = ask(lan, 1, "status");
            text.contains(", drained")
        });
        let reason = "is drained and would give it back; `standfast resume` there first";
        refused(lan, 1, "switchover VI_6", reason);
        refused(lan, 1, "switchover VI_6 --to node-1", reason);
        with_node(lan, 1);
        let (_, text) = ask(lan, 1, "explain VI_6");
        assert!(
            text.contains("node-1 is drained: it takes over only"),
            "{text}"
        );
        steer(lan, 0, "resume", "resumed");
        with_node(lan, 0);
    });
}
