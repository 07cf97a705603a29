//! Loading text from memory.

use std::net::IpAddr;
use std::path::PathBuf;

use standfast_config::{
    Environment, Existence, InterfaceState, IpNetwork, LoadOptions, Loaded, MemorySource, NameList,
    ScriptProblem, ScriptProblemKind, ScriptState, load,
};

/// The addresses of [`Host`], by interface.
const ADDRESSES: &[(&str, [u8; 4])] = &[("eth0", [192, 0, 2, 2]), ("eth1", [198, 51, 100, 2])];
/// A check as tutorials have it.
const CHECK_NGINX: &str = "#!/bin/bash
if [ `ps -C nginx --no-header | wc -l` -eq 0 ]; then
    systemctl start nginx
    sleep 2
    if [ `ps -C nginx --no-header | wc -l` -eq 0 ]; then
        systemctl stop keepalived
    fi
fi
";
/// A check without fault.
const CHECK_WEB: &str = "#!/bin/sh
exec curl -fs -o /dev/null http://127.0.0.1/
";

/// A host with a few interfaces, users and scripts.
///
/// eth0 has 192.0.2.2/24 and eth1 198.51.100.2/24; everybody may write to /opt/check.sh; no list has the name `dmz`.
pub struct Host;

impl Environment for Host {
    fn interface(&self, name: &str) -> InterfaceState {
        match name {
            "lo" => InterfaceState::Loopback,
            "eth0" | "eth1" => InterfaceState::Present,
            _ => InterfaceState::Missing,
        }
    }

    fn script(&self, command: &str) -> ScriptState {
        match command {
            "/bin/true"
            | "/bin/false"
            | "/bin/sh"
            | "/usr/bin/pgrep"
            | "/usr/bin/systemctl"
            | "/usr/local/bin/check_nginx.sh"
            | "/usr/local/bin/check_web.sh"
            | "/usr/local/bin/notify.sh" => ScriptState::Runnable,
            "/opt/check.sh" => ScriptState::Insecure,
            _ => ScriptState::Missing,
        }
    }

    fn script_problem(&self, command: &str) -> Option<ScriptProblem> {
        (command == "/opt/check.sh").then(|| ScriptProblem {
            path: PathBuf::from(command),
            owner: "root".to_owned(),
            mode: 0o777,
            kind: ScriptProblemKind::WritableByOthers,
        })
    }

    fn script_text(&self, command: &str) -> Option<String> {
        match command {
            "/usr/local/bin/check_nginx.sh" => Some(CHECK_NGINX.to_owned()),
            "/usr/local/bin/check_web.sh" => Some(CHECK_WEB.to_owned()),
            _ => None,
        }
    }

    fn addresses(&self, interface: &str) -> Option<Vec<IpNetwork>> {
        let own = ADDRESSES.iter().filter(|(name, _)| *name == interface);
        let network = |(_, address): &(&str, [u8; 4])| IpNetwork {
            address: IpAddr::from(*address),
            prefix: 24,
        };
        Some(own.map(network).collect())
    }

    fn address(&self, address: IpAddr) -> Existence {
        let own = |(_, own): &(&str, [u8; 4])| IpAddr::from(*own) == address;
        if ADDRESSES.iter().any(own) {
            Existence::Present
        } else {
            Existence::Missing
        }
    }

    fn user(&self, name: &str) -> Existence {
        if name == "root" {
            Existence::Present
        } else {
            Existence::Missing
        }
    }

    fn network_name(&self, _list: NameList, name: &str) -> Existence {
        if name == "dmz" {
            Existence::Missing
        } else {
            Existence::Unknown
        }
    }

    fn host_name(&self) -> Option<String> {
        Some("node1.example.org".to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "VRID").then(|| "77".to_owned())
    }
}

/// What comes of that text in a file on [`Host`].
#[allow(dead_code, reason = "tests of pages read several files")]
pub fn read(text: impl AsRef<[u8]>) -> Loaded {
    read_from(MemorySource::with(
        "/etc/keepalived/keepalived.conf",
        text.as_ref(),
    ))
}

/// What comes of `/etc/keepalived/keepalived.conf` in that source on [`Host`].
#[allow(dead_code, reason = "tests of pages name their files")]
pub fn read_from(source: MemorySource) -> Loaded {
    read_at("/etc/keepalived/keepalived.conf", &source)
}

/// What comes of that file in that source on [`Host`].
pub fn read_at(path: &str, source: &MemorySource) -> Loaded {
    load(
        &[PathBuf::from(path)],
        source,
        &Host,
        &LoadOptions::default(),
    )
}
