//! Who would be master: now, after each single failure of a check, and after the loss of each node.

use std::net::IpAddr;

use super::Seat;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Family, SyncGroup, TrackedInterface, TrackedObject, TrackedScript, Weight};
use crate::span::Span;
use crate::units::Priority;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All nodes run and all checks succeed.
    AllWell,
    /// One check fails on one node.
    CheckFails {
        /// The node.
        node: String,
        /// The script, interface, process or file.
        check: String,
    },
    /// One node is gone.
    NodeLost {
        /// The node.
        node: String,
    },
}

/// How a node stands in an election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The node.
    pub node: String,
    /// Its effective priority; `None` for a node that is lost or in fault.
    pub priority: Option<u8>,
}

/// An event and what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What happens, with everything else as in [`Event::AllWell`].
    pub event: Event,
    /// Who is master then; `None` where nobody is, or an unknown address decides between equals.
    pub master: Option<String>,
    /// All nodes' standings.
    pub standings: Vec<Standing>,
}

/// What is to be expected of one virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The instance's name on the first node that has it.
    pub name: String,
    /// Its virtual_router_id there.
    pub vrid: u8,
    /// Its family there.
    pub family: Family,
    /// [`Event::AllWell`] first; empty where the nodes don't hear each other, and each is master by itself.
    pub scenarios: Vec<Scenario>,
}

/// A check that an instance depends on.
struct Tracker<'a> {
    name: &'a str,
    weight: Weight,
    /// Where the weight comes from.
    span: Span,
}

impl Tracker<'_> {
    /// What it adds to the priority; `None` for a fault.
    fn contribution(&self, failed: bool) -> Option<i32> {
        let up = failed == self.weight.reverse;
        let value = i32::from(self.weight.value);
        match (value, up) {
            (0, true) => Some(0),
            (0, false) => None,
            (1.., true) | (..=-1, false) => Some(value),
            (1.., false) | (..=-1, true) => Some(0),
        }
    }
}

/// The scenarios of a router that at least two nodes have.
pub(super) fn of(seats: &[Seat<'_>]) -> Outlook {
    let well = Scenario::new(Event::AllWell, seats, |_| Fate::Well, None);
    let holder = well.master.clone();
    let mut scenarios = vec![well];
    for seat in seats {
        for tracker in trackers(seat) {
            let event = Event::CheckFails {
                node: seat.name().to_owned(),
                check: tracker.name.to_owned(),
            };
            let fate = |other: &Seat<'_>| {
                if other.node.offset == seat.node.offset {
                    Fate::Fails(tracker.name)
                } else {
                    Fate::Well
                }
            };
            scenarios.push(Scenario::new(event, seats, fate, holder.as_deref()));
        }
    }
    for seat in seats {
        let event = Event::NodeLost {
            node: seat.name().to_owned(),
        };
        let fate = |other: &Seat<'_>| {
            if other.node.offset == seat.node.offset {
                Fate::Lost
            } else {
                Fate::Well
            }
        };
        scenarios.push(Scenario::new(event, seats, fate, holder.as_deref()));
    }
    let first = seats.first();
    Outlook {
        name: first.map_or_else(String::new, |seat| seat.instance.name.value.clone()),
        vrid: first.map_or(0, |seat| seat.instance.vrid.value.get()),
        family: first.map_or(Family::V4, |seat| seat.instance.family),
        scenarios,
    }
}

/// What is wrong on a node.
#[derive(Clone, Copy)]
enum Fate<'a> {
    Well,
    Fails(&'a str),
    Lost,
}

impl Scenario {
    fn new<'f>(
        event: Event,
        seats: &[Seat<'_>],
        fate: impl Fn(&Seat<'_>) -> Fate<'f>,
        holder: Option<&str>,
    ) -> Self {
        let ranked: Vec<(&Seat<'_>, Option<u8>)> = seats
            .iter()
            .map(|seat| (seat, effective(seat, fate(seat))))
            .collect();
        let standings = ranked
            .iter()
            .map(|(seat, priority)| Standing {
                node: seat.name().to_owned(),
                priority: *priority,
            })
            .collect();
        Self {
            event,
            master: elect(&ranked, holder).map(str::to_owned),
            standings,
        }
    }
}

/// Who wins: the holder stays unless it is gone, or a node outranks it that preempts.
fn elect<'a>(ranked: &[(&Seat<'a>, Option<u8>)], holder: Option<&str>) -> Option<&'a str> {
    let current = ranked
        .iter()
        .find(|(seat, priority)| Some(seat.name()) == holder && priority.is_some());
    let rank = |(seat, priority): &&(&Seat<'a>, Option<u8>)| (*priority, source(seat));
    let Some((holder, Some(held))) = current else {
        let best = ranked
            .iter()
            .filter(|(_, priority)| priority.is_some())
            .max_by_key(rank)?;
        let equals = ranked
            .iter()
            .filter(|other| rank(other) == rank(&best))
            .count();
        let undecided = ranked
            .iter()
            .any(|(seat, priority)| *priority == best.1 && source(seat).is_none());
        let rivals = ranked
            .iter()
            .filter(|(_, priority)| *priority == best.1)
            .count();
        return (equals == 1 && (rivals == 1 || !undecided)).then(|| best.0.name());
    };
    let challengers = ranked
        .iter()
        .filter(|(seat, priority)| seat.instance.preempt && *priority > Some(*held));
    let winner = challengers.max_by_key(rank);
    Some(winner.map_or(holder.name(), |(seat, _)| seat.name()))
}

