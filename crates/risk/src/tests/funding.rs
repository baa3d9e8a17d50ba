//! Funding.

use types::{Amount, At, FundingSchedule, FundingTerms, SignedLots};

use super::units;
use crate::funding::{Accrual, FundingState, owed, rate_ppb};

fn continuous() -> FundingTerms {
    FundingTerms {
        schedule: FundingSchedule::Continuous,
        damper_ppb: 250_000,
        cap_ppb: 5_000_000,
        interest_ppb: 0,
    }
}

/// FND-1; venue.md §2.5.1.
#[test]
fn a_premium_makes_the_rate_that_the_spec_works_out() {
    for (premium, rate) in
        [(200_000, 0), (2_000_000, 1_750_000), (-1_000_000, -750_000), (10_000_000, 5_000_000)]
    {
        assert_eq!(rate_ppb(premium, &continuous()), rate, "{premium}");
    }
}

/// FND-3; venue.md §2.5.1: mark 50 100, index 50 000, long 1 BTC for 3 h pays 32.81 USD.
#[test]
fn three_hours_cost_what_the_spec_works_out() {
    let mut state = FundingState::new(At(0));
    let lot_value = 50_000_000_000 * FundingState::SCALE;
    let accrual = Accrual { mark: units(50_100), index: units(50_000), lot_value, allowed: true };
    state.accrue(&continuous(), &accrual, At(3 * 3_600_000));
    assert_eq!(owed(SignedLots(1), 0, state.cumulative()), Amount(32_812_500));
    assert_eq!(owed(SignedLots(-1), 0, state.cumulative()), Amount(-32_812_500));
}
