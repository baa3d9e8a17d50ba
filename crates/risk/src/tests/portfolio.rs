//! PM-1 to PM-5: scenarios, their terms, and what a set of holdings and orders needs.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;
use types::{Amount, IndexPrice, PortfolioTerms, RiskFault, Scenario, Style, Tail, VolMove};

use super::{future, units};
use crate::portfolio::{Exposed, Scan, beside, check_terms, future_changes, scenarios, to_stay};

fn terms() -> PortfolioTerms {
    let tail = |(move_ppm, weight_ppm)| Tail { move_ppm, weight_ppm };
    PortfolioTerms {
        range_ppm: 160_000,
        steps: 4,
        vol_up_ppm: 500_000,
        vol_down_ppm: 250_000,
        near_power_ppm: 300_000,
        far_power_ppm: 130_000,
        tails: [(-660_000, 240_000), (5_000_000, 32_000)].map(tail).to_vec(),
        maintenance_ppm: 800_000,
        future_initial_ppm: 10_000,
        future_maintenance_ppm: 6_000,
        short_initial_ppm: 5_000,
        short_maintenance_ppm: 3_000,
    }
}

// venue.md §2.9.2: nine prices, three volatilities each, and tails with volatility up.
#[test]
fn pm_1_the_core_grid_is_nine_prices_by_three_volatilities() {
    let all = scenarios(&terms());
    assert_eq!(all.len(), 27 + 2);
    let moves: Vec<i32> = all.iter().take(27).step_by(3).map(|one| one.move_ppm).collect();
    assert_eq!(moves, [-160_000, -120_000, -80_000, -40_000, 0, 40_000, 80_000, 120_000, 160_000]);
    let tail = Scenario { move_ppm: 5_000_000, vol: VolMove::Up, weight_ppm: 32_000 };
    assert_eq!(all.last(), Some(&tail));
}

#[test]
fn pm_1_terms_that_contradict_are_refused() {
    let good = terms();
    assert_eq!(check_terms(&good), Ok(()));
    let tail = |move_ppm| vec![Tail { move_ppm, weight_ppm: 1 }];
    let bad = [
        PortfolioTerms { range_ppm: 9_999, ..good.clone() },
        PortfolioTerms { range_ppm: 900_001, ..good.clone() },
        PortfolioTerms { steps: 0, ..good.clone() },
        PortfolioTerms { steps: 9, ..good.clone() },
        PortfolioTerms { vol_up_ppm: 10_000_001, ..good.clone() },
        PortfolioTerms { vol_down_ppm: 1_000_000, ..good.clone() },
        PortfolioTerms { near_power_ppm: 1_000_001, ..good.clone() },
        PortfolioTerms { far_power_ppm: 1_000_001, ..good.clone() },
        PortfolioTerms { tails: tail(-990_001), ..good.clone() },
        PortfolioTerms { tails: tail(10_000_001), ..good.clone() },
        PortfolioTerms { tails: vec![Tail { move_ppm: 0, weight_ppm: 0 }; 17], ..good.clone() },
        PortfolioTerms { tails: vec![Tail { move_ppm: 0, weight_ppm: 1_000_001 }], ..good.clone() },
        PortfolioTerms { maintenance_ppm: 0, ..good.clone() },
        PortfolioTerms { maintenance_ppm: 1_000_001, ..good.clone() },
        PortfolioTerms { future_maintenance_ppm: 10_001, ..good.clone() },
        PortfolioTerms { short_maintenance_ppm: 5_001, ..good.clone() },
        PortfolioTerms { future_initial_ppm: 1_000_001, ..good.clone() },
        PortfolioTerms { short_initial_ppm: 1_000_001, ..good },
    ];
    for terms in bad {
        assert_eq!(check_terms(&terms), Err(RiskFault::Portfolio), "{terms:?}");
    }
}

#[test]
fn pm_1_terms_are_taken_up_to_their_bounds() {
    let million = 1_000_000;
    let tail = |move_ppm| Tail { move_ppm, weight_ppm: million };
    let least = PortfolioTerms {
        range_ppm: 10_000,
        steps: 1,
        vol_up_ppm: 0,
        vol_down_ppm: 0,
        near_power_ppm: 0,
        far_power_ppm: 0,
        tails: Vec::new(),
        maintenance_ppm: 1,
        future_initial_ppm: 0,
        future_maintenance_ppm: 0,
        short_initial_ppm: 0,
        short_maintenance_ppm: 0,
    };
    let most = PortfolioTerms {
        range_ppm: 900_000,
        steps: 8,
        vol_up_ppm: 10_000_000,
        vol_down_ppm: 999_999,
        near_power_ppm: million,
        far_power_ppm: million,
        tails: [vec![tail(-990_000); 8], vec![tail(10_000_000); 8]].concat(),
        maintenance_ppm: million,
        future_initial_ppm: million,
        future_maintenance_ppm: million,
        short_initial_ppm: million,
        short_maintenance_ppm: million,
    };
    assert_eq!([check_terms(&least), check_terms(&most)], [Ok(()), Ok(())]);
}

