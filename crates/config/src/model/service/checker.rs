//! What checks real servers.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::{FirewallMark, Port, words};
use crate::model::Script;
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// A health check of a real server, with everything it inherits.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Checker {
    /// `TCP_CHECK`.
    Tcp(TcpCheck),
    /// `HTTP_GET` or `SSL_GET`.
    Http(Box<HttpCheck>),
    /// `SMTP_CHECK`.
    Smtp(SmtpCheck),
    /// `DNS_CHECK`.
    Dns(DnsCheck),
    /// `MISC_CHECK`.
    Misc(MiscCheck),
    /// `UDP_CHECK`.
    Udp(UdpCheck),
    /// `PING_CHECK`.
    Ping(PingCheck),
    /// `FILE_CHECK`.
    File(FileCheck),
    /// `BFD_CHECK`.
    Bfd(BfdCheck),
}

impl Checker {
    /// The checker's keyword in the text.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Tcp(check) => check.span,
            Self::Http(check) => check.span,
            Self::Smtp(check) => check.span,
            Self::Dns(check) => check.span,
            Self::Misc(check) => check.span,
            Self::Udp(check) => check.span,
            Self::Ping(check) => check.span,
            Self::File(check) => check.span,
            Self::Bfd(check) => check.span,
        }
    }

    /// When it runs; `None` for checkers that are told of changes.
    #[must_use]
    pub fn schedule(&self) -> Option<&CheckSchedule> {
        match self {
            Self::Tcp(check) => Some(&check.schedule),
            Self::Http(check) => Some(&check.schedule),
            Self::Smtp(check) => Some(&check.schedule),
            Self::Dns(check) => Some(&check.schedule),
            Self::Misc(check) => Some(&check.schedule),
            Self::Udp(check) => Some(&check.schedule),
            Self::Ping(check) => Some(&check.schedule),
            Self::File(_) | Self::Bfd(_) => None,
        }
    }

    /// Whom it connects to; `None` for checkers that connect to nobody.
    #[must_use]
    pub fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Tcp(check) => Some(&check.connection),
            Self::Http(check) => Some(&check.connection),
            Self::Smtp(check) => Some(&check.connection),
            Self::Dns(check) => Some(&check.connection),
            Self::Udp(check) => Some(&check.connection),
            Self::Ping(check) => Some(&check.connection),
            Self::Misc(_) | Self::File(_) | Self::Bfd(_) => None,
        }
    }
}

/// When a checker runs, and when its server counts as down.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CheckSchedule {
    /// `delay_loop`: from the end of a check to the next, more than 0.
    pub delay_loop: Spanned<Micros>,
    /// `retry`: failures that are repeated before one counts.
    pub retry: Spanned<u32>,
    /// `delay_before_retry`: time before such a repeat.
    pub delay_before_retry: Micros,
    /// `warmup`: the first check comes at a random time within it.
    pub warmup: Micros,
    /// `alpha`: the server starts as down.
    pub alpha: bool,
    /// `log_all_failures`: every failure is logged, not only changes.
    pub log_all_failures: bool,
}

/// Whom a checker connects to, and from where.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Connection {
    /// `connect_ip`, else the real server's address.
    pub address: IpAddr,
    /// `connect_port`, else the real server's port; `None` where that has none.
    pub port: Option<Port>,
    /// `bindto`: the source address, of the family of `address`.
    pub bind_address: Option<Spanned<IpAddr>>,
    /// `bind_port`: the source port.
    pub bind_port: Option<Port>,
    /// `bind_if`: the interface packets leave by.
    pub bind_interface: Option<Spanned<String>>,
    /// `connect_timeout`: time that connecting, and each step after it, may take; more than 0.
    pub timeout: Micros,
    /// `fwmark` of sent packets; 0 is none.
    pub mark: FirewallMark,
}

