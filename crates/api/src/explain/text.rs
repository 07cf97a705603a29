//! How numbers and lists are put.

use standfast_core::Micros;

/// An age or a duration, as the journal has it: `360 ms`, `3.6 s`, `12 min 5 s`.
pub(super) fn time(us: u64) -> String {
    Micros(us).to_string()
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// With its sign, as it stands in a sum: `− 5`.
pub(super) fn term(adds: i32) -> String {
    let sign = if adds < 0 { '−' } else { '+' };
    format!("{sign} {}", adds.unsigned_abs())
}

/// What a program printed, on one line, bounded.
pub(super) fn quoted(output: &str) -> String {
    const MOST: usize = 120;
    let line: Vec<&str> = output.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("\u{201c}{}…\u{201d}", line.get(..end).unwrap_or_default()),
        None => format!("\u{201c}{line}\u{201d}"),
    }
}
