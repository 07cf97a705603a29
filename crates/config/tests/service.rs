//! Load balancing: groups, virtual servers, real servers, checkers, the client certificate and BFD sessions.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of a test")]

mod common;

use std::net::{IpAddr, Ipv4Addr};

use common::read;
use standfast_config::{
    Checker, Code, DnsType, Family, FileWeight, FirewallMark, Forwarding, Granularity, GroupTarget,
    HttpProtocol, IpNetwork, Loaded, MaxHops, Micros, Port, RegexOption, Reply, Scheduler,
    ServerAddress, ServiceIdentity, ServiceProtocol, Tunnel, TunnelChecksum, VirtualServer,
};

/// Codes with their lines, without the remark that the keyword is not acted on.
fn findings(loaded: &Loaded) -> Vec<(usize, Code)> {
    let kept = loaded.diagnostics.iter();
    kept.filter(|one| one.code != Code::NotActedOn && one.code < Code::SampleLeftover)
        .map(|one| {
            let place = loaded.sources.locate(one.primary).expect("a place");
            (place.line, one.code)
        })
        .collect()
}

/// A complete virtual server with these lines in it, from line 5 on, before its real server 10.1.0.1:80.
fn service(lines: &str) -> String {
    format!(
        "virtual_server 10.0.0.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{lines}\nreal_server 10.1.0.1 80 {{\n}}\n}}\n"
    )
}

/// A complete virtual server whose real server has these lines, from line 6 on.
fn with_server(lines: &str) -> String {
    format!(
        "virtual_server 10.0.0.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.1.0.1 80 {{\n{lines}\n}}\n}}\n"
    )
}

fn only(loaded: &Loaded) -> &VirtualServer {
    let [server] = loaded.config.virtual_servers.as_slice() else {
        panic!("{:?}", loaded.diagnostics)
    };
    server
}

/// The checkers of the only real server.
fn checkers(loaded: &Loaded) -> &[Checker] {
    &only(loaded)
        .real_servers
        .first()
        .expect("a server")
        .checkers
}

/// The checker that these lines make, which draw no complaint.
fn checker(lines: &str) -> Checker {
    let text = format!(
        "track_file f {{\nfile /f\n}}\nbfd_instance b {{\nneighbor_ip 10.9.9.9\n}}\n{}",
        with_server(lines)
    );
    let loaded = read(&text);
    // Neither scripts without security nor the obsolete `host` are what is tried.
    let matters =
        |(_, code): &(usize, Code)| !matches!(code, Code::ScriptSecurity | Code::Deprecated);
    let rest: Vec<_> = findings(&loaded).into_iter().filter(matters).collect();
    assert_eq!(rest, [], "{text}");
    checkers(&loaded).first().expect("a checker").clone()
}

fn port(number: u16) -> Option<Port> {
    Port::new(number)
}

fn at(address: &str, number: u16) -> ServerAddress {
    ServerAddress {
        address: address.parse().expect("an address"),
        port: port(number),
    }
}

#[test]
fn a_bare_virtual_server_has_keepalived_s_defaults() {
    let loaded =
        read("virtual_server 10.0.0.1 80 {\nreal_server 10.1.0.1 80 {\nTCP_CHECK {\n}\n}\n}\n");
    let server = only(&loaded);
    assert_eq!(
        server.identity.value,
        ServiceIdentity::Address(at("10.0.0.1", 80))
    );
    assert_eq!(server.family, Family::V4);
    assert_eq!(server.protocol, Some(ServiceProtocol::Udp));
    assert_eq!(server.scheduler.value, Scheduler::WeightedLeastConnection);
    assert_eq!(server.forwarding.value, Forwarding::Nat);
    assert_eq!(server.persistence.timeout_s, None);
    assert_eq!(
        server.persistence.granularity,
        Granularity::Mask(Ipv4Addr::BROADCAST)
    );
    assert_eq!((server.quorum.value, server.hysteresis.value), (1, 0));
    assert_eq!(server.checks.delay_loop.value, Micros::from_secs(60));
    assert!(!server.smtp_alert && server.sorry_server.is_none());
    let [real] = server.real_servers.as_slice() else {
        panic!()
    };
    assert_eq!((real.weight.value, real.smtp_alert), (1, true));
    // Scheduler, method and protocol, as with keepalived.
    assert_eq!(findings(&loaded), [(1, Code::ServiceIncomplete); 3]);
    assert_eq!(loaded.keepalived_test_exit(), 5);
}

