//! Routes and rules of a configuration, in the kernel's numbers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use standfast_config::{self as config, NameList, Named};
use standfast_core::spec::{Fixture, FixtureKind, RouterSpec, Statics, Track, Tracked, Weight};
use standfast_linux::InterfaceName;
use standfast_linux::netlink::{
    CongestionControl, Encapsulation, Insert, Mark, MetricKind, NextHop, Prefix, Realms, Route,
    RouteMetric, RoutingEntry, Rule, RuleAction, TunnelHeader, vrf_table,
};

use crate::names::Names;

/// Routes and rules by the texts that core knows them by.
pub(crate) type Entries = BTreeMap<Arc<str>, RoutingEntry>;

/// Where static addresses go without `dev` and `default_interface`.
const DEFAULT_INTERFACE: &str = "eth0";
const MAIN_TABLE: u32 = 254;
const SCOPE_GLOBAL: u8 = 0;
const SCOPE_HOST: u8 = 254;
/// RTAX_FEATURE_ECN
const FEATURE_ECN: u32 = 1;
/// The kernel's units of a millisecond: a round trip time has eight, its variance four.
const ROUND_TRIP_UNITS: u32 = 8;
const VARIANCE_UNITS: u32 = 4;
/// Shorter times of a route become this one, as in keepalived.
const LEAST_TIME_MS: u32 = 200;

/// Why a route or rule is left out.
enum Unusable {
    Name(NameList, String),
    Interface(String),
    Vrf(String),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(list, name) => write!(f, "`{name}` is no {}", list.noun()),
            Self::Interface(name) => write!(f, "`{name}` is no name of an interface"),
            Self::Vrf(name) => write!(f, "there is no VRF `{name}`"),
        }
    }
}

/// Collects what is lowered.
#[derive(Default)]
pub(super) struct Lowering {
    names: Names,
    pub(super) entries: Entries,
    pub(super) complaints: Vec<String>,
}

impl Lowering {
    pub(super) fn new(config: &config::Config) -> Self {
        Lowering {
            names: Names::of(config),
            ..Lowering::default()
        }
    }

    /// Routes, then rules; what cannot be used is left out with a complaint of `who`.
    pub(super) fn fixtures(
        &mut self,
        who: &str,
        routes: &[config::Route],
        rules: &[config::Rule],
    ) -> Vec<Fixture> {
        let mut fixtures = Vec::new();
        for line in routes {
            let entry = self.route(line).map(|it| RoutingEntry::Route(Box::new(it)));
            // One that ends by itself is not missed.
            let tracked = line.tracked && line.expires_s.is_none();
            let made = self.fixture(who, FixtureKind::Route, entry, tracked);
            fixtures.extend(made.filter(|it| !fixtures.contains(it)));
        }
        for line in rules {
            let entry = self.rule(line).map(|it| RoutingEntry::Rule(Box::new(it)));
            let made = self.fixture(who, FixtureKind::Rule, entry, line.tracked);
            fixtures.extend(made.filter(|it| !fixtures.contains(it)));
        }
        fixtures
    }

    fn fixture(
        &mut self,
        who: &str,
        kind: FixtureKind,
        entry: Result<RoutingEntry, Unusable>,
        tracked: bool,
    ) -> Option<Fixture> {
        let noun = match kind {
            FixtureKind::Route => "route",
            FixtureKind::Rule => "rule",
        };
        match entry {
            Ok(entry) => {
                let text: Arc<str> = entry.to_string().into();
                self.entries.insert(Arc::clone(&text), entry);
                let no_track = !tracked;
                Some(Fixture {
                    kind,
                    text,
                    no_track,
                })
            }
            Err(why) => {
                self.complaints
                    .push(format!("{who}: a {noun} is skipped: {why}"));
                None
            }
        }
    }

    /// `static_ipaddress`, `static_routes` and `static_rules`.
    pub(super) fn statics(&mut self, config: &config::Config) -> Statics {
        let addresses = config.static_addresses.iter().map(|line| {
            let mut address = super::address(&line.address);
            address.interface = Some(static_device(config, &line.address));
            address
        });
        Statics {
            addresses: addresses.collect(),
            fixtures: self.fixtures("static", &config.static_routes, &config.static_rules),
        }
    }

