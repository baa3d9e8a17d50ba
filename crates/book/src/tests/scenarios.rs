//! Rules of the books as stories. A name is an order and its owner; `ann/2` is ann's second order.

use expect_test::{Expect, expect};
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

use types::{InstrumentId, Lots, OrderId, Side, Ticks};

use crate::{Books, Match, Rest, Taker};

const BOOK: InstrumentId = InstrumentId(0);

/// Runs a script on one book; compares what it says, and the book at its end.
fn check(script: &str, due: Expect) {
    let mut stage = Stage::default();
    stage.books.open_book();
    for line in script.lines().map(str::trim) {
        let words = line.split_whitespace().collect::<Vec<_>>();
        stage.play(&words);
        stage.books.check();
    }
    stage.show_book();
    due.assert_eq(&stage.said);
}

#[derive(Default)]
struct Stage {
    books: Books,
    names: BTreeMap<String, OrderId>,
    owners: Vec<String>,
    said: String,
}

impl Stage {
    fn play(&mut self, words: &[&str]) {
        let number = |index: usize| words[index].parse::<u32>().expect("a number stands here");
        match words {
            [name, "buys", _, "at", _] => self.place(name, Side::Bid, number(2), number(4), None),
            [name, "sells", _, "at", _] => self.place(name, Side::Ask, number(2), number(4), None),
            [name, "sells", _, "at", _, "showing", _] => {
                self.place(name, Side::Ask, number(2), number(4), Some(Lots(number(6))));
            }
            [name, "moves", "to", _] => self.amend(name, number(3)),
            [name, "reduces", "to", _] => {
                let after = self.books.reduce(self.names[*name], Lots(number(3)));
                let after = after.expect("the order rests");
                self.say(&format!("{name}: {} open, {} shown", after.open, after.displayed));
            }
            [name, "cancels"] => match self.books.remove(self.names[*name]) {
                Some(gone) => self.say(&format!("{name}: {} cancelled", gone.open)),
                None => self.say(&format!("{name}: does not rest")),
            },
            [name, "could", "buy", _, "at", _] => {
                let taker = self.taker(name, Side::Bid, number(3), number(5));
                let own = self.books.first_own(&taker).map(|order| self.name(order));
                self.say(&format!("{name}: own order met: {own:?}"));
            }
            _ => panic!("{words:?} is not in the grammar of the scripts"),
        }
    }

    fn owner(&mut self, name: &str) -> u32 {
        let owner = name.split('/').next().expect("a name has a first part");
        let known = self.owners.iter().position(|other| other == owner);
        let index = known.unwrap_or_else(|| {
            self.owners.push(owner.into());
            self.owners.len() - 1
        });
        index as u32
    }

    fn taker(&mut self, name: &str, side: Side, size: u32, price: u32) -> Taker {
        let owner = self.owner(name);
        Taker { book: BOOK, side, limit: Ticks(price), size: Lots(size), owner }
    }

    fn place(&mut self, name: &str, side: Side, size: u32, price: u32, display: Option<Lots>) {
        let order = self.books.admit().expect("there are slots");
        self.names.insert(name.into(), order);
        let taker = self.taker(name, side, size, price);
        self.trade(name, taker, display);
    }

    fn amend(&mut self, name: &str, price: u32) {
        let before = self.books.unlink(self.names[name]).expect("the order rests");
        let taker = self.taker(name, before.side, before.open.0, price);
        self.trade(name, taker, before.display);
    }

    fn trade(&mut self, name: &str, mut taker: Taker, display: Option<Lots>) {
        while let Some(met) = self.books.match_next(&mut taker) {
            match met {
                Match::Own { maker } => {
                    self.say(&format!("{name} meets its own {}", self.name(maker)));
                    self.books.remove(maker);
                }
                Match::Fill { maker, price, size, maker_open, replenished } => {
                    let maker = self.name(maker);
                    self.say(&format!(
                        "{size} at {price}, {name} with {maker} ({maker_open} open)"
                    ));
                    if let Some(slice) = replenished {
                        self.say(&format!("{maker} shows {slice} anew"));
                    }
                }
            }
        }
        let order = self.names[name];
        if taker.size == Lots::ZERO {
            return self.books.release(order);
        }
        let Taker { book, side, limit: price, size: open, owner } = taker;
        self.books.rest(order, &Rest { book, side, price, open, display, owner });
    }

    fn name(&self, order: OrderId) -> String {
        let known = self.names.iter().find(|(_, other)| **other == order);
        known.expect("the order has a name").0.clone()
    }

    fn say(&mut self, what: &str) {
        self.said.push_str(what);
        self.said.push('\n');
    }

    fn show_book(&mut self) {
        for (side, title) in [(Side::Ask, "ask"), (Side::Bid, "bid")] {
            for (price, total) in self.books.levels(BOOK, side).collect::<Vec<_>>() {
                let queue = self.books.queue(BOOK, side, price);
                let queue = queue.map(|order| self.name(order)).collect::<Vec<_>>().join(", ");
                self.say(&format!("{title} {price}: {total} of {queue}"));
            }
        }
    }
}

