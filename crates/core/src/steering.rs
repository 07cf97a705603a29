//! Steering: switchover, drain, resume and pause, as operators ask for them (handover.md §4 in docs/peer-channel.md's words:
//! a planned move goes to the best ready peer that nobody would take it back from).
//!
//! An order is looked at whole before anything is done: it is refused, with what stands in its way, or carried out. The
//! answer comes when every router that it concerns has moved, or serves on.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::vrrp::Priority;

use crate::check::CheckState;
use crate::input::{CheckId, Output, RouterId};
use crate::journal::{Cause, Event, Subject};
use crate::node::Node;
use crate::router::{Router, State, Steered};
use crate::time::{Instant, Micros};

/// Orders whose answer is awaited; more are refused.
pub const MAX_ORDERS: usize = 16;
/// A drained node that serves because nobody else did looks so often for somebody who could; after refusals less and less.
const DRAIN_PERIODS: (Micros, Micros) = (Micros::from_secs(1), Micros::from_secs(64));

/// In an input of its own, and at once for whoever looks on.
const SOON: Micros = Micros::from_millis(1);

/// An order, to match its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderId(pub u64);

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// To match the answer.
    pub id: OrderId,
    /// Who asks, for the journal.
    pub who: String,
    /// What.
    pub what: Instruction,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Other nodes become Active for these routers; members of a sync group go together.
    Switchover {
        /// Which.
        routers: BTreeSet<RouterId>,
        /// To which node; none: to the best one.
        to: Option<Choice>,
    },
    /// The node gives up everything and takes nothing back.
    Drain(Drain),
    /// The end of a drain, and of what switchovers have left of reserve.
    Resume,
    /// A check keeps its state and is not run.
    Pause {
        /// Which.
        check: CheckId,
        /// Until when; none: until it is told otherwise.
        until: Option<Instant>,
    },
    /// It runs again.
    Unpause {
        /// Which.
        check: CheckId,
    },
}

/// A drain of the node. It survives a restart: the driver remembers it ([`Output::Drain`]) and gives it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Until when; none: until it is told otherwise.
    pub until: Option<Instant>,
    /// Not even as the last resort.
    pub hold: Hold,
}

/// How a drain holds routers down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Priority 1: the last resort.
    Soft,
    /// FAULT.
    Hard,
}

/// Which node is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By its name.
    Name(String),
    /// By its address.
    Address(IpAddr),
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is not carried out; nothing has changed.
    Refused(Refusal),
    /// It is carried out; what became of each router.
    Done(Vec<(RouterId, Outcome)>),
}

/// Why an order is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The node is about to stop.
    Stopping,
    /// Too many orders wait for their end.
    TooMany,
    /// There is nothing that could be moved.
    Nothing,
    /// The node is drained: what it still has nobody else can take.
    Drained,
    /// The check is not there any more.
    NoCheck,
    /// The check cannot run anyway.
    Unusable,
    /// These routers cannot be moved.
    Routers(Vec<(RouterId, Obstacle)>),
}

/// What keeps a router from being moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It is not Active here.
    NotActive {
        /// What it is.
        state: State,
        /// Who is, as far as it knows.
        master: Option<IpAddr>,
    },
    /// It listens after a pause of this host.
    Listening,
    /// It is on its way already.
    Leaving,
    /// Its addresses are the host's own and stay.
    OwnAddresses,
    /// No node of that name or address is known for it.
    NoSuchNode,
    /// That node cannot take it now.
    NotReady {
        /// Where it is.
        address: IpAddr,
        /// Its name.
        name: String,
        /// It says that it has a fault.
        fault: bool,
        /// What has to agree does not.
        differs: bool,
    },
    /// That node, or every one that could take it, is drained: it would give it back at once.
    Drained {
        /// Where it is.
        address: IpAddr,
        /// Its name.
        name: String,
    },
    /// The best node has less than its configured priority, and less than this one: something is wrong there.
    Degraded {
        /// Where it is.
        address: IpAddr,
        /// Its name.
        name: String,
        /// Its priority.
        priority: Priority,
        /// Its configured priority.
        base: Priority,
    },
    /// That node would get it, and somebody else would take it away again.
    TakenBack {
        /// Who.
        by: IpAddr,
        /// With which priority.
        priority: Priority,
        /// From whom.
        from: IpAddr,
        /// Whose priority is this.
        theirs: Priority,
    },
}

