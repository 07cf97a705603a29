//! Numbers as keepalived reads them.

use crate::units::Micros;

/// A number at the start of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number<T> {
    pub(crate) value: T,
    /// Text follows it.
    pub(crate) trailing: bool,
    /// Digits were dropped and it was rounded.
    pub(crate) rounded: bool,
}

/// A whole number with an optional sign, base 10; saturating. `None` where the word does not begin with one.
pub(crate) fn integer(text: &str) -> Option<Number<i64>> {
    let (negative, digits) = sign(text.trim_start());
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = digits.split_at_checked(length).filter(|_| length > 0)?;
    let magnitude = number.bytes().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    let value = if negative {
        magnitude.saturating_neg()
    } else {
        magnitude
    };
    Some(Number {
        value,
        trailing: !rest.is_empty(),
        rounded: false,
    })
}

/// A decimal number in millionths, of which only `digits` places count; saturating.
pub(crate) fn decimal(text: &str, digits: u8) -> Option<Number<i64>> {
    let (negative, text) = sign(text.trim_start());
    let whole_length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at_checked(whole_length)?;
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    let fraction_length = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if whole_length + fraction_length == 0 {
        return None;
    }
    let trailing = match rest.strip_prefix('.') {
        Some(fraction) => fraction.len() > fraction_length,
        None => !rest.is_empty(),
    };
    let integral = whole.bytes().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    let digits = usize::from(digits.min(6));
    let mut places = fraction.bytes().take(fraction_length);
    let mut millionths = 0i64;
    let mut unit = 1_000_000i64;
    for place in places.by_ref().take(digits) {
        unit /= 10;
        millionths += unit * i64::from(place - b'0');
    }
    let smallest = (0..digits).fold(1_000_000i64, |unit, _| unit / 10);
    let dropped = places.next();
    if dropped.is_some_and(|place| place >= b'5') {
        millionths += smallest;
    }
    let magnitude = integral
        .saturating_mul(1_000_000)
        .saturating_add(millionths);
    let value = if negative {
        magnitude.saturating_neg()
    } else {
        magnitude
    };
    Some(Number {
        value,
        trailing,
        rounded: dropped.is_some(),
    })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Whole seconds; negative numbers are none.
pub(crate) fn seconds(number: i64) -> Micros {
    Micros::from_secs(u64::try_from(number).unwrap_or(0))
}

/// Millionths of a second; negative numbers are none.
pub(crate) fn micros(number: i64) -> Micros {
    Micros(u64::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_base_ten_with_sign() {
        let value = |text| integer(text).map(|n| (n.value, n.trailing));
        assert_eq!(value("0100"), Some((100, false)));
        assert_eq!(value("+7"), Some((7, false)));
        assert_eq!(value("-5"), Some((-5, false)));
        assert_eq!(value("10s"), Some((10, true)));
        assert_eq!(value("x1"), None);
        assert_eq!(value(""), None);
        assert_eq!(value("99999999999999999999"), Some((i64::MAX, false)));
    }

    #[test]
    fn decimals_are_exact_millionths() {
        let value = |text, digits| decimal(text, digits).map(|n| (n.value, n.rounded, n.trailing));
        assert_eq!(value("1.5", 6), Some((1_500_000, false, false)));
        assert_eq!(value("0.000001", 6), Some((1, false, false)));
        assert_eq!(value("0.0000015", 6), Some((2, true, false)));
        assert_eq!(value("0.0004", 3), Some((0, true, false)));
        assert_eq!(value("0.9995", 3), Some((1_000_000, true, false)));
        assert_eq!(value(".5", 6), Some((500_000, false, false)));
        assert_eq!(value("3s", 6), Some((3_000_000, false, true)));
        assert_eq!(value(".", 6), None);
    }
}
