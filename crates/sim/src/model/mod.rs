//! An independent model of one margin domain: it follows the log entry by entry, keeps books,
//! positions and money by itself, and judges every event by `docs/rules`.
//!
//! ```text
//!   Entry + Event* ──▶ checkers ──▶ state   accounts · orders · books · positions · money
//!                        │                     │ every few thousand entries
//!                        ▼                     ▼
//!                     Violation             compare with a live engine
//! ```
//! It decides nothing by `engine`, `book`, `risk`, `oracle` or `ledger`: a check by the code that
//! is checked would be none. Of `engine` it reads answers in [`Model::compare`], to compare them.
//!
//! | file | checkers |
//! |---|---|
//! | `log`, `listing` | `LOG-COHERENT` |
//! | `money` | `MONEY-CONSERVED` |
//! | `positions` | `POSITIONS-AGREE`, `POSITIONS-ZERO-SUM` |
//! | `fees` | `FEES-EXACT` |
//! | `orders`, `amends` | `ORDER-LIFE`, `AMEND-KEEPS-PLACE` |
//! | `matching` | `PRICE-TIME`, `REDUCE-ONLY` |
//! | `auctions` | `AUCTION-ONE-PRICE` |
//! | `self_trade` | `SELF-TRADE` |
//! | `ids` | `CLIENT-ID-ONCE`, `FENCE-HOLDS` |
//! | `cancels` | `CANCEL-GETS-IN` |
//! | `states` | `STATE-ALLOWS` |
//! | `protection` | `MMP-FREEZES` |
//! | `triggers` | `TRIGGER-REACHED`, `TRIGGER-DUE` |
//! | `gate` | `GATE-FRESH`, `INDEX-MEDIAN` |
//! | `funding` | `FUNDING-EXACT` |
//! | `liquidation` | `LIQUIDATION-JUST` |
//! | `backstops` | `BACKSTOP-FAIR` |
//! | `margin` | `MARGIN-COVERED` |
//! | `portfolio`, `scenarios` | `PORTFOLIO-EXACT`, `PORTFOLIO-COVERED` |
//! | `halts` | `HALT-HOLDS` |
//! | `breakers` | `BREAKER-HOLDS` |
//! | `prices` | `MARK-CLAMPED` |
//! | `delivery`, `samples` | `DELIVERY-FLAT`, `DELIVERY-MEAN` |
//! | `compare` | `ENGINE-AGREES` |
//!
//! A checker that has spoken leaves the model as it was in the middle of an entry: it is of no use
//! any more.

mod amends;
mod auctions;
mod backstops;
mod breakers;
mod cancels;
mod compare;
mod delivery;
mod fees;
mod funding;
mod gate;
mod halts;
mod ids;
mod liquidation;
mod listing;
mod log;
mod margin;
mod matching;
mod money;
mod orders;
mod portfolio;
mod positions;
mod prices;
mod protection;
mod reduction;
mod samples;
mod scenarios;
mod self_trade;
mod state;
mod states;
mod triggers;
mod worth;

#[cfg(test)]
mod tests;

use engine::Engine;
use types::{
    AccountId, AssetCode, CloseReason, Command, Entry, Event, IndexId, InstrumentId, LedgerAccount,
    OrderId, OrderPlaced, SessionId, Side, Traded, TransferReason,
};

use crate::Violation;
use state::{State, at};

/// What a checker answers.
pub(crate) type Check = Result<(), Violation>;

/// Fails with the checker's id and words, unless the condition holds. The words are made then only.
macro_rules! hold {
    ($condition:expr, $checker:expr, $($words:tt)+) => {
        if !$condition {
            return Err($crate::Violation::new($checker, format!($($words)+)));
        }
    };
}
pub(crate) use hold;

/// An independent model of one margin domain; see the module.
#[derive(Debug)]
pub struct Model {
    asset: AssetCode,
    state: State,
    untold: positions::Untold,
    auctions: auctions::Auctions,
    ids: ids::Ids,
    protections: protection::Protections,
    triggers: triggers::Triggers,
    gate: gate::Gate,
    fundings: funding::Fundings,
    liquidations: liquidation::Liquidations,
    halts: halts::Halts,
    samples: samples::Samples,
    breakers: breakers::Breakers,
    /// Who was stopped in this entry.
    killed: Option<AccountId>,
}

