//! What people say to a gateway: their commands as requests of the dialect, and garbage.
//!
//! It is written without the gateway's code, so that a gateway that misreads a number is seen.
//! Moving money, and what an operator sends, is not said here: it goes to the node as a command.

use types::{
    AccountId, AmendOrder, CancelScope, Command, Decimal, IndexPrice, Instrument, InstrumentId,
    MassQuote, MmpConfig, MmpGroup, OrderId, OrderKind, PlaceOrder, PlaceTrigger, PostOnly,
    SelfTradeMode, SessionId, Side, TimeInForce, TriggerKind, TriggerLevel,
};

use crate::rng::Rng;
use crate::venue::Venue;

/// By which credits a request is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pays {
    /// It can place or change orders.
    Trading,
    /// It only takes orders away.
    Cancel,
    /// Others.
    Other,
}

/// A request of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who must have logged in.
    pub account: AccountId,
    /// By which credits it is paid for.
    pub pays: Pays,
    method: &'static str,
    /// The members of its parameters.
    params: String,
}

impl Request {
    fn new(account: AccountId, pays: Pays, method: &'static str) -> Request {
        Request { account, pays, method, params: String::new() }
    }

    fn trades(account: AccountId, method: &'static str) -> Request {
        Request::new(account, Pays::Trading, method)
    }

    fn cancels(account: AccountId, method: &'static str) -> Request {
        Request::new(account, Pays::Cancel, method)
    }

    /// Adds a member whose value is JSON.
    fn with(mut self, key: &str, json: impl std::fmt::Display) -> Request {
        use std::fmt::Write;
        let comma = if self.params.is_empty() { "" } else { "," };
        write!(self.params, "{comma}\"{key}\":{json}").expect("a String takes what is written");
        self
    }

    fn with_some(self, key: &str, json: Option<impl std::fmt::Display>) -> Request {
        match json {
            Some(json) => self.with(key, json),
            None => self,
        }
    }

    /// Adds a member whose value is text without anything to escape.
    fn text(self, key: &str, text: impl std::fmt::Display) -> Request {
        self.with(key, format_args!("\"{text}\""))
    }