/// `TCP_CHECK`: up when a connection is taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TcpCheck {
    /// When it runs.
    pub schedule: CheckSchedule,
    /// Whom it connects to.
    pub connection: Connection,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// `PING_CHECK`: up when an echo request is answered.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PingCheck {
    /// When it runs.
    pub schedule: CheckSchedule,
    /// Whom it asks; its ports have no effect.
    pub connection: Connection,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// `HTTP_GET` or `SSL_GET`: up when every page is as it should be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HttpCheck {
    /// When it runs.
    pub schedule: CheckSchedule,
    /// Whom it connects to.
    pub connection: Connection,
    /// Over TLS: `SSL_GET`.
    pub tls: bool,
    /// `http_protocol`.
    pub protocol: HttpProtocol,
    /// `virtualhost`, else the real server's; already applied to the pages.
    pub virtualhost: Option<Spanned<String>>,
    /// `enable_sni`: TLS names the virtual host.
    pub enable_sni: bool,
    /// `sni_name`: TLS names this host instead.
    pub sni_name: Option<Spanned<String>>,
    /// `fast_recovery`: no delay between pages while the server is down.
    pub fast_recovery: bool,
    /// The pages, at least one.
    pub urls: Vec<Url>,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// The version of HTTP in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpProtocol {
    /// `1.0`: the default.
    V1_0,
    /// `1.0C`: 1.0 with `Connection: close`.
    V1_0Close,
    /// `1.1`, with `Connection: close`.
    V1_1,
}

/// A page, and what it must be; all that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Url {
    /// `path`, not empty.
    pub path: Spanned<String>,
    /// `digest`: the MD5 of the body.
    pub digest: Option<Spanned<[u8; 16]>>,
    /// `status_code`.
    pub status: StatusCodes,
    /// `virtualhost`, else the checker's.
    pub virtualhost: Option<Spanned<String>>,
    /// `regex` and what goes with it.
    pub regex: Option<Regex>,
    /// `tls_compliant`, here or in the checker: the server must end TLS properly.
    pub tls_compliant: bool,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// Status codes of HTTP, as ranges within 100 to 599.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StatusCodes(pub Vec<RangeInclusive<u16>>);

impl StatusCodes {
    /// Whether that code is among them.
    #[must_use]
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|range| range.contains(&code))
    }
}

impl Default for StatusCodes {
    /// Success: 200 to 299.
    fn default() -> Self {
        Self(vec![200..=299])
    }
}

/// A pattern for the body of a page, in the syntax of PCRE2; not compiled yet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Regex {
    /// `regex`.
    pub pattern: Spanned<String>,
    /// `regex_no_match`: it must not match.
    pub no_match: bool,
    /// `regex_options`.
    pub options: Vec<RegexOption>,
    /// `regex_min_offset` in bytes: matches begin here at the earliest.
    pub min_offset: u64,
    /// `regex_max_offset` in bytes: matches begin before it; `None` for anywhere.
    pub max_offset: Option<u64>,
    /// `regex_stack`.
    pub stack: Option<RegexStack>,
}

/// Memory of the matcher in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RegexStack {
    /// What it starts with.
    pub start: u64,
    /// What it may grow to.
    pub max: u64,
}

words! {
    /// An option of PCRE2 (pcre2api(3), `PCRE2_…`).
    RegexOption {
        /// `PCRE2_ALLOW_EMPTY_CLASS`.
        AllowEmptyClass = "allow_empty_class",
        /// `PCRE2_ALT_BSUX`.
        AltBsux = "alt_bsux",
        /// `PCRE2_AUTO_CALLOUT`.
        AutoCallout = "auto_callout",
        /// `PCRE2_CASELESS`.
        Caseless = "caseless",
        /// `PCRE2_DOLLAR_ENDONLY`.
        DollarEndonly = "dollar_endonly",
        /// `PCRE2_DOTALL`.
        Dotall = "dotall",
        /// `PCRE2_DUPNAMES`.
        Dupnames = "dupnames",
        /// `PCRE2_EXTENDED`.
        Extended = "extended",
        /// `PCRE2_FIRSTLINE`.
        Firstline = "firstline",
        /// `PCRE2_MATCH_UNSET_BACKREF`.
        MatchUnsetBackref = "match_unset_backref",
        /// `PCRE2_MULTILINE`.
        Multiline = "multiline",
        /// `PCRE2_NEVER_UCP`.
        NeverUcp = "never_ucp",
        /// `PCRE2_NEVER_UTF`.
        NeverUtf = "never_utf",
        /// `PCRE2_NO_AUTO_CAPTURE`.
        NoAutoCapture = "no_auto_capture",
        /// `PCRE2_NO_AUTO_POSSESS`.
        NoAutoPossess = "no_auto_possess",
        /// `PCRE2_NO_DOTSTAR_ANCHOR`.
        NoDotstarAnchor = "no_dotstar_anchor",
        /// `PCRE2_NO_START_OPTIMIZE`.
        NoStartOptimize = "no_start_optimize",
        /// `PCRE2_UCP`.
        Ucp = "ucp",
        /// `PCRE2_UNGREEDY`.
        Ungreedy = "ungreedy",
        /// `PCRE2_UTF`.
        Utf = "utf",
        /// `PCRE2_NEVER_BACKSLASH_C`.
        NeverBackslashC = "never_backslash_c",
        /// `PCRE2_USE_OFFSET_LIMIT`.
        UseOffsetLimit = "use_offset_limit",
        /// `PCRE2_ALT_CIRCUMFLEX`.
        AltCircumflex = "alt_circumflex",
        /// `PCRE2_ALT_VERBNAMES`.
        AltVerbnames = "alt_verbnames",
    }
}

