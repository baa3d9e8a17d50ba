//! Replies to commands, made of the events of their entry and of the view right after it.

use types::{
    AccountId, AmendOrder, Command, Event, InstrumentId, MassQuote, OrderId, PlaceOrder, Reject,
    TransferReason, TriggerEnd,
};

use crate::call::Reply;
use crate::errors::Ground;
use crate::methods::protection::write_mmps;
use crate::objects::{
    Labels, List, Look, Object, belongs_to, order_text, write_any_order, write_order,
    write_transfer, write_user_trade, write_withdrawal,
};
use crate::rpc::RpcError;

/// What one entry adds to a reply.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The JSON of the result.
    Json(String),
    /// Orders that were cancelled.
    Count(u64),
    /// The JSON of each order that was cancelled.
    Items(Vec<String>),
}

/// A command that was proposed: what the reply needs to know of it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) reply: Reply,
    account: AccountId,
    about: About,
}

#[derive(Debug)]
enum About {
    Account,
    Instrument(InstrumentId),
    Order(OrderId),
    Quotes(Vec<InstrumentId>),
}

impl Asked {
    pub(crate) fn of(command: &Command, reply: Reply) -> Asked {
        let (account, about) = match command {
            Command::PlaceOrder(place) => {
                let PlaceOrder { account, instrument, .. } = **place;
                (account, About::Instrument(instrument))
            }
            Command::PlaceTrigger(placed) => {
                let PlaceOrder { account, instrument, .. } = placed.order;
                (account, About::Instrument(instrument))
            }
            Command::AmendTrigger(amended) => {
                (amended.order.account, About::Order(amended.order.order))
            }
            Command::AmendOrder(AmendOrder { account, order, .. })
            | Command::CancelOrder { account, order } => (*account, About::Order(*order)),
            Command::ClosePosition { account, instrument, .. } => {
                (*account, About::Instrument(*instrument))
            }
            Command::MassQuote(set) => {
                let MassQuote { account, quotes, .. } = &**set;
                (*account, About::Quotes(quotes.iter().map(|quote| quote.instrument).collect()))
            }
            Command::Transfer { from: account, .. }
            | Command::Withdraw { account, .. }
            | Command::Deposit { account, .. }
            | Command::OpenAccount { account, .. }
            | Command::CancelOrders { account, .. }
            | Command::SetMmp { account, .. }
            | Command::ResetMmp { account, .. }
            | Command::SetSelfTrade { account, .. }
            | Command::RegisterReporter { account, .. }
            | Command::OfferBackstop { account, .. }
            | Command::SetMarginModel { account, .. }
            | Command::SetKillSwitch { account, .. }
            | Command::FenceOrders { account, .. } => (*account, About::Account),
            Command::SetMargin { instrument, .. }
            | Command::SetOpenInterestBand { instrument, .. } => {
                (AccountId::default(), About::Instrument(*instrument))
            }
            Command::ReportPrice(signed) => (signed.report.reporter, About::Account),
            Command::ReportSurface(signed) => (signed.report.reporter, About::Account),
            Command::SetPricing { instrument, .. } => {
                (AccountId::default(), About::Instrument(*instrument))
            }
            Command::ListInstrument(_)
            | Command::ReportIndex { .. }
            | Command::ReportMarks(_)
            | Command::DropSession { .. }
            | Command::EndDay
            | Command::SetFeed(_)
            | Command::Tick
            | Command::StartTerm
            | Command::SettleDelivery { .. }
            | Command::SetRisk(_)
            | Command::SetFillable(_)
            | Command::SetPortfolio { .. }
            | Command::FundInsurance { .. }
            | Command::Halt { .. }
            | Command::Resume { .. }
            | Command::SetBreakers { .. }
            | Command::SetReopening(_)
            | Command::SetOrderRate(_)
            | Command::PublishNotice(_)
            | Command::Upgrade { .. }
            | Command::DropSessions { .. }
            | Command::Liquidate => (AccountId::default(), About::Account),
        };
        Asked { reply, account, about }
    }

    /// The part of this entry, from its events and the view after them.
    pub(crate) fn answer(&self, look: Look<'_>, events: &[Event]) -> Result<Part, RpcError> {
        let refused = events.iter().find_map(|event| match event {
            Event::Refused(reject) => Some(&**reject),
            _ => None,
        });
        match refused {
            Some(reject) => Err(self.ground(look, reject).refuse(reject)),
            None => Ok(self.render(look, events)),
        }
    }

