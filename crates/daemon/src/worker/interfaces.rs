//! Interfaces of our own and the firewall: ready before a router uses them, gone after the last one.

use std::net::IpAddr;

use standfast_config::Config;
use standfast_core::router::Router;
use standfast_core::spec::RouterSpec;
use standfast_linux::netlink::Event;

use super::{Worker, now};
use crate::lower::VirtualInterfaces;

impl Worker {
    /// Makes interfaces and tables that the routers of a new configuration need, before the node hears of them. What
    /// leaving routers still use stays.
    pub(super) fn prepare_host(
        &mut self,
        config: &Config,
        routers: &[RouterSpec],
        wanted: VirtualInterfaces,
    ) {
        let igmp = config.global.disable_local_igmp;
        self.own_links.disable_local_igmp(igmp);
        self.own_links.want(wanted, routers, &self.node, self.adopt);
        let leaving = self.node.routers().map(Router::spec);
        let all: Vec<&RouterSpec> = routers.iter().chain(leaving).collect();
        self.effects.firewall.configure(
            config,
            &all,
            &self.own_links.pairs(),
            &self.node,
            &mut self.own_links.record,
        );
        self.own_links.set_up();
        // The node knows an interface before it knows the router that uses it.
        self.read_netlink();
    }

    /// The drop rules that the present routers, interfaces and addresses want.
    pub(super) fn configure_firewall(&mut self) {
        let routers: Vec<&RouterSpec> = self.node.routers().map(Router::spec).collect();
        self.effects.firewall.configure(
            &self.config,
            &routers,
            &self.own_links.pairs(),
            &self.node,
            &mut self.own_links.record,
        );
    }

    /// Somebody removed an interface of ours, set it down, or the one below has come back or has its address now.
    pub(super) fn repair_links(&mut self, events: &[Event]) {
        let mut changed = false;
        for event in events {
            if let Event::Address(new) = event
                && new.added
                && matches!(new.address, IpAddr::V6(address) if address.is_unicast_link_local())
            {
                changed |= self.own_links.take_link_local(new.index, &self.node);
            }
        }
        let concerned = events.iter().any(|event| match event {
            Event::Link(link) => self.own_links.concerns(link.name),
            Event::LinkRemoved { name, .. } => self.own_links.concerns(*name),
            Event::Address(_) | Event::Overrun => false,
        });
        changed |= concerned && self.stop_level == 0 && self.own_links.repair(now(), &self.node);
        if changed {
            self.configure_firewall();
        }
    }

    /// Removes interfaces and drop rules that no router uses any more.
    pub(super) fn retire_links(&mut self) {
        let routers = self.node.routers().count();
        let gone = std::mem::replace(&mut self.router_count, routers) > routers;
        if self.own_links.retire(&self.node) || gone {
            self.configure_firewall();
        }
    }

    /// Every router has left: nothing of ours stays on the host, unless addresses are to stay (`-V`).
    pub(super) fn leave_host(&mut self) {
        if self.effects.keep_addresses {
            return;
        }
        self.own_links.remove_all();
        self.effects.firewall.remove(&mut self.own_links.record);
    }
}
