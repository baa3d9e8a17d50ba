//! Volatilities: reported, checked for arbitrage, and of several reporters' the middle one.
//!
//! A surface is five numbers that hang together, so reports are not averaged number by number: the
//! report whose variance at the money is the lower median of all good ones stands as a whole. One
//! liar among three moves nothing. Whatever happens, the last good surface is kept.

use alloc::vec::Vec;

use pricing::SviFault;
use types::{At, Event, IndexId, InstrumentId, Reject, SurfaceFault, SurfaceReport, limits};

use super::state::Surface;
use crate::engine::Engine;

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
        self.touch_options(index, report.expiry);
        let is_first = self.remember_surface(index, report);
        let chosen = self.choose_surface(index, report.expiry);
        let surface = self.surface_mut(index, report.expiry);
        if is_first || surface.standing != chosen {
            surface.standing = chosen;
            events.push(Event::SurfaceChanged {
                index,
                expiry: chosen.expiry,
                reporter: chosen.reporter,
                svi: chosen.svi,
            });
            self.make_marks(index, false, events);
        }
        Ok(())
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
        let surface = prices.surface(report.expiry);
        let last = surface.and_then(|surface| surface.of(account)).map(|last| last.nonce);
        if let Some(last) = last.filter(|last| report.nonce <= *last) {
            return Err(Reject::ReportReplayed { nonce: report.nonce, last });
        }
        let expiry = report.expiry;
        if !self.indices.at(u32::from(index.0)).live.iter().any(|id| self.is_option_of(*id, expiry))
        {
            return Err(Reject::ExpiryNotFound { expiry });
        }
        if surface.is_none() && limits::SURFACES_MAX <= prices.surfaces.len() {
            return Err(Reject::SurfacesTooMany);
        }
        pricing::check(&report.svi).map_err(|fault| arbitrage(fault, expiry))?;
        self.check_calendar(index, report)
    }

    fn is_option_of(&self, instrument: u32, expiry: At) -> bool {
        let market = self.markets.at(instrument);
        market.strike.is_some() && market.spec.kind.expiry() == Some(expiry)
    }

    /// Total variance never falls from one expiry to the next.
    fn check_calendar(&self, index: IndexId, report: &SurfaceReport) -> Result<(), Reject> {
        let surfaces = &self.prices(index).surfaces;
        let earlier = surfaces.iter().rev().find(|surface| surface.expiry < report.expiry);
        let later = surfaces.iter().find(|surface| report.expiry < surface.expiry);
        if let Some(earlier) = earlier {
            pricing::check_calendar(&earlier.standing.svi, &report.svi)
                .map_err(|fault| arbitrage(fault, earlier.expiry))?;
        }
        if let Some(later) = later {
            pricing::check_calendar(&report.svi, &later.standing.svi)
                .map_err(|fault| arbitrage(fault, later.expiry))?;
        }
        Ok(())
    }

    /// Marks of options under a surface are not hashed: they follow from it. From the first surface
    /// of an expiry on they leave the digest.
    fn touch_options(&mut self, index: IndexId, expiry: At) {
        if self.prices(index).surface(expiry).is_some() {
            return;
        }
        for instrument in self.indices.at(u32::from(index.0)).live.clone() {
            if self.is_option_of(instrument, expiry) {
                self.touch_market(InstrumentId(instrument));
            }
        }
    }

    /// Keeps the report as its reporter's last; was it the first of its expiry?
    fn remember_surface(&mut self, index: IndexId, report: &SurfaceReport) -> bool {
        let surfaces = &mut self.prices_mut(index).surfaces;
        let place = surfaces.partition_point(|surface| surface.expiry < report.expiry);
        let is_first = surfaces.get(place).is_none_or(|surface| surface.expiry != report.expiry);
        if is_first {
            let (expiry, standing, candidates) = (report.expiry, *report, Vec::new());
            surfaces.insert(place, Surface { expiry, standing, candidates });
        }
        let candidates = &mut self.surface_mut(index, report.expiry).candidates;
        let place = candidates.partition_point(|known| known.reporter < report.reporter);
        match candidates.get_mut(place) {
            Some(known) if known.reporter == report.reporter => *known = *report,
            _ => candidates.insert(place, *report),
        }
        is_first
    }

    fn surface_mut(&mut self, index: IndexId, expiry: At) -> &mut Surface {
        let surfaces = &mut self.prices_mut(index).surfaces;
        surfaces.iter_mut().find(|surface| surface.expiry == expiry).expect("it was remembered")
    }

    /// The lower median by variance at the money, of reports that are not stale and whose reporter
    /// still has a seat; what stands, if that one would cross a neighbour by now.
    fn choose_surface(&self, index: IndexId, expiry: At) -> SurfaceReport {
        let surface = self.prices(index).surface(expiry).expect("it was remembered");
        let terms = self.prices(index).feed.terms();
        let counts = |report: &&SurfaceReport| {
            self.at < report.source_at.plus_ms(SURFACE_STALE_MS)
                && self.check_reporter(report.reporter).is_ok()
                && terms.seats.iter().any(|seat| seat.reporter == report.reporter)
        };
        let mut good: Vec<&SurfaceReport> = surface.candidates.iter().filter(counts).collect();
        good.sort_by_key(|report| (pricing::atm_variance_ppb(&report.svi), report.reporter));
        let middle = good.get(good.len().saturating_sub(1) / 2);
        match middle {
            Some(middle) if self.check_calendar(index, middle).is_ok() => **middle,
            _ => surface.standing,
        }
    }
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

/// A reported surface does not speak for longer than this.
const SURFACE_STALE_MS: u64 = 600_000;

impl Surface {
    fn of(&self, reporter: types::AccountId) -> Option<&SurfaceReport> {
        self.candidates.iter().find(|report| report.reporter == reporter)
    }
}
