//! Who may use whom. Dependencies point down only; `ARCHITECTURE.md` draws the same table.

use toml::Table;

use crate::Finding;
use crate::tree::{File, PURE, Tree};

/// Which crates of ours each crate may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("book", &["types"]),
    ("pricing", &["types"]),
    ("oracle", &["types"]),
    ("ledger", &["types"]),
    ("market-data", &["types"]),
    ("journal", &["types"]),
    ("risk", &["types", "pricing"]),
    ("engine", &["types", "book", "pricing", "risk", "oracle", "ledger"]),
    ("replica", &["types", "engine", "journal"]),
    ("gateway", &["types", "market-data", "ledger"]),
    ("monitor", &["types", "market-data"]),
    ("consequence", &["types", "engine", "journal", "market-data"]),
    ("sim", ANYTHING_BUT_SIM),
    ("plimsoll", ANYTHING),
    ("xtask", &[]),
];

/// `plimsoll` has `plimsoll sim` (docs/decisions/0016).
const ANYTHING: &[&str] = &[
    "types",
    "book",
    "pricing",
    "risk",
    "oracle",
    "ledger",
    "engine",
    "market-data",
    "journal",
    "replica",
    "gateway",
    "monitor",
    "consequence",
    "sim",
];
const ANYTHING_BUT_SIM: &[&str] = match ANYTHING.split_last() {
    Some((_, rest)) => rest,
    None => &[],
};

/// What tests and benchmarks may use beyond LAYERS, to play the part of the crate above them.
const TEST_LAYERS: &[(&str, &[&str])] = &[
    // Benchmarks of a durable engine measure the engine's own cost beside it.
    ("replica", &["book", "ledger"]),
    // A test venue behind the gateway's trait is the real engine.
    ("gateway", &["engine", "book"]),
    // Projections are compared with the book whose events they project.
    ("market-data", &["engine", "book", "ledger"]),
];

/// Foreign crates that only the named crates may use; a name that ends in `*` is a prefix.
const WALLS: &[(&str, &[&str])] = &[
    ("tokio*", &["journal", "replica", "gateway", "monitor", "plimsoll", "sim"]),
    ("serde_json", &["gateway", "monitor", "consequence", "plimsoll"]),
    ("anyhow", &["plimsoll", "sim", "xtask"]),
    ("openraft", &["replica"]),
    ("libm", &["pricing"]),
];

/// Foreign crates that code of the pure crates may use, all of them without `std`.
const PURE_FOREIGN: &[(&str, &[&str])] = &[
    ("types", &["thiserror"]),
    ("book", &[]),
    ("pricing", &["libm", "thiserror"]),
    ("risk", &["thiserror"]),
    ("oracle", &["thiserror"]),
    ("ledger", &["sha2", "thiserror", "ed25519-dalek"]),
    ("engine", &[]),
    ("market-data", &[]),
];

struct Manifest<'a> {
    file: &'a File,
    name: &'a str,
    uses: Vec<String>,
    uses_in_tests: Vec<String>,
}

/// Edges between our crates that the table does not have, and crates that it does not know.
pub fn check_layers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(tree) {
        let Manifest { file, name, uses, uses_in_tests } = &manifest;
        let Some(allowed) = row(LAYERS, name) else {
            findings.push(Finding::new(&file.path, 0, format!("{name} is not in LAYERS: add it")));
            continue;
        };
        let in_tests = row(TEST_LAYERS, name).unwrap_or_default();
        let ours = |used: &&String| row(LAYERS, used).is_some() && *used != name;
        let up = uses.iter().filter(ours).filter(|used| !allowed.contains(&used.as_str()));
        findings.extend(up.map(|used| {
            let what = format!("{name} uses {used}: it may use {allowed:?}");
            Finding::new(&file.path, 0, what)
        }));
        let up = uses_in_tests
            .iter()
            .filter(ours)
            .filter(|used| !allowed.contains(&used.as_str()) && !in_tests.contains(&used.as_str()));
        findings.extend(up.map(|used| {
            let what = format!("tests of {name} use {used}: add it to TEST_LAYERS with its reason");
            Finding::new(&file.path, 0, what)
        }));
    }
    findings
}

/// Foreign crates on the wrong side of a wall.
pub fn check_walls(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(tree) {
        let Manifest { file, name, uses, uses_in_tests } = &manifest;
        for used in uses.iter().chain(uses_in_tests) {
            let walled = WALLS.iter().filter(|(wall, _)| matches(wall, used));
            let breached = walled.filter(|(_, allowed)| !allowed.contains(name));
            findings.extend(breached.map(|(_, allowed)| {
                let what = format!("{name} uses {used}: only {allowed:?} may");
                Finding::new(&file.path, 0, what)
            }));
        }
        if !PURE.contains(name) {
            continue;
        }
        let allowed = row(PURE_FOREIGN, name).unwrap_or_default();
        let foreign = uses.iter().filter(|used| row(LAYERS, used).is_none());
        let unlisted = foreign.filter(|used| !allowed.contains(&used.as_str()));
        findings.extend(unlisted.map(|used| {
            let what = format!("{name} is pure and uses {used}: it may use {allowed:?}");
            Finding::new(&file.path, 0, what)
        }));
    }
    findings
}

fn matches(wall: &str, used: &str) -> bool {
    wall.strip_suffix('*').map_or(wall == used, |prefix| used.starts_with(prefix))
}

fn row(table: &[(&str, &'static [&'static str])], name: &str) -> Option<&'static [&'static str]> {
    table.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, allowed)| *allowed)
}

fn manifests(tree: &Tree) -> impl Iterator<Item = Manifest<'_>> {
    let is_ours = |path: &str| path.starts_with("crates/") || path.starts_with("xtask/");
    let files = tree
        .files
        .iter()
        .filter(move |file| is_ours(&file.path) && file.path.ends_with("/Cargo.toml"));
    files.map(|file| {
        let table: Table = file.text.parse().expect("cargo has already read this manifest");
        let uses = [names(&table, "dependencies"), names(&table, "build-dependencies")].concat();
        let uses_in_tests = names(&table, "dev-dependencies");
        Manifest { file, name: file.crate_name(), uses, uses_in_tests }
    })
}

fn names(manifest: &Table, section: &str) -> Vec<String> {
    let section = manifest.get(section).and_then(toml::Value::as_table);
    section.map(|section| section.keys().cloned().collect()).unwrap_or_default()
}
