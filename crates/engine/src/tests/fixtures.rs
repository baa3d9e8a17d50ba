//! Old logs keep their meaning: every fixture replays to the root and the chain that were recorded
//! with it. A fixture is never rewritten; a change of behaviour that breaks one needs a new format
//! version, switched by an entry in the log (DESIGN invariant 8).

use std::vec::Vec;

use expect_test::{Expect, expect};
use types::Entry;
use types::codec::Codec;

use super::world::asset;
use crate::Engine;

/// Replays a fixture, which holds the entries of a log of BTC as one sequence.
fn check(fixture: &[u8], expected: Expect) {
    let entries = Vec::<Entry>::from_bytes(fixture).expect("entries");
    let mut engine = Engine::new(asset("BTC"), 8);
    let mut events = Vec::new();
    for entry in &entries {
        engine.apply(entry, &mut events);
        engine.check();
    }
    let hex = |hash: [u8; 32]| -> std::string::String {
        hash.iter().map(|byte| std::format!("{byte:02x}")).collect()
    };
    expected.assert_eq(&std::format!(
        "entries {}\nevents  {}\nroot    {}\nchain   {}\n",
        entries.len(),
        events.len(),
        hex(engine.root()),
        hex(engine.chain()),
    ));
}

#[test]
fn version_1_replays_to_its_root_and_chain() {
    check(
        include_bytes!("../../../../fixtures/engine/v1.entries"),
        expect![[r#"
        entries 1200
        events  3072
        root    0dbf741e29124066cc9a84ba05406243c951178f90b1880c8b05d6aaffff5c27
        chain   537d8000c251073469c5d04db180bb54ef1835d4d9ebc6a855ab3291f4b56557
    "#]],
    );
}
