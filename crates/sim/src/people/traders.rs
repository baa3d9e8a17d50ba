//! Those who trade. What each does next is drawn from a stream of its own.

use std::collections::VecDeque;

use market_data::View;
use types::{
    AccountId, AmendOrder, AmendTrigger, Amount, At, CancelScope, ClientOrderId, Command,
    IndexPrice, InstrumentId, Label, Lots, MassQuote, MmpConfig, MmpGroup, OrderId, OrderKind,
    PlaceOrder, PlaceTrigger, PostOnly, Quote, SelfTradeMode, SessionId, Side, Ticks, TimeInForce,
    TriggerKind, TriggerLevel,
};

use super::{Trade, operator};
use crate::rng::Rng;
use crate::venue::Venue;

/// Orders that somebody remembers.
const REMEMBERED: usize = 24;
pub(super) const PERPETUAL: InstrumentId = InstrumentId(0);
pub(super) const FUTURE: InstrumentId = InstrumentId(1);

/// What somebody sees when it acts.
pub struct Eyes<'a> {
    /// Of the node that it is connected to.
    pub view: &'a View,
    /// What is traded.
    pub venue: &'a Venue,
    /// The time of day.
    pub today: At,
    /// What the asset is worth elsewhere, in hundred-millionths of a dollar.
    pub price: u64,
}

/// One trader.
#[derive(Debug)]
pub struct Person {
    /// What it does.
    pub trade: Trade,
    /// Its account.
    pub account: AccountId,
    /// A subaccount of it, for some.
    pub sub: Option<AccountId>,
    /// Its connection.
    pub session: SessionId,
    pub(super) rng: Rng,
    /// Client order ids are numbers that rise.
    n_placed: u64,
    mine: VecDeque<OrderId>,
    burst: u32,
    has_begun: bool,
    /// What it sent last, to send it once more: some do not know that it arrived.
    last: Option<Command>,
}

impl Person {
    /// Somebody with an account.
    pub fn new(trade: Trade, account: AccountId, rng: Rng) -> Person {
        let session = SessionId(account.0);
        let (mine, n_placed, burst, has_begun) = (VecDeque::new(), 0, 0, false);
        let (sub, last) = (None, None);
        Person { trade, account, sub, session, rng, n_placed, mine, burst, has_begun, last }
    }

    /// An order of its own has an id.
    pub fn note(&mut self, order: OrderId) {
        self.mine.push_back(order);
        if REMEMBERED < self.mine.len() {
            self.mine.pop_front();
        }
    }

    /// What it sends now.
    pub fn act(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        match self.trade {
            Trade::Maker => self.make(eyes),
            Trade::Quoter => self.quote(eyes),
            Trade::Taker => self.take(eyes),
            Trade::Leveraged => self.lever(eyes),
            Trade::Arbitrageur => self.arbitrate(eyes),
            Trade::Runaway => self.run_away(eyes),
            Trade::Spoofer => self.spoof(eyes),
            Trade::Tinkerer => self.tinker(eyes),
            Trade::Hedger => self.hedge(eyes),
            Trade::Backstop => self.stand_behind(eyes),
            Trade::Operator => vec![operator::act(&mut self.rng, eyes.venue, eyes.today)],
        }
    }

    fn make(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let instrument = self.instrument();
        let side = self.side();
        let away = 1 + self.rng.heavy(200);
        match self.rng.below(10) {
            0..=5 => {
                let lots = self.rng.heavy(1_000);
                let mut order = self.limit(eyes, instrument, (side, away, lots));
                order.post_only =
                    *self.rng.pick(&[PostOnly::No, PostOnly::Slide, PostOnly::Reject]);
                vec![place(order)]
            }
            6..=7 => self.amend(eyes).into_iter().collect(),
            _ => self.cancel_one().into_iter().collect(),
        }
    }

