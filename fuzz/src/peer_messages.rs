//! Messages of the peer channel, made from any bytes: authentic ones that may say anything.

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::wire::peer::{
    Answer, Entry, Header, Key, Kind, MAX_LENGTH, NodeNumber, State, digest_of,
};
use standfast_core::wire::vrrp::{Priority, Vrid};

/// The node that is fed.
pub(crate) const OURS: NodeNumber = NodeNumber(7);

const KINDS: [Kind; 5] = [
    Kind::Take,
    Kind::Taken,
    Kind::Hello,
    Kind::Leaving,
    Kind::Alive,
];
const STATES: [State; 6] = [
    State::Backup,
    State::Active,
    State::Leaving,
    State::Fault,
    State::Initialize,
    State::Gone,
];
const ANSWERS: [Answer; 7] = [
    Answer::Taken,
    Answer::NotReady,
    Answer::Differs,
    Answer::NotFollowed,
    Answer::Group,
    Answer::Stale,
    Answer::None,
];

/// What a sender has to know for its message to count.
pub(crate) struct Known<'k> {
    pub(crate) key: &'k Key,
    pub(crate) from: IpAddr,
    pub(crate) vrid: Vrid,
    pub(crate) version: u8,
    pub(crate) address: Ipv4Addr,
    /// Our clock in our last message.
    pub(crate) echo: u64,
    pub(crate) now: u64,
}

/// A message as `bytes` want it; where they end it is one that counts.
pub(crate) fn message(bytes: &[u8], known: &Known<'_>) -> Vec<u8> {
    let at = |position: usize| bytes.get(position).copied().unwrap_or(0);
    let of = |position: usize, length: usize| usize::from(at(position)) % length;
    let header = Header {
        kind: KINDS[of(0, KINDS.len())],
        answer: at(1) & 1 != 0,
        late: at(1) & 2 != 0,
        hint: known.key.hint(),
        sender: NodeNumber(u64::from(at(2) % 4) + 100),
        destination: match at(3) % 8 {
            0 => None,
            1 => Some(NodeNumber(u64::MAX)),
            _ => Some(OURS),
        },
        sent: match at(4) % 8 {
            1 => 0,
            2 => u64::MAX,
            3 => known.now.saturating_sub(u64::from(at(5)) * 1_000),
            _ => known.now,
        },
        echo: match at(6) % 8 {
            1 => 0,
            2 => u64::MAX,
            3 => known.echo.saturating_sub(u64::from(at(5)) * 1_000),
            _ => known.echo,
        },
        held_us: match at(6) % 3 {
            0 => u32::try_from(known.now.saturating_sub(known.echo)).unwrap_or(u32::MAX),
            1 => 0,
            _ => u32::MAX,
        },
        watch_ms: u16::from(at(7)) * u16::from(at(8)),
        name: "\u{1b}[2Jpeer",
    };
    let entries: Vec<Entry> = (0..of(9, 4) + 1)
        .map(|number| entry(bytes.get(10 + number * 6..).unwrap_or_default(), known))
        .collect();
    let mut buffer = [0; MAX_LENGTH];
    let written = header.emit(&entries, known.from, known.key, &mut buffer);
    written.expect("four entries fit").to_vec()
}

fn entry(bytes: &[u8], known: &Known<'_>) -> Entry {
    let at = |position: usize| bytes.get(position).copied().unwrap_or(0);
    let of = |position: usize, length: usize| usize::from(at(position)) % length;
    let same = digest_of([IpAddr::V4(known.address)].into_iter());
    Entry {
        vrid: Vrid::new(at(0))
            .filter(|_| at(0) % 4 == 3)
            .unwrap_or(known.vrid),
        version: if at(1) % 8 == 7 { at(1) } else { known.version },
        state: STATES[of(2, STATES.len())],
        ready: at(1) & 8 == 0,
        preempts: at(1) & 16 == 0,
        drained: at(1) & 32 != 0,
        answer: ANSWERS[of(3, ANSWERS.len())],
        priority: Priority(at(4)),
        base: Priority(at(4)),
        interval: 100,
        addresses: if at(5) % 8 == 7 { 0 } else { same },
        term: match at(5) % 5 {
            4 => u32::MAX,
            other => u32::from(other),
        },
        since_s: u32::MAX,
    }
}
