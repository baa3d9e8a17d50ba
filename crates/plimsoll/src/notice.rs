//! `plimsoll notice` tells everybody something, `plimsoll verify notice` checks what was told.

pub mod verify;

use std::fs;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::cli::{Checks, NoticeCall, api_word};
use crate::key_file::KeyFile;
use crate::serve::notices::{KEY, NEXT_KEY};
use crate::{operator, output};

/// Publishes a notice, or makes the key that the next start publishes.
pub async fn notice(call: NoticeCall) -> anyhow::Result<()> {
    let (login, params) = match call {
        NoticeCall::Announce { login, currency, title, text } => {
            let params = json!({
                "kind": "announcement", "currency": currency, "title": title, "text": text,
            });
            (login, params)
        }
        NoticeCall::Maintenance { login, currency, starts_at, ends_at, text } => {
            let params = json!({
                "kind": "maintenance", "currency": currency, "starts_at": starts_at,
                "ends_at": ends_at, "text": text,
            });
            (login, params)
        }
        NoticeCall::Incident { login, currency, instrument, orders, text } => {
            let mut params = json!({
                "kind": "incident", "currency": currency, "orders": api_word(&orders), "text": text,
            });
            if let Some(name) = instrument {
                params["instrument_name"] = json!(name);
            }
            (login, params)
        }
        NoticeCall::Update { login, currency, incident, stage, orders, text } => {
            let params = json!({
                "kind": "update", "currency": currency, "incident": incident,
                "stage": api_word(&stage), "orders": api_word(&orders), "text": text,
            });
            (login, params)
        }
        NoticeCall::Component { component, state, login, currency, text } => {
            let params = json!({
                "kind": "component", "currency": currency, "component": api_word(&component),
                "state": api_word(&state), "text": text,
            });
            (login, params)
        }
        NoticeCall::RotateKey { data } => {
            ensure!(data.join(KEY).exists(), "{} has no {KEY}: serve it once", data.display());
            let path = data.join(NEXT_KEY);
            let key = KeyFile::make(&path).with_context(|| format!("making {}", path.display()))?;
            output::say(&format!(
                "made {}, whose public half is {}: the next start has the old key sign it, \
                 publishes that, and signs with it",
                path.display(),
                output::hex(&key.0)
            ))?;
            return Ok(());
        }
    };
    let client = operator::connect(&login).await?;
    let currency = params["currency"].clone();
    client.call("operator/publish_notice", params).await?;
    let told =
        client.call("public/get_notices", json!({ "currency": currency, "count": 1 })).await?;
    output::say_json(&told[0])?;
    Ok(())
}

/// Checks notices of a file.
pub fn verify(args: &Checks) -> anyhow::Result<()> {
    let Checks::Notice { file, key, json } = args;
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let outcome = verify::verify(&text, key.as_deref());
    if *json {
        let (ok, error) = match &outcome {
            Ok(_) => (true, Value::Null),
            Err(error) => (false, json!(error.to_string())),
        };
        let checked = outcome.as_ref().ok();
        output::say_json(&json!({
            "ok": ok, "error": error,
            "notices": checked.map(|checked| checked.notices),
            "key": checked.map(|checked| &checked.key),
        }))?;
    }
    match outcome {
        Ok(checked) => {
            if !*json {
                let pinned = if key.is_some() { "" } else { " (pin it with --key)" };
                output::say(&format!(
                    "{} notices hold: bytes, words, chain and signatures, by {}{pinned}",
                    checked.notices, checked.key
                ))?;
            }
            Ok(())
        }
        Err(error) => bail!("{}: {error}", file.display()),
    }
}
