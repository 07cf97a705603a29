//! What the node decides becomes system calls.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;

use standfast_core::input::{Change, CheckId, Datagram, Errno, InterfaceIndex, RouterId};
use standfast_core::journal::{Entry, Event, Level};
use standfast_core::node::PACKET_LENGTH;
use standfast_core::router::{Router, State};
use standfast_core::spec::{CheckKind, Family, Fixture, VirtualAddress};
use standfast_core::steering::{Answer, Drain, OrderId};
use standfast_core::{Input, Instant, Node, Output};
use standfast_linux::Error;
use standfast_linux::clock::monotonic;
use standfast_linux::netlink::{AddressChange, Change as KernelChange, Commands, RoutingRequest};
use standfast_wire::vrrp::Priority;

use crate::announce::{Announcer, Frame, probe};
use crate::chronicle::Chronicle;
use crate::firewall::Firewall;
use crate::kernel_changes::address_change;
use crate::log::Logger;
use crate::lower::Entries;
use crate::moves::Moves;
use crate::pacing::{BURST, Bursts, Pacing, Waiting};
use crate::peer_ports::{SendFailures, tells_of_routers};
use crate::ports::{PortKey, Ports, VrrpPort, interface};
use crate::record::{Contents, Record};
use crate::routing;
use crate::runner::{Job, Runner};
use crate::track::Asker;
use crate::work::{Encoded, Operation, Repetition, Turn, Work, WorkQueue};

/// Advertisements of one round, sent together.
#[derive(Default)]
struct Outbox {
    bytes: Vec<u8>,
    packets: Vec<(PortKey, Range<usize>)>,
    /// Probes for other holders, before the advertisements.
    probes: Vec<(InterfaceIndex, Frame)>,
    /// Of the router whose turn it is; kept for its room.
    destinations: Vec<IpAddr>,
}

impl Outbox {
    fn probe(&mut self, interface: InterfaceIndex, frame: Option<Frame>) {
        self.probes.extend(frame.map(|frame| (interface, frame)));
    }

    fn extend(&mut self, packets: Vec<Encoded>) {
        for (key, packet) in packets {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&packet);
            self.packets.push((key, start..self.bytes.len()));
        }
    }
}

/// Carries out outputs.
pub(crate) struct Effects {
    commands: Commands,
    /// What routes and rules are.
    pub(crate) entries: Entries,
    outbox: Outbox,
    work: WorkQueue,
    /// Of advertisements, by port.
    bursts: BTreeMap<PortKey, Bursts>,
    /// Of announcements.
    pub(crate) pacing: Pacing,
    /// `-V`: addresses stay when the daemon ends.
    pub(crate) keep_addresses: bool,
    /// `log_unknown_vrids`
    pub(crate) log_unknown_vrids: bool,
    record: Record,
    /// Drop rules of addresses that accept nothing.
    pub(crate) firewall: Firewall,
    /// Something that the supervisor or the record must know has changed.
    pub(crate) holdings_changed: bool,
    pub(crate) stopped: bool,
    logger: Logger,
    chronicle: Chronicle,
    send_failures: u64,
    /// Who makes the requests of built-in checks.
    pub(crate) asker: Asker,
    peer_failures: SendFailures,
    /// Addresses on the move.
    pub(crate) moves: Moves,
    /// Answers to orders.
    pub(crate) answers: Vec<(OrderId, Answer)>,
    /// The drain that a restart is to begin with, if it has changed.
    pub(crate) drained: Option<Option<Drain>>,
}

