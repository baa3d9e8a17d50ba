//! Words of the dialect for words of ours.

use types::{
    CancelReason, Kind, OptionRight, OrderKind, SelfTradeMode, SettlementPeriod, Side, TimeInForce,
};

use market_data::{OrderState, TickDirection};

pub(crate) fn direction(side: Side) -> &'static str {
    match side {
        Side::Bid => "buy",
        Side::Ask => "sell",
    }
}

pub(crate) fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Perpetual | Kind::Future { .. } => "future",
        Kind::Option { .. } => "option",
    }
}

pub(crate) fn right(right: OptionRight) -> &'static str {
    match right {
        OptionRight::Call => "call",
        OptionRight::Put => "put",
    }
}

pub(crate) fn settlement_period(period: SettlementPeriod) -> &'static str {
    match period {
        SettlementPeriod::Perpetual => "perpetual",
        SettlementPeriod::Day => "day",
        SettlementPeriod::Week => "week",
        SettlementPeriod::Month => "month",
    }
}

/// A market-limit order is a limit order that was born so.
pub(crate) fn order_type(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Limit { .. } | OrderKind::MarketLimit => "limit",
        OrderKind::Market => "market",
    }
}

pub(crate) fn time_in_force(time: TimeInForce) -> &'static str {
    match time {
        TimeInForce::GoodTilCancelled => "good_til_cancelled",
        TimeInForce::GoodTilDay => "good_til_day",
        TimeInForce::ImmediateOrCancel => "immediate_or_cancel",
        TimeInForce::FillOrKill => "fill_or_kill",
    }
}

pub(crate) fn order_state(state: OrderState) -> &'static str {
    match state {
        OrderState::Open => "open",
        OrderState::Filled => "filled",
        OrderState::Cancelled(_) => "cancelled",
    }
}

/// The dialect's word where it has one (api.md §9.1), else ours.
pub(crate) fn cancel_reason(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Asked => "user_request",
        CancelReason::NotToRest => "immediate_or_cancel",
        CancelReason::SelfTrade => "self_trade",
        CancelReason::Disconnected => "cancel_on_disconnect",
        CancelReason::MmpTriggered => "mmp_trigger",
        CancelReason::DayEnded => "end_of_day",
        CancelReason::ReduceOnly => "reduce_only",
        CancelReason::Requoted => "requoted",
        CancelReason::PostOnly => "edit_post_only_reject",
        CancelReason::Expired => "expired",
        CancelReason::Liquidated => "autoliquidation",
        CancelReason::TooFar => "risk_mitigation",
        CancelReason::Killed => "risk_mitigation",
    }
}

pub(crate) fn self_trade(mode: SelfTradeMode) -> &'static str {
    match mode {
        SelfTradeMode::RejectTaker => "reject_taker",
        SelfTradeMode::CancelMaker => "cancel_maker",
    }
}

pub(crate) fn tick_direction(way: TickDirection) -> u8 {
    match way {
        TickDirection::Plus => 0,
        TickDirection::ZeroPlus => 1,
        TickDirection::Minus => 2,
        TickDirection::ZeroMinus => 3,
    }
}
