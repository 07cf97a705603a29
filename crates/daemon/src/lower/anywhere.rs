//! Unicast instances without an interface.

use standfast_config as config;
use standfast_core::spec::RouterSpec;

/// keepalived.conf(5): without an interface, addresses without `dev` go to the default interface.
const DEFAULT_INTERFACE: &str = "eth0";

/// Every address of a router without an interface names one.
pub(super) fn placed(mut spec: RouterSpec, config: &config::Config) -> RouterSpec {
    if spec.has_interface() {
        return spec;
    }
    let given = config.global.default_interface.as_ref();
    let default = given.map_or(DEFAULT_INTERFACE, |name| name.value.as_str());
    for address in spec.addresses.iter_mut().chain(&mut spec.excluded) {
        address.interface.get_or_insert_with(|| default.to_owned());
    }
    spec
}

#[cfg(test)]
mod tests {
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};

    use crate::lower::plan;

    fn devices(globals: &str) -> Vec<Option<String>> {
        let text = format!(
            "global_defs {{\n{globals}\n}}\nvrrp_instance V {{\n virtual_router_id 51\n \
             unicast_src_ip 192.0.2.1\n unicast_peer {{\n 192.0.2.2\n }}\n virtual_ipaddress {{\n \
             192.0.2.3 dev eth7\n 192.0.2.4\n }}\n virtual_ipaddress_excluded {{\n fd00::1\n }}\n}}\n"
        );
        let source = MemorySource::with("/k.conf", text);
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        let plan = plan(&loaded.config);
        assert!(plan.complaints.is_empty(), "{:?}", plan.complaints);
        let spec = &plan.spec.routers[0];
        assert!(!spec.has_interface());
        spec.all_addresses()
            .map(|address| address.interface.clone())
            .collect()
    }

    #[test]
    fn addresses_without_a_device_go_to_the_default_interface() {
        let on = |name: &str| Some(name.to_owned());
        assert_eq!(devices(""), [on("eth7"), on("eth0"), on("eth0")]);
        let given = devices("default_interface lan0");
        assert_eq!(given, [on("eth7"), on("lan0"), on("lan0")]);
    }
}
