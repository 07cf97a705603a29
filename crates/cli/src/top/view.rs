//! The picture of a state: pure, so that tests draw it too.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Clear, Paragraph, Row, Table, TableState};
use standfast_api::status::{State as Role, Status};

use super::details::{self, FRAME, wrapped};
use super::keys::HELP;
use super::rows;
use super::state::{Overlay, Pane, State};
use crate::output::{Piece, Tone, count};
use crate::status::state as role;

/// Fewer columns or rows show nothing that could be read.
const LEAST: (u16, u16) = (50, 14);
/// Rows of a pane beside its lines: its title and the heads of its columns.
const HEADS: u16 = 2;
/// Rows that the journal has at least, heads included.
const LEAST_EVENTS: u16 = 6;
/// Columns of a check's state and of the time that it took.
const CHECK_COLUMNS: [u16; 2] = [8, 7];
/// Columns of what an event is about.
const SUBJECT_COLUMNS: u16 = 14;
/// Columns of a check's name.
const LEAST_NAME: u16 = 10;
/// See [`LEAST_NAME`].
const MOST_NAME: u16 = 28;

/// How it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Theme {
    /// With colours.
    pub(super) colour: bool,
}

impl Theme {
    fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        let (colour, modifier) = match tone {
            Tone::Plain => return plain,
            Tone::Strong => (None, Modifier::BOLD),
            Tone::Good => (Some(Color::Green), Modifier::empty()),
            Tone::Warning => (Some(Color::Yellow), Modifier::empty()),
            Tone::Bad => (Some(Color::Red), Modifier::BOLD),
            Tone::Faint => (None, Modifier::DIM),
        };
        let style = plain.add_modifier(modifier);
        match colour.filter(|_| self.colour) {
            Some(colour) => style.fg(colour),
            None => style,
        }
    }

    fn span(self, piece: &Piece) -> Span<'static> {
        Span::styled(piece.text().to_owned(), self.style(piece.tone()))
    }

    fn line(self, pieces: &[Piece]) -> Line<'static> {
        Line::from_iter(pieces.iter().map(|piece| self.span(piece)))
    }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, theme: Theme) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!(
            "the terminal is too small: {} by {} at least",
            LEAST.0, LEAST.1
        );
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let [title, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(heading(state, theme)), title);
    draw_panes(frame, state, theme, body);
    frame.render_widget(Paragraph::new(footer(state, theme)), foot);
    match state.overlay {
        Overlay::None => {}
        Overlay::Help => draw_help(frame, theme, body),
        Overlay::Details(line) => draw_details(frame, state, theme, body, line),
    }
}

/// The node, how its instances are, and whether it answers.
fn heading(state: &State, theme: Theme) -> Line<'static> {
    let mut spans = Vec::new();
    let mut add = |tone, text: String| spans.push(Span::styled(text, theme.style(tone)));
    if let Some(status) = state.status.as_deref() {
        let node = &status.node;
        add(Tone::Strong, node.name.clone());
        let up = state.present.since(node.started_us);
        add(
            Tone::Plain,
            format!("  standfast {}, up {up}  ", node.version),
        );
        for (tone, text) in summary(status) {
            add(tone, text);
        }
        if node.drain.is_some() {
            add(Tone::Warning, "  DRAINED".to_owned());
        }
    }
    if let Some(why) = &state.lost {
        let first = why.lines().next().unwrap_or_default();
        add(Tone::Bad, format!("  NO ANSWER: {first}"));
    }
    Line::from(spans)
}

/// How many are in which state.
fn summary(status: &Status) -> Vec<(Tone, String)> {
    let all = &status.instances;
    let mut parts = vec![(Tone::Plain, count(all.len(), "instance"))];
    let states = [
        Role::Fault,
        Role::Master,
        Role::Leaving,
        Role::Backup,
        Role::Initialize,
    ];
    for one in states {
        let number = all.iter().filter(|instance| instance.state == one).count();
        if number > 0 {
            let word = role(one);
            parts.push((word.tone(), format!("  {number} {}", word.text())));
        }
    }
    parts
}

fn footer(state: &State, theme: Theme) -> Line<'static> {
    let keys = match state.overlay {
        Overlay::None => "↑↓ select  Tab pane  Enter details  ? help  q quit",
        Overlay::Help => "Esc back  q quit",
        Overlay::Details(_) => "↑↓ scroll  Esc back  ? help  q quit",
    };
    let clock = state.present.clock(state.present.now_us);
    Line::from(Span::styled(
        format!("{clock}  {keys}"),
        theme.style(Tone::Faint),
    ))
}

fn draw_panes(frame: &mut Frame<'_>, state: &State, theme: Theme, area: Rect) {
    let Some(status) = state.status.as_deref() else {
        return;
    };
    let nodes = rows::nodes(status);
    let [upper, middle, lower] = thirds(area, status, nodes.len());
    let halves = Layout::horizontal([Constraint::Percentage(50), Constraint::Fill(1)]);
    let [left, right] = halves.spacing(1).areas(middle);
    let panes = [
        (Pane::Instances, upper, instances(state, status)),
        (Pane::Nodes, left, others(state, &nodes)),
        (Pane::Checks, right, checks(status, right.width)),
        (Pane::Events, lower, events(state)),
    ];
    for (pane, area, content) in panes {
        draw_pane(frame, state, theme, pane, area, &content);
    }
}

fn instances(state: &State, status: &Status) -> Content {
    let all = status.instances.iter();
    Content {
        title: "Instances",
        heads: &rows::INSTANCE_HEADS,
        widths: INSTANCE_WIDTHS.to_vec(),
        rows: all.map(|one| rows::instance(one, &state.present)).collect(),
    }
}

