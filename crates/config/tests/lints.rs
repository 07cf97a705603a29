//! Where the lints must stay silent, and what they say beside it: exactly these findings above a note.

mod common;

use std::collections::BTreeSet;

use common::read;
use standfast_config::{Code, Severity};

/// The first code of the lints; those before are of the language.
const FIRST_LINT: &str = "SF0200";

/// A configuration by its name, and the codes of lints above a note that it draws.
type Row = (&'static str, String, &'static [Code]);

/// An instance on eth0 (192.0.2.2/24) that draws nothing, with these lines in it.
fn instance(lines: &str) -> String {
    with_addresses(lines, "192.0.2.100/24")
}

/// The same with other addresses.
fn with_addresses(lines: &str, addresses: &str) -> String {
    named("VI_1", "eth0", 51, lines, addresses)
}

fn named(name: &str, interface: &str, vrid: u8, lines: &str, addresses: &str) -> String {
    format!(
        "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id {vrid}\n{lines}\n\
         virtual_ipaddress {{\n{addresses}\n}}\n}}\n"
    )
}

/// Script security, a script with these lines, and an instance with those that tracks it.
fn tracking(script: &str, lines: &str) -> String {
    let lines = format!("{lines}\ntrack_script {{\nchk\n}}");
    format!("{}{}", checks(script), instance(&lines))
}

fn checks(script: &str) -> String {
    format!(
        "global_defs {{\nenable_script_security\nscript_user root\n}}\nvrrp_script chk {{\n{script}\n}}\n"
    )
}

/// A check with that command.
fn command(command: &str) -> String {
    tracking(&format!("script {command}"), "priority 150")
}

/// Two instances with these lines in a sync group with those.
fn group(first: &str, second: &str, group: &str) -> String {
    format!(
        "{}{}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n{group}\n}}\n",
        named("A", "eth0", 51, first, "192.0.2.100/24"),
        named("B", "eth1", 52, second, "198.51.100.100/24"),
    )
}

fn lints(text: &str, above: Severity) -> BTreeSet<Code> {
    let loaded = read(text);
    let found = loaded
        .diagnostics
        .iter()
        .filter(|found| found.code.as_str() >= FIRST_LINT && found.severity > above);
    found.map(|found| found.code).collect()
}

