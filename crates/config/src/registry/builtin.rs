//! Keywords of built-in checks.

use super::{Block, Keyword, Syntax, decimal, int, join, keyword};

/// A day, in millionths of a second.
const DAY: u64 = 86_400_000_000;

/// What is looked at: exactly one of these.
const PROBES: &[Keyword] = &[
    keyword(
        "process",
        Syntax::Command,
        "The service is well while a process of this name runs; with parameters, or as a whole path, its \
         command line must say the same.",
    )
    .arguments("NAME|PATH [PARAMETER...]")
    .example("nginx")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "tcp",
        Syntax::Word,
        "The service is well while this address takes a connection.",
    )
    .arguments("ADDRESS:PORT|[ADDRESS]:PORT")
    .example("127.0.0.1:80")
    .refused("127.0.0.1")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "http",
        Syntax::Named(Block::CheckHttp),
        "The service is well while it answers a request for this URL; the block may be left out.",
    )
    .arguments("URL")
    .example("http://127.0.0.1/healthz")
    .refused("https://127.0.0.1/")
    .ours()
    .lenient()
    .acts(),
];

/// When it is looked at, and what follows.
const SCHEDULE: &[Keyword] = &[
    keyword(
        "interval",
        decimal(10_000, DAY),
        "Time from one request to the next; the end of a process is noticed at once whatever it is.",
    )
    .seconds()
    .default("1")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "timeout",
        decimal(1_000, DAY),
        "Time after which a request without a whole answer has failed.",
    )
    .seconds()
    .default("the interval")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "weight",
        Syntax::Words,
        "What a success (a number above 0) or a failure (below 0) adds to the priority of instances whose tracking \
         line gives no weight, from -253 to 253; with 0 a failure puts them into fault, and `reverse` exchanges \
         success and failure.",
    )
    .arguments("NUMBER [reverse]")
    .example("-10 reverse")
    .refused("254")
    .default("0, which makes failure a fault")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "rise",
        int(1, 2_147_483_647),
        "Successes in a row after which a failed check counts as good again.",
    )
    .default("1")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "fall",
        int(1, 2_147_483_647),
        "Failures in a row after which a good check counts as failed.",
    )
    .default("1")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "init_fail",
        Syntax::Flag,
        "The check counts as failed at the start, until it has succeeded `rise` times.",
    )
    .ours()
    .acts(),
    keyword(
        "repair",
        Syntax::Named(Block::CheckRepair),
        "A command that is run before a failure counts: only if the service is not well afterwards the check fails; \
         the block may be left out.",
    )
    .arguments("COMMAND")
    .example("\"/usr/bin/systemctl restart nginx\"")
    .ours()
    .lenient()
    .acts(),
];

pub(super) const CHECK: &[Keyword] = &join::<{ PROBES.len() + SCHEDULE.len() }>(PROBES, SCHEDULE);

pub(super) const HTTP: &[Keyword] = &[
    keyword(
        "status",
        Syntax::Words,
        "The codes that are good; a redirection is its own code and is not followed.",
    )
    .arguments("CODE|CODE-CODE...")
    .example("200-299 401")
    .refused("20x")
    .default("200-299")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "contains",
        Syntax::Word,
        "A text that must stand in the first 64 KiB of the answer's body, byte by byte.",
    )
    .arguments("TEXT")
    .example("ok")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "host",
        Syntax::Word,
        "What the request says in its `Host` header.",
    )
    .arguments("NAME[:PORT]")
    .example("example.com")
    .default("the URL's address and port")
    .ours()
    .lenient()
    .acts(),
];

pub(super) const REPAIR: &[Keyword] = &[
    keyword(
        "attempts",
        int(1, 10),
        "How often the command is run before the failure counts; counted anew after a minute without one.",
    )
    .default("1")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "wait",
        decimal(0, 3_600_000_000),
        "Time from the command's end to the next look at the service; none if the command has failed.",
    )
    .seconds()
    .default("2")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "timeout",
        decimal(1_000, 3_600_000_000),
        "Time that the command may take before it counts as failed and its processes are killed.",
    )
    .seconds()
    .default("10")
    .ours()
    .lenient()
    .acts(),
    keyword(
        "user",
        Syntax::Words,
        "The user, and optionally the group, as whom the command runs.",
    )
    .arguments("USER [GROUP]")
    .example("root")
    .refused("nobody-here")
    .default("script_user")
    .ours()
    .lenient()
    .acts(),
];
