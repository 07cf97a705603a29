//! Addresses with options, routes and rules: what the kernel holds, beside what keepalived makes of the same file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, Host, Lab, Moment, Process, Signal};
use support::{next_worker, replaced, send, single_host, standfast, worker_pid};

/// For whatever a busy machine does meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Becomes master within a second.
const HEAD: &str = "vrrp_instance VI_1 {
    version 3
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 0.2
    virtual_ipaddress {
        192.168.1.200/24 brd + label eth0:vip
";

const ROUTES: &str = "    }
    virtual_routes {
        10.1.0.0/16 via 192.168.1.253 dev eth0
        10.2.0.0/16 via 192.168.1.254 dev eth0 src 192.168.1.200 metric 50 table 100
    }
    virtual_rules {
        from 10.1.0.0/16 table 100 priority 100
        to 10.2.0.0/16 table 200 priority 101
    }
}
";

const RICH: &str = "        192.168.1.201/24 brd -
        10.99.1.1/24 noprefixroute
        10.98.0.1/24 dev eth1 scope link
        10.98.1.1/24 brd 10.98.1.77 preferred_lft 0
        10.97.0.1 peer 10.97.0.2
        239.1.1.1/32 autojoin
    }
    virtual_ipaddress_excluded {
        2001:db8:1::1/64
        2001:db8:1::2/128
        2001:db8:1::3/128 preferred_lft forever
        2001:db8:1::4/64 -nodad home mngtmpaddr noprefixroute
        2001:db8:4::1/64 preferred_lft 0
        2001:db8:8::1/64 home
        2001:db8:9::1 peer 2001:db8:9::2
        fe80::55/64
    }
    virtual_routes {
        10.1.0.0/16 via 192.168.1.254
        10.2.0.0/16 via 192.168.1.254 dev eth0 src 192.168.1.200 metric 50 table 100 mtu 1400 advmss \
lock 1300 window 1000 initcwnd 20 initrwnd 30 quickack 1 rtt 300ms rttvar 50 rto_min 300ms reordering \
4 hoplimit 32 cwnd lock 5 ssthresh 9 congctl reno features ecn fastopen_no_cookie 1
        10.3.0.0/16 dev eth0 scope link realms 3/4 tos 0x10
        10.4.0.0/16 metric 7 nexthop via 192.168.1.253 dev eth0 weight 3 nexthop via 192.168.1.252 \
dev eth0 weight 256 onlink realms 3/7
        blackhole 10.5.0.0/16
        unreachable 10.6.0.0/16 table 200
        prohibit 10.7.0.0/16
        throw 10.8.0.0/16 table 300
        10.9.0.0/16 via 172.31.0.1 dev eth0 onlink
        10.10.0.0/16 dev eth0 encap ip id 5 dst 192.0.2.4 ttl 9
        10.11.0.0/16 dev eth0 no_track protocol static append
        10.12.0.0/16 dev eth0 table vpn
        2001:db8:100::/48 via 2001:db8:1::98 dev eth0 metric 77 pref high
        2001:db8:101::/48 dev eth0
        blackhole 2001:db8:102::/48
        2001:db8:103::/48 nexthop via 2001:db8:1::97 dev eth0 weight 2 nexthop via 2001:db8:1::96 \
dev eth0
        2001:db8:104::/48 dev eth0 mtu lock 1300 hoplimit 5
        2001:db8:105::/48 from 2001:db8:1::/64 dev eth0
        default via 192.168.1.249 metric 4000
        10.13.0.0/16 dev eth1 add
    }
    virtual_rules {
        from 10.1.0.0/16 table 100 priority 100
        to 10.2.0.0/16 lookup 200 tos 0x10 fwmark 0x5/0xff priority 101
        iif eth0 oif eth1 table 200 priority 102 realms 1/2 suppress_prefixlength 8 suppress_ifgroup 3
        not from 10.3.0.0/16 blackhole priority 103
        from 10.4.0.0/16 prohibit priority 104
        from 10.5.0.0/16 unreachable priority 105
        from 10.6.0.0/16 goto 200 priority 106
        from 10.7.0.0/16 nop priority 107
        uidrange 5-10 ipproto tcp sport 80-90 dport 100-200 table 100 priority 109
        tunnel-id 77 table 100 priority 110
        from 2001:db8::/32 table 100 priority 111
        from 10.44.0.0/16 table vpn
        from 10.45.0.0/16 table 100 priority 112 no_track protocol 4
    }
}
";

