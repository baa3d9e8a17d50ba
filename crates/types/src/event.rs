//! Events: what happened, in the past tense. They are the engine's only output.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{
    AccountId, Amount, AssetCode, At, BackstopTerms, BreakerTerms, Cause, ClientOrderId,
    DeliveryCount, Extension, FeedTerms, FillableTerms, Halt, Health, HealthReason, IndexId,
    IndexPrice, Indication, Instrument, InstrumentId, KindFilter, Label, LiquidationEnd,
    LiquidationStep, Lots, MarginModel, MarginSnapshot, MarginTerms, Mark, MarketState, MmpConfig,
    MmpGroup, Notice, OpenInterestBand, OrderId, OrderKind, OrderRate, PortfolioTerms, PostOnly,
    PricingTerms, PublicKey, Reject, ReopeningTerms, ReporterFault, RiskTerms, Scope, Seat,
    SelfTradeMode, SessionId, Side, SignedLots, Svi, Ticks, TimeInForce, TradeId, TriggerEnd,
    TriggerId, TriggerPlaced, TriggersMoved, Version,
};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A book is open.
    InstrumentListed {
        /// Its id.
        instrument: InstrumentId,
        /// Its index.
        index: IndexId,
        /// When.
        at: At,
        /// Its terms.
        spec: Box<Instrument>,
    },
    /// An account is open.
    AccountOpened {
        /// Its id.
        account: AccountId,
        /// Its main account, if it is a subaccount.
        parent: Option<AccountId>,
        /// When.
        at: At,
    },
    /// Money moved.
    Transferred {
        /// Who paid.
        from: LedgerAccount,
        /// Who got it.
        to: LedgerAccount,
        /// How much, above zero.
        amount: Amount,
        /// What for.
        reason: TransferReason,
    },
    /// An index has a new price.
    IndexChanged {
        /// Which.
        index: IndexId,
        /// Base of the index.
        base: AssetCode,
        /// Quote of the index.
        quote: AssetCode,
        /// The price.
        price: IndexPrice,
    },
    /// An instrument has a new mark price.
    MarkChanged {
        /// Which.
        instrument: InstrumentId,
        /// The price.
        mark: Ticks,
    },
    /// An order is accepted. What becomes of it follows in the events after this one.
    OrderPlaced(Box<OrderPlaced>),
    /// Two orders met.
    Traded(Box<Traded>),
    /// What is left of an order stands on the book, at the back of its queue.
    OrderRested {
        /// Which.
        order: OrderId,
        /// Where.
        price: Ticks,
        /// Displayed and hidden.
        open: Lots,
        /// Displayed.
        displayed: Lots,
    },
    /// An iceberg shows its next slice, at the back of its queue.
    OrderReplenished {
        /// Which.
        order: OrderId,
        /// Displayed.
        displayed: Lots,
    },
    /// An open order has changed. If it kept its place nothing else follows; if not it is off the
    /// book, and trades, rest or close follow.
    OrderAmended {
        /// Which.
        order: OrderId,
        /// Its price.
        price: Ticks,
        /// Its total size, what was filled included.
        size: Lots,
        /// What is still displayed, if it kept its place.
        displayed: Lots,
        /// Whether it kept its place.
        kept_place: bool,
        /// Whether it may only reduce.
        reduce_only: bool,
        /// Whether it may take.
        post_only: PostOnly,
        /// Whether its owner asked; false: the venue cut a reduce-only order.
        asked: bool,
    },
    /// An order is gone.
    OrderClosed {
        /// Which.
        order: OrderId,
        /// Why.
        reason: CloseReason,
    },
    /// A position has changed.
    PositionChanged {
        /// Whose.
        account: AccountId,
        /// Which.
        instrument: InstrumentId,
        /// How much.
        size: SignedLots,
        /// What it cost, signed as in `docs/rules/money.md`.
        cost: Amount,
    },
    /// A client order id was used before: the order that it named is the answer.
    OrderRepeated {
        /// The order of the first time.
        order: OrderId,
    },
    /// Market-maker protection was set or removed.
    MmpSet {
        /// Whose.
        account: AccountId,
        /// How.
        config: MmpConfig,
    },
    /// Market-maker protection has triggered: quotes of the group are refused until it ends.
    MmpTriggered {
        /// Whose.
        account: AccountId,
        /// Which index.
        index: IndexId,
        /// Which group.
        group: MmpGroup,
        /// When the freeze ends; `None`: when it is reset.
        frozen_until: Option<At>,
    },
    /// A freeze was lifted.
    MmpReset {
        /// Whose.
        account: AccountId,
        /// Which index.
        index: IndexId,
        /// Which group.
        group: MmpGroup,
    },
    /// An account chose what happens when its own orders meet.
    SelfTradeSet {
        /// Whose.
        account: AccountId,
        /// What happens.
        mode: SelfTradeMode,
        /// Whether its subaccounts are in the group.
        with_subaccounts: bool,
    },
    /// An index has a feed, or its feed has new terms.
    FeedSet {
        /// Which.
        index: IndexId,
        /// Its terms.
        terms: Box<FeedTerms>,
    },
    /// An account may sign reports.
    ReporterRegistered {
        /// Who.
        account: AccountId,
        /// With which key.
        key: PublicKey,
        /// All that it has staked.
        stake: Amount,
    },
    /// A report was taken.
    PriceReported {
        /// Which index.
        index: IndexId,
        /// Whose, and of where.
        seat: Seat,
        /// The price.
        price: IndexPrice,
        /// When the source said so.
        source_at: At,
    },
    /// The health of an index has changed.
    FeedHealthChanged {
        /// Which.
        index: IndexId,
        /// What it was.
        from: Health,
        /// What it is.
        to: Health,
        /// Why.
        reason: HealthReason,
        /// The price that stands.
        price: IndexPrice,
        /// When.
        at: At,
    },
    /// A reporter was caught.
    ReporterFaulted {
        /// Who.
        account: AccountId,
        /// In which feed.
        index: IndexId,
        /// At what.
        fault: ReporterFault,
        /// What it lost of its stake.
        slashed: Amount,
    },
    /// An expiry has new volatilities.
    SurfaceChanged {
        /// Which index.
        index: IndexId,
        /// Which expiry.
        expiry: At,
        /// Whose report stands.
        reporter: AccountId,
        /// The parameters.
        svi: Svi,
    },
    /// How marks and funding of a future are made.
    PricingSet {
        /// Which.
        instrument: InstrumentId,
        /// How.
        terms: PricingTerms,
    },
    /// The engine made new marks.
    MarksMade {
        /// By which index.
        index: IndexId,
        /// Those that changed.
        marks: Vec<Mark>,
    },
    /// Funding accrued.
    FundingAccrued {
        /// Of which perpetual.
        instrument: InstrumentId,
        /// The 8-hour rate in force, in billionths.
        rate_ppb: i64,
        /// What accrued since the last such event, in billionths of the position's value.
        interest_ppb: i64,
        /// The index then.
        index_price: IndexPrice,
        /// When.
        at: At,
    },
    /// An expiry has its delivery price.
    DeliveryPriced {
        /// Which index.
        index: IndexId,
        /// Which expiry.
        expiry: At,
        /// The price.
        price: IndexPrice,
        /// The samples behind it.
        samples: DeliveryCount,
        /// When.
        at: At,
    },
    /// The feed could not make a delivery price in time: the operator must say one.
    DeliveryDisputed {
        /// Which index.
        index: IndexId,
        /// Which expiry.
        expiry: At,
        /// The samples that there are.
        samples: DeliveryCount,
        /// When.
        at: At,
    },
    /// The positions of an instrument are settled: its life is over.
    InstrumentDelivered {
        /// Which.
        instrument: InstrumentId,
        /// At which price of its index.
        price: IndexPrice,
        /// When.
        at: At,
    },
    /// The venue was started or failed over.
    TermStarted {
        /// When.
        at: At,
    },
    /// How the standard margin of an instrument is made.
    MarginSet {
        /// Which.
        instrument: InstrumentId,
        /// How.
        terms: MarginTerms,
    },
    /// From where open interest raises the initial rate of a future.
    OpenInterestBandSet {
        /// Which.
        instrument: InstrumentId,
        /// From where to where.
        band: Option<OpenInterestBand>,
    },
    /// How the domain liquidates.
    RiskSet(RiskTerms),
    /// How far rounds of a liquidation may trade from the mark.
    FillableSet(Option<FillableTerms>),
    /// An account offers to take positions over.
    BackstopOffered {
        /// Who.
        account: AccountId,
        /// On which terms.
        terms: BackstopTerms,
    },
    /// An account fell below its maintenance margin and is locked until its liquidation ends.
    LiquidationStarted {
        /// Whose.
        account: AccountId,
        /// What it was worth and needed.
        margin: MarginSnapshot,
        /// When.
        at: At,
    },
    /// A liquidation made a step.
    LiquidationStepped(Box<LiquidationStep>),
    /// A liquidation is over.
    LiquidationEnded {
        /// Whose.
        account: AccountId,
        /// How it ended.
        end: LiquidationEnd,
        /// What the account is worth and needs.
        margin: MarginSnapshot,
        /// When.
        at: At,
    },
    /// By which scenarios the portfolio margin of an index is made.
    PortfolioSet {
        /// Of which.
        index: IndexId,
        /// Which.
        terms: Box<PortfolioTerms>,
    },
    /// How an account is margined.
    MarginModelSet {
        /// Whose.
        account: AccountId,
        /// How.
        model: MarginModel,
        /// What the account is worth and needs by it.
        margin: MarginSnapshot,
    },
    /// A scope is restricted.
    Halted(Box<Halt>),
    /// A restriction is over.
    Resumed {
        /// Of what.
        scope: Scope,
        /// Which.
        cause: Cause,
        /// When.
        at: At,
    },
    /// What a market allows changed.
    StateChanged {
        /// Which.
        instrument: InstrumentId,
        /// It was.
        from: MarketState,
        /// It is.
        to: MarketState,
        /// When.
        at: At,
    },
    /// Orders are collected.
    AuctionStarted {
        /// Where.
        instrument: InstrumentId,
        /// What the end is compared with: the mark then.
        reference: Ticks,
        /// When it is planned to end.
        ends_at: At,
    },
    /// What an auction would give if it ended now; told once a second.
    AuctionIndicated {
        /// Where.
        instrument: InstrumentId,
        /// `None`: nothing would trade.
        indication: Option<Indication>,
        /// When it is planned to end.
        ends_at: At,
    },
    /// An auction goes on.
    AuctionExtended {
        /// Where.
        instrument: InstrumentId,
        /// Why.
        reason: Extension,
        /// Until when.
        ends_at: At,
    },
    /// An auction has ended; its trades follow.
    AuctionEnded {
        /// Where.
        instrument: InstrumentId,
        /// What trades; `None`: nothing.
        indication: Option<Indication>,
        /// When.
        at: At,
    },
    /// When the markets of one index and kind stop by themselves.
    BreakersSet {
        /// Of which index.
        index: IndexId,
        /// Which of its instruments.
        kind: KindFilter,
        /// When.
        terms: Box<BreakerTerms>,
    },
    /// How markets come back.
    ReopeningSet(Box<ReopeningTerms>),
    /// When an account is taken for a program that has gone wrong.
    OrderRateSet(Option<OrderRate>),
    /// An account was stopped, or may go on.
    KillSwitchSet {
        /// Whose.
        account: AccountId,
        /// True: stopped.
        on: bool,
        /// What it had sent when its rate stopped it; zero: it was asked for.
        orders: u32,
    },
    /// The venue told everybody something.
    NoticePublished {
        /// What.
        notice: Box<Notice>,
        /// Head of the chain of notices before it.
        previous: [u8; 32],
        /// Head with it.
        head: [u8; 32],
    },
    /// A trigger waits, or waits on other terms than before.
    TriggerPlaced(Box<TriggerPlaced>),
    /// Trailing stops follow a better price.
    TriggersMoved(TriggersMoved),
    /// A trigger has fired, and an order is born: it is placed in the event after this one.
    Triggered {
        /// Which.
        trigger: TriggerId,
        /// The order.
        order: OrderId,
    },
    /// A trigger is gone, and no order was born.
    TriggerClosed {
        /// Which.
        trigger: TriggerId,
        /// Why.
        end: TriggerEnd,
    },
    /// Orders and triggers of an account whose client order id is a number up to this are placed
    /// no more.
    OrdersFenced {
        /// Whose.
        account: AccountId,
        /// The fence in force: what was asked for, or a higher one that stood before.
        up_to: u64,
    },
    /// From the next entry on the domain goes by this version of the rules.
    Upgraded {
        /// Which.
        to: Version,
    },
    /// The command was refused; nothing changed.
    Refused(Box<Reject>),
}

