//! What this kernel may not have (ipvlan, VRF), in a guest of its own: User Mode Linux boots a kernel of Debian's that has
//! them, with this machine's files as its root. Without it these tests say so and pass.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod guest;

use std::io::Write;

use guest::Guest;

/// Three hosts on one bridge, each in a namespace of the guest: nodes a and b, client c.
const NETWORK: &str = r#"
set -e
# Why a test failed.
trap 'status=$?
if [ $status != 0 ]; then
	echo "failed: $BASH_COMMAND"
	for name in a b c; do echo "$name:"; ip -n $name -d address; ip -n $name neighbour; done
	tail -n 40 "$OUT"/*.log
fi
exit $status' EXIT
ip link add br0 type bridge
ip link set br0 up
number=0
for name in a b c; do
	number=$((number + 1))
	ip netns add $name
	ip link add $name-0 type veth peer name eth0 netns $name
	ip link set $name-0 master br0 up
	ip -n $name link set lo up
	ip -n $name link set eth0 up
	ip -n $name address add 192.168.1.1$number/24 dev eth0
	ip netns exec $name sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/keep_addr_on_down'
	ip -n $name address add fd00::1$number/64 dev eth0 nodad
done
# The files of a node's daemon are its own.
start() {
	ip netns exec "$1" unshare --mount sh -c "mount -t tmpfs run /run && exec $STANDFAST run -D -f $OUT/$1.conf" > "$OUT/$1.log" 2>&1 &
	eval "pid_$1=$!"
}
stop() {
	eval "kill -TERM \$pid_$1; wait \$pid_$1"
}
# Whether the first node holds every virtual address and the second holds none.
is_on() {
	[ "$(virtual_addresses $1)" = "$ADDRESSES" ] && [ -z "$(virtual_addresses $2)" ]
}
# In ascending order, IPv4 first.
virtual_addresses() {
	echo $(ip -n $1 -o address show | awk '$4 ~ /[.:]20[0-9]\// { sub("/.*", "", $4); print $4 }' | sort)
}
moved_to() {
	until_true "the addresses did not move to $1" is_on "$@"
	echo "$SECONDS s: the addresses are on $1"
}
until_true() {
	local complaint=$1 end=$((SECONDS + 30))
	shift
	until "$@"; do
		if ((SECONDS > end)); then
			echo "$complaint"
			return 1
		fi
		sleep 0.2
	done
}
# `mac NODE`: of its eth0.
mac() {
	ip -n $1 -o link show eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/'
}
# `reaches MAC ADDRESS...`: the client reaches the addresses, and at that MAC address. Nobody listens there, and the
# kernel that holds them says so.
reaches() {
	until_true "the client does not reach $*" reached "$@"
}
reached() {
	local mac=$1 address
	shift
	LC_ALL=C ip netns exec c timeout 20 bash -ec '
		ip neighbour flush dev eth0
		for address; do
			text=$( (echo > /dev/tcp/$address/9) 2>&1 || true)
			[[ $text == *refused* ]]
		done
		ip neighbour show dev eth0' reached "$@" > "$OUT/neighbours" || return 1
	for address; do grep -q "^$address lladdr $mac" "$OUT/neighbours" || return 1; done
}
"#;

/// Runs both nodes, whose configurations are given, and then `script` in a guest; `addresses` are all virtual ones.
fn run(name: &str, addresses: &str, configuration: impl Fn(Node) -> String, script: &str) {
    let guest = match Guest::new(name) {
        Ok(guest) => guest,
        Err(why) => return skip(&why),
    };
    for node in NODES {
        guest.write(&format!("{}.conf", node.name), &configuration(node));
    }
    let settings = format!(
        "STANDFAST={}\nOUT={}\nADDRESSES='{addresses}'\n",
        standfast_lab::program_under_test().unwrap().display(),
        guest.shared()
    );
    match guest.run(&(settings + NETWORK + script)) {
        Ok(output) => {
            assert!(output.succeeded, "{}", output.text);
            println!("{}", output.text);
        }
        Err(why) => skip(&why),
    }
}

#[derive(Clone, Copy)]
struct Node {
    name: &'static str,
    priority: u8,
    /// The last part of its addresses.
    number: u8,
}

const NODES: [Node; 2] = [
    Node {
        name: "a",
        priority: 150,
        number: 11,
    },
    Node {
        name: "b",
        priority: 100,
        number: 12,
    },
];

impl Node {
    fn instance(self, vrid: u8, lines: &str, addresses: &str) -> String {
        let Node { priority, .. } = self;
        format!(
            "vrrp_instance VI_{vrid} {{\nversion 3\nvirtual_router_id {vrid}\npriority {priority}\n\
             advert_int 0.5\n{lines}\nvirtual_ipaddress {{\n{addresses}\n}}\n}}\n"
        )
    }
}

/// Says it past the harness's capture.
fn skip(why: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = std::io::stderr().write_all(format!("SKIPPED {name}: {why}\n").as_bytes());
}

#[test]
fn an_address_on_ipvlan_interfaces_fails_over_and_back() {
    let script = r#"
start a
start b
moved_to a b
ip -n a -d link show vrrp.51 | grep -q ipvlan
ip -n a -o address show dev vrrp.51 | grep -q '192\.168\.1\.200/24'
reaches $(mac a) 192.168.1.200
ip -n a link set eth0 down
moved_to b a
reaches $(mac b) 192.168.1.200
ip -n a link set eth0 up
moved_to a b
reaches $(mac a) 192.168.1.200
stop a
moved_to b a
reaches $(mac b) 192.168.1.200
! ip -n a link show vrrp.51 2> /dev/null
"#;
    let configuration = |node: Node| {
        let lines = format!("interface eth0\nuse_ipvlan 192.168.1.1{}/24", node.number);
        node.instance(51, &lines, "192.168.1.200/24")
    };
    run("ipvlan", "192.168.1.200", configuration, script);
}

/// eth0 of both nodes is in a VRF.
const ROUTING_DOMAIN: &str = r#"
for name in a b; do
	ip -n $name link add vrf1 type vrf table 10
	ip -n $name link set vrf1 up
	ip -n $name link set eth0 master vrf1
done
# The routes of the first node are in the VRF's table, the second has none.
routed_by() {
	[ -n "$(ip -n $1 route show table 10 10.99.0.0/16)" ] && [ -n "$(ip -n $1 -6 route show table 10 fd99::/64)" ] &&
		[ -z "$(ip -n $2 route show table 10 10.99.0.0/16)" ] && [ -z "$(ip -n $2 -6 route show table 10 fd99::/64)" ]
}
all_on() {
	moved_to $1 $2
	until_true "the routes are not $1's" routed_by $1 $2
	ip -n $1 -d link show vrrp.55 | grep -q 'master vrf1'
	reaches $(mac $1) 192.168.1.200 192.168.1.201 fd00::202 fd00::203
	reaches 00:00:5e:00:01:37 192.168.1.204
}
"#;

#[test]
fn instances_in_a_vrf_fail_over_and_back() {
    let script = r#"
start a
start b
all_on a b
ip -n a link set eth0 down
all_on b a
ip -n a link set eth0 up
all_on a b
stop a
all_on b a
"#;
    let configuration = |node: Node| {
        let peer = 23 - node.number;
        let unicast = |prefix: &str| {
            format!(
                "interface eth0\nunicast_src_ip {prefix}{}\nunicast_peer {{\n{prefix}{peer}\n}}",
                node.number
            )
        };
        let routes = "interface eth0\nvirtual_routes {\n10.99.0.0/16 via 192.168.1.13 vrf vrf1\n\
                      fd99::/64 via fd00::13 vrf vrf1\n}";
        [
            node.instance(51, routes, "192.168.1.200/24"),
            node.instance(52, &unicast("192.168.1."), "192.168.1.201/24"),
            node.instance(53, "interface eth0", "fd00::202/64"),
            node.instance(54, &unicast("fd00::"), "fd00::203/64"),
            node.instance(55, "interface eth0\nuse_vmac", "192.168.1.204/24"),
        ]
        .concat()
    };
    let addresses = "192.168.1.200 192.168.1.201 192.168.1.204 fd00::202 fd00::203";
    let script = [ROUTING_DOMAIN, script].concat();
    run("vrf", addresses, configuration, &script);
}

#[test]
fn instances_without_an_interface_speak_in_their_vrf() {
    let script = r#"
start a
start b
all_reached_on() {
	moved_to $1 $2
	reaches $(mac $1) $ADDRESSES
}
all_reached_on a b
stop a
all_reached_on b a
start a
all_reached_on a b
stop a
all_reached_on b a
"#;
    let configuration = |node: Node| {
        let peer = 23 - node.number;
        let lines = |prefix: &str| {
            format!(
                "vrf vrf1\nunicast_src_ip {prefix}{}\nunicast_peer {{\n{prefix}{peer}\n}}",
                node.number
            )
        };
        [
            node.instance(51, &lines("192.168.1."), "192.168.1.200/24 dev eth0"),
            node.instance(52, &lines("fd00::"), "fd00::201/64 dev eth0"),
        ]
        .concat()
    };
    let addresses = "192.168.1.200 fd00::201";
    let script = [ROUTING_DOMAIN, script].concat();
    run("no-interface", addresses, configuration, &script);
}

#[test]
fn an_interface_may_come_into_a_vrf_and_out_of_it() {
    let script = r#"
in_domain() {
	[[ $(ip -n $1 -o link show vrrp.52) == *' master vrf1 '* ]]
}
out_of_domain() {
	[[ $(ip -n $1 -o link show vrrp.52) != *' master '* ]]
}
on() {
	moved_to $1 $2
	reaches $(mac $1) 192.168.1.200 fd00::202
	reaches 00:00:5e:00:01:34 192.168.1.201
}
start a
start b
moved_to a b
for name in a b; do
	ip -n $name link add vrf1 type vrf table 10
	ip -n $name link set vrf1 up
	ip -n $name link set eth0 master vrf1
	until_true "vrrp.52 of $name did not follow into the VRF" in_domain $name
done
on a b
stop a
on b a
start a
on a b
for name in a b; do
	ip -n $name link delete vrf1
	until_true "vrrp.52 of $name did not follow out of the VRF" out_of_domain $name
done
on a b
"#;
    let configuration = |node: Node| {
        [
            node.instance(51, "interface eth0", "192.168.1.200/24"),
            node.instance(52, "interface eth0\nuse_vmac", "192.168.1.201/24"),
            node.instance(53, "interface eth0", "fd00::202/64"),
        ]
        .concat()
    };
    let addresses = "192.168.1.200 192.168.1.201 fd00::202";
    run("into-vrf", addresses, configuration, script);
}
