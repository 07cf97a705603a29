//! `use_vmac`, `use_vmac_addr`, `use_ipvlan`: the interfaces that instances want of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use standfast_config as config;
use standfast_core::spec::{Family, RouterSpec, VirtualAddress};
use standfast_linux::InterfaceName;
use standfast_linux::netlink::{IpvlanMode, LinkKind, Links, NewLinkKind};
use standfast_wire::vrrp::Vrid;

/// Names that are tried before an instance is given up: beside taken ones every VRID may be there for many interfaces.
const NAMES_TRIED: u32 = 64;

/// An interface that is to be there while instances use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VirtualInterface {
    pub(crate) name: InterfaceName,
    /// The interface below.
    pub(crate) base: InterfaceName,
    pub(crate) kind: NewLinkKind,
    /// It is for IPv6; for IPv4 the settings of ARP apply.
    pub(crate) ipv6: bool,
    /// Addresses of the other family move with the virtual router that it is made for, wherever they lie: keepalived
    /// prepares the interface for both.
    pub(crate) both_families: bool,
    /// Advertisements or an address of its own need a link-local address there: the one of the interface below.
    pub(crate) link_local: bool,
    /// The group that it is put into; none: that of the interface below.
    pub(crate) group: Option<u32>,
    /// The address of its own (`use_ipvlan NAME ADDRESS`).
    pub(crate) address: Option<(IpAddr, u8)>,
    /// Who wants it, for people.
    pub(crate) instance: String,
}

/// All that the instances of a configuration want, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct VirtualInterfaces(BTreeMap<String, VirtualInterface>);

/// What is known of the host's interfaces while names are given.
pub(crate) struct Host {
    links: Option<Links>,
    /// The interfaces that we have made, or an earlier run has.
    ours: BTreeSet<InterfaceName>,
}

impl Host {
    pub(crate) fn look(ours: &BTreeSet<InterfaceName>) -> Self {
        Host {
            // Without it the kernel refuses a name that is taken, and the log says so.
            links: Links::open().ok(),
            ours: ours.clone(),
        }
    }

    /// Whether something that cannot be ours has the name: no virtual MAC interface, or one on another interface that
    /// another daemon uses.
    fn has_other(&mut self, name: InterfaceName, base: InterfaceName) -> bool {
        let Some(links) = &mut self.links else {
            return false;
        };
        let Ok(found) = links.find(name) else {
            return false;
        };
        if !matches!(found.kind, LinkKind::Macvlan | LinkKind::Ipvlan) {
            return true;
        }
        let below = links.find(base).ok().map(|base| base.interface.index);
        !self.ours.contains(&name) && found.up && below.is_some() && found.parent != below
    }
}

impl VirtualInterfaces {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &VirtualInterface> {
        self.0.values()
    }

    /// Adds what one instance wants and lets its specification use it; otherwise says why it cannot run.
    pub(super) fn lower(
        &mut self,
        global: &config::GlobalDefs,
        instance: &config::VrrpInstance,
        spec: &mut RouterSpec,
        host: &mut Host,
    ) -> Result<(), String> {
        let before = self.clone();
        let result = self
            .lower_own(global, instance, spec, host)
            .and_then(|()| self.lower_addresses(global, instance, spec, host));
        if result.is_err() {
            *self = before;
        }
        result
    }

    fn lower_own(
        &mut self,
        global: &config::GlobalDefs,
        instance: &config::VrrpInstance,
        spec: &mut RouterSpec,
        host: &mut Host,
    ) -> Result<(), String> {
        let (kind, name, group, address, transmit_base) = match (&instance.ipvlan, &instance.vmac) {
            (Some(ipvlan), _) => (
                NewLinkKind::Ipvlan(ipvlan_mode(ipvlan.mode)),
                &ipvlan.name,
                ipvlan.group,
                ipvlan.address.map(|held| (held.address, held.prefix)),
                false,
            ),
            (None, Some(vmac)) => {
                let mac = vmac.mac.map_or_else(|| virtual_mac(spec), |mac| mac.0);
                let kind = NewLinkKind::Macvlan(mac);
                (kind, &vmac.name, vmac.group, None, vmac.transmit_base)
            }
            (None, None) => return Ok(()),
        };
        let wanted = self.want(
            Wanted {
                given: name.as_deref(),
                prefix: &global.vmac_prefix,
                base: &spec.interface,
                kind,
                family: spec.family(),
                group,
                address,
                both_families: spec
                    .all_addresses()
                    .any(|held| Family::of(held.address) != spec.family()),
                transmit_base,
            },
            spec,
            host,
        )?;
        if let Some((address, _)) = address {
            spec.source = Some(address);
        }
        spec.virtual_interface = Some(standfast_core::spec::VirtualInterface {
            name: wanted.clone(),
            transmit_base,
            virtual_mac: matches!(kind, NewLinkKind::Macvlan(_)),
        });
        // Also those that name the interface below; those of the other family lie there, as in keepalived.
        let (family, base) = (spec.family(), spec.interface.clone());
        for held in spec.addresses.iter_mut().chain(&mut spec.excluded) {
            let here = held.interface.as_ref().is_none_or(|name| *name == base);
            if here && Family::of(held.address) == family {
                held.interface = Some(wanted.clone());
            }
        }
        Ok(())
    }

