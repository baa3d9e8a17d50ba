//! `FUNDING-EXACT`: what perpetuals accrue and what their holders pay, computed anew from marks,
//! index, terms and time (FND-1 to FND-9; docs/rules/funding.md).
//!
//! ```text
//!   a second, continuous:  rate = max(d, P) + min(-d, P) within the cap;  + rate * lot value * ms
//!   a full hour, hourly:   rate of the average premium, by the value of then
//!   a holder owes size * (cumulative now - then), up
//! ```
//! The rate and the interest told are those, and told when due; each holder pays exactly its share,
//! once, before its position changes and at 08:00 UTC; and the pool is empty then but for what goes
//! to the fees. While the index is not good enough nothing accrues.

use types::{
    AccountId, Amount, At, Command, Event, FundingSchedule, FundingTerms, IndexPrice, InstrumentId,
    Kind, LedgerAccount, PricingTerms, Ticks, Version,
};

use super::gate::Gate;
use super::state::{Holding, Market, State, at};
use super::worth::{Round, quotient};
use super::{Check, hold};

pub(crate) const EXACT: &str = "FUNDING-EXACT";

/// Since when what stood until a price changed decides (FND-5).
const EXACT_SINCE: Version = Version(3);
/// One atom, in what a cumulative is held in.
const SCALE: i128 = 1_000_000_000_000;
const BILLION: i128 = 1_000_000_000;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;
const PERIOD_MS: u64 = 8 * HOUR_MS;
/// A silence counts as a hundred years, a premium as a thousand times the index, a lot as 2^60
/// atoms at most.
const ELAPSED_MS_MAX: u64 = 36_525 * At::DAY;
const PREMIUM_PPB_MAX: i128 = 1_000_000_000_000;
const LOT_VALUE_MAX: i128 = (1 << 60) * SCALE;

/// What holds until `SetPricing` says something else.
const USUAL: FundingTerms = FundingTerms {
    schedule: FundingSchedule::Continuous,
    damper_ppb: 250_000,
    cap_ppb: 5_000_000,
    interest_ppb: 0,
};

/// Every perpetual under a feed.
#[derive(Debug, Default)]
pub(crate) struct Fundings {
    perpetuals: Vec<Perpetual>,
    /// Version 3 of the rules: also before a price or terms change.
    is_exact: bool,
    /// What must be told in this entry.
    due: Vec<Told>,
    /// Perpetuals of which every holder pays with this entry.
    paying: Vec<InstrumentId>,
}

/// What is told of accrued funding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub instrument: InstrumentId,
    pub rate_ppb: i64,
    pub interest_ppb: i64,
    pub index_price: IndexPrice,
}

#[derive(Debug)]
struct Perpetual {
    instrument: InstrumentId,
    terms: FundingTerms,
    at: At,
    carry: i128,
    rate_ppb: i128,
    untold: i128,
    premiums: i128,
    premiums_ms: u64,
    pays_at: At,
}

/// What stood when it was looked at.
#[derive(Clone, Copy)]
struct Look {
    premium_ppb: i128,
    lot_value: i128,
    is_allowed: bool,
}

impl Fundings {
    /// A perpetual has a feed from here on.
    pub fn begin(&mut self, state: &State, instrument: InstrumentId) -> Check {
        let market = state.market(instrument)?;
        let is_known = self.perpetuals.iter().any(|known| known.instrument == instrument);
        let is_fed = state.indices.get(market.index).is_some_and(|index| index.is_fed);
        if is_known || !is_fed || market.spec.kind != Kind::Perpetual {
            return Ok(());
        }
        self.perpetuals.push(Perpetual {
            instrument,
            terms: USUAL,
            at: state.at,
            carry: 0,
            rate_ppb: 0,
            untold: 0,
            premiums: 0,
            premiums_ms: 0,
            pays_at: state.at.next_eight_utc(),
        });
        Ok(())
    }

    pub fn set_terms(&mut self, instrument: InstrumentId, terms: &PricingTerms) {
        let known = self.perpetuals.iter_mut().find(|known| known.instrument == instrument);
        if let (Some(known), Some(terms)) = (known, terms.funding) {
            known.terms = terms;
        }
    }

    pub fn upgraded(&mut self, to: Version) {
        self.is_exact = EXACT_SINCE <= to;
    }

