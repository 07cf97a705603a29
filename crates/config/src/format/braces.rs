//! How deep each line stands. Braces behind a condition count only where the condition holds, so a text is read once for
//! each id that its conditions name, and once for none of them.

use super::FormatError;
use super::line::SourceLine;

/// Ids that are looked at, so that the effort stays linear; braces behind others count for nobody.
const MAX_IDS: usize = 16;

/// The configuration ids that make a difference, and one that none of the text's conditions names.
pub(super) fn readings<'a>(lines: &[SourceLine<'a>]) -> Vec<&'a [u8]> {
    let mut ids: Vec<&[u8]> = Vec::new();
    let conditions = lines.iter().filter_map(|line| line.condition);
    for condition in conditions {
        if ids.len() < MAX_IDS && !condition.id.is_empty() && !ids.contains(&condition.id) {
            ids.push(condition.id);
        }
    }
    ids.push(b"");
    ids
}

/// The depth at the start of each line, by the first reading whose braces match and in which the line counts.
pub(super) fn depths(
    lines: &[SourceLine<'_>],
    readings: &[&[u8]],
) -> Result<Vec<usize>, FormatError> {
    let mut depths: Option<Vec<(usize, bool)>> = None;
    let mut complaint = None;
    for id in readings {
        let found = match depths_under(lines, id) {
            Ok(found) => found,
            Err(error) => {
                complaint.get_or_insert(error);
                continue;
            }
        };
        match &mut depths {
            None => depths = Some(found),
            Some(depths) => {
                let missing = depths.iter_mut().zip(found).filter(|(known, _)| !known.1);
                missing
                    .filter(|(_, (_, counts))| *counts)
                    .for_each(|(known, new)| *known = new);
            }
        }
    }
    match (depths, complaint) {
        (Some(depths), _) => Ok(depths.into_iter().map(|(depth, _)| depth).collect()),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(vec![0; lines.len()]),
    }
}

/// The depth at the start of each line, and whether the line counts, where the configuration id is `id`.
fn depths_under(lines: &[SourceLine<'_>], id: &[u8]) -> Result<Vec<(usize, bool)>, FormatError> {
    let mut open = Vec::new();
    let mut depths = Vec::with_capacity(lines.len());
    for (number, line) in (1..).zip(lines) {
        let counts = line.condition.is_none_or(|condition| condition.holds(id));
        depths.push((open.len(), counts));
        for opens in line.braces.iter().filter(|_| counts) {
            if *opens {
                open.push(number);
            } else if open.pop().is_none() {
                return Err(FormatError::ExtraClose { line: number });
            }
        }
    }
    match open.pop() {
        None => Ok(depths),
        Some(line) => Err(FormatError::Unclosed { line }),
    }
}
