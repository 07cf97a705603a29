//! What on this host keeps a configuration from working: firewall, other daemons, network managers, kernel settings, links,
//! clock.
//!
//! Each subject reads, bounded in time and memory, and then judges data alone. Nothing here changes anything, nor
//! speaks to another process than `nft` and `iptables-save`.

mod addresses;
mod daemons;
pub(crate) mod firewall;
mod kernel;
mod links;
mod listeners;
mod managers;
mod segment;
mod time;
mod wire;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use standfast_config::{Config, Diagnostic, Span, Spanned, VrrpInstance};

use crate::environment::HostEnvironment;

pub(crate) use addresses::OwnAddresses;
pub(crate) use daemons::runs_here;

/// Where named network namespaces are (ip-netns(8)).
const NAMESPACES: &str = "/run/netns";

/// What this host's state says about the configuration, for `check --host`: warnings where it surely does not work, notes
/// where something may disturb it. Nothing for a configuration whose `net_namespace` is another one. Blocks some seconds at
/// most.
#[must_use]
pub fn findings(config: &Config, environment: &HostEnvironment) -> Vec<Diagnostic> {
    if config.instances.is_empty() || other_namespace(config).is_some() {
        return Vec::new();
    }
    let mut found = links::findings(config, environment);
    found.extend(firewall::findings(config));
    found.extend(daemons::findings(config));
    found.extend(managers::findings(config));
    found.extend(kernel::findings(config, environment));
    found.extend(segment::findings(config, environment));
    found.extend(wire::findings(config));
    found.extend(time::findings(config));
    found.extend(listeners::findings(config));
    found
}

/// The network namespace that the configuration runs in, where that is not the one of this process: [`findings`] says
/// nothing of it.
#[must_use]
pub fn other_namespace(config: &Config) -> Option<&Spanned<String>> {
    let wanted = config.root.net_namespace.as_ref()?;
    let identity = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    let here = identity(Path::new("/proc/self/ns/net"));
    let is_name = !wanted.value.contains('/');
    let named = is_name.then(|| identity(&Path::new(NAMESPACES).join(&wanted.value)));
    (here.is_none() || named.flatten() != here).then_some(wanted)
}

/// The interface of the instance, and where it is named.
fn interface(instance: &VrrpInstance) -> Option<(&str, Span)> {
    let name = instance.interface.as_ref()?;
    Some((&name.value, name.span))
}

/// Each interface once, at its first instance.
fn interfaces(config: &Config) -> Vec<(&str, Span)> {
    let mut all: Vec<(&str, Span)> = Vec::new();
    for (name, span) in config.instances.iter().filter_map(interface) {
        if all.iter().all(|(known, _)| *known != name) {
            all.push((name, span));
        }
    }
    all
}

#[cfg(test)]
pub(crate) mod tests {
    use standfast_config::{Config, LoadOptions, MemorySource, NoEnvironment, load};

    use super::*;

    /// An instance VI_1 with VRID 51 on eth0 and these lines.
    pub(crate) fn instance(lines: &str) -> Config {
        let text =
            format!("vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\n{lines}}}\n");
        let source = MemorySource::with("/k.conf", text);
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        assert_eq!(loaded.config.instances.len(), 1, "{:?}", loaded.diagnostics);
        loaded.config
    }

    #[test]
    fn a_configuration_for_another_namespace_is_not_judged_by_this_one() {
        let mut config = instance("virtual_ipaddress {\n192.0.2.100/24\n}\n");
        assert_eq!(other_namespace(&config), None);
        for name in ["no-such-namespace", "../../proc/self/ns/net"] {
            let wanted = Spanned::new(name.to_owned(), Span::default());
            config.root.net_namespace = Some(wanted);
            assert!(other_namespace(&config).is_some(), "{name}");
            assert_eq!(findings(&config, &HostEnvironment::with_advice()), []);
        }
    }
}
