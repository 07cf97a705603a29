//! Applies defaults once everything was read, and judges what came out.

mod addresses;
mod entries;
mod instance;
mod rare;
mod scripts;
mod service;
mod strict;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Config, Family, Garp, GlobalDefs, SyncGroup, TrackFile, TrackProcess, VrrpInstance, VrrpScript,
};
use crate::parse::{EXIT_CONFIG, GarpDraft, GroupDraft, Parsed};
use crate::span::Spanned;
use crate::units::Micros;

/// The typed configuration of everything that was read.
pub(crate) fn resolve(parsed: &mut Parsed<'_>) -> Config {
    let global = parsed.resolve_global();
    let scripts = parsed.resolve_scripts(&global);
    let objects = Objects {
        scripts: &scripts,
        processes: std::mem::take(&mut parsed.track_processes),
        files: std::mem::take(&mut parsed.track_files),
    };
    let drafts = std::mem::take(&mut parsed.instances);
    let instances: Vec<VrrpInstance> = drafts
        .into_iter()
        .filter(|draft| !draft.ignored)
        .filter_map(|draft| parsed.resolve_instance(draft, &global, &objects))
        .collect();
    let instances = parsed.without_duplicates(instances);
    let groups = std::mem::take(&mut parsed.groups);
    let sync_groups: Vec<SyncGroup> = groups
        .into_iter()
        .filter_map(|draft| parsed.resolve_group(draft, &global, &instances, &objects))
        .collect();
    parsed.judge_scripts(&global, &scripts, &instances, &sync_groups);
    let virtual_server_groups = std::mem::take(&mut parsed.service.groups);
    let virtual_servers = parsed.resolve_services(&virtual_server_groups, &global);
    let bfd_instances = std::mem::take(&mut parsed.service.bfds);
    let ssl = parsed.service.ssl.take();
    let routes = std::mem::take(&mut parsed.statics.routes);
    let rules = std::mem::take(&mut parsed.statics.rules);
    Config {
        root: std::mem::take(&mut parsed.root),
        static_addresses: parsed.resolve_static_addresses(&global),
        static_routes: parsed.resolve_routes(routes, &global),
        static_rules: parsed.resolve_rules(rules, &global),
        track_groups: parsed.resolve_track_groups(&instances),
        garp_groups: parsed.resolve_garp_groups(&global),
        linkbeat_interfaces: std::mem::take(&mut parsed.statics.linkbeat),
        interface_delays: std::mem::take(&mut parsed.statics.delays),
        track_processes: objects.processes,
        track_files: objects.files,
        global,
        scripts,
        instances,
        sync_groups,
        virtual_server_groups,
        virtual_servers,
        bfd_instances,
        ssl,
        accepted: std::mem::take(&mut parsed.accepted),
    }
}

/// What instances and groups can track.
struct Objects<'a> {
    scripts: &'a [VrrpScript],
    processes: Vec<TrackProcess>,
    files: Vec<TrackFile>,
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
        global.smtp_alert_checker = draft.smtp_alert_checker.or(draft.smtp_alert);
        if let Some(prefix) = draft.vmac_prefix {
            global.vmac_prefix = prefix;
        }
        global.vmac_address_prefix = draft
            .vmac_address_prefix
            .unwrap_or_else(|| global.vmac_prefix.clone());
        let lvs = &mut global.lvs;
        lvs.service_statistics_age = draft
            .service_statistics_age
            .unwrap_or(lvs.service_statistics_age);
        lvs.server_statistics_age = draft
            .server_statistics_age
            .unwrap_or(lvs.service_statistics_age);
        global
    }

    /// keepalived refuses to start with two instances that would share their packets.
    fn without_duplicates(&mut self, mut instances: Vec<VrrpInstance>) -> Vec<VrrpInstance> {
        type Key = (u8, Family, Option<String>, IpAddr, Option<IpAddr>);
        let mut taken: BTreeMap<Key, Spanned<String>> = BTreeMap::new();
        instances.retain(|instance| {
            let source = instance.source_address.map(|source| source.value);
            let key = (
                instance.vrid.value.get(),
                instance.family,
                instance.interface.as_ref().map(|name| name.value.clone()),
                instance.multicast_group,
                source.filter(|_| instance.unicast.is_some()),
            );
            let Some(other) = taken.get(&key) else {
                taken.insert(key, instance.name.clone());
                return true;
            };
            let text = format!(
                "`{}` and `{}` both use virtual_router_id {} on the same interface",
                instance.name.value, other.value, instance.vrid.value
            );
            let diagnostic = Diagnostic::error(Code::DuplicateVrid, instance.vrid.span, text)
                .label(other.span, format!("`{}` is here", other.value))
                .help("keepalived does not start with this")
                .class(KeepalivedClass::General);
            self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
            false
        });
        instances
    }

    fn resolve_group(
        &mut self,
        draft: GroupDraft,
        global: &GlobalDefs,
        instances: &[VrrpInstance],
        objects: &Objects<'_>,
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
        let tracking = draft.tracking;
        let track_scripts = self.tracked_scripts(tracking.scripts, objects.scripts, None);
        let track_interfaces = self.tracked_interfaces(tracking.interfaces, None);
        let track_files = self.tracked_files(tracking.files, &objects.files, None);
        let track_processes = rare::tracked_processes(tracking.processes, &objects.processes);
        let changes = draft
            .notify_priority_changes
            .unwrap_or(global.notify_priority_changes);
        Some(SyncGroup {
            name,
            members,
            track_scripts,
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
