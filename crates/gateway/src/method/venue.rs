//! The rows of the methods that the venue answers: market data, trading, accounts, wallets,
//! operator.

use super::ParamKind::{Boolean, Integer, List, Number, OneOf, Record, Text, Texts};
use super::Tier::{Minimum, Ours, Second, Third};
use super::table::{may, method, must};
use super::{Method, Needs, Param, ParamKind, Run, Tier};
use crate::auth::scopes::{Area, Level};
use crate::call::Handler;
use crate::cluster;
use crate::credits::Pool;
use crate::methods::{
    account, candles, feeds, market, notices, operator, orders, portfolio, prices, protection,
    quotes, reports, risk, settlements, trades, trading, triggers, volatility, wallet,
};

const ACCOUNT_READ: Needs = Needs::Scope(Area::Account, Level::Read);
const ACCOUNT_WRITE: Needs = Needs::Scope(Area::Account, Level::ReadWrite);
pub(super) const TRADE_READ: Needs = Needs::Scope(Area::Trade, Level::Read);
pub(super) const TRADE_WRITE: Needs = Needs::Scope(Area::Trade, Level::ReadWrite);
const WALLET_READ: Needs = Needs::Scope(Area::Wallet, Level::Read);
const WALLET_WRITE: Needs = Needs::Scope(Area::Wallet, Level::ReadWrite);

const KINDS: ParamKind =
    OneOf(&["future", "option", "spot", "future_combo", "option_combo", "combo", "any"]);
const SORTING: ParamKind = OneOf(&["asc", "desc", "default"]);
const RESOLUTIONS: ParamKind =
    OneOf(&["1", "3", "5", "10", "15", "30", "60", "120", "180", "360", "720", "1D"]);
const INSTRUMENT: Param = must("instrument_name", Text);
pub(super) const CURRENCY: Param = must("currency", Text);

const JUST_INSTRUMENT: &[Param] = &[INSTRUMENT];
const JUST_CURRENCY: &[Param] = &[CURRENCY];
const BOOK: &[Param] = &[INSTRUMENT, may("depth", Integer)];
const BY_KIND: &[Param] = &[may("kind", KINDS)];
const CURRENCY_AND_KIND: &[Param] = &[CURRENCY, may("kind", KINDS)];
const SETTLEMENTS: &[Param] = &[
    INSTRUMENT,
    may("type", OneOf(&["settlement", "delivery", "bankruptcy"])),
    may("count", Integer),
    may("continuation", Text),
    may("search_start_timestamp", Integer),
];
const SETTLEMENTS_OF: &[Param] = &[
    CURRENCY,
    may("type", OneOf(&["settlement", "delivery", "bankruptcy"])),
    may("count", Integer),
    may("continuation", Text),
    may("search_start_timestamp", Integer),
];
const SPAN: &[Param] =
    &[INSTRUMENT, must("start_timestamp", Integer), must("end_timestamp", Integer)];
