//! Refusals: what is wrong, the numbers, what would be right.
//!
//! The order of declaration is the order of precedence: a command that has two faults is refused
//! for the one declared first. Codes are recorded and sent out, so a code is never renumbered and
//! never used twice. `docs/rules/rejects.md` says when each is given.

use alloc::boxed::Box;

use crate::{
    AccountId, Action, Amount, Ask, AssetCode, At, Decimal, Health, IndexPrice, InstrumentId, Lots,
    MarketState, OrderId, SignedLots, Ticks, TriggerLevel, Version, limits,
};

/// Why the engine refused a command. Prices are in ticks, sizes in lots, money in atoms: the
/// gateway says them in the units of the instrument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each refusal names its numbers")]
pub enum Reject {
    /// The rules by which the domain goes do not know it yet.
    #[error("this came with version {needed} of the rules, the domain goes by {version}: upgrade")]
    VersionTooLow { needed: Version, version: Version },
    /// Versions come one after the other.
    #[error(
        "the domain goes by version {version} of the rules: upgrade to {next}, not to {to}",
        next = version.next()
    )]
    VersionNotNext { to: Version, version: Version },
    /// After `valid_until`.
    #[error("the command was valid until {valid_until}, the log is at {at}: send it again")]
    ValidUntilPassed { valid_until: At, at: At },
    /// No such account.
    #[error("account {account} does not exist: open it first")]
    AccountNotFound { account: AccountId },
    /// Accounts are numbered densely.
    #[error("account {account} is not the next one: open {next}")]
    AccountNotNext { account: AccountId, next: AccountId },
    /// Too many accounts, or too many subaccounts of one.
    #[error("there are {max} accounts already: no more can be opened here")]
    AccountsTooMany { max: u32 },
    /// A subaccount cannot be a parent, and a transfer needs one family.
    #[error("accounts {from} and {to} are not of one main account")]
    AccountsNotRelated { from: AccountId, to: AccountId },
    /// Its owner has fenced it off.
    #[error("client order ids up to {up_to} are fenced, {client_order_id} is one: send a new one")]
    ClientOrderFenced { client_order_id: u64, up_to: u64 },
    /// The terms of an instrument contradict each other.
    #[error("the terms do not make a contract: {fault}")]
    InstrumentTermsContradict { fault: TermsFault },
    /// The contract exists.
    #[error("the contract is listed already as instrument {instrument}")]
    InstrumentListedAlready { instrument: InstrumentId },
    /// Too many instruments.
    #[error("there are {max} instruments already", max = limits::INSTRUMENTS_MAX)]
    InstrumentsTooMany,
    /// No such instrument.
    #[error("instrument {instrument} is not listed")]
    InstrumentNotFound { instrument: InstrumentId },
    /// Its life is over.
    #[error("instrument {instrument} expired at {expiry}")]
    InstrumentExpired { instrument: InstrumentId, expiry: At },
    /// A state that does not allow what was asked.
    #[error("instrument {instrument} is {state:?}, which does not allow this: {}", state.instead())]
    MarketRestricted { instrument: InstrumentId, state: MarketState, ask: Ask },
    /// Its kill switch is on.
    #[error("account {account} is stopped by its kill switch: it may cancel, and reset the switch")]
    AccountKilled { account: AccountId },
    /// It is restricted in that way already.
    #[error("the operator holds it in {state:?} with this same end already: resume it first")]
    HaltStands { state: MarketState, until: Option<At> },
    /// Nothing to lift.
    #[error("nothing holds that scope: name the one that was halted")]
    HaltMissing,
    /// The terms of a halt, a breaker or a reopening contradict each other.
    #[error("the terms do not make a halt or a breaker: {fault}")]
    HaltTermsContradict { fault: HaltFault },
    /// Not an open incident.
    #[error("incident {incident} is not open: open one, or name one that is")]
    IncidentNotFound { incident: u32 },
    /// A notice that contradicts what is known.
    #[error("the notice contradicts what is known: {fault}")]
    NoticeContradicts { fault: NoticeFault },
    /// Too many open incidents.
    #[error("{max} incidents are open: resolve some first")]
    IncidentsTooMany { max: u32 },
    /// The terms of a feed contradict each other.
    #[error("the terms do not make a feed: {fault}")]
    FeedTermsContradict { fault: FeedFault },
    /// The terms of marks and funding contradict each other.
    #[error("the terms do not make a mark price: {fault}")]
    PricingTermsContradict { fault: PricingFault },
    /// The amount of money is not one that can be moved.
    #[error("{amount} atoms cannot be moved: send between 1 and {max}", max = Amount::MAX)]
    AmountOutOfRange { amount: Amount },
    /// Deposits would exceed what the domain can count.
    #[error("deposits of the domain would pass {max} atoms", max = limits::DEPOSITS_MAX)]
    DepositsTooLarge,
    /// A price of zero or beyond reason.
    #[error("index price {price} is out of range: report 1 to {max}", max = IndexPrice::MAX)]
    IndexPriceOutOfRange { price: IndexPrice },
    /// No instrument is priced by it.
    #[error("no instrument is priced by {base} in {quote}: list one first")]
    IndexNotFound { base: AssetCode, quote: AssetCode },
    /// Too many pairs.
    #[error("there are {max} indices already", max = limits::INDICES_MAX)]
    IndicesTooMany,
    /// Its prices come from reporters.
    #[error("the index of {base} in {quote} has a feed: the operator cannot set its prices")]
    IndexHasFeed { base: AssetCode, quote: AssetCode },
    /// Nobody reports it.
    #[error("the index of {base} in {quote} has no feed: set one first")]
    FeedMissing { base: AssetCode, quote: AssetCode },
    /// Too many reporters.
    #[error("there are {max} reporters already", max = limits::REPORTERS_MAX)]
    ReportersTooMany,
    /// Nothing that is signed with it would be believed.
    #[error("the public key of account {account} is not that of an Ed25519 key: send its 32 bytes")]
    PublicKeyUnusable { account: AccountId },
    /// Not a reporter.
    #[error("account {account} is not a reporter: the operator registers it with its key")]
    ReporterNotFound { account: AccountId },
    /// Caught.
    #[error("account {account} was caught and reports no more: register another one")]
    ReporterSuspended { account: AccountId },
    /// Not its seat.
    #[error("account {account} has no seat for source {source_id} in this feed")]
    SeatMissing { account: AccountId, source_id: u8 },
    /// Seen before.
    #[error("nonce {nonce} is not above {last}, the last one: it is an old report")]
    ReportReplayed { nonce: u64, last: u64 },
    /// From the future.
    #[error("the source's time {source_at} is ahead of the log's {at} by more than {ahead_ms} ms")]
    ReportFromFuture { source_at: At, at: At, ahead_ms: u32 },
    /// From the past.
    #[error("the source's time {source_at} is {stale_ms} ms or more before the log's {at}")]
    ReportStale { source_at: At, at: At, stale_ms: u32 },
    /// A reporter that does not know.
    #[error("a confidence of {confidence_ppm} ppm is too wide: {max_ppm} is the most")]
    ConfidenceTooWide { confidence_ppm: u32, max_ppm: u32 },
    /// Too many expiries.
    #[error("there are {max} surfaces already", max = limits::SURFACES_MAX)]
    SurfacesTooMany,
    /// Nothing with this expiry.
    #[error("nothing that is priced by this index and not settled expires at {expiry}")]
    ExpiryNotFound { expiry: At },
    /// A surface that somebody could take money from.
    #[error("the surface allows arbitrage: {fault}")]
    SurfaceArbitrage { fault: SurfaceFault },
    /// The feed makes the delivery price by itself, or did.
    #[error("the delivery of {expiry} is not disputed: the feed settles it")]
    DeliveryNotDisputed { expiry: At },
    /// A mark of zero or beyond the ladder.
    #[error("mark {mark} is out of range: report between 1 and {max}", max = Ticks::MAX)]
    MarkOutOfRange { mark: Ticks },
    /// No such order, or it is not open any more.
    #[error("order {order} is not open")]
    OrderNotOpen { order: OrderId },
    /// Someone else's.
    #[error("order {order} belongs to another account")]
    OrderNotOwned { order: OrderId },
    /// Two things that exclude each other.
    #[error("the order contradicts itself: {fault}")]
    OrderTermsContradict { fault: OrderFault },
    /// Terms of a trigger that it cannot have.
    #[error("the trigger contradicts itself: {fault}")]
    TriggerTermsContradict { fault: TriggerFault },
    /// Too small or too large.
    #[error("size is {size} lots: send between {min} and {max}")]
    SizeOutOfRange { size: Lots, min: Lots, max: Lots },
    /// A price of zero or beyond the ladder.
    #[error("price is {price} ticks: send between 1 and {max}", max = Ticks::MAX)]
    PriceOutOfRange { price: Ticks },
    /// Between two prices of the grid in force there.
    #[error("price {price} is between ticks: send {below} or {above}")]
    PriceOffTick { price: Ticks, below: Ticks, above: Ticks },
    /// A trigger price or distance of zero, or beyond what its source can show.
    #[error("the trigger stands at {level}: send between 1 and {max}", max = max.number())]
    TriggerPriceOutOfRange { level: TriggerLevel, max: TriggerLevel },
    /// The displayed part is too small.
    #[error("display of {display} lots: send between {min} and {max}")]
    DisplayOutOfRange { display: Lots, min: Lots, max: Lots },
    /// The index is not good enough for that.
    #[error("the index of {base} in {quote} is {health:?}, which does not allow to {action:?}")]
    IndexUnfit { base: AssetCode, quote: AssetCode, action: Action, health: Health },
    /// The volatilities are not good enough for that.
    #[error(
        "the volatilities of {expiry} are too old, or there are none: that does not allow to \
         {action:?}"
    )]
    SurfaceUnfit { expiry: At, action: Action },
    /// Nothing to value the order with.
    #[error("instrument {instrument} has no mark price yet: wait for the first one")]
    MarkMissing { instrument: InstrumentId },
    /// Below the band.
    #[error("price {price} is below the band: sell at {min} or higher")]
    PriceTooLow { price: Ticks, min: Ticks },
    /// Above the band.
    #[error("price {price} is above the band: buy at {max} or lower")]
    PriceTooHigh { price: Ticks, max: Ticks },
    /// A size below what is already filled.
    #[error("{filled} lots are filled already: amend to more than that")]
    SizeBelowFilled { filled: Lots },
    /// Would open or turn a position.
    #[error(
        "the position is {position} lots: a reduce-only order on this side would not reduce it"
    )]
    ReduceOnlyWouldOpen { position: SignedLots },
    /// Would take.
    #[error("post-only would trade at {best}: price at {passive} or leave post-only out")]
    PostOnlyWouldCross { best: Ticks, passive: Ticks },
    /// Would trade with itself.
    #[error("would trade with order {order} of the same group: cancel it, or choose cancel_maker")]
    SelfTrade { order: OrderId },
    /// Too many open orders.
    #[error("{open} orders are open: at most {max}, cancel some first")]
    OrdersTooMany { open: u32, max: u32 },
    /// Its condition holds already.
    #[error("the {now} has reached {level} already: choose a price beyond it, or place an order")]
    TriggerReached { level: TriggerLevel, now: TriggerLevel },
    /// Too many waiting triggers.
    #[error("{waiting} triggers are waiting: at most {max}, cancel some first")]
    TriggersTooMany { waiting: u32, max: u32 },
    /// Position and open orders together would be too large.
    #[error("position and open orders would reach {reached} lots: at most {max}")]
    PositionTooLarge { reached: u64, max: Lots },
    /// Quotes are frozen.
    #[error("quotes are frozen by market-maker protection until {until:?}: reset it, or wait")]
    MmpFrozen { until: Option<At> },
    /// No protection where one is needed.
    #[error("group {group} has no market-maker protection: set it first")]
    MmpMissing { group: u8 },
    /// The protection protects nothing.
    #[error("market-maker protection needs a limit and a window between 1 ms and one day")]
    MmpLimitsMissing,
    /// Too many groups.
    #[error("group {group} is above {max}", max = limits::MMP_GROUPS_MAX)]
    MmpGroupTooHigh { group: u8 },
    /// Too many quotes, or none.
    #[error("{quotes} quotes: send between 1 and {max}", max = limits::QUOTES_MAX)]
    QuotesTooMany { quotes: u32 },
    /// Two quotes for one side of one instrument, or a bid at or above the ask.
    #[error("quotes {first} and {second} cross or repeat each other")]
    QuotesCross { first: u32, second: u32 },
    /// One quote is at fault, so none is taken.
    #[error("quote {index}: {reject}")]
    QuoteRefused { index: u32, reject: Box<Reject> },
    /// It is being liquidated.
    #[error("account {account} is being liquidated: it may cancel, and wait until that is over")]
    AccountLiquidating { account: AccountId },
    /// The terms of margin or of liquidation contradict each other.
    #[error("the terms do not make a margin or a liquidation: {fault}")]
    RiskTermsContradict { fault: RiskFault },
    /// Not enough money.
    #[error("needs {needed} of margin, {free} is free: deposit {missing} or send less")]
    MarginInsufficient { needed: Amount, free: Amount, missing: Amount },
    /// Not enough money to take out.
    #[error("{amount} is asked for, {free} is free")]
    FreeInsufficient { amount: Amount, free: Amount },
    /// The domain has no room for another open order.
    #[error("the domain has {max} open orders: no more fit", max = OrderId::SLOTS_MAX)]
    DomainFull,
    /// Too many ids to remember.
    #[error("{max} client order ids were used within a day", max = limits::CLIENT_ORDER_IDS_MAX)]
    ClientOrderIdsTooMany,
}

