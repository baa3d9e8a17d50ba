//! How much a liquidation closes.

use std::vec::Vec;

use proptest::prelude::*;
use types::units::divide;
use types::{
    AdlPolicy, Amount, FillableTerms, Lots, MarginSnapshot, MarginTerms, RiskFault, RiskTerms,
    Rounding,
};

use super::standard::any_margin_terms;
use crate::liquidation::{
    check_fillable, check_terms, fillable_loss, lots_to_close, round_lots, same_share, target,
};
use crate::standard::future;

const TERMS: RiskTerms = RiskTerms {
    buffer_ppm: 250_000,
    round_ppm: 250_000,
    round_ms: 1_000,
    depth_ppm: 500_000,
    slippage_ppm: 20_000,
    fee_ppm: 5_000,
    takeover_ppm: 500_000,
    idle_rounds: 5,
    adl: AdlPolicy::Queue,
};

/// LIQ-17: of a position that needs a fifth of what its account does, with a spread of 1.5: 300 at
/// most. Down.
#[test]
fn what_a_round_may_lose_grows_with_what_the_account_is_short_of() {
    let loss = |adjustment_ppm, equity, needed| {
        let terms = FillableTerms { adjustment_ppm, spread_ppm: 1_500_000 };
        let (collateral, initial) = (Amount::ZERO, Amount::ZERO);
        let (equity, maintenance) = (Amount(equity), Amount(needed));
        let margin = MarginSnapshot { collateral, equity, initial, maintenance };
        fillable_loss(&terms, &margin, Amount(200)).0
    };
    for (adjustment_ppm, equity, needed, lost) in [
        (1_000_000, 1_000, 1_000, 0),
        (1_000_000, 2_000, 1_000, 0),
        (1_000_000, 999, 1_000, 0),
        (1_000_000, 990, 1_000, 3),
        (1_000_000, 500, 1_000, 150),
        (2_000_000, 500, 1_000, 300),
        (500_000, 500, 1_000, 75),
        (1_000_000, 0, 1_000, 300),
        (1_000_000, -1_000, 1_000, 300),
        (500_000, -1_000, 1_000, 300),
        (500_000, -500, 1_000, 225),
        (1_000_000, 5, 0, 300),
        (1_000_000, i64::MIN + 1, i64::MAX, 300),
    ] {
        assert_eq!(loss(adjustment_ppm, equity, needed), lost, "{equity} of {needed}");
    }
}

/// LIQ-18
#[test]
fn terms_of_a_fillable_price_that_make_none_are_refused() {
    for (adjustment_ppm, spread_ppm, is_fit) in [
        (1, 1, true),
        (10_000_000, 10_000_000, true),
        (0, 1, false),
        (1, 0, false),
        (10_000_001, 1, false),
        (1, 10_000_001, false),
    ] {
        let terms = FillableTerms { adjustment_ppm, spread_ppm };
        assert_eq!(check_fillable(&terms).is_ok(), is_fit, "{adjustment_ppm} {spread_ppm}");
    }
}

/// LIQ-6. The first two are worked out in venue.md §2.11.2 and §2.11.5: 500 units at 0.801 with an
/// equity of 0.5, in thousandths; and the share of a portfolio that an auction may sell, 44.6 %.
#[test]
fn a_liquidation_closes_what_it_must() {
    for (deficit, maintenance, size, cost, buffer_ppm, lots) in [
        (11_515, 12_015, 500, 500, 0, 500),
        (72_500_000, 150_000_000, 1_000, 10_000_000, 150_000, 447),
        (0, 100, 10, 0, 0, 0),
        (-5, 100, 10, 0, 0, 0),
        (1, 100, 10, 0, 0, 1),
        (10, 100, 10, 0, 0, 1),
        (11, 100, 10, 0, 0, 2),
        (100, 100, 10, 0, 0, 10),
        (101, 100, 10, 0, 0, 10),
        (50, 100, 10, 50, 0, 10),
        (25, 100, 10, 50, 0, 5),
        (25, 100, 10, 50, 500_000, 3),
        (1, 100, 10, 99, 0, 10),
        (1, 100, 10, 100, 0, 10),
        (1, 100, 10, 250, 0, 10),
        (1, 0, 10, 0, 0, 10),
        (i128::MAX, 1, u64::MAX, 0, 0, u64::MAX),
    ] {
        let (maintenance, cost) = (Amount(maintenance), Amount(cost));
        let found = lots_to_close(deficit, maintenance, size, cost, buffer_ppm);
        assert_eq!(found, lots, "{deficit} {maintenance} {size} {cost} {buffer_ppm}");
    }
}

