//! What this host does to it.

use super::Problem;
use super::case::Case;
use super::text::time;
use crate::status::Stall;

/// What happened longer ago explains nothing, in microseconds.
const RECENT_US: u64 = 600_000_000;
/// A change of state so long after a pause has to do with it, in microseconds.
const AFTERMATH_US: u64 = 60_000_000;
/// Clocks are read one after the other, in microseconds.
const SLACK_US: u64 = 2_000_000;

/// Findings of whoever has looked at this host.
pub(super) fn filtered(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let concerns = |names: &[String]| names.is_empty() || names.contains(&case.instance.name);
    let found = case.status.host.iter().filter(|it| concerns(&it.instances));
    found
        .map(|it| Problem {
            kind: it.kind.clone(),
            text: it.text.clone(),
            fix: it.fix.clone(),
        })
        .collect()
}

/// Something on this host deletes its addresses.
pub(super) fn deleted(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let instance = case.instance;
    let deleted = instance.deleted.as_ref();
    let Some(deleted) = deleted.filter(|it| case.age_us(it.at_us) < RECENT_US) else {
        return Vec::new();
    };
    let gave_up = instance
        .cause
        .as_ref()
        .is_some_and(|it| it.kind == "addresses-lost");
    let effect = match gave_up {
        true => "it was put back until that was too often, and given up then",
        false => "it is put back, at most three times a minute",
    };
    let text = format!(
        "another program on this host deletes its addresses: {} was deleted {} ({} so far); {effect}",
        deleted.address,
        case.ago(deleted.at_us),
        deleted.times
    );
    let fix = format!(
        "Find it with `ip monitor address`; a network manager must leave the addresses of {} alone (`nmcli device set {0} \
         managed no`, or KeepConfiguration=yes in systemd-networkd).",
        instance.interface
    );
    vec![Problem::new("address-deleted", text, fix)]
}

/// A pause of this host that has moved the instance.
pub(super) fn paused_just_now(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let since = case.instance.since_us;
    let moved = |it: &&Stall| {
        let began = it.at_us.saturating_sub(SLACK_US);
        let ended = it.at_us.saturating_add(AFTERMATH_US);
        (began..=ended).contains(&since)
    };
    recent(case)
        .filter(moved)
        .map(|it| pause(case, it))
        .into_iter()
        .collect()
}

/// A pause that has moved nothing, or not this time.
pub(super) fn paused(case: &Case<'_>, found: &[Problem]) -> Vec<Problem> {
    let told = found.iter().any(|it| it.kind == "host-paused");
    let stall = recent(case).filter(|_| !told);
    stall.map(|it| pause(case, it)).into_iter().collect()
}

fn recent<'a>(case: &Case<'a>) -> Option<&'a Stall> {
    let stall = case.instance.stall.as_ref();
    stall.filter(|it| case.age_us(it.at_us) < RECENT_US)
}

fn pause(case: &Case<'_>, stall: &Stall) -> Problem {
    let text = format!(
        "this host did not run for {} until {} (a paused virtual machine, or a processor that others occupied): the others had \
         to take it for dead",
        time(stall.for_us),
        case.ago(stall.at_us)
    );
    let fix = "Look for snapshots, backups and live migrations of this virtual machine at that time; on a busy host \
               'vrrp_rt_priority 50' in global_defs lets the daemon run first.";
    Problem::new("host-paused", text, fix)
}

/// An address that it should hold, and the kernel does not.
pub(super) fn refused_by_the_kernel(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let missing = case.instance.addresses.iter();
    let mut missing = missing.filter(|it| it.wanted && !it.held);
    let refused = case.instance.refused.as_ref();
    let refused =
        refused.filter(|it| it.adding && missing.any(|address| address.address == it.address));
    let Some(refused) = refused else {
        return Vec::new();
    };
    let text = format!(
        "the kernel refuses the address {}: {} ({})",
        refused.address,
        refused.text,
        case.ago(refused.at_us)
    );
    let fix = format!(
        "Try `ip address add {} dev {}` by hand and put right what it says; it is tried again every second.",
        refused.address, case.instance.interface
    );
    vec![Problem::new("address-refused", text, fix)]
}
