//! Command lines that say something else than their author means.

use super::Lints;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Command, Script, VrrpScript};
use crate::source::{ScriptProblemKind, ScriptState};

/// Words that only a shell understands.
const SHELL_WORDS: &[&str] = &["&&", "||", "|", ";", ">", ">>", "<", "2>&1", "&", "&>"];
/// Commands that exist within a shell only.
const BUILT_INS: &[&str] = &[
    ".", ":", "alias", "cd", "command", "eval", "exec", "exit", "export", "for", "if", "let",
    "return", "set", "shift", "source", "trap", "type", "ulimit", "umask", "unset", "until",
    "while", "[[",
];
/// Programs that are often missing, and the package that has them (Debian, Fedora).
const PACKAGES: &[(&str, &str)] = &[
    ("killall", "psmisc"),
    ("pidof", "sysvinit-utils (Debian) or procps-ng (Fedora)"),
    ("pgrep", "procps (Debian) or procps-ng (Fedora)"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("nc", "netcat-openbsd (Debian) or nmap-ncat (Fedora)"),
    ("ss", "iproute2"),
    ("netstat", "net-tools"),
];

impl Lints<'_> {
    /// A check's command: as any other, and what its text says about its result.
    pub(super) fn check_command(&mut self, script: &VrrpScript) {
        self.command(&script.script);
        self.missing_package(
            &script.script,
            "the check is left out, and the address stays whatever happens",
        );
        if matches!(script.state, ScriptState::Unknown | ScriptState::Missing) {
            return;
        }
        let program = script.script.command.program().unwrap_or_default();
        if let Some(text) = self.environment.script_text(program) {
            self.script_text(&script.script, &text);
        }
    }

    /// The command of a notification.
    pub(super) fn notify_command(&mut self, script: &Script) {
        self.command(script);
        self.missing_package(script, "nobody is notified");
    }

    /// Any command.
    fn command(&mut self, script: &Script) {
        let Command::Argv(argv) = &script.command else {
            return;
        };
        let Some(program) = argv.first() else { return };
        self.built_in(script, program);
        self.shell_syntax(script, argv);
        self.dashes(script, argv);
        self.unsafe_path(script, program);
    }

    fn built_in(&mut self, script: &Script, program: &str) {
        if BUILT_INS.contains(&program) {
            let text = format!("`{program}` exists within a shell only, and no shell is used");
            let help = "run `/bin/sh -c \"...\"`, or put the commands into a script of their own";
            self.warn(Code::ShellBuiltIn, script.span, text, help);
        }
    }

    fn shell_syntax(&mut self, script: &Script, argv: &[String]) {
        if starts_shell(argv) {
            return;
        }
        let shell = |word: &&String| {
            SHELL_WORDS.contains(&word.as_str())
                || word.starts_with("$(")
                || word.starts_with('`')
                || word.starts_with("2>")
                || word.starts_with(">/")
                || (word.len() > 1 && word.ends_with(';'))
        };
        if let Some(word) = argv.iter().find(shell) {
            let text = format!("`{word}` is passed on as a word: no shell is used to run this");
            let help = "run `/bin/sh -c \"...\"`, or put the commands into a script of their own";
            self.warn(Code::ShellSyntax, script.span, text, help);
        }
    }

    /// Dashes that a word processor made of `-`.
    fn dashes(&mut self, script: &Script, argv: &[String]) {
        let wrong = |word: &&String| word.starts_with(['\u{2013}', '\u{2014}', '\u{2212}']);
        if let Some(word) = argv.iter().find(wrong) {
            let text = format!(
                "`{word}` begins with a typographic dash, not with `-`: the program takes it for a name"
            );
            self.warn(
                Code::TypographicDash,
                script.span,
                text,
                "type the dash again",
            );
        }
    }

    fn missing_package(&mut self, script: &Script, consequence: &str) {
        let program = script.command.program().unwrap_or_default();
        let name = program.rsplit('/').next().unwrap_or(program);
        let Some((_, package)) = PACKAGES.iter().find(|(known, _)| *known == name) else {
            return;
        };
        if self.environment.script(program) == ScriptState::Missing {
            let text = format!("`{name}` is not installed on this host: {consequence}");
            let help = format!("install the package {package}, or use another check");
            self.warn(Code::ProgramNotInstalled, script.span, text, &help);
        }
    }

    /// Which component of the path is at fault, whose it is and what its mode is.
    fn unsafe_path(&mut self, script: &Script, program: &str) {
        let Some(problem) = self.environment.script_problem(program) else {
            return;
        };
        let path = problem.path.display();
        let quoted = shell_quoted(&problem.path.to_string_lossy());
        let (what, help) = match problem.kind {
            ScriptProblemKind::WritableByOthers => (
                "others than root may write to",
                format!("chown root {quoted}; chmod go-w {quoted}"),
            ),
            ScriptProblemKind::NotExecutable => (
                "it may not be run, because of",
                format!("chmod a+x {quoted}"),
            ),
            // The missing file itself is reported where the script is judged.
            ScriptProblemKind::Missing | ScriptProblemKind::NotAFile => return,
        };
        let text = format!(
            "`{program}`: {what} {path} (owner {}, mode {:04o})",
            problem.owner,
            problem.mode & 0o7777
        );
        self.say(Diagnostic::warning(Code::ScriptPathUnsafe, script.span, text).help(help));
    }
}

/// The first word is a shell, or `env` and a shell, and a `-c` follows.
fn starts_shell(argv: &[String]) -> bool {
    let shell = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or(word);
        matches!(
            name,
            "sh" | "bash"
                | "dash"
                | "ash"
                | "ksh"
                | "zsh"
                | "busybox"
                | "env"
                | "timeout"
                | "sudo"
                | "su"
        )
    };
    argv.iter().take(3).any(shell)
}

/// The word as a shell takes it for one: people paste commands from messages.
pub(crate) fn shell_quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:@%+=,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