    /// A second has passed, or the venue was started: then nobody looked. Or an index, its health
    /// or terms are about to change, and what stood until now decides (FND-5).
    pub fn begin_entry(
        &mut self,
        state: &mut State,
        gate: &Gate,
        command: &Command,
        events: &[Event],
    ) -> Check {
        match command {
            Command::Tick => return self.accrue(state, gate, None, false),
            Command::StartTerm => return self.accrue(state, gate, None, true),
            _ if !self.is_exact => return Ok(()),
            Command::SetPricing { instrument, .. } => {
                let index = state.market(*instrument)?.index;
                return self.accrue(state, gate, Some(index), false);
            }
            _ => {}
        }
        for event in events {
            if let Event::IndexChanged { index, .. } | Event::FeedHealthChanged { index, .. } =
                event
            {
                self.accrue(state, gate, Some(at(u32::from(index.0))), false)?;
            }
        }
        Ok(())
    }

    /// The perpetuals of one index, or of all.
    fn accrue(
        &mut self,
        state: &mut State,
        gate: &Gate,
        only: Option<usize>,
        is_start: bool,
    ) -> Check {
        let now = state.at;
        for perpetual in &mut self.perpetuals {
            let instrument = perpetual.instrument;
            let market = state.market(instrument)?;
            if only.is_some_and(|index| index != market.index) {
                continue;
            }
            let index_price = state.index_price(market);
            let is_allowed = !is_start && gate.may_fund(market.index, now);
            let look = look(market, index_price, is_allowed);
            if perpetual.pays_at <= now {
                perpetual.pays_at = now.next_eight_utc();
                self.paying.push(instrument);
            }
            let (more, told) = perpetual.accrue(&look, now);
            state.market_mut(instrument)?.funded += more;
            if let Some((rate_ppb, interest_ppb)) = told {
                self.due.push(Told { instrument, rate_ppb, interest_ppb, index_price });
            }
        }
        Ok(())
    }

    /// What accrued is told.
    pub fn told(&mut self, told: &Told) -> Check {
        let nth = self.due.iter().position(|due| due == told);
        hold!(nth.is_some(), EXACT, "{told:?} is told, due are {:?}", self.due);
        self.due.swap_remove(nth.unwrap_or(0));
        Ok(())
    }

    /// What holds after every entry.
    pub fn end(&mut self, state: &mut State) -> Check {
        let due = &self.due;
        hold!(due.is_empty(), EXACT, "{due:?} is due, and is not told");
        while let Some(instrument) = self.paying.pop() {
            let holders = state.market(instrument)?.holders.clone();
            for account in holders {
                settle(state, account, instrument)?;
            }
            let left = state.money.balance(LedgerAccount::Funding(instrument));
            hold!(left == 0, EXACT, "{left} atoms are in the pool of {instrument} after 08:00");
        }
        Ok(())
    }
}

/// What a mark and an index make of one moment.
fn look(market: &Market, index: IndexPrice, is_allowed: bool) -> Look {
    let tick = market.spec.tick_price().unwrap_or(0);
    let most = u64::from(Ticks::MAX.0).saturating_mul(tick);
    let has_prices = market.mark.0 != 0 && (tick.max(1)..=most).contains(&index.0);
    let mark = u64::from(market.mark.0).saturating_mul(tick).min(IndexPrice::MAX.0);
    let distance = i128::from(mark) - i128::from(index.0);
    let premium_ppb = distance * BILLION / i128::from(index.0.max(1));
    let lot_value = if has_prices { market.worth.lot_value(index, SCALE) } else { 0 };
    Look {
        premium_ppb: premium_ppb.clamp(-PREMIUM_PPB_MAX, PREMIUM_PPB_MAX),
        lot_value: lot_value.clamp(0, LOT_VALUE_MAX),
        is_allowed: is_allowed && has_prices,
    }
}

impl Perpetual {
    /// By what the cumulative rises, and what is told, if something is.
    fn accrue(&mut self, look: &Look, now: At) -> (i128, Option<(i64, i64)>) {
        let (then, ms) = (self.at, now.ms_since(self.at));
        self.at = now;
        match self.terms.schedule {
            FundingSchedule::Continuous => {
                self.rate_ppb = if look.is_allowed { self.rate(look.premium_ppb) } else { 0 };
                (self.premiums, self.premiums_ms) = (0, 0);
                let more = self.pay(look.lot_value, ms);
                let is_told = then.0 / MINUTE_MS < now.0 / MINUTE_MS;
                (more, is_told.then(|| self.tell()))
            }
            FundingSchedule::Hourly => self.accrue_hourly(look, then, now),
        }
    }

