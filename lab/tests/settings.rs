//! Settings of the whole daemon that show on the host: names of processes, file modes, copies of the configuration, groups of
//! scripts.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::thread;
use std::time::Duration;

use standfast_lab::{CONFIGURATION, ExitState, Host, Moment, Process, Signal, VIP};
use support::{pair_with, replaced, short_configuration, single_host, standfast, telling};

const LONG: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(200);

fn output(host: &Host, command: &str) -> String {
    host.run(&["sh", "-c", command]).unwrap().output
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Moment::now() + LONG;
    while !condition() {
        assert!(Moment::now() < end, "{what} did not come about");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A daemon that has become master with these global settings and lines of its instance.
fn master(host: &Host, global: &str, lines: &str, options: &[&str]) -> Process {
    let instance = short_configuration(INTERVAL, 99);
    let anchor = "    virtual_ipaddress {";
    let instance = replaced(&instance, (anchor, &format!("{lines}\n{anchor}")));
    let text = format!("global_defs {{\n{global}\n}}\n{instance}");
    host.write_file(CONFIGURATION, &text, 0o644).unwrap();
    let mut argv = vec!["/usr/sbin/keepalived", "-n", "-l", "-D", "-G"];
    argv.extend(options);
    let process = host.spawn(&argv, &[]).unwrap();
    process.wait_for_log("Entering MASTER STATE", LONG).unwrap();
    process
}

/// The names of supervisor and worker.
fn names(host: &Host, daemon: &Process) -> [String; 2] {
    let comm = |pid: &str| output(host, &format!("cat /proc/{}/comm", pid.trim()));
    let worker = host.read_file("/run/vrrp.pid").unwrap();
    [daemon.pid().to_string(), worker].map(|pid| comm(&pid).trim().to_owned())
}

#[test]
fn processes_have_the_names_that_are_asked_for() {
    let (_lab, host) = single_host(&standfast());
    for (global, expected) in [
        ("", ["keepalived", "keepalived"]),
        ("process_names", ["keepalived", "keepalived_vrrp"]),
        (
            "process_name harbour\nvrrp_process_name pilot",
            ["harbour", "pilot"],
        ),
    ] {
        let daemon = master(&host, global, "", &[]);
        assert_eq!(names(&host, &daemon), expected, "{global}");
        // Whatever it is called, it is known to run.
        let second = host.run_within(LONG, &["/usr/sbin/keepalived", "-n", "-l", "-G"]);
        assert_eq!(second.unwrap().status, ExitState::Code(1), "{global}");
        assert_eq!(daemon.stop(LONG).unwrap(), ExitState::Code(0));
    }
}

#[test]
fn the_umask_is_the_command_line_s_then_the_configuration_s() {
    let (_lab, host) = single_host(&standfast());
    let mode = |global: &str, options: &[&str]| {
        output(&host, "rm -f /tmp/keepalived.data");
        let daemon = master(&host, global, "", options);
        daemon.signal(Signal::SIGUSR1).unwrap();
        wait_until("the dump", || {
            host.read_file("/tmp/keepalived.data").is_ok()
        });
        let mode = output(&host, "stat -c %a /tmp/keepalived.data");
        daemon.stop(LONG).unwrap();
        mode.trim().to_owned()
    };
    assert_eq!(mode("umask 022", &[]), "644");
    assert_eq!(mode("umask 022", &["-u", "0137"]), "640");
    assert_eq!(mode("", &["--umask=IXUSR|IWGRP|IROTH|IWOTH"]), "640");
    let refused = host
        .run_within(LONG, &["/usr/sbin/keepalived", "-n", "-u", "99999"])
        .unwrap();
    assert_eq!(refused.status, ExitState::Code(1));
}

#[test]
fn copies_of_the_configuration_are_kept_at_start_and_reload() {
    let (_lab, host) = single_host(&standfast());
    output(&host, "mkdir /run/copies");
    let daemon = master(&host, "config_save_dir /run/copies", "", &[]);
    let copy = |number: u32| format!("/run/copies/keepalived.conf.{}.{number}", daemon.pid());
    let first = host.read_file(&copy(0)).unwrap();
    assert!(first.contains(&VIP.to_string()), "{first}");
    let text = host.read_file(CONFIGURATION).unwrap() + "# after the reload\n";
    host.write_file(CONFIGURATION, &text, 0o644).unwrap();
    daemon.signal(Signal::SIGHUP).unwrap();
    daemon.wait_for_log("Reload complete", LONG).unwrap();
    assert!(
        host.read_file(&copy(1))
            .unwrap()
            .contains("after the reload")
    );
    assert_eq!(host.read_file(&copy(0)).unwrap(), first);
    let modes = output(&host, "stat -c %a /run/copies/*");
    assert_eq!(modes.lines().collect::<Vec<_>>(), ["600", "600"]);
}

#[test]
fn scripts_have_the_groups_of_their_user_when_asked_for() {
    let (_lab, host) = single_host(&standfast());
    output(
        &host,
        "cp /etc/group /run/group; echo harbour:x:4242:nobody >> /run/group; mount --bind /run/group /etc/group; \
         install -d -o nobody /run/out",
    );
    let script = "notify_master \"/bin/sh -c 'id -G > /run/out/new && mv /run/out/new /run/out/groups'\" nobody";
    for (global, expected) in [("", false), ("set_supplementary_groups", true)] {
        output(&host, "rm -f /run/out/groups");
        let daemon = master(&host, global, script, &[]);
        wait_until("the script's file", || {
            host.read_file("/run/out/groups").is_ok()
        });
        let groups = host.read_file("/run/out/groups").unwrap();
        let has = groups.split_whitespace().any(|group| group == "4242");
        assert_eq!(has, expected, "{groups}");
        daemon.stop(LONG).unwrap();
    }
}

#[test]
fn advertisements_go_to_the_group_and_the_interface_keeps_its_other_addresses() {
    let (_lab, host) = single_host(&standfast());
    let before = output(
        &host,
        "cat /proc/sys/net/ipv4/conf/eth0/promote_secondaries",
    );
    assert_eq!(before.trim(), "0");
    let lines = "mcast_dst_ip 224.0.0.77\npromote_secondaries\nkernel_rx_buf_size 300000\ndebug 2\n\
                 linkbeat_use_polling";
    let buffers = "vrrp_netlink_cmd_rcv_bufs 2000000\nvrrp_netlink_monitor_rcv_bufs 4000000\n\
                   vrrp_netlink_monitor_rcv_bufs_force on\ntmp_config_directory /run";
    let daemon = master(&host, buffers, lines, &[]);
    assert!(output(&host, "ip maddr show dev eth0").contains("224.0.0.77"));
    let now = output(
        &host,
        "cat /proc/sys/net/ipv4/conf/eth0/promote_secondaries",
    );
    assert_eq!(now.trim(), "1");
    let log = daemon.log();
    assert!(!log.contains("not acted on"), "{log}");
    assert!(!log.contains("size the buffer"), "{log}");
}

/// The kernel of this lab may have no routing domains: that sockets are bound to what is named shows with any interface.
#[test]
fn a_router_without_interface_hears_only_its_routing_domain() {
    let configuration = |own: u8, peer: u8, priority: u8, lines: &str| {
        format!(
            "vrrp_instance V {{\n version 3\n virtual_router_id 51\n priority {priority}\n advert_int 0.3\n {lines}\n \
             unicast_src_ip 192.168.1.{own}\n unicast_peer {{\n 192.168.1.{peer}\n }}\n virtual_ipaddress {{\n \
             {VIP}/24 dev eth0\n }}\n}}\n"
        )
    };
    let first = configuration(11, 12, 99, "interface eth0");
    let mut pair = pair_with([standfast(), standfast()], [first, String::new()]);
    telling(&mut pair, |pair| {
        let host = &pair.second.host;
        output(
            host,
            "ip link add elsewhere type veth peer name end; ip link set end up; ip link set elsewhere up",
        );
        pair.first.start_daemon().unwrap();
        pair.first.wait_until_holds(true, LONG).unwrap();
        for (domain, hears) in [("", true), ("vrf eth0", true), ("vrf elsewhere", false)] {
            let text = configuration(12, 11, 90, domain);
            host.write_file(CONFIGURATION, &text, 0o644).unwrap();
            let daemon = standfast().start(host, CONFIGURATION).unwrap();
            daemon.wait_for_log("Entering BACKUP STATE", LONG).unwrap();
            if hears {
                // Several down intervals.
                thread::sleep(INTERVAL * 20);
                assert!(!daemon.log().contains("Entering MASTER"), "{domain}");
            } else {
                daemon.wait_for_log("Entering MASTER STATE", LONG).unwrap();
            }
            assert_eq!(daemon.stop(LONG).unwrap(), ExitState::Code(0));
        }
    });
}
