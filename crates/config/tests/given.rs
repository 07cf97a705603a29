//! Where keywords were written, for whoever wants to point at them.

mod common;

use common::read;
use standfast_config::{Loaded, Span};

fn text(loaded: &Loaded, span: Option<Span>) -> String {
    let bytes = span.map_or(&b""[..], |span| loaded.sources.text(span));
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn instances_know_where_their_keywords_stand() {
    let loaded = read(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nstate BACKUP\npriority 777\nadvert_int 1.0\nversion 2\nnopreempt\npreempt\npreempt_delay 0\nauthentication {\nauth_type PASS\nauth_pass abc\n}\nno_accept\nstrict_mode off\nuse_vmac\nunicast_peer {\n10.0.0.2\n}\nhandover overlap\ndown_timer_adverts 4\ndont_track_primary\nvirtual_ipaddress {\n10.0.0.9\n}\n}\n",
    );
    let given = loaded.config.instances[0].given;
    let places = [
        (given.state, "BACKUP"),
        (given.priority, "777"),
        (given.advert_int, "1.0"),
        (given.version, "2"),
        (given.nopreempt, ""),
        (given.preempt_delay, "0"),
        (given.authentication, "authentication"),
        (given.auth_pass, "abc"),
        (given.accept, ""),
        (given.no_accept, "no_accept"),
        (given.strict_mode, "off"),
        (given.use_vmac, "use_vmac"),
        (given.virtual_ipaddress, "virtual_ipaddress"),
        (given.unicast_peer, "unicast_peer"),
        (given.handover, "overlap"),
        (given.down_timer_adverts, "4"),
        (given.dont_track_primary, "dont_track_primary"),
    ];
    for (span, expected) in places {
        assert_eq!(text(&loaded, span), expected);
    }
}

#[test]
fn what_was_not_given_has_no_place() {
    let loaded = read(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nversion 9\nvirtual_ipaddress {\n10.0.0.9\n}\n}\n",
    );
    let given = loaded.config.instances[0].given;
    assert_eq!(
        (given.version, given.state, given.nopreempt),
        (None, None, None)
    );
}

#[test]
fn scripts_and_tracking_lines_know_where_their_numbers_stand() {
    let loaded = read(
        "vrrp_script s {\nscript /bin/true\ninterval 2\nweight 5 reverse\nfall 3\n}\nvrrp_instance A {\ninterface eth0\nvirtual_router_id 5\ntrack_script {\ns weight 10\n}\ntrack_interface {\neth1\n}\nvirtual_ipaddress {\n10.0.0.9\n}\n}\n",
    );
    let given = loaded.config.scripts[0].given;
    assert_eq!(text(&loaded, given.interval), "2");
    assert_eq!(text(&loaded, given.weight), "5");
    assert_eq!(text(&loaded, given.fall), "3");
    assert_eq!((given.timeout, given.rise), (None, None));
    let instance = &loaded.config.instances[0];
    assert_eq!(text(&loaded, instance.track_scripts[0].weight_span), "10");
    assert_eq!(instance.track_interfaces[0].weight_span, None);
}
