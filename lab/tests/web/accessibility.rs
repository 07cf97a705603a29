//! For everybody: axe-core finds nothing, on a desktop and on a phone, in light and in dark.

use serde_json::{Value, json};
use standfast_lab::Scheme;

use super::{FIRST_NAME, Scene, WINDOWS, axe, set_check};
use crate::support::standfast;

/// All rules that axe-core has for everybody, and the size of what a finger has to hit.
const JUDGE: &str = "axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }).then((result) => \
     result.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`)}`))";

/// Opens everything that can be opened.
const OPEN_ALL: &str = "for (const summary of document.querySelectorAll('details:not([open]) > summary')) summary.click(); \
     document.querySelector('.change')?.click(); true";

/// What lies beyond the window's right edge.
const TOO_WIDE: &str = "document.documentElement.scrollWidth > innerWidth";

fn judge(scene: &mut Scene, name: &str) {
    let axe = axe::script();
    if let Some(axe) = &axe {
        scene.value(&format!("{axe};0"));
    }
    scene.value(OPEN_ALL);
    scene.wait(
        "the explanation",
        "document.querySelector('.explained .headline')",
    );
    for window in WINDOWS {
        for scheme in [Scheme::Light, Scheme::Dark] {
            scene.browser.look(window, scheme).unwrap();
            let shown = format!("{name}-{}-{}", window.0, scheme.name());
            scene.keep_picture(&shown);
            if axe.is_some() {
                assert_eq!(scene.value(JUDGE), json!([]), "{shown}");
            }
            assert_eq!(scene.value(TOO_WIDE), json!(false), "{shown}");
        }
    }
    scene.assert_no_complaint();
}

#[test]
fn when_all_is_well() {
    let mut scene = Scene::new(0);
    scene.wait_for_holder(FIRST_NAME);
    scene.wait("a change to open", "document.querySelector('.change')");
    judge(&mut scene, "well");
}

#[test]
fn when_a_check_has_failed() {
    let mut scene = Scene::new(0);
    set_check(&scene.pair.first.host, true);
    scene.wait_for_holder("second");
    judge(&mut scene, "check-failed");
}

/// Each ignores the other, so both are master.
#[test]
fn when_passwords_differ() {
    let adapt = |text: String| {
        let password = if text.contains("router_id second") {
            "one"
        } else {
            "two"
        };
        let auth = format!(
            "    version 2\n    authentication {{\n        auth_type PASS\n        auth_pass {password}\n    }}\n    interface"
        );
        text.replace("    version 3\n    interface", &auth)
            .replace("advert_int 0.3", "advert_int 1")
    };
    let mut scene = Scene::with_split([standfast(), standfast()], &adapt);
    scene.wait("a packet that is ignored", "[...document.querySelectorAll('.alert')].some((alert) => alert.textContent.includes('Ignored'))");
    judge(&mut scene, "passwords");
}

#[test]
fn the_chosen_theme_wins_over_the_systems() {
    let mut scene = Scene::new(0);
    let mut ground = |scheme: Scheme, chosen: &str| -> Value {
        scene.browser.look(WINDOWS[0], scheme).unwrap();
        scene.value(&format!(
            "(() => {{ const select = document.getElementById('theme'); select.value = '{chosen}'; select.dispatchEvent(new Event('change')); \
             return getComputedStyle(document.body).backgroundColor; }})()"
        ))
    };
    let light = ground(Scheme::Light, "system");
    let dark = ground(Scheme::Dark, "system");
    assert_ne!(light, dark);
    assert_eq!(ground(Scheme::Light, "dark"), dark);
    assert_eq!(ground(Scheme::Dark, "light"), light);
}
