//! Settlements: what became of instruments, and what an account got and paid for it.
//!
//! Nobody goes bankrupt here yet, so rows of that type are none; the public list has deliveries,
//! for funding is of each account alone.

use market_data::{Settled, Settlement};
use types::InstrumentId;

use super::{ROWS_MAX, domains, me, now, params, place};
use crate::call::{Answered, Call};
use crate::errors::wrong;
use crate::objects::{List, Look, Object, settlement_type, write_own_settlement, write_settled};
use crate::params::Params;
use crate::publish::Market;
use crate::rpc::RpcError;
use crate::venue::DomainId;

/// Rows where no count is given.
const ROWS: usize = 20;

/// Which rows of which domains.
struct Wanted {
    domains: Vec<DomainId>,
    instrument: Option<InstrumentId>,
    of_type: Option<&'static str>,
    until: u64,
    skip: usize,
    count: usize,
}

const TYPES: &[(&str, &str)] =
    &[("settlement", "settlement"), ("delivery", "delivery"), ("bankruptcy", "bankruptcy")];

impl Wanted {
    fn read(
        params: Params<'_>,
        domains: Vec<DomainId>,
        instrument: Option<InstrumentId>,
    ) -> Result<Wanted, RpcError> {
        let skip = match params.text("continuation")? {
            None | Some("none") => 0,
            Some(text) => text.parse().map_err(|_| {
                wrong("continuation", "send the one of the answer before, or leave it out")
            })?,
        };
        Ok(Wanted {
            domains,
            instrument,
            of_type: params.choice("type", TYPES)?,
            until: params.whole("search_start_timestamp")?.unwrap_or(u64::MAX),
            skip,
            count: params.count(ROWS, ROWS_MAX)?,
        })
    }

    fn takes(&self, word: &str, (instrument, at): (Option<InstrumentId>, types::At)) -> bool {
        self.of_type.is_none_or(|wanted| wanted == word)
            && self.instrument.is_none_or(|wanted| Some(wanted) == instrument)
            && at.0 <= self.until
    }

    /// Rows of all domains, newest first within each, and how to go on.
    fn answer(&self, rows: Vec<String>) -> Answered {
        let next = self.skip.saturating_add(self.count);
        now(|out| {
            let mut object = Object::new(out);
            match next < rows.len() {
                true => object.word("continuation", next),
                false => object.word("continuation", "none"),
            };
            let mut list = List::new(object.key("settlements"));
            rows.iter().skip(self.skip).take(self.count).for_each(|row| list.item().push_str(row));
            list.end();
            object.end();
        })
    }
}

fn by_instrument(market: &Market, call: &Call) -> Result<Wanted, RpcError> {
    let place = place(market, params(call))?;
    Wanted::read(params(call), vec![place.domain], Some(place.instrument))
}

fn by_currency(market: &Market, call: &Call) -> Result<Wanted, RpcError> {
    let params = params(call);
    params.needed("currency", params.text("currency")?)?;
    Wanted::read(params, domains(market, params)?, None)
}

pub(crate) fn get_last_settlements_by_instrument(market: &Market, call: &Call) -> Answered {
    public(market, &by_instrument(market, call)?)
}

pub(crate) fn get_last_settlements_by_currency(market: &Market, call: &Call) -> Answered {
    public(market, &by_currency(market, call)?)
}

pub(crate) fn get_settlement_history_by_instrument(market: &Market, call: &Call) -> Answered {
    private(market, call, &by_instrument(market, call)?)
}

pub(crate) fn get_settlement_history_by_currency(market: &Market, call: &Call) -> Answered {
    private(market, call, &by_currency(market, call)?)
}

fn public(market: &Market, wanted: &Wanted) -> Answered {
    let fits = |row: &&Settled| wanted.takes("delivery", (Some(row.instrument), row.at));
    let of_domain = |look: Look<'_>| -> Vec<String> {
        let rows = look.view.settled().rev().filter(fits);
        rows.map(|row| crate::publish::text(|out| write_settled(out, look, row))).collect()
    };
    let domains = wanted.domains.iter();
    wanted.answer(domains.flat_map(|domain| market.look(*domain, of_domain)).collect())
}

fn private(market: &Market, call: &Call, wanted: &Wanted) -> Answered {
    let me = me(call)?;
    let fits = |row: &&Settlement| {
        let word = settlement_type(row.reason);
        word.is_some_and(|word| wanted.takes(word, (row.instrument, row.at)))
    };
    let of_domain = |look: Look<'_>| -> Vec<String> {
        let account = look.view.account(me).into_iter();
        let rows = account.flat_map(|account| account.settlements().rev()).filter(fits);
        rows.map(|row| crate::publish::text(|out| write_own_settlement(out, look, row))).collect()
    };
    let domains = wanted.domains.iter();
    wanted.answer(domains.flat_map(|domain| market.look(*domain, of_domain)).collect())
}
