//! The cells of each pane's rows.

use std::collections::BTreeSet;
use std::net::IpAddr;

use standfast_api::event::Record;
use standfast_api::status::{Check, Instance, State as Role, Status};

use crate::events::{sentence, subject};
use crate::moments::{Present, span};
use crate::output::{Piece, Tone, piece, plain};
use crate::status::{holding, named, state as role};

/// Levels of a spark.
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Heads of the instances' columns.
pub(super) const INSTANCE_HEADS: [&str; 6] = [
    "INSTANCE",
    "STATE",
    "FOR",
    "PRIORITY",
    "MASTER",
    "ADDRESSES",
];

/// What stands before the name of an instance that has a problem.
const MARK: &str = "!";

/// An instance; whether something is wrong with it.
pub(super) fn instance(instance: &Instance, wrong: bool, present: &Present) -> Vec<Piece> {
    let name = match wrong {
        true => piece(Tone::Bad, format!("{MARK}{}", instance.name)),
        false => piece(Tone::Strong, &instance.name),
    };
    let priority = &instance.priority;
    let number = match priority.effective == priority.base {
        true => plain(priority.effective.to_string()),
        false => {
            let text = format!("{} of {}", priority.effective, priority.base);
            piece(Tone::Warning, text)
        }
    };
    let master = match &instance.master {
        Some(master) if master.here && instance.alone => piece(Tone::Warning, "here, alone"),
        Some(master) if master.here => plain("here"),
        Some(master) => plain(named(master.name.as_deref(), master.address)),
        None => piece(Tone::Faint, "-"),
    };
    vec![
        name,
        role(instance.state),
        plain(present.since(instance.since_us)),
        number,
        master,
        holding(&instance.addresses),
    ]
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name, or what it is.
    pub(super) name: String,
    /// Its address; none: this node.
    pub(super) address: Option<IpAddr>,
    /// Instances that it is master of, as this node sees it.
    pub(super) masters: Vec<String>,
    /// When it was heard last.
    pub(super) heard_us: Option<u64>,
    /// Time until it answered.
    pub(super) round_trip_us: Option<u64>,
    /// It speaks the peer channel.
    pub(super) is_standfast: bool,
}

/// This node, the Standfast nodes that it knows, and everybody else who advertises.
pub(super) fn nodes(status: &Status) -> Vec<Node> {
    let masters = |address: IpAddr| {
        let theirs = status.instances.iter().filter(|one| {
            one.master
                .as_ref()
                .is_some_and(|master| !master.here && master.address == address)
        });
        theirs.map(|one| one.name.clone()).collect()
    };
    let ours = status.instances.iter();
    let ours = ours.filter(|one| one.state == Role::Master);
    let mut nodes = vec![Node {
        name: status.node.name.clone(),
        address: None,
        masters: ours.map(|one| one.name.clone()).collect(),
        heard_us: None,
        round_trip_us: None,
        is_standfast: true,
    }];
    let mut known = BTreeSet::new();
    for peer in &status.peers {
        known.insert(peer.address);
        nodes.push(Node {
            name: peer.name.clone(),
            address: Some(peer.address),
            masters: masters(peer.address),
            heard_us: Some(peer.heard_us),
            round_trip_us: peer.round_trip_us,
            is_standfast: true,
        });
    }
    let speakers = status.instances.iter().flat_map(|one| &one.speakers);
    for speaker in speakers {
        if known.insert(speaker.address) {
            nodes.push(Node {
                name: "(VRRP only)".to_owned(),
                address: Some(speaker.address),
                masters: masters(speaker.address),
                heard_us: Some(speaker.heard_us),
                round_trip_us: None,
                is_standfast: false,
            });
        }
    }
    nodes
}

/// Heads of the nodes' columns.
pub(super) const NODE_HEADS: [&str; 4] = ["NODE", "ADDRESS", "MASTER", "HEARD"];

/// A node.
pub(super) fn node(node: &Node, present: &Present) -> Vec<Piece> {
    let address = match node.address {
        Some(address) => plain(address.to_string()),
        None => piece(Tone::Faint, "this node"),
    };
    let masters = match node.masters.len() {
        0 => piece(Tone::Faint, "-"),
        number => piece(Tone::Good, format!("of {number}")),
    };
    let heard = match node.heard_us {
        Some(at) => plain(present.since(at)),
        None => piece(Tone::Faint, "-"),
    };
    vec![piece(Tone::Strong, &node.name), address, masters, heard]
}

/// Heads of the checks' columns.
pub(super) const CHECK_HEADS: [&str; 4] = ["CHECK", "STATE", "TOOK", "LAST RUNS"];

/// A check; its last runs in at most so many columns.
pub(super) fn check(check: &Check, columns: usize) -> Vec<Piece> {
    let took = check.took_us.map_or_else(|| "-".to_owned(), span);
    let tone = match check.passed {
        Some(false) => Tone::Bad,
        Some(true) | None => Tone::Plain,
    };
    vec![
        piece(Tone::Strong, &check.name),
        check_state(check),
        plain(took),
        piece(tone, sparks(&check.durations_us, columns)),
    ]
}

/// Up, down, or why it does not count.
pub(super) fn check_state(check: &Check) -> Piece {
    if check.paused.is_some() {
        return piece(Tone::Warning, "paused");
    }
    if check.repairing {
        return piece(Tone::Warning, "repair");
    }
    let tone = match check.state.as_str() {
        "up" => Tone::Good,
        "down" => Tone::Bad,
        _ => Tone::Warning,
    };
    piece(tone, &check.state)
}

/// Durations as heights, the newest last; the longest is the highest.
pub(super) fn sparks(durations_us: &[u64], columns: usize) -> String {
    let start = durations_us.len().saturating_sub(columns);
    let shown = durations_us.get(start..).unwrap_or_default();
    let longest = shown.iter().copied().max().unwrap_or(0).max(1);
    let top = u64::try_from(SPARKS.len() - 1).unwrap_or(0);
    let heights = shown.iter().map(|duration| {
        let height = u128::from(*duration) * u128::from(top) / u128::from(longest);
        let spark = usize::try_from(height).ok().and_then(|at| SPARKS.get(at));
        spark.copied().unwrap_or(' ')
    });
    heights.collect()
}

/// Heads of the journal's columns.
pub(super) const EVENT_HEADS: [&str; 3] = ["TIME", "ABOUT", "WHAT"];

/// An entry of the journal.
pub(super) fn event(record: &Record, present: &Present) -> Vec<Piece> {
    vec![
        piece(Tone::Faint, present.clock(record.at_us)),
        piece(Tone::Strong, subject(record)),
        piece(crate::events::tone(record), sentence(record)),
    ]
}
