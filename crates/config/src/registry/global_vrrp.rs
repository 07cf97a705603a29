//! Keywords of `global_defs` that are defaults of VRRP instances.

use super::{DECIMAL_MAX, Keyword, Syntax, decimal, int, keyword};

const SECONDS: Syntax = int(0, 4_294_967_295);

pub(super) const DEFAULTS: &[Keyword] = &[
    keyword(
        "vrrp_version",
        int(2, 3),
        "VRRP version of IPv4 instances that name none; those of IPv6 have 3.",
    )
    .arguments("2|3")
    .default("2")
    .acts(),
    keyword(
        "vrrp_garp_master_delay",
        SECONDS,
        "Time from becoming master to a second burst of gratuitous ARPs; 0 sends none.",
    )
    .seconds()
    .default("5")
    .acts(),
    keyword(
        "vrrp_garp_master_repeat",
        SECONDS,
        "Gratuitous ARPs, or neighbour advertisements, for each address in a burst.",
    )
    .default("5")
    .acts(),
    keyword(
        "vrrp_garp_master_refresh",
        SECONDS,
        "Time between further bursts while a node is master; 0 sends none.",
    )
    .seconds()
    .acts(),
    keyword(
        "vrrp_garp_master_refresh_repeat",
        SECONDS,
        "Gratuitous ARPs for each address in such a further burst.",
    )
    .default("1")
    .acts(),
    keyword(
        "vrrp_garp_lower_prio_delay",
        SECONDS,
        "Time to a second burst after a master has heard, and silenced, a lower one.",
    )
    .seconds()
    .default("as vrrp_garp_master_delay")
    .acts(),
    keyword(
        "vrrp_garp_lower_prio_repeat",
        SECONDS,
        "Gratuitous ARPs for each address after a master has heard a lower one.",
    )
    .default("as vrrp_garp_master_repeat")
    .acts(),
    keyword(
        "vrrp_garp_interval",
        decimal(1, DECIMAL_MAX),
        "Least time between two gratuitous ARPs on an interface, for switches that drop bursts.",
    )
    .seconds()
    .acts(),
    keyword(
        "vrrp_gna_interval",
        decimal(1, DECIMAL_MAX),
        "Least time between two unsolicited neighbour advertisements on an interface.",
    )
    .seconds()
    .acts(),
    keyword(
        "vrrp_min_garp",
        Syntax::Bool,
        "Sends one gratuitous ARP for each address, at once and never again, where nothing \
         else is set; enough for present switches.",
    )
    .acts(),
    keyword(
        "vrrp_garp_extra_if",
        Syntax::Words,
        "Announces every so many seconds, 1 to 86400, on virtual MAC interfaces other than \
         the instance's own that hold its addresses; `all` on any such interface.",
    )
    .arguments("[all] SECONDS")
    .example("all 60")
    .refused("all")
    .lenient()
    .seconds()
    .since(2, 2, 4)
    .acts(),
    keyword(
        "vrrp_vmac_garp_intvl",
        Syntax::Words,
        "The old name of vrrp_garp_extra_if.",
    )
    .arguments("[all] SECONDS")
    .example("all 60")
    .refused("all")
    .lenient()
    .deprecated("vrrp_garp_extra_if")
    .seconds()
    .acts(),
    keyword(
        "vrrp_down_timer_adverts",
        int(1, 100),
        "Advertisements that must be missed before a backup takes the master for dead.",
    )
    .default("3")
    .since(2, 2, 4)
    .acts(),
    keyword(
        "vrrp_lower_prio_no_advert",
        Syntax::Bool,
        "A master does not answer advertisements of a lower priority with one of its own.",
    )
    .acts(),
    keyword(
        "vrrp_higher_prio_send_advert",
        Syntax::Bool,
        "A master that hears a higher priority sends one last advertisement before it yields.",
    )
    .acts(),
    keyword(
        "vrrp_check_unicast_src",
        Syntax::Flag,
        "Drops unicast advertisements from addresses that are no peers.",
    )
    .acts()
    .since(2, 1, 0),
    keyword(
        "vrrp_skip_check_adv_addr",
        Syntax::Bool,
        "Compares the addresses in advertisements with our own only when the master changes, \
         not in each.",
    )
    .acts(),
    keyword(
        "vrrp_strict",
        Syntax::Bool,
        "Keeps to the letter of the RFC and refuses what goes beyond it: passwords, unicast \
         peers, and access to the addresses unless owner (a ping goes unanswered).",
    )
    .acts(),
    keyword(
        "vrrp_owner_ignore_adverts",
        Syntax::Flag,
        "An owner (priority 255) yields to nobody, whatever it hears.",
    )
    .since(2, 3, 1)
    .acts(),
    keyword(
        "vrrp_mcast_group4",
        Syntax::Address,
        "The multicast group that IPv4 advertisements are sent to.",
    )
    .example("224.0.0.19")
    .refused("10.0.0.7")
    .default("224.0.0.18")
    .acts(),
    keyword(
        "vrrp_mcast_group6",
        Syntax::Address,
        "The multicast group that IPv6 advertisements are sent to.",
    )
    .example("ff02::13")
    .refused("224.0.0.18")
    .default("ff02::12")
    .acts(),
    keyword(
        "v3_checksum_as_v2",
        Syntax::Bool,
        "Leaves the pseudo header out of the checksum of IPv4 advertisements in version 3, as \
         some routers do.",
    )
    .since(2, 2, 8)
    .acts(),
    keyword(
        "vrrp_startup_delay",
        decimal(1000, DECIMAL_MAX),
        "Instances begin as backups whose wait for a master starts so much later, so that \
         networks and services can come up first.",
    )
    .seconds()
    .acts(),
    keyword(
        "start_probe",
        Syntax::Bool,
        "Instances of a node that is alone when it starts serve early; see start_probe in \
         vrrp_instance.",
    )
    .ours()
    .default("off")
    .acts(),
    keyword(
        "vrrp_delay_after_boot",
        decimal(1000, DECIMAL_MAX),
        "As vrrp_startup_delay, counted from the host's boot; the longer of both holds.",
    )
    .lenient()
    .seconds()
    .since(2, 4, 0)
    .acts(),
    keyword(
        "vrrp_notify_priority_changes",
        Syntax::Bool,
        "Notification FIFOs also hear when an instance's priority changes.",
    )
    .acts(),
    keyword(
        "log_unknown_vrids",
        Syntax::Flag,
        "Logs advertisements of virtual routers that are not configured here.",
    )
    .acts(),
    keyword(
        "vmac_prefix",
        Syntax::Word,
        "What the names of virtual MAC interfaces begin with, before the virtual router's \
         number.",
    )
    .arguments("PREFIX")
    .default("vrrp")
    .since(2, 2, 0)
    .acts(),
    keyword(
        "vmac_addr_prefix",
        Syntax::Word,
        "What the names of use_vmac_addr's interfaces begin with.",
    )
    .arguments("PREFIX")
    .default("vrrp")
    .since(2, 2, 0)
    .acts(),
    keyword(
        "peer_channel",
        Syntax::Bool,
        "Instances speak with the other Standfast nodes of their virtual router beside VRRP, so that an \
         address moves in milliseconds; nodes that don't speak it are not concerned.",
    )
    .arguments("[on|off]")
    .ours()
    .default("on; strict mode: off")
    .acts(),
    keyword(
        "peer_port",
        int(1, 65_535),
        "The UDP port of the peer channel, the same on all nodes; another one for each of several daemons \
         that share an interface.",
    )
    .arguments("NUMBER")
    .ours()
    .default("9112")
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
    .default("off")
    .example("50ms x3")
    .refused("5ms")
    .acts(),
    keyword(
        "disable_local_igmp",
        Syntax::Flag,
        "Keeps the kernel, by a sysctl, from sending IGMP for local groups, which would move \
         a virtual MAC to the wrong port of a switch.",
    )
    .since(2, 2, 0)
    .acts(),
    keyword(
        "dynamic_interfaces",
        Syntax::OptionalWord,
        "Interfaces may be missing at the start and come later; with allow_if_changes one may \
         also change its type or parent.",
    )
    .arguments("[allow_if_changes]")
    .example("allow_if_changes")
    .refused("always")
    .acts(),
    keyword(
        "default_interface",
        Syntax::Word,
        "The interface of addresses that name none: static ones, and those of instances without \
         an interface.",
    )
    .arguments("INTERFACE")
    .lenient()
    .default("eth0")
    .acts(),
    keyword(
        "lvs_sync_daemon",
        Syntax::Words,
        "Runs the IPVS connection sync daemon on that interface, as master or backup like the \
         instance, so that connections survive a failover.",
    )
    .arguments(
        "INTERFACE [INSTANCE] [id NUMBER] [maxlen BYTES] [port NUMBER] [ttl NUMBER] [group \
         ADDRESS]",
    )
    .example("eth0 VI_1 id 5 maxlen 1400")
    .refused("eth0 VI_1 id 256")
    .lenient(),
];
