//! The view of one domain: takes in events, answers questions.
//!
//! [`View::apply`] takes the events of one entry. What is asked afterwards is as of that entry;
//! [`View::level_changes`] says what the entry did to the visible books.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use types::{
    AccountId, Amount, Applied, AssetCode, At, Cause, ClientOrderId, CloseReason, Event, Halt,
    IndexId, InstrumentId, LedgerAccount, Lots, OrderId, OrderPlaced, Scope, Seq, Side, SignedLots,
    Ticks, TradeId, TradeSide, Traded, TransferReason, TriggerId, limits::CLIENT_ORDER_ID_MS,
};

use crate::accounts::{Account, Movement};
use crate::book::{LevelChange, Touch, net, touch};
use crate::deliveries::Settled;
use crate::feeds::Reporter;
use crate::indexes::Index;
use crate::instruments::InstrumentView;
use crate::limits::{CLOSED_PER_ACCOUNT_MAX, TRADES_MAX, USER_TRADES_MAX};
use crate::notices::Notices;
use crate::orders::{Order, OrderState, Orders};
use crate::stream::{Recorder, Touched};
use crate::trades::{Trade, UserTrade};
use crate::triggers::Triggers;

/// Everything that clients of one domain look at, as of one entry.
#[derive(Debug)]
pub struct View {
    pub(crate) asset: AssetCode,
    pub(crate) decimals: u8,
    pub(crate) seq: Seq,
    pub(crate) at: At,
    pub(crate) instruments: Vec<InstrumentView>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) orders: Orders,
    pub(crate) triggers: Triggers,
    /// The trigger that the order of the next event is born of.
    pub(crate) born_of: Option<TriggerId>,
    pub(crate) trades: VecDeque<Trade>,
    pub(crate) user_trades: VecDeque<(AccountId, TradeId)>,
    pub(crate) client_ids: VecDeque<(At, AccountId, ClientOrderId)>,
    pub(crate) movements: u64,
    pub(crate) reporters: BTreeMap<AccountId, Reporter>,
    pub(crate) settled: VecDeque<Settled>,
    /// Who is being liquidated.
    pub(crate) liquidating: BTreeSet<AccountId>,
    pub(crate) halts: BTreeMap<(Scope, Cause), Halt>,
    pub(crate) notices: Notices,
    pub(crate) recorder: Recorder,
    /// The 4 seconds in which delivery windows were last looked at.
    pub(crate) slot: u64,
    pub(crate) next_expiry: At,
    pub(crate) expired: Vec<InstrumentId>,
    touches: Vec<Touch>,
    changes: Vec<LevelChange>,
    /// Fills of this entry whose positions have not changed yet.
    fills: Vec<(AccountId, InstrumentId)>,
}

impl View {
    /// A view of nothing, of a domain that settles in `asset` with `decimals`.
    pub fn new(asset: AssetCode, decimals: u8) -> View {
        View {
            asset,
            decimals,
            seq: Seq(0),
            at: At(0),
            instruments: Vec::new(),
            indexes: Vec::new(),
            accounts: Vec::new(),
            orders: Orders::default(),
            triggers: Triggers::default(),
            born_of: None,
            trades: VecDeque::new(),
            user_trades: VecDeque::new(),
            client_ids: VecDeque::new(),
            movements: 0,
            reporters: BTreeMap::new(),
            settled: VecDeque::new(),
            liquidating: BTreeSet::new(),
            halts: BTreeMap::new(),
            notices: Notices::default(),
            recorder: Recorder::default(),
            slot: 0,
            next_expiry: At(u64::MAX),
            expired: Vec::new(),
            touches: Vec::new(),
            changes: Vec::new(),
            fills: Vec::new(),
        }
    }

    /// Takes in a batch, entry by entry.
    pub fn apply_batch(&mut self, applied: &Applied) {
        for entry in &applied.entries {
            self.apply(entry.seq, applied.at, applied.events_of(entry));
        }
    }