impl Effects {
    pub(crate) fn new(
        record: Record,
        distinction: Option<&str>,
        logger: Logger,
        chronicle: Chronicle,
    ) -> Result<Self, Error> {
        Ok(Effects {
            commands: Commands::open()?,
            entries: Entries::new(),
            outbox: Outbox::default(),
            work: WorkQueue::default(),
            bursts: BTreeMap::new(),
            pacing: Pacing::default(),
            keep_addresses: false,
            log_unknown_vrids: false,
            record,
            firewall: Firewall::new(distinction, logger.clone()),
            holdings_changed: false,
            stopped: false,
            logger,
            chronicle,
            send_failures: 0,
            asker: Asker::default(),
            peer_failures: SendFailures::default(),
            moves: Moves::default(),
            answers: Vec::new(),
            drained: None,
        })
    }

    /// `vrrp_netlink_cmd_rcv_bufs`
    pub(crate) fn size_command_buffer(&mut self, bytes: u32) -> Result<(), Error> {
        self.commands.set_receive_buffer(bytes)
    }

    fn run_check(&self, check: CheckId, node: &Node, runner: &Runner) {
        match node.check(check).map(|known| known.spec.kind) {
            Some(CheckKind::Request) => self.asker.ask(check),
            Some(CheckKind::Script | CheckKind::Process) | None => runner.submit(Job::Check(check)),
        }
    }

    /// Whether an earlier run of ours has added this address.
    pub(crate) fn is_recorded(&self, interface: &str, address: IpAddr, prefix: u8) -> bool {
        self.record.contains(interface, address, prefix)
    }

    /// Removes what an earlier run has added and nobody is configured to hold any more.
    pub(crate) fn remove_forgotten(&mut self, node: &Node) {
        let is_static = |interface: &str, address: IpAddr, prefix: u8| {
            let same = |held: &VirtualAddress| held.address == address && held.prefix == prefix;
            node.static_addresses()
                .any(|held| same(held) && held.interface.as_deref() == Some(interface))
        };
        let wanted = |interface: &str, address: IpAddr, prefix: u8| {
            is_static(interface, address, prefix)
                || node.routers().any(|router| {
                    router.spec().all_addresses().any(|held| {
                        let name = held.interface.as_ref().unwrap_or(&router.spec().interface);
                        name == interface && held.address == address && held.prefix == prefix
                    })
                })
        };
        self.remove_forgotten_fixtures(node);
        let forgotten: Vec<AddressChange> = self
            .record
            .held()
            .filter(|(interface, address, prefix)| !wanted(interface, *address, *prefix))
            .filter_map(|held| {
                let (index, _) = node.interfaces().named(&held.0)?;
                let interface = interface(node, index)?;
                Some(self.record.removal(held, interface))
            })
            .collect();
        for change in &forgotten {
            let (address, name) = (change.host.address(), change.interface.name);
            let text = format!("removing {address} from {name}: an earlier run has left it there");
            self.logger.log(Level::Info, text);
        }
        // What is gone already needs no removal.
        self.commands.apply(&forgotten, &mut Vec::new());
    }

    /// Carries out what the node wants, in order; what takes time waits for [`Effects::work`].
    pub(crate) fn carry_out(
        &mut self,
        now: Instant,
        node: &mut Node,
        ports: &Ports,
        runner: &Runner,
    ) {
        while let Some(output) = node.poll_output() {
            match output {
                Output::Advertise { router, priority } if self.work.removes() => {
                    let packets = self.encoded(router, priority, node);
                    self.work.push(Work::Advertise(packets));
                }
                Output::Advertise { router, priority } => {
                    self.advertise(router, priority, node);
                    if self.outbox.packets.len() >= BURST {
                        self.flush(now, ports);
                    }
                }
                Output::Announce {
                    router,
                    addresses,
                    rounds,
                } => {
                    self.flush(now, ports);
                    self.announce(now, router, &addresses, rounds, node, ports);
                }
                Output::Peer(message) => self.tell_peer(message, ports),
                Output::Probe { interface, address } => {
                    let frame = probe(node, interface, address);
                    self.outbox.probe(interface, frame);
                }
                Output::Kernel {
                    operation,
                    change,
                    addresses,
                    fixtures,
                } => {
                    let changes = self.kernel_changes(change, &addresses, &fixtures, node);
                    self.work.push(Work::Kernel(Operation {
                        id: operation,
                        change,
                        addresses,
                        changes,
                    }));
                }
                Output::RunCheck(check) => self.run_check(check, node, runner),
                Output::Repair(check) => runner.submit(Job::Repair(check)),
                Output::Notify {
                    router,
                    event,
                    priority,
                    wait,
                } => {
                    if let Some(known) = node.router(router) {
                        let name = known.spec().name.clone();
                        let job = Job::Notify {
                            router,
                            name,
                            event,
                            priority,
                            wait,
                        };
                        self.tell(job, runner);
                    }
                }
                Output::NotifyGroup { group, event } => {
                    self.tell(Job::NotifyGroup { group, event }, runner);
                }
                Output::Answer { order, answer } => self.answers.push((order, answer)),
                Output::Drain(drain) => self.drained = Some(drain),
                Output::Event(entry) => self.log(entry),
                Output::Stopped if self.work.is_busy() => self.work.push(Work::Stopped),
                Output::Stopped => self.stopped = true,
            }
        }
        self.flush(now, ports);
    }

