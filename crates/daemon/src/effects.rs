//! What the node decides becomes system calls.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::ops::Range;

use standfast_core::input::{Change, Errno, InterfaceIndex, OperationId, RouterId};
use standfast_core::journal::{Event, Level};
use standfast_core::spec::VirtualAddress;
use standfast_core::{Input, Instant, Micros, Node, Output};
use standfast_linux::netlink::{
    Action, AddressChange, AddressFlags, Commands, HostAddress, Lifetime, Scope,
};
use standfast_linux::{Error, InterfaceName};
use standfast_wire::arp::Arp;
use standfast_wire::ipv4;
use standfast_wire::vrrp::{MAX_LENGTH, Priority};

use crate::firewall::Firewall;
use crate::log::Logger;
use crate::ports::{PortKey, Ports, VrrpPort, interface};
use crate::record::{Held, Record};
use crate::runner::{Job, Runner};

/// Announcements that may wait for `vrrp_garp_interval`; more are dropped, oldest first.
const PACED_ANNOUNCEMENTS: usize = 4096;

/// Advertisements of one round, sent together.
#[derive(Default)]
struct Outbox {
    bytes: Vec<u8>,
    packets: Vec<(PortKey, Range<usize>)>,
    /// Of the router whose turn it is; kept for its room.
    destinations: Vec<IpAddr>,
}

/// One gratuitous ARP that waits for its turn.
struct Paced {
    router: RouterId,
    interface: InterfaceIndex,
    address: IpAddr,
}

/// Carries out outputs.
pub(crate) struct Effects {
    commands: Commands,
    outbox: Outbox,
    paced: VecDeque<Paced>,
    next_paced: Instant,
    /// `vrrp_garp_interval`; zero: no pacing.
    pub(crate) garp_interval: Micros,
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
    send_failures: u64,
}

impl Effects {
    pub(crate) fn new(record: Record, logger: Logger) -> Result<Self, Error> {
        Ok(Effects {
            commands: Commands::open()?,
            outbox: Outbox::default(),
            paced: VecDeque::new(),
            next_paced: Instant(0),
            garp_interval: Micros::ZERO,
            keep_addresses: false,
            log_unknown_vrids: false,
            record,
            firewall: Firewall::new(logger.clone()),
            holdings_changed: false,
            stopped: false,
            logger,
            send_failures: 0,
        })
    }

    /// Whether an earlier run of ours has added this address.
    pub(crate) fn is_recorded(&self, interface: &str, address: IpAddr, prefix: u8) -> bool {
        self.record.contains(interface, address, prefix)
    }

