//! Journal entries as lines; keepalived's phrases where it has one, for people grep for them.

use core::fmt;
use core::net::IpAddr;

use standfast_wire::peer::Answer;

use super::{Cause, Difference, Entry, Event, Subject};
use crate::input::CheckOutcome;
use crate::router::State;
use crate::spec::{Fixture, FixtureKind, Tracked};

/// `, 17 times` where a line stands for several.
struct Times(u64);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 | 1 => Ok(()),
            times => write!(f, " ({times} of them since the last such line)"),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.subject, &self.event) {
            (Subject::Check(name), event) => check_line(f, name, event),
            (Subject::Probe(name), event) => probe_line(f, name, event),
            (Subject::Tracked(object), event) => tracked_line(f, object, event),
            (Subject::Router(name), event) => {
                write!(f, "({name}) ")?;
                router_line(f, event)
            }
            (Subject::Group(name), event) => {
                write!(f, "VRRP_Group({name}) ")?;
                router_line(f, event)
            }
            (Subject::Node, event) => router_line(f, event),
        }
    }
}

fn check_line(f: &mut fmt::Formatter<'_>, name: &str, event: &Event) -> fmt::Result {
    match event {
        Event::CheckResult {
            outcome, output, ..
        } => {
            match outcome {
                CheckOutcome::Passed => write!(f, "VRRP_Script({name}) succeeded")?,
                CheckOutcome::Exited(status) => {
                    write!(
                        f,
                        "VRRP_Script({name}) failed (exited with status {status})"
                    )?;
                }
                CheckOutcome::Signaled(signal) => {
                    write!(f, "VRRP_Script({name}) failed (due to signal {signal})")?;
                }
                CheckOutcome::TimedOut => write!(f, "VRRP_Script({name}) timed_out")?,
                CheckOutcome::NotStarted(errno) => write!(
                    f,
                    "VRRP_Script({name}) failed (could not be started: {errno})"
                )?,
                CheckOutcome::Failed(why) => write!(f, "VRRP_Script({name}) failed ({why})")?,
            }
            printed(f, "printed", output)
        }
        event if is_pause(event) => {
            write!(f, "Script `{name}` ")?;
            pause_line(f, event)
        }
        Event::CheckIs { up: true } => write!(f, "Script `{name}` is up"),
        Event::CheckIs { up: false } => write!(f, "Script `{name}` is down"),
        Event::CheckOverran => write!(
            f,
            "Track script {name} is already running, skipping run: it takes longer than its interval"
        ),
        Event::CheckUnusable(why) => write!(
            f,
            "Disabling track script {name}: {why}. It counts as if it were not tracked, so a failure \
             of the service will NOT move the addresses"
        ),
        other => write!(f, "Script `{name}`: {other:?}"),
    }
}

/// `, WORD: TEXT`, or nothing without a text.
fn printed(f: &mut fmt::Formatter<'_>, word: &str, text: &str) -> fmt::Result {
    match text.trim() {
        "" => Ok(()),
        text => write!(f, ", {word}: {}", text.escape_debug()),
    }
}

/// Built-in checks, and what is tried for them.
fn probe_line(f: &mut fmt::Formatter<'_>, name: &str, event: &Event) -> fmt::Result {
    write!(f, "Check `{name}` ")?;
    match event {
        Event::CheckResult {
            outcome,
            output,
            took,
        } => {
            match outcome {
                CheckOutcome::Passed => f.write_str("passed")?,
                other => {
                    f.write_str("failed: ")?;
                    outcome_of(f, *other)?;
                }
            }
            if let Some(took) = took {
                write!(f, ", after {took}")?;
            }
            printed(f, "the answer begins", output)
        }
        event if is_pause(event) => pause_line(f, event),
        Event::Repairing { attempt, attempts } => write!(
            f,
            "is about to be down: running its repair command (attempt {attempt} of {attempts})"
        ),
        Event::RepairDone { outcome, output } => {
            f.write_str("repair command: ")?;
            match outcome {
                CheckOutcome::Passed => f.write_str("succeeded")?,
                other => outcome_of(f, *other)?,
            }
            printed(f, "printed", output)
        }
        Event::Repaired => f.write_str("is well after its repair"),
        Event::CheckIs { up: true } => f.write_str("is up"),
        Event::CheckIs { up: false } => f.write_str("is down"),
        Event::CheckOverran => f.write_str(
            "is still waiting for an answer, skipping this one: it takes longer than its interval",
        ),
        Event::CheckUnusable(why) => write!(
            f,
            "is disabled: {why}. It counts as if it were not tracked, so a failure of the service will \
             NOT move the addresses"
        ),
        other => write!(f, "{other:?}"),
    }
}