/// What is wrong with the terms of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each refusal names its numbers")]
pub enum TermsFault {
    /// It settles in another asset.
    #[error("it settles in another asset than the domain")]
    SettlementAsset,
    /// A step is zero or below.
    #[error("tick {tick}, lot {lot} and contract size must be above zero")]
    StepNotPositive { tick: Decimal, lot: Decimal },
    /// Lots and contracts do not divide each other.
    #[error("contract size and lot must divide one another")]
    ContractSize,
    /// Values are not whole atoms, or too large.
    #[error(
        "a tick of a lot is not a whole number of atoms, or the largest order is worth too much"
    )]
    Value,
    /// Size bounds.
    #[error("the largest size must be at least the smallest, which is at least one lot")]
    SizeBounds,
    /// Tick steps.
    #[error("tick steps must rise, and each must be a multiple of the one before")]
    TickSteps,
    /// Expiry.
    #[error("it would expire before it is listed, or not at 08:00 UTC")]
    Expiry,
    /// Strike.
    #[error("a strike is above zero")]
    Strike,
    /// Rates.
    #[error(
        "rates are at most 100 %, the initial margin rate at least 0.1 % and the maintenance rate"
    )]
    Rates,
}

/// What is wrong with the terms of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each refusal names its numbers")]
pub enum FeedFault {
    /// A pair that nothing can be settled by.
    #[error("the domain settles in {asset}: base or quote of the index must be it")]
    Pair { asset: AssetCode },
    /// Sources.
    #[error("{sources} sources: name between 1 and {max}", max = limits::SOURCES_MAX)]
    Sources { sources: u32 },
    /// Seats.
    #[error("{seats} seats: give between 1 and {max}", max = limits::SEATS_MAX)]
    Seats { seats: u32 },
    /// A seat twice, or of a source that is none.
    #[error("the seat of account {account} for source {source_id} is given twice or has no source")]
    Seat { account: AccountId, source_id: u8 },
    /// A quorum that the seats cannot reach, or that is upside down.
    #[error(
        "quorums must be above zero, the healthy one at least the degraded one, and within the \
         {reporters} reporters and {sources} sources that count"
    )]
    Quorum { reporters: u8, sources: u8 },
    /// A barrier of nothing.
    #[error("a barrier needs at least one report, and sources within those that count")]
    Barrier,
    /// Times.
    #[error(
        "a report must be stale after 1 ms to a day, ahead by at most a minute, and a fault when \
         far for 1 ms to a day"
    )]
    Times,
    /// Rates.
    #[error(
        "cap, spread, confidence, jump, far, slash and cross-check are between 1 and 1 000 000 \
         ppm, the cap within the spread and far, the reporter's share at least an even one"
    )]
    Rates,
    /// The source of the cross-check.
    #[error("the cross-check needs a source of weight zero with a seat")]
    CrossCheck,
    /// Money.
    #[error("a reward is not below zero and at most {max}", max = Amount::MAX)]
    Reward,
}

