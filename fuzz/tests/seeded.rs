//! The fuzz targets with pseudo-random inputs: no coverage to follow, but every toolchain runs it.

use standfast_api::event::Record;
use standfast_api::line;
use standfast_api::record::Daemon;
use standfast_fuzz::{
    config, config_format, control_http, core_packets, journal_lines, wire_advertisement, wire_arp,
    wire_ipv4, wire_ndp,
};

const INPUTS: u64 = 100_000;
const LONGEST: usize = 200;

/// splitmix64
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Random bytes, half of the time a valid start with some of its bytes changed.
fn feed(inputs: u64, starts: &[&[u8]], target: fn(&[u8])) {
    let mut state = 1;
    for _ in 0..inputs {
        let length = usize::try_from(next(&mut state)).unwrap() % LONGEST;
        let mut bytes: Vec<u8> = (0..length)
            .map(|_| next(&mut state).to_be_bytes()[0])
            .collect();
        if let Some(start) =
            starts.get(usize::try_from(next(&mut state)).unwrap() % (starts.len() + 1))
        {
            bytes.splice(..start.len().min(bytes.len()), start.iter().copied());
            for _ in 0..next(&mut state) % 4 {
                let position = usize::try_from(next(&mut state)).unwrap() % (bytes.len() + 1);
                if let Some(byte) = bytes.get_mut(position) {
                    *byte = next(&mut state).to_be_bytes()[0];
                }
            }
        }
        target(&bytes);
    }
}

/// Version 2, VRID 51, priority 100, 192.0.2.100, password 1111.
const ADVERTISEMENT: &[u8] = &[
    0x21, 51, 100, 1, 1, 1, 0xb7, 0x8d, 192, 0, 2, 100, b'1', b'1', b'1', b'1', 0, 0, 0, 0,
];
const IPV4: &[u8] = &[
    0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, 112, 0, 0, 192, 0, 2, 2, 224, 0, 0, 18,
];
const ARP: &[u8] = &[
    255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
];
/// From fe80::2 to all nodes, for fe80::100, with one option.
const NDP: &[u8] = &[
    0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255, 0xfe,
    0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 136, 0, 0, 0, 0x20, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 2,
    0, 0, 0, 0, 1,
];
const TEXT: &[u8] =
    b"vrrp_instance VI_1 {\n state MASTER\n interface eth0\n virtual_router_id 51\n \
priority 100\n authentication {\n auth_type PASS\n auth_pass 1111\n }\n virtual_ipaddress {\n";

#[test]
fn advertisements() {
    feed(INPUTS, &[ADVERTISEMENT], wire_advertisement);
}

#[test]
fn ipv4_packets() {
    feed(INPUTS, &[IPV4], wire_ipv4);
}

#[test]
fn neighbour_advertisements() {
    feed(INPUTS, &[NDP], wire_ndp);
}

#[test]
fn arp_frames() {
    feed(INPUTS, &[ARP], wire_arp);
}

/// A Backup on the peer channel says hello, follows somebody of priority 182, and is asked by it to take over.
const ASKED: &[u8] = &[
    64, 10, 0, 10, 0, 254, 0, 15, 7, 0, 0, 2, 0, 0, 0, 0, 15, 5, 0, 0, 2, 0, 0,
];

#[test]
fn inputs_of_a_node() {
    feed(INPUTS, &[ASKED], core_packets);
}

#[test]
fn configurations() {
    feed(
        INPUTS / 5,
        &[TEXT, b"! comment\nglobal_defs {\n include /etc/x\n $A=1\n"],
        config,
    );
}

/// Every form the layout treats in its own way, with all blocks closed.
const FORMS: &[u8] = b"$A=x \\\n y {\na  1{ b\"c  d\" }\n@x e }\n@^x e\n{ # f\n~SEQ(i,1,2) g$i\n}\n\n\nh 'i  j' k{}\n";

#[test]
fn formatted_configurations() {
    feed(INPUTS / 2, &[FORMS], config_format);
}

#[test]
fn lines_of_the_journal() {
    let mut file = Vec::new();
    for (record, seq) in [Daemon::EndedBadly, Daemon::Stopped].iter().zip(1..) {
        let record = Record {
            seq,
            ..record.record()
        };
        line::encode(&record, &mut file);
    }
    feed(INPUTS, &[&file], journal_lines);
}

const READS: &[u8] = b"\x01GET /v1/events?limit=5&after=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const COMMANDS: &[u8] =
    b"\x00POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{\"do\":\"resume\"}";
const CHUNKS: &[u8] = b"\x00POST /v1/command HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
f\r\n{\"do\":\"resume\"}\r\n0\r\n\r\n";
const SHOWS: &[u8] =
    b"\x03GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer secret\r\n\r\n";
const JSON: &[u8] = b"\x00{\"do\":\"switchover\",\"target\":{\"named\":\"VI_1\"},\"to\":\"lb2\"}";

#[test]
fn requests_of_anybody() {
    let starts = [READS, COMMANDS, CHUNKS, SHOWS, JSON];
    feed(INPUTS / 2, &starts, control_http);
}
