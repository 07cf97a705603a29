//! Numbers that nobody can guess (getrandom(2)).

use crate::sys::check_size;
use crate::{Errno, Error};

/// Eight bytes of the kernel's. It fails, rather than wait, while a host that has just started has too little to make them of.
pub fn number() -> Result<u64, Error> {
    let mut bytes = [0_u8; 8];
    // SAFETY: pointer and length describe `bytes`, which the kernel fills.
    let result =
        unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    let failed = |errno: Errno| errno.at("draw", "a random number");
    match check_size(result).map_err(failed)? {
        8 => Ok(u64::from_ne_bytes(bytes)),
        _ => Err(failed(Errno(libc::EIO))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ() {
        assert_ne!(number().unwrap(), number().unwrap());
    }
}
