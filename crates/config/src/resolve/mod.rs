//! Applies defaults once everything was read, and judges what came out.

mod addresses;
mod instance;
mod scripts;
mod service;
mod strict;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Config, Family, Garp, GlobalDefs, SyncGroup, VrrpInstance};
use crate::parse::{EXIT_CONFIG, GarpDraft, GroupDraft, Parsed};
use crate::span::Spanned;
use crate::units::Micros;

/// The typed configuration of everything that was read.
pub(crate) fn resolve(parsed: &mut Parsed<'_>) -> Config {
    let service_globals = parsed.service_globals();
    let global = parsed.resolve_global();
    let scripts = parsed.resolve_scripts(&global);
    let drafts = std::mem::take(&mut parsed.instances);
    let instances: Vec<VrrpInstance> = drafts
        .into_iter()
        .filter(|draft| !draft.ignored)
        .filter_map(|draft| parsed.resolve_instance(draft, &global, &scripts))
        .collect();
    let instances = parsed.without_duplicates(instances);
    let groups = std::mem::take(&mut parsed.groups);
    let sync_groups: Vec<SyncGroup> = groups
        .into_iter()
        .filter_map(|draft| parsed.resolve_group(draft, &global, &instances, &scripts))
        .collect();
    parsed.judge_scripts(&global, &scripts, &instances, &sync_groups);
    let virtual_server_groups = std::mem::take(&mut parsed.service.groups);
    let virtual_servers = parsed.resolve_services(&virtual_server_groups, service_globals);
    let bfd_instances = std::mem::take(&mut parsed.service.bfds);
    let ssl = parsed.service.ssl.take();
    let root = std::mem::take(&mut parsed.root);
    let accepted = std::mem::take(&mut parsed.accepted);
    Config {
        root,
        global,
        scripts,
        instances,
        sync_groups,
        virtual_server_groups,
        virtual_servers,
        bfd_instances,
        ssl,
        accepted,
    }
}

impl Parsed<'_> {
    fn resolve_global(&mut self) -> GlobalDefs {
        let draft = std::mem::take(&mut self.global);
        let mut global = draft.defs;
        let (interval, na_interval) = (global.garp.interval, global.garp.na_interval);
        let mut built_in = Garp::default();
        if draft.min_garp {
            built_in.master_delay = Micros::ZERO;
            built_in.master_repeat = 1;
            built_in.master_refresh_repeat = 0;
        }
        let given = &draft.garp;
        // Without values of their own, lower-priority bursts follow those of a new master.
        built_in.lower_prio_delay = given.master_delay.unwrap_or(built_in.master_delay);
        built_in.lower_prio_repeat = given.master_repeat.unwrap_or(built_in.master_repeat);
        global.garp = Garp {
            interval,
            na_interval,
            ..garp(given, built_in)
        };
        global.smtp_alert_vrrp = draft.smtp_alert_vrrp.or(draft.smtp_alert);
        global
    }

    /// keepalived refuses to start with two instances that would share their packets.
    fn without_duplicates(&mut self, instances: Vec<VrrpInstance>) -> Vec<VrrpInstance> {
        type Key = (u8, Family, Option<String>, IpAddr, Option<IpAddr>);
        let mut taken: BTreeMap<Key, Spanned<String>> = BTreeMap::new();
        let mut kept = Vec::new();
        for instance in instances {
            let source = instance.source_address.map(|source| source.value);
            let key = (
                instance.vrid.value.get(),
                instance.family,
                instance.interface.as_ref().map(|name| name.value.clone()),
                instance.multicast_group,
                source.filter(|_| instance.unicast.is_some()),
            );
            if let Some(other) = taken.get(&key) {
                let text = format!(
                    "`{}` and `{}` both use virtual_router_id {} on the same interface",
                    instance.name.value, other.value, instance.vrid.value
                );
                let diagnostic = Diagnostic::error(Code::DuplicateVrid, instance.vrid.span, text)
                    .label(other.span, format!("`{}` is here", other.value))
                    .help("keepalived does not start with this")
                    .class(KeepalivedClass::General);
                self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
                continue;
            }
            taken.insert(key, instance.name.clone());
            kept.push(instance);
        }
        kept
    }

    fn resolve_group(
        &mut self,
        draft: GroupDraft,
        global: &GlobalDefs,
        instances: &[VrrpInstance],
        scripts: &[crate::VrrpScript],
    ) -> Option<SyncGroup> {
        let known = |member: &Spanned<String>| {
            instances
                .iter()
                .any(|instance| instance.name.value == member.value)
        };
        let (members, strangers): (Vec<_>, Vec<_>) = draft.members.into_iter().partition(known);
        for stranger in strangers {
            let text = format!(
                "there is no vrrp_instance `{}`; it is skipped",
                stranger.value
            );
            self.complain(Code::TrackedUnknown, stranger.span, text);
        }
        let name = draft.name;
        match members.len() {
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
        let track_scripts = self.tracked_scripts(draft.tracking.scripts, scripts, None);
        let track_interfaces = self.tracked_interfaces(draft.tracking.interfaces, None);
        let changes = draft
            .notify_priority_changes
            .unwrap_or(global.notify_priority_changes);
        Some(SyncGroup {
            name,
            members,
            track_scripts,
            track_interfaces,
            notify: draft.notify,
            notify_priority_changes: changes,
            tracking_weight: draft.tracking_weight,
        })
    }
}

/// The given settings, and `default` for the others.
fn garp(given: &GarpDraft, default: Garp) -> Garp {
    Garp {
        master_delay: given.master_delay.unwrap_or(default.master_delay),
        master_repeat: given.master_repeat.unwrap_or(default.master_repeat),
        master_refresh: given.master_refresh.unwrap_or(default.master_refresh),
        master_refresh_repeat: given
            .master_refresh_repeat
            .unwrap_or(default.master_refresh_repeat),
        lower_prio_delay: given.lower_prio_delay.unwrap_or(default.lower_prio_delay),
        lower_prio_repeat: given.lower_prio_repeat.unwrap_or(default.lower_prio_repeat),
        ..default
    }
}
