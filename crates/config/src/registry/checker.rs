//! Keywords of the health checkers.

use super::{Block, DECIMAL_MAX, Keyword, Syntax, UINT, decimal, int, keyword};

const DELAY: Syntax = decimal(0, DECIMAL_MAX * 1_000_000);

const CONNECT_IP: Keyword = keyword("connect_ip", Syntax::Word, "Checks another address.");
const CONNECT_PORT: Keyword = keyword("connect_port", int(1, 65_535), "Checks another port.");
const BINDTO: Keyword = keyword("bindto", Syntax::Word, "The source address of checks.");
const BIND_PORT: Keyword = keyword("bind_port", int(1, 65_535), "The source port of checks.");
const BIND_IF: Keyword = keyword("bind_if", Syntax::Interface, "The interface of checks.");
const CONNECT_TIMEOUT: Keyword = keyword(
    "connect_timeout",
    decimal(1, DECIMAL_MAX),
    "Time a step may take.",
)
.seconds()
.default("5");
const FWMARK: Keyword = keyword("fwmark", UINT, "The mark on packets of checks.");
const RETRY: Keyword = keyword("retry", UINT, "Failed checks that are repeated.").default("1");
const DELAY_BEFORE_RETRY: Keyword = keyword("delay_before_retry", DELAY, "Time before a repeat.")
    .seconds()
    .default("1");
const WARMUP: Keyword = keyword(
    "warmup",
    DELAY,
    "Time over which the first check is spread.",
)
.seconds();
const DELAY_LOOP: Keyword = keyword("delay_loop", DELAY, "Time between checks.").seconds();
const ALPHA: Keyword = keyword("alpha", Syntax::Bool, "The server starts as down.");
const LOG_ALL: Keyword = keyword("log_all_failures", Syntax::Bool, "Logs every failed check.");

pub(super) const TCP: &[Keyword] = &[
    CONNECT_IP,
    CONNECT_PORT,
    BINDTO,
    BIND_PORT,
    BIND_IF,
    CONNECT_TIMEOUT,
    FWMARK,
    RETRY,
    DELAY_BEFORE_RETRY,
    WARMUP,
    DELAY_LOOP,
    ALPHA,
    LOG_ALL,
];

pub(super) const PING: &[Keyword] = TCP;

pub(super) const HTTP: &[Keyword] = &[
    CONNECT_IP,
    CONNECT_PORT,
    BINDTO,
    BIND_PORT,
    BIND_IF,
    CONNECT_TIMEOUT,
    FWMARK,
    RETRY,
    DELAY_BEFORE_RETRY.default("3"),
    WARMUP,
    DELAY_LOOP,
    ALPHA,
    LOG_ALL,
    keyword("nb_get_retry", UINT, "The old name of retry.").deprecated("retry"),
    keyword("virtualhost", Syntax::Word, "The host name in requests.").lenient(),
    keyword(
        "http_protocol",
        Syntax::Choice(&["1.0", "1.0C", "1.1", "1.0c"]),
        "The version of HTTP.",
    )
    .lenient()
    .default("1.0"),
    keyword("enable_sni", Syntax::Flag, "Names the host in TLS."),
    keyword("sni_name", Syntax::Word, "The host that is named in TLS.")
        .lenient()
        .since(2, 4, 1),
    keyword(
        "fast_recovery",
        Syntax::Flag,
        "One page that is right is enough to come up.",
    ),
    keyword(
        "tls_compliant",
        Syntax::Flag,
        "Demands a proper end of TLS.",
    )
    .since(2, 2, 8),
    keyword(
        "url",
        Syntax::Block(Block::Url),
        "A page, and what it should be.",
    ),
];

