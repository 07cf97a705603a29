//! Two nodes and a client on one switch, with IPv6 addresses beside the lab's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use standfast_lab::{
    CONFIGURATION, Capture, Daemon, Host, HostOptions, Lab, LabOptions, MacAddress, Moment, Probe,
    Process,
};

use crate::support::agent;

/// The virtual addresses: what clients use, and the link-local one that stands before it.
pub const VIP6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x100);
pub const VIP6_ON_LINK: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x100);
/// Nothing that is awaited takes longer, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
const PROBE_PERIOD: Duration = Duration::from_millis(2);

/// A node with its daemon.
pub struct Node {
    pub host: Host,
    pub daemon: Daemon,
    process: Option<Process>,
}

/// The network.
pub struct Lan {
    pub nodes: [Node; 2],
    pub client: Host,
    pub capture: Capture,
    pub probe: Probe,
    /// Dropped last: the switch.
    _lab: Lab,
}

/// Own addresses of the host with this number, from 1: `fd00::N` and `192.168.1.1N`.
pub fn own(number: u16) -> (Ipv6Addr, Ipv4Addr) {
    let last = u8::try_from(number).unwrap() + 10;
    (
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number),
        Ipv4Addr::new(192, 168, 1, last),
    )
}

fn host(lab: &Lab, number: u16, programs: &Daemon) -> Host {
    let (v6, v4) = own(number);
    let mut options = HostOptions::new(&format!("node-{number}"), v4);
    options.programs = programs.programs();
    let host = lab.host(&options).unwrap();
    let network = format!("{v6}/64");
    host.run(&["ip", "address", "add", &network, "dev", "eth0", "nodad"])
        .unwrap();
    host
}

impl Lan {
    /// Nodes with these daemons and configurations, which are not started; the client probes `vip`.
    pub fn new(daemons: [Daemon; 2], configurations: [&str; 2], vip: impl Into<IpAddr>) -> Self {
        daemons.iter().try_for_each(Daemon::check).unwrap();
        let lab = Lab::new(LabOptions::with_agent(agent())).unwrap();
        let mut number = 0;
        let nodes = daemons.map(|daemon| {
            number += 1;
            let host = host(&lab, number, &daemon);
            Node {
                host,
                daemon,
                process: None,
            }
        });
        for (node, text) in nodes.iter().zip(configurations) {
            node.host.write_file(CONFIGURATION, text, 0o644).unwrap();
        }
        let client = host(&lab, 3, &Daemon::Keepalived);
        let capture = Capture::start(&client).unwrap();
        let control = lab.control_address();
        let probe = Probe::icmp(&client, vip, control, PROBE_PERIOD).unwrap();
        Lan {
            nodes,
            client,
            capture,
            probe,
            _lab: lab,
        }
    }

    /// Runs `body` and shows what the daemons said if it fails.
    pub fn telling<R>(&mut self, body: impl FnOnce(&mut Self) -> R) -> R {
        let result = catch_unwind(AssertUnwindSafe(|| body(self)));
        result.unwrap_or_else(|panic| {
            for node in &self.nodes {
                eprintln!("--- {} ({})\n{}", node.host.name(), node.daemon, node.log());
            }
            resume_unwind(panic)
        })
    }

    /// Starts the first node, waits until it serves, and starts the second.
    pub fn start(&mut self) {
        let begin = Moment::now();
        self.nodes[0].start();
        self.served_by(0, begin);
        self.nodes[1].start();
        self.nodes[1].says("Entering BACKUP STATE");
    }

    /// Waits until the node of that index answers the client.
    #[track_caller]
    pub fn served_by(&self, index: usize, from: Moment) -> Moment {
        let mac = self.nodes[index].mac();
        let answer = self.probe.first_answer_by(mac, from, PATIENCE);
        answer.unwrap_or_else(|error| panic!("{error}")).time
    }

    /// Waits until the client's neighbour table has `address` at that node.
    #[track_caller]
    pub fn client_knows(&self, address: impl Into<IpAddr>, index: usize) {
        let (address, mac) = (address.into(), self.nodes[index].mac());
        let what = format!("{address} at {mac} in the client's neighbour table");
        until(&what, || {
            self.client.neighbour_mac(address).unwrap() == Some(mac)
        });
    }

    /// Puts `address` into the client's neighbour table, wherever it is now.
    pub fn client_asks(&self, address: IpAddr) {
        // Any packet will do: a TCP connection that is refused.
        let text = format!("exec 3<>/dev/tcp/{address}/9");
        let argv = ["timeout", "2", "bash", "-c", &text];
        self.client.run_within(PATIENCE, &argv).unwrap();
    }

    /// Waits until the node holds `address`, or does not.
    #[track_caller]
    pub fn holds(&self, index: usize, address: impl Into<IpAddr>, holds: bool) {
        let address = address.into();
        let host = &self.nodes[index].host;
        let what = format!("{} holds {address}: {holds}", host.name());
        until(&what, || host.holds(address).unwrap() == holds);
    }
}

impl Node {
    pub fn start(&mut self) {
        self.process = Some(self.daemon.start(&self.host, CONFIGURATION).unwrap());
    }

    pub fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    pub fn stop(&mut self) {
        self.process().stop(PATIENCE).unwrap();
    }

    pub fn mac(&self) -> MacAddress {
        self.host.mac()
    }

    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// Waits until its log has this text.
    #[track_caller]
    pub fn says(&self, text: &str) {
        let said = self.process().wait_for_log(text, PATIENCE);
        said.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Moment::now() + PATIENCE;
    while !holds() {
        assert!(Moment::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(POLL);
    }
}

/// An IPv6 instance of VRID 51 with a short interval, and further lines.
pub fn instance_v6(priority: u8, more: &str) -> String {
    format!(
        "vrrp_instance VI_6 {{\n    state BACKUP\n    interface eth0\n    virtual_router_id 51\n    \
         priority {priority}\n    advert_int 0.3\n{more}    virtual_ipaddress {{\n        \
         {VIP6_ON_LINK}\n        {VIP6}/64\n    }}\n}}\n"
    )
}
