//! What is asked is cut to what the key has.

use expect_test::expect;

use super::{Area, Capabilities, Granted, Level};
use crate::auth::keys::{OPERATOR_SCOPE, TRADER_SCOPE};

#[test]
fn a_scope_is_cut_to_the_key_and_begins_with_its_kind() {
    let table = [
        ("", TRADER_SCOPE),
        ("session:nautilus-data", TRADER_SCOPE),
        ("trade:read account:none", TRADER_SCOPE),
        ("connection wallet:read_write", "account:read trade:read_write"),
        ("session:a trade:read_write expires:60 ip:10.0.0.7", "trade:read"),
        ("ip:* nonsense trade:most session:", "trade:read_write"),
        ("operator", TRADER_SCOPE),
        ("", OPERATOR_SCOPE),
    ];
    let cut: String = table
        .iter()
        .map(|(asked, max)| format!("{asked:?} of {max:?}\n  {}\n", Granted::cut(asked, max).text))
        .collect();
    expect![[r#"
        "" of "account:read_write trade:read_write wallet:read_write mainaccount"
          connection account:read_write trade:read_write wallet:read_write mainaccount
        "session:nautilus-data" of "account:read_write trade:read_write wallet:read_write mainaccount"
          session:nautilus-data account:read_write trade:read_write wallet:read_write mainaccount
        "trade:read account:none" of "account:read_write trade:read_write wallet:read_write mainaccount"
          connection trade:read wallet:read_write mainaccount
        "connection wallet:read_write" of "account:read trade:read_write"
          connection account:read trade:read_write
        "session:a trade:read_write expires:60 ip:10.0.0.7" of "trade:read"
          session:a trade:read expires:60 ip:10.0.0.7
        "ip:* nonsense trade:most session:" of "trade:read_write"
          connection trade:read_write
        "operator" of "account:read_write trade:read_write wallet:read_write mainaccount"
          connection account:read_write trade:read_write wallet:read_write mainaccount
        "" of "operator"
          connection operator
    "#]]
    .assert_eq(&cut);
}

#[test]
fn read_write_includes_read_and_the_operator_does_not_trade() {
    let trader = Capabilities::of_key(TRADER_SCOPE);
    assert!(Level::Read <= trader.level(Area::Trade) && !trader.operator);
    let operator = Capabilities::of_key(OPERATOR_SCOPE);
    assert!(operator.operator && operator.level(Area::Trade) == Level::None);
}
