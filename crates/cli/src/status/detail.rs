//! One instance with everything that is known of it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use standfast_api::explain::Problem;
use standfast_api::status::{
    Address, Handover, Instance, NodeOfInstance, Priority, Speaker, State,
};

use super::{View, state};
use crate::moments::span;
use crate::output::{Page, Piece, Tone, listed, piece, plain};

/// Addresses of one kind that are named.
const ADDRESSES_SHOWN: usize = 3;
/// Summands of a priority that are named.
const PARTS_SHOWN: usize = 6;
/// Nodes that are shown.
const NODES_SHOWN: usize = 8;
/// Others on the wire that are shown.
const SPEAKERS_SHOWN: usize = 4;
/// Problems that are shown; the first is the most likely cause of the others.
const PROBLEMS_SHOWN: usize = 3;
/// Time in which a change of masters is over.
const CHANGE_US: u64 = 2_000_000;
/// A move that a master has taken back is told for so long.
const TOLD_US: u64 = 60_000_000;
/// Destinations that are named.
const DESTINATIONS_SHOWN: usize = 2;
/// Interval of advertisements where nothing else is configured.
const USUAL_INTERVAL_US: u64 = 1_000_000;

impl View {
    /// An instance and what is known of it.
    pub(super) fn detail(&self, page: &mut Page, instance: &Instance, problems: &[Problem]) {
        self.headline(page, instance);
        page.entry("router", &router(instance));
        if let Some(cause) = &instance.cause {
            page.entry("because", &[plain(&cause.text)]);
        }
        page.entry("priority", &priority(&instance.priority));
        addresses(page, &instance.addresses);
        self.master(page, instance);
        self.nodes(page, instance);
        self.speakers(page, instance);
        if let Some(next) = &instance.next {
            let text = format!("{}: {}", self.present.ahead(next.at_us), next.text);
            page.entry("next", &[plain(text)]);
        }
        if let Some(address) = instance.yields_to {
            let text =
                format!("leaves {address} master after a switchover, until `standfast resume`");
            page.entry("yields", &[plain(text)]);
        }
        let told = |handover: &&Handover| {
            let age = self.present.now_us.saturating_sub(handover.at_us);
            instance.state != State::Master || age < TOLD_US
        };
        if let Some(handover) = instance.handover.as_ref().filter(told) {
            let when = self.present.ago(handover.at_us);
            let gap = crate::steering::gap(handover.gap_us);
            page.entry(
                "moved",
                &[plain(format!("to {} {when}: {gap}", handover.to))],
            );
        }
        self.problems(page, instance, problems);
    }

    fn headline(&self, page: &mut Page, instance: &Instance) {
        let since = format!(
            " for {} (since {})",
            self.present.since(instance.since_us),
            self.present.clock(instance.since_us)
        );
        let mut line = vec![
            piece(Tone::Strong, &instance.name),
            plain(": "),
            state(instance.state),
            plain(since),
        ];
        if instance.alone {
            line.push(piece(Tone::Warning, ", alone: nobody else was ever heard"));
        }
        page.paragraph(0, &line);
    }

    fn master(&self, page: &mut Page, instance: &Instance) {
        let text = match &instance.master {
            Some(master) if master.here => return,
            Some(master) => format!(
                "{}, priority {}, heard {}",
                named(master.name.as_deref(), master.address),
                master.priority,
                self.present.ago(master.heard_us)
            ),
            None => "nobody is known".to_owned(),
        };
        page.entry("master", &[plain(text)]);
    }

    fn nodes(&self, page: &mut Page, instance: &Instance) {
        let others = instance.nodes.iter().filter(|node| !node.here).count();
        if others == 0 {
            return;
        }
        let shown = instance.nodes.iter().take(NODES_SHOWN);
        let rows: Vec<_> = shown.map(|node| self.node_row(node)).collect();
        page.entries("nodes", &rows);
        if let Some(more @ 1..) = instance.nodes.len().checked_sub(NODES_SHOWN) {
            page.entry("", &[plain(format!("and {more} more"))]);
        }
    }

    fn node_row(&self, node: &NodeOfInstance) -> Vec<Piece> {
        let address = node.address.map(|address| address.to_string());
        let priority = match node.base == node.priority {
            true => node.priority.to_string(),
            false => format!("{} of {}", node.priority, node.base),
        };
        let mut words = vec![format!("for {}", self.present.since(node.since_us))];
        if node.here {
            words.push("this node".to_owned());
        } else {
            words.push(format!("heard {}", self.present.ago(node.heard_us)));
        }
        if node.drained {
            words.push("drained".to_owned());
        }
        if !node.ready {
            words.push("not ready".to_owned());
        }
        if !node.differs.is_empty() {
            words.push(format!("DIFFERS in {}", node.differs.join(", ")));
        }
        let tone = match node.differs.is_empty() && node.ready && !node.drained {
            true => Tone::Plain,
            false => Tone::Warning,
        };
        vec![
            plain(&node.name),
            state(node.state),
            plain(priority),
            plain(address.unwrap_or_default()),
            piece(tone, words.join(", ")),
        ]
    }

