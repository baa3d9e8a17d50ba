//! The vocabulary of Plimsoll: units, ids, instruments, commands, events, refusals, limits, and the
//! canonical bytes of all of them.
//!
//! It holds words, not rules: nothing here keeps state, and nothing here decides. What a word means
//! is said in `DESIGN.md` §5; what a rule says is in `docs/rules`.
//!
//! # Invariants
//! 1. A price is [`Ticks`], a size is [`Lots`], money is an [`Amount`] of atoms: whole numbers, and
//!    only the products that mean something compile (see [`units`]).
//! 2. Whatever is written to a log or a snapshot goes through [`codec`], which has no float.
//! 3. A code of a [`Reject`] and a tag of a [`Command`] or an [`Event`] is never used twice.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod codec;
pub mod planted;
pub mod units;

mod applied;
mod asset;
mod command;
mod decimal;
mod event;
mod feed;
mod halt;
mod ids;
mod instrument;
pub mod limits;
mod notice;
mod order;
mod portfolio;
mod prices;
mod reject;
mod risk;
mod text;
mod trigger;
mod view;

pub use applied::{Applied, EntryOutcome, Proposal, Signed};
pub use asset::AssetCode;
pub use command::{
    AmendOrder, CancelScope, Command, Entry, KindFilter, MassQuote, MmpConfig, PlaceOrder, Quote,
};
pub use decimal::{Decimal, DecimalError, Grid};
pub use event::{
    CancelReason, CloseReason, Event, LedgerAccount, OrderPlaced, TradeSide, Traded, TransferReason,
};
pub use feed::{
    Action, Barrier, CrossCheck, FeedTerms, FeedView, Health, HealthReason, Incentives,
    IndexMethod, PriceReport, PublicKey, Quorum, ReporterFault, Seat, SeatReport, SeatView,
    Signature, SignedReport, Source, SourceId, Standing,
};
pub use halt::{
    Ask, BreakerTerms, Cause, DepthTerms, Extension, Halt, Indication, LimitStateTerms,
    LiquidationTerms, MarketState, OrderRate, OutageStep, RangeTerms, ReopeningTerms, Scope,
};
pub use ids::{
    AccountId, At, IndexId, InstrumentId, MmpGroup, OrderId, Seq, SessionId, TradeId, TriggerId,
    Version,
};
pub use instrument::{
    Contract, Fees, Instrument, Kind, MarginRates, OptionRight, SettlementPeriod, Style, TickStep,
};
pub use notice::{
    Component, ComponentState, Incident, Notice, NoticeBody, NoticeText, NoticeWords, OrderFate,
    Stage,
};
pub use order::{OrderKind, PostOnly, SelfTradeMode, Side, TimeInForce};
pub use portfolio::{MarginModel, PortfolioTerms, Scenario, Tail, VolMove};
pub use prices::{
    DeliveryCount, FundingSchedule, FundingTerms, Mark, MarkMethod, OptionMark, PricingTerms,
    SignedSurface, SurfaceReport, Svi,
};
pub use reject::{
    FeedFault, HaltFault, NoticeFault, OrderFault, PricingFault, Reject, RiskFault, SurfaceFault,
    TermsFault, TriggerFault,
};
pub use risk::{
    AdlPolicy, BackstopTerms, FillableTerms, LiquidationAction, LiquidationEnd, LiquidationStep,
    MarginSnapshot, MarginTerms, OpenInterestBand, RiskTerms, WaterfallView,
};
pub use text::{ClientOrderId, Label, TextError};
pub use trigger::{
    AmendTrigger, OrderFamily, PlaceTrigger, TriggerEnd, TriggerKind, TriggerLevel, TriggerPlaced,
    TriggerSource, TriggerWay, TriggersMoved,
};
pub use units::{Amount, IndexPrice, Lots, Rounding, SignedLots, Ticks};
pub use view::{AccountView, AdlPlace, OrderNeeds, PositionView};

#[cfg(test)]
mod tests;
