//! What fits into a terminal of some size: which columns, which panes, how much around them. Every size down to one cell has a
//! picture; what matters least goes first, and an instance's name and state never go.

use ratatui::layout::{Constraint, Rect};

use super::state::Pane;

/// Rows of a pane beside its lines: its title and the heads of its columns.
const HEADS: u16 = 2;
/// Rows that a pane has at least, where it is shown beside others: its heads and a line.
const LEAST_PANE: u16 = HEADS + 1;
/// Rows that the journal has at least beside all others, heads included.
const LEAST_EVENTS: u16 = 6;
/// From so many columns on nodes and checks stand side by side.
const SIDE_BY_SIDE: u16 = 72;
/// Rows from which on a terminal has a heading, and from which on a line with its keys.
const CHROME: (u16, u16) = (4, 8);
/// Fewer columns or rows have no frame around what lies over the panes.
const LEAST_FRAMED: (u16, u16) = (12, 6);

/// A column of a pane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// What stands above it.
    pub(super) head: &'static str,
    /// With fewer cells it is not worth its place.
    pub(super) least: u16,
    /// Its share.
    pub(super) width: Constraint,
    /// The highest goes first; what has none stays.
    pub(super) rank: Option<u8>,
}

/// Positions of the columns that fit side by side, with a cell between them.
pub(super) fn fitting(columns: &[Column], width: u16) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let at = |position: &usize| columns.get(*position);
    loop {
        let least = kept.iter().filter_map(at).map(|column| column.least + 1);
        if least.sum::<u16>() <= width.saturating_add(1) {
            return kept;
        }
        let ranks = kept.iter().enumerate();
        let ranked = ranks.filter_map(|(place, position)| Some((at(position)?.rank?, place)));
        match ranked.max() {
            Some((_, place)) => {
                kept.remove(place);
            }
            None => return kept,
        }
    }
}

/// Heading, middle and foot of a terminal; where it is low, the middle alone.
pub(super) fn bands(area: Rect) -> (Option<Rect>, Rect, Option<Rect>) {
    let rows = |from: u16, height: u16| Rect {
        y: area.y + from,
        height,
        ..area
    };
    let heading = u16::from(area.height >= CHROME.0);
    let foot = u16::from(area.height >= CHROME.1);
    let middle = rows(heading, area.height - heading - foot);
    (
        (heading > 0).then(|| rows(0, 1)),
        middle,
        (foot > 0).then(|| rows(area.height - 1, 1)),
    )
}

/// Whether what lies over the panes has a frame, and the columns and rows within it.
pub(super) fn overlay((width, height): (u16, u16)) -> (bool, usize, usize) {
    let (_, middle, _) = bands(Rect::new(0, 0, width, height));
    let framed = middle.width >= LEAST_FRAMED.0 && middle.height >= LEAST_FRAMED.1;
    let frame = if framed { 2 } else { 0 };
    let inside = |cells: u16| usize::from(cells.saturating_sub(frame));
    (framed, inside(middle.width), inside(middle.height))
}

/// How many of a pane's own rows there are room for: its title, and the heads of its columns.
pub(super) fn heads(area: Rect) -> (bool, bool) {
    (area.height >= 2, area.height >= LEAST_PANE)
}

/// Which panes are shown where. `lines`: how many each has to show, in the order of Tab; `focused` is always there.
pub(super) fn panes(area: Rect, lines: [usize; 4], focused: Pane) -> Vec<(Pane, Rect)> {
    let [instances, nodes, checks, _] = lines.map(wanted);
    let beside = area.width >= SIDE_BY_SIDE;
    let middles = if beside { 1 } else { 2 };
    if area.height < LEAST_PANE * (1 + middles) + LEAST_EVENTS - u16::from(!beside) * 2 {
        return few(area, lines, focused);
    }
    let least_events = if beside { LEAST_EVENTS } else { LEAST_PANE };
    let spare = area.height.saturating_sub(least_events);
    if beside {
        let middle = nodes.max(checks).min((spare * 2 / 5).max(LEAST_PANE));
        let upper = instances.min(spare.saturating_sub(middle));
        let [upper, middle, lower] = stacked(area, [upper, middle]);
        let (left, right) = halves(middle);
        return vec![
            (Pane::Instances, upper),
            (Pane::Nodes, left),
            (Pane::Checks, right),
            (Pane::Events, lower),
        ];
    }
    let upper = instances.min(spare.saturating_sub(2 * LEAST_PANE));
    let checks = checks.min(spare.saturating_sub(upper + LEAST_PANE));
    let nodes = nodes.min(spare.saturating_sub(upper + checks));
    let [upper, nodes, checks, lower] = stacked(area, [upper, nodes, checks]);
    vec![
        (Pane::Instances, upper),
        (Pane::Nodes, nodes),
        (Pane::Checks, checks),
        (Pane::Events, lower),
    ]
}