const TRADES: &[Param] = &[
    INSTRUMENT,
    may("start_seq", Integer),
    may("end_seq", Integer),
    may("start_timestamp", Integer),
    may("end_timestamp", Integer),
    may("count", Integer),
    may("sorting", SORTING),
    may("subaccount_id", Integer),
    may("historical", Boolean),
    may("include_old", Boolean),
];
const TRADES_OF: &[Param] = &[
    CURRENCY,
    may("kind", KINDS),
    may("start_timestamp", Integer),
    may("end_timestamp", Integer),
    may("count", Integer),
    may("sorting", SORTING),
    may("subaccount_id", Integer),
    may("historical", Boolean),
    may("include_old", Boolean),
];
const PLACE: &[Param] = &[
    INSTRUMENT,
    may("amount", Number),
    may("contracts", Number),
    may(
        "type",
        OneOf(&[
            "limit",
            "market",
            "market_limit",
            "stop_limit",
            "stop_market",
            "take_limit",
            "take_market",
            "trailing_stop",
        ]),
    ),
    may("price", Number),
    may("label", Text),
    may("client_order_id", Text),
    may(
        "time_in_force",
        OneOf(&["good_til_cancelled", "good_til_day", "fill_or_kill", "immediate_or_cancel"]),
    ),
    may("display_amount", Number),
    may("post_only", Boolean),
    may("reject_post_only", Boolean),
    may("reduce_only", Boolean),
    may("mmp", Boolean),
    may("valid_until", Integer),
    may("trigger_price", Number),
    may("trigger_offset", Number),
    may("trigger", OneOf(&["index_price", "mark_price", "last_price"])),
    may("advanced", OneOf(&["usd", "implv"])),
    may("linked_order_type", Text),
    may("trigger_fill_condition", Text),
    may("otoco_config", List),
];
const EDIT: &[Param] = &[
    may("amount", Number),
    may("contracts", Number),
    may("price", Number),
    may("display_amount", Number),
    may("post_only", Boolean),
    may("reject_post_only", Boolean),
    may("reduce_only", Boolean),
    may("mmp", Boolean),
    may("valid_until", Integer),
    may("trigger_price", Number),
    may("trigger_offset", Number),
    may("advanced", OneOf(&["usd", "implv"])),
];
const CANCEL_TYPES: ParamKind =
    OneOf(&["all", "limit", "trigger_all", "stop", "take", "trailing_stop"]);
const CANCEL: &[Param] = &[
    may("detailed", Boolean),
    may("kind", KINDS),
    may("type", CANCEL_TYPES),
    may("include_combos", Boolean),
    may("freeze_quotes", Boolean),
];
const ORDERS: &[Param] = &[may("kind", KINDS), may("type", Text)];
const HISTORY: &[Param] = &[
    may("kind", KINDS),
    may("count", Integer),
    may("offset", Integer),
    may("include_old", Boolean),
    may("include_unfilled", Boolean),
    may("with_continuation", Boolean),
    may("continuation", Text),
    may("historical", Boolean),
];
const ORDER: &[Param] = &[must("order_id", Text)];
const SUMMARY: &[Param] = &[may("subaccount_id", Integer), may("extended", Boolean)];
const PAGE: &[Param] = &[CURRENCY, may("count", Integer), may("offset", Integer)];
const MMP: &[Param] = &[may("index_name", Text), may("mmp_group", Text), may("block_rfq", Boolean)];

/// A method that reads.
const fn public(tier: Tier, name: &'static str, answer: Handler) -> Method {
    method(tier, name, Run::Market(answer))
}

/// A method of somebody's orders, positions and money.
pub(super) const fn private(
    tier: Tier,
    name: &'static str,
    needs: Needs,
    answer: Handler,
) -> Method {
    public(tier, name, answer).needs(needs)
}

/// One that places or changes orders.
const fn trades(tier: Tier, name: &'static str, answer: Handler) -> Method {
    private(tier, name, TRADE_WRITE, answer).costs(Pool::Trading, 1)
}

/// One that only takes orders away.
pub(super) const fn cancels(tier: Tier, name: &'static str, answer: Handler) -> Method {
    private(tier, name, TRADE_WRITE, answer).costs(Pool::Cancel, 1)
}

pub(super) const fn operator(name: &'static str, answer: Handler) -> Method {
    private(Ours, name, Needs::Operator, answer)
}

