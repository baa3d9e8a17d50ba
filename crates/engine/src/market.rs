//! A market: one instrument with what changes about it, and the index behind it.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use pricing::StrikeTerms;
use risk::funding::FundingState;
use risk::standard::Rates;
use types::planted::{self, Bug};
use types::units::divide;
use types::{
    Amount, AssetCode, At, Contract, Decimal, IndexId, IndexPrice, Instrument, Kind, Lots,
    MarginRates, MarginTerms, MarketState, OpenInterestBand, Reject, Rounding, Side, SignedLots,
    TermsFault, Ticks, limits,
};

use crate::halts::Watch;
use crate::prices::{FuturePrices, IndexPrices, as_index_price};
use crate::root::Digested;
use crate::valuation::{Odometer, Seen};

/// A listed instrument.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub spec: Instrument,
    pub contract: Contract,
    /// Of the settlement asset.
    pub decimals: u8,
    pub index: IndexId,
    pub listed_at: At,
    /// Zero until the first one is reported.
    pub mark: Ticks,
    pub seen: Seen,
    /// Price of the last trade; zero: none.
    pub last: Ticks,
    /// Trades so far.
    pub trade_seq: u64,
    /// Holdings of this instrument.
    pub holdings: Vec<u32>,
    /// Those of them that are long, and those that are short.
    pub longs: BTreeSet<u32>,
    pub shorts: BTreeSet<u32>,
    /// Lots that are held long.
    pub open_interest: u64,
    /// One tick of a future, in hundred-millionths of the quote; zero for options.
    pub tick_price: u64,
    /// What an option is priced by.
    pub strike: Option<StrikeTerms>,
    /// Of a future whose index has a feed.
    pub prices: Option<Box<FuturePrices>>,
    /// How its margin is made, once the operator has said so; before that, by the rates alone.
    pub margin: Option<MarginTerms>,
    /// How its open interest raises what it needs to open, once the operator has said so.
    pub crowding: Option<Crowding>,
    /// What one lot gains or loses in each scenario of the portfolio margin (`risk::portfolio`).
    pub grid: Option<Vec<i64>>,
    /// How far the grid moved since it was read last, or one if it did not and something else did
    /// that margin hangs on (see `valuation`).
    pub grid_step: u64,
    /// What it allows.
    pub state: MarketState,
    /// Once it has breakers.
    pub watch: Option<Box<Watch>>,
    /// By version 3 of the rules: what a position releases is needed until it is closed, where
    /// other orders need as much after that.
    pub is_closing_exact: bool,
    /// The price at which its positions were settled, once they are.
    pub delivered: Option<IndexPrice>,
    pub digested: Digested,
}

/// How open interest raises what a future needs to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowding {
    pub band: OpenInterestBand,
    /// How much of the band was used up when marks were made last, in billionths.
    pub way_ppb: u32,
}

/// A price index. Zero until the first price is reported.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub base: AssetCode,
    pub quote: AssetCode,
    pub price: IndexPrice,
    /// With a feed; `None`: the operator types its price.
    pub prices: Option<Box<IndexPrices>>,
    /// Its instruments that are not delivered: perpetuals, then by expiry, then by id.
    pub live: Vec<u32>,
    pub odometer: Odometer,
    pub digested: Digested,
}

impl Index {
    /// Without a price.
    pub fn new(base: AssetCode, quote: AssetCode) -> Index {
        Index {
            base,
            quote,
            price: IndexPrice(0),
            prices: None,
            live: Vec::new(),
            odometer: Odometer::default(),
            digested: Digested::New,
        }
    }

    /// True if the mark of an option follows from the surface of its expiry.
    pub fn marks(&self, market: &Market) -> bool {
        let surface = |prices: &IndexPrices| {
            market.spec.kind.expiry().is_some_and(|expiry| prices.surface(expiry).is_some())
        };
        market.strike.is_some() && self.prices.as_deref().is_some_and(surface)
    }
}

const MILLION: u64 = 1_000_000;

impl Market {
    /// A new one, without prices.
    pub fn new(
        spec: Instrument,
        (contract, decimals): (Contract, u8),
        index: IndexId,
        listed_at: At,
    ) -> Market {
        let tick_price = spec.tick_price().filter(|_| !spec.kind.is_option()).unwrap_or(0);
        Market {
            strike: StrikeTerms::of(&spec),
            spec,
            contract,
            decimals,
            index,
            listed_at,
            mark: Ticks(0),
            seen: Seen::default(),
            last: Ticks(0),
            trade_seq: 0,
            holdings: Vec::new(),
            longs: BTreeSet::new(),
            shorts: BTreeSet::new(),
            open_interest: 0,
            tick_price,
            prices: None,
            margin: None,
            crowding: None,
            grid: None,
            grid_step: 0,
            state: MarketState::Open,
            watch: None,
            is_closing_exact: false,
            delivered: None,
            digested: Digested::New,
        }
    }