    pub(crate) fn log(&mut self, entry: Entry) {
        let level = match entry.event {
            Event::UnknownVrid { .. } if self.log_unknown_vrids => Level::Info,
            _ => entry.event.level(),
        };
        if self.logger.wants(level) {
            self.logger.log(level, entry.to_string());
        }
        self.chronicle.tell(entry);
        self.holdings_changed = true;
    }

    /// Scripts find the addresses as they are told.
    fn tell(&mut self, job: Job, runner: &Runner) {
        if self.work.is_busy() {
            self.work.push(Work::Tell(job));
        } else {
            runner.submit(job);
        }
    }

    /// Whether [`Effects::work`] has something to do.
    pub(crate) fn has_work(&self) -> bool {
        !self.work.is_empty()
    }

    /// Does a millisecond's part of the work that waits, and what follows from it.
    pub(crate) fn work(&mut self, now: Instant, node: &mut Node, ports: &Ports, runner: &Runner) {
        let Turn { operations, then } = self.work.take();
        self.change(now, operations, node);
        for work in then {
            match work {
                Work::Kernel(operation) => self.change(now, vec![operation], node),
                Work::Tell(job) => runner.submit(job),
                Work::Advertise(packets) => self.outbox.extend(packets),
                Work::Say(message) => self.send_to_node(&message, ports),
                Work::Repeat(repetition) => self.repeat(&repetition, node, ports),
                Work::Stopped => self.stopped = true,
            }
        }
        self.carry_out(now, node, ports, runner);
    }

    pub(crate) fn says_later(&self) -> bool {
        self.work.speaks()
    }

    /// Does all work that waits.
    pub(crate) fn finish_work(&mut self, node: &mut Node, ports: &Ports, runner: &Runner) {
        while self.has_work() {
            let now = Instant(monotonic().0);
            self.work(now, node, ports, runner);
            self.send_bursts(now, ports);
        }
    }

    /// What is said after a removal must not be heard before it.
    fn tell_peer(&mut self, message: Datagram, ports: &Ports) {
        if self.work.removes() && tells_of_routers(&message) {
            self.work.push(Work::Say(message));
        } else {
            self.send_to_node(&message, ports);
        }
    }

    fn send_to_node(&mut self, message: &Datagram, ports: &Ports) {
        if let Err(error) = ports.peers.send(message)
            && let Some(text) = self.peer_failures.note(message.interface, &error)
        {
            self.logger.log(Level::Warning, text);
        }
    }

