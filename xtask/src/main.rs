//! `cargo xtask tidy`: says every way in which the tree breaks a house rule, and where.
//!
//! The same checks run as tests (`cargo test -p xtask`), so nobody has to remember this command; it
//! exists because its output is easier to read than a failed assertion's.

use std::process::ExitCode;

use xtask::tree::Tree;

const USAGE: &str = "usage: cargo xtask tidy";

#[expect(clippy::print_stdout, reason = "a command line tool speaks on stdout")]
fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if asked != ["tidy"] {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    }
    let tree = Tree::of_this_repository();
    let findings: Vec<_> = xtask::CHECKS.iter().flat_map(|(_, check)| check(&tree)).collect();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", tree.files.len(), findings.len());
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
