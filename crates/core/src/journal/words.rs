//! One word for each cause: labels of counters, and what programs compare.

use super::{Cause, DropCause};

impl Cause {
    /// The cause as one word without its particulars.
    pub const fn word(&self) -> &'static str {
        match self {
            Cause::Started => "started",
            Cause::Owner => "owner",
            Cause::Silence => "silence",
            Cause::Preempts { .. } => "preempts",
            Cause::Alone => "alone",
            Cause::Resigned => "resigned",
            Cause::Outranked { .. } => "outranked",
            Cause::SyncGroup => "sync-group",
            Cause::Superseded { .. } => "superseded",
            Cause::Fault(_) => "fault",
            Cause::FaultCleared => "fault-cleared",
            Cause::AddressesLost => "addresses-lost",
            Cause::HandedOver(_) => "handed-over",
            Cause::HandedTo(_) => "handed-to",
            Cause::PeerSilent(_) => "peer-silent",
            Cause::Switchover => "switchover",
            Cause::Drained => "drained",
            Cause::Stopping => "stopping",
            Cause::Removed => "removed",
            Cause::ConfiguredAgain => "configured-again",
            Cause::Stalled(_) => "stalled",
        }
    }
}

impl DropCause {
    /// The cause as one word.
    pub const fn word(self) -> &'static str {
        match self {
            DropCause::Ttl => "ttl",
            DropCause::Version => "version",
            DropCause::Type => "type",
            DropCause::Length => "length",
            DropCause::Checksum => "checksum",
            DropCause::AuthenticationType => "authentication-type",
            DropCause::Authentication => "authentication",
            DropCause::Interval => "interval",
            DropCause::OwnAddress => "own-address",
            DropCause::Owner => "owner",
            DropCause::Destination => "destination",
            DropCause::Stranger => "stranger",
            DropCause::HeaderReplay => "header-replay",
            DropCause::TrailerMissing => "hmac-missing",
            DropCause::TrailerMalformed => "hmac-malformed",
            DropCause::TrailerKey => "hmac-key",
            DropCause::TrailerHmac => "hmac-wrong",
            DropCause::TrailerStale => "hmac-stale",
            DropCause::TrailerReplay => "hmac-replay",
        }
    }
}
