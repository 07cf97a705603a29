//! Sync groups and their members.

use std::collections::BTreeMap;

use super::Lints;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{SyncGroup, VrrpInstance};

/// The instances by their names.
type ByName<'c> = BTreeMap<&'c str, &'c VrrpInstance>;

impl Lints<'_> {
    pub(super) fn groups(&mut self) {
        let config = self.config;
        let by_name = config.instances.iter();
        let by_name: ByName<'_> = by_name
            .map(|instance| (instance.name.value.as_str(), instance))
            .collect();
        for group in &config.sync_groups {
            self.members_alike(group, &by_name);
        }
    }

    /// Members move together: what one of them does differently pulls all of them.
    fn members_alike(&mut self, group: &SyncGroup, by_name: &ByName<'_>) {
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
    }
}
