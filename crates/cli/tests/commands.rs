//! The command line, as somebody types it; nothing here needs privilege.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Output};

fn standfast(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn file(name: &str, contents: &str) -> PathBuf {
    let name = format!("standfast-cli-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, contents).unwrap();
    path
}

#[test]
fn the_examples_are_clean() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/nginx-ha");
    for name in ["keepalived-master.conf", "keepalived-backup.conf"] {
        let path = format!("{examples}/{name}");
        let output = standfast(&["check", &path]);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("1 VRRP instance"), "{said}");
    }
}

#[test]
fn a_misspelt_keyword_is_pointed_at_and_the_right_one_named() {
    let path = file(
        "misspelt.conf",
        "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    prioritty 99\n    virtual_ipaddress {\n        192.0.2.1\n    }\n}\n",
    );
    let path_text = path.to_string_lossy().into_owned();
    let output = standfast(&["check", "--deny-warnings", &path_text]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("prioritty") && said.contains("`priority`"),
        "{said}"
    );
    assert!(said.contains(":4:"), "the line: {said}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let output = standfast(&["check", "/nonexistent/keepalived.conf"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("/nonexistent/keepalived.conf"), "{said}");
}

#[test]
fn help_names_every_command() {
    let said = text(&standfast(&["--help"]).stdout);
    for command in [
        "run",
        "check",
        "explain",
        "fmt",
        "status",
        "switchover",
        "drain",
        "resume",
        "pause",
        "unpause",
        "reload",
        "demo",
        "cleanup",
        "completions",
        "keepalived",
    ] {
        assert!(said.contains(command), "{command}: {said}");
        let help = standfast(&[command, "--help"]);
        assert!(
            help.status.success() && !help.stdout.is_empty(),
            "{command}"
        );
    }
}

#[test]
fn an_unknown_command_is_refused_with_the_usage() {
    let output = standfast(&["stats"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Usage"));
}

#[test]
fn signal_numbers_as_keepalived_prints_them() {
    for (name, number) in [
        ("STOP", "15"),
        ("RELOAD", "1"),
        ("DATA", "10"),
        ("JSON", "36"),
    ] {
        let output = standfast(&["keepalived", &format!("--signum={name}")]);
        assert_eq!(text(&output.stdout).trim(), number, "{name}");
    }
    assert!(
        !standfast(&["keepalived", "--signum=NONSENSE"])
            .status
            .success()
    );
}

#[test]
fn an_unknown_option_of_keepalived_is_refused_with_exit_code_1() {
    let output = standfast(&["keepalived", "--no-such-option"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no-such-option"));
}
