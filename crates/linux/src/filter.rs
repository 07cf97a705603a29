//! Classic BPF programs that keep unwanted packets away from the process (bpf(4), linux/filter.h).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::BorrowedFd;

use libc::sock_filter;

use crate::Errno;
use crate::sys::set_option;

const LOAD_WORD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const LOAD_HALF: u32 = libc::BPF_LD | libc::BPF_H | libc::BPF_ABS;
const LOAD_BYTE: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_ABS;
const LOAD_BYTE_AT_X: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_IND;
const LOAD_LENGTH: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_LEN;
const LOAD_CONSTANT: u32 = libc::BPF_LD | libc::BPF_IMM;
const LOAD_MEMORY: u32 = libc::BPF_LD | libc::BPF_MEM;
const LOAD_X_CONSTANT: u32 = libc::BPF_LDX | libc::BPF_IMM;
const LOAD_X_MEMORY: u32 = libc::BPF_LDX | libc::BPF_MEM;
const LOAD_X_HEADER_LENGTH: u32 = libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH;
const STORE: u32 = libc::BPF_ST;
const COPY_TO_X: u32 = libc::BPF_MISC | libc::BPF_TAX;
const AND: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
const SHIFT_RIGHT: u32 = libc::BPF_ALU | libc::BPF_RSH | libc::BPF_K;
const SHIFT_RIGHT_BY_X: u32 = libc::BPF_ALU | libc::BPF_RSH | libc::BPF_X;
const SUBTRACT_X: u32 = libc::BPF_ALU | libc::BPF_SUB | libc::BPF_X;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const JUMP_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const JUMP_EQUAL_X: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_X;
const JUMP_AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

/// What RETURN gives to pass the whole packet.
const PASS: u32 = u32::MAX;
/// What RETURN gives to drop it.
const DROP: u32 = 0;
/// Where a load finds the IP header behind which a UDP socket's packets begin (SKF_NET_OFF).
const IP_HEADER: u32 = 0xfff0_0000;
const UDP_HEADER: u32 = 8;

/// Past so many addresses the ARP filter passes every gratuitous packet and the owner looks them up
/// itself: two instructions an address, under a quarter of what a program may have, looked at for
/// every ARP packet of the segment.
pub(crate) const MAX_WATCHED: usize = 200;

/// A program under construction.
pub(crate) struct Filter(Vec<sock_filter>);

/// The set of a receive socket's virtual router ids, as the filter holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VirtualRouters<'a> {
    /// Pass these only.
    Only(&'a [u8]),
    /// Pass all but these, and what is too short to have an id.
    AllBut(&'a [u8]),
}

/// What every advertisement that may count looks like, as far as a filter can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form<'a> {
    /// The hop limit or TTL that it must have, if any.
    pub hop_limit: Option<u8>,
    /// What its first byte, version and type, may be.
    pub first_bytes: &'a [u8],
}

/// Length in bytes of the shortest message that may count (RFC 9568 §5.2).
const SHORTEST_MESSAGE: u32 = 8;
/// Where the network header is, whatever a socket shows (linux/filter.h: `SKF_NET_OFF`).
const NETWORK_HEADER: u32 = 0xfff0_0000;
/// The distance of a jump whose target is not known yet.
const ELSEWHERE: u32 = u32::MAX;

impl Filter {
    /// Drops everything.
    pub(crate) fn nothing() -> Self {
        Self(vec![statement(RETURN, DROP)])
    }

    /// Passes packets to `destination` by the virtual router id in the second byte after their header.
    pub(crate) fn vrrp(destination: IpAddr, routers: VirtualRouters<'_>) -> Self {
        Self::message_at(0, destination, routers)
    }

    /// The same behind an authentication header of 24 bytes.
    pub(crate) fn sealed_vrrp(destination: Ipv4Addr, routers: VirtualRouters<'_>) -> Self {
        Self::message_at(24, destination.into(), routers)
    }

    /// `before`: bytes between the IP header and the message.
    fn message_at(before: u32, destination: IpAddr, routers: VirtualRouters<'_>) -> Self {
        let too_short = match routers {
            VirtualRouters::Only(_) => DROP,
            VirtualRouters::AllBut(_) => PASS,
        };
        let mut program = message_length(destination);
        program.extend([
            jump(JUMP_AT_LEAST, before + 2, 1, 0),
            statement(RETURN, too_short),
        ]);
        program.extend(look_up(before, routers));
        Self(program)
    }