pub(super) const URL: &[Keyword] = &[
    keyword("path", Syntax::Word, "The page."),
    keyword("digest", Syntax::Word, "The MD5 of the page."),
    keyword("status_code", Syntax::Words, "Status codes that are right.")
        .lenient()
        .default("200-299"),
    keyword(
        "virtualhost",
        Syntax::Word,
        "The host name in this request.",
    )
    .lenient(),
    keyword("regex", Syntax::Words, "What the page must match.").lenient(),
    keyword("regex_no_match", Syntax::Flag, "It must not match."),
    keyword("regex_options", Syntax::Words, "How it is matched.").lenient(),
    keyword("regex_min_offset", UINT, "Where matching starts.").lenient(),
    keyword("regex_max_offset", UINT, "Where matching ends.").lenient(),
    keyword("regex_stack", Syntax::Words, "Memory for matching.").lenient(),
    keyword(
        "tls_compliant",
        Syntax::Flag,
        "Demands a proper end of TLS.",
    )
    .since(2, 2, 8),
];

pub(super) const SMTP: &[Keyword] = &[
    CONNECT_IP,
    CONNECT_PORT,
    BINDTO,
    BIND_PORT,
    BIND_IF,
    CONNECT_TIMEOUT,
    FWMARK,
    RETRY,
    DELAY_BEFORE_RETRY,
    WARMUP,
    DELAY_LOOP,
    ALPHA,
    LOG_ALL,
    keyword("helo_name", Syntax::Word, "The name in HELO.").lenient(),
    keyword(
        "host",
        Syntax::Block(Block::SmtpHost),
        "An address to check.",
    )
    .deprecated("connect_ip and connect_port"),
];

pub(super) const SMTP_HOST: &[Keyword] = &[
    CONNECT_IP,
    CONNECT_PORT,
    BINDTO,
    BIND_PORT,
    BIND_IF,
    CONNECT_TIMEOUT,
    FWMARK,
];

pub(super) const DNS: &[Keyword] = &[
    CONNECT_IP,
    CONNECT_PORT,
    BINDTO,
    BIND_PORT,
    BIND_IF,
    CONNECT_TIMEOUT,
    FWMARK,
    RETRY.default("3"),
    DELAY_BEFORE_RETRY,
    WARMUP,
    DELAY_LOOP,
    ALPHA,
    LOG_ALL,
    keyword("type", Syntax::Word, "The record type that is asked for.").default("SOA"),
    keyword("name", Syntax::Word, "The name that is asked for.").default("."),
];

pub(super) const MISC: &[Keyword] = &[
    RETRY.default("0"),
    DELAY_BEFORE_RETRY,
    WARMUP,
    DELAY_LOOP,
    ALPHA,
    LOG_ALL,
    keyword("misc_path", Syntax::Command, "The command.").lenient(),
    keyword("misc_timeout", UINT, "Time it may take.")
        .seconds()
        .default("delay_loop"),
    keyword("misc_dynamic", Syntax::Flag, "Its exit code is a weight."),
    keyword("user", Syntax::Words, "Who runs it.").lenient(),
];

pub(super) const UDP: &[Keyword] = &[
    CONNECT_IP,
    CONNECT_PORT,
    BINDTO,
    BIND_PORT,
    BIND_IF,
    CONNECT_TIMEOUT,
    FWMARK,
    RETRY,
    DELAY_BEFORE_RETRY,
    WARMUP,
    DELAY_LOOP,
    ALPHA,
    LOG_ALL,
    keyword("payload", Syntax::Words, "The bytes that are sent.")
        .lenient()
        .since(2, 2, 0),
    keyword(
        "require_reply",
        Syntax::OptionalWords,
        "An answer must come, and look like this.",
    )
    .since(2, 1, 0),
    keyword("min_reply_length", UINT, "Least length of an answer.")
        .default("0")
        .since(2, 2, 0),
    keyword("max_reply_length", UINT, "Greatest length of an answer.")
        .default("255")
        .since(2, 2, 0),
];

pub(super) const FILE: &[Keyword] = &[
    keyword("track_file", Syntax::Word, "The track_file that counts."),
    keyword(
        "weight",
        Syntax::Words,
        "Factor of its number, and optionally reverse.",
    )
    .lenient(),
];

pub(super) const BFD: &[Keyword] = &[
    ALPHA,
    keyword("name", Syntax::Word, "The bfd_instance that counts.").lenient(),
];
