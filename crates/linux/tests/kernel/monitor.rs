//! What the kernel tells of links and addresses.

use std::net::IpAddr;

use standfast_linux::InterfaceName;
use standfast_linux::netlink::{
    Action, AddressChange, AddressFlags, Commands, Event, LinkEvent, LinkKind, Monitor,
};

use crate::world::{PATIENCE, interface, ip, isolated, readable};

/// Everything that is told until `last` is true of an event.
fn events_until(monitor: &mut Monitor, last: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    while !events.iter().any(&last) {
        assert!(readable(monitor, PATIENCE), "only {events:#?}");
        monitor.next_events(&mut events).unwrap();
    }
    events
}

fn link_of(event: &Event, name: &str) -> Option<LinkEvent> {
    match event {
        Event::Link(link) if link.name.as_str() == name => Some(*link),
        _ => None,
    }
}

fn dump(monitor: &mut Monitor) -> Vec<Event> {
    let mut events = Vec::new();
    monitor.dump(&mut events).unwrap();
    events
}

#[test]
fn a_dump_tells_every_link_and_address() {
    isolated(|| {
        ip("link add eth0 address 02:00:00:00:00:07 mtu 1400 type veth peer name peer0");
        ip("link add vrrp.7 link eth0 type macvlan mode bridge");
        ip("address add 10.0.0.5/24 dev eth0");
        let mut monitor = Monitor::open(None).unwrap();
        let events = dump(&mut monitor);
        let link = |name| {
            events
                .iter()
                .find_map(|event| link_of(event, name))
                .unwrap()
        };
        let lo = link("lo");
        assert!(
            (lo.loopback, lo.up, lo.running, lo.kind) == (true, true, true, LinkKind::Physical)
        );
        let eth0 = link("eth0");
        assert_eq!((eth0.mac, eth0.mtu), (Some([2, 0, 0, 0, 0, 7]), 1400));
        assert_eq!(
            (eth0.up, eth0.running, eth0.multicast),
            (false, false, true)
        );
        assert_eq!((eth0.kind, eth0.parent), (LinkKind::Veth, None));
        let macvlan = link("vrrp.7");
        assert_eq!(
            (macvlan.kind, macvlan.parent),
            (LinkKind::Macvlan, Some(eth0.index))
        );
        let has = |index, address: IpAddr| {
            events.iter().any(|event| match event {
                Event::Address(a) => (a.index, a.address) == (index, address),
                _ => false,
            })
        };
        assert!(
            has(1, IpAddr::from([127, 0, 0, 1])) && has(eth0.index, IpAddr::from([10, 0, 0, 5]))
        );
    });
}

#[test]
fn links_that_change_are_told() {
    isolated(|| {
        ip("link add eth0 type veth peer name peer0");
        let mut monitor = Monitor::open(None).unwrap();
        dump(&mut monitor);
        ip("link set eth0 up");
        let up =
            |event: &Event| link_of(event, "eth0").is_some_and(|link| link.up && !link.running);
        events_until(&mut monitor, up);
        ip("link set peer0 up");
        let running =
            |event: &Event| link_of(event, "eth0").is_some_and(|link| link.up && link.running);
        events_until(&mut monitor, running);
        ip("link set peer0 down");
        events_until(&mut monitor, up);
        ip("link set eth0 down");
        events_until(&mut monitor, |event| {
            link_of(event, "eth0").is_some_and(|link| !link.up)
        });
        ip("link set eth0 name wan0");
        let index = interface("wan0").index;
        let renamed = events_until(&mut monitor, |event| link_of(event, "wan0").is_some());
        assert_eq!(
            renamed
                .iter()
                .find_map(|event| link_of(event, "wan0"))
                .unwrap()
                .index,
            index
        );
        ip("link delete wan0");
        let name = InterfaceName::new("wan0").unwrap();
        events_until(&mut monitor, |event| {
            *event == Event::LinkRemoved { index, name }
        });
    });
}

