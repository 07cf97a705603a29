//! One virtual host.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::Deserialize;

use crate::channel::Channel;
use crate::error::LabError;
use crate::frame::MacAddress;
use crate::lab::{COMMAND_LIMIT, Entry, mac_of_host};
use crate::process::{Output, Process};
use crate::protocol::{ReplyBody, RequestBody, SpawnRequest};
use crate::requirements::search_path;

/// A host with its own network, processes, host name and writable folders. Its end (drop) is the end of all its
/// processes.
pub struct Host {
    channel: Arc<Channel>,
    entry: Arc<Entry>,
    /// `None` for the switch itself.
    plug: Option<Plug>,
}

/// Where a host is plugged in.
struct Plug {
    switch: Box<Host>,
    outer_pid: u32,
    number: u8,
}

/// An entry of a host's neighbour table (ARP or ND).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Whose entry.
    pub address: IpAddr,
    /// Its MAC address as this host believes; `None` while unresolved.
    pub mac: Option<MacAddress>,
    /// State as ip-neighbour(8) names it, such as REACHABLE or FAILED.
    pub state: String,
}

impl Host {
    pub(crate) fn new(channel: Arc<Channel>, switch: Self, outer_pid: u32, number: u8) -> Self {
        let entry = Arc::clone(&switch.entry);
        Self {
            channel,
            entry,
            plug: Some(Plug {
                switch: Box::new(switch),
                outer_pid,
                number,
            }),
        }
    }

    pub(crate) fn of_switch(channel: Arc<Channel>, entry: Arc<Entry>) -> Self {
        Self {
            channel,
            entry,
            plug: None,
        }
    }