#[test]
fn a_taker_trades_by_price_then_time_at_the_makers_price() {
    check(
        "cat sells 5 at 102
         ann sells 3 at 101
         bob sells 2 at 101
         dan buys 6 at 103
         eve buys 1 at 100",
        expect![[r#"
            3 at 101, dan with ann (0 open)
            2 at 101, dan with bob (0 open)
            1 at 102, dan with cat (4 open)
            ask 102: 4 of cat
            bid 100: 1 of eve
        "#]],
    );
}

#[test]
fn what_does_not_trade_rests_at_the_limit() {
    check(
        "ann sells 3 at 101
         dan buys 5 at 101
         eve sells 1 at 102
         fox sells 1 at 101",
        expect![[r#"
            3 at 101, dan with ann (0 open)
            1 at 101, fox with dan (1 open)
            ask 102: 1 of eve
            bid 101: 1 of dan
        "#]],
    );
}

#[test]
fn a_smaller_order_keeps_its_priority() {
    check(
        "ann sells 3 at 101
         bob sells 2 at 101
         ann reduces to 1
         dan buys 2 at 101",
        expect![[r#"
            ann: 1 open, 1 shown
            1 at 101, dan with ann (0 open)
            1 at 101, dan with bob (1 open)
            ask 101: 1 of bob
        "#]],
    );
}

#[test]
fn a_moved_order_goes_to_the_back_and_keeps_its_id() {
    check(
        "ann sells 3 at 101
         bob sells 2 at 101
         ann moves to 102
         ann moves to 101
         dan buys 3 at 101
         ann cancels",
        expect![[r#"
            2 at 101, dan with bob (0 open)
            1 at 101, dan with ann (2 open)
            ann: 2 cancelled
        "#]],
    );
}

#[test]
fn a_moved_order_trades_when_it_crosses() {
    check(
        "ann sells 3 at 102
         dan buys 2 at 101
         ann moves to 101",
        expect![[r#"
            2 at 101, ann with dan (0 open)
            ask 101: 1 of ann
        "#]],
    );
}

#[test]
fn an_iceberg_shows_each_new_slice_at_the_back() {
    check(
        "ann sells 7 at 101 showing 3
         bob sells 2 at 101
         dan buys 4 at 101
         eve buys 5 at 101",
        expect![[r#"
            3 at 101, dan with ann (4 open)
            ann shows 3 anew
            1 at 101, dan with bob (1 open)
            1 at 101, eve with bob (0 open)
            3 at 101, eve with ann (1 open)
            ann shows 1 anew
            1 at 101, eve with ann (0 open)
        "#]],
    );
}

#[test]
fn an_iceberg_shrinks_below_the_water_first() {
    check(
        "ann sells 9 at 101 showing 3
         bob sells 2 at 101
         ann reduces to 4
         ann reduces to 2
         dan buys 3 at 101",
        expect![[r#"
            ann: 4 open, 3 shown
            ann: 2 open, 2 shown
            2 at 101, dan with ann (0 open)
            1 at 101, dan with bob (1 open)
            ask 101: 1 of bob
        "#]],
    );
}

#[test]
fn an_own_order_in_front_is_reported_and_left_to_the_caller() {
    check(
        "ann sells 3 at 101
         bob sells 2 at 101
         ann/2 buys 4 at 101
         bob cancels",
        expect![[r#"
            ann/2 meets its own ann
            2 at 101, ann/2 with bob (0 open)
            bob: does not rest
            bid 101: 2 of ann/2
        "#]],
    );
}

#[test]
fn an_own_order_is_met_only_if_the_taker_gets_to_it() {
    check(
        "bob sells 6 at 101 showing 2
         ann sells 3 at 101
         cat sells 4 at 102
         ann could buy 2 at 102
         ann could buy 3 at 101
         ann could buy 20 at 102
         dan could buy 20 at 102
         dan could buy 8 at 102",
        expect![[r#"
            ann: own order met: None
            ann: own order met: Some("ann")
            ann: own order met: Some("ann")
            dan: own order met: None
            dan: own order met: None
            ask 101: 5 of bob, ann
            ask 102: 4 of cat
        "#]],
    );
}

#[test]
fn what_is_hidden_trades_before_a_worse_own_order() {
    check(
        "bob sells 6 at 101 showing 2
         ann sells 3 at 102
         ann could buy 6 at 102
         ann could buy 7 at 102",
        expect![[r#"
            ann: own order met: None
            ann: own order met: Some("ann")
            ask 101: 2 of bob
            ask 102: 3 of ann
        "#]],
    );
}

#[test]
fn the_next_best_price_is_found_across_pages_and_directories() {
    check(
        "ann sells 1 at 16777215
         bob sells 1 at 262144
         cat sells 1 at 4096
         dan sells 1 at 64
         eve buys 1 at 63
         fox buys 1 at 1
         gil buys 4 at 16777215
         hal sells 3 at 1",
        expect![[r#"
            1 at 64, gil with dan (0 open)
            1 at 4096, gil with cat (0 open)
            1 at 262144, gil with bob (0 open)
            1 at 16777215, gil with ann (0 open)
            1 at 63, hal with eve (0 open)
            1 at 1, hal with fox (0 open)
            ask 1: 1 of hal
        "#]],
    );
}

#[test]
fn the_id_of_a_filled_order_is_stale_though_its_slot_is_used_again() {
    let mut books = Books::new();
    books.open_book();
    let first = books.admit().expect("there are slots");
    books.release(first);
    let second = books.admit().expect("there are slots");
    assert_eq!(first.slot(), second.slot(), "a freed slot is the next one taken");
    let (price, open) = (Ticks(5), Lots(1));
    let rest = Rest { book: BOOK, side: Side::Bid, price, open, display: None, owner: 0 };
    books.rest(second, &rest);
    assert_eq!(books.get(first), None);
    assert_eq!(books.remove(first), None);
    assert_eq!(books.unlink(first), None);
    assert_eq!(books.reduce(first, Lots(1)), None);
    assert!(books.get(second).is_some());
    books.check();
}
