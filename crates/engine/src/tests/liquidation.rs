//! What happens to an account below its maintenance margin, told step by step.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use proptest::prelude::*;
use types::codec::Codec;
use types::{
    AccountId, AdlPolicy, Amount, BackstopTerms, Command, Event, FillableTerms, InstrumentId,
    LedgerAccount, LiquidationAction, MarginModel, MarginTerms, OpenInterestBand, OrderKind,
    PlaceOrder, RiskTerms, Side, SignedLots, Ticks,
};

use super::priced::{ANN, BOB, CALL, CAT, FUTURE, PERPETUAL, PUT, Priced, REPORTERS, smile, told};
use crate::liquidation::USUAL_TERMS;

/// Ann is long 4 000 lots (40 000 USD, 0.666… BTC) on little money; bob is short the same.
pub(super) fn levered(funds: i64) -> Priced {
    let mut priced = Priced::inverse();
    keep(&mut priced, ANN, funds);
    priced.trade((ANN, BOB), PERPETUAL, (4_000, 120_000));
    priced
}

/// `account` keeps `funds` and withdraws the rest.
pub(super) fn keep(priced: &mut Priced, account: AccountId, funds: i64) {
    let amount = Amount(priced.collateral(account) - funds);
    priced.world.must(Command::Withdraw { account, amount });
}

/// `maker` bids `lots` at `ticks`.
pub(super) fn bid(priced: &mut Priced, maker: AccountId, lots: u32, ticks: u32) {
    let kind = OrderKind::Limit { price: Ticks(ticks) };
    let order = PlaceOrder { kind, ..Priced::order(maker, PERPETUAL, Side::Bid, lots) };
    priced.world.must(Command::PlaceOrder(order.into()));
}

/// Steps of liquidations, one a line.
pub(super) fn steps(events: &[Event]) -> String {
    let mut lines = Vec::new();
    for event in events {
        match event {
            Event::LiquidationStarted { account, margin, .. } => lines.push(format!(
                "{account} started: equity {}, maintenance {}",
                margin.equity, margin.maintenance
            )),
            Event::LiquidationEnded { account, end, margin, .. } => lines.push(format!(
                "{account} {end:?}: collateral {}, equity {}, maintenance {}",
                margin.collateral, margin.equity, margin.maintenance
            )),
            Event::LiquidationStepped(step) => lines.push(format!(
                "  {} -> equity {}, maintenance {}",
                action(&step.action),
                step.after.equity,
                step.after.maintenance
            )),
            _ => {}
        }
    }
    lines.join("\n")
}

fn action(action: &LiquidationAction) -> String {
    match action {
        LiquidationAction::OrdersCancelled { orders } => format!("{orders} orders cancelled"),
        LiquidationAction::Reduced { wanted, filled, limit, depth, fee, .. } => {
            format!("wanted {wanted}, {depth} shown to {limit}, filled {filled}, fee {fee}")
        }
        LiquidationAction::TakenOver { backstop, size, margin, .. } => {
            format!("{backstop} took {size} with {margin}")
        }
        LiquidationAction::Insured { amount } => format!("insurance paid {amount}"),
        LiquidationAction::Deleveraged { counterparty, size, haircut, rank, .. } => {
            format!("closed {size} against {counterparty}, number {rank}, haircut {haircut}")
        }
        LiquidationAction::Socialised { account, amount } => format!("{account} gave {amount}"),
    }
}

/// A price for some seconds.
pub(super) fn seconds(priced: &mut Priced, n: u64, price: u64) -> String {
    steps(&priced.seconds(n, &[price; 5]))
}

