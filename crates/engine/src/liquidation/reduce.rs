//! One round through the book: the position that needs most is reduced, as far as it must, as the
//! book allows, and at a fee.

use alloc::vec::Vec;

use risk::bankruptcy::Backed;
use types::planted::{self, Bug};
use types::units::divide;
use types::{
    AccountId, Amount, Event, Label, LedgerAccount, LiquidationAction, Lots, MarginSnapshot,
    OrderKind, PlaceOrder, RiskTerms, Rounding, Side, Ticks, TimeInForce, TransferReason,
};

use crate::engine::Engine;
use crate::holding::signed;
use crate::place::Plan;

const MILLION: u64 = 1_000_000;
/// A round that trades less than one in so many of the lots that it may is idle.
const CRUMBS: u64 = 20;

/// What a round closes of one position.
struct Part {
    holding: u32,
    side: Side,
    limit: Ticks,
    /// Lots that the other side shows up to the limit.
    depth: u64,
    wanted: u64,
    lots: Lots,
}

impl Engine {
    /// Trades, and says whether the book gave something worth another round.
    pub(super) fn reduce(
        &mut self,
        account: AccountId,
        is_lost: bool,
        events: &mut Vec<Event>,
    ) -> bool {
        let terms = self.pace(is_lost);
        let mut found = false;
        for part in self.parts(account, &terms) {
            let size = self.holdings.at(part.holding).size.size();
            let filled = self.reduce_by(account, &part, events);
            // LIQ-16: crumbs do not count.
            let asked = risk::liquidation::round_lots(&terms, part.wanted, size, u64::MAX);
            found |= filled != Lots::ZERO && asked <= u64::from(filled.0) * CRUMBS;
            // A trade may have been one too many for its market (BRK-7).
            if self.is_restored(&self.margin_of(account)) || !self.may_liquidate(account) {
                break;
            }
        }
        found
    }

    /// What a round closes: as far as the book allows, and of several positions the same share, so
    /// that what hedged each other still does.
    fn parts(&self, account: AccountId, terms: &RiskTerms) -> Vec<Part> {
        let before = self.margin_of(account);
        let cost_ppm = self.risk_terms.slippage_ppm + self.risk_terms.fee_ppm;
        let wanted = self.to_close(account, &before, cost_ppm);
        let part = |(holding, wanted)| {
            let held = self.holdings.at(holding);
            let side = if held.size.0 < 0 { Side::Bid } else { Side::Ask };
            let limit = self.round_limit(holding, side, &before);
            let depth = self.depth_within(held.instrument.0, side, limit);
            let lots = risk::liquidation::round_lots(terms, wanted, held.size.size(), depth);
            Part { holding, side, limit, depth, wanted, lots: of_position(lots) }
        };
        let mut parts: Vec<Part> = wanted.into_iter().map(part).collect();
        let of = |part: &Part| (part.lots, self.holdings.at(part.holding).size.size());
        let same = risk::liquidation::same_share(&parts.iter().map(of).collect::<Vec<_>>());
        parts.iter_mut().zip(same).for_each(|(part, lots)| part.lots = lots);
        parts
    }

    fn reduce_by(&mut self, account: AccountId, part: &Part, events: &mut Vec<Event>) -> Lots {
        let before = self.margin_of(account);
        let Part { holding, side, limit, depth, .. } = *part;
        let (instrument, size) =
            (self.holdings.at(holding).instrument, self.holdings.at(holding).size.size());
        let mark = self.markets.at(instrument.0).mark;
        if part.lots != Lots::ZERO {
            self.trade_away(account, holding, (side, part.lots, limit), events);
        }
        let filled = of_position(size - self.holdings.at(holding).size.size());
        let fee = self.charge_fee(account, instrument.0, filled, events);
        self.watch_liquidated(instrument, filled, events);
        let index = self.markets.at(instrument.0).index;
        let index_price = self.indices.at(u32::from(index.0)).price;
        let action = LiquidationAction::Reduced {
            instrument,
            side,
            wanted: of_position(part.wanted),
            filled,
            limit,
            mark,
            index_price,
            depth,
            fee,
        };
        self.tell_step(account, action, before, events);
        filled
    }

    /// INS-7: what is lost goes as fast as the depth allows.
    fn pace(&self, is_lost: bool) -> RiskTerms {
        let round_ppm = if is_lost { 1_000_000 } else { self.risk_terms.round_ppm };
        RiskTerms { round_ppm, ..self.risk_terms }
    }

