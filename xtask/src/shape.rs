//! Sizes and places: how long a file and a line may be, what a module opens with, where tests are.

use crate::Finding;
use crate::exceptions::LONG_FILES;
use crate::tree::{File, PURE, Tree};

const FILE_LINES_MAX: usize = 800;
const LINE_COLUMNS_MAX: usize = 100;

/// Pure crates that the compiler would let use `std`.
pub fn check_pure_crates(tree: &Tree) -> Vec<Finding> {
    let roots = PURE.iter().filter_map(|name| tree.file(&format!("crates/{name}/src/lib.rs")));
    roots
        .filter(|root| !root.code.contains("#![no_std]"))
        .map(|root| Finding::new(&root.path, 1, "a pure crate says #![no_std]: add it"))
        .collect()
}

/// Files over 800 lines, and exceptions that are no longer needed.
pub fn check_file_lengths(tree: &Tree) -> Vec<Finding> {
    let is_long = |file: &&File| FILE_LINES_MAX < file.text.lines().count();
    let long: Vec<&File> = tree.rust().filter(|file| !file.is_test).filter(is_long).collect();
    let unlisted = long.iter().filter(|file| !LONG_FILES.contains(&file.path.as_str()));
    let mut findings: Vec<Finding> = unlisted
        .map(|file| {
            let n_lines = file.text.lines().count();
            let what = format!("{n_lines} lines: one concept per file, {FILE_LINES_MAX} lines do");
            Finding::new(&file.path, 0, what)
        })
        .collect();
    let stale = LONG_FILES.iter().filter(|path| !long.iter().any(|file| file.path == **path));
    findings.extend(stale.map(|path| Finding::new(path, 0, "short now: strike its exception")));
    findings
}

/// Lines over 100 columns. Text inside a test's string may be wider: it is data.
pub fn check_line_lengths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for (index, (line, code)) in file.text.lines().zip(file.code.lines()).enumerate() {
            let n_columns = line.chars().count();
            let blanked = line.chars().zip(code.chars()).filter(|(was, is)| was != is).count();
            let is_data = file.is_test && n_columns - blanked <= LINE_COLUMNS_MAX;
            let is_comment = line.trim_start().starts_with("//");
            if LINE_COLUMNS_MAX < n_columns && (is_comment || !is_data) {
                let what = format!("{n_columns} columns: break it, {LINE_COLUMNS_MAX} do");
                findings.push(Finding::new(&file.path, index + 1, what));
            }
        }
    }
    findings
}

/// Files of `src` that do not open with what they are for.
pub fn check_module_docs(tree: &Tree) -> Vec<Finding> {
    let what = "opens without //!: say the module's job, its invariants and what it leaves out";
    tree.rust()
        .filter(|file| file.is_src())
        .filter(|file| !file.text.trim_start().starts_with("//!"))
        .map(|file| Finding::new(&file.path, 1, what))
        .collect()
}

/// Test modules inside the file that they test.
pub fn check_inline_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust().filter(|file| file.is_src()) {
        let lines: Vec<&str> = file.code.lines().map(str::trim).collect();
        for (index, pair) in lines.windows(2).enumerate() {
            let is_inline = pair[1].starts_with("mod ") && pair[1].ends_with('{');
            if pair[0] == "#[cfg(test)]" && is_inline {
                let what = "tests inside the file: move them to its tests.rs";
                findings.push(Finding::new(&file.path, index + 2, what));
            }
        }
    }
    findings
}
