//! A holding: what one account has in one instrument, positions and open orders, and what they
//! need.
//!
//! # Arithmetic of positions
//! Each fill has one value `v`, the same for both sides. Its signed value is `+v` for the buyer and
//! `-v` for the seller; for inverse futures, whose value falls as the price rises, it is the other
//! way round. A position's cost is the sum of the signed values that opened it. Then
//!
//! ```text
//!   unrealised = signed value of the position at the mark - cost
//!   closing d of s lots with signed value w:  cost' = cost - c,  c = cost · d / s,
//!                                             realised = -(c + w)
//! ```
//!
//! so that over all holdings of an instrument Σ size = 0 and Σ cost + clearing balance = 0, to the
//! atom, whatever the rounding of `c` (venue.md §2.7 gives the worked figures).

use risk::portfolio::Exposed;
use risk::standard::{Rates, short_option};
use types::planted::{self, Bug};
use types::units::{Rounding, divide};
use types::{
    AccountId, Amount, Decimal, IndexPrice, InstrumentId, Kind, Lots, MarginRates, OptionRight,
    Side, SignedLots, Ticks,
};

use crate::market::Market;
use crate::orders::NONE;
use crate::root::Digested;

/// What one account has in one instrument.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub size: SignedLots,
    pub cost: Amount,
    /// Since the position was opened. A statistic: money moved when it was realised.
    pub realised: Amount,
    /// The size that its market knows of.
    pub noted: SignedLots,
    /// Funding of one lot when its share was moved last.
    pub funding_since: i128,
    /// Lots of open orders, those that may only reduce left out.
    pub open_bid: u64,
    pub open_ask: u64,
    /// Lots of open orders that may only reduce. Together they may be more than the position.
    pub reduce_bid: u64,
    pub reduce_ask: u64,
    /// What open orders hold for fees, premiums and prices away from the mark.
    pub holds: Amount,
    pub n_orders: u32,
    /// Ends of the list of its open orders, by slot.
    pub first: u32,
    pub last: u32,
    /// As of the last valuation of its account (see `valuation`).
    pub worth: Worth,
    pub digested: Digested,
}

/// What an open order counts for in its holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub side: Side,
    pub reduce_only: bool,
    pub lots: Lots,
    pub hold: Amount,
}

/// What a holding is worth and needs, at one mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worth {
    pub initial: Amount,
    pub maintenance: Amount,
    pub unrealised: Amount,
    pub options_value: Amount,
    /// What moves with prices, as `valuation` counts it.
    pub exposure: Amount,
    /// What rounding may move.
    pub rounded: Amount,
    /// Portfolio margin: what of it is in the scenarios, and what is needed beside them.
    pub scanned: Exposed,
    pub beside: Rates,
}

/// Atoms that rounding may move what a holding is worth and needs by.
const ROUNDED: Amount = Amount(8);

impl Holding {
    pub fn new(account: AccountId, instrument: InstrumentId) -> Holding {
        Holding {
            account,
            instrument,
            size: SignedLots::ZERO,
            cost: Amount::ZERO,
            realised: Amount::ZERO,
            noted: SignedLots::ZERO,
            funding_since: 0,
            open_bid: 0,
            open_ask: 0,
            reduce_bid: 0,
            reduce_ask: 0,
            holds: Amount::ZERO,
            n_orders: 0,
            first: NONE,
            last: NONE,
            worth: Worth::default(),
            digested: Digested::New,
        }
    }

    /// Takes in what an open order counts for.
    pub fn count(&mut self, counted: &Counted) {
        *self.lots_mut(counted) += u64::from(counted.lots.0);
        self.holds = self.holds.plus(counted.hold);
    }

    /// Takes out what an open order counted for.
    pub fn uncount(&mut self, counted: &Counted) {
        let lots = self.lots_mut(counted);
        *lots = lots.checked_sub(u64::from(counted.lots.0)).expect("an open order was counted");
        self.holds = self.holds.minus(counted.hold);
    }

    fn lots_mut(&mut self, counted: &Counted) -> &mut u64 {
        match (counted.side, counted.reduce_only) {
            (Side::Bid, false) => &mut self.open_bid,
            (Side::Ask, false) => &mut self.open_ask,
            (Side::Bid, true) => &mut self.reduce_bid,
            (Side::Ask, true) => &mut self.reduce_ask,
        }
    }

    /// Lots that open orders of `side` can trade: what may only reduce trades at most the position,
    /// which then is not there any more to stand against the others.
    pub fn tradable(&self, side: Side) -> i64 {
        let (open, reduce) = match side {
            Side::Bid => (self.open_bid, self.reduce_bid),
            Side::Ask => (self.open_ask, self.reduce_ask),
        };
        let lots = open + reduce.min(self.reducible(side));
        i64::try_from(lots).expect("bounded by the largest size")
    }

