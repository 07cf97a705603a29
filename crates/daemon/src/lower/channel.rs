//! The peer channel.

use standfast_config as config;
use standfast_config::Environment as _;
use standfast_core::spec::{Channel, FastDetect};
use standfast_wire::peer::MAX_NAME_LENGTH;

use super::micros;
use crate::environment::HostEnvironment;

/// What the instance does there.
pub(super) fn channel(instance: &config::VrrpInstance) -> Option<Channel> {
    let given = instance.peer_channel?;
    Some(Channel {
        fast_detect: given.fast_detect.map(|given| FastDetect {
            interval: micros(given.interval),
            misses: given.misses,
        }),
    })
}

/// What the node is called: `router_id`, or the host's name.
pub(crate) fn node_name(config: &config::Config) -> String {
    let given = config.global.router_id.as_ref();
    let host = || HostEnvironment::default().host_name().unwrap_or_default();
    let mut name = given.map_or_else(host, |name| name.value.clone());
    name.truncate(name.floor_char_boundary(MAX_NAME_LENGTH));
    name
}

#[cfg(test)]
mod tests {
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, PEER_PORT, load};
    use standfast_core::Micros;

    use super::*;
    use crate::lower::{Plan, plan};

    fn lowered(globals: &str, lines: &str) -> Plan {
        let text = format!(
            "global_defs {{\n{globals}\n}}\nvrrp_instance V {{\ninterface eth0\nvirtual_router_id 51\n{lines}\n\
             virtual_ipaddress {{\n192.0.2.1/24\n}}\n}}\n"
        );
        let source = MemorySource::with("/k.conf", text.as_str());
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        plan(&loaded.config)
    }

    fn of(globals: &str, lines: &str) -> Option<Channel> {
        let plan = lowered(globals, lines);
        plan.spec.routers.into_iter().next()?.channel
    }

    #[test]
    fn the_default_port_is_that_of_the_messages() {
        assert_eq!(PEER_PORT, standfast_wire::peer::PORT);
    }

    #[test]
    fn instances_speak_unless_told_otherwise() {
        assert_eq!(of("", ""), Some(Channel { fast_detect: None }));
        assert_eq!(of("peer_channel off", ""), None);
        assert_eq!(of("vrrp_strict", ""), None);
        let fast_detect = Some(FastDetect {
            interval: Micros(50_000),
            misses: 4,
        });
        assert_eq!(of("", "fast_detect 50ms x4"), Some(Channel { fast_detect }));
    }

    #[test]
    fn a_node_has_a_name_that_messages_have_room_for() {
        let name = |globals: &str| lowered(globals, "").spec.node.name;
        assert_eq!(name("router_id web1"), "web1");
        assert!(!name("").is_empty());
        let long = format!("router_id {}", "ä".repeat(40));
        assert_eq!(name(&long), "ä".repeat(32));
        let odd = format!("router_id x{}", "ä".repeat(40));
        assert_eq!(name(&odd).len(), 63);
    }
}
