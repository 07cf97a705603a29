//! Keywords of tracked objects and shared limits.

use super::{DECIMAL_MAX, Keyword, Syntax, decimal, int, keyword};

const DELAY: Syntax = decimal(1, 3_600_000_000);

pub(super) const PROCESS: &[Keyword] = &[
    keyword(
        "process",
        Syntax::Command,
        "The program to count, with its parameters.",
    ),
    keyword(
        "param_match",
        Syntax::OptionalWords,
        "How parameters compare: initial or partial.",
    )
    .example("initial")
    .refused("roughly")
    .default("exact"),
    keyword(
        "full_command",
        Syntax::Flag,
        "Compares the whole command line instead of the short name.",
    ),
    keyword(
        "weight",
        Syntax::Words,
        "Priority change, -254 to 254, and optionally reverse.",
    )
    .example("10 reverse")
    .refused("255")
    .lenient()
    .default("0"),
    keyword("quorum", int(1, 65_535), "Least number of processes.").default("1"),
    keyword(
        "quorum_max",
        int(0, 65_535),
        "Greatest number of processes.",
    )
    .default("unlimited"),
    keyword("delay", DELAY, "Time before a change of number counts.").seconds(),
    keyword("fork_delay", DELAY, "Time before a gain counts.").seconds(),
    keyword("terminate_delay", DELAY, "Time before a loss counts.").seconds(),
];

pub(super) const FILE: &[Keyword] = &[
    keyword("file", Syntax::Word, "The file whose number is read.").lenient(),
    keyword(
        "weight",
        Syntax::Words,
        "Factor of the number, -254 to 254, and optionally reverse.",
    )
    .example("10 reverse")
    .refused("255")
    .lenient()
    .default("1"),
    keyword(
        "init_file",
        Syntax::OptionalWords,
        "Creates the file with a value, or overwrites it.",
    )
    .example("5 overwrite")
    .refused("five")
    .default("0"),
];

pub(super) const GROUP: &[Keyword] = &[keyword(
    "group",
    Syntax::Lines,
    "The instances that share the static entries.",
)
.example("VI_1")];

pub(super) const GARP_GROUP: &[Keyword] = &[
    keyword(
        "garp_interval",
        decimal(0, DECIMAL_MAX),
        "Least time between gratuitous ARPs.",
    )
    .seconds(),
    keyword(
        "gna_interval",
        decimal(0, DECIMAL_MAX),
        "Least time between neighbour advertisements.",
    )
    .seconds(),
    keyword("interface", Syntax::Interface, "An interface in the group."),
    keyword(
        "interfaces",
        Syntax::Lines,
        "Several interfaces in the group.",
    )
    .example("eth0; eth1"),
];
