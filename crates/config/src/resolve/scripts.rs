//! Scripts, what tracks them, and whether they are safe to run.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Command, GlobalDefs, Script, SyncGroup, TrackedInterface, TrackedScript, VrrpInstance,
    VrrpScript, Weight,
};
use crate::parse::{Parsed, TrackDraft};
use crate::source::{InterfaceState, ScriptState};
use crate::units::Priority;

impl Parsed<'_> {
    /// Every script block that can be used, the first of each name.
    pub(super) fn resolve_scripts(&mut self) -> Vec<VrrpScript> {
        let mut names = BTreeSet::new();
        let mut scripts = Vec::new();
        for draft in std::mem::take(&mut self.scripts) {
            let Some(mut script) = draft.script.filter(|_| !draft.broken) else {
                continue;
            };
            if !names.insert(draft.name.value.clone()) {
                continue;
            }
            script.identity = draft.identity;
            let state = self.script_state(&script);
            let interval = draft.interval.unwrap_or(crate::Micros::from_secs(1));
            scripts.push(VrrpScript {
                name: draft.name,
                script,
                interval,
                timeout: draft
                    .timeout
                    .filter(|time| time.get() > 0)
                    .unwrap_or(interval),
                weight: draft.weight,
                rise: draft.rise,
                fall: draft.fall,
                state,
                init_fail: draft.init_fail,
            });
        }
        scripts
    }

    /// The scripts of a tracking list with their weights; an owner's weights have no effect.
    pub(super) fn tracked_scripts(
        &mut self,
        drafts: Vec<TrackDraft>,
        scripts: &[VrrpScript],
        owner: Option<Priority>,
    ) -> Vec<TrackedScript> {
        let mut tracked: Vec<TrackedScript> = Vec::new();
        for draft in drafts {
            let Some(script) = scripts
                .iter()
                .find(|script| script.name.value == draft.name.value)
            else {
                continue;
            };
            let weight = Weight {
                value: draft.weight.unwrap_or(script.weight.value),
                reverse: draft.reverse.unwrap_or(script.weight.reverse),
            };
            if owner == Some(Priority::OWNER) && weight.value != 0 {
                let text = format!(
                    "`{}` has a weight, which an address owner ignores",
                    draft.name.value
                );
                self.warn(Code::OwnerIgnoresWeight, draft.name.span, text);
                continue;
            }
            if tracked
                .iter()
                .any(|other| other.name.value == draft.name.value)
            {
                let text = format!(
                    "`{}` is tracked twice; the first line counts",
                    draft.name.value
                );
                self.warn(Code::AlreadySpecified, draft.name.span, text);
                continue;
            }
            let weight_given = draft.weight.is_some();
            tracked.push(TrackedScript {
                name: draft.name,
                weight,
                weight_given,
            });
        }
        tracked
    }

    /// The interfaces of a tracking list without the instance's own.
    pub(super) fn tracked_interfaces(
        &mut self,
        drafts: Vec<TrackDraft>,
        own: Option<&str>,
    ) -> Vec<TrackedInterface> {
        let mut tracked = Vec::new();
        for draft in drafts {
            let name = &draft.name;
            if own == Some(name.value.as_str()) {
                let text = format!(
                    "`{}` is the instance's own interface, tracked anyway",
                    name.value
                );
                self.warn(Code::OwnInterfaceTracked, name.span, text);
                continue;
            }
            if self.environment.interface(&name.value) == InterfaceState::Missing {
                let text = format!("there is no interface `{}` on this host", name.value);
                self.complain(Code::InterfaceUnknown, name.span, text);
            }
            let value = draft.weight.unwrap_or(0);
            let weight = Weight {
                value,
                reverse: draft.reverse.unwrap_or(false),
            };
            tracked.push(TrackedInterface {
                name: draft.name,
                weight,
            });
        }
        tracked
    }

    /// Which scripts run, whether they can, and whether that is safe.
    pub(super) fn judge_scripts(
        &mut self,
        global: &GlobalDefs,
        scripts: &[VrrpScript],
        instances: &[VrrpInstance],
        groups: &[SyncGroup],
    ) {
        let tracked: BTreeSet<&str> = instances
            .iter()
            .flat_map(|instance| &instance.track_scripts)
            .chain(groups.iter().flat_map(|group| &group.track_scripts))
            .map(|tracked| tracked.name.value.as_str())
            .collect();
        for script in scripts {
            if !tracked.contains(script.name.value.as_str()) {
                let text = format!("`{}` is never tracked", script.name.value);
                let diagnostic = Diagnostic::note(Code::ScriptUnused, script.name.span, text)
                    .help("name it in a `track_script` block");
                self.reader.sink.push(diagnostic);
            }
        }
        let running = std::mem::take(&mut self.all_scripts);
        let states: Vec<_> = running
            .iter()
            .map(|script| (script, self.script_state(script)))
            .collect();
        for (script, state) in &states {
            self.judge_script(script, *state, global.script_security);
        }
        let first = states
            .iter()
            .find(|(_, state)| matches!(state, ScriptState::Runnable | ScriptState::Insecure));
        if let (Some((script, _)), false) = (first, global.script_security) {
            let text = "scripts run while enable_script_security is off";
            let diagnostic = Diagnostic::warning(Code::ScriptSecurity, script.span, text)
                .help("put `enable_script_security` into `global_defs`")
                .class(KeepalivedClass::Security);
            self.reader.sink.push(diagnostic);
        }
    }

    fn script_state(&self, script: &Script) -> ScriptState {
        match &script.command {
            Command::Argv(argv) => argv.first().map_or(ScriptState::Unknown, |program| {
                self.environment.script(program)
            }),
            Command::FileReadable(_) => ScriptState::Unknown,
        }
    }

    fn judge_script(&mut self, script: &Script, state: ScriptState, security: bool) {
        let program = script.command.program().unwrap_or_default();
        match state {
            ScriptState::Missing => {
                let text = format!("`{program}` can't be found; it is not run");
                self.warn(Code::ScriptNotRunnable, script.span, text);
            }
            ScriptState::NotExecutable => {
                let text = format!("`{program}` is not executable; it is not run");
                self.warn(Code::ScriptNotRunnable, script.span, text);
            }
            ScriptState::Insecure if security => {
                let text = format!("others than root can replace `{program}`; it is not run");
                self.warn(Code::ScriptSecurity, script.span, text);
            }
            ScriptState::Unknown | ScriptState::Runnable | ScriptState::Insecure => {}
        }
    }
}
