//! `plimsoll webhook`: shows what was not delivered, and sends it again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;

use super::post::Poster;
use super::store::{self, DeadLetter};
use super::{Pace, Receiver};
use crate::cli::{WebhookCall, WebhookResend};
use crate::config::Config;
use crate::output;

/// Runs the command.
pub async fn webhook(args: WebhookCall) -> anyhow::Result<()> {
    match args {
        WebhookCall::DeadLetters { data, json } => show(&data, json),
        WebhookCall::Resend(args) => resend(&args).await,
    }
}

fn show(data: &Path, as_json: bool) -> anyhow::Result<()> {
    let path = store::dead_letters(&store::directory(data));
    let letters = store::read(&path).with_context(|| format!("reading {}", path.display()))?;
    for letter in &letters {
        let line = match as_json {
            true => serde_json::to_string(letter)?,
            false => told(letter),
        };
        output::say(&line)?;
    }
    if letters.is_empty() && !as_json {
        output::say("every notice was delivered")?;
    }
    Ok(())
}

fn told(letter: &DeadLetter) -> String {
    let DeadLetter { url, at, attempts, fault, notice } = letter;
    let read: serde_json::Value = serde_json::from_str(notice.get()).unwrap_or_default();
    let (domain, number) = (read["currency"].as_str().unwrap_or("?"), &read["number"]);
    let at = crate::report::in_words(types::At(*at));
    format!("{at}: notice {number} of {domain} to {url}: {attempts} attempts, {fault}")
}

/// Takes the dead letters away under another name first, so that a server that runs meanwhile can
/// add to a fresh file. What fails again is added there too.
async fn resend(args: &WebhookResend) -> anyhow::Result<()> {
    let (config, _) = Config::read(Some(&args.config), Vec::new())?;
    let data = args.data.as_ref().unwrap_or(&config.data);
    let dir = store::directory(data);
    let (waiting, taken) = (store::dead_letters(&dir), dir.join("resending.jsonl"));
    let mut letters = store::read(&taken).with_context(|| taken.display().to_string())?;
    if waiting.exists() {
        letters.append(&mut store::read(&waiting)?);
        fs::rename(&waiting, &taken).with_context(|| waiting.display().to_string())?;
    }
    let (mut sent, mut failed) = (0_u32, 0_u32);
    for letter in &letters {
        match send(letter, &config.webhooks, Pace::default().patience).await {
            Ok(()) => sent += 1,
            Err(error) => {
                failed += 1;
                let fault = format!("{error:#}");
                let again =
                    DeadLetter::new(&letter.url, letter.attempts + 1, fault, letter.notice.get());
                store::append(&dir, &again)?;
            }
        }
    }
    if taken.exists() {
        fs::remove_file(&taken).with_context(|| taken.display().to_string())?;
    }
    match args.json {
        true => output::say_json(&json!({ "sent": sent, "failed": failed }))?,
        false => output::say(&format!("{sent} sent, {failed} failed again"))?,
    };
    if 0 < failed {
        bail!("{failed} notices were not delivered: plimsoll webhook dead-letters says why");
    }
    Ok(())
}

async fn send(
    letter: &DeadLetter,
    receivers: &[Receiver],
    patience: Duration,
) -> anyhow::Result<()> {
    let receiver = receivers.iter().find(|one| one.url == letter.url);
    let receiver = receiver.context("the configuration names it no more")?;
    Poster::new(receiver, patience)?.post(letter.notice.get()).await?;
    Ok(())
}
