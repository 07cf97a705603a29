//! What a check script's own text says about its result (user-reported failures, not style).

use super::Lints;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Script;

/// What can be wrong with the text.
struct Fault {
    /// What it is, after "this script".
    what: &'static str,
    help: &'static str,
}

impl Lints<'_> {
    pub(super) fn script_text(&mut self, script: &Script, text: &str) {
        for fault in faults(text) {
            let message = format!(
                "`{}` {}",
                script.command.program().unwrap_or_default(),
                fault.what
            );
            let found =
                Diagnostic::warning(Code::ScriptText, script.span, message).help(fault.help);
            self.say(found);
        }
    }
}

fn faults(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |what, help| faults.push(Fault { what, help });
    let code: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let any = |parts: &[&str]| {
        code.iter()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    if text.starts_with("#!") && text.lines().next().is_some_and(|line| line.ends_with('\r')) {
        fault(
            "has Windows line ends: its interpreter is not found",
            "convert it: sed -i 's/\\r$//' FILE",
        );
    }
    if !text.starts_with("#!") {
        fault("has no `#!` line", "begin it with #!/bin/sh");
    }
    if code.iter().any(|line| has_typographic_dash(line)) {
        fault(
            "holds typographic dashes, which programs take for names",
            "type the dashes again",
        );
    }
    if code.iter().any(|line| counts_itself(line)) && !any(&["grep -v"]) {
        fault(
            "counts processes with `ps | grep`, which finds the grep itself and every editor with that name",
            "use `pgrep -x NAME`, a `vrrp_track_process`, or a request to the service itself",
        );
    }
    let stops = [
        "stop keepalived",
        "keepalived stop",
        "killall keepalived",
        "killall -9 keepalived",
        "pkill keepalived",
    ];
    if stops.iter().any(|part| any(&[part])) {
        fault(
            "stops the daemon to move the address: nothing brings it back when the service is well again",
            "let the script exit with 1 instead, and give it no weight",
        );
    }
    let decides = any(&["exit"]) || any(&["exec "]) || any(&["set -e"]);
    if !decides && any(&["echo "]) {
        fault(
            "never calls `exit`: its result is that of its last command",
            "end it with `exit 0` or `exit 1`; what it prints is not looked at",
        );
    }
    faults
}

/// An option that begins with a long dash; one between two words is punctuation of a message.
fn has_typographic_dash(line: &str) -> bool {
    let dash = |word: &str| {
        let rest = word.strip_prefix(['\u{2013}', '\u{2014}']);
        rest.is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_alphanumeric()))
    };
    line.split_whitespace().any(dash)
}

/// `ps | grep NAME` without `grep [N]AME`, which does not find itself.
fn counts_itself(line: &str) -> bool {
    let ends = |letter: char| !(letter.is_alphanumeric() || "_-./:".contains(letter));
    let has = |word: &str| line.split(ends).any(|other| other == word);
    let bracketed = |after: &str| after.trim_start_matches([' ', '"', '\'']).starts_with('[');
    let guarded = line.split("grep").skip(1).any(bracketed);
    has("ps") && has("grep") && !guarded
}

#[cfg(test)]
mod tests {
    use super::faults;

    fn found(text: &str) -> Vec<&'static str> {
        faults(text).iter().map(|fault| fault.what).collect()
    }

    #[test]
    fn a_sound_script_draws_nothing() {
        assert_eq!(
            found("#!/bin/sh\n# ps | grep\ncurl -fs http://127.0.0.1/ >/dev/null || exit 1\n"),
            Vec::<&str>::new()
        );
        for line in [
            "pidof nginx",
            "pgrep -x https nginx",
            "ps -ef | grep '[n]ginx'",
            "test $(ps -ef | grep nginx | grep -v grep | wc -l) -gt 0",
            "echo \"nginx \u{2013} up\"; exit 0",
            "curl -s https://127.0.0.1/ps | grep -q ok",
        ] {
            assert_eq!(
                found(&format!("#!/bin/sh\n{line}\n")),
                Vec::<&str>::new(),
                "{line}"
            );
        }
    }

    #[test]
    fn the_copied_tutorial_script_is_recognised() {
        let text = "#!/bin/bash\nA=`ps -C nginx \u{2013}no-header |wc -l`\nif [ $A -eq 0 ];then\n/usr/local/nginx/sbin/nginx\nsleep 2\nif [ `ps -C nginx --no-header |wc -l` -eq 0 ];then\nkillall keepalived\nfi\nfi\n";
        let found = found(text);
        assert!(
            found.iter().any(|what| what.contains("dashes")),
            "{found:?}"
        );
        assert!(
            found.iter().any(|what| what.contains("stops the daemon")),
            "{found:?}"
        );
    }

    #[test]
    fn echo_is_not_a_result() {
        let found = found("ps aux | grep nginx\r\nif x; then echo 1; fi\n");
        assert!(
            found.iter().any(|what| what.contains("never calls `exit`")),
            "{found:?}"
        );
        assert!(
            found.iter().any(|what| what.contains("no `#!`")),
            "{found:?}"
        );
        assert!(
            found.iter().any(|what| what.contains("ps | grep")),
            "{found:?}"
        );
    }
}
