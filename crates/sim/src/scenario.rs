//! A whole run from a seed: rounds of faults, and after each the questions that matter.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use standfast_core::router::{Router, State};
use standfast_core::spec::{Leave, RouterKey, RouterSpec, Spec};
use standfast_core::steering::{Drain, Hold, Instruction};
use standfast_core::wire::vrrp::Priority;
use standfast_core::{Instant, Micros, Node};

use crate::frame::{Forgery, Port};
use crate::host::{Crash, NodeId};
use crate::lan::{Lan, Weather};
use crate::plan::{random_lan, settle_time};
use crate::random::Random;
use crate::violation::{Breach, Violation};

/// From a takeover until the new holder has added and announced its addresses.
const TAKEOVER_TIME: Micros = Micros(10_000);
/// Longest time that a client may speak to the wrong host in a handover without other faults.
const MISLED: Micros = Micros(60_000);
/// No frame overtakes another: the last advertisement does not arrive after the resignation.
const IN_ORDER: Weather = Weather {
    delay: (Micros(150), Micros(150)),
    ..Weather::FAIR
};
/// Sets what operators do apart from everything else: what they do changes no other fault.
const OPERATORS: u64 = 0x6f70_6572;
/// Lines of the trace that a failure shows.
const SHOWN: usize = 400;

/// What a run that broke no rule did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Inputs and frames handled.
    pub steps: u64,
    /// Virtual time that passed.
    pub time: Micros,
    /// Rounds that were verified.
    pub rounds: u64,
    /// Faults injected.
    pub faults: u64,
}

/// A run that broke a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// Its steps.
    pub steps: u64,
    /// What, when and where.
    pub breach: Breach,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.breach)?;
        write!(
            f,
            "replay: STANDFAST_SEED={} STANDFAST_STEPS={} cargo test -p standfast-sim --test seeds \
             -- --nocapture",
            self.seed, self.steps
        )
    }
}

/// Runs the LAN of that seed for that many steps.
pub fn run(seed: u64, steps: u64) -> Result<Report, Failure> {
    let mut run = Run::new(seed, steps);
    match run.all() {
        Ok(()) => Ok(run.report()),
        Err(breach) => Err(Failure {
            seed,
            steps,
            breach,
        }),
    }
}

/// The same run once more, with its last lines as text.
pub fn replay(seed: u64, steps: u64) -> (Result<Report, Failure>, Vec<String>) {
    let mut run = Run::new(seed, steps);
    run.lan.record();
    let result = run.all();
    let trace = run.lan.trace();
    let from = trace.len().saturating_sub(SHOWN);
    let shown = trace.iter().skip(from).cloned().collect();
    let result = match result {
        Ok(()) => Ok(run.report()),
        Err(breach) => Err(Failure {
            seed,
            steps,
            breach,
        }),
    };
    (result, shown)
}

/// Something that is done to the LAN.
#[derive(Clone, Copy, Debug)]
enum Act {
    Pause(NodeId),
    Resume(NodeId),
    Crash(NodeId, Crash),
    Start(NodeId),
    Stop(NodeId),
    Link(NodeId, bool),
    Cut(NodeId, NodeId),
    Part(NodeId, NodeId),
    Heal,
    Checks(NodeId, bool),
    Number(NodeId, i32),
    Refuse(NodeId, u32),
    Delete(NodeId),
    Reload(NodeId, Priority),
    Remove(NodeId),
    Restore(NodeId),
    StepClock(NodeId),
    BadPackets,
    Strangers,
    Weather(Weather),
    BlockChannel(NodeId, bool),
    ReplayChannel,
    Switchover(NodeId),
    Drain(NodeId, Hold),
    Undrain(NodeId),
}

struct Run {
    seed: u64,
    limit: u64,
    random: Random,
    operators: Random,
    lan: Lan,
    /// What each node is asked to do unless a fault changes it.
    specs: Vec<Spec>,
    begin: Instant,
    rounds: u64,
    faults: u64,
}

