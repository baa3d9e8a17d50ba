//! Bankruptcy and liquidation prices.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use proptest::prelude::*;
use types::{
    Amount, Contract, FillableTerms, IndexPrice, MarginSnapshot, Rounding, SignedLots, Style,
};

use super::{future, units};
use crate::bankruptcy::{Backed, bankruptcy_price, margin_share, price_at_rate};
use crate::liquidation::fillable_loss;

const USDC: i64 = 1_000_000;
const BTC: i64 = 100_000_000;

/// The signed value of a position, of which one part may be rounded off.
fn worth(contract: &Contract, size: i64, price: IndexPrice, rounding: Rounding) -> Amount {
    let value = contract.value_at(price, size.unsigned_abs(), rounding);
    if (0 < size) == contract.is_quotient() { value.negated() } else { value }
}

fn opened(style: Style, size: i64, at: IndexPrice, margin: i64) -> (Contract, Backed) {
    let contract = future(style);
    let cost = worth(&contract, size, at, Rounding::Down);
    (contract, Backed { size: SignedLots(size), cost, margin: Amount(margin) })
}

/// In hundredths of the quote, to the nearest.
fn cents(price: Option<IndexPrice>) -> Option<u64> {
    price.map(|price| (price.0 + 500_000) / 1_000_000)
}

/// LIQ-12; venue.md §2.7: 100 000 USD from 60 000 on 0.1 BTC, and 1 BTC from 60 000 on 3 000 USDC.
/// §2.11.4: 57 721.52 with 1.25 %. §2.12: with a closing fee of 0.05 %, by hand.
#[test]
fn prices_are_those_that_the_spec_works_out() {
    let (inverse, linear) = (Style::Inverse, Style::Linear);
    for (style, size, margin, rate_ppm, price) in [
        (inverse, 10_000, BTC / 10, 0, 5_660_377),
        (inverse, -10_000, BTC / 10, 0, 6_382_979),
        (inverse, 10_000, BTC / 10, 10_000, 5_716_981),
        (inverse, -10_000, BTC / 10, 10_000, 6_319_149),
        (linear, 1_000, 3_000 * USDC, 0, 5_700_000),
        (linear, -1_000, 3_000 * USDC, 0, 6_300_000),
        (linear, 1_000, 3_000 * USDC, 10_000, 5_757_576),
        (linear, -1_000, 3_000 * USDC, 10_000, 6_237_624),
        (linear, 1_000, 3_000 * USDC, 12_500, 5_772_152),
        (linear, 1_000, 3_000 * USDC, 500, 5_702_851),
        (linear, -1_000, 3_000 * USDC, 500, 6_296_852),
        (inverse, 10_000, BTC / 10, 500, 5_663_208),
        (inverse, -10_000, BTC / 10, 500, 6_379_787),
    ] {
        let (contract, position) = opened(style, size, units(60_000), margin);
        let found = bankruptcy_price(&contract, &position, rate_ppm);
        assert_eq!(cents(found), Some(price), "{style:?} {size} {rate_ppm}");
    }
}

/// LIQ-12; venue.md §2.7: 100 000 USD from 60 000 win 0.15152 BTC at 66 000, and lose 0.18519 BTC
/// at 54 000: with exactly that behind them they are bankrupt there.
#[test]
fn what_is_lost_at_a_price_bankrupts_there() {
    for (size, margin, at) in [(10_000, 18_518_518, 54_000), (-10_000, 15_151_515, 66_000)] {
        let (contract, position) = opened(Style::Inverse, size, units(60_000), margin);
        let found = bankruptcy_price(&contract, &position, 0).expect("there is one");
        let apart = found.0.abs_diff(units(at).0);
        assert!(apart < 100_000, "{apart} of 10^-8 for an atom in 10^8");
    }
}

