//! `[[pricing]]` of a file.

use anyhow::{Context, bail};
use types::{FundingSchedule, FundingTerms, Kind, Lots, MarkMethod, PricingTerms};

use super::row::Row;
use super::{Genesis, GenesisPricing};

const MARKS: [(&str, MarkMethod); 2] =
    [("impact_basis", MarkMethod::ImpactBasis), ("median_of_three", MarkMethod::MedianOfThree)];
const SCHEDULES: [(&str, FundingSchedule); 2] =
    [("continuous", FundingSchedule::Continuous), ("hourly", FundingSchedule::Hourly)];

/// Reads how an instrument of the file is priced.
pub fn read(mut row: Row, genesis: &Genesis) -> anyhow::Result<GenesisPricing> {
    let name = row.text("instrument").context("a pricing")?;
    let read = read_terms(&name, &mut row, genesis);
    read.with_context(|| format!("pricing of {name}"))
}

fn read_terms(name: &str, row: &mut Row, genesis: &Genesis) -> anyhow::Result<GenesisPricing> {
    let Some(spec) = genesis.instruments.iter().find(|spec| spec.name() == name) else {
        bail!("there is no such [[instrument]]");
    };
    let pair = (spec.base, spec.quote);
    if !genesis.feeds.iter().any(|feed| (feed.terms.base, feed.terms.quote) == pair) {
        bail!("its index {}/{} has no [[feed]], so nothing is priced", spec.base, spec.quote);
    }
    let terms = PricingTerms {
        mark: row.word_or_first("mark", &MARKS)?,
        impact: Lots(row.number_or("impact_lots", 1_000)?),
        clamp_ppm: row.needed("clamp_ppm")?,
        funding: read_funding(row, &spec.kind)?,
    };
    row.finish()?;
    risk::funding::check_terms(&spec.kind, &terms)?;
    Ok(GenesisPricing { instrument: name.to_owned(), terms })
}

/// A perpetual has the usual funding where the file says nothing of it.
fn read_funding(row: &mut Row, kind: &Kind) -> anyhow::Result<Option<FundingTerms>> {
    let usual = FundingTerms {
        schedule: FundingSchedule::Continuous,
        damper_ppb: 250_000,
        cap_ppb: 5_000_000,
        interest_ppb: 0,
    };
    let Some(mut row) = row.row("funding")? else {
        return Ok((*kind == Kind::Perpetual).then_some(usual));
    };
    let terms = FundingTerms {
        schedule: row.word_or_first("schedule", &SCHEDULES)?,
        damper_ppb: row.number_or("damper_ppb", usual.damper_ppb)?,
        cap_ppb: row.number_or("cap_ppb", usual.cap_ppb)?,
        interest_ppb: row.number_or("interest_ppb", usual.interest_ppb)?,
    };
    row.finish().context("funding")?;
    Ok(Some(terms))
}
