//! Refusals of the engine in the dialect's words (api.md §10.1).
//!
//! Each [`Reject`] has one code. `data` holds the `reason` as a sentence, the core's `rule`, and
//! the numbers in the units of the instrument: prices as decimals, sizes as amounts, money in its
//! asset.

use serde_json::{Map, Value, json};
use types::{
    Action, Amount, At, Health, IndexPrice, Lots, MarketState, OrderFault, OrderId, Reject,
    SignedLots, Ticks, TriggerLevel, limits,
};

use market_data::InstrumentView;

use crate::objects::{Fixed, Look, Scale, belongs_to, level_number, source, state_word};
use crate::rpc::RpcError;

/// Codes of the dialect that more than one place sends.
pub(crate) const PARAMS: i32 = -32602;
pub(crate) const ORDER_NOT_FOUND: i32 = 10004;
pub(crate) const NOT_OWNER: i32 = 10029;
pub(crate) const NOT_OPEN: i32 = 11044;

/// What a refusal is about, so that its numbers can be said in units.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) look: Look<'a>,
    pub(crate) instrument: Option<&'a InstrumentView>,
}

/// An error with a reason and numbers.
pub(crate) fn error(code: i32, word: &str, reason: impl Into<String>) -> RpcError {
    let data = json!({ "reason": reason.into() });
    RpcError { code, message: word.to_owned(), data: Some(data) }
}

/// A parameter is missing or is not what it must be.
pub(crate) fn wrong(param: &str, reason: impl Into<String>) -> RpcError {
    error(PARAMS, "Invalid params", reason).with("param", param)
}

impl RpcError {
    /// Adds a field to `data`.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> RpcError {
        if let Value::Object(map) = self.data.get_or_insert_with(|| Value::Object(Map::new())) {
            map.insert(key.to_owned(), value.into());
        }
        self
    }
}