    /// Who else sends advertisements; nodes of the peer channel are known already, unless their packets are not taken.
    fn speakers(&self, page: &mut Page, instance: &Instance) {
        let known = |speaker: &&Speaker| {
            let by_name = instance
                .nodes
                .iter()
                .any(|node| node.address == Some(speaker.address));
            let followed = instance
                .master
                .as_ref()
                .is_some_and(|master| master.address == speaker.address);
            (by_name || followed) && speaker.refused.is_none()
        };
        let strange: Vec<_> = instance.speakers.iter().filter(|one| !known(one)).collect();
        for (number, speaker) in strange.iter().take(SPEAKERS_SHOWN).enumerate() {
            let label = if number == 0 { "heard" } else { "" };
            page.entry(label, &self.speaker(speaker));
        }
        if let Some(more @ 1..) = strange.len().checked_sub(SPEAKERS_SHOWN) {
            page.entry("", &[plain(format!("and {more} more"))]);
        }
        // A master before or after this node has answered as it should.
        let rivals = instance.holders.iter().filter(|holder| {
            let while_master = holder.seen_us > instance.since_us.saturating_add(CHANGE_US);
            instance.state == State::Master && while_master
        });
        for (number, holder) in rivals.take(SPEAKERS_SHOWN).enumerate() {
            let label = if number == 0 { "rivals" } else { "" };
            let when = self.present.ago(holder.seen_us);
            let text = format!("{} answers for {}, seen {when}", holder.mac, holder.address);
            page.entry(label, &[piece(Tone::Warning, text)]);
        }
        if instance.speakers.is_empty() && others_of(instance) == 0 && !instance.alone {
            page.entry("heard", &[plain("no other node so far")]);
        }
    }

    fn speaker(&self, speaker: &Speaker) -> Vec<Piece> {
        let mut text = speaker.address.to_string();
        if let Some(priority) = speaker.priority {
            text.push_str(&format!(" priority {priority}"));
        }
        if let Some(mac) = &speaker.mac {
            text.push_str(&format!(" ({mac})"));
        }
        text.push_str(&format!(", {}", self.present.ago(speaker.heard_us)));
        let mut pieces = vec![plain(text)];
        if let Some(refused) = &speaker.refused {
            pieces.push(piece(Tone::Bad, format!(", not taken: {}", refused.text)));
        }
        if !speaker.other_addresses.is_empty() {
            let addresses: Vec<_> = speaker
                .other_addresses
                .iter()
                .map(IpAddr::to_string)
                .collect();
            let addresses = listed(addresses.iter().map(String::as_str), ADDRESSES_SHOWN);
            pieces.push(piece(
                Tone::Warning,
                format!(", with other addresses: {addresses}"),
            ));
        }
        pieces
    }

    fn problems(&self, page: &mut Page, instance: &Instance, problems: &[Problem]) {
        for problem in problems.iter().take(PROBLEMS_SHOWN) {
            let (label, tone) = match problem.is_wrong() {
                true => ("PROBLEM", Tone::Bad),
                false => ("note", Tone::Warning),
            };
            page.entry(label, &[piece(tone, &problem.text)]);
        }
        if !problems.is_empty() {
            let more = match problems.len().saturating_sub(PROBLEMS_SHOWN) {
                0 => String::new(),
                more => format!("and {more} more; "),
            };
            let text = format!("{more}`standfast explain {}` says more", instance.name);
            page.entry("", &[piece(Tone::Faint, text)]);
        }
    }
}

/// Other Standfast nodes of the instance.
fn others_of(instance: &Instance) -> usize {
    instance.nodes.iter().filter(|node| !node.here).count()
}

/// `node-b (10.0.0.2)`, or the address alone.
pub(crate) fn named(name: Option<&str>, address: IpAddr) -> String {
    match name {
        Some(name) if !name.is_empty() => format!("{name} ({address})"),
        _ => address.to_string(),
    }
}

fn router(instance: &Instance) -> Vec<Piece> {
    let mut words = vec![format!("VRID {} VRRPv{}", instance.vrid, instance.version)];
    if !instance.interface.is_empty() {
        words.push(format!("on {}", instance.interface));
    }
    if let Some(source) = instance.source {
        words.push(format!("from {source}"));
    }
    let multicast = instance.destinations.iter().all(IpAddr::is_multicast);
    if !instance.destinations.is_empty() && !multicast {
        let peers: Vec<_> = instance
            .destinations
            .iter()
            .map(IpAddr::to_string)
            .collect();
        let peers = listed(peers.iter().map(String::as_str), DESTINATIONS_SHOWN);
        words.push(format!("to {peers}"));
    }
    let mut text = words.join(" ");
    if instance.advert_interval_us != USUAL_INTERVAL_US {
        text.push_str(&format!(", each {}", span(instance.advert_interval_us)));
    }
    if instance.authentication != "none" {
        text.push_str(&format!(", auth {}", instance.authentication));
    }
    if let Some(group) = &instance.group {
        text.push_str(&format!(", group {group}"));
    }
    if !instance.preempt {
        text.push_str(", nopreempt");
    }
    vec![plain(text)]
}

