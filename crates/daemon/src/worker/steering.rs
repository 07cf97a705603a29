//! What operators ask for: names become routers and checks, the core decides, and its answer becomes sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use standfast_api::command::{Answer, Command, Move, Target};
use standfast_api::record::Daemon;
use standfast_api::status;
use standfast_core::input::RouterId;
use standfast_core::journal::{Entry, Event, Level, Subject};
use standfast_core::router::{Router, State};
use standfast_core::steering::{
    self, Choice, Drain, Hold, Instruction, Obstacle, Order, OrderId, Outcome, Refusal,
};
use standfast_core::{Input, Instant, Micros};
use standfast_linux::clock::realtime;
use tokio::sync::oneshot;

use super::answers::{drained, list, refused, switched};
use super::drain::Kept;
use super::{Worker, now};

/// A successor's announcement is waited for so long after it was heard: it adds its addresses first.
const ANNOUNCEMENT: Micros = Micros::from_millis(300);
/// A disk is waited for so long after everything else is done; then the answer says that it has not taken the drain yet.
const DISK: Micros = Micros::from_secs(10);
/// Longest time that a drain or a pause can be given; more is for ever.
const LONGEST: u64 = 10 * 365 * 24 * 3600;

/// What is left of operators' orders.
#[derive(Default)]
pub(super) struct Steering {
    orders: BTreeMap<OrderId, Pending>,
    last: u64,
    /// How the last planned move of each instance went.
    handovers: BTreeMap<String, status::Handover>,
    pub(super) drain: Option<status::Drain>,
    /// Whether the disk knows of it.
    pub(super) kept: Kept,
    /// Who asks for what is given to the core just now.
    pub(super) asking: String,
}

/// An order whose answer is awaited.
struct Pending {
    reply: Option<oneshot::Sender<Answer>>,
    who: String,
    what: What,
    began: Instant,
    /// The core's answer, and when it came.
    ended: Option<(Vec<(RouterId, Outcome)>, Instant)>,
    /// Names and addresses of what may move.
    routers: BTreeMap<RouterId, (String, Vec<IpAddr>)>,
    /// Of those, why a drain asks nobody to take them.
    unasked: BTreeMap<RouterId, String>,
}

/// What an order is, for the words of its answer.
#[derive(Clone, Debug)]
pub(super) enum What {
    Switchover,
    Drain(Hold),
    Resume,
    /// Of that check; whether it ends by itself.
    Pause(String, bool),
    Unpause(String),
}

impl What {
    /// The command's word.
    fn word(&self) -> &'static str {
        match self {
            What::Switchover => "switchover",
            What::Drain(_) => "drain",
            What::Resume => "resume",
            What::Pause(..) => "pause",
            What::Unpause(_) => "unpause",
        }
    }
}

/// What the journal says of an answer that is a refusal.
fn refusal_entry(who: &str, what: &'static str, answer: &Answer) -> Option<Daemon> {
    let Answer::Refused { text, reasons } = answer else {
        return None;
    };
    let parts: Vec<&str> = std::iter::once(text)
        .chain(reasons)
        .map(String::as_str)
        .collect();
    Some(Daemon::OrderRefused {
        who: who.to_owned(),
        what,
        why: parts.join("; "),
    })
}

/// Why nobody knows what is asked for, in a sentence.
struct Unclear(String);

fn until(seconds: Option<u64>) -> Option<Instant> {
    let seconds = seconds.filter(|seconds| *seconds <= LONGEST)?;
    Some(now() + Micros::from_secs(seconds))
}

impl Worker {
    /// Does what an operator asks for, and answers when it is done.
    pub(super) fn steer(&mut self, who: &str, command: &Command, reply: oneshot::Sender<Answer>) {
        let order = match self.order_of(command) {
            Ok(order) => order,
            Err(Unclear(text)) => {
                let answer = refused(text);
                self.tell_refusal(who, command.word(), &answer);
                // Whoever has gone does not care.
                let _ = reply.send(answer);
                return;
            }
        };
        let (what, instruction) = order;
        self.give_order(who, what, instruction, Some(reply));
    }

    /// A refused order is an entry as well.
    pub(super) fn tell_refusal(&self, who: &str, what: &'static str, answer: &Answer) {
        if let Some(entry) = refusal_entry(who, what, answer) {
            self.logger.log(Level::Info, entry.to_string());
            self.chronicle.say(&entry);
        }
    }

