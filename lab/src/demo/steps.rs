//! What goes wrong, and how long a client may wait for the address then.

use std::time::Duration;

use serde::Serialize;

use crate::error::LabError;
use crate::frame::MacAddress;
use crate::moment::Moment;
use crate::pair::{Node, Pair, VIP};
use crate::probe::Probe;

/// Of the example's configurations: `advert_int 1`, priorities 99 and 98, a check every 2 s that must fail twice.
const SECOND_PRIORITY: u64 = 98;
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
const CHECK_FALL: u32 = 2;

/// What the check script itself takes, with its attempt to start nginx.
const CHECK_DURATION: Duration = Duration::from_millis(300);

/// Skew_Time and Active_Down_Interval of the second node (RFC 9568 section 6.1).
const SKEW: Duration = Duration::from_micros(1_000_000 * (256 - SECOND_PRIORITY) / 256);
const DOWN_INTERVAL: Duration =
    Duration::from_micros(3_000_000 + 1_000_000 * (256 - SECOND_PRIORITY) / 256);

/// From the timer's end until the client's ARP table has the new address.
const LATENESS: Duration = Duration::from_millis(5);

/// When both nodes work, the address passes from one to the other without the client noticing.
const SMOOTH: Duration = Duration::from_millis(20);

/// How often the client fetches the page, and for how long it waits for it: together the resolution of that measurement.
const HTTP_PERIOD: Duration = Duration::from_millis(20);
const HTTP_PATIENCE: Duration = Duration::from_millis(100);

/// How long a step may last before it is given up.
const STEP_LIMIT: Duration = Duration::from_secs(12);

/// Our program on a host that is shown it.
const STANDFAST: &str = "/run/lab/bin/standfast";

/// For what comes right after a move, and would undo it.
const AFTERMATH: Duration = Duration::from_millis(500);

/// One thing that goes wrong, or is repaired.
pub(super) struct Step {
    pub name: &'static str,
    /// Does it; what a command has said of it.
    act: fn(&Pair) -> Result<Option<String>, LabError>,
    /// Who serves afterwards.
    heir: fn(&Pair) -> &Node,
    /// How long the client may wait.
    expected: Duration,
    measure: Measure,
}

/// What counts as an answer.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Measure {
    /// The address answers a ping; once every millisecond.
    Ping,
    /// The web server answers with status 200.
    Http,
}

