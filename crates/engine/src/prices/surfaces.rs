//! Volatilities: reported, checked for arbitrage, and of several reporters' the middle one.
//!
//! A surface is five numbers that hang together, so reports are not averaged number by number. At
//! nine places around the money the middle of all good reports is taken, and the report that stays
//! nearest to it everywhere stands as a whole. A minority moves none of these middles out of what
//! the others say, and what lies in the wings is not near. Whatever happens, the last good surface
//! is kept; when it is old, what may be done by it is less.

use alloc::vec::Vec;

use pricing::{Fitted, Profile, SviFault};
use types::{At, Event, IndexId, InstrumentId, Reject, SurfaceFault, SurfaceReport, limits};

use super::state::{Surface, place_of};
use crate::engine::Engine;
use crate::market::Market;

/// A reported surface does not speak for longer than this.
const SURFACE_STALE_MS: u64 = 600_000;

/// Reports agree with their middle when no variance of a year is farther away from it.
const SURFACE_APART_PPM: u128 = 250_000;

impl Engine {
    pub(crate) fn report_surface(
        &mut self,
        report: &SurfaceReport,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let index = self.check_feed(report.base, report.quote)?;
        self.check_reporter(report.reporter)?;
        self.check_surface(index, report)?;

        self.touch_index(index);
        self.remember_surface(index, report);
        if self.stand_surface(index, report.expiry, events) {
            self.make_marks(index, false, events);
        }
        Ok(())
    }

    /// Looks again at what stands, after reporters were lost or got their seats. The index is
    /// touched.
    pub(super) fn rechoose_surfaces(&mut self, index: IndexId, events: &mut Vec<Event>) {
        let mut expiries: Vec<At> =
            self.prices(index).candidates.iter().map(|report| report.expiry).collect();
        expiries.dedup();
        let mut is_changed = false;
        for expiry in expiries {
            is_changed |= self.stand_surface(index, expiry, events);
        }
        if is_changed {
            self.make_marks(index, false, events);
        }
    }

    fn check_surface(&self, index: IndexId, report: &SurfaceReport) -> Result<(), Reject> {
        let prices = self.prices(index);
        let terms = prices.feed.terms();
        let (account, at, source_at) = (report.reporter, self.at, report.source_at);
        if !terms.seats.iter().any(|seat| seat.reporter == account) {
            return Err(Reject::SeatMissing { account, source_id: 0 });
        }
        if at.plus_ms(terms.ahead_ms.into()) < source_at {
            let ahead_ms = terms.ahead_ms;
            return Err(Reject::ReportFromFuture { source_at, at, ahead_ms });
        }
        if source_at.plus_ms(terms.stale_ms.into()) <= at {
            return Err(Reject::ReportStale { source_at, at, stale_ms: terms.stale_ms });
        }
        let expiry = report.expiry;
        let candidates = prices.candidates(expiry);
        let last = candidates.iter().find(|last| last.reporter == account).map(|last| last.nonce);
        if let Some(last) = last.filter(|last| report.nonce <= *last) {
            return Err(Reject::ReportReplayed { nonce: report.nonce, last });
        }
        let live = &self.indices.at(u32::from(index.0)).live;
        if !live.iter().any(|id| self.is_option_of(*id, expiry)) {
            return Err(Reject::ExpiryNotFound { expiry });
        }
        if candidates.is_empty() && limits::SURFACES_MAX <= prices.n_expiries() {
            return Err(Reject::SurfacesTooMany);
        }
        pricing::check(&report.svi).map_err(|fault| arbitrage(fault, expiry))?;
        self.check_calendar(index, report)
    }

    fn is_option_of(&self, instrument: u32, expiry: At) -> bool {
        let market = self.markets.at(instrument);
        market.strike.is_some() && market.spec.kind.expiry() == Some(expiry)
    }

    /// Total variance, as it is now, never falls from one expiry to the next. What is too old to
    /// be acted by stands in nobody's way.
    fn check_calendar(&self, index: IndexId, report: &SurfaceReport) -> Result<(), Reject> {
        let is_good = |surface: &&Surface| self.is_good(index, &surface.standing);
        let mut surfaces = self.prices(index).surfaces.iter().filter(is_good);
        let earlier = surfaces.clone().rev().find(|surface| surface.expiry < report.expiry);
        let later = surfaces.find(|surface| report.expiry < surface.expiry);
        let (reported, now) = (fitted(report), self.at);
        if let Some(Surface { expiry, standing }) = earlier {
            let checked = fitted(standing).check_calendar(&reported, now);
            checked.map_err(|fault| arbitrage(fault, *expiry))?;
        }
        if let Some(Surface { expiry, standing }) = later {
            let checked = reported.check_calendar(&fitted(standing), now);
            checked.map_err(|fault| arbitrage(fault, *expiry))?;
        }
        Ok(())
    }

    /// Keeps the report as its reporter's last.
    fn remember_surface(&mut self, index: IndexId, report: &SurfaceReport) {
        let candidates = &mut self.prices_mut(index).candidates;
        let place = candidates.partition_point(|known| place_of(known) < place_of(report));
        match candidates.get_mut(place) {
            Some(known) if place_of(known) == place_of(report) => *known = *report,
            _ => candidates.insert(place, *report),
        }
    }