/// What is wrong with the terms of marks and funding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PricingFault {
    /// Options are priced by their surface.
    #[error("an option is priced by its surface")]
    Option,
    /// Funding and perpetuals go together.
    #[error("a perpetual has funding, a dated future has none")]
    Funding,
    /// Sizes and rates.
    #[error(
        "the impact size is at least a lot, the clamp between 1 and 1 000 000 ppm, the largest \
         rate at most 10 % and above the interest"
    )]
    Rates,
}

/// How a surface could be used against the venue (venue.md §2.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each refusal names its numbers")]
pub enum SurfaceFault {
    /// Parameters out of their domain.
    #[error("b and sigma are above zero, rho within 1, all of them within what a market can show")]
    Parameters,
    /// Variance below zero.
    #[error("the smallest variance, a + b sigma sqrt(1 - rho^2), is below zero")]
    VarianceNegative,
    /// Wings too steep (Lee).
    #[error("the slope of a wing, b (1 + |rho|), is above 2")]
    WingTooSteep,
    /// Butterfly.
    #[error("a butterfly at log-moneyness {k_ppm} ppm costs less than nothing")]
    Butterfly { k_ppm: i64 },
    /// Calendar.
    #[error("a calendar spread with {expiry} at log-moneyness {k_ppm} ppm costs less than nothing")]
    Calendar { expiry: At, k_ppm: i64 },
}

