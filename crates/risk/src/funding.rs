//! Funding: what longs and shorts of a perpetual pay each other, so that its price stays near the
//! index.
//!
//! ```text
//!   mark, index ─▶ premium ─▶ rate of 8 hours ─▶ × value of a lot × time ─▶ cumulative, per lot
//!                                                     owed = size × (cumulative now − then)
//! ```
//! The cumulative is one number for the whole instrument; as it rises longs owe. What a holder owes
//! is a difference of it, so nobody has to be visited while time passes.
//!
//! # Invariants
//! 1. What stood during an interval decides what it costs, however often [`FundingState::accrue`]
//!    is called within it: exactly, since what does not fill a part of an atom is carried over.
//! 2. What the holders of positions that sum to zero owe is zero together or above it, by less than
//!    an atom for each of them ([`owed`]).
//!
//! It moves no money.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};
use types::planted::{self, Bug};
use types::units::{Rounding, divide};
use types::{
    Amount, At, FundingSchedule, FundingTerms, IndexPrice, Kind, PricingFault, PricingTerms,
    SignedLots,
};

/// Milliseconds of the period that rates are of.
const PERIOD_MS: u64 = 8 * HOUR_MS;
const HOUR_MS: u64 = 3_600_000;
const MINUTE_MS: u64 = 60_000;
/// A longer silence counts as a hundred years.
const ELAPSED_MS_MAX: u64 = 36_525 * At::DAY;
const BILLION: i128 = 1_000_000_000;
/// A premium counts as a thousand times the index at most, either way.
const PREMIUM_PPB_MAX: i64 = 1_000_000_000_000;
/// Largest rate that terms may allow: 10 % in 8 hours.
const CAP_PPB_MAX: u32 = 100_000_000;
/// Widest clamp of a mark: the index itself.
const CLAMP_PPM_MAX: u32 = 1_000_000;

/// What the funding of one perpetual remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundingState {
    at: At,
    /// Atoms per lot times [`FundingState::SCALE`].
    cumulative: i128,
    /// What the cumulative lacks, in parts of [`PERIOD_MS`] to one of it.
    carry: u64,
    rate_ppb: i64,
    /// What accrued since it was last told: billionths times milliseconds.
    untold: i128,
    /// Sum of premium times milliseconds in the hour that runs, where funding was allowed.
    premiums: i128,
    /// Milliseconds behind `premiums`.
    premiums_ms: u64,
}

/// What stood since the last call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accrual {
    /// The mark, in hundred-millionths of the quote.
    pub mark: IndexPrice,
    /// The index; above zero where funding is allowed.
    pub index: IndexPrice,
    /// Value of one lot at the index, in atoms times [`FundingState::SCALE`]
    /// ([`types::Contract::lot_value`]).
    pub lot_value: i128,
    /// False: the index was too bad for funding (`types::Action::Fund`), and nothing accrues.
    pub allowed: bool,
}

/// What is told of funding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accrued {
    /// The 8-hour rate that was paid last, in billionths.
    pub rate_ppb: i64,
    /// What accrued since it was last told, in billionths of a position's value, down.
    pub interest_ppb: i64,
}

/// Whether these terms can price an instrument of this kind (docs/rules/marks.md, MRK-11).
pub fn check_terms(kind: &Kind, terms: &PricingTerms) -> Result<(), PricingFault> {
    if kind.is_option() {
        return Err(PricingFault::Option);
    }
    if terms.funding.is_some() != (*kind == Kind::Perpetual) {
        return Err(PricingFault::Funding);
    }
    let is_clamp = (1..=CLAMP_PPM_MAX).contains(&terms.clamp_ppm);
    if 0 < terms.impact.0 && is_clamp && terms.funding.is_none_or(|it| are_rates(&it)) {
        return Ok(());
    }
    Err(PricingFault::Rates)
}

fn are_rates(terms: &FundingTerms) -> bool {
    terms.cap_ppb <= CAP_PPB_MAX && terms.interest_ppb.unsigned_abs() < terms.cap_ppb
}