    /// Chooses what stands for an expiry; was it something else before?
    fn stand_surface(&mut self, index: IndexId, expiry: At, events: &mut Vec<Event>) -> bool {
        let Some(chosen) = self.choose_surface(index, expiry) else {
            return false;
        };
        let stood = self.prices(index).surface(expiry).map(|surface| surface.standing);
        if stood == Some(chosen) {
            return false;
        }
        if stood.is_none() {
            self.touch_options(index, expiry);
        }
        self.prices_mut(index).stand(chosen);
        let (reporter, svi) = (chosen.reporter, chosen.svi);
        events.push(Event::SurfaceChanged { index, expiry, reporter, svi });
        true
    }

    /// Marks of options under a surface are not hashed: they follow from it. Before the first
    /// surface of an expiry they leave the digest.
    fn touch_options(&mut self, index: IndexId, expiry: At) {
        for instrument in self.indices.at(u32::from(index.0)).live.clone() {
            if self.is_option_of(instrument, expiry) {
                self.touch_market(InstrumentId(instrument));
            }
        }
    }

    /// The middle one of a quorum of good reports; `None`: what stands goes on standing, because
    /// there are too few, or they do not agree, or the middle one would cross a neighbour by now.
    fn choose_surface(&self, index: IndexId, expiry: At) -> Option<SurfaceReport> {
        let prices = self.prices(index);
        let candidates = prices.candidates(expiry).iter();
        let good: Vec<&SurfaceReport> =
            candidates.filter(|report| self.is_good(index, report)).collect();
        if good.len() < usize::from(prices.feed.terms().degraded.reporters) {
            return None;
        }
        let chosen = middle(&good)?;
        self.check_calendar(index, chosen).ok()?;
        Some(*chosen)
    }

    /// Whether a report speaks now: it is not too old, and its reporter has a seat that counts.
    fn is_good(&self, index: IndexId, report: &SurfaceReport) -> bool {
        let terms = self.prices(index).feed.terms();
        let weight = |source: types::SourceId| {
            terms.sources.get(usize::from(source.0)).map_or(0, |source| source.weight)
        };
        let mut seats = terms.seats.iter().filter(|seat| seat.reporter == report.reporter);
        self.at < report.source_at.plus_ms(SURFACE_STALE_MS)
            && seats.any(|seat| 0 < weight(seat.source))
            && self.check_reporter(report.reporter).is_ok()
    }

    /// Whether the volatilities that a market is marked by are good enough for everything. What is
    /// no option needs none, and where the operator types marks there are none.
    pub(super) fn has_good_surface(&self, market: &Market) -> bool {
        let prices = self.indices.at(u32::from(market.index.0)).prices.as_ref();
        let (Some(prices), Some(_)) = (prices, market.strike) else {
            return true;
        };
        let surface = market.spec.kind.expiry().and_then(|expiry| prices.surface(expiry));
        surface.is_some_and(|surface| self.is_good(market.index, &surface.standing))
    }
}

fn fitted(report: &SurfaceReport) -> Fitted {
    let SurfaceReport { svi, source_at, expiry, .. } = *report;
    Fitted { svi, fitted_at: source_at, expiry }
}

/// The report that stays nearest to the middle of all, place by place; `None` unless more than half
/// of them agree with that middle. Of two that are equally near, the one of the lower account.
fn middle<'a>(good: &[&'a SurfaceReport]) -> Option<&'a SurfaceReport> {
    let deviation = lower_median(good.iter().map(|it| pricing::atm_variance_ppb(&it.svi)));
    let profiles: Vec<Profile> = good.iter().map(|it| fitted(it).profile(deviation)).collect();
    let middle: [i64; Profile::PLACES] = core::array::from_fn(|place| {
        lower_median(profiles.iter().filter_map(|Profile(all)| all.get(place).copied()))
    });
    let apart: Vec<u128> = profiles.iter().map(|profile| apart_ppm(profile, &middle)).collect();
    let n_agree = apart.iter().filter(|apart| **apart <= SURFACE_APART_PPM).count();
    let nearest = good.iter().zip(apart).min_by_key(|(_, apart)| *apart);
    nearest.filter(|_| good.len() < 2 * n_agree).map(|(report, _)| *report)
}

/// The lower one of two in the middle; zero of none.
fn lower_median(numbers: impl Iterator<Item = i64>) -> i64 {
    let mut sorted: Vec<i64> = numbers.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// How far a profile is from the middle where it is farthest, in millionths, rounded up.
fn apart_ppm(Profile(places): &Profile, middle: &[i64; Profile::PLACES]) -> u128 {
    let apart = places.iter().zip(middle).map(|(place, middle)| {
        let of = u128::from(middle.unsigned_abs().max(1));
        (u128::from(place.abs_diff(*middle)) * 1_000_000).div_ceil(of)
    });
    apart.max().unwrap_or_default()
}

/// The refusal for a fault; `expiry` is that of the neighbour that a calendar fault is with.
fn arbitrage(fault: SviFault, expiry: At) -> Reject {
    let fault = match fault {
        SviFault::ParameterOutOfRange { .. } | SviFault::VarianceTooLarge { .. } => {
            SurfaceFault::Parameters
        }
        SviFault::VarianceBelowZero { .. } => SurfaceFault::VarianceNegative,
        SviFault::WingTooSteep { .. } => SurfaceFault::WingTooSteep,
        SviFault::Butterfly { k, .. } => SurfaceFault::Butterfly { k_ppm: k / 1_000 },
        SviFault::Calendar { k, .. } => SurfaceFault::Calendar { expiry, k_ppm: k / 1_000 },
    };
    Reject::SurfaceArbitrage { fault }
}
