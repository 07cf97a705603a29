//! What keeps it in FAULT, and what is wrong with the checks that it tracks.

use super::Problem;
use super::case::Case;
use super::text::{list, quoted, term, time};
use crate::status::{Check, Fault, NodeOfInstance, PriorityPart, State};

/// What is down, or cannot run.
struct Ailment {
    kind: &'static str,
    text: String,
    fix: String,
}

/// Everything that keeps it in FAULT.
pub(super) fn faults(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let faults = case.instance.faults.iter();
    let mut all: Vec<Problem> = faults.map(|it| fault(case, it)).collect();
    if case.instance.state == State::Fault
        && let (Some(first), Some(others)) = (all.first_mut(), others_in_fault(case))
    {
        first.text.push_str(&format!("; {others}: nobody serves"));
    }
    all
}

fn others_in_fault(case: &Case<'_>) -> Option<String> {
    let others: Vec<&NodeOfInstance> = case.others().collect();
    let all = !others.is_empty() && others.iter().all(|it| it.state == State::Fault);
    all.then(|| {
        let names: Vec<String> = others.iter().map(|it| it.name.clone()).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        format!("{} {verb} in FAULT as well", list(&names))
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "a table: what a fault is, and what to do about it"
)]
fn fault(case: &Case<'_>, fault: &Fault) -> Problem {
    let (name, instance) = (&fault.name, case.instance);
    if fault.kind == "check-failed"
        && let Some(check) = case.check_named(name)
    {
        let Ailment { kind, text, fix } = ailment(case, check);
        return Problem::new(kind, format!("{text}, and its weight 0 means FAULT"), fix);
    }
    let (text, fix) = match fault.kind.as_str() {
        "interface-missing" => (
            format!("interface {name} does not exist"),
            format!(
                "Create {name}, or correct 'interface' of {}; `ip link` shows what is there.",
                instance.name
            ),
        ),
        "interface-down" => (
            format!("interface {name} is down: no carrier, or switched off"),
            format!(
                "Look at the cable and the switch port; `ip link set dev {name} up` if somebody has switched it off."
            ),
        ),
        "tracked-interface-down" => (
            format!("the tracked interface {name} is down: no carrier, or switched off"),
            format!(
                "Look at its cable; `ip link set dev {name} up` if somebody has switched it off; give it a weight in \
                track_interface if it shall not mean FAULT."
            ),
        ),
        "no-address" => (
            format!(
                "interface {name} has no {} address to send from",
                instance.family
            ),
            format!("Give {name} an address of its own: `ip address show dev {name}`."),
        ),
        "no-peer" => (
            "no unicast peer is configured, and unicast is asked for".to_owned(),
            "Name the other nodes in unicast_peer.".to_owned(),
        ),
        "source-missing" => (
            format!(
                "the configured source address {name} is not on interface {}",
                instance.interface
            ),
            format!(
                "Add {name} to {}, or correct mcast_src_ip or unicast_src_ip.",
                instance.interface
            ),
        ),
        "file-number" => (
            format!("the number in tracked file {name} means FAULT"),
            format!(
                "Write another number into the file of track_file {name}, or give it a weight."
            ),
        ),
        "process-quorum" => (
            format!(
                "tracked process {name} runs {} times, which is not its quorum",
                seen(case, "process", name)
            ),
            format!("Start it, or correct 'process' and 'quorum' of vrrp_track_process {name}."),
        ),
        "bfd-down" => (
            format!("BFD session {name} is down"),
            format!("Look at the neighbour of bfd_instance {name}, and at the link to it."),
        ),
        "sync-group" => sync_group(case, name),
        "drained" => (
            "an operator has drained this node, also as the last resort (drain --hard)".to_owned(),
            "`standfast resume` ends the drain.".to_owned(),
        ),
        _ => (fault.text.clone(), String::new()),
    };
    Problem::new(&fault.kind, text, fix)
}

fn seen(case: &Case<'_>, kind: &str, name: &str) -> String {
    let mut tracked = case.status.tracked.iter();
    let seen = tracked.find(|it| it.kind == kind && it.name == name);
    seen.and_then(|it| it.seen)
        .map_or("an unknown number of".to_owned(), |it| it.to_string())
}

/// The members that have a fault of their own.
fn sync_group(case: &Case<'_>, group: &str) -> (String, String) {
    let members = case.status.instances.iter();
    let members = members.filter(|it| it.group.as_deref() == Some(group));
    let own = members.filter_map(|member| {
        let mut faults = member.faults.iter();
        let own = faults.find(|it| it.kind != "sync-group")?;
        Some(format!("{} ({})", member.name, own.text))
    });
    let own: Vec<String> = own.collect();
    let who = match own.is_empty() {
        true => "another member".to_owned(),
        false => list(&own),
    };
    (
        format!(
            "sync group {group} is in FAULT because of {who}: all of its members are master, or none is"
        ),
        "Put right what that member lacks; `standfast explain` of it says more.".to_owned(),
    )
}

/// What is tracked, down and no fault: whether it moves the addresses, and why not.
pub(super) fn checks(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let parts = case.instance.priority.parts.iter();
    let parts = parts.filter(|part| !is_fault(case, part));
    parts.filter_map(|part| part_problem(case, part)).collect()
}

fn is_fault(case: &Case<'_>, part: &PriorityPart) -> bool {
    let mut faults = case.instance.faults.iter();
    faults.any(|it| it.name == part.name)
}

fn part_problem(case: &Case<'_>, part: &PriorityPart) -> Option<Problem> {
    let ailing = ailing(case, part)?;
    let loss = part.adds.saturating_sub(part.adds_up.unwrap_or(part.adds));
    if part.unusable || loss >= 0 || case.instance.priority.base == 255 {
        return Some(Problem::new(ailing.kind, ailing.text, ailing.fix));
    }
    if case.instance.priority.drained {
        let text = format!(
            "{}; its weight does not count while this node is drained",
            ailing.text
        );
        return Some(Problem::new(ailing.kind, text, ailing.fix));
    }
    let text = format!(
        "{}, which lowers the priority: {}",
        ailing.text,
        sum(case, loss)
    );
    match case.is_master() {
        true => Some(unmoved(case, part, &ailing, text)),
        false => Some(Problem::new(ailing.kind, text, ailing.fix)),
    }
}

/// `99 − 5 = 94`.
fn sum(case: &Case<'_>, loss: i32) -> String {
    let priority = &case.instance.priority;
    let effective = i32::from(priority.effective);
    let total = priority.clamped.unwrap_or(effective);
    let bounded = match total == effective {
        true => String::new(),
        false => format!(", bounded to {effective}"),
    };
    format!(
        "{} {} = {total}{bounded}",
        total.saturating_sub(loss),
        term(loss)
    )
}

fn ailing(case: &Case<'_>, part: &PriorityPart) -> Option<Ailment> {
    let check = case.check(part);
    let hangs = check.is_some_and(|it| it.timed_out);
    if part.up != Some(false) && !part.unusable && !hangs {
        return None;
    }
    if let Some(check) = check {
        return Some(ailment(case, check));
    }
    let (kind, name) = (part.kind.as_str(), &part.name);
    Some(match kind {
        "interface" => Ailment {
            kind: "tracked-interface-down",
            text: format!("tracked interface {name} is down"),
            fix: format!(
                "Look at its cable; `ip link set dev {name} up` if somebody has switched it off."
            ),
        },
        "process" => Ailment {
            kind: "process-quorum",
            text: format!(
                "tracked process {name} runs {} times, which is not its quorum",
                seen(case, kind, name)
            ),
            fix: format!("Start it, or correct vrrp_track_process {name}."),
        },
        "bfd" => Ailment {
            kind: "bfd-down",
            text: format!("BFD session {name} is down"),
            fix: format!("Look at the neighbour of bfd_instance {name}."),
        },
        _ => Ailment {
            kind: "not-configured",
            text: format!("the tracked {kind} {name} is not configured, and does not count"),
            fix: format!("Define {name}, or take it out of {}.", case.instance.name),
        },
    })
}

/// The priority fell, and this node is still master: why?
fn unmoved(case: &Case<'_>, part: &PriorityPart, ailing: &Ailment, text: String) -> Problem {
    let (base, ours) = (
        case.instance.priority.base,
        case.instance.priority.effective,
    );
    let Some((theirs, address)) = case.best_other() else {
        let text = format!("{text}; the address moves only if another node has more than {ours}");
        return Problem::new(ailing.kind, text, ailing.fix.clone());
    };
    let who = case.named(address);
    let node = case.node_at(address);
    if theirs > ours {
        let stays = node.is_some_and(|it| !it.preempts);
        let (kind, effect) = match stays {
            true => (
                "nopreempt",
                format!(
                    "{who} has {theirs} but does not take over from a lower master: nopreempt, preempt_delay, or a switchover \
                     away from it that holds until `standfast resume` there"
                ),
            ),
            false => (ailing.kind, format!("{who} has {theirs} and takes over")),
        };
        let fix = match stays {
            true => format!(
                "{} Move it by hand: `standfast switchover {}`, or `standfast resume` on {who} after a switchover; with weight 0 the \
                 failure means FAULT, and moves it.",
                ailing.fix, case.instance.name
            ),
            false => ailing.fix.clone(),
        };
        return Problem::new(kind, format!("{text}; {effect}"), fix);
    }
    if let Some(node) = node.filter(|it| it.drained) {
        let text = format!("{text}; {who} is drained: the address does not move");
        let fix = format!("{} Or `standfast resume` on {}.", ailing.fix, node.name);
        return Problem::new("peer-drained", text, fix);
    }
    if let Some(node) = node.filter(|it| it.priority < it.base && it.base > ours) {
        let text = format!(
            "{text}; {who} has lost priority as well ({} of {}): no node is better, so the address does not move",
            node.priority, node.base
        );
        return Problem::new(
            "no-healthy-node",
            text,
            format!("{} The same on {}.", ailing.fix, node.name),
        );
    }
    let wanted = i32::from(theirs) - i32::from(base) - 1;
    let text = format!("{text}; {who} has {theirs}: the address does not move");
    let fix = format!(
        "{} Give {} a weight of {wanted} or less, or 0, which means FAULT.",
        ailing.fix, part.name
    );
    Problem::new("weight-too-small", text, fix)
}

/// What is wrong with a check.
fn ailment(case: &Case<'_>, check: &Check) -> Ailment {
    if let Some(why) = &check.unusable {
        return unusable(check, why);
    }
    let name = &check.name;
    let result = check
        .result
        .clone()
        .unwrap_or_else(|| "no result yet".to_owned());
    if check.timed_out {
        return Ailment {
            kind: "check-hangs",
            text: format!(
                "check {name} hangs: it was ended after its timeout of {}{}",
                time(check.timeout_us),
                printed(check)
            ),
            fix: format!(
                "Run `{}` by hand and see what it waits for; raise 'timeout' if it just needs longer.",
                check.program
            ),
        };
    }
    if let Some(why) = result.strip_prefix("could not be started: ") {
        let kind = match why {
            _ if why.contains("no such file") => "script-missing",
            _ if why.contains("permission") => "script-not-executable",
            _ => "script-not-started",
        };
        return Ailment {
            kind,
            text: format!(
                "check {name} could not be started: {}: {why}",
                check.program
            ),
            fix: format!(
                "`ls -l {}`: it must be there, and executable for its user.",
                check.program
            ),
        };
    }
    let since = check
        .ended_us
        .map(|at| format!(", last {}", case.ago(at)))
        .unwrap_or_default();
    Ailment {
        kind: "check-failed",
        text: format!("check {name} fails ({result}{}{since})", printed(check)),
        fix: match check.kind.as_str() {
            "script" => format!(
                "Run `{}` by hand and put right what it finds.",
                check.program
            ),
            _ => format!(
                "Put the service right that {name} looks at ({}).",
                check.program
            ),
        },
    }
}

fn printed(check: &Check) -> String {
    let output = check
        .output
        .as_deref()
        .map(str::trim)
        .filter(|it| !it.is_empty());
    output
        .map(|it| format!(", printed {}", quoted(it)))
        .unwrap_or_default()
}

/// It cannot run at all: as dangerous as it is silent.
fn unusable(check: &Check, why: &str) -> Ailment {
    // The script is named before what is wrong with it, which may be that very path.
    let why = match why.split_once(": ") {
        Some((path, rest)) if rest.starts_with(path) => rest,
        Some(_) | None => why,
    };
    let (kind, fix) = match why {
        _ if why.contains("does not exist") || why.contains("no command") => (
            "script-missing",
            "Put the script there, or correct its path.".to_owned(),
        ),
        _ if why.contains("not executable") => (
            "script-not-executable",
            format!("`chmod +x {}`, and let its user (script_user) reach it.", check.program),
        ),
        _ if why.contains("unsafe") => (
            "script-unsafe",
            "Let only root write to the script and to every directory above it: enable_script_security refuses it.".to_owned(),
        ),
        _ => ("check-unusable", "Correct the check; `standfast check` says more.".to_owned()),
    };
    Ailment {
        kind,
        text: format!(
            "check {} cannot run: {why}; it does not count, so a failure of the service does NOT move the addresses",
            check.name
        ),
        fix,
    }
}