    /// Takes in the events of one entry.
    pub fn apply(&mut self, seq: Seq, at: At, events: &[Event]) {
        let before = core::mem::replace(&mut self.at, at);
        self.seq = seq;
        self.touches.clear();
        self.changes.clear();
        self.fills.clear();
        self.recorder.begin_entry();
        self.forget_client_ids();
        self.expire(before);
        for event in events {
            self.apply_event(event);
        }
        self.record_entry();
        self.net_levels();
        self.sample_windows();
    }

    fn apply_event(&mut self, event: &Event) {
        match event {
            Event::InstrumentListed { instrument, index, at, spec } => {
                self.index_mut(*index, (spec.base, spec.quote));
                let ids = (*instrument, *index);
                let expiry = spec.kind.expiry().unwrap_or(At(u64::MAX));
                self.next_expiry = self.next_expiry.min(expiry);
                self.instruments.push(InstrumentView::listed(ids, *at, spec, self.decimals));
            }
            Event::AccountOpened { account, parent, at } => {
                self.open_account(*account, *parent, *at);
            }
            Event::Transferred { from, to, amount, reason } => {
                self.transferred((*from, *to), *amount, *reason);
            }
            Event::IndexChanged { index, base, quote, price } => {
                let at = self.at;
                self.index_mut(*index, (*base, *quote)).report(at, *price);
            }
            Event::MarkChanged { instrument, mark } => {
                let at = self.at;
                self.instrument_mut(*instrument).set_mark(at, *mark, None);
            }
            Event::OrderPlaced(placed) => self.placed(placed),
            Event::Traded(traded) => self.traded(traded),
            Event::OrderRested { order, price, displayed, .. } => {
                self.rested(*order, *price, *displayed);
            }
            Event::OrderReplenished { order, displayed } => self.show(*order, *displayed),
            Event::OrderAmended { .. } => self.amended(event),
            Event::OrderClosed { order, reason } => self.closed(*order, *reason),
            Event::PositionChanged { account, instrument, size, cost } => {
                self.position_changed(*account, (*instrument, *size, *cost));
            }
            Event::MmpSet { account, config } => self.account_mut(*account).set_mmp(*config),
            Event::MmpTriggered { account, index, group, frozen_until } => {
                self.freeze(*account, (*index, *group), Some(*frozen_until));
            }
            Event::MmpReset { account, index, group } => {
                self.freeze(*account, (*index, *group), None);
            }
            Event::SelfTradeSet { account, mode, with_subaccounts } => {
                let account = self.account_mut(*account);
                (account.self_trade, account.with_subaccounts) = (*mode, *with_subaccounts);
            }
            Event::FeedSet { index, terms } => self.feed_set(*index, terms),
            Event::ReporterRegistered { account, key, stake } => {
                self.reporter_registered(*account, *key, *stake);
            }
            Event::FeedHealthChanged { index, to, reason, at, .. } => {
                self.feed_turned(*index, (*to, *reason), *at);
            }
            Event::ReporterFaulted { account, fault, slashed, .. } => {
                self.reporter_faulted(*account, *fault, *slashed);
            }
            Event::MarksMade { marks, .. } => self.marks_made(marks),
            Event::FundingAccrued { instrument, rate_ppb, interest_ppb, index_price, at } => {
                self.funding_accrued(*instrument, (*rate_ppb, *interest_ppb), (*index_price, *at));
            }
            Event::DeliveryPriced { index, expiry, price, samples, at } => {
                self.delivery_priced(*index, *expiry, (*price, *samples, *at));
            }
            Event::DeliveryDisputed { index, expiry, .. } => {
                self.delivery_disputed(*index, *expiry);
            }
            Event::InstrumentDelivered { instrument, price, at } => {
                self.instrument_mut(*instrument).deliver(*price, *at);
            }
            Event::OrderRepeated { .. } | Event::Refused(_) | Event::PriceReported { .. } => {}
            Event::SurfaceChanged { .. } | Event::PricingSet { .. } => {}
            Event::TermStarted { .. } | Event::MarginSet { .. } | Event::RiskSet(_) => {}
            Event::PortfolioSet { .. } | Event::MarginModelSet { .. } => {}
            Event::OpenInterestBandSet { .. } | Event::FillableSet(_) => {}
            Event::TriggerPlaced(_) | Event::TriggersMoved(_) => self.triggers_changed(event),
            Event::Triggered { .. } | Event::TriggerClosed { .. } => self.triggers_changed(event),
            Event::BackstopOffered { .. } | Event::LiquidationStepped(_) => {}
            Event::Halted(_) | Event::Resumed { .. } => self.halts_changed(event),
            Event::StateChanged { .. } | Event::AuctionStarted { .. } => self.halts_changed(event),
            Event::AuctionIndicated { .. } => self.halts_changed(event),
            Event::AuctionExtended { .. } => self.halts_changed(event),
            Event::AuctionEnded { .. } | Event::BreakersSet { .. } | Event::ReopeningSet(_) => {}
            Event::OrderRateSet(_) | Event::KillSwitchSet { .. } => {}
            Event::OrdersFenced { account, up_to } => self.fence(*account, *up_to),
            Event::Upgraded { .. } => {}
            Event::NoticePublished { .. } => self.notices.tell(event),
            Event::LiquidationStarted { account, .. } => self.liquidates(*account, true),
            Event::LiquidationEnded { account, .. } => self.liquidates(*account, false),
        }
    }

