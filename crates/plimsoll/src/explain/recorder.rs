//! Follows one account through a log and keeps its last liquidation.

use std::collections::BTreeMap;

use engine::Engine;
use gateway::venue::Domain;
use types::{
    AccountId, Amount, Contract, Entry, Event, FeedView, IndexId, IndexPrice, Instrument,
    InstrumentId, LiquidationAction, LiquidationStep, Lots, MarginSnapshot, Rounding, Seq,
    SignedLots, Ticks,
};

use super::Miss;
use super::case::{Case, Held, Item, Moment, Told};
use crate::log::words::{Words, named};

/// What is known of the account so far.
pub struct Recorder {
    domain: Domain,
    account: AccountId,
    words: Words,
    indexes: BTreeMap<InstrumentId, IndexId>,
    positions: BTreeMap<InstrumentId, Position>,
    case: Option<Case>,
    /// Trades of the step that is under way.
    fills: Vec<(Ticks, Lots)>,
    /// The last liquidation in which it stood on the other side.
    other: Option<(AccountId, Seq)>,
}

struct Position {
    size: SignedLots,
    cost: Amount,
    changed: Option<(Moment, Ticks)>,
}

impl Recorder {
    /// Nothing is known yet.
    pub fn new(domain: Domain, account: AccountId) -> Recorder {
        Recorder {
            domain,
            account,
            words: Words::new(domain),
            indexes: BTreeMap::new(),
            positions: BTreeMap::new(),
            case: None,
            fills: Vec::new(),
            other: None,
        }
    }

    /// Takes in an entry that was applied; `engine` is as of that entry. Marks and feeds do not
    /// change after the first step of an entry, so they are those that it was decided by.
    pub fn take(&mut self, entry: &Entry, events: &[Event], engine: &Engine) {
        let moment = Moment { seq: entry.seq, at: entry.at };
        for event in events {
            self.words.learn(event);
            self.take_event(event, moment, engine);
        }
    }

    fn take_event(&mut self, event: &Event, moment: Moment, engine: &Engine) {
        match event {
            Event::InstrumentListed { instrument, index, .. } => {
                self.indexes.insert(*instrument, *index);
            }
            Event::PositionChanged { account, instrument, size, cost }
                if *account == self.account =>
            {
                self.position_changed(*instrument, (*size, *cost), moment, engine);
            }
            Event::Traded(traded)
                if traded.taker.account == self.account && self.is_under_way() =>
            {
                self.fills.push((traded.price, traded.size));
            }
            Event::LiquidationStarted { account, margin, .. } if *account == self.account => {
                self.case = Some(self.begin(*margin, moment, engine));
            }
            Event::LiquidationStepped(step) => self.stepped(step, moment),
            Event::LiquidationEnded { account, end, margin, .. } if *account == self.account => {
                if let Some(case) = &mut self.case {
                    case.end = Some((moment, *end, *margin));
                }
            }
            Event::FeedHealthChanged { index, from, to, reason, .. } => {
                let held = self.indexes.iter().find(|(_, id)| *id == index);
                let spec = held.and_then(|(instrument, _)| engine.instrument(*instrument));
                let Some((spec, _)) = spec else { return };
                let index = named((spec.base, spec.quote));
                let turned = (*from, *to);
                self.feed_turned(Item::Feed { moment, index, turned, reason: *reason });
            }
            _ => (),
        }
    }

    /// It may not place orders meanwhile: all that it takes is the venue's doing.
    fn is_under_way(&self) -> bool {
        self.case.as_ref().is_some_and(|case| case.end.is_none())
    }

    fn position_changed(
        &mut self,
        instrument: InstrumentId,
        (size, cost): (SignedLots, Amount),
        moment: Moment,
        engine: &Engine,
    ) {
        if size == SignedLots::ZERO {
            self.positions.remove(&instrument);
            return;
        }
        let mark = engine.instrument(instrument).map_or(Ticks(0), |(_, mark)| mark);
        let changed = Some((moment, mark));
        self.positions.insert(instrument, Position { size, cost, changed });
    }

