//! Commands and events in words, with prices and sizes in the units of their instrument.
//!
//! Words for a person: programs that need more than these read the log itself.

mod halts;
mod prices;
mod triggers;

#[cfg(test)]
mod tests;

pub use prices::{health, is_story, moment, named, priced};
use triggers::{called, family};

use gateway::venue::Domain;
use types::{
    AmendOrder, Amount, CancelScope, CloseReason, Command, Decimal, Event, Instrument,
    InstrumentId, Label, LedgerAccount, Lots, OrderId, OrderKind, OrderPlaced, PlaceOrder, Side,
    SignedLots, Ticks, Traded,
};

/// What is needed to say numbers: the instruments that were listed so far.
pub struct Words {
    domain: Domain,
    instruments: Vec<Instrument>,
    /// Instrument of each order, for events that name only the order.
    orders: std::collections::BTreeMap<OrderId, InstrumentId>,
    prices: prices::Known,
}

impl Words {
    /// Nothing is listed yet.
    pub fn new(domain: Domain) -> Words {
        Words {
            domain,
            instruments: Vec::new(),
            orders: Default::default(),
            prices: Default::default(),
        }
    }

    /// Takes in what later words need.
    pub fn learn(&mut self, event: &Event) {
        match event {
            Event::InstrumentListed { spec, index, .. } => {
                self.prices.name(*index, (spec.base, spec.quote));
                self.instruments.push(Instrument::clone(spec));
            }
            Event::FeedSet { index, terms } => self.prices.learn(*index, terms),
            Event::OrderPlaced(placed) => drop(self.orders.insert(placed.order, placed.instrument)),
            Event::TriggerPlaced(placed) => {
                let id = OrderId::of_trigger(placed.trigger);
                self.orders.insert(id, placed.terms.order.instrument);
            }
            _ => (),
        }
    }

    /// A command in words.
    pub fn command(&self, command: &Command) -> String {
        match command {
            Command::ListInstrument(spec) => format!("list {}", spec.name()),
            Command::OpenAccount { account, parent: None } => format!("open account {account}"),
            Command::OpenAccount { account, parent: Some(parent) } => {
                format!("open account {account} under {parent}")
            }
            Command::Deposit { account, amount } => {
                format!("deposit {} to account {account}", self.money(*amount))
            }
            Command::Withdraw { account, amount } => {
                format!("withdraw {} from account {account}", self.money(*amount))
            }
            Command::Transfer { from, to, amount } => {
                format!("transfer {} from account {from} to account {to}", self.money(*amount))
            }
            Command::ReportIndex { base, quote, price } => {
                format!("report index {base}/{quote} {}", decimal(price.0, 8))
            }
            Command::ReportMarks(marks) => format!("report {} marks", marks.len()),
            Command::PlaceOrder(order) => self.place(order),
            Command::AmendOrder(amend) => self.amend(amend),
            Command::CancelOrder { account, order } => {
                format!("account {account} cancels {}", called(*order))
            }
            Command::CancelOrders { account, scope } => {
                format!("account {account} cancels {}", self.scope(scope))
            }
            Command::ClosePosition { account, instrument, .. } => {
                format!("account {account} closes its position in {}", self.name(*instrument))
            }
            Command::MassQuote(mass) => {
                format!("account {} quotes {} sides", mass.account, mass.quotes.len())
            }
            Command::SetMmp { account, config } => {
                format!("account {account} sets protection of group {}", config.group)
            }
            Command::ResetMmp { account, group, .. } => {
                format!("account {account} resets protection of group {group}")
            }
            Command::SetSelfTrade { account, mode, .. } => {
                format!("account {account} sets self-trade to {mode:?}")
            }
            Command::DropSession { session: Some(session) } => format!("session {session} dropped"),
            Command::DropSession { session: None } => "every session dropped".into(),
            Command::EndDay => "end the day".into(),
            Command::SetMargin { instrument, .. } => {
                format!("set the margin of {}", self.name(*instrument))
            }
            Command::SetOpenInterestBand { instrument, band } => {
                format!("set the band of open interest of {}{}", self.name(*instrument), off(band))
            }
            Command::SetRisk(_) => "set the terms of liquidation".into(),
            Command::SetFillable(terms) => {
                format!("set the fillable price of liquidations{}", off(terms))
            }
            Command::FundInsurance { amount } => {
                format!("put {} into the insurance fund", self.money(*amount))
            }
            Command::OfferBackstop { account, terms } => {
                format!("account {account} offers to back up to {}", self.money(terms.capacity))
            }
            Command::FenceOrders { account, up_to } => {
                format!("account {account} fences its orders up to {up_to}")
            }
            Command::Liquidate => "carry out liquidations".into(),
            Command::SetPortfolio { base, quote, .. } => {
                format!("set the scenarios of {base}/{quote}")
            }
            Command::SetMarginModel { account, model } => {
                format!("margin account {account} by the {model:?} model")
            }
            _ => self
                .halt_command(command)
                .or_else(|| self.trigger_command(command))
                .unwrap_or_else(|| self.price_command(command)),
        }
    }