impl Ground<'_> {
    fn price(&self, ticks: Ticks) -> Fixed {
        match self.instrument {
            Some(instrument) => instrument.price(ticks),
            None => Fixed::new(ticks.0.into(), 0),
        }
    }

    fn amount(&self, lots: i128) -> Fixed {
        match self.instrument {
            Some(instrument) => instrument.amount(lots),
            None => Fixed::new(lots, 0),
        }
    }

    fn lots(&self, lots: Lots) -> Fixed {
        self.amount(lots.0.into())
    }

    fn money(&self, amount: Amount) -> Fixed {
        self.look.money(amount)
    }

    fn name(&self) -> &str {
        self.instrument.map_or("the instrument", InstrumentView::name)
    }

    /// The error reply for a refusal.
    pub(crate) fn refuse(&self, reject: &Reject) -> RpcError {
        self.say(reject).into_error().with("rule", reject.code())
    }

    /// Why, as a sentence.
    pub(crate) fn reason(&self, reject: &Reject) -> String {
        self.say(reject).reason
    }

    fn say(&self, reject: &Reject) -> Said {
        let plain = |code, word: &str| said(code, word).saying(reject);
        match reject {
            Reject::ValidUntilPassed { valid_until, at } => too_late(*valid_until, *at),
            Reject::VersionTooLow { .. } => plain(11030, "other_reject version_too_low"),
            Reject::VersionNotNext { .. } => plain(11049, "bad_arguments").param("version"),
            Reject::AccountNotFound { .. } => plain(13020, "not_found"),
            Reject::AccountNotNext { .. } => plain(11049, "bad_arguments"),
            Reject::AccountsTooMany { .. } => plain(12001, "too_many_subaccounts"),
            Reject::AccountsNotRelated { .. } => plain(12100, "transfer_not_allowed"),
            Reject::ClientOrderFenced { up_to, .. } => {
                let said = plain(11030, "other_reject client_order_fenced");
                said.param("client_order_id").number("up_to", whole(*up_to))
            }
            Reject::InstrumentTermsContradict { .. } => plain(11049, "bad_arguments"),
            Reject::InstrumentListedAlready { .. } => plain(11049, "bad_arguments"),
            Reject::InstrumentsTooMany => plain(11049, "bad_arguments"),
            Reject::InstrumentNotFound { .. } => plain(10020, "invalid_or_unsupported_instrument"),
            Reject::InstrumentExpired { expiry, .. } => self.expired(*expiry),
            Reject::AmountOutOfRange { amount } => self.money_out_of_range(*amount),
            Reject::DepositsTooLarge => self.deposits_too_large(),
            Reject::IndexPriceOutOfRange { price } => self.index_out_of_range(*price),
            Reject::IndexNotFound { .. } => plain(13020, "not_found").param("index_name"),
            Reject::MarkOutOfRange { mark } => self.mark_out_of_range(*mark),
            Reject::OrderNotOpen { order } => self.not_open(*order),
            Reject::OrderNotOwned { order } => self.not_owned(*order),
            Reject::OrderTermsContradict { fault } => terms(*fault).saying(reject),
            Reject::SizeOutOfRange { size, min, max } => self.size_out_of_range(*size, *min, *max),
            Reject::PriceOutOfRange { price } => self.price_out_of_range(*price),
            Reject::PriceOffTick { price, below, above } => {
                self.off_tick(self.price(*price).to_string(), *below, *above)
            }
            Reject::DisplayOutOfRange { display, min, max } => self.display(*display, *min, *max),
            Reject::MarkMissing { .. } => self.no_mark(),
            Reject::PriceTooLow { price, min } => self.band((10005, "price_too_low"), *price, *min),
            Reject::PriceTooHigh { price, max } => {
                self.band((10007, "price_too_high"), *price, *max)
            }
            Reject::SizeBelowFilled { filled } => self.below_filled(*filled),
            Reject::ReduceOnlyWouldOpen { position } => self.would_open(*position),
            Reject::PostOnlyWouldCross { best, passive } => self.would_take(*best, *passive),
            Reject::SelfTrade { order } => self.self_trade(*order),
            Reject::OrdersTooMany { open, max } => too_many_orders(*open, *max).saying(reject),
            Reject::TriggerTermsContradict { .. } => plain(11049, "bad_arguments"),
            Reject::TriggerPriceOutOfRange { level, max } => self.trigger_out(*level, *max),
            Reject::TriggerReached { level, now } => self.trigger_reached(*level, *now),
            Reject::TriggersTooMany { waiting, max } => {
                too_many_triggers(*waiting, *max).saying(reject)
            }
            Reject::PositionTooLarge { reached, max } => self.too_large(*reached, *max),
            Reject::MmpFrozen { until } => frozen(*until),
            Reject::MmpMissing { .. } => plain(13040, "mmp_required").param("mmp_group"),
            Reject::MmpLimitsMissing => plain(11029, "invalid_arguments").param("interval"),
            Reject::MmpGroupTooHigh { .. } => plain(11029, "invalid_arguments").param("mmp_group"),
            Reject::QuotesTooMany { .. } => plain(13903, "too_many_quotes").param("quotes"),
            Reject::QuotesCross { first, second } => quotes_cross(*first, *second).saying(reject),
            Reject::QuoteRefused { index, reject } => self.quote(*index, reject),
            Reject::MarginInsufficient { needed, free, missing } => {
                self.margin(*needed, *free, *missing)
            }
            Reject::FreeInsufficient { amount, free } => self.not_free(*amount, *free),
            Reject::DomainFull => plain(10047, "matching_engine_queue_full"),
            Reject::ClientOrderIdsTooMany => {
                plain(11029, "invalid_arguments").param("client_order_id")
            }
            Reject::IndexUnfit { base, quote, action, health } => {
                unfit(format!("{base}_{quote}").to_lowercase(), *action, *health)
            }
            Reject::FeedTermsContradict { .. }
            | Reject::PricingTermsContradict { .. }
            | Reject::IndexHasFeed { .. }
            | Reject::IndicesTooMany
            | Reject::ReportersTooMany
            | Reject::SurfacesTooMany
            | Reject::DeliveryNotDisputed { .. }
            | Reject::RiskTermsContradict { .. }
            | Reject::HaltStands { .. }
            | Reject::HaltMissing
            | Reject::HaltTermsContradict { .. }
            | Reject::NoticeContradicts { .. }
            | Reject::IncidentsTooMany { .. } => plain(11049, "bad_arguments"),
            Reject::MarketRestricted { state, .. } => self.restricted(*state),
            Reject::IncidentNotFound { .. } => plain(13020, "not_found").param("incident"),
            Reject::AccountKilled { .. } => plain(10019, "locked_by_admin"),
            Reject::PublicKeyUnusable { .. } => {
                plain(11029, "invalid_arguments").param("public_key")
            }
            Reject::SurfaceUnfit { .. } => plain(11051, "system_maintenance"),
            Reject::AccountLiquidating { .. } => plain(11008, "already_in_liquidation"),
            Reject::FeedMissing { .. } => plain(13020, "not_found").param("index_name"),
            Reject::ExpiryNotFound { .. } => {
                plain(13020, "not_found").param("expiration_timestamp")
            }
            Reject::ReporterNotFound { .. } | Reject::ReporterSuspended { .. } => {
                plain(13021, "forbidden")
            }
            Reject::SeatMissing { .. } => plain(13021, "forbidden").param("source"),
            Reject::ReportReplayed { last, .. } => {
                plain(11029, "invalid_arguments").param("nonce").number("last", whole(*last))
            }
            Reject::ReportFromFuture { at, .. } | Reject::ReportStale { at, .. } => {
                let said = plain(11029, "invalid_arguments").param("source_at");
                said.number("timestamp", whole(at.0))
            }
            Reject::ConfidenceTooWide { .. } => {
                plain(11029, "invalid_arguments").param("confidence")
            }
            Reject::SurfaceArbitrage { .. } => plain(11029, "invalid_arguments").param("svi"),
        }
    }

    fn restricted(&self, state: MarketState) -> Said {
        let (name, word) = (self.name(), state_word(state));
        said(11051, "system_maintenance")
            .because(format!("{name} is in state {word}: {}", state.instead()))
    }

    fn expired(&self, expiry: At) -> Said {
        said(10012, "book_closed")
            .because(format!("{} expired at {expiry}", self.name()))
            .number("expiration_timestamp", whole(expiry.0))
    }

    fn deposits_too_large(&self) -> Said {
        let max = self.money(limits::DEPOSITS_MAX);
        said(10021, "invalid_amount")
            .because(format!("deposits of all accounts may reach {max} {}", self.look.asset()))
            .param("amount")
            .number("max", max)
    }

    fn index_out_of_range(&self, price: IndexPrice) -> Said {
        let [price, min, max] = [price, IndexPrice(1), IndexPrice::MAX].map(Fixed::index);
        said(11049, "bad_arguments")
            .because(format!("index price is {price}: report between {min} and {max}"))
            .param("price")
            .number("min", min)
            .number("max", max)
    }

    fn mark_out_of_range(&self, mark: Ticks) -> Said {
        let [mark, min, max] = [mark, Ticks(1), Ticks::MAX].map(|ticks| self.price(ticks));
        said(11049, "bad_arguments")
            .because(format!("mark is {mark}: report between {min} and {max}"))
            .param("marks")
            .number("min", min)
            .number("max", max)
    }

    fn not_open(&self, order: OrderId) -> Said {
        match belongs_to(self.look, order) {
            None => self.about_order((ORDER_NOT_FOUND, "order_not_found"), order, "is not known"),
            Some(_) => self.about_order((NOT_OPEN, "not_open_order"), order, "is open no more"),
        }
    }

    fn not_owned(&self, order: OrderId) -> Said {
        self.about_order((NOT_OWNER, "not_owner_of_order"), order, "belongs to another account")
    }

    fn self_trade(&self, order: OrderId) -> Said {
        let what = "is of the same group: cancel it, or choose cancel_maker";
        self.about_order((10003, "order_overlap"), order, what)
    }

    fn price_out_of_range(&self, price: Ticks) -> Said {
        let [price, min, max] = [price, Ticks(1), Ticks::MAX].map(|ticks| self.price(ticks));
        said(10023, "invalid_price")
            .because(format!("price is {price}: send between {min} and {max}"))
            .param("price")
            .number("min_price", min)
            .number("max_price", max)
    }

    fn display(&self, display: Lots, min: Lots, max: Lots) -> Said {
        let [display, min, max] = [display, min, max].map(|lots| self.lots(lots));
        said(10036, "invalid_max_show_amount")
            .because(format!("display_amount is {display}: send between {min} and {max}"))
            .param("display_amount")
            .number("min", min)
            .number("max", max)
    }

    fn no_mark(&self) -> Said {
        let reason = format!("{} has no mark price yet: wait for the first one", self.name());
        said(10012, "book_closed").because(reason)
    }

    fn below_filled(&self, filled: Lots) -> Said {
        let filled = self.lots(filled);
        said(10021, "invalid_amount")
            .because(format!("{filled} is filled already: send that or more"))
            .param("amount")
            .number("filled_amount", filled)
    }

    fn would_open(&self, position: SignedLots) -> Said {
        let position = self.amount(position.0.into());
        said(11030, "other_reject reduce_only_would_open")
            .because(format!("the position is {position}: this side would not reduce it"))
            .number("position", position)
    }

    fn would_take(&self, best: Ticks, passive: Ticks) -> Said {
        let (best, passive) = (self.price(best), self.price(passive));
        said(11054, "post_only_reject")
            .because(format!("would trade at {best}: price at {passive} or leave post_only out"))
            .number("best_price", best)
            .number("passive_price", passive)
    }

    fn too_large(&self, reached: u64, max: Lots) -> Said {
        let (reached, max) = (self.amount(reached.into()), self.lots(max));
        said(11030, &format!("other_reject max_position {max}"))
            .because(format!("position and open orders would reach {reached}: at most {max}"))
            .number("reached", reached)
            .number("max", max)
    }

    fn quote(&self, index: u32, reject: &Reject) -> Said {
        let inner = self.say(reject);
        let reason = format!("quote {index}: {}", inner.reason);
        inner.because(reason).number("quote", whole(index.into()))
    }

    fn margin(&self, needed: Amount, free: Amount, missing: Amount) -> Said {
        let [needed, free, missing] = [needed, free, missing].map(|some| self.money(some));
        let asset = self.look.asset();
        said(10009, "not_enough_funds")
            .because(format!(
                "needs {needed} {asset} of margin, {free} is free: deposit {missing} or send less"
            ))
            .number("needed", needed)
            .number("free", free)
            .number("missing", missing)
    }

    fn level(&self, level: TriggerLevel) -> Fixed {
        match self.instrument {
            Some(instrument) => level_number(instrument, level),
            None => whole(level.number()),
        }
    }

    fn trigger_out(&self, level: TriggerLevel, max: TriggerLevel) -> Said {
        let (least, max) = (self.level(level.with_number(1)), self.level(max));
        let said = match level.number() {
            0 => said(10035, "trigger_price_too_low"),
            _ => said(10034, "trigger_price_too_high"),
        };
        said.because(format!(
            "{} is out of range: send between {least} and {max}",
            self.level(level)
        ))
        .param("trigger_price")
        .number("max", max)
    }

    fn trigger_reached(&self, level: TriggerLevel, now: TriggerLevel) -> Said {
        let (at, now) = (self.level(level), self.level(now));
        said(11036, "invalid_trigger_price")
            .because(format!(
                "the {} is {now}: a trigger at {at} has fired already; choose a price beyond it, \
                 or place an order",
                source(level.source())
            ))
            .param("trigger_price")
            .number("trigger_price", at)
            .number("now", now)
    }

    fn not_free(&self, amount: Amount, free: Amount) -> Said {
        let (amount, free) = (self.money(amount), self.money(free));
        said(10009, "not_enough_funds")
            .because(format!("{amount} {} is asked for, {free} is free", self.look.asset()))
            .param("amount")
            .number("amount", amount)
            .number("free", free)
    }

    fn about_order(&self, (code, word): (i32, &str), order: OrderId, what: &str) -> Said {
        said(code, word).because(format!("order {} {what}", self.look.order_id(order)))
    }

    fn money_out_of_range(&self, amount: Amount) -> Said {
        let (min, max) = (self.money(Amount(1)), self.money(Amount::MAX));
        said(10021, "invalid_amount")
            .because(format!(
                "{} cannot be moved: send between {min} and {max}",
                self.money(amount)
            ))
            .param("amount")
            .number("min", min)
            .number("max", max)
    }

    fn size_out_of_range(&self, size: Lots, min: Lots, max: Lots) -> Said {
        let code = if size < min { 10002 } else { 10021 };
        let word = if size < min { "qty_too_low" } else { "invalid_amount" };
        let (size, min, max) = (self.lots(size), self.lots(min), self.lots(max));
        said(code, word)
            .because(format!("amount is {size}: send between {min} and {max}"))
            .param("amount")
            .number("min", min)
            .number("max", max)
    }

    fn band(&self, (code, word): (i32, &str), price: Ticks, limit: Ticks) -> Said {
        let (price, limit) = (self.price(price), self.price(limit));
        said(code, &format!("{word} {limit}"))
            .because(format!("price {price} is outside the band, which ends at {limit}"))
            .param("price")
            .number("price", price)
            .number("limit", limit)
    }

    /// A price between two prices of the grid.
    pub(crate) fn off_tick(&self, price: String, below: Ticks, above: Ticks) -> Said {
        let (low, high) = (self.price(below), self.price(above));
        let reason = if below.0 == 0 {
            format!("price {price} is below the first tick: send {high}")
        } else {
            format!("price {price} is between ticks: send {low} or {high}")
        };
        let said = said(10043, "price_wrong_tick").because(reason).param("price");
        if below.0 == 0 {
            said.number("above", high)
        } else {
            said.number("below", low).number("above", high)
        }
    }
}

