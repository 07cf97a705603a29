//! Percent-encoding, and what stands after the question mark.

/// The text that is meant; nothing if it is none.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? * 16 + digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Names and values, decoded; `Err` with the name, or the whole part, of what cannot be.
pub(super) fn parts(query: &str) -> impl Iterator<Item = Result<(String, String), String>> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match (decode(name), decode(value)) {
            (Some(name), Some(value)) => Ok((name, value)),
            (name, _) => Err(name.unwrap_or_else(|| part.to_owned())),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for (text, meant) in [
            ("VI_1", Some("VI_1")),
            ("a%2Fb%20c", Some("a/b c")),
            ("%C3%A4", Some("ä")),
            ("%c3%a4", Some("ä")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%+1", None),
            ("%ff", None),
        ] {
            assert_eq!(decode(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn queries_have_names_and_values() {
        let all: Vec<_> = parts("a=1&&b=x%3D%26&c&d=%zz&%z=1").collect();
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(
            all,
            [
                pair("a", "1"),
                pair("b", "x=&"),
                pair("c", ""),
                Err("d".to_owned()),
                Err("%z=1".to_owned()),
            ]
        );
    }
}
