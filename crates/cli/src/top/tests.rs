//! Pictures of the live view, and what keys do.

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use standfast_api::event::Record;
use standfast_api::record::Daemon;
use standfast_api::status::{ReloadRefusal, Status};

use super::state::{Key, Overlay, Pane, RECORDS};
use super::*;
use crate::snapshot::snapshot;
use crate::status::samples;

fn record(status: &Status, seq: u64) -> Record {
    Record {
        seq,
        at_us: status.node.now_us - 3_000_000 + seq * 1_000,
        ..Daemon::EntriesLost(seq).record()
    }
}

fn state(status: Status) -> State {
    let mut state = State::new(Present {
        now_us: status.node.now_us,
        zone: TimeZone::UTC,
    });
    let samples = crate::events::tests::samples();
    let records = samples.iter().cycle().zip(1..=40);
    let records = records.map(|(sample, seq)| Record {
        at_us: record(&status, seq * 60).at_us,
        seq,
        ..sample.clone()
    });
    let records = records.collect();
    state.take(Update::Records(records));
    state.take(Update::Status(Box::new(status)));
    state
}

fn press(state: &mut State, keys: &[Key]) {
    for key in keys {
        state.take(Update::Key(*key));
    }
}

const PLAIN: Theme = Theme { colour: false };

/// The picture as text, one line for each row.
fn picture(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| view::draw(frame, state, PLAIN))
        .unwrap();
    let buffer = terminal.backend().buffer().clone();
    let mut text = String::new();
    for row in 0..height {
        let cells = (0..width).map(|column| buffer[(column, row)].symbol());
        text.push_str(cells.collect::<String>().trim_end());
        text.push('\n');
    }
    text
}

#[test]
fn problems_are_counted_and_marked_without_a_key() {
    let well = picture(&state(samples::healthy()), 80, 24);
    assert!(!well.contains("problem") && !well.contains("!"), "{well}");
    let mut status = samples::healthy();
    status.node.reload_refused = Some(ReloadRefusal {
        at_us: status.node.now_us,
        text: "/etc/k.conf does not exist".into(),
    });
    let refused = picture(&state(status), 80, 24);
    let head = refused.lines().next().unwrap();
    assert!(head.contains("  1 problem"), "{refused}");
    let split = picture(&state(samples::split()), 80, 24);
    let head = split.lines().next().unwrap();
    assert!(
        head.contains("problem") && split.contains("!VI_1"),
        "{split}"
    );
}

#[test]
fn pictures_of_usual_terminals() {
    let mut state = state(samples::degraded());
    snapshot("top-80x24.txt", &picture(&state, 80, 24));
    snapshot("top-140x40.txt", &picture(&state, 140, 40));
    snapshot("top-120x40.txt", &picture(&state, 120, 40));
    snapshot("top-60x20.txt", &picture(&state, 60, 20));
    snapshot("top-40x12.txt", &picture(&state, 40, 12));
    press(&mut state, &[Key::Enter]);
    snapshot("top-details-40x12.txt", &picture(&state, 40, 12));
    snapshot("top-details-80x24.txt", &picture(&state, 80, 24));
    press(&mut state, &[Key::Back, Key::Help]);
    snapshot("top-help-80x24.txt", &picture(&state, 80, 24));
}

#[test]
fn every_size_can_be_drawn() {
    for status in [
        samples::healthy(),
        samples::many(9),
        samples::crowded("ü\u{1b}[2J"),
    ] {
        let mut state = state(status);
        for overlay in [Overlay::None, Overlay::Help, Overlay::Details(1000)] {
            for pane in [Pane::Instances, Pane::Nodes, Pane::Checks, Pane::Events] {
                (state.overlay, state.pane) = (overlay, pane);
                for (width, height) in sizes() {
                    state.take(Update::Resize(width, height));
                    press(&mut state, &[Key::Down(10), Key::Up(1)]);
                    let text = picture(&state, width, height);
                    assert!(!text.contains('\u{1b}'), "{text}");
                }
            }
        }
    }
}

/// Every low one, every narrow one, and what people have.
fn sizes() -> Vec<(u16, u16)> {
    let low = (1..=16).map(|height| (37, height));
    let narrow = (1..=16).map(|width| (width, 12));
    let least = [(1, 1), (1, 24), (2, 2), (80, 1), (80, 3), (500, 2)];
    let usual = [(50, 14), (71, 19), (72, 12), (80, 24), (300, 90)];
    low.chain(narrow).chain(least).chain(usual).collect()
}

#[test]
fn a_name_and_a_state_are_shown_however_small_the_terminal_is() {
    let state = state(samples::degraded());
    for (width, height) in sizes() {
        if width >= 13 {
            let text = picture(&state, width, height);
            assert!(text.contains("VI_1"), "{width}x{height}\n{text}");
            assert!(text.contains("BACKUP"), "{width}x{height}\n{text}");
        }
    }
}