/// What came of a step.
#[derive(Serialize)]
pub(super) struct StepReport {
    pub step: &'static str,
    pub vip_mac_before: Option<String>,
    pub vip_mac_after: Option<String>,
    pub owner_before: String,
    pub owner_after: String,
    pub measured_by: Measure,
    /// Longest time without an answer, less what the machine itself delays.
    pub gap_ms: f64,
    pub expected_ms: f64,
    pub ok: bool,
    /// The command that did it and what it printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// The demonstration.
pub(super) const STEPS: [Step; 5] = [
    Step {
        name: "cable pulled",
        act: |pair| pair.first.host.cable_pull().map(|()| None),
        heir: |pair| &pair.second,
        expected: DOWN_INTERVAL.saturating_add(LATENESS),
        measure: Measure::Ping,
    },
    Step {
        name: "cable back",
        act: |pair| pair.first.host.cable_plug().map(|()| None),
        heir: |pair| &pair.first,
        expected: SMOOTH,
        measure: Measure::Ping,
    },
    Step {
        name: "nginx killed",
        act: kill_nginx,
        heir: |pair| &pair.second,
        expected: CHECK_INTERVAL
            .saturating_mul(CHECK_FALL)
            .saturating_add(CHECK_DURATION)
            .saturating_add(SKEW)
            .saturating_add(HTTP_PERIOD)
            .saturating_add(HTTP_PATIENCE),
        measure: Measure::Http,
    },
    Step {
        name: "nginx back",
        act: repair_nginx,
        heir: |pair| &pair.first,
        expected: SMOOTH,
        measure: Measure::Ping,
    },
    Step {
        name: "daemon stopped",
        act: stop_daemon,
        heir: |pair| &pair.second,
        expected: SMOOTH,
        measure: Measure::Ping,
    },
];

/// What an operator moves by command; for a Standfast that serves.
pub(super) const SWITCHOVER: Step = Step {
    name: "switchover",
    act: switch_over,
    heir: |pair| &pair.second,
    expected: SMOOTH,
    measure: Measure::Ping,
};

fn kill_nginx(pair: &Pair) -> Result<Option<String>, LabError> {
    let Some(web) = pair.web else {
        return Ok(None);
    };
    // Or the check would just start it again, which is what it is for.
    web.spoil(&pair.first.host)?;
    web.kill(&pair.first.host).map(|()| None)
}

fn repair_nginx(pair: &Pair) -> Result<Option<String>, LabError> {
    let Some(web) = pair.web else {
        return Ok(None);
    };
    web.set_up(&pair.first.host).map(|()| None)
}

fn stop_daemon(pair: &Pair) -> Result<Option<String>, LabError> {
    let Some(process) = pair.first.process() else {
        return Ok(None);
    };
    process.signal(nix::sys::signal::Signal::SIGTERM)?;
    Ok(None)
}

fn switch_over(pair: &Pair) -> Result<Option<String>, LabError> {
    operate(&pair.first, &["switchover", "VI_1"]).map(Some)
}

/// What Standfast's command line says on a node, with the words that ask for it.
pub(super) fn operate(node: &Node, words: &[&str]) -> Result<String, LabError> {
    let argv: Vec<&str> = [STANDFAST]
        .into_iter()
        .chain(words.iter().copied())
        .collect();
    let output = node.host.run_within(STEP_LIMIT, &argv)?;
    let asked = format!("{}$ standfast {}\n", node.host.name(), words.join(" "));
    Ok(asked + &output.output + &output.error)
}

impl Step {
    /// Does it, waits for the heir, and measures.
    pub(super) fn run(&self, pair: &Pair) -> Result<StepReport, LabError> {
        let http = match self.measure {
            Measure::Ping => None,
            Measure::Http => Some(Probe::http(
                &pair.client,
                VIP,
                80,
                HTTP_PERIOD,
                HTTP_PATIENCE,
            )?),
        };
        if let Some(http) = &http {
            http.first_answer_after(Moment::from_nanoseconds(0), STEP_LIMIT)?;
        }
        let before = Sight::of(pair, Moment::now())?;
        let begin = Moment::now();
        let said = (self.act)(pair)?;
        let heir = (self.heir)(pair);
        // A step whose heir never answers is missed; what was measured until then says how.
        let _ = pair.probe.first_answer_by(heir.mac(), begin, STEP_LIMIT);
        if let Some(http) = &http {
            let _ = http.first_answer_after(Moment::now(), HTTP_PATIENCE * 5);
        }
        std::thread::sleep(AFTERMATH);
        let end = Moment::now();
        let gap = match &http {
            Some(http) => http
                .gap(begin, end)?
                .saturating_sub(pair.probe.control_gap(begin, end)?),
            None => pair.probe.net_gap(begin, end)?,
        };
        let after = Sight::of(pair, end)?;
        let arrived = after.owner == heir.host.name() && after.mac == Some(heir.mac());
        let report = self.report(before, after, gap, arrived, self.expected(pair));
        Ok(StepReport { said, ..report })
    }

    /// A keepalived that hears its master fall below it waits for that one's silence all the same.
    fn expected(&self, pair: &Pair) -> Duration {
        let waits = self.measure == Measure::Http && !pair.second.daemon.is_standfast();
        if waits {
            self.expected + DOWN_INTERVAL.saturating_sub(SKEW)
        } else {
            self.expected
        }
    }

    fn report(
        &self,
        before: Sight,
        after: Sight,
        gap: Duration,
        arrived: bool,
        expected: Duration,
    ) -> StepReport {
        StepReport {
            step: self.name,
            vip_mac_before: before.mac.map(|mac| mac.to_string()),
            vip_mac_after: after.mac.map(|mac| mac.to_string()),
            owner_before: before.owner,
            owner_after: after.owner,
            measured_by: self.measure,
            gap_ms: milliseconds(gap),
            expected_ms: milliseconds(expected),
            ok: arrived && gap <= expected,
            said: None,
        }
    }
}

/// What the client sees at a moment.
struct Sight {
    /// Its ARP entry for the address.
    mac: Option<MacAddress>,
    /// Name of the node that answered last.
    owner: String,
}

impl Sight {
    fn of(pair: &Pair, moment: Moment) -> Result<Self, LabError> {
        let last = pair.probe.last_answer_before(moment)?;
        let owner = pair
            .node_of(last.mac)
            .map_or("nobody", |node| node.host.name())
            .to_owned();
        Ok(Self {
            mac: pair.client.neighbour_mac(VIP)?,
            owner,
        })
    }
}

/// Milliseconds with one decimal.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
