//! Decimals, dates, names, grids, values.

use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use crate::{
    Amount, AssetCode, At, Contract, Decimal, DecimalError, Fees, Grid, IndexPrice, Instrument,
    Kind, Lots, MarginRates, OptionRight, OrderId, Rounding, SettlementPeriod, Style, TickStep,
    Ticks,
};

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

#[test]
fn a_decimal_is_printed_as_the_shortest_text_that_means_the_same() {
    for (text, printed) in [
        ("0", "0"),
        ("-0", "0"),
        ("12", "12"),
        ("12.50", "12.5"),
        ("0.001", "0.001"),
        ("-0.5", "-0.5"),
        ("1e-4", "0.0001"),
        ("1.2966e-4", "0.00012966"),
        ("1.5E+3", "1500"),
        ("97000.50000000000", "97000.5"),
        ("0e40", "0"),
        ("00012", "12"),
    ] {
        assert_eq!(decimal(text).to_string(), printed, "{text}");
    }
}

#[test]
fn what_is_not_a_decimal_or_does_not_fit_is_refused() {
    for text in ["", ".", "1.", ".5", "-", "+1", "1e", "1e+", "NaN", "Infinity", "0x1", "1 ", "1,5"]
    {
        assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text}");
    }
    for text in ["1e400", "1e-400", "99999999999999999999", "0.0000000000000000001", "1e30"] {
        assert_eq!(Decimal::parse(text), Err(DecimalError::TooLong), "{text}");
    }
}

#[test]
fn a_grid_says_which_multiples_are_near() {
    for (text, step, grid) in [
        ("97000.5", "0.5", Grid::On(194_001)),
        ("97000.7", "0.5", Grid::Between(194_001)),
        ("0.0004", "0.0005", Grid::Between(0)),
        ("-1", "0.5", Grid::Outside),
        ("20", "10", Grid::On(2)),
        ("25", "10", Grid::Between(2)),
    ] {
        assert_eq!(decimal(text).on_grid(decimal(step)), grid, "{text} by {step}");
    }
}

