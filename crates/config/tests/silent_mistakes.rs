//! What keepalived accepts without a word and is surely, or likely, a mistake: each draws a finding of ours.
//!
//! Notes are for what stands in more than a tenth of the files that people have: a warning each would drown the others.

mod common;

use common::read;
use standfast_config::nodes::{Node, compare};
use standfast_config::{Code, Severity};

/// An instance that draws nothing above a note, with these lines in it.
fn instance(lines: &str) -> String {
    with_addresses(lines, "192.0.2.100/24")
}

/// The same with other addresses.
fn with_addresses(lines: &str, addresses: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 51\nadvert_int 1\n{lines}\n\
         virtual_ipaddress {{\n{addresses}\n}}\n}}\n"
    )
}

/// A script that can be run, safely, and an instance that tracks it.
fn tracking(script: &str, lines: &str) -> String {
    let lines = format!("{lines}\ntrack_script {{\nchk\n}}");
    format!(
        "global_defs {{\nenable_script_security\nscript_user root\n}}\nvrrp_script chk {{\n{script}\n}}\n{}",
        instance(&lines)
    )
}

#[track_caller]
fn assert_draws(text: &str, code: Code, severity: Severity) {
    let loaded = read(text);
    let found = loaded.diagnostics.iter().find(|found| found.code == code);
    let got = found.map(|found| found.severity);
    assert_eq!(got, Some(severity), "{text}\n{:#?}", loaded.diagnostics);
}

/// A virtual server of two real servers, the first with these lines, and others in the block itself.
fn service(address: &str, first: &str, lines: &str) -> String {
    format!(
        "virtual_server {address} 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{lines}\n\
         real_server 192.0.2.11 80 {{\n{first}\n}}\nreal_server 192.0.2.12 80 {{\nTCP_CHECK {{\n}}\n}}\n}}\n"
    )
}

/// The comparison of two nodes draws it, and it alone.
#[track_caller]
fn assert_pair_draws((a, b): (&str, &str), code: Code, severity: Severity) {
    let (a, b) = (read(a), read(b));
    let node = |name, loaded| Node { name, loaded };
    let found = compare(&[node("a", &a), node("b", &b)]).diagnostics;
    let got: Vec<_> = found.iter().map(|one| (one.code, one.severity)).collect();
    assert_eq!(got, [(code, severity)], "{found:#?}");
}

#[test]
fn an_address_without_prefix_length_is_a_note() {
    for address in ["192.0.2.100", "fe80::1/64\n2001:db8::1"] {
        assert_draws(
            &with_addresses("", address),
            Code::PrefixMissing,
            Severity::Note,
        );
    }
}

#[test]
fn the_router_id_of_the_sample_is_a_note() {
    let text = format!(
        "global_defs {{\nrouter_id LVS_DEVEL\n}}\n{}",
        instance("priority 100")
    );
    assert_draws(&text, Code::SampleLeftover, Severity::Note);
}

#[test]
fn the_mail_settings_of_the_sample_are_found() {
    for line in [
        "notification_email {\nacassen@firewall.loc\n}",
        "notification_email_from Alexandre.Cassen@firewall.loc",
        "smtp_server 192.168.200.1",
    ] {
        let text = format!("global_defs {{\n{line}\n}}\n{}", instance("priority 100"));
        assert_draws(&text, Code::SampleLeftover, Severity::Warning);
    }
}

#[test]
fn the_virtual_servers_of_the_sample_are_a_warning() {
    for address in ["192.168.200.100", "10.10.10.2", "10.10.10.3"] {
        let text = service(address, "TCP_CHECK {\n}", "");
        assert_draws(&text, Code::SampleLeftover, Severity::Warning);
    }
}

#[test]
fn two_identical_virtual_servers_are_a_warning() {
    let one = service("192.0.2.100", "TCP_CHECK {\n}", "");
    assert_draws(&one.repeat(2), Code::SameService, Severity::Warning);
}

#[test]
fn two_checkers_of_one_real_server_are_a_note() {
    let text = service("192.0.2.100", "TCP_CHECK {\n}\nTCP_CHECK {\n}", "");
    assert_draws(&text, Code::SeveralCheckers, Severity::Note);
}

