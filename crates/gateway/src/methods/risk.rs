//! Margin and what follows when it is short: what anybody may see of it, what an order would need,
//! and what the operator and backstops say.

use market_data::InstrumentView;
use types::{
    BackstopTerms, Command, FillableTerms, MarginTerms, OpenInterestBand, OrderNeeds, RiskTerms,
    Ticks,
};

use super::feeds::{no_answer, not_negative};
use super::trading::{grounded, one};
use super::{domain, domains, me, params, place, wallet};
use crate::call::{Answer, Answered, Call, Reply};
use crate::errors::{error, wrong};
use crate::objects::{ADL_POLICIES, Object, Scale, write_waterfall};
use crate::publish::{Market, Place, json, text};
use crate::venue::Class;

/// What one more order of the caller's would need: by itself, and beside what the account has.
pub(crate) fn get_margins(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let place = place(market, params)?;
    let (size, price) = grounded(market, place, |ground| {
        let size = params.needed("amount", params.lots_here("amount", ground)?)?;
        let price = params.needed("price", params.price("price", ground)?)?;
        match price.0 {
            0 => Err(wrong("price", "send a price above 0")),
            _ => Ok((size, price)),
        }
    })?;
    let market = market.clone();
    let later = async move {
        let order = (place.instrument, size, price);
        let needs = market.venue().order_needs(place.domain, account, order).await;
        let needs = needs.ok_or_else(|| {
            error(10012, "book_closed", "there is no mark price yet: wait for it")
        })?;
        Ok(json(margins(&market, place, needs)))
    };
    Ok(Answer::Later(Box::pin(later)))
}

fn margins(market: &Market, place: Place, [buy, sell]: [OrderNeeds; 2]) -> String {
    market.look(place.domain, |look| {
        text(|out| {
            let instrument = look.view.instrument(place.instrument);
            let (low, high) = instrument.and_then(InstrumentView::band).unwrap_or_default();
            let price = |ticks: Ticks| instrument.map(|one| one.price(ticks));
            let mut object = Object::new(out);
            object
                .number("buy", look.money(buy.alone))
                .number("sell", look.money(sell.alone))
                .number_or_null("buy_needed", buy.more.map(|more| look.money(more)))
                .number_or_null("sell_needed", sell.more.map(|more| look.money(more)))
                .number_or_null("min_price", price(low))
                .number_or_null("max_price", price(high));
            object.end();
        })
    })
}

/// The insurance fund of each domain and what stands behind it.
pub(crate) fn get_waterfall(market: &Market, call: &Call) -> Answered {
    let domains = domains(market, params(call))?;
    let market = market.clone();
    let later = async move {
        let mut rows = Vec::with_capacity(domains.len());
        for domain in domains {
            let view = market.venue().waterfall(domain).await.ok_or_else(no_answer)?;
            rows.push(market.look(domain, |look| text(|out| write_waterfall(out, look, &view))));
        }
        Ok(json(format!("[{}]", rows.join(","))))
    };
    Ok(Answer::Later(Box::pin(later)))
}

/// Says how the standard margin of an instrument is made.
pub(crate) fn set_margin(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let place = place(market, params)?;
    let terms = MarginTerms {
        initial_ppm: params.small("initial_ppm")?,
        maintenance_ppm: params.small("maintenance_ppm")?,
        slope_ppb: params.small("slope_ppb")?,
        floor_ppm: params.small("floor_ppm")?,
    };
    let command = Command::SetMargin { instrument: place.instrument, terms };
    one(place.domain, Class::Order, command, Reply::Ok)
}

/// Says from where open interest raises the initial rate of a future; without a band it does not.
pub(crate) fn set_open_interest_band(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let place = place(market, params)?;
    let decimals = market.look(place.domain, |look| look.view.decimals());
    let end = |name| not_negative(params, name, decimals);
    let band = match (params.get("lower"), params.get("upper")) {
        (None, None) => None,
        _ => Some(OpenInterestBand { lower: end("lower")?, upper: end("upper")? }),
    };
    let command = Command::SetOpenInterestBand { instrument: place.instrument, band };
    one(place.domain, Class::Order, command, Reply::Ok)
}

/// Says how far from the mark the domain of `currency` liquidates; without terms as far as the
/// slippage.
pub(crate) fn set_fillable(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let terms = match (params.get("adjustment_ppm"), params.get("spread_ppm")) {
        (None, None) => None,
        _ => Some(FillableTerms {
            adjustment_ppm: params.small("adjustment_ppm")?,
            spread_ppm: params.small("spread_ppm")?,
        }),
    };
    one(domain, Class::Order, Command::SetFillable(terms), Reply::Ok)
}

/// Says how the domain of `currency` liquidates.
pub(crate) fn set_risk(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let terms = RiskTerms {
        buffer_ppm: params.small("buffer_ppm")?,
        round_ppm: params.small("round_ppm")?,
        round_ms: params.small("round_ms")?,
        depth_ppm: params.small("depth_ppm")?,
        slippage_ppm: params.small("slippage_ppm")?,
        fee_ppm: params.small("fee_ppm")?,
        takeover_ppm: params.small("takeover_ppm")?,
        idle_rounds: params.small("idle_rounds")?,
        adl: params.needed("adl", params.choice("adl", &ADL_POLICIES)?)?,
    };
    one(domain, Class::Order, Command::SetRisk(terms), Reply::Ok)
}

/// Puts money that came from outside into the insurance fund of the domain of `currency`.
pub(crate) fn fund_insurance(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let amount = wallet::money(market, params, domain)?;
    one(domain, Class::Order, Command::FundInsurance { amount }, Reply::Ok)
}

/// The caller offers to take positions over; a capacity of zero takes the offer back.
pub(crate) fn offer_backstop(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let domain = domain(market, params)?;
    let decimals = market.look(domain, |look| look.view.decimals());
    let capacity = not_negative(params, "capacity", decimals)?;
    let terms = BackstopTerms { capacity, share_ppm: params.small("share_ppm")? };
    one(domain, Class::Order, Command::OfferBackstop { account, terms }, Reply::Ok)
}
