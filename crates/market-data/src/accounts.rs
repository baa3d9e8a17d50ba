//! Accounts: their orders, trades, positions and movements of money.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use types::{
    AccountId, Amount, AssetCode, At, ClientOrderId, InstrumentId, LedgerAccount, MmpConfig,
    MmpGroup, OrderId, SelfTradeMode, Seq, SignedLots, Ticks, TradeId, TransferReason, TriggerId,
};

use crate::deliveries::Settlement;
use crate::limits::{
    MOVEMENTS_PER_ACCOUNT_MAX, SETTLEMENTS_PER_ACCOUNT_MAX, TRADES_PER_ACCOUNT_MAX,
};
use crate::stream::Stream;
use crate::trades::UserTrade;

/// A position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// How much.
    pub size: SignedLots,
    /// What it cost, signed as in `docs/rules/money.md`.
    pub cost: Amount,
    /// What was realised since it was opened.
    pub realised: Amount,
    /// What funding brought (below zero: cost) since it was opened.
    pub funding: Amount,
    /// Sum of its entries, each lots times price, or where value is a quotient lots by price; as
    /// [`Position::entry`] takes it apart.
    pub(crate) entered: u128,
}

impl Position {
    /// Binary places of a sum of products and of quotients.
    const PRODUCT_BITS: u32 = 20;
    const QUOTIENT_BITS: u32 = 60;

    /// Its average entry price in ticks, as a numerator and a denominator. It is what the fills
    /// say: closer than the cost, which is rounded to atoms at every fill.
    pub fn entry(&self, is_quotient: bool) -> (u128, u128) {
        let lots = u128::from(self.size.size());
        match is_quotient {
            true => (lots << Self::QUOTIENT_BITS, self.entered),
            false => (self.entered, lots << Self::PRODUCT_BITS),
        }
    }

    /// Takes in a fill of `more` lots (below zero: sold) before the size follows.
    pub(crate) fn fill(&mut self, more: i64, price: Ticks, is_quotient: bool) {
        let sum = |lots: u64| match is_quotient {
            true => (u128::from(lots) << Self::QUOTIENT_BITS) / u128::from(price.0.max(1)),
            false => (u128::from(lots) * u128::from(price.0)) << Self::PRODUCT_BITS,
        };
        let (before, after) = (self.size.0, self.size.0.saturating_add(more));
        let (old, new) = (u128::from(before.unsigned_abs()), u128::from(after.unsigned_abs()));
        self.entered = if before == 0 || (before < 0) == (more < 0) {
            self.entered + sum(more.unsigned_abs())
        } else if after != 0 && (before < 0) != (after < 0) {
            sum(after.unsigned_abs())
        } else {
            // In two steps, so that nothing overflows: the sum may fill 94 bits.
            self.entered / old * new + self.entered % old * new / old
        };
    }
}

/// A deposit, a withdrawal, or a transfer between accounts of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its number in the domain; both sides of a transfer have the same.
    pub id: u64,
    /// The entry.
    pub seq: Seq,
    /// When.
    pub at: At,
    /// What for.
    pub reason: TransferReason,
    /// How much came, below zero if it went.
    pub amount: Amount,
    /// From or to whom.
    pub other: LedgerAccount,
    /// Cash after it.
    pub balance: Amount,
}

/// A market-maker protection and its freeze.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mmp {
    /// How it is set.
    pub config: MmpConfig,
    /// Whether it has triggered.
    pub frozen: bool,
    /// When the freeze ends; `None`: when it is reset.
    pub frozen_until: Option<At>,
}

/// An account in this domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub(crate) id: AccountId,
    pub(crate) parent: Option<AccountId>,
    pub(crate) opened_at: At,
    pub(crate) balance: Amount,
    pub(crate) futures_realised: Amount,
    pub(crate) options_realised: Amount,
    pub(crate) open: BTreeSet<OrderId>,
    pub(crate) closed: VecDeque<OrderId>,
    pub(crate) triggers: BTreeSet<TriggerId>,
    pub(crate) gone_triggers: VecDeque<TriggerId>,
    pub(crate) trades: VecDeque<UserTrade>,
    pub(crate) positions: BTreeMap<InstrumentId, Position>,
    pub(crate) movements: VecDeque<Movement>,
    pub(crate) settlements: VecDeque<Settlement>,
    pub(crate) client_orders: BTreeMap<ClientOrderId, OrderId>,
    pub(crate) fence: Option<u64>,
    pub(crate) stream: Stream,
    pub(crate) mmps: Vec<Mmp>,
    pub(crate) self_trade: SelfTradeMode,
    pub(crate) with_subaccounts: bool,
}

impl Account {
    /// Its id.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// Its main account, if it is a subaccount.
    pub fn parent(&self) -> Option<AccountId> {
        self.parent
    }

    /// When it was opened.
    pub fn opened_at(&self) -> At {
        self.opened_at
    }

    /// Cash: posted money and what was realised.
    pub fn balance(&self) -> Amount {
        self.balance
    }

    /// What was realised so far in futures, and in options. Funding and deliveries are in it, fees
    /// are not.
    pub fn realised(&self) -> (Amount, Amount) {
        (self.futures_realised, self.options_realised)
    }

    /// Its trades, oldest first.
    pub fn trades(&self) -> impl DoubleEndedIterator<Item = &UserTrade> {
        self.trades.iter()
    }

    /// Its side of a trade.
    pub fn trade(&self, id: TradeId) -> Option<&UserTrade> {
        let at = self.trades.partition_point(|own| own.trade.id < id);
        self.trades.get(at).filter(|own| own.trade.id == id)
    }