    fn quote(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let mut commands = Vec::new();
        let (base, quote) = eyes.venue.pair();
        if !std::mem::replace(&mut self.has_begun, true) {
            let config = MmpConfig {
                base,
                quote,
                group: MmpGroup(1),
                interval_ms: 2_000,
                frozen_ms: 1_500,
                quantity_limit_milli: Some(60),
                delta_limit_milli: None,
            };
            commands.push(Command::SetMmp { account: self.account, config });
        }
        if self.rng.chance(50_000) {
            let (account, group) = (self.account, MmpGroup(1));
            commands.push(Command::ResetMmp { account, base, quote, group });
        }
        let mut quotes = Vec::new();
        for nth in 0..u32::try_from(eyes.venue.instruments.len()).unwrap_or(0) {
            let instrument = InstrumentId(nth);
            for side in [Side::Bid, Side::Ask] {
                if self.rng.chance(700_000) {
                    let away = 2 + self.rng.below(40);
                    let price = self.price(eyes, instrument, side, away);
                    let most = if nth < 2 { 200 } else { 5 };
                    let lots = if self.rng.chance(50_000) { 0 } else { self.rng.heavy(most) };
                    quotes.push(Quote { instrument, side, price, size: lots_of(lots) });
                }
            }
        }
        let (account, group, label) = (self.account, MmpGroup(1), Label::default());
        let (valid_until, session) = (None, Some(self.session));
        let mass = MassQuote { account, group, quotes, label, valid_until, session };
        commands.push(Command::MassQuote(Box::new(mass)));
        commands
    }

    fn take(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let instrument = self.instrument();
        let (side, lots) = (self.side(), self.rng.heavy(200));
        let mut order = self.limit(eyes, instrument, (side, 0, lots));
        match self.rng.below(4) {
            0 => order.kind = OrderKind::Market,
            1 => order.kind = OrderKind::MarketLimit,
            _ => {
                let away = 10 + self.rng.below(100);
                let price = self.price(eyes, instrument, side.opposite(), away);
                order.kind = OrderKind::Limit { price };
                let fates = [TimeInForce::ImmediateOrCancel, TimeInForce::FillOrKill];
                order.time_in_force = *self.rng.pick(&fates);
                if self.rng.chance(200_000) {
                    order.size = lots_of(self.rng.heavy(10_000));
                }
            }
        }
        order.reduce_only = self.rng.chance(150_000);
        vec![place(order)]
    }

    /// As much as it can carry, one way; then what is free goes out.
    fn lever(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let account = self.account;
        if self.rng.chance(100_000) {
            let amount = eyes.venue.worth(self.rng.heavy(4_000));
            return vec![Command::Withdraw { account, amount }];
        }
        if self.rng.chance(50_000) {
            let amount = eyes.venue.worth(1 + self.rng.heavy(4_000));
            return vec![Command::Deposit { account, amount }];
        }
        if self.rng.chance(100_000) {
            return vec![place(self.limit(eyes, PERPETUAL, (Side::Bid, 3_000, 1)))];
        }
        if self.rng.chance(100_000)
            && let Some(order) = self.mine.back().copied()
        {
            let size = Some(lots_of(self.rng.heavy(60_000)));
            return vec![Command::AmendOrder(self.amendment(order, size, None))];
        }
        if self.rng.chance(150_000) {
            return self.take_profit(eyes);
        }
        let instrument = if self.rng.chance(800_000) { PERPETUAL } else { FUTURE };
        let side = if account.0.is_multiple_of(3) { Side::Ask } else { Side::Bid };
        // Up to fifty times what it began with.
        let lots = if eyes.venue.linear { self.rng.below(3_200) } else { self.rng.below(19_200) };
        let mut order = self.limit(eyes, instrument, (side, 0, lots));
        order.kind = OrderKind::Market;
        vec![place(order)]
    }

    /// Two orders that each close most of the position: when one has traded the other is cut.
    fn take_profit(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let side = if self.account.0.is_multiple_of(3) { Side::Bid } else { Side::Ask };
        let lots = self.rng.heavy(4_000);
        let ladder = [1, 2].map(|away| {
            let mut order = self.limit(eyes, PERPETUAL, (side, away, lots));
            order.reduce_only = true;
            place(order)
        });
        ladder.into()
    }

    fn arbitrate(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let best = |instrument: InstrumentId, side| {
            let book = eyes.view.instrument(instrument)?.book();
            book.best(side).map(|(price, _)| price)
        };
        let lots = self.rng.heavy(100);
        for (cheap, dear) in [(PERPETUAL, FUTURE), (FUTURE, PERPETUAL)] {
            if let (Some(ask), Some(bid)) = (best(cheap, Side::Ask), best(dear, Side::Bid))
                && ask < bid
            {
                let legs = [(cheap, Side::Bid, ask), (dear, Side::Ask, bid)];
                return legs
                    .map(|(instrument, side, price)| {
                        let mut order = self.limit(eyes, instrument, (side, 0, lots));
                        order.kind = OrderKind::Limit { price };
                        order.time_in_force = TimeInForce::ImmediateOrCancel;
                        place(order)
                    })
                    .into();
            }
        }
        self.take(eyes)
    }

