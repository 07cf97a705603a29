//! `standfast config`: what a configuration says, as JSON.

mod written;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use standfast_config::{LoadOptions, NoEnvironment, load};

use crate::check::Input;

/// The arguments of `standfast config`.
#[derive(clap::Args)]
pub(crate) struct Config {
    /// Configuration file; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "/etc/keepalived/keepalived.conf")]
    file: PathBuf,
    /// Print only what is written, keyword by keyword, instead of what takes effect with all defaults
    /// (docs/reference/keepalived.schema.json describes it).
    #[arg(long)]
    as_written: bool,
    /// Value that `@id` lines are compared with [default: the host name].
    #[arg(long, value_name = "ID")]
    config_id: Option<String>,
}

impl Config {
    pub(crate) fn run(self) -> ExitCode {
        let options = LoadOptions {
            config_id: self.config_id,
            document: self.as_written,
            ..LoadOptions::default()
        };
        let (path, source) = match Input::default().open(&self.file) {
            Ok(opened) => opened,
            Err(error) => {
                eprintln!("standfast: cannot read standard input: {error}");
                return ExitCode::FAILURE;
            }
        };
        let loaded = load(&[path], source.as_ref(), &NoEnvironment, &options);
        if loaded.sources.files().next().is_none() {
            eprintln!(
                "standfast: {} cannot be read: standfast check says why",
                self.file.display()
            );
            return ExitCode::FAILURE;
        }
        let json = match &loaded.document {
            Some(items) => Ok(written::block(items)),
            None => serde_json::to_value(&loaded.config),
        };
        let text = json.and_then(|json| serde_json::to_string_pretty(&json));
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                eprintln!("standfast: cannot print the configuration: {error}");
                return ExitCode::FAILURE;
            }
        };
        if let Err(error) = writeln!(std::io::stdout(), "{text}")
            && error.kind() != ErrorKind::BrokenPipe
        {
            eprintln!("standfast: cannot write the configuration: {error}");
            return ExitCode::FAILURE;
        }
        if loaded.has_errors() {
            eprintln!(
                "standfast: {} has errors, what they concern is left out: standfast check {}",
                self.file.display(),
                self.file.display()
            );
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}
