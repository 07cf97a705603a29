//! A number at the beginning of a text, as strtol(3) reads it with base 0.

/// What a tracked file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// It begins with this.
    Is(i32),
    /// It begins with none, which counts as 0.
    None,
    /// It does not fit into 32 bits.
    TooLarge,
}

/// Space, a sign, `0x` for hexadecimal or `0` for octal digits, digits; whatever follows is ignored.
pub(super) fn number(text: &[u8]) -> Number {
    let text = text.trim_ascii_start();
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (base, text) = match text {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            (16, rest)
        }
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let digits = text
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(base));
    let mut value: Option<i64> = None;
    for digit in digits {
        let higher = value.unwrap_or(0) * i64::from(base) + i64::from(digit);
        if higher > i64::from(u32::MAX) {
            return Number::TooLarge;
        }
        value = Some(higher);
    }
    match value.map(|value| i32::try_from(if negative { -value } else { value })) {
        None => Number::None,
        Some(Ok(value)) => Number::Is(value),
        Some(Err(_)) => Number::TooLarge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that keepalived 2.2.7 takes from these texts.
    #[test]
    fn numbers_are_read_as_keepalived_reads_them() {
        for (text, expected) in [
            ("7\n", Number::Is(7)),
            ("abc", Number::None),
            ("", Number::None),
            ("12abc", Number::Is(12)),
            (" 12", Number::Is(12)),
            ("-5", Number::Is(-5)),
            ("+6", Number::Is(6)),
            ("0x10", Number::Is(16)),
            ("0x", Number::Is(0)),
            ("010", Number::Is(8)),
            ("09", Number::Is(0)),
            ("3 4", Number::Is(3)),
            ("1.5", Number::Is(1)),
            ("- 5", Number::None),
            ("2147483647", Number::Is(i32::MAX)),
            ("-2147483648", Number::Is(i32::MIN)),
            ("2147483648", Number::TooLarge),
            ("99999999999999999999999999", Number::TooLarge),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text:?}");
        }
    }
}
