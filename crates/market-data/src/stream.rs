//! What happened to each account, entry by entry: a stream that its owner can go on with anywhere.
//!
//! ```text
//!   account 7    … ◂─ 41 ◂─ 58 ◂─ 59 ◂─ 73      each record names the one before it, so that a
//!                     └───── window ─────┘      gap shows
//! ```
//! A record is of one entry, numbered as that, and holds what the entry changed for the account as
//! it was right after the entry. Records are made of events alone: every replica that has taken in
//! the same log has the same ones, whichever of them a client asks.
//!
//! Many are made and few are read, so they are kept as their bytes, one after the other: that is a
//! copy and no allocation, and its bound is in bytes.
//!
//! # Invariants
//! 1. `previous` of a record is `seq` of the one before it; what is left of a stream has no gap.
//! 2. The records of the last entry are there, however large they are.
//!
//! What only the engine knows (margins, profits at the mark) is not in it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use types::codec::Codec;
use types::{AccountId, Amount, At, InstrumentId, OrderId, Seq, TradeId, TriggerId};

use crate::accounts::{Account, Position};
use crate::limits::{
    STREAM_BYTES_MAX, STREAM_BYTES_PER_ACCOUNT_MAX, STREAM_RECORDS_PER_ACCOUNT_MAX,
};
use crate::orders::Order;
use crate::trades::UserTrade;
use crate::triggers::Trigger;
use crate::view::View;

/// What one entry did to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRecord {
    /// The entry.
    pub seq: Seq,
    /// The entry of the record before it; zero if there was none.
    pub previous: Seq,
    /// When.
    pub at: At,
    /// Cash after it.
    pub balance: Amount,
    /// Whether the account is being liquidated after it.
    pub liquidating: bool,
    /// The orders that changed, by id, as they were after it.
    pub orders: Vec<Order>,
    /// The triggers that changed, by id, as they were after it.
    pub triggers: Vec<Trigger>,
    /// Its sides of trades, by id.
    pub trades: Vec<UserTrade>,
    /// The positions that changed, by instrument, as they were after it.
    pub positions: Vec<(InstrumentId, Position)>,
}

/// The last records of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// Entry and length of each record.
    records: VecDeque<(Seq, usize)>,
    bytes: VecDeque<u8>,
    /// Entry of the newest record that was forgotten.
    forgotten: Seq,
}

/// What an event of the entry has touched of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touched {
    /// Its money, or that it is being liquidated.
    Account,
    Order(OrderId),
    Trigger(TriggerId),
    Trade(TradeId),
    Position(InstrumentId),
}

/// What is being recorded, and the records of all accounts in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    touched: Vec<(AccountId, Touched)>,
    recorded: Vec<AccountId>,
    /// Some of them are gone already: those that their account had no more room for.
    in_order: VecDeque<(Seq, AccountId)>,
    n_records: usize,
    n_bytes: usize,
    /// The record that is being written.
    bytes: Vec<u8>,
}

impl Stream {
    /// The last record's entry; zero if there never was one.
    pub fn last(&self) -> Seq {
        self.records.back().map_or(self.forgotten, |(seq, _)| *seq)
    }

    /// The records of entries after `seq`, oldest first.
    pub fn after(&self, seq: Seq) -> impl Iterator<Item = StreamRecord> {
        let from = self.records.partition_point(|(known, _)| *known <= seq);
        let mut offset: usize = self.records.range(..from).map(|(_, length)| *length).sum();
        self.records.range(from..).map(move |(_, length)| {
            let end = offset + *length;
            self.read(core::mem::replace(&mut offset, end), end)
        })
    }

    /// The newest record.
    pub fn newest(&self) -> Option<StreamRecord> {
        let (_, length) = self.records.back()?;
        Some(self.read(self.bytes.len() - length, self.bytes.len()))
    }

    fn read(&self, from: usize, to: usize) -> StreamRecord {
        let bytes: Vec<u8> = self.bytes.range(from..to).copied().collect();
        StreamRecord::from_bytes(&bytes).expect("a record is kept as its own bytes")
    }

    /// Whether every record after `seq` is still there.
    pub fn is_complete_after(&self, seq: Seq) -> bool {
        self.forgotten <= seq
    }