    /// Removes what an earlier run has added and nobody is configured to hold any more.
    pub(crate) fn remove_forgotten(&mut self, node: &Node) {
        let wanted = |interface: &str, address: IpAddr, prefix: u8| {
            node.routers().any(|router| {
                router.spec().all_addresses().any(|held| {
                    let name = held.interface.as_ref().unwrap_or(&router.spec().interface);
                    name == interface && held.address == address && held.prefix == prefix
                })
            })
        };
        let forgotten: Vec<AddressChange> = self
            .record
            .held()
            .filter(|(interface, address, prefix)| !wanted(interface, *address, *prefix))
            .filter_map(|(interface, address, prefix)| {
                let (index, _) = node.interfaces().named(interface)?;
                let interface = crate::ports::interface(node, index)?;
                Some(AddressChange::new(
                    Action::Remove,
                    interface,
                    *address,
                    *prefix,
                ))
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

    /// Carries out everything that the node wants, in order.
    pub(crate) fn carry_out(
        &mut self,
        now: Instant,
        node: &mut Node,
        ports: &Ports,
        runner: &Runner,
    ) {
        while let Some(output) = node.poll_output() {
            match output {
                Output::Advertise { router, priority } => self.advertise(router, priority, node),
                Output::Announce {
                    router,
                    addresses,
                    rounds,
                } => {
                    self.flush(ports);
                    self.announce(now, router, &addresses, rounds, node, ports);
                }
                Output::Probe { interface, address } => {
                    if let (IpAddr::V4(address), Some(known)) =
                        (address, node.interfaces().get(interface))
                    {
                        let frame = Arp::probe(known.mac, address).emit();
                        self.send_frames(interface, &[&frame], ports);
                    }
                }
                Output::Kernel {
                    operation,
                    change,
                    addresses,
                } => {
                    self.flush(ports);
                    self.change(now, operation, change, &addresses, node);
                }
                Output::RunCheck(check) => runner.submit(Job::Check(check)),
                Output::Notify {
                    router,
                    event,
                    priority,
                    wait,
                } => {
                    if let Some(known) = node.router(router) {
                        runner.submit(Job::Notify {
                            router,
                            name: known.spec().name.clone(),
                            event,
                            priority,
                            wait,
                        });
                    }
                }
                Output::Event(entry) => {
                    let level = match entry.event {
                        Event::UnknownVrid { .. } if self.log_unknown_vrids => Level::Info,
                        _ => entry.event.level(),
                    };
                    if self.logger.wants(level) {
                        self.logger.log(level, entry.to_string());
                    }
                    self.holdings_changed = true;
                }
                Output::Stopped => self.stopped = true,
            }
        }
        self.flush(ports);
    }

    fn advertise(&mut self, router: RouterId, priority: Priority, node: &mut Node) {
        let Some(known) = node.router(router) else {
            return;
        };
        let (Some(index), Some(IpAddr::V4(address))) = (known.interface(), known.listens_at())
        else {
            return;
        };
        self.outbox.destinations.clear();
        self.outbox.destinations.extend(known.destinations());
        for to in &self.outbox.destinations {
            let start = self.outbox.bytes.len();
            self.outbox
                .bytes
                .resize(start + ipv4::HEADER_LENGTH + MAX_LENGTH, 0);
            let space = self.outbox.bytes.get_mut(start..).unwrap_or_default();
            let length = node.encode(router, priority, *to, space).unwrap_or(0);
            self.outbox.bytes.truncate(start + length);
            if length > 0 {
                self.outbox
                    .packets
                    .push(((index, address), start..start + length));
            }
        }
    }

    /// Sends the advertisements gathered so far.
    fn flush(&mut self, ports: &Ports) {
        let packets = std::mem::take(&mut self.outbox.packets);
        let bytes = std::mem::take(&mut self.outbox.bytes);
        for group in packets.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((key, _)) = group.first() else {
                continue;
            };
            let Some(port) = ports.vrrp.get(key) else {
                continue;
            };
            let slices: Vec<&[u8]> = group
                .iter()
                .filter_map(|(_, range)| bytes.get(range.clone()))
                .collect();
            if key.1.is_multicast() {
                if let Some(error) = port.sender.send(&slices).failure {
                    self.report_send_failure(&error);
                }
                continue;
            }
            for slice in slices {
                if let Some(error) = send_to_peer(port, slice) {
                    self.report_send_failure(&error);
                }
            }
        }
        // The buffers are kept for the next round.
        self.outbox.bytes = bytes;
        self.outbox.bytes.clear();
        self.outbox.packets = packets;
        self.outbox.packets.clear();
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
        if self.garp_interval > Micros::ZERO {
            self.pace(now, router, addresses, rounds);
            self.send_paced(now, node, ports);
            return;
        }
        for on_one in addresses.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((index, _)) = on_one.first() else {
                continue;
            };
            let frames: Vec<_> = on_one
                .iter()
                .filter_map(|(index, address)| announcement(node, *index, *address))
                .collect();
            let rounds = usize::from(rounds);
            let burst: Vec<&[u8]> = std::iter::repeat_n(&frames, rounds)
                .flatten()
                .map(|frame| frame.as_slice())
                .collect();
            self.send_frames(*index, &burst, ports);
        }
    }

    fn send_frames(&mut self, index: InterfaceIndex, frames: &[&[u8]], ports: &Ports) {
        if let Some(port) = ports.arp.get(&index)
            && let Some(error) = port.socket.send(frames).failure
        {
            self.report_send_failure(&error);
        }
    }

    fn pace(
        &mut self,
        now: Instant,
        router: RouterId,
        addresses: &[(InterfaceIndex, IpAddr)],
        rounds: u16,
    ) {
        if self.paced.is_empty() {
            self.next_paced = self.next_paced.max(now);
        }
        for _ in 0..rounds {
            for (interface, address) in addresses {
                if self.paced.len() == PACED_ANNOUNCEMENTS {
                    self.paced.pop_front();
                }
                self.paced.push_back(Paced {
                    router,
                    interface: *interface,
                    address: *address,
                });
            }
        }
    }

    /// Sends the announcements whose turn has come; those of a router that is not Active any more
    /// are not ours to send.
    pub(crate) fn send_paced(&mut self, now: Instant, node: &Node, ports: &Ports) {
        while self.next_paced <= now {
            let Some(next) = self.paced.pop_front() else {
                return;
            };
            let active = node
                .router(next.router)
                .is_some_and(|router| router.state() == standfast_core::router::State::Active);
            if !active {
                continue;
            }
            if let Some(frame) = announcement(node, next.interface, next.address) {
                self.send_frames(next.interface, &[&frame], ports);
            }
            self.next_paced = now + self.garp_interval;
        }
    }

    /// When the next paced announcement is due.
    pub(crate) fn next_paced(&self) -> Option<Instant> {
        (!self.paced.is_empty()).then_some(self.next_paced)
    }

    fn change(
        &mut self,
        now: Instant,
        operation: OperationId,
        change: Change,
        addresses: &[(InterfaceIndex, VirtualAddress)],
        node: &mut Node,
    ) {
        let keep = self.keep_addresses && stays(change, node.is_stopping());
        let changes: Vec<Option<AddressChange>> = addresses
            .iter()
            .map(|(index, address)| address_change(node, change, *index, address))
            .collect();
        let wanted: Vec<AddressChange> = if keep {
            Vec::new()
        } else {
            changes.iter().flatten().copied().collect()
        };
        let mut answers = Vec::with_capacity(wanted.len());
        // No packet meets an address without its drop rule.
        if change == Change::Add {
            self.firewall.before_adding(addresses);
        }
        self.commands.apply(&wanted, &mut answers);
        let mut answers = answers.into_iter();
        let results: Vec<Result<(), Errno>> = changes
            .iter()
            .map(|change| match change {
                None => Err(Errno::ENODEV),
                Some(_) if keep => Ok(()),
                Some(_) => match answers.next() {
                    Some(Ok(())) => Ok(()),
                    Some(Err(error)) => Err(Errno(error.errno.0)),
                    None => Err(Errno::ENODEV),
                },
            })
            .collect();
        if change == Change::Remove && !keep {
            let gone = addresses.iter().zip(&results).filter(|(_, result)| {
                let absent = [Err(Errno::EADDRNOTAVAIL), Err(Errno::ENODEV)];
                result.is_ok() || absent.contains(result)
            });
            self.firewall.after_removing(gone.map(|(held, _)| held));
        }
        self.holdings_changed = true;
        node.handle_input(now, Input::KernelDone { operation, results });
    }

    /// Writes down which addresses are ours; failures are reported and harmless until a crash.
    pub(crate) fn write_record(&mut self, node: &Node) {
        let mut held: BTreeSet<Held> = BTreeSet::new();
        for router in node.routers() {
            for (index, address) in router.removable_addresses(node.interfaces()) {
                if let Some(known) = node.interfaces().get(index) {
                    held.insert((known.name.clone(), address.address, address.prefix));
                }
            }
        }
        if let Err(error) = self.record.write(held) {
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

fn announcement(
    node: &Node,
    index: InterfaceIndex,
    address: IpAddr,
) -> Option<[u8; standfast_wire::arp::FRAME_LENGTH]> {
    let IpAddr::V4(address) = address else {
        return None;
    };
    let mac = node.interfaces().get(index)?.mac;
    Some(Arp::announcement(mac, address).emit())
}

fn address_change(
    node: &Node,
    change: Change,
    index: InterfaceIndex,
    address: &VirtualAddress,
) -> Option<AddressChange> {
    let action = match change {
        Change::Add => Action::Add,
        Change::Remove => Action::Remove,
    };
    let interface = interface(node, index)?;
    let mut wanted = AddressChange::new(action, interface, address.address, address.prefix);
    wanted.scope = Scope(address.scope);
    match &mut wanted.host {
        HostAddress::V4 {
            broadcast,
            label,
            peer,
            ..
        } => {
            *broadcast = v4(address.broadcast);
            *label = address
                .label
                .as_ref()
                .and_then(|label| InterfaceName::from_bytes(label.as_bytes()));
            if let Some((IpAddr::V4(other), prefix)) = address.peer {
                *peer = Some(other);
                wanted.prefix = prefix;
            }
        }
        HostAddress::V6 { .. } => {
            // Duplicate address detection would cost a second and fail against the old holder.
            wanted.flags = wanted.flags.with(AddressFlags::NO_DAD);
            if address.prefix == 128 {
                wanted.preferred = Lifetime::Seconds(0);
            }
        }
    }
    Some(wanted)
}

fn v4(address: Option<IpAddr>) -> Option<std::net::Ipv4Addr> {
    match address {
        Some(IpAddr::V4(address)) => Some(address),
        _ => None,
    }
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
