//! Auto-deleveraging.

use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::expect;
use proptest::prelude::*;
use types::{AccountId, AdlPolicy, Amount, SignedLots};

use crate::adl::{Cut, Winner, deleverage, score};

const POLICIES: [AdlPolicy; 4] =
    [AdlPolicy::Queue, AdlPolicy::ProRata, AdlPolicy::WaterFilling, AdlPolicy::LeastClosing];

/// Somebody with as much equity as its position is worth.
fn winner(account: u32, size: i64, gain: i64, value: i64) -> Winner {
    Winner {
        account: AccountId(account),
        size: SignedLots(size),
        cost: Amount(value - gain),
        gain: Amount(gain),
        value: Amount(value),
        equity: Amount(value),
    }
}

fn told(cuts: &[Cut]) -> String {
    let tell = |cut: &Cut| {
        let Cut { account, lots, haircut, rank, score } = *cut;
        format!("  {rank}. account {account}: closes {lots}, gives {haircut}, score {score}\n")
    };
    cuts.iter().map(tell).collect()
}

/// ADL-3; venue.md §2.14: with the mark at 60 000, opened at 50 000 and bankrupt at 45 000 ranks
/// 0.80, opened at 58 000 and bankrupt at 57 000 ranks 0.69. The others by hand.
#[test]
fn the_rank_is_profit_times_leverage() {
    for (cost, gain, value, equity, ppm, who) in [
        (50_000, 10_000, 60_000, 15_000, 800_000, "a long with four times leverage"),
        (58_000, 2_000, 60_000, 3_000, 689_655, "a long with twenty times leverage"),
        (60_000, 30_000, 30_000, 15_000, 1_000_000, "a short whose price has halved"),
        (60_000, 59_999, 1, 60_000, 16, "a short whose price is nearly nothing"),
        (60_000, -6_000, 54_000, 10_800, -20_000, "a loss of 10 % with five times leverage"),
        (60_000, -6_000, 54_000, 108_000, -200_000, "the same with half"),
        (60_000, 0, 60_000, 1, 0, "no profit"),
        (50_000, 10_000, 60_000, 0, 12_000_000_000, "nothing behind it"),
        (50_000, 10_000, 60_000, -7, 12_000_000_000, "less than nothing behind it"),
        (0, 1, 1, 1, 1_000_000, "opened for nothing"),
        (1, i64::MAX, i64::MAX, 1, i64::MAX, "as much as there can be"),
        (1, i64::MIN, 1, i64::MAX, i64::MIN, "as little"),
    ] {
        let (account, size) = (AccountId(1), SignedLots(1));
        let [cost, gain, value, equity] = [cost, gain, value, equity].map(Amount);
        let winner = Winner { account, size, cost, gain, value, equity };
        assert_eq!(score(&winner), ppm, "{who}");
    }
}

