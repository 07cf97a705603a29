//! What keepalived 2.2.7 exits with, under `-t` and when it is to start. Each row was run with the real one.

mod common;

use common::read;

/// An instance without its closing brace.
const OPEN: &str =
    "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {\n10.0.0.9\n}\n";
/// The same instance with these lines in it.
fn instance(lines: &str) -> String {
    format!("{OPEN}{lines}\n}}\n")
}

#[track_caller]
fn assert_exit(text: &str, test: u8, start: Option<u8>) {
    let loaded = read(text);
    let got = (
        loaded.keepalived_test_exit(),
        loaded.keepalived_refusal().map(|one| one.exit_code),
    );
    assert_eq!(got, (test, start), "{text}\n{:#?}", loaded.diagnostics);
}

#[test]
fn clean_files_exit_0() {
    assert_exit("", 0, None);
    assert_exit("# only a comment\n", 0, None);
    assert_exit(&instance(""), 0, None);
    assert_exit(&instance("preempt_delay 5\nno_accept"), 0, None);
    assert_exit("linkbeat_use_polling\n", 0, None);
    assert_exit("include missing.conf\n", 0, None);
}

#[test]
fn complaints_exit_5_and_do_not_stop_it() {
    for lines in [
        "foo",
        "include",
        "state MASTER\nstate BACKUP",
        "prioity 3",
        "priority 0",
        "priority 1x",
        "advert_int 1.5",
        "advert_int 0",
        "version 4",
        "state SLAVE",
        "smtp_alert foo",
        "garp_master_repeat 0",
        "linkbeat_use_polling",
        "native_ipv6",
        "authentication {\nauth_type foo\nauth_pass x\n}",
        "authentication {\nauth_type PASS\n}",
        "authentication {\nauth_type PASS\nauth_pass 123456789\n}",
        "version 3\nauthentication {\nauth_type PASS\nauth_pass abc\n}",
        "version 3\nadvert_int 50",
        "version 3\nadvert_int 0.015",
        "state MASTER\nnopreempt",
        "nopreempt\npreempt_delay 5",
        "preempt_delay 2000",
        "priority 255\nstate BACKUP\nnopreempt",
        "track_script {\nnone\n}",
        "track_interface {\neth0\n}",
        "virtual_ipaddress {\nfe80::1\n}",
        "virtual_ipaddress {\n10.0.0.10/33\n}",
        "virtual_ipaddress {\n10.0.0.10 foo\n}",
        "virtual_ipaddress x {\n10.0.0.10\n}",
        "no_virtual_ipaddress",
    ] {
        assert_exit(&instance(lines), 5, None);
    }
    assert_exit("foo {\n}\n", 5, None);
    assert_exit("}\n", 5, None);
    assert_exit(OPEN, 5, None);
    assert_exit(&OPEN.replacen('{', "", 1), 5, None);
    assert_exit("global_defs {\nvrrp_garp_interval 0\n}\n", 5, None);
    assert_exit("global_defs {\nnotification_email {\n}\n}\n", 5, None);
    let strict = "global_defs {\nvrrp_strict\n}\n".to_owned();
    assert_exit(&(strict.clone() + &instance("")), 0, None);
    assert_exit(&(strict.clone() + &instance("accept")), 5, None);
    assert_exit(&(strict.clone() + &instance("version 3\naccept")), 0, None);
    for complaint in [
        "garp_lower_prio_delay 4",
        "garp_lower_prio_repeat 4",
        "use_vmac v1 00:11:22:33:44:55",
        "use_vmac\nvmac_xmit_base",
        "authentication {\nauth_type AH\nauth_pass x\n}",
        "state MASTER\npriority 100",
        "preempt_delay 3",
    ] {
        assert_exit(&(strict.clone() + &instance(complaint)), 5, None);
    }
    let v6 = |lines: &str| strict.clone() + &instance(lines).replace("10.0.0.9", "2001:db8::9");
    assert_exit(&v6(""), 5, None);
    assert_exit(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\n}\n",
        5,
        None,
    );
}

