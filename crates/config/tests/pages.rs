//! Every code has a page, and its examples are what the page says.

mod common;

use std::collections::BTreeSet;

use standfast_config::{Code, Example, Loaded};

/// Codes that text in a file can't draw on the host of the tests, or that need more of it than a page holds; each has a test of its own.
const WITHOUT_EXAMPLE: &[Code] = &[];

fn codes(files: &[Example]) -> BTreeSet<Code> {
    let found = |file: &Example| -> Vec<Code> {
        let loaded: Loaded = common::read(file.text);
        loaded.diagnostics.iter().map(|found| found.code).collect()
    };
    files.iter().flat_map(found).collect()
}

#[test]
fn the_wrong_example_draws_the_code_and_the_right_one_does_not() {
    for code in Code::ALL {
        let Some(page) = code.page() else { continue };
        if WITHOUT_EXAMPLE.contains(code) {
            continue;
        }
        let (wrong, right) = (page.wrong(), page.right());
        assert!(
            !wrong.is_empty() && !right.is_empty(),
            "{}: no examples",
            code.as_str()
        );
        assert!(
            codes(&wrong).contains(code),
            "{}: {:?}",
            code.as_str(),
            codes(&wrong)
        );
        assert!(!codes(&right).contains(code), "{}", code.as_str());
    }
}

#[test]
fn the_title_names_the_code() {
    for code in Code::ALL {
        let Some(page) = code.page() else { continue };
        let start = format!("# {}: ", code.as_str());
        assert!(page.markdown().starts_with(&start), "{}", code.as_str());
        assert!(page.title().len() > 8, "{}", code.as_str());
    }
}
