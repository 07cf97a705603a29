//! `vrrp_check`: processes, ports and pages of a real nginx, and what is tried before a failure counts.

use std::time::Duration;

use standfast_lab::{Host, Moment, Pair, PairOptions, VIP, WebServer};

use super::{BASE, PATIENCE, Scene, Stage, instance, tracking};
use crate::support::{agent, standfast, telling};

const TRACKED: &str = "    track_check {\n        web\n    }";
const NGINX_CONFIGURATION: &str = "/etc/nginx/nginx.conf";
const RAISED: u8 = BASE + 20;
/// For requests: often, so that the tests are short.
const OFTEN: &str = "    interval 0.2\n    timeout 0.2\n    weight 20";

fn check(lines: &str) -> String {
    format!("global_defs {{\n    script_user root\n}}\nvrrp_check web {{\n{lines}\n}}\n")
}

/// A host with a daemon with that check, and a web server that runs from the start.
fn started(web: WebServer, lines: &str) -> Scene {
    let stage = Stage::beside(&standfast(), &web.programs(&agent()));
    web.set_up(&stage.host).unwrap();
    stage.start(&standfast(), &tracking(&check(lines), TRACKED))
}

/// Down when the web server is killed, up when it is started again.
fn follows_the_service(lines: &str) -> Scene {
    let web = WebServer::installed();
    let scene = started(web, lines);
    scene.advertises(RAISED, Moment::now());
    scene.after(|host| web.kill(host).unwrap(), BASE);
    scene.says("Check `web` is down");
    scene.after(|host| web.start(host).unwrap(), RAISED);
    scene
}

#[test]
fn a_process() {
    let scene = follows_the_service("    process nginx\n    weight 20");
    scene.says("Check `web` failed: no such process runs");
}

#[test]
fn a_port() {
    let scene = follows_the_service(&format!("    tcp 127.0.0.1:80\n{OFTEN}"));
    scene.says("Check `web` failed: connection refused: nobody listens there, after ");
}

#[test]
fn a_page() {
    let scene = follows_the_service(&format!("    http http://127.0.0.1/\n{OFTEN}"));
    scene.says("Check `web` failed: connection refused");
}

/// Kills what runs of it now, and not what a repair starts in the next moment.
fn kill_once(host: &Host) {
    host.run(&["sh", "-c", "kill -KILL $(pidof nginx)"])
        .unwrap();
}

/// What the server answers from now on.
fn answer(host: &Host, directive: &str) {
    let text = host.read_file(NGINX_CONFIGURATION).unwrap();
    let (before, rest) = text.split_once("            return").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let text = format!("{before}            return {directive};\n{after}");
    host.write_file(NGINX_CONFIGURATION, &text, 0o644).unwrap();
    host.run(&["nginx", "-s", "reload"]).unwrap();
}

#[test]
fn what_a_page_must_say() {
    let web = WebServer::installed();
    if web == WebServer::StandIn {
        // It has one page only.
        return;
    }
    let block = "    http http://127.0.0.1/ {\n        status 200-299 401\n        contains \"well\"\n    }\n";
    let scene = started(web, &format!("{block}{OFTEN}"));
    scene.says("Check `web` failed: the answer lacks the text");
    scene.after(|host| answer(host, "200 \"all is well\""), RAISED);
    for (bad, said) in [
        ("503 \"not well\"", "failed: HTTP status 503"),
        ("302 http://127.0.0.1/elsewhere", "failed: HTTP status 302"),
        ("444", "failed: closed before the answer was whole"),
    ] {
        scene.after(|host| answer(host, bad), BASE);
        scene.says(said);
        scene.after(|host| answer(host, "401 \"all is well\""), RAISED);
    }
    let signal = |host: &Host, name: &str| {
        let command = format!("kill -{name} $(pidof nginx)");
        host.run(&["sh", "-c", &command]).unwrap();
    };
    scene.after(|host| signal(host, "STOP"), BASE);
    scene.says("Check `web` failed: timed out, after ");
    scene.after(|host| signal(host, "CONT"), RAISED);
}

#[test]
fn a_repair_that_helps_keeps_the_address() {
    let web = WebServer::installed();
    let lines = "    process nginx\n    repair nginx {\n        wait 1\n    }";
    let scene = started(web, lines);
    scene.holds(VIP, true);
    let from = Moment::now();
    kill_once(&scene.host);
    scene.says("Check `web` is about to be down: running its repair command (attempt 1 of 1)");
    scene.says("Check `web` is well after its repair");
    std::thread::sleep(Duration::from_secs(1));
    assert!(scene.host.holds(VIP).unwrap(), "{}", scene.process.log());
    assert_eq!(scene.said("entering FAULT"), 0, "{}", scene.process.log());
    let mac = scene.host.mac();
    let resigned = scene.capture.frames(from, |frame| {
        let advertisement = frame.advertisement();
        frame.source_mac == mac && advertisement.is_some_and(|one| one.priority < BASE)
    });
    assert_eq!(resigned.len(), 0, "{}", scene.process.log());
    assert!(scene.host.run(&["pidof", "nginx"]).unwrap().succeeded());
}

