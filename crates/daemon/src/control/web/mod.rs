//! The web page: read-only, served from the binary, nothing from elsewhere.
//!
//! `index.html` is the frame; `app.js` puts the parts together: `stream.js` talks to the node, `model.js` and `records.js` hold what it
//! said, `routers.js`, `timeline.js`, `checks.js` and `journal.js` patch their part of the page. `again.js` asks for what did not come. There is no build step and no framework.
//!
//! Architecture invariant: what comes from the network (names of peers are anybody's) is written as text nodes and attributes only.

/// A file of the page.
pub(super) struct Asset {
    /// Its media type.
    pub(super) kind: &'static str,
    /// What is in it.
    pub(super) bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! assets {
    ($($name:literal $kind:ident),* $(,)?) => {
        /// All files: path below `/`, media type, bytes.
        const ASSETS: &[(&str, &str, &[u8])] = &[$(($name, $kind, include_bytes!($name))),*];
    };
}

assets! {
    "index.html" HTML,
    "style.css" STYLE,
    "icon.svg" PICTURE,
    "again.js" SCRIPT,
    "app.js" SCRIPT,
    "checks.js" SCRIPT,
    "dom.js" SCRIPT,
    "format.js" SCRIPT,
    "journal.js" SCRIPT,
    "model.js" SCRIPT,
    "records.js" SCRIPT,
    "routers.js" SCRIPT,
    "stream.js" SCRIPT,
    "theme.js" SCRIPT,
    "timeline.js" SCRIPT,
}

/// The file that is found under that path; `/` is the page itself.
pub(super) fn asset(path: &str) -> Option<Asset> {
    let name = match path.strip_prefix('/')? {
        "" => "index.html",
        name => name,
    };
    ASSETS
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|&(_, kind, bytes)| Asset { kind, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is promised for the whole page.
    const LARGEST: usize = 150_000;

    fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
        ASSETS
            .iter()
            .map(|(name, _, bytes)| (*name, std::str::from_utf8(bytes).unwrap()))
    }

    #[test]
    fn the_whole_page_is_small() {
        let all: usize = ASSETS.iter().map(|(.., bytes)| bytes.len()).sum();
        assert!(all < LARGEST, "{all} bytes");
    }

    #[test]
    fn the_page_and_its_files_are_found() {
        assert_eq!(asset("/").unwrap().kind, HTML);
        assert_eq!(asset("/app.js").unwrap().kind, SCRIPT);
        for path in ["", "index.html", "/nothing", "/../mod.rs", "/mod.rs"] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn every_script_that_is_named_is_there() {
        for (name, text) in texts().filter(|(name, _)| name.ends_with(".js")) {
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let from = line.rsplit('"').nth(1).unwrap();
                let path = from.strip_prefix('.').unwrap();
                assert!(asset(path).is_some(), "{name} imports {from}");
            }
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere_and_no_text_becomes_markup() {
        const FORBIDDEN: [&str; 11] = [
            "https:",
            "//cdn",
            "@import",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            " style=\"",
            "javascript:",
        ];
        for (name, text) in texts() {
            for word in FORBIDDEN {
                assert!(!text.contains(word), "{name} has {word}");
            }
            // The name of a language of markup, which nobody fetches.
            let rest = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!rest.contains("http:"), "{name} names another site");
        }
    }
}
