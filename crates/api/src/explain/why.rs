//! The state, and how it came to be.

use super::case::Case;
use super::text::{list, term};
use crate::status::{PriorityPart, State};

/// What operators call a state.
pub(super) const fn word(state: State) -> &'static str {
    match state {
        State::Initialize => "INIT",
        State::Backup => "BACKUP",
        State::Master => "MASTER",
        State::Fault => "FAULT",
        State::Leaving => "LEAVING",
    }
}

pub(super) fn headline(case: &Case<'_>) -> String {
    let instance = case.instance;
    let since = case.lasting(instance.since_us);
    let begins = format!("{} is {} {since}", instance.name, word(instance.state));
    match (instance.state, &instance.master) {
        (State::Master, _) if instance.alone => {
            format!("{begins}, alone: nobody else was ever heard")
        }
        (State::Master, _) => {
            let held = instance.addresses.iter().filter(|it| it.held).count();
            let all = instance.addresses.len();
            format!("{begins}, with {held} of {all} addresses")
        }
        (_, Some(master)) if !master.here => format!(
            "{begins}; {} is master with priority {}",
            case.named(master.address),
            master.priority
        ),
        (State::Leaving, _) => format!("{begins}: it answers until a successor is there"),
        (_, _) => format!("{begins}; no master is heard"),
    }
}

pub(super) fn sentences(case: &Case<'_>) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(cause(case));
    all.push(priority(case));
    all.extend(master(case));
    all.extend(reserve(case));
    all.extend(delays(case));
    all.extend(drain(case));
    all.extend(drained_peers(case));
    all.extend(pauses(case));
    all
}

fn cause(case: &Case<'_>) -> Option<String> {
    let instance = case.instance;
    let cause = instance.cause.as_ref()?;
    Some(format!(
        "It became {} {}: {}.",
        word(instance.state),
        case.ago(instance.since_us),
        cause.text
    ))
}

fn priority(case: &Case<'_>) -> String {
    let priority = &case.instance.priority;
    let sum = sum(case);
    match (priority.base, priority.drained) {
        (255, _) => {
            "Its priority is 255: it owns the addresses, and weights do not count.".to_owned()
        }
        (_, true) => format!(
            "Its priority is {}, because this node is drained (otherwise {sum}).",
            priority.effective
        ),
        (_, false) if sum == base(priority.base) => {
            format!("Its priority is {}, as configured.", priority.effective)
        }
        (_, false) => format!("Its priority is {}: {sum}.", priority.effective),
    }
}

fn base(priority: u8) -> String {
    format!("{priority} base")
}

/// `99 base − 5 chk_http_port (down)`.
fn sum(case: &Case<'_>) -> String {
    let priority = &case.instance.priority;
    let mut sum = base(priority.base);
    for part in &priority.parts {
        let counts = part.adds != 0 || part.up == Some(false) || part.unusable;
        if counts {
            sum.push_str(&format!(
                " {} {} ({})",
                term(part.adds),
                part.name,
                standing(part)
            ));
        }
    }
    match priority.clamped {
        Some(total) => format!(
            "{sum}, which comes to {total} and is bounded to {}",
            priority.effective
        ),
        None => sum,
    }
}

fn standing(part: &PriorityPart) -> &'static str {
    match part.up {
        _ if part.unusable => "cannot be used",
        Some(true) => "up",
        Some(false) => "down",
        None if part.kind == "file" => "number",
        None => "not known yet",
    }
}

fn master(case: &Case<'_>) -> Option<String> {
    let master = case.instance.master.as_ref().filter(|it| !it.here)?;
    Some(format!(
        "{} advertises with priority {}, heard {}.",
        case.named(master.address),
        master.priority,
        case.ago(master.heard_us)
    ))
}

/// Why it leaves a lower master alone.
fn reserve(case: &Case<'_>) -> Option<String> {
    let instance = case.instance;
    let master = instance.master.as_ref().filter(|it| !it.here)?;
    let lower = master.priority < instance.priority.effective;
    if instance.state != State::Backup || !lower {
        return None;
    }
    let who = case.named(master.address);
    if instance.yields_to == Some(master.address) {
        return Some(format!(
            "It leaves {who} alone although that has the lower priority, because a switchover has made it master; `standfast \
             resume` ends that."
        ));
    }
    if !instance.preempt {
        return Some(format!(
            "It has nopreempt: it does not take over from {who} because of its higher priority."
        ));
    }
    None
}

/// What it waits for.
fn delays(case: &Case<'_>) -> Vec<String> {
    let instance = case.instance;
    let mut all = Vec::new();
    if let Some(at) = instance.not_before_us {
        all.push(format!(
            "vrrp_startup_delay runs for another {}: it takes over from nobody before.",
            case.until(at)
        ));
    }
    if let Some(at) = instance.preempts_us {
        all.push(format!(
            "preempt_delay runs for another {}: until then it leaves the lower master alone.",
            case.until(at)
        ));
    }
    if instance.awaits_reports {
        let pending = instance.priority.parts.iter();
        let pending = pending.filter(|it| it.up.is_none() && !it.unusable && it.kind != "file");
        let names: Vec<String> = pending.map(|it| it.name.clone()).collect();
        all.push(match names.is_empty() {
            true => "It waits for an address to send from, or for a tracked file.".to_owned(),
            false => format!("It waits for the first result of {}.", list(&names)),
        });
    }
    all
}

fn drain(case: &Case<'_>) -> Option<String> {
    let drain = case.status.node.drain.as_ref()?;
    let until = match drain.until_us {
        Some(at) => format!("for another {}", case.until(at)),
        None => "until `standfast resume`".to_owned(),
    };
    Some(format!(
        "This node is drained {until}, since {}, by {}.",
        case.ago(drain.since_us),
        drain.who
    ))
}

/// Other nodes that are drained: the last resort, or not even that.
fn drained_peers(case: &Case<'_>) -> Option<String> {
    let drained: Vec<String> = case
        .others()
        .filter(|it| it.drained && it.state != State::Fault)
        .map(|it| it.name.clone())
        .collect();
    let (verb, take) = match drained.len() {
        0 => return None,
        1 => ("is", "it takes"),
        _ => ("are", "they take"),
    };
    Some(format!(
        "{} {verb} drained: {take} over only if nobody else serves, and nothing can be moved there until `standfast resume` \
         there.",
        list(&drained)
    ))
}

/// Checks that an operator has paused.
fn pauses(case: &Case<'_>) -> Vec<String> {
    let parts = case.instance.priority.parts.iter();
    let paused = parts.filter_map(|part| {
        let check = case.check(part)?;
        let pause = check.paused.as_ref()?;
        let until = pause.until_us.map_or_else(
            || "until it is told to go on".to_owned(),
            |at| format!("for another {}", case.until(at)),
        );
        Some(format!(
            "Check {} is paused {until}, since {}, and counts as {} whatever its service does; `standfast unpause {}` ends that.",
            check.name,
            case.ago(pause.since_us),
            check.state,
            check.name
        ))
    });
    paused.collect()
}
