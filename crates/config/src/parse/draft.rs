//! What blocks say, before defaults.

use std::net::IpAddr;

use super::hmac::HmacDraft;
use crate::model::{
    Authentication, AuthenticationKind, ExtraGarp, FastDetect, Given, GlobalDefs, Handover,
    Identity, InitialState, Ipvlan, Notify, OldChecksum, Password, Route, Rule, Script,
    ScriptGiven, TrackedBfd, UnicastPeer, Version, VirtualAddress, Vmac, Weight,
};
use crate::span::{Span, Spanned};
use crate::units::{Micros, Priority, Vrid};

/// Announcement settings that were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct GarpDraft {
    pub(crate) master_delay: Option<Micros>,
    pub(crate) master_repeat: Option<u32>,
    pub(crate) master_refresh: Option<Micros>,
    pub(crate) master_refresh_repeat: Option<u32>,
    pub(crate) lower_prio_delay: Option<Micros>,
    pub(crate) lower_prio_repeat: Option<u32>,
}

/// `global_defs`.
#[derive(Clone, Debug, Default)]
pub(crate) struct GlobalDraft {
    pub(crate) defs: GlobalDefs,
    pub(crate) garp: GarpDraft,
    pub(crate) min_garp: bool,
    pub(crate) smtp_alert: Option<bool>,
    pub(crate) smtp_alert_vrrp: Option<bool>,
    pub(crate) smtp_alert_checker: Option<bool>,
    pub(crate) vmac_prefix: Option<String>,
    pub(crate) vmac_address_prefix: Option<String>,
    pub(crate) service_statistics_age: Option<Micros>,
    pub(crate) server_statistics_age: Option<Micros>,
}

/// `vrrp_script`.
#[derive(Clone, Debug)]
pub(crate) struct ScriptDraft {
    pub(crate) name: Spanned<String>,
    pub(crate) script: Option<Script>,
    pub(crate) interval: Option<Micros>,
    pub(crate) timeout: Option<Micros>,
    pub(crate) weight: Weight,
    pub(crate) rise: u32,
    pub(crate) fall: u32,
    pub(crate) identity: Option<Identity>,
    pub(crate) init_fail: bool,
    pub(crate) given: ScriptGiven,
    /// It can't be used.
    pub(crate) broken: bool,
}

impl ScriptDraft {
    pub(crate) fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            script: None,
            interval: None,
            timeout: None,
            weight: Weight::default(),
            rise: 1,
            fall: 1,
            identity: None,
            init_fail: false,
            given: ScriptGiven::default(),
            broken: false,
        }
    }
}

/// One line of a tracking list.
#[derive(Clone, Debug)]
pub(crate) struct TrackDraft {
    pub(crate) name: Spanned<String>,
    pub(crate) weight: Option<Spanned<i16>>,
    pub(crate) reverse: Option<bool>,
}

/// Tracking lists of an instance or group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracking {
    pub(crate) scripts: Vec<TrackDraft>,
    pub(crate) interfaces: Vec<TrackDraft>,
    pub(crate) files: Vec<TrackDraft>,
    pub(crate) processes: Vec<TrackDraft>,
    pub(crate) checks: Vec<TrackDraft>,
    pub(crate) bfds: Vec<TrackedBfd>,
}

/// `fast_detect` in either block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Detection {
    Off,
    On(FastDetect),
}

