//! The time lines of failovers as a picture.

use std::fmt::Write as _;

use super::timeline::{Answerer, Timeline};

/// One row of the picture.
#[derive(Clone, Debug)]
pub struct Row {
    /// What happens, and to whom.
    pub label: String,
    /// What was measured, in words.
    pub value: String,
    /// Who answered.
    pub timeline: Timeline,
}

/// Sizes in pixels.
const LABEL_WIDTH: f64 = 330.0;
const CHART_WIDTH: f64 = 520.0;
const VALUE_WIDTH: f64 = 110.0;
const ROW_HEIGHT: f64 = 26.0;
const BAR_HEIGHT: f64 = 14.0;
const TOP: f64 = 64.0;

/// The time that is shown, in milliseconds.
const FROM_MS: f64 = -200.0;
const TO_MS: f64 = 4_000.0;

/// Colours for light and dark pages, told apart by lightness as well.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.axis{stroke:#8c959f;stroke-width:1}\
    .small{font-size:11px;fill:#57606a}.first{fill:#54a0e8}.second{fill:#1a7f37}.nobody{fill:#cf222e}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.axis{stroke:#6e7681}\
    .first{fill:#79c0ff}.second{fill:#3fb950}.nobody{fill:#ff7b72}}";

/// The picture; readable on light and dark pages, and with a text for those who don't see it.
#[must_use]
pub fn draw(rows: &[Row]) -> String {
    let width = LABEL_WIDTH + CHART_WIDTH + VALUE_WIDTH;
    let bottom = rows.iter().fold(TOP, |height, _| height + ROW_HEIGHT);
    let height = bottom + 34.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\">\n\
         <title id=\"t\">Who answers the client after a failure</title>\n<desc id=\"d\">{}</desc>\n<style>{STYLE}</style>\n",
        escape(&description(rows))
    );
    legend(&mut text);
    let mut y = TOP;
    for row in rows {
        draw_row(&mut text, row, y);
        y += ROW_HEIGHT;
    }
    axis(&mut text, bottom);
    text.push_str("</svg>\n");
    text
}

fn description(rows: &[Row]) -> String {
    let said = rows
        .iter()
        .map(|row| format!("{}: {}", row.label, row.value));
    said.collect::<Vec<_>>().join("; ")
}

fn legend(text: &mut String) {
    let entries = [
        ("first", "the node that fails answers", 0.0),
        ("nobody", "nobody answers", 230.0),
        ("second", "the other node answers", 380.0),
    ];
    for (class, said, x) in entries {
        let x = 10.0 + x;
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "<rect class=\"{class}\" x=\"{x}\" y=\"16\" width=\"14\" height=\"14\"/><text x=\"{}\" y=\"28\">{said}</text>",
            x + 20.0
        );
    }
}

fn draw_row(text: &mut String, row: &Row, y: f64) {
    let base = y + BAR_HEIGHT - 2.0;
    let _ = writeln!(
        text,
        "<text x=\"10\" y=\"{base}\">{}</text>",
        escape(&row.label)
    );
    for part in &row.timeline.0 {
        let (from, to) = (x_of(part.from_ms), x_of(part.to_ms));
        let class = match part.by {
            Answerer::First => "first",
            Answerer::Second => "second",
            Answerer::Nobody => "nobody",
        };
        if to > from {
            let _ = writeln!(
                text,
                "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{BAR_HEIGHT}\"/>",
                to - from
            );
        }
    }
    let x = LABEL_WIDTH + CHART_WIDTH + 10.0;
    let _ = writeln!(
        text,
        "<text x=\"{x}\" y=\"{base}\">{}</text>",
        escape(&row.value)
    );
}

fn axis(text: &mut String, y: f64) {
    let (left, right) = (x_of(FROM_MS), x_of(TO_MS));
    let _ = writeln!(
        text,
        "<line class=\"axis\" x1=\"{left}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\"/>"
    );
    for second in 0..=4_u16 {
        let x = x_of(f64::from(second) * 1e3);
        let _ = writeln!(
            text,
            "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{}\" stroke-dasharray=\"2 4\"/>\
             <text class=\"small\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{second} s</text>",
            y + 4.0,
            y + 18.0
        );
    }
}

/// Where a time lies in the picture; times outside lie at its edge.
fn x_of(milliseconds: f64) -> f64 {
    let share = (milliseconds.clamp(FROM_MS, TO_MS) - FROM_MS) / (TO_MS - FROM_MS);
    LABEL_WIDTH + share * CHART_WIDTH
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::timeline::Segment;

    #[test]
    fn the_picture_says_in_words_what_it_shows_and_cuts_what_lies_outside() {
        let part = |by, from_ms, to_ms| Segment { by, from_ms, to_ms };
        let row = Row {
            label: "stop <one>".to_owned(),
            value: "610 ms".to_owned(),
            timeline: Timeline(vec![
                part(Answerer::First, -500.0, 0.0),
                part(Answerer::Nobody, 0.0, 610.0),
                part(Answerer::Second, 610.0, 9_000.0),
            ]),
        };
        let picture = draw(&[row]);
        assert!(picture.contains("<desc id=\"d\">stop &lt;one&gt;: 610 ms</desc>"));
        assert!(picture.contains("class=\"nobody\" x=\"354.8\""));
        assert_eq!(picture.matches("<rect").count(), 3 + 3);
        let right = LABEL_WIDTH + CHART_WIDTH;
        assert!(x_of(9_000.0) <= right && x_of(-500.0) >= LABEL_WIDTH);
    }
}
