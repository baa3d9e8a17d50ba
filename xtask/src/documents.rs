//! Documents that are true: links lead somewhere, and the commands of the README exist.

use crate::Finding;
use crate::tree::{File, Tree};

/// Relative links whose file does not exist.
pub fn check_links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, text) in prose(file) {
            for target in link_targets(text).filter(|target| is_relative(target)) {
                let path = resolve(&file.path, target);
                if !exists(tree, &path) {
                    let what = format!("links to {target}, and there is no {path}");
                    findings.push(Finding::new(&file.path, line, what));
                }
            }
        }
    }
    findings
}

/// Lines outside of fenced blocks, with their numbers.
fn prose(file: &File) -> impl Iterator<Item = (usize, &str)> {
    lines_by_fence(file).filter(|(_, fence, _)| fence.is_none()).map(|(line, _, text)| (line, text))
}

/// Lines of fenced blocks of commands, which have no language, with their numbers.
fn commands(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let lines = lines_by_fence(file).filter(|(_, fence, _)| *fence == Some(""));
    lines.map(|(line, _, text)| (line, text))
}

/// Every line with its number and the language of the fenced block that it is in.
fn lines_by_fence(file: &File) -> impl Iterator<Item = (usize, Option<&str>, &str)> {
    file.text.lines().enumerate().scan(None, |fence, (index, text)| {
        let Some(language) = text.trim_start().strip_prefix("```") else {
            return Some((index + 1, *fence, text));
        };
        *fence = if fence.is_some() { None } else { Some(language.trim()) };
        Some((index + 1, None, ""))
    })
}

fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.match_indices("](");
    ends.filter_map(|(at, _)| line[at + 2..].split(')').next())
}

fn is_relative(target: &str) -> bool {
    !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:")
}

fn resolve(from: &str, target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn exists(tree: &Tree, path: &str) -> bool {
    let inside = format!("{}/", path.trim_end_matches('/'));
    tree.files.iter().any(|file| file.path == path || file.path.starts_with(&inside))
}

/// Commands of the README that name a subcommand or a script which does not exist.
pub fn check_readme_commands(tree: &Tree) -> Vec<Finding> {
    let Some(readme) = tree.file("README.md") else {
        return vec![Finding::new("README.md", 0, "there is no README: write one")];
    };
    let missing = commands(readme).filter_map(|(line, text)| {
        let what = missing_command(tree, text)?;
        Some(Finding::new(&readme.path, line, what))
    });
    missing.collect()
}

fn missing_command(tree: &Tree, text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let cargo_run = ["cargo", "run", "--release", "--"];
    if let Some(name) = word_after(&words, &["plimsoll"]).or(word_after(&words, &cargo_run)) {
        let known = has_subcommand(tree, name);
        return (!known).then(|| format!("plimsoll has no subcommand {name}"));
    }
    if let Some(name) = word_after(&words, &["cargo", "xtask"]) {
        let main = tree.file("xtask/src/main.rs");
        let known = main.is_some_and(|main| main.text.contains(&format!("\"{name}\"")));
        return (!known).then(|| format!("xtask has no subcommand {name}"));
    }
    let script = words.first().filter(|word| word.contains('/') && !word.contains("://"))?;
    let path = script.trim_start_matches("./");
    (!exists(tree, path)).then(|| format!("there is no script {path}"))
}

fn word_after<'a>(words: &[&'a str], start: &[&'a str]) -> Option<&'a str> {
    words.strip_prefix(start)?.first().copied()
}

/// Whether the command line's definition has a variant of this name, as `clap` spells it.
fn has_subcommand(tree: &Tree, name: &str) -> bool {
    let Some(definition) = tree.file("crates/plimsoll/src/cli.rs") else { return false };
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let variant: String = first.into_iter().chain(letters).collect();
    definition.code.lines().any(|line| {
        let rest = line.trim_start().strip_prefix(&variant);
        rest.is_some_and(|rest| rest.starts_with(['(', ',', ' ']))
    })
}