#[test]
fn real_servers_inherit_from_the_whole_block_in_any_order() {
    let text = "virtual_server 10.0.0.1 80 {\nreal_server 10.1.0.1 80 {\nTCP_CHECK {\n}\n}\n\
        real_server 10.1.0.2 80 {\nweight 9\nretry 7\ndelay_loop 8\nvirtualhost own\nlvs_method DR\nTCP_CHECK {\nretry 0\nalpha off\n}\n}\n\
        lvs_sched wrr\nlvs_method TUN\nprotocol TCP\nweight 4\nretry 5\ndelay_loop 6\ndelay_before_retry 1.5\n\
        warmup 2\nconnect_timeout 3\ninhibit_on_failure\nalpha\nvirtualhost all\n}\n";
    let loaded = read(text);
    assert_eq!(findings(&loaded), []);
    let [first, second] = only(&loaded).real_servers.as_slice() else {
        panic!()
    };
    assert_eq!((first.weight.value, second.weight.value), (4, 9));
    assert_eq!(first.forwarding.value, Forwarding::Tunnel(Tunnel::IpIp));
    assert_eq!(second.forwarding.value, Forwarding::DirectRouting);
    assert!(first.inhibit_on_failure && first.alpha);
    let host = |server: &standfast_config::RealServer| {
        server.virtualhost.as_ref().map(|host| host.value.clone())
    };
    assert_eq!(host(first).as_deref(), Some("all"));
    assert_eq!(host(second).as_deref(), Some("own"));
    let schedule = |checker: &Checker| checker.schedule().expect("a schedule").clone();
    let (inherited, own) = (schedule(&first.checkers[0]), schedule(&second.checkers[0]));
    assert_eq!((inherited.retry.value, own.retry.value), (5, 0));
    assert_eq!(inherited.delay_loop.value, Micros::from_secs(6));
    assert_eq!(own.delay_loop.value, Micros::from_secs(8));
    assert_eq!(inherited.delay_before_retry, Micros::from_millis(1500));
    assert_eq!(inherited.warmup, Micros::from_secs(2));
    assert_eq!((inherited.alpha, own.alpha), (true, false));
    let connection = first.checkers[0].connection().expect("a connection");
    assert_eq!(connection.timeout, Micros::from_secs(3));
    assert_eq!(connection.address, IpAddr::from([10, 1, 0, 1]));
    assert_eq!(connection.port, port(80));
}

#[test]
fn repeats_default_by_kind_of_checker() {
    let repeat = |lines: &str| {
        let checker = checker(&format!("delay_loop 20\n{lines}"));
        let schedule = checker.schedule().expect("a schedule");
        assert_eq!(schedule.warmup, Micros::from_secs(20), "{lines}");
        (
            schedule.retry.value,
            schedule.delay_before_retry.get() / 1_000_000,
        )
    };
    for kind in ["TCP_CHECK", "SMTP_CHECK", "UDP_CHECK", "PING_CHECK"] {
        assert_eq!(repeat(&format!("{kind} {{\n}}")), (1, 1), "{kind}");
    }
    assert_eq!(repeat("HTTP_GET {\nurl {\npath /\n}\n}"), (1, 3));
    assert_eq!(repeat("DNS_CHECK {\n}"), (3, 20));
    assert_eq!(repeat("MISC_CHECK {\nmisc_path /bin/true\n}"), (0, 1));
}

#[test]
fn mail_follows_the_nearest_setting() {
    let alerts = |global: &str, lines: &str| {
        let loaded = read(format!("global_defs {{\n{global}\n}}\n{}", service(lines)));
        let server = only(&loaded);
        (server.smtp_alert, server.real_servers[0].smtp_alert)
    };
    assert_eq!(alerts("", ""), (false, true));
    assert_eq!(alerts("smtp_alert", ""), (true, true));
    assert_eq!(alerts("smtp_alert off", ""), (false, false));
    assert_eq!(
        alerts("smtp_alert\nsmtp_alert_checker off", ""),
        (false, false)
    );
    assert_eq!(
        alerts("smtp_alert_checker off", "smtp_alert"),
        (true, false)
    );
}

