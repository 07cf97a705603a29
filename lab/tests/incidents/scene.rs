//! A pair in which something goes wrong, and the question why.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use standfast_lab::{Daemon, Host, Moment, NODE_ADDRESSES, Pair, VIP};

use crate::support::{pair_with, standfast, telling};

/// Nothing that is awaited takes longer, however busy the machine is.
pub const LIMIT: Duration = Duration::from_secs(60);
/// Between two questions.
const PERIOD: Duration = Duration::from_millis(250);
/// For one of them.
const QUESTION: Duration = Duration::from_secs(10);

/// A node's file.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    pub vrid: u8,
    pub priority: u8,
    pub address: &'a str,
    /// Further lines of the instance.
    pub lines: &'a str,
    /// Blocks before it.
    pub blocks: &'a str,
}

/// The first node of most pairs.
pub const FIRST: Text<'_> = Text {
    vrid: 51,
    priority: 99,
    address: "192.168.1.200",
    lines: "",
    blocks: "",
};
/// The second one.
pub const SECOND: Text<'_> = Text {
    priority: 90,
    ..FIRST
};

impl Text<'_> {
    pub fn file(self) -> String {
        let Text {
            vrid,
            priority,
            address,
            lines,
            blocks,
        } = self;
        format!(
            "global_defs {{\n    script_user root\n}}\n{blocks}\nvrrp_instance VI_1 {{\n    state BACKUP\n    interface eth0\n    \
             virtual_router_id {vrid}\n    priority {priority}\n    advert_int 1\n    virtual_ipaddress {{\n        \
             {address}/24\n    }}\n{lines}\n}}\n"
        )
    }
}

/// Standfast on the first node, this on the second; both started.
pub fn with_pair(second: Daemon, texts: [Text<'_>; 2], body: impl FnOnce(&mut Pair)) {
    with_files([standfast(), second], texts.map(Text::file), body);
}

/// The same with whole files.
pub fn with_files(daemons: [Daemon; 2], files: [String; 2], body: impl FnOnce(&mut Pair)) {
    let mut pair = pair_with(daemons, files);
    started(&mut pair, body);
}

/// Both daemons of a pair, of which something may be wrong already, are started.
pub fn started(pair: &mut Pair, body: impl FnOnce(&mut Pair)) {
    telling(pair, |pair| {
        pair.first.start_daemon().unwrap();
        pair.second.start_daemon().unwrap();
        body(pair);
    });
}

/// What the daemon of a host says of its instance; none while it does not answer.
pub fn explanation(host: &Host) -> Option<Value> {
    ask(host, &["explain", "--instance", "VI_1", "--json"])
}

fn ask(host: &Host, command: &[&str]) -> Option<Value> {
    let argv = [&["/run/lab/bin/standfast"], command].concat();
    let output = host.run_within(QUESTION, &argv).ok()?;
    serde_json::from_str(&output.output).ok()
}

/// Waits until the state is this one. Who starts is a backup at once: [`follows`] waits for one that has heard its master.
#[track_caller]
pub fn becomes(host: &Host, state: &str) -> Value {
    until(host, &format!("{state} at {}", host.name()), |it| {
        it["state"] == state
    })
}

/// Waits until it is a backup and that node its master, of which it has heard advertisements.
#[track_caller]
pub fn follows(host: &Host, node: usize) {
    let what = format!("{} follows {}", host.name(), address(node));
    let status = |host: &Host| ask(host, &["status", "--json"]);
    until_told(host, &what, status, |it| {
        let instance = &it["instances"][0];
        let master = &instance["master"];
        instance["state"] == "backup" && master["address"] == address(node)
    });
}

/// Waits until the first problem is of that kind, and it and its fix say this.
#[track_caller]
pub fn names(host: &Host, kind: &str, phrases: &[&str]) -> Value {
    let what = format!("{kind} {phrases:?} at {}", host.name());
    let told = until(host, &what, |it| {
        let first = &it["problems"][0];
        let said = format!("{} {}", first["text"], first["fix"]);
        first["kind"] == kind && phrases.iter().all(|phrase| said.contains(phrase))
    });
    let first = &told["problems"][0];
    println!(
        "{}\n  {}\n  fix: {}",
        told["headline"], first["text"], first["fix"]
    );
    told
}

#[track_caller]
fn until(host: &Host, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until_told(host, what, explanation, is_so)
}

#[track_caller]
fn until_told(
    host: &Host,
    what: &str,
    question: impl Fn(&Host) -> Option<Value>,
    is_so: impl Fn(&Value) -> bool,
) -> Value {
    let end = Moment::now() + LIMIT;
    let mut last = Value::Null;
    while Moment::now() < end {
        if let Some(told) = question(host) {
            if is_so(&told) {
                return told;
            }
            last = told;
        }
        thread::sleep(PERIOD);
    }
    panic!("{what}: not within {LIMIT:?}; the last answer is {last:#}");
}

/// It is in that state, and nothing is wrong, for so long.
#[track_caller]
pub fn is_well(host: &Host, state: &str, time: Duration) {
    let none = |it: &Value| it["state"] == state && it["problems"] == Value::Array(Vec::new());
    until(
        host,
        &format!("{state} without a problem at {}", host.name()),
        none,
    );
    let end = Moment::now() + time;
    while Moment::now() < end {
        let told = explanation(host);
        assert!(told.as_ref().is_none_or(none), "{told:#?}");
        thread::sleep(PERIOD);
    }
}

/// Address of a node as text.
pub fn address(node: usize) -> String {
    NODE_ADDRESSES[node].to_string()
}

/// The pair's virtual address as text.
pub fn vip() -> String {
    VIP.to_string()
}
