//! Files that are no text, are not there, or never end.

mod common;

use common::{read, read_from};
use standfast_config::{Code, Loaded, MemorySource, Severity};

fn has(loaded: &Loaded, code: Code, severity: Severity) -> bool {
    let same = |found: &&standfast_config::Diagnostic| found.code == code;
    let found = loaded.diagnostics.iter().find(same);
    found.is_some_and(|found| found.severity == severity)
}

#[test]
fn values_that_are_not_utf_8_are_replaced_with_a_warning() {
    let loaded = read(b"global_defs {\nrouter_id b\xfcro\n}\n");
    assert!(has(&loaded, Code::NotUtf8, Severity::Warning));
    let id = loaded.config.global.router_id.map(|id| id.value);
    assert_eq!(id.as_deref(), Some("b\u{fffd}ro"));
}

#[test]
fn comments_may_hold_any_bytes() {
    let loaded = read(b"global_defs {\nrouter_id a # b\xfcro\n}\n");
    assert!(!has(&loaded, Code::NotUtf8, Severity::Warning));
}

#[test]
fn without_the_file_nothing_starts() {
    let loaded = read_from(MemorySource::default());
    assert!(has(&loaded, Code::FileUnreadable, Severity::Error));
    let exit_code = loaded.keepalived_refusal().map(|refusal| refusal.exit_code);
    assert_eq!(exit_code, Some(6));
}

#[test]
fn reading_ends_after_four_million_lines() {
    let loaded = read("#\n".repeat(standfast_config::MAX_LINES + 1));
    assert!(has(&loaded, Code::TooMuchText, Severity::Error));
    let loaded = read("#\n".repeat(standfast_config::MAX_LINES - 1));
    assert!(!has(&loaded, Code::TooMuchText, Severity::Error));
}
