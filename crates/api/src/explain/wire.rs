//! Who else speaks for this virtual router or answers for its addresses, and why that goes wrong.

use std::net::IpAddr;

use super::Problem;
use super::case::{Case, addresses};
use super::setup::PROTECTS_NOTHING;
use super::text::time;
use crate::status::{Holder, NodeOfInstance, Speaker, State, Stranger};

/// Who was refused or unknown so long ago explains nothing, in microseconds.
const RECENT_US: u64 = 60_000_000;
/// Probes for another holder come about once a second; who was seen so long ago is gone, in microseconds.
const HOLDS_US: u64 = 10_000_000;
/// A peer tells the age of its state in whole seconds, in microseconds.
const SINCE_US: u64 = 1_000_000;
/// Both are master for so many intervals: it is no handover.
const LASTING_INTERVALS: u64 = 4;

/// Another master whose advertisements we take, or do not hear at all.
pub(super) fn two_masters(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    if !case.is_master() {
        return Vec::new();
    }
    let speakers = case.instance.speakers.iter();
    let speakers = speakers.filter(|it| it.refused.is_none() && it.taken > 0);
    let heard = speakers.filter(|it| case.is_heard(it) && case.goes_on(it.heard_us));
    let heard = heard.filter(|it| !case.has_given_way(it.address, it.heard_us));
    let heard = heard.map(|it| unheeding(case, it));
    let silent = case.others().filter(|it| is_unheard_master(case, it));
    heard.chain(silent.map(|it| unheard(case, it))).collect()
}

/// It advertises although we have the better claim.
fn unheeding(case: &Case<'_>, speaker: &Speaker) -> Problem {
    let who = case.named_with_mac(speaker.address);
    let theirs = speaker.priority.unwrap_or(0);
    let ours = case.instance.priority.effective;
    let begins = format!(
        "two masters: {who} advertises too, with priority {theirs}, heard {}; this node has {ours}{}",
        case.ago(speaker.heard_us),
        differing(case, speaker)
    );
    if theirs == 255 && ours == 255 {
        let text = format!("{begins}: both claim to own the addresses");
        return Problem::new("two-owners", text, "Only one node may have priority 255.");
    }
    let text = format!(
        "{begins}. It does not give way: it does not hear this node (a one-way link, or something on the way that drops IP \
         protocol 112 in that direction), or it does not take what it hears"
    );
    let fix = format!(
        "On {} look for this node's advertisements: `tcpdump -ni {} ip proto 112 and src {}`; if they come, its log says why it \
         ignores them; if not, look at its firewall, its cable and the switch.",
        speaker.address,
        interface(case),
        source(case)
    );
    Problem::new("one-way-link", text, fix)
}

/// What is otherwise than here.
fn differing(case: &Case<'_>, speaker: &Speaker) -> String {
    let instance = case.instance;
    let mut all = String::new();
    if !speaker.other_addresses.is_empty() {
        all.push_str(&format!(
            ", and it advertises {}",
            addresses(&speaker.other_addresses)
        ));
    }
    if speaker
        .interval_us
        .is_some_and(|it| it != instance.advert_interval_us)
    {
        let theirs = time(speaker.interval_us.unwrap_or(0));
        all.push_str(&format!(", and its interval is {theirs}"));
    }
    all
}

/// The peer channel says that it is master too, and no advertisement of it comes.
fn is_unheard_master(case: &Case<'_>, node: &NodeOfInstance) -> bool {
    let lasting = case
        .instance
        .advert_interval_us
        .saturating_mul(LASTING_INTERVALS);
    let speaker = node.address.and_then(|it| case.speaker_at(it));
    let heard = speaker.is_some_and(|it| case.is_heard(it));
    node.state == State::Master
        && !heard
        && case.age_us(node.since_us) > lasting
        && case.age_us(case.instance.since_us) > lasting
}

