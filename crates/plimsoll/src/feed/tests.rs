//! What a person sees of feeds.

use expect_test::expect;
use serde_json::json;

use super::table;

#[test]
fn a_feed_is_a_headline_a_reason_and_a_row_for_each_seat() {
    let feeds = json!([
        {
            "index_name": "btc_usd", "health": "degraded", "since": 1_795_568_400_000_u64,
            "price": 97_000.5, "confidence": 9.7,
            "reason": {"word": "too_few", "text": "2 reporters and 2 sources are live"},
            "barrier": {"reports": 3, "sources": 2, "need_reports": 6, "need_sources": 3},
            "seats": [
                {
                    "source": "alpha", "reporter": 3, "standing": "live", "weight_ppm": 500_000,
                    "price": 97_001, "age_ms": 412, "deviation_ppm": 5,
                    "score": {"good": 12, "reports": 12},
                },
                {
                    "source": "beta-long", "reporter": 14, "standing": "silent", "weight_ppm": 0,
                    "price": null, "age_ms": null, "deviation_ppm": null,
                    "score": {"good": 0, "reports": 0},
                },
            ],
        },
        {
            "index_name": "eth_usd", "health": "manual", "since": 0, "price": null,
            "confidence": 0, "reason": null, "barrier": null, "seats": [],
        },
    ]);
    expect![[r#"
        btc_usd  degraded  97000.5 ± 9.7  since 2026-11-25 01:00:00
          2 reporters and 2 sources are live
          barrier: 3 of 6 reports, 2 of 3 sources
          source     reporter  standing  weight  price    age     off   good
          alpha             3  live      50.0 %  97001  0.4 s  +5 ppm  12/12
          beta-long        14  silent     0.0 %      -      -       -    0/0

        eth_usd  manual  no price yet"#]]
    .assert_eq(&table(&feeds));
    assert_eq!(table(&json!([])), "no index: list an instrument first");
}
