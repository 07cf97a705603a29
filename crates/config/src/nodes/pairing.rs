//! Which instances of different nodes are the same virtual router.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Member, Seat};
use crate::model::VrrpInstance;

/// What two instances have in common, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Only what they are called.
    Name,
    /// VRID and family, and no address.
    Vrid,
    /// At least one address.
    Address,
    /// Address, VRID and family.
    Both,
}

/// Each virtual router with its seats, at most one a node, in the order of the nodes; one that only one node has is there too.
pub(super) fn routers<'a>(members: &'a [Member<'a>]) -> Vec<Vec<Seat<'a>>> {
    let indexes: Vec<Index<'a>> = members.iter().map(Index::new).collect();
    let mut taken: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); members.len()];
    let mut routers = Vec::new();
    for (at, node) in members.iter().enumerate() {
        for (position, instance) in node.config.instances.iter().enumerate() {
            if !taken
                .get_mut(at)
                .is_some_and(|taken| taken.insert(position))
            {
                continue;
            }
            let mut router = vec![Seat { node, instance }];
            for (later, other) in members.iter().enumerate().skip(at + 1) {
                let (Some(index), Some(taken)) = (indexes.get(later), taken.get_mut(later)) else {
                    continue;
                };
                let Some(position) = index.best(instance, node, taken) else {
                    continue;
                };
                taken.insert(position);
                if let Some(instance) = other.config.instances.get(position) {
                    router.push(Seat {
                        node: other,
                        instance,
                    });
                }
            }
            routers.push(router);
        }
    }
    routers
}

/// One node's instances by what they can be recognised by.
struct Index<'a> {
    node: &'a Member<'a>,
    by_address: BTreeMap<IpAddr, Vec<usize>>,
    by_vrid: BTreeMap<(u8, crate::Family), Vec<usize>>,
    by_name: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(node: &'a Member<'a>) -> Self {
        let mut index = Self {
            node,
            by_address: BTreeMap::new(),
            by_vrid: BTreeMap::new(),
            by_name: BTreeMap::new(),
        };
        for (position, instance) in node.config.instances.iter().enumerate() {
            for vip in &instance.addresses {
                index
                    .by_address
                    .entry(vip.network.address)
                    .or_default()
                    .push(position);
            }
            let vrid = (instance.vrid.value.get(), instance.family);
            index.by_vrid.entry(vrid).or_default().push(position);
            index
                .by_name
                .entry(&instance.name.value)
                .or_default()
                .push(position);
        }
        index
    }

    /// The free instance that is most like this one of another node.
    fn best(
        &self,
        instance: &VrrpInstance,
        of: &Member<'_>,
        taken: &BTreeSet<usize>,
    ) -> Option<usize> {
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        for vip in &instance.addresses {
            candidates.extend(
                self.by_address
                    .get(&vip.network.address)
                    .into_iter()
                    .flatten(),
            );
        }
        let vrid = (instance.vrid.value.get(), instance.family);
        candidates.extend(self.by_vrid.get(&vrid).into_iter().flatten());
        candidates.extend(
            self.by_name
                .get(instance.name.value.as_str())
                .into_iter()
                .flatten(),
        );
        let alike = |position: &usize| {
            let other = self.node.config.instances.get(*position)?;
            Some((likeness(instance, other)?, *position))
        };
        let free = candidates
            .iter()
            .filter(|position| !taken.contains(position));
        let (best, position) = free
            .filter_map(alike)
            .max_by_key(|(likeness, position)| (*likeness, std::cmp::Reverse(*position)))?;
        // A name alone says little: every tutorial's instance is VI_1.
        let only_ones = of.config.instances.len() == 1 && self.node.config.instances.len() == 1;
        (best > Likeness::Name || only_ones).then_some(position)
    }
}

fn likeness(one: &VrrpInstance, other: &VrrpInstance) -> Option<Likeness> {
    let same_vrid = one.vrid.value == other.vrid.value && one.family == other.family;
    let addresses: BTreeSet<IpAddr> = one
        .addresses
        .iter()
        .map(|vip| vip.network.address)
        .collect();
    let shared = other
        .addresses
        .iter()
        .any(|vip| addresses.contains(&vip.network.address));
    match (shared, same_vrid) {
        (true, true) => Some(Likeness::Both),
        (true, false) => Some(Likeness::Address),
        // A VRID counts per network: with another interface and another name it is likely another router's.
        (false, true) => {
            let name =
                |instance: &VrrpInstance| instance.interface.as_ref().map(|it| it.value.clone());
            let alike = name(one) == name(other) || one.name.value == other.name.value;
            alike.then_some(Likeness::Vrid)
        }
        (false, false) => (one.name.value == other.name.value).then_some(Likeness::Name),
    }
}
