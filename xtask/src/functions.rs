//! How long a function is: from the line of its `fn` to the line of its closing brace.
//!
//! An arm of a `match` that fits on its line is not counted, so that a dispatch over forty commands
//! may list them, one line each; computation belongs into the functions that it calls.

use crate::Finding;
use crate::exceptions::LONG_FUNCTIONS;
use crate::tree::{File, Tree};

const FUNCTION_LINES_MAX: usize = 70;

struct Function<'a> {
    name: &'a str,
    line: usize,
    n_lines: usize,
}

/// Functions over 70 lines, and exceptions that are no longer needed.
pub fn check_lengths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = Vec::new();
    for file in tree.rust().filter(|file| !file.is_test) {
        for function in functions(file) {
            if function.n_lines <= FUNCTION_LINES_MAX {
                continue;
            }
            let exception = (file.path.as_str(), function.name);
            if LONG_FUNCTIONS.contains(&exception) {
                used.push(exception);
                continue;
            }
            let Function { name, line, n_lines } = function;
            let what = format!("fn {name} has {n_lines} lines: split it, {FUNCTION_LINES_MAX} do");
            findings.push(Finding::new(&file.path, line, what));
        }
    }
    let stale = LONG_FUNCTIONS.iter().filter(|entry| !used.contains(entry));
    findings.extend(stale.map(|(path, name)| {
        Finding::new(path, 0, format!("fn {name} is short now: strike its exception"))
    }));
    findings
}

fn functions(file: &File) -> Vec<Function<'_>> {
    let code = file.code.as_str();
    let starts = code
        .match_indices("fn ")
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    starts.filter_map(|(at, _)| function(code, at)).collect()
}

fn function(code: &str, at: usize) -> Option<Function<'_>> {
    let after = &code[at + "fn ".len()..];
    let name_len = after.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
    let name = &after[..name_len];
    if name.is_empty() {
        return None;
    }
    let open = at + body_start(&code[at..])?;
    let close = open + block_len(&code[open..]);
    let line = code[..at].matches('\n').count() + 1;
    let body = &code[open..close];
    let n_lines = code[at..close].matches('\n').count() + 1 - one_line_arms(body);
    Some(Function { name, line, n_lines })
}

/// Place of the brace that opens the body; none for a declaration without one.
fn body_start(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

fn block_len(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn one_line_arms(body: &str) -> usize {
    let is_arm = |line: &str| line.contains(" => ") && (line.ends_with(',') || line.ends_with('}'));
    body.lines().filter(|line| is_arm(line.trim_end())).count()
}
