//! Keywords outside any block.

use super::{Block, Keyword, Syntax, UINT, keyword};

pub(super) const ROOT: &[Keyword] = &[
    keyword(
        "net_namespace",
        Syntax::Word,
        "Runs the whole daemon in the named network namespace.",
    )
    .lenient(),
    keyword(
        "net_namespace_ipvs",
        Syntax::OptionalWord,
        "Programs IPVS in the named network namespace, or in the main one without a name.",
    )
    .default("as net_namespace")
    .since(2, 1, 0),
    keyword(
        "namespace_with_ipsets",
        Syntax::Flag,
        "Allows ipsets in a network namespace.",
    ),
    keyword(
        "instance",
        Syntax::Word,
        "Names this process, to tell several on one host apart.",
    )
    .lenient(),
    keyword(
        "use_pid_dir",
        Syntax::Flag,
        "Puts pid files into /run/keepalived.",
    ),
    keyword(
        "child_wait_time",
        UINT,
        "Time that child processes get to end before they are killed.",
    )
    .seconds()
    .default("5"),
    keyword(
        "linkbeat_use_polling",
        Syntax::Flag,
        "Polls the link state of every interface.",
    )
    .deprecated("linkbeat_interfaces"),
    keyword(
        "global_defs",
        Syntax::Block(Block::Global),
        "Settings of the whole daemon, and defaults.",
    )
    .acts(),
    keyword(
        "vrrp_script",
        Syntax::Named(Block::VrrpScript),
        "A command that is run again and again, and whose success instances track.",
    )
    .acts(),
    keyword(
        "vrrp_instance",
        Syntax::Named(Block::VrrpInstance),
        "One virtual router on one interface.",
    )
    .lenient()
    .acts(),
    keyword(
        "vrrp_sync_group",
        Syntax::Named(Block::SyncGroup),
        "Instances that change state together.",
    )
    .lenient(),
    keyword(
        "vrrp_track_process",
        Syntax::Named(Block::TrackProcess),
        "Processes whose number instances track.",
    ),
    keyword(
        "track_file",
        Syntax::Named(Block::TrackFile),
        "A file whose number instances track.",
    ),
    keyword(
        "vrrp_track_file",
        Syntax::Named(Block::TrackFile),
        "The old name of track_file.",
    ),
    keyword(
        "track_group",
        Syntax::Named(Block::TrackGroup),
        "Instances that share static entries.",
    )
    .lenient(),
    keyword(
        "static_ipaddress",
        Syntax::Lines,
        "Addresses that are held as long as the daemon runs.",
    )
    .example("10.9.0.1/24 dev eth0; 10.9.0.2")
    .refused("10.9.0.300"),
    keyword(
        "static_routes",
        Syntax::Lines,
        "Routes that are held as long as the daemon runs.",
    )
    .example("10.9.0.0/16 via 10.0.0.1 dev eth0 metric 5")
    .refused("10.9.0.0/16 via nowhere"),
    keyword(
        "static_rules",
        Syntax::Lines,
        "Routing rules that are held as long as the daemon runs.",
    )
    .example("from 10.9.0.0/16 table 5 preference 100")
    .refused("from 10.9.0.0/16 table main table local"),
    keyword(
        "linkbeat_interfaces",
        Syntax::Lines,
        "Interfaces whose link state is polled.",
    )
    .example("eth0 MII")
    .refused("eth0 WIRE"),
    keyword(
        "interface_up_down_delays",
        Syntax::Lines,
        "Interfaces whose changes of state count only after a delay.",
    )
    .example("eth0 1 1.5")
    .refused("eth0 300")
    .since(2, 2, 4),
    keyword(
        "garp_group",
        Syntax::Block(Block::GarpGroup),
        "Interfaces that share a GARP rate limit.",
    ),
    keyword(
        "SSL",
        Syntax::Block(Block::Ssl),
        "The client certificate that SSL_GET shows.",
    ),
    keyword(
        "virtual_server_group",
        Syntax::Named(Block::VirtualServerGroup),
        "Addresses and marks that one virtual server serves.",
    ),
    keyword(
        "virtual_server",
        Syntax::Named(Block::VirtualServer),
        "An IPVS service: by address and port, `fwmark MARK` or `group NAME`.",
    )
    .example("10.0.0.1 80")
    .refused("10.0.0.300 80"),
    keyword(
        "bfd_instance",
        Syntax::Named(Block::BfdInstance),
        "A BFD session (RFC 5880).",
    )
    .lenient(),
];
