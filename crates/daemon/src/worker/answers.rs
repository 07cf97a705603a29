//! What operators are told of what they have asked for, in words.

use standfast_api::command::{Answer, Move};
use standfast_core::steering::Hold;

/// Names that a sentence lists.
const MAX_NAMES: usize = 16;

/// Nothing was done.
pub(super) fn refused(text: impl Into<String>) -> Answer {
    Answer::Refused {
        text: text.into(),
        reasons: Vec::new(),
    }
}

/// `a, b and 3 more`
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown: Vec<&str> = names.iter().take(MAX_NAMES).copied().collect();
    let text = shown.join(", ");
    match names.len() - shown.len() {
        0 if text.is_empty() => "none".into(),
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// What nobody has taken, and this node serves on.
fn stayed<'a>(moves: &'a [Move], away: &'a [String]) -> Vec<&'a str> {
    let stayed = moves.iter().filter(|it| it.to.is_none());
    let names = stayed.map(|it| it.instance.as_str());
    names
        .filter(|name| away.iter().all(|gone| gone != name))
        .collect()
}

/// That this node let go of these, and knows of nobody who has them.
fn gone(away: &[String]) -> String {
    let names = list(away.iter().map(String::as_str));
    format!(
        "this node is not master of {names} any more, and has not heard who is (standfast status)"
    )
}

/// How a switchover went; `Err` where nobody has taken anything.
pub(super) fn switched(moves: &[Move], away: &[String]) -> Result<String, String> {
    let stayed = stayed(moves, away);
    let names = list(stayed.iter().copied());
    if !moves.is_empty() && stayed.len() == moves.len() {
        return Err(format!(
            "nobody has taken over {names}: this node serves on. Is another node's daemon running, and does it hear this \
             one (standfast explain INSTANCE)?"
        ));
    }
    let mut text = match (stayed.is_empty(), moves.len() > away.len()) {
        (true, true) => "moved".to_owned(),
        (true, false) => String::new(),
        (false, _) => {
            format!("moved, but nobody has taken over {names}: this node serves these on")
        }
    };
    if !away.is_empty() {
        let between = if text.is_empty() { "" } else { "; " };
        text.push_str(between);
        text.push_str(&gone(away));
    }
    Ok(text)
}

/// How a drain went.
pub(super) fn drained(moves: &[Move], away: &[String], hold: Hold) -> String {
    let stayed = stayed(moves, away);
    let names = list(stayed.iter().copied());
    let mut text = match (moves.is_empty(), stayed.is_empty(), hold) {
        (true, ..) => "drained; this node was master of nothing".to_owned(),
        (false, true, _) if away.is_empty() => "drained; everything has moved".to_owned(),
        (false, true, _) => "drained".to_owned(),
        (false, false, Hold::Soft) => format!(
            "drained, but nobody else has taken over {names}: this node serves on as the last resort (--hard: not even \
             that)"
        ),
        (false, false, Hold::Hard) => format!(
            "drained, but nobody else has taken over {names}: nobody serves them now (--hard); standfast resume takes \
             them back"
        ),
    };
    if !away.is_empty() {
        text.push_str("; ");
        text.push_str(&gone(away));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(name: &str, has_moved: bool) -> Move {
        Move {
            instance: name.to_owned(),
            to: has_moved.then_some([192, 0, 2, 2].into()),
            name: None,
            took_us: 0,
            gap_us: None,
            unasked: None,
        }
    }

    #[test]
    fn what_serves_on_is_told_from_what_has_gone_somewhere() {
        let (went, stays) = (moved("VI_1", true), moved("VI_2", false));
        let away = ["VI_2".to_owned()];
        let all = [went, stays];
        assert_eq!(switched(&all[..1], &[]).as_deref(), Ok("moved"));
        let text = switched(&all, &[]).unwrap();
        assert!(
            text.contains("nobody has taken over VI_2: this node serves"),
            "{text}"
        );
        let text = switched(&all, &away).unwrap();
        assert!(
            text.starts_with("moved; this node is not master of VI_2"),
            "{text}"
        );
        assert!(switched(&all[1..], &[]).is_err());
        let text = switched(&all[1..], &away).unwrap();
        assert!(
            text.starts_with("this node is not master of VI_2"),
            "{text}"
        );
    }

    #[test]
    fn a_hard_drain_does_not_say_that_this_node_serves_on() {
        let stays = [moved("VI_1", false)];
        let soft = drained(&stays, &[], Hold::Soft);
        assert!(
            soft.contains("this node serves on as the last resort"),
            "{soft}"
        );
        let hard = drained(&stays, &[], Hold::Hard);
        assert!(hard.contains("nobody serves them now"), "{hard}");
        let gone = drained(&stays, &["VI_1".to_owned()], Hold::Soft);
        assert!(!gone.contains("serves on"), "{gone}");
        assert_eq!(
            drained(&[moved("VI_1", true)], &[], Hold::Hard),
            "drained; everything has moved"
        );
    }

    #[test]
    fn long_lists_of_names_end() {
        assert_eq!(list([].into_iter()), "none");
        assert_eq!(list(["a", "b"].into_iter()), "a, b");
        let many = vec!["x"; MAX_NAMES + 2];
        assert!(list(many.into_iter()).ends_with("x and 2 more"));
    }
}
