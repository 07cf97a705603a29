//! How numbers and lists are put.

/// An age or a duration in the unit that fits: `360 ms`, `3.6 s`, `12 min`.
pub(super) fn time(us: u64) -> String {
    const SECOND: u64 = 1_000_000;
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..SECOND => format!("{} ms", us / 1_000),
        SECOND..100_000_000 => match us / 100_000 {
            tenths if tenths % 10 == 0 => format!("{} s", tenths / 10),
            tenths => format!("{}.{} s", tenths / 10, tenths % 10),
        },
        100_000_000..7_200_000_000 => format!("{} min", us / (60 * SECOND)),
        7_200_000_000..172_800_000_000 => format!("{} h", us / (3_600 * SECOND)),
        _ => format!("{} days", us / (86_400 * SECOND)),
    }
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
