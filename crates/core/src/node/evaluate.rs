//! Which routers look again at what they track, and what they can see of the node.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Node;
use crate::input::{HostAddress, InterfaceIndex, RouterId};
use crate::router::{Effects, Router, View};
use crate::time::Instant;

impl Node {
    /// Lets every router look at what it tracks.
    pub(crate) fn evaluate(&mut self, now: Instant) {
        if !self.configured {
            return;
        }
        let ids: Vec<RouterId> = self.routers.keys().copied().collect();
        self.evaluate_these(now, &ids);
    }

    pub(crate) fn evaluate_these(&mut self, now: Instant, ids: &[RouterId]) {
        for id in ids {
            self.evaluate_one(now, *id);
        }
    }

    fn evaluate_one(&mut self, now: Instant, id: RouterId) {
        let Node {
            routers,
            checks,
            trackers,
            interfaces,
            statics,
            steering,
            ..
        } = self;
        let check = |name: &str| {
            let mut all = checks.values();
            all.find(|check| check.spec.name == name)
                .map(|check| check.state)
        };
        let mut fx = Effects {
            now,
            outputs: &mut self.outputs,
            journal: &mut self.journal,
            interfaces,
            operations: &mut self.operations,
            next_operation: &mut self.next_operation,
            regroup: &mut self.regroup,
            notices: &mut self.notices,
        };
        routers.touch(id, |router, index| {
            let spec = router.spec();
            let view = View {
                interfaces,
                check: &check,
                trackers,
                is_virtual: &|address| index.is_virtual(address),
                source_comes: statics.is_adding(&spec.interface, spec.family()),
                hold: steering.hold(),
            };
            if !router.is_finished() {
                router.evaluate(&view, &mut fx);
            }
        });
    }

    /// An address came or went: only routers that may send from it look again. Our own virtual
    /// addresses come and go by the hundred in a takeover and are no source, but for an owner.
    pub(super) fn evaluate_sources(&mut self, now: Instant, changed: HostAddress) {
        if !self.configured {
            return;
        }
        let concerned = |router: &&Router| {
            [router.interface(), router.base()].contains(&Some(changed.interface))
        };
        let routers = &self.routers;
        let ids: Vec<RouterId> = match routers.is_virtual(changed.address) {
            true => routers
                .senders_from_virtual()
                .filter(concerned)
                .map(Router::id)
                .collect(),
            false => routers.values().filter(concerned).map(Router::id).collect(),
        };
        let before = self.channel_places(&ids);
        self.evaluate_these(now, &ids);
        if self.channel_places(&ids) != before {
            self.peers.look_again();
        }
    }

    /// Where those routers speak the peer channel, and as whom.
    fn channel_places(&self, ids: &[RouterId]) -> Vec<Option<(InterfaceIndex, IpAddr)>> {
        let routers = ids.iter().map(|id| self.routers.get(id));
        routers
            .map(|router| router.and_then(Router::channel_place))
            .collect()
    }
}
