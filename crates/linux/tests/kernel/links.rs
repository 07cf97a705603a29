//! Interfaces of our own.

use standfast_linux::netlink::{LinkKind, Links, NewLink, NewLinkKind};
use standfast_linux::{Errno, InterfaceName};

use crate::world::{interface, ip, isolated};

const MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 51];

fn name(text: &str) -> InterfaceName {
    InterfaceName::new(text).unwrap()
}

fn macvlan(name: InterfaceName, parent: u32) -> NewLink {
    NewLink {
        name,
        parent,
        kind: NewLinkKind::Macvlan(MAC),
        group: 7,
        master: None,
    }
}

#[test]
fn a_virtual_mac_interface_is_made_found_set_up_and_deleted() {
    isolated(|| {
        ip("link add eth0 type veth peer name peer0");
        ip("link set eth0 up");
        let eth0 = interface("eth0");
        let (own, mut links) = (name("vrrp.51"), Links::open().unwrap());
        assert_eq!(links.find(own).unwrap_err().errno, Errno(libc::ENODEV));
        let made = links.create(&macvlan(own, eth0.index)).unwrap();
        assert_eq!(made, interface("vrrp.51"));
        let found = links.find(own).unwrap();
        assert_eq!((found.interface, found.up), (made, false));
        assert_eq!((found.kind, found.mac), (LinkKind::Macvlan, Some(MAC)));
        assert_eq!((found.parent, found.group), (Some(eth0.index), 7));
        assert!(ip("-d link show vrrp.51").contains("macvlan mode private"));
        links.set_up(made).unwrap();
        assert!(links.get(made.index).unwrap().up);

        let again = links.create(&macvlan(own, eth0.index)).unwrap_err();
        assert_eq!(again.to_string(), "create vrrp.51: File exists");
        let twin = links.create(&macvlan(name("twin"), eth0.index)).unwrap();
        let errno = links.set_up(twin).unwrap_err().errno;
        assert_eq!(errno, Errno(libc::EADDRINUSE));

        links.delete(made).unwrap();
        assert_eq!(links.delete(made).unwrap_err().errno, Errno(libc::ENODEV));
    });
}

#[test]
fn the_routing_domain_of_an_interface_is_shown() {
    isolated(|| {
        ip("link add br0 type bridge");
        ip("link add eth0 type veth peer name peer0");
        ip("link set eth0 master br0");
        let mut links = Links::open().unwrap();
        let found = links.find(name("eth0")).unwrap();
        assert_eq!(found.master, Some(interface("br0").index));
        let master = links.get(interface("br0").index).unwrap();
        assert_eq!((master.kind, master.master), (LinkKind::Bridge, None));

        let (eth0, br0) = (interface("eth0"), interface("br0").index);
        links.set_master(eth0, None).unwrap();
        assert_eq!(links.find(eth0.name).unwrap().master, None);
        links.set_master(eth0, Some(br0)).unwrap();
        assert_eq!(links.find(eth0.name).unwrap().master, Some(br0));
    });
}
