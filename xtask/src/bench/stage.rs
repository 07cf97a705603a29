//! Two nodes, a client and an attacker on one switch, and the daemons that are measured on the nodes.

use std::fs;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use standfast_lab::{
    AGENT_SUBCOMMAND, Answer, Capture, Frame, Host, HostOptions, Lab, LabOptions, MacAddress,
    Moment, PROGRAM_FOLDER, Probe, Process, Program, Signal,
};

use super::case::{Entrants, Line, Outcome, Setting, Trouble};
use super::result::Sample;
use super::subject::Subject;
use super::timeline::Timeline;
use super::usage::Processes;

/// The address that a client watches.
pub const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);

/// Own addresses of the nodes.
pub const NODES: [Ipv4Addr; 2] = [
    Ipv4Addr::new(192, 168, 1, 11),
    Ipv4Addr::new(192, 168, 1, 12),
];
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);

/// Where the daemons read their configuration.
pub const FILE: &str = "/etc/keepalived/keepalived.conf";

/// What they print goes to a file: reading along would cost more than some of what is measured.
pub const LOG: &str = "/tmp/daemon.log";

/// Where the floor's program and the process that is tracked come from.
const AGENT: &str = "lab-agent";
const SERVICE: &str = "nginx";

/// How often the client asks.
const PERIOD: Duration = Duration::from_micros(500);

/// How much earlier the better node's daemon starts, so that nobody preempts at the start.
const HEAD_START: Duration = Duration::from_millis(300);

/// Until the first one serves, at most.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How much before an event a time line begins.
const BEFORE: Duration = Duration::from_millis(200);

/// A network for one run.
pub struct Stage {
    /// The better node.
    pub first: Node,
    /// The other one.
    pub second: Node,
    /// Who watches, and attacks.
    pub client: Host,
    /// What the nodes send, as the client's interface sees it.
    pub capture: Capture,
    /// Dropped last: the switch.
    pub lab: Lab,
}

/// A node.
pub struct Node {
    /// Its host.
    pub host: Host,
    subject: Option<Subject>,
    process: Option<Process>,
}

impl Stage {
    /// Makes the hosts; `configurations` are not started yet. Whatever of `keywords` our daemon does not know is a refusal.
    ///
    /// # Errors
    /// [`Trouble::Refused`], or what failed.
    pub fn new(
        setting: &Setting,
        line: &Line,
        configurations: [String; 2],
        keywords: &[&str],
    ) -> Result<Self, Trouble> {
        let [one, other] = configurations;
        let (first, second) = match &line.entrants {
            Entrants::Pair(first, second) => (Some(first), Some(second)),
            Entrants::Floor => (None, None),
        };
        for (subject, text) in [(first, &one), (second, &other)] {
            refuse_unknown(setting, subject, text, keywords)?;
        }
        let lab = Lab::new(LabOptions::with_agent(setting.agent.clone()))?;
        let first = Node::new(setting, &lab, "one", NODES[0], first, &one)?;
        let second = Node::new(setting, &lab, "two", NODES[1], second, &other)?;
        let client = lab.host(&HostOptions::new("client", CLIENT))?;
        let capture = Capture::of_senders(&client, &[first.host.mac(), second.host.mac()])?;
        Ok(Self {
            first,
            second,
            client,
            capture,
            lab,
        })
    }

    /// A probe of an address every half millisecond, with the switch's own as control.
    ///
    /// # Errors
    /// If it does not start.
    pub fn probe(&self, address: Ipv4Addr) -> Result<Probe, Trouble> {
        let control = self.lab.control_address();
        Ok(Probe::icmp(&self.client, address, control, PERIOD)?)
    }

    /// Starts both daemons and waits until the first serves the client, and for `settled` after that.
    ///
    /// # Errors
    /// If one ends, or does not serve in time.
    pub fn start(&mut self, probe: &Probe, settled: Duration) -> Result<(), Trouble> {
        let begin = Moment::now();
        self.first.start()?;
        thread::sleep(HEAD_START);
        self.second.start()?;
        probe.first_answer_by(self.first.host.mac(), begin, START_LIMIT)?;
        thread::sleep(settled);
        Ok(())
    }

    /// Waits for a moment of an interval that differs from run to run.
    pub fn at_any_phase(interval: Duration) {
        let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        let phase = Moment::now().nanoseconds().wrapping_mul(7) % interval.max(1);
        thread::sleep(Duration::from_nanos(phase));
    }

    /// Advertisements with a priority above 0 of a node from `from` to `to`.
    #[must_use]
    pub fn advertisements(&self, node: &Node, from: Moment, to: Moment) -> Vec<Frame> {
        let mac = node.host.mac();
        self.capture.frames(from, |frame| {
            let priority = frame.advertisement().map(|sent| sent.priority);
            frame.source_mac == mac && frame.time <= to && priority.is_some_and(|it| it > 0)
        })
    }

    /// Everything that a node sends from `from` on.
    #[must_use]
    pub fn sent_by(&self, node: &Node, from: Moment) -> Vec<Frame> {
        let mac = node.mac();
        self.capture.frames(from, |frame| frame.source_mac == mac)
    }

