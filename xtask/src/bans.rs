//! Words that do not appear, each with what to write instead.

use crate::Finding;
use crate::source::has_word;
use crate::tree::{File, Tree};

struct Ban {
    word: &'static str,
    instead: &'static str,
    applies: fn(&File) -> bool,
}

const CALLS: &[Ban] = &[
    Ban {
        word: "HashMap",
        instead: "BTreeMap or a Vec by dense id: replay needs one order on every machine",
        applies: File::is_pure,
    },
    Ban {
        word: "HashSet",
        instead: "BTreeSet: replay needs one order on every machine",
        applies: File::is_pure,
    },
    Ban { word: "f64", instead: "whole units (types::units)", applies: is_whole_numbers },
    Ban { word: "f32", instead: "whole units (types::units)", applies: is_pure_code },
    Ban {
        word: ".unwrap()",
        instead: "expect(\"the sentence that says why it holds\"), or a refusal",
        applies: is_pure_code,
    },
    Ban {
        word: "Instant::now",
        instead: "entry.at, or time as an argument",
        applies: has_no_clock,
    },
    Ban {
        word: "SystemTime::now",
        instead: "entry.at, or time as an argument",
        applies: has_no_clock,
    },
    Ban {
        word: "#[allow(",
        instead: "#[expect(lint, reason = \"…\")], which goes away with its cause",
        applies: anywhere,
    },
    Ban {
        word: "#![allow(",
        instead: "#![expect(lint, reason = \"…\")], which goes away with its cause",
        applies: anywhere,
    },
    Ban { word: "todo!", instead: "the code, or an issue", applies: anywhere },
    Ban { word: "unimplemented!", instead: "the code, or a refusal", applies: anywhere },
    Ban { word: "dbg!", instead: "nothing", applies: anywhere },
    Ban { word: "#[ignore", instead: "a test that runs, or a named suite", applies: anywhere },
    Ban { word: "#[should_panic", instead: "a refusal, checked as a value", applies: anywhere },
    Ban { word: "sim::run", instead: WORLDS_APART, applies: may_serve },
    Ban { word: "sim::scenario", instead: WORLDS_APART, applies: may_serve },
    Ban { word: "sim::shrink", instead: WORLDS_APART, applies: may_serve },
    Ban { word: "println!", instead: "an event or a log line", applies: is_silent },
    Ban { word: "print!", instead: "an event or a log line", applies: is_silent },
];

/// Endings of type names that say nothing.
const EMPTY_ENDINGS: &[&str] = &["Manager", "Helper", "Info", "Data", "Utils", "Common"];

/// Module names that say nothing.
const EMPTY_MODULES: &[&str] = &["utils", "util", "common", "helpers", "misc"];

/// Words that tell a reader of an error nothing about what would be right.
const EMPTY_COMPLAINTS: &[&str] = &["invalid", "Invalid", "illegal", "Illegal", "bad", "unable"];

/// Marks of unfinished work, which belongs into an issue.
const UNFINISHED: &[&str] = &["TODO", "FIXME", "XXX"];

/// What no file may name, and what it is. In pieces, so that this file does not name it.
const FOREIGN: &[(&str, &str)] = &[
    (concat!("/", "work", "/"), MACHINE_PATH),
    (concat!("/", "root", "/"), MACHINE_PATH),
    (concat!("/", "tmp", "/"), MACHINE_PATH),
    (concat!("registry", ".", "npmjs"), PACKAGE_HOST),
    (concat!("index", ".", "crates"), PACKAGE_HOST),
    (concat!("static", ".", "crates"), PACKAGE_HOST),
    (concat!("pypi", ".", "org"), PACKAGE_HOST),
    (concat!("files", ".", "pythonhosted"), PACKAGE_HOST),
    (concat!("deb", ".", "debian"), PACKAGE_HOST),
];
const MACHINE_PATH: &str = "a path of one machine";
const PACKAGE_HOST: &str = "the host of a package registry";

const WORLDS_APART: &str = "it in plimsoll's src/sim: what serves a venue injects no fault";

/// Everything of the binary but `plimsoll sim` (docs/decisions/0016).
fn may_serve(file: &File) -> bool {
    let is_sim = file.path.contains("/src/sim.rs") || file.path.contains("/src/sim/");
    file.crate_name() == "plimsoll" && !is_sim
}

fn anywhere(_: &File) -> bool {
    true
}

fn is_pure_code(file: &File) -> bool {
    file.is_pure() && !file.is_test
}

/// Only `pricing` computes with fractions.
fn is_whole_numbers(file: &File) -> bool {
    is_pure_code(file) && file.crate_name() != "pricing"
}

/// Time is an argument everywhere but at the edges, where it enters.
fn has_no_clock(file: &File) -> bool {
    let edges =
        ["replica", "gateway", "monitor", "consequence", "sim", "plimsoll", "xtask", "peers"];
    !file.path.contains("/benches/") && !edges.contains(&file.crate_name())
}

fn is_silent(file: &File) -> bool {
    !file.is_test && !["plimsoll", "xtask", "peers", "fuzz"].contains(&file.crate_name())
}

/// Banned calls and macros, in code.
pub fn check_calls(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let bans: Vec<&Ban> = CALLS.iter().filter(|ban| (ban.applies)(file)).collect();
        for (index, line) in file.code.lines().enumerate() {
            let met = bans.iter().filter(|ban| has_word(line, ban.word));
            findings.extend(met.map(|ban| {
                let what = format!("{}: write {}", ban.word, ban.instead);
                Finding::new(&file.path, index + 1, what)
            }));
        }
    }
    findings
}

/// Types and modules named after nothing, and marks of unfinished work.
pub fn check_names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The lists above hold the words that they ban.
    for file in tree.rust().filter(|file| file.crate_name() != "xtask") {
        for (index, (line, code)) in file.text.lines().zip(file.code.lines()).enumerate() {
            let mut found = |what: String| findings.push(Finding::new(&file.path, index + 1, what));
            if let Some(name) = declared_name(code).filter(|name| is_empty_name(name)) {
                found(format!("{name}: name it after what it is or does"));
            }
            for mark in UNFINISHED.iter().filter(|mark| has_word(line, mark)) {
                found(format!("{mark}: finish it, or file an issue and name it"));
            }
        }
    }
    findings
}

fn declared_name(code: &str) -> Option<&str> {
    let words: Vec<&str> = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let at = words.iter().position(|word| ["struct", "enum", "trait", "mod"].contains(word))?;
    words.get(at + 1).copied()
}

fn is_empty_name(name: &str) -> bool {
    EMPTY_MODULES.contains(&name) || EMPTY_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Error texts that complain instead of saying what would be right.
pub fn check_error_texts(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust().filter(|file| !file.is_test && file.crate_name() != "xtask") {
        for (index, line) in file.text.lines().enumerate() {
            let Some((_, text)) = line.split_once("#[error(\"") else { continue };
            let met = EMPTY_COMPLAINTS.iter().filter(|word| has_word(text, word));
            findings.extend(met.map(|word| {
                let what =
                    format!("\"{word}\": say what is wrong, the numbers, what would be right");
                Finding::new(&file.path, index + 1, what)
            }));
        }
    }
    findings
}

/// Machine paths and package hosts, in any file but the lock files, which cargo and npm write.
pub fn check_foreign_names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        for (index, line) in file.text.lines().enumerate() {
            for (_, kind) in FOREIGN.iter().filter(|(name, _)| line.contains(name)) {
                findings.push(Finding::new(&file.path, index + 1, format!("{kind}: leave it out")));
            }
        }
    }
    findings
}
