//! `plimsoll report`: signs prices of a source and sends them to a venue, for as long as it runs.
//!
//! ```text
//!   SIM · recording · exchange ─▶ source ─▶ Said ─▶ sign ─▶ private/report_price ─▶ venue
//!                                  price and when    │ nonce
//!   SIM only: volatilities ─────────────────────────▶└────▶ private/report_surface
//! ```
//! [`source`] says what there is to report, [`desk`] is the venue, [`key_file`](crate::key_file)
//! signs, [`nonce`] counts, [`tell`] tells a person or a program. [`sim`] and
//! [`recording`] serve others too.
//!
//! Invariants: a price is reported once, with the time at which its source said it; nothing is
//! reported when the source is silent; no nonce is used twice.
//!
//! It decides nothing about the price: one process reports one source of each feed, and the venue
//! makes an index of many of them.

mod desk;
pub mod live;
mod nonce;
mod parquet;
pub mod recording;
pub mod said;
pub mod sim;
mod source;
mod tell;
mod wait;

#[cfg(test)]
mod tests;

pub use desk::pair;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;
use types::{AccountId, At, IndexPrice, PriceReport, SurfaceReport};

use crate::cli::{Report, ReportCall, Reporting};
use crate::key_file::KeyFile;
use crate::serve::Signals;
use crate::{clock, output};
use desk::{DeskError, Outcome, Venue, price_json};
use nonce::Nonces;
use said::Said;
use source::{Next, Source};
use tell::Teller;
use wait::Waits;

/// Between two reports of the volatilities of one expiry.
const SURFACE_INTERVAL: Duration = Duration::from_secs(10);

/// Runs the command.
pub async fn report(args: Report) -> anyhow::Result<()> {
    match args.call {
        Some(ReportCall::Keygen { key, json }) => {
            let public = KeyFile::make(&key);
            let public = public.with_context(|| format!("making the key {}", key.display()))?;
            let public = output::hex(&public.0);
            match json {
                true => output::say_json(&json!({ "public_key": public }))?,
                false => output::say(&public)?,
            };
            Ok(())
        }
        None => Reporter::new(args.reporting)?.run().await,
    }
}

/// Everything that one process reports.
struct Reporter {
    args: Reporting,
    account: AccountId,
    key: Option<KeyFile>,
    nonces: Nonces,
    sources: Vec<Source>,
    /// What each feed was told last, and whether its source is silent.
    last: Vec<(Option<Said>, bool)>,
    venue: Option<Venue>,
    waits: Waits,
    /// When the venue is tried again.
    again_at: Instant,
    /// Which of the addresses is tried next.
    turn: usize,
    surfaces_at: Instant,
    teller: Arc<Teller>,
}

/// Why a reporter stops by itself.
enum End {
    Over,
    Enough,
}

impl Reporter {
    fn new(args: Reporting) -> anyhow::Result<Reporter> {
        let key = match args.key.as_ref().filter(|_| !args.dry_run) {
            None => None,
            Some(path) => {
                let key = KeyFile::open(path);
                Some(key.with_context(|| format!("the key {}", path.display()))?)
            }
        };
        let is_replay = args.from.iter().all(|from| !from.contains(':'));
        let teller = Arc::new(Teller::new(args.json, is_replay));
        let sources = Source::all(&args, &teller)?;
        if args.surfaces && sources.iter().any(|source| source.market().is_none()) {
            bail!("--surfaces needs --from SIM: nothing else here knows volatilities");
        }
        Ok(Reporter {
            account: AccountId(args.account.unwrap_or_default()),
            last: vec![(None, false); sources.len()],
            args,
            key,
            nonces: Nonces::default(),
            sources,
            venue: None,
            waits: Waits::default(),
            again_at: Instant::now(),
            turn: 0,
            surfaces_at: Instant::now(),
            teller,
        })
    }

