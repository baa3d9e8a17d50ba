//! `operator/upgrade` (docs/rules/versions.md).

use expect_test::expect;
use serde_json::json;

use super::world::{World, told};

/// VER-2, VER-5.
#[test]
fn an_operator_upgrades_by_one_what_every_build_knows() {
    let world = World::new();
    let ask = |version: u32| {
        let sent = json!({ "currency": "BTC", "version": version });
        match world.try_call(None, "operator/upgrade", sent) {
            Ok(done) => done.to_string(),
            Err(error) => told(&error),
        }
    };
    expect![[r#"
        11030 other_reject version_not_known {"reason":"this build does not know version 3"}
        11049 bad_arguments {"param":"version","reason":"the domain goes by version 1 of the rules: upgrade to 2, not to 1","rule":107}
        "ok"
        11049 bad_arguments {"param":"version","reason":"the domain goes by version 2 of the rules: upgrade to 3, not to 2","rule":107}"#]].assert_eq(&[3, 1, 2, 2].map(ask).join("\n"));
}