#[test]
fn every_failure_is_logged_where_global_defs_say_so() {
    let text = format!(
        "global_defs {{\nchecker_log_all_failures\n}}\n{}",
        with_server("TCP_CHECK {\n}\nPING_CHECK {\nlog_all_failures off\n}")
    );
    let loaded = read(text);
    let logs = checkers(&loaded)
        .iter()
        .map(|checker| checker.schedule().expect("a schedule").log_all_failures);
    assert_eq!(logs.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn tunnels_have_the_options_of_their_type() {
    let method = |words: &str| {
        let loaded = read(service(&format!("lvs_method {words}")));
        let wrong: Vec<_> = findings(&loaded)
            .into_iter()
            .map(|(_, code)| code)
            .collect();
        (only(&loaded).forwarding.value, wrong)
    };
    let plain = Forwarding::Tunnel(Tunnel::IpIp);
    let gue = Forwarding::Tunnel(Tunnel::Gue {
        port: port(6080).expect("a port"),
        checksum: TunnelChecksum::Remote,
    });
    assert_eq!(method("TUN type gue port 6080 remcsum"), (gue, vec![]));
    let gre = Forwarding::Tunnel(Tunnel::Gre {
        checksum: TunnelChecksum::Full,
    });
    assert_eq!(method("TUN type gre csum"), (gre, vec![]));
    assert_eq!(method("DR"), (Forwarding::DirectRouting, vec![]));
    for wrong in [
        "TUN type gue",
        "TUN type ipip port 5",
        "TUN csum",
        "TUN type gre remcsum",
        "TUN type vxlan",
        "TUN type",
        "TUN foo",
    ] {
        assert_eq!(method(wrong), (plain, vec![Code::InvalidTunnel]), "{wrong}");
    }
    assert_eq!(
        method("TUN type gue port 0"),
        (plain, vec![Code::OutOfRange])
    );
    // The one before stays.
    assert_eq!(method("tun"), (Forwarding::Nat, vec![Code::InvalidChoice]));
}

#[test]
fn groups_hold_addresses_ranges_networks_and_marks() {
    let lines = "10.0.0.1 80\n10.0.0.2-5 81\n10.0.0.6-10.0.1.1\n10.2.0.0/16 82\n2001:db8::1-ff 83\nfwmark 7\nfwmark 8 inet6";
    let loaded = read(format!("virtual_server_group g {{\n{lines}\n}}\n"));
    assert_eq!(findings(&loaded), []);
    let group = loaded.config.virtual_server_group("g").expect("the group");
    let targets: Vec<_> = group.entries.iter().map(|entry| entry.target).collect();
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let range = |first, last, number| GroupTarget::Range {
        first: address(first),
        last: address(last),
        port: port(number),
    };
    let mark = |number, family| GroupTarget::Mark {
        mark: FirewallMark(number),
        family,
    };
    let network = IpNetwork {
        address: address("10.2.0.0"),
        prefix: 16,
    };
    let expected = [
        GroupTarget::Address(at("10.0.0.1", 80)),
        range("10.0.0.2", "10.0.0.5", 81),
        range("10.0.0.6", "10.0.1.1", 0),
        GroupTarget::Network {
            network,
            port: port(82),
        },
        range("2001:db8::1", "2001:db8::ff", 83),
        mark(7, Family::V4),
        mark(8, Family::V6),
    ];
    assert_eq!(targets, expected);
}

#[test]
fn wrong_lines_of_a_group_are_left_out() {
    for line in [
        "10.0.0.300 80",
        "10.0.0.1:80",
        "10.0.0.1 65536",
        "10.0.0.1 http",
        "10.0.0.9-9 80",
        "10.0.0.9-5 80",
        "10.0.0.1-300 80",
        "10.0.0.1-2001:db8::1 80",
        "fe80::1-fffff 80",
        "10.0.0.1/24 80",
        "10.0.0.0/33 80",
        "10.0.0.0/0 80",
        "fwmark x",
        "fwmark 5 inet7",
    ] {
        let loaded = read(format!(
            "virtual_server_group g {{\n10.0.0.7 80\n{line}\n}}\n"
        ));
        let lines: Vec<usize> = findings(&loaded).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3], "{line}");
        assert_eq!(loaded.config.virtual_server_groups[0].entries.len(), 1);
        assert_eq!(loaded.keepalived_test_exit(), 5, "{line}");
    }
    let loaded = read("virtual_server_group g {\nx\n}\n");
    assert!(loaded.config.virtual_server_groups.is_empty());
    let expected = [(2, Code::InvalidAddress), (3, Code::ServiceIncomplete)];
    assert_eq!(findings(&loaded), expected);
}

