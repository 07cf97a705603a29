//! Every keyword of keepalived.conf: the one list from which the parser, its suggestions and the documentation come.
//!
//! A keyword is known by its block and its name. The parser refuses nothing that is listed here, and accepts nothing that is not.

mod bfd;
mod checker;
mod global;
mod global_vrrp;
mod index;
mod root;
mod service;
mod suggest;
mod track;
mod usage;
mod vrrp;

use std::net::IpAddr;

use crate::span::Spanned;
use crate::units::Micros;

use index::Index;
pub use suggest::nearest;
pub(crate) use suggest::{certain, nearest_of};

macro_rules! blocks {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal: $keywords:expr,)+) => {
        /// A place where keywords or lines can stand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Block { $($(#[doc = $doc])+ $name,)+ }

        impl Block {
            /// Every block.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The block's keyword; empty for the root.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Its keywords; empty for blocks of free lines.
            #[must_use]
            pub fn keywords(self) -> &'static [Keyword] {
                match self { $(Self::$name => $keywords,)+ }
            }

            /// Where to look for a keyword of the block.
            fn index(self) -> &'static Index {
                match self { $(Self::$name => const { &Index::of($keywords) },)+ }
            }
        }
    };
}

blocks! {
    /// Outside any block.
    Root = "": root::ROOT,
    /// `global_defs`.
    Global = "global_defs": global::GLOBAL,
    /// `vrrp_script`.
    VrrpScript = "vrrp_script": vrrp::SCRIPT,
    /// `vrrp_instance`.
    VrrpInstance = "vrrp_instance": vrrp::INSTANCE,
    /// `authentication` in an instance.
    Authentication = "authentication": vrrp::AUTHENTICATION,
    /// `auth_hmac` in an instance.
    AuthHmac = "auth_hmac": vrrp::AUTH_HMAC,
    /// `vrrp_sync_group`.
    SyncGroup = "vrrp_sync_group": vrrp::SYNC_GROUP,
    /// `vrrp_track_process`.
    TrackProcess = "vrrp_track_process": track::PROCESS,
    /// `track_file` (and `vrrp_track_file`) at the root.
    TrackFile = "track_file": track::FILE,
    /// `track_group`.
    TrackGroup = "track_group": track::GROUP,
    /// `garp_group`.
    GarpGroup = "garp_group": track::GARP_GROUP,
    /// `SSL`.
    Ssl = "SSL": service::SSL,
    /// `virtual_server_group`: lines of addresses.
    VirtualServerGroup = "virtual_server_group": &[],
    /// `virtual_server`.
    VirtualServer = "virtual_server": service::VIRTUAL_SERVER,
    /// `real_server`.
    RealServer = "real_server": service::REAL_SERVER,
    /// `TCP_CHECK`.
    TcpCheck = "TCP_CHECK": checker::TCP,
    /// `HTTP_GET`.
    HttpGet = "HTTP_GET": checker::HTTP,
    /// `SSL_GET`.
    SslGet = "SSL_GET": checker::HTTP,
    /// `url` in `HTTP_GET` and `SSL_GET`.
    Url = "url": checker::URL,
    /// `SMTP_CHECK`.
    SmtpCheck = "SMTP_CHECK": checker::SMTP,
    /// `host` in `SMTP_CHECK`.
    SmtpHost = "host": checker::SMTP_HOST,
    /// `DNS_CHECK`.
    DnsCheck = "DNS_CHECK": checker::DNS,
    /// `MISC_CHECK`.
    MiscCheck = "MISC_CHECK": checker::MISC,
    /// `UDP_CHECK`.
    UdpCheck = "UDP_CHECK": checker::UDP,
    /// `PING_CHECK`.
    PingCheck = "PING_CHECK": checker::PING,
    /// `FILE_CHECK`.
    FileCheck = "FILE_CHECK": checker::FILE,
    /// `BFD_CHECK`.
    BfdCheck = "BFD_CHECK": checker::BFD,
    /// `bfd_instance`.
    BfdInstance = "bfd_instance": bfd::INSTANCE,
}

impl Block {
    /// The keyword of that name in this block.
    #[must_use]
    pub fn keyword(self, name: &str) -> Option<&'static Keyword> {
        self.index().find(self.keywords(), name)
    }
}

impl Block {
    /// Whether it is part of load balancing.
    pub(crate) fn is_service(self) -> bool {
        matches!(
            self,
            Self::Ssl
                | Self::VirtualServer
                | Self::RealServer
                | Self::TcpCheck
                | Self::HttpGet
                | Self::SslGet
                | Self::Url
                | Self::SmtpCheck
                | Self::SmtpHost
                | Self::DnsCheck
                | Self::MiscCheck
                | Self::UdpCheck
                | Self::PingCheck
                | Self::FileCheck
                | Self::BfdCheck
                | Self::BfdInstance
        )
    }
}

/// Whether this release of Standfast does what the keyword says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acts {
    /// It does.
    Yes,
    /// The keyword is read and checked, and has no effect yet.
    NotYet,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A bare number, or no number at all.
    None,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Bytes.
    Bytes,
}

