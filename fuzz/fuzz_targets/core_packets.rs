//! See `standfast_fuzz::core_packets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| standfast_fuzz::core_packets(bytes));
