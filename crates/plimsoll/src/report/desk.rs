//! The venue as a reporter meets it: what it must know of the feeds, and the sending of reports.
//!
//! Invariant: whatever the venue does, a call has an end. An answer that did not come is unknown,
//! and nothing is sent twice: the next report says what is true then, with a nonce of its own.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use types::{
    AccountId, AssetCode, At, Decimal, PriceReport, Signature, SourceId, SurfaceReport, Svi,
};

use crate::cli::Reporting;
use crate::client::{CallError, Client, number};
use crate::output;

/// How long the venue may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Refusals that say that it may be asked again: too often, busy, no answer yet, maintenance.
const LATER: [i64; 4] = [10028, 10040, 10047, 11051];
/// The core's rules for a reporter that may not speak: not registered, suspended, no seat.
const SILENCED: [u64; 3] = [309, 310, 311];
/// The dialect's codes for the same, and for a signature that is not the reporter's.
const FORBIDDEN: [i64; 2] = [13004, 13021];

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken.
    Accepted,
    /// Not taken.
    Refused {
        /// The venue's words.
        text: String,
        /// Number of the core's rule.
        rule: Option<u64>,
        /// It will never be otherwise as things are: this reporter may not speak.
        is_final: bool,
        /// The last nonce that the venue knows, if that is what was wrong.
        last_nonce: Option<u64>,
    },
    /// No answer came.
    Unknown {
        /// Why not.
        text: String,
    },
    /// It was a dry run.
    Untold,
}

/// Why the venue cannot be reported to.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Trying again may help.
    #[error("{0}")]
    Later(String),
    /// Trying again will not.
    #[error("{0}")]
    Never(String),
}

/// One feed, as far as a reporter must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Such as `btc_usd`.
    pub index_name: String,
    /// What is priced.
    pub base: AssetCode,
    /// In what.
    pub quote: AssetCode,
    /// The source that is reported.
    pub source: SourceId,
    /// Its name.
    pub source_name: String,
    /// Expiries of the options that are listed.
    pub expiries: Vec<At>,
}

/// A connection, and its feeds in the order in which they were asked for.
pub struct Venue {
    client: Client,
    /// The feeds.
    pub desks: Vec<Desk>,
}

impl Venue {
    /// Connects to an address, logs in, and learns what there is to know.
    pub async fn connect(
        args: &Reporting,
        account: AccountId,
        to: &str,
    ) -> Result<Venue, DeskError> {
        let connecting = timeout(PATIENCE * 2, Venue::connect_now(args, account, to)).await;
        connecting.unwrap_or_else(|_| Err(DeskError::Later("it does not answer".into())))
    }

    async fn connect_now(
        args: &Reporting,
        account: AccountId,
        to: &str,
    ) -> Result<Venue, DeskError> {
        let never = |what: &str| DeskError::Never(format!("{what} is missing"));
        let id = args.client_id.as_deref().ok_or_else(|| never("--client-id"))?;
        let secret = args.client_secret.as_deref().ok_or_else(|| never("--client-secret"))?;
        let source = args.source.as_deref().ok_or_else(|| never("--source"))?;
        let (client, _) = Client::login(to, id, secret).await.map_err(sort)?;
        let mut desks = Vec::with_capacity(args.feeds.len());
        for index_name in &args.feeds {
            let asked = json!({ "index_name": index_name });
            let feeds = client.call("public/get_price_feeds", asked).await.map_err(sort)?;
            desks.push(Desk::read(index_name, source, account, &feeds[0])?);
        }
        let mut venue = Venue { client, desks };
        if args.surfaces {
            venue.learn_expiries().await.map_err(sort)?;
        }
        Ok(venue)
    }

    /// Looks which expiries are listed now.
    pub async fn learn_expiries(&mut self) -> Result<(), CallError> {
        let all = json!({"currency": "any", "kind": "option", "expired": false});
        let listed = self.call("public/get_instruments", all).await?;
        for desk in &mut self.desks {
            let options = listed.as_array().into_iter().flatten();
            let mine = options.filter(|option| option["price_index"] == desk.index_name.as_str());
            let expiries = mine.filter_map(|option| option["expiration_timestamp"].as_u64());
            desk.expiries = expiries.map(At).collect();
            desk.expiries.sort_unstable();
            desk.expiries.dedup();
        }
        Ok(())
    }

    /// Sends a price.
    pub async fn report_price(
        &self,
        desk: &Desk,
        report: &PriceReport,
        signature: &Signature,
    ) -> Outcome {
        let params = json!({
            "index_name": desk.index_name,
            "source": desk.source_name,
            "price": price_json(report.price),
            "confidence": price_json(report.confidence),
            "source_at": report.source_at.0,
            "nonce": report.nonce,
            "signature": output::hex(&signature.0),
        });
        self.send("private/report_price", params).await
    }

