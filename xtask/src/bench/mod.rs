//! `cargo xtask bench [CASE]...`: what the daemons do and cost, ours and keepalived's by turns, on virtual hosts.
//!
//! A run is one daemon (or pair) in hosts of its own; the runs of all lines of a case alternate, so that the machine's moods befall all
//! of them alike. Results are printed, and written to `target/bench/CASE.json`, from which `--document` makes docs/performance.md.

mod case;
mod cases;
pub mod check;
mod configuration;
mod document;
mod facts;
mod forge;
mod instructions;
mod options;
mod progress;
mod result;
mod stage;
mod subject;
mod svg;
mod timeline;
mod usage;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub use options::Options;

use case::{Case, Line, Setting, Trouble};
use progress::Progress;
use result::{CaseResult, LineResult};
use subject::Subject;
pub use subject::target;

/// What `cargo xtask bench` was asked for.
pub fn run(root: &Path, arguments: &[String]) -> ExitCode {
    let options = match Options::parse(root, arguments) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    if options.list {
        for case in cases::all() {
            println!("{:<26}{}", case.name, case.sentence);
        }
        return ExitCode::SUCCESS;
    }
    if options.cases == ["instructions"] {
        return conclude(instructions::run(root, &options));
    }
    if options.document {
        return conclude(document::write(root, &options.json).map(|()| true));
    }
    conclude(measure(root, &options).map(|()| true))
}

/// Whether what runs often takes no more instructions than benches/instructions.json says; prints the counts.
pub fn instructions_are_kept(root: &Path) -> bool {
    let arguments = ["--check".to_owned()];
    let kept = Options::parse(root, &arguments)
        .map_err(io::Error::other)
        .and_then(|options| instructions::run(root, &options));
    kept.unwrap_or_else(|error| {
        eprintln!("bench: {error}");
        false
    })
}

fn conclude(result: io::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(root: &Path, options: &Options) -> io::Result<()> {
    let mut subjects = vec![Subject::standfast(root)?];
    subjects.extend(Subject::installed_keepalived());
    subjects.extend(
        options
            .keepalived
            .iter()
            .map(|path| Subject::keepalived(path)),
    );
    let scratch = std::env::temp_dir().join(format!("standfast-bench-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    fs::create_dir_all(&options.json)?;
    let setting = Setting {
        agent: std::env::current_exe()?,
        quick: options.quick,
        scratch: scratch.clone(),
    };
    let mut progress = Progress::new();
    let machine = facts::line(&subjects);
    println!("{machine}\n");
    for case in cases::all().into_iter().filter(|case| options.wants(case)) {
        let result = measure_case(case, &subjects, &setting, options, &mut progress);
        progress.clear();
        println!("{}: {}\n{}", case.name, case.sentence, result.table());
        let file = options.json.join(format!("{}.json", case.name));
        let mut text = serde_json::to_string_pretty(&result.json(&machine))?;
        text.push('\n');
        fs::write(file, text)?;
    }
    fs::remove_dir_all(scratch)
}

fn measure_case(
    case: &'static Case,
    subjects: &[Subject],
    setting: &Setting,
    options: &Options,
    progress: &mut Progress,
) -> CaseResult {
    let lines: Vec<Line> = (case.lines)(subjects);
    let mut results: Vec<LineResult> = lines.iter().map(LineResult::new).collect();
    let runs = options.runs.unwrap_or(case.runs);
    let mut given_up = vec![false; lines.len()];
    for run in 1..=runs {
        for ((line, result), given_up) in lines.iter().zip(&mut results).zip(&mut given_up) {
            if *given_up {
                continue;
            }
            progress.show(&format!("{} {run}/{runs} {}", case.name, line.label));
            let mut measured = (case.run)(setting, line);
            if measured.as_ref().is_err_and(Trouble::is_noise) {
                measured = (case.run)(setting, line);
            }
            match measured {
                Ok(outcome) => result.add(outcome),
                Err(trouble) => {
                    *given_up = trouble.lasts();
                    result.add_trouble(trouble.to_string());
                }
            }
        }
    }
    if let Some(comparison) = case.comparison {
        result::compare(&mut results, comparison);
    }
    CaseResult {
        case: case.name,
        sentence: case.sentence,
        metrics: case.metrics,
        lines: results,
    }
}
