//! What the nodes of one virtual router must have in common, and what must differ.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Member, Seat, between};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::model::{Hmac, HmacMode, InitialState, KeyMaterial, Version, VrrpInstance};
use crate::units::Priority;

/// What concerns whole nodes.
pub(super) fn nodes(members: &[Member<'_>], found: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, (&Member<'_>, crate::Span)> = BTreeMap::new();
    for node in members {
        let Some(id) = &node.config.global.router_id else {
            continue;
        };
        let span = id.span.moved_by(node.offset);
        if let Some((other, first)) = seen.get(id.value.as_str()) {
            let text = format!("{} and {} have the same `router_id`", other.name, node.name);
            let note = Diagnostic::note(Code::SameRouterId, span, text)
                .label(*first, format!("{} has it too", other.name))
                .help("it tells nodes apart in mails and SNMP: give each its own, or none");
            found.push(note);
        } else {
            seen.insert(&id.value, (node, span));
        }
    }
}

/// What concerns one virtual router; each node is compared with the first that has it.
pub(super) fn router(seats: &[Seat<'_>], members: &[Member<'_>], found: &mut Vec<Diagnostic>) {
    let Some((first, others)) = seats.split_first() else {
        return;
    };
    if others.is_empty() {
        alone(first, members, found);
        return;
    }
    for other in others {
        let mut pair = Pair {
            one: first,
            other,
            found,
        };
        pair.identity();
        pair.timing();
        pair.secrets();
        pair.signatures();
        pair.addresses();
        pair.transport();
        pair.roles();
    }
    peers(seats, found);
    nopreempt(seats, found);
}

/// Only one of the nodes has it.
fn alone(seat: &Seat<'_>, members: &[Member<'_>], found: &mut Vec<Diagnostic>) {
    if members.len() < 2 {
        return;
    }
    let text = format!(
        "only {} has `{}` (virtual_router_id {}): nobody takes over its addresses",
        seat.name(),
        seat.instance.name.value,
        seat.instance.vrid.value
    );
    let span = seat.place(seat.instance.name.span);
    let help = "compare virtual_router_id and addresses with the instances of the other nodes";
    found.push(Diagnostic::warning(Code::OnlyOneNode, span, text).help(help));
}

/// Two nodes' seats of one virtual router.
struct Pair<'p, 'a> {
    one: &'p Seat<'a>,
    other: &'p Seat<'a>,
    found: &'p mut Vec<Diagnostic>,
}

impl Pair<'_, '_> {
    fn instances(&self) -> (&VrrpInstance, &VrrpInstance) {
        (self.one.instance, self.other.instance)
    }

    /// A disagreement about a keyword's value.
    fn differ(
        &mut self,
        severity: Severity,
        code: Code,
        what: &str,
        (one, other): (String, String),
        spans: (crate::Span, crate::Span),
        help: &str,
    ) {
        let text = format!(
            "{what} differs: {one} on {}, {other} on {}",
            self.one.name(),
            self.other.name()
        );
        let mut diagnostic = between(
            code,
            (spans.0, format!("{} has {one}", self.one.name())),
            (spans.1, format!("{} has {other}", self.other.name())),
            text,
        )
        .help(help);
        diagnostic.severity = severity;
        self.found.push(diagnostic);
    }

    fn identity(&mut self) {
        let (one, other) = self.instances();
        if one.vrid.value != other.vrid.value {
            let values = (one.vrid.value.to_string(), other.vrid.value.to_string());
            let spans = (
                self.one.place(one.vrid.span),
                self.other.place(other.vrid.span),
            );
            let help = "nodes with different numbers don't hear each other: both become master of the same addresses";
            self.differ(
                Severity::Error,
                Code::VridDiffers,
                "virtual_router_id",
                values,
                spans,
                help,
            );
        }
        let (one, other) = self.instances();
        if one.version != other.version {
            let text = |version| match version {
                Version::V2 => "2".to_owned(),
                Version::V3 => "3".to_owned(),
            };
            let values = (text(one.version), text(other.version));
            let spans = (
                self.one.at(one.given.version),
                self.other.at(other.given.version),
            );
            let help = "each drops the other's advertisements: both become master; set `vrrp_version` or `version` alike";
            self.differ(
                Severity::Error,
                Code::VersionDiffers,
                "the VRRP version",
                values,
                spans,
                help,
            );
        }
    }

    fn timing(&mut self) {
        let (one, other) = self.instances();
        if one.advert_int == other.advert_int || one.version != other.version {
            return;
        }
        let values = (one.advert_int.to_string(), other.advert_int.to_string());
        let spans = (
            self.one.at(one.given.advert_int),
            self.other.at(other.given.advert_int),
        );
        let (severity, help) = match one.version {
            Version::V2 => (
                Severity::Error,
                "version 2 drops advertisements with another interval: both become master",
            ),
            Version::V3 => (
                Severity::Warning,
                "a backup adopts its master's interval: the time to fail over depends on who is master",
            ),
        };
        self.differ(
            severity,
            Code::IntervalDiffers,
            "advert_int",
            values,
            spans,
            help,
        );
    }

