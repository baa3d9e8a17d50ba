//! Scripts: one command a line in, one event a line out.
//!
//! ```text
//!   ann buys 5 perp at 120000 post reduce ioc fok day shows 2 label x id y mmp until 3
//!   ann buys 5 perp at market | limitless      ann amends 1 to 3 at 119999
//!   ann cancels 1 | all | perp | options | label x      ann closes perp
//!   ann quotes 2 perp 119990 x 4 120010 x 4             ann protects 2 window 1000 for 500 base 10
//!   halt perp|call|btc|all CancelOnly [for 5000]    resume perp    tick 3
//!   stop ann    release ann    rate 2 in 1000    start term    ann fences 9
//!   ann stop | take | trail sells 5 perp at market when index | mark | last 119000 reduce
//!   ann amends t1 when mark 118000 to 3         ann cancels t1 | stops | takes | trails | triggers
//!   index 59000    mark perp 121000    wait 500    ann takes 5 (withdraws)   end day    drop 7
//! ```
//!
//! Orders are numbered as they were accepted. Accounts ann, bob, cat, dan are 1 to 4.

use std::fmt::Write;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use types::{
    AccountId, AmendOrder, AmendTrigger, Amount, At, CancelReason, CancelScope, ClientOrderId,
    CloseReason, Command, Event, Halt, IndexPrice, Indication, InstrumentId, KindFilter, Label,
    LedgerAccount, Lots, MarketState, MassQuote, MmpConfig, MmpGroup, Notice, NoticeBody,
    OrderFamily, OrderId, OrderKind, OrderRate, PlaceOrder, PlaceTrigger, PostOnly, Quote, Scope,
    SelfTradeMode, SessionId, Side, Ticks, TimeInForce, TriggerEnd, TriggerId, TriggerKind,
    TriggerLevel, TriggerPlaced, Version,
};

use super::world::{CALL, PERP, World, asset};

const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];

/// Runs a script in a world of four accounts and gives back what happened.
pub fn tell(world: World, funds: i64, script: &str) -> String {
    let mut teller =
        Teller { world, triggers: Vec::new(), orders: Vec::new(), told: String::new() };
    for _ in NAMES {
        teller.world.fund(funds);
    }
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let _ = writeln!(teller.told, "> {line}");
        teller.run(&words);
    }
    teller.told
}

struct Teller {
    world: World,
    triggers: Vec<TriggerId>,
    orders: Vec<OrderId>,
    told: String,
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().ok().unwrap_or_else(|| panic!("{word} is not a number"))
}

fn instrument(word: &str) -> InstrumentId {
    match word {
        "perp" => PERP,
        "call" => CALL,
        other => panic!("no instrument {other}"),
    }
}

fn account(name: &str) -> AccountId {
    let place = NAMES.iter().position(|known| *known == name);
    AccountId(u32::try_from(place.unwrap_or_else(|| panic!("who is {name}?"))).unwrap_or(0) + 1)
}

impl Teller {
    fn run(&mut self, words: &[&str]) {
        let command = match words {
            ["mark", what, mark] => {
                Command::ReportMarks(vec![(instrument(what), Ticks(number(mark)))])
            }
            ["index", price] => {
                let price = IndexPrice(number::<u64>(price) * IndexPrice::SCALE);
                Command::ReportIndex { base: asset("BTC"), quote: asset("USD"), price }
            }
            ["wait", ms] => {
                self.world.at.0 += number::<u64>(ms);
                return;
            }
            ["tick", seconds] => return self.tick(number(seconds)),
            ["halt", scope, state, rest @ ..] => Command::Halt {
                scope: scope_of(scope),
                state: state_of(state),
                until: rest.last().map(|ms| At(self.world.at.0 + number::<u64>(ms))),
            },
            ["resume", scope] => Command::Resume { scope: scope_of(scope) },
            ["start", "term"] => Command::StartTerm,
            ["stop", who] => Command::SetKillSwitch { account: account(who), on: true },
            ["release", who] => Command::SetKillSwitch { account: account(who), on: false },
            ["rate", orders, "in", ms] => Command::SetOrderRate(Some(OrderRate {
                orders_max: number(orders),
                window_ms: number(ms),
            })),
            ["end", "day"] => Command::EndDay,
            ["drop", first, "to", last] => Command::DropSessions {
                first: SessionId(number(first)),
                last: SessionId(number(last)),
            },
            ["upgrade", to] => Command::Upgrade { to: Version(number(to)) },
            ["drop", session] => Command::DropSession { session: Some(SessionId(number(session))) },
            [who, verb, rest @ ..] => self.command(account(who), verb, rest),
            _ => panic!("what is {words:?}?"),
        };
        self.apply(command);
    }

