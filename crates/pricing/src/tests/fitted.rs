//! Surfaces of different times, compared.

use types::{At, Svi};

use super::{svi, worked};
use crate::{Fitted, Profile, SviFault, atm_variance_ppb};

/// 30 days from the beginning.
const EXPIRY: At = At(30 * At::DAY);

fn fitted(svi: Svi, day: u64) -> Fitted {
    Fitted { svi, fitted_at: At(day * At::DAY), expiry: EXPIRY }
}

/// Half of the time is left: half of everything that is variance.
fn half(svi: Svi) -> Svi {
    Svi { a: svi.a / 2, b: svi.b / 2, ..svi }
}

#[test]
fn what_the_clock_took_makes_no_difference_to_a_profile() {
    let variance = atm_variance_ppb(&worked());
    let Profile(early) = fitted(worked(), 0).profile(variance);
    let Profile(late) = fitted(half(worked()), 15).profile(variance);
    assert_eq!(early, late);
    // venue.md §2.4.3: 62.4 % at the money; and one deviation, 17.9 %, up and down.
    let of_a_year = |k: f64| {
        let variance = 0.02 + 0.08 * (-0.3 * k + (k * k + 0.0225).sqrt());
        (variance * 365.0 / 30.0 * 1e9).round()
    };
    let deviation = (variance as f64 / 1e9).sqrt();
    for (place, found) in early.into_iter().enumerate() {
        let expected = of_a_year((place as f64 - 4.0) * deviation);
        assert!((found as f64 - expected).abs() <= 1.0, "{place}: {found}, {expected}");
    }
    assert_eq!(fitted(worked(), 30).profile(variance), Profile([0; Profile::PLACES]));
    assert_eq!(fitted(worked(), 31).profile(variance), Profile([0; Profile::PLACES]));
}

/// Fitted at different times, the older one has more time in it: 5 % more of near variance are
/// none when a tenth of its time has passed, and a far one that is old was more than it is.
#[test]
fn a_calendar_is_looked_at_as_of_now() {
    let far = |svi, day| Fitted { expiry: At(60 * At::DAY), ..fitted(svi, day) };
    let more = Svi { a: worked().a * 21 / 20, b: worked().b * 21 / 20, ..worked() };
    let near = fitted(more, 0);
    let now = At(3 * At::DAY);
    assert_eq!(near.check_calendar(&far(worked(), 3), now), Ok(()));
    let falls = |checked| matches!(checked, Err(SviFault::Calendar { .. }));
    assert!(falls(near.check_calendar(&far(worked(), 0), At(0))));
    assert!(falls(fitted(worked(), 20).check_calendar(&far(worked(), 0), At(20 * At::DAY))));
    // A time of the source that is ahead of the log's is as of now.
    assert_eq!(fitted(worked(), 20).check_calendar(&far(worked(), 25), At(0)), Ok(()));
    // Nothing is left of an expiry that is over.
    let high = svi(1.0, 0.08, -0.3, 0.0, 0.15);
    assert_eq!(fitted(high, 0).check_calendar(&far(worked(), 30), EXPIRY), Ok(()));
}
