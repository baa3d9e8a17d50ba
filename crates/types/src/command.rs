//! Commands: what is asked of the venue, in imperatives. An [`Entry`] is a command that has a
//! place.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{
    AccountId, AmendTrigger, Amount, AssetCode, At, BackstopTerms, BreakerTerms, ClientOrderId,
    FeedTerms, FillableTerms, IndexPrice, Instrument, InstrumentId, Label, Lots, MarginModel,
    MarginTerms, MarketState, MmpGroup, NoticeWords, OpenInterestBand, OrderFamily, OrderId,
    OrderKind, OrderRate, PlaceTrigger, PortfolioTerms, PostOnly, PricingTerms, PublicKey,
    ReopeningTerms, RiskTerms, Scope, SelfTradeMode, Seq, SessionId, Side, SignedReport,
    SignedSurface, Ticks, TimeInForce, Version,
};

/// A command in its place: the only input of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where in the log.
    pub seq: Seq,
    /// When, by the log's clock.
    pub at: At,
    /// What.
    pub command: Command,
}

/// What is asked of one margin domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens a book. Operator.
    ListInstrument(Box<Instrument>),
    /// Opens the next account, or a subaccount of `parent`. Operator, or the parent.
    OpenAccount {
        /// The next dense id.
        account: AccountId,
        /// The main account, for a subaccount.
        parent: Option<AccountId>,
    },
    /// Credits money that arrived from outside. Operator.
    Deposit {
        /// Who gets it.
        account: AccountId,
        /// How much, above zero.
        amount: Amount,
    },
    /// Takes money out, as far as it is free.
    Withdraw {
        /// Whose.
        account: AccountId,
        /// How much, above zero.
        amount: Amount,
    },
    /// Moves free money between a main account and its subaccounts.
    Transfer {
        /// Who pays.
        from: AccountId,
        /// Who gets it.
        to: AccountId,
        /// How much, above zero.
        amount: Amount,
    },
    /// Sets the index of `base` in `quote` that has no feed. Operator.
    ReportIndex {
        /// What is priced.
        base: AssetCode,
        /// In what.
        quote: AssetCode,
        /// How much.
        price: IndexPrice,
    },
    /// Sets mark prices of instruments whose index has no feed. Operator.
    ReportMarks(Vec<(InstrumentId, Ticks)>),
    /// Places an order.
    PlaceOrder(Box<PlaceOrder>),
    /// Changes an open order.
    AmendOrder(AmendOrder),
    /// Cancels one open order, or one waiting trigger.
    CancelOrder {
        /// Whose.
        account: AccountId,
        /// Which.
        order: OrderId,
    },
    /// Cancels all open orders and waiting triggers that a scope takes in.
    CancelOrders {
        /// Whose.
        account: AccountId,
        /// Which.
        scope: CancelScope,
    },
    /// Trades a position away with a reduce-only order.
    ClosePosition {
        /// Whose.
        account: AccountId,
        /// Which.
        instrument: InstrumentId,
        /// Limit price; `None` closes at the market.
        price: Option<Ticks>,
    },
    /// Replaces the quotes of one group, all or none.
    MassQuote(Box<MassQuote>),
    /// Sets, or with an interval of zero removes, market-maker protection.
    SetMmp {
        /// Whose.
        account: AccountId,
        /// How.
        config: MmpConfig,
    },
    /// Lifts a freeze.
    ResetMmp {
        /// Whose.
        account: AccountId,
        /// Index base.
        base: AssetCode,
        /// Index quote.
        quote: AssetCode,
        /// Which group.
        group: MmpGroup,
    },
    /// Says what happens when an account's own orders meet.
    SetSelfTrade {
        /// Whose.
        account: AccountId,
        /// What happens.
        mode: SelfTradeMode,
        /// True: the main account and its subaccounts are one group.
        with_subaccounts: bool,
    },
    /// Cancels what was placed through a connection that dropped; `None`: through any connection,
    /// after a restart.
    DropSession {
        /// Which connection.
        session: Option<SessionId>,
    },
    /// Ends the good-til-day orders whose day is over by `entry.at`.
    EndDay,
    /// Gives an index a feed, or changes its terms. Operator.
    SetFeed(Box<FeedTerms>),
    /// Lets an account sign reports with a key, and takes its stake. Operator.
    RegisterReporter {
        /// Who.
        account: AccountId,
        /// Its key; a new one replaces the old one.
        key: PublicKey,
        /// What it stakes beyond what it staked before.
        stake: Amount,
    },
    /// A reporter says a price.
    ReportPrice(Box<SignedReport>),
    /// A reporter says the volatilities of an expiry.
    ReportSurface(Box<SignedSurface>),
    /// Says how marks and funding of a future are made. Operator.
    SetPricing {
        /// Which.
        instrument: InstrumentId,
        /// How.
        terms: PricingTerms,
    },
    /// Time has passed: feeds grow stale, averages move, funding accrues, contracts expire.
    Tick,
    /// The venue was started or failed over: every feed goes behind its barrier.
    StartTerm,
    /// Settles an expiry whose delivery price the feed could not make. Operator.
    SettleDelivery {
        /// Base of the index.
        base: AssetCode,
        /// Quote of the index.
        quote: AssetCode,
        /// Which expiry.
        expiry: At,
        /// The price.
        price: IndexPrice,
    },
    /// Says how the standard margin of an instrument is made. Operator.
    SetMargin {
        /// Which.
        instrument: InstrumentId,
        /// How.
        terms: MarginTerms,
    },
    /// Says from where open interest raises the initial rate of a future; `None`: it does not.
    /// Operator.
    SetOpenInterestBand {
        /// Which.
        instrument: InstrumentId,
        /// From where to where.
        band: Option<OpenInterestBand>,
    },
    /// Says how the domain liquidates. Operator.
    SetRisk(RiskTerms),
    /// Says how far rounds of a liquidation may trade from the mark; `None`: as far as the slippage
    /// of [`RiskTerms`]. Operator.
    SetFillable(Option<FillableTerms>),
    /// Credits money from outside to the insurance fund. Operator.
    FundInsurance {
        /// How much, above zero.
        amount: Amount,
    },
    /// Offers to take positions over; a capacity of zero takes the offer back.
    OfferBackstop {
        /// Who.
        account: AccountId,
        /// On which terms.
        terms: BackstopTerms,
    },
    /// Carries out the rounds of liquidations that are due, as many as one entry may.
    Liquidate,
    /// Says by which scenarios the portfolio margin of an index is made. Operator.
    SetPortfolio {
        /// Of the index.
        base: AssetCode,
        /// Of the index.
        quote: AssetCode,
        /// Which.
        terms: Box<PortfolioTerms>,
    },
    /// Says how an account is margined, if it has what it then needs. Operator.
    SetMarginModel {
        /// Whose.
        account: AccountId,
        /// How.
        model: MarginModel,
    },
    /// Restricts a scope. Operator.
    Halt {
        /// Which.
        scope: Scope,
        /// To what: post-only, reduce-only, cancel-only or halted.
        state: MarketState,
        /// Until when; `None`: until it is resumed.
        until: Option<At>,
    },
    /// Lifts what holds a scope. Operator.
    Resume {
        /// Which.
        scope: Scope,
    },
    /// Says when the markets of one index and kind stop by themselves. Operator.
    SetBreakers {
        /// Of the index.
        base: AssetCode,
        /// Of the index.
        quote: AssetCode,
        /// Which of its instruments.
        kind: KindFilter,
        /// When.
        terms: Box<BreakerTerms>,
    },
    /// Says how markets come back. Operator.
    SetReopening(Box<ReopeningTerms>),
    /// Says when an account is taken for a program that has gone wrong; `None`: never. Operator.
    SetOrderRate(Option<OrderRate>),
    /// Cancels all that an account has open and takes nothing more from it, or ends that. The
    /// account, or the operator.
    SetKillSwitch {
        /// Whose.
        account: AccountId,
        /// True: nothing more.
        on: bool,
    },
    /// Tells everybody something. Operator.
    PublishNotice(Box<NoticeWords>),
    /// Places an order that is born when a price gets somewhere.
    PlaceTrigger(Box<PlaceTrigger>),
    /// Changes a waiting trigger.
    AmendTrigger(Box<AmendTrigger>),
    /// Refuses from here on what an account sent under low client order ids and what has not
    /// arrived: orders and triggers whose client order id is a number up to `up_to`.
    FenceOrders {
        /// Whose.
        account: AccountId,
        /// The highest number that is refused.
        up_to: u64,
    },
    /// From here on the domain goes by the next version of the rules. Operator.
    Upgrade {
        /// Which that is.
        to: Version,
    },
    /// Cancels what was placed through the connections of a node that is not heard of any more.
    DropSessions {
        /// The lowest of them.
        first: SessionId,
        /// The highest.
        last: SessionId,
    },
}

