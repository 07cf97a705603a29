//! `standfast check` and `explain`: formats, fixes, exit codes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn standfast(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args(arguments)
        .output()
        .unwrap()
}

/// With that text on standard input.
fn standfast_reads(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Who refuses the command line reads nothing, and may have ended already.
    if let Err(error) = stdin.write_all(input.as_bytes()) {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A file that is removed when it goes out of scope.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("standfast-check-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const REST: &str = "    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        192.0.2.1/24\n    }\n}\n";

#[test]
fn json_names_place_and_fix_of_every_finding() {
    let text = format!("vrrp_instance 主 {{\n    /* x */ nix\n    prioity 99\n{REST}");
    let report = json(&standfast_reads(&["check", "--format", "json", "-"], &text));
    let found = report["diagnostics"].as_array().unwrap();
    let slip = found.iter().find(|one| one["line"] == 3).unwrap();
    assert_eq!(slip["code"], "SF0008");
    assert_eq!(slip["severity"], "warning");
    assert_eq!(
        (&slip["column"], &slip["end_column"]),
        (&5.into(), &12.into())
    );
    assert_eq!(
        (&slip["end_line"], &slip["file"]),
        (&3.into(), &"<stdin>".into())
    );
    assert!(slip["help"].as_str().unwrap().contains("priority"));
    assert_eq!(slip["fix"]["edits"][0]["text"], "priority");
    assert!(slip["labels"].is_array());
    assert_eq!(report["files"][0]["instances"], 1);
}

#[test]
fn sarif_has_a_rule_for_every_result() {
    let text = format!("vrrp_instance A {{\n    prioity 99\n{REST}");
    let report = json(&standfast_reads(
        &["check", "--format", "sarif", "-"],
        &text,
    ));
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let rules: Vec<_> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["id"])
        .collect();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        assert!(rules.contains(&&result["ruleId"]), "{result}");
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region["startLine"].as_u64() >= Some(1), "{result}");
    }
}