/// An accepted order, as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPlaced {
    /// Its id.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// As asked.
    pub kind: OrderKind,
    /// The limit that it has: as asked, slid, or the edge of the band.
    pub price: Ticks,
    /// How much, after a reduce-only cut.
    pub size: Lots,
    /// How much shows at a time.
    pub display: Option<Lots>,
    /// What happens to the rest.
    pub time_in_force: TimeInForce,
    /// May it take?
    pub post_only: PostOnly,
    /// It never opens or turns a position.
    pub reduce_only: bool,
    /// It is under market-maker protection.
    pub mmp: bool,
    /// The group, if it is a quote.
    pub quote_group: Option<MmpGroup>,
    /// The client's label.
    pub label: Label,
    /// The client's id.
    pub client_order_id: Option<ClientOrderId>,
    /// Its connection, if it is cancelled when that drops.
    pub session: Option<SessionId>,
}

/// A match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traded {
    /// Its id.
    pub trade: TradeId,
    /// Its number in the instrument, from 1.
    pub trade_seq: u64,
    /// Where.
    pub instrument: InstrumentId,
    /// The maker's price.
    pub price: Ticks,
    /// How much.
    pub size: Lots,
    /// Which way the taker went.
    pub taker_side: Side,
    /// Who rested.
    pub maker: TradeSide,
    /// Who took.
    pub taker: TradeSide,
    /// The index then; zero if it had no price.
    pub index_price: IndexPrice,
    /// The mark then.
    pub mark: Ticks,
}

