//! Routes and rules together: requests to change them, what the kernel holds, and that something went.

use std::fmt;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use super::commands::{AF_INET, AF_INET6, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST};
use super::message::{Buffer, Message, attributes, number32, read_address};
use super::route::{
    RTA_DST, RTA_GATEWAY, RTA_OIF, RTA_PRIORITY, RTA_TABLE, RTM_DELROUTE, RTM_NEWROUTE, Resolve,
    Route,
};
use super::rule::{
    FRA_DST, FRA_FWMARK, FRA_GOTO, FRA_IIFNAME, FRA_OIFNAME, FRA_PRIORITY, FRA_SRC, FRA_TABLE,
    RTM_DELRULE, RTM_NEWRULE, Rule, RuleAction,
};
use super::socket::{Datagram, Socket};
use crate::filter::Filter;
use crate::{Errno, Error, InterfaceName};

const RTM_GETLINK: u16 = 18;
const RTM_NEWLINK: u16 = 16;
const RTM_GETROUTE: u16 = 26;
const RTM_GETRULE: u16 = 34;
const RTNLGRP_IPV4_ROUTE: u32 = 7;
const RTNLGRP_IPV4_RULE: u32 = 8;
const RTNLGRP_IPV6_ROUTE: u32 = 11;
const RTNLGRP_IPV6_RULE: u32 = 19;
/// linux/if_link.h.
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_VRF_TABLE: u16 = 1;
/// Whose routes and rules are looked at: ours (`RTPROT_KEEPALIVED`).
const OURS: u8 = 18;
/// Length of `struct rtmsg` and of `struct fib_rule_hdr`.
const HEADER_BYTES: usize = 12;
/// Length of `struct ifinfomsg`.
const LINK_HEADER_BYTES: usize = 16;
/// A dump that changes disturb is begun again at most so often.
const DUMP_ATTEMPTS: usize = 5;
/// Datagrams read in one call: each only says that something went.
const DATAGRAMS_PER_CALL: usize = 1024;
/// Bytes of a request that is kept for later: 128 next hops with tunnels take less.
const LONGEST_REQUEST: usize = 32 * 1024;

/// An interface that a route names is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingInterface(pub InterfaceName);

/// A route or a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutingEntry {
    /// A route.
    Route(Box<Route>),
    /// A rule.
    Rule(Box<Rule>),
}

impl RoutingEntry {
    /// The request that adds it; `resolve` knows the interfaces' indexes.
    pub fn addition(
        &self,
        resolve: &dyn Fn(InterfaceName) -> Option<u32>,
    ) -> Result<RoutingRequest, MissingInterface> {
        let (kind, flags, payload) = match self {
            Self::Route(route) => {
                let (flags, payload) = route.addition(resolve)?;
                (RTM_NEWROUTE, flags, payload)
            }
            Self::Rule(rule) => (RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule.payload()),
        };
        Ok(RoutingRequest {
            kind,
            flags,
            payload: payload.bytes().to_vec(),
        })
    }

    /// The request that removes it.
    pub fn removal(&self, resolve: Resolve<'_>) -> Result<RoutingRequest, MissingInterface> {
        let (kind, payload) = match self {
            Self::Route(route) => (RTM_DELROUTE, route.removal(resolve)?),
            Self::Rule(rule) => (RTM_DELRULE, rule.payload()),
        };
        Ok(RoutingRequest {
            kind,
            flags: 0,
            payload: payload.bytes().to_vec(),
        })
    }
}

impl fmt::Display for RoutingEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(route) => route.fmt(f),
            Self::Rule(rule) => rule.fmt(f),
        }
    }
}

/// A change of a route or rule, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoutingRequest {
    kind: u16,
    flags: u16,
    payload: Vec<u8>,
}

impl RoutingRequest {
    /// The removal as bytes that a file can keep; empty for an addition, which is not for later.
    pub fn to_bytes(&self) -> Vec<u8> {
        if !self.removes() {
            return Vec::new();
        }
        let mut bytes = self.kind.to_ne_bytes().to_vec();
        bytes.extend(&self.payload);
        bytes
    }

