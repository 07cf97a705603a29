//! Lines of `static_routes` and `virtual_routes` (ip-route(8)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cursor::Cursor;
use super::{Parsed, number};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Family, Insert, IpNetwork, KEEPALIVED_PROTOCOL, Metric, NameList, Named, NextHop, Route,
    RouteKind, RouteMetrics, RouteTime, RouterPreference,
};
use crate::span::Spanned;
use crate::words::Word;

/// Next hops of one route; the kernel's message has room for no more than some hundred.
const MAX_NEXT_HOPS: usize = 128;
/// Longest round trip time in milliseconds that keepalived takes.
const MAX_ROUND_TRIP_MS: u32 = 960_000;
/// Greatest variance of it in milliseconds.
const MAX_VARIANCE_MS: u32 = 480_000;
/// Longest wait for an acknowledgement in milliseconds.
const MAX_RETRANSMISSION_MS: u32 = 120_000;

/// A route while its words are read.
struct RouteDraft {
    family: Option<Family>,
    /// Where to, `None` within for everything.
    destination: Option<Option<IpNetwork>>,
    source: Option<IpNetwork>,
    kind: RouteKind,
    gateway: Option<IpAddr>,
    /// `or`: a second gateway.
    other_gateway: Option<IpAddr>,
    device: Option<Spanned<String>>,
    preferred_source: Option<IpAddr>,
    table: Option<Named>,
    vrf: Option<Spanned<String>>,
    protocol: Option<Spanned<Named>>,
    scope: Option<Named>,
    tos: Option<Named>,
    metric: Option<u32>,
    on_link: bool,
    metrics: RouteMetrics,
    realms: Option<crate::model::Realms>,
    preference: Option<RouterPreference>,
    expires_s: Option<u32>,
    ttl_propagate: Option<bool>,
    encapsulation: Option<crate::model::Encapsulation>,
    insert: Insert,
    next_hops: Vec<NextHop>,
    no_track: bool,
    track_group: Option<Spanned<String>>,
}

impl RouteDraft {
    fn new() -> Self {
        Self {
            family: None,
            destination: None,
            source: None,
            kind: RouteKind::Unicast,
            gateway: None,
            other_gateway: None,
            device: None,
            preferred_source: None,
            table: None,
            vrf: None,
            protocol: None,
            scope: None,
            tos: None,
            metric: None,
            on_link: false,
            metrics: RouteMetrics::default(),
            realms: None,
            preference: None,
            expires_s: None,
            ttl_propagate: None,
            encapsulation: None,
            insert: Insert::Prepend,
            next_hops: Vec::new(),
            no_track: false,
            track_group: None,
        }
    }
}

