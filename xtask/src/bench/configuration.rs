//! Configurations of the cases, which both daemons read.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::stage::VIP;

/// Virtual routers of one network, at most (virtual_router_id is a byte; the rest is left for the network's own).
pub const PER_NETWORK: u8 = 250;

/// Priorities of the better and of the other node.
pub const PRIORITIES: [u8; 2] = [110, 100];

/// What stands in `global_defs` of every file.
const GLOBALS: &str = "    router_id bench\n    script_user root\n    enable_script_security\n";

/// A file to be: one instance, or many of a kind.
#[derive(Clone, Debug)]
pub struct File {
    /// More lines of `global_defs`.
    pub globals: String,
    /// Blocks before the instances.
    pub blocks: String,
    /// Lines of each instance besides the usual ones.
    pub instance: String,
    /// 2 or 3.
    pub version: u8,
    /// `advert_int`.
    pub interval: &'static str,
    /// Whether packets carry a password (version 2).
    pub password: bool,
    /// The node's priority.
    pub priority: u8,
}

impl File {
    /// The usual one of a node: version 2, an advertisement a second, with a password.
    #[must_use]
    pub fn usual(priority: u8) -> Self {
        Self {
            globals: String::new(),
            blocks: String::new(),
            instance: String::new(),
            version: 2,
            interval: "1",
            password: true,
            priority,
        }
    }

    /// Version 3 with another interval, and without a password.
    #[must_use]
    pub fn version_3(priority: u8, interval: &'static str) -> Self {
        Self {
            version: 3,
            interval,
            password: false,
            ..Self::usual(priority)
        }
    }

    /// The file with one instance, virtual router 51, which holds the address that clients watch.
    #[must_use]
    pub fn one(&self) -> String {
        let mut text = self.head();
        self.put_instance(&mut text, "VI_1", ("eth0", 51), &format!("{VIP}/24"));
        text
    }

    /// The file with so many instances on each of some networks (`eth0`, `eth1`, …); the first one holds the address that clients watch.
    #[must_use]
    pub fn many(&self, networks: u8, per_network: u8) -> String {
        let mut text = self.head();
        for network in 0..networks {
            for vrid in 1..=per_network {
                let address = address_of(network, vrid);
                let interface = format!("eth{network}");
                let prefix = if address == VIP { 24 } else { 32 };
                self.put_instance(
                    &mut text,
                    &format!("VI_{network}_{vrid}"),
                    (&interface, vrid),
                    &format!("{address}/{prefix}"),
                );
            }
        }
        text
    }

    /// Everything before the instances.
    #[must_use]
    pub fn head(&self) -> String {
        format!(
            "global_defs {{\n{GLOBALS}{}}}\n{}",
            self.globals, self.blocks
        )
    }

    fn put_instance(
        &self,
        text: &mut String,
        name: &str,
        (interface, vrid): (&str, u8),
        address: &str,
    ) {
        let Self {
            version,
            priority,
            interval,
            instance,
            ..
        } = self;
        let password = if self.password {
            "    authentication {\n        auth_type PASS\n        auth_pass 1111\n    }\n"
        } else {
            ""
        };
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "vrrp_instance {name} {{\n    state BACKUP\n    interface {interface}\n    version {version}\n    \
             virtual_router_id {vrid}\n    priority {priority}\n    advert_int {interval}\n{password}    \
             virtual_ipaddress {{\n        {address} dev {interface}\n    }}\n{instance}}}\n"
        );
    }
}

/// The address of a virtual router among many.
#[must_use]
pub fn address_of(network: u8, vrid: u8) -> Ipv4Addr {
    if (network, vrid) == (0, 1) {
        return VIP;
    }
    Ipv4Addr::new(10, 9, network, vrid)
}

/// The files of the two nodes, from the better one's.
#[must_use]
pub fn both(file: impl Fn(u8) -> String) -> [String; 2] {
    PRIORITIES.map(file)
}
