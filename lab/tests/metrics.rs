//! What monitoring gets: rules and dashboard by promtool and a real Prometheus, which scrapes real daemons.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use standfast_lab::{Host, Lab, Moment, Process, VIP, require_program};
use support::{pair_with, short_configuration, single_host, standfast};

/// The machine is busy, and Prometheus takes a while to start.
const LONG: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);
const CONFIGURATION: &str = "/run/prometheus.yml";
/// Answers with one file, with the media type that makes Prometheus read it strictly.
const EXPOSER: &str = r#"
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = open("/run/metrics.txt", "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.end_headers()
        self.wfile.write(text)
http.server.HTTPServer(("127.0.0.1", 9650), Handler).serve_forever()
"#;

fn project(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(file)
}

/// Runs promtool on a file of contrib/prometheus.
fn promtool(words: &[&str], file: &str) {
    let promtool = require_program("promtool", "prometheus").unwrap();
    let output = Command::new(promtool)
        .args(words)
        .arg(project("contrib/prometheus").join(file))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {words:?} {file}: {said}");
}

#[test]
fn the_alert_rules_are_valid_and_each_fires_when_it_should() {
    promtool(&["check", "rules"], "standfast.rules.yml");
    promtool(&["test", "rules"], "standfast.rules.test.yml");
}

/// A Prometheus on a host.
struct Prometheus<'a> {
    host: &'a Host,
    process: Process,
}

impl<'a> Prometheus<'a> {
    /// Scrapes these targets each second, as the job `standfast`.
    fn start(host: &'a Host, targets: &[&str]) -> Self {
        require_program("prometheus", "prometheus").unwrap();
        require_program("curl", "curl").unwrap();
        let rules = std::fs::read_to_string(project("contrib/prometheus/standfast.rules.yml"));
        host.write_file("/run/standfast.rules.yml", &rules.unwrap(), 0o644)
            .unwrap();
        let text = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [/run/standfast.rules.yml]\n\
             scrape_configs:\n  - job_name: standfast\n    static_configs: [{{targets: [{}]}}]\n",
            targets.join(", ")
        );
        host.write_file(CONFIGURATION, &text, 0o644).unwrap();
        let file = format!("--config.file={CONFIGURATION}");
        let argv = [
            "prometheus",
            &file,
            "--storage.tsdb.path=/run/prometheus",
            "--web.listen-address=127.0.0.1:9090",
        ];
        let process = host.spawn(&argv, &[]).unwrap();
        Self { host, process }
    }

    /// What its API says at a path; nothing while it does not answer.
    fn api(&self, path: &str, arguments: &[&str]) -> Option<Value> {
        let url = format!("http://127.0.0.1:9090/api/v1/{path}");
        let mut argv = vec!["curl", "--silent", "--get", "--max-time", "5", &url];
        for argument in arguments {
            argv.extend(["--data-urlencode", argument]);
        }
        let output = self.host.run_within(LONG, &argv).unwrap();
        serde_json::from_str(&output.output).ok()
    }

    /// Labels and values of what an expression finds.
    fn query(&self, expression: &str) -> Vec<(BTreeMap<String, String>, f64)> {
        let asked = format!("query={expression}");
        let Some(answer) = self.api("query", &[&asked]) else {
            return Vec::new();
        };
        assert_eq!("success", answer["status"], "{expression}: {answer}");
        let found = answer["data"]["result"].as_array().unwrap();
        let sample = |one: &Value| {
            let labels = serde_json::from_value(one["metric"].clone()).unwrap();
            let value = one["value"][1].as_str().unwrap().parse().unwrap();
            (labels, value)
        };
        found.iter().map(sample).collect()
    }

    /// Waits until the expression finds something.
    fn wait_for(&self, expression: &str) -> Vec<(BTreeMap<String, String>, f64)> {
        let end = Moment::now() + LONG;
        loop {
            let found = self.query(expression);
            if !found.is_empty() {
                return found;
            }
            let targets = || self.api("targets", &[]).unwrap_or_default();
            assert!(
                Moment::now() < end,
                "nothing for {expression}: {}\n{}",
                targets(),
                self.process.log()
            );
            std::thread::sleep(PAUSE);
        }
    }
}

/// Every expression of the dashboard, with its variables filled in.
fn expressions_of_the_dashboard() -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member.as_str() {
                        Some(text) if name == "expr" => found.push(text.to_owned()),
                        _ => collect(member, found),
                    }
                }
            }
            Value::Array(members) => members.iter().for_each(|member| collect(member, found)),
            _ => {}
        }
    }
    let text = std::fs::read_to_string(project("contrib/grafana/standfast.json")).unwrap();
    let mut found = Vec::new();
    collect(&serde_json::from_str(&text).unwrap(), &mut found);
    let filled = found.iter().map(|expression| {
        let expression = expression.replace("$__rate_interval", "1m");
        let names = ["$job", "$instance", "$iname"];
        names
            .iter()
            .fold(expression, |text, name| text.replace(name, ".*"))
    });
    filled.collect()
}

