//! Keywords of the health checkers.

use super::service::{DELAY, PERIOD};
use super::{Block, DECIMAL_MAX, Keyword, Syntax, UINT, decimal, int, join, keyword};

const RETRY: Keyword = keyword(
    "retry",
    UINT,
    "Failed checks that are repeated before the server counts as down.",
)
.default("that of the real server, else 1");
const DELAY_BEFORE_RETRY: Keyword = keyword(
    "delay_before_retry",
    DELAY,
    "Time before a failed check is repeated.",
)
.seconds()
.default("that of the real server, else 1");
const WARMUP: Keyword = keyword(
    "warmup",
    DELAY,
    "The first check comes at a random time within this; 0 is at once.",
)
.seconds()
.default("that of the real server, else delay_loop");
const DELAY_LOOP: Keyword = keyword(
    "delay_loop",
    PERIOD,
    "Time from the end of a check to the next.",
)
.seconds()
.default("that of the real server");
const ALPHA: Keyword = keyword(
    "alpha",
    Syntax::Bool,
    "The server counts as down until this check succeeds.",
)
.default("that of the real server");
const LOG_ALL: Keyword = keyword(
    "log_all_failures",
    Syntax::Bool,
    "Logs every failed check instead of changes only.",
)
.default("checker_log_all_failures");

/// When a checker runs.
const fn schedule(retry: &'static str, delay: &'static str) -> [Keyword; 6] {
    [
        RETRY.default(retry),
        DELAY_BEFORE_RETRY.default(delay),
        WARMUP,
        DELAY_LOOP,
        ALPHA,
        LOG_ALL,
    ]
}

const ONCE: &str = "that of the real server, else 1";
const USUAL: [Keyword; 6] = schedule(ONCE, ONCE);

/// Whom a checker connects to.
const CONNECTION: [Keyword; 7] = [
    keyword(
        "connect_ip",
        Syntax::Address,
        "Checks this address instead of the real server's.",
    )
    .default("that of the real server"),
    keyword(
        "connect_port",
        int(1, 65_535),
        "Checks this port instead of the real server's.",
    )
    .default("that of the real server"),
    keyword(
        "bindto",
        Syntax::Address,
        "The source address of checks, of the family of connect_ip.",
    )
    .default("the kernel's choice"),
    keyword("bind_port", int(1, 65_535), "The source port of checks.")
        .default("the kernel's choice"),
    keyword(
        "bind_if",
        Syntax::Interface,
        "The interface by which checks leave.",
    ),
    keyword(
        "connect_timeout",
        decimal(1, DECIMAL_MAX),
        "Time that connecting, and each later step of the check, may take.",
    )
    .seconds()
    .default("that of the real server, else 5"),
    keyword(
        "fwmark",
        UINT,
        "The firewall mark on packets of checks; 0 is none.",
    )
    .default("0"),
];

const CONNECTED: [Keyword; 13] = join(&CONNECTION, &USUAL);

pub(super) const TCP: &[Keyword] = &CONNECTED;

pub(super) const PING: &[Keyword] = &CONNECTED;

const TLS_COMPLIANT: Keyword = keyword(
    "tls_compliant",
    Syntax::Flag,
    "Demands that the server ends TLS as the standard says.",
)
.since(2, 2, 8);

const HTTP_ONLY: [Keyword; 8] = [
    keyword("nb_get_retry", UINT, "The old name of retry.").deprecated("`retry`"),
    keyword(
        "virtualhost",
        Syntax::Word,
        "The Host header of requests for pages that give none.",
    )
    .arguments("HOST")
    .lenient()
    .default("that of the real server")
    .example("www.example.org"),
    keyword(
        "http_protocol",
        Syntax::Choice(&["1.0", "1.0C", "1.1", "1.0c"]),
        "The version of HTTP; `1.0C` is 1.0 with `Connection: close`.",
    )
    .lenient()
    .default("1.0"),
    keyword(
        "enable_sni",
        Syntax::Flag,
        "Names the virtual host when TLS begins (SNI), for servers that have several \
         certificates.",
    ),
    keyword(
        "sni_name",
        Syntax::Word,
        "Names this host when TLS begins, instead of the virtual host.",
    )
    .arguments("HOST")
    .lenient()
    .since(2, 4, 1)
    .example("www.example.org"),
    keyword(
        "fast_recovery",
        Syntax::Flag,
        "Asks for the next page without delay while the server is down.",
    ),
    TLS_COMPLIANT,
    keyword(
        "url",
        Syntax::Block(Block::Url),
        "A page, and what it should be; at least one is needed.",
    ),
];

const HTTP_CONNECTED: [Keyword; 13] = join(
    &CONNECTION,
    &schedule(ONCE, "that of the real server, else 3"),
);

pub(super) const HTTP: &[Keyword] = &join::<21>(&HTTP_CONNECTED, &HTTP_ONLY);

