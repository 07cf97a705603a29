//! Changes to addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use standfast_linux::netlink::{
    Action, AddressChange, AddressEvent, AddressFlags, AddressProtocol, Commands, Event,
    HostAddress, Lifetime, Monitor, Scope,
};
use standfast_linux::sysctl::Sysctl;
use standfast_linux::{Errno, Error, Interface, InterfaceName};

use crate::world::{interface, ip, isolated};

fn apply(changes: &[AddressChange]) -> Vec<Result<(), Error>> {
    let mut results = Vec::new();
    Commands::open().unwrap().apply(changes, &mut results);
    assert_eq!(results.len(), changes.len());
    results
}

/// The addresses that are there, in the order of the dump. Changes during the dump, such as the end of
/// an IPv6 address's start, are told besides it: the last word counts.
fn added_addresses(index: u32) -> Vec<AddressEvent> {
    let mut events = Vec::new();
    Monitor::open(None).unwrap().dump(&mut events).unwrap();
    let mut present: Vec<AddressEvent> = Vec::new();
    for event in events {
        let Event::Address(told) = event else {
            continue;
        };
        let is_same = |a: &AddressEvent| (a.address, a.prefix) == (told.address, told.prefix);
        match present.iter().position(is_same) {
            Some(position) if told.added => present[position] = told,
            Some(position) => drop(present.remove(position)),
            None if told.added && told.index == index => present.push(told),
            None => {}
        }
    }
    present
}

fn veth() -> Interface {
    ip("link add eth0 type veth peer name peer0");
    // IPv6 would add a link-local address of its own.
    ip("link set eth0 addrgenmode none");
    ip("link set eth0 up");
    interface("eth0")
}

/// 10.1.x.y/32, so many of them.
fn thousand(action: Action, eth0: Interface) -> Vec<AddressChange> {
    let address = |n: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0a01_0000 + n));
    (0..1_000)
        .map(|n| AddressChange::new(action, eth0, address(n), 32))
        .collect()
}

#[test]
fn a_thousand_addresses_come_and_go_with_a_result_each() {
    isolated(|| {
        let eth0 = veth();
        ip("address add 10.1.0.7/32 dev eth0");
        ip("address add 10.1.3.1/32 dev eth0");
        let results = apply(&thousand(Action::Add, eth0));
        let failed: Vec<_> = (0..)
            .zip(&results)
            .filter_map(|(n, r)| Some((n, r.as_ref().err()?)))
            .collect();
        assert_eq!(failed.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [7, 769]);
        assert_eq!(
            failed[0].1.to_string(),
            "add 10.1.0.7/32 to eth0: File exists"
        );
        let present = added_addresses(eth0.index);
        assert_eq!(present.len(), 1_000);
        let ours = present
            .iter()
            .filter(|a| a.protocol == Some(AddressProtocol::KEEPALIVED));
        assert!(matches!(ours.count(), 998 | 0), "0 on kernels before 5.18");

        ip("address delete 10.1.0.9/32 dev eth0");
        let results = apply(&thousand(Action::Remove, eth0));
        let failed: Vec<_> = results
            .iter()
            .filter_map(|result| result.as_ref().err())
            .collect();
        let expected = "remove 10.1.0.9/32 from eth0: Cannot assign requested address";
        assert_eq!(
            failed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [expected]
        );
        assert_eq!(added_addresses(eth0.index), []);
    });
}

#[test]
fn every_failure_of_a_full_batch_is_told() {
    isolated(|| {
        let eth0 = veth();
        let results = apply(&thousand(Action::Remove, eth0));
        assert!(
            results
                .iter()
                .all(|r| r.as_ref().unwrap_err().errno == Errno(libc::EADDRNOTAVAIL))
        );
        let nowhere = Interface {
            index: 4242,
            name: InterfaceName::new("gone0").unwrap(),
        };
        let results = apply(&thousand(Action::Add, nowhere));
        assert!(
            results
                .iter()
                .all(|r| r.as_ref().unwrap_err().errno == Errno(libc::ENODEV))
        );
    });
}

#[test]
fn removal_takes_this_prefix_length_only() {
    isolated(|| {
        let eth0 = veth();
        let address = IpAddr::from([10, 0, 0, 5]);
        ip("address add 10.0.0.5/24 dev eth0");
        ip("address add 10.0.0.5/32 dev eth0");
        let wrong = apply(&[AddressChange::new(Action::Remove, eth0, address, 25)]);
        assert_eq!(
            wrong[0].as_ref().unwrap_err().errno,
            Errno(libc::EADDRNOTAVAIL)
        );
        let right = apply(&[AddressChange::new(Action::Remove, eth0, address, 24)]);
        assert_eq!(right, [Ok(())]);
        let left = added_addresses(eth0.index);
        assert_eq!(
            left.iter()
                .map(|a| (a.address, a.prefix))
                .collect::<Vec<_>>(),
            [(address, 32)]
        );
    });
}

