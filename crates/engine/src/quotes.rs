//! Mass quotes: many quotes in one command, all of them or none.

use alloc::vec::Vec;

use types::{
    Ask, CancelReason, Event, Label, Lots, MarketState, MassQuote, OrderId, OrderKind, PlaceOrder,
    PostOnly, Quote, Reject, Side, limits,
};

use crate::engine::Engine;
use crate::holding::{Counted, Holding};
use crate::place::{Plan, Terms, check_size};
use crate::prices::Wanted;

impl Engine {
    pub(crate) fn mass_quote(
        &mut self,
        quotes: &MassQuote,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_sender(quotes.account, quotes.valid_until)?;
        check_set(&quotes.quotes)?;
        self.refresh(quotes.account);
        let mut plans = Vec::with_capacity(quotes.quotes.len());
        for (index, quote) in (0..).zip(&quotes.quotes) {
            let plan = self.check_quote(quotes, quote);
            let blame = |reject: Reject| Reject::QuoteRefused { index, reject: reject.into() };
            plans.push(plan.map_err(blame)?);
        }
        self.check_quotes_room(quotes, &plans)?;
        if types::OrderId::SLOTS_MAX - self.orders.len() < count(quotes.quotes.len()) {
            return Err(Reject::DomainFull);
        }

        for quote in &quotes.quotes {
            self.withdraw_quote(quotes, quote, events);
        }
        for (quote, plan) in quotes.quotes.iter().zip(plans) {
            self.place_quote(quotes, quote, plan, events);
        }
        self.count_sent(quotes.account, count(quotes.quotes.len()), events);
        Ok(())
    }

    /// What one quote will be; `None` if it only withdraws.
    fn check_quote(&self, quotes: &MassQuote, quote: &Quote) -> Result<Option<Plan>, Reject> {
        let market = self.check_market(quote.instrument)?;
        if quote.size == Lots::ZERO {
            return Ok(None);
        }
        if self.check_state(market, quote.instrument, Ask::Quote)? {
            self.check_passive(quote.instrument, quote.side, quote.price)?;
        }
        check_size(market, quote.size)?;
        self.check_order_fit(&Wanted {
            account: quotes.account,
            instrument: quote.instrument,
            side: quote.side,
            lots: quote.size,
            reduce_only: false,
            replaces: self.standing_counted(quotes, quote),
        })?;
        self.check_price(market, quote.instrument, quote.side, quote.price)?;
        self.check_mmp(quotes.account, market.index, quotes.group, true)?;
        let terms = Terms {
            account: quotes.account,
            instrument: quote.instrument,
            holding: self.accounts.at(quotes.account.0).holding(quote.instrument),
            side: quote.side,
            price: quote.price,
            size: quote.size,
            post_only: PostOnly::No,
            reduce_only: false,
        };
        let own = match market.state == MarketState::Auction {
            true => self.own_crossing(&terms, |order| self.is_replaced(quotes, order)),
            false => self.books.first_own(&self.taker(&terms)),
        };
        if let Some(order) = own.filter(|own| !self.is_replaced(quotes, *own)) {
            return Err(Reject::SelfTrade { order });
        }
        let hold = self.hold_of(&terms, quote.price, quote.size);
        Ok(Some(Plan { price: quote.price, size: quote.size, hold, may_rest: true }))
    }

    /// True if an open order is a quote that this set replaces.
    fn is_replaced(&self, quotes: &MassQuote, order: OrderId) -> bool {
        quotes.quotes.iter().any(|quote| self.standing(quotes, quote).contains(&order))
    }

    /// The quotes that `quote` takes the place of.
    fn standing(&self, quotes: &MassQuote, quote: &Quote) -> Vec<OrderId> {
        let holding = self.accounts.at(quotes.account.0).holding(quote.instrument);
        holding.map_or_else(Vec::new, |holding| {
            self.orders.ids_of(self.holdings.at(holding), |order| {
                order.quote_group == Some(quotes.group) && order.side == quote.side
            })
        })
    }

    /// What the quotes that `quote` takes the place of count for together.
    fn standing_counted(&self, quotes: &MassQuote, quote: &Quote) -> Option<Counted> {
        let standing = self.standing(quotes, quote);
        let counted = standing.iter().map(|id| self.orders.at(id.slot()).counted());
        counted.reduce(|one, other| Counted {
            lots: one.lots.plus(other.lots),
            hold: one.hold.plus(other.hold),
            ..one
        })
    }