fn unheard(case: &Case<'_>, node: &NodeOfInstance) -> Problem {
    let address = node.address.map(|it| case.named_with_mac(it));
    let who = address.unwrap_or_else(|| node.name.clone());
    let speaker = node.address.and_then(|it| case.speaker_at(it));
    let last = match speaker {
        Some(speaker) => format!("the last one came {}", case.ago(speaker.heard_us)),
        None => "none has ever come".to_owned(),
    };
    let text = format!(
        "two masters: {who} is master too, with priority {}, and the peer channel hears it, but its advertisements do not \
         come: {last}. Something drops IP protocol 112 between the two",
        node.priority
    );
    Problem::new("vrrp-filtered", text, filter_fix(case))
}

fn filter_fix(case: &Case<'_>) -> String {
    let how = match case.instance.unicast {
        true => "to and from every unicast_peer".to_owned(),
        false => {
            let group = case.instance.destinations.first();
            let group = group.map(IpAddr::to_string).unwrap_or_default();
            format!("to {group} (where the switch or the cloud loses multicast, use unicast_peer)")
        }
    };
    format!(
        "Let IP protocol 112 pass {how} in the firewall of both nodes; `standfast check --host` on each names the rule that drops \
         it; `tcpdump -ni {} ip proto 112` shows whether it arrives.",
        interface(case)
    )
}

/// Advertisements that come and do not count.
pub(super) fn refused(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let speakers = case.instance.speakers.iter();
    let recent = speakers.filter(|it| case.age_us(it.heard_us) < RECENT_US);
    // Whoever was refused, has been put right and is BACKUP now sends nothing more that could be taken.
    let lasting = recent.filter(|it| {
        !case.is_master() || case.is_heard(it) || !case.has_given_way(it.address, it.heard_us)
    });
    lasting.filter_map(|it| refusal(case, it)).collect()
}

#[expect(
    clippy::too_many_lines,
    reason = "a table: why a packet is not taken, and what to do about it"
)]
fn refusal(case: &Case<'_>, speaker: &Speaker) -> Option<Problem> {
    let refused = speaker.refused.as_ref()?;
    let instance = case.instance;
    let who = case.named_with_mac(speaker.address);
    let (name, vrid) = (&instance.name, instance.vrid);
    let two = case.is_master()
        && case.goes_on(speaker.heard_us)
        && !case.has_given_way(speaker.address, speaker.heard_us);
    let begins = if two { "two masters: " } else { "" };
    if is_foreign(case, speaker) {
        return Some(foreign(case, speaker, begins));
    }
    let (kind, text, fix) = match refused.kind.as_str() {
        "authentication" => (
            "wrong-password",
            format!("{who} advertises for VRID {vrid} with another password than this node"),
            format!(
                "Make auth_pass of {name} equal on both nodes; only its first eight characters count."
            ),
        ),
        "authentication-type" => (
            "wrong-authentication",
            format!(
                "{who} advertises for VRID {vrid} with another kind of authentication than this node ({})",
                instance.authentication
            ),
            format!("Make the authentication block (auth_type) of {name} equal on both nodes."),
        ),
        "hmac-missing" | "hmac-key" | "hmac-wrong" | "hmac-malformed" => (
            "wrong-key",
            format!(
                "{who} advertises for VRID {vrid}, but this node cannot verify it: {}",
                refused.text
            ),
            format!("Give both nodes the same keys in auth_hmac of {name}."),
        ),
        "hmac-stale" => (
            "clocks-differ",
            format!(
                "advertisements of {who} carry a time that is too old or too new: {}",
                refused.text
            ),
            "Let both nodes keep time with NTP (`chronyc tracking`), or widen time_window."
                .to_owned(),
        ),
        "version" => (
            "wrong-version",
            format!(
                "{who} speaks VRRP version {}, and this node version {}",
                speaker.version.unwrap_or(0),
                instance.version
            ),
            format!(
                "Set the same vrrp_version in global_defs (or 'version' in {name}) on both nodes."
            ),
        ),
        "interval" => interval(case, speaker, &who),
        "stranger" => (
            "unknown-peer",
            format!("{who} advertises to this node, but is none of its unicast peers"),
            format!(
                "Add {} to unicast_peer of {name} if it belongs to the group.",
                speaker.address
            ),
        ),
        "ttl" => (
            "wrong-ttl",
            format!(
                "advertisements of {who} come with a TTL other than 255: they were routed, or sent by something else"
            ),
            "VRRP goes over one link only; with unicast across routers set min_ttl for the peer."
                .to_owned(),
        ),
        _ => (
            "refused",
            format!("advertisements of {who} are not taken: {}", refused.text),
            format!("Compare vrrp_instance {name} on both nodes."),
        ),
    };
    Some(Problem::new(
        kind,
        format!("{begins}{text}; {}", consequence(two)),
        fix,
    ))
}

