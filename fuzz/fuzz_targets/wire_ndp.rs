//! See `standfast_fuzz::wire_ndp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| standfast_fuzz::wire_ndp(bytes));