    // Instruments and indexes.

    pub(crate) fn index_mut(
        &mut self,
        id: IndexId,
        (base, quote): (AssetCode, AssetCode),
    ) -> &mut Index {
        let at = usize::from(id.0);
        if self.indexes.len() <= at {
            self.indexes.push(Index::new(id, base, quote));
        }
        self.indexes.get_mut(at).expect("indexes are numbered densely from 0")
    }

    pub(crate) fn instrument_mut(&mut self, id: InstrumentId) -> &mut InstrumentView {
        let at = usize::try_from(id.0).ok();
        let found = at.and_then(|at| self.instruments.get_mut(at));
        found.expect("events name instruments that were listed")
    }

    // Accounts.

    fn open_account(&mut self, id: AccountId, parent: Option<AccountId>, opened_at: At) {
        self.accounts.push(Account { id, parent, opened_at, ..Account::default() });
    }

    pub(crate) fn account_mut(&mut self, id: AccountId) -> &mut Account {
        let at = usize::try_from(id.0).ok().and_then(|nth| nth.checked_sub(1));
        let found = at.and_then(|at| self.accounts.get_mut(at));
        found.expect("events name accounts that were opened")
    }

    fn liquidates(&mut self, account: AccountId, does: bool) {
        self.recorder.touch(account, Touched::Account);
        match does {
            true => self.liquidating.insert(account),
            false => self.liquidating.remove(&account),
        };
    }

    fn fence(&mut self, account: AccountId, up_to: u64) {
        self.account_mut(account).fence = Some(up_to);
    }

    fn transferred(
        &mut self,
        (from, to): (LedgerAccount, LedgerAccount),
        amount: Amount,
        reason: TransferReason,
    ) {
        let way = Way::of(reason);
        self.movements += u64::from(way != Way::Trade);
        for (own, other, amount) in [(from, to, amount.negated()), (to, from, amount)] {
            let LedgerAccount::Collateral(account) = own else { continue };
            self.recorder.touch_money(account);
            let (id, seq, at, balance) = (self.movements, self.seq, self.at, Amount::ZERO);
            match way {
                Way::Trade => self.account_mut(account).settle_trade(amount),
                Way::Settlement => self.settled_money((account, other), amount, reason),
                Way::Movement => self.account_mut(account).push_movement(Movement {
                    id,
                    seq,
                    at,
                    reason,
                    amount,
                    other,
                    balance,
                }),
            }
        }
    }

