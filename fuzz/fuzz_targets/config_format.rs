//! See `standfast_fuzz::config_format`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| standfast_fuzz::config_format(bytes));
