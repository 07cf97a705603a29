//! The control interface: whatever comes over a connection is answered as HTTP or not at all, and nobody but root commands.

use std::cell::OnceCell;

use standfast_api::command::Command;
use standfast_api::observe::{Host, status};
use standfast_core::{Instant, Node};
use standfast_daemon::control::rehearsal::{Rehearsal, Role};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// Threads are not started for each input.
    static STAGE: OnceCell<(Runtime, Rehearsal)> = const { OnceCell::new() };
}

fn stage() -> (Runtime, Rehearsal) {
    let host = Host {
        name: "lb1",
        version: "0",
        ..Host::default()
    };
    let seen = status(&Node::new(), &host, Instant(0), 1_000_000);
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime needs no rights");
    (
        runtime,
        Rehearsal::new(seen).expect("threads can be started"),
    )
}

/// The first byte says who sends the rest. What is JSON of a command is the same command again when written.
pub fn control_http(bytes: &[u8]) {
    let Some((role, sent)) = bytes.split_first() else {
        return;
    };
    if let Ok(command) = serde_json::from_slice::<Command>(sent) {
        let written = serde_json::to_vec(&command).expect("a command is JSON");
        let again: Command = serde_json::from_slice(&written).expect("what we wrote is read");
        assert_eq!(again, command);
    }
    let role = match role % 4 {
        0 => Role::Root,
        1 => Role::User,
        2 => Role::Network(None),
        _ => Role::Network(Some("secret".to_owned())),
    };
    STAGE.with(|cell| {
        let (runtime, rehearsal) = cell.get_or_init(stage);
        let received = runtime.block_on(rehearsal.answer(sent, &role));
        assert!(
            received.is_empty() || received.starts_with(b"HTTP/1."),
            "{:?}",
            String::from_utf8_lossy(&received)
        );
        let given = rehearsal.take_commands();
        assert!(given.is_empty() || role == Role::Root, "{given:?}");
    });
}
