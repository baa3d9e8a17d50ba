//! The first guess of an implied volatility: close enough for one step.
//!
//! ```text
//!   b │             ____----  upper: small y, corrected      s_c = √(2x), where b bends
//!     │         _.-'          right of s_c: cubic            s_l = s_c − √(π/2) + R(s_c) and
//!     │       .'              left of s_c: cubic             s_u = s_c + √(π/2) + R(s_c): where
//!     │ ___--'                lower: small t, corrected      the tangent meets 0 and e^(−x/2)
//!     └───────────────── s
//! ```
//!
//! Everything here is approximate: what depends on one number alone is a fitted quotient of
//! polynomials. Their coefficients are ours (least squares with Lawson's weights against 40
//! digits); each says how close it is.

use super::{Normalised, Objective};
use crate::normal::{DENSITY_AT_ZERO, MILLS_AT_ZERO};

/// `2π/(3√3)`. Over `x` times this, `b` is below 1/8 in the lower branch.
const LEAD: f64 = 1.209_199_576_156_145_2;

impl Normalised {
    /// A first `s`, and how to go on from it.
    pub(super) fn guess(&self) -> (f64, Objective) {
        let tangent = Tangent::of(self.x);
        let slope = self.most * DENSITY_AT_ZERO;
        let centre = End {
            b: slope * (tangent.bend - tangent.low),
            s: tangent.bend,
            inverse_slope: 1.0 / slope,
        };
        if self.beta < centre.b {
            let (b, slope) = tangent.at_low();
            if self.beta < self.most * b {
                return self.guess_lower();
            }
            let end = End::new(self.most * b, tangent.low, self.most * slope);
            return (centre.cubic(&end, self.beta), Objective::Value);
        }
        let (b, slope) = tangent.at_high();
        if self.most * b < self.beta {
            return (self.guess_upper(), Objective::LogOfRest);
        }
        let end = End::new(self.most * b, tangent.high(), self.most * slope);
        (centre.cubic(&end, self.beta), Objective::Value)
    }

    /// For small `t`, `b = 2tφ(y)·(1 − y·R(y))`, so that `b/x` depends on `y` alone. Its inverse
    /// `w` is a fitted function of `√(−2·ln(b/x))`; for larger `t`, `w/y − 1` is about
    /// `t²/2 / (w² + …)`, with constants by trial.
    fn guess_lower(&self) -> (f64, Objective) {
        let c = self.x * LEAD;
        let aim = libm::log(self.beta / c);
        let w = inverse_of_small_t(libm::sqrt(-2.0 * aim));
        let first = self.x * self.x * 0.125 / (w * w * (w * w + 4.5));
        let correction = first / (1.0 - 3.6 * first);
        (self.x * (1.0 + correction) / w, Objective::InverseLog { aim, c })
    }

    /// For small `y`, the rest of `b` is `2·N(−t)`. For larger `y`, `w/t − 1` is about
    /// `y²/2 / (w² + …)`.
    fn guess_upper(&self) -> f64 {
        let w = tail_quantile(libm::sqrt(-2.0 * libm::log(0.5 * self.left)));
        let first = self.x * self.x * 0.125 / (w * w * (w * w + 2.3));
        let correction = first / (1.0 - 3.2 * first);
        2.0 * w / (1.0 + correction)
    }
}

/// One end of a middle branch.
struct End {
    b: f64,
    s: f64,
    inverse_slope: f64,
}

impl End {
    fn new(b: f64, s: f64, slope: f64) -> End {
        End { b, s, inverse_slope: 1.0 / slope }
    }

    /// `s` at `beta`, by the rational cubic (R. Delbourgo and J. Gregory, 1985) through this end,
    /// the bend, and the other: with their slopes, and with no curvature at the bend.
    fn cubic(&self, other: &End, beta: f64) -> f64 {
        let width = other.b - self.b;
        let (rise, from, to) =
            (other.s - self.s, width * self.inverse_slope, width * other.inverse_slope);
        // Its parameter, for a second derivative of zero here; the slopes grow away from the bend.
        let r = (to - from) / (rise - from);
        let share = (beta - self.b) / width;
        let left = 1.0 - share;
        let above = rise * share * share + (r * rise - to) * share * left + from * left * left;
        self.s + share * above / (1.0 + (r - 3.0) * share * left)
    }
}