    /// A second passes, and a tick says so, so many times.
    fn tick(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.world.at.0 += 1_000;
            self.apply(Command::Tick);
        }
    }

    fn apply(&mut self, command: Command) {
        let events = self.world.apply(command);
        for event in &events {
            if let Event::OrderPlaced(placed) = event {
                self.orders.push(placed.order);
            }
            if let Event::TriggerPlaced(placed) = event
                && !placed.amended
            {
                self.triggers.push(placed.trigger);
            }
            let line = self.line(event);
            let _ = writeln!(self.told, "{line}");
        }
    }

    fn command(&self, account: AccountId, verb: &str, rest: &[&str]) -> Command {
        match (verb, rest) {
            ("buys", rest) => self.place(account, Side::Bid, rest),
            ("sells", rest) => self.place(account, Side::Ask, rest),
            ("amends", [order, rest @ ..]) => self.amend(account, order, rest),
            ("cancels", ["all"]) => Command::CancelOrders { account, scope: CancelScope::All },
            ("cancels", ["options"]) => {
                let scope = CancelScope::Kind(KindFilter::Option);
                Command::CancelOrders { account, scope }
            }
            ("stop", [verb, rest @ ..]) => self.trigger(account, TriggerKind::Stop, verb, rest),
            ("take", [verb, rest @ ..]) => self.trigger(account, TriggerKind::Take, verb, rest),
            ("trail", [verb, rest @ ..]) => {
                self.trigger(account, TriggerKind::Trailing, verb, rest)
            }
            ("cancels", [family @ ("orders" | "stops" | "takes" | "trails" | "triggers")]) => {
                let family = match *family {
                    "orders" => OrderFamily::Resting,
                    "stops" => OrderFamily::Stops,
                    "takes" => OrderFamily::Takes,
                    "trails" => OrderFamily::TrailingStops,
                    _ => OrderFamily::Triggers,
                };
                let scope = CancelScope::Only { family, within: CancelScope::All.into() };
                Command::CancelOrders { account, scope }
            }
            ("cancels", ["label", label]) => {
                let scope = CancelScope::Label(Label::new(label).expect("short"));
                Command::CancelOrders { account, scope }
            }
            ("cancels", ["perp"]) => {
                Command::CancelOrders { account, scope: CancelScope::Instrument(PERP) }
            }
            ("cancels", [order]) => Command::CancelOrder { account, order: self.order(order) },
            ("closes", [what]) => {
                Command::ClosePosition { account, instrument: instrument(what), price: None }
            }
            ("quotes", [group, what, bid, "x", bids, ask, "x", asks]) => {
                let instrument = instrument(what);
                let quote = |side, price: &str, size: &str| Quote {
                    instrument,
                    side,
                    price: Ticks(number(price)),
                    size: Lots(number(size)),
                };
                Command::MassQuote(
                    MassQuote {
                        account,
                        group: MmpGroup(number(group)),
                        quotes: vec![quote(Side::Bid, bid, bids), quote(Side::Ask, ask, asks)],
                        label: Label::default(),
                        valid_until: None,
                        session: None,
                    }
                    .into(),
                )
            }
            ("protects", [group, "window", window, "for", frozen, "base", milli]) => {
                let config = MmpConfig {
                    base: asset("BTC"),
                    quote: asset("USD"),
                    group: MmpGroup(number(group)),
                    interval_ms: number(window),
                    frozen_ms: number(frozen),
                    quantity_limit_milli: Some(number(milli)),
                    delta_limit_milli: None,
                };
                Command::SetMmp { account, config }
            }
            ("resets", [group]) => Command::ResetMmp {
                account,
                base: asset("BTC"),
                quote: asset("USD"),
                group: MmpGroup(number(group)),
            },
            ("prefers", [mode]) => Command::SetSelfTrade {
                account,
                mode: match *mode {
                    "cancel-maker" => SelfTradeMode::CancelMaker,
                    _ => SelfTradeMode::RejectTaker,
                },
                with_subaccounts: false,
            },
            ("fences", [up_to]) => Command::FenceOrders { account, up_to: number(up_to) },
            ("takes", [amount]) => Command::Withdraw { account, amount: Amount(number(amount)) },
            ("pays", [to, amount]) => Command::Transfer {
                from: account,
                to: self::account(to),
                amount: Amount(number(amount)),
            },
            other => panic!("what is {other:?}?"),
        }
    }

    fn trigger(&self, account: AccountId, kind: TriggerKind, verb: &str, w: &[&str]) -> Command {
        let (words, level) = cut_level(w);
        let side = if verb == "buys" { Side::Bid } else { Side::Ask };
        let Command::PlaceOrder(order) = self.place(account, side, &words) else {
            panic!("it places an order");
        };
        let level = level.expect("say: when SOURCE PRICE");
        Command::PlaceTrigger(PlaceTrigger { kind, level, order: *order }.into())
    }

    fn place(&self, account: AccountId, side: Side, words: &[&str]) -> Command {
        let [size, what, "at", price, flags @ ..] = words else {
            panic!("say: buys SIZE WHAT at PRICE");
        };
        let kind = match *price {
            "market" => OrderKind::Market,
            "limitless" => OrderKind::MarketLimit,
            price => OrderKind::Limit { price: Ticks(number(price)) },
        };
        let mut order = PlaceOrder::new(account, instrument(what), side, kind, Lots(number(size)));
        let mut flags = flags.iter();
        while let Some(flag) = flags.next() {
            let mut value = || *flags.next().expect("a value follows");
            match *flag {
                "post" => order.post_only = PostOnly::Reject,
                "slide" => order.post_only = PostOnly::Slide,
                "reduce" => order.reduce_only = true,
                "ioc" => order.time_in_force = TimeInForce::ImmediateOrCancel,
                "fok" => order.time_in_force = TimeInForce::FillOrKill,
                "day" => order.time_in_force = TimeInForce::GoodTilDay,
                "mmp" => order.mmp = true,
                "shows" => order.display = Some(Lots(number(value()))),
                "label" => order.label = Label::new(value()).expect("short"),
                "id" => order.client_order_id = ClientOrderId::new(value()).ok(),
                "via" => order.session = Some(SessionId(number(value()))),
                "until" => {
                    order.valid_until = Some(At(self.world.at.0 - number::<u64>(value())));
                }
                other => panic!("no flag {other}"),
            }
        }
        Command::PlaceOrder(order.into())
    }

    fn amend(&self, account: AccountId, order: &str, words: &[&str]) -> Command {
        let (words, level) = cut_level(words);
        let mut amendment = AmendOrder {
            account,
            order: self.order(order),
            size: None,
            price: None,
            display: None,
            post_only: None,
            reduce_only: None,
            valid_until: None,
        };
        for pair in words.chunks(2) {
            match pair {
                ["to", size] => amendment.size = Some(Lots(number(size))),
                ["at", price] => amendment.price = Some(Ticks(number(price))),
                ["shows", display] => amendment.display = Some(Lots(number(display))),
                ["post", _] => amendment.post_only = Some(PostOnly::Reject),
                ["reduce", _] => amendment.reduce_only = Some(true),
                ["open", _] => amendment.reduce_only = Some(false),
                other => panic!("no change {other:?}"),
            }
        }
        match amendment.order.trigger() {
            None => Command::AmendOrder(amendment),
            Some(_) => Command::AmendTrigger(AmendTrigger { order: amendment, level }.into()),
        }
    }

    fn order(&self, word: &str) -> OrderId {
        if let Some(trigger) = word.strip_prefix('t') {
            let place: usize = number(trigger);
            let trigger = self.triggers.get(place - 1).copied();
            return OrderId::of_trigger(trigger.unwrap_or(TriggerId(9_999)));
        }
        let place: usize = number(word);
        self.orders.get(place - 1).copied().unwrap_or(OrderId(u64::MAX))
    }

    fn nth(&self, order: OrderId) -> usize {
        self.orders.iter().position(|known| *known == order).map_or(0, |place| place + 1)
    }

    fn line(&self, event: &Event) -> String {
        let name = |account: &AccountId| {
            let place = usize::try_from(account.0).unwrap_or(0);
            NAMES.get(place.wrapping_sub(1)).copied().unwrap_or("someone")
        };
        let ledger = |account: &LedgerAccount| match account {
            LedgerAccount::Collateral(account) => String::from(name(account)),
            LedgerAccount::Outside => String::from("outside"),
            LedgerAccount::Fees => String::from("fees"),
            LedgerAccount::Clearing(_) => String::from("clearing"),
            LedgerAccount::Funding(_) => String::from("funding"),
            LedgerAccount::Stake(_) => String::from("stake"),
            LedgerAccount::Insurance => String::from("insurance"),
        };
        match event {
            Event::OrderPlaced(placed) => {
                format!("{}: placed, {} at {}", self.nth(placed.order), placed.size, placed.price)
            }
            Event::Traded(traded) => format!(
                "{} at {}: {} takes from {} (fees {}, {}; realised {}, {})",
                traded.size,
                traded.price,
                self.nth(traded.taker.order),
                self.nth(traded.maker.order),
                traded.taker.fee,
                traded.maker.fee,
                traded.taker.realised,
                traded.maker.realised,
            ),
            Event::Transferred { from, to, amount, reason } => {
                format!("  {amount} {} to {}: {reason:?}", ledger(from), ledger(to))
            }
            Event::OrderRested { order, price, open, displayed } => {
                format!("{}: rests {open} at {price}, shows {displayed}", self.nth(*order))
            }
            Event::OrderReplenished { order, displayed } => {
                format!("{}: shows {displayed} more, at the back", self.nth(*order))
            }
            Event::OrderAmended { order, price, size, kept_place, asked, .. } => format!(
                "{}: amended to {size} at {price}, {} place{}",
                self.nth(*order),
                if *kept_place { "keeps its" } else { "loses its" },
                if *asked { "" } else { " (cut)" },
            ),
            Event::OrderClosed { order, reason } => {
                let reason = match reason {
                    CloseReason::Filled => String::from("filled"),
                    CloseReason::Cancelled(CancelReason::Asked) => String::from("cancelled"),
                    CloseReason::Cancelled(reason) => format!("cancelled: {reason:?}"),
                };
                format!("{}: {reason}", self.nth(*order))
            }
            Event::PositionChanged { account, size, cost, .. } => {
                format!("  {} holds {size}, cost {cost}", name(account))
            }
            Event::OrderRepeated { order } => format!("{}: is the answer again", self.nth(*order)),
            Event::MmpTriggered { account, group, .. } => {
                format!("{}: group {group} freezes", name(account))
            }
            Event::Upgraded { to } => format!("goes by version {to}"),
            Event::OrdersFenced { account, up_to } => {
                format!("{}: fenced up to {up_to}", name(account))
            }
            Event::Refused(reject) => format!("refused {}: {}", reject.code(), self.named(reject)),
            Event::MarkChanged { mark, .. } => format!("mark {mark}"),
            Event::Halted(halt) => {
                let Halt { scope, cause, state, value, limit, .. } = **halt;
                let until = halt.until.map(|until| self.in_seconds(until));
                format!(
                    "{scope:?} is {state:?} by {cause:?} until {until:?}, {value} against {limit}"
                )
            }
            Event::NoticePublished { notice, .. } => told_notice(notice),
            Event::Resumed { scope, cause, .. } => format!("{scope:?}: {cause:?} is over"),
            Event::StateChanged { instrument, from, to, .. } => {
                format!("{instrument}: {from:?} to {to:?}")
            }
            Event::AuctionStarted { instrument, reference, ends_at } => {
                let seconds = self.in_seconds(*ends_at);
                format!("{instrument}: auction of {seconds} s, the mark is {reference}")
            }
            Event::AuctionIndicated { instrument, indication, ends_at } => {
                let (seconds, would) = (self.in_seconds(*ends_at), indicated(indication.as_ref()));
                format!("{instrument}: would give {would}, in {seconds} s")
            }
            Event::AuctionExtended { instrument, reason, ends_at } => {
                format!("{instrument}: goes on for {} s ({reason:?})", self.in_seconds(*ends_at))
            }
            Event::AuctionEnded { instrument, indication, .. } => {
                format!("{instrument}: auction ends with {}", indicated(indication.as_ref()))
            }
            Event::TriggerPlaced(placed) => {
                let TriggerPlaced { trigger, terms, best, amended } = &**placed;
                let waits = match best {
                    Some(best) => {
                        let (distance, way) = (terms.level, terms.kind.way(terms.order.side));
                        let level = distance.behind(*best, way);
                        format!("{}, {} behind {best}", told(level), distance.number())
                    }
                    None => told(terms.level),
                };
                let again = if *amended { " now" } else { "" };
                format!("t{trigger}: waits{again} for {waits}, with {}", terms.order.size)
            }
            Event::TriggersMoved(moved) => {
                format!("trails of {:?}s follow to {}", moved.side, told(moved.best))
            }
            Event::Triggered { trigger, .. } => format!("t{trigger}: fires"),
            Event::TriggerClosed { trigger, end } => match end {
                TriggerEnd::Cancelled(reason) => format!("t{trigger}: cancelled: {reason:?}"),
                TriggerEnd::Refused(reject) => {
                    format!("t{trigger}: fires, refused {}: {}", reject.code(), self.named(reject))
                }
            },
            Event::IndexChanged { price, .. } => format!("index {}", price.0 / IndexPrice::SCALE),
            other => format!("{other:?}"),
        }
    }

    fn in_seconds(&self, at: At) -> u64 {
        at.ms_since(self.world.at) / 1_000
    }

    /// A refusal with orders by their number in the script.
    fn named(&self, reject: &types::Reject) -> String {
        let mut text = format!("{reject}");
        for (place, order) in self.orders.iter().enumerate() {
            text = text.replace(&format!("order {order}"), &format!("order {}", place + 1));
        }
        text
    }
}