    fn accrue_hourly(&mut self, look: &Look, then: At, now: At) -> (i128, Option<(i64, i64)>) {
        let hour = At(then.0 - then.0 % HOUR_MS + HOUR_MS);
        if now < hour {
            self.watch(look, now.ms_since(then));
            return (0, None);
        }
        self.watch(look, hour.ms_since(then));
        let mut more = self.end_hours(look.lot_value, self.premiums_ms);
        let rest = now.ms_since(hour);
        if HOUR_MS <= rest {
            self.watch(look, HOUR_MS);
            more += self.end_hours(look.lot_value, rest - rest % HOUR_MS);
        }
        let told = self.tell();
        self.watch(look, rest % HOUR_MS);
        (more, Some(told))
    }

    fn watch(&mut self, look: &Look, ms: u64) {
        if look.is_allowed && ms != 0 {
            self.premiums += look.premium_ppb * i128::from(ms);
            self.premiums_ms += ms;
            self.rate_ppb = self.hourly_rate();
        }
    }

    fn end_hours(&mut self, lot_value: i128, ms: u64) -> i128 {
        self.rate_ppb = self.hourly_rate();
        let more = self.pay(lot_value, ms);
        (self.premiums, self.premiums_ms) = (0, 0);
        more
    }

    fn hourly_rate(&self) -> i128 {
        match self.premiums_ms {
            0 => 0,
            ms => self.rate(self.premiums / i128::from(ms)),
        }
    }

    /// FND-2, FND-3: the rate of a premium.
    fn rate(&self, premium: i128) -> i128 {
        let premium = premium.clamp(-PREMIUM_PPB_MAX, PREMIUM_PPB_MAX);
        let (damper, cap) = (i128::from(self.terms.damper_ppb), i128::from(self.terms.cap_ppb));
        let rate = match self.terms.schedule {
            FundingSchedule::Continuous => premium.max(damper) + premium.min(-damper),
            FundingSchedule::Hourly => {
                let interest = i128::from(self.terms.interest_ppb);
                premium + (interest - premium).clamp(-damper, damper)
            }
        };
        rate.clamp(-cap, cap)
    }

    /// `rate · value · ms / 8 h`: the price of 8 hours goes toward zero, what time leaves is kept.
    fn pay(&mut self, lot_value: i128, ms: u64) -> i128 {
        let (rate, ms, period) =
            (self.rate_ppb, i128::from(ms.min(ELAPSED_MS_MAX)), i128::from(PERIOD_MS));
        let of_period = lot_value / BILLION * rate + lot_value % BILLION * rate / BILLION;
        let part = of_period * (ms % period) + self.carry;
        self.carry = part.rem_euclid(period);
        self.untold += rate * ms;
        of_period * (ms / period) + part.div_euclid(period)
    }

    fn tell(&mut self) -> (i64, i64) {
        let period = i128::from(PERIOD_MS);
        let interest = self.untold.div_euclid(period);
        self.untold = self.untold.rem_euclid(period);
        let narrow = |wide: i128| i64::try_from(wide).unwrap_or(i64::MAX);
        (narrow(self.rate_ppb), narrow(interest))
    }
}

/// FND-6: what a holder owes now; below zero it gets.
pub(crate) fn owed(held: &Holding, funded: i128) -> i128 {
    let risen = funded - held.funding_since;
    if risen == 0 || held.size == 0 {
        return 0;
    }
    let size = i128::from(held.size);
    let part = quotient(risen.rem_euclid(SCALE) * size, SCALE, Round::Up);
    risen.div_euclid(SCALE) * size + part
}

/// Funding moves between a holder and the pool.
pub(crate) fn moved(
    state: &mut State,
    (from, to): (LedgerAccount, LedgerAccount),
    amount: Amount,
) -> Check {
    let (account, instrument, paid) = match (from, to) {
        (LedgerAccount::Collateral(account), LedgerAccount::Funding(instrument)) => {
            (account, instrument, amount.0)
        }
        (LedgerAccount::Funding(instrument), LedgerAccount::Collateral(account)) => {
            (account, instrument, -amount.0)
        }
        _ => return Ok(()),
    };
    let funded = state.market(instrument)?.funded;
    let held = state.holding_mut(account, instrument)?;
    let owes = owed(held, funded);
    hold!(
        i128::from(paid) == owes,
        EXACT,
        "{account} pays {paid} of funding for {} lots of {instrument}, it owes {owes}",
        held.size
    );
    held.funding_since = funded;
    state.paid = Some((account, instrument, owes));
    Ok(())
}

/// A position is about to change, or its day is over: it owes nothing any more.
pub(crate) fn settle(state: &mut State, account: AccountId, instrument: InstrumentId) -> Check {
    let funded = state.market(instrument)?.funded;
    let held = state.holding_mut(account, instrument)?;
    let owes = owed(held, funded);
    hold!(owes == 0, EXACT, "{account} owes {owes} of funding in {instrument}, and did not pay");
    held.funding_since = funded;
    Ok(())
}