    fn position_changed(&mut self, account: AccountId, to: (InstrumentId, SignedLots, Amount)) {
        let (instrument, size, _) = to;
        self.recorder.touch(account, Touched::Position(instrument));
        match self.fills.iter().position(|fill| *fill == (account, instrument)) {
            Some(place) => drop(self.fills.swap_remove(place)),
            None => self.moved(account, instrument, size),
        }
        let account = self.account_mut(account);
        let before = long_lots(account.position(instrument).size);
        account.change_position(to);
        let market = self.instrument_mut(instrument);
        let more = market.open_interest + long_lots(size);
        market.open_interest = more.checked_sub(before).expect("a long position was counted");
    }

    /// A position was taken over or closed without a trade: at the mark.
    fn moved(&mut self, id: AccountId, instrument: InstrumentId, size: SignedLots) {
        let market = self.instrument_mut(instrument);
        let (mark, is_quotient) = (market.mark, market.contract.is_quotient());
        let account = self.account_mut(id);
        let more = size.0.saturating_sub(account.position(instrument).size.0);
        if let Some(mark) = mark.filter(|_| size != SignedLots::ZERO) {
            account.enter(instrument, (more, mark), is_quotient);
        }
    }

    fn freeze(
        &mut self,
        account: AccountId,
        (index, group): (IndexId, types::MmpGroup),
        freeze: Option<Option<At>>,
    ) {
        let Some(index) = self.indexes.get(usize::from(index.0)) else { return };
        let name = (index.base, index.quote, group);
        self.account_mut(account).freeze(name, freeze);
    }

    // Orders.

    fn placed(&mut self, placed: &OrderPlaced) {
        let mut order = Order::placed(placed, self.seq, self.at);
        // It may not place orders itself meanwhile.
        order.liquidation = self.liquidating.contains(&order.account);
        order.trigger = self.born_of.take();
        let (id, at) = (order.id, self.at);
        if let Some(client) = order.client_order_id.clone() {
            self.account_mut(order.account).client_orders.insert(client.clone(), id);
            self.client_ids.push_back((at, order.account, client));
        }
        self.account_mut(order.account).open.insert(id);
        self.recorder.touch(order.account, Touched::Order(id));
        self.orders.insert(order);
    }

    /// The open order, marked as changed now. Events name orders that are open.
    fn order_mut(&mut self, id: OrderId) -> &mut Order {
        let (seq, at) = (self.seq, self.at);
        let order = self.orders.open_mut(id).expect("events name orders that are open");
        if order.change != seq {
            self.recorder.touch(order.account, Touched::Order(id));
        }
        order.change = seq;
        order.updated = at;
        order
    }

    fn rested(&mut self, id: OrderId, price: Ticks, displayed: Lots) {
        self.show(id, Lots::ZERO);
        self.order_mut(id).price = price;
        self.show(id, displayed);
    }

    /// Makes an order display `lots`.
    fn show(&mut self, id: OrderId, lots: Lots) {
        let order = self.order_mut(id);
        let (instrument, side, price) = (order.instrument, order.side, order.price);
        let shown = core::mem::replace(&mut order.displayed, lots);
        if shown == lots {
            return;
        }
        let book = &mut self.instrument_mut(instrument).book;
        let before = book.update(side, price, shown, lots);
        touch(&mut self.touches, (instrument, side), price, before);
    }

    fn amended(&mut self, event: &Event) {
        let Event::OrderAmended {
            order: id,
            price,
            size,
            displayed,
            kept_place,
            reduce_only,
            post_only,
            asked,
        } = event
        else {
            return;
        };
        self.show(*id, if *kept_place { *displayed } else { Lots::ZERO });
        let order = self.order_mut(*id);
        order.price = *price;
        order.size = *size;
        order.reduce_only = *reduce_only;
        order.post_only = *post_only;
        order.replaced |= *asked;
    }

