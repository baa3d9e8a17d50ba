//! The bytes of events and refusals.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, record};
use crate::{
    CancelReason, CloseReason, Event, FeedFault, LedgerAccount, OrderFault, OrderPlaced,
    PricingFault, Reject, RiskFault, SurfaceFault, TermsFault, TradeSide, Traded, TransferReason,
};

choice!(LedgerAccount {
    0 => Outside, 1 => Fees, 2 => Clearing(instrument), 3 => Collateral(account),
    4 => Funding(instrument), 5 => Stake(account), 6 => Insurance,
});
choice!(TransferReason {
    0 => Deposit, 1 => Withdrawal, 2 => Transfer, 3 => Fee, 4 => Realised, 5 => Premium,
    6 => Funding, 7 => Delivery, 8 => Residue, 9 => Stake, 10 => Slash, 11 => Reward,
    12 => Liquidation, 13 => Takeover, 14 => Insurance, 15 => Haircut,
});
choice!(CancelReason {
    0 => Asked, 1 => NotToRest, 2 => SelfTrade, 3 => Disconnected, 4 => MmpTriggered,
    5 => DayEnded, 6 => ReduceOnly, 7 => Requoted, 8 => PostOnly, 9 => Expired, 10 => Liquidated,
});
choice!(CloseReason { 0 => Filled, 1 => Cancelled(reason) });
record!(OrderPlaced {
    order,
    account,
    instrument,
    side,
    kind,
    price,
    size,
    display,
    time_in_force,
    post_only,
    reduce_only,
    mmp,
    quote_group,
    label,
    client_order_id,
    session,
});
record!(TradeSide { order, account, fee, realised, open });
record!(Traded {
    trade,
    trade_seq,
    instrument,
    price,
    size,
    taker_side,
    maker,
    taker,
    index_price,
    mark,
});

choice!(Event {
    1 => InstrumentListed { instrument, index, at, spec },
    2 => AccountOpened { account, parent, at },
    3 => Transferred { from, to, amount, reason },
    4 => IndexChanged { index, base, quote, price },
    5 => MarkChanged { instrument, mark },
    6 => OrderPlaced(placed),
    7 => Traded(traded),
    8 => OrderRested { order, price, open, displayed },
    9 => OrderReplenished { order, displayed },
    10 => OrderAmended { order, price, size, displayed, kept_place, reduce_only, post_only, asked },
    11 => OrderClosed { order, reason },
    12 => PositionChanged { account, instrument, size, cost },
    13 => OrderRepeated { order },
    14 => MmpSet { account, config },
    15 => MmpTriggered { account, index, group, frozen_until },
    16 => MmpReset { account, index, group },
    17 => SelfTradeSet { account, mode, with_subaccounts },
    18 => Refused(reject),
    19 => FeedSet { index, terms },
    20 => ReporterRegistered { account, key, stake },
    21 => PriceReported { index, seat, price, source_at },
    22 => FeedHealthChanged { index, from, to, reason, price, at },
    23 => ReporterFaulted { account, index, fault, slashed },
    24 => SurfaceChanged { index, expiry, reporter, svi },
    25 => PricingSet { instrument, terms },
    26 => MarksMade { index, marks },
    27 => FundingAccrued { instrument, rate_ppb, interest_ppb, index_price, at },
    28 => DeliveryPriced { index, expiry, price, samples, at },
    29 => DeliveryDisputed { index, expiry, samples, at },
    30 => InstrumentDelivered { instrument, price, at },
    31 => TermStarted { at },
    32 => MarginSet { instrument, terms },
    33 => RiskSet(terms),
    34 => BackstopOffered { account, terms },
    35 => LiquidationStarted { account, margin, at },
    36 => LiquidationStepped(step),
    37 => LiquidationEnded { account, end, margin, at },
    38 => PortfolioSet { index, terms },
    39 => MarginModelSet { account, model, margin },
});

