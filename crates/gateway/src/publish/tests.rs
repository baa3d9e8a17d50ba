//! Channels against real engines.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::methods::tests::world::{ALICE, BOB, Listener, START_MS, World};
use crate::venue::DomainId;
use crate::{Outbox, OutboxLimits, Subscriber};

const PERPETUAL: &str = "BTC-PERPETUAL";

/// A book as a client keeps it: it believes what it is told and checks it (api.md §8.1).
#[derive(Default)]
struct Rebuilt {
    change_id: u64,
    sides: [BTreeMap<String, String>; 2],
}

impl Rebuilt {
    fn hear(&mut self, message: &Value) {
        let change_id = message["change_id"].as_u64().expect("a change id");
        if message["type"] == "snapshot" {
            assert!(message.get("prev_change_id").is_none(), "a snapshot follows nothing");
            self.sides = Default::default();
        } else {
            assert_eq!(message["prev_change_id"], self.change_id, "no gap");
            assert!(self.change_id < change_id, "it grows");
        }
        self.change_id = change_id;
        let mut steps = 0;
        for (side, key) in self.sides.iter_mut().zip(["bids", "asks"]) {
            for step in message[key].as_array().expect("a list") {
                steps += 1;
                let (price, amount) = (step[1].to_string(), step[2].to_string());
                match step[0].as_str().expect("an action") {
                    "new" => assert!(side.insert(price, amount).is_none(), "new on a known level"),
                    "change" => {
                        let before = side.insert(price, amount.clone()).expect("a known level");
                        assert_ne!(before, amount, "a change changes");
                    }
                    "delete" => {
                        assert!(side.remove(&price).is_some(), "delete of a known level");
                        assert_eq!(amount, "0");
                    }
                    other => panic!("{other} is no action"),
                }
            }
        }
        assert!(message["type"] == "snapshot" || 0 < steps, "no empty change");
    }
}

fn sides(book: &Value) -> [BTreeMap<String, String>; 2] {
    ["bids", "asks"].map(|key| {
        let levels = book[key].as_array().expect("a list").iter();
        levels.map(|level| (level[0].to_string(), level[1].to_string())).collect()
    })
}

fn book(world: &World) -> Value {
    let sent = json!({ "instrument_name": PERPETUAL, "depth": 10_000 });
    world.public("public/get_order_book", sent)
}

/// Levels of a side put together on a step, as the grouped channels do.
fn grouped(book: &Value, (side, step): (usize, f64), depth: usize) -> Vec<(f64, f64)> {
    let mut groups: Vec<(f64, f64)> = Vec::new();
    for level in book[["bids", "asks"][side]].as_array().expect("a list") {
        let number = |at: usize| level[at].as_f64().expect("a number");
        let steps = number(0) / step;
        let price = if side == 0 { steps.floor() } else { steps.ceil() } * step;
        match groups.last_mut().filter(|(last, _)| *last == price) {
            Some((_, sum)) => *sum += number(1),
            None => groups.push((price, number(1))),
        }
    }
    groups.truncate(depth);
    groups
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Order { is_buy: bool, by_alice: bool, offset: u32, contracts: u32, shows: bool },
    Amend { nth: usize, offset: u32, contracts: u32 },
    Cancel { nth: usize },
    Pass { ms: u64 },
    Join,
}

fn step() -> impl Strategy<Value = Step> {
    let order = (any::<bool>(), any::<bool>(), 0..12_u32, 1..9_u32, any::<bool>());
    prop_oneof![
        5 => order.prop_map(|(is_buy, by_alice, offset, contracts, shows)| {
            Step::Order { is_buy, by_alice, offset, contracts, shows }
        }),
        2 => (0..32_usize, 0..12_u32, 1..9_u32)
            .prop_map(|(nth, offset, contracts)| Step::Amend { nth, offset, contracts }),
        2 => (0..32_usize).prop_map(|nth| Step::Cancel { nth }),
        2 => (0..1_500_u64).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Join),
    ]
}

/// Someone who listens to the book at one pace.
struct Reader {
    pace: &'static str,
    listener: Listener,
    rebuilt: Rebuilt,
}

struct Desk {
    world: World,
    orders: Vec<(types::AccountId, String)>,
    readers: Vec<Reader>,
    grouped: Vec<(&'static str, f64, usize, Listener, Option<Value>)>,
    connections: u64,
}

impl Desk {
    fn new() -> Desk {
        let mut desk = Desk {
            world: World::new(),
            orders: Vec::new(),
            readers: Vec::new(),
            grouped: Vec::new(),
            connections: 0,
        };
        for (group, step, depth) in [("none", 0.5, 20), ("5", 5.0, 10), ("10", 10.0, 1)] {
            let name = format!("book.{PERPETUAL}.{group}.{depth}.100ms");
            let listener = desk.world.listen(1_000, None, &name);
            desk.grouped.push((group, step, depth, listener, None));
        }
        desk.join();
        desk
    }