    /// Takes in that the position of a holding was of one size and is of another.
    pub fn note_size(&mut self, holding: u32, was: SignedLots, size: SignedLots) {
        let long = |size: SignedLots| u64::try_from(size.0).unwrap_or(0);
        self.open_interest = self.open_interest + long(size) - long(was);
        if was.0.signum() == size.0.signum() {
            return;
        }
        self.longs.remove(&holding);
        self.shorts.remove(&holding);
        match size.0.signum() {
            0 => false,
            1 => self.longs.insert(holding),
            _ => self.shorts.insert(holding),
        };
    }

    /// MAR-11: how much of its band the open interest uses up at the mark, in billionths.
    pub fn crowding_ppb(&self, band: &OpenInterestBand) -> u32 {
        let mark = as_index_price(self.mark, self.tick_price);
        let open_interest = match self.open_interest {
            0 => Amount::ZERO,
            lots => self.contract.value_at(mark, lots, Rounding::Up),
        };
        risk::standard::way_through(band, open_interest)
    }

    /// Funding of one lot so far (see `risk::FundingState`); zero where there is none.
    pub fn funded(&self) -> i128 {
        let funding = self.prices.as_ref().and_then(|prices| prices.funding.as_ref());
        funding.map_or(0, FundingState::cumulative)
    }

    /// What `lots` of a future need (MAR-3, MAR-7, MAR-11).
    pub fn future_rates(&self, lots: u64) -> Rates {
        let is_by_last = planted::is(Bug::MarginOnLastPrice) && self.last != Ticks(0);
        let price = if is_by_last { self.last } else { self.mark };
        let value = self.contract.value(price, lots, Rounding::Up);
        let rates = self.uncrowded_rates(lots, value);
        match &self.crowding {
            None => rates,
            Some(Crowding { way_ppb, .. }) => {
                Rates { initial: risk::standard::crowded(rates.initial, value, *way_ppb), ..rates }
            }
        }
    }

    fn uncrowded_rates(&self, lots: u64, value: Amount) -> Rates {
        if let Some(terms) = &self.margin {
            return risk::standard::future(terms, value, self.base_milli(lots, value));
        }
        let MarginRates { initial_ppm, maintenance_ppm } = self.spec.margin;
        let share = |ppm: u32| value.times(ppm.into(), 1_000_000, Rounding::Up);
        Rates { initial: share(initial_ppm), maintenance: share(maintenance_ppm) }
    }

    /// Size of `lots` of this value in thousandths of the base, up.
    fn base_milli(&self, lots: u64, value: Amount) -> u64 {
        let (amount, scale) = match self.contract.is_quotient() {
            true => (i128::from(value.0), self.decimals),
            false => {
                (i128::from(lots) * i128::from(self.spec.lot.mantissa()), self.spec.lot.scale())
            }
        };
        let milli = divide(amount * 1_000, 10_i128.pow(u32::from(scale)), Rounding::Up);
        u64::try_from(milli).unwrap_or(u64::MAX)
    }

    /// Lowest price of a sale and highest of a purchase (ORD-9): the mark ∓ the band.
    pub fn band(&self) -> (Ticks, Ticks) {
        let (mark, band) = (u64::from(self.mark.0), u64::from(self.spec.band_ppm));
        let low = (mark * (MILLION - band)).div_ceil(MILLION).max(1);
        let high = (mark * (MILLION + band) / MILLION).min(u64::from(Ticks::MAX.0));
        (ticks(low), ticks(high))
    }

    /// Whether a future's ladder reaches an index price: beyond it a position need not be worth an
    /// amount that can be counted. No price is none.
    pub fn is_on_ladder(&self, price: IndexPrice) -> bool {
        let most = u64::from(Ticks::MAX.0).saturating_mul(self.tick_price);
        (self.tick_price.max(1)..=most).contains(&price.0)
    }

    /// ORD-8: a price stands on the grid in force there.
    pub fn check_grid(&self, price: Ticks) -> Result<(), Reject> {
        if price.0 == 0 || Ticks::MAX < price {
            return Err(Reject::PriceOutOfRange { price });
        }
        let below = self.snap_down(price);
        if below == price {
            return Ok(());
        }
        Err(Reject::PriceOffTick { price, below, above: self.snap_up(price) })
    }

