//! See `standfast_fuzz::wire_arp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| standfast_fuzz::wire_arp(bytes));
