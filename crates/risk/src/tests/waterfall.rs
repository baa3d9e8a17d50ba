//! Who pays a loss, and losses that were paid.

use std::vec::Vec;

use proptest::prelude::*;
use types::{Amount, Rounding};

use crate::waterfall::{allocate, level, pro_rata};

const BTC: i64 = 100_000_000;

fn amounts(of: &[i64]) -> Vec<Amount> {
    of.iter().copied().map(Amount).collect()
}

fn sum(of: &[Amount]) -> i128 {
    of.iter().map(|amount| i128::from(amount.0)).sum()
}

/// INS-4; venue.md §2.13: a loss of 100 000, a fund of 40 000, winners of 300 000, 200 000 and
/// 100 000: 10 % of each of them.
#[test]
fn the_fund_pays_first_and_profits_share_the_rest() {
    let (paid, left) = allocate(Amount(100_000), &[Amount(40_000)]);
    assert_eq!((paid, left), (amounts(&[40_000]), Amount(60_000)));
    let shares = pro_rata(left, &amounts(&[300_000, 200_000, 100_000]));
    assert_eq!(shares, amounts(&[30_000, 20_000, 10_000]));
}

/// INS-4.
#[test]
fn a_layer_pays_when_those_before_it_have_nothing_left() {
    for (loss, layers, paid, left) in [
        (0, &[5, 5][..], &[0, 0][..], 0),
        (3, &[5, 5], &[3, 0], 0),
        (5, &[5, 5], &[5, 0], 0),
        (7, &[5, 5], &[5, 2], 0),
        (12, &[5, 5], &[5, 5], 2),
        (12, &[], &[], 12),
        (4, &[-5, 0, 5], &[0, 0, 4], 0),
        (-4, &[5], &[0], 0),
        (i64::MAX, &[i64::MAX, i64::MAX], &[i64::MAX, 0], 0),
    ] {
        let (pays, over) = allocate(Amount(loss), &amounts(layers));
        assert_eq!((pays, over), (amounts(paid), Amount(left)), "{loss} of {layers:?}");
    }
}

/// INS-6; venue.md §2.14: deficit 30 of 10, 20 and 30.
#[test]
fn shares_are_exact_to_the_atom() {
    for (total, weights, shares) in [
        (30, &[10, 20, 30][..], &[5, 10, 15][..]),
        (10, &[1, 1, 1], &[1, 1, 1]),
        (2, &[1, 1, 1], &[1, 1, 0]),
        (1, &[1, 1, 1], &[1, 0, 0]),
        (1, &[1, 2, 2], &[0, 1, 0]),
        (4, &[3, 3, 1], &[2, 2, 0]),
        (5, &[4, 4, 2], &[2, 2, 1]),
        (7, &[0, -3, 7], &[0, 0, 7]),
        (-7, &[7], &[0]),
        (7, &[], &[]),
        (7, &[0, 0], &[0, 0]),
        (i64::MAX, &[i64::MAX, i64::MAX, 1], &[i64::MAX / 2, i64::MAX / 2, 1]),
    ] {
        assert_eq!(
            pro_rata(Amount(total), &amounts(weights)),
            amounts(shares),
            "{total} {weights:?}"
        );
    }
}

/// INS-6: of 26 the fourth gets 4, of 27 it gets 3. It is called the paradox of Alabama, which was
/// to lose a seat when the House grew by one.
#[test]
fn an_atom_more_to_share_may_move_an_atom() {
    let weights = amounts(&[9_061, 7_179, 5_259, 3_319, 1_182]);
    assert_eq!(pro_rata(Amount(26), &weights), amounts(&[9, 7, 5, 4, 1]));
    assert_eq!(pro_rata(Amount(27), &weights), amounts(&[9, 8, 6, 3, 1]));
}

/// ADL-2; venue.md §2.14: deficit 30 of 10, 20 and 30.
#[test]
fn the_level_is_as_low_as_covers_it() {
    for (total, most, shares) in [
        (30, &[10, 20, 30][..], &[10, 10, 10][..]),
        (31, &[10, 20, 30], &[10, 10, 11]),
        (32, &[10, 20, 30], &[10, 11, 11]),
        (45, &[10, 20, 30], &[10, 17, 18]),
        (60, &[10, 20, 30], &[10, 20, 30]),
        (61, &[10, 20, 30], &[10, 20, 30]),
        (1, &[7, 7, 7], &[1, 0, 0]),
        (2, &[7, 7, 7], &[1, 1, 0]),
        (9, &[30, -1, 0], &[9, 0, 0]),
        (-9, &[30], &[0]),
        (9, &[], &[]),
        (i64::MAX, &[i64::MAX, i64::MAX], &[i64::MAX / 2 + 1, i64::MAX / 2]),
    ] {
        assert_eq!(level(Amount(total), &amounts(most)), amounts(shares), "{total} of {most:?}");
    }
}

