//! Values that are not shown.

/// Keywords whose values are secrets, in whatever block.
pub const SECRETS: &[&str] = &["auth_pass", "key", "password"];

/// The line with its secret masked, byte for byte so that marks stay in place: people paste findings into tickets.
pub(crate) fn masked(line: String) -> String {
    let start = line.len() - line.trim_start().len();
    let after = |keyword: &&str| {
        let rest = line.get(start..)?.strip_prefix(*keyword)?;
        rest.starts_with([' ', '\t'])
            .then_some(start + keyword.len())
    };
    let Some(from) = SECRETS.iter().find_map(after) else {
        return line;
    };
    let (shown, secret) = line.split_at(from);
    let mask = |letter: char| match letter {
        ' ' | '\t' => letter.to_string(),
        _ => "*".repeat(letter.len_utf8()),
    };
    shown
        .chars()
        .map(String::from)
        .chain(secret.chars().map(mask))
        .collect()
}
