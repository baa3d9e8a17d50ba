//! What a survivor has in, what is said of it out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use engine::Engine;
use replica::raft::recover::Survivor;
use types::{AccountId, At, Command, Entry, Seq};

use super::{Best, of_domain};
use crate::domains;

/// REP-11: a leader that was cut off has entries that nobody else has, and others may have been
/// acknowledged in their place.
#[test]
fn losses_are_announced_from_the_last_entry_on_that_was_committed_for_certain() {
    let domain = domains::domain(domains::SERVED[0]).expect("it is served");
    let mut engine = Engine::new(domain.asset, domain.decimals);
    for seq in 1..=3 {
        let command = Command::OpenAccount { account: AccountId(seq), parent: None };
        let entry = Entry { seq: Seq(u64::from(seq)), at: At(1), command };
        engine.apply(&entry, &mut Vec::new());
    }
    let survivor = Survivor {
        engine,
        at: At(1),
        last: Some((1, 3)),
        committed: 2,
        committed_seq: Seq(1),
        members: BTreeMap::new(),
        voters: BTreeSet::from([1, 2, 3]),
    };
    let (dir, market, others) = (PathBuf::from("node-1/data/btc"), Vec::new(), Vec::new());
    let said = of_domain(&mut Best { domain, dir, survivor, market, others });
    assert!(said.contains("comes to entry 3 "), "{said}");
    assert!(said.contains("the 2 after them may or may not have been acknowledged"), "{said}");
    assert!(said.contains("among themselves after entry 1 is lost"), "{said}");
}
