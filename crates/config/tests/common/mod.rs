//! Loading text from memory.

use std::path::PathBuf;

use standfast_config::{
    Environment, Existence, InterfaceState, LoadOptions, Loaded, MemorySource, ScriptState, load,
};

/// A host with a few interfaces, users and scripts.
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
            "/bin/true" | "/bin/false" => ScriptState::Runnable,
            _ => ScriptState::Missing,
        }
    }

    fn user(&self, name: &str) -> Existence {
        if name == "root" {
            Existence::Present
        } else {
            Existence::Missing
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
pub fn read(text: impl AsRef<[u8]>) -> Loaded {
    read_from(MemorySource::with(
        "/etc/keepalived/keepalived.conf",
        text.as_ref(),
    ))
}

/// What comes of `/etc/keepalived/keepalived.conf` in that source on [`Host`].
pub fn read_from(source: MemorySource) -> Loaded {
    let paths = [PathBuf::from("/etc/keepalived/keepalived.conf")];
    load(&paths, &source, &Host, &LoadOptions::default())
}
