//! The typed configuration: what the text means, with every default applied.

mod address;
mod check;
mod control;
mod global;
mod hmac;
mod instance;
mod named;
mod peer_channel;
mod route;
mod rule;
mod script;
mod serial;
mod service;
mod tracked;
mod vmac;

pub use address::{Broadcast, IpNetwork, Scope, VirtualAddress};
pub use check::{HttpProbe, Probe, ProcessProbe, Repair, VrrpCheck};
pub use control::{CONTROL_MODE, ControlDefs, ControlSocket, MAX_LISTENERS};
pub use global::{
    Accepted, Chains, DBus, Fifo, Fifos, Files, Firewall, FlushOnStop, GlobalDefs, GroupDefs,
    Ipsets, Journal, JournalPlace, Lvs, LvsTimeouts, Mail, MailServer, NetlinkBuffers,
    ProcessSettings, ReceiveBuffer, Reload, ReloadFile, RootSettings, RxBuffers, Snmp, SyncDaemon,
};
pub use hmac::{AntiReplay, Hmac, HmacKey, HmacMode, KeyMaterial, Secret};
pub use instance::{
    Authentication, AuthenticationKind, ExtraGarp, Family, Garp, Given, Handover, InitialState,
    Notify, OldChecksum, Password, SyncGroup, TrackedBfd, TrackedInterface, TrackedObject,
    TrackedScript, Unicast, UnicastPeer, Version, VrrpInstance,
};
pub(crate) use named::c_number;
pub use named::{NameList, Named};
pub use peer_channel::{FastDetect, PEER_PORT, PeerChannel, PeerChannelDefs};
pub use route::{
    Encapsulation, Insert, KEEPALIVED_PROTOCOL, Metric, NextHop, Realms, Route, RouteKind,
    RouteMetrics, RouteTime, RouterPreference, TunnelHeader,
};
pub use rule::{Rule, RuleAction, RuleMark};
pub use script::{Command, Identity, Script, ScriptGiven, VrrpScript, Weight};
pub(crate) use service::STATUS_CODES;
pub use service::{
    BfdCheck, BfdInstance, CheckDefaults, CheckSchedule, Checker, Connection, DnsCheck, DnsType,
    FileCheck, FileWeight, FirewallMark, Forwarding, Granularity, GroupEntry, GroupTarget,
    HttpCheck, HttpProtocol, MaxHops, MiscCheck, PatternByte, Persistence, PingCheck, Port,
    RealServer, Regex, RegexOption, RegexStack, Reply, Scheduler, ServerAddress, ServiceFlags,
    ServiceIdentity, ServiceProtocol, SmtpCheck, SorryServer, Ssl, StatusCodes, TcpCheck, Tunnel,
    TunnelChecksum, UdpCheck, Url, VirtualServer, VirtualServerGroup,
};
pub use tracked::{
    GarpGroup, InitialFile, InterfaceDelay, LinkbeatInterface, LinkbeatMethod, ParameterMatch,
    StaticAddress, TrackFile, TrackGroup, TrackProcess,
};
pub use vmac::{Ipvlan, IpvlanMode, MacAddress, Vmac};

/// A whole configuration, as the daemon acts on it.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Config {
    /// Keywords that stand outside any block.
    pub root: RootSettings,
    /// The `global_defs` block, or its defaults.
    pub global: GlobalDefs,
    /// Every usable `vrrp_script`, also untracked ones, in the order of the text.
    pub scripts: Vec<VrrpScript>,
    /// Every usable `vrrp_check`, also untracked ones, the first of each name.
    pub checks: Vec<VrrpCheck>,
    /// Every usable `vrrp_instance`, in the order of the text; one that keepalived would refuse is left out.
    pub instances: Vec<VrrpInstance>,
    /// Every `vrrp_sync_group` with at least one member that exists.
    pub sync_groups: Vec<SyncGroup>,
    /// Every usable `virtual_server_group`, also unused ones, in the order of the text.
    pub virtual_server_groups: Vec<VirtualServerGroup>,
    /// Every usable `virtual_server`, in the order of the text.
    pub virtual_servers: Vec<VirtualServer>,
    /// Every usable `bfd_instance`, in the order of the text.
    pub bfd_instances: Vec<BfdInstance>,
    /// The `SSL` block, the last of several.
    pub ssl: Option<Ssl>,
    /// Every usable `vrrp_track_process`, the first of each name.
    pub track_processes: Vec<TrackProcess>,
    /// Every usable `track_file`, the first of each name.
    pub track_files: Vec<TrackFile>,
    /// `static_ipaddress`: held as long as the daemon runs.
    pub static_addresses: Vec<StaticAddress>,
    /// `static_routes`.
    pub static_routes: Vec<Route>,
    /// `static_rules`.
    pub static_rules: Vec<Rule>,
    /// Every `track_group`, the first of each name.
    pub track_groups: Vec<TrackGroup>,
    /// Every `garp_group` that sets a time.
    pub garp_groups: Vec<GarpGroup>,
    /// `linkbeat_interfaces`.
    pub linkbeat_interfaces: Vec<LinkbeatInterface>,
    /// `interface_up_down_delays`.
    pub interface_delays: Vec<InterfaceDelay>,
    /// Keywords that were understood but have no typed field yet, in the order of the text.
    #[serde(skip)]
    pub accepted: Vec<Accepted>,
}

impl Config {
    /// The script of that name.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&VrrpScript> {
        self.scripts.iter().find(|script| script.name.value == name)
    }

    /// The group of virtual servers of that name.
    #[must_use]
    pub fn virtual_server_group(&self, name: &str) -> Option<&VirtualServerGroup> {
        self.virtual_server_groups
            .iter()
            .find(|group| group.name.value == name)
    }

    /// The instance of that name.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&VrrpInstance> {
        self.instances
            .iter()
            .find(|instance| instance.name.value == name)
    }
}
