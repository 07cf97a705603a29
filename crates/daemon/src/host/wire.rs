//! What lies between an interface and the other nodes: bridges that wait, links that bounce.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use standfast_config::{Code, Config, Diagnostic, Micros, Span, VrrpInstance};
use standfast_linux::Interface;

/// Where the kernel shows interfaces: those of the namespace that it was mounted in.
const INTERFACES: &str = "/sys/class/net";
/// Changes of carrier that may be the start of the host and of its switch.
const FEW_CHANGES: u64 = 10;
/// A link that changes less often than this does not bounce.
const CALM: Duration = Duration::from_secs(3_600);
/// The kernel shows delays of a bridge in hundredths of a second.
const CENTISECOND: Micros = Micros(10_000);

/// What the kernel says of one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Link {
    /// Of a bridge with spanning tree: how long it listens, and again how long it learns.
    forward_delay: Option<Micros>,
    /// How often the carrier came or went since the interface is there.
    carrier_changes: u64,
}

pub(super) fn findings(config: &Config) -> Vec<Diagnostic> {
    let uptime = standfast_linux::clock::boottime();
    let uptime = Duration::from_micros(uptime.0);
    let mut found = Vec::new();
    for (name, span) in super::interfaces(config) {
        let Some(link) = folder(name).map(|folder| read(&folder)) else {
            continue;
        };
        let on_it = config
            .instances
            .iter()
            .filter(|one| super::interface(one).is_some_and(|(other, _)| other == name));
        let waits = config.global.startup_delay;
        found.extend(bridge((name, span), link, waits, on_it));
        found.extend(bounces((name, span), link, uptime));
    }
    found
}

/// The interface's folder, if it shows this namespace's interface.
fn folder(name: &str) -> Option<PathBuf> {
    let folder = Path::new(INTERFACES).join(name);
    let shown: u32 = number(&folder.join("ifindex"))?;
    let index = Interface::find(name).ok()?.index;
    (shown == index).then_some(folder)
}

fn number<T: std::str::FromStr>(file: &Path) -> Option<T> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn read(folder: &Path) -> Link {
    let bridge = folder.join("bridge");
    let spanning_tree = number(&bridge.join("stp_state")).unwrap_or(0_u64) != 0;
    let delay = number::<u64>(&bridge.join("forward_delay"));
    let delay = delay.map(|delay| Micros(delay.saturating_mul(CENTISECOND.0)));
    Link {
        forward_delay: delay.filter(|_| spanning_tree),
        carrier_changes: number(&folder.join("carrier_changes")).unwrap_or(0),
    }
}

fn bridge<'a>(
    (name, span): (&str, Span),
    link: Link,
    startup_delay: Micros,
    mut instances: impl Iterator<Item = &'a VrrpInstance>,
) -> Option<Diagnostic> {
    let silent = Micros(link.forward_delay?.0.saturating_mul(2));
    let shorter = |one: &VrrpInstance| {
        let adverts = u64::from(one.down_timer_adverts) + 1;
        Micros(one.advert_int.0.saturating_mul(adverts)) < silent
    };
    if silent <= startup_delay || !instances.any(shorter) {
        return None;
    }
    let text = format!(
        "{name} is a bridge with spanning tree, which forwards nothing for {} s after a link came up: for so long this node hears no master",
        Duration::from_micros(silent.0).as_secs()
    );
    let help = format!(
        "ip link set {name} type bridge stp_state 0, and the same where the bridge is configured; or `vrrp_startup_delay` in global_defs"
    );
    Some(Diagnostic::note(Code::BridgeWaits, span, text).help(help))
}

fn bounces((name, span): (&str, Span), link: Link, uptime: Duration) -> Option<Diagnostic> {
    let changes = link.carrier_changes;
    let allowed = uptime.as_secs().div_ceil(CALM.as_secs());
    if changes < FEW_CHANGES || changes < allowed {
        return None;
    }
    let text = format!(
        "{name} has lost or found its link {changes} times in the {} hours that this host is up",
        uptime.as_secs() / CALM.as_secs()
    );
    let help = "look at the cable, the port of the switch and the negotiated speed; `interface_up_down_delays` makes instances calmer";
    Some(Diagnostic::warning(Code::LinkBounces, span, text).help(help))
}

#[cfg(test)]
mod tests {
    use super::super::tests::instance;
    use super::*;

    const HOUR: Duration = CALM;

    fn waits(delay_s: u64, startup_s: u64, lines: &str) -> bool {
        let config = instance(lines);
        let link = Link {
            forward_delay: Some(Micros::from_secs(delay_s)),
            carrier_changes: 0,
        };
        let startup = Micros::from_secs(startup_s);
        let instances = config.instances.iter();
        bridge(("br0", Span::default()), link, startup, instances).is_some()
    }

    #[test]
    fn a_bridge_that_waits_longer_than_the_down_interval_is_named() {
        assert!(waits(15, 0, ""));
        assert!(!waits(0, 0, ""), "no delay");
        assert!(!waits(15, 30, ""), "instances wait as well");
        assert!(!waits(15, 0, "advert_int 10\n"), "a long down interval");
        let config = instance("");
        let none = bridge(
            ("eth0", Span::default()),
            Link::default(),
            Micros::ZERO,
            config.instances.iter(),
        );
        assert!(none.is_none());
    }

    #[test]
    fn a_link_bounces_that_changes_often_for_the_time_it_is_up() {
        let found = |changes, hours| {
            let link = Link {
                forward_delay: None,
                carrier_changes: changes,
            };
            bounces(("eth0", Span::default()), link, HOUR * hours).is_some()
        };
        assert!(found(10, 2) && found(100, 24));
        assert!(!found(2, 0) && !found(9, 1) && !found(100, 2_000));
    }
}