impl Model {
    /// Of an empty domain that settles in `asset`, which has `decimals` decimals.
    pub fn new(asset: AssetCode, decimals: u8) -> Model {
        Model {
            asset,
            state: State::new(decimals),
            untold: positions::Untold::default(),
            auctions: auctions::Auctions::default(),
            ids: ids::Ids::default(),
            protections: protection::Protections::default(),
            triggers: triggers::Triggers::default(),
            gate: gate::Gate::default(),
            fundings: funding::Fundings::default(),
            liquidations: liquidation::Liquidations::default(),
            halts: halts::Halts::default(),
            samples: samples::Samples::default(),
            breakers: breakers::Breakers::default(),
            killed: None,
        }
    }

    /// Follows one entry of the log and what it did. The first broken promise is returned.
    pub fn follow(&mut self, entry: &Entry, events: &[Event]) -> Result<(), Violation> {
        self.take_in(entry, events).map_err(|violation| Violation {
            words: format!("entry {}: {}", entry.seq, violation.words),
            ..violation
        })
    }

    /// What an entry that was followed counts as in a summary, beside its events.
    pub fn mark(&self, entry: &Entry, events: &[Event]) -> Option<&'static str> {
        portfolio::mark(&self.state, entry, events)
    }

    /// An open order of a session.
    pub(crate) fn left_of(&self, session: SessionId) -> Option<OrderId> {
        self.state.orders.of_session(session)
    }

    /// Compares what the model has with a live engine, all of it: balances, positions, open orders,
    /// books, marks, states.
    pub fn compare(&self, engine: &Engine) -> Result<(), Violation> {
        compare::compare(&self.state, self.asset, engine)
    }

    fn take_in(&mut self, entry: &Entry, events: &[Event]) -> Check {
        log::begin(&mut self.state, entry)?;
        if let [Event::Refused(reject)] = events {
            portfolio::refused(&self.state, entry, reject)?;
            return cancels::refused(&self.state, &self.triggers, entry, reject);
        }
        log::check_alone(events)?;
        cancels::begin(&self.state, &self.triggers, entry, events)?;
        self.fundings.begin_entry(&mut self.state, &self.gate, &entry.command, events)?;
        match &entry.command {
            Command::Tick => self.state.scenarios.is_due = true,
            Command::ReportSurface(signed) => {
                let report = &signed.report;
                if let Some(index) = self.state.index_of(report.base, report.quote) {
                    self.state.scenarios.reported(index, report);
                }
            }
            _ => {}
        }
        for event in events {
            self.see(entry, event)?;
        }
        self.take_in_scenarios();
        self.end(entry)
    }

    /// PM-2: what stands at a tick, once its marks are made.
    fn take_in_scenarios(&mut self) {
        if std::mem::take(&mut self.state.scenarios.is_due) {
            scenarios::take_in(&mut self.state, None);
        }
    }

    /// What holds after every entry.
    fn end(&mut self, entry: &Entry) -> Check {
        orders::end(&self.state)?;
        money::end(&self.state)?;
        positions::end(&mut self.state, &self.untold)?;
        self.auctions.end(&self.state)?;
        self.protections.end(&self.state)?;
        self.halts.end(&self.state)?;
        self.liquidations.end(&self.state, &self.breakers)?;
        cancels::end(&self.state, &self.triggers, entry)?;
        if let Some(killed) = self.killed.take() {
            cancels::check_stopped(&self.state, &self.triggers, killed)?;
        }
        if entry.command == Command::Tick {
            self.gate.check_ticked(self.state.at)?;
            self.samples.look(&self.state, &self.gate);
            self.triggers.check_due(&self.state, &self.gate)?;
        }
        self.triggers.end()?;
        self.fundings.end(&mut self.state)?;
        if entry.command == Command::StartTerm {
            self.gate.check_started()?;
        }
        self.state.delivery = None;
        self.state.paid = None;
        self.state.closings.clear();
        Ok(())
    }

    /// One event, to whom it concerns; the most frequent first.
    fn see(&mut self, entry: &Entry, event: &Event) -> Check {
        let state = &mut self.state;
        if !matches!(event, Event::Transferred { .. } | Event::PositionChanged { .. }) {
            // Funding for a change is paid right before it; what came before this was not for one.
            state.paid = None;
        }
        match event {
            Event::OrderPlaced(placed) => self.placed(entry, placed),
            Event::OrderRested { order, price, open, displayed } => {
                states::rests(state, *order)?;
                self.protections.check_free(state, *order)?;
                orders::rested(state, *order, (*price, *open, *displayed))
            }
            Event::OrderClosed { order, reason } => self.closed(entry, *order, *reason),
            Event::Traded(trade) => self.traded(trade),
            Event::Transferred { from, to, amount, reason } => {
                self.transferred(entry, (*from, *to), *amount, *reason)
            }
            Event::PositionChanged { account, instrument, size, cost } => {
                let of = (*account, *instrument);
                positions::changed(state, &mut self.untold, entry, of, (*size, *cost))
            }
            Event::OrderReplenished { order, displayed } => {
                orders::replenished(state, *order, *displayed)
            }
            Event::OrderAmended { order, .. } => {
                let Some(told) = amends::Amended::of(event, *order) else {
                    return Ok(());
                };
                let known = state.order(*order)?;
                let before = state.holding(known.account, known.instrument);
                // What an order of a better price holds less pays for a larger one.
                let is_worse = match known.side {
                    Side::Bid => known.price <= told.price,
                    Side::Ask => told.price <= known.price,
                };
                let is_alike = known.price == told.price;
                let is_netted = state.account(known.account)?.is_portfolio;
                let holds_more = if is_netted { is_alike } else { is_worse };
                amends::amended(state, entry, &told)?;
                match told.asked && !told.kept_place && holds_more {
                    true => margin::check_order(state, *order, &before),
                    false => Ok(()),
                }
            }
            _ => self.see_prices(entry, event),
        }
    }

    /// Events about prices.
    fn see_prices(&mut self, entry: &Entry, event: &Event) -> Check {
        let state = &mut self.state;
        match event {
            Event::PriceReported { index, seat, source_at, .. } => {
                self.gate.reported(entry, *index, *seat, *source_at)
            }
            Event::IndexChanged { index, base, quote, price } => {
                self.gate.check_index(entry, *index, *price, state.at)?;
                let index = state.index_mut(at(u32::from(index.0)));
                (index.pair, index.price) = (Some((*base, *quote)), *price);
                Ok(())
            }
            Event::MarksMade { marks, .. } => marks.iter().try_for_each(|made| {
                prices::check_mark(state, made.instrument, made.mark)?;
                listing::mark(state, made.instrument, made.mark)
            }),
            Event::MarkChanged { instrument, mark: to } => listing::mark(state, *instrument, *to),
            Event::FeedHealthChanged { index, from, to, at, .. } => {
                log::check_time(state, *at)?;
                self.gate.turned(*index, (*from, *to), state.at)
            }
            Event::FeedSet { index, terms } => {
                self.gate.set(*index, terms);
                let known = state.index_mut(at(u32::from(index.0)));
                (known.pair, known.is_fed) = (Some((terms.base, terms.quote)), true);
                self.begin_fundings(*index)
            }
            Event::ReporterFaulted { account, fault, .. } => {
                self.gate.faulted(*account, fault);
                Ok(())
            }
            Event::Upgraded { to } => {
                self.fundings.upgraded(*to);
                self.liquidations.backstops.upgraded(*to);
                Ok(())
            }
            Event::TermStarted { at } => {
                self.gate.start_term();
                log::check_time(state, *at)
            }
            Event::PricingSet { instrument, terms } => {
                self.fundings.set_terms(*instrument, terms);
                prices::set_terms(state, *instrument, terms)
            }
            Event::FundingAccrued { instrument, rate_ppb, interest_ppb, index_price, at } => {
                log::check_time(state, *at)?;
                self.fundings.told(&funding::Told {
                    instrument: *instrument,
                    rate_ppb: *rate_ppb,
                    interest_ppb: *interest_ppb,
                    index_price: *index_price,
                })
            }
            Event::DeliveryPriced { index, expiry, price, at: now, .. } => {
                delivery::priced(state, *index, *expiry, *price, *now)?;
                if entry.command != Command::Tick {
                    return Ok(());
                }
                self.samples.look(state, &self.gate);
                self.samples.priced(at(u32::from(index.0)), *expiry, *price, *now)
            }
            Event::InstrumentDelivered { instrument, price, at } => {
                delivery::delivered(state, *instrument, *price, *at)
            }
            _ => self.see_scenarios(entry, event),
        }
    }

    /// Events about what scenarios of portfolio margin are made of.
    fn see_scenarios(&mut self, entry: &Entry, event: &Event) -> Check {
        let state = &mut self.state;
        match event {
            Event::SurfaceChanged { index, expiry, reporter, svi } => {
                let key = (at(u32::from(index.0)), *expiry);
                state.scenarios.stands(key, *reporter, *svi);
                Ok(())
            }
            Event::PortfolioSet { index, terms } => {
                let index = at(u32::from(index.0));
                state.scenarios.set(index, terms);
                scenarios::take_in(state, Some(index));
                Ok(())
            }
            _ => self.see_rules(entry, event),
        }
    }

    /// Events about what markets and accounts may do.
    fn see_rules(&mut self, entry: &Entry, event: &Event) -> Check {
        let state = &mut self.state;
        match event {
            Event::StateChanged { instrument, from, to, at } => {
                self.halts.moved();
                states::changed(state, *instrument, (*from, *to), *at)
            }
            Event::AuctionIndicated { instrument, indication, .. } => {
                self.auctions.indicated(state, *instrument, indication.as_ref())
            }
            Event::AuctionEnded { instrument, indication, at } => {
                log::check_time(state, *at)?;
                self.gate.check_opens(state, *instrument)?;
                self.breakers.forget(*instrument);
                self.auctions.ended(state, *instrument, indication.as_ref())
            }
            Event::OrderRepeated { order } => self.ids.repeated(state, entry, *order),
            Event::OrdersFenced { account, up_to } => self.ids.fenced(entry, *account, *up_to),
            Event::MmpSet { account, config } => self.protections.set(state, *account, *config),
            Event::MmpTriggered { account, index, group, frozen_until } => {
                let key = (*account, at(u32::from(index.0)), *group);
                self.protections.triggered(state, key, *frozen_until)
            }
            Event::MmpReset { account, index, group } => {
                self.protections.reset((*account, at(u32::from(index.0)), *group))
            }
            Event::TriggerPlaced(placed) => {
                if !placed.amended {
                    let order = &placed.terms.order;
                    let (account, id) = (order.account, order.client_order_id.as_ref());
                    self.ids.placed(state, account, id, OrderId::of_trigger(placed.trigger))?;
                }
                self.triggers.placed(state, placed)
            }
            Event::TriggersMoved(moved) => self.triggers.moved(state, moved),
            Event::Triggered { trigger, order } => {
                let fired = self.triggers.fired(state, *trigger, *order)?;
                self.gate.check_fires(state, fired.instrument, fired.source())
            }
            Event::TriggerClosed { trigger, end } => {
                self.triggers.closed(state, entry, *trigger, end)
            }
            _ => self.see_accounts(event),
        }
    }

    /// Events about accounts and listings, and of liquidations.
    fn see_accounts(&mut self, event: &Event) -> Check {
        if let Event::LiquidationStarted { .. }
        | Event::LiquidationStepped(_)
        | Event::LiquidationEnded { .. } = event
        {
            self.take_in_scenarios();
        }
        let state = &mut self.state;
        match event {
            Event::LiquidationStarted { account, margin, at } => {
                log::check_time(state, *at)?;
                self.gate.check_liquidates(state, *account)?;
                states::liquidates(state, *account)?;
                self.liquidations.started(state, *account, margin)
            }
            Event::LiquidationStepped(step) => {
                self.gate.check_liquidates(state, step.account)?;
                self.liquidations.stepped(state, step)
            }
            Event::LiquidationEnded { account, end, margin, at } => {
                log::check_time(state, *at)?;
                self.liquidations.ended(state, *account, *end, margin)
            }
            Event::BreakersSet { index, kind, terms } => {
                self.breakers.set((at(u32::from(index.0)), *kind), terms);
                Ok(())
            }
            Event::Halted(halt) => {
                self.halts.halted(halt);
                Ok(())
            }
            Event::Resumed { scope, cause, .. } => self.halts.resumed(*scope, *cause),
            Event::MarginSet { instrument, terms } => margin::set_terms(state, *instrument, terms),
            Event::RiskSet(terms) => {
                self.liquidations.set_terms(terms);
                Ok(())
            }
            Event::BackstopOffered { account, terms } => {
                self.liquidations.backstops.offered(*account, terms);
                Ok(())
            }
            Event::MarginModelSet { account, model, margin } => {
                portfolio::model_set(state, *account, *model, margin)?;
                liquidation::check_snapshot(state, *account, margin)
            }
            Event::SelfTradeSet { account, mode, with_subaccounts } => {
                let known = state.account_mut(*account)?;
                (known.self_trade, known.with_subaccounts) = (*mode, *with_subaccounts);
                Ok(())
            }
            Event::KillSwitchSet { account, on, .. } => {
                state.account_mut(*account)?.is_killed = *on;
                self.killed = on.then_some(*account).or(self.killed);
                Ok(())
            }
            Event::AccountOpened { account, parent, at } => {
                log::check_time(state, *at)?;
                listing::opened(state, *account, *parent)
            }
            Event::InstrumentListed { instrument, index, at, spec } => {
                log::check_time(state, *at)?;
                listing::listed(state, *instrument, *index, spec)?;
                self.fundings.begin(&self.state, *instrument)
            }
            _ => Ok(()),
        }
    }

    fn placed(&mut self, entry: &Entry, placed: &OrderPlaced) -> Check {
        self.take_in_scenarios();
        let state = &mut self.state;
        let is_born = self.triggers.is_birth(placed)?;
        self.ids.placed(state, placed.account, placed.client_order_id.as_ref(), placed.order)?;
        states::placed(state, entry, placed, is_born)?;
        self.gate.check_places(state, entry, placed)?;
        let before = state.holding(placed.account, placed.instrument);
        orders::placed(state, placed)?;
        let is_unseen = matches!(entry.command, Command::MassQuote(_));
        if !is_unseen && !liquidation::places(state, &entry.command, placed.account)? {
            margin::check_order(state, placed.order, &before)?;
        }
        self.protections.check_known(state, placed.order)?;
        self.protections.check_free(state, placed.order)
    }

    fn closed(&mut self, entry: &Entry, id: OrderId, reason: CloseReason) -> Check {
        let state = &mut self.state;
        let order = state.order(id)?;
        if reason != CloseReason::Filled {
            cancels::closes(state, entry, order, reason)?;
            self_trade::closes(state, order, reason)?;
            self.protections.closes(state, order, reason)?;
        }
        orders::closed(state, entry, id, reason)
    }

    fn traded(&mut self, trade: &Traded) -> Check {
        let state = &mut self.state;
        money::check_paid(state)?;
        self.untold.check()?;
        state.paid = None;
        states::trades(state, trade, state.orders.get(trade.taker.order))?;
        self.breakers.traded(state, trade)?;
        self_trade::traded(state, trade)?;
        matching::traded(state, &mut self.auctions, trade)?;
        positions::traded(state, &mut self.untold, trade)?;
        self.protections.traded(state, trade)
    }

    fn transferred(
        &mut self,
        entry: &Entry,
        sides: (LedgerAccount, LedgerAccount),
        amount: types::Amount,
        reason: TransferReason,
    ) -> Check {
        let state = &mut self.state;
        if let (LedgerAccount::Collateral(payer), TransferReason::Withdrawal)
        | (LedgerAccount::Collateral(payer), TransferReason::Transfer)
        | (LedgerAccount::Collateral(payer), TransferReason::Stake) = (sides.0, reason)
        {
            self.gate.check_pays_out(state, payer)?;
        }
        money::transferred(state, entry, sides, amount, reason)?;
        match reason {
            TransferReason::Withdrawal | TransferReason::Transfer | TransferReason::Stake => {
                match sides.0 {
                    LedgerAccount::Collateral(payer) => margin::check_left(state, payer),
                    _ => Ok(()),
                }
            }
            TransferReason::Takeover => {
                self.liquidations.backstops.moved(sides, amount.0);
                Ok(())
            }
            TransferReason::Funding => funding::moved(state, sides, amount),
            _ => Ok(()),
        }
    }

    /// Perpetuals that were listed before their index had a feed.
    fn begin_fundings(&mut self, index: IndexId) -> Check {
        let index = at(u32::from(index.0));
        for nth in 0..u32::try_from(self.state.markets.len()).unwrap_or(u32::MAX) {
            if self.state.market(InstrumentId(nth))?.index == index {
                self.fundings.begin(&self.state, InstrumentId(nth))?;
            }
        }
        Ok(())
    }
}