/// What stands after a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// Nothing; words that follow are ignored.
    Flag,
    /// `on`, `true`, `yes`, `off`, `false`, `no`, or nothing for `on`.
    Bool,
    /// A whole number within the range; other values are reported and ignored.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// As `Integer`, or nothing.
    OptionalInteger {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A decimal number, kept in millionths of the unit.
    Decimal {
        /// Least value, in millionths.
        min: u64,
        /// Greatest value, in millionths.
        max: u64,
        /// Digits after the point that count.
        digits: u8,
    },
    /// One word.
    Word,
    /// One word or none.
    OptionalWord,
    /// One word or more.
    Words,
    /// Any number of words.
    OptionalWords,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An IP address.
    Address,
    /// The name of a network interface, at most 15 bytes.
    Interface,
    /// A command line, by the quoting rules of scripts, then user and group.
    Command,
    /// As `Command`, or nothing.
    OptionalCommand,
    /// `{`, free lines, `}`.
    Lines,
    /// `{`, keywords of that block, `}`.
    Block(Block),
    /// A name, then as `Block`.
    Named(Block),
}

/// A checked value of a keyword without a typed field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The keyword alone.
    Flag,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal number in millionths of its unit; for seconds, microseconds.
    Decimal(Micros),
    /// One word.
    Word(String),
    /// An address.
    Address(IpAddr),
    /// Several words, a command, or nothing.
    Words,
    /// The lines of a block.
    Lines(Vec<Vec<Spanned<String>>>),
    /// It was reported and is not used.
    Invalid,
}

/// One keyword in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The word itself.
    pub name: &'static str,
    /// What stands after it.
    pub syntax: Syntax,
    /// What its number counts.
    pub unit: Unit,
    /// What holds without it, in words; empty for "off" or "none".
    pub default: &'static str,
    /// The first keepalived release that has it; `2.0` for all that are older.
    pub since: Release,
    /// One sentence on what it does.
    pub doc: &'static str,
    /// Whether this release acts on it.
    pub acts: Acts,
    /// keepalived calls it deprecated; the text says what to use.
    pub deprecated: Option<&'static str>,
    /// Without its value the keyword is only complained about; keepalived exits on all others.
    pub lenient: bool,
    /// Words after it that are accepted, as a user would write them; lines of a list are separated by `;`.
    /// Empty where the syntax alone tells them.
    pub example: &'static str,
    /// Words after it that draw a complaint. Empty where the syntax alone tells them, or where nothing is refused.
    pub refused: &'static str,
}

/// A keepalived release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(pub u8, pub u8, pub u8);

impl Release {
    /// The release whose verdicts are imitated.
    pub const IMITATED: Self = Self(2, 2, 7);
}

impl std::fmt::Display for Release {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A keyword that is not acted on yet; the methods below say more about it.
const fn keyword(name: &'static str, syntax: Syntax, doc: &'static str) -> Keyword {
    Keyword {
        name,
        syntax,
        unit: Unit::None,
        default: "",
        since: Release(2, 0, 0),
        doc,
        acts: Acts::NotYet,
        deprecated: None,
        lenient: false,
        example: "",
        refused: "",
    }
}

impl Keyword {
    const fn acts(mut self) -> Self {
        self.acts = Acts::Yes;
        self
    }

    const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    const fn seconds(mut self) -> Self {
        self.unit = Unit::Seconds;
        self
    }

    const fn example(mut self, words: &'static str) -> Self {
        self.example = words;
        self
    }

    const fn refused(mut self, words: &'static str) -> Self {
        self.refused = words;
        self
    }

    const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    const fn default(mut self, text: &'static str) -> Self {
        self.default = text;
        self
    }

    const fn since(mut self, major: u8, minor: u8, patch: u8) -> Self {
        self.since = Release(major, minor, patch);
        self
    }

    const fn deprecated(mut self, instead: &'static str) -> Self {
        self.deprecated = Some(instead);
        self
    }
}

/// Both lists as one array of `N` keywords, which must be the sum of their lengths.
const fn join<const N: usize>(left: &[Keyword], right: &[Keyword]) -> [Keyword; N] {
    let mut joined = [keyword("", Syntax::Flag, ""); N];
    let mut at = 0;
    while at < N {
        joined[at] = if at < left.len() {
            left[at]
        } else {
            right[at - left.len()]
        };
        at += 1;
    }
    joined
}

/// Any 32-bit unsigned number.
const UINT: Syntax = Syntax::Integer {
    min: 0,
    max: 4_294_967_295,
};
/// An integer from `min` to `max`.
const fn int(min: i64, max: i64) -> Syntax {
    Syntax::Integer { min, max }
}
/// A decimal number of six digits between two values in millionths.
const fn decimal(min: u64, max: u64) -> Syntax {
    Syntax::Decimal {
        min,
        max,
        digits: 6,
    }
}
/// The greatest decimal number that keepalived takes: 2^32 - 1 millionths.
const DECIMAL_MAX: u64 = 4_294_967_295;

#[cfg(test)]
mod tests;
