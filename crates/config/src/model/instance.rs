//! VRRP instances and the groups they stand in.

use std::fmt;
use std::net::IpAddr;

use super::address::VirtualAddress;
use super::hmac::Hmac;
use super::peer_channel::PeerChannel;
use super::route::Route;
use super::rule::Rule;
use super::script::{Script, Weight};
use super::vmac::{Ipvlan, Vmac};
use crate::span::{Span, Spanned};
use crate::units::{Micros, Priority, Vrid};

/// The VRRP protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// RFC 3768.
    V2,
    /// RFC 9568 (and 5798).
    V3,
}

/// The address family of an instance's advertisements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of that address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }
}

/// The state an instance is wanted to be in at first; either way it starts by listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialState {
    /// `state MASTER`.
    Master,
    /// `state BACKUP`, and no `state` at all.
    Backup,
}

/// How a master leaves on purpose (Standfast's own keyword `handover`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    /// Resigns and answers until its successor is there.
    Overlap,
    /// Runs its scripts, lets go, then resigns.
    Exclusive,
    /// Resigns and lets go at once, as keepalived does.
    Immediate,
}

impl Handover {
    pub(crate) fn from_keyword(word: &str) -> Option<Self> {
        match word {
            "overlap" => Some(Self::Overlap),
            "exclusive" => Some(Self::Exclusive),
            "immediate" => Some(Self::Immediate),
            _ => None,
        }
    }
}

/// Timing and number of gratuitous ARP and unsolicited neighbour advertisements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Garp {
    /// Time from becoming master to the second burst; 0 for none.
    pub master_delay: Micros,
    /// Packets per address and burst, at least 1.
    pub master_repeat: u32,
    /// Time between refreshes while master; 0 for none.
    pub master_refresh: Micros,
    /// Packets per address and refresh; 0 only under `vrrp_min_garp`.
    pub master_refresh_repeat: u32,
    /// Time from a lower-priority advertisement to the second burst; 0 for none.
    pub lower_prio_delay: Micros,
    /// Packets per address and such burst; 0 for none.
    pub lower_prio_repeat: u32,
    /// Least time between two gratuitous ARPs of an interface (`vrrp_garp_interval`); 0 for none.
    pub interval: Micros,
    /// Least time between two neighbour advertisements of an interface (`vrrp_gna_interval`); 0 for none.
    pub na_interval: Micros,
}

impl Default for Garp {
    /// keepalived's built-in defaults.
    fn default() -> Self {
        Self {
            master_delay: Micros::from_secs(5),
            master_repeat: 5,
            master_refresh: Micros::ZERO,
            master_refresh_repeat: 1,
            lower_prio_delay: Micros::from_secs(5),
            lower_prio_repeat: 5,
            interval: Micros::ZERO,
            na_interval: Micros::ZERO,
        }
    }
}

/// How VRRP version 2 advertisements are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationKind {
    /// A password in clear text (RFC 2338 §10.2).
    Pass,
    /// IP authentication header (RFC 2338 §10.3).
    Ah,
}

/// A password of exactly 8 bytes, zero-padded; never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Password([u8; 8]);

impl Password {
    /// The first 8 bytes, padded with zeros.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let mut bytes = [0; 8];
        bytes
            .iter_mut()
            .zip(text)
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn reveal(&self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(hidden)")
    }
}

/// An `authentication` block that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Authentication {
    /// `auth_type`.
    pub kind: AuthenticationKind,
    /// `auth_pass`; zeros where none is given.
    pub password: Password,
}

/// One line of `track_script` or `track_check`, for a script or check that exists.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TrackedScript {
    /// The script's or check's name.
    pub name: Spanned<String>,
    /// The weight in force: the line's own, or the script's.
    pub weight: Weight,
    /// Whether the line gave a weight of its own.
    pub weight_given: bool,
    /// Where the line's own weight stands; `None` without one.
    #[serde(skip)]
    pub weight_span: Option<Span>,
    /// Where the script's weight stands; `None` where that is the default.
    #[serde(skip)]
    pub script_weight_span: Option<Span>,
}

impl TrackedScript {
    /// Where the weight in force was written: on the line, or in the script's block; else where the script is named.
    #[must_use]
    pub fn weight_place(&self) -> Span {
        self.weight_span
            .or(self.script_weight_span)
            .unwrap_or(self.name.span)
    }
}

/// One line of `track_interface`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TrackedInterface {
    /// The interface's name.
    pub name: Spanned<String>,
    /// Its weight.
    pub weight: Weight,
    /// Where the weight stands; `None` where the default holds.
    #[serde(skip)]
    pub weight_span: Option<Span>,
}

/// One line of `track_file` or `track_process`, for an object that exists.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TrackedObject {
    /// The object's name.
    pub name: Spanned<String>,
    /// The weight in force: the line's own, or the object's.
    pub weight: Weight,
    /// Where the line's weight stands; `None` without one.
    #[serde(skip)]
    pub weight_span: Option<Span>,
}

