//! `plimsoll halt` and `plimsoll resume`: say what they will do, ask, do it, and say what holds
//! then.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::cli::{Act, Halt, Resume, api_word};
use crate::{operator, output};

/// Holds a scope.
pub async fn halt(args: Halt) -> anyhow::Result<()> {
    let state = api_word(&args.state);
    let mut more = json!({ "state": state });
    let until = match args.length {
        Some(length) => {
            more["for_ms"] = json!(u64::try_from(length.as_millis()).context("--for")?);
            format!("for {} s", length.as_secs())
        }
        None => "until it is resumed".to_owned(),
    };
    let plan = format!("hold it in {state} {until}; cancels are taken all the time");
    act("operator/halt", &args.scope, more, &plan, &args.act).await
}

/// Lifts what holds a scope.
pub async fn resume(args: Resume) -> anyhow::Result<()> {
    let plan = "lift what holds it; what was cancel-only or halted reopens by auction";
    act("operator/resume", &args.scope, json!({}), plan, &args.act).await
}

async fn act(
    method: &str,
    scope: &str,
    mut params: Value,
    plan: &str,
    act: &Act,
) -> anyhow::Result<()> {
    let client = operator::connect(&act.login).await?;
    let all = client.call("public/get_instruments", json!({})).await?;
    let all = all.as_array().cloned().unwrap_or_default();
    let (key, name, reached) = resolve(scope, &all)?;
    params[key] = json!(name);
    if !act.json {
        output::note(&format!("{name} is {} of {}:", count(reached.len()), key.replace('_', " ")));
        for instrument in reached.iter().take(20) {
            output::note(&format!(
                "  {} is {}",
                text(instrument, "instrument_name"),
                state(instrument)
            ));
        }
        if 20 < reached.len() {
            output::note(&format!("  and {} more", reached.len() - 20));
        }
    }
    confirm(plan, act.yes)?;
    let before = client.call("public/get_halts", json!({})).await?;
    client.call(method, params).await?;
    let after = client.call("public/get_halts", json!({})).await?;
    if act.json {
        output::say_json(&json!({ "before": before, "after": after }))?;
        return Ok(());
    }
    output::say(&format!("done. What holds now:\n{}", told(&after)))?;
    Ok(())
}

fn count(n: usize) -> String {
    if n == 1 { "1 instrument".to_owned() } else { format!("{n} instruments") }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or("")
}

fn state(instrument: &Value) -> &str {
    text(instrument, "state")
}

/// What a scope names: the parameter, its value, and the instruments that it reaches.
fn resolve<'a>(
    scope: &str,
    all: &'a [Value],
) -> anyhow::Result<(&'static str, String, Vec<&'a Value>)> {
    let currency = scope.to_ascii_uppercase();
    let wanted = [
        ("instrument_name", "instrument_name", scope.to_ascii_uppercase()),
        ("index_name", "price_index", scope.to_ascii_lowercase()),
        ("currency", "settlement_currency", currency),
    ];
    for (param, field, name) in wanted {
        let reached: Vec<&Value> =
            all.iter().filter(|instrument| text(instrument, field) == name).collect();
        if !reached.is_empty() {
            return Ok((param, name, reached));
        }
    }
    bail!(
        "{scope} is no instrument, no index and no settlement asset of this venue: name one such \
         as BTC-PERPETUAL, btc_usd or BTC"
    )
}

/// Says what will be done and asks, unless it is `sure`.
pub fn confirm(plan: &str, sure: bool) -> anyhow::Result<()> {
    if sure {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to ask: --yes does it without asking");
    }
    output::note(&format!("This will {plan}. Type yes to go on:"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
    if answer.trim() == "yes" { Ok(()) } else { bail!("nothing was done") }
}

/// Halts and auctions, one a line.
fn told(halts: &Value) -> String {
    let rows = |key: &str| halts[key].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = rows("halts").iter().map(told_halt).collect();
    lines.extend(rows("auctions").iter().map(|auction| {
        format!("  {} is in auction until {}", text(auction, "instrument_name"), auction["ends_at"])
    }));
    if lines.is_empty() { "  nothing".to_owned() } else { lines.join("\n") }
}

fn told_halt(halt: &Value) -> String {
    let name = ["instrument_name", "index_name", "currency"];
    let name = name.iter().map(|key| text(halt, key)).find(|name| !name.is_empty());
    let until = match &halt["until"] {
        Value::Null => "until it is resumed".to_owned(),
        until => format!("until {until}"),
    };
    let (state, cause) = (text(halt, "state"), text(halt, "cause"));
    format!("  {} is {state} by {cause} {until}", name.unwrap_or(""))
}