    /// The whole set against limits and free money, instrument by instrument.
    fn check_quotes_room(&self, quotes: &MassQuote, plans: &[Option<Plan>]) -> Result<(), Reject> {
        let (mut changed, mut all_placed, mut all_gone) = (Vec::new(), 0, 0);
        let pairs = || quotes.quotes.iter().zip(plans);
        for (place, first) in quotes.quotes.iter().enumerate() {
            let earlier = quotes.quotes.iter().take(place);
            if earlier.into_iter().any(|quote| quote.instrument == first.instrument) {
                continue;
            }
            let here = || pairs().filter(|(quote, _)| quote.instrument == first.instrument);
            let holding = self.accounts.at(quotes.account.0).holding(first.instrument);
            let placed = here().filter(|(_, plan)| plan.is_some()).count();
            let gone: usize = here().map(|(quote, _)| self.standing(quotes, quote).len()).sum();
            (all_placed, all_gone) = (all_placed + placed, all_gone + gone);
            if gone < placed {
                self.check_counts(quotes.account, holding, count(placed - gone))?;
            }
            let change = |held: &mut Holding| {
                for (quote, plan) in here() {
                    self.replace_counts(quotes, quote, *plan, held);
                }
            };
            changed.push(self.changed(quotes.account, first.instrument, holding, change)?);
        }
        if all_gone < all_placed {
            self.check_counts(quotes.account, None, count(all_placed - all_gone))?;
        }
        self.check_needed(quotes.account, self.needed_by(quotes.account, &changed))
    }

    fn replace_counts(
        &self,
        quotes: &MassQuote,
        quote: &Quote,
        plan: Option<Plan>,
        held: &mut Holding,
    ) {
        for old in self.standing(quotes, quote) {
            held.uncount(&self.orders.at(old.slot()).counted());
        }
        if let Some(plan) = plan {
            held.count(&plan.counted(quote.side, false));
        }
    }

    fn withdraw_quote(&mut self, quotes: &MassQuote, quote: &Quote, events: &mut Vec<Event>) {
        for old in self.standing(quotes, quote) {
            self.cancel(old, CancelReason::Requoted, events);
        }
    }

    /// Places a quote, unless an earlier quote of the set froze the group by filling.
    fn place_quote(
        &mut self,
        quotes: &MassQuote,
        quote: &Quote,
        plan: Option<Plan>,
        events: &mut Vec<Event>,
    ) {
        let index = self.markets.at(quote.instrument.0).index;
        let is_frozen = self.check_mmp(quotes.account, index, quotes.group, true).is_err();
        let Some(plan) = plan.filter(|_| !is_frozen) else {
            return;
        };
        let id = self.books.admit().expect("there was room for the whole set");
        let order = as_order(quotes, quote);
        self.accept(&order, Some(quotes.group), plan, id, events);
        self.match_or_rest(id.slot(), true, order.time_in_force, events);
    }
}

fn as_order(quotes: &MassQuote, quote: &Quote) -> PlaceOrder {
    PlaceOrder {
        mmp: true,
        label: Label::clone(&quotes.label),
        session: quotes.session,
        ..PlaceOrder::new(
            quotes.account,
            quote.instrument,
            quote.side,
            OrderKind::Limit { price: quote.price },
            quote.size,
        )
    }
}

/// MMP-5: a set has 1 to 100 quotes, one a side and instrument, no bid at or above an ask.
fn check_set(quotes: &[Quote]) -> Result<(), Reject> {
    if quotes.is_empty() || limits::QUOTES_MAX < quotes.len() {
        return Err(Reject::QuotesTooMany { quotes: count(quotes.len()) });
    }
    for (first, one) in (0..).zip(quotes) {
        for (second, other) in (0..).zip(quotes).skip(count_usize(first) + 1) {
            if one.instrument == other.instrument && conflicts(one, other) {
                return Err(Reject::QuotesCross { first, second });
            }
        }
    }
    Ok(())
}

fn conflicts(one: &Quote, other: &Quote) -> bool {
    let stand = one.size != Lots::ZERO && other.size != Lots::ZERO;
    match (one.side, other.side) {
        (Side::Bid, Side::Bid) | (Side::Ask, Side::Ask) => true,
        (Side::Bid, Side::Ask) => stand && other.price <= one.price,
        (Side::Ask, Side::Bid) => stand && one.price <= other.price,
    }
}

fn count(quotes: usize) -> u32 {
    u32::try_from(quotes).unwrap_or(u32::MAX)
}

fn count_usize(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