    fn number(&self, list: NameList, named: &Named) -> Result<u32, Unusable> {
        named
            .number
            .or_else(|| self.names.number(list, &named.text))
            .filter(|number| *number <= list.max())
            .ok_or_else(|| Unusable::Name(list, named.text.clone()))
    }

    fn small(&self, list: NameList, named: &Named) -> Result<u8, Unusable> {
        let number = self.number(list, named)?;
        u8::try_from(number).map_err(|_| Unusable::Name(list, named.text.clone()))
    }

    fn optional(&self, list: NameList, named: Option<&Named>) -> Result<Option<u8>, Unusable> {
        named.map(|named| self.small(list, named)).transpose()
    }

    fn realms(&self, realms: Option<&config::Realms>) -> Result<Option<Realms>, Unusable> {
        let Some(realms) = realms else {
            return Ok(None);
        };
        let number = |named| self.small(NameList::Realms, named).map(u16::from);
        Ok(Some(Realms {
            from: realms.from.as_ref().map_or(Ok(0), number)?,
            to: number(&realms.to)?,
        }))
    }

    fn route(&self, line: &config::Route) -> Result<Route, Unusable> {
        let table = match (&line.table, &line.vrf) {
            (Some(table), _) => self.number(NameList::Tables, table)?,
            (None, Some(vrf)) => {
                vrf_table(interface(&vrf.value)?).ok_or_else(|| Unusable::Vrf(vrf.value.clone()))?
            }
            (None, None) => MAIN_TABLE,
        };
        let rule_of_thumb = match line.kind {
            config::RouteKind::Local | config::RouteKind::Nat => SCOPE_HOST,
            _ => SCOPE_GLOBAL,
        };
        let scope = self.optional(NameList::Scopes, line.scope.as_ref())?;
        let tos = self.optional(NameList::DsFields, line.tos.as_ref())?;
        let device = line.device.as_ref();
        let hops = line.next_hops.iter().map(|hop| self.next_hop(hop));
        Ok(Route {
            kind: line.kind.number(),
            destination: prefix(line.destination),
            source: line.source.map(prefix),
            gateway: line.gateway,
            device: device.map(|name| interface(&name.value)).transpose()?,
            preferred_source: line.preferred_source,
            table,
            protocol: self.small(NameList::Protocols, &line.protocol)?,
            scope: scope.unwrap_or(rule_of_thumb),
            tos: tos.unwrap_or(0),
            metric: line.metric,
            on_link: line.on_link,
            metrics: metrics(&line.metrics),
            congestion_control: congestion_control(&line.metrics),
            realms: self.realms(line.realms.as_ref())?,
            preference: line.preference.map(preference),
            expires_s: line.expires_s,
            ttl_propagate: line.ttl_propagate,
            encapsulation: self.encapsulation(line.encapsulation.as_ref())?,
            insert: match line.insert {
                config::Insert::Prepend => Insert::Prepend,
                config::Insert::Exclusive => Insert::Exclusive,
                config::Insert::Append => Insert::Append,
            },
            next_hops: hops.collect::<Result<_, _>>()?,
        })
    }

    fn next_hop(&self, hop: &config::NextHop) -> Result<NextHop, Unusable> {
        let device = hop.device.as_ref();
        Ok(NextHop {
            gateway: hop.gateway,
            device: device.map(|name| interface(name)).transpose()?,
            weight: hop.weight,
            on_link: hop.on_link,
            realms: self.realms(hop.realms.as_ref())?,
            encapsulation: self.encapsulation(hop.encapsulation.as_ref())?,
        })
    }

