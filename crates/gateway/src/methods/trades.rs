//! Public trades and the trades of an account.
//!
//! Plain lists begin with the newest, the `_and_time` forms with the oldest (api.md §7.2).

use market_data::{Trade, UserTrade};
use types::AccountId;

use super::{ROWS_MAX, domains, kind, me, now, numbered, order_id, page, params, place, whose};
use crate::call::{Answered, Call};
use crate::objects::{Labels, List, Look, Object, write_trade, write_user_trade};
use crate::params::Params;
use crate::publish::{KindFilter, Market, text};
use crate::rpc::RpcError;

/// Trades where no count is given.
const TRADES: usize = 10;

/// Which trades are wanted, and in which order.
#[derive(Clone, Copy)]
struct Wanted {
    at: (u64, u64),
    seq: (u64, u64),
    id: (u64, u64),
    kind: KindFilter,
    count: usize,
    oldest_first: bool,
}

impl Wanted {
    fn read(market: &Market, call: &Call) -> Result<Wanted, RpcError> {
        let params = params(call);
        let by_time = call.method.ends_with("_and_time");
        Ok(Wanted {
            at: params.span()?,
            seq: range(params.whole("start_seq")?, params.whole("end_seq")?),
            id: range(
                trade_number(market, params, "start_id")?,
                trade_number(market, params, "end_id")?,
            ),
            kind: kind(params)?,
            count: params.count(TRADES, ROWS_MAX)?,
            oldest_first: params.oldest_first()?.unwrap_or(by_time),
        })
    }

    fn takes(&self, look: Look<'_>, trade: &Trade) -> bool {
        let within = |range: (u64, u64), value| range.0 <= value && value <= range.1;
        within(self.at, trade.at.0)
            && within(self.seq, trade.seq)
            && within(self.id, trade.id.0)
            && (self.kind == KindFilter::Any
                || look
                    .view
                    .instrument(trade.instrument)
                    .is_some_and(|one| self.kind.takes(&one.spec().kind)))
    }

    /// The rows that are wanted of `rows`, which run from the oldest to the newest.
    fn pick<'a, T>(
        &self,
        rows: impl DoubleEndedIterator<Item = &'a T>,
        takes: impl Fn(&T) -> bool,
    ) -> (Vec<&'a T>, bool) {
        if self.oldest_first {
            page(rows.filter(|row| takes(row)), self.count)
        } else {
            page(rows.rev().filter(|row| takes(row)), self.count)
        }
    }
}

fn range(start: Option<u64>, end: Option<u64>) -> (u64, u64) {
    (start.unwrap_or(0), end.unwrap_or(u64::MAX))
}

fn trade_number(market: &Market, params: Params<'_>, name: &str) -> Result<Option<u64>, RpcError> {
    let Some(id) = params.id(name)? else { return Ok(None) };
    match numbered(market, &id) {
        Some((_, number)) => Ok(Some(number)),
        None => Err(crate::errors::wrong(name, format!("{id:.40} is not a trade id"))),
    }
}

/// `{trades, has_more}` of rows that were written.
fn trades_and_more(pages: Vec<(Vec<String>, bool)>, count: usize) -> Answered {
    now(|out| {
        let mut has_more = false;
        let mut left = count;
        let mut object = Object::new(out);
        let mut list = List::new(object.key("trades"));
        for (rows, more) in pages {
            has_more |= more || left < rows.len();
            for row in rows.iter().take(left) {
                list.item().push_str(row);
            }
            left -= left.min(rows.len());
        }
        list.end();
        object.flag("has_more", has_more);
        object.end();
    })
}

pub(crate) fn get_last_trades_by_instrument(market: &Market, call: &Call) -> Answered {
    let place = place(market, params(call))?;
    let wanted = Wanted::read(market, call)?;
    let rows = market.look(place.domain, |look| {
        let Some(instrument) = look.view.instrument(place.instrument) else {
            return (Vec::new(), false);
        };
        public_rows(look, &wanted, instrument.trades().iter())
    });
    trades_and_more(vec![rows], wanted.count)
}

pub(crate) fn get_last_trades_by_currency(market: &Market, call: &Call) -> Answered {
    let wanted = Wanted::read(market, call)?;
    let pages = domains(market, params(call))?.into_iter().map(|domain| {
        market.look(domain, |look| public_rows(look, &wanted, look.view.trades().iter()))
    });
    trades_and_more(pages.collect(), wanted.count)
}

fn public_rows<'a>(
    look: Look<'_>,
    wanted: &Wanted,
    rows: impl DoubleEndedIterator<Item = &'a Trade>,
) -> (Vec<String>, bool) {
    let (rows, has_more) = wanted.pick(rows, |trade| wanted.takes(look, trade));
    (rows.into_iter().map(|trade| text(|out| write_trade(out, look, trade))).collect(), has_more)
}

pub(crate) fn get_user_trades_by_instrument(market: &Market, call: &Call) -> Answered {
    let account = whose(market, call)?;
    let place = place(market, params(call))?;
    let wanted = Wanted::read(market, call)?;
    let rows = market.look(place.domain, |look| {
        own_rows(look, &wanted, account, |own| own.trade.instrument == place.instrument)
    });
    trades_and_more(vec![rows], wanted.count)
}

pub(crate) fn get_user_trades_by_currency(market: &Market, call: &Call) -> Answered {
    let account = whose(market, call)?;
    let wanted = Wanted::read(market, call)?;
    let pages = domains(market, params(call))?
        .into_iter()
        .map(|domain| market.look(domain, |look| own_rows(look, &wanted, account, |_| true)));
    trades_and_more(pages.collect(), wanted.count)
}

fn own_rows(
    look: Look<'_>,
    wanted: &Wanted,
    id: AccountId,
    fits: impl Fn(&UserTrade) -> bool,
) -> (Vec<String>, bool) {
    let Some(account) = look.view.account(id) else { return (Vec::new(), false) };
    let takes = |own: &UserTrade| fits(own) && wanted.takes(look, &own.trade);
    let (rows, has_more) = wanted.pick(account.trades(), takes);
    let write = |own| text(|out| write_user_trade(out, look, (id, own), Labels::IfAny));
    (rows.into_iter().map(write).collect(), has_more)
}

/// A bare list.
pub(crate) fn get_user_trades_by_order(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let (domain, order) = order_id(market, params)?;
    let oldest_first = params.oldest_first()?.unwrap_or(true);
    now(|out| {
        market.look(domain, |look| {
            let mut list = List::new(out);
            let account = look.view.account(me);
            let own = account.into_iter().flat_map(market_data::Account::trades);
            let mut rows: Vec<&UserTrade> = own.filter(|own| own.order == order).collect();
            if !oldest_first {
                rows.reverse();
            }
            for own in rows {
                write_user_trade(list.item(), look, (me, own), Labels::Always);
            }
            list.end();
        });
    })
}
