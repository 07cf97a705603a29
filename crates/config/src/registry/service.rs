//! Keywords of virtual servers, real servers and their client certificate.

use super::{Block, DECIMAL_MAX, Keyword, Syntax, UINT, decimal, int, keyword};

pub(super) const SSL: &[Keyword] = &[
    keyword(
        "password",
        Syntax::Word,
        "The passphrase of the private key.",
    )
    .arguments("PASSPHRASE")
    .lenient(),
    keyword(
        "ca",
        Syntax::Word,
        "The file with the certificates of authorities.",
    )
    .arguments("PATH")
    .lenient()
    .example("/etc/ssl/ca.pem"),
    keyword(
        "certificate",
        Syntax::Word,
        "The file with the certificate that SSL_GET shows to servers.",
    )
    .arguments("PATH")
    .lenient()
    .example("/etc/ssl/client.pem"),
    keyword(
        "key",
        Syntax::Word,
        "The file with the private key of that certificate.",
    )
    .arguments("PATH")
    .lenient()
    .example("/etc/ssl/client.key"),
];

/// Any time in seconds.
pub(super) const DELAY: Syntax = decimal(0, DECIMAL_MAX * 1_000_000);
/// Any time in seconds but none at all.
pub(super) const PERIOD: Syntax = decimal(1, DECIMAL_MAX * 1_000_000);
const POSITIVE: Syntax = int(1, 4_294_967_295);
/// The weights of the kernel.
const WEIGHT_MAX: i64 = 2_147_483_647;

const SCHEDULERS: Syntax = Syntax::Choice(&[
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos",
]);
const METHOD_EXAMPLE: &str = "TUN type gue port 6080 csum";

const VIRTUALHOST: Keyword = keyword(
    "virtualhost",
    Syntax::Word,
    "The host that HTTP checks name in their request, where they give none themselves.",
)
.arguments("HOST")
.lenient()
.example("www.example.org");
const SNMP_NAME: Keyword = keyword(
    "snmp_name",
    Syntax::Word,
    "The name that SNMP shows; one word.",
)
.arguments("NAME")
.lenient()
.since(2, 2, 4)
.example("web")
.refused("two words");
const RETRY: Keyword = keyword(
    "retry",
    POSITIVE,
    "Failed checks in a row that are repeated before the server counts as down, for \
         checkers that give no number.",
)
.default("1; 0 in MISC_CHECK, 3 in DNS_CHECK");
const DELAY_BEFORE_RETRY: Keyword = keyword(
    "delay_before_retry",
    DELAY,
    "Time before a failed check is repeated, for checkers that give none.",
)
.seconds()
.default("1; 3 in HTTP_GET and SSL_GET, delay_loop in DNS_CHECK");
const WARMUP: Keyword = keyword(
    "warmup",
    DELAY,
    "The first check comes at a random time within this, so that not all come at once, \
         for checkers that give none.",
)
.seconds()
.default("delay_loop");

