//! Which of our codes says the same as which of keepalived's messages.

use standfast_config::Code;

/// Text that a message contains, and the codes that say the same.
const CLASSES: &[(&str, &[Code])] = &[
    ("Unknown keyword '}'", &[Code::ExtraCloseBrace]),
    (
        "Unknown keyword",
        &[Code::UnknownKeyword, Code::NewerKeyword],
    ),
    ("Unexpected '{'", &[Code::UnexpectedBrace]),
    ("Extra '}'", &[Code::ExtraCloseBrace]),
    (
        "Unexpected '",
        &[Code::ExtraParameters, Code::UnexpectedBrace],
    ),
    (
        "missing '}'s",
        &[Code::MissingCloseBrace, Code::ExtraCloseBrace],
    ),
    ("Missing '{'", &[Code::MissingOpenBrace]),
    ("is missing a parameter", &[Code::MissingParameter]),
    ("deprecated", &[Code::Deprecated]),
    ("Please use global lvs_sync_daemon", &[Code::Deprecated]),
    ("has already been specified", &[Code::AlreadySpecified]),
    ("already specified", &[Code::AlreadySpecified]),
    ("outside range", &[Code::OutOfRange]),
    (
        "invalid number",
        &[
            Code::InvalidNumber,
            Code::TrailingText,
            Code::InvalidAddress,
        ],
    ),
    (
        "Priority not valid",
        &[Code::OutOfRange, Code::InvalidNumber, Code::TrailingText],
    ),
    (
        "not valid - must be between",
        &[Code::OutOfRange, Code::InvalidNumber],
    ),
    ("_interval '", &[Code::OutOfRange]),
    (
        "persistence_timeout invalid",
        &[Code::OutOfRange, Code::InvalidNumber],
    ),
    ("Quorum", &[Code::OutOfRange, Code::InvalidNumber]),
    ("invalid IP", &[Code::InvalidAddress]),
    (
        "Invalid address prefix",
        &[Code::InvalidAddress, Code::OutOfRange],
    ),
    ("malformed unicast peer", &[Code::InvalidAddress]),
    ("malformed src", &[Code::InvalidAddress]),
    ("Invalid bindto", &[Code::InvalidAddress]),
    ("Invalid connect_ip", &[Code::InvalidAddress]),
    (
        "Invalid checker connect_port",
        &[Code::OutOfRange, Code::InvalidNumber, Code::InvalidValue],
    ),
    (
        "Invalid virtual server IP",
        &[Code::InvalidAddress, Code::InvalidValue],
    ),
    (
        "persistence_granularity",
        &[Code::InvalidValue, Code::InvalidAddress],
    ),
    (
        "Unknown configuration entry",
        &[Code::InvalidValue, Code::InvalidAddressOption],
    ),
    ("unknown state", &[Code::InvalidChoice]),
    ("routing method", &[Code::InvalidChoice, Code::InvalidValue]),
    ("Invalid tunnel option", &[Code::InvalidTunnel]),
    ("digest", &[Code::InvalidValue]),
    ("too long", &[Code::NameTooLong]),
    ("Truncating auth_pass", &[Code::PasswordTruncated]),
    ("not found, ignoring", &[Code::TrackedUnknown]),
    ("cannot track route", &[Code::NotTracked]),
    (
        "empty notification_email",
        &[Code::EmptyList],
    ),
    (
        "No script path",
        &[Code::ScriptWithoutCommand, Code::CheckerIncomplete],
    ),
    (
        "sorry server",
        &[Code::ServiceIncomplete, Code::MixedFamilies],
    ),
    ("forwarding method set", &[Code::ServiceIncomplete]),
    ("no scheduler set", &[Code::ServiceIncomplete]),
    ("has no real servers", &[Code::ServiceIncomplete]),
    ("No VIP specified", &[Code::NoVirtualAddress]),
    ("preempt delay", &[Code::PreemptDelayCleared]),
    ("nopreempt", &[Code::NopreemptCleared]),
    ("since own interface", &[Code::OwnInterfaceTracked]),
    (
        "Strict mode does not support authentication",
        &[Code::AuthenticationIgnored],
    ),
    (
        "must match being address owner",
        &[Code::PriorityStateConflict],
    ),
    ("incompatible with AH", &[Code::PriorityStateConflict]),
    ("virtual router id must be set", &[Code::VridMissing]),
    ("due to address_owner", &[Code::OwnerIgnoresWeight]),
    ("Sync group", &[Code::SyncGroupMembers]),
];

/// The codes of which one says what the message says; empty for a message that is not known here.
pub(super) fn fitting(message: &str) -> &'static [Code] {
    let found = CLASSES.iter().find(|(part, _)| message.contains(part));
    found.map_or(&[], |(_, codes)| codes)
}
