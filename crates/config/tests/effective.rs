//! Effective values where defaults, strict mode and contradictions meet; each line was compared with the
//! configuration dump of keepalived 2.2.7 (`keepalived -d`).

mod common;

use common::read;
use standfast_config::{AuthenticationKind, InitialState, Version, VrrpInstance};

/// The values that the dump shows, in one line.
fn summary(one: &VrrpInstance) -> String {
    let state = if one.state == InitialState::Master {
        "MASTER"
    } else {
        "BACKUP"
    };
    let version = if one.version == Version::V2 { 2 } else { 3 };
    let seconds = |time: standfast_config::Micros| time.get() / 1_000_000;
    let garp = one.garp;
    let authentication = match one.authentication.map(|one| one.kind) {
        None => "none",
        Some(AuthenticationKind::Pass) => "PASS",
        Some(AuthenticationKind::Ah) => "AH",
    };
    format!(
        "v{version} {state} {} every {} preempt {}+{} accept {} auth {authentication} down {} lower {} higher {} garp {}x{} {}x{} {}x{} to {}",
        one.priority,
        one.advert_int,
        one.preempt,
        seconds(one.preempt_delay),
        one.accept,
        one.down_timer_adverts,
        !one.lower_prio_no_advert,
        one.higher_prio_send_advert,
        seconds(garp.master_delay),
        garp.master_repeat,
        seconds(garp.master_refresh),
        garp.master_refresh_repeat,
        seconds(garp.lower_prio_delay),
        garp.lower_prio_repeat,
        one.multicast_group,
    )
}

#[track_caller]
fn assert_effective(global: &str, lines: &str, expected: &str) {
    let text = format!(
        "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n{lines}\nvirtual_ipaddress {{\n10.0.0.9\n}}\n}}\n"
    );
    let loaded = read(&text);
    let summaries: Vec<_> = loaded.config.instances.iter().map(summary).collect();
    assert_eq!(summaries, [expected], "{text}");
}

const GLOBAL: &str = "vrrp_garp_lower_prio_repeat 4\nvrrp_garp_master_refresh 60\nvrrp_garp_master_refresh_repeat 2\nvrrp_down_timer_adverts 5\nvrrp_higher_prio_send_advert";

#[test]
fn nothing_but_defaults() {
    assert_effective(
        "",
        "",
        "v2 BACKUP 100 every 1 s preempt true+0 accept true auth none down 3 lower true higher false garp 5x5 0x1 5x5 to 224.0.0.18",
    );
}

#[test]
fn global_defaults_reach_instances_that_say_nothing() {
    assert_effective(
        GLOBAL,
        "",
        "v2 BACKUP 100 every 1 s preempt true+0 accept true auth none down 5 lower true higher true garp 5x5 60x2 5x4 to 224.0.0.18",
    );
    assert_effective(
        "vrrp_garp_master_delay 7\nvrrp_garp_master_repeat 3\nvrrp_min_garp",
        "garp_master_delay 9",
        "v2 BACKUP 100 every 1 s preempt true+0 accept true auth none down 3 lower true higher false garp 9x3 0x0 7x3 to 224.0.0.18",
    );
}

#[test]
fn an_instance_overrides_the_global_defaults() {
    let lines = "priority 255\nstate BACKUP\nnopreempt\ngarp_master_delay 0\ngarp_lower_prio_delay 8\nhigher_prio_send_advert off\nlower_prio_no_advert";
    assert_effective(
        GLOBAL,
        lines,
        "v2 BACKUP 255 every 1 s preempt true+0 accept true auth none down 5 lower false higher false garp 0x5 60x2 8x4 to 224.0.0.18",
    );
}

#[test]
fn strict_mode_overrides_what_contradicts_it() {
    let strict = format!("vrrp_strict\n{GLOBAL}");
    assert_effective(
        &strict,
        "priority 255\nhigher_prio_send_advert",
        "v2 MASTER 255 every 1 s preempt true+0 accept true auth none down 3 lower false higher false garp 5x5 60x2 0x0 to 224.0.0.18",
    );
    assert_effective(
        &strict,
        "state MASTER\npreempt_delay 4\ndown_timer_adverts 9\naccept",
        "v2 MASTER 255 every 1 s preempt true+0 accept true auth none down 3 lower false higher false garp 5x5 60x2 0x0 to 224.0.0.18",
    );
    assert_effective(
        &strict,
        "",
        "v2 BACKUP 100 every 1 s preempt true+0 accept false auth none down 3 lower false higher false garp 5x5 60x2 0x0 to 224.0.0.18",
    );
}

#[test]
fn strict_mode_has_no_announcements_for_lower_priorities() {
    let strict = format!("vrrp_strict\n{GLOBAL}");
    for lines in [
        "garp_lower_prio_repeat 3",
        "garp_lower_prio_delay 4",
        "garp_lower_prio_repeat 3\ngarp_lower_prio_delay 4",
    ] {
        assert_effective(
            &strict,
            lines,
            "v2 BACKUP 100 every 1 s preempt true+0 accept false auth none down 3 lower false higher false garp 5x5 60x2 0x0 to 224.0.0.18",
        );
    }
}

#[test]
fn intervals_are_rounded_and_cut_by_version() {
    assert_effective(
        "",
        "version 3\nadvert_int 45\npriority 00120\nnopreempt\npreempt\npreempt_delay 3\nmcast_dst_ip 224.0.0.99\nstate MASTER\nstate BACKUP",
        "v3 MASTER 120 every 40.95 s preempt true+0 accept true auth none down 3 lower true higher false garp 5x5 0x1 5x5 to 224.0.0.99",
    );
    assert_effective(
        "",
        "version 3\nadvert_int 0.333\npreempt_delay 6",
        "v3 BACKUP 100 every 0.33 s preempt true+6 accept true auth none down 3 lower true higher false garp 5x5 0x1 5x5 to 224.0.0.18",
    );
}

#[test]
fn contradictions_are_settled_as_keepalived_does() {
    let lines = "priority 256\nadvert_int 0.4\nnopreempt\npreempt_delay 7\nauthentication {\nauth_type AH\nauth_pass abc\n}\nstate MASTER";
    assert_effective(
        "",
        lines,
        "v2 BACKUP 100 every 1 s preempt false+0 accept true auth AH down 3 lower true higher false garp 5x5 0x1 5x5 to 224.0.0.18",
    );
}
