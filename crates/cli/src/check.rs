//! `standfast check` and `keepalived -t`.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use standfast_config::{
    Environment, FileSource, LoadOptions, Loaded, NoEnvironment, Severity, load, render,
};
use standfast_daemon::{HostEnvironment, not_run};

/// Checks each file by itself; 0 clean, 1 errors (or warnings, where denied).
pub(crate) fn main(
    files: &[PathBuf],
    config_id: Option<String>,
    on_this_host: bool,
    deny_warnings: bool,
) -> ExitCode {
    let environment: &dyn Environment = if on_this_host {
        &HostEnvironment
    } else {
        &NoEnvironment
    };
    let colour = std::io::stderr().is_terminal();
    let mut failed = false;
    for file in files {
        let options = LoadOptions {
            config_id: config_id.clone(),
            ..LoadOptions::default()
        };
        let loaded = load(
            std::slice::from_ref(file),
            &FileSource,
            environment,
            &options,
        );
        print(&loaded, colour);
        let idle = not_run(&loaded.config);
        for (instance, why) in &idle {
            eprintln!(
                "error: `{}` will NOT run: this version does not support {why}; its addresses are \
                 not protected",
                instance.name.value
            );
        }
        let warned = loaded
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Warning);
        let bad = loaded.has_errors() || !idle.is_empty() || (deny_warnings && warned);
        failed |= bad;
        let mut line = format!("{}: {}", file.display(), summary(&loaded, idle.len()));
        if !on_this_host {
            line.push_str("; interfaces, scripts and users not looked at (--on-this-host)");
        }
        // A reader that has gone away needs no summary.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    ExitCode::from(u8::from(failed))
}

fn print(loaded: &Loaded, colour: bool) {
    for diagnostic in &loaded.diagnostics {
        let text = render(diagnostic, &loaded.sources, colour);
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

fn summary(loaded: &Loaded, idle: usize) -> String {
    let count = |severity| {
        let all = loaded.diagnostics.iter();
        all.filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let plural = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let count = loaded.config.instances.len();
    let instances = match (count, idle) {
        (0, _) => "nothing to run: no VRRP instance".to_owned(),
        (_, 0) => plural(count, "VRRP instance"),
        _ => format!("{} of {} run", count - idle, plural(count, "VRRP instance")),
    };
    let found = match (errors + idle, warnings) {
        (0, 0) => "ok".to_owned(),
        (errors, warnings) => format!(
            "{}, {}",
            plural(errors, "error"),
            plural(warnings, "warning")
        ),
    };
    match loaded.keepalived_refusal() {
        None => format!("{found} ({instances})"),
        Some(_) => format!("{found}; keepalived would refuse to start"),
    }
}

/// `keepalived -t`: messages to standard error or a file, keepalived's exit codes.
pub(crate) fn keepalived_test(
    files: &[PathBuf],
    config_id: Option<String>,
    log: Option<&Path>,
) -> ExitCode {
    let options = LoadOptions {
        config_id,
        strict_lexing: true,
        ..LoadOptions::default()
    };
    let loaded = load(files, &FileSource, &HostEnvironment, &options);
    let text: String = loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity > Severity::Note)
        .map(|diagnostic| render(diagnostic, &loaded.sources, false) + "\n")
        .collect();
    let written = match log {
        None => {
            print(&loaded, std::io::stderr().is_terminal());
            Ok(())
        }
        Some(path) => OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes())),
    };
    if let Err(error) = written {
        eprintln!("keepalived: cannot write the test's log: {error}");
    }
    ExitCode::from(loaded.keepalived_test_exit())
}