    fn ground<'a>(&self, look: Look<'a>, reject: &Reject) -> Ground<'a> {
        let id = match (&self.about, reject) {
            (About::Instrument(id), _) => Some(*id),
            (About::Order(order), _) => belongs_to(look, *order).map(|(_, place)| place),
            (About::Quotes(ids), Reject::QuoteRefused { index, .. }) => {
                usize::try_from(*index).ok().and_then(|index| ids.get(index)).copied()
            }
            (About::Quotes(_) | About::Account, _) => None,
        };
        Ground { look, instrument: id.and_then(|id| look.view.instrument(id)) }
    }

    fn render(&self, look: Look<'_>, events: &[Event]) -> Part {
        match self.reply {
            Reply::OrderAndTrades => Part::Json(self.order_and_trades(look, events)),
            Reply::Order => {
                let mut out = String::new();
                write_or_null(&mut out, look, self.order(events));
                Part::Json(out)
            }
            Reply::CancelledCount => {
                Part::Count(self.closed(events).count().try_into().unwrap_or(0))
            }
            Reply::CancelledOrders => {
                let orders = self.closed(events).filter_map(|id| order_text(look, id));
                Part::Items(orders.collect())
            }
            Reply::Ok => Part::Json("\"ok\"".to_owned()),
            Reply::Quotes => Part::Json(self.quotes(look, events)),
            Reply::Transfer | Reply::Withdrawal => Part::Json(self.movement(look)),
            Reply::Fence => Part::Json(self.fence(look, events)),
            Reply::Mmp => {
                let account = look.view.account(self.account);
                Part::Json(text(|out| write_mmps(out, account)))
            }
        }
    }

    /// The order that was asked for: by the command, or the one that it placed.
    fn order(&self, events: &[Event]) -> Option<OrderId> {
        if let About::Order(order) = self.about {
            return Some(order);
        }
        events.iter().find_map(|event| match event {
            Event::OrderPlaced(placed) => Some(placed.order),
            Event::TriggerPlaced(placed) => Some(OrderId::of_trigger(placed.trigger)),
            Event::OrderRepeated { order } => Some(*order),
            _ => None,
        })
    }

    fn closed(&self, events: &[Event]) -> impl Iterator<Item = OrderId> {
        events.iter().filter_map(|event| match event {
            Event::OrderClosed { order, .. } => Some(*order),
            Event::TriggerClosed { trigger, end: TriggerEnd::Cancelled(_) } => {
                Some(OrderId::of_trigger(*trigger))
            }
            _ => None,
        })
    }

    fn order_and_trades(&self, look: Look<'_>, events: &[Event]) -> String {
        let mut out = String::with_capacity(1_024);
        let id = self.order(events);
        let mut object = Object::new(&mut out);
        write_or_null(object.key("order"), look, id);
        let mut trades = List::new(object.key("trades"));
        if let Some(id) = id {
            self.write_trades(&mut trades, look, (id, events));
        }
        trades.end();
        object.end();
        out
    }

    /// The fills of this request; of a repeated one, those of the order.
    fn write_trades(&self, list: &mut List<'_>, look: Look<'_>, (id, events): (OrderId, &[Event])) {
        let Some(account) = look.view.account(self.account) else { return };
        let mut repeated = false;
        for event in events {
            match event {
                Event::Traded(traded) => {
                    let Some(own) = account.trade(traded.trade).filter(|own| own.order == id)
                    else {
                        continue;
                    };
                    write_user_trade(list.item(), look, (self.account, own), Labels::Always);
                }
                Event::OrderRepeated { .. } => repeated = true,
                _ => {}
            }
        }
        if repeated {
            for own in account.trades().filter(|own| own.order == id) {
                write_user_trade(list.item(), look, (self.account, own), Labels::Always);
            }
        }
    }

    /// Orders that the quotes became, and their immediate fills.
    fn quotes(&self, look: Look<'_>, events: &[Event]) -> String {
        let mut out = String::new();
        let mut object = Object::new(&mut out);
        let mut orders = List::new(object.key("orders"));
        let placed = events.iter().filter_map(|event| match event {
            Event::OrderPlaced(placed) => Some(placed.order),
            _ => None,
        });
        for order in placed.filter_map(|id| look.view.order(id)) {
            write_order(orders.item(), look, order);
        }
        orders.end();
        let mut trades = List::new(object.key("trades"));
        for event in events {
            let Event::Traded(traded) = event else { continue };
            let account = look.view.account(self.account);
            let Some(own) = account.and_then(|account| account.trade(traded.trade)) else {
                continue;
            };
            write_user_trade(trades.item(), look, (self.account, own), Labels::Always);
        }
        trades.end();
        object.number("errors_count", 0);
        object.key("errors").push_str("[]");
        object.end();
        out
    }

    /// The fence in force, and the entry from which on it holds.
    fn fence(&self, look: Look<'_>, events: &[Event]) -> String {
        let up_to = events.iter().find_map(|event| match event {
            Event::OrdersFenced { up_to, .. } => Some(*up_to),
            _ => None,
        });
        text(|out| {
            let mut object = Object::new(out);
            object.number_or_null("up_to", up_to).number("seq", look.view.seq());
            object.end();
        })
    }

    /// The movement of money that the entry booked for the account.
    fn movement(&self, look: Look<'_>) -> String {
        let account = look.view.account(self.account);
        let row = account.and_then(|account| account.movements().next_back());
        text(|out| match row {
            Some(row) if row.reason == TransferReason::Withdrawal => {
                write_withdrawal(out, look, row);
            }
            Some(row) => write_transfer(out, look, row),
            None => out.push_str("null"),
        })
    }
}

fn write_or_null(out: &mut String, look: Look<'_>, id: Option<OrderId>) {
    if id.and_then(|id| write_any_order(out, look, id)).is_none() {
        out.push_str("null");
    }
}

/// The text that `write` writes.
pub(crate) fn text(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}
