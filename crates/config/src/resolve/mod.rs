//! Applies defaults once everything was read, and judges what came out.

mod addresses;
mod checks;
mod delays;
mod entries;
mod groups;
mod instance;
mod rare;
mod scripts;
mod service;
mod strict;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Config, Family, Garp, GlobalDefs, TrackFile, TrackProcess, VrrpCheck, VrrpInstance, VrrpScript,
};
use crate::parse::{EXIT_CONFIG, GarpDraft, Parsed};
use crate::span::Spanned;
use crate::units::Micros;

/// The typed configuration of everything that was read.
pub(crate) fn resolve(parsed: &mut Parsed<'_>) -> Config {
    let global = parsed.resolve_global();
    let scripts = parsed.resolve_scripts(&global);
    let checks = parsed.resolve_checks(&scripts);
    let processes = std::mem::take(&mut parsed.track_processes);
    let files = std::mem::take(&mut parsed.track_files);
    let objects = Objects {
        scripts: by_name(&scripts, |script| &script.name.value),
        checks: by_name(&checks, |check| &check.name.value),
        processes: by_name(&processes, |process| &process.name.value),
        files: by_name(&files, |file| &file.name.value),
    };
    let drafts = std::mem::take(&mut parsed.instances);
    let instances: Vec<VrrpInstance> = drafts
        .into_iter()
        .filter(|draft| !draft.ignored)
        .filter_map(|draft| parsed.resolve_instance(draft, &global, &objects))
        .collect();
    let mut instances = parsed.without_duplicates(instances);
    let groups = std::mem::take(&mut parsed.groups);
    let sync_groups = parsed.resolve_groups(groups, &global, &instances, &objects);
    parsed.judge_scripts(&global, &scripts, &instances, &sync_groups);
    parsed.judge_checks(&checks, &instances, &sync_groups);
    parsed.drop_weighted_checks(&mut instances, &sync_groups);
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
        interface_delays: parsed.resolve_delays(&instances),
        track_processes: processes,
        track_files: files,
        global,
        scripts,
        checks,
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
    scripts: ByName<'a, VrrpScript>,
    checks: ByName<'a, VrrpCheck>,
    processes: ByName<'a, TrackProcess>,
    files: ByName<'a, TrackFile>,
}

/// Objects by their names; of one name the first counts.
type ByName<'a, T> = BTreeMap<&'a str, &'a T>;

fn by_name<T>(all: &[T], name: impl Fn(&T) -> &String) -> ByName<'_, T> {
    let mut by_name = ByName::new();
    for one in all {
        by_name.entry(name(one).as_str()).or_insert(one);
    }
    by_name
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
