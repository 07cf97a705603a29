//! Why a state was entered, as a word and as a sentence.

use standfast_core::journal;

use crate::event::Cause;

/// One table for the words, their meanings and the match, which the compiler keeps complete.
macro_rules! causes {
    ($($pattern:pat => $word:literal, $meaning:literal;)*) => {
        /// Every word that [`Cause::kind`] can be, with its meaning.
        pub const CAUSES: &[(&str, &str)] = &[$(($word, $meaning)),*];

        fn kind(cause: &journal::Cause) -> &'static str {
            match cause {
                $($pattern => $word,)*
            }
        }
    };
}

causes! {
    journal::Cause::Started => "started", "the daemon started, or the instance was added by a reload";
    journal::Cause::Owner => "owner", "it owns the addresses (priority 255)";
    journal::Cause::Silence => "silence", "the master was silent for the down interval";
    journal::Cause::Preempts { .. } => "preempts", "the master has a lower priority than this node";
    journal::Cause::Alone => "alone", "at the start nobody was heard and nobody answered for the address (`start_probe`)";
    journal::Cause::Resigned => "resigned", "the master resigned with priority 0";
    journal::Cause::Outranked { .. } => "outranked", "somebody with a better claim advertises";
    journal::Cause::SyncGroup => "sync-group", "another member of its sync group changed, and it follows";
    journal::Cause::Superseded { .. } => "superseded", "while this host was paused somebody else became master";
    journal::Cause::Fault(_) => "fault", "a fault; the sentence says which";
    journal::Cause::FaultCleared => "fault-cleared", "the last fault is gone";
    journal::Cause::AddressesLost => "addresses-lost", "something on this host deleted its addresses too often";
    journal::Cause::HandedOver(_) => "handed-over", "the master asked this node to take over (peer channel)";
    journal::Cause::HandedTo(_) => "handed-to", "this node asked a peer to take over, which did (peer channel)";
    journal::Cause::PeerSilent(_) => "peer-silent", "the master's node gave no sign of life (`fast_detect`)";
    journal::Cause::Switchover => "switchover", "an operator moved it to another node";
    journal::Cause::Drained => "drained", "an operator drained this node";
    journal::Cause::Stopping => "stopping", "the daemon stops";
    journal::Cause::Removed => "removed", "it is gone from the configuration";
    journal::Cause::ConfiguredAgain => "configured-again", "it came back into the configuration before anybody had taken over";
    journal::Cause::Stalled(_) => "stalled", "this host did not run for so long that a peer should have taken over";
}

/// A cause of the core.
pub fn cause(cause: &journal::Cause) -> Cause {
    Cause {
        kind: kind(cause).to_owned(),
        text: text(cause),
    }
}

fn text(cause: &journal::Cause) -> String {
    match cause {
        journal::Cause::Started => "it has just been configured".to_owned(),
        journal::Cause::Owner => "it owns the addresses (priority 255)".to_owned(),
        journal::Cause::Silence => "the master was silent for the down interval".to_owned(),
        journal::Cause::Preempts { from, priority } => {
            format!(
                "the master was {from} with the lower priority {}",
                priority.0
            )
        }
        journal::Cause::Alone => {
            "nobody was heard, and nobody answers for the address (start_probe)".to_owned()
        }
        journal::Cause::Resigned => "the master resigned (priority 0)".to_owned(),
        journal::Cause::Outranked { by, priority } => {
            format!("{by} advertises priority {priority}")
        }
        journal::Cause::SyncGroup => "it follows its sync group".to_owned(),
        journal::Cause::Superseded { by } => {
            format!("{by} became master while this host was paused")
        }
        journal::Cause::Fault(fault) => fault.to_string(),
        journal::Cause::FaultCleared => "the last fault is gone".to_owned(),
        journal::Cause::AddressesLost => {
            "something on this host keeps deleting its addresses".to_owned()
        }
        journal::Cause::HandedOver(from) => format!("{from} asked this node to take over"),
        journal::Cause::HandedTo(to) => format!("{to} was asked to take over, and did"),
        journal::Cause::PeerSilent(peer) => format!("{peer} gave no sign of life"),
        journal::Cause::Switchover => "an operator moved it to another node".to_owned(),
        journal::Cause::Drained => "an operator drained this node".to_owned(),
        journal::Cause::Stopping => "the daemon stops".to_owned(),
        journal::Cause::Removed => "it is no longer configured".to_owned(),
        journal::Cause::ConfiguredAgain => "it is configured again".to_owned(),
        journal::Cause::Stalled(time) => {
            format!("this host did not run for {time}, and somebody else has taken over")
        }
    }
}
