//! The scripts of `keepalived.data`.

use standfast_config::{VrrpScript, Weight};
use standfast_core::check::{Check, CheckState};
use standfast_core::spec::{CheckKind, Repair, Tracked};

use super::{Page, Picture, quoted, yes};

pub(super) fn write(page: &mut Page, picture: &Picture<'_>) {
    if picture.node.checks().next().is_none() {
        return;
    }
    page.title("VRRP Scripts");
    for check in picture.node.checks() {
        let script = picture.scripts.get(check.spec.name.as_str()).copied();
        one(page, picture, check, script);
    }
}

fn one(page: &mut Page, picture: &Picture<'_>, check: &Check, script: Option<&VrrpScript>) {
    let spec = &check.spec;
    let kind = match spec.kind {
        CheckKind::Script => "Script",
        CheckKind::Request | CheckKind::Process => "Check",
    };
    page.line(format_args!(" VRRP {kind} = {}", spec.name));
    let command = script.map_or_else(|| spec.definition.clone(), |one| quoted(&one.script));
    page.line(format_args!("   Command = {command}"));
    let seconds = |micros: u64| micros / 1_000_000;
    page.line(format_args!(
        "   Interval = {} sec",
        seconds(spec.interval.0)
    ));
    page.line(format_args!("   Timeout = {} sec", seconds(spec.timeout.0)));
    if let Some(script) = script {
        page.line(format_args!("   Weight = {}", weight(script.weight)));
    }
    page.line(format_args!("   Rise = {}", spec.rise));
    page.line(format_args!("   Fall = {}", spec.fall));
    page.line(format_args!(
        "   Insecure = {}",
        yes(spec.unusable.is_some())
    ));
    let init = if spec.init_fail { "failed" } else { "unknown" };
    page.line(format_args!("   Init state = {init}"));
    let status = match check.state {
        CheckState::Up => "GOOD",
        CheckState::Down => "BAD",
        CheckState::Pending => "INIT",
        CheckState::Unusable => "DISABLED",
    };
    page.line(format_args!("   Status = {status}"));
    if let Some(why) = &spec.unusable {
        page.line(format_args!("   Disabled = {why}"));
    }
    page.line(format_args!("   Tracking instances :"));
    for router in picture.node.routers() {
        let tracks = router.spec().tracks.iter();
        let ours = |name: &Tracked| matches!(name, Tracked::Check(name) if *name == spec.name);
        for track in tracks.filter(|track| ours(&track.object)) {
            let reverse = if track.weight.reverse { " reverse" } else { "" };
            let (name, value) = (&router.spec().name, track.weight.value);
            page.line(format_args!("     {name}, weight {value}{reverse}"));
        }
    }
    if let Some(repair) = &spec.repair {
        let Repair {
            definition,
            attempts,
            ..
        } = repair;
        page.line(format_args!(
            "   Repair = {definition}, attempts {attempts}, wait {}",
            repair.wait
        ));
    }
    let state = if check.is_in_repair() {
        "in repair"
    } else if check.is_running() {
        "running"
    } else {
        "idle"
    };
    page.line(format_args!("   State = {state}"));
}

pub(super) fn weight(weight: Weight) -> String {
    let reverse = if weight.reverse { " reverse" } else { "" };
    format!("{}{reverse}", weight.value)
}
