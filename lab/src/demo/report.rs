//! What the demonstration prints.

use std::io::Write;

use serde::Serialize;

use super::DemoOptions;
use super::steps::{Measure, StepReport};
use crate::error::LabError;
use crate::pair::VIP;
use crate::web::WebServer;

/// Text attributes (ECMA-48).
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// All that came of the demonstration.
#[derive(Serialize)]
pub(super) struct Report {
    vip: String,
    first: String,
    second: String,
    web: &'static str,
    steps: Vec<StepReport>,
    /// What `standfast status` has shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    pub(super) seconds: f64,
    pub(super) ok: bool,
}

impl Report {
    pub(super) fn new(options: &DemoOptions, web: WebServer) -> Self {
        let web = match web {
            WebServer::Nginx => "nginx",
            WebServer::StandIn => "stand-in",
        };
        let (first, second) = (options.subject.to_string(), options.backup.to_string());
        Self {
            vip: VIP.to_string(),
            first,
            second,
            web,
            steps: Vec::new(),
            status: None,
            seconds: 0.0,
            ok: true,
        }
    }

    pub(super) fn print_start(&self, options: &DemoOptions) {
        if options.json {
            return;
        }
        let web = if self.web == "nginx" {
            "nginx"
        } else {
            "a stand-in for nginx (apt install nginx-light)"
        };
        say(&format!(
            "Two virtual hosts with {web}, a client, and one address, {}.\n\
             nginx-1 runs {}, nginx-2 runs {}; the client pings the address 1000 times a second.\n",
            self.vip, self.first, self.second
        ));
    }

    /// What a reader should know before wondering about a missed step.
    pub(super) fn print_limits(options: &DemoOptions) {
        let keepalived = !(options.subject.is_standfast() && options.backup.is_standfast());
        if keepalived && !options.json && !nix::unistd::geteuid().is_root() {
            say(
                "Without root keepalived cannot run its checks (it may not set its groups): it will not notice nginx.\n",
            );
        }
    }

    pub(super) fn add(&mut self, step: StepReport, options: &DemoOptions) {
        self.ok &= step.ok;
        if !options.json {
            say(&step.lines(options.terminal));
        }
        self.steps.push(step);
    }

    /// What an operator sees.
    pub(super) fn show_status(&mut self, text: String, options: &DemoOptions) {
        if !options.json {
            say(&format!("\n{text}"));
        }
        self.status = Some(text);
    }

    pub(super) fn print_end(&self, options: &DemoOptions) {
        if options.json {
            say(&as_json(self));
            return;
        }
        let missed = self.steps.iter().filter(|step| !step.ok).count();
        let summary = match missed {
            0 => "Every step met its bound".to_owned(),
            1 => "One step missed its bound".to_owned(),
            more => format!("{more} steps missed their bounds"),
        };
        say(&format!("{summary} ({:.0} s).", self.seconds));
    }
}

impl StepReport {
    fn lines(&self, colours: bool) -> String {
        let verdict = match (self.ok, colours) {
            (true, true) => format!("{GREEN}ok{PLAIN}"),
            (false, true) => format!("{RED}MISSED{PLAIN}"),
            (true, false) => "ok".to_owned(),
            (false, false) => "MISSED".to_owned(),
        };
        let awaited = match self.measured_by {
            Measure::Ping => "address",
            Measure::Http => "web page",
        };
        let unknown = "unresolved".to_owned();
        let said = self.said.iter().flat_map(|said| said.lines());
        let said: String = said.map(|line| format!("\n    {line}")).collect();
        format!(
            "{:<15} no {awaited:<8} for {:>7.1} ms, at most {:>6.1} ms expected  {verdict}\n    \
             ARP before: {} is at {} ({})\n    ARP after:  {} is at {} ({}){said}",
            self.step,
            self.gap_ms,
            self.expected_ms,
            VIP,
            self.vip_mac_before.as_ref().unwrap_or(&unknown),
            self.owner_before,
            VIP,
            self.vip_mac_after.as_ref().unwrap_or(&unknown),
            self.owner_after,
        )
    }
}

/// Why there is no report.
#[derive(Serialize)]
pub(super) struct Failure {
    error: String,
}

impl Failure {
    pub(super) fn new(error: &LabError) -> Self {
        Self {
            error: error.to_string(),
        }
    }

    pub(super) fn print(&self, options: &DemoOptions) {
        if options.json {
            say(&as_json(self));
        }
        eprintln!("demo: {}", self.error);
    }
}

/// These types always have a JSON form; an empty object would show that they do not.
fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}

/// A reader that went away is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
