//! What a checker says when a promise was broken.

use std::fmt;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The id of the checker that saw it, as in `docs/testing.md`.
    pub checker: &'static str,
    /// What was seen, with the numbers, and what would have been right.
    pub words: String,
}

impl Violation {
    /// Of a checker, in words.
    pub fn new(checker: &'static str, words: impl Into<String>) -> Violation {
        Violation { checker, words: words.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.checker, self.words)
    }
}
