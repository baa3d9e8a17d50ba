//! Planted bugs: each is named once, told in the documents, and in a test build alone.

use alloc::collections::BTreeSet;
use std::format;
use std::string::String;
#[cfg(feature = "planted")]
use std::vec::Vec;

use crate::planted::{Bug, is};

const DOCUMENT: &str = include_str!("../../../../docs/testing.md");

#[test]
fn each_bug_has_one_name_which_finds_it() {
    let names: BTreeSet<&str> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    assert_eq!(names.len(), Bug::ALL.len(), "no two bugs have one name");
    for bug in Bug::ALL {
        let name = bug.name();
        assert_eq!(Bug::from_name(name), Some(*bug));
        assert!(name.chars().all(|c| c == '-' || c.is_ascii_lowercase()), "{name}");
        assert!(bug.what().ends_with('.') && !bug.place().is_empty(), "{name}");
    }
    assert_eq!(Bug::from_name("none-of-them"), None);
}

#[test]
fn the_document_has_the_table_of_all_bugs() {
    let row = |bug: &Bug| format!("| `{}` | {} | {} |\n", bug.name(), bug.place(), bug.what());
    let rows: String = Bug::ALL.iter().map(row).collect();
    assert!(DOCUMENT.contains(&rows), "docs/testing.md should have these rows:\n{rows}");
}

#[cfg(not(feature = "planted"))]
#[test]
fn a_usual_build_has_none() {
    const HAS_ANY: bool = is(Bug::Diverge);
    assert!(!HAS_ANY && Bug::ALL.iter().all(|bug| !is(*bug)));
}

#[cfg(feature = "planted")]
#[test]
fn one_bug_is_planted_at_a_time() {
    let planted = || Bug::ALL.iter().copied().filter(|bug| is(*bug)).collect::<Vec<_>>();
    for bug in Bug::ALL {
        crate::planted::plant(Some(*bug));
        assert_eq!(planted(), [*bug]);
    }
    crate::planted::plant(None);
    assert_eq!(planted(), []);
}