pub(super) const MARKET_DATA: &[Method] = &[
    public(Minimum, "public/get_instruments", market::get_instruments)
        .takes(&[may("currency", Text), may("kind", KINDS), may("expired", Boolean)])
        .costs(Pool::Instruments, 10_000),
    public(Minimum, "public/get_instrument", market::get_instrument).takes(JUST_INSTRUMENT),
    public(Minimum, "public/get_currencies", market::get_currencies),
    public(Minimum, "public/ticker", market::ticker).takes(JUST_INSTRUMENT),
    public(Minimum, "public/get_order_book", market::get_order_book).takes(BOOK),
    public(Minimum, "public/get_book_summary_by_currency", market::get_book_summary_by_currency)
        .takes(CURRENCY_AND_KIND),
    public(
        Minimum,
        "public/get_book_summary_by_instrument",
        market::get_book_summary_by_instrument,
    )
    .takes(JUST_INSTRUMENT),
    public(Minimum, "public/get_last_trades_by_instrument", trades::get_last_trades_by_instrument)
        .takes(TRADES),
    public(
        Minimum,
        "public/get_last_trades_by_instrument_and_time",
        trades::get_last_trades_by_instrument,
    )
    .takes(TRADES),
    public(Second, "public/get_last_trades_by_currency", trades::get_last_trades_by_currency)
        .takes(TRADES_OF),
    public(
        Second,
        "public/get_last_trades_by_currency_and_time",
        trades::get_last_trades_by_currency,
    )
    .takes(TRADES_OF),
    public(Minimum, "public/get_tradingview_chart_data", candles::get_tradingview_chart_data)
        .takes(&[
            INSTRUMENT,
            must("start_timestamp", Integer),
            must("end_timestamp", Integer),
            must("resolution", RESOLUTIONS),
        ]),
    public(Minimum, "public/get_funding_rate_value", prices::get_funding_rate_value).takes(SPAN),
    public(Minimum, "public/get_funding_rate_history", prices::get_funding_rate_history)
        .takes(SPAN),
    public(Second, "public/get_funding_chart_data", prices::get_funding_chart_data)
        .takes(&[INSTRUMENT, must("length", OneOf(&["8h", "24h", "1m"]))]),
    public(Minimum, "public/get_historical_volatility", volatility::get_historical_volatility)
        .takes(JUST_CURRENCY),
    public(Second, "public/get_volatility_index_data", volatility::get_volatility_index_data)
        .takes(&[
            CURRENCY,
            must("start_timestamp", Integer),
            must("end_timestamp", Integer),
            must("resolution", Text),
        ]),
    public(Second, "public/get_mark_price_history", prices::get_mark_price_history).takes(SPAN),
    public(Second, "public/get_index_price", prices::get_index_price)
        .takes(&[must("index_name", Text)]),
    public(Second, "public/get_index_price_names", prices::get_index_price_names)
        .takes(&[may("extended", Boolean)]),
    public(Second, "public/get_supported_index_names", prices::get_supported_index_names)
        .takes(&[may("type", OneOf(&["all", "spot", "derivative"]))]),
    public(Third, "public/get_index_chart_data", prices::get_index_chart_data)
        .takes(&[must("index_name", Text), must("range", Text)]),
    public(Second, "public/get_delivery_prices", prices::get_delivery_prices).takes(&[
        must("index_name", Text),
        may("offset", Integer),
        may("count", Integer),
    ]),
    public(Minimum, "public/get_expirations", market::get_expirations).takes(&[
        CURRENCY,
        must("kind", OneOf(&["future", "option", "any"])),
        may("currency_pair", Text),
    ]),
    public(Second, "public/get_contract_size", market::get_contract_size).takes(JUST_INSTRUMENT),
    public(Second, "public/get_trade_volumes", market::get_trade_volumes)
        .takes(&[may("extended", Boolean)]),
    public(
        Minimum,
        "public/get_last_settlements_by_instrument",
        settlements::get_last_settlements_by_instrument,
    )
    .takes(SETTLEMENTS),
    public(
        Second,
        "public/get_last_settlements_by_currency",
        settlements::get_last_settlements_by_currency,
    )
    .takes(SETTLEMENTS_OF),
    public(Ours, "public/get_price_feeds", feeds::get_price_feeds)
        .takes(&[may("index_name", Text)]),
    public(Ours, "public/get_waterfall", risk::get_waterfall).takes(&[may("currency", Text)]),
    public(Ours, "public/get_components", notices::get_components),
    public(Ours, "public/get_cluster", cluster::get_cluster),
    public(Second, "public/get_announcements", notices::get_announcements)
        .takes(&[may("start_timestamp", Integer), may("count", Integer)]),
    public(Third, "public/get_combos", market::nothing).takes(JUST_CURRENCY),
    public(Third, "public/get_combo_ids", market::nothing)
        .takes(&[CURRENCY, may("state", OneOf(&["active", "inactive"]))]),
];

