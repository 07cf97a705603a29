//! `peer_channel`, `peer_port` and `fast_detect`: values, defaults, what is refused, and what is said of them.

mod common;

use common::read;
use standfast_config::nodes::{Node, compare};
use standfast_config::{Code, FastDetect, Loaded, Micros, PeerChannel, PeerChannelDefs};

/// An instance with those lines, and global definitions with these.
fn text(global: &str, lines: &str) -> String {
    format!(
        "global_defs {{\n{global}\n}}\nvrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority 150\n\
         {lines}\nvirtual_ipaddress {{\n192.0.2.100/24\n}}\n}}\n"
    )
}

fn load(global: &str, lines: &str) -> Loaded {
    read(text(global, lines))
}

fn channel(global: &str, lines: &str) -> Option<PeerChannel> {
    let loaded = load(global, lines);
    loaded.config.instances.first()?.peer_channel
}

fn codes(global: &str, lines: &str) -> Vec<Code> {
    let loaded = load(global, lines);
    let codes = loaded.diagnostics.iter().map(|one| one.code);
    // Defaults, strictness and whose keyword it is are none of this test's business.
    let others = [
        Code::DefaultsTaken,
        Code::StrictDropsPackets,
        Code::OwnKeyword,
    ];
    codes.filter(|code| !others.contains(code)).collect()
}

const ON: Option<PeerChannel> = Some(PeerChannel { fast_detect: None });

fn watching(millis: u64, misses: u8) -> Option<PeerChannel> {
    let interval = Micros::from_millis(millis);
    Some(PeerChannel {
        fast_detect: Some(FastDetect { interval, misses }),
    })
}

#[test]
fn the_channel_is_on_unless_it_is_switched_off_or_the_mode_is_strict() {
    assert_eq!(channel("", ""), ON);
    assert_eq!(channel("peer_channel off", ""), None);
    assert_eq!(channel("peer_channel off", "peer_channel on"), ON);
    assert_eq!(channel("peer_channel off", "peer_channel"), ON);
    assert_eq!(channel("", "peer_channel off"), None);
    assert_eq!(channel("vrrp_strict", ""), None);
    assert_eq!(channel("vrrp_strict", "peer_channel on"), None);
    assert_eq!(channel("vrrp_strict", "strict_mode off"), ON);
    assert_eq!(channel("", "strict_mode on"), None);
}

#[test]
fn the_port_is_of_all_nodes() {
    let defs = |global: &str| -> PeerChannelDefs { load(global, "").config.global.peer_channel };
    assert_eq!(defs("").port(), 9112);
    assert_eq!(defs("peer_port 9113").port(), 9113);
    for wrong in ["0", "65536", "-1"] {
        let line = format!("peer_port {wrong}");
        assert_eq!(defs(&line).port(), 9112);
        assert_eq!(codes(&line, ""), [Code::OutOfRange], "{wrong}");
    }
    assert_eq!(codes("peer_port vrrp", ""), [Code::InvalidNumber]);
    assert_eq!(codes("peer_channel maybe", ""), [Code::InvalidChoice]);
}

#[test]
fn fast_detection_has_a_time_and_a_count() {
    assert_eq!(channel("fast_detect 50ms", ""), watching(50, 3));
    assert_eq!(channel("", "fast_detect 0.05"), watching(50, 3));
    assert_eq!(channel("", "fast_detect 0.1s x2"), watching(100, 2));
    assert_eq!(
        channel("fast_detect 50ms", "fast_detect 100ms X20"),
        watching(100, 20)
    );
    assert_eq!(channel("fast_detect 50ms", "fast_detect off"), ON);
    assert_eq!(channel("fast_detect 50ms", "peer_channel off"), None);
    assert_eq!(channel("fast_detect 50ms\nfast_detect off", ""), ON);
    assert_eq!(codes("fast_detect 50ms", "fast_detect off"), []);
    assert_eq!(codes("fast_detect off", "fast_detect 100ms"), []);
}

