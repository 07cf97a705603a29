//! Sync groups: who is a member, and what of the members' own tracking counts beside the group.

use std::collections::BTreeMap;

use super::{ByName, Objects, by_name, rare};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{GlobalDefs, SyncGroup, VrrpInstance, Weight};
use crate::parse::{GroupDraft, Parsed};
use crate::span::{Span, Spanned};

/// The group that each member is in, and where that is said.
type Taken = BTreeMap<String, (String, Span)>;

/// The weight of a file where none is given.
const PLAIN_FILE: Weight = Weight {
    value: 1,
    reverse: false,
};

impl Parsed<'_> {
    /// The groups that have members, each of which is in one only.
    pub(super) fn resolve_groups(
        &mut self,
        drafts: Vec<GroupDraft>,
        global: &GlobalDefs,
        instances: &[VrrpInstance],
        objects: &Objects<'_>,
    ) -> Vec<SyncGroup> {
        let known = by_name(instances, |instance| &instance.name.value);
        let mut taken = Taken::new();
        let mut groups = Vec::new();
        for mut draft in drafts {
            let named = std::mem::take(&mut draft.members);
            draft.members = self.members(&draft.name, named, &known, &mut taken);
            groups.extend(self.resolve_group(draft, global, objects));
        }
        groups
    }

    /// Members that are instances and in no group yet.
    fn members(
        &mut self,
        group: &Spanned<String>,
        named: Vec<Spanned<String>>,
        instances: &ByName<'_, VrrpInstance>,
        taken: &mut Taken,
    ) -> Vec<Spanned<String>> {
        let mut members = Vec::new();
        for member in named {
            if !instances.contains_key(member.value.as_str()) {
                let text = format!(
                    "there is no vrrp_instance `{}`; it is skipped",
                    member.value
                );
                self.complain(Code::TrackedUnknown, member.span, text);
                continue;
            }
            if let Some((other, place)) = taken.get(&member.value) {
                self.in_two_groups(&member, &group.value, (other, *place));
                continue;
            }
            let place = (group.value.clone(), member.span);
            taken.insert(member.value.clone(), place);
            members.push(member);
        }
        members
    }

    fn in_two_groups(&mut self, member: &Spanned<String>, group: &str, first: (&str, Span)) {
        let (other, place) = first;
        let text = if other == group {
            format!(
                "`{}` stands twice in the sync group `{group}`",
                member.value
            )
        } else {
            format!(
                "`{}` is in the sync group `{other}` already; it is left out of `{group}`",
                member.value
            )
        };
        let diagnostic = Diagnostic::warning(Code::TwoSyncGroups, member.span, text)
            .label(place, "a member here first")
            .help("an instance belongs to one group: put all that must move together into one")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }

    fn resolve_group(
        &mut self,
        draft: GroupDraft,
        global: &GlobalDefs,
        objects: &Objects<'_>,
    ) -> Option<SyncGroup> {
        let name = draft.name;
        match draft.members.len() {
            0 => {
                let text = format!("sync group `{}` has no members; it is removed", name.value);
                self.complain(Code::SyncGroupMembers, name.span, text);
                return None;
            }
            1 => {
                let text = format!("sync group `{}` has only one member", name.value);
                self.warn(Code::SyncGroupMembers, name.span, text);
            }
            _ => {}
        }
        let tracking = draft.tracking;
        let track_scripts = self.tracked_scripts(tracking.scripts, &objects.scripts, None);
        let track_checks = self.tracked_checks(tracking.checks, &objects.checks, None);
        let track_interfaces = self.tracked_interfaces(tracking.interfaces, None, global);
        let track_files = self.tracked_files(tracking.files, &objects.files, None);
        let track_processes = rare::tracked_processes(tracking.processes, &objects.processes);
        let changes = draft
            .notify_priority_changes
            .unwrap_or(global.notify_priority_changes);
        Some(SyncGroup {
            name,
            members: draft.members,
            track_scripts,
            track_checks,
            track_interfaces,
            track_files,
            track_processes,
            track_bfds: tracking.bfds,
            smtp_alert: Self::alerts(draft.smtp_alert, global),
            notify: draft.notify,
            notify_priority_changes: changes,
            tracking_weight: draft.tracking_weight,
        })
    }

    /// Scripts and files of a member that have a weight are not tracked: its priority is to be that of the group. A file's
    /// usual weight becomes 0, so that a number other than 0 in it is a fault.
    ///
    /// For interfaces keepalived says the same and lowers the priority nevertheless, so these stay; for processes it does
    /// so without a word.
    pub(super) fn drop_weighted_checks(
        &mut self,
        instances: &mut [VrrpInstance],
        groups: &[SyncGroup],
    ) {
        let weighing = groups.iter().filter(|group| !group.tracking_weight);
        let members: BTreeMap<&str, (&SyncGroup, Span)> = weighing
            .flat_map(|group| group.members.iter().map(move |member| (group, member)))
            .map(|(group, member)| (member.value.as_str(), (group, member.span)))
            .collect();
        for instance in instances {
            let Some((group, place)) = members.get(instance.name.value.as_str()) else {
                continue;
            };
            let (name, group) = (instance.name.value.clone(), &group.name.value);
            let mut counted = Vec::new();
            let mut keep = |tracked: &Spanned<String>, weight: Weight, given: Option<Span>| {
                if weight.value != 0 {
                    let text = format!(
                        "`{}` has a weight and is not tracked: `{name}` is in the sync group `{group}`",
                        tracked.value
                    );
                    self.weight_in_group(given.unwrap_or(tracked.span), *place, text);
                }
                weight.value == 0
            };
            instance
                .track_scripts
                .retain(|one| keep(&one.name, one.weight, one.weight_span));
            instance
                .track_checks
                .retain(|one| keep(&one.name, one.weight, one.weight_span));
            for file in &mut instance.track_files {
                if file.weight == PLAIN_FILE {
                    file.weight.value = 0;
                    counted.push((file.name.clone(), file.weight_span));
                }
            }
            instance
                .track_files
                .retain(|one| keep(&one.name, one.weight, one.weight_span));
            for (file, given) in counted {
                let text = format!(
                    "the weight of `{}` becomes 0: `{name}` is in the sync group `{group}`",
                    file.value
                );
                self.weight_in_group(given.unwrap_or(file.span), *place, text);
            }
            let interfaces = instance.track_interfaces.iter();
            for tracked in interfaces.filter(|tracked| tracked.weight.value != 0) {
                let text = format!(
                    "the weight of `{}` moves `{name}` alone, and it is in the sync group `{group}`",
                    tracked.name.value
                );
                let given = tracked.weight_span.unwrap_or(tracked.name.span);
                self.weight_in_group(given, *place, text);
            }
        }
    }

    fn weight_in_group(&mut self, place: Span, member: Span, text: String) {
        let diagnostic = Diagnostic::warning(Code::SyncGroupWeight, place, text)
            .label(member, "a member here")
            .help("track it in the group, or add `sync_group_tracking_weight` to the group")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }
}
