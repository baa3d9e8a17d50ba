//! The command line: what each command and each flag means, in the words that `--help` prints.
//!
//! It parses and nothing more. Values that need a second look (a configuration file, an address)
//! are looked at by the command that uses them.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod cluster;
mod halts;
mod notices;
mod operator;
mod prices;
mod recover;
mod sim;
mod stress;

pub use cluster::{
    ClusterAdd, ClusterCall, ClusterCertificate, ClusterDev, ClusterInit, ClusterNode,
    ClusterStatus, ClusterTransfer, ClusterUpgrade, Nodes, Sure,
};
pub use halts::{Act, Halt, Login, OperatorKey, Resume, Rules};
pub use notices::{Checks, NoticeCall, WebhookCall, WebhookResend};
pub use operator::{Funding, MarkWord, PriceCall, SetPricing};
pub use prices::{Feed, Rehearse, Report, ReportCall, Reporting};
pub use recover::Recover;
pub use sim::Sim;
pub use stress::{Adl, Breakers, Market, Scenario, Stress};

/// A choice as the API has it: its name here, with low lines.
pub fn api_word(choice: &impl ValueEnum) -> String {
    let value = choice.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().replace('-', "_"))
}

/// A crypto options and futures exchange: one binary, one data directory.
#[derive(Debug, Parser)]
#[command(version = VERSION, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do; without a command: `demo`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A build that can have bugs on purpose says so.
const VERSION: &str = match cfg!(feature = "planted") {
    true => concat!(env!("CARGO_PKG_VERSION"), " with planted bugs"),
    false => env!("CARGO_PKG_VERSION"),
};

const EXIT_CODES: &str = "\
Without a command, `plimsoll` runs `plimsoll demo`.

Exit codes:
  0  done, or stopped by SIGINT or SIGTERM after a clean stop
  1  it failed, or a check found a difference: the last line on stderr says what and where
  2  the command line was not understood
`plimsoll cluster status` has codes of its own: see its --help.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A venue with instruments, five price reporters, market makers and two funded accounts.
    ///
    /// It is play money, the prices are simulated, and nothing of it leaves this machine. The
    /// reporters are processes of their own: kill them, and see what the venue does.
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(Demo),
    /// A venue on this machine, with its data in one directory.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Serve),
    /// Makes a book of a venue follow recorded market data, and compares the two at every update.
    #[command(after_help = MIRROR_EXAMPLES)]
    Mirror(Mirror),
    /// Looks into the log of a data directory; no server needs to run.
    #[command(subcommand)]
    Log(Log),
    /// Tells from a log why something happened; no server needs to run.
    #[command(subcommand, after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Holds an instrument, an index or a whole domain: says what it will do, asks, and does it.
    #[command(after_help = halts::HALT_EXAMPLES)]
    Halt(Halt),
    /// Lifts what holds an instrument, an index or a domain; markets reopen by auction.
    #[command(after_help = halts::RESUME_EXAMPLES)]
    Resume(Resume),
    /// Tells everybody something, signed.
    #[command(subcommand, after_help = notices::NOTICE_EXAMPLES)]
    Notice(Box<NoticeCall>),
    /// Notices that a webhook did not take: shows them, sends them again.
    #[command(subcommand, after_help = notices::WEBHOOK_EXAMPLES)]
    Webhook(WebhookCall),
    /// Checks what a venue said, without trusting it.
    #[command(subcommand)]
    Verify(Checks),
    /// Prints rules as the code has them.
    #[command(subcommand)]
    Rules(Rules),
    /// Calls a running server as its operator.
    #[command(after_help = OPERATOR_EXAMPLES)]
    Operator(Operator),
    /// Reports prices to a running server, signed.
    #[command(after_help = prices::REPORT_EXAMPLES)]
    Report(Box<Report>),
    /// Replays a bad week of recorded prices through honest, lying and late reporters.
    #[command(after_help = prices::REHEARSE_EXAMPLES)]
    RehearsePrices(Rehearse),
    /// Plays a crash to the real engine, with leveraged traders, makers that leave, and a fund.
    #[command(after_help = stress::STRESS_EXAMPLES)]
    Stress(Box<Stress>),
    /// Plays worlds that are drawn from seeds: nodes, disks, faults and people, with every entry
    /// checked.
    #[command(after_help = sim::SIM_EXAMPLES)]
    Sim(Box<Sim>),
    /// Prints how good the price feeds of a running server are, and why.
    #[command(after_help = prices::FEED_EXAMPLES)]
    Feed(Feed),
    /// A venue on several machines: makes its files, says how it is, changes its members.
    #[command(subcommand, after_help = cluster::CLUSTER_EXAMPLES)]
    Cluster(Box<ClusterCall>),
    /// Begins a cluster again that has lost its majority for good; two persons do it.
    #[command(after_help = recover::RECOVER_EXAMPLES)]
    Recover(Recover),
    /// Says what a configuration file comes to.
    #[command(subcommand)]
    Config(Config),
}