const fn consequence(two: bool) -> &'static str {
    match two {
        true => "neither gives way to the other",
        false => "its advertisements do not count here",
    }
}

fn interval(case: &Case<'_>, speaker: &Speaker, who: &str) -> (&'static str, String, String) {
    let ours = time(case.instance.advert_interval_us);
    let theirs = time(speaker.interval_us.unwrap_or(0));
    (
        "interval-mismatch",
        format!(
            "{who} advertises every {theirs}, this node expects {ours}; version 2 wants them equal"
        ),
        format!(
            "Make advert_int of {} equal on both nodes.",
            case.instance.name
        ),
    )
}

/// Whether it advertises addresses of which none is ours: another group.
fn is_foreign(case: &Case<'_>, speaker: &Speaker) -> bool {
    let theirs = &speaker.other_addresses;
    // Without an address of our own the two have nothing that could be compared.
    let comparable = !theirs.is_empty() && !case.instance.addresses.is_empty();
    comparable && !theirs.iter().any(|it| is_own(case, *it))
}

fn is_own(case: &Case<'_>, address: IpAddr) -> bool {
    case.instance
        .addresses
        .iter()
        .any(|it| it.address == address)
}

fn foreign(case: &Case<'_>, speaker: &Speaker, begins: &str) -> Problem {
    let instance = case.instance;
    let who = case.named_with_mac(speaker.address);
    let effect = match (&speaker.refused, &instance.master) {
        (Some(refused), _) => format!("; its advertisements do not count ({})", refused.text),
        (None, Some(master)) if master.address == speaker.address => {
            let own = case.own_addresses();
            format!("; it is master of this VRID, so nobody holds {own} because of it")
        }
        (None, _) => {
            "; whoever of the two groups has the lower priority loses its addresses".to_owned()
        }
    };
    let text = format!(
        "{begins}VRID {} on {} is also used by another group: {who} advertises {} with priority {}, not {}{effect}",
        instance.vrid,
        interface(case),
        addresses(&speaker.other_addresses),
        speaker.priority.unwrap_or(0),
        case.own_addresses()
    );
    let fix = format!(
        "Give {} (on all of its nodes) or the other group another virtual_router_id that nobody uses on this network.",
        instance.name
    );
    Problem::new("foreign-group", text, fix)
}

/// Who is taken although its addresses are others.
pub(super) fn other_addresses(case: &Case<'_>, found: &[Problem]) -> Vec<Problem> {
    if found.iter().any(|it| it.kind == PROTECTS_NOTHING) {
        return Vec::new();
    }
    let speakers = case.instance.speakers.iter();
    let other = speakers.filter(|it| it.refused.is_none() && !it.other_addresses.is_empty());
    let other = other.filter(|it| case.age_us(it.heard_us) < RECENT_US);
    other
        .map(|speaker| match is_foreign(case, speaker) {
            true => foreign(case, speaker, ""),
            false => address_list(case, speaker),
        })
        .collect()
}

