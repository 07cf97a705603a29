//! Everything can be reached and used without a mouse, and one sees where one is.

use serde_json::json;
use standfast_lab::Key;

use super::{FIRST_NAME, Scene};

/// More stops than the page has.
const STOPS: u32 = 60;

/// Where the keyboard is, and whether that is to be seen.
const SEEN: &str = "(() => { const at = document.activeElement; const look = getComputedStyle(at); \
     return at === document.body || (look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2 && at.getBoundingClientRect().width > 0); })()";

/// Goes on with the tab key to the element that fits.
fn tab_to(scene: &mut Scene, selector: &str) {
    for _ in 0..STOPS {
        scene.browser.press(Key::Tab).unwrap();
        assert_eq!(
            scene.value(SEEN),
            json!(true),
            "focus is not seen at {}",
            scene.value("document.activeElement.outerHTML.slice(0, 200)")
        );
        if scene.value(&format!("document.activeElement.matches('{selector}')")) == json!(true) {
            return;
        }
    }
    panic!("the tab key does not lead to {selector}");
}

#[test]
fn a_walk_through_the_page_by_keyboard_alone() {
    let mut scene = Scene::new(0);
    scene.wait_for_holder(FIRST_NAME);
    scene.wait(
        "changes on the time line",
        "document.querySelector('.change')",
    );
    // Past the head.
    tab_to(&mut scene, ".skip");
    scene.browser.press(Key::Enter).unwrap();
    scene.wait(
        "the virtual routers",
        "document.activeElement.id === 'routers'",
    );
    // Why is it so?
    tab_to(&mut scene, ".why summary");
    scene.browser.press(Key::Enter).unwrap();
    scene.wait(
        "the explanation",
        "document.querySelector('.explained .headline')?.textContent.length > 10",
    );
    // Another length of time.
    tab_to(&mut scene, "#zoom button[data-zoom=\"60\"]");
    scene.browser.press(Key::Enter).unwrap();
    scene.wait(
        "an hour",
        "document.activeElement.getAttribute('aria-pressed') === 'true'",
    );
    // What happened around the last change, and the one before.
    tab_to(&mut scene, ".change");
    scene.browser.press(Key::Enter).unwrap();
    scene.wait("what happened around it", "document.querySelector('#around .record.chosen') && document.activeElement.matches('#around h3')");
    scene.keep_picture("around");
    scene.browser.press(Key::Escape).unwrap();
    scene.wait(
        "the mark again",
        "document.activeElement.matches('.change') && document.getElementById('around').hidden",
    );
    scene.browser.press(Key::ArrowLeft).unwrap();
    assert_eq!(
        scene.value("document.activeElement.matches('.change')"),
        json!(true)
    );
    // The journal: filtered and paused.
    tab_to(&mut scene, "#journal-text");
    scene.browser.write("no such thing").unwrap();
    scene.wait(
        "nothing fits",
        "document.querySelectorAll('#journal .record').length === 0",
    );
    tab_to(&mut scene, "#journal-pause");
    scene.browser.press(Key::Enter).unwrap();
    scene.wait(
        "paused",
        "document.activeElement.getAttribute('aria-pressed') === 'true'",
    );
    tab_to(&mut scene, "#journal-box");
    scene.assert_no_complaint();
}