    fn run_away(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        if self.burst == 0 {
            self.burst = u32::try_from(self.rng.heavy(400)).unwrap_or(1);
            return vec![Command::CancelOrders { account: self.account, scope: CancelScope::All }];
        }
        self.burst -= 1;
        let side = if self.account.0.is_multiple_of(2) { Side::Bid } else { Side::Ask };
        vec![place(self.limit(eyes, PERPETUAL, (side, 20, 1)))]
    }

    fn spoof(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        if let Some(cancel) = self.cancel_one() {
            self.mine.clear();
            return vec![cancel];
        }
        let side = self.side();
        vec![place(self.limit(eyes, PERPETUAL, (side, 60, 5_000)))]
    }

    fn tinker(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let account = self.account;
        let (instrument, side) = (self.instrument(), self.side());
        let lots = self.rng.heavy(400);
        let mut order = self.limit(eyes, instrument, (side, self.rng.clone().below(60), lots));
        let one = match self.rng.below(20) {
            0 => {
                order.display = Some(lots_of(lots.div_ceil(5)));
                place(order)
            }
            1 => {
                order.time_in_force = TimeInForce::GoodTilDay;
                place(order)
            }
            2 => {
                order.session = Some(self.session);
                place(order)
            }
            3 => Command::DropSession { session: Some(self.session) },
            4 => Command::CancelOrders { account, scope: self.scope() },
            5..=7 => self.trigger(eyes, order),
            8 => {
                let up_to = self.n_placed.saturating_sub(self.rng.below(6));
                Command::FenceOrders { account, up_to }
            }
            9 => Command::ClosePosition { account, instrument, price: None },
            10 => match self.sub {
                Some(to) if self.rng.chance(500_000) => {
                    Command::Transfer { from: account, to, amount: Amount(self.rng.bell(100_000)) }
                }
                _ => Command::Withdraw { account, amount: Amount(self.rng.bell(100_000)) },
            },
            11 => {
                let mode =
                    *self.rng.pick(&[SelfTradeMode::RejectTaker, SelfTradeMode::CancelMaker]);
                let with_subaccounts = self.rng.chance(500_000);
                Command::SetSelfTrade { account, mode, with_subaccounts }
            }
            12 => {
                order.size = lots_of(self.rng.next() % 4_000_000_000);
                order.kind = OrderKind::Limit { price: Ticks(self.rng.index(1 << 24) as u32) };
                place(order)
            }
            13..=14 => match self.amend(eyes) {
                Some(amend) => amend,
                None => place(order),
            },
            15 => {
                order.reduce_only = true;
                place(order)
            }
            16 => {
                order.mmp = true;
                place(order)
            }
            17 => Command::SetKillSwitch { account, on: self.rng.chance(100_000) },
            18 => match self.last.take() {
                Some(again) => again,
                None => place(order),
            },
            _ => self.cancel_one().unwrap_or_else(|| place(order)),
        };
        if matches!(one, Command::PlaceOrder(_) | Command::PlaceTrigger(_)) {
            self.last = Some(one.clone());
        }
        vec![one]
    }

    fn scope(&mut self) -> CancelScope {
        match self.rng.below(3) {
            0 => CancelScope::All,
            1 => CancelScope::Instrument(self.instrument()),
            _ => CancelScope::Quotes(None),
        }
    }

    fn trigger(&mut self, eyes: &Eyes<'_>, mut order: PlaceOrder) -> Command {
        order.instrument = PERPETUAL;
        order.kind = OrderKind::Market;
        order.reduce_only = self.rng.chance(500_000);
        let kinds = [TriggerKind::Stop, TriggerKind::Take, TriggerKind::Trailing];
        let kind = *self.rng.pick(&kinds);
        let away = 1 + self.rng.heavy(400);
        let ticks = match kind {
            TriggerKind::Trailing => u32::try_from(away).unwrap_or(1),
            TriggerKind::Stop => self.price(eyes, PERPETUAL, order.side.opposite(), away).0,
            TriggerKind::Take => self.price(eyes, PERPETUAL, order.side, away).0,
        };
        let level = match self.rng.below(3) {
            0 => TriggerLevel::Index(IndexPrice(u64::from(ticks) * IndexPrice::SCALE / 2)),
            1 => TriggerLevel::Mark(Ticks(ticks)),
            _ => TriggerLevel::Last(Ticks(ticks)),
        };
        Command::PlaceTrigger(Box::new(PlaceTrigger { kind, level, order }))
    }

