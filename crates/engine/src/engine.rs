//! The engine's state, and the one way to change it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use book::Books;
use ledger::{Chain, Hash, Ledger};
use types::codec::Codec;
use types::planted::{self, Bug};
use types::{
    AccountId, AssetCode, At, ClientOrderId, Command, Entry, Event, FillableTerms, IndexId,
    InstrumentId, LedgerAccount, MarginModel, OrderId, PortfolioTerms, Reject, RiskTerms, Seq,
    Version,
};

use crate::account::Account;
use crate::halts::Halts;
use crate::holding::Holding;
use crate::liquidation::{Backstop, Liquidation, USUAL_TERMS};
use crate::market::{Index, Market};
use crate::notices::Notices;
use crate::orders::Orders;
use crate::prices::Reporter;
use crate::root::Digests;
use crate::table::Table;
use crate::triggers::Triggers;

/// One margin domain: its books, accounts, positions and money.
#[derive(Clone)]
pub struct Engine {
    pub(crate) asset: AssetCode,
    pub(crate) decimals: u8,
    pub(crate) seq: Seq,
    pub(crate) version: Version,
    pub(crate) at: At,
    /// Time of the entry before this one.
    pub(crate) was_at: At,
    pub(crate) chain: Chain,
    pub(crate) books: Books,
    pub(crate) ledger: Ledger,
    pub(crate) indices: Table<Index>,
    pub(crate) markets: Table<Market>,
    /// By id; account 0 is nobody.
    pub(crate) accounts: Table<Account>,
    pub(crate) holdings: Table<Holding>,
    pub(crate) orders: Orders,
    pub(crate) triggers: Triggers,
    pub(crate) client_order_ids: BTreeMap<(AccountId, ClientOrderId), (OrderId, At)>,
    /// The same, oldest first.
    pub(crate) client_order_ids_by_age: VecDeque<(At, AccountId, ClientOrderId)>,
    /// Up to which number the client order ids of an account are refused (ORD-19).
    pub(crate) fences: BTreeMap<AccountId, u64>,
    pub(crate) reporters: BTreeMap<AccountId, Reporter>,
    pub(crate) risk_terms: RiskTerms,
    pub(crate) fillable: Option<FillableTerms>,
    pub(crate) backstops: BTreeMap<AccountId, Backstop>,
    pub(crate) liquidations: BTreeMap<AccountId, Liquidation>,
    /// Of accounts that are not margined by the standard.
    pub(crate) models: BTreeMap<AccountId, MarginModel>,
    pub(crate) portfolios: BTreeMap<IndexId, PortfolioTerms>,
    /// Accounts below their maintenance margin.
    pub(crate) short: BTreeSet<AccountId>,
    /// Those of them whose liquidation has not started.
    pub(crate) waiting: BTreeSet<AccountId>,
    /// When the next round of each liquidation is due.
    pub(crate) rounds_due: BTreeSet<(At, AccountId)>,
    pub(crate) halts: Halts,
    pub(crate) notices: Notices,
    /// Moves of indices since the engine was made or restored (see `valuation`).
    pub(crate) n_moves: u64,
    pub(crate) n_trades: u64,
    pub(crate) n_priorities: u64,
    pub(crate) n_placed: u64,
    pub(crate) digests: Digests,
}

impl core::fmt::Debug for Engine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Engine").field("asset", &self.asset).field("seq", &self.seq).finish()
    }
}

impl Engine {
    /// An empty domain that settles in `asset`, which has `decimals` decimals (at most 12).
    pub fn new(asset: AssetCode, decimals: u8) -> Engine {
        assert!(decimals <= 12, "an asset has at most 12 decimals here, not {decimals}");
        let mut accounts = Table::default();
        accounts.push(Account::default());
        Engine {
            asset,
            decimals,
            seq: Seq(0),
            version: Version::FIRST,
            at: At(0),
            was_at: At(0),
            chain: Chain::default(),
            books: Books::new(),
            ledger: Ledger::new(),
            indices: Table::default(),
            markets: Table::default(),
            accounts,
            holdings: Table::default(),
            orders: Orders::default(),
            triggers: Triggers::default(),
            client_order_ids: BTreeMap::new(),
            client_order_ids_by_age: VecDeque::new(),
            fences: BTreeMap::new(),
            reporters: BTreeMap::new(),
            risk_terms: USUAL_TERMS,
            fillable: None,
            backstops: BTreeMap::new(),
            liquidations: BTreeMap::new(),
            models: BTreeMap::new(),
            portfolios: BTreeMap::new(),
            short: BTreeSet::new(),
            waiting: BTreeSet::new(),
            rounds_due: BTreeSet::new(),
            halts: Halts::default(),
            notices: Notices::default(),
            n_moves: 0,
            n_trades: 0,
            n_priorities: 0,
            n_placed: 0,
            digests: Digests::default(),
        }
    }

