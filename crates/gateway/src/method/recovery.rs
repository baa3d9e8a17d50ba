//! The methods of who comes back after a connection or a node was lost.

use super::table::{may, must};
use super::venue::{CURRENCY, TRADE_READ, cancels, private};
use super::{Method, ParamKind, Tier};
use crate::methods::recovery;

use ParamKind::Integer;

pub(super) const METHODS: &[Method] = &[
    cancels(Tier::Ours, "private/fence_orders", recovery::fence_orders)
        .takes(&[CURRENCY, must("client_order_id", Integer)]),
    private(Tier::Ours, "private/get_stream", TRADE_READ, recovery::get_stream).takes(&[
        CURRENCY,
        must("from_seq", Integer),
        may("count", Integer),
    ]),
];