/// The tangent to `b` where it bends, which depends on `u = s_c = √(2x)` alone.
struct Tangent {
    /// `s_c`.
    bend: f64,
    /// `s_l`, to 7e-6.
    low: f64,
}

impl Tangent {
    fn of(x: f64) -> Tangent {
        let u = libm::sqrt(2.0 * x);
        let above = 0.626_661_310_656 + u * (0.421_351_498_315 + u * 0.092_055_252_373_7);
        let below =
            1.0 + u * (1.204_481_655_53 + u * (0.536_861_042_251 + u * 0.092_053_874_232_9));
        Tangent { bend: u, low: u * u * above / below }
    }

    /// `s_u`.
    fn high(&self) -> f64 {
        2.0 * MILLS_AT_ZERO + self.low
    }

    /// `b(s_l)` and `b′(s_l)`, over `e^(−x/2)`, to 1.1e-5.
    fn at_low(&self) -> (f64, f64) {
        let u = self.bend;
        let above = 0.075_609_197_809_7 + u * (0.048_597_209_423_8 + u * 0.013_061_400_622_4);
        let below = 1.0
            + u * (1.921_599_472_41
                + u * (1.566_043_182_44 + u * (0.632_025_453_434 + u * 0.124_337_279_571)));
        let value = u * u * above / below;
        let above = 0.290_184_686_697
            + u * (0.274_213_867_384 + u * (0.131_943_178_892 + u * 0.023_524_348_789_1));
        let below = 1.0 + u * (1.284_057_265_6 + u * (0.690_270_810_98 + u * 0.129_333_898_928));
        (value, above / below)
    }

    /// `b(s_u)` and `b′(s_u)`, over `e^(−x/2)`, to 4e-5.
    fn at_high(&self) -> (f64, f64) {
        let u = self.bend;
        let above = 0.789_906_635_977
            + u * (1.648_482_140_42 + u * (1.169_268_721_24 + u * 0.541_850_624_553));
        let below = 1.0 + u * (2.086_880_245_74 + u * (1.401_805_218_42 + u * 0.605_469_973_82));
        let value = above / below;
        let above = 0.181_885_953_078
            + u * (0.366_334_994_297 + u * (0.124_367_440_808 + u * 0.110_417_800_227));
        let below = 1.0 + u * (2.011_579_170_65 + u * (0.848_971_826_696 + u * 0.607_012_893_015));
        (value, above / below)
    }
}

/// `w` with `2φ(w)·(1 − w·R(w)) / (2w) = LEAD·e^(−root²/2)`, to 2.2e-5, for `root` from 2.04 to
/// 45.
fn inverse_of_small_t(root: f64) -> f64 {
    let z = above_zero(root - 2.039_106_974_440_409);
    let above = 0.797_865_491_199
        + z * (1.097_864_726_97
            + z * (0.796_848_149_324 + z * (0.312_324_018_918 + z * 0.022_149_370_284_5)));
    let below = 1.0 + z * (0.527_040_018_474 + z * (0.268_246_551_903 + z * 0.022_147_990_050_2));
    above / below
}

/// `w` with `N(−w) = e^(−root²/2)`, less than 6e-5 of `root − w` off, for `root` from `√(2·ln 2)`
/// to 45.
fn tail_quantile(root: f64) -> f64 {
    let z = above_zero(root - 1.177_410_022_515_474_7);
    let above = 1.177_342_86 + z * (0.511_007_68 + z * (0.027_825_390_3 + z * 3.692_582_71e-5));
    let below = 1.0 + z * (0.836_884_107 + z * (0.159_716_554 + z * 0.004_965_119_65));
    root - above / below
}

fn above_zero(z: f64) -> f64 {
    if z < 0.0 { 0.0 } else { z }
}
