//! Each checker speaks of a log that was changed on purpose, and each change is spoken of by its
//! checker.

use std::sync::OnceLock;

use types::{
    Amount, CancelReason, CloseReason, Command, Entry, Event, Lots, MarketState, PostOnly, Reject,
    Seq, Ticks, TimeInForce, TransferReason, TriggerId,
};

use super::draws::step;
use super::listings::{EXPIRY, asset};
use super::world::World;
use crate::Violation;
use crate::model::Model;

type Log = Vec<(Entry, Vec<Event>)>;

/// Changes an entry; false if there is nothing in it to change.
type Change = fn(&mut Entry, &mut Vec<Event>) -> bool;

const N_LOGS: u64 = 6;

fn logs() -> &'static [(bool, Log)] {
    static LOGS: OnceLock<Vec<(bool, Log)>> = OnceLock::new();
    LOGS.get_or_init(|| (100..100 + N_LOGS).map(recorded).collect())
}

fn recorded(seed: u64) -> (bool, Log) {
    let mut world = World::new(seed, true);
    for _ in 0..5_000 {
        step(&mut world);
    }
    while world.at.0 < EXPIRY.0 + 20_000 {
        world.at.0 += 2_000;
        world.second(true);
    }
    (world.is_linear, world.log)
}

fn model_of(is_linear: bool) -> Model {
    let (code, decimals) = if is_linear { ("USDC", 6) } else { ("BTC", 8) };
    Model::new(asset(code), decimals)
}

/// Follows a log of which one entry is changed; `None` if there was none to change.
fn follow(
    is_linear: bool,
    log: &Log,
    mut change: impl FnMut(&mut Entry, &mut Vec<Event>) -> bool,
) -> Option<Result<(), Violation>> {
    let mut model = model_of(is_linear);
    let mut is_changed = false;
    for (entry, events) in log {
        if is_changed {
            if let Err(violation) = model.follow(entry, events) {
                return Some(Err(violation));
            }
            continue;
        }
        let (mut entry, mut events) = (entry.clone(), events.clone());
        is_changed = change(&mut entry, &mut events);
        if let Err(violation) = model.follow(&entry, &events) {
            return Some(Err(violation));
        }
    }
    is_changed.then_some(Ok(()))
}

/// Changes the first event that `change` changes.
fn first(events: &mut [Event], change: impl FnMut(&mut Event) -> bool) -> bool {
    events.iter_mut().any(change)
}

/// Takes the first event away that is one.
fn drop_first(events: &mut Vec<Event>, is_one: impl Fn(&Event) -> bool) -> bool {
    let nth = events.iter().position(is_one);
    nth.map(|nth| events.remove(nth)).is_some()
}

fn traded(events: &mut [Event], change: impl Fn(&mut types::Traded)) -> bool {
    first(events, |event| match event {
        Event::Traded(trade) => {
            change(trade);
            true
        }
        _ => false,
    })
}

fn moved(events: &mut [Event], wanted: TransferReason) -> bool {
    first(events, |event| match event {
        Event::Transferred { amount, reason, .. } if *reason == wanted => {
            amount.0 += 1;
            true
        }
        _ => false,
    })
}

fn is_moved(event: &Event, wanted: TransferReason) -> bool {
    matches!(event, Event::Transferred { reason, .. } if *reason == wanted)
}

/// The order that is placed and trades in these events, to be changed.
fn taker(events: &mut [Event]) -> Option<&mut types::OrderPlaced> {
    let trades = events.iter().find_map(|event| match event {
        Event::Traded(trade) => Some(trade.taker.order),
        _ => None,
    })?;
    events.iter_mut().find_map(|event| match event {
        Event::OrderPlaced(placed) if placed.order == trades => Some(&mut **placed),
        _ => None,
    })
}

