//! The edge: bytes of clients in, commands out; events in, bytes of clients out.
//!
//! ```text
//!   line ─▶ http, ws ─▶ rpc ─▶ admit (who, scope, credits) ─▶ method ─┬─▶ query: view ─▶ reply
//!                                                                     └─▶ Venue::propose
//!   Venue ─▶ Market::publish: views, replies by tag, channels ─▶ outbox ─▶ socket
//! ```
//!
//! It speaks the Deribit API v2 dialect (JSON-RPC 2.0). JSON, names and decimal numbers exist here
//! only; what leaves this crate inward is a [`types::Command`]. It does not decide anything about
//! orders or money: a refusal of the engine is put into the dialect's words, with its numbers.
//!
//! # Wiring
//! Whoever embeds it makes a [`Market`] over its [`venue::Venue`], opens a [`KeyStore`], and awaits
//! [`serve`] on a tokio runtime with time and I/O. Every applied batch of a domain, replayed ones
//! too, goes to [`Market::publish`], in order, from any thread; [`Market::stopped`] says that no
//! more will come. `serve` ends the intervals of channels itself. [`Limits::default`] has the
//! published numbers, [`Limits::local`] those of a venue on one's own machine, and a key can have
//! its own ([`KeyLimits`]). Before the first client after a restart, propose a `DropSession` of no
//! session in particular: sessions are numbered anew in each process. The secrets of all keys are
//! in the key store's file.
//!
//! Whoever has another time than ours makes a [`Gateway`] and [`Visitor`]s instead of `serve`: they
//! are what it drives, without sockets, tasks and clock.
//!
//! # Invariants
//! 1. Limits first, then parsing, then authority: see `limits` and `admit`.
//! 2. A reply to a command leaves after its entry was applied, never before.
//! 3. Whatever a client can make grow has a bound; a client that does not read is disconnected.

pub mod venue;

mod accounts;
mod addresses;
mod admit;
mod api_keys;
mod auth;
mod call;
mod clock;
mod cluster;
mod cod;
mod components;
mod credits;
mod errors;
mod gateway;
mod heartbeat;
mod http;
mod limits;
mod line;
mod method;
mod methods;
mod objects;
mod opening;
mod outbox;
mod params;
mod publish;
mod refusals;
mod rpc;
mod server;
mod session;
mod socket;
mod status;
mod visitor;
mod ws;

pub use auth::keys::{
    ChangeKeyError, Key, KeyLimits, KeyStore, NewKey, OPERATOR_SCOPE, OpenKeysError, TRADER_SCOPE,
};
pub use auth::scopes::{Area, Level};
pub use auth::tokens::Random;
pub use call::{Answer, Answered, Call, Handler, Identity, Intent, Reply};
pub use clock::Moment;
pub use cod::Leaving;
pub use credits::{Pool, Rate, Rates};
pub use gateway::{Gateway, Terms};
pub use limits::Limits;
pub use method::{Method, Needs, Param, ParamKind, Tier, methods};
pub use objects::{
    component_state_word, component_word, fate_word, notice_word, stage_word, state_word,
};
pub use outbox::Outbox;
pub use outbox::{Closing, OutboxLimits};
pub use publish::{Market, RestoreError, Subscriber};
pub use rpc::{Json, RpcError};
pub use rpc::{Request, Undecoded, decode_request};
pub use server::{Config, Running, ServeError, serve};
pub use visitor::{Heard, Visitor, Waiting};
