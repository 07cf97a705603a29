//! Classic BPF programs that keep unwanted packets away from the process (bpf(4), linux/filter.h).

use std::net::Ipv4Addr;
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

impl Filter {
    /// Drops everything.
    pub(crate) fn nothing() -> Self {
        Self(vec![statement(RETURN, DROP)])
    }

    /// Passes IPv4 packets to `destination` by the virtual router id in the second byte after their
    /// header. A bit map of eight words, so that the cost does not depend on the number of ids.
    pub(crate) fn vrrp(destination: Ipv4Addr, routers: VirtualRouters<'_>) -> Self {
        Self::message_at(0, destination, routers)
    }

    /// The same behind an authentication header of 24 bytes.
    pub(crate) fn sealed_vrrp(destination: Ipv4Addr, routers: VirtualRouters<'_>) -> Self {
        Self::message_at(24, destination, routers)
    }

    /// `before`: bytes between the IPv4 header and the message.
    fn message_at(before: u32, destination: Ipv4Addr, routers: VirtualRouters<'_>) -> Self {
        let (ids, inverted) = match routers {
            VirtualRouters::Only(ids) => (ids, false),
            VirtualRouters::AllBut(ids) => (ids, true),
        };
        let mut program = vec![
            statement(LOAD_WORD, 16),
            jump(JUMP_EQUAL, destination.to_bits(), 1, 0),
            statement(RETURN, DROP),
            statement(LOAD_X_HEADER_LENGTH, 0),
            statement(LOAD_LENGTH, 0),
            statement(SUBTRACT_X, 0),
            jump(JUMP_AT_LEAST, before + 2, 1, 0),
            statement(RETURN, if inverted { PASS } else { DROP }),
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