#[test]
fn a_sorry_server_without_port_is_a_note() {
    let text = service("192.0.2.100", "TCP_CHECK {\n}", "sorry_server 192.0.2.13");
    assert_draws(&text, Code::SorryWithoutPort, Severity::Note);
}

#[test]
fn a_backup_above_its_master_is_a_warning() {
    let master = instance("priority 100").replace("state BACKUP", "state MASTER");
    let backup = instance("priority 150");
    for (a, b) in [(&master, &backup), (&backup, &master)] {
        assert_pair_draws((a, b), Code::StateAgainstPriority, Severity::Warning);
    }
}

#[test]
fn a_weight_smaller_than_the_distance_of_the_priorities_is_a_warning() {
    for weight in ["2", "-10"] {
        let check = format!("script /bin/true\ninterval 1\nweight {weight}");
        let (a, b) = (
            tracking(&check, "priority 150"),
            tracking(&check, "priority 100"),
        );
        assert_pair_draws((&a, &b), Code::WeightMovesNothing, Severity::Warning);
    }
}

#[test]
fn settings_that_are_left_to_defaults_are_a_note() {
    let vip = "virtual_ipaddress {\n192.0.2.100/24\n}\n}\n";
    for lines in [
        "priority 100\nadvert_int 1",
        "state BACKUP\npriority 100",
        "state BACKUP\nadvert_int 1",
    ] {
        let text =
            format!("vrrp_instance A {{\ninterface eth0\nvirtual_router_id 51\n{lines}\n{vip}");
        assert_draws(&text, Code::DefaultsTaken, Severity::Note);
    }
}

#[test]
fn strict_mode_as_in_the_sample_is_a_warning() {
    let strict = "global_defs {\nvrrp_strict\n}\n";
    let text = format!("{strict}{}", instance("priority 100"));
    assert_draws(&text, Code::StrictDropsPackets, Severity::Warning);
    let unicast = "priority 100\nunicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.3\n}";
    let text = format!("{strict}{}", instance(unicast));
    assert_draws(&text, Code::StrictUnicast, Severity::Warning);
}

#[test]
fn a_check_whose_weight_moves_nothing_is_found() {
    let check = "script /bin/true\ninterval 1\nweight";
    let text = tracking(&format!("{check} 2"), "priority 150");
    assert_draws(&text, Code::SmallWeight, Severity::Note);
    let text = tracking(&format!("{check} -60"), "priority 150\nnopreempt");
    assert_draws(&text, Code::NopreemptWithWeight, Severity::Warning);
}

#[test]
fn shell_syntax_in_a_command_is_a_warning() {
    for command in [
        "/bin/true && exit 0",
        "/bin/true > /dev/null",
        "/bin/true 2>&1",
        "/bin/true | wc -l",
        "/bin/true; /bin/false",
    ] {
        let text = tracking(&format!("script \"{command}\""), "priority 150");
        assert_draws(&text, Code::ShellSyntax, Severity::Warning);
    }
}

#[test]
fn a_script_that_nobody_tracks_is_a_note() {
    let text = format!(
        "vrrp_script chk {{\nscript /bin/true\n}}\n{}",
        instance("priority 100")
    );
    assert_draws(&text, Code::ScriptUnused, Severity::Note);
}

#[test]
fn the_priority_of_an_owner_that_owns_nothing_is_a_warning() {
    assert_draws(
        &instance("priority 255"),
        Code::OwnerPriority,
        Severity::Warning,
    );
}

#[test]
fn words_after_a_value_are_a_warning() {
    for lines in [
        "priority 100 foo",
        "state BACKUP //note",
        "advert_int 1 sec",
    ] {
        assert_draws(&instance(lines), Code::IgnoredWords, Severity::Warning);
    }
}

#[test]
fn a_peer_with_prefix_length_is_a_warning() {
    let text = instance("priority 100\nunicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.3/24\n}");
    assert_draws(&text, Code::IgnoredWords, Severity::Warning);
}

#[test]
fn a_keyword_that_stands_twice_in_a_block_is_a_warning() {
    let text = instance("priority 100\npriority 90");
    assert_draws(&text, Code::RepeatedKeyword, Severity::Warning);
}