    /// How far position and open orders could go on `side`, in lots.
    pub fn reach(&self, side: Side) -> u64 {
        match side {
            Side::Bid => (self.size.0 + self.tradable(side)).unsigned_abs(),
            Side::Ask => (self.size.0 - self.tradable(side)).unsigned_abs(),
        }
    }

    /// Lots of the position that orders may close which only reduce.
    pub fn closing(&self) -> u64 {
        let closes = |side, lots: u64| lots.min(self.reducible(side));
        closes(Side::Bid, self.reduce_bid) + closes(Side::Ask, self.reduce_ask)
    }

    /// It as it is once orders have traded that make the position larger.
    pub fn grown(&self) -> Holding {
        let more = if self.size.0 < 0 { self.open_ask } else { self.open_bid };
        let more = i64::try_from(more).expect("bounded by the largest size");
        let size = SignedLots(self.size.0 + more * self.size.0.signum());
        match self.size.0 < 0 {
            true => Holding { size, open_ask: 0, ..self.clone() },
            false => Holding { size, open_bid: 0, ..self.clone() },
        }
    }

    /// It as it is once those lots are closed: a smaller position, and the orders that may open.
    pub fn closed(&self) -> Holding {
        let left = i64::try_from(self.size.size() - self.closing()).expect("no more than it was");
        let size = SignedLots(left * self.size.0.signum());
        Holding { size, reduce_bid: 0, reduce_ask: 0, ..self.clone() }
    }

    /// Lots that an order on `side` can take off the position.
    pub fn reducible(&self, side: Side) -> u64 {
        let reduces = match side {
            Side::Bid => self.size.0 < 0,
            Side::Ask => 0 < self.size.0,
        };
        if reduces { self.size.size() } else { 0 }
    }

    /// Takes a fill of `lots` on `side` with the signed value `w` in; returns what it realises.
    /// The share of cost that leaves is rounded up: against the one who closes.
    pub fn fill(&mut self, side: Side, lots: Lots, w: Amount) -> Amount {
        let d = match side {
            Side::Bid => i64::from(lots.0),
            Side::Ask => -i64::from(lots.0),
        };
        let opens = self.size.0 == 0 || (self.size.0 < 0) == (d < 0);
        let realised = if opens { self.open_more(d, w) } else { self.close_some(d, w) };
        self.realised = Amount(self.realised.0.saturating_add(realised.0));
        if self.size == SignedLots::ZERO {
            self.realised = Amount::ZERO;
        }
        realised
    }

    fn open_more(&mut self, d: i64, w: Amount) -> Amount {
        self.size.0 += d;
        self.cost = self.cost.plus(w);
        Amount::ZERO
    }

    fn close_some(&mut self, d: i64, w: Amount) -> Amount {
        let (held, closing) = (self.size.size(), d.unsigned_abs());
        if closing <= held {
            let leaves = share(self.cost, closing, held);
            self.size.0 += d;
            self.cost = self.cost.minus(leaves);
            return leaves.plus(w).negated();
        }
        let closing_value = share(w, held, closing);
        let realised = self.cost.plus(closing_value).negated();
        self.size.0 += d;
        self.cost = w.minus(closing_value);
        realised
    }

    /// What it owes of the funding since its share was moved last; below zero: is owed.
    pub fn funding_owed(&self, now: i128) -> Amount {
        risk::funding::owed(self.size, self.funding_since, now)
    }

    /// What it is worth and needs with the market as it is.
    pub fn valued(&self, market: &Market, index: IndexPrice) -> Worth {
        if market.mark.0 == 0 {
            return Worth::default();
        }
        if market.spec.kind.is_option() {
            return self.valued_option(market, index);
        }
        let at_mark = market.contract.value(market.mark, self.size.size(), Rounding::Down);
        let maintenance = market.future_rates(self.size.size()).maintenance;
        let slope_ppb = market.margin.map_or(0, |terms| terms.slope_ppb);
        let step_of_rate = match slope_ppb {
            0 => Amount::ZERO,
            _ => at_mark.times(slope_ppb.into(), 1_000_000_000, Rounding::Up),
        };
        Worth {
            initial: self.initial(market, index),
            maintenance,
            unrealised: signed(at_mark, self.size, market)
                .minus(self.cost)
                .minus(self.funding_owed(market.funded())),
            options_value: Amount::ZERO,
            exposure: at_mark.plus(maintenance).plus(maintenance),
            rounded: self.rounded().plus(step_of_rate),
            ..Worth::default()
        }
    }