/// The 8-hour rate that a premium makes, both in billionths.
///
/// | schedule | rate, then held within ± cap | source |
/// |---|---|---|
/// | continuous | `max(d, P) + min(−d, P)` | venue.md §2.5.1 |
/// | hourly | `P + clamp(I − P, ±d)` | venue.md §2.5.4 |
pub fn rate_ppb(premium_ppb: i64, terms: &FundingTerms) -> i64 {
    let damper = i64::from(terms.damper_ppb);
    let premium_ppb = premium_ppb.clamp(-PREMIUM_PPB_MAX, PREMIUM_PPB_MAX);
    let rate = match terms.schedule {
        FundingSchedule::Continuous => premium_ppb.max(damper) + premium_ppb.min(-damper),
        FundingSchedule::Hourly => {
            let interest = i64::from(terms.interest_ppb);
            premium_ppb + (interest - premium_ppb).clamp(-damper, damper)
        }
    };
    let cap = i64::from(terms.cap_ppb);
    rate.clamp(-cap, cap)
}

/// Distance of the mark from the index in billionths of the index, toward zero.
fn premium_ppb(mark: IndexPrice, index: IndexPrice) -> i64 {
    let distance = i128::from(mark.0) - i128::from(index.0);
    let ppb = distance * BILLION / i128::from(index.0.max(1));
    narrow(ppb).clamp(-PREMIUM_PPB_MAX, PREMIUM_PPB_MAX)
}

fn narrow(ppb: i128) -> i64 {
    i64::try_from(ppb).unwrap_or(if ppb < 0 { i64::MIN } else { i64::MAX })
}

/// What a holder of `size` owes since the cumulative was `since`: above zero it pays. Rounded up,
/// against the holder, and brought within ± [`Amount::MAX`].
pub fn owed(size: SignedLots, since: i128, now: i128) -> Amount {
    let risen = now.saturating_sub(since);
    let is_unsigned = planted::is(Bug::ShortsPayFunding);
    let size = i128::from(if is_unsigned { size.0.abs() } else { size.0 });
    let is_for_holder = planted::is(Bug::FundingRoundsForHolder);
    let rounding = if is_for_holder { Rounding::Down } else { Rounding::Up };
    let whole = risen.div_euclid(FundingState::SCALE).saturating_mul(size);
    let part = risen.rem_euclid(FundingState::SCALE) * size;
    Amount::saturated(whole.saturating_add(divide(part, FundingState::SCALE, rounding)))
}

impl FundingState {
    /// One atom, in what the cumulative is held in.
    pub const SCALE: i128 = 1_000_000_000_000;
    /// A lot counts as worth this at most.
    const LOT_VALUE_MAX: i128 = (1 << 60) * Self::SCALE;

    /// Nothing accrued, from `at` on.
    pub fn new(at: At) -> FundingState {
        FundingState {
            at,
            cumulative: 0,
            carry: 0,
            rate_ppb: 0,
            untold: 0,
            premiums: 0,
            premiums_ms: 0,
        }
    }

    /// What one lot has cost a long since the beginning, in atoms times [`FundingState::SCALE`].
    pub fn cumulative(&self) -> i128 {
        self.cumulative
    }

    /// The 8-hour rate, in billionths: continuous, the one in force, zero while funding is not
    /// allowed; hourly, what the hour has made so far, at its start the rate of the hour before.
    pub fn rate_ppb(&self) -> i64 {
        self.rate_ppb
    }

    /// Takes in the time since the last call, during which `accrual` stood: call it before the
    /// mark or the index change. Tells what accrued at each full minute (continuous) or hour.
    pub fn accrue(&mut self, terms: &FundingTerms, accrual: &Accrual, at: At) -> Option<Accrued> {
        let at = At(at.0.max(self.at.0));
        let accrued = match terms.schedule {
            FundingSchedule::Continuous => self.accrue_continuous(terms, accrual, at),
            FundingSchedule::Hourly => self.accrue_hourly(terms, accrual, at),
        };
        self.at = at;
        accrued
    }

    fn accrue_continuous(
        &mut self,
        terms: &FundingTerms,
        accrual: &Accrual,
        at: At,
    ) -> Option<Accrued> {
        let rate = rate_ppb(premium_ppb(accrual.mark, accrual.index), terms);
        self.rate_ppb = if accrual.allowed { rate } else { 0 };
        // What an hourly schedule began, before the terms changed, it does not go on with later.
        (self.premiums, self.premiums_ms) = (0, 0);
        self.pay(self.rate_ppb, accrual.lot_value, at.ms_since(self.at));
        let is_told = self.at.0 / MINUTE_MS < at.0 / MINUTE_MS;
        is_told.then(|| self.tell(self.rate_ppb))
    }