#[test]
fn a_virtual_server_without_its_group_or_a_real_server_is_left_out() {
    let body = "lvs_sched rr\nlvs_method NAT\nprotocol TCP\n";
    let server = "real_server 10.1.0.1 80 {\n}\n";
    let loaded = read(format!("virtual_server group g {{\n{body}{server}}}\n"));
    assert_eq!(findings(&loaded), [(1, Code::GroupUnknown)]);
    assert!(loaded.config.virtual_servers.is_empty() && !loaded.has_errors());
    let loaded = read(format!("virtual_server 10.0.0.1 80 {{\n{body}}}\n"));
    assert_eq!(findings(&loaded), [(1, Code::ServiceIncomplete)]);
    assert!(loaded.config.virtual_servers.is_empty());
    // What stands in a block that is skipped is not judged.
    let loaded = read("virtual_server fakevip 80 {\nfoo\nreal_server x {\n}\n}\n");
    assert_eq!(findings(&loaded), [(1, Code::InvalidAddress)]);
}

#[test]
fn a_service_of_all_ports_becomes_persistent() {
    let text = "virtual_server 10.0.0.1 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.1.0.1 {\n}\n}\n";
    let loaded = read(text);
    let timeout = only(&loaded).persistence.timeout_s.expect("a timeout");
    assert_eq!(timeout.value, 360);
    assert_eq!(findings(&loaded), [(1, Code::ServiceAdjusted)]);
    let persistence = |lines: &str| only(&read(service(lines))).persistence.clone();
    let timeout = |lines| persistence(lines).timeout_s.map(|timeout| timeout.value);
    assert_eq!(timeout("persistence_timeout"), Some(360));
    assert_eq!(timeout("persistence_timeout 50"), Some(50));
    assert_eq!(timeout("persistence_timeout 0"), None);
    let mask = |text| persistence(text).granularity;
    assert_eq!(
        mask("persistence_granularity 255.255.255.0"),
        Granularity::Mask(Ipv4Addr::new(255, 255, 255, 0))
    );
    // As keepalived reads it, which is hardly meant.
    assert_eq!(
        mask("persistence_granularity 24"),
        Granularity::Mask(Ipv4Addr::new(0, 0, 0, 24))
    );
}

#[test]
fn a_mark_gets_its_family_from_what_is_known_first() {
    let mark = |lines: &str| {
        format!("virtual_server fwmark 7 {{\nlvs_sched rr\nlvs_method NAT\n{lines}\n}}\n")
    };
    let loaded = read(mark(
        "real_server 2001:db8::1 80 {\n}\nreal_server 10.1.0.1 80 {\n}",
    ));
    let server = only(&loaded);
    assert_eq!((server.family, server.protocol), (Family::V6, None));
    assert_eq!(server.real_servers.len(), 1);
    assert_eq!(findings(&loaded), [(7, Code::ServiceFamily)]);
    let loaded = read(mark(
        "persistence_granularity 64\nreal_server 2001:db8::1 80 {\n}\nip_family inet",
    ));
    assert_eq!(only(&loaded).family, Family::V6);
    assert_eq!(findings(&loaded), [(7, Code::ServiceFamily)]);
    let loaded = read(mark(
        "ha_suspend\nprotocol TCP\nreal_server 10.1.0.1 80 {\n}",
    ));
    assert!(!only(&loaded).ha_suspend && only(&loaded).protocol.is_none());
    let expected = [(4, Code::ServiceAdjusted), (5, Code::ServiceAdjusted)];
    assert_eq!(findings(&loaded), expected);
}

