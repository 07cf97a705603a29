//! Keywords of tracked objects and shared limits.

use super::{DECIMAL_MAX, Keyword, Syntax, decimal, int, keyword};

const DELAY: Syntax = decimal(1, 3_600_000_000);

pub(super) const PROCESS: &[Keyword] = &[
    keyword(
        "process",
        Syntax::Command,
        "The program to look for, by its name or whole path, and the parameters it must have.",
    )
    .arguments("COMMAND [PARAMETER...]")
    .example("nginx")
    .acts(),
    keyword(
        "param_match",
        Syntax::OptionalWords,
        "How parameters compare: all of them exactly, those given as the first ones (`partial`), \
         or as the first ones whose last may go on (`initial`).",
    )
    .arguments("[initial|partial]")
    .example("initial")
    .refused("roughly")
    .default("exact")
    .acts(),
    keyword(
        "full_command",
        Syntax::Flag,
        "Compares with the command line's first word, in full, instead of the name that the \
         kernel keeps (15 bytes).",
    )
    .acts(),
    keyword(
        "weight",
        Syntax::Words,
        "What enough processes add to the priority (below 0: what too few take away), from \
         -254 to 254; with 0 too few are a fault, and `reverse` exchanges the two.",
    )
    .arguments("NUMBER [reverse]")
    .example("10 reverse")
    .refused("255")
    .lenient()
    .default("0")
    .acts(),
    keyword(
        "quorum",
        int(1, 65_535),
        "Least number of processes that must run.",
    )
    .default("1, or 0 with quorum_max 0")
    .acts(),
    keyword(
        "quorum_max",
        int(0, 65_535),
        "Greatest number of processes that may run; with 0 none may.",
    )
    .default("unlimited")
    .acts(),
    keyword(
        "delay",
        DELAY,
        "Time for which a change of their number must last before it counts.",
    )
    .seconds()
    .acts(),
    keyword(
        "fork_delay",
        DELAY,
        "Time for which a gain must last before it counts; `delay` for gains only.",
    )
    .seconds()
    .acts(),
    keyword(
        "terminate_delay",
        DELAY,
        "Time for which a loss must last before it counts; `delay` for losses only.",
    )
    .seconds()
    .acts(),
];

pub(super) const FILE: &[Keyword] = &[
    keyword(
        "file",
        Syntax::Word,
        "The path of the file; not on a network or read-only file system, whose changes the \
         kernel does not tell.",
    )
    .arguments("PATH")
    .example("/run/priority")
    .lenient()
    .acts(),
    keyword(
        "weight",
        Syntax::Words,
        "The factor by which the file's number is multiplied, from -254 to 254; with 0 a \
         number other than 0 is a fault, and `reverse` changes the sign.",
    )
    .arguments("NUMBER [reverse]")
    .example("10 reverse")
    .refused("255")
    .lenient()
    .default("1")
    .acts(),
    keyword(
        "init_file",
        Syntax::OptionalWords,
        "Writes the file with that number at the start, if it is missing, or in any case with \
         `overwrite`.",
    )
    .arguments("[NUMBER] [overwrite]")
    .example("5 overwrite")
    .refused("five")
    .default("0")
    .acts(),
];

pub(super) const GROUP: &[Keyword] = &[keyword(
    "group",
    Syntax::Lines,
    "The instances, by name, whose fate hangs on the static entries that name the group.",
)
.arguments("{ INSTANCE... }")
.example("VI_1")
.acts()];

pub(super) const GARP_GROUP: &[Keyword] = &[
    keyword(
        "garp_interval",
        decimal(0, DECIMAL_MAX),
        "Least time between two gratuitous ARPs on the group's interfaces together.",
    )
    .seconds()
    .acts(),
    keyword(
        "gna_interval",
        decimal(0, DECIMAL_MAX),
        "Least time between two unsolicited neighbour advertisements on the group's \
         interfaces together.",
    )
    .seconds()
    .acts(),
    keyword(
        "interface",
        Syntax::Interface,
        "One interface of the group; the keyword may stand several times.",
    )
    .acts(),
    keyword(
        "interfaces",
        Syntax::Lines,
        "Several interfaces of the group.",
    )
    .arguments("{ INTERFACE... }")
    .example("eth0; eth1")
    .acts(),
];