    fn secrets(&mut self) {
        let (one, other) = self.instances();
        if one.authentication == other.authentication {
            return;
        }
        let text = |instance: &VrrpInstance| match instance.authentication {
            None => "none".to_owned(),
            Some(authentication) => format!("{:?}", authentication.kind).to_uppercase(),
        };
        let (mut values, what) = ((text(one), text(other)), "authentication");
        if values.0 == values.1 {
            values = ("one password".to_owned(), "another".to_owned());
        }
        let place = |seat: &Seat<'_>| {
            let given = seat.instance.given;
            // Not at the password: a report may be shown to others.
            seat.at(given.authentication)
        };
        let spans = (place(self.one), place(self.other));
        let help = "each drops the other's advertisements: both become master";
        self.differ(
            Severity::Error,
            Code::AuthenticationDiffers,
            what,
            values,
            spans,
            help,
        );
    }

    /// Signatures that one of both does not believe.
    fn signatures(&mut self) {
        let (one, other) = self.instances();
        let deaf = deaf_to(one.hmac.as_ref(), other.hmac.as_ref())
            .or_else(|| deaf_to(other.hmac.as_ref(), one.hmac.as_ref()));
        let Some(help) = deaf else { return };
        let text = |instance: &VrrpInstance| match &instance.hmac {
            None => "none".to_owned(),
            Some(hmac) => format!("key {} ({:?})", hmac.active_key, hmac.mode),
        };
        let mut values = (text(one), text(other));
        if values.0 == values.1 {
            values = ("one key".to_owned(), "another".to_owned());
        }
        let spans = (self.one.at(None), self.other.at(None));
        self.differ(
            Severity::Error,
            Code::AuthenticationDiffers,
            "auth_hmac",
            values,
            spans,
            help,
        );
    }

    fn addresses(&mut self) {
        let (one, other) = self.instances();
        let by_address = |instance: &VrrpInstance| -> BTreeMap<IpAddr, u8> {
            let all = instance.addresses.iter();
            all.map(|vip| (vip.network.address, vip.network.prefix))
                .collect()
        };
        let (ours, theirs) = (by_address(one), by_address(other));
        let spans = (
            self.one.at(one.given.virtual_ipaddress),
            self.other.at(other.given.virtual_ipaddress),
        );
        let list = |missing: Vec<&IpAddr>| {
            missing
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let only_ours = list(
            ours.keys()
                .filter(|address| !theirs.contains_key(address))
                .collect(),
        );
        let only_theirs = list(
            theirs
                .keys()
                .filter(|address| !ours.contains_key(address))
                .collect(),
        );
        if !only_ours.is_empty() || !only_theirs.is_empty() {
            let none = |text: String| {
                if text.is_empty() {
                    "nothing else".to_owned()
                } else {
                    format!("also {text}")
                }
            };
            let help = "advertisements name all addresses; what only one node has is gone when the other one takes over";
            self.differ(
                Severity::Warning,
                Code::AddressesDiffer,
                "the list of virtual addresses",
                (none(only_ours), none(only_theirs)),
                spans,
                help,
            );
        }
        let mask = ours.iter().find_map(|(address, prefix)| {
            let theirs = theirs.get(address).filter(|theirs| *theirs != prefix)?;
            Some((format!("{address}/{prefix}"), format!("{address}/{theirs}")))
        });
        if let Some(values) = mask {
            let help = "after a move the host reaches the network by another route, or not at all";
            self.differ(
                Severity::Warning,
                Code::PrefixDiffers,
                "the prefix length",
                values,
                spans,
                help,
            );
        }
    }

    fn transport(&mut self) {
        let (one, other) = self.instances();
        let text = |instance: &VrrpInstance| match &instance.unicast {
            Some(_) => "unicast".to_owned(),
            None => format!("multicast to {}", instance.multicast_group),
        };
        let values = (text(one), text(other));
        if values.0 != values.1 {
            let spans = (
                self.one.at(one.given.unicast_peer),
                self.other.at(other.given.unicast_peer),
            );
            let help = "they don't hear each other: both become master";
            self.differ(
                Severity::Error,
                Code::TransportDiffers,
                "the way advertisements are sent",
                values,
                spans,
                help,
            );
        }
    }

    fn roles(&mut self) {
        let (one, other) = self.instances();
        let spans = (
            self.one.at(one.given.priority),
            self.other.at(other.given.priority),
        );
        let owner = Priority::OWNER;
        if one.priority == other.priority {
            let value = one.priority.get().to_string();
            let (severity, help) = if one.priority == owner {
                (
                    Severity::Error,
                    "only one node can own the addresses: both claim them for ever",
                )
            } else {
                (
                    Severity::Warning,
                    "the higher address of the two decides, and checks that weigh equally on both decide nothing",
                )
            };
            let text = format!(
                "{} and {} have the same priority {value}",
                self.one.name(),
                self.other.name()
            );
            let mut diagnostic = between(
                Code::SamePriority,
                (spans.0, format!("{} has {value}", self.one.name())),
                (spans.1, format!("{} has {value} too", self.other.name())),
                text,
            )
            .help(help);
            diagnostic.severity = severity;
            self.found.push(diagnostic);
        }
        let (one, other) = self.instances();
        let reversed = |high: &VrrpInstance, low: &VrrpInstance| {
            high.priority > low.priority
                && high.state == InitialState::Backup
                && low.state == InitialState::Master
        };
        let (high, low, places) = if reversed(one, other) {
            (self.one, self.other, spans)
        } else if reversed(other, one) {
            (self.other, self.one, (spans.1, spans.0))
        } else {
            return;
        };
        let priority = |seat: &Seat<'_>| seat.instance.priority.get();
        let text = format!(
            "{} is called BACKUP and will be master: it has priority {}, and {}, called MASTER, has {}",
            high.name(),
            priority(high),
            low.name(),
            priority(low)
        );
        let found = Diagnostic::warning(Code::StateAgainstPriority, places.0, text)
            .label(places.1, format!("{} is called MASTER", low.name()))
            .help("the state is only where a node begins: exchange the priorities, or write the states as they will be");
        self.found.push(found);
    }
}