/// How much of its money a lender or winner loses, in millionths.
fn haircut_ppm(loss: Amount, pool: Amount) -> i64 {
    // A hundred of different weight that make up the pool, the last with what is left.
    let mut weights: Vec<Amount> = (1..100).map(|n| Amount(pool.0 / 5_050 * n)).collect();
    weights.push(Amount(pool.0 - i64::try_from(sum(&weights)).expect("less than the pool")));
    let shares = pro_rata(loss, &weights);
    assert_eq!(sum(&shares), i128::from(loss.0));
    let ppm = |place: usize| shares[place].times(1_000_000, weights[place].0, Rounding::Up).0;
    assert!((0..100).all(|place| ppm(place).abs_diff(ppm(50)) <= 1), "all lose the same share");
    ppm(50)
}

/// INS-6; consequence.md §5.5 V7: OKEx, 31 July 2018. The venue put 2 500 BTC in, and 1 200 BTC of
/// loss took 17 % of the profits; about 40 % had been expected without. Ours: 17 % are of 7 058
/// BTC, and without the 2 500 it would have been 52 % of them. The two published shares are of
/// different profits: if 3 700 BTC were 40 % of them, 1 200 were 13 %.
#[test]
fn v7_okex_2018_injected_money_lowers_the_clawback() {
    let loss = Amount(3_700 * BTC);
    let (paid, left) = allocate(loss, &[Amount(2_500 * BTC)]);
    assert_eq!((paid, left), (amounts(&[2_500 * BTC]), Amount(1_200 * BTC)));
    let profits = left.times(100, 17, Rounding::Down);
    assert_eq!(profits.0 / BTC, 7_058);
    assert_eq!(haircut_ppm(left, profits) / 1_000, 170);
    assert_eq!(haircut_ppm(loss, profits) / 1_000, 524);
    let profits = loss.times(100, 40, Rounding::Down);
    assert_eq!(haircut_ppm(left, profits) / 1_000, 129);
}

/// INS-6; consequence.md §5.5 V8: Poloniex, 26 May 2019. 1 800 BTC of loss took 16.202 % of what
/// was lent, so that was about 11 110 BTC. Ours: the same, of everybody.
#[test]
fn v8_poloniex_2019_all_lenders_lose_the_same_share() {
    let pool = Amount(1_800 * BTC).times(100_000, 16_202, Rounding::Down);
    assert_eq!(pool.0 / BTC, 11_109);
    assert_eq!(haircut_ppm(Amount(1_800 * BTC), pool), 162_020);
}

/// INS-1, INS-4; consequence.md §5.5 V9: Nasdaq Clearing, 10 September 2018. Of EUR 114 million
/// beyond the member's margin, 7 came from the venue and 107 from the members' fund of 166.
#[test]
fn v9_nasdaq_clearing_2018_the_venue_pays_before_the_members() {
    let (paid, left) = allocate(Amount(114), &amounts(&[7, 166]));
    assert_eq!((paid, left), (amounts(&[7, 107]), Amount::ZERO));
}

/// INS-4; consequence.md §5.5 V10: dYdX, 17 November 2023. 9 of 22.5 million were paid, 40 %, and
/// 13.5 were left; nobody else paid.
#[test]
fn v10_dydx_2023_the_fund_was_enough() {
    let (fund, loss) = (Amount(22_500_000), Amount(9_000_000));
    let (paid, left) = allocate(loss, &[fund]);
    assert_eq!((paid[0], left), (loss, Amount::ZERO));
    assert_eq!(fund.minus(paid[0]), Amount(13_500_000));
    assert_eq!(paid[0].0 * 100 / fund.0, 40);
}

fn any_amounts() -> impl Strategy<Value = Vec<Amount>> {
    let any_one = prop_oneof![
        (0..=62_u32).prop_flat_map(|bits| 0..=1_i64 << bits),
        -5..=5_i64,
        Just(i64::MAX),
        Just(i64::MIN)
    ];
    proptest::collection::vec(any_one.prop_map(Amount), 0..40)
}

