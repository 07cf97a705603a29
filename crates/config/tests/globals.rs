//! `global_defs`: values, defaults, and what is refused.

mod common;

use std::path::Path;

use common::{read, read_from};
use standfast_config::{
    Code, Firewall, FlushOnStop, GlobalDefs, Loaded, MemorySource, Micros, ReloadFile,
};

fn load(lines: &str) -> Loaded {
    read(format!("global_defs {{\n{lines}\n}}\n"))
}

fn global(lines: &str) -> GlobalDefs {
    load(lines).config.global
}

#[track_caller]
fn assert_refused(line: &str, code: Code) {
    let loaded = load(line);
    let codes: Vec<Code> = loaded
        .diagnostics
        .iter()
        .map(|one| one.code)
        .filter(|code| *code != Code::NotActedOn && *code < Code::SampleLeftover)
        .collect();
    assert_eq!(codes, [code], "{line}");
    assert_eq!(loaded.keepalived_test_exit(), 5, "{line}");
}

#[test]
fn nothing_is_only_accepted() {
    let block = standfast_config::registry::Block::Global;
    for keyword in block.keywords() {
        let lines = match keyword.syntax {
            standfast_config::registry::Syntax::Lines => format!("{} {{\n}}", keyword.name),
            _ => format!("{} {}", keyword.name, keyword.example),
        };
        let accepted = load(&lines).config.accepted;
        assert!(accepted.is_empty(), "{}", keyword.name);
    }
}

#[test]
fn mail_has_server_sender_and_recipients() {
    let mail = global("notification_email {\na@b.c\nd@e.f\n}\nnotification_email_from Me <a@b>\nsmtp_server 10.0.0.1 587\nsmtp_connect_timeout 7").mail;
    let recipients: Vec<_> = mail
        .recipients
        .iter()
        .map(|one| one.value.as_str())
        .collect();
    assert_eq!(recipients, ["a@b.c", "d@e.f"]);
    assert_eq!(mail.from.unwrap().value, "Me <a@b>");
    let server = mail.server.unwrap().value;
    assert_eq!((server.host.as_str(), server.port), ("10.0.0.1", 587));
    assert_eq!(mail.timeout, Micros::from_secs(7));
    assert_eq!(global("smtp_server mx").mail.server.unwrap().value.port, 25);
    assert_eq!(global("").mail.timeout, Micros::from_secs(30));
    assert_eq!(
        global("smtp_connect_timeout 0").mail.timeout,
        Micros::from_secs(1)
    );
    assert_refused("smtp_server mx 70000", Code::OutOfRange);
}

#[test]
fn a_umask_is_a_number_or_names() {
    let umask = |line: &str| global(line).files.umask;
    assert_eq!(umask(""), 0o177);
    assert_eq!(umask("umask 077"), 0o077);
    assert_eq!(umask("umask 0x3f"), 0o077);
    assert_eq!(umask("umask IRUSR|IWGRP"), 0o420);
    assert_eq!(umask("umask IRUSR | IXOTH"), 0o401);
    assert_refused("umask 1000", Code::InvalidValue);
    assert_refused("umask IRWXU", Code::InvalidValue);
}

#[test]
fn firewall_names_have_defaults() {
    let firewall =
        global("nftables\nnftables_priority -5\nvrrp_iptables IN\nvrrp_ipsets a b").firewall;
    assert_eq!(firewall.nftables.unwrap().value, Firewall::NFTABLES_TABLE);
    assert_eq!(firewall.nftables_priority, -5);
    let chains = firewall.iptables.unwrap().value;
    assert_eq!((chains.input.as_str(), chains.output), ("IN", None));
    let sets = firewall.ipsets.unwrap();
    assert_eq!(
        (sets.v4.as_str(), sets.v6.as_str(), sets.nd.as_str()),
        ("a", "b", "a_nd")
    );
    let firewall = global("vrrp_ipsets").firewall;
    assert_eq!((firewall.ipsets, firewall.ipvs_first_mark), (None, 1000));
}

#[test]
fn ipvs_settings_are_kept() {
    let lvs = global("lvs_timeouts tcp 5 udp 7\nlvs_flush_on_stop VS\nlvs_sync_daemon eth0 A id 5 maxlen 1400 group 224.0.0.99").lvs;
    assert_eq!(
        (
            lvs.timeouts.tcp_s,
            lvs.timeouts.tcp_fin_s,
            lvs.timeouts.udp_s
        ),
        (Some(5), None, Some(7))
    );
    assert_eq!(lvs.flush_on_stop, FlushOnStop::Services);
    let daemon = lvs.sync_daemon.unwrap();
    assert_eq!(
        (daemon.id, daemon.max_length, daemon.port),
        (Some(5), Some(1400), None)
    );
    assert_eq!(daemon.instance.unwrap().value, "A");
    assert_eq!(
        global("lvs_flush_on_stop").lvs.flush_on_stop,
        FlushOnStop::Everything
    );
    assert_refused("lvs_timeouts tcp", Code::InvalidValue);
    assert_refused("lvs_sync_daemon eth0 A 5", Code::Deprecated);
    assert_refused(
        "lvs_sync_daemon eth0 A group 10.0.0.1",
        Code::InvalidAddress,
    );
    assert_refused("lvs_flush_on_stop RS", Code::InvalidChoice);
}

