//! `standfast man` and `standfast completions`, as a shell and a packager use them.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn standfast(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash says to a script on its standard input.
fn bash(script: &str) -> Output {
    let mut child = Command::new("bash")
        .args(["--norc", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

/// What bash completes the last of the words to.
fn completed(words: &[&str]) -> Vec<String> {
    let (last, before) = words.split_last().unwrap();
    let script = format!(
        "{}\nCOMP_WORDS=({}) COMP_CWORD={}\n_standfast standfast '{last}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        standfast(&["completions", "bash"]),
        words
            .iter()
            .map(|word| format!("'{word}' "))
            .collect::<String>(),
        before.len(),
        before.last().unwrap(),
    );
    let output = bash(&script);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}

#[test]
fn the_manual_page_under_version_control_is_what_the_program_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/man/standfast.1");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == standfast(&["man"]), "stale: cargo xtask docs");
}

#[test]
fn the_manual_page_has_every_command_that_help_names() {
    let page = standfast(&["man"]);
    let help = standfast(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 7, "{names:?}");
    for name in names {
        assert!(
            page.contains(&format!(".SS \"standfast {name}\"")),
            "{name}"
        );
    }
    assert!(!page.contains("standfast man\""), "hidden");
}

#[test]
fn bash_completes_keywords_codes_blocks_and_commands() {
    assert_eq!(completed(&["standfast", "explain", "prio"]), ["priority"]);
    assert_eq!(completed(&["standfast", "explain", "SF0008"]), ["SF0008"]);
    let blocks = completed(&["standfast", "explain", "--in", "vrrp_i"]);
    assert_eq!(blocks, ["vrrp_instance"]);
    assert_eq!(completed(&["standfast", "compl"]), ["completions"]);
    let words = completed(&["standfast", "explain", ""]);
    assert!(words.len() > 500, "{}", words.len());
}

#[test]
fn bash_completes_the_options_of_commands_that_steer() {
    for (words, expected) in [
        (&["standfast", "switch"][..], "switchover"),
        (&["standfast", "drain", "--f"], "--for"),
        (&["standfast", "reload", "--pl"], "--plan"),
        (&["standfast", "status", "--w"], "--watch"),
        (&["standfast", "status", "--color", "n"], "never"),
    ] {
        assert_eq!(completed(words), [expected], "{words:?}");
    }
}

#[test]
fn shells_ask_the_daemon_for_names_when_they_complete() {
    for (shell, asked) in [
        (
            "bash",
            "opts=\"-h --for --json --color --socket --namespace --help $(standfast __names checks 2>/dev/null)\"",
        ),
        ("zsh", ":($(standfast __names checks 2>/dev/null))"),
        (
            "fish",
            "__fish_standfast_using_subcommand pause\" -f -a \"(standfast __names checks 2>/dev/null)\"",
        ),
    ] {
        let script = standfast(&["completions", shell]);
        assert!(script.contains(asked), "{shell}");
        for kind in ["instances", "targets", "nodes"] {
            assert!(
                script.contains(&format!("(standfast __names {kind} 2>/dev/null)")),
                "{shell}: {kind}"
            );
        }
        assert!(
            !script.contains("__standfast_"),
            "{shell}: a word that stands for names"
        );
        // It is no command that somebody is to see.
        assert!(!script.contains("subcmd____names"), "{shell}");
    }
    for shell in ["elvish", "powershell"] {
        assert!(
            !standfast(&["completions", shell]).contains("__standfast_"),
            "{shell}"
        );
    }
}

#[test]
fn every_shell_has_a_script_that_names_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = standfast(&["completions", shell]);
        for word in ["explain", "switchover", "unpause", "--deny-warnings"] {
            let bare = word.trim_start_matches('-');
            assert!(script.contains(bare), "{shell}: {word}");
        }
    }
}

#[test]
fn fish_and_zsh_know_the_words_that_can_be_explained() {
    for shell in ["zsh", "fish"] {
        let script = standfast(&["completions", shell]);
        for word in ["priority", "SF0008", "virtual_server_group"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
