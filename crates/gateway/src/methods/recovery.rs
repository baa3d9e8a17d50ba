//! What a client asks for that was cut off: which of its orders will not come any more, and what
//! happened to it meanwhile.

use types::{ClientOrderId, Command};

use super::trading::one;
use super::{domain, me, params};
use crate::call::{Answered, Call, Reply};
use crate::errors::wrong;
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
