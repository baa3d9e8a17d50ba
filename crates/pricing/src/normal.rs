//! The standard normal distribution, by its Mills ratio.
//!
//! ```text
//!   φ(x) = e^(−x²/2)/√(2π)        density
//!   N(x) = ∫ φ from −∞ to x       probability
//!   R(y) = N(−y)/φ(y)             Mills ratio: √(π/2) at 0, about 1/y far out
//! ```
//!
//! `R` varies slowly where `φ` and `N` fall by hundreds of orders of magnitude, so that one
//! quotient of polynomials serves for every `y ≥ 0`, without a branch. Its coefficients are ours:
//! an iterated least-squares fit with Lawson's weights to 100 digits of `R`, at 160 Chebyshev
//! points of `t = (y − 2.5)/(y + 2.5)` from 0 to 10⁴. All of them are above zero, so that nothing
//! cancels. The fit is within 9.4e-18 of `R`, relatively; with the rounding of `f64`,
//! [`mills_pair`] is within 8e-16 (tested against 60 digits).

/// `1/√(2π)`, the density at zero.
pub(crate) const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;
/// `√(π/2)`, the Mills ratio at zero.
pub(crate) const MILLS_AT_ZERO: f64 = 1.253_314_137_315_500_3;
/// Above this the Mills ratio is `1/y` to all digits, and eleventh powers stay finite.
const FAR: f64 = 1e9;

/// Numerator of `R`, constant first.
const RATIO: [f64; 11] = [
    1.253_314_137_315_500_3,
    2.149_976_036_773_933_3,
    1.822_104_167_114_947_2,
    0.988_672_802_082_548_8,
    0.377_279_588_994_747_1,
    0.105_407_470_950_776_56,
    0.021_822_964_646_338_46,
    0.003_312_845_885_947_448,
    0.000_354_657_438_981_055_64,
    2.439_219_917_524_847_5e-5,
    8.314_793_633_045_472e-7,
];
/// Denominator of `R`.
const UNDER: [f64; 12] = [
    1.0,
    2.513_317_246_640_922,
    2.959_165_810_609_87,
    2.159_222_374_556_787,
    1.087_698_525_683_747_3,
    0.398_401_552_803_933_36,
    0.108_671_532_456_328_23,
    0.022_175_959_126_307_36,
    0.003_337_238_085_125_456_3,
    0.000_355_488_918_344_346_26,
    2.439_219_917_524_850_5e-5,
    8.314_793_633_045_471e-7,
];
/// Numerator of `1 − y·R(y)`, over the same denominator: their difference, term by term, without
/// the digits that would cancel.
const FALL: [f64; 10] = [
    1.0,
    1.260_003_109_325_421_8,
    0.809_189_773_835_936_6,
    0.337_118_207_441_839_96,
    0.099_025_723_601_198_43,
    0.021_121_963_809_186_24,
    0.003_264_061_505_551_668_6,
    0.000_352_994_479_968_900_27,
    2.439_219_917_800_853_8e-5,
    8.314_793_632_906_181e-7,
];

/// Two numbers that go through the same arithmetic, side by side in one register.
#[derive(Clone, Copy)]
struct Pair(f64, f64);

impl Pair {
    fn plus(self, other: Pair) -> Pair {
        Pair(self.0 + other.0, self.1 + other.1)
    }

    fn times(self, other: Pair) -> Pair {
        Pair(self.0 * other.0, self.1 * other.1)
    }
}

/// Even and odd powers apart: two short chains in place of a long one.
fn polynomial<const N: usize>(coefficients: &[f64; N], y: Pair, square: Pair) -> Pair {
    let mut chains = [Pair(0.0, 0.0); 2];
    for (power, coefficient) in coefficients.iter().enumerate().rev() {
        let [even, odd] = &mut chains;
        let chain = if power % 2 == 0 { even } else { odd };
        *chain = chain.times(square).plus(Pair(*coefficient, *coefficient));
    }
    let [even, odd] = chains;
    even.plus(odd.times(y))
}

fn near(y: f64) -> f64 {
    if y < FAR { y } else { FAR }
}

/// `R` of two numbers that are not below zero.
pub(crate) fn mills_pair(first: f64, second: f64) -> (f64, f64) {
    let y = Pair(near(first), near(second));
    let square = y.times(y);
    let (above, below) = (polynomial(&RATIO, y, square), polynomial(&UNDER, y, square));
    (above.0 / below.0, above.1 / below.1)
}

/// `R(y)` and `1 − y·R(y)`, which is `−R′(y)`, both to nearly all digits, for `y ≥ 0`.
pub(crate) fn mills_and_fall(y: f64) -> (f64, f64) {
    let y = near(y);
    let y = Pair(y, y);
    let square = y.times(y);
    let below = polynomial(&UNDER, y, square).0;
    (polynomial(&RATIO, y, square).0 / below, polynomial(&FALL, y, square).0 / below)
}