const VIRTUAL_SERVER_ONLY: [Keyword; 36] = [
    keyword(
        "delay_loop",
        PERIOD,
        "Time from the end of a check to the next.",
    )
    .seconds()
    .default("60"),
    keyword(
        "lb_algo",
        SCHEDULERS,
        "The scheduler: which real server a new connection goes to. `rr` takes turns, `lc` \
         takes the one with the fewest connections, `wrr` and `wlc` do so by weight, `sh`, \
         `dh` and `mh` hash the source, the destination, or the source as Maglev does, `lblc` \
         and `lblcr` keep a destination on its server, `fo` takes the highest weight that is \
         up, `ovf` fills it first, `sed` and `nq` expect the shortest delay, and `twos` takes \
         the better of two at random.",
    )
    .example("wrr")
    .default("wlc, with a warning"),
    keyword("lvs_sched", SCHEDULERS, "The same as lb_algo.").default("wlc, with a warning"),
    keyword(
        "lb_kind",
        Syntax::Words,
        "How packets get to real servers: NAT rewrites addresses, DR (direct routing) sends \
         frames to the server's MAC, which must hold the address too, TUN wraps packets.",
    )
    .arguments("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]")
    .default("NAT, with a warning")
    .example("DR")
    .refused("dr"),
    keyword("lvs_method", Syntax::Words, "The same as lb_kind.")
        .arguments("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]")
        .default("NAT, with a warning")
        .example(METHOD_EXAMPLE)
        .refused("TUN type gue"),
    keyword(
        "protocol",
        Syntax::Word,
        "What is balanced, in any case of letters; services by firewall mark have none.",
    )
    .arguments("TCP|UDP|SCTP")
    .default("UDP, with a warning")
    .example("TCP")
    .refused("ICMP"),
    keyword(
        "persistence_timeout",
        Syntax::OptionalInteger {
            min: 1,
            max: 2_678_400,
        },
        "How long a client stays with its real server after its last connection.",
    )
    .seconds()
    .default("off; 360 without a value, and for a service of all ports"),
    keyword(
        "persistence_granularity",
        Syntax::Word,
        "Which clients count as one for persistence: an IPv4 mask, or an IPv6 prefix length \
         from 1 to 128.",
    )
    .arguments("MASK|LENGTH")
    .default("a single address")
    .example("255.255.255.0")
    .refused("/24"),
    keyword(
        "persistence_engine",
        Syntax::Word,
        "The kernel's persistence engine, at most 15 bytes, such as `sip`, which keeps a call \
         on its server.",
    )
    .arguments("NAME")
    .example("sip")
    .refused("sixteen-letters-"),
    keyword(
        "hashed",
        Syntax::Flag,
        "Hashes persistent entries; after a hashing scheduler.",
    ),
    keyword(
        "ops",
        Syntax::Flag,
        "Schedules every packet by itself, without keeping a connection; UDP only.",
    ),
    keyword(
        "flag-1",
        Syntax::Flag,
        "Sets the scheduler's first flag, whose meaning is the scheduler's (sh-fallback or \
         mh-fallback).",
    ),
    keyword(
        "flag-2",
        Syntax::Flag,
        "Sets the scheduler's second flag (sh-port or mh-port).",
    ),
    keyword("flag-3", Syntax::Flag, "Sets the scheduler's third flag."),
    keyword(
        "sh-port",
        Syntax::Flag,
        "Source hashing includes the port; after `lvs_sched sh`.",
    ),
    keyword(
        "sh-fallback",
        Syntax::Flag,
        "Source hashing passes over unavailable servers; after `lvs_sched sh`.",
    ),
    keyword(
        "mh-port",
        Syntax::Flag,
        "Maglev hashing includes the port; after `lvs_sched mh`.",
    ),
    keyword(
        "mh-fallback",
        Syntax::Flag,
        "Maglev hashing passes over unavailable servers; after `lvs_sched mh`.",
    ),
    keyword(
        "ip_family",
        Syntax::Choice(&["inet", "inet6"]),
        "The family of a service by mark, or by a group of marks.",
    )
    .default("that of the addresses")
    .example("inet"),
    keyword(
        "ha_suspend",
        Syntax::Flag,
        "Checks run only while this host holds the service's address; not with marks.",
    ),
    VIRTUALHOST,
    keyword(
        "alpha",
        Syntax::Flag,
        "Real servers count as down until a check succeeds, instead of up until one fails.",
    ),
    keyword(
        "omega",
        Syntax::Flag,
        "Commands for going down (quorum_down, notify_down) also run when the daemon ends.",
    ),
    keyword(
        "quorum",
        POSITIVE,
        "The least sum of the weights of living real servers with which the service is up.",
    )
    .default("1"),
    keyword(
        "hysteresis",
        UINT,
        "The sum must pass the quorum by this much, up or down, before the service's state \
         changes; less than the quorum.",
    )
    .default("0"),
    keyword(
        "quorum_up",
        Syntax::Command,
        "Runs when the quorum is reached; user and group may follow.",
    )
    .example("\"/usr/local/bin/notify.sh up\""),
    keyword(
        "quorum_down",
        Syntax::Command,
        "Runs when the quorum is lost; user and group may follow.",
    )
    .example("\"/usr/local/bin/notify.sh down\""),
    keyword(
        "weight",
        int(1, WEIGHT_MAX),
        "The weight of real servers that give none.",
    )
    .default("1"),
    RETRY,
    DELAY_BEFORE_RETRY,
    WARMUP,
    keyword(
        "connect_timeout",
        decimal(1, DECIMAL_MAX),
        "Time that connecting, and each later step of a check, may take.",
    )
    .seconds()
    .default("5"),
    keyword(
        "inhibit_on_failure",
        Syntax::Flag,
        "Failed real servers get weight 0, which keeps their connections, instead of being \
         taken out.",
    ),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Sends mail when the quorum is reached or lost.",
    )
    .default("as in global_defs, else off"),
    SNMP_NAME,
    keyword(
        "sorry_server",
        Syntax::Words,
        "A server, by IP and port, that answers while the quorum is lost, with an apology, say.",
    )
    .arguments("ADDRESS [PORT]")
    .example("10.0.0.99 80")
    .refused("10.0.0.99 http"),
];

