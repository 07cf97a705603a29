//! The least time between two announcements (`vrrp_garp_interval`, `vrrp_gna_interval`, `garp_group`) and between
//! bursts of advertisements. Nothing here waits: what may not be sent yet stands in a queue until its time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use standfast_config::Config;
use standfast_core::input::{InterfaceIndex, RouterId};
use standfast_core::{Instant, Micros};

/// Announcements that may wait in one queue; past it the oldest repetition is dropped.
const MAX_WAITING: usize = 8192;
/// Advertisements sent at once: the default receive buffer of a peer holds about 256 small packets.
pub(crate) const BURST: usize = 64;
/// Time between bursts.
const BURST_GAP: Micros = Micros::from_millis(1);
/// Packets of bursts that may wait on one port; more go out at once.
const MAX_BURSTS: usize = 16_384;

/// What an announcement is counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Gratuitous ARP.
    Arp,
    /// Unsolicited neighbour advertisement.
    Neighbour,
}

impl Kind {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Kind::Arp,
            IpAddr::V6(_) => Kind::Neighbour,
        }
    }
}

/// Who shares a pace: the interfaces of a `garp_group`, or one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Group(usize),
    Interface(InterfaceIndex),
}

/// One announcement that waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) router: RouterId,
    pub(crate) interface: InterfaceIndex,
    pub(crate) address: IpAddr,
}

/// Which queue an announcement was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn((Lane, Kind));

#[derive(Debug, Default)]
struct Queue {
    interval: Micros,
    /// Nothing is sent before.
    next: Instant,
    /// The first announcement of each address: before all repetitions, also those of other routers.
    first: VecDeque<Waiting>,
    in_first: BTreeSet<(InterfaceIndex, IpAddr)>,
    repetitions: VecDeque<Waiting>,
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.repetitions.is_empty()
    }

    fn push(&mut self, waiting: Waiting, first: bool) {
        if self.first.len() + self.repetitions.len() >= MAX_WAITING
            && self.repetitions.pop_front().is_none()
        {
            self.pop_first();
        }
        if !first {
            self.repetitions.push_back(waiting);
        } else if self.in_first.insert((waiting.interface, waiting.address)) {
            self.first.push_back(waiting);
        }
    }

    fn pop_first(&mut self) -> Option<Waiting> {
        let waiting = self.first.pop_front()?;
        self.in_first.remove(&(waiting.interface, waiting.address));
        Some(waiting)
    }

    fn pop(&mut self) -> Option<Waiting> {
        self.pop_first().or_else(|| self.repetitions.pop_front())
    }
}

/// The paces of all interfaces.
#[derive(Debug, Default)]
pub(crate) struct Pacing {
    garp_interval: Micros,
    na_interval: Micros,
    groups: Vec<(BTreeSet<String>, Micros, Micros)>,
    queues: BTreeMap<(Lane, Kind), Queue>,
}

impl Pacing {
    /// Takes the settings of a configuration; what waits goes on in the new pace.
    pub(crate) fn configure(&mut self, config: &Config) {
        let micros = |time: standfast_config::Micros| Micros(time.get());
        self.garp_interval = micros(config.global.garp.interval);
        self.na_interval = micros(config.global.garp.na_interval);
        self.groups = config
            .garp_groups
            .iter()
            .map(|group| {
                let names = group.interfaces.iter().map(|name| name.value.clone());
                let (garp, na) = (micros(group.garp_interval), micros(group.na_interval));
                (names.collect(), garp, na)
            })
            .collect();
        for ((lane, kind), queue) in &mut self.queues {
            queue.interval = match lane {
                Lane::Group(number) => match (self.groups.get(*number), kind) {
                    (Some((_, garp, _)), Kind::Arp) => *garp,
                    (Some((_, _, na)), Kind::Neighbour) => *na,
                    (None, _) => Micros::ZERO,
                },
                Lane::Interface(_) => match kind {
                    Kind::Arp => self.garp_interval,
                    Kind::Neighbour => self.na_interval,
                },
            };
        }
    }

    /// Whose pace an interface keeps, and how long that is.
    fn lane(&self, interface: InterfaceIndex, name: &str, kind: Kind) -> (Lane, Micros) {
        let mut groups = self.groups.iter().enumerate();
        let group = groups.find(|(_, (names, _, _))| names.contains(name));
        match (group, kind) {
            (Some((number, (_, garp, _))), Kind::Arp) => (Lane::Group(number), *garp),
            (Some((number, (_, _, na))), Kind::Neighbour) => (Lane::Group(number), *na),
            (None, Kind::Arp) => (Lane::Interface(interface), self.garp_interval),
            (None, Kind::Neighbour) => (Lane::Interface(interface), self.na_interval),
        }
    }

