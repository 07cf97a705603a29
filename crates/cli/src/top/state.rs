//! What is shown, and what changes it. No terminal, no clock.

use std::collections::VecDeque;

use standfast_api::event::Record;
use standfast_api::explain::problems_of;
use standfast_api::status::Status;

use super::{details, rows};
use crate::moments::Present;

/// Entries of the journal that are kept.
pub(super) const RECORDS: usize = 500;

/// A part of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    /// Virtual routers.
    Instances,
    /// Who else is there.
    Nodes,
    /// Checks.
    Checks,
    /// The journal.
    Events,
}

impl Pane {
    /// In the order of Tab.
    const ALL: [Pane; 4] = [Pane::Instances, Pane::Nodes, Pane::Checks, Pane::Events];

    fn position(self) -> usize {
        Self::ALL.iter().position(|one| *one == self).unwrap_or(0)
    }
}

/// What lies over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    /// Nothing.
    None,
    /// The keys.
    Help,
    /// What is selected, from this line on.
    Details(usize),
}

/// A key, by what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// So many rows up.
    Up(usize),
    /// So many rows down.
    Down(usize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// To the next pane.
    Next,
    /// To the previous pane.
    Previous,
    /// Details.
    Enter,
    /// Back from details or help.
    Back,
    /// Help.
    Help,
    /// Quit.
    Quit,
}

/// Something that has come.
#[derive(Clone, Debug)]
pub(super) enum Update {
    /// A status.
    Status(Box<Status>),
    /// Entries of the journal, oldest first.
    Records(Vec<Record>),
    /// The daemon does not answer, and why.
    Lost(String),
    /// A key.
    Key(Key),
    /// The terminal has so many columns and rows.
    Resize(u16, u16),
    /// It is to end.
    End,
}

/// Everything that is shown.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The last one that came.
    pub(super) status: Option<Box<Status>>,
    /// How many problems each of its instances has, in its order; notes are none.
    pub(super) wrong: Vec<usize>,
    /// Oldest first, at most [`RECORDS`].
    pub(super) records: VecDeque<Record>,
    /// Why the daemon does not answer; none: it does.
    pub(super) lost: Option<String>,
    /// The one that keys move in.
    pub(super) pane: Pane,
    /// The selected row of each pane.
    selected: [usize; 4],
    /// What lies over it all.
    pub(super) overlay: Overlay,
    /// Columns and rows of the terminal.
    size: (u16, u16),
    /// When it is shown.
    pub(super) present: Present,
    /// It is to end.
    pub(super) ended: bool,
}

/// How many problems each instance has. Once for each status, not for each picture.
fn wrong(status: &Status) -> Vec<usize> {
    let instances = status.instances.iter();
    let problems = instances.map(|one| problems_of(status, one));
    problems
        .map(|all| all.iter().filter(|one| one.is_wrong()).count())
        .collect()
}

impl State {
    /// Nothing has come yet.
    pub(super) fn new(present: Present) -> Self {
        State {
            status: None,
            wrong: Vec::new(),
            records: VecDeque::new(),
            lost: None,
            pane: Pane::Instances,
            selected: [0; 4],
            overlay: Overlay::None,
            size: (80, 24),
            present,
            ended: false,
        }
    }

    /// The selected row of a pane; none where it has no rows.
    pub(super) fn selected(&self, pane: Pane) -> Option<usize> {
        let last = self.length(pane).checked_sub(1)?;
        let selected = self.selected.get(pane.position()).copied();
        Some(selected.unwrap_or(0).min(last))
    }

    fn length(&self, pane: Pane) -> usize {
        let status = self.status.as_deref();
        match pane {
            Pane::Instances => status.map_or(0, |status| status.instances.len()),
            Pane::Nodes => status.map_or(0, |status| rows::nodes(status).len()),
            Pane::Checks => status.map_or(0, |status| status.checks.len()),
            Pane::Events => self.records.len(),
        }
    }

    /// The entry of the journal in that row: the newest is in the first.
    pub(super) fn event(&self, row: usize) -> Option<&Record> {
        self.records.iter().rev().nth(row)
    }

    /// Takes what has come.
    pub(super) fn take(&mut self, update: Update) {
        match update {
            Update::Status(status) => {
                self.wrong = wrong(&status);
                self.status = Some(status);
                self.lost = None;
            }
            Update::Records(records) => self.add(records),
            Update::Lost(why) => self.lost = Some(why),
            Update::Key(key) => self.press(key),
            Update::Resize(width, height) => self.size = (width, height),
            Update::End => self.ended = true,
        }
    }

    /// Whoever has selected an older entry stays there.
    fn add(&mut self, records: Vec<Record>) {
        let reads = self.pane == Pane::Events && self.overlay != Overlay::None;
        let row = self.selected.get_mut(Pane::Events.position());
        if let Some(row) = row.filter(|row| reads || **row > 0) {
            *row += records.len();
        }
        self.records.extend(records);
        let excess = self.records.len().saturating_sub(RECORDS);
        self.records.drain(..excess);
    }

    fn press(&mut self, key: Key) {
        match (key, self.overlay) {
            (Key::Quit, _) => self.ended = true,
            (Key::Help, Overlay::Help) | (Key::Back | Key::Enter, _) if self.is_over() => {
                self.overlay = Overlay::None;
            }
            (Key::Help, _) => self.overlay = Overlay::Help,
            (Key::Enter, _) if self.selected(self.pane).is_some() => {
                self.overlay = Overlay::Details(0);
            }
            (Key::Enter | Key::Back, _) | (_, Overlay::Help) => {}
            (key, Overlay::Details(line)) => self.scroll(key, line),
            (key, Overlay::None) => self.go(key),
        }
    }

    fn is_over(&self) -> bool {
        self.overlay != Overlay::None
    }

    /// Within details.
    fn scroll(&mut self, key: Key, line: usize) {
        let last = details::last_line(self, self.size);
        let line = match key {
            Key::Up(rows) => line.saturating_sub(rows),
            Key::Down(rows) => line.saturating_add(rows),
            Key::First => 0,
            Key::Last => last,
            Key::Next | Key::Previous | Key::Enter | Key::Back | Key::Help | Key::Quit => line,
        };
        self.overlay = Overlay::Details(line.min(last));
    }

    /// Among rows and panes.
    fn go(&mut self, key: Key) {
        let row = self.selected(self.pane).unwrap_or(0);
        let last = self.length(self.pane).saturating_sub(1);
        let row = match key {
            Key::Up(rows) => row.saturating_sub(rows),
            Key::Down(rows) => row.saturating_add(rows).min(last),
            Key::First => 0,
            Key::Last => last,
            Key::Next => return self.turn(1),
            Key::Previous => return self.turn(Pane::ALL.len() - 1),
            Key::Enter | Key::Back | Key::Help | Key::Quit => row,
        };
        if let Some(selected) = self.selected.get_mut(self.pane.position()) {
            *selected = row;
        }
    }

    fn turn(&mut self, steps: usize) {
        let position = (self.pane.position() + steps) % Pane::ALL.len();
        self.pane = Pane::ALL.get(position).copied().unwrap_or(Pane::Instances);
    }
}
