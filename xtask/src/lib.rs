//! The house rules, executed: `STYLE.md` says them in words, this crate checks them.
//!
//! Every check is a function from the [`tree::Tree`] (all files, read once) to the [`Finding`]s in
//! it. A check never writes. It works on text, not on a syntax tree: comments and strings are
//! blanked first (`source`), which is enough for rules about names, lengths and layers, and
//! keeps this crate at one dependency.
//!
//! What is not here: what rustfmt and clippy already check (`.ci/run` runs both).

pub mod tree;

mod bans;
mod documents;
mod exceptions;
mod functions;
mod layers;
mod planted;
mod rules;
mod shape;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;

/// One breach of one rule, with what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// File, from the root of the repository.
    pub path: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A house rule as a function.
pub type Check = fn(&tree::Tree) -> Vec<Finding>;

/// Every check, by the name that its test has.
pub const CHECKS: &[(&str, Check)] = &[
    ("layers", layers::check_layers),
    ("walls", layers::check_walls),
    ("pure crates", shape::check_pure_crates),
    ("function length", functions::check_lengths),
    ("file length", shape::check_file_lengths),
    ("line length", shape::check_line_lengths),
    ("module docs", shape::check_module_docs),
    ("tests in their own file", shape::check_inline_tests),
    ("banned calls", bans::check_calls),
    ("banned names", bans::check_names),
    ("error texts", bans::check_error_texts),
    ("foreign names", bans::check_foreign_names),
    ("links", documents::check_links),
    ("commands in the README", documents::check_readme_commands),
    ("rules and their tests", rules::check_citations),
    ("refusals", rules::check_rejects),
    ("planted bugs", planted::check_planted),
];