#[test]
fn a_member_of_two_sync_groups_exits_5() {
    let other = |name: &str, vrid: &str, address: &str| {
        let text = instance("").replace(" A ", name).replace("_id 5", vrid);
        text.replace("10.0.0.9", address)
    };
    let instances = instance("")
        + &other(" B ", "_id 6", "10.0.0.10")
        + &other(" C ", "_id 7", "10.0.0.11")
        + &other(" D ", "_id 8", "10.0.0.12");
    let group = |name: &str, members: &str| {
        format!("vrrp_sync_group {name} {{\ngroup {{\n{members}\n}}\n}}\n")
    };
    let groups = |second: &str| group("G", "A\nB") + &group("H", second);
    assert_exit(&(instances.clone() + &groups("C\nD")), 0, None);
    assert_exit(&(instances + &groups("A\nC\nD")), 5, None);
}

#[test]
fn what_can_not_run_exits_5_under_test_and_2_at_the_start() {
    let without = |line: &str| instance("").replace(line, "");
    assert_exit(&without("virtual_router_id 5\n"), 5, Some(2));
    assert_exit(&without("interface eth0\n"), 5, Some(2));
    assert_exit(&instance("").replace("_id 5", "_id 256"), 5, Some(2));
    assert_exit(&instance("").replace("eth0", "eth9"), 5, Some(2));
    assert_exit(&instance("").replace("eth0", "lo"), 5, Some(2));
    assert_exit(
        &instance("").replace("10.0.0.9", "10.0.0.9 dev eth9"),
        5,
        Some(2),
    );
    assert_exit(
        &(instance("") + &instance("").replace(" A ", " B ")),
        5,
        Some(2),
    );
    assert_exit(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nversion 3\n}\n",
        5,
        Some(2),
    );
}

#[test]
fn a_tracked_interface_must_exist_unless_it_may_come_later() {
    let tracking = instance("track_interface {\nnope\n}");
    assert_exit(&tracking, 5, Some(2));
    let dynamic = "global_defs {\ndynamic_interfaces\n}\n";
    assert_exit(&format!("{dynamic}{tracking}"), 0, None);
    let other = instance("").replace(" A ", " B ").replace("_id 5", "_id 6");
    let both = instance("") + &other.replace("10.0.0.9", "10.0.0.10");
    let group = "vrrp_sync_group G {\ngroup {\nA\nB\n}\ntrack_interface {\nnope\n}\n}\n";
    assert_exit(&format!("{both}{group}"), 5, Some(2));
    assert_exit(&format!("{dynamic}{both}{group}"), 0, None);
}

#[test]
fn an_interface_in_two_groups_exits_5_and_2_where_it_is_in_a_list() {
    let group = |line: &str| format!("garp_group {{\ngarp_interval 1\n{line}\n}}\n");
    assert_exit(&group("interface eth1").repeat(2), 5, None);
    assert_exit(&group("interfaces {\neth1\n}").repeat(2), 2, Some(2));
}

#[test]
fn a_keyword_without_its_value_exits_2() {
    assert_exit(&instance("priority"), 2, Some(2));
    assert_exit(&instance("mcast_src_ip"), 2, Some(2));
    assert_exit(
        &(instance("foo") + "global_defs {\nvrrp_version\n}\n"),
        2,
        Some(2),
    );
}

#[test]
fn some_keywords_may_lack_their_value() {
    assert_exit("vrrp_instance {\nfoo {\n}\n}\n", 5, None);
    assert_exit("global_defs {\nrouter_id\n}\n", 5, None);
}

#[test]
fn scripts_without_script_security_exit_6() {
    let script = "vrrp_script s {\nscript /bin/true\n}\n";
    let tracking = instance("track_script {\ns\n}");
    assert_exit(&format!("{script}{tracking}"), 6, None);
    // Under script security a check needs a user, and the default one is not there.
    let secure = "global_defs {\nenable_script_security\n}\n";
    assert_exit(&format!("{secure}{script}{tracking}"), 5, None);
    let secure = "global_defs {\nenable_script_security\nscript_user root\n}\n";
    assert_exit(&format!("{secure}{script}{tracking}"), 0, None);
    assert_exit(&instance("notify /bin/true"), 6, None);
    // The least severe complaint decides.
    assert_exit(&instance("notify /bin/true\nfoo"), 6, None);
    // What can't be found is not run.
    assert_exit(&instance("notify /nowhere"), 0, None);
    assert_exit(&script.replace("/bin/true", "/nowhere"), 0, None);
}

#[test]
fn a_required_include_that_is_missing_exits_6() {
    assert_exit("includem missing.conf\n", 6, Some(6));
    assert_exit("includea missing.conf\n", 6, Some(6));
    assert_exit("includew missing*.conf\n", 6, Some(6));
    assert_exit("include missing*.conf\n", 0, None);
}