    /// What [`RoutingRequest::to_bytes`] gave; `None` for anything but a removal.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, payload) = bytes.split_first_chunk()?;
        let request = Self {
            kind: u16::from_ne_bytes(*kind),
            flags: 0,
            payload: payload.to_vec(),
        };
        let fits = (HEADER_BYTES..=LONGEST_REQUEST).contains(&payload.len());
        (request.removes() && fits).then_some(request)
    }

    fn removes(&self) -> bool {
        matches!(self.kind, RTM_DELROUTE | RTM_DELRULE)
    }

    pub(super) fn error(&self, errno: Errno) -> Error {
        let (operation, object) = match self.kind {
            RTM_NEWROUTE => ("add", "route"),
            RTM_DELROUTE => ("remove", "route"),
            RTM_NEWRULE => ("add", "rule"),
            _ => ("remove", "rule"),
        };
        errno.at(operation, object)
    }

    pub(super) fn encode(&self, buffer: &mut Buffer, sequence: u32, acknowledge: bool) {
        let flags = self.flags | NLM_F_REQUEST | if acknowledge { NLM_F_ACK } else { 0 };
        buffer.message(self.kind, flags, sequence, |message| {
            message.push(&self.payload);
        });
    }
}

/// Tells that some route or rule of ours went away, or may have; which one a look at [`RoutingTables`] tells.
///
/// The kernel says nothing of routes that go with an interface or an address.
#[derive(Debug)]
pub struct RoutingMonitor {
    socket: Socket,
}

impl RoutingMonitor {
    /// Subscribes in the thread's network namespace; a kernel filter keeps other owners' routes away, which a
    /// router may have by the hundred thousand.
    pub fn open() -> Result<Self, Error> {
        let open = || {
            let socket = Socket::open(&[
                RTNLGRP_IPV4_ROUTE,
                RTNLGRP_IPV4_RULE,
                RTNLGRP_IPV6_ROUTE,
                RTNLGRP_IPV6_RULE,
            ])?;
            Filter::routing_removals(RTM_DELROUTE, RTM_DELRULE, OURS).attach(socket.as_fd())?;
            Ok(Self { socket })
        };
        open().map_err(|errno: Errno| errno.at("open", "netlink monitor of routes"))
    }

    /// Takes what waits, without blocking; true when something went.
    pub fn drain(&mut self) -> Result<bool, Error> {
        let mut went = false;
        for _ in 0..DATAGRAMS_PER_CALL {
            let datagram = self.socket.receive();
            match datagram.map_err(|errno| errno.at("receive", "netlink events of routes"))? {
                Datagram::Messages(_) | Datagram::Lost => went = true,
                Datagram::Foreign => {}
                Datagram::None => break,
            }
        }
        Ok(went)
    }
}

impl AsFd for RoutingMonitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A route of ours that the kernel holds, as far as it is told from others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HeldRoute {
    family: u8,
    length: u8,
    tos: u8,
    table: u32,
    kind: u8,
    destination: Option<IpAddr>,
    metric: u32,
    gateway: Option<IpAddr>,
    index: Option<u32>,
}

/// A rule that the kernel holds, as far as it is told from others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct HeldRule {
    family: u8,
    lengths: [u8; 2],
    tos: u8,
    action: u8,
    to: Option<IpAddr>,
    from: Option<IpAddr>,
    preference: u32,
    table: u32,
    target: u32,
    mark: u32,
    input: Option<InterfaceName>,
    output: Option<InterfaceName>,
}

/// The routes of ours and all rules, at one moment.
#[derive(Debug, Default)]
pub struct RoutingTables {
    routes: Vec<HeldRoute>,
    rules: Vec<HeldRule>,
}