pub(super) const URL: &[Keyword] = &[
    keyword(
        "path",
        Syntax::Word,
        "The path in the request; every page needs one.",
    )
    .arguments("PATH")
    .example("/index.html?a=b"),
    keyword(
        "digest",
        Syntax::Word,
        "The MD5 digest of the body, as 32 hexadecimal digits.",
    )
    .arguments("MD5")
    .example("640205b7b0fc66c1ea91c463fac6334d")
    .refused("640205b7b0fc66c1ea91c463fac6334"),
    keyword(
        "status_code",
        Syntax::Words,
        "Status codes that are right: numbers from 100 to 599, and ranges of them.",
    )
    .arguments("CODE[-CODE]...")
    .lenient()
    .default("200-299")
    .example("200 301-308 404")
    .refused("300-200"),
    keyword(
        "virtualhost",
        Syntax::Word,
        "The Host header of this request.",
    )
    .arguments("HOST")
    .lenient()
    .default("that of the checker")
    .example("www.example.org"),
    keyword(
        "regex",
        Syntax::Words,
        "A pattern of PCRE2 that the body must match.",
    )
    .arguments("PATTERN")
    .lenient()
    .example("\"status: *ok\""),
    keyword(
        "regex_no_match",
        Syntax::Flag,
        "The body must not match the pattern.",
    ),
    keyword(
        "regex_options",
        Syntax::Words,
        "Options of PCRE2 in small letters, such as `caseless`.",
    )
    .arguments("OPTION...")
    .lenient()
    .example("caseless multiline")
    .refused("sensitive"),
    keyword(
        "regex_min_offset",
        Syntax::Word,
        "Matches begin at this byte, counted from 0, at the earliest.",
    )
    .arguments("BYTES")
    .lenient()
    .example("100")
    .refused("100x")
    .default("0"),
    keyword(
        "regex_max_offset",
        Syntax::Word,
        "Matches begin before this byte, counted from 0.",
    )
    .arguments("BYTES")
    .lenient()
    .example("4096")
    .refused("end")
    .default("no limit"),
    keyword(
        "regex_stack",
        Syntax::Words,
        "The matcher's memory in bytes: at the start, and at most.",
    )
    .arguments("START MAXIMUM")
    .lenient()
    .example("32768 524288")
    .refused("524288 32768"),
    TLS_COMPLIANT,
];

pub(super) const SMTP: &[Keyword] = &join::<15>(
    &CONNECTED,
    &[
        keyword(
            "helo_name",
            Syntax::Word,
            "The name that the check calls itself in HELO.",
        )
        .arguments("HOST")
        .lenient()
        .default("the host's name")
        .example("lb1.example.org"),
        keyword(
            "host",
            Syntax::Block(Block::SmtpHost),
            "Whom to connect to; its keywords may stand in the checker itself.",
        )
        .deprecated("connect_ip and connect_port"),
    ],
);

pub(super) const SMTP_HOST: &[Keyword] = &CONNECTION;

const DNS_CONNECTED: [Keyword; 13] = join(
    &CONNECTION,
    &schedule(
        "that of the real server, else 3",
        "that of the real server, else delay_loop",
    ),
);

pub(super) const DNS: &[Keyword] = &join::<15>(
    &DNS_CONNECTED,
    &[
        keyword(
            "type",
            Syntax::Word,
            "The kind of record that is asked for.",
        )
        .arguments("A|NS|CNAME|SOA|MX|TXT|AAAA|RRSIG|DNSKEY")
        .default("SOA")
        .example("AAAA")
        .refused("PTR"),
        keyword("name", Syntax::Word, "The name that is asked for.")
            .arguments("DOMAIN")
            .default(".")
            .example("www.example.org")
            .refused("www..org"),
    ],
);

pub(super) const MISC: &[Keyword] = &join::<10>(
    &schedule("that of the real server, else 0", ONCE),
    &[
        keyword(
            "misc_path",
            Syntax::OptionalCommand,
            "The command; every MISC_CHECK needs one.",
        )
        .example("\"/bin/true a b\""),
        keyword(
            "misc_timeout",
            int(0, 4294),
            "Time the command may take before it is ended and counts as failed.",
        )
        .seconds()
        .default("delay_loop"),
        keyword(
            "misc_dynamic",
            Syntax::Flag,
            "Exit codes from 2 to 255 set the weight to two less.",
        ),
        keyword(
            "user",
            Syntax::Words,
            "The user, and optionally the group, as whom the command runs.",
        )
        .arguments("USER [GROUP]")
        .lenient()
        .default("script_user")
        .example("root")
        .refused("nobody-of-that-name"),
    ],
);

pub(super) const UDP: &[Keyword] = &join::<17>(
    &CONNECTED,
    &[
        keyword(
            "payload",
            Syntax::Words,
            "The bytes that are sent, in hexadecimal digits.",
        )
        .arguments("HEX...")
        .lenient()
        .since(2, 2, 0)
        .example("0a0b 0c")
        .refused("0x0a"),
        keyword(
            "require_reply",
            Syntax::OptionalWords,
            "A reply must come, and begin with these hexadecimal digits, where `X` stands for any.",
        )
        .arguments("[HEX...]")
        .since(2, 1, 0)
        .example("0a 1X XX")
        .refused("hello"),
        keyword(
            "min_reply_length",
            int(0, 65_535),
            "The least length of a reply in bytes.",
        )
        .unit(super::Unit::Bytes)
        .default("0")
        .since(2, 2, 0),
        keyword(
            "max_reply_length",
            int(0, 65_535),
            "The greatest length of a reply in bytes.",
        )
        .unit(super::Unit::Bytes)
        .default("255")
        .since(2, 2, 0),
    ],
);

pub(super) const FILE: &[Keyword] = &[
    keyword(
        "track_file",
        Syntax::Word,
        "The track_file block whose file counts; it stands before.",
    )
    .arguments("FILE")
    .example("f1")
    .refused("no-such-file"),
    keyword(
        "weight",
        Syntax::Words,
        "The factor of the file's number, -2147483647 to 2147483647, and `reverse` or \
         `noreverse`.",
    )
    .arguments("NUMBER [reverse|noreverse]")
    .lenient()
    .default("that of the track_file")
    .example("-5 reverse")
    .refused("2147483648"),
];

pub(super) const BFD: &[Keyword] = &[
    ALPHA,
    keyword(
        "name",
        Syntax::Word,
        "The bfd_instance that counts; it stands before.",
    )
    .arguments("SESSION")
    .lenient()
    .example("bfd1")
    .refused("no-such-session"),
];