/// The instances and the pane in which keys move, or the latter alone.
fn few(area: Rect, lines: [usize; 4], focused: Pane) -> Vec<(Pane, Rect)> {
    let other = match focused {
        Pane::Instances => Pane::Events,
        pane => pane,
    };
    if area.height < 2 * LEAST_PANE {
        return vec![(focused, area)];
    }
    let [instances, ..] = lines.map(wanted);
    let most = match focused {
        Pane::Instances => area.height - LEAST_PANE,
        _ => (area.height / 2).max(LEAST_PANE),
    };
    let [upper, lower] = stacked(area, [instances.min(most)]);
    vec![(Pane::Instances, upper), (other, lower)]
}

/// Rows that show all of so many lines.
fn wanted(lines: usize) -> u16 {
    u16::try_from(lines.max(1))
        .unwrap_or(u16::MAX)
        .saturating_add(HEADS)
}

/// Bands of these heights, and the rest.
fn stacked<const BANDS: usize, const ALL: usize>(area: Rect, heights: [u16; BANDS]) -> [Rect; ALL] {
    let mut bands = [area; ALL];
    let mut from = area.y;
    let end = area.y.saturating_add(area.height);
    for (place, band) in bands.iter_mut().enumerate() {
        let rest = end.saturating_sub(from);
        let height = heights
            .get(place)
            .map_or(rest, |height| (*height).min(rest));
        *band = Rect {
            y: from,
            height,
            ..area
        };
        from += height;
    }
    bands
}

/// Left and right, with a cell between them.
fn halves(area: Rect) -> (Rect, Rect) {
    let left = area.width / 2;
    let right = Rect {
        x: area.x + left + 1,
        width: area.width.saturating_sub(left + 1),
        ..area
    };
    (
        Rect {
            width: left,
            ..area
        },
        right,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Column = Column {
        head: "NAME",
        least: 8,
        width: Constraint::Fill(1),
        rank: None,
    };

    #[test]
    fn what_matters_least_goes_first_and_what_must_stay_stays() {
        let optional = |rank| Column {
            rank: Some(rank),
            ..NAME
        };
        let columns = [NAME, NAME, optional(2), optional(3), optional(1)];
        for (width, kept) in [
            (44, vec![0, 1, 2, 3, 4]),
            (43, vec![0, 1, 2, 4]),
            (35, vec![0, 1, 2, 4]),
            (34, vec![0, 1, 4]),
            (17, vec![0, 1]),
            (1, vec![0, 1]),
            (0, vec![0, 1]),
        ] {
            assert_eq!(fitting(&columns, width), kept, "{width}");
        }
    }

    #[test]
    fn panes_lie_within_their_area_and_the_focused_one_is_always_there() {
        let all = [Pane::Instances, Pane::Nodes, Pane::Checks, Pane::Events];
        for height in 0..60 {
            for width in [1, 30, 71, 72, 300] {
                for lines in [[0; 4], [1, 2, 3, 40], [500, 500, 500, 500]] {
                    for focused in all {
                        let area = Rect::new(0, 1, width, height);
                        let shown = panes(area, lines, focused);
                        let within = |one: &Rect| area.union(*one) == area;
                        assert!(shown.iter().all(|(_, one)| within(one)), "{area} {shown:?}");
                        let its = shown.iter().find(|(pane, _)| *pane == focused);
                        let its = its.map(|(_, one)| one.height);
                        assert!(
                            its.is_some_and(|rows| rows >= height.min(LEAST_PANE)),
                            "{area} {shown:?}"
                        );
                    }
                }
            }
        }
    }
}
