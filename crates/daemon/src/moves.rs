//! What a planned move was like for whoever uses the addresses: from when this node let go of each until the other one was
//! heard announcing it, by the packets' time stamps.

use std::collections::BTreeMap;
use std::net::IpAddr;

use standfast_core::Instant;

/// What happened to an address.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    /// How many orders want to know.
    watchers: usize,
    /// The kernel of this host no longer held it.
    released: Option<Instant>,
    /// Somebody else announced it first.
    announced: Option<Instant>,
}

/// Addresses that are on the move.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    addresses: BTreeMap<IpAddr, Moments>,
}

impl Moves {
    /// From now on these are watched.
    pub(crate) fn watch(&mut self, addresses: impl Iterator<Item = IpAddr>) {
        for address in addresses {
            self.addresses.entry(address).or_default().watchers += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Somebody else claims an address; `heard` is when the packet came.
    pub(crate) fn announced(&mut self, address: IpAddr, heard: Instant) {
        if let Some(moments) = self.addresses.get_mut(&address) {
            moments.announced.get_or_insert(heard);
        }
    }

    /// The kernel has let go of an address.
    pub(crate) fn released(&mut self, address: IpAddr, now: Instant) {
        if let Some(moments) = self.addresses.get_mut(&address) {
            moments.released.get_or_insert(now);
        }
    }

    /// Whether both moments of each of these are known.
    pub(crate) fn are_known(&self, addresses: &[IpAddr]) -> bool {
        let known = |address: &IpAddr| {
            let moments = self.addresses.get(address);
            moments.is_some_and(|it| it.released.is_some() && it.announced.is_some())
        };
        addresses.iter().all(known)
    }

    /// The longest time that nobody answered for one of these addresses, in microseconds; negative: so long both did, at
    /// least. `None` where no announcement was heard.
    pub(crate) fn gap_us(&self, addresses: &[IpAddr]) -> Option<i64> {
        let gaps = addresses.iter().filter_map(|address| {
            let moments = self.addresses.get(address)?;
            let (released, announced) = (moments.released?, moments.announced?);
            let later = i64::try_from(announced.since(released).0).ok()?;
            let earlier = i64::try_from(released.since(announced).0).ok()?;
            Some(later - earlier)
        });
        gaps.max()
    }

    /// An order needs these no more; another one may.
    pub(crate) fn forget(&mut self, addresses: &[IpAddr]) {
        for address in addresses {
            if let Some(moments) = self.addresses.get_mut(address) {
                moments.watchers = moments.watchers.saturating_sub(1);
                if moments.watchers == 0 {
                    self.addresses.remove(address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn the_worst_address_counts_and_an_overlap_is_negative() {
        let mut moves = Moves::default();
        moves.watch([ONE, OTHER].into_iter());
        moves.announced(ONE, Instant(1_000));
        moves.announced(ONE, Instant(9_000));
        moves.released(ONE, Instant(4_000));
        assert_eq!(moves.gap_us(&[ONE, OTHER]), Some(-3_000));
        assert!(!moves.are_known(&[ONE, OTHER]));
        moves.released(OTHER, Instant(4_000));
        moves.announced(OTHER, Instant(4_500));
        assert_eq!(moves.gap_us(&[ONE, OTHER]), Some(500));
        assert!(moves.are_known(&[ONE, OTHER]));
        moves.forget(&[ONE, OTHER]);
        assert!(moves.is_empty());
        assert_eq!(moves.gap_us(&[ONE]), None);
    }

    #[test]
    fn an_order_that_is_refused_meanwhile_takes_nothing_from_the_one_that_goes_on() {
        let mut moves = Moves::default();
        moves.watch([ONE].into_iter());
        moves.announced(ONE, Instant(1_000));
        moves.watch([ONE].into_iter());
        moves.forget(&[ONE]);
        moves.released(ONE, Instant(4_000));
        assert_eq!(moves.gap_us(&[ONE]), Some(-3_000));
        moves.forget(&[ONE]);
        assert!(moves.is_empty());
    }
}