    /// Sends the volatilities of an expiry.
    pub async fn report_surface(
        &self,
        desk: &Desk,
        report: &SurfaceReport,
        signature: &Signature,
    ) -> Outcome {
        let params = json!({
            "index_name": desk.index_name,
            "expiration_timestamp": report.expiry.0,
            "svi": svi_json(&report.svi),
            "source_at": report.source_at.0,
            "nonce": report.nonce,
            "signature": output::hex(&signature.0),
        });
        self.send("private/report_surface", params).await
    }

    async fn send(&self, method: &str, params: Value) -> Outcome {
        match self.call(method, params).await {
            Ok(_) => Outcome::Accepted,
            Err(CallError::Refused { code, data, message, .. }) => refused(code, &message, &data),
            Err(error) => Outcome::Unknown { text: error.to_string() },
        }
    }

    /// A call that ends: an answer that takes too long counts as a dropped connection.
    async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let called = timeout(PATIENCE, self.client.call(method, params)).await;
        called.unwrap_or_else(|_| Err(CallError::Dropped { method: method.into() }))
    }
}

impl Desk {
    /// Reads an element of `public/get_price_feeds`.
    fn read(
        index_name: &str,
        source: &str,
        account: AccountId,
        feed: &Value,
    ) -> Result<Desk, DeskError> {
        let never = |text: String| Err(DeskError::Never(text));
        let Some((base, quote)) = pair(index_name) else {
            return never(format!("{index_name} is no index name: write one such as btc_usd"));
        };
        let Some(sources) = feed["sources"].as_array() else {
            return never(format!("{index_name} has no feed: its operator types its prices"));
        };
        let names: Vec<&str> = sources.iter().filter_map(|one| one["name"].as_str()).collect();
        let named = names.iter().position(|name| *name == source);
        let numbered = || source.parse().ok().filter(|place| *place < names.len());
        let Some(place) = named.or_else(numbered) else {
            let names = names.join(", ");
            return never(format!("{index_name} has no source {source}: write one of {names}"));
        };
        let source_name = names[place].to_owned();
        let mut seats = feed["seats"].as_array().into_iter().flatten();
        let has_seat = seats.any(|seat| {
            seat["reporter"].as_u64() == Some(account.0.into())
                && seat["source"] == source_name.as_str()
        });
        if !has_seat {
            return never(format!(
                "account {account} has no seat for source {source_name} in {index_name}: the \
                 operator gives one with operator/set_feed"
            ));
        }
        // A feed has at most 64 sources.
        let source = SourceId(u8::try_from(place).unwrap_or(u8::MAX));
        let index_name = index_name.to_owned();
        Ok(Desk { index_name, base, quote, source, source_name, expiries: Vec::new() })
    }
}

/// The pair of an index name such as `btc_usd`.
pub fn pair(index_name: &str) -> Option<(AssetCode, AssetCode)> {
    let (base, quote) = index_name.split_once('_')?;
    let code = |text: &str| AssetCode::new(&text.to_ascii_uppercase());
    code(base).zip(code(quote))
}

/// Whether it is worth trying again.
fn sort(error: CallError) -> DeskError {
    let text = match &error {
        CallError::Connect { source, .. } => format!("{error}: {source}"),
        CallError::Refused { .. } | CallError::Dropped { .. } => error.to_string(),
    };
    match error.code() {
        Some(code) if !LATER.contains(&code) => DeskError::Never(text),
        Some(_) | None => DeskError::Later(text),
    }
}

fn refused(code: i64, message: &str, data: &Value) -> Outcome {
    let rule = data["rule"].as_u64();
    let is_final = match rule {
        Some(rule) => SILENCED.contains(&rule),
        None => FORBIDDEN.contains(&code),
    };
    let reason = data["reason"].as_str().unwrap_or_default();
    let last_nonce = data["last"].as_u64();
    Outcome::Refused { text: format!("{code} {message} {reason}"), rule, is_final, last_nonce }
}

/// An index price as a JSON number.
pub fn price_json(price: types::IndexPrice) -> Value {
    let mantissa = i64::try_from(price.0).unwrap_or(i64::MAX);
    number(Decimal::new(mantissa, 8).unwrap_or_default())
}

fn svi_json(svi: &Svi) -> Value {
    let part = |billionths: i64| number(Decimal::new(billionths, 9).unwrap_or_default());
    json!({
        "a": part(svi.a), "b": part(svi.b), "rho": part(svi.rho), "m": part(svi.m),
        "sigma": part(svi.sigma),
    })
}