#[test]
fn a_repair_that_does_not_help_gives_the_address_up() {
    let web = WebServer::installed();
    let lines = "    process nginx\n    repair nginx {\n        attempts 2\n        wait 1\n    }";
    let scene = started(web, lines);
    scene.holds(VIP, true);
    web.spoil(&scene.host).unwrap();
    kill_once(&scene.host);
    scene.says("running its repair command (attempt 2 of 2)");
    scene.says("Check `web` repair command: exited with status 1, printed: ");
    scene.says("entering FAULT state (check web failed)");
    scene.holds(VIP, false);
    web.set_up(&scene.host).unwrap();
    scene.holds(VIP, true);
}

#[test]
fn init_fail_waits_for_the_service() {
    let web = WebServer::installed();
    let stage = Stage::beside(&standfast(), &web.programs(&agent()));
    let lines = "    process nginx\n    init_fail\n    rise 2\n    interval 1";
    let scene = stage.start(&standfast(), &tracking(&check(lines), TRACKED));
    scene.says("entering FAULT state (check web failed)");
    scene.holds(VIP, false);
    web.set_up(&scene.host).unwrap();
    scene.holds(VIP, true);
}

#[test]
fn a_sync_group_follows_its_check() {
    const OTHER: std::net::Ipv4Addr = std::net::Ipv4Addr::new(192, 168, 1, 201);
    let web = WebServer::installed();
    let stage = Stage::beside(&standfast(), &web.programs(&agent()));
    web.set_up(&stage.host).unwrap();
    let group = "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n    track_check {\n        \
                 web\n    }\n}";
    let second = instance("", "VI_2", 52, OTHER, "");
    let text = format!(
        "{}{second}{group}\n",
        tracking(&check("    tcp 127.0.0.1:80\n    interval 0.2"), "")
    );
    let scene = stage.start(&standfast(), &text);
    for address in [VIP, OTHER] {
        scene.holds(address, true);
    }
    web.kill(&scene.host).unwrap();
    for address in [VIP, OTHER] {
        scene.holds(address, false);
    }
    web.start(&scene.host).unwrap();
    for address in [VIP, OTHER] {
        scene.holds(address, true);
    }
}

#[test]
fn a_reload_brings_takes_and_changes_checks() {
    let web = WebServer::installed();
    let scene = started(web, &format!("    tcp 127.0.0.1:81\n{OFTEN}"));
    scene.advertises(BASE, Moment::now());
    let reload = |lines: &str, tracked: &str| {
        let text = tracking(&check(lines), tracked);
        let path = standfast_lab::CONFIGURATION;
        scene.host.write_file(path, &text, 0o644).unwrap();
        scene.process.signal(standfast_lab::Signal::SIGHUP).unwrap();
    };
    scene.after(
        |_| reload("    process nginx\n    weight 20", TRACKED),
        RAISED,
    );
    // Another check of the same process is told of it as well.
    scene.after(|host| web.kill(host).unwrap(), BASE);
    let from = Moment::now();
    reload("    process nginx\n    weight 20\n    interval 3", TRACKED);
    scene.says("Configuration reloaded");
    scene.advertises(BASE, from);
    scene.after(|host| web.start(host).unwrap(), RAISED);
    scene.after(|_| reload("    process nginx\n    weight 20", ""), BASE);
}

/// Two nodes; nobody is repaired, and whose service is dead does not serve.
#[test]
fn the_other_node_serves_when_the_service_dies() {
    let web = WebServer::installed();
    let configuration = |priority: u8| {
        let lines = "    process nginx";
        tracking(&check(lines), TRACKED).replace("priority 100", &format!("priority {priority}"))
    };
    let mut options = PairOptions::example(agent(), [standfast(), standfast()], Some(web));
    options.configurations = [configuration(150), configuration(100)];
    let mut pair = Pair::new(&options).unwrap();
    telling(&mut pair, |pair| {
        pair.start_daemons(PATIENCE).unwrap();
        let killed = Moment::now();
        web.kill(&pair.first.host).unwrap();
        let second = pair.second.mac();
        pair.probe
            .first_answer_by(second, killed, PATIENCE)
            .unwrap();
        pair.first.wait_until_holds(false, PATIENCE).unwrap();
        let started = Moment::now();
        web.start(&pair.first.host).unwrap();
        let first = pair.first.mac();
        pair.probe
            .first_answer_by(first, started, PATIENCE)
            .unwrap();
    });
}
