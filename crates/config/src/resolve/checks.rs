//! Built-in checks: which can be used, and which nobody tracks.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::model::{SyncGroup, VrrpCheck, VrrpInstance, VrrpScript};
use crate::parse::Parsed;

impl Parsed<'_> {
    /// Every check whose name no script has: both would be known by it.
    pub(super) fn resolve_checks(&mut self, scripts: &[VrrpScript]) -> Vec<VrrpCheck> {
        let mut checks = std::mem::take(&mut self.checks);
        checks.retain(|check| {
            let name = &check.name;
            let taken = scripts
                .iter()
                .find(|script| script.name.value == name.value);
            let Some(script) = taken else { return true };
            let text = format!(
                "`{}` is the name of a `vrrp_script`; the check is ignored",
                name.value
            );
            let found = Diagnostic::error(Code::DuplicateName, name.span, text)
                .label(script.name.span, "the script is here")
                .help("give the check a name of its own, also in `track_check`");
            self.reader.sink.push(found);
            false
        });
        checks
    }

    pub(super) fn judge_checks(
        &mut self,
        checks: &[VrrpCheck],
        instances: &[VrrpInstance],
        groups: &[SyncGroup],
    ) {
        let by_instances = instances.iter().flat_map(|instance| &instance.track_checks);
        let by_groups = groups.iter().flat_map(|group| &group.track_checks);
        let tracked: BTreeSet<&str> = by_instances
            .chain(by_groups)
            .map(|tracked| tracked.name.value.as_str())
            .collect();
        for check in checks {
            if !tracked.contains(check.name.value.as_str()) {
                let text = format!("`{}` is never tracked", check.name.value);
                let found = Diagnostic::note(Code::ScriptUnused, check.name.span, text)
                    .help("name it in a `track_check` block");
                self.reader.sink.push(found);
            }
        }
    }
}
