//! Which routers look again at what they track, and what they can see of the node.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Node;
use crate::input::{HostAddress, RouterId};
use crate::router::{Effects, Router, View};
use crate::time::Instant;

impl Node {
    /// Lets every router look at what it tracks.
    pub(super) fn evaluate(&mut self, now: Instant) {
        if !self.configured {
            return;
        }
        let ids: Vec<RouterId> = self.routers.keys().copied().collect();
        self.evaluate_these(now, &ids);
    }

    pub(crate) fn evaluate_these(&mut self, now: Instant, ids: &[RouterId]) {
        for id in ids {
            let Some(mut router) = self.routers.remove(id) else {
                continue;
            };
            self.evaluate_one(now, &mut router);
            self.routers.insert(*id, router);
        }
    }

    fn evaluate_one(&mut self, now: Instant, router: &mut Router) {
        let Node {
            routers,
            checks,
            trackers,
            interfaces,
            statics,
            ..
        } = self;
        let own: Vec<IpAddr> = router
            .addresses()
            .map(|(address, _)| address.address)
            .collect();
        let is_virtual = |address: IpAddr| {
            own.contains(&address) || routers.values().any(|other| other.has_address(address))
        };
        let check = |name: &str| {
            let mut all = checks.values();
            all.find(|check| check.spec.name == name)
                .map(|check| check.state)
        };
        let view = View {
            interfaces,
            check: &check,
            trackers,
            is_virtual: &is_virtual,
            source_comes: statics.is_adding(&router.spec().interface, router.spec().family()),
        };
        let mut fx = Effects {
            now,
            outputs: &mut self.outputs,
            journal: &mut self.journal,
            interfaces,
            operations: &mut self.operations,
            next_operation: &mut self.next_operation,
            regroup: &mut self.regroup,
        };
        if !router.is_finished() {
            router.evaluate(&view, &mut fx);
        }
    }

    /// An address came or went: only routers that may send from it look again. Our own virtual
    /// addresses come and go by the hundred in a takeover and are no source, but for an owner.
    pub(super) fn evaluate_sources(&mut self, now: Instant, changed: HostAddress) {
        if !self.configured {
            return;
        }
        let is_virtual = |router: &Router| router.has_address(changed.address);
        let virtual_for_someone = self.routers.values().any(is_virtual);
        let concerned = |router: &&Router| {
            [router.interface(), router.base()].contains(&Some(changed.interface))
                && (!virtual_for_someone || router.sends_from_virtual())
        };
        let ids: Vec<RouterId> = self
            .routers
            .values()
            .filter(concerned)
            .map(Router::id)
            .collect();
        self.evaluate_these(now, &ids);
    }
}