fn scope_of(word: &str) -> Scope {
    match word {
        "all" => Scope::Domain,
        "btc" => Scope::Index { base: asset("BTC"), quote: asset("USD") },
        what => Scope::Instrument(instrument(what)),
    }
}

fn state_of(word: &str) -> MarketState {
    crate::states::STATES
        .into_iter()
        .find(|state| format!("{state:?}") == word)
        .unwrap_or_else(|| panic!("no state {word}"))
}

fn indicated(indication: Option<&Indication>) -> String {
    indication.map_or_else(
        || String::from("no trade"),
        |Indication { price, volume, surplus }| format!("{volume} at {price}, {surplus} over"),
    )
}

fn told_notice(notice: &Notice) -> String {
    let number = notice.number;
    match &notice.body {
        NoticeBody::Incident(incident) => {
            let types::Incident { incident, stage, cause, state, orders, .. } = incident;
            format!(
                "notice {number}: incident {incident} ({cause:?}) is {stage:?}, {state:?}, orders {orders:?}"
            )
        }
        other => format!("notice {number}: {other:?}"),
    }
}

/// Words without `when SOURCE PRICE`, and the level that it says; an index in whole dollars.
fn cut_level<'a>(words: &[&'a str]) -> (Vec<&'a str>, Option<TriggerLevel>) {
    let Some(at) = words.iter().position(|word| *word == "when") else {
        return (words.to_vec(), None);
    };
    let (before, after) = words.split_at(at);
    let ["when", source, price, rest @ ..] = after else {
        panic!("say: when SOURCE PRICE");
    };
    let level = match *source {
        "index" => TriggerLevel::Index(IndexPrice(number::<u64>(price) * IndexPrice::SCALE)),
        "mark" => TriggerLevel::Mark(Ticks(number(price))),
        _ => TriggerLevel::Last(Ticks(number(price))),
    };
    ([before, rest].concat(), Some(level))
}

fn told(level: TriggerLevel) -> String {
    format!("{level}").replace("00000000", "")
}