fn instrument(style: Style, kind: Kind) -> Instrument {
    let quote = if style == Style::Inverse { "USD" } else { "USDC" };
    Instrument {
        kind,
        style,
        base: AssetCode::new("BTC").expect("a code"),
        quote: AssetCode::new(quote).expect("a code"),
        tick: decimal("0.5"),
        tick_steps: Vec::new(),
        lot: decimal("10"),
        contract_size: decimal("10"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}

/// api.md §5.
#[test]
fn a_contract_is_named_by_its_terms() {
    let expiry = At(1_798_185_600_000);
    let august = At(1_785_916_800_000);
    let option = |strike: &str, right| Kind::Option { expiry, strike: decimal(strike), right };
    for (style, kind, name) in [
        (Style::Inverse, Kind::Perpetual, "BTC-PERPETUAL"),
        (Style::Linear, Kind::Perpetual, "BTC_USDC-PERPETUAL"),
        (Style::Inverse, Kind::Future { expiry }, "BTC-25DEC26"),
        (Style::Inverse, Kind::Future { expiry: august }, "BTC-5AUG26"),
        (Style::Inverse, option("100000", OptionRight::Call), "BTC-25DEC26-100000-C"),
        (Style::Linear, option("0.625", OptionRight::Put), "BTC_USDC-25DEC26-0d625-P"),
    ] {
        assert_eq!(instrument(style, kind).name(), name);
    }
}

#[test]
fn dates_and_eight_o_clock() {
    for (at, date) in [
        (0, (1970, 1, 1)),
        (951_782_400_000, (2000, 2, 29)),
        (1_798_185_600_000, (2026, 12, 25)),
        (4_107_542_400_000, (2100, 3, 1)),
    ] {
        assert_eq!(At(at).date(), date);
    }
    let eight = At(1_798_185_600_000);
    assert_eq!(At(eight.0 - 1).next_eight_utc(), eight);
    assert_eq!(eight.next_eight_utc(), At(eight.0 + At::DAY));
}

#[test]
fn the_step_in_force_is_the_last_one_below_the_price() {
    let mut option = instrument(Style::Inverse, Kind::Perpetual);
    option.tick_steps = std::vec![TickStep { above: Ticks(50), multiple: 5 }];
    for (price, step) in [(1, 1), (50, 1), (51, 5), (1_000, 5)] {
        assert_eq!(option.tick_at(Ticks(price)), step, "{price}");
    }
}

/// venue.md §2.7: 100 000 USD at 60 000 are 1.66666666 BTC; 1 BTC at 60 000 is 60 000 USDC.
#[test]
fn price_and_size_are_worth_what_the_contract_says() {
    let inverse = Contract::of(&instrument(Style::Inverse, Kind::Perpetual), 8).expect("whole");
    let value = |rounding| inverse.value(Ticks(120_000), 10_000, rounding);
    assert_eq!(value(Rounding::Down), Amount(166_666_666));
    assert_eq!(value(Rounding::Up), Amount(166_666_667));

    let mut spec = instrument(Style::Linear, Kind::Perpetual);
    (spec.lot, spec.contract_size) = (decimal("0.001"), decimal("0.001"));
    let linear = Contract::of(&spec, 6).expect("whole");
    assert_eq!(linear.value(Ticks(120_000), 1_000, Rounding::Down), Amount(60_000_000_000));
    let index = IndexPrice(60_000 * IndexPrice::SCALE);
    assert_eq!(linear.underlying(index, 1_000), Amount(60_000_000_000));
}

fn index(units: u64) -> IndexPrice {
    IndexPrice(units * IndexPrice::SCALE)
}

/// An inverse perpetual with lots of 10 USD, and a linear one with lots of 0.001 BTC.
fn inverse_and_linear() -> (Contract, Contract) {
    let inverse = Contract::of(&instrument(Style::Inverse, Kind::Perpetual), 8).expect("whole");
    let mut spec = instrument(Style::Linear, Kind::Perpetual);
    (spec.lot, spec.contract_size) = (decimal("0.001"), decimal("0.001"));
    (inverse, Contract::of(&spec, 6).expect("whole"))
}

/// An option on BTC with lots of 0.1 BTC.
fn option(style: Style) -> Contract {
    let kind = Kind::Option { expiry: At(1), strike: Decimal::whole(1), right: OptionRight::Call };
    let mut spec = instrument(style, kind);
    (spec.tick, spec.lot, spec.contract_size) = (decimal("0.0001"), decimal("0.1"), decimal("1"));
    Contract::of(&spec, if style == Style::Inverse { 8 } else { 6 }).expect("whole")
}

/// DLV-8, DLV-9; venue.md §2.7: 100 000 USD from 60 000 to 66 000 make 0.15152 BTC, to 54 000 they
/// lose 0.18519 BTC; 1 BTC at 60 000 is 60 000 USDC, whatever the tick.
#[test]
fn a_future_is_worth_the_index_to_its_last_digit() {
    let (inverse, linear) = inverse_and_linear();
    for (units, down, up) in [
        (54_000, 185_185_185, 185_185_186),
        (60_000, 166_666_666, 166_666_667),
        (66_000, 151_515_151, 151_515_152),
    ] {
        assert_eq!(inverse.value_at(index(units), 10_000, Rounding::Down), Amount(down));
        assert_eq!(inverse.value_at(index(units), 10_000, Rounding::Up), Amount(up));
    }
    let value = |price, rounding| linear.value_at(IndexPrice(price), 1_000, rounding);
    assert_eq!(value(6_000_000_000_000, Rounding::Up), Amount(60_000_000_000));
    assert_eq!(value(6_000_000_000_001, Rounding::Down), Amount(60_000_000_000));
    assert_eq!(value(6_000_000_000_001, Rounding::Up), Amount(60_000_000_001));
}

/// FND-4: 10 USD at 60 000 are 16 666.67 satoshi, 0.001 BTC at 60 000 are 60 USDC.
#[test]
fn a_lot_is_worth_parts_of_an_atom() {
    let (inverse, linear) = inverse_and_linear();
    let trillion = 1_000_000_000_000;
    assert_eq!(inverse.lot_value(index(60_000), 1), 16_666);
    assert_eq!(inverse.lot_value(index(60_000), trillion), 16_666_666_666_666_666);
    assert_eq!(linear.lot_value(index(60_000), trillion), 60_000_000 * trillion);
    assert_eq!(linear.lot_value(IndexPrice(1), trillion), 10_000_000);
}

/// DLV-8, DLV-9; venue.md §2.6.
#[test]
fn an_option_pays_what_it_is_in_the_money() {
    let (inverse, linear) = (option(Style::Inverse), option(Style::Linear));
    let (call, put) = (OptionRight::Call, OptionRight::Put);
    for (contract, strike, right, price, down, up) in [
        (linear, "60000", call, 66_000, 6_000_000_000, 6_000_000_000),
        (linear, "60000", put, 54_000, 6_000_000_000, 6_000_000_000),
        (linear, "60000", call, 54_000, 0, 0),
        (linear, "60000", put, 66_000, 0, 0),
        (linear, "60000", call, 60_000, 0, 0),
        (linear, "60000.0000005", put, 60_000, 0, 1),
        (linear, "59999.9999999999", call, 60_000, 0, 1),
        (inverse, "60000", call, 66_000, 9_090_909, 9_090_910),
        (inverse, "60000", put, 54_000, 11_111_111, 11_111_112),
        (inverse, "60000", call, 60_000, 0, 0),
        (inverse, "60000", call, 54_000, 0, 0),
        (inverse, "60000", put, 66_000, 0, 0),
        (inverse, "0.5", call, 1, 50_000_000, 50_000_000),
    ] {
        let pays = |rounding| contract.payoff(decimal(strike), right, index(price), 10, rounding);
        let paid = (pays(Rounding::Down), pays(Rounding::Up));
        assert_eq!(paid, (Amount(down), Amount(up)), "{strike} {right:?} {price}");
    }
}

/// DLV-8, DLV-9: nothing a price or a strike can be makes it panic; what does not fit is the most.
#[test]
fn values_at_the_ends_of_the_range_are_bounded() {
    let (inverse, linear) = inverse_and_linear();
    let trillion = 1_000_000_000_000;
    for price in [IndexPrice(1), IndexPrice::MAX, IndexPrice(u64::MAX)] {
        for contract in [inverse, linear, option(Style::Inverse), option(Style::Linear)] {
            for lots in [0, 1, u64::MAX] {
                let value = contract.value_at(price, lots, Rounding::Up);
                assert!((Amount::ZERO..=Amount::MAX).contains(&value));
                assert!(0 <= contract.lot_value(price, trillion));
                for strike in ["0.000000000000000001", "999999999999999999", "60000"] {
                    for right in [OptionRight::Call, OptionRight::Put] {
                        let strike = decimal(strike);
                        let pays = contract.payoff(strike, right, price, lots, Rounding::Up);
                        assert!((Amount::ZERO..=Amount::MAX).contains(&pays));
                    }
                }
            }
        }
    }
    assert_eq!(inverse.value_at(IndexPrice(1), 1_000_000, Rounding::Down), Amount::MAX);
    assert_eq!(linear.value_at(IndexPrice::MAX, 1_000_000, Rounding::Down), Amount::MAX);
    let put = |price| {
        let strike = Decimal::whole(100_000);
        option(Style::Inverse).payoff(strike, OptionRight::Put, price, 1_000, Rounding::Down)
    };
    assert_eq!(put(IndexPrice(1)), Amount::MAX);
}

#[test]
fn a_tick_has_a_price_where_it_is_whole() {
    for (tick, price) in [
        ("0.5", Some(50_000_000)),
        ("0.00000001", Some(1)),
        ("100", Some(10_000_000_000)),
        ("0.000000001", None),
        ("0", None),
        ("-1", None),
        ("99999999999999999", None),
    ] {
        let mut spec = instrument(Style::Linear, Kind::Perpetual);
        spec.tick = decimal(tick);
        assert_eq!(spec.tick_price(), price, "{tick}");
    }
}

proptest! {
    /// DLV-8, DLV-9: at whole ticks it is the value of a trade.
    #[test]
    fn at_whole_ticks_the_index_is_worth_what_the_mark_is(
        ticks in 1..=Ticks::MAX.0,
        lots in 0..=1_000_000_u64,
    ) {
        let (inverse, linear) = inverse_and_linear();
        let price = IndexPrice(u64::from(ticks) * 50_000_000);
        for contract in [inverse, linear] {
            for rounding in [Rounding::Down, Rounding::Up] {
                let by_ticks = contract.value(Ticks(ticks), lots, rounding);
                prop_assert_eq!(contract.value_at(price, lots, rounding), by_ticks);
            }
        }
    }

    /// The price of a worth is where a future is worth that: no step too far, and none too few.
    #[test]
    fn the_price_of_a_worth_is_where_it_is_worth_that(
        worth in 1..=Amount::MAX.0,
        over in 1..=2_000_000_000_i128,
        lots in 1..=1_000_000_u64,
    ) {
        let (inverse, linear) = inverse_and_linear();
        // What `lots` are worth at a price, as a quotient, as docs of `Contract` say it.
        let scale = i128::from(IndexPrice::SCALE);
        let exact = |is_inverse, price: i128| match is_inverse {
            true => (i128::from(lots) * 1_000_000_000 * scale, price),
            false => (i128::from(lots) * 1_000 * price, scale),
        };
        // Below the worth asked for?
        let is_below = |is_inverse, price| {
            let (top, bottom) = exact(is_inverse, price);
            top * over < i128::from(worth) * bottom
        };
        for (contract, is_inverse) in [(inverse, true), (linear, false)] {
            let priced = |rounding| contract.price_of((worth.into(), over), lots, rounding);
            let (down, up) = (priced(Rounding::Down), priced(Rounding::Up));
            for (price, step, is_short) in [(down, 1, !is_inverse), (up, -1, is_inverse)] {
                let Some(price) = price.map(|price| i128::from(price.0)) else { continue };
                let [here, next] = [price, price + step].map(|price| is_below(is_inverse, price));
                let (top, bottom) = exact(is_inverse, price);
                let is_exact = top * over == i128::from(worth) * bottom;
                prop_assert!(is_exact || here == is_short, "{price} is on the wrong side");
                prop_assert!(is_exact || next != is_short, "{price} is a step too few");
            }
        }
    }

    /// DLV-8, DLV-9: a call less a put is the underlying less the strike, within what is rounded.
    #[test]
    fn calls_and_puts_are_on_a_par(
        strike in 1..=200_000_i64,
        price in 1..=20_000_000_000_000_u64,
        lots in 0..=1_000_000_u64,
    ) {
        let price = IndexPrice(price);
        let pays = |contract: Contract, right| {
            let strike = Decimal::whole(strike);
            i128::from(contract.payoff(strike, right, price, lots, Rounding::Down).0)
        };
        let strike = i128::from(strike) * i128::from(IndexPrice::SCALE);
        let (spot, lots) = (i128::from(price.0), i128::from(lots));
        let linear = option(Style::Linear);
        // 0.1 BTC at 10^-8 of a USDC, in atoms of 10^-6: a thousandth.
        let forward = (spot - strike) * lots / 1_000;
        let par = pays(linear, OptionRight::Call) - pays(linear, OptionRight::Put);
        prop_assert!((par - forward).abs() <= 1, "{par} {forward}");

        let inverse = option(Style::Inverse);
        let forward = (spot - strike) * lots * 10_000_000 / spot;
        let par = pays(inverse, OptionRight::Call) - pays(inverse, OptionRight::Put);
        let is_bounded = i128::from(Amount::MAX.0) <= -forward;
        prop_assert!(is_bounded || (par - forward).abs() <= 1, "{par} {forward}");
    }
}

#[test]
fn terms_whose_values_are_not_whole_atoms_make_no_contract() {
    let mut spec = instrument(Style::Linear, Kind::Perpetual);
    (spec.tick, spec.lot) = (decimal("0.0001"), decimal("0.001"));
    assert_eq!(Contract::of(&spec, 6), None);
    let mut large = instrument(Style::Inverse, Kind::Perpetual);
    large.size_max = Lots::MAX;
    assert_eq!(Contract::of(&large, 8), None);
}

#[test]
fn an_order_id_holds_its_slot_and_its_count() {
    let id = OrderId::new(OrderId::COUNT_MAX, OrderId::SLOTS_MAX - 1);
    assert_eq!((id.count(), id.slot()), (OrderId::COUNT_MAX, OrderId::SLOTS_MAX - 1));
    assert!(OrderId::new(7, 3) < OrderId::new(8, 0));
}

#[test]
fn rounding_goes_the_way_it_says_on_both_sides_of_zero() {
    for (amount, down, up) in [(7, 3, 4), (-7, -4, -3), (8, 4, 4), (-8, -4, -4)] {
        assert_eq!(Amount(amount).times(1, 2, Rounding::Down), Amount(down));
        assert_eq!(Amount(amount).times(1, 2, Rounding::Up), Amount(up));
    }
    let wide = Amount(i64::MAX).times(i64::MAX, i64::MAX, Rounding::Up);
    assert_eq!(wide, Amount(i64::MAX));
}
