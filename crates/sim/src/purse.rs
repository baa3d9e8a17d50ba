//! How often somebody may ask: an independent account of credits, in the time of the world.
//!
//! | id | promise |
//! |---|---|
//! | `CREDITS` | a call is refused for want of credits exactly if there are too few |
//! | `CANCELS-ADMITTED` | load keeps no cancel out that is within its own bounds (invariant 13) |
//!
//! Credits are counted the other way round than in the gateway: by the moment at which all that
//! was spent would be back (the generic cell rate algorithm, ITU-T I.371), which is the same.

use std::collections::BTreeMap;

use gateway::Rate;
use types::AccountId;

use crate::Violation;
use crate::edge::terms::Allowance;
use crate::people::dialect::Pays;
use crate::raft::{NodeId, Us};

const MICROS: u128 = 1_000_000;
/// Codes of refusals: too few credits, too many of the account and of the connection wait.
const OVERDRAFT: i64 = 10_028;
const QUEUE_FULL: i64 = 10_047;
const IN_FLIGHT: i64 = 10_066;
/// Of what is no JSON, or no request.
const UNREAD: [i64; 2] = [-32_700, -32_600];

/// When all is back, in millionths of a credit since the beginning: microseconds times the rate.
#[derive(Clone, Copy, Debug, Default)]
struct Pool(u128);

impl Pool {
    /// Takes one credit, if it is there.
    fn take(&mut self, now: Us, rate: Rate) -> bool {
        let here = u128::from(now) * u128::from(rate.per_s);
        let after = self.0.max(here) + MICROS;
        let is_there = after <= here + u128::from(rate.burst) * MICROS;
        if is_there {
            self.0 = after;
        }
        is_there
    }
}

/// What accounts may ask, and what each has spent at each life of a node.
#[derive(Debug, Default)]
pub struct Purses {
    allowances: BTreeMap<AccountId, Allowance>,
    in_flight_max: usize,
    /// Trading and cancels.
    pools: BTreeMap<(NodeId, u32, AccountId), [Pool; 2]>,
}

/// A call as it came in, and what the gateway said to it at once.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// The node and its life.
    pub gateway: (NodeId, u32),
    /// Who asks.
    pub account: AccountId,
    /// By which credits it is paid for.
    pub pays: Pays,
    /// When.
    pub now: Us,
    /// The code of its refusal.
    pub refused: Option<i64>,
    /// How many of the account's cancels waited.
    pub cancels_open: usize,
}

impl Purses {
    /// Of these accounts.
    pub fn new(allowances: &[(AccountId, Allowance)], in_flight_max: usize) -> Purses {
        let allowances = allowances.iter().copied().collect();
        Purses { allowances, in_flight_max, pools: BTreeMap::new() }
    }

    /// `CREDITS`, `CANCELS-ADMITTED`: a call was let in or refused.
    pub fn check(&mut self, call: &Admission, text: &str) -> Result<(), Violation> {
        let Admission { gateway: (node, life), account, pays, now, refused, cancels_open } = *call;
        let Some(allowance) = self.allowances.get(&account) else { return Ok(()) };
        let is_cancel = pays == Pays::Cancel;
        // A call pays as one that cannot be read if too many others wait, or if its login is over,
        // as it is when the gateway's clock leaps.
        let is_paid_otherwise = refused == Some(OVERDRAFT) && !text.contains("\"cost\":1,");
        // Whoever is not known pays otherwise, and what cannot be read does.
        let is_unread = refused.is_some_and(|code| UNREAD.contains(&code));
        if pays == Pays::Other || is_unread || refused == Some(crate::calls::UNAUTHORIZED) {
            return Ok(());
        }
        if is_cancel && refused == Some(IN_FLIGHT) && cancels_open < self.in_flight_max {
            let words = format!("other calls of the connection keep a cancel out: {text}");
            return Err(Violation::new("CANCELS-ADMITTED", words));
        }
        if refused == Some(IN_FLIGHT) || is_paid_otherwise {
            return Ok(());
        }
        let rate = if is_cancel { allowance.cancel } else { allowance.trading };
        let pools = self.pools.entry((node, life, account)).or_default();
        let has_credit = pools[usize::from(is_cancel)].take(now, rate);
        let is_overdraft = refused == Some(OVERDRAFT);
        if has_credit == is_overdraft {
            let checker = if is_cancel && is_overdraft { "CANCELS-ADMITTED" } else { "CREDITS" };
            let has = if has_credit { "has" } else { "lacks" };
            let words = format!("{account} {has} the credit for a {pays:?} call at {now}: {text}");
            return Err(Violation::new(checker, words));
        }
        let room = usize::try_from(allowance.queued_max).unwrap_or(usize::MAX);
        let is_own_queue = refused == Some(QUEUE_FULL) && text.contains("\"queued_max\"");
        if is_cancel && is_own_queue && cancels_open < room {
            let words = format!("{cancels_open} cancels of {account} wait, {room} may: {text}");
            return Err(Violation::new("CANCELS-ADMITTED", words));
        }
        Ok(())
    }
}
