//! Marks.

use types::{At, IndexPrice, Lots, MarkMethod, PricingTerms, Ticks};

use super::units;
use crate::mark::{MarkState, Sample, to_ticks};

fn terms(mark: MarkMethod, clamp_ppm: u32) -> PricingTerms {
    PricingTerms { mark, impact: Lots(1), clamp_ppm, funding: None }
}

fn book(index: IndexPrice, price: IndexPrice) -> Sample {
    let at = Some(price);
    Sample { index, best_bid: at, best_ask: at, fair: at, last: at }
}

/// MRK-2; venue.md §2.3.1.
#[test]
fn a_step_of_the_basis_reaches_the_mark_as_the_spec_works_it_out() {
    let terms = terms(MarkMethod::ImpactBasis, 50_000);
    let index = units(100_000);
    for (seconds, share_ppm) in [
        (0, 0),
        (1, 64_516),
        (5, 283_557),
        (10, 486_709),
        (15, 632_256),
        (30, 864_764),
        (60, 981_711),
        (600, 1_000_000),
    ] {
        let mut state = MarkState::new();
        for second in 0..=seconds {
            state.sample(&terms, &book(index, units(101_000)), At(second * 1_000));
        }
        let moved = state.mark(&terms, index).0 - index.0;
        assert_eq!(moved / 100_000, share_ppm, "{seconds} s");
    }
}

#[test]
fn ticks_are_the_nearest() {
    for (price, tick, ticks) in [(0, 10, 1), (14, 10, 1), (15, 10, 1), (16, 10, 2), (25, 10, 2)] {
        assert_eq!(to_ticks(IndexPrice(price), tick), Ticks(ticks), "{price}");
    }
    assert_eq!(to_ticks(IndexPrice(u64::MAX), 1), Ticks::MAX);
}