impl Command {
    /// The version of the rules that it came with. Before a domain goes by that version it is not
    /// in its log: a node whose build is older could not read it.
    pub fn since(&self) -> Version {
        match self {
            Command::DropSessions { .. } => Version(2),
            _ => Version::FIRST,
        }
    }
}

/// An order to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOrder {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// At what price.
    pub kind: OrderKind,
    /// How much.
    pub size: Lots,
    /// How much of it shows at a time; `None`: all.
    pub display: Option<Lots>,
    /// What happens to the rest.
    pub time_in_force: TimeInForce,
    /// May it take?
    pub post_only: PostOnly,
    /// It never opens or turns a position.
    pub reduce_only: bool,
    /// It is under market-maker protection.
    pub mmp: bool,
    /// The client's label.
    pub label: Label,
    /// The client's id for exactly-once.
    pub client_order_id: Option<ClientOrderId>,
    /// Refuse the command after this moment.
    pub valid_until: Option<At>,
    /// Cancel when this connection drops.
    pub session: Option<SessionId>,
}

impl PlaceOrder {
    /// One that rests until it is cancelled, as far as its kind may, with no other wish.
    pub fn new(
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        kind: OrderKind,
        size: Lots,
    ) -> PlaceOrder {
        PlaceOrder {
            account,
            instrument,
            side,
            kind,
            size,
            display: None,
            time_in_force: TimeInForce::GoodTilCancelled,
            post_only: PostOnly::No,
            reduce_only: false,
            mmp: false,
            label: Label::default(),
            client_order_id: None,
            valid_until: None,
            session: None,
        }
    }
}

