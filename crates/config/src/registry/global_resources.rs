//! Keywords of `global_defs` on scheduling, memory and buffers.

use super::{Keyword, Syntax, UINT, Unit, int, keyword};

const NICE: Syntax = int(-20, 19);
/// Realtime priorities; keepalived forces other numbers into the range.
const REALTIME: Syntax = int(-2_147_483_648, 2_147_483_647);
const REALTIME_LIMIT: Syntax = int(1, 4_294_967_295);

pub(super) const RESOURCES: &[Keyword] = &[
    keyword(
        "max_auto_priority",
        Syntax::OptionalInteger { min: -1, max: 99 },
        "The highest realtime priority that the daemon may give itself, step by step, when \
         its timers run late; alone it is the highest there is, 0 is never, -1 is never and \
         without the advice to set it.",
    )
    .default("0")
    .since(2, 1, 0),
    keyword(
        "min_auto_priority_delay",
        int(1, 10_000_000),
        "How late a timer must run before the priority is raised.",
    )
    .lenient()
    .unit(Unit::Microseconds)
    .default("1000000")
    .since(2, 1, 0),
    keyword(
        "vrrp_priority",
        NICE,
        "Nice value of the VRRP process: the lower, the more processor time it gets.",
    )
    .lenient()
    .default("0")
    .acts(),
    keyword(
        "checker_priority",
        NICE,
        "Nice value of the checker process: the lower, the more processor time it gets.",
    )
    .lenient()
    .default("0"),
    keyword(
        "bfd_priority",
        NICE,
        "Nice value of the BFD process: the lower, the more processor time it gets.",
    )
    .lenient()
    .default("0"),
    keyword(
        "vrrp_no_swap",
        Syntax::Flag,
        "Locks the VRRP process in memory, so that swapping never delays an advertisement.",
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
        "Realtime priority (SCHED_RR) of the VRRP process, forced into 1 to 99: it goes \
         before all others and sends on time under load.",
    )
    .lenient()
    .acts(),
    keyword(
        "checker_rt_priority",
        REALTIME,
        "Realtime priority (SCHED_RR) of the checker process, forced into 1 to 99.",
    )
    .lenient(),
    keyword(
        "bfd_rt_priority",
        REALTIME,
        "Realtime priority (SCHED_RR) of the BFD process, forced into 1 to 99.",
    )
    .lenient(),
    keyword(
        "vrrp_rlimit_rttime",
        REALTIME_LIMIT,
        "Processor time that the VRRP process may use at realtime priority without a pause; \
         the kernel kills it beyond that.",
    )
    .unit(Unit::Microseconds)
    .default("10000")
    .since(2, 1, 0),
    keyword(
        "checker_rlimit_rttime",
        REALTIME_LIMIT,
        "Processor time that the checker process may use at realtime priority without a pause.",
    )
    .unit(Unit::Microseconds)
    .default("10000")
    .since(2, 1, 0),
    keyword(
        "bfd_rlimit_rttime",
        REALTIME_LIMIT,
        "Processor time that the BFD process may use at realtime priority without a pause.",
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
        "Processors, by number, that the VRRP process may run on.",
    )
    .arguments("NUMBER...")
    .example("0 1")
    .refused("x")
    .lenient()
    .acts(),
    keyword(
        "checker_cpu_affinity",
        Syntax::Words,
        "Processors, by number, that the checker process may run on.",
    )
    .arguments("NUMBER...")
    .example("0 1")
    .refused("x")
    .lenient(),
    keyword(
        "bfd_cpu_affinity",
        Syntax::Words,
        "Processors, by number, that the BFD process may run on.",
    )
    .arguments("NUMBER...")
    .example("0 1")
    .refused("x")
    .lenient(),
    keyword(
        "vrrp_netlink_cmd_rcv_bufs",
        UINT,
        "Size of the receive buffer for answers to the VRRP process's netlink commands; larger for thousands of addresses, and never less than 512 KiB.",
    )
    .lenient()
    .unit(Unit::Bytes)
    .acts(),
    keyword(
        "vrrp_netlink_cmd_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit (net.core.rmem_max) for vrrp_netlink_cmd_rcv_bufs.",
    )
    .needless("the system's limit is always exceeded where the process may do so"),
    keyword(
        "vrrp_netlink_monitor_rcv_bufs",
        UINT,
        "Size of the receive buffer for the kernel's news of interfaces and addresses; larger for thousands of addresses, and never less than 1 MiB.",
    )
    .lenient()
    .unit(Unit::Bytes)
    .acts(),
    keyword(
        "vrrp_netlink_monitor_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit (net.core.rmem_max) for vrrp_netlink_monitor_rcv_bufs.",
    )
    .needless("the system's limit is always exceeded where the process may do so"),
    keyword(
        "lvs_netlink_cmd_rcv_bufs",
        UINT,
        "Size of the receive buffer for answers to the checker process's netlink commands.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "lvs_netlink_cmd_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit (net.core.rmem_max) for lvs_netlink_cmd_rcv_bufs.",
    ),
    keyword(
        "lvs_netlink_monitor_rcv_bufs",
        UINT,
        "Size of the receive buffer for the kernel's news of interfaces and addresses in the \
         checker process.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "lvs_netlink_monitor_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit (net.core.rmem_max) for lvs_netlink_monitor_rcv_bufs.",
    ),
    keyword(
        "process_monitor_rcv_bufs",
        UINT,
        "Size of the receive buffer for the kernel's news of processes, which track_process \
         uses.",
    )
    .lenient()
    .unit(Unit::Bytes),
    keyword(
        "process_monitor_rcv_bufs_force",
        Syntax::Bool,
        "Exceeds the system's limit (net.core.rmem_max) for process_monitor_rcv_bufs.",
    ),
    keyword(
        "vrrp_rx_bufs_policy",
        Syntax::Word,
        "How the receive buffers of advertisements are sized: by the interface's MTU, by the \
         size of our own advertisement, or so many bytes.",
    )
    .arguments("MTU|ADVERT|BYTES")
    .example("MTU")
    .refused("sometimes")
    .lenient()
    .default("the system's")
    .acts(),
    keyword(
        "vrrp_rx_bufs_multiplier",
        int(1, 4_294_967_295),
        "How many such sizes (of the MTU or of an advertisement) a receive buffer holds for each instance that shares it.",
    )
    .lenient()
    .default("3")
    .acts(),
];