impl Parsed<'_> {
    /// The route of that line; `None`, reported, where it can't be used.
    pub(super) fn route(&mut self, words: &[Word], is_static: bool) -> Option<Route> {
        let (first, last) = (words.first()?, words.last()?);
        let mut cursor = Cursor::new(words, "route", is_static);
        let mut draft = RouteDraft::new();
        draft.family = self.leading_family(&mut cursor);
        while let Some(word) = cursor.next() {
            if word.text == "nexthop" {
                self.next_hops(&mut draft, &mut cursor, word);
                break;
            }
            self.route_option(&mut draft, &mut cursor, word)?;
        }
        let span = first.span.to(last.span);
        let Some(destination) = draft.destination else {
            self.complain(
                Code::RouteIncomplete,
                span,
                "this route lacks its destination; it is skipped",
            );
            return None;
        };
        let protocol = self.route_protocol(&mut draft);
        self.second_gateway(&mut draft);
        let family = draft.family.unwrap_or(Family::V4);
        Some(Route {
            family,
            kind: draft.kind,
            destination: destination.unwrap_or(everything(family)),
            source: draft.source,
            gateway: draft.gateway,
            device: draft.device,
            preferred_source: draft.preferred_source,
            table: draft.table,
            vrf: draft.vrf,
            protocol,
            scope: draft.scope,
            tos: draft.tos,
            metric: draft.metric,
            on_link: draft.on_link,
            metrics: draft.metrics,
            realms: draft.realms,
            preference: draft.preference,
            expires_s: draft.expires_s,
            ttl_propagate: draft.ttl_propagate,
            encapsulation: draft.encapsulation,
            insert: draft.insert,
            next_hops: draft.next_hops,
            tracked: !draft.no_track,
            track_group: draft.track_group,
            span,
        })
    }

    /// keepalived knows its routes again by their protocol, so that tracked ones can have no other.
    fn route_protocol(&mut self, draft: &mut RouteDraft) -> Named {
        let own = Named::known("keepalived", KEEPALIVED_PROTOCOL);
        match draft.protocol.take() {
            Some(given) if given.value.number != own.number && !draft.no_track => {
                let text = "a tracked route has protocol 18; this one is ignored";
                let diagnostic = Diagnostic::error(Code::NotTracked, given.span, text)
                    .help("add `no_track` to keep it")
                    .class(KeepalivedClass::General);
                self.reader.sink.push(diagnostic);
                own
            }
            Some(given) => given.value,
            None => own,
        }
    }

    /// The obsolete `or`: two next hops.
    fn second_gateway(&mut self, draft: &mut RouteDraft) {
        let Some(second) = draft.other_gateway.take() else {
            return;
        };
        let device = draft.device.as_ref().map(|name| name.value.clone());
        let gateways = [draft.gateway.take(), Some(second)];
        let hops = gateways.into_iter().flatten().map(|gateway| NextHop {
            gateway: Some(gateway),
            device: device.clone(),
            ..NextHop::default()
        });
        draft.next_hops = hops.collect();
    }

    fn route_option<'w>(
        &mut self,
        draft: &mut RouteDraft,
        cursor: &mut Cursor<'w>,
        word: &'w Word,
    ) -> Option<()> {
        match word.text.as_str() {
            "dev" | "oif" => draft.device = Some(self.device(cursor, word)?),
            "vrf" => draft.vrf = Some(self.device(cursor, word)?),
            "table" => draft.table = Some(self.named(cursor, word, NameList::Tables)?),
            "protocol" => {
                let protocol = self.named(cursor, word, NameList::Protocols)?;
                draft.protocol = Some(Spanned::new(protocol, word.span));
            }
            "scope" => draft.scope = Some(self.named(cursor, word, NameList::Scopes)?),
            "tos" | "dsfield" => draft.tos = Some(self.named(cursor, word, NameList::DsFields)?),
            "metric" | "priority" | "preference" => {
                draft.metric = Some(self.count(cursor, word, u32::MAX)?);
            }
            "onlink" => draft.on_link = true,
            "realms" => draft.realms = Some(self.realms(cursor, word)?),
            "encap" => draft.encapsulation = Some(self.encapsulation(cursor, word)?),
            "add" => draft.insert = Insert::Exclusive,
            "append" => draft.insert = Insert::Append,
            "prepend" => draft.insert = Insert::Prepend,
            "no_track" => draft.no_track = true,
            "track_group" if cursor.is_static => {
                draft.track_group = Some(self.device(cursor, word)?);
            }
            "ttl-propagate" => draft.ttl_propagate = Some(self.ttl_propagate(cursor, word)?),
            "expires" => {
                self.ipv6_only(draft, cursor, word)?;
                draft.expires_s = Some(self.count(cursor, word, u32::MAX)?);
            }
            "pref" => {
                self.ipv6_only(draft, cursor, word)?;
                draft.preference = Some(self.router_preference(cursor, word)?);
            }
            _ if self.route_metric(&mut draft.metrics, cursor, word)? => {}
            _ => return self.route_address(draft, cursor, word),
        }
        Some(())
    }

    /// Addresses and the destination, which any other word is taken for.
    fn route_address<'w>(
        &mut self,
        draft: &mut RouteDraft,
        cursor: &mut Cursor<'w>,
        word: &'w Word,
    ) -> Option<()> {
        match word.text.as_str() {
            "via" | "gw" => {
                if word.text == "gw" {
                    self.obsolete(word, "via");
                }
                draft.gateway = Some(self.gateway(draft, cursor, word)?);
            }
            "or" => {
                self.obsolete(word, "nexthop");
                draft.other_gateway = Some(self.gateway(draft, cursor, word)?);
            }
            "src" => {
                let value = self.value(cursor, word)?;
                let address = self.bare_address(cursor, value)?;
                self.same_family(cursor, &mut draft.family, Family::of(address), value)?;
                draft.preferred_source = Some(address);
            }
            "from" => {
                let value = self.value(cursor, word)?;
                draft.source = self.prefix(cursor, value, "network")?;
                let found = draft.source.map(|network| Family::of(network.address));
                if found == Some(Family::V4) {
                    let why = "is no IPv6 network, and only those can be sources";
                    return self.unusable(Code::InvalidAddress, cursor, value, why);
                }
                self.same_family(cursor, &mut draft.family, Family::V6, value)?;
            }
            "to" => {
                let value = self.value(cursor, word)?;
                return self.destination(draft, cursor, value);
            }
            other => {
                let Some(kind) = RouteKind::from_word(other) else {
                    return self.destination(draft, cursor, word);
                };
                draft.kind = kind;
                let value = self.value(cursor, word)?;
                return self.destination(draft, cursor, value);
            }
        }
        Some(())
    }

    fn destination(
        &mut self,
        draft: &mut RouteDraft,
        cursor: &Cursor<'_>,
        word: &Word,
    ) -> Option<()> {
        let network = self.prefix(cursor, word, "destination or option of a route")?;
        let found = match network {
            Some(network) => Family::of(network.address),
            // A bare `default` goes with any family, but keepalived takes it as IPv4 after an IPv6 gateway.
            None => draft.family.unwrap_or(Family::V4),
        };
        if network.is_some() {
            self.same_family(cursor, &mut draft.family, found, word)?;
        } else if draft.family == Some(Family::V6) {
            let class = KeepalivedClass::General;
            let text = "keepalived refuses `default` after an IPv6 address; put it first";
            let diagnostic = Diagnostic::note(Code::MixedFamilies, word.span, text);
            self.reader.sink.push(diagnostic.class(class));
        }
        draft.destination = Some(network);
        Some(())
    }

    /// `[inet|inet6] ADDRESS`.
    fn gateway(
        &mut self,
        draft: &mut RouteDraft,
        cursor: &mut Cursor<'_>,
        option: &Word,
    ) -> Option<IpAddr> {
        let named = cursor.take_family();
        let value = self.value(cursor, named.map_or(option, |(_, word)| word))?;
        let address = self.bare_address(cursor, value)?;
        self.same_family(cursor, &mut draft.family, Family::of(address), value)?;
        Some(address)
    }

    fn ipv6_only(
        &mut self,
        draft: &mut RouteDraft,
        cursor: &Cursor<'_>,
        word: &Word,
    ) -> Option<()> {
        if draft.family == Some(Family::V4) {
            return self.unusable(Code::VersionConflict, cursor, word, "is for IPv6 only");
        }
        draft.family = Some(Family::V6);
        Some(())
    }

    fn router_preference(
        &mut self,
        cursor: &mut Cursor<'_>,
        option: &Word,
    ) -> Option<RouterPreference> {
        let preference = match cursor.peek().map(|word| word.text.as_str()) {
            Some("low") => RouterPreference::Low,
            Some("medium") => RouterPreference::Medium,
            Some("high") => RouterPreference::High,
            _ => return self.small(cursor, option).map(RouterPreference::Other),
        };
        cursor.next();
        Some(preference)
    }

    fn ttl_propagate(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<bool> {
        let value = self.value(cursor, option)?;
        match value.text.as_str() {
            "enabled" => Some(true),
            "disabled" => Some(false),
            _ => self.unusable(
                Code::InvalidChoice,
                cursor,
                value,
                "is neither `enabled` nor `disabled`",
            ),
        }
    }

    fn obsolete(&mut self, word: &Word, instead: &str) {
        let text = format!("`{}` in a route is obsolete", word.text);
        let diagnostic =
            Diagnostic::warning(Code::Deprecated, word.span, text).help(format!("use {instead}"));
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::Deprecated));
    }
}