fn too_late(valid_until: At, at: At) -> Said {
    let reason = format!("the request was valid until {valid_until}, it is {at}: send it again");
    said(13888, "timed_out")
        .because(reason)
        .param("valid_until")
        .number("valid_until", whole(valid_until.0))
        .number("timestamp", whole(at.0))
}

/// The feed of the index is not good enough for that: as if the platform were locked, in part.
fn unfit(index: String, action: Action, health: Health) -> Said {
    let allowed = match (action, health) {
        (Action::Withdraw, _) => "money leaves an account with positions or orders when it is",
        (_, Health::Frozen) => "until it is, only orders that reduce a position are taken",
        (..) => "until it is, only orders that open nothing are taken",
    };
    let health = crate::objects::health(health);
    let reason = format!(
        "the feed of {index} is {health}, not healthy: {allowed}; public/get_price_feeds says why"
    );
    said(11051, "system_maintenance").because(reason).param("index_name")
}

fn too_many_orders(open: u32, max: u32) -> Said {
    said(11030, &format!("other_reject max_open_orders {max}"))
        .number("open_orders", whole(open.into()))
        .number("max", whole(max.into()))
}

fn too_many_triggers(waiting: u32, max: u32) -> Said {
    said(11035, &format!("no_more_triggers {max}"))
        .number("triggers", whole(waiting.into()))
        .number("max", whole(max.into()))
}