#[test]
fn addresses_that_come_and_go_are_told() {
    isolated(|| {
        ip("link add eth0 type veth peer name peer0");
        ip("link set eth0 up");
        let mut monitor = Monitor::open(None).unwrap();
        dump(&mut monitor);
        let told = |monitor: &mut Monitor, text: &str, added: bool| {
            let wanted: IpAddr = text.parse().unwrap();
            let is = |event: &Event| matches!(event, Event::Address(a) if a.address == wanted && a.added == added);
            match events_until(monitor, is).into_iter().find(is) {
                Some(Event::Address(address)) => address,
                other => panic!("{other:?}"),
            }
        };
        ip("address add 10.0.0.5/24 dev eth0");
        ip("address add 10.0.0.6/24 dev eth0");
        ip("address add 2001:db8::5/64 dev eth0");
        assert!(
            !told(&mut monitor, "10.0.0.5", true)
                .flags
                .contains(AddressFlags::SECONDARY)
        );
        ip("address delete 10.0.0.5/24 dev eth0");
        assert_eq!(told(&mut monitor, "10.0.0.5", false).prefix, 24);
        ip("address add 10.0.0.7/16 dev eth0");
        assert_eq!(
            told(&mut monitor, "10.0.0.7", true).label,
            InterfaceName::from_bytes(b"eth0")
        );
        ip("address add 10.0.0.8/16 dev eth0");
        assert!(
            told(&mut monitor, "10.0.0.8", true)
                .flags
                .contains(AddressFlags::SECONDARY)
        );
    });
}

#[test]
fn a_port_that_leaves_its_bridge_is_not_removed() {
    isolated(|| {
        ip("link add br0 type bridge");
        ip("link add eth0 type veth peer name peer0");
        ip("link set eth0 master br0");
        let mut monitor = Monitor::open(None).unwrap();
        dump(&mut monitor);
        ip("link set eth0 nomaster");
        ip("link set br0 mtu 1300");
        let events = events_until(&mut monitor, |e| {
            link_of(e, "br0").is_some_and(|link| link.mtu == 1300)
        });
        let removed = |event: &Event| matches!(event, Event::LinkRemoved { .. });
        assert!(!events.iter().any(removed), "{events:#?}");
    });
}

#[test]
fn lost_events_are_told_and_a_dump_makes_up_for_them() {
    isolated(|| {
        ip("link add eth0 type veth peer name peer0");
        let eth0 = interface("eth0");
        let mut monitor = Monitor::open(Some(4096)).unwrap();
        dump(&mut monitor);
        let address = |n: u8| IpAddr::from([10, 0, 0, n]);
        let changes: Vec<_> = (0..200)
            .map(|n| AddressChange::new(Action::Add, eth0, address(n), 32))
            .collect();
        let mut results = Vec::new();
        Commands::open().unwrap().apply(&changes, &mut results);
        events_until(&mut monitor, |event| *event == Event::Overrun);
        let events = dump(&mut monitor);
        let is_ours = |event: &&Event| matches!(event, Event::Address(a) if a.index == eth0.index);
        assert_eq!(events.iter().filter(is_ours).count(), 200);
    });
}

#[test]
fn messages_of_other_processes_are_not_believed() {
    isolated(|| {
        let mut monitor = Monitor::open(None).unwrap();
        dump(&mut monitor);
        // A removal of lo, sent to everybody in the namespace, by us.
        let forged = Forger::open();
        forged.send_link_removal();
        ip("link set lo mtu 1500");
        let events = events_until(&mut monitor, |e| {
            link_of(e, "lo").is_some_and(|link| link.mtu == 1500)
        });
        let removed = |event: &Event| matches!(event, Event::LinkRemoved { .. });
        assert!(!events.iter().any(removed), "{events:#?}");
    });
}

/// A process that multicasts route messages as the kernel does.
struct Forger(std::os::fd::OwnedFd);

impl Forger {
    fn open() -> Self {
        use std::os::fd::FromRawFd;
        // SAFETY: socket(2) takes plain numbers and returns a descriptor of our own.
        let fd = unsafe {
            libc::socket(
                libc::AF_NETLINK,
                libc::SOCK_RAW | libc::SOCK_CLOEXEC,
                libc::NETLINK_ROUTE,
            )
        };
        assert_ne!(fd, -1);
        // SAFETY: as above.
        Self(unsafe { std::os::fd::OwnedFd::from_raw_fd(fd) })
    }

    fn send_link_removal(&self) {
        use std::os::fd::AsRawFd;
        let mut message = Vec::new();
        message.extend(40_u32.to_ne_bytes());
        message.extend(17_u16.to_ne_bytes());
        message.extend([0; 10]);
        message.extend([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        message.extend([7, 0, 3, 0, b'l', b'o', 0, 0]);
        // SAFETY: the structure is plain numbers.
        let mut to: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        to.nl_family = 16;
        to.nl_groups = 1;
        let length = libc::socklen_t::try_from(size_of_val(&to)).unwrap();
        // SAFETY: pointers and lengths describe the message and the address.
        let sent = unsafe {
            let to = std::ptr::from_ref(&to).cast();
            libc::sendto(
                self.0.as_raw_fd(),
                message.as_ptr().cast(),
                message.len(),
                0,
                to,
                length,
            )
        };
        assert!(sent > 0, "{}", std::io::Error::last_os_error());
    }
}