/// A change of an open order. What is `None` stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmendOrder {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub order: OrderId,
    /// New total size, what was filled included.
    pub size: Option<Lots>,
    /// New price.
    pub price: Option<Ticks>,
    /// New displayed size.
    pub display: Option<Lots>,
    /// May it take at its new price?
    pub post_only: Option<PostOnly>,
    /// New reduce-only flag.
    pub reduce_only: Option<bool>,
    /// Refuse the command after this moment.
    pub valid_until: Option<At>,
}

/// Which open orders and waiting triggers of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelScope {
    /// Every one.
    All,
    /// Those in one instrument.
    Instrument(InstrumentId),
    /// Those of one kind of instrument.
    Kind(KindFilter),
    /// Those that carry a label.
    Label(Label),
    /// Quotes of a group; `None`: of every group.
    Quotes(Option<MmpGroup>),
    /// Those of one family, as far as another scope takes them in.
    Only {
        /// Which family.
        family: OrderFamily,
        /// Within what.
        within: Box<CancelScope>,
    },
}

/// A kind of instrument, without its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KindFilter {
    /// Perpetuals and dated futures.
    Future,
    /// Options.
    Option,
}

/// Quotes of one group, which replace the account's earlier quotes on the same instruments and
/// sides. A size of zero takes a quote away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MassQuote {
    /// Whose.
    pub account: AccountId,
    /// Under which protection.
    pub group: MmpGroup,
    /// The quotes, at most [`crate::limits::QUOTES_MAX`].
    pub quotes: Vec<Quote>,
    /// The client's label of the set.
    pub label: Label,
    /// Refuse the command after this moment.
    pub valid_until: Option<At>,
    /// Cancel when this connection drops.
    pub session: Option<SessionId>,
}

/// One side of one quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Where.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// At what price.
    pub price: Ticks,
    /// How much; zero withdraws the quote.
    pub size: Lots,
}

/// Market-maker protection of one account, index and group (venue.md §2.21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MmpConfig {
    /// Index base.
    pub base: AssetCode,
    /// Index quote.
    pub quote: AssetCode,
    /// Which group.
    pub group: MmpGroup,
    /// Length of the sliding window; zero removes the protection.
    pub interval_ms: u64,
    /// How long a freeze lasts; zero: until it is reset.
    pub frozen_ms: u64,
    /// Sum of filled sizes that triggers, in thousandths of the base asset; `None`: no limit.
    pub quantity_limit_milli: Option<u64>,
    /// Sum of filled deltas that triggers, in thousandths of the base asset; `None`: no limit.
    pub delta_limit_milli: Option<u64>,
}