fn others(state: &State, nodes: &[rows::Node]) -> Content {
    Content {
        title: "Nodes",
        heads: &rows::NODE_HEADS,
        widths: NODE_WIDTHS.to_vec(),
        rows: nodes
            .iter()
            .map(|one| rows::node(one, &state.present))
            .collect(),
    }
}

/// In so many columns; what the others leave is for the last runs.
fn checks(status: &Status, width: u16) -> Content {
    let name = (width / 3).clamp(LEAST_NAME, MOST_NAME);
    let [state, took] = CHECK_COLUMNS;
    let sparks = width.saturating_sub(name + state + took + 3);
    let all = status.checks.iter();
    Content {
        title: "Checks",
        heads: &rows::CHECK_HEADS,
        widths: [name, state, took, sparks].map(Constraint::Length).to_vec(),
        rows: all
            .map(|one| rows::check(one, usize::from(sparks)))
            .collect(),
    }
}

/// The newest first.
fn events(state: &State) -> Content {
    let records = state.records.iter().rev();
    let rows: Vec<_> = records
        .map(|one| rows::event(one, &state.present))
        .collect();
    Content {
        title: "Events",
        heads: &rows::EVENT_HEADS,
        widths: vec![
            Constraint::Length(longest(&rows)),
            Constraint::Length(SUBJECT_COLUMNS),
            Constraint::Fill(1),
        ],
        rows,
    }
}

/// Each pane has what it needs, within its share; the journal has the rest.
fn thirds(area: Rect, status: &Status, nodes: usize) -> [Rect; 3] {
    let wanted = |rows: usize| {
        u16::try_from(rows.max(1))
            .unwrap_or(u16::MAX)
            .saturating_add(HEADS)
    };
    let beside = nodes.max(status.checks.len());
    let spare = area.height.saturating_sub(LEAST_EVENTS);
    let middle = wanted(beside).min(spare * 2 / 5);
    let instances = wanted(status.instances.len()).min(spare.saturating_sub(middle));
    Layout::vertical([
        Constraint::Length(instances),
        Constraint::Length(middle),
        Constraint::Min(LEAST_EVENTS),
    ])
    .areas(area)
}

const INSTANCE_WIDTHS: [Constraint; 6] = [
    Constraint::Fill(3),
    Constraint::Length(7),
    Constraint::Length(8),
    Constraint::Length(10),
    Constraint::Fill(4),
    Constraint::Fill(2),
];
const NODE_WIDTHS: [Constraint; 4] = [
    Constraint::Fill(1),
    Constraint::Length(15),
    Constraint::Length(6),
    Constraint::Length(7),
];

/// Columns of the first cells: the time has a day before it where that is not today.
fn longest(rows: &[Vec<Piece>]) -> u16 {
    let first = rows.iter().filter_map(|row| row.first());
    let longest = first.map(|piece| piece.text().chars().count()).max();
    u16::try_from(longest.unwrap_or(0)).unwrap_or(u16::MAX)
}

/// What a pane shows.
struct Content {
    title: &'static str,
    heads: &'static [&'static str],
    widths: Vec<Constraint>,
    rows: Vec<Vec<Piece>>,
}

fn draw_pane(
    frame: &mut Frame<'_>,
    state: &State,
    theme: Theme,
    pane: Pane,
    area: Rect,
    content: &Content,
) {
    let focused = state.pane == pane;
    let tone = if focused { Tone::Strong } else { Tone::Faint };
    let marker = if focused { "▶ " } else { "" };
    let number = content.rows.len();
    let title = format!(" {marker}{} ({number}) ", content.title);
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(theme.style(Tone::Faint))
        .title(Span::styled(title, theme.style(tone)));
    let heads = content.heads.iter().map(|head| Cell::new(*head));
    let rows = content.rows.iter().map(|row| {
        Row::new(
            row.iter()
                .map(|piece| Cell::new(theme.line(std::slice::from_ref(piece)))),
        )
    });
    let chosen = match focused {
        true => Style::new().add_modifier(Modifier::REVERSED),
        false => Style::new(),
    };
    let table = Table::new(rows, content.widths.iter().copied())
        .header(Row::new(heads).style(theme.style(Tone::Faint)))
        .row_highlight_style(chosen)
        .block(block);
    // From the selection alone, so that the same state is the same picture.
    let mut shown = TableState::new().with_selected(state.selected(pane));
    frame.render_stateful_widget(table, area, &mut shown);
}

fn over(area: Rect, frame: &mut Frame<'_>, title: &str, theme: Theme, lines: Vec<Line<'static>>) {
    let block = Block::bordered()
        .border_style(theme.style(Tone::Strong))
        .title(Span::styled(
            format!(" {title} "),
            theme.style(Tone::Strong),
        ));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn draw_help(frame: &mut Frame<'_>, theme: Theme, area: Rect) {
    let lines = HELP.iter().map(|(keys, what)| {
        let keys = Span::styled(format!("{keys:16}"), theme.style(Tone::Strong));
        Line::from(vec![keys, Span::raw(*what)])
    });
    over(area, frame, "Keys", theme, lines.collect());
}

fn draw_details(frame: &mut Frame<'_>, state: &State, theme: Theme, area: Rect, line: usize) {
    let Some(details) = details::details(state) else {
        return;
    };
    let columns = usize::from(frame.area().width.saturating_sub(FRAME.0));
    let lines = wrapped(&details.lines, columns);
    let rows = usize::from(frame.area().height.saturating_sub(FRAME.1));
    let first = line.min(lines.len().saturating_sub(rows));
    let shown = lines.iter().skip(first).take(rows);
    let shown = shown.map(|line| theme.line(line)).collect();
    over(area, frame, &details.title, theme, shown);
}
