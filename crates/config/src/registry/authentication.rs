//! Keywords of `authentication` and `auth_hmac` in an instance.

use super::{Keyword, Syntax, int, keyword};

pub(super) const AUTHENTICATION: &[Keyword] = &[
    keyword(
        "auth_type",
        Syntax::Word,
        "How advertisements are authenticated: PASS sends the password in clear text, AH \
         signs with it in an IP authentication header.",
    )
    .arguments("PASS|AH")
    .example("AH")
    .refused("NONE")
    .acts(),
    keyword(
        "auth_pass",
        Syntax::Word,
        "The password that all nodes share; only its first 8 bytes count.",
    )
    .arguments("PASSWORD")
    .example("secret")
    .refused("longer-than-8")
    .acts(),
];

pub(super) const AUTH_HMAC: &[Keyword] = &[
    keyword(
        "key",
        Syntax::Words,
        "A key: its number, and 32 to 64 bytes as text, as `hex:DIGITS` or from `file:PATH`; \
         several may stand while one is replaced.",
    )
    .arguments("ID TEXT|hex:DIGITS|file:PATH")
    .example("1 hex:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
    .refused("1 short")
    .since(2, 4, 0)
    .acts(),
    keyword(
        "active_key",
        int(1, 255),
        "The number of the key that advertisements are signed with; without it nothing is \
         signed.",
    )
    .since(2, 4, 0)
    .acts(),
    keyword(
        "mode",
        Syntax::Choice(&["enforce", "permissive", "receive-only"]),
        "What counts: `enforce` signs and believes only what is signed, `permissive` signs \
         and believes all, `receive-only` does not sign and checks what is signed.",
    )
    .default("enforce")
    .since(2, 4, 0)
    .acts(),
    keyword(
        "anti_replay",
        Syntax::Choice(&["time", "monotonic"]),
        "How old packets that are sent again are told: by the clock, or by a counter alone.",
    )
    .default("time")
    .since(2, 4, 0)
    .acts(),
    keyword(
        "time_window",
        int(1, 300),
        "Difference between the clocks of two nodes that is accepted.",
    )
    .default("3 times advert_int, and at least 5")
    .seconds()
    .since(2, 4, 0)
    .acts(),
];