/// What is broken, who must speak of it, and how.
const CHANGES: &[(&str, &[&str], Change)] = &[
    ("a place in the log is left out", &["LOG-COHERENT"], |entry, _| {
        entry.seq = Seq(entry.seq.0 + 1);
        100 < entry.seq.0
    }),
    ("a refusal is not alone", &["LOG-COHERENT"], |_, events| {
        let [Event::Refused(reject)] = events.as_slice() else {
            return false;
        };
        let other = Event::Refused(reject.clone());
        events.push(other);
        true
    }),
    ("a deposit is an atom more", &["MONEY-CONSERVED"], |_, events| {
        moved(events, TransferReason::Deposit)
    }),
    ("a fee does not move", &["MONEY-CONSERVED"], |_, events| {
        drop_first(events, |event| is_moved(event, TransferReason::Fee))
    }),
    ("a fee moves twice", &["MONEY-CONSERVED"], |_, events| {
        let nth = events.iter().position(|event| is_moved(event, TransferReason::Fee));
        nth.is_some_and(|nth| {
            events.insert(nth, events[nth].clone());
            true
        })
    }),
    ("a profit is an atom more", &["MONEY-CONSERVED"], |_, events| {
        moved(events, TransferReason::Realised)
    }),
    ("a premium is an atom more", &["MONEY-CONSERVED"], |_, events| {
        moved(events, TransferReason::Premium)
    }),
    ("money leaves clearing", &["POSITIONS-ZERO-SUM", "MONEY-CONSERVED"], |_, events| {
        let found = events.iter().find_map(|event| match event {
            Event::Transferred { from, to, reason: TransferReason::Realised, .. } => {
                let reason = TransferReason::Delivery;
                Some(Event::Transferred { from: *from, to: *to, amount: Amount(1), reason })
            }
            _ => None,
        });
        found.is_some_and(|more| {
            events.push(more);
            true
        })
    }),
    ("a trade costs an atom more", &["FEES-EXACT"], |_, events| {
        traded(events, |trade| trade.taker.fee.0 += 1)
    }),
    ("a rebate is an atom more", &["FEES-EXACT"], |_, events| {
        traded(events, |trade| trade.maker.fee.0 -= 1)
    }),
    ("a profit is told an atom too high", &["POSITIONS-AGREE"], |_, events| {
        traded(events, |trade| trade.maker.realised.0 += 1)
    }),
    ("a cost is an atom more", &["POSITIONS-AGREE"], |_, events| {
        first(events, |event| match event {
            Event::PositionChanged { cost, .. } => {
                cost.0 += 1;
                true
            }
            _ => false,
        })
    }),
    ("a position is not told", &["POSITIONS-AGREE"], |_, events| {
        drop_first(events, |event| matches!(event, Event::PositionChanged { .. }))
    }),
    ("a trade is a tick better", &["PRICE-TIME", "AUCTION-ONE-PRICE"], |_, events| {
        traded(events, |trade| trade.price = Ticks(trade.price.0 + 1))
    }),
    ("a trade is a lot larger", &["PRICE-TIME", "AUCTION-ONE-PRICE"], |_, events| {
        traded(events, |trade| trade.size = Lots(trade.size.0 + 1))
    }),
    ("a trade is passed over", &["PRICE-TIME", "ORDER-LIFE"], |_, events| {
        drop_first(events, |event| matches!(event, Event::Traded(_))) && {
            events.retain(|event| {
                !matches!(event, Event::Transferred { .. } | Event::PositionChanged { .. })
            });
            true
        }
    }),
    ("a mark is another one", &["PRICE-TIME"], |_, events| {
        traded(events, |trade| trade.mark = Ticks(trade.mark.0 + 1))
    }),
    ("a post-only order takes", &["PRICE-TIME"], |_, events| {
        taker(events).is_some_and(|placed| {
            let is_limit = matches!(placed.kind, types::OrderKind::Limit { .. });
            let changes = is_limit && !placed.reduce_only;
            if changes {
                placed.post_only = PostOnly::Reject;
            }
            changes
        })
    }),
    ("a limit is left behind", &["PRICE-TIME", "ORDER-LIFE"], |_, events| {
        taker(events).is_some_and(|placed| {
            let is_bid = placed.side == types::Side::Bid;
            placed.price = if is_bid { Ticks(1) } else { Ticks::MAX };
            true
        })
    }),
    ("a reduce-only order opens", &["REDUCE-ONLY"], |entry, events| {
        let is_set = matches!(entry.command, Command::PlaceOrder(_));
        let Some(placed) = taker(events).filter(|_| is_set) else {
            return false;
        };
        let is_first = placed.account.0 % 2 == 0 && !placed.reduce_only;
        placed.reduce_only = true;
        is_first
    }),
    ("fill-or-kill fills a part", &["ORDER-LIFE"], |_, events| {
        let rests: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::OrderRested { order, .. } => Some(*order),
                _ => None,
            })
            .collect();
        taker(events).is_some_and(|placed| {
            placed.time_in_force = TimeInForce::FillOrKill;
            rests.contains(&placed.order)
        })
    }),
    ("an order does not come to rest", &["ORDER-LIFE"], |_, events| {
        drop_first(events, |event| matches!(event, Event::OrderRested { .. }))
    }),
    ("an order rests with a lot more", &["ORDER-LIFE"], |_, events| {
        first(events, |event| match event {
            Event::OrderRested { open, .. } => {
                *open = Lots(open.0 + 1);
                true
            }
            _ => false,
        })
    }),
    ("an iceberg shows nothing more", &["PRICE-TIME", "ORDER-LIFE"], |_, events| {
        drop_first(events, |event| matches!(event, Event::OrderReplenished { .. }))
    }),
    ("an order closes as filled, and is not", &["ORDER-LIFE"], |_, events| {
        first(events, |event| match event {
            Event::OrderClosed { reason, .. } if *reason != CloseReason::Filled => {
                let is_asked = *reason == CloseReason::Cancelled(CancelReason::Asked);
                if !is_asked {
                    *reason = CloseReason::Filled;
                }
                !is_asked
            }
            _ => false,
        })
    }),
    ("an amendment keeps its place, or loses it", &["AMEND-KEEPS-PLACE"], |_, events| {
        first(events, |event| match event {
            Event::OrderAmended { kept_place, asked: true, displayed, .. } => {
                let is_over = *displayed == Lots(0) && *kept_place;
                *kept_place = !*kept_place;
                !is_over
            }
            _ => false,
        })
    }),
    ("an amendment is nobody's", &["AMEND-KEEPS-PLACE"], |_, events| {
        first(events, |event| match event {
            Event::OrderAmended { asked, .. } if !*asked => {
                *asked = true;
                true
            }
            _ => false,
        })
    }),
    ("an auction is a tick off", &["AUCTION-ONE-PRICE"], |_, events| {
        first(events, |event| match event {
            Event::AuctionEnded { indication: Some(indication), .. } => {
                indication.price = Ticks(indication.price.0 + 1);
                true
            }
            _ => false,
        })
    }),
    ("an indication has a lot too many", &["AUCTION-ONE-PRICE"], |_, events| {
        first(events, |event| match event {
            Event::AuctionIndicated { indication: Some(indication), .. } => {
                indication.volume += 1;
                true
            }
            _ => false,
        })
    }),
    ("two of a group trade", &["SELF-TRADE"], |_, events| {
        traded(events, |trade| trade.maker.account = trade.taker.account)
    }),
    ("a repetition names another order", &["CLIENT-ID-ONCE"], |_, events| {
        first(events, |event| match event {
            Event::OrderRepeated { order } => {
                order.0 += 1 << 22;
                true
            }
            _ => false,
        })
    }),
    ("an id places a second order", &["CLIENT-ID-ONCE"], |entry, events| {
        let [Event::OrderRepeated { order }] = events.as_slice() else {
            return false;
        };
        let Command::PlaceOrder(asked) = &entry.command else {
            return false;
        };
        let types::OrderKind::Limit { price } = asked.kind else {
            return false;
        };
        *events = vec![Event::OrderPlaced(Box::new(types::OrderPlaced {
            order: types::OrderId(order.0 + (1 << 40)),
            account: asked.account,
            instrument: asked.instrument,
            side: asked.side,
            kind: asked.kind,
            price,
            size: asked.size,
            display: asked.display,
            time_in_force: asked.time_in_force,
            post_only: asked.post_only,
            reduce_only: true,
            mmp: false,
            quote_group: None,
            label: asked.label.clone(),
            client_order_id: asked.client_order_id.clone(),
            session: None,
        }))];
        true
    }),
    ("something is placed behind a fence", &["FENCE-HOLDS"], |entry, events| {
        let Command::FenceOrders { up_to, .. } = &mut entry.command else {
            return false;
        };
        *up_to = u64::MAX;
        first(events, |event| match event {
            Event::OrdersFenced { up_to, .. } => {
                *up_to = u64::MAX;
                true
            }
            _ => false,
        })
    }),
    ("a cancel is refused", &["CANCEL-GETS-IN"], |entry, events| {
        let Command::CancelOrder { order, .. } = entry.command else {
            return false;
        };
        let is_gone = matches!(events.first(), Some(Event::OrderClosed { .. }));
        if is_gone {
            *events = vec![Event::Refused(Reject::OrderNotOpen { order }.into())];
        }
        is_gone
    }),
    ("the cancel of a trigger is refused", &["CANCEL-GETS-IN"], |entry, events| {
        let Command::CancelOrder { order, .. } = entry.command else {
            return false;
        };
        let is_gone = matches!(events.first(), Some(Event::TriggerClosed { .. }));
        if is_gone {
            *events = vec![Event::Refused(Reject::OrderNotOpen { order }.into())];
        }
        is_gone
    }),
    ("a mass cancel leaves an order", &["CANCEL-GETS-IN"], |entry, events| {
        matches!(entry.command, Command::CancelOrders { .. })
            && drop_first(events, |event| matches!(event, Event::OrderClosed { .. }))
    }),
    ("a mass cancel leaves a trigger", &["CANCEL-GETS-IN"], |entry, events| {
        matches!(entry.command, Command::CancelOrders { .. })
            && drop_first(events, |event| matches!(event, Event::TriggerClosed { .. }))
    }),
    (
        "a market is in a state that nothing holds it in",
        &["HALT-HOLDS", "STATE-ALLOWS"],
        |_, events| {
            first(events, |event| match event {
                Event::StateChanged { to, .. } if *to == MarketState::Open => {
                    *to = MarketState::CancelOnly;
                    true
                }
                _ => false,
            })
        },
    ),
    ("a stopped market trades", &["STATE-ALLOWS"], |entry, events| {
        let opened = events.iter_mut().find_map(|event| match event {
            Event::StateChanged { to, instrument, .. } if *to == MarketState::Open => {
                *to = MarketState::CancelOnly;
                Some(*instrument)
            }
            _ => None,
        });
        let Some(instrument) = opened else {
            return false;
        };
        events.push(Event::Halted(Box::new(types::Halt {
            scope: types::Scope::Instrument(instrument),
            cause: types::Cause::Operator,
            state: MarketState::CancelOnly,
            since: entry.at,
            until: None,
            value: 0,
            limit: 0,
        })));
        true
    }),
    ("a group does not freeze", &["MMP-FREEZES"], |_, events| {
        drop_first(events, |event| matches!(event, Event::MmpTriggered { .. }))
    }),
    ("a frozen group leaves an order", &["MMP-FREEZES", "ORDER-LIFE"], |_, events| {
        drop_first(events, |event| {
            let reason = CloseReason::Cancelled(CancelReason::MmpTriggered);
            matches!(event, Event::OrderClosed { reason: of, .. } if *of == reason)
        })
    }),
    ("a trigger fires twice", &["TRIGGER-REACHED"], |_, events| {
        let nth = events.iter().position(|event| matches!(event, Event::Triggered { .. }));
        nth.is_some_and(|nth| {
            let again = events[nth].clone();
            events.push(again);
            true
        })
    }),
    ("another trigger fires", &["TRIGGER-REACHED"], |_, events| {
        first(events, |event| match event {
            Event::Triggered { trigger, .. } => {
                *trigger = TriggerId(trigger.0 + 100_000);
                true
            }
            _ => false,
        })
    }),
    (
        "a trigger that is due does not fire",
        &["TRIGGER-DUE", "TRIGGER-REACHED", "CANCEL-GETS-IN"],
        |entry, events| {
            let is_tick = entry.command == Command::Tick;
            let nth = events.iter().position(|event| {
                matches!(event, Event::TriggerClosed { end: types::TriggerEnd::Refused(_), .. })
            });
            is_tick && nth.map(|nth| events.remove(nth)).is_some()
        },
    ),
    ("trailing stops do not follow", &["TRIGGER-DUE", "TRIGGER-REACHED"], |entry, events| {
        entry.command == Command::Tick
            && drop_first(events, |event| matches!(event, Event::TriggersMoved(_)))
    }),
    ("trailing stops follow too far", &["TRIGGER-REACHED"], |_, events| {
        first(events, |event| match event {
            Event::TriggersMoved(moved) => {
                moved.best = moved.best.with_number(moved.best.number() + 1);
                true
            }
            _ => false,
        })
    }),
    ("a feed is healthy at once", &["GATE-FRESH"], |_, events| {
        first(events, |event| match event {
            Event::FeedHealthChanged { to, .. } if *to == types::Health::Degraded => {
                *to = types::Health::Healthy;
                true
            }
            _ => false,
        })
    }),
    ("a feed stays healthy after a start", &["GATE-FRESH"], |entry, events| {
        entry.command == Command::StartTerm
            && drop_first(events, |event| matches!(event, Event::FeedHealthChanged { .. }))
    }),
    ("funding is told a billionth too high", &["FUNDING-EXACT"], |_, events| {
        first(events, |event| match event {
            Event::FundingAccrued { interest_ppb, .. } => {
                *interest_ppb += 1;
                true
            }
            _ => false,
        })
    }),
    ("funding is not told", &["FUNDING-EXACT"], |_, events| {
        drop_first(events, |event| matches!(event, Event::FundingAccrued { .. }))
    }),
    ("funding is an atom more", &["FUNDING-EXACT"], |_, events| {
        moved(events, TransferReason::Funding)
    }),
    ("a holder does not pay its funding", &["FUNDING-EXACT"], |_, events| {
        drop_first(events, |event| is_moved(event, TransferReason::Funding))
    }),
    ("equity is told an atom too low", &["LIQUIDATION-JUST"], |_, events| {
        first(events, |event| match event {
            Event::LiquidationStarted { margin, .. } => {
                margin.equity.0 -= 1;
                true
            }
            _ => false,
        })
    }),
    ("who has enough is liquidated", &["LIQUIDATION-JUST", "PORTFOLIO-EXACT"], |_, events| {
        first(events, |event| match event {
            Event::LiquidationStarted { margin, .. } => {
                margin.maintenance = margin.equity;
                true
            }
            _ => false,
        })
    }),
    ("a round closes more than is wanted", &["LIQUIDATION-JUST"], |_, events| {
        first(events, |event| match event {
            Event::LiquidationStepped(step) => match &mut step.action {
                types::LiquidationAction::Reduced { wanted, filled, .. } => {
                    *filled = Lots(wanted.0 + 1);
                    true
                }
                _ => false,
            },
            _ => false,
        })
    }),
    ("a winner gives more than it won", &["LIQUIDATION-JUST"], |_, events| {
        first(events, |event| match event {
            Event::LiquidationStepped(step) => match &mut step.action {
                types::LiquidationAction::Deleveraged { haircut, .. } => {
                    *haircut = Amount(1 << 50);
                    true
                }
                _ => false,
            },
            _ => false,
        })
    }),
    ("a liquidation ends too early", &["LIQUIDATION-JUST"], |_, events| {
        first(events, |event| match event {
            Event::LiquidationEnded { margin, .. } => {
                margin.maintenance.0 = margin.equity.0 + 1;
                true
            }
            _ => false,
        })
    }),
    ("a holder is delivered an atom more", &["DELIVERY-FLAT"], |_, events| {
        moved(events, TransferReason::Delivery)
    }),
    ("a delivery is at another price", &["DELIVERY-FLAT"], |_, events| {
        first(events, |event| match event {
            Event::InstrumentDelivered { price, .. } => {
                price.0 += 1;
                true
            }
            _ => false,
        })
    }),
    ("an expiry is settled beside the mean of its samples", &["DELIVERY-MEAN"], |_, events| {
        first(events, |event| match event {
            Event::DeliveryPriced { price, .. } => {
                price.0 += 1;
                true
            }
            _ => false,
        })
    }),
    ("a market trades further than its breaker allows", &["BREAKER-HOLDS"], |_, events| {
        first(events, |event| match event {
            Event::BreakersSet { terms, .. } => terms.velocity.as_mut().is_some_and(|velocity| {
                velocity.move_ppm = 1;
                true
            }),
            _ => false,
        })
    }),
    ("an expiry is priced before its time", &["DELIVERY-FLAT"], |_, events| {
        first(events, |event| match event {
            Event::DeliveryPriced { expiry, at, .. } => {
                expiry.0 = at.0 + 1;
                true
            }
            _ => false,
        })
    }),
    ("less is needed to stay by scenarios than is told", &["PORTFOLIO-EXACT"], |_, events| {
        model_set(events, |margin| {
            let is_some = 1_000 < margin.maintenance.0;
            margin.maintenance.0 /= if is_some { 2 } else { 1 };
            is_some
        })
    }),
    ("a model is taken by who has not what it needs", &["PORTFOLIO-COVERED"], |_, events| {
        model_set(events, |margin| {
            margin.initial.0 = margin.equity.0 + 1;
            true
        })
    }),
    (
        "orders are taken by other scenarios",
        &["PORTFOLIO-COVERED", "PORTFOLIO-EXACT"],
        |_, events| {
            first(events, |event| match event {
                Event::PortfolioSet { terms, .. } => {
                    terms.future_initial_ppm = 1_000_000;
                    true
                }
                _ => false,
            })
        },
    ),
    ("an atom more comes with a position", &["BACKSTOP-FAIR"], |_, events| {
        first(events, |event| match event {
            Event::LiquidationStepped(step) => match &mut step.action {
                types::LiquidationAction::TakenOver { margin, .. } => {
                    margin.0 += 1;
                    true
                }
                _ => false,
            },
            _ => false,
        })
    }),
];

