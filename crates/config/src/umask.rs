//! File mode creation masks as keepalived writes them.

use crate::model::c_number;

const MAX_UMASK: u64 = 0o777;

/// A mask: a number in C notation (`0177`), or names of permissions such as `IXUSR|IRGRP` (stat(2) without `S_`), blanks or
/// not; `None` for anything else.
#[must_use]
pub fn parse_umask(text: &str) -> Option<u32> {
    if text.starts_with(|letter: char| letter.is_ascii_digit()) {
        let number = c_number(text).filter(|number| *number <= MAX_UMASK);
        return number.and_then(|number| u32::try_from(number).ok());
    }
    let text: String = text.split_whitespace().collect();
    text.split('|').try_fold(0, |mask, name| {
        let shift = match name.get(2..)? {
            "USR" => 6,
            "GRP" => 3,
            "OTH" => 0,
            _ => return None,
        };
        let bit = match name.get(..2)? {
            "IR" => 4,
            "IW" => 2,
            "IX" => 1,
            _ => return None,
        };
        Some(mask | bit << shift)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_c_s_and_names_those_of_stat() {
        let rows = [
            ("022", Some(0o022)),
            ("18", Some(0o022)),
            ("0x12", Some(0o022)),
            ("IRGRP | IWOTH", Some(0o042)),
            ("IXUSR|IRGRP", Some(0o140)),
            ("01000", None),
            ("8x", None),
            ("IRALL", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse_umask(text), expected, "{text:?}");
        }
    }
}