    /// Applies the next entry of the log and appends what happened to `events`.
    ///
    /// A refusal changes nothing but the place in the log, and is the only event of its entry.
    /// Panics if the entry is not the next one or its time goes back: then the log is not ours.
    pub fn apply(&mut self, entry: &Entry, events: &mut Vec<Event>) {
        assert!(entry.seq == self.seq.next(), "entry {} follows {}", entry.seq, self.seq);
        assert!(self.at <= entry.at, "the log's time goes back from {} to {}", self.at, entry.at);
        self.seq = entry.seq;
        self.was_at = core::mem::replace(&mut self.at, entry.at);
        let first = events.len();
        match self.run(&entry.command, events) {
            Ok(()) => self.fire_triggers(events),
            Err(reject) => {
                assert!(events.len() == first, "a refused command did something: {reject}");
                events.push(Event::Refused(reject.into()));
                if planted::is(Bug::ChainSkipsRefusals) {
                    return;
                }
            }
        }
        if self.digests.is_full() {
            self.put_back();
        }
        self.chain.extend(|out| {
            entry.encode(out);
            events.iter().skip(first).for_each(|event| event.encode(out));
        });
    }

    fn run(&mut self, command: &Command, events: &mut Vec<Event>) -> Result<(), Reject> {
        self.check_version(command)?;
        match command {
            Command::ListInstrument(spec) => self.list_instrument(spec, events),
            Command::OpenAccount { account, parent } => {
                self.open_account(*account, *parent, events)
            }
            Command::Deposit { account, amount } => self.deposit(*account, *amount, events),
            Command::Withdraw { account, amount } => self.withdraw(*account, *amount, events),
            Command::Transfer { from, to, amount } => {
                self.transfer_between(*from, *to, *amount, events)
            }
            Command::ReportIndex { base, quote, price } => {
                self.report_index((*base, *quote), *price, events)
            }
            Command::ReportMarks(marks) => self.report_marks(marks, events),
            Command::PlaceOrder(order) => self.place_order(order, events),
            Command::AmendOrder(amendment) => self.amend_order(amendment, events),
            Command::CancelOrder { account, order } => self.cancel_order(*account, *order, events),
            Command::CancelOrders { account, scope } => self.cancel_orders(*account, scope, events),
            Command::ClosePosition { account, instrument, price } => {
                self.close_position(*account, *instrument, *price, events)
            }
            Command::MassQuote(quotes) => self.mass_quote(quotes, events),
            Command::SetMmp { account, config } => self.set_mmp(*account, *config, events),
            Command::ResetMmp { account, base, quote, group } => {
                self.reset_mmp(*account, (*base, *quote), *group, events)
            }
            Command::SetSelfTrade { account, mode, with_subaccounts } => {
                self.set_self_trade(*account, *mode, *with_subaccounts, events)
            }
            Command::DropSession { session } => self.drop_session(*session, events),
            Command::DropSessions { first, last } => self.drop_sessions(*first..=*last, events),
            Command::Upgrade { to } => self.upgrade(*to, events),
            Command::EndDay => self.end_day(events),
            Command::SetFeed(terms) => self.set_feed(terms, events),
            Command::RegisterReporter { account, key, stake } => {
                self.register_reporter(*account, *key, *stake, events)
            }
            Command::ReportPrice(signed) => self.report_price(&signed.report, events),
            Command::ReportSurface(signed) => self.report_surface(&signed.report, events),
            Command::SetPricing { instrument, terms } => {
                self.set_pricing(*instrument, terms, events)
            }
            Command::Tick => self.tick(events),
            Command::StartTerm => self.start_term(events),
            Command::SettleDelivery { base, quote, expiry, price } => {
                self.settle_delivery((*base, *quote), *expiry, *price, events)
            }
            Command::SetMargin { instrument, terms } => self.set_margin(*instrument, terms, events),
            Command::SetOpenInterestBand { instrument, band } => {
                self.set_open_interest_band(*instrument, *band, events)
            }
            Command::SetRisk(terms) => self.set_risk(terms, events),
            Command::SetFillable(terms) => self.set_fillable(*terms, events),
            Command::FundInsurance { amount } => self.fund_insurance(*amount, events),
            Command::OfferBackstop { account, terms } => {
                self.offer_backstop(*account, terms, events)
            }
            Command::Liquidate => self.liquidate(events),
            Command::SetPortfolio { base, quote, terms } => {
                self.set_portfolio((*base, *quote), terms, events)
            }
            Command::SetMarginModel { account, model } => {
                self.set_margin_model(*account, *model, events)
            }
            Command::Halt { scope, state, until } => {
                self.halt_by_operator(*scope, *state, *until, events)
            }
            Command::Resume { scope } => self.resume(*scope, events),
            Command::SetBreakers { base, quote, kind, terms } => {
                self.set_breakers((*base, *quote), *kind, terms, events)
            }
            Command::SetReopening(terms) => self.set_reopening(terms, events),
            Command::SetOrderRate(rate) => self.set_order_rate(*rate, events),
            Command::PublishNotice(words) => self.publish_notice(words, events),
            Command::SetKillSwitch { account, on } => self.set_kill_switch(*account, *on, events),
            Command::PlaceTrigger(placed) => self.place_trigger(placed, events),
            Command::AmendTrigger(amendment) => self.amend_trigger(amendment, events),
            Command::FenceOrders { account, up_to } => self.fence_orders(*account, *up_to, events),
        }
    }