impl Run {
    fn new(seed: u64, limit: u64) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9) ^ 0x5f5f);
        let lan = random_lan(seed, &mut random);
        let specs = lan.nodes().filter_map(|id| lan.spec(id).cloned()).collect();
        Run {
            seed,
            limit,
            specs,
            begin: lan.now(),
            random,
            operators: Random::new(seed ^ OPERATORS),
            lan,
            rounds: 0,
            faults: 0,
        }
    }

    fn report(&self) -> Report {
        Report {
            seed: self.seed,
            steps: self.lan.steps(),
            time: self.lan.now().since(self.begin),
            rounds: self.rounds,
            faults: self.faults,
        }
    }

    fn exhausted(&self) -> bool {
        self.lan.steps() >= self.limit
    }

    fn pass(&mut self, time: Micros) -> Result<(), Breach> {
        self.lan.run_until(self.lan.now() + time, self.limit)
    }

    fn all(&mut self) -> Result<(), Breach> {
        while !self.exhausted() {
            self.repair_and_verify()?;
            if self.random.chance(400) {
                self.single_fault()?;
            } else {
                self.chaos()?;
            }
        }
        Ok(())
    }

    /// Ends all faults, waits until everything has to be at rest, and looks.
    fn repair_and_verify(&mut self) -> Result<(), Breach> {
        self.lan.set_weather(Weather::FAIR);
        self.lan.heal();
        let asleep: Vec<NodeId> = self.lan.nodes().collect();
        for id in &asleep {
            self.lan.refuse(*id, 0);
            self.lan.set_checks(*id, true);
            self.lan.set_number(*id, 0)?;
            self.lan.block_channel(*id, false);
            self.lan.resume(*id)?;
            self.lan.set_link(*id, true)?;
            self.undrain(*id)?;
            self.restore(*id)?;
        }
        let settle = settle_time(&self.lan);
        // Whoever was leaving is gone by then; some stay down, but not all.
        self.pass(settle)?;
        let awake = self.random.position(asleep.len());
        for id in &asleep {
            if id.0 == awake || self.random.chance(900) {
                self.lan.start(*id)?;
            }
        }
        let healed = self.lan.now();
        self.pass(settle)?;
        if self.exhausted() {
            return Ok(());
        }
        self.rounds += 1;
        for key in self.lan.router_keys() {
            self.verify(&key, healed)?;
        }
        Ok(())
    }

    fn verify(&mut self, key: &RouterKey, healed: Instant) -> Result<(), Breach> {
        let claims = claims(&self.lan, key);
        let active: Vec<NodeId> = claims
            .iter()
            .filter(|claim| claim.state == State::Active)
            .map(|claim| claim.id)
            .collect();
        let ([active], Some(best)) = (active.as_slice(), best_of(claims.iter())) else {
            let count = active.len();
            return Err(self.lan.breach(None, Violation::Actives { count }));
        };
        let (active, best) = (*active, best.id);
        let Some(spec) = router_of(&self.lan, active, key).map(|router| router.spec().clone())
        else {
            return Ok(());
        };
        // Equal priorities do not preempt: only a conflict compares addresses.
        let worth = |id: NodeId| router_of(&self.lan, id, key).map(Router::effective_priority);
        if spec.preempt && worth(active) != worth(best) {
            let violation = Violation::WrongActive { best, active };
            return Err(self.lan.breach(Some(active), violation));
        }
        self.verify_holders(active, &spec)?;
        self.verify_clients(active, &spec, key, healed)
    }

    fn verify_holders(&mut self, active: NodeId, spec: &RouterSpec) -> Result<(), Breach> {
        let wanted: Vec<IpAddr> = spec.all_addresses().map(|held| held.address).collect();
        for address in self.lan.addresses() {
            let address = IpAddr::V4(address);
            let holders = self.lan.holders(address);
            let right = match wanted.contains(&address) {
                true => holders == [active],
                // Another router's, which is looked at when its turn comes.
                false if self.lan.configured(active, address) => true,
                false => holders.is_empty(),
            };
            if !right {
                let count = holders.len();
                let violation = Violation::Holders { address, count };
                return Err(self.lan.breach(None, violation));
            }
        }
        Ok(())
    }

    /// After a takeover or a conflict on a good LAN the last announcement was the survivor's; only
    /// what a client missed before may need its own question.
    fn verify_clients(
        &mut self,
        active: NodeId,
        spec: &RouterSpec,
        key: &RouterKey,
        healed: Instant,
    ) -> Result<(), Breach> {
        let since = router_of(&self.lan, active, key).map(Router::since);
        let others = self.lan.nodes().filter(|id| *id != active);
        let conflict = others
            .filter_map(|id| self.lan.last_advertised(id))
            .any(|at| at > healed);
        let announced = since.is_some_and(|since| since > healed) || conflict;
        if !(announced && spec.rules.conflict) {
            self.lan.revalidate_clients();
            self.pass(TAKEOVER_TIME)?;
        }
        for address in addresses(spec) {
            for client in 0..self.lan.clients() {
                if self.lan.client_reaches(client, address) != Some(active) {
                    let address = IpAddr::V4(address);
                    let violation = Violation::ClientLost { client, address };
                    return Err(self.lan.breach(Some(active), violation));
                }
            }
        }
        Ok(())
    }

    /// One fault of the Active node on a good LAN: the gap has an exact bound.
    fn single_fault(&mut self) -> Result<(), Breach> {
        let Some(key) = self.lan.router_keys().into_iter().next() else {
            return Ok(());
        };
        let claims = claims(&self.lan, &key);
        let active = claims.iter().find(|claim| claim.state == State::Active);
        let successor = best_of(claims.iter().filter(|claim| claim.state == State::Backup));
        let (Some(active), Some(successor)) = (active, successor) else {
            return Ok(());
        };
        let (active, successor) = (active.id, successor.id);
        let Some(router) = router_of(&self.lan, successor, &key) else {
            return Ok(());
        };
        let (skew, down) = (router.skew(), router.down_interval());
        let spec = router.spec().clone();
        let (mut act, mut allowed) = self.pick_single(active, &spec, skew, down);
        if self.operators.chance(300) {
            (act, allowed) = self.pick_order(active, &spec, skew);
        }
        self.faults += 1;
        self.lan.set_weather(IN_ORDER);
        self.lan.revalidate_clients();
        self.pass(TAKEOVER_TIME)?;
        self.lan.reset_stopwatches();
        self.carry_out(act)?;
        self.pass(down.plus(skew).plus(Micros::from_secs(1)))?;
        if self.exhausted() {
            return Ok(());
        }
        self.verify_gap(&spec, allowed)?;
        let long = self.random.between(Micros::ZERO, Micros::from_secs(3));
        self.pass(long)
    }

    fn pick_single(
        &mut self,
        active: NodeId,
        spec: &RouterSpec,
        skew: Micros,
        down: Micros,
    ) -> (Act, Micros) {
        let slack = TAKEOVER_TIME;
        let left = match spec.rules.leave {
            Leave::Overlap => Micros::ZERO,
            Leave::Exclusive | Leave::Immediate => skew.plus(slack),
        };
        match self.random.position(4) {
            0 => (Act::Stop(active), left),
            1 => (Act::Crash(active, Crash::Worker), left),
            2 => (Act::Link(active, false), down.plus(slack)),
            _ => (Act::Pause(active), Micros::ZERO),
        }
    }

    /// A planned move: without a gap where overlapping is allowed.
    fn pick_order(&mut self, active: NodeId, spec: &RouterSpec, skew: Micros) -> (Act, Micros) {
        let allowed = match spec.rules.leave {
            Leave::Overlap => Micros::ZERO,
            Leave::Exclusive | Leave::Immediate => skew.plus(TAKEOVER_TIME),
        };
        let act = match self.operators.position(3) {
            0 => Act::Drain(active, Hold::Soft),
            1 => Act::Drain(active, Hold::Hard),
            _ => Act::Switchover(active),
        };
        (act, allowed)
    }

    fn verify_gap(&mut self, spec: &RouterSpec, allowed: Micros) -> Result<(), Breach> {
        for address in addresses(spec) {
            let time = self.lan.longest_vacancy(address);
            let misled = self.lan.longest_misled(address);
            if time > allowed || misled > MISLED {
                let violation = Violation::Vacant {
                    address: IpAddr::V4(address),
                    time: time.max(misled),
                    allowed,
                };
                return Err(self.lan.breach(None, violation));
            }
        }
        Ok(())
    }

    /// Several faults at once.
    fn chaos(&mut self) -> Result<(), Breach> {
        let length = self.random.between(Micros(200_000), Micros::from_secs(8));
        let begin = self.lan.now();
        let mut acts = Vec::new();
        for _ in 0..=self.random.below(5) {
            let at = begin + self.random.between(Micros::ZERO, length);
            let end = at + self.random.between(Micros::ZERO, length);
            let (act, undo) = self.pick();
            acts.push((at, act));
            acts.extend(undo.map(|undo| (end, undo)));
        }
        while self.operators.chance(300) {
            let id = NodeId(self.operators.position(self.lan.nodes().count()));
            let act = match self.operators.position(6) {
                0 => Act::Drain(id, Hold::Soft),
                1 => Act::Drain(id, Hold::Hard),
                2 => Act::Undrain(id),
                _ => Act::Switchover(id),
            };
            acts.push((begin + self.operators.between(Micros::ZERO, length), act));
        }
        acts.sort_by_key(|(at, _)| *at);
        for (at, act) in acts {
            self.lan.run_until(at, self.limit)?;
            if self.exhausted() {
                return Ok(());
            }
            self.faults += 1;
            self.carry_out(act)?;
        }
        self.pass(length)
    }

    fn pick(&mut self) -> (Act, Option<Act>) {
        let id = NodeId(self.random.position(self.lan.nodes().count()));
        let other = NodeId(self.random.position(self.lan.nodes().count()));
        match self.random.position(20) {
            0 | 1 => (Act::Pause(id), Some(Act::Resume(id))),
            2 => (Act::Crash(id, Crash::Worker), Some(Act::Start(id))),
            3 => (Act::Crash(id, Crash::Everything), Some(Act::Start(id))),
            4 | 5 => (Act::Stop(id), Some(Act::Start(id))),
            6 => (Act::Link(id, false), Some(Act::Link(id, true))),
            7 => (Act::Cut(id, other), Some(Act::Heal)),
            8 => (Act::Part(id, other), Some(Act::Heal)),
            9 => (Act::Checks(id, false), Some(Act::Checks(id, true))),
            10 => {
                let times = u32::try_from(self.random.below(4)).unwrap_or(1);
                (Act::Refuse(id, times), None)
            }
            11 => (Act::Delete(id), None),
            12 if self.random.chance(300) => (Act::Remove(id), Some(Act::Restore(id))),
            12 => (Act::Reload(id, Priority(self.random.byte().max(1))), None),
            13 => (Act::StepClock(id), None),
            14 => (Act::BadPackets, Some(Act::BadPackets)),
            15 => (Act::Strangers, None),
            16 => {
                let number = [-300, -60, -5, 1, 40, 300][self.random.position(6)];
                (Act::Number(id, number), Some(Act::Number(id, 0)))
            }
            17 => (
                Act::BlockChannel(id, true),
                Some(Act::BlockChannel(id, false)),
            ),
            18 => (Act::ReplayChannel, None),
            _ => {
                let weather = Weather {
                    loss: self.random.below(400),
                    duplicates: self.random.below(200),
                    delay: (Micros(50), self.random.between(Micros(100), Micros(90_000))),
                };
                (Act::Weather(weather), None)
            }
        }
    }

    fn carry_out(&mut self, act: Act) -> Result<(), Breach> {
        let first = self.lan.addresses().first().copied();
        match act {
            Act::Pause(id) => self.lan.pause(id),
            Act::Resume(id) => self.lan.resume(id)?,
            Act::Crash(id, what) => self.lan.crash(id, what)?,
            Act::Start(id) => self.lan.start(id)?,
            Act::Stop(id) => self.lan.stop(id)?,
            Act::Link(id, up) => self.lan.set_link(id, up)?,
            Act::Cut(from, to) => self.lan.cut(Port::Node(from.0), Port::Node(to.0)),
            Act::Part(one, other) => self.lan.part(one, other),
            Act::Heal => self.lan.heal(),
            Act::Checks(id, pass) => self.lan.set_checks(id, pass),
            Act::Number(id, number) => self.lan.set_number(id, number)?,
            Act::Refuse(id, times) => self.lan.refuse(id, times),
            Act::Delete(id) => {
                if let Some(address) = first {
                    self.lan.delete_address(id, IpAddr::V4(address));
                }
            }
            Act::Reload(id, priority) => self.reload(id, priority)?,
            Act::Remove(id) => self.lan.reload(id, Spec::default())?,
            Act::Restore(id) => self.restore(id)?,
            Act::StepClock(id) => self.lan.step_clock(id, Micros::from_secs(5))?,
            Act::BadPackets => self.flood(true),
            Act::Strangers => self.flood(false),
            Act::Weather(weather) => self.lan.set_weather(weather),
            Act::BlockChannel(id, blocked) => self.lan.block_channel(id, blocked),
            Act::ReplayChannel => self.lan.replay_channel(),
            Act::Switchover(id) => {
                let routers = self.lan.core(id).into_iter().flat_map(Node::routers);
                let routers = routers.map(Router::id).collect();
                let what = Instruction::Switchover { routers, to: None };
                self.lan.order(id, what)?;
            }
            Act::Drain(id, hold) => {
                let drain = Drain { until: None, hold };
                self.lan.order(id, Instruction::Drain(drain))?;
            }
            Act::Undrain(id) => self.undrain(id)?,
        }
        Ok(())
    }

    /// The node takes part as usual again, also after its next start.
    fn undrain(&mut self, id: NodeId) -> Result<(), Breach> {
        self.lan.forget_drain(id);
        self.lan.order(id, Instruction::Resume)?;
        Ok(())
    }

    fn reload(&mut self, id: NodeId, priority: Priority) -> Result<(), Breach> {
        let Some(mut spec) = self.lan.spec(id).cloned() else {
            return Ok(());
        };
        for router in &mut spec.routers {
            router.priority = priority;
        }
        self.lan.reload(id, spec)
    }

    fn restore(&mut self, id: NodeId) -> Result<(), Breach> {
        let removed = self
            .lan
            .spec(id)
            .is_some_and(|spec| spec.routers.is_empty());
        match self.specs.get(id.0).cloned().filter(|_| removed) {
            Some(spec) => self.lan.reload(id, spec),
            None => Ok(()),
        }
    }

    fn flood(&mut self, bad: bool) {
        let spec = self.lan.spec(NodeId(0));
        let Some(spec) = spec.and_then(|spec| spec.routers.first()).cloned() else {
            return;
        };
        let priority = Priority(self.random.byte());
        for _ in 0..self.random.below(40) {
            let forgery = Forgery::ALL[self.random.position(Forgery::ALL.len())];
            match self.random.position(4) {
                _ if bad => self.lan.forge(&spec, forgery),
                0 => self.lan.inject(&spec, Priority::RESIGN),
                1 => {
                    for address in addresses(&spec) {
                        self.lan.inject_arp(address);
                    }
                }
                _ => self.lan.inject(&spec, priority),
            }
        }
    }
}

