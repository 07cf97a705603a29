//! `keepalived.stats`.

use standfast_core::Node;
use standfast_core::journal::DropCause;
use standfast_core::router::Counters;

use super::Page;

/// The counters of every instance.
pub(crate) fn statistics(node: &Node) -> String {
    let mut page = Page::default();
    for router in node.routers() {
        write(&mut page, &router.spec().name, router.counters());
        if router.spec().hmac.is_some() {
            signatures(&mut page, router.counters());
        }
    }
    page.0
}

fn write(page: &mut Page, name: &str, counters: &Counters) {
    page.line(format_args!("VRRP Instance: {name}"));
    page.line(format_args!("  Advertisements:"));
    page.line(format_args!("    Received: {}", counters.received));
    page.line(format_args!("    Sent: {}", counters.sent));
    let (became, released) = (counters.became_active, counters.released);
    page.line(format_args!("  Became master: {became}"));
    page.line(format_args!("  Released master: {released}"));
    page.line(format_args!("  Packet Errors:"));
    let mut dropped = |label: &str, cause| {
        page.line(format_args!("    {label}: {}", count(counters, cause)));
    };
    dropped("Length", DropCause::Length);
    dropped("TTL", DropCause::Ttl);
    dropped("Invalid Type", DropCause::Type);
    dropped("Advertisement Interval", DropCause::Interval);
    page.line(format_args!("    Address List: {}", counters.address_lists));
    page.line(format_args!("  Authentication Errors:"));
    page.line(format_args!("    Invalid Type: 0"));
    let mismatch = count(counters, DropCause::AuthenticationType);
    page.line(format_args!("    Type Mismatch: {mismatch}"));
    page.line(format_args!("    Failure: {}", failures(counters)));
    page.line(format_args!("  Priority Zero:"));
    let (received, sent) = (counters.resigns_received, counters.resigns_sent);
    page.line(format_args!("    Received: {received}"));
    page.line(format_args!("    Sent: {sent}"));
}

/// What is wrong with signatures (`auth_hmac`).
fn signatures(page: &mut Page, counters: &Counters) {
    page.line(format_args!("  Authentication Extension Errors:"));
    for (name, cause) in [
        ("Missing", DropCause::TrailerMissing),
        ("Malformed", DropCause::TrailerMalformed),
        ("Unknown Key", DropCause::TrailerKey),
        ("Invalid HMAC", DropCause::TrailerHmac),
        ("Stale", DropCause::TrailerStale),
        ("Replay", DropCause::TrailerReplay),
    ] {
        page.line(format_args!("    {name}: {}", count(counters, cause)));
    }
}

/// Wrong passwords, wrong headers, and headers that were sent again.
pub(super) fn failures(counters: &Counters) -> u64 {
    count(counters, DropCause::Authentication) + count(counters, DropCause::HeaderReplay)
}

pub(super) fn count(counters: &Counters, cause: DropCause) -> u64 {
    counters.dropped.get(&cause).copied().unwrap_or(0)
}