    /// Passes messages of these virtual routers that have the form.
    pub(crate) fn well_formed(destination: IpAddr, wanted: &[u8], form: Form<'_>) -> Self {
        let mut program = message_length(destination);
        program.extend(form_checks(destination, form));
        for statement_of in &mut program {
            if is_elsewhere(statement_of) {
                *statement_of = statement(RETURN, DROP);
            }
        }
        program.extend(look_up(0, VirtualRouters::Only(wanted)));
        Self(program)
    }

    /// Passes what [`Filter::well_formed`] drops: messages of these virtual routers without the form, and all of others
    /// that are not known; and what is too short to have an id.
    pub(crate) fn strays(destination: IpAddr, known: &[u8], wanted: &[u8], form: Form<'_>) -> Self {
        let elsewhere: Vec<u8> = known
            .iter()
            .copied()
            .filter(|id| !wanted.contains(id))
            .collect();
        let mut program = message_length(destination);
        program.extend([jump(JUMP_AT_LEAST, 2, 1, 0), statement(RETURN, PASS)]);
        program.extend(form_checks(destination, form));
        program.extend(look_up(0, VirtualRouters::AllBut(known)));
        let end = program.len();
        for (position, statement_of) in program.iter_mut().enumerate() {
            if is_elsewhere(statement_of) {
                let distance = u32::try_from(end - position - 1).unwrap_or(0);
                *statement_of = statement(JUMP, distance);
            }
        }
        program.extend(look_up(0, VirtualRouters::AllBut(&elsewhere)));
        Self(program)
    }

    /// Passes datagrams that come from `source_port`, begin with `first` and the byte after it, are `longest` bytes at most and,
    /// with `ttl_at` (its place in the IP header), have not crossed a router.
    pub(crate) fn datagrams(
        source_port: u16,
        (first, next): ([u8; 4], u8),
        longest: u32,
        ttl_at: Option<u32>,
    ) -> Self {
        let mut program = vec![
            statement(LOAD_LENGTH, 0),
            jump(JUMP_AT_LEAST, UDP_HEADER + longest + 1, 0, 1),
            statement(RETURN, DROP),
            statement(LOAD_HALF, 0),
            jump(JUMP_EQUAL, source_port.into(), 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_WORD, UDP_HEADER),
            jump(JUMP_EQUAL, u32::from_be_bytes(first), 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_BYTE, UDP_HEADER + 4),
            jump(JUMP_EQUAL, next.into(), 1, 0),
            statement(RETURN, DROP),
        ];
        if let Some(at) = ttl_at {
            program.extend([
                statement(LOAD_BYTE, IP_HEADER + at),
                jump(JUMP_EQUAL, 255, 1, 0),
                statement(RETURN, DROP),
            ]);
        }
        program.push(statement(RETURN, PASS));
        Self(program)
    }

    /// Passes Ethernet ARP frames for IPv4 whose sender is one of the addresses; past
    /// [`MAX_WATCHED`] of them, every frame whose sender and target address are the same.
    pub(crate) fn arp(senders: &[Ipv4Addr]) -> Self {
        let mut program = vec![
            statement(LOAD_WORD, 14),
            jump(JUMP_EQUAL, 0x0001_0800, 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_HALF, 18),
            jump(JUMP_EQUAL, 0x0604, 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_WORD, 28),
        ];
        if senders.len() > MAX_WATCHED {
            program.extend([
                statement(COPY_TO_X, 0),
                statement(LOAD_WORD, 38),
                jump(JUMP_EQUAL_X, 0, 0, 1),
                statement(RETURN, PASS),
            ]);
        } else {
            for sender in senders {
                program.push(jump(JUMP_EQUAL, sender.to_bits(), 0, 1));
                program.push(statement(RETURN, PASS));
            }
        }
        program.push(statement(RETURN, DROP));
        Self(program)
    }

