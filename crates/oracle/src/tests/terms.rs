//! Terms that make no feed.

use types::{AccountId, Amount, FeedFault, FeedTerms, Seat, SourceId};

use super::stage::{adjust, terms};
use crate::check_terms;

/// What is wrong with terms for five sources and a cross-check that are changed by these lines.
fn fault(lines: &str) -> Option<FeedFault> {
    let mut terms = terms("a b c d e bench:0");
    adjust(&mut terms, "cross bench 5000");
    adjust(&mut terms, lines);
    check_terms(&terms).err()
}

fn fault_of(change: impl FnOnce(&mut FeedTerms)) -> Option<FeedFault> {
    let mut terms = terms("a b c");
    change(&mut terms);
    check_terms(&terms).err()
}

#[test]
fn ora_23_quorums_are_within_the_seats_that_count_and_not_upside_down() {
    let quorum = Some(FeedFault::Quorum { reporters: 5, sources: 5 });
    let table = [
        ("", None),
        ("healthy 5 5; degraded 5 5", None),
        ("healthy 6 5", quorum),
        ("healthy 5 6", quorum),
        ("degraded 0 1", quorum),
        ("degraded 1 0", quorum),
        ("healthy 2 3; degraded 3 3", quorum),
        ("healthy 3 2; degraded 3 3", quorum),
        ("barrier 0 1", Some(FeedFault::Barrier)),
        ("barrier 1 0", Some(FeedFault::Barrier)),
        ("barrier 1 6", Some(FeedFault::Barrier)),
        ("barrier 1 5", None),
        // One reporter of all sources is one reporter.
        ("seats 1@a 1@b 1@c 9@bench", Some(FeedFault::Quorum { reporters: 1, sources: 3 })),
        ("seats 1@a 2@a 3@a 9@bench", Some(FeedFault::Quorum { reporters: 3, sources: 1 })),
    ];
    for (lines, due) in table {
        assert_eq!(fault(lines), due, "{lines}");
    }
}

#[test]
fn ora_23_times_and_rates_have_bounds() {
    let (times, rates) = (Some(FeedFault::Times), Some(FeedFault::Rates));
    let table = [
        ("stale_ms 0", times),
        ("stale_ms 1", None),
        ("stale_ms 86400000", None),
        ("stale_ms 86400001", times),
        ("ahead_ms 60000", None),
        ("ahead_ms 60001", times),
        ("far_ms 0", times),
        ("far_ms 86400001", times),
        ("cap_ppm 0", rates),
        ("cap_ppm 20000", None),
        ("cap_ppm 20001", rates),
        ("far_ppm 5000", None),
        ("far_ppm 4999", rates),
        ("spread_ppm 4999", rates),
        ("spread_ppm 1000001", rates),
        ("confidence_ppm 0", rates),
        ("jump_ppm 0", rates),
        ("jump_ppm 1000000", None),
        ("cross bench 0", rates),
        ("reporter_cap_ppm 199999", rates),
        ("reporter_cap_ppm 200000", None),
        ("reporter_cap_ppm 1000001", rates),
        ("cross a 5000", Some(FeedFault::CrossCheck)),
        ("seats 1@a 2@b 3@c", Some(FeedFault::CrossCheck)),
    ];
    for (lines, due) in table {
        assert_eq!(fault(lines), due, "{lines}");
    }
}

#[test]
fn ora_23_lists_and_money_have_bounds() {
    let seat = |reporter, source| Seat { reporter: AccountId(reporter), source: SourceId(source) };
    let twice = FeedFault::Seat { account: AccountId(2), source_id: 1 };
    assert_eq!(fault_of(|terms| terms.seats.push(seat(2, 1))), Some(twice));
    let nowhere = FeedFault::Seat { account: AccountId(2), source_id: 3 };
    assert_eq!(fault_of(|terms| terms.seats.push(seat(2, 3))), Some(nowhere));
    let none = |terms: &mut FeedTerms| terms.sources.clear();
    assert_eq!(fault_of(none), Some(FeedFault::Sources { sources: 0 }));
    let many = |terms: &mut FeedTerms| {
        terms.sources = (0..33).map(|_| terms.sources[0].clone()).collect();
    };
    assert_eq!(fault_of(many), Some(FeedFault::Sources { sources: 33 }));
    assert_eq!(fault_of(|terms| terms.seats.clear()), Some(FeedFault::Seats { seats: 0 }));
    let many = |terms: &mut FeedTerms| terms.seats = (0..65).map(|id| seat(id, 0)).collect();
    assert_eq!(fault_of(many), Some(FeedFault::Seats { seats: 65 }));
    let reward = |atoms| fault_of(|terms| terms.incentives.reward_per_hour = Amount(atoms));
    assert_eq!(reward(-1), Some(FeedFault::Reward));
    assert_eq!(reward(Amount::MAX.0), None);
    assert_eq!(reward(Amount::MAX.0 + 1), Some(FeedFault::Reward));
}
