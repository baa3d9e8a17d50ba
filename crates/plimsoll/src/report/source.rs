//! Where the prices of one feed come from.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use types::At;

use super::live::{Address, Asking, Dialer, Live, Ticker};
use super::recording::Recording;
use super::said::{Said, nearest_price};
use super::sim::{self, Pair};
use super::tell::Teller;
use crate::cli::Reporting;

/// One of the three kinds.
pub enum Source {
    /// Computed.
    Sim {
        /// Decides the whole market.
        seed: u64,
        /// What is priced.
        pair: Pair,
        /// Whose view of it.
        reporter: u32,
    },
    /// A file, replayed from its beginning.
    File(Replay),
    /// Somewhere else.
    Live(Live),
}

/// A recording, and when its replay began.
pub struct Replay {
    recording: Recording,
    speed: f64,
    begun: Option<At>,
}

/// What there is to report at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This.
    Said(Said),
    /// Nothing that is recent enough.
    Silent,
    /// Nothing more, ever.
    Ended,
}

impl Source {
    /// The sources of all feeds.
    pub fn all(args: &Reporting, teller: &Arc<Teller>) -> anyhow::Result<Vec<Source>> {
        let n_feeds = args.feeds.len();
        let dialer = Dialer::new(args.ca.as_deref()).context("--ca")?;
        let froms = spread("--from", &args.from, n_feeds)?;
        let paths = spread("--path", &args.path, n_feeds)?;
        let subscribes = spread("--subscribe", &args.subscribe, n_feeds)?;
        let made = args.feeds.iter().enumerate().map(|(place, index_name)| {
            let given = Given {
                index_name,
                from: froms[place].context("--from is missing")?,
                path: paths[place],
                subscribe: subscribes[place],
            };
            given.open(args, &dialer, teller).with_context(|| format!("--from {}", given.from))
        });
        made.collect()
    }

    /// What there is to report now.
    pub fn next(&mut self, now: At, silent_ms: u64) -> Next {
        let said = match self {
            Source::Sim { seed, pair, reporter } => {
                // To the cent, as exchanges do.
                let cents = (sim::seen_by(*reporter, *seed, *pair, now.0) * 100.0).round();
                nearest_price(cents / 100.0).map(|price| Said { price, at: now })
            }
            Source::File(replay) => match replay.next(now) {
                Ok(said) => said,
                Err(Over) => return Next::Ended,
            },
            Source::Live(live) => live.newest(),
        };
        said.filter(|said| now.ms_since(said.at) < silent_ms).map_or(Next::Silent, Next::Said)
    }

    /// The market that volatilities can be made of.
    pub fn market(&self) -> Option<(u64, Pair)> {
        match self {
            Source::Sim { seed, pair, .. } => Some((*seed, *pair)),
            Source::File(_) | Source::Live(_) => None,
        }
    }

    /// How far a replay is, and how long it is, in milliseconds of the recording.
    pub fn progress(&self, now: At) -> Option<(u64, u64)> {
        match self {
            Source::File(replay) => Some(replay.progress(now)),
            Source::Sim { .. } | Source::Live(_) => None,
        }
    }
}

/// A replay is over.
struct Over;

impl Replay {
    /// What the recording says at this moment of its replay, in the time of now.
    fn next(&mut self, now: At) -> Result<Option<Said>, Over> {
        let begun = *self.begun.get_or_insert(now);
        let first = self.recording.first();
        let at = first.plus_ms((now.ms_since(begun) as f64 * self.speed) as u64);
        if self.recording.last() < at {
            return Err(Over);
        }
        let said = self.recording.said_at(at).map(|said| {
            let since_ms = (said.at.ms_since(first) as f64 / self.speed) as u64;
            Said { price: said.price, at: begun.plus_ms(since_ms) }
        });
        Ok(said)
    }

    fn progress(&self, now: At) -> (u64, u64) {
        let length_ms = self.recording.last().ms_since(self.recording.first());
        let passed_ms = self.begun.map_or(0.0, |begun| now.ms_since(begun) as f64 * self.speed);
        ((passed_ms as u64).min(length_ms), length_ms)
    }
}

/// What was given for one feed.
struct Given<'a> {
    index_name: &'a str,
    from: &'a str,
    path: Option<&'a str>,
    subscribe: Option<&'a str>,
}

impl Given<'_> {
    fn open(
        &self,
        args: &Reporting,
        dialer: &Dialer,
        teller: &Arc<Teller>,
    ) -> anyhow::Result<Source> {
        if let Some(seed) = self.from.strip_prefix("SIM:") {
            let seed = seed.parse().context("the seed is not a whole number from 0 on")?;
            let pair = Pair::named(self.index_name);
            let pair = pair.with_context(|| format!("{} is not simulated", self.index_name))?;
            return Ok(Source::Sim { seed, pair, reporter: args.account.unwrap_or_default() });
        }
        if !self.from.contains("://") {
            let recording = Recording::open(Path::new(self.from))?;
            return Ok(Source::File(Replay { recording, speed: args.speed, begun: None }));
        }
        let address = Address::parse(self.from)?;
        let Some(path) = self.path else {
            bail!("where is the price in what it says? Set --path, such as --path /result/last");
        };
        if self.subscribe.is_some() && !address.is_socket() {
            bail!("--subscribe is for ws and wss: an http address is asked once an interval");
        }
        let asking = Asking {
            index_name: self.index_name.to_owned(),
            address,
            ticker: Ticker::new(path, args.time_path.as_deref())?,
            subscribe: self.subscribe.map(Into::into),
            interval: Duration::from_millis(args.interval_ms),
            silent_ms: args.silent_ms,
        };
        Ok(Source::Live(Live::start(asking, dialer.clone(), teller.clone())))
    }
}

/// Values that are given once for all feeds, once for each, or not at all.
fn spread<'a>(
    flag: &str,
    values: &'a [String],
    n_feeds: usize,
) -> anyhow::Result<Vec<Option<&'a str>>> {
    match values {
        [] => Ok(vec![None; n_feeds]),
        [one] => Ok(vec![Some(one.as_str()); n_feeds]),
        each if each.len() == n_feeds => Ok(each.iter().map(|one| Some(one.as_str())).collect()),
        other => {
            let n_values = other.len();
            bail!("{flag} is given {n_values} times: give it once, or for each of {n_feeds} feeds")
        }
    }
}
