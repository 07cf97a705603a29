//! Routes, rules, static entries and groups: their interfaces, and whether they can be watched.

use super::by_name;
use super::instance::MISSING_INTERFACE_HELP;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{GarpGroup, GlobalDefs, Route, Rule, StaticAddress, TrackGroup, VrrpInstance};
use crate::parse::{EXIT_CONFIG, Parsed};
use crate::source::InterfaceState;
use crate::span::Span;

impl Parsed<'_> {
    /// Routes whose interfaces can come; one without an interface is not watched.
    pub(super) fn resolve_routes(&mut self, routes: Vec<Route>, global: &GlobalDefs) -> Vec<Route> {
        let mut usable = Vec::new();
        for mut route in routes {
            let hops = route.next_hops.iter();
            let hops = hops.filter_map(|hop| hop.device.clone().map(|name| (name, route.span)));
            let own = route
                .device
                .iter()
                .map(|name| (name.value.clone(), name.span));
            let devices: Vec<_> = own.chain(hops).collect();
            if !devices
                .iter()
                .all(|(name, span)| self.device_is_there(name, *span, global))
            {
                continue;
            }
            if let Some(vrf) = &route.vrf
                && self.environment.interface(&vrf.value) == InterfaceState::Missing
            {
                let text = format!("there is no VRF `{}`; the route is skipped", vrf.value);
                self.complain(Code::InterfaceUnknown, vrf.span, text);
                continue;
            }
            if route.tracked && route.device.is_none() {
                route.tracked = false;
                let text = "this route names no interface: nobody notices when it is deleted";
                let diagnostic = Diagnostic::warning(Code::NotTracked, route.span, text)
                    .help("add `dev INTERFACE`, or `no_track`")
                    .class(KeepalivedClass::General);
                self.reader.sink.push(diagnostic);
            }
            usable.push(route);
        }
        usable
    }

    /// Rules whose interfaces can come.
    pub(super) fn resolve_rules(&mut self, rules: Vec<Rule>, global: &GlobalDefs) -> Vec<Rule> {
        let usable = rules.into_iter().filter(|rule| {
            let mut devices = rule.input.iter().chain(&rule.output);
            devices.all(|name| self.device_is_there(&name.value, name.span, global))
        });
        usable.collect()
    }

    pub(super) fn resolve_static_addresses(&mut self, global: &GlobalDefs) -> Vec<StaticAddress> {
        let addresses = std::mem::take(&mut self.statics.addresses);
        let usable = addresses.into_iter().filter(|line| {
            let (device, span) = (line.address.device.as_ref(), line.address.span);
            device.is_none_or(|name| self.device_is_there(name, span, global))
        });
        usable.collect()
    }

    pub(super) fn resolve_garp_groups(&mut self, global: &GlobalDefs) -> Vec<GarpGroup> {
        let mut groups = std::mem::take(&mut self.statics.garp_groups);
        for group in &mut groups {
            group
                .interfaces
                .retain(|name| self.device_is_there(&name.value, name.span, global));
        }
        groups
    }

    /// The groups with those of their members that exist.
    pub(super) fn resolve_track_groups(&mut self, instances: &[VrrpInstance]) -> Vec<TrackGroup> {
        let names = by_name(instances, |instance| &instance.name.value);
        let mut groups = std::mem::take(&mut self.statics.track_groups);
        for group in &mut groups {
            group.members.retain(|member| {
                let known = names.contains_key(member.value.as_str());
                if !known {
                    let text = format!(
                        "there is no vrrp_instance `{}`; it is skipped",
                        member.value
                    );
                    // keepalived is silent.
                    let diagnostic = Diagnostic::warning(Code::TrackedUnknown, member.span, text);
                    self.reader.sink.push(diagnostic);
                }
                known
            });
        }
        groups
    }

    /// keepalived does not start where an interface that is named is missing.
    pub(super) fn device_is_there(&mut self, name: &str, span: Span, global: &GlobalDefs) -> bool {
        let missing = self.environment.interface(name) == InterfaceState::Missing;
        if !missing || global.dynamic_interfaces {
            return true;
        }
        let text = format!("there is no interface `{name}` on this host");
        let diagnostic = Diagnostic::error(Code::InterfaceUnknown, span, text)
            .help(MISSING_INTERFACE_HELP)
            .class(KeepalivedClass::General);
        self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
        false
    }
}