/// A change is held in 64 bits; one that is beyond them counts as the last that fits.
#[test]
fn pm_3_a_change_is_as_large_as_it_can_be_and_a_price_above_zero() {
    let at = |move_ppm, weight_ppm| Scenario { move_ppm, vol: VolMove::Same, weight_ppm };
    let heavy = [at(1_000_000, u32::MAX), at(-1_000_000, u32::MAX), at(0, u32::MAX)];
    let dear = IndexPrice(IndexPrice::MAX.0 / 2);
    let changes = future_changes(&future(Style::Linear), dear, &heavy);
    // 0.001 BTC at five billion: 5 million USDC a lot, in thousandths of a millionth.
    assert_eq!(changes, [i64::MAX, i64::MIN, 0]);
    let cheap = future_changes(&future(Style::Inverse), IndexPrice(2), &[at(-990_000, 1_000_000)]);
    let least = future_changes(&future(Style::Inverse), IndexPrice(2), &[at(-500_000, 1_000_000)]);
    assert_eq!(cheap, least, "one counts at least");
}

/// PM-5: a share of what is beside the scenarios, up.
#[test]
fn pm_5_a_share_is_needed_beside_the_scenarios() {
    for (of, rate_ppm, needed) in [(0, 10_000, 0), (100, 10_000, 1), (101, 10_000, 2), (7, 0, 0)] {
        assert_eq!(beside(Amount(of), rate_ppm), Amount(needed), "{of} {rate_ppm}");
    }
}

// venue.md §2.7: 100 000 USD from 60 000 to 66 000 win 0.15152 BTC, to 54 000 lose 0.18519 BTC.
#[test]
fn pm_3_a_future_changes_as_the_worked_sums_say() {
    let at = |move_ppm| Scenario { move_ppm, vol: VolMove::Same, weight_ppm: 1_000_000 };
    let both = [at(100_000), at(-100_000)];
    let inverse = future_changes(&future(Style::Inverse), units(60_000), &both);
    // 10 000 lots of 10 USD; thousandths of a satoshi each.
    let btc: Vec<i64> = inverse.iter().map(|change| change * 10_000 / 1_000).collect();
    assert_eq!(btc, [15_151_510, -18_518_520]);
    let linear = future_changes(&future(Style::Linear), units(60_000), &both);
    // A lot is 0.001 BTC: 6 USDC.
    assert_eq!(linear, [6_000_000_000, -6_000_000_000]);
    let half = [Scenario { weight_ppm: 500_000, ..at(-100_000) }];
    assert_eq!(future_changes(&future(Style::Linear), units(60_000), &half), [-3_000_000_000]);
}

#[test]
fn pm_4_to_stay_a_share_of_the_worst_is_needed_rounded_up() {
    assert_eq!(to_stay(&terms(), 101), 81);
}

/// With orders of both sides, of one, or of none.
fn any_exposed() -> impl Strategy<Value = Exposed> {
    let orders = || prop_oneof![Just(0), 0..=500_i64];
    (-1_000..=1_000_i64, orders(), orders()).prop_map(|(size, bid, ask)| Exposed { size, bid, ask })
}

/// The worst of a set over all scenarios, when each side of each order book fills as told.
fn worst(held: &[(Exposed, Vec<i64>)], fills: u32, n_scenarios: usize) -> i128 {
    let result = |scenario: usize| -> i128 {
        let of = |(nth, (exposed, changes)): (usize, &(Exposed, Vec<i64>))| {
            let bought = if fills >> (2 * nth) & 1 == 1 { exposed.bid } else { 0 };
            let sold = if fills >> (2 * nth + 1) & 1 == 1 { exposed.ask } else { 0 };
            i128::from(exposed.size + bought - sold) * i128::from(changes[scenario])
        };
        held.iter().enumerate().map(of).sum()
    };
    let least = (0..n_scenarios).map(result).min().unwrap_or(0).min(0);
    (-least + 999) / 1_000
}

proptest! {
    /// PM-4: what orders add is what the worst of all ways to fill them adds, and nothing more.
    #[test]
    fn orders_count_as_the_worst_way_to_fill_them(
        held in proptest::collection::vec(
            (any_exposed(), proptest::collection::vec(-90_000..=90_000_i64, 5)), 1..5),
    ) {
        let mut scan = Scan::default();
        for (exposed, changes) in &held {
            scan.replace(&Exposed::default(), exposed, changes);
        }
        let n_ways = 1_u32 << (2 * held.len());
        let searched = (0..n_ways).map(|fills| worst(&held, fills, 5)).max();
        prop_assert_eq!(Some(scan.worst_open()), searched);
        prop_assert_eq!(scan.worst_held(), worst(&held, 0, 5));
        prop_assert!(scan.worst_held() <= scan.worst_open());
    }

    /// Taking in and out again leaves nothing behind.
    #[test]
    fn a_scan_forgets_what_was_taken_out(
        one in any_exposed(),
        other in any_exposed(),
        changes in proptest::collection::vec(any::<i64>(), 3),
    ) {
        let (mut scan, mut straight) = (Scan::default(), Scan::default());
        scan.replace(&Exposed::default(), &one, &changes);
        scan.replace(&one, &other, &changes);
        straight.replace(&Exposed::default(), &other, &changes);
        prop_assert_eq!(&scan, &straight);
        scan.replace(&other, &Exposed::default(), &changes);
        prop_assert_eq!(scan.worst_open(), 0);
    }
}
