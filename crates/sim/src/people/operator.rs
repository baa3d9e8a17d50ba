//! Whoever runs the venue: it halts and resumes markets, and changes terms while people trade.

use types::{
    At, Command, InstrumentId, MarketState, OrderRate, PricingTerms, ReopeningTerms, Scope,
};

use crate::rng::Rng;
use crate::venue::{self, Venue};

/// What it does now.
pub(super) fn act(rng: &mut Rng, venue: &Venue, today: At) -> Command {
    match rng.below(10) {
        0..=2 => {
            let until = today.plus_ms(rng.between(1_000, 30_000));
            Command::Halt { scope: scope(rng, venue), state: state(rng), until: Some(until) }
        }
        3..=6 => Command::Resume { scope: scope(rng, venue) },
        7 => {
            let clamp_ppm = *rng.pick(&[300, 2_000, 50_000]);
            let nth = rng.below(2);
            let terms = PricingTerms { clamp_ppm, ..venue::pricing(nth == 0) };
            let instrument = InstrumentId(u32::try_from(nth).expect("two"));
            Command::SetPricing { instrument, terms }
        }
        8 => Command::SetReopening(Box::new(ReopeningTerms {
            steps: Vec::new(),
            auction_ms: *rng.pick(&[2_000, 10_000]),
            collar_ppm: *rng.pick(&[1_000, 50_000]),
            extension_ms: *rng.pick(&[1_000, 5_000]),
            extensions_max: *rng.pick(&[1, 5]),
        })),
        _ => {
            let rate = OrderRate { orders_max: 2_000, window_ms: 1_000 };
            Command::SetOrderRate(rng.chance(500_000).then_some(rate))
        }
    }
}

fn scope(rng: &mut Rng, venue: &Venue) -> Scope {
    let (base, quote) = venue.pair();
    let instrument = InstrumentId(*rng.pick(&[0, 0, 1, 2]));
    *rng.pick(&[
        Scope::Instrument(instrument),
        Scope::Instrument(instrument),
        Scope::Index { base, quote },
        Scope::Domain,
    ])
}

fn state(rng: &mut Rng) -> MarketState {
    *rng.pick(&[
        MarketState::PostOnly,
        MarketState::ReduceOnly,
        MarketState::CancelOnly,
        MarketState::Halted,
    ])
}
