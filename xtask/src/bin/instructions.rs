//! What runs often, so that valgrind can count its instructions: `instructions SUBJECT TIMES` does one thing that many times, after the
//! same preparation. `cargo xtask bench instructions` calls it twice and takes the difference.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};
use standfast_core::input::{Change, HostAddress, InterfaceIndex, Link, Origin, Packet};
use standfast_core::spec::{RouterSpec, VirtualAddress};
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::{
    Advertisement, AdvertisementRepr, Authentication, ChecksumForm, GROUP, Interval, Priority, Vrid,
};
use standfast_core::{Input, Instant, Micros, Node, Output, Spec};
use xtask::bench::check;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const TO: IpAddr = IpAddr::V4(GROUP);
const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100));
const SECOND: Micros = Micros::from_secs(1);

/// Long enough for every router to become Active.
const STARTED: Micros = Micros::from_secs(10);

/// Room for the longest advertisement with its header.
const PACKET_BYTES: usize = standfast_core::node::PACKET_LENGTH;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let subject = arguments.next().unwrap_or_default();
    let times = arguments.next().and_then(|text| text.parse().ok());
    let done = times.and_then(|times: u32| match subject.as_str() {
        "parse" => parse(times),
        "emit" => emit(times),
        "accept" => accept(times),
        "wake-up-1000" => wake_up(times),
        "reconcile-10000" => reconcile(times),
        "configuration-10000" => configuration(times),
        _ => None,
    });
    if done.is_none() {
        eprintln!("usage: instructions SUBJECT TIMES");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

const REPR: AdvertisementRepr<'static> = AdvertisementRepr {
    vrid: match Vrid::new(51) {
        Some(vrid) => vrid,
        None => unreachable!(),
    },
    priority: Priority(100),
    interval: Interval::Seconds(1),
    authentication: Authentication::Password(*b"1111\0\0\0\0"),
    checksum: ChecksumForm::PseudoHeader,
    addresses: &[VIP],
};

fn parse(times: u32) -> Option<()> {
    let mut buffer = [0; PACKET_BYTES];
    let length = REPR.emit(PEER, TO, &mut buffer).ok()?;
    for _ in 0..times {
        let read = Advertisement::parse(black_box(buffer.get(..length)?), PEER, TO);
        black_box(read.ok()?);
    }
    Some(())
}

fn emit(times: u32) -> Option<()> {
    let mut buffer = [0; PACKET_BYTES];
    for _ in 0..times {
        black_box(black_box(REPR).emit(PEER, TO, &mut buffer).ok()?);
    }
    Some(())
}

/// A node and the kernel that does what it is asked at once.
struct Host {
    node: Node,
    now: Instant,
    sent: u32,
}

impl Host {
    /// Interfaces `eth0` and so on, each with an address; then these routers.
    fn new(interfaces: u8, routers: Vec<RouterSpec>) -> Self {
        let mut host = Self {
            node: Node::new(),
            now: Instant(1_000_000),
            sent: 0,
        };
        for number in 0..interfaces {
            let index = InterfaceIndex(u32::from(number) + 2);
            host.give(Input::Link(Link {
                index,
                name: format!("eth{number}"),
                up: true,
                mac: MacAddress([2, 0, 0, 0, number, 1]),
            }));
            host.give(Input::AddressAdded(HostAddress {
                interface: index,
                address: IpAddr::from([192, 0, 2 + number, 1]),
                prefix: 24,
                secondary: false,
                origin: Origin::Foreign,
            }));
        }
        host.configure(routers);
        host
    }

    fn configure(&mut self, routers: Vec<RouterSpec>) {
        self.give(Input::Spec(Box::new(Spec {
            routers,
            ..Spec::default()
        })));
    }

