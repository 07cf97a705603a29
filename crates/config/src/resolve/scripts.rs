//! Scripts, what tracks them, and whether they are safe to run.

use std::collections::BTreeSet;

use super::ByName;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Command, GlobalDefs, Script, SyncGroup, TrackedInterface, TrackedScript, VrrpCheck,
    VrrpInstance, VrrpScript, Weight,
};
use crate::parse::{Parsed, ScriptDraft, TrackDraft, Use};
use crate::source::{Existence, ScriptState};
use crate::span::Span;
use crate::units::Priority;

/// Who runs scripts where nothing else is configured.
const DEFAULT_USER: &str = "keepalived_script";

/// The weight of an object where a tracking line gives none, and where it stands.
type UsualWeight = (Weight, Option<Span>);

impl Parsed<'_> {
    /// Every script block that can be used, the first of each name.
    pub(super) fn resolve_scripts(&mut self, global: &GlobalDefs) -> Vec<VrrpScript> {
        let mut names = BTreeSet::new();
        let mut scripts = Vec::new();
        for draft in std::mem::take(&mut self.scripts) {
            let Some(mut script) = draft.script.clone().filter(|_| !draft.broken) else {
                continue;
            };
            if !names.insert(draft.name.value.clone()) {
                continue;
            }
            script.identity.clone_from(&draft.identity);
            let state = if self.lacks_user(&draft, global) {
                ScriptState::NotExecutable
            } else {
                self.script_state(&script)
            };
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
                given: draft.given,
            });
        }
        scripts
    }

    /// The scripts of a tracking list with their weights; an owner's weights have no effect.
    pub(super) fn tracked_scripts(
        &mut self,
        drafts: Vec<TrackDraft>,
        scripts: &ByName<'_, VrrpScript>,
        owner: Option<Priority>,
    ) -> Vec<TrackedScript> {
        let known = |name: &str| {
            let script = scripts.get(name)?;
            Some((script.weight, script.given.weight))
        };
        self.tracked(drafts, &known, owner)
    }

    /// The built-in checks of a tracking list, as [`Parsed::tracked_scripts`].
    pub(super) fn tracked_checks(
        &mut self,
        drafts: Vec<TrackDraft>,
        checks: &ByName<'_, VrrpCheck>,
        owner: Option<Priority>,
    ) -> Vec<TrackedScript> {
        let known = |name: &str| {
            let check = checks.get(name)?;
            Some((check.weight, check.given.weight))
        };
        self.tracked(drafts, &known, owner)
    }

    /// `known` gives the weight of an object, and where it stands.
    fn tracked(
        &mut self,
        drafts: Vec<TrackDraft>,
        known: &dyn Fn(&str) -> Option<UsualWeight>,
        owner: Option<Priority>,
    ) -> Vec<TrackedScript> {
        let mut tracked: Vec<TrackedScript> = Vec::new();
        let mut seen = BTreeSet::new();
        for draft in drafts {
            let Some((usual, usual_span)) = known(draft.name.value.as_str()) else {
                continue;
            };
            let weight = Weight {
                value: draft.weight.map_or(usual.value, |own| own.value),
                reverse: draft.reverse.unwrap_or(usual.reverse),
            };
            if owner == Some(Priority::OWNER) && weight.value != 0 {
                let text = format!(
                    "`{}` has a weight, which an address owner ignores: it is not tracked",
                    draft.name.value
                );
                self.warn(Code::OwnerIgnoresWeight, draft.name.span, text);
                continue;
            }
            if !seen.insert(draft.name.value.clone()) {
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
                weight_span: draft.weight.map(|weight| weight.span),
                script_weight_span: usual_span,
            });
        }
        tracked
    }

    /// The interfaces of a tracking list without the instance's own.
    pub(super) fn tracked_interfaces(
        &mut self,
        drafts: Vec<TrackDraft>,
        own: Option<&str>,
        global: &GlobalDefs,
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
            if !self.device_is_there(&name.value, name.span, global) {
                continue;
            }
            let value = draft.weight.map_or(0, |weight| weight.value);
            let weight = Weight {
                value,
                reverse: draft.reverse.unwrap_or(false),
            };
            tracked.push(TrackedInterface {
                name: draft.name,
                weight,
                weight_span: draft.weight.map(|weight| weight.span),
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
            let mentioned = self.scripts_mentioned.contains(&script.name.value);
            if !mentioned && !tracked.contains(script.name.value.as_str()) {
                let text = format!("`{}` is never tracked", script.name.value);
                let diagnostic = Diagnostic::note(Code::ScriptUnused, script.name.span, text)
                    .help("name it in a `track_script` block");
                self.reader.sink.push(diagnostic);
            }
        }
        let spans: BTreeSet<Span> = scripts
            .iter()
            .filter(|script| tracked.contains(script.name.value.as_str()))
            .map(|script| script.script.span)
            .collect();
        let running = std::mem::take(&mut self.all_scripts);
        let states: Vec<_> = running
            .iter()
            .map(|(script, purpose)| (script, *purpose, self.script_state(script)))
            .collect();
        for (script, purpose, state) in &states {
            let matters = *purpose == Use::Check && spans.contains(&script.span);
            self.judge_script(script, matters, *state, global.script_security);
        }
        let first = states
            .iter()
            .find(|(_, _, state)| matches!(state, ScriptState::Runnable | ScriptState::Insecure));
        if let (Some((script, _, _)), false) = (first, global.script_security) {
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

    fn judge_script(&mut self, script: &Script, matters: bool, state: ScriptState, security: bool) {
        let program = script.command.program().unwrap_or_default();
        let (code, text) = match state {
            ScriptState::Missing => (
                Code::ScriptNotRunnable,
                format!("`{program}` can't be found; it is not run"),
            ),
            ScriptState::NotExecutable => (
                Code::ScriptNotRunnable,
                format!("`{program}` is not executable; it is not run"),
            ),
            ScriptState::Insecure if security => (
                Code::ScriptSecurity,
                format!("others than root can replace `{program}`; it is not run"),
            ),
            ScriptState::Unknown | ScriptState::Runnable | ScriptState::Insecure => return,
        };
        let mut diagnostic = Diagnostic::warning(code, script.span, text);
        if matters {
            diagnostic = diagnostic
                .help("a check that is not run is left out: the addresses stay whatever happens");
        }
        // keepalived is silent about missing notifications, and checks that nothing tracks.
        if matters || code == Code::ScriptSecurity {
            diagnostic = diagnostic.class(KeepalivedClass::General);
        }
        self.reader.sink.push(diagnostic);
    }

    /// Under script security keepalived drops checks that have no user to run as.
    fn lacks_user(&mut self, draft: &ScriptDraft, global: &GlobalDefs) -> bool {
        let lacks = global.script_security
            && draft.identity.is_none()
            && global.script_user.is_none()
            && self.environment.user(DEFAULT_USER) == Existence::Missing;
        if lacks {
            let text = format!(
                "`{}` has no user to run as; it is not run",
                draft.name.value
            );
            let help =
                format!("give it a `user`, set `script_user`, or create the user {DEFAULT_USER}");
            let diagnostic =
                Diagnostic::warning(Code::UserUnknown, draft.name.span, text).help(help);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
        }
        lacks
    }
}