/// Changes the first margin that is told when an account comes under portfolio margin.
fn model_set(events: &mut [Event], change: impl Fn(&mut types::MarginSnapshot) -> bool) -> bool {
    first(events, |event| match event {
        Event::MarginModelSet { model: types::MarginModel::Portfolio, margin, .. } => {
            change(margin)
        }
        _ => false,
    })
}

/// What a backstop offered was less, or nothing: seen once it takes a position over.
#[test]
fn a_backstop_that_offered_less_is_seen() {
    let takes = |event: &Event| match event {
        Event::LiquidationStepped(step) => {
            matches!(step.action, types::LiquidationAction::TakenOver { .. })
        }
        _ => false,
    };
    let changes: [Change; 3] = [
        |_, events| drop_first(events, |event| matches!(event, Event::BackstopOffered { .. })),
        |_, events| offered(events, |terms| terms.capacity.0 = 1),
        |_, events| offered(events, |terms| terms.share_ppm = 900_000),
    ];
    let mut n_seen = 0;
    for (is_linear, log) in logs() {
        if !log.iter().flat_map(|(_, events)| events).any(takes) {
            continue;
        }
        for change in changes {
            let followed = follow(*is_linear, log, change);
            let spoken = followed.and_then(Result::err).map(|violation| violation.checker);
            assert_eq!(spoken, Some("BACKSTOP-FAIR"));
        }
        n_seen += 1;
    }
    assert!(0 < n_seen, "nobody takes a position over in these logs");
}