    pub(super) fn amend(&mut self, eyes: &Eyes<'_>) -> Option<Command> {
        let order = *self.mine.get(self.rng.index(REMEMBERED))?;
        let (size, price) = match eyes.view.order(order) {
            Some(open) => (open.size, open.price),
            None => (lots_of(self.rng.heavy(100)), Ticks(2)),
        };
        let lots = u64::from(size.0) * (50 + self.rng.below(100)) / 100;
        let (size, price) = match self.rng.below(3) {
            0 => (Some(lots_of(lots.max(1))), None),
            1 => (None, Some(self.shifted(price))),
            _ => (Some(lots_of(lots.max(1))), Some(self.shifted(price))),
        };
        let amendment = self.amendment(order, size, price);
        Some(match order.trigger() {
            Some(_) => {
                let order = AmendOrder { price: None, ..amendment };
                Command::AmendTrigger(Box::new(AmendTrigger { order, level: None }))
            }
            None => Command::AmendOrder(amendment),
        })
    }

    fn amendment(&self, order: OrderId, size: Option<Lots>, price: Option<Ticks>) -> AmendOrder {
        let account = self.account;
        let (display, post_only, reduce_only, valid_until) = (None, None, None, None);
        AmendOrder { account, order, size, price, display, post_only, reduce_only, valid_until }
    }

    pub(super) fn shifted(&mut self, price: Ticks) -> Ticks {
        let shifted = i64::from(price.0) + self.rng.bell(15);
        Ticks(u32::try_from(shifted.max(1)).unwrap_or(1))
    }

    pub(super) fn cancel_one(&mut self) -> Option<Command> {
        let (account, order) = (self.account, *self.mine.get(self.rng.index(REMEMBERED))?);
        Some(Command::CancelOrder { account, order })
    }

    fn instrument(&mut self) -> InstrumentId {
        let nth = *self.rng.pick(&[0, 0, 0, 0, 1, 1, 2, 3]);
        InstrumentId(nth)
    }

    pub(super) fn side(&mut self) -> Side {
        *self.rng.pick(&[Side::Bid, Side::Ask])
    }

    /// So many ticks from the price, on the passive side of it.
    pub(super) fn price(
        &mut self,
        eyes: &Eyes<'_>,
        instrument: InstrumentId,
        side: Side,
        away: u64,
    ) -> Ticks {
        let nth = usize::try_from(instrument.0).unwrap_or(0);
        let spec = &eyes.venue.instruments[nth];
        let mark = eyes.view.instrument(instrument).and_then(market_data::InstrumentView::mark);
        let mark = mark.unwrap_or_default();
        let middle = match spec.kind.is_option() && mark.0 != 0 {
            true => mark,
            false => eyes.venue.ticks(nth, eyes.price),
        };
        let away = u32::try_from(away).unwrap_or(0);
        let ticks = match side {
            Side::Bid => middle.0.saturating_sub(away).max(1),
            Side::Ask => middle.0 + away,
        };
        let step = spec.tick_at(Ticks(ticks));
        Ticks((ticks / step).max(1) * step)
    }

    pub(super) fn limit(
        &mut self,
        eyes: &Eyes<'_>,
        instrument: InstrumentId,
        (side, away, lots): (Side, u64, u64),
    ) -> PlaceOrder {
        let price = self.price(eyes, instrument, side, away);
        let lots = if instrument.0 < 2 { lots } else { lots.div_ceil(20) };
        self.n_placed += 1;
        let id = ClientOrderId::new(&self.n_placed.to_string());
        let kind = OrderKind::Limit { price };
        let account = match self.sub {
            Some(sub) if self.rng.chance(400_000) => sub,
            _ => self.account,
        };
        let order = PlaceOrder::new(account, instrument, side, kind, lots_of(lots));
        PlaceOrder { client_order_id: id.ok(), ..order }
    }
}

pub(super) fn place(order: PlaceOrder) -> Command {
    Command::PlaceOrder(Box::new(order))
}

pub(super) fn lots_of(lots: u64) -> Lots {
    Lots(u32::try_from(lots).unwrap_or(u32::MAX))
}
