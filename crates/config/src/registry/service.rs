//! Keywords of virtual servers, real servers and their client certificate.

use super::{Block, DECIMAL_MAX, Keyword, Syntax, UINT, decimal, int, keyword};

pub(super) const SSL: &[Keyword] = &[
    keyword("password", Syntax::Word, "The key's passphrase.").lenient(),
    keyword("ca", Syntax::Word, "The file with authorities.").lenient(),
    keyword(
        "certificate",
        Syntax::Word,
        "The file with our certificate.",
    )
    .lenient(),
    keyword("key", Syntax::Word, "The file with our key.").lenient(),
];

const DELAY: Syntax = decimal(0, DECIMAL_MAX * 1_000_000);
const POSITIVE: Syntax = int(1, 4_294_967_295);

pub(super) const VIRTUAL_SERVER: &[Keyword] = &[
    keyword("delay_loop", DELAY, "Time between checks.")
        .seconds()
        .default("60"),
    keyword("lb_algo", Syntax::Word, "The scheduler.").default("wlc"),
    keyword("lvs_sched", Syntax::Word, "The scheduler.").default("wlc"),
    keyword("lb_kind", Syntax::Words, "How packets are forwarded.").default("NAT"),
    keyword("lvs_method", Syntax::Words, "How packets are forwarded.").default("NAT"),
    keyword("protocol", Syntax::Word, "TCP, UDP or SCTP.").default("by port, else UDP"),
    keyword(
        "persistence_timeout",
        Syntax::OptionalInteger {
            min: 1,
            max: 2_678_400,
        },
        "How long a client stays with its server.",
    )
    .seconds()
    .default("off; 360 without a value"),
    keyword(
        "persistence_granularity",
        Syntax::Word,
        "How many clients count as one.",
    )
    .default("one address"),
    keyword(
        "persistence_engine",
        Syntax::Word,
        "The persistence engine.",
    ),
    keyword("hashed", Syntax::Flag, "Hashes persistent entries."),
    keyword("ops", Syntax::Flag, "Schedules every UDP packet by itself."),
    keyword("flag-1", Syntax::Flag, "Sets the scheduler's first flag."),
    keyword("flag-2", Syntax::Flag, "Sets the scheduler's second flag."),
    keyword("flag-3", Syntax::Flag, "Sets the scheduler's third flag."),
    keyword("sh-port", Syntax::Flag, "Source hashing includes the port."),
    keyword(
        "sh-fallback",
        Syntax::Flag,
        "Source hashing skips unavailable servers.",
    ),
    keyword("mh-port", Syntax::Flag, "Maglev hashing includes the port."),
    keyword(
        "mh-fallback",
        Syntax::Flag,
        "Maglev hashing skips unavailable servers.",
    ),
    keyword(
        "ip_family",
        Syntax::Choice(&["inet", "inet6"]),
        "Family of a service by mark.",
    ),
    keyword(
        "ha_suspend",
        Syntax::Flag,
        "Checks only while we hold the address.",
    ),
    keyword("virtualhost", Syntax::Word, "The host name of HTTP checks.").lenient(),
    keyword("alpha", Syntax::Flag, "Servers start as down."),
    keyword("omega", Syntax::Flag, "Down notifications run at the end."),
    keyword("quorum", int(1, 2_147_483_647), "Least weight that serves.").default("1"),
    keyword(
        "hysteresis",
        UINT,
        "Weight by which the quorum must be passed.",
    )
    .default("0"),
    keyword(
        "quorum_up",
        Syntax::Command,
        "Runs when the quorum is reached.",
    ),
    keyword(
        "quorum_down",
        Syntax::Command,
        "Runs when the quorum is lost.",
    ),
    keyword(
        "weight",
        int(1, 65_535),
        "Weight of servers that give none.",
    )
    .default("1"),
    keyword("retry", POSITIVE, "Failed checks that are repeated."),
    keyword("delay_before_retry", DELAY, "Time before a repeat.").seconds(),
    keyword("warmup", DELAY, "Time over which first checks are spread.").seconds(),
    keyword(
        "connect_timeout",
        decimal(1, DECIMAL_MAX),
        "Time a check may take.",
    )
    .seconds()
    .default("5"),
    keyword(
        "inhibit_on_failure",
        Syntax::Flag,
        "Failed servers get weight 0 and stay.",
    ),
    keyword("smtp_alert", Syntax::Bool, "Sends mail about this service."),
    keyword("snmp_name", Syntax::Word, "The service's name in SNMP.")
        .lenient()
        .since(2, 2, 4),
    keyword("sorry_server", Syntax::Words, "Serves when no other does."),
    keyword(
        "sorry_server_inhibit",
        Syntax::Flag,
        "inhibit_on_failure for the sorry server.",
    ),
    keyword(
        "sorry_server_lvs_method",
        Syntax::Words,
        "lvs_method for the sorry server.",
    )
    .lenient(),
    keyword(
        "real_server",
        Syntax::Named(Block::RealServer),
        "A server that does the work.",
    )
    .example("10.0.0.2 80")
    .refused("10.0.0.300 80"),
];

