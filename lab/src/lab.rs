//! A switch and the hosts on it.

use std::io::Read;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::channel::Channel;
use crate::error::{LabError, io_error};
use crate::frame::MacAddress;
use crate::host::Host;
use crate::protocol::{AGENT_SUBCOMMAND, Program, Setup};
use crate::requirements::{check_programs, find_program, search_path};

/// Most hosts on one switch: their number is the last byte of their MAC addresses.
const MAX_HOSTS: u8 = 200;

/// How long one `ip` or `bridge` command may take.
pub(crate) const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// How a lab is made.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// The executable that calls [`agent_main`](crate::agent_main) first thing.
    pub agent: PathBuf,
    /// Whether the switch looks into IGMP to learn who wants which group.
    pub multicast_snooping: bool,
    /// An address of the switch itself, which no failover touches: probes use it as their control.
    pub switch_address: (Ipv4Addr, u8),
}

impl LabOptions {
    /// A lab whose agent is this very program, which must call [`agent_main`](crate::agent_main) first thing.
    ///
    /// # Errors
    /// If the system does not say which program this is.
    pub fn with_own_agent() -> Result<Self, LabError> {
        let agent = std::env::current_exe().map_err(io_error("find this program's file"))?;
        Ok(Self::with_agent(agent))
    }

    /// A lab with the agent in that executable.
    #[must_use]
    pub fn with_agent(agent: PathBuf) -> Self {
        Self {
            agent,
            multicast_snooping: false,
            switch_address: (Ipv4Addr::new(192, 168, 1, 254), 24),
        }
    }
}

/// A host to be.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Host name.
    pub name: String,
    /// Address and prefix length of its `eth0`.
    pub address: (Ipv4Addr, u8),
    /// Programs of the machine that it is shown (it sees the installed ones anyway).
    pub programs: Vec<Program>,
}

impl HostOptions {
    /// A host with a name and one address (`/24`) and nothing special.
    #[must_use]
    pub fn new(name: &str, address: Ipv4Addr) -> Self {
        Self {
            name: name.to_owned(),
            address: (address, 24),
            programs: Vec::new(),
        }
    }
}

/// One switch in a namespace of its own; hosts are plugged into it. Everything ends when it is dropped, or when this
/// process ends in whatever way.
pub struct Lab {
    options: LabOptions,
    entry: Arc<Entry>,
    switch: Arc<Channel>,
    host_count: AtomicU8,
}

/// How to get into the switch's user namespace (if it has one) and network.
pub(crate) struct Entry {
    pid: u32,
    user_namespace: bool,
    agent: PathBuf,
    real_time: bool,
}

impl Lab {
    /// Checks what is needed and makes the switch.
    ///
    /// # Errors
    /// [`LabError::ProgramMissing`], [`LabError::NamespacesRefused`], or what failed.
    pub fn new(options: LabOptions) -> Result<Self, LabError> {
        check_programs()?;
        let user_namespace = !nix::unistd::geteuid().is_root();
        let mut command = clean_command("unshare");
        if user_namespace {
            command.arg("--map-root-user");
        }
        let setup = Setup {
            name: "switch".to_owned(),
            private_folders: false,
            programs: Vec::new(),
        };
        command.args([
            "--net",
            "--mount",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--",
        ]);
        let (pid, switch) = start_agent(command, &options.agent, &setup)?;
        let real_time = find_program("chrt").is_some_and(can_be_real_time);
        let entry = Entry {
            pid,
            user_namespace,
            agent: options.agent.clone(),
            real_time,
        };
        let lab = Self {
            options,
            entry: Arc::new(entry),
            switch,
            host_count: AtomicU8::new(0),
        };
        lab.make_bridge()?;
        Ok(lab)
    }

    fn make_bridge(&self) -> Result<(), LabError> {
        let (address, prefix) = self.options.switch_address;
        let snooping = u8::from(self.options.multicast_snooping);
        let batch = format!(
            "link set lo up\n\
             link add name lan type bridge mcast_snooping {snooping} stp_state 0 forward_delay 0\n\
             link set dev lan address 02:00:00:00:00:fe up\n\
             address add {address}/{prefix} dev lan\n"
        );
        self.switch_host().ip_batch(&batch)
    }

