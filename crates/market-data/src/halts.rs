//! What holds markets, and the auctions that run, as the events told it.

use types::{At, Event, Health, Indication, InstrumentId, MarketState, Ticks};

use crate::indexes::Index;
use crate::instruments::{InstrumentView, Life};
use crate::notices::Notices;
use crate::view::View;

/// An auction that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auction {
    /// The mark when it began.
    pub reference: Ticks,
    /// When it is planned to end.
    pub ends_at: At,
    /// What it would give; `None`: nothing, or not told yet.
    pub indication: Option<Indication>,
}

impl View {
    pub(crate) fn halts_changed(&mut self, event: &Event) {
        match event {
            Event::Halted(halt) => {
                self.halts.insert((halt.scope, halt.cause), **halt);
            }
            Event::Resumed { scope, cause, .. } => {
                self.halts.remove(&(*scope, *cause));
            }
            Event::StateChanged { instrument, to, .. } => {
                let market = self.instrument_mut(*instrument);
                market.state = *to;
                market.auction = market.auction.filter(|_| *to == MarketState::Auction);
            }
            Event::AuctionStarted { instrument, reference, ends_at } => {
                let (reference, ends_at) = (*reference, *ends_at);
                let auction = Auction { reference, ends_at, indication: None };
                self.instrument_mut(*instrument).auction = Some(auction);
            }
            Event::AuctionIndicated { instrument, indication, ends_at } => {
                self.auction_changed(*instrument, Some(*indication), *ends_at);
            }
            Event::AuctionExtended { instrument, ends_at, .. } => {
                self.auction_changed(*instrument, None, *ends_at);
            }
            _ => {}
        }
    }

    fn auction_changed(
        &mut self,
        instrument: InstrumentId,
        indication: Option<Option<Indication>>,
        ends_at: At,
    ) {
        if let Some(auction) = &mut self.instrument_mut(instrument).auction {
            auction.ends_at = ends_at;
            auction.indication = indication.unwrap_or(auction.indication);
        }
    }

    /// Whether an index is frozen, or none of its markets takes an order.
    pub fn is_locked(&self, index: &Index) -> bool {
        let of_index = self.instruments.iter().filter(|market| market.index == index.id);
        let mut live = of_index.filter(|market| market.life(self.at) == Life::Open).peekable();
        let takes_none = |market: &InstrumentView| MarketState::Auction < market.state;
        index.health() == Health::Frozen || (live.peek().is_some() && live.all(takes_none))
    }

    /// What the venue told everybody.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// What holds markets now, by scope and cause.
    pub fn halts(&self) -> impl Iterator<Item = &types::Halt> {
        self.halts.values()
    }
}
