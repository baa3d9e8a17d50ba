//! Decimals, dates, names, grids, values.

use std::string::ToString;
use std::vec::Vec;

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