    fn encapsulation(
        &self,
        encapsulation: Option<&config::Encapsulation>,
    ) -> Result<Option<Encapsulation>, Unusable> {
        Ok(Some(match encapsulation {
            None => return Ok(None),
            Some(config::Encapsulation::Mpls(labels)) => Encapsulation::Mpls(labels.clone()),
            Some(config::Encapsulation::Ip(header)) => Encapsulation::Ip(self.tunnel(header)?),
            Some(config::Encapsulation::Ip6(header)) => Encapsulation::Ip6(self.tunnel(header)?),
            Some(config::Encapsulation::Ila(locator)) => Encapsulation::Ila(*locator),
        }))
    }

    fn tunnel<A: Copy>(
        &self,
        header: &config::TunnelHeader<A>,
    ) -> Result<TunnelHeader<A>, Unusable> {
        Ok(TunnelHeader {
            id: header.id,
            destination: header.destination,
            source: header.source,
            traffic_class: self.optional(NameList::DsFields, header.traffic_class.as_ref())?,
            hop_limit: header.hop_limit,
            flags: header.flags,
        })
    }

    fn rule(&self, line: &config::Rule) -> Result<Rule, Unusable> {
        let device = |name: Option<&config::Spanned<String>>| {
            name.map(|name| interface(&name.value)).transpose()
        };
        let group = line.suppress_group.as_ref();
        Ok(Rule {
            ipv6: line.family == config::Family::V6,
            inverted: line.inverted,
            from: line.from.map(prefix),
            to: line.to.map(prefix),
            action: match &line.action {
                config::RuleAction::Table(table) => {
                    RuleAction::Table(self.number(NameList::Tables, table)?)
                }
                config::RuleAction::Goto(target) => RuleAction::Goto(*target),
                config::RuleAction::Nop => RuleAction::Nop,
                config::RuleAction::Blackhole => RuleAction::Blackhole,
                config::RuleAction::Prohibit => RuleAction::Prohibit,
                config::RuleAction::Unreachable => RuleAction::Unreachable,
                config::RuleAction::MasterDevice => RuleAction::MasterDevice,
            },
            preference: line.preference,
            tos: self
                .optional(NameList::DsFields, line.tos.as_ref())?
                .unwrap_or(0),
            mark: line.mark.map(|mark| Mark {
                value: mark.value,
                mask: mark.mask,
            }),
            input: device(line.input.as_ref())?,
            output: device(line.output.as_ref())?,
            realms: self.realms(line.realms.as_ref())?,
            suppress_prefix_length: line.suppress_prefix_length,
            suppress_group: group
                .map(|group| self.number(NameList::Groups, group))
                .transpose()?,
            tunnel_id: line.tunnel_id,
            users: line.users.clone(),
            ip_protocol: self.optional(NameList::IpProtocols, line.ip_protocol.as_ref())?,
            source_ports: line.source_ports.clone(),
            destination_ports: line.destination_ports.clone(),
            protocol: line.protocol,
        })
    }
}

fn interface(name: &str) -> Result<InterfaceName, Unusable> {
    InterfaceName::new(name).map_err(|_| Unusable::Interface(name.to_owned()))
}

fn prefix(network: config::IpNetwork) -> Prefix {
    Prefix {
        address: network.address,
        length: network.prefix,
    }
}

fn preference(preference: config::RouterPreference) -> u8 {
    // RFC 4191: two bits, signed.
    match preference {
        config::RouterPreference::Low => 3,
        config::RouterPreference::Medium => 0,
        config::RouterPreference::High => 1,
        config::RouterPreference::Other(number) => number,
    }
}

fn congestion_control(metrics: &config::RouteMetrics) -> Option<CongestionControl> {
    let control = metrics.congestion_control.as_ref()?;
    Some(CongestionControl {
        name: control.value.clone(),
        locked: control.locked,
    })
}