    /// Its positions that are not flat, by instrument.
    pub fn positions(&self) -> impl Iterator<Item = (InstrumentId, Position)> {
        self.positions.iter().map(|(&instrument, &position)| (instrument, position))
    }

    /// Its position in an instrument; flat if it has none.
    pub fn position(&self, instrument: InstrumentId) -> Position {
        self.positions.get(&instrument).copied().unwrap_or_default()
    }

    /// Its deposits, withdrawals and transfers, oldest first.
    pub fn movements(&self) -> impl DoubleEndedIterator<Item = &Movement> {
        self.movements.iter()
    }

    /// Its funding, deliveries, stakes and rewards, oldest first.
    pub fn settlements(&self) -> impl DoubleEndedIterator<Item = &Settlement> {
        self.settlements.iter()
    }

    /// The order that a client order id of the last day names.
    pub fn client_order(&self, id: &ClientOrderId) -> Option<OrderId> {
        self.client_orders.get(id).copied()
    }

    /// Whether an order under this client order id would be refused by the fence, if there is none
    /// yet: it is never placed.
    pub fn is_fenced(&self, id: &ClientOrderId) -> bool {
        let number = id.number();
        number.is_some_and(|number| self.fence.is_some_and(|up_to| number <= up_to))
    }

    /// Its market-maker protections.
    pub fn mmps(&self) -> &[Mmp] {
        &self.mmps
    }

    /// What happens when its own orders meet, and whether its subaccounts are in the group.
    pub fn self_trade(&self) -> (SelfTradeMode, bool) {
        (self.self_trade, self.with_subaccounts)
    }

    pub(crate) fn change_position(&mut self, to: (InstrumentId, SignedLots, Amount)) {
        let (instrument, size, cost) = to;
        if let Some(last) = self.trades.back_mut().filter(|own| own.trade.instrument == instrument)
        {
            last.position = size;
        }
        if size == SignedLots::ZERO {
            self.positions.remove(&instrument);
            return;
        }
        let position = self.positions.entry(instrument).or_default();
        let turned = (position.size.0 < 0) != (size.0 < 0);
        if turned && position.size != SignedLots::ZERO {
            (position.realised, position.funding) = (Amount::ZERO, Amount::ZERO);
        }
        position.size = size;
        position.cost = cost;
    }

    /// Takes in the price of a fill of `more` lots, below zero if they were sold.
    pub(crate) fn enter(&mut self, at: InstrumentId, (more, price): (i64, Ticks), quotient: bool) {
        self.positions.entry(at).or_default().fill(more, price, quotient);
    }

    pub(crate) fn realise(&mut self, instrument: InstrumentId, is_option: bool, amount: Amount) {
        let total = if is_option { &mut self.options_realised } else { &mut self.futures_realised };
        *total = total.plus(amount);
        if let Some(position) = self.positions.get_mut(&instrument) {
            position.realised = position.realised.plus(amount);
        }
    }

    /// Takes in its side of a trade; the trade that is forgotten for it.
    pub(crate) fn push_trade(&mut self, trade: UserTrade) {
        if self.trades.len() == TRADES_PER_ACCOUNT_MAX {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
    }

    /// Forgets its oldest trade if that is `id`.
    pub(crate) fn forget_trade(&mut self, id: TradeId) {
        if self.trades.front().is_some_and(|own| own.trade.id == id) {
            self.trades.pop_front();
        }
    }

    /// Books money that came (or, below zero, went) with the trade at the end of the list.
    pub(crate) fn settle_trade(&mut self, amount: Amount) {
        self.balance = self.balance.plus(amount);
        if let Some(last) = self.trades.back_mut() {
            last.change = last.change.plus(amount);
            last.balance = self.balance;
        }
    }

    /// Books what an account got or paid for something else than a trade.
    pub(crate) fn settle(&mut self, mut settlement: Settlement) {
        self.balance = self.balance.plus(settlement.amount);
        settlement.balance = self.balance;
        if self.settlements.len() == SETTLEMENTS_PER_ACCOUNT_MAX {
            self.settlements.pop_front();
        }
        self.settlements.push_back(settlement);
    }

    /// What funding brought is a profit of futures, and of the position.
    pub(crate) fn fund(&mut self, instrument: InstrumentId, amount: Amount) {
        self.futures_realised = self.futures_realised.plus(amount);
        if let Some(position) = self.positions.get_mut(&instrument) {
            position.funding = position.funding.plus(amount);
        }
    }

    pub(crate) fn push_movement(&mut self, mut movement: Movement) {
        self.balance = self.balance.plus(movement.amount);
        movement.balance = self.balance;
        if self.movements.len() == MOVEMENTS_PER_ACCOUNT_MAX {
            self.movements.pop_front();
        }
        self.movements.push_back(movement);
    }

    pub(crate) fn set_mmp(&mut self, config: MmpConfig) {
        let same = |mmp: &Mmp| {
            (mmp.config.base, mmp.config.quote, mmp.config.group)
                != (config.base, config.quote, config.group)
        };
        self.mmps.retain(same);
        if 0 < config.interval_ms {
            self.mmps.push(Mmp { config, frozen: false, frozen_until: None });
        }
    }

    pub(crate) fn freeze(
        &mut self,
        (base, quote, group): (AssetCode, AssetCode, MmpGroup),
        freeze: Option<Option<At>>,
    ) {
        let mut mmps = self.mmps.iter_mut();
        let found = mmps.find(|mmp| {
            (mmp.config.base, mmp.config.quote, mmp.config.group) == (base, quote, group)
        });
        if let Some(mmp) = found {
            mmp.frozen = freeze.is_some();
            mmp.frozen_until = freeze.flatten();
        }
    }
}