fn offered(events: &mut [Event], change: impl Fn(&mut types::BackstopTerms)) -> bool {
    first(events, |event| match event {
        Event::BackstopOffered { terms, .. } => {
            change(terms);
            true
        }
        _ => false,
    })
}

/// Whoever is refused for money is told that more is missing: under portfolio margin that is seen.
#[test]
fn a_refusal_with_other_numbers_is_seen() {
    let mut n_seen = 0;
    for (is_linear, log) in logs() {
        let mut model = model_of(*is_linear);
        for (entry, events) in log {
            let mut events = events.clone();
            if let [Event::Refused(reject)] = events.as_mut_slice()
                && let Reject::MarginInsufficient { missing, .. } = &mut **reject
            {
                missing.0 += 1;
            }
            if let Err(violation) = model.follow(entry, &events) {
                assert_eq!(violation.checker, "PORTFOLIO-EXACT");
                n_seen += 1;
                break;
            }
        }
    }
    assert!(0 < n_seen, "nobody under portfolio margin is refused in these logs");
}

#[test]
fn each_broken_log_is_spoken_of_by_its_checker() {
    let mut silent = Vec::new();
    for (says, checkers, change) in CHANGES {
        let mut heard = Vec::new();
        for (is_linear, log) in logs() {
            let Some(followed) = follow(*is_linear, log, *change) else {
                continue;
            };
            let spoken = followed.err();
            let is_right = spoken.as_ref().is_some_and(|by| checkers.contains(&by.checker));
            heard.push((is_right, spoken));
        }
        // What is broken may do no harm before the log ends: then nothing is said.
        let n_right = heard.iter().filter(|(is_right, _)| *is_right).count();
        let is_wrong = heard.iter().any(|(is_right, spoken)| !is_right && spoken.is_some());
        if is_wrong || n_right == 0 || n_right * 2 < heard.len() {
            silent.push(format!("{says}: {heard:?}"));
        }
    }
    assert!(silent.is_empty(), "not spoken of, or by another:\n{}", silent.join("\n"));
}