#[test]
fn only_nat_changes_ports() {
    let ports = |method: &str| {
        let text = service(&format!(
            "lvs_method {method}\nreal_server 10.1.0.2 8080 {{\n}}\nreal_server 10.1.0.3 {{\n}}\nsorry_server 10.1.0.9 99"
        ));
        let loaded = read(text);
        let server = only(&loaded);
        let all = server
            .real_servers
            .iter()
            .map(|real| real.address.value.port);
        let sorry = server.sorry_server.as_ref().expect("a sorry server");
        let all: Vec<_> = all.chain([sorry.address.value.port]).collect();
        (all, findings(&loaded))
    };
    let (nat, said) = ports("NAT");
    assert_eq!(
        (nat, said),
        (vec![port(8080), port(80), port(80), port(99)], vec![])
    );
    let (direct, said) = ports("DR");
    assert_eq!(direct, [port(80); 4]);
    let expected = [(6, Code::ServiceAdjusted), (10, Code::ServiceAdjusted)];
    assert_eq!(said, expected);
}

#[test]
fn a_tunnel_leads_to_the_other_family() {
    let text = |method: &str| {
        service(&format!(
            "lvs_method {method}\nreal_server 2001:db8::2 80 {{\n}}\nsorry_server 2001:db8::9 80"
        ))
    };
    let loaded = read(text("TUN"));
    assert_eq!(only(&loaded).real_servers.len(), 2);
    assert_eq!(findings(&loaded), []);
    let loaded = read(text("DR"));
    assert_eq!(only(&loaded).real_servers.len(), 1);
    assert!(only(&loaded).sorry_server.is_none());
    // Each at the brace where keepalived says it.
    assert_eq!(
        findings(&loaded),
        [(7, Code::ServiceFamily), (11, Code::ServiceFamily)]
    );
}

#[test]
fn the_sorry_server_has_its_own_method_and_the_inhibition_of_its_twin() {
    let text =
        service("sorry_server 10.1.0.9 80\nsorry_server_inhibit\nsorry_server_lvs_method DR");
    let loaded = read(text);
    let sorry = only(&loaded).sorry_server.as_ref().expect("a sorry server");
    assert_eq!(
        (sorry.forwarding, sorry.inhibit),
        (Forwarding::DirectRouting, true)
    );
    assert_eq!(findings(&loaded), []);
    let loaded = read(service("sorry_server 10.1.0.1 80\nsorry_server_inhibit"));
    let sorry = only(&loaded).sorry_server.as_ref().expect("a sorry server");
    assert!(!sorry.inhibit);
    assert_eq!(findings(&loaded), [(5, Code::ServiceAdjusted)]);
    let loaded = read(service("sorry_server_inhibit\nsorry_server 10.1.0.9 80"));
    assert_eq!(findings(&loaded), [(5, Code::ServiceAdjusted)]);
}

#[test]
fn flags_need_the_scheduler_or_protocol_they_are_for() {
    let loaded = read(service(
        "lvs_sched sh\nsh-port\nmh-fallback\nhashed\nflag-3",
    ));
    let flags = only(&loaded).flags;
    assert!(flags.hashed && flags.scheduler_1 && flags.scheduler_2 && flags.scheduler_3);
    assert_eq!(findings(&loaded), []);
    let loaded = read(service("sh-port\nlvs_sched sh\nops"));
    let flags = only(&loaded).flags;
    assert!(!flags.scheduler_2 && !flags.one_packet);
    let expected = [(5, Code::ServiceAdjusted), (7, Code::ServiceAdjusted)];
    assert_eq!(findings(&loaded), expected);
    assert!(only(&read(service("ops\nprotocol udp"))).flags.one_packet);
}

