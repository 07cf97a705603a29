//! How much each code matters when it is drawn.

use crate::diagnostic::{Code, Severity};

/// Codes of what can't be used as written.
const ERRORS: &[Code] = &[
    Code::LineTooLong,
    Code::NulInLine,
    Code::UnmatchedQuote,
    Code::ExtraCloseBrace,
    Code::MissingOpenBrace,
    Code::MissingCloseBrace,
    Code::MissingParameter,
    Code::ExtraParameters,
    Code::FileUnreadable,
    Code::IncludeUnsuitable,
    Code::IncludeLimit,
    Code::ExpansionLimit,
    Code::MultilineNotLast,
    Code::MalformedSequence,
    Code::TooMuchText,
    Code::InvalidNumber,
    Code::OutOfRange,
    Code::InvalidChoice,
    Code::InvalidAddress,
    Code::InvalidAddressOption,
    Code::NameTooLong,
    Code::InvalidValue,
    Code::UnknownName,
    Code::RouteIncomplete,
    Code::RuleIncomplete,
    Code::InvalidKey,
    Code::VridMissing,
    Code::InterfaceMissing,
    Code::InterfaceUnknown,
    Code::LoopbackInterface,
    Code::DuplicateVrid,
    Code::MixedFamilies,
    Code::DuplicateName,
    Code::TrackedUnknown,
    Code::VirtualMacTaken,
    Code::ScriptWithoutCommand,
    Code::ObjectIncomplete,
    Code::InvalidEndpoint,
    Code::InvalidListener,
    Code::InterfaceInTwoGroups,
    Code::ServiceFamily,
    Code::InvalidTunnel,
    Code::CheckerIncomplete,
    Code::DuplicateServer,
    Code::NotSupported,
    Code::VridDiffers,
    Code::VersionDiffers,
    Code::AuthenticationDiffers,
    Code::TransportDiffers,
    Code::PeerMissing,
    Code::NotListened,
];

/// Codes of what works as written and is worth knowing.
const NOTES: &[Code] = &[
    Code::Undefined,
    Code::NoLineForNode,
    Code::ScriptUnused,
    Code::NewerKeyword,
    Code::OwnKeyword,
    Code::SampleLeftover,
    Code::PrefixMissing,
    Code::OutsideNetwork,
    Code::ManyAddresses,
    Code::SmallWeight,
    Code::DefaultsTaken,
    Code::OddNumber,
    Code::SlowCheck,
    Code::ExclusiveHandover,
    Code::FastDetectDemanding,
    Code::ControlOpen,
    Code::TooMany,
    Code::SameRouterId,
    Code::SorryWithoutPort,
    Code::RealIsVirtual,
    Code::NoChecker,
    Code::SeveralCheckers,
    Code::NetworkdRemoves,
    Code::NetworkManagerRemoves,
    Code::StrictReversePath,
    Code::SecondariesNotPromoted,
    Code::PeerChannelBlocked,
    Code::NothingHeard,
];

impl Code {
    /// The severity with which the code is usually drawn; a single finding may be milder or graver.
    #[must_use]
    pub fn usual_severity(self) -> Severity {
        if ERRORS.contains(&self) {
            Severity::Error
        } else if NOTES.contains(&self) {
            Severity::Note
        } else {
            Severity::Warning
        }
    }
}