/// A host that answers with the snapshot of all metrics, which another test keeps up to date.
fn host_with_snapshot() -> (Lab, Host) {
    let (lab, host) = single_host(&standfast());
    let all = std::fs::read_to_string(project("crates/api/tests/snapshots/metrics.txt")).unwrap();
    host.write_file("/run/metrics.txt", &all, 0o644).unwrap();
    (lab, host)
}

#[test]
fn a_real_prometheus_takes_every_line_and_the_dashboard_finds_what_it_shows() {
    let (_lab, host) = host_with_snapshot();
    assert!(std::path::Path::new("/usr/bin/python3").is_file());
    let _exposer = host
        .spawn(&["/usr/bin/python3", "-c", EXPOSER], &[])
        .unwrap();
    let prometheus = Prometheus::start(&host, &["127.0.0.1:9650"]);
    prometheus.wait_for("keepalived_vrrp_state");
    // Each line that is a sample is a series.
    let text = host.read_file("/run/metrics.txt").unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#')).count();
    let series = prometheus.wait_for("scrape_samples_scraped");
    assert!(
        (series[0].1 - lines as f64).abs() < 0.5,
        "{series:?}, not {lines}"
    );
    let up = prometheus.query("up == 1");
    assert_eq!(1, up.len());
    let state = prometheus.query("keepalived_vrrp_state{ip_address=\"192.0.2.100/24\"}");
    assert_eq!("VI_1", state[0].0["iname"]);
    let mut empty = Vec::new();
    for expression in expressions_of_the_dashboard() {
        // What a rate is made of needs two different samples; here it must be understood only.
        let counts = ["rate(", "increase(", "changes("];
        let found = prometheus.query(&expression);
        if found.is_empty() && !counts.iter().any(|word| expression.contains(word)) {
            empty.push(expression);
        }
    }
    // Nobody is a backup in the snapshot.
    empty.retain(|expression| !expression.contains("state=\"backup\""));
    assert!(
        empty.is_empty(),
        "the dashboard shows nothing for {empty:#?}"
    );
}

/// A node that answers on TCP as well.
fn with_metrics(number: u8, priority: u8) -> String {
    let listen = format!("global_defs {{\n    http_listen 192.168.1.{number}:9650\n}}\n");
    listen + &short_configuration(Duration::from_millis(500), priority)
}

#[test]
fn a_real_prometheus_sees_who_is_master_and_the_move_to_another() {
    let configurations = [with_metrics(11, 99), with_metrics(12, 90)];
    let pair = pair_with([standfast(), standfast()], configurations);
    let daemon = standfast();
    let first = daemon
        .start(&pair.first.host, standfast_lab::CONFIGURATION)
        .unwrap();
    let second = daemon
        .start(&pair.second.host, standfast_lab::CONFIGURATION)
        .unwrap();
    let nodes = ["192.168.1.11:9650", "192.168.1.12:9650"];
    let prometheus = Prometheus::start(&pair.client, &nodes);
    let [one, other] = nodes;
    let state = |node: &str, number: u8| {
        format!("keepalived_vrrp_state{{instance=\"{node}\",ip_address=\"{VIP}/24\"}} == {number}")
    };
    let logs = || format!("{}\n{}", first.log(), second.log());
    let found = prometheus.wait_for(&state(one, 2));
    let labels = &found[0].0;
    assert_eq!(
        "VI_1 eth0 51",
        format!("{} {} {}", labels["iname"], labels["intf"], labels["vrid"])
    );
    prometheus.wait_for(&state(other, 1));
    let is = |node: &str, word: &str| {
        format!("standfast_instance_state{{instance=\"{node}\",state=\"{word}\"}} == 1")
    };
    prometheus.wait_for(&is(one, "master"));
    prometheus.wait_for(&is(other, "backup"));
    prometheus.wait_for(&format!(
        "standfast_address_held{{instance=\"{one}\"}} == 1 and standfast_address_wanted == 1"
    ));
    prometheus.wait_for(&format!(
        "standfast_instance_priority{{instance=\"{other}\"}} == 90"
    ));
    assert!(
        prometheus.query("standfast_instance_alone == 1").is_empty(),
        "{}",
        logs()
    );
    pair.first.host.cable_pull().unwrap();
    prometheus.wait_for(&state(other, 2));
    prometheus.wait_for(&format!(
        "standfast_instance_transitions_total{{instance=\"{other}\",state=\"master\"}} >= 1"
    ));
    // The first one can't be asked now; what follows is its word about the time without a cable.
    pair.first.host.cable_plug().unwrap();
    prometheus.wait_for(&format!("{} and on (instance) up == 1", state(one, 2)));
    prometheus.wait_for(&state(other, 1));
    let lines = prometheus.wait_for("scrape_samples_scraped > 50");
    assert_eq!(2, lines.len(), "{}", logs());
}