/// One side of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeSide {
    /// Its order.
    pub order: OrderId,
    /// Its account.
    pub account: AccountId,
    /// What it paid; below zero is a rebate.
    pub fee: Amount,
    /// What it won or lost on what it closed.
    pub realised: Amount,
    /// What is left of its order.
    pub open: Lots,
}

/// Why an order is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Everything traded.
    Filled,
    /// The rest was cancelled.
    Cancelled(CancelReason),
}

/// Why the rest of an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Its owner asked.
    Asked,
    /// It was not to rest (immediate-or-cancel, fill-or-kill, market).
    NotToRest,
    /// It met an order of its own group.
    SelfTrade,
    /// Its connection dropped.
    Disconnected,
    /// Market-maker protection triggered.
    MmpTriggered,
    /// Its day is over.
    DayEnded,
    /// It could only have opened or turned a position.
    ReduceOnly,
    /// A newer quote took its place.
    Requoted,
    /// An amended post-only order would have taken.
    PostOnly,
    /// Its instrument expired.
    Expired,
    /// Its account is being liquidated.
    Liquidated,
    /// It would have traded too far from the trades before it.
    TooFar,
    /// Its account was stopped.
    Killed,
}

/// One side of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// The world outside: what was deposited is owed to it.
    Outside,
    /// What the venue earned.
    Fees,
    /// Where realised profits and losses of one instrument meet.
    Clearing(InstrumentId),
    /// Collateral of an account.
    Collateral(AccountId),
    /// Funding of one perpetual on its way between longs and shorts.
    Funding(InstrumentId),
    /// What a reporter has staked.
    Stake(AccountId),
    /// What stands between a bankrupt account and everybody else.
    Insurance,
}

/// What a transfer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferReason {
    /// Money came in.
    Deposit,
    /// Money went out.
    Withdrawal,
    /// Money moved between an account and its subaccount.
    Transfer,
    /// A fee or a rebate.
    Fee,
    /// A profit or loss was realised.
    Realised,
    /// An option was paid for.
    Premium,
    /// Longs and shorts of a perpetual paid each other.
    Funding,
    /// A future was delivered or an option exercised.
    Delivery,
    /// What rounding left over.
    Residue,
    /// A reporter staked.
    Stake,
    /// A reporter lost stake.
    Slash,
    /// A reporter earned.
    Reward,
    /// A liquidation cost its fee.
    Liquidation,
    /// A position went to a backstop, with the margin that belongs to it.
    Takeover,
    /// The insurance fund paid, or was paid into from outside.
    Insurance,
    /// A winner gave of its profit.
    Haircut,
}