    /// The switch as a host: for its interfaces (`lan` and `port1`, `port2`, … in the order of the hosts).
    #[must_use]
    pub fn switch_host(&self) -> Host {
        Host::of_switch(Arc::clone(&self.switch), Arc::clone(&self.entry))
    }

    /// The switch's own address, which no failover touches.
    #[must_use]
    pub const fn control_address(&self) -> Ipv4Addr {
        self.options.switch_address.0
    }

    /// Starts a host and plugs it in: interface `eth0`, MAC address `02:00:00:00:00:NN` with its number.
    ///
    /// # Errors
    /// What failed, with the host's name.
    pub fn host(&self, options: &HostOptions) -> Result<Host, LabError> {
        let number = self
            .host_count
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if number > MAX_HOSTS {
            return Err(LabError::Unreadable {
                what: "a lab with so many hosts",
            });
        }
        let mut programs = options.programs.clone();
        programs.push(self.agent_program());
        if let Some(missing) = programs
            .iter()
            .find(|program| !PathBuf::from(&program.source).is_file())
        {
            return Err(LabError::FileMissing {
                path: missing.source.clone().into(),
            });
        }
        let setup = Setup {
            name: options.name.clone(),
            private_folders: true,
            programs,
        };
        let mut command = self.entry.command(&["--user"]);
        command.args([
            "unshare",
            "--net",
            "--mount",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--",
        ]);
        let (pid, channel) = start_agent(command, &self.options.agent, &setup)?;
        let host = Host::new(channel, self.switch_host(), pid, number);
        self.plug_in(&host, options)?;
        Ok(host)
    }

    /// Makes another switch beside the first one, which has no address; its name is at most 12 letters long.
    ///
    /// # Errors
    /// If it exists already.
    pub fn add_switch(&self, name: &str) -> Result<(), LabError> {
        let snooping = u8::from(self.options.multicast_snooping);
        self.switch_host().ip_batch(&format!(
            "link add name {name} type bridge mcast_snooping {snooping} stp_state 0 forward_delay 0\nlink set dev {name} up\n"
        ))
    }

    /// A cable from a host's new interface, with the MAC address of its `eth0`, to a switch of [`Lab::add_switch`]. The switch's end is named after [`Host::port`] and the
    /// switch, with a dash between them.
    ///
    /// # Errors
    /// If the interface exists already or the switch does not.
    pub fn connect(
        &self,
        host: &Host,
        switch: &str,
        interface: &str,
        address: (Ipv4Addr, u8),
    ) -> Result<(), LabError> {
        let (port, mac, pid) = (host.port(), host.mac(), host.outer_pid());
        let mut command = self.entry.command(&["--user", "--net"]);
        let cable = format!(
            "link add name {port}-{switch} type veth peer name {interface} netns {pid} address {mac}"
        );
        run_plain(command.arg("ip").args(cable.split(' ')))?;
        self.switch_host().ip_batch(&format!(
            "link set dev {port}-{switch} master {switch} up\n"
        ))?;
        let (address, prefix) = address;
        host.ip_batch(&format!(
            "link set {interface} up\naddress add {address}/{prefix} broadcast + dev {interface}\n"
        ))
    }

    fn agent_program(&self) -> Program {
        Program {
            source: self.options.agent.to_string_lossy().into_owned(),
            name: "lab-agent".to_owned(),
            system_names: Vec::new(),
        }
    }

    fn plug_in(&self, host: &Host, options: &HostOptions) -> Result<(), LabError> {
        let (port, mac, pid) = (host.port(), host.mac(), host.outer_pid());
        // By way of a process in our own PID namespace: the switch's agent knows no pids of other hosts.
        let mut command = self.entry.command(&["--user", "--net"]);
        let cable =
            format!("link add name {port} type veth peer name eth0 netns {pid} address {mac}");
        run_plain(command.arg("ip").args(cable.split(' ')))?;
        self.switch_host()
            .ip_batch(&format!("link set dev {port} master lan up\n"))?;
        let (address, prefix) = options.address;
        host.ip_batch(&format!(
            "link set lo up\nlink set eth0 up\naddress add {address}/{prefix} broadcast + dev eth0\n"
        ))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.switch.close();
    }
}