    fn begin(&self, margin: MarginSnapshot, begun: Moment, engine: &Engine) -> Case {
        let held = self.positions.iter();
        let positions: Vec<Held> =
            held.filter_map(|(id, position)| self.held(*id, position, engine)).collect();
        let mut feeds: Vec<FeedView> = Vec::new();
        for held in &positions {
            let feed = feed_of(held.instrument, engine);
            feeds.extend(feed.filter(|feed| feeds.iter().all(|one| one.pair != feed.pair)));
        }
        let terms = engine.waterfall().terms;
        let (account, items, end) = (self.account, Vec::new(), None);
        Case { account, begun, margin, positions, feeds, terms, items, end }
    }

    fn held(&self, instrument: InstrumentId, position: &Position, engine: &Engine) -> Option<Held> {
        let (spec, mark) = engine.instrument(instrument)?;
        let index_price = feed_of(instrument, engine)?.price;
        let Position { size, cost, changed } = *position;
        let contract = Contract::of(spec, self.domain.decimals)?;
        let lots = size.size();
        let entry = match spec.kind.is_option() {
            true => None,
            false => {
                average(contract.price_of((cost.0.abs().into(), 1), lots, Rounding::Down), spec)
            }
        };
        let worth = signed(contract.value(mark, lots, Rounding::Down), size, &contract);
        Some(Held {
            instrument,
            size,
            entry,
            mark,
            index_price,
            profit: worth.minus(cost),
            maintenance: engine.maintenance_at(instrument, size, (mark, index_price)),
            changed,
        })
    }

    fn stepped(&mut self, step: &LiquidationStep, moment: Moment) {
        if step.account != self.account {
            if counterparty(&step.action) == Some(self.account) {
                self.other = Some((step.account, moment.seq));
            }
            return;
        }
        let fills = std::mem::take(&mut self.fills);
        if let Some(case) = &mut self.case {
            case.items.push(Item::Step { moment, step: step.clone(), fills });
        }
    }

    fn feed_turned(&mut self, item: Item) {
        let Item::Feed { index, .. } = &item else { return };
        let Some(case) = &mut self.case else { return };
        let concerns = case.feeds.iter().any(|feed| named(feed.pair) == *index);
        if case.end.is_none() && concerns {
            case.items.push(item);
        }
    }

    /// What there is to tell.
    pub fn told(self, upto: Seq) -> Result<Told, Miss> {
        let account = self.account;
        match (self.case, self.other) {
            (Some(case), _) => Ok(Told { case, words: self.words, upto }),
            (None, Some((of, seq))) => Err(Miss::Counterparty { account, upto, of, seq }),
            (None, None) => Err(Miss::NoLiquidation { account, upto }),
        }
    }
}

fn feed_of(instrument: InstrumentId, engine: &Engine) -> Option<FeedView> {
    let (spec, _) = engine.instrument(instrument)?;
    engine.feed(spec.base, spec.quote)
}

/// Who stood on the other side of a step.
fn counterparty(action: &LiquidationAction) -> Option<AccountId> {
    match action {
        LiquidationAction::TakenOver { backstop: other, .. }
        | LiquidationAction::Deleveraged { counterparty: other, .. }
        | LiquidationAction::Socialised { account: other, .. } => Some(*other),
        LiquidationAction::OrdersCancelled { .. }
        | LiquidationAction::Reduced { .. }
        | LiquidationAction::Insured { .. } => None,
    }
}

/// To a tenth of a tick: the cost is whole atoms, and knows no more.
fn average(price: Option<IndexPrice>, spec: &Instrument) -> Option<IndexPrice> {
    let step = (spec.tick_price()? / 10).max(1);
    price.map(|price| IndexPrice((price.0 + step / 2) / step * step))
}

/// What a position is worth with its sign: that of an inverse future is turned.
fn signed(value: Amount, size: SignedLots, contract: &Contract) -> Amount {
    if (size.0 < 0) != contract.is_quotient() { value.negated() } else { value }
}
