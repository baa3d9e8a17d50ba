//! What reporters and the operator send: taken exactly, or refused before anything is proposed.

use expect_test::expect;
use serde_json::{Value, json};

use types::{AccountId, Health, Seq};

use super::fed::{Fed, REPORTERS, hex, terms};
use super::world::{ALICE, BOB, EXPIRY, told};
use crate::venue::DomainId;

fn seq(fed: &Fed) -> Seq {
    fed.world.market.look(DomainId(0), |look| look.view.seq())
}

fn health(fed: &Fed) -> Health {
    fed.world.market.look(DomainId(0), |look| look.view.indexes()[0].health())
}

#[test]
fn reports_make_an_index() {
    let fed = Fed::silent();
    assert_eq!(health(&fed), Health::Frozen);
    assert_eq!(fed.world.market.locked_indexes().0, ["btc_usd"]);
    fed.seconds(3, "100000.5");
    assert_eq!(health(&fed), Health::Healthy);
    assert_eq!(fed.world.market.locked_indexes().0, Vec::<String>::new());
    let index = fed.world.public("public/get_index_price", json!({ "index_name": "btc_usd" }));
    assert_eq!(index["index_price"].to_string(), "100000.5");
    let ticker = fed.world.public("public/ticker", json!({ "instrument_name": "BTC-PERPETUAL" }));
    assert_eq!(ticker["index_price"].to_string(), "100000.5");
}

/// A good report with one thing changed.
fn changed(good: &Value, key: &str, value: Value) -> Value {
    let mut sent = good.clone();
    sent[key] = value;
    sent
}

