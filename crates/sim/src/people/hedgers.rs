//! Those who hold options, perpetuals and futures against each other, and those who take positions
//! over.

use types::{
    AccountId, AmendOrder, BackstopTerms, CancelScope, Command, InstrumentId, MarginModel,
    OrderKind, PlaceOrder, Side, Ticks, TimeInForce,
};

use super::traders::{Eyes, FUTURE, PERPETUAL, Person, lots_of, place};
use crate::rng::Rng;
use crate::venue::Venue;

const CALL: InstrumentId = InstrumentId(2);
const PUT: InstrumentId = InstrumentId(3);

/// What somebody offers to take over.
pub fn backstop(rng: &mut Rng, venue: &Venue) -> BackstopTerms {
    let capacity = venue.worth(*rng.pick(&[20, 100, 500, 2_000, 20_000]));
    BackstopTerms { capacity, share_ppm: *rng.pick(&[0, 200_000, 333_333]) }
}

/// Positions that hedge each other, each way: where, on which side, with how many parts of a
/// bitcoin in ten.
const BOOKS: [[(InstrumentId, Side, u64); 2]; 5] = [
    [(PERPETUAL, Side::Bid, 10), (FUTURE, Side::Ask, 7)],
    [(PERPETUAL, Side::Bid, 10), (CALL, Side::Ask, 18)],
    [(FUTURE, Side::Ask, 10), (PUT, Side::Ask, 8)],
    [(CALL, Side::Bid, 10), (PUT, Side::Ask, 10)],
    [(PERPETUAL, Side::Ask, 10), (CALL, Side::Bid, 15)],
];

impl Person {
    /// Two legs at once, as large as may be taken; now and then one of them goes, cheaply.
    pub(super) fn hedge(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let account = self.account;
        match self.rng.below(40) {
            0..=13 => self.both_legs(eyes),
            14..=19 => vec![self.one_leg(eyes)],
            20..=25 => vec![self.rest_one(eyes)],
            26..=30 => self.close_one(eyes),
            31..=33 => self.amend_far(eyes).into_iter().collect(),
            34 => vec![Command::CancelOrders { account, scope: CancelScope::All }],
            35 | 38 => {
                let amount = eyes.venue.worth(self.rng.heavy(2_000));
                vec![Command::Withdraw { account, amount }]
            }
            36 => {
                let amount = eyes.venue.worth(self.rng.heavy(200));
                vec![Command::Deposit { account, amount }]
            }
            37 => {
                let model = *self.rng.pick(&[MarginModel::Portfolio, MarginModel::Standard]);
                vec![Command::SetMarginModel { account, model }]
            }
            _ => self.cancel_one().into_iter().collect(),
        }
    }

    /// Lots of so many tenths of a bitcoin.
    fn lots(eyes: &Eyes<'_>, instrument: InstrumentId, tenths: u64) -> u64 {
        let is_option = CALL <= instrument;
        match (is_option, eyes.venue.linear) {
            (false, false) => tenths * 600,
            (false, true) => tenths * 100,
            (true, false) => tenths,
            (true, true) => tenths * 10,
        }
    }

    fn order(&mut self, eyes: &Eyes<'_>, leg: (InstrumentId, Side), tenths: u64) -> PlaceOrder {
        let (instrument, side) = leg;
        let mut order = self.limit(eyes, instrument, (side, 0, 1));
        order.size = lots_of(Person::lots(eyes, instrument, tenths).max(1));
        order
    }

    fn both_legs(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let book = *self.rng.pick(&BOOKS);
        let (turns, size) = (self.rng.chance(500_000), self.rng.heavy(40));
        let legs = book.map(|(instrument, side, parts)| {
            let side = if turns { side.opposite() } else { side };
            let mut order = self.order(eyes, (instrument, side), (size * parts / 10).max(1));
            order.kind = OrderKind::Market;
            place(order)
        });
        legs.into()
    }

    fn one_leg(&mut self, eyes: &Eyes<'_>) -> Command {
        let (instrument, side) = (self.any(), self.side());
        let tenths = self.rng.heavy(20);
        let mut order = self.order(eyes, (instrument, side), tenths);
        order.kind = OrderKind::Market;
        place(order)
    }

    fn rest_one(&mut self, eyes: &Eyes<'_>) -> Command {
        let (instrument, side) = (self.any(), self.side());
        let (tenths, away) = (self.rng.heavy(20), 1 + self.rng.heavy(100));
        let mut order = self.order(eyes, (instrument, side), tenths);
        let price = self.price(eyes, instrument, side, away);
        order.kind = OrderKind::Limit { price };
        place(order)
    }

    /// Reduces, at any price that is allowed: to give away what others would need.
    fn close_one(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let (account, instrument, side) = (self.account, self.any(), self.side());
        if self.rng.chance(300_000) {
            return vec![Command::ClosePosition { account, instrument, price: None }];
        }
        let tenths = self.rng.heavy(40);
        let mut order = self.order(eyes, (instrument, side), tenths);
        order.reduce_only = self.rng.chance(700_000);
        let price = self.far(eyes, instrument, side);
        order.kind = OrderKind::Limit { price };
        if self.rng.chance(300_000) {
            order.time_in_force = TimeInForce::ImmediateOrCancel;
        }
        vec![place(order)]
    }

    /// Worse than the mark, by up to a tenth of it; of an option by nearly all.
    fn far(&mut self, eyes: &Eyes<'_>, instrument: InstrumentId, side: Side) -> Ticks {
        let at = self.price(eyes, instrument, side, 0);
        let most = if instrument < CALL { 90_000 } else { 900_000 };
        let by = u64::from(at.0) * self.rng.below(most) / 1_000_000;
        self.price(eyes, instrument, side.opposite(), by)
    }

    fn amend_far(&mut self, eyes: &Eyes<'_>) -> Option<Command> {
        let Command::CancelOrder { account, order } = self.cancel_one()? else { return None };
        let open = eyes.view.order(order)?;
        let price = self.far(eyes, open.instrument, open.side);
        Some(Command::AmendOrder(AmendOrder {
            account,
            order,
            size: None,
            price: Some(price),
            display: None,
            post_only: None,
            reduce_only: None,
            valid_until: None,
        }))
    }

    fn any(&mut self) -> InstrumentId {
        *self.rng.pick(&[PERPETUAL, FUTURE, CALL, PUT])
    }

    /// Offers, and closes again what it took over.
    pub(super) fn stand_behind(&mut self, eyes: &Eyes<'_>) -> Vec<Command> {
        let account: AccountId = self.account;
        match self.rng.below(20) {
            0 => {
                let terms = backstop(&mut self.rng, eyes.venue);
                vec![Command::OfferBackstop { account, terms }]
            }
            1 => {
                let amount = eyes.venue.worth(self.rng.heavy(10_000));
                vec![Command::Withdraw { account, amount }]
            }
            2 => {
                let amount = eyes.venue.worth(self.rng.heavy(10_000));
                vec![Command::Deposit { account, amount }]
            }
            3..=6 => vec![self.rest_one(eyes)],
            7..=9 => self.cancel_one().into_iter().collect(),
            _ => {
                let instrument = self.any();
                vec![Command::ClosePosition { account, instrument, price: None }]
            }
        }
    }
}
