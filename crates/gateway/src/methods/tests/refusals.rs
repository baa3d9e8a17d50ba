//! Grids and refusals: the code, the reason, and the numbers in the units of the instrument.

use std::collections::BTreeSet;

use expect_test::expect;
use serde_json::{Value, json};

use types::{
    AccountId, Action, Amount, At, FeedFault, Health, IndexPrice, InstrumentId, Lots, OrderFault,
    OrderId, PricingFault, Reject, SignedLots, SurfaceFault, TermsFault, Ticks, TriggerFault,
    TriggerLevel,
};

use super::world::{ALICE, BOB, World, asset, told};
use crate::errors::Ground;
use crate::venue::DomainId;

const OPTION: &str = "BTC-25DEC26-100000-C";

/// Refusals of orders that differ in some parameters from a good one.
fn refusals(cases: &[Value]) -> String {
    let world = World::new();
    let mut out = String::new();
    for case in cases {
        let mut sent = json!({ "instrument_name": "BTC-PERPETUAL", "price": 100000, "amount": 10 });
        let (Value::Object(order), Value::Object(case)) = (&mut sent, case) else {
            panic!("cases are objects");
        };
        order.extend(case.clone());
        let refusal = world.refusal(ALICE, "private/buy", sent);
        let case = serde_json::to_string(case).expect("JSON");
        out.push_str(&format!("{case:.100}\n    {refusal}\n"));
    }
    out
}

