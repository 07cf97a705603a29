//! Keywords of `vrrp_sync_group`.

use super::{Keyword, Syntax, keyword};

pub(super) const SYNC_GROUP: &[Keyword] = &[
    keyword(
        "group",
        Syntax::Lines,
        "The instances of the group, by name; an instance can be in one group only.",
    )
    .arguments("{ INSTANCE... }")
    .example("VI_1; VI_2")
    .acts(),
    keyword(
        "track_interface",
        Syntax::Lines,
        "Interfaces that must be up, for all instances of the group.",
    )
    .arguments("{ INTERFACE [weight NUMBER [reverse]]... }")
    .example("eth1 weight -10")
    .refused("eth1 weight 255")
    .acts(),
    keyword(
        "track_script",
        Syntax::Lines,
        "Scripts that must succeed, for all instances of the group.",
    )
    .arguments("{ SCRIPT [weight NUMBER [reverse|noreverse]]... }")
    .example("s1 weight -10 reverse")
    .refused("nobody")
    .acts(),
    keyword(
        "track_check",
        Syntax::Lines,
        "Built-in checks that must succeed, for all instances of the group.",
    )
    .arguments("{ CHECK [weight NUMBER [reverse|noreverse]]... }")
    .example("c1 weight -10 reverse")
    .refused("nobody")
    .ours()
    .acts(),
    keyword(
        "track_file",
        Syntax::Lines,
        "Files whose number counts, for all instances of the group.",
    )
    .arguments("{ FILE [weight NUMBER [reverse|noreverse]]... }")
    .example("f1 weight 5")
    .refused("nobody")
    .acts(),
    keyword(
        "track_process",
        Syntax::Lines,
        "Processes that must run, for all instances of the group.",
    )
    .arguments("{ PROCESS [weight NUMBER [reverse|noreverse]]... }")
    .example("p1 weight 5")
    .refused("nobody")
    .acts(),
    keyword(
        "track_bfd",
        Syntax::Lines,
        "BFD sessions that must be up, for all instances of the group.",
    )
    .arguments("{ SESSION [weight NUMBER [reverse|noreverse]]... }")
    .example("bfd1 weight 5 reverse")
    .refused("nobody"),
    keyword(
        "notify_master",
        Syntax::Command,
        "Runs when the group, that is all its instances, becomes master.",
    )
    .example("\"/usr/local/bin/notify.sh master\"")
    .acts(),
    keyword(
        "notify_backup",
        Syntax::Command,
        "Runs when the group becomes backup.",
    )
    .acts(),
    keyword(
        "notify_fault",
        Syntax::Command,
        "Runs when the group goes into fault.",
    )
    .acts(),
    keyword(
        "notify_stop",
        Syntax::Command,
        "Runs when the daemon stops.",
    )
    .acts(),
    keyword(
        "notify",
        Syntax::Command,
        "Runs on every change of the group's state, with four more words: GROUP, its name, \
         the new state and the priority.",
    )
    .example("/usr/local/bin/notify.sh")
    .acts(),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Sends mail when the group's state changes.",
    )
    .default("smtp_alert_vrrp")
    .acts(),
    keyword(
        "notify_priority_changes",
        Syntax::Bool,
        "Notification FIFOs also hear when the priority of its instances changes.",
    )
    .default("vrrp_notify_priority_changes")
    .acts(),
    keyword(
        "sync_group_tracking_weight",
        Syntax::Flag,
        "Instances of the group may track with weights: what changes the priority of one \
         changes that of all.",
    )
    .acts(),
    keyword(
        "global_tracking",
        Syntax::Flag,
        "Made all instances track what one tracks; has no effect.",
    )
    .deprecated("sync_group_tracking_weight")
    .needless("what a sync group tracks counts for all its members"),
];
