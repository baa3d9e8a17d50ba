//! Versions of the rules (docs/rules/versions.md).

use std::vec::Vec;

use expect_test::{Expect, expect};
use types::codec::Codec;
use types::{Command, Event, Reject, SessionId, Version};

use super::story::tell;
use super::world::World;
use crate::{Engine, VERSION_MAX};

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&tell(World::btc(), 1_000_000_000, script));
}

fn upgrade(to: u32) -> Command {
    Command::Upgrade { to: Version(to) }
}

fn refused(events: &[Event]) -> Option<Reject> {
    match events {
        [Event::Refused(reject)] => Some(Reject::clone(reject)),
        _ => None,
    }
}

#[test]
fn ver_1_the_version_changes_with_its_entry_and_is_part_of_the_root() {
    let mut world = World::btc();
    let (before, mut twin) = (world.engine.root(), World::btc());
    assert_eq!(world.engine.version(), Version(1));
    assert_eq!(world.apply(upgrade(2)), [Event::Upgraded { to: Version(2) }]);
    assert_eq!(world.engine.version(), Version(2));
    assert_ne!(world.engine.root(), before);
    twin.apply(upgrade(2));
    assert_eq!(twin.engine.root(), world.engine.root());
}

#[test]
fn ver_2_versions_come_one_after_the_other() {
    let mut world = World::btc();
    let root = world.engine.root();
    for (at, to) in [(1, 0), (1, 1), (1, 3), (1, u32::MAX)] {
        let reject = Reject::VersionNotNext { to: Version(to), version: Version(at) };
        assert_eq!(refused(&world.apply(upgrade(to))), Some(reject));
    }
    assert_eq!(world.engine.root(), root);
    world.apply(upgrade(2));
    let reject = Reject::VersionNotNext { to: Version(2), version: Version(2) };
    assert_eq!(refused(&world.apply(upgrade(2))), Some(reject));
}

#[test]
fn ver_3_what_came_later_is_refused_before() {
    check(
        "ann buys 1 perp at 119000 via 7
         drop 7 to 9
         upgrade 2
         drop 7 to 9",
        expect![[r#"
            > ann buys 1 perp at 119000 via 7
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > drop 7 to 9
            refused 106: this came with version 2 of the rules, the domain goes by 1: upgrade
            > upgrade 2
            goes by version 2
            > drop 7 to 9
            1: cancelled: Disconnected
        "#]],
    );
}

#[test]
fn ord_21_the_connections_of_a_node_drop_together() {
    check(
        "upgrade 2
         ann buys 1 perp at 119000 via 6
         bob buys 1 perp at 119000 via 7
         ann buys 1 perp at 119001 via 9
         ann buys 1 perp at 119001 via 10
         ann buys 1 perp at 119001
         bob stop sells 2 perp at market when mark 119500 via 8
         drop 7 to 9
         drop 9 to 7",
        expect![[r#"
            > upgrade 2
            goes by version 2
            > ann buys 1 perp at 119000 via 6
            1: placed, 1 at 119000
            1: rests 1 at 119000, shows 1
            > bob buys 1 perp at 119000 via 7
            2: placed, 1 at 119000
            2: rests 1 at 119000, shows 1
            > ann buys 1 perp at 119001 via 9
            3: placed, 1 at 119001
            3: rests 1 at 119001, shows 1
            > ann buys 1 perp at 119001 via 10
            4: placed, 1 at 119001
            4: rests 1 at 119001, shows 1
            > ann buys 1 perp at 119001
            5: placed, 1 at 119001
            5: rests 1 at 119001, shows 1
            > bob stop sells 2 perp at market when mark 119500 via 8
            t1: waits for mark price 119500, with 2
            > drop 7 to 9
            2: cancelled: Disconnected
            3: cancelled: Disconnected
            t1: cancelled: Disconnected
            > drop 9 to 7
        "#]],
    );
}

#[test]
fn ver_7_the_first_version_writes_what_older_builds_read() {
    let mut world = World::btc();
    let old = world.engine.to_bytes();
    assert_eq!(old.first_chunk(), Some(&4_u16.to_le_bytes()));
    world.apply(upgrade(2));
    let new = world.engine.to_bytes();
    assert_eq!(new.first_chunk(), Some(&[5, 0, 2, 0, 0, 0]));
    let mut again = Engine::from_bytes(&new).expect("its own bytes");
    assert_eq!((again.version(), again.root()), (Version(2), world.engine.root()));
    for version in [0, 1, VERSION_MAX.0 + 1] {
        let mut bytes: Vec<u8> = new.clone();
        bytes.splice(2..6, version.to_le_bytes());
        Engine::from_bytes(&bytes).expect_err("a version that this build does not write");
    }
}

/// A session is a number of 32 bits, and a range of them may be any two.
#[test]
fn ord_21_every_range_is_fine() {
    let mut world = World::btc();
    world.apply(upgrade(2));
    for (first, last) in [(0, u32::MAX), (u32::MAX, 0), (u32::MAX, u32::MAX)] {
        let (first, last) = (SessionId(first), SessionId(last));
        assert_eq!(world.apply(Command::DropSessions { first, last }), []);
    }
}
