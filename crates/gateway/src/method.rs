//! The methods: one table that says of each what it is called, who may call it, what it costs, what
//! it takes, and what answers it (api.md §7.2, §14.1).
//!
//! Everything else that knows methods is made from the table: the check of parameters below, scopes
//! and credits in `admit`, later the machine-readable documents. A method that is in the table
//! answers, and a method that answers is in the table.

mod halts;
mod params;
mod recovery;
mod table;
mod venue;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::auth::scopes::{Area, Level};
use crate::call::{Call, Handler};
use crate::credits::Pool;
use crate::gateway::{Caller, LaterHere};
use crate::rpc::{Json, RpcError};

/// How badly clients need it (api.md, How to use this file).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// The minimum: common clients do not start without it.
    Minimum,
    /// Other clients and ordinary users expect it.
    Second,
    /// It comes with its product feature.
    Third,
    /// Ours: not of the dialect.
    Ours,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody.
    Nothing,
    /// Anybody with a key.
    Login,
    /// A key that covers this.
    Scope(Area, Level),
    /// The operator's key.
    Operator,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: ParamKind,
    /// True: a call without it is refused.
    pub is_mandatory: bool,
}

/// Types of parameters. Over HTTP GET each comes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of texts; over GET repeated keys, or one list in JSON. One text is a list of one.
    Texts,
    /// A list of objects or lists, in JSON.
    List,
    /// An object, in JSON.
    Record,
}

/// What answers.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// The transport: it concerns the caller's connection, tokens or keys.
    Here(fn(&mut Caller<'_>, &Call) -> Result<Json, RpcError>),
    /// The transport, after a conversation with the venue: accounts with their keys.
    LaterHere(LaterHere),
    /// The venue: it concerns the market, or somebody's orders and money.
    Market(Handler),
}

/// One method.
#[derive(Clone, Copy)]
pub struct Method {
    /// `public/ticker`, `private/buy` …
    pub name: &'static str,
    /// How badly clients need it.
    pub tier: Tier,
    /// Who may call.
    pub needs: Needs,
    /// Which credits it takes.
    pub pool: Pool,
    /// How many.
    pub cost: u64,
    /// True: not over HTTP.
    pub is_socket_only: bool,
    /// What it takes; other parameters are passed over.
    pub params: &'static [Param],
    /// What it takes beside those, as methods of its kind do.
    pub more_params: &'static [Param],
    pub(crate) run: Run,
}

impl Method {
    /// True if it waits for the matching engine.
    pub fn is_matching(&self) -> bool {
        matches!(self.pool, Pool::Trading | Pool::Cancel)
    }

    /// Refuses what is missing or of another type; turns texts of lists into lists.
    pub(crate) fn check_params(&self, sent: &mut Map<String, Value>) -> Result<(), RpcError> {
        let all = self.params.iter().chain(self.more_params);
        all.into_iter().try_for_each(|param| params::check(param, sent))
    }
}

/// All methods, in the order of api.md §7.2.
pub fn methods() -> &'static [Method] {
    static ALL: LazyLock<Vec<Method>> = LazyLock::new(|| {
        let market = [venue::MARKET_DATA, venue::TRADING, venue::ACCOUNTS];
        let more = [venue::REPORTS, venue::OPERATOR, halts::METHODS, recovery::METHODS];
        let of_venue = [&market[..], &more].concat();
        [&[table::METHODS], of_venue.as_slice()].concat().concat()
    });
    &ALL
}

/// The method of this name.
pub fn find(name: &str) -> Option<&'static Method> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Method>> =
        LazyLock::new(|| methods().iter().map(|method| (method.name, method)).collect());
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests;
