//! A view as bytes, so that a snapshot of a domain can carry it.
//!
//! ```text
//!   u8 version │ asset, decimals, seq, at, movements │ instruments │ indexes │ accounts
//!              │ open orders │ closed orders, first closed first │ last trades │ client order ids
//!              │ reporters │ settled instruments │ accounts in liquidation │ halts
//!              │ notices, open incidents, key, components
//!              │ triggers: waiting, then gone, first gone first
//!              │ streams: account, last entry that is forgotten, records
//! ```
//! What follows from the rest is not written: names, contracts, levels of books, lists of orders
//! by account. Decoding is strict as in [`types::codec`]: what contradicts itself is refused.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader, encode_count};
use types::planted::{self, Bug};
use types::{
    AccountId, AssetCode, At, ClientOrderId, Component, ComponentState, Contract, Lots, OrderId,
    Seq, TradeId,
};

use crate::accounts::{Account, Mmp, Movement, Position};
use crate::book::Book;
use crate::candles::{Candle, Candles};
use crate::deliveries::{DeliveryPrice, SLOT_MS, Settled, Settlement, Window};
use crate::feeds::{Feed, Reporter};
use crate::funding::{Funding, FundingHour};
use crate::halts::Auction;
use crate::indexes::Index;
use crate::instruments::InstrumentView;
use crate::marks::Marks;
use crate::notices::Told;
use crate::orders::{Order, OrderState};
use crate::stream::StreamRecord;
use crate::trades::{TickDirection, Trade, UserTrade};
use crate::triggers::{Trigger, TriggerState};
use crate::view::View;

/// Version of the layout above.
const VERSION: u8 = 6;

/// The bytes of the fields in this order.
macro_rules! record {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$field.encode(out);)*
            }
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok($name { $($field: Codec::decode(reader)?),* })
            }
        }
    };
}

record!(Told { notice, previous, head });
record!(Auction { reference, ends_at, indication });
record!(Candle { start, open, high, low, close, lots, value });
record!(DeliveryPrice { expiry, price, samples, at });
record!(Feed { terms, health, reason, since });
record!(FundingHour { end, interest_ppb, index_price });
record!(Reporter { key, stake, is_caught });
record!(Settled { instrument, at, price, mark, open_interest });
record!(Settlement { id, at, reason, amount, instrument, position, index_price, mark, balance });
record!(Mmp { config, frozen, frozen_until });
record!(Movement { id, seq, at, reason, amount, other, balance });
record!(Trade {
    id,
    seq,
    instrument,
    at,
    price,
    size,
    taker_side,
    tick_direction,
    index_price,
    mark,
    liquidation,
});
record!(UserTrade {
    trade,
    order,
    is_maker,
    fee,
    realised,
    open,
    kind,
    post_only,
    reduce_only,
    mmp,
    quote_group,
    label,
    change,
    balance,
    position,
});
record!(Order {
    id,
    account,
    instrument,
    side,
    kind,
    price,
    size,
    filled,
    filled_ticks,
    displayed,
    display,
    time_in_force,
    post_only,
    reduce_only,
    mmp,
    quote_group,
    label,
    client_order_id,
    created,
    updated,
    change,
    fee,
    realised,
    state,
    replaced,
    liquidation,
    trigger,
});
record!(StreamRecord {
    seq,
    previous,
    at,
    balance,
    liquidating,
    orders,
    triggers,
    trades,
    positions,
});
record!(Trigger { id, terms, best, created, updated, change, replaced, state });

impl Codec for TriggerState {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            TriggerState::Waiting => out.push(0),
            TriggerState::Triggered(order) => {
                out.push(1);
                order.encode(out);
            }
            TriggerState::Closed(end) => {
                out.push(2);
                end.encode(out);
            }
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            0 => Ok(TriggerState::Waiting),
            1 => Ok(TriggerState::Triggered(Codec::decode(reader)?)),
            2 => Ok(TriggerState::Closed(Codec::decode(reader)?)),
            _ => Err(reader.refuse("TriggerState")),
        }
    }
}

impl Codec for OrderState {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            OrderState::Open => out.push(0),
            OrderState::Filled => out.push(1),
            OrderState::Cancelled(reason) => {
                out.push(2);
                reason.encode(out);
            }
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            0 => Ok(OrderState::Open),
            1 => Ok(OrderState::Filled),
            2 => Ok(OrderState::Cancelled(Codec::decode(reader)?)),
            _ => Err(reader.refuse("OrderState")),
        }
    }
}