fn outcome_of(f: &mut fmt::Formatter<'_>, outcome: CheckOutcome) -> fmt::Result {
    match outcome {
        CheckOutcome::Passed => f.write_str("passed"),
        CheckOutcome::Exited(status) => write!(f, "exited with status {status}"),
        CheckOutcome::Signaled(signal) => write!(f, "ended by signal {signal}"),
        CheckOutcome::TimedOut => f.write_str("timed out"),
        CheckOutcome::NotStarted(errno) => write!(f, "could not be started: {errno}"),
        CheckOutcome::Failed(why) => write!(f, "{why}"),
    }
}

fn tracked_line(f: &mut fmt::Formatter<'_>, object: &Tracked, event: &Event) -> fmt::Result {
    match (object, event) {
        (Tracked::Process(name), Event::TrackedIs { up }) => {
            let change = if *up { "gained" } else { "lost" };
            write!(f, "Quorum {change} for tracked process {name}")
        }
        (Tracked::Bfd(name), Event::TrackedIs { up }) => {
            write!(
                f,
                "BFD session {name} is {}",
                if *up { "up" } else { "down" }
            )
        }
        (Tracked::File(name), Event::TrackedNumber(number)) => {
            write!(f, "tracked file {name} says {number}")
        }
        (other, event) => write!(f, "{other:?}: {event:?}"),
    }
}

fn router_line(f: &mut fmt::Formatter<'_>, event: &Event) -> fmt::Result {
    match event {
        Event::Entering { state, cause } => entering_line(f, *state, cause),
        Event::AdvertisementTimeout => f.write_str("Receive advertisement timeout"),
        Event::BackupHeardResign(from) => {
            write!(f, "Backup received priority 0 advertisement from {from}")
        }
        Event::ActiveHeardResign(from) => {
            write!(f, "Master received priority 0 message from {from}")
        }
        Event::SentResign => f.write_str("sent 0 priority"),
        Event::HeardHigher { from, theirs, ours } if theirs == ours => write!(
            f,
            "Master received advert from {from} with same priority {theirs} but higher IP address \
             than ours"
        ),
        Event::HeardHigher { from, theirs, ours } => write!(
            f,
            "Master received advert from {from} with higher priority {theirs}, ours {ours}"
        ),
        Event::HeardLower {
            from,
            theirs,
            ours,
            times,
        } => write!(
            f,
            "Received advert from {from} with lower priority {theirs}, ours {ours}, forcing new \
             election{}",
            Times(*times)
        ),
        Event::Discarding {
            from,
            theirs,
            times,
        } => write!(
            f,
            "received lower priority ({theirs}) advert from {from} - discarding{}",
            Times(*times)
        ),
        Event::Following { now, before: None } => write!(f, "master set to {now}"),
        Event::Following {
            now,
            before: Some(before),
        } => {
            write!(f, "master changed from {before} to {now}")
        }
        Event::Priority { before, now } => {
            write!(f, "Changing effective priority from {before} to {now}")
        }
        Event::PriorityClamped { total, now } => write!(
            f,
            "Setting effective priority to {now}: base and weights come to {total}"
        ),
        Event::FaultAppeared(fault) => write!(f, "entering FAULT state ({fault})"),
        Event::FaultGone(fault) => write!(f, "no longer: {fault}"),
        Event::SettingAddresses(_) => f.write_str("setting VIPs."),
        Event::RemovingAddresses(_) => f.write_str("removing VIPs."),
        Event::SettingFixtures(FixtureKind::Route) => f.write_str("setting Virtual Routes"),
        Event::SettingFixtures(FixtureKind::Rule) => f.write_str("setting Virtual Rules"),
        Event::RemovingFixtures(FixtureKind::Route) => f.write_str("removing Virtual Routes"),
        Event::RemovingFixtures(FixtureKind::Rule) => f.write_str("removing Virtual Rules"),
        other => finding_line(f, other),
    }
}