/// What became of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Another one is Active.
    Moved(IpAddr),
    /// It is Active no more; nobody is known to be.
    Away,
    /// Nobody has taken it: it serves on.
    Stayed,
    /// It was not Active.
    Idle,
}

/// An order whose end is awaited.
#[derive(Clone, Debug)]
struct Underway {
    id: OrderId,
    routers: BTreeSet<RouterId>,
    outcomes: BTreeMap<RouterId, Outcome>,
}

/// What operators have asked for, and what is left of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steering {
    orders: Vec<Underway>,
    drain: Option<Drain>,
    /// The order of a hard drain that is soft until its routers have moved: nobody shall miss them.
    softly: Option<OrderId>,
    /// When a drained node looks for a successor again.
    next_look: Option<Instant>,
    /// Longer with each time that nobody took what was offered.
    look_interval: Micros,
    /// Where routers are to go that look for a successor in this input.
    pub(crate) choice: Option<Choice>,
}

impl Steering {
    /// The daemon stops: nothing is looked at again. Whose orders are not answered now.
    pub(crate) fn end(&mut self) -> impl Iterator<Item = OrderId> + use<> {
        let ended = core::mem::take(self);
        ended.orders.into_iter().map(|order| order.id)
    }

    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        let ends = self.drain.and_then(|drain| drain.until);
        ends.into_iter().chain(self.next_look).min()
    }

    pub(crate) fn hold(&self) -> Option<Hold> {
        let softly = self.softly.is_some();
        self.drain.map(|drain| match softly {
            true => Hold::Soft,
            false => drain.hold,
        })
    }
}

impl Node {
    /// The drain that is in force.
    pub fn drain(&self) -> Option<Drain> {
        self.steering.drain
    }

    /// Somebody asks for something.
    pub(crate) fn order(&mut self, now: Instant, order: Order) {
        let Order { id, who, what } = order;
        let result = match what {
            _ if self.is_stopping() => Err(Refusal::Stopping),
            Instruction::Switchover { routers, to } => self.switch_over(now, id, &who, routers, to),
            Instruction::Drain(drain) => self.begin_drain(now, id, who, drain),
            Instruction::Resume => {
                self.resume(now, who);
                Ok(Some(Answer::Done(Vec::new())))
            }
            Instruction::Pause { check, until } => self.pause(now, who, check, Some(until)),
            Instruction::Unpause { check } => self.pause(now, who, check, None),
        };
        let answer = match result {
            Ok(None) => return,
            Ok(Some(answer)) => answer,
            Err(refusal) => Answer::Refused(refusal),
        };
        self.outputs.push_back(Output::Answer { order: id, answer });
    }

    fn switch_over(
        &mut self,
        now: Instant,
        id: OrderId,
        who: &str,
        routers: BTreeSet<RouterId>,
        to: Option<Choice>,
    ) -> Result<Option<Answer>, Refusal> {
        if self.steering.orders.len() >= MAX_ORDERS {
            return Err(Refusal::TooMany);
        }
        if self.steering.drain.is_some() {
            return Err(Refusal::Drained);
        }
        if routers.is_empty() {
            return Err(Refusal::Nothing);
        }
        let routers = self.with_groups(routers);
        let obstacles: Vec<_> = routers
            .iter()
            .filter_map(|id| Some((*id, self.obstacle(now, *id, to.as_ref())?)))
            .collect();
        if !obstacles.is_empty() {
            return Err(Refusal::Routers(obstacles));
        }
        self.steering.choice = to;
        for router in &routers {
            let who = String::from(who);
            self.with_router(now, *router, |router, fx| {
                let subject = Subject::Router(router.spec().name.clone());
                fx.event(subject, Event::SwitchoverAsked { who });
                router.move_away(Cause::Switchover, fx);
            });
        }
        self.await_moves(id, routers);
        Ok(None)
    }

    /// Members of sync groups go together.
    fn with_groups(&self, routers: BTreeSet<RouterId>) -> BTreeSet<RouterId> {
        let groups: BTreeSet<&String> = routers
            .iter()
            .filter_map(|id| self.routers.get(id)?.group())
            .collect();
        let members = self.routers.values().filter(|router| {
            let group = router.group();
            group.is_some_and(|group| groups.contains(group))
        });
        let members: Vec<RouterId> = members.map(Router::id).collect();
        routers.into_iter().chain(members).collect()
    }