    /// Queues what must keep a pace, and gives back what need not.
    pub(crate) fn queue<'n>(
        &mut self,
        router: RouterId,
        addresses: &[(InterfaceIndex, IpAddr)],
        rounds: u16,
        name: impl Fn(InterfaceIndex) -> Option<&'n str>,
    ) -> Vec<(InterfaceIndex, IpAddr)> {
        let mut free = Vec::new();
        let mut paced = Vec::new();
        for (interface, address) in addresses {
            let kind = Kind::of(*address);
            let (lane, interval) =
                self.lane(*interface, name(*interface).unwrap_or_default(), kind);
            if interval == Micros::ZERO {
                free.push((*interface, *address));
            } else {
                let queue = self.queues.entry((lane, kind)).or_default();
                queue.interval = interval;
                let waiting = Waiting {
                    router,
                    interface: *interface,
                    address: *address,
                };
                paced.push(((lane, kind), waiting));
            }
        }
        for round in 0..rounds {
            for (key, waiting) in &paced {
                if let Some(queue) = self.queues.get_mut(key) {
                    queue.push(*waiting, round == 0);
                }
            }
        }
        free
    }

    /// The next announcement whose time has come and that is still wanted, to be followed by [`Pacing::sent`]; what is
    /// not wanted takes no time.
    pub(crate) fn pop(
        &mut self,
        now: Instant,
        wanted: impl Fn(&Waiting) -> bool,
    ) -> Option<(Turn, Waiting)> {
        for (key, queue) in &mut self.queues {
            if queue.next > now {
                continue;
            }
            while let Some(waiting) = queue.pop() {
                if wanted(&waiting) {
                    queue.next = now + queue.interval;
                    return Some((Turn(*key), waiting));
                }
            }
        }
        None
    }

    /// It left at `now`, which is later than it was due where the host is busy: the distance counts from here.
    pub(crate) fn sent(&mut self, turn: Turn, now: Instant) {
        if let Some(queue) = self.queues.get_mut(&turn.0) {
            queue.next = queue.next.max(now + queue.interval);
        }
    }

    /// When something may be sent.
    pub(crate) fn next(&self) -> Option<Instant> {
        let waiting = self.queues.values().filter(|queue| !queue.is_empty());
        waiting.map(|queue| queue.next).min()
    }
}

/// Bursts of advertisements on one port.
#[derive(Debug, Default)]
pub(crate) struct Bursts {
    started: Option<Instant>,
    sent: usize,
    waiting: VecDeque<Vec<u8>>,
}

impl Bursts {
    /// How many packets may go out now; what is beyond them has to be given to [`Bursts::keep`].
    pub(crate) fn allow(&mut self, now: Instant, packets: usize) -> usize {
        if !self.waiting.is_empty() {
            return packets.saturating_sub(MAX_BURSTS.saturating_sub(self.waiting.len()));
        }
        let allowed = self.room(now).min(packets);
        let allowed = allowed.max(packets.saturating_sub(MAX_BURSTS));
        self.sent += allowed;
        allowed
    }

    fn room(&mut self, now: Instant) -> usize {
        if self
            .started
            .is_none_or(|started| now.since(started) >= BURST_GAP)
        {
            self.started = Some(now);
            self.sent = 0;
        }
        BURST.saturating_sub(self.sent)
    }

    /// Puts a packet behind those that wait.
    pub(crate) fn keep(&mut self, packet: &[u8]) {
        self.waiting.push_back(packet.to_vec());
    }

    /// The packets whose time has come.
    pub(crate) fn take(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let count = self.room(now).min(self.waiting.len());
        self.sent += count;
        self.waiting.drain(..count).collect()
    }

    /// When the next ones may go out.
    pub(crate) fn next(&self) -> Option<Instant> {
        let waits = !self.waiting.is_empty();
        waits.then(|| self.started.unwrap_or_default() + BURST_GAP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};

    const ETH0: InterfaceIndex = InterfaceIndex(2);
    const ETH1: InterfaceIndex = InterfaceIndex(3);
    const ETH2: InterfaceIndex = InterfaceIndex(4);

    fn name(index: InterfaceIndex) -> Option<&'static str> {
        Some(match index {
            ETH0 => "eth0",
            ETH1 => "eth1",
            _ => "eth2",
        })
    }

    fn pacing(text: &str) -> Pacing {
        let source = MemorySource::with("/k.conf", text);
        let loaded = load(
            &["/k.conf".into()],
            &source,
            &NoEnvironment,
            &LoadOptions::default(),
        );
        let mut pacing = Pacing::default();
        pacing.configure(&loaded.config);
        pacing
    }

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// Time, interface and address of all that is sent.
    fn run(pacing: &mut Pacing) -> Vec<(u64, u32, IpAddr)> {
        let mut sent = Vec::new();
        while let Some(at) = pacing.next() {
            while let Some((_, waiting)) = pacing.pop(at, |_| true) {
                sent.push((at.0, waiting.interface.0, waiting.address));
            }
        }
        sent
    }

