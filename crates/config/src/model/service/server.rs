//! Virtual and real servers.

use std::net::IpAddr;
use std::num::NonZeroU32;

use super::{
    Checker, Forwarding, Persistence, Port, Scheduler, ServiceFlags, ServiceIdentity,
    ServiceProtocol,
};
use crate::model::{Family, Script};
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// An address with a port or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct ServerAddress {
    /// The address.
    pub address: IpAddr,
    /// The port; `None` stands for all ports.
    pub port: Option<Port>,
}

/// A `virtual_server` with at least one real server; one that keepalived ignores is left out. Two may serve the same.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VirtualServer {
    /// What it serves; the words after the keyword.
    pub identity: Spanned<ServiceIdentity>,
    /// Its family; by mark or group that of `ip_family`, else of the granularity, else of the first real server.
    pub family: Family,
    /// `protocol`; `None` where only marks are served.
    pub protocol: Option<ServiceProtocol>,
    /// `lvs_sched`.
    pub scheduler: Spanned<Scheduler>,
    /// `lvs_method`: for real servers that give none, already applied.
    pub forwarding: Spanned<Forwarding>,
    /// Whether clients stay with their real server.
    pub persistence: Persistence,
    /// Flags of the kernel's service.
    pub flags: ServiceFlags,
    /// `ha_suspend`: checks run only while the address is here; never with marks.
    pub ha_suspend: bool,
    /// `virtualhost`: already applied to real servers and checkers.
    pub virtualhost: Option<Spanned<String>>,
    /// `alpha`: already applied to real servers and checkers.
    pub alpha: bool,
    /// `omega`: notifications of going down run at the end, too.
    pub omega: bool,
    /// `quorum`: the least sum of weights that serves, at least 1; may exceed all weights together.
    pub quorum: Spanned<u32>,
    /// `hysteresis`: how far the quorum must be passed; may exceed the quorum.
    pub hysteresis: Spanned<u32>,
    /// `quorum_up`: runs when the quorum is reached.
    pub quorum_up: Option<Script>,
    /// `quorum_down`: runs when the quorum is lost.
    pub quorum_down: Option<Script>,
    /// `weight`: of real servers that give none, already applied; 1 to 2147483647.
    pub weight: Spanned<u32>,
    /// What checkers get that give nothing, already applied.
    pub checks: CheckDefaults,
    /// `inhibit_on_failure`: already applied to real servers.
    pub inhibit_on_failure: bool,
    /// `smtp_alert`, else `smtp_alert_checker`, else the global `smtp_alert`, else off.
    pub smtp_alert: bool,
    /// `snmp_name`.
    pub snmp_name: Option<Spanned<String>>,
    /// `sorry_server`: serves while the quorum is lost.
    pub sorry_server: Option<SorryServer>,
    /// The real servers, in the order of the text, no two with one address and port.
    pub real_servers: Vec<RealServer>,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// What a checker gets that gives nothing itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CheckDefaults {
    /// `delay_loop`: 60 s where nobody gives one.
    pub delay_loop: Spanned<Micros>,
    /// `connect_timeout`: 5 s where nobody gives one.
    pub connect_timeout: Micros,
    /// `retry`; `None` leaves it to the kind of checker.
    pub retry: Option<NonZeroU32>,
    /// `delay_before_retry`; `None` leaves it to the kind of checker.
    pub delay_before_retry: Option<Micros>,
    /// `warmup`; `None` for as long as the checker's `delay_loop`.
    pub warmup: Option<Micros>,
}

/// The `sorry_server` of a virtual server, which is never checked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SorryServer {
    /// Where it is; a port of `None` is that of the packet. Of the service's family unless tunnelled.
    pub address: Spanned<ServerAddress>,
    /// The line has a port; without one the service's is taken.
    #[serde(skip)]
    pub port_given: bool,
    /// `sorry_server_lvs_method`, else that of the virtual server.
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`: with weight 0 in the kernel instead of absent; equals that of a real server with the same address.
    pub inhibit: bool,
}

/// A `real_server`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RealServer {
    /// Where it is. The port is the service's where the text gives none, and wherever the service has an address and
    /// forwards by `DR` or `TUN`; `None` is that of the packet.
    pub address: Spanned<ServerAddress>,
    /// `weight`, 0 to 2147483647; the virtual server's where it gives none.
    pub weight: Spanned<u32>,
    /// `lvs_method`; the virtual server's where it gives none.
    pub forwarding: Spanned<Forwarding>,
    /// `uthreshold`: connections at which it gets no more; 0 for no limit.
    pub upper_threshold: u32,
    /// `lthreshold`: connections below which it gets some again; 0 for no limit.
    pub lower_threshold: u32,
    /// `inhibit_on_failure`: failing it gets weight 0 instead of being taken out.
    pub inhibit_on_failure: bool,
    /// `notify_up`.
    pub notify_up: Option<Script>,
    /// `notify_down`.
    pub notify_down: Option<Script>,
    /// `alpha`: it starts as down; already applied to its checkers.
    pub alpha: bool,
    /// What its checkers get that give nothing, already applied.
    pub checks: CheckDefaults,
    /// `smtp_alert`, else `smtp_alert_checker`, else the global `smtp_alert`, else on.
    pub smtp_alert: bool,
    /// `virtualhost`; the virtual server's where it gives none. Already applied to checkers.
    pub virtualhost: Option<Spanned<String>>,
    /// `snmp_name`.
    pub snmp_name: Option<Spanned<String>>,
    /// Its checkers, in the order of the text; it is up while all are.
    pub checkers: Vec<Checker>,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}