fn metrics(given: &config::RouteMetrics) -> Vec<RouteMetric> {
    let lockable = |kind, metric: Option<config::Metric<u32>>| {
        metric.map(|metric| RouteMetric {
            kind,
            value: metric.value,
            locked: metric.locked,
        })
    };
    let plain = |kind, value: Option<u32>| {
        value.map(|value| RouteMetric {
            kind,
            value,
            locked: false,
        })
    };
    let time = |kind, metric: Option<config::Metric<config::RouteTime>>, units: u32| {
        metric.map(|metric| RouteMetric {
            kind,
            value: match metric.value {
                config::RouteTime::Milliseconds(ms) => ms.saturating_mul(units),
                config::RouteTime::Raw(raw) => raw,
            }
            .max(LEAST_TIME_MS.saturating_mul(units)),
            locked: metric.locked,
        })
    };
    let ecn = given.explicit_congestion_notification;
    let all = [
        lockable(MetricKind::Mtu, given.mtu),
        plain(MetricKind::HopLimit, given.hop_limit.map(u32::from)),
        lockable(MetricKind::AdvertisedMss, given.advertised_mss),
        time(
            MetricKind::RoundTripTime,
            given.round_trip_time,
            ROUND_TRIP_UNITS,
        ),
        time(
            MetricKind::RoundTripVariance,
            given.round_trip_variance,
            VARIANCE_UNITS,
        ),
        time(
            MetricKind::MinRetransmissionTimeout,
            given.min_retransmission_timeout,
            1,
        ),
        lockable(MetricKind::Reordering, given.reordering),
        plain(MetricKind::Window, given.window),
        lockable(MetricKind::CongestionWindow, given.congestion_window),
        plain(
            MetricKind::InitialCongestionWindow,
            given.initial_congestion_window,
        ),
        plain(
            MetricKind::InitialReceiveWindow,
            given.initial_receive_window,
        ),
        lockable(MetricKind::SlowStartThreshold, given.slow_start_threshold),
        plain(MetricKind::QuickAck, given.quick_ack.map(u32::from)),
        plain(
            MetricKind::FastOpenNoCookie,
            given.fast_open_no_cookie.map(u32::from),
        ),
        plain(MetricKind::Features, ecn.then_some(FEATURE_ECN)),
    ];
    all.into_iter().flatten().collect()
}

fn static_device(config: &config::Config, address: &config::VirtualAddress) -> String {
    let global = config.global.default_interface.as_ref();
    let default = || global.map_or_else(|| DEFAULT_INTERFACE.to_owned(), |it| it.value.clone());
    address.device.clone().unwrap_or_else(default)
}

/// Instances of a `track_group` depend on the interfaces of the static entries that name it.
pub(super) fn track_groups(config: &config::Config, routers: &mut [RouterSpec]) {
    for (group, device) in grouped_devices(config) {
        let found = config.track_groups.iter().find(|it| it.name.value == group);
        let members = found.map(|group| group.members.as_slice());
        for member in members.unwrap_or_default() {
            let wanted = |router: &&mut RouterSpec| router.name == member.value;
            if let Some(router) = routers.iter_mut().find(wanted) {
                track(router, &device);
            }
        }
    }
}

fn track(router: &mut RouterSpec, device: &str) {
    let track = Track {
        object: Tracked::Interface(device.to_owned()),
        weight: Weight::FAULT,
    };
    let own = router.track_primary && router.interface == device;
    if !own && !router.tracks.contains(&track) {
        router.tracks.push(track);
    }
}

/// Names of groups with the interfaces of their static entries.
fn grouped_devices(config: &config::Config) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in &config.static_addresses {
        let group = line.track_group.as_ref();
        all.extend(group.map(|group| {
            let device = static_device(config, &line.address);
            (group.value.clone(), device)
        }));
    }
    for line in &config.static_routes {
        let Some(group) = &line.track_group else {
            continue;
        };
        let hops = line.next_hops.iter().filter_map(|hop| hop.device.as_ref());
        let devices = line.device.iter().map(|name| &name.value).chain(hops);
        all.extend(devices.map(|device| (group.value.clone(), device.clone())));
    }
    for line in &config.static_rules {
        let Some(group) = &line.track_group else {
            continue;
        };
        let devices = line.input.iter().chain(&line.output);
        all.extend(devices.map(|device| (group.value.clone(), device.value.clone())));
    }
    all
}

