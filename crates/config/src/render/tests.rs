//! Tests of the rendering.

use std::path::PathBuf;

use super::*;
use crate::{LoadOptions, MemorySource, NoEnvironment, load};

/// The rendered diagnostics of severity warning and above.
fn rendered(text: impl AsRef<[u8]>) -> Vec<String> {
    let source = MemorySource::with("/k.conf", text.as_ref());
    let loaded = load(
        &[PathBuf::from("/k.conf")],
        &source,
        &NoEnvironment,
        &LoadOptions::default(),
    );
    let loud = loaded
        .diagnostics
        .iter()
        .filter(|one| one.severity > Severity::Note);
    loud.map(|one| render(one, &loaded.sources, false))
        .collect()
}

#[track_caller]
fn assert_rendered(text: impl AsRef<[u8]>, expected: &[&str]) {
    let got = rendered(text);
    let expected: Vec<_> = expected.iter().map(|one| one.trim_matches('\n')).collect();
    assert_eq!(got, expected, "\n{}\n", got.join("\n\n"));
}

const REST: &str = "interface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n10.0.0.9/24\n}\n}\n";

#[test]
fn a_misspelt_keyword_is_pointed_at() {
    assert_rendered(
        format!("vrrp_instance A {{\n    prioity 100\n{REST}"),
        &["
warning[SF0008]: `prioity` is no keyword in `vrrp_instance`; it is ignored
 --> /k.conf:2:5
  |
2 |     prioity 100
  |     ^^^^^^^
  |
  = help: did you mean `priority`? (`check --fix` does it)"],
    );
}

#[test]
fn wide_characters_and_tabs_keep_the_mark_in_place() {
    assert_rendered(
        format!("vrrp_instance \"主\" {{\n\tstate 主机\n{REST}"),
        &["
error[SF0045]: `主机` is no state; BACKUP is taken
 --> /k.conf:2:8
  |
2 |     state 主机
  |           ^^^^
  |
  = help: the states are MASTER and BACKUP"],
    );
}

#[test]
fn line_endings_of_other_systems_do_not_show() {
    assert_rendered(
        format!("vrrp_instance A {{\npriority 300\n{REST}").replace('\n', "\r\n"),
        &["
error[SF0041]: `priority` must be from 1 to 255, not 300; it is ignored
 --> /k.conf:2:10
  |
2 | priority 300
  |          ^^^"],
    );
}

#[test]
fn comments_in_other_encodings_are_no_errors() {
    let text = format!("# \u{4e00}\nvrrp_instance A {{\npriority 300 # gb\n{REST}");
    let mut bytes = text.into_bytes();
    let comment = bytes.windows(2).position(|two| two == b"gb").unwrap();
    // "中文" in GB 2312.
    bytes.splice(comment..comment + 2, [0xd6, 0xd0, 0xce, 0xc4]);
    assert_rendered(
        bytes,
        &["
error[SF0041]: `priority` must be from 1 to 255, not 300; it is ignored
 --> /k.conf:3:10
  |
3 | priority 300 # ����
  |          ^^^"],
    );
}

#[test]
fn huge_lines_are_shown_in_part() {
    let text = format!(
        "vrrp_instance A {{\n{}priority 300{}\n{REST}",
        " ".repeat(400),
        " ".repeat(500)
    );
    let [only] = rendered(text).try_into().unwrap();
    assert!(
        only.lines().all(|line| line.chars().count() < 400),
        "{only}"
    );
    assert!(
        only.contains("/k.conf:2:410") && only.contains("^^^"),
        "{only}"
    );
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let all = rendered(format!("vrrp_instance A {{\n\u{1b}[31mx y\u{7}\n{REST}")).join("\n");
    assert!(all.contains("\u{241b}[31mx"), "{all}");
    assert!(!all.contains(['\u{1b}', '\u{7}']), "{all}");
}

#[test]
fn both_places_of_a_conflict_are_shown() {
    assert_rendered(
        format!("vrrp_instance A {{\n{REST}vrrp_instance B {{\n{REST}"),
        &["
error[SF0064]: `B` and `A` both use virtual_router_id 51 on the same interface
  --> /k.conf:10:19
   |
10 | virtual_router_id 51
   |                   ^^
   |
  ::: /k.conf:1:15
   |
 1 | vrrp_instance A {
   |               - `A` is here
   |
   = help: keepalived does not start with this"],
    );
}

#[test]
fn a_missing_file_has_no_place() {
    let source = MemorySource::default();
    let loaded = load(
        &[PathBuf::from("/x")],
        &source,
        &NoEnvironment,
        &LoadOptions::default(),
    );
    let [only] = loaded.diagnostics.as_slice() else {
        panic!("{:?}", loaded.diagnostics)
    };
    let text = render(only, &loaded.sources, false);
    assert!(
        text.starts_with("error[SF0020]: can't read /x: entity not found\n |\n = help: "),
        "{text}"
    );
}

#[test]
fn colours_come_on_demand() {
    let source = MemorySource::with("/k.conf", "foo");
    let loaded = load(
        &[PathBuf::from("/k.conf")],
        &source,
        &NoEnvironment,
        &LoadOptions::default(),
    );
    assert!(render(&loaded.diagnostics[0], &loaded.sources, true).contains("\u{1b}["));
}

#[test]
fn secrets_are_masked_and_marks_stay() {
    assert_rendered(
        format!(
            "vrrp_instance A {{\n    authentication {{\n        auth_type PASS\n        auth_pass geheimnis\n    }}\n{REST}"
        ),
        &["
warning[SF0066]: this password is cut to its first 8 bytes
 --> /k.conf:4:19
  |
4 |         auth_pass *********
  |                   ^^^^^^^^^
  |
  = help: VRRP version 2 has room for 8 bytes; nodes with equal first 8 bytes agree"],
    );
}
