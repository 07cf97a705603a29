//! Why an instance is what it is, in sentences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status::State;

/// Why an instance is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Which instance.
    pub instance: String,
    /// Its state.
    pub state: State,
    /// The state in one sentence: what, since when, who is master.
    pub headline: String,
    /// Why it is in this state.
    pub why: Vec<String>,
    /// What is wrong, the most likely real cause first.
    pub problems: Vec<Problem>,
    /// What happened last, oldest first.
    pub history: Vec<String>,
    /// What would have to happen for it to change its role.
    pub next: Vec<String>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// One word for programs: `two-masters`, `never-heard`, `wrong-password`, `vrrp-filtered`, `check-failed` and so on.
    pub kind: String,
    /// What is wrong, with names, addresses and numbers.
    pub text: String,
    /// What to do about it.
    pub fix: Option<String>,
}