#[test]
fn a_report_that_is_not_good_is_refused_before_it_is_proposed() {
    let fed = Fed::new();
    let good = fed.report(0, "100000");
    let signature = good["signature"].as_str().expect("hex").to_owned();
    let before = seq(&fed);
    let mut out = String::new();
    let mut refuse = |account: AccountId, what: &str, sent: Value| {
        let mut refusal = fed.world.refusal(account, "private/report_price", sent);
        if let Some(at) = refusal.find(",\"signed_bytes\"") {
            refusal.truncate(at);
        }
        out.push_str(&format!("{what}: {refusal}\n"));
    };
    let me = REPORTERS[0];
    refuse(me, "index", changed(&good, "index_name", json!("doge_usd")));
    refuse(me, "no feed", changed(&good, "index_name", json!("eth_usd")));
    refuse(BOB, "reporter", good.clone());
    refuse(me, "source", changed(&good, "source", json!("east")));
    refuse(me, "decimals", changed(&good, "price", json!("100000.123456789")));
    refuse(me, "below zero", changed(&good, "price", json!(-1)));
    refuse(me, "word", changed(&good, "price", json!("much")));
    refuse(me, "short", changed(&good, "signature", json!("abcd")));
    refuse(me, "no hex", changed(&good, "signature", json!("x".repeat(128))));
    refuse(me, "price", changed(&good, "price", json!("100000.00000001")));
    refuse(me, "nonce", changed(&good, "nonce", json!(99)));
    refuse(me, "foreign source", changed(&good, "source", json!("south")));
    refuse(REPORTERS[1], "foreign", good.clone());
    let zeros = json!(signature.replace(|_: char| true, "0"));
    refuse(me, "zeros", changed(&good, "signature", zeros));
    assert_eq!(seq(&fed), before, "nothing was proposed");
    expect![[r#"
        index: -32602 Invalid params {"param":"index_name","reason":"doge_usd is not an index: see public/get_index_price_names"}
        no feed: 13020 not_found {"param":"index_name","reason":"eth_usd has no feed: its operator types its prices"}
        reporter: 13021 forbidden {"reason":"account 2 is not a reporter: the operator registers it with its key"}
        source: -32602 Invalid params {"param":"source","reason":"btc_usd has no source east: send one of north, south, west"}
        decimals: -32602 Invalid params {"param":"price","reason":"100000.123456789 is not a multiple of 0.00000001 from 0 on"}
        below zero: -32602 Invalid params {"param":"price","reason":"-1 is not a multiple of 0.00000001 from 0 on"}
        word: -32602 Invalid params {"param":"price","reason":"wrong format: send a number"}
        short: -32602 Invalid params {"param":"signature","reason":"send 128 hexadecimal digits, not 4"}
        no hex: -32602 Invalid params {"param":"signature","reason":"send hexadecimal digits: 0 to 9, a to f"}
        price: 13004 invalid_credentials {"param":"signature","reason":"the signature is not that of account 4 over this report: sign the bytes in signed_bytes with Ed25519"
        nonce: 13004 invalid_credentials {"param":"signature","reason":"the signature is not that of account 4 over this report: sign the bytes in signed_bytes with Ed25519"
        foreign source: 13004 invalid_credentials {"param":"signature","reason":"the signature is not that of account 4 over this report: sign the bytes in signed_bytes with Ed25519"
        foreign: 13004 invalid_credentials {"param":"signature","reason":"the signature is not that of account 5 over this report: sign the bytes in signed_bytes with Ed25519"
        zeros: 13004 invalid_credentials {"param":"signature","reason":"the signature is not that of account 4 over this report: sign the bytes in signed_bytes with Ed25519"
    "#]].assert_eq(&out);
    assert_eq!(fed.world.call(me, "private/report_price", good), "ok");
}

#[test]
fn a_forged_report_says_which_bytes_to_sign() {
    let fed = Fed::new();
    let sent = changed(&fed.report(0, "100000"), "signature", json!("0".repeat(128)));
    let error = fed.world.try_call(Some(REPORTERS[0]), "private/report_price", sent);
    let data = error.expect_err("forged").data.expect("numbers");
    let bytes = data["signed_bytes"].as_str().expect("hex");
    assert!(bytes.starts_with(&hex(b"plimsoll.price.1BTC\0\0\0\0\0USD\0\0\0\0\0")), "{bytes}");
    assert_eq!(bytes.len(), 2 * (16 + 8 + 8 + 4 + 1 + 8 + 8 + 8 + 8));
}

#[test]
fn the_engine_refuses_what_is_signed_and_wrong() {
    let fed = Fed::new();
    let mut out = String::new();
    let old = fed.report(0, "100000");
    fed.world.call(REPORTERS[0], "private/report_price", fed.report(0, "100001"));
    let mut refuse = |sent: Value| {
        let refusal = fed.world.refusal(REPORTERS[0], "private/report_price", sent);
        out.push_str(&format!("{refusal}\n"));
    };
    refuse(old);
    let stale = fed.report(0, "100000");
    fed.world.pass_ms(65_000);
    refuse(stale);
    refuse(fed.report(0, "100"));
    refuse(fed.report(0, "0"));
    expect![[r#"
        11029 invalid_arguments {"last":11,"param":"nonce","reason":"nonce 10 is not above 11, the last one: it is an old report","rule":312}
        11029 invalid_arguments {"param":"source_at","reason":"the source's time 1795336888000 is 65000 ms or more before the log's 1795336953000","rule":314,"timestamp":1795336953000}
        11029 invalid_arguments {"param":"confidence","reason":"a confidence of 50000 ppm is too wide: 10000 is the most","rule":315}
        11049 bad_arguments {"max":10000000000,"min":0.00000001,"param":"price","reason":"index price is 0: report between 0.00000001 and 10000000000","rule":303}
    "#]].assert_eq(&out);
}

#[test]
fn a_price_is_taken_to_the_last_digit_as_number_or_as_text() {
    let fed = Fed::new();
    for (price, text) in [("100000.12345678", false), ("100001.00000001", true)] {
        for (nth, reporter) in REPORTERS.into_iter().enumerate() {
            let mut sent = fed.report(nth, price);
            if !text {
                sent["price"] = serde_json::from_str(price).expect("a number");
            }
            assert_eq!(fed.world.call(reporter, "private/report_price", sent), "ok");
        }
        let index = fed.world.public("public/get_index_price", json!({ "index_name": "btc_usd" }));
        assert_eq!(index["index_price"].to_string(), price);
    }
}

#[test]
fn volatilities_are_signed_and_have_nine_decimals() {
    let fed = Fed::new();
    let good = fed.smile(REPORTERS[0]);
    let before = seq(&fed);
    let mut out = String::new();
    let mut refuse = |what: &str, sent: Value| {
        let mut refusal = fed.world.refusal(REPORTERS[0], "private/report_surface", sent);
        if let Some(at) = refusal.find(",\"signed_bytes\"") {
            refusal.truncate(at);
        }
        out.push_str(&format!("{what}: {refusal}\n"));
    };
    let svi = |key: &str, value: Value| changed(&good, "svi", changed(&good["svi"], key, value));
    refuse("decimals", svi("m", json!("0.0000000001")));
    refuse("missing", svi("b", Value::Null));
    refuse("forged", svi("b", json!("0.051")));
    refuse("list", changed(&good, "svi", json!([1, 2])));
    refuse("expiry", changed(&good, "expiration_timestamp", json!(1)));
    assert_eq!(seq(&fed), before, "nothing was proposed");
    let steep =
        [("0.02", 20_000_000), ("3", 3_000_000_000), ("0", 0), ("0", 0), ("0.2", 200_000_000)];
    refuse("steep", fed.surface(REPORTERS[0], steep));
    expect![[r#"
        decimals: -32602 Invalid params {"param":"svi","reason":"m is 0.0000000001: send at most 9 decimals"}
        missing: -32602 Invalid params {"param":"b","reason":"is missing: send it"}
        forged: 13004 invalid_credentials {"param":"signature","reason":"the signature is not that of account 4 over this report: sign the bytes in signed_bytes with Ed25519"
        list: -32602 Invalid params {"param":"svi","reason":"wrong format: send an object"}
        expiry: 13004 invalid_credentials {"param":"signature","reason":"the signature is not that of account 4 over this report: sign the bytes in signed_bytes with Ed25519"
        steep: 11029 invalid_arguments {"param":"svi","reason":"the surface allows arbitrage: b and sigma are above zero, rho within 1, all of them within what a market can show","rule":318}
    "#]].assert_eq(&out);
    assert_eq!(fed.world.call(REPORTERS[0], "private/report_surface", good), "ok");
}

#[test]
fn over_get_objects_come_as_text() {
    let fed = Fed::new();
    let mut sent = fed.smile(REPORTERS[0]);
    sent["svi"] = json!(sent["svi"].to_string());
    assert_eq!(fed.world.call(REPORTERS[0], "private/report_surface", sent), "ok");
}

#[test]
fn the_operator_is_told_what_is_wrong_with_a_feed() {
    let fed = Fed::silent();
    let mut out = String::new();
    let mut refuse = |what: &str, sent: Value| {
        let refusal = fed.world.refusal(ALICE, "operator/set_feed", sent);
        out.push_str(&format!("{what}: {refusal}\n"));
    };
    let good = terms();
    refuse("quorum", changed(&good, "healthy", json!({ "reporters": 9, "sources": 3 })));
    refuse("quorum", changed(&good, "healthy", json!({ "reporters": 999, "sources": 3 })));
    refuse("seat", changed(&good, "seats", json!([{ "reporter": 4, "source": "east" }])));
    refuse("seat", changed(&good, "seats", json!([{ "reporter": 99, "source": "north" }])));
    refuse("sources", changed(&good, "sources", json!([["north", 1]])));
    refuse("check", changed(&good, "cross_check", json!({ "source": "north", "apart_ppm": 5 })));
    let money = changed(&good["incentives"], "reward_per_hour", json!("0.000000001"));
    refuse("money", changed(&good, "incentives", money));
    refuse("asset", changed(&good, "base", json!("btc")));
    expect![[r#"
        quorum: 11049 bad_arguments {"reason":"the terms do not make a feed: quorums must be above zero, the healthy one at least the degraded one, and within the 3 reporters and 3 sources that count","rule":206}
        quorum: -32602 Invalid params {"param":"reporters","reason":"999 is too large"}
        seat: -32602 Invalid params {"param":"source","reason":"east is not among the sources: name one of them"}
        seat: 11049 bad_arguments {"reason":"the terms do not make a feed: quorums must be above zero, the healthy one at least the degraded one, and within the 1 reporters and 1 sources that count","rule":206}
        sources: -32602 Invalid params {"param":"sources","reason":"send a list of objects"}
        check: 11049 bad_arguments {"reason":"the terms do not make a feed: the cross-check needs a source of weight zero with a seat","rule":206}
        money: -32602 Invalid params {"param":"reward_per_hour","reason":"0.000000001 is not a multiple of 0.00000001 from 0 on"}
        asset: -32602 Invalid params {"param":"base","reason":"send 1 to 8 capital letters or digits"}
    "#]].assert_eq(&out);
}

#[test]
fn the_operator_registers_prices_and_settles_what_may_be() {
    let fed = Fed::new();
    let mut out = String::new();
    let mut call = |name: &str, sent: Value| {
        let result = fed.world.try_call(Some(ALICE), name, sent);
        let result = result.map_or_else(|error| told(&error), |result| result.to_string());
        out.push_str(&format!("{name}: {result}\n"));
    };
    let key = json!({ "account": 2, "currency": "BTC", "public_key": "01".repeat(32), "stake": 0 });
    call("operator/register_reporter", key.clone());
    call("operator/register_reporter", changed(&key, "public_key", json!("00")));
    call("operator/register_reporter", changed(&key, "stake", json!(5_000)));
    call("operator/register_reporter", changed(&key, "stake", json!(-1)));
    let funding = json!({
        "schedule": "hourly", "damper_ppb": 500_000, "cap_ppb": 5_000_000, "interest_ppb": 100_000,
    });
    let pricing = json!({
        "instrument_name": "BTC-PERPETUAL", "mark": "median_of_three", "impact": 10_000,
        "clamp_ppm": 5_000, "funding": funding,
    });
    call("operator/set_pricing", pricing.clone());
    call("operator/set_pricing", changed(&pricing, "impact", json!(5)));
    call("operator/set_pricing", changed(&pricing, "funding", Value::Null));
    call("operator/set_pricing", changed(&pricing, "instrument_name", json!("ETH-PERPETUAL")));
    let dispute = json!({ "index_name": "btc_usd", "expiration_timestamp": EXPIRY.0, "price": 1 });
    call("operator/settle_delivery", dispute.clone());
    call("operator/settle_delivery", changed(&dispute, "expiration_timestamp", json!(5)));
    call("operator/report_index", json!({ "base": "BTC", "quote": "USD", "price": 1 }));
    call("operator/report_marks", json!({ "marks": [["BTC-PERPETUAL", 100_000]] }));
    expect![[r#"
        operator/register_reporter: "ok"
        operator/register_reporter: -32602 Invalid params {"param":"public_key","reason":"send 64 hexadecimal digits, not 2"}
        operator/register_reporter: 10009 not_enough_funds {"amount":5000,"free":1000,"param":"amount","reason":"5000 BTC is asked for, 1000 is free","rule":602}
        operator/register_reporter: -32602 Invalid params {"param":"stake","reason":"-1 is not a multiple of 0.00000001 from 0 on"}
        operator/set_pricing: "ok"
        operator/set_pricing: 10021 invalid_amount {"above":10,"below":0,"param":"impact","reason":"5 is between lots: send 0 or 10"}
        operator/set_pricing: 11049 bad_arguments {"reason":"the terms do not make a mark price: a perpetual has funding, a dated future has none","rule":207}
        operator/set_pricing: 13020 not_found {"param":"index_name","reason":"the index of ETH in USD has no feed: set one first","rule":307}
        operator/settle_delivery: 11049 bad_arguments {"reason":"the delivery of 1798185600000 is not disputed: the feed settles it","rule":319}
        operator/settle_delivery: 13020 not_found {"param":"expiration_timestamp","reason":"nothing that is priced by this index and not settled expires at 5","rule":317}
        operator/report_index: 11049 bad_arguments {"reason":"the index of BTC in USD has a feed: the operator cannot set its prices","rule":306}
        operator/report_marks: 11049 bad_arguments {"reason":"the index of BTC in USD has a feed: the operator cannot set its prices","rule":306}
    "#]].assert_eq(&out);
}
