//! What is refused, and what is evidence.

use types::planted::{self, Bug};
use types::{At, FeedTerms, IndexPrice, PriceReport, Reject};

use crate::feed::Feed;
use crate::ppm::{exceeds, share_up};
use crate::seat::{Cell, Said};

/// What a report that is not refused is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A price.
    Price,
    /// A second, different report for a nonce that is remembered: its reporter is caught. The
    /// report is evidence, however old or absurd it is, and its price is not used.
    Equivocation,
}

impl Feed {
    /// Everything that can refuse a report. Changes nothing. The report is of this feed's pair, and
    /// its signature is good: both are for the caller to see to.
    ///
    /// The same report again is a replay, never a fault: anybody can send signed bytes twice.
    pub fn check(&self, report: &PriceReport, at: At) -> Result<Taken, Reject> {
        let cell = self.cell_of(report).map(|(_, cell)| cell);
        let caught = cell.is_some_and(|cell| !cell.suspended && is_second(cell, report));
        if caught {
            return Ok(Taken::Equivocation);
        }
        let PriceReport { price, reporter: account, source, nonce, .. } = *report;
        if price.0 == 0 || IndexPrice::MAX < price {
            return Err(Reject::IndexPriceOutOfRange { price });
        }
        let Some(cell) = cell else {
            return Err(Reject::SeatMissing { account, source_id: source.0 });
        };
        if cell.suspended {
            return Err(Reject::ReporterSuspended { account });
        }
        let is_late = |last: &u64| nonce <= *last && !planted::is(Bug::ReplayedReportTaken);
        if let Some(last) = cell.said.last().map(|said| said.nonce).filter(is_late) {
            return Err(Reject::ReportReplayed { nonce, last });
        }
        check_words(self.terms(), report, at)?;
        Ok(Taken::Price)
    }
}

/// Whether the reporter said something else with this nonce.
fn is_second(cell: &Cell, report: &PriceReport) -> bool {
    cell.remembered(report.nonce).is_some_and(|said| *said != Said::from(report))
}

fn check_words(terms: &FeedTerms, report: &PriceReport, at: At) -> Result<(), Reject> {
    let PriceReport { price, confidence, source_at, .. } = *report;
    let FeedTerms { stale_ms, ahead_ms, confidence_ppm: max_ppm, .. } = *terms;
    if at.plus_ms(u64::from(ahead_ms)) < source_at {
        return Err(Reject::ReportFromFuture { source_at, at, ahead_ms });
    }
    if u64::from(stale_ms) <= at.ms_since(source_at) {
        return Err(Reject::ReportStale { source_at, at, stale_ms });
    }
    if exceeds(confidence.0, price, max_ppm) {
        let confidence_ppm = share_up(confidence.0, price);
        return Err(Reject::ConfidenceTooWide { confidence_ppm, max_ppm });
    }
    Ok(())
}
