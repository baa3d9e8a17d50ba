//! The chain of notices: what tells itself, what a person may add, and who may sign.

use std::format;
use std::string::String;
use std::vec::Vec;

use ed25519_dalek::{Signer, SigningKey};
use expect_test::expect;
use types::codec::Codec;
use types::{
    AssetCode, At, Command, Component, ComponentState, Event, Notice, NoticeBody, NoticeText,
    NoticeWords, OrderFate, PublicKey, Reject, Scope, Signature, Stage,
};

use super::priced::Priced;
use super::world::{PERP, START, World, asset};
use crate::Engine;

fn text(words: &str) -> NoticeText {
    NoticeText::new(words).expect("short")
}

fn published(world: &mut World, words: NoticeWords) -> Result<Notice, Reject> {
    match world.apply(Command::PublishNotice(words.into())).as_slice() {
        [Event::NoticePublished { notice, .. }] => Ok((**notice).clone()),
        [Event::Refused(reject)] => Err((**reject).clone()),
        other => panic!("{other:?}"),
    }
}

fn told(events: &[Event]) -> String {
    let lines = events.iter().filter_map(|event| match event {
        Event::NoticePublished { notice, .. } => match &notice.body {
            NoticeBody::Incident(incident) => {
                let types::Incident { incident, stage, scope, cause, state, .. } = incident;
                Some(format!("{incident} {stage:?}: {scope:?} {state:?} by {cause:?}\n"))
            }
            other => Some(format!("{other:?}\n")),
        },
        _ => None,
    });
    lines.collect()
}

#[test]
fn ntc_1_each_notice_hangs_on_the_one_before_it() {
    let mut world = World::btc();
    let scope = Scope::Instrument(PERP);
    let state = types::MarketState::Halted;
    let mut events = world.apply(Command::Halt { scope, state, until: None });
    events.append(&mut world.apply(Command::Resume { scope }));
    world.at = At(START.0 + 30_000);
    events.append(&mut world.apply(Command::Tick));
    let mut head = ledger::first_notice_head(asset("BTC"));
    let mut number = 0;
    for event in &events {
        if let Event::NoticePublished { notice, previous, head: next } = event {
            number += 1;
            assert_eq!((notice.number, *previous), (number, head));
            head = ledger::notice_head(previous, notice);
            assert_eq!(head, *next);
            let mut changed = (**notice).clone();
            changed.at = At(changed.at.0 + 1);
            assert_ne!(ledger::notice_head(previous, &changed), *next);
        }
    }
    assert_eq!(number, 3, "identified, monitoring, resolved");
    let restored = Engine::from_bytes(&world.engine.to_bytes()).expect("its own bytes");
    assert_eq!(restored.notices, world.engine.notices);
}

#[test]
fn ntc_3_a_frozen_index_is_an_incident_until_it_is_healthy() {
    let mut priced = Priced::inverse();
    let mut events = priced.seconds(12, &[60_000, 60_000, 0, 0, 0]);
    events.append(&mut priced.seconds(30, &[60_000; 5]));
    expect![[r#"
        1 Identified: Index { base: BTC, quote: USD } Open by Some(FeedFrozen)
        1 Resolved: Index { base: BTC, quote: USD } Open by Some(FeedFrozen)
    "#]]
    .assert_eq(&told(&events));
}

#[test]
fn ntc_4_and_5_what_a_person_adds_goes_on_and_is_never_over_while_orders_are_unknown() {
    let mut world = World::btc();
    let open = NoticeWords::OpenIncident {
        scope: Scope::Domain,
        orders: OrderFate::Unknown,
        text: text("orders are slow, we look into it"),
    };
    let notice = published(&mut world, open.clone()).expect("it is opened");
    let NoticeBody::Incident(incident) = notice.body else { panic!("an incident") };
    assert_eq!((incident.incident, incident.stage), (1, Stage::Investigating));
    let update = |stage, orders, words: &str| NoticeWords::UpdateIncident {
        incident: 1,
        stage,
        orders,
        text: text(words),
    };
    let mut said = Vec::new();
    for words in [
        update(Stage::Identified, OrderFate::Unknown, "a disk is slow"),
        update(Stage::Investigating, OrderFate::Unknown, "or is it?"),
        update(Stage::Monitoring, OrderFate::Unknown, "the disk was changed"),
        update(Stage::Monitoring, OrderFate::Live, "  "),
        update(Stage::Monitoring, OrderFate::Live, "the disk was changed"),
        update(Stage::Resolved, OrderFate::Live, "it was the disk"),
        update(Stage::Resolved, OrderFate::Live, "really"),
        NoticeWords::Maintain { starts_at: START, ends_at: START, text: text("a new disk") },
        NoticeWords::SetComponent {
            component: Component::Margin,
            state: ComponentState::Degraded,
            text: text(" "),
        },
        NoticeWords::Announce { title: text(""), text: text("hello") },
        NoticeWords::Announce { title: text("Hello"), text: text("we are open") },
    ] {
        said.push(match published(&mut world, words) {
            Ok(notice) => format!("{}", notice.number),
            Err(reject) => format!("{} {reject}", reject.code()),
        });
    }
    expect![[r#"
        2
        802 the notice contradicts what is known: a stage never goes back
        802 the notice contradicts what is known: an incident is not over while it is unknown what became of orders
        802 the notice contradicts what is known: say something: a title and a text are not empty
        3
        4
        801 incident 1 is not open: open one, or name one that is
        802 the notice contradicts what is known: work ends after it starts, and after now
        802 the notice contradicts what is known: say something: a title and a text are not empty
        802 the notice contradicts what is known: say something: a title and a text are not empty
        5"#]].assert_eq(&said.join("\n"));
    for _ in 0..64 {
        published(&mut world, open.clone()).expect("there is room");
    }
    assert!(matches!(published(&mut world, open), Err(Reject::IncidentsTooMany { max: 64 })));
}

fn rotation(signer: &SigningKey, asset: AssetCode, next: &SigningKey) -> NoticeWords {
    let key = PublicKey(next.verifying_key().to_bytes());
    let message = ledger::notice_key_message(asset, &key);
    NoticeWords::RotateKey { key, signature: Signature(signer.sign(&message).to_bytes()) }
}

/// NTC-2: the key in force is known to the state.
#[test]
fn ntc_6_the_key_in_force_says_which_one_follows() {
    let [first, second, other] = [1, 2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let mut world = World::btc();
    let btc = asset("BTC");
    assert!(published(&mut world, rotation(&other, btc, &first)).is_err(), "not by itself");
    published(&mut world, rotation(&first, btc, &first)).expect("the first one by itself");
    assert!(published(&mut world, rotation(&second, btc, &second)).is_err());
    assert!(published(&mut world, rotation(&first, asset("ETH"), &second)).is_err());
    published(&mut world, rotation(&first, btc, &second)).expect("by the one in force");
    assert!(
        published(&mut world, rotation(&first, btc, &first)).is_err(),
        "it has no say any more"
    );
    let key = PublicKey(second.verifying_key().to_bytes());
    assert_eq!(world.engine.notice_key(), Some(key));
}
