//! What the blocks of load balancing say, before inheritance and defaults.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use crate::model::{
    BfdInstance, DnsType, Family, FileWeight, FirewallMark, Forwarding, Granularity, HttpProtocol,
    Identity, Port, RegexOption, RegexStack, Reply, Scheduler, Script, ServerAddress, ServiceFlags,
    ServiceIdentity, ServiceProtocol, Ssl, VirtualServerGroup, Weight,
};
use crate::registry::Block;
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// Everything about load balancing.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceDraft {
    pub(crate) groups: Vec<VirtualServerGroup>,
    pub(crate) servers: Vec<VirtualServerDraft>,
    pub(crate) ssl: Option<Ssl>,
    pub(crate) bfds: Vec<BfdInstance>,
    /// Where the group of each name is defined.
    pub(super) group_names: BTreeMap<String, Span>,
    /// The session of each neighbour.
    pub(super) neighbors: BTreeMap<IpAddr, Spanned<String>>,
    /// The session that is being read.
    pub(super) bfd: Option<BfdDraft>,
    /// The checker that is being read.
    pub(super) checker: Option<CheckerDraft>,
    /// The page that is being read.
    pub(super) url: Option<UrlDraft>,
}

/// Times that checkers inherit.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckDraft {
    pub(crate) delay_loop: Option<Spanned<Micros>>,
    pub(crate) connect_timeout: Option<Micros>,
    pub(crate) retry: Option<Spanned<u32>>,
    pub(crate) delay_before_retry: Option<Micros>,
    pub(crate) warmup: Option<Micros>,
}

impl CheckDraft {
    /// `retry` of a server, where keepalived takes no 0.
    pub(crate) fn server_retry(&self) -> Option<NonZeroU32> {
        self.retry.and_then(|retry| NonZeroU32::new(retry.value))
    }
}

/// `virtual_server`.
#[derive(Clone, Debug)]
pub(crate) struct VirtualServerDraft {
    pub(crate) identity: Spanned<ServiceIdentity>,
    pub(crate) span: Span,
    pub(crate) family: Option<Family>,
    pub(crate) protocol: Option<Spanned<ServiceProtocol>>,
    pub(crate) scheduler: Option<Spanned<Scheduler>>,
    pub(crate) forwarding: Option<Spanned<Forwarding>>,
    pub(crate) persistence_timeout: Option<Spanned<u32>>,
    pub(crate) granularity: Option<Granularity>,
    pub(crate) engine: Option<Spanned<String>>,
    pub(crate) flags: ServiceFlags,
    pub(crate) ops: Option<Span>,
    pub(crate) ha_suspend: Option<Span>,
    pub(crate) virtualhost: Option<Spanned<String>>,
    pub(crate) alpha: bool,
    pub(crate) omega: bool,
    pub(crate) quorum: Option<Spanned<u32>>,
    pub(crate) hysteresis: Option<Spanned<u32>>,
    pub(crate) quorum_up: Option<Script>,
    pub(crate) quorum_down: Option<Script>,
    pub(crate) weight: Option<Spanned<u32>>,
    pub(crate) checks: CheckDraft,
    pub(crate) inhibit: bool,
    pub(crate) smtp_alert: Option<bool>,
    pub(crate) snmp_name: Option<Spanned<String>>,
    pub(crate) sorry: Option<SorryDraft>,
    pub(crate) real_servers: Vec<RealServerDraft>,
}

impl VirtualServerDraft {
    pub(super) fn new(identity: Spanned<ServiceIdentity>, span: Span) -> Self {
        let family = match &identity.value {
            ServiceIdentity::Address(server) => Some(Family::of(server.address)),
            ServiceIdentity::Mark(_) | ServiceIdentity::Group(_) => None,
        };
        Self {
            identity,
            span,
            family,
            protocol: None,
            scheduler: None,
            forwarding: None,
            persistence_timeout: None,
            granularity: None,
            engine: None,
            flags: ServiceFlags::default(),
            ops: None,
            ha_suspend: None,
            virtualhost: None,
            alpha: false,
            omega: false,
            quorum: None,
            hysteresis: None,
            quorum_up: None,
            quorum_down: None,
            weight: None,
            checks: CheckDraft::default(),
            inhibit: false,
            smtp_alert: None,
            snmp_name: None,
            sorry: None,
            real_servers: Vec::new(),
        }
    }
}

