//! Reports of prices and volatilities: ours, not of the dialect.
//!
//! The reporter is the account that calls, and what counts is its signature: it is checked here
//! against the key that the operator has registered, before anything is proposed. What is signed,
//! to the byte, is in `docs/api.md`.

use market_data::{Feed, Index};
use types::{
    AccountId, At, Command, Decimal, IndexPrice, PriceReport, PublicKey, Signature, SignedReport,
    SignedSurface, SourceId, SurfaceReport, Svi,
};

use super::prices::with_index;
use super::trading::one;
use super::{me, params};
use crate::call::{Answered, Call, Reply};
use crate::errors::{error, wrong};
use crate::objects::{Look, hex};
use crate::params::Params;
use crate::publish::Market;
use crate::rpc::RpcError;
use crate::venue::{Class, DomainId};

/// Decimals of a price, and of a parameter of a surface.
const PRICE_DECIMALS: u8 = 8;
const SVI_DECIMALS: u8 = 9;

/// The index that a report is about, and the key of the reporter.
struct Desk {
    domain: DomainId,
    reporter: AccountId,
    key: PublicKey,
    index: Index,
}

pub(crate) fn report_price(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let desk = desk(market, call)?;
    let report = PriceReport {
        base: desk.index.base(),
        quote: desk.index.quote(),
        reporter: desk.reporter,
        source: desk.source(params)?,
        price: price(params, "price")?,
        confidence: price(params, "confidence")?,
        source_at: At(params.needed("source_at", params.whole("source_at")?)?),
        nonce: params.needed("nonce", params.whole("nonce")?)?,
    };
    let signature = desk.signature(params, &report.signed_bytes())?;
    let command = Command::ReportPrice(Box::new(SignedReport { report, signature }));
    one(desk.domain, Class::Cancel, command, Reply::Ok)
}

pub(crate) fn report_surface(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let desk = desk(market, call)?;
    let expiry = params.whole("expiration_timestamp")?;
    let report = SurfaceReport {
        base: desk.index.base(),
        quote: desk.index.quote(),
        reporter: desk.reporter,
        expiry: At(params.needed("expiration_timestamp", expiry)?),
        svi: svi(params.record("svi")?)?,
        source_at: At(params.needed("source_at", params.whole("source_at")?)?),
        nonce: params.needed("nonce", params.whole("nonce")?)?,
    };
    let signature = desk.signature(params, &report.signed_bytes())?;
    let command = Command::ReportSurface(Box::new(SignedSurface { report, signature }));
    one(desk.domain, Class::Cancel, command, Reply::Ok)
}

fn desk(market: &Market, call: &Call) -> Result<Desk, RpcError> {
    let reporter = me(call)?;
    let params = params(call);
    let name = params.needed("index_name", params.text("index_name")?)?;
    let see = |look: Look<'_>, index: &Index| {
        let key = look.view.reporter(reporter).map(|known| known.key);
        (look.domain, key, index.clone())
    };
    let (domain, key, index) = with_index(market, name, see)?;
    if index.feed().is_none() {
        let reason = format!("{name} has no feed: its operator types its prices");
        return Err(error(13020, "not_found", reason).with("param", "index_name"));
    }
    let Some(key) = key else {
        let reason =
            format!("account {reporter} is not a reporter: the operator registers it with its key");
        return Err(error(13021, "forbidden", reason));
    };
    Ok(Desk { domain, reporter, key, index })
}

impl Desk {
    /// The source that `source` names; that the reporter has a seat for it is the engine's to say.
    fn source(&self, params: Params<'_>) -> Result<SourceId, RpcError> {
        let name = params.needed("source", params.text("source")?)?;
        let sources = self.index.feed().map_or(&[][..], |feed: &Feed| &feed.terms.sources);
        let place = sources.iter().position(|source| source.name.as_str() == name);
        let id = place.and_then(|place| u8::try_from(place).ok());
        id.map(SourceId).ok_or_else(|| {
            let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            let of = self.index.name();
            wrong(
                "source",
                format!("{of} has no source {name:.40}: send one of {}", known.join(", ")),
            )
        })
    }

    /// The signature, if it is the reporter's over these bytes.
    fn signature(&self, params: Params<'_>, signed: &[u8]) -> Result<Signature, RpcError> {
        let signature = Signature(params.hex("signature")?);
        if ledger::is_signed((&self.key, signed, &signature)) {
            return Ok(signature);
        }
        let reason = format!(
            "the signature is not that of account {} over this report: sign the bytes in \
             signed_bytes with Ed25519",
            self.reporter
        );
        let forged = error(13004, "invalid_credentials", reason).with("param", "signature");
        Err(forged.with("signed_bytes", hex(signed)))
    }
}

/// A price that is a multiple of a hundred-millionth.
pub(super) fn price(params: Params<'_>, name: &str) -> Result<IndexPrice, RpcError> {
    let price = params.needed(name, params.decimal(name)?)?;
    let scaled = price.times_ten_to(PRICE_DECIMALS).and_then(|price| u64::try_from(price).ok());
    scaled
        .map(IndexPrice)
        .ok_or_else(|| wrong(name, format!("{price} is not a multiple of 0.00000001 from 0 on")))
}

fn svi(params: Params<'_>) -> Result<Svi, RpcError> {
    let part = |name: &str| -> Result<i64, RpcError> {
        let number: Decimal = params.needed(name, params.decimal(name)?)?;
        let billionths = number.times_ten_to(SVI_DECIMALS);
        billionths.ok_or_else(|| {
            wrong("svi", format!("{name} is {number}: send at most {SVI_DECIMALS} decimals"))
        })
    };
    Ok(Svi {
        a: part("a")?,
        b: part("b")?,
        rho: part("rho")?,
        m: part("m")?,
        sigma: part("sigma")?,
    })
}
