//! One instrument: its terms and what its market looks like.

use alloc::collections::VecDeque;
use alloc::string::String;

use types::{
    Amount, At, Contract, IndexId, IndexPrice, Instrument, InstrumentId, MarketState, OptionMark,
    Rounding, Ticks, Traded,
};

use crate::book::Book;
use crate::candles::Candles;
use crate::funding::Funding;
use crate::halts::Auction;
use crate::limits::TRADES_PER_INSTRUMENT_MAX;
use crate::marks::Marks;
use crate::trades::{TickDirection, Trade};

/// An instrument and its market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentView {
    pub(crate) id: InstrumentId,
    pub(crate) index: IndexId,
    pub(crate) listed_at: At,
    pub(crate) name: String,
    pub(crate) spec: Instrument,
    pub(crate) contract: Contract,
    pub(crate) mark: Option<Ticks>,
    pub(crate) book: Book,
    pub(crate) trades: VecDeque<Trade>,
    pub(crate) last: Option<Ticks>,
    pub(crate) tick_direction: TickDirection,
    pub(crate) candles: Candles,
    pub(crate) open_interest: u64,
    pub(crate) option: Option<OptionMark>,
    pub(crate) marks: Marks,
    pub(crate) funding: Option<Funding>,
    pub(crate) delivered: Option<(IndexPrice, At)>,
    pub(crate) state: MarketState,
    pub(crate) auction: Option<Auction>,
}

/// Where an instrument is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It trades.
    Open,
    /// It has expired and waits for its delivery price.
    Expired,
    /// Its positions are settled.
    Delivered,
}

impl InstrumentView {
    pub(crate) fn listed(
        (id, index): (InstrumentId, IndexId),
        listed_at: At,
        spec: &Instrument,
        decimals: u8,
    ) -> InstrumentView {
        let contract = Contract::of(spec, decimals).expect("what is listed makes a contract");
        InstrumentView {
            id,
            index,
            listed_at,
            name: spec.name(),
            spec: spec.clone(),
            contract,
            mark: None,
            book: Book::default(),
            trades: VecDeque::new(),
            last: None,
            tick_direction: TickDirection::Plus,
            candles: Candles::default(),
            open_interest: 0,
            option: None,
            marks: Marks::default(),
            funding: None,
            delivered: None,
            state: MarketState::Open,
            auction: None,
        }
    }

    /// Its id in the domain.
    pub fn id(&self) -> InstrumentId {
        self.id
    }

    /// Its index.
    pub fn index(&self) -> IndexId {
        self.index
    }

    /// When it was listed.
    pub fn listed_at(&self) -> At {
        self.listed_at
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its terms.
    pub fn spec(&self) -> &Instrument {
        &self.spec
    }

    /// What its prices and sizes are worth.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Its mark price; `None` before the first report.
    pub fn mark(&self) -> Option<Ticks> {
        self.mark
    }

    /// What stands behind its mark, if it is an option that the engine has priced.
    pub fn option(&self) -> Option<&OptionMark> {
        self.option.as_ref()
    }

    /// Its marks over the last day.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Its funding; `None` for what has none, and before anything was told.
    pub fn funding(&self) -> Option<&Funding> {
        self.funding.as_ref()
    }

    /// The price of its index at which it was delivered, and when.
    pub fn delivered(&self) -> Option<(IndexPrice, At)> {
        self.delivered
    }

    /// What its market allows.
    pub fn state(&self) -> MarketState {
        self.state
    }

    /// The auction that runs.
    pub fn auction(&self) -> Option<&Auction> {
        self.auction.as_ref()
    }

    /// Where it is in its life.
    pub fn life(&self, now: At) -> Life {
        match (self.delivered, self.spec.kind.expiry()) {
            (Some(_), _) => Life::Delivered,
            (None, Some(expiry)) if expiry <= now => Life::Expired,
            (None, _) => Life::Open,
        }
    }

    /// Its visible book.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Its trades, oldest first; their numbers rise by one.
    pub fn trades(&self) -> &VecDeque<Trade> {
        &self.trades
    }

    /// Price of the last trade.
    pub fn last(&self) -> Option<Ticks> {
        self.last
    }

    /// Its candles.
    pub fn candles(&self) -> &Candles {
        &self.candles
    }

    /// Lots that are held long, which are as many as are held short.
    pub fn open_interest(&self) -> u64 {
        self.open_interest
    }

    /// The band around the mark in which orders may be priced: lowest and highest price.
    pub fn band(&self) -> Option<(Ticks, Ticks)> {
        const MILLION: u64 = 1_000_000;
        let (mark, band) = (u64::from(self.mark?.0), u64::from(self.spec.band_ppm));
        let low = (mark * MILLION.saturating_sub(band)).div_ceil(MILLION).max(1);
        let high = (mark * (MILLION + band) / MILLION).min(u64::from(Ticks::MAX.0));
        let [low, high] = [low, high].map(|price| u32::try_from(price).unwrap_or(Ticks::MAX.0));
        Some((Ticks(low), Ticks(high)))
    }

    /// Takes in a mark, and what stands behind it.
    pub(crate) fn set_mark(&mut self, at: At, mark: Ticks, option: Option<OptionMark>) {
        self.mark = Some(mark);
        self.option = option;
        self.marks.note(at, mark);
    }

    /// Its life is over: what only its marks were needed for is forgotten.
    pub(crate) fn deliver(&mut self, price: IndexPrice, at: At) {
        self.delivered = Some((price, at));
        self.option = None;
        self.marks = Marks::default();
    }

    /// Takes in a trade; as everybody sees it.
    pub(crate) fn trade(&mut self, traded: &Traded, at: At, liquidation: bool) -> Trade {
        self.tick_direction = self.tick_direction.after(self.last, traded.price);
        self.last = Some(traded.price);
        let value = self.value(traded);
        self.candles.add(at, traded.price, (traded.size, value));
        let trade = Trade {
            id: traded.trade,
            seq: traded.trade_seq,
            instrument: self.id,
            at,
            price: traded.price,
            size: traded.size,
            taker_side: traded.taker_side,
            tick_direction: self.tick_direction,
            index_price: traded.index_price,
            mark: traded.mark,
            liquidation,
        };
        if self.trades.len() == TRADES_PER_INSTRUMENT_MAX {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        trade
    }

    fn value(&self, traded: &Traded) -> Amount {
        self.contract.value(traded.price, u64::from(traded.size.0), Rounding::Down)
    }
}
