//! Money in, out, and between a main account and its subaccounts.

use types::{AccountId, Command, TransferReason};

use market_data::Movement;

use super::trading::one;
use super::{ROWS_MAX, domain, domains, me, now, params};
use crate::call::{Answered, Call, Reply};
use crate::errors::{error, wrong};
use crate::objects::{List, Look, Object, write_deposit, write_transfer, write_withdrawal};
use crate::publish::{Market, text};
use crate::venue::Class;

/// Movements where no count is given.
const MOVEMENTS: usize = 10;

/// There are no addresses: money is credited by the operator.
pub(crate) fn get_current_deposit_address(market: &Market, call: &Call) -> Answered {
    domain(market, params(call))?;
    now(|out| out.push_str("null"))
}

pub(crate) fn create_deposit_address(market: &Market, call: &Call) -> Answered {
    domain(market, params(call))?;
    let reason = "this venue has no chain addresses: its operator credits deposits";
    Err(error(11095, "disabled_deposit_address_creation", reason))
}

pub(crate) fn get_deposits(market: &Market, call: &Call) -> Answered {
    movements(market, call, TransferReason::Deposit, write_deposit)
}

pub(crate) fn get_withdrawals(market: &Market, call: &Call) -> Answered {
    movements(market, call, TransferReason::Withdrawal, write_withdrawal)
}

pub(crate) fn get_transfers(market: &Market, call: &Call) -> Answered {
    movements(market, call, TransferReason::Transfer, write_transfer)
}

/// `{count, data}`, newest first.
fn movements(
    market: &Market,
    call: &Call,
    reason: TransferReason,
    write: fn(&mut String, Look<'_>, &Movement),
) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let count = params.count(MOVEMENTS, ROWS_MAX)?;
    let skip = usize::try_from(params.whole("offset")?.unwrap_or(0)).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    for domain in domains(market, params)? {
        market.look(domain, |look| {
            let all =
                look.view.account(me).into_iter().flat_map(|account| account.movements().rev());
            let fits = all.filter(|row| row.reason == reason);
            rows.extend(fits.map(|row| text(|out| write(out, look, row))));
        });
    }
    now(|out| {
        let mut object = Object::new(out);
        object.number("count", rows.len());
        let mut list = List::new(object.key("data"));
        rows.iter().skip(skip).take(count).for_each(|row| list.item().push_str(row));
        list.end();
        object.end();
    })
}

pub(crate) fn withdraw(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let domain = domain(market, params)?;
    params.needed("address", params.text("address")?)?;
    let amount = money(market, params, domain)?;
    one(domain, Class::Order, Command::Withdraw { account, amount }, Reply::Withdrawal)
}

pub(crate) fn submit_transfer_to_subaccount(market: &Market, call: &Call) -> Answered {
    let from = me(call)?;
    transfer(market, call, from)
}

/// From `source` (the caller, if it is left out), which is the caller or one of its subaccounts.
pub(crate) fn submit_transfer_between_subaccounts(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let source = params(call).whole("source")?;
    let from = source.map_or(me, |id| u32::try_from(id).map(AccountId).unwrap_or_default());
    if from != me && !is_parent(market, me, from) {
        return Err(wrong("source", "is not one of your subaccounts"));
    }
    transfer(market, call, from)
}

fn is_parent(market: &Market, parent: AccountId, child: AccountId) -> bool {
    market.look(crate::venue::DomainId(0), |look| {
        look.view.account(child).is_some_and(|account| account.parent() == Some(parent))
    })
}

fn transfer(market: &Market, call: &Call, from: AccountId) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let to = params.needed("destination", params.whole("destination")?)?;
    let to = u32::try_from(to).map(AccountId).unwrap_or_default();
    let amount = money(market, params, domain)?;
    one(domain, Class::Order, Command::Transfer { from, to, amount }, Reply::Transfer)
}

pub(super) fn money(
    market: &Market,
    params: crate::params::Params<'_>,
    domain: crate::venue::DomainId,
) -> Result<types::Amount, crate::rpc::RpcError> {
    let decimals = market.look(domain, |look| look.view.decimals());
    params.money("amount", decimals)
}