/// LIQ-12; consequence.md §5.2: how far an isolated long of some leverage is from its liquidation,
/// in millionths, with a maintenance rate of 0.5 %.
#[test]
fn leverage_says_how_far_the_liquidation_is() {
    let mut lines = String::new();
    for leverage in [5, 10, 20, 22, 30, 54, 100] {
        let margin = 60_000 * USDC / leverage;
        let (contract, position) = opened(Style::Linear, 1_000, units(60_000), margin);
        let price = price_at_rate(&contract, &position, 5_000_000).expect("there is one").0;
        let fall_ppm = (units(60_000).0 - price) / (60_000 * 100);
        lines += &format!("{leverage}x: {fall_ppm}\n");
    }
    expect![[r#"
        5x: 195979
        10x: 95477
        20x: 45226
        22x: 40657
        30x: 28475
        54x: 13586
        100x: 5025
    "#]]
    .assert_eq(&lines);
}

/// LIQ-12, LIQ-17; venue.md §2.11.3: 500 bought at 1 on a deposit of 100, maintenance 3 %. Filled
/// at 0.77, the insurance fund pays 15. The fillable price is the one with other money behind it.
#[test]
fn a_cross_position_has_the_equity_that_its_margin_weighs() {
    let contract = future(Style::Linear);
    let price = |millionths: u64| IndexPrice(millionths * 100);
    let size = SignedLots(500_000);
    for (oracle, equity, maintenance, fillable) in
        [(801_000, 500_000, 12_015_000, 766_455), (820_000, 10_000_000, 12_300_000, 813_100)]
    {
        let cost = worth(&contract, size.0, price(oracle), Rounding::Up);
        let backed = |margin| Backed { size, cost, margin };
        let needed = Amount(maintenance);
        let margin = margin_share(Amount(equity), needed, needed);
        let bankruptcy = bankruptcy_price(&contract, &backed(margin), 0);
        assert_eq!(bankruptcy, Some(price(800_000)));
        let terms = FillableTerms { adjustment_ppm: 1_000_000, spread_ppm: 1_500_000 };
        let (collateral, initial) = (Amount::ZERO, Amount::ZERO);
        let equity = Amount(equity);
        let margin = MarginSnapshot { collateral, equity, initial, maintenance: needed };
        let loss = fillable_loss(&terms, &margin, needed);
        assert_eq!(bankruptcy_price(&contract, &backed(loss), 0), Some(price(fillable)));
    }
    let at = |millionths| worth(&contract, size.0, price(millionths), Rounding::Up);
    assert_eq!(at(800_000).minus(at(770_000)), Amount(15 * USDC));
}

/// LIQ-12: two positions of one account, at their bankruptcy prices, leave nothing of it.
#[test]
fn at_the_bankruptcy_prices_of_all_positions_an_account_has_nothing() {
    let contract = future(Style::Linear);
    let mark = units(60_000);
    let equity = Amount(1_234_567_890);
    let positions = [(4_000, Amount(2_400 * USDC)), (-1_500, Amount(900 * USDC))];
    let needed = positions[0].1.plus(positions[1].1);
    let mut left = i128::from(equity.0);
    for (size, maintenance) in positions {
        let cost = worth(&contract, size, mark, Rounding::Down);
        let margin = margin_share(equity, maintenance, needed);
        let backed = Backed { size: SignedLots(size), cost, margin };
        let price = bankruptcy_price(&contract, &backed, 0).expect("there is one");
        let there = worth(&contract, size, price, Rounding::Down);
        left += i128::from(there.0 - cost.0);
    }
    assert!((0..=3).contains(&left), "{left} atoms are left");
    assert_eq!(margin_share(Amount(7), Amount::ZERO, Amount::ZERO), Amount(7));
    assert_eq!(margin_share(Amount(-7), Amount(1), Amount(2)), Amount(-4), "down");
}

/// LIQ-12: there is not always such a price.
#[test]
fn some_positions_have_no_such_price() {
    let (linear, inverse) = (Style::Linear, Style::Inverse);
    let cases = [
        (linear, 1_000, 60_000 * USDC, 0, "a long that is paid in full"),
        (inverse, -10_000, 2 * BTC, 0, "an inverse short that is hedged by its coin"),
        (linear, -1_000, -60_000 * USDC, 0, "a short that owes all it was sold for"),
        (linear, 0, 1, 0, "no position"),
        (linear, 0, -1, 0, "no position, and something is owed"),
        (inverse, 0, -1, 0, "no position, and a coin is owed"),
        (linear, 1_000, 1, 1_000_000_000, "a rate of all"),
        (linear, -1_000, 1, 1_000_000_000, "a rate of all, of a short"),
        (linear, 1_000, 1, 2_000_000_000, "a rate of more than all"),
        (linear, -1, i64::MAX, 0, "beyond the highest price"),
    ];
    for (style, size, margin, rate_ppb, why) in cases {
        let (contract, position) = opened(style, size, units(60_000), margin);
        assert_eq!(price_at_rate(&contract, &position, rate_ppb), None, "{why}");
    }
}

proptest! {
    /// LIQ-12: at the price the rate is covered, and one step further it is not, but for the atoms
    /// that values are rounded by.
    #[test]
    fn at_the_price_equity_is_the_share_of_the_value(
        is_inverse in any::<bool>(),
        size in -1_000_000..=1_000_000_i64,
        entry in 1_000_000_000_u64..=20_000_000_000_000,
        margin_ppm in -200_000..=1_500_000_i64,
        rate_ppb in 0..=999_999_999_u64,
    ) {
        let style = if is_inverse { Style::Inverse } else { Style::Linear };
        let (contract, mut position) = opened(style, size, IndexPrice(entry), 0);
        let share = margin_ppm * position.cost.0.signum();
        position.margin = position.cost.times(share, 1_000_000, Rounding::Down);
        let Some(price) = price_at_rate(&contract, &position, rate_ppb) else {
            return Ok(());
        };
        // The most that a value is said to be; what the position is worth there, nobody can say.
        prop_assume!(worth(&contract, size, price, Rounding::Up).0.abs() < Amount::MAX.0);
        let beyond = |price: IndexPrice| {
            let further = if 0 < size { price.0.checked_sub(1) } else { price.0.checked_add(1) };
            further.filter(|further| 0 < *further).map(IndexPrice)
        };
        // In billionths of an atom, with the value that favours the one asked about or the other.
        let spare = |price, is_kind: bool| {
            let values = [Rounding::Down, Rounding::Up]
                .map(|rounding| i128::from(worth(&contract, size, price, rounding).0));
            let spares: Vec<i128> = values.iter().map(|worth| {
                let equity = i128::from(position.margin.0) + worth - i128::from(position.cost.0);
                equity * 1_000_000_000 - worth.abs() * i128::from(rate_ppb)
            }).collect();
            if is_kind { spares[0].max(spares[1]) } else { spares[0].min(spares[1]) }
        };
        prop_assert!(0 <= spare(price, true), "{} at {price}", spare(price, true));
        if let Some(further) = beyond(price) {
            prop_assert!(spare(further, false) <= 0, "{} at {further}", spare(further, false));
        }
    }

    /// LIQ-12: nothing panics.
    #[test]
    fn whatever_stands_behind_a_position(
        is_inverse in any::<bool>(),
        size in any::<i64>(),
        cost in -Amount::MAX.0..=Amount::MAX.0,
        margin in -Amount::MAX.0..=Amount::MAX.0,
        rate_ppb in any::<u64>(),
    ) {
        let contract = future(if is_inverse { Style::Inverse } else { Style::Linear });
        let backed =
            Backed { size: SignedLots(size), cost: Amount(cost), margin: Amount(margin) };
        if let Some(price) = price_at_rate(&contract, &backed, rate_ppb) {
            prop_assert!((1..=IndexPrice::MAX.0).contains(&price.0));
        }
    }
}
