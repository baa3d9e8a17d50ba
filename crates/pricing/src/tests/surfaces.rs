//! Surfaces: values of venue.md §2.4.3 and of Gatheral and Jacquier, and each fault.

use std::format;
use std::string::String;

use expect_test::expect;
use types::Svi;

use super::{svi, worked};
use crate::svi::Slice;
use crate::{atm_variance_ppb, check, check_calendar};

#[test]
fn volatilities_of_the_worked_surface() {
    let slice = Slice::new(&worked());
    let table = [(40e3, 0.885), (50e3, 0.726), (60e3, 0.624), (70e3, 0.639), (90e3, 0.739_f64)];
    for (strike, expected) in table {
        let variance = slice.total_variance((strike / 60e3_f64).ln());
        let sigma = (variance / (30.0 / 365.0)).sqrt();
        assert!((sigma - expected).abs() < 6e-4, "{strike}: {sigma}");
    }
    assert_eq!(check(&worked()), Ok(()));
}

/// J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), example 3.1 and
/// section 5: Axel Vogt's parameters, which pass every check but the butterfly, and two
/// corrections of them (raw parameters from the paper's jump-wing ones, of which the first is the
/// variance at the money).
#[test]
fn vogt() {
    let vogt = svi(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153);
    assert!((atm_variance_ppb(&vogt) - 17_426_250).abs() < 200);
    expect!["a butterfly at k = 0.6515: g is -0.002737"].assert_eq(&butterfly(&vogt));
    let guaranteed =
        svi(0.007_740_895, 0.069_242_028, -0.334_036_507, 0.042_033_796, 0.118_608_011);
    let optimal = svi(-0.030_519_911, 0.102_716_782, 0.100_717_613, 0.272_344_193, 0.412_398_147);
    for corrected in [guaranteed, optimal] {
        assert!((atm_variance_ppb(&corrected) - 17_426_250).abs() < 3);
        assert_eq!(check(&corrected), Ok(()));
    }
}

/// Another correction of Vogt's parameters, which is not enough: `g` is above zero at every point
/// of the grid and dips to −2.8e-5 between two of them.
#[test]
fn a_dip_between_two_points() {
    let svi = svi(-0.032_304_951, 0.107_041_625, 0.137_051_661, 0.286_827_946, 0.414_309_164);
    expect!["a butterfly at k = 0.8154: g is -0.000028"].assert_eq(&butterfly(&svi));
}

fn butterfly(svi: &Svi) -> String {
    match check(svi) {
        Err(crate::SviFault::Butterfly { k, g }) => {
            format!("a butterfly at k = {:.4}: g is {:.6}", k as f64 / 1e9, g as f64 / 1e9)
        }
        other => format!("{other:?}"),
    }
}

fn verdict(svi: Svi) -> String {
    match check(&svi) {
        Ok(()) => String::from("accepted"),
        Err(fault) => format!("{fault}"),
    }
}

#[test]
fn faults_of_one_expiry() {
    let good = worked();
    let table = [
        ("as it is", good),
        ("b below zero", Svi { b: -1, ..good }),
        ("rho of one", Svi { rho: 1_000_000_000, ..good }),
        ("rho of nearly one", Svi { rho: 999_999_999, ..good }),
        ("sigma of zero", Svi { sigma: 0, ..good }),
        ("m beyond all strikes", Svi { m: i64::MAX, ..good }),
        (
            "all at the least",
            Svi { a: i64::MIN, b: i64::MIN, rho: i64::MIN, m: i64::MIN, sigma: 1 },
        ),
        ("a too low", Svi { a: -11_500_000, ..good }),
        ("a as low as it may be", Svi { a: -11_400_000, ..good }),
        ("flat, of one billionth", Svi { a: 1, b: 0, ..good }),
        ("flat, of nothing", Svi { a: 0, b: 0, ..good }),
        ("flat, of far too much", Svi { a: 144_000_000_000, b: 0, ..good }),
        ("steep", Svi { b: 1_538_461_538, sigma: 2_000_000_000, ..good }),
        ("too steep by a billionth", Svi { b: 1_538_461_539, sigma: 2_000_000_000, ..good }),
        ("steep and sharp", Svi { b: 1_538_461_538, ..good }),
        ("too much at the ends", Svi { a: 143_000_000_000, b: 100_000_000, ..good }),
    ];
    let mut found = String::new();
    for (name, svi) in table {
        found += &format!("{name}: {}\n", verdict(svi));
    }
    expect![[r#"
        as it is: accepted
        b below zero: b is -1 billionths: it lies between 0 and 2000000000
        rho of one: rho is 1000000000 billionths: it lies between -999999999 and 999999999
        rho of nearly one: accepted
        sigma of zero: sigma is 0 billionths: it lies between 1 and 144000000000
        m beyond all strikes: m is 9223372036854775807 billionths: it lies between -144000000000 and 144000000000
        all at the least: a is -9223372036854775808 billionths: it lies between -144000000000 and 144000000000
        a too low: the least total variance is -52730 billionths: it is at least 1
        a as low as it may be: a butterfly at k = 159511291 billionths costs less than nothing: g is -4831473 billionths
        flat, of one billionth: accepted
        flat, of nothing: the least total variance is 0 billionths: it is at least 1
        flat, of far too much: accepted
        steep: a butterfly at k = -20000000000 billionths costs less than nothing: g is -18342375 billionths
        too steep by a billionth: the slope of a wing is 2000000000 billionths: it is at most 2e9
        steep and sharp: a butterfly at k = -20000000000 billionths costs less than nothing: g is -24701339 billionths
        too much at the ends: the total variance at k = -20000000000 billionths is 145600056249 billionths: it is at most 144e9
    "#]].assert_eq(&found);
}

#[test]
fn faults_between_expiries() {
    let near = worked();
    let table = [
        ("the same", near),
        ("a little later", Svi { a: near.a + 1, ..near }),
        ("a little less", Svi { a: near.a - 1, ..near }),
        (
            "more at the money, less in the wings",
            Svi { a: near.a + 5_000_000, b: 60_000_000, ..near },
        ),
        ("leaning the other way", Svi { a: near.a + 5_000_000, rho: 300_000_000, ..near }),
    ];
    let mut found = String::new();
    for (name, far) in table {
        assert_eq!(check(&far), Ok(()), "{name}");
        match check_calendar(&near, &far) {
            Ok(()) => found += &format!("{name}: accepted\n"),
            Err(fault) => found += &format!("{name}: {fault}\n"),
        }
    }
    expect![[r#"
        the same: accepted
        a little later: accepted
        a little less: at k = -4029865604 billionths the total variance falls from 439329278 to 439329277 billionths with time
        more at the money, less in the wings: at k = -3191516713 billionths the total variance falls from 352199580 to 274149685 billionths with time
        leaning the other way: at k = -4029865612 billionths the total variance falls from 439329279 to 250895729 billionths with time
    "#]].assert_eq(&found);
}

/// Six deviations from the money, and flat from there.
#[test]
fn reach() {
    let slice = Slice::new(&svi(0.04, 0.0, 0.0, 0.0, 0.1));
    assert_eq!(slice.total_variance(1.2), slice.total_variance(50.0));
    let slice = Slice::new(&worked());
    let mut k = 0.2;
    while slice.total_variance(k) < slice.total_variance(k + 0.01) {
        k += 0.01;
    }
    assert!(6.0 * slice.total_variance(k).sqrt() < k, "the wing ends at {k}");
    assert_eq!(slice.total_variance(-100.0), slice.total_variance(-1e300));
}