#[test]
fn ipv4_properties_arrive() {
    isolated(|| {
        let eth0 = veth();
        let mut change = AddressChange::new(Action::Add, eth0, IpAddr::from([10, 0, 0, 5]), 24);
        change.scope = Scope::LINK;
        change.valid = Lifetime::Seconds(1_000);
        change.preferred = Lifetime::Seconds(500);
        change.flags = AddressFlags::NO_PREFIX_ROUTE;
        change.host = HostAddress::V4 {
            address: Ipv4Addr::new(10, 0, 0, 5),
            peer: None,
            broadcast: Some(Ipv4Addr::new(10, 0, 0, 255)),
            label: InterfaceName::from_bytes(b"eth0:vip"),
        };
        let mut pointed = AddressChange::new(Action::Add, eth0, IpAddr::from([10, 9, 0, 1]), 32);
        pointed.host = HostAddress::V4 {
            address: Ipv4Addr::new(10, 9, 0, 1),
            peer: Some(Ipv4Addr::new(10, 9, 0, 2)),
            broadcast: None,
            label: None,
        };
        assert_eq!(apply(&[change, pointed]), [Ok(()), Ok(())]);
        let shown = ip("-oneline address show dev eth0");
        let words = "inet 10.0.0.5/24 brd 10.0.0.255 scope link dynamic noprefixroute eth0:vip";
        // iproute2 shows the protocol in between when it knows of it.
        assert!(
            shown.replace(" proto keepalived", "").contains(words),
            "{shown}"
        );
        assert!(shown.contains("inet 10.9.0.1 peer 10.9.0.2/32"), "{shown}");
        let events = added_addresses(eth0.index);
        assert_eq!(events[0].label, InterfaceName::from_bytes(b"eth0:vip"));
        assert_eq!(events[0].scope, Scope::LINK);
        assert_eq!(events[1].address, IpAddr::from([10, 9, 0, 1]));

        change.action = Action::Remove;
        pointed.action = Action::Remove;
        assert_eq!(apply(&[change, pointed]), [Ok(()), Ok(())]);
        assert_eq!(added_addresses(eth0.index), []);
    });
}

#[test]
fn ipv6_addresses_are_usable_at_once_and_deprecated_on_request() {
    isolated(|| {
        let eth0 = veth();
        let address = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 5));
        let mut change = AddressChange::new(Action::Add, eth0, address, 128);
        change.flags = AddressFlags::NO_DAD;
        change.preferred = Lifetime::Seconds(0);
        assert_eq!(apply(&[change]), [Ok(())]);
        let [event] = added_addresses(eth0.index)[..] else {
            panic!("one address")
        };
        assert_eq!((event.address, event.prefix), (address, 128));
        assert!(event.flags.contains(AddressFlags::DEPRECATED), "{event:?}");
        assert!(!event.flags.contains(AddressFlags::TENTATIVE), "{event:?}");

        change.action = Action::Replace;
        change.preferred = Lifetime::Forever;
        assert_eq!(apply(&[change]), [Ok(())]);
        let [event] = added_addresses(eth0.index)[..] else {
            panic!("one address")
        };
        assert!(!event.flags.contains(AddressFlags::DEPRECATED), "{event:?}");
        change.action = Action::Remove;
        assert_eq!(apply(&[change]), [Ok(())]);
    });
}

#[test]
fn promoted_secondaries_survive_the_first_address() {
    isolated(|| {
        let eth0 = veth();
        let setting = Sysctl::promote_secondaries(eth0.name);
        let add = |last| AddressChange::new(Action::Add, eth0, IpAddr::from([10, 0, 0, last]), 24);
        let remove =
            |last| AddressChange::new(Action::Remove, eth0, IpAddr::from([10, 0, 0, last]), 24);
        for (value, left) in [(0, 0), (1, 1)] {
            setting.write(value).unwrap();
            assert_eq!(setting.read().unwrap(), value);
            assert_eq!(
                apply(&[add(1), add(2), remove(1)]),
                [Ok(()), Ok(()), Ok(())]
            );
            assert_eq!(
                added_addresses(eth0.index).len(),
                left,
                "promote_secondaries={value}"
            );
            apply(&[remove(2)]);
        }
        let missing = Sysctl::Ipv6(eth0.name, "no_such_key").read().unwrap_err();
        assert_eq!(
            missing.to_string(),
            "read /proc/sys/net/ipv6/conf/eth0/no_such_key: No such file or directory"
        );
    });
}
