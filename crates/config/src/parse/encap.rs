//! `encap` of routes and next hops (ip-route(8), ENCAP).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Parsed;
use super::cursor::Cursor;
use crate::diagnostic::Code;
use crate::model::{Encapsulation, NameList, TunnelHeader};
use crate::words::Word;

/// Labels of one packet that the kernel takes (MAX_NEW_LABELS).
const MAX_LABELS: usize = 30;
/// The greatest MPLS label, of 20 bits (RFC 3032).
const MAX_LABEL: u32 = 0xf_ffff;

/// An address family of tunnels.
trait TunnelAddress: Sized {
    const NOUN: &'static str;
    fn from_ip(address: IpAddr) -> Option<Self>;
}

impl TunnelAddress for Ipv4Addr {
    const NOUN: &'static str = "is no IPv4 address";
    fn from_ip(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }
}

impl TunnelAddress for Ipv6Addr {
    const NOUN: &'static str = "is no IPv6 address";
    fn from_ip(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address),
        }
    }
}

impl Parsed<'_> {
    /// `mpls LABEL[/LABEL]…`, `ip …`, `ip6 …` or `ila LOCATOR`.
    pub(super) fn encapsulation(
        &mut self,
        cursor: &mut Cursor<'_>,
        option: &Word,
    ) -> Option<Encapsulation> {
        let Some(kind) = cursor.next() else {
            return self.unusable(Code::RouteIncomplete, cursor, option, "lacks its type");
        };
        match kind.text.as_str() {
            "mpls" => {
                let word = self.encapsulation_value(cursor, kind)?;
                let labels: Option<Vec<u32>> = word.text.split('/').map(label).collect();
                match labels.filter(|labels| labels.len() <= MAX_LABELS) {
                    Some(labels) => Some(Encapsulation::Mpls(labels)),
                    None => {
                        let why = "is no list of MPLS labels, such as 16/20";
                        self.unusable(Code::InvalidValue, cursor, word, why)
                    }
                }
            }
            "ip" => self.tunnel_header(cursor, kind).map(Encapsulation::Ip),
            "ip6" => self.tunnel_header(cursor, kind).map(Encapsulation::Ip6),
            "ila" => {
                let word = self.encapsulation_value(cursor, kind)?;
                match locator(&word.text) {
                    Some(locator) => Some(Encapsulation::Ila(locator)),
                    None => {
                        let why = "is no locator of four hexadecimal groups";
                        self.unusable(Code::InvalidValue, cursor, word, why)
                    }
                }
            }
            _ => {
                let why = "is no encapsulation: mpls, ip, ip6 and ila are";
                self.unusable(Code::InvalidChoice, cursor, kind, why)
            }
        }
    }

    /// The word after a type of encapsulation, whose lack is no reason for keepalived to exit.
    fn encapsulation_value<'w>(
        &mut self,
        cursor: &mut Cursor<'w>,
        kind: &Word,
    ) -> Option<&'w Word> {
        let word = cursor.next();
        if word.is_none() {
            return self.unusable(Code::RouteIncomplete, cursor, kind, "lacks its value");
        }
        word
    }

    /// The fields of a tunnel's header, up to a word that is none; an identifier or destination is needed.
    fn tunnel_header<A: TunnelAddress>(
        &mut self,
        cursor: &mut Cursor<'_>,
        kind: &Word,
    ) -> Option<TunnelHeader<A>> {
        let mut header = TunnelHeader::default();
        while let Some(word) = cursor.peek() {
            match word.text.as_str() {
                "id" => {
                    cursor.next();
                    let value = self.value(cursor, word)?;
                    let Ok(id) = value.text.parse() else {
                        let why = "is no identifier of a tunnel";
                        return self.unusable(Code::InvalidNumber, cursor, value, why);
                    };
                    header.id = Some(id);
                }
                "dst" => {
                    cursor.next();
                    header.destination = Some(self.tunnel_address(cursor, word)?);
                }
                "src" => {
                    cursor.next();
                    header.source = Some(self.tunnel_address(cursor, word)?);
                }
                "tos" | "tc" | "dsfield" => {
                    cursor.next();
                    header.traffic_class = Some(self.named(cursor, word, NameList::DsFields)?);
                }
                "ttl" | "hoplimit" => {
                    cursor.next();
                    header.hop_limit = Some(self.small(cursor, word)?);
                }
                "flags" => {
                    cursor.next();
                    let flags = self.count(cursor, word, u32::from(u16::MAX))?;
                    header.flags = u16::try_from(flags).ok();
                }
                _ => break,
            }
        }
        if header.id.is_none() && header.destination.is_none() {
            let why = "lacks an `id` or a `dst`";
            return self.unusable(Code::RouteIncomplete, cursor, kind, why);
        }
        Some(header)
    }

    fn tunnel_address<A: TunnelAddress>(
        &mut self,
        cursor: &mut Cursor<'_>,
        option: &Word,
    ) -> Option<A> {
        let word = self.value(cursor, option)?;
        let address = word.text.parse().ok().and_then(A::from_ip);
        if address.is_none() {
            return self.unusable(Code::InvalidAddress, cursor, word, A::NOUN);
        }
        address
    }
}

fn label(text: &str) -> Option<u32> {
    text.parse().ok().filter(|label| *label <= MAX_LABEL)
}

/// Four groups of up to 16 bits in hexadecimal, with colons between.
fn locator(text: &str) -> Option<u64> {
    let mut locator = 0;
    let mut groups = 0;
    for group in text.split(':') {
        locator = locator << 16 | u64::from(u16::from_str_radix(group, 16).ok()?);
        groups += 1;
        if groups > 4 {
            return None;
        }
    }
    (groups == 4).then_some(locator)
}
