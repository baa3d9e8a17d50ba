//! LIQ-10, MAR-6: accounts are valued only when they are due, and nobody who becomes short, or is
//! not short any more, is missed. [`World::apply`] compares with a full sweep after every entry.

use std::vec::Vec;

use proptest::prelude::*;
use types::{
    AccountId, Amount, CancelScope, Command, InstrumentId, MarginModel, MarginTerms,
    OpenInterestBand, OrderKind, PlaceOrder, Side, Svi, Ticks,
};

use super::priced::{ANN, CALL, FUTURE, PERPETUAL, PUT, Priced, REPORTERS, smile};

const RICH: AccountId = REPORTERS[4];

/// Traders with little money and some of everything.
fn traders(priced: &mut Priced, funds: &[u32]) -> Vec<AccountId> {
    let terms = MarginTerms {
        initial_ppm: 20_000,
        maintenance_ppm: 10_000,
        slope_ppb: 2_000,
        floor_ppm: 0,
    };
    priced.world.must(Command::SetMargin { instrument: PERPETUAL, terms });
    let band = OpenInterestBand { lower: Amount(1_000), upper: Amount(1 << 30) };
    priced.world.must(Command::SetOpenInterestBand { instrument: FUTURE, band: Some(band) });
    priced.scenarios();
    let unit = i64::from(if priced.quote == "USD" { 1 } else { 1_000 });
    let mut accounts = Vec::new();
    for (nth, funds) in (0_u32..).zip(funds) {
        let account = priced.world.fund(i64::from(*funds) * unit);
        let (instrument, price) = match nth % 4 {
            0 => (PERPETUAL, 120_000),
            1 => (FUTURE, 120_000),
            2 => (CALL, 20),
            _ => (PUT, 20),
        };
        let sides = if nth % 8 < 4 && nth % 4 < 2 { (account, RICH) } else { (RICH, account) };
        for lots in [400, 90, 15, 4, 1] {
            let size = if nth % 4 < 2 { lots * 10 } else { lots };
            if priced.world.engine.margin_of(account).initial.0 < i64::from(*funds) * unit / 2 {
                try_trade(priced, sides, instrument, (size, price));
            }
        }
        if nth % 3 == 0 {
            priced.model(account, MarginModel::Portfolio);
        }
        accounts.push(account);
    }
    accounts
}

fn try_trade(
    priced: &mut Priced,
    (buyer, seller): (AccountId, AccountId),
    instrument: InstrumentId,
    (lots, price): (u32, u32),
) {
    for (account, side) in [(buyer, Side::Bid), (seller, Side::Ask)] {
        let kind = OrderKind::Limit { price: Ticks(price) };
        let order = Priced::order(account, instrument, side, lots);
        let order = PlaceOrder { kind, ..order };
        priced.world.apply(Command::PlaceOrder(order.into()));
    }
    for account in [buyer, seller] {
        let scope = CancelScope::All;
        priced.world.apply(Command::CancelOrders { account, scope });
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn nobody_is_missed_however_prices_walk(
        is_linear in any::<bool>(),
        funds in proptest::collection::vec(20_000..4_000_000_u32, 4..24),
        steps in proptest::collection::vec((-60..=60_i64, any::<u8>()), 1..120),
    ) {
        let mut priced = if is_linear { Priced::linear() } else { Priced::inverse() };
        traders(&mut priced, &funds);
        let mut price = 60_000_i64;
        for (step, choice) in steps {
            let wide = if choice < 16 { 30 } else { 1 };
            price = (price + step * wide).clamp(45_000, 80_000);
            priced.seconds(1, &[u64::try_from(price).expect("above zero"); 5]);
            if 200 <= choice {
                let a = smile().a + i64::from(choice) * 40;
                priced.surfaces(Svi { a, ..smile() });
            }
        }
    }
}

/// A hundred far from their limits: a hundred seconds value few of them.
#[test]
fn who_is_far_from_its_limit_is_left_alone() {
    let mut priced = Priced::inverse();
    let mut accounts = Vec::new();
    for _ in 0..100 {
        let account = priced.world.fund(10_000_000);
        priced.trade((account, RICH), PERPETUAL, (1_000, 120_000));
        accounts.push(account);
    }
    let (mut valued, mut short) = (0, 0);
    for second in 0..100_u64 {
        priced.seconds(1, &[60_000 - second * 5; 5]);
        let engine = &priced.world.engine;
        valued += accounts.iter().filter(|account| engine.is_fresh(**account)).count();
        short += engine.short.len();
    }
    assert_eq!(short, 0);
    assert!(valued < 100 * 100 / 20, "{valued} of 10 000 valuations");
    assert!(priced.world.engine.is_fresh(ANN), "who holds nothing is always fresh");
}
