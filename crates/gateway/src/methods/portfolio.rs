//! Portfolio margin: what the operator says of it (docs/rules/portfolio.md).

use types::{AccountId, Command, MarginModel, PortfolioTerms, Tail};

use super::prices::with_index;
use super::trading::one;
use super::{domain, params};
use crate::call::{Answered, Call, Reply};
use crate::publish::Market;
use crate::venue::Class;

/// As Deribit names them.
const MODELS: &[(&str, MarginModel)] =
    &[("segregated_sm", MarginModel::Standard), ("segregated_pm", MarginModel::Portfolio)];

/// Says by which scenarios the portfolio margin of an index is made, all of them at once.
pub(crate) fn set_portfolio(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let name = params.needed("index_name", params.text("index_name")?)?;
    let see = |look: crate::objects::Look<'_>, index: &market_data::Index| {
        (look.domain, index.base(), index.quote())
    };
    let (domain, base, quote) = with_index(market, name, see)?;
    let tails = params.records("tails")?.into_iter().map(|tail| {
        Ok(Tail { move_ppm: tail.signed("move_ppm")?, weight_ppm: tail.small("weight_ppm")? })
    });
    let terms = PortfolioTerms {
        range_ppm: params.small("range_ppm")?,
        steps: params.small("steps")?,
        vol_up_ppm: params.small("vol_up_ppm")?,
        vol_down_ppm: params.small("vol_down_ppm")?,
        near_power_ppm: params.small("near_power_ppm")?,
        far_power_ppm: params.small("far_power_ppm")?,
        tails: tails.collect::<Result<_, _>>()?,
        maintenance_ppm: params.small("maintenance_ppm")?,
        future_initial_ppm: params.small("future_initial_ppm")?,
        future_maintenance_ppm: params.small("future_maintenance_ppm")?,
        short_initial_ppm: params.small("short_initial_ppm")?,
        short_maintenance_ppm: params.small("short_maintenance_ppm")?,
    };
    let command = Command::SetPortfolio { base, quote, terms: Box::new(terms) };
    one(domain, Class::Order, command, Reply::Ok)
}

/// Says how an account is margined in the domain of `currency`.
pub(crate) fn set_margin_model(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let account = AccountId(params.small("account")?);
    let model = params.needed("margin_model", params.choice("margin_model", MODELS)?)?;
    let command = Command::SetMarginModel { account, model };
    one(domain, Class::Order, command, Reply::Ok)
}