/// One line of `track_bfd`, not looked up.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TrackedBfd {
    /// The session's name.
    pub name: Spanned<String>,
    /// The line's weight; `None` for the session's own.
    pub weight: Option<Weight>,
    /// Where the line's weight stands; `None` without one.
    #[serde(skip)]
    pub weight_span: Option<Span>,
}

/// One line of `unicast_peer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UnicastPeer {
    /// The peer's address.
    pub address: Spanned<IpAddr>,
    /// Least TTL or hop limit that is accepted from it.
    pub min_ttl: u8,
    /// Greatest TTL or hop limit that is accepted from it.
    pub max_ttl: u8,
}

/// How an instance speaks to its peers without multicast.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unicast {
    /// Whom advertisements go to; empty only with `unicast_fault_no_peer`.
    pub peers: Vec<UnicastPeer>,
    /// TTL or hop limit of what is sent.
    pub ttl: u8,
    /// `check_unicast_src`: whether advertisements from others than the peers are dropped; `None` where nothing says so,
    /// which keepalived takes for no. TTL limits of a peer imply yes.
    pub check_source: Option<bool>,
    /// Without peers the instance is in fault.
    pub fault_no_peer: bool,
}

/// `garp_extra_if`: announcements on interfaces of addresses other than the instance's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ExtraGarp {
    /// Time between two.
    pub interval: Micros,
    /// `all`: on all of them, not on virtual MAC interfaces only.
    pub all: bool,
}

/// `old_unicast_checksum`: how checksums of version 3 over unicast IPv4 are made, which keepalived up to 1.3.6 got wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OldChecksum {
    /// As the peer's are found to be.
    #[default]
    Detect,
    /// The old way (the bare keyword).
    Always,
    /// The right way, whatever the peer does.
    Never,
}

/// Scripts that run on changes of state; boxed, because most instances have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Notify {
    /// `notify_master`.
    pub master: Option<Box<Script>>,
    /// `notify_backup`.
    pub backup: Option<Box<Script>>,
    /// `notify_fault`.
    pub fault: Option<Box<Script>>,
    /// `notify_stop`.
    pub stop: Option<Box<Script>>,
    /// `notify_deleted` with a script.
    pub deleted: Option<Box<Script>>,
    /// `notify`: runs on every change, with four words added.
    pub any: Option<Box<Script>>,
    /// `notify_master_rx_lower_pri`.
    pub master_rx_lower_pri: Option<Box<Script>>,
}

/// Where an instance's keywords stand: at the value if there is one, else at the keyword; `None` for what was not given,
/// or was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `state`.
    pub state: Option<Span>,
    /// `priority`, also one that is out of range.
    pub priority: Option<Span>,
    /// `advert_int`.
    pub advert_int: Option<Span>,
    /// `version`.
    pub version: Option<Span>,
    /// `nopreempt`, unless `preempt` took it back.
    pub nopreempt: Option<Span>,
    /// `preempt_delay`.
    pub preempt_delay: Option<Span>,
    /// `authentication`: the keyword of the block.
    pub authentication: Option<Span>,
    /// `auth_pass`.
    pub auth_pass: Option<Span>,
    /// `accept`.
    pub accept: Option<Span>,
    /// `no_accept`.
    pub no_accept: Option<Span>,
    /// `strict_mode`.
    pub strict_mode: Option<Span>,
    /// `use_vmac`: the keyword.
    pub use_vmac: Option<Span>,
    /// `virtual_ipaddress`: the keyword.
    pub virtual_ipaddress: Option<Span>,
    /// `unicast_peer`: the keyword.
    pub unicast_peer: Option<Span>,
    /// `mcast_src_ip`.
    pub mcast_src_ip: Option<Span>,
    /// `unicast_src_ip`.
    pub unicast_src_ip: Option<Span>,
    /// `handover`.
    pub handover: Option<Span>,
    /// `peer_channel`.
    pub peer_channel: Option<Span>,
    /// `fast_detect` with a time.
    pub fast_detect: Option<Span>,
    /// `down_timer_adverts`.
    pub down_timer_adverts: Option<Span>,
    /// `dont_track_primary`.
    pub dont_track_primary: Option<Span>,
}

