//! The Internet checksum (RFC 1071).

/// Sums 16-bit words of several parts as if they stood one after the other; every part but the
/// last must have an even length.
pub(crate) fn sum(parts: &[&[u8]]) -> u16 {
    let mut total: u32 = 0;
    for part in parts {
        let mut words = part.chunks_exact(2);
        for word in &mut words {
            if let [high, low] = *word {
                total = add(total, u16::from_be_bytes([high, low]));
            }
        }
        if let [last] = *words.remainder() {
            total = add(total, u16::from_be_bytes([last, 0]));
        }
    }
    let [_, _, high, low] = total.to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// One's complement addition with the carry folded in at once, so that any length is fine.
fn add(total: u32, word: u16) -> u32 {
    let sum = total + u32::from(word);
    (sum & 0xffff) + (sum >> 16)
}

/// The checksum of `bytes`, whose own checksum field must be zero (RFC 1071).
///
/// Over bytes that hold a correct checksum the result is 0.
pub fn internet_checksum(bytes: &[u8]) -> u16 {
    !sum(&[bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_example_of_rfc_9568_form() {
        let message = [0x31, 5, 0x64, 1, 0, 0x64, 0, 0, 192, 0, 2, 100];
        assert_eq!(internet_checksum(&message), 0xa830);
    }

    #[test]
    fn carry_is_folded_for_long_input() {
        let ones = [0xff; 4096];
        assert_eq!(internet_checksum(&ones), 0);
    }

    #[test]
    fn an_odd_last_byte_is_padded_with_zero() {
        assert_eq!(internet_checksum(&[0x12]), !0x1200);
    }

    #[test]
    fn parts_sum_like_the_whole() {
        assert_eq!(sum(&[&[1, 2], &[3, 4, 5, 6]]), sum(&[&[1, 2, 3, 4, 5, 6]]));
    }
}
