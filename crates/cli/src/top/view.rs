//! The picture of a state: pure, so that tests draw it too.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Clear, Paragraph, Row, Table, TableState};
use standfast_api::status::{State as Role, Status};

use super::details::{self, wrapped};
use super::keys::HELP;
use super::layout::{self, Column};
use super::rows;
use super::state::{Overlay, Pane, State};
use crate::output::{Piece, Tone, count};
use crate::status::state as role;

/// Columns of a name: fewer say too little, more leave too little for the rest.
const NAME_COLUMNS: (u16, u16) = (8, 20);
/// Columns of an address: as many as an IPv4 address has, and half of a long IPv6 address.
const ADDRESS_COLUMNS: (u16, u16) = (15, 24);
/// Columns of a check's state and of the time that it took.
const CHECK_COLUMNS: [u16; 2] = [8, 7];
/// Columns of what an event is about.
const SUBJECT_COLUMNS: u16 = 14;
/// Fewer columns say too little of an event.
const SENTENCE_COLUMNS: u16 = 24;
/// Columns of a check's name beside its last runs.
const CHECK_NAME: (u16, u16) = (10, 28);
/// Fewer columns show no course of a check's last runs.
const LEAST_SPARKS: u16 = 4;
/// What the keys do, the longest that fits.
const KEYS: [&str; 3] = [
    "↑↓ select  Tab pane  Enter details  ? help  q quit",
    "↑↓ Tab Enter  ? help  q quit",
    "? help  q quit",
];

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
    if area.is_empty() {
        return;
    }
    let (title, body, foot) = layout::bands(area);
    if let Some(title) = title {
        frame.render_widget(Paragraph::new(heading(state, theme, title.width)), title);
    }
    draw_panes(frame, state, theme, body);
    if let Some(foot) = foot {
        frame.render_widget(Paragraph::new(footer(state, theme, foot.width)), foot);
    }
    match state.overlay {
        Overlay::None => {}
        Overlay::Help => draw_help(frame, theme, body),
        Overlay::Details(line) => draw_details(frame, state, theme, body, line),
    }
}

/// The node, how its instances are, and whether it answers; what matters least goes first where there is no room.
fn heading(state: &State, theme: Theme, width: u16) -> Line<'static> {
    // A part with a higher number goes sooner.
    let mut parts: Vec<(u8, Tone, String)> = Vec::new();
    if let Some(status) = state.status.as_deref() {
        let node = &status.node;
        parts.push((0, Tone::Strong, node.name.clone()));
        let up = state.present.since(node.started_us);
        let version = format!("  standfast {}, up {up}", node.version);
        parts.push((4, Tone::Plain, version));
        let summary = summary(status).into_iter();
        parts.extend(summary.map(|(rank, tone, text)| (rank, tone, format!("  {text}"))));
        let refused = usize::from(node.reload_refused.is_some());
        let problems = state.wrong.iter().sum::<usize>() + refused + node.control_troubles.len();
        if problems > 0 {
            parts.push((1, Tone::Bad, format!("  {}", count(problems, "problem"))));
        }
        if node.drain.is_some() {
            parts.push((1, Tone::Warning, "  DRAINED".to_owned()));
        }
    }
    if let Some(why) = &state.lost {
        let first = why.lines().next().unwrap_or_default();
        parts.push((0, Tone::Bad, format!("  NO ANSWER: {first}")));
    }
    let columns = |parts: &[(u8, Tone, String)]| -> usize {
        parts.iter().map(|(_, _, text)| text.chars().count()).sum()
    };
    while columns(&parts) > usize::from(width)
        && let Some(worst) = parts.iter().map(|(rank, ..)| *rank).max()
        && worst > 0
    {
        parts.retain(|(rank, ..)| *rank < worst);
    }
    let spans = parts.into_iter();
    Line::from_iter(spans.map(|(_, tone, text)| Span::styled(text, theme.style(tone))))
}

/// How many are in which state; which of that goes first.
fn summary(status: &Status) -> Vec<(u8, Tone, String)> {
    let all = &status.instances;
    let mut parts = vec![(3, Tone::Plain, count(all.len(), "instance"))];
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
            let text = format!("{number} {}", word.text());
            parts.push((2, word.tone(), text));
        }
    }
    parts
}

