//! The methods of who comes back after a connection or a node was lost.

use super::table::must;
use super::venue::{CURRENCY, cancels};
use super::{Method, ParamKind, Tier};
use crate::methods::recovery;

use ParamKind::Integer;

pub(super) const METHODS: &[Method] =
    &[cancels(Tier::Ours, "private/fence_orders", recovery::fence_orders)
        .takes(&[CURRENCY, must("client_order_id", Integer)])];
