//! `standfast check` and `keepalived -t`.

mod fix;
mod input;
mod listen;
mod report;

pub(crate) use input::Input;

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use standfast_config::nodes::{Comparison, Node, compare};
use standfast_config::{
    Code, Diagnostic, Environment, LoadOptions, Loaded, NoEnvironment, Severity, load, render,
};
use standfast_daemon::{HostEnvironment, host, load_here};

/// Where the daemon looks for its configuration.
const DEFAULT_FILE: &str = "/etc/keepalived/keepalived.conf";
/// Files of this directory are those of the machine they lie on.
const CONFIGURATION_DIRECTORY: &str = "/etc";

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the line, a mark below it, and what to do; on standard error, with a summary on standard output.
    #[default]
    Text,
    /// One JSON object with `diagnostics` and `files`, on standard output.
    Json,
    /// SARIF 2.1.0 for code scanning services, on standard output.
    Sarif,
}

/// The arguments of `standfast check`.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Configuration files; `-` is standard input. Several are judged one by one and then compared as the nodes of one cluster
    /// [default: /etc/keepalived/keepalived.conf].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A configuration file, as the daemon takes it; the same as FILE.
    #[arg(
        short = 'f',
        long = "file",
        visible_alias = "use-file",
        value_name = "FILE"
    )]
    named: Vec<PathBuf>,
    /// How to print what is found.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Exit with 1 for warnings as well; notes never count.
    #[arg(long)]
    deny_warnings: bool,
    /// Apply the changes that are certain to the files themselves, then judge what is left.
    #[arg(long)]
    fix: bool,
    /// Judge also by this host: interfaces, addresses, scripts, users, firewall, network managers, kernel settings, other
    /// daemons, and what this version can run [default for root and one file below /etc].
    #[arg(long, alias = "on-this-host", overrides_with = "no_host")]
    host: bool,
    /// Judge by the text alone.
    #[arg(long)]
    no_host: bool,
    /// Listen on the instances' interfaces for two down intervals (some seconds), and judge what other routers advertise there;
    /// for one file, and with the right to open raw sockets (root, or CAP_NET_RAW). Sends no advertisement; joins the multicast group.
    #[arg(long)]
    listen: bool,
    /// Value that `@id` lines are compared with; given several times, each file is read as each of these nodes, and they are
    /// compared [default: the host name].
    #[arg(long = "config-id", alias = "node", value_name = "ID")]
    config_ids: Vec<String>,
    #[arg(skip)]
    input: Input,
    #[arg(skip = HostEnvironment::with_advice())]
    host_environment: HostEnvironment,
}

/// One file with what was found in it.
struct Checked {
    file: PathBuf,
    /// What it is called beside others: the file's name, or the node it was read as.
    node: String,
    loaded: Loaded,
}

impl Checked {
    fn count(&self, severity: Severity) -> usize {
        let all = self.loaded.diagnostics.iter();
        all.filter(|found| found.severity == severity).count()
    }
}

impl Check {
    pub(crate) fn run(mut self) -> ExitCode {
        self.files.append(&mut self.named);
        if self.files.is_empty() {
            self.files.push(DEFAULT_FILE.into());
        }
        if self.listen && (self.files.len() > 1 || self.config_ids.len() > 1) {
            eprintln!("standfast: --listen is for the one file of this host");
            return ExitCode::FAILURE;
        }
        let on_host = self.judges_by_host();
        if self.fix && !self.fix_files(on_host) {
            return ExitCode::FAILURE;
        }
        let mut checked = match self.check_all(on_host) {
            Ok(mut checked) => {
                self.look_around(&mut checked, on_host);
                checked
            }
            Err(error) => {
                eprintln!("standfast: cannot read standard input: {error}");
                return ExitCode::FAILURE;
            }
        };
        if checked.len() > 1 {
            for one in &mut checked {
                // The comparison says it of these very nodes.
                one.loaded
                    .diagnostics
                    .retain(|found| found.code != Code::SmallWeight);
            }
        }
        let compared = (checked.len() > 1).then(|| compare_nodes(&checked));
        report::print(self.format, &checked, compared.as_ref(), on_host);
        let between = compared.iter().flat_map(|compared| &compared.diagnostics);
        let worst = between.map(|found| found.severity).max();
        let limit = if self.deny_warnings {
            Severity::Warning
        } else {
            Severity::Error
        };
        let bad = |one: &Checked| {
            one.loaded.has_errors()
                || one.count(Severity::Error) > 0
                || (self.deny_warnings && one.count(Severity::Warning) > 0)
        };
        let failed = worst >= Some(limit) || checked.iter().any(bad);
        // The process ends here, and giving thousands of objects back one by one takes longer than judging them.
        std::mem::forget((checked, compared));
        ExitCode::from(u8::from(failed || report::output_was_lost()))
    }