/// Values for connections.
impl Parsed<'_> {
    /// Takes a metric in; `false` where the word is none.
    fn route_metric(
        &mut self,
        metrics: &mut RouteMetrics,
        cursor: &mut Cursor<'_>,
        word: &Word,
    ) -> Option<bool> {
        match word.text.as_str() {
            "mtu" => metrics.mtu = Some(self.lockable(cursor, word)?),
            "hoplimit" => metrics.hop_limit = Some(self.small(cursor, word)?),
            "advmss" => metrics.advertised_mss = Some(self.lockable(cursor, word)?),
            "rtt" => {
                metrics.round_trip_time = Some(self.route_time(cursor, word, MAX_ROUND_TRIP_MS)?);
            }
            "rttvar" => {
                metrics.round_trip_variance =
                    Some(self.route_time(cursor, word, MAX_VARIANCE_MS)?);
            }
            "rto_min" => {
                let time = self.route_time(cursor, word, MAX_RETRANSMISSION_MS)?;
                metrics.min_retransmission_timeout = Some(time);
            }
            "reordering" => metrics.reordering = Some(self.lockable(cursor, word)?),
            "window" => metrics.window = Some(self.count(cursor, word, u32::MAX)?),
            "cwnd" => metrics.congestion_window = Some(self.lockable(cursor, word)?),
            "initcwnd" => {
                metrics.initial_congestion_window = Some(self.count(cursor, word, u32::MAX)?);
            }
            "initrwnd" => {
                metrics.initial_receive_window = Some(self.count(cursor, word, u32::MAX)?);
            }
            "ssthresh" => metrics.slow_start_threshold = Some(self.lockable(cursor, word)?),
            "quickack" => metrics.quick_ack = Some(self.count(cursor, word, 1)? == 1),
            "fastopen_no_cookie" => {
                metrics.fast_open_no_cookie = Some(self.count(cursor, word, 1)? == 1);
            }
            "congctl" => {
                let lock = cursor.take("lock");
                let value = self.value(cursor, lock.unwrap_or(word))?.text.clone();
                let locked = lock.is_some();
                metrics.congestion_control = Some(Metric { value, locked });
            }
            "features" => {
                let value = self.value(cursor, word)?;
                if value.text != "ecn" {
                    let why = "is no feature of a route; `ecn` is the only one";
                    return self.unusable(Code::InvalidChoice, cursor, value, why);
                }
                metrics.explicit_congestion_notification = true;
            }
            _ => return Some(false),
        }
        Some(true)
    }

    /// `[lock] NUMBER`.
    fn lockable(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<Metric<u32>> {
        let lock = cursor.take("lock");
        let value = self.count(cursor, lock.unwrap_or(option), u32::MAX)?;
        Some(Metric {
            value,
            locked: lock.is_some(),
        })
    }

    /// `[lock] NUMBER[s|ms]`: seconds have three decimals, milliseconds and bare numbers none.
    fn route_time(
        &mut self,
        cursor: &mut Cursor<'_>,
        option: &Word,
        max_ms: u32,
    ) -> Option<Metric<RouteTime>> {
        let lock = cursor.take("lock");
        let word = self.value(cursor, lock.unwrap_or(option))?;
        let text = word.text.as_str();
        let strip = |units: [&str; 3]| units.iter().find_map(|unit| text.strip_suffix(unit));
        let (number, digits, raw) = if let Some(number) = strip(["msecs", "msec", "ms"]) {
            (number, 0, false)
        } else if let Some(number) = strip(["secs", "sec", "s"]) {
            (number, 3, false)
        } else {
            (text, 0, true)
        };
        let parsed = number::decimal(number, digits).filter(|number| !number.trailing);
        let scale = if digits == 3 { 1_000 } else { 1_000_000 };
        let value = parsed.and_then(|number| u32::try_from(number.value / scale).ok());
        let in_range = |value: &u32| *value <= max_ms;
        let (Some(parsed), Some(value)) = (parsed, value.filter(in_range)) else {
            let why = format!("is no time up to {} s, such as `20ms`", max_ms / 1000);
            return self.unusable(Code::InvalidNumber, cursor, word, &why);
        };
        if parsed.rounded {
            let text = format!("`{}` counts whole milliseconds", option.text);
            let diagnostic = Diagnostic::warning(Code::Rounded, word.span, text);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::InvalidNumber));
        }
        let value = if raw {
            RouteTime::Raw(value)
        } else {
            RouteTime::Milliseconds(value)
        };
        Some(Metric {
            value,
            locked: lock.is_some(),
        })
    }
}

