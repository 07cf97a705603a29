//! What the network says about a configuration: `check --listen`.
//!
//! A tap on each interface hears the advertisements of every router for two down intervals, also those that this host's
//! firewall drops. Anybody may send anything there: what is kept is bounded, and only what parses is judged.

mod heard;
mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::time::Duration;

use standfast_config::{Code, Config, Diagnostic, Family, Span, Version, VrrpInstance};
use standfast_linux::clock::{Micros, monotonic};
use standfast_linux::packet::PacketRing;
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait};
use standfast_linux::tap::Tap;
use standfast_linux::{Error, Interface};

use crate::environment::HostEnvironment;
use crate::host::{OwnAddresses, other_namespace, runs_here};
use heard::Heard;
use judge::Here;

/// Longest time that is listened; two down intervals are longer only for intervals past 19 s.
const LONGEST: Duration = Duration::from_secs(120);
/// Down intervals that are listened: a master is heard in the first, a second one that takes over beside it in the next.
const DOWN_INTERVALS: u32 = 2;
/// Interfaces that are listened on.
const MAX_INTERFACES: usize = 64;
/// Groups that are joined on one interface (the kernel's default limit is 20).
const MAX_GROUPS: usize = 16;
/// How often the caller is told how far it is.
const PROGRESS_PERIOD: Micros = Micros(250_000);

/// How far the listening is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The interfaces.
    pub interfaces: &'a [String],
    /// How long it takes in all.
    pub total: Duration,
    /// How long is left; zero in the last call.
    pub left: Duration,
}

/// Listens on every interface of the configuration's IPv4 instances for two down intervals, two minutes at most, and judges
/// what was heard. Blocks for that time. Needs CAP_NET_RAW; without it each interface is an error finding.
#[must_use]
pub fn findings(
    config: &Config,
    environment: &HostEnvironment,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Vec<Diagnostic> {
    if let Some(name) = other_namespace(config) {
        let text = format!(
            "cannot listen: the configuration is for the network namespace {}",
            name.value
        );
        let help = format!(
            "run it there: ip netns exec {} standfast check --listen",
            name.value
        );
        return vec![Diagnostic::error(Code::NotListened, name.span, text).help(help)];
    }
    let mut found = not_heard(config);
    let mut taps = Vec::new();
    for (name, (groups, span)) in wanted(config) {
        match Interface::find(&name).and_then(|interface| Tap::open(interface, &groups)) {
            Ok(tap) => taps.push((name, tap)),
            Err(error) => {
                let text = format!("cannot listen: {error}");
                let help = "run it as root, or with CAP_NET_RAW, on a host that has the interface";
                found.push(Diagnostic::error(Code::NotListened, span, text).help(help));
            }
        }
    }
    if taps.is_empty() {
        return found;
    }
    let total = duration(config);
    let heard = match listen(config, environment, taps, total, progress) {
        Ok(heard) => heard,
        Err(error) => {
            let span = config.instances.first().map(|first| first.name.span);
            let text = format!("cannot listen: {error}");
            let span = span.unwrap_or_default();
            found.push(Diagnostic::error(Code::NotListened, span, text));
            return found;
        }
    };
    let here = Here {
        daemon_runs: runs_here(),
        own: environment.own_addresses(),
        listened: total,
    };
    found.extend(judge::findings(config, &heard, &here));
    found
}

/// Each interface with its groups and the first place where it is named.
fn wanted(config: &Config) -> BTreeMap<String, (Vec<Ipv4Addr>, Span)> {
    let mut wanted: BTreeMap<String, (Vec<Ipv4Addr>, Span)> = BTreeMap::new();
    for instance in &config.instances {
        if let (Some(interface), IpAddr::V4(group)) =
            (&instance.interface, instance.multicast_group)
            && wanted.len() < MAX_INTERFACES
        {
            let entry = wanted.entry(interface.value.clone());
            let (groups, _) = entry.or_insert((Vec::new(), interface.span));
            if !groups.contains(&group) && groups.len() < MAX_GROUPS {
                groups.push(group);
            }
        }
    }
    wanted
}

/// Instances that can't be listened for.
fn not_heard(config: &Config) -> Vec<Diagnostic> {
    let v6 = config
        .instances
        .iter()
        .filter(|instance| instance.family == Family::V6);
    v6.map(|instance| {
        let text = format!(
            "`{}` is not listened for: only IPv4 advertisements are heard",
            instance.name.value
        );
        Diagnostic::note(Code::NotListened, instance.name.span, text)
    })
    .collect()
}

/// [`DOWN_INTERVALS`] of the slowest instance, [`LONGEST`] at most.
fn duration(config: &Config) -> Duration {
    let longest = config.instances.iter().map(down_interval).max();
    (longest.unwrap_or_default() * DOWN_INTERVALS).min(LONGEST)
}

/// Active_Down_Interval (RFC 9568 §6.1); in version 2 the skew is a fraction of a second.
fn down_interval(instance: &VrrpInstance) -> Duration {
    let interval = Duration::from(instance.advert_int);
    let skewed = match instance.version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval,
    };
    let skew = skewed * (256 - u32::from(instance.priority.get())) / 256;
    interval * u32::from(instance.down_timer_adverts) + skew
}