/// What is wrong with the terms of a halt, of a breaker or of a reopening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HaltFault {
    /// A state that is not chosen.
    #[error("choose post-only, reduce-only, cancel-only or halted")]
    State,
    /// It would be over at once.
    #[error("the end of a halt is later than now")]
    Until,
    /// Terms of a reopening.
    #[error(
        "there are at most 16 steps, by rising outage; auctions and extensions take 1 s to a day, \
         the collar 1 to 1 000 000 ppm, and there are at most 20 extensions"
    )]
    Reopening,
    /// Terms of breakers.
    #[error(
        "windows and pauses take 100 ms to a day, shares and moves 1 to 1 000 000 ppm, and minutes \
         in a row 1 to 60; a frozen index is cancel-only, reduce-only or halted"
    )]
    Breakers,
    /// An order rate.
    #[error("an order rate is of 1 to 1 000 000 orders within 100 ms to a minute")]
    OrderRate,
}

/// What is wrong with a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeFault {
    /// A stage that was left behind.
    #[error("a stage never goes back")]
    Stage,
    /// Nobody knows what became of the orders, and it is over.
    #[error("an incident is not over while it is unknown what became of orders")]
    Orders,
    /// No words.
    #[error("say something: a title and a text are not empty")]
    Words,
    /// Work that ends before it begins, or is over.
    #[error("work ends after it starts, and after now")]
    Times,
    /// A key that the one in force has not signed.
    #[error("the new key is signed by the one in force, the first one by itself")]
    Key,
}

