//! The demonstration works, can miss, and says what is missing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

use std::process::Command;

fn demo(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_lab-agent"))
        .args(["demo", "--json"])
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), serde_json::from_str(&text).unwrap())
}

#[test]
fn with_keepalived_the_stop_misses_what_standfast_promises() {
    let (code, report) = demo(&["keepalived", "keepalived"]);
    let steps = report["steps"].as_array().unwrap();
    let names: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["step"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "cable pulled",
            "cable back",
            "nginx killed",
            "nginx back",
            "daemon stopped"
        ],
        "{report}"
    );
    let owners: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["owner_after"].as_str())
        .collect();
    assert_eq!(
        owners,
        ["nginx-2", "nginx-1", "nginx-2", "nginx-1", "nginx-2"],
        "{report}"
    );
    for (step, mac) in steps
        .iter()
        .zip(["02:00:00:00:00:02", "02:00:00:00:00:01"].iter().cycle())
    {
        assert_eq!(step["vip_mac_after"], *mac, "{report}");
    }
    let stopped = &steps[4];
    let gap = stopped["gap_ms"].as_f64().unwrap();
    assert!(
        (550.0..700.0).contains(&gap),
        "keepalived leaves a gap of its peer's skew: {report}"
    );
    assert_eq!(
        (&stopped["ok"], &report["ok"], code),
        (&false.into(), &false.into(), Some(1)),
        "{report}"
    );
}

#[test]
fn a_missing_daemon_is_said_at_once() {
    let (code, report) = demo(&["/nonexistent/standfast", "keepalived"]);
    assert_eq!(code, Some(2));
    assert_eq!(report["error"], "/nonexistent/standfast does not exist");
}

#[test]
fn a_daemon_that_ends_is_said_at_once() {
    let (code, report) = demo(&["/bin/false", "keepalived"]);
    assert_eq!(code, Some(2));
    let error = report["error"].as_str().unwrap();
    assert!(
        error.starts_with("the daemon of nginx-1 ended (status 1)"),
        "{error}"
    );
}
