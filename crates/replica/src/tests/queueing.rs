//! What waits: the bounds, the reserve of the cancels, the order.

use std::time::Duration;

use types::{AccountId, Command, OrderId, Proposal};

use super::deposit;
use crate::queue::{Patience, Queue, Turn};
use crate::{Class, Limits, Refused};

const PATIENCE: Patience =
    Patience { spin: Duration::ZERO, gather: Duration::ZERO, expected: 0, commands_max: 4 };

fn cancel() -> Command {
    Command::CancelOrder { account: AccountId(1), order: OrderId(1) }
}

fn fence() -> Command {
    Command::FenceOrders { account: AccountId(1), up_to: 9 }
}

fn submit(queue: &Queue, tag: u64, command: Command) -> Result<(), Refused> {
    queue.submit(Class::of(&command), Proposal { tag, command })
}

fn next_tags(queue: &Queue) -> Vec<u64> {
    let mut turn = Turn::default();
    queue.next_turn(&mut turn, &PATIENCE);
    turn.proposals.iter().map(|proposal| proposal.tag).collect()
}

#[test]
fn a_full_queue_refuses_orders_and_still_takes_cancels_up_to_their_own_bound() {
    let queue = Queue::new(Limits { cancels_max: 2, orders_max: 3 });
    (0..3).for_each(|tag| submit(&queue, tag, deposit(1)).expect("there is room"));
    assert_eq!(submit(&queue, 3, deposit(1)), Err(Refused::Busy { waiting: 3 }));
    submit(&queue, 4, cancel()).expect("the reserve has room");
    submit(&queue, 5, fence()).expect("a fence has a place in the reserve");
    assert_eq!(submit(&queue, 6, cancel()), Err(Refused::Busy { waiting: 2 }));
    // What was refused never comes out; the rest comes out once, and makes room.
    assert_eq!([next_tags(&queue), next_tags(&queue)], [vec![0, 1, 4, 5], vec![2]]);
    submit(&queue, 7, deposit(1)).expect("there is room again");
    assert_eq!(next_tags(&queue), [7]);
}

#[test]
fn a_batch_takes_cancels_first_and_keeps_the_order_of_arrival_among_what_it_took() {
    let queue = Queue::new(Limits { cancels_max: 9, orders_max: 9 });
    for (tag, command) in [
        (0, deposit(1)),
        (1, cancel()),
        (2, deposit(1)),
        (3, deposit(1)),
        (4, deposit(1)),
        (5, cancel()),
        (6, cancel()),
    ] {
        submit(&queue, tag, command).expect("there is room");
    }
    assert_eq!(next_tags(&queue), [0, 1, 5, 6], "of four, three are the cancels");
    assert_eq!(next_tags(&queue), [2, 3, 4]);
}

#[test]
fn a_closed_queue_hands_out_what_waits_and_an_abandoned_one_forgets_it() {
    for abandoned in [false, true] {
        let queue = Queue::new(Limits::default());
        (0..6).for_each(|tag| submit(&queue, tag, deposit(1)).expect("there is room"));
        if abandoned {
            queue.abandon();
        } else {
            queue.close();
        }
        assert_eq!(submit(&queue, 9, cancel()), Err(Refused::Stopped));
        let mut turn = Turn::default();
        queue.next_turn(&mut turn, &PATIENCE);
        let expected = if abandoned { (0, true, true) } else { (4, false, false) };
        assert_eq!((turn.proposals.len(), turn.last, turn.abandoned), expected);
    }
}

#[test]
fn inspections_are_bounded() {
    let queue = Queue::new(Limits::default());
    let max = crate::queue::INSPECTIONS_MAX;
    (0..max).for_each(|_| queue.inspect(Box::new(|_| {})).expect("there is room"));
    assert_eq!(queue.inspect(Box::new(|_| {})), Err(Refused::Busy { waiting: max }));
}
