//! Defaults, corrections and refusals of one `vrrp_instance`.

use std::net::IpAddr;

use super::{Objects, addresses, garp, rare};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Authentication, AuthenticationKind, ExtraGarp, Family, Garp, Given, GlobalDefs, Hmac,
    InitialState, Ipvlan, OldChecksum, PeerChannel, Route, Rule, TrackedInterface, TrackedObject,
    TrackedScript, Unicast, Version, VirtualAddress, Vmac, VrrpInstance,
};
use crate::parse::{Detection, EXIT_CONFIG, InstanceDraft, Parsed};
use crate::source::InterfaceState;
use crate::span::{Span, Spanned};
use crate::units::{Micros, Priority};

/// Longest interval of version 3: 12 bits of centiseconds (RFC 9568 §5.2.7).
const MAX_V3_INTERVAL: Micros = Micros::from_millis(40_950);
pub(super) const MISSING_INTERFACE_HELP: &str =
    "keepalived does not start; `dynamic_interfaces` lets it wait for the interface";
const SECOND: u64 = 1_000_000;
const CENTISECOND: u64 = 10_000;

impl Parsed<'_> {
    /// The instance as it takes effect; `None`, with a refusal, where keepalived would not start.
    pub(super) fn resolve_instance(
        &mut self,
        mut draft: InstanceDraft,
        global: &GlobalDefs,
        objects: &Objects<'_>,
    ) -> Option<VrrpInstance> {
        let name = draft.label();
        let family = addresses::family(&draft);
        let strict = draft.strict.unwrap_or(global.strict);
        let version = self.version(&draft, family, global, strict);
        self.strict_mode(strict, &mut draft, global);
        let (addresses, excluded_addresses) = self.resolve_addresses(&mut draft, family);
        self.strict_first_address(strict && family == Family::V6, &addresses);
        self.check_family(&draft, family);
        self.address_interfaces(&addresses, &excluded_addresses, global)?;
        let vrid = self.vrid(&draft)?;
        let interface = self.interface(&mut draft, global)?;
        self.has_addresses(&draft, &addresses, version, strict)?;
        let advert_int = self.advert_int(&draft, version);
        let hmac = self.hmac(&mut draft, advert_int);
        let authentication = self.authentication(&draft, version, family, strict, hmac.as_ref());
        let (state, priority) = self.state_and_priority(&draft, strict, authentication);
        self.accept_mode(&mut draft, version, strict, priority);
        let preempt = self.preempt(&draft, state, priority);
        let preempt_delay = self.preempt_delay(&draft, state, preempt, strict);
        let tracking = std::mem::take(&mut draft.tracking);
        draft.tracking.bfds = tracking.bfds;
        let own = interface.as_ref().map(|name| name.value.as_str());
        let track_interfaces = self.tracked_interfaces(tracking.interfaces, own, global);
        let track_scripts =
            self.tracked_scripts(tracking.scripts, &objects.scripts, Some(priority));
        let track_checks = self.tracked_checks(tracking.checks, &objects.checks, Some(priority));
        let track_files = self.tracked_files(tracking.files, &objects.files, Some(priority));
        let track_processes = rare::tracked_processes(tracking.processes, &objects.processes);
        let unicast = self.unicast(&mut draft, family, global);
        // Each keyword serves for the other where that one is not given.
        let source = match unicast {
            Some(_) => draft.unicast_src_ip.or(draft.mcast_src_ip),
            None => draft.mcast_src_ip.or(draft.unicast_src_ip),
        };
        let source_address = self.fitting_source(source, family);
        let (routes, rules) = (
            std::mem::take(&mut draft.routes),
            std::mem::take(&mut draft.rules),
        );
        let resolved = Resolved {
            hmac,
            routes: self.resolve_routes(routes, global),
            rules: self.resolve_rules(rules, global),
            vmac: self.vmac(&mut draft, vrid.value, strict, unicast.is_some()),
            ipvlan: self.ipvlan(&mut draft, family),
            vrf: self.vrf(&mut draft, interface.is_some()),
            track_files,
            track_processes,
            name,
            state,
            interface,
            vrid,
            priority,
            advert_int,
            version,
            family,
            strict,
            authentication,
            preempt,
            preempt_delay,
            addresses,
            excluded_addresses,
            track_scripts,
            track_checks,
            track_interfaces,
            source_address,
            unicast,
        };
        Some(assemble(resolved, draft, global))
    }

    fn check_family(&mut self, draft: &InstanceDraft, family: Family) {
        if let (Some(span), Family::V4) = (draft.native_ipv6, family) {
            let text = "`native_ipv6` does not go with IPv4 addresses";
            self.complain(Code::VersionConflict, span, text);
        }
    }

    /// keepalived would not start.
    fn refuse(&mut self, code: Code, span: Span, text: String, help: &str) {
        let diagnostic = Diagnostic::error(code, span, text)
            .help(help)
            .class(KeepalivedClass::General);
        self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
    }

    fn vrid(&mut self, draft: &InstanceDraft) -> Option<Spanned<crate::Vrid>> {
        if draft.vrid.is_none() {
            let name = draft.label();
            let text = format!("`{}` has no usable virtual_router_id", name.value);
            let help = "give it a number from 1 to 255, the same on all nodes of this router";
            self.refuse(Code::VridMissing, name.span, text, help);
        }
        draft.vrid
    }

    /// The interface; the outer `None` is a refusal.
    #[allow(
        clippy::option_option,
        reason = "refused, or no interface needed, or the interface"
    )]
    fn interface(
        &mut self,
        draft: &mut InstanceDraft,
        global: &GlobalDefs,
    ) -> Option<Option<Spanned<String>>> {
        let unicast = draft.unicast_peers.is_some() && draft.unicast_src_ip.is_some();
        let name = draft.label();
        let Some(interface) = draft.interface.take() else {
            if unicast {
                return Some(None);
            }
            let text = format!("`{}` has no interface", name.value);
            self.refuse(
                Code::InterfaceMissing,
                name.span,
                text,
                "add `interface NAME`",
            );
            return None;
        };
        match self.environment.interface(&interface.value) {
            InterfaceState::Missing if !global.dynamic_interfaces => {
                let text = format!("there is no interface `{}` on this host", interface.value);
                self.refuse(
                    Code::InterfaceUnknown,
                    interface.span,
                    text,
                    MISSING_INTERFACE_HELP,
                );
                None
            }
            InterfaceState::Loopback => {
                let text = format!("VRRP can't run on the loopback `{}`", interface.value);
                self.refuse(
                    Code::LoopbackInterface,
                    interface.span,
                    text,
                    "name a real interface",
                );
                None
            }
            InterfaceState::Missing | InterfaceState::Present | InterfaceState::Unknown => {
                Some(Some(interface))
            }
        }
    }

    /// Interfaces that addresses name must exist as well.
    fn address_interfaces(
        &mut self,
        addresses: &[VirtualAddress],
        excluded: &[VirtualAddress],
        global: &GlobalDefs,
    ) -> Option<()> {
        for vip in addresses.iter().chain(excluded) {
            let Some(name) = vip.device.as_deref() else {
                continue;
            };
            let missing = self.environment.interface(name) == InterfaceState::Missing;
            if missing && !global.dynamic_interfaces {
                let text = format!("there is no interface `{name}` on this host");
                self.refuse(
                    Code::InterfaceUnknown,
                    vip.span,
                    text,
                    MISSING_INTERFACE_HELP,
                );
                return None;
            }
        }
        Some(())
    }

    fn has_addresses(
        &mut self,
        draft: &InstanceDraft,
        addresses: &[VirtualAddress],
        version: Version,
        strict: bool,
    ) -> Option<()> {
        if !addresses.is_empty() || draft.no_virtual_ipaddress {
            return Some(());
        }
        let name = draft.label();
        if version == Version::V3 || strict {
            let text = format!("`{}` has no virtual address", name.value);
            let help = "version 3 and strict mode need at least one";
            self.refuse(Code::NoVirtualAddress, name.span, text, help);
            return None;
        }
        let text = format!(
            "`{}` has no virtual address: it protects nothing",
            name.value
        );
        let found = Diagnostic::warning(Code::NoVirtualAddress, name.span, text)
            .help("list its addresses in `virtual_ipaddress`")
            .class(KeepalivedClass::General);
        self.reader.sink.push(found);
        Some(())
    }

    fn version(
        &mut self,
        draft: &InstanceDraft,
        family: Family,
        global: &GlobalDefs,
        strict: bool,
    ) -> Version {
        match (family, draft.version) {
            (Family::V6, Some(version)) if strict && version.value == Version::V2 => {
                let text = "VRRP version 2 knows no IPv6; under strict mode version 3 is taken";
                self.warn(Code::VersionConflict, version.span, text);
                Version::V3
            }
            (_, Some(version)) => {
                if (family, version.value) == (Family::V6, Version::V2) {
                    let text = "VRRP version 2 knows no IPv6; other makes will not understand it";
                    let diagnostic = Diagnostic::warning(Code::VersionConflict, version.span, text);
                    self.reader.sink.push(diagnostic);
                }
                version.value
            }
            (Family::V6, None) => Version::V3,
            (Family::V4, None) => global.version,
        }
    }

    fn authentication(
        &mut self,
        draft: &InstanceDraft,
        version: Version,
        family: Family,
        strict: bool,
        hmac: Option<&Hmac>,
    ) -> Option<Authentication> {
        if let (Some(kind), None) = (draft.auth_kind, draft.auth_password) {
            let text = "authentication without a password is ignored";
            self.warn(Code::AuthenticationIgnored, kind.span, text);
        }
        if let (None, Some(password)) = (draft.auth_kind, draft.auth_password) {
            let text = "this password is not used: `auth_type` is missing, and without it nothing is authenticated";
            let found = Diagnostic::warning(Code::PasswordWithoutType, password.span, text)
                .help("add `auth_type PASS`, on all nodes at once");
            self.reader.sink.push(found);
        }
        let authentication = draft.authentication()?;
        let why = if hmac.is_some() {
            "`auth_hmac` takes the place of `authentication`, which is ignored"
        } else if version == Version::V3 {
            "VRRP version 3 has no authentication; it is ignored"
        } else if strict {
            "strict mode has no authentication; it is ignored"
        } else if authentication.value.kind == AuthenticationKind::Ah && family == Family::V6 {
            "AH is for IPv4 only; it is ignored"
        } else if family == Family::V6 {
            // keepalived 2.2.7 sends the type without the data, and dies of such a packet itself.
            "a password is for IPv4 only; it is ignored"
        } else {
            return Some(authentication.value);
        };
        self.warn(Code::AuthenticationIgnored, authentication.span, why);
        None
    }

    fn state_and_priority(
        &mut self,
        draft: &InstanceDraft,
        strict: bool,
        authentication: Option<Authentication>,
    ) -> (InitialState, Priority) {
        let given = draft.state.map(|state| state.value);
        let priority = match (draft.priority, given) {
            (Some(priority), _) => priority.value,
            (None, Some(InitialState::Master)) => Priority::OWNER,
            (None, _) => Priority::DEFAULT,
        };
        let owner = priority == Priority::OWNER;
        if let (None, Some(InitialState::Master), Some(state)) =
            (draft.priority, given, draft.state)
        {
            let text = "`state MASTER` without a priority means 255, the address owner: no check \
                        lowers it";
            let diagnostic = Diagnostic::warning(Code::PriorityStateConflict, state.span, text)
                .help("give it a `priority` below 255");
            // keepalived is silent.
            self.reader.sink.push(diagnostic);
        }
        let by_priority = if owner {
            InitialState::Master
        } else {
            InitialState::Backup
        };
        let mut state = given.unwrap_or(by_priority);
        let span = draft.state.map_or(draft.label().span, |state| state.span);
        if strict && (state == InitialState::Master) != owner {
            let text = "under strict mode `state MASTER` and priority 255 go together";
            self.warn(Code::PriorityStateConflict, span, text);
            state = by_priority;
        }
        let ah = authentication.is_some_and(|one| one.kind == AuthenticationKind::Ah);
        if ah && state == InitialState::Master {
            let text = "`state MASTER` does not go with AH authentication; BACKUP is taken";
            self.warn(Code::PriorityStateConflict, span, text);
            state = InitialState::Backup;
        }
        (state, priority)
    }

    /// Version 2 of the protocol has no accept mode (RFC 3768 §6.4.3), and strict mode insists.
    fn accept_mode(
        &mut self,
        draft: &mut InstanceDraft,
        version: Version,
        strict: bool,
        priority: Priority,
    ) {
        let forced = strict && version == Version::V2 && priority != Priority::OWNER;
        if let (true, Some(true), Some(span)) = (forced, draft.accept, draft.given.accept) {
            let text = "`accept` has no effect under strict mode with VRRP version 2";
            self.warn(Code::StrictConflict, span, text);
            draft.accept = Some(false);
        }
    }

    fn preempt(&mut self, draft: &InstanceDraft, state: InitialState, priority: Priority) -> bool {
        let Some(span) = draft.nopreempt else {
            return true;
        };
        if priority == Priority::OWNER {
            let text = "`nopreempt` has no effect with priority 255";
            self.warn(Code::NopreemptCleared, span, text);
            return true;
        }
        if state == InitialState::Master {
            let text = "`nopreempt` has no effect with `state MASTER`";
            let help =
                "give all nodes `state BACKUP`; the highest priority still wins the first election";
            let mut diagnostic = Diagnostic::warning(Code::NopreemptCleared, span, text).help(help);
            if let Some(state) = draft.state {
                diagnostic = diagnostic.label(state.span, "the state");
            }
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
            return true;
        }
        false
    }

    fn preempt_delay(
        &mut self,
        draft: &InstanceDraft,
        state: InitialState,
        preempt: bool,
        strict: bool,
    ) -> Micros {
        let Some(delay) = draft
            .preempt_delay
            .filter(|delay| delay.value > Micros::ZERO)
        else {
            return Micros::ZERO;
        };
        let why = if strict {
            "strict mode"
        } else if !preempt {
            "`nopreempt`"
        } else if state == InitialState::Master {
            "`state MASTER`"
        } else {
            return delay.value;
        };
        let text = format!("`preempt_delay` has no effect with {why}");
        self.warn(Code::PreemptDelayCleared, delay.span, text);
        Micros::ZERO
    }

    /// The interval as the version can express it.
    fn advert_int(&mut self, draft: &InstanceDraft, version: Version) -> Micros {
        let Some(given) = draft.advert_int else {
            return Micros::from_secs(1);
        };
        let time = given.value.get();
        let effective = match version {
            Version::V2 => Micros(rounded(time, SECOND).max(SECOND)),
            Version::V3 => Micros(rounded(time, CENTISECOND).max(CENTISECOND)).min(MAX_V3_INTERVAL),
        };
        if effective != given.value {
            let unit = match version {
                Version::V2 => "version 2 counts whole seconds",
                Version::V3 => "version 3 counts centiseconds, at most 40.95 s",
            };
            let text = format!("`advert_int` becomes {effective}: {unit}");
            self.warn(Code::IntervalAdjusted, given.span, text);
        }
        effective
    }

    fn unicast(
        &mut self,
        draft: &mut InstanceDraft,
        family: Family,
        global: &GlobalDefs,
    ) -> Option<Unicast> {
        let given = draft.unicast_peers.take();
        let mut peers = Vec::new();
        for peer in given.unwrap_or_default() {
            if Family::of(peer.address.value) == family {
                peers.push(peer);
            } else {
                let text = "this peer is of another family than the addresses; it is ignored";
                self.complain(Code::UnicastConflict, peer.address.span, text);
            }
        }
        // An empty list falls back to multicast unless that is a fault.
        if peers.is_empty() && !draft.unicast_fault_no_peer {
            self.unicast_without_peers(draft);
            return None;
        }
        let limited = peers
            .iter()
            .any(|peer| peer.min_ttl > 0 || peer.max_ttl < u8::MAX);
        Some(Unicast {
            peers,
            ttl: draft.unicast_ttl.map_or(u8::MAX, |ttl| ttl.value),
            // Limits on a peer's TTL make sense only for known peers.
            check_source: match draft.check_unicast_src {
                _ if limited => Some(true),
                Some(given) => Some(given.value),
                None => global.check_unicast_src.then_some(true),
            },
            fault_no_peer: draft.unicast_fault_no_peer,
        })
    }

    fn fitting_source(
        &mut self,
        source: Option<Spanned<IpAddr>>,
        family: Family,
    ) -> Option<Spanned<IpAddr>> {
        let source = source?;
        if Family::of(source.value) == family {
            return Some(source);
        }
        let text = "this source is of another family than the addresses; it is ignored";
        self.complain(Code::InvalidAddress, source.span, text);
        None
    }
}

