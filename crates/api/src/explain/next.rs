//! What would have to happen for it to change its role.

use super::case::Case;
use super::successor;
use super::text::{list, time};
use crate::status::{PriorityPart, State};

/// What nobody outranks.
const OWNER: u8 = 255;

pub(super) fn sentences(case: &Case<'_>) -> Vec<String> {
    match case.instance.state {
        State::Initialize => initialize(),
        State::Backup => backup(case),
        State::Master => master(case),
        State::Fault => fault(case),
        State::Leaving => vec![
            "It lets go as soon as another node advertises, or when the bound of its timer is reached."
                .to_owned(),
        ],
    }
}

fn initialize() -> Vec<String> {
    vec!["It becomes BACKUP once everything that it tracks has reported.".to_owned()]
}

fn backup(case: &Case<'_>) -> Vec<String> {
    let instance = case.instance;
    let down = time(instance.down_interval_us);
    let due = instance.takes_over_us.map(|at| case.until(at));
    let due = due
        .map(|due| format!(" (in {due} if nothing comes)"))
        .unwrap_or_default();
    let Some(master) = instance.master.as_ref().filter(|it| !it.here) else {
        return vec![format!(
            "It becomes MASTER after {down} without an advertisement{due}."
        )];
    };
    let who = case.named(master.address);
    let ours = instance.priority.effective;
    let mut all = vec![format!(
        "It becomes MASTER if {who} is silent for {down}{due}, or resigns with priority 0."
    )];
    if instance.yields_to == Some(master.address) {
        all.push(format!(
            "A switchover has made {who} master: while that holds no priority makes this node MASTER; `standfast resume` here \
             ends it."
        ));
    } else if instance.priority.drained {
        all.push("This node is drained: `standfast resume` here ends that, and the usual election begins.".to_owned());
    } else {
        all.push(by_priority(case, &who, master.priority, ours));
    }
    if !instance.priority.drained {
        all.push(format!(
            "To move it here: `standfast switchover {}` on {who} where that is a Standfast node, or stop the daemon there.",
            instance.name
        ));
    }
    all
}

fn by_priority(case: &Case<'_>, who: &str, theirs: u8, ours: u8) -> String {
    let instance = case.instance;
    if !instance.preempt {
        return format!("nopreempt: no priority makes it MASTER while {who} advertises.");
    }
    if theirs == OWNER {
        return format!("{who} owns the addresses (255): no priority is above that.");
    }
    if ours > theirs {
        return match instance.preempts_us {
            Some(at) => format!(
                "Its priority {ours} is above the {theirs} of {who}: it takes over in {} (preempt_delay).",
                case.until(at)
            ),
            None => format!(
                "Its priority {ours} is above the {theirs} of {who}: it takes over when its timer ends."
            ),
        };
    }
    let lost: Vec<String> = instance.priority.parts.iter().filter_map(gain).collect();
    let help = match lost.is_empty() {
        true => String::new(),
        false => format!("; {}", list(&lost)),
    };
    format!("It takes over with a priority above {theirs}: it has {ours}{help}.")
}

/// What comes back with something that is down.
fn gain(part: &PriorityPart) -> Option<String> {
    let gain = part.adds_up?.saturating_sub(part.adds);
    (part.up == Some(false) && gain > 0)
        .then(|| format!("{} gives {gain} back once it is up", part.name))
}

fn master(case: &Case<'_>) -> Vec<String> {
    let instance = case.instance;
    let ours = instance.priority.effective;
    let mut all = Vec::new();
    if ours == OWNER {
        all.push(
            "It owns the addresses (255): it stays MASTER while its interface works.".to_owned(),
        );
    } else {
        let tie = instance
            .source
            .map(|source| format!(", or {ours} from an address above {source}"));
        all.push(format!(
            "It becomes BACKUP when another node advertises a priority above {ours}{}.",
            tie.unwrap_or_default()
        ));
    }
    all.extend(
        instance
            .priority
            .parts
            .iter()
            .filter_map(|part| if_down(case, part)),
    );
    all.push(match case.only_drained() {
        true => "To move it away: first `standfast resume` on one of the other nodes, which are all drained.".to_owned(),
        false => format!(
            "To move it away: `standfast switchover {}`; to empty this node: `standfast drain`.",
            instance.name
        ),
    });
    all
}

/// What a failure of something that is up would do.
fn if_down(case: &Case<'_>, part: &PriorityPart) -> Option<String> {
    if part.up != Some(true) || part.unusable {
        return None;
    }
    let Some(adds) = part.adds_down else {
        return Some(format!("If {} fails it goes to FAULT.", part.name));
    };
    let change = adds.saturating_sub(part.adds);
    let after = i32::from(case.instance.priority.effective)
        .saturating_add(change)
        .clamp(1, 254);
    if change >= 0 || case.instance.priority.base == OWNER {
        return None;
    }
    if successor::is_lost(case) {
        return Some(format!(
            "If {} fails its priority falls to {after}, and nobody is there to take over.",
            part.name
        ));
    }
    let effect = match case.best_other() {
        Some((theirs, who)) if i32::from(theirs) > after => {
            format!(
                "below the {theirs} of {}, which takes over",
                case.named(who)
            )
        }
        Some((theirs, who)) => format!(
            "still not below the {theirs} of {}: the address would not move",
            case.named(who)
        ),
        None => "and whoever has more takes over".to_owned(),
    };
    Some(format!(
        "If {} fails its priority falls to {after}, {effect}.",
        part.name
    ))
}

fn fault(case: &Case<'_>) -> Vec<String> {
    let instance = case.instance;
    let faults: Vec<String> = instance.faults.iter().map(|it| it.text.clone()).collect();
    let mut all = Vec::new();
    if !faults.is_empty() {
        all.push(format!(
            "It leaves FAULT when none of these holds any more: {}.",
            faults.join("; ")
        ));
    }
    all.push(format!(
        "Then it is BACKUP and listens for {} before it may become MASTER.",
        time(instance.down_interval_us)
    ));
    all
}
