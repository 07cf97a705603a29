//! Keys, and what they ask for.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::state::{Key, Update};

/// What `?` shows.
pub(super) const HELP: [(&str, &str); 9] = [
    ("↑ ↓  k j", "select a row; in details: scroll"),
    ("PgUp PgDn", "ten rows"),
    ("Home End  g G", "the first or last row"),
    ("Tab  Shift-Tab", "the next or previous pane"),
    ("→ ←  l h", "the same"),
    (
        "Enter",
        "details of the row; of an instance: why it is in its state",
    ),
    ("Esc", "back"),
    ("?", "this help"),
    ("q  Ctrl-C", "quit"),
];

/// What an event of the terminal asks for.
pub(super) fn update(event: &Event) -> Option<Update> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => self::key(key).map(Update::Key),
        Event::Resize(width, height) => Some(Update::Resize(*width, *height)),
        _ => None,
    }
}

fn key(event: &KeyEvent) -> Option<Key> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    match event.code {
        KeyCode::Char('c') if control => Some(Key::Quit),
        KeyCode::Char(_) if control => None,
        KeyCode::Up | KeyCode::Char('k') => Some(Key::Up(1)),
        KeyCode::Down | KeyCode::Char('j') => Some(Key::Down(1)),
        KeyCode::PageUp => Some(Key::Up(10)),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(Key::Down(10)),
        KeyCode::Home | KeyCode::Char('g') => Some(Key::First),
        KeyCode::End | KeyCode::Char('G') => Some(Key::Last),
        KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => Some(Key::Next),
        KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => Some(Key::Previous),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc | KeyCode::Backspace => Some(Key::Back),
        KeyCode::Char('?') => Some(Key::Help),
        KeyCode::Char('q') => Some(Key::Quit),
        _ => None,
    }
}
