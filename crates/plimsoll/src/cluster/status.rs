//! `plimsoll cluster status`: asks, prints, and ends with the verdict as its exit code.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::ask::{self, Answer};
use super::verdict::{Verdict, verdict};
use super::words;
use crate::cli::ClusterStatus;
use crate::output;
use crate::serve::Signals;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Where a terminal begins again.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Runs the command.
pub async fn status(args: ClusterStatus) -> anyhow::Result<ExitCode> {
    let nodes = ask::named(&args.nodes)?;
    let mut signals = Signals::listen()?;
    loop {
        let answers = ask::survey(&nodes).await?;
        let verdict = verdict(&answers);
        let is_read = say(&args, &answers, &verdict)?;
        if !args.watch || !is_read {
            return Ok(ExitCode::from(verdict.health.exit_code()));
        }
        tokio::select! {
            () = signals.stop() => return Ok(ExitCode::from(verdict.health.exit_code())),
            () = tokio::time::sleep(INTERVAL) => (),
        }
    }
}

/// False if nobody reads any more.
fn say(args: &ClusterStatus, answers: &[Answer], verdict: &Verdict) -> std::io::Result<bool> {
    if args.json {
        return output::say_json(&to_json(answers, verdict));
    }
    let clear = if args.watch && std::io::stdout().is_terminal() { CLEAR } else { "" };
    output::say(&format!("{clear}{}", words::table(answers, verdict)))
}

/// For a program.
pub fn to_json(answers: &[Answer], verdict: &Verdict) -> Value {
    let nodes = answers.iter().map(|answer| match &answer.said {
        Ok(reply) => json!({"url": answer.asked.url, "said": reply}),
        Err(why) => json!({"url": answer.asked.url, "node": answer.node(), "silent": why}),
    });
    let health = verdict.health.word().replace(' ', "_");
    json!({"health": health, "reasons": verdict.reasons, "nodes": nodes.collect::<Vec<_>>()})
}