#[test]
fn statistics_of_servers_are_as_old_as_those_of_services() {
    let lvs = global("snmp_vs_stats_update_interval 2").lvs;
    assert_eq!(lvs.server_statistics_age, Micros::from_secs(2));
}

#[test]
fn fifos_keep_their_first_path() {
    let loaded =
        load("vrrp_notify_fifo /run/a root\nvrrp_notify_fifo /run/b\nnotify_fifo_script /bin/true");
    let fifos = &loaded.config.global.fifos;
    assert_eq!(fifos.vrrp.path.as_ref().unwrap().value, Path::new("/run/a"));
    assert_eq!(fifos.vrrp.owner.as_ref().unwrap().user, "root");
    assert!(fifos.all.script.is_some() && fifos.all.path.is_none());
    assert_eq!(loaded.keepalived_test_exit(), 5);
}

#[test]
fn files_and_reloads_are_kept() {
    let all = global(
        "reload_check_config /tmp/log\nreload_file\nreload_repeat\ntmp_config_directory /tmp\ndata_use_instance",
    );
    assert!(all.reload.check && all.reload.repeat && all.files.dumps_name_instance);
    assert_eq!(all.reload.check_log.unwrap().value, Path::new("/tmp/log"));
    assert_eq!(all.reload.file, Some(ReloadFile::Default));
    let path = ReloadFile::Path("/run/x".into());
    assert_eq!(global("reload_file /run/x").reload.file, Some(path));
}

#[test]
fn names_and_buffers_are_kept() {
    let all = global(
        "vmac_prefix v\nchecker_process_name sixteen-letters-\nvrrp_netlink_cmd_rcv_bufs 5000\nvrrp_netlink_cmd_rcv_bufs_force\nenable_snmp_rfc\nsmtp_alert\nsmtp_alert_checker off",
    );
    assert_eq!(
        (all.vmac_prefix.as_str(), all.vmac_address_prefix.as_str()),
        ("v", "v")
    );
    assert_eq!(all.checker_process_name.unwrap().value, "sixteen-letters");
    let buffer = all.netlink_buffers.vrrp_command;
    assert_eq!((buffer.bytes, buffer.force), (Some(5000), true));
    assert!(all.snmp.rfc_v2 && all.snmp.rfc_v3 && !all.snmp.vrrp);
    assert_eq!(
        (all.smtp_alert_vrrp, all.smtp_alert_checker),
        (Some(true), Some(false))
    );
}

#[test]
fn a_seed_makes_random_numbers_repeat() {
    let names = |seed: &str| {
        let text = format!(
            "global_defs {{\nrandom_seed {seed}\nrouter_id ${{_RANDOM}}-${{_RANDOM 1 9999999}}\n}}\n"
        );
        read(text).config.global.router_id.unwrap().value
    };
    assert_eq!(names("7"), names("7"));
    assert_ne!(names("7"), names("8"));
}

fn with_include(checks: &str, include: &str) -> Loaded {
    let text = format!("global_defs {{\ninclude_check {checks}\n}}\n{include}\n");
    let mut source = MemorySource::with("/etc/keepalived/keepalived.conf", text);
    source.add(
        "/etc/keepalived/inner.conf",
        "global_defs {\ninclude_check\n}\n",
    );
    read_from(source)
}

#[test]
fn include_check_makes_plain_includes_strict() {
    let stops =
        |checks: &str, include: &str| with_include(checks, include).keepalived_refusal().is_some();
    assert!(stops("", "include missing.conf"));
    assert!(stops("match", "include missing.conf"));
    assert!(!stops("read", "include missing.conf"));
    assert!(!stops("match", "include missing*.conf"));
    assert!(stops("wildcard_match", "include missing*.conf"));
    assert!(!stops("-match", "include missing.conf"));
}

#[test]
fn include_check_ends_with_its_file() {
    let loaded = with_include("-match", "include inner.conf\ninclude missing.conf");
    assert!(loaded.keepalived_refusal().is_none());
}

#[test]
fn include_check_takes_known_checks_only() {
    assert_refused("include_check everything", Code::InvalidChoice);
}

#[test]
fn a_default_interface_must_be_possible() {
    assert_eq!(
        global("default_interface eth9")
            .default_interface
            .unwrap()
            .value,
        "eth9"
    );
    let loaded = load("default_interface sixteen-letters-");
    assert_eq!(loaded.config.global.default_interface, None);
    // keepalived says nothing.
    assert!(loaded.has_errors() && loaded.keepalived_test_exit() == 0);
}

#[test]
fn interfaces_may_be_allowed_to_change() {
    let all = global("dynamic_interfaces allow_if_changes");
    assert!(all.dynamic_interfaces && all.interfaces_may_change);
    assert!(!global("dynamic_interfaces").interfaces_may_change);
    assert_refused("dynamic_interfaces always", Code::InvalidChoice);
}
