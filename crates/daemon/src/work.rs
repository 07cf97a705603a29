//! What takes time waits here and is done in small turns, so that packets and advertisements of other instances need not
//! wait for a thousand addresses, and the first of these answers before the last is added.

use std::collections::VecDeque;
use std::net::IpAddr;

use standfast_core::input::{Change, Datagram, InterfaceIndex, OperationId, RouterId};
use standfast_core::spec::VirtualAddress;
use standfast_linux::netlink::Change as KernelChange;

use crate::ports::PortKey;
use crate::runner::Job;

/// Kernel changes of one turn: they take half a millisecond, and a larger request would gain nothing.
const CHANGES_PER_TURN: usize = 64;

/// One change of what the kernel holds, as the node asked for it.
pub(crate) struct Operation {
    pub(crate) id: OperationId,
    pub(crate) change: Change,
    pub(crate) addresses: Vec<(InterfaceIndex, VirtualAddress)>,
    /// Of addresses, then routes and rules; `None` for what needs an interface that is gone.
    pub(crate) changes: Vec<Option<KernelChange>>,
}

/// Announcements that come again.
pub(crate) struct Repetition {
    pub(crate) router: RouterId,
    pub(crate) addresses: Vec<(InterfaceIndex, IpAddr)>,
    pub(crate) rounds: u16,
}

/// A packet and the port that it leaves from.
pub(crate) type Encoded = (PortKey, Vec<u8>);

/// What waits for its turn.
pub(crate) enum Work {
    Kernel(Operation),
    /// Told outside once the kernel work before it is done.
    Tell(Job),
    /// It must not be heard before the removals in front of it.
    Advertise(Vec<Encoded>),
    /// The same on the peer channel.
    Say(Datagram),
    Repeat(Repetition),
    Stopped,
}

/// What is done in one turn.
#[derive(Default)]
pub(crate) struct Turn {
    /// All of one kind, for one request to the kernel.
    pub(crate) operations: Vec<Operation>,
    /// What follows them, in order.
    pub(crate) then: Vec<Work>,
}

/// Work in the order in which the node asked for it; repetitions when nothing else waits.
#[derive(Default)]
pub(crate) struct WorkQueue {
    items: VecDeque<Work>,
    repetitions: VecDeque<Repetition>,
    removals: usize,
}

impl WorkQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.repetitions.is_empty()
    }

    /// Whether something in order waits, and not only repetitions.
    pub(crate) fn is_busy(&self) -> bool {
        !self.items.is_empty()
    }

    /// Whether addresses wait for their removal.
    pub(crate) fn removes(&self) -> bool {
        self.removals > 0
    }

    /// Whether something is to be said after a removal.
    pub(crate) fn speaks(&self) -> bool {
        let mut items = self.items.iter();
        items.any(|work| matches!(work, Work::Advertise(_) | Work::Say(_)))
    }

    pub(crate) fn push(&mut self, work: Work) {
        match work {
            Work::Repeat(repetition) => self.repetitions.push_back(repetition),
            Work::Kernel(operation) => {
                self.removals += usize::from(operation.change == Change::Remove);
                self.items.push_back(Work::Kernel(operation));
            }
            Work::Tell(_) | Work::Advertise(..) | Work::Say(_) | Work::Stopped => {
                self.items.push_back(work);
            }
        }
    }

    /// Takes the next turn's work: as many kernel operations of one kind as go together, with what is told after them;
    /// or one other thing.
    pub(crate) fn take(&mut self) -> Turn {
        let mut turn = Turn::default();
        let mut changes = 0;
        while let Some(work) = self.items.pop_front() {
            match work {
                Work::Kernel(operation) => {
                    changes += operation.changes.len();
                    if !turn.accepts(&operation, changes) {
                        self.items.push_front(Work::Kernel(operation));
                        return turn;
                    }
                    self.removals -= usize::from(operation.change == Change::Remove);
                    turn.operations.push(operation);
                }
                Work::Tell(_) => turn.then.push(work),
                Work::Advertise(..) | Work::Say(_) | Work::Repeat(_) | Work::Stopped
                    if turn.operations.is_empty() =>
                {
                    turn.then.push(work);
                    return turn;
                }
                Work::Advertise(..) | Work::Say(_) | Work::Repeat(_) | Work::Stopped => {
                    self.items.push_front(work);
                    return turn;
                }
            }
        }
        if turn.operations.is_empty() && turn.then.is_empty() {
            let next = self.repetitions.pop_front();
            turn.then.extend(next.map(Work::Repeat));
        }
        turn
    }
}

impl Turn {
    fn accepts(&self, operation: &Operation, changes: usize) -> bool {
        self.operations
            .first()
            .is_none_or(|first| first.change == operation.change && changes <= CHANGES_PER_TURN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use standfast_core::input::CheckId;

    fn operation(id: u64, change: Change, changes: usize) -> Work {
        Work::Kernel(Operation {
            id: OperationId(id),
            change,
            addresses: Vec::new(),
            changes: vec![None; changes],
        })
    }

    fn repeat(router: u32) -> Work {
        Work::Repeat(Repetition {
            router: RouterId(router),
            addresses: Vec::new(),
            rounds: 4,
        })
    }

    /// Operations as numbers, the rest as letters.
    fn turns(queue: &mut WorkQueue) -> Vec<String> {
        let mut all = Vec::new();
        while !queue.is_empty() {
            let turn = queue.take();
            let mut text = String::new();
            for operation in turn.operations {
                text.push_str(&operation.id.0.to_string());
            }
            text.extend(turn.then.iter().map(|work| match work {
                Work::Kernel(_) => 'k',
                Work::Tell(_) => 't',
                Work::Advertise(..) => 'a',
                Work::Say(_) => 'y',
                Work::Repeat(_) => 'r',
                Work::Stopped => 's',
            }));
            all.push(text);
        }
        all
    }

    fn queue(work: Vec<Work>) -> WorkQueue {
        let mut queue = WorkQueue::default();
        work.into_iter().for_each(|work| queue.push(work));
        queue
    }

    #[test]
    fn small_operations_go_together_and_large_ones_alone() {
        let mut queue = queue(vec![
            operation(1, Change::Add, 30),
            Work::Tell(Job::Check(CheckId(0))),
            operation(2, Change::Add, 30),
            operation(3, Change::Add, 30),
            operation(4, Change::Add, 100),
            operation(5, Change::Add, 1),
        ]);
        assert_eq!(turns(&mut queue), ["12t", "3", "4", "5"]);
    }

    #[test]
    fn additions_and_removals_keep_their_order() {
        let mut queue = queue(vec![
            operation(1, Change::Remove, 1),
            operation(2, Change::Add, 1),
            operation(3, Change::Remove, 1),
        ]);
        assert!(queue.removes());
        assert_eq!(turns(&mut queue), ["1", "2", "3"]);
        assert!(!queue.removes());
    }

    #[test]
    fn what_ends_comes_last_and_repetitions_after_all_else() {
        let mut queue = queue(vec![
            repeat(1),
            operation(1, Change::Remove, 1),
            Work::Advertise(Vec::new()),
            Work::Stopped,
        ]);
        assert!(queue.speaks());
        assert_eq!(turns(&mut queue), ["1", "a", "s", "r"]);
        assert!(!queue.speaks());
    }
}
