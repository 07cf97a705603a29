//! Keywords outside any block.

use super::{Block, Keyword, Syntax, UINT, keyword};

pub(super) const ROOT: &[Keyword] = &[
    keyword(
        "net_namespace",
        Syntax::Word,
        "Runs the whole daemon in the named network namespace (of `ip netns`).",
    )
    .arguments("NAME")
    .lenient()
    .acts(),
    keyword(
        "net_namespace_ipvs",
        Syntax::OptionalWord,
        "Programs IPVS in the named network namespace, or in the main one without a name.",
    )
    .arguments("[NAME]")
    .default("as net_namespace")
    .since(2, 1, 0),
    keyword(
        "namespace_with_ipsets",
        Syntax::Flag,
        "Uses ipsets in a network namespace, which kernels before 3.13 mixed up.",
    )
    .needless("drop rules are set by nftables, which network namespaces do not mix up"),
    keyword(
        "instance",
        Syntax::Word,
        "Names this process, in pid files, dumps, the log and its table of nftables, to tell several on one host apart.",
    )
    .arguments("NAME")
    .lenient()
    .acts(),
    keyword(
        "use_pid_dir",
        Syntax::Flag,
        "Puts pid files into /run/keepalived.",
    )
    .acts(),
    keyword(
        "child_wait_time",
        UINT,
        "Time that child processes get to end at shutdown before they are killed.",
    )
    .seconds()
    .default("5")
    .acts(),
    keyword(
        "linkbeat_use_polling",
        Syntax::Flag,
        "Asks drivers for the link state of every interface each second instead of waiting \
         for the kernel's news.",
    )
    .deprecated("linkbeat_interfaces")
    .needless("the kernel's link state is used, which it tells at once and all drivers of today set: a request to poll is accepted and nothing is polled"),
    keyword(
        "global_defs",
        Syntax::Block(Block::Global),
        "Settings of the whole daemon, and defaults of instances.",
    )
    .acts(),
    keyword(
        "vrrp_script",
        Syntax::Named(Block::VrrpScript),
        "A command that is run again and again, and whose success instances track.",
    )
    .acts(),
    keyword(
        "vrrp_check",
        Syntax::Named(Block::VrrpCheck),
        "A process, a port or an HTTP page of the local service that instances track, without a script.",
    )
    .ours()
    .lenient()
    .acts(),
    keyword(
        "vrrp_instance",
        Syntax::Named(Block::VrrpInstance),
        "One virtual router: addresses of which one host at a time holds all.",
    )
    .lenient()
    .acts(),
    keyword(
        "vrrp_sync_group",
        Syntax::Named(Block::SyncGroup),
        "Instances that change state together.",
    )
    .lenient()
    .acts(),
    keyword(
        "vrrp_track_process",
        Syntax::Named(Block::TrackProcess),
        "A program that must run, whose processes instances track.",
    )
    .acts(),
    keyword(
        "track_file",
        Syntax::Named(Block::TrackFile),
        "A file whose number instances track.",
    )
    .acts(),
    keyword(
        "vrrp_track_file",
        Syntax::Named(Block::TrackFile),
        "The old name of track_file.",
    )
    .acts(),
    keyword(
        "track_group",
        Syntax::Named(Block::TrackGroup),
        "Instances that depend on static addresses, routes or rules.",
    )
    .lenient()
    .acts(),
    keyword(
        "static_ipaddress",
        Syntax::Lines,
        "Addresses that are held as long as the daemon runs, whatever the state of instances.",
    )
    .arguments("{ ADDRESS[/LENGTH] [dev INTERFACE] [track_group GROUP] [no_track] [OPTION]... }")
    .example("10.9.0.1/24 dev eth0; 10.9.0.2")
    .refused("10.9.0.300")
    .acts(),
    keyword(
        "static_routes",
        Syntax::Lines,
        "Routes that are held as long as the daemon runs, in the words of ip-route(8).",
    )
    .arguments(
        "{ [TYPE] DESTINATION [via ADDRESS] [dev INTERFACE] [src ADDRESS] [table TABLE] \
         [metric NUMBER] [track_group GROUP] [no_track] [OPTION]... }",
    )
    .example("10.9.0.0/16 via 10.0.0.1 dev eth0 metric 5")
    .refused("10.9.0.0/16 via nowhere")
    .acts(),
    keyword(
        "static_rules",
        Syntax::Lines,
        "Routing rules that are held as long as the daemon runs, in the words of ip-rule(8).",
    )
    .arguments(
        "{ [not] [from PREFIX] [to PREFIX] [iif INTERFACE] [fwmark MARK] table TABLE|ACTION \
         [preference NUMBER] [track_group GROUP] [no_track] [OPTION]... }",
    )
    .example("from 10.9.0.0/16 table 5 preference 100")
    .refused("from 10.9.0.0/16 table main table local")
    .acts(),
    keyword(
        "linkbeat_interfaces",
        Syntax::Lines,
        "Interfaces whose link state is asked for every second, for drivers that do not tell \
         the kernel, by ETHTOOL, MII or IOCTL.",
    )
    .arguments("{ INTERFACE [ETHTOOL|MII|IOCTL]... }")
    .example("eth0 MII")
    .refused("eth0 WIRE")
    .needless("the kernel's link state is used, which it tells at once and all drivers of today set: a request to poll is accepted and nothing is polled"),
    keyword(
        "interface_up_down_delays",
        Syntax::Lines,
        "Interfaces whose going down, and coming up, counts only when it has lasted so many \
         seconds, 0 to 255, against links that flap.",
    )
    .arguments("{ INTERFACE SECONDS_DOWN [SECONDS_UP]... }")
    .example("eth0 1 1.5")
    .refused("eth0 300")
    .since(2, 2, 4)
    .acts(),
    keyword(
        "garp_group",
        Syntax::Block(Block::GarpGroup),
        "Interfaces that share one limit for gratuitous ARPs.",
    )
    .acts(),
    keyword(
        "SSL",
        Syntax::Block(Block::Ssl),
        "The client certificate that the checks of SSL_GET show.",
    ),
    keyword(
        "virtual_server_group",
        Syntax::Named(Block::VirtualServerGroup),
        "Addresses, ranges and firewall marks that one virtual server serves: a line each.",
    )
    .arguments("NAME { ADDRESS[-LAST|/LENGTH] [PORT] | fwmark NUMBER [inet|inet6]... }"),
    keyword(
        "virtual_server",
        Syntax::Named(Block::VirtualServer),
        "A service of the kernel's load balancer (IPVS), by address and port, by firewall \
         mark, or for all of a group.",
    )
    .arguments("ADDRESS [PORT]|fwmark NUMBER|group NAME { ... }")
    .example("10.0.0.1 80")
    .refused("10.0.0.300 80"),
    keyword(
        "bfd_instance",
        Syntax::Named(Block::BfdInstance),
        "A BFD session (RFC 5880) with a neighbour, which notices its loss within milliseconds.",
    )
    .lenient(),
];
