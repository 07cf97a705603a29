//! What is configured so that nothing moves, or something else than is wanted.

use std::net::IpAddr;

use super::Problem;
use super::case::Case;
use super::text::{list, time};
use super::why::word;
use crate::status::{Instance, NodeOfInstance, State};

/// The kind of an instance without an address whose peer has one.
pub(super) const PROTECTS_NOTHING: &str = "protects-nothing";
/// What nobody else may have as well.
const OWNER: u8 = 255;

/// It would be master, and its group is not ready.
pub(super) fn awaits_group(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let instance = case.instance;
    let Some(group) = instance.group.as_ref().filter(|_| instance.awaits_group) else {
        return Vec::new();
    };
    let members = case.status.instances.iter();
    let members = members.filter(|it| it.group.as_ref() == Some(group) && it.name != instance.name);
    let held: Vec<String> = members.filter_map(holds_back).collect();
    let who = match held.is_empty() {
        true => "its other members".to_owned(),
        false => list(&held),
    };
    let text = format!("it would be MASTER, but sync group {group} waits for {who}");
    let fix = format!(
        "All members of {group} have to be able to be master on one node; `standfast explain` of that member says more."
    );
    vec![Problem::new("sync-group", text, fix)]
}

fn holds_back(member: &Instance) -> Option<String> {
    if member.awaits_group || member.state == State::Master {
        return None;
    }
    let master = member.master.as_ref().filter(|it| !it.here);
    let fault = member.faults.first();
    let why = match (fault, master) {
        (Some(fault), _) => format!(": {}", fault.text),
        (None, Some(master)) => format!(
            ": {} is master with priority {}",
            master.address, master.priority
        ),
        (None, None) => String::new(),
    };
    Some(format!("{} ({}{why})", member.name, word(member.state)))
}

/// It has no address, and another node of the same virtual router has: what is asked for there goes nowhere from here.
pub(super) fn protects_nothing(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    if !is_empty(case) {
        return Vec::new();
    }
    let mut nodes = case
        .others()
        .filter(|it| it.differs.iter().any(|it| it == "addresses"));
    let mut speakers = case.instance.speakers.iter();
    let who = match (
        nodes.next(),
        speakers.find(|it| !it.other_addresses.is_empty()),
    ) {
        (Some(node), _) => node.name.clone(),
        (None, Some(speaker)) => case.named(speaker.address),
        (None, None) => return Vec::new(),
    };
    let instance = &case.instance.name;
    let text = format!(
        "{instance} has no virtual address: it protects nothing, and {who} has some. {}",
        misspelt(case)
    );
    let fix = format!(
        "Give {instance} the virtual_ipaddress block of the other node, and reload; see whether a keyword is misspelt: {}.",
        checked(case)
    );
    vec![Problem::new(PROTECTS_NOTHING, text, fix)]
}

/// It has no address, and nobody is known to have one: that may be meant so.
pub(super) fn no_address(case: &Case<'_>, found: &[Problem]) -> Vec<Problem> {
    let told = found.iter().any(|it| it.kind == PROTECTS_NOTHING);
    if told || !is_empty(case) || case.instance.routing > 0 {
        return Vec::new();
    }
    let instance = &case.instance.name;
    let text = format!(
        "{instance} has no virtual address: it protects nothing, unless its scripts do. {}",
        misspelt(case)
    );
    let fix = format!("See whether a keyword is misspelt: {}.", checked(case));
    vec![Problem::new("no-virtual-address", text, fix)]
}

/// It takes part, and without an address.
const fn is_empty(case: &Case<'_>) -> bool {
    matches!(case.instance.state, State::Master | State::Backup)
        && case.instance.addresses.is_empty()
}

/// Where to look.
fn misspelt(case: &Case<'_>) -> String {
    match case.status.node.files.first() {
        Some(file) => format!("{file}: {}", checked(case)),
        None => checked(case),
    }
}