fn quotes_cross(first: u32, second: u32) -> Said {
    said(13910, "quote_crossed")
        .param("quotes")
        .number("first", whole(first.into()))
        .number("second", whole(second.into()))
}

fn frozen(until: Option<At>) -> Said {
    let reason = match until {
        Some(until) => format!("quotes are frozen until {until}: wait, or reset_mmp"),
        None => "quotes are frozen until reset_mmp".to_owned(),
    };
    let until = whole(until.map_or(0, |at| at.0));
    said(13043, "quotes_frozen").because(reason).number("frozen_until", until)
}

fn whole(number: u64) -> Fixed {
    Fixed::new(number.into(), 0)
}

fn terms(fault: OrderFault) -> Said {
    match fault {
        OrderFault::PostOnlyNeedsLimit | OrderFault::PostOnlyNeedsRest => {
            said(11055, "post_only_not_allowed").param("post_only")
        }
        OrderFault::DisplayNeedsRest => {
            said(10036, "invalid_max_show_amount").param("display_amount")
        }
        OrderFault::MmpNeedsLimit => said(11047, "unsupported_arg_combination").param("mmp"),
        OrderFault::NothingToAmend => said(11049, "bad_arguments"),
    }
}

/// An error in the making.
#[derive(Debug)]
pub(crate) struct Said {
    code: i32,
    word: String,
    reason: String,
    param: Option<&'static str>,
    numbers: Vec<(&'static str, Fixed)>,
}

fn said(code: i32, word: &str) -> Said {
    let word = word.to_owned();
    Said { code, word, reason: String::new(), param: None, numbers: Vec::new() }
}

impl Said {
    fn because(mut self, reason: String) -> Said {
        self.reason = reason;
        self
    }

    /// The refusal's own sentence, where it holds no number that has a unit.
    fn saying(self, reject: &Reject) -> Said {
        self.because(reject.to_string())
    }

    fn param(mut self, param: &'static str) -> Said {
        self.param = Some(param);
        self
    }

    fn number(mut self, key: &'static str, number: Fixed) -> Said {
        self.numbers.push((key, number));
        self
    }

    pub(crate) fn into_error(self) -> RpcError {
        let mut error = error(self.code, &self.word, self.reason);
        for (key, number) in self.numbers {
            error = error.with(key, number.to_value());
        }
        match self.param {
            Some(param) => error.with("param", param),
            None => error,
        }
    }
}