/// ADL-2; venue.md §2.14: deficit 30 of gains of 10, 20 and 30. Here of positions of 300, 200 and
/// 100 lots, against which 200 are closed.
#[test]
fn adl_2_each_policy_has_one_rule_for_lots_and_money() {
    let winners = [
        winner(1, 300, 10, 3_000),
        winner(2, 200, 20, 2_000),
        winner(3, 100, 30, 1_000),
        winner(4, 500, -5, 5_000),
    ];
    let mut story = String::new();
    for policy in POLICIES {
        story += &format!("{policy:?}\n{}", told(&deleverage(policy, &winners, 200, Amount(30))));
    }
    expect![[r#"
        Queue
          1. account 3: closes 100, gives 30, score 30927
          2. account 2: closes 100, gives 0, score 10101
        ProRata
          1. account 3: closes 33, gives 15, score 30927
          2. account 2: closes 67, gives 10, score 10101
          3. account 1: closes 100, gives 5, score 3344
        WaterFilling
          1. account 3: closes 66, gives 10, score 30927
          2. account 2: closes 67, gives 10, score 10101
          3. account 1: closes 67, gives 10, score 3344
        LeastClosing
          1. account 3: closes 100, gives 30, score 30927
          2. account 2: closes 100, gives 0, score 10101
    "#]]
    .assert_eq(&story);
}

/// ADL-4: also where there is nothing to give, because the fund has paid.
#[test]
fn whoever_has_no_profit_is_closed_last() {
    let winners = [winner(1, 50, 0, 500), winner(2, 10, 1, 100), winner(3, 20, -9, 200)];
    for policy in POLICIES {
        for lots in [10, 11, 80, 81] {
            let cuts = deleverage(policy, &winners, lots, Amount::ZERO);
            let closed: BTreeMap<u32, u64> =
                cuts.iter().map(|cut| (cut.account.0, cut.lots)).collect();
            assert_eq!(closed.get(&2), Some(&10), "{policy:?} {lots}");
            assert_eq!(closed.values().sum::<u64>(), lots.min(80), "{policy:?} {lots}");
        }
    }
}

/// ADL-5.
#[test]
fn equals_are_asked_by_account() {
    let winners = [winner(9, 10, 5, 100), winner(4, 10, 5, 100), winner(7, 10, 5, 100)];
    for policy in POLICIES {
        let cuts = deleverage(policy, &winners, 11, Amount(7));
        let asked: Vec<u32> = cuts.iter().map(|cut| cut.account.0).collect();
        let most = if matches!(policy, AdlPolicy::Queue | AdlPolicy::LeastClosing) {
            [(10, 5), (1, 2)].as_slice()
        } else {
            [(4, 3), (4, 2), (3, 2)].as_slice()
        };
        let parts: Vec<(u64, i64)> = cuts.iter().map(|cut| (cut.lots, cut.haircut.0)).collect();
        assert_eq!((&asked[..], &parts[..]), (&[4, 7, 9][..most.len()], most), "{policy:?}");
    }
}

/// ADL-1, INS-5; consequence.md §5.5 V17: all that is open goes in one liquidation, and costs more
/// than everybody has won. Nobody pays more than it has, nothing panics, all of it is closed.
#[test]
fn v17_all_that_is_open_in_one_liquidation() {
    let winners = [winner(1, 600, 70, 6_000), winner(2, 400, 30, 4_000)];
    for policy in POLICIES {
        let cuts = deleverage(policy, &winners, 1_000, Amount(1_000_000));
        let asked: Vec<(u64, i64)> = cuts.iter().map(|cut| (cut.lots, cut.haircut.0)).collect();
        assert_eq!(asked, [(600, 70), (400, 30)], "{policy:?}");
    }
}

/// Winners of a crash, in dollars and lots of a dollar: the figures of 10 October 2025 that
/// consequence.md §5.3 derives. The nth largest of 19 337 positions follows power laws between the
/// shares of the top 1, 10, 100 and 1 000 (15.7 %, 45.8 %, 77.6 %, 95.8 % of $2 103 million); 94.5
/// % of them are profitable, with two fifths of their value on average ($834 million in all); the
/// median leverage is 0.4, of a tenth it is above 2.8, of a hundredth 74.
fn crash() -> Vec<Winner> {
    let mut dice = Dice(42);
    let people = (1..=19_337_i64).map(|nth| {
        let value = match nth {
            1 => 330_000_000,
            2..=10 => 328_000_000 / nth,
            11..=100 => 296_000_000 / nth,
            101..=1_000 => 166_000_000 / nth,
            _ => 92_600_000_000 / nth / nth,
        };
        let gain_milli = if dice.roll(1_000) < 945 { dice.roll(850) } else { -dice.roll(100) };
        let leverage_milli = match dice.roll(100) {
            0..=49 => 20 + dice.roll(380),
            50..=89 => 400 + dice.roll(2_400),
            90..=98 => 2_800 + dice.roll(20_000),
            _ => 74_000,
        };
        let gain = value * gain_milli / 1_000;
        Winner {
            account: AccountId(u32::try_from(nth).expect("few")),
            size: SignedLots(-value),
            cost: Amount(value + gain),
            gain: Amount(gain),
            value: Amount(value),
            equity: Amount((value * 1_000 / leverage_milli).max(1)),
        }
    });
    people.collect()
}

/// xorshift64*: the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % sides;
        i64::try_from(drawn).expect("few sides")
    }
}

/// Deficits of the 302 accounts that were below zero together by $23 191 104: the nth is as large
/// as the first divided by n.
fn deficits() -> Vec<Amount> {
    let mut deficits: Vec<Amount> = (1..=302).map(|nth| Amount(3_686_000 / nth)).collect();
    let sum: i64 = deficits.iter().map(|deficit| deficit.0).sum();
    deficits[0].0 += 23_191_104 - sum;
    deficits
}

/// What is taken beyond the deficits, and what is closed for it, where a venue raises each haircut
/// by closing at the price of opening: whole positions, or no more lots than it takes.
fn overshoot(policy: AdlPolicy, whole: bool) -> (i64, u64) {
    let mut winners = crash();
    let (mut over, mut closed) = (0, 0);
    for deficit in deficits() {
        let cuts = deleverage(policy, &winners, 0, deficit);
        let haircuts: i64 = cuts.iter().map(|cut| cut.haircut.0).sum();
        assert_eq!(haircuts, deficit.0, "what we take is what is lacking");
        for cut in cuts {
            let place = usize::try_from(cut.account.0 - 1).expect("small");
            let (lots, gain) = close(&mut winners[place], cut.haircut.0, whole);
            closed += lots;
            over += gain - cut.haircut.0;
        }
    }
    (over, closed)
}

