//! What core's enums are called outside.

use standfast_core::check::CheckState;
use standfast_core::input::CheckOutcome;
use standfast_core::journal;
use standfast_core::peer::PeerDrop;
use standfast_core::router;
use standfast_core::spec::{RouterSpec, Tracked};
use standfast_core::wire::peer;
use standfast_core::wire::vrrp::Authentication;

use crate::event::Cause;
use crate::status::{Fault, State};

/// The state of a router.
pub const fn state(state: router::State) -> State {
    match state {
        router::State::Initialize => State::Initialize,
        router::State::Backup => State::Backup,
        router::State::Active => State::Master,
        router::State::Fault => State::Fault,
        router::State::Leaving => State::Leaving,
    }
}

/// The same as one word.
pub const fn state_word(state: State) -> &'static str {
    match state {
        State::Initialize => "initialize",
        State::Backup => "backup",
        State::Master => "master",
        State::Fault => "fault",
        State::Leaving => "leaving",
    }
}

/// The state that a peer tells; none where the router is gone.
pub const fn told(state: peer::State) -> Option<State> {
    Some(match state {
        peer::State::Initialize => State::Initialize,
        peer::State::Backup => State::Backup,
        peer::State::Active => State::Master,
        peer::State::Fault => State::Fault,
        peer::State::Leaving => State::Leaving,
        peer::State::Gone => return None,
    })
}

/// Kind and name of what is tracked.
pub fn tracked(object: &Tracked) -> (&'static str, &str) {
    match object {
        Tracked::Check(name) => ("check", name),
        Tracked::Interface(name) => ("interface", name),
        Tracked::File(name) => ("file", name),
        Tracked::Process(name) => ("process", name),
        Tracked::Bfd(name) => ("bfd", name),
    }
}

/// How advertisements are authenticated.
pub const fn authentication(spec: &RouterSpec) -> &'static str {
    match (&spec.hmac, &spec.header_key, &spec.authentication) {
        (Some(_), _, _) => "hmac",
        (None, Some(_), _) | (None, None, Authentication::Header) => "ah",
        (None, None, Authentication::Password(_)) => "pass",
        (None, None, Authentication::None | Authentication::Other(_)) => "none",
    }
}

/// Why a packet was not taken, as a word and as a sentence.
pub fn refusal(cause: journal::DropCause) -> Cause {
    Cause {
        kind: cause.word().to_owned(),
        text: cause.text().to_owned(),
    }
}

/// What keeps a router in FAULT.
pub fn fault(fault: &journal::Fault) -> Fault {
    let (kind, name) = match fault {
        journal::Fault::InterfaceMissing(name) => ("interface-missing", name.clone()),
        journal::Fault::InterfaceDown(name) => ("interface-down", name.clone()),
        journal::Fault::TrackedInterfaceDown(name) => ("tracked-interface-down", name.clone()),
        journal::Fault::CheckFailed(name) => ("check-failed", name.clone()),
        journal::Fault::NoAddress(name) => ("no-address", name.clone()),
        journal::Fault::NoPeer => ("no-peer", String::new()),
        journal::Fault::SourceMissing(address) => ("source-missing", address.to_string()),
        journal::Fault::FileNumber(name) => ("file-number", name.clone()),
        journal::Fault::ProcessQuorum(name) => ("process-quorum", name.clone()),
        journal::Fault::BfdDown(name) => ("bfd-down", name.clone()),
        journal::Fault::SyncGroup(name) => ("sync-group", name.clone()),
        journal::Fault::Drained => ("drained", String::new()),
    };
    Fault {
        kind: kind.to_owned(),
        name,
        text: fault.to_string(),
    }
}

/// How a run of a check ended.
pub fn outcome(outcome: CheckOutcome) -> String {
    match outcome {
        CheckOutcome::Passed => "passed".to_owned(),
        CheckOutcome::Exited(status) => format!("exit status {status}"),
        CheckOutcome::Signaled(signal) => format!("ended by signal {signal}"),
        CheckOutcome::TimedOut => "timed out".to_owned(),
        CheckOutcome::NotStarted(error) => format!("could not be started: {error}"),
        CheckOutcome::Failed(why) => why.to_string(),
    }
}

/// What a check counts as.
pub const fn check_state(state: CheckState) -> &'static str {
    match state {
        CheckState::Pending => "pending",
        CheckState::Up => "up",
        CheckState::Down => "down",
        CheckState::Unusable => "unusable",
    }
}

/// Why a message of the peer channel was not taken.
pub const fn peer_drop(cause: PeerDrop) -> &'static str {
    match cause {
        PeerDrop::Malformed => "malformed",
        PeerDrop::Own => "own",
        PeerDrop::Place => "place",
        PeerDrop::Ttl => "ttl",
        PeerDrop::Stranger => "stranger",
        PeerDrop::Key => "key",
        PeerDrop::Mac => "mac",
        PeerDrop::Misdirected => "misdirected",
        PeerDrop::Crowd => "crowd",
        PeerDrop::Stale => "stale",
    }
}

/// Name and meaning of a timer.
pub const fn timer(timer: router::Timer) -> (&'static str, &'static str) {
    match timer {
        router::Timer::Down => ("down", "takes over if the master stays silent until then"),
        router::Timer::Advertise => ("advertise", "sends its next advertisement"),
        router::Timer::StartProbe => (
            "start-probe",
            "asks whether anybody answers for the address",
        ),
        router::Timer::PreemptDelay => (
            "preempt-delay",
            "takes over from a lower master from then on",
        ),
        router::Timer::Listen => ("listen", "has been paused and only listens until then"),
        router::Timer::SecondBurst => ("second-burst", "announces its addresses once more"),
        router::Timer::Refresh => ("refresh", "announces its addresses again"),
        router::Timer::ExtraRefresh => (
            "extra-refresh",
            "announces its addresses on other interfaces again",
        ),
        router::Timer::Reannounce => ("reannounce", "announces its addresses after a conflict"),
        router::Timer::LowerPriority => (
            "lower-priority",
            "announces its addresses again after a lower advertisement",
        ),
        router::Timer::Release => ("release", "lets go of its addresses"),
        router::Timer::LeaveBound => ("leave-bound", "leaves even if nobody has taken over"),
        router::Timer::ResignAgain => ("resign-again", "resigns once more"),
        router::Timer::ScriptBound => ("script-bound", "waits no longer for its scripts"),
        router::Timer::Reconcile => ("reconcile", "asks the kernel again for what it has refused"),
    }
}
