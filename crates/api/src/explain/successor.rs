//! Who would take over from this node: redundancy that is lost, and that nobody notices while it serves.

use super::Problem;
use super::case::Case;
use super::text::{list, time};
use crate::event::SubjectKind;
use crate::status::{NodeOfInstance, Speaker, State};

/// The word for it.
const KIND: &str = "no-successor";
/// The master before was heard so many down intervals before this node followed it, at most.
const FOLLOWED_INTERVALS: u64 = 2;
/// And so long after it, in microseconds: clocks are read one after the other.
const SLACK_US: u64 = 1_000_000;
/// Findings that somebody else is there, and what is the matter with it.
const EXPLAINED: [&str; 15] = [
    "vrrp-filtered",
    "one-way-link",
    "two-owners",
    "wrong-password",
    "wrong-authentication",
    "wrong-key",
    "clocks-differ",
    "wrong-version",
    "interval-mismatch",
    "unknown-peer",
    "wrong-ttl",
    "refused",
    "wrong-vrid",
    "foreign-group",
    "other-holder",
];

/// Why nobody could take over.
enum Lost<'a> {
    /// All other nodes are there, and in FAULT.
    Faulty(Vec<&'a NodeOfInstance>),
    /// The master before this node, which is silent since.
    Master(&'a Speaker),
    /// A Standfast node that stood by.
    Node(Option<&'a Speaker>),
}

/// MASTER, and whoever could take over is gone or in FAULT.
pub(super) fn none(case: &Case<'_>, found: &[Problem]) -> Vec<Problem> {
    if found.iter().any(|it| EXPLAINED.contains(&it.kind.as_str())) {
        return Vec::new();
    }
    let lost = lost(case);
    lost.map(|it| problem(case, &it)).into_iter().collect()
}

/// Whether it is known that nobody could take over.
pub(super) fn is_lost(case: &Case<'_>) -> bool {
    lost(case).is_some()
}

fn problem(case: &Case<'_>, lost: &Lost<'_>) -> Problem {
    let name = &case.instance.name;
    let (who, since) = match lost {
        Lost::Faulty(nodes) => {
            return without_successor(name, nodes);
        }
        Lost::Master(speaker) | Lost::Node(Some(speaker)) => {
            let since =
                matches!(lost, Lost::Master(_)).then(|| time(case.age_us(speaker.heard_us)));
            (called(case, speaker), since)
        }
        Lost::Node(None) => ("the other Standfast node".to_owned(), None),
    };
    let since = since.map_or_else(String::new, |age| format!(" for {age}"));
    let text = format!("alone{since}: {who} is gone, no failover is possible");
    let fix = "Does that host run, is its cable in, and does its daemon run (`systemctl status standfast` there)? As soon as its \
               advertisements or the peer channel are heard this ends."
        .to_owned();
    Problem::new(KIND, text, fix)
}

/// A hard drain is a fault that somebody wants.
fn without_successor(name: &str, nodes: &[&NodeOfInstance]) -> Problem {
    let (drained, faulty): (Vec<&NodeOfInstance>, Vec<_>) = nodes.iter().partition(|it| it.drained);
    let mut texts = Vec::new();
    let mut fixes = Vec::new();
    for (nodes, what) in [
        (faulty, "in FAULT"),
        (drained, "drained, also as the last resort"),
    ] {
        let names: Vec<String> = nodes.iter().map(|it| it.name.clone()).collect();
        let verb = match names.len() {
            0 => continue,
            1 => "is",
            _ => "are",
        };
        let who = list(&names);
        texts.push(format!("{who} {verb} {what}"));
        fixes.push(match nodes.iter().any(|it| it.drained) {
            true => format!("`standfast resume` on {who} ends the drain."),
            false => format!("`standfast explain {name}` on {who} says what it lacks."),
        });
    }
    let text = format!("{}: no failover is possible", texts.join(", "));
    Problem::new(KIND, text, fixes.join(" "))
}

/// `node-a (10.9.0.1)`, or the address alone.
fn called(case: &Case<'_>, speaker: &Speaker) -> String {
    let mut peers = case.status.peers.iter();
    match peers.find(|it| it.address == speaker.address) {
        Some(peer) if !peer.name.is_empty() => format!("{} ({})", peer.name, speaker.address),
        Some(_) | None => speaker.address.to_string(),
    }
}

fn lost<'a>(case: &Case<'a>) -> Option<Lost<'a>> {
    let instance = case.instance;
    let heard = instance.speakers.iter().any(|it| case.is_heard(it));
    if !case.is_master() || instance.alone || (heard && !is_before_us(case)) {
        return None;
    }
    let others: Vec<&NodeOfInstance> = case.others().collect();
    if !others.is_empty() {
        let all = others.iter().all(|it| it.state == State::Fault);
        return all.then_some(Lost::Faulty(others));
    }
    let taken = instance.speakers.iter().filter(|it| it.taken > 0);
    let last = taken.max_by_key(|it| it.heard_us);
    match last.filter(|it| was_better_master(case, it)) {
        Some(speaker) => Some(Lost::Master(speaker)),
        None => is_standfast_pair(case).then_some(Lost::Node(last)),
    }
}

/// What is heard still was said by the master before.
fn is_before_us(case: &Case<'_>) -> bool {
    let mut heard = case.instance.speakers.iter().filter(|it| case.is_heard(it));
    heard.all(|it| !case.goes_on(it.heard_us) && it.refused.is_none())
}

/// This node was made master by its silence or its last word, and where it has the better claim and is well it would be
/// master again. Without preemption it need not be: then it may stand by in silence.
fn was_better_master(case: &Case<'_>, speaker: &Speaker) -> bool {
    let instance = case.instance;
    let cause = instance.cause.as_ref().map(|it| it.kind.as_str());
    let followed = matches!(cause, Some("silence" | "resigned" | "peer-silent"));
    let before = instance.down_interval_us.saturating_mul(FOLLOWED_INTERVALS);
    let first = instance
        .since_us
        .saturating_sub(before.saturating_add(SLACK_US));
    let last = instance.since_us.saturating_add(SLACK_US);
    let ours = instance.priority.base.max(instance.priority.effective);
    let better = speaker.priority.is_some_and(|it| it == 0 || it > ours);
    let then = (first..=last).contains(&speaker.heard_us);
    instance.preempt && followed && better && then && speaker.refused.is_none()
}

/// A Standfast node has shared this virtual router: such a node is never silent, also as BACKUP.
fn is_standfast_pair(case: &Case<'_>) -> bool {
    let instance = case.instance;
    let by_channel = ["handed-over", "peer-silent"];
    let mut transitions = instance.transitions.keys();
    let moved = transitions.any(|key| by_channel.iter().any(|it| key.ends_with(it)));
    let met = |address| instance.speakers.iter().any(|it| it.address == address);
    let mut records = case.records.iter();
    let lost = records.any(|it| {
        let of_peer = it.kind == "peer-lost" && it.subject.kind == SubjectKind::Node;
        of_peer && it.peer.is_some_and(met)
    });
    instance.met_node || moved || lost
}