    /// `use_vmac` of single addresses, and `use_vmac_addr` for those on other interfaces.
    fn lower_addresses(
        &mut self,
        global: &config::GlobalDefs,
        instance: &config::VrrpInstance,
        spec: &mut RouterSpec,
        host: &mut Host,
    ) -> Result<(), String> {
        let lines = instance
            .addresses
            .iter()
            .chain(&instance.excluded_addresses);
        let mut places = Vec::new();
        for line in lines {
            let elsewhere = line
                .device
                .as_ref()
                .is_some_and(|name| *name != spec.interface);
            let own = line.use_vmac || (instance.vmac_addresses && elsewhere);
            // The instance's own interface is for its family.
            let family = Family::of(line.network.address);
            let covered = instance.vmac.is_some() && !elsewhere && family == spec.family();
            if !own || covered {
                places.push(None);
                continue;
            }
            let address = line.network.address;
            let base = line
                .device
                .clone()
                .unwrap_or_else(|| spec.interface.clone());
            let wanted = Wanted {
                given: line.vmac_name.as_deref(),
                prefix: &global.vmac_address_prefix,
                base: &base,
                kind: NewLinkKind::Macvlan(mac_of(spec.vrid, address.is_ipv6())),
                family,
                group: instance.vmac.as_ref().and_then(|vmac| vmac.group),
                address: None,
                both_families: false,
                transmit_base: false,
            };
            places.push(Some(self.want(wanted, spec, host)?));
        }
        let held = spec.addresses.iter_mut().chain(&mut spec.excluded);
        for (VirtualAddress { interface, .. }, place) in held.zip(places) {
            if place.is_some() {
                *interface = place;
            }
        }
        Ok(())
    }

    /// The name of the interface; another instance's with the same address on the same interface cannot be shared,
    /// since one may be the master here and the other elsewhere.
    fn want(
        &mut self,
        wanted: Wanted<'_>,
        spec: &RouterSpec,
        host: &mut Host,
    ) -> Result<String, String> {
        let base = InterfaceName::new(wanted.base)
            .map_err(|_| format!("{} is no name of an interface", wanted.base))?;
        if let NewLinkKind::Macvlan(_) = wanted.kind {
            let same = self
                .0
                .values()
                .find(|known| known.base == base && known.kind == wanted.kind);
            if let Some(known) = same {
                if known.instance != spec.name {
                    return Err(format!(
                        "it uses same VMAC as VRRP instance {}",
                        known.instance
                    ));
                }
                return Ok(known.name.as_str().to_owned());
            }
        }
        let ipv6 = wanted.family == Family::V6;
        let name = match wanted.given {
            Some(given) => self.given_name(given, base, host)?,
            None => self.free_name((wanted.prefix, base), spec.vrid, ipv6, host)?,
        };
        let made = VirtualInterface {
            name,
            base,
            kind: wanted.kind,
            ipv6,
            both_families: wanted.both_families,
            link_local: ipv6
                && !wanted.transmit_base
                && matches!(wanted.kind, NewLinkKind::Macvlan(_)),
            group: wanted.group,
            address: wanted.address,
            instance: spec.name.clone(),
        };
        self.0.insert(name.as_str().to_owned(), made);
        Ok(name.as_str().to_owned())
    }

