//! Forwards by an interpolated basis (venue.md §2.4.1).

use std::format;
use std::string::String;

use expect_test::expect;
use types::{At, IndexPrice};

use crate::{BASIS_MAX, Future, OWN_EXPIRY_ONLY_MS, forward};

const DAY: u64 = 86_400_000;
const NOW: At = At(1_800_000_000_000);
const INDEX: IndexPrice = IndexPrice(60_000 * IndexPrice::SCALE);

fn after(days: f64) -> At {
    At(NOW.0 + (days * DAY as f64) as u64)
}

fn future(days: f64, mark: f64) -> Future {
    Future { expiry: after(days), mark: IndexPrice((mark * 1e8) as u64) }
}

fn at(futures: &[Future], days: f64) -> f64 {
    forward(INDEX, NOW, after(days), futures).0 as f64 / 1e8
}

/// `b` is 10 % at 73 days and 20 % at 146: at 109.5 days 15 %, before and after flat.
#[test]
fn linear_between_and_flat_beyond() {
    let one = 60_000.0 * (0.10_f64 * 0.2).exp();
    let two = 60_000.0 * (0.20_f64 * 0.4).exp();
    let futures = [future(146.0, two), future(73.0, one)];
    let table = [
        (0.0, 60_000.0),
        (36.5, 60_000.0 * (0.10_f64 * 0.1).exp()),
        (73.0, one),
        (109.5, 60_000.0 * (0.15_f64 * 0.3).exp()),
        (146.0, two),
        (365.0, 60_000.0 * (0.20_f64 * 1.0).exp()),
    ];
    for (days, expected) in table {
        let found = at(&futures, days);
        assert!((found - expected).abs() < 3e-8, "{days}: {found}, not {expected}");
    }
}

#[test]
fn edges() {
    let mut found = String::new();
    let mut show = |name: &str, futures: &[Future], days: f64| {
        found += &format!("{name}: {:.2}\n", at(futures, days));
    };
    show("no futures", &[], 30.0);
    show("over already", &[future(30.0, 61_000.0)], -1.0);
    show("its own future", &[future(30.0, 61_000.0)], 30.0);
    show("its own future, in its last hour", &[future(0.04, 61_000.0)], 0.04);
    show("a future in its last hour, another expiry", &[future(0.04, 61_000.0)], 30.0);
    show("a future without a mark", &[future(30.0, 0.0)], 30.0);
    show("a basis over the bound", &[future(2.0, 61_000.0)], 30.0);
    show("a basis under the bound", &[future(2.0, 59_000.0)], 30.0);
    show("two of one expiry", &[future(30.0, 61_000.0), future(30.0, 62_000.0)], 30.0);
    show("two of one expiry, another", &[future(30.0, 61_000.0), future(30.0, 62_000.0)], 60.0);
    expect![[r#"
        no futures: 60000.00
        over already: 60000.00
        its own future: 61000.00
        its own future, in its last hour: 61000.00
        a future in its last hour, another expiry: 60000.00
        a future without a mark: 60000.00
        a basis over the bound: 70719.98
        a basis under the bound: 50904.99
        two of one expiry: 61000.00
        two of one expiry, another: 62016.67
    "#]]
    .assert_eq(&found);
}

#[test]
fn bounds() {
    let futures = [future(30.0, 61_000.0)];
    assert_eq!(forward(IndexPrice(0), NOW, after(60.0), &futures), IndexPrice(1));
    let most = Future { expiry: after(2.0), mark: IndexPrice::MAX };
    assert_eq!(forward(IndexPrice::MAX, NOW, after(9e4), &[most]), IndexPrice::MAX);
    assert_eq!(forward(IndexPrice(1), NOW, At(u64::MAX), &[most]), IndexPrice::MAX);
    let past = Future { expiry: At(0), mark: IndexPrice(5) };
    assert_eq!(forward(INDEX, NOW, after(2.0), &[past]), INDEX);
    assert_eq!((BASIS_MAX, OWN_EXPIRY_ONLY_MS), (2.0, DAY));
}