pub(super) const TRADING: &[Method] = &[
    trades(Minimum, "private/buy", trading::buy).takes(PLACE),
    trades(Minimum, "private/sell", trading::sell).takes(PLACE),
    trades(Minimum, "private/edit", trading::edit).takes(ORDER).also_takes(EDIT),
    trades(Second, "private/edit_by_label", trading::edit_by_label)
        .takes(&[INSTRUMENT, may("label", Text)])
        .also_takes(EDIT),
    cancels(Minimum, "private/cancel", trading::cancel).takes(ORDER),
    cancels(Minimum, "private/cancel_all", trading::cancel_all).takes(CANCEL),
    cancels(Minimum, "private/cancel_all_by_instrument", trading::cancel_all_by_instrument)
        .takes(JUST_INSTRUMENT)
        .also_takes(CANCEL),
    cancels(Second, "private/cancel_all_by_currency", trading::cancel_all_by_currency)
        .takes(JUST_CURRENCY)
        .also_takes(CANCEL),
    cancels(Second, "private/cancel_all_by_kind_or_type", trading::cancel_all_by_kind_or_type)
        .takes(&[must("currency", Texts)])
        .also_takes(CANCEL),
    cancels(Second, "private/cancel_by_label", trading::cancel_by_label)
        .takes(&[must("label", Text), may("currency", Text)]),
    cancels(Third, "private/cancel_quotes", trading::cancel_quotes)
        .takes(&[must("cancel_type", Text), may("currency", Text)])
        .also_takes(CANCEL),
    cancels(Minimum, "private/close_position", trading::close_position).takes(&[
        INSTRUMENT,
        must("type", OneOf(&["limit", "market"])),
        may("price", Number),
    ]),
    private(Minimum, "private/get_order_state", TRADE_READ, orders::get_order_state).takes(ORDER),
    private(
        Second,
        "private/get_order_state_by_label",
        TRADE_READ,
        orders::get_order_state_by_label,
    )
    .takes(&[CURRENCY, may("label", Text)]),
    private(
        Ours,
        "private/get_order_state_by_client_order_id",
        TRADE_READ,
        orders::get_order_state_by_client_order_id,
    )
    .takes(&[must("client_order_id", Text), may("currency", Text)]),
    private(Minimum, "private/get_open_orders", TRADE_READ, orders::get_open_orders).takes(ORDERS),
    private(
        Minimum,
        "private/get_open_orders_by_instrument",
        TRADE_READ,
        orders::get_open_orders_by_instrument,
    )
    .takes(&[INSTRUMENT, may("type", Text)]),
    private(
        Minimum,
        "private/get_open_orders_by_currency",
        TRADE_READ,
        orders::get_open_orders_by_currency,
    )
    .takes(JUST_CURRENCY)
    .also_takes(ORDERS),
    private(
        Second,
        "private/get_open_orders_by_label",
        TRADE_READ,
        orders::get_open_orders_by_label,
    )
    .takes(&[CURRENCY, may("label", Text)]),
    private(
        Minimum,
        "private/get_order_history_by_instrument",
        TRADE_READ,
        orders::get_order_history_by_instrument,
    )
    .takes(JUST_INSTRUMENT)
    .also_takes(HISTORY),
    private(
        Minimum,
        "private/get_order_history_by_currency",
        TRADE_READ,
        orders::get_order_history_by_currency,
    )
    .takes(JUST_CURRENCY)
    .also_takes(HISTORY),
    private(
        Minimum,
        "private/get_user_trades_by_instrument",
        TRADE_READ,
        trades::get_user_trades_by_instrument,
    )
    .takes(TRADES),
    private(
        Minimum,
        "private/get_user_trades_by_instrument_and_time",
        TRADE_READ,
        trades::get_user_trades_by_instrument,
    )
    .takes(TRADES),
    private(
        Minimum,
        "private/get_user_trades_by_currency",
        TRADE_READ,
        trades::get_user_trades_by_currency,
    )
    .takes(TRADES_OF),
    private(
        Minimum,
        "private/get_user_trades_by_currency_and_time",
        TRADE_READ,
        trades::get_user_trades_by_currency,
    )
    .takes(TRADES_OF),
    private(
        Minimum,
        "private/get_user_trades_by_order",
        TRADE_READ,
        trades::get_user_trades_by_order,
    )
    .takes(ORDER)
    .also_takes(&[may("sorting", SORTING), may("historical", Boolean)]),
    private(
        Second,
        "private/get_trigger_order_history",
        TRADE_READ,
        triggers::get_trigger_order_history,
    )
    .takes(&[
        CURRENCY,
        may("instrument_name", Text),
        may("count", Integer),
        may("continuation", Integer),
    ]),
    private(Second, "private/get_margins", TRADE_READ, risk::get_margins).takes(&[
        INSTRUMENT,
        must("amount", Number),
        must("price", Number),
    ]),
    private(
        Second,
        "private/get_settlement_history_by_instrument",
        TRADE_READ,
        settlements::get_settlement_history_by_instrument,
    )
    .takes(SETTLEMENTS),
    private(
        Second,
        "private/get_settlement_history_by_currency",
        TRADE_READ,
        settlements::get_settlement_history_by_currency,
    )
    .takes(SETTLEMENTS_OF),
    trades(Second, "private/set_mmp_config", protection::set_mmp_config).takes(&[
        must("index_name", Text),
        must("interval", Integer),
        must("frozen_time", Integer),
        may("mmp_group", Text),
        may("quantity_limit", Number),
        may("delta_limit", Number),
        may("vega_limit", Number),
        may("max_quote_quantity", Number),
        may("block_rfq", Boolean),
        may("trade_count_limit", Integer),
    ]),
    private(Second, "private/get_mmp_config", TRADE_READ, protection::get_mmp_config).takes(MMP),
    private(Third, "private/get_mmp_status", TRADE_READ, protection::get_mmp_status).takes(MMP),
    trades(Second, "private/reset_mmp", protection::reset_mmp).takes(MMP),
    trades(Third, "private/mass_quote", quotes::mass_quote).takes(&[
        must("quotes", List),
        may("quote_id", Text),
        may("mmp_group", Text),
        may("label", Text),
        may("valid_until", Integer),
        may("wait_for_response", Boolean),
        may("detailed", Boolean),
    ]),
];

