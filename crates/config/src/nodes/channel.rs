//! Whether nodes meet on the peer channel.

use super::{Member, Seat, between};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::span::Span;

/// What is lost.
const HELP: &str = "what the nodes don't tell each other costs the protocol's own time: have it alike on all of them";

/// The port; each node that speaks is compared with the first that does.
pub(super) fn ports(members: &[Member<'_>], found: &mut Vec<Diagnostic>) {
    let mut speakers = members.iter().filter(|node| speaks(node));
    let Some(first) = speakers.next() else { return };
    for other in speakers {
        let (one, another) = (port(first), port(other));
        if one == another {
            continue;
        }
        let text = format!(
            "peer_port differs: {one} on {}, {another} on {}",
            first.name, other.name
        );
        found.extend(match (place(first), place(other)) {
            (Some(there), Some(here)) => Some(differs(
                (there, format!("{} has {one}", first.name)),
                (here, format!("{} has {another}", other.name)),
                text,
            )),
            (Some(span), None) | (None, Some(span)) => {
                Some(Diagnostic::warning(Code::PeerChannelDiffers, span, text).help(HELP))
            }
            // Both have the default, which is one.
            (None, None) => None,
        });
    }
}

/// Whether all nodes of a virtual router take part, or none.
pub(super) fn router(seats: &[Seat<'_>], found: &mut Vec<Diagnostic>) {
    let Some((first, others)) = seats.split_first() else {
        return;
    };
    let said = |seat: &Seat<'_>| match seat.instance.peer_channel {
        Some(_) => "on",
        None => "off",
    };
    for other in others {
        let (one, another) = (said(first), said(other));
        if one == another || first.instance.strict != other.instance.strict {
            // One that is strict differs from the others in more than this.
            continue;
        }
        let text = format!(
            "peer_channel differs: {one} on {}, {another} on {}",
            first.name(),
            other.name()
        );
        found.push(differs(
            (span(first), format!("{} has it {one}", first.name())),
            (span(other), format!("{} has it {another}", other.name())),
            text,
        ));
    }
}

fn differs(one: (Span, String), other: (Span, String), text: String) -> Diagnostic {
    let mut found = between(Code::PeerChannelDiffers, one, other, text).help(HELP);
    found.severity = Severity::Warning;
    found
}

fn speaks(node: &Member<'_>) -> bool {
    let mut instances = node.config.instances.iter();
    instances.any(|instance| instance.peer_channel.is_some())
}

fn port(node: &Member<'_>) -> u16 {
    node.config.global.peer_channel.port()
}

fn place(node: &Member<'_>) -> Option<Span> {
    let port = node.config.global.peer_channel.port?;
    Some(port.span.moved_by(node.offset))
}

fn span(seat: &Seat<'_>) -> Span {
    let global = seat.node.config.global.peer_channel.enabled;
    let place = seat.instance.given.peer_channel;
    seat.at(place.or(global.map(|enabled| enabled.span)))
}
