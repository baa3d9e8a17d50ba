//! The command line of `stress`: which crash, and how the market is made up that meets it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use types::At;

use super::prices::{day, ppm, ppm as count, range};

pub(super) const STRESS_EXAMPLES: &str = "\
Examples:
  plimsoll stress --scenario minus-60
  plimsoll stress --scenario may-2021 --data ../shared/data --svg may.svg
  plimsoll stress --scenario luna-2022 --seed 2 --fund-ppm 20000 --adl water-filling
  plimsoll stress --breakers compare                    three crashes, without and with breakers
  plimsoll stress --path prices.csv.gz --from 2023-03-10 --hours 12 --json

The engine is the one that serves; the traders are simulated. Everything is decided by the prices,
the flags and the seed: the same three print the same state root. Sizes are in parts of the open
interest, so that a result reads as a share of the market. docs/operating/stress.md says what each
actor does and how to read the table.

Exit codes: 0 it was played to its end; 1 prices were not found or do not read, or the books did not
balance at the end; 2 the command line was not understood.";

/// A crash that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// BTC, 19 May 2021, 08:00 to 16:00: from 40 000 to 30 000. Needs --data.
    #[value(name = "may-2021")]
    May2021,
    /// LUNA, 11 May 2022, the whole day: from 17 to 1. Needs --data.
    #[value(name = "luna-2022")]
    Luna2022,
    /// BTC, 8 November 2022 at 15:00 to 9 November at 23:00: from 19 600 to 15 600. Needs --data.
    #[value(name = "ftx-2022")]
    Ftx2022,
    /// A generated fall by 60 % within an hour, from 60 000, after ten minutes of calm.
    #[value(name = "minus-60")]
    Minus60,
}

/// Whether markets stop by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Breakers {
    /// They do not.
    Off,
    /// They do.
    On,
    /// One play without and one with them, side by side. Without a scenario: May 2021, LUNA, FTX.
    Compare,
}

/// Who gives when neither margin nor fund covers a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Adl {
    /// By profit and leverage, the largest first.
    Queue,
    /// In proportion to profit.
    ProRata,
    /// The largest profits down to a common level.
    WaterFilling,
    /// With the fewest lots.
    LeastClosing,
}

/// Flags of `stress`.
#[derive(Clone, Debug, Args)]
pub struct Stress {
    /// A crash by its name.
    #[arg(
        long,
        value_enum,
        required_unless_present_any = ["path", "breakers"],
        conflicts_with = "path"
    )]
    pub scenario: Option<Scenario>,
    /// A file of prices instead: csv, csv.gz or parquet with ts_ms and price, or bars.
    #[arg(long, value_name = "FILE")]
    pub path: Option<PathBuf>,
    /// First day of --path, UTC; without it the file's beginning.
    #[arg(long, value_parser = day, conflicts_with = "scenario", value_name = "DAY")]
    pub from: Option<At>,
    /// Hours to play, at most; a scenario has its own.
    #[arg(long, value_parser = range(1..=168), value_name = "N")]
    pub hours: Option<u64>,
    /// Directory with market/klines in it.
    #[arg(long, env = "PLIMSOLL_DATA", default_value = "../shared/data", value_name = "DIR")]
    pub data: PathBuf,
    /// Decides who holds what, how levered, and how the actors choose.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Leveraged traders: three of five are long.
    #[arg(long, default_value_t = 1_000, value_parser = count(50..=50_000))]
    pub accounts: u32,
    /// The market that they meet in.
    #[command(flatten)]
    pub market: Market,
    /// With the circuit breakers that a served venue begins with; `compare` plays both and says
    /// what each did better.
    #[arg(long, value_enum, default_value = "off")]
    pub breakers: Breakers,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// Draw price, losses, depth and spread into a file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// How the market is made up. What is in ppm and says nothing else is a part of the open interest
/// at the beginning.
#[derive(Clone, Debug, Args)]
pub struct Market {
    /// Open interest, in millions of USDC.
    #[arg(long, default_value_t = 500, value_parser = count(1..=1_000))]
    pub open_interest: u32,
    /// Median leverage of longs (lognormal, sigma 0.8, at most 40); shorts have a third of it.
    #[arg(long, default_value_t = 5.0, value_parser = leverage, value_name = "X")]
    pub leverage: f64,
    /// What makers show within 1 % on each side while it is calm.
    #[arg(long, default_value_t = 10_000, value_parser = ppm(100..=1_000_000), value_name = "PPM")]
    pub depth_ppm: u32,
    /// Position that makers hold together, at most.
    #[arg(long, default_value_t = 200_000, value_parser = ppm(0..=1_000_000), value_name = "PPM")]
    pub makers_ppm: u32,
    /// Position that momentum traders hold together, at most.
    #[arg(long, default_value_t = 50_000, value_parser = ppm(0..=500_000), value_name = "PPM")]
    pub momentum_ppm: u32,
    /// The insurance fund at the beginning.
    #[arg(long, default_value_t = 1_000, value_parser = ppm(0..=500_000), value_name = "PPM")]
    pub fund_ppm: u32,
    /// Positions that backstops take over, at most.
    #[arg(long, default_value_t = 20_000, value_parser = ppm(0..=500_000), value_name = "PPM")]
    pub backstop_ppm: u32,
    /// How much of the book's distance from the market outside is passed on to it each second.
    #[arg(long, default_value_t = 10_000, value_parser = ppm(0..=100_000), value_name = "PPM")]
    pub echo_ppm: u32,
    /// Seconds for which the price outside stands before it jumps to where the path is, on average.
    #[arg(long, default_value_t = 5.0, value_parser = jolt, value_name = "S")]
    pub jolt_s: f64,
    /// Equity in parts of maintenance margin below which a position is taken over.
    #[arg(long, default_value_t = 500_000, value_parser = ppm(0..=1_000_000), value_name = "PPM")]
    pub takeover_ppm: u32,
    /// Who gives when the fund is empty.
    #[arg(long, value_enum, default_value = "queue")]
    pub adl: Adl,
}

fn leverage(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(times) if (1.0..=25.0).contains(&times) => Ok(times),
        _ => Err("write a number between 1 and 25: initial margin is 2 %".into()),
    }
}

fn jolt(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=60.0).contains(&seconds) => Ok(seconds),
        _ => Err("write seconds between 0 and 60".into()),
    }
}