impl RoutingTables {
    /// Asks the kernel. Blocks while it answers, some seconds at worst; EBUSY when changes disturbed every attempt.
    pub fn read() -> Result<Self, Error> {
        let mut tables = Self::default();
        let read = |tables: &mut Self| {
            let mut socket = Socket::open(&[])?;
            for _ in 0..DUMP_ATTEMPTS {
                *tables = Self::default();
                if tables.try_read(&mut socket)? {
                    return Ok(());
                }
            }
            Err(Errno(libc::EBUSY))
        };
        read(&mut tables).map_err(|errno| errno.at("dump", "routes and rules"))?;
        Ok(tables)
    }

    fn try_read(&mut self, socket: &mut Socket) -> Result<bool, Errno> {
        for family in [AF_INET, AF_INET6] {
            let mut request = [0; HEADER_BYTES];
            request[0] = family;
            let rules = &mut self.rules;
            let consistent = socket.dump(RTM_GETRULE, &request, &mut |message| {
                rules.extend(read_rule(message));
            })?;
            // The kernel sorts out other owners' routes.
            request[5] = OURS;
            let routes = &mut self.routes;
            if !socket.dump(RTM_GETROUTE, &request, &mut |message| {
                routes.extend(read_route(message));
            })? || !consistent
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the kernel holds this entry; routes of other owners it can't tell.
    pub fn holds(
        &self,
        entry: &RoutingEntry,
        resolve: &dyn Fn(InterfaceName) -> Option<u32>,
    ) -> bool {
        match entry {
            RoutingEntry::Route(route) => {
                let network = route.destination.network();
                let device = route.device.map(resolve);
                let mut held = self.routes.iter();
                held.any(|held| held.is(route, network, device))
            }
            RoutingEntry::Rule(rule) => self.rules.contains(&HeldRule::of(rule)),
        }
    }
}

impl HeldRoute {
    /// `device`: the index, where the route names an interface and there is one.
    #[allow(
        clippy::option_option,
        reason = "no interface wanted, or one that is gone"
    )]
    fn is(&self, route: &Route, network: IpAddr, device: Option<Option<u32>>) -> bool {
        let ipv4 = self.family == AF_INET;
        self.family == route.destination.family()
            && self.length == route.destination.length
            && self.destination.is_none_or(|told| told == network)
            && self.table == route.table
            && self.kind == route.kind
            && self.metric == route.effective_metric()
            && (!ipv4 || self.tos == route.tos)
            && (route.gateway.is_none() || self.gateway == route.gateway)
            && device.is_none_or(|index| index == self.index)
    }
}

impl HeldRule {
    fn of(rule: &Rule) -> Self {
        let shown = |prefix: super::Prefix| (prefix.length > 0).then(|| prefix.network());
        let length = |prefix: Option<super::Prefix>| prefix.map_or(0, |prefix| prefix.length);
        Self {
            family: rule.family(),
            lengths: [length(rule.to), length(rule.from)],
            tos: rule.tos,
            action: rule.action.number(),
            to: rule.to.and_then(shown),
            from: rule.from.and_then(shown),
            preference: rule.preference,
            table: rule.action.table(),
            target: match rule.action {
                RuleAction::Goto(target) => target,
                _ => 0,
            },
            mark: rule.mark.map_or(0, |mark| mark.value),
            input: rule.input,
            output: rule.output,
        }
    }
}

fn read_route(message: Message<'_>) -> Option<HeldRoute> {
    let &[family, length, _, tos, table, OURS, _, kind, ..] = message.payload else {
        return None;
    };
    if message.kind != RTM_NEWROUTE {
        return None;
    }
    let mut held = HeldRoute {
        family,
        length,
        tos,
        table: table.into(),
        kind,
        destination: None,
        metric: 0,
        gateway: None,
        index: None,
    };
    for (kind, value) in attributes(message.payload.get(HEADER_BYTES..)?) {
        match kind {
            RTA_DST => held.destination = read_address(value),
            RTA_GATEWAY => held.gateway = read_address(value),
            RTA_OIF => held.index = number32(value, 0),
            RTA_PRIORITY => held.metric = number32(value, 0)?,
            RTA_TABLE => held.table = number32(value, 0)?,
            _ => {}
        }
    }
    Some(held)
}

