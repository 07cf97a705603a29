//! Advertisements that must be ignored, at a rate that must not matter.

use std::net::Ipv4Addr;
use std::time::Duration;

use standfast_lab::{Forgery, Injector, MacAddress, Moment, Pair, VIP};

use crate::bounds::{INTERVAL, SMOOTH};
use crate::harness::Scenario;

pub const INVALID: Scenario = Scenario {
    nginx: false,
    changes: &[("    track_script {\n        chk_nginx\n    }\n", "")],
    started: true,
    run: invalid,
};

/// Packets a second, and for how long: a neighbour's mistake in a loop, not what a wire can carry.
const RATE: u32 = 20_000;
const DURATION: Duration = Duration::from_secs(3);

/// Takes the address if anybody believes it.
fn tempting() -> Forgery {
    Forgery {
        source_mac: MacAddress([2, 0, 0, 0, 0, 0x66]),
        source: Ipv4Addr::new(192, 168, 1, 66),
        ttl: 255,
        vrid: 51,
        priority: 250,
        interval_s: 1,
        addresses: vec![VIP],
        password: Some(*b"1111\0\0\0\0"),
        checksum_error: 0,
    }
}

fn invalid(pair: &mut Pair) {
    let forgeries = [
        Forgery {
            checksum_error: 1,
            ..tempting()
        },
        Forgery {
            ttl: 254,
            ..tempting()
        },
        Forgery {
            password: Some(*b"2222\0\0\0\0"),
            ..tempting()
        },
        Forgery {
            password: None,
            ..tempting()
        },
        Forgery {
            vrid: 52,
            ..tempting()
        },
        Forgery {
            interval_s: 2,
            ..tempting()
        },
    ];
    let frames: Vec<Vec<u8>> = forgeries.iter().map(Forgery::to_frame).collect();
    let begin = Moment::now();
    let sent = Injector::start(&pair.client, &frames, RATE, DURATION)
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(sent, u64::from(RATE) * DURATION.as_secs());
    let end = Moment::now();
    assert!(pair.first.host.holds(VIP).unwrap());
    let mac = pair.first.mac();
    let advertised = pair.capture.frames(begin, |frame| {
        frame.source_mac == mac && frame.advertisement().is_some()
    });
    let gap = pair.probe.net_gap(begin, end).unwrap();
    println!(
        "flood, {} and {}: {} advertisements, the client waited {gap:?}",
        pair.first.daemon,
        pair.second.daemon,
        advertised.len()
    );
    if pair.first.daemon.is_standfast() {
        // keepalived 2.2.7 restarts its timer at each of them and falls silent.
        let due = usize::try_from(end.since(begin).as_millis() / INTERVAL.as_millis()).unwrap();
        assert!(
            advertised.len() >= due,
            "{} advertisements in {:?}",
            advertised.len(),
            end.since(begin)
        );
        assert!(gap <= SMOOTH, "the client waited {gap:?}");
    }
}
