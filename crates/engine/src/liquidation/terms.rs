//! What the operator and backstops say about margin and liquidation.

use alloc::vec::Vec;

use types::{
    AccountId, Amount, BackstopTerms, Event, FillableTerms, InstrumentId, LedgerAccount,
    MarginTerms, OpenInterestBand, Reject, RiskFault, RiskTerms, TransferReason, limits,
};

use super::Backstop;
use crate::engine::Engine;
use crate::market::Crowding;
use crate::money::check_amount;

const MILLION: u32 = 1_000_000;

impl Engine {
    pub(crate) fn set_margin(
        &mut self,
        instrument: InstrumentId,
        terms: &MarginTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_market(instrument)?;
        let refuse = |fault| Reject::RiskTermsContradict { fault };
        risk::standard::check_terms(terms).map_err(refuse)?;

        self.touch_market(instrument);
        self.markets.at_mut(instrument.0).margin = Some(*terms);
        events.push(Event::MarginSet { instrument, terms: *terms });
        self.revalue_holders(instrument.0);
        Ok(())
    }

    pub(crate) fn set_open_interest_band(
        &mut self,
        instrument: InstrumentId,
        band: Option<OpenInterestBand>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.check_market(instrument)?;
        let refuse = |fault| Reject::RiskTermsContradict { fault };
        if let Some(band) = &band {
            risk::standard::check_band(band).map_err(refuse)?;
            if market.spec.kind.is_option() {
                return Err(refuse(RiskFault::OpenInterest));
            }
        }

        let of = |band| Crowding { band, way_ppb: market.crowding_ppb(&band) };
        let crowding = band.map(of);
        self.touch_market(instrument);
        self.markets.at_mut(instrument.0).crowding = crowding;
        events.push(Event::OpenInterestBandSet { instrument, band });
        self.revalue_holders(instrument.0);
        Ok(())
    }

    pub(crate) fn set_fillable(
        &mut self,
        terms: Option<FillableTerms>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let refuse = |fault| Reject::RiskTermsContradict { fault };
        terms.iter().try_for_each(risk::liquidation::check_fillable).map_err(refuse)?;
        let old = core::mem::replace(&mut self.fillable, terms);
        self.digests.replace_fillable(old.as_ref(), terms.as_ref());
        events.push(Event::FillableSet(terms));
        Ok(())
    }

    pub(crate) fn set_risk(
        &mut self,
        terms: &RiskTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let refuse = |fault| Reject::RiskTermsContradict { fault };
        risk::liquidation::check_terms(terms).map_err(refuse)?;
        let old = self.risk_terms;
        self.risk_terms = *terms;
        self.digests.replace_risk(&old, terms);
        events.push(Event::RiskSet(*terms));
        Ok(())
    }

    pub(crate) fn fund_insurance(
        &mut self,
        amount: Amount,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        check_amount(amount)?;
        self.check_deposits(amount)?;
        let (from, to) = (LedgerAccount::Outside, LedgerAccount::Insurance);
        self.transfer(from, to, amount, TransferReason::Insurance, events);
        Ok(())
    }

    pub(crate) fn offer_backstop(
        &mut self,
        account: AccountId,
        terms: &BackstopTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_account(account)?;
        self.check_not_liquidating(account)?;
        if terms.capacity < Amount::ZERO || MILLION < terms.share_ppm {
            let fault = RiskFault::Backstop;
            return Err(Reject::RiskTermsContradict { fault });
        }
        let known = self.backstops.get(&account).copied();
        let max = limits::BACKSTOPS_MAX;
        if known.is_none() && max <= u32::try_from(self.backstops.len()).unwrap_or(max) {
            return Err(Reject::AccountsTooMany { max });
        }

        let taken = known.map_or(Amount::ZERO, |backstop| backstop.taken);
        let offer = (terms.capacity != Amount::ZERO).then_some(Backstop { terms: *terms, taken });
        self.set_backstop(account, offer);
        events.push(Event::BackstopOffered { account, terms: *terms });
        Ok(())
    }

    pub(super) fn set_backstop(&mut self, account: AccountId, backstop: Option<Backstop>) {
        let old = match backstop {
            Some(backstop) => self.backstops.insert(account, backstop),
            None => self.backstops.remove(&account),
        };
        self.digests.replace_backstop(account, old.as_ref(), backstop.as_ref());
    }
}
