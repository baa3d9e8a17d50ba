//! The command line of prices: reporting them, rehearsing a bad week, looking at feeds.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{RangedI64ValueParser, RangedU64ValueParser};
use clap::{Args, Subcommand};
use types::At;

#[cfg(test)]
mod tests;

pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  plimsoll report keygen --key reporter.pem
  plimsoll report --feed btc_usd --feed eth_usd --source alpha --from SIM:7 --key reporter.pem \\
      --account 3 --client-id ID --client-secret S
  plimsoll report --feed btc_usd --source beta --key reporter.pem --account 4 \\
      --from https://exchange.example/ticker --path /result/last ...
  plimsoll report --feed btc_usd --source gamma --key reporter.pem --account 5 \\
      --from wss://exchange.example/ws --subscribe '{\"op\":\"ticker\"}' --path /p \\
      --time-path /T ...
  plimsoll report --feed btc_usd --from klines.parquet --speed 60 --dry-run --json

Exit codes: 0 the recording is over, or as many reports as asked were accepted, or it was stopped;
1 it may not report (key, seat, feed), or a file does not read, or a recording ended and no report
was accepted. docs/operating/reporters.md says how a reporter is set up.";

pub(super) const REHEARSE_EXAMPLES: &str = "\
Examples:
  plimsoll rehearse-prices --data ../shared/data
  plimsoll rehearse-prices --data klines.parquet --week 2021-05-16 --liar +10% --lag 2m
  plimsoll rehearse-prices --data prices.csv.gz --week 2023-08-14 --hours 24 --json

Exit code 1 if the index, while the feed called it good, was farther from what the honest reporters
said than --cap-ppm. While the feed is frozen the last good price stands, and nothing is liquidated,
funded, delivered or opened by it: how far the market leaves it behind is printed, and does not
count.";

pub(super) const FEED_EXAMPLES: &str = "\
Examples:
  plimsoll feed
  plimsoll feed btc_usd --watch
  plimsoll feed --json";

const VENUE: &str = "ws://127.0.0.1:8080/ws/api/v2";

/// Flags of `report`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Report {
    /// What else there is to do.
    #[command(subcommand)]
    pub call: Option<ReportCall>,
    /// What to report.
    #[command(flatten)]
    pub reporting: Reporting,
}

/// What there is to do beside reporting.
#[derive(Debug, Subcommand)]
pub enum ReportCall {
    /// Makes a key, and prints its public half for the operator to register.
    Keygen {
        /// File to write; it must not exist.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Flags of `report` when it reports.
#[derive(Clone, Debug, Args)]
pub struct Reporting {
    /// Index to report, such as btc_usd; may be given more than once.
    #[arg(long = "feed", value_name = "INDEX", required = true)]
    pub feeds: Vec<String>,
    /// The feed's name of where you look, or its number in the feed's list.
    #[arg(long, value_name = "NAME|N", required_unless_present = "dry_run")]
    pub source: Option<String>,
    /// Where the prices come from: a file of recorded prices (csv, csv.gz, parquet), SIM:seed, or
    /// an http, https, ws or wss address. Once for all feeds, or once for each.
    #[arg(long, value_name = "FILE|SIM:SEED|URL", required = true)]
    pub from: Vec<String>,
    /// JSON pointer to the price in what an address says, such as /result/last. Once, or for each.
    #[arg(long, value_name = "POINTER")]
    pub path: Vec<String>,
    /// JSON pointer to the source's own time; without it a price is as old as its arrival.
    #[arg(long, value_name = "POINTER")]
    pub time_path: Option<String>,
    /// What to send to a ws address after connecting. Once, or for each.
    #[arg(long, value_name = "JSON")]
    pub subscribe: Vec<String>,
    /// More certificate authorities to trust than the built-in ones, PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Ed25519 key that signs, as `report keygen` or openssl makes it.
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    pub key: Option<PathBuf>,
    /// Account that reports.
    #[arg(long, value_name = "N", required_unless_present = "dry_run")]
    pub account: Option<u32>,
    /// API key of that account.
    #[arg(
        long,
        env = "PLIMSOLL_CLIENT_ID",
        required_unless_present = "dry_run",
        allow_hyphen_values = true
    )]
    pub client_id: Option<String>,
    /// Its secret.
    #[arg(
        long,
        env = "PLIMSOLL_CLIENT_SECRET",
        hide_env_values = true,
        required_unless_present = "dry_run",
        allow_hyphen_values = true
    )]
    pub client_secret: Option<String>,
    /// WebSocket address of the venue; of a cluster, those of all nodes: once for each. When one
    /// does not answer the next one is tried.
    #[arg(long, default_value = VENUE, value_name = "WS")]
    pub to: Vec<String>,
    /// How much faster than recorded a file is replayed.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = speed)]
    pub speed: f64,
    /// Time between two reports of one feed, in milliseconds.
    #[arg(long, default_value_t = 1_000, value_parser = range(50..=60_000))]
    pub interval_ms: u64,
    /// A source that says nothing for this long is silent: nothing is reported, it is asked anew.
    #[arg(long, default_value_t = 10_000, value_parser = range(100..=600_000))]
    pub silent_ms: u64,
    /// Confidence that a report claims, in millionths of its price.
    #[arg(long, default_value_t = 100, value_parser = ppm(0..=1_000_000))]
    pub confidence_ppm: u32,
    /// With SIM: report volatilities of every listed expiry too, every 10 seconds.
    #[arg(long)]
    pub surfaces: bool,
    /// Stop after so many accepted reports.
    #[arg(long, value_name = "N")]
    pub reports: Option<u64>,
    /// Stop when standard input ends: for a program that starts this one, and may be killed.
    #[arg(long)]
    pub until_eof: bool,
    /// Print what would be reported, and tell nobody: for trying a source. Needs no key.
    #[arg(long)]
    pub dry_run: bool,
    /// Print one line of JSON for each report, each fault and the end.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `rehearse-prices`.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// A file of recorded BTC prices, or a directory with market/klines/*BTCUSDT* in it.
    #[arg(long, value_name = "DIR|FILE")]
    pub data: PathBuf,
    /// First day, UTC.
    #[arg(long, default_value = "2021-05-16", value_parser = day)]
    pub week: At,
    /// How much of the week.
    #[arg(long, default_value_t = 168, value_parser = range(1..=168))]
    pub hours: u64,
    /// How far from the truth the liar is.
    #[arg(long, default_value = "+10%", value_parser = percent, allow_hyphen_values = true)]
    pub liar: i64,
    /// How late the late reporter is, such as 90s or 2m.
    #[arg(long, default_value = "2m", value_parser = duration)]
    pub lag: Duration,
    /// Cap around the median, and the deviation that is a failure, in millionths.
    #[arg(long, default_value_t = 5_000, value_parser = ppm(1..=20_000))]
    pub cap_ppm: u32,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `feed`.