fn footer(state: &State, theme: Theme, width: u16) -> Line<'static> {
    let clock = state.present.clock(state.present.now_us);
    let texts: Vec<String> = match state.overlay {
        Overlay::None => KEYS.iter().map(|keys| format!("{clock}  {keys}")).collect(),
        Overlay::Help => vec![format!("{clock}  Esc back  q quit")],
        Overlay::Details(_) => vec![
            format!("{clock}  ↑↓ scroll  Esc back  ? help  q quit"),
            "↑↓ scroll  Esc back  q quit".to_owned(),
        ],
    };
    let shortest = "? help  q quit".to_owned();
    let mut texts = texts.into_iter().chain([shortest]);
    let fits = texts.find(|text| text.chars().count() <= usize::from(width));
    Line::from(Span::styled(
        fits.unwrap_or_else(|| "q quit".to_owned()),
        theme.style(Tone::Faint),
    ))
}

fn draw_panes(frame: &mut Frame<'_>, state: &State, theme: Theme, area: Rect) {
    let Some(status) = state.status.as_deref() else {
        return;
    };
    let nodes = rows::nodes(status);
    let lines = [
        status.instances.len(),
        nodes.len(),
        status.checks.len(),
        state.records.len(),
    ];
    for (pane, area) in layout::panes(area, lines, state.pane) {
        let content = match pane {
            Pane::Instances => instances(state, status),
            Pane::Nodes => others(state, &nodes),
            Pane::Checks => checks(status, area.width),
            Pane::Events => events(state),
        };
        draw_pane(frame, state, theme, pane, area, &content);
    }
}

fn column(head: &'static str, least: u16, width: Constraint, rank: Option<u8>) -> Column {
    Column {
        head,
        least,
        width,
        rank,
    }
}

fn instances(state: &State, status: &Status) -> Content {
    let all = status.instances.iter().enumerate();
    let rows = all.map(|(at, one)| {
        let wrong = state.wrong.get(at).is_some_and(|problems| *problems > 0);
        rows::instance(one, wrong, &state.present)
    });
    let rows: Vec<_> = rows.collect();
    let [name, role, since, priority, master, addresses] = rows::INSTANCE_HEADS;
    let longest = longest(&rows, 0, NAME_COLUMNS);
    Content {
        title: "Instances",
        columns: vec![
            column(name, longest, Constraint::Fill(3), None),
            column(role, 7, Constraint::Length(7), None),
            column(since, 8, Constraint::Length(8), Some(3)),
            column(priority, 10, Constraint::Length(10), Some(2)),
            column(master, 16, Constraint::Fill(4), Some(1)),
            column(addresses, 10, Constraint::Fill(2), Some(4)),
        ],
        rows,
    }
}

fn others(state: &State, nodes: &[rows::Node]) -> Content {
    let all = nodes.iter();
    let rows: Vec<_> = all.map(|one| rows::node(one, &state.present)).collect();
    let [name, address, master, heard] = rows::NODE_HEADS;
    let addresses = longest(&rows, 1, ADDRESS_COLUMNS);
    Content {
        title: "Nodes",
        columns: vec![
            column(name, NAME_COLUMNS.0, Constraint::Fill(1), None),
            column(address, addresses, Constraint::Length(addresses), Some(2)),
            column(master, 6, Constraint::Length(6), None),
            column(heard, 7, Constraint::Length(7), Some(1)),
        ],
        rows,
    }
}

