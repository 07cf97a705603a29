//! Keywords of `vrrp_instance` and `vrrp_script`; passwords and keys are in `authentication`, groups in `sync_group`.

use super::{Block, Keyword, Syntax, UINT, Unit, decimal, int, keyword};

pub(super) const SCRIPT: &[Keyword] = &[
    keyword(
        "script",
        Syntax::Command,
        "The command whose exit code 0 is success; `</path` runs nothing and asks whether the \
         file can be read.",
    )
    .example("\"/usr/bin/pgrep nginx\"")
    .lenient()
    .acts(),
    keyword(
        "interval",
        Syntax::Decimal {
            min: 0,
            max: MILLIS_MAX,
            digits: 3,
        },
        "Time from the start of one run to the next; 0 counts as 1.",
    )
    .seconds()
    .default("1")
    .acts(),
    keyword(
        "timeout",
        Syntax::Decimal {
            min: 0,
            max: MILLIS_MAX,
            digits: 3,
        },
        "Time one run may take before it counts as failed and its processes are killed.",
    )
    .seconds()
    .default("the interval")
    .acts(),
    keyword(
        "weight",
        Syntax::Words,
        "What a success (a number above 0) or a failure (below 0) adds to the priority of \
         instances whose tracking line gives no weight, from -253 to 253; with 0 a failure \
         puts them into fault, and `reverse` exchanges success and failure.",
    )
    .arguments("NUMBER [reverse]")
    .example("-10 reverse")
    .refused("254")
    .default("0, which makes failure a fault")
    .acts(),
    keyword(
        "rise",
        int(1, 2_147_483_647),
        "Successes in a row after which a failed script counts as good again.",
    )
    .default("1")
    .acts(),
    keyword(
        "fall",
        int(1, 2_147_483_647),
        "Failures in a row after which a good script counts as failed.",
    )
    .default("1")
    .acts(),
    keyword(
        "user",
        Syntax::Words,
        "The user, and optionally the group, as whom the script runs.",
    )
    .arguments("USER [GROUP]")
    .example("root")
    .refused("nobody-here")
    .default("script_user")
    .acts(),
    keyword(
        "init_fail",
        Syntax::Flag,
        "The script counts as failed at the start, until it has succeeded `rise` times.",
    )
    .acts(),
];

/// The longest decimal number of milliseconds keepalived holds, in millionths of a second.
const MILLIS_MAX: u64 = 4_294_967_295_000;

const SECONDS: Syntax = int(0, 4_294_967_295);

