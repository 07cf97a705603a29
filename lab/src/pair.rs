//! The pair of the tutorials: two web servers behind one address, and a client.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use crate::capture::Capture;
use crate::daemon::Daemon;
use crate::error::LabError;
use crate::frame::MacAddress;
use crate::host::Host;
use crate::lab::{HostOptions, Lab, LabOptions};
use crate::moment::Moment;
use crate::probe::Probe;
use crate::process::Process;
use crate::web::WebServer;

/// The virtual address of the example configurations.
pub const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);

/// Where the configuration of either daemon lies.
pub const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";

/// Own addresses of the two nodes and of the client.
pub const NODE_ADDRESSES: [Ipv4Addr; 2] = [
    Ipv4Addr::new(192, 168, 1, 11),
    Ipv4Addr::new(192, 168, 1, 12),
];
const CLIENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);

/// How often the client asks for the address.
const PROBE_PERIOD: Duration = Duration::from_millis(1);

/// How much earlier the first node's daemon starts.
const HEAD_START: Duration = Duration::from_millis(300);

/// How much of a daemon's log an error shows.
const SHOWN_LOG_BYTES: usize = 600;

/// How often conditions of a host are looked at: each look starts a program.
const POLL_PERIOD: Duration = Duration::from_millis(20);

/// The files of examples/nginx-ha, as they are shipped.
pub mod example {
    /// Configuration of the first node.
    pub const MASTER: &str = include_str!("../../examples/nginx-ha/keepalived-master.conf");
    /// Configuration of the second node.
    pub const BACKUP: &str = include_str!("../../examples/nginx-ha/keepalived-backup.conf");
    /// The check that both configurations name.
    pub const CHECK_PROCESS: &str = "check_nginx_process.sh";
    /// The check by TCP port.
    pub const CHECK_PORT: &str = "check_nginx_port.sh";
    /// The check by HTTP request.
    pub const CHECK_HTTP: &str = "check_nginx_http.sh";
    /// The check that stops the daemon.
    pub const CHECK_OR_STOP: &str = "check_nginx_or_stop.sh";

    /// The blocks that define the check, by process, port, HTTP request, and the one that stops the daemon.
    pub const CHECK_BLOCKS: [&str; 4] = [
        include_str!("../../examples/nginx-ha/check-process.conf"),
        include_str!("../../examples/nginx-ha/check-port.conf"),
        include_str!("../../examples/nginx-ha/check-http.conf"),
        include_str!("../../examples/nginx-ha/check-or-stop.conf"),
    ];

    /// All check scripts: name and text.
    pub const SCRIPTS: [(&str, &str); 4] = [
        (
            CHECK_PROCESS,
            include_str!("../../examples/nginx-ha/check_nginx_process.sh"),
        ),
        (
            CHECK_PORT,
            include_str!("../../examples/nginx-ha/check_nginx_port.sh"),
        ),
        (
            CHECK_HTTP,
            include_str!("../../examples/nginx-ha/check_nginx_http.sh"),
        ),
        (
            CHECK_OR_STOP,
            include_str!("../../examples/nginx-ha/check_nginx_or_stop.sh"),
        ),
    ];
}

/// How a pair is made.
#[derive(Clone, Debug)]
pub struct PairOptions {
    /// The lab's agent.
    pub agent: PathBuf,
    /// Who runs on the first and on the second node.
    pub daemons: [Daemon; 2],
    /// Their configurations.
    pub configurations: [String; 2],
    /// Which service they offer; `None` for tests that need none.
    pub web: Option<WebServer>,
}

impl PairOptions {
    /// The example's two configurations.
    #[must_use]
    pub fn example(agent: PathBuf, daemons: [Daemon; 2], web: Option<WebServer>) -> Self {
        let configurations = [example::MASTER, example::BACKUP].map(adapt_to_privilege);
        Self {
            agent,
            daemons,
            configurations,
            web,
        }
    }
}

/// Two nodes with their daemons, and a client that watches their address.
pub struct Pair {
    /// The node with the higher priority.
    pub first: Node,
    /// The other node.
    pub second: Node,
    /// The client; its probe and capture run.
    pub client: Host,
    /// What the client sees of the address.
    pub probe: Probe,
    /// What the client's interface sees of ARP and VRRP.
    pub capture: Capture,
    /// The web server on both nodes.
    pub web: Option<WebServer>,
    /// Dropped last: the switch.
    lab: Lab,
}

/// One of the two nodes.
pub struct Node {
    /// Its host.
    pub host: Host,
    /// Which daemon it runs.
    pub daemon: Daemon,
    /// Its own address.
    pub address: Ipv4Addr,
    process: Option<Process>,
}