    fn give(&mut self, input: Input<'_>) {
        self.node.handle_input(self.now, input);
        let mut buffer = [0; PACKET_BYTES];
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Kernel {
                    operation,
                    addresses,
                    fixtures,
                    change: Change::Add | Change::Remove,
                } => {
                    let results = vec![Ok(()); addresses.len() + fixtures.len()];
                    self.node
                        .handle_input(self.now, Input::KernelDone { operation, results });
                }
                Output::Advertise { router, priority } => {
                    black_box(self.node.encode(router, priority, TO, &mut buffer));
                    self.sent += 1;
                }
                // What else there is costs the daemon, not core.
                other => drop(black_box(other)),
            }
        }
    }

    fn run_for(&mut self, time: Micros) {
        let end = self.now + time;
        while let Some((due, _)) = self.node.next_wakeup() {
            if due > end {
                break;
            }
            self.now = self.now.max(due);
            self.give(Input::Wakeup);
        }
        self.now = end;
    }
}

fn router(vrid: u8, priority: u8) -> Option<RouterSpec> {
    Some(RouterSpec {
        authentication: Authentication::Password(*b"1111\0\0\0\0"),
        addresses: vec![VirtualAddress::plain(VIP, 24)],
        ..RouterSpec::plain(Vrid::new(vrid)?, Priority(priority))
    })
}

/// A Backup accepts the advertisement that it waits for.
fn accept(times: u32) -> Option<()> {
    let mut host = Host::new(1, vec![router(51, 90)?]);
    let mut buffer = [0; PACKET_BYTES];
    let length = REPR.emit(PEER, TO, &mut buffer).ok()?;
    for _ in 0..times {
        host.run_for(SECOND);
        host.give(Input::Packet(Packet {
            interface: InterfaceIndex(2),
            source: PEER,
            destination: TO,
            ttl: 255,
            message: buffer.get(..length)?,
        }));
    }
    (host.sent == 0).then_some(())
}

/// All advertisements of one interval of 1,000 Active routers.
fn wake_up(times: u32) -> Option<()> {
    let mut routers = Vec::new();
    for number in 0..4_u8 {
        for vrid in 1..=250 {
            let address = IpAddr::from([10, 9, number, vrid]);
            routers.push(RouterSpec {
                name: format!("VI_{number}_{vrid}"),
                interface: format!("eth{number}"),
                addresses: vec![VirtualAddress::plain(address, 32)],
                ..router(vrid, 100)?
            });
        }
    }
    let mut host = Host::new(4, routers);
    host.run_for(STARTED);
    let before = host.sent;
    for _ in 0..times {
        host.run_for(SECOND);
    }
    (host.sent - before == times * 1000).then_some(())
}

/// A reload that replaces one of 10,000 addresses of an Active router.
fn reconcile(times: u32) -> Option<()> {
    let address = |number: u16| {
        let [high, low] = number.to_be_bytes();
        VirtualAddress::plain(IpAddr::from([10, 8, high, low]), 32)
    };
    let with = |range: std::ops::Range<u16>| {
        Some(RouterSpec {
            excluded: range.map(address).collect(),
            ..router(51, 100)?
        })
    };
    let versions = [with(0..9_999)?, with(1..10_000)?];
    let mut host = Host::new(1, versions.get(..1)?.to_vec());
    host.run_for(STARTED);
    for version in versions
        .iter()
        .rev()
        .cycle()
        .take(usize::try_from(times).ok()?)
    {
        host.configure(vec![version.clone()]);
    }
    (host.sent > 0).then_some(())
}

/// Reading a configuration of 10,000 lines.
fn configuration(times: u32) -> Option<()> {
    let path = PathBuf::from("/etc/keepalived/keepalived.conf");
    let source = MemorySource::with(path.clone(), check::configuration(10_000));
    for _ in 0..times {
        let loaded = load(
            std::slice::from_ref(&path),
            &source,
            &NoEnvironment,
            &LoadOptions::default(),
        );
        black_box(loaded);
    }
    Some(())
}
