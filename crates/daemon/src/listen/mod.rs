//! Stand-in while compiling.