    /// Passes Ethernet frames with Neighbour Advertisements for one of the addresses (RFC 4861 §4.4); past
    /// [`MAX_WATCHED`] of them, every unsolicited one.
    pub(crate) fn neighbour_advertisements(targets: &[Ipv6Addr]) -> Self {
        let mut program = vec![
            statement(LOAD_HALF, 12),
            jump(JUMP_EQUAL, 0x86dd, 1, 0),
            statement(RETURN, DROP),
            // ICMPv6 that no router has forwarded.
            statement(LOAD_HALF, 20),
            jump(JUMP_EQUAL, 0x3aff, 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_BYTE, 54),
            jump(JUMP_EQUAL, 136, 1, 0),
            statement(RETURN, DROP),
        ];
        if targets.len() > MAX_WATCHED {
            program.extend([
                statement(LOAD_BYTE, 58),
                statement(AND, 0x40),
                jump(JUMP_EQUAL, 0, 0, 1),
                statement(RETURN, PASS),
            ]);
        } else {
            for target in targets {
                program.extend(target_equals(*target));
                program.push(statement(RETURN, PASS));
            }
        }
        program.push(statement(RETURN, DROP));
        Self(program)
    }

    /// Passes Ethernet frames with IPv4 packets of VRRP, also inside an authentication header.
    pub(crate) fn vrrp_frames() -> Self {
        Self(vec![
            statement(LOAD_HALF, 12),
            jump(JUMP_EQUAL, 0x0800, 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_BYTE, 23),
            jump(JUMP_EQUAL, 112, 1, 0),
            jump(JUMP_EQUAL, 51, 0, 1),
            statement(RETURN, PASS),
            statement(RETURN, DROP),
        ])
    }

    /// Passes netlink messages that tell of the removal of a route of that owner, or of any rule.
    pub(crate) fn routing_removals(route: u16, rule: u16, owner: u8) -> Self {
        // The program reads in network order what the kernel writes in its own.
        let kind = |kind: u16| u32::from(u16::from_be_bytes(kind.to_ne_bytes()));
        Self(vec![
            statement(LOAD_HALF, 4),
            jump(JUMP_EQUAL, kind(rule), 3, 0),
            jump(JUMP_EQUAL, kind(route), 0, 3),
            statement(LOAD_BYTE, 21),
            jump(JUMP_EQUAL, owner.into(), 0, 1),
            statement(RETURN, PASS),
            statement(RETURN, DROP),
        ])
    }

    /// Passes the process connector's answers, programs that are executed, processes that are forked
    /// or renamed (linux/cn_proc.h): nothing of threads, and no ends.
    pub(crate) fn process_events() -> Self {
        const WHAT: u32 = 36;
        const IDS: u32 = 52;
        Self(vec![
            statement(LOAD_WORD, WHAT),
            jump(JUMP_EQUAL, host_order(0), 12, 0),
            jump(JUMP_EQUAL, host_order(0x0000_0002), 11, 0),
            jump(JUMP_EQUAL, host_order(0x0000_0001), 5, 0),
            jump(JUMP_EQUAL, host_order(0x0000_0200), 0, 8),
            // A renamed process: its id and that of its thread group.
            statement(LOAD_WORD, IDS),
            statement(COPY_TO_X, 0),
            statement(LOAD_WORD, IDS + 4),
            jump(JUMP_EQUAL_X, 0, 5, 4),
            // A forked one: the same two ids stand behind those of its parent.
            statement(LOAD_WORD, IDS + 8),
            statement(COPY_TO_X, 0),
            statement(LOAD_WORD, IDS + 12),
            jump(JUMP_EQUAL_X, 0, 1, 0),
            statement(RETURN, DROP),
            statement(RETURN, PASS),
        ])
    }

    /// Puts the program in the place of the socket's present one; no packet meets neither or both.
    pub(crate) fn attach(mut self, socket: BorrowedFd<'_>) -> Result<(), Errno> {
        let len = u16::try_from(self.0.len()).map_err(|_| Errno(libc::EINVAL))?;
        let program = libc::sock_fprog {
            len,
            filter: self.0.as_mut_ptr(),
        };
        set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }
}

fn statement(code: u32, k: u32) -> sock_filter {
    jump(code, k, 0, 0)
}

fn jump(code: u32, k: u32, if_true: u8, if_false: u8) -> sock_filter {
    // Every code of the table above is below 256.
    sock_filter {
        code: u16::try_from(code).unwrap_or(0),
        jt: if_true,
        jf: if_false,
        k,
    }
}

/// Leaves the length of what follows the IP header, and where that begins in X; drops what goes elsewhere.
fn message_length(destination: IpAddr) -> Vec<sock_filter> {
    match destination {
        IpAddr::V4(destination) => vec![
            statement(LOAD_WORD, 16),
            jump(JUMP_EQUAL, destination.to_bits(), 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_X_HEADER_LENGTH, 0),
            statement(LOAD_LENGTH, 0),
            statement(SUBTRACT_X, 0),
        ],
        // A raw IPv6 socket sees no header, and is bound to its destination.
        IpAddr::V6(_) => vec![statement(LOAD_X_CONSTANT, 0), statement(LOAD_LENGTH, 0)],
    }
}

