//! Keywords of `global_defs`.

use super::global_vrrp::DEFAULTS;
use super::{Keyword, Syntax, UINT, Unit, decimal, int, join, keyword};

const NICE: Syntax = int(-20, 19);
/// Realtime priorities; keepalived forces other numbers into the range.
const REALTIME: Syntax = int(-2_147_483_648, 2_147_483_647);
const REALTIME_LIMIT: Syntax = int(1, 4_294_967_295);

/// All of them: the daemon's own, and the defaults of VRRP instances.
pub(super) const GLOBAL: &[Keyword] = &join::<{ DAEMON.len() + DEFAULTS.len() }>(DAEMON, DEFAULTS);

const DAEMON: &[Keyword] = &[
    // Identity, mail, processes
    keyword(
        "router_id",
        Syntax::Word,
        "The name of this router in mails and SNMP.",
    )
    .lenient()
    .default("the host's name")
    .acts(),
    keyword("notification_email", Syntax::Lines, "Who gets mail.")
        .example("admin@example.org; root@example.org"),
    keyword(
        "notification_email_from",
        Syntax::Words,
        "Who mail comes from.",
    )
    .example("Standfast <root@example.org>")
    .lenient()
    .default("root@host"),
    keyword(
        "smtp_server",
        Syntax::Words,
        "The mail server, and its port.",
    )
    .example("192.0.2.25 587")
    .refused("192.0.2.25 70000")
    .default("port 25"),
    keyword("smtp_helo_name", Syntax::OptionalWord, "The name in HELO.").default("the host's name"),
    keyword(
        "smtp_connect_timeout",
        int(0, 4294),
        "Time the mail server gets per step.",
    )
    .seconds()
    .default("30"),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Whether mail is sent, unless an object says otherwise.",
    ),
    keyword("smtp_alert_vrrp", Syntax::Bool, "As smtp_alert, for VRRP."),
    keyword(
        "smtp_alert_checker",
        Syntax::Bool,
        "As smtp_alert, for checkers.",
    ),
    keyword(
        "no_email_faults",
        Syntax::Flag,
        "Sends no mail about faults.",
    ),
    keyword(
        "no_checker_emails",
        Syntax::Flag,
        "Sends no mail for single checkers.",
    ),
    keyword(
        "process_names",
        Syntax::Flag,
        "Gives each process a name of its own.",
    )
    .acts(),
    keyword(
        "process_name",
        Syntax::Word,
        "The parent process's name, at most 15 bytes.",
    )
    .example("standfast")
    .refused("sixteen-letters-")
    .since(2, 2, 0),
    keyword(
        "vrrp_process_name",
        Syntax::Word,
        "The VRRP process's name, at most 15 bytes.",
    )
    .example("standfast")
    .refused("sixteen-letters-"),
    keyword(
        "checker_process_name",
        Syntax::Word,
        "The checker process's name, at most 15 bytes.",
    )
    .example("standfast")
    .refused("sixteen-letters-")
    .since(2, 2, 0),
    keyword(
        "lvs_process_name",
        Syntax::Word,
        "The old name of checker_process_name.",
    )
    .example("standfast")
    .refused("sixteen-letters-"),
    keyword(
        "bfd_process_name",
        Syntax::Word,
        "The BFD process's name, at most 15 bytes.",
    )
    .example("standfast")
    .refused("sixteen-letters-"),
    keyword(
        "startup_script",
        Syntax::Command,
        "Runs before the daemon begins its work.",
    )
    .lenient()
    .since(2, 1, 0),
    keyword(
        "shutdown_script",
        Syntax::Command,
        "Runs after the daemon has ended its work.",
    )
    .lenient()
    .since(2, 1, 0),
    keyword(
        "startup_script_timeout",
        int(1, 1000),
        "Time the startup script gets.",
    )
    .lenient()
    .seconds()
    .default("10")
    .since(2, 1, 0),
    keyword(
        "shutdown_script_timeout",
        int(1, 1000),
        "Time the shutdown script gets.",
    )
    .lenient()
    .seconds()
    .default("10")
    .since(2, 1, 0),
    keyword(
        "umask",
        Syntax::Words,
        "Permissions that created files lack.",
    )
    .example("IXUSR | IRGRP")
    .refused("1000")
    .default("0177"),
    keyword("random_seed", UINT, "Seed of ${_RANDOM} and of jitter.").default("the time"),
    // Scheduling and resources
    keyword(
        "max_auto_priority",
        Syntax::OptionalInteger { min: -1, max: 99 },
        "Highest realtime priority the daemon may give itself when it runs late.",
    )
    .default("0")
    .since(2, 1, 0),
    keyword(
        "min_auto_priority_delay",
        int(1, 10_000_000),
        "Lateness that raises the priority.",
    )
    .lenient()
    .unit(Unit::Microseconds)
    .default("1000000")
    .since(2, 1, 0),
    keyword("vrrp_priority", NICE, "Nice value of the VRRP process.")
        .lenient()
        .default("0")
        .acts(),
    keyword(
        "checker_priority",
        NICE,
        "Nice value of the checker process.",
    )
    .lenient()
    .default("0"),
    keyword("bfd_priority", NICE, "Nice value of the BFD process.")
        .lenient()
        .default("0"),
    keyword(
        "vrrp_no_swap",
        Syntax::Flag,
        "Locks the VRRP process in memory.",
    )
    .acts(),
    keyword(
        "checker_no_swap",
        Syntax::Flag,
        "Locks the checker process in memory.",
    ),
    keyword(
        "bfd_no_swap",
        Syntax::Flag,
        "Locks the BFD process in memory.",
    ),
    keyword(
        "vrrp_rt_priority",
        REALTIME,
        "Realtime priority of the VRRP process, forced into 1 to 99.",
    )
    .lenient()
    .acts(),
    keyword(
        "checker_rt_priority",
        REALTIME,
        "Realtime priority of the checker process.",
    )
    .lenient(),
    keyword(
        "bfd_rt_priority",
        REALTIME,
        "Realtime priority of the BFD process.",
    )
    .lenient(),
    keyword(
        "vrrp_rlimit_rttime",
        REALTIME_LIMIT,
        "CPU time the VRRP process may use without a pause.",
    )
    .unit(Unit::Microseconds)
    .default("10000")
    .since(2, 1, 0),
    keyword(
        "checker_rlimit_rttime",
        REALTIME_LIMIT,
        "The same for the checker process.",
    )
    .unit(Unit::Microseconds)
    .default("10000")
    .since(2, 1, 0),
    keyword(
        "bfd_rlimit_rttime",
        REALTIME_LIMIT,
        "The same for the BFD process.",
    )
    .unit(Unit::Microseconds)
    .default("10000")
    .since(2, 1, 0),
    keyword(
        "vrrp_rlimit_rtime",
        REALTIME_LIMIT,
        "The old spelling of vrrp_rlimit_rttime.",
    )
    .unit(Unit::Microseconds),
    keyword(
        "checker_rlimit_rtime",
        REALTIME_LIMIT,
        "The old spelling of checker_rlimit_rttime.",
    )
    .unit(Unit::Microseconds),
    keyword(
        "bfd_rlimit_rtime",
        REALTIME_LIMIT,
        "The old spelling of bfd_rlimit_rttime.",
    )
    .unit(Unit::Microseconds),
    keyword(
        "vrrp_cpu_affinity",
        Syntax::Words,
        "Processors the VRRP process may run on.",
    )
    .example("0 1")
    .refused("x")
    .lenient()
    .acts(),
    keyword(
        "checker_cpu_affinity",
        Syntax::Words,
        "Processors the checker process may run on.",
    )
    .example("0 1")
    .refused("x")
    .lenient(),
    keyword(
        "bfd_cpu_affinity",
        Syntax::Words,
        "Processors the BFD process may run on.",
    )
    .example("0 1")
    .refused("x")
    .lenient(),
    keyword(
        "vrrp_netlink_cmd_rcv_bufs",
        UINT,
        "Receive buffer of VRRP's netlink commands.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "vrrp_netlink_cmd_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit for it.",
    ),
    keyword(
        "vrrp_netlink_monitor_rcv_bufs",
        UINT,
        "Receive buffer of VRRP's netlink events.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "vrrp_netlink_monitor_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit for it.",
    ),
    keyword(
        "lvs_netlink_cmd_rcv_bufs",
        UINT,
        "Receive buffer of the checkers' netlink commands.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "lvs_netlink_cmd_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit for it.",
    ),
    keyword(
        "lvs_netlink_monitor_rcv_bufs",
        UINT,
        "Receive buffer of the checkers' netlink events.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "lvs_netlink_monitor_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit for it.",
    ),
    keyword(
        "process_monitor_rcv_bufs",
        UINT,
        "Receive buffer of process events.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "process_monitor_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit for it.",
    ),
    keyword(
        "vrrp_rx_bufs_policy",
        Syntax::Word,
        "Sizes receive buffers by MTU, ADVERT or a number.",
    )
    .example("MTU")
    .refused("sometimes")
    .lenient()
    .default("the system's"),
    keyword(
        "vrrp_rx_bufs_multiplier",
        int(1, 4_294_967_295),
        "Multiple of that size.",
    )
    .lenient()
    .default("3"),
    // Firewall
    keyword(
        "nftables",
        Syntax::OptionalWord,
        "Uses nftables, with that table name.",
    )
    .example("filter"),
    keyword(
        "nftables_priority",
        int(-2_147_483_648, 2_147_483_647),
        "Priority of its chains.",
    )
    .default("-1"),
    keyword(
        "nftables_ifindex",
        Syntax::Flag,
        "Matches interfaces by number.",
    ),
    keyword(
        "nftables_counters",
        Syntax::Flag,
        "Counts what rules match.",
    ),
    keyword(
        "vrrp_iptables",
        Syntax::OptionalWords,
        "Uses iptables, with those chains.",
    )
    .example("VRRP_IN VRRP_OUT"),
    keyword(
        "vrrp_ipsets",
        Syntax::OptionalWords,
        "Uses ipsets, with those names.",
    )
    .example("vips vips6"),
    keyword(
        "nftables_ipvs",
        Syntax::OptionalWord,
        "Marks packets of server groups.",
    )
    .example("marks")
    .since(2, 2, 4),
    keyword(
        "nftables_ipvs_priority",
        int(-2_147_483_648, 2_147_483_647),
        "Priority of that chain.",
    )
    .default("-1")
    .since(2, 2, 4),
    keyword(
        "nftables_ipvs_start_fwmark",
        int(1, 4_294_967_295),
        "The first mark that is used.",
    )
    .default("1000")
    .since(2, 2, 4),
    // LVS
    keyword(
        "lvs_timeouts",
        Syntax::Words,
        "IPVS timeouts of TCP, TCP after FIN, and UDP.",
    )
    .example("tcp 900 tcpfin 120 udp 300")
    .refused("tcp soon")
    .lenient()
    .seconds(),
    keyword(
        "lvs_flush",
        Syntax::Flag,
        "Empties the IPVS table at the start.",
    ),
    keyword(
        "lvs_flush_on_stop",
        Syntax::OptionalWord,
        "Empties the IPVS table at the end.",
    )
    .example("VS")
    .refused("RS")
    .since(2, 2, 0),
    keyword(
        "lvs_flush_onstop",
        Syntax::OptionalWord,
        "The old name of lvs_flush_on_stop.",
    )
    .example("VS")
    .refused("RS"),
    keyword(
        "checker_log_all_failures",
        Syntax::Bool,
        "Logs every failed check.",
    ),
    keyword(
        "rs_init_notifies",
        Syntax::Flag,
        "Runs notify_up for servers that start up.",
    ),
    keyword(
        "snmp_vs_stats_update_interval",
        decimal(1000, 30_000_000),
        "Age of cached statistics.",
    )
    .lenient()
    .seconds()
    .default("5")
    .since(2, 3, 0),
    keyword(
        "snmp_rs_stats_update_interval",
        decimal(1000, 30_000_000),
        "The same for real servers.",
    )
    .lenient()
    .seconds()
    .since(2, 3, 0),
    // Notification, scripts
    keyword(
        "notify_fifo",
        Syntax::Words,
        "A FIFO that hears of every event.",
    )
    .example("/run/vrrp.fifo root")
    .lenient(),
    keyword("vrrp_notify_fifo", Syntax::Words, "A FIFO for VRRP events.")
        .example("/run/vrrp.fifo root")
        .lenient(),
    keyword(
        "lvs_notify_fifo",
        Syntax::Words,
        "A FIFO for checker events.",
    )
    .example("/run/lvs.fifo root")
    .lenient(),
    keyword(
        "notify_fifo_script",
        Syntax::Command,
        "A program that reads notify_fifo.",
    )
    .lenient(),
    keyword(
        "vrrp_notify_fifo_script",
        Syntax::Command,
        "A program that reads vrrp_notify_fifo.",
    )
    .lenient(),
    keyword(
        "lvs_notify_fifo_script",
        Syntax::Command,
        "A program that reads lvs_notify_fifo.",
    )
    .lenient(),
    keyword(
        "fifo_write_vrrp_states_on_reload",
        Syntax::Flag,
        "FIFOs hear every state after a reload.",
    )
    .since(2, 2, 7),
    keyword(
        "script_user",
        Syntax::Words,
        "Who runs scripts: a user, and optionally a group.",
    )
    .example("root")
    .refused("nobody-here")
    .lenient()
    .default("keepalived_script if it exists, else root")
    .acts(),
    keyword(
        "enable_script_security",
        Syntax::Flag,
        "Refuses scripts that others than root can replace.",
    )
    .acts(),
    keyword(
        "use_symlink_paths",
        Syntax::Bool,
        "Runs scripts by the path as written.",
    )
    .since(2, 3, 0),
    keyword(
        "set_supplementary_groups",
        Syntax::Bool,
        "Scripts run with all groups of their user.",
    )
    .since(2, 4, 1),
    // Observability and the rest
    keyword("snmp_socket", Syntax::Word, "Address of the AgentX master.")
        .lenient()
        .default("unix:/var/agentx/master"),
    keyword("enable_traps", Syntax::Flag, "Sends SNMP traps."),
    keyword("enable_snmp_vrrp", Syntax::Flag, "Serves the VRRP MIB."),
    keyword(
        "enable_snmp_keepalived",
        Syntax::Flag,
        "The old name of enable_snmp_vrrp.",
    ),
    keyword(
        "enable_snmp_checker",
        Syntax::Flag,
        "Serves the checker MIB.",
    ),
    keyword("enable_snmp_rfc", Syntax::Flag, "Serves both RFC MIBs."),
    keyword(
        "enable_snmp_rfcv2",
        Syntax::Flag,
        "Serves the RFC 2787 MIB.",
    ),
    keyword(
        "enable_snmp_rfcv3",
        Syntax::Flag,
        "Serves the RFC 6527 MIB.",
    ),
    keyword("enable_dbus", Syntax::Flag, "Serves D-Bus."),
    keyword("dbus_service_name", Syntax::Word, "The D-Bus name.")
        .lenient()
        .default("org.keepalived.Vrrp1"),
    keyword(
        "dbus_no_interface_name",
        Syntax::Word,
        "Path element of instances without interface.",
    )
    .lenient()
    .since(2, 3, 0),
    keyword("json_version", int(1, 2), "Shape of the JSON dump.")
        .lenient()
        .default("1")
        .since(2, 2, 8),
    keyword(
        "state_dump_file",
        Syntax::Word,
        "Where states are dumped to.",
    )
    .lenient()
    .default("/tmp/keepalived.data")
    .since(2, 3, 1),
    keyword(
        "stats_dump_file",
        Syntax::Word,
        "Where statistics are dumped to.",
    )
    .lenient()
    .default("/tmp/keepalived.stats")
    .since(2, 3, 1),
    keyword("json_dump_file", Syntax::Word, "Where JSON is dumped to.")
        .lenient()
        .default("/tmp/keepalived.json")
        .since(2, 3, 1),
    keyword(
        "data_use_instance",
        Syntax::Flag,
        "Puts the instance's name into those file names.",
    )
    .since(2, 2, 4),
    keyword(
        "reload_check_config",
        Syntax::OptionalWord,
        "Tests a new configuration before a reload.",
    )
    .example("/tmp/check.log")
    .since(2, 2, 0),
    keyword(
        "reload_time_file",
        Syntax::Word,
        "A file that says when to reload.",
    )
    .lenient()
    .since(2, 1, 0),
    keyword(
        "reload_repeat",
        Syntax::Flag,
        "That reload comes back daily.",
    )
    .since(2, 1, 0),
    keyword(
        "reload_file",
        Syntax::OptionalWord,
        "A file that exists during a reload.",
    )
    .example("/run/reload")
    .since(2, 2, 0),
    keyword(
        "include_check",
        Syntax::OptionalWords,
        "How strict include is.",
    )
    .example("+match -wildcard_match")
    .refused("everything")
    .since(2, 2, 0),
    keyword(
        "config_save_dir",
        Syntax::Word,
        "Where copies of the configuration are kept.",
    )
    .since(2, 2, 4),
    keyword(
        "tmp_config_directory",
        Syntax::Word,
        "Where the working copy lives.",
    )
    .lenient()
    .since(2, 2, 0),
    keyword("iproute_usr_dir", Syntax::Word, "iproute2's own tables.")
        .lenient()
        .since(2, 3, 1),
    keyword("iproute_etc_dir", Syntax::Word, "iproute2's local tables.")
        .lenient()
        .since(2, 3, 1),
];