fn address_list(case: &Case<'_>, speaker: &Speaker) -> Problem {
    let who = case.named(speaker.address);
    let theirs = &speaker.other_addresses;
    let more: Vec<IpAddr> = theirs
        .iter()
        .copied()
        .filter(|it| !is_own(case, *it))
        .collect();
    let own = case.instance.addresses.iter().filter(|it| !it.excluded);
    let less: Vec<IpAddr> = own
        .map(|it| it.address)
        .filter(|it| !theirs.contains(it))
        .collect();
    let mut differs = Vec::new();
    if !more.is_empty() {
        differs.push(format!("it has {} and this node has not", addresses(&more)));
    }
    if !less.is_empty() {
        differs.push(format!("it lacks {}", addresses(&less)));
    }
    let text = format!(
        "{who} advertises another list of addresses: {}",
        differs.join("; ")
    );
    let fix = format!(
        "Make virtual_ipaddress of {} equal on both nodes: what only one has is gone after a failover.",
        case.instance.name
    );
    Problem::new("address-list-differs", text, fix)
}

/// Somebody advertises our addresses with another VRID.
pub(super) fn other_vrid(case: &Case<'_>, _: &[Problem]) -> Vec<Problem> {
    let instance = case.instance;
    let strangers = case.status.strangers.iter();
    let near =
        strangers.filter(|it| it.interface == instance.interface && it.vrid != instance.vrid);
    let recent = near.filter(|it| case.age_us(it.heard_us) < case.stranger_lasts_us());
    let recent = recent.filter(|it| !is_put_right(case, it));
    let ours = recent.filter(|it| it.addresses.iter().any(|address| is_own(case, *address)));
    ours.map(|stranger| {
        let shared: Vec<IpAddr> = stranger.addresses.iter().copied().filter(|it| is_own(case, *it)).collect();
        let begins = if case.is_master() { "two masters: " } else { "" };
        let text = format!(
            "{begins}{} advertises {} with VRID {}, and {} has VRID {}: the two do not know each other",
            who(case, stranger),
            addresses(&shared),
            stranger.vrid,
            instance.name,
            instance.vrid
        );
        let fix = format!("Give both nodes the same virtual_router_id for {}.", addresses(&shared));
        Problem::new("wrong-vrid", text, fix)
    })
    .collect()
}

/// Its node has taken part in this virtual router only since then. What that was before says nothing: the peer channel goes on
/// while the node is in another one.
fn is_put_right(case: &Case<'_>, stranger: &Stranger) -> bool {
    let node = case.node_at(stranger.address);
    node.is_some_and(|it| {
        it.state != State::Master && it.since_us.saturating_add(SINCE_US) >= stranger.heard_us
    })
}

fn who(case: &Case<'_>, stranger: &Stranger) -> String {
    match &stranger.mac {
        Some(mac) => format!("{} (MAC {mac})", stranger.address),
        None => case.named(stranger.address),
    }
}

/// Somebody answers for our addresses by ARP or ND, and no advertisement explains it.
pub(super) fn other_holders(case: &Case<'_>, found: &[Problem]) -> Vec<Problem> {
    const EXPLAINED: [&str; 9] = [
        "one-way-link",
        "vrrp-filtered",
        "wrong-password",
        "wrong-authentication",
        "wrong-key",
        "wrong-version",
        "interval-mismatch",
        "wrong-vrid",
        "two-owners",
    ];
    let explained = found.iter().any(|it| EXPLAINED.contains(&it.kind.as_str()));
    if !case.is_master() || explained {
        return Vec::new();
    }
    let holders = case.instance.holders.iter();
    let now: Vec<&Holder> = holders
        .filter(|it| case.age_us(it.seen_us) < HOLDS_US && case.goes_on(it.seen_us))
        .filter(|it| !is_over(case, it))
        .collect();
    let Some(last) = now.iter().max_by_key(|it| it.seen_us) else {
        return Vec::new();
    };
    let mut disputed: Vec<IpAddr> = now
        .iter()
        .filter(|it| it.mac == last.mac)
        .map(|it| it.address)
        .collect();
    disputed.sort_unstable();
    disputed.dedup();
    vec![holder(case, last, &addresses(&disputed))]
}

