//! What lying earns and what it costs (venue.md §5.2).

use expect_test::expect;
use std::format;
use std::string::String;

use types::{At, Health, ReporterFault};

use super::dice::report;
use super::stage::{adjust, price, terms};
use crate::{Feed, Taken};

/// The open interest up to which a bias of the index is not worth what it costs: gains are at most
/// open interest × bias, costs are stake × slash × P(caught). Rounded down.
fn open_interest_max(stake: u128, slash_ppm: u128, caught_ppm: u128, bias_ppm: u128) -> u128 {
    stake * slash_ppm * caught_ppm / (bias_ppm * 1_000_000)
}

#[test]
fn ora_28_the_deterrence_formula_says_the_worked_example() {
    // venue.md §5.2: a stake of $50M, 5 % of it slashed, always caught, a bias of 250 bp.
    assert_eq!(open_interest_max(50_000_000, 50_000, 1_000_000, 25_000), 100_000_000);
    // Caught every second time, it is half as much.
    assert_eq!(open_interest_max(50_000_000, 50_000, 500_000, 25_000), 50_000_000);
}

/// Nine reporters of equal weight, the first `n_liars` of which say what is `offset_ppm` above the
/// truth for five minutes, every second; the cross-check is honest. What came of it.
struct Attack {
    health: Health,
    /// The most that the index was off while the feed was healthy.
    bias_ppm: u64,
    n_faults: u128,
}

const STAKE: u128 = 1_000_000;

fn attack(n_liars: u32, offset_ppm: u64) -> Attack {
    let mut watched = terms("a b c d e f g h i bench:0");
    adjust(&mut watched, "healthy 7 7; degraded 5 5; barrier 9 5; cross bench 10000");
    let mut feed = Feed::new(watched.clone(), At(0));
    let truth = price("100").0;
    let lie = truth + truth / 1_000_000 * offset_ppm;
    let (mut bias_ppm, mut n_faults) = (0, 0);
    for second in 0..320 {
        let at = At(second * 1_000);
        for seat in &watched.seats {
            let lies = 20 <= second && seat.reporter.0 <= n_liars;
            let value = types::IndexPrice(if lies { lie } else { truth });
            let report = report(&watched, *seat, value, at, second + 1);
            let changes = feed.take(&report, Taken::Price, at);
            for (account, fault) in changes.faults {
                assert!(account.0 <= n_liars, "an honest reporter is safe");
                assert!(matches!(fault, ReporterFault::Far { .. }), "one report for each nonce");
                n_faults += 1;
            }
            let index = feed.price().map_or(truth, |index| index.0);
            if feed.health() == Health::Healthy {
                bias_ppm = bias_ppm.max(index.abs_diff(truth) * 1_000_000 / truth);
            }
        }
    }
    Attack { health: feed.health(), bias_ppm, n_faults }
}

#[test]
fn ora_28_lying_is_small_or_caught_or_ends_in_a_freeze() {
    let mut table =
        String::from("liars offset_ppm health  bias_ppm faults     lost not worth it up to\n");
    for n_liars in [1, 2, 3, 4, 5, 6, 9] {
        for offset_ppm in [4_000, 9_500, 30_000, 300_000] {
            let Attack { health, bias_ppm, n_faults } = attack(n_liars, offset_ppm);
            let lost = n_faults * STAKE * 50_000 / 1_000_000;
            let worth = match (n_faults, u128::from(bias_ppm)) {
                (0, _) => "-".into(),
                (faults, bias) => {
                    format!("{}", open_interest_max(faults * STAKE, 50_000, 1_000_000, bias))
                }
            };
            table += &format!(
                "{n_liars:>5} {offset_ppm:>10} {:<8}{bias_ppm:>8} {n_faults:>6} {lost:>8} {worth:>20}\n",
                format!("{health:?}"),
            );
            // The cap bounds a minority; the cross-check's distance bounds everybody.
            let share_bound = u64::from(n_liars) * 5_000 / 9;
            let bound = if n_liars < 5 { share_bound } else { 10_000 };
            assert!(bias_ppm <= bound, "{n_liars} liars moved it {bias_ppm} ppm: {bound}");
            // Who is far and does not freeze the feed is caught, all of them, each minute.
            if offset_ppm == 30_000 && health == Health::Healthy {
                assert_eq!(n_faults, u128::from(n_liars) * 4, "caught");
            }
        }
    }
    expect![[r#"
        liars offset_ppm health  bias_ppm faults     lost not worth it up to
            1       4000 Healthy      444      0        0                    -
            1       9500 Healthy      555      0        0                    -
            1      30000 Healthy      555      4   200000            360360360
            1     300000 Healthy      555      4   200000            360360360
            2       4000 Healthy      888      0        0                    -
            2       9500 Healthy     1111      0        0                    -
            2      30000 Healthy     1111      8   400000            360036003
            2     300000 Healthy     1111      8   400000            360036003
            3       4000 Healthy     1333      0        0                    -
            3       9500 Healthy     1666      0        0                    -
            3      30000 Frozen      1111      0        0                    -
            3     300000 Frozen      1111      0        0                    -
            4       4000 Healthy     1777      0        0                    -
            4       9500 Healthy     2222      0        0                    -
            4      30000 Frozen      1111      0        0                    -
            4     300000 Frozen      1111      0        0                    -
            5       4000 Healthy     2222      0        0                    -
            5       9500 Healthy     7256      0        0                    -
            5      30000 Frozen      1111      0        0                    -
            5     300000 Frozen      1111      0        0                    -
            6       4000 Healthy     2666      0        0                    -
            6       9500 Healthy     7817      0        0                    -
            6      30000 Frozen      1111      0        0                    -
            6     300000 Frozen      1111      0        0                    -
            9       4000 Healthy     4000      0        0                    -
            9       9500 Healthy     9500      0        0                    -
            9      30000 Frozen      1111      0        0                    -
            9     300000 Frozen      1111      0        0                    -
    "#]]
    .assert_eq(&table);
}
