//! The report for people.

use super::{Area, Finding, Level, Report};
use crate::output::{Page, Piece, Tone, count, piece, plain};

/// Each area with what was found, then what follows.
pub(super) fn text(report: &Report, colour: bool) -> String {
    let mut page = Page::new(colour);
    for area in &report.areas {
        write(&mut page, area);
    }
    page.gap();
    page.paragraph(0, &[summary(report)]);
    page.into_text()
}

fn mark(level: Level) -> Piece {
    match level {
        Level::Ok => piece(Tone::Good, "ok"),
        Level::Warn => piece(Tone::Warning, "warn"),
        Level::Bad => piece(Tone::Bad, "bad"),
    }
}

fn write(page: &mut Page, area: &Area) {
    if area.level == Level::Ok {
        let name = piece(Tone::Strong, area.name);
        let said = [
            mark(Level::Ok),
            plain(" "),
            name,
            plain(": "),
            plain(&area.text),
        ];
        page.paragraph(0, &said);
        return;
    }
    for finding in &area.findings {
        page.paragraph(0, &sentence(area, finding));
        if let Some(command) = &finding.remedy.command {
            // One line however long, so that it can be copied.
            page.verbatim(4, &format!("$ {command}"));
        }
        if let Some(advice) = &finding.remedy.advice {
            page.paragraph(4, &[plain(advice)]);
        }
    }
}

fn sentence(area: &Area, finding: &Finding) -> Vec<Piece> {
    let mut said = vec![
        mark(finding.level),
        plain(" "),
        piece(Tone::Strong, area.name),
        plain(": "),
        plain(&finding.text),
    ];
    if let Some(code) = finding.code {
        said.push(piece(Tone::Faint, format!(" [{code}]")));
    }
    said
}

fn summary(report: &Report) -> Piece {
    let of = |level| {
        let all = report.areas.iter().flat_map(|area| &area.findings);
        all.filter(|one| one.level == level).count()
    };
    let (bad, warnings) = (of(Level::Bad), of(Level::Warn));
    match (bad, warnings) {
        (0, 0) => piece(Tone::Good, "Nothing here would break a failover."),
        (0, _) => piece(
            Tone::Warning,
            format!(
                "{}: a failover works, but somebody should look.",
                count(warnings, "warning")
            ),
        ),
        (_, 0) => piece(
            Tone::Bad,
            format!("{} would break a failover.", count(bad, "finding")),
        ),
        (_, _) => piece(
            Tone::Bad,
            format!(
                "{} would break a failover, and {}.",
                count(bad, "finding"),
                count(warnings, "warning")
            ),
        ),
    }
}
