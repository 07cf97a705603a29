//! Who is measured: our daemon, as it is shipped, and any number of keepalived's.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use standfast_lab::{Host, LabError, PROGRAM_FOLDER, Process, Program, find_program};

/// A daemon that is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it is called in tables.
    pub label: String,
    /// Whose it is.
    pub maker: Maker,
    /// Its executable.
    pub binary: PathBuf,
}

/// Who made a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// This project.
    Standfast,
    /// keepalived's.
    Keepalived,
}

impl Subject {
    /// Ours, built for release.
    ///
    /// # Errors
    /// When the build fails.
    pub fn standfast(root: &Path) -> io::Result<Self> {
        Ok(Self {
            label: "standfast".to_owned(),
            maker: Maker::Standfast,
            binary: build(root)?,
        })
    }

    /// The installed keepalived, if there is one.
    #[must_use]
    pub fn installed_keepalived() -> Option<Self> {
        find_program("keepalived").map(|binary| Self::keepalived(&binary))
    }

    /// A keepalived, named by the version that it tells.
    #[must_use]
    pub fn keepalived(binary: &Path) -> Self {
        let said = Command::new(binary).arg("--version").output();
        let said = said.map(|output| [output.stdout, output.stderr].concat());
        let said = String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
        // "Keepalived v2.2.7 (01/16,2022)"
        let version = said.split_whitespace().nth(1).unwrap_or("v?").to_owned();
        Self {
            label: format!("keepalived {}", version.trim_start_matches('v')),
            maker: Maker::Keepalived,
            binary: binary.to_path_buf(),
        }
    }

    /// Whether this is ours.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(self.maker, Maker::Standfast)
    }

    /// What a host must be shown to run it.
    #[must_use]
    pub fn program(&self) -> Program {
        Program {
            source: self.binary.to_string_lossy().into_owned(),
            name: self.name().to_owned(),
            system_names: Vec::new(),
        }
    }

    const fn name(&self) -> &'static str {
        match self.maker {
            Maker::Standfast => "standfast",
            Maker::Keepalived => "keepalived",
        }
    }

    /// Starts it in the foreground; what it prints goes to a file of the host.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(&self, host: &Host, configuration: &str, log: &str) -> Result<Process, LabError> {
        let redirect = format!("exec \"$@\" >{log} 2>&1");
        let file = format!("{PROGRAM_FOLDER}/{}", self.name());
        let options: &[&str] = match self.maker {
            Maker::Standfast => &["run", "-f", configuration],
            Maker::Keepalived => &["-n", "-l", "-D", "-G", "-f", configuration],
        };
        let shell = ["sh", "-c", &redirect, "sh", &file];
        host.spawn(&[&shell[..], options].concat(), &[])
    }

    /// What `standfast check` has against a configuration: the first line that names one of `keywords`, or that refuses the file.
    #[must_use]
    pub fn refusal(&self, file: &Path, keywords: &[&str]) -> Option<String> {
        if !self.is_ours() {
            return None;
        }
        let mut check = Command::new(&self.binary);
        let output = check.args(["check", "--no-host"]).arg(file).output().ok()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let ignored = |line: &str| IGNORED.iter().any(|code| line.contains(code));
        let names = |line: &str| keywords.iter().any(|word| line.contains(word));
        let mut lines = text.lines();
        let refusal = |line: &&str| line.starts_with("error") || ignored(line) && names(line);
        lines.find(refusal).map(str::to_owned)
    }
}

/// Findings that say that a line has no effect: no keyword, or none that this version acts on.
const IGNORED: [&str; 2] = ["[SF0008]", "[SF0111]"];

/// Builds what is shipped; its path.
///
/// # Errors
/// When the build fails.
pub fn build(root: &Path) -> io::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "standfast"])
        .current_dir(root)
        .status()?;
    if !status.success() {
        return Err(io::Error::other("the release build failed"));
    }
    Ok(target(root).join("release/standfast"))
}

/// Where cargo builds.
#[must_use]
pub fn target(root: &Path) -> PathBuf {
    root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| OsString::from("target")))
}