/// Each unicast node must send to each other one.
fn peers(seats: &[Seat<'_>], found: &mut Vec<Diagnostic>) {
    for seat in seats {
        let Some(unicast) = &seat.instance.unicast else {
            continue;
        };
        for other in seats {
            let Some(source) = other
                .instance
                .source_address
                .filter(|_| other.node.offset != seat.node.offset)
            else {
                continue;
            };
            if other.instance.unicast.is_none()
                || unicast
                    .peers
                    .iter()
                    .any(|peer| peer.address.value == source.value)
            {
                continue;
            }
            let text = format!(
                "{} does not send to {}: {} is not among its unicast peers",
                seat.name(),
                other.name(),
                source.value
            );
            let diagnostic = Diagnostic::error(
                Code::PeerMissing,
                seat.at(seat.instance.given.unicast_peer),
                text,
            )
            .label(
                other.place(source.span),
                format!("{} sends from here", other.name()),
            )
            .help("a backup that hears nothing becomes master as well");
            found.push(diagnostic);
        }
    }
}

/// `nopreempt` does something on the node that would otherwise take the address back.
fn nopreempt(seats: &[Seat<'_>], found: &mut Vec<Diagnostic>) {
    let Some(highest) = seats.iter().max_by_key(|seat| seat.instance.priority) else {
        return;
    };
    let set = seats.iter().find(|seat| !seat.instance.preempt);
    let (Some(set), true) = (set, highest.instance.preempt) else {
        return;
    };
    let text = format!(
        "`nopreempt` on {} alone does nothing: {} has the highest priority and takes the address back",
        set.name(),
        highest.name()
    );
    let diagnostic = Diagnostic::warning(
        Code::NopreemptOnLower,
        set.at(set.instance.given.nopreempt),
        text,
    )
    .label(
        highest.at(highest.instance.given.priority),
        format!("{} preempts", highest.name()),
    )
    .help("give it to all nodes, each with `state BACKUP`");
    found.push(diagnostic);
}

/// Why a node with the one `auth_hmac` drops what a node with the other sends (keepalived.conf(5)).
fn deaf_to(own: Option<&Hmac>, theirs: Option<&Hmac>) -> Option<&'static str> {
    let signs = theirs.filter(|hmac| hmac.mode != HmacMode::ReceiveOnly);
    match (own, signs) {
        (None, None) => None,
        (None, Some(_)) => {
            Some("a node without auth_hmac drops what is signed: both become master")
        }
        (Some(own), None) if own.mode == HmacMode::Enforce => {
            Some("a node that enforces signatures drops what has none: both become master")
        }
        (Some(_), None) => None,
        (Some(own), Some(theirs)) => {
            let key = |hmac: &Hmac| {
                let mut keys = hmac.keys.iter();
                keys.find(|key| key.id == theirs.active_key)
                    .map(|key| key.material.clone())
            };
            match (key(own), key(theirs)) {
                (None, _) => {
                    Some("a node does not know the other's active_key: both become master")
                }
                (Some(KeyMaterial::Bytes(own)), Some(KeyMaterial::Bytes(theirs)))
                    if own != theirs =>
                {
                    Some("the keys of that number differ: both become master")
                }
                // Files are another node's.
                (Some(_), _) => None,
            }
        }
    }
}