fn entering_line(f: &mut fmt::Formatter<'_>, state: State, cause: &Cause) -> fmt::Result {
    let name = state.keepalived_name();
    match cause {
        Cause::Started => write!(f, "Entering {name} STATE (init)"),
        Cause::Fault(_) | Cause::Silence | Cause::Preempts { .. } => {
            write!(f, "Entering {name} STATE")
        }
        Cause::Alone => write!(
            f,
            "Entering {name} STATE: no advertisement, and nobody answers for the address"
        ),
        Cause::Owner => write!(f, "Entering {name} STATE: we own the addresses"),
        Cause::Resigned => write!(f, "Entering {name} STATE: the master resigned"),
        Cause::Outranked { by, priority } => {
            write!(f, "Entering {name} STATE: {by} has priority {priority}")
        }
        Cause::Superseded { by } => write!(
            f,
            "Entering {name} STATE: while this host was paused {by} became master"
        ),
        Cause::FaultCleared => write!(f, "Entering {name} STATE: no fault is left"),
        Cause::SyncGroup => write!(f, "Entering {name} STATE: with its sync group"),
        Cause::AddressesLost => write!(
            f,
            "Entering {name} STATE: something on this host keeps deleting our addresses (a network \
             manager?)"
        ),
        Cause::HandedOver(from) => write!(f, "Entering {name} STATE: {from} handed over to us"),
        Cause::HandedTo(to) => write!(f, "Entering {name} STATE: handed over to {to}"),
        Cause::PeerSilent(peer) => write!(f, "Entering {name} STATE: {peer} gives no sign of life"),
        Cause::Switchover => write!(
            f,
            "Entering {name} STATE: an operator has moved it (switchover)"
        ),
        Cause::Drained => write!(
            f,
            "Entering {name} STATE: an operator has drained this node"
        ),
        Cause::Stopping => write!(f, "Leaving {name} STATE: the daemon stops"),
        Cause::Removed => write!(f, "Leaving {name} STATE: no longer configured"),
        Cause::ConfiguredAgain => write!(f, "Entering {name} STATE: configured again"),
        Cause::Stalled(time) => write!(
            f,
            "Entering {name} STATE: this host did not run for {time}, somebody else has taken over"
        ),
    }
}

fn finding_line(f: &mut fmt::Formatter<'_>, event: &Event) -> fmt::Result {
    match event {
        Event::PreemptDelayStarted(delay) => write!(f, "start preempt delay ({delay})"),
        Event::PreemptDelayStopped => f.write_str("stop preempt delay"),
        Event::IntervalLearned { before, now } => write!(
            f,
            "advertisement interval updated from {before} to {now} by master"
        ),
        Event::PeerChecksum { peer, old: true } => write!(
            f,
            "Setting unicast VRRPv3 checksum to old version for {peer}"
        ),
        Event::PeerChecksum { peer, old: false } => write!(
            f,
            "Setting unicast VRRPv3 checksum back to the right one for {peer}"
        ),
        Event::AddressListDiffers { from, times } => write!(
            f,
            "the address list that {from} advertises is not ours; compare virtual_ipaddress on both \
             nodes{}",
            Times(*times)
        ),
        Event::Dropped { cause, from, times } => write!(
            f,
            "ignored a packet from {from}: {}{}",
            cause.text(),
            Times(*times)
        ),
        Event::StrangerBelieved { from, times } => write!(
            f,
            "advertisement from {from}, which is no unicast_peer, counts until a peer is heard{}",
            Times(*times)
        ),
        Event::UnknownVrid {
            vrid,
            interface,
            from,
            times,
        } => write!(
            f,
            "Unknown VRID({vrid}) received on interface({interface}) from {from}: another group on \
             this network{}",
            Times(*times)
        ),
        Event::TwoOwners(from) => write!(
            f,
            "CONFIGURATION ERROR: local instance and {from} are both configured as address owner"
        ),
        Event::Paused(time) => write!(
            f,
            "this host did not run for {time}; listening before asserting ourselves again"
        ),
        Event::Reasserting => f.write_str("nobody else is there after the pause; still master"),
        Event::AwaitingSuccessor(bound) => write!(
            f,
            "still answering for the addresses until a successor is heard, at most {bound}"
        ),
        Event::SuccessorHeard { from, priority } => {
            write!(f, "{from} takes over with priority {priority}")
        }
        Event::NoSuccessor => f.write_str("nobody took over in time"),
        Event::Released => f.write_str("the addresses are released"),
        Event::UnknownCheck(name) => write!(f, "track script {name} not found, ignoring..."),
        Event::Reloaded => f.write_str("Configuration reloaded"),
        Event::ReloadRemoves(addresses) => removed_line(f, addresses),
        Event::StartDelayed(time) => write!(f, "Delaying startup for {time}"),
        Event::StartDelayOver => f.write_str("Delayed start completed"),
        other => steering_line(f, other),
    }
}

