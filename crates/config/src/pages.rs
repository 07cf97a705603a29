//! The whole story of each code: what it means, what it leads to, and a wrong and a right example.
//!
//! One Markdown file per code in `pages/`. `standfast explain`, the reference in `docs/` and the tests read the same text;
//! a test loads every example and demands that the wrong one draws the code and the right one does not.

use crate::diagnostic::Code;

macro_rules! pages {
    ($($code:literal,)+) => {
        const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../pages/", $code, ".md"))),)+];
    };
}

pages! {
    "SF0008",
    "SF0200",
}

/// The page of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    text: &'static str,
}

/// A configuration file in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The file's name where the page has one (` ```conf node-a.conf`), else empty.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl Code {
    /// The code's page.
    #[must_use]
    pub fn page(self) -> Option<Page> {
        let found = PAGES.iter().find(|(code, _)| *code == self.as_str());
        found.map(|(_, text)| Page { text })
    }

    /// The code written as `SF0008`, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let named = |code: &&Self| code.as_str().eq_ignore_ascii_case(name);
        Self::ALL.iter().find(named).copied()
    }
}

impl Page {
    /// The page as Markdown: a title `# SF0008: …`, the story, `## Wrong`, `## Right`.
    #[must_use]
    pub fn markdown(self) -> &'static str {
        self.text
    }

    /// The title without the code.
    #[must_use]
    pub fn title(self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.split_once(": ").map_or(first, |(_, title)| title)
    }

    /// The example that draws the code; several files where it takes several nodes.
    #[must_use]
    pub fn wrong(self) -> Vec<Example> {
        self.examples("## Wrong")
    }

    /// The same without the mistake.
    #[must_use]
    pub fn right(self) -> Vec<Example> {
        self.examples("## Right")
    }

    fn examples(self, heading: &str) -> Vec<Example> {
        let after = self.text.split_once(heading).map_or("", |(_, after)| after);
        let section = after.split("\n## ").next().unwrap_or_default();
        let mut blocks = section.split("```conf").skip(1);
        let example = |block: &'static str| {
            let (name, rest) = block.split_once('\n')?;
            let (text, _) = rest.split_once("```")?;
            let name = name.trim();
            Some(Example { name, text })
        };
        blocks.by_ref().filter_map(example).collect()
    }
}
