//! What the kernel says of links, addresses and clocks becomes inputs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use standfast_core::input::{HostAddress, InterfaceIndex, Link, Origin};
use standfast_core::journal::Level;
use standfast_core::{Input, Instant, Micros};
use standfast_linux::clock::{boottime, monotonic, realtime};
use standfast_linux::netlink::{AddressFlags, AddressProtocol, Event, RoutingTables};
use standfast_wire::MacAddress;

use super::{Worker, now};
use crate::routing;

/// Reads of some hundred events each before the timers get their turn; what is left wakes the loop again.
const READS_PER_TURN: usize = 4;
/// A step of the boot clock below this is no sleep.
const CLOCK_STEP: Micros = Micros::from_millis(500);

impl Worker {
    pub(super) fn observe_everything(&mut self) {
        let mut events = Vec::new();
        match self.monitor.dump(&mut events) {
            Ok(()) => self.observe(&events),
            Err(error) => self.logger.log(Level::Error, error.to_string()),
        }
    }

    pub(super) fn read_netlink(&mut self) {
        let mut events = Vec::new();
        for _ in 0..READS_PER_TURN {
            match self.monitor.next_events(&mut events) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.logger.log(Level::Error, error.to_string());
                    break;
                }
            }
        }
        if events.contains(&Event::Overrun) {
            self.logger.log(
                Level::Warning,
                "Netlink: events were lost, reading all again".into(),
            );
            events.clear();
            match self.monitor.dump(&mut events) {
                Ok(()) => self.forget_what_is_gone(&events),
                Err(error) => self.logger.log(Level::Error, error.to_string()),
            }
        }
        self.observe(&events);
        if self.concerns_ports(&events) {
            self.say_what_waits();
            self.synchronize_ports();
        }
        self.repair_links(&events);
        // The kernel does not tell of routes that go with a link or an address.
        let takes_routes = |event: &Event| match event {
            Event::Link(_) | Event::LinkRemoved { .. } | Event::Overrun => true,
            Event::Address(event) => !event.added,
        };
        if events.iter().any(takes_routes) {
            self.watch.suspect(now());
        }
    }

    /// A thousand virtual addresses that come change nothing of what is heard where, unless a unicast router sends from
    /// its own.
    fn concerns_ports(&self, events: &[Event]) -> bool {
        let host = |event: &Event| match event {
            Event::Address(event) => !self.node.is_virtual(event.address),
            Event::Link(_) | Event::LinkRemoved { .. } | Event::Overrun => true,
        };
        let mut routers = self.node.routers();
        events.iter().any(host)
            || self.node.routers().count() != self.ports.routers
            || routers.any(|router| router.spec().unicast.is_some())
    }

    pub(super) fn read_routing(&mut self) {
        match self.routing.drain() {
            Ok(true) => self.watch.suspect(now()),
            Ok(false) => {}
            Err(error) => self.logger.log(Level::Error, error.to_string()),
        }
    }

    /// Looks for routes and rules that something else has deleted, when there is a reason to.
    pub(super) fn look_at_routing(&mut self, now: Instant) {
        if !self.watch.take(now) || routing::watched(&self.node).next().is_none() {
            return;
        }
        match RoutingTables::read() {
            Ok(tables) => {
                let missing = routing::missing(&self.effects.entries, &self.node, &tables);
                if !missing.is_empty() {
                    self.give(Input::FixturesMissing(missing));
                }
            }
            Err(error) => self.logger.log(Level::Error, error.to_string()),
        }
    }

    /// What we know and a complete dump does not show went away while events were lost.
    fn forget_what_is_gone(&mut self, dump: &[Event]) {
        let mut links = BTreeSet::new();
        let mut addresses = BTreeSet::new();
        for event in dump {
            match event {
                Event::Link(link) => drop(links.insert(link.index)),
                Event::Address(held) => {
                    addresses.insert((held.index, held.address, held.prefix));
                }
                Event::LinkRemoved { .. } | Event::Overrun => {}
            }
        }
        let mut gone = Vec::new();
        for (index, interface) in self.node.interfaces().iter() {
            if !links.contains(&index.0) {
                gone.push(Input::LinkRemoved(index));
                continue;
            }
            let missing = interface
                .addresses()
                .iter()
                .filter(|held| !addresses.contains(&(index.0, held.address, held.prefix)));
            gone.extend(missing.map(|held| Input::AddressRemoved(*held)));
        }
        for input in gone {
            self.give(input);
        }
    }

    pub(super) fn observe(&mut self, events: &[Event]) {
        for event in events {
            if let Some(input) = self.input_of(event) {
                self.give(input);
            }
        }
    }

    pub(super) fn input_of(&mut self, event: &Event) -> Option<Input<'static>> {
        match event {
            Event::Link(link) => {
                let up = link.up && link.running;
                self.report_link(InterfaceIndex(link.index), link.name.as_str(), up);
                Some(Input::Link(Link {
                    index: InterfaceIndex(link.index),
                    name: link.name.as_str().to_owned(),
                    up,
                    mac: MacAddress(link.mac.unwrap_or_default()),
                }))
            }
            Event::LinkRemoved { index, .. } => Some(Input::LinkRemoved(InterfaceIndex(*index))),
            // Duplicate address detection still runs, or has failed: nothing can be sent from it yet.
            Event::Address(event)
                if event.added && event.flags.contains(AddressFlags::TENTATIVE) =>
            {
                None
            }
            Event::Address(event) => {
                let interface = InterfaceIndex(event.index);
                let address = HostAddress {
                    interface,
                    address: event.address,
                    prefix: event.prefix,
                    secondary: event.flags.contains(AddressFlags::SECONDARY),
                    origin: self.origin(interface, event.address, event.prefix, event.protocol),
                };
                Some(if event.added {
                    Input::AddressAdded(address)
                } else {
                    Input::AddressRemoved(address)
                })
            }
            Event::Overrun => None,
        }
    }

    /// keepalived's phrase for a link that changes.
    pub(super) fn report_link(&self, index: InterfaceIndex, name: &str, up: bool) {
        let known = self.node.interfaces().get(index);
        if known.is_some_and(|known| known.up != up) {
            let state = if up { "up" } else { "down" };
            self.logger
                .log(Level::Info, format!("Netlink reports {name} {state}"));
        }
    }

    pub(super) fn origin(
        &self,
        interface: InterfaceIndex,
        address: IpAddr,
        prefix: u8,
        protocol: Option<AddressProtocol>,
    ) -> Origin {
        let name = self
            .node
            .interfaces()
            .get(interface)
            .map(|known| known.name.clone());
        let recorded = name.is_some_and(|name| self.effects.is_recorded(&name, address, prefix));
        if !recorded && protocol != Some(AddressProtocol::KEEPALIVED) {
            Origin::Foreign
        } else if self.adopt {
            Origin::Serving
        } else {
            Origin::Stale
        }
    }

    /// A router that has let go is forgotten, and its port closed with the next ones: what it says last goes first.
    pub(super) fn say_what_waits(&mut self) {
        if self.effects.says_later() {
            self.effects
                .finish_work(&mut self.node, &self.ports, &self.runner);
        }
    }

    pub(super) fn synchronize_ports(&mut self) {
        for failure in self.ports.synchronize(&self.node, &self.poller) {
            self.logger.log(Level::Error, failure);
        }
    }

    pub(super) fn compare_clocks(&mut self) {
        let offset = clock_offset();
        let step = u64::try_from((offset - self.clock_offset).unsigned_abs()).unwrap_or(u64::MAX);
        self.clock_offset = offset;
        if Micros(step) > CLOCK_STEP {
            self.give(Input::ClockStep(Micros(step)));
        }
        self.read_wall_clock();
    }

    /// Numbers of signatures follow it.
    pub(super) fn read_wall_clock(&mut self) {
        self.give(Input::WallClock(Micros(realtime().0)));
    }
}

/// Boot time less monotonic time: grows when the host sleeps.
pub(super) fn clock_offset() -> i128 {
    i128::from(boottime().0) - i128::from(monotonic().0)
}