/// What is wrong with the terms of margin or of liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RiskFault {
    /// Rates of an instrument.
    #[error(
        "the initial rate is at least 0.1 %, at most 100 % and at least the maintenance rate, \
         which is above zero; the floor is within the initial rate"
    )]
    MarginRates,
    /// Rates of a liquidation.
    #[error(
        "rounds close between 1 % and all of a position and of the depth, within 20 % of the \
         mark, at a fee of at most 5 %; the buffer and the takeover are within 100 %"
    )]
    LiquidationRates,
    /// Pace of a liquidation.
    #[error("rounds are 100 ms to a minute apart, and takeover comes after 1 to 100 idle ones")]
    Pace,
    /// Terms of a backstop.
    #[error("a capacity is not below zero, a share at most 100 %")]
    Backstop,
    /// Terms of portfolio margin.
    #[error(
        "the grid reaches 1 % to 90 % in 1 to 8 steps each way; volatility rises by at most \
         1 000 % and falls by less than 100 %, with powers up to 1; there are at most 16 tails, \
         between -99 % and +1 000 %, of which at most all counts; what is needed to stay is above \
         zero and at most what is needed to open; rates are at most 100 %"
    )]
    Portfolio,
    /// A band of open interest.
    #[error("a future's band of open interest begins at zero or above and ends above that")]
    OpenInterest,
    /// Terms of the fillable price.
    #[error("the adjustment and the spread are above zero and at most ten times")]
    Fillable,
}

/// What is wrong with the terms of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// Post-only needs a limit price.
    #[error("post-only needs a limit order")]
    PostOnlyNeedsLimit,
    /// Post-only needs to rest.
    #[error("post-only needs good-til-cancelled or good-til-day")]
    PostOnlyNeedsRest,
    /// Display needs to rest.
    #[error("a display size needs a limit order that may rest")]
    DisplayNeedsRest,
    /// Protection needs a limit price.
    #[error("market-maker protection needs a limit order that may rest")]
    MmpNeedsLimit,
    /// An amendment that changes nothing.
    #[error("nothing is to change: give a size, a price, a display size or a flag")]
    NothingToAmend,
}

/// What is wrong with the terms of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TriggerFault {
    /// Nothing to stay behind.
    #[error("there is no price to stay behind yet: wait for the first one, or place a stop")]
    Unpriced,
    /// What a waiting trigger cannot change.
    #[error("its source and its reduce-only flag stay: cancel it, and place another")]
    Settled,
}

