//! An account: its family, its choices, and the sums over what it holds.

use alloc::vec::Vec;

use risk::portfolio::Scan;
use types::{AccountId, IndexId, InstrumentId, SelfTradeMode};

use crate::holding::Worth;
use crate::mmp::Protection;
use crate::root::Digested;
use crate::valuation::Watch;

/// An account or a subaccount.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub parent: Option<AccountId>,
    pub subaccounts: Vec<AccountId>,
    pub self_trade: SelfTradeMode,
    /// True: orders of the whole family count as its own.
    pub with_subaccounts: bool,
    /// Its holdings, by instrument.
    pub holdings: Vec<(InstrumentId, u32)>,
    pub protections: Vec<Protection>,
    pub n_orders: u32,
    pub n_client_order_ids: u32,
    /// How many moves of the domain's indices its last valuation knows of (see `valuation`).
    pub valued_at: u64,
    /// As of its last valuation.
    pub sums: Sums,
    /// Of an account with portfolio margin, as of then: the scenarios of each index.
    pub scans: Option<Scans>,
    /// The indices that it holds instruments of.
    pub watches: Vec<Watch>,
    /// All of them are due within this way; `None`: one of them is not set.
    pub watched_way: Option<u64>,
    /// Below its maintenance margin.
    pub is_short: bool,
    pub digested: Digested,
}

/// Sums of [`Worth`] over the holdings of an account. Each term is within [`types::Amount::MAX`],
/// their number is not, so they are wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub initial: i128,
    pub maintenance: i128,
    pub unrealised: i128,
    pub options_value: i128,
    pub exposure: i128,
    pub rounded: i128,
    /// Portfolio margin: what is needed beside the scenarios, to open and to stay.
    pub beside_initial: i128,
    pub beside_maintenance: i128,
}

/// By index, in the order in which they came.
pub(crate) type Scans = Vec<(IndexId, Scan)>;

impl Account {
    pub fn holding(&self, instrument: InstrumentId) -> Option<u32> {
        let place = self.holdings.binary_search_by_key(&instrument, |(id, _)| *id).ok()?;
        self.holdings.get(place).map(|(_, holding)| *holding)
    }

    pub fn add_holding(&mut self, instrument: InstrumentId, holding: u32) {
        let place = self.holdings.partition_point(|(id, _)| *id < instrument);
        self.holdings.insert(place, (instrument, holding));
    }
}

impl Sums {
    /// Replaces the share of one holding.
    pub fn replace(&mut self, old: &Worth, new: &Worth) {
        let change = |old: types::Amount, new: types::Amount| i128::from(new.0) - i128::from(old.0);
        self.initial += change(old.initial, new.initial);
        self.maintenance += change(old.maintenance, new.maintenance);
        self.unrealised += change(old.unrealised, new.unrealised);
        self.options_value += change(old.options_value, new.options_value);
        self.exposure += change(old.exposure, new.exposure);
        self.rounded += change(old.rounded, new.rounded);
        self.beside_initial += change(old.beside.initial, new.beside.initial);
        self.beside_maintenance += change(old.beside.maintenance, new.beside.maintenance);
    }
}