const DEMO_EXAMPLES: &str = "\
Examples:
  plimsoll demo
  plimsoll demo --port 8080 --data venue --seed 7
  plimsoll demo --port 0 --json        one line of JSON when it is ready, for programs";

const SERVE_EXAMPLES: &str = "\
Examples:
  plimsoll serve --data venue
  plimsoll serve --config venue.toml --port 0 --json
  plimsoll serve --data venue --genesis instruments.toml

At the first start it lists instruments and prints the operator's key, which is kept in keys.json.";

const MIRROR_EXAMPLES: &str = "\
Examples:
  plimsoll mirror btcusdt.gz                      at recorded pace, in a venue of its own
  plimsoll mirror btcusdt.gz --port 8080          and open to you: it prints a funded account
  plimsoll mirror btcusdt.gz --speed 10
  plimsoll mirror btcusdt.gz --speed max --json
  plimsoll mirror btcusdt.gz --url ws://127.0.0.1:8080/ws/api/v2 --client-id ID --client-secret S

Without --url the venue runs inside this process, with its log on disk: commands go straight to its
queue, and the book is read through its API. With --url everything goes through the API of a server
that runs already; the key must be an operator's.

Exit code 1 if a single comparison differed.";

const OPERATOR_EXAMPLES: &str = "\
Examples:
  plimsoll operator --data venue open-account
  plimsoll operator --data venue deposit --account 2 --currency BTC --amount 10
  plimsoll operator --data venue report-index --base BTC --quote USD --price 97000.5
  plimsoll operator --data venue list-instrument --name BTC-25DEC26-100000-C
  plimsoll operator --data venue set-feed --file venue.toml --index btc_usd
  plimsoll operator register-reporter --help       each command has examples of its own

The key is read from keys.json in --data, or given with --client-id and --client-secret.";

/// Flags of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Port on this machine; 0 picks a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Directory for log and keys; without it a temporary one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Decides the simulated prices, the bots' choices and the keys.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one line of JSON when the venue is ready, and nothing else.
    #[arg(long)]
    pub json: bool,
}

impl Default for Demo {
    fn default() -> Demo {
        Demo { port: 8080, data: None, seed: 1, json: false }
    }
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Configuration file, TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory; stands above the file's `data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Port; stands above the file's `listen`. 0 picks a free one.
    #[arg(long)]
    pub port: Option<u16>,
    /// Instruments, feeds and reporters to begin with when the log is empty, TOML; without it a
    /// built-in list of instruments.
    #[arg(long, value_name = "FILE")]
    pub genesis: Option<PathBuf>,
    /// Print one line of JSON when the venue is ready, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `mirror`.
#[derive(Debug, Args)]
pub struct Mirror {
    /// Capture in Binance format, plain or gzip.
    pub file: PathBuf,
    /// 1 is recorded pace, 10 is ten times as fast, `max` waits for nothing.
    #[arg(long, default_value = "1", value_name = "N|max")]
    pub speed: Speed,
    /// Levels a side that the mirror keeps, at most 1000.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(20..=1_000))]
    pub levels: u16,
    /// Mirror into a running server at this WebSocket address.
    #[arg(long, value_name = "WS", requires = "client_id", requires = "client_secret")]
    pub url: Option<String>,
    /// Operator's key of that server.
    #[arg(long, env = "PLIMSOLL_CLIENT_ID", allow_hyphen_values = true)]
    pub client_id: Option<String>,
    /// Its secret.
    #[arg(
        long,
        env = "PLIMSOLL_CLIENT_SECRET",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub client_secret: Option<String>,
    /// Port of the venue inside this process; 0 picks a free one.
    #[arg(long, default_value_t = 0, conflicts_with = "url")]
    pub port: u16,
    /// Data directory of the venue inside this process; without it a temporary one.
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub data: Option<PathBuf>,
    /// Stop after this many updates.
    #[arg(long, value_name = "N")]
    pub updates: Option<u64>,
    /// Print the result as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// How fast recorded time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as it was recorded.
    Times(f64),
    /// Without waiting.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        if text == "max" {
            return Ok(Speed::Max);
        }
        match text.parse() {
            Ok(times) if (0.01..=10_000.0).contains(&times) => Ok(Speed::Times(times)),
            _ => Err("write a number between 0.01 and 10000, or max".into()),
        }
    }
}