/// It is the answer of a node that was master then, and has said since that it is none.
fn is_over(case: &Case<'_>, holder: &Holder) -> bool {
    let seen = holder.seen_us;
    match speaker_with(case, holder) {
        Some(speaker) if case.node_at(speaker.address).is_some() => {
            case.has_given_way(speaker.address, seen)
        }
        // Whoever let go after that answer is the one who gave it, unless another is master too.
        Some(_) | None => {
            let mut others = case.others();
            !case.others().any(|it| it.state == State::Master)
                && others.any(|it| it.since_us.saturating_add(SINCE_US) >= seen)
        }
    }
}

fn speaker_with<'a>(case: &Case<'a>, holder: &Holder) -> Option<&'a Speaker> {
    let mut speakers = case.instance.speakers.iter();
    speakers.find(|it| it.mac.as_ref() == Some(&holder.mac))
}

fn holder(case: &Case<'_>, holder: &Holder, disputed: &str) -> Problem {
    let mac = &holder.mac;
    let seen = format!(
        "seen {} times, last {}",
        holder.times,
        case.ago(holder.seen_us)
    );
    if let Some(known) = speaker_with(case, holder) {
        let text = format!(
            "two masters: {} answers for {disputed} too ({seen}), and its advertisements do not come any more: the last one came \
             {}. Something drops IP protocol 112 between the two",
            case.named_with_mac(known.address),
            case.ago(known.heard_us)
        );
        return Problem::new("vrrp-filtered", text, filter_fix(case));
    }
    // A node that has just become master as well; its MAC address is not known where nothing of it is heard.
    if let Some(node) = case.others().find(|it| it.state == State::Master) {
        let who = node.address.map(|it| case.named(it));
        let text = format!(
            "two masters: {} is master too, with priority {}, as it says over the peer channel, and the host with MAC {mac} \
             answers for {disputed} ({seen}); its advertisements do not come. Something drops IP protocol 112 between the two",
            who.unwrap_or_else(|| node.name.clone()),
            node.priority
        );
        return Problem::new("vrrp-filtered", text, filter_fix(case));
    }
    let text = format!(
        "the host with MAC {mac} answers for {disputed} too ({seen}), and no advertisement of it is heard: another host or \
         program has taken the address, or it is a master whose IP protocol 112 is dropped on the way"
    );
    let fix = format!(
        "Find that host by its MAC address (`ip neighbour`, the switch's table) and take {disputed} from it, or let it speak VRRP: \
         `tcpdump -eni {} 'arp or ip proto 112'`.",
        interface(case)
    );
    Problem::new("other-holder", text, fix)
}

/// Master, and nobody was ever heard.
pub(super) fn alone(case: &Case<'_>, found: &[Problem]) -> Vec<Problem> {
    let explained = ["vrrp-filtered", "wrong-vrid", "other-holder"];
    let instance = case.instance;
    if !instance.alone || found.iter().any(|it| explained.contains(&it.kind.as_str())) {
        return Vec::new();
    }
    let place = match instance.unicast {
        true => {
            let peers = &instance.destinations;
            format!("from {}", addresses(peers))
        }
        false => format!("for VRID {} on {}", instance.vrid, interface(case)),
    };
    let text = format!(
        "never heard any peer: no advertisement came {place}, no message of the peer channel, and nobody else answers for {} \
         since this instance was configured",
        case.own_addresses()
    );
    let fix = format!(
        "A BACKUP that is no Standfast node says nothing as long as it hears this one: then all may be well. Else: does the other \
         node's daemon run, with virtual_router_id {}? {}",
        instance.vrid,
        filter_fix(case)
    );
    vec![Problem::new("never-heard", text, fix)]
}

fn interface<'a>(case: &Case<'a>) -> &'a str {
    match case.instance.interface.as_str() {
        "" => "any",
        name => name,
    }
}

fn source(case: &Case<'_>) -> String {
    case.instance
        .source
        .map(|it| it.to_string())
        .unwrap_or_default()
}