pub(super) const REAL_SERVER: &[Keyword] = &[
    keyword("weight", int(0, 2_147_483_647), "Its share of connections.").default("1"),
    keyword("lvs_method", Syntax::Words, "How packets get to it."),
    keyword("uthreshold", UINT, "Connections at which it gets no more."),
    keyword(
        "lthreshold",
        UINT,
        "Connections below which it gets some again.",
    ),
    keyword(
        "inhibit_on_failure",
        Syntax::Flag,
        "It gets weight 0 and stays when it fails.",
    ),
    keyword("notify_up", Syntax::Command, "Runs when it comes up."),
    keyword("notify_down", Syntax::Command, "Runs when it goes down."),
    keyword("alpha", Syntax::Flag, "It starts as down."),
    keyword("retry", POSITIVE, "Failed checks that are repeated."),
    keyword("delay_before_retry", DELAY, "Time before a repeat.").seconds(),
    keyword("warmup", DELAY, "Time over which first checks are spread.").seconds(),
    keyword(
        "connect_timeout",
        decimal(1, DECIMAL_MAX),
        "Time a check may take.",
    )
    .seconds(),
    keyword("delay_loop", DELAY, "Time between checks.").seconds(),
    keyword("smtp_alert", Syntax::Bool, "Sends mail about this server."),
    keyword("virtualhost", Syntax::Word, "The host name of HTTP checks.").lenient(),
    keyword("snmp_name", Syntax::Word, "The server's name in SNMP.")
        .lenient()
        .since(2, 2, 4),
    keyword(
        "TCP_CHECK",
        Syntax::Block(Block::TcpCheck),
        "Is up when a connection is taken.",
    ),
    keyword(
        "HTTP_GET",
        Syntax::Block(Block::HttpGet),
        "Is up when pages are as they should be.",
    ),
    keyword(
        "SSL_GET",
        Syntax::Block(Block::SslGet),
        "The same over TLS.",
    ),
    keyword(
        "SMTP_CHECK",
        Syntax::Block(Block::SmtpCheck),
        "Is up when it greets as a mail server.",
    ),
    keyword(
        "DNS_CHECK",
        Syntax::Block(Block::DnsCheck),
        "Is up when it answers a question.",
    ),
    keyword(
        "MISC_CHECK",
        Syntax::Block(Block::MiscCheck),
        "Is up when a command succeeds.",
    ),
    keyword(
        "UDP_CHECK",
        Syntax::Block(Block::UdpCheck),
        "Is up unless its port is refused.",
    )
    .since(2, 1, 0),
    keyword(
        "PING_CHECK",
        Syntax::Block(Block::PingCheck),
        "Is up when it answers a ping.",
    )
    .since(2, 1, 0),
    keyword(
        "FILE_CHECK",
        Syntax::Block(Block::FileCheck),
        "Its weight follows a file.",
    )
    .since(2, 1, 0),
    keyword(
        "BFD_CHECK",
        Syntax::Block(Block::BfdCheck),
        "Is up while a BFD session is.",
    ),
];
