//! What the page shows while addresses move and cables are pulled.

use std::time::{Duration, Instant};

use serde_json::json;
use standfast_lab::{Daemon, Host};

use crate::support::standfast;

use super::{FIRST_NAME, HOLDERS, INTERVAL, LIMIT, LIVE, PORT, Scene, set_check};

/// From the new master's own entry in its journal until the page shows it.
const PROMISED: Duration = Duration::from_secs(1);

/// A busy machine may take the processor away from a browser; a page that is slow itself is slow each time.
const ATTEMPTS: u32 = 5;

/// Notes when the page shows another holder than before. The page and the daemons share the machine's clock.
const WATCH: &str = "window.shown = null; window.watcher?.disconnect(); window.watcher = new MutationObserver(() => { \
     const holders = HOLDERS; if (window.shown === null && holders.length === 1 && holders[0] === 'second') window.shown = Date.now() * 1000; }); \
     window.watcher.observe(document.getElementById('router-list'), { subtree: true, childList: true, attributes: true, characterData: true }); true";

/// When this node became master last, by its journal.
const ENTERED: &str = "fetch('v1/events?since_us=0&limit=1000').then((answer) => answer.json()).then((page) => \
     page.records.filter((record) => record.kind === 'entering' && record.state === 'master').at(-1).at_us)";

#[test]
fn a_pulled_cable_shows_the_new_holder_within_a_second_and_without_a_reload() {
    let mut scene = Scene::new(1);
    scene.value("window.marker = 'still the same page'");
    let mut taken = Vec::new();
    for _ in 0..ATTEMPTS {
        scene.wait_for_holder(FIRST_NAME);
        scene.value(&WATCH.replace("HOLDERS", HOLDERS));
        scene.pair.first.host.cable_pull().unwrap();
        scene.wait("the new holder is shown", "window.shown !== null");
        let entered = scene.value(ENTERED).as_f64().unwrap();
        let shown = scene.value("window.shown").as_f64().unwrap();
        taken.push(Duration::from_secs_f64((shown - entered).max(0.0) / 1e6));
        if taken.last().is_some_and(|last| *last <= PROMISED) {
            break;
        }
        scene.pair.first.host.cable_plug().unwrap();
    }
    println!("shown after {taken:?}");
    assert!(taken.iter().any(|time| *time <= PROMISED), "{taken:?}");
    scene.keep_picture("cable-pulled");
    // Whoever is gone is no second master, and stays on the page.
    assert_eq!(
        scene.value("document.querySelectorAll('.alert[data-level=error]').length"),
        json!(0)
    );
    assert_eq!(
        scene.value("document.querySelectorAll('.node').length"),
        json!(2)
    );
    assert_eq!(scene.value("window.marker"), json!("still the same page"));
    scene.assert_no_complaint();
}

#[test]
fn names_of_peers_are_text() {
    let mut scene = Scene::new(1);
    scene.wait_for_holder(FIRST_NAME);
    assert_eq!(
        scene.value("document.querySelectorAll('b').length"),
        json!(0)
    );
    scene.assert_no_complaint();
}

#[test]
fn the_policy_stops_what_the_page_does_not_need() {
    let mut scene = Scene::new(1);
    let policy = "fetch('./').then((answer) => answer.headers.get('content-security-policy'))";
    let policy = scene.value(policy).as_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    scene.value(
        "const script = document.createElement('script'); script.textContent = 'window.injected = 1'; \
         document.body.append(script); true",
    );
    assert_eq!(scene.value("window.injected === undefined"), json!(true));
    let stopped = scene.browser.complaints().iter();
    assert!(stopped.filter(|one| one.source == "security").count() > 0);
}

#[test]
fn a_part_of_the_page_that_does_not_come_is_asked_for_again() {
    let mut scene = Scene::new(1);
    scene.value(
        "window.before = 1; const part = document.createElement('script'); part.src = 'gone.js'; document.body.append(part); true",
    );
    scene.wait("another page", "window.before === undefined");
    scene.wait("which is live", LIVE);
}

#[test]
fn a_failed_check_moves_the_address_and_is_shown_in_the_sum_and_the_time_line() {
    let mut scene = Scene::new(0);
    scene.wait_for_holder(FIRST_NAME);
    set_check(&scene.pair.first.host, true);
    scene.wait_for_holder("second");
    scene.wait(
        "the sum",
        "document.querySelector('.sum-text').textContent === '99 base \u{2212} 5 chk_fault = 94'",
    );
    scene.wait(
        "the lost part of the bar",
        "document.querySelector('.segment.lost')",
    );
    scene.wait(
        "the check's change",
        "document.querySelector('.lane[aria-label^=chk_fault] .change')",
    );
    scene.wait(
        "the own node's change",
        "document.querySelector('.lane[aria-label*=\"VI_1 on\"] .change[data-state=backup]')",
    );
    scene.wait(
        "the headline names the instance and what is wrong with it",
        "/^VI_1: Lowered: chk_fault is down/.test(document.getElementById('verdict-text').textContent)",
    );
    scene.keep_picture("check-down");
    set_check(&scene.pair.first.host, false);
    scene.wait_for_holder(FIRST_NAME);
    scene.wait(
        "the whole sum",
        "document.querySelector('.sum-text').textContent === '99 base'",
    );
    scene.wait(
        "nothing is left of it",
        "document.getElementById('verdict-text').textContent === 'All is well'",
    );
    scene.assert_no_complaint();
}

