//! The state as bytes: whole, strict, and as good as the original.

use std::vec::Vec;

use proptest::prelude::*;
use types::codec::Codec;

use super::properties::{raws, run, small_world};
use super::world::World;
use crate::Engine;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn a_restored_engine_has_the_root_and_goes_on_the_same(first in raws(80), then in raws(40)) {
        let (mut world, mut orders) = (small_world(), Vec::new());
        run(&mut world, &first, &mut orders);
        let restored = Engine::from_bytes(&world.engine.to_bytes()).expect("its own bytes");
        let mut copy = World { engine: restored, at: world.at };
        prop_assert_eq!(copy.engine.root(), world.engine.root());
        prop_assert_eq!(copy.engine.chain(), world.engine.chain());
        let mut copied_orders = orders.clone();
        run(&mut world, &then, &mut orders);
        run(&mut copy, &then, &mut copied_orders);
        prop_assert_eq!(orders, copied_orders);
        prop_assert_eq!(copy.engine.root(), world.engine.root());
        prop_assert_eq!(copy.engine.chain(), world.engine.chain());
        prop_assert_eq!(copy.engine.to_bytes(), world.engine.to_bytes());
    }

    #[test]
    fn hostile_bytes_are_refused_or_are_another_state(
        raws in raws(40), place in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut world = small_world();
        run(&mut world, &raws, &mut Vec::new());
        let mut bytes = world.engine.to_bytes();
        let place = place.index(bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= flip;
        }
        if let Ok(other) = Engine::from_bytes(&bytes) {
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }
}
