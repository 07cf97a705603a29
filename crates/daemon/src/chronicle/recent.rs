//! The last records, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use standfast_api::event::{Query, Record};

use super::RECENT;

/// The last records, oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent {
    records: VecDeque<Arc<Record>>,
    /// The number of this run's first record; 0: none yet.
    pub(super) run: u64,
    /// The number of the newest record; 0: none.
    pub(super) newest: u64,
}

/// How a folder's files are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// They are the first that this run opens.
    First,
    /// This run has written to them before.
    Same,
    /// This run has written elsewhere before.
    Other,
}

/// What of a query's answer is in memory.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Oldest first.
    pub(super) records: Vec<Arc<Record>>,
    /// There is more after these, in memory.
    pub(super) more: bool,
    /// The number of the oldest record in memory: earlier ones are on disk at most.
    pub(super) from: u64,
}

impl Recent {
    pub(super) fn push(&mut self, record: Arc<Record>) {
        if self.records.len() >= RECENT {
            self.records.pop_front();
        }
        self.newest = record.seq;
        self.records.push_back(record);
    }

    /// What is on disk joins what is in memory: which records of ours are missing there, and how many of them are forgotten.
    pub(super) fn join(
        &mut self,
        found: Vec<Record>,
        last: u64,
        again: Again,
    ) -> (Vec<Arc<Record>>, u64) {
        let missing = match again {
            Again::Other => Vec::new(),
            Again::Same => self.after(last),
            Again::First => {
                self.renumber(last);
                let own = self.after(last);
                self.put_before(found);
                own
            }
        };
        let next = missing.first().map_or(last, |record| record.seq - 1);
        let forgotten = match again {
            Again::Same => next.saturating_sub(last),
            Again::First | Again::Other => 0,
        };
        self.newest = self.newest.max(last);
        (missing, forgotten)
    }

    /// Records that were made before anybody knew which numbers are taken.
    fn renumber(&mut self, last: u64) {
        if self.records.is_empty() || last < self.run {
            return;
        }
        self.run = last.saturating_add(1);
        for (record, seq) in self.records.iter_mut().zip(self.run..) {
            Arc::make_mut(record).seq = seq;
            self.newest = seq;
        }
    }

    /// Records of earlier runs, which stand before those that are here already.
    fn put_before(&mut self, records: Vec<Record>) {
        for record in records.into_iter().rev() {
            let front = self.records.front();
            let before = front.is_none_or(|front| record.seq < front.seq);
            if self.records.len() < RECENT && before {
                self.newest = self.newest.max(record.seq);
                self.records.push_front(Arc::new(record));
            }
        }
    }

    /// The number of the oldest one.
    pub(super) fn first(&self) -> u64 {
        let next = self.newest.saturating_add(1);
        self.records.front().map_or(next, |record| record.seq)
    }

    /// Those after a number.
    pub(super) fn after(&self, number: u64) -> Vec<Arc<Record>> {
        let start = self.records.partition_point(|record| record.seq <= number);
        self.records.range(start..).cloned().collect()
    }

    /// What is meant by a query, of these.
    pub(super) fn page(&self, query: &Query) -> Part {
        let from = self.first();
        let matching = |record: &&Arc<Record>| query.matches(record);
        if query.is_newest() {
            let newest = self.records.iter().rev().filter(matching);
            let mut records: Vec<_> = newest.take(query.limit).cloned().collect();
            records.reverse();
            let more = false;
            return Part {
                records,
                more,
                from,
            };
        }
        let after = query.after.unwrap_or(0);
        let start = self.records.partition_point(|record| record.seq <= after);
        let mut found = self.records.range(start..).filter(matching);
        let records = found.by_ref().take(query.limit).cloned().collect();
        let more = found.next().is_some();
        Part {
            records,
            more,
            from,
        }
    }
}