#[derive(Debug, Args)]
pub struct Feed {
    /// Index, such as btc_usd; without it all of them.
    pub index: Option<String>,
    /// WebSocket address of the venue.
    #[arg(long, default_value = VENUE, value_name = "WS")]
    pub to: String,
    /// Print again every second until stopped.
    #[arg(long)]
    pub watch: bool,
    /// Print the venue's answer as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn range(of: RangeInclusive<u64>) -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(of)
}

pub(super) fn ppm(of: RangeInclusive<i64>) -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(of)
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(times) if (0.01..=10_000.0).contains(&times) => Ok(times),
        _ => Err("write a number between 0.01 and 10000".into()),
    }
}

/// `2021-05-16`, at 00:00 UTC.
pub(super) fn day(text: &str) -> Result<At, String> {
    let mut parts = text.split('-').map(str::parse::<u64>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("write a day such as 2021-05-16".into());
    };
    // The calendar is read backwards: of the days around the estimate, the one that has this date.
    let estimate = (year.clamp(1970, 2200) - 1970) * 1_461 / 4 + (month.min(12) * 153) / 5 + day;
    let around = estimate.saturating_sub(70)..=estimate + 10;
    let mut days = around.map(|days| At(days * At::DAY));
    days.find(|at| at.date() == (year, month, day))
        .ok_or_else(|| format!("{text} is not in the calendar: write a day such as 2021-05-16"))
}

/// `+10%` or `-2.5%`, in millionths.
fn percent(text: &str) -> Result<i64, String> {
    let number = text.strip_suffix('%').and_then(|number| {
        let decimal = types::Decimal::parse(number.strip_prefix('+').unwrap_or(number)).ok()?;
        decimal.times_ten_to(4)
    });
    let fits = number.filter(|ppm| (-900_000..=10_000_000).contains(ppm));
    fits.ok_or_else(|| "write a percentage between -90% and +1000%, such as +10%".into())
}

/// `90s` or `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let read = |suffix: char, seconds: u64| {
        let number: u64 = text.strip_suffix(suffix)?.parse().ok()?;
        number.checked_mul(seconds).filter(|seconds| (1..=86_400).contains(seconds))
    };
    let seconds = read('s', 1).or_else(|| read('m', 60)).or_else(|| read('h', 3_600));
    let seconds = seconds.ok_or("write a time between 1s and 24h, such as 90s or 2m")?;
    Ok(Duration::from_secs(seconds))
}