    fn accrue_hourly(
        &mut self,
        terms: &FundingTerms,
        accrual: &Accrual,
        at: At,
    ) -> Option<Accrued> {
        let hour = At(self.at.0 - self.at.0 % HOUR_MS).plus_ms(HOUR_MS);
        if at < hour {
            self.watch(terms, accrual, at.ms_since(self.at));
            return None;
        }
        self.watch(terms, accrual, hour.ms_since(self.at));
        self.end_hours(terms, accrual.lot_value, self.premiums_ms);
        let rest = at.ms_since(hour);
        let whole_hours = rest - rest % HOUR_MS;
        if 0 < whole_hours {
            self.watch(terms, accrual, HOUR_MS);
            self.end_hours(terms, accrual.lot_value, whole_hours);
        }
        let told = self.tell(self.rate_ppb);
        self.watch(terms, accrual, rest % HOUR_MS);
        Some(told)
    }

    /// Ends an hour, or several that are alike, in which funding was allowed for `ms`. Where it was
    /// never allowed the rate is zero.
    fn end_hours(&mut self, terms: &FundingTerms, lot_value: i128, ms: u64) {
        self.rate_ppb = self.hourly_rate(terms);
        self.pay(self.rate_ppb, lot_value, ms);
        (self.premiums, self.premiums_ms) = (0, 0);
    }

    /// Takes a premium into the average of the hour.
    fn watch(&mut self, terms: &FundingTerms, accrual: &Accrual, ms: u64) {
        if !accrual.allowed || ms == 0 {
            return;
        }
        let premium = premium_ppb(accrual.mark, accrual.index);
        self.premiums += i128::from(premium) * i128::from(ms);
        self.premiums_ms += ms;
        self.rate_ppb = self.hourly_rate(terms);
    }

    /// The rate that the average premium of the hour makes, the average rounded toward zero; zero
    /// where funding was never allowed.
    fn hourly_rate(&self, terms: &FundingTerms) -> i64 {
        if self.premiums_ms == 0 {
            return 0;
        }
        rate_ppb(narrow(self.premiums / i128::from(self.premiums_ms)), terms)
    }

    /// Adds `rate × value × ms / 8 h`: the price of 8 hours is rounded toward zero, and what time
    /// makes of it is exact with what is carried.
    fn pay(&mut self, rate_ppb: i64, lot_value: i128, ms: u64) {
        let (rate, ms) = (i128::from(rate_ppb), ms.min(ELAPSED_MS_MAX));
        let value = lot_value.clamp(0, Self::LOT_VALUE_MAX);
        let of_period = value / BILLION * rate + value % BILLION * rate / BILLION;
        let periods = of_period * i128::from(ms / PERIOD_MS);
        let period = i128::from(PERIOD_MS);
        let part = of_period * i128::from(ms % PERIOD_MS) + i128::from(self.carry);
        let more = periods + part.div_euclid(period);
        self.cumulative = self.cumulative.saturating_add(more);
        self.carry = u64::try_from(part.rem_euclid(period)).expect("less than a period");
        self.untold = self.untold.saturating_add(rate * i128::from(ms));
    }

    fn tell(&mut self, rate_ppb: i64) -> Accrued {
        let period = i128::from(PERIOD_MS);
        let interest = self.untold.div_euclid(period);
        self.untold = self.untold.rem_euclid(period);
        Accrued { rate_ppb, interest_ppb: narrow(interest) }
    }
}

impl Codec for FundingState {
    fn encode(&self, out: &mut Vec<u8>) {
        self.at.encode(out);
        let is_kept = !planted::is(Bug::FundingIndexLostBySnapshot);
        (if is_kept { self.cumulative } else { 0 }).encode(out);
        self.carry.encode(out);
        self.rate_ppb.encode(out);
        self.untold.encode(out);
        self.premiums.encode(out);
        self.premiums_ms.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let state = FundingState {
            at: Codec::decode(reader)?,
            cumulative: Codec::decode(reader)?,
            carry: Codec::decode(reader)?,
            rate_ppb: Codec::decode(reader)?,
            untold: Codec::decode(reader)?,
            premiums: Codec::decode(reader)?,
            premiums_ms: Codec::decode(reader)?,
        };
        let premiums_most =
            u128::from(PREMIUM_PPB_MAX.unsigned_abs()) * u128::from(state.premiums_ms);
        let is_possible = state.carry < PERIOD_MS
            && state.premiums_ms < HOUR_MS
            && state.premiums.unsigned_abs() <= premiums_most;
        if is_possible { Ok(state) } else { Err(reader.refuse("FundingState")) }
    }
}
