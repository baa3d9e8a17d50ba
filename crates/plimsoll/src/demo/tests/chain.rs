//! Options of one expiry at one moment, and whether their marks allow arbitrage.
//!
//! A mark is rounded: what it stands for lies within half a tick of it, and where it is the least
//! that there is, between nothing and one tick and a half. Only what no worths within those limits
//! could explain is arbitrage, so every finding is real.

use types::{Style, Ticks};

/// What a mark may stand for, in the unit of the price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    pub least: f64,
    pub most: f64,
}

/// A call and a put.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub strike: f64,
    pub call: Worth,
    pub put: Worth,
}

/// One expiry, by ascending strike.
#[derive(Clone, Debug)]
pub struct Chain {
    pub style: Style,
    pub forward: Worth,
    pub pairs: Vec<Pair>,
}

/// Room for the last bits of a float, as a part of what is compared.
const ROOM: f64 = 1e-9;

impl Worth {
    /// Of a mark.
    pub fn of(mark: Ticks, tick: f64) -> Worth {
        let ticks = f64::from(mark.0);
        let least = if mark.0 <= 1 { 0.0 } else { ticks - 0.5 };
        Worth { least: least * tick, most: (ticks + 0.5) * tick }
    }
}

fn exceeds(one: f64, other: f64) -> bool {
    other + ROOM * (1.0 + other.abs()) < one
}

impl Chain {
    /// The first way to profit from marks alone.
    pub fn arbitrage(&self) -> Option<String> {
        let faults = [self.parity(), self.spreads(), self.butterflies()];
        faults.into_iter().flatten().next()
    }

    /// What a unit of the quote is worth in the unit of the price: an inverse option is priced in
    /// coin, which is worth the forward.
    fn unit(&self) -> Worth {
        match self.style {
            Style::Linear => Worth { least: 1.0, most: 1.0 },
            Style::Inverse => {
                Worth { least: 1.0 / self.forward.most, most: 1.0 / self.forward.least }
            }
        }
    }

    /// A call less a put is the forward less the strike (nothing is discounted: interest is zero).
    fn parity(&self) -> Option<String> {
        let worth = |forward: f64, strike: f64| match self.style {
            Style::Linear => forward - strike,
            Style::Inverse => 1.0 - strike / forward,
        };
        let faulty = self.pairs.iter().find(|Pair { strike, call, put }| {
            let least = worth(self.forward.least, *strike);
            let most = worth(self.forward.most, *strike);
            exceeds(call.least - put.most, most) || exceeds(least, call.most - put.least)
        });
        faulty.map(|pair| format!("parity: {pair:?} with the forward {:?}", self.forward))
    }

    /// With the strike calls fall and puts rise, and neither by more than it.
    fn spreads(&self) -> Option<String> {
        let unit = self.unit();
        let faulty = self.pairs.windows(2).find(|two| {
            let [one, next] = two else { return false };
            let apart = (next.strike - one.strike) * unit.most;
            exceeds(next.call.least, one.call.most)
                || exceeds(one.put.least, next.put.most)
                || exceeds(one.call.least - next.call.most, apart)
                || exceeds(next.put.least - one.put.most, apart)
        });
        faulty.map(|two| format!("spread: {two:?}"))
    }

    /// Both are convex in the strike: of any three, the middle one is worth no more than the outer
    /// two by their distances.
    fn butterflies(&self) -> Option<String> {
        let all = &self.pairs;
        let count = all.len();
        let triples = (0..count).flat_map(|left| {
            (left + 1..count)
                .flat_map(move |middle| (middle + 1..count).map(move |right| (left, middle, right)))
        });
        let mut triples = triples.map(|(left, middle, right)| (all[left], all[middle], all[right]));
        let faulty = triples.find(|(left, middle, right)| {
            let share = (right.strike - middle.strike) / (right.strike - left.strike);
            let between =
                |left: Worth, right: Worth| share * left.most + (1.0 - share) * right.most;
            exceeds(middle.call.least, between(left.call, right.call))
                || exceeds(middle.put.least, between(left.put, right.put))
        });
        faulty.map(|triple| format!("butterfly: {triple:?}"))
    }
}

fn chain(style: Style, forward: f64, rows: &[(f64, u32, u32)], tick: f64) -> Chain {
    let pairs = rows.iter().map(|(strike, call, put)| Pair {
        strike: *strike,
        call: Worth::of(Ticks(*call), tick),
        put: Worth::of(Ticks(*put), tick),
    });
    let forward = Worth { least: forward, most: forward };
    Chain { style, forward, pairs: pairs.collect() }
}

/// Each fault by itself, and what rounding explains is none.
#[test]
fn arbitrage_is_found_where_no_rounding_explains_it() {
    let found = |rows: &[(f64, u32, u32)]| {
        let fault = chain(Style::Linear, 100.0, rows, 1.0).arbitrage();
        fault.map_or("none".into(), |fault| fault.split(':').next().unwrap_or("").to_owned())
    };
    assert_eq!(found(&[(90.0, 12, 2), (100.0, 5, 5), (110.0, 2, 12)]), "none");
    // Two halves of a tick.
    assert_eq!(found(&[(90.0, 13, 2), (100.0, 5, 5), (110.0, 2, 12)]), "none");
    assert_eq!(found(&[(90.0, 14, 2), (100.0, 5, 5), (110.0, 2, 12)]), "parity");
    assert_eq!(found(&[(90.0, 12, 2), (100.0, 5, 7), (110.0, 2, 12)]), "parity");
    // A worth of next to nothing is marked with one tick.
    assert_eq!(found(&[(80.0, 20, 1), (120.0, 1, 20)]), "none");
    assert_eq!(found(&[(80.0, 22, 2), (90.0, 12, 2), (95.0, 13, 8), (100.0, 5, 5)]), "spread");
    assert_eq!(found(&[(90.0, 12, 2), (100.0, 9, 9), (110.0, 2, 12)]), "butterfly");
    let inverse = |rows: &[(f64, u32, u32)]| chain(Style::Inverse, 100.0, rows, 0.001).arbitrage();
    assert_eq!(inverse(&[(80.0, 210, 10), (100.0, 60, 60), (125.0, 20, 270)]), None);
    assert!(inverse(&[(80.0, 212, 10), (100.0, 60, 60)]).is_some_and(|no| no.contains("parity")));
}
