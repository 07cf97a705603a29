//! The web page in a real browser, served by real daemons.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

#[path = "../support/mod.rs"]
mod support;

mod accessibility;
mod axe;
mod failover;
mod keyboard;
mod token;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standfast_lab::{Browser, Daemon, Host, NODE_ADDRESSES, Pair, Scheme};
use support::{FIRST_PRIORITY, SECOND_PRIORITY, pair_with, short_configuration, standfast, start};

/// For whatever a busy machine has to do.
const LIMIT: Duration = Duration::from_secs(60);

const INTERVAL: Duration = Duration::from_millis(300);

/// A desktop's window, and a small phone's.
const WINDOWS: [(u32, u32); 2] = [(1280, 900), (360, 740)];

/// Port of the page on both nodes.
const PORT: u16 = 9650;

/// Of what must never become markup.
const FIRST_NAME: &str = "<b>first</b>";

/// A node's configuration: its page, and a check that fails while the file is there.
fn configuration(index: usize, name: &str, priority: u8) -> String {
    let address = NODE_ADDRESSES.get(index).unwrap();
    let instance = short_configuration(INTERVAL, priority);
    let tracked = "    track_script {\n        chk_fault\n    }\n    virtual_ipaddress {";
    format!(
        "global_defs {{\n    router_id {name}\n    script_user root\n    enable_script_security\n    http_listen {address}:{PORT}\n}}\n\
         vrrp_script chk_fault {{\n    script \"/usr/bin/test ! -e /run/fault\"\n    interval 1\n    weight -5\n    fall 1\n    rise 1\n}}\n{}",
        support::replaced(&instance, ("    virtual_ipaddress {", tracked))
    )
}

/// Two nodes that are at work, and a browser on the client that shows a node's page.
struct Scene {
    browser: Browser,
    pair: Pair,
}

impl Scene {
    /// `shown`: whose page, 0 or 1.
    fn new(shown: usize) -> Self {
        Self::with([standfast(), standfast()], shown, &|text| text)
    }

    fn with(daemons: [Daemon; 2], shown: usize, adapt: &dyn Fn(String) -> String) -> Self {
        let first = configuration(0, FIRST_NAME, FIRST_PRIORITY);
        let second = configuration(1, "second", SECOND_PRIORITY);
        let mut pair = pair_with(daemons, [first, second].map(adapt));
        start(&mut pair);
        Self::show(pair, shown)
    }

    /// Both serve the address, because neither believes the other; the first one's page.
    fn with_split(daemons: [Daemon; 2], adapt: &dyn Fn(String) -> String) -> Self {
        let first = configuration(0, FIRST_NAME, FIRST_PRIORITY);
        let second = configuration(1, "second", SECOND_PRIORITY);
        let mut pair = pair_with(daemons, [first, second].map(adapt));
        for node in [&mut pair.first, &mut pair.second] {
            node.start_daemon().unwrap();
            node.wait_until_holds(true, LIMIT).unwrap();
        }
        Self::show(pair, 0)
    }

    fn show(pair: Pair, shown: usize) -> Self {
        let mut scene = Self::open(pair, shown);
        scene.wait("the page is live", LIVE);
        scene
    }

    fn open(pair: Pair, shown: usize) -> Self {
        let mut browser = Browser::start(&pair.client).unwrap();
        browser.look(WINDOWS[0], Scheme::Light).unwrap();
        let address = NODE_ADDRESSES.get(shown).unwrap();
        let url = format!("http://{address}:{PORT}/");
        let end = Instant::now() + LIMIT;
        // The page is there a moment after the address.
        while let Err(error) = browser.open(&url) {
            assert!(Instant::now() < end, "{error}");
            std::thread::sleep(INTERVAL);
        }
        Self { browser, pair }
    }

    fn wait(&mut self, awaited: &str, expression: &str) {
        if let Err(error) = self.browser.wait_for(awaited, expression, LIMIT) {
            self.tell();
            panic!("{error}");
        }
    }

    fn value(&mut self, expression: &str) -> Value {
        self.browser.evaluate(expression).unwrap()
    }

    /// Waits until the page shows this node alone as holder.
    fn wait_for_holder(&mut self, name: &str) {
        let name = json!(name);
        self.wait(
            &format!("{name} holds the addresses"),
            &format!("JSON.stringify({HOLDERS}) === JSON.stringify([{name}])"),
        );
    }

    /// What helps to find out why a test fails.
    fn tell(&mut self) {
        let shown = self.browser.evaluate("document.body.innerText");
        eprintln!(
            "--- the page\n{}",
            shown
                .ok()
                .as_ref()
                .and_then(Value::as_str)
                .unwrap_or_default()
        );
        for complaint in self.browser.complaints() {
            eprintln!("--- {}: {}", complaint.source, complaint.text);
        }
        for node in [&self.pair.first, &self.pair.second] {
            eprintln!("--- {}\n{}", node.host.name(), node.log());
        }
    }

    /// Nothing was wrong with a script, no policy was violated, and everything was there.
    fn assert_no_complaint(&mut self) {
        if !self.browser.complaints().is_empty() {
            self.tell();
        }
        assert_eq!(self.browser.complaints(), &[]);
    }

    /// Keeps a picture for people to look at.
    fn keep_picture(&mut self, name: &str) {
        let folder = target().join("web-pictures");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join(format!("{name}.png")),
            self.browser.picture().unwrap(),
        )
        .unwrap();
    }
}

/// The page hears the node.
const LIVE: &str = "document.querySelector('#connection').dataset.is === 'live'";

/// Who holds the addresses, as the page shows it.
const HOLDERS: &str = "[...document.querySelectorAll('.node[data-holds] .node-name')].map((name) => name.textContent)";

/// The folder of what is built.
fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).map(Path::to_owned).unwrap()
}

/// Lets the check of a host fail, or pass again.
fn set_check(host: &Host, fails: bool) {
    let verb = if fails { "touch" } else { "rm -f" };
    host.run(&["sh", "-c", &format!("{verb} /run/fault")])
        .unwrap();
}
