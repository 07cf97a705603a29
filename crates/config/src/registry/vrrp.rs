//! Keywords of `vrrp_instance`, `vrrp_sync_group` and `vrrp_script`.

use super::{Block, Keyword, Syntax, UINT, Unit, decimal, int, keyword};

pub(super) const SCRIPT: &[Keyword] = &[
    keyword(
        "script",
        Syntax::Command,
        "The command, or </path for whether a file can be read.",
    )
    .lenient()
    .acts(),
    keyword(
        "interval",
        Syntax::Decimal {
            min: 0,
            max: MILLIS_MAX,
            digits: 3,
        },
        "Time between two runs.",
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
        "Time one run may take.",
    )
    .seconds()
    .default("the interval")
    .acts(),
    keyword(
        "weight",
        Syntax::Words,
        "Priority change, -253 to 253, and optionally reverse.",
    )
    .example("-10 reverse")
    .refused("254")
    .default("0, which makes failure a fault")
    .acts(),
    keyword(
        "rise",
        int(1, 2_147_483_647),
        "Successes in a row that make it up.",
    )
    .default("1")
    .acts(),
    keyword(
        "fall",
        int(1, 2_147_483_647),
        "Failures in a row that make it down.",
    )
    .default("1")
    .acts(),
    keyword(
        "user",
        Syntax::Words,
        "Who runs it: a user, and optionally a group.",
    )
    .example("root")
    .refused("nobody-here")
    .default("script_user")
    .acts(),
    keyword(
        "init_fail",
        Syntax::Flag,
        "Takes it as failed until it succeeds.",
    )
    .acts(),
];

/// The longest decimal number of milliseconds keepalived holds, in millionths of a second.
const MILLIS_MAX: u64 = 4_294_967_295_000;

pub(super) const AUTHENTICATION: &[Keyword] = &[
    keyword(
        "auth_type",
        Syntax::Word,
        "PASS for a password, AH for an IP authentication header.",
    )
    .example("AH")
    .refused("NONE")
    .acts(),
    keyword(
        "auth_pass",
        Syntax::Word,
        "The password; 8 bytes of it count.",
    )
    .example("secret")
    .refused("longer-than-8")
    .acts(),
];