impl Codec for TickDirection {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(match self {
            TickDirection::Plus => 0,
            TickDirection::ZeroPlus => 1,
            TickDirection::Minus => 2,
            TickDirection::ZeroMinus => 3,
        });
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            0 => Ok(TickDirection::Plus),
            1 => Ok(TickDirection::ZeroPlus),
            2 => Ok(TickDirection::Minus),
            3 => Ok(TickDirection::ZeroMinus),
            _ => Err(reader.refuse("TickDirection")),
        }
    }
}

impl Codec for Position {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.size, self.cost).encode(out);
        (self.realised, self.funding).encode(out);
        i128::try_from(self.entered).expect("entries fill 94 bits at most").encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (size, cost) = Codec::decode(reader)?;
        let (realised, funding) = Codec::decode(reader)?;
        let entered = i128::decode(reader)?;
        let entered = u128::try_from(entered).map_err(|_| reader.refuse("Position"))?;
        if 1 << 100 <= entered {
            return Err(reader.refuse("Position"));
        }
        Ok(Position { size, cost, realised, funding, entered })
    }
}

fn encode_all<'a, T: Codec + 'a>(items: impl ExactSizeIterator<Item = &'a T>, out: &mut Vec<u8>) {
    encode_count(items.len(), out);
    items.for_each(|item| item.encode(out));
}

fn decode_all<T: Codec>(reader: &mut Reader<'_>) -> Result<VecDeque<T>, DecodeError> {
    Vec::decode(reader).map(VecDeque::from)
}

impl Codec for Index {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.base, self.quote).encode(out);
        (self.price, self.at).encode(out);
        encode_all(self.hours.iter(), out);
        self.feed.encode(out);
        encode_all(self.deliveries.iter(), out);
        (self.disputed.clone(), self.windows.clone()).encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (base, quote) = Codec::decode(reader)?;
        // The place in the list is the id: the caller sets it.
        let mut index = Index::new(types::IndexId(0), base, quote);
        (index.price, index.at) = Codec::decode(reader)?;
        index.hours = decode_all(reader)?;
        index.feed = Codec::decode(reader)?;
        index.deliveries = decode_all(reader)?;
        (index.disputed, index.windows) = Codec::decode(reader)?;
        Ok(index)
    }
}

impl Codec for Window {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.expiry, self.next_slot).encode(out);
        (self.good, self.sum).encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (expiry, next_slot) = Codec::decode(reader)?;
        let (good, sum) = Codec::decode(reader)?;
        let window = Window { expiry, next_slot, good, sum };
        if window.is_possible() { Ok(window) } else { Err(reader.refuse("Window")) }
    }
}

impl Codec for Funding {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.rate_ppb, self.told).encode(out);
        self.total_ppb.encode(out);
        encode_all(self.minutes.iter(), out);
        encode_all(self.hours.iter(), out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (rate_ppb, told) = Codec::decode(reader)?;
        let total_ppb = Codec::decode(reader)?;
        let (minutes, hours) = (decode_all(reader)?, decode_all(reader)?);
        Ok(Funding { rate_ppb, told, total_ppb, minutes, hours })
    }
}

fn encode_instrument(instrument: &InstrumentView, out: &mut Vec<u8>) {
    (instrument.index, instrument.listed_at).encode(out);
    instrument.spec.encode(out);
    (instrument.mark, instrument.last).encode(out);
    let is_kept = !planted::is(Bug::OpenInterestLostByView);
    let open_interest = if is_kept { instrument.open_interest } else { 0 };
    (instrument.tick_direction, open_interest).encode(out);
    (instrument.book.change, instrument.book.changed_at).encode(out);
    encode_all(instrument.trades.iter(), out);
    encode_all(instrument.candles.minutes.iter(), out);
    encode_all(instrument.candles.days.iter(), out);
    (instrument.option, instrument.funding.clone()).encode(out);
    encode_all(instrument.marks.minutes.iter(), out);
    instrument.delivered.encode(out);
    (instrument.state, instrument.auction).encode(out);
}

fn decode_instrument(
    reader: &mut Reader<'_>,
    id: types::InstrumentId,
    decimals: u8,
) -> Result<InstrumentView, DecodeError> {
    let (index, listed_at) = Codec::decode(reader)?;
    let spec = Codec::decode(reader)?;
    if Contract::of(&spec, decimals).is_none() {
        return Err(reader.refuse("Instrument"));
    }
    let mut instrument = InstrumentView::listed((id, index), listed_at, &spec, decimals);
    (instrument.mark, instrument.last) = Codec::decode(reader)?;
    (instrument.tick_direction, instrument.open_interest) = Codec::decode(reader)?;
    let (change, changed_at) = Codec::decode(reader)?;
    instrument.book = Book { change, changed_at, ..Book::default() };
    instrument.trades = decode_all(reader)?;
    instrument.candles = Candles { minutes: decode_all(reader)?, days: decode_all(reader)? };
    (instrument.option, instrument.funding) = Codec::decode(reader)?;
    instrument.marks = Marks { minutes: decode_all(reader)? };
    instrument.delivered = Codec::decode(reader)?;
    (instrument.state, instrument.auction) = Codec::decode(reader)?;
    Ok(instrument)
}