    fn closed(&mut self, id: OrderId, reason: CloseReason) {
        self.show(id, Lots::ZERO);
        let order = self.order_mut(id);
        order.state = match reason {
            CloseReason::Filled => OrderState::Filled,
            CloseReason::Cancelled(why) => OrderState::Cancelled(why),
        };
        let owner = order.account;
        let now = self.seq;
        let account = self.account_mut(owner);
        account.open.remove(&id);
        account.closed.push_back(id);
        if let Some((forgotten, account)) = self.orders.close(id, now) {
            let closed = &mut self.account_mut(account).closed;
            if closed.front() == Some(&forgotten) {
                closed.pop_front();
            }
        }
        self.trim_closed(owner);
    }

    /// Forgets the oldest closed orders of an account, unless this entry closed them.
    fn trim_closed(&mut self, account: AccountId) {
        let now = self.seq;
        while CLOSED_PER_ACCOUNT_MAX < self.account_mut(account).closed.len() {
            let Some(&oldest) = self.account_mut(account).closed.front() else { return };
            if self.orders.closed.get(&oldest).is_some_and(|order| order.change == now) {
                return;
            }
            self.orders.closed.remove(&oldest);
            self.account_mut(account).closed.pop_front();
        }
    }

    // Trades.

    fn traded(&mut self, traded: &Traded) {
        let at = self.at;
        let liquidation = self.liquidating.contains(&traded.taker.account);
        let trade = self.instrument_mut(traded.instrument).trade(traded, at, liquidation);
        if self.trades.len() == TRADES_MAX {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        // In an auction both of them rest.
        for order in [traded.maker.order, traded.taker.order] {
            let shown = self.order_mut(order).displayed;
            self.show(order, shown.minus(shown.min(traded.size)));
        }
        self.filled(&trade, &traded.maker, true);
        self.filled(&trade, &traded.taker, false);
    }

    fn filled(&mut self, trade: &Trade, side: &TradeSide, is_maker: bool) {
        let order = self.order_mut(side.order);
        order.filled = order.filled.plus(trade.size);
        order.filled_ticks += u64::from(trade.price.0) * u64::from(trade.size.0);
        order.fee = order.fee.plus(side.fee);
        order.realised = order.realised.plus(side.realised);
        let own = UserTrade {
            trade: *trade,
            order: side.order,
            is_maker,
            fee: side.fee,
            realised: side.realised,
            open: side.open,
            kind: order.kind,
            post_only: order.post_only != types::PostOnly::No,
            reduce_only: order.reduce_only,
            mmp: order.mmp,
            quote_group: order.quote_group,
            label: order.label.clone(),
            change: Amount::ZERO,
            balance: Amount::ZERO,
            position: SignedLots::ZERO,
        };
        let side_of = order.side;
        let market = self.instrument_mut(trade.instrument);
        let (is_option, is_quotient) =
            (market.spec.kind.is_option(), market.contract.is_quotient());
        let lots = i64::from(trade.size.0);
        let more = if side_of == Side::Bid { lots } else { -lots };
        let account = self.account_mut(side.account);
        let (balance, position) = (account.balance, account.position(trade.instrument).size);
        account.push_trade(UserTrade { balance, position, ..own });
        account.enter(trade.instrument, (more, trade.price), is_quotient);
        account.realise(trade.instrument, is_option, side.realised);
        self.fills.push((side.account, trade.instrument));
        self.recorder.touch(side.account, Touched::Trade(trade.id));
        self.user_trades.push_back((side.account, trade.id));
        if USER_TRADES_MAX < self.user_trades.len()
            && let Some((account, oldest)) = self.user_trades.pop_front()
        {
            self.account_mut(account).forget_trade(oldest);
        }
    }

    // The end of an entry.

    fn net_levels(&mut self) {
        net(&mut self.touches);
        let touches = core::mem::take(&mut self.touches);
        for touch in &touches {
            let Touch { instrument, side, price, before, .. } = *touch;
            let (seq, at) = (self.seq, self.at);
            let book = &mut self.instrument_mut(instrument).book;
            let after = book.at(side, price);
            if before != after {
                book.change = seq;
                book.changed_at = at;
                self.changes.push(LevelChange { instrument, side, price, before, after });
            }
        }
        self.touches = touches;
    }

    fn forget_client_ids(&mut self) {
        let now = self.at;
        while let Some((at, account, id)) = self.client_ids.front() {
            if now.ms_since(*at) < CLIENT_ORDER_ID_MS {
                return;
            }
            let (account, id) = (*account, id.clone());
            self.client_ids.pop_front();
            self.account_mut(account).client_orders.remove(&id);
        }
    }
}

/// What is asked of a view.
impl View {
    /// The domain's asset.
    pub fn asset(&self) -> AssetCode {
        self.asset
    }

