//! Planted bugs stay out of what is released.
//!
//! The compiler refuses them in a build without debug assertions, which `.ci/run release` tries.
//! Here is the rest: nobody gets them without asking for the feature by name, and a release build
//! has no debug assertions.

use toml::{Table, Value};

use crate::Finding;
use crate::tree::Tree;

const FEATURE: &str = "planted";

/// Manifests that turn planted bugs on.
pub fn check_planted(tree: &Tree) -> Vec<Finding> {
    let is_manifest = |path: &str| path == "Cargo.toml" || path.ends_with("/Cargo.toml");
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| is_manifest(&file.path)) {
        let table: Table = file.text.parse().expect("cargo has already read this manifest");
        // Fuzzing builds with the profile `release` and debug assertions, and releases nothing.
        let releases = if file.path == "Cargo.toml" { releasing(&table) } else { Vec::new() };
        let said = [forwarding(&table), depending(&table), releases].concat();
        findings.extend(said.into_iter().map(|what| Finding::new(&file.path, 0, what)));
    }
    findings
}

/// Features of another name that bring planted bugs with them: `default` above all.
fn forwarding(manifest: &Table) -> Vec<String> {
    let features = manifest.get("features").and_then(Value::as_table);
    let brings = |list: &Value| texts(list).any(|text| text.rsplit('/').next() == Some(FEATURE));
    let others = features.into_iter().flatten().filter(|(name, _)| *name != FEATURE);
    let found = others.filter(|(_, list)| brings(list));
    found
        .map(|(name, _)| format!("feature {name} brings {FEATURE}: only one of that name may"))
        .collect()
}

/// Dependencies, wherever they stand, that are always built with planted bugs.
fn depending(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in table {
        let Some(inner) = value.as_table() else { continue };
        let features = inner.get("features").map(texts).into_iter().flatten();
        if features.into_iter().any(|text| text == FEATURE) {
            found.push(format!(
                "{name} is used with {FEATURE}: forward it from a feature of that name"
            ));
        }
        found.extend(depending(inner));
    }
    found
}

fn releasing(manifest: &Table) -> Vec<String> {
    let of_release = |key| manifest.get("profile")?.get("release")?.get(key)?.as_bool();
    let is_on = of_release("debug-assertions") == Some(true);
    let what = format!("a release has debug assertions: they are what keeps {FEATURE} out of it");
    is_on.then_some(what).into_iter().collect()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}