fn source(seat: &Seat<'_>) -> Option<IpAddr> {
    seat.instance.source_address.map(|source| source.value)
}

/// The priority with all weights; `None` in fault, or without the node.
fn effective(seat: &Seat<'_>, fate: Fate<'_>) -> Option<u8> {
    let base = seat.instance.priority;
    let failing = match fate {
        Fate::Lost => return None,
        Fate::Well => None,
        Fate::Fails(name) => Some(name),
    };
    let mut sum = i32::from(base.get());
    for tracker in trackers(seat) {
        sum += tracker.contribution(failing == Some(tracker.name))?;
    }
    if base == Priority::OWNER {
        return Some(base.get());
    }
    u8::try_from(sum.clamp(1, 254)).ok()
}

/// Everything that the instance, and the sync group around it, depends on; a name once.
fn trackers<'a>(seat: &Seat<'a>) -> Vec<Tracker<'a>> {
    let config = seat.node.config;
    let group = config.sync_groups.iter().find(|group| {
        group
            .members
            .iter()
            .any(|member| member.value == seat.instance.name.value)
    });
    let mut all: Vec<Tracker<'a>> = own(seat).collect();
    for tracker in group.into_iter().flat_map(of_group) {
        if !all.iter().any(|other| other.name == tracker.name) {
            all.push(tracker);
        }
    }
    // A fault of one member is a fault of all.
    for member in group.into_iter().flat_map(|group| &group.members) {
        let Some(instance) = config
            .instance(&member.value)
            .filter(|_| member.value != seat.instance.name.value)
        else {
            continue;
        };
        let other = Seat {
            node: seat.node,
            instance,
        };
        let faults = own(&other).filter(|tracker| tracker.weight.value == 0);
        for tracker in faults {
            if !all.iter().any(|known| known.name == tracker.name) {
                all.push(tracker);
            }
        }
    }
    all
}

fn own<'a>(seat: &Seat<'a>) -> impl Iterator<Item = Tracker<'a>> + use<'a> {
    let instance = seat.instance;
    listed(
        [&instance.track_scripts, &instance.track_checks],
        &instance.track_interfaces,
        &instance.track_processes,
    )
}

fn of_group<'a>(group: &'a SyncGroup) -> impl Iterator<Item = Tracker<'a>> + use<'a> {
    listed(
        [&group.track_scripts, &group.track_checks],
        &group.track_interfaces,
        &group.track_processes,
    )
}

fn listed<'a>(
    scripts: [&'a [TrackedScript]; 2],
    interfaces: &'a [TrackedInterface],
    processes: &'a [TrackedObject],
) -> impl Iterator<Item = Tracker<'a>> + use<'a> {
    let scripts = scripts.into_iter().flatten().map(|tracked| Tracker {
        name: &tracked.name.value,
        weight: tracked.weight,
        span: tracked.weight_place(),
    });
    let interfaces = interfaces.iter().map(|tracked| Tracker {
        name: &tracked.name.value,
        weight: tracked.weight,
        span: tracked.weight_span.unwrap_or(tracked.name.span),
    });
    let processes = processes.iter().map(|tracked| Tracker {
        name: &tracked.name.value,
        weight: tracked.weight,
        span: tracked.weight_span.unwrap_or(tracked.name.span),
    });
    scripts.chain(interfaces).chain(processes)
}

/// Says which checks of the expected master never move the address.
pub(super) fn judge(seats: &[Seat<'_>], outlook: &Outlook, found: &mut Vec<Diagnostic>) {
    let Some(holder) = outlook
        .scenarios
        .first()
        .and_then(|well| well.master.as_deref())
    else {
        return;
    };
    for scenario in &outlook.scenarios {
        let Event::CheckFails { node, check } = &scenario.event else {
            continue;
        };
        if node != holder || scenario.master.as_deref() != Some(holder) {
            continue;
        }
        let Some(seat) = seats.iter().find(|seat| seat.name() == node) else {
            continue;
        };
        let Some(tracker) = trackers(seat)
            .into_iter()
            .find(|tracker| tracker.name == check)
        else {
            continue;
        };
        let priority = |name: &str| {
            scenario
                .standings
                .iter()
                .find(|standing| standing.node == name)
                .and_then(|standing| standing.priority)
        };
        let rival = scenario
            .standings
            .iter()
            .filter(|standing| standing.node != holder)
            .max_by_key(|standing| standing.priority);
        let Some((left, (rival, Some(rival_priority)))) =
            priority(holder).zip(rival.map(|rival| (&rival.node, rival.priority)))
        else {
            continue;
        };
        if rival_priority > left
            && seats
                .iter()
                .any(|seat| seat.name() == rival && !seat.instance.preempt)
        {
            // The lint on nopreempt says it for one node as well.
            continue;
        }
        let text = format!(
            "when `{check}` fails on {holder} its priority falls to {left}, and {rival} has {rival_priority}: the address does not move"
        );
        let diagnostic = Diagnostic::warning(Code::WeightMovesNothing, seat.place(tracker.span), text).help(
            "make the weight larger than the difference of the priorities, or leave it out: then a failing check is a fault",
        );
        found.push(diagnostic);
    }
}
