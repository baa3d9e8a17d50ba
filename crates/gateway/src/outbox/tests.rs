//! The bounded queue: order, overflow, end.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Closing, Outbox, OutboxLimits};

fn outbox(messages_max: usize, bytes_max: usize) -> Outbox {
    Outbox::new(OutboxLimits { messages_max, bytes_max })
}

fn send(outbox: &Outbox, text: &str) -> bool {
    outbox.send(Arc::from(text))
}

async fn drain(outbox: &Outbox) -> (Vec<String>, Closing) {
    let (mut texts, mut batch) = (Vec::new(), VecDeque::new());
    loop {
        match outbox.next_batch(&mut batch).await {
            Ok(()) => texts.extend(batch.drain(..).map(|text| text.to_string())),
            Err(closing) => return (texts, closing),
        }
    }
}

#[tokio::test]
async fn texts_leave_in_order_and_the_reason_comes_last() {
    let outbox = outbox(3, 100);
    assert!(send(&outbox, "a") && send(&outbox, "b"));
    outbox.close(Closing::NORMAL);
    outbox.close(Closing::TOO_SLOW);
    assert!(!send(&outbox, "c"));
    assert_eq!(drain(&outbox).await, (vec!["a".to_owned(), "b".to_owned()], Closing::NORMAL));
}

#[tokio::test]
async fn a_queue_over_its_messages_is_dropped_and_closed_as_too_slow() {
    let outbox = outbox(2, 100);
    assert!(send(&outbox, "a") && send(&outbox, "b"));
    assert!(!outbox.is_closed());
    assert!(!send(&outbox, "c"));
    assert!(outbox.is_closed());
    outbox.overflowed().await;
    assert_eq!(drain(&outbox).await, (vec![], Closing::TOO_SLOW));
}

#[tokio::test]
async fn a_queue_over_its_bytes_is_closed_but_one_text_alone_may_be_larger() {
    let outbox = outbox(100, 10);
    assert!(send(&outbox, "far more than ten bytes"));
    assert!(!send(&outbox, "x"));
    assert_eq!(drain(&outbox).await, (vec![], Closing::TOO_SLOW));
}

#[tokio::test]
async fn what_was_taken_makes_room_again() {
    let outbox = outbox(1, 10);
    let mut batch = VecDeque::new();
    for _ in 0..5 {
        assert!(send(&outbox, "x"));
        assert_eq!(outbox.next_batch(&mut batch).await, Ok(()));
        batch.clear();
    }
}