/// `SMTP_CHECK`: up when it greets as a mail server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SmtpCheck {
    /// When it runs.
    pub schedule: CheckSchedule,
    /// Whom it connects to; a `host` block counts as the checker's own keywords.
    pub connection: Connection,
    /// `helo_name`; `None` for the host's own name.
    pub helo_name: Option<Spanned<String>>,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

words! {
    /// The record that `DNS_CHECK` asks for; the words are known in any case.
    DnsType {
        /// An IPv4 address.
        A = "A",
        /// A name server.
        Ns = "NS",
        /// Another name.
        Cname = "CNAME",
        /// The zone's data: the default.
        Soa = "SOA",
        /// A mail server.
        Mx = "MX",
        /// Text.
        Txt = "TXT",
        /// An IPv6 address.
        Aaaa = "AAAA",
        /// A signature.
        Rrsig = "RRSIG",
        /// A key.
        Dnskey = "DNSKEY",
    }
}

impl DnsType {
    /// The number in the question (RFC 1035 §3.2.2, RFC 3596, RFC 4034).
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Ns => 2,
            Self::Cname => 5,
            Self::Soa => 6,
            Self::Mx => 15,
            Self::Txt => 16,
            Self::Aaaa => 28,
            Self::Rrsig => 46,
            Self::Dnskey => 48,
        }
    }
}

/// `DNS_CHECK`: up when it answers a question without error.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DnsCheck {
    /// When it runs; without a `delay_before_retry`, that is the `delay_loop`.
    pub schedule: CheckSchedule,
    /// Whom it asks.
    pub connection: Connection,
    /// `type`.
    pub record: DnsType,
    /// `name` without a dot at its end: labels of 1 to 63 bytes with dots between, at most 253 bytes; `None` for the root.
    pub name: Option<Spanned<String>>,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// `MISC_CHECK`: up when a command succeeds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MiscCheck {
    /// When it runs.
    pub schedule: CheckSchedule,
    /// `misc_path` and `user`; whether it can be run here is not judged.
    pub script: Script,
    /// `misc_timeout`, else the `delay_loop`.
    pub timeout: Micros,
    /// `misc_dynamic`: exit codes from 2 to 255 are the weight plus 2.
    pub dynamic: bool,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// `UDP_CHECK`: up unless its port is refused, or when it answers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UdpCheck {
    /// When it runs.
    pub schedule: CheckSchedule,
    /// Whom it asks.
    pub connection: Connection,
    /// `payload`; `None` leaves it to the checker.
    pub payload: Option<Vec<u8>>,
    /// `require_reply`.
    pub reply: Reply,
    /// `min_reply_length` in bytes.
    pub min_reply_length: u16,
    /// `max_reply_length` in bytes; may lie below the minimum.
    pub max_reply_length: u16,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// What must come back.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Nothing need come.
    NotRequired,
    /// Anything must come.
    Any,
    /// It must begin like this.
    Pattern(Vec<PatternByte>),
}

/// A byte of an expected reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PatternByte {
    /// Its value; zero where the mask is.
    pub value: u8,
    /// The bits that count: halves of 0 for `X`.
    pub mask: u8,
}

/// `FILE_CHECK`: the weight follows a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileCheck {
    /// `track_file`, which is defined before the checker.
    pub track_file: Spanned<String>,
    /// `weight`; `None` for that of the `track_file` block.
    pub weight: Option<FileWeight>,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// The factor of a file's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileWeight {
    /// -2147483647 to 2147483647; 0 makes any number but 0 a failure.
    pub value: i32,
    /// `reverse`.
    pub reverse: bool,
}

/// `BFD_CHECK`: up while a session is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BfdCheck {
    /// `name`: a `bfd_instance` in the text; it may be unusable and missing from the configuration.
    pub instance: Spanned<String>,
    /// `alpha`: the server starts as down.
    pub alpha: bool,
    /// The keyword.
    #[serde(skip)]
    pub span: Span,
}

/// Least and greatest status code.
pub(crate) const STATUS_CODES: RangeInclusive<u16> = 100..=599;