#[test]
fn a_log_that_is_left_alone_is_not_spoken_of() {
    for (is_linear, log) in logs() {
        let followed = follow(*is_linear, log, |entry, _| entry.seq == Seq(1));
        assert_eq!(followed, Some(Ok(())));
    }
}

#[test]
fn a_deposit_that_is_lost_is_seen_by_comparison() {
    let mut world = World::new(3, true);
    let log = core::mem::take(&mut world.log);
    let mut model = model_of(world.is_linear);
    for (entry, events) in &log {
        let is_lost = matches!(entry.command, Command::Deposit { account, .. } if account.0 == 9);
        let events = if is_lost { &[] } else { events.as_slice() };
        assert_eq!(model.follow(entry, events), Ok(()));
    }
    let compared = model.compare(&world.engine);
    assert_eq!(compared.map_err(|violation| violation.checker), Err("ENGINE-AGREES"));
}

/// A trigger of this log that fires, and stood at a price.
fn fired(log: &Log) -> Option<TriggerId> {
    let mut stops = std::collections::BTreeSet::new();
    log.iter().flat_map(|(_, events)| events).find_map(|event| match event {
        Event::TriggerPlaced(placed) if placed.best.is_none() => {
            stops.insert(placed.trigger);
            None
        }
        Event::Triggered { trigger, .. } => stops.contains(trigger).then_some(*trigger),
        _ => None,
    })
}

