//! Every code has a page, and its examples are what the page says.

mod common;
#[path = "common/examples.rs"]
mod examples;

use std::collections::BTreeSet;
use std::path::Path;

use standfast_config::{Code, Example, Severity};

/// Codes that text in a file can't draw on the host of the tests, or that need more of it than a page holds.
const WITHOUT_EXAMPLE: &[Code] = &[
    // language.rs: lines_that_are_too_long_or_hold_nul_are_ignored
    Code::LineTooLong,
    Code::NulInLine,
    // unusual_files.rs
    Code::NotUtf8,
    Code::FileUnreadable,
    Code::TooMuchText,
    // The daemon's limits, not the language's: crates/cli/tests/check.rs, services_that_are_not_run_are_said_so_on_the_host_alone
    Code::NotSupported,
    // Only a host or a network draws them: crates/daemon/src/host/firewall/tests.rs and the tests of host/daemons.rs,
    // managers.rs, kernel.rs, listen/judge.rs; on real hosts lab/tests/check_host.rs.
    // a_policy_that_drops_is_named_with_table_chain_and_remedy
    Code::FirewallDrops,
    // the_peer_channel_is_judged_as_advertisements_are
    Code::PeerChannelBlocked,
    // one_standfast_is_normal_a_keepalived_is_news_and_two_are_too_many
    Code::SecondDaemon,
    // networkd_removes_addresses_unless_it_is_told_to_keep_them
    Code::NetworkdRemoves,
    // network_manager_is_named_where_it_manages_the_interface
    Code::NetworkManagerRemoves,
    // only_settings_that_do_harm_are_named
    Code::ArpNotAnswered,
    Code::StrictReversePath,
    Code::SecondariesNotPromoted,
    Code::Ipv6Disabled,
    // daemon: host::links
    Code::InterfaceNotReady,
    // daemon: host::segment
    Code::ArpFiltered,
    Code::ArpTwice,
    // daemon: host::wire
    Code::BridgeWaits,
    Code::LinkBounces,
    // daemon: host::time
    Code::ClockNotKept,
    Code::OrdinaryPriority,
    // daemon: host::listeners
    Code::BoundToAddress,
    // a_foreign_group_is_named_with_free_vrids
    Code::ForeignGroup,
    // what_differs_within_the_group_is_said_once_each
    Code::HeardVersion,
    Code::HeardInterval,
    Code::HeardAddresses,
    // authentication_is_compared_and_never_shown
    Code::HeardAuthentication,
    // two_masters_side_by_side_are_not_one_after_the_other
    Code::TwoMasters,
    // a_peer_that_agrees_is_no_news
    Code::NothingHeard,
    // lab: without_the_right_to_listen_it_says_so
    Code::NotListened,
];

fn codes(files: &[Example]) -> BTreeSet<Code> {
    let findings = examples::findings(files);
    let found = findings.iter().flat_map(|findings| &findings.diagnostics);
    found.map(|found| found.code).collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    for code in Code::ALL {
        let page = code.page();
        assert!(page.is_some(), "{}: no page", code.as_str());
        let examples = page.map(|page| page.wrong().len()).unwrap_or_default();
        let shown = !WITHOUT_EXAMPLE.contains(code);
        assert_eq!(examples > 0, shown, "{}: {examples}", code.as_str());
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").and_then(Code::from_name);
        assert!(code.is_some(), "{name} is the page of no code");
    }
}

#[test]
fn the_wrong_example_draws_the_code_and_the_right_one_does_not() {
    let mut wrong_pages = Vec::new();
    for code in Code::ALL {
        let page = code.page().unwrap();
        if WITHOUT_EXAMPLE.contains(code) {
            continue;
        }
        let (wrong, right) = (codes(&page.wrong()), codes(&page.right()));
        if !wrong.contains(code) || right.contains(code) || page.right().is_empty() {
            wrong_pages.push(format!("{}: {wrong:?}, then {right:?}", code.as_str()));
        }
    }
    assert!(wrong_pages.is_empty(), "{wrong_pages:#?}");
}

#[test]
fn the_wrong_example_draws_the_code_with_its_usual_severity() {
    let mut others = Vec::new();
    for code in Code::ALL {
        let wrong = code.page().map(|page| page.wrong()).unwrap_or_default();
        let loaded = examples::load_all(&wrong);
        let found = loaded.iter().flat_map(|loaded| &loaded.diagnostics);
        let drawn = found.filter(|found| found.code == *code);
        let gravest = drawn.map(|found| found.severity).max();
        if let Some(gravest) = gravest.filter(|gravest| *gravest != code.usual_severity()) {
            others.push((code.as_str(), gravest));
        }
    }
    assert_eq!(others, vec![], "severity.rs says otherwise");
}

#[test]
fn the_right_example_is_free_of_errors() {
    for code in Code::ALL {
        for findings in examples::findings(&code.page().unwrap().right()) {
            let mut found = findings.diagnostics.iter();
            let error = found.find(|found| found.severity == Severity::Error);
            assert_eq!(error, None, "{}", code.as_str());
        }
    }
}

#[test]
fn pages_have_the_form_that_readers_know() {
    const LONGEST_LINE: usize = 125;
    for code in Code::ALL {
        let (name, page) = (code.as_str(), code.page().unwrap());
        let start = format!("# {name}: ");
        assert!(page.markdown().starts_with(&start), "{name}");
        let title = page.title();
        assert!(title.len() > 8 && !title.ends_with('.'), "{name}: {title}");
        for line in page.markdown().lines() {
            assert!(line.chars().count() <= LONGEST_LINE, "{name}: {line}");
        }
    }
}
