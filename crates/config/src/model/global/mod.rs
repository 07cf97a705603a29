//! `global_defs` and the keywords outside any block.

mod buffers;
mod fifo;
mod firewall;
mod journal;
mod lvs;
mod mail;
mod observe;

use std::net::{Ipv4Addr, Ipv6Addr};

pub use buffers::{NetlinkBuffers, ReceiveBuffer};
pub use fifo::{Fifo, Fifos};
pub use firewall::{Chains, Firewall, Ipsets};
pub use journal::{Journal, JournalPlace};
pub use lvs::{FlushOnStop, Lvs, LvsTimeouts, SyncDaemon};
pub use mail::{Mail, MailServer};
pub use observe::{DBus, Files, Reload, ReloadFile, Snmp};

use super::control::ControlDefs;
use super::instance::{ExtraGarp, Garp, Version};
use super::peer_channel::PeerChannelDefs;
use super::script::{Identity, Script};
use crate::registry::{Keyword, Value};
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// What names of virtual MAC interfaces begin with.
const VMAC_PREFIX: &str = "vrrp";

/// A keyword that was recognised and checked, but has no typed field.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The registry's entry.
    pub keyword: &'static Keyword,
    /// The checked value.
    pub value: Value,
    /// The words after the keyword.
    pub arguments: Vec<Spanned<String>>,
    /// The keyword in the text.
    pub span: Span,
}

/// Keywords that stand outside any block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RootSettings {
    /// `net_namespace`: the named network namespace the daemon runs in.
    pub net_namespace: Option<Spanned<String>>,
    /// `net_namespace_ipvs`: the namespace of IPVS; an empty name is the main one.
    pub net_namespace_ipvs: Option<Spanned<String>>,
    /// `instance`: distinguishes several daemons on one host.
    pub instance: Option<Spanned<String>>,
    /// `namespace_with_ipsets`: ipsets also in a namespace.
    pub namespace_with_ipsets: bool,
    /// `linkbeat_use_polling`: the link state of every interface is polled.
    pub linkbeat_use_polling: bool,
    /// `use_pid_dir`: pid files go to /run/keepalived/.
    pub use_pid_dir: bool,
    /// `child_wait_time`: grace for child processes at the end.
    pub child_wait_time: Micros,
}

impl Default for RootSettings {
    fn default() -> Self {
        Self {
            net_namespace: None,
            net_namespace_ipvs: None,
            instance: None,
            namespace_with_ipsets: false,
            linkbeat_use_polling: false,
            use_pid_dir: false,
            child_wait_time: Micros::from_secs(5),
        }
    }
}

/// Scheduling of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ProcessSettings {
    /// `*_priority`: nice value, -20 to 19.
    pub nice: Option<Spanned<i8>>,
    /// `*_rt_priority`: SCHED_RR priority, 1 to 99.
    pub realtime: Option<Spanned<u8>>,
    /// `*_rlimit_rttime`: RLIMIT_RTTIME.
    pub realtime_limit: Option<Spanned<Micros>>,
    /// `*_no_swap`: memory is locked.
    pub no_swap: bool,
    /// `*_cpu_affinity`: processors it may run on; empty for all.
    pub cpu_affinity: Vec<u32>,
}

/// How VRRP receive buffers are sized (`vrrp_rx_bufs_policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RxBuffers {
    /// The system's default.
    #[default]
    System,
    /// By the interface's MTU.
    Mtu,
    /// By the size of the advertisements that are sent.
    Advert,
    /// That many bytes.
    Bytes(u64),
}

/// Multicast groups of VRRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct GroupDefs {
    /// `vrrp_mcast_group4`.
    pub v4: Ipv4Addr,
    /// `vrrp_mcast_group6`.
    pub v6: Ipv6Addr,
}

impl Default for GroupDefs {
    fn default() -> Self {
        Self {
            v4: Ipv4Addr::new(224, 0, 0, 18),
            v6: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12),
        }
    }
}

