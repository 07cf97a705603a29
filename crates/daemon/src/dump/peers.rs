//! Other Standfast nodes: who they are, and what they say of our virtual routers. keepalived has nothing of the kind, so it
//! stands at the end, and only where there is something to tell.

use std::net::IpAddr;

use serde::Serialize;
use standfast_core::input::InterfaceIndex;
use standfast_core::peer::{PeerDrop, Speaker, SpeakerKey};
use standfast_core::router::Router;
use standfast_wire::peer::{Entry, State, digest_of};
use standfast_wire::vrrp::Interval;

use super::{Page, Picture};

/// A node as one of our routers has it for a peer, in `keepalived.json`.
#[derive(Serialize)]
pub(super) struct Peer<'a> {
    name: &'a str,
    address: IpAddr,
    known_for_s: u64,
    heard_ms_ago: u64,
    /// None until it has answered us.
    round_trip_us: Option<u64>,
    state: &'static str,
    effective_priority: u8,
    base_priority: u8,
    ready: bool,
    differs: Vec<&'static str>,
}

/// What other nodes say of that router.
pub(super) fn of_router<'a>(picture: &Picture<'a>, router: &Router) -> Vec<Peer<'a>> {
    let now = picture.now;
    let speakers = picture.node.peers();
    let peers = speakers.filter(|(key, _)| is_of(key, router));
    let peers = peers.filter_map(|(key, speaker)| {
        let told = speaker.routers.get(&router.spec().vrid)?;
        Some(Peer {
            name: &speaker.name,
            address: key.address,
            known_for_s: now.since(speaker.since).0 / 1_000_000,
            heard_ms_ago: now.since(speaker.heard).0 / 1_000,
            round_trip_us: speaker.round_trip.map(|time| time.0),
            state: state(told.state),
            effective_priority: told.priority.0,
            base_priority: told.base.0,
            ready: told.ready,
            differs: differences(router, told),
        })
    });
    peers.collect()
}

pub(super) fn write(page: &mut Page, picture: &Picture<'_>) {
    let drops = picture.node.peer_drops();
    if picture.node.peers().next().is_none() && drops.is_empty() {
        return;
    }
    page.title("Standfast nodes");
    for (key, speaker) in picture.node.peers() {
        node(page, picture, key, speaker);
    }
    for (cause, count) in drops {
        page.line(format_args!(
            " Messages not taken, {} = {count}",
            word(*cause)
        ));
    }
}

fn node(page: &mut Page, picture: &Picture<'_>, key: &SpeakerKey, speaker: &Speaker) {
    let place = picture.node.interfaces().get(key.domain.interface);
    let place = match place {
        Some(interface) if key.domain.interface != InterfaceIndex::ANY => interface.name.as_str(),
        Some(_) | None => "any interface",
    };
    let since = picture.now.since(speaker.since).0 / 1_000_000;
    let heard = picture.now.since(speaker.heard).0 / 1_000;
    page.line(format_args!(" Node = {}", speaker.name));
    page.line(format_args!("   Address = {}, {place}", key.address));
    page.line(format_args!("   Known for = {since} s"));
    page.line(format_args!("   Last heard = {heard} ms ago"));
    match speaker.round_trip {
        Some(time) => page.line(format_args!("   Round trip = {} usecs", time.0)),
        None => page.line(format_args!("   Round trip = unknown: it has not answered")),
    }
    for (vrid, told) in &speaker.routers {
        let mut routers = picture.node.routers();
        let router = routers.find(|router| router.spec().vrid == *vrid && is_of(key, router));
        let Some(router) = router else {
            continue;
        };
        let (effective, base) = (told.priority.0, told.base.0);
        let ready = if told.ready { "ready" } else { "not ready" };
        // In words that nobody looks for who looks for our own instances.
        page.line(format_args!(
            "   Tells of {} = {}, priority {effective}, base {base}, {ready}",
            router.spec().name,
            state(told.state)
        ));
        for difference in differences(router, told) {
            page.line(format_args!("     Differs = {difference}"));
        }
    }
}

/// Whether the router speaks where that node was heard.
fn is_of(key: &SpeakerKey, router: &Router) -> bool {
    router.channel_place() == Some((key.domain.interface, key.domain.source))
}

/// What should be as ours is, and is not.
fn differences(router: &Router, told: &Entry) -> Vec<&'static str> {
    let spec = router.spec();
    let ours = digest_of(spec.addresses.iter().map(|held| held.address));
    let interval = match spec.wire_interval() {
        Interval::Seconds(seconds) => u16::from(seconds) * 100,
        Interval::Centiseconds(centiseconds) => centiseconds,
    };
    let all = [
        (told.addresses != ours, "addresses"),
        (told.version != spec.version.number(), "version"),
        (told.interval != interval, "advert_int"),
    ];
    let different = all.into_iter().filter(|(differs, _)| *differs);
    different.map(|(_, what)| what).collect()
}

fn state(state: State) -> &'static str {
    match state {
        State::Initialize => "INIT",
        State::Backup => "BACKUP",
        State::Active => "MASTER",
        State::Fault => "FAULT",
        State::Leaving => "LEAVING",
        State::Gone => "GONE",
    }
}

fn word(cause: PeerDrop) -> &'static str {
    match cause {
        PeerDrop::Malformed => "malformed",
        PeerDrop::Own => "our own",
        PeerDrop::Place => "no instance there",
        PeerDrop::Ttl => "wrong TTL",
        PeerDrop::Stranger => "no unicast peer",
        PeerDrop::Key => "another key",
        PeerDrop::Mac => "wrong HMAC",
        PeerDrop::Misdirected => "for another node",
        PeerDrop::Crowd => "too many nodes",
        PeerDrop::Stale => "too old",
    }
}