    /// Entry of the newest record that was forgotten, and the bytes of those that are there.
    pub(crate) fn kept(&self) -> (Seq, usize, &VecDeque<u8>) {
        (self.forgotten, self.records.len(), &self.bytes)
    }

    fn push(&mut self, seq: Seq, bytes: &[u8]) {
        self.records.push_back((seq, bytes.len()));
        self.bytes.extend(bytes);
    }

    /// Forgets its oldest record; how many bytes that had.
    fn pop(&mut self) -> Option<usize> {
        let (seq, length) = self.records.pop_front()?;
        self.bytes.drain(..length);
        self.forgotten = seq;
        Some(length)
    }

    fn oldest(&self) -> Option<Seq> {
        self.records.front().map(|(seq, _)| *seq)
    }

    fn is_full(&self) -> bool {
        STREAM_RECORDS_PER_ACCOUNT_MAX < self.records.len()
            || (STREAM_BYTES_PER_ACCOUNT_MAX < self.bytes.len() && 1 < self.records.len())
    }
}

impl Account {
    /// What happened to it lately, entry by entry.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }
}

impl Recorder {
    /// Records in the common list that are gone, beside as many as are there: then it is cleaned.
    const GONE_MAX: usize = 1_024;

    /// Notes what an event has touched.
    pub(crate) fn touch(&mut self, account: AccountId, what: Touched) {
        self.touched.push((account, what));
    }

    /// Notes that the money of an account has moved. Most of it moves with a trade, which is noted.
    pub(crate) fn touch_money(&mut self, account: AccountId) {
        if self.touched.last().is_none_or(|(last, _)| *last != account) {
            self.touch(account, Touched::Account);
        }
    }

    pub(crate) fn begin_entry(&mut self) {
        self.touched.clear();
        self.recorded.clear();
    }

    fn note(&mut self, seq: Seq, account: AccountId, n_bytes: usize) {
        self.n_records += 1;
        self.n_bytes += n_bytes;
        self.in_order.push_back((seq, account));
        self.recorded.push(account);
    }

    fn forget(&mut self, n_bytes: usize) {
        self.n_records -= 1;
        self.n_bytes -= n_bytes;
    }
}

impl View {
    /// The accounts that the last entry has touched, by id: each has a record of it.
    pub fn recorded(&self) -> &[AccountId] {
        &self.recorder.recorded
    }

    /// Ends an entry: each account that it touched gets one record.
    pub(crate) fn record_entry(&mut self) {
        let mut touched = core::mem::take(&mut self.recorder.touched);
        touched.sort_unstable();
        touched.dedup();
        for of_one in touched.chunk_by(|(one, _), (next, _)| one == next) {
            if let Some((account, _)) = of_one.first() {
                self.record(*account, of_one);
            }
        }
        self.recorder.touched = touched;
        self.forget_records();
    }

    fn record(&mut self, id: AccountId, touched: &[(AccountId, Touched)]) {
        let mut bytes = core::mem::take(&mut self.recorder.bytes);
        bytes.clear();
        self.write_record(id, touched, &mut bytes);
        let seq = self.seq;
        self.recorder.note(seq, id, bytes.len());
        self.account_mut(id).stream.push(seq, &bytes);
        self.recorder.bytes = bytes;
        while self.account_mut(id).stream.is_full() {
            self.forget_oldest(id);
        }
    }

    /// The bytes of a [`StreamRecord`] of what was touched, as it is now.
    fn write_record(&self, id: AccountId, touched: &[(AccountId, Touched)], out: &mut Vec<u8>) {
        let account = self.account(id).expect("events name accounts that were opened");
        (self.seq, account.stream.last()).encode(out);
        (self.at, account.balance).encode(out);
        self.liquidating.contains(&id).encode(out);
        let touched = || touched.iter().map(|(_, what)| *what);
        let orders = touched().filter_map(|what| match what {
            Touched::Order(id) => self.orders.get(id),
            _ => None,
        });
        write_all(orders, out);
        let triggers = touched().filter_map(|what| match what {
            Touched::Trigger(id) => self.triggers.get(id),
            _ => None,
        });
        write_all(triggers, out);
        let trades = touched().filter_map(|what| match what {
            Touched::Trade(id) => account.trade(id),
            _ => None,
        });
        write_all(trades, out);
        let positions = touched().filter_map(|what| match what {
            Touched::Position(id) => Some((id, account.position(id))),
            _ => None,
        });
        write_all(positions, out);
    }

