//! Values that are not shown.

/// Keywords whose values are secrets, in whatever block.
pub const SECRETS: &[&str] = &["auth_pass", "key", "password"];
/// How `auth_pass` and `password` begin however they are misspelt: letters only, in lower case.
const STEMS: &[&str] = &["authpas", "passw"];
/// What is hidden is shown as so many of these.
const MASK: &str = "*";

/// The line with its secret masked, byte for byte so that marks stay in place: people paste findings into tickets.
pub(crate) fn masked(line: String) -> String {
    match secret_start(&line) {
        Some(from) => masked_from(line, from),
        None => line,
    }
}

/// The text with everything from that byte on masked, blanks apart.
pub(crate) fn masked_from(text: String, from: usize) -> String {
    let Some((shown, secret)) = text.split_at_checked(from) else {
        return text;
    };
    let mask = |letter: char| match letter {
        ' ' | '\t' => letter.to_string(),
        _ => MASK.repeat(letter.len_utf8()),
    };
    shown
        .chars()
        .map(String::from)
        .chain(secret.chars().map(mask))
        .collect()
}

/// Where the value of the line's first secret begins. The keyword may be misspelt, in quotes, glued to its value, or not
/// the first word: behind a condition, a definition's name or a brace.
pub(crate) fn secret_start(line: &str) -> Option<usize> {
    let mut start = 0;
    for word in line.split_inclusive(|letter: char| letter.is_whitespace() || letter == '=') {
        let keyword = word.trim_end_matches(|letter: char| letter.is_whitespace() || letter == '=');
        let bare = keyword.trim_matches(['"', '\'']);
        if SECRETS.contains(&bare) {
            return Some(start + keyword.len());
        }
        if let Some(length) = misspelt(keyword) {
            return Some(start + length);
        }
        start += word.len();
    }
    None
}

/// Bytes of the word that are the keyword's, where it is a secret's in spite of its spelling.
fn misspelt(word: &str) -> Option<usize> {
    let is_letter = |(_, letter): &(usize, char)| letter.is_ascii_alphabetic();
    let letters = || word.char_indices().filter(is_letter);
    let lower: String = letters()
        .take(STEMS.iter().map(|stem| stem.len()).max().unwrap_or(0))
        .map(|(_, letter)| letter.to_ascii_lowercase())
        .collect();
    let stem = STEMS.iter().find(|stem| lower.starts_with(**stem))?;
    // As far as the keyword could reach, however it is written.
    let whole = SECRETS.iter().find(|secret| {
        let plain = secret.replace('_', "");
        plain.starts_with(*stem)
    })?;
    let mut wanted = whole.chars().filter(char::is_ascii_alphabetic).peekable();
    let mut end = 0;
    for (at, letter) in word.char_indices() {
        if wanted.peek() == Some(&letter.to_ascii_lowercase()) {
            wanted.next();
        } else if letter.is_ascii_alphanumeric() {
            break;
        }
        end = at + letter.len_utf8();
        if wanted.peek().is_none() {
            break;
        }
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_however_its_keyword_is_written() {
        for line in [
            "  auth_pass S3CR\u{e9}T",
            "@node auth_pass S3CR\u{e9}T",
            "auth_pas S3CR\u{e9}T",
            "authpass S3CR\u{e9}T",
            "AUTH-PASS S3CR\u{e9}T",
            "\"auth_pass\" \"S3CR\u{e9}T\"",
            "auth_pass=S3CR\u{e9}T",
            "auth_passS3CR\u{e9}T",
            "auth_pass\u{a0}S3CR\u{e9}T",
            "authentication { auth_pass S3CR\u{e9}T }",
            "$M= auth_pass S3CR\u{e9}T \\",
            "key 1 S3CR\u{e9}T",
            "password S3CR\u{e9}T",
            "passwd S3CR\u{e9}T",
        ] {
            let shown = masked(line.to_owned());
            assert!(!shown.contains("S3CR"), "{line}: {shown}");
            assert_eq!(shown.len(), line.len(), "{line}: {shown}");
            assert!(shown.to_lowercase().contains(['p', 'k']), "{shown}");
        }
    }

    #[test]
    fn other_lines_are_shown() {
        for line in [
            "priority 100",
            "auth_type PASS",
            "keyboard x",
            "router_id key_1",
            "",
        ] {
            assert_eq!(masked(line.to_owned()), line);
        }
    }
}