/// The `global_defs` block with keepalived's defaults.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct GlobalDefs {
    /// `router_id`; unset, the host's name is used.
    pub router_id: Option<Spanned<String>>,
    /// `script_user`: who runs scripts that name nobody.
    pub script_user: Option<Spanned<Identity>>,
    /// `enable_script_security`.
    pub script_security: bool,
    /// `vrrp_version`: the default of instances.
    pub version: Version,
    /// `vrrp_garp_*`, the defaults of instances.
    pub garp: Garp,
    /// `vrrp_mcast_group4` and `6`.
    pub multicast: GroupDefs,
    /// `vrrp_skip_check_adv_addr`.
    pub skip_check_adv_addr: bool,
    /// `vrrp_strict`.
    pub strict: bool,
    /// Where `vrrp_strict` stands.
    #[serde(skip)]
    pub strict_span: Option<Span>,
    /// `vrrp_down_timer_adverts`, 1 to 100.
    pub down_timer_adverts: u8,
    /// `vrrp_lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `vrrp_higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// `vrrp_check_unicast_src`.
    pub check_unicast_src: bool,
    /// `vrrp_owner_ignore_adverts`.
    pub owner_ignore_adverts: bool,
    /// `v3_checksum_as_v2`.
    pub v3_checksum_as_v2: bool,
    /// `start_probe` (Standfast's own).
    pub start_probe: bool,
    /// `vrrp_startup_delay`.
    pub startup_delay: Micros,
    /// `vrrp_delay_after_boot`.
    pub delay_after_boot: Micros,
    /// `vrrp_notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `log_unknown_vrids`.
    pub log_unknown_vrids: bool,
    /// `dynamic_interfaces`: interfaces may come later.
    pub dynamic_interfaces: bool,
    /// `dynamic_interfaces allow_if_changes`: an interface may come back as one of another type.
    pub interfaces_may_change: bool,
    /// `vrrp_garp_extra_if`: the default of instances.
    pub extra_garp: Option<ExtraGarp>,
    /// `vmac_prefix`: what names of virtual MAC interfaces begin with.
    pub vmac_prefix: String,
    /// `vmac_addr_prefix`: the same for those of single addresses; as `vmac_prefix` where unset.
    pub vmac_address_prefix: String,
    /// `disable_local_igmp`: the kernel reports no link-local groups.
    pub disable_local_igmp: bool,
    /// `random_seed`; unset, the time.
    pub random_seed: Option<u32>,
    /// Mail.
    pub mail: Mail,
    /// The packet filter.
    pub firewall: Firewall,
    /// IPVS.
    pub lvs: Lvs,
    /// FIFOs.
    pub fifos: Fifos,
    /// SNMP.
    pub snmp: Snmp,
    /// D-Bus.
    pub dbus: DBus,
    /// Files.
    pub files: Files,
    /// Reloads.
    pub reload: Reload,
    /// Buffers of netlink sockets.
    pub netlink_buffers: NetlinkBuffers,
    /// `use_symlink_paths`: scripts run by the path as written.
    pub use_symlink_paths: bool,
    /// `set_supplementary_groups`: scripts run with all groups of their user.
    pub supplementary_groups: bool,
    /// `default_interface`; keepalived falls back to eth0.
    pub default_interface: Option<Spanned<String>>,
    /// `process_names`: processes are renamed.
    pub process_names: bool,
    /// `process_name`, at most 15 bytes, as all of these.
    pub process_name: Option<Spanned<String>>,
    /// `vrrp_process_name`.
    pub vrrp_process_name: Option<Spanned<String>>,
    /// `checker_process_name`, or `lvs_process_name`.
    pub checker_process_name: Option<Spanned<String>>,
    /// `bfd_process_name`.
    pub bfd_process_name: Option<Spanned<String>>,
    /// `vrrp_priority`, `vrrp_rt_priority`, `vrrp_no_swap`, `vrrp_cpu_affinity`, `vrrp_rlimit_rttime`.
    pub vrrp_process: ProcessSettings,
    /// The same for the checker process.
    pub checker_process: ProcessSettings,
    /// The same for the BFD process.
    pub bfd_process: ProcessSettings,
    /// `max_auto_priority`: 0 is off, -1 off without a remark.
    pub max_auto_priority: i8,
    /// `min_auto_priority_delay`.
    pub min_auto_priority_delay: Micros,
    /// `vrrp_rx_bufs_policy`.
    pub rx_buffers: RxBuffers,
    /// `vrrp_rx_bufs_multiplier`, at least 1.
    pub rx_buffers_multiplier: u32,
    /// `peer_channel`, `peer_port` and `fast_detect`.
    pub peer_channel: PeerChannelDefs,
    /// `journal` and `journal_size`.
    pub journal: Journal,
    /// `control_socket`, `control_mode`, `control_group`, `http_listen`, `http_tls` and `http_token_file`.
    pub control: ControlDefs,
    /// `startup_script`.
    pub startup_script: Option<Script>,
    /// `startup_script_timeout`.
    pub startup_script_timeout: Micros,
    /// `shutdown_script`.
    pub shutdown_script: Option<Script>,
    /// `shutdown_script_timeout`.
    pub shutdown_script_timeout: Micros,
    /// `smtp_alert`, then `smtp_alert_vrrp` where given.
    pub smtp_alert_vrrp: Option<bool>,
    /// `smtp_alert`, then `smtp_alert_checker` where given.
    pub smtp_alert_checker: Option<bool>,
}

impl Default for GlobalDefs {
    fn default() -> Self {
        Self {
            router_id: None,
            script_user: None,
            script_security: false,
            version: Version::V2,
            garp: Garp::default(),
            multicast: GroupDefs::default(),
            skip_check_adv_addr: false,
            strict: false,
            strict_span: None,
            down_timer_adverts: 3,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            check_unicast_src: false,
            owner_ignore_adverts: false,
            v3_checksum_as_v2: false,
            start_probe: false,
            startup_delay: Micros::ZERO,
            delay_after_boot: Micros::ZERO,
            notify_priority_changes: false,
            log_unknown_vrids: false,
            dynamic_interfaces: false,
            interfaces_may_change: false,
            extra_garp: None,
            vmac_prefix: VMAC_PREFIX.to_owned(),
            vmac_address_prefix: VMAC_PREFIX.to_owned(),
            disable_local_igmp: false,
            random_seed: None,
            mail: Mail::default(),
            firewall: Firewall::default(),
            lvs: Lvs::default(),
            fifos: Fifos::default(),
            snmp: Snmp::default(),
            dbus: DBus::default(),
            files: Files::default(),
            reload: Reload::default(),
            netlink_buffers: NetlinkBuffers::default(),
            use_symlink_paths: false,
            supplementary_groups: false,
            default_interface: None,
            process_names: false,
            process_name: None,
            vrrp_process_name: None,
            checker_process_name: None,
            bfd_process_name: None,
            vrrp_process: ProcessSettings::default(),
            checker_process: ProcessSettings::default(),
            bfd_process: ProcessSettings::default(),
            max_auto_priority: 0,
            min_auto_priority_delay: Micros::from_secs(1),
            rx_buffers: RxBuffers::System,
            rx_buffers_multiplier: 3,
            peer_channel: PeerChannelDefs::default(),
            journal: Journal::default(),
            control: ControlDefs::default(),
            startup_script: None,
            startup_script_timeout: Micros::from_secs(10),
            shutdown_script: None,
            shutdown_script_timeout: Micros::from_secs(10),
            smtp_alert_vrrp: None,
            smtp_alert_checker: None,
        }
    }
}