/// Addresses that a line lists.
const MAX_ADDRESSES: usize = 16;

/// `reload removes 10.9.0.100/24, 10.9.0.101/24 and 3 more`
fn removed_line(f: &mut fmt::Formatter<'_>, addresses: &[(IpAddr, u8)]) -> fmt::Result {
    f.write_str("reload removes ")?;
    for (number, (address, prefix)) in addresses.iter().take(MAX_ADDRESSES).enumerate() {
        let between = if number == 0 { "" } else { ", " };
        write!(f, "{between}{address}/{prefix}")?;
    }
    match addresses.len().saturating_sub(MAX_ADDRESSES) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

/// `, for 30m`, or nothing.
struct For(Option<crate::time::Micros>);

impl fmt::Display for For {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => {
                f.write_str(" for ")?;
                whole_seconds(f, time)
            }
            None => Ok(()),
        }
    }
}

/// `1h 30m`, `45s`: to the second.
fn whole_seconds(f: &mut fmt::Formatter<'_>, time: crate::time::Micros) -> fmt::Result {
    let seconds = time.0.saturating_add(500_000) / 1_000_000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut before = "";
    for (number, unit) in [(hours, 'h'), (minutes, 'm'), (rest, 's')] {
        if number > 0 || (unit == 's' && before.is_empty()) {
            write!(f, "{before}{number}{unit}")?;
            before = " ";
        }
    }
    Ok(())
}

const fn is_pause(event: &Event) -> bool {
    matches!(
        event,
        Event::CheckPaused { .. } | Event::CheckResumed { .. }
    )
}

fn pause_line(f: &mut fmt::Formatter<'_>, event: &Event) -> fmt::Result {
    match event {
        Event::CheckPaused { who, time } => write!(
            f,
            "is paused{} by {who}: it is not run and keeps its last result",
            For(*time)
        ),
        Event::CheckResumed { who: Some(who) } => write!(f, "is no longer paused, by {who}"),
        _ => f.write_str("is no longer paused: its time is over"),
    }
}

fn steering_line(f: &mut fmt::Formatter<'_>, event: &Event) -> fmt::Result {
    match event {
        Event::SwitchoverAsked { who } => write!(f, "switchover asked for by {who}"),
        Event::Moved { to, took, gap_us } => {
            write!(f, "{to} is master after {took}")?;
            match gap_us {
                Some(gap) if *gap > 0 => {
                    let gap = crate::time::Micros(gap.unsigned_abs());
                    write!(f, ", nobody answered for {gap}")
                }
                Some(both) => {
                    let both = crate::time::Micros(both.unsigned_abs());
                    write!(f, ", without a gap: both answered for {both}")
                }
                None => Ok(()),
            }
        }
        Event::ServesOn => f.write_str("nobody has taken over: still MASTER"),
        Event::DrainBegan { who, hard, time } => {
            let rest = match hard {
                true => "it takes nothing back, not even as the last resort",
                false => "it takes nothing back while anybody else is there",
            };
            write!(
                f,
                "drained{} by {who}: this node gives up everything; {rest}",
                For(*time)
            )
        }
        Event::DrainEnded => f.write_str("the time of the drain is over: the usual election again"),
        Event::Resumed { who } => write!(f, "resumed by {who}: the usual election again"),
        other => peer_line(f, other),
    }
}

