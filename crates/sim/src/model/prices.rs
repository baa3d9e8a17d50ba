//! `MARK-CLAMPED`: the mark of a perpetual under a feed is never farther from its index than the
//! clamp (MRK-4), but for the rounding to a tick.
//!
//! It does not see how the average basis came about, nor marks of dated futures and options.

use types::{InstrumentId, Kind, PricingTerms, Ticks};

use super::state::State;
use super::{Check, hold};

pub(crate) const CLAMPED: &str = "MARK-CLAMPED";

/// MRK-6: what holds until the operator says something else.
const USUAL_PPM: u32 = 5_000;

pub(crate) fn set_terms(state: &mut State, id: InstrumentId, terms: &PricingTerms) -> Check {
    state.market_mut(id)?.clamp_ppm = Some(terms.clamp_ppm);
    Ok(())
}

/// A mark that the venue made.
pub(crate) fn check_mark(state: &State, id: InstrumentId, mark: Ticks) -> Check {
    let market = state.market(id)?;
    let (Kind::Perpetual, Some(tick)) = (market.spec.kind, market.spec.tick_price()) else {
        return Ok(());
    };
    let index = u128::from(state.index_price(market).0);
    let clamp = u128::from(market.clamp_ppm.unwrap_or(USUAL_PPM));
    let price = u128::from(mark.0) * u128::from(tick);
    let apart = price.abs_diff(index);
    let most = index * clamp / 1_000_000 + u128::from(tick);
    hold!(
        apart <= most || mark == Ticks(1) || mark == Ticks::MAX,
        CLAMPED,
        "the mark of {id} is {price}, {apart} from its index {index}: {most} is the most"
    );
    Ok(())
}