#[test]
fn a_real_server_stands_once() {
    let loaded = read(service("real_server 10.1.0.1 80 {\nweight 5\n}"));
    let [real] = only(&loaded).real_servers.as_slice() else {
        panic!()
    };
    assert_eq!(real.weight.value, 5);
    assert_eq!(findings(&loaded), [(8, Code::DuplicateServer)]);
}

#[test]
fn the_quorum_stays_as_written() {
    let loaded = read(service("quorum 9\nhysteresis 20"));
    let server = only(&loaded);
    assert_eq!((server.quorum.value, server.hysteresis.value), (9, 20));
    // keepalived complains and changes both.
    assert_eq!(loaded.keepalived_test_exit(), 5);
    let loaded = read(service("quorum 9\nquorum 0"));
    assert_eq!(only(&loaded).quorum.value, 1);
}

#[test]
fn scripts_count_once_and_need_a_user_that_exists() {
    let text = service(
        "quorum_up \"/bin/true a\" root\nquorum_up /bin/false\nquorum_down /bin/true stranger",
    );
    let loaded = read(format!(
        "global_defs {{\nenable_script_security\n}}\n{text}"
    ));
    let server = only(&loaded);
    let script = server.quorum_up.as_ref().expect("a script");
    assert_eq!(script.command.program(), Some("/bin/true"));
    assert_eq!(
        script.identity.as_ref().map(|who| who.user.as_str()),
        Some("root")
    );
    assert_eq!(server.quorum_down, None);
    assert_eq!(
        findings(&loaded),
        [(9, Code::AlreadySpecified), (10, Code::UserUnknown)]
    );
}

#[test]
fn connections_can_be_told_from_and_to_where() {
    let lines = "connect_ip 10.5.0.1\nconnect_port 81\nbindto 10.5.0.2\nbind_port 82\nbind_if eth0\nfwmark 5\nconnect_timeout 2.5";
    let Checker::Tcp(check) = checker(&format!("TCP_CHECK {{\n{lines}\n}}")) else {
        panic!()
    };
    let connection = check.connection;
    assert_eq!(connection.address, IpAddr::from([10, 5, 0, 1]));
    assert_eq!(
        (connection.port, connection.bind_port),
        (port(81), port(82))
    );
    let bind = connection.bind_address.expect("an address").value;
    assert_eq!(bind, IpAddr::from([10, 5, 0, 2]));
    assert_eq!(connection.bind_interface.expect("a name").value, "eth0");
    assert_eq!(connection.mark, FirewallMark(5));
    assert_eq!(connection.timeout, Micros::from_millis(2500));
    let loaded = read(with_server("TCP_CHECK {\nbindto 2001:db8::1\n}"));
    assert_eq!(findings(&loaded), [(7, Code::InvalidAddress)]);
    let Checker::Smtp(check) =
        checker("SMTP_CHECK {\nhelo_name lb1\nhost {\nconnect_port 26\n}\n}")
    else {
        panic!()
    };
    assert_eq!(check.connection.port, port(26));
    assert_eq!(check.helo_name.expect("a name").value, "lb1");
}

#[test]
fn pages_say_what_they_must_be() {
    let url = "path /a\ndigest 640205B7b0fc66c1ea91c463fac6334d\nstatus_code 200 301-302\nvirtualhost own\nregex \"a b\"\nregex_no_match\nregex_options caseless dotall\nregex_min_offset 5\nregex_stack 10 20";
    let lines = format!(
        "virtualhost server\nSSL_GET {{\nhttp_protocol 1.1\nenable_sni\nfast_recovery\nurl {{\n{url}\n}}\nurl {{\npath /b\n}}\n}}"
    );
    let Checker::Http(check) = checker(&lines) else {
        panic!()
    };
    assert!(check.tls && check.enable_sni && check.fast_recovery);
    assert_eq!(check.protocol, HttpProtocol::V1_1);
    let [first, second] = check.urls.as_slice() else {
        panic!()
    };
    assert_eq!(
        first.digest.expect("a digest").value[..3],
        [0x64, 0x02, 0x05]
    );
    let codes = |one: &standfast_config::Url| {
        [199, 200, 204, 301, 302, 303].map(|code| one.status.contains(code))
    };
    assert_eq!(codes(first), [false, true, false, true, true, false]);
    assert_eq!(codes(second), [false, true, true, false, false, false]);
    let regex = first.regex.as_ref().expect("a pattern");
    assert_eq!(regex.pattern.value, "a b");
    assert!(regex.no_match && regex.min_offset == 5 && regex.stack.is_some());
    assert_eq!(regex.options, [RegexOption::Caseless, RegexOption::Dotall]);
    let host =
        |one: &standfast_config::Url| one.virtualhost.as_ref().map(|host| host.value.clone());
    assert_eq!(host(first).as_deref(), Some("own"));
    assert_eq!(host(second).as_deref(), Some("server"));
}