/// What took more than a default to find out.
struct Resolved {
    name: Spanned<String>,
    state: InitialState,
    interface: Option<Spanned<String>>,
    vrid: Spanned<crate::Vrid>,
    priority: Priority,
    advert_int: Micros,
    version: Version,
    family: Family,
    strict: bool,
    authentication: Option<Authentication>,
    hmac: Option<Hmac>,
    vmac: Option<Vmac>,
    ipvlan: Option<Ipvlan>,
    vrf: Option<Spanned<String>>,
    routes: Vec<Route>,
    rules: Vec<Rule>,
    track_files: Vec<TrackedObject>,
    track_processes: Vec<TrackedObject>,
    preempt: bool,
    preempt_delay: Micros,
    addresses: Vec<VirtualAddress>,
    excluded_addresses: Vec<VirtualAddress>,
    track_scripts: Vec<TrackedScript>,
    track_checks: Vec<TrackedScript>,
    track_interfaces: Vec<TrackedInterface>,
    source_address: Option<Spanned<IpAddr>>,
    unicast: Option<Unicast>,
}

/// The instance, with defaults for all that is left.
fn assemble(parts: Resolved, mut draft: InstanceDraft, global: &GlobalDefs) -> VrrpInstance {
    let strict = parts.strict;
    let owner = parts.priority == Priority::OWNER;
    let election = election(&draft, global, strict, owner);
    VrrpInstance {
        multicast_group: multicast_group(&draft, parts.family, global),
        garp: instance_garp(&draft, global, strict),
        vmac: parts.vmac,
        ipvlan: parts.ipvlan,
        vrf: parts.vrf,
        hmac: parts.hmac,
        routes: parts.routes,
        rules: parts.rules,
        vmac_addresses: draft.vmac_addresses,
        old_checksum: draft
            .old_checksum
            .map_or(OldChecksum::Detect, |checksum| checksum.value),
        extra_garp: extra_garp(&draft, global),
        debug: draft.debug,
        sync_daemon_interface: draft.sync_daemon_interface.take(),
        tells_deletion: draft.tells_deletion,
        linkbeat_use_polling: draft.linkbeat_use_polling,
        notify: std::mem::take(&mut draft.notify),
        down_timer_adverts: election.down_timer_adverts,
        lower_prio_no_advert: election.lower_prio_no_advert,
        higher_prio_send_advert: election.higher_prio_send_advert,
        owner_ignore_adverts: election.owner_ignore_adverts,
        handover: draft.handover,
        peer_channel: peer_channel(&draft, global, strict),
        start_probe: draft.start_probe.unwrap_or(global.start_probe) && !strict,
        accept: draft.accept.unwrap_or(!strict || owner),
        skip_check_adv_addr: draft
            .skip_check_adv_addr
            .unwrap_or(global.skip_check_adv_addr),
        v3_checksum_as_v2: draft.v3_checksum_as_v2.unwrap_or(global.v3_checksum_as_v2),
        notify_priority_changes: draft
            .notify_priority_changes
            .unwrap_or(global.notify_priority_changes),
        smtp_alert: Parsed::alerts(draft.smtp_alert, global),
        timer_expired_backup: draft.timer_expired_backup.filter(|_| !parts.preempt),
        given: given(&draft),
        track_files: parts.track_files,
        track_processes: parts.track_processes,
        track_bfds: draft.tracking.bfds,
        dont_track_primary: draft.dont_track_primary,
        track_source_address: draft.track_source_address,
        promote_secondaries: draft.promote_secondaries,
        receive_buffer: draft.receive_buffer,
        name: parts.name,
        state: parts.state,
        interface: parts.interface,
        vrid: parts.vrid,
        priority: parts.priority,
        advert_int: parts.advert_int,
        version: parts.version,
        family: parts.family,
        strict,
        authentication: parts.authentication,
        preempt: parts.preempt,
        preempt_delay: parts.preempt_delay,
        addresses: parts.addresses,
        excluded_addresses: parts.excluded_addresses,
        track_scripts: parts.track_scripts,
        track_checks: parts.track_checks,
        track_interfaces: parts.track_interfaces,
        source_address: parts.source_address,
        unicast: parts.unicast,
    }
}