    fn join(&mut self) {
        for pace in ["raw", "100ms", "agg2"] {
            self.connections += 1;
            let name = format!("book.{PERPETUAL}.{pace}");
            let listener = self.world.listen(self.connections, Some(ALICE), &name);
            self.readers.push(Reader { pace, listener, rebuilt: Rebuilt::default() });
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Order { is_buy, by_alice, offset, contracts, shows } => {
                let account = if by_alice { ALICE } else { BOB };
                let sent = json!({
                    "instrument_name": PERPETUAL,
                    "price": price(is_buy, offset),
                    "amount": contracts * 10,
                    "display_amount": if shows { json!(10) } else { Value::Null },
                });
                let name = if is_buy { "private/buy" } else { "private/sell" };
                if let Ok(placed) = self.world.try_call(Some(account), name, sent) {
                    let id = placed["order"]["order_id"].as_str().expect("an id").to_owned();
                    self.orders.push((account, id));
                }
            }
            Step::Amend { nth, offset, contracts } => {
                let Some((account, id)) = self.orders.get(nth) else { return };
                let sent = json!({
                    "order_id": id, "amount": contracts * 10, "price": price(true, offset),
                });
                let _may_be_refused = self.world.try_call(Some(*account), "private/edit", sent);
            }
            Step::Cancel { nth } => {
                let Some((account, id)) = self.orders.get(nth) else { return };
                let sent = json!({ "order_id": id });
                let _may_be_refused = self.world.try_call(Some(*account), "private/cancel", sent);
            }
            Step::Pass { ms } => {
                self.world.pass_ms(ms);
                self.world.tick();
            }
            Step::Join => self.join(),
        }
        self.check();
    }

    /// Whoever has heard of the book's last change has the book.
    fn check(&mut self) {
        let book = book(&self.world);
        for reader in &mut self.readers {
            reader.listener.heard().iter().for_each(|message| reader.rebuilt.hear(message));
            let is_current = book["change_id"] == reader.rebuilt.change_id;
            assert!(is_current || reader.pace != "raw", "raw tells at once");
            assert!(!is_current || reader.rebuilt.sides == sides(&book), "{}", reader.pace);
        }
        for (_, step, depth, listener, last) in &mut self.grouped {
            if let Some(heard) = listener.heard().pop() {
                *last = Some(heard);
            }
            let Some(last) = last.as_ref().filter(|last| last["change_id"] == book["change_id"])
            else {
                continue;
            };
            for side in 0..2 {
                let told: Vec<(f64, f64)> = grouped(last, (side, *step), usize::MAX);
                assert_eq!(told, grouped(&book, (side, *step), *depth));
            }
        }
    }
}

fn price(is_buy: bool, offset: u32) -> f64 {
    let offset = f64::from(offset) * 0.5;
    if is_buy { 100_002.0 - offset } else { 99_999.0 + offset }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_book_channel_rebuilds_the_book_at_the_same_change_id(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut desk = Desk::new();
        for step in steps {
            desk.run(step);
        }
        // In the end everybody has heard everything.
        desk.run(Step::Pass { ms: 2_500 });
        let full = sides(&book(&desk.world));
        for reader in &desk.readers {
            prop_assert_eq!(&reader.rebuilt.sides, &full);
        }
    }
}

#[test]
fn nobody_without_login_hears_a_raw_channel() {
    let world = World::new();
    let outbox = Outbox::new(OutboxLimits { messages_max: 8, bytes_max: 1 << 20 });
    let by = Subscriber { connection: 1, account: None, outbox, label: None };
    for name in ["book.BTC-PERPETUAL.raw", "ticker.BTC-PERPETUAL.raw", "trades.future.BTC.raw"] {
        let refused = world.market.subscribe(name, by.clone()).expect_err("it needs a login");
        assert_eq!(refused.code, 13778, "{name}");
    }
    let unknown = [
        "book.BTC-NOTHING.100ms",
        "book.BTC-PERPETUAL.7.10.100ms",
        "ticker.BTC-PERPETUAL.1s",
        "user.orders.any.any.raw",
        "user.portfolio.BTC",
        "deribit_volatility_index.btc_usd",
        "",
    ];
    for name in unknown {
        assert_eq!(world.market.subscribe(name, by.clone()), Ok(None), "{name}");
    }
}

/// The texts of a list of messages under some keys.
fn seen(messages: &[Value], keys: &[&str]) -> Vec<String> {
    let row = |message: &Value| {
        keys.iter().map(|key| message[*key].to_string()).collect::<Vec<_>>().join(" ")
    };
    messages.iter().map(row).collect()
}

#[test]
fn owners_hear_of_their_orders_and_trades_and_of_no_others() {
    let world = World::new();
    let orders = world.listen(1, Some(ALICE), "user.orders.any.any.raw");
    let trades = world.listen(1, Some(ALICE), "user.trades.any.any.raw");
    let aggregated = world.listen(1, Some(ALICE), "user.orders.BTC-PERPETUAL.100ms");
    world.limit(BOB, PERPETUAL, ("sell", "100010", "20"));
    world.limit(ALICE, PERPETUAL, ("buy", "100010", "10"));
    world.limit(ALICE, PERPETUAL, ("buy", "99000", "10"));
    world.limit(ALICE, "ETH-PERPETUAL", ("buy", "3990", "1"));
    let keys = ["instrument_name", "order_state"];
    let told =
        [r#""BTC-PERPETUAL" "filled""#, r#""BTC-PERPETUAL" "open""#, r#""ETH-PERPETUAL" "open""#];
    assert_eq!(seen(&orders.heard(), &keys), told);
    let heard = trades.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0][0]["amount"], 10);
    assert_eq!(aggregated.heard().len(), 0);
    world.tick();
    assert_eq!(seen(aggregated.heard()[0].as_array().expect("a list"), &keys), told[..2]);
}

