//! See `standfast_fuzz::wire_ipv4`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| standfast_fuzz::wire_ipv4(bytes));