impl Entry {
    /// An `nsenter` command into those of the switch's namespaces that are named and exist.
    fn command(&self, namespaces: &[&str]) -> Command {
        let pid = self.pid;
        self.command_for(pid, namespaces)
    }

    /// A command inside a host: its network, files and processes. Its end is the command's as well.
    pub(crate) fn inside(&self, pid: u32) -> Command {
        // What the target has made for its children: it is not in that namespace itself.
        let processes = format!("--pid=/proc/{pid}/ns/pid_for_children");
        self.command_for(pid, &["--user", "--net", "--mount", &processes])
    }

    fn command_for(&self, pid: u32, namespaces: &[&str]) -> Command {
        let namespaces: Vec<&&str> = namespaces
            .iter()
            .filter(|namespace| self.user_namespace || **namespace != "--user")
            .collect();
        if namespaces.is_empty() {
            return clean_command("env");
        }
        let mut command = clean_command("nsenter");
        command
            .arg("--preserve-credentials")
            .arg(format!("--target={pid}"))
            .args(namespaces)
            .arg("--");
        command
    }

    /// A command that runs a part of the agent in the network of the process `pid`, outside its other namespaces, and
    /// with real-time priority where the system allows it: a measuring instrument must not wait for what it measures.
    pub(crate) fn instrument(&self, pid: u32, part: &str) -> Command {
        let mut command = self.command_for(pid, &["--user", "--net"]);
        if self.real_time {
            command.args(["chrt", "--fifo", "1"]);
        }
        command.arg(&self.agent).args([AGENT_SUBCOMMAND, part]);
        command
    }
}

/// Whether instruments may get real-time priority.
fn can_be_real_time(chrt: PathBuf) -> bool {
    let tried = Command::new(chrt)
        .args(["--fifo", "1", "true"])
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// A command with a path that finds system programs, and messages in the language that the lab reads.
pub(crate) fn clean_command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env("PATH", search_path())
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

/// Appends the agent to a command that enters or makes namespaces, and starts it.
fn start_agent(
    mut command: Command,
    agent: &std::path::Path,
    setup: &Setup,
) -> Result<(u32, Arc<Channel>), LabError> {
    let text = serde_json::to_string(setup).map_err(|_| LabError::Unreadable {
        what: "the set-up of a host",
    })?;
    command.arg(agent).args([AGENT_SUBCOMMAND, "init", &text]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(io_error("start unshare"))?;
    let errors = child.stderr.take();
    let pid = child.id();
    Channel::open(&setup.name, child)
        .map(|channel| (pid, channel))
        .map_err(|error| match error {
            LabError::AgentLost { .. } => LabError::NamespacesRefused {
                said: read_rest(errors),
            },
            other => other,
        })
}

fn read_rest(source: Option<impl Read>) -> String {
    let mut text = String::new();
    // What cannot be read is left out of the message.
    let _ = source.map(|mut source| source.read_to_string(&mut text));
    text.trim().to_owned()
}

/// Runs a command of the lab itself.
fn run_plain(command: &mut Command) -> Result<(), LabError> {
    let output = command.output().map_err(io_error("run a command"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LabError::CommandFailed {
        host: "lab".to_owned(),
        argv: command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        status: crate::ExitState::Code(output.status.code().unwrap_or(-1)),
        printed: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Reaps an instrument whose input was closed; it ends by itself, and is killed if it hangs.
pub(crate) fn end_instrument(child: &mut Child) {
    drop(child.stdin.take());
    let _ = child.kill();
    let _ = child.wait();
}

/// MAC address of the host with this number.
pub(crate) const fn mac_of_host(number: u8) -> MacAddress {
    MacAddress([2, 0, 0, 0, 0, number])
}