fn listen(
    config: &Config,
    environment: &HostEnvironment,
    taps: Vec<(String, Tap)>,
    total: Duration,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<BTreeMap<String, Heard>, Error> {
    let interfaces: Vec<String> = taps.iter().map(|(name, _)| name.clone()).collect();
    let mut listener = Listener::new(config, environment, taps)?;
    let total_us = Micros(u64::try_from(total.as_micros()).unwrap_or(u64::MAX));
    let end = monotonic().saturating_add(total_us);
    loop {
        let left = end.saturating_sub(monotonic());
        progress(Progress {
            interfaces: &interfaces,
            total,
            left: Duration::from_micros(left.0),
        });
        if left == Micros(0) {
            break;
        }
        listener.hear_until(monotonic().saturating_add(left.min(PROGRESS_PERIOD)))?;
    }
    let heard = listener.ears.into_iter().map(|ear| ear.heard);
    Ok(interfaces.into_iter().zip(heard).collect())
}

/// One interface.
struct Ear {
    tap: Tap,
    heard: Heard,
}

/// All interfaces, and who is not listened to.
struct Listener<'a> {
    ears: Vec<Ear>,
    poller: Poller,
    ring: PacketRing,
    ready: ReadyList,
    vrids: BTreeSet<u8>,
    own: Option<&'a OwnAddresses>,
}

impl<'a> Listener<'a> {
    fn new(
        config: &Config,
        environment: &'a HostEnvironment,
        taps: Vec<(String, Tap)>,
    ) -> Result<Self, Error> {
        let poller = Poller::new()?;
        for (token, (_, tap)) in (0_u64..).zip(&taps) {
            poller.add(tap.as_fd(), token, Interest::Read)?;
        }
        let ear = |(_, tap)| Ear {
            tap,
            heard: Heard::default(),
        };
        let vrids = config.instances.iter().map(|one| one.vrid.value.get());
        Ok(Self {
            ears: taps.into_iter().map(ear).collect(),
            poller,
            ring: PacketRing::new(),
            ready: ReadyList::new(),
            vrids: vrids.collect(),
            own: environment.own_addresses(),
        })
    }

    /// Returns at that time, however much arrives.
    fn hear_until(&mut self, end: Micros) -> Result<(), Error> {
        while let rest @ Micros(1..) = end.saturating_sub(monotonic()) {
            self.poller.wait(&mut self.ready, Wait::AtMost(rest))?;
            for event in self.ready.iter() {
                let index = usize::try_from(event.token).unwrap_or(usize::MAX);
                let Some(ear) = self.ears.get_mut(index) else {
                    continue;
                };
                // An interface that goes down says so once, and may come back.
                let Ok(frames) = ear.tap.receive(&mut self.ring) else {
                    continue;
                };
                for frame in frames.filter(|frame| !frame.truncated) {
                    let is_own = |source, mac| is_own(self.own, source, mac);
                    ear.heard
                        .take(frame.bytes, frame.received, &self.vrids, is_own);
                }
            }
        }
        Ok(())
    }
}

/// Whether this host sent it: a group's nodes share its virtual MAC address, so that one proves nothing.
fn is_own(own: Option<&OwnAddresses>, source: Ipv4Addr, mac: [u8; 6]) -> bool {
    own.is_some_and(|own| {
        let shared = mac.starts_with(&heard::VIRTUAL_MAC_START);
        own.has(source.into()) || (own.has_mac(mac) && !shared)
    })
}
