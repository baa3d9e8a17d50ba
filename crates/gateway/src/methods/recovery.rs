//! What a client asks for that was cut off: which of its orders will not come any more, and what
//! happened to it meanwhile.

use market_data::{Account, Stream};
use types::{ClientOrderId, Command, Seq};

use super::trading::one;
use super::{ROWS_MAX, domain, me, now, params};
use crate::call::{Answered, Call, Reply};
use crate::errors::wrong;
use crate::objects::{List, Object, write_record};
use crate::publish::Market;
use crate::venue::Class;

/// Fences the caller's orders in the domain of `currency` up to a client order id (ORD-19).
pub(crate) fn fence_orders(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let domain = domain(market, params)?;
    let text = params.needed("client_order_id", params.id("client_order_id")?)?;
    let number = ClientOrderId::new(&text).ok().and_then(|id| id.number());
    let up_to = number.ok_or_else(|| {
        let reason = "send a number from 0 to 18446744073709551615, without a zero before it";
        wrong("client_order_id", reason)
    })?;
    one(domain, Class::Cancel, Command::FenceOrders { account, up_to }, Reply::Fence)
}

/// Records of the caller's stream in the domain of `currency` after an entry, oldest first.
pub(crate) fn get_stream(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let domain = domain(market, params)?;
    let from = Seq(params.needed("from_seq", params.whole("from_seq")?)?);
    let count = params.count(ROWS_MAX, ROWS_MAX)?;
    now(|out| {
        market.look(domain, |look| {
            let stream = look.view.account(me).map(Account::stream);
            let mut object = Object::new(out);
            let mut records = List::new(object.key("records"));
            for record in stream.into_iter().flat_map(|stream| stream.after(from)).take(count) {
                write_record(records.item(), look, (me, &record));
            }
            records.end();
            object
                .flag("complete", stream.is_none_or(|stream| stream.is_complete_after(from)))
                .number("last_seq", stream.map_or(Seq(0), Stream::last))
                .number("seq", look.view.seq())
                .number("timestamp", look.view.at());
            object.end();
        });
    })
}