/// Every row draws its codes, and no other lint above a note.
#[track_caller]
fn assert_lints(rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, text, expected) in rows {
        let found = lints(text, Severity::Note);
        if found != expected.iter().copied().collect() {
            wrong.push(format!("{name}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// No row draws that note.
#[track_caller]
fn assert_no_note(code: Code, rows: &[(&str, String)]) {
    for (name, text) in rows {
        let loaded = read(text);
        let found = loaded.diagnostics.iter().find(|found| found.code == code);
        assert_eq!(found, None, "{name}");
    }
}

#[test]
fn addresses() {
    assert_lints(&[
        ("plain", instance(""), &[]),
        (
            "a pair of two addresses",
            with_addresses("", "192.0.2.254/31"),
            &[],
        ),
        (
            "a single address that ends in 0",
            with_addresses("", "192.0.2.0/32"),
            &[],
        ),
        (
            "a single address that ends in 255",
            with_addresses("", "192.0.2.255"),
            &[],
        ),
        (
            "255 within a larger network",
            with_addresses("", "10.0.0.255/16"),
            &[],
        ),
        (
            "an IPv6 address without host bits",
            with_addresses("", "fe80::1/64\n2001:db8::/64"),
            &[],
        ),
        (
            "a label without colon",
            with_addresses("", "192.0.2.100/24 label eth0"),
            &[],
        ),
        (
            "a label of the device",
            with_addresses("", "192.0.2.100/24 dev eth1 label eth1:0"),
            &[],
        ),
        (
            "a label on a virtual MAC",
            with_addresses("use_vmac", "192.0.2.100/24 label vrrp.51:0"),
            &[],
        ),
        (
            "the instance's label, another device",
            with_addresses("", "192.0.2.100/24 dev eth1 label eth0:0"),
            &[Code::LabelMismatch],
        ),
    ]);
}

#[test]
fn addresses_of_the_host_and_of_other_instances() {
    let two = |first: &str, second: &str| {
        named("A", "eth0", 51, "", first) + &named("B", "eth0", 52, "", second)
    };
    assert_lints(&[
        // A master that is looked at while it runs.
        ("held right now", with_addresses("", "192.0.2.2/24"), &[]),
        ("owned", with_addresses("priority 255", "192.0.2.2/32"), &[]),
        (
            "owned, and more",
            with_addresses("priority 255", "192.0.2.2/32\n192.0.2.100/24"),
            &[],
        ),
        (
            "the source",
            with_addresses("mcast_src_ip 192.0.2.2", "192.0.2.2/24"),
            &[Code::OwnAddress],
        ),
        (
            "two instances",
            two("192.0.2.100/24", "192.0.2.101/24"),
            &[],
        ),
        (
            "one address on two devices",
            two("192.0.2.100/24", "192.0.2.100/24 dev eth1"),
            &[],
        ),
        (
            "one address twice by its device's name",
            two("192.0.2.100/24", "192.0.2.100/24 dev eth0"),
            &[Code::AddressInTwoInstances],
        ),
        (
            "IPv6 beside IPv4",
            instance("virtual_ipaddress_excluded {\n2001:db8::1/64\n}"),
            &[],
        ),
    ]);
}

#[test]
fn notes_about_addresses() {
    let bare = |address: &str| with_addresses("", address);
    assert_no_note(
        Code::PrefixMissing,
        &[
            ("with length", bare("192.0.2.100/32")),
            ("point to point", bare("192.0.2.100 peer 192.0.2.3")),
        ],
    );
    assert_no_note(
        Code::OutsideNetwork,
        &[
            ("inside", bare("192.0.2.100/32")),
            (
                "inside that of its device",
                bare("198.51.100.9/24 dev eth1"),
            ),
            ("link-local", bare("fe80::1/64")),
            (
                "of a family that the interface does not have",
                bare("fe80::1/64\n2001:db8::1/64"),
            ),
        ],
    );
    let list = |last: u8| bare(&format!("~SEQ(n, 101, {last}) 192.0.2.${{n}}/24"));
    assert_no_note(Code::ManyAddresses, &[("20 of them", list(120))]);
}

#[test]
fn election() {
    let weight = "script /bin/true\ninterval 1\nweight";
    let weighed = |number: &str, lines: &str| tracking(&format!("{weight} {number}"), lines);
    let nopreempt = "state BACKUP\nnopreempt";
    assert_lints(&[
        (
            "a check that is a fault",
            tracking("script /bin/true", nopreempt),
            &[],
        ),
        ("a weight of 0", weighed("0", nopreempt), &[]),
        (
            "nopreempt taken back",
            weighed("-60", "state BACKUP\nnopreempt\npreempt"),
            &[],
        ),
        (
            "nopreempt that is cleared",
            weighed("-60", "priority 100\nstate MASTER\nnopreempt"),
            &[],
        ),
        (
            "nopreempt with an interface's weight",
            instance("nopreempt\ntrack_interface {\neth1 weight 9\n}"),
            &[Code::NopreemptWithWeight],
        ),
        ("up to 254", weighed("54", "priority 200"), &[]),
        (
            "beyond 254",
            weighed("55", "priority 200"),
            &[Code::WeightOverflow],
        ),
        ("down to 1", weighed("-99", "priority 100"), &[]),
        ("below 1", weighed("-100", "priority 100"), &[]),
        (
            "an owner's weight",
            weighed("60", "priority 255"),
            &[Code::OwnerPriority],
        ),
        ("the highest of all others", instance("priority 254"), &[]),
    ]);
}

#[test]
fn notes_about_the_election() {
    let given = "state BACKUP\npriority 100\nadvert_int 1";
    let master = "state MASTER\nadvert_int 1";
    assert_no_note(
        Code::DefaultsTaken,
        &[
            ("all given", instance(given)),
            ("an owner by its state", instance(master)),
        ],
    );
    let weighed = |number: &str| tracking(&format!("script /bin/true\nweight {number}"), "");
    assert_no_note(
        Code::SmallWeight,
        &[
            ("3", weighed("3")),
            ("-3", weighed("-3")),
            ("0", weighed("0")),
        ],
    );
}

#[test]
fn timing() {
    let script = |lines: &str| tracking(&format!("script /bin/true\n{lines}"), "");
    assert_lints(&[
        ("a timeout alone", script("timeout 1"), &[]),
        (
            "as long as the interval",
            script("interval 5\ntimeout 5"),
            &[],
        ),
        ("no timeout at all, 0", script("interval 5\ntimeout 0"), &[]),
        (
            "longer than the default",
            script("timeout 3"),
            &[Code::TimeoutOverInterval],
        ),
    ]);
    assert_no_note(
        Code::SlowCheck,
        &[
            ("a second", script("interval 1\nfall 3")),
            (
                "slow and not tracked",
                format!(
                    "{}{}",
                    checks("script /bin/true\ninterval 60"),
                    instance("")
                ),
            ),
            (
                "as slow as the protocol",
                tracking("script /bin/true\ninterval 30", "advert_int 30"),
            ),
        ],
    );
}

#[test]
fn unicast() {
    let peers = |lines: &str| {
        instance(&format!(
            "{lines}\nunicast_peer {{\n192.0.2.3\n192.0.2.4\n}}"
        ))
    };
    assert_lints(&[
        ("peers alone", peers(""), &[]),
        ("with a source", peers("unicast_src_ip 192.0.2.2"), &[]),
        (
            "a source of another interface",
            peers("unicast_src_ip 198.51.100.2"),
            &[],
        ),
        (
            "a source that is awaited",
            peers("unicast_src_ip 192.0.2.9\ntrack_src_ip"),
            &[],
        ),
        (
            "a multicast source without peers",
            instance("mcast_src_ip 192.0.2.2"),
            &[],
        ),
        (
            "limits of one peer",
            instance("unicast_peer {\n192.0.2.3 min_ttl 250\n}"),
            &[],
        ),
    ]);
}

#[test]
fn strict_mode() {
    let strict = |text: &str| format!("global_defs {{\nvrrp_strict\n}}\n{text}");
    let owner = with_addresses("priority 255\nstate MASTER", "192.0.2.2/24");
    let accepts = |version: u8| strict(&instance(&format!("version {version}\naccept")));
    assert_lints(&[
        (
            "off",
            format!("global_defs {{\nvrrp_strict off\n}}\n{}", instance("")),
            &[],
        ),
        (
            "off for the instance",
            strict(&instance("strict_mode off")),
            &[],
        ),
        ("an owner", strict(&owner), &[]),
        ("accepts, version 3", accepts(3), &[]),
        (
            "accepts, which version 2 takes back",
            accepts(2),
            &[Code::StrictDropsPackets],
        ),
        (
            "no_accept without strict mode is meant",
            instance("no_accept"),
            &[],
        ),
    ]);
}

#[test]
fn commands() {
    assert_lints(&[
        ("arguments", command("\"/usr/bin/pgrep -x nginx\""), &[]),
        (
            "an address with & and ?",
            command("\"/bin/true http://127.0.0.1/?a=1&b=2\""),
            &[],
        ),
        (
            "a pattern with |",
            command("\"/usr/bin/pgrep nginx|haproxy\""),
            &[],
        ),
        ("a shell", command("\"/bin/sh -c 'true && exit 0'\""), &[]),
        (
            "a shell by env",
            command("\"/usr/bin/env sh -c 'true > /dev/null'\""),
            &[],
        ),
        (
            "what can be read",
            command("\"</dev/tcp/127.0.0.1/80\""),
            &[],
        ),
        (
            "a dash inside a word",
            command("\"/bin/true a\u{2013}b\""),
            &[],
        ),
        (
            "a sound script",
            command("/usr/local/bin/check_web.sh"),
            &[],
        ),
        (
            "a semicolon behind the program",
            command("\"/bin/true; /bin/false\""),
            &[Code::ShellSyntax],
        ),
        (
            "a program that is always there",
            command("\"test -f /run/master\""),
            &[],
        ),
        (
            "a notification",
            instance("notify_master \"/usr/local/bin/notify.sh a > b\""),
            &[Code::ShellSyntax],
        ),
    ]);
}

#[test]
fn groups() {
    let weighed = format!("{}{}", checks("script /bin/true\nweight -60"), "");
    let tracked = "track_script {\nchk\n}";
    let zero = "track_script {\nchk weight 0\n}";
    let both = |lines: &str| group(lines, lines, "");
    assert_lints(&[
        ("members alike", both("state BACKUP\nnopreempt"), &[]),
        (
            "one of them without nopreempt",
            group("nopreempt", "", ""),
            &[Code::SyncGroupDiffers],
        ),
        (
            "a weight that is taken off",
            weighed.clone() + &group(zero, "", ""),
            &[],
        ),
        (
            "weights that are allowed",
            weighed.clone() + &group(tracked, tracked, "sync_group_tracking_weight"),
            &[],
        ),
        (
            "a weight that is not",
            weighed + &group(tracked, "", ""),
            &[Code::SyncGroupWeight],
        ),
    ]);
}

/// A virtual server of 192.0.2.100:80 with these lines and a real server of weight 1 with those.
fn service(lines: &str, server: &str) -> String {
    format!(
        "virtual_server 192.0.2.100 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{lines}\n\
         real_server 192.0.2.11 80 {{\n{server}\n}}\n}}\n"
    )
}

#[test]
fn virtual_servers() {
    let plain = || service("", "TCP_CHECK {\n}");
    let at = |address: &str| plain().replace("192.0.2.100 80", address);
    let held = |address: &str| with_addresses("", address) + &plain();
    assert_lints(&[
        ("alone", plain(), &[]),
        ("held", held("192.0.2.100/24"), &[]),
        (
            "not held",
            held("192.0.2.101/24"),
            &[Code::ServiceAddressNotHeld],
        ),
        (
            "held beside the advertised",
            with_addresses(
                "virtual_ipaddress_excluded {\n192.0.2.100\n}",
                "192.0.2.7/24",
            ) + &plain(),
            &[],
        ),
        (
            "held all the time",
            format!(
                "static_ipaddress {{\n192.0.2.100/24 dev eth0\n}}\n{}{}",
                with_addresses("", "192.0.2.7/24"),
                plain()
            ),
            &[],
        ),
        ("the host's own", instance("") + &at("192.0.2.2 80"), &[]),
        ("a mark", instance("") + &at("fwmark 5"), &[]),
        ("another port", plain() + &at("192.0.2.100 81"), &[]),
        ("another address", plain() + &at("192.0.2.101 80"), &[]),
        (
            "another protocol",
            plain() + &plain().replace("TCP\n", "UDP\n"),
            &[],
        ),
        (
            "the node serves as well",
            plain().replace("192.0.2.11", "192.0.2.100"),
            &[],
        ),
        ("like the sample", at("10.10.10.20 80"), &[]),
    ]);
}

#[test]
fn quorums_and_sorry_servers() {
    let second = "real_server 192.0.2.12 80 {\nweight 2\nTCP_CHECK {\n}\n}";
    assert_lints(&[
        (
            "a quorum of all weights",
            service(&format!("quorum 3\n{second}"), ""),
            &[],
        ),
        (
            "more than them",
            service(&format!("quorum 4\n{second}"), ""),
            &[Code::QuorumUnreachable],
        ),
        ("one that is drained", service(second, "weight 0"), &[]),
        ("all drained", service("", "weight 0"), &[Code::NoWeight]),
        (
            "a sorry server",
            service("sorry_server 192.0.2.13 80", ""),
            &[],
        ),
        (
            "one on another port of a real one",
            service("sorry_server 192.0.2.11 81", ""),
            &[],
        ),
        (
            "one that is a real one",
            service("sorry_server 192.0.2.11", ""),
            &[Code::SorryIsReal],
        ),
    ]);
}

#[test]
fn notes_about_virtual_servers() {
    let check = "TCP_CHECK {\n}";
    let both = format!("{check}\nPING_CHECK {{\n}}");
    assert_no_note(
        Code::NoChecker,
        &[("one", service("", check)), ("two", service("", &both))],
    );
    assert_no_note(
        Code::SeveralCheckers,
        &[("none", service("", "")), ("one", service("", check))],
    );
    assert_no_note(
        Code::SorryWithoutPort,
        &[
            ("with port", service("sorry_server 192.0.2.13 8080", check)),
            (
                "behind a mark",
                service("sorry_server 192.0.2.13", check).replace("192.0.2.100 80", "fwmark 5"),
            ),
        ],
    );
    assert_no_note(Code::RealIsVirtual, &[("its own", service("", check))]);
}

#[test]
fn keywords_that_may_stand_twice() {
    assert_lints(&[
        (
            "in two blocks",
            "global_defs {\nrouter_id a\n}\nglobal_defs {\nrouter_id a\n}\n".to_owned()
                + &instance(""),
            &[],
        ),
        (
            "for two hosts",
            instance("@node1 priority 100\n@node2 priority 90"),
            &[],
        ),
        (
            "in two instances",
            named("A", "eth0", 51, "priority 100", "192.0.2.100/24")
                + &named("B", "eth0", 52, "priority 90", "192.0.2.101/24"),
            &[],
        ),
        (
            "lists",
            instance("track_interface {\neth1\n}\nvirtual_ipaddress {\n192.0.2.101/24\n}"),
            &[],
        ),
    ]);
}

#[test]
fn the_handover_is_noted_only_where_a_script_decides_it() {
    let notify = "notify_master /usr/local/bin/notify.sh";
    assert_no_note(
        Code::ExclusiveHandover,
        &[
            ("no script", instance("")),
            ("said", instance(&format!("{notify}\nhandover overlap"))),
            (
                "said the other way",
                instance(&format!("{notify}\nhandover exclusive")),
            ),
            (
                "a fault is no handover",
                instance("notify_fault /usr/local/bin/notify.sh"),
            ),
            ("strict", instance(&format!("{notify}\nstrict_mode on"))),
        ],
    );
}

#[test]
fn names_of_the_node_are_its_own_affair() {
    let named = |id: &str| format!("global_defs {{\nrouter_id {id}\n}}\n{}", instance(""));
    assert_no_note(
        Code::SampleLeftover,
        &[
            ("web1", named("web1")),
            ("like the sample", named("LVS_DEVEL_2")),
            ("none", instance("")),
        ],
    );
}

#[test]
fn names_in_commands_and_passwords_are_not_definitions() {
    let password = |text: &str| {
        instance(&format!(
            "authentication {{\nauth_type PASS\nauth_pass {text}\n}}"
        ))
    };
    assert_no_note(
        Code::Undefined,
        &[
            ("a shell's variable", command("\"/bin/sh -c 'test $HOME'\"")),
            (
                "in a notification",
                instance("notify \"/bin/sh -c 'echo $STATE'\""),
            ),
            ("a sign within a word", password("a$b%c")),
            ("a number", password("$1")),
            ("defined", format!("$P=51\n{}", instance("priority $P"))),
        ],
    );
}

#[test]
fn a_peer_that_stands_twice_is_removed_only_with_nothing_else_on_its_line() {
    let rest =
        "interface eth0\nvirtual_router_id 5\npriority 100\nvirtual_ipaddress {\n10.0.0.9/24\n}";
    for (line, fixed) in [
        ("10.0.0.3", true),
        ("10.0.0.3 # again", true),
        ("10.0.0.3 min_ttl 254", false),
        ("@^other 10.0.0.3", false),
    ] {
        let text =
            format!("vrrp_instance A {{\n{rest}\nunicast_peer {{\n10.0.0.3\n{line}\n}}\n}}\n");
        let loaded = read(&text);
        let mut found = loaded.diagnostics.iter();
        let found = found.find(|found| found.code == Code::DuplicatePeer);
        let found = found.unwrap_or_else(|| panic!("{line}"));
        assert_eq!(found.fix.is_some(), fixed, "{line}");
    }
}
