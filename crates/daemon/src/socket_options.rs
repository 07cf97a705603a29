//! What the configuration says about the sockets of advertisements: how large their receive buffers are
//! (`kernel_rx_buf_size`, `vrrp_rx_bufs_policy`, `vrrp_rx_bufs_multiplier`), and the routing domain of those that have no
//! interface (`vrf`), and the port of the peer channel.

use std::collections::BTreeMap;

use standfast_config::{Config, RxBuffers};
use standfast_core::spec::{RouterSpec, Spec};
use standfast_linux::vrrp::DEFAULT_BUFFER;
use standfast_wire::vrrp::Version;

const IPV4_HEADER: u64 = 20;
const IPV6_HEADER: u64 = 40;
const VRRP_HEADER: u64 = 8;
/// Of version 2, at the end.
const AUTHENTICATION: u64 = 8;
const AUTHENTICATION_HEADER: u64 = 24;

/// What one router adds to the buffer of its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    Bytes(u64),
    /// So many of the interface's largest packets.
    Packets(u32),
}

/// What is said about routers, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct SocketOptions {
    /// Those without one leave the buffer to the system.
    shares: BTreeMap<String, Share>,
    routing_domains: BTreeMap<String, String>,
    peer_port: u16,
}

impl SocketOptions {
    pub(crate) fn of(config: &Config, spec: &Spec) -> Self {
        let instances = config.instances.iter();
        let sizes: BTreeMap<&str, Option<u64>> = instances
            .map(|one| (one.name.value.as_str(), one.receive_buffer))
            .collect();
        let shares = spec.routers.iter().filter_map(|router| {
            let own = sizes.get(router.name.as_str()).copied().flatten();
            Some((router.name.clone(), share(config, router, own)?))
        });
        let domains = config.instances.iter().filter_map(|one| {
            let domain = one.vrf.as_ref()?;
            Some((one.name.value.clone(), domain.value.clone()))
        });
        SocketOptions {
            shares: shares.collect(),
            routing_domains: domains.collect(),
            peer_port: config.global.peer_channel.port(),
        }
    }

    /// The VRF interface that the router's sockets are bound to.
    pub(crate) fn routing_domain(&self, router: &str) -> Option<&str> {
        self.routing_domains.get(router).map(String::as_str)
    }

    /// The UDP port of the peer channel.
    pub(crate) fn peer_port(&self) -> u16 {
        self.peer_port
    }

    /// The buffer of a socket that these routers share, in bytes.
    pub(crate) fn receive_buffer<'n>(
        &self,
        routers: impl Iterator<Item = &'n str>,
        mtu: impl Fn() -> u32,
    ) -> u32 {
        let shares = routers.filter_map(|name| self.shares.get(name));
        let sum = shares.fold(0_u64, |sum, share| {
            sum.saturating_add(match share {
                Share::Bytes(bytes) => *bytes,
                Share::Packets(count) => u64::from(*count) * u64::from(mtu()),
            })
        });
        match sum {
            0 => DEFAULT_BUFFER,
            sum => u32::try_from(sum).unwrap_or(u32::MAX),
        }
    }
}

/// The instance's own size goes before the policy of all.
fn share(config: &Config, router: &RouterSpec, own: Option<u64>) -> Option<Share> {
    let global = &config.global;
    let count = global.rx_buffers_multiplier;
    match (own, global.rx_buffers) {
        (Some(bytes), _) => Some(Share::Bytes(bytes)),
        (None, RxBuffers::System) => None,
        (None, RxBuffers::Mtu) => Some(Share::Packets(count)),
        (None, RxBuffers::Advert) => Some(Share::Bytes(u64::from(count) * packet_length(router))),
        (None, RxBuffers::Bytes(bytes)) => Some(Share::Bytes(bytes)),
    }
}

/// Bytes of the advertisement with its IP header.
fn packet_length(router: &RouterSpec) -> u64 {
    let count = u64::try_from(router.addresses.len()).unwrap_or(u64::MAX);
    let (header, address) = match router.group.is_ipv4() {
        true => (IPV4_HEADER, 4),
        false => (IPV6_HEADER, 16),
    };
    let authentication = match router.version {
        Version::V2 => AUTHENTICATION,
        Version::V3 => 0,
    };
    let sealed = match router.header_key {
        Some(_) => AUTHENTICATION_HEADER,
        None => 0,
    };
    let fixed = header + VRRP_HEADER + authentication + sealed;
    count.saturating_mul(address).saturating_add(fixed)
}

#[cfg(test)]
mod tests {
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};

    use super::*;

    /// The buffer that instances A (one address) and B (two) share on an interface with an MTU of 1500.
    fn shared(globals: &str, of_a: &str) -> u32 {
        let text = format!(
            "global_defs {{\n{globals}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 51\n\
             {of_a}\nvirtual_ipaddress {{\n192.0.2.1/24\n}}\n}}\nvrrp_instance B {{\ninterface eth0\n\
             virtual_router_id 52\nvirtual_ipaddress {{\n192.0.2.2/24\n192.0.2.3/24\n}}\n}}\n"
        );
        let source = MemorySource::with("/k.conf", text.as_str());
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        let plan = crate::lower::plan(&loaded.config);
        let buffers = SocketOptions::of(&loaded.config, &plan.spec);
        buffers.receive_buffer(["A", "B"].into_iter(), || 1500)
    }

    #[test]
    fn buffers_are_those_that_keepalived_asks_for() {
        // Seen with keepalived 2.2.7 (setsockopt SO_RCVBUF).
        assert_eq!(shared("", ""), DEFAULT_BUFFER);
        assert_eq!(shared("vrrp_rx_bufs_policy 20000", ""), 40_000);
        assert_eq!(shared("vrrp_rx_bufs_policy MTU", ""), 9_000);
        let advert = "vrrp_rx_bufs_policy ADVERT\nvrrp_rx_bufs_multiplier 100";
        assert_eq!(shared(advert, ""), 8_400);
        let mtu = "vrrp_rx_bufs_policy MTU\nvrrp_rx_bufs_multiplier 5";
        assert_eq!(shared(mtu, "kernel_rx_buf_size 30000"), 37_500);
        assert_eq!(shared("", "kernel_rx_buf_size 30000"), 30_000);
    }

    #[test]
    fn a_router_without_interface_has_its_routing_domain() {
        let text = "vrrp_instance A {\nvirtual_router_id 51\nvrf blue\nunicast_src_ip 192.0.2.1\nunicast_peer {\n\
                    192.0.2.2\n}\nvirtual_ipaddress {\n192.0.2.9/24 dev eth0\n}\n}\n";
        let source = MemorySource::with("/k.conf", text);
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        let plan = crate::lower::plan(&loaded.config);
        let options = SocketOptions::of(&loaded.config, &plan.spec);
        assert_eq!(options.routing_domain("A"), Some("blue"));
        assert_eq!(options.routing_domain("B"), None);
    }
}