pub(super) const INSTANCE: &[Keyword] = &[
    // Identity and protocol
    keyword(
        "state",
        Syntax::Word,
        "The state that the node wants at first; the election by priority decides soon after, \
         so nopreempt needs BACKUP on all nodes.",
    )
    .arguments("MASTER|BACKUP")
    .example("BACKUP")
    .refused("Master")
    .default("BACKUP, or MASTER with priority 255")
    .acts(),
    keyword(
        "interface",
        Syntax::Interface,
        "The interface on which advertisements are sent and heard, and which holds addresses \
         that name no other; its loss is a fault.",
    )
    .acts(),
    keyword(
        "virtual_router_id",
        int(1, 255),
        "The number of the virtual router: the same on all its nodes, and used by no other on \
         the same network.",
    )
    .acts(),
    keyword(
        "priority",
        int(1, 255),
        "How much the node wants to be master: the highest wins, of equal ones the highest \
         address; 255 is for the owner, whose own addresses the virtual ones are.",
    )
    .default("100, or 255 with state MASTER")
    .acts(),
    keyword(
        "advert_int",
        decimal(10_000, 255_000_000),
        "Time between two advertisements, the same on all nodes; whole seconds in version 2, \
         hundredths up to 40.95 in version 3.",
    )
    .seconds()
    .default("1")
    .acts(),
    keyword(
        "version",
        int(2, 3),
        "VRRP version: 2 (RFC 3768, IPv4 only, whole seconds) or 3 (RFC 9568).",
    )
    .arguments("2|3")
    .default("vrrp_version; 3 for IPv6")
    .acts(),
    keyword(
        "authentication",
        Syntax::Block(Block::Authentication),
        "A password, which only version 2 has.",
    )
    .acts(),
    keyword(
        "auth_hmac",
        Syntax::Block(Block::AuthHmac),
        "Keys with which advertisements are signed.",
    )
    .since(2, 4, 0)
    .acts(),
    keyword(
        "native_ipv6",
        Syntax::Flag,
        "Had to stand in instances with IPv6 addresses, and has no effect.",
    )
    .deprecated("nothing: addresses tell the family")
    .needless("the family is that of the addresses"),
    keyword(
        "v3_checksum_as_v2",
        Syntax::Bool,
        "Leaves the pseudo header out of the checksum of IPv4 advertisements in version 3, as \
         some routers do.",
    )
    .default("that of global_defs")
    .since(2, 2, 8)
    .acts(),
    keyword(
        "old_unicast_checksum",
        Syntax::OptionalWord,
        "Speaks with unicast peers that run keepalived 1.3.6 or older, whose checksums \
         differ; `never` keeps this from being found out.",
    )
    .arguments("[never]")
    .example("never")
    .refused("sometimes")
    .default("found out by what is heard")
    .acts(),
    keyword(
        "down_timer_adverts",
        int(1, 100),
        "Advertisements that must be missed before a backup takes the master for dead.",
    )
    .default("vrrp_down_timer_adverts")
    .since(2, 2, 4)
    .acts(),
    keyword(
        "vrf",
        Syntax::Interface,
        "The VRF interface of an instance that has no interface of its own and reaches its \
         peers by unicast.",
    )
    .since(2, 2, 7)
    .acts(),
    keyword(
        "debug",
        int(0, 4),
        "A level of debugging, with hardly any effect.",
    )
    .default("0")
    .needless("what the log tells is chosen for the whole daemon (`-D`)"),
    // Addressing of advertisements
    keyword(
        "mcast_src_ip",
        Syntax::Address,
        "The address of ours that multicast advertisements come from.",
    )
    .example("192.0.2.2")
    .default("the interface's first address")
    .acts(),
    keyword(
        "unicast_src_ip",
        Syntax::Address,
        "The address of ours that unicast advertisements come from, and to which peers send \
         theirs.",
    )
    .example("192.0.2.2")
    .default("the interface's first address")
    .acts(),
    keyword(
        "unicast_peer",
        Syntax::Lines,
        "The other nodes' addresses: advertisements go to each of these instead of the \
         multicast group, for networks without multicast; bounds on the TTL of what a peer \
         sends may follow.",
    )
    .arguments("{ ADDRESS [min_ttl NUMBER] [max_ttl NUMBER]... }")
    .example("10.0.0.2 min_ttl 254")
    .refused("10.0.0.300")
    .acts(),
    keyword(
        "unicast_fault_no_peer",
        Syntax::Flag,
        "An instance with an empty list of peers goes into fault instead of falling back to \
         multicast.",
    )
    .since(2, 2, 7)
    .acts(),
    keyword(
        "unicast_ttl",
        int(0, 255),
        "TTL, or hop limit, of the unicast advertisements that are sent.",
    )
    .default("255")
    .since(2, 1, 0)
    .acts(),
    keyword(
        "check_unicast_src",
        Syntax::Bool,
        "Drops unicast advertisements from addresses that are no peers; off believes anybody, and without a word a \
         stranger is believed until a peer is heard.",
    )
    .default("vrrp_check_unicast_src")
    .acts()
    .since(2, 1, 0),
    keyword(
        "mcast_dst_ip",
        Syntax::Address,
        "The multicast group that advertisements are sent to, instead of VRRP's own.",
    )
    .example("224.0.0.19")
    .refused("10.0.0.7")
    .default("vrrp_mcast_group4 or 6")
    .since(2, 2, 7)
    .acts(),
    keyword(
        "track_src_ip",
        Syntax::Flag,
        "The instance is in fault while the host lacks the address that mcast_src_ip or \
         unicast_src_ip names.",
    )
    .acts(),
    keyword(
        "kernel_rx_buf_size",
        UINT,
        "What the instance adds to the receive buffer of the socket that it shares with others.",
    )
    .default("vrrp_rx_bufs_policy")
    .lenient()
    .unit(Unit::Bytes)
    .acts(),
    // Interface and virtual MAC
    keyword(
        "use_vmac",
        Syntax::OptionalWords,
        "Holds the addresses on a macvlan interface with the virtual router's MAC \
         (00:00:5e:00:01:VRID), so that neighbours need not learn a new one; a name, another \
         interface, another MAC and a group may be given.",
    )
    .arguments("[[name] INTERFACE] [MAC] [netlink_notify_msg] [group GROUP]")
    .example("vrrp.51 02:00:00:00:00:01")
    .refused("01:00:5e:00:00:01")
    .acts(),
    keyword(
        "vmac_xmit_base",
        Syntax::Flag,
        "With use_vmac, sends advertisements from the parent interface and its MAC all the \
         same.",
    )
    .acts(),
    keyword(
        "use_vmac_addr",
        Syntax::Flag,
        "With use_vmac, also makes macvlan interfaces for addresses that lie on other \
         interfaces.",
    )
    .since(2, 2, 0)
    .acts(),
    keyword(
        "use_ipvlan",
        Syntax::OptionalWords,
        "Holds the addresses on an ipvlan interface, for switches that allow one MAC on a port.",
    )
    .arguments("[[name] INTERFACE] [ADDRESS] [bridge|private|vepa] [group GROUP]")
    .example("ipv.51 10.0.0.5 bridge")
    .refused("one two")
    .acts(),
    keyword(
        "dont_track_primary",
        Syntax::Flag,
        "The loss of the instance's own interface is no fault.",
    )
    .acts(),
    keyword(
        "promote_secondaries",
        Syntax::Flag,
        "Sets the kernel's promote_secondaries on the interface, so that the removal of an \
         address does not take others of its network with it.",
    )
    .acts(),
    keyword(
        "linkbeat_use_polling",
        Syntax::Flag,
        "Asks the driver for the interface's link state every second instead of waiting for \
         the kernel's news.",
    )
    .deprecated("linkbeat_interfaces")
    .needless("the kernel's link state is used, which it tells at once and all drivers of today set: a request to poll is accepted and nothing is polled"),
    // Addresses
    keyword(
        "virtual_ipaddress",
        Syntax::Lines,
        "The addresses that the master holds and advertises, all of one family and the same \
         on all nodes.",
    )
    .arguments(
        "{ ADDRESS[/LENGTH] [brd ADDRESS|+|-] [dev INTERFACE] [scope SCOPE] [label LABEL] \
         [peer ADDRESS] [home] [-nodad] [noprefixroute] [no_track] [use_vmac [NAME]] \
         [preferred_lft SECONDS|forever]... }",
    )
    .example("10.9.0.1/24 dev eth1; 10.9.0.2")
    .refused("10.9.0.1 10.9.0.2")
    .acts(),
    keyword(
        "virtual_ipaddress_excluded",
        Syntax::Lines,
        "Addresses that the master holds and does not advertise: of the other family, say, or \
         more than a packet has room for.",
    )
    .arguments("{ ADDRESS[/LENGTH] [OPTION]... }")
    .example("10.9.0.1/24 dev eth1")
    .refused("10.9.0.1 10.9.0.2")
    .acts(),
    keyword(
        "virtual_routes",
        Syntax::Lines,
        "Routes that the master holds, in the words of ip-route(8).",
    )
    .arguments(
        "{ [TYPE] DESTINATION [via ADDRESS] [dev INTERFACE] [src ADDRESS] [table TABLE] \
         [metric NUMBER] [no_track] [OPTION]... }",
    )
    .example("10.9.0.0/16 via 10.0.0.1 dev eth0 metric 5")
    .refused("10.9.0.0/16 via nowhere")
    .acts(),
    keyword(
        "virtual_rules",
        Syntax::Lines,
        "Routing rules that the master holds, in the words of ip-rule(8).",
    )
    .arguments(
        "{ [not] [from PREFIX] [to PREFIX] [iif INTERFACE] [fwmark MARK] table TABLE|ACTION \
         [preference NUMBER] [no_track] [OPTION]... }",
    )
    .example("from 10.9.0.0/16 table 5 preference 100")
    .refused("from 10.9.0.0/16 table main table local")
    .acts(),
    keyword(
        "no_virtual_ipaddress",
        Syntax::Flag,
        "Allows an instance without virtual_ipaddress, for the sake of its scripts and other \
         addresses.",
    )
    .since(2, 2, 8)
    .acts(),
    keyword(
        "accept",
        Syntax::Flag,
        "The master takes packets to the addresses also when it is not their owner.",
    )
    .default("on, but off under strict mode")
    .acts(),
    keyword(
        "no_accept",
        Syntax::Flag,
        "Firewall rules drop packets to the addresses unless the node is their owner, as RFC \
         9568 has it by default.",
    )
    .acts(),
    // Election
    keyword(
        "nopreempt",
        Syntax::Flag,
        "A node that comes back does not take the addresses from a master with a lower \
         priority; needs state BACKUP.",
    )
    .acts(),
    keyword(
        "preempt",
        Syntax::Flag,
        "Takes an earlier nopreempt back: the highest priority becomes master at once.",
    )
    .default("on")
    .acts(),
    keyword(
        "preempt_delay",
        decimal(0, 1_000_000_000),
        "Time for which a lower master is left alone before it is displaced, so that this \
         node's services can start.",
    )
    .seconds()
    .default("0")
    .acts(),
    keyword(
        "skip_check_adv_addr",
        Syntax::Bool,
        "Compares the addresses in advertisements with our own only when the master changes, \
         not in each.",
    )
    .default("vrrp_skip_check_adv_addr")
    .acts(),
    keyword(
        "strict_mode",
        Syntax::Bool,
        "Keeps to the letter of the RFC and refuses what goes beyond it: passwords, unicast \
         peers, and access to the addresses unless owner.",
    )
    .default("vrrp_strict")
    .acts(),
    keyword(
        "lower_prio_no_advert",
        Syntax::Bool,
        "A master does not answer advertisements of a lower priority with one of its own.",
    )
    .default("vrrp_lower_prio_no_advert")
    .acts(),
    keyword(
        "higher_prio_send_advert",
        Syntax::Bool,
        "A master that hears a higher priority sends one last advertisement before it yields.",
    )
    .default("vrrp_higher_prio_send_advert")
    .acts(),
    keyword(
        "owner_ignore_adverts",
        Syntax::Flag,
        "An owner (priority 255) yields to nobody, whatever it hears.",
    )
    .default("vrrp_owner_ignore_adverts")
    .since(2, 3, 1)
    .acts(),
    keyword(
        "handover",
        Syntax::Choice(&["overlap", "exclusive", "immediate"]),
        "How a master leaves on purpose: answers until its successor is there, or first runs its \
         scripts and lets go, or lets go at once as keepalived does.",
    )
    .ours()
    .default("exclusive with scripts that act on the role, else overlap; strict mode: immediate")
    .acts(),
    keyword(
        "peer_channel",
        Syntax::Bool,
        "Speaks with the other Standfast nodes of the virtual router beside VRRP, so that an address \
         moves in milliseconds; nodes that don't speak it are not concerned.",
    )
    .arguments("[on|off]")
    .ours()
    .default("the global one; strict mode: off")
    .acts(),
    keyword(
        "fast_detect",
        Syntax::Words,
        "Peers watch the master's node over the peer channel at that interval (10 ms to 10 s; a number \
         without a unit is in seconds); so many missing signs of life (3 unless given) are a suspicion, \
         which is verified before anybody takes over. A node that comes back is not watched for 10 s, \
         after each further silence twice as long.",
    )
    .arguments("TIME [xCOUNT]|off")
    .ours()
    .default("the global one")
    .example("50ms x3")
    .refused("5ms")
    .acts(),
    keyword(
        "start_probe",
        Syntax::Bool,
        "A starting node that hears nobody for one interval and the skew, and whose probes for its \
         first address nobody answers, serves then instead of after the whole down interval; not \
         with unicast peers, and not in strict mode.",
    )
    .ours()
    .default("start_probe of global_defs")
    .acts(),
    keyword(
        "timer_expired_backup",
        Syntax::OptionalInteger { min: 1, max: 254 },
        "After a stall of the host an instance with nopreempt goes to backup, when a peer of \
         that priority (254 unless given) must have taken over meanwhile.",
    )
    .since(2, 2, 8)
    .acts(),
    keyword(
        "thread_timer_expired",
        Syntax::OptionalInteger { min: 1, max: 254 },
        "The same as timer_expired_backup.",
    )
    .since(2, 2, 8)
    .acts(),
    // Announcements
    keyword(
        "garp_master_delay",
        SECONDS,
        "Time from becoming master to a second burst of gratuitous ARPs; 0 sends none.",
    )
    .seconds()
    .default("vrrp_garp_master_delay")
    .acts(),
    keyword(
        "garp_master_repeat",
        SECONDS,
        "Gratuitous ARPs, or neighbour advertisements, for each address in a burst.",
    )
    .default("vrrp_garp_master_repeat")
    .acts(),
    keyword(
        "garp_master_refresh",
        SECONDS,
        "Time between further bursts while the node is master; 0 sends none.",
    )
    .seconds()
    .default("vrrp_garp_master_refresh")
    .acts(),
    keyword(
        "garp_master_refresh_repeat",
        SECONDS,
        "Gratuitous ARPs for each address in such a further burst.",
    )
    .default("vrrp_garp_master_refresh_repeat")
    .acts(),
    keyword(
        "garp_lower_prio_delay",
        SECONDS,
        "Time to a second burst after a master has heard, and silenced, a lower one.",
    )
    .seconds()
    .default("vrrp_garp_lower_prio_delay")
    .acts(),
    keyword(
        "garp_lower_prio_repeat",
        SECONDS,
        "Gratuitous ARPs for each address after a master has heard a lower one.",
    )
    .default("vrrp_garp_lower_prio_repeat")
    .acts(),
    keyword(
        "garp_extra_if",
        Syntax::Words,
        "Announces every so many seconds, 0 to 86400, on virtual MAC interfaces other than \
         the instance's own that hold its addresses; `all` on any such interface.",
    )
    .default("vrrp_garp_extra_if")
    .arguments("[all] SECONDS")
    .example("all 60")
    .refused("all")
    .lenient()
    .seconds()
    .since(2, 2, 4)
    .acts(),
    keyword(
        "vmac_garp_intvl",
        Syntax::Words,
        "The old name of garp_extra_if.",
    )
    .arguments("[all] SECONDS")
    .example("all 60")
    .refused("all")
    .lenient()
    .deprecated("garp_extra_if")
    .seconds()
    .acts(),
    // Tracking
    keyword(
        "track_interface",
        Syntax::Lines,
        "Interfaces that must be up: without a weight the loss of one is a fault, with one \
         its state (below 0: its loss) changes the priority.",
    )
    .arguments("{ INTERFACE [weight NUMBER [reverse]]... }")
    .example("eth1 weight -10")
    .refused("eth1 weight 255")
    .acts(),
    keyword(
        "track_script",
        Syntax::Lines,
        "Scripts (vrrp_script) that must succeed: without a weight, here or there, failure is \
         a fault, with one it changes the priority.",
    )
    .arguments("{ SCRIPT [weight NUMBER [reverse|noreverse]]... }")
    .example("s1 weight -10 reverse")
    .refused("nobody")
    .acts(),
    keyword(
        "track_check",
        Syntax::Lines,
        "Built-in checks (vrrp_check) that must succeed: without a weight, here or there, failure is a fault, with one it changes the priority.",
    )
    .arguments("{ CHECK [weight NUMBER [reverse|noreverse]]... }")
    .example("c1 weight -10 reverse")
    .refused("nobody")
    .ours()
    .acts(),
    keyword(
        "track_file",
        Syntax::Lines,
        "Files (track_file) whose number, times the weight, is added to the priority; with \
         weight 0 a number other than 0 is a fault.",
    )
    .arguments("{ FILE [weight NUMBER [reverse|noreverse]]... }")
    .example("f1 weight 5")
    .refused("nobody")
    .acts(),
    keyword(
        "track_process",
        Syntax::Lines,
        "Processes (vrrp_track_process) that must run: without a weight their end is a fault, \
         with one it changes the priority.",
    )
    .arguments("{ PROCESS [weight NUMBER [reverse|noreverse]]... }")
    .example("p1 weight 5")
    .refused("nobody")
    .acts(),
    keyword(
        "track_bfd",
        Syntax::Lines,
        "BFD sessions (bfd_instance) that must be up: without a weight the loss of one is a \
         fault, with one it changes the priority.",
    )
    .arguments("{ SESSION [weight NUMBER [reverse|noreverse]]... }")
    .example("bfd1 weight 5 reverse")
    .refused("nobody"),
    // Notifications
    keyword(
        "notify_master",
        Syntax::Command,
        "Runs when the instance becomes master.",
    )
    .example("\"/usr/local/bin/notify.sh master\"")
    .acts(),
    keyword(
        "notify_backup",
        Syntax::Command,
        "Runs when the instance becomes backup.",
    )
    .example("\"/usr/local/bin/notify.sh backup\"")
    .acts(),
    keyword(
        "notify_fault",
        Syntax::Command,
        "Runs when the instance goes into fault.",
    )
    .example("\"/usr/local/bin/notify.sh fault\"")
    .acts(),
    keyword(
        "notify_stop",
        Syntax::Command,
        "Runs when the daemon stops.",
    )
    .example("\"/usr/local/bin/notify.sh stop\"")
    .acts(),
    keyword(
        "notify_deleted",
        Syntax::OptionalCommand,
        "Runs when a reload removes the instance; without a command such an instance is \
         reported as DELETED instead of FAULT.",
    )
    .since(2, 1, 0)
    .acts(),
    keyword(
        "notify",
        Syntax::Command,
        "Runs on every change of state, with four more words: INSTANCE, its name, the new \
         state and the priority.",
    )
    .example("/usr/local/bin/notify.sh")
    .acts(),
    keyword(
        "notify_master_rx_lower_pri",
        Syntax::Command,
        "Runs when a master hears an advertisement of a lower priority, a sign that two nodes \
         were master at once.",
    )
    .acts(),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Sends mail when the state changes.",
    )
    .default("smtp_alert_vrrp")
    .acts(),
    keyword(
        "notify_priority_changes",
        Syntax::Bool,
        "Notification FIFOs also hear when the priority changes.",
    )
    .default("vrrp_notify_priority_changes")
    .acts(),
    keyword(
        "lvs_sync_daemon_interface",
        Syntax::Interface,
        "Runs the IPVS connection sync daemon on that interface, as master or backup like the \
         instance.",
    )
    .deprecated("lvs_sync_daemon in global_defs"),
];