/// A `vrrp_instance` block with every default applied.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VrrpInstance {
    /// Its name.
    pub name: Spanned<String>,
    /// The state it is wanted in at first, after keepalived's corrections.
    pub state: InitialState,
    /// `interface`; `None` only for unicast with a source address.
    pub interface: Option<Spanned<String>>,
    /// `virtual_router_id`.
    pub vrid: Spanned<Vrid>,
    /// The base priority.
    pub priority: Priority,
    /// `advert_int`, rounded as the version demands.
    pub advert_int: Micros,
    /// The protocol version in force.
    pub version: Version,
    /// The family of its advertisements.
    pub family: Family,
    /// Authentication in force.
    pub authentication: Option<Authentication>,
    /// `auth_hmac` in force; then there is no other authentication.
    pub hmac: Option<Hmac>,
    /// False under `nopreempt`.
    pub preempt: bool,
    /// `preempt_delay`; 0 for none.
    pub preempt_delay: Micros,
    /// `down_timer_adverts`, 1 to 100.
    pub down_timer_adverts: u8,
    /// Addresses in advertisements.
    pub addresses: Vec<VirtualAddress>,
    /// Addresses that are held but not advertised, with the excess of the first list.
    pub excluded_addresses: Vec<VirtualAddress>,
    /// `track_script`.
    pub track_scripts: Vec<TrackedScript>,
    /// `track_check`.
    pub track_checks: Vec<TrackedScript>,
    /// `track_interface`, without the own interface.
    pub track_interfaces: Vec<TrackedInterface>,
    /// `track_file`.
    pub track_files: Vec<TrackedObject>,
    /// `track_process`.
    pub track_processes: Vec<TrackedObject>,
    /// `track_bfd`.
    pub track_bfds: Vec<TrackedBfd>,
    /// `dont_track_primary`: the own interface's state does not matter.
    pub dont_track_primary: bool,
    /// `track_src_ip`: without the source address the instance is in fault.
    pub track_source_address: bool,
    /// Announcements.
    pub garp: Garp,
    /// Scripts on changes of state.
    pub notify: Notify,
    /// `notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `mcast_src_ip` or `unicast_src_ip`, whichever is in force.
    pub source_address: Option<Spanned<IpAddr>>,
    /// The multicast group.
    pub multicast_group: IpAddr,
    /// Unicast in place of multicast.
    pub unicast: Option<Unicast>,
    /// `skip_check_adv_addr`.
    pub skip_check_adv_addr: bool,
    /// `strict_mode`.
    pub strict: bool,
    /// `accept`: packets to the addresses are accepted also by a node that does not own them.
    pub accept: bool,
    /// `lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// `start_probe` (Standfast's own); never in strict mode.
    pub start_probe: bool,
    /// `handover`; unset, it follows from the scripts.
    pub handover: Option<Handover>,
    /// `peer_channel` and `fast_detect`, or the global defaults; `None` where it is off.
    pub peer_channel: Option<PeerChannel>,
    /// `owner_ignore_adverts`.
    pub owner_ignore_adverts: bool,
    /// `v3_checksum_as_v2`.
    pub v3_checksum_as_v2: bool,
    /// `use_vmac`.
    pub vmac: Option<Vmac>,
    /// `use_vmac_addr`: a virtual MAC also for addresses on other interfaces.
    pub vmac_addresses: bool,
    /// `use_ipvlan`.
    pub ipvlan: Option<Ipvlan>,
    /// `old_unicast_checksum`.
    pub old_checksum: OldChecksum,
    /// `garp_extra_if`, or the global one.
    pub extra_garp: Option<ExtraGarp>,
    /// `debug`, 0 to 4.
    pub debug: u8,
    /// `lvs_sync_daemon_interface`: the sync daemon follows this instance there.
    pub sync_daemon_interface: Option<Spanned<String>>,
    /// `notify_deleted`, also without a script: removal by a reload is told as DELETED, not as FAULT.
    pub tells_deletion: bool,
    /// `linkbeat_use_polling`: the interface's link state is polled.
    pub linkbeat_use_polling: bool,
    /// `virtual_routes`.
    pub routes: Vec<Route>,
    /// `virtual_rules`.
    pub rules: Vec<Rule>,
    /// `promote_secondaries`.
    pub promote_secondaries: bool,
    /// `vrf`.
    pub vrf: Option<Spanned<String>>,
    /// `kernel_rx_buf_size` in bytes.
    pub receive_buffer: Option<u64>,
    /// `timer_expired_backup`: after a stall go to backup where a peer of this priority would have taken over.
    pub timer_expired_backup: Option<u8>,
    /// `smtp_alert`, or the global default.
    pub smtp_alert: bool,
    /// Which keywords were given, and where.
    #[serde(skip)]
    pub given: Given,
}

/// A `vrrp_sync_group` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SyncGroup {
    /// Its name.
    pub name: Spanned<String>,
    /// The instances in it, all of which exist.
    pub members: Vec<Spanned<String>>,
    /// `track_script`.
    pub track_scripts: Vec<TrackedScript>,
    /// `track_check`.
    pub track_checks: Vec<TrackedScript>,
    /// `track_interface`.
    pub track_interfaces: Vec<TrackedInterface>,
    /// `track_file`.
    pub track_files: Vec<TrackedObject>,
    /// `track_process`.
    pub track_processes: Vec<TrackedObject>,
    /// `track_bfd`.
    pub track_bfds: Vec<TrackedBfd>,
    /// `smtp_alert`, or the global default.
    pub smtp_alert: bool,
    /// Scripts on changes of the group's state.
    pub notify: Notify,
    /// `notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `sync_group_tracking_weight`: members may have weighted trackers.
    pub tracking_weight: bool,
}
