//! Liquidations at the edges: what is as large, small, late or sudden as it gets.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use types::{
    AccountId, Amount, At, BackstopTerms, Command, Event, LedgerAccount, MarginTerms, OrderKind,
    PlaceOrder, RiskTerms, SelfTradeMode, Side, Svi, Ticks,
};

use super::liquidation::{bid, keep, levered, pass, seconds, steps};
use super::priced::{ANN, BOB, CALL, CAT, FUTURE, PERPETUAL, PUT, Priced, REPORTERS, smile};
use super::world::EXPIRY;
use crate::liquidation::USUAL_TERMS;

/// Every position of an account.
fn sizes(priced: &Priced, account: AccountId) -> Vec<i64> {
    let held = &priced.world.engine.accounts.at(account.0).holdings;
    held.iter().map(|(_, holding)| priced.world.engine.holdings.at(*holding).size.0).collect()
}

/// LIQ-6, LIQ-8, LIQ-11: half of what is shown a round, nothing five times; then at the mark as
/// much as is wanted there, where closing costs nothing.
#[test]
fn a_position_larger_than_the_book_goes_as_far_as_that_and_then_to_the_other_side() {
    let mut priced = levered(2_200_000);
    bid(&mut priced, CAT, 100, 117_000);
    let story = seconds(&mut priced, 16, 58_500);
    expect![[r#"
        6 started: equity 457264, maintenance 683761
          wanted 4000, 100 shown to 114660, filled 50, fee 4274 -> equity 452562, maintenance 675214
          wanted 3950, 50 shown to 114660, filled 25, fee 2137 -> equity 450210, maintenance 670941
          wanted 3925, 25 shown to 114660, filled 12, fee 1026 -> equity 449081, maintenance 668889
          wanted 3913, 13 shown to 114660, filled 6, fee 513 -> equity 448515, maintenance 667864
          wanted 3907, 7 shown to 114660, filled 3, fee 257 -> equity 448231, maintenance 667351
          wanted 3904, 4 shown to 114660, filled 2, fee 171 -> equity 448041, maintenance 667009
          closed 1806 against 7, number 1, haircut 0 -> equity 448042, maintenance 358291
        6 Recovered: collateral 1343767, equity 448042, maintenance 358291"#]]
    .assert_eq(&story);
}

/// LIQ-1, LIQ-8: whoever has nothing left is closed, and nobody gives anything.
#[test]
fn an_equity_of_exactly_zero_is_closed_and_costs_nobody_anything() {
    let mut priced = levered(2_200_000 + 1_342_106);
    let before = priced.collateral(BOB);
    let story = seconds(&mut priced, 3, 57_000);
    expect![[r#"
        6 started: equity 0, maintenance 701755
          wanted 4000, 0 shown to 111720, filled 0, fee 0 -> equity 0, maintenance 701755
          closed 4000 against 7, number 1, haircut 0 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0"#]]
    .assert_eq(&story);
    let won = 40_000 * 100_000_000 / 57_000 - 40_000 * 100_000_000 / 60_000;
    assert!((priced.collateral(BOB) - before).abs_diff(won) <= 2);
}

/// LIQ-3, INS-3, ADL-1: with two positions and an order; the book is not asked any more.
#[test]
fn a_gap_through_bankruptcy_leaves_nothing_open_in_one_entry() {
    let mut priced = levered(2_500_000);
    priced.trade((ANN, BOB), FUTURE, (1_000, 120_000));
    priced.world.must(Command::FundInsurance { amount: Amount(100_000) });
    bid(&mut priced, CAT, 1_000, 114_000);
    bid(&mut priced, ANN, 1, 109_000);
    let story = seconds(&mut priced, 3, 55_000);
    expect![[r#"
        6 started: equity -5117426, maintenance 909092
          1 orders cancelled -> equity -5117426, maintenance 909092
          insurance paid 100000 -> equity -5017426, maintenance 909092
          closed 4000 against 7, number 1, haircut 5017426 -> equity 0, maintenance 181819
          closed 1000 against 7, number 1, haircut 0 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0"#]]
    .assert_eq(&story);
    assert_eq!(sizes(&priced, ANN), [0, 0]);
}

/// LIQ-7, LIQ-11: a lot, worth 171 atoms of margin, in an empty book and in one that takes it.
#[test]
fn dust_goes_at_once() {
    let mut story = String::new();
    for shown in [0, 1] {
        let mut priced = Priced::inverse();
        keep(&mut priced, ANN, 500);
        priced.trade((ANN, BOB), PERPETUAL, (1, 120_000));
        if shown != 0 {
            bid(&mut priced, CAT, shown, 117_400);
        }
        story += &seconds(&mut priced, 9, 58_800);
        story += "\n";
    }
    expect![[r#"
        6 started: equity 151, maintenance 171
          wanted 1, 0 shown to 115248, filled 0, fee 0 -> equity 151, maintenance 171
          wanted 1, 0 shown to 115248, filled 0, fee 0 -> equity 151, maintenance 171
          wanted 1, 0 shown to 115248, filled 0, fee 0 -> equity 151, maintenance 171
          wanted 1, 0 shown to 115248, filled 0, fee 0 -> equity 151, maintenance 171
          wanted 1, 0 shown to 115248, filled 0, fee 0 -> equity 151, maintenance 171
          closed 1 against 7, number 1, haircut 0 -> equity 151, maintenance 0
        6 Flat: collateral 151, equity 151, maintenance 0
        6 started: equity 151, maintenance 171
          wanted 1, 1 shown to 115248, filled 1, fee 86 -> equity 26, maintenance 0
        6 Flat: collateral 26, equity 26, maintenance 0
    "#]]
    .assert_eq(&story);
}

/// ADL-1, LIQ-1: what the winner gives was the margin of another position of his.
#[test]
fn a_liquidation_that_sets_off_another() {
    let mut priced = levered(2_200_000);
    priced.trade((BOB, CAT), FUTURE, (4_000, 120_000));
    keep(&mut priced, BOB, 2_800_000);
    let story = seconds(&mut priced, 12, 56_000);
    expect![[r#"
        6 started: equity -2595239, maintenance 714286
          closed 4000 against 7, number 1, haircut 2595239 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        7 started: equity 204761, maintenance 714286
          wanted 4000, 0 shown to 109760, filled 0, fee 0 -> equity 204761, maintenance 714286
          closed 3083 against 8, number 1, haircut 0 -> equity 204761, maintenance 163750
        7 Recovered: collateral 1296427, equity 204761, maintenance 163750"#]]
    .assert_eq(&story);
}

/// INS-2, LIQ-1: it has no more rights than others, and its positions go the same way.
#[test]
fn a_backstop_that_has_nothing_left_is_liquidated_like_anybody() {
    let mut priced = levered(2_200_000);
    keep(&mut priced, CAT, 1_200_000);
    let terms = BackstopTerms { capacity: Amount(100_000_000), share_ppm: 0 };
    priced.world.must(Command::OfferBackstop { account: CAT, terms });
    let mut story = seconds(&mut priced, 8, 58_500);
    story += "\n--\n";
    story += &seconds(&mut priced, 8, 56_000);
    expect![[r#"
        6 started: equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          8 took 4000 with 457264 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        --
        8 started: equity -1395239, maintenance 714286
          closed 4000 against 7, number 1, haircut 1395239 -> equity 0, maintenance 0
        8 Flat: collateral 0, equity 0, maintenance 0"#]]
    .assert_eq(&story);
}

/// LIQ-2: from the expiry until the delivery nothing is traded or moved, in no book of the account;
/// then it begins.
#[test]
fn nothing_is_done_about_a_book_that_has_expired() {
    let mut priced = levered(2_200_000);
    priced.trade((ANN, BOB), FUTURE, (100, 120_000));
    bid(&mut priced, CAT, 3_000, 117_000);
    // Nobody says a price in the last half hour, so that the delivery is disputed.
    priced.until(At(EXPIRY.0 - 31 * 60_000), &[60_000; 5]);
    priced.until(EXPIRY, &[0; 5]);
    let waiting = seconds(&mut priced, 40, 58_500);
    let later = priced.until(At(EXPIRY.0 + 3_600_000), &[58_500; 5]);
    let place = later.iter().position(|event| matches!(event, Event::InstrumentDelivered { .. }));
    let (waited, delivered) = later.split_at(place.expect("the delivery"));
    expect![[r#"

        --
        6 started: equity 413694, maintenance 683761
          wanted 4000, 3000 shown to 114660, filled 1000, fee 85471 -> equity 319674, maintenance 512821
          wanted 3000, 2000 shown to 114660, filled 750, fee 64103 -> equity 249160, maintenance 384616
          wanted 2250, 1250 shown to 114660, filled 562, fee 48035 -> equity 196321, maintenance 288548
          wanted 1688, 688 shown to 114660, filled 344, fee 29402 -> equity 163978, maintenance 229744
          wanted 1344, 344 shown to 114660, filled 172, fee 14701 -> equity 147805, maintenance 200342
          wanted 1172, 172 shown to 114660, filled 86, fee 7351 -> equity 139718, maintenance 185642
          wanted 1086, 86 shown to 114660, filled 43, fee 3676 -> equity 135674, maintenance 178291
          wanted 1043, 43 shown to 114660, filled 21, fee 1795 -> equity 133698, maintenance 174701
          wanted 1022, 22 shown to 114660, filled 11, fee 941 -> equity 132661, maintenance 172821
          wanted 1011, 11 shown to 114660, filled 5, fee 428 -> equity 132189, maintenance 171966
          wanted 1006, 6 shown to 114660, filled 3, fee 257 -> equity 131905, maintenance 171453
          wanted 1003, 3 shown to 114660, filled 1, fee 86 -> equity 131809, maintenance 171283
          wanted 1002, 2 shown to 114660, filled 1, fee 86 -> equity 131713, maintenance 171112
          closed 385 against 7, number 1, haircut 0 -> equity 131714, maintenance 105300
        6 Recovered: collateral 394958, equity 131714, maintenance 105300"#]].assert_eq(&format!("{waiting}{}\n--\n{}", steps(waited), steps(delivered)));
}

/// LIQ-2, LIQ-6, DLV-6: what counts is the average of half an hour, so that a jump at its end is a
/// small one. Rounds of a second close what is wanted; of a minute, the delivery is first.
#[test]
fn options_with_one_minute_to_live() {
    let mut story = String::new();
    for round_ms in [1_000, 60_000] {
        let mut priced = Priced::inverse();
        priced.world.must(Command::SetRisk(RiskTerms { round_ms, ..USUAL_TERMS }));
        priced.surfaces(smile());
        priced.seconds(1, &[60_000; 5]);
        keep(&mut priced, ANN, 15_260_000);
        priced.trade((BOB, ANN), CALL, (10, 40));
        let quiet = priced.until(At(EXPIRY.0 - 90_000), &[65_200; 5]);
        assert_eq!(steps(&quiet), "");
        // The volatilities are the same, of the minute and a half that is left of forty.
        let left = |variance: i64| variance * 90 / 2_400;
        priced.surfaces(Svi { a: left(smile().a), b: left(smile().b), ..smile() });
        let last = priced.until(EXPIRY.plus_ms(70_000), &[71_000; 5]);
        story += &format!("{}\n", steps(&last));
        story += &format!("{:?}\n", priced.world.engine.margin_of(ANN));
    }
    expect![[r#"
        6 started: equity 15630000, maintenance 15820000
          wanted 4, 0 shown to 845, filled 0, fee 0 -> equity 15630000, maintenance 15820000
          wanted 4, 0 shown to 845, filled 0, fee 0 -> equity 15630000, maintenance 15820000
          wanted 4, 0 shown to 845, filled 0, fee 0 -> equity 15630000, maintenance 15820000
          wanted 4, 0 shown to 845, filled 0, fee 0 -> equity 15630000, maintenance 15820000
          wanted 4, 0 shown to 845, filled 0, fee 0 -> equity 15630000, maintenance 15820000
          closed -4 against 7, number 1, haircut 0 -> equity 12302000, maintenance 9492000
        6 Recovered: collateral 12302000, equity 12302000, maintenance 9492000
        MarginSnapshot { collateral: Amount(7309196), equity: Amount(7309196), initial: Amount(0), maintenance: Amount(0) }
        6 started: equity 15630000, maintenance 15820000
          wanted 4, 0 shown to 845, filled 0, fee 0 -> equity 15630000, maintenance 15820000
          wanted 4, 0 shown to 845, filled 0, fee 0 -> equity 15630000, maintenance 15820000
        6 Flat: collateral 7308660, equity 7308660, maintenance 0
        MarginSnapshot { collateral: Amount(7308660), equity: Amount(7308660), initial: Amount(0), maintenance: Amount(0) }
    "#]].assert_eq(&story);
}

/// INS-2: the account pays for the option and gives what is left, not what it had before.
#[test]
fn a_short_option_that_is_taken_over_takes_no_more_than_there_is() {
    let mut priced = Priced::inverse();
    priced.surfaces(smile());
    priced.seconds(1, &[60_000; 5]);
    keep(&mut priced, ANN, 16_000_000);
    // Enough to carry it with what it brings, and not without.
    keep(&mut priced, CAT, 9_000_000);
    priced.trade((BOB, ANN), CALL, (10, 40));
    let terms = BackstopTerms { capacity: Amount(1_000_000_000), share_ppm: 100_000 };
    priced.world.must(Command::OfferBackstop { account: CAT, terms });
    let mut story = String::new();
    for price in [64_000, 66_000, 68_000] {
        story += &seconds(&mut priced, 12, price);
        story += "\n";
    }
    expect![[r#"

        6 started: equity 16370000, maintenance 16590000
          wanted 4, 0 shown to 925, filled 0, fee 0 -> equity 16370000, maintenance 16590000
          wanted 4, 0 shown to 925, filled 0, fee 0 -> equity 16370000, maintenance 16590000
          wanted 4, 0 shown to 925, filled 0, fee 0 -> equity 16370000, maintenance 16590000
          wanted 4, 0 shown to 925, filled 0, fee 0 -> equity 16370000, maintenance 16590000
          wanted 4, 0 shown to 925, filled 0, fee 0 -> equity 16370000, maintenance 16590000
          8 took -10 with 7280000 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0

    "#]]
    .assert_eq(&story);
}

/// LIQ-14: through the book if it can, else to those who sold them, at the mark.
#[test]
fn whoever_owes_and_holds_options_sells_them() {
    let mut story = String::new();
    for shown in [0, 5] {
        let mut priced = levered(2_300_000);
        priced.surfaces(smile());
        priced.seconds(1, &[60_000; 5]);
        priced.trade((ANN, BOB), PUT, (5, 30));
        story += &seconds(&mut priced, 4, 56_000);
        story += "\n";
        if shown != 0 {
            let kind = OrderKind::Limit { price: Ticks(710) };
            let order = PlaceOrder { kind, ..Priced::order(CAT, PUT, Side::Bid, shown) };
            priced.world.must(Command::PlaceOrder(order.into()));
        }
        story += &seconds(&mut priced, 30, 56_000);
        story += "\n";
    }
    expect![[r#"
        6 started: equity -2660239, maintenance 714286
          wanted 4000, 0 shown to 109760, filled 0, fee 0 -> equity -2660239, maintenance 714286
          closed 4000 against 7, number 1, haircut 0 -> equity -2660239, maintenance 0
          wanted 4, 0 shown to 700, filled 0, fee 0 -> equity -2660239, maintenance 0
          wanted 4, 0 shown to 700, filled 0, fee 0 -> equity -2660239, maintenance 0
          wanted 4, 0 shown to 700, filled 0, fee 0 -> equity -2660239, maintenance 0
          wanted 4, 0 shown to 700, filled 0, fee 0 -> equity -2660239, maintenance 0
          wanted 4, 0 shown to 700, filled 0, fee 0 -> equity -2660239, maintenance 0
          closed 4 against 7, number 1, haircut 0 -> equity 195761, maintenance 0
        6 Recovered: collateral 195761, equity 195761, maintenance 0
        6 started: equity -2660239, maintenance 714286
          wanted 4000, 0 shown to 109760, filled 0, fee 0 -> equity -2660239, maintenance 714286
          closed 4000 against 7, number 1, haircut 0 -> equity -2660239, maintenance 0
          wanted 4, 0 shown to 700, filled 0, fee 0 -> equity -2660239, maintenance 0
          wanted 4, 5 shown to 700, filled 2, fee 0 -> equity -1246239, maintenance 0
          wanted 2, 3 shown to 700, filled 1, fee 0 -> equity -539239, maintenance 0
          wanted 1, 2 shown to 700, filled 1, fee 3570 -> equity 164191, maintenance 0
        6 Recovered: collateral 164191, equity 164191, maintenance 0
    "#]]
    .assert_eq(&story);
}

/// ADL-1: the winner has no money but what its option brings in when it is closed.
#[test]
fn profits_of_options_are_given_too() {
    let mut priced = Priced::inverse();
    priced.surfaces(smile());
    priced.seconds(1, &[60_000; 5]);
    keep(&mut priced, ANN, 7_760_000);
    keep(&mut priced, BOB, 216_000);
    priced.trade((BOB, ANN), CALL, (5, 40));
    let mut story = format!("{} has {}\n", BOB, priced.collateral(BOB));
    for price in [65_000, 71_450] {
        story += &seconds(&mut priced, 4, price);
        story += "\n";
    }
    expect![[r#"
        7 has 1000

        6 started: equity 7945000, maintenance 11765000
          closed -5 against 7, number 1, haircut 70000 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
    "#]]
    .assert_eq(&story);
}

/// ADL-1: of the money of somebody who sold an option, what buying it back costs is not counted.
/// Two have the same money; one owes 1 BTC of puts, which are worth a third of it.
#[test]
fn what_options_will_cost_is_not_shared_out() {
    let mut priced = levered(2_200_000);
    priced.surfaces(smile());
    priced.seconds(1, &[60_000; 5]);
    priced.trade((BOB, CAT), FUTURE, (4_000, 120_000));
    keep(&mut priced, BOB, 2_800_000);
    let (dan, eve) = (priced.world.fund(30_000_000), priced.world.fund(30_000_000));
    priced.trade((CAT, eve), PUT, (10, 21));
    let story = seconds(&mut priced, 8, 54_500);
    expect![[r#"
        9 10
        6 started: equity -4561163, maintenance 733945
          closed 4000 against 7, number 1, haircut 2800000 -> equity -1761163, maintenance 0
          1 gave 285602 -> equity -1475561, maintenance 0
          2 gave 285601 -> equity -1189960, maintenance 0
          3 gave 285601 -> equity -904359, maintenance 0
          4 gave 285601 -> equity -618758, maintenance 0
          5 gave 285601 -> equity -333157, maintenance 0
          8 gave 317260 -> equity -15897, maintenance 0
          9 gave 9520 -> equity -6377, maintenance 0
          10 gave 6377 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        7 started: equity 0, maintenance 733945
          wanted 4000, 0 shown to 106820, filled 0, fee 0 -> equity 0, maintenance 733945
          closed 4000 against 8, number 1, haircut 0 -> equity 0, maintenance 0
        7 Flat: collateral 0, equity 0, maintenance 0"#]]
    .assert_eq(&format!("{dan} {eve}\n{story}"));
}

/// LIQ-8, MAR-7: terms that ask for less end what has begun; terms that ask for more go on with it.
#[test]
fn terms_that_change_in_the_middle() {
    let mut story = String::new();
    for maintenance_ppm in [5_000, 15_000] {
        let mut priced = levered(2_200_000);
        bid(&mut priced, CAT, 1_000, 117_000);
        story += &seconds(&mut priced, 4, 58_500);
        let terms =
            MarginTerms { initial_ppm: 20_000, maintenance_ppm, slope_ppb: 0, floor_ppm: 0 };
        priced.world.must(Command::SetMargin { instrument: PERPETUAL, terms });
        story += &format!("\n-- {maintenance_ppm} millionths\n");
        story += &seconds(&mut priced, 3, 58_500);
        story += "\n";
    }
    expect![[r#"
        6 started: equity 457264, maintenance 683761
          wanted 4000, 1000 shown to 114660, filled 500, fee 42736 -> equity 410254, maintenance 598291
          wanted 3500, 500 shown to 114660, filled 250, fee 21368 -> equity 386748, maintenance 555556
        -- 5000 millionths
        6 Recovered: collateral 1775636, equity 386748, maintenance 277778
        6 started: equity 457264, maintenance 683761
          wanted 4000, 1000 shown to 114660, filled 500, fee 42736 -> equity 410254, maintenance 598291
          wanted 3500, 500 shown to 114660, filled 250, fee 21368 -> equity 386748, maintenance 555556
        -- 15000 millionths
          wanted 3250, 250 shown to 114660, filled 125, fee 10684 -> equity 374994, maintenance 801283
          closed 1956 against 7, number 1, haircut 0 -> equity 374995, maintenance 299744
        6 Recovered: collateral 874566, equity 374995, maintenance 299744
    "#]].assert_eq(&story);
}

/// LIQ-15: a lot of a sibling in front of the book does not keep the rest of it away.
#[test]
fn orders_of_its_own_family_do_not_shield_an_account() {
    let mut priced = Priced::inverse();
    keep(&mut priced, ANN, 2_200_000);
    let sibling = AccountId(priced.world.engine.n_accounts() + 1);
    priced.world.must(Command::OpenAccount { account: sibling, parent: Some(ANN) });
    priced.world.must(Command::Deposit { account: sibling, amount: Amount(1_000_000) });
    let mode = SelfTradeMode::RejectTaker;
    priced.world.must(Command::SetSelfTrade { account: ANN, mode, with_subaccounts: true });
    priced.trade((ANN, BOB), PERPETUAL, (4_000, 120_000));
    bid(&mut priced, sibling, 1, 118_000);
    bid(&mut priced, CAT, 3_000, 117_000);
    let story = seconds(&mut priced, 4, 58_500);
    expect![[r#"
        6 started: equity 457264, maintenance 683761
          wanted 4000, 3001 shown to 114660, filled 1000, fee 85471 -> equity 363244, maintenance 512821
          wanted 3000, 2000 shown to 114660, filled 750, fee 64103 -> equity 292730, maintenance 384616"#]].assert_eq(&story);
}

/// ADL-1: of an option that is closed in part a winner gives what that part brings in, and keeps
/// what it holds: it is not made to owe.
#[test]
fn whoever_is_closed_in_part_does_not_owe() {
    let mut priced = Priced::inverse();
    pass(&mut priced, 1, 60_000);
    keep(&mut priced, ANN, 10_000_000);
    keep(&mut priced, CAT, 4_200_000);
    keep(&mut priced, BOB, 432_000);
    // The short of Ann's is against somebody whose profit is lost elsewhere.
    priced.trade((CAT, ANN), PERPETUAL, (6_000, 120_000));
    priced.trade((REPORTERS[1], CAT), FUTURE, (6_000, 120_000));
    priced.trade((BOB, ANN), CALL, (5, 40));
    priced.trade((BOB, REPORTERS[2]), CALL, (5, 40));
    let story = steps(&pass(&mut priced, 4, 71_450));
    expect![[r#"
        6 started: equity -5840193, maintenance 12604749
          closed -6000 against 8, number 1, haircut 4150000 -> equity -1690193, maintenance 11765000
          closed -5 against 7, number 1, haircut 8017000 -> equity -1688193, maintenance 0
          1 gave 338231 -> equity -1349962, maintenance 0
          2 gave 338212 -> equity -1011750, maintenance 0
          3 gave 335288 -> equity -676462, maintenance 0
          4 gave 338231 -> equity -338231, maintenance 0
          5 gave 338231 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        8 started: equity 0, maintenance 839749
          wanted 6000, 0 shown to 145758, filled 0, fee 0 -> equity 0, maintenance 839749
          closed -6000 against 2, number 1, haircut 0 -> equity 0, maintenance 0
        8 Flat: collateral 0, equity 0, maintenance 0
        0"#]]
    .assert_eq(&format!("{story}\n{}", priced.collateral(BOB)));
}

/// LIQ-9: a hundred whose rounds are due at once wait for two entries.
#[test]
fn rounds_that_are_due_at_once_are_spread_over_entries() {
    let mut priced = Priced::inverse();
    for _ in 0..100 {
        let account = priced.world.fund(48_000);
        priced.trade((account, REPORTERS[4]), PERPETUAL, (100, 120_000));
    }
    priced.seconds(3, &[58_800; 5]);
    priced.world.apply(Command::Liquidate);
    let rounds = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::LiquidationStepped(_))).count()
    };
    let first = rounds(&priced.seconds(1, &[58_800; 5]));
    let [second, third] = [(); 2].map(|()| rounds(&priced.world.apply(Command::Liquidate)));
    assert_eq!((first, second, third), (64, 36, 0));
}

/// INS-2: a backstop that is being liquidated takes nothing over, even with money that is free.
#[test]
fn a_backstop_in_liquidation_takes_nothing_over() {
    let mut priced = Priced::inverse();
    let (initial_ppm, maintenance_ppm) = (10_000, 10_000);
    let terms = MarginTerms { initial_ppm, maintenance_ppm, slope_ppb: 0, floor_ppm: 0 };
    priced.world.must(Command::SetMargin { instrument: PERPETUAL, terms });
    keep(&mut priced, CAT, 2_413_000);
    keep(&mut priced, ANN, 58_568);
    priced.trade((CAT, BOB), PERPETUAL, (4_000, 120_000));
    priced.trade((ANN, BOB), PERPETUAL, (100, 120_000));
    let terms = BackstopTerms { capacity: Amount(100_000_000), share_ppm: 0 };
    priced.world.must(Command::OfferBackstop { account: CAT, terms });
    let mut story = seconds(&mut priced, 3, 58_500);
    story += "\n--\n";
    story += &seconds(&mut priced, 5, 58_600);
    expect![[r#"
        6 started: equity 14999, maintenance 17095
        8 started: equity 670264, maintenance 683761
          wanted 100, 0 shown to 114660, filled 0, fee 0 -> equity 14999, maintenance 17095
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 670264, maintenance 683761
        --
          wanted 100, 0 shown to 114856, filled 0, fee 0 -> equity 17916, maintenance 17065
          wanted 4000, 0 shown to 114856, filled 0, fee 0 -> equity 786947, maintenance 682594
          wanted 100, 0 shown to 114856, filled 0, fee 0 -> equity 17916, maintenance 17065
          wanted 4000, 0 shown to 114856, filled 0, fee 0 -> equity 786947, maintenance 682594
          wanted 100, 0 shown to 114856, filled 0, fee 0 -> equity 17916, maintenance 17065
          wanted 4000, 0 shown to 114856, filled 0, fee 0 -> equity 786947, maintenance 682594
          wanted 100, 0 shown to 114856, filled 0, fee 0 -> equity 17916, maintenance 17065
          wanted 4000, 0 shown to 114856, filled 0, fee 0 -> equity 786947, maintenance 682594
          closed 17 against 7, number 1, haircut 0 -> equity 17916, maintenance 14164
        6 Recovered: collateral 50965, equity 17916, maintenance 14164
          closed 311 against 7, number 1, haircut 0 -> equity 786947, maintenance 629523
        8 Recovered: collateral 2255832, equity 786947, maintenance 629523"#]]
    .assert_eq(&story);
}

// The fund covers what is owed, so the book buys the position, and winners keep theirs.
#[test]
fn ins_7_what_the_fund_covers_goes_through_the_book() {
    let mut priced = levered(2_200_000);
    priced.world.must(Command::FundInsurance { amount: Amount(4_000_000) });
    bid(&mut priced, CAT, 9_000, 112_900);
    let before = priced.collateral(BOB);
    let events = priced.seconds(30, &[56_500; 5]);
    let bob = priced.collateral(BOB) - before;
    let fund = priced.balance(LedgerAccount::Insurance);
    expect![[r#"
        6 started: equity -1963128, maintenance 707965
          wanted 4000, 9000 shown to 110740, filled 4000, fee 0 -> equity -2061266, maintenance 0
          insurance paid 2061266 -> equity 0, maintenance 0
        6 Flat: collateral 0, equity 0, maintenance 0
        bob 0, fund 1938734"#]]
    .assert_eq(&format!("{}\nbob {bob}, fund {fund}", steps(&events)));
}

// Somebody who bids a lot or two a second does not keep an account in liquidation.
#[test]
fn liq_16_crumbs_do_not_hold_up_what_comes_next() {
    let mut priced = levered(2_200_000);
    let mut story = priced.seconds(3, &[58_500; 5]);
    for _ in 0..6 {
        bid(&mut priced, CAT, 20, 115_000);
        story.extend(priced.seconds(1, &[58_500; 5]));
    }
    expect![[r#"
        6 started: equity 457264, maintenance 683761
          wanted 4000, 0 shown to 114660, filled 0, fee 0 -> equity 457264, maintenance 683761
          wanted 4000, 20 shown to 114660, filled 10, fee 855 -> equity 453348, maintenance 682052
          wanted 3990, 30 shown to 114660, filled 15, fee 1283 -> equity 447474, maintenance 679488
          wanted 3975, 35 shown to 114660, filled 17, fee 1453 -> equity 440817, maintenance 676582
          wanted 3958, 38 shown to 114660, filled 19, fee 1624 -> equity 433377, maintenance 673334
          closed 1911 against 7, number 1, haircut 0 -> equity 433378, maintenance 346667
        6 Recovered: collateral 1300042, equity 433378, maintenance 346667"#]]
    .assert_eq(&steps(&story));
}
