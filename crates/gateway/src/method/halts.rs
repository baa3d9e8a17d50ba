//! The methods of halts, breakers and the kill switch, and of notices.

use super::table::{may, method, must};
use super::venue::{CURRENCY, TRADE_WRITE, operator, private};
use super::{Method, Param, ParamKind, Pool, Run, Tier};
use crate::methods::{halts, notices};

use ParamKind::{Boolean, Integer, List, OneOf, Record, Text};

const STATES: ParamKind = OneOf(&["post_only", "reduce_only", "cancel_only", "halted"]);
const WHERE: [Param; 3] =
    [may("instrument_name", Text), may("index_name", Text), may("currency", Text)];

pub(super) const METHODS: &[Method] = &[
    method(Tier::Ours, "public/get_notices", Run::Market(notices::get_notices))
        .takes(&[may("currency", Text), may("count", Integer)]),
    operator("operator/publish_notice", notices::publish_notice)
        .takes(&[
            CURRENCY,
            must(
                "kind",
                OneOf(&["announcement", "maintenance", "incident", "update", "component", "key"]),
            ),
            may("title", Text),
            may("text", Text),
            may("starts_at", Integer),
            may("ends_at", Integer),
            may("orders", OneOf(&["live", "cancelled", "unknown"])),
            may("incident", Integer),
            may("component", Text),
            may("state", Text),
            may("stage", OneOf(&["investigating", "identified", "monitoring", "resolved"])),
            may("public_key", Text),
            may("signature", Text),
        ])
        .also_takes(&[may("instrument_name", Text), may("index_name", Text)]),
    method(Tier::Ours, "public/get_halts", Run::Market(halts::get_halts))
        .takes(&[may("currency", Text)]),
    private(Tier::Ours, "private/set_kill_switch", TRADE_WRITE, halts::set_kill_switch)
        .costs(Pool::Cancel, 1)
        .takes(&[CURRENCY, must("on", Boolean)]),
    operator("operator/halt", halts::halt)
        .takes(&[must("state", STATES), may("for_ms", Integer)])
        .also_takes(&WHERE),
    operator("operator/resume", halts::resume).takes(&WHERE),
    operator("operator/set_breakers", halts::set_breakers).takes(&[
        must("index_name", Text),
        must("kind", OneOf(&["future", "option"])),
        may("limit_state", Record),
        may("velocity", Record),
        may("range", Record),
        may("depth", Record),
        may("liquidation", Record),
        may("frozen", STATES),
    ]),
    operator("operator/set_reopening", halts::set_reopening).takes(&[
        CURRENCY,
        must("steps", List),
        must("auction_ms", Integer),
        must("collar_ppm", Integer),
        must("extension_ms", Integer),
        must("extensions_max", Integer),
    ]),
    operator("operator/set_order_rate", halts::set_order_rate).takes(&[
        CURRENCY,
        may("orders_max", Integer),
        may("window_ms", Integer),
    ]),
];