/// Goes on behind them if a message whose length was loaded has the form, else to [`ELSEWHERE`].
fn form_checks(destination: IpAddr, form: Form<'_>) -> Vec<sock_filter> {
    let elsewhere = statement(JUMP, ELSEWHERE);
    let mut checks = vec![jump(JUMP_AT_LEAST, SHORTEST_MESSAGE, 1, 0), elsewhere];
    if let Some(hop_limit) = form.hop_limit {
        let offset = match destination {
            IpAddr::V4(_) => 8,
            IpAddr::V6(_) => NETWORK_HEADER + 7,
        };
        checks.extend([
            statement(LOAD_BYTE, offset),
            jump(JUMP_EQUAL, hop_limit.into(), 1, 0),
            elsewhere,
        ]);
    }
    checks.push(statement(LOAD_BYTE_AT_X, 0));
    let mut left = u8::try_from(form.first_bytes.len()).unwrap_or(u8::MAX);
    for first_byte in form.first_bytes.iter().take(usize::from(left)) {
        checks.push(jump(JUMP_EQUAL, u32::from(*first_byte), left, 0));
        left -= 1;
    }
    checks.push(elsewhere);
    checks
}

fn is_elsewhere(statement: &sock_filter) -> bool {
    u32::from(statement.code) == JUMP && statement.k == ELSEWHERE
}

/// Passes or drops by the virtual router id. A bit map of eight words, so that the cost does not depend on the number
/// of ids.
fn look_up(before: u32, routers: VirtualRouters<'_>) -> Vec<sock_filter> {
    let (ids, inverted) = match routers {
        VirtualRouters::Only(ids) => (ids, false),
        VirtualRouters::AllBut(ids) => (ids, true),
    };
    let mut program = vec![
        statement(LOAD_BYTE_AT_X, before + 1),
        statement(STORE, 0),
        statement(AND, 31),
        statement(STORE, 1),
        statement(LOAD_MEMORY, 0),
        statement(SHIFT_RIGHT, 5),
    ];
    for (position, word) in (0_u32..).zip(bit_map(ids)) {
        let word = if inverted { !word } else { word };
        program.push(jump(JUMP_EQUAL, position, 0, 2));
        program.push(statement(LOAD_CONSTANT, word));
        program.push(statement(JUMP, (7 - position) * 3));
    }
    program.extend([
        statement(LOAD_X_MEMORY, 1),
        statement(SHIFT_RIGHT_BY_X, 0),
        statement(AND, 1),
        jump(JUMP_EQUAL, 1, 0, 1),
        statement(RETURN, PASS),
        statement(RETURN, DROP),
    ]);
    program
}

/// Skips the statement that follows unless the target of a Neighbour Advertisement is `target`.
fn target_equals(target: Ipv6Addr) -> Vec<sock_filter> {
    let bits = target.to_bits();
    let words = [(96, 62), (64, 66), (32, 70), (0, 74)];
    let mut test = Vec::with_capacity(8);
    // From each comparison to behind the statement that follows the last.
    for ((shift, offset), skip) in words.into_iter().zip([7, 5, 3, 1]) {
        let word = u32::try_from((bits >> shift) & u128::from(u32::MAX)).unwrap_or(0);
        test.push(statement(LOAD_WORD, offset));
        test.push(jump(JUMP_EQUAL, word, 0, skip));
    }
    test
}

/// A number of the kernel's own messages as the filter loads it, which takes bytes for big-endian.
fn host_order(number: u32) -> u32 {
    u32::from_be_bytes(number.to_ne_bytes())
}

fn bit_map(ids: &[u8]) -> [u32; 8] {
    let mut map = [0; 8];
    for id in ids {
        if let Some(word) = map.get_mut(usize::from(id >> 5)) {
            *word |= 1 << (id & 31);
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bit_map_has_one_bit_an_id() {
        assert_eq!(bit_map(&[]), [0; 8]);
        assert_eq!(
            bit_map(&[0, 1, 31, 32, 255]),
            [0x8000_0003, 1, 0, 0, 0, 0, 0, 0x8000_0000]
        );
    }
}
