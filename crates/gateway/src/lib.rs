//! The edge: bytes of clients in, commands out; events in, bytes of clients out.
//!
//! ```text
//!   HTTP, WebSocket ─▶ http / ws ─▶ rpc ─▶ admit (who, scope, credits) ─▶ method ─┬─▶ query: view ─▶ reply
//!                                                                                 └─▶ command ─▶ Venue::propose
//!   Venue ─▶ Publisher (one a domain): view, replies by tag, channels ─▶ outbox ─▶ socket
//! ```
//!
//! It speaks the Deribit API v2 dialect (JSON-RPC 2.0). JSON, names and decimal numbers exist here
//! only; what leaves this crate inward is a [`types::Command`]. It does not decide anything about
//! orders or money: a refusal of the engine is put into the dialect's words, with its numbers.
//!
//! # Invariants
//! 1. Limits first, then parsing, then authority: see `limits`.
//! 2. A reply to a command leaves after its entry was applied, never before.
//! 3. Whatever a client can make grow has a bound; a client that does not read is disconnected.

pub mod venue;

mod call;
mod outbox;
mod publish;
mod rpc;

pub use call::{Answer, Answered, Call, Handler, Identity, Intent, Reply};
pub use outbox::Outbox;
pub use publish::{Market, Subscriber};
pub use rpc::{Json, RpcError};