/// `nexthop`s.
impl Parsed<'_> {
    /// All next hops, which end the line; one that can't be used is left out.
    fn next_hops<'w>(&mut self, draft: &mut RouteDraft, cursor: &mut Cursor<'w>, word: &'w Word) {
        cursor.noun = "next hop";
        let mut begin = Some(word);
        while let Some(word) = begin.take() {
            let hop = self.next_hop(draft, cursor);
            match hop {
                Some(hop) if draft.next_hops.len() < MAX_NEXT_HOPS => draft.next_hops.push(hop),
                Some(_) => {
                    let text = format!("a route has at most {MAX_NEXT_HOPS} next hops");
                    self.complain(Code::InvalidValue, word.span, text);
                    return;
                }
                None => {
                    while cursor.peek().is_some_and(|word| word.text != "nexthop") {
                        cursor.next();
                    }
                }
            }
            begin = cursor.take("nexthop");
        }
        if let Some(word) = cursor.next() {
            let text = format!(
                "`{}` is no option of a next hop; the rest is ignored",
                word.text
            );
            self.complain(Code::InvalidValue, word.span, text);
        }
    }

    /// The options of one next hop, up to a word that is none.
    fn next_hop(&mut self, draft: &mut RouteDraft, cursor: &mut Cursor<'_>) -> Option<NextHop> {
        let mut hop = NextHop::default();
        while let Some(word) = cursor.peek() {
            match word.text.as_str() {
                "via" => {
                    cursor.next();
                    hop.gateway = Some(self.gateway(draft, cursor, word)?);
                }
                "dev" => {
                    cursor.next();
                    hop.device = Some(self.device(cursor, word)?.value);
                }
                "weight" => {
                    cursor.next();
                    hop.weight = self.hop_weight(cursor, word)?;
                }
                "onlink" => {
                    cursor.next();
                    hop.on_link = true;
                }
                "realms" => {
                    cursor.next();
                    hop.realms = Some(self.realms(cursor, word)?);
                }
                "encap" => {
                    cursor.next();
                    hop.encapsulation = Some(self.encapsulation(cursor, word)?);
                }
                _ => break,
            }
        }
        Some(hop)
    }

    fn hop_weight(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<u16> {
        let weight = self.count(cursor, option, 256)?;
        if weight == 0 {
            return self.unusable(Code::OutOfRange, cursor, option, "can't be 0");
        }
        u16::try_from(weight).ok()
    }
}

/// The network of all addresses.
fn everything(family: Family) -> IpNetwork {
    let address = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    IpNetwork { address, prefix: 0 }
}