    fn given_name(
        &self,
        given: &str,
        base: InterfaceName,
        host: &mut Host,
    ) -> Result<InterfaceName, String> {
        let name =
            InterfaceName::new(given).map_err(|_| format!("{given} is no name of an interface"))?;
        if self.0.contains_key(given) {
            return Err(format!("another instance has the interface {given}"));
        }
        if host.has_other(name, base) {
            return Err(format!("{given} is another interface"));
        }
        Ok(name)
    }

    /// `vrrp.51`, or `vrrp6.51` and `vrrp1.51`, `vrrp2.51` … where that is taken.
    fn free_name(
        &self,
        (prefix, base): (&str, InterfaceName),
        vrid: Vrid,
        ipv6: bool,
        host: &mut Host,
    ) -> Result<InterfaceName, String> {
        let vrid = vrid.get();
        let family = ipv6.then(|| format!("{prefix}6.{vrid}"));
        let numbered = (1..NAMES_TRIED).map(|number| format!("{prefix}{number}.{vrid}"));
        let mut names = std::iter::once(format!("{prefix}.{vrid}"))
            .chain(family)
            .chain(numbered)
            .filter(|name| !self.0.contains_key(name))
            .filter_map(|name| InterfaceName::new(&name).ok());
        names
            .find(|name| !host.has_other(*name, base))
            .ok_or_else(|| format!("no name like {prefix}.{vrid} is free"))
    }
}

struct Wanted<'a> {
    given: Option<&'a str>,
    prefix: &'a str,
    base: &'a str,
    kind: NewLinkKind,
    /// The virtual router's, or that of the address whose own it is.
    family: Family,
    group: Option<u32>,
    address: Option<(IpAddr, u8)>,
    both_families: bool,
    transmit_base: bool,
}

fn virtual_mac(spec: &RouterSpec) -> [u8; 6] {
    mac_of(spec.vrid, spec.group.is_ipv6())
}

/// RFC 9568 section 7.3.
fn mac_of(vrid: Vrid, ipv6: bool) -> [u8; 6] {
    [0, 0, 0x5e, 0, if ipv6 { 2 } else { 1 }, vrid.get()]
}

fn ipvlan_mode(mode: config::IpvlanMode) -> IpvlanMode {
    match mode {
        config::IpvlanMode::Bridge => IpvlanMode::Bridge,
        config::IpvlanMode::Private => IpvlanMode::Private,
        config::IpvlanMode::Vepa => IpvlanMode::Vepa,
    }
}

#[cfg(test)]
mod tests {
    use standfast_config::{Code, LoadOptions, MemorySource, NoEnvironment, load};

    use super::*;
    use crate::lower::{Plan, plan};

    /// The plan for instances of these names, interfaces, VRIDs and further lines.
    fn planned(globals: &str, instances: &[(&str, &str, u8, &str)]) -> Plan {
        let mut text = format!("global_defs {{\n{globals}\n}}\n");
        for (name, interface, vrid, lines) in instances {
            text.push_str(&format!(
                "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id {vrid}\n\
                 version 3\n{lines}\nvirtual_ipaddress {{\n192.0.2.{vrid}/24\n}}\n}}\n"
            ));
        }
        let source = MemorySource::with("/k.conf", text.as_str());
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        let plan = plan(&loaded.config);
        let refused = plan.complaints.iter().filter(|it| it.contains("same VMAC"));
        let found = loaded.diagnostics.iter();
        let found = found.filter(|found| found.code == Code::VirtualMacTaken);
        assert_eq!(
            found.count(),
            refused.count(),
            "`check` says what is refused"
        );
        plan
    }

    fn names(plan: &Plan) -> Vec<(&str, &str)> {
        plan.virtual_interfaces
            .iter()
            .map(|own| (own.name.as_str(), own.base.as_str()))
            .collect()
    }

    #[test]
    fn addresses_of_the_instance_s_family_lie_on_its_own_interface() {
        let excluded = "use_vmac\nvirtual_ipaddress_excluded {\n192.0.2.9/24 dev wan9\n192.0.2.8 dev sfa0\n2001:db8::1\n}";
        let plan = planned("", &[("A", "sfa0", 51, excluded)]);
        assert_eq!(names(&plan), [("vrrp.51", "sfa0")]);
        let router = plan.spec.routers.first().unwrap();
        let places: Vec<_> = router
            .all_addresses()
            .map(|held| held.interface.as_deref())
            .collect();
        assert_eq!(
            places,
            [Some("vrrp.51"), Some("wan9"), Some("vrrp.51"), None]
        );
        assert_eq!(router.hears_on(), "vrrp.51");
        let own = plan.virtual_interfaces.iter().next().unwrap();
        let mac = NewLinkKind::Macvlan([0, 0, 0x5e, 0, 1, 51]);
        assert_eq!((own.kind, own.ipv6), (mac, false));
    }

