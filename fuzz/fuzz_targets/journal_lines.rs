//! See `standfast_fuzz::journal_lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| standfast_fuzz::journal_lines(bytes));
