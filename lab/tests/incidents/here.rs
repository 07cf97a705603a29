//! What happens to the host itself, and to its cable.

use std::thread;
use std::time::Duration;

use crate::scene::{FIRST, SECOND, becomes, follows, names, vip, with_pair};
use crate::support::standfast;

#[test]
fn cable_pulled() {
    with_pair(standfast(), [FIRST, SECOND], |pair| {
        becomes(&pair.first.host, "master");
        follows(&pair.second.host, 0);
        pair.first.host.cable_pull().unwrap();
        becomes(&pair.second.host, "master");
        names(
            &pair.first.host,
            "interface-down",
            &["eth0 is down", "cable"],
        );
    });
}

/// A network manager, or an administrator, removes it.
#[test]
fn address_deleted_by_another_program() {
    with_pair(standfast(), [FIRST, SECOND], |pair| {
        becomes(&pair.first.host, "master");
        pair.first
            .wait_until_holds(true, Duration::from_secs(10))
            .unwrap();
        let address = format!("{}/24", vip());
        let delete = ["ip", "address", "delete", &address, "dev", "eth0"];
        pair.first.host.run(&delete).unwrap();
        let phrases = ["another program on this host", &vip(), "ip monitor address"];
        names(&pair.first.host, "address-deleted", &phrases);
    });
}

/// Another host takes it, and does not speak VRRP.
#[test]
fn address_taken_by_another_host() {
    with_pair(standfast(), [FIRST, SECOND], |pair| {
        becomes(&pair.first.host, "master");
        follows(&pair.second.host, 0);
        let address = format!("{}/24", vip());
        let add = ["ip", "address", "add", &address, "dev", "eth0"];
        pair.client.run(&add).unwrap();
        let mac = pair.client.mac().to_string();
        names(
            &pair.first.host,
            "other-holder",
            &[&mac, &vip(), "another host or program"],
        );
    });
}

/// Ten seconds in which it neither runs nor hears.
#[test]
fn paused_for_ten_seconds() {
    with_pair(standfast(), [FIRST, SECOND], |pair| {
        becomes(&pair.first.host, "master");
        follows(&pair.second.host, 0);
        pair.first.host.pause().unwrap();
        thread::sleep(Duration::from_secs(10));
        pair.first.host.resume().unwrap();
        names(
            &pair.first.host,
            "host-paused",
            &["did not run for 1", "virtual machine"],
        );
    });
}
