//! Keywords of `bfd_instance`.

use super::{Keyword, Syntax, Unit, int, keyword};

/// Milliseconds with three decimals, in millionths.
const INTERVAL: Syntax = Syntax::Decimal {
    min: 1_000_000,
    max: 4_294_967_295_000,
    digits: 3,
};

pub(super) const INSTANCE: &[Keyword] = &[
    keyword(
        "neighbor_ip",
        Syntax::Address,
        "The other end of the session.",
    )
    .lenient(),
    keyword("neighbour_ip", Syntax::Address, "The same as neighbor_ip.").lenient(),
    keyword(
        "source_ip",
        Syntax::Address,
        "The local address of the session.",
    )
    .default("the kernel's"),
    keyword(
        "min_rx",
        INTERVAL,
        "Least interval of control packets that we take.",
    )
    .unit(Unit::Milliseconds)
    .default("10"),
    keyword(
        "min_tx",
        INTERVAL,
        "Least interval of control packets that we send.",
    )
    .unit(Unit::Milliseconds)
    .default("10"),
    keyword(
        "idle_tx",
        INTERVAL,
        "Interval of control packets while the session is down.",
    )
    .unit(Unit::Milliseconds)
    .default("1000"),
    keyword("multiplier", int(1, 255), "Packets that may be missed.").default("5"),
    keyword("passive", Syntax::Flag, "Waits for the other end to begin."),
    keyword("ttl", int(1, 255), "TTL of sent packets.").default("255 for IPv4, 64 for IPv6"),
    keyword("hoplimit", int(1, 255), "Hop limit of sent packets.").default("as ttl"),
    keyword(
        "max_hops",
        int(-1, 255),
        "Routers a packet may have passed.",
    )
    .default("0"),
    keyword(
        "multihop",
        Syntax::Bool,
        "Uses the port of multi-hop sessions (RFC 5883).",
    )
    .since(2, 2, 8),
    keyword(
        "weight",
        Syntax::Words,
        "Priority change of instances, -253 to 253, optionally reverse.",
    )
    .default("0"),
    keyword("vrrp", Syntax::Flag, "Tells VRRP about the session."),
    keyword("checker", Syntax::Flag, "Tells checkers about the session."),
];
