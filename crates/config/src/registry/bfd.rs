//! Keywords of `bfd_instance`.

use super::{Keyword, Syntax, Unit, int, keyword};

/// Milliseconds with three decimals, in millionths.
const fn milliseconds(min: u64) -> Syntax {
    Syntax::Decimal {
        min: min * 1_000_000,
        max: 4_294_967_000_000,
        digits: 3,
    }
}

pub(super) const INSTANCE: &[Keyword] = &[
    keyword(
        "neighbor_ip",
        Syntax::Address,
        "The address of the other end of the session; every session needs its own.",
    )
    .example("10.9.9.9")
    .lenient(),
    keyword("neighbour_ip", Syntax::Address, "The same as neighbor_ip.").lenient(),
    keyword(
        "source_ip",
        Syntax::Address,
        "The local address of the session, of the neighbour's family.",
    )
    .default("the kernel's choice")
    .example("10.9.9.8"),
    keyword(
        "min_rx",
        milliseconds(1),
        "The least interval of control packets that we can take.",
    )
    .unit(Unit::Milliseconds)
    .default("10"),
    keyword(
        "min_tx",
        milliseconds(1),
        "The least interval at which we want to send control packets.",
    )
    .unit(Unit::Milliseconds)
    .default("10"),
    keyword(
        "idle_tx",
        milliseconds(1000),
        "The interval of control packets while the session is not up.",
    )
    .unit(Unit::Milliseconds)
    .default("1000"),
    keyword(
        "multiplier",
        int(1, 255),
        "Intervals without a packet after which the other end takes us for down.",
    )
    .default("5"),
    keyword(
        "passive",
        Syntax::Flag,
        "Sends nothing until the other end is heard.",
    ),
    keyword("ttl", int(1, 255), "The TTL of sent packets.").default("255 for IPv4, 64 for IPv6"),
    keyword("hoplimit", int(1, 255), "The same as ttl.").default("255 for IPv4, 64 for IPv6"),
    keyword(
        "max_hops",
        int(-1, 255),
        "Routers that a received packet may have passed, by its TTL; -1 or 255 is any number.",
    )
    .default("0"),
    keyword(
        "multihop",
        Syntax::Bool,
        "Uses the port of multi-hop sessions, 4784 (RFC 5883).",
    )
    .default("off")
    .since(2, 2, 8),
    keyword(
        "weight",
        Syntax::Words,
        "Change of priority, -253 to 253, optionally `reverse`, for instances whose tracking \
         line gives none.",
    )
    .arguments("NUMBER [reverse]")
    .default("0")
    .example("-20 reverse")
    .refused("254"),
    keyword(
        "vrrp",
        Syntax::Flag,
        "Tells VRRP about the session; without vrrp and checker both are told.",
    ),
    keyword(
        "checker",
        Syntax::Flag,
        "Tells checkers about the session; without vrrp and checker both are told.",
    ),
];