fn any_total() -> impl Strategy<Value = Amount> {
    prop_oneof![0..=20_i64, (0..=62_u32).prop_flat_map(|bits| 0..=1_i64 << bits), any::<i64>()]
        .prop_map(Amount)
}

/// What may be asked for: no more than there is, in the total and of each.
fn check_shares(total: Amount, most: &[Amount], shares: &[Amount]) -> Result<(), TestCaseError> {
    let there_is: i128 = most.iter().map(|most| i128::from(most.0.max(0))).sum();
    prop_assert_eq!(sum(shares), i128::from(total.0).clamp(0, there_is));
    prop_assert_eq!(shares.len(), most.len());
    for (share, most) in shares.iter().zip(most) {
        prop_assert!(Amount::ZERO <= *share && share.0 <= most.0.max(0), "{share} of {most}");
    }
    Ok(())
}

proptest! {
    /// INS-4, INS-6, ADL-2.
    #[test]
    fn shares_sum_to_what_is_asked_for(total in any_total(), most in any_amounts()) {
        let (paid, left) = allocate(total, &most);
        check_shares(total, &most, &paid)?;
        prop_assert_eq!(sum(&paid) + i128::from(left.0), i128::from(total.0.max(0)));
        check_shares(total, &most, &pro_rata(total, &most))?;
        check_shares(total, &most, &level(total, &most))?;
    }

    /// INS-4: nobody pays before those before it have paid all they have.
    #[test]
    fn layers_are_used_up_in_order(total in any_total(), most in any_amounts()) {
        let (paid, _) = allocate(total, &most);
        for later in 1..paid.len() {
            let is_up = (0..later).all(|layer| paid[layer].0 == most[layer].0.max(0));
            prop_assert!(paid[later] == Amount::ZERO || is_up);
        }
    }

    /// INS-6: within an atom of the exact share; and the remainders that got one are the largest.
    #[test]
    fn a_share_is_within_an_atom_of_exact(total in any_total(), weights in any_amounts()) {
        let shares = pro_rata(total, &weights);
        let all: i128 = weights.iter().map(|weight| i128::from(weight.0.max(0))).sum();
        prop_assume!(0 < all);
        let total = u128::try_from(i128::from(total.0).clamp(0, all)).expect("not below zero");
        let all = u128::try_from(all).expect("above zero");
        let mut got = Vec::new();
        let mut missed = Vec::new();
        for (place, (share, weight)) in shares.iter().zip(&weights).enumerate() {
            let exact = u128::try_from(weight.0.max(0)).expect("not below zero") * total;
            let over = u128::try_from(share.0).expect("not below zero").abs_diff(exact / all);
            prop_assert!(over <= 1, "{share}");
            let kind = if over == 1 { &mut got } else { &mut missed };
            kind.push((core::cmp::Reverse(exact % all), place));
        }
        let (last, next) = (got.iter().max(), missed.iter().min());
        prop_assert!(last.is_none_or(|last| next.is_none_or(|next| last < next)));
    }

    /// ADL-2: two who give different amounts, by more than an atom, differ in what they have: the
    /// one who gives less gives all it has.
    #[test]
    fn whoever_is_below_the_level_gave_all(total in any_total(), most in any_amounts()) {
        let shares = level(total, &most);
        for (share, most) in shares.iter().zip(&most) {
            let is_level = shares.iter().all(|other| other.0 <= share.0 + 1);
            prop_assert!(is_level || share.0 == most.0.max(0));
        }
    }

    /// ADL-6: more to share takes no less of anybody, but for the atom of pro rata.
    #[test]
    fn more_to_share_takes_no_less_of_anybody(
        total in any_total(), more in 0..=1_000_i64, most in any_amounts(),
    ) {
        let larger = Amount(total.0.saturating_add(more));
        let pairs = [
            (allocate(total, &most).0, allocate(larger, &most).0, 0),
            (level(total, &most), level(larger, &most), 0),
            (pro_rata(total, &most), pro_rata(larger, &most), 1),
        ];
        for (less, more, atoms) in pairs {
            prop_assert!(less.iter().zip(&more).all(|(less, more)| less.0 <= more.0 + atoms));
        }
    }
}