    pub(super) fn give_order(
        &mut self,
        who: &str,
        what: What,
        instruction: Instruction,
        reply: Option<oneshot::Sender<Answer>>,
    ) {
        self.steering.last += 1;
        let id = OrderId(self.steering.last);
        let routers: BTreeMap<_, _> = match what {
            What::Switchover | What::Drain(_) => self.moving().collect(),
            What::Resume | What::Pause(..) | What::Unpause(_) => BTreeMap::new(),
        };
        let unasked = match what {
            What::Drain(_) => self.unasked(&routers),
            _ => BTreeMap::new(),
        };
        let addresses = routers.values().flat_map(|(_, addresses)| addresses);
        self.effects.moves.watch(addresses.copied());
        let pending = Pending {
            reply,
            who: who.to_owned(),
            what,
            began: now(),
            ended: None,
            routers,
            unasked,
        };
        self.steering.orders.insert(id, pending);
        who.clone_into(&mut self.steering.asking);
        self.give(Input::Order(Box::new(Order {
            id,
            who: who.to_owned(),
            what: instruction,
        })));
        self.settle_orders();
    }

    /// Which of these a drain does not ask anybody to take, and why.
    fn unasked(
        &self,
        routers: &BTreeMap<RouterId, (String, Vec<IpAddr>)>,
    ) -> BTreeMap<RouterId, String> {
        let now = now();
        let why = |id: &RouterId| Some((*id, self.obstacle(&self.node.unasked(now, *id)?)));
        routers.keys().filter_map(why).collect()
    }

    /// What could move, with names and addresses.
    fn moving(&self) -> impl Iterator<Item = (RouterId, (String, Vec<IpAddr>))> {
        let active = self
            .node
            .routers()
            .filter(|router| router.state() == State::Active);
        active.map(|router| {
            let addresses = router.spec().all_addresses().map(|held| held.address);
            (
                router.id(),
                (router.spec().name.clone(), addresses.collect()),
            )
        })
    }

    fn order_of(&self, command: &Command) -> Result<(What, Instruction), Unclear> {
        match command {
            Command::Switchover { target, to } => {
                let routers = self.targets(target)?;
                let to = to.as_ref().map(|to| match to.parse() {
                    Ok(address) => Choice::Address(address),
                    Err(_) => Choice::Name(to.clone()),
                });
                Ok((What::Switchover, Instruction::Switchover { routers, to }))
            }
            Command::Drain { for_s, hard } => {
                let hold = if *hard { Hold::Hard } else { Hold::Soft };
                let drain = Drain {
                    until: until(*for_s),
                    hold,
                };
                Ok((What::Drain(hold), Instruction::Drain(drain)))
            }
            Command::Resume => Ok((What::Resume, Instruction::Resume)),
            Command::Pause { check, for_s } => {
                let until = until(*for_s);
                let instruction = Instruction::Pause {
                    check: self.check_named(check)?,
                    until,
                };
                Ok((What::Pause(check.clone(), until.is_some()), instruction))
            }
            Command::Unpause { check } => {
                let instruction = Instruction::Unpause {
                    check: self.check_named(check)?,
                };
                Ok((What::Unpause(check.clone()), instruction))
            }
            Command::Reload { .. } => Err(Unclear("a reload is no order".into())),
        }
    }

    fn targets(&self, target: &Target) -> Result<BTreeSet<RouterId>, Unclear> {
        let ids = |test: &dyn Fn(&Router) -> bool| -> BTreeSet<RouterId> {
            let routers = self.node.routers().filter(|router| test(router));
            routers.map(Router::id).collect()
        };
        match target {
            Target::All => {
                let active = ids(&|router| router.state() == State::Active);
                match active.is_empty() {
                    true => Err(Unclear(
                        "this node is master of nothing: there is nothing to move".into(),
                    )),
                    false => Ok(active),
                }
            }
            Target::Named(name) => {
                let named = ids(&|router| router.spec().name == *name);
                let group = ids(&|router| router.spec().sync_group.as_ref() == Some(name));
                let found = if named.is_empty() { group } else { named };
                if found.is_empty() {
                    let routers = self
                        .node
                        .routers()
                        .map(|router| router.spec().name.as_str());
                    let text = format!(
                        "there is no instance or sync group {name}; there are: {}",
                        list(routers)
                    );
                    return Err(Unclear(text));
                }
                Ok(found)
            }
        }
    }

