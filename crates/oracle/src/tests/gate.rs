//! The gate, printed.

use expect_test::expect;
use std::format;
use std::string::String;

use types::{Action, Health};

use crate::gate::{TABLE, allows};

const HEALTHS: [Health; 4] = [Health::Manual, Health::Healthy, Health::Degraded, Health::Frozen];

/// The place of an action in the table: a new action does not compile until it has one.
fn place(action: Action) -> usize {
    match action {
        Action::Cancel => 0,
        Action::Reduce => 1,
        Action::Place => 2,
        Action::Increase => 3,
        Action::Withdraw => 4,
        Action::Fund => 5,
        Action::Deliver => 6,
        Action::Liquidate => 7,
    }
}

#[test]
fn ora_20_the_gate_is_this_table() {
    let mut printed = String::from("            manual  healthy  degraded  frozen\n");
    for (index, row) in TABLE.iter().enumerate() {
        assert_eq!(place(row.action), index, "{:?} has one row, and this one", row.action);
        let cells = HEALTHS.map(|health| if allows(row.action, health) { "yes" } else { "-" });
        let [manual, healthy, degraded, frozen] = cells;
        let name = format!("{:?}", row.action);
        printed += &format!("{name:<12}{manual:<8}{healthy:<9}{degraded:<10}{frozen}\n");
    }
    expect![[r#"
                    manual  healthy  degraded  frozen
        Cancel      yes     yes      yes       yes
        Reduce      yes     yes      yes       yes
        Place       yes     yes      yes       -
        Increase    yes     yes      -         -
        Withdraw    yes     yes      -         -
        Fund        -       yes      yes       -
        Deliver     -       yes      -         -
        Liquidate   -       yes      -         -
    "#]]
    .assert_eq(&printed);
}

#[test]
fn ora_21_no_worse_health_allows_more() {
    for row in TABLE {
        let ladder = [row.frozen, row.degraded, row.healthy];
        assert!(ladder.is_sorted(), "{:?}", row.action);
        assert!(row.healthy, "{:?} is possible at all", row.action);
    }
}
