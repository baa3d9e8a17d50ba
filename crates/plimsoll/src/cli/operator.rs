//! The command line of an operator who looks after prices.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

const SET_FEED: &str = "\
Example:
  plimsoll operator --data venue set-feed --file venue.toml --index btc_usd

The file is one that `plimsoll serve --genesis` begins with; only its [[feed]] tables count, and its
[[instrument]] tables as far as they say what settles where:

  [[feed]]
  index = \"btc_usd\"
  sources = [\"alpha\", \"beta\", { name = \"gamma\", weight = 2 }]
  seats = [
      { reporter = 3, source = \"alpha\" },
      { reporter = 4, source = \"beta\" },
      { reporter = 5, source = \"gamma\" },
  ]
  stale_ms = 10000         # this and all the rest may be left out: docs/operating/reporters.md

Register the reporters first. A feed that is new, or whose terms have changed, is frozen until
enough fresh reports have come: `plimsoll feed btc_usd --watch` shows it.";

const REGISTER_REPORTER: &str = "\
Examples:
  plimsoll report keygen --key alpha.pem                       on the reporter's machine
  plimsoll operator --data venue open-account
  plimsoll operator --data venue deposit --account 3 --currency BTC --amount 1
  plimsoll operator --data venue register-reporter --account 3 --currency BTC \\
      --public-key 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29 --stake 0.5

The stake is taken from the account's money and is lost in part or whole for lies that can be
proved. Registering again replaces the key, and adds to the stake. A reporter is registered in each
domain that it reports in; a seat in the feed comes with set-feed.";

const SET_PRICING: &str = "\
Examples:
  plimsoll operator --data venue set-pricing --instrument BTC-PERPETUAL --impact 10000 \\
      --clamp-ppm 5000
  plimsoll operator --data venue set-pricing --instrument BTC-25DEC26 --impact 10000 \\
      --clamp-ppm 100000 --mark median_of_three
  plimsoll operator --data venue set-pricing --instrument ETH_USDC-PERPETUAL --impact 5 \\
      --clamp-ppm 5000 --funding hourly --interest-ppb 12500

A perpetual has funding and a dated future has none. The rules are docs/rules/marks.md and
docs/rules/funding.md.";

const SETTLE_DELIVERY: &str = "\
Examples:
  plimsoll log inspect --data venue --only prices              which delivery is disputed, and why
  plimsoll operator --data venue settle-delivery --index btc_usd --expiry 25DEC26 --price 97000.5

Every contract of that index and expiry is settled at this price, at once and for good. Only a
delivery that is disputed is settled like this: one with too few good samples
(docs/rules/delivery.md).";

const REPORT_MARKS: &str = "\
Example:
  plimsoll operator --data venue report-marks --mark BTC-PERPETUAL=97001.5 --mark BTC-25DEC26=98010

Where the index has a feed the engine makes the marks, and this is refused.";

/// What an operator asks for about prices.
#[derive(Debug, Subcommand)]
pub enum PriceCall {
    /// Gives an index a feed, or changes its terms, as a file has them.
    #[command(after_help = SET_FEED)]
    SetFeed {
        /// File with tables named `feed`, TOML, as `serve --genesis` takes it.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Which of them, such as btc_usd; may be left out if the file has one.
        #[arg(long)]
        index: Option<String>,
        /// Settlement asset of the domain that the feed belongs to, such as BTC; without it the one
        /// that has the index, else that of the quote, else that of the base.
        #[arg(long)]
        currency: Option<String>,
    },
    /// Lets an account sign reports with a key, and takes its stake.
    #[command(after_help = REGISTER_REPORTER)]
    RegisterReporter {
        /// Number of the account.
        #[arg(long)]
        account: u32,
        /// Settlement asset of the domain that it reports in, such as BTC.
        #[arg(long)]
        currency: String,
        /// Public half of its Ed25519 key, 64 hexadecimal digits, as `report keygen` prints it.
        #[arg(long, value_name = "HEX")]
        public_key: String,
        /// How much it stakes beyond what it has staked, in whole coins.
        #[arg(long, default_value = "0")]
        stake: String,
    },
    /// Says how marks and funding of a perpetual or a dated future are made.
    #[command(after_help = SET_PRICING)]
    SetPricing(SetPricing),
    /// Settles an expiry whose delivery price the feed could not make.
    #[command(after_help = SETTLE_DELIVERY)]
    SettleDelivery {
        /// Such as btc_usd.
        #[arg(long)]
        index: String,
        /// Date as in names of contracts, such as 25DEC26.
        #[arg(long)]
        expiry: String,
        /// How much of the quote.
        #[arg(long)]
        price: String,
    },
    /// Reports marks; only while the index has no feed.
    #[command(after_help = REPORT_MARKS)]
    ReportMarks {
        /// Instrument and price; may be given more than once. Prices go down to a tick.
        #[arg(long = "mark", value_name = "NAME=PRICE", required = true)]
        marks: Vec<String>,
    },
}

/// Flags of `set-pricing`.
#[derive(Debug, Args)]
pub struct SetPricing {
    /// Name, such as BTC-PERPETUAL.
    #[arg(long)]
    pub instrument: String,
    /// How the mark is made.
    #[arg(long, value_enum, default_value_t = MarkWord::ImpactBasis)]
    pub mark: MarkWord,
    /// Size on each side whose average price is the fair price of that side, as orders have it.
    #[arg(long)]
    pub impact: String,
    /// Widest distance of the mark from the index, in millionths.
    #[arg(long)]
    pub clamp_ppm: u32,
    /// When longs and shorts pay each other; without it, a perpetual's is continuous.
    #[arg(long, value_enum)]
    pub funding: Option<Funding>,
    /// Premiums within this, either way, cost nothing (continuous) or are damped by it (hourly);
    /// billionths of 8 hours.
    #[arg(long, default_value_t = 250_000)]
    pub damper_ppb: u32,
    /// Largest rate either way, billionths of 8 hours.
    #[arg(long, default_value_t = 5_000_000)]
    pub cap_ppb: u32,
    /// What a premium of zero costs (hourly), billionths of 8 hours.
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    pub interest_ppb: i32,
}

/// How a mark is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum MarkWord {
    /// The index and an average of how far the book has stood from it.
    ImpactBasis,
    /// The median of three prices.
    MedianOfThree,
}

/// When funding is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Funding {
    /// All the time.
    Continuous,
    /// At each full hour.
    Hourly,
}