/// The sum of a priority: `94 = 99 base − 5 chk_http_port`.
pub(crate) fn priority(priority: &Priority) -> Vec<Piece> {
    let effective = priority.effective.to_string();
    if priority.drained {
        let text = format!(": held down by a drain, else {}", sum(priority));
        return vec![piece(Tone::Warning, effective), plain(text)];
    }
    let tone = match priority.effective < priority.base {
        true => Tone::Warning,
        false => Tone::Plain,
    };
    let adds: bool = priority.parts.iter().any(|part| part.adds != 0);
    let text = match (adds, priority.parts.len()) {
        (false, 0) => " = base".to_owned(),
        (false, number) => {
            let parts = priority.parts.iter();
            let up = parts.filter(|part| part.up == Some(true)).count();
            match (number, up == number) {
                (1, false) => " = base".to_owned(),
                (_, false) => format!(" = base; {up} of {number} tracked are well"),
                (1, true) => {
                    let name = priority.parts.first().map_or("", |part| part.name.as_str());
                    format!(" = base; {name} is well")
                }
                (_, true) => format!(" = base; all {number} tracked are well"),
            }
        }
        (true, _) => format!(" = {}", sum(priority)),
    };
    let mut pieces = vec![piece(tone, effective), plain(text)];
    if let Some(clamped) = priority.clamped {
        pieces.push(plain(format!(
            "; the sum is {clamped}, and a priority is 1 to 254"
        )));
    }
    let unusable: Vec<_> = priority.parts.iter().filter(|part| part.unusable).collect();
    if !unusable.is_empty() {
        let names = listed(
            unusable.iter().map(|part| part.name.as_str()),
            ADDRESSES_SHOWN,
        );
        pieces.push(piece(Tone::Bad, format!("; does not count: {names}")));
    }
    pieces
}

fn sum(priority: &Priority) -> String {
    let mut text = format!("{} base", priority.base);
    let parts: Vec<_> = priority
        .parts
        .iter()
        .filter(|part| part.adds != 0)
        .collect();
    let mut term = |adds: i32, name: &str| {
        let sign = if adds < 0 { '−' } else { '+' };
        text.push_str(&format!(" {sign} {} {name}", adds.unsigned_abs()));
    };
    for part in parts.iter().take(PARTS_SHOWN) {
        term(part.adds, &part.name);
    }
    let rest = parts.get(PARTS_SHOWN..).unwrap_or_default();
    if !rest.is_empty() {
        let adds = rest
            .iter()
            .fold(0_i32, |sum, part| sum.saturating_add(part.adds));
        term(adds, &format!("({} more)", rest.len()));
    }
    text
}

/// What should be and what is, of an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holding {
    /// It should be here and is not.
    Missing,
    /// It is here and should not be.
    Left,
    /// It is here, as it should be.
    Held,
    /// It is not here, as it should be.
    Elsewhere,
}

impl Holding {
    fn of(address: &Address) -> Self {
        match (address.wanted, address.held) {
            (true, false) => Self::Missing,
            (false, true) => Self::Left,
            (true, true) => Self::Held,
            (false, false) => Self::Elsewhere,
        }
    }

    fn piece(self) -> Piece {
        match self {
            Self::Missing => piece(Tone::Bad, "MISSING: the kernel does not hold it"),
            Self::Left => piece(Tone::Warning, "held, though it should not be"),
            Self::Held => piece(Tone::Good, "held"),
            Self::Elsewhere => plain("not held, as it should be"),
        }
    }
}

fn addresses(page: &mut Page, addresses: &[Address]) {
    let mut kinds: BTreeMap<(Holding, &str), Vec<String>> = BTreeMap::new();
    for address in addresses {
        let kind = kinds
            .entry((Holding::of(address), &address.interface))
            .or_default();
        kind.push(format!("{}/{}", address.address, address.prefix));
    }
    for (number, ((holding, interface), names)) in kinds.iter().enumerate() {
        let label = if number == 0 { "addresses" } else { "" };
        let list = listed(names.iter().map(String::as_str), ADDRESSES_SHOWN);
        let place = match *interface {
            "" => ": ".to_owned(),
            interface => format!(" on {interface}: "),
        };
        page.entry(label, &[plain(format!("{list}{place}")), holding.piece()]);
    }
    if addresses.is_empty() {
        page.entry("addresses", &[plain("none")]);
    }
}

/// How many of its addresses the kernel holds: `3 held`, `2 of 3 held`, `-` where none should be.
pub(crate) fn holding(addresses: &[Address]) -> Piece {
    let wanted = addresses.iter().filter(|address| address.wanted).count();
    let held = addresses.iter().filter(|address| address.held).count();
    match (wanted, held) {
        (0, 0) => plain("-"),
        (0, held) => piece(Tone::Warning, format!("{held} held, none should be")),
        (wanted, held) if wanted == held => plain(format!("{held} held")),
        (wanted, held) => piece(Tone::Bad, format!("{held} of {wanted} held")),
    }
}