    #[test]
    fn a_name_that_is_taken_is_passed_over() {
        let plan = planned(
            "vmac_prefix v",
            &[
                ("A", "sfa0", 51, "use_vmac"),
                ("B", "sfb0", 51, "use_vmac"),
                ("C", "sfc0", 52, "use_vmac mine0"),
            ],
        );
        let expected = [("mine0", "sfc0"), ("v.51", "sfa0"), ("v1.51", "sfb0")];
        assert_eq!(names(&plan), expected);
        assert_eq!(plan.complaints, Vec::<String>::new());
    }

    #[test]
    fn an_interface_of_another_kind_with_the_name_is_left_alone() {
        let plan = planned("", &[("A", "sfa0", 51, "use_vmac lo")]);
        assert_eq!(names(&plan), []);
        assert!(plan.spec.routers.is_empty());
        assert_eq!(plan.complaints, ["(A) is NOT run: lo is another interface"]);
    }

    #[test]
    fn one_virtual_mac_on_one_interface_has_one_instance() {
        let addresses =
            "use_vmac\nuse_vmac_addr\nvirtual_ipaddress_excluded {\n192.0.2.9/24 dev sfb0\n}";
        let plan = planned(
            "vmac_addr_prefix va",
            &[("A", "sfa0", 51, addresses), ("B", "sfb0", 51, "use_vmac")],
        );
        assert_eq!(names(&plan), [("va.51", "sfb0"), ("vrrp.51", "sfa0")]);
        let text = "(B) is NOT run: it uses same VMAC as VRRP instance A";
        assert_eq!(plan.complaints, [text]);
    }

    #[test]
    fn an_address_of_the_other_family_may_have_its_own_beside_the_instance_s() {
        let lines =
            "use_vmac\nvirtual_ipaddress_excluded {\n2001:db8::1/64 use_vmac\n2001:db8::2/64\n}";
        let plan = planned(
            "",
            &[
                ("A", "sfa0", 51, lines),
                ("B", "sfa0", 52, "use_vmac\nvmac_xmit_base"),
            ],
        );
        let router = plan.spec.routers.first().unwrap();
        let places: Vec<_> = router
            .all_addresses()
            .map(|held| held.interface.as_deref())
            .collect();
        assert_eq!(places, [Some("vrrp.51"), Some("vrrp6.51"), None]);
        let kinds: Vec<_> = plan
            .virtual_interfaces
            .iter()
            .map(|own| {
                (
                    own.name.as_str(),
                    own.ipv6,
                    own.both_families,
                    own.link_local,
                )
            })
            .collect();
        let expected = [
            ("vrrp.51", false, true, false),
            ("vrrp.52", false, false, false),
            ("vrrp6.51", true, false, true),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_single_address_may_have_its_own() {
        let lines = "virtual_ipaddress_excluded {\n192.0.2.9/24 use_vmac\n}";
        let plan = planned("", &[("A", "sfa0", 51, lines)]);
        assert_eq!(names(&plan), [("vrrp.51", "sfa0")]);
        let router = plan.spec.routers.first().unwrap();
        assert_eq!(router.hears_on(), "sfa0");
        let places: Vec<_> = router
            .all_addresses()
            .map(|held| held.interface.as_deref())
            .collect();
        assert_eq!(places, [None, Some("vrrp.51")]);
    }

    #[test]
    fn an_ipvlan_has_an_address_to_send_from() {
        let plan = planned(
            "",
            &[("A", "sfa0", 51, "use_ipvlan ipv0 192.0.2.77/24 bridge")],
        );
        let own = plan.virtual_interfaces.iter().next().unwrap();
        assert_eq!(own.kind, NewLinkKind::Ipvlan(IpvlanMode::Bridge));
        let address = IpAddr::from([192, 0, 2, 77]);
        assert_eq!(own.address, Some((address, 24)));
        let router = plan.spec.routers.first().unwrap();
        assert_eq!((router.source, router.hears_on()), (Some(address), "ipv0"));
        assert!(!router.has_virtual_mac());
    }
}