// LIQ-5, LIQ-6, LIQ-7, LIQ-8 in the steps that are told.
#[test]
fn liq_3_orders_go_first_and_the_position_is_reduced_only_as_far_as_it_must() {
    let mut priced = levered(2_200_000);
    bid(&mut priced, CAT, 3_000, 117_000);
    bid(&mut priced, ANN, 1, 110_000);
    let story = seconds(&mut priced, 8, 58_500);
    expect![[r#"
        6 started: equity 457264, maintenance 683761
          1 orders cancelled -> equity 457264, maintenance 683761
          wanted 4000, 3000 shown to 114660, filled 1000, fee 85471 -> equity 363244, maintenance 512821
          wanted 3000, 2000 shown to 114660, filled 750, fee 64103 -> equity 292730, maintenance 384616
          wanted 2250, 1250 shown to 114660, filled 562, fee 48035 -> equity 239891, maintenance 288548
          wanted 1688, 688 shown to 114660, filled 344, fee 29402 -> equity 207548, maintenance 229744
          wanted 1344, 344 shown to 114660, filled 172, fee 14701 -> equity 191375, maintenance 200342
          wanted 1172, 172 shown to 114660, filled 86, fee 7351 -> equity 183288, maintenance 185642"#]].assert_eq(&story);
}

#[test]
fn liq_4_whoever_is_liquidated_may_cancel_and_nothing_else() {
    let mut priced = levered(2_200_000);
    seconds(&mut priced, 3, 58_500);
    let kind = OrderKind::Limit { price: Ticks(117_000) };
    let order = PlaceOrder { kind, ..Priced::order(ANN, PERPETUAL, Side::Ask, 1) };
    let order = told(&priced.world.apply(Command::PlaceOrder(order.into())));
    let amount = Amount(1);
    let withdraw = told(&priced.world.apply(Command::Withdraw { account: ANN, amount }));
    let scope = types::CancelScope::All;
    let cancel = told(&priced.world.apply(Command::CancelOrders { account: ANN, scope }));
    expect![[r#"
        refused 603: account 6 is being liquidated: it may cancel, and wait until that is over
        refused 603: account 6 is being liquidated: it may cancel, and wait until that is over
    "#]]
    .assert_eq(&format!("{order}\n{withdraw}\n{cancel}"));
}

#[test]
fn ins_2_a_backstop_takes_a_position_over_with_the_margin_that_belongs_to_it() {
    let mut priced = levered(2_200_000);
    let terms = BackstopTerms { capacity: Amount(100_000_000), share_ppm: 100_000 };
    priced.world.must(Command::OfferBackstop { account: CAT, terms });
    let story = seconds(&mut priced, 8, 58_500);
    let fund = priced.balance(LedgerAccount::Insurance);
    expect![[r#"
        6 started: equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          8 took 4000 with 457264 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        fund 45727"#]]
    .assert_eq(&format!("{story}\nfund {fund}"));
}

#[test]
fn ins_3_the_insurance_fund_pays_first_and_profits_give_the_rest() {
    let mut priced = levered(2_200_000);
    priced.world.must(Command::FundInsurance { amount: Amount(1_000_000) });
    let before = priced.collateral(BOB);
    let story = seconds(&mut priced, 3, 56_500);
    let (bob, fund) = (priced.collateral(BOB) - before, priced.balance(LedgerAccount::Insurance));
    expect![[r#"
        6 started: equity -1963128, maintenance 707965
          insurance paid 1000000 -> equity -963128, maintenance 707965
          closed 4000 against 7, number 1, haircut 963128 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        bob 3166666, fund 0"#]]
    .assert_eq(&format!("{story}\nbob {bob}, fund {fund}"));
}

#[test]
fn adl_2_each_policy_shares_the_same_shortfall() {
    let policies =
        [AdlPolicy::Queue, AdlPolicy::ProRata, AdlPolicy::WaterFilling, AdlPolicy::LeastClosing];
    let mut stories = String::new();
    for adl in policies {
        let mut priced = Priced::inverse();
        keep(&mut priced, ANN, 2_200_000);
        priced.world.must(Command::SetRisk(RiskTerms { adl, ..USUAL_TERMS }));
        priced.trade((ANN, BOB), PERPETUAL, (1_000, 120_000));
        priced.trade((ANN, CAT), PERPETUAL, (3_000, 120_000));
        let story = seconds(&mut priced, 3, 56_500);
        stories += &format!("{adl:?}\n{story}\n");
    }
    expect![[r#"
        Queue
        6 started: equity -1963128, maintenance 707965
          closed 3000 against 8, number 1, haircut 1963128 -> equity 0, maintenance 176992
          closed 1000 against 7, number 2, haircut 0 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        ProRata
        6 started: equity -1963128, maintenance 707965
          closed 3000 against 8, number 1, haircut 1472346 -> equity -490782, maintenance 176992
          closed 1000 against 7, number 2, haircut 490782 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        WaterFilling
        6 started: equity -1963128, maintenance 707965
          closed 3000 against 8, number 1, haircut 981564 -> equity -981564, maintenance 176992
          closed 1000 against 7, number 2, haircut 981564 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        LeastClosing
        6 started: equity -1963128, maintenance 707965
          closed 1000 against 7, number 1, haircut 1032449 -> equity -930679, maintenance 530974
          closed 3000 against 8, number 2, haircut 930679 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
    "#]]
    .assert_eq(&stories);
}

#[test]
fn liq_2_nobody_is_liquidated_by_a_price_that_is_not_healthy() {
    let mut priced = levered(2_200_000);
    // Two reporters fall silent; the others tell of a crash.
    let degraded = steps(&priced.seconds(12, &[58_500, 58_500, 58_500, 0, 0]));
    let back = seconds(&mut priced, 3, 58_500);
    expect![[r#"

        --
        6 started: equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761"#]]
    .assert_eq(&format!("{degraded}\n--\n{back}"));
}

// venue.md §2.8: 2 % and 0.005 % for each BTC; 25 BTC at 100 000 need 53 125.
#[test]
fn mar_7_rates_grow_with_size_once_the_operator_says_so() {
    let mut priced = Priced::linear();
    let terms =
        MarginTerms { initial_ppm: 20_000, maintenance_ppm: 10_000, slope_ppb: 50, floor_ppm: 0 };
    priced.world.must(Command::SetMargin { instrument: PERPETUAL, terms });
    priced.trade((ANN, BOB), PERPETUAL, (25_000, 120_000));
    let margin = priced.world.engine.margin_of(ANN);
    // 25 BTC at 60 000: 2.125 % and 1.125 % of 1 500 000 USDC.
    assert_eq!((margin.initial.0, margin.maintenance.0), (31_875_000_000, 16_875_000_000));
}

#[test]
fn mrk_6_marks_have_the_usual_terms_until_the_operator_says_otherwise() {
    let priced = Priced::inverse();
    let terms = |id: u32| priced.world.engine.markets.at(id).prices.as_ref().map(|p| p.terms);
    let (perpetual, future) = (terms(0).expect("a feed"), terms(1).expect("a feed"));
    assert_eq!((perpetual.impact.0, perpetual.clamp_ppm), (1_000, 5_000));
    assert_eq!((future.impact.0, future.clamp_ppm, future.funding), (1_000, 100_000, None));
}

#[test]
fn liq_9_an_entry_carries_out_a_bounded_number_of_rounds() {
    let mut priced = Priced::inverse();
    let mut losers = Vec::new();
    for _ in 0..100 {
        losers.push(priced.world.fund(100_000));
    }
    for loser in &losers {
        priced.trade((*loser, REPORTERS[4]), PERPETUAL, (200, 120_000));
    }
    let events = priced.seconds(3, &[58_500; 5]);
    let started = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::LiquidationStarted { .. })).count()
    };
    let first = started(&events);
    let second = started(&priced.world.apply(Command::Liquidate));
    assert_eq!((first, second), (64, 36), "LIQ-9");
}

/// Poor traders, wild prices, now and then a fund or a backstop; options too, or futures alone.
fn act(
    priced: &mut Priced,
    has_options: bool,
    (choice, who, a, b): (u8, u32, u32, u32),
) -> Vec<Event> {
    let trader = AccountId(ANN.0 + who % 6);
    let price = 54_000 + u64::from(a % 12_000);
    match choice {
        0..=119 => {
            let side = if b.is_multiple_of(2) { Side::Bid } else { Side::Ask };
            let (instrument, lots) = match (b >> 5) % 8 {
                5 | 6 if has_options => (CALL, (b >> 9) % 5 + 1),
                7 if has_options => (PUT, (b >> 9) % 5 + 1),
                4 => (FUTURE, (b >> 9) % 3_000 + 1),
                _ => (PERPETUAL, (b >> 9) % 3_000 + 1),
            };
            let mark = priced.world.engine.instrument(instrument).map_or(0, |(_, mark)| mark.0);
            let near = mark - mark / 2_000 + a % (mark / 1_000 + 2);
            let kind = OrderKind::Limit { price: Ticks(near.max(1)) };
            let order = PlaceOrder { kind, ..Priced::order(trader, instrument, side, lots) };
            priced.world.apply(Command::PlaceOrder(order.into()))
        }
        120..=199 => pass(priced, u64::from(b % 4 + 1), price),
        200..=229 => priced.world.apply(Command::Liquidate),
        230..=239 => {
            let amount = Amount(i64::from(b % 2_000_000) + 1);
            priced.world.apply(Command::FundInsurance { amount })
        }
        240..=243 => {
            let models = [MarginModel::Standard, MarginModel::Portfolio];
            let model = models.into_iter().cycle().nth(usize::try_from(a % 2).unwrap_or(0));
            priced.model(trader, model.unwrap_or_default())
        }
        244..=247 => {
            let (capacity, share_ppm) = (Amount(i64::from(b % 5_000_000)), a % 1_000_000);
            let terms = BackstopTerms { capacity, share_ppm };
            priced.world.apply(Command::OfferBackstop { account: trader, terms })
        }
        248..=249 => {
            let lower = Amount(i64::from(b % 5_000_000));
            let band = OpenInterestBand { lower, upper: lower.plus(Amount(1 + i64::from(a))) };
            let band = (a % 4 != 0).then_some(band);
            priced.world.apply(Command::SetOpenInterestBand { instrument: PERPETUAL, band })
        }
        250..=251 => {
            let (adjustment_ppm, spread_ppm) = (1 + a % 2_000_000, 1 + b % 3_000_000);
            let terms = FillableTerms { adjustment_ppm, spread_ppm };
            priced.world.apply(Command::SetFillable((a % 4 != 0).then_some(terms)))
        }
        _ => {
            let policies = [
                AdlPolicy::Queue,
                AdlPolicy::ProRata,
                AdlPolicy::WaterFilling,
                AdlPolicy::LeastClosing,
            ];
            let adl = policies.into_iter().cycle().nth(usize::try_from(a % 4).unwrap_or(0));
            let terms = RiskTerms { adl: adl.unwrap_or_default(), ..USUAL_TERMS };
            priced.world.apply(Command::SetRisk(terms))
        }
    }
}

/// Some seconds, with what options are marked by.
pub(super) fn pass(priced: &mut Priced, n: u64, price: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..n {
        events.append(&mut priced.surfaces(smile()));
        events.append(&mut priced.seconds(1, &[price; 5]));
    }
    events
}

/// What options bring in that are closed at the mark, above zero if they were held: lots of 0.1
/// BTC, ticks of 0.0001 BTC. `None` of a future.
fn premium(instrument: InstrumentId, size: SignedLots, mark: Ticks) -> Option<i64> {
    let is_option = instrument == CALL || instrument == PUT;
    is_option.then(|| size.0 * i64::from(mark.0) * 1_000)
}

/// No account above its maintenance margin is touched, nobody ends below zero, and what winners
/// give is what was lacking.
fn check_events(events: &[Event], has_options: bool) {
    for event in events {
        match event {
            Event::LiquidationStarted { margin, .. } => {
                assert!(margin.equity < margin.maintenance, "LIQ-1: {event:?}");
            }
            Event::LiquidationEnded { margin, .. } => {
                assert!(Amount::ZERO <= margin.equity, "INS-5: {event:?}");
            }
            Event::LiquidationStepped(step) => {
                let [before, after] = [step.before, step.after].map(|margin| margin.equity.0);
                let [had, has] = [step.before, step.after].map(|margin| margin.collateral.0);
                let (gives, brought) = match step.action {
                    LiquidationAction::Deleveraged { haircut, instrument, size, mark, .. } => {
                        // Under one model equity has the value of options in it, under the
                        // other not.
                        let premium = premium(instrument, size, mark);
                        let brought = premium.map(|premium| has - had - premium);
                        (haircut.0, brought.unwrap_or(after - before))
                    }
                    LiquidationAction::Socialised { amount, .. }
                    | LiquidationAction::Insured { amount } => (amount.0, after - before),
                    _ => continue,
                };
                assert!((brought - gives).abs() <= 2, "ADL-1: {step:?}");
                // Whoever has sold options lacks what buying them back costs.
                let most = if has_options { step.after.maintenance.0 } else { 0 };
                let is_enough = gives == 0 || after <= most + 2;
                assert!(is_enough, "ADL-1: no more than what is lacking: {step:?}");
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        ..Default::default()
    })]

    // SUM-1 to SUM-3, INS-5, LIQ-10 in `Engine::check`, SUM-5 in `World::apply`.
    #[test]
    fn crashes_leave_nobody_below_zero_and_make_no_money(
        has_options in any::<bool>(),
        raws in proptest::collection::vec(
            (any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>()), 1..90),
        last in 54_000..66_000_u64,
    ) {
        let mut priced = Priced::inverse();
        priced.scenarios();
        for account in [ANN, BOB, CAT] {
            keep(&mut priced, account, 3_000_000);
        }
        for funds in [2_000_000, 5_000_000, 50_000_000] {
            priced.world.fund(funds);
        }
        for raw in raws {
            check_events(&act(&mut priced, has_options, raw), has_options);
        }
        // LIQ-8: at prices that stand still every liquidation ends. One may begin late, when
        // funding or a basis that fades has eaten up what was left.
        check_events(&pass(&mut priced, 60, last), has_options);
        for _ in 0..60 {
            if priced.world.engine.is_liquidating() {
                check_events(&pass(&mut priced, 1, last), has_options);
            }
        }
        assert!(!priced.world.engine.is_liquidating(), "{:?}", priced.world.engine.liquidations);
        let restored = crate::Engine::from_bytes(&priced.world.engine.to_bytes());
        let mut restored = restored.expect("its own bytes");
        restored.check();
        assert_eq!(restored.root(), priced.world.engine.root(), "the root of a snapshot");
        assert_eq!(restored.short, priced.world.engine.short);
    }
}