    /// A position of none is worth nothing, exactly.
    fn rounded(&self) -> Amount {
        if self.size == SignedLots::ZERO { Amount::ZERO } else { ROUNDED }
    }

    /// What it needs to be opened with the market as it is, its open orders with it (MAR-3, MAR-5).
    pub fn initial(&self, market: &Market, index: IndexPrice) -> Amount {
        if market.mark.0 == 0 {
            return Amount::ZERO;
        }
        let mut needed = self.reached(market, index);
        if market.is_closing_exact && self.closing() != 0 {
            let grown = self.grown();
            needed = needed.max(self.if_closed(market, index)).max(grown.if_closed(market, index));
        }
        needed.plus(self.holds)
    }

    /// What is needed once all is closed that orders may close which only reduce, and what that
    /// may have cost.
    fn if_closed(&self, market: &Market, index: IndexPrice) -> Amount {
        let paid = if self.is_long_option(market) { 0 } else { self.closing() };
        self.closed().reached(market, index).plus(released(market, index, paid))
    }

    fn is_long_option(&self, market: &Market) -> bool {
        market.spec.kind.is_option() && 0 < self.size.0
    }

    /// Initial margin of the furthest that position and open orders could go.
    fn reached(&self, market: &Market, index: IndexPrice) -> Amount {
        if market.spec.kind.is_option() {
            let short_if_filled = self.tradable(Side::Ask) - self.size.0;
            let short = u64::try_from(short_if_filled).unwrap_or(0);
            return short_option_rates(market, index, short).initial;
        }
        let asks = if planted::is(Bug::OpenAsksNeedNoMargin) { Side::Bid } else { Side::Ask };
        let reached = self.reach(Side::Bid).max(self.reach(asks));
        market.future_rates(reached).initial
    }

    /// MAR-4: a long option needs nothing beyond its premium; a short one its value and a share of
    /// the underlying.
    fn valued_option(&self, market: &Market, index: IndexPrice) -> Worth {
        let short = u64::try_from(-self.size.0).unwrap_or(0);
        let at_mark = market.contract.value(market.mark, self.size.size(), Rounding::Down);
        Worth {
            initial: self.initial(market, index),
            maintenance: short_option_rates(market, index, short).maintenance,
            unrealised: Amount::ZERO,
            options_value: if self.size.0 < 0 { at_mark.negated() } else { at_mark },
            exposure: millionths(market.contract.underlying(index, short), exposed_ppm(market)),
            rounded: self.rounded(),
            ..Worth::default()
        }
    }
}

/// `amount × part / whole`, up.
fn share(amount: Amount, part: u64, whole: u64) -> Amount {
    let product = i128::from(amount.0) * i128::from(part);
    Amount::narrow(divide(product, i128::from(whole), Rounding::Up))
}

/// What of the underlying of a short option may move: its value and a maintenance rate of that, and
/// the same rate of the underlying.
fn exposed_ppm(market: &Market) -> u32 {
    let rate = market.margin.map_or(market.spec.margin.maintenance_ppm, |of| of.maintenance_ppm);
    1_000_000 + 2 * rate
}

fn millionths(amount: Amount, ppm: u32) -> Amount {
    amount.times(i64::from(ppm), 1_000_000, Rounding::Up)
}

/// The signed value of a position (see the module).
pub(crate) fn signed(value: Amount, size: SignedLots, market: &Market) -> Amount {
    if (size.0 < 0) != market.contract.is_quotient() { value.negated() } else { value }
}

/// The signed value of a fill for the one on `side`.
pub(crate) fn signed_fill(value: Amount, side: Side, market: &Market) -> Amount {
    if (side == Side::Ask) != market.contract.is_quotient() { value.negated() } else { value }
}

/// What short options need: their value and a share of the underlying, by the instrument's rates
/// alone or by the terms that the operator set.
fn short_option_rates(market: &Market, index: IndexPrice, lots: u64) -> Rates {
    let value = market.contract.value(market.mark, lots, Rounding::Up);
    let underlying = market.contract.underlying(index, lots);
    if let (Some(terms), Kind::Option { strike, right, .. }) = (&market.margin, market.spec.kind) {
        let otm = out_of_the_money(market, (strike, right), index, lots);
        return short_option(terms, right, value, underlying, otm);
    }
    let MarginRates { initial_ppm, maintenance_ppm } = market.spec.margin;
    Rates {
        initial: millionths(underlying, initial_ppm).plus(value),
        maintenance: millionths(underlying, maintenance_ppm).plus(value),
    }
}