#[test]
fn changes_come_with_positions_and_portfolios_follow() {
    let world = World::new();
    let changes = world.listen(1, Some(ALICE), "user.changes.any.any.raw");
    let portfolio = world.listen(1, Some(ALICE), "user.portfolio.btc");
    world.tick();
    let first = portfolio.heard();
    assert_eq!(first.len(), 1, "the first message is the present one");
    world.limit(BOB, PERPETUAL, ("sell", "100010", "20"));
    world.limit(ALICE, PERPETUAL, ("buy", "100010", "10"));
    world.tick();
    let heard = changes.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["instrument_name"], PERPETUAL);
    assert_eq!(heard[0]["positions"][0]["size"], 10);
    assert_eq!(heard[0]["trades"].as_array().map(Vec::len), Some(1));
    assert_eq!(heard[0]["orders"][0]["order_state"], "filled");
    let after = portfolio.heard();
    assert_eq!(after.len(), 1);
    assert_ne!(after[0]["balance"], first[0]["balance"], "the fee was paid");
    world.tick();
    assert!(portfolio.heard().is_empty() && changes.heard().is_empty(), "nothing changed");
}

#[test]
fn quotes_are_told_when_the_best_changes_and_only_then() {
    let world = World::new();
    let quotes = world.listen(1, None, "quote.BTC-PERPETUAL");
    world.limit(ALICE, PERPETUAL, ("buy", "99000", "10"));
    world.limit(ALICE, PERPETUAL, ("buy", "98000", "10"));
    world.limit(ALICE, PERPETUAL, ("buy", "99000", "20"));
    let keys = ["best_bid_price", "best_bid_amount", "best_ask_price", "best_ask_amount"];
    let told = ["null 0 null 0", "99000 10 null 0", "99000 30 null 0"];
    assert_eq!(seen(&quotes.heard(), &keys), told);
}

#[test]
fn an_incremental_ticker_tells_what_differs() {
    let world = World::new();
    let ticker = world.listen(1, None, "incremental_ticker.BTC-PERPETUAL");
    world.limit(ALICE, PERPETUAL, ("buy", "99000", "10"));
    world.pass_ms(100);
    world.tick();
    let heard = ticker.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!((&heard[0]["type"], &heard[1]["type"]), (&json!("snapshot"), &json!("change")));
    let keys: Vec<&String> = heard[1].as_object().expect("an object").keys().collect();
    let wanted = ["best_bid_amount", "best_bid_price", "instrument_name", "timestamp", "type"];
    assert_eq!(keys, wanted);
}

#[test]
fn a_chart_tells_each_trade_and_rolls() {
    let world = World::new();
    let chart = world.listen(1, None, "chart.trades.BTC-PERPETUAL.1");
    world.limit(BOB, PERPETUAL, ("sell", "100010", "20"));
    world.limit(ALICE, PERPETUAL, ("buy", "100010", "10"));
    let minute = START_MS - START_MS % 60_000;
    let keys = ["tick", "open", "close", "cost"];
    assert_eq!(seen(&chart.heard(), &keys), [format!("{minute} 100010 100010 10")]);
    world.pass_ms(60_000);
    world.tick();
    world.tick();
    assert_eq!(seen(&chart.heard(), &keys), [format!("{} 100010 100010 0", minute + 60_000)]);
}

