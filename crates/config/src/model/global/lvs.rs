//! IPVS as a whole.

use std::net::IpAddr;

use crate::span::Spanned;
use crate::units::Micros;

/// `lvs_timeouts`, in seconds; `None` leaves the kernel's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LvsTimeouts {
    /// TCP connections.
    pub tcp_s: Option<u32>,
    /// TCP connections after FIN.
    pub tcp_fin_s: Option<u32>,
    /// UDP flows.
    pub udp_s: Option<u32>,
}

/// `lvs_flush_on_stop`: what is removed when the daemon stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlushOnStop {
    /// Its own services, real server by real server.
    #[default]
    OneByOne,
    /// `VS`: its own services, each at once.
    Services,
    /// The whole table.
    Everything,
}

/// `lvs_sync_daemon`: connections are told to the other director.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SyncDaemon {
    /// The interface it speaks on.
    pub interface: Spanned<String>,
    /// The instance whose state it follows; `None` where it does not follow one.
    pub instance: Option<Spanned<String>>,
    /// `id`; `None` for the instance's VRID.
    pub id: Option<u8>,
    /// `maxlen`, 1 to 65507 bytes; `None` for the interface's MTU.
    pub max_length: Option<u16>,
    /// `port`; `None` for 8848.
    pub port: Option<u16>,
    /// `ttl`; `None` for 1.
    pub ttl: Option<u8>,
    /// `group`; `None` for 224.0.0.81.
    pub group: Option<IpAddr>,
}

/// Settings of IPVS and its checkers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Lvs {
    /// `lvs_timeouts`.
    pub timeouts: LvsTimeouts,
    /// `lvs_flush`: the table is emptied at the start.
    pub flush: bool,
    /// `lvs_flush_on_stop`.
    pub flush_on_stop: FlushOnStop,
    /// `lvs_sync_daemon`.
    pub sync_daemon: Option<SyncDaemon>,
    /// `checker_log_all_failures`.
    pub log_all_failures: bool,
    /// `rs_init_notifies`: real servers that start up run `notify_up`.
    pub initial_notifies: bool,
    /// `snmp_vs_stats_update_interval`: greatest age of a service's statistics.
    pub service_statistics_age: Micros,
    /// `snmp_rs_stats_update_interval`: greatest age of a real server's statistics; as for services where unset.
    pub server_statistics_age: Micros,
}

impl Default for Lvs {
    fn default() -> Self {
        Self {
            timeouts: LvsTimeouts::default(),
            flush: false,
            flush_on_stop: FlushOnStop::default(),
            sync_daemon: None,
            log_all_failures: false,
            initial_notifies: false,
            service_statistics_age: Micros::from_secs(5),
            server_statistics_age: Micros::from_secs(5),
        }
    }
}