    /// What stands in the way of a move of that router.
    fn obstacle(&self, now: Instant, id: RouterId, to: Option<&Choice>) -> Option<Obstacle> {
        let Some(router) = self.routers.get(&id) else {
            return Some(Obstacle::NoSuchNode);
        };
        router
            .obstacle()
            .or_else(|| self.successor_obstacle(now, id, to))
    }

    fn await_moves(&mut self, id: OrderId, routers: BTreeSet<RouterId>) {
        self.steering.orders.push(Underway {
            id,
            routers,
            outcomes: BTreeMap::new(),
        });
    }

    fn begin_drain(
        &mut self,
        now: Instant,
        id: OrderId,
        who: String,
        drain: Drain,
    ) -> Result<Option<Answer>, Refusal> {
        if self.steering.orders.len() >= MAX_ORDERS {
            return Err(Refusal::TooMany);
        }
        let event = Event::DrainBegan {
            who,
            hard: drain.hold == Hold::Hard,
            time: drain.until.map(|until| until.since(now)),
        };
        self.event(now, Subject::Node, event);
        let serving: BTreeSet<RouterId> = self
            .routers
            .values()
            // What an earlier order moves is awaited by this one too.
            .filter(|router| router.obstacle().is_none() || router.is_underway())
            .map(Router::id)
            .collect();
        self.steering.drain = Some(drain);
        self.steering.softly = (!serving.is_empty()).then_some(id);
        self.steering.look_interval = DRAIN_PERIODS.0;
        self.steering.next_look = Some(now + DRAIN_PERIODS.0);
        self.outputs.push_back(Output::Drain(Some(drain)));
        self.evaluate(now);
        let staying = self.stay_drained(now, &serving);
        for id in &serving {
            let stays = staying.contains(id);
            self.with_router(now, *id, |router, fx| match stays {
                true => router.stay_put(),
                false => router.move_away(Cause::Drained, fx),
            });
        }
        if serving.is_empty() {
            return Ok(Some(Answer::Done(Vec::new())));
        }
        self.await_moves(id, serving);
        Ok(None)
    }

    /// Which routers a drain leaves where they are: two drained nodes hand nothing to each other, and a group of which one
    /// member cannot go stays whole.
    fn stay_drained(&self, now: Instant, serving: &BTreeSet<RouterId>) -> BTreeSet<RouterId> {
        let stays = |router: &&Router| match serving.contains(&router.id()) {
            true => self.knows_only_drained(now, router.id()),
            false => router.state() == State::Active,
        };
        let staying = self.routers.values().filter(stays);
        self.with_groups(staying.map(Router::id).collect())
    }

    fn resume(&mut self, now: Instant, who: String) {
        self.event(now, Subject::Node, Event::Resumed { who });
        self.end_drain(now);
        let ids: Vec<RouterId> = self.routers.keys().copied().collect();
        for id in ids {
            self.with_router(now, id, |router, _| router.stop_yielding());
        }
    }

    fn end_drain(&mut self, now: Instant) {
        self.steering.next_look = None;
        self.steering.softly = None;
        if self.steering.drain.take().is_some() {
            self.outputs.push_back(Output::Drain(None));
            self.evaluate(now);
        }
    }

    /// `pause`: until when, or without an end; `None`: it runs again.
    fn pause(
        &mut self,
        now: Instant,
        who: String,
        id: CheckId,
        pause: Option<Option<Instant>>,
    ) -> Result<Option<Answer>, Refusal> {
        let check = self.checks.get_mut(&id).ok_or(Refusal::NoCheck)?;
        if check.state == CheckState::Unusable {
            return Err(Refusal::Unusable);
        }
        let subject = crate::node::check_subject(&check.spec);
        let event = match pause {
            Some(until) => {
                check.pause(now, until);
                let time = until.map(|until| until.since(now));
                Event::CheckPaused { who, time }
            }
            // Nothing has happened that could be told.
            None if check.paused().is_none() => return Ok(Some(Answer::Done(Vec::new()))),
            None => {
                check.unpause(now);
                Event::CheckResumed { who: Some(who) }
            }
        };
        self.event(now, subject, event);
        Ok(Some(Answer::Done(Vec::new())))
    }