/// `sorry_server` and what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct SorryDraft {
    pub(crate) address: Spanned<ServerAddress>,
    pub(crate) forwarding: Option<Forwarding>,
    pub(crate) inhibit: bool,
}

/// `real_server`.
#[derive(Clone, Debug)]
pub(crate) struct RealServerDraft {
    pub(crate) address: Spanned<ServerAddress>,
    pub(crate) span: Span,
    pub(crate) weight: Option<Spanned<u32>>,
    pub(crate) forwarding: Option<Spanned<Forwarding>>,
    pub(crate) upper_threshold: u32,
    pub(crate) lower_threshold: u32,
    pub(crate) inhibit: bool,
    pub(crate) notify_up: Option<Script>,
    pub(crate) notify_down: Option<Script>,
    pub(crate) alpha: bool,
    pub(crate) checks: CheckDraft,
    pub(crate) smtp_alert: Option<bool>,
    pub(crate) virtualhost: Option<Spanned<String>>,
    pub(crate) snmp_name: Option<Spanned<String>>,
    pub(crate) checkers: Vec<CheckerDraft>,
}

impl RealServerDraft {
    pub(super) fn new(address: Spanned<ServerAddress>, span: Span) -> Self {
        Self {
            address,
            span,
            weight: None,
            forwarding: None,
            upper_threshold: 0,
            lower_threshold: 0,
            inhibit: false,
            notify_up: None,
            notify_down: None,
            alpha: false,
            checks: CheckDraft::default(),
            smtp_alert: None,
            virtualhost: None,
            snmp_name: None,
            checkers: Vec::new(),
        }
    }
}

/// A checker of any kind.
#[derive(Clone, Debug)]
pub(crate) struct CheckerDraft {
    pub(crate) span: Span,
    pub(crate) checks: CheckDraft,
    pub(crate) alpha: Option<bool>,
    pub(crate) log_all_failures: Option<bool>,
    pub(crate) connect_ip: Option<IpAddr>,
    pub(crate) connect_port: Option<Port>,
    pub(crate) bindto: Option<Spanned<IpAddr>>,
    pub(crate) bind_port: Option<Port>,
    pub(crate) bind_if: Option<Spanned<String>>,
    pub(crate) mark: FirewallMark,
    pub(crate) kind: KindDraft,
    /// It can't be used, which was reported.
    pub(super) broken: bool,
}

impl CheckerDraft {
    /// `None` for blocks that are no checkers.
    pub(super) fn new(block: Block, span: Span) -> Option<Self> {
        Some(Self {
            span,
            checks: CheckDraft::default(),
            alpha: None,
            log_all_failures: None,
            connect_ip: None,
            connect_port: None,
            bindto: None,
            bind_port: None,
            bind_if: None,
            mark: FirewallMark(0),
            kind: KindDraft::new(block)?,
            broken: false,
        })
    }
}

/// What a checker has for itself.
#[derive(Clone, Debug)]
pub(crate) enum KindDraft {
    Tcp,
    Ping,
    Http(HttpDraft),
    Smtp(Option<Spanned<String>>),
    Dns(DnsType, Option<Spanned<String>>),
    Misc(MiscDraft),
    Udp(UdpDraft),
    File(Option<Spanned<String>>, Option<FileWeight>),
    Bfd(Option<Spanned<String>>),
}

impl KindDraft {
    fn new(block: Block) -> Option<Self> {
        Some(match block {
            Block::TcpCheck => Self::Tcp,
            Block::PingCheck => Self::Ping,
            Block::HttpGet => Self::Http(HttpDraft::new(false)),
            Block::SslGet => Self::Http(HttpDraft::new(true)),
            Block::SmtpCheck => Self::Smtp(None),
            Block::DnsCheck => Self::Dns(DnsType::Soa, None),
            Block::MiscCheck => Self::Misc(MiscDraft::default()),
            Block::UdpCheck => Self::Udp(UdpDraft::default()),
            Block::FileCheck => Self::File(None, None),
            Block::BfdCheck => Self::Bfd(None),
            _ => return None,
        })
    }
}

