//! Accounts: summaries, positions, subaccounts, the transaction log.

use market_data::InstrumentView;
use types::{AccountId, AccountView, Amount, Lots, Rounding, Side, SignedLots, Ticks};

use super::trading::grounded;
use super::{ROWS_MAX, domain, domains, kind, me, now, params, place, whose};
use crate::call::{Answer, Answered, Call};
use crate::errors::{error, wrong};
use crate::objects::{
    List, LogRow, Look, Object, Scale, Summary, write_flat_position, write_log_row,
    write_portfolio, write_position, write_summary, write_user,
};
use crate::publish::{Market, json, text};
use crate::rpc::{Json, RpcError};
use crate::venue::DomainId;

/// Rows of the transaction log where no count is given.
const LOG_ROWS: usize = 100;

/// Asks the engine about an account in some domains, then lets `write` say it.
fn ask(
    market: &Market,
    account: AccountId,
    domains: Vec<DomainId>,
    write: impl FnOnce(&Market, &[(DomainId, AccountView)]) -> String + Send + 'static,
) -> Answered {
    let market = market.clone();
    let later = async move {
        let mut numbers = Vec::with_capacity(domains.len());
        for domain in domains {
            match market.account(domain, account).await {
                Some(view) => numbers.push((domain, view)),
                None => return Err(no_account(account)),
            }
        }
        Ok::<Json, RpcError>(json(write(&market, &numbers)))
    };
    Ok(Answer::Later(Box::pin(later)))
}

fn no_account(account: AccountId) -> RpcError {
    error(13020, "not_found", format!("account {account} is not open"))
}

/// The summary of an account as `see` writes it, if the view has the account too.
fn summarise(
    look: Look<'_>,
    id: AccountId,
    numbers: &AccountView,
    write: impl FnOnce(Summary<'_>),
) {
    if let Some(account) = look.view.account(id) {
        write(Summary { look, account, numbers });
    }
}

pub(crate) fn get_account_summary(market: &Market, call: &Call) -> Answered {
    let account = whose(market, call)?;
    let domain = domain(market, params(call))?;
    let extended = params(call).is("extended")?;
    ask(market, account, vec![domain], move |market, numbers| {
        text(|out| {
            for (domain, numbers) in numbers {
                market.look(*domain, |look| {
                    let limits = market.limits();
                    summarise(look, account, numbers, |summary| {
                        write_summary(out, summary, extended, limits);
                    });
                });
            }
        })
    })
}

pub(crate) fn get_account_summaries(market: &Market, call: &Call) -> Answered {
    let account = whose(market, call)?;
    let extended = params(call).is("extended")?;
    let domains = market.domain_ids().collect();
    ask(market, account, domains, move |market, numbers| {
        text(|out| {
            let mut object = Object::new(out);
            let mut list = List::new(object.key("summaries"));
            for (domain, numbers) in numbers {
                market.look(*domain, |look| {
                    let limits = market.limits();
                    summarise(look, account, numbers, |summary| {
                        write_summary(list.item(), summary, extended, limits);
                    });
                });
            }
            list.end();
            market.look(DomainId(0), |look| {
                if let Some(account) = look.view.account(account) {
                    write_user(&mut object, account);
                }
            });
            object.end();
        })
    })
}

pub(crate) fn get_positions(market: &Market, call: &Call) -> Answered {
    let account = whose(market, call)?;
    let kind = kind(params(call))?;
    let domains = domains(market, params(call))?;
    ask(market, account, domains, move |market, numbers| {
        text(|out| {
            let mut list = List::new(out);
            for (domain, numbers) in numbers {
                market.look(*domain, |look| {
                    for position in &numbers.positions {
                        let instrument = look.view.instrument(position.instrument);
                        let fits = instrument.is_some_and(|one| kind.takes(&one.spec().kind));
                        if fits && position.size != SignedLots::ZERO {
                            write_position(list.item(), look, account, position);
                        }
                    }
                });
            }
            list.end();
        })
    })
}

pub(crate) fn get_position(market: &Market, call: &Call) -> Answered {
    let account = whose(market, call)?;
    let place = place(market, params(call))?;
    ask(market, account, vec![place.domain], move |market, numbers| {
        let positions = numbers.iter().flat_map(|(_, numbers)| &numbers.positions);
        let found = positions.into_iter().find(|one| one.instrument == place.instrument);
        market.look(place.domain, |look| {
            text(|out| match (found, look.view.instrument(place.instrument)) {
                (Some(position), _) => write_position(out, look, account, position),
                (None, Some(instrument)) => write_flat_position(out, look, account, instrument),
                (None, None) => out.push_str("null"),
            })
        })
    })
}

/// The caller and its subaccounts; with `with_portfolio` what they hold.
pub(crate) fn get_subaccounts(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let ids: Vec<AccountId> = market.look(DomainId(0), |look| {
        let family = look.view.accounts().iter();
        let family = family.filter(|one| one.id() == me || one.parent() == Some(me));
        family.map(market_data::Account::id).collect()
    });
    let with_portfolio = params(call).is("with_portfolio")?;
    let market = market.clone();
    let later = async move {
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let mut numbers = Vec::new();
            for domain in market.domain_ids().filter(|_| with_portfolio) {
                numbers.extend(market.account(domain, id).await.map(|view| (domain, view)));
            }
            rows.push(subaccount(&market, id, &numbers));
        }
        Ok(json(format!("[{}]", rows.join(","))))
    };
    Ok(Answer::Later(Box::pin(later)))
}

