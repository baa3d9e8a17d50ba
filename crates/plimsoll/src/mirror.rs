//! `plimsoll mirror`: makes a book of a venue follow a recorded one.
//!
//! ```text
//!   capture file ─▶ lines ─▶ messages ─▶ recorded book ─┐
//!                                                       ├─▶ plan ─▶ cancels, amends, places
//!   own orders ◀─ outcomes ◀── venue ◀──────────────────┴──────────────┘
//!                                └─▶ public/get_order_book: top 20 levels = the recorded ones?
//! ```
//!
//! [`capture`] and [`message`] are the decoder, [`survey`] reads the file once beforehand, [`book`]
//! is the recorded book, [`grid`] puts decimal texts on ticks and lots, [`plan`] is the difference
//! between what is recorded and [`own`] orders; [`mod@follow`] is the loop; [`mod@inside`] and
//! [`mod@outside`] are the two venues that it can drive.
//!
//! It does not replay trades: a recorded trade shows as the size that it took from a level.

mod book;
mod capture;
mod desk;
mod follow;
mod grid;
mod inside;
mod message;
mod outside;
mod own;
mod plan;
mod progress;
mod published;
mod spec;
mod survey;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Context, bail};
use serde_json::json;

use crate::cli::{Mirror, Speed};
use crate::output;
use crate::serve::Signals;
use desk::Desk;
use follow::{Follow, Manner, Summary};
use inside::Inside;
use outside::Outside;
use plan::Depth;
use spec::Spec;
use survey::Survey;

/// Runs the command.
pub async fn mirror(args: Mirror) -> anyhow::Result<()> {
    let survey = Survey::of(&args.file)?;
    let spec = Spec::of(&survey)?;
    let name = spec.name();
    let summary = match &args.url {
        Some(url) => outside(&args, url, &survey, spec).await?,
        None => inside(&args, &survey, spec).await?,
    };
    tell(&args, &survey, &name, &summary)?;
    if 0 < summary.mismatches {
        bail!("{} of {} comparisons differed", summary.mismatches, summary.compared);
    }
    Ok(())
}

async fn inside(args: &Mirror, survey: &Survey, spec: Spec) -> anyhow::Result<Summary> {
    let temporary = tempfile::tempdir().context("making a temporary directory")?;
    let data = args.data.clone().unwrap_or_else(|| PathBuf::from(temporary.path()));
    let name = spec.name();
    let mut desk = Inside::open(data, args.port, spec.clone()).await?;
    if !args.json {
        let (ready, key) = desk.invitation()?;
        let (http, ws) = (&ready.http, &ready.ws);
        output::note(&format!("mirroring {} into {name} at {http} and {ws}", survey.symbol));
        output::note(&format!("a funded account of it: {key}"));
    }
    let summary = follow(args, survey, &spec, &mut desk).await;
    desk.stop().await?;
    summary
}

async fn outside(args: &Mirror, url: &str, survey: &Survey, spec: Spec) -> anyhow::Result<Summary> {
    let key = args.client_id.as_ref().zip(args.client_secret.as_ref());
    let (id, secret) = key.context("the operator's key is needed beside --url")?;
    let mut desk = Outside::open(url, id, secret, spec.clone()).await?;
    follow(args, survey, &spec, &mut desk).await
}

/// Follows until the end of the capture, or until a signal.
async fn follow(
    args: &Mirror,
    survey: &Survey,
    spec: &Spec,
    desk: &mut impl Desk,
) -> anyhow::Result<Summary> {
    // An eighth is left for a position that trades of others may have given the mirror.
    let size_max = u64::from(spec.instrument.size_max.0);
    let lots_max = size_max - size_max / 8;
    let manner = Manner {
        speed: args.speed,
        depth: Depth { levels: args.levels.into(), lots_max },
        updates_max: args.updates.unwrap_or(u64::MAX),
    };
    let mut signals = Signals::listen()?;
    tokio::select! {
        summary = Follow::new(desk, survey, manner).run(&args.file, survey) => summary,
        () = signals.stop() => bail!("stopped by a signal before the end of the capture"),
    }
}

fn tell(args: &Mirror, survey: &Survey, name: &str, summary: &Summary) -> anyhow::Result<()> {
    let Summary { lines, updates, placed, amended, cancelled, refused, .. } = summary;
    let Summary { compared, mismatches, beyond, took, .. } = summary;
    let (commands, seconds) = (summary.commands(), took.as_secs_f64());
    let rate = (commands as f64 / seconds.max(1e-3)).round();
    let speed = match args.speed {
        Speed::Times(times) => times.to_string(),
        Speed::Max => "max".into(),
    };
    if args.json {
        output::say_json(&json!({
            "symbol": survey.symbol, "instrument": name, "speed": speed,
            "recorded_seconds": survey.length_ns as f64 / 1e9,
            "lines": lines, "updates": updates, "placed": placed, "amended": amended,
            "cancelled": cancelled, "refused": refused, "compared": compared,
            "mismatches": mismatches, "beyond": beyond, "seconds": seconds,
            "commands_per_second": rate,
        }))?;
        return Ok(());
    }
    output::say(&format!(
        "{symbol} into {name}, speed {speed}
  lines read          {lines}
  book updates        {updates}
  orders placed       {placed}
  orders amended      {amended}
  orders cancelled    {cancelled}
  requests refused    {refused}
  levels left out     {beyond}
  updates compared    {compared}
  mismatches          {mismatches}
  seconds             {seconds:.1}
  commands a second   {rate:.0}",
        symbol = survey.symbol,
    ))?;
    Ok(())
}