    fn check_named(&self, name: &str) -> Result<standfast_core::input::CheckId, Unclear> {
        let mut checks = self.node.checks();
        let found = checks.find(|check| check.spec.name == name);
        found.map(|check| check.id).ok_or_else(|| {
            let names = self.node.checks().map(|check| check.spec.name.as_str());
            Unclear(format!(
                "there is no check {name}; there are: {}",
                list(names)
            ))
        })
    }

    /// What the core has answered, and whose announcements have come or are waited for no longer.
    pub(super) fn settle_orders(&mut self) {
        for (id, answer) in std::mem::take(&mut self.effects.answers) {
            self.answered(id, answer);
        }
        let drained = std::mem::take(&mut self.effects.drained);
        if let Some(drain) = drained {
            self.remember_drain(drain);
        }
        let kept = &mut self.steering.kept;
        kept.look();
        let now = now();
        let moves = &self.effects.moves;
        let over: Vec<OrderId> = self
            .steering
            .orders
            .iter()
            .filter(|(_, order)| order.is_over(now, moves, kept))
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            if let Some(order) = self.steering.orders.remove(&id) {
                self.conclude(order);
            }
        }
    }

    /// When somebody's announcement, or the disk, is waited for no longer.
    pub(super) fn next_order(&self) -> Option<Instant> {
        let orders = self.steering.orders.values();
        let kept = &self.steering.kept;
        orders
            .filter_map(|order| Some(order.ended.as_ref()?.1 + order.patience(kept)))
            .min()
    }

    fn answered(&mut self, id: OrderId, answer: steering::Answer) {
        match answer {
            steering::Answer::Done(outcomes) => {
                if let Some(order) = self.steering.orders.get_mut(&id) {
                    order.ended = Some((outcomes, now()));
                }
            }
            steering::Answer::Refused(refusal) => {
                let Some(mut order) = self.steering.orders.remove(&id) else {
                    return;
                };
                self.forget_moves(&order);
                // A drain that the end of the daemon overtakes is in force.
                let in_force = refusal == Refusal::Stopping && self.steering.drain.is_some();
                let answer = self.refusal(&order, refusal);
                if !in_force {
                    self.tell_refusal(&order.who, order.what.word(), &answer);
                }
                if let Some(reply) = order.reply.take() {
                    let _ = reply.send(answer);
                }
            }
        }
    }

    fn forget_moves(&mut self, order: &Pending) {
        for (_, addresses) in order.routers.values() {
            self.effects.moves.forget(addresses);
        }
    }

    fn conclude(&mut self, mut order: Pending) {
        let Some((outcomes, answered)) = order.ended.take() else {
            return;
        };
        let mut moves = Vec::new();
        let mut away = Vec::new();
        for (id, outcome) in outcomes {
            let Some((name, addresses)) = order.routers.get(&id) else {
                continue;
            };
            let to = match outcome {
                Outcome::Moved(to) => Some(to),
                Outcome::Stayed => None,
                Outcome::Away => {
                    away.push(name.clone());
                    None
                }
                Outcome::Idle => continue,
            };
            let took = answered.since(order.began);
            let gap_us = self.effects.moves.gap_us(addresses);
            if let Some(to) = to {
                let event = Event::Moved { to, took, gap_us };
                self.effects.log(Entry {
                    at: now(),
                    subject: Subject::Router(name.clone()),
                    event,
                });
                let at_us = realtime().0;
                let handover = status::Handover { at_us, to, gap_us };
                self.steering.handovers.insert(name.clone(), handover);
            }
            moves.push(Move {
                instance: name.clone(),
                to,
                name: to.and_then(|to| self.peer_name(to)),
                took_us: took.0,
                gap_us,
                unasked: order.unasked.remove(&id).filter(|_| to.is_none()),
            });
        }
        // Instances come and go with reloads.
        let routers: BTreeSet<&str> = self
            .node
            .routers()
            .map(|router| router.spec().name.as_str())
            .collect();
        let handovers = &mut self.steering.handovers;
        handovers.retain(|name, _| routers.contains(name.as_str()));
        self.forget_moves(&order);
        if let Some(reply) = order.reply.take() {
            let _ = reply.send(self.success(&order.what, moves, &away));
        }
    }

    fn peer_name(&self, address: IpAddr) -> Option<String> {
        let mut peers = self.node.peers();
        let found = peers.find(|(key, _)| key.address == address);
        found.map(|(_, speaker)| speaker.name.clone())
    }

    /// Nobody has taken anything of what was to be moved: that is no success. `away`: what this node serves no more, without
    /// a successor that it knows of.
    fn success(&self, what: &What, moves: Vec<Move>, away: &[String]) -> Answer {
        let mut text = match what {
            What::Switchover => match switched(&moves, away) {
                Ok(text) => text,
                Err(text) => return refused(text),
            },
            What::Drain(hold) => drained(&moves, away, *hold),
            What::Resume => "resumed: this node takes part in the election as configured".into(),
            What::Pause(check, ends) => {
                let sooner = if *ends { ", or the time is over" } else { "" };
                format!(
                    "{check} is paused: it is not run and keeps its last result until standfast unpause {check}{sooner}"
                )
            }
            What::Unpause(check) => format!("{check} runs again"),
        };
        if let What::Drain(_) = what {
            let routers = self.node.routers();
            let own = routers.filter(|router| router.hold().is_none() && router.is_serving());
            let own = list(own.map(|router| router.spec().name.as_str()));
            if own != "none" {
                text.push_str(&format!("; {own} stays: its addresses are the host's own"));
            }
        }
        if let What::Drain(_) | What::Resume = what {
            text.push_str(&self.unkept());
        }
        Answer::Done {
            text,
            moves,
            plan: None,
        }
    }

    fn refusal(&self, order: &Pending, refusal: Refusal) -> Answer {
        let name = |id: &RouterId| {
            let named = order.routers.get(id).map(|(name, _)| name.as_str());
            let known = || {
                self.node
                    .router(*id)
                    .map(|router| router.spec().name.as_str())
            };
            named.or_else(known).unwrap_or("?").to_owned()
        };
        match refusal {
            Refusal::Stopping if self.steering.drain.is_some() => {
                let outlives = match self.unkept() {
                    kept if kept.is_empty() => ", and outlives the restart".to_owned(),
                    unkept => unkept,
                };
                refused(format!(
                    "the daemon is about to stop; the drain is in force{outlives}"
                ))
            }
            Refusal::Stopping => refused("the daemon is about to stop"),
            Refusal::TooMany => refused("too many orders wait for their end; try again"),
            Refusal::Nothing => refused("there is nothing to move"),
            Refusal::Drained => refused(
                "this node is drained, and gives what it still serves to whoever can take it, by itself (standfast resume ends \
                 the drain)",
            ),
            Refusal::NoCheck => refused("the check is not there any more"),
            Refusal::Unusable => refused("the check cannot run at all: standfast status says why"),
            Refusal::Routers(obstacles) => {
                let reasons: Vec<String> = obstacles
                    .iter()
                    .map(|(id, obstacle)| format!("{}: {}", name(id), self.obstacle(obstacle)))
                    .collect();
                match reasons.as_slice() {
                    [only] => refused(only.clone()),
                    many => Answer::Refused {
                        text: format!("{} instances cannot be moved, and none was", many.len()),
                        reasons,
                    },
                }
            }
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table: a sentence for each obstacle"
    )]
    fn obstacle(&self, obstacle: &Obstacle) -> String {
        let called = |address: &IpAddr| match self.peer_name(*address) {
            Some(name) => format!("{name} ({address})"),
            None => address.to_string(),
        };
        match obstacle {
            Obstacle::NotActive {
                state,
                master: Some(master),
            } => format!(
                "is {} here, the master is {}: ask that node",
                state.keepalived_name(),
                called(master)
            ),
            Obstacle::NotActive {
                state,
                master: None,
            } => format!(
                "is {} here: only the master can be moved",
                state.keepalived_name()
            ),
            Obstacle::Listening => {
                "this host did not run for a while and listens first; try again in some seconds"
                    .into()
            }
            Obstacle::Leaving => "is on its way to another node already".into(),
            Obstacle::OwnAddresses => "its addresses are this host's own and cannot move".into(),
            Obstacle::NoSuchNode => {
                let peers = self.node.peers().map(|(_, speaker)| speaker.name.as_str());
                let names: BTreeSet<&str> = peers.collect();
                format!(
                    "no other node of that name speaks the peer channel for it; there are: {}. Without --to the best of them is asked",
                    list(names.into_iter())
                )
            }
            Obstacle::NotReady {
                address,
                fault: true,
                ..
            } => format!("{} is in FAULT", called(address)),
            Obstacle::NotReady {
                address,
                differs: true,
                ..
            } => format!(
                "{} has other addresses or another version for it (standfast status)",
                called(address)
            ),
            Obstacle::Drained { address, .. } => {
                let node = called(address);
                format!("{node} is drained and would give it back; `standfast resume` there first")
            }
            Obstacle::Degraded {
                address,
                priority,
                base,
                ..
            } => format!(
                "{} has priority {} of {}: a check fails there; --to {address} moves it there all the same",
                called(address),
                priority.0,
                base.0
            ),
            Obstacle::NotReady { address, .. } => {
                format!(
                    "{} is not ready to take it (standfast status)",
                    called(address)
                )
            }
            Obstacle::TakenBack {
                by,
                priority,
                from,
                theirs,
            } => format!(
                "{} with priority {} would take it from {} with priority {} at once; move it there, or drain that node first",
                called(by),
                priority.0,
                called(from),
                theirs.0
            ),
        }
    }

    /// How the last planned moves went.
    pub(super) fn handovers(&self) -> &BTreeMap<String, status::Handover> {
        &self.steering.handovers
    }

    /// The drain in force.
    pub(super) fn drain(&self) -> Option<&status::Drain> {
        self.steering.drain.as_ref()
    }
}

