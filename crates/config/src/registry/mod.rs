//! Every keyword of keepalived.conf: the one list from which the parser, its suggestions and the documentation come.
//!
//! A keyword is known by its block and its name. The parser refuses nothing that is listed here, and accepts nothing that is not.

mod authentication;
mod bfd;
mod builtin;
mod checker;
mod global;
mod global_control;
mod global_resources;
mod global_vrrp;
mod index;
mod root;
mod service;
mod suggest;
mod sync_group;
mod track;
mod usage;
mod vrrp;

use std::net::IpAddr;

use crate::span::Spanned;
use crate::units::Micros;

use index::Index;
pub(crate) use suggest::certain;
pub use suggest::{nearest, nearest_of};

macro_rules! blocks {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal: $keywords:expr,)+) => {
        /// A place where keywords or lines can stand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Block { $($(#[doc = $doc])+ $name,)+ }

        impl Block {
            /// Every block.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What the block is for, in a few sentences.
            #[must_use]
            pub fn doc(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

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
    /// What stands outside any block: a few settings of the whole daemon, and the blocks themselves. Objects are named here (a script,
    /// a file, a BFD session) and tracked by that name in instances, so they should stand before what uses them.
    Root = "": root::ROOT,
    /// Settings of the whole daemon: its name and mail, its processes, its scripts, and defaults for all instances (most of those begin
    /// with `vrrp_`). One such block is enough; of a keyword that stands twice the last counts.
    Global = "global_defs": global::GLOBAL,
    /// A command that is run again and again, and whose success says whether a service is well. It does nothing by itself: an instance
    /// names it in `track_script`, and goes into fault while it fails, or, with a `weight`, has its priority changed.
    VrrpScript = "vrrp_script": vrrp::SCRIPT,
    /// A check of the local service that needs no script: whether a process runs, whether a port takes a connection, or what is answered
    /// to an HTTP request. An instance names it in `track_check`, and goes into fault while it fails, or, with a `weight`, has its
    /// priority changed. keepalived does not know the block.
    VrrpCheck = "vrrp_check": builtin::CHECK,
    /// What the request of a built-in check says, and what must be true of the answer. Without the block any status from 200 to 299 is
    /// good.
    CheckHttp = "http": builtin::HTTP,
    /// How a failed service is put right before its failure counts, so that an address does not move because of a process that can be
    /// started again.
    CheckRepair = "repair": builtin::REPAIR,
    /// One virtual router: addresses that one of several hosts holds at a time. The hosts agree on the interface's network, on
    /// `virtual_router_id`, on the addresses and on the interval, and differ in `priority`; whoever is master advertises, and when its
    /// advertisements stop the backup with the highest priority takes the addresses.
    VrrpInstance = "vrrp_instance": vrrp::INSTANCE,
    /// The password of VRRP version 2, for peers that ask for it. RFC 3768 took authentication out of the protocol because it keeps nobody
    /// out who can listen: it tells groups apart that were given the same number by mistake, and version 3 has none.
    Authentication = "authentication": authentication::AUTHENTICATION,
    /// Advertisements that are signed with a shared key, which is what keeps strangers out. Only keepalived 2.4 and later speaks it, and
    /// every node must have the key; several keys may be there while one is replaced by another.
    AuthHmac = "auth_hmac": authentication::AUTH_HMAC,
    /// Instances that change state together: when one of them goes to fault all do, and they become master or backup as one. A router
    /// that holds an outer and an inner address needs it, so that packets never enter through one host and leave through another.
    SyncGroup = "vrrp_sync_group": sync_group::SYNC_GROUP,
    /// A program that must be running, so often as `quorum` says. An instance names it in `track_process`. Unlike a script that calls
    /// `pgrep` it costs nothing between changes, and notices the end of a process at once.
    TrackProcess = "vrrp_track_process": track::PROCESS,
    /// A file that holds a number, which is added to the priority of the instances that name it in `track_file`; whoever writes the file
    /// (a script, an operator, a deployment) moves the address. `vrrp_track_file` is the old name of the block.
    TrackFile = "track_file": track::FILE,
    /// Instances that depend on static addresses, routes or rules: when such an entry goes away (its interface is down, say) the instances of
    /// the group go to fault.
    TrackGroup = "track_group": track::GROUP,
    /// Interfaces that share one limit for gratuitous ARPs and neighbour advertisements, because one slow switch stands behind all of
    /// them.
    GarpGroup = "garp_group": track::GARP_GROUP,
    /// The certificate that the checks of `SSL_GET` show to servers that ask for one. What servers show is never verified.
    Ssl = "SSL": service::SSL,
    /// Addresses, ranges of addresses and firewall marks that one virtual server serves (`virtual_server group NAME`). It has no keywords:
    /// each line is `ADDRESS [PORT]`, `ADDRESS-LAST [PORT]`, `ADDRESS/LENGTH [PORT]` or `fwmark NUMBER [inet|inet6]`.
    VirtualServerGroup = "virtual_server_group": &[],
    /// A service of the kernel's load balancer (IPVS): connections to one address and port, or with one firewall mark, are given to
    /// real servers. Real servers whose checks fail are taken out, and when too few are left a sorry server answers.
    VirtualServer = "virtual_server": service::VIRTUAL_SERVER,
    /// One of the servers that do a virtual server's work. It is up while all its checkers succeed, and always when it has none.
    RealServer = "real_server": service::REAL_SERVER,
    /// A real server is well when it takes a TCP connection. The connection is closed at once, so an application may log it.
    TcpCheck = "TCP_CHECK": checker::TCP,
    /// A real server is well when its pages have the right status, digest or text. Several pages are asked for in turn, one each
    /// `delay_loop`.
    HttpGet = "HTTP_GET": checker::HTTP,
    /// As `HTTP_GET`, over TLS; the server's certificate is not verified.
    SslGet = "SSL_GET": checker::HTTP,
    /// One page that a check asks for, and what must be true of the answer: all conditions that are given must hold.
    Url = "url": checker::URL,
    /// A real server is well when it greets as a mail server does, takes HELO, and says goodbye.
    SmtpCheck = "SMTP_CHECK": checker::SMTP,
    /// Whom an `SMTP_CHECK` connects to. The block is obsolete, since its keywords may stand in the checker itself.
    SmtpHost = "host": checker::SMTP_HOST,
    /// A real server is well when it answers a question without an error code; what the answer says does not matter.
    DnsCheck = "DNS_CHECK": checker::DNS,
    /// A real server is well when a command of yours ends with 0; with `misc_dynamic` the exit code also sets the server's weight.
    MiscCheck = "MISC_CHECK": checker::MISC,
    /// A real server is well when its port is not refused (by an ICMP message) within the timeout, or, with `require_reply`, when it answers.
    UdpCheck = "UDP_CHECK": checker::UDP,
    /// A real server is well when it answers an ICMP echo request, which says that the host is there, not that the service is.
    PingCheck = "PING_CHECK": checker::PING,
    /// A file's number, times a factor, is added to the real server's weight, so that somebody else (the server's owner, a deployment) sets
    /// it.
    FileCheck = "FILE_CHECK": checker::FILE,
    /// A real server is well while a BFD session with it is up, which notices within milliseconds that the host or the way to it is
    /// gone.
    BfdCheck = "BFD_CHECK": checker::BFD,
    /// A BFD session (RFC 5880): two hosts send each other small packets many times a second and notice within tens of milliseconds that
    /// these stop. An instance names it in `track_bfd`, a real server in `BFD_CHECK`.
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
    /// Whether keepalived does not know it.
    pub(crate) fn is_own(self) -> bool {
        matches!(self, Self::VrrpCheck | Self::CheckHttp | Self::CheckRepair)
    }

    /// Whether its keyword may stand without it.
    pub(crate) fn may_be_left_out(self) -> bool {
        matches!(self, Self::CheckHttp | Self::CheckRepair)
    }

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
    /// There is nothing for it to do here; the text says why.
    Needless(&'static str),
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
    /// What stands after it, as a manual writes it; empty where the syntax says it as well.
    pub arguments: &'static str,
    /// One sentence on what it does.
    pub doc: &'static str,
    /// Whether this release acts on it.
    pub acts: Acts,
    /// keepalived calls it deprecated; the text says what to use.
    pub deprecated: Option<&'static str>,
    /// Without its value the keyword is only complained about; keepalived exits on all others.
    pub lenient: bool,
    /// It is Standfast's own; keepalived calls it unknown.
    pub ours: bool,
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
        arguments: "",
        doc,
        acts: Acts::NotYet,
        deprecated: None,
        lenient: false,
        ours: false,
        example: "",
        refused: "",
    }
}

impl Keyword {
    const fn acts(mut self) -> Self {
        self.acts = Acts::Yes;
        self
    }

    const fn needless(mut self, why: &'static str) -> Self {
        self.acts = Acts::Needless(why);
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

    const fn arguments(mut self, text: &'static str) -> Self {
        self.arguments = text;
        self
    }

    const fn ours(mut self) -> Self {
        self.ours = true;
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
