//! Rules and tests, linked both ways.
//!
//! `docs/rules/*.md` states each rule under a number such as `ORD-7`. A rule that no test cites is
//! a wish, and a citation of a rule that does not exist is a lie: both are findings. A test cites a
//! rule in its words or in its name (`ord_7_…`); an invariant that tests run after every step cites
//! it as the first word of its message (`"SUM-1: …"`).
//!
//! In the same way every refusal of the core has one code, and its line in `docs/rules/rejects.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::Finding;
use crate::tree::{File, Tree};

const REJECTS: &str = "crates/types/src/reject.rs";
const REJECTS_PAGE: &str = "docs/rules/rejects.md";

/// Rules without a test, tests without a rule, and rules defined twice.
pub fn check_citations(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rules: BTreeMap<String, (&File, usize)> = BTreeMap::new();
    for (id, file, line) in defined(tree) {
        if rules.insert(id.clone(), (file, line)).is_some() {
            findings.push(Finding::new(&file.path, line, format!("{id} is stated twice")));
        }
    }
    let prefixes: BTreeSet<&str> = rules.keys().filter_map(|id| prefix(id)).collect();
    let is_rule = |id: &str| prefix(id).is_some_and(|word| prefixes.contains(word));
    let mut tested = BTreeSet::new();
    for file in tree.rust().filter(|file| file.crate_name() != "xtask") {
        for (index, line) in file.text.lines().enumerate() {
            let named = id_in_name(line);
            let cited = ids(line).map(str::to_owned).chain(named);
            for id in cited.filter(|id| is_rule(id)) {
                if !rules.contains_key(&id) {
                    let what = format!("cites {id}, and docs/rules has no such rule");
                    findings.push(Finding::new(&file.path, index + 1, what));
                }
                if file.is_test || line.contains(&format!("\"{id}: ")) {
                    tested.insert(id);
                }
            }
        }
    }
    let untested = rules.iter().filter(|(id, _)| !tested.contains(*id));
    findings.extend(untested.map(|(id, (file, line))| {
        Finding::new(&file.path, *line, format!("no test cites {id}: write the test that shows it"))
    }));
    findings
}

/// Rules as they are stated: a line that begins, after its list mark, with `**ORD-7**`.
fn defined(tree: &Tree) -> impl Iterator<Item = (String, &File, usize)> {
    let pages = tree
        .files
        .iter()
        .filter(|file| file.path.starts_with("docs/rules/") && file.path.ends_with(".md"));
    pages.flat_map(|file| {
        file.text.lines().enumerate().filter_map(move |(index, line)| {
            let line = line.trim_start_matches(['-', '#', ' ']);
            let (id, _) = line.strip_prefix("**")?.split_once("**")?;
            (ids(id).next() == Some(id)).then(|| (id.to_owned(), file, index + 1))
        })
    })
}

/// The rule that a test has in its name: `ORD-7` of `fn ord_7_it_never_opens()`.
fn id_in_name(line: &str) -> Option<String> {
    let mut words = line.trim_start().strip_prefix("fn ")?.split('_');
    let (letters, digits) = (words.next()?, words.next()?);
    let id = format!("{}-{digits}", letters.to_uppercase());
    let is_id = ids(&id).next() == Some(id.as_str());
    is_id.then_some(id)
}

fn prefix(id: &str) -> Option<&str> {
    id.split_once('-').map(|(word, _)| word)
}

/// Words of the form of a rule's number: two to five capitals, a hyphen, digits.
fn ids(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    words.filter(|word| {
        prefix(word).is_some_and(|letters| {
            let digits = &word[letters.len() + 1..];
            (2..=5).contains(&letters.len())
                && letters.chars().all(|c| c.is_ascii_uppercase())
                && (1..=3).contains(&digits.len())
                && digits.chars().all(|c| c.is_ascii_digit())
        })
    })
}

/// Codes used twice, and refusals that the page of refusals does not have.
pub fn check_rejects(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(REJECTS) else { return Vec::new() };
    let page = tree.file(REJECTS_PAGE).map(|page| page.text.as_str()).unwrap_or_default();
    let mut findings = Vec::new();
    let mut by_code: BTreeMap<&str, &str> = BTreeMap::new();
    for (line, name, code) in codes(file) {
        if let Some(other) = by_code.insert(code, name) {
            let what = format!("{name} and {other} share the code {code}: a code is for ever");
            findings.push(Finding::new(&file.path, line, what));
        }
        let documented = page.lines().any(|row| row.starts_with(&format!("| {code} | `{name}` |")));
        if !documented {
            let what = format!("{name} ({code}) has no row in {REJECTS_PAGE}: add it");
            findings.push(Finding::new(&file.path, line, what));
        }
    }
    if by_code.is_empty() {
        findings.push(Finding::new(&file.path, 0, "no `Reject::Name … => code` arm was found"));
    }
    findings
}

/// The arms of `Reject::code`: line, name and code.
fn codes(file: &File) -> impl Iterator<Item = (usize, &str, &str)> {
    file.code.lines().enumerate().filter_map(|(index, line)| {
        let (pattern, code) = line.split_once("=>")?;
        let name =
            pattern.trim().strip_prefix("Reject::").or(pattern.trim().strip_prefix("Self::"))?;
        let name = name.split([' ', '(', '{']).next()?;
        let code = code.trim().trim_end_matches(',');
        let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_digit());
        is_code.then_some((index + 1, name, code))
    })
}
