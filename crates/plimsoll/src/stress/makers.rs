//! Market makers: they quote both sides around the price outside, wider and with less as it moves
//! more, and leave when it moves too much.
//!
//! ```text
//!   half spread = manner × nerves        size a level = share of the depth / nerves
//!   fair = outside × (1 − skew × inventory / limit)
//! ```
//! They have the money for all that they may hold, so that what they do is their choice and not
//! their margin's.

use types::{AccountId, At, CancelScope, Command, Side};

use super::grid::ONE;
use super::outside::Outside;
use super::stage::{Ask, Stage};
use super::terms::Terms;

/// Levels a side.
const LEVELS: u32 = 6;
/// From the first level to the last while it is calm.
const REACH: f64 = 0.008;
/// How far from the price outside they quote at most: within the venue's band.
const REACH_MAX: f64 = 0.08;
/// How far a full inventory moves what they think is fair.
const SKEW: f64 = 0.005;
/// They come back when nerves are below this part of where they left.
const CALMED: f64 = 0.7;

/// Nerves that differ by less are the same.
const SAME: f64 = 0.1;

/// A way of making a market.
struct Manner {
    /// Of depth and inventory, percent.
    share: f64,
    /// Half of the spread while it is calm, as a part of the price.
    half_spread: f64,
    /// Nerves at which it leaves.
    leaves_at: f64,
    /// Seconds between two looks.
    every_s: u64,
    /// Seconds that it stays away at least.
    away_s: u64,
}

/// From the fastest, which leaves first, to one that is obliged to stay.
#[rustfmt::skip]
const MANNERS: [Manner; 4] = [
    Manner { share: 0.35, half_spread: 0.000_2, leaves_at: 6.0,           every_s: 1, away_s: 60 },
    Manner { share: 0.30, half_spread: 0.000_4, leaves_at: 12.0,          every_s: 2, away_s: 30 },
    Manner { share: 0.20, half_spread: 0.000_8, leaves_at: 25.0,          every_s: 3, away_s: 30 },
    Manner { share: 0.15, half_spread: 0.002,   leaves_at: f64::INFINITY, every_s: 5, away_s: 0 },
];

/// All of them.
pub struct Makers {
    all: Vec<Maker>,
}

struct Maker {
    account: AccountId,
    manner: &'static Manner,
    /// Most lots, either way.
    limit: u32,
    /// Until when it stays away.
    away_until: Option<At>,
    /// What its quotes were made by, while they stand as they were made.
    quoted: Option<Sight>,
}

/// What a maker looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sight {
    price: f64,
    held: i64,
    nerves: f64,
}

impl Makers {
    /// Opens their accounts.
    pub fn enter(stage: &mut Stage, terms: &Terms, price: f64) -> anyhow::Result<Makers> {
        let mut all = Vec::new();
        for manner in &MANNERS {
            let limit = terms.makers * manner.share;
            let account = stage.fund(((limit + terms.depth * manner.share) * ONE) as i64)?;
            let limit = stage.grid.lots(limit, price);
            all.push(Maker { account, manner, limit, away_until: None, quoted: None });
        }
        Ok(Makers { all })
    }

    /// Whoever's turn it is looks, and quotes anew or leaves.
    pub fn act(&mut self, stage: &mut Stage, outside: &Outside, depth: f64, at: At) {
        for maker in &mut self.all {
            if (at.0 / 1_000).is_multiple_of(maker.manner.every_s) {
                maker.act(stage, outside, depth, at);
            }
        }
    }

    /// Their accounts.
    pub fn accounts(&self) -> impl Iterator<Item = u32> {
        self.all.iter().map(|maker| maker.account.0)
    }

    /// How many are not there.
    pub fn n_away(&self) -> usize {
        self.all.iter().filter(|maker| maker.away_until.is_some()).count()
    }
}

impl Maker {
    fn act(&mut self, stage: &mut Stage, outside: &Outside, depth: f64, at: At) {
        let Maker { account, manner, .. } = *self;
        let (held, nerves) = (stage.tally.position(account), outside.nerves());
        let sight = Sight { price: outside.price(), held, nerves };
        if self.quoted.is_some_and(|quoted| quoted.is_still(&sight)) {
            return;
        }
        stage.apply(Command::CancelOrders { account, scope: CancelScope::All });
        self.quoted = None;
        if let Some(until) = self.away_until {
            if at < until || manner.leaves_at * CALMED < nerves {
                return;
            }
            self.away_until = None;
        }
        if manner.leaves_at <= nerves {
            self.away_until = Some(at.plus_ms(manner.away_s * 1_000));
            return;
        }
        self.quoted = self.quote(stage, &sight, depth).then_some(sight);
    }

    /// Whether every quote was taken.
    fn quote(&self, stage: &mut Stage, sight: &Sight, depth: f64) -> bool {
        let Sight { price, held, nerves } = *sight;
        let filled = held as f64 / f64::from(self.limit.max(1));
        let fair = price * (1.0 - SKEW * filled.clamp(-1.0, 1.0));
        let size = depth * self.manner.share / nerves / f64::from(LEVELS);
        let lots = f64::from(stage.grid.lots(size, price));
        let mut stands = true;
        for level in 0..LEVELS {
            let far = REACH * nerves.sqrt() * f64::from(level) / f64::from(LEVELS);
            let far = (self.manner.half_spread * nerves + far).min(REACH_MAX);
            for (side, way, full) in [(Side::Bid, -far, filled), (Side::Ask, far, -filled)] {
                let price = stage.grid.passive(fair * (1.0 + way), side);
                let lots = (lots * (1.0 - full).clamp(0.0, 1.0)) as u32;
                let order = Ask { side, price, lots, rests: true, reduces: false };
                stands &= lots == 0 || stage.order(self.account, order);
            }
        }
        stands
    }
}

impl Sight {
    /// Whether quotes by this are good enough for that.
    fn is_still(&self, now: &Sight) -> bool {
        let calmer = (now.nerves / self.nerves - 1.0).abs();
        self.price == now.price && self.held == now.held && calmer < SAME
    }
}
