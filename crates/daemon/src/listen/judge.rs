//! What was heard, against what is configured.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use standfast_config as config;
use standfast_config::{AuthenticationKind, Code, Config, Diagnostic, VrrpInstance};
use standfast_wire::vrrp::{Authentication, Version};

use super::heard::{Authenticated, Heard, Says, Sender};
use crate::host::OwnAddresses;

/// Things that one message lists.
const MAX_LISTED: usize = 3;
/// Advertisements of a router that show it to be master, not about to resign.
const SETTLED: u32 = 2;

/// What this host knows about itself.
pub(super) struct Here<'a> {
    /// A VRRP daemon runs here.
    pub(super) daemon_runs: bool,
    pub(super) own: Option<&'a OwnAddresses>,
    pub(super) listened: Duration,
}

/// The findings of every instance that was listened for.
pub(super) fn findings(
    config: &Config,
    heard: &BTreeMap<String, Heard>,
    here: &Here<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for instance in &config.instances {
        let interface = instance.interface.as_ref();
        let Some(on_interface) = interface.and_then(|name| heard.get(&name.value)) else {
            continue;
        };
        if instance.family == config::Family::V4 {
            judge(instance, config, on_interface, here, &mut found);
        }
    }
    found
}

type Router<'h> = (&'h Sender, &'h Says);

fn judge(
    instance: &VrrpInstance,
    config: &Config,
    heard: &Heard,
    here: &Here<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let to_group = instance.unicast.is_none();
    let routers: Vec<Router<'_>> = heard
        .senders
        .iter()
        .filter(|(sender, _)| {
            sender.vrid == instance.vrid.value.get() && sender.to_group == to_group
        })
        .collect();
    if routers.is_empty() {
        found.push(nothing_heard(instance, here));
        return;
    }
    let vips: BTreeSet<IpAddr> = addresses(instance).collect();
    let is_foreign = |(_, says): &Router<'_>| vips.is_disjoint(&says.addresses);
    let (foreign, group): (Vec<Router<'_>>, Vec<Router<'_>>) =
        routers.into_iter().partition(is_foreign);
    if !foreign.is_empty() {
        found.push(foreign_group(instance, config, heard, &foreign));
    }
    for (sender, says) in &group {
        mismatches(instance, &vips, sender, says, found);
    }
    found.extend(two_masters(instance, &group, here));
}

fn addresses(instance: &VrrpInstance) -> impl Iterator<Item = IpAddr> {
    instance.addresses.iter().map(|vip| vip.network.address)
}

/// "192.0.2.2 (02:00:00:00:00:02)".
fn name(sender: &Sender) -> String {
    let bytes: Vec<String> = sender
        .mac
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{} ({})", sender.address, bytes.join(":"))
}