    async fn run(mut self) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        let teller = self.teller.clone();
        let left_alone = self.args.until_eof;
        let ended = tokio::select! {
            ended = self.report_for_ever() => ended.map(Some),
            () = signals.stop() => Ok(None),
            () = end_of_input(), if left_alone => Ok(None),
        };
        let why = match &ended {
            Ok(Some(End::Over)) => "the recording is over",
            Ok(Some(End::Enough)) => "enough reports were accepted",
            Ok(None) => "stopped",
            Err(_) => "failed",
        };
        teller.end(why);
        let tally = teller.tally();
        match ended? {
            Some(End::Over) if tally.accepted == 0 && !self.args.dry_run => {
                bail!("the recording is over and no report was accepted")
            }
            Some(End::Over | End::Enough) | None => Ok(()),
        }
    }

    async fn report_for_ever(&mut self) -> anyhow::Result<End> {
        let mut ticks = tokio::time::interval(Duration::from_millis(self.args.interval_ms));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if !self.args.dry_run && !self.has_venue().await? {
                continue;
            }
            let mut n_ended = 0;
            for place in 0..self.sources.len() {
                n_ended += usize::from(self.report_feed(place).await?);
            }
            if n_ended == self.sources.len() {
                return Ok(End::Over);
            }
            if self.args.surfaces && !self.args.dry_run && self.surfaces_at <= Instant::now() {
                self.surfaces_at = Instant::now() + SURFACE_INTERVAL;
                self.report_surfaces().await?;
            }
            self.tell_progress();
            if self.args.reports.is_some_and(|enough| enough <= self.n_told()) {
                return Ok(End::Enough);
            }
        }
    }

    /// Accepted reports, or printed ones.
    fn n_told(&self) -> u64 {
        let tally = self.teller.tally();
        tally.accepted + tally.untold
    }

    /// Whether there is a connection now; makes one, when it is time to try.
    async fn has_venue(&mut self) -> anyhow::Result<bool> {
        if self.venue.is_some() {
            return Ok(true);
        }
        if Instant::now() < self.again_at {
            return Ok(false);
        }
        let to = &self.args.to[self.turn % self.args.to.len()];
        match Venue::connect(&self.args, self.account, to).await {
            Ok(venue) => {
                self.waits.reset();
                self.venue = Some(venue);
                Ok(true)
            }
            Err(DeskError::Later(fault)) => {
                self.turn_away(&fault);
                Ok(false)
            }
            Err(DeskError::Never(fault)) => bail!("{fault}"),
        }
    }

    /// The next address is tried at once; all of them again after a wait.
    fn turn_away(&mut self, fault: &str) {
        self.turn += 1;
        let is_round = self.turn.is_multiple_of(self.args.to.len());
        let wait = if is_round { self.waits.next() } else { Duration::ZERO };
        self.again_at = Instant::now() + wait;
        self.teller.venue_fault(fault, wait);
    }

    /// Reports what a source says that it has not said before. True if it will say no more.
    async fn report_feed(&mut self, place: usize) -> anyhow::Result<bool> {
        let now = clock::log_time();
        let said = match self.sources[place].next(now, self.args.silent_ms) {
            Next::Ended => return Ok(true),
            Next::Silent => {
                self.note_silence(place, true);
                return Ok(false);
            }
            Next::Said(said) => said,
        };
        self.note_silence(place, false);
        if self.last[place].0 == Some(said) {
            return Ok(false);
        }
        let nonce = self.nonces.next(now);
        let outcome = self.send_price(place, said, nonce).await;
        if !matches!(outcome, Outcome::Unknown { .. }) {
            self.last[place].0 = Some(said);
        }
        let index_name = &self.args.feeds[place];
        let line = json!({
            "event": "report", "index_name": index_name, "price": price_json(said.price),
            "source_at": said.at.0, "nonce": nonce,
        });
        self.teller.report(index_name, line, &outcome);
        self.learn(&outcome)?;
        Ok(false)
    }

    async fn send_price(&self, place: usize, said: Said, nonce: u64) -> Outcome {
        if self.args.dry_run {
            return Outcome::Untold;
        }
        let Some((venue, key)) = self.venue.as_ref().zip(self.key.as_ref()) else {
            return Outcome::Unknown { text: "there is no connection".into() };
        };
        let desk = &venue.desks[place];
        let report = PriceReport {
            base: desk.base,
            quote: desk.quote,
            reporter: self.account,
            source: desk.source,
            price: said.price,
            confidence: part(said.price, self.args.confidence_ppm),
            source_at: said.at,
            nonce,
        };
        let signature = key.sign(&report.signed_bytes());
        venue.report_price(desk, &report, &signature).await
    }

    /// Draws the conclusions of an outcome.
    fn learn(&mut self, outcome: &Outcome) -> anyhow::Result<()> {
        match outcome {
            Outcome::Refused { is_final: true, text, .. } => {
                let key = self.key.as_ref().map(|key| output::hex(&key.public().0));
                bail!("this reporter, with key {}, may not report: {text}", key.unwrap_or_default())
            }
            Outcome::Refused { last_nonce: Some(last), .. } => self.nonces.learn(*last),
            Outcome::Unknown { text } => {
                self.venue = None;
                self.turn_away(text);
            }
            Outcome::Refused { .. } | Outcome::Accepted | Outcome::Untold => (),
        }
        Ok(())
    }

    fn note_silence(&mut self, place: usize, is_silent: bool) {
        let was_silent = std::mem::replace(&mut self.last[place].1, is_silent);
        if was_silent != is_silent {
            self.teller.silence(&self.args.feeds[place], is_silent);
        }
    }

    /// Reports the volatilities of every expiry that is listed.
    async fn report_surfaces(&mut self) -> anyhow::Result<()> {
        let Some(mut venue) = self.venue.take() else { return Ok(()) };
        // What is not learnt now is learnt in ten seconds.
        let _ = venue.learn_expiries().await;
        let desks = venue.desks.clone();
        self.venue = Some(venue);
        for (place, desk) in desks.iter().enumerate() {
            let Some((seed, pair)) = self.sources[place].market() else { continue };
            for expiry in &desk.expiries {
                let now = clock::log_time();
                let Some(svi) = sim::surface(seed, pair, now.0, expiry.0) else { continue };
                // Free of arbitrage by construction; what is signed is looked at all the same.
                pricing::check(&svi).with_context(|| format!("the surface of {expiry}"))?;
                let report = SurfaceReport {
                    base: desk.base,
                    quote: desk.quote,
                    reporter: self.account,
                    expiry: *expiry,
                    svi,
                    source_at: now,
                    nonce: self.nonces.next(now),
                };
                self.report_surface(desk, &report).await?;
            }
        }
        Ok(())
    }

    async fn report_surface(
        &mut self,
        desk: &desk::Desk,
        report: &SurfaceReport,
    ) -> anyhow::Result<()> {
        let Some((venue, key)) = self.venue.as_ref().zip(self.key.as_ref()) else {
            return Ok(());
        };
        let signature = key.sign(&report.signed_bytes());
        let outcome = venue.report_surface(desk, report, &signature).await;
        let line = json!({
            "event": "surface", "index_name": desk.index_name, "expiry": report.expiry.0,
            "source_at": report.source_at.0, "nonce": report.nonce,
        });
        self.teller.report(&desk.index_name, line, &outcome);
        self.learn(&outcome)
    }

    fn tell_progress(&self) {
        let now = clock::log_time();
        let newest = self.args.feeds.iter().zip(&self.last).map(|(index_name, (said, _))| {
            said.map_or_else(
                || format!("{index_name} nothing yet"),
                |said| {
                    let age_s = now.ms_since(said.at) as f64 / 1e3;
                    format!("{index_name} {} {age_s:.1} s old", price_json(said.price))
                },
            )
        });
        let newest: Vec<String> = newest.collect();
        let replay = self.sources.first().and_then(|source| source.progress(now));
        self.teller.progress(&newest.join(", "), replay);
    }
}

/// Returns when standard input ends: whoever started this program is gone.
async fn end_of_input() {
    let (tell, told) = oneshot::channel();
    // A thread that reads cannot be stopped, and this process does not wait for it.
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut bytes = [0; 64];
        while matches!(input.read(&mut bytes), Ok(1..)) {}
        tell.send(()).unwrap_or_default();
    });
    // If the thread was not made there is nothing to wait for.
    let _ = told.await;
}

/// So many millionths of a price, rounded down.
fn part(price: IndexPrice, ppm: u32) -> IndexPrice {
    let part = u128::from(price.0) * u128::from(ppm) / 1_000_000;
    IndexPrice(u64::try_from(part).unwrap_or(price.0))
}

/// A moment in words: `2021-05-19 12:55:03`.
pub fn in_words(at: At) -> String {
    let (year, month, day) = at.date();
    let second = at.0 % At::DAY / 1_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}