fn subaccount(market: &Market, id: AccountId, numbers: &[(DomainId, AccountView)]) -> String {
    text(|out| {
        let mut object = Object::new(out);
        market.look(DomainId(0), |look| match look.view.account(id) {
            Some(account) => write_user(&mut object, account),
            None => {
                object.number("id", id).word("type", "subaccount");
            }
        });
        object.flag("is_password", false).word("margin_model", "segregated_sm");
        object.key("trading_products_details").push_str("[]");
        if !numbers.is_empty() {
            let mut portfolio = Object::new(object.key("portfolio"));
            for (domain, numbers) in numbers {
                market.look(*domain, |look| {
                    let key = look.asset().to_string().to_lowercase();
                    summarise(look, id, numbers, |summary| {
                        write_portfolio(portfolio.key(&key), summary);
                    });
                });
            }
            portfolio.end();
        }
        object.end();
    })
}

/// Trades, movements of money, funding and deliveries, newest first.
pub(crate) fn get_transaction_log(market: &Market, call: &Call) -> Answered {
    let id = whose(market, call)?;
    let params = params(call);
    let domain = domain(market, params)?;
    let (start, end) = params.span()?;
    let count = params.count(LOG_ROWS, ROWS_MAX)?;
    let skip = usize::try_from(params.whole("continuation")?.unwrap_or(0)).unwrap_or(usize::MAX);
    now(|out| {
        market.look(domain, |look| {
            let Some(account) = look.view.account(id) else { return };
            let trades = account.trades().map(LogRow::Traded);
            let moved = account.movements().map(LogRow::Moved);
            let settled = account.settlements().map(LogRow::Settled);
            let all = trades.chain(moved).chain(settled);
            let mut rows: Vec<LogRow<'_>> =
                all.filter(|row| (start..=end).contains(&row.at().0)).collect();
            rows.sort_by_key(|row| (row.at(), row.id()));
            let total = rows.len();
            let mut object = Object::new(out);
            let mut list = List::new(object.key("logs"));
            for (nth, row) in rows.iter().enumerate().rev().skip(skip).take(count) {
                write_log_row(list.item(), look, (account, nth + 1), *row);
            }
            list.end();
            let next = skip.saturating_add(count);
            object.number_or_null("continuation", (next < total).then_some(next));
            object.end();
        });
    })
}

/// What one more order would need, by itself and at the present mark: the initial rate of its value
/// and the loss against the mark at its price; an option that is bought needs its premium.
pub(crate) fn get_margins(market: &Market, call: &Call) -> Answered {
    me(call)?;
    let params = params(call);
    let place = place(market, params)?;
    let text = grounded(market, place, |ground| {
        let size = params.needed("amount", params.lots_here("amount", ground)?)?;
        let price = params.needed("price", params.price("price", ground)?)?;
        if price.0 == 0 {
            return Err(wrong("price", "send a price above 0"));
        }
        let Some((instrument, mark)) = ground.instrument.and_then(|one| Some((one, one.mark()?)))
        else {
            return Err(error(10012, "book_closed", "there is no mark price yet: wait for it"));
        };
        let (low, high) = instrument.band().unwrap_or_default();
        let money =
            |side| ground.look.money(margin(ground.look, instrument, (side, price, mark), size));
        Ok(text(|out| {
            let mut object = Object::new(out);
            object
                .number("buy", money(Side::Bid))
                .number("sell", money(Side::Ask))
                .number("min_price", instrument.price(low))
                .number("max_price", instrument.price(high));
            object.end();
        }))
    })?;
    now(|out| out.push_str(&text))
}

fn margin(
    look: Look<'_>,
    instrument: &InstrumentView,
    (side, price, mark): (Side, Ticks, Ticks),
    size: Lots,
) -> Amount {
    let lots = u64::from(size.0);
    let value = |ticks| instrument.contract().value(ticks, lots, Rounding::Up);
    let rate = i64::from(instrument.spec().margin.initial_ppm);
    let share = |amount: Amount| amount.times(rate, 1_000_000, Rounding::Up);
    if !instrument.spec().kind.is_option() {
        let (at_price, at_mark) = (value(price), value(mark));
        let loss = Amount(at_price.0.abs_diff(at_mark.0).try_into().unwrap_or(i64::MAX));
        let is_worse = if side == Side::Bid { mark < price } else { price < mark };
        return share(at_mark).plus(if is_worse { loss } else { Amount::ZERO });
    }
    let index = look.index_price(instrument).unwrap_or_default();
    match side {
        Side::Bid => value(price),
        Side::Ask => value(mark).plus(share(instrument.contract().underlying(index, lots))),
    }
}
