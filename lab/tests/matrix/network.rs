//! Two nodes and a client, and what the client sees of every cell's address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use standfast_lab::{
    CONFIGURATION, Daemon, Host, HostOptions, Lab, LabOptions, MacAddress, Moment, Process,
};

use crate::cell::{Cell, Family, Outcome, PRIORITIES, Peers, Stage};
use crate::frr::{Frr, virtual_mac};
use crate::support::{agent, standfast};

/// No stage takes longer, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(25);
const POLL: Duration = Duration::from_millis(150);

/// Own address of the host with that index.
pub fn own(index: usize, family: Family) -> IpAddr {
    let number = u8::try_from(index).unwrap() + 1;
    match family {
        Family::V4 => Ipv4Addr::new(192, 168, 1, 10 + number).into(),
        Family::V6 => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number.into()).into(),
    }
}

enum Speaker {
    Daemon {
        daemon: Daemon,
        process: Option<Process>,
    },
    Frr(Option<Frr>),
}

struct Node {
    host: Host,
    speaker: Speaker,
}

/// One lab and the cells that run in it.
pub struct Network {
    cells: Vec<Cell>,
    nodes: [Node; 2],
    client: Host,
    /// Dropped last: the switch.
    _lab: Lab,
}

fn speakers(peers: Peers) -> [Speaker; 2] {
    let daemon = |daemon| Speaker::Daemon {
        daemon,
        process: None,
    };
    let ours = || daemon(standfast());
    match peers {
        Peers::StandfastStandfast => [ours(), ours()],
        Peers::StandfastKeepalived => [ours(), daemon(Daemon::Keepalived)],
        Peers::KeepalivedStandfast => [daemon(Daemon::Keepalived), ours()],
        Peers::StandfastFrr => [ours(), Speaker::Frr(None)],
        Peers::FrrStandfast => [Speaker::Frr(None), ours()],
    }
}

fn host(lab: &Lab, index: usize, daemon: Option<&Daemon>) -> Host {
    let IpAddr::V4(v4) = own(index, Family::V4) else {
        panic!("an address of the other family");
    };
    let mut options = HostOptions::new(&format!("node-{}", index + 1), v4);
    options.programs = daemon.map(Daemon::programs).unwrap_or_default();
    let host = lab.host(&options).unwrap();
    let network = format!("{}/64", own(index, Family::V6));
    host.run(&["ip", "address", "add", &network, "dev", "eth0", "nodad"])
        .unwrap();
    host
}

impl Network {
    /// The lab of these cells; nothing speaks yet.
    pub fn new(cells: Vec<Cell>) -> Self {
        let lab = Lab::new(LabOptions::with_agent(agent())).unwrap();
        let mut index = 0;
        let nodes = speakers(cells[0].peers).map(|speaker| {
            let host = match &speaker {
                Speaker::Daemon { daemon, .. } => {
                    daemon.check().unwrap();
                    let host = host(&lab, index, Some(daemon));
                    let text: String = cells.iter().map(|cell| cell.instance(index)).collect();
                    host.write_file(CONFIGURATION, &text, 0o644).unwrap();
                    host
                }
                Speaker::Frr(_) => host(&lab, index, None),
            };
            index += 1;
            Node { host, speaker }
        });
        let client = host(&lab, 2, None);
        Network {
            cells,
            nodes,
            client,
            _lab: lab,
        }
    }

    /// All stages; the cells with what came of them.
    pub fn run(mut self) -> Vec<Cell> {
        for stage in Stage::ALL {
            if !self.cells[0].has(stage) {
                continue;
            }
            self.act(stage);
            self.judge(stage);
        }
        if self.cells.iter().any(|cell| !cell.is_good()) {
            self.tell();
        }
        self.cells
    }

    fn act(&mut self, stage: Stage) {
        match stage {
            Stage::Election => {
                for index in 0..2 {
                    self.start(index);
                }
            }
            Stage::Stop => self.stop_first(),
            Stage::Start => self.start(0),
            Stage::Pull => self.nodes[0].host.cable_pull().unwrap(),
            Stage::Plug => self.nodes[0].host.cable_plug().unwrap(),
        }
    }

