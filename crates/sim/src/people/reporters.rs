//! Those who say what the price is: honest ones, and others.

use types::{
    AccountId, At, Command, IndexPrice, Kind, PriceReport, Signature, SignedReport, SignedSurface,
    SourceId, SurfaceReport, Svi,
};

use crate::rng::Rng;
use crate::venue::Venue;

/// How a reporter behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Says what it sees.
    Honest,
    /// Says what was seconds ago.
    Lagging,
    /// Says too much.
    Lying,
    /// Says a third too little, as a market does that has lost its peg.
    Depegged,
    /// Says nothing for long.
    Silent,
    /// Says two things at once.
    Equivocating,
}

/// One reporter with one source.
#[derive(Debug)]
pub struct Reporter {
    account: AccountId,
    source: SourceId,
    habit: Habit,
    nonce: u64,
    surface_at: At,
    seen: std::collections::VecDeque<(At, u64)>,
    rng: Rng,
}

impl Reporter {
    /// The n-th, from 0.
    pub fn new(nth: u8, habit: Habit, rng: Rng) -> Reporter {
        let (account, source) = (AccountId(u32::from(nth) + 1), SourceId(nth));
        let seen = std::collections::VecDeque::new();
        Reporter { account, source, habit, nonce: 0, surface_at: At(0), seen, rng }
    }

    /// It becomes another.
    pub fn change(&mut self, habit: Habit) {
        self.habit = habit;
    }

    /// What it says now.
    pub fn speak(&mut self, venue: &Venue, at: At, price: u64) -> Vec<Command> {
        self.seen.push_back((at, price));
        while 1 < self.seen.len() && self.seen[0].0.plus_ms(4_000) < at {
            self.seen.pop_front();
        }
        if self.habit == Habit::Silent && (at.0 / 30_000).is_multiple_of(2) {
            return Vec::new();
        }
        let (source_at, seen) = match self.habit {
            Habit::Lagging => self.seen[0],
            _ => (at, price),
        };
        let noise = u64::try_from(self.rng.bell(20) + 100).unwrap_or(100);
        let told = seen / 1_000_000 * (999_900 + noise);
        let told = match self.habit {
            Habit::Lying => told / 100 * 104,
            Habit::Depegged => told / 100 * 65,
            _ => told,
        };
        self.nonce += 1;
        let mut commands = vec![self.report(venue, source_at, told)];
        if self.habit == Habit::Equivocating && self.rng.chance(2_000) {
            commands.push(self.report(venue, source_at, told / 1_000 * 1_001));
        }
        if self.surface_at.plus_ms(20_000) <= at {
            self.surface_at = at;
            commands.extend(self.surface(venue, at));
        }
        commands
    }

    fn report(&self, venue: &Venue, source_at: At, price: u64) -> Command {
        let (base, quote) = venue.pair();
        let (reporter, source, nonce) = (self.account, self.source, self.nonce);
        let (price, confidence) = (IndexPrice(price), IndexPrice(price / 10_000));
        let report =
            PriceReport { base, quote, reporter, source, price, confidence, source_at, nonce };
        Command::ReportPrice(Box::new(SignedReport { report, signature: Signature([0; 64]) }))
    }

    /// 60 % at the money for what is left, a gentle smile.
    fn surface(&mut self, venue: &Venue, at: At) -> Option<Command> {
        let (base, quote) = venue.pair();
        let expiry = venue.instruments.iter().find_map(|spec| match spec.kind {
            Kind::Option { expiry, .. } => Some(expiry),
            _ => None,
        })?;
        let left_ms = i64::try_from(expiry.ms_since(at)).ok()?;
        if left_ms < 60_000 {
            return None;
        }
        let variance = 360_000_000 * (left_ms / 1_000) / (365 * 24 * 3_600);
        let (b, rho, m, sigma) = (400_000.min(variance * 4), -200_000_000, 0, 35_000_000);
        let svi = Svi { a: variance / 2, b, rho, m, sigma };
        self.nonce += 1;
        let (reporter, nonce, source_at) = (self.account, self.nonce, at);
        let report = SurfaceReport { base, quote, reporter, expiry, svi, source_at, nonce };
        Some(Command::ReportSurface(Box::new(SignedSurface {
            report,
            signature: Signature([0; 64]),
        })))
    }
}