/// What to look for in a log.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Prints entries and the events that they cause.
    Inspect(Inspect),
    /// Checks checksums, order, chain and roots by replaying the log, and prints what it holds.
    ///
    /// Exit code 1 if anything differs; the message names file and offset.
    Verify(Verify),
}

/// Flags of `log inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Only this domain, such as BTC; without it all of them, one after the other.
    #[arg(long)]
    pub domain: Option<String>,
    /// First entry to print.
    #[arg(long, default_value_t = 1, value_name = "SEQ")]
    pub from: u64,
    /// Most entries to print per domain.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub limit: u64,
    /// Only entries with events of one kind, and only those events of them.
    #[arg(long, value_enum)]
    pub only: Option<Only>,
    /// One line of JSON per entry.
    #[arg(long)]
    pub json: bool,
}

/// A kind of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// The health of price feeds, faults of reporters, deliveries.
    Prices,
}

/// Flags of `log verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Only this domain.
    #[arg(long)]
    pub domain: Option<String>,
    /// One line of JSON.
    #[arg(long)]
    pub json: bool,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  plimsoll explain account 7 --data venue                       its last liquidation
  plimsoll explain account 7 --data venue --domain BTC --at 812  as it stood after entry 812";

/// What to explain.
#[derive(Debug, Subcommand)]
pub enum Explain {
    /// Why an account was liquidated: prices, positions, margins, each step and its rule.
    ///
    /// It replays the log. Exit code 1 if the account was never liquidated; the message says
    /// whether it stood on the other side of somebody else's liquidation.
    Account(ExplainAccount),
}

/// Flags of `explain account`.
#[derive(Debug, Args)]
pub struct ExplainAccount {
    /// Number of the account.
    pub account: u32,
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Only this domain, such as BTC; without it every one in which it was liquidated.
    #[arg(long)]
    pub domain: Option<String>,
    /// Read the log up to this entry: its last liquidation that had begun by then, as far as it had
    /// come. Without it, to the end.
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    pub at: Option<u64>,
    /// One line of JSON for each domain.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `operator`.
#[derive(Debug, Args)]
pub struct Operator {
    /// Which server, and by whose key.
    #[command(flatten)]
    pub login: Login,
    /// Print the server's answer as one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// What to ask for.
    #[command(subcommand)]
    pub call: OperatorCall,
}

/// What an operator asks for.
#[derive(Debug, Subcommand)]
pub enum OperatorCall {
    /// Opens the next account in every domain, and makes a key for it.
    OpenAccount,
    /// Credits money.
    Deposit {
        /// Number of the account.
        #[arg(long)]
        account: u32,
        /// Settlement asset, such as BTC.
        #[arg(long)]
        currency: String,
        /// How much, in whole coins.
        #[arg(long)]
        amount: String,
    },
    /// Lists an instrument: its name says kind, expiry and strike, the rest has defaults.
    ListInstrument {
        /// Name, such as `BTC-25DEC26-100000-C` or `ETH_USDC-PERPETUAL`.
        #[arg(long)]
        name: String,
    },
    /// Prices: feeds, reporters, marks, disputed deliveries.
    #[command(flatten)]
    Prices(PriceCall),
    /// Reports an index price; only while the index has no feed.
    ReportIndex {
        /// Such as BTC.
        #[arg(long)]
        base: String,
        /// Such as USD.
        #[arg(long)]
        quote: String,
        /// How much of the quote.
        #[arg(long)]
        price: String,
    },
}

/// What to say about a configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Prints each value in force, where it came from, and what it means.
    Explain {
        /// Configuration file, TOML; without it the defaults.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// One line of JSON.
        #[arg(long)]
        json: bool,
    },
}