    fn start(&mut self, index: usize) {
        let Node { host, speaker } = &mut self.nodes[index];
        match speaker {
            Speaker::Daemon { daemon, process } => {
                // Two of a name are one too many.
                if let Some(before) = process {
                    before.wait(PATIENCE).unwrap();
                }
                *process = Some(daemon.start(host, CONFIGURATION).unwrap());
            }
            Speaker::Frr(frr) => *frr = Some(Frr::start(host, &self.cells, PRIORITIES[index])),
        }
    }

    fn stop_first(&mut self) {
        if let Speaker::Daemon { process, .. } = &mut self.nodes[0].speaker {
            let process = process.as_ref().unwrap();
            process.signal(standfast_lab::Signal::SIGTERM).unwrap();
        }
    }

    /// Waits until every cell is where it should be.
    fn judge(&mut self, stage: Stage) {
        let column = Stage::ALL.iter().position(|one| *one == stage).unwrap();
        let end = Moment::now() + PATIENCE;
        let wrong = loop {
            let wrong = self.elsewhere(stage.server());
            if wrong.is_empty() || Moment::now() > end {
                break wrong;
            }
            std::thread::sleep(POLL);
        };
        for (cell, vrid) in self.cells.iter_mut().map(|cell| {
            let vrid = cell.vrid;
            (cell, vrid)
        }) {
            cell.outcomes[column] = match wrong.contains_key(&vrid) {
                true => Outcome::Bad,
                false => Outcome::Good,
            };
        }
        for (vrid, why) in wrong {
            eprintln!(
                "{} {stage:?}, VRID {vrid}: {why}",
                self.cells[0].peers.name()
            );
        }
    }

    /// VRIDs that the node of that index does not serve, or not alone, and what is wrong.
    fn elsewhere(&self, server: usize) -> BTreeMap<u8, String> {
        self.client_asks();
        let neighbours = self.client.neighbours().unwrap();
        let held = [0, 1].map(|index| self.nodes[index].host.addresses("eth0").unwrap());
        let states = self.nodes.each_ref().map(|node| match &node.speaker {
            Speaker::Frr(Some(frr)) => Some(frr.states(&node.host)),
            _ => None,
        });
        let mut wrong = BTreeMap::new();
        for cell in &self.cells {
            let address = cell.address();
            let entry = neighbours.iter().find(|entry| entry.address == address);
            let seen = entry.and_then(|entry| entry.mac);
            if seen != Some(self.mac(server, cell)) {
                wrong.insert(cell.vrid, format!("the client sees {address} at {entry:?}"));
            }
            for index in 0..2 {
                let serves = match &states[index] {
                    Some(states) => states
                        .get(&(cell.vrid, cell.family == Family::V6))
                        .is_some_and(|state| state == "Master"),
                    None => held[index].iter().any(|(one, _)| *one == address),
                };
                // Without a cable FRR holds on to what it was.
                let unreachable = states[index].is_some() && server != index;
                if serves != (server == index) && !(unreachable && index == 0) {
                    let name = self.nodes[index].host.name();
                    wrong.insert(cell.vrid, format!("{name} serves {address}: {serves}"));
                }
            }
        }
        wrong
    }

    fn mac(&self, index: usize, cell: &Cell) -> MacAddress {
        match self.nodes[index].speaker {
            Speaker::Daemon { .. } => self.nodes[index].host.mac(),
            Speaker::Frr(_) => virtual_mac(cell),
        }
    }

    /// Puts every address into the client's neighbour table, wherever it is now.
    fn client_asks(&self) {
        // Any packet will do: a TCP connection that is refused.
        let ask = |cell: &Cell| {
            format!(
                "timeout 1 bash -c 'exec 3<>/dev/tcp/{}/9' 2>/dev/null & ",
                cell.address()
            )
        };
        let text: String = self.cells.iter().map(ask).collect();
        let argv = ["bash", "-c", &(text + "wait")];
        self.client.run_within(PATIENCE, &argv).unwrap();
    }

    fn tell(&self) {
        for node in &self.nodes {
            let (name, log) = match &node.speaker {
                Speaker::Daemon { daemon, process } => {
                    (daemon.to_string(), process.as_ref().map(Process::log))
                }
                Speaker::Frr(frr) => ("FRR".to_owned(), frr.as_ref().map(Frr::log)),
            };
            let log = log.unwrap_or_default();
            eprintln!("--- {} ({name})\n{log}", node.host.name());
        }
    }
}