#[test]
fn an_address_that_is_held_twice_is_a_warning() {
    let text = with_addresses("priority 100", "192.0.2.100/24\n192.0.2.100/24");
    assert_draws(&text, Code::DuplicateAddress, Severity::Warning);
    let other = "vrrp_instance B {\ninterface eth0\nvirtual_router_id 52\npriority 100\nvirtual_ipaddress {\n192.0.2.100/24\n}\n}\n";
    let text = format!("{}{other}", instance("priority 100"));
    assert_draws(&text, Code::AddressInTwoInstances, Severity::Warning);
}

#[test]
fn peers_that_are_no_others_are_a_warning() {
    let peers = |peers: &str| {
        instance(&format!(
            "priority 100\nunicast_src_ip 192.0.2.2\nunicast_peer {{\n{peers}\n}}"
        ))
    };
    let twice = peers("192.0.2.3\n192.0.2.3");
    assert_draws(&twice, Code::DuplicatePeer, Severity::Warning);
    let own = peers("192.0.2.2\n192.0.2.3");
    assert_draws(&own, Code::PeerIsSelf, Severity::Warning);
}

#[test]
fn a_multicast_source_beside_peers_is_a_warning() {
    let text = instance("priority 100\nmcast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.3\n}");
    assert_draws(&text, Code::MulticastWithUnicast, Severity::Warning);
}

#[test]
fn a_source_that_the_host_does_not_have_is_a_warning() {
    let text = instance("priority 100\nunicast_src_ip 192.0.2.9\nunicast_peer {\n192.0.2.3\n}");
    assert_draws(&text, Code::SourceNotOnHost, Severity::Warning);
}

#[test]
fn addresses_that_are_no_host_s_are_a_warning() {
    for address in ["192.0.2.0/24", "192.0.2.255/24", "192.0.2.128/25"] {
        let text = with_addresses("priority 100", address);
        assert_draws(&text, Code::NotAHostAddress, Severity::Warning);
    }
}

#[test]
fn a_label_of_another_interface_is_a_warning() {
    let text = with_addresses("priority 100", "192.0.2.100/24 label eth1:0");
    assert_draws(&text, Code::LabelMismatch, Severity::Warning);
}

#[test]
fn more_than_twenty_addresses_are_a_note() {
    let text = with_addresses("priority 100", "~SEQ(n, 101, 121) 192.0.2.${n}/24");
    assert_draws(&text, Code::ManyAddresses, Severity::Note);
}

#[test]
fn a_password_without_a_type_is_a_warning() {
    let text = instance("priority 100\nauthentication {\nauth_pass secret\n}");
    assert_draws(&text, Code::PasswordWithoutType, Severity::Warning);
}

#[test]
fn a_notification_script_that_is_not_there_is_a_warning() {
    for keyword in [
        "notify_master",
        "notify_backup",
        "notify_fault",
        "notify_stop",
        "notify",
    ] {
        let text = instance(&format!("priority 100\n{keyword} /no/such/script"));
        assert_draws(&text, Code::ScriptNotRunnable, Severity::Warning);
    }
}

#[test]
fn a_file_without_anything_to_run_is_a_warning() {
    for text in ["", "# only a comment\n", "\n\n"] {
        assert_draws(text, Code::NothingToRun, Severity::Warning);
    }
    let text = format!("include missing.conf\n{}", instance("priority 100"));
    assert_draws(&text, Code::IncludeNotFound, Severity::Warning);
}

#[test]
fn a_check_that_outlasts_its_interval_is_a_warning() {
    let text = tracking("script /bin/true\ninterval 2\ntimeout 10", "priority 150");
    assert_draws(&text, Code::TimeoutOverInterval, Severity::Warning);
}

#[test]
fn two_scripts_of_one_name_are_a_warning() {
    let script = "vrrp_script chk {\nscript /bin/true\n}\n";
    let text = format!("{script}{script}{}", instance("track_script {\nchk\n}"));
    assert_draws(&text, Code::DuplicateName, Severity::Warning);
}

#[test]
fn a_first_ipv6_address_that_is_not_link_local_is_a_warning() {
    let text = with_addresses("priority 100", "2001:db8::1/64\nfe80::1/64");
    assert_draws(&text, Code::FirstNotLinkLocal, Severity::Warning);
}

#[test]
fn numbers_that_look_like_something_else_are_a_note() {
    for number in ["0100", "+100", "\"100\""] {
        let text = instance(&format!("priority {number}"));
        assert_draws(&text, Code::OddNumber, Severity::Note);
    }
}