    fn forget_oldest(&mut self, id: AccountId) {
        if let Some(n_bytes) = self.account_mut(id).stream.pop() {
            self.recorder.forget(n_bytes);
        }
    }

    /// Forgets the oldest records of all while there are too many, but none of this entry.
    fn forget_records(&mut self) {
        while STREAM_BYTES_MAX < self.recorder.n_bytes
            && let Some((seq, account)) = self.recorder.in_order.front().copied()
            && seq < self.seq
        {
            self.recorder.in_order.pop_front();
            if self.oldest_record(account) == Some(seq) {
                self.forget_oldest(account);
            }
        }
        if 2 * self.recorder.n_records + Recorder::GONE_MAX < self.recorder.in_order.len() {
            let mut in_order = core::mem::take(&mut self.recorder.in_order);
            let is_there = |seq: &Seq, account| {
                self.oldest_record(account).is_some_and(|oldest| oldest <= *seq)
            };
            in_order.retain(|(seq, account)| is_there(seq, *account));
            self.recorder.in_order = in_order;
        }
    }

    fn oldest_record(&self, account: AccountId) -> Option<Seq> {
        self.account(account)?.stream.oldest()
    }

    /// Puts the stream of an account of a snapshot back; `None` if it contradicts itself or what is
    /// there.
    pub(crate) fn restore_stream(
        &mut self,
        id: AccountId,
        forgotten: Seq,
        records: &[StreamRecord],
    ) -> Option<()> {
        let (mut stream, mut bytes) = (Stream { forgotten, ..Stream::default() }, Vec::new());
        for record in records {
            let is_next = record.previous == stream.last() && record.previous < record.seq;
            if !is_next || !self.fits(id, record) {
                return None;
            }
            bytes.clear();
            record.encode(&mut bytes);
            stream.push(record.seq, &bytes);
        }
        if self.seq < stream.last() || stream.is_full() {
            return None;
        }
        self.account_if_any(id)?.stream = stream;
        Some(())
    }

    /// What a record names is there, so that it can be shown.
    fn fits(&self, id: AccountId, record: &StreamRecord) -> bool {
        let is_listed = |instrument: InstrumentId| self.instrument(instrument).is_some();
        let is_order = |order: &Order| {
            order.account == id && is_listed(order.instrument) && order.filled <= order.size
        };
        let is_trigger = |one: &Trigger| one.account() == id && is_listed(one.instrument());
        record.orders.iter().all(is_order)
            && record.triggers.iter().all(is_trigger)
            && record.trades.iter().all(|own| is_listed(own.trade.instrument))
            && record.positions.iter().all(|(instrument, _)| is_listed(*instrument))
    }

    /// The records of all accounts of a snapshot, in the order in which they came.
    pub(crate) fn relist_records(&mut self) {
        let of_one = |account: &Account| {
            let id = account.id;
            account.stream.records.iter().map(move |(seq, _)| (*seq, id)).collect::<Vec<_>>()
        };
        let mut in_order: Vec<_> = self.accounts.iter().flat_map(of_one).collect();
        in_order.sort_unstable();
        self.recorder.n_records = in_order.len();
        self.recorder.n_bytes =
            self.accounts.iter().map(|account| account.stream.bytes.len()).sum();
        self.recorder.in_order = in_order.into();
    }
}

/// The bytes of a list whose length is known in the end.
fn write_all<T: Written>(items: impl Iterator<Item = T>, out: &mut Vec<u8>) {
    let place = out.len();
    let mut count = 0_u32;
    count.encode(out);
    for item in items {
        item.write(out);
        count += 1;
    }
    if let Some(written) = out.get_mut(place..place + size_of::<u32>()) {
        written.copy_from_slice(&count.to_le_bytes());
    }
}

/// What a record lists: things that are looked at, and positions.
trait Written {
    fn write(&self, out: &mut Vec<u8>);
}

impl<T: Codec> Written for &T {
    fn write(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }
}

impl Written for (InstrumentId, Position) {
    fn write(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }
}
