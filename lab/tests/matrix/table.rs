//! The matrix as it is printed.

use std::fmt::Write as _;

use crate::cell::{Cell, Outcome, Peers};

/// One line for each cell, and below them why some cannot be.
pub fn table(cells: &[Cell]) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    let mut text = format!(
        "\n{:<8}{:<7}{:<11}{:<15}{:<7}{:<23}{}\n",
        "version",
        "family",
        "to",
        "checksum",
        "auth",
        "master, backup",
        "election  stopped  back  cable pulled  back"
    );
    for peers in Peers::ALL {
        for cell in cells.iter().filter(|cell| cell.peers == peers) {
            let [version, family, to, checksum, auth] = cell.words();
            let _ = write!(
                text,
                "{version:<8}{family:<7}{to:<11}{checksum:<15}{auth:<7}{:<23}",
                peers.name()
            );
            match cell.unsupported() {
                Some(why) => {
                    let known = reasons.iter().position(|reason| *reason == why);
                    let number = known.unwrap_or_else(|| {
                        reasons.push(why);
                        reasons.len() - 1
                    });
                    let _ = writeln!(text, "- ({})", number + 1);
                }
                None => text.push_str(&outcomes(cell)),
            }
        }
    }
    for (number, why) in (1..).zip(reasons) {
        let _ = writeln!(text, "({number}) {why}");
    }
    text
}

fn outcomes(cell: &Cell) -> String {
    let words = cell.outcomes.map(|outcome| match outcome {
        Outcome::NotRun => "-",
        Outcome::Good => "good",
        Outcome::Bad => "BAD",
    });
    let [election, stop, start, pull, plug] = words;
    format!("{election:<10}{stop:<9}{start:<6}{pull:<14}{plug}\n")
}