fn checked(case: &Case<'_>) -> String {
    match case.status.node.files.first() {
        Some(file) => format!("`standfast check {file}`"),
        None => "`standfast check`".to_owned(),
    }
}

/// A Standfast node says that its configuration is another one.
pub(super) fn peers_differ(case: &Case<'_>, found: &[Problem]) -> Vec<Problem> {
    let told = found.iter().any(|it| it.kind == "address-list-differs");
    // Its addresses are the first that is told.
    let empty = found.iter().any(|it| it.kind == PROTECTS_NOTHING);
    let others = case.others().filter(|_| !told);
    others
        .filter_map(|node| {
            let words = node.differs.iter().filter_map(|it| match it.as_str() {
                "addresses" if empty => None,
                "addresses" => Some("virtual_ipaddress".to_owned()),
                other => Some(other.to_owned()),
            });
            let words: Vec<String> = words.collect();
            (!words.is_empty()).then(|| differing(case, node, &words))
        })
        .collect()
}

fn differing(case: &Case<'_>, node: &NodeOfInstance, words: &[String]) -> Problem {
    let name = &node.name;
    let what = list(words);
    let serves = node.state == State::Master && !case.is_master();
    let addresses = node.differs.iter().any(|it| it == "addresses");
    let text = match serves && addresses && !case.instance.addresses.is_empty() {
        true => format!(
            "the master {name} does not hold these addresses ({}): it has another {what} for this virtual router",
            case.own_addresses()
        ),
        false => format!(
            "{name} has another {what} for this virtual router: it cannot take over from this node as it should"
        ),
    };
    let fix = format!("Make {what} of {} equal on both nodes.", case.instance.name);
    Problem::new("peer-differs", text, fix)
}

/// Two nodes with one priority: the address decides, which nobody expects.
pub(super) fn same_priority(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let ours = &case.instance.priority;
    if ours.base == OWNER {
        return Vec::new();
    }
    let mut nodes = case.others().filter(|it| it.base == ours.base);
    let of_node = nodes.find_map(|it| it.address);
    let mut speakers = case.instance.speakers.iter();
    let same = |priority: Option<u8>| priority == Some(ours.base) && ours.effective == ours.base;
    let of_speaker = speakers.find(|it| {
        let known = case.node_at(it.address).is_some();
        it.taken > 0 && !known && same(it.priority)
    });
    let Some(address) = of_node.or_else(|| of_speaker.map(|it| it.address)) else {
        return Vec::new();
    };
    let text = format!(
        "{} has the same priority {}: whoever is master first stays it, and where both are, the higher address wins ({}), so that \
         nobody can say beforehand which node serves",
        case.named(address),
        ours.base,
        higher(case, address)
    );
    let fix = format!(
        "Give the nodes different priorities in {}.",
        case.instance.name
    );
    vec![Problem::new("same-priority", text, fix)]
}

fn higher(case: &Case<'_>, other: IpAddr) -> IpAddr {
    case.instance.source.map_or(other, |own| own.max(other))
}

/// Version 3 learns the master's interval: it works, and failover is as slow as the slower one.
pub(super) fn intervals_differ(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let instance = case.instance;
    if instance.version != 3 {
        return Vec::new();
    }
    let speakers = instance.speakers.iter();
    let other = speakers.filter(|it| it.taken > 0 && it.refused.is_none() && case.is_heard(it));
    let mut other = other.filter(|it| {
        it.interval_us
            .is_some_and(|at| at != instance.advert_interval_us)
    });
    let Some(speaker) = other.next() else {
        return Vec::new();
    };
    let text = format!(
        "{} advertises every {}, this node every {}: a failover takes as long as the master's interval says",
        case.named(speaker.address),
        time(speaker.interval_us.unwrap_or(0)),
        time(instance.advert_interval_us)
    );
    let fix = format!("Make advert_int of {} equal on both nodes.", instance.name);
    vec![Problem::new("interval-differs", text, fix)]
}
