//! What the running daemon has in force, as a configuration: this host is judged by it where the file cannot be used.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use standfast_api::status::{Instance, Status};
use standfast_config::{Config, LoadOptions, MemorySource, load};
use standfast_daemon::HostEnvironment;

/// The file that there is none of.
const FILE: &str = "/running.conf";

/// What matters to a host: interfaces, addresses, peers.
pub(super) fn config(status: &Status, environment: &HostEnvironment) -> Config {
    let text: String = status.instances.iter().map(instance).collect();
    let source = MemorySource::with(FILE, text);
    load(
        &[PathBuf::from(FILE)],
        &source,
        environment,
        &LoadOptions::default(),
    )
    .config
}

/// The daemon runs in this network namespace, or in one that is not to be seen.
pub(super) fn is_here(status: &Status) -> bool {
    let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    let theirs = namespace(&status.node.pid.to_string());
    theirs.is_none() || theirs == namespace("self")
}

fn instance(instance: &Instance) -> String {
    let mut text = format!(
        "vrrp_instance \"{}\" {{\nversion {}\nvirtual_router_id {}\npriority {}\n",
        instance.name, instance.version, instance.vrid, instance.priority.base
    );
    if !instance.interface.is_empty() {
        let _ = writeln!(text, "interface {}", instance.interface);
    }
    if instance.unicast {
        let peers = instance.destinations.iter().map(|peer| format!("{peer}\n"));
        let _ = writeln!(text, "unicast_peer {{\n{}}}", peers.collect::<String>());
    }
    let addresses = instance.addresses.iter().filter(|one| !one.excluded);
    let addresses = addresses.map(|one| format!("{}/{}\n", one.address, one.prefix));
    let _ = writeln!(
        text,
        "virtual_ipaddress {{\n{}}}\n}}",
        addresses.collect::<String>()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::samples;

    #[test]
    fn what_runs_is_what_the_host_is_judged_by() {
        let status = samples::healthy();
        let config = config(&status, &HostEnvironment::with_advice());
        let names: Vec<&str> = config
            .instances
            .iter()
            .map(|one| one.name.value.as_str())
            .collect();
        assert_eq!(names, ["VI_1", "VI_2"]);
    }
}