/// keepalived says nothing of itself but what it advertises.
#[test]
fn a_keepalived_peer_is_shown_from_its_advertisements() {
    let mut scene = Scene::with([standfast(), Daemon::Keepalived], 0, &|text| text);
    scene.wait_for_holder(FIRST_NAME);
    set_check(&scene.pair.first.host, true);
    scene.wait_for_holder("192.168.1.12");
    scene.keep_picture("keepalived-master");
    set_check(&scene.pair.first.host, false);
    scene.wait_for_holder(FIRST_NAME);
    let silent = "document.querySelector('.node[data-state=silent] .node-name').textContent === '192.168.1.12'";
    scene.wait("who is silent now", silent);
    assert_eq!(
        scene.value("document.querySelectorAll('.alert[data-level=error]').length"),
        json!(0)
    );
    scene.assert_no_complaint();
}

#[test]
fn a_lost_connection_is_shown_with_the_age_of_what_is_shown_and_comes_back_by_itself() {
    let mut scene = Scene::new(0);
    scene.value("window.marker = 'still the same page'");
    scene.pair.first.host.cable_pull().unwrap();
    scene.wait("the loss is shown", "/Connection lost: what is shown is \\d+ s old/.test(document.getElementById('connection').innerText)");
    scene.keep_picture("connection-lost");
    scene.pair.first.host.cable_plug().unwrap();
    scene.wait("it is live again", LIVE);
    scene.wait_for_holder(FIRST_NAME);
    // What happened meanwhile came from the journal.
    scene.wait("what was missed", "[...document.querySelectorAll('#journal .record')].some((record) => record.textContent.includes('Entering FAULT STATE'))");
    assert_eq!(scene.value("window.marker"), json!("still the same page"));
    let others = scene
        .browser
        .complaints()
        .iter()
        .filter(|one| one.source != "network");
    assert_eq!(
        others.collect::<Vec<_>>(),
        Vec::<&standfast_lab::Complaint>::new()
    );
}

/// A router between has forgotten the connection, and says nothing of it: the node can be asked, but the stream is none any more.
#[test]
fn a_stream_that_has_died_without_a_word_is_replaced() {
    let mut scene = Scene::new(0);
    scene.wait_for_holder(FIRST_NAME);
    let port = port_of_the_stream(&scene.pair.client);
    let client = &scene.pair.client;
    for words in [
        "add table inet forgetful".to_owned(),
        "add chain inet forgetful input { type filter hook input priority 0; }".to_owned(),
        format!("add rule inet forgetful input tcp dport {port} drop"),
    ] {
        client.run(&["nft", &words]).unwrap();
    }
    set_check(&scene.pair.first.host, true);
    // The journal comes over the stream only.
    scene.wait(
        "what happened meanwhile",
        "[...document.querySelectorAll('#journal .record')].some((record) => record.textContent.includes('VRRP_Script(chk_fault) failed'))",
    );
    scene.wait("it is live again", LIVE);
    scene.assert_no_complaint();
}

/// The client's port of its stream, when that is the only connection left: others are closed by the node when nobody needs them.
fn port_of_the_stream(client: &Host) -> String {
    let end = Instant::now() + LIMIT;
    let filter = format!("( dport = :{PORT} )");
    loop {
        let shown = client
            .run(&["ss", "-Htn", "state", "established", &filter])
            .unwrap()
            .output;
        // Queues, local address, peer's address.
        let local = shown.lines().map(|line| line.split_whitespace().nth(2));
        let ports: Vec<&str> = local
            .filter_map(|local| local?.rsplit(':').next())
            .collect();
        if let [port] = ports.as_slice() {
            return (*port).to_owned();
        }
        assert!(Instant::now() < end, "{shown}");
        std::thread::sleep(INTERVAL);
    }
}

#[test]
fn ordinary_updates_move_nothing_on_the_page() {
    let mut scene = Scene::new(0);
    scene.wait_for_holder(FIRST_NAME);
    scene.wait("a first change", "document.querySelector('.change')");
    scene.value(
        "window.moved = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.moved += entry.value; })\
         .observe({ type: 'layout-shift' }); window.kept = document.querySelector('.node'); true",
    );
    let seconds = scene.value("new Promise((resolve) => setTimeout(() => resolve(6), 6000))");
    assert_eq!(seconds, json!(6));
    let moved = scene.value("window.moved").as_f64().unwrap();
    assert!(moved < 0.005, "moved by {moved}");
    assert_eq!(scene.value("window.kept.isConnected"), json!(true));
    scene.assert_no_complaint();
}