pub(super) const ACCOUNTS: &[Method] = &[
    private(Minimum, "private/get_account_summary", ACCOUNT_READ, account::get_account_summary)
        .takes(JUST_CURRENCY)
        .also_takes(SUMMARY),
    private(Minimum, "private/get_account_summaries", ACCOUNT_READ, account::get_account_summaries)
        .takes(SUMMARY),
    private(Minimum, "private/get_positions", TRADE_READ, account::get_positions)
        .takes(&[may("currency", Text), may("subaccount_id", Integer)])
        .also_takes(BY_KIND),
    private(Minimum, "private/get_position", TRADE_READ, account::get_position)
        .takes(JUST_INSTRUMENT),
    private(Minimum, "private/get_subaccounts", ACCOUNT_READ, account::get_subaccounts)
        .takes(&[may("with_portfolio", Boolean)]),
    private(Second, "private/get_transaction_log", ACCOUNT_READ, account::get_transaction_log)
        .takes(&[
            CURRENCY,
            must("start_timestamp", Integer),
            must("end_timestamp", Integer),
            may("query", Text),
            may("count", Integer),
            may("subaccount_id", Integer),
            may("continuation", Integer),
        ])
        .costs(Pool::TransactionLog, 10_000),
    private(Third, "private/get_user_locks", ACCOUNT_READ, protection::get_user_locks),
    private(
        Second,
        "private/set_self_trading_config",
        ACCOUNT_WRITE,
        protection::set_self_trading_config,
    )
    .takes(&[
        must("mode", OneOf(&["reject_taker", "cancel_maker"])),
        must("extended_to_subaccounts", Boolean),
        may("block_rfq_self_match_prevention", Boolean),
    ]),
    private(Ours, "private/offer_backstop", ACCOUNT_WRITE, risk::offer_backstop).takes(&[
        CURRENCY,
        must("capacity", Number),
        must("share_ppm", Integer),
    ]),
    private(Third, "private/get_new_announcements", ACCOUNT_READ, market::nothing),
    private(
        Minimum,
        "private/get_current_deposit_address",
        WALLET_READ,
        wallet::get_current_deposit_address,
    )
    .takes(JUST_CURRENCY),
    private(
        Minimum,
        "private/create_deposit_address",
        WALLET_WRITE,
        wallet::create_deposit_address,
    )
    .takes(JUST_CURRENCY),
    private(Minimum, "private/get_deposits", WALLET_READ, wallet::get_deposits).takes(PAGE),
    private(Minimum, "private/withdraw", WALLET_WRITE, wallet::withdraw).takes(&[
        CURRENCY,
        must("address", Text),
        must("amount", Number),
        may("priority", Text),
        may("nonce", Text),
    ]),
    private(Minimum, "private/get_withdrawals", WALLET_READ, wallet::get_withdrawals).takes(PAGE),
    private(Minimum, "private/get_transfers", WALLET_READ, wallet::get_transfers).takes(PAGE),
    private(
        Minimum,
        "private/submit_transfer_to_subaccount",
        WALLET_WRITE,
        wallet::submit_transfer_to_subaccount,
    )
    .takes(&[CURRENCY, must("amount", Number), must("destination", Integer)]),
    private(
        Second,
        "private/submit_transfer_between_subaccounts",
        WALLET_WRITE,
        wallet::submit_transfer_between_subaccounts,
    )
    .takes(&[
        CURRENCY,
        must("amount", Number),
        must("destination", Integer),
        may("source", Integer),
        may("nonce", Text),
    ]),
];