/// `vrrp_instance`.
#[derive(Clone, Debug, Default)]
pub(crate) struct InstanceDraft {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) state: Option<Spanned<InitialState>>,
    pub(crate) interface: Option<Spanned<String>>,
    pub(crate) vrid: Option<Spanned<Vrid>>,
    pub(crate) priority: Option<Spanned<Priority>>,
    pub(crate) advert_int: Option<Spanned<Micros>>,
    pub(crate) version: Option<Spanned<Version>>,
    pub(crate) auth_kind: Option<Spanned<AuthenticationKind>>,
    pub(crate) auth_password: Option<Spanned<Password>>,
    pub(crate) nopreempt: Option<Span>,
    pub(crate) preempt_delay: Option<Spanned<Micros>>,
    pub(crate) down_timer_adverts: Option<u8>,
    pub(crate) addresses: Vec<VirtualAddress>,
    pub(crate) excluded: Vec<VirtualAddress>,
    pub(crate) tracking: Tracking,
    pub(crate) dont_track_primary: bool,
    pub(crate) track_source_address: bool,
    pub(crate) garp: GarpDraft,
    pub(crate) notify: Notify,
    pub(crate) notify_priority_changes: Option<bool>,
    pub(crate) mcast_src_ip: Option<Spanned<IpAddr>>,
    pub(crate) unicast_src_ip: Option<Spanned<IpAddr>>,
    pub(crate) mcast_dst_ip: Option<Spanned<IpAddr>>,
    pub(crate) unicast_peers: Option<Vec<UnicastPeer>>,
    pub(crate) unicast_ttl: Option<Spanned<u8>>,
    pub(crate) check_unicast_src: Option<Spanned<bool>>,
    pub(crate) unicast_fault_no_peer: bool,
    pub(crate) skip_check_adv_addr: Option<bool>,
    pub(crate) strict: Option<bool>,
    pub(crate) accept: Option<bool>,
    pub(crate) lower_prio_no_advert: Option<bool>,
    pub(crate) higher_prio_send_advert: Option<bool>,
    pub(crate) owner_ignore_adverts: Option<bool>,
    pub(crate) handover: Option<Handover>,
    pub(crate) peer_channel: Option<bool>,
    pub(crate) fast_detect: Option<Detection>,
    pub(crate) start_probe: Option<bool>,
    pub(crate) v3_checksum_as_v2: Option<bool>,
    pub(crate) no_virtual_ipaddress: bool,
    pub(crate) vmac: Option<Vmac>,
    /// The last byte of its address is to be the VRID.
    pub(crate) vmac_of_five_bytes: bool,
    pub(crate) vmac_xmit_base: Option<Span>,
    pub(crate) vmac_addresses: bool,
    pub(crate) ipvlan: Option<Spanned<Ipvlan>>,
    pub(crate) old_checksum: Option<Spanned<OldChecksum>>,
    pub(crate) extra_garp: Option<ExtraGarp>,
    pub(crate) debug: u8,
    pub(crate) sync_daemon_interface: Option<Spanned<String>>,
    pub(crate) tells_deletion: bool,
    pub(crate) linkbeat_use_polling: bool,
    pub(crate) routes: Vec<Route>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) hmac: Option<HmacDraft>,
    pub(crate) promote_secondaries: bool,
    pub(crate) vrf: Option<Spanned<String>>,
    pub(crate) receive_buffer: Option<u64>,
    pub(crate) timer_expired_backup: Option<u8>,
    pub(crate) smtp_alert: Option<bool>,
    pub(crate) native_ipv6: Option<Span>,
    pub(crate) given: Given,
    /// Another instance has its name.
    pub(crate) ignored: bool,
}

impl InstanceDraft {
    /// The instance's name, or an empty one.
    pub(crate) fn label(&self) -> Spanned<String> {
        self.name
            .clone()
            .unwrap_or_else(|| Spanned::new(String::new(), Span::default()))
    }

    /// Authentication as configured: it takes a type and a password.
    pub(crate) fn authentication(&self) -> Option<Spanned<Authentication>> {
        let (kind, password) = (self.auth_kind?, self.auth_password?);
        Some(kind.map(|kind| Authentication {
            kind,
            password: password.value,
        }))
    }
}

/// `vrrp_sync_group`.
#[derive(Clone, Debug)]
pub(crate) struct GroupDraft {
    pub(crate) name: Spanned<String>,
    pub(crate) members: Vec<Spanned<String>>,
    pub(crate) tracking: Tracking,
    pub(crate) notify: Notify,
    pub(crate) notify_priority_changes: Option<bool>,
    pub(crate) smtp_alert: Option<bool>,
    pub(crate) tracking_weight: bool,
}

impl GroupDraft {
    pub(crate) fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            members: Vec::new(),
            tracking: Tracking::default(),
            notify: Notify::default(),
            notify_priority_changes: None,
            smtp_alert: None,
            tracking_weight: false,
        }
    }
}