    /// An event in words.
    pub fn event(&self, event: &Event) -> String {
        match event {
            Event::InstrumentListed { instrument, spec, .. } => {
                format!("instrument {instrument} listed: {}", spec.name())
            }
            Event::AccountOpened { account, .. } => format!("account {account} opened"),
            Event::Transferred { from, to, amount, reason } => {
                let (from, to) = (self.ledger(*from), self.ledger(*to));
                format!("{} moved from {from} to {to} ({reason:?})", self.money(*amount))
            }
            Event::IndexChanged { base, quote, price, .. } => {
                format!("index {base}/{quote} is {}", decimal(price.0, 8))
            }
            Event::MarkChanged { instrument, mark } => {
                format!("mark of {} is {}", self.name(*instrument), self.price(*instrument, *mark))
            }
            Event::OrderPlaced(placed) => self.placed(placed),
            Event::Traded(traded) => self.traded(traded),
            Event::OrderRested { order, price, open, .. } => {
                let instrument = self.instrument_of(*order);
                let (size, price) = (self.size(instrument, *open), self.price(instrument, *price));
                format!("order {order} rests, {size} at {price}")
            }
            Event::OrderReplenished { order, displayed } => {
                let size = self.size(self.instrument_of(*order), *displayed);
                format!("order {order} shows {size} more")
            }
            Event::OrderAmended { order, price, size, kept_place, .. } => {
                let instrument = self.instrument_of(*order);
                let (size, price) = (self.size(instrument, *size), self.price(instrument, *price));
                let place = if *kept_place { "in its place" } else { "at the back" };
                format!("order {order} is now {size} at {price}, {place}")
            }
            Event::OrderClosed { order, reason: CloseReason::Filled } => {
                format!("order {order} is filled")
            }
            Event::OrderClosed { order, reason: CloseReason::Cancelled(reason) } => {
                format!("order {order} is cancelled ({reason:?})")
            }
            Event::PositionChanged { account, instrument, size, .. } => {
                let size = self.signed(*instrument, *size);
                format!("account {account} holds {size} of {}", self.name(*instrument))
            }
            Event::OrderRepeated { order } => format!("the same id named order {order} before"),
            Event::OrdersFenced { account, up_to } => {
                format!("orders of account {account} are fenced up to {up_to}")
            }
            Event::MmpSet { account, config } => {
                format!("account {account} has protection of group {}", config.group)
            }
            Event::MmpTriggered { account, group, .. } => {
                format!("protection of account {account}, group {group} triggered")
            }
            Event::MmpReset { account, group, .. } => {
                format!("protection of account {account}, group {group} reset")
            }
            Event::SelfTradeSet { account, mode, .. } => {
                format!("account {account} has self-trade mode {mode:?}")
            }
            Event::Refused(reject) => format!("refused ({}): {reject}", reject.code()),
            _ => self.risk_event(event),
        }
    }

    fn risk_event(&self, event: &Event) -> String {
        match event {
            Event::MarginSet { instrument, .. } => {
                format!("margin of {} is set", self.name(*instrument))
            }
            Event::OpenInterestBandSet { instrument, band } => {
                format!(
                    "the band of open interest of {} is set{}",
                    self.name(*instrument),
                    off(band)
                )
            }
            Event::RiskSet(_) => "the terms of liquidation are set".into(),
            Event::FillableSet(terms) => {
                format!("the fillable price of liquidations is set{}", off(terms))
            }
            Event::PortfolioSet { index, terms } => {
                let n = risk::portfolio::scenarios(terms).len();
                format!("index {index} has {n} scenarios")
            }
            Event::MarginModelSet { account, model, margin } => {
                let needed = self.money(margin.initial);
                format!("account {account} is margined by the {model:?} model and needs {needed}")
            }
            Event::BackstopOffered { account, terms } => {
                format!("account {account} backs up to {}", self.money(terms.capacity))
            }
            Event::LiquidationStarted { account, margin, .. } => {
                let (equity, needed) = (self.money(margin.equity), self.money(margin.maintenance));
                format!("account {account} has {equity}, needs {needed}: it is liquidated")
            }
            Event::LiquidationStepped(step) => {
                format!("liquidation of account {}: {:?}", step.account, step.action)
            }
            Event::LiquidationEnded { account, end, .. } => {
                format!("liquidation of account {account} is over: {end:?}")
            }
            _ => self
                .halt_event(event)
                .or_else(|| self.trigger_event(event))
                .unwrap_or_else(|| self.price_event(event)),
        }
    }

    fn place(&self, order: &PlaceOrder) -> String {
        let PlaceOrder { account, instrument, side, kind, size, label, .. } = order;
        let (size, name) = (self.size(*instrument, *size), self.name(*instrument));
        let price = match kind {
            OrderKind::Limit { price } => format!("at {}", self.price(*instrument, *price)),
            OrderKind::Market => "at the market".into(),
            OrderKind::MarketLimit => "at the best price".into(),
        };
        format!("account {account} {} {size} of {name} {price}{}", verb(*side), labelled(label))
    }

