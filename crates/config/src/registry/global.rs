//! Keywords of `global_defs`.

use super::global_control::CONTROL;
use super::global_resources::RESOURCES;
use super::global_vrrp::DEFAULTS;
use super::{Keyword, Syntax, UINT, decimal, int, join, keyword};

/// All of them: the daemon's own, its resources, and the defaults of VRRP instances.
pub(super) const GLOBAL: &[Keyword] = &join::<{ OWN.len() + DEFAULTS.len() }>(OWN, DEFAULTS);
const OWN: &[Keyword] = &join::<{ DAEMON.len() + FURTHER.len() }>(DAEMON, FURTHER);
const FURTHER: &[Keyword] = &join::<{ CONTROL.len() + RESOURCES.len() }>(CONTROL, RESOURCES);

const DAEMON: &[Keyword] = &[
    // Identity, mail, processes
    keyword(
        "router_id",
        Syntax::Word,
        "The name of this host in mails and SNMP; it need not be the host's name.",
    )
    .arguments("NAME")
    .example("lb1")
    .lenient()
    .default("the host's name")
    .acts(),
    keyword(
        "notification_email",
        Syntax::Lines,
        "Who gets mail about changes of state, an address a line; without one, or without \
         smtp_server, none is sent.",
    )
    .arguments("{ ADDRESS... }")
    .example("admin@example.org; root@example.org")
    .acts(),
    keyword(
        "notification_email_from",
        Syntax::Words,
        "The sender of mails, with or without a name.",
    )
    .arguments("[NAME] <ADDRESS>|ADDRESS")
    .example("Standfast <root@example.org>")
    .lenient()
    .default("root@host")
    .acts(),
    keyword(
        "smtp_server",
        Syntax::Words,
        "The mail server that mails are given to, by address or name.",
    )
    .arguments("HOST [PORT]")
    .example("192.0.2.25 587")
    .refused("192.0.2.25 70000")
    .default("port 25")
    .acts(),
    keyword(
        "smtp_helo_name",
        Syntax::OptionalWord,
        "The name that the daemon calls itself in HELO.",
    )
    .arguments("[HOST]")
    .example("lb1.example.org")
    .default("the host's name")
    .acts(),
    keyword(
        "smtp_connect_timeout",
        int(0, 4294),
        "Time that connecting to the mail server, and each later step, may take; 0 counts as 1.",
    )
    .seconds()
    .default("30")
    .acts(),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Whether mail is sent about changes, for instances, groups and servers that do not say.",
    )
    .default("off for instances and virtual servers, on for real servers")
    .acts(),
    keyword(
        "smtp_alert_vrrp",
        Syntax::Bool,
        "As smtp_alert, for instances and sync groups; it goes before smtp_alert.",
    )
    .acts(),
    keyword(
        "smtp_alert_checker",
        Syntax::Bool,
        "As smtp_alert, for virtual and real servers; it goes before smtp_alert.",
    ),
    keyword(
        "no_email_faults",
        Syntax::Flag,
        "Sends no mail when an instance goes into fault.",
    )
    .acts(),
    keyword(
        "no_checker_emails",
        Syntax::Flag,
        "Sends mail when a real server comes up or goes down, and none for each of its \
         checkers.",
    ),
    keyword(
        "process_names",
        Syntax::Flag,
        "Gives each process a name of its own: keepalived_vrrp, and so on.",
    )
    .acts(),
    keyword(
        "process_name",
        Syntax::Word,
        "The parent process's name, at most 15 bytes.",
    )
    .arguments("NAME")
    .example("standfast")
    .refused("sixteen-letters-")
    .since(2, 2, 0)
    .acts(),
    keyword(
        "vrrp_process_name",
        Syntax::Word,
        "The VRRP process's name, at most 15 bytes.",
    )
    .arguments("NAME")
    .example("standfast")
    .refused("sixteen-letters-")
    .acts(),
    keyword(
        "checker_process_name",
        Syntax::Word,
        "The checker process's name, at most 15 bytes.",
    )
    .arguments("NAME")
    .example("standfast")
    .refused("sixteen-letters-")
    .since(2, 2, 0),
    keyword(
        "lvs_process_name",
        Syntax::Word,
        "The old name of checker_process_name.",
    )
    .arguments("NAME")
    .example("standfast")
    .refused("sixteen-letters-"),
    keyword(
        "bfd_process_name",
        Syntax::Word,
        "The BFD process's name, at most 15 bytes.",
    )
    .arguments("NAME")
    .example("standfast")
    .refused("sixteen-letters-"),
    keyword(
        "startup_script",
        Syntax::Command,
        "Runs once, before the daemon begins its work: to set up a firewall, say.",
    )
    .example("/usr/local/bin/notify.sh")
    .lenient()
    .since(2, 1, 0)
    .acts(),
    keyword(
        "shutdown_script",
        Syntax::Command,
        "Runs once, after the daemon has ended its work.",
    )
    .example("/usr/local/bin/notify.sh")
    .lenient()
    .since(2, 1, 0)
    .acts(),
    keyword(
        "startup_script_timeout",
        int(1, 1000),
        "Time after which the startup script is killed.",
    )
    .lenient()
    .seconds()
    .default("10")
    .since(2, 1, 0)
    .acts(),
    keyword(
        "shutdown_script_timeout",
        int(1, 1000),
        "Time after which the shutdown script is killed.",
    )
    .lenient()
    .seconds()
    .default("10")
    .since(2, 1, 0)
    .acts(),
    keyword(
        "umask",
        Syntax::Words,
        "Permissions that files of the daemon's making (FIFOs, dumps) lack, as a number or as \
         names of bits.",
    )
    .arguments("NUMBER|BIT[|BIT]...")
    .example("IXUSR | IRGRP")
    .refused("1000")
    .default("0177")
    .acts(),
    keyword(
        "random_seed",
        UINT,
        "Where random numbers begin: those of `${_RANDOM}`, and the spread of checks.",
    )
    .default("the time")
    .acts(),
    // Firewall
    keyword(
        "nftables",
        Syntax::OptionalWord,
        "Drops packets (no_accept, virtual MACs) by nftables, in a table of that name.",
    )
    .default("keepalived, where rules are needed")
    .arguments("[TABLE]")
    .example("filter")
    .acts(),
    keyword(
        "nftables_priority",
        int(-2_147_483_648, 2_147_483_647),
        "Priority of the chains in that table: lower ones see packets first.",
    )
    .default("-1")
    .acts(),
    keyword(
        "nftables_ifindex",
        Syntax::Flag,
        "Rules match interfaces by number instead of name, which is faster and fails when an \
         interface is made anew.",
    )
    .acts(),
    keyword(
        "nftables_counters",
        Syntax::Flag,
        "Rules count the packets that they match.",
    )
    .acts(),
    keyword(
        "vrrp_iptables",
        Syntax::OptionalWords,
        "Drops packets by iptables, in chains that exist already: INPUT and OUTPUT unless \
         named.",
    )
    .arguments("[IN [OUT]]")
    .example("VRRP_IN VRRP_OUT")
    .needless("drop rules are set by nftables"),
    keyword(
        "vrrp_ipsets",
        Syntax::OptionalWords,
        "Keeps addresses for iptables in ipsets, whose names may be given; alone it keeps \
         them out of ipsets.",
    )
    .arguments("[IPV4 [IPV6 [INTERFACE6 [IGMP [MLD [ND]]]]]]")
    .example("vips vips6")
    .needless("drop rules and their addresses are in nftables"),
    keyword(
        "nftables_ipvs",
        Syntax::OptionalWord,
        "Marks the packets of virtual server groups by nftables, in a table of that name, so \
         that IPVS needs one service for each group.",
    )
    .default("keepalived_ipvs")
    .arguments("[TABLE]")
    .example("marks")
    .since(2, 2, 4),
    keyword(
        "nftables_ipvs_priority",
        int(-2_147_483_648, 2_147_483_647),
        "Priority of the chains that mark packets.",
    )
    .default("-1")
    .since(2, 2, 4),
    keyword(
        "nftables_ipvs_start_fwmark",
        int(1, 4_294_967_295),
        "The first firewall mark that is used for that.",
    )
    .default("1000")
    .since(2, 2, 4),
    // LVS
    keyword(
        "lvs_timeouts",
        Syntax::Words,
        "How long IPVS remembers a connection without packets: of TCP, of TCP after FIN, and \
         of UDP; 0 leaves one as it is.",
    )
    .arguments("[tcp SECONDS] [tcpfin SECONDS] [udp SECONDS]")
    .example("tcp 900 tcpfin 120 udp 300")
    .refused("tcp soon")
    .lenient()
    .seconds(),
    keyword(
        "lvs_flush",
        Syntax::Flag,
        "Empties the kernel's IPVS table at the start, also of services that others made.",
    ),
    keyword(
        "lvs_flush_on_stop",
        Syntax::OptionalWord,
        "Empties the kernel's IPVS table at the end, which is quicker than removing each \
         server; with VS only of our own services.",
    )
    .arguments("[VS]")
    .example("VS")
    .refused("RS")
    .since(2, 2, 0),
    keyword(
        "lvs_flush_onstop",
        Syntax::OptionalWord,
        "The old name of lvs_flush_on_stop.",
    )
    .arguments("[VS]")
    .example("VS")
    .refused("RS"),
    keyword(
        "checker_log_all_failures",
        Syntax::Bool,
        "Logs every failed check, not only those that change a server's state.",
    ),
    keyword(
        "rs_init_notifies",
        Syntax::Flag,
        "Runs notify_up also for real servers that count as up from the start.",
    ),
    keyword(
        "snmp_vs_stats_update_interval",
        decimal(1000, 30_000_000),
        "How old the statistics of virtual servers may be that SNMP is told.",
    )
    .lenient()
    .seconds()
    .default("5")
    .since(2, 3, 0),
    keyword(
        "snmp_rs_stats_update_interval",
        decimal(1000, 30_000_000),
        "How old the statistics of real servers may be that SNMP is told.",
    )
    .lenient()
    .seconds()
    .since(2, 3, 0),
    // Notification, scripts
    keyword(
        "notify_fifo",
        Syntax::Words,
        "A FIFO that is told of every change of state, of instances and of servers, a line \
         each; it is made if missing, for that user and group.",
    )
    .arguments("PATH [USER [GROUP]]")
    .example("/run/vrrp.fifo root")
    .lenient()
    .acts(),
    keyword(
        "vrrp_notify_fifo",
        Syntax::Words,
        "A FIFO that is told of every change of state of instances and sync groups.",
    )
    .arguments("PATH [USER [GROUP]]")
    .example("/run/vrrp.fifo root")
    .lenient()
    .acts(),
    keyword(
        "lvs_notify_fifo",
        Syntax::Words,
        "A FIFO that is told of every change of state of virtual and real servers.",
    )
    .arguments("PATH [USER [GROUP]]")
    .example("/run/lvs.fifo root")
    .lenient(),
    keyword(
        "notify_fifo_script",
        Syntax::Command,
        "A program that the daemon starts to read notify_fifo; the FIFO's path is its last \
         word.",
    )
    .example("/usr/local/bin/notify.sh")
    .lenient()
    .acts(),
    keyword(
        "vrrp_notify_fifo_script",
        Syntax::Command,
        "A program that the daemon starts to read vrrp_notify_fifo; the FIFO's path is its \
         last word.",
    )
    .example("/usr/local/bin/notify.sh")
    .lenient()
    .acts(),
    keyword(
        "lvs_notify_fifo_script",
        Syntax::Command,
        "A program that the daemon starts to read lvs_notify_fifo; the FIFO's path is its \
         last word.",
    )
    .example("/usr/local/bin/notify.sh")
    .lenient(),
    keyword(
        "fifo_write_vrrp_states_on_reload",
        Syntax::Flag,
        "FIFOs are told every instance's state after a reload, also of those that did not \
         change.",
    )
    .since(2, 2, 7)
    .acts(),
    keyword(
        "script_user",
        Syntax::Words,
        "The user, and optionally the group, as whom scripts run that name none.",
    )
    .arguments("USER [GROUP]")
    .example("root")
    .refused("nobody-here")
    .lenient()
    .default("keepalived_script if it exists, else root")
    .acts(),
    keyword(
        "enable_script_security",
        Syntax::Flag,
        "Refuses to run a script as root where somebody else can write to it or to a folder \
         on its path.",
    )
    .acts(),
    keyword(
        "use_symlink_paths",
        Syntax::Bool,
        "Runs scripts by the path as it is written, instead of the one that symbolic links \
         lead to.",
    )
    .since(2, 3, 0)
    .needless("scripts are always run by the path as it is written"),
    keyword(
        "set_supplementary_groups",
        Syntax::Bool,
        "Scripts run with all groups of their user, not with one only.",
    )
    .since(2, 4, 1)
    .acts(),
    // Observability and the rest
    keyword(
        "snmp_socket",
        Syntax::Word,
        "Where the SNMP daemon (AgentX master) listens.",
    )
    .arguments("ADDRESS")
    .example("unix:/run/agentx")
    .lenient()
    .default("unix:/var/agentx/master"),
    keyword(
        "enable_traps",
        Syntax::Flag,
        "Sends SNMP traps when states change.",
    ),
    keyword(
        "enable_snmp_vrrp",
        Syntax::Flag,
        "Serves keepalived's own VRRP MIB.",
    ),
    keyword(
        "enable_snmp_keepalived",
        Syntax::Flag,
        "The old name of enable_snmp_vrrp.",
    ),
    keyword(
        "enable_snmp_checker",
        Syntax::Flag,
        "Serves keepalived's own MIB of virtual and real servers.",
    ),
    keyword(
        "enable_snmp_rfc",
        Syntax::Flag,
        "Serves the MIBs of RFC 2787 (version 2) and RFC 6527 (version 3).",
    ),
    keyword(
        "enable_snmp_rfcv2",
        Syntax::Flag,
        "Serves the MIB of RFC 2787, which is that of version 2.",
    ),
    keyword(
        "enable_snmp_rfcv3",
        Syntax::Flag,
        "Serves the MIB of RFC 6527, which is that of version 3.",
    ),
    keyword(
        "enable_dbus",
        Syntax::Flag,
        "Tells states and takes requests over D-Bus.",
    ),
    keyword(
        "dbus_service_name",
        Syntax::Word,
        "The name by which the daemon is found on D-Bus.",
    )
    .arguments("NAME")
    .lenient()
    .default("org.keepalived.Vrrp1"),
    keyword(
        "dbus_no_interface_name",
        Syntax::Word,
        "What stands for the interface in the D-Bus path of instances without one.",
    )
    .arguments("NAME")
    .lenient()
    .since(2, 3, 0),
    keyword(
        "json_version",
        int(1, 2),
        "The shape of the JSON dump: 1 is a list of instances, 2 an object with more in it.",
    )
    .lenient()
    .default("1")
    .since(2, 2, 8)
    .acts(),
    keyword(
        "state_dump_file",
        Syntax::Word,
        "The file that states are dumped to on SIGUSR1.",
    )
    .arguments("PATH")
    .lenient()
    .default("/tmp/keepalived.data")
    .since(2, 3, 1)
    .acts(),
    keyword(
        "stats_dump_file",
        Syntax::Word,
        "The file that statistics are dumped to on SIGUSR2.",
    )
    .arguments("PATH")
    .lenient()
    .default("/tmp/keepalived.stats")
    .since(2, 3, 1)
    .acts(),
    keyword(
        "json_dump_file",
        Syntax::Word,
        "The file that JSON is dumped to on a signal.",
    )
    .arguments("PATH")
    .lenient()
    .default("/tmp/keepalived.json")
    .since(2, 3, 1)
    .acts(),
    keyword(
        "data_use_instance",
        Syntax::Flag,
        "Puts the names of the network namespace and of the process (`instance`) into those \
         files' names.",
    )
    .since(2, 2, 4)
    .acts(),
    keyword(
        "reload_check_config",
        Syntax::OptionalWord,
        "Tests a new configuration before a reload, and keeps the old one where it has \
         errors; the complaints go to that file.",
    )
    .arguments("[PATH]")
    .example("/tmp/check.log")
    .since(2, 2, 0)
    .acts(),
    keyword(
        "reload_time_file",
        Syntax::Word,
        "A file that holds the time, or date and time, of the next reload.",
    )
    .arguments("PATH")
    .example("/etc/keepalived/reload-at")
    .lenient()
    .since(2, 1, 0)
    .acts(),
    keyword(
        "reload_repeat",
        Syntax::Flag,
        "A time without a date in reload_time_file counts every day.",
    )
    .since(2, 1, 0)
    .acts(),
    keyword(
        "reload_file",
        Syntax::OptionalWord,
        "A file that exists while a reload is under way, for programs that wait for it.",
    )
    .arguments("[PATH]")
    .example("/run/reload")
    .since(2, 2, 0)
    .acts(),
    keyword(
        "include_check",
        Syntax::OptionalWords,
        "What makes a later include an error: a file that can't be read, a path or a pattern \
         that matches nothing, an alternative in braces that is missing; all without a word, \
         `+` and `-` add to and take from what holds.",
    )
    .arguments("[[+|-]read|match|wildcard_match|brace_match]...")
    .example("+match -wildcard_match")
    .refused("everything")
    .since(2, 2, 0)
    .acts(),
    keyword(
        "journal",
        Syntax::Word,
        "The folder in which events are kept across restarts (standfast events), or off: in memory \
         only.",
    )
    .arguments("off|PATH")
    .example("/var/lib/standfast/journal")
    .refused("journal")
    .ours()
    .default("below /var/lib/standfast")
    .acts(),
    keyword(
        "journal_size",
        int(1, 256),
        "Room for the events that are kept, in MiB; the oldest go.",
    )
    .ours()
    .default("4")
    .acts(),
    keyword(
        "config_save_dir",
        Syntax::Word,
        "Where copies of the configuration are kept at each reload, to find faults of \
         reloading.",
    )
    .arguments("PATH")
    .example("/var/lib/keepalived")
    .since(2, 2, 4)
    .acts(),
    keyword(
        "tmp_config_directory",
        Syntax::Word,
        "Where the working copy of the configuration lives, instead of in memory.",
    )
    .arguments("PATH")
    .example("/var/tmp")
    .lenient()
    .since(2, 2, 0)
    .needless(
        "the processes share the configuration in memory and there is no copy to be put anywhere",
    ),
    keyword(
        "iproute_usr_dir",
        Syntax::Word,
        "The folder with iproute2's own names of tables, protocols and scopes.",
    )
    .arguments("PATH")
    .example("/usr/share/iproute2")
    .lenient()
    .since(2, 3, 1)
    .acts(),
    keyword(
        "iproute_etc_dir",
        Syntax::Word,
        "The folder with this host's names of tables, protocols and scopes.",
    )
    .arguments("PATH")
    .example("/etc/iproute2")
    .lenient()
    .since(2, 3, 1)
    .acts(),
];
