//! The worked examples of venue.md §2.15 and the pools of api.md §4.

use super::{Bucket, Overdraft, Rate, Rates};

const MS: u64 = 1_000;

/// Calls of `cost` that are admitted at `run_us`, at most 1 000.
fn calls(bucket: &mut Bucket, run_us: u64, rate: Rate, cost: u64) -> usize {
    (0..1_000).take_while(|_| bucket.take(run_us, rate, cost).is_ok()).count()
}

#[test]
fn the_worked_example_of_the_venue_specification_holds() {
    // venue.md §2.15: 50,000 full; 100 calls empty it; after 250 ms 2,500 credits, so 5 calls.
    let rate = Rates::default().non_matching;
    let mut bucket = Bucket::default();
    let start_us = 1_795_336_885_000_000;
    assert_eq!(calls(&mut bucket, start_us, rate, 500), 100);
    assert_eq!(calls(&mut bucket, start_us + 250 * MS, rate, 500), 5);
}

#[test]
fn the_published_pools_have_the_published_bursts_and_rates() {
    let rates = Rates::default();
    // name, rate, cost, burst, then how many more after ten seconds
    let table = [
        ("get_instruments", rates.instruments, 10_000, 50, 10),
        ("subscribe", rates.subscribe, 3_000, 10, 10),
        ("get_transaction_log", rates.transaction_log, 10_000, 8, 8),
        ("orders of the lowest tier", rates.trading, 1, 20, 20),
        ("cancels", rates.cancel, 1, 100, 100),
    ];
    for (name, rate, cost, burst, after_10_s) in table {
        let mut bucket = Bucket::default();
        assert_eq!(calls(&mut bucket, 0, rate, cost), burst, "{name}");
        assert_eq!(calls(&mut bucket, 10_000 * MS, rate, cost), after_10_s, "{name}");
    }
}

#[test]
fn a_refusal_says_when_to_ask_again_and_then_is_right() {
    let rate = Rate { burst: 20, per_s: 5 };
    let mut bucket = Bucket::default();
    assert_eq!(calls(&mut bucket, 0, rate, 1), 20);
    let refused = bucket.take(10 * MS, rate, 1);
    let numbers = Overdraft { credits: 0, cost: 1, refill_per_s: 5, retry_after_ms: 190 };
    assert_eq!(refused, Err(numbers));
    assert!(bucket.take(199 * MS, rate, 1).is_err());
    assert!(bucket.take(200 * MS, rate, 1).is_ok());
}

#[test]
fn a_refused_call_takes_nothing_and_a_clock_that_goes_back_gives_nothing() {
    let rate = Rate { burst: 2, per_s: 1 };
    let mut bucket = Bucket::default();
    assert_eq!(calls(&mut bucket, 5_000 * MS, rate, 1), 2);
    assert!(bucket.take(1_000 * MS, rate, 1).is_err());
    assert!(bucket.take(5_999 * MS, rate, 1).is_err());
    assert!(bucket.take(6_000 * MS, rate, 1).is_ok());
    assert!(!bucket.is_full(7_000 * MS, rate));
    assert!(bucket.is_full(8_000 * MS, rate));
}