#[test]
fn fixes_are_written_and_leave_the_rest_of_the_file_alone() {
    let file = File::new(
        "fix.conf",
        &format!("# mine\nvrrp_instance A {{\n    prioity 99  # low\n{REST}"),
    );
    let output = standfast(&[
        "check",
        "--fix",
        "--no-host",
        "--deny-warnings",
        file.path(),
    ]);
    let now = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(
        now,
        format!("# mine\nvrrp_instance A {{\n    priority 99  # low\n{REST}")
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_text_that_comes_from_a_definition_is_shown_expanded_and_not_fixed() {
    let text = format!("$P=300\nvrrp_instance A {{\n    priority $P\n{REST}");
    let report = json(&standfast_reads(&["check", "--format", "json", "-"], &text));
    let found = report["diagnostics"].as_array().unwrap();
    let range = found.iter().find(|one| one["code"] == "SF0041").unwrap();
    assert_eq!(
        (&range["line"], &range["expanded"]),
        (&3.into(), &"priority 300".into())
    );
    assert!(range.get("fix").is_none());
}

#[test]
fn exit_codes_tell_clean_from_warnings_and_errors() {
    let exit = |arguments: &[&str], text: &str| standfast_reads(arguments, text).status.code();
    let clean = format!("vrrp_instance A {{\n    priority 99\n{REST}");
    let warned = format!("vrrp_instance A {{\n    prioity 99\n{REST}");
    let wrong = format!("vrrp_instance A {{\n    priority 999\n{REST}");
    assert_eq!(exit(&["check", "-"], &clean), Some(0));
    assert_eq!(exit(&["check", "--deny-warnings", "-"], &clean), Some(0));
    assert_eq!(exit(&["check", "-"], &warned), Some(0));
    assert_eq!(exit(&["check", "--deny-warnings", "-"], &warned), Some(1));
    assert_eq!(exit(&["check", "-"], &wrong), Some(1));
    assert_eq!(
        exit(&["check", "--format", "nonsense", "-"], &wrong),
        Some(2)
    );
}

#[test]
fn a_file_is_named_as_the_daemon_takes_it() {
    let file = File::new("option.conf", &format!("vrrp_instance A {{\n{REST}"));
    let other = File::new("other.conf", &format!("vrrp_instance A {{\n nix\n{REST}"));
    let plain = standfast(&["check", "--format", "json", file.path()]);
    for option in ["-f", "--file", "--use-file"] {
        let output = standfast(&["check", "--format", "json", option, file.path()]);
        assert_eq!(output.status.code(), Some(0), "{option}: {output:?}");
        assert_eq!(json(&output), json(&plain), "{option}");
    }
    // Beside others it is one of them.
    let both = ["check", "--format", "json", other.path(), "-f", file.path()];
    let named = json(&standfast(&both));
    let files = json(&standfast(&[
        "check",
        "--format",
        "json",
        other.path(),
        file.path(),
    ]));
    assert_eq!(named, files);
    assert!(named["files"].as_array().unwrap().len() == 2, "{named}");
}

#[test]
fn explain_knows_codes_and_keywords() {
    let said = |arguments: &[&str]| String::from_utf8(standfast(arguments).stdout).unwrap();
    assert!(said(&["explain", "sf0008"]).contains("prioity 150"));
    let priority = said(&["explain", "priority"]);
    assert!(
        priority.contains("1 to 255") && priority.contains("vrrp_instance"),
        "{priority}"
    );
    assert!(said(&["explain", "weight", "--in", "real_server"]).contains("in `real_server`"));
    let unknown = standfast(&["explain", "prioity"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("`priority`"));
    assert!(said(&["explain"]).contains("SF0008"));
}

#[test]
fn several_files_are_compared_as_nodes() {
    let text = |priority: u8, interval: u8| {
        format!(
            "vrrp_instance A {{\n    state BACKUP\n    priority {priority}\n    advert_int {interval}\n{REST}"
        )
    };
    let (a, b) = (
        File::new("a.conf", &text(110, 1)),
        File::new("b.conf", &text(100, 2)),
    );
    let output = standfast(&["check", "--format", "json", a.path(), b.path()]);
    let report = json(&output);
    let found = report["diagnostics"].as_array().unwrap();
    let interval = found.iter().find(|one| one["code"] == "SF0303").unwrap();
    assert_eq!(
        (&interval["line"], &interval["labels"][1]["line"]),
        (&4.into(), &4.into())
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["outlook"][0]["hear_each_other"], false);
    let b = File::new("c.conf", &text(100, 1));
    let report = json(&standfast(&[
        "check",
        "--format",
        "json",
        a.path(),
        b.path(),
    ]));
    let lost = &report["outlook"][0]["scenarios"][1];
    assert_eq!(lost["event"], "node_lost");
    assert!(
        lost["master"].as_str().unwrap().ends_with("c.conf"),
        "{lost}"
    );
    let said = String::from_utf8(standfast(&["check", a.path(), b.path()]).stdout).unwrap();
    assert!(said.contains("is lost"), "{said}");
}

#[test]
fn one_file_with_conditions_is_read_as_each_node() {
    let text = format!(
        "vrrp_instance A {{\n    state BACKUP\n    advert_int 1\n@a   priority 110\n@b   priority 110\n{REST}"
    );
    let report = json(&standfast_reads(
        &[
            "check",
            "--format",
            "json",
            "--config-id",
            "a",
            "--config-id",
            "b",
            "-",
        ],
        &text,
    ));
    let found = report["diagnostics"].as_array().unwrap();
    assert!(found.iter().any(|one| one["code"] == "SF0309"), "{found:?}");
    assert_eq!(report["files"][1]["node"], "b");
}

#[test]
fn config_prints_what_takes_effect_and_what_is_written() {
    let text = format!(
        "$P=90\nvrrp_instance A {{\n    priority $P\n    authentication {{\n        auth_type PASS\n        auth_pass geheim\n    }}\n{REST}"
    );
    let file = File::new("json.conf", &text);
    let output = standfast(&["config", file.path()]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("geheim"));
    let instance = &json(&output)["instances"][0];
    assert_eq!(
        (&instance["priority"], &instance["advert_int"]),
        (&90.into(), &1.into())
    );
    assert_eq!(instance["addresses"][0]["network"], "192.0.2.1/24");
    let output = standfast(&["config", "--as-written", file.path()]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("geheim"));
    let written = &json(&output)["vrrp_instance"][0];
    assert_eq!(
        (&written["name"], &written["priority"]),
        (&"A".into(), &90.into())
    );
    assert!(written.get("advert_int").is_none());
}

#[test]
fn services_that_are_not_run_are_said_so_on_the_host_alone() {
    let text = "virtual_server 192.0.2.1 80 {\n    real_server 192.0.2.2 80 {\n    }\n}\n";
    for (option, said) in [("--host", true), ("--no-host", false)] {
        let report = json(&standfast_reads(
            &["check", option, "--format", "json", "-"],
            text,
        ));
        let found = report["diagnostics"].as_array().unwrap();
        assert_eq!(found.iter().any(|one| one["code"] == "SF0111"), said);
    }
}

#[test]
fn nothing_from_a_file_moves_the_cursor_of_a_terminal() {
    let text = |priority: u8| {
        format!(
            "vrrp_instance \x1b[2J\u{9b}V {{\ninterface eth0\nvirtual_router_id 51\npriority \
             {priority}\nprio\x1bity 3\nvirtual_ipaddress {{\n192.0.2.100/24\n}}\n}}\n"
        )
    };
    let one = File::new("esc1.conf", &text(150));
    let other = File::new("esc2.conf", &text(100));
    let output = standfast(&["check", "--no-host", one.path(), other.path()]);
    let shown = [output.stdout, output.stderr].concat();
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("who is master"), "{shown}");
    let moves = |letter: char| letter.is_control() && letter != '\n';
    assert!(!shown.contains(moves), "{shown:?}");
}

#[test]
fn a_pattern_beside_a_file_that_is_named_without_a_directory_is_found() {
    let directory = std::env::temp_dir().join(format!("standfast-beside-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("k.conf"), "include *.part\n").unwrap();
    std::fs::write(directory.join("a.part"), "bogus\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args(["check", "--no-host", "--format", "json", "k.conf"])
        .current_dir(&directory)
        .output();
    std::fs::remove_dir_all(&directory).unwrap();
    let found = json(&output.unwrap());
    let text = found["diagnostics"].to_string();
    assert!(text.contains("`bogus`"), "{text}");
}
