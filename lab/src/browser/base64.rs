//! Base64 (RFC 4648 section 4), as the DevTools protocol sends pictures.

/// The bytes of a text, or nothing if it is no base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.as_bytes().chunks(4) {
        let digits: Vec<u32> = group
            .iter()
            .take_while(|&&digit| digit != b'=')
            .map(|&digit| value(digit))
            .collect::<Option<_>>()?;
        let number =
            digits.iter().fold(0, |number, digit| number << 6 | digit) << (6 * (4 - digits.len()));
        bytes.extend(
            number
                .to_be_bytes()
                .iter()
                .skip(1)
                .take(digits.len().checked_sub(1)?),
        );
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_examples_of_the_rfc() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(decode("Z?=="), None);
        assert_eq!(decode("===="), None);
    }
}
