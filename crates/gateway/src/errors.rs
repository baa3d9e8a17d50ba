//! Refusals of the engine in the dialect's words (api.md §10.1).
//!
//! Each [`Reject`] has one code. `data` holds the `reason` as a sentence, the core's `rule`, and the
//! numbers in the units of the instrument: prices as decimals, sizes as amounts, money in the asset.

use serde_json::{Map, Value, json};
use types::{Amount, At, Lots, OrderFault, OrderId, Reject, Ticks};

use market_data::InstrumentView;

use crate::objects::{Fixed, Look, Scale};
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

    fn say(&self, reject: &Reject) -> Said {
        match reject {
            Reject::ValidUntilPassed { valid_until, at } => said(13888, "timed_out")
                .because(format!(
                    "the request was valid until {valid_until}, it is {at}: send it again"
                ))
                .param("valid_until")
                .number("valid_until", Fixed::new(valid_until.0.into(), 0))
                .number("timestamp", Fixed::new(at.0.into(), 0)),
            Reject::AccountNotFound { .. } => said(13020, "not_found").as_it_is(reject),
            Reject::AccountNotNext { .. } => said(11049, "bad_arguments").as_it_is(reject),
            Reject::AccountsTooMany { .. } => said(12001, "too_many_subaccounts").as_it_is(reject),
            Reject::AccountsNotRelated { .. } => {
                said(12100, "transfer_not_allowed").as_it_is(reject)
            }
            Reject::InstrumentTermsContradict { .. }
            | Reject::InstrumentListedAlready { .. }
            | Reject::InstrumentsTooMany => said(11049, "bad_arguments").as_it_is(reject),
            Reject::InstrumentNotFound { .. } => {
                said(10020, "invalid_or_unsupported_instrument").as_it_is(reject)
            }
            Reject::IndexNotFound { .. } => {
                said(13020, "not_found").as_it_is(reject).param("index_name")
            }
            Reject::InstrumentExpired { expiry, .. } => said(10012, "book_closed")
                .because(format!("{} expired at {expiry}", self.name()))
                .number("expiration_timestamp", Fixed::new(expiry.0.into(), 0)),
            Reject::AmountOutOfRange { amount } => self.money_out_of_range(*amount),
            Reject::DepositsTooLarge => self.money_out_of_range(Amount::MAX),
            Reject::IndexPriceOutOfRange { price } => {
                said(11049, "bad_arguments").as_it_is(reject).number("price", Fixed::index(*price))
            }
            Reject::MarkOutOfRange { mark } => {
                said(11049, "bad_arguments").as_it_is(reject).number("mark", self.price(*mark))
            }
            Reject::OrderNotOpen { order } if self.look.view.order(*order).is_none() => {
                self.about_order(ORDER_NOT_FOUND, "order_not_found", *order, "is not known here")
            }
            Reject::OrderNotOpen { order } => {
                self.about_order(NOT_OPEN, "not_open_order", *order, "is not open any more")
            }
            Reject::OrderNotOwned { order } => {
                self.about_order(NOT_OWNER, "not_owner_of_order", *order, "is another account's")
            }
            Reject::OrderTermsContradict { fault } => terms(*fault).as_it_is(reject),
            Reject::SizeOutOfRange { size, min, max } => self.size_out_of_range(*size, *min, *max),
            Reject::PriceOutOfRange { price } => said(10023, "invalid_price")
                .because(format!(
                    "price is {}: send between {} and {}",
                    self.price(*price),
                    self.price(Ticks(1)),
                    self.price(Ticks::MAX)
                ))
                .param("price")
                .number("min_price", self.price(Ticks(1)))
                .number("max_price", self.price(Ticks::MAX)),
            Reject::PriceOffTick { price, below, above } => {
                self.off_tick(self.price(*price).to_string(), *below, *above)
            }
            Reject::DisplayOutOfRange { display, min, max } => {
                let (display, min, max) = (self.lots(*display), self.lots(*min), self.lots(*max));
                said(10036, "invalid_max_show_amount")
                    .because(format!("display_amount is {display}: send between {min} and {max}"))
                    .param("display_amount")
                    .number("min", min)
                    .number("max", max)
            }
            Reject::MarkMissing { .. } => said(10012, "book_closed")
                .because(format!("{} has no mark price yet: wait for the first one", self.name())),
            Reject::PriceTooLow { price, min } => {
                self.band(said(10005, &format!("price_too_low {}", self.price(*min))), *price, *min)
            }
            Reject::PriceTooHigh { price, max } => self.band(
                said(10007, &format!("price_too_high {}", self.price(*max))),
                *price,
                *max,
            ),
            Reject::SizeBelowFilled { filled } => said(10021, "invalid_amount")
                .because(format!("{} is filled already: send that or more", self.lots(*filled)))
                .param("amount")
                .number("filled_amount", self.lots(*filled)),
            Reject::ReduceOnlyWouldOpen { position } => {
                let position = self.amount(position.0.into());
                said(11030, "other_reject reduce_only_would_open")
                    .because(format!("the position is {position}: this side would not reduce it"))
                    .number("position", position)
            }
            Reject::PostOnlyWouldCross { best, passive } => {
                let (best, passive) = (self.price(*best), self.price(*passive));
                said(11054, "post_only_reject")
                    .because(format!(
                        "would trade at {best}: price at {passive} or leave post_only out"
                    ))
                    .number("best_price", best)
                    .number("passive_price", passive)
            }
            Reject::SelfTrade { order } => {
                let what = "is of the same group: cancel it, or choose cancel_maker";
                self.about_order(10003, "order_overlap", *order, what)
            }
            Reject::OrdersTooMany { open, max } => {
                said(11030, &format!("other_reject max_open_orders {max}"))
                    .as_it_is(reject)
                    .number("open_orders", Fixed::new((*open).into(), 0))
                    .number("max", Fixed::new((*max).into(), 0))
            }
            Reject::PositionTooLarge { reached, max } => {
                let (reached, max) = (self.amount((*reached).into()), self.lots(*max));
                said(11030, &format!("other_reject max_position {max}"))
                    .because(format!(
                        "position and open orders would reach {reached}: at most {max}"
                    ))
                    .number("reached", reached)
                    .number("max", max)
            }
            Reject::MmpFrozen { until } => self.frozen(*until),
            Reject::MmpMissing { .. } => {
                said(13040, "mmp_required").as_it_is(reject).param("mmp_group")
            }
            Reject::MmpLimitsMissing => {
                said(11029, "invalid_arguments").as_it_is(reject).param("interval")
            }
            Reject::MmpGroupTooHigh { .. } => {
                said(11029, "invalid_arguments").as_it_is(reject).param("mmp_group")
            }
            Reject::QuotesTooMany { .. } => {
                said(13903, "too_many_quotes").as_it_is(reject).param("quotes")
            }
            Reject::QuotesCross { first, second } => said(13910, "quote_crossed")
                .as_it_is(reject)
                .param("quotes")
                .number("first", Fixed::new((*first).into(), 0))
                .number("second", Fixed::new((*second).into(), 0)),
            Reject::QuoteRefused { index, reject } => {
                let inner = self.say(reject);
                let reason = format!("quote {index}: {}", inner.reason);
                inner.because(reason).number("quote", Fixed::new((*index).into(), 0))
            }
            Reject::MarginInsufficient { needed, free, missing } => {
                let [needed, free, missing] = [needed, free, missing].map(|some| self.money(*some));
                let asset = self.look.asset();
                said(10009, "not_enough_funds")
                    .because(format!(
                        "needs {needed} {asset} of margin, {free} is free: deposit {missing} or send less"
                    ))
                    .number("needed", needed)
                    .number("free", free)
                    .number("missing", missing)
            }
            Reject::FreeInsufficient { amount, free } => {
                let (amount, free) = (self.money(*amount), self.money(*free));
                said(10009, "not_enough_funds")
                    .because(format!("{amount} {} is asked for, {free} is free", self.look.asset()))
                    .param("amount")
                    .number("amount", amount)
                    .number("free", free)
            }
            Reject::DomainFull => said(10047, "matching_engine_queue_full").as_it_is(reject),
            Reject::ClientOrderIdsTooMany => {
                said(11029, "invalid_arguments").as_it_is(reject).param("client_order_id")
            }
        }
    }

    fn about_order(&self, code: i32, word: &str, order: OrderId, what: &str) -> Said {
        said(code, word).because(format!("order {} {what}", self.look.order_id(order)))
    }

    fn frozen(&self, until: Option<At>) -> Said {
        let reason = match until {
            Some(until) => format!("quotes are frozen until {until}: wait, or reset_mmp"),
            None => "quotes are frozen until reset_mmp".to_owned(),
        };
        let until = Fixed::new(until.map_or(0, |at| at.0).into(), 0);
        said(13043, "quotes_frozen").because(reason).number("frozen_until", until)
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

    fn band(&self, said: Said, price: Ticks, limit: Ticks) -> Said {
        let (price, limit) = (self.price(price), self.price(limit));
        said.because(format!("price {price} is outside the band, which ends at {limit}"))
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
    fn as_it_is(self, reject: &Reject) -> Said {
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