/// LIQ-8: the buffer is rounded up.
#[test]
fn a_liquidation_ends_above_the_maintenance_margin() {
    for (maintenance, buffer_ppm, needed) in
        [(0, 250_000, 0), (100, 0, 100), (100, 250_000, 125), (101, 250_000, 127), (1, 1, 2)]
    {
        assert_eq!(target(Amount(maintenance), buffer_ppm), Amount(needed));
    }
}

/// LIQ-11.
#[test]
fn a_round_closes_a_share_of_the_position_and_of_the_depth() {
    for (wanted, position, depth, lots) in [
        (0, 1_000, 1_000, 0),
        (1_000, 1_000, 0, 0),
        (1_000, 1_000, 10_000, 250),
        (100, 1_000, 10_000, 100),
        (1_000, 1_000, 300, 150),
        (1_000, 1_000, 3, 1),
        (1_000, 1_000, 1, 1),
        (11, 11, 1_000, 2),
        (10, 10, 1_000, 10),
        (10, 10, 8, 4),
        (7, 10, 1_000, 7),
        (1, 1, 1, 1),
        (u64::MAX, u64::MAX, u64::MAX, u64::MAX / 4),
    ] {
        assert_eq!(
            round_lots(&TERMS, wanted, position, depth),
            lots,
            "{wanted} {position} {depth}"
        );
    }
}

/// LIQ-11: how a position of 1 000 lots goes, all of which is wanted, in a book that never ends.
// Half of one position and a fifth of another may go: a fifth of each does, down.
#[test]
fn pm_8_of_several_positions_the_same_share_is_closed() {
    let lots = |parts: &[(u32, u64)]| -> Vec<u32> {
        let parts: Vec<_> = parts.iter().map(|(lots, size)| (Lots(*lots), *size)).collect();
        same_share(&parts).iter().map(|lots| lots.0).collect()
    };
    assert_eq!(lots(&[(500, 1_000), (2, 10)]), [200, 2]);
    assert_eq!(lots(&[(250, 1_000), (3, 3)]), [250, 0]);
    assert_eq!(lots(&[(500, 1_000), (0, 10)]), [0, 0]);
    assert_eq!(lots(&[(7, 9)]), [7], "one alone gives all that it may");
    assert_eq!(lots(&[(u32::MAX, u64::from(u32::MAX)); 2]), [u32::MAX; 2]);
    assert_eq!(lots(&[]), [0; 0]);
}

#[test]
fn a_position_goes_in_shrinking_rounds() {
    let parts = all_rounds(&TERMS, 1_000);
    assert_eq!(parts, [250, 187, 140, 105, 79, 59, 45, 33, 25, 19, 14, 11, 8, 6, 4, 3, 3, 9]);
    let slowest = RiskTerms { round_ppm: 10_000, ..TERMS };
    assert_eq!(all_rounds(&slowest, u32::MAX.into()).len(), 1_897, "half an hour at a second each");
}

/// The rounds that close a position of which everything is wanted, in a book that never ends.
fn all_rounds(terms: &RiskTerms, mut left: u64) -> Vec<u64> {
    let mut parts = Vec::new();
    while left != 0 {
        let part = round_lots(terms, left, left, u64::MAX);
        left -= part;
        parts.push(part);
    }
    parts
}

/// LIQ-13.
#[test]
fn terms_that_make_no_liquidation_are_refused() {
    let rates = Err(RiskFault::LiquidationRates);
    let pace = Err(RiskFault::Pace);
    for (terms, checked) in [
        (TERMS, Ok(())),
        (RiskTerms { round_ppm: 9_999, ..TERMS }, rates),
        (RiskTerms { round_ppm: 10_000, ..TERMS }, Ok(())),
        (RiskTerms { round_ppm: 1_000_001, ..TERMS }, rates),
        (RiskTerms { depth_ppm: 9_999, ..TERMS }, rates),
        (RiskTerms { depth_ppm: 1_000_000, ..TERMS }, Ok(())),
        (RiskTerms { depth_ppm: 1_000_001, ..TERMS }, rates),
        (RiskTerms { slippage_ppm: 200_001, ..TERMS }, rates),
        (RiskTerms { fee_ppm: 50_001, ..TERMS }, rates),
        (RiskTerms { buffer_ppm: 1_000_001, ..TERMS }, rates),
        (RiskTerms { takeover_ppm: 1_000_001, ..TERMS }, rates),
        (
            RiskTerms { slippage_ppm: 0, fee_ppm: 0, buffer_ppm: 0, takeover_ppm: 0, ..TERMS },
            Ok(()),
        ),
        (RiskTerms { round_ms: 99, ..TERMS }, pace),
        (RiskTerms { round_ms: 100, idle_rounds: 1, ..TERMS }, Ok(())),
        (RiskTerms { round_ms: 60_001, ..TERMS }, pace),
        (RiskTerms { idle_rounds: 0, ..TERMS }, pace),
        (RiskTerms { idle_rounds: 101, ..TERMS }, pace),
    ] {
        assert_eq!(check_terms(&terms), checked, "{terms:?}");
    }
}