/// In so many columns; what the others leave is for the last runs.
fn checks(status: &Status, width: u16) -> Content {
    let (least, most) = CHECK_NAME;
    let name = (width / 3).clamp(least, most);
    let [state, took] = CHECK_COLUMNS;
    let sparks = width.saturating_sub(name + state + took + 3);
    let all = status.checks.iter();
    let [check, is, took_head, last] = rows::CHECK_HEADS;
    let fill = match sparks >= LEAST_SPARKS {
        true => Constraint::Length(name),
        false => Constraint::Fill(1),
    };
    let last_runs = sparks.max(LEAST_SPARKS);
    Content {
        title: "Checks",
        columns: vec![
            column(check, least, fill, None),
            column(is, state, Constraint::Length(state), None),
            column(took_head, took, Constraint::Length(took), Some(1)),
            column(last, last_runs, Constraint::Length(last_runs), Some(2)),
        ],
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
    let [when, subject, what] = rows::EVENT_HEADS;
    // The time has a day before it where that is not today.
    let time = longest(&rows, 0, (0, u16::MAX));
    Content {
        title: "Events",
        columns: vec![
            column(when, time, Constraint::Length(time), Some(2)),
            column(
                subject,
                SUBJECT_COLUMNS,
                Constraint::Length(SUBJECT_COLUMNS),
                Some(1),
            ),
            column(what, SENTENCE_COLUMNS, Constraint::Fill(1), None),
        ],
        rows,
    }
}

/// Columns of the longest of those cells, within bounds.
fn longest(rows: &[Vec<Piece>], cell: usize, (least, most): (u16, u16)) -> u16 {
    let cells = rows.iter().filter_map(|row| row.get(cell));
    let longest = cells.map(|piece| piece.text().chars().count()).max();
    u16::try_from(longest.unwrap_or(0))
        .unwrap_or(u16::MAX)
        .clamp(least, most)
}

/// What a pane shows.
struct Content {
    title: &'static str,
    columns: Vec<Column>,
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
    let (has_title, has_heads) = layout::heads(area);
    let kept = layout::fitting(&content.columns, area.width);
    let columns: Vec<Column> = kept
        .iter()
        .filter_map(|at| content.columns.get(*at).copied())
        .collect();
    let rows = content.rows.iter().map(|row| {
        let cells = kept.iter().filter_map(|at| row.get(*at));
        Row::new(cells.map(|piece| Cell::new(theme.line(std::slice::from_ref(piece)))))
    });
    let chosen = match state.pane == pane {
        true => Style::new().add_modifier(Modifier::REVERSED),
        false => Style::new(),
    };
    let mut table =
        Table::new(rows, columns.iter().map(|one| one.width)).row_highlight_style(chosen);
    if has_heads {
        let heads = columns.iter().map(|one| Cell::new(one.head));
        table = table.header(Row::new(heads).style(theme.style(Tone::Faint)));
    }
    if has_title {
        table = table.block(title(state, theme, pane, content));
    }
    // From the selection alone, so that the same state is the same picture.
    let mut shown = TableState::new().with_selected(state.selected(pane));
    frame.render_stateful_widget(table, area, &mut shown);
}

fn title(state: &State, theme: Theme, pane: Pane, content: &Content) -> Block<'static> {
    let focused = state.pane == pane;
    let tone = if focused { Tone::Strong } else { Tone::Faint };
    let marker = if focused { "▶ " } else { "" };
    let number = content.rows.len();
    let title = format!(" {marker}{} ({number}) ", content.title);
    Block::new()
        .borders(Borders::TOP)
        .border_style(theme.style(Tone::Faint))
        .title(Span::styled(title, theme.style(tone)))
}

fn over(area: Rect, frame: &mut Frame<'_>, title: &str, theme: Theme, lines: Vec<Line<'static>>) {
    let whole = frame.area();
    let (framed, ..) = layout::overlay((whole.width, whole.height));
    let mut text = Paragraph::new(lines);
    if framed {
        let block = Block::bordered()
            .border_style(theme.style(Tone::Strong))
            .title(Span::styled(
                format!(" {title} "),
                theme.style(Tone::Strong),
            ));
        text = text.block(block);
    }
    frame.render_widget(Clear, area);
    frame.render_widget(text, area);
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
    let whole = frame.area();
    let (_, columns, rows) = layout::overlay((whole.width, whole.height));
    let lines = wrapped(&details.lines, columns);
    let first = line.min(lines.len().saturating_sub(rows));
    let shown = lines.iter().skip(first).take(rows);
    let shown = shown.map(|line| theme.line(line)).collect();
    over(area, frame, &details.title, theme, shown);
}
