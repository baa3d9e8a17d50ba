//! Canonical bytes: golden, strict, safe from strangers.

use std::format;
use std::string::String;
use std::vec::Vec;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::codec::Codec;
use crate::{
    AccountId, AmendOrder, AmendTrigger, Amount, AssetCode, At, CancelScope, ClientOrderId,
    Command, Entry, Event, FillableTerms, IndexPrice, InstrumentId, KindFilter, Label, Lots,
    MmpGroup, OpenInterestBand, OrderFamily, OrderId, OrderKind, PlaceOrder, PlaceTrigger,
    PostOnly, Reject, Seq, SessionId, Side, Ticks, TimeInForce, TriggerId, TriggerKind,
    TriggerLevel, Version,
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check(value: &impl Codec, expected: Expect) {
    expected.assert_eq(&hex(&value.to_bytes()));
}

fn order() -> PlaceOrder {
    PlaceOrder {
        account: AccountId(7),
        instrument: InstrumentId(3),
        side: Side::Ask,
        kind: OrderKind::Limit { price: Ticks(120_001) },
        size: Lots(25),
        display: Some(Lots(5)),
        time_in_force: TimeInForce::GoodTilDay,
        post_only: PostOnly::Slide,
        reduce_only: true,
        mmp: false,
        label: Label::new("hä").expect("short"),
        client_order_id: ClientOrderId::new("a-1").ok(),
        valid_until: Some(At(9)),
        session: Some(SessionId(2)),
    }
}

/// These bytes are in logs: a change of one of them is a change of format.
#[test]
fn entries_have_these_bytes() {
    let entry = |command| Entry { seq: Seq(1), at: At(2), command };
    check(
        &entry(Command::PlaceOrder(order().into())),
        expect![
            "010000000000000002000000000000000807000000030000000100c1d40100190000000105000000010101000300000068c3a40103000000612d310109000000000000000102000000"
        ],
    );
    check(
        &entry(Command::CancelOrder { account: AccountId(7), order: OrderId::new(1, 2) }),
        expect!["010000000000000002000000000000000a070000000200400000000000"],
    );
    check(
        &entry(Command::Deposit { account: AccountId(7), amount: Amount(-2) }),
        expect!["010000000000000002000000000000000307000000feffffffffffffff"],
    );
    let base = AssetCode::new("BTC").expect("a code");
    check(
        &entry(Command::ReportIndex { base, quote: base, price: IndexPrice(5) }),
        expect![
            "0100000000000000020000000000000006425443000000000042544300000000000500000000000000"
        ],
    );
}

/// As above: what came with open interest, fillable prices and triggers.
#[test]
fn later_entries_have_these_bytes() {
    let entry = |command| Entry { seq: Seq(1), at: At(2), command };
    let band = OpenInterestBand { lower: Amount(5), upper: Amount(6) };
    let set = Command::SetOpenInterestBand { instrument: InstrumentId(3), band: Some(band) };
    check(
        &entry(set),
        expect!["010000000000000002000000000000002b030000000105000000000000000600000000000000"],
    );
    let terms = FillableTerms { adjustment_ppm: 7, spread_ppm: 8 };
    check(
        &entry(Command::SetFillable(Some(terms))),
        expect!["010000000000000002000000000000002c010700000008000000"],
    );
    check(&entry(Command::SetFillable(None)), expect!["010000000000000002000000000000002c00"]);
    let (kind, level) = (TriggerKind::Trailing, TriggerLevel::Mark(Ticks(9)));
    let placed = PlaceTrigger { kind, level, order: order() };
    check(
        &entry(Command::PlaceTrigger(placed.into())),
        expect![
            "010000000000000002000000000000002202010900000007000000030000000100c1d40100190000000105000000010101000300000068c3a40103000000612d310109000000000000000102000000"
        ],
    );
    let amended = AmendTrigger {
        order: AmendOrder {
            account: AccountId(7),
            order: OrderId::of_trigger(TriggerId(2)),
            size: Some(Lots(4)),
            price: None,
            display: None,
            post_only: None,
            reduce_only: None,
            valid_until: None,
        },
        level: Some(TriggerLevel::Index(IndexPrice(5))),
    };
    check(
        &entry(Command::AmendTrigger(amended.into())),
        expect![
            "010000000000000002000000000000002307000000ffffbf00000000000104000000000000000001000500000000000000"
        ],
    );
    let (family, within) = (OrderFamily::TrailingStops, CancelScope::All.into());
    let scope = CancelScope::Only { family, within };
    check(
        &entry(Command::CancelOrders { account: AccountId(7), scope }),
        expect!["010000000000000002000000000000000b07000000050400"],
    );
    check(
        &entry(Command::FenceOrders { account: AccountId(7), up_to: 258 }),
        expect!["010000000000000002000000000000002d070000000201000000000000"],
    );
    check(
        &entry(Command::Upgrade { to: Version(258) }),
        expect!["010000000000000002000000000000002e02010000"],
    );
    check(
        &entry(Command::DropSessions { first: SessionId(1), last: SessionId(258) }),
        expect!["010000000000000002000000000000002f0100000002010000"],
    );
}

/// These too are in logs, and in the chain over them.
#[test]
fn events_of_a_fence_have_these_bytes() {
    check(
        &Event::OrdersFenced { account: AccountId(7), up_to: 258 },
        expect!["3a070000000201000000000000"],
    );
    let reject = Reject::ClientOrderFenced { client_order_id: 2, up_to: 258 };
    check(&Event::Refused(reject.into()), expect!["125a02000000000000000201000000000000"]);
}

#[test]
fn a_client_order_id_is_a_number_if_it_is_printed_as_one() {
    for (text, number) in [
        ("0", Some(0)),
        ("7", Some(7)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("00", None),
        ("07", None),
        ("+7", None),
        ("-7", None),
        ("7 ", None),
        ("7.0", None),
        ("٧", None),
        ("a7", None),
    ] {
        let id = ClientOrderId::new(text).expect("short");
        assert_eq!(id.number(), number, "{text}");
    }
}

#[test]
fn a_label_or_code_or_flag_that_cannot_be_is_refused() {
    assert!(Label::from_bytes(&[2, 0, 0, 0, 0xc3, 0x28]).is_err(), "not UTF-8");
    assert!(<AssetCode as Codec>::from_bytes(b"BTC\0\0\0\0\0").is_ok());
    assert!(<AssetCode as Codec>::from_bytes(b"BTC\0X\0\0\0").is_err(), "text after its end");
    assert!(<AssetCode as Codec>::from_bytes(b"btc\0\0\0\0\0").is_err(), "small letters");
    assert!(bool::from_bytes(&[2]).is_err());
    assert!(Side::from_bytes(&[2]).is_err());
    assert!(Side::from_bytes(&[0, 0]).is_err(), "bytes left");
    assert!(Vec::<u64>::from_bytes(&[255, 255, 255, 255]).is_err(), "a count beyond the bytes");
}

#[test]
fn a_refusal_inside_a_refusal_inside_a_refusal_ends_somewhere() {
    let mut bytes = Vec::new();
    for _ in 0..1_000 {
        bytes.extend_from_slice(&[37, 0, 0, 0, 0]);
    }
    assert!(Reject::from_bytes(&bytes).is_err());
}

fn commands() -> impl Strategy<Value = Command> {
    let raw = (any::<u8>(), any::<u32>(), any::<u64>(), any::<i64>(), any::<bool>(), ".{0,20}");
    raw.prop_map(|(choice, a, b, c, flag, text)| {
        let account = AccountId(a);
        match choice % 9 {
            0 => Command::PlaceOrder(
                PlaceOrder {
                    account,
                    label: Label::new(&text).unwrap_or_default(),
                    client_order_id: ClientOrderId::new(&text).ok(),
                    reduce_only: flag,
                    valid_until: flag.then_some(At(b)),
                    ..order()
                }
                .into(),
            ),
            1 => Command::AmendOrder(AmendOrder {
                account,
                order: OrderId(b),
                size: flag.then_some(Lots(a)),
                price: None,
                display: (!flag).then_some(Lots(a)),
                post_only: Some(PostOnly::Reject),
                reduce_only: Some(flag),
                valid_until: None,
            }),
            2 => Command::CancelOrders { account, scope: CancelScope::Kind(KindFilter::Option) },
            3 => {
                let group = flag.then_some(MmpGroup(choice));
                Command::CancelOrders { account, scope: CancelScope::Quotes(group) }
            }
            4 => Command::Deposit { account, amount: Amount(c) },
            5 => Command::FenceOrders { account, up_to: b },
            6 => Command::Upgrade { to: Version(a) },
            7 => Command::DropSessions { first: SessionId(a), last: SessionId(!a) },
            _ => Command::ReportMarks(std::vec![(InstrumentId(a), Ticks(a)); usize::from(choice)]),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_written_is_read_again(
        command in commands(), seq in any::<u64>(), at in any::<u64>(),
    ) {
        let entry = Entry { seq: Seq(seq), at: At(at), command };
        prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry));
    }

    #[test]
    fn whatever_is_read_is_written_the_same(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(entry) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(&entry.to_bytes(), &bytes);
        }
        if let Ok(event) = Event::from_bytes(&bytes) {
            prop_assert_eq!(&event.to_bytes(), &bytes);
        }
    }

    #[test]
    fn a_flipped_byte_is_another_entry_or_none(
        command in commands(), place in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let entry = Entry { seq: Seq(1), at: At(1), command };
        let mut bytes = entry.to_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        if let Ok(other) = Entry::from_bytes(&bytes) {
            prop_assert_ne!(&other, &entry);
            prop_assert_eq!(&other.to_bytes(), &bytes);
        }
    }
}
