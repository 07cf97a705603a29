//! Sync groups and their members.

use std::collections::BTreeMap;

use super::Lints;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::SyncGroup;
use crate::span::Span;

impl Lints<'_> {
    pub(super) fn groups(&mut self) {
        for group in &self.config.sync_groups {
            self.members_alike(group);
        }
        self.members_of_two_groups();
    }

    /// keepalived leaves such a member out of the second group.
    fn members_of_two_groups(&mut self) {
        let mut first: BTreeMap<&str, (&SyncGroup, Span)> = BTreeMap::new();
        for group in &self.config.sync_groups {
            for member in &group.members {
                let Some((other, place)) = first.get(member.value.as_str()) else {
                    first.insert(&member.value, (group, member.span));
                    continue;
                };
                let text = format!(
                    "`{}` is in the sync group `{}` already; keepalived leaves it out of `{}`",
                    member.value, other.name.value, group.name.value
                );
                let found = Diagnostic::warning(Code::TwoSyncGroups, member.span, text)
                    .label(*place, "a member here first")
                    .help("an instance belongs to one group: put all that must move together into one")
                    .class(KeepalivedClass::General);
                self.say(found);
            }
        }
    }

    /// Members move together: what one of them does differently pulls all of them.
    fn members_alike(&mut self, group: &SyncGroup) {
        let by_name: BTreeMap<_, _> = self
            .config
            .instances
            .iter()
            .map(|instance| (instance.name.value.as_str(), instance))
            .collect();
        let members: Vec<_> = group
            .members
            .iter()
            .filter_map(|member| Some((member, *by_name.get(member.value.as_str())?)))
            .collect();
        let Some((first, reference)) = members.first() else {
            return;
        };
        for (member, instance) in members.iter().skip(1) {
            if instance.preempt != reference.preempt {
                let text = format!(
                    "`{}` and `{}` of one sync group disagree about `nopreempt`",
                    first.value, member.value
                );
                let found = Diagnostic::warning(Code::SyncGroupDiffers, member.span, text)
                    .help("the whole group moves with the first member that takes over: give all of them the same");
                self.say(found);
            }
        }
        if group.tracking_weight {
            return;
        }
        for (member, instance) in &members {
            let weighed = instance
                .track_scripts
                .iter()
                .find(|tracked| tracked.weight.value != 0);
            let Some(tracked) = weighed else { continue };
            let text = format!(
                "the weight of `{}` is ignored: `{}` is in the sync group `{}`",
                tracked.name.value, member.value, group.name.value
            );
            let found = Diagnostic::warning(
                Code::SyncGroupWeight,
                tracked.weight_span.unwrap_or(tracked.name.span),
                text,
            )
            .label(member.span, "a member here")
            .help("track it in the group, or add `sync_group_tracking_weight` to the group")
            .class(KeepalivedClass::General);
            self.say(found);
        }
    }
}
