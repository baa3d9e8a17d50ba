//! `plimsoll feed`: how good the price feeds of a server are, and why, as a table.
//!
//! It prints what `public/get_price_feeds` says. With `--watch` it goes on when the connection
//! drops: whoever watches wants to see the venue come back.

#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::time::Duration;

use serde_json::{Value, json};
use types::At;

use crate::cli::Feed;
use crate::client::{CallError, Client};
use crate::output;
use crate::report::in_words;
use crate::serve::Signals;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the venue may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where a terminal begins again.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Runs the command.
pub async fn feed(args: Feed) -> anyhow::Result<()> {
    if !args.watch {
        let client = connect(&args.to).await?;
        say(&args, &look(&client, args.index.as_deref()).await?)?;
        return Ok(());
    }
    let mut signals = Signals::listen()?;
    tokio::select! {
        watched = watch(&args) => watched,
        () = signals.stop() => Ok(()),
    }
}

/// Looks again and again. What the venue refuses ends it; a connection that drops does not.
async fn watch(args: &Feed) -> anyhow::Result<()> {
    loop {
        let lost = match connect(&args.to).await {
            Ok(client) => watch_with(args, &client).await,
            Err(error) => Err(error),
        };
        match lost {
            Ok(()) => return Ok(()),
            Err(error) if error.code().is_some() => return Err(error.into()),
            Err(error) => output::note(&format!("{error}; trying again")),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Returns when nobody reads any more.
async fn watch_with(args: &Feed, client: &Client) -> Result<(), CallError> {
    loop {
        let feeds = look(client, args.index.as_deref()).await?;
        if !matches!(say(args, &feeds), Ok(true)) {
            return Ok(());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn connect(to: &str) -> Result<Client, CallError> {
    let connected = tokio::time::timeout(PATIENCE, Client::connect(to)).await;
    let dropped = || CallError::Dropped { method: format!("connecting to {to}") };
    Ok(connected.map_err(|_| dropped())??.0)
}

async fn look(client: &Client, index: Option<&str>) -> Result<Value, CallError> {
    const METHOD: &str = "public/get_price_feeds";
    let asked = index.map_or_else(|| json!({}), |index_name| json!({ "index_name": index_name }));
    let answered = tokio::time::timeout(PATIENCE, client.call(METHOD, asked)).await;
    answered.unwrap_or_else(|_| Err(CallError::Dropped { method: METHOD.into() }))
}

fn say(args: &Feed, feeds: &Value) -> std::io::Result<bool> {
    if args.json {
        return output::say_json(feeds);
    }
    let clear = if args.watch && std::io::stdout().is_terminal() { CLEAR } else { "" };
    output::say(&format!("{clear}{}", table(feeds)))
}

/// The table of every feed in an answer.
fn table(feeds: &Value) -> String {
    let feeds = feeds.as_array().map_or(&[][..], Vec::as_slice);
    if feeds.is_empty() {
        return "no index: list an instrument first".into();
    }
    feeds.iter().map(feed_text).collect::<Vec<_>>().join("\n\n")
}

fn feed_text(feed: &Value) -> String {
    let word = |key: &str| feed[key].as_str().unwrap_or("?").to_owned();
    let price = match &feed["price"] {
        Value::Null => "no price yet".to_owned(),
        price => format!("{price} ± {}", feed["confidence"]),
    };
    let mut text = format!("{}  {}  {price}", word("index_name"), word("health"));
    if let Some(since) = feed["since"].as_u64().filter(|since| 0 < *since) {
        text.push_str(&format!("  since {}", in_words(At(since))));
    }
    if let Some(reason) = feed["reason"]["text"].as_str() {
        text.push_str(&format!("\n  {reason}"));
    }
    let barrier = &feed["barrier"];
    if barrier.is_object() {
        text.push_str(&format!(
            "\n  barrier: {} of {} reports, {} of {} sources",
            barrier["reports"],
            barrier["need_reports"],
            barrier["sources"],
            barrier["need_sources"]
        ));
    }
    let seats = feed["seats"].as_array().map_or(&[][..], Vec::as_slice);
    if seats.is_empty() {
        return text;
    }
    let head = ["source", "reporter", "standing", "weight", "price", "age", "off", "good"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(seats.iter().map(seat_row));
    text.push_str(&aligned(&rows));
    text
}

fn seat_row(seat: &Value) -> [String; 8] {
    let word = |key: &str| seat[key].as_str().unwrap_or("?").to_owned();
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let score = &seat["score"];
    [
        word("source"),
        seat["reporter"].to_string(),
        word("standing"),
        or_dash(seat["weight_ppm"].as_u64().map(|ppm| format!("{:.1} %", ppm as f64 / 1e4))),
        or_dash((!seat["price"].is_null()).then(|| seat["price"].to_string())),
        or_dash(seat["age_ms"].as_u64().map(|ms| format!("{:.1} s", ms as f64 / 1e3))),
        or_dash(seat["deviation_ppm"].as_i64().map(|ppm| format!("{ppm:+} ppm"))),
        format!("{}/{}", score["good"], score["reports"]),
    ]
}

/// Columns as wide as their widest cell: words to the left, numbers to the right.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        text.push_str("\n ");
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let is_word = column == 0 || column == 2;
            text.push_str(&match is_word {
                true => format!(" {cell:<width$} "),
                false => format!(" {cell:>width$} "),
            });
        }
        text.truncate(text.trim_end().len());
    }
    text
}
