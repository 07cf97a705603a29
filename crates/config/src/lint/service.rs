//! Virtual servers, their real servers and checks.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Lints;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{RealServer, ServerAddress, ServiceIdentity, ServiceProtocol, VirtualServer};
use crate::source::Existence;
use crate::span::Span;

/// Addresses of the virtual servers in keepalived's sample configuration.
const SAMPLE_SERVICES: &[&str] = &["192.168.200.100", "10.10.10.2", "10.10.10.3"];

impl Lints<'_> {
    pub(super) fn services(&mut self) {
        let config = self.config;
        self.same_service();
        self.addresses_nobody_holds();
        for service in &config.virtual_servers {
            self.sample_service(service);
            self.quorum(service);
            self.hysteresis(service);
            self.sorry_server(service);
            for server in &service.real_servers {
                self.real_server(service, server);
            }
        }
    }

    fn same_service(&mut self) {
        type Key<'k> = (&'k ServiceIdentity, Option<ServiceProtocol>);
        let mut seen: BTreeMap<Key<'_>, Span> = BTreeMap::new();
        for service in &self.config.virtual_servers {
            let key = (&service.identity.value, service.protocol);
            if let Some(first) = seen.get(&key) {
                let text = "this virtual server is there already, with the same address, port and protocol";
                let found = Diagnostic::warning(Code::SameService, service.identity.span, text)
                    .label(*first, "the first one")
                    .help("the kernel knows it once: put all real servers into one block");
                self.sink.push(found);
            } else {
                seen.insert(key, service.identity.span);
            }
        }
    }

    /// With virtual addresses in the same file, a service on another address is likely a slip.
    fn addresses_nobody_holds(&mut self) {
        let held: BTreeSet<IpAddr> = self
            .config
            .instances
            .iter()
            .flat_map(|instance| {
                instance
                    .addresses
                    .iter()
                    .chain(&instance.excluded_addresses)
            })
            .chain(
                self.config
                    .static_addresses
                    .iter()
                    .map(|fixed| &fixed.address),
            )
            .map(|vip| vip.network.address)
            .collect();
        if held.is_empty() {
            return;
        }
        for service in &self.config.virtual_servers {
            let ServiceIdentity::Address(ServerAddress { address, .. }) = service.identity.value
            else {
                continue;
            };
            if held.contains(&address) || self.environment.address(address) == Existence::Present {
                continue;
            }
            let text = format!(
                "{address} is in no `virtual_ipaddress` of this file: packets to it may never come here"
            );
            let help =
                "a virtual server distributes what is sent to its address; some node must hold it";
            self.warn(
                Code::ServiceAddressNotHeld,
                service.identity.span,
                text,
                help,
            );
        }
    }

    fn sample_service(&mut self, service: &VirtualServer) {
        let ServiceIdentity::Address(ServerAddress { address, .. }) = service.identity.value else {
            return;
        };
        if SAMPLE_SERVICES.contains(&address.to_string().as_str()) {
            let text = format!(
                "the virtual server {address} is that of the sample configuration, and is really set up"
            );
            self.warn(
                Code::SampleLeftover,
                service.identity.span,
                text,
                "remove the block if it is not yours",
            );
        }
    }

    fn quorum(&mut self, service: &VirtualServer) {
        let weights = service
            .real_servers
            .iter()
            .map(|server| u64::from(server.weight.value));
        let sum: u64 = weights.sum();
        if service.real_servers.is_empty() {
            return;
        }
        let found = if sum == 0 {
            let text = "all real servers have weight 0: none of them gets a connection";
            Diagnostic::warning(Code::NoWeight, service.identity.span, text)
                .help("give at least one a weight of 1 or more")
        } else if u64::from(service.quorum.value) > sum {
            let text = format!(
                "the quorum {} is more than all weights together; keepalived lowers it to {sum}",
                service.quorum.value
            );
            Diagnostic::warning(Code::QuorumUnreachable, service.quorum.span, text).help(
                "one failed server is enough to lose it then: ask for less, or add servers or weight",
            )
        } else {
            return;
        };
        self.say(found.class(KeepalivedClass::Warning));
    }

    fn hysteresis(&mut self, service: &VirtualServer) {
        let (hysteresis, quorum) = (service.hysteresis.value, service.quorum.value);
        if hysteresis > 0 && hysteresis >= quorum {
            let text = format!(
                "a hysteresis of {hysteresis} is not smaller than the quorum {quorum}: 0 is taken"
            );
            let help =
                "the quorum is reached at quorum + hysteresis and lost below quorum - hysteresis";
            self.warn(Code::QuorumUnreachable, service.hysteresis.span, text, help);
        }
    }

    fn sorry_server(&mut self, service: &VirtualServer) {
        let Some(sorry) = &service.sorry_server else {
            return;
        };
        let same = service
            .real_servers
            .iter()
            .find(|server| server.address.value == sorry.address.value);
        if let Some(server) = same {
            let text = "the sorry server is one of the real servers: it is asked to help when it is down itself";
            let found = Diagnostic::warning(Code::SorryIsReal, sorry.address.span, text)
                .label(server.address.span, "the real server")
                .help("name a server that does nothing else, such as one that shows a notice");
            self.say(found);
        }
        if let (ServiceIdentity::Address(_), Some(port), false) = (
            &service.identity.value,
            sorry.address.value.port,
            sorry.port_given,
        ) {
            let text = format!(
                "the sorry server has no port; it gets the service's, {}",
                port.get()
            );
            self.note(
                Code::SorryWithoutPort,
                sorry.address.span,
                text,
                "write the port after its address",
            );
        }
    }

    fn real_server(&mut self, service: &VirtualServer, server: &RealServer) {
        let own = match &service.identity.value {
            ServiceIdentity::Address(own) => Some(*own),
            ServiceIdentity::Mark(_) | ServiceIdentity::Group(_) => None,
        };
        let there = server.address.value;
        if own.is_some_and(|own| own.address == there.address) {
            let text = format!(
                "{} is the virtual server's own address: this server is always the node that holds it",
                there.address
            );
            self.note(
                Code::RealIsVirtual,
                server.address.span,
                text,
                "right where that node serves as well; else write the server's own address",
            );
        }
        self.checkers(server);
    }

    fn checkers(&mut self, server: &RealServer) {
        let address = server.address.value.address;
        match server.checkers.as_slice() {
            [] => {
                let text = format!(
                    "{} has no check: it gets connections also while it is down",
                    address
                );
                self.note(
                    Code::NoChecker,
                    server.address.span,
                    text,
                    "add a TCP_CHECK, or a check of what the service answers",
                );
            }
            [_] => {}
            [_, second, ..] => {
                let text = format!(
                    "{} has {} checks: it is down as soon as one of them fails",
                    address,
                    server.checkers.len()
                );
                self.note(
                    Code::SeveralCheckers,
                    second.span(),
                    text,
                    "that is right where each looks at something else",
                );
            }
        }
    }
}