/// Closes what gives the haircut; each lot gives its part of the profit, up.
fn close(winner: &mut Winner, haircut: i64, whole: bool) -> (u64, i64) {
    let size = -winner.size.0;
    let needed = if whole { size } else { (haircut * size + winner.gain.0 - 1) / winner.gain.0 };
    let gain = (winner.gain.0 * needed + size - 1) / size;
    let value = winner.value.0 * needed / size;
    winner.size.0 += needed;
    winner.gain.0 -= gain;
    winner.value.0 -= value;
    winner.cost.0 -= value + gain;
    (needed.unsigned_abs(), gain)
}

/// ADL-7; consequence.md §5.5 V12: Hyperliquid, 10 October 2025, whose queue took $51.7 million
/// more than was lacking, where the best policy would have taken 3 (0.06 of that).
///
/// Overshoot is what is taken beyond the deficits by a venue that takes it by closing positions at
/// the price at which they were opened. A queue that closes whole positions overshoots by what the
/// last one of each liquidation is too large; one that closes lots, pro rata, by less than a lot of
/// each. What we take is the deficit, under every policy.
#[test]
fn v12_hyperliquid_2025_a_queue_of_whole_positions_overshoots() {
    let (queue, queue_closed) = overshoot(AdlPolicy::Queue, true);
    let (pro_rata, pro_rata_closed) = overshoot(AdlPolicy::ProRata, false);
    expect![[r#"
        queue of whole positions: $150955168 too much, $292607882 closed
        pro rata of lots: $670313 too much, $55446331 closed
    "#]]
    .assert_eq(&format!(
        "queue of whole positions: ${queue} too much, ${queue_closed} closed\n\
         pro rata of lots: ${pro_rata} too much, ${pro_rata_closed} closed\n"
    ));
}

fn any_policy() -> impl Strategy<Value = AdlPolicy> {
    proptest::sample::select(&POLICIES)
}

/// Winners of one side, each with an account of its own.
fn any_winners() -> impl Strategy<Value = Vec<Winner>> {
    let amount = || (0..=60_u32).prop_flat_map(|bits| -9..=1_i64 << bits).prop_map(Amount);
    let size = (0..=60_u32).prop_flat_map(|bits| 1..=1_i64 << bits);
    let one = (size, amount(), amount(), amount(), amount());
    proptest::collection::vec(one, 0..30).prop_map(|raws| {
        let number = |(account, (size, cost, gain, value, equity))| {
            let size = SignedLots(size);
            Winner { account: AccountId(account), size, cost, gain, value, equity }
        };
        (0..).zip(raws).map(number).collect()
    })
}

fn any_deficit() -> impl Strategy<Value = Amount> {
    (0..=62_u32).prop_flat_map(|bits| -9..=1_i64 << bits).prop_map(Amount)
}

fn any_lots() -> impl Strategy<Value = u64> {
    (0..=63_u32).prop_flat_map(|bits| 0..=1_u64 << bits)
}

/// What each account is asked for, of those that are asked for something.
fn asked(cuts: &[Cut]) -> BTreeMap<AccountId, (u64, Amount)> {
    cuts.iter().map(|cut| (cut.account, (cut.lots, cut.haircut))).collect()
}

proptest! {
    /// ADL-1, ADL-4.
    #[test]
    fn what_is_asked_for_is_there_and_sums_up(
        policy in any_policy(), winners in any_winners(), lots in any_lots(),
        deficit in any_deficit(),
    ) {
        let cuts = deleverage(policy, &winners, lots, deficit);
        let by_account = asked(&cuts);
        prop_assert_eq!(by_account.len(), cuts.len(), "each is asked once");
        let mut sums = (0_u128, 0_i128, 0_u128, 0_i128);
        let mut is_profit_left = false;
        let mut is_loser_closed = false;
        for winner in &winners {
            let (lots, haircut) = by_account.get(&winner.account).copied().unwrap_or_default();
            let most = winner.gain.max(Amount::ZERO);
            prop_assert!(lots <= winner.size.size());
            prop_assert!((Amount::ZERO..=most).contains(&haircut), "{haircut} of {most}");
            sums.0 += u128::from(lots);
            sums.1 += i128::from(haircut.0);
            sums.2 += u128::from(winner.size.size());
            sums.3 += i128::from(most.0);
            is_profit_left |= Amount::ZERO < winner.gain && lots < winner.size.size();
            is_loser_closed |= winner.gain <= Amount::ZERO && 0 < lots;
        }
        prop_assert_eq!(sums.0, u128::from(lots).min(sums.2));
        prop_assert_eq!(sums.1, i128::from(deficit.0).clamp(0, sums.3));
        prop_assert!(!is_profit_left || !is_loser_closed, "ADL-4");
        let ranks: Vec<u32> = cuts.iter().map(|cut| cut.rank).collect();
        prop_assert!(ranks.is_sorted_by(|one, next| one < next) && ranks.first() != Some(&0));
    }

    /// ADL-5.
    #[test]
    fn the_order_of_the_list_makes_no_difference(
        policy in any_policy(), winners in any_winners(), lots in any_lots(),
        deficit in any_deficit(), swaps in proptest::collection::vec(any::<(usize, usize)>(), 30),
    ) {
        let mut shuffled = winners.clone();
        for (one, other) in swaps {
            let count = shuffled.len().max(1);
            if !shuffled.is_empty() {
                shuffled.swap(one % count, other % count);
            }
        }
        let cuts = deleverage(policy, &winners, lots, deficit);
        prop_assert_eq!(cuts, deleverage(policy, &shuffled, lots, deficit));
    }

    /// ADL-6: a larger deficit takes no less of anybody, and more lots close no less; but for the
    /// atom, or lot, of pro rata.
    #[test]
    fn more_takes_no_less_of_anybody(
        policy in any_policy(), winners in any_winners(), lots in any_lots(),
        deficit in any_deficit(), more in (0..=1_000_u64, 0..=1_000_i64),
    ) {
        let less = asked(&deleverage(policy, &winners, lots, deficit));
        let larger = Amount(deficit.0 + more.1);
        let more = asked(&deleverage(policy, &winners, lots + more.0, larger));
        let slack = u8::from(policy == AdlPolicy::ProRata);
        for (account, (lots, haircut)) in less {
            let (more_lots, more_haircut) = more.get(&account).copied().unwrap_or_default();
            prop_assert!(lots <= more_lots + u64::from(slack));
            prop_assert!(haircut.0 <= more_haircut.0 + i64::from(slack));
        }
    }

    /// ADL-2: in a queue nobody is closed before those in front of it are closed wholly; and nobody
    /// gives before they have given all.
    #[test]
    fn a_queue_is_served_from_its_front(
        is_least in any::<bool>(), winners in any_winners(), lots in any_lots(),
        deficit in any_deficit(),
    ) {
        let policy = if is_least { AdlPolicy::LeastClosing } else { AdlPolicy::Queue };
        let by_account = asked(&deleverage(policy, &winners, lots, deficit));
        let place = |winner: &Winner| {
            let per_lot = i128::from(winner.gain.0) * 1_000_000_000 / i128::from(winner.size.0);
            let by = if is_least { per_lot } else { score(winner).into() };
            (winner.gain <= Amount::ZERO, core::cmp::Reverse(by), winner.account)
        };
        for front in &winners {
            let most = (front.size.size(), front.gain.max(Amount::ZERO));
            let given = by_account.get(&front.account).copied().unwrap_or_default();
            for back in winners.iter().filter(|back| place(front) < place(back)) {
                let (lots, haircut) = by_account.get(&back.account).copied().unwrap_or_default();
                prop_assert!(lots == 0 || given.0 == most.0, "{front:?} {back:?}");
                prop_assert!(haircut == Amount::ZERO || given.1 == most.1);
            }
        }
    }

    /// ADL-3: more profit, or more leverage to the same profit, does not rank lower.
    #[test]
    fn the_rank_grows_with_profit_and_leverage(
        cost in 1..=1_i64 << 60, gains in [0..=1_i64 << 40, 0..=1_i64 << 40],
        value in 1..=1_i64 << 40, equities in [1..=1_i64 << 60, 1..=1_i64 << 60],
    ) {
        let ranked = |gain: i64, equity: i64| {
            let [cost, gain, value, equity] = [cost, gain, value, equity].map(Amount);
            score(&Winner { account: AccountId(1), size: SignedLots(1), cost, gain, value, equity })
        };
        let (less, more) = (gains[0].min(gains[1]), gains[0].max(gains[1]));
        let (poor, rich) = (equities[0].min(equities[1]), equities[0].max(equities[1]));
        prop_assert!(ranked(less, poor) <= ranked(more, poor));
        prop_assert!(ranked(more, rich) <= ranked(more, poor));
        prop_assert!(ranked(-more, rich) <= ranked(-more, poor), "a loss weighs less with leverage");
        prop_assert!(ranked(-more, poor) <= 0);
    }
}
