//! Keywords of `global_defs` that are defaults of VRRP instances.

use super::{DECIMAL_MAX, Keyword, Syntax, decimal, int, keyword};

const SECONDS: Syntax = int(0, 4_294_967_295);

pub(super) const DEFAULTS: &[Keyword] = &[
    keyword(
        "vrrp_version",
        int(2, 3),
        "VRRP version of IPv4 instances that name none.",
    )
    .default("2")
    .acts(),
    keyword(
        "vrrp_garp_master_delay",
        SECONDS,
        "Time from becoming master to the second burst.",
    )
    .seconds()
    .default("5")
    .acts(),
    keyword(
        "vrrp_garp_master_repeat",
        SECONDS,
        "Gratuitous ARPs per address and burst.",
    )
    .default("5")
    .acts(),
    keyword(
        "vrrp_garp_master_refresh",
        SECONDS,
        "Time between bursts while master.",
    )
    .seconds()
    .acts(),
    keyword(
        "vrrp_garp_master_refresh_repeat",
        SECONDS,
        "Gratuitous ARPs per address and refresh.",
    )
    .default("1")
    .acts(),
    keyword(
        "vrrp_garp_lower_prio_delay",
        SECONDS,
        "Time from a lower advertisement to a second burst.",
    )
    .seconds()
    .default("as vrrp_garp_master_delay")
    .acts(),
    keyword(
        "vrrp_garp_lower_prio_repeat",
        SECONDS,
        "Gratuitous ARPs per address after a lower one.",
    )
    .default("as vrrp_garp_master_repeat")
    .acts(),
    keyword(
        "vrrp_garp_interval",
        decimal(1, DECIMAL_MAX),
        "Least time between gratuitous ARPs.",
    )
    .seconds()
    .acts(),
    keyword(
        "vrrp_gna_interval",
        decimal(1, DECIMAL_MAX),
        "Least time between neighbour advertisements.",
    )
    .seconds()
    .acts(),
    keyword(
        "vrrp_min_garp",
        Syntax::Bool,
        "One gratuitous ARP, at once, unless set otherwise.",
    ),
    keyword(
        "vrrp_garp_extra_if",
        Syntax::Words,
        "Announces on other interfaces every so many seconds.",
    )
    .example("all 60")
    .refused("all")
    .lenient()
    .seconds()
    .since(2, 2, 4),
    keyword(
        "vrrp_vmac_garp_intvl",
        Syntax::Words,
        "The old name of vrrp_garp_extra_if.",
    )
    .example("all 60")
    .refused("all")
    .lenient()
    .deprecated("vrrp_garp_extra_if")
    .seconds(),
    keyword(
        "vrrp_down_timer_adverts",
        int(1, 100),
        "Advertisements missed before a master is down.",
    )
    .default("3")
    .since(2, 2, 4)
    .acts(),
    keyword(
        "vrrp_lower_prio_no_advert",
        Syntax::Bool,
        "A master does not answer lower ones.",
    )
    .acts(),
    keyword(
        "vrrp_higher_prio_send_advert",
        Syntax::Bool,
        "A master sends once more before it yields.",
    )
    .acts(),
    keyword(
        "vrrp_check_unicast_src",
        Syntax::Flag,
        "Drops unicast from others than the peers.",
    )
    .since(2, 1, 0),
    keyword(
        "vrrp_skip_check_adv_addr",
        Syntax::Bool,
        "Compares addresses once per master only.",
    )
    .acts(),
    keyword(
        "vrrp_strict",
        Syntax::Bool,
        "Keeps to the letter of the RFC.",
    ),
    keyword(
        "vrrp_owner_ignore_adverts",
        Syntax::Flag,
        "An owner yields to nobody.",
    )
    .since(2, 3, 1),
    keyword(
        "vrrp_mcast_group4",
        Syntax::Address,
        "The IPv4 multicast group.",
    )
    .example("224.0.0.19")
    .refused("10.0.0.7")
    .default("224.0.0.18")
    .acts(),
    keyword(
        "vrrp_mcast_group6",
        Syntax::Address,
        "The IPv6 multicast group.",
    )
    .example("ff02::13")
    .refused("224.0.0.18")
    .default("ff02::12"),
    keyword(
        "v3_checksum_as_v2",
        Syntax::Bool,
        "Leaves the pseudo header out of IPv4 checksums.",
    )
    .since(2, 2, 8)
    .acts(),
    keyword(
        "vrrp_startup_delay",
        decimal(1000, DECIMAL_MAX),
        "Instances start that much later.",
    )
    .seconds()
    .acts(),
    keyword(
        "vrrp_delay_after_boot",
        decimal(1000, DECIMAL_MAX),
        "The same, counted from boot.",
    )
    .lenient()
    .seconds()
    .since(2, 4, 0),
    keyword(
        "vrrp_notify_priority_changes",
        Syntax::Bool,
        "FIFOs hear of changes of priority.",
    ),
    keyword(
        "log_unknown_vrids",
        Syntax::Flag,
        "Logs advertisements for routers we do not have.",
    )
    .acts(),
    keyword(
        "vmac_prefix",
        Syntax::Word,
        "Start of names of virtual MAC interfaces.",
    )
    .default("vrrp")
    .since(2, 2, 0),
    keyword(
        "vmac_addr_prefix",
        Syntax::Word,
        "The same for those of single addresses.",
    )
    .default("vrrp")
    .since(2, 2, 0),
    keyword(
        "disable_local_igmp",
        Syntax::Flag,
        "Keeps the kernel from sending IGMP for local groups.",
    )
    .since(2, 2, 0),
    keyword(
        "dynamic_interfaces",
        Syntax::OptionalWord,
        "Interfaces may appear later.",
    )
    .example("allow_if_changes")
    .refused("always"),
    keyword(
        "default_interface",
        Syntax::Word,
        "Interface of static addresses.",
    )
    .lenient()
    .default("eth0"),
    keyword(
        "lvs_sync_daemon",
        Syntax::Words,
        "Runs the IPVS connection sync daemon.",
    )
    .example("eth0 VI_1 id 5 maxlen 1400")
    .refused("eth0 VI_1 id 256")
    .lenient(),
];
