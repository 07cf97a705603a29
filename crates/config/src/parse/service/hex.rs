//! Bytes as hexadecimal digits.

use crate::model::PatternByte;

/// The bytes of a text of hexadecimal digits with blanks between; a lone digit is a byte of its own. With wildcards,
/// `X` stands for any digit. `None` where it holds anything else, or nothing.
pub(super) fn pattern(text: &str, wildcards: bool) -> Option<Vec<PatternByte>> {
    let mut bytes = Vec::new();
    for word in text.split_ascii_whitespace() {
        let digits: Vec<(u8, u8)> = word
            .chars()
            .map(|letter| digit(letter, wildcards))
            .collect::<Option<_>>()?;
        bytes.extend(digits.chunks(2).map(byte));
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// The value and mask of a digit.
fn digit(letter: char, wildcards: bool) -> Option<(u8, u8)> {
    if wildcards && matches!(letter, 'x' | 'X') {
        return Some((0, 0));
    }
    let value = u8::try_from(letter.to_digit(16)?).ok()?;
    Some((value, 0xf))
}

fn byte(digits: &[(u8, u8)]) -> PatternByte {
    match digits {
        [(high, high_mask), (low, low_mask)] => PatternByte {
            value: high << 4 | low,
            mask: high_mask << 4 | low_mask,
        },
        [(low, mask)] => PatternByte {
            value: *low,
            mask: 0xf0 | mask,
        },
        _ => PatternByte { value: 0, mask: 0 },
    }
}

/// 32 digits.
pub(super) fn digest(text: &str) -> Option<[u8; 16]> {
    // 31 digits would be 16 bytes as well.
    if text.len() != 32 || !text.bytes().all(|letter| letter.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = pattern(text, false)?;
    let values: Vec<u8> = bytes.iter().map(|byte| byte.value).collect();
    values.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_pair_up_within_a_word() {
        let values = |text| {
            let bytes = pattern(text, false)?;
            Some(bytes.iter().map(|byte| byte.value).collect::<Vec<_>>())
        };
        assert_eq!(values("0a0B ff"), Some(vec![0x0a, 0x0b, 0xff]));
        assert_eq!(values("0a0 1"), Some(vec![0x0a, 0, 1]));
        assert_eq!(values("0x0a"), None);
        assert_eq!(values("zz"), None);
        assert_eq!(values(" "), None);
    }

    #[test]
    fn wildcards_free_half_a_byte() {
        let bytes = pattern("1X Xa xx", true).unwrap();
        let pairs: Vec<_> = bytes.iter().map(|byte| (byte.value, byte.mask)).collect();
        assert_eq!(pairs, [(0x10, 0xf0), (0x0a, 0x0f), (0, 0)]);
    }

    #[test]
    fn digests_have_32_digits() {
        assert!(digest("640205b7b0fc66c1ea91c463fac6334d").is_some());
        assert_eq!(digest("640205b7b0fc66c1ea91c463fac6334"), None);
        assert_eq!(digest("640205b7b0fc66c1ea91c463fac6334z"), None);
        assert_eq!(digest("640205b7 0fc66c1ea91c463fac6334d"), None);
    }
}