#[test]
fn checkers_that_lack_something_are_left_out_at_their_brace() {
    for (lines, line) in [
        ("HTTP_GET {\nretry 3\n}", 8),
        ("MISC_CHECK {\n}", 7),
        ("FILE_CHECK {\nweight 5\n}", 8),
        ("BFD_CHECK {\nalpha\n}", 8),
    ] {
        let loaded = read(with_server(lines));
        assert_eq!(
            findings(&loaded),
            [(line, Code::CheckerIncomplete)],
            "{lines}"
        );
        assert!(checkers(&loaded).is_empty(), "{lines}");
    }
    let loaded = read(with_server(
        "HTTP_GET {\nurl {\npath /\n}\nurl {\nstatus_code 200\n}\n}",
    ));
    assert_eq!(findings(&loaded), [(12, Code::CheckerIncomplete)]);
    assert_eq!(checkers(&loaded).len(), 1);
}

#[test]
fn dns_checks_ask_for_the_zone_of_the_root_unless_told() {
    let ask = |lines: &str| match checker(&format!("DNS_CHECK {{\n{lines}\n}}")) {
        Checker::Dns(check) => (check.record, check.name.map(|name| name.value)),
        other => panic!("{other:?}"),
    };
    assert_eq!(ask(""), (DnsType::Soa, None));
    let name = Some("www.example.org".to_owned());
    assert_eq!(
        ask("type aaaa\nname www.example.org."),
        (DnsType::Aaaa, name)
    );
    let loaded = read(with_server("DNS_CHECK {\ntype PTR\nname a..b\n}"));
    assert_eq!(
        findings(&loaded),
        [(7, Code::InvalidChoice), (8, Code::InvalidValue)]
    );
}

#[test]
fn commands_have_time_until_the_next_check() {
    let Checker::Misc(check) = checker(
        "delay_loop 9\nMISC_CHECK {\nmisc_path \"/bin/true x\"\nuser root\nmisc_dynamic\n}",
    ) else {
        panic!()
    };
    assert_eq!(check.timeout, Micros::from_secs(9));
    assert!(check.dynamic && check.script.identity.is_some());
    let Checker::Misc(check) = checker("MISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 4\n}")
    else {
        panic!()
    };
    assert_eq!(check.timeout, Micros::from_secs(4));
    // Nobody to run it: no checker.
    let loaded = read(with_server(
        "MISC_CHECK {\nmisc_path /bin/true\nuser stranger\n}",
    ));
    assert!(checkers(&loaded).is_empty());
    assert!(findings(&loaded).contains(&(8, Code::UserUnknown)));
}

#[test]
fn replies_over_udp_are_matched_by_digit() {
    let Checker::Udp(check) =
        checker("UDP_CHECK {\npayload 0a0b 0c\nrequire_reply 1X\nmin_reply_length 1\n}")
    else {
        panic!()
    };
    assert_eq!(check.payload, Some(vec![10, 11, 12]));
    let Reply::Pattern(bytes) = check.reply else {
        panic!()
    };
    assert_eq!((bytes[0].value, bytes[0].mask), (0x10, 0xf0));
    assert_eq!((check.min_reply_length, check.max_reply_length), (1, 255));
    let Checker::Udp(check) = checker("UDP_CHECK {\nrequire_reply\n}") else {
        panic!()
    };
    assert_eq!((check.payload, check.reply), (None, Reply::Any));
    let loaded = read(with_server("UDP_CHECK {\nmin_reply_length 300\n}"));
    assert_eq!(findings(&loaded), [(8, Code::InvalidValue)]);
}

