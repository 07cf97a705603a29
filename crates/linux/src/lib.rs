//! Every system call of Standfast. The only crate with unsafe code.
#![allow(unsafe_code)]
