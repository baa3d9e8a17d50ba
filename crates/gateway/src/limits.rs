//! Every limit of the edge, with the published numbers (api.md §1, §3.3, §4) as defaults.
//!
//! They are met in this order: connections of an address, time and size of what is read, depth of
//! the JSON, credits, requests in flight, subscriptions, and at the way out the queue of texts.
//! Each is answered with its number.

use crate::credits::{Rate, Rates};
use crate::outbox::OutboxLimits;

/// Levels of nesting that a request may have. The deepest method of the dialect needs five.
pub const JSON_DEPTH_MAX: usize = 32;
/// Sessions of one key; the oldest is dropped for a new one.
pub const SESSIONS_PER_KEY_MAX: usize = 16;
/// Connection-scoped tokens of one key; the oldest is dropped for a new one.
pub const CONNECTION_TOKENS_PER_KEY_MAX: usize = 256;
/// Access tokens of all keys together.
pub const TOKENS_MAX: usize = 200_000;
/// Signatures that are remembered, so that none is used twice.
pub const SIGNATURES_MAX: usize = 500_000;
/// Keys of one account.
pub const KEYS_PER_ACCOUNT_MAX: usize = 8;
/// Addresses that one key is limited to.
pub const KEY_ADDRESSES_MAX: usize = 32;
/// How far the timestamp of a signature may be from our clock.
pub const SIGNATURE_WINDOW_MS: u64 = 60_000;
/// Life of a token that belongs to a connection.
pub const CONNECTION_TOKEN_S: u64 = 900;
/// Life of a token of a session: one year.
pub const SESSION_TOKEN_S: u64 = 31_536_000;
/// Bytes of a channel's name.
pub const CHANNEL_BYTES_MAX: usize = 128;
/// Bytes of the name of a session, of a nonce, of a client id.
pub const NAME_BYTES_MAX: usize = 256;
/// Addresses whose credits are remembered.
pub const ADDRESSES_MAX: usize = 65_536;

/// What one address, account or connection may use. All of it is configuration of one gateway.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections of one address (IPv6: of one /64). The next one is answered with HTTP 429.
    pub connections_per_address_max: usize,
    /// Open connections of all addresses. The next one is closed at once.
    pub connections_max: usize,
    /// Bytes of a body or a frame.
    pub request_bytes_max: usize,
    /// From the first byte of a request or a frame to its last.
    pub partial_timeout_ms: u64,
    /// From the start of a connection to its first whole request.
    pub handshake_timeout_ms: u64,
    /// An HTTP connection without requests.
    pub http_idle_timeout_ms: u64,
    /// A WebSocket from which nothing comes, pongs included. Cancel-on-disconnect fires then.
    pub socket_idle_timeout_ms: u64,
    /// How often a silent WebSocket is pinged.
    pub ping_interval_ms: u64,
    /// How long the last texts and the close frame may take.
    pub close_timeout_ms: u64,
    /// Smallest interval of `public/set_heartbeat`.
    pub heartbeat_interval_min_ms: u64,
    /// Active channels of one connection.
    pub subscriptions_max: usize,
    /// Requests of one connection that wait for an outcome: more are refused, 10066. Cancels have a
    /// reserve of the same size of their own.
    pub in_flight_max: usize,
    /// Requests of one account that wait for the matching engine: more are refused, 10047. Cancels
    /// have a reserve of the same size of their own.
    pub queued_max: u32,
    /// Texts that wait for a client to read them.
    pub outbox: OutboxLimits,
    /// Credits of accounts and addresses.
    pub rates: Rates,
    /// Refusals for credits in a row after which the connection is closed.
    pub overdraft_refusals_max: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_per_address_max: 32,
            connections_max: 10_000,
            request_bytes_max: 32 * 1024,
            partial_timeout_ms: 60_000,
            handshake_timeout_ms: 10_000,
            http_idle_timeout_ms: 15 * 60_000,
            socket_idle_timeout_ms: 10 * 60_000,
            ping_interval_ms: 60_000,
            close_timeout_ms: 5_000,
            heartbeat_interval_min_ms: 10_000,
            subscriptions_max: 2_000,
            in_flight_max: 256,
            queued_max: 8,
            outbox: OutboxLimits { messages_max: 16_384, bytes_max: 4 << 20 },
            rates: Rates::default(),
            overdraft_refusals_max: 100,
        }
    }
}

impl Limits {
    /// The `limits` of account summaries (api.md §4): requests, not credits. Quotes share the pool
    /// of orders here.
    pub fn to_json(&self) -> String {
        /// Credits of an ordinary request.
        const QUERY_COST: u64 = 500;
        let pool = |rate: Rate, cost: u64| {
            let Rate { burst, per_s } = rate;
            serde_json::json!({"burst": burst / cost, "rate": per_s / cost})
        };
        let Rates { non_matching, trading, cancel, .. } = &self.rates;
        let orders = pool(*trading, 1);
        let limits = serde_json::json!({
            "limits_per_currency": false,
            "non_matching_engine": pool(*non_matching, QUERY_COST),
            "matching_engine": {
                "trading": {"total": orders},
                "spot": orders,
                "cancel_all": pool(*cancel, 1),
                "maximum_quotes": orders,
                "maximum_mass_quotes": orders,
                "guaranteed_mass_quotes": orders,
            },
        });
        limits.to_string()
    }

    /// For a venue on one's own machine, where bots and load generators share one address: nothing
    /// is unlimited, but no limit is met by a few hundred busy clients.
    pub fn local() -> Limits {
        let plenty = Rate { burst: 100_000_000, per_s: 50_000_000 };
        let rates = Rates {
            non_matching: plenty,
            instruments: plenty,
            subscribe: plenty,
            transaction_log: plenty,
            trading: Rate { burst: 200_000, per_s: 100_000 },
            cancel: Rate { burst: 200_000, per_s: 100_000 },
        };
        Limits {
            connections_per_address_max: 2_000,
            queued_max: 4_096,
            in_flight_max: 4_096,
            rates,
            ..Limits::default()
        }
    }
}
