//! What the engine answers when it is asked about an account: numbers of one moment.

use alloc::vec::Vec;

use crate::{AccountId, Amount, InstrumentId, MmpConfig, SelfTradeMode, SignedLots, Ticks};

/// An account at one moment. All money in atoms of the domain's asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Which.
    pub account: AccountId,
    /// Its main account, if it is a subaccount.
    pub parent: Option<AccountId>,
    /// Cash: posted money and what was realised.
    pub collateral: Amount,
    /// What open futures would win or lose at the mark.
    pub unrealised: Amount,
    /// What open options are worth at the mark, below zero if short.
    pub options_value: Amount,
    /// Needed to open: positions and open orders at their worse side.
    pub initial_margin: Amount,
    /// Needed to stay.
    pub maintenance_margin: Amount,
    /// What may be used: collateral + unrealised - initial margin.
    pub free: Amount,
    /// Positions that are not flat, by instrument.
    pub positions: Vec<PositionView>,
    /// What happens when its own orders meet.
    pub self_trade: SelfTradeMode,
    /// Its market-maker protections.
    pub mmp: Vec<MmpConfig>,
}

/// A position at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionView {
    /// Where.
    pub instrument: InstrumentId,
    /// How much.
    pub size: SignedLots,
    /// What it cost, signed as in `docs/rules/money.md`.
    pub cost: Amount,
    /// The mark price.
    pub mark: Ticks,
    /// What it would win or lose at the mark.
    pub unrealised: Amount,
    /// What was realised since it was opened.
    pub realised: Amount,
    /// Needed to open, open orders included.
    pub initial_margin: Amount,
    /// Needed to stay.
    pub maintenance_margin: Amount,
    /// Part of the initial margin that open orders need.
    pub open_orders_margin: Amount,
}