#[test]
fn a_trigger_that_fires_before_its_price_is_seen() {
    let mut n_seen = 0;
    for (is_linear, log) in logs() {
        let Some(id) = fired(log) else {
            continue;
        };
        let followed = follow(*is_linear, log, |_, events| {
            first(events, |event| match event {
                Event::TriggerPlaced(placed) if placed.trigger == id => {
                    let way = placed.terms.kind.way(placed.terms.order.side);
                    let level = &mut placed.terms.level;
                    *level = match way {
                        types::TriggerWay::Falling => level.with_number(1),
                        types::TriggerWay::Rising => level.with_number(u64::MAX),
                    };
                    true
                }
                _ => false,
            })
        });
        let spoken = followed.and_then(Result::err).map(|violation| violation.checker);
        assert_eq!(spoken, Some("TRIGGER-REACHED"));
        n_seen += 1;
    }
    assert!(0 < n_seen, "no stop fires in these logs");
}

/// Reports go missing from some entry on, and the venue goes on as if it had them.
#[test]
fn a_feed_that_nobody_feeds_is_seen() {
    for (is_linear, log) in logs() {
        let mut model = model_of(*is_linear);
        let mut spoken = None;
        for (entry, events) in log {
            let mut events = events.clone();
            if 3_000 < entry.seq.0 {
                events.retain(|event| !matches!(event, Event::PriceReported { .. }));
            }
            spoken = model.follow(entry, &events).err();
            if spoken.is_some() {
                break;
            }
        }
        let by = spoken.map(|violation| violation.checker);
        assert!(matches!(by, Some("GATE-FRESH" | "FUNDING-EXACT")), "{by:?}");
    }
}