/// `HTTP_GET` and `SSL_GET`.
#[derive(Clone, Debug)]
pub(crate) struct HttpDraft {
    pub(crate) tls: bool,
    pub(crate) protocol: HttpProtocol,
    pub(crate) virtualhost: Option<Spanned<String>>,
    pub(crate) enable_sni: bool,
    pub(crate) sni_name: Option<Spanned<String>>,
    pub(crate) fast_recovery: bool,
    pub(crate) tls_compliant: bool,
    pub(crate) urls: Vec<UrlDraft>,
}

impl HttpDraft {
    fn new(tls: bool) -> Self {
        Self {
            tls,
            protocol: HttpProtocol::V1_0,
            virtualhost: None,
            enable_sni: false,
            sni_name: None,
            fast_recovery: false,
            tls_compliant: false,
            urls: Vec::new(),
        }
    }
}

/// `url`.
#[derive(Clone, Debug, Default)]
pub(crate) struct UrlDraft {
    pub(crate) span: Span,
    pub(crate) path: Option<Spanned<String>>,
    pub(crate) digest: Option<Spanned<[u8; 16]>>,
    pub(crate) status: Vec<RangeInclusive<u16>>,
    pub(crate) virtualhost: Option<Spanned<String>>,
    pub(crate) pattern: Option<Spanned<String>>,
    pub(crate) no_match: bool,
    pub(crate) options: Vec<RegexOption>,
    pub(crate) min_offset: u64,
    pub(crate) max_offset: Option<u64>,
    pub(crate) stack: Option<RegexStack>,
    pub(crate) tls_compliant: bool,
}

/// `MISC_CHECK`.
#[derive(Clone, Debug, Default)]
pub(crate) struct MiscDraft {
    pub(crate) script: Option<Script>,
    pub(crate) identity: Option<Identity>,
    pub(crate) timeout: Option<Micros>,
    pub(crate) dynamic: bool,
}

/// `UDP_CHECK`.
#[derive(Clone, Debug)]
pub(crate) struct UdpDraft {
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) reply: Reply,
    pub(crate) min_reply_length: u16,
    pub(crate) max_reply_length: u16,
}

impl Default for UdpDraft {
    fn default() -> Self {
        Self {
            payload: None,
            reply: Reply::NotRequired,
            min_reply_length: 0,
            max_reply_length: 255,
        }
    }
}

/// `bfd_instance`.
#[derive(Clone, Debug)]
pub(super) struct BfdDraft {
    pub(super) name: Spanned<String>,
    pub(super) span: Span,
    pub(super) neighbor: Option<Spanned<IpAddr>>,
    pub(super) source: Option<Spanned<IpAddr>>,
    pub(super) min_rx: Option<Spanned<Micros>>,
    pub(super) min_tx: Option<Spanned<Micros>>,
    pub(super) idle_tx: Option<Spanned<Micros>>,
    pub(super) multiplier: Option<Spanned<u8>>,
    pub(super) passive: bool,
    pub(super) ttl: Option<u8>,
    /// As written, -1 to 255.
    pub(super) max_hops: Option<i64>,
    pub(super) multihop: bool,
    pub(super) weight: Weight,
    pub(super) vrrp: bool,
    pub(super) checker: bool,
    /// It can't be used, which was reported.
    pub(super) broken: bool,
}

impl BfdDraft {
    pub(super) fn new(name: Spanned<String>, span: Span) -> Self {
        Self {
            name,
            span,
            neighbor: None,
            source: None,
            min_rx: None,
            min_tx: None,
            idle_tx: None,
            multiplier: None,
            passive: false,
            ttl: None,
            max_hops: None,
            multihop: false,
            weight: Weight::default(),
            vrrp: false,
            checker: false,
            broken: false,
        }
    }
}