const STATICS: &str = "static_ipaddress {
    10.20.0.1/24 dev eth0
    10.20.1.1/24 brd + dev eth0 label eth0:st scope link
    2001:db8:5::1/128
    10.21.0.1 peer 10.21.0.2
}
static_routes {
    10.50.0.0/16 via 10.20.0.9 dev eth0
    10.51.0.0/16 dev eth1 scope link no_track protocol static
}
static_rules {
    from 10.50.0.0/16 table 100 priority 900
}
";

/// A host with a second interface, a name for table 555, and a daemon that runs `configuration`.
struct Running {
    host: Host,
    process: Process,
    _lab: Lab,
}

impl Running {
    fn new(daemon: &Daemon, configuration: &str) -> Self {
        let (lab, host) = single_host(daemon);
        host.write_file("/etc/iproute2/rt_tables", "555 vpn\n", 0o644)
            .unwrap();
        for command in [
            "link add eth1 address 02:00:00:00:01:01 type veth peer name peer1",
            "link set eth1 addrgenmode none",
            "link set eth1 up",
            "link set peer1 up",
        ] {
            ip(&host, command);
        }
        host.write_file(CONFIGURATION, configuration, 0o644)
            .unwrap();
        let process = daemon.start(&host, CONFIGURATION).unwrap();
        Self {
            host,
            process,
            _lab: lab,
        }
    }

    /// Replaces the configuration, whole at every moment, and reloads it.
    fn reload(&self, configuration: &str) {
        let fresh = "/etc/keepalived/new.conf";
        self.host.write_file(fresh, configuration, 0o644).unwrap();
        self.host.run(&["mv", fresh, CONFIGURATION]).unwrap();
        self.process.signal(Signal::SIGHUP).unwrap();
        let log = || self.process.log();
        wait("the reload", &log, &|text| text.contains("Reload complete"));
    }

    fn stop(&self) {
        // The second one ends the wait for a successor.
        for _ in 0..2 {
            self.process.signal(Signal::SIGTERM).unwrap();
            std::thread::sleep(Duration::from_millis(300));
        }
        let state = || format!("{:?}", self.process.ended());
        wait("the end", &state, &|text| text != "None");
    }

    fn holdings(&self) -> String {
        holdings(&self.host)
    }

    /// Waits until the kernel holds this again.
    #[track_caller]
    fn comes_back(&self, wanted: &str) {
        wait(wanted, &|| self.holdings(), &|held| held == wanted);
    }
}

fn ip(host: &Host, arguments: &str) -> String {
    let words: Vec<&str> = std::iter::once("ip").chain(arguments.split(' ')).collect();
    host.run(&words).unwrap().output
}