/// The other end of a point-to-point address, whose prefix length counts then.
pub(super) fn peer(address: &config::VirtualAddress) -> Option<(IpAddr, u8)> {
    address.peer.map(|peer| (peer.address, peer.prefix))
}

/// Seconds for which the kernel may choose the address as a source; `None` for ever. keepalived gives IPv4 addresses
/// no end, and single IPv6 ones no beginning unless it is told.
pub(super) fn preferred_lifetime(address: &config::VirtualAddress, prefix: u8) -> Option<u32> {
    let single = (prefix == 128).then_some(0);
    let wanted = address.preferred_lifetime_s.or(single);
    wanted.filter(|seconds| *seconds != u32::MAX && address.network.address.is_ipv6())
}

#[cfg(test)]
mod tests {
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};

    use super::*;

    fn plan(text: &str) -> super::super::Plan {
        let source = MemorySource::with("/k.conf", text);
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        super::super::plan(&loaded.config)
    }

    #[test]
    fn every_option_reaches_the_kernels_numbers() {
        let plan = plan(
            "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n \
             10.0.0.1\n }\n virtual_routes {\n 10.2.0.0/16 via 10.0.0.9 dev eth0 src 10.0.0.1 table \
             100 metric 50 tos 0x10 realms 3/4 mtu lock 1400 rtt 300ms rttvar 50ms rto_min 300ms \
             features ecn congctl lock reno initcwnd 20 quickack 1\n local 10.3.0.1 dev lo\n \
             10.4.0.0/16 nexthop via 10.0.0.8 dev eth0 weight 3 nexthop via 10.0.0.7 onlink encap \
             mpls 30/40\n }\n virtual_rules {\n not from 10.1.0.0/16 fwmark 5/0xff table 100 \
             suppress_prefixlength 8 preference 90\n }\n}\n",
        );
        let texts: Vec<&str> = plan.spec.routers[0]
            .fixtures
            .iter()
            .map(|it| &*it.text)
            .collect();
        assert_eq!(
            texts,
            [
                "10.2.0.0/16 via 10.0.0.9 dev eth0 table 100 metric 50 src 10.0.0.1 tos 16 realms \
                 3/4 mtu lock 1400 rtt 2400 rttvar 800 rto_min 300 initcwnd 20 quickack 1 features 1 \
                 congctl lock reno",
                "local 10.3.0.1/32 dev lo scope 254",
                "10.4.0.0/16 nexthop via 10.0.0.8 dev eth0 weight 3 nexthop via 10.0.0.7 weight 1 \
                 onlink encap mpls [30, 40]",
                "inet 90: not from 10.1.0.0/16 fwmark 0x5/0xff lookup 100 suppress_prefixlength 8",
            ]
        );
        assert_eq!(plan.entries.len(), 4);
    }

    #[test]
    fn members_of_a_track_group_depend_on_the_static_entries_interfaces() {
        let plan = plan(
            "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n \
             10.0.0.1\n }\n}\ntrack_group G {\n group {\n V\n }\n}\nstatic_routes {\n 10.9.0.0/16 dev \
             eth1 track_group G\n 10.8.0.0/16 dev eth0 track_group G\n}\nstatic_ipaddress {\n \
             10.7.0.1/24\n}\n",
        );
        let tracks = &plan.spec.routers[0].tracks;
        let eth1 = Track {
            object: Tracked::Interface("eth1".into()),
            weight: Weight::FAULT,
        };
        assert_eq!(*tracks, [eth1]);
        let address = &plan.spec.statics.addresses[0];
        assert_eq!(address.interface.as_deref(), Some("eth0"));
        assert_eq!(plan.spec.statics.fixtures.len(), 2);
    }

    #[test]
    fn a_name_that_no_file_knows_leaves_the_route_out() {
        let plan = plan("static_routes {\n 10.9.0.0/16 dev eth1 table no-such-table\n}\n");
        assert!(plan.spec.statics.fixtures.is_empty());
        assert_eq!(
            plan.complaints,
            ["static: a route is skipped: `no-such-table` is no routing table"]
        );
    }
}
