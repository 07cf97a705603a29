//! What on this host keeps a configuration from working: firewall, other daemons, network managers, kernel settings.
//!
//! Each subject reads, bounded in time and memory, and then judges data alone. Nothing here changes anything, nor
//! speaks to another process than `nft` and `iptables-save`.

mod addresses;
mod daemons;
mod firewall;
mod kernel;
mod managers;

use standfast_config::{Config, Diagnostic, Span, VrrpInstance};

use crate::environment::HostEnvironment;

pub(crate) use addresses::OwnAddresses;
pub(crate) use daemons::runs_here;

/// What this host's state says about the configuration, for `check --host`: warnings where it surely does not work, notes
/// where something may disturb it. Nothing for a configuration whose `net_namespace` is another one. Blocks some seconds at
/// most.
#[must_use]
pub fn findings(config: &Config, environment: &HostEnvironment) -> Vec<Diagnostic> {
    if config.instances.is_empty() || config.root.net_namespace.is_some() {
        return Vec::new();
    }
    let mut found = firewall::findings(config);
    found.extend(daemons::findings(config));
    found.extend(managers::findings(config));
    found.extend(kernel::findings(config, environment));
    found
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
}
