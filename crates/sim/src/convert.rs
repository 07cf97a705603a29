//! Arrivals as inputs of a core, and frames as words of a trace.

use std::net::IpAddr;

use standfast_core::Input;
use standfast_core::input::{
    Change, CheckOutcome, Errno, InterfaceIndex, Origin, Packet, PeerPacket,
};
use standfast_core::spec::VirtualAddress;
use standfast_core::wire::arp::Arp;
use standfast_core::wire::ipv4::{self, PROTOCOL_VRRP};
use standfast_core::wire::peer::Message;
use standfast_core::wire::vrrp::Advertisement;

use crate::frame::{Frame, Kind};
use crate::host::{Arrival, ETH0, Host};

/// The input that an arrival is; `None` for a frame that the kernel would not pass on.
pub(crate) fn input_of(arrival: &Arrival, check_passes: bool) -> Option<Input<'_>> {
    Some(match arrival {
        Arrival::Frame(frame) => return frame_input(frame),
        Arrival::KernelDone(operation, results) => Input::KernelDone {
            operation: *operation,
            results: results.clone(),
        },
        Arrival::AddressAdded(address) => Input::AddressAdded(*address),
        Arrival::AddressRemoved(address) => Input::AddressRemoved(*address),
        Arrival::CheckDone(check) => Input::CheckDone {
            check: *check,
            outcome: match check_passes {
                true => CheckOutcome::Passed,
                false => CheckOutcome::Exited(1),
            },
            output: String::new(),
        },
        // A simulated command says that it has worked; whether it has shows the check.
        Arrival::RepairDone(check) => Input::RepairDone {
            check: *check,
            outcome: CheckOutcome::Passed,
            output: String::new(),
        },
        Arrival::Observed(object, seen) => Input::Observed {
            object: object.clone(),
            seen: *seen,
        },
        Arrival::NotifyDone(router) => Input::NotifyDone(*router),
        Arrival::Link(link) => Input::Link(link.clone()),
        Arrival::Spec(spec) => Input::Spec(spec.clone()),
        Arrival::ClockStep(by) => Input::ClockStep(*by),
        Arrival::Order(order) => Input::Order(Box::new(order.clone())),
        Arrival::Stop => Input::Stop,
    })
}

fn frame_input(frame: &Frame) -> Option<Input<'_>> {
    match frame.kind {
        Kind::Vrrp => {
            let packet = ipv4::Packet::parse(&frame.bytes).ok()?;
            (packet.protocol == PROTOCOL_VRRP).then_some(Input::Packet(Packet {
                interface: ETH0,
                source: IpAddr::V4(packet.source),
                destination: IpAddr::V4(packet.destination),
                ttl: packet.ttl,
                message: packet.payload,
            }))
        }
        Kind::Arp => {
            let arp = Arp::parse(&frame.bytes).ok()?;
            Some(Input::Arp {
                interface: ETH0,
                sender: arp.sender,
                mac: arp.sender_mac,
            })
        }
        Kind::Peer { source, .. } => Some(Input::Peer(PeerPacket {
            interface: ETH0,
            source: IpAddr::V4(source),
            ttl: 255,
            message: &frame.bytes,
        })),
    }
}

/// What the kernel tells everybody about changes that succeeded.
pub(crate) fn kernel_events(
    change: Change,
    addresses: &[(InterfaceIndex, VirtualAddress)],
    results: &[Result<(), Errno>],
) -> Vec<Arrival> {
    let done = addresses
        .iter()
        .zip(results)
        .filter(|(_, result)| result.is_ok());
    done.map(|((_, address), _)| {
        // The driver knows what it has set itself: for a router that comes anew it is a leftover.
        let address = Host::virtual_address(address, Origin::Stale);
        match change {
            Change::Add => Arrival::AddressAdded(address),
            Change::Remove => Arrival::AddressRemoved(address),
        }
    })
    .collect()
}

/// A frame for people.
pub(crate) fn words(frame: &Frame) -> String {
    if frame.bad {
        return "a bad packet".into();
    }
    match frame.kind {
        Kind::Arp => match Arp::parse(&frame.bytes) {
            Ok(arp) => format!("{} is at {}", arp.sender, arp.sender_mac),
            Err(error) => format!("{error:?}"),
        },
        Kind::Peer { source, .. } => match Message::parse(&frame.bytes) {
            Ok(message) => format!("{:?} from {source}", message.header.kind),
            Err(error) => format!("{error:?}"),
        },
        Kind::Vrrp => advertisement_words(frame).unwrap_or_else(|| "no advertisement".into()),
    }
}

fn advertisement_words(frame: &Frame) -> Option<String> {
    let packet = ipv4::Packet::parse(&frame.bytes).ok()?;
    let (source, destination) = (IpAddr::V4(packet.source), IpAddr::V4(packet.destination));
    let heard = Advertisement::parse(packet.payload, source, destination).ok()?;
    Some(format!(
        "priority {} for {} from {source}",
        heard.priority, heard.vrid
    ))
}