/// Settings of the election with a global default, on which strict mode has the last word.
struct Election {
    down_timer_adverts: u8,
    lower_prio_no_advert: bool,
    higher_prio_send_advert: bool,
    owner_ignore_adverts: bool,
}

fn election(draft: &InstanceDraft, global: &GlobalDefs, strict: bool, owner: bool) -> Election {
    let down_timer = draft
        .down_timer_adverts
        .unwrap_or(global.down_timer_adverts);
    let lower_no_advert = draft
        .lower_prio_no_advert
        .unwrap_or(global.lower_prio_no_advert);
    let higher_advert = draft
        .higher_prio_send_advert
        .unwrap_or(global.higher_prio_send_advert);
    let ignores = draft
        .owner_ignore_adverts
        .unwrap_or(global.owner_ignore_adverts);
    Election {
        down_timer_adverts: if strict { 3 } else { down_timer },
        lower_prio_no_advert: strict || lower_no_advert,
        higher_prio_send_advert: !strict && higher_advert,
        owner_ignore_adverts: owner && (strict || ignores),
    }
}

/// Where what is in force was given.
fn given(draft: &InstanceDraft) -> Given {
    Given {
        state: draft.state.map(|state| state.span),
        nopreempt: draft.nopreempt,
        ..draft.given
    }
}

