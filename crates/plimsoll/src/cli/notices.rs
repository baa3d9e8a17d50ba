//! The command line of notices.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Login;

pub(super) const NOTICE_EXAMPLES: &str = "\
Examples:
  plimsoll notice announce --currency BTC --title 'New options' --text 'From Monday' --data venue
  plimsoll notice incident --currency BTC --orders unknown --text 'Orders are slow' --data venue
  plimsoll notice update 1 --currency BTC --stage resolved --text 'It was a disk' --data venue
  plimsoll notice rotate-key --data venue

What halts and restarts lead to is told by itself; this adds words. Each is printed as it was
signed.";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  curl -s http://127.0.0.1:8080/status.json > notices.json
  plimsoll verify notice notices.json --key 3b6a27bc…

Exit codes: 0 everything holds; 1 something does not, and it says what; 2 the command line.";

/// What to tell.
#[derive(Debug, Subcommand)]
pub enum NoticeCall {
    /// News.
    Announce {
        /// Settlement asset of the domain.
        #[arg(long)]
        currency: String,
        /// In a line.
        #[arg(long)]
        title: String,
        /// In words.
        #[arg(long)]
        text: String,
        /// Which server, and by whose key.
        #[command(flatten)]
        login: Login,
    },
    /// Work that is planned.
    Maintenance {
        /// Settlement asset of the domain.
        #[arg(long)]
        currency: String,
        /// From when, in milliseconds since 1970.
        #[arg(long, value_name = "MS")]
        starts_at: u64,
        /// Until when.
        #[arg(long, value_name = "MS")]
        ends_at: u64,
        /// In words.
        #[arg(long)]
        text: String,
        /// Which server, and by whose key.
        #[command(flatten)]
        login: Login,
    },
    /// An incident that no rule has found.
    Incident {
        /// Settlement asset of the domain.
        #[arg(long)]
        currency: String,
        /// Of one instrument; without it of the whole domain.
        #[arg(long)]
        instrument: Option<String>,
        /// What became of orders that were accepted before.
        #[arg(long, value_enum, default_value = "live")]
        orders: Orders,
        /// In words.
        #[arg(long)]
        text: String,
        /// Which server, and by whose key.
        #[command(flatten)]
        login: Login,
    },
    /// What is known now of an open incident.
    Update {
        /// Its number.
        incident: u32,
        /// Settlement asset of the domain.
        #[arg(long)]
        currency: String,
        /// Where it is in its life; never back.
        #[arg(long, value_enum)]
        stage: IncidentStage,
        /// What became of orders that were accepted before.
        #[arg(long, value_enum, default_value = "live")]
        orders: Orders,
        /// In words.
        #[arg(long)]
        text: String,
        /// Which server, and by whose key.
        #[command(flatten)]
        login: Login,
    },
    /// How well a part of the venue works.
    Component {
        /// Which.
        #[arg(value_enum)]
        component: Part,
        /// How well.
        #[arg(value_enum)]
        state: PartState,
        /// Settlement asset of the domain.
        #[arg(long)]
        currency: String,
        /// In words.
        #[arg(long)]
        text: String,
        /// Which server, and by whose key.
        #[command(flatten)]
        login: Login,
    },
    /// Makes the key that notices are signed with from the next start on.
    RotateKey {
        /// Data directory.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// A part of the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Orders and trades.
    Matching,
    /// What accounts are worth and need.
    Margin,
    /// Liquidations.
    Liquidation,
    /// Indexes, and the marks that follow.
    OracleFeeds,
    /// Money that comes and goes.
    DepositsAndWithdrawals,
    /// What is published of books and trades.
    MarketData,
    /// What clients call.
    Api,
}

/// How well it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PartState {
    /// It does.
    Operational,
    /// It is being worked on, as was planned.
    Maintenance,
    /// Slowly, or with restrictions.
    Degraded,
    /// Not everywhere.
    PartialOutage,
    /// Not at all.
    MajorOutage,
}

/// What became of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Orders {
    /// They stand.
    Live,
    /// They are gone.
    Cancelled,
    /// It is not known.
    Unknown,
}

/// Where an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IncidentStage {
    /// It is not known what is wrong.
    Investigating,
    /// It is.
    Identified,
    /// It is watched.
    Monitoring,
    /// It is over.
    Resolved,
}

/// What to check.
#[derive(Debug, Subcommand)]
pub enum Checks {
    /// Notices: bytes, words, chain, signatures.
    #[command(after_help = VERIFY_EXAMPLES)]
    Notice {
        /// What `public/get_notices` or `/status.json` said, or one notice a line.
        file: PathBuf,
        /// Whose signature must be there; without it whoever the notices name.
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
        /// One line of JSON.
        #[arg(long)]
        json: bool,
    },
}

pub const WEBHOOK_EXAMPLES: &str = "\
Examples:
  plimsoll webhook dead-letters --data venue
  plimsoll webhook resend --config venue.toml

Who is told of notices stands in the configuration file, once for each receiver:
  [[webhook]]
  url = 'https://host/path'
  secret = 'at least sixteen bytes'";

/// What to do about notices that were not delivered.
#[derive(Debug, Subcommand)]
pub enum WebhookCall {
    /// Prints them: when each was given up, to whom it was sent, and why it failed.
    DeadLetters {
        /// Data directory.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// One line of JSON each, with the notice.
        #[arg(long)]
        json: bool,
    },
    /// Sends each once more. Exit code 1 if one fails again; it stays a dead letter.
    Resend(WebhookResend),
}

/// Flags of `webhook resend`.
#[derive(Debug, Args)]
pub struct WebhookResend {
    /// Configuration file of the server, which has the secrets.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Data directory; stands above the file's `data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// One line of JSON.
    #[arg(long)]
    pub json: bool,
}
