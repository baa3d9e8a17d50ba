//! Accounts: summaries, positions, subaccounts, the transaction log.

use types::{AccountId, AccountView, AdlPlace, SignedLots};

use super::{ROWS_MAX, domain, domains, kind, me, now, params, place, whose};
use crate::call::{Answer, Answered, Call};
use crate::errors::error;
use crate::objects::{
    List, LogRow, Look, Object, Summary, write_flat_position, write_log_row, write_portfolio,
    write_ranked_position, write_summary, write_user,
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
    ask_ranked(market, account, domains, move |market, ranked| {
        text(|out| {
            let mut list = List::new(out);
            for (domain, numbers, places) in ranked {
                market.look(*domain, |look| {
                    for position in &numbers.positions {
                        let instrument = look.view.instrument(position.instrument);
                        let fits = instrument.is_some_and(|one| kind.takes(&one.spec().kind));
                        if fits && position.size != SignedLots::ZERO {
                            let ranked = (position, places.as_slice());
                            write_ranked_position(list.item(), look, account, ranked);
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
    ask_ranked(market, account, vec![place.domain], move |market, ranked| {
        let mut positions = ranked.iter().flat_map(|(_, numbers, places)| {
            numbers.positions.iter().map(move |position| (position, places.as_slice()))
        });
        let found = positions.find(|(position, _)| position.instrument == place.instrument);
        market.look(place.domain, |look| {
            text(|out| match (found, look.view.instrument(place.instrument)) {
                (Some(position), _) => write_ranked_position(out, look, account, position),
                (None, Some(instrument)) => write_flat_position(out, look, account, instrument),
                (None, None) => out.push_str("null"),
            })
        })
    })
}

/// The numbers of an account in a domain, and where its positions stand in the ranking.
type Ranked = (DomainId, AccountView, Vec<AdlPlace>);

/// The same as [`ask`], with the ranking.
fn ask_ranked(
    market: &Market,
    account: AccountId,
    domains: Vec<DomainId>,
    write: impl FnOnce(&Market, &[Ranked]) -> String + Send + 'static,
) -> Answered {
    let market = market.clone();
    let later = async move {
        let mut ranked = Vec::with_capacity(domains.len());
        for domain in domains {
            let view = market.account(domain, account).await;
            let view = view.ok_or_else(|| no_account(account))?;
            let places = match view.positions.is_empty() {
                true => None,
                false => market.venue().adl_places(domain, account).await,
            };
            ranked.push((domain, view, places.unwrap_or_default()));
        }
        Ok::<Json, RpcError>(json(write(&market, &ranked)))
    };
    Ok(Answer::Later(Box::pin(later)))
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