    /// Decimals of the asset.
    pub fn decimals(&self) -> u8 {
        self.decimals
    }

    /// The last entry that was taken in.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Its time.
    pub fn at(&self) -> At {
        self.at
    }

    /// What the last entry did to the visible books, by instrument, side and price.
    pub fn level_changes(&self) -> &[LevelChange] {
        &self.changes
    }

    /// The instruments by id, from 0.
    pub fn instruments(&self) -> &[InstrumentView] {
        &self.instruments
    }

    /// An instrument.
    pub fn instrument(&self, id: InstrumentId) -> Option<&InstrumentView> {
        self.instruments.get(usize::try_from(id.0).ok()?)
    }

    /// The indexes by id, from 0.
    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// An index.
    pub fn index(&self, id: IndexId) -> Option<&Index> {
        self.indexes.get(usize::from(id.0))
    }

    /// What expired between the entry before the last one and the last one.
    pub fn expired(&self) -> &[InstrumentId] {
        &self.expired
    }

    /// Instruments that were delivered, oldest first.
    pub fn settled(&self) -> impl DoubleEndedIterator<Item = &Settled> {
        self.settled.iter()
    }

    /// Whether an account is being liquidated.
    pub fn is_liquidating(&self, account: AccountId) -> bool {
        self.liquidating.contains(&account)
    }

    /// A reporter.
    pub fn reporter(&self, account: AccountId) -> Option<&Reporter> {
        self.reporters.get(&account)
    }

    /// Everybody who may sign reports, by account.
    pub fn reporters(&self) -> impl Iterator<Item = (AccountId, &Reporter)> {
        self.reporters.iter().map(|(account, reporter)| (*account, reporter))
    }

    /// The accounts in the order of their ids, from 1.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// An account.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(usize::try_from(id.0).ok()?.checked_sub(1)?)
    }

    /// An order that is open or was closed not long ago.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(id)
    }

    /// Open orders of an account, oldest first.
    pub fn open_orders(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &Order> {
        let ids = self.account(account).map(|account| account.open.iter());
        ids.into_iter().flatten().filter_map(|&id| self.orders.get(id))
    }

    /// Recently closed orders of an account, last closed first.
    pub fn closed_orders(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let ids = self.account(account).map(|account| account.closed.iter().rev());
        ids.into_iter().flatten().filter_map(|id| self.orders.get(*id))
    }

    /// Last trades of the domain, oldest first; their ids rise.
    pub fn trades(&self) -> &VecDeque<Trade> {
        &self.trades
    }
}

/// Where money that moved is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With the trade that it is of.
    Trade,
    /// Among what its owner moved.
    Movement,
    /// Among what the venue settled.
    Settlement,
}

impl Way {
    fn of(reason: TransferReason) -> Way {
        match reason {
            TransferReason::Deposit | TransferReason::Withdrawal | TransferReason::Transfer => {
                Way::Movement
            }
            TransferReason::Fee | TransferReason::Realised | TransferReason::Premium => Way::Trade,
            TransferReason::Funding
            | TransferReason::Delivery
            | TransferReason::Residue
            | TransferReason::Stake
            | TransferReason::Slash
            | TransferReason::Reward
            | TransferReason::Liquidation
            | TransferReason::Takeover
            | TransferReason::Insurance
            | TransferReason::Haircut => Way::Settlement,
        }
    }
}

fn long_lots(size: SignedLots) -> u64 {
    u64::try_from(size.0).unwrap_or(0)
}