impl Pending {
    fn is_over(&self, now: Instant, moves: &crate::moves::Moves, kept: &Kept) -> bool {
        let Some((outcomes, answered)) = &self.ended else {
            return false;
        };
        if *answered + self.patience(kept) <= now {
            return true;
        }
        let moved = outcomes
            .iter()
            .filter(|(_, outcome)| matches!(outcome, Outcome::Moved(_)));
        let mut known = moved.filter_map(|(id, _)| self.routers.get(id));
        !self.awaits_disk(kept) && known.all(|(_, addresses)| moves.are_known(addresses))
    }

    /// How long after the core's answer more is waited for.
    fn patience(&self, kept: &Kept) -> Micros {
        match self.awaits_disk(kept) {
            true => DISK,
            false => ANNOUNCEMENT,
        }
    }

    /// What is to outlive a restart is not done before it would.
    fn awaits_disk(&self, kept: &Kept) -> bool {
        match self.what {
            What::Drain(_) | What::Resume => kept.is_awaited(),
            What::Switchover | What::Pause(..) | What::Unpause(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    fn ended(what: What) -> Pending {
        Pending {
            reply: None,
            who: "root".into(),
            what,
            began: Instant(0),
            ended: Some((Vec::new(), Instant(1_000))),
            routers: BTreeMap::new(),
            unasked: BTreeMap::new(),
        }
    }

    #[test]
    fn a_refusal_is_an_entry_with_who_and_every_reason_and_nothing_else_is() {
        let answer = Answer::Refused {
            text: "2 instances cannot be moved, and none was".into(),
            reasons: vec!["VI_1: is BACKUP here".into(), "VI_2: is in FAULT".into()],
        };
        let word = What::Switchover.word();
        let entry = refusal_entry("root", word, &answer).map(|entry| entry.to_string());
        let text = "switchover asked for by root is refused: 2 instances cannot be moved, and none was; \
                    VI_1: is BACKUP here; VI_2: is in FAULT";
        assert_eq!(entry.as_deref(), Some(text));
        let done = Answer::Done {
            text: "moved".into(),
            moves: Vec::new(),
            plan: None,
        };
        assert_eq!(refusal_entry("root", word, &done), None);
    }

    #[test]
    fn a_drain_is_answered_when_the_disk_has_it_and_nothing_else_waits_for_it() {
        let moves = crate::moves::Moves::default();
        let (told, awaited) = sync_channel(1);
        let mut kept = Kept::Awaited(awaited);
        let over = |what: &Pending, at, kept: &Kept| what.is_over(Instant(at), &moves, kept);
        let drain = ended(What::Drain(Hold::Soft));
        kept.look();
        for order in [&drain, &ended(What::Resume)] {
            assert!(!over(order, 1_001, &kept));
            assert!(!over(order, 1_000 + ANNOUNCEMENT.0, &kept));
            // A disk that hangs holds up no answer for ever.
            assert!(over(order, 1_000 + DISK.0, &kept));
        }
        assert!(over(&ended(What::Switchover), 1_001, &kept));
        told.send(Ok(())).unwrap();
        kept.look();
        assert!(matches!(kept, Kept::Yes));
        assert!(over(&drain, 1_001, &kept));
    }
}