    /// The packets of an advertisement that has to wait: a router that has let go is forgotten by then.
    fn encoded(&mut self, router: RouterId, priority: Priority, node: &mut Node) -> Vec<Encoded> {
        let before = self.outbox.packets.len();
        self.advertise(router, priority, node);
        let Outbox { packets, bytes, .. } = &mut self.outbox;
        let start = packets.get(before).map_or(bytes.len(), |(_, it)| it.start);
        let encoded = packets
            .drain(before..)
            .filter_map(|(key, range)| Some((key, bytes.get(range)?.to_vec())))
            .collect();
        bytes.truncate(start);
        encoded
    }

    fn advertise(&mut self, router: RouterId, priority: Priority, node: &mut Node) {
        let Some(known) = node.router(router) else {
            return;
        };
        let (Some(index), Some(address)) = (known.interface(), known.listens_at()) else {
            return;
        };
        let floor = known.sequence_floor();
        self.outbox.destinations.clear();
        self.outbox.destinations.extend(known.destinations());
        for to in &self.outbox.destinations {
            let start = self.outbox.bytes.len();
            self.outbox.bytes.resize(start + PACKET_LENGTH, 0);
            let space = self.outbox.bytes.get_mut(start..).unwrap_or_default();
            let length = node.encode(router, priority, *to, space).unwrap_or(0);
            self.outbox.bytes.truncate(start + length);
            if length > 0 {
                self.outbox
                    .packets
                    .push(((index, address), start..start + length));
            }
        }
        // The supervisor has to know which numbers may be used up.
        let renewed = node.router(router).map(Router::sequence_floor);
        self.holdings_changed |= renewed.is_some_and(|renewed| renewed != floor);
    }

