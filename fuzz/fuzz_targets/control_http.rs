//! See `standfast_fuzz::control_http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| standfast_fuzz::control_http(bytes));