    fn amend(&self, amend: &AmendOrder) -> String {
        let AmendOrder { account, order, size, price, .. } = amend;
        let instrument = self.instrument_of(*order);
        let size =
            size.map_or(String::new(), |size| format!(" to {}", self.size(instrument, size)));
        let price =
            price.map_or(String::new(), |price| format!(" at {}", self.price(instrument, price)));
        format!("account {account} amends {}{size}{price}", called(*order))
    }

    fn scope(&self, scope: &CancelScope) -> String {
        match scope {
            CancelScope::All => "every order".into(),
            CancelScope::Instrument(instrument) => format!("orders in {}", self.name(*instrument)),
            CancelScope::Kind(kind) => format!("orders of kind {kind:?}"),
            CancelScope::Label(label) => format!("orders{}", labelled(label)),
            CancelScope::Quotes(None) => "every quote".into(),
            CancelScope::Quotes(Some(group)) => format!("quotes of group {group}"),
            CancelScope::Only { family: of, within } => {
                format!("{} {}", self.scope(within), family(*of))
            }
        }
    }

    fn placed(&self, placed: &OrderPlaced) -> String {
        let OrderPlaced { order, account, instrument, side, price, size, .. } = placed;
        let (size, price) = (self.size(*instrument, *size), self.price(*instrument, *price));
        let name = self.name(*instrument);
        format!("order {order} of account {account}: {} {size} of {name} at {price}", verb(*side))
    }

    fn traded(&self, traded: &Traded) -> String {
        let Traded { trade, instrument, price, size, maker, taker, taker_side, .. } = traded;
        let (size, price) = (self.size(*instrument, *size), self.price(*instrument, *price));
        let (maker, taker) = (maker.order, taker.order);
        format!(
            "trade {trade}: {size} at {price}, order {taker} {} from order {maker}",
            verb(*taker_side)
        )
    }

    fn ledger(&self, account: LedgerAccount) -> String {
        match account {
            LedgerAccount::Outside => "outside".into(),
            LedgerAccount::Fees => "fees".into(),
            LedgerAccount::Clearing(instrument) => format!("clearing of {}", self.name(instrument)),
            LedgerAccount::Collateral(account) => format!("account {account}"),
            LedgerAccount::Funding(instrument) => format!("funding of {}", self.name(instrument)),
            LedgerAccount::Stake(account) => format!("stake of account {account}"),
            LedgerAccount::Insurance => "the insurance fund".into(),
        }
    }

    /// Orders of entries that the log begins after are not known; no instrument has this id.
    fn instrument_of(&self, order: types::OrderId) -> InstrumentId {
        self.orders.get(&order).copied().unwrap_or(InstrumentId(u32::MAX))
    }

    fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(usize::try_from(id.0).ok()?)
    }

    /// The name of an instrument.
    pub fn name(&self, id: InstrumentId) -> String {
        self.instrument(id).map_or_else(|| format!("instrument {id}"), Instrument::name)
    }

    /// A price in the quote.
    pub fn price(&self, id: InstrumentId, price: Ticks) -> String {
        let tick = self.instrument(id).map(|instrument| instrument.tick);
        tick.and_then(|tick| Decimal::multiple(price.0.into(), tick))
            .map_or_else(|| format!("{price} ticks"), |price| price.to_string())
    }

    /// A size in the units of the instrument.
    pub fn size(&self, id: InstrumentId, size: Lots) -> String {
        self.signed(id, SignedLots(size.0.into()))
    }

    /// The same, below zero if short.
    pub fn signed(&self, id: InstrumentId, size: SignedLots) -> String {
        let lot = self.instrument(id).map(|instrument| instrument.lot);
        lot.and_then(|lot| Decimal::multiple(size.0, lot))
            .map_or_else(|| format!("{size} lots"), |size| size.to_string())
    }

    /// Money with its asset.
    pub fn money(&self, amount: Amount) -> String {
        let coins = Decimal::new(amount.0, self.domain.decimals);
        coins.map_or_else(
            || format!("{amount} atoms"),
            |coins| format!("{coins} {}", self.domain.asset),
        )
    }

    /// Money as a number of whole coins.
    pub fn coins(&self, amount: Amount) -> String {
        let coins = Decimal::new(amount.0, self.domain.decimals);
        coins.map_or_else(|| format!("{amount} atoms"), |coins| coins.to_string())
    }

    /// The asset of the domain.
    pub fn asset(&self) -> &str {
        self.domain.asset.as_str()
    }
}

fn verb(side: Side) -> &'static str {
    match side {
        Side::Bid => "buys",
        Side::Ask => "sells",
    }
}

fn off<T>(terms: &Option<T>) -> &'static str {
    if terms.is_some() { "" } else { ": to none" }
}

fn labelled(label: &Label) -> String {
    if label.is_empty() { String::new() } else { format!(" labelled {:?}", label.as_str()) }
}

fn decimal(mantissa: u64, scale: u8) -> String {
    let number = i64::try_from(mantissa).ok().and_then(|mantissa| Decimal::new(mantissa, scale));
    number.map_or_else(|| format!("{mantissa}e-{scale}"), |number| number.to_string())
}
