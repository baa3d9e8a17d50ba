//! Units: a number that knows what it counts.
//!
//! | product or sum | gives | where |
//! |---|---|---|
//! | `Ticks` with `Lots` of one contract | `Amount` | [`crate::Contract`] |
//! | `Lots` ± `Lots` | `Lots` | here, checked |
//! | `SignedLots` ± `Lots` in a direction | `SignedLots` | here |
//! | `Amount` ± `Amount` | `Amount` | here, checked |
//!
//! Anything else (price plus size, price times price) does not compile.

use core::fmt;

/// A price, in ticks of its instrument. With a tick of 0.5 USD, 120 001 ticks are 60 000.5 USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticks(pub u32);

/// A size, in lots of its instrument. With a lot of 10 USD, 25 lots are 250 USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lots(pub u32);

/// A position, in lots: above zero is long, below zero is short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedLots(pub i64);

/// Money, in atoms of one asset (the asset is the margin domain's settlement asset).
/// With 8 decimals, 150 000 000 atoms of BTC are 1.5 BTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i64);

/// An index price, in hundred-millionths of the quote asset: 6 000 050 000 000 is 60 000.5 USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexPrice(pub u64);

/// Which way a quotient that is not whole goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Toward minus infinity.
    Down,
    /// Toward plus infinity.
    Up,
}

impl Ticks {
    /// Highest price: four levels of 64-way bitmap over the ladder of a book.
    pub const MAX: Ticks = Ticks((1 << 24) - 1);
}

impl Lots {
    /// No size.
    pub const ZERO: Lots = Lots(0);
    /// Largest size of one order.
    pub const MAX: Lots = Lots(u32::MAX >> 1);

    /// The smaller of the two.
    pub fn min(self, other: Lots) -> Lots {
        Lots(self.0.min(other.0))
    }

    /// What is left after `other` is taken. Panics below zero: the caller has checked.
    pub fn minus(self, other: Lots) -> Lots {
        Lots(self.0.checked_sub(other.0).expect("a size is not taken below zero"))
    }

    /// Both together. Panics above `u32::MAX`: limits on orders are far below it.
    pub fn plus(self, other: Lots) -> Lots {
        Lots(self.0.checked_add(other.0).expect("sizes stay below their limit"))
    }
}

impl SignedLots {
    /// Flat.
    pub const ZERO: SignedLots = SignedLots(0);

    /// How many lots, whichever way.
    pub fn size(self) -> u64 {
        self.0.unsigned_abs()
    }
}

impl Amount {
    /// No money.
    pub const ZERO: Amount = Amount(0);
    /// Bound on the value of one order, one position and one balance: sums of a few of them, and
    /// differences of two, always fit.
    pub const MAX: Amount = Amount(1 << 60);

    /// Both together. Panics outside `i64`: amounts are bounded by [`Amount::MAX`].
    pub fn plus(self, other: Amount) -> Amount {
        Amount(self.0.checked_add(other.0).expect("money stays within its bound"))
    }

    /// The difference. Panics outside `i64`: amounts are bounded by [`Amount::MAX`].
    pub fn minus(self, other: Amount) -> Amount {
        Amount(self.0.checked_sub(other.0).expect("money stays within its bound"))
    }

    /// The other way round.
    pub fn negated(self) -> Amount {
        Amount(self.0.checked_neg().expect("money stays within its bound"))
    }

    /// `self × numerator / denominator`, rounded as said. Panics on a denominator of zero.
    pub fn times(self, numerator: i64, denominator: i64, rounding: Rounding) -> Amount {
        let product = i128::from(self.0) * i128::from(numerator);
        Amount::narrow(divide(product, i128::from(denominator), rounding))
    }

    /// Brings a wide intermediate within ±[`Amount::MAX`]: for bounds, not for money that moves.
    pub fn saturated(wide: i128) -> Amount {
        let most = i128::from(Self::MAX.0);
        Amount::narrow(wide.clamp(-most, most))
    }

    /// Brings a wide intermediate back. Panics outside `i64`: the caller's bounds exclude it.
    pub fn narrow(wide: i128) -> Amount {
        Amount(i64::try_from(wide).expect("money stays within its bound"))
    }
}

impl IndexPrice {
    /// Units of one quote asset: prices have eight decimals.
    pub const SCALE: u64 = 100_000_000;
    /// Highest index price, 10 billion of the quote asset.
    pub const MAX: IndexPrice = IndexPrice(10_000_000_000 * Self::SCALE);
}

/// Quotient rounded toward minus or plus infinity; the denominator is above zero.
pub fn divide(numerator: i128, denominator: i128, rounding: Rounding) -> i128 {
    assert!(0 < denominator, "a denominator is above zero");
    // The narrow division is several times faster and nearly always enough.
    if let (Ok(numerator), Ok(denominator)) = (i64::try_from(numerator), i64::try_from(denominator))
    {
        let (down, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
        return i128::from(down) + i128::from(rounding == Rounding::Up && rest != 0);
    }
    let (down, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    down + i128::from(rounding == Rounding::Up && rest != 0)
}

macro_rules! display_as_number {
    ($($unit:ty),*) => {$(
        impl fmt::Display for $unit {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_as_number!(Ticks, Lots, SignedLots, Amount, IndexPrice);
