//! Sync groups: all members are Active or none is (keepalived.conf(5), `vrrp_sync_group`).
//!
//! A member whose down timer has run out waits until every other one's has; a member that falls to
//! Backup takes the others along; a fault of one is a fault of all until it is gone. Members say
//! what they would do alone ([`crate::router`]); here it is decided what they do.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::input::{NotifyEvent, Output, RouterId};
use crate::journal::{Event, Subject};
use crate::node::Node;
use crate::router::{Router, State};
use crate::time::Instant;

/// A member's change can make another one change; more rounds than these would be a circle.
const ROUNDS: usize = 8;

/// A sync group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    members: Vec<RouterId>,
    /// What was told to the outside last.
    told: Option<State>,
}

impl Group {
    /// Its members.
    pub(crate) fn members(&self) -> &[RouterId] {
        &self.members
    }

    /// What was told to the outside last.
    pub(crate) fn told(&self) -> Option<State> {
        self.told
    }
}

/// The groups of those routers; one of a known name goes on.
pub(crate) fn regrouped<'r>(
    mut before: BTreeMap<String, Group>,
    routers: impl Iterator<Item = &'r Router>,
) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for router in routers {
        let Some(name) = router.group() else {
            continue;
        };
        let group = groups.entry(name.clone()).or_insert_with(|| Group {
            told: before.remove(name).and_then(|group| group.told),
            members: Vec::new(),
        });
        group.members.push(router.id());
    }
    groups
}

impl Node {
    /// Lets the groups whose members changed follow.
    pub(crate) fn settle_groups(&mut self, now: Instant) {
        for _ in 0..ROUNDS {
            let changed = core::mem::take(&mut self.regroup);
            if changed.is_empty() || self.is_stopping() {
                return;
            }
            for name in changed {
                self.settle_group(now, &name);
            }
        }
    }

    fn settle_group(&mut self, now: Instant, name: &str) {
        let Some(group) = self.groups.get(name) else {
            return;
        };
        let members = group.members.clone();
        self.share_faults(now, &members);
        if self.any(&members, |member| member.state() == State::Active)
            && self.any(&members, Router::keeps_backup)
        {
            self.say_syncing(now, name, State::Backup);
            self.each_member(now, &members, Router::fall_with_group);
        }
        if self.all(&members, Router::joins_active)
            && self.any(&members, |member| member.state() == State::Backup)
        {
            self.say_syncing(now, name, State::Active);
            self.each_member(now, &members, Router::rise_with_group);
        }
        if self.all(&members, Router::may_shorten) {
            self.each_member(now, &members, Router::shorten);
        }
        if self.any(&members, Router::has_answered) {
            self.each_member(now, &members, Router::answer_with_group);
        }
        self.tell_group(name, &members);
    }

    /// The scripts of a leaving router have ended. Members of a group let go together: the successor
    /// takes over none before it can take all.
    pub(crate) fn scripts_ended(&mut self, now: Instant, id: RouterId) {
        self.with_router(now, id, |router, _| router.note_scripts_ended());
        let Some(router) = self.routers.get(&id) else {
            return;
        };
        let mut ready = alloc::vec![id];
        if let Some(group) = router.spec().sync_group.clone() {
            let of_group = |router: &&Router| router.spec().sync_group.as_ref() == Some(&group);
            let mut members = self.routers.values().filter(of_group);
            if members.any(Router::awaits_scripts) {
                return;
            }
            ready = self
                .routers
                .values()
                .filter(of_group)
                .map(Router::id)
                .collect();
        }
        for id in ready {
            self.with_router(now, id, |router, fx| router.scripts_ended(fx));
        }
    }

    /// A fault of one member is a fault of every other one.
    fn share_faults(&mut self, now: Instant, members: &[RouterId]) {
        let faulty = |router: &Router| usize::from(router.has_own_fault());
        let all: usize = self.present(members).map(faulty).sum();
        let mut changed = Vec::new();
        for id in members {
            self.with_router(now, *id, |router, _| {
                let others = all > faulty(router);
                if router.group().is_some() && router.set_group_fault(others) {
                    changed.push(*id);
                }
            });
        }
        self.evaluate_these(now, &changed);
    }

    /// The members that are not on their way out.
    fn present<'n>(&'n self, members: &'n [RouterId]) -> impl Iterator<Item = &'n Router> {
        members
            .iter()
            .filter_map(|id| self.routers.get(id))
            .filter(|router| router.group().is_some())
    }

    fn any(&self, members: &[RouterId], test: impl Fn(&Router) -> bool) -> bool {
        self.present(members).any(test)
    }

    fn all(&self, members: &[RouterId], test: impl Fn(&Router) -> bool) -> bool {
        self.present(members).all(test)
    }

    fn each_member(
        &mut self,
        now: Instant,
        members: &[RouterId],
        act: fn(&mut Router, &mut crate::router::Effects<'_>),
    ) {
        for id in members {
            self.with_router(now, *id, |router, fx| {
                if router.group().is_some() {
                    act(router, fx);
                }
            });
        }
    }

    fn say_syncing(&mut self, now: Instant, name: &str, state: State) {
        let subject = Subject::Group(String::from(name));
        self.event(now, subject, Event::Syncing(state));
    }

    /// Tells the outside once the members agree on a state that was not told before.
    fn tell_group(&mut self, name: &str, members: &[RouterId]) {
        let is = |state: State| move |router: &Router| router.state() == state;
        let (state, event) = if self.any(members, is(State::Fault)) {
            (State::Fault, NotifyEvent::Fault)
        } else if self.all(members, is(State::Active)) {
            (State::Active, NotifyEvent::Master)
        } else if self.all(members, is(State::Backup)) {
            (State::Backup, NotifyEvent::Backup)
        } else {
            return;
        };
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        if group.told.replace(state) != Some(state) {
            let group = String::from(name);
            self.outputs.push_back(Output::NotifyGroup { group, event });
        }
    }

    /// The daemon stops; the members have been told to leave.
    pub(crate) fn tell_groups_stop(&mut self) {
        for (name, group) in &mut self.groups {
            // A second request to stop is no second news.
            if group.told.take().is_some() {
                self.outputs.push_back(Output::NotifyGroup {
                    group: name.clone(),
                    event: NotifyEvent::Stop,
                });
            }
        }
    }
}
