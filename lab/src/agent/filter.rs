//! Packet filters (classic BPF, `<linux/bpf_common.h>`): a frame is kept if any rule holds, a rule if all its tests do.

use socket2::SockFilter;

const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE_INDEXED: u16 = 0x50;
const LOAD_HALF_INDEXED: u16 = 0x48;
const LOAD_INDEX_IPV4_HEADER: u16 = 0xb1;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Keep the frame, whatever its length.
const KEEP: u32 = 0x4_0000;

/// Where an IPv4 header begins in an Ethernet frame.
const IPV4_HEADER: u32 = 14;

/// One test of a rule; offsets in bytes.
#[derive(Clone, Copy)]
pub(super) enum Test {
    /// The byte at an offset from the frame's start has this value.
    Byte(u32, u8),
    /// The two bytes at an offset from the frame's start have this value.
    Half(u32, u16),
    /// The byte at an offset from the end of the IPv4 header has this value.
    PayloadByte(u32, u8),
    /// The two bytes at an offset from the end of the IPv4 header have this value.
    PayloadHalf(u32, u16),
}

impl Test {
    fn load(self) -> Vec<SockFilter> {
        let plain = |code, offset| vec![SockFilter::new(code, 0, 0, offset)];
        let behind_header = |code, offset| {
            vec![
                SockFilter::new(LOAD_INDEX_IPV4_HEADER, 0, 0, IPV4_HEADER),
                SockFilter::new(code, 0, 0, IPV4_HEADER.saturating_add(offset)),
            ]
        };
        match self {
            Self::Byte(offset, _) => plain(LOAD_BYTE, offset),
            Self::Half(offset, _) => plain(LOAD_HALF, offset),
            Self::PayloadByte(offset, _) => behind_header(LOAD_BYTE_INDEXED, offset),
            Self::PayloadHalf(offset, _) => behind_header(LOAD_HALF_INDEXED, offset),
        }
    }

    fn value(self) -> u32 {
        match self {
            Self::Byte(_, value) | Self::PayloadByte(_, value) => u32::from(value),
            Self::Half(_, value) | Self::PayloadHalf(_, value) => u32::from(value),
        }
    }
}

/// Compiles rules to a program for the kernel.
pub(super) fn compile(rules: &[&[Test]]) -> Vec<SockFilter> {
    let mut program: Vec<SockFilter> = rules.iter().flat_map(|rule| compile_rule(rule)).collect();
    program.push(SockFilter::new(RETURN, 0, 0, 0));
    program
}

/// Built from its end, so that every test knows how far the next rule is.
fn compile_rule(rule: &[Test]) -> Vec<SockFilter> {
    let mut code = vec![SockFilter::new(RETURN, 0, 0, KEEP)];
    for test in rule.iter().rev() {
        // A rule has a handful of tests: the distance always fits.
        let next_rule = u8::try_from(code.len()).unwrap_or(u8::MAX);
        let mut longer = test.load();
        longer.push(SockFilter::new(JUMP_IF_EQUAL, 0, next_rule, test.value()));
        longer.extend(code);
        code = longer;
    }
    code
}