choice!(TermsFault {
    0 => SettlementAsset, 1 => StepNotPositive { tick, lot }, 2 => ContractSize, 3 => Value,
    4 => SizeBounds, 5 => TickSteps, 6 => Expiry, 7 => Strike, 8 => Rates,
});
choice!(OrderFault {
    0 => PostOnlyNeedsLimit, 1 => PostOnlyNeedsRest, 2 => DisplayNeedsRest, 3 => MmpNeedsLimit,
    4 => NothingToAmend,
});
choice!(FeedFault {
    0 => Sources { sources }, 1 => Seats { seats }, 2 => Seat { account, source_id },
    3 => Quorum { reporters, sources }, 4 => Barrier, 5 => Times, 6 => Rates, 7 => CrossCheck,
    8 => Reward, 9 => Pair { asset },
});
choice!(PricingFault { 0 => Option, 1 => Funding, 2 => Rates });
choice!(SurfaceFault {
    0 => Parameters, 1 => VarianceNegative, 2 => WingTooSteep, 3 => Butterfly { k_ppm },
    4 => Calendar { expiry, k_ppm },
});
choice!(RiskFault {
    0 => MarginRates, 1 => LiquidationRates, 2 => Pace, 3 => Backstop, 4 => Portfolio,
});
choice!(Reject {
    1 => ValidUntilPassed { valid_until, at },
    2 => AccountNotFound { account },
    3 => AccountNotNext { account, next },
    4 => AccountsTooMany { max },
    5 => AccountsNotRelated { from, to },
    6 => InstrumentTermsContradict { fault },
    7 => InstrumentListedAlready { instrument },
    8 => InstrumentsTooMany,
    9 => InstrumentNotFound { instrument },
    10 => InstrumentExpired { instrument, expiry },
    11 => AmountOutOfRange { amount },
    12 => DepositsTooLarge,
    13 => IndexPriceOutOfRange { price },
    14 => MarkOutOfRange { mark },
    15 => OrderNotOpen { order },
    16 => OrderNotOwned { order },
    17 => OrderTermsContradict { fault },
    18 => SizeOutOfRange { size, min, max },
    19 => PriceOutOfRange { price },
    20 => PriceOffTick { price, below, above },
    21 => DisplayOutOfRange { display, min, max },
    22 => MarkMissing { instrument },
    23 => PriceTooLow { price, min },
    24 => PriceTooHigh { price, max },
    25 => SizeBelowFilled { filled },
    26 => ReduceOnlyWouldOpen { position },
    27 => PostOnlyWouldCross { best, passive },
    28 => SelfTrade { order },
    29 => OrdersTooMany { open, max },
    30 => PositionTooLarge { reached, max },
    31 => MmpFrozen { until },
    32 => MmpMissing { group },
    33 => MmpLimitsMissing,
    34 => MmpGroupTooHigh { group },
    35 => QuotesTooMany { quotes },
    36 => QuotesCross { first, second },
    37 => QuoteRefused { index, reject },
    38 => MarginInsufficient { needed, free, missing },
    39 => FreeInsufficient { amount, free },
    40 => DomainFull,
    41 => ClientOrderIdsTooMany,
    42 => IndexNotFound { base, quote },
    43 => FeedTermsContradict { fault },
    44 => PricingTermsContradict { fault },
    45 => IndexHasFeed { base, quote },
    46 => FeedMissing { base, quote },
    47 => ReportersTooMany,
    48 => ReporterNotFound { account },
    49 => ReporterSuspended { account },
    50 => SeatMissing { account, source_id },
    51 => ReportReplayed { nonce, last },
    52 => ReportFromFuture { source_at, at, ahead_ms },
    53 => ReportStale { source_at, at, stale_ms },
    54 => ConfidenceTooWide { confidence_ppm, max_ppm },
    55 => SurfacesTooMany,
    56 => ExpiryNotFound { expiry },
    57 => SurfaceArbitrage { fault },
    58 => DeliveryNotDisputed { expiry },
    59 => IndexUnfit { base, quote, action, health },
    60 => AccountLiquidating { account },
    61 => RiskTermsContradict { fault },
    62 => IndicesTooMany,
    63 => PublicKeyUnusable { account },
    64 => SurfaceUnfit { expiry, action },
});