impl Reject {
    /// The stable code.
    pub const fn code(&self) -> u16 {
        match self {
            Reject::VersionTooLow { .. } => 106,
            Reject::VersionNotNext { .. } => 107,
            Reject::ValidUntilPassed { .. } => 101,
            Reject::AccountNotFound { .. } => 102,
            Reject::AccountNotNext { .. } => 103,
            Reject::AccountsTooMany { .. } => 104,
            Reject::AccountsNotRelated { .. } => 105,
            Reject::ClientOrderFenced { .. } => 424,
            Reject::InstrumentTermsContradict { .. } => 201,
            Reject::InstrumentListedAlready { .. } => 202,
            Reject::InstrumentsTooMany => 203,
            Reject::InstrumentNotFound { .. } => 204,
            Reject::InstrumentExpired { .. } => 205,
            Reject::MarketRestricted { .. } => 430,
            Reject::AccountKilled { .. } => 431,
            Reject::HaltStands { .. } => 432,
            Reject::HaltMissing => 433,
            Reject::HaltTermsContradict { .. } => 434,
            Reject::IncidentNotFound { .. } => 801,
            Reject::NoticeContradicts { .. } => 802,
            Reject::IncidentsTooMany { .. } => 803,
            Reject::FeedTermsContradict { .. } => 206,
            Reject::PricingTermsContradict { .. } => 207,
            Reject::AmountOutOfRange { .. } => 301,
            Reject::DepositsTooLarge => 302,
            Reject::IndexPriceOutOfRange { .. } => 303,
            Reject::MarkOutOfRange { .. } => 304,
            Reject::IndexNotFound { .. } => 305,
            Reject::IndexHasFeed { .. } => 306,
            Reject::FeedMissing { .. } => 307,
            Reject::ReportersTooMany => 308,
            Reject::ReporterNotFound { .. } => 309,
            Reject::ReporterSuspended { .. } => 310,
            Reject::SeatMissing { .. } => 311,
            Reject::ReportReplayed { .. } => 312,
            Reject::ReportFromFuture { .. } => 313,
            Reject::ReportStale { .. } => 314,
            Reject::ConfidenceTooWide { .. } => 315,
            Reject::SurfacesTooMany => 316,
            Reject::ExpiryNotFound { .. } => 317,
            Reject::SurfaceArbitrage { .. } => 318,
            Reject::DeliveryNotDisputed { .. } => 319,
            Reject::IndicesTooMany => 320,
            Reject::PublicKeyUnusable { .. } => 321,
            Reject::IndexUnfit { .. } => 417,
            Reject::TriggersTooMany { .. } => 420,
            Reject::TriggerReached { .. } => 421,
            Reject::TriggerPriceOutOfRange { .. } => 422,
            Reject::TriggerTermsContradict { .. } => 423,
            Reject::SurfaceUnfit { .. } => 418,
            Reject::OrderNotOpen { .. } => 401,
            Reject::OrderNotOwned { .. } => 402,
            Reject::OrderTermsContradict { .. } => 403,
            Reject::SizeOutOfRange { .. } => 404,
            Reject::PriceOutOfRange { .. } => 405,
            Reject::PriceOffTick { .. } => 406,
            Reject::DisplayOutOfRange { .. } => 407,
            Reject::MarkMissing { .. } => 408,
            Reject::PriceTooLow { .. } => 409,
            Reject::PriceTooHigh { .. } => 410,
            Reject::SizeBelowFilled { .. } => 411,
            Reject::ReduceOnlyWouldOpen { .. } => 412,
            Reject::PostOnlyWouldCross { .. } => 413,
            Reject::SelfTrade { .. } => 414,
            Reject::OrdersTooMany { .. } => 415,
            Reject::PositionTooLarge { .. } => 416,
            Reject::MmpFrozen { .. } => 501,
            Reject::MmpMissing { .. } => 502,
            Reject::MmpLimitsMissing => 503,
            Reject::MmpGroupTooHigh { .. } => 504,
            Reject::QuotesTooMany { .. } => 505,
            Reject::QuotesCross { .. } => 506,
            Reject::QuoteRefused { .. } => 507,
            Reject::AccountLiquidating { .. } => 603,
            Reject::RiskTermsContradict { .. } => 208,
            Reject::MarginInsufficient { .. } => 601,
            Reject::FreeInsufficient { .. } => 602,
            Reject::DomainFull => 701,
            Reject::ClientOrderIdsTooMany => 702,
        }
    }
}
