//! BFD sessions, and the client certificate of `SSL_GET`.

use std::net::IpAddr;

use crate::model::Weight;
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// A `bfd_instance` with a neighbour of its own (RFC 5880).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BfdInstance {
    /// The name it is tracked and checked by, unique, at most 31 bytes.
    pub name: Spanned<String>,
    /// `neighbor_ip`: the other end; no two sessions have the same.
    pub neighbor: Spanned<IpAddr>,
    /// `source_ip`: of the neighbour's family; `None` leaves it to the kernel.
    pub source: Option<Spanned<IpAddr>>,
    /// `min_rx`: 1 to 4294967 ms, 10 by default.
    pub min_rx: Spanned<Micros>,
    /// `min_tx`: 1 to 4294967 ms, 10 by default.
    pub min_tx: Spanned<Micros>,
    /// `idle_tx`: 1000 to 4294967 ms, 1000 by default.
    pub idle_tx: Spanned<Micros>,
    /// `multiplier`: 1 to 255, 5 by default.
    pub multiplier: Spanned<u8>,
    /// `passive`: waits to hear the neighbour first.
    pub passive: bool,
    /// `ttl` or `hoplimit` of sent packets: 1 to 255; 255 for IPv4, 64 for IPv6 by default.
    pub ttl: u8,
    /// `max_hops`: how many routers a packet may have passed.
    pub max_hops: MaxHops,
    /// `multihop`: port 4784 instead of 3784 (RFC 5883).
    pub multihop: bool,
    /// `weight` in VRRP priorities where the tracking line gives none.
    pub weight: Weight,
    /// VRRP hears of it: `vrrp`, or neither of `vrrp` and `checker`.
    pub vrrp: bool,
    /// Checkers hear of it: `checker`, or neither of `vrrp` and `checker`.
    pub checker: bool,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// How many routers a received packet may have passed (RFC 5082).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxHops {
    /// `-1` or 255: any TTL is accepted.
    Any,
    /// 0 to 254: a TTL of at least 255 less this.
    Limit(u8),
}

/// The `SSL` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Ssl {
    /// `password` of the key.
    pub password: Option<Spanned<String>>,
    /// `ca`: the file with authorities.
    pub ca: Option<Spanned<String>>,
    /// `certificate`: the file with our certificate.
    pub certificate: Option<Spanned<String>>,
    /// `key`: the file with our key.
    pub key: Option<Spanned<String>>,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}
