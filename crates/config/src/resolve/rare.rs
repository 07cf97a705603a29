//! Parts of an instance that few have: signatures, ipvlan and virtual MAC interfaces, VRFs, tracked objects.

use super::ByName;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Family, GlobalDefs, Hmac, HmacMode, Ipvlan, MacAddress, TrackFile, TrackProcess, TrackedObject,
    Vmac, Weight,
};
use crate::parse::{InstanceDraft, Parsed, TrackDraft};
use crate::span::Spanned;
use crate::units::{Micros, Priority, Vrid};

/// Intervals that clocks may differ by where nothing is configured.
const WINDOW_INTERVALS: u64 = 3;
/// The least of that.
const MIN_WINDOW: Micros = Micros::from_secs(5);

impl Parsed<'_> {
    /// `auth_hmac`, if it has what it needs.
    pub(super) fn hmac(&mut self, draft: &mut InstanceDraft, advert_int: Micros) -> Option<Hmac> {
        let hmac = draft.hmac.take()?;
        let why = match hmac.active {
            // Nothing is signed.
            None if hmac.mode == HmacMode::ReceiveOnly => None,
            None => Some("has no `active_key`"),
            Some(active) if !hmac.keys.iter().any(|key| key.id == active.value) => {
                Some("has no usable key with the number of `active_key`")
            }
            Some(_) => None,
        };
        let why = why.or_else(|| hmac.keys.is_empty().then_some("has no key"));
        if let Some(why) = why {
            let text = format!("this `auth_hmac` {why}; advertisements are not signed");
            let span = hmac.active.map_or(hmac.span, |active| active.span);
            self.complain(Code::InvalidKey, span, text);
            return None;
        }
        let window = Micros(advert_int.get().saturating_mul(WINDOW_INTERVALS)).max(MIN_WINDOW);
        let first = hmac.keys.first().map(|key| key.id);
        Some(Hmac {
            active_key: hmac.active.map(|active| active.value).or(first)?,
            keys: hmac.keys,
            mode: hmac.mode,
            anti_replay: hmac.anti_replay,
            time_window: hmac.time_window.unwrap_or(window),
        })
    }

    /// `use_vmac`: unicast leaves from the parent interface in any case; strict mode knows no choice.
    pub(super) fn vmac(
        &mut self,
        draft: &mut InstanceDraft,
        vrid: Vrid,
        strict: bool,
        unicast: bool,
    ) -> Option<Vmac> {
        let base = draft.vmac_xmit_base;
        let vmac = draft.vmac.take();
        if let (Some(span), None) = (base, &vmac) {
            let text = "`vmac_xmit_base` has no effect without `use_vmac`";
            self.warn(Code::WithoutEffect, span, text);
        }
        let mut vmac = vmac?;
        if let Some(ipvlan) = &draft.ipvlan {
            let text = "`use_ipvlan` and `use_vmac` exclude each other; the former is taken";
            let mut diagnostic = Diagnostic::error(Code::WithoutEffect, ipvlan.span, text);
            if let Some(span) = draft.given.use_vmac {
                diagnostic = diagnostic.label(span, "`use_vmac` is here");
            }
            self.reader.sink.push(diagnostic);
            return None;
        }
        if let (Some(MacAddress(bytes)), true) = (&mut vmac.mac, draft.vmac_of_five_bytes)
            && let Some(last) = bytes.last_mut()
        {
            *last = vrid.get();
        }
        vmac.transmit_base = unicast || (base.is_some() && !strict);
        Some(vmac)
    }

    /// `use_ipvlan`, whose address must be of the instance's family; IPv4 can't do without.
    pub(super) fn ipvlan(&mut self, draft: &mut InstanceDraft, family: Family) -> Option<Ipvlan> {
        let Spanned { value, span } = draft.ipvlan.take()?;
        let mut ipvlan = value;
        if ipvlan
            .address
            .is_some_and(|network| Family::of(network.address) != family)
        {
            let text = "the address of `use_ipvlan` is of another family; it is ignored";
            self.complain(Code::InvalidAddress, span, text);
            ipvlan.address = None;
        }
        if ipvlan.address.is_none() && family == Family::V4 {
            let text =
                "`use_ipvlan` needs an address of its own for IPv4: the instance stays in fault";
            let diagnostic = Diagnostic::error(Code::WithoutEffect, span, text)
                .help("write `use_ipvlan NAME ADDRESS`")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        }
        Some(ipvlan)
    }

    /// `vrf` is for instances without an interface.
    pub(super) fn vrf(
        &mut self,
        draft: &mut InstanceDraft,
        has_interface: bool,
    ) -> Option<Spanned<String>> {
        let vrf = draft.vrf.take()?;
        if has_interface {
            let text = "`vrf` is for instances without `interface`; it is ignored";
            self.complain(Code::WithoutEffect, vrf.span, text);
            return None;
        }
        Some(vrf)
    }

    /// Keywords of unicast that have no effect without peers.
    pub(super) fn unicast_without_peers(&mut self, draft: &InstanceDraft) {
        if let Some(ttl) = draft.unicast_ttl {
            let text = "`unicast_ttl` has no effect without peers";
            self.warn(Code::UnicastConflict, ttl.span, text);
        }
        let source = draft.unicast_src_ip.map(|source| source.span);
        let checks = draft.check_unicast_src.map(|checks| checks.span);
        let checksum = draft.old_checksum.map(|checksum| checksum.span);
        let peers = draft.given.unicast_peer;
        if let Some(span) = peers.or(source).or(checks).or(checksum) {
            let text = "there are no unicast peers: advertisements go to the multicast group";
            let diagnostic = Diagnostic::warning(Code::UnicastConflict, span, text)
                .help("add `unicast_peer { ADDRESS }`, or remove this line")
                .class(KeepalivedClass::Deprecated);
            self.reader.sink.push(diagnostic);
        }
    }

    /// `track_file`; to an owner any number but 0 is a fault, as with weight 0.
    pub(super) fn tracked_files(
        &mut self,
        drafts: Vec<TrackDraft>,
        files: &ByName<'_, TrackFile>,
        priority: Option<Priority>,
    ) -> Vec<TrackedObject> {
        let mut tracked = Vec::new();
        for draft in drafts {
            let Some(file) = files.get(draft.name.value.as_str()) else {
                continue;
            };
            let mut object = tracked_object(draft, file.weight);
            if priority == Some(Priority::OWNER) && object.weight.value != 0 {
                let text = format!(
                    "`{}` has a weight, which an address owner ignores: any number but 0 is a fault",
                    object.name.value
                );
                self.warn(Code::OwnerIgnoresWeight, object.name.span, text);
                object.weight.value = 0;
            }
            tracked.push(object);
        }
        tracked
    }

    /// The default of `smtp_alert` of groups and instances.
    pub(super) fn alerts(given: Option<bool>, global: &GlobalDefs) -> bool {
        given.or(global.smtp_alert_vrrp).unwrap_or(false)
    }
}

/// `track_process`.
pub(super) fn tracked_processes(
    drafts: Vec<TrackDraft>,
    processes: &ByName<'_, TrackProcess>,
) -> Vec<TrackedObject> {
    let tracked = drafts.into_iter().filter_map(|draft| {
        let process = processes.get(draft.name.value.as_str())?;
        Some(tracked_object(draft, process.weight))
    });
    tracked.collect()
}

/// The line's own weight, else the object's.
fn tracked_object(draft: TrackDraft, default: Weight) -> TrackedObject {
    TrackedObject {
        weight: Weight {
            value: draft.weight.map_or(default.value, |own| own.value),
            reverse: draft.reverse.unwrap_or(default.reverse),
        },
        weight_span: draft.weight.map(|weight| weight.span),
        name: draft.name,
    }
}