    /// LIQ-17: how far a round may trade: as far as the slippage, and of a future no further than
    /// its fillable price, once the operator has set terms for one.
    fn round_limit(&self, holding: u32, side: Side, margin: &MarginSnapshot) -> Ticks {
        let instrument = self.holdings.at(holding).instrument.0;
        let worst = self.worst_price(instrument, side);
        match (side, self.fillable_price(holding, margin)) {
            (_, None) => worst,
            (Side::Bid, Some(fillable)) => worst.min(fillable),
            (Side::Ask, Some(fillable)) => worst.max(fillable),
        }
    }

    /// Where closing a future loses what it may against the mark (venue.md §2.11.3), on the grid,
    /// rounded toward the mark.
    fn fillable_price(&self, holding: u32, margin: &MarginSnapshot) -> Option<Ticks> {
        let (terms, held) = (self.fillable?, self.holdings.at(holding));
        let market = self.markets.at(held.instrument.0);
        if market.spec.kind.is_option() {
            return None;
        }
        let rates = market.future_rates(held.size.size());
        let loss = risk::liquidation::fillable_loss(&terms, margin, rates.maintenance);
        let value = market.contract.value(market.mark, held.size.size(), Rounding::Up);
        let cost = signed(value, held.size, market);
        let backed = Backed { size: held.size, cost, margin: loss };
        let price = risk::bankruptcy::bankruptcy_price(&market.contract, &backed, 0)?;
        let is_long = 0 < held.size.0;
        let step = i128::from(market.tick_price);
        let rounding = if is_long { Rounding::Up } else { Rounding::Down };
        let ticks = divide(i128::from(price.0), step, rounding).clamp(1, Ticks::MAX.0.into());
        let ticks = Ticks(u32::try_from(ticks).expect("it is on the ladder"));
        Some(if is_long { market.snap_up(ticks) } else { market.snap_down(ticks) })
    }

    /// The mark ∓ the slippage, on the grid.
    fn worst_price(&self, instrument: u32, side: Side) -> Ticks {
        let market = self.markets.at(instrument);
        let (mark, slippage) = (u64::from(market.mark.0), u64::from(self.risk_terms.slippage_ppm));
        let price = |wide: u64| Ticks(u32::try_from(wide).unwrap_or(u32::MAX).min(Ticks::MAX.0));
        match side {
            Side::Bid => market.snap_down(price((mark * (MILLION + slippage)).div_ceil(MILLION))),
            Side::Ask => market.snap_up(price((mark * (MILLION - slippage) / MILLION).max(1))),
        }
    }

    /// Lots that the other side shows up to `limit`.
    fn depth_within(&self, instrument: u32, side: Side, limit: Ticks) -> u64 {
        let levels = self.books.levels(types::InstrumentId(instrument), side.opposite());
        let reached = levels.take_while(|(price, _)| side.reaches(limit, *price));
        reached.map(|(_, lots)| lots).sum()
    }

    /// An immediate-or-cancel order of the venue's on the account's behalf.
    fn trade_away(
        &mut self,
        account: AccountId,
        holding: u32,
        (side, size, price): (Side, Lots, Ticks),
        events: &mut Vec<Event>,
    ) {
        let Some(id) = self.books.admit() else {
            return;
        };
        let order = PlaceOrder {
            time_in_force: TimeInForce::ImmediateOrCancel,
            reduce_only: true,
            label: Label::new("liquidation").expect("short"),
            ..PlaceOrder::new(
                account,
                self.holdings.at(holding).instrument,
                side,
                OrderKind::Limit { price },
                size,
            )
        };
        let plan = Plan { price, size, hold: Amount::ZERO, may_rest: false };
        self.accept(&order, None, plan, id, events);
        self.match_or_rest(id.slot(), false, order.time_in_force, events);
    }

    /// LIQ-7: the fee goes to the insurance fund, as far as equity goes.
    fn charge_fee(
        &mut self,
        account: AccountId,
        instrument: u32,
        filled: Lots,
        events: &mut Vec<Event>,
    ) -> Amount {
        let market = self.markets.at(instrument);
        let value = market.contract.value(market.mark, filled.0.into(), Rounding::Up);
        let fee = value.times(self.risk_terms.fee_ppm.into(), 1_000_000, Rounding::Up);
        let equity = self.margin_of(account).equity;
        let is_bounded = !planted::is(Bug::LiquidationFeeBankrupts);
        let fee = if is_bounded { fee.min(equity).max(Amount::ZERO) } else { fee };
        if fee != Amount::ZERO {
            let (from, to) = (LedgerAccount::Collateral(account), LedgerAccount::Insurance);
            self.transfer(from, to, fee, TransferReason::Liquidation, events);
        }
        fee
    }
}

/// Lots of a position, or of a part of one.
fn of_position(lots: u64) -> Lots {
    Lots(u32::try_from(lots).expect("a position is within the largest size"))
}