/// Waits until what `look` shows is as wanted.
#[track_caller]
fn wait(awaited: &str, look: &dyn Fn() -> String, wanted: &dyn Fn(&str) -> bool) {
    let end = Moment::now() + PATIENCE;
    loop {
        let seen = look();
        if wanted(&seen) {
            return;
        }
        assert!(
            Moment::now() < end,
            "waited for:\n{awaited}\nand saw:\n{seen}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Addresses, routes and rules in ip(8)'s words, without what changes by itself.
fn holdings(host: &Host) -> String {
    let mut lines = Vec::new();
    let mut own = |text: &str| {
        let text = text
            .replace("\n\tnexthop", " nexthop")
            .replace(" tentative", "");
        for line in text.lines().map(str::trim) {
            let kernels = line.contains("table local") || line.contains("proto kernel");
            let link_local = line.contains("scope link") && line.contains("fe80::ff:fe00");
            if !kernels && !link_local && !line.contains("dev peer1") {
                lines.push(line.to_owned());
            }
        }
    };
    for interface in ["eth0", "eth1"] {
        let text = ip(host, &format!("-oneline address show dev {interface}"));
        for line in text.lines() {
            own(line.split_once(": ").unwrap_or_default().1);
        }
    }
    for family in ["-4", "-6"] {
        own(&ip(host, &format!("-d {family} route show table all")));
        own(&ip(host, &format!("-d {family} rule show")));
    }
    lines.sort();
    lines.join("\n")
}

/// Holdings of a daemon that is master, once they no longer change.
#[track_caller]
fn settled(running: &Running) -> String {
    let log = || running.process.log();
    wait("mastership", &log, &|text| {
        text.contains("Entering MASTER STATE")
    });
    let end = Moment::now() + PATIENCE;
    let mut before = running.holdings();
    loop {
        std::thread::sleep(Duration::from_millis(300));
        let now = running.holdings();
        if now == before && now.contains("192.168.1.200/24") {
            return now;
        }
        assert!(Moment::now() < end, "it goes on changing:\n{now}");
        before = now;
    }
}

fn plain() -> String {
    format!("{HEAD}{ROUTES}")
}

#[test]
fn the_kernel_holds_what_keepalived_makes_of_the_same_file() {
    let text = format!("{STATICS}{HEAD}{RICH}");
    let theirs = Running::new(&Daemon::Keepalived, &text);
    let ours = Running::new(&standfast(), &text);
    let (theirs, held) = (settled(&theirs), settled(&ours));
    let count = held.lines().count();
    assert!(count > 50, "{count} lines:\n{held}");
    for (theirs, ours) in theirs.lines().zip(held.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(theirs.lines().count(), count);
    none_is_missed_by_mistake(&ours);
}

/// Every change of a link makes the daemon look whether all is there.
#[track_caller]
fn none_is_missed_by_mistake(running: &Running) {
    for _ in 0..5 {
        ip(&running.host, "link add other0 type veth peer name other1");
        ip(&running.host, "link del other0");
        std::thread::sleep(Duration::from_millis(1_100));
    }
    let log = running.process.log();
    assert_eq!(log.matches("Entering").count(), 2, "{log}");
    assert!(
        !log.contains("is back") && !log.contains("refused"),
        "{log}"
    );
}

#[test]
fn a_stop_leaves_nothing_but_the_hosts_own() {
    let running = Running::new(&standfast(), &format!("{STATICS}{HEAD}{RICH}"));
    settled(&running);
    running.stop();
    let left = running.holdings();
    assert!(
        !left.contains("10.") && !left.contains("keepalived"),
        "{left}"
    );
    assert!(
        !left.contains("2001:db8") && !left.contains("static"),
        "{left}"
    );
    assert!(left.contains("192.168.1.11/24"), "{left}");
}

#[test]
fn a_reload_applies_the_difference() {
    let running = Running::new(&standfast(), &plain());
    settled(&running);
    let monitor = running
        .host
        .spawn(&["ip", "monitor", "route", "rule", "address"], &[])
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let changed = replaced(
        &plain(),
        (
            "10.1.0.0/16 via 192.168.1.253",
            "10.7.0.0/16 via 192.168.1.253",
        ),
    );
    let changed = replaced(&changed, ("priority 101", "priority 107"));
    running.reload(&format!(
        "{changed}static_routes {{\n 10.60.0.0/16 dev eth0\n}}\n"
    ));
    let log = || monitor.log();
    wait("the new rule", &log, &|text| text.contains("107:"));
    let seen = monitor.log();
    // The kernel finishes with the link-local address at that time.
    let kernels = |line: &&str| line.contains("fe80::") || line.starts_with("valid_lft");
    let mut lines: Vec<&str> = seen.lines().map(str::trim).collect();
    lines.retain(|line| !kernels(line));
    lines.sort_unstable();
    let expected = [
        "10.60.0.0/16 dev eth0 proto keepalived",
        "10.7.0.0/16 via 192.168.1.253 dev eth0 proto keepalived",
        "107:\tfrom all to 10.2.0.0/16 lookup 200 proto keepalived",
        "Deleted 10.1.0.0/16 via 192.168.1.253 dev eth0 proto keepalived",
        "Deleted 101:\tfrom all to 10.2.0.0/16 lookup 200 proto keepalived",
    ];
    assert_eq!(lines, expected);
    running.reload(&plain());
    wait("the first file", &|| running.holdings(), &|held| {
        held.contains("101:") && !held.contains("10.60.") && !held.contains("107:")
    });
}

#[test]
fn what_something_else_deletes_comes_back_in_place() {
    let running = Running::new(&standfast(), &format!("{STATICS}{}", plain()));
    let held = settled(&running);
    let host = &running.host;
    ip(host, "route del 10.2.0.0/16 table 100");
    ip(host, "rule del preference 100");
    ip(host, "route del 10.50.0.0/16");
    ip(host, "rule del preference 900");
    running.comes_back(&held);
    // The kernel says nothing of the routes that go with an address.
    ip(host, "address del 192.168.1.200/24 dev eth0");
    ip(host, "address del 10.20.0.1/24 dev eth0");
    running.comes_back(&held);
    let log = running.process.log();
    assert_eq!(log.matches("Entering").count(), 2, "{log}");
    assert!(log.contains("route 10.2.0.0/16 via 192.168.1.254"), "{log}");
}

#[test]
fn a_link_that_flaps_and_a_network_manager_that_starts_again_are_survived() {
    let running = Running::new(&standfast(), &format!("{STATICS}{}", plain()));
    let held = settled(&running);
    let host = &running.host;
    host.link_down("eth0").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    host.link_up("eth0").unwrap();
    running.comes_back(&held);
    let script = "ip address flush dev eth0; ip route flush proto keepalived; ip route flush table \
                  100 proto keepalived; ip rule flush protocol keepalived; ip address add \
                  192.168.1.11/24 broadcast + dev eth0";
    host.run(&["sh", "-c", script]).unwrap();
    running.comes_back(&held);
}

/// All processes of the daemon die at once, and leave everything behind.
fn crashed() -> Running {
    let running = Running::new(&standfast(), &format!("{STATICS}{}", plain()));
    let held = settled(&running);
    let kill = "kill -9 $(cat /run/keepalived.pid) $(cat /run/vrrp.pid)";
    running.host.run(&["sh", "-c", kill]).unwrap();
    let state = || format!("{:?}", running.process.ended());
    wait("the end", &state, &|text| text != "None");
    assert_eq!(running.holdings(), held, "nobody was there to remove it");
    running
}

fn is_clean(held: &str) -> bool {
    !held.contains("keepalived") && !held.contains("10.2") && !held.contains("proto static")
}

#[test]
fn a_worker_that_dies_costs_no_route() {
    let running = Running::new(&standfast(), &format!("{STATICS}{}", plain()));
    let held = settled(&running);
    let old = worker_pid(&running.host);
    send(&running.host, old, Signal::SIGKILL);
    next_worker(&running.host, old, PATIENCE);
    let log = || running.process.log();
    wait("mastership again", &log, &|text| {
        text.matches("Entering MASTER STATE").count() == 2
    });
    running.comes_back(&held);
}

#[test]
fn an_instance_of_a_track_group_depends_on_the_static_routes_interface() {
    let group = "track_group G {\n group {\n VI_1\n }\n}\n";
    let statics = "static_routes {\n 10.61.0.0/16 dev eth1 track_group G\n}\n";
    let running = Running::new(&standfast(), &format!("{group}{statics}{}", plain()));
    let held = settled(&running);
    ip(&running.host, "link set peer1 down");
    let log = || running.process.log();
    wait("FAULT", &log, &|text| {
        text.contains("tracked interface eth1 down")
    });
    ip(&running.host, "link set peer1 up");
    running.comes_back(&held);
}

#[test]
fn cleanup_removes_what_a_crash_leaves_behind() {
    let running = crashed();
    let cleanup = ["/run/lab/bin/standfast", "cleanup", "--keepalived"];
    running.host.run(&cleanup).unwrap();
    let left = running.holdings();
    assert!(is_clean(&left) && !left.contains("192.168.1.200"), "{left}");
}

#[test]
fn what_a_crash_leaves_behind_goes_at_the_next_start() {
    let running = crashed();
    let host = &running.host;
    // The next file knows nothing of them.
    let other = replaced(&plain(), ("virtual_routes", "virtual_rules"));
    let other = other.split("    virtual_rules").next().unwrap().to_owned() + "}\n";
    host.write_file(CONFIGURATION, &other, 0o644).unwrap();
    let process = standfast().start(host, CONFIGURATION).unwrap();
    wait("a clean kernel", &|| running.holdings(), &is_clean);
    wait("mastership", &|| process.log(), &|text| {
        text.contains("Entering MASTER STATE")
    });
}
