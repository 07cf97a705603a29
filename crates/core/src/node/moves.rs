//! What a reload moves from one router to another: where both serve, nothing has to go and come back.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::Node;
use crate::input::RouterId;
use crate::router::Router;
use crate::spec::RouterSpec;
use crate::time::Instant;

impl Node {
    /// Members of a sync group that were on their way out and are configured again stay together, or none does: one that
    /// has let go begins anew as Backup, and beside it no other one is Active.
    pub(super) fn keep_groups_whole(&mut self, now: Instant, specs: &[RouterSpec]) {
        let begins_anew = |spec: &&RouterSpec| self.id_of(&spec.key()).is_none();
        let torn: BTreeSet<&String> = specs
            .iter()
            .filter(begins_anew)
            .filter_map(|spec| spec.sync_group.as_ref())
            .collect();
        let parted: Vec<RouterId> = self
            .routers
            .values()
            .filter(|router| router.is_leaving() && router.can_stay())
            .filter(|router| {
                let group = router.spec().sync_group.as_ref();
                group.is_some_and(|group| torn.contains(group))
            })
            .map(Router::id)
            .collect();
        for id in parted {
            self.with_router(now, id, |router, _| router.leave_for_good());
        }
    }

    /// Addresses, routes and rules that another serving router is to hold from now on become its own as they are. What is to
    /// be another address of the same number goes first, so that its removal does not meet the new one.
    pub(super) fn move_holdings(&mut self, now: Instant, specs: &[RouterSpec]) {
        let heirs: Vec<(RouterId, &RouterSpec)> = specs
            .iter()
            .filter_map(|spec| Some((self.id_of(&spec.key())?, spec)))
            .collect();
        for (heir, spec) in &heirs {
            let Some(router) = self.routers.get(heir) else {
                continue;
            };
            // One that leaves and is an heir stays.
            if !router.is_serving() || !router.lacks_any_of(spec) {
                continue;
            }
            let givers: Vec<RouterId> = self
                .routers
                .keys()
                .copied()
                .filter(|giver| giver != heir)
                .collect();
            for giver in givers {
                let stays = heirs.iter().find(|(id, _)| *id == giver);
                let keeps = stays.map(|(_, spec)| *spec);
                let mut given = None;
                self.with_router(now, giver, |router, fx| {
                    given = Some(router.hand_over(keeps, spec, fx));
                });
                if let Some(given) = given {
                    self.with_router(now, *heir, |router, _| router.inherit(given));
                }
            }
        }
    }
}