#[test]
fn what_is_no_detection_is_refused_and_changes_nothing() {
    for (words, code) in [
        ("9ms", Code::OutOfRange),
        ("10.1s", Code::OutOfRange),
        ("50", Code::OutOfRange),
        ("50us", Code::InvalidNumber),
        ("soon", Code::InvalidNumber),
        ("50ms 3", Code::OutOfRange),
        ("50ms x1", Code::OutOfRange),
        ("50ms x21", Code::OutOfRange),
        ("50ms x3 x4", Code::IgnoredWords),
        ("off x3", Code::IgnoredWords),
    ] {
        let line = format!("fast_detect {words}");
        assert_eq!(codes("", &line), [code], "{words}");
        assert_eq!(codes(&line, ""), [code], "{words}");
    }
    assert_eq!(
        channel("", "fast_detect 100ms\nfast_detect 9ms"),
        watching(100, 3)
    );
}

#[test]
fn detection_that_can_do_nothing_is_said() {
    let nothing = [Code::WithoutEffect];
    assert_eq!(codes("fast_detect 50ms\npeer_channel off", ""), nothing);
    assert_eq!(codes("peer_channel off", "fast_detect 50ms"), nothing);
    assert_eq!(codes("", "fast_detect 50ms\npeer_channel off"), nothing);
    assert_eq!(codes("", "strict_mode on\nfast_detect 50ms"), nothing);
    // As long as three advertisements.
    assert_eq!(codes("", "fast_detect 1s"), nothing);
    assert_eq!(codes("fast_detect 1s", ""), nothing);
    assert_eq!(codes("", "advert_int 2\nfast_detect 1s"), []);
    assert_eq!(
        codes("", "version 3\nadvert_int 0.01\nfast_detect 10ms"),
        [Code::FastDetectDemanding, Code::WithoutEffect]
    );
}

#[test]
fn detection_that_hosts_do_not_keep_pace_with_is_noted() {
    let demanding = [Code::FastDetectDemanding];
    assert_eq!(codes("", "fast_detect 19ms"), demanding);
    assert_eq!(codes("fast_detect 19ms", ""), demanding);
    assert_eq!(codes("", "fast_detect 25ms"), demanding);
    assert_eq!(codes("vrrp_rt_priority 50", "fast_detect 25ms"), []);
    assert_eq!(codes("vrrp_rt_priority 50", "fast_detect 19ms"), demanding);
    assert_eq!(codes("", "fast_detect 30ms"), []);
}

/// What a comparison of both says.
fn compared(a: (&str, &str), b: (&str, &str)) -> Vec<String> {
    let (a, b) = (load(a.0, a.1), load(b.0, &format!("{}\npriority 100", b.1)));
    let node = |name, loaded| Node { name, loaded };
    let found = compare(&[node("a", &a), node("b", &b)]).diagnostics;
    let found = found.into_iter();
    let found = found.filter(|one| one.code == Code::PeerChannelDiffers);
    found.map(|one| one.message).collect()
}

#[test]
fn nodes_must_meet() {
    assert_eq!(
        compared(("peer_port 9113", ""), ("", "")),
        ["peer_port differs: 9113 on a, 9112 on b"]
    );
    assert_eq!(
        compared(("peer_port 9113", ""), ("peer_port 9114", "")),
        ["peer_port differs: 9113 on a, 9114 on b"]
    );
    let differs = ["peer_channel differs: on on a, off on b"];
    assert_eq!(compared(("", ""), ("", "peer_channel off")), differs);
    assert_eq!(compared(("", ""), ("peer_channel off", "")), differs);
    let fit = Vec::<String>::new();
    assert_eq!(compared(("peer_port 9112", ""), ("", "")), fit);
    let off = ("peer_channel off", "");
    assert_eq!(compared(off, off), fit);
    assert_eq!(compared(("peer_channel off\npeer_port 9113", ""), off), fit);
    assert_eq!(compared(("", "fast_detect 50ms"), ("", "")), fit);
    // Strictness is another disagreement.
    assert_eq!(compared(("", ""), ("", "strict_mode on")), fit);
}
