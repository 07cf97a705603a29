//! Checks that fail, cannot run, or hang.

use standfast_lab::{PairOptions, WebServer};

use crate::scene::{FIRST, SECOND, Text, becomes, names, with_files, with_pair};
use crate::support::{agent, standfast, telling};

const TRACKED: &str = "    track_script {\n        chk_nginx\n    }";

fn block(script: &str, timeout: u8) -> String {
    format!(
        "vrrp_script chk_nginx {{\n    script \"{script}\"\n    interval 1\n    timeout {timeout}\n    weight -5\n}}"
    )
}

/// The tutorial's pair: no node is better than the other, so nothing moves.
#[test]
fn nginx_down_on_both() {
    let web = WebServer::installed();
    let daemons = [standfast(), standfast()];
    let options = PairOptions::example(agent(), daemons, Some(web));
    let mut pair = standfast_lab::Pair::new(&options).unwrap();
    telling(&mut pair, |pair| {
        pair.first.start_daemon().unwrap();
        pair.second.start_daemon().unwrap();
        becomes(&pair.first.host, "master");
        for host in [&pair.first.host, &pair.second.host] {
            web.spoil(host).unwrap();
            web.kill(host).unwrap();
        }
        let phrases = [
            "chk_nginx fails",
            "99 − 5 = 94",
            "nginx-2",
            "93 of 98",
            "no node is better",
        ];
        names(&pair.first.host, "no-healthy-node", &phrases);
    });
}

/// It falls by less than the distance to the other node.
#[test]
fn weight_too_small() {
    let script = block("/usr/bin/test ! -e /run/failing", 1);
    let with = |text: Text<'static>, script: &str| {
        Text {
            lines: TRACKED,
            blocks: script,
            ..text
        }
        .file()
    };
    let files = [with(FIRST, &script), SECOND.file()];
    with_files([standfast(), standfast()], files, |pair| {
        becomes(&pair.first.host, "master");
        pair.first
            .host
            .write_file("/run/failing", "", 0o644)
            .unwrap();
        let phrases = [
            "99 − 5 = 94",
            "has 90: the address does not move",
            "weight of -10",
        ];
        names(&pair.first.host, "weight-too-small", &phrases);
    });
}

#[test]
fn script_missing() {
    let script = block("/etc/keepalived/no_such_check.sh", 1);
    let first = Text {
        lines: TRACKED,
        blocks: &script,
        ..FIRST
    };
    with_pair(standfast(), [first, SECOND], |pair| {
        let phrases = [
            "chk_nginx cannot run",
            "no_such_check.sh",
            "does NOT move the addresses",
        ];
        names(&pair.first.host, "script-missing", &phrases);
    });
}

#[test]
fn script_hangs() {
    let script = block("/bin/sleep 60", 1);
    let first = Text {
        lines: TRACKED,
        blocks: &script,
        ..FIRST
    };
    with_pair(standfast(), [first, SECOND], |pair| {
        names(
            &pair.first.host,
            "check-hangs",
            &["chk_nginx hangs", "timeout of 1 s", "/bin/sleep"],
        );
    });
}
