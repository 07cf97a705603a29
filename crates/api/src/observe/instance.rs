//! One virtual router.

use std::collections::BTreeMap;

use standfast_core::router::{self, Router};
use standfast_core::spec::{Family, VirtualAddress};

use super::{Clock, View, peers, priority, words};
use crate::record;
use crate::status::{
    Address, Counters, Deletion, Holder, Instance, Master, Next, NodeOfInstance, Refusal, Speaker,
    Stall, State,
};

pub(super) fn of(view: &View<'_>, router: &Router) -> Instance {
    let (spec, clock) = (router.spec(), view.clock);
    let nodes = peers::of_router(view, router);
    let holders = router.holders().iter().map(|it| holder(it, clock));
    let state = words::state(router.state());
    Instance {
        name: spec.name.clone(),
        vrid: spec.vrid.get(),
        version: spec.version.number(),
        family: family(spec.family()).to_owned(),
        interface: spec.interface.clone(),
        group: spec.sync_group.clone(),
        source: router.source(),
        destinations: router.destinations().collect(),
        unicast: spec.unicast.is_some(),
        authentication: words::authentication(spec).to_owned(),
        state,
        since_us: clock.at(router.since()),
        cause: router.cause().map(record::cause),
        priority: priority::of(view, router),
        preempt: spec.preempt,
        yields_to: router.yields_to(),
        addresses: addresses(router),
        routing: u64::try_from(spec.fixtures.len()).unwrap_or(u64::MAX),
        faults: router.faults().map(words::fault).collect(),
        master: master(view, router, &nodes),
        alone: state == State::Master && !has_met(router, &nodes),
        met_node: has_met_node(router, &nodes),
        next: router
            .next_wakeup()
            .map(|(due, timer)| next(router, timer, clock.at(due))),
        takes_over_us: router.takes_over_at().map(|at| clock.at(at)),
        preempts_us: router.preempts_from().map(|at| clock.at(at)),
        not_before_us: not_before(router, clock),
        awaits_reports: router.awaits_reports(),
        awaits_group: router.awaits_group(),
        advert_interval_us: spec.advert_interval.0,
        master_interval_us: router.active_interval().0,
        down_interval_us: router.down_interval().0,
        garp_delay_us: spec.garp.delay.0,
        nodes,
        speakers: router
            .senders()
            .iter()
            .map(|it| speaker(it, clock))
            .collect(),
        holders: holders.collect(),
        counters: counters(router),
        transitions: transitions(router),
        handover: view.host.handovers.get(&spec.name).cloned(),
        stall: router.last_pause().map(|(at, time)| Stall {
            at_us: clock.at(at),
            for_us: time.0,
        }),
        deleted: router.last_deletion().map(|it| Deletion {
            address: it.address,
            at_us: clock.at(it.last),
            times: it.times,
        }),
        refused: router.last_refusal().map(|it| Refusal {
            address: it.address,
            adding: it.adding,
            text: it.error.to_string(),
            at_us: clock.at(it.last),
        }),
        problems: Vec::new(),
    }
}

/// Whether anybody else was ever heard.
fn has_met(router: &Router, nodes: &[NodeOfInstance]) -> bool {
    !router.has_met_nobody() || nodes.iter().any(|it| !it.here)
}

/// Whether another node of the peer channel is there, or was.
fn has_met_node(router: &Router, nodes: &[NodeOfInstance]) -> bool {
    nodes.iter().any(|it| !it.here) || router.has_met_peer()
}

const fn family(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    }
}

/// While nobody takes over yet.
fn not_before(router: &Router, clock: Clock) -> Option<u64> {
    let moment = router.not_before();
    (moment > clock.now).then(|| clock.at(moment))
}

fn next(router: &Router, timer: router::Timer, at_us: u64) -> Next {
    let (word, text) = words::timer(timer);
    let reserve = router.yields_to().filter(|_| timer == router::Timer::Down);
    let text = match reserve {
        // Its priority alone does not make it master.
        Some(_) => format!("{text}, or earlier after `standfast resume`"),
        None => text.to_owned(),
    };
    Next {
        timer: word.to_owned(),
        text,
        at_us,
    }
}

fn addresses(router: &Router) -> Vec<Address> {
    let wanted = router.is_serving();
    let advertised = router.spec().addresses.len();
    let all = router.addresses().enumerate();
    all.map(|(position, (held, there))| Address {
        address: held.address,
        prefix: held.prefix,
        interface: place(router, held),
        excluded: position >= advertised,
        wanted,
        held: there,
    })
    .collect()
}

fn place(router: &Router, held: &VirtualAddress) -> String {
    let own = &router.spec().interface;
    held.interface.as_ref().unwrap_or(own).clone()
}

/// Who is master, as far as this node has heard within a down interval.
fn master(view: &View<'_>, router: &Router, nodes: &[NodeOfInstance]) -> Option<Master> {
    let clock = view.clock;
    if router.is_serving() {
        return Some(Master {
            address: router.source()?,
            here: true,
            name: nodes.iter().find(|it| it.here).map(|it| it.name.clone()),
            priority: router.effective_priority().0,
            heard_us: clock.realtime_us,
        });
    }
    let fresh = |heard| clock.now.since(heard) < router.down_interval();
    let followed = router.followed().filter(|it| fresh(it.heard));
    let followed = followed.map(|it| (it.address, it.priority, it.heard));
    // Whoever is in FAULT follows nobody, and hears all the same.
    let heard = || {
        let taken = router.senders().iter();
        let taken = taken.filter(|it| it.refused.is_none() && fresh(it.last));
        let last = taken.max_by_key(|it| (it.priority, it.address))?;
        Some((last.address, last.priority?, last.last))
    };
    let (address, priority, heard) = followed.or_else(heard)?;
    let named = nodes.iter().find(|it| it.address == Some(address));
    Some(Master {
        address,
        here: false,
        name: named.map(|it| it.name.clone()),
        priority: priority.0,
        heard_us: clock.at(heard),
    })
}

fn speaker(sender: &router::Sender, clock: Clock) -> Speaker {
    Speaker {
        address: sender.address,
        mac: None,
        priority: sender.priority.map(|it| it.0),
        version: sender.version,
        interval_us: sender.interval.map(|it| it.0),
        first_us: clock.at(sender.first),
        heard_us: clock.at(sender.last),
        taken: sender.taken,
        dropped: sender.dropped,
        refused: sender.refused.map(words::refusal),
        other_addresses: sender.other_addresses.clone(),
    }
}

fn holder(holder: &router::Holder, clock: Clock) -> Holder {
    Holder {
        address: holder.address,
        mac: holder.mac.to_string(),
        first_us: clock.at(holder.first),
        seen_us: clock.at(holder.last),
        times: holder.times,
    }
}

fn counters(router: &Router) -> Counters {
    let counters = router.counters();
    let dropped = counters.dropped.iter();
    Counters {
        received: counters.received,
        sent: counters.sent,
        became_master: counters.became_active,
        released_master: counters.released,
        resigns_received: counters.resigns_received,
        resigns_sent: counters.resigns_sent,
        handovers: counters.handovers,
        address_lists: counters.address_lists,
        dropped: dropped
            .map(|(cause, count)| (cause.word().to_owned(), *count))
            .collect(),
    }
}

fn transitions(router: &Router) -> BTreeMap<String, u64> {
    let all = router.transitions().map(|(state, cause, count)| {
        let state = words::state_word(words::state(state));
        (format!("{state}/{cause}"), count)
    });
    all.collect()
}