fn read_rule(message: Message<'_>) -> Option<HeldRule> {
    let &[family, to_length, from_length, tos, table, _, _, action, ..] = message.payload else {
        return None;
    };
    if message.kind != RTM_NEWRULE {
        return None;
    }
    let mut held = HeldRule {
        family,
        lengths: [to_length, from_length],
        tos,
        action,
        table: table.into(),
        ..HeldRule::default()
    };
    for (kind, value) in attributes(message.payload.get(HEADER_BYTES..)?) {
        match kind {
            FRA_DST => held.to = read_address(value),
            FRA_SRC => held.from = read_address(value),
            FRA_PRIORITY => held.preference = number32(value, 0)?,
            FRA_TABLE => held.table = number32(value, 0)?,
            FRA_GOTO => held.target = number32(value, 0)?,
            FRA_FWMARK => held.mark = number32(value, 0)?,
            FRA_IIFNAME => held.input = InterfaceName::from_bytes(value),
            FRA_OIFNAME => held.output = InterfaceName::from_bytes(value),
            _ => {}
        }
    }
    Some(held)
}

/// The routing table of a VRF, by the VRF's name; `None` if there is no such VRF.
pub fn vrf_table(name: InterfaceName) -> Option<u32> {
    let mut table = None;
    let mut socket = Socket::open(&[]).ok()?;
    socket
        .dump(RTM_GETLINK, &[0; LINK_HEADER_BYTES], &mut |message| {
            if message.kind == RTM_NEWLINK {
                table = table.or(read_vrf(message.payload, name));
            }
        })
        .ok()?;
    table
}

fn read_vrf(payload: &[u8], name: InterfaceName) -> Option<u32> {
    let all = || payload.get(LINK_HEADER_BYTES..).map(attributes);
    let part = |kind: u16| all()?.find(|(found, _)| *found == kind);
    let (_, found) = part(IFLA_IFNAME)?;
    if InterfaceName::from_bytes(found) != Some(name) {
        return None;
    }
    let (_, info) = part(IFLA_LINKINFO)?;
    let (_, data) = attributes(info).find(|(kind, _)| *kind == IFLA_INFO_DATA)?;
    let (_, table) = attributes(data).find(|(kind, _)| *kind == IFLA_VRF_TABLE)?;
    number32(table, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_removals_are_kept_for_later() {
        let request = RoutingRequest {
            kind: RTM_DELRULE,
            flags: 0,
            payload: vec![0; HEADER_BYTES],
        };
        let bytes = request.to_bytes();
        assert_eq!(RoutingRequest::from_bytes(&bytes), Some(request.clone()));
        let addition = RoutingRequest {
            kind: RTM_NEWRULE,
            ..request
        };
        assert!(addition.to_bytes().is_empty());
        let mut forged = bytes.clone();
        forged[..2].copy_from_slice(&RTM_NEWROUTE.to_ne_bytes());
        assert_eq!(RoutingRequest::from_bytes(&forged), None);
        assert_eq!(RoutingRequest::from_bytes(&bytes[..6]), None);
    }

    #[test]
    fn a_vrf_names_its_table() {
        let mut link = Buffer::default();
        link.push(&[0; LINK_HEADER_BYTES]);
        link.attribute(IFLA_IFNAME, b"red\0");
        link.nested(IFLA_LINKINFO, |info| {
            info.attribute(1, b"vrf\0");
            info.nested(IFLA_INFO_DATA, |data| data.number(IFLA_VRF_TABLE, 1001));
        });
        let name = |text| InterfaceName::new(text).unwrap();
        assert_eq!(read_vrf(link.bytes(), name("red")), Some(1001));
        assert_eq!(read_vrf(link.bytes(), name("blue")), None);
    }
}