    /// Each file, read as each node.
    fn check_all(&self, on_host: bool) -> std::io::Result<Vec<Checked>> {
        let mut checked: Vec<Checked> = Vec::new();
        for file in &self.files {
            if self.config_ids.is_empty() {
                checked.push(self.check_one(file, None, on_host)?);
            }
            for id in &self.config_ids {
                checked.push(self.check_one(file, Some(id), on_host)?);
            }
        }
        name_apart(&mut checked);
        Ok(checked)
    }

    /// Adds what this host, and the network it is in, say about each file.
    fn look_around(&self, checked: &mut [Checked], on_host: bool) {
        for one in checked {
            let all = &mut one.loaded.diagnostics;
            if on_host {
                all.extend(host::findings(&one.loaded.config, &self.host_environment));
            }
            if self.listen {
                all.extend(listen::findings(&one.loaded.config, &self.host_environment));
            }
            all.sort_by_key(|found| (found.primary.file, found.primary.start()));
        }
    }

    fn judges_by_host(&self) -> bool {
        if self.host || self.no_host {
            return self.host;
        }
        let local = |file: &PathBuf| file.starts_with(CONFIGURATION_DIRECTORY);
        self.files.len() == 1 && self.files.iter().all(local) && standfast_daemon::is_root()
    }

    fn check_one(
        &self,
        file: &Path,
        id: Option<&String>,
        on_host: bool,
    ) -> std::io::Result<Checked> {
        let (environment, options) = (self.environment(on_host), self.options(id));
        let (path, source) = self.input.open(file)?;
        let mut loaded = load(&[path], source.as_ref(), environment, &options);
        say_what_does_not_run(&mut loaded, on_host);
        let name = file
            .file_name()
            .unwrap_or(file.as_os_str())
            .to_string_lossy();
        let several_ids = self.config_ids.len() > 1;
        let node = match id.filter(|_| several_ids) {
            Some(id) => id.clone(),
            None if self.same_names() => file.to_string_lossy().into_owned(),
            None => name.into_owned(),
        };
        let file = file.to_path_buf();
        Ok(Checked { file, node, loaded })
    }

    /// Whether two files have the same name in different directories.
    fn same_names(&self) -> bool {
        let mut names: Vec<_> = self.files.iter().map(|file| file.file_name()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair.first() == pair.last())
    }

    /// Changes the files; false where that failed.
    fn fix_files(&self, on_host: bool) -> bool {
        let mut done = true;
        for file in &self.files {
            if file == Path::new("-") {
                eprintln!("standfast: --fix changes files; standard input stays as it is");
                continue;
            }
            let id = self.config_ids.first();
            let Ok(checked) = self.check_one(file, id, on_host) else {
                continue;
            };
            let options = self.options(id);
            let environment = self.environment(on_host);
            let paths = std::slice::from_ref(file);
            done &= fix::apply(&checked.loaded, |source| {
                load(paths, source, environment, &options)
            });
        }
        done
    }

    fn options(&self, id: Option<&String>) -> LoadOptions {
        LoadOptions {
            config_id: id.cloned(),
            ..LoadOptions::default()
        }
    }

    fn environment(&self, on_host: bool) -> &dyn Environment {
        if on_host {
            &self.host_environment
        } else {
            &NoEnvironment
        }
    }
}

/// Nodes of one name get a number each.
fn name_apart(checked: &mut [Checked]) {
    let names: Vec<String> = checked.iter().map(|one| one.node.clone()).collect();
    for (at, one) in checked.iter_mut().enumerate() {
        let same = |name: &&String| **name == one.node;
        if names.iter().filter(same).count() > 1 {
            let before = names.iter().take(at).filter(same).count();
            one.node = format!("{} ({})", one.node, before + 1);
        }
    }
}

fn compare_nodes(checked: &[Checked]) -> Comparison {
    let nodes: Vec<Node<'_>> = checked
        .iter()
        .map(|one| Node {
            name: &one.node,
            loaded: &one.loaded,
        })
        .collect();
    compare(&nodes)
}

/// What this version leaves undone: on the host that it would run on that is no matter of taste.
fn say_what_does_not_run(loaded: &mut Loaded, on_host: bool) {
    let Some(service) = loaded.config.virtual_servers.first().filter(|_| on_host) else {
        return;
    };
    let text = "virtual servers are not run by this version: nothing is distributed";
    let found = Diagnostic::error(Code::NotSupported, service.identity.span, text);
    loaded.diagnostics.push(found);
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
    let loaded = load_here(files, &HostEnvironment::default(), &options);
    let text: String = loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity > Severity::Note)
        .map(|diagnostic| render(diagnostic, &loaded.sources, false) + "\n")
        .collect();
    let written = match log {
        None => {
            let colour = std::io::stderr().is_terminal();
            // keepalived says nothing of what only may be unwise.
            let mut said = loaded.diagnostics.clone();
            said.retain(|found| found.severity > Severity::Note);
            report::print_text(&said, &loaded.sources, colour);
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