/// What an account with one position needs, and what closing a part of it costs.
#[derive(Debug)]
struct Position {
    margin: MarginTerms,
    /// Atoms a lot, at the mark.
    price: i64,
    /// Thousandths of the base in a lot.
    milli: u64,
    cost_ppm: i64,
    buffer_ppm: u32,
}

impl Position {
    fn value(&self, lots: u64) -> Amount {
        Amount(self.price * i64::try_from(lots).expect("few"))
    }

    fn maintenance(&self, lots: u64) -> Amount {
        future(&self.margin, self.value(lots), lots * self.milli).maintenance
    }

    fn cost(&self, lots: u64) -> Amount {
        self.value(lots).times(self.cost_ppm, 1_000_000, Rounding::Up)
    }

    /// What equity is above its target after `closed` of `size` lots were closed.
    fn spare(&self, equity: Amount, size: u64, closed: u64) -> i64 {
        let target = target(self.maintenance(size - closed), self.buffer_ppm);
        equity.minus(self.cost(closed)).minus(target).0
    }
}

fn any_position() -> impl Strategy<Value = Position> {
    let market = (1..=10_000_000_i64, 0..=10_000_u64, 0..=60_000_i64, 0..=1_000_000_u32);
    (any_margin_terms(), market).prop_map(|(margin, (price, milli, cost_ppm, buffer_ppm))| {
        Position { margin, price, milli, cost_ppm, buffer_ppm }
    })
}

proptest! {
    /// LIQ-6, LIQ-8: if it closes at no more than it counted with, the account is back at its
    /// target, whatever the slope; and a lot less would not have done, where there is none. Three
    /// atoms are rounded on the way.
    #[test]
    fn what_is_closed_is_enough_and_no_more(
        mut position in any_position(),
        is_flat in any::<bool>(),
        size in 1..=1_000_000_u64,
        equity_ppm in 0..=1_000_000_i64,
    ) {
        if is_flat {
            position.margin.slope_ppb = 0;
        }
        let maintenance = position.maintenance(size);
        let needed = target(maintenance, position.buffer_ppm);
        let equity = needed.times(equity_ppm, 1_000_000, Rounding::Down);
        let deficit = i128::from(needed.minus(equity).0);
        let cost = position.cost(size);
        let closed = lots_to_close(deficit, maintenance, size, cost, position.buffer_ppm);
        prop_assert!(closed <= size);
        if closed < size {
            let spare = position.spare(equity, size, closed);
            prop_assert!(-3 <= spare, "{spare} with {closed} closed");
        }
        if is_flat && 0 < closed && cost < maintenance {
            let spare = position.spare(equity, size, closed - 1);
            prop_assert!(spare <= 3, "{spare} with {} closed", closed - 1);
        }
    }

    /// LIQ-6: whoever lacks more closes no less.
    #[test]
    fn a_larger_deficit_closes_no_less(
        deficits in [0..=1_000_000_000_i128, 0..=1_000_000_000_i128],
        maintenance in 0..=1_000_000_000_i64,
        size in any::<u64>(),
        cost in 0..=1_000_000_000_i64,
        buffer_ppm in 0..=1_000_000_u32,
    ) {
        let closed = deficits
            .map(|lacks| lots_to_close(lacks, Amount(maintenance), size, Amount(cost), buffer_ppm));
        prop_assert_eq!(deficits[0] <= deficits[1] && closed[1] < closed[0], false);
        let exact = divide(
            i128::from(size) * deficits[0],
            i128::from(target(Amount(maintenance), buffer_ppm).0).max(1),
            Rounding::Down,
        );
        prop_assert!(exact.min(size.into()) <= i128::from(closed[0]) + 1, "at least free of cost");
    }

    /// LIQ-11: a round is never more than is wanted, held or shown, and a book that is deep enough
    /// ends any position. Rounds of 1 % bring 2^32 lots down to two hundred in 1 700 rounds, and
    /// then go lot by lot.
    #[test]
    fn rounds_end(
        round_ppm in 10_000..=1_000_000_u32,
        depth_ppm in 10_000..=1_000_000_u32,
        size in 1..=u64::from(u32::MAX),
        depth in 0..=u64::from(u32::MAX),
    ) {
        let terms = RiskTerms { round_ppm, depth_ppm, ..TERMS };
        let part = round_lots(&terms, size, size, depth);
        prop_assert!(part <= size.min(depth));
        prop_assert_eq!(part == 0, depth == 0);
        let rounds = all_rounds(&terms, size).len();
        prop_assert!(rounds <= 1_900, "{rounds}");
    }
}
