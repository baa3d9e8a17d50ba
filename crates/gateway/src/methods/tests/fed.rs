//! A world whose BTC index has a feed: three reporters with keys of their own, who report through
//! the API.

use std::cell::Cell;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use types::{
    AccountId, Amount, AssetCode, At, Command, IndexPrice, PriceReport, SourceId, SurfaceReport,
    Svi,
};

use super::world::{ALICE, EXPIRY, World, asset};

/// The reporters, each with the source of its place.
pub(crate) const REPORTERS: [AccountId; 3] = [AccountId(4), AccountId(5), AccountId(6)];
pub(crate) const SOURCES: [&str; 3] = ["north", "south", "west"];

/// The world and the last nonce of everybody.
pub(crate) struct Fed {
    pub(crate) world: World,
    nonce: Cell<u64>,
}

/// The key of a reporter.
pub(crate) fn key(reporter: AccountId) -> SigningKey {
    SigningKey::from_bytes(&[u8::try_from(reporter.0).expect("few reporters"); 32])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The terms of the feed, as the operator sends them.
pub(crate) fn terms() -> Value {
    let sources = SOURCES.map(|name| json!({ "name": name, "weight": 1 }));
    let seats = REPORTERS.iter().zip(SOURCES);
    let seats: Vec<Value> = seats
        .map(|(reporter, source)| json!({ "reporter": reporter.0, "source": source }))
        .collect();
    json!({
        "base": "BTC", "quote": "USD", "method": "capped_median",
        "sources": sources, "seats": seats,
        "healthy": { "reporters": 3, "sources": 3 },
        "degraded": { "reporters": 2, "sources": 2 },
        "barrier": { "reports": 3, "sources": 3 },
        "stale_ms": 65_000, "ahead_ms": 1_000, "cap_ppm": 5_000, "spread_ppm": 20_000,
        "confidence_ppm": 10_000, "jump_ppm": 100_000, "reporter_cap_ppm": 500_000,
        "incentives": {
            "reward_per_hour": 0.001, "far_ppm": 25_000, "far_ms": 60_000, "far_slash_ppm": 50_000,
        },
    })
}

impl Fed {
    /// The index of BTC in USD, healthy at 100 000 after three seconds.
    pub(crate) fn new() -> Fed {
        let fed = Fed::silent();
        fed.seconds(3, "100000");
        fed
    }

    /// The same before the first report.
    pub(crate) fn silent() -> Fed {
        let world = World::new();
        for account in REPORTERS {
            for domain in 0..3 {
                world.run(domain, Command::OpenAccount { account, parent: None });
                world.run(domain, Command::Deposit { account, amount: Amount(1_000_000_000) });
            }
            let public_key = hex(key(account).verifying_key().as_bytes());
            let sent = json!({
                "account": account.0, "currency": "BTC", "public_key": public_key, "stake": 1.5,
            });
            assert_eq!(world.call(ALICE, "operator/register_reporter", sent), "ok");
        }
        assert_eq!(world.call(ALICE, "operator/set_feed", terms()), "ok");
        Fed { world, nonce: Cell::new(0) }
    }

    pub(crate) fn nonce(&self) -> u64 {
        self.nonce.set(self.nonce.get() + 1);
        self.nonce.get()
    }

    /// What a reporter sends, with its signature.
    pub(crate) fn report(&self, nth: usize, price: &str) -> Value {
        let (reporter, nonce, at) = (REPORTERS[nth], self.nonce(), self.world.at());
        let scaled = |text: &str| {
            let price = super::world::decimal(text).times_ten_to(8).expect("eight decimals");
            IndexPrice(u64::try_from(price).expect("above zero"))
        };
        let report = PriceReport {
            base: asset("BTC"),
            quote: asset("USD"),
            reporter,
            source: SourceId(u8::try_from(nth).expect("three sources")),
            price: scaled(price),
            confidence: scaled("5"),
            source_at: at,
            nonce,
        };
        let signature = key(reporter).sign(&report.signed_bytes());
        json!({
            "index_name": "btc_usd", "source": SOURCES[nth], "price": price, "confidence": "5",
            "source_at": at.0, "nonce": nonce, "signature": hex(&signature.to_bytes()),
        })
    }

    /// Each of them reports a price.
    pub(crate) fn round(&self, price: &str) {
        for (nth, reporter) in REPORTERS.into_iter().enumerate() {
            let sent = self.report(nth, price);
            assert_eq!(self.world.call(reporter, "private/report_price", sent), "ok");
        }
    }

    /// Each second all of them report a price, and the venue ticks.
    pub(crate) fn seconds(&self, n: u64, price: &str) {
        for _ in 0..n {
            self.world.pass_ms(1_000);
            self.round(price);
            self.world.run(0, Command::Tick);
        }
    }

    /// Four seconds a step until `at`.
    pub(crate) fn until(&self, at: At, price: &str) {
        while self.world.at() < at {
            self.world.pass_ms(3_000);
            self.seconds(1, price);
        }
    }

    /// What a reporter sends of the volatilities of December: in decimals and in billionths.
    pub(crate) fn surface(&self, reporter: AccountId, parts: [(&str, i64); 5]) -> Value {
        let (nonce, at) = (self.nonce(), self.world.at());
        let [(a, a_ppb), (b, b_ppb), (rho, rho_ppb), (m, m_ppb), (sigma, sigma_ppb)] = parts;
        let (base, quote): (AssetCode, AssetCode) = (asset("BTC"), asset("USD"));
        let svi = Svi { a: a_ppb, b: b_ppb, rho: rho_ppb, m: m_ppb, sigma: sigma_ppb };
        let (expiry, source_at) = (EXPIRY, at);
        let report = SurfaceReport { base, quote, reporter, expiry, svi, source_at, nonce };
        let signature = key(reporter).sign(&report.signed_bytes());
        json!({
            "index_name": "btc_usd", "expiration_timestamp": EXPIRY.0,
            "svi": { "a": a, "b": b, "rho": rho, "m": m, "sigma": sigma },
            "source_at": at.0, "nonce": nonce, "signature": hex(&signature.to_bytes()),
        })
    }

    /// A smile of about 60 % for December.
    pub(crate) fn smile(&self, reporter: AccountId) -> Value {
        self.surface(
            reporter,
            [
                ("0.02", 20_000_000),
                ("0.05", 50_000_000),
                ("-0.2", -200_000_000),
                ("0.000000001", 1),
                ("0.2", 200_000_000),
            ],
        )
    }
}