impl Pair {
    /// Builds hosts and services; the daemons are not started yet.
    ///
    /// # Errors
    /// What is missing or failed.
    pub fn new(options: &PairOptions) -> Result<Self, LabError> {
        options.daemons.iter().try_for_each(Daemon::check)?;
        let lab = Lab::new(LabOptions::with_agent(options.agent.clone()))?;
        let first = Node::new(&lab, options, 0, "nginx-1")?;
        let second = Node::new(&lab, options, 1, "nginx-2")?;
        let client = lab.host(&HostOptions::new("client", CLIENT_ADDRESS))?;
        let capture = Capture::start(&client)?;
        let probe = Probe::icmp(&client, VIP, lab.control_address(), PROBE_PERIOD)?;
        Ok(Self {
            first,
            second,
            client,
            probe,
            capture,
            web: options.web,
            lab,
        })
    }

    /// Starts the first node's daemon, a moment later the second's (their timers differ by 4 ms only, and a lab wants to
    /// know who will be first), and waits until the first node alone has the address.
    ///
    /// # Errors
    /// [`LabError::DaemonEnded`], or [`LabError::TimedOut`] after `limit`.
    pub fn start_daemons(&mut self, limit: Duration) -> Result<(), LabError> {
        let begin = Moment::now();
        self.first.start_daemon()?;
        std::thread::sleep(HEAD_START);
        self.second.start_daemon()?;
        let mut left = limit;
        loop {
            match self
                .probe
                .first_answer_by(self.first.mac(), begin, left.min(HEAD_START))
            {
                Ok(_) => break,
                Err(LabError::TimedOut { .. }) if !left.is_zero() => {
                    left = left.saturating_sub(HEAD_START);
                }
                Err(error) => return Err(error),
            }
            self.first.check_daemon()?;
            self.second.check_daemon()?;
        }
        self.second.wait_until_holds(false, HEAD_START * 10)
    }

    /// The lab: its switch and its control address.
    #[must_use]
    pub const fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The node with this MAC address.
    #[must_use]
    pub fn node_of(&self, mac: MacAddress) -> Option<&Node> {
        [&self.first, &self.second]
            .into_iter()
            .find(|node| node.mac() == mac)
    }
}

impl Node {
    fn new(lab: &Lab, options: &PairOptions, index: usize, name: &str) -> Result<Self, LabError> {
        let missing = || LabError::Unreadable {
            what: "the options of a pair",
        };
        let daemon = options.daemons.get(index).ok_or_else(missing)?.clone();
        let configuration = options.configurations.get(index).ok_or_else(missing)?;
        let address = *NODE_ADDRESSES.get(index).ok_or_else(missing)?;
        let mut host = HostOptions::new(name, address);
        host.programs = daemon.programs();
        host.programs.extend(
            options
                .web
                .map(|web| web.programs(&options.agent))
                .unwrap_or_default(),
        );
        let host = lab.host(&host)?;
        host.write_file(CONFIGURATION, configuration, 0o644)?;
        for (script, text) in example::SCRIPTS {
            host.write_file(&format!("/etc/keepalived/{script}"), text, 0o755)?;
        }
        if let Some(web) = options.web {
            web.set_up(&host)?;
        }
        Ok(Self {
            host,
            daemon,
            address,
            process: None,
        })
    }

    /// Starts its daemon.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start_daemon(&mut self) -> Result<(), LabError> {
        self.process = Some(self.daemon.start(&self.host, CONFIGURATION)?);
        Ok(())
    }

    /// The daemon's process, if it was started.
    #[must_use]
    pub const fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    fn check_daemon(&self) -> Result<(), LabError> {
        let Some((status, _)) = self.process.as_ref().and_then(Process::ended) else {
            return Ok(());
        };
        let log = self.log();
        let start = log.ceil_char_boundary(log.len().saturating_sub(SHOWN_LOG_BYTES));
        let printed = log.get(start..).unwrap_or_default().to_owned();
        Err(LabError::DaemonEnded {
            host: self.host.name().to_owned(),
            status,
            printed,
        })
    }

    /// What its daemon has printed.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// MAC address of its `eth0`.
    #[must_use]
    pub fn mac(&self) -> MacAddress {
        self.host.mac()
    }

    /// Waits until its interface has the address, or no longer has it.
    ///
    /// # Errors
    /// [`LabError::TimedOut`].
    pub fn wait_until_holds(&self, holds: bool, limit: Duration) -> Result<(), LabError> {
        let end = Moment::now() + limit;
        while self.host.holds(VIP)? != holds {
            if Moment::now() >= end {
                let change = if holds { "takes" } else { "gives up" };
                return Err(LabError::TimedOut {
                    awaited: format!("{} {change} {VIP}", self.host.name()),
                    limit,
                });
            }
            std::thread::sleep(POLL_PERIOD);
        }
        Ok(())
    }
}

/// Script security looks at the owner of `/`, which in a user namespace is nobody: without root the checks would be refused.
fn adapt_to_privilege(configuration: &str) -> String {
    if nix::unistd::geteuid().is_root() {
        return configuration.to_owned();
    }
    configuration.replace("    enable_script_security\n", "")
}
