//! The words that a problem can be.

/// Every word that [`super::Problem::kind`] can be, with its meaning; docs/observability.md has the same list.
pub const KINDS: &[(&str, &str)] = &[
    (
        "protects-nothing",
        "no virtual address, and another node has some",
    ),
    ("interface-missing", "its interface does not exist"),
    ("interface-down", "its interface is down"),
    ("tracked-interface-down", "a tracked interface is down"),
    ("no-address", "its interface has no address to send from"),
    ("no-peer", "unicast without a peer"),
    (
        "source-missing",
        "the configured source address is not there",
    ),
    ("file-number", "the number in a tracked file means FAULT"),
    ("process-quorum", "too few or too many processes run"),
    ("bfd-down", "a BFD session is down"),
    ("drained", "the node is drained, also as the last resort"),
    (
        "sync-group",
        "another member of its sync group holds it back",
    ),
    (
        "vrrp-filtered",
        "advertisements are dropped on the way: firewall, switch, cloud",
    ),
    (
        "address-deleted",
        "another program on this host deletes its addresses",
    ),
    ("host-paused", "this host did not run for a while"),
    (
        "one-way-link",
        "two masters: the other one does not hear this node",
    ),
    ("two-owners", "two nodes have priority 255"),
    ("wrong-password", "another `auth_pass`"),
    ("wrong-authentication", "another `auth_type`"),
    ("wrong-key", "another `auth_hmac`"),
    (
        "clocks-differ",
        "signed advertisements are too old or too new",
    ),
    ("wrong-version", "another version of VRRP"),
    ("interval-mismatch", "version 2 with another `advert_int`"),
    (
        "unknown-peer",
        "an advertisement from none of the unicast peers",
    ),
    ("wrong-ttl", "advertisements were routed"),
    ("refused", "advertisements are not taken for another reason"),
    ("wrong-vrid", "the same addresses under another VRID"),
    ("foreign-group", "another group uses the VRID"),
    ("address-list-differs", "another list of addresses"),
    (
        "other-holder",
        "somebody else answers for its address, and does not advertise",
    ),
    ("address-refused", "the kernel refuses an address"),
    ("check-failed", "a check fails"),
    ("check-hangs", "a check does not end within its timeout"),
    ("check-unusable", "a check cannot run"),
    ("script-missing", "a check's script is not there"),
    (
        "script-not-executable",
        "a check's script cannot be executed",
    ),
    (
        "script-not-started",
        "a check's script could not be started for another reason",
    ),
    (
        "script-unsafe",
        "`enable_script_security` refuses a check's script",
    ),
    ("not-configured", "what is tracked is not configured"),
    (
        "weight-too-small",
        "a check fails, and its weight is too small to move the address",
    ),
    (
        "peer-drained",
        "a check fails, and the other node is drained",
    ),
    (
        "no-healthy-node",
        "a check fails, and the other node is no better",
    ),
    (
        "nopreempt",
        "a check fails, and the better node does not take over",
    ),
    ("peer-differs", "a Standfast node is configured otherwise"),
    ("same-priority", "two nodes have the same priority"),
    ("interval-differs", "version 3 with another `advert_int`"),
    (
        "no-successor",
        "MASTER, and whoever could take over is gone, in FAULT, or drained with --hard",
    ),
    (
        "no-virtual-address",
        "no virtual address, route or rule; a note: scripts may be all that is wanted",
    ),
    ("never-heard", "MASTER, and nobody else was ever heard"),
];