const SERVERS: [Keyword; 3] = [
    keyword(
        "sorry_server_inhibit",
        Syntax::Flag,
        "The sorry server is in the kernel with weight 0 while it is not needed; after sorry_server.",
    ),
    keyword(
        "sorry_server_lvs_method",
        Syntax::Words,
        "How packets get to the sorry server, as in lvs_method; after sorry_server.",
    )
    .arguments("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]")
    .default("lvs_method")
    .example(METHOD_EXAMPLE)
    .refused("ROUTE"),
    keyword(
        "real_server",
        Syntax::Named(Block::RealServer),
        "A server that does the work, by IP and port.",
    )
    .arguments("ADDRESS [PORT] { ... }")
    .example("10.0.0.2 80")
    .refused("10.0.0.300 80"),
];

pub(super) const VIRTUAL_SERVER: &[Keyword] = &super::join::<39>(&VIRTUAL_SERVER_ONLY, &SERVERS);

const REAL_SERVER_ONLY: [Keyword; 16] = [
    keyword(
        "weight",
        int(0, WEIGHT_MAX),
        "Its share of connections, compared with the weights of the others; 0 gives it no new \
         ones.",
    )
    .default("that of the virtual server"),
    keyword(
        "lvs_method",
        Syntax::Words,
        "How packets get to it: NAT, DR or TUN with the options of the tunnel.",
    )
    .arguments("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]")
    .default("that of the virtual server")
    .example(METHOD_EXAMPLE)
    .refused("TUN type vxlan"),
    keyword(
        "uthreshold",
        UINT,
        "Connections from which on it gets no new ones; 0 is no limit.",
    )
    .default("0"),
    keyword(
        "lthreshold",
        UINT,
        "Connections below which it gets new ones again; 0 is three quarters of uthreshold.",
    )
    .default("0"),
    keyword(
        "inhibit_on_failure",
        Syntax::Flag,
        "It gets weight 0, which keeps its connections, instead of being taken out when it \
         fails.",
    ),
    keyword(
        "notify_up",
        Syntax::Command,
        "Runs when it comes up; user and group may follow.",
    )
    .example("\"/usr/local/bin/notify.sh up\""),
    keyword(
        "notify_down",
        Syntax::Command,
        "Runs when it goes down; user and group may follow.",
    )
    .example("\"/usr/local/bin/notify.sh down\""),
    keyword(
        "alpha",
        Syntax::Flag,
        "It counts as down until a check succeeds, instead of up until one fails.",
    ),
    RETRY,
    DELAY_BEFORE_RETRY,
    WARMUP,
    keyword(
        "connect_timeout",
        decimal(1, DECIMAL_MAX),
        "Time that connecting, and each later step of a check, may take.",
    )
    .seconds()
    .default("that of the virtual server"),
    keyword(
        "delay_loop",
        PERIOD,
        "Time from the end of a check to the next.",
    )
    .seconds()
    .default("that of the virtual server"),
    keyword(
        "smtp_alert",
        Syntax::Bool,
        "Sends mail when it comes up or goes down.",
    )
    .default("as in global_defs, else on"),
    VIRTUALHOST,
    SNMP_NAME,
];

const CHECKERS: [Keyword; 10] = [
    keyword(
        "TCP_CHECK",
        Syntax::Block(Block::TcpCheck),
        "Succeeds when a TCP connection is taken.",
    ),
    keyword(
        "HTTP_GET",
        Syntax::Block(Block::HttpGet),
        "Succeeds when HTTP pages are as they should be.",
    ),
    keyword(
        "SSL_GET",
        Syntax::Block(Block::SslGet),
        "As HTTP_GET, over TLS; certificates are not verified.",
    ),
    keyword(
        "SMTP_CHECK",
        Syntax::Block(Block::SmtpCheck),
        "Succeeds when a mail server greets and takes HELO.",
    ),
    keyword(
        "DNS_CHECK",
        Syntax::Block(Block::DnsCheck),
        "Succeeds when a question is answered without error.",
    ),
    keyword(
        "MISC_CHECK",
        Syntax::Block(Block::MiscCheck),
        "Succeeds when a command of yours ends with 0.",
    ),
    keyword(
        "UDP_CHECK",
        Syntax::Block(Block::UdpCheck),
        "Succeeds unless the UDP port is refused, or when a reply comes that is as it should \
         be.",
    )
    .since(2, 1, 0),
    keyword(
        "PING_CHECK",
        Syntax::Block(Block::PingCheck),
        "Succeeds when an ICMP echo request is answered.",
    )
    .since(2, 1, 0),
    keyword(
        "FILE_CHECK",
        Syntax::Block(Block::FileCheck),
        "Adds a tracked file's number, times a factor, to the weight.",
    )
    .since(2, 1, 0),
    keyword(
        "BFD_CHECK",
        Syntax::Block(Block::BfdCheck),
        "Succeeds while a BFD session is up.",
    ),
];

pub(super) const REAL_SERVER: &[Keyword] = &super::join::<26>(&REAL_SERVER_ONLY, &CHECKERS);