fn peer_line(f: &mut fmt::Formatter<'_>, event: &Event) -> fmt::Result {
    match event {
        Event::HandingOver { to } => write!(f, "handing over to {to}"),
        Event::HandoverRefused { by, why: Some(why) } => {
            write!(f, "{by} does not take over: {}", reason(*why))
        }
        Event::HandoverRefused { by, why: None } => {
            write!(f, "{by} does not answer the request to take over")
        }
        Event::TakeRefused { from, why } => {
            write!(f, "{from} asks us to take over: {}", reason(*why))
        }
        Event::PeerFound { address, name } => {
            write!(f, "Standfast node {name} at {address} is heard")
        }
        Event::PeerLost { address, name } => write!(
            f,
            "nothing is heard of Standfast node {name} at {address} any more"
        ),
        Event::PeerDiffers { address, what } => write!(
            f,
            "the node at {address} has {} for this virtual router: it cannot take over from us",
            match what {
                Difference::Authentication => "another password or key",
                Difference::Addresses => "another list of addresses",
                Difference::Version => "another VRRP version",
                Difference::Interval => "another advert_int",
            }
        ),
        Event::PeerSilent { address, silence } => write!(
            f,
            "the node at {address} has given no sign of life for {silence} and does not answer"
        ),
        Event::PeerMute(address) => write!(
            f,
            "the node at {address} is there but gives no sign of life on the peer channel: is its UDP \
             port blocked, or its daemon stopped?"
        ),
        other => address_line(f, other),
    }
}

/// Why somebody does not take over.
fn reason(answer: Answer) -> &'static str {
    match answer {
        Answer::None | Answer::Taken => "taken",
        Answer::NotReady => "not ready (no Backup, a fault, or checks that have not reported)",
        Answer::Differs => "the configurations differ (addresses, version)",
        Answer::NotFollowed => "it is not the master that is followed",
        Answer::Group => "not every member of the sync group can be taken",
        Answer::Stale => "the request is too old",
    }
}

fn address_line(f: &mut fmt::Formatter<'_>, event: &Event) -> fmt::Result {
    match event {
        Event::Syncing(state) => {
            let name = state.keepalived_name();
            write!(f, "Syncing instances to {name} state")
        }
        Event::AwaitsGroup => f.write_str("ready to be master, waiting for the rest of the group"),
        Event::AddressFailed {
            adding,
            address,
            error,
        } => write!(
            f,
            "the kernel refused to {} {address}: {error}",
            if *adding { "add" } else { "remove" },
        ),
        Event::FixtureFailed {
            adding,
            fixture,
            error,
        } => write!(
            f,
            "the kernel refused to {} {}: {error}",
            if *adding { "add" } else { "remove" },
            Named(fixture),
        ),
        Event::FixtureRestored(fixture) => write!(
            f,
            "{} was deleted by something else on this host (a network manager?) and is back",
            Named(fixture),
        ),
        Event::AddressRestored(address) => write!(
            f,
            "{address} was deleted by something else on this host (a network manager?) and is back"
        ),
        Event::AddressKept(address) => write!(
            f,
            "{address} was on the interface before we started and is the host's own: it is never \
             removed"
        ),
        Event::StartProbeAnswered { address, mac } => write!(
            f,
            "{mac} answers for {address}: waiting for its silence as usual"
        ),
        Event::OtherHolder {
            address,
            mac,
            times,
        } => write!(
            f,
            "{mac} also answers for {address}; announcing it again{}",
            Times(*times)
        ),
        other => write!(f, "{other:?}"),
    }
}

/// `route 10.0.0.0/8 dev eth0`
struct Named<'a>(&'a Fixture);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = match self.0.kind {
            FixtureKind::Route => "route",
            FixtureKind::Rule => "rule",
        };
        write!(f, "{noun} {}", self.0.text)
    }
}