#[test]
fn sizes_off_the_grid_are_refused_with_the_nearest_good_ones() {
    let told = refusals(&[
        json!({ "amount": 15 }),
        json!({ "amount": "15" }),
        json!({ "amount": -10 }),
        json!({ "amount": 0 }),
        json!({ "amount": "1e400" }),
        json!({ "amount": "NaN" }),
        json!({ "amount": "Infinity" }),
        json!({ "amount": null }),
        json!({ "amount": null, "contracts": 1.5 }),
        json!({ "amount": 10, "contracts": 2 }),
        json!({ "amount": 20_000_000 }),
        json!({ "amount": 900_000_000_000_u64 }),
        json!({ "instrument_name": OPTION, "price": 0.01, "amount": 0.25 }),
        json!({ "instrument_name": "BTC_USDC-PERPETUAL", "amount": "0.0015" }),
    ]);
    expect![[r#"
        {"amount":15}
            10021 invalid_amount {"above":20,"below":10,"param":"amount","reason":"15 is between lots: send 10 or 20"}
        {"amount":"15"}
            10021 invalid_amount {"above":20,"below":10,"param":"amount","reason":"15 is between lots: send 10 or 20"}
        {"amount":-10}
            10021 invalid_amount {"min":10,"param":"amount","reason":"-10 is out of range: send 10 or more"}
        {"amount":0}
            10002 qty_too_low {"max":10000000,"min":10,"param":"amount","reason":"amount is 0: send between 10 and 10000000","rule":404}
        {"amount":"1e400"}
            -32602 Invalid params {"param":"amount","reason":"has too many digits: at most 18, 18 of them decimals"}
        {"amount":"NaN"}
            -32602 Invalid params {"param":"amount","reason":"wrong format: send a number"}
        {"amount":"Infinity"}
            -32602 Invalid params {"param":"amount","reason":"wrong format: send a number"}
        {"amount":null}
            -32602 Invalid params {"param":"amount","reason":"is missing: send it"}
        {"amount":null,"contracts":1.5}
            10027 non_integer_contract_amount {"above":2,"below":1,"param":"contracts","reason":"1.5 contracts are between lots: send 1 or 2"}
        {"amount":10,"contracts":2}
            -32602 Invalid params {"param":"contracts","reason":"amount 10 and contracts 2 are not the same size: send one of them"}
        {"amount":20000000}
            10021 invalid_amount {"max":10000000,"min":10,"param":"amount","reason":"amount is 20000000: send between 10 and 10000000","rule":404}
        {"amount":900000000000}
            10021 invalid_amount {"max":21474836470,"param":"amount","reason":"900000000000 is above 21474836470"}
        {"amount":0.25,"instrument_name":"BTC-25DEC26-100000-C","price":0.01}
            10021 invalid_amount {"above":0.3,"below":0.2,"param":"amount","reason":"0.25 is between lots: send 0.2 or 0.3"}
        {"amount":"0.0015","instrument_name":"BTC_USDC-PERPETUAL"}
            10021 invalid_amount {"above":0.002,"below":0.001,"param":"amount","reason":"0.0015 is between lots: send 0.001 or 0.002"}
    "#]].assert_eq(&told);
}

#[test]
fn prices_off_the_grid_are_refused_with_the_nearest_good_ones() {
    let told = refusals(&[
        json!({ "price": 100_000.3 }),
        json!({ "price": "100000.3" }),
        json!({ "price": -1 }),
        json!({ "price": 0 }),
        json!({ "price": 0.2 }),
        json!({ "price": "1e400" }),
        json!({ "price": 9_000_000 }),
        json!({ "price": null }),
        json!({ "instrument_name": OPTION, "price": 0.0123, "amount": 1 }),
        json!({ "instrument_name": OPTION, "price": 0.00501, "amount": 1 }),
        json!({ "instrument_name": OPTION, "price": 0.00005, "amount": 1 }),
        json!({ "instrument_name": OPTION, "price": 0.0051, "amount": 1 }),
        json!({ "price": 120_000 }),
    ]);
    expect![[r#"
        {"price":100000.3}
            10043 price_wrong_tick {"above":100000.5,"below":100000,"param":"price","reason":"price 100000.3 is between ticks: send 100000 or 100000.5"}
        {"price":"100000.3"}
            10043 price_wrong_tick {"above":100000.5,"below":100000,"param":"price","reason":"price 100000.3 is between ticks: send 100000 or 100000.5"}
        {"price":-1}
            10023 invalid_price {"param":"price","reason":"price -1 is out of range: send more than 0"}
        {"price":0}
            10023 invalid_price {"max_price":8388607.5,"min_price":0.5,"param":"price","reason":"price is 0: send between 0.5 and 8388607.5","rule":405}
        {"price":0.2}
            10043 price_wrong_tick {"above":0.5,"param":"price","reason":"price 0.2 is below the first tick: send 0.5"}
        {"price":"1e400"}
            -32602 Invalid params {"param":"price","reason":"has too many digits: at most 18, 18 of them decimals"}
        {"price":9000000}
            10023 invalid_price {"max":8388607.5,"param":"price","reason":"price 9000000 is above 8388607.5"}
        {"price":null}
            -32602 Invalid params {"param":"price","reason":"is missing: send it"}
        {"amount":1,"instrument_name":"BTC-25DEC26-100000-C","price":0.0123}
            10043 price_wrong_tick {"above":0.0125,"below":0.012,"param":"price","reason":"price 0.0123 is between ticks: send 0.012 or 0.0125"}
        {"amount":1,"instrument_name":"BTC-25DEC26-100000-C","price":0.00501}
            10043 price_wrong_tick {"above":0.0055,"below":0.005,"param":"price","reason":"price 0.00501 is between ticks: send 0.005 or 0.0055"}
        {"amount":1,"instrument_name":"BTC-25DEC26-100000-C","price":0.00005}
            10043 price_wrong_tick {"above":0.0001,"param":"price","reason":"price 0.00005 is below the first tick: send 0.0001"}
        {"amount":1,"instrument_name":"BTC-25DEC26-100000-C","price":0.0051}
            10043 price_wrong_tick {"above":0.0055,"below":0.005,"param":"price","reason":"price 0.0051 is between ticks: send 0.005 or 0.0055"}
        {"price":120000}
            10007 price_too_high 110000 {"limit":110000,"param":"price","price":120000,"reason":"price 120000 is outside the band, which ends at 110000","rule":410}
    "#]].assert_eq(&told);
}

#[test]
fn parameters_that_are_not_what_they_must_be_are_named() {
    let told = refusals(&[
        json!({ "instrument_name": "BTC-NOTHING" }),
        json!({ "instrument_name": null }),
        json!({ "label": "x".repeat(65) }),
        json!({ "type": "stop_limit" }),
        json!({ "type": "hidden" }),
        json!({ "time_in_force": "forever" }),
        json!({ "post_only": "maybe" }),
        json!({ "client_order_id": "" }),
        json!({ "valid_until": 1 }),
        json!({ "advanced": "usd" }),
    ]);
    expect![[r#"
        {"instrument_name":"BTC-NOTHING"}
            -32602 Invalid params {"param":"instrument_name","reason":"BTC-NOTHING is not listed"}
        {"instrument_name":null}
            -32602 Invalid params {"param":"instrument_name","reason":"it is missing: send a text"}
        {"label":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
            -32602 Invalid params {"param":"label","reason":"has 65 characters: send at most 64"}
        {"type":"stop_limit"}
            -32602 Invalid params {"param":"trigger","reason":"is missing: send it"}
        {"type":"hidden"}
            -32602 Invalid params {"param":"type","reason":"wrong format: send one of limit, market, market_limit, stop_limit, stop_market, take_limit, take_market, trailing_stop"}
        {"time_in_force":"forever"}
            -32602 Invalid params {"param":"time_in_force","reason":"wrong format: send one of good_til_cancelled, good_til_day, fill_or_kill, immediate_or_cancel"}
        {"post_only":"maybe"}
            -32602 Invalid params {"param":"post_only","reason":"wrong format: send true or false"}
        {"client_order_id":""}
            -32602 Invalid params {"param":"client_order_id","reason":"is empty: send at least one character, or leave it out"}
        {"valid_until":1}
            13888 timed_out {"param":"valid_until","reason":"the request was valid until 1, it is 1795336885000: send it again","rule":101,"timestamp":1795336885000,"valid_until":1}
        {"advanced":"usd"}
            10033 not_implemented {"param":"advanced","reason":"prices in USD or volatility are not served yet: leave advanced out"}
    "#]].assert_eq(&told);
}

#[test]
fn orders_that_are_not_there_or_not_ones_own_say_which() {
    let world = World::new();
    let open = world.limit(BOB, "BTC-PERPETUAL", ("sell", "100010", "10"));
    let closed = world.limit(ALICE, "BTC-PERPETUAL", ("buy", "99000", "10"));
    world.call(ALICE, "private/cancel", json!({ "order_id": closed }));
    let mut told = String::new();
    let cases = [("other", &*open), ("closed", &*closed), ("unknown", "ETH-77"), ("word", "abc")];
    for (what, id) in cases {
        for name in ["private/cancel", "private/edit", "private/get_order_state"] {
            let refusal = world.refusal(ALICE, name, json!({ "order_id": id, "amount": 20 }));
            let code = refusal.split(" {").next().expect("a code");
            told.push_str(&format!("{what} {name}: {code}\n"));
        }
    }
    expect![[r#"
        other private/cancel: 10029 not_owner_of_order
        other private/edit: 10029 not_owner_of_order
        other private/get_order_state: 10029 not_owner_of_order
        closed private/cancel: 11044 not_open_order
        closed private/edit: 11044 not_open_order
        closed private/get_order_state: accepted:
        unknown private/cancel: 10004 order_not_found
        unknown private/edit: 10004 order_not_found
        unknown private/get_order_state: 10004 order_not_found
        word private/cancel: 10025 invalid_order_id
        word private/edit: 10025 invalid_order_id
        word private/get_order_state: 10025 invalid_order_id
    "#]]
    .assert_eq(&told);
}

fn index_unfit(action: Action) -> Reject {
    Reject::IndexUnfit { base: asset("BTC"), quote: asset("USD"), action, health: Health::Frozen }
}

/// One of each at least.
fn all() -> Vec<Reject> {
    let (account, order, instrument) = (AccountId(7), OrderId(9), InstrumentId(0));
    let (amount, at, lots, ticks) = (Amount(150_000_000), At(5), Lots(3), Ticks(200_001));
    let too_low = Reject::PriceTooLow { price: ticks, min: Ticks(200_002) };
    vec![
        Reject::ValidUntilPassed { valid_until: at, at: At(6) },
        Reject::AccountNotFound { account },
        Reject::AccountNotNext { account, next: AccountId(8) },
        Reject::AccountsTooMany { max: 20 },
        Reject::AccountsNotRelated { from: account, to: AccountId(8) },
        Reject::InstrumentTermsContradict { fault: TermsFault::Strike },
        Reject::InstrumentListedAlready { instrument },
        Reject::InstrumentsTooMany,
        Reject::InstrumentNotFound { instrument },
        Reject::InstrumentExpired { instrument, expiry: at },
        Reject::AmountOutOfRange { amount },
        Reject::DepositsTooLarge,
        Reject::IndexPriceOutOfRange { price: IndexPrice(0) },
        Reject::IndexNotFound { base: asset("SOL"), quote: asset("USD") },
        Reject::FeedTermsContradict { fault: FeedFault::Barrier },
        Reject::PricingTermsContradict { fault: PricingFault::Funding },
        Reject::IndicesTooMany,
        Reject::IndexHasFeed { base: asset("BTC"), quote: asset("USD") },
        Reject::FeedMissing { base: asset("BTC"), quote: asset("USD") },
        Reject::ReportersTooMany,
        Reject::PublicKeyUnusable { account },
        Reject::ReporterNotFound { account },
        Reject::ReporterSuspended { account },
        Reject::SeatMissing { account, source_id: 3 },
        Reject::ReportReplayed { nonce: 4, last: 5 },
        Reject::ReportFromFuture { source_at: At(2_006), at, ahead_ms: 2_000 },
        Reject::ReportStale { source_at: at, at: At(10_005), stale_ms: 10_000 },
        Reject::ConfidenceTooWide { confidence_ppm: 20_000, max_ppm: 10_000 },
        Reject::SurfacesTooMany,
        Reject::ExpiryNotFound { expiry: at },
        Reject::SurfaceArbitrage { fault: SurfaceFault::WingTooSteep },
        Reject::DeliveryNotDisputed { expiry: at },
        Reject::MarkOutOfRange { mark: Ticks(0) },
        Reject::OrderNotOpen { order },
        Reject::OrderNotOwned { order },
        Reject::OrderTermsContradict { fault: OrderFault::PostOnlyNeedsLimit },
        Reject::OrderTermsContradict { fault: OrderFault::DisplayNeedsRest },
        Reject::OrderTermsContradict { fault: OrderFault::MmpNeedsLimit },
        Reject::OrderTermsContradict { fault: OrderFault::NothingToAmend },
        Reject::SizeOutOfRange { size: lots, min: Lots(5), max: Lots(10) },
        Reject::SizeOutOfRange { size: Lots(11), min: Lots(5), max: Lots(10) },
        Reject::PriceOutOfRange { price: Ticks(0) },
        Reject::PriceOffTick { price: ticks, below: Ticks(200_000), above: Ticks(200_005) },
        Reject::DisplayOutOfRange { display: lots, min: Lots(5), max: Lots(10) },
        index_unfit(Action::Increase),
        index_unfit(Action::Withdraw),
        Reject::SurfaceUnfit { expiry: at, action: Action::Increase },
        Reject::MarkMissing { instrument },
        too_low.clone(),
        Reject::PriceTooHigh { price: ticks, max: Ticks(200_000) },
        Reject::SizeBelowFilled { filled: lots },
        Reject::ReduceOnlyWouldOpen { position: SignedLots(-3) },
        Reject::PostOnlyWouldCross { best: ticks, passive: Ticks(200_000) },
        Reject::SelfTrade { order },
        Reject::OrdersTooMany { open: 5, max: 5 },
        Reject::TriggerTermsContradict { fault: TriggerFault::Settled },
        Reject::TriggerPriceOutOfRange { level: mark_level(0), max: mark_level(9) },
        Reject::TriggerPriceOutOfRange { level: mark_level(10), max: mark_level(9) },
        Reject::TriggerReached {
            level: TriggerLevel::Index(IndexPrice(100_000 * IndexPrice::SCALE)),
            now: TriggerLevel::Index(IndexPrice(100_001 * IndexPrice::SCALE + 5)),
        },
        Reject::TriggerReached { level: mark_level(200_000), now: mark_level(200_001) },
        Reject::TriggersTooMany { waiting: 50, max: 50 },
        Reject::PositionTooLarge { reached: 11, max: Lots(10) },
        Reject::MmpFrozen { until: None },
        Reject::MmpMissing { group: 1 },
        Reject::MmpLimitsMissing,
        Reject::MmpGroupTooHigh { group: 99 },
        Reject::QuotesTooMany { quotes: 101 },
        Reject::QuotesCross { first: 0, second: 1 },
        Reject::QuoteRefused { index: 2, reject: too_low.into() },
        Reject::MarginInsufficient {
            needed: amount,
            free: Amount(50),
            missing: Amount(149_999_950),
        },
        Reject::FreeInsufficient { amount, free: Amount(50) },
        Reject::DomainFull,
        Reject::ClientOrderIdsTooMany,
    ]
}

fn mark_level(ticks: u32) -> TriggerLevel {
    TriggerLevel::Mark(Ticks(ticks))
}

#[test]
fn each_refusal_of_the_core_has_a_code_and_its_numbers_in_units() {
    let world = World::new();
    let rules: BTreeSet<u16> = all().iter().map(Reject::code).collect();
    assert_eq!(rules.len(), 66, "every rule of the core is in the list");
    let lines = all().into_iter().map(|reject| {
        world.market.look(DomainId(0), |look| {
            let instrument = look.view.instrument(InstrumentId(0));
            told(&Ground { look, instrument }.refuse(&reject))
        })
    });
    expect![[r#"
        13888 timed_out {"param":"valid_until","reason":"the request was valid until 5, it is 6: send it again","rule":101,"timestamp":6,"valid_until":5}
        13020 not_found {"reason":"account 7 does not exist: open it first","rule":102}
        11049 bad_arguments {"reason":"account 7 is not the next one: open 8","rule":103}
        12001 too_many_subaccounts {"reason":"there are 20 accounts already: no more can be opened here","rule":104}
        12100 transfer_not_allowed {"reason":"accounts 7 and 8 are not of one main account","rule":105}
        11049 bad_arguments {"reason":"the terms do not make a contract: a strike is above zero","rule":201}
        11049 bad_arguments {"reason":"the contract is listed already as instrument 0","rule":202}
        11049 bad_arguments {"reason":"there are 65536 instruments already","rule":203}
        10020 invalid_or_unsupported_instrument {"reason":"instrument 0 is not listed","rule":204}
        10012 book_closed {"expiration_timestamp":5,"reason":"BTC-PERPETUAL expired at 5","rule":205}
        10021 invalid_amount {"max":11529215046.06846976,"min":0.00000001,"param":"amount","reason":"1.5 cannot be moved: send between 0.00000001 and 11529215046.06846976","rule":301}
        10021 invalid_amount {"max":45035996.27370496,"param":"amount","reason":"deposits of all accounts may reach 45035996.27370496 BTC","rule":302}
        11049 bad_arguments {"max":10000000000,"min":0.00000001,"param":"price","reason":"index price is 0: report between 0.00000001 and 10000000000","rule":303}
        13020 not_found {"param":"index_name","reason":"no instrument is priced by SOL in USD: list one first","rule":305}
        11049 bad_arguments {"reason":"the terms do not make a feed: a barrier needs at least one report, and sources within those that count","rule":206}
        11049 bad_arguments {"reason":"the terms do not make a mark price: a perpetual has funding, a dated future has none","rule":207}
        11049 bad_arguments {"reason":"there are 1024 indices already","rule":320}
        11049 bad_arguments {"reason":"the index of BTC in USD has a feed: the operator cannot set its prices","rule":306}
        13020 not_found {"param":"index_name","reason":"the index of BTC in USD has no feed: set one first","rule":307}
        11049 bad_arguments {"reason":"there are 256 reporters already","rule":308}
        11029 invalid_arguments {"param":"public_key","reason":"the public key of account 7 is not that of an Ed25519 key: send its 32 bytes","rule":321}
        13021 forbidden {"reason":"account 7 is not a reporter: the operator registers it with its key","rule":309}
        13021 forbidden {"reason":"account 7 was caught and reports no more: register another one","rule":310}
        13021 forbidden {"param":"source","reason":"account 7 has no seat for source 3 in this feed","rule":311}
        11029 invalid_arguments {"last":5,"param":"nonce","reason":"nonce 4 is not above 5, the last one: it is an old report","rule":312}
        11029 invalid_arguments {"param":"source_at","reason":"the source's time 2006 is ahead of the log's 5 by more than 2000 ms","rule":313,"timestamp":5}
        11029 invalid_arguments {"param":"source_at","reason":"the source's time 5 is 10000 ms or more before the log's 10005","rule":314,"timestamp":10005}
        11029 invalid_arguments {"param":"confidence","reason":"a confidence of 20000 ppm is too wide: 10000 is the most","rule":315}
        11049 bad_arguments {"reason":"there are 64 surfaces already","rule":316}
        13020 not_found {"param":"expiration_timestamp","reason":"nothing that is priced by this index and not settled expires at 5","rule":317}
        11029 invalid_arguments {"param":"svi","reason":"the surface allows arbitrage: the slope of a wing, b (1 + |rho|), is above 2","rule":318}
        11049 bad_arguments {"reason":"the delivery of 5 is not disputed: the feed settles it","rule":319}
        11049 bad_arguments {"max":8388607.5,"min":0.5,"param":"marks","reason":"mark is 0: report between 0.5 and 8388607.5","rule":304}
        10004 order_not_found {"reason":"order 9 is not known","rule":401}
        10029 not_owner_of_order {"reason":"order 9 belongs to another account","rule":402}
        11055 post_only_not_allowed {"param":"post_only","reason":"the order contradicts itself: post-only needs a limit order","rule":403}
        10036 invalid_max_show_amount {"param":"display_amount","reason":"the order contradicts itself: a display size needs a limit order that may rest","rule":403}
        11047 unsupported_arg_combination {"param":"mmp","reason":"the order contradicts itself: market-maker protection needs a limit order that may rest","rule":403}
        11049 bad_arguments {"reason":"the order contradicts itself: nothing is to change: give a size, a price, a display size or a flag","rule":403}
        10002 qty_too_low {"max":100,"min":50,"param":"amount","reason":"amount is 30: send between 50 and 100","rule":404}
        10021 invalid_amount {"max":100,"min":50,"param":"amount","reason":"amount is 110: send between 50 and 100","rule":404}
        10023 invalid_price {"max_price":8388607.5,"min_price":0.5,"param":"price","reason":"price is 0: send between 0.5 and 8388607.5","rule":405}
        10043 price_wrong_tick {"above":100002.5,"below":100000,"param":"price","reason":"price 100000.5 is between ticks: send 100000 or 100002.5","rule":406}
        10036 invalid_max_show_amount {"max":100,"min":50,"param":"display_amount","reason":"display_amount is 30: send between 50 and 100","rule":407}
        11051 system_maintenance {"param":"index_name","reason":"the feed of btc_usd is frozen, not healthy: until it is, only orders that reduce a position are taken; public/get_price_feeds says why","rule":417}
        11051 system_maintenance {"param":"index_name","reason":"the feed of btc_usd is frozen, not healthy: money leaves an account with positions or orders when it is; public/get_price_feeds says why","rule":417}
        11051 system_maintenance {"reason":"the volatilities of 5 are too old, or there are none: that does not allow to Increase","rule":418}
        10012 book_closed {"reason":"BTC-PERPETUAL has no mark price yet: wait for the first one","rule":408}
        10005 price_too_low 100001 {"limit":100001,"param":"price","price":100000.5,"reason":"price 100000.5 is outside the band, which ends at 100001","rule":409}
        10007 price_too_high 100000 {"limit":100000,"param":"price","price":100000.5,"reason":"price 100000.5 is outside the band, which ends at 100000","rule":410}
        10021 invalid_amount {"filled_amount":30,"param":"amount","reason":"30 is filled already: send that or more","rule":411}
        11030 other_reject reduce_only_would_open {"position":-30,"reason":"the position is -30: this side would not reduce it","rule":412}
        11054 post_only_reject {"best_price":100000.5,"passive_price":100000,"reason":"would trade at 100000.5: price at 100000 or leave post_only out","rule":413}
        10003 order_overlap {"reason":"order 9 is of the same group: cancel it, or choose cancel_maker","rule":414}
        11030 other_reject max_open_orders 5 {"max":5,"open_orders":5,"reason":"5 orders are open: at most 5, cancel some first","rule":415}
        11049 bad_arguments {"reason":"the trigger contradicts itself: its source and its reduce-only flag stay: cancel it, and place another","rule":423}
        10035 trigger_price_too_low {"max":4.5,"param":"trigger_price","reason":"0 is out of range: send between 0.5 and 4.5","rule":422}
        10034 trigger_price_too_high {"max":4.5,"param":"trigger_price","reason":"5 is out of range: send between 0.5 and 4.5","rule":422}
        11036 invalid_trigger_price {"now":100001.00000005,"param":"trigger_price","reason":"the index_price is 100001.00000005: a trigger at 100000 has fired already; choose a price beyond it, or place an order","rule":421,"trigger_price":100000}
        11036 invalid_trigger_price {"now":100000.5,"param":"trigger_price","reason":"the mark_price is 100000.5: a trigger at 100000 has fired already; choose a price beyond it, or place an order","rule":421,"trigger_price":100000}
        11035 no_more_triggers 50 {"max":50,"reason":"50 triggers are waiting: at most 50, cancel some first","rule":420,"triggers":50}
        11030 other_reject max_position 100 {"max":100,"reached":110,"reason":"position and open orders would reach 110: at most 100","rule":416}
        13043 quotes_frozen {"frozen_until":0,"reason":"quotes are frozen until reset_mmp","rule":501}
        13040 mmp_required {"param":"mmp_group","reason":"group 1 has no market-maker protection: set it first","rule":502}
        11029 invalid_arguments {"param":"interval","reason":"market-maker protection needs a limit and a window between 1 ms and one day","rule":503}
        11029 invalid_arguments {"param":"mmp_group","reason":"group 99 is above 16","rule":504}
        13903 too_many_quotes {"param":"quotes","reason":"101 quotes: send between 1 and 100","rule":505}
        13910 quote_crossed {"first":0,"param":"quotes","reason":"quotes 0 and 1 cross or repeat each other","rule":506,"second":1}
        10005 price_too_low 100001 {"limit":100001,"param":"price","price":100000.5,"quote":2,"reason":"quote 2: price 100000.5 is outside the band, which ends at 100001","rule":507}
        10009 not_enough_funds {"free":0.0000005,"missing":1.4999995,"needed":1.5,"reason":"needs 1.5 BTC of margin, 0.0000005 is free: deposit 1.4999995 or send less","rule":601}
        10009 not_enough_funds {"amount":1.5,"free":0.0000005,"param":"amount","reason":"1.5 BTC is asked for, 0.0000005 is free","rule":602}
        10047 matching_engine_queue_full {"reason":"the domain has 4194303 open orders: no more fit","rule":701}
        11029 invalid_arguments {"param":"client_order_id","reason":"100000 client order ids were used within a day","rule":702}"#]].assert_eq(&lines.collect::<Vec<_>>().join("\n"));
}