    /// Place in the log of the last applied entry.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Time of the last applied entry.
    pub fn at(&self) -> At {
        self.at
    }

    /// The settlement asset and its decimals.
    pub fn asset(&self) -> (AssetCode, u8) {
        (self.asset, self.decimals)
    }

    /// The rolling hash over all entries and events so far.
    pub fn chain(&self) -> Hash {
        self.chain.head()
    }

    /// Open orders.
    pub fn n_open_orders(&self) -> u32 {
        self.orders.len()
    }

    /// The books, to look at.
    pub fn books(&self) -> &Books {
        &self.books
    }

    pub(crate) fn check_account(&self, account: AccountId) -> Result<(), Reject> {
        let exists = account.0 != 0 && self.accounts.get(account.0).is_some();
        if exists { Ok(()) } else { Err(Reject::AccountNotFound { account }) }
    }

    /// The market of an instrument that can be traded now.
    pub(crate) fn check_market(&self, instrument: InstrumentId) -> Result<&Market, Reject> {
        let market = self.markets.get(instrument.0);
        let market = market.ok_or(Reject::InstrumentNotFound { instrument })?;
        match market.spec.kind.expiry() {
            Some(expiry) if expiry <= self.at || market.delivered.is_some() => {
                Err(Reject::InstrumentExpired { instrument, expiry })
            }
            _ => Ok(market),
        }
    }

    pub(crate) fn find_index(&self, base: AssetCode, quote: AssetCode) -> Option<IndexId> {
        let found =
            self.indices.iter().find(|(_, index)| (index.base, index.quote) == (base, quote));
        found.map(|(id, _)| IndexId(u16::try_from(id).expect("fewer indices than instruments")))
    }

    pub(crate) fn collateral(&self, account: AccountId) -> types::Amount {
        self.ledger.balance(LedgerAccount::Collateral(account))
    }

    /// The holding of an account in an instrument, made if there is none.
    pub(crate) fn holding_of(&mut self, account: AccountId, instrument: InstrumentId) -> u32 {
        if let Some(holding) = self.accounts.at(account.0).holding(instrument) {
            return holding;
        }
        let mut held = Holding::new(account, instrument);
        held.funding_since = self.markets.at(instrument.0).funded();
        let holding = self.holdings.push(held);
        self.see(instrument);
        self.watch(account, self.markets.at(instrument.0).index);
        self.accounts.at_mut(account.0).add_holding(instrument, holding);
        self.markets.at_mut(instrument.0).holdings.push(holding);
        holding
    }
}