#[test]
fn files_and_sessions_are_defined_before_they_are_checked() {
    let Checker::File(check) = checker("FILE_CHECK {\ntrack_file f\nweight -7 reverse\n}") else {
        panic!()
    };
    let weight = FileWeight {
        value: -7,
        reverse: true,
    };
    assert_eq!(check.weight, Some(weight));
    let Checker::Bfd(check) = checker("BFD_CHECK {\nname b\nalpha\n}") else {
        panic!()
    };
    assert!(check.alpha && check.instance.value == "b");
    let loaded = read(with_server(
        "FILE_CHECK {\ntrack_file g\n}\nBFD_CHECK {\nname c\n}",
    ));
    let expected = [
        (7, Code::TrackedUnknown),
        (8, Code::CheckerIncomplete),
        (10, Code::TrackedUnknown),
    ];
    assert_eq!(findings(&loaded), expected);
}

#[test]
fn sessions_have_keepalived_s_defaults() {
    let loaded = read("bfd_instance b {\nneighbor_ip 2001:db8::1\n}\n");
    assert_eq!(findings(&loaded), []);
    let [session] = loaded.config.bfd_instances.as_slice() else {
        panic!()
    };
    let intervals = [session.min_rx, session.min_tx, session.idle_tx].map(|time| time.value.get());
    assert_eq!(intervals, [10_000, 10_000, 1_000_000]);
    assert_eq!((session.multiplier.value, session.ttl), (5, 64));
    assert_eq!(session.max_hops, MaxHops::Limit(0));
    assert!(session.vrrp && session.checker && !session.passive);
    let text = "bfd_instance b {\nneighbor_ip 10.0.0.1\nmin_rx 1.5\nmax_hops -1\nchecker\nweight -20 reverse\n}\n";
    let loaded = read(text);
    let session = &loaded.config.bfd_instances[0];
    assert_eq!((session.min_rx.value, session.ttl), (Micros(1500), 255));
    assert_eq!(session.max_hops, MaxHops::Any);
    assert!(!session.vrrp && session.checker);
    assert_eq!((session.weight.value, session.weight.reverse), (-20, true));
}

#[test]
fn sessions_that_can_t_be_are_left_out() {
    let rest = "bfd_instance good {\nneighbor_ip 10.0.0.1\n}\n";
    let long = "x".repeat(32);
    for (text, line, code) in [
        ("bfd_instance b {\n}\n".to_owned(), 5, Code::InvalidValue),
        (
            "bfd_instance b {\nneighbor_ip x\n}\n".to_owned(),
            5,
            Code::InvalidAddress,
        ),
        (
            "bfd_instance b {\nneighbor_ip 10.0.0.1\n}\n".to_owned(),
            6,
            Code::InvalidValue,
        ),
        (
            "bfd_instance b {\nsource_ip ::1\nneighbor_ip 10.0.0.2\n}\n".to_owned(),
            7,
            Code::InvalidValue,
        ),
        (
            "bfd_instance good {\nneighbor_ip 10.0.0.2\n}\n".to_owned(),
            4,
            Code::DuplicateName,
        ),
        (
            format!("bfd_instance {long} {{\nneighbor_ip 10.0.0.2\n}}\n"),
            4,
            Code::NameTooLong,
        ),
    ] {
        let loaded = read(format!("{rest}{text}"));
        assert_eq!(findings(&loaded), [(line, code)], "{text}");
        assert_eq!(loaded.config.bfd_instances.len(), 1, "{text}");
    }
}

#[test]
fn the_last_client_certificate_counts() {
    let loaded = read("SSL {\nkey /a\n}\nSSL {\ncertificate /b\n}\n");
    let ssl = loaded.config.ssl.as_ref().expect("the block");
    assert_eq!(ssl.key, None);
    assert_eq!(ssl.certificate.as_ref().expect("a file").value, "/b");
    assert_eq!(findings(&loaded), [(4, Code::AlreadySpecified)]);
}