fn multicast_group(draft: &InstanceDraft, family: Family, global: &GlobalDefs) -> IpAddr {
    let own = draft
        .mcast_dst_ip
        .map(|group| group.value)
        .filter(|own| Family::of(*own) == family);
    own.unwrap_or(match family {
        Family::V4 => global.multicast.v4.into(),
        Family::V6 => global.multicast.v6.into(),
    })
}

/// The instance's own, else the global one; 0 is none.
fn extra_garp(draft: &InstanceDraft, global: &GlobalDefs) -> Option<ExtraGarp> {
    let extra = draft.extra_garp.or(global.extra_garp);
    extra.filter(|extra| extra.interval > Micros::ZERO)
}

/// The peer channel: strict mode has none.
fn peer_channel(draft: &InstanceDraft, global: &GlobalDefs, strict: bool) -> Option<PeerChannel> {
    let global = &global.peer_channel;
    let on = !strict && draft.peer_channel.unwrap_or(global.is_on());
    let fast_detect = match draft.fast_detect {
        Some(Detection::On(own)) => Some(own),
        Some(Detection::Off) => None,
        None => global.fast_detect.map(|given| given.value),
    };
    on.then_some(PeerChannel { fast_detect })
}

/// Announcements: the instance's own values, else the global ones; strict mode answers no lower priority.
fn instance_garp(draft: &InstanceDraft, global: &GlobalDefs, strict: bool) -> Garp {
    let mut garp = garp(&draft.garp, global.garp);
    if strict {
        garp.lower_prio_delay = Micros::ZERO;
        garp.lower_prio_repeat = 0;
    }
    garp
}

/// The nearest multiple of `unit`, halves upwards.
fn rounded(time: u64, unit: u64) -> u64 {
    (time + unit / 2) / unit * unit
}