    /// The highest price of the grid at or below `price`.
    pub fn snap_down(&self, price: Ticks) -> Ticks {
        let step = self.spec.tick_at(price);
        Ticks(price.0 - price.0 % step)
    }

    /// The lowest price of the grid at or above `price`.
    pub fn snap_up(&self, price: Ticks) -> Ticks {
        let step = self.spec.tick_at(price);
        Ticks(price.0.next_multiple_of(step))
    }

    /// Where a market order ends: the edge of the band, on the grid.
    pub fn market_limit(&self, side: Side) -> Ticks {
        let (low, high) = self.band();
        match side {
            Side::Bid => self.snap_down(high),
            Side::Ask => self.snap_up(low),
        }
    }

    /// The best price of `side` that does not take from `best` of the other side; zero if none.
    pub fn passive(&self, side: Side, best: Ticks) -> Ticks {
        match side {
            Side::Bid => self.snap_down(Ticks(best.0 - 1)),
            Side::Ask => self.snap_up(Ticks(best.0 + 1)),
        }
    }
}

fn ticks(number: u64) -> Ticks {
    Ticks(u32::try_from(number).expect("bounded by the ladder"))
}

/// The contract that the terms make, or what is wrong with them.
pub(crate) fn check_terms(
    spec: &Instrument,
    asset: AssetCode,
    decimals: u8,
    at: At,
) -> Result<Contract, Reject> {
    let refuse = |fault| Err(Reject::InstrumentTermsContradict { fault });
    if spec.settlement() != asset {
        return refuse(TermsFault::SettlementAsset);
    }
    let (tick, lot) = (spec.tick, spec.lot);
    if [tick, lot, spec.contract_size].iter().any(|step| step.mantissa() <= 0) {
        return refuse(TermsFault::StepNotPositive { tick, lot });
    }
    let divides = |a: Decimal, b: Decimal| a.whole_ratio(b).is_some();
    if !divides(spec.contract_size, lot) && !divides(lot, spec.contract_size) {
        return refuse(TermsFault::ContractSize);
    }
    if spec.size_min == Lots::ZERO || spec.size_max < spec.size_min || Lots::MAX < spec.size_max {
        return refuse(TermsFault::SizeBounds);
    }
    if !steps_rise(spec) {
        return refuse(TermsFault::TickSteps);
    }
    if spec.kind.expiry().is_some_and(|expiry| expiry <= at || !is_eight_utc(expiry)) {
        return refuse(TermsFault::Expiry);
    }
    if matches!(spec.kind, Kind::Option { strike, .. } if strike.mantissa() <= 0) {
        return refuse(TermsFault::Strike);
    }
    if !rates_fit(spec) {
        return refuse(TermsFault::Rates);
    }
    if !spec.kind.is_option() && spec.tick_price().is_none() {
        return refuse(TermsFault::Value);
    }
    Contract::of(spec, decimals)
        .ok_or(Reject::InstrumentTermsContradict { fault: TermsFault::Value })
}

/// Steps rise, each is a multiple of the one before, and each begins on its own grid.
fn steps_rise(spec: &Instrument) -> bool {
    if limits::TICK_STEPS_MAX < spec.tick_steps.len() {
        return false;
    }
    let mut before = (Ticks(0), 1);
    for step in &spec.tick_steps {
        let rises = before.0 < step.above && before.1 < step.multiple;
        if !rises || step.multiple % before.1 != 0 || step.above.0 % step.multiple != 0 {
            return false;
        }
        before = (step.above, step.multiple);
    }
    before.0 <= Ticks::MAX && u64::from(before.1) <= MILLION
}

fn is_eight_utc(at: At) -> bool {
    at.0 % At::DAY == 8 * 3_600_000
}

/// Rates are at most 100 %, the initial rate is at least 0.1 % and covers the maintenance rate, and
/// a rebate is never more than the fee of the other side.
fn rates_fit(spec: &Instrument) -> bool {
    let (fees, margin) = (spec.fees, spec.margin);
    let million = 1_000_000;
    let fee_fits = |ppm: i32| (-million..=million).contains(&ppm);
    fee_fits(fees.maker_ppm)
        && fee_fits(fees.taker_ppm)
        && 0 <= fees.maker_ppm + fees.taker_ppm
        && limits::INITIAL_PPM_MIN <= margin.initial_ppm
        && u64::from(margin.initial_ppm) <= MILLION
        && 0 < margin.maintenance_ppm
        && margin.maintenance_ppm <= margin.initial_ppm
        && u64::from(spec.band_ppm) <= MILLION
}