#[test]
fn public_trades_come_by_instrument_and_by_kind() {
    let world = World::new();
    let channels =
        ["trades.BTC-PERPETUAL.100ms", "trades.future.any.100ms", "trades.option.BTC.100ms"];
    let listeners = channels.map(|channel| world.listen(1, None, channel));
    world.limit(BOB, PERPETUAL, ("sell", "100010", "10"));
    world.limit(ALICE, PERPETUAL, ("buy", "100010", "10"));
    world.limit(BOB, "BTC-25DEC26", ("sell", "101000", "10"));
    world.limit(ALICE, "BTC-25DEC26", ("buy", "101000", "10"));
    world.tick();
    let heard =
        listeners.map(|one| one.heard().first().and_then(|list| list.as_array()?.len().into()));
    assert_eq!(heard, [Some(1), Some(2), None]);
}

#[test]
fn indexes_perpetuals_and_new_instruments_are_told() {
    let world = World::new();
    let index = world.listen(1, None, "deribit_price_index.btc_usd");
    let perpetual = world.listen(1, None, "perpetual.BTC-PERPETUAL.100ms");
    let states = world.listen(1, None, "instrument.state.any.any");
    for quiet in ["platform_state", "announcements"] {
        assert_eq!(world.listen(1, None, quiet).heard().len(), 0);
    }
    let sent = json!({ "base": "BTC", "quote": "USD", "price": 100_500.5 });
    world.call(ALICE, "operator/report_index", sent);
    world.tick();
    assert_eq!(seen(&index.heard(), &["price"]), ["100000", "100500.5"]);
    assert_eq!(seen(&perpetual.heard(), &["index_price", "interest"]), ["100000 0", "100500.5 0"]);
    let kind = types::Kind::Future { expiry: types::At(1_798_185_600_000 + 7 * types::At::DAY) };
    let spec = types::Instrument { kind, ..crate::methods::tests::world::perpetual() };
    world.run(0, types::Command::ListInstrument(Box::new(spec)));
    let told = [r#""BTC-1JAN27" "created""#, r#""BTC-1JAN27" "started""#];
    assert_eq!(seen(&states.heard(), &["instrument_name", "state"]), told);
}

#[test]
fn whoever_leaves_hears_nothing_any_more() {
    let world = World::new();
    let name = "book.BTC-PERPETUAL.100ms";
    let stays = world.listen(1, None, name);
    let leaves = world.listen(2, None, name);
    assert!(world.market.unsubscribe(2, name));
    assert!(!world.market.unsubscribe(2, name), "it has left");
    world.limit(ALICE, PERPETUAL, ("buy", "99000", "10"));
    world.tick();
    assert_eq!((stays.heard().len(), leaves.heard().len()), (2, 1));
    world.market.unsubscribe_all(1);
    world.limit(ALICE, PERPETUAL, ("buy", "98000", "10"));
    world.tick();
    assert_eq!(stays.heard().len(), 0);
}

#[test]
fn an_outcome_that_will_not_come_is_unknown_and_not_refused() {
    let world = World::new();
    world.lose_outcomes();
    let sent = json!({
        "instrument_name": PERPETUAL, "price": 99000, "amount": 10, "label": "mine",
    });
    let refusal = world.refusal(ALICE, "private/buy", sent);
    assert!(refusal.starts_with("11031 other_error outcome_unknown"), "{refusal}");
    assert!(refusal.contains(r#""label":"mine""#), "{refusal}");
}

#[test]
fn a_market_from_its_snapshot_answers_as_before() {
    let world = World::new();
    world.limit(BOB, PERPETUAL, ("sell", "100010", "20"));
    world.limit(ALICE, PERPETUAL, ("buy", "100010", "10"));
    let before = book(&world);
    let bytes = world.market.snapshot(DomainId(0));
    let other = World::new();
    assert_eq!(other.market.restore(DomainId(0), &bytes), Ok(()));
    assert_eq!(book(&other), before);
    let sent = json!({ "currency": "BTC" });
    let trades =
        |world: &World| world.call(ALICE, "private/get_user_trades_by_currency", sent.clone());
    assert_eq!(trades(&other), trades(&world));
    let refused = other.market.restore(DomainId(1), &bytes).expect_err("it is another domain's");
    assert_eq!(refused.to_string(), "the stored view is of BTC, this domain settles in ETH");
}