fn encode_account(account: &Account, out: &mut Vec<u8>) {
    (account.parent, account.opened_at).encode(out);
    account.balance.encode(out);
    (account.futures_realised, account.options_realised).encode(out);
    (account.self_trade, account.with_subaccounts).encode(out);
    account.mmps.encode(out);
    encode_count(account.positions.len(), out);
    for (&instrument, &position) in &account.positions {
        (instrument, position).encode(out);
    }
    encode_all(account.trades.iter(), out);
    encode_all(account.movements.iter(), out);
    encode_all(account.settlements.iter(), out);
    account.fence.encode(out);
}

fn decode_account(reader: &mut Reader<'_>, id: AccountId) -> Result<Account, DecodeError> {
    let mut account = Account { id, ..Account::default() };
    (account.parent, account.opened_at) = Codec::decode(reader)?;
    account.balance = Codec::decode(reader)?;
    (account.futures_realised, account.options_realised) = Codec::decode(reader)?;
    (account.self_trade, account.with_subaccounts) = Codec::decode(reader)?;
    account.mmps = Codec::decode(reader)?;
    account.positions = Vec::decode(reader)?.into_iter().collect();
    account.trades = decode_all(reader)?;
    account.movements = decode_all(reader)?;
    account.settlements = decode_all(reader)?;
    account.fence = Codec::decode(reader)?;
    Ok(account)
}

/// Of accounts that were ever touched: the bytes are those of a list of records.
fn encode_streams(accounts: &[Account], out: &mut Vec<u8>) {
    let touched: Vec<&Account> =
        accounts.iter().filter(|account| account.stream.last() != Seq(0)).collect();
    encode_count(touched.len(), out);
    for account in touched {
        let (forgotten, n_records, bytes) = account.stream.kept();
        (account.id, forgotten).encode(out);
        encode_count(n_records, out);
        let (front, back) = bytes.as_slices();
        out.extend_from_slice(front);
        out.extend_from_slice(back);
    }
}

