//! What happened, as one word.

use standfast_core::journal::Event;

/// One table for the words, their meanings and the match, which the compiler keeps complete.
macro_rules! kinds {
    ($($pattern:pat => $word:literal, $meaning:literal;)*) => {
        /// Every word that the kind of an entry of the core can be, with its meaning.
        pub const KINDS: &[(&str, &str)] = &[$(($word, $meaning)),*];

        /// The word of an event.
        pub(super) fn kind(event: &Event) -> &'static str {
            match event {
                $($pattern => $word,)*
            }
        }
    };
}

kinds! {
    Event::Entering { .. } => "entering", "an instance entered `state`, because of `cause`";
    Event::AdvertisementTimeout => "advertisement-timeout", "the master was silent for the down interval";
    Event::BackupHeardResign(_) | Event::ActiveHeardResign(_) => "heard-resign", "somebody else's priority 0 was heard";
    Event::SentResign => "sent-resign", "this node sent priority 0";
    Event::HeardHigher { .. } => "heard-higher", "a master heard somebody with a better claim";
    Event::HeardLower { .. } => "heard-lower", "a master heard somebody with a worse claim";
    Event::Discarding { .. } => "discarding", "a backup that preempts heard a master with a worse claim";
    Event::Following { .. } => "following", "the master that is followed is another one";
    Event::PreemptDelayStarted(_) => "preempt-delay-started", "`preempt_delay` runs";
    Event::PreemptDelayStopped => "preempt-delay-stopped", "`preempt_delay` ended without a takeover";
    Event::IntervalLearned { .. } => "interval-learned", "the master's interval differs from ours (version 3)";
    Event::PeerChecksum { .. } => "peer-checksum", "a unicast peer makes checksums another way";
    Event::AddressListDiffers { .. } => "address-list-differs", "a peer advertises other addresses than ours";
    Event::Dropped { .. } => "dropped", "packets were not taken";
    Event::StrangerBelieved { .. } => "stranger-believed", "an advertisement from none of the unicast peers counted";
    Event::UnknownVrid { .. } => "unknown-vrid", "packets for a virtual router that is not configured";
    Event::TwoOwners(_) => "two-owners", "two nodes claim to own the addresses";
    Event::Priority { .. } => "priority", "the effective priority changed";
    Event::PriorityClamped { .. } => "priority-clamped", "base and weights come to less than 1 or more than 254";
    Event::FaultAppeared(_) => "fault-appeared", "something keeps an instance in FAULT";
    Event::FaultGone(_) => "fault-gone", "it no longer does";
    Event::SettingAddresses(_) => "setting-addresses", "addresses are being added";
    Event::RemovingAddresses(_) => "removing-addresses", "addresses are being removed";
    Event::AddressFailed { .. } => "address-failed", "the kernel refused an address";
    Event::AddressRestored(_) => "address-restored", "something deleted an address, and it is back";
    Event::AddressKept(_) => "address-kept", "an address was there before the daemon, and stays";
    Event::SettingFixtures(_) => "setting-routing", "routes or rules are being added";
    Event::RemovingFixtures(_) => "removing-routing", "routes or rules are being removed";
    Event::FixtureFailed { .. } => "routing-failed", "the kernel refused a route or rule";
    Event::FixtureRestored(_) => "routing-restored", "something deleted a route or rule, and it is back";
    Event::OtherHolder { .. } => "other-holder", "somebody else answers for one of our addresses";
    Event::StartProbeAnswered { .. } => "start-probe-answered", "somebody answers for an address at the start";
    Event::Paused(_) => "paused", "this host did not run for a while";
    Event::Reasserting => "reasserting", "nobody else appeared after a pause";
    Event::AwaitingSuccessor(_) => "awaiting-successor", "this node leaves, and answers until a successor is there";
    Event::SuccessorHeard { .. } => "successor-heard", "it is there";
    Event::NoSuccessor => "no-successor", "nobody took over in time";
    Event::Released => "released", "the addresses are released";
    Event::HandingOver { .. } => "handing-over", "a peer is asked to take over";
    Event::HandoverRefused { .. } => "handover-refused", "it does not";
    Event::TakeRefused { .. } => "take-refused", "a peer asks this node to take over, which does not";
    Event::PeerFound { .. } => "peer-found", "another Standfast node was found";
    Event::PeerLost { .. } => "peer-lost", "nothing is heard of another Standfast node any more";
    Event::PeerDiffers { .. } => "peer-differs", "a peer's configuration differs where it must not";
    Event::PeerSilent { .. } => "peer-silent", "a watched peer gives no sign of life";
    Event::PeerMute(_) => "peer-mute", "a watched peer is there but does not speak";
    Event::CheckResult { .. } => "check-result", "a run of a check ended otherwise than the one before; with `output` and `took_us`";
    Event::CheckIs { up: true } => "check-up", "a check is up";
    Event::CheckIs { up: false } => "check-down", "a check is down";
    Event::CheckOverran => "check-overran", "a check still runs when its next run is due";
    Event::CheckUnusable(_) => "check-unusable", "a check cannot run, and does not count";
    Event::UnknownCheck(_) => "check-unknown", "a tracked check is not configured";
    Event::Repairing { .. } => "repairing", "a repair command is run";
    Event::RepairDone { .. } => "repair-done", "it ended; with `output`";
    Event::Repaired => "repaired", "the service is well after it";
    Event::TrackedIs { up: true } => "tracked-up", "a tracked process or BFD session is up";
    Event::TrackedIs { up: false } => "tracked-down", "it is down";
    Event::TrackedNumber(_) => "tracked-number", "the number in a tracked file changed";
    Event::StartDelayed(_) => "start-delayed", "nobody takes over before `vrrp_startup_delay` has passed";
    Event::StartDelayOver => "start-delay-over", "it has passed";
    Event::Syncing(_) => "syncing", "the members of a sync group follow one of them";
    Event::AwaitsGroup => "awaits-group", "an instance is ready to be master and waits for its group";
    Event::Reloaded => "reloaded", "another configuration is in force";
    Event::ReloadRemoves(_) => "reload-removes", "another configuration takes addresses away from an instance that serves them";
    Event::SwitchoverAsked { .. } => "switchover", "an operator moves an instance to another node; with `who`";
    Event::Moved { .. } => "moved", "that is over: another node is master; with `took_us`";
    Event::ServesOn => "serves-on", "that is over: nobody has taken it";
    Event::DrainBegan { .. } => "drain", "an operator has this node give up everything; with `who`";
    Event::DrainEnded => "drain-ended", "the time of a drain is over";
    Event::Resumed { .. } => "resume", "an operator ends drains, and what a switchover left of reserve; with `who`";
    Event::CheckPaused { .. } => "check-paused", "an operator pauses a check; with `who`";
    Event::CheckResumed { .. } => "check-resumed", "a paused check runs again; with `who`, or because its time is over";
}