/// What the option of the other right and the same strike would pay: how far this one is out of the
/// money. Rounded down, against the one who is short.
fn out_of_the_money(
    market: &Market,
    (strike, right): (Decimal, OptionRight),
    index: IndexPrice,
    lots: u64,
) -> Amount {
    let other = match right {
        OptionRight::Call => OptionRight::Put,
        OptionRight::Put => OptionRight::Call,
    };
    if index.0 == 0 || lots == 0 {
        return Amount::ZERO;
    }
    market.contract.payoff(strike, other, index, lots, Rounding::Down)
}

/// What an order of `lots` at `limit` holds beside margin (MAR-3): for futures the loss against the
/// mark if it fills at its limit and the fee at the worse of both prices; for purchases of options
/// the premium and the fee. Whoever sells an option pays its fee from the premium.
pub(crate) fn order_hold(
    market: &Market,
    index: IndexPrice,
    side: Side,
    limit: Ticks,
    lots: Lots,
) -> Amount {
    let is_option = market.spec.kind.is_option();
    if is_option && side == Side::Ask {
        return Amount::ZERO;
    }
    let lots = u64::from(lots.0);
    let at_limit = market.contract.value(limit, lots, Rounding::Up);
    let at_mark = market.contract.value(market.mark, lots, Rounding::Up);
    let fees = market.spec.fees;
    let rate = fees.maker_ppm.max(fees.taker_ppm).max(0);
    let fee = fee(market, index, rate, at_limit.max(at_mark), lots);
    if is_option {
        return at_limit.plus(fee);
    }
    let loss = signed_fill(at_limit.minus(at_mark), side, market).max(Amount::ZERO);
    // One atom for the rounding of each of the two values.
    loss.plus(fee).plus(Amount(2))
}

/// MAR-5: what a reduce-only order holds: that by which its loss and its fee exceed the initial
/// margin of what it closes. Near the mark that is nothing, so whoever is short of money can close.
pub(crate) fn closing_hold(
    market: &Market,
    index: IndexPrice,
    side: Side,
    limit: Ticks,
    lots: Lots,
) -> Amount {
    let hold = order_hold(market, index, side, limit, lots);
    hold.minus(released(market, index, lots.0.into())).max(Amount::ZERO)
}

/// PM-9: what an order holds where the value of options is equity. Of an option it is what filling
/// it at its limit loses of that, and the fee; a purchase that may open holds all of its premium.
/// One that only reduces is paid by what is `freed` with what it closes.
pub(crate) fn netted_hold(
    market: &Market,
    index: IndexPrice,
    (side, limit): (Side, Ticks),
    lots: Lots,
    freed: Option<Amount>,
) -> Amount {
    let held = order_hold(market, index, side, limit, lots);
    if !market.spec.kind.is_option() || (side == Side::Bid && freed.is_none()) {
        return held.minus(freed.unwrap_or_default()).max(Amount::ZERO);
    }
    let lots = u64::from(lots.0);
    let at_limit = market.contract.value(limit, lots, Rounding::Down);
    let at_mark = market.contract.value(market.mark, lots, Rounding::Up);
    let fees = market.spec.fees;
    let rate = fees.maker_ppm.max(fees.taker_ppm).max(0);
    let fee = fee(market, index, rate, at_limit.max(at_mark), lots);
    let gained = signed_fill(at_mark.minus(at_limit), side, market);
    fee.minus(gained).minus(freed.unwrap_or_default()).max(Amount::ZERO)
}

/// Initial margin of so many lots by the instrument's rate.
pub(crate) fn released(market: &Market, index: IndexPrice, lots: u64) -> Amount {
    let ppm = market.margin.map_or(market.spec.margin.initial_ppm, |terms| terms.initial_ppm);
    match market.spec.kind.is_option() {
        true => short_option_rates(market, index, lots).initial,
        false => millionths(market.contract.value(market.mark, lots, Rounding::Down), ppm),
    }
}

/// FEE-1, FEE-2: a share of the value for futures; for options a share of the underlying, at most
/// an eighth of the premium. Rounded up; a rebate is below zero and rounded toward the venue.
pub(crate) fn fee(
    market: &Market,
    index: IndexPrice,
    ppm: i32,
    value: Amount,
    lots: u64,
) -> Amount {
    if !market.spec.kind.is_option() {
        let is_for_payer = planted::is(Bug::FeeRoundsForPayer);
        let rounding = if is_for_payer { Rounding::Down } else { Rounding::Up };
        return value.times(i64::from(ppm), 1_000_000, rounding);
    }
    let of_underlying = market.contract.underlying(index, lots);
    let fee = of_underlying.times(i64::from(ppm), 1_000_000, Rounding::Up);
    let most = Amount(value.0 / 8);
    fee.clamp(most.negated(), most)
}
