//! How far trades were from the mark, how long the market was stopped, and how it came back.

use std::collections::BTreeMap;

use types::{At, Cause, Event, MarketState, Ticks, Traded};

/// What breakers did, and what they are there for.
#[derive(Clone, Debug, Default)]
pub struct Halts {
    /// How often each of them stopped the market.
    pub stops: BTreeMap<Cause, u64>,
    /// Milliseconds in which nothing traded.
    pub stopped_ms: u64,
    /// Farthest a trade was from the mark, a part of it.
    pub slippage: f64,
    /// Farthest the first trade after a stop was from the last one before it, a part of that.
    pub gap: f64,
    /// Auctions that traded something.
    pub auctions: u64,
    last: Option<Ticks>,
    /// The last trade before the stop whose first trade has not come.
    before: Option<Ticks>,
    stopped_at: Option<At>,
}

impl Halts {
    /// Takes a trade in.
    pub fn trade(&mut self, traded: &Traded) {
        if self.stopped_at.is_none() {
            self.slippage = self.slippage.max(apart(traded.price, traded.mark));
        }
        if let Some(before) = self.before.take() {
            self.gap = self.gap.max(apart(traded.price, before));
        }
        self.last = Some(traded.price);
    }

    /// Takes in what stopped or opened the market.
    pub fn take(&mut self, event: &Event, at: At) {
        match event {
            Event::Halted(halt) => *self.stops.entry(halt.cause).or_default() += 1,
            Event::AuctionEnded { indication: Some(_), .. } => self.auctions += 1,
            Event::StateChanged { to, .. } if is_stopped(*to) => {
                self.stopped_at.get_or_insert(at);
                self.before = self.before.or(self.last);
            }
            Event::StateChanged { .. } => {
                if let Some(since) = self.stopped_at.take() {
                    self.stopped_ms += at.ms_since(since);
                }
            }
            _ => {}
        }
    }
}

/// Nothing takes in post-only either.
fn is_stopped(state: MarketState) -> bool {
    state != MarketState::Open
}

fn apart(price: Ticks, from: Ticks) -> f64 {
    if from.0 == 0 { 0.0 } else { (f64::from(price.0) / f64::from(from.0) - 1.0).abs() }
}