    /// The bytes of it; its reply names the call.
    pub fn bytes(&self, call: u64) -> Vec<u8> {
        let Request { method, params, .. } = self;
        let text =
            format!(r#"{{"jsonrpc":"2.0","id":{call},"method":"{method}","params":{{{params}}}}}"#);
        text.into_bytes()
    }
}

/// The request that means a command; `None`: the dialect does not have it, or it names an order of
/// which whoever asks does not know the instrument, in whose units numbers are written.
pub fn request(
    command: &Command,
    venue: &Venue,
    instrument_of: impl Fn(OrderId) -> Option<InstrumentId>,
) -> Option<Request> {
    let currency = venue.domain().0;
    Some(match command {
        Command::PlaceOrder(order) => place(order, venue),
        Command::PlaceTrigger(trigger) => place_trigger(trigger, venue),
        Command::AmendOrder(amend) => edit(amend, spec(instrument_of(amend.order)?, venue), venue),
        Command::AmendTrigger(amend) if amend.level.is_none() => {
            edit(&amend.order, spec(instrument_of(amend.order.order)?, venue), venue)
        }
        Command::CancelOrder { account, order } => {
            Request::cancels(*account, "private/cancel").text("order_id", order_text(*order, venue))
        }
        Command::CancelOrders { account, scope } => cancel_orders(*account, scope, venue)?,
        Command::MassQuote(quotes) => mass_quote(quotes, venue),
        Command::SetMmp { account, config } => set_mmp(*account, config)?,
        Command::ResetMmp { account, base, quote, group: MmpGroup(group) } => {
            Request::trades(*account, "private/reset_mmp")
                .text("index_name", format!("{base}_{quote}").to_lowercase())
                .text("mmp_group", group)
        }
        Command::ClosePosition { account, instrument, price: None } => {
            Request::cancels(*account, "private/close_position")
                .text("instrument_name", name(*instrument, venue))
                .text("type", "market")
        }
        Command::FenceOrders { account, up_to } => {
            Request::cancels(*account, "private/fence_orders")
                .text("currency", currency)
                .with("client_order_id", up_to)
        }
        Command::SetKillSwitch { account, on } => {
            Request::cancels(*account, "private/set_kill_switch")
                .text("currency", currency)
                .with("on", on)
        }
        Command::SetSelfTrade { account, mode, with_subaccounts } => {
            let mode = match mode {
                SelfTradeMode::RejectTaker => "reject_taker",
                SelfTradeMode::CancelMaker => "cancel_maker",
            };
            Request::new(*account, Pays::Other, "private/set_self_trading_config")
                .text("mode", mode)
                .with("extended_to_subaccounts", with_subaccounts)
        }
        _ => return None,
    })
}

/// Whether a gateway has proposed what was asked of it, by a client of this session.
///
/// A node that has not heard of an order yet does not know in which units its numbers are: it
/// proposes a change of nothing, which is refused.
pub fn is_as_asked(asked: &Command, proposed: &Command, session: Option<SessionId>) -> bool {
    match (asked, proposed) {
        (Command::PlaceOrder(asked), Command::PlaceOrder(proposed)) => {
            PlaceOrder { session, ..(**asked).clone() } == **proposed
        }
        (Command::PlaceTrigger(asked), Command::PlaceTrigger(proposed)) => {
            let order = PlaceOrder { session, ..asked.order.clone() };
            PlaceTrigger { order, ..(**asked).clone() } == **proposed
        }
        (Command::MassQuote(asked), Command::MassQuote(proposed)) => {
            MassQuote { session, ..(**asked).clone() } == **proposed
        }
        (Command::AmendOrder(asked), Command::AmendOrder(proposed)) => {
            asked == proposed || nothing_of(asked) == *proposed
        }
        (Command::AmendTrigger(asked), Command::AmendOrder(proposed)) => {
            nothing_of(&asked.order) == *proposed
        }
        _ => asked == proposed,
    }
}

fn nothing_of(amend: &AmendOrder) -> AmendOrder {
    let AmendOrder { account, order, .. } = *amend;
    let (size, price, display, valid_until) = (None, None, None, None);
    let (post_only, reduce_only) = (None, None);
    AmendOrder { account, order, size, price, display, post_only, reduce_only, valid_until }
}

/// An id of an order as the dialect writes it.
pub fn order_text(order: OrderId, venue: &Venue) -> String {
    let prefix = if venue.linear { format!("{}-", venue.domain().0) } else { String::new() };
    match order.trigger() {
        Some(trigger) => format!("{prefix}TRG-{}", trigger.0),
        None => format!("{prefix}{}", order.0),
    }
}

fn place(order: &PlaceOrder, venue: &Venue) -> Request {
    let kind = match order.kind {
        OrderKind::Limit { .. } => "limit",
        OrderKind::Market => "market",
        OrderKind::MarketLimit => "market_limit",
    };
    wishes(order, venue).text("type", kind)
}

fn place_trigger(trigger: &PlaceTrigger, venue: &Venue) -> Request {
    let PlaceTrigger { kind, level, order } = trigger;
    let is_limit = matches!(order.kind, OrderKind::Limit { .. });
    let (word, price) = match kind {
        TriggerKind::Stop if is_limit => ("stop_limit", "trigger_price"),
        TriggerKind::Stop => ("stop_market", "trigger_price"),
        TriggerKind::Take if is_limit => ("take_limit", "trigger_price"),
        TriggerKind::Take => ("take_market", "trigger_price"),
        TriggerKind::Trailing => ("trailing_stop", "trigger_offset"),
    };
    let tick = spec(order.instrument, venue).tick;
    let (source, number) = match *level {
        TriggerLevel::Index(IndexPrice(price)) => ("index_price", decimal(price, 1, 8)),
        TriggerLevel::Mark(ticks) => ("mark_price", steps(ticks.0, tick)),
        TriggerLevel::Last(ticks) => ("last_price", steps(ticks.0, tick)),
    };
    wishes(order, venue).text("type", word).text("trigger", source).with(price, number)
}

/// All of an order but its type.
fn wishes(order: &PlaceOrder, venue: &Venue) -> Request {
    let method = match order.side {
        Side::Bid => "private/buy",
        Side::Ask => "private/sell",
    };
    let spec = spec(order.instrument, venue);
    let price = match order.kind {
        OrderKind::Limit { price } => Some(steps(price.0, spec.tick)),
        OrderKind::Market | OrderKind::MarketLimit => None,
    };
    let fate = match order.time_in_force {
        TimeInForce::GoodTilCancelled => None,
        TimeInForce::GoodTilDay => Some("\"good_til_day\""),
        TimeInForce::ImmediateOrCancel => Some("\"immediate_or_cancel\""),
        TimeInForce::FillOrKill => Some("\"fill_or_kill\""),
    };
    let id = order.client_order_id.as_ref().map(|id| format!("\"{}\"", id.as_str()));
    let display = order.display.map(|lots| steps(lots.0, spec.lot));
    let request = Request::trades(order.account, method)
        .text("instrument_name", spec.name())
        .with("amount", steps(order.size.0, spec.lot))
        .with_some("price", price)
        .with_some("time_in_force", fate)
        .with_some("display_amount", display)
        .with_some("client_order_id", id)
        .with_some("reduce_only", order.reduce_only.then_some(true))
        .with_some("mmp", order.mmp.then_some(true));
    post_only(request, Some(order.post_only).filter(|wish| *wish != PostOnly::No))
}

fn post_only(request: Request, wish: Option<PostOnly>) -> Request {
    match wish {
        None => request,
        Some(PostOnly::No) => request.with("post_only", false),
        Some(PostOnly::Slide) => request.with("post_only", true),
        Some(PostOnly::Reject) => request.with("post_only", true).with("reject_post_only", true),
    }
}

fn edit(amend: &AmendOrder, spec: &Instrument, venue: &Venue) -> Request {
    let AmendOrder { account, order, size, price, reduce_only, .. } = amend;
    let request = Request::trades(*account, "private/edit")
        .text("order_id", order_text(*order, venue))
        .with_some("amount", size.map(|lots| steps(lots.0, spec.lot)))
        .with_some("price", price.map(|ticks| steps(ticks.0, spec.tick)))
        .with_some("reduce_only", *reduce_only);
    post_only(request, amend.post_only)
}

fn cancel_orders(account: AccountId, scope: &CancelScope, venue: &Venue) -> Option<Request> {
    Some(match scope {
        CancelScope::All => Request::cancels(account, "private/cancel_all"),
        CancelScope::Instrument(instrument) => {
            Request::cancels(account, "private/cancel_all_by_instrument")
                .text("instrument_name", name(*instrument, venue))
        }
        CancelScope::Quotes(None) => {
            Request::cancels(account, "private/cancel_quotes").text("cancel_type", "all")
        }
        CancelScope::Kind(_)
        | CancelScope::Label(_)
        | CancelScope::Quotes(Some(_))
        | CancelScope::Only { .. } => return None,
    })
}

fn mass_quote(quotes: &MassQuote, venue: &Venue) -> Request {
    let side = |instrument, side| {
        let found = quotes.quotes.iter().find(|q| q.instrument == instrument && q.side == side)?;
        let (spec, key) = (spec(instrument, venue), if side == Side::Bid { "bid" } else { "ask" });
        let (price, amount) = (steps(found.price.0, spec.tick), steps(found.size.0, spec.lot));
        Some(format!(r#","{key}":{{"price":{price},"amount":{amount}}}"#))
    };
    let mut instruments: Vec<InstrumentId> = quotes.quotes.iter().map(|q| q.instrument).collect();
    instruments.dedup();
    let items = instruments.into_iter().map(|instrument| {
        let sides = [Side::Bid, Side::Ask].map(|way| side(instrument, way).unwrap_or_default());
        format!(r#"{{"instrument_name":"{}"{}}}"#, name(instrument, venue), sides.concat())
    });
    let items: Vec<String> = items.collect();
    Request::trades(quotes.account, "private/mass_quote")
        .text("mmp_group", quotes.group.0)
        .with("quotes", format_args!("[{}]", items.join(",")))
}

/// Market-maker protection, if its times are whole seconds.
fn set_mmp(account: AccountId, config: &MmpConfig) -> Option<Request> {
    let whole_s = |ms: u64| ms.is_multiple_of(1_000).then_some(ms / 1_000);
    let MmpConfig { base, quote, group, quantity_limit_milli, delta_limit_milli, .. } = config;
    let (interval, frozen) = (whole_s(config.interval_ms)?, whole_s(config.frozen_ms)?);
    let milli = |limit: &Option<u64>| limit.map(|limit| decimal(limit, 1, 3));
    let request = Request::trades(account, "private/set_mmp_config")
        .text("index_name", format!("{base}_{quote}").to_lowercase())
        .text("mmp_group", group.0)
        .with("interval", interval)
        .with("frozen_time", frozen)
        .with_some("quantity_limit", milli(quantity_limit_milli))
        .with_some("delta_limit", milli(delta_limit_milli));
    Some(request)
}

fn spec(instrument: InstrumentId, venue: &Venue) -> &Instrument {
    &venue.instruments[usize::try_from(instrument.0).expect("few instruments")]
}

fn name(instrument: InstrumentId, venue: &Venue) -> String {
    spec(instrument, venue).name()
}

/// So many steps.
fn steps(count: u32, step: Decimal) -> String {
    let mantissa = u64::try_from(step.mantissa()).expect("steps are above zero");
    decimal(u64::from(count), mantissa, step.scale())
}

/// `count × mantissa × 10^-scale`.
fn decimal(count: u64, mantissa: u64, scale: u8) -> String {
    let (digits, scale) = (u128::from(count) * u128::from(mantissa), usize::from(scale));
    let text = format!("{digits:0width$}", width = scale + 1);
    match text.split_at(text.len() - scale) {
        (whole, "") => whole.to_owned(),
        (whole, rest) => format!("{whole}.{rest}"),
    }
}

/// What somebody sends that means nothing.
pub struct Garbage {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// By which credits it is paid for, if it can be read at all.
    pub pays: Pays,
    /// It may be a request nevertheless.
    pub is_perhaps_one: bool,
}

/// Bytes that are no request, or none that can be done; or those of a request with one byte of its
/// parameters changed, which may be anything.
pub fn garbage(rng: &mut Rng, account: AccountId, call: u64, usual: (&[u8], Pays)) -> Garbage {
    let (usual, usually_pays) = usual;
    let call_of = |method: &str, params: &str| {
        format!(r#"{{"id":{call},"method":"private/{method}","params":{params}}}"#).into_bytes()
    };
    let deep = [&"[".repeat(40), "1", &"]".repeat(40)].concat();
    let (pays, bytes) = match rng.below(12) {
        0 => (Pays::Other, (0..rng.heavy(300)).map(|_| rng.next().to_le_bytes()[0]).collect()),
        1 => (Pays::Other, usual[..rng.index(usual.len())].to_vec()),
        2 => (Pays::Other, call_of("buy", &"[".repeat(33 + rng.index(10_000)))),
        3 => (Pays::Other, call_of("buy", &format!("{{\"a\":{deep}}}"))),
        4 => (Pays::Other, [b"[", usual, b"]"].concat()),
        5 => (Pays::Other, format!(r#"{{"id":{call},"method":7,"params":{{}}}}"#).into_bytes()),
        6 => (Pays::Other, call_of("buy", "[\"BTC-PERPETUAL\",10]")),
        7 => (Pays::Other, call_of("steal", &format!("{{\"from\":{account}}}"))),
        8 => (Pays::Trading, call_of("buy", "{\"instrument_name\":[\"BTC\"],\"amount\":{}}")),
        9 => (Pays::Trading, call_of("sell", "{\"instrument_name\":\"NONE\",\"amount\":1e40}")),
        10 => {
            let id = "9".repeat(rng.index(40_000));
            (Pays::Cancel, call_of("cancel", &format!("{{\"order_id\":\"x{id}\"}}")))
        }
        _ => {
            let key = b"\"params\":";
            let params = usual.windows(key.len()).position(|bytes| bytes == key);
            let begin = params.expect("every request has parameters") + key.len();
            let (mut bytes, at) = (usual.to_vec(), begin + rng.index(usual.len() - begin));
            bytes[at] = rng.next().to_le_bytes()[0];
            return Garbage { bytes, pays: usually_pays, is_perhaps_one: true };
        }
    };
    Garbage { bytes, pays, is_perhaps_one: false }
}