pub(super) const AUTH_HMAC: &[Keyword] = &[
    keyword("key", Syntax::Words, "A key's number and value.")
        .example("1 hex:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
        .refused("1 short")
        .since(2, 4, 0),
    keyword(
        "active_key",
        int(1, 255),
        "The number of the key to sign with.",
    )
    .since(2, 4, 0),
    keyword(
        "mode",
        Syntax::Choice(&["enforce", "permissive", "receive-only"]),
        "Whom to believe.",
    )
    .default("enforce")
    .since(2, 4, 0),
    keyword(
        "anti_replay",
        Syntax::Choice(&["time", "monotonic"]),
        "How replays are found.",
    )
    .default("time")
    .since(2, 4, 0),
    keyword(
        "time_window",
        int(1, 300),
        "Difference of clocks that is accepted.",
    )
    .seconds()
    .since(2, 4, 0),
];

const SECONDS: Syntax = int(0, 4_294_967_295);

pub(super) const INSTANCE: &[Keyword] = &[
    // Identity and protocol
    keyword(
        "state",
        Syntax::Word,
        "The state wanted at first: MASTER or BACKUP.",
    )
    .example("BACKUP")
    .refused("Master")
    .default("BACKUP, or MASTER with priority 255")
    .acts(),
    keyword(
        "interface",
        Syntax::Interface,
        "The interface VRRP runs on.",
    )
    .acts(),
    keyword(
        "virtual_router_id",
        int(1, 255),
        "The number that all nodes of this router share.",
    )
    .acts(),
    keyword(
        "priority",
        int(1, 255),
        "The highest wins; 255 is the addresses' owner.",
    )
    .default("100, or 255 with state MASTER")
    .acts(),
    keyword(
        "advert_int",
        decimal(10_000, 255_000_000),
        "Time between advertisements.",
    )
    .seconds()
    .default("1")
    .acts(),
    keyword("version", int(2, 3), "VRRP version.")
        .default("vrrp_version; 3 for IPv6")
        .acts(),
    keyword(
        "authentication",
        Syntax::Block(Block::Authentication),
        "Authentication of version 2.",
    )
    .acts(),
    keyword(
        "auth_hmac",
        Syntax::Block(Block::AuthHmac),
        "Signed advertisements.",
    )
    .since(2, 4, 0),
    keyword("native_ipv6", Syntax::Flag, "Has no effect.")
        .deprecated("nothing: addresses tell the family"),
    keyword(
        "v3_checksum_as_v2",
        Syntax::Bool,
        "Leaves the pseudo header out of IPv4 checksums.",
    )
    .default("the global one")
    .since(2, 2, 8)
    .acts(),
    keyword(
        "old_unicast_checksum",
        Syntax::OptionalWord,
        "Speaks with old unicast peers.",
    )
    .example("never")
    .refused("sometimes")
    .default("found out"),
    keyword(
        "down_timer_adverts",
        int(1, 100),
        "Advertisements missed before the master is down.",
    )
    .default("vrrp_down_timer_adverts")
    .since(2, 2, 4)
    .acts(),
    keyword(
        "vrf",
        Syntax::Interface,
        "The VRF of an instance without interface.",
    )
    .since(2, 2, 7),
    keyword("debug", int(0, 4), "Has hardly any effect.").default("0"),
    // Addressing of advertisements
    keyword(
        "mcast_src_ip",
        Syntax::Address,
        "Source of multicast advertisements.",
    )
    .default("the interface's first address")
    .acts(),
    keyword(
        "unicast_src_ip",
        Syntax::Address,
        "Source of unicast advertisements.",
    )
    .default("the interface's first address"),
    keyword(
        "unicast_peer",
        Syntax::Lines,
        "Sends to these addresses instead of the multicast group.",
    )
    .example("10.0.0.2 min_ttl 254")
    .refused("10.0.0.300"),
    keyword(
        "unicast_fault_no_peer",
        Syntax::Flag,
        "Without peers the instance is in fault.",
    )
    .since(2, 2, 7),
    keyword("unicast_ttl", int(0, 255), "TTL of unicast advertisements.")
        .default("255")
        .since(2, 1, 0),
    keyword(
        "check_unicast_src",
        Syntax::Bool,
        "Drops unicast from others than the peers.",
    )
    .default("vrrp_check_unicast_src")
    .since(2, 1, 0),
    keyword("mcast_dst_ip", Syntax::Address, "The multicast group.")
        .example("224.0.0.19")
        .refused("10.0.0.7")
        .default("vrrp_mcast_group4 or 6")
        .since(2, 2, 7),
    keyword(
        "track_src_ip",
        Syntax::Flag,
        "Without its source address the instance is in fault.",
    ),
    keyword("kernel_rx_buf_size", UINT, "Size of the receive buffer.")
        .lenient()
        .unit(Unit::Bytes),
    // Interface and virtual MAC
    keyword(
        "use_vmac",
        Syntax::OptionalWords,
        "Holds the addresses on an interface with a virtual MAC.",
    )
    .example("vrrp.51 02:00:00:00:00:01")
    .refused("01:00:5e:00:00:01"),
    keyword(
        "vmac_xmit_base",
        Syntax::Flag,
        "Sends from the parent interface all the same.",
    ),
    keyword(
        "use_vmac_addr",
        Syntax::Flag,
        "Also for addresses on other interfaces.",
    )
    .since(2, 2, 0),
    keyword(
        "use_ipvlan",
        Syntax::OptionalWords,
        "Holds the addresses on an ipvlan interface.",
    )
    .example("ipv.51 10.0.0.5 bridge")
    .refused("one two"),
    keyword(
        "dont_track_primary",
        Syntax::Flag,
        "The own interface's state does not matter.",
    )
    .acts(),
    keyword(
        "promote_secondaries",
        Syntax::Flag,
        "Sets the kernel's setting of that name.",
    ),
    keyword(
        "linkbeat_use_polling",
        Syntax::Flag,
        "Polls the interface's link state.",
    )
    .deprecated("linkbeat_interfaces"),
    // Addresses
    keyword(
        "virtual_ipaddress",
        Syntax::Lines,
        "The addresses that are advertised and held.",
    )
    .example("10.9.0.1/24 dev eth1; 10.9.0.2")
    .refused("10.9.0.1 10.9.0.2")
    .acts(),
    keyword(
        "virtual_ipaddress_excluded",
        Syntax::Lines,
        "Addresses that are held, not advertised.",
    )
    .example("10.9.0.1/24 dev eth1")
    .refused("10.9.0.1 10.9.0.2")
    .acts(),
    keyword(
        "virtual_routes",
        Syntax::Lines,
        "Routes that are held while master.",
    )
    .example("10.9.0.0/16 via 10.0.0.1 dev eth0 metric 5")
    .refused("10.9.0.0/16 via nowhere"),
    keyword(
        "virtual_rules",
        Syntax::Lines,
        "Routing rules that are held while master.",
    )
    .example("from 10.9.0.0/16 table 5 preference 100")
    .refused("from 10.9.0.0/16 table main table local"),
    keyword(
        "no_virtual_ipaddress",
        Syntax::Flag,
        "Allows an instance without addresses.",
    )
    .since(2, 2, 8)
    .acts(),
    keyword(
        "accept",
        Syntax::Flag,
        "Takes packets to the addresses also as non-owner.",
    )
    .default("on, but off under strict mode")
    .acts(),
    keyword(
        "no_accept",
        Syntax::Flag,
        "Drops packets to the addresses unless owner.",
    ),
    // Election
    keyword(
        "nopreempt",
        Syntax::Flag,
        "Does not displace a lower master.",
    )
    .acts(),
    keyword("preempt", Syntax::Flag, "Takes nopreempt back.")
        .default("on")
        .acts(),
    keyword(
        "preempt_delay",
        decimal(0, 1_000_000_000),
        "Time before a lower master is displaced.",
    )
    .seconds()
    .default("0")
    .acts(),
    keyword(
        "skip_check_adv_addr",
        Syntax::Bool,
        "Compares addresses once per master only.",
    )
    .default("the global one")
    .acts(),
    keyword(
        "strict_mode",
        Syntax::Bool,
        "Keeps to the letter of the RFC.",
    )
    .default("vrrp_strict"),
    keyword(
        "lower_prio_no_advert",
        Syntax::Bool,
        "A master does not answer lower ones.",
    )
    .default("the global one")
    .acts(),
    keyword(
        "higher_prio_send_advert",
        Syntax::Bool,
        "A master sends once more before it yields.",
    )
    .default("the global one")
    .acts(),
    keyword(
        "owner_ignore_adverts",
        Syntax::Flag,
        "An owner yields to nobody.",
    )
    .default("the global one")
    .since(2, 3, 1),
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
        "timer_expired_backup",
        Syntax::OptionalInteger { min: 1, max: 254 },
        "After a stall goes to backup where a peer of that priority must have taken over.",
    )
    .since(2, 2, 8),
    keyword(
        "thread_timer_expired",
        Syntax::OptionalInteger { min: 1, max: 254 },
        "The same as timer_expired_backup.",
    )
    .since(2, 2, 8),
    // Announcements
    keyword(
        "garp_master_delay",
        SECONDS,
        "Time from becoming master to the second burst.",
    )
    .seconds()
    .default("the global one")
    .acts(),
    keyword(
        "garp_master_repeat",
        SECONDS,
        "Gratuitous ARPs per address and burst.",
    )
    .default("the global one")
    .acts(),
    keyword(
        "garp_master_refresh",
        SECONDS,
        "Time between bursts while master.",
    )
    .seconds()
    .default("the global one")
    .acts(),
    keyword(
        "garp_master_refresh_repeat",
        SECONDS,
        "Gratuitous ARPs per address and refresh.",
    )
    .default("the global one")
    .acts(),
    keyword(
        "garp_lower_prio_delay",
        SECONDS,
        "Time from a lower advertisement to a second burst.",
    )
    .seconds()
    .default("the global one")
    .acts(),
    keyword(
        "garp_lower_prio_repeat",
        SECONDS,
        "Gratuitous ARPs per address after a lower one.",
    )
    .default("the global one")
    .acts(),
    keyword(
        "garp_extra_if",
        Syntax::Words,
        "Announces on other interfaces every so many seconds.",
    )
    .example("all 60")
    .refused("all")
    .lenient()
    .seconds()
    .since(2, 2, 4),
    keyword(
        "vmac_garp_intvl",
        Syntax::Words,
        "The old name of garp_extra_if.",
    )
    .example("all 60")
    .refused("all")
    .lenient()
    .deprecated("garp_extra_if")
    .seconds(),
    // Tracking
    keyword(
        "track_interface",
        Syntax::Lines,
        "Interfaces whose state counts.",
    )
    .example("eth1 weight -10")
    .refused("eth1 weight 255")
    .acts(),
    keyword(
        "track_script",
        Syntax::Lines,
        "Scripts whose results count.",
    )
    .example("s1 weight -10 reverse")
    .refused("nobody")
    .acts(),
    keyword("track_file", Syntax::Lines, "Files whose numbers count.")
        .example("f1 weight 5")
        .refused("nobody"),
    keyword(
        "track_process",
        Syntax::Lines,
        "Processes whose number counts.",
    )
    .example("p1 weight 5")
    .refused("nobody"),
    keyword(
        "track_bfd",
        Syntax::Lines,
        "BFD sessions whose state counts.",
    )
    .example("bfd1 weight 5 reverse")
    .refused("nobody"),
    // Notifications
    keyword(
        "notify_master",
        Syntax::Command,
        "Runs when the instance becomes master.",
    )
    .acts(),
    keyword(
        "notify_backup",
        Syntax::Command,
        "Runs when the instance becomes backup.",
    )
    .acts(),
    keyword(
        "notify_fault",
        Syntax::Command,
        "Runs when the instance enters fault.",
    )
    .acts(),
    keyword(
        "notify_stop",
        Syntax::Command,
        "Runs when the daemon stops.",
    )
    .acts(),
    keyword(
        "notify_deleted",
        Syntax::OptionalCommand,
        "Runs when a reload removes the instance.",
    )
    .since(2, 1, 0),
    keyword(
        "notify",
        Syntax::Command,
        "Runs on every change of state, with four more words.",
    )
    .acts(),
    keyword(
        "notify_master_rx_lower_pri",
        Syntax::Command,
        "Runs when a master hears a lower one.",
    )
    .acts(),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Sends mail on changes of state.",
    )
    .default("smtp_alert_vrrp"),
    keyword(
        "notify_priority_changes",
        Syntax::Bool,
        "FIFOs hear of changes of priority.",
    )
    .default("vrrp_notify_priority_changes"),
    keyword(
        "lvs_sync_daemon_interface",
        Syntax::Interface,
        "Runs the IPVS sync daemon there.",
    )
    .deprecated("lvs_sync_daemon in global_defs"),
];