    /// Sends the advertisements gathered so far, as many at once as a peer can take.
    fn flush(&mut self, now: Instant, ports: &Ports) {
        self.send_probes(ports);
        let packets = std::mem::take(&mut self.outbox.packets);
        let bytes = std::mem::take(&mut self.outbox.bytes);
        for group in packets.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((key, _)) = group.first() else {
                continue;
            };
            let slices: Vec<&[u8]> = group
                .iter()
                .filter_map(|(_, range)| bytes.get(range.clone()))
                .collect();
            let bursts = self.bursts.entry(*key).or_default();
            let allowed = bursts.allow(now, slices.len());
            let (at_once, later) = slices.split_at(allowed.min(slices.len()));
            later.iter().for_each(|packet| bursts.keep(packet));
            self.send(*key, at_once, ports);
        }
        // The buffers are kept for the next round.
        self.outbox.bytes = bytes;
        self.outbox.bytes.clear();
        self.outbox.packets = packets;
        self.outbox.packets.clear();
    }

    fn send_probes(&mut self, ports: &Ports) {
        let mut probes = std::mem::take(&mut self.outbox.probes);
        let alike = |(one, first): &(InterfaceIndex, Frame), (other, next): &(_, Frame)| {
            one == other && first.family() == next.family()
        };
        for together in probes.chunk_by(alike) {
            if let Some((index, first)) = together.first() {
                let frames: Vec<&[u8]> = together.iter().map(|(_, frame)| frame.bytes()).collect();
                self.send_frames(*index, first.family(), &frames, ports);
            }
        }
        probes.clear();
        self.outbox.probes = probes;
    }

    fn send(&mut self, key: PortKey, packets: &[&[u8]], ports: &Ports) {
        let Some(port) = ports.vrrp.get(&key) else {
            return;
        };
        if key.1.is_multicast() {
            if let Some(error) = port.sender.send(packets).failure {
                self.report_send_failure(&error);
            }
            return;
        }
        for packet in packets {
            if let Some(error) = send_to_peer(port, packet) {
                self.report_send_failure(&error);
            }
        }
    }

    /// Sends the advertisements whose burst has come.
    fn send_bursts(&mut self, now: Instant, ports: &Ports) {
        let mut bursts = std::mem::take(&mut self.bursts);
        for (key, waiting) in &mut bursts {
            let packets = waiting.take(now);
            let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
            self.send(*key, &packets, ports);
        }
        bursts.retain(|key, _| ports.vrrp.contains_key(key));
        self.bursts = bursts;
    }

    /// The loop has ended: sends what still waits, which takes milliseconds.
    pub(crate) fn send_rest(&mut self, ports: &Ports) {
        while let Some(due) = self.bursts.values().filter_map(Bursts::next).min() {
            let now = Instant(monotonic().0);
            std::thread::sleep(std::time::Duration::from_micros(due.since(now).0));
            self.send_bursts(Instant(monotonic().0), ports);
        }
    }

    /// A link that is down is no news; everything else is reported, every power of two.
    fn report_send_failure(&mut self, error: &Error) {
        self.send_failures += 1;
        if self.send_failures.is_power_of_two() {
            let text = format!("{error} ({} failures so far)", self.send_failures);
            self.logger.log(Level::Warning, text);
        }
    }

    fn announce(
        &mut self,
        now: Instant,
        router: RouterId,
        addresses: &[(InterfaceIndex, IpAddr)],
        rounds: u16,
        node: &Node,
        ports: &Ports,
    ) {
        let interfaces = node.interfaces();
        let name = |index| Some(interfaces.get(index)?.name.as_str());
        let addresses = self.pacing.queue(router, addresses, rounds, name);
        self.send_announcements(now, node, ports);
        // While addresses wait to be added the first announcement is enough; the others come after them.
        let at_once = if self.work.is_busy() {
            rounds.min(1)
        } else {
            rounds
        };
        self.announce_at_once(&addresses, at_once, node, ports);
        if rounds > at_once && !addresses.is_empty() {
            self.work.push(Work::Repeat(Repetition {
                router,
                addresses,
                rounds: rounds - at_once,
            }));
        }
    }

    /// Announces again what the router still holds.
    fn repeat(&mut self, repetition: &Repetition, node: &Node, ports: &Ports) {
        let router = node.router(repetition.router);
        let Some(router) = router.filter(|router| router.state() == State::Active) else {
            return;
        };
        let held: BTreeSet<IpAddr> = router
            .addresses()
            .filter(|(_, held)| *held)
            .map(|(address, _)| address.address)
            .chain(router.source())
            .collect();
        let all = repetition.addresses.iter().copied();
        let still: Vec<_> = all.filter(|(_, address)| held.contains(address)).collect();
        self.announce_at_once(&still, repetition.rounds, node, ports);
    }

    fn announce_at_once(
        &mut self,
        addresses: &[(InterfaceIndex, IpAddr)],
        rounds: u16,
        node: &Node,
        ports: &Ports,
    ) {
        for on_one in addresses.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((index, _)) = on_one.first() else {
                continue;
            };
            let mut announcer = Announcer::new(node, *index);
            let frames: Vec<Frame> = on_one
                .iter()
                .filter_map(|(_, address)| announcer.announcement(*address))
                .collect();
            for family in [Family::V4, Family::V6] {
                let of_family = frames.iter().filter(|frame| frame.family() == family);
                let once: Vec<&[u8]> = of_family.map(Frame::bytes).collect();
                let burst = once.repeat(usize::from(rounds));
                self.send_frames(*index, family, &burst, ports);
            }
        }
    }

    fn send_frame(&mut self, index: InterfaceIndex, frame: &Frame, ports: &Ports) {
        self.send_frames(index, frame.family(), &[frame.bytes()], ports);
    }

    fn send_frames(
        &mut self,
        index: InterfaceIndex,
        family: Family,
        frames: &[&[u8]],
        ports: &Ports,
    ) {
        let sent = match family {
            _ if frames.is_empty() => None,
            Family::V4 => ports.arp.get(&index).map(|port| port.socket.send(frames)),
            Family::V6 => ports.ndp.get(&index).map(|port| port.socket.send(frames)),
        };
        if let Some(error) = sent.and_then(|sent| sent.failure) {
            self.report_send_failure(&error);
        }
    }

    /// Sends the advertisements and announcements whose turn has come.
    pub(crate) fn send_paced(&mut self, now: Instant, node: &Node, ports: &Ports) {
        self.send_bursts(now, ports);
        self.send_announcements(now, node, ports);
    }

    /// Announcements of what a router does not hold any more are not ours to send.
    fn send_announcements(&mut self, now: Instant, node: &Node, ports: &Ports) {
        let wanted = |waiting: &Waiting| {
            node.router(waiting.router).is_some_and(|router| {
                let mut held = router.addresses().filter(|(_, held)| *held);
                let is_own = router.source() == Some(waiting.address);
                let is_virtual = held.any(|(address, _)| address.address == waiting.address);
                is_own || (router.state() == State::Active && is_virtual)
            })
        };
        while let Some((turn, next)) = self.pacing.pop(now, wanted) {
            let frame = Announcer::new(node, next.interface).announcement(next.address);
            if let Some(frame) = frame {
                self.send_frame(next.interface, &frame, ports);
            }
            self.pacing.sent(turn, Instant(monotonic().0));
        }
    }

    /// When something that was held back is due.
    pub(crate) fn next_paced(&self) -> Option<Instant> {
        let bursts = self.bursts.values().filter_map(Bursts::next).min();
        bursts.into_iter().chain(self.pacing.next()).min()
    }

    /// One request for all: routes and rules after the addresses, or before them where they go; `None` for what
    /// needs an interface that is gone.
    fn kernel_changes(
        &self,
        change: Change,
        addresses: &[(InterfaceIndex, VirtualAddress)],
        fixtures: &[Fixture],
        node: &Node,
    ) -> Vec<Option<KernelChange>> {
        let addresses = addresses.iter().map(|(index, address)| {
            address_change(node, change, *index, address).map(KernelChange::Address)
        });
        let fixtures = fixtures.iter().map(|fixture| {
            let request = match change {
                Change::Add => routing::addition(&self.entries, fixture, node),
                Change::Remove => routing::removal(&self.entries, fixture, node),
            };
            request.map(KernelChange::Routing)
        });
        addresses.chain(fixtures).collect()
    }

    /// Asks the kernel for these changes of one kind in one request, and tells the node of each operation's end.
    fn change(&mut self, now: Instant, operations: Vec<Operation>, node: &mut Node) {
        let Some(change) = operations.first().map(|operation| operation.change) else {
            return;
        };
        let keep = self.keep_addresses && stays(change, node.is_stopping());
        // No packet meets an address without its drop rule.
        if change == Change::Add {
            for operation in &operations {
                self.firewall.before_adding(&operation.addresses);
            }
        }
        let all = operations.iter().flat_map(|operation| &operation.changes);
        let changes: Vec<&Option<KernelChange>> = all.collect();
        let mut results: Vec<Result<(), Errno>> = changes
            .iter()
            .map(|change| match change {
                Some(_) => Ok(()),
                None => Err(Errno::ENODEV),
            })
            .collect();
        if !keep {
            self.apply(change, &changes, &mut results);
        }
        self.holdings_changed = true;
        let mut results = results.into_iter();
        for Operation {
            id: operation,
            addresses,
            changes,
            ..
        } in operations
        {
            let results: Vec<_> = results.by_ref().take(changes.len()).collect();
            if change == Change::Remove && !keep {
                let gone = addresses.iter().zip(&results).filter(|(_, result)| {
                    let absent = [Err(Errno::EADDRNOTAVAIL), Err(Errno::ENODEV)];
                    result.is_ok() || absent.contains(result)
                });
                if !self.moves.is_empty() {
                    for (held, _) in gone.clone() {
                        self.moves.released(held.1.address, now);
                    }
                }
                self.firewall.after_removing(gone.map(|(held, _)| held));
            }
            node.handle_input(now, Input::KernelDone { operation, results });
        }
    }

    /// Routes and rules come after the addresses that they need, and go before them.
    fn apply(
        &mut self,
        change: Change,
        changes: &[&Option<KernelChange>],
        results: &mut [Result<(), Errno>],
    ) {
        let mut wanted: Vec<(usize, &KernelChange)> = changes
            .iter()
            .enumerate()
            .filter_map(|(position, change)| Some((position, change.as_ref()?)))
            .collect();
        if change == Change::Remove {
            wanted.sort_by_key(|(_, change)| matches!(change, KernelChange::Address(_)));
        }
        let (positions, wanted): (Vec<usize>, Vec<KernelChange>) = wanted
            .into_iter()
            .map(|(position, change)| (position, change.clone()))
            .unzip();
        let mut answers = Vec::with_capacity(wanted.len());
        self.commands.apply_changes(&wanted, &mut answers);
        for (position, answer) in positions.into_iter().zip(answers) {
            if let (Some(result), Err(error)) = (results.get_mut(position), answer) {
                *result = Err(Errno(error.errno.0));
            }
        }
    }

    /// Removes all routes and rules that an earlier run has left: what is wanted comes anew.
    pub(crate) fn remove_recorded_fixtures(&mut self) {
        let recorded: Vec<RoutingRequest> = self.record.removals().cloned().collect();
        self.commands.apply_routing(&recorded, &mut Vec::new());
    }

    /// Removes routes and rules that an earlier run has left and nobody is configured to hold any more.
    fn remove_forgotten_fixtures(&mut self, node: &Node) {
        let wanted: BTreeSet<RoutingRequest> = node
            .fixtures()
            .filter_map(|(fixture, _)| routing::removal(&self.entries, fixture, node))
            .collect();
        let forgotten: Vec<RoutingRequest> = self.record.removals().cloned().collect();
        let forgotten: Vec<RoutingRequest> = forgotten
            .into_iter()
            .filter(|request| !wanted.contains(request))
            .collect();
        if !forgotten.is_empty() {
            let count = forgotten.len();
            let text = format!("removing {count} routes and rules: an earlier run has left them");
            self.logger.log(Level::Info, text);
        }
        // What is gone already needs no removal.
        self.commands.apply_routing(&forgotten, &mut Vec::new());
    }

    /// Writes down which addresses are ours; failures are reported and harmless until a crash.
    pub(crate) fn write_record(&mut self, node: &Node) {
        let mut contents = Contents::default();
        for (index, address) in node.removable_addresses() {
            if let Some(known) = node.interfaces().get(index) {
                let held = (known.name.clone(), address.address, address.prefix);
                let peer = address.peer.map(|(peer, _)| (held.clone(), peer));
                contents.peers.extend(peer);
                contents.held.insert(held);
            }
        }
        contents.removals = node
            .removable_fixtures()
            .filter_map(|it| routing::removal(&self.entries, it, node))
            .collect();
        if let Err(error) = self.record.write(contents) {
            let text = format!("cannot write down the addresses that are ours: {error}");
            self.logger.log(Level::Warning, text);
        }
    }
}

/// Sends one packet to a unicast peer. What a socket reports may be an older packet's failure, such as a peer that is not
/// there, and this one was not sent then: it gets a second try.
fn send_to_peer(port: &VrrpPort, packet: &[u8]) -> Option<Error> {
    let send = || port.sender.send(&[packet]).failure;
    send().and_then(|_| send())
}

/// What `-V` leaves on the host: what would be removed because the daemon stops, and nothing else. A
/// Backup that kept its addresses would answer beside the new master.
fn stays(change: Change, stopping: bool) -> bool {
    stopping && change == Change::Remove
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_by_a_stop_and_not_by_a_backup() {
        assert!(stays(Change::Remove, true));
        assert!(!stays(Change::Remove, false));
        assert!(!stays(Change::Add, true));
    }
}
