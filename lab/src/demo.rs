//! The demonstration: the example pair on virtual hosts, five things that go wrong, what a client saw of each, and
//! how an operator looks and steers.

mod progress;
mod report;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::daemon::{Daemon, Start};
use crate::error::LabError;
use crate::moment::Moment;
use crate::pair::{Pair, PairOptions};
use crate::web::WebServer;
use progress::Progress;
use report::{Failure, Report};

/// Exit code when a step missed its bound.
const MISSED: u8 = 1;

/// Exit code when the demonstration could not run.
const NOT_RUN: u8 = 2;

/// How long the first node may take to serve: its down interval, and what a loaded machine adds.
const START_LIMIT: Duration = Duration::from_secs(8);

/// How long it may take to come back: as long, and what its peer makes it wait for.
const COMEBACK_LIMIT: Duration = Duration::from_secs(20);

/// Until both nodes have settled after a change.
const SETTLED: Duration = Duration::from_secs(2);

/// What to demonstrate and how to show it.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// The lab's agent: usually this very program, see [`agent_main`](crate::agent_main).
    pub agent: PathBuf,
    /// The daemon of the first node.
    pub subject: Daemon,
    /// The daemon of the second node.
    pub backup: Daemon,
    /// Print one JSON object instead of text.
    pub json: bool,
    /// Standard output is a terminal: show progress and colours.
    pub terminal: bool,
}

impl DemoOptions {
    /// Standfast's executable on both nodes, its own agent as well; plain text.
    #[must_use]
    pub fn new(binary: PathBuf) -> Self {
        let daemon = Daemon::Standfast {
            binary: binary.clone(),
            start: Start::AsItself,
        };
        Self {
            agent: binary,
            subject: daemon.clone(),
            backup: daemon,
            json: false,
            terminal: false,
        }
    }
}

/// Runs the demonstration, in less than a minute. The exit code is 0 if every step met its bound, 1 if one did not, 2 if the
/// demonstration could not run.
#[must_use]
pub fn run(options: &DemoOptions) -> ExitCode {
    match demonstrate(options) {
        Ok(report) => {
            report.print_end(options);
            if report.ok {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(MISSED)
            }
        }
        Err(error) => {
            Failure::new(&error).print(options);
            ExitCode::from(NOT_RUN)
        }
    }
}

fn demonstrate(options: &DemoOptions) -> Result<Report, LabError> {
    let begin = Moment::now();
    let web = WebServer::installed();
    let daemons = [options.subject.clone(), options.backup.clone()];
    let mut report = Report::new(options, web);
    report.print_start(options);
    Report::print_limits(options);
    let progress = Progress::start(options, "the hosts start");
    let mut pair = Pair::new(&PairOptions::example(
        options.agent.clone(),
        daemons,
        Some(web),
    ))?;
    pair.start_daemons(START_LIMIT)?;
    drop(progress);
    for step in &steps::STEPS {
        let progress = Progress::start(options, step.name);
        let result = step.run(&pair)?;
        drop(progress);
        report.add(result, options);
    }
    if options.subject.is_standfast() {
        steer(&mut pair, &mut report, options)?;
    }
    report.seconds = Moment::now().since(begin).as_secs_f64();
    Ok(report)
}

/// The first node's daemon was stopped: it comes back, takes the address again, is looked at, and gives the address away when
/// it is told to.
fn steer(pair: &mut Pair, report: &mut Report, options: &DemoOptions) -> Result<(), LabError> {
    let progress = Progress::start(options, "daemon started");
    let begin = Moment::now();
    pair.first.start_daemon()?;
    let mac = pair.first.mac();
    pair.probe.first_answer_by(mac, begin, COMEBACK_LIMIT)?;
    // Its peer has taken note, and no announcement of it is under way.
    std::thread::sleep(SETTLED);
    let status = steps::operate(&pair.first, &["status"])?;
    drop(progress);
    report.show_status(status, options);
    let progress = Progress::start(options, "switchover");
    let result = steps::SWITCHOVER.run(pair)?;
    drop(progress);
    report.add(result, options);
    Ok(())
}