    /// Host name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.channel.host()
    }

    /// MAC address of `eth0`.
    #[must_use]
    pub fn mac(&self) -> MacAddress {
        mac_of_host(self.plug.as_ref().map_or(0, |plug| plug.number))
    }

    /// The switch's end of this host's cable.
    #[must_use]
    pub fn port(&self) -> String {
        format!("port{}", self.plug.as_ref().map_or(0, |plug| plug.number))
    }

    /// The process, in the lab's own PID namespace, that holds this host's namespaces.
    #[must_use]
    pub fn outer_pid(&self) -> u32 {
        self.plug.as_ref().map_or(0, |plug| plug.outer_pid)
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Writes a file, and the folders above it if need be, with these permission bits.
    ///
    /// # Errors
    /// What the system said.
    pub fn write_file(&self, path: &str, text: &str, mode: u32) -> Result<(), LabError> {
        let body = RequestBody::Write {
            path: path.to_owned(),
            text: text.to_owned(),
            mode,
        };
        self.channel.ask(&format!("write {path}"), body).map(drop)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// What the system said.
    pub fn read_file(&self, path: &str) -> Result<String, LabError> {
        match self.channel.ask(
            &format!("read {path}"),
            RequestBody::Read {
                path: path.to_owned(),
            },
        )? {
            ReplyBody::Text { text } => Ok(text),
            ReplyBody::Done | ReplyBody::Spawned { .. } | ReplyBody::Failed { .. } => {
                Err(LabError::Unreadable {
                    what: "the agent's answer",
                })
            }
        }
    }

    /// Starts a program; its name is searched in PATH.
    ///
    /// # Errors
    /// What the system said.
    pub fn spawn(&self, argv: &[&str], environment: &[(&str, &str)]) -> Result<Process, LabError> {
        self.start(argv, environment, None)
    }

    /// Runs a command to its end, at most for `limit`.
    ///
    /// # Errors
    /// If it cannot start or does not end in time. Its exit status is not judged.
    pub fn run_within(&self, limit: Duration, argv: &[&str]) -> Result<Output, LabError> {
        self.start(argv, &[], None)?.into_output(limit)
    }

    /// Runs a command to its end, at most for ten seconds, and requires status 0.
    ///
    /// # Errors
    /// [`LabError::CommandFailed`] with what it printed, or as [`Host::run_within`].
    pub fn run(&self, argv: &[&str]) -> Result<Output, LabError> {
        self.run_with_input(argv, None)
    }

    fn run_with_input(&self, argv: &[&str], input: Option<&str>) -> Result<Output, LabError> {
        let output = self.start(argv, &[], input)?.into_output(COMMAND_LIMIT)?;
        if output.succeeded() {
            return Ok(output);
        }
        Err(LabError::CommandFailed {
            host: self.name().to_owned(),
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            status: output.status,
            printed: output.error + &output.output,
        })
    }

    fn start(
        &self,
        argv: &[&str],
        environment: &[(&str, &str)],
        input: Option<&str>,
    ) -> Result<Process, LabError> {
        let mut all = BTreeMap::from([
            ("PATH".to_owned(), search_path()),
            ("LC_ALL".to_owned(), "C".to_owned()),
        ]);
        all.extend(
            environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let request = SpawnRequest {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            environment: all,
            standard_input: input.map(str::to_owned),
        };
        let name = argv.first().copied().unwrap_or_default();
        match self
            .channel
            .ask(&format!("start {name}"), RequestBody::Spawn(request))?
        {
            ReplyBody::Spawned { pid } => Ok(Process::new(Arc::clone(&self.channel), pid, name)),
            ReplyBody::Done | ReplyBody::Text { .. } | ReplyBody::Failed { .. } => {
                Err(LabError::Unreadable {
                    what: "the agent's answer",
                })
            }
        }
    }

    /// Runs many commands of ip(8), without the word `ip`, one a line.
    ///
    /// # Errors
    /// If one fails.
    pub fn ip_batch(&self, batch: &str) -> Result<(), LabError> {
        self.run_with_input(&["ip", "-batch", "-"], Some(batch))
            .map(drop)
    }

    /// Addresses of an interface, with their prefix lengths.
    ///
    /// # Errors
    /// If there is no such interface.
    pub fn addresses(&self, interface: &str) -> Result<Vec<(IpAddr, u8)>, LabError> {
        let text = self
            .run(&["ip", "-json", "address", "show", "dev", interface])?
            .output;
        let links: Vec<LinkEntry> =
            serde_json::from_str(&text).map_err(|_| LabError::Unreadable {
                what: "the output of ip address",
            })?;
        Ok(links
            .into_iter()
            .flat_map(|link| link.addr_info)
            .map(|entry| (entry.local, entry.prefixlen))
            .collect())
    }

    /// Whether `eth0` has this address.
    ///
    /// # Errors
    /// As [`Host::addresses`].
    pub fn holds(&self, address: impl Into<IpAddr>) -> Result<bool, LabError> {
        let address = address.into();
        Ok(self
            .addresses("eth0")?
            .iter()
            .any(|(held, _)| *held == address))
    }

    /// The neighbour table (ARP and ND).
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn neighbours(&self) -> Result<Vec<Neighbour>, LabError> {
        let text = self.run(&["ip", "-json", "neighbour", "show"])?.output;
        let entries: Vec<NeighbourEntry> =
            serde_json::from_str(&text).map_err(|_| LabError::Unreadable {
                what: "the output of ip neighbour",
            })?;
        Ok(entries
            .into_iter()
            .map(NeighbourEntry::into_neighbour)
            .collect())
    }

    /// The MAC address this host believes `address` to have.
    ///
    /// # Errors
    /// As [`Host::neighbours`].
    pub fn neighbour_mac(
        &self,
        address: impl Into<IpAddr>,
    ) -> Result<Option<MacAddress>, LabError> {
        let address = address.into();
        let found = self
            .neighbours()?
            .into_iter()
            .find(|entry| entry.address == address);
        Ok(found.and_then(|entry| entry.mac))
    }

    /// Pulls the cable: the host sees its carrier go.
    ///
    /// # Errors
    /// If the switch's command fails.
    pub fn cable_pull(&self) -> Result<(), LabError> {
        self.at_switch(|switch, port| switch.run(&["ip", "link", "set", "dev", port, "down"]))
    }

    /// Plugs the cable in again.
    ///
    /// # Errors
    /// If the switch's command fails.
    pub fn cable_plug(&self) -> Result<(), LabError> {
        self.at_switch(|switch, port| switch.run(&["ip", "link", "set", "dev", port, "up"]))
    }

    /// Takes an interface down as an administrator does.
    ///
    /// # Errors
    /// If there is no such interface.
    pub fn link_down(&self, interface: &str) -> Result<(), LabError> {
        self.run(&["ip", "link", "set", "dev", interface, "down"])
            .map(drop)
    }

    /// Brings an interface up.
    ///
    /// # Errors
    /// If there is no such interface.
    pub fn link_up(&self, interface: &str) -> Result<(), LabError> {
        self.run(&["ip", "link", "set", "dev", interface, "up"])
            .map(drop)
    }

    /// Whether this host hears multicast (thus advertisements); broadcast and unicast always reach it. With `false` the
    /// network is split one way.
    ///
    /// # Errors
    /// If the switch's command fails.
    pub fn set_hears_multicast(&self, hears: bool) -> Result<(), LabError> {
        self.set_port("mcast_flood", on_or_off(hears))
    }

    /// Whether this host is isolated: isolated hosts reach every host except isolated ones. With two of them both see the client and
    /// not each other.
    ///
    /// # Errors
    /// If the switch's command fails.
    pub fn set_isolated(&self, isolated: bool) -> Result<(), LabError> {
        self.set_port("isolated", on_or_off(isolated))
    }

    /// Whether the switch drops every frame from and to this host, which keeps its carrier.
    ///
    /// # Errors
    /// If the switch's command fails.
    pub fn set_port_blocked(&self, blocked: bool) -> Result<(), LabError> {
        // Port states of the spanning tree (IEEE 802.1D): 0 disabled, 3 forwarding.
        self.set_port("state", if blocked { "0" } else { "3" })
    }

    fn set_port(&self, option: &str, value: &str) -> Result<(), LabError> {
        self.at_switch(|switch, port| {
            switch.run(&["bridge", "link", "set", "dev", port, option, value])
        })
    }

    fn at_switch(
        &self,
        action: impl FnOnce(&Self, &str) -> Result<Output, LabError>,
    ) -> Result<(), LabError> {
        match &self.plug {
            Some(plug) => action(&plug.switch, &self.port()).map(drop),
            None => Ok(()),
        }
    }

    /// Stops every process of the host; its kernel goes on answering, and packets queue in sockets.
    ///
    /// # Errors
    /// If the agent is gone.
    pub fn freeze_processes(&self) -> Result<(), LabError> {
        self.signal_all(Signal::SIGSTOP)
    }

    /// Lets every process of the host go on.
    ///
    /// # Errors
    /// If the agent is gone.
    pub fn thaw_processes(&self) -> Result<(), LabError> {
        self.signal_all(Signal::SIGCONT)
    }

    /// The whole host stands still, as a virtual machine does that is being moved or snapshotted: no process runs, and
    /// frames to it are lost.
    ///
    /// # Errors
    /// If the agent is gone or the switch's command fails.
    pub fn pause(&self) -> Result<(), LabError> {
        self.freeze_processes()?;
        self.set_port_blocked(true)
    }

    /// Ends [`Host::pause`].
    ///
    /// # Errors
    /// If the agent is gone or the switch's command fails.
    pub fn resume(&self) -> Result<(), LabError> {
        self.set_port_blocked(false)?;
        self.thaw_processes()
    }

    fn signal_all(&self, signal: Signal) -> Result<(), LabError> {
        let body = RequestBody::Signal {
            pid: None,
            signal: signal as i32,
        };
        self.channel
            .ask(&format!("send {signal} to all"), body)
            .map(drop)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The switch outlives the many handles to it; the lab ends it.
        if self.plug.is_some() {
            self.channel.close();
        }
    }
}

const fn on_or_off(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

#[derive(Deserialize)]
struct LinkEntry {
    #[serde(default)]
    addr_info: Vec<AddressEntry>,
}

#[derive(Deserialize)]
struct AddressEntry {
    local: IpAddr,
    prefixlen: u8,
}

#[derive(Deserialize)]
struct NeighbourEntry {
    dst: IpAddr,
    lladdr: Option<String>,
    #[serde(default)]
    state: Vec<String>,
}

impl NeighbourEntry {
    fn into_neighbour(self) -> Neighbour {
        Neighbour {
            address: self.dst,
            mac: self.lladdr.and_then(|text| text.parse().ok()),
            state: self.state.join(","),
        }
    }
}
