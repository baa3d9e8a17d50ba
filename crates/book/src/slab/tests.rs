//! Room grows by halves, and numbers end where they end.

use std::vec::Vec;

use super::{OrderId, Slab, grow};

/// Rows are moved rarely, spare room stays below half, and there is room when it is asked for.
#[test]
fn room_is_made_by_halves() {
    for more in [1, 7, 128] {
        let (mut rows, mut n_moves) = (Vec::<u32>::new(), 0);
        for _ in 0..3_000 {
            let before = rows.capacity();
            grow(&mut rows, more);
            let after = rows.capacity();
            assert!(rows.len() + more <= after, "{more} more than {}", rows.len());
            assert!(before == after || before < rows.len() + more, "there was room");
            let most = rows.len() + (rows.len() / 2).max(more).max(4);
            assert!(before == after || after <= most, "{after} for {} rows", rows.len());
            n_moves += u32::from(before != after);
            rows.resize(rows.len() + more, 0);
        }
        assert!(n_moves < 30, "{n_moves} moves for {} rows", rows.len());
    }
}

#[test]
fn numbers_are_used_up_and_not_used_twice() {
    let mut slab = Slab { count: OrderId::COUNT_MAX - 1, ..Slab::default() };
    let last = slab.admit().expect("one number is left");
    assert_eq!(last.count(), OrderId::COUNT_MAX);
    slab.free(last.slot());
    assert_eq!(slab.admit(), None);
}
