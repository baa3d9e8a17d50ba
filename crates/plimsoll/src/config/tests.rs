//! Files in, values or problems out.

mod cluster;

use expect_test::expect;

use super::{Config, RawConfig, Setting, Value};

fn read(text: &str) -> Result<Config, String> {
    let raw = RawConfig::parse("venue.toml", text, vec![]).map_err(|error| error.to_string())?;
    Config::from_raw(&raw).map_err(|error| error.to_string())
}

#[test]
fn without_a_file_the_defaults_are_in_force() {
    let config = read("").expect("the defaults are a configuration");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(config.log.mark_entries <= config.log.snapshot_entries);
}

#[test]
fn all_problems_are_reported_at_once_with_key_value_and_limit() {
    let text = "
        data = 7
        snapshots_keep = 3
        listen = 'localhost'
        colour = 'blue'
        testnet = 'no'
        [log]
        snapshots_keep = 0
        mark_entries = -5
        [queue]
        spin_us = 1.5
        [gateway.x]
        y = 1
    ";
    expect![[r#"
        the configuration has 8 problems:
          colour is a key that does not exist: `plimsoll config explain` lists the keys
          data is 7: write a text in quotes, such as "venue"
          gateway.x.y is a key that does not exist: `plimsoll config explain` lists the keys
          log.mark_entries is -5: set between 1 and 1073741824
          log.snapshots_keep is 0: set between 1 and 100
          queue.spin_us is 1.5: write a whole number between 0 and 1000000
          snapshots_keep is a key that does not exist: did you mean log.snapshots_keep?
          testnet is "no": write true or false"#]]
    .assert_eq(&read(text).expect_err("there are problems"));
}

#[test]
fn values_that_contradict_each_other_are_problems_too() {
    let text = "
        listen = 'localhost'
        [listing]
        rule = 'friday'
        [log]
        mark_entries = 1_000
        snapshot_entries = 10
    ";
    expect![[r#"
        the configuration has 3 problems:
          listen is "localhost": write address and port, such as "127.0.0.1:8080"
          listing.rule is "friday": write "manual" or "calendar"
          log.snapshot_entries is 10: set at least log.mark_entries, which is 1000"#]]
    .assert_eq(&read(text).expect_err("there are problems"));
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    expect![[r#"
        the configuration has a problem:
          venue.toml is TOML parse error at line 2, column 7
          |
        2 | listen
          |       ^
        key with no value, expected `=`: write TOML: key = value, one a line"#]]
    .assert_eq(&read("data = \nlisten").expect_err("it is not TOML"));
}

#[test]
fn explain_names_the_origin_of_each_value() {
    let value = Value::Text("elsewhere".into());
    let flags = vec![Setting { key: "data", value, flag: "--data" }];
    let raw = RawConfig::parse("venue.toml", "data = 'here'\nqueue.spin_us = 0", flags)
        .expect("there are no problems");
    let lines =
        raw.settings().map(|(key, value, origin)| format!("{} = {value} ({origin})\n", key.name));
    expect![[r#"
        data = "elsewhere" (--data)
        listen = "127.0.0.1:8080" (default)
        testnet = true (default)
        listing.rule = "manual" (default)
        listing.option_expiries_max = 64 (default)
        listing.strikes_max = 100 (default)
        log.segment_bytes = 67108864 (default)
        log.mark_entries = 65536 (default)
        log.snapshot_entries = 1048576 (default)
        log.snapshots_keep = 2 (default)
        queue.orders_max = 65536 (default)
        queue.cancels_max = 16384 (default)
        queue.spin_us = 0 (venue.toml)
        gateway.connections_per_address_max = 32 (default)
        gateway.connections_max = 10000 (default)
        gateway.request_bytes_max = 32768 (default)
        gateway.subscriptions_max = 2000 (default)
        gateway.queued_per_account_max = 8 (default)
        gateway.orders_per_s = 5 (default)
        gateway.orders_burst = 20 (default)
        gateway.cancels_per_s = 30 (default)
        gateway.cancels_burst = 100 (default)
        gateway.queries_per_s = 20 (default)
        gateway.queries_burst = 100 (default)
        cluster.id = "" (default)
        cluster.node = 0 (default)
        cluster.listen = "" (default)
        cluster.ca = "" (default)
        cluster.certificate = "" (default)
        cluster.key = "" (default)
        cluster.election_timeout_ms = 200 (default)
        cluster.heartbeat_ms = 40 (default)
        cluster.root_entries = 1024 (default)
        cluster.begin = false (default)
        cluster.one_zone = false (default)
    "#]]
    .assert_eq(&lines.collect::<String>());
}

/// Every fault of a webhook is told, and no secret is.
#[test]
fn webhooks_have_an_address_and_a_secret_that_is_not_shown() {
    let text = "[[webhook]]\nurl = 'https://a.example/x'\nsecret = 'sixteen bytes or more'\n";
    let raw = RawConfig::parse("f", text, Vec::new()).expect("it is read");
    let config = Config::from_raw(&raw).expect("it is right");
    assert_eq!(config.webhooks.len(), 1);
    assert!(!format!("{config:?}").contains("sixteen"), "a secret is not printed");
    let wrong = [
        ("webhook = 1", "write [[webhook]]"),
        ("[[webhook]]\nurl = 'ftp://a'\nsecret = 'sixteen bytes or more'", "https://host/path"),
        ("[[webhook]]\nurl = 'https://a'\nsecret = 'short'", "write at least 16"),
        (
            "[[webhook]]\nurl = 'https://a'\nsecret = 'sixteen bytes or more'\nmore = 1",
            "a webhook has url and secret",
        ),
    ];
    for (text, said) in wrong {
        let told = RawConfig::parse("f", text, Vec::new()).expect_err("it is wrong").to_string();
        assert!(told.contains(said) && !told.contains("short"), "{told}");
    }
}