/// What a node can bring forward for a virtual router.
#[derive(Clone, Copy, Debug)]
struct Claim {
    /// The greatest is the best.
    worth: (Priority, Option<IpAddr>),
    id: NodeId,
    state: State,
}

fn best_of<'a>(claims: impl Iterator<Item = &'a Claim>) -> Option<&'a Claim> {
    claims.max_by_key(|claim| claim.worth)
}

fn claims(lan: &Lan, key: &RouterKey) -> Vec<Claim> {
    let healthy = lan.nodes().filter(|id| lan.is_healthy(*id));
    healthy
        .filter_map(|id| {
            let router = router_of(lan, id, key)?;
            let takes_part = matches!(router.state(), State::Active | State::Backup);
            takes_part.then(|| Claim {
                worth: (router.effective_priority(), router.source()),
                id,
                state: router.state(),
            })
        })
        .collect()
}

fn router_of<'lan>(lan: &'lan Lan, id: NodeId, key: &RouterKey) -> Option<&'lan Router> {
    let mut routers = lan.core(id)?.routers();
    routers.find(|router| router.spec().key() == *key && !router.is_finished())
}

fn addresses(spec: &RouterSpec) -> impl Iterator<Item = Ipv4Addr> + '_ {
    spec.all_addresses().filter_map(|held| match held.address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    })
}
