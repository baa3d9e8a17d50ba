//! The command line of halts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::prices::duration;

pub(super) const HALT_EXAMPLES: &str = "\
Examples:
  plimsoll halt BTC-PERPETUAL --state cancel-only --for 10m --data venue
  plimsoll halt btc_usd --state halted --data venue         every instrument of an index
  plimsoll halt USDC --state reduce-only --data venue       everything that settles in USDC

It prints the instruments, what each allows now and what will be, and asks. --yes does not ask.
Cancels are taken in every state. What was cancel-only or halted reopens by auction.";

pub(super) const RESUME_EXAMPLES: &str = "\
Examples:
  plimsoll resume BTC-PERPETUAL --data venue
  plimsoll resume USDC --data venue --yes --json

It lifts every halt of this very scope; what a wider or a narrower one holds stays held.";

/// Which server, and by whose key.
#[derive(Debug, Args)]
pub struct Login {
    /// WebSocket address of the server.
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws/api/v2", value_name = "WS")]
    pub url: String,
    /// By whose key.
    #[command(flatten)]
    pub key: OperatorKey,
}

/// By whose key an operator calls.
#[derive(Clone, Debug, Args)]
pub struct OperatorKey {
    /// The server's data directory, to read the operator's key from.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Operator's key.
    #[arg(
        long,
        env = "PLIMSOLL_CLIENT_ID",
        requires = "client_secret",
        allow_hyphen_values = true
    )]
    pub client_id: Option<String>,
    /// Its secret.
    #[arg(
        long,
        env = "PLIMSOLL_CLIENT_SECRET",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub client_secret: Option<String>,
}

/// Flags of `halt`.
#[derive(Debug, Args)]
pub struct Halt {
    /// An instrument, an index such as btc_usd, or the settlement asset of a domain.
    pub scope: String,
    /// What is still allowed.
    #[arg(long, value_enum)]
    pub state: HeldState,
    /// For how long, such as 30s, 10m or 2h; without it until it is resumed.
    #[arg(long = "for", value_parser = duration, value_name = "TIME")]
    pub length: Option<Duration>,
    /// Which server, and what is asked and printed.
    #[command(flatten)]
    pub act: Act,
}

/// Flags of `resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// An instrument, an index such as btc_usd, or the settlement asset of a domain.
    pub scope: String,
    /// Which server, and what is asked and printed.
    #[command(flatten)]
    pub act: Act,
}

/// What `halt` and `resume` have in common.
#[derive(Debug, Args)]
pub struct Act {
    /// Do it without asking.
    #[arg(long)]
    pub yes: bool,
    /// One line of JSON: what was held before, and what is held now.
    #[arg(long)]
    pub json: bool,
    /// Which server, and by whose key.
    #[command(flatten)]
    pub login: Login,
}

/// A state that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HeldState {
    /// Orders that do not take, and cancels.
    PostOnly,
    /// Orders that reduce a position, and cancels.
    ReduceOnly,
    /// Cancels, and amendments that make an order smaller.
    CancelOnly,
    /// Cancels.
    Halted,
}

/// Which rules to print.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// What each state of a market allows.
    States {
        /// One line of JSON.
        #[arg(long)]
        json: bool,
    },
}
