//! By which limits the gateways of a world go, and who may log in.

use std::sync::Arc;

use gateway::{Key, KeyLimits, KeyStore, Limits, Rate, Rates, TRADER_SCOPE};
use types::AccountId;

use super::Plan;
use crate::people::Trade;
use crate::rng::Rng;

/// Asks for the orders of this connection to go when it drops.
pub const CANCEL_ON_DISCONNECT: &str = r#"{"id":0,"method":"private/enable_cancel_on_disconnect"}"#;

/// What an account may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests that can place or change orders.
    pub trading: Rate,
    /// Requests that only take orders away.
    pub cancel: Rate,
    /// Of each of these, how many may wait for their outcomes.
    pub queued_max: u32,
}

/// The request by which an account shows its key.
pub fn log_in(account: AccountId) -> String {
    let (id, secret) = credentials(account);
    let grant = r#""grant_type":"client_credentials""#;
    let params = format!(r#"{grant},"client_id":"{id}","client_secret":"{secret}""#);
    format!(r#"{{"id":0,"method":"public/auth","params":{{{params}}}}}"#)
}

fn credentials(account: AccountId) -> (String, String) {
    (format!("client-{account}"), format!("the secret of account {account}"))
}

/// The limits of a seed: often the published ones, at times narrower where they are seldom met.
pub fn limits(seed: u64) -> Limits {
    let mut rng = Rng::new(seed, "limits");
    let usual = Limits::default();
    let rate = |(burst, per_s)| Rate { burst, per_s };
    let trading = rate(*rng.pick(&[(20, 5), (20, 5), (60, 20), (5, 30)]));
    let cancel = rate(*rng.pick(&[(100, 30), (100, 30), (10, 3)]));
    Limits {
        in_flight_max: *rng.pick(&[256, 256, 8]),
        overdraft_refusals_max: *rng.pick(&[100, 10]),
        queued_max: *rng.pick(&[8, 8, 2]),
        rates: Rates { trading, cancel, ..usual.rates },
        ..usual
    }
}

/// What an account of somebody may ask: those who make markets more than others, and a runaway
/// at times as much as them.
pub fn allowance(limits: &Limits, trade: Trade, rng: &mut Rng) -> Allowance {
    let Rates { trading, cancel, .. } = limits.rates;
    let usual = Allowance { trading, cancel, queued_max: limits.queued_max };
    let is_large = match trade {
        Trade::Maker | Trade::Quoter | Trade::Arbitrageur | Trade::Backstop => true,
        Trade::Runaway => rng.chance(500_000),
        Trade::Taker
        | Trade::Leveraged
        | Trade::Spoofer
        | Trade::Tinkerer
        | Trade::Operator
        | Trade::Hedger => false,
    };
    if !is_large {
        return usual;
    }
    let rate = Rate { burst: *rng.pick(&[50, 400]), per_s: *rng.pick(&[20, 200]) };
    Allowance { trading: rate, cancel: rate, queued_max: *rng.pick(&[8, 64, 1_000]) }
}

/// Keys of these accounts.
pub fn plan(limits: Limits, accounts: &[(AccountId, Allowance)]) -> Plan {
    let usual = Allowance {
        trading: limits.rates.trading,
        cancel: limits.rates.cancel,
        queued_max: limits.queued_max,
    };
    let key = |(id, (account, allowance)): (u32, &(AccountId, Allowance))| {
        let (client_id, client_secret) = credentials(*account);
        let own = KeyLimits {
            matching_per_s: allowance.trading.per_s,
            matching_burst: allowance.trading.burst,
            queued_max: allowance.queued_max,
            unlimited: false,
        };
        Key {
            id,
            client_id,
            client_secret,
            account: account.0,
            max_scope: TRADER_SCOPE.to_owned(),
            name: "main".to_owned(),
            enabled: true,
            created_ms: 0,
            ip_whitelist: Vec::new(),
            limits: (*allowance != usual).then_some(own),
        }
    };
    let keys = (1..).zip(accounts).map(key).collect();
    Plan { limits, keys: Arc::new(KeyStore::of(keys)) }
}
