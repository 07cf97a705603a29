//! Virtual MAC addresses that two instances want on one interface.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Lints, name};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Family, MacAddress, VrrpInstance};
use crate::span::Span;
use crate::units::Vrid;

/// An interface below and a MAC address on it.
type Place<'c> = (&'c str, MacAddress);

impl Lints<'_> {
    /// One of the instances may be master here and the other one elsewhere, so they cannot share it: the later one in
    /// the file is not run.
    pub(super) fn shared_virtual_macs(&mut self) {
        let config = self.config;
        let mut taken: BTreeMap<Place<'_>, (&VrrpInstance, Span)> = BTreeMap::new();
        for instance in &config.instances {
            let wanted = virtual_macs(instance);
            let clash = wanted
                .iter()
                .find_map(|(place, span)| Some((place, *span, *taken.get(place)?)));
            let Some(((base, mac), span, (other, first))) = clash else {
                let new = wanted
                    .into_iter()
                    .map(|(place, span)| (place, (instance, span)));
                taken.extend(new);
                continue;
            };
            let [a, b, c, d, e, f] = mac.0;
            let text = format!(
                "`{}` is not run: `{}` has the virtual MAC address {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x} on {base}",
                name(instance),
                name(other),
            );
            let found = Diagnostic::error(Code::VirtualMacTaken, span, text)
                .label(first, "here first")
                .help("give the instances different VRIDs, or move the address into the other instance");
            self.say(found);
        }
    }
}

/// The instance's own and those of single addresses, each once, with the place that asks for it.
fn virtual_macs(instance: &VrrpInstance) -> BTreeMap<Place<'_>, Span> {
    let own = instance.interface.as_ref().map(|name| name.value.as_str());
    let mut all = BTreeMap::new();
    if let (Some(vmac), Some(base)) = (&instance.vmac, own) {
        let standard = || standard_mac(instance.vrid.value, instance.family == Family::V6);
        let mac = vmac.mac.unwrap_or_else(standard);
        all.insert((base, mac), instance.name.span);
    }
    let lines = instance
        .addresses
        .iter()
        .chain(&instance.excluded_addresses);
    for line in lines {
        let device = line.device.as_deref();
        let elsewhere = device.is_some_and(|device| Some(device) != own);
        let address = line.network.address;
        let same_family = Family::of(address) == instance.family;
        let covered = instance.vmac.is_some() && !elsewhere && same_family;
        let wants = line.use_vmac || (instance.vmac_addresses && elsewhere);
        if let (true, false, Some(base)) = (wants, covered, device.or(own)) {
            let mac = standard_mac(instance.vrid.value, matches!(address, IpAddr::V6(_)));
            all.entry((base, mac)).or_insert(line.span);
        }
    }
    all
}

/// RFC 9568 §7.3.
fn standard_mac(vrid: Vrid, ipv6: bool) -> MacAddress {
    MacAddress([0, 0, 0x5e, 0, if ipv6 { 2 } else { 1 }, vrid.get()])
}