    /// What an order has set in time is over, or to be looked at again.
    pub(crate) fn wake_steering(&mut self, now: Instant) {
        let over = |drain: &Drain| drain.until.is_some_and(|until| until <= now);
        if self.steering.drain.as_ref().is_some_and(over) {
            self.event(now, Subject::Node, Event::DrainEnded);
            self.end_drain(now);
        }
        let paused: Vec<CheckId> = self
            .checks
            .values()
            .filter(|check| check.pause_is_over(now))
            .map(|check| check.id)
            .collect();
        for id in paused {
            if let Some(check) = self.checks.get_mut(&id) {
                check.unpause(now);
                let subject = crate::node::check_subject(&check.spec);
                self.event(now, subject, Event::CheckResumed { who: None });
            }
        }
        if self.steering.next_look.is_some_and(|due| due <= now) {
            self.evaluate(now);
            let interval = self.steering.look_interval;
            let tried = self.give_up_again(now);
            let next = if tried {
                interval.times(2)
            } else {
                DRAIN_PERIODS.0
            };
            self.steering.look_interval = next.min(DRAIN_PERIODS.1);
            self.steering.next_look = Some(now + interval);
        }
    }

    /// A drained node serves only until somebody else can; what is one group goes together. True if somebody was asked.
    fn give_up_again(&mut self, now: Instant) -> bool {
        let mut groups: BTreeMap<String, Vec<RouterId>> = BTreeMap::new();
        let mut whole = Vec::new();
        for router in self.routers.values() {
            match router.group().cloned() {
                None => whole.push(Vec::from([router.id()])),
                Some(group) => groups.entry(group).or_default().push(router.id()),
            }
        }
        whole.extend(groups.into_values());
        whole.retain(|ids| {
            let free = |id: &RouterId| {
                let router = self.routers.get(id);
                router.is_some_and(|router| {
                    router.hold() == Some(Hold::Soft) && router.obstacle().is_none()
                })
            };
            ids.iter().all(free) && self.has_successor(now, ids)
        });
        for id in whole.iter().flatten() {
            self.with_router(now, *id, Router::move_if_taken);
        }
        !whole.is_empty()
    }

    /// After every input: which moves are over, and whose order is answered.
    pub(crate) fn settle_orders(&mut self, now: Instant) {
        self.steering.choice = None;
        if self.steering.orders.is_empty() {
            return;
        }
        self.answer_orders();
        let softly = self.steering.softly;
        let over = softly.filter(|id| self.steering.orders.iter().all(|it| it.id != *id));
        if over.is_some() {
            self.steering.softly = None;
            // In an input of its own: what has just happened is told first.
            self.steering.next_look = Some(now + SOON);
        }
    }

    fn answer_orders(&mut self) {
        let Node {
            routers,
            steering,
            outputs,
            ..
        } = self;
        let mut over = BTreeSet::new();
        steering.orders.retain_mut(|order| {
            for id in &order.routers {
                if order.outcomes.contains_key(id) {
                    continue;
                }
                let outcome = routers.get(id).map(|router| match router.steered() {
                    Some(Steered::To(to)) => Some(Outcome::Moved(to)),
                    Some(Steered::Away) => Some(Outcome::Away),
                    Some(Steered::Stayed) => Some(Outcome::Stayed),
                    Some(Steered::Underway) => None,
                    None if router.is_finished() => Some(Outcome::Away),
                    // A hard drain is a fault, with a handover like any other's.
                    None => match router.state() {
                        State::Active => Some(Outcome::Stayed),
                        State::Leaving => None,
                        State::Fault => Some(Outcome::Away),
                        State::Initialize | State::Backup => Some(Outcome::Idle),
                    },
                });
                // A router that is gone has moved.
                if let Some(outcome) = outcome.unwrap_or(Some(Outcome::Away)) {
                    order.outcomes.insert(*id, outcome);
                    over.insert(*id);
                }
            }
            let done = order.outcomes.len() == order.routers.len();
            if done {
                let outcomes = core::mem::take(&mut order.outcomes);
                outputs.push_back(Output::Answer {
                    order: order.id,
                    answer: Answer::Done(outcomes.into_iter().collect()),
                });
            }
            !done
        });
        // Several orders may have waited for the same move.
        for id in over {
            routers.touch(id, |router, _| router.forget_move());
        }
    }
}