fn list(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(MAX_LISTED);
    let mut text = all.take(MAX_LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn nothing_heard(instance: &VrrpInstance, here: &Here<'_>) -> Diagnostic {
    let vrid = instance.vrid.value;
    let is_master = here
        .own
        .is_some_and(|own| addresses(instance).any(|vip| own.holds(vip)));
    let (why, help) = match (is_master, here.daemon_runs) {
        (true, _) => (
            "as it should be, since this host is master",
            "on another node of the group this host should be heard",
        ),
        (false, true) => (
            "although a daemon runs here that is not master of it",
            "look at this host's daemon first, then at the cable, the switch (IGMP snooping) and the other nodes",
        ),
        (false, false) => (
            "as it should be while no other node is master",
            "if another node has the addresses, look at the cable, the switch (IGMP snooping) and that node's firewall (protocol 112)",
        ),
    };
    let text = format!(
        "nothing was heard of VRID {vrid} in {:.1} s, {why}",
        here.listened.as_secs_f32()
    );
    Diagnostic::note(Code::NothingHeard, instance.vrid.span, text).help(help)
}

fn foreign_group(
    instance: &VrrpInstance,
    config: &Config,
    heard: &Heard,
    foreign: &[Router<'_>],
) -> Diagnostic {
    let vrid = instance.vrid.value;
    let routers = list(foreign.iter().map(|(sender, _)| name(sender)));
    let theirs: BTreeSet<IpAddr> = foreign
        .iter()
        .flat_map(|(_, says)| says.addresses.iter().copied())
        .collect();
    let theirs = match theirs.len() {
        0 => "no address".to_owned(),
        _ => list(theirs.iter().map(IpAddr::to_string)),
    };
    let verb = match foreign {
        [_] => "advertises",
        _ => "advertise",
    };
    let text = format!(
        "VRID {vrid} is used by a foreign group: {routers} {verb} {theirs}; both groups take part in each other's election"
    );
    let used = |free: &u8| {
        heard.vrids.contains(free)
            || config
                .instances
                .iter()
                .any(|other| other.vrid.value.get() == *free)
    };
    let higher = vrid.get().saturating_add(1)..=u8::MAX;
    let free: Vec<String> = higher
        .chain(1..vrid.get())
        .filter(|free| !used(free))
        .take(MAX_LISTED)
        .map(|free| free.to_string())
        .collect();
    let mut found = Diagnostic::warning(Code::ForeignGroup, instance.vrid.span, text);
    if !free.is_empty() {
        let help = format!(
            "take another virtual_router_id on all nodes of the group; not heard here: {}",
            free.join(", ")
        );
        found = found.help(help);
    }
    found
}

/// Where a router of the same group is configured differently.
fn mismatches(
    instance: &VrrpInstance,
    vips: &BTreeSet<IpAddr>,
    sender: &Sender,
    says: &Says,
    found: &mut Vec<Diagnostic>,
) {
    let (who, vrid, given) = (name(sender), instance.vrid, &instance.given);
    let mut warn = |code, span: Option<config::Span>, text: String, help: &str| {
        let span = span.unwrap_or(vrid.span);
        found.push(Diagnostic::warning(code, span, text).help(help));
    };
    let own_version = match instance.version {
        config::Version::V2 => Version::V2,
        config::Version::V3 => Version::V3,
    };
    if says.version != own_version {
        let text = format!(
            "{who} speaks version {} of VRRP for VRID {}, this file version {}: each ignores the other, and both become master",
            says.version.number(),
            vrid.value,
            own_version.number()
        );
        warn(
            Code::HeardVersion,
            given.version,
            text,
            "set the same `version` on all nodes",
        );
    } else if says.interval_us != instance.advert_int.get() {
        let text = format!(
            "{who} advertises VRID {} every {}, this file says {}",
            vrid.value,
            config::Micros(says.interval_us),
            instance.advert_int
        );
        warn(
            Code::HeardInterval,
            given.advert_int,
            text,
            "set the same `advert_int` on all nodes",
        );
    }
    if let Some(difference) = authentication(instance, says)
        && says.version == own_version
    {
        let text = format!(
            "{who} {difference} for VRID {}: one node at least ignores the other, and both become master",
            vrid.value
        );
        let help = "set the same `authentication` or `auth_hmac` on all nodes";
        warn(Code::HeardAuthentication, given.authentication, text, help);
    }
    if says.addresses != *vips {
        let only = |one: &BTreeSet<IpAddr>, other: &BTreeSet<IpAddr>| {
            let only: Vec<String> = one.difference(other).map(IpAddr::to_string).collect();
            (!only.is_empty()).then(|| list(only.into_iter()))
        };
        let more = only(&says.addresses, vips).map(|all| format!("has also {all}"));
        let less = only(vips, &says.addresses).map(|all| format!("lacks {all}"));
        let difference: Vec<String> = more.into_iter().chain(less).collect();
        let text = format!(
            "{who} {} in VRID {}: an address that only one node knows does not move",
            difference.join(" and "),
            vrid.value
        );
        let help = "list the same addresses in `virtual_ipaddress` on all nodes";
        warn(Code::HeardAddresses, given.virtual_ipaddress, text, help);
    }
}

/// How the router's authentication differs, without any of its data.
fn authentication(instance: &VrrpInstance, says: &Says) -> Option<&'static str> {
    match &instance.hmac {
        None if says.signed => {
            return Some("signs its advertisements (`auth_hmac`), this file does not");
        }
        Some(hmac) if !says.signed && hmac.mode == config::HmacMode::Enforce => {
            return Some("does not sign its advertisements, this file demands it (`auth_hmac`)");
        }
        None | Some(_) => {}
    }
    let configured = instance
        .authentication
        .filter(|_| instance.version == config::Version::V2);
    let configured = configured.map(|one| (one.kind, one.password.reveal()));
    match (says.authenticated, configured) {
        (Authenticated::Header, Some((AuthenticationKind::Ah, _)))
        | (Authenticated::Message(Authentication::None), None) => None,
        (
            Authenticated::Message(Authentication::Password(theirs)),
            Some((AuthenticationKind::Pass, own)),
        ) => (theirs != own).then_some("has another password than this file"),
        (Authenticated::Header, _) => {
            Some("uses an authentication header (AH), this file does not")
        }
        (Authenticated::Message(Authentication::None), Some(_)) => {
            Some("does not authenticate, this file does")
        }
        (Authenticated::Message(Authentication::Password(_)), _) => {
            Some("uses a password (PASS), this file does not")
        }
        (Authenticated::Message(Authentication::Header), _) => {
            Some("says to use an authentication header (AH) and does not")
        }
        (Authenticated::Message(Authentication::Other(_)), _) => {
            Some("uses an unknown kind of authentication")
        }
    }
}

/// Two that advertise side by side, or one beside this host.
fn two_masters(
    instance: &VrrpInstance,
    group: &[Router<'_>],
    here: &Here<'_>,
) -> Option<Diagnostic> {
    let settled: Vec<&Router<'_>> = group
        .iter()
        .filter(|(_, says)| says.count >= SETTLED && says.priority > 0)
        .collect();
    let holds = |own: &&OwnAddresses| addresses(instance).any(|vip| own.holds(vip));
    let who = |(sender, says): &Router<'_>| format!("{}, priority {}", name(sender), says.priority);
    let masters = if let (Some(_), Some(other)) = (here.own.filter(holds), settled.first()) {
        format!("this host and {}", who(other))
    } else {
        let (first, second) = settled.iter().enumerate().find_map(|(at, one)| {
            let mut others = settled.iter().skip(at + 1);
            Some((one, others.find(|other| side_by_side(one.1, other.1))?))
        })?;
        format!("{} and {}", who(first), who(second))
    };
    let text = format!("VRID {} has two masters: {masters}", instance.vrid.value);
    let help = "they do not hear or not understand each other: compare version, authentication and addresses, then look at firewalls (protocol 112) and the switch (IGMP snooping)";
    Some(Diagnostic::warning(Code::TwoMasters, instance.vrid.span, text).help(help))
}

/// Each was heard again after the other had begun, which no handover does: an interval apart at least.
fn side_by_side(one: &Says, other: &Says) -> bool {
    let begin = one.first.max(other.first);
    let end = one.last.min(other.last);
    end.saturating_sub(begin).0 >= one.interval_us.min(other.interval_us) / 2
}

#[cfg(test)]
mod tests {
    use standfast_linux::clock::Micros;
    use standfast_wire::trailer::{Key, LENGTH, Sequence, sign};
    use standfast_wire::vrrp::Interval;

    use super::super::heard::tests::frame;
    use super::*;
    use crate::host::tests::instance;

    const VIP: [u8; 4] = [192, 0, 2, 100];
    const LINES: &str = "virtual_ipaddress {\n192.0.2.100/24\n}\n";
    const SECOND: Interval = Interval::Seconds(1);

    /// What these frames, a tenth of a second apart, say about VI_1 with those lines.
    fn judged(lines: &str, frames: &[Vec<u8>]) -> Vec<Diagnostic> {
        let mut heard = Heard::default();
        for (at, frame) in (1..).zip(frames) {
            heard.take(frame, Micros(at * 100_000), &[51].into(), |_, _| false);
        }
        let here = Here {
            daemon_runs: false,
            own: None,
            listened: Duration::from_secs(7),
        };
        let heard = [("eth0".to_owned(), heard)].into();
        findings(&instance(lines), &heard, &here)
    }

    fn codes(lines: &str, frames: &[Vec<u8>]) -> Vec<Code> {
        let found = judged(lines, frames);
        found.iter().map(|found| found.code).collect()
    }

    fn plain(last: u8, vips: &[[u8; 4]]) -> Vec<u8> {
        frame(last, 51, SECOND, Authentication::None, vips)
    }

    #[test]
    fn a_peer_that_agrees_is_no_news() {
        assert_eq!(codes(LINES, &[plain(2, &[VIP])]), []);
        assert_eq!(codes(LINES, &[]), [Code::NothingHeard]);
    }

    #[test]
    fn a_foreign_group_is_named_with_free_vrids() {
        let neighbour = frame(9, 52, SECOND, Authentication::None, &[[10, 0, 0, 1]]);
        let found = judged(LINES, &[plain(2, &[[192, 0, 2, 200]]), neighbour]);
        assert_eq!(found.len(), 1);
        let found = found.first().unwrap();
        assert_eq!(found.code, Code::ForeignGroup);
        let says = "VRID 51 is used by a foreign group: 192.0.2.2 (02:00:00:00:00:02) advertises 192.0.2.200";
        assert!(found.message.starts_with(says), "{}", found.message);
        assert!(
            found
                .help
                .as_deref()
                .unwrap()
                .ends_with("not heard here: 53, 54, 55")
        );
    }

    #[test]
    fn what_differs_within_the_group_is_said_once_each() {
        let slow = frame(2, 51, Interval::Seconds(3), Authentication::None, &[VIP]);
        assert_eq!(codes(LINES, &[slow.clone(), slow]), [Code::HeardInterval]);
        let third = frame(
            2,
            51,
            Interval::Centiseconds(100),
            Authentication::None,
            &[VIP],
        );
        assert_eq!(
            codes(LINES, std::slice::from_ref(&third)),
            [Code::HeardVersion]
        );
        let lines = format!("version 3\n{LINES}");
        assert_eq!(codes(&lines, &[third]), []);
        let more = plain(2, &[VIP, [192, 0, 2, 101]]);
        let found = judged(LINES, &[more]);
        assert!(
            found
                .first()
                .unwrap()
                .message
                .contains("has also 192.0.2.101 in VRID 51")
        );
        let two = "virtual_ipaddress {\n192.0.2.100/24\n192.0.2.102/24\n}\n";
        let found = judged(two, &[plain(2, &[VIP])]);
        assert!(found.first().unwrap().message.contains("lacks 192.0.2.102"));
    }

    #[test]
    fn whoever_signs_and_whoever_does_not_are_told_apart() {
        let key = Key::new(1, b"0123456789abcdef0123456789abcdef").unwrap();
        let signed = |frame: Vec<u8>| {
            let mut frame = frame;
            frame.resize(frame.len() + LENGTH, 0);
            let total = u16::try_from(frame.len() - 14).unwrap();
            frame[16..18].copy_from_slice(&total.to_be_bytes());
            frame[24..26].fill(0);
            let checksum = standfast_wire::internet_checksum(&frame[14..34]);
            frame[24..26].copy_from_slice(&checksum.to_be_bytes());
            let ends = [[192, 0, 2, 2], [224, 0, 0, 18]].map(IpAddr::from);
            sign(&mut frame[34..], &key, Sequence(1), ends[0], ends[1]).unwrap();
            frame
        };
        let own = format!(
            "{LINES}auth_hmac {{\nkey 1 0123456789abcdef0123456789abcdef\nactive_key 1\n}}\n"
        );
        let (unsigned, signed) = (plain(2, &[VIP]), signed(plain(2, &[VIP])));
        assert_eq!(codes(&own, std::slice::from_ref(&signed)), []);
        for (lines, frame, text) in [
            (LINES, signed, "signs its advertisements"),
            (&own, unsigned, "does not sign"),
        ] {
            let found = judged(lines, &[frame]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].message.contains(text), "{found:?}");
        }
    }

    #[test]
    fn authentication_is_compared_and_never_shown() {
        let with =
            |password: &[u8; 8]| frame(2, 51, SECOND, Authentication::Password(*password), &[VIP]);
        let secret = with(b"s3cr3t\0\0");
        let own = |kind: &str, password: &str| {
            format!("{LINES}authentication {{\nauth_type {kind}\nauth_pass {password}\n}}\n")
        };
        assert_eq!(
            codes(&own("PASS", "s3cr3t"), std::slice::from_ref(&secret)),
            []
        );
        let cases = [
            (own("PASS", "0ther"), secret.clone()),
            (LINES.to_owned(), secret.clone()),
            (own("AH", "s3cr3t"), secret),
            (own("PASS", "0ther"), plain(2, &[VIP])),
        ];
        for (lines, frame) in cases {
            let found = judged(&lines, &[frame]);
            assert_eq!(found.len(), 1, "{lines}");
            let text = format!("{found:?}");
            assert!(text.contains("HeardAuthentication"), "{text}");
            assert!(
                !text.contains("s3cr3t") && !text.contains("0ther"),
                "{text}"
            );
        }
    }

    #[test]
    fn two_masters_side_by_side_are_not_one_after_the_other() {
        let (one, other) = (plain(2, &[VIP]), plain(3, &[VIP]));
        let turns = |order: &[u8]| -> Vec<Vec<u8>> {
            let of = |last: &u8| if *last == 2 { &one } else { &other };
            order.iter().map(|last| of(last).clone()).collect()
        };
        let side_by_side = turns(&[2, 3, 2, 3, 2, 3, 2, 3, 2, 3]);
        assert_eq!(codes(LINES, &side_by_side), [Code::TwoMasters]);
        assert_eq!(codes(LINES, &turns(&[2, 2, 2, 2, 3, 3, 3, 3])), []);
        assert_eq!(codes(LINES, &turns(&[2, 2, 2, 3, 2, 3, 3, 3])), []);
    }
}
