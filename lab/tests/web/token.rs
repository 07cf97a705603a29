//! A node that wants a token: the page asks for it.

use standfast_lab::Key;

use super::{FIRST_NAME, LIVE, SECOND_PRIORITY, Scene, configuration};
use crate::support::{FIRST_PRIORITY, pair_with, replaced, standfast, start};

const FILE: &str = "/etc/keepalived/token";
const TOKEN: &str = "let-me-see";

#[test]
fn the_page_asks_for_the_token_and_keeps_it() {
    let first = configuration(0, FIRST_NAME, FIRST_PRIORITY);
    let keyword = format!("    http_token_file {FILE}\n    http_listen");
    let first = replaced(&first, ("    http_listen", &keyword));
    let second = configuration(1, "second", SECOND_PRIORITY);
    let mut pair = pair_with([standfast(), standfast()], [first, second]);
    pair.first.host.write_file(FILE, TOKEN, 0o600).unwrap();
    start(&mut pair);
    let mut scene = Scene::open(pair, 0);
    scene.wait("the question", "!document.getElementById('token').hidden");
    scene.value("document.getElementById('token-text').focus()");
    scene.browser.write("something else").unwrap();
    scene.browser.press(Key::Enter).unwrap();
    scene.wait(
        "the refusal",
        "!document.getElementById('token-wrong').hidden",
    );
    scene.value("document.getElementById('token-text').select()");
    scene.browser.write(TOKEN).unwrap();
    scene.browser.press(Key::Enter).unwrap();
    scene.wait("the page is live", LIVE);
    scene.wait_for_holder(FIRST_NAME);
    // Not to be asked again in this tab.
    scene.value("location.reload()");
    scene.wait(
        "the page is live again",
        &format!("document.readyState === 'complete' && {LIVE}"),
    );
    let others = scene.browser.complaints().iter();
    let others = others.filter(|one| !one.text.contains("401"));
    assert_eq!(
        others.collect::<Vec<_>>(),
        Vec::<&standfast_lab::Complaint>::new()
    );
}