#[test]
fn a_daemon_that_does_not_answer_is_told_in_forty_columns() {
    let mut state = state(samples::degraded());
    state.take(Update::Lost("the daemon is not running".into()));
    let text = picture(&state, 40, 12);
    assert!(text.contains("NO ANSWER: the daemon"), "{text}");
}

#[test]
fn a_lost_daemon_is_told_over_its_last_picture_and_comes_back() {
    let mut state = state(samples::healthy());
    state.take(Update::Lost(
        "the daemon is not running\n  it was killed".into(),
    ));
    let text = picture(&state, 120, 24);
    assert!(
        text.contains("NO ANSWER: the daemon is not running"),
        "{text}"
    );
    assert!(
        text.contains(&samples::healthy().instances[0].name),
        "{text}"
    );
    state.take(Update::Status(Box::new(samples::healthy())));
    assert!(!picture(&state, 120, 24).contains("NO ANSWER"));
}

#[test]
fn keys_select_rows_within_their_pane() {
    let mut state = state(samples::many(9));
    let rows = state.status.as_ref().unwrap().instances.len();
    press(&mut state, &[Key::Up(1)]);
    assert_eq!(state.selected(Pane::Instances), Some(0));
    press(&mut state, &[Key::Down(1), Key::Down(1)]);
    assert_eq!(state.selected(Pane::Instances), Some(2));
    press(&mut state, &[Key::Last, Key::Down(10)]);
    assert_eq!(state.selected(Pane::Instances), Some(rows - 1));
    press(&mut state, &[Key::Next]);
    assert_eq!(
        (state.pane, state.selected(Pane::Nodes)),
        (Pane::Nodes, Some(0))
    );
    press(&mut state, &[Key::Previous, Key::Previous]);
    assert_eq!(state.pane, Pane::Events);
    // Fewer rows: the selection goes with them.
    state.take(Update::Status(Box::new(samples::healthy())));
    let rows = samples::healthy().instances.len();
    assert_eq!(state.selected(Pane::Instances), Some(rows - 1));
}

#[test]
fn details_open_scroll_and_close() {
    let mut state = state(samples::split());
    press(&mut state, &[Key::Enter, Key::Down(1000)]);
    let Overlay::Details(last) = state.overlay else {
        panic!("no details");
    };
    press(&mut state, &[Key::Up(1)]);
    assert_eq!(state.overlay, Overlay::Details(last.saturating_sub(1)));
    press(&mut state, &[Key::Back]);
    assert_eq!(state.overlay, Overlay::None);
    assert!(!state.ended);
    press(&mut state, &[Key::Enter, Key::Quit]);
    assert!(state.ended);
}

#[test]
fn whoever_reads_an_older_event_stays_there_and_the_number_is_bounded() {
    let status = samples::healthy();
    let mut state = state(status.clone());
    state.pane = Pane::Events;
    press(&mut state, &[Key::Down(3)]);
    let before = state.event(3).unwrap().seq;
    let more = (41..=60).map(|seq| record(&status, seq)).collect();
    state.take(Update::Records(more));
    let row = state.selected(Pane::Events).unwrap();
    assert_eq!(state.event(row).unwrap().seq, before);
    let flood = (61..=2000).map(|seq| record(&status, seq)).collect();
    state.take(Update::Records(flood));
    assert_eq!(state.records.len(), RECORDS);
    assert_eq!(state.event(0).unwrap().seq, 2000);
}

#[test]
fn sparks_are_as_high_as_runs_were_long() {
    assert_eq!(rows::sparks(&[0, 50, 100], 9), "▁▄█");
    assert_eq!(rows::sparks(&[100, 0, 0], 2), "▁▁");
    assert_eq!(rows::sparks(&[u64::MAX, 1], 9), "█▁");
    assert_eq!(rows::sparks(&[], 9), "");
}

#[test]
fn keys_of_the_keyboard() {
    let pressed = |code, modifiers| match keys::update(&Event::Key(KeyEvent::new(code, modifiers)))
    {
        Some(Update::Key(key)) => Some(key),
        _ => None,
    };
    let none = KeyModifiers::NONE;
    for (code, expected) in [
        (KeyCode::Up, Key::Up(1)),
        (KeyCode::Char('j'), Key::Down(1)),
        (KeyCode::Tab, Key::Next),
        (KeyCode::BackTab, Key::Previous),
        (KeyCode::Enter, Key::Enter),
        (KeyCode::Char('?'), Key::Help),
        (KeyCode::Char('q'), Key::Quit),
    ] {
        assert_eq!(pressed(code, none), Some(expected), "{code:?}");
    }
    assert_eq!(
        pressed(KeyCode::Char('c'), KeyModifiers::CONTROL),
        Some(Key::Quit)
    );
    assert_eq!(pressed(KeyCode::Char('x'), none), None);
}
