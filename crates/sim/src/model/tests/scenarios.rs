//! What scenarios are computed by.

use types::OptionRight;

use crate::model::scenarios::{black, normal};

#[test]
fn the_distribution_is_that_of_the_tables() {
    for (x, known) in [
        (0.0, 0.5),
        (1.0, 0.841_344_746_068_543),
        (-2.0, 0.022_750_131_948_179),
        (5.0, 0.999_999_713_348_428),
        (-8.0, 6.220_960_574_271_8e-16),
    ] {
        assert!((normal(x) - known).abs() < 1e-14, "{x}: {}", normal(x));
    }
}

#[test]
fn a_call_is_worth_a_put_and_the_forward() {
    for (forward, deviation) in [(60_000.0, 0.01), (52_000.0, 0.3), (90_000.0, 1.2)] {
        let of = |right| black(right, (forward, 60_000.0), deviation);
        let apart = of(OptionRight::Call) - of(OptionRight::Put);
        assert!((apart - (forward - 60_000.0)).abs() < 1e-9, "{forward}: {apart}");
    }
    assert!((black(OptionRight::Call, (100.0, 100.0), 0.2) - 7.965_567_455).abs() < 1e-6);
}
