//! The files that keepalived's users and monitoring read after a signal, in keepalived's layouts: `keepalived.data`
//! (SIGUSR1), `keepalived.stats` (SIGUSR2, SIGRTMAX-1) and `keepalived.json` (SIGRTMIN+2).
//!
//! Here they are texts only; `clerk` writes them. Compared with keepalived 2.2.7, passwords are masked, descriptors of
//! sockets are left out, and in `keepalived.data` the lines without `=` stand behind those that exporters look for.

mod address;
mod global;
mod json;
mod peers;
mod place;
mod scripts;
mod statistics;
mod topology;

use std::collections::BTreeMap;
use std::fmt::Arguments;
use std::fmt::Write as _;

use standfast_config::{Command, Config, Script, VrrpInstance, VrrpScript};
use standfast_core::router::{Router, State};
use standfast_core::{Instant, Node};
use standfast_linux::clock::realtime;

use crate::lateness::Lateness;

pub(crate) use json::json;
pub(crate) use place::{Dump, Scope, path};
pub(crate) use statistics::statistics;

/// Everything that there is to tell at one moment.
pub(crate) struct Picture<'a> {
    node: &'a Node,
    config: &'a Config,
    instances: BTreeMap<&'a str, &'a VrrpInstance>,
    /// Groups by their members.
    groups: BTreeMap<&'a str, &'a str>,
    scripts: BTreeMap<&'a str, &'a VrrpScript>,
    routers: BTreeMap<&'a str, &'a Router>,
    now: Instant,
    /// The wall clock at `now`, in microseconds since 1970.
    realtime_us: u64,
}

impl<'a> Picture<'a> {
    pub(crate) fn new(node: &'a Node, config: &'a Config, now: Instant) -> Self {
        let instances = config.instances.iter();
        let scripts = config.scripts.iter();
        let groups = config.sync_groups.iter().flat_map(|group| {
            let name = group.name.value.as_str();
            let members = group.members.iter();
            members.map(move |member| (member.value.as_str(), name))
        });
        let routers = node.routers();
        Picture {
            node,
            config,
            instances: instances
                .map(|one| (one.name.value.as_str(), one))
                .collect(),
            groups: groups.collect(),
            scripts: scripts.map(|one| (one.name.value.as_str(), one)).collect(),
            routers: routers.map(|one| (one.spec().name.as_str(), one)).collect(),
            now,
            realtime_us: realtime().0,
        }
    }

    /// The instance that a router was made from; a router that leaves after a reload has none.
    fn instance(&self, router: &Router) -> Option<&'a VrrpInstance> {
        self.instances.get(router.spec().name.as_str()).copied()
    }

    /// When the router entered its state, in microseconds since 1970.
    fn last_transition_us(&self, router: &Router) -> u64 {
        self.realtime_us
            .saturating_sub(self.now.since(router.since()).0)
    }
}

/// `keepalived.data`.
pub(crate) fn data(picture: &Picture<'_>, lateness: &Lateness) -> String {
    let mut page = Page::default();
    global::write(&mut page, picture.config, false);
    topology::write(&mut page, picture);
    scripts::write(&mut page, picture);
    topology::write_interfaces(&mut page, picture);
    peers::write(&mut page, picture);
    timers(&mut page, lateness);
    page.0
}

fn timers(page: &mut Page, lateness: &Lateness) {
    page.title("Timers");
    page.line(format_args!(" Worst lateness = {}", lateness.worst()));
    for (bound, count) in lateness.classes() {
        match bound {
            Some(bound) => page.line(format_args!(" Late by less than {bound} us = {count}")),
            None => page.line(format_args!(" Late by more = {count}")),
        }
    }
}

/// `keepalived_parent.data`.
pub(crate) fn parent_data(config: &Config) -> String {
    let mut page = Page::default();
    global::write(&mut page, config, true);
    page.0
}

/// Lines of a text.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = self.0.write_fmt(text);
        self.0.push('\n');
    }

    fn title(&mut self, title: &str) {
        self.line(format_args!("------< {title} >------"));
    }
}

/// A state's word as keepalived's users know it, by what it does for others.
fn state_word(router: &Router) -> &'static str {
    router.state().keepalived_name()
}

/// A state's number as monitoring knows it.
fn state_number(router: &Router) -> u8 {
    match router.state() {
        State::Initialize => 0,
        State::Backup => 1,
        State::Active | State::Leaving => 2,
        State::Fault => 3,
    }
}

/// The words of a command, each in single quotes.
fn quoted(script: &Script) -> String {
    match &script.command {
        Command::Argv(argv) => {
            let words: Vec<String> = argv.iter().map(|word| format!("'{word}'")).collect();
            words.join(" ")
        }
        Command::FileReadable(path) => format!("'<{}'", path.display()),
    }
}

const fn enabled(value: bool) -> &'static str {
    if value { "enabled" } else { "disabled" }
}

const fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