impl Codec for View {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        self.asset.encode(out);
        self.decimals.encode(out);
        (self.seq, self.at).encode(out);
        self.movements.encode(out);
        encode_count(self.instruments.len(), out);
        self.instruments.iter().for_each(|instrument| encode_instrument(instrument, out));
        self.indexes.encode(out);
        encode_count(self.accounts.len(), out);
        self.accounts.iter().for_each(|account| encode_account(account, out));
        let open: Vec<&Order> = self.orders.open.iter().flatten().map(AsRef::as_ref).collect();
        encode_all(open.into_iter(), out);
        let closed = self.orders.closed_in_order.iter();
        let closed: Vec<&Order> =
            closed.filter_map(|id| self.orders.closed.get(id)).map(AsRef::as_ref).collect();
        encode_all(closed.into_iter(), out);
        encode_all(self.trades.iter(), out);
        encode_count(self.client_ids.len(), out);
        for (at, account, id) in &self.client_ids {
            let order = self.account(*account).and_then(|account| account.client_order(id));
            ((*at, *account), (id.clone(), order.unwrap_or_default())).encode(out);
        }
        encode_count(self.reporters.len(), out);
        self.reporters.iter().for_each(|(id, reporter)| (*id, *reporter).encode(out));
        encode_all(self.settled.iter(), out);
        encode_all(self.liquidating.iter(), out);
        encode_all(self.halts.values(), out);
        encode_all(self.notices.told.iter(), out);
        encode_all(self.notices.open.values(), out);
        self.notices.key.encode(out);
        let components: Vec<(Component, ComponentState)> =
            self.notices.components.iter().map(|(component, state)| (*component, *state)).collect();
        components.encode(out);
        encode_all(self.triggers_to_keep().into_iter(), out);
        encode_streams(&self.accounts, out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if u8::decode(reader)? != VERSION {
            return Err(reader.refuse("version of a view"));
        }
        let mut view = View::new(AssetCode::decode(reader)?, u8::decode(reader)?);
        (view.seq, view.at) = <(Seq, At)>::decode(reader)?;
        view.movements = u64::decode(reader)?;
        for id in 0..reader.count()? {
            let id = u32::try_from(id).map_err(|_| reader.refuse("InstrumentId"))?;
            let instrument = decode_instrument(reader, types::InstrumentId(id), view.decimals)?;
            view.instruments.push(instrument);
        }
        view.indexes = Codec::decode(reader)?;
        for (index, id) in view.indexes.iter_mut().zip(0..) {
            index.id = types::IndexId(id);
        }
        for nth in 0..reader.count()? {
            let id = u32::try_from(nth + 1).map_err(|_| reader.refuse("AccountId"))?;
            view.accounts.push(decode_account(reader, AccountId(id))?);
        }
        for order in Vec::<Order>::decode(reader)? {
            view.reopen(order).ok_or_else(|| reader.refuse("open order"))?;
        }
        for order in Vec::<Order>::decode(reader)? {
            view.reclose(order).ok_or_else(|| reader.refuse("closed order"))?;
        }
        view.trades = decode_all(reader)?;
        for ((at, account), (id, order)) in Vec::<ClientId>::decode(reader)? {
            let owner = view.account_if_any(account);
            let owner = owner.ok_or_else(|| reader.refuse("client order id"))?;
            owner.client_orders.insert(id.clone(), order);
            view.client_ids.push_back((at, account, id));
        }
        view.reporters = Vec::decode(reader)?.into_iter().collect();
        view.settled = decode_all(reader)?;
        view.liquidating = Vec::decode(reader)?.into_iter().collect();
        let halts = Vec::<types::Halt>::decode(reader)?.into_iter();
        view.halts = halts.map(|halt| ((halt.scope, halt.cause), halt)).collect();
        view.notices.told = decode_all(reader)?;
        let open = Vec::<types::Incident>::decode(reader)?.into_iter();
        view.notices.open = open.map(|incident| (incident.incident, incident)).collect();
        view.notices.key = Codec::decode(reader)?;
        view.notices.components = Vec::decode(reader)?.into_iter().collect();
        for trigger in Vec::<Trigger>::decode(reader)? {
            view.restore_trigger(trigger).ok_or_else(|| reader.refuse("trigger"))?;
        }
        view.decode_streams(reader)?;
        view.relist_trades();
        view.slot = view.at.0 / SLOT_MS;
        view.next_expiry = view.first_expiry();
        Ok(view)
    }
}

type ClientId = ((At, AccountId), (ClientOrderId, OrderId));

impl View {
    pub(crate) fn account_if_any(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(usize::try_from(id.0).ok()?.checked_sub(1)?)
    }

    fn decode_streams(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        for _ in 0..reader.count()? {
            let (account, forgotten) = Codec::decode(reader)?;
            let records = Vec::<StreamRecord>::decode(reader)?;
            let restored = self.restore_stream(account, forgotten, &records);
            restored.ok_or_else(|| reader.refuse("stream of an account"))?;
        }
        self.relist_records();
        Ok(())
    }

    /// Puts an open order back: into the registry, its owner's list and the visible book.
    fn reopen(&mut self, order: Order) -> Option<()> {
        let id = order.id;
        let fits = order.is_open() && order.filled <= order.size && order.displayed <= order.size;
        if !fits || self.orders.is_taken(id) {
            return None;
        }
        self.account_if_any(order.account)?.open.insert(id);
        let market = self.instruments.get_mut(usize::try_from(order.instrument.0).ok()?)?;
        if order.displayed != Lots::ZERO {
            market.book.update(order.side, order.price, Lots::ZERO, order.displayed);
        }
        self.orders.insert(order);
        Some(())
    }

    fn reclose(&mut self, order: Order) -> Option<()> {
        let id = order.id;
        if order.is_open() || order.size < order.filled || self.orders.get(id).is_some() {
            return None;
        }
        self.account_if_any(order.account)?.closed.push_back(id);
        self.instruments.get(usize::try_from(order.instrument.0).ok()?)?;
        self.orders.closed.insert(id, Box::new(order));
        self.orders.closed_in_order.push_back(id);
        Some(())
    }

    /// Both sides of every trade that is kept, the oldest first.
    fn relist_trades(&mut self) {
        let accounts = self.accounts.iter();
        let mut sides: Vec<(TradeId, AccountId)> = accounts
            .flat_map(|account| account.trades.iter().map(|own| (own.trade.id, account.id)))
            .collect();
        sides.sort_unstable();
        self.user_trades = sides.into_iter().map(|(trade, account)| (account, trade)).collect();
    }
}