/// Reports carry a signature, and that is what counts: any key of the reporter's account will do.
pub(super) const REPORTS: &[Method] = &[
    private(Ours, "private/report_price", Needs::Login, reports::report_price).takes(&[
        must("index_name", Text),
        must("source", Text),
        must("price", Number),
        must("confidence", Number),
        must("source_at", Integer),
        must("nonce", Integer),
        must("signature", Text),
    ]),
    private(Ours, "private/report_surface", Needs::Login, reports::report_surface).takes(&[
        must("index_name", Text),
        must("expiration_timestamp", Integer),
        must("svi", Record),
        must("source_at", Integer),
        must("nonce", Integer),
        must("signature", Text),
    ]),
];

pub(super) const OPERATOR: &[Method] = &[
    operator("operator/deposit", operator::deposit).takes(&[
        must("account", Integer),
        CURRENCY,
        must("amount", Number),
    ]),
    operator("operator/list_instrument", operator::list_instrument).takes(&[
        must("kind", OneOf(&["perpetual", "future", "option"])),
        must("style", OneOf(&["inverse", "linear"])),
        must("base", Text),
        must("quote", Text),
        must("tick", Number),
        must("lot", Number),
        must("contract_size", Number),
        must("size_min_lots", Integer),
        must("size_max_lots", Integer),
        must("settlement_period", Text),
        must("maker_ppm", Integer),
        must("taker_ppm", Integer),
        must("initial_ppm", Integer),
        must("maintenance_ppm", Integer),
        must("band_ppm", Integer),
        may("tick_steps", List),
        may("expiry", Integer),
        may("strike", Number),
        may("right", OneOf(&["call", "put"])),
    ]),
    operator("operator/report_index", operator::report_index).takes(&[
        must("base", Text),
        must("quote", Text),
        must("price", Number),
    ]),
    operator("operator/report_marks", operator::report_marks).takes(&[must("marks", List)]),
    operator("operator/end_day", operator::end_day),
    operator("operator/cluster_add_learner", cluster::add_learner).takes(&[
        CURRENCY,
        must("node", Integer),
        must("address", Text),
        must("zone", Text),
        must("api", Text),
    ]),
    operator("operator/cluster_promote", cluster::promote).takes(&[
        CURRENCY,
        must("node", Integer),
        may("force", Boolean),
    ]),
    operator("operator/cluster_remove", cluster::remove).takes(&[
        CURRENCY,
        must("node", Integer),
        may("force", Boolean),
    ]),
    operator("operator/cluster_transfer", cluster::transfer)
        .takes(&[CURRENCY, must("node", Integer)]),
    operator("operator/upgrade", cluster::upgrade).takes(&[CURRENCY, must("version", Integer)]),
    operator("operator/set_feed", feeds::set_feed).takes(&[
        must("base", Text),
        must("quote", Text),
        may("currency", Text),
        must("method", OneOf(&["capped_median", "drop_extremes", "weighted_median"])),
        must("sources", List),
        must("seats", List),
        must("healthy", Record),
        must("degraded", Record),
        must("barrier", Record),
        must("stale_ms", Integer),
        must("ahead_ms", Integer),
        must("cap_ppm", Integer),
        must("spread_ppm", Integer),
        must("confidence_ppm", Integer),
        must("jump_ppm", Integer),
        must("reporter_cap_ppm", Integer),
        may("cross_check", Record),
        must("incentives", Record),
    ]),
    operator("operator/register_reporter", feeds::register_reporter).takes(&[
        must("account", Integer),
        CURRENCY,
        must("public_key", Text),
        must("stake", Number),
    ]),
    operator("operator/set_pricing", feeds::set_pricing).takes(&[
        INSTRUMENT,
        must("mark", OneOf(&["impact_basis", "median_of_three"])),
        must("impact", Number),
        must("clamp_ppm", Integer),
        may("funding", Record),
    ]),
    operator("operator/settle_delivery", feeds::settle_delivery).takes(&[
        must("index_name", Text),
        must("expiration_timestamp", Integer),
        must("price", Number),
    ]),
    operator("operator/set_margin", risk::set_margin).takes(&[
        INSTRUMENT,
        must("initial_ppm", Integer),
        must("maintenance_ppm", Integer),
        must("slope_ppb", Integer),
        must("floor_ppm", Integer),
    ]),
    operator("operator/set_open_interest_band", risk::set_open_interest_band).takes(&[
        INSTRUMENT,
        may("lower", Number),
        may("upper", Number),
    ]),
    operator("operator/set_fillable", risk::set_fillable).takes(&[
        CURRENCY,
        may("adjustment_ppm", Integer),
        may("spread_ppm", Integer),
    ]),
    operator("operator/set_risk", risk::set_risk).takes(&[
        CURRENCY,
        must("buffer_ppm", Integer),
        must("round_ppm", Integer),
        must("round_ms", Integer),
        must("depth_ppm", Integer),
        must("slippage_ppm", Integer),
        must("fee_ppm", Integer),
        must("takeover_ppm", Integer),
        must("idle_rounds", Integer),
        must("adl", OneOf(&["queue", "pro_rata", "water_filling", "least_closing"])),
    ]),
    operator("operator/fund_insurance", risk::fund_insurance)
        .takes(&[CURRENCY, must("amount", Number)]),
    operator("operator/set_portfolio", portfolio::set_portfolio).takes(&[
        must("index_name", Text),
        must("range_ppm", Integer),
        must("steps", Integer),
        must("vol_up_ppm", Integer),
        must("vol_down_ppm", Integer),
        must("near_power_ppm", Integer),
        must("far_power_ppm", Integer),
        must("tails", List),
        must("maintenance_ppm", Integer),
        must("future_initial_ppm", Integer),
        must("future_maintenance_ppm", Integer),
        must("short_initial_ppm", Integer),
        must("short_maintenance_ppm", Integer),
    ]),
    operator("operator/set_margin_model", portfolio::set_margin_model).takes(&[
        CURRENCY,
        must("account", Integer),
        must("margin_model", OneOf(&["segregated_sm", "segregated_pm"])),
    ]),
];