    #[test]
    fn without_a_setting_nothing_waits() {
        let mut pacing = pacing("");
        let all = [(ETH0, v4(1)), (ETH1, v4(2))];
        assert_eq!(pacing.queue(RouterId(0), &all, 5, name), all);
        assert_eq!(pacing.next(), None);
    }

    #[test]
    fn each_interface_keeps_its_pace_and_families_are_apart() {
        let mut pacing = pacing("global_defs {\nvrrp_garp_interval 0.01\n}\n");
        let v6: IpAddr = "fe80::1".parse().unwrap();
        let all = [(ETH0, v4(1)), (ETH0, v4(2)), (ETH1, v4(3)), (ETH1, v6)];
        assert_eq!(pacing.queue(RouterId(0), &all, 2, name), [(ETH1, v6)]);
        let sent = run(&mut pacing);
        let on = |index: u32| -> Vec<(u64, IpAddr)> {
            let there = sent.iter().filter(|(_, interface, _)| *interface == index);
            there.map(|(at, _, address)| (*at, *address)).collect()
        };
        let expected = [
            (0, v4(1)),
            (10_000, v4(2)),
            (20_000, v4(1)),
            (30_000, v4(2)),
        ];
        assert_eq!(on(2), expected);
        assert_eq!(on(3), [(0, v4(3)), (10_000, v4(3))]);
    }

    #[test]
    fn a_group_shares_its_pace() {
        let mut pacing =
            pacing("garp_group {\ngarp_interval 0.1\ninterfaces {\neth0\neth1\n}\n}\n");
        let all = [(ETH0, v4(1)), (ETH1, v4(2)), (ETH2, v4(3))];
        assert_eq!(pacing.queue(RouterId(0), &all, 1, name), [(ETH2, v4(3))]);
        assert_eq!(run(&mut pacing), [(0, 2, v4(1)), (100_000, 3, v4(2))]);
    }

    #[test]
    fn the_first_announcement_of_an_address_is_behind_no_repetition() {
        let mut pacing = pacing("global_defs {\nvrrp_garp_interval 1\n}\n");
        pacing.queue(RouterId(0), &[(ETH0, v4(1))], 5, name);
        pacing.queue(RouterId(1), &[(ETH0, v4(2)), (ETH0, v4(3))], 2, name);
        let order: Vec<IpAddr> = run(&mut pacing).into_iter().map(|(_, _, it)| it).collect();
        let last = |all: &[u8]| all.iter().map(|last| v4(*last)).collect::<Vec<_>>();
        assert_eq!(order, last(&[1, 2, 3, 1, 1, 1, 1, 2, 3]));
    }

    #[test]
    fn what_nobody_wants_any_more_takes_no_time() {
        let mut pacing = pacing("global_defs {\nvrrp_garp_interval 1\n}\n");
        pacing.queue(RouterId(0), &[(ETH0, v4(1)), (ETH0, v4(2))], 2, name);
        let wanted = |waiting: &Waiting| waiting.address == v4(2);
        let (turn, waiting) = pacing.pop(Instant(0), wanted).unwrap();
        assert_eq!(waiting.address, v4(2));
        assert_eq!(pacing.pop(Instant(5), wanted), None);
        assert_eq!(pacing.next(), Some(Instant(1_000_000)));
        pacing.sent(turn, Instant(7));
        assert_eq!(pacing.next(), Some(Instant(1_000_007)));
    }

    #[test]
    fn a_queue_is_bounded_and_loses_repetitions_first() {
        let mut pacing = pacing("global_defs {\nvrrp_garp_interval 1\n}\n");
        let all: Vec<_> = (0..4_000_u32)
            .map(|number| (ETH0, IpAddr::from(number.to_be_bytes())))
            .collect();
        pacing.queue(RouterId(0), &all, 100, name);
        let queue = pacing.queues.values().next().unwrap();
        assert_eq!(queue.first.len(), 4_000);
        assert_eq!(queue.first.len() + queue.repetitions.len(), MAX_WAITING);
    }

    #[test]
    fn advertisements_go_out_64_in_a_millisecond_and_in_order() {
        let mut bursts = Bursts::default();
        assert_eq!(bursts.allow(Instant(0), 10), 10);
        assert_eq!(bursts.allow(Instant(100), 100), 54);
        for number in 54..100_u8 {
            bursts.keep(&[number]);
        }
        // Whoever comes later stands behind.
        assert_eq!(bursts.allow(Instant(200), 30), 0);
        for number in 100..130_u8 {
            bursts.keep(&[number]);
        }
        assert_eq!(bursts.take(Instant(999)), Vec::<Vec<u8>>::new());
        assert_eq!(bursts.next(), Some(Instant(1_000)));
        let first = bursts.take(Instant(1_000));
        assert_eq!((first.len(), first[0][0], first[63][0]), (64, 54, 117));
        assert_eq!(bursts.take(Instant(2_000)).len(), 12);
        assert_eq!(bursts.next(), None);
        assert_eq!(bursts.allow(Instant(2_001), 60), 52);
    }
}