pub(super) const SYNC_GROUP: &[Keyword] = &[
    keyword("group", Syntax::Lines, "The instances in the group.").example("VI_1"),
    keyword(
        "track_interface",
        Syntax::Lines,
        "Interfaces whose state counts for all.",
    )
    .example("eth1 weight -10")
    .refused("eth1 weight 255"),
    keyword(
        "track_script",
        Syntax::Lines,
        "Scripts whose results count for all.",
    )
    .example("s1 weight -10 reverse")
    .refused("nobody"),
    keyword(
        "track_file",
        Syntax::Lines,
        "Files whose numbers count for all.",
    )
    .example("f1 weight 5")
    .refused("nobody"),
    keyword(
        "track_process",
        Syntax::Lines,
        "Processes whose number counts for all.",
    )
    .example("p1 weight 5")
    .refused("nobody"),
    keyword(
        "track_bfd",
        Syntax::Lines,
        "BFD sessions whose state counts for all.",
    )
    .example("bfd1 weight 5 reverse")
    .refused("nobody"),
    keyword(
        "notify_master",
        Syntax::Command,
        "Runs when the group becomes master.",
    ),
    keyword(
        "notify_backup",
        Syntax::Command,
        "Runs when the group becomes backup.",
    ),
    keyword(
        "notify_fault",
        Syntax::Command,
        "Runs when the group enters fault.",
    ),
    keyword(
        "notify_stop",
        Syntax::Command,
        "Runs when the daemon stops.",
    ),
    keyword(
        "notify",
        Syntax::Command,
        "Runs on every change of the group's state.",
    ),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Sends mail on changes of state.",
    ),
    keyword(
        "notify_priority_changes",
        Syntax::Bool,
        "FIFOs hear of changes of priority.",
    ),
    keyword(
        "sync_group_tracking_weight",
        Syntax::Flag,
        "Members may have weighted trackers.",
    ),
    keyword("global_tracking", Syntax::Flag, "Has no effect.")
        .deprecated("sync_group_tracking_weight"),
];