    /// Connects both nodes and the client to more networks, `count` with the first one: interfaces `eth1` and so on, addresses
    /// 192.168.2.0/24 and so on.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn add_networks(&self, count: u8) -> Result<(), Trouble> {
        for number in 1..count {
            let switch = format!("lan{number}");
            self.lab.add_switch(&switch)?;
            for (host, low) in [
                (&self.first.host, 11),
                (&self.second.host, 12),
                (&self.client, 50),
            ] {
                let address = Ipv4Addr::new(192, 168, number.saturating_add(1), low);
                self.lab
                    .connect(host, &switch, &format!("eth{number}"), (address, 24))?;
            }
        }
        Ok(())
    }

    /// Pulls all of the first node's cables at once.
    ///
    /// # Errors
    /// If the switch refuses.
    pub fn pull_all(&self, count: u8) -> Result<(), Trouble> {
        let port = self.first.host.port();
        let more = (1..count).map(|number| format!("link set dev {port}-lan{number} down\n"));
        let all: String = std::iter::once(format!("link set dev {port} down\n"))
            .chain(more)
            .collect();
        Ok(self.lab.switch_host().ip_batch(&all)?)
    }

    /// Runs a part of the agent as a program of the first node, to its end; the two numbers that it prints.
    ///
    /// # Errors
    /// If it fails, or prints something else.
    pub fn part(&self, part: &[&str], limit: Duration) -> Result<(u64, u64), Trouble> {
        let agent = format!("{PROGRAM_FOLDER}/{AGENT}");
        let argv = [&[agent.as_str(), AGENT_SUBCOMMAND], part].concat();
        let said = self.first.host.run_within(limit, &argv)?.output;
        let mut numbers = said.split_whitespace().map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(count)), Some(Ok(amount))) => Ok((count, amount)),
            _ => Err(Trouble::Unclear("the floor's program failed")),
        }
    }

    /// Keeps every processor of the machine busy, twice, until these are dropped.
    ///
    /// # Errors
    /// If that cannot start.
    pub fn load(&self) -> Result<Vec<Process>, Trouble> {
        let agent = format!("{PROGRAM_FOLDER}/{AGENT}");
        let argv = [agent.as_str(), AGENT_SUBCOMMAND, "burn"];
        let count = super::usage::processors() * 2;
        let all = (0..count).map(|_| self.client.spawn(&argv, &[]));
        Ok(all.collect::<Result<_, _>>()?)
    }

    /// What the client saw of a failover: who answered when, from a little before `event` to `to`.
    ///
    /// # Errors
    /// If the probe hangs.
    pub fn timeline(&self, probe: &Probe, event: Moment, to: Moment) -> Result<Timeline, Trouble> {
        let answers: Vec<Answer> = probe.answers(event - BEFORE, to)?;
        Ok(Timeline::new(&answers, event, self.first.host.mac()))
    }

    /// Samples with the time line of the failover that they are about.
    ///
    /// # Errors
    /// As [`Stage::timeline`].
    pub fn outcome(
        &self,
        samples: Vec<Sample>,
        probe: &Probe,
        event: Moment,
        to: Moment,
    ) -> Result<Outcome, Trouble> {
        Ok(Outcome {
            samples,
            timeline: Some(self.timeline(probe, event, to)?),
        })
    }
}

impl Node {
    fn new(
        setting: &Setting,
        lab: &Lab,
        name: &str,
        address: Ipv4Addr,
        subject: Option<&Subject>,
        configuration: &str,
    ) -> Result<Self, Trouble> {
        let mut options = HostOptions::new(name, address);
        options.programs.extend(subject.map(Subject::program));
        options.programs.push(Program {
            source: setting.agent.to_string_lossy().into_owned(),
            name: SERVICE.to_owned(),
            system_names: Vec::new(),
        });
        let host = lab.host(&options)?;
        host.write_file(FILE, configuration, 0o644)?;
        Ok(Self {
            host,
            subject: subject.cloned(),
            process: None,
        })
    }

    /// Starts its daemon, if it has one.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(&mut self) -> Result<(), Trouble> {
        if let Some(subject) = &self.subject {
            self.process = Some(subject.start(&self.host, FILE, LOG)?);
        }
        Ok(())
    }

    /// Starts what is tracked under the name `nginx`.
    ///
    /// # Errors
    /// What the system said.
    pub fn start_service(&self) -> Result<Process, Trouble> {
        let file = format!("{PROGRAM_FOLDER}/{SERVICE}");
        let argv = [
            file.as_str(),
            AGENT_SUBCOMMAND,
            "http-serve",
            "80",
            "200",
            "well",
        ];
        Ok(self.host.spawn(&argv, &[])?)
    }

    /// Sends its daemon a signal.
    ///
    /// # Errors
    /// If there is none.
    pub fn signal(&self, signal: Signal) -> Result<(), Trouble> {
        match &self.process {
            Some(process) => Ok(process.signal(signal)?),
            None => Err(Trouble::Unclear("no daemon to signal")),
        }
    }

    /// What its daemon has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.host.read_file(LOG).unwrap_or_default()
    }

    /// The number that the host's next process has, roughly: every process and thread takes one.
    ///
    /// # Errors
    /// If none can be started.
    pub fn next_pid(&self) -> Result<i32, Trouble> {
        Ok(self.host.spawn(&["true"], &[])?.pid())
    }

    /// The processes of its daemon.
    #[must_use]
    pub fn processes(&self) -> Processes {
        Processes::of(&self.host)
    }

    /// MAC address of its `eth0`.
    #[must_use]
    pub fn mac(&self) -> MacAddress {
        self.host.mac()
    }
}

fn refuse_unknown(
    setting: &Setting,
    subject: Option<&Subject>,
    text: &str,
    keywords: &[&str],
) -> Result<(), Trouble> {
    let Some(subject) = subject else {
        return Ok(());
    };
    let file = setting.scratch.join("configuration");
    fs::write(&file, text)?;
    subject
        .refusal(&file, keywords)
        .map_or(Ok(()), |line| Err(Trouble::Refused(line)))
}
